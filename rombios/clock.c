/* SPDX-License-Identifier: MIT
 *
 * The real-time clock (INT 1Ah, INT 70h) and waiting. INT 08h and 1Ah/00h are in entry.S.
 */
#include <rombios/rombios.h>

enum { PIT_0 = 0x40, PIT_COMMAND = 0x43 };

static uint16_t pit_count(void)
{
	uint8_t low;

	outb(PIT_COMMAND, 0); /* latch counter 0 */
	low = inb(PIT_0);
	return low | inb(PIT_0) << 8;
}

/* Counter 0 runs whatever else is off; in mode 3 it counts by two. A reload hides how far the
 * counter went: such a step counts what is certain. */
void wait_microseconds(uint32_t us)
{
	uint32_t left = us + us * 193 / 1000 + 1;
	unsigned step = 1;
	uint16_t before, now;

	outb(PIT_COMMAND, 0xe2); /* read back the status of counter 0 */
	if ((inb(PIT_0) & 0x06) == 0x06)
		step = 2;
	before = pit_count();
	for (;;) {
		uint16_t gone;

		now = pit_count();
		gone = (now <= before ? before - now : before) / step;
		if (gone >= left)
			return;
		if (gone || now > before) { /* a reload is a new start even where nothing counts */
			left -= gone;
			before = now;
		}
	}
}

uint32_t ticks_now(void)
{
	return bda.ticks;
}

static uint8_t from_bcd(uint8_t v)
{
	return (v >> 4) * 10 + (v & 15);
}

/* Waits until the RTC is not updating; false where it never stops. */
static bool rtc_ready(void)
{
	for (unsigned n = 0xffff; n; n--)
		if (!(cmos_read(0x0a) & 0x80))
			return true;
	return false;
}

void clock_init(void)
{
	uint32_t seconds;

	/* Mode 2, not IBM's 3: a count can be read off, and Bochs halves the rate of mode 3. */
	outb(PIT_COMMAND, 0x34);
	outb(PIT_0, 0);
	outb(PIT_0, 0);
	cmos_write(0x0a, 0x26);
	/* runs, 24 hours, no interrupts; binary or BCD and daylight saving as they were */
	cmos_write(0x0b, (cmos_read(0x0b) & 0x05) | 0x02);
	cmos_read(0x0c);
	rtc_ready();
	seconds = from_bcd(cmos_read(0)) +
		  60 * (from_bcd(cmos_read(2)) + 60 * (uint32_t)from_bcd(cmos_read(4)));
	/* TICKS_PER_DAY / 86400, in lowest terms */
	bda.ticks = seconds < 86400 ? seconds * 19663 / 1080 : 0;
	bda.midnight = 0;
}

/* IRQ 8: the alarm, and the 1024 Hz waits of INT 15h/83h and 86h */
void handle_70(struct regs *r)
{
	uint8_t cause = cmos_read(0x0c) & cmos_read(0x0b);
	struct regs user = {0};

	if (cause & 0x40) {
		if (bda.wait_count > 976) {
			bda.wait_count -= 976;
		} else {
			bda.wait_count = 0;
			cmos_write(0x0b, cmos_read(0x0b) & ~0x40);
			if (bda.wait_active) {
				uint16_t seg = bda.wait_flag >> 16, off = bda.wait_flag;

				far_write8(seg, off, far_read8(seg, off) | 0x80);
				bda.wait_active = 0;
			}
		}
	}
	if (cause & 0x20)
		call_interrupt(0x4a, &user);
	eoi_slave();
}

static void handle_1a01(struct regs *r)
{
	bda.ticks = (uint32_t)r->cx << 16 | r->dx;
	bda.midnight = 0;
}

static bool handle_1a02(struct regs *r)
{
	if (!rtc_ready())
		return false;
	r->dh = cmos_read(0x00);
	r->cl = cmos_read(0x02);
	r->ch = cmos_read(0x04);
	r->dl = cmos_read(0x0b) & 1;
	return true;
}

/* Stops the clock, sets two or three registers, starts it. */
static bool rtc_set(const uint8_t pairs[], unsigned n, uint8_t daylight)
{
	if (!rtc_ready())
		return false;
	cmos_write(0x0b, cmos_read(0x0b) | 0x80);
	for (unsigned i = 0; i < n; i += 2)
		cmos_write(pairs[i], pairs[i + 1]);
	cmos_write(0x0b, (cmos_read(0x0b) & 0x7e) | daylight);
	return true;
}

static bool handle_1a03(struct regs *r)
{
	const uint8_t pairs[] = {0x00, r->dh, 0x02, r->cl, 0x04, r->ch};

	return rtc_set(pairs, sizeof(pairs), r->dl & 1);
}

static bool handle_1a04(struct regs *r)
{
	if (!rtc_ready())
		return false;
	r->dl = cmos_read(0x07);
	r->dh = cmos_read(0x08);
	r->cl = cmos_read(0x09);
	r->ch = cmos_read(0x32);
	return true;
}

static bool handle_1a05(struct regs *r)
{
	const uint8_t pairs[] = {0x07, r->dl, 0x08, r->dh, 0x09, r->cl, 0x32, r->ch};

	return rtc_set(pairs, sizeof(pairs), cmos_read(0x0b) & 1);
}

static bool handle_1a06(struct regs *r)
{
	if ((cmos_read(0x0b) & 0x20) || !rtc_ready())
		return false;
	cmos_write(0x01, r->dh);
	cmos_write(0x03, r->cl);
	cmos_write(0x05, r->ch);
	outb(0xa1, inb(0xa1) & ~1);
	cmos_write(0x0b, (cmos_read(0x0b) & 0x7f) | 0x20);
	return true;
}

static bool handle_1a07(struct regs *r)
{
	cmos_write(0x0b, cmos_read(0x0b) & ~0x20);
	return true;
}

void handle_1a(struct regs *r)
{
	bool ok = true;

	/* clang-format off */
	switch (r->ah) {
	case 0x01: handle_1a01(r); break;
	case 0x02: ok = handle_1a02(r); break;
	case 0x03: ok = handle_1a03(r); break;
	case 0x04: ok = handle_1a04(r); break;
	case 0x05: ok = handle_1a05(r); break;
	case 0x06: ok = handle_1a06(r); break;
	case 0x07: ok = handle_1a07(r); break;
	case 0xb1: handle_1ab1(r); return;
	default: ok = false;
	}
	/* clang-format on */
	if (ok)
		r->ah = 0;
	set_cf(r, !ok);
}
