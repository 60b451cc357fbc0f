/* SPDX-License-Identifier: MIT
 *
 * What the files of rombios share: a caller's registers, the memory model, far access, and one
 * prototype per interrupt.
 *
 * Memory model: text at F000:0000, everything else (.rodata, .data, .bss, stacks) in segment
 * E000; run-time code runs with CS=F000, DS=ES=SS=E000 (BIOS_SEG), the direction flag clear. FS
 * and GS belong to whoever needs far data: they are saved and restored by the entry stubs, and
 * mean nothing across a call.
 */
#ifndef ROMBIOS_H
#define ROMBIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <dfw/handoff.h>

#define BIOS_SEG 0xe000

/* The caller's registers, as the entry stub leaves them on rombios' own stack and reloads them. */
struct regs {
	uint16_t es, ds, fs, gs;
#define REG(name)                                                                                  \
	union {                                                                                    \
		uint32_t e##name##x;                                                               \
		uint16_t name##x;                                                                  \
		struct {                                                                           \
			uint8_t name##l, name##h;                                                  \
		};                                                                                 \
	}
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
	REG(b);
	REG(d);
	REG(c);
	REG(a);
#undef REG
	uint16_t ip, cs;
	uint16_t flags; /* what IRET will load: handlers change CF and ZF here */
};

enum { FLAG_CF = 1 << 0, FLAG_ZF = 1 << 6, FLAG_IF = 1 << 9 };

static inline void set_cf(struct regs *r, bool on)
{
	r->flags = on ? r->flags | FLAG_CF : r->flags & ~FLAG_CF;
}

/* Far data. The segment is loaded into FS (or GS) and the object reached with an override. */
#define __far_fs __seg_fs
#define __far_gs __seg_gs

static inline void set_fs(uint16_t seg)
{
	asm volatile("movw %w0, %%fs" : : "rm"(seg) : "memory");
}

static inline void set_gs(uint16_t seg)
{
	asm volatile("movw %w0, %%gs" : : "rm"(seg) : "memory");
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;
	asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint16_t inw(uint16_t port)
{
	uint16_t v;
	asm volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t v;
	asm volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outb(uint16_t port, uint8_t v)
{
	asm volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t v)
{
	asm volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t v)
{
	asm volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

/* far.c: bytes to and from anywhere in the first megabyte; a segment's end wraps as in hardware */
uint8_t far_read8(uint16_t seg, uint16_t off);
uint16_t far_read16(uint16_t seg, uint16_t off);
uint32_t far_read32(uint16_t seg, uint16_t off);
void far_write8(uint16_t seg, uint16_t off, uint8_t v);
void far_write16(uint16_t seg, uint16_t off, uint16_t v);
void far_write32(uint16_t seg, uint16_t off, uint32_t v);
void far_copy(uint16_t dst_seg, uint16_t dst, uint16_t src_seg, uint16_t src, uint16_t len);

/* post.c: text to the screen (INT 10h/0Eh) and, with DFW_FLAG_DEBUG_E9, to port E9. Knows %s %c
 * %d %u %x and a width with leading zeros. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* entry.S: executes INT n with the given registers, on this stack, and brings them back */
void call_interrupt(uint8_t n, struct regs *r);

/* clock.c: waits; safe inside interrupt services (uses the refresh bit of port 61h or channel 2,
 * whichever counts) */
void wait_microseconds(uint32_t us);
/* ticks of INT 08h since midnight, for time-outs of up to an hour */
uint32_t ticks_now(void);

/* Interrupt services: called by the stubs of entry.S with the caller's registers. */
void handle_05(struct regs *r);
void handle_08(struct regs *r);
void handle_09(struct regs *r);
void handle_0e(struct regs *r); /* floppy.c: IRQ 6 */
void handle_11(struct regs *r);
void handle_12(struct regs *r);
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

/* Start-up, called by POST in this order. */
void keyboard_init(void);
void clock_init(void);
void floppy_init(void);
void ata_init(void); /* finds disks and CDs, prints one line for each */

/* boot.c: tries the devices of the boot order; returns only when INT 18h or 19h says so */
void boot(void);

/* int13_cdrom.c: reads the El Torito catalogue of CD n (0..); on success loads the default entry's
 * image, sets up emulation if it asks for one, and gives the far address and DL to start with.
 * On failure returns the reason, a short text for the screen; NULL means success. */
const char *cdrom_boot(unsigned n, uint16_t *segment, uint8_t *dl);

/* int13_disk.c: how many of each there are, for BDA, boot.c and INT 11h */
unsigned floppy_count(void);
unsigned disk_count(void);
unsigned cdrom_count(void);

#endif
