/* SPDX-License-Identifier: MIT
 *
 * Random instructions around the transitions between real and protected mode, both ways, most of
 * them valid. Each program walks through the states below; what stands between two transitions is
 * anything that real mode and protected mode execute.
 */
#include "tests/fuzz/generate.h"
#include "tests/fuzz/runner.h"

/* Where a program is, as far as the generator knows: a fault skips an instruction. */
enum state {
	REAL,
	WINDOW,     /* PE=1, CS still real mode's */
	PROTECTED,  /* 16 or 32 bits: `wide` */
	LEFT_STALE, /* PE=0, CS still protected mode's */
};

uint8_t code[MOST_CODE + 64];
uint16_t starts[MOST_STARTS + 8];
unsigned length, count;
static enum state state;
static bool wide;         /* CS.D */
static bool new_width;    /* so far CS.D was different */
static bool real_idtr;    /* IDTR holds the IVT */
static bool paging;
static bool code_type;    /* CS was last loaded in protected mode */


static unsigned below(unsigned n)
{
	return rnd() % n;
}

static bool chance(unsigned percent)
{
	return below(100) < percent;
}

uint32_t value(void)
{
	static const uint32_t edge[] = {0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000,
					0x7fffffff, 0x80000000, 0xffffffff, 0xfffe, 0xfffffffe};

	switch (below(4)) {
	case 0:
		return edge[below(sizeof(edge) / sizeof(*edge))];
	case 1:
		return below(0x1000);
	case 2:
		return rnd() & 0xffff;
	default:
		return rnd();
	}
}

/* --- bytes --- */

static void start(void)
{
	starts[count++] = (PROGRAM_OFFSET + length) | (new_width ? OTHER_WIDTH : 0);
	new_width = false;
}

static void b(unsigned v)
{
	code[length++] = v;
}

static void w(unsigned v)
{
	b(v);
	b(v >> 8);
}

static void d(uint32_t v)
{
	w(v);
	w(v >> 16);
}

static void bytes(unsigned n, uint32_t v) /* v's highest byte first */
{
	while (n--)
		b(v >> 8 * n);
}

/* Prefix for an operand of 2 or 4 bytes. */
static void operand_size(unsigned size)
{
	if ((size == 4) != wide)
		b(0x66);
}

static void address_size(unsigned size)
{
	if ((size == 4) != wide)
		b(0x67);
}

static void immediate(unsigned size, uint32_t v)
{
	if (size == 4)
		d(v);
	else if (size == 2)
		w(v);
	else
		b(v);
}

static void mov_imm(unsigned reg, unsigned size, uint32_t v)
{
	if (size > 1)
		operand_size(size);
	b((size > 1 ? 0xb8 : 0xb0) + reg);
	immediate(size, v);
}

/* A general register other than rSP. */
static unsigned reg(void)
{
	unsigned r = below(7);

	return r < 4 ? r : r + 1;
}

/* Not GS, which is the runner's. Nor CS where it was loaded in protected mode and PE has been cleared
 * and set again: Bochs makes it writable data when PE is cleared, the manual does not say so. */
static void segment_override(void)
{
	static const uint8_t prefix[] = {0x26, 0x36, 0x3e, 0x64, 0x2e};

	if (chance(25))
		b(prefix[below(state == WINDOW && code_type ? 4 : 5)]);
}

/* The address-size prefix must come before the opcode, and ModRM after it. */
static unsigned asize;

static void prefixes(unsigned size)
{
	asize = chance(15) ? 6 - (wide ? 4 : 2) : wide ? 4 : 2;
	segment_override();
	if (size > 1)
		operand_size(size);
	address_size(asize);
}

static uint32_t near_offset(void)
{
	return chance(85) ? below(0xf00) : chance(50) ? 0xff0 + below(0x20) : value();
}

static void memory(unsigned r)
{
	unsigned rm;

	if (chance(60)) { /* direct */
		b((asize == 4 ? 5 : 6) | r << 3);
		immediate(asize, near_offset());
		return;
	}
	rm = below(8);
	if (asize == 4) {
		if (rm == 4) {
			b(0x84 | r << 3);
			b(below(256));
		} else {
			b(0x80 | rm | r << 3);
		}
		d(chance(50) ? below(0x100) : value());
	} else {
		b(0x80 | rm | r << 3);
		w(near_offset());
	}
}

static void modrm(unsigned r, bool to_reg)
{
	if (to_reg)
		b(0xc0 | r << 3 | reg());
	else
		memory(r);
}

/* --- plain instructions --- */

/* Flags that the manual leaves undefined are made defined again. */
static void define_flags(void)
{
	w(0xc038); /* CMP AL,AL */
	b(0x14);   /* ADC AL,imm */
	b(below(256));
}

static void arithmetic(void)
{
	unsigned size = 1 << below(3), op = below(8) << 3 | (size > 1);

	switch (below(4)) {
	case 0:
		prefixes(size);
		b(op);
		modrm(reg(), chance(30));
		break;
	case 1:
		prefixes(size);
		b(op | 2);
		modrm(size == 1 ? below(8) : reg(), chance(30));
		break;
	case 2:
		prefixes(size);
		b(size == 1 ? 0x80 : chance(50) ? 0x81 : 0x83);
		if (code[length - 1] == 0x81) {
			modrm(op >> 3, chance(50));
			immediate(size, value());
		} else {
			modrm(op >> 3, chance(50));
			b(value());
		}
		break;
	default:
		prefixes(size);
		b(size == 1 ? 0xfe : 0xff);
		modrm(below(2), chance(50));
	}
}

static void move(void)
{
	unsigned size = 1 << below(3);

	switch (below(6)) {
	case 0:
		mov_imm(size == 1 ? below(8) : reg(), size, value());
		break;
	case 1:
		prefixes(size);
		b(0x88 | (size > 1));
		modrm(reg(), false);
		break;
	case 2:
		prefixes(size);
		b(0x8a | (size > 1));
		modrm(size == 1 ? below(8) : reg(), false);
		break;
	case 3:
		prefixes(size);
		b(0xc6 | (size > 1));
		memory(0);
		immediate(size, value());
		break;
	case 4:
		asize = wide ? 4 : 2;
		segment_override();
		if (size > 1)
			operand_size(size);
		b(0xa0 | below(2) << 1 | (size > 1));
		immediate(asize, near_offset());
		break;
	default:
		prefixes(size);
		b(0x86 | (size > 1)); /* XCHG */
		modrm(reg(), chance(50));
	}
}

static void odd_ones(void)
{
	unsigned size = 2 << below(2);

	switch (below(16)) {
	case 0: /* shifts by more than one leave OF to chance */
		prefixes(size);
		b(0xc1);
		modrm((uint8_t[]){0, 1, 4, 5, 7}[below(5)], chance(50));
		b(below(256));
		define_flags();
		break;
	case 1:
		prefixes(size);
		b(0xf7);
		modrm(2 + below(2), chance(50));
		break;
	case 2:
		prefixes(size);
		b(0xf7);
		modrm(4 + below(4), chance(50));
		define_flags();
		break;
	case 3:
		prefixes(size);
		bytes(2, 0x0fb6 | below(2) << 3 | below(2));
		modrm(reg(), chance(50));
		break;
	case 4:
		prefixes(size);
		bytes(2, 0x0f40 + below(16));
		modrm(reg(), chance(50));
		break;
	case 5:
		prefixes(1);
		bytes(2, 0x0f90 + below(16));
		modrm(0, chance(50));
		break;
	case 6:
		prefixes(size);
		bytes(2, (uint16_t[]){0x0fa3, 0x0fab, 0x0fb3, 0x0fbb}[below(4)]);
		modrm(reg(), chance(50));
		define_flags();
		break;
	case 7:
		prefixes(size);
		bytes(2, 0x0fb1); /* CMPXCHG */
		modrm(reg(), chance(30));
		break;
	case 8:
		prefixes(size);
		bytes(2, 0x0fc1); /* XADD */
		modrm(reg(), chance(30));
		break;
	case 9:
		b((uint8_t[]){0x98, 0x99, 0x9e, 0x9f, 0xf5, 0xf8, 0xf9, 0xfc, 0x90, 0xd6}[below(10)]);
		break;
	case 10:
		asize = wide ? 4 : 2;
		segment_override();
		b(0xd7); /* XLAT */
		break;
	case 11:
		prefixes(size);
		b(0x8d); /* LEA; of a register it is undefined */
		modrm(reg(), chance(5));
		break;
	case 12:
		operand_size(4);
		bytes(2, 0x0fc8 + reg());
		break;
	case 13:
		asize = wide ? 4 : 2;
		b(0xf0); /* LOCK */
		operand_size(size);
		b(below(2) ? 0x01 : 0x39);
		modrm(reg(), chance(20));
		break;
	case 14:
		prefixes(size);
		b(0x62); /* BOUND */
		memory(reg());
		break;
	default:
		b(0xd4); /* AAM */
		b(chance(30) ? 0 : 1 + below(255));
		define_flags();
	}
}

static void string(void)
{
	static const uint8_t opcode[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf};
	unsigned a = wide ? 4 : 2;
	/* REP that stores over its own code goes on or does not, SDM vol. 3, 8.1.3: where vmxassist
	   interprets, in batches, it is kept away from the code. */
	bool away = state == WINDOW || state == LEFT_STALE;

	if (wide || away || chance(70)) { /* no 4 Gi iterations */
		mov_imm(6, a, near_offset());
		mov_imm(7, a, away ? 0x600 + below(0x900) : near_offset());
		mov_imm(1, a, below(!away && chance(10) ? 1500 : 24));
		start();
	}
	if (chance(15)) {
		b(0xfd); /* STD */
		start();
	}
	segment_override();
	if (chance(25))
		b(0x66);
	if (chance(70))
		b(0xf2 + below(2));
	b(opcode[below(10)]);
	start();
	b(0xfc);
}

static void stack(void)
{
	unsigned size = 2 << below(2);

	switch (below(9)) {
	case 0:
		operand_size(size);
		b(0x50 + below(8));
		break;
	case 1:
		operand_size(size);
		b(0x58 + reg());
		break;
	case 2:
		operand_size(size);
		b(0x68);
		immediate(size, value());
		break;
	case 3:
		operand_size(size);
		b(0x60);
		start();
		operand_size(size);
		b(0x61);
		break;
	case 4:
		prefixes(size);
		b(0xff);
		modrm(6, chance(40));
		break;
	case 5:
		prefixes(size);
		b(0x8f);
		modrm(0, chance(40));
		break;
	case 6:
		operand_size(size);
		b(0xc8); /* ENTER, LEAVE */
		w(below(64));
		b(chance(80) ? 0 : below(4));
		start();
		operand_size(chance(80) ? size : 6 - size);
		b(0xc9);
		break;
	case 7:
		b((uint8_t[]){0x06, 0x0e, 0x16, 0x1e}[below(4)]);
		break;
	default:
		operand_size(size);
		b(0x9c); /* PUSHF */
	}
}

/* IOPL stays 3: VM86 cannot show another one. NT stays 0. */
static void flags(void)
{
	unsigned size = 2 << below(2);
	uint32_t v = 0x3002 | (rnd() & 0x0cd5) | (chance(20) ? 0x200 : 0) | (chance(25) ? 0x100 : 0);

	if (size == 4 && chance(50))
		v |= rnd() & 0x240000; /* AC, ID */
	operand_size(size);
	b(0x68);
	immediate(size, v);
	start();
	operand_size(size);
	b(0x9d);
}

static void jump(void)
{
	unsigned skip = below(4), n;

	switch (below(6)) {
	case 0:
		b(0xeb);
		b(skip);
		break;
	case 1:
		b(0x70 + below(16));
		b(skip);
		break;
	case 2: /* LOOP */
		mov_imm(1, wide ? 4 : 2, 1 + below(12));
		start();
		n = length;
		b(0x40 + below(8) * (below(2) ? 1 : 0)); /* INC */
		if (code[length - 1] == 0x41 || code[length - 1] == 0x44)
			code[length - 1] = 0x43;
		b(0xe2);
		b(n - (length + 1));
		return;
	case 3:
		b(0xe8); /* CALL, as far as the next instruction */
		immediate(wide ? 4 : 2, skip);
		break;
	case 4:
		b(0x68);
		immediate(wide ? 4 : 2, PROGRAM_OFFSET + length + (wide ? 5 : 3));
		b(0xc3); /* RET */
		return;
	default:
		b(0xe3); /* JCXZ */
		b(skip);
	}
	/* what is skipped is instructions, too */
	for (n = 0; n < skip; n++)
		b(0x40 + reg());
}

static void trouble(void)
{
	switch (below(12)) {
	case 0:
		bytes(2, 0x0f0b); /* UD2 */
		break;
	case 1:
		b(0xcc);
		break;
	case 2:
		b(0xce); /* INTO */
		break;
	case 3:
		bytes(2, 0xf090); /* LOCK NOP */
		break;
	case 4:
		b(0xcd);
		b(INT_VECTOR + below(16));
		break;
	case 5:
		bytes(3, 0x0f00c0 | (below(2) ? 0x10 : 0x08)); /* LLDT, STR AX: no-one's leak in real mode */
		code[length - 1] = 0xd0;
		break;
	case 6:
		bytes(2, 0x63c0 | below(64)); /* ARPL */
		define_flags();
		break;
	case 7:
		bytes(2, 0x8ec8); /* MOV CS,AX */
		break;
	case 8:
		bytes(2, 0x0f20); /* MOV r32,CR: CR3 and CR4 have nothing of the host's */
		b(0xc0 | (uint8_t[]){0, 2}[below(2)] << 3 | reg());
		break;
	case 9:
		bytes(3, 0x0f02c0 | reg() << 3 | reg()); /* LAR, LSL */
		code[length - 2] += below(2);
		break;
	case 10:
		b(chance(50) ? 0xfa : 0xfb);
		break;
	default:
		bytes(3, 0x0f00e0 | below(16)); /* VERR, VERW */
	}
}

/* --- segments --- */

static uint16_t real_selector(void)
{
	static const uint16_t s[] = {0x1800, 0x1900, 0x1a00, 0x1b00, 0x1c00, 0x1000, 0x1234, 0x18ff};

	return s[below(8)];
}

static uint16_t protected_selector(void)
{
	static const uint16_t s[] = {0x38, 0x40, 0x48, 0x50, 0x58, 0x70, 0x78, 0x90, 0x98, 0xb0, 0x1800, 0x1900,
				     0x1a00, 0x1b00, 0x1c00, 0x40, 0x70, 0x18, 0x1000};
	/* No null selector: what limit a real-mode load then finds is the processor model's own. */
	static const uint16_t bad[] = {0x60, 0x88, 0xa8, 0xa9, 0xaa, 0x1f8, 0x2000, 0xfff8, 0x1802, 0x44};

	return chance(90) ? s[below(sizeof(s) / 2)] : bad[below(sizeof(bad) / 2)];
}

static uint16_t selector(void)
{
	return state == REAL || state == LEFT_STALE ? real_selector() : protected_selector();
}

static void load_segment(void)
{
	static const uint8_t sreg[] = {0, 3, 4}; /* ES, DS, FS */
	unsigned s = sreg[below(3)], r;

	switch (below(4)) {
	case 0:
	case 1:
		r = reg();
		mov_imm(r, 2, selector());
		start();
		b(0x8e);
		b(0xc0 | s << 3 | r);
		break;
	case 2:
		b(0x68);
		immediate(wide ? 4 : 2, selector());
		start();
		if (s == 4)
			bytes(2, 0x0fa1);
		else
			b(s ? 0x1f : 0x07);
		break;
	default: /* LES, LDS, LFS of what was stored before */
		r = near_offset() % 0xfff0; /* Bochs lets a pointer wrap at 64 KiB */
		asize = wide ? 4 : 2;
		operand_size(2);
		b(0xc7);
		b(wide ? 0x05 : 0x06);
		immediate(asize, r + 2);
		w(selector());
		start();
		operand_size(2);
		if (s == 4)
			bytes(2, 0x0fb4);
		else
			b(s ? 0xc5 : 0xc4);
		b((wide ? 0x05 : 0x06) | reg() << 3);
		immediate(asize, r);
	}
}

static void load_stack(void)
{
	static const uint16_t real[] = {0x1a00, 0x1a00, 0x1c00, 0x1900}, prot[] = {0x1a00, 0x50, 0x90, 0x70, 0xb8, 0x40},
			      bad[] = {0x58, 0x60, 0xa8, 0x18, 0, 0x1fff};
	bool pe = state == WINDOW || state == PROTECTED;
	uint16_t s = !pe ? real[below(4)] : chance(90) ? prot[below(6)] : bad[below(6)];

	mov_imm(0, 2, s);
	start();
	bytes(2, 0x8ed0);
	if (chance(10))
		return;
	if (chance(90))
		mov_imm(4, chance(75) ? 4 : 2, s == 0xb8 ? 0x1800 : 0x400 + 2 * below(0x300));
	else
		mov_imm(4, 4, value() | 0x100);
}

/* --- transitions --- */

static void lidt(bool real)
{
	/* Late: what faults before is a triple fault, or takes gates for vectors, which the runner
	 * cannot tell from interrupts where CS.D=1. */
	if (!wide && chance(8))
		return;
	b(0x65);
	operand_size(4);
	bytes(2, 0x0f01);
	b(wide ? 0x1d : 0x1e);
	immediate(wide ? 4 : 2, real ? IDTR_REAL : IDTR_PROTECTED);
	real_idtr = real;
	start();
}

static void set_cr0(uint32_t clear, uint32_t set)
{
	unsigned r = reg();

	bytes(3, 0x0f20c0 | r);
	start();
	if (clear) {
		operand_size(4);
		bytes(2, 0x81e0 | r);
		d(~clear);
	}
	if (set) {
		operand_size(4);
		bytes(2, 0x81c8 | r);
		d(set);
	}
	if (chance(20)) {
		start();
		b(0x90);
	}
	start();
	bytes(3, 0x0f22c0 | r);
}

/* --- control, debug and x87 registers, ports --- */

static void x87(void)
{
	static const uint16_t plain[] = {0xd9e8, 0xd9ee, 0xd9eb, 0xdec1, 0xdec9, 0xd9e0, 0xd9e1, 0xd9c9, 0xdfe0,
					 0xdbe2, 0xdbe3, 0xd9d0, 0xd9e5};
	/* opcode, ModRM.reg: loads and stores, none of which sets the control word */
	static const uint8_t memory_form[][2] = {{0xd9, 0}, {0xdd, 0}, {0xdf, 0}, {0xdb, 0}, {0xd9, 3}, {0xdd, 3},
						 {0xdf, 3}, {0xdb, 3}, {0xd9, 7}, {0xdd, 7}, {0xd8, 0}, {0xdb, 5},
						 {0xdb, 7}};
	unsigned n;

	if (chance(15)) {
		b(0x9b); /* WAIT */
	} else if (chance(50)) {
		bytes(2, plain[below(sizeof(plain) / 2)]);
	} else if (chance(20)) { /* MMX: MOVD, PADDB */
		bytes(2, chance(50) ? 0x0f6e : 0x0ffc);
		b(0xc0 | below(64));
	} else {
		n = below(sizeof(memory_form) / 2);
		prefixes(1);
		b(memory_form[n][0]);
		memory(memory_form[n][1]);
	}
}

static void debug_register(void)
{
	unsigned n = below(4), r = reg();
	uint32_t kind;

	switch (below(4)) {
	case 0:
		bytes(3, 0x0f21c0 | (n < 2 ? n : n + 4) << 3 | r); /* from DR0, 1, 6, 7 */
		break;
	case 1:
		mov_imm(r, 4, chance(50) ? 0 : 0x400 | (rnd() & 0x2300));
		start();
		bytes(3, 0x0f23c0 | 7 << 3 | r);
		break;
	default:
		mov_imm(r, 4, chance(80) ? 0x18000 + near_offset() : 0x10000 + PROGRAM_OFFSET + length + below(40));
		start();
		bytes(3, 0x0f23c0 | n << 3 | r);
		start();
		kind = chance(85) ? 1 + 2 * below(2) + 4 * below(4) : 0; /* R/W and LEN */
		mov_imm(r, 4, 0x400 | (1 + below(3)) << 2 * n | (rnd() & 0x300) | kind << (16 + 4 * n));
		start();
		bytes(3, 0x0f23c0 | 7 << 3 | r);
	}
}

static void set_cr0(uint32_t clear, uint32_t set);

static void control(void)
{
	static const uint32_t cr0[] = {2, 4, 8, 6, 0x20, 0x10000, 0x40000, 0xa};
	static const uint16_t cr4[] = {0, 4, 8, 0x10, 0x80, 0x200, 0x600, 0x18};
	unsigned r = reg();

	switch (below(8)) {
	case 0:
	case 1:
		if (chance(50))
			set_cr0(0, cr0[below(8)]);
		else
			set_cr0(cr0[below(8)], 0);
		break;
	case 2:
		bytes(2, 0x0f06); /* CLTS */
		break;
	case 3:
		if (paging) /* PAE is CR4's, too */
			break;
		mov_imm(r, 4, cr4[below(8)]);
		start();
		bytes(3, 0x0f22e0 | r);
		break;
	case 4:
		bytes(3, 0x0f20e0 | r);
		break;
	case 5: /* SGDT, SIDT, INVLPG */
		prefixes(1);
		bytes(2, 0x0f01);
		memory((uint8_t[]){0, 1, 7}[below(3)]);
		break;
	case 6: /* LMSW: never PE */
		if (state == REAL || state == LEFT_STALE)
			mov_imm(r, 2, below(8) << 1);
		else
			mov_imm(r, 2, below(16));
		start();
		bytes(3, 0x0f01f0 | r);
		break;
	default: /* WBINVD, LGDT */
		if (chance(50)) {
			bytes(2, 0x0f09);
			break;
		}
		b(0x65);
		operand_size(4);
		bytes(2, 0x0f01);
		b(wide ? 0x15 : 0x16);
		immediate(wide ? 4 : 2, GDTR);
	}
}

/* Ports that answer the same wherever it runs. */
static void port(void)
{
	unsigned size = 1 << below(3);

	switch (below(4)) {
	case 0:
		if (size > 1)
			operand_size(size);
		b(0xe6 | (size > 1));
		b(0x80);
		break;
	case 1:
		b(0xe4);
		b(0x21);
		break;
	case 2:
		mov_imm(2, 2, 0x80);
		start();
		if (size > 1)
			operand_size(size);
		b(0xee | (size > 1));
		break;
	default: /* REP OUTS, INSB of the interrupt mask */
		mov_imm(6, wide ? 4 : 2, near_offset());
		mov_imm(7, wide ? 4 : 2, near_offset());
		mov_imm(1, wide ? 4 : 2, below(20));
		mov_imm(2, 2, 0x80);
		start();
		if (chance(50)) {
			segment_override();
			if (size > 1)
				operand_size(size);
			b(0xf3);
			b(0x6e | (size > 1));
		} else {
			mov_imm(2, 2, 0x21);
			start();
			b(0xf3);
			b(0x6c);
		}
	}
}

static void plain(void);

static void some(unsigned most)
{
	for (unsigned n = below(most + 1); n-- && length < MOST_CODE - 100 && count < MOST_STARTS - 20;)
		plain();
}

static void load_cr3(void)
{
	bool pae = chance(40);

	mov_imm(0, 4, PAGES + (pae ? 0x1000 : 0));
	bytes(3, 0x0f22d8);
	start();
	mov_imm(0, 4, pae ? 0x20 : 0x10);
	bytes(3, 0x0f22e0);
	start();
}

static void enter(void)
{
	uint32_t bits = 1;

	b(0xfa);
	start();
	lidt(false);
	if (chance(10)) {
		load_cr3();
		bits |= 0x80000000;
		paging = true;
	}
	if (bits == 1 && chance(20)) {
		mov_imm(3, 2, 1);
		start();
		bytes(3, 0x0f01f3); /* LMSW BX */
	} else {
		set_cr0(0, bits);
	}
	state = WINDOW;
}

/* To the next instruction, by way of each loader of CS. */
static void far_jump(uint16_t cs, bool cs_wide)
{
	unsigned size = wide ? 4 : 2, at, form = below(4);

	if (form == 3 && state == LEFT_STALE)
		form = 0;
	switch (form) {
	case 0:
	case 1:
		size = chance(30) ? 6 - size : size;
		operand_size(size);
		b(0xea);
		immediate(size, PROGRAM_OFFSET + length + size + 2);
		w(cs);
		break;
	case 2: /* RETF */
		b(0x68);
		immediate(size, cs);
		start();
		b(0x68);
		at = length;
		immediate(size, 0);
		start();
		b(0xcb);
		w(0); /* the offset is patched below */
		length -= 2;
		code[at] = PROGRAM_OFFSET + length;
		code[at + 1] = (PROGRAM_OFFSET + length) >> 8;
		break;
	default: /* IRET */
		b(0x68);
		immediate(size, 0x3002 | (rnd() & 0xcd5));
		start();
		b(0x68);
		immediate(size, cs);
		start();
		b(0x68);
		at = length;
		immediate(size, 0);
		start();
		b(0xcf);
		code[at] = PROGRAM_OFFSET + length;
		code[at + 1] = (PROGRAM_OFFSET + length) >> 8;
	}
	new_width |= wide != cs_wide;
	wide = cs_wide;
}

static void to_protected(void)
{
	static const struct {
		uint16_t selector;
		bool wide;
	} cs[] = {{0x18, 0}, {0x28, 1}, {0x68, 0}, {0x80, 0}, {0x88, 0}, {0xa0, 1},
		  {0x1000, 0}, {0x1000, 0}, {0x28, 1}, {0x18, 0}};
	unsigned n = below(10);

	if (chance(5)) { /* not a code segment */
		b(0xea);
		immediate(wide ? 4 : 2, PROGRAM_OFFSET);
		w((uint16_t[]){0x38, 0x60, 0, 0x2000}[below(4)]);
		start();
	}
	far_jump(cs[n].selector, cs[n].wide);
	code_type = true;
	state = PROTECTED;
}

static void leave(void)
{
	uint32_t bits = 1;

	b(0xfa);
	start();
	if (paging) {
		if (chance(50))
			set_cr0(0x80000000, 0);
		else
			bits |= 0x80000000;
		start();
	}
	if (wide || chance(30))
		lidt(true);
	set_cr0(bits, 0);
	paging = false;
	state = LEFT_STALE;
}

static void to_real(void)
{
	far_jump(PROGRAM_SEGMENT, wide);
	start();
	state = REAL;
	code_type = false;
	if (!real_idtr)
		lidt(true);
}

static void plain(void)
{
	unsigned n = below(100);

	start();
	if (chance(6)) {
		switch (below(3)) {
		case 0:
			x87();
			return;
		case 1:
			debug_register();
			return;
		default:
			control();
			return;
		}
	}
	if (n < 25)
		arithmetic();
	else if (n < 42)
		move();
	else if (n < 54)
		odd_ones();
	else if (n < 62)
		string();
	else if (n < 73)
		stack();
	else if (n < 77)
		flags();
	else if (n < 82)
		jump();
	else if (n < 86)
		trouble();
	else if (n < 87)
		port();
	else if (n < 97)
		load_segment();
	else
		load_stack();
}

void generate(void)
{
	unsigned transitions = 2 + below(7);

	length = count = 0;
	state = REAL;
	wide = paging = new_width = false;
	real_idtr = true;
	code_type = false;
	some(6);
	while (transitions-- && length < MOST_CODE - 200 && count < MOST_STARTS - 60) {
		start();
		switch (state) {
		case REAL:
			enter();
			some(4);
			break;
		case WINDOW:
			if (chance(85))
				to_protected();
			else
				leave();
			some(6);
			break;
		case PROTECTED:
			if (chance(20)) {
				to_protected();
			} else if (chance(15) && !paging) {
				load_cr3();
				set_cr0(0, 0x80000000);
				paging = true;
			} else {
				leave();
			}
			some(4);
			break;
		case LEFT_STALE:
			if (chance(80))
				to_real();
			else
				enter();
			some(8);
			break;
		}
	}
	/* IDTR must fit the mode, or the end is not seen */
	start();
	b(0x65);
	operand_size(4);
	bytes(2, 0x0f01);
	b(wide ? 0x1d : 0x1e);
	immediate(wide ? 4 : 2, state == REAL || state == LEFT_STALE ? IDTR_REAL : IDTR_PROTECTED);
	start();
	for (unsigned n = 0; n < 8; n++)
		w(END_VECTOR << 8 | 0xcd);
}

