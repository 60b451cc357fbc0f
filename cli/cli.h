/* SPDX-License-Identifier: MIT
 *
 * What the files of the dfw program share. A run is: options (main.c), images looked at (image.c),
 * an emulator started and followed (guest.c, with bochs.c and qemu.c behind struct emulator), its
 * picture read as text (screen.c), what to expect and type (script.c), counters (stats.c).
 */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Exit statuses of the program. */
enum { STATUS_SEEN = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

/* Prints "dfw: ..." and returns STATUS_USAGE or STATUS_FAILED, for `return usage_error(...)`. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
int failure(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* image.c */
enum image_kind { IMAGE_NONE, IMAGE_FLOPPY, IMAGE_DISK, IMAGE_CDROM };
enum { DRIVE_FLOPPY, DRIVE_DISK, DRIVE_CDROM, DRIVES };

struct image {
	enum image_kind kind;
	const char *path; /* NULL: drive empty */
	uint64_t size;    /* bytes */
};

/* The drive that a kind of image goes into, and the words for it: "floppy", "disk", "cdrom". */
extern const char *const drive_names[DRIVES];

/* Looks at a file. wanted is IMAGE_NONE for "tell by the content", which refuses what cannot boot;
 * with a kind the file must be usable as that, bootable or not. 0, or STATUS_USAGE after a
 * message that says what to do. */
int image_probe(const char *path, enum image_kind wanted, struct image *image);

/* Geometry name of a floppy size in Bochs' words ("1_44"), or NULL. */
const char *image_floppy_type(uint64_t size);

/* script.c: expectations and keys, in the order of the command line */
struct step {
	enum step_kind { STEP_EXPECT, STEP_TYPE } kind;
	const char *text;
};

struct key {
	uint32_t keysym; /* X11 keysym: what both VNC and X carry */
	bool shift, ctrl, alt;
};

/* Takes one key off *keys (`a`, `\n`, `<f10>`, `<ctrl-alt-del>`); false at the end. */
bool key_next(const char **keys, struct key *key);
/* NULL, or the place in keys that names no key. */
const char *keys_check(const char *keys);

/* screen.c: the guest's picture, and the text on it */
struct picture {
	unsigned width, height;
	uint32_t *pixels; /* 00RRGGBB */
};

/* Makes room for width x height pixels; false when out of memory. */
bool picture_resize(struct picture *picture, unsigned width, unsigned height);
/* Reads the fonts out of a video BIOS image; how many it found. */
unsigned screen_load_fonts(const char *path);
/* The text on a picture as UTF-8 lines, cells that are no known glyph as U+FFFD, trailing blanks
 * and empty last lines left out. Valid until the next call. */
const char *screen_text(const struct picture *picture);
bool picture_write_png(const struct picture *picture, const char *path);

/* main.c */
enum display { DISPLAY_DEFAULT, DISPLAY_WINDOW, DISPLAY_VNC, DISPLAY_NONE };
enum real_mode { REAL_MODE_DEFAULT, REAL_MODE_ASSIST, REAL_MODE_NATIVE };

#define MAX_STEPS 256

struct emulator;

struct options {
	const struct emulator *on;
	const char *cpu; /* NULL: the emulator's default */
	enum real_mode real_mode;
	struct image drives[DRIVES];
	char boot[64]; /* comma-separated drive names */
	unsigned memory; /* MiB */
	unsigned cpus;
	bool cirrus, write;
	const char *serial, *debug; /* file, "-", or NULL */
	enum display display;
	struct step steps[MAX_STEPS];
	unsigned step_count;
	unsigned timeout;       /* seconds; 0: none */
	const char *screenshot; /* NULL: none */
	const char *stats;      /* file, "-" for a table, or NULL */
	const char *trace;      /* file, or NULL */
	const char *firmware; /* more words for its command line, or "" */
	bool lockstep; /* Bochs: looks at the guest at fixed points of its time */
	bool dry_run;  /* print the emulator's command line, start nothing */
	bool demonstration;
	const char *rom, *vgarom; /* files to run in place of our own, or NULL: ours */
};

/* guest.c: a run */
enum cpu_mode { MODE_REAL, MODE_V8086, MODE_PROTECTED, MODE_COMPATIBILITY, MODE_LONG, CPU_MODES };
extern const char *const cpu_mode_names[CPU_MODES]; /* bochs.c */

enum guest_end {
	GUEST_RUNS,
	GUEST_OFF,  /* it switched itself off */
	GUEST_DIED, /* the emulator ended, or the processor shut down */
};

struct guest {
	const struct options *options;
	char dir[256]; /* private directory: working directory of all children */
	pid_t pid;     /* the emulator */
	enum guest_end end;
	char reason[512]; /* why it ended, for the user */
	unsigned resets;  /* seen by the emulator */
	struct picture picture;
	bool picture_changed;
	const char *text;     /* of the screen, where it is not read from the picture; or NULL */
	uint64_t visor_stats; /* host-physical address that visor told, or 0 */
	int64_t mode_ticks[CPU_MODES]; /* with --stats, on Bochs */
};

struct emulator {
	const char *name;
	/* Starts the emulator, its guest running, or with dry_run does not; 0, or an exit status after a
	 * message. */
	int (*start)(struct guest *g);
	/* Waits up to about 50 ms; brings in picture, port E9 (guest_debug) and end. */
	void (*poll)(struct guest *g);
	void (*key)(struct guest *g, uint32_t keysym, bool down);
	/* After these the guest may stand still; poll is not called again. */
	bool (*read_memory)(struct guest *g, uint64_t physical, void *to, size_t size);
	void (*print_state)(struct guest *g, FILE *to);
	/* Since power-on; -1: not known. A tick is an instruction, or as long a wait. */
	int64_t (*ticks)(struct guest *g);
	int64_t (*instructions)(struct guest *g);
	void (*stop)(struct guest *g);
};

extern const struct emulator bochs_emulator, qemu_emulator, kvm_emulator;

/* 0, 1 or 2 */
int guest_run(const struct options *options);
/* The names of the files in the private directory */
#define GUEST_ROM    "dfw.rom"
#define GUEST_VGAROM "vga.rom" /* where DFW_VGAROM names one */
#define GUEST_SERIAL "com1.txt"
extern const char *const guest_drive_files[DRIVES];
/* Bytes that came out of port E9 */
void guest_debug(struct guest *g, const char *bytes, size_t count);
/* Starts a child: own process group, killed when we die, in the private directory; standard
 * input, output and error as given (-1: /dev/null). Its pid, or -1. */
pid_t guest_spawn(struct guest *g, const char *const argv[], int in, int out, int err);
/* Puts the ROM, or the user's own in its place, into the private directory; its command line begins
 * with the word that says how real mode runs. 0 or exit status. */
int guest_place_rom(struct guest *g, const char *standard, const char *real_mode);
int guest_place_visor(struct guest *g); /* the same with visor's ROM, for an emulator with VMX */
/* The path of a file built beside this program. Static buffer, two calls deep. */
const char *beside_program(const char *name);
/* Reads a whole small file of the private directory; NULL if there is none. Caller frees. */
char *guest_read_file(struct guest *g, const char *name, size_t *size);

/* bochs.c: refuses a processor model that the run cannot use; 0 or STATUS_USAGE */
int bochs_check_cpu(const struct options *options);

/* stats.c: reads the counters and writes them to options->stats */
int stats_write(struct guest *g);
/* Of an opcode row: "89" or "0F 20", unique within a table; "MOV Ev,Gv", or of a group, which only
 * ModRM tells apart, its name in SDM vol. 2, appendix A. Each valid until its next call. */
const char *opcode_bytes(unsigned row);
const char *opcode_name(unsigned row);

/* trace.c: reads vmxassist's trace ring and writes it to options->trace; 0 or STATUS_FAILED */
int trace_write(struct guest *g);

#endif
