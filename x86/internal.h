/* SPDX-License-Identifier: MIT
 *
 * Shared between the files of the interpreter: the instruction in flight, the opcode tables'
 * row, and the access functions for memory, segments and flags.
 *
 * Faults unwind: raise() does not return, so a handler locates and reads everything first and
 * changes the processor's state last.
 */
#ifndef X86_INTERNAL_H
#define X86_INTERNAL_H

#include <lib/control_bits.h>
#include <lib/string.h>
#include <x86/x86.h>

/* EFLAGS, SDM vol. 1, 3.4.3 */
enum {
	CF = 1 << 0,
	PF = 1 << 2,
	AF = 1 << 4,
	ZF = 1 << 6,
	SF = 1 << 7,
	TF = 1 << 8,
	IF = 1 << 9,
	DF = 1 << 10,
	OF = 1 << 11,
	IOPL = 3 << 12,
	NT = 1 << 14,
	RF = 1 << 16,
	VM = 1 << 17,
	AC = 1 << 18,
	VIF = 1 << 19,
	VIP = 1 << 20,
	ID = 1 << 21,
	ARITHMETIC = CF | PF | AF | ZF | SF | OF,
	FLAGS_FIXED = 1 << 1,
	FLAGS_KNOWN = 0x3f7fd5,
};

/* Debug registers, SDM vol. 3, 17.2 */
enum { DR6_BD = 1 << 13, DR6_BS = 1 << 14, DR6_BT = 1 << 15, DR7_GD = 1 << 13, DR7_ENABLES = 0xff };
#define DR6_ENABLED (1u << 12) /* pending debug exceptions only: SDM vol. 3, table 25-4 */

/* Exceptions, SDM vol. 3, table 6-1 */
enum {
	DE = 0,
	DB = 1,
	NMI = 2,
	BP = 3,
	OVERFLOW = 4,
	BR = 5,
	UD = 6,
	NM = 7,
	DOUBLE_FAULT = 8,
	TS = 10,
	NP = 11,
	STACK_FAULT = 12,
	GP = 13,
	PAGE_FAULT = 14,
	MF = 16,
	ALIGNMENT = 17,
};

/*
 * Operands in the notation of SDM vol. 2, appendix A.2: an addressing method and a size. The
 * methods that need ModRM come last, those that take immediate bytes before them.
 */
enum size { S_NONE, S_b, S_w, S_d, S_v, S_p, S_q, S_s, S_x = S_p, S_u = S_s };
#define KIND(method, size) ((method) << 3 | (size))
#define METHOD(kind)       ((kind) >> 3)
#define SIZE(kind)         ((kind)&7)

enum method {
	M_NONE,
	M_ACCUMULATOR,
	M_CL,
	M_DX,
	M_ONE,
	M_SEG,   /* a fixed segment register; the size field is its number */
	M_Z,     /* the register in the opcode's low three bits */
	M_X,     /* DS:rSI */
	M_Y,     /* ES:rDI */
	M_F,     /* flags */
	M_I,     /* first with immediate bytes */
	M_J,
	M_O,
	M_A,
	M_E,     /* first with ModRM */
	M_G,
	M_M,
	M_R,
	M_S,
	M_C,
	M_D,
	M_RM,    /* general register of 32 bits, or memory of the size given */
	M_P,     /* MMX register in reg */
	M_Q,     /* MMX register or memory */
	M_N,     /* MMX register in r/m */
	M_V,     /* XMM register in reg */
	M_W,     /* XMM register or memory */
	M_U,     /* XMM register in r/m */
	M_DI,    /* DS:rDI */
};

enum operand {
	None = 0,
	AL = KIND(M_ACCUMULATOR, S_b),
	AX = KIND(M_ACCUMULATOR, S_w),
	eAX = KIND(M_ACCUMULATOR, S_v),
	CL = KIND(M_CL, S_b),
	DX = KIND(M_DX, S_w),
	One = KIND(M_ONE, S_b),
	ES = KIND(M_SEG, DFW_ES),
	CS = KIND(M_SEG, DFW_CS),
	SS = KIND(M_SEG, DFW_SS),
	DS = KIND(M_SEG, DFW_DS),
	FS = KIND(M_SEG, DFW_FS),
	GS = KIND(M_SEG, DFW_GS),
	Zb = KIND(M_Z, S_b),
	Zv = KIND(M_Z, S_v),
	Zd = KIND(M_Z, S_d),
	Xb = KIND(M_X, S_b),
	Xv = KIND(M_X, S_v),
	Yb = KIND(M_Y, S_b),
	Yv = KIND(M_Y, S_v),
	Fv = KIND(M_F, S_v),
	Ib = KIND(M_I, S_b),
	Iw = KIND(M_I, S_w),
	Iz = KIND(M_I, S_v),
	Iv = KIND(M_I, S_v),
	sIb = KIND(M_I, S_s), /* a byte, sign-extended to the operand size */
	Jb = KIND(M_J, S_s),
	Jz = KIND(M_J, S_v),
	Ob = KIND(M_O, S_b),
	Ov = KIND(M_O, S_v),
	Ap = KIND(M_A, S_p),
	Eb = KIND(M_E, S_b),
	Ew = KIND(M_E, S_w),
	Ed = KIND(M_E, S_d),
	Ev = KIND(M_E, S_v),
	Gb = KIND(M_G, S_b),
	Gw = KIND(M_G, S_w),
	Gd = KIND(M_G, S_d),
	Gv = KIND(M_G, S_v),
	M = KIND(M_M, S_NONE),
	Mb = KIND(M_M, S_b),
	Mw = KIND(M_M, S_w),
	Md = KIND(M_M, S_d),
	Mv = KIND(M_M, S_v),
	Ma = KIND(M_M, S_v),
	Mp = KIND(M_M, S_p),
	Ms = KIND(M_M, S_p),
	Mq = KIND(M_M, S_q),
	Mx = KIND(M_M, S_x), /* 16 bytes, aligned */
	Mu = KIND(M_M, S_u), /* 16 bytes */
	Rd = KIND(M_R, S_d),
	Rv = KIND(M_R, S_v),
	RdMb = KIND(M_RM, S_b),
	RdMw = KIND(M_RM, S_w),
	Sw = KIND(M_S, S_w),
	Cd = KIND(M_C, S_d),
	Dd = KIND(M_D, S_d),
	P = KIND(M_P, S_NONE),
	Pd = KIND(M_P, S_d),
	Pq = KIND(M_P, S_q),
	Q = KIND(M_Q, S_NONE),
	Qd = KIND(M_Q, S_d),
	Qq = KIND(M_Q, S_q),
	Nq = KIND(M_N, S_q),
	V = KIND(M_V, S_NONE),
	Vx = KIND(M_V, S_x),
	W = KIND(M_W, S_NONE),
	Ww = KIND(M_W, S_w),
	Wd = KIND(M_W, S_d),
	Wq = KIND(M_W, S_q),
	Wx = KIND(M_W, S_x),
	Wu = KIND(M_W, S_u),
	Ux = KIND(M_U, S_x),
	DIq = KIND(M_DI, S_q),
	DIx = KIND(M_DI, S_x),
};

/* Attributes of a row. */
enum row_flags {
	HAS_MODRM = 1 << 0, /* derived from the operands, as is the next */
	HAS_IMM = 1 << 1,
	PREFIX = 1 << 2,
	GROUP = 1 << 3,  /* operand[2] is the group, operands come from its row */
	LOCK = 1 << 4,   /* LOCK is allowed with a memory operand */
	CPL0 = 1 << 5,   /* #GP(0) at any other privilege */
	PE = 1 << 6,     /* #UD in real and virtual-8086 mode */
	CHANGES = 1 << 7, /* X86_CHANGES_ALL, or with PREFIX, which none of these is: X86_CHANGES_SYSTEM */
	CONTROLS = CHANGES | PREFIX,
};

struct insn;

struct row {
	void (*run)(struct insn *i);
	uint8_t operand[3];
	uint8_t flags;
};

enum group {
	GROUP1,
	GROUP1A,
	GROUP2,
	GROUP3B,
	GROUP3V,
	GROUP4,
	GROUP5,
	GROUP6,
	GROUP7,
	GROUP8,
	GROUP9,
	GROUP11,
	GROUP15,
	GROUPS
};

extern const struct row x86_opcodes[512]; /* 0F xx from 256 on */
extern const struct row x86_groups[GROUPS][8];

/* Where an operand is: so far into struct dfw_cpu, or ... */
enum {
	AT_MEMORY = sizeof(struct dfw_cpu), /* i->seg : i->ea */
	AT_IMMEDIATE,
	AT_IMMEDIATE2,
	AT_NOTHING, /* a register where memory has to be */
};

/* The instruction in flight, in a struct x86_slot: what its bytes say, which lasts, and then what changes each
 * time. */
struct insn {
	union {
		struct x86_insn shown;
		struct {
			uint32_t low, high; /* shown.bytes */
		};
	};
	uint32_t low_mask, high_mask; /* of the bytes that are its own */
	const struct row *row;  /* of the group where the opcode names one */
	void (*run)(struct insn *i);
	const uint8_t *operand; /* the row's, or those that a group takes from its opcode */
	uint32_t displacement;
	uint32_t address_mask;
	uint32_t imm;
	uint32_t imm2;     /* ENTER's level, a far pointer's selector */
	uint16_t at[3];    /* where the operands are */
	uint8_t size[3];   /* and how long */
	uint32_t code;     /* what of CS.access_rights it was decoded for, plus 1; 0: not to be used again */
	uint8_t careful;   /* row_flags of what is to be checked before it runs */
	uint8_t seg;       /* segment of the memory operand, overrides applied */
	uint8_t opcode;
	uint8_t third;     /* opcode byte after 0F 38 and 0F 3A */
	uint8_t modrm;
	uint8_t osize;     /* operand and address size in bytes: 2 or 4 */
	uint8_t asize;
	uint8_t fixed;     /* bytes before the immediates */
	union {
		uint32_t prefixes;
		struct {
			uint8_t rep;      /* 0, F2 or F3 */
			uint8_t override; /* segment override + 1, or 0 */
			bool lock;
			bool in_memory;   /* there is a memory operand, */
		};
	};
	union {
		uint64_t addressing;
		struct {
			bool has_base;    /* with a base register, */
			bool has_index;
			bool esp_base;    /* which is ESP */
			uint8_t base, index, scale;
		};
	};

	struct x86 *x;
	struct dfw_cpu *cpu;
	const uint8_t *end; /* where the fetched bytes end, in shown.bytes */
	uint32_t eip;      /* where to go on: the next instruction, or a branch's target */
	uint32_t ea;       /* offset of the memory operand */
	uint32_t rip_high; /* where IA-32e mode's interrupts lead */
	uint32_t debug;    /* data breakpoints hit */
	uint32_t flat_size; /* x->flat_size; 0 with paging, breakpoints or EFLAGS.AC */
	union {
		uint32_t ending; /* 0: nothing special */
		struct {
			uint8_t ext;      /* EXT bit of error codes while an event is delivered */
			bool trap;        /* EFLAGS.TF before the instruction, which is here as there */
			uint8_t outcome;  /* enum x86_outcome */
			bool keep_rf : 1; /* the instruction loaded RF itself */
			bool no_trap : 1; /* no single-step trap after it */
		};
	};
	uint8_t fetch;     /* enum access of its own bytes */
};

_Static_assert(sizeof(struct insn) <= sizeof(struct x86_slot), "x86.h");
_Static_assert(offsetof(struct x86_insn, bytes) == 0 && TF == 1 << 8, "struct insn");

/* --- the processor's mode --- */

static inline bool is_protected(const struct dfw_cpu *cpu)
{
	return (cpu->cr0 & CR0_PE) && !(cpu->rflags & VM);
}

static inline bool is_vm86(const struct dfw_cpu *cpu)
{
	return (cpu->cr0 & CR0_PE) && (cpu->rflags & VM);
}

static inline unsigned dpl(uint32_t access_rights)
{
	return access_rights >> DFW_AR_DPL_SHIFT & 3;
}

/* The current privilege level is SS.DPL, SDM vol. 3, 25.4.1. */
static inline unsigned cpl(const struct dfw_cpu *cpu)
{
	if (!(cpu->cr0 & CR0_PE))
		return 0;
	return cpu->rflags & VM ? 3 : dpl(cpu->seg[DFW_SS].access_rights);
}

static inline unsigned iopl(const struct dfw_cpu *cpu)
{
	return (uint32_t)cpu->rflags >> 12 & 3;
}

/* --- faults: step.c --- */

/* False: what it ran raised a fault, and x->event tells which. */
bool x86_try(struct x86 *x, void (*run)(struct x86 *x, void *with), void *with);

#define COLD __attribute__((cold)) /* not on the usual way, and made for size */

/* With HAS_ERROR in vector where there is an error code. */
enum { HAS_ERROR = 0x100 };
COLD _Noreturn void x86_unwind(struct insn *i, unsigned vector, uint32_t error);
/* The two most often raised, in fewer bytes. */
COLD _Noreturn void x86_raise_ud(struct insn *i);
COLD _Noreturn void x86_raise_gp0(struct insn *i);
#define x86_raise(i, vector)                                                                       \
	(__builtin_constant_p(vector) && (vector) == UD ? x86_raise_ud(i) : x86_unwind(i, vector, 0))
#define x86_raise_error(i, vector, error)                                                          \
	(__builtin_constant_p(vector) && (vector) == GP && __builtin_constant_p(error) &&          \
			 (error) == 0                                                              \
		 ? x86_raise_gp0(i)                                                                \
		 : x86_unwind(i, (vector) | HAS_ERROR, error))
/* #UD where the processor would know the instruction: insn.known is false. */
COLD _Noreturn void x86_unknown(struct insn *i);

static inline uint32_t x86_flat_size(const struct x86 *x)
{
	const struct dfw_cpu *cpu = x->cpu;
	uint32_t no = ((uint32_t)cpu->cr0 & CR0_PG) | ((uint32_t)cpu->rflags & AC) |
		      (uint8_t)cpu->dr7 /* DR7_ENABLES */;

	return __builtin_expect(!no, 1) ? x->flat_size : 0;
}

static inline void x86_start(struct insn *i, struct x86 *x, uint32_t flat_size)
{
	i->x = x;
	i->cpu = x->cpu;
	i->rip_high = i->debug = 0;
	i->ending = (uint32_t)x->cpu->rflags & TF; /* i->trap */
	i->flat_size = flat_size;
}

/* --- memory: memory.c --- */

enum access {
	READ = 0,
	WRITE = 1 << 0,
	FETCH = 1 << 1,
	SYSTEM = 1 << 2, /* supervisor access whatever the CPL: descriptor tables, TSS */
	PEEK = 1 << 3,   /* leaves accessed and dirty bits and CR2 alone */
	PARTS = 1 << 4,  /* parts of it will be read, which may have to be aligned */
};

/* Where an operand is: a register or mapped memory, or guest-physical memory. */
struct place {
	void *ptr;        /* NULL: go through phys */
	uint64_t phys[2]; /* one for each page touched */
	uint16_t size;
	uint16_t first;   /* bytes in the first page, where ptr is NULL */
};

COLD uint64_t x86_walk(struct insn *i, uint64_t linear, unsigned access);

static inline uint64_t x86_physical(struct insn *i, uint64_t linear, unsigned access)
{
	if (__builtin_expect(!(i->cpu->cr0 & CR0_PG), 1))
		return linear;
	return x86_walk(i, linear, access);
}

/* Checks that len bytes at off may be accessed; the linear address. */
COLD uint32_t x86_linear(struct insn *i, unsigned seg, uint32_t off, uint32_t len, unsigned access);
COLD void x86_place(struct insn *i, struct place *p, uint64_t linear, unsigned len, unsigned access);
COLD void x86_get_bytes(struct insn *i, const struct place *p, void *dst);
COLD void x86_put_bytes(struct insn *i, const struct place *p, const void *src);
COLD void x86_read_bytes(struct insn *i, uint64_t linear, void *dst, unsigned len, unsigned access);
COLD void x86_write_bytes(struct insn *i, uint64_t linear, const void *src, unsigned len,
		      unsigned access);
COLD void x86_fetch(struct insn *i);
/* Loads cpu->pdpte from CR3; false where a reserved bit is set. */
COLD bool x86_load_pdptes(struct insn *i, uint64_t cr3, uint64_t cr4);
/* Breakpoints of DR7 that match an access, in DR6 form; rw as in DR7. */
COLD uint32_t x86_breakpoints(const struct dfw_cpu *cpu, uint32_t linear, unsigned len, unsigned rw);

COLD _Noreturn void x86_segment_fault(struct insn *i, unsigned seg);

/* Where an access of up to FLAT_MOST bytes goes, if to flat memory; NULL: anywhere else, or to address 0. */
enum { FLAT_MOST = 16 };

static inline void *flat_memory(const struct x86 *x, uint32_t flat_size, uint32_t linear)
{
	if (__builtin_expect(linear < flat_size, 1))
		return x->flat + linear;
	if (flat_size && linear - x->flat_high < x->flat_high_size && linear - x->flat_hole >= x->flat_hole_size)
		return x->flat + linear;
	return NULL;
}

/*
 * Nearly every access: through a writable data segment that expands up, to flat memory. NULL: look
 * closer.
 */
static inline __attribute__((always_inline)) void *direct(struct insn *i, unsigned seg, uint32_t off, uint32_t len)
{
	const struct dfw_segment *s = &i->cpu->seg[seg];
	const uint32_t bits = DFW_AR_UNUSABLE | DFW_AR_P | DFW_AR_S | DFW_AR_CODE | DFW_AR_EXPAND |
			      DFW_AR_WRITABLE;

	if (__builtin_expect((s->access_rights & bits) != (DFW_AR_P | DFW_AR_S | DFW_AR_WRITABLE), 0))
		return NULL;
	if (__builtin_expect(off > s->limit || s->limit - off < len - 1, 0))
		x86_segment_fault(i, seg);
	return flat_memory(i->x, i->flat_size, (uint32_t)s->base + off);
}

/* A value of 1, 2 or 4 bytes. */
static inline uint32_t get_ptr(const void *p, unsigned size)
{
	uint16_t w;
	uint32_t d;

	if (size == 4) {
		__builtin_memcpy(&d, p, 4);
		return d;
	}
	if (size == 1)
		return *(const uint8_t *)p;
	__builtin_memcpy(&w, p, 2);
	return w;
}

static inline void put_ptr(void *p, unsigned size, uint32_t value)
{
	uint16_t w = value;

	if (size == 4)
		__builtin_memcpy(p, &value, 4);
	else if (size == 1)
		*(uint8_t *)p = value;
	else
		__builtin_memcpy(p, &w, 2);
}

/* The same at a place. */
static inline uint32_t get(struct insn *i, const struct place *p)
{
	uint32_t value = 0;

	if (__builtin_expect(p->ptr != NULL, 1))
		return get_ptr(p->ptr, p->size);
	x86_get_bytes(i, p, &value);
	return value;
}

static inline void put(struct insn *i, const struct place *p, uint32_t value)
{
	if (__builtin_expect(p->ptr != NULL, 1))
		put_ptr(p->ptr, p->size, value);
	else
		x86_put_bytes(i, p, &value);
}

/* Does [off, off + len) lie within the segment? Expand-down: SDM vol. 3, 5.3. */
static inline bool in_limit(const struct dfw_segment *s, uint32_t off, uint32_t len)
{
	uint32_t last = off + (len - 1);

	if ((s->access_rights & (DFW_AR_S | DFW_AR_CODE | DFW_AR_EXPAND)) !=
	    (DFW_AR_S | DFW_AR_EXPAND))
		return last >= off && last <= s->limit;
	return off > s->limit && last >= off &&
	       ((s->access_rights & DFW_AR_DB) || last <= 0xffff);
}

/* direct(), not in line. */
__attribute__((noinline)) void *x86_direct(struct insn *i, unsigned seg, uint32_t off, unsigned len);
COLD uint32_t x86_read_closely(struct insn *i, unsigned seg, uint32_t off, unsigned len);
COLD void x86_write_closely(struct insn *i, unsigned seg, uint32_t off, unsigned len, uint32_t value);
void place_memory(struct insn *i, struct place *p, unsigned seg, uint32_t off, unsigned len,
		  unsigned access);
uint32_t read_memory(struct insn *i, unsigned seg, uint32_t off, unsigned len);
void write_memory(struct insn *i, unsigned seg, uint32_t off, unsigned len, uint32_t value);
COLD uint32_t read_system(struct insn *i, uint64_t linear, unsigned len);
COLD void write_system(struct insn *i, uint64_t linear, unsigned len, uint32_t value);

/* --- decode.c --- */

/* Decodes into i. code: 15 bytes, or NULL: x86_fetch gets them. */
void x86_decode(struct insn *i, const uint8_t *code);

/* insn.code. A segment that expands down, which LOADALL may put in CS, is never the one. */
static inline uint32_t decoded_for(const struct dfw_segment *cs)
{
	return (cs->access_rights & (DFW_AR_DB | DFW_AR_EXPAND)) + 1;
}

/*
 * The instruction at CS:RIP, where it is in its slot: what its bytes say depends on nothing but CS.D, so one that
 * was decoded before from the same bytes serves again. All 15 bytes that it could have are in the segment and in
 * flat memory in nearly every case. Else NULL; *slot and *code are where to decode it, and its bytes, if they are so.
 */
static inline __attribute__((always_inline)) struct insn *x86_find(const struct x86 *x, uint32_t flat_size,
								struct x86_slot **slot, const uint8_t **code)
{
	const struct dfw_cpu *cpu = x->cpu;
	const struct dfw_segment *cs = &cpu->seg[DFW_CS];
	uint32_t off = cpu->rip, low, high;
	struct insn *i;

	*slot = x->slots;
	*code = NULL;
	if (__builtin_expect(off <= cs->limit && cs->limit - off >= 14, 1))
		*code = flat_memory(x, flat_size, (uint32_t)cs->base + off);
	if (__builtin_expect(!*code, 0))
		return NULL;
	low = get_ptr(*code, 4);
	high = get_ptr(*code + 4, 4);
	*slot += low * 0x9e3779b1u >> 24 & x->slots_mask;
	i = (struct insn *)*slot;
	if (__builtin_expect(i->code == decoded_for(cs) && !((low ^ i->low) & i->low_mask) &&
			     !((high ^ i->high) & i->high_mask), 1))
		return i;
	return NULL;
}

/* The same, decoded where it is not. */
COLD struct insn *x86_find_or_decode(struct x86 *x, unsigned fetch);

/* --- a step: step.c --- */

/* Checks what the row says about LOCK, mode and privilege. */
COLD void x86_check_row(struct insn *i);
COLD enum x86_outcome x86_retire(struct insn *i);

/* --- operands: execute.c --- */

static inline unsigned operand_size(const struct insn *i, unsigned kind)
{
	static const uint8_t size[8] = {[S_b] = 1, [S_w] = 2, [S_d] = 4};

	return size[SIZE(kind)] ? size[SIZE(kind)] : i->osize;
}

static inline void *reg_ptr(struct dfw_cpu *cpu, unsigned n, unsigned size)
{
	return size == 1 ? (void *)&cpu->gpr[n & 3].b[n >> 2 & 1] : (void *)&cpu->gpr[n & 7];
}

static inline unsigned modrm_reg(const struct insn *i)
{
	return i->modrm >> 3 & 7;
}

static inline bool is_memory(const struct insn *i)
{
	return i->modrm < 0xc0;
}

static inline bool operand_size_prefix(const struct insn *i)
{
	return i->osize != (i->cpu->seg[DFW_CS].access_rights & DFW_AR_DB ? 4 : 2);
}

/* Finds operand n for READ or WRITE (reading and writing it needs WRITE). */
COLD void x86_operand(struct insn *i, struct place *p, unsigned n, unsigned access);
uint32_t x86_load(struct insn *i, unsigned n);
void x86_store(struct insn *i, unsigned n, uint32_t value);

/* --- stack --- */

static inline uint32_t stack_mask(const struct dfw_cpu *cpu)
{
	return cpu->seg[DFW_SS].access_rights & DFW_AR_DB ? 0xffffffffu : 0xffff;
}

/* A stack pointer on its way: changed by push and pop, made ESP by commit_stack. */
static inline uint32_t get_stack(const struct dfw_cpu *cpu)
{
	return cpu->gpr[DFW_RSP].d & stack_mask(cpu);
}

static inline void commit_stack(struct dfw_cpu *cpu, uint32_t sp)
{
	if (stack_mask(cpu) == 0xffff)
		cpu->gpr[DFW_RSP].w = sp;
	else
		cpu->gpr[DFW_RSP].d = sp;
}

/* In execute.c. */
void push(struct insn *i, uint32_t *sp, unsigned size, uint32_t value);
uint32_t pop(struct insn *i, uint32_t *sp, unsigned size);

/* --- flags --- */

static inline void set_flags(struct dfw_cpu *cpu, uint32_t mask, uint32_t value)
{
	uint32_t low = ((uint32_t)cpu->rflags & ~mask) | (value & mask);

	__builtin_memcpy(&cpu->rflags, &low, 4); /* in -m32 code a third of the work */
}

static inline uint32_t size_mask(unsigned size)
{
	return size == 4 ? 0xffffffffu : size == 2 ? 0xffff : 0xff;
}

static inline uint32_t sign_bit(unsigned size)
{
	return 1u << (size * 8 - 1);
}

static inline int32_t sign_extend(uint32_t value, unsigned size)
{
	return size == 1 ? (int8_t)value : size == 2 ? (int16_t)value : (int32_t)value;
}

/* SF, ZF and PF of a result; in integer.c. */
uint32_t result_flags(uint32_t r, unsigned size);
/* All six of a - b = r. */
uint32_t sub_flags(uint32_t a, uint32_t b, uint32_t r, unsigned size);

/* --- segments: segment.c --- */

struct descriptor {
	uint32_t low, high;
	uint32_t address; /* linear, of its first byte */
};

/* Reads the descriptor of a selector; past the table's end: `vector` with the selector. */
void x86_read_descriptor(struct insn *i, uint16_t selector, struct descriptor *d, unsigned vector);
void x86_unpack(const struct descriptor *d, uint16_t selector, struct dfw_segment *s);
void x86_set_accessed(struct insn *i, struct descriptor *d);
/* Checks and fills *s as MOV Sreg would; the caller stores it when nothing can fault any more. */
void x86_check_segment(struct insn *i, unsigned n, uint16_t selector, struct dfw_segment *s);
void x86_load_segment(struct insn *i, unsigned n, uint16_t selector);
/* The same for a stack segment of privilege `level`; faults as `vector` with the selector. */
void x86_check_stack(struct insn *i, uint16_t selector, unsigned level, unsigned vector,
		     struct dfw_segment *s);
void x86_real_segment(const struct dfw_cpu *cpu, unsigned n, uint16_t selector,
		      struct dfw_segment *s);

static inline uint32_t descriptor_ar(const struct descriptor *d)
{
	return d->high >> 8 & 0xf0ff;
}

/* --- transfers: transfer.c, task.c --- */

/* Delivers an interrupt; i->eip is the return address. */
void x86_interrupt(struct insn *i, unsigned vector, enum x86_event_kind kind, bool has_error,
		   uint32_t error);
void x86_near_branch(struct insn *i, uint32_t target);

enum task_source { TASK_JMP, TASK_CALL, TASK_IRET, TASK_GATE };
/* Leaves the new EIP in i->eip. flags: what the old task's TSS gets. */
void x86_switch_task(struct insn *i, uint16_t selector, unsigned source, uint32_t flags, bool has_error,
		     uint32_t error);
/* SS:ESP of a privilege level from the current TSS. */
void x86_tss_stack(struct insn *i, unsigned level, uint16_t *ss, uint32_t *esp);

/* --- system: system.c --- */

void x86_check_io(struct insn *i, uint16_t port, unsigned size);
void x86_io_breakpoints(struct insn *i, uint16_t port, unsigned size);
/* The flags that POPF of this operand size may change at the current privilege. */
uint32_t x86_popf_mask(const struct dfw_cpu *cpu, unsigned size);
/* A bit of the current TSS's I/O map, `at` bits from `before` bytes ahead of its base; true where
 * it lies beyond the limit. */
bool x86_io_map_bit(struct insn *i, uint32_t at, unsigned count, unsigned before);
void x86_control_written(struct insn *i, unsigned n);
void x86_invpcid(struct insn *i);
/* IA32_TSC_AUX; #UD without the feature. */
uint32_t x86_processor_id(struct insn *i, unsigned feature);

/* --- the x87/SSE unit: fpu.c --- */

/* SDM vol. 2, CPUID: 32 * word of x86.features + bit */
enum feature {
	F_VME = 1,
	F_DE = 2,
	F_PSE = 3,
	F_TSC = 4,
	F_PAE = 6,
	F_MCE = 7,
	F_PGE = 13,
	F_PSE36 = 17,
	F_CLFSH = 19,
	F_MMX = 23,
	F_FXSR = 24,
	F_SSE = 25,
	F_SSE2 = 26,
	F_SSE3 = 32 + 0, /* leaf 1, ECX */
	F_PCLMUL = 32 + 1,
	F_MONITOR = 32 + 3,
	F_VMX = 32 + 5,
	F_SMX = 32 + 6,
	F_SSSE3 = 32 + 9,
	F_PCID = 32 + 17,
	F_SSE41 = 32 + 19,
	F_SSE42 = 32 + 20,
	F_MOVBE = 32 + 22,
	F_POPCNT = 32 + 23,
	F_AES = 32 + 25,
	F_XSAVE = 32 + 26,
	F_AVX = 32 + 28,
	F_RDRAND = 32 + 30,
	F_FSGSBASE = 64 + 0, /* leaf 7, EBX */
	F_BMI1 = 64 + 3,
	F_SMEP = 64 + 7,
	F_INVPCID = 64 + 10,
	F_RTM = 64 + 11,
	F_RDSEED = 64 + 18,
	F_ADX = 64 + 19,
	F_SMAP = 64 + 20,
	F_CLFLUSHOPT = 64 + 23,
	F_CLWB = 64 + 24,
	F_SHA = 64 + 29,
	F_UMIP = 96 + 2, /* leaf 7, ECX */
	F_PKU = 96 + 3,
	F_CET_SS = 96 + 7,
	F_GFNI = 96 + 8,
	F_LA57 = 96 + 16,
	F_RDPID = 96 + 22,
	F_KL = 96 + 23,
	F_MOVDIRI = 96 + 27,
	F_PKS = 96 + 31,
	F_LZCNT = 128 + 5, /* leaf 80000001h, ECX */
	F_SSE4A = 128 + 6,
	F_SYSCALL = 160 + 11, /* leaf 80000001h, EDX; outside 64-bit mode only AMD sets it */
	F_PAGE1GB = 160 + 26,
	F_RDTSCP = 160 + 27,
	F_3DNOW = 160 + 31,
};

/* A word of x86.features, by the order above; the last is leaf 80000008h, EAX. */
enum { EXTENDED_EDX = 5, WIDTHS = 6 };
uint32_t x86_features(struct insn *i, unsigned which);
bool x86_feature(struct insn *i, unsigned feature);
/* Runs an instruction whose operands are EAX, ECX, EDX and the flags. */
void x86_run_implied(struct insn *i, struct x86_unit *u);

enum { MSR_STAR = 0xc0000081, MSR_TSC_AUX = 0xc0000103 };

/* Handlers, named by the tables. */
#define HANDLER(name) void x86_op_##name(struct insn *i)
#define I(opcode, name, handler, ...) HANDLER(handler);
#define G(group, reg, name, handler, ...) HANDLER(handler);
#include "opcodes.def"
#undef I
#undef G
HANDLER(bsf);
HANDLER(bsr);
HANDLER(loadall286);

#endif
