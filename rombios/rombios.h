/* SPDX-License-Identifier: MIT
 *
 * What the files of rombios share: a caller's registers, the memory model, far access, and one
 * prototype per interrupt.
 *
 * Memory model: text at F000:0000, everything else (.rodata, .data, .bss, stacks) in segment
 * E000; run-time code runs with CS=F000, DS=ES=SS=E000 (BIOS_SEG), FS=0040 (the BIOS data area:
 * `bda.ticks`), the direction flag clear, interrupts off until a service turns them on with
 * allow_interrupts(). GS is scratch for far data: saved and restored by the entry stubs, it means
 * nothing across a call. FS stays: who changes it puts it back.
 */
#ifndef ROMBIOS_H
#define ROMBIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <dfw/handoff.h>
#include <rombios/bda.h>
#include "lib/ports.h"

#define BIOS_SEG 0xe000
#define ROM_SEG	 0xf000 /* the code, and tables that others look at */

/* The caller's registers, as the entry stub leaves them on rombios' own stack and reloads them. */
struct regs {
	uint16_t gs, fs, es;
	union {
		uint32_t edi;
		uint16_t di;
	};
	union {
		uint32_t esi;
		uint16_t si;
	};
	union {
		uint32_t ebp;
		uint16_t bp;
	};
	uint32_t unused_esp; /* what PUSHAD stores; the caller's SS:ESP is the stub's business */
#define REG(name)                                                                                  \
	union {                                                                                    \
		uint32_t e##name##x;                                                               \
		uint16_t name##x;                                                                  \
		struct {                                                                           \
			uint8_t name##l, name##h;                                                  \
		};                                                                                 \
	}
	REG(b);
	REG(d);
	REG(c);
	REG(a);
#undef REG
	uint16_t ds;
	uint16_t ip, cs;
	uint16_t flags; /* what IRET will load: handlers change CF and ZF here */
} __attribute__((packed));

_Static_assert(offsetof(struct regs, fs) == 2 && offsetof(struct regs, es) == 4, "entry.S");
_Static_assert(offsetof(struct regs, edi) == 6, "entry.S");
_Static_assert(offsetof(struct regs, ds) == 38, "entry.S");
_Static_assert(sizeof(struct regs) == 46, "entry.S");

enum { FLAG_CF = 1 << 0, FLAG_ZF = 1 << 6, FLAG_IF = 1 << 9 };

static inline void set_cf(struct regs *r, bool on)
{
	r->flags = on ? r->flags | FLAG_CF : r->flags & ~FLAG_CF;
}

/* The block that vmxloader filled; rombios.ld places it. Valid where handoff_valid is true. */
extern const struct dfw_handoff handoff;
extern bool handoff_valid;

/* Services that take long run with interrupts on if the caller had them on. */
static inline void enable(void)
{
	asm volatile("sti" : : : "memory");
}

static inline void disable(void)
{
	asm volatile("cli" : : : "memory");
}

static inline void allow_interrupts(const struct regs *r)
{
	if (r->flags & FLAG_IF)
		enable();
}

/* Far data: the segment is loaded into GS, the object reached through a __seg_gs pointer. */
#define __far __seg_gs

/* End of interrupt to one or both 8259A (non-specific EOI); far.c */
void eoi_master(void);
void eoi_slave(void); /* both */

static inline void set_gs(uint16_t seg)
{
	asm volatile("movw %w0, %%gs" : : "rm"(seg) : "memory");
}

/* far.c: bytes to and from anywhere in the first megabyte; offsets wrap at the segment's end */
uint8_t far_read8(uint16_t seg, uint16_t off);
uint16_t far_read16(uint16_t seg, uint16_t off);
uint32_t far_read32(uint16_t seg, uint16_t off);
void far_write8(uint16_t seg, uint16_t off, uint8_t v);
void far_write16(uint16_t seg, uint16_t off, uint16_t v);
void far_write32(uint16_t seg, uint16_t off, uint32_t v);
/* The caller may run in virtual-8086 mode of its own: no other mode can be entered, and its pages need not lie
 * where their addresses say. */
bool in_protected_mode(void);
void far_copy_dwords(uint16_t dst_seg, uint16_t dst, uint16_t src_seg, uint16_t src, uint16_t n);
void far_copy(uint16_t dst_seg, uint16_t dst, uint16_t src_seg, uint16_t src, uint16_t len);

/* far.c: CMOS, the NMI kept masked as the index is written */
uint8_t cmos_read(uint8_t index);
void cmos_write(uint8_t index, uint8_t value);

/* print.c: text to the screen (INT 10h/0Eh) and, with DFW_FLAG_DEBUG_E9, to port E9. Knows %s %c
 * %d %u %x, l for 32 bits (int has 32 as well) and a width with leading zeros. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* entry.S: executes INT n with the given registers, on this stack, and brings them back */
void call_interrupt(uint8_t n, struct regs *r);
/* the same, with CF set at the start: a hook that does nothing leaves it set */
void stc_interrupt(uint8_t n, struct regs *r);
/* the same for a handler at seg << 16 | off */
void call_handler(uint32_t target, struct regs *r);
/* the same for a routine at seg << 16 | off that returns by RETF */
void call_far(uint32_t target, struct regs *r);
/* calls a mouse handler with the packet on the stack */
void call_mouse(uint32_t handler, const uint8_t packet[]);
/* leaves for a boot sector: AX=AA55h, DL, everything else clean, stack below 7C00 */
_Noreturn void jump_far(uint32_t target, uint8_t dl);

/* post.c: a machine reset through CF9h, or what else works */
_Noreturn void machine_reset(void);

/* keyboard.c: waits until the controller's status has `want` in the bits of `mask`; false after
 * 50 ms. A command to the controller, once it takes one. */
bool controller_wait(uint8_t mask, uint8_t want);
bool controller_command(uint8_t command);
/* keyboard.c: puts a key (AH scan code, AL character) in the buffer; false where it is full */
bool keyboard_put(uint16_t key);
/* keyboard.c: the key (AH scan code, AL character) that gives a character of ASCII */
uint16_t keyboard_code(uint8_t c);

/* console.c: COM1 as a second screen and keyboard, if the host wants that; after the video BIOS. */
void console_init(void);
void handle_10_console(struct regs *r);
void handle_console_poll(struct regs *r);
/* post.c: INT 08h, 10h and 16h go through the console */
void console_vectors(void);

/* clock.c: waits; safe inside interrupt services (uses the refresh bit of port 61h or channel 2,
 * whichever counts) */
void wait_microseconds(uint32_t us);
/* ticks of INT 08h since midnight, for time-outs of up to an hour */
uint32_t ticks_now(void);

/* Interrupt services: called by the stubs of entry.S with the caller's registers. */
void handle_05(struct regs *r);
void handle_09(struct regs *r);
void handle_spurious_master(struct regs *r);
void handle_spurious_slave(struct regs *r);
void handle_75(struct regs *r); /* post.c: x87 error */
void handle_1ab1(struct regs *r); /* int1a_pci.c */
void handle_0e(struct regs *r); /* floppy.c: IRQ 6 */
void handle_13(struct regs *r); /* int13_disk.c: DL picks floppy, disk or CD; INT 40h chains to floppies */
void handle_14(struct regs *r);
void handle_15(struct regs *r);
void handle_16(struct regs *r);
void handle_17(struct regs *r);
void handle_1a(struct regs *r);
void handle_40(struct regs *r);
void handle_70(struct regs *r); /* clock.c: IRQ 8 */
void handle_74(struct regs *r); /* mouse.c: IRQ 12 */
void handle_76(struct regs *r); /* ata.c: IRQ 14, IRQ 15 */

void handle_15c2(struct regs *r); /* mouse.c */
void handle_1553(struct regs *r); /* apm.c */

/* entry.S: names of stubs and of what POST needs; only their addresses are of use to C */
extern const uint8_t irq_master[], irq_slave[], int_18[], int_70[], int_74[], int_75[], int_76[];
extern const uint8_t int_08_console[], int_10_console[], int_16_console[];
extern const uint8_t int_71[], protected_exit[];
_Noreturn void resume_jump(uint32_t target);
_Noreturn void resume_stack(uint32_t stack, uint8_t code);
/* post.c: makes every stack free again */
void stacks_init(void);
/* move_32.S: the copy of INT 15h/87h; a status for AH */
uint8_t move_extended(uint16_t es, uint16_t si, uint16_t words);

/* called by entry.S */
void shutdown_code(void);
_Noreturn void post(void);

/* ports.c: how many were found */
unsigned serial_init(void);
unsigned printer_init(void);
/* int15_system.c: memory that starts at 1 MiB, known from memory_init on */
uint32_t extended_kib(void);
void memory_init(void);

/* Start-up, called by POST in this order. */
void keyboard_init(void);
void mouse_init(void);
void clock_init(void);
void floppy_init(void);
void disks_init(void); /* forgets all disks; before those that find some */
void ata_init(void);   /* finds disks and CDs, prints one line for each */
void virtio_blk_init(void); /* and virtio disks */

/* flat.S: limits of 4 GiB for DS, ES, FS and GS, or 64 KiB again; a copy with the former */
void flat_limits(bool on);
void flat_copy(uint32_t to, uint32_t from, uint32_t dwords);

/* option_rom.c: initialises the ROMs from one segment to another; those of PCI cards, placed behind them; the
 * boot entry vectors that were found, with their names and cards; the memory that ROMs may ask for in POST */
enum { BOOT_ROMS_MAX = 8, PCI_VERSION = 0x0210 };
void option_roms_init(void);
void option_roms(uint16_t from, uint16_t to);
void pci_option_roms(void);
unsigned boot_rom_count(void);
uint16_t boot_rom_bdf(unsigned n);
void boot_rom_name(unsigned n, char *to, unsigned size);
void boot_rom_start(unsigned n);
void pmm_set(bool open);
void handle_pmm(struct regs *r);
/* what INT 1Ah/B101h says: 3.0 while a ROM that goes by it is initialised, which asks there */
extern uint16_t pci_bios_version;

/* boot.c: starts the first device of the boot order that can be started; boot_next, which is INT
 * 18h, goes on after the device that was started last */
_Noreturn void boot(void);
_Noreturn void boot_next(void);
_Noreturn void boot_first(void); /* after POST: with the boot menu, if the host wants one */
/* int1a_pci.c: the function with that vendor << 16 | device, -1 where there is none */
int pci_find(uint32_t id);

/* int13_cdrom.c: reads the El Torito catalogue of CD n (0..); on success loads the default entry's
 * image, sets up emulation if it asks for one, and gives the far address and DL to start with.
 * On failure returns the reason, a short text for the screen; NULL means success. */
const char *cdrom_boot(unsigned n, uint16_t *segment, uint8_t *dl);
/* Ends an emulation, if there is one: what is booted next finds the drives as they are. */
void cdrom_emulation_off(void);

/* int13_disk.c: how many of each there are, for BDA, boot.c and INT 11h */
unsigned floppy_count(void);
unsigned disk_count(void);
unsigned cdrom_count(void);

#endif
