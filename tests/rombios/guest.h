/* SPDX-License-Identifier: MIT
 *
 * For guest programs in 16-bit C: calling the BIOS with every register known, and TAP on port E9.
 */
#ifndef TESTS_ROMBIOS_GUEST_H
#define TESTS_ROMBIOS_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/ports.h"

/* guest.S knows the offsets. */
struct r {
	uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
	uint16_t ds, es, fs, gs, flags;
};
_Static_assert(sizeof(struct r) == 40 && offsetof(struct r, flags) == 36, "guest.S");

enum { CF = 1, ZF = 0x40, IF = 0x200, DF = 0x400 };
enum { GUEST_SEG = 0x1000 };

void int_call(struct r *r, uint8_t n);
uint8_t through_reset(uint8_t code);
_Noreturn void finish(void);
/* v86.S: on in virtual-8086 mode under a monitor, `count` linear pages from `page` on elsewhere; back */
void v86_enter(uint32_t page, uint32_t count);
void v86_leave(void);
extern volatile uint32_t v86_faults;
extern uint8_t small_bottom[], small_top[];
extern uint32_t came_esp;
extern uint8_t started_dl;
extern uint16_t started_sp;

extern uint8_t hook_05[], hook_0a[], hook_1b[], hook_1c[], hook_4a[], hook_15[], hook_nest[], hook_deep[], hook_mouse[];
extern volatile uint16_t hook_05_count, hook_0a_count, hook_1b_count, hook_1c_count, hook_4a_count,
	hook_nest_count, hook_15_4f, hook_15_85, hook_15_90, hook_15_91, mouse_status, mouse_x, mouse_y,
	mouse_calls;
extern volatile uint8_t hook_nest_key, hook_nest_delay;
extern volatile uint16_t hook_deep_count;
extern volatile uint8_t hook_deep_ah, hook_deep_cf;
extern uint32_t hook_15_old;

/* Absolute memory, through GS. */
#define FAR(type, seg, off) (*(set_gs(seg), (volatile type __seg_gs *)(uint32_t)(off)))

static inline void set_gs(uint16_t seg)
{
	asm volatile("movw %w0, %%gs" : : "r"(seg) : "memory");
}

#define BDA8(off)  FAR(uint8_t, 0x40, off)
#define BDA16(off) FAR(uint16_t, 0x40, off)
#define BDA32(off) FAR(uint32_t, 0x40, off)

/* --- TAP --- */
static unsigned tests;
static bool test_good;
static const char *test_name, *prefix = "";

static void put_text(const char *s)
{
	for (; *s; s++)
		outb(0xe9, *s);
}

static void put_hex(uint32_t v, unsigned digits)
{
	while (digits--)
		outb(0xe9, "0123456789abcdef"[v >> (digits * 4) & 15]);
}

static void put_unsigned(unsigned v)
{
	if (v >= 10)
		put_unsigned(v / 10);
	outb(0xe9, '0' + v % 10);
}

static __attribute__((unused)) void begin(const char *name)
{
	test_name = name;
	test_good = true;
}

static void check_line(bool good, unsigned line, const char *what, uint32_t is, uint32_t want)
{
	if (good)
		return;
	test_good = false;
	put_text("# ");
	put_text(prefix);
	put_text(test_name);
	put_text(", line ");
	put_unsigned(line);
	put_text(": ");
	put_text(what);
	put_text(" is ");
	put_hex(is, 8);
	put_text(", wanted ");
	put_hex(want, 8);
	put_text("\n");
}

static __attribute__((unused)) void end(void)
{
	put_text(test_good ? "ok " : "not ok ");
	put_unsigned(++tests);
	put_text(" - ");
	put_text(prefix);
	put_text(test_name);
	put_text("\n");
}

#define EXPECT(x)     check_line((x), __LINE__, #x, 0, 1)
#define SAME(x, want)                                                                              \
	do {                                                                                       \
		uint32_t is_ = (x), want_ = (want);                                                \
		check_line(is_ == want_, __LINE__, #x, is_, want_);                                \
	} while (0)

/* --- calls --- */
#ifndef STACK_LIMIT
#define STACK_LIMIT 100 /* bytes of the caller's stack that a call may use */
#endif
static struct r in, out, may; /* may: bits that a service may change */
static unsigned deepest;      /* bytes of the caller's stack that a call used */

/* Registers of which nothing is asked hold patterns: a service must bring them back. */
static __attribute__((unused)) void prepare(uint16_t ax)
{
	in = (struct r){0xa5a50000u | ax, 0xb5b51111, 0xc5c52222, 0xd5d53333, 0xe5e54444, 0xf5f55555,
			0x95956666, 0x2345, 0x3456, 0x4567, 0x5678, IF | 2};
	may = (struct r){0};
}

static __attribute__((unused)) void call_line(uint8_t n, unsigned line)
{
	const uint32_t *a = &in.eax, *b = &out.eax, *m = &may.eax;
	static const char *const names[] = {"eax", "ebx", "ecx", "edx", "esi", "edi", "ebp"};
	uint8_t *p;

	for (p = small_bottom; p < small_top; p++)
		*p = 0xa5;
	out = in;
	int_call(&out, n);
	for (p = small_bottom; *p == 0xa5 && p < small_top; p++)
		;
	if ((unsigned)(small_top - p) > deepest)
		deepest = small_top - p;
	for (unsigned i = 0; i < 7; i++)
		check_line(!((a[i] ^ b[i]) & ~m[i]), line, names[i], b[i], a[i]);
	check_line(in.ds == out.ds, line, "ds", out.ds, in.ds);
	check_line(in.es == out.es || may.es, line, "es", out.es, in.es);
	check_line(in.fs == out.fs, line, "fs", out.fs, in.fs);
	check_line(in.gs == out.gs, line, "gs", out.gs, in.gs);
	check_line(!((in.flags ^ out.flags) & 0x0fd5 & ~may.flags), line, "flags", out.flags, in.flags);
	check_line(came_esp == (uint32_t)small_top, line, "esp", came_esp, (uint32_t)small_top);
	check_line(small_top - p <= STACK_LIMIT, line, "stack used", small_top - p, STACK_LIMIT);
}
#define CALL(n) call_line(n, __LINE__)

#endif
