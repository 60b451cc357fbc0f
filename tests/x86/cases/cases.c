/* SPDX-License-Identifier: MIT
 *
 * Single instructions with random operands in real mode, virtual-8086 mode and protected mode at
 * privilege 3, one line of digests a form: vector, error code, registers, defined flags, memory.
 * The same image runs in the interpreter on the build machine (machine.c), on Bochs natively and
 * under vmxassist; all three must print the same. With RARE defined: the forms of rare.h alone, and more of them.
 */
#include <stdbool.h>
#include <stdint.h>
#include "tests/x86/cases/cases.h"
#include "tests/x86/rare.h"
#include "tests/x86/tables.h"
#include "tests/x86/undefined.h"

#ifdef RARE
#define CASES RARE_CASES
#elif !defined(CASES)
#define CASES 8 /* a form and mode */
#endif

enum {
	IDT = 0x10000,
	TSS = 0x10800,
	TSS_NEXT = 0x10900, /* 32-bit */
	TSS_OLD = 0x10a00,  /* 16-bit */
	STACK0 = 0x12000,
	CODE = 0x20000,
	MEM = 0x40000, /* every data and stack segment */
	COPY = 0x50000,
	IVT_COPY = 0x60000,
	PART = 0x400, /* at each end of MEM, what is looked at */
};

/* Selectors: entry.S has the first. */
enum {
	DATA32 = 0x10,
	TSS_SEL = 0x28,
	CODE16_3 = 0x30,
	CODE32_3 = 0x38,
	DATA16_3 = 0x40,
	DATA32_3 = 0x48,
	DOWN = 0x50,
	READ_ONLY = 0x58,
	SMALL = 0x60,
	EXECUTE_ONLY = 0x68,
	ABSENT = 0x70,
	CONFORMING = 0x78,
	DATA_0 = 0x80,
	CODE32_0 = 0x88,
	GATE32 = 0x90,
	GATE16 = 0x98,
	TSS_NEXT_SEL = 0xa0,
	TSS_OLD_SEL = 0xa8,
	TASK = 0xb0,
	CODE_ABSENT = 0xb8,
	CODE16_0 = 0xc0,
};

enum { REAL, VM86, VM86_IOPL0, P16, P32, MODES };
static const char mode_letter[MODES] = "rvwpq";

/* --- what a form looks like --- */

enum {
	M = 1 << 0, /* ModRM */
	IB = 1 << 1,
	IW = 1 << 2,
	IZ = 1 << 3, /* by operand size */
	FAR = 1 << 4,
	OFFSET = 1 << 5, /* by address size */
	G = 1 << 6,	 /* a group: eight forms */
	REP = 1 << 7,
	OUTER = 1 << 8,	  /* not in real mode, where it would act */
	SS_LOAD = 1 << 9, /* not in real mode: the traps' frames would go anywhere */
};

static const struct {
	uint16_t first, last, what;
} rows[] = {
    {0x27,  0x27,	 0		  },
    {0x2f,  0x2f,	 0		  },
    {0x37,  0x37,	 0		  },
    {0x3f,  0x3f,	 0		  },
    {0x06,  0x07,	 0		  },
    {0x0e,  0x0e,	 0		  },
    {0x16,  0x16,	 0		  },
    {0x17,  0x17,	 SS_LOAD	},
    {0x1e,  0x1f,	 0		  },
    {0x40,  0x61,	 0		  },
    {0x62,  0x63,	 M		  },
    {0x68,  0x68,	 IZ		   },
    {0x69,  0x69,	 M | IZ	       },
    {0x6a,  0x6a,	 IB		   },
    {0x6b,  0x6b,	 M | IB	       },
    {0x6c,  0x6f,	 REP | OUTER    },
    {0x70,  0x7f,	 IB		   },
    {0x80,  0x80,	 M | IB | G	   },
    {0x81,  0x81,	 M | IZ | G	   },
    {0x82,  0x83,	 M | IB | G	   },
    {0x84,  0x8d,	 M		  },
    {0x8e,  0x8e,	 M | G | SS_LOAD},
    {0x8f,  0x8f,	 M | G	      },
    {0x90,  0x99,	 0		  },
    {0x9a,  0x9a,	 FAR	    },
    {0x9c,  0x9f,	 0		  },
    {0xa0,  0xa3,	 OFFSET	       },
    {0xa4,  0xa7,	 REP	    },
    {0xa8,  0xa8,	 IB		   },
    {0xa9,  0xa9,	 IZ		   },
    {0xaa,  0xaf,	 REP	    },
    {0xb0,  0xb7,	 IB		   },
    {0xb8,  0xbf,	 IZ		   },
    {0xc0,  0xc1,	 M | IB | G	   },
    {0xc2,  0xc2,	 IW		   },
    {0xc3,  0xc3,	 0		  },
    {0xc4,  0xc5,	 M		  },
    {0xc6,  0xc6,	 M | IB | G	   },
    {0xc7,  0xc7,	 M | IZ | G	   },
    {0xc8,  0xc8,	 IW | IB	},
    {0xc9,  0xc9,	 0		  },
    {0xca,  0xca,	 IW		   },
    {0xcb,  0xcc,	 0		  },
    {0xcd,  0xcd,	 IB		   },
    {0xce,  0xcf,	 0		  },
    {0xd0,  0xd3,	 M | G	      },
    {0xd4,  0xd5,	 IB		   },
    {0xd6,  0xd7,	 0		  },
    {0xe0,  0xe3,	 IB		   },
    {0xe4,  0xe7,	 IB | OUTER	   },
    {0xe8,  0xe9,	 IZ		   },
    {0xea,  0xea,	 FAR	    },
    {0xeb,  0xeb,	 IB		   },
    {0xec,  0xef,	 OUTER	      },
    {0xf1,  0xf1,	 0		  },
    {0xf4,  0xf4,	 OUTER	      },
    {0xf5,  0xf5,	 0		  },
    {0xf6,  0xf7,	 M | G	      },
    {0xf8,  0xfd,	 0		  },
    {0xfe,  0xff,	 M | G	      },
    {0x100, 0x101, M | G | OUTER	},
    {0x102, 0x103, M		    },
    {0x106, 0x106, OUTER		},
    {0x108, 0x109, OUTER		},
    {0x10b, 0x10b, 0		    },
    {0x10d, 0x10d, M		    },
    {0x118, 0x118, M		    },
    {0x11f, 0x11f, M		    },
    {0x120, 0x123, M | OUTER	    },
    {0x130, 0x130, OUTER		},
    {0x132, 0x133, OUTER		},
    {0x135, 0x135, OUTER		},
    {0x140, 0x14f, M		    },
    {0x180, 0x18f, IZ	     },
    {0x190, 0x19f, M		    },
    {0x1a0, 0x1a1, 0		    },
    {0x1a3, 0x1a3, M		    },
    {0x1a4, 0x1a4, M | IB	 },
    {0x1a5, 0x1a5, M		    },
    {0x1a8, 0x1aa, 0		    },
    {0x1ab, 0x1ab, M		    },
    {0x1ac, 0x1ac, M | IB	 },
    {0x1ad, 0x1ad, M		    },
    {0x1af, 0x1b1, M		    },
    {0x1b2, 0x1b2, M | SS_LOAD    },
    {0x1b3, 0x1b7, M		    },
    {0x1b9, 0x1b9, M		    },
    {0x1ba, 0x1ba, M | IB | G     },
    {0x1bb, 0x1bf, M		    },
    {0x1c0, 0x1c1, M		    },
    {0x1c7, 0x1c7, M | G		},
    {0x1c8, 0x1cf, 0		    },
};

/* What tells of the processor, or of who runs it; and what is not asked for. */
static bool skipped(unsigned row, int reg)
{
#ifdef RARE
	if (!is_rare(row, reg))
		return true;
#endif
	return (row == 0x100 && reg < 2) || (row == 0x101 && (reg < 2 || reg == 4 || reg == 5)) ||
	       (row == 0x1c7 && reg != 1);
}

/* --- chance --- */

static uint32_t seed;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static uint32_t operand(void)
{
	static const uint32_t edge[8] = {0, 1, 0x80, 0xff, 0x7fff, 0x8000, 0x80000000, 0xffffffff};
	uint32_t r = rnd();

	switch (r >> 8 & 7) {
	case 0:
		return edge[r & 7];
	case 1:
		return r * 0x9e3779b1u;
	case 2:
		return 0xfff0 + (r & 15);
	case 3:
		return (r & 0xffff0000) | (r >> 3 & 0x3ff);
	default:
		return r & 0x3ff;
	}
}

static uint16_t some_selector(void)
{
	uint32_t r = rnd(), entry = 6 + (r >> 8) % 22;

	/* Task switches leave a guest of visor's that has real mode of its own: vectors.c. */
	if (entry >= TSS_NEXT_SEL / 8 && entry <= TASK / 8)
		entry = CODE16_0 / 8;
	return entry << 3 | (r & 1 ? 3 : r >> 1 & 3);
}

/* --- the world --- */

static void copy(uint32_t to, uint32_t from, uint32_t bytes)
{
	uint32_t n = bytes / 4;

	asm volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static void make_gdt(void)
{
	gdt[TSS_SEL / 8] = descriptor(TSS, 0x67, 0x89);
	gdt[CODE16_3 / 8] = descriptor(CODE, 0xffff, 0x00fb);
	gdt[CODE32_3 / 8] = descriptor(CODE, 0xffff, 0x40fb);
	gdt[DATA16_3 / 8] = descriptor(MEM, 0xffff, 0x00f3);
	gdt[DATA32_3 / 8] = descriptor(MEM, 0xffff, 0x40f3);
	gdt[DOWN / 8] = descriptor(MEM, 0x1ff, 0x00f7);
	gdt[READ_ONLY / 8] = descriptor(MEM, 0xffff, 0x00f0);
	gdt[SMALL / 8] = descriptor(MEM, 0x2ff, 0x40f2);
	gdt[EXECUTE_ONLY / 8] = descriptor(CODE, 0xffff, 0x00f9);
	gdt[ABSENT / 8] = descriptor(MEM, 0xffff, 0x0073);
	gdt[CONFORMING / 8] = descriptor(CODE, 0xffff, 0x009f);
	gdt[DATA_0 / 8] = descriptor(MEM, 0xffff, 0x0093);
	gdt[CODE32_0 / 8] = descriptor(CODE, 0xffff, 0x409b);
	gdt[GATE32 / 8] = gate(CODE32_0, 0x3000, 0xec, 2);
	gdt[GATE16 / 8] = gate(CODE16_0, 0x3000, 0xe4, 1);
	gdt[TSS_NEXT_SEL / 8] = descriptor(TSS_NEXT, 0x67, 0xe9);
	gdt[TSS_OLD_SEL / 8] = descriptor(TSS_OLD, 0x2b, 0xe1);
	gdt[TASK / 8] = gate(TSS_NEXT_SEL, 0, 0xe5, 0);
	gdt[CODE_ABSENT / 8] = descriptor(CODE, 0xffff, 0x007b);
	gdt[CODE16_0 / 8] = descriptor(CODE, 0xffff, 0x009b);
	asm volatile("ltr %w0" : : "r"(TSS_SEL));
}

static void make_tasks(void)
{
	static const uint16_t selectors[6] = {
	    DATA16_3 | 3, CODE16_3 | 3, DATA16_3 | 3, DATA16_3 | 3, 0, SMALL | 3};
	unsigned n;

	for (n = 0; n < 0x300; n += 4)
		put32(TSS + n, 0);
	for (n = 0; n < 2; n++) {
		put32(TSS + 0x100 * n + 4, STACK0);
		put16(TSS + 0x100 * n + 8, DATA32);
		put16(TSS + 0x100 * n + 0x66, 0x68);
	}
	put32(TSS_NEXT + 0x20, 0x4000);
	put32(TSS_NEXT + 0x24, 0x0002);
	put16(TSS_OLD + 2, STACK0 & 0xffff); /* never used: its stacks are 16-bit pointers */
	put16(TSS_OLD + 4, DATA32);
	put16(TSS_OLD + 0x0e, 0x5000);
	put16(TSS_OLD + 0x10, 0x0002);
	for (n = 0; n < 8; n++) {
		put32(TSS_NEXT + 0x28 + 4 * n, 0x200 + n);
		put16(TSS_OLD + 0x12 + 2 * n, 0x300 + n);
	}
	for (n = 0; n < 6; n++)
		put16(TSS_NEXT + 0x48 + 4 * n, selectors[n]);
	for (n = 0; n < 4; n++)
		put16(TSS_OLD + 0x22 + 2 * n, selectors[n]);
}

/* --- one case --- */

static uint32_t digest;

static void add(uint32_t v)
{
	digest = (digest ^ v) * 0x01000193;
	digest ^= digest >> 15;
}

struct insn {
	uint8_t bytes[24];
	unsigned length, count, bits, reg;
	bool o32, a32;
};

static void emit(struct insn *i, uint32_t v, unsigned size)
{
	while (size--) {
		i->bytes[i->length++] = v;
		v >>= 8;
	}
}

static void emit_modrm(struct insn *i, unsigned reg, bool keep_sp)
{
	unsigned mod = rnd() & 3, rm = rnd() & 7, sib = rnd() & 0xff;
	uint32_t displacement = operand();

	/* in real mode the trap needs the stack where it is */
	if (keep_sp && mod == 3 && rm == 4)
		rm = 5;
	emit(i, mod << 6 | reg << 3 | rm, 1);
	if (mod == 3)
		return;
	if (!i->a32) {
		if (mod == 1)
			emit(i, displacement, 1);
		else if (mod == 2 || rm == 6)
			emit(i, displacement, 2);
		return;
	}
	if (rm == 4) {
		emit(i, sib, 1);
		rm = sib & 7;
	}
	if (mod == 1)
		emit(i, displacement, 1);
	else if (mod == 2 || rm == 5)
		emit(i, displacement, 4);
}

static void make(struct insn *i, unsigned row, int member, unsigned what, unsigned mode)
{
	static const uint8_t segments[5] = {0x26, 0x36, 0x3e, 0x64, 0x65};
	unsigned prefixes = rnd() & 3, reg = member >= 0 ? (unsigned)member : rnd() & 7;

	uint32_t v;
	bool branch = (row >= 0x70 && row < 0x80) || (row >= 0xe0 && row <= 0xe3) || row == 0xe8 ||
		      row == 0xe9 || row == 0xeb || (row >= 0x180 && row < 0x190);

	if (mode == REAL && member < 0 && reg == 4)
		reg = 5;
	i->reg = reg;
	i->length = 0;
	i->o32 = i->a32 = mode == P32;
	while (prefixes--) {
		uint32_t r = rnd();

		if ((r & 15) < 5) {
			emit(i, 0x66, 1);
			i->o32 = mode != P32;
		} else if ((r & 15) < 8) {
			emit(i, 0x67, 1);
			i->a32 = mode != P32;
		} else if ((r & 15) < 12) {
			emit(i, segments[(r >> 8) % 5], 1);
		} else if ((r & 15) == 12 && !(r & 0x300)) {
			emit(i, 0xf0, 1);
		}
	}
	if ((what & REP) && (rnd() & 1))
		emit(i, rnd() & 1 ? 0xf2 : 0xf3, 1);
	if (!(rnd() & 127)) /* too long */
		for (prefixes = rnd() & 15; prefixes-- && i->length < 14;)
			emit(i, 0x3e, 1);
	if (row >= 0x100)
		emit(i, 0x0f, 1);
	emit(i, row, 1);
	if (what & M)
		emit_modrm(i, reg, mode == REAL);
	if ((row == 0xf6 || row == 0xf7) && reg < 2)
		what |= row == 0xf6 ? IB : IZ;
	i->count = row == 0xd0 || row == 0xd1 ? 1 : before.ecx & 31;
	if (what & IW)
		emit(i, operand(), 2);
	if (what & IB) {
		v = rnd() >> 5 & 0xff;
		if (branch && v >= 0xf0) /* not into itself: it may not end */
			v -= 0x20;
		if (row == 0xcd && (v == 8 || (v >= 10 && v <= 14) || v == 17))
			v += 0x20; /* the stubs take these for exceptions */
		emit(i, v, 1);
		if (row == 0xc0 || row == 0xc1 || row == 0x1a4 || row == 0x1ac)
			i->count = i->bytes[i->length - 1] & 31;
	}
	if (what & IZ) {
		v = operand();
		if (branch && (v & 0xfff0) == 0xfff0)
			v &= 0x7fff;
		emit(i, v, i->o32 ? 4 : 2);
	}
	if (what & OFFSET)
		emit(i, operand(), i->a32 ? 4 : 2);
	if (what & FAR) {
		emit(i, rnd() & 0xfff, i->o32 ? 4 : 2);
		emit(i, mode >= P16 ? some_selector() : CODE >> 4, 2);
	}
	i->bits = !(row & 1) && row < 0x100 ? 8 : i->o32 ? 32 : 16;
}

/* The stack for far returns. */
static void furnish(unsigned row, const struct insn *i, unsigned mode)
{
	uint32_t sp = before.esp & 0xffff, size = i->o32 ? 4 : 2, n = 0;
	bool protected = mode >= P16;
	uint16_t selector = !protected ? CODE >> 4 : rnd() & 1 ? CODE16_3 | 3 : some_selector();

	if (sp > 0xffc0)
		return;
	put32(MEM + sp, rnd() & 0xfff);
	put32(MEM + sp + size * ++n, selector);
	if (row == 0xcf)
		put32(MEM + sp + size * ++n, rnd() & (protected ? 0x264ed5 : 0x240cd5));
	put32(MEM + sp + size * ++n, rnd() & 0x3fe);
	put32(MEM + sp + size * ++n, rnd() & 1 ? DATA16_3 | 3 : some_selector());
}

static void run_case(unsigned row, int member, unsigned what, unsigned mode)
{
	static const uint16_t data[] = {
	    DATA16_3 | 3, DATA16_3 | 3, DATA32_3 | 3, DOWN | 3, READ_ONLY | 3,
	    SMALL | 3,	  CONFORMING,	READ_ONLY,   0,	CODE16_3 | 3};
	struct insn insn, *i = &insn;
	/* In real mode under vmxassist IOPL may show as 3: docs/assist-abi.md, what leaks. */
	uint32_t *r = &before.eax, mask = mode == REAL ? 0x274fd5 : 0x277fd5, n;
	uint16_t segment[4];
	bool no_result, vm = mode == VM86 || mode == VM86_IOPL0;

	copy(MEM, COPY, PART);
	copy(MEM + 0x10000 - PART, COPY + 0x10000 - PART, PART);
	for (n = 0; n < 8; n++)
		r[n] = operand();
	make(i, row, member, what, mode);
	if ((what & REP) && i->length > 1)
		before.ecx = (i->a32 ? 0 : before.ecx & 0xffff0000) | (rnd() & 15);
	i->count =
	    row == 0xd2 || row == 0xd3 || row == 0x1a5 || row == 0x1ad ? before.ecx & 31 : i->count;
	before.eflags = 2 | (rnd() & 0x8d5) | (rnd() & 3 ? 0 : 0x400);
	if (mode == REAL || (rnd() & 3))
		before.esp = (before.esp & 0xffff0000) | (0x40 + (rnd() & 0x3be));
	if (mode == REAL && row == 0xc9) /* there must be room for the trap */
		before.ebp = (before.ebp & 0xffff0000) | (0x40 + (before.ebp & 0x3be));
	if (mode == P32 && (rnd() & 7))
		before.esp &= 0xffff;
	for (n = 0; n < 4; n++)
		segment[n] = mode < P16 ? MEM >> 4 : data[(rnd() >> 8) % 10];
	before.es = segment[0];
	before.ds = segment[1];
	before.fs = segment[2];
	before.gs = segment[3];
	if (vm) {
		before.eflags |= 0x20000 | (mode == VM86 ? 0x3000 : 0);
		before.cs = CODE >> 4;
		before.ss = MEM >> 4;
	} else {
		before.cs = mode == P32 ? CODE32_3 | 3 : CODE16_3 | 3;
		before.ss = mode == P32 ? DATA32_3 | 3 : DATA16_3 | 3;
		if (mode == REAL)
			before.ss = MEM >> 4;
	}
	before.eip = rnd() & 15 ? 0x1000 : 0x10000 - (rnd() & 15) - 1;
	/* Bochs asks for more bytes (EVEX, VEX, XOP) or fewer where it finds #UD */
	if (row == 0x62 || row == 0x8f || row == 0xc6 || row == 0xc7 || row == 0x1ba || row == 0xc4 || row == 0xc5)
		before.eip = 0x1000;
	if (row == 0xca || row == 0xcb || row == 0xcf)
		furnish(row, i, mode);
	for (n = 0; n < i->length && before.eip + n < 0x10000; n++)
		((uint8_t *)CODE)[before.eip + n] = i->bytes[n];
	if (mode >= P16) {
		make_tasks();
		make_gdt();
	}
#ifdef DETAIL
	if (row == DETAIL) {
		put('[');
		for (n = 0; n < i->length; n++)
			put_hex(i->bytes[n], 2);
		put(' ');
		for (n = 0; n < 18; n++)
			put_hex(r[n], 8), put(' ');
		put(']');
	}
#endif
	mask &= ~undefined_flags_of(row, i->reg, i->count, i->bits, &no_result);
	if (mode == REAL) {
		real_target = CODE >> 4 << 16 | (before.eip & 0xffff);
		enter_real();
		if (after.ss == MEM >> 4) /* the flags in the trap's frame */
			put16(MEM + ((after.esp - 2) & 0xffff), 0);
	} else {
		struct trap t;

		enter_protected();
		t = *trap;
		after = (struct state){t.eax, t.ecx, t.edx, t.ebx,    t.esp,   t.ebp,
				       t.esi, t.edi, t.eip, t.eflags, t.error, t.es,
				       t.cs,  t.ss,  t.ds,  t.fs,     t.gs,    t.vector};
		mask |= 0x10000;
		if (t.eflags & 0x20000) {
			after.es = t.vm_es;
			after.ds = t.vm_ds;
			after.fs = t.vm_fs;
			after.gs = t.vm_gs;
		} else if (!(t.cs & 3)) { /* it rose to privilege 0: how much is on that stack */
			after.esp = STACK0 - (uint32_t)trap;
			after.ss = 0;
		}
		asm volatile("clts");
	}
	for (n = 0; n < i->length && before.eip + n < 0x10000; n++)
		((uint8_t *)CODE)[before.eip + n] = 0xcc;
	after.eflags &= mask;
	if (no_result)
		return;
	if (mode == REAL || !(after.vector == 8 || (after.vector >= 10 && after.vector <= 14)))
		after.error = 0;
	for (n = 0; n < 18; n++) {
		uint32_t v = (&after.eax)[n];

		add(n < 11 || n == 17 ? v : v & 0xffff);
	}
	/* Bochs pushes before it finds that the target or the last frame is beyond a limit. */
	if (mode == REAL && row == 0x9c)
		return;
	if (after.vector >= 12 && (row == 0xc8 || row == 0xe8 || row == 0xff))
		return;
	for (n = 0; n < PART / 4; n++) {
		add(((uint32_t *)MEM)[n]);
		add(((uint32_t *)(MEM + 0x10000 - PART))[n]);
	}
#ifdef DETAIL
	if (row == DETAIL) {
		for (n = 0; n < 18; n++)
			put_hex((&after.eax)[n], 8), put(' ');
		put_hex(digest, 8), put('\n');
	}
#endif
}

static void run_form(unsigned row, int member, unsigned what)
{
	unsigned mode, n;

	if (skipped(row, member))
		return;
#ifdef DETAIL
	if (row != DETAIL)
		return;
#endif
	put_hex(row, 3);
	if (member >= 0) {
		put('/');
		put_hex(member, 1);
	}
	for (mode = 0; mode < MODES; mode++) {
		put(' ');
		put(mode_letter[mode]);
		put('=');
		if (mode == REAL &&
		    ((what & OUTER) || ((what & SS_LOAD) && (row != 0x8e || member == 2)))) {
			put('-');
			continue;
		}
		/* far through a random pointer */
		if (mode < P16 && row == 0xff && (member == 3 || member == 5)) {
			put('-');
			continue;
		}
		digest = 0x811c9dc5;
		seed = row * 0x9e3779b1u + member * 0x85ebca6bu + mode * 77 + 1;
		for (n = 0; n < CASES; n++)
			run_case(row, member, what, mode);
		put_hex(digest, 8);
	}
	put('\n');
}

static void run_rows(unsigned first, unsigned last, unsigned what)
{
	unsigned row, member;

	for (row = first; row <= last; row++)
		if (what & G)
			for (member = 0; member < 8; member++)
				run_form(row, member, what);
		else
			run_form(row, -1, what);
}

void run_all(void)
{
	unsigned n;

	seed = 1;
	for (n = 0; n < 0x10000; n += 4) {
		put32(CODE + n, 0xcccccccc);
		put32(COPY + n, rnd() & 3 ? operand() : some_selector() << 16 | (rnd() & 0xfff));
	}
	copy(MEM, COPY, 0x10000);
	copy(IVT_COPY, 0, 0x400);
	for (n = 0; n < 256; n++) {
		put32(4 * n, (uint32_t)real_stubs[n]);
		put32(IDT + 8 * n, 0x08 << 16 | ((uint32_t)stubs[n] & 0xffff));
		put32(IDT + 8 * n + 4, ((uint32_t)stubs[n] & 0xffff0000) | 0xee00);
	}
	make_tasks();
	make_gdt();
	for (n = 0; n < 0x40; n += 8) {
		run_rows(n, n + 3, M);
		run_rows(n + 4, n + 4, IB);
		run_rows(n + 5, n + 5, IZ);
	}
	for (n = 0; n < sizeof(rows) / sizeof(*rows); n++)
		run_rows(rows[n].first, rows[n].last, rows[n].what);
	copy(0, IVT_COPY, 0x400);
}
