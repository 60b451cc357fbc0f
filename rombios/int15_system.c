/* SPDX-License-Identifier: MIT
 *
 * INT 15h: memory sizes and the E820 map, A20, waits, the protected-mode copy, configuration.
 */
#include <rombios/rombios.h>

enum { AH_UNSUPPORTED = 0x86 };
#define SMAP 0x534d4150u

/* What a sub-function leaves in AH and CF. */
static void done(struct regs *r, uint8_t ah, bool cf)
{
	r->ah = ah;
	set_cf(r, cf);
}

static void handle_1524(struct regs *r)
{
	uint8_t v = inb(0x92);

	switch (r->al) {
	case 0x00:
	case 0x01:
		outb(0x92, (v & ~3) | r->al << 1);
		break;
	case 0x02:
		r->al = v >> 1 & 1;
		break;
	case 0x03:
		r->bx = 3; /* keyboard controller and port 92h */
		break;
	default:
		done(r, AH_UNSUPPORTED, true);
		return;
	}
	done(r, 0, false);
}

/* Starts the 1024 Hz interrupt for CX:DX microseconds. */
static void start_wait(struct regs *r)
{
	bda.wait_count = (uint32_t)r->cx << 16 | r->dx;
	outb(0xa1, inb(0xa1) & ~1);
	outb(0x21, inb(0x21) & ~4);
	cmos_write(0x0b, cmos_read(0x0b) | 0x40);
}

static void handle_1583(struct regs *r)
{
	if (r->al == 1) {
		bda.wait_active = 0;
		cmos_write(0x0b, cmos_read(0x0b) & ~0x40);
		set_cf(r, false);
	} else if (r->al || bda.wait_active) {
		set_cf(r, true);
	} else {
		bda.wait_active = 1;
		bda.wait_flag = (uint32_t)r->es << 16 | r->bx;
		start_wait(r);
		set_cf(r, false);
	}
}

/* Joysticks: DX = 0: the buttons; 1: the positions, 0-1A0h, as long as a resistor keeps its bit of
 * port 201h up (AT Technical Reference, INT 15h). */
static void handle_1584(struct regs *r)
{
	enum { GAME_PORT = 0x201, LONGEST = 0x1a0 };
	uint16_t axis[4] = {0};
	uint8_t first = inb(GAME_PORT);

	if (r->dx > 1 || first == 0xff) { /* no such function; no game port */
		done(r, AH_UNSUPPORTED, true);
		return;
	}
	set_cf(r, false);
	if (!r->dx) {
		r->al = first & 0xf0;
		return;
	}
	outb(GAME_PORT, 0);
	/* in units of 16 counts of the AT's timer, which ran at twice the speed: 6.7 us */
	for (unsigned n = 1, up = 0x0f; up && n <= LONGEST; n++) {
		up = inb(GAME_PORT) & 0x0f;
		for (unsigned i = 0; i < 4; i++)
			if (up >> i & 1)
				axis[i] = n;
		wait_microseconds(6);
	}
	for (unsigned i = 0; i < 4; i++)
		if (axis[i] == LONGEST)
			axis[i] = 0; /* nothing is attached */
	r->ax = axis[0];
	r->bx = axis[1];
	r->cx = axis[2];
	r->dx = axis[3];
}

static void handle_1586(struct regs *r)
{
	uint32_t us = (uint32_t)r->cx << 16 | r->dx;

	if (bda.wait_active & 1) { /* an event wait has the clock */
		done(r, 0x83, true);
		return;
	}
	enable();
	for (; us > 1000000; us -= 1000000)
		wait_microseconds(1000000);
	wait_microseconds(us);
	disable();
	set_cf(r, false);
}

/* Extended memory that starts at 1 MiB, in KiB; POST asks the map for it. */
static uint32_t extended;

uint32_t extended_kib(void)
{
	return extended;
}

void memory_init(void)
{
	extended = 0;
	for (unsigned i = 0; handoff_valid && i < handoff.e820_count; i++) {
		const struct dfw_e820 *e = &handoff.e820[i];

		if (e->type == 1 && e->base <= 0x100000 && e->base + e->length > 0x100000) {
			uint64_t end = e->base + e->length;

			extended = end > 0xffffffff ? 0x3ffc00 : ((uint32_t)end - 0x100000) >> 10;
		}
	}
}

/* INT 15h/E801h: KiB between 1 and 16 MiB, 64 KiB blocks above. */
static void split_extended(uint16_t *low, uint16_t *high)
{
	uint32_t kib = extended_kib();

	*low = kib > 15 * 1024 ? 15 * 1024 : kib;
	*high = kib > 15 * 1024 ? (kib - 15 * 1024) >> 6 : 0;
}

static void handle_15e820(struct regs *r)
{
	uint32_t n = r->ebx, to, from, count;

	if (r->edx != SMAP || !handoff_valid || n >= handoff.e820_count || r->ecx < 20) {
		done(r, AH_UNSUPPORTED, true);
		return;
	}
	if (r->ecx >= 24) {
		far_write32(r->es, r->di + 20, 1); /* ACPI 3.0: the entry is to be used */
		r->ecx = 24;
	} else {
		r->ecx = 20;
	}
	if (r->di <= 0x10000 - 20)
		asm volatile("movw %w3, %%es\n\trep movsl (%%si), %%es:(%%di)\n\tmovw %w4, %%es"
			     : "=&D"(to), "=&S"(from), "=&c"(count)
			     : "rm"(r->es), "r"(BIOS_SEG), "0"((uint32_t)r->di), "1"(&handoff.e820[n]), "2"(5)
			     : "memory");
	else
		far_copy(r->es, r->di, BIOS_SEG, (uint16_t)(uint32_t)&handoff.e820[n], 20);
	r->eax = SMAP;
	r->ebx = n + 1 < handoff.e820_count ? n + 1 : 0;
	set_cf(r, false);
}

static void handle_15e8(struct regs *r)
{
	uint16_t low, high;

	switch (r->al) {
	case 0x01:
	case 0x81:
		split_extended(&low, &high);
		if (r->al == 0x81)
			r->eax = r->ebx = r->ecx = r->edx = 0;
		r->ax = r->cx = low;
		r->bx = r->dx = high;
		set_cf(r, false);
		return;
	}
	done(r, AH_UNSUPPORTED, true);
}

bool in_protected_mode(void)
{
	uint32_t cr0;

	asm volatile("smsww %w0" : "=r"(cr0));
	if ((cr0 & 1) && handoff_valid && (handoff.flags & DFW_FLAG_UNHOSTED))
		asm volatile("movl %%cr0, %0" : "=r"(cr0));
	return cr0 & 1;
}

static void handle_1587(struct regs *r)
{
	uint8_t a20 = inb(0x92);
	uint8_t status;

	if (in_protected_mode()) {
		done(r, 3, true);
		return;
	}
	outb(0x92, (a20 & ~1) | 2);
	status = move_extended(r->es, r->si, r->cx);
	outb(0x92, a20 & ~1);
	done(r, status, status != 0);
}

/* Into protected mode with the caller's descriptor tables, ES:SI, and interrupts from BH and BL on:
 * entry.S goes on with the way back, which BP carries. */
static void handle_1589(struct regs *r)
{
	static const uint16_t descriptor[4] = {0xffff, 0, 0x9b0f, 0}; /* our code */

	if (in_protected_mode()) {
		done(r, 0xff, true);
		return;
	}
	outb(0x92, (inb(0x92) & ~1) | 2);
	outb(0x20, 0x11);
	outb(0xa0, 0x11);
	outb(0x21, r->bh);
	outb(0xa1, r->bl);
	outb(0x21, 0x04);
	outb(0xa1, 0x02);
	outb(0x21, 0x01);
	outb(0xa1, 0x01);
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	for (unsigned i = 0; i < 4; i++)
		far_write16(r->es, r->si + 0x38 + 2 * i, descriptor[i]);
	done(r, 0, false);
	r->flags &= ~FLAG_IF;
	r->bp = r->ip;
	r->cs = ROM_SEG;
	r->ip = (uint16_t)(uint32_t)protected_exit;
}

static void handle_1588(struct regs *r)
{
	uint32_t kib = extended_kib();

	r->ax = kib > 0xfc00 ? 0xfc00 : kib;
	set_cf(r, false);
}

void handle_15(struct regs *r)
{
	if (r->ax == 0xe820) {
		handle_15e820(r);
		return;
	}
	/* clang-format off */
	switch (r->ah) {
	case 0x24: handle_1524(r); break;
	case 0x4f: set_cf(r, true); break; /* keyboard intercept: the key stands */
	case 0x52: done(r, 0, false); break;
	case 0x80:
	case 0x81:
	case 0x82:
	case 0x85: done(r, 0, false); break;
	case 0x53: handle_1553(r); break;
	case 0x83: handle_1583(r); break;
	case 0x84: handle_1584(r); break;
	case 0x86: handle_1586(r); break;
	case 0x87: handle_1587(r); break;
	case 0x88: handle_1588(r); break;
	case 0x89: handle_1589(r); break;
	case 0x90:
	case 0x91: done(r, 0, false); break;
	case 0xc0:
		r->es = 0xf000;
		r->bx = 0xe6f5;
		done(r, 0, false);
		break;
	case 0xc1:
		r->es = bda.ebda_seg;
		set_cf(r, false);
		break;
	case 0xc2: handle_15c2(r); break;
	case 0xe8: handle_15e8(r); break;
	case 0xec: done(r, 0, false); break; /* EC00h: the target operating mode is noted */
	default: done(r, AH_UNSUPPORTED, true);
	}
	/* clang-format on */
}
