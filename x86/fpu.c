/* SPDX-License-Identifier: MIT
 *
 * x87, MMX, SSE and the later integer instructions. No arithmetic here: the checks are made and the
 * operands fetched in software, then ops->fpu runs the instruction, rewritten so that its memory
 * operand is [EDI] and its general registers are EAX and ECX, on the real unit.
 */
#include "internal.h"

enum { XM = 19 };

/* --- features, SDM vol. 2, CPUID --- */

uint32_t x86_features(struct insn *i, unsigned which)
{
	/* where x->features come from: leaf and register, in the order of enum feature's words */
	static const struct {
		uint32_t leaf;
		uint8_t reg;
	} word[] = {{1, 3}, {1, 2}, {7, 1}, {7, 2}, {0x80000001, 2}, {0x80000001, 3}, {0x80000008, 0}};
	struct x86 *x = i->x;
	unsigned n;

	_Static_assert(sizeof(word) / sizeof(*word) == sizeof(x->features) / 4, "x86.h");
	for (n = 0; !x->features_known && n < sizeof(word) / sizeof(*word); n++) {
		uint32_t regs[4] = {word[n].leaf & 0x80000000}, last;

		x->ops->cpuid(x->world, regs);
		last = regs[0];
		regs[0] = word[n].leaf;
		regs[1] = regs[2] = regs[3] = 0;
		x->ops->cpuid(x->world, regs);
		x->features[n] = word[n].leaf <= last ? regs[word[n].reg] : 0;
	}
	x->features_known = true;
	return x->features[which];
}

bool x86_feature(struct insn *i, unsigned feature)
{
	return x86_features(i, feature >> 5) >> (feature & 31) & 1;
}

/* --- the unit --- */

static void need_unit(struct insn *i)
{
	if (!i->x->ops->fpu)
		x86_unknown(i);
}

static void run(struct insn *i, struct x86_unit *u)
{
	int raised = i->x->ops->fpu(i->x->world, u) - 1;

	if (raised == GP)
		x86_raise_error(i, GP, 0);
	if (raised == XM && !(i->cpu->cr4 & CR4_OSXMMEXCPT))
		raised = UD;
	if (raised >= 0)
		x86_raise(i, raised);
}

/* Two bytes of opcode or opcode and ModRM, without general registers. */
static void run_short(struct insn *i, unsigned opcode, unsigned modrm, void *operand)
{
	struct x86_unit u = {.code = {opcode, modrm}, .length = 2, .operand = operand};

	run(i, &u);
}

static void load_implied(const struct insn *i, struct x86_unit *u)
{
	const union dfw_reg *r = i->cpu->gpr;

	u->eax = r[DFW_RAX].d;
	u->ecx = r[DFW_RCX].d;
	u->edx = r[DFW_RDX].d;
	u->eflags = i->cpu->rflags & ARITHMETIC;
}

static __attribute__((noinline)) void store_flags(struct insn *i, const struct x86_unit *u)
{
	set_flags(i->cpu, ARITHMETIC, u->eflags);
}

static void store_implied(struct insn *i, const struct x86_unit *u)
{
	union dfw_reg *r = i->cpu->gpr;

	r[DFW_RAX].d = u->eax;
	r[DFW_RCX].d = u->ecx;
	r[DFW_RDX].d = u->edx;
	store_flags(i, u);
}

void x86_run_implied(struct insn *i, struct x86_unit *u)
{
	need_unit(i);
	load_implied(i, u);
	run(i, u);
	store_implied(i, u);
}

/* An unmasked x87 error that is pending comes before the faults of the memory operand. */
static void check_pending(struct insn *i)
{
	struct x86_unit u = {.code = {0x9b}, .length = 1};

	run(i, &u);
}

HANDLER(wait)
{
	if ((i->cpu->cr0 & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS))
		x86_raise(i, NM);
	if (i->x->ops->fpu)
		check_pending(i);
}

/* --- x87 --- */

/* The memory operand's bytes and use, by opcode D8-DF and ModRM.reg: SDM vol. 2, tables A-7 to
 * Even rows are all alike. */
enum {
	SIZE_MASK = 15,
	WRITES = 1 << 4,
	NO_WAIT = 1 << 5,  /* is not held up by a pending exception */
	ENVIRONMENT = 12,  /* 14 or 28 bytes */
	STATE = 13,        /* 94 or 108 */
	CONTROL = WRITES | NO_WAIT,
};
static const uint8_t x87_memory[2][4][8] = {
	{{4, 4, 4, 4, 4, 4, 4, 4},
	 {4, 4, 4, 4, 4, 4, 4, 4},
	 {8, 8, 8, 8, 8, 8, 8, 8},
	 {2, 2, 2, 2, 2, 2, 2, 2}},
	{{4, 0, WRITES | 4, WRITES | 4, ENVIRONMENT, 2, CONTROL | ENVIRONMENT, CONTROL | 2},
	 {4, WRITES | 4, WRITES | 4, WRITES | 4, 0, 10, 0, WRITES | 10},
	 {8, WRITES | 8, WRITES | 8, WRITES | 8, STATE, 0, CONTROL | STATE, CONTROL | 2},
	 {2, WRITES | 2, WRITES | 2, WRITES | 2, 10, 8, WRITES | 10, WRITES | 8}},
};

/* The environment as FNSTENV stores it in 32-bit protected mode, SDM vol. 1, figure 8-9. */
enum { FCW, FSW, FTW, FIP, FCS_FOP, FDP, FDS, ENV_FIELDS };
enum { X87_IE = 1 << 0, X87_OE = 1 << 3, X87_UE = 1 << 4 };

/* From that to what the guest's mode and operand size ask for, and back: figures 8-9 to 8-12. */
static void store_environment(const struct insn *i, const uint32_t *env, uint8_t *image)
{
	uint32_t field[ENV_FIELDS];
	unsigned n;

	memcpy(field, env, sizeof(field));
	if (!is_protected(i->cpu)) {
		uint32_t ip = env[FIP] + (env[FCS_FOP] << 4 & 0xffff0);
		uint32_t dp = env[FDP] + (env[FDS] << 4 & 0xffff0);

		field[FIP] = (env[FDS] & 0xffff0000) | (ip & 0xffff);
		field[FCS_FOP] = (ip >> 16 << 12) | (env[FCS_FOP] >> 16 & 0x7ff);
		field[FDP] = (env[FDS] & 0xffff0000) | (dp & 0xffff);
		field[FDS] = dp >> 16 << 12;
	}
	for (n = 0; n < ENV_FIELDS; n++)
		put_ptr(image + n * i->osize, i->osize, field[n]);
}

static void load_environment(const struct insn *i, uint32_t *env, const uint8_t *image)
{
	unsigned n;

	for (n = 0; n < ENV_FIELDS; n++)
		env[n] = get_ptr(image + n * i->osize, i->osize);
	if (!is_protected(i->cpu)) {
		uint32_t opcode = env[FCS_FOP] & 0x7ff;

		env[FIP] = (env[FIP] & 0xffff) | (env[FCS_FOP] >> 12 << 16);
		env[FDP] = (env[FDP] & 0xffff) | (env[FDS] >> 12 << 16);
		env[FCS_FOP] = opcode << 16;
		env[FDS] = 0;
	}
}

static void environment(struct insn *i, unsigned use)
{
	uint32_t state[27];
	uint8_t image[108];
	unsigned head = ENV_FIELDS * i->osize, rest = (use & SIZE_MASK) == STATE ? 80 : 0;
	unsigned modrm = (i->modrm & 0x38) | 7; /* [EDI] */
	struct place p;

	place_memory(i, &p, i->seg, i->ea, head + rest, use & WRITES ? WRITE : READ);
	if (use & WRITES) {
		run_short(i, i->opcode, modrm, state);
		store_environment(i, state, image);
		memcpy(image + head, state + ENV_FIELDS, rest);
		x86_put_bytes(i, &p, image);
	} else {
		x86_get_bytes(i, &p, image);
		load_environment(i, state, image);
		memcpy(state + ENV_FIELDS, image + head, rest);
		run_short(i, i->opcode, modrm, state);
	}
}

/*
 * What is to be done after an instruction other than those on control words: where the unit has
 * noted its last instruction and operand to be those that it was given to run, makes them the
 * guest's. Processors that note no selectors or no opcode (SDM vol. 1, 8.1.8 and
 * 8.1.9) go on doing so. False: an exception kept the instruction from storing its result.
 */
static bool finish(struct insn *i, const struct x86_unit *ran)
{
	unsigned opcode = (ran->code[0] & 7) << 8 | ran->code[1];
	uint32_t env[ENV_FIELDS];
	bool selectors;

	run_short(i, 0xd9, 0x37, env); /* FNSTENV [EDI] */
	selectors = env[FCS_FOP] & 0xffff;
	if (env[FIP] == ran->ip) {
		env[FIP] = i->cpu->rip;
		if ((env[FCS_FOP] >> 16 & 0x7ff) == opcode)
			put_ptr((uint8_t *)&env[FCS_FOP] + 2, 2, (i->opcode & 7) << 8 | i->modrm);
		if (selectors)
			put_ptr(&env[FCS_FOP], 2, i->cpu->seg[DFW_CS].selector);
	}
	if (ran->operand && env[FDP] == (uint32_t)(uintptr_t)ran->operand) {
		env[FDP] = i->ea;
		if (selectors)
			put_ptr(&env[FDS], 2, i->cpu->seg[i->seg].selector);
	}
	run_short(i, 0xd9, 0x27, env); /* FLDENV [EDI] */
	/* none was pending before, so what is not masked is new; SDM vol. 1, 8.5: #P does store */
	return !(env[FSW] & ~env[FCW] & (X87_IE | X87_OE | X87_UE));
}

HANDLER(x87)
{
	unsigned use = 0, size, row = i->opcode & 7, reg = modrm_reg(i);
	struct x86_unit u = {.code = {i->opcode, i->modrm}, .length = 2};
	uint8_t operand[10];
	struct place p;

	if (i->cpu->cr0 & (CR0_EM | CR0_TS))
		x86_raise(i, NM);
	if (!is_memory(i)) { /* which of them are defined, the unit knows */
		x86_run_implied(i, &u); /* FNSTSW AX, FCOMI, FCMOVcc */
		finish(i, &u);
		return;
	}
	use = x87_memory[row & 1][row >> 1][reg];
	size = use & SIZE_MASK;
	/* FISTTP is SSE3's */
	if (!use || ((row & 1) && row > 1 && reg == 1 && !x86_feature(i, F_SSE3)))
		x86_raise(i, UD);
	need_unit(i);
	if (!(use & NO_WAIT))
		check_pending(i);
	if (size >= ENVIRONMENT) {
		environment(i, use);
		return;
	}
	place_memory(i, &p, i->seg, i->ea, size, use & WRITES ? WRITE : READ);
	if (!(use & WRITES))
		x86_get_bytes(i, &p, operand);
	u.operand = operand;
	u.code[1] = (i->modrm & 0x38) | 7;
	run(i, &u);
	if (((use & NO_WAIT) || finish(i, &u)) && (use & WRITES))
		x86_put_bytes(i, &p, operand);
}

/* --- MMX, SSE and the later integer instructions --- */

enum prefix { PREFIX_NP, PREFIX_66, PREFIX_F3, PREFIX_F2 };

/* Features that fpu.def names, so that a form has room for one. */
#define FEATURES(F)                                                                                \
	F(MMX) F(SSE) F(SSE2) F(SSE3) F(SSSE3) F(SSE41) F(SSE42) F(SSE4A) F(3DNOW) F(AES) F(SHA)   \
	F(PCLMUL) F(GFNI) F(POPCNT) F(BMI1) F(LZCNT) F(MOVBE) F(ADX) F(MOVDIRI) F(RDRAND) F(RDSEED)
#define F(feature) NEEDS_##feature,
enum needs { FEATURES(F) };
#undef F
#define F(feature) F_##feature,
static const uint8_t feature_of[] = {FEATURES(F)};
#undef F

struct form {
	uint8_t opcode;
	uint8_t prefix : 2, needs : 6;
	uint8_t operand[2];
};

#define FORM(op, prefix, name, feature, a, b, ...)                                                 \
	{0x##op, PREFIX_##prefix, NEEDS_##feature, {a, b}},
#define NOT_HERE(...)
#define V(map, ...) V_##map(__VA_ARGS__)
#define V_0F FORM
#define V_38 NOT_HERE
#define V_3A NOT_HERE
static const struct form forms_0f[] = {
#include "fpu.def"
};
#undef V_0F
#undef V_38
#define V_0F NOT_HERE
#define V_38 FORM
static const struct form forms_0f38[] = {
#include "fpu.def"
};
#undef V_38
#undef V_3A
#define V_38 NOT_HERE
#define V_3A FORM
static const struct form forms_0f3a[] = {
#include "fpu.def"
};

static enum prefix mandatory_prefix(const struct insn *i)
{
	return i->rep == 0xf3	       ? PREFIX_F3
	       : i->rep		       ? PREFIX_F2
	       : operand_size_prefix(i) ? PREFIX_66
					: PREFIX_NP;
}

static unsigned sort_key(const struct form *f)
{
	return f->opcode << 2 | f->prefix;
}

/* SDM vol. 3, table 2-1 (CR0) and 2.5 (OSFXSR); vol. 2, tables 2-21 on, in their order. */
static void check_state(struct insn *i, bool xmm)
{
	uint32_t cr0 = i->cpu->cr0;

	if ((cr0 & CR0_EM) || (xmm && !(i->cpu->cr4 & CR4_OSFXSR)))
		x86_raise(i, UD);
	if (cr0 & CR0_TS)
		x86_raise(i, NM);
}

/* Finds the memory operand, which may have to lie at a multiple of 16. */
static void place_aligned(struct insn *i, struct place *p, unsigned size, unsigned access, bool aligned)
{
	uint32_t linear = x86_linear(i, i->seg, i->ea, size, access);

	if (aligned && (linear & 15))
		x86_raise_error(i, GP, 0);
	x86_place(i, p, linear, size, access);
}

/* Sets of methods: registers that make an instruction MMX's or SSE's, and what r/m may be. */
enum {
	MMX = 1 << M_P | 1 << M_Q | 1 << M_N,
	XMM = 1 << M_V | 1 << M_W | 1 << M_U,
	VECTOR_RM = 1 << M_Q | 1 << M_W,
	GENERAL_RM = 1 << M_E | 1 << M_RM | 1 << M_R,
	REGISTER_ONLY = 1 << M_N | 1 << M_U | 1 << M_R,
};

/* MASKMOVQ writes the bytes that it selects and no others: those are the same whatever was there. */
static void put_selected(struct insn *i, struct x86_unit *u, const struct place *p)
{
	uint8_t over_zeroes[16], *over_ones = u->operand;
	unsigned n;

	memset(over_ones, 0, p->size);
	run(i, u);
	memcpy(over_zeroes, over_ones, p->size);
	memset(over_ones, 0xff, p->size);
	run(i, u);
	for (n = 0; n < p->size; n++) {
		struct place byte = {.size = 1, .first = 1, .phys = {p->phys[0] + n}};

		if (p->ptr)
			byte.ptr = (uint8_t *)p->ptr + n;
		else if (n >= p->first)
			byte.phys[0] = p->phys[1] + n - p->first;
		if (over_zeroes[n] == over_ones[n])
			x86_put_bytes(i, &byte, &over_ones[n]);
	}
}

static void run_form(struct insn *i, const struct form *f)
{
	static const uint8_t bytes[] = {[S_b] = 1, [S_w] = 2, [S_d] = 4, [S_q] = 8, [S_x] = 16, [S_u] = 16};
	static const uint8_t prefix_byte[] = {0, 0x66, 0xf3, 0xf2};
	uint8_t operand[16] __attribute__((aligned(16)));
	struct x86_unit u;
	uint8_t *code = u.code;
	union dfw_reg *reg = NULL, *rm = NULL; /* general registers named by ModRM */
	unsigned n, seen = 0, memory = None, access = READ, prefix = f->prefix, flags = i->row->flags;
	bool in_memory = (flags & HAS_MODRM) && is_memory(i), sized = false;
	struct place p;

	if (!x86_feature(i, feature_of[f->needs]))
		x86_raise(i, UD);
	for (n = 0; n < 2; n++) {
		unsigned kind = f->operand[n], method = METHOD(kind);

		seen |= 1u << method;
		sized |= SIZE(kind) == S_v;
		if (method == M_G) {
			reg = &i->cpu->gpr[modrm_reg(i)];
		} else if (method == M_DI) {
			memory = kind;
			access = WRITE;
			i->seg = i->override ? i->override - 1 : DFW_DS;
			i->ea = i->asize == 2 ? i->cpu->gpr[DFW_RDI].w : i->cpu->gpr[DFW_RDI].d;
		} else if ((1u << method) & (GENERAL_RM | VECTOR_RM | 1u << M_M)) {
			if (in_memory) {
				memory = kind;
				access = n ? READ : WRITE;
			} else if ((1u << method) & GENERAL_RM) {
				rm = &i->cpu->gpr[i->modrm & 7];
			}
		}
	}
	if (seen & (in_memory ? REGISTER_ONLY : 1u << M_M))
		x86_raise(i, UD);
	need_unit(i);
	if (seen & (MMX | XMM))
		check_state(i, seen & XMM);
	if (memory) {
		unsigned size = SIZE(memory) == S_v ? i->osize : bytes[SIZE(memory)];

		if ((seen & (MMX | XMM)) && !(seen & XMM))
			check_pending(i);
		place_aligned(i, &p, size, access, SIZE(memory) == S_x && !(seen & 1u << M_DI));
		if (access == READ)
			x86_get_bytes(i, &p, operand);
	}

	/* the instruction again, with [EDI], EAX for the register in reg, and ECX or EAX for that in r/m */
	load_implied(i, &u);
	u.operand = operand;
	if (sized ? i->osize == 2 : prefix == PREFIX_66)
		*code++ = 0x66;
	if (prefix >= PREFIX_F3)
		*code++ = prefix_byte[prefix];
	*code++ = 0x0f;
	*code++ = i->opcode;
	if (i->opcode == 0x38 || i->opcode == 0x3a)
		*code++ = i->third;
	if (flags & HAS_MODRM) {
		unsigned modrm = in_memory ? (i->modrm & 0x38) | 7 : i->modrm;

		if (rm) {
			uint32_t value = rm->d;

			if (f->operand[1] == Eb)
				value = *(uint8_t *)reg_ptr(i->cpu, modrm & 7, 1);
			modrm = (modrm & 0xf8) | (reg ? 1 : 0);
			*(reg ? &u.ecx : &u.eax) = value;
		}
		if (reg) {
			modrm &= 0xc7;
			u.eax = reg->d;
		}
		*code++ = modrm;
	}
	if (flags & HAS_IMM)
		*code++ = i->imm;
	u.length = code - u.code;
	run(i, &u);

	if (reg || rm) {
		(reg ? reg : rm)->d = u.eax;
		store_flags(i, &u);
	} else { /* PCMPESTRI and its kind */
		store_implied(i, &u);
	}
	if (seen & 1u << M_DI)
		put_selected(i, &u, &p);
	else if (access & WRITE)
		x86_put_bytes(i, &p, operand);
}

/* What opcode and mandatory prefix say in a map; #UD where they say nothing. */
static void extension(struct insn *i, const struct form *forms, unsigned high, uint8_t opcode)
{
	unsigned low = 0, middle, wanted = opcode << 2 | mandatory_prefix(i), end = high;

	while (low < high) {
		middle = (low + high) / 2;
		if (sort_key(&forms[middle]) < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == end || sort_key(&forms[low]) != wanted)
		x86_raise(i, UD);
	run_form(i, &forms[low]);
}

#define COUNT(forms) (sizeof(forms) / sizeof(*(forms)))

HANDLER(vector)
{
	extension(i, forms_0f, COUNT(forms_0f), i->opcode);
}

HANDLER(three_byte)
{
	if (i->opcode == 0x3a)
		extension(i, forms_0f3a, COUNT(forms_0f3a), i->third);
	else if (i->third == 0x82 && mandatory_prefix(i) == PREFIX_66)
		x86_invpcid(i);
	else
		extension(i, forms_0f38, COUNT(forms_0f38), i->third);
}

/* SDM vol. 2, table A-6: groups 12 to 14, bits by ModRM.reg */
HANDLER(vector_shift)
{
	static const uint8_t shifts[3][2] = {{0x54, 0x54}, {0x54, 0x54}, {0x44, 0xcc}};

	if (!(shifts[i->opcode - 0x71][operand_size_prefix(i)] >> modrm_reg(i) & 1))
		x86_raise(i, UD);
	x86_op_vector(i);
}

/* F3 is a mandatory prefix where the processor has TZCNT and LZCNT, and means nothing elsewhere. */
HANDLER(tzcnt)
{
	if (i->rep == 0xf3 && x86_feature(i, F_BMI1))
		x86_op_vector(i);
	else
		x86_op_bsf(i);
}

HANDLER(lzcnt)
{
	if (i->rep == 0xf3 && x86_feature(i, F_LZCNT))
		x86_op_vector(i);
	else
		x86_op_bsr(i);
}

/* --- groups 9 and 15, SDM vol. 2, table A-6 --- */

static void no_prefix(struct insn *i)
{
	if (mandatory_prefix(i) != PREFIX_NP)
		x86_raise(i, UD);
}

HANDLER(fxsave)
{
	uint8_t area[512] __attribute__((aligned(16)));
	struct x86_unit u = {.code = {0x0f, 0xae, (i->modrm & 0x38) | 7}, .length = 3,
			     .operand = area};
	bool save = modrm_reg(i) == 0;
	struct place p;

	no_prefix(i);
	if (!is_memory(i) || !x86_feature(i, F_FXSR))
		x86_raise(i, UD);
	need_unit(i);
	if (i->cpu->cr0 & (CR0_EM | CR0_TS))
		x86_raise(i, NM);
	place_aligned(i, &p, sizeof(area), save ? WRITE : READ, true);
	x86_get_bytes(i, &p, area); /* FXSAVE leaves the last bytes to software */
	run(i, &u);
	if (save)
		x86_put_bytes(i, &p, area);
}

/* LDMXCSR refuses reserved bits by MXCSR_MASK, which the unit knows. */
HANDLER(mxcsr)
{
	static const struct form load = {0xae, PREFIX_NP, NEEDS_SSE, {V, Md}};
	static const struct form store = {0xae, PREFIX_NP, NEEDS_SSE, {Md, V}};

	no_prefix(i);
	run_form(i, modrm_reg(i) == 2 ? &load : &store);
}

/* XSAVE and company: not here, and said so where CR4.OSXSAVE lets the processor have them. */
static _Noreturn void no_xsave(struct insn *i)
{
	if (is_memory(i) && (i->cpu->cr4 & CR4_OSXSAVE) && x86_feature(i, F_XSAVE))
		x86_unknown(i);
	x86_raise(i, UD);
}

HANDLER(xsave)
{
	no_xsave(i);
}

static void flush(struct insn *i)
{
	struct x86_unit u = {.code = {0x0f, 0xae, 0x3f}, .length = 3}; /* CLFLUSH [EDI] */
	struct place p;

	place_memory(i, &p, i->seg, i->ea, 1, READ);
	u.operand = p.ptr;
	if (p.ptr && i->x->ops->fpu)
		run(i, &u);
}

/* LFENCE; XRSTOR */
HANDLER(lfence)
{
	if (is_memory(i))
		no_xsave(i);
	no_prefix(i);
	if (!x86_feature(i, F_SSE2))
		x86_raise(i, UD);
}

/* MFENCE; CLWB, XSAVEOPT */
HANDLER(mfence)
{
	if (!is_memory(i))
		x86_op_lfence(i);
	else if (mandatory_prefix(i) == PREFIX_NP)
		no_xsave(i);
	else if (mandatory_prefix(i) == PREFIX_66 && x86_feature(i, F_CLWB))
		flush(i);
	else
		x86_raise(i, UD);
}

/* SFENCE; CLFLUSH, CLFLUSHOPT */
HANDLER(sfence)
{
	enum prefix prefix = mandatory_prefix(i);

	if (is_memory(i) && ((prefix == PREFIX_NP && x86_feature(i, F_CLFSH)) ||
			     (prefix == PREFIX_66 && x86_feature(i, F_CLFLUSHOPT))))
		flush(i);
	else if (is_memory(i) || prefix != PREFIX_NP || !x86_feature(i, F_SSE))
		x86_raise(i, UD);
}

/* RDRAND, RDSEED, RDPID */
HANDLER(random)
{
	static const struct form rdrand = {0xc7, PREFIX_NP, NEEDS_RDRAND, {Rv, None}};
	static const struct form rdseed = {0xc7, PREFIX_NP, NEEDS_RDSEED, {Rv, None}};
	bool seed = modrm_reg(i) == 7;

	if (is_memory(i) || (i->rep && (i->rep != 0xf3 || !seed)))
		x86_raise(i, UD);
	if (i->rep)
		i->cpu->gpr[i->modrm & 7].d = x86_processor_id(i, F_RDPID);
	else
		run_form(i, seed ? &rdseed : &rdrand);
}
