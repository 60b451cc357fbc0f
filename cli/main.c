/* SPDX-License-Identifier: MIT
 *
 * The dfw program: `dfw run` starts a PC guest on this firmware, shows it, types, waits.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli/cli.h"

#define VERSION "dfw 0.1"
#define DEMO    "/usr/lib/grub-rescue/grub-rescue-cdrom.iso"
#define DEMO_EXPECT "GNU GRUB"

const char *argp_program_version = VERSION;

static void complain(const char *format, va_list args)
{
	fflush(stdout);
	fputs("dfw: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

int usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	return STATUS_USAGE;
}

int failure(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	return STATUS_FAILED;
}

enum {
	OPT_ON = 256, OPT_CPU, OPT_REAL_MODE, OPT_FLOPPY, OPT_DISK, OPT_CDROM, OPT_BOOT,
	OPT_MEMORY, OPT_VGA, OPT_WRITE, OPT_SERIAL, OPT_DEBUG, OPT_DISPLAY, OPT_EXPECT, OPT_TYPE,
	OPT_TIMEOUT, OPT_SCREENSHOT, OPT_STATS, OPT_LOCKSTEP, OPT_FIRMWARE,
	OPT_TRACE, OPT_CPUS, OPT_DRY_RUN,
};

// clang-format off
static const struct argp_option option_table[] = {
	{NULL, 0, NULL, 0, "The machine:", 1},
	{"on", OPT_ON, "bochs|qemu|kvm", 0,
	 "Emulator: bochs (default), under visor; qemu, with the firmware as its BIOS; or kvm, QEMU with nested "
	 "VMX, under visor", 1},
	{"cpu", OPT_CPU, "MODEL", 0,
	 "Processor, in the emulator's words (Bochs: corei5_lynnfield_750)", 1},
	{"real-mode", OPT_REAL_MODE, "assist|native", 0,
	 "Real mode by vmxassist (default on bochs and kvm) or by the processor (default on qemu)", 1},
	{"cpus", OPT_CPUS, "N", 0, "Number of processors (default 1)", 1},
	{"dry-run", OPT_DRY_RUN, NULL, 0, "On qemu and kvm: print the emulator's command line, start nothing", 1},
	{"memory", OPT_MEMORY, "MIB", 0, "Memory in MiB (default 256)", 1},
	{"firmware", OPT_FIRMWARE, "WORDS", 0,
	 "More words for the firmware's command line, such as vme=off or iopl=0", 1},
	{"vga", OPT_VGA, "std|cirrus", 0, "Video card (default std)", 1},
	{NULL, 0, NULL, 0, "Its drives; IMAGE is told apart by its content:", 2},
	{"floppy", OPT_FLOPPY, "FILE", 0, "Image of the first floppy drive", 2},
	{"disk", OPT_DISK, "FILE", 0, "Image of the first hard disk", 2},
	{"cdrom", OPT_CDROM, "FILE", 0, "Image of the CD drive", 2},
	{"boot", OPT_BOOT, "LIST", 0, "Boot order, such as cdrom,disk (default: IMAGE first)", 2},
	{"write", OPT_WRITE, NULL, 0, "Keep what the guest writes; else images stay as they are", 2},
	{NULL, 0, NULL, 0, "Seeing it:", 3},
	{"display", OPT_DISPLAY, "window|vnc|none", 0,
	 "Where the screen is shown (default: a window, or none without X or with --expect)", 3},
	{"serial", OPT_SERIAL, "FILE", 0, "What COM1 says, to FILE; - is standard output", 3},
	{"debug", OPT_DEBUG, "FILE", 0, "The firmware's messages (port E9), to FILE or -", 3},
	{"screenshot", OPT_SCREENSHOT, "FILE.png", 0, "The last picture", 3},
	{"stats", OPT_STATS, "FILE.json", 0,
	 "At the end: VM exits, INVOKEs, instructions trapped and interpreted; - is a short table", 3},
	{"trace", OPT_TRACE, "FILE.json", 0,
	 "At the end: vmxassist's last 43,000 events as a timeline that Perfetto and Chrome open", 3},
	{"lockstep", OPT_LOCKSTEP, NULL, 0,
	 "On bochs: look at the screen every 25,000 instructions, so that the counts of --stats repeat", 3},
	{NULL, 0, NULL, 0, "Driving it, in the order given:", 4},
	{"expect", OPT_EXPECT, "TEXT", 0, "Wait for TEXT on the screen or COM1", 4},
	{"type", OPT_TYPE, "KEYS", 0,
	 "Then type KEYS: text, \\n, \\t, \\e, <f10>, <down>, <ctrl-c>, <ctrl-alt-del>, <lt>", 4},
	{"timeout", OPT_TIMEOUT, "SECONDS", 0,
	 "Give up after this (default 120 where something is expected; 0: never)", 4},
	{0},
};
// clang-format on

static const char doc[] =
	"Starts a PC guest from IMAGE on the dfw firmware.\v"
	"Without IMAGE a demonstration guest is started. Exit status: 0 when all was seen, or the "
	"guest switched itself off; 1 on a time-out or when the guest died; 2 on bad usage or a "
	"bad image.\n\n"
	"Environment: DFW_ROM and DFW_VGAROM name a BIOS and a video BIOS to run in place of "
	"dfw's own; TMPDIR is where a run keeps its files.";

static void set_drive(struct argp_state *state, unsigned drive, const char *path)
{
	static const enum image_kind kinds[DRIVES] = {IMAGE_FLOPPY, IMAGE_DISK, IMAGE_CDROM};
	struct options *o = state->input;

	if (o->drives[drive].path)
		exit(usage_error("two images for one drive: %s and %s", o->drives[drive].path,
				 path));
	int status = image_probe(path, kinds[drive], &o->drives[drive]);
	if (status)
		exit(status);
}

static unsigned number(const char *option, const char *text, unsigned min, unsigned max)
{
	char *end;

	errno = 0;
	unsigned long v = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || v < min || v > max)
		exit(usage_error("--%s %s: give a number from %u to %u", option, text, min, max));
	return v;
}

/* Index of a word in a list, or the end with a message. */
static unsigned choice(const char *option, const char *word, const char *const list[])
{
	char words[128] = "";
	unsigned i;

	for (i = 0; list[i]; i++) {
		if (strcmp(list[i], word) == 0)
			return i;
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s",
			 i ? ", " : "", list[i]);
	}
	exit(usage_error("--%s %s: give one of %s", option, word, words));
}

static void add_step(struct options *o, enum step_kind kind, const char *text)
{
	const char *bad;

	if (o->step_count == MAX_STEPS)
		exit(usage_error("more than %u of --expect and --type", MAX_STEPS));
	if (kind == STEP_EXPECT && !*text)
		exit(usage_error("--expect needs a text that is not empty"));
	if (kind == STEP_TYPE && (bad = keys_check(text)))
		exit(usage_error("--type: no such key: %s", bad));
	o->steps[o->step_count++] = (struct step){kind, text};
}

static void set_boot(struct options *o, const char *list)
{
	char copy[64];

	if (strlen(list) >= sizeof(copy))
		exit(usage_error("--boot %s: too long", list));
	strcpy(copy, list);
	strcpy(o->boot, list);
	for (char *save, *word = strtok_r(copy, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		if (strcmp(word, "network") == 0)
			continue;
		unsigned drive = choice("boot", word, (const char *const[]){"floppy", "disk",
									    "cdrom", NULL});
		(void)drive;
	}
}

static const struct emulator *const emulators[] = {&bochs_emulator, &qemu_emulator, &kvm_emulator};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPT_ON:
		o->on = emulators[choice("on", arg, (const char *const[]){"bochs", "qemu", "kvm", NULL})];
		break;
	case OPT_DRY_RUN:
		o->dry_run = true;
		break;
	case OPT_CPU:
		o->cpu = arg;
		break;
	case OPT_REAL_MODE:
		o->real_mode = REAL_MODE_ASSIST +
			       choice("real-mode", arg,
				      (const char *const[]){"assist", "native", NULL});
		break;
	case OPT_FLOPPY:
		set_drive(state, DRIVE_FLOPPY, arg);
		break;
	case OPT_DISK:
		set_drive(state, DRIVE_DISK, arg);
		break;
	case OPT_CDROM:
		set_drive(state, DRIVE_CDROM, arg);
		break;
	case OPT_BOOT:
		set_boot(o, arg);
		break;
	case OPT_MEMORY:
		o->memory = number("memory", arg, 1, 8192);
		break;
	case OPT_CPUS:
		o->cpus = number("cpus", arg, 1, 8);
		break;
	case OPT_VGA:
		o->cirrus = choice("vga", arg, (const char *const[]){"std", "cirrus", NULL});
		break;
	case OPT_WRITE:
		o->write = true;
		break;
	case OPT_SERIAL:
		o->serial = arg;
		break;
	case OPT_DEBUG:
		o->debug = arg;
		break;
	case OPT_DISPLAY:
		o->display = DISPLAY_WINDOW +
			     choice("display", arg,
				    (const char *const[]){"window", "vnc", "none", NULL});
		break;
	case OPT_EXPECT:
		add_step(o, STEP_EXPECT, arg);
		break;
	case OPT_TYPE:
		add_step(o, STEP_TYPE, arg);
		break;
	case OPT_TIMEOUT:
		o->timeout = number("timeout", arg, 0, 1000000);
		break;
	case OPT_SCREENSHOT:
		o->screenshot = arg;
		break;
	case OPT_FIRMWARE:
		o->firmware = arg;
		break;
	case OPT_LOCKSTEP:
		o->lockstep = true;
		break;
	case OPT_STATS:
		o->stats = arg;
		break;
	case OPT_TRACE:
		o->trace = arg;
		break;
	case ARGP_KEY_ARG: {
		struct image image;
		int status = image_probe(arg, IMAGE_NONE, &image);
		if (status)
			exit(status);
		unsigned drive = image.kind - IMAGE_FLOPPY;
		if (o->drives[drive].path)
			exit(usage_error("two images for one drive: %s and %s",
					 o->drives[drive].path, arg));
		o->drives[drive] = image;
		if (!*o->boot)
			strcpy(o->boot, drive_names[drive]);
		break;
	}
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* The order in which drives that hold something are tried: the one named first, then the rest. */
static void default_boot(struct options *o)
{
	for (unsigned i = 0; i < DRIVES; i++) {
		size_t len = strlen(o->boot);
		if (o->drives[i].path && !strstr(o->boot, drive_names[i]))
			snprintf(o->boot + len, sizeof(o->boot) - len, "%s%s", len ? "," : "",
				 drive_names[i]);
	}
}

static int run(int argc, char **argv)
{
	static const struct argp argp = {option_table, parse, "[IMAGE]", doc, NULL, NULL, NULL};
	static struct options o = {
		.on = &bochs_emulator,
		.memory = 256,
		.cpus = 1,
		.timeout = UINT_MAX,
	};
	int status;

	argp_err_exit_status = STATUS_USAGE;
	o.rom = getenv("DFW_ROM");
	o.vgarom = getenv("DFW_VGAROM");
	argv[0] = (char *)"dfw run";
	argp_parse(&argp, argc, argv, 0, NULL, &o);

	if (!o.drives[0].path && !o.drives[1].path && !o.drives[2].path) {
		o.demonstration = true;
		if (access(DEMO, R_OK) != 0)
			return usage_error("the demonstration guest " DEMO " is not there; install "
					   "the Debian package grub-rescue-pc, or give an IMAGE");
		status = image_probe(DEMO, IMAGE_CDROM, &o.drives[DRIVE_CDROM]);
		if (status)
			return status;
	}
	bool own_boot = *o.boot;
	if (!own_boot || !strchr(o.boot, ','))
		default_boot(&o);
	if (o.on == &bochs_emulator && (status = bochs_check_cpu(&o)) != 0)
		return status;
	if (o.trace && (o.real_mode == REAL_MODE_NATIVE ||
			(o.on == &qemu_emulator && o.real_mode == REAL_MODE_DEFAULT)))
		return usage_error("--trace shows what vmxassist does: it needs --real-mode assist");
	if (o.dry_run && o.on == &bochs_emulator)
		return usage_error("--dry-run is for --on qemu and --on kvm: Bochs is told all by a file");
	unsigned least = o.on == &qemu_emulator ? 16 : 32; /* visor keeps 16 MiB */
	if (o.memory < least)
		return usage_error("--memory %u is too little: the firmware and a guest need %u "
				   "MiB or more%s", o.memory, least,
				   least > 16 && o.memory >= 16 ? ", or --on qemu" : "");
	bool have_display = getenv("DISPLAY") && *getenv("DISPLAY");
	if (o.display == DISPLAY_WINDOW && !have_display)
		return usage_error("--display window needs an X display (DISPLAY is not set); use "
				   "--display vnc or none");
	if (o.display == DISPLAY_DEFAULT)
		o.display = have_display && isatty(2) && o.step_count == 0 ? DISPLAY_WINDOW
									   : DISPLAY_NONE;
	if (o.demonstration) {
		fprintf(stderr, "dfw: no IMAGE given: starting the demonstration guest, GRUB's "
				"rescue CD (" DEMO ")\n");
		if (o.step_count == 0 && o.display == DISPLAY_NONE)
			add_step(&o, STEP_EXPECT, DEMO_EXPECT);
	}
	if (o.timeout == UINT_MAX)
		o.timeout = o.step_count || o.display == DISPLAY_NONE ? 120 : 0;

	status = guest_run(&o);
	if (o.demonstration && status == STATUS_SEEN)
		printf("\nThat was GRUB on dfw. Next: `dfw run IMAGE` with a floppy, disk or CD "
		       "image of your own;\n`dfw run --expect 'GNU GRUB' --type c --expect 'grub>' "
		       "--type 'ls\\n' --screenshot s.png` drives it;\n"
		       "`dfw run --stats -` shows what running it took; `dfw run --help` tells the "
		       "rest.\n");
	return status;
}

int main(int argc, char **argv)
{
	static const char usage[] =
		"Usage: dfw run [IMAGE] [OPTION...]\n"
		"Starts a PC guest on the dfw firmware; `dfw run --help` tells the options.\n";

	if (argc >= 2 && strcmp(argv[1], "run") == 0)
		return run(argc - 1, argv + 1);
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return fputs(usage, stdout), 0;
	if (argc >= 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0))
		return puts(VERSION), 0;
	if (argc < 2)
		return fputs(usage, stderr), STATUS_USAGE;
	return usage_error("no such command: %s; `dfw --help` tells what there is", argv[1]);
}
