/* SPDX-License-Identifier: MIT
 *
 * Transfers of control that fail, or just do not: task switches between TSSs of both kinds, call,
 * interrupt, trap and task gates, RETF and IRET, each with every fault of descriptors, selectors and
 * stacks in turn, and two at a time where the order shows. A line for each: vector and error code, and the
 * state they came in. Every exception and INT3, which is all the code there is, goes through a task
 * gate to a task of its own, so that what was interrupted is in its TSS, whatever became of its stack.
 *
 * The same image runs in the interpreter on the build machine (machine.c) and on Bochs natively; every
 * STRIDEth case, or with ALL defined every one. Where Bochs departs from the manual the case is left out
 * here, and vectors.c has it: far_order.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tests/x86/cases/cases.h"
#include "tests/x86/tables.h"

#ifdef ALL
#define STRIDE 1
#else
#define STRIDE 5
#endif

enum {
	TSS = 0x10800, /* the one that a case starts in */
	NEXT = 0x10900,
	RECOVERY = 0x11000, /* a TSS for each vector below, 80h bytes apart */
	STACKS = 0x12000,   /* theirs, downwards, 100h bytes each */
	STACK0 = 0x14000,   /* of privilege 0, in MEM */
	GDT = 0x15000,
	LDT = 0x15800,
	CODE = 0x20000,
	MEM = 0x40000,
	START = 0x1000, /* of the code */
	TARGET = 0x2000,
	INNER = 0x6000, /* ESP of inner levels, in MEM */
	OUTER = 0x8000,
};

/* Selectors; entry.S has the first five. */
enum {
	DATA32 = 0x10,
	TSS_SEL = 0x28,
	CODE0 = 0x30,
	CODE3 = 0x38,
	DATA0 = 0x40,
	DATA3 = 0x48,
	CONFORMING0 = 0x50,
	CONFORMING3 = 0x58,
	CODE0_ABSENT = 0x60,
	CODE3_ABSENT = 0x68,
	EXECUTE3 = 0x70,
	READ3 = 0x78,
	READ0 = 0x80,
	DATA0_ABSENT = 0x88,
	DATA3_ABSENT = 0x90,
	LDT_SEL = 0x98,
	LDT_ABSENT = 0xa0,
	NEXT_SEL = 0xa8,
	GATE = 0xb0,
	SMALL0 = 0xb8,
	CODE1 = 0xc0,
	DATA1 = 0xc8,
	CODE16_0 = 0xd0,
	STACK16_0 = 0xd8,
	LAST = 0xe0, /* the recovering tasks follow */
	ENTRIES = 44,
	BEYOND = 8 * ENTRIES,
};

static const uint8_t vectors[] = {1, 3, 4, 6, 8, 10, 11, 12, 13, 14};

static void put_text(const char *s)
{
	while (*s)
		put(*s++);
}

static void put_field(uint32_t v, unsigned digits)
{
	put(' ');
	put_hex(v, digits);
}

static void put8(uint32_t at, uint8_t v)
{
	*(volatile uint8_t *)at = v;
}

static void put64(uint32_t at, uint64_t v)
{
	put32(at, v);
	put32(at + 4, v >> 32);
}

static uint16_t get16(uint32_t at)
{
	return *(volatile uint16_t *)at;
}

static uint32_t get32(uint32_t at)
{
	return *(volatile uint32_t *)at;
}

static void fill(uint32_t at, uint32_t value, uint32_t bytes)
{
	uint32_t n = bytes / 4;

	asm volatile("rep stosl" : "+D"(at), "+c"(n) : "a"(value) : "memory");
}

/* --- the fields of a TSS --- */

enum field { LINK, IP, FLAGS, SP, ES, CS, SS, DS, LDT_FIELD, TRAP, FIELDS };

static uint32_t field_at(enum field f, bool wide)
{
	static const uint8_t at[2][FIELDS] = {
		{0, 0x0e, 0x10, 0x1a, 0x22, 0x24, 0x26, 0x28, 0x2a, 0x2c},
		{0, 0x20, 0x24, 0x38, 0x48, 0x4c, 0x50, 0x54, 0x60, 0x64},
	};

	return at[wide][f];
}

static void set_field(uint32_t tss, bool wide, enum field f, uint32_t v)
{
	if (wide && (f == IP || f == FLAGS || f == SP))
		put32(tss + field_at(f, wide), v);
	else
		put16(tss + field_at(f, wide), v);
}

static void make_tss(uint32_t at, bool wide, unsigned level)
{
	enum field f;

	fill(at, 0, 0x80);
	if (wide) {
		put32(at + 4, INNER);
		put16(at + 8, DATA0);
		put32(at + 0xc, INNER - 0x1000);
		put16(at + 0x10, DATA1 | 1);
		put16(at + 0x66, 0x68);
	} else {
		put16(at + 2, INNER);
		put16(at + 4, DATA0);
		put16(at + 6, INNER - 0x1000);
		put16(at + 8, DATA1 | 1);
	}
	set_field(at, wide, IP, TARGET);
	set_field(at, wide, FLAGS, 2);
	set_field(at, wide, SP, OUTER - 0x100);
	for (f = ES; f <= DS; f++)
		set_field(at, wide, f, f == CS ? (level ? CODE3 | 3 : CODE0) : (level ? DATA3 | 3 : DATA0));
	set_field(at, wide, LDT_FIELD, LDT_SEL);
}

static void make_world(void)
{
	static const struct {
		uint16_t selector, ar;
		uint32_t base, limit;
	} list[] = {
		{CODE0, 0x409b, CODE, 0xffff},	      {CODE3, 0x40fb, CODE, 0xffff},
		{DATA0, 0x4093, MEM, 0xffff},	      {DATA3, 0x40f3, MEM, 0xffff},
		{CONFORMING0, 0x409f, CODE, 0xffff},  {CONFORMING3, 0x40ff, CODE, 0xffff},
		{CODE0_ABSENT, 0x401b, CODE, 0xffff}, {CODE3_ABSENT, 0x407b, CODE, 0xffff},
		{EXECUTE3, 0x40f9, CODE, 0xffff},     {READ3, 0x40f1, MEM, 0xffff},
		{READ0, 0x4091, MEM, 0xffff},	      {DATA0_ABSENT, 0x4013, MEM, 0xffff},
		{DATA3_ABSENT, 0x4073, MEM, 0xffff},  {LDT_SEL, 0x82, LDT, 0x1f},
		{LDT_ABSENT, 0x02, LDT, 0x1f},	      {SMALL0, 0x4093, MEM, 0x0f},
		{CODE1, 0x40bb, CODE, 0xffff},	      {DATA1, 0x40b3, MEM, 0xffff},
		{CODE16_0, 0x009b, CODE, 0xffff},     {STACK16_0, 0x0093, MEM, 0xffff},
	};
	struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) gdtr = {BEYOND - 1, GDT};
	unsigned n;

	fill(GDT, 0, BEYOND);
	for (n = 0; n < 5; n++)
		put64(GDT + 8 * n, gdt[n]);
	put64(GDT + TSS_SEL, descriptor(TSS, 0x67, 0x89));
	for (n = 0; n < sizeof(list) / sizeof(*list); n++)
		put64(GDT + list[n].selector, descriptor(list[n].base, list[n].limit, list[n].ar));
	put64(LDT, descriptor(CODE, 0xffff, 0x40fb));
	put64(LDT + 8, descriptor(MEM, 0xffff, 0x40f3));
	put64(LDT + 16, descriptor(CODE, 0xffff, 0x409b));
	put64(LDT + 24, descriptor(MEM, 0xffff, 0x4093));
	make_tss(TSS, true, 0);
	put64((uint32_t)idt, 0);
	for (n = 0; n < 256; n++)
		put64((uint32_t)&idt[n], 0);
	for (n = 0; n < sizeof(vectors); n++) {
		uint32_t tss = RECOVERY + 0x80 * n;

		make_tss(tss, true, 0);
		put32(tss + 0x20, (uint32_t)stubs[vectors[n]]);
		put32(tss + 0x38, STACKS + 0x200 * (n + 1));
		put16(tss + 0x48, DATA32);
		put16(tss + 0x4c, 0x08);
		put16(tss + 0x50, DATA32);
		put16(tss + 0x54, DATA32);
		put16(tss + 0x60, 0);
		put64(GDT + LAST + 8 * n, descriptor(tss, 0x67, 0x89));
		put64((uint32_t)&idt[vectors[n]], gate(LAST + 8 * n, 0, 0xe5, 0));
	}
	fill(MEM + INNER - 0x1100, 0, 0x1200);
	fill(MEM + OUTER - 0x200, 0, 0x300);
	asm volatile("lgdt %0\n\tltr %w1\n\tlldt %w2" : : "m"(gdtr), "r"(TSS_SEL), "r"(0));
}

/* --- one case --- */

/* Is it the turn of one? */
static bool wanted_now(void)
{
	static unsigned number;

	return number++ % STRIDE == 0;
}

static bool beyond; /* Bochs pushes before it finds that a gate leads beyond the code segment */

static uint8_t *code; /* where the next byte of it goes */

static void emit(uint32_t v, unsigned size)
{
	while (size--) {
		*code++ = v;
		v >>= 8;
	}
}

static void begin(unsigned level, bool vm)
{
	fill(CODE + START, 0xcccccccc, 64);
	code = (uint8_t *)CODE + START;
	before = (struct state){.esp = OUTER, .eip = START, .eflags = 2, .eax = 0x1111, .edx = 0x2222};
	before.cs = level == 0 ? CODE0 : level == 1 ? CODE1 | 1 : CODE3 | 3;
	before.ss = level == 0 ? DATA0 : level == 1 ? DATA1 | 1 : DATA3 | 3;
	before.es = before.ds = before.fs = before.gs = level == 1 ? DATA1 | 1 : DATA3 | 3;
	if (vm) {
		before.eflags |= 0x23000;
		before.cs = CODE >> 4;
		before.ss = before.es = before.ds = before.fs = before.gs = MEM >> 4;
	}
}

static uint32_t digest(uint32_t at, uint32_t bytes)
{
	uint32_t d = 0x811c9dc5, n;

	for (n = 0; n < bytes; n += 4)
		d = (d ^ get32(at + n)) * 0x01000193;
	return d;
}

/* The arithmetic flags: a jump to what is no gate after all leads to what lies there. */
enum { STATUS = 0x8d5 };

/* ESP where SS is the one this runs on: how far it went. */
static uint32_t frame;

static void put_state(uint32_t tss, bool wide)
{
	enum field f;

	for (f = IP; f <= LDT_FIELD; f++) {
		uint32_t v = wide && f <= SP ? get32(tss + field_at(f, wide)) : get16(tss + field_at(f, wide));

		if (f == SP && get16(tss + field_at(SS, wide)) == DATA32)
			v = (v - frame) & 0xffff;
		if (f == FLAGS)
			v &= ~STATUS;
		put_field(v, wide && f <= SP ? 8 : 4);
	}
}

static void finish(bool next_wide)
{
	uint32_t link, tr, n;

	enter_protected();
	asm volatile("str %0" : "=r"(tr));
	link = get16(RECOVERY + 0x80 * ((tr - LAST) / 8));
	put_field(trap->vector, 2);
	put_field(trap->vector >= 8 ? trap->error : 0, 8);
	put_field(link, 4);
	if (link == TSS_SEL)
		put_state(TSS, true);
	else if (link == NEXT_SEL)
		put_state(NEXT, next_wide);
	/* what became of the tasks: available or busy, their links, NT of the first */
	put_field(*(uint8_t *)(GDT + TSS_SEL + 5), 2);
	put_field(*(uint8_t *)(GDT + NEXT_SEL + 5), 2);
	put_field(get16(TSS), 4);
	put_field(get16(NEXT), 4);
	put_field(get16(TSS + 0x24) & ~STATUS, 4);
	/* memory: accessed bits, the stacks */
	for (n = 0; n < 6; n++)
		put8(GDT + LAST - 8 + n, 0);
	put_field(digest(GDT + CODE0, LAST - CODE0), 8);
	put_field(beyond ? 0 : digest(MEM + INNER - 0x1100, 0x1200), 8);
	put_field(digest(MEM + OUTER - 0x200, 0x300), 8);
	put('\n');
	asm volatile("pushl $2\n\tpopfl\n\tclts" : : : "memory");
}

/* --- task switches --- */

enum source { JMP_TSS, CALL_TSS, JMP_GATE, CALL_GATE, INT_GATE, FAULT_GATE, IRET_LINK, SOURCES };
static const char *const source_name[SOURCES] = {"jmp", "call", "jmpg", "callg", "int", "fault", "iret"};

enum what { NOTHING, FIELD, AR, LIMIT, SELECTOR, GATE_AR, GATE_SELECTOR };

struct spoil {
	uint8_t what, field;
	uint32_t value;
};

/* L: at the level of the new task, 3 of 3 and 0 of 0. */
static const struct spoil spoils[] = {
	{NOTHING, 0, 0},
	{AR, 0, 0x09}, {AR, 0, 0x8b}, {AR, 0, 0x89}, {AR, 0, 0x81}, {AR, 0, 0x83}, {AR, 0, 0x82}, {AR, 0, 0x93},
	{AR, 0, 0x8c}, {AR, 0, 0xeb}, {AR, 0, 0xe9}, {AR, 0, 0x0b},
	{LIMIT, 0, 0x66}, {LIMIT, 0, 0x2a}, {LIMIT, 0, 0x2b}, {LIMIT, 0, 0x68},
	{SELECTOR, 0, 0}, {SELECTOR, 0, 3}, {SELECTOR, 0, NEXT_SEL | 3}, {SELECTOR, 0, NEXT_SEL | 4},
	{SELECTOR, 0, BEYOND}, {SELECTOR, 0, BEYOND - 8}, {SELECTOR, 0, DATA0},
	{GATE_AR, 0, 0x65}, {GATE_AR, 0, 0x85}, {GATE_AR, 0, 0x05}, {GATE_SELECTOR, 0, GATE | 3},
	{FIELD, CS, 0}, {FIELD, CS, 3}, {FIELD, CS, BEYOND}, {FIELD, CS, DATA0}, {FIELD, CS, CODE0},
	{FIELD, CS, CODE0 | 3}, {FIELD, CS, CODE3 | 3}, {FIELD, CS, CODE3}, {FIELD, CS, CONFORMING0},
	{FIELD, CS, CONFORMING0 | 3}, {FIELD, CS, CONFORMING3}, {FIELD, CS, CONFORMING3 | 3},
	{FIELD, CS, CODE0_ABSENT}, {FIELD, CS, CODE3_ABSENT | 3}, {FIELD, CS, 4 | 3}, {FIELD, CS, 16 | 4},
	{FIELD, CS, 0x80 | 4}, {FIELD, CS, NEXT_SEL}, {FIELD, CS, CODE1 | 1},
	{FIELD, SS, 0}, {FIELD, SS, 3}, {FIELD, SS, BEYOND}, {FIELD, SS, CODE0}, {FIELD, SS, CODE3 | 3},
	{FIELD, SS, READ3 | 3}, {FIELD, SS, READ0}, {FIELD, SS, DATA0}, {FIELD, SS, DATA0 | 3},
	{FIELD, SS, DATA3 | 3}, {FIELD, SS, DATA3}, {FIELD, SS, DATA0_ABSENT}, {FIELD, SS, DATA3_ABSENT | 3},
	{FIELD, SS, 12 | 3}, {FIELD, SS, 28}, {FIELD, SS, LDT_SEL}, {FIELD, SS, 0x80 | 4},
	{FIELD, DS, 0}, {FIELD, DS, 3}, {FIELD, DS, BEYOND}, {FIELD, DS, EXECUTE3 | 3}, {FIELD, DS, DATA0},
	{FIELD, DS, DATA3_ABSENT | 3}, {FIELD, DS, DATA0_ABSENT}, {FIELD, DS, CODE3}, {FIELD, DS, CONFORMING0},
	{FIELD, DS, LDT_SEL}, {FIELD, DS, 12}, {FIELD, DS, 0x80 | 4}, {FIELD, ES, BEYOND}, {FIELD, ES, DATA3_ABSENT},
	{FIELD, LDT_FIELD, 0}, {FIELD, LDT_FIELD, 3}, {FIELD, LDT_FIELD, LDT_SEL | 3}, {FIELD, LDT_FIELD, LDT_SEL | 4},
	{FIELD, LDT_FIELD, LDT_ABSENT}, {FIELD, LDT_FIELD, DATA0}, {FIELD, LDT_FIELD, BEYOND},
	{FIELD, LDT_FIELD, NEXT_SEL},
	{FIELD, IP, 0xffff}, {FIELD, IP, 0x12345}, {FIELD, FLAGS, 0x4002}, {FIELD, FLAGS, 0x102},
	{FIELD, FLAGS, 0x20002}, {FIELD, FLAGS, 0x23202}, {FIELD, FLAGS, 0x10ed7}, {FIELD, TRAP, 1},
	{FIELD, SP, 2}, {FIELD, SP, 0},
};
enum { SPOILS = sizeof(spoils) / sizeof(*spoils) };

static void apply(const struct spoil *s, bool wide, uint16_t *selector, uint16_t *gate_selector)
{
	switch (s->what) {
	case FIELD:
		set_field(NEXT, wide, s->field, s->value);
		if (wide && s->field == FLAGS && (s->value & 0x20000)) { /* virtual-8086 mode */
			enum field f;

			for (f = ES; f <= DS; f++)
				set_field(NEXT, wide, f, (f == CS ? CODE : MEM) >> 4);
		}
		break;
	case AR:
		put8(GDT + NEXT_SEL + 5, s->value);
		break;
	case LIMIT:
		put16(GDT + NEXT_SEL, s->value);
		break;
	case SELECTOR:
		*selector = s->value;
		break;
	case GATE_AR:
		put8(GDT + GATE + 5, s->value);
		put8((uint32_t)&idt[0x60] + 5, s->value);
		break;
	case GATE_SELECTOR:
		*gate_selector = s->value;
	}
}

static void put_spoil(unsigned n)
{
	put_field(n, 2);
}

static void task_case(enum source source, bool wide, unsigned from, unsigned to, unsigned a, unsigned b)
{
	uint16_t selector = NEXT_SEL, gate_selector = GATE | from;
	uint64_t g;

	if (!wanted_now())
		return;
	make_world();
	make_tss(NEXT, wide, to);
	put64(GDT + NEXT_SEL, descriptor(NEXT, wide ? 0x67 : 0x2b, (wide ? 0xe9 : 0xe1) | (source == IRET_LINK ? 2 : 0)));
	begin(from, false);
	put64(GDT + GATE, gate(0, 0, 0xe5, 0));
	put64((uint32_t)&idt[0x60], gate(0, 0, 0xe5, 0));
	apply(&spoils[a], wide, &selector, &gate_selector);
	apply(&spoils[b], wide, &selector, &gate_selector);
	put16(GDT + GATE + 2, selector);
	put16((uint32_t)&idt[0x60] + 2, selector);
	switch (source) {
	case JMP_TSS:
	case CALL_TSS:
		emit(source == JMP_TSS ? 0xea : 0x9a, 1);
		emit(0x1234, 4);
		emit(selector, 2);
		break;
	case JMP_GATE:
	case CALL_GATE:
		emit(source == JMP_GATE ? 0xea : 0x9a, 1);
		emit(0x1234, 4);
		emit(gate_selector, 2);
		break;
	case INT_GATE:
		emit(0x60cd, 2);
		break;
	case FAULT_GATE: /* #GP with an error code */
		g = idt[0x60];
		put64((uint32_t)&idt[13], g);
		emit(0xd88e, 2);
		before.eax = 0x3338;
		break;
	default:
		put16(TSS, selector);
		before.eflags |= 0x4000;
		emit(0xcf, 1);
	}
	put_text(source_name[source]);
	put(wide ? '3' : '1');
	put('0' + from);
	put('0' + to);
	put_spoil(a);
	put_spoil(b);
	put(':');
	finish(wide);
}

static void tasks(void)
{
	/* of each part of the new task one or two that fail, for their order */
	static const uint16_t wanted[][2] = {
		{CS, 0}, {CS, CODE0_ABSENT}, {CS, CODE3_ABSENT | 3}, {CS, CODE0 | 3}, {SS, 0}, {SS, DATA3_ABSENT | 3},
		{SS, DATA0_ABSENT}, {SS, READ3 | 3}, {DS, BEYOND}, {DS, DATA3_ABSENT | 3}, {ES, BEYOND},
		{LDT_FIELD, LDT_ABSENT}, {LDT_FIELD, DATA0}, {IP, 0xffff}, {SP, 2}, {TRAP, 1},
	};
	uint8_t some[16], count = 0;
	unsigned source, wide, way, a, b;

	for (a = 0; a < SPOILS; a++)
		for (b = 0; b < sizeof(wanted) / sizeof(*wanted); b++)
			if (spoils[a].what == FIELD && spoils[a].field == wanted[b][0] && spoils[a].value == wanted[b][1])
				some[count++] = a;
	for (source = 0; source < SOURCES; source++)
		for (wide = 0; wide < 2; wide++)
			for (way = 0; way < 4; way++) {
				for (a = 0; a < SPOILS; a++)
					task_case(source, wide, way & 1 ? 3 : 0, way & 2 ? 3 : 0, a, 0);
				if (source != CALL_TSS && source != FAULT_GATE)
					continue;
				for (a = 0; a < count; a++)
					for (b = a + 1; b < count; b++)
						if (spoils[some[a]].field != spoils[some[b]].field)
							task_case(source, wide, way & 1 ? 3 : 0, way & 2 ? 3 : 0, some[a], some[b]);
			}
}

/* --- gates --- */

static const uint16_t targets[] = {
	CODE0, CODE0 | 3, CODE3, CODE3 | 3, CONFORMING0, CONFORMING0 | 3, CONFORMING3, CONFORMING3 | 3, CODE0_ABSENT,
	CODE3_ABSENT, DATA0, DATA3 | 3, 0, 3, BEYOND, BEYOND - 8, 4, 16 | 4, LDT_SEL, TSS_SEL, CODE1, EXECUTE3, CODE16_0,
};

/* The stack of privilege 0 in the TSS. */
static const struct {
	uint16_t ss;
	uint32_t esp;
} stacks[] = {
	{DATA0, INNER}, {0, INNER}, {3, INNER}, {BEYOND, INNER}, {DATA0 | 3, INNER}, {DATA3, INNER}, {DATA3 | 3, INNER},
	{READ0, INNER}, {CODE0, INNER}, {DATA0_ABSENT, INNER}, {SMALL0, INNER}, {SMALL0, 0x10}, {DATA0, 4},
	{DATA0, 0x10002}, {DATA1 | 1, INNER}, {LDT_SEL, INNER}, {STACK16_0, 2}, {STACK16_0, 0x12346000}, {28, INNER},
};

enum gate_source { CALL_THROUGH, JMP_THROUGH, INT_THROUGH, UD_THROUGH, GP_THROUGH, GATE_SOURCES };

static void gate_case(enum gate_source source, unsigned from, bool vm, uint8_t type, uint16_t selector, uint32_t offset,
		      unsigned stack, unsigned tss_limit, unsigned rpl)
{
	static const char *const name[GATE_SOURCES] = {"call", "jmp", "int", "ud", "gp"};
	uint64_t g = gate(selector, offset, type, source <= JMP_THROUGH ? 3 : 0);

	if (!wanted_now())
		return;
	beyond = offset > 0xffff;
	make_world();
	make_tss(NEXT, true, 0);
	put64(GDT + NEXT_SEL, descriptor(NEXT, 0x67, 0x89));
	put32(TSS + 4, stacks[stack].esp);
	put16(TSS + 8, stacks[stack].ss);
	if (tss_limit != 0x67) { /* TR's own copy of it */
		put64(GDT + TSS_SEL, descriptor(TSS, tss_limit, 0x89));
		asm volatile("ltr %w0" : : "r"(TSS_SEL));
	}
	begin(from, vm);
	switch (source) {
	case CALL_THROUGH:
	case JMP_THROUGH:
		put64(GDT + GATE, g);
		put32(MEM + OUTER, 0x11110000);
		put32(MEM + OUTER + 4, 0x22222222);
		put32(MEM + OUTER + 8, 0x33333333);
		emit(source == JMP_THROUGH ? 0xea : 0x9a, 1);
		emit(0x1234, vm ? 2 : 4);
		emit(GATE | rpl, 2);
		break;
	case INT_THROUGH:
		put64((uint32_t)&idt[0x60], g);
		emit(0x60cd, 2);
		break;
	case UD_THROUGH:
		put64((uint32_t)&idt[6], g);
		emit(0x0b0f, 2);
		break;
	default:
		put64((uint32_t)&idt[13], g);
		emit(vm ? 0x220f : 0xd88e, 2); /* MOV to CR0; a selector beyond the table */
		emit(0xc0, 1);
		before.eax = 0x3338;
	}
	put_text(name[source]);
	put(vm ? 'v' : '0' + from);
	put_field(type, 2);
	put_field(selector, 4);
	put_field(offset, 8);
	put_field(stack, 2);
	put_field(tss_limit, 2);
	put_field(rpl, 1);
	put(':');
	finish(true);
	beyond = false;
}

static void gates(void)
{
	static const uint8_t calls[] = {0x8c, 0xec, 0x6c, 0x84, 0xe4}, traps[] = {0x8e, 0xee, 0x6e, 0x8f, 0xef, 0x86, 0xe6, 0xe7};
	unsigned source, way, n, k, type;

	for (source = 0; source < GATE_SOURCES; source++)
		for (way = 0; way < 4; way++) {
			unsigned from = way == 0 ? 0 : way == 1 ? 1 : 3;
			bool vm = way == 3, is_call = source <= JMP_THROUGH;

			if (vm && is_call)
				continue;
			/* every type */
			for (type = 0; type < 256; type++)
				if (type & 0x80 || !(type & 0x10))
					gate_case(source, from, vm, type, (type & 31) == 5 ? NEXT_SEL : CODE0, TARGET, 0, 0x67, from);
			for (n = 0; n < sizeof(targets) / sizeof(*targets); n++)
				for (k = 0; k < (is_call ? sizeof(calls) : sizeof(traps)); k++)
					gate_case(source, from, vm, is_call ? calls[k] : traps[k], targets[n], TARGET, 0, 0x67, from);
			for (n = 0; n < sizeof(stacks) / sizeof(*stacks); n++)
				for (k = 0; k < 2; k++) {
					gate_case(source, from, vm, is_call ? (k ? 0xe4 : 0xec) : k ? 0xe6 : 0xee, CODE0, TARGET, n, 0x67, from);
					if (is_call || !n) /* Bochs finds the target first */
						gate_case(source, from, vm, is_call ? (k ? 0xe4 : 0xec) : k ? 0xe6 : 0xee, CODE0, 0x12345, n, 0x67, from);
				}
			/* SS:ESP ends with byte 9; Bochs asks for 11. It reads them before it refuses CODE1 in VM86. */
			for (n = 4; n < 18; n++)
				if (n < 9 || n > 10)
					gate_case(source, from, vm, is_call ? 0xec : 0xee, (n & 1) || vm ? CODE0 : CODE1, TARGET, 0, n, from);
			for (n = 0; n < 4; n++)
				for (k = 0; k < 4; k++)
					gate_case(source, from, vm, (is_call ? 0x8c : 0x8e) | k << 5, CODE0, 0x10000, 0, 0x67, n);
		}
}

/* --- RETF and IRET --- */

static void return_case(uint8_t opcode, bool wide, unsigned from, uint16_t cs, uint16_t ss, uint32_t eip, uint32_t flags,
			uint32_t sp)
{
	static uint32_t at;
	unsigned size = wide ? 4 : 2, n;
	uint32_t words[6], count = 0;

	if (!wanted_now())
		return;
	make_world();
	make_tss(NEXT, true, 0);
	put64(GDT + NEXT_SEL, descriptor(NEXT, 0x67, 0x89));
	begin(from, false);
	words[count++] = eip;
	words[count++] = cs;
	if (opcode == 0xcf)
		words[count++] = flags;
	words[count++] = sp;
	words[count++] = ss;
	/* at privilege 0 the stack is still that of this program: MOV ESP */
	at = OUTER;
	for (n = 0; n < count; n++)
		put32(MEM + at + n * size, words[n]);
	if (!from) {
		emit(0xb8, 1);
		emit(DATA0, 4);
		emit(0xd08e, 2); /* MOV SS,AX */
		emit(0xbc, 1);
		emit(at, 4);
		emit(0xb8, 1);
		emit(0x1111, 4);
	}
	if (!wide)
		emit(0x66, 1);
	emit(opcode, 1);
	if (opcode == 0xca)
		emit(8, 2);
	put_text(opcode == 0xcf ? "iret" : "retf");
	put(wide ? '3' : '1');
	put('0' + from);
	put_field(cs, 4);
	put_field(ss, 4);
	put_field(eip, 8);
	put_field(flags, 8);
	put_field(sp, 8);
	put(':');
	finish(true);
}

static void returns(void)
{
	static const uint16_t to_ss[] = {DATA3 | 3, DATA0, DATA1 | 1, 0, 3, BEYOND | 3, DATA3, DATA0 | 3, CODE3 | 3, READ3 | 3,
					 DATA3_ABSENT | 3, LDT_SEL | 3, 12 | 3};
	static const uint8_t opcodes[] = {0xcb, 0xca, 0xcf};
	static const uint32_t flags[] = {2, 0x3202, 0x4002, 0x10002, 0x2, 0x40002, 0x200002, 0x3ed7, 0x180002};
	unsigned o, wide, way, n, k;

	for (o = 0; o < 3; o++)
		for (wide = 0; wide < 2; wide++)
			for (way = 0; way < 3; way++) {
				unsigned from = way == 0 ? 0 : way == 1 ? 1 : 3;

				for (n = 0; n < sizeof(targets) / sizeof(*targets); n++)
					for (k = 0; k < 4; k++)
						return_case(opcodes[o], wide, from, (targets[n] & ~3) | k, DATA3 | 3, TARGET, 2, OUTER - 16);
				/* IRET and an absent stack: SDM vol. 2 has #SS in its operation, #NP among its exceptions,
				 * as Bochs raises. */
				for (n = 0; n < sizeof(to_ss) / sizeof(*to_ss); n++)
					for (k = 0; k < 2 && !(opcodes[o] == 0xcf && to_ss[n] == (DATA3_ABSENT | 3)); k++) {
						return_case(opcodes[o], wide, from, CODE3 | 3, to_ss[n], k ? 0x10000 : TARGET, 2, OUTER - 16);
						return_case(opcodes[o], wide, from, CODE1 | 1, to_ss[n], k ? 0xffff : TARGET, 2, OUTER - 16);
					}
				for (n = 0; opcodes[o] == 0xcf && n < sizeof(flags) / sizeof(*flags); n++) {
					return_case(0xcf, wide, from, CODE3 | 3, DATA3 | 3, TARGET, flags[n], 0x12348000);
					return_case(0xcf, wide, from, from == 3 ? CODE3 | 3 : from ? CODE1 | 1 : CODE0, DATA3 | 3, TARGET,
						    flags[n], OUTER - 16);
				}
			}
}

void run_all(void)
{
	frame = (uint32_t)__builtin_frame_address(0);
	fill(CODE, 0xcccccccc, 0x10000);
	fill(MEM, 0, 0x10000);
	tasks();
	gates();
	returns();
	make_world();
}
