/* SPDX-License-Identifier: MIT
 *
 * For guest programs that make the same calls, one row of a table each, in three settings: in real
 * mode; under a virtual-8086 monitor with paging, whose buffers lie elsewhere than their addresses say;
 * in real mode with 1,000 timer interrupts a second. Looked at after each: registers, flags, the 100
 * bytes of stack that a call may use, the interrupt vectors, the BIOS data area, and all other memory
 * below 640 KiB that is not a buffer of the call.
 *
 * Before including this a program may define BUFFER_SIZE, FAST_CALLS, ROW_MORE (members of its own in struct row)
 * and ARENA (the memory to watch); it defines the functions row_runs(), row_begin(), row_before() and
 * row_after().
 */
#ifndef TESTS_ROMBIOS_ROWS_H
#define TESTS_ROMBIOS_ROWS_H

#include <tests/rombios/guest.h>

void monitor_enter(void);
void monitor_leave(void);

enum { REAL, VM86, FAST_TIMER, SETTINGS };
static const char *const setting_names[] = {"real mode", "VM86 with paging", "1,000 interrupts a second"};
static unsigned setting;

/* The buffer of a call: in the moved pages, across the border of two. */
enum { BUFFER_SEG = 0x60fe, BUFFER = 0x10 };
#ifndef BUFFER_SIZE
#define BUFFER_SIZE 64
#endif
enum { BUFFER_AT = BUFFER_SEG * 16 + BUFFER };
#define BUFFER8(i)  FAR(uint8_t, BUFFER_SEG, BUFFER + (i))
#define BUFFER16(i) FAR(uint16_t, BUFFER_SEG, BUFFER + (i))
#define BUFFER32(i) FAR(uint32_t, BUFFER_SEG, BUFFER + (i))

enum carry { KEPT, CLEAR, SET };
enum { ONCE = 1 << 0, NOT_VM86 = 1 << 1, ONLY_VM86 = 1 << 2, MORE = 1 << 3 }; /* MORE and up are the program's */

struct out {
	uint32_t may, care, want;
};
#ifndef FAST_CALLS
#define FAST_CALLS 25 /* of each row, between fast interrupts */
#endif
#ifndef ROW_MORE
#define ROW_MORE
#endif
struct row {
	const char *name;
	uint8_t n;
	uint16_t ax;
	struct out a;
	enum carry carry;
	uint8_t flags;
	uint8_t bda[3][2]; /* offset, length of what may change */
	uint16_t buffer;   /* bytes of the buffer that may change */
	void (*set)(void);
	void (*look)(void);
	uint8_t vector; /* one that may change */
	ROW_MORE
};

/* outputs: AH or AX is that value, or may be anything */
#define AH_IS(v) {0xff00, 0xff00, (v) << 8}
#define AL_IS(v) {0x00ff, 0x00ff, v}
#define AX_IS(v) {0xffff, 0xffff, v}
#define AH_ANY	 {0xff00, 0, 0}
#define AX_ANY	 {0xffff, 0, 0}
#define EAX_ANY	 {0xffffffff, 0, 0}

#define LOW(reg, v) (in.reg = (in.reg & 0xffff0000) | (uint16_t)(v))

/* --- memory that no call may touch --- */

static uint8_t bda_before[256], buffer_before[BUFFER_SIZE];
static uint32_t ivt_before[256];

#ifndef ARENA
#define ARENA                                                                                      \
	{0x0060, 0x7000}, {0x2000, 0xfffc}, {0x3000, 0xfffc}, {0x4000, 0xfffc}, {0x6000, 0xfffc},  \
		{0x7000, 0xfffc}, {0x8000, 0xfffc}, {0x9000, 0xf000}
#endif
/* The parts of low memory that are neither the BIOS' nor ours: first byte, size, paragraphs up */
static const struct {
	uint16_t seg, bytes;
} arena[] = {ARENA};
enum { PATTERN = 0x5ac369f1 };

static void fill_arena(void)
{
	for (unsigned i = 0; i < sizeof(arena) / sizeof(arena[0]); i++) {
		uint32_t di = 0, cx = arena[i].bytes / 4;

		asm volatile("pushw %%es\n\tmovw %w3, %%es\n\trep stosl\n\tpopw %%es"
			     : "+D"(di), "+c"(cx)
			     : "a"(PATTERN), "r"(arena[i].seg)
			     : "memory");
	}
}

static void look_arena(void)
{
	for (unsigned i = 0; i < sizeof(arena) / sizeof(arena[0]); i++) {
		uint32_t di = 0, cx = arena[i].bytes / 4;
		bool same;

		asm volatile("pushw %%es\n\tmovw %w4, %%es\n\tcmpl %%eax, %%eax\n\trepe scasl\n\tpopw %%es"
			     : "+D"(di), "+c"(cx), "=@cce"(same)
			     : "a"(PATTERN), "r"(arena[i].seg)
			     : "memory");
		check_line(same, __LINE__, "memory written, near", ((uint32_t)arena[i].seg << 4) + di - 4, 0);
	}
}

static bool may_change(const struct row *row, unsigned i)
{
	if (i == 0x3f || i == 0x40 || (i >= 0x6c && i <= 0x70)) /* INT 08h */
		return true;
	for (unsigned k = 0; k < 3; k++)
		if (i >= row->bda[k][0] && i < row->bda[k][0] + row->bda[k][1])
			return true;
	return false;
}

static void look_memory(const struct row *row)
{
	for (unsigned i = 0; i < 256; i++)
		check_line(bda_before[i] == BDA8(i) || may_change(row, i), i, "BDA byte", BDA8(i), bda_before[i]);
	for (unsigned i = 0; i < 256; i++)
		check_line(ivt_before[i] == FAR(uint32_t, 0, i * 4) || (i && i == row->vector), i, "vector",
			   FAR(uint32_t, 0, i * 4), ivt_before[i]);
	for (unsigned i = row->buffer; i < BUFFER_SIZE; i++)
		check_line(BUFFER8(i) == buffer_before[i], i, "buffer byte", BUFFER8(i), buffer_before[i]);
}

static void keep_memory(void)
{
	for (unsigned i = 0; i < 256; i++) {
		bda_before[i] = BDA8(i);
		ivt_before[i] = FAR(uint32_t, 0, i * 4);
	}
	for (unsigned i = 0; i < BUFFER_SIZE; i++)
		buffer_before[i] = BUFFER8(i);
}

/* Whether a row can run here; NULL in *why where it is not to be spoken of. */
static bool row_runs(const struct row *row, const char **why);
/* In front of the row's set(). */
static void row_begin(const struct row *row);
/* In front of the call, behind the row's set(); behind the call, in front of its look(). */
static void row_before(const struct row *row);
static void row_after(const struct row *row);

static void once(const struct row *row)
{
	row_begin(row);
	prepare(row->ax);
	if (row->carry != KEPT)
		may.flags = CF;
	if (row->carry == CLEAR)
		in.flags |= CF;
	may.eax = row->a.may;
	if (row->set)
		row->set();
	row_before(row);
	keep_memory();
	call_line(row->n, 0);
	look_memory(row);
	row_after(row);
	if (row->a.care)
		check_line((out.eax & row->a.care) == row->a.want, 0, "eax", out.eax & row->a.care, row->a.want);
	if (row->carry != KEPT)
		check_line((out.flags & CF) == (row->carry == SET), 0, "carry", out.flags & CF, row->carry == SET);
	if (row->look)
		row->look();
	for (unsigned i = 0; i < BUFFER_SIZE; i += 4)
		BUFFER32(i) = PATTERN;
	look_arena();
}

static void run_rows(const struct row *rows, unsigned count)
{
	static char name[120];

	for (const struct row *row = rows; row < rows + count; row++) {
		unsigned n = setting == FAST_TIMER && !(row->flags & ONCE) ? FAST_CALLS : 1, at = 0;
		const char *why = NULL;

		if ((row->flags & NOT_VM86 && setting == VM86) || (row->flags & ONLY_VM86 && setting != VM86))
			continue;
		for (const char *p = "INT "; *p; p++)
			name[at++] = *p;
		for (const char *p = row->name; *p; p++)
			name[at++] = *p;
		name[at++] = ':';
		name[at++] = ' ';
		for (const char *p = setting_names[setting]; *p; p++)
			name[at++] = *p;
		name[at] = 0;
		begin(name);
		if (!row_runs(row, &why)) {
			if (why) {
				test_name = why;
				end();
			}
			continue;
		}
		while (n-- && test_good)
			once(row);
		end();
		if (!test_good)
			fill_arena();
	}
}

static void fast_timer(bool on)
{
	uint16_t count = on ? 1193 : 0;

	outb(0x43, 0x34);
	outb(0x40, count);
	outb(0x40, count >> 8);
}

/* All of them, in each setting. */
static void run_settings(const struct row *rows, unsigned count)
{
	setting = REAL;
	fill_arena();
	run_rows(rows, count);
	setting = VM86;
	monitor_enter();
	fill_arena();
	run_rows(rows, count);
	monitor_leave();
	begin("the pages that were moved away are as they were");
	look_arena();
	end();
	setting = FAST_TIMER;
	fast_timer(true);
	run_rows(rows, count);
	fast_timer(false);
}

#endif
