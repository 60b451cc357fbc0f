/* SPDX-License-Identifier: MIT
 *
 * x87, MMX, SSE and the later integer instructions: the interpreter with the build machine's unit
 * behind ops->fpu against libunicorn. Every opcode of the x87 rows and of the maps 0F, 0F 38 and
 * 0F 3A, with every mandatory prefix, in 16-bit real mode and in 32-bit protected mode, with memory
 * and register operands: general, x87, MMX and XMM registers, flags, memory, which bytes of memory
 * were read, and the exception must agree.
 *
 *     fpu.t [CASES [SEED [OPCODE]]]   cases per form (80, or 5,200 where DFW_LONG is set), half of
 *                                     them in each mode; OPCODE as d8, f58, 3817, 3a0f
 *
 * The cases that Unicorn has wrong are counted by reason; each is settled by a vector of fpu_vectors.c
 * or by the build machine, whose unit has run the very case. Values that it rounds otherwise or does
 * not keep are left out of the comparison by lenient().
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>
#include "host_unit.h"
#include "pair.h"

enum { CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, OF = 0x800, STATUS = 0x8d5 };
enum { CR4_OSFXSR = 1 << 9, CR4_OSXMMEXCPT = 1 << 10 };

/* Bytes of data read, [from, to). */
struct extent {
	uint32_t from, to;
};
static struct extent read_ours, read_theirs;
static uint32_t code_at; /* linear; fetches are no data */

static uint64_t rnd64(void)
{
	return (uint64_t)rnd() << 32 | rnd();
}

static void note(struct extent *e, uint64_t at, unsigned len)
{
	if (at + len > code_at && at < code_at + 20)
		return;
	if (e->from == e->to)
		*e = (struct extent){at, at + len};
	if (at < e->from)
		e->from = at;
	if (at + len > e->to)
		e->to = at + len;
}

/* --- the world of the interpreter --- */

static void reading_data(uint64_t phys, unsigned len)
{
	note(&read_ours, phys, len);
}

static void *no_map(void *world, uint64_t phys, unsigned len, bool write)
{
	return NULL;
}

static bool no_msr(void *world, uint32_t index, uint64_t *value)
{
	return false;
}

static bool no_msr_write(void *world, uint32_t index, uint64_t value)
{
	return false;
}

static uint64_t no_rdtsc(void *world)
{
	return 0;
}

static uint32_t no_in(void *world, uint16_t port, unsigned size)
{
	return 0;
}

static void no_out(void *world, uint16_t port, unsigned size, uint32_t value)
{
}

static const struct x86_ops ops = {
	.read = pair_read,
	.write = pair_write,
	.map = no_map,
	.in = no_in,
	.out = no_out,
	.read_msr = no_msr,
	.write_msr = no_msr_write,
	.cpuid = host_cpuid,
	.rdtsc = no_rdtsc,
	.fpu = host_unit_run,
};

/* --- the other processor --- */

static int raised;
static bool invalid, unmapped;

static void on_interrupt(uc_engine *uc, uint32_t vector, void *user)
{
	raised = vector;
	uc_emu_stop(uc);
}

static void on_write(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
		     void *user)
{
	touch(address, size);
}

static void on_read(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
		    void *user)
{
	note(&read_theirs, address, size);
}

static bool on_unmapped(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
			void *user)
{
	unmapped = true;
	return false;
}

static bool on_invalid(uc_engine *uc, void *user)
{
	invalid = true;
	return false;
}

static uc_engine *engine(uc_mode mode)
{
	uint32_t cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
	uc_engine *uc;
	uc_hook h;

	if (uc_open(UC_ARCH_X86, mode, &uc) ||
	    uc_mem_map_ptr(uc, 0, MEMORY, UC_PROT_ALL, theirs)) {
		printf("Bail out! unicorn does not start\n");
		exit(1);
	}
	uc_hook_add(uc, &h, UC_HOOK_INTR, (void *)on_interrupt, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_MEM_WRITE, (void *)on_write, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_MEM_READ, (void *)on_read, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_MEM_UNMAPPED, (void *)on_unmapped, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_INSN_INVALID, (void *)on_invalid, NULL, 1, 0);
	/* MOV CR4,EAX: uc_reg_write does not turn SSE on */
	uc_mem_write(uc, 0x1000, "\x0f\x22\xe0", 3);
	uc_reg_write(uc, UC_X86_REG_EAX, &cr4);
	uc_emu_start(uc, 0x1000, 0x1003, 0, 1);
	memcpy(theirs + 0x1000, pristine + 0x1000, 3);
	return uc;
}

static void protect(uc_engine *uc)
{
	static const uint64_t gdt[] = {0, 0x00cf9b000000ffff, 0x00cf93000000ffff};
	uc_x86_mmr gdtr = {.base = MEMORY - 4096, .limit = sizeof(gdt) - 1};
	uint16_t sel;

	memcpy(pristine + MEMORY - 4096, gdt, sizeof(gdt));
	memcpy(theirs + MEMORY - 4096, gdt, sizeof(gdt));
	memcpy(ours + MEMORY - 4096, gdt, sizeof(gdt));
	uc_reg_write(uc, UC_X86_REG_GDTR, &gdtr);
	for (unsigned n = 0; n < 6; n++) {
		sel = n == DFW_CS ? 8 : 16;
		uc_reg_write(uc, seg_id[n], &sel);
	}
}

static uc_engine *engines[2];
static uc_context *fresh[2];

/* Their x87 and SSE registers in the form of ours; FP0 to FP7 are the physical ones there. */
static void unit_to_unicorn(uc_engine *uc, const struct host_unit_state *s)
{
	unsigned top = s->fsw >> 11 & 7, n;
	uint16_t tags = 0;

	for (n = 0; n < 8; n++) {
		uint8_t fp[16] = {0};

		memcpy(fp, &s->st[n], 10);
		uc_reg_write(uc, UC_X86_REG_FP0 + ((top + n) & 7), fp);
		uc_reg_write(uc, UC_X86_REG_XMM0 + n, s->xmm[n]);
		tags |= s->ftw >> n & 1 ? 0 : 3 << 2 * n;
	}
	uc_reg_write(uc, UC_X86_REG_FPCW, &s->fcw);
	uc_reg_write(uc, UC_X86_REG_FPSW, &s->fsw);
	uc_reg_write(uc, UC_X86_REG_FPTAG, &tags);
	uc_reg_write(uc, UC_X86_REG_MXCSR, &s->mxcsr);
}

static void unit_from_unicorn(uc_engine *uc, struct host_unit_state *s)
{
	unsigned top, n;
	uint16_t tags;

	uc_reg_read(uc, UC_X86_REG_FPCW, &s->fcw);
	uc_reg_read(uc, UC_X86_REG_FPSW, &s->fsw);
	uc_reg_read(uc, UC_X86_REG_FPTAG, &tags);
	uc_reg_read(uc, UC_X86_REG_MXCSR, &s->mxcsr);
	top = s->fsw >> 11 & 7;
	s->ftw = 0;
	for (n = 0; n < 8; n++) {
		uint8_t fp[16];

		uc_reg_read(uc, UC_X86_REG_FP0 + ((top + n) & 7), fp);
		memcpy(&s->st[n], fp, 10);
		uc_reg_read(uc, UC_X86_REG_XMM0 + n, s->xmm[n]);
		s->ftw |= (tags >> 2 * n & 3) == 3 ? 0 : 1 << n;
	}
}

/* --- forms --- */

enum map { X87, MAP_0F, MAP_38, MAP_3A };
enum { P_NP, P_66, P_F3, P_F2 };
static const char *const map_name[] = {"", "0F ", "0F 38 ", "0F 3A "};
static const char *const prefix_name[] = {"", "66 ", "F3 ", "F2 "};

static const struct {
	enum map map;
	uint8_t opcode;
	unsigned prefix;
	const char *name;
} names[] = {
#define MAP_NAME_0F MAP_0F
#define MAP_NAME_38 MAP_38
#define MAP_NAME_3A MAP_3A
#define V(map, op, prefix, name, feature, ...) {MAP_NAME_##map, 0x##op, P_##prefix, #name " " #__VA_ARGS__},
#include "x86/fpu.def"
#undef V
};

static const char *name_of(enum map map, uint8_t opcode, unsigned prefix)
{
	if (map == X87)
		return "WAIT";
	if (map == MAP_0F && opcode == 0xae)
		return "Grp15";
	if (map == MAP_0F && opcode == 0xc7)
		return "Grp9";
	for (unsigned n = 0; n < sizeof(names) / sizeof(*names); n++)
		if (names[n].map == map && names[n].opcode == opcode && names[n].prefix == prefix)
			return names[n].name;
	return "-";
}

/* Which opcodes of a map are compared: those of integer instructions are diff.c's. */
static bool ours_to_test(enum map map, uint8_t opcode)
{
	if (map == X87)
		return opcode == 0x9b || (opcode >= 0xd8 && opcode <= 0xdf);
	if (map != MAP_0F)
		return true;
	return (opcode >= 0x0e && opcode <= 0x17) || (opcode >= 0x28 && opcode <= 0x2f) ||
	       (opcode >= 0x50 && opcode <= 0x7f) || opcode == 0xae || opcode == 0xb8 ||
	       opcode == 0xbc || opcode == 0xbd || opcode == 0xc2 ||
	       (opcode >= 0xc4 && opcode <= 0xc7) || (opcode >= 0xd0 && opcode <= 0xfe);
}

static bool has_modrm(enum map map, uint8_t opcode)
{
	return !(map == X87 && opcode == 0x9b) && !(map == MAP_0F && (opcode == 0x77 || opcode == 0x0e));
}

static bool sized(enum map map, uint8_t opcode)
{
	return map == MAP_0F ? opcode >= 0xb8 && opcode <= 0xbd
			     : map == MAP_38 && (opcode == 0xf0 || opcode == 0xf1);
}

struct test_case {
	enum map map;
	uint8_t opcode;
	unsigned prefix;
	bool real;
	uint8_t code[20];
	unsigned at_modrm; /* in code; 0: none */
	int form;          /* of x87: ModRM.reg, plus 8 for a register operand; or -1 */
};

struct tally {
	unsigned run, faults, limits, outside, excused, bad;
};

static uint8_t modrm_of(const struct test_case *c)
{
	return c->code[c->at_modrm];
}

static bool in_memory(const struct test_case *c)
{
	return has_modrm(c->map, c->opcode) && modrm_of(c) < 0xc0;
}

static uint8_t immediate_of(const struct test_case *c, unsigned length)
{
	return c->code[length - 1];
}

/* Where Unicorn 2.0.1, which is QEMU 5.0, is not the processor of the manual, and where it is settled. */
enum excuse {
	RIGHT,
	IMAGES,
	LACKS,
	REGISTER_FORM,
	MEMORY_FORM,
	PREDICATE,
	NOT_PREFIX,
	OVERWRITES,
	CRC32_SIZE,
	ORDERED,
	OTHERS,
	STACK_FAULT,
	UNDEFINED,
	EXCUSES
};
static const struct {
	const char *what, *manual, *settled;
} excuses[EXCUSES] = {
	[IMAGES] = {"has one format for FNSTENV, FLDENV, FNSAVE, FRSTOR, and no pointers, in FXSAVE neither",
		    "SDM vol. 1, 8.1.10 and figures 8-9 to 8-12", "environment_images, state_images, fxsave"},
	[LACKS] = {"has no POPCNT, MOVBE, PCLMULQDQ, RDRAND, SHA, GFNI, SSE4A, MOVDIRI, CLWB; has 3DNow",
		   "SDM vol. 2, CPUID", "extensions, integer_extensions, which_exist"},
	[REGISTER_FORM] = {"takes MOVLPD and MOVHPD between registers", "SDM vol. 2, MOVLPD: m64", "which_exist"},
	[MEMORY_FORM] = {"takes MOVMSKPS, MOVQ2DQ, PSRLW Ib and company from memory", "SDM vol. 2, table A-6 and MOVMSKPS: register",
			 "register_only_forms, which_exist"},
	[PREDICATE] = {"refuses CMPPS with a predicate above 7", "SDM vol. 2, CMPPS: bits 7:3 are reserved", "extensions"},
	[NOT_PREFIX] = {"ignores 66, F2 and F3 before FXSAVE, LDMXCSR and the fences", "SDM vol. 2, 3.1.1.1: NP", "fxsave"},
	[OVERWRITES] = {"reads what it has written in PHADDW of a register and itself", "SDM vol. 2, PHADDW", "the unit itself"},
	[CRC32_SIZE] = {"takes 66 for 16 bits in 16-bit code, too", "SDM vol. 2, 2.1.1", "integer_extensions"},
	[ORDERED] = {"misses PCMPISTRI's ordered match that the end cuts off", "SDM vol. 2, 4.1.5", "the unit itself"},
	[OTHERS] = {"(CMPXCHG8B is not compared here)", "SDM vol. 2, CMPXCHG8B", "diff.c"},
	[STACK_FAULT] = {"has no x87 stack faults", "SDM vol. 1, 8.5.1.1", "the unit itself"},
	[UNDEFINED] = {"goes its own way in F2XM1 and FYL2XP1 out of range, FYL2X and FSQRT below 0, FPREM",
		       "SDM vol. 2, F2XM1, FYL2XP1; vol. 1, 8.5.1.2", "the unit itself"},
};
static unsigned excused[EXCUSES];

static enum excuse unicorn_is_wrong(const struct test_case *c, unsigned length)
{
	uint8_t modrm = modrm_of(c), reg = modrm >> 3 & 7;
	bool memory = in_memory(c);

	switch (c->map) {
	case X87:
		return memory && (reg == 4 || reg == 6) && (c->opcode == 0xd9 || c->opcode == 0xdd) ? IMAGES : RIGHT;
	case MAP_0F:
		switch (c->opcode) {
		case 0x0e: /* 3DNow */
		case 0x0f:
		case 0x78: /* SSE4A */
		case 0x79:
		case 0xb8: /* POPCNT */
			return LACKS;
		case 0x2b: /* SSE4A */
			return c->prefix >= P_F3 ? LACKS : RIGHT;
		case 0x12:
		case 0x16:
			return c->prefix == P_66 && !memory ? REGISTER_FORM : RIGHT;
		case 0x50:
		case 0x71 ... 0x73:
			return memory ? MEMORY_FORM : RIGHT;
		case 0xd6:
			return memory && c->prefix >= P_F3 ? MEMORY_FORM : RIGHT;
		case 0xc2:
			return immediate_of(c, length) > 7 ? PREDICATE : RIGHT;
		case 0xae:
			return c->prefix != P_NP ? (memory && reg > 5 ? LACKS : NOT_PREFIX)
			       : memory && reg < 2 ? IMAGES
			       : memory && reg > 3 ? LACKS
						   : RIGHT;
		case 0xc7:
			return reg == 1 ? OTHERS : !memory && reg >= 6 ? LACKS : RIGHT;
		}
		break;
	case MAP_38:
		switch (c->opcode) {
		case 0x01 ... 0x03:
		case 0x05 ... 0x07:
			return !memory && reg == (modrm & 7) ? OVERWRITES : RIGHT;
		case 0xc8 ... 0xcf: /* SHA, GFNI */
		case 0xf9:          /* MOVDIRI */
			return LACKS;
		case 0xf0: /* MOVBE */
		case 0xf1:
			return c->prefix <= P_66 ? LACKS : c->opcode == 0xf1 && c->real ? CRC32_SIZE : RIGHT;
		}
		break;
	case MAP_3A: /* PCLMUL, SHA, GFNI */
		if (c->opcode == 0x44 || (c->opcode >= 0xcc && c->opcode <= 0xcf))
			return LACKS;
		return (c->opcode & 0xfc) == 0x60 && (immediate_of(c, length) & 0xc) == 0xc ? ORDERED : RIGHT;
	}
	return RIGHT;
}

/* What the comparison leaves out. */
struct leniency {
	bool approximate;  /* registers agree to some digits */
	bool skip_memory;
	bool undefined;    /* the whole result */
	bool skip_extent;  /* Unicorn reads 16 bytes of memory where the manual says less, or none */
	uint32_t flags;    /* undefined */
	uint16_t fsw, fcw; /* undefined, or not kept there */
	bool skip_tags;
	bool nan;          /* of two NaNs it takes the larger, SSE the first: SDM vol. 1, 4.8.3.5 */
};

static void lenient_x87(const struct test_case *c, const struct host_unit_state *start, struct leniency *l)
{
	uint8_t modrm = modrm_of(c), reg = modrm >> 3 & 7;

	l->fsw = 0x02ff; /* the exception flags and C1 are not kept */
	l->fcw = 0xf0c0; /* reserved bits */
	l->nan = true;   /* a signalling one is not made quiet */
	if (in_memory(c)) {
		/* FBSTP of -0 */
		l->skip_memory = c->opcode == 0xdf && reg == 6 && start->st[0].high >= 0x8000 &&
				 start->st[0].high < 0xbfff;
		return;
	}
	switch (c->opcode) {
	case 0xd9:
		if (modrm >= 0xd8 && modrm < 0xe0)
			l->skip_tags = true;
		if (modrm >= 0xe8)
			l->approximate = true; /* constants not rounded, functions in double precision */
		if (modrm == 0xf0 || modrm == 0xf9) /* F2XM1 and FYL2XP1 beyond 1 are undefined */
			l->undefined = (start->st[0].high & 0x7fff) >= 0x3ffd;
		if (modrm == 0xf1 || modrm == 0xfa) /* no invalid operation for logarithm and root */
			l->undefined = start->st[0].high >= 0x8000;
		l->undefined |= modrm == 0xf5 || modrm == 0xf8; /* FPREM1, FPREM: in double precision, too */
		if (modrm >= 0xf0) {
			l->fsw |= modrm == 0xf6 || modrm == 0xf7 ? 0x4700 : 0; /* FDECSTP, FINCSTP */
		}
		break;
	case 0xdb: /* FCOMI and FUCOMI: OF, SF and AF are cleared or left */
	case 0xdf:
		if (modrm >= 0xe8 && modrm < 0xf8)
			l->flags = OF | SF | AF;
		l->skip_tags = c->opcode == 0xdf && modrm >= 0xd0 && modrm < 0xe0;
		break;
	case 0xdd: /* a store does not make an empty register valid there */
		l->skip_tags = modrm >= 0xd0 && modrm < 0xe0;
		break;
	}
}

static void lenient(const struct test_case *c, const struct host_unit_state *start, struct leniency *l)
{
	memset(l, 0, sizeof(*l));
	switch (c->map) {
	case X87:
		lenient_x87(c, start, l);
		break;
	case MAP_0F:
		l->nan = (c->opcode >= 0x58 && c->opcode <= 0x5f) || c->opcode == 0x7c || c->opcode == 0x7d ||
			 c->opcode == 0xd0;
		switch (c->opcode) {
		case 0x2c: /* m64 */
		case 0x2d:
		case 0x5a:
		case 0x60 ... 0x62: /* m32 */
			l->skip_extent = c->prefix == P_NP;
			break;
		case 0xe6:
			l->skip_extent = c->prefix == P_F3;
			break;
		case 0x52: /* RSQRTPS and RCPPS: relative error up to 1.5 * 2^-12 */
		case 0x53:
			l->approximate = true;
			break;
		case 0xbc:
		case 0xbd:
			l->flags = c->prefix == P_F3 ? OF | SF | PF | AF : CF | OF | SF | AF | PF;
			break;
		}
		break;
	case MAP_38:
		break;
	case MAP_3A:
		l->skip_extent = c->opcode == 0x0a || c->opcode == 0x0b;
		l->nan = c->opcode == 0x40 || c->opcode == 0x41;
		l->approximate = c->opcode == 0x40; /* DPPS: the order of its additions */
		break;
	}
}

static uint32_t sane_float(void)
{
	return (0x3e800000 + rnd() % 0x02800000) | (rnd() & 0x80000000);
}

static uint32_t word(void)
{
	return rnd() & 7 ? sane_float() : rnd() & 1 ? rnd() : (uint32_t)(int8_t)rnd();
}

static void random_unit(struct host_unit_state *s, bool x87)
{
	uint32_t mask = s->mxcsr_mask;

	memset(s, 0, sizeof(*s));
	s->mxcsr_mask = mask;
	s->mxcsr = 0x1f80 | (rnd() & 3 ? 0 : (rnd() & 3) << 13);
	s->fcw = 0x37f | (rnd() & 3 ? 0 : (rnd() & 3) << 10);
	for (unsigned n = 0; n < 8; n++) {
		s->xmm[n][0] = (uint64_t)word() << 32 | word();
		s->xmm[n][1] = (uint64_t)word() << 32 | word();
		s->st[n].low = rnd64();
		s->st[n].high = 0xffff;
		if (x87) {
			s->st[n].low |= 1ull << 63;
			s->st[n].high = (0x3fff - 8 + rnd() % 16) | (rnd() & 0x8000);
		}
	}
	s->ftw = 0xff;
	if (x87) {
		unsigned top = rnd() & 7;

		s->fsw = top << 11 | (rnd() & 0x4700);
		s->ftw = 0;
		for (unsigned n = 0; n < 5; n++)
			s->ftw |= 1 << ((top + n) & 7);
	}
}

static unsigned shown;

static void show_unit(const char *what, const struct host_unit_state *a, const struct host_unit_state *b)
{
	if (a->fcw != b->fcw || a->fsw != b->fsw || a->ftw != b->ftw || a->mxcsr != b->mxcsr)
		printf("#   %s: fcw %04x %04x fsw %04x %04x ftw %02x %02x mxcsr %04x %04x\n", what, a->fcw,
		       b->fcw, a->fsw, b->fsw, a->ftw, b->ftw, a->mxcsr, b->mxcsr);
	for (unsigned n = 0; n < 8; n++) {
		if (a->st[n].low != b->st[n].low || a->st[n].high != b->st[n].high)
			printf("#   %s st%u %04x:%016llx %04x:%016llx\n", what, n, a->st[n].high,
			       (unsigned long long)a->st[n].low, b->st[n].high,
			       (unsigned long long)b->st[n].low);
		if (memcmp(a->xmm[n], b->xmm[n], 16))
			printf("#   %s xmm%u %016llx:%016llx %016llx:%016llx\n", what, n,
			       (unsigned long long)a->xmm[n][1], (unsigned long long)a->xmm[n][0],
			       (unsigned long long)b->xmm[n][1], (unsigned long long)b->xmm[n][0]);
	}
}

static void show(const char *what, const struct test_case *c, const struct dfw_cpu *before,
		 const struct dfw_cpu *cpu, const uint32_t *regs, uint32_t eip, uint32_t flags,
		 int ours_raised, const struct host_unit_state *start, const struct host_unit_state *a,
		 const struct host_unit_state *b)
{
	static const char name[8][4] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};

	if (shown++ > 12)
		return;
	printf("# %s:", what);
	for (unsigned n = 0; n < 16; n++)
		printf(" %02x", c->code[n]);
	printf("\n#   exception: ours %d, theirs %d%s; read ours %x-%x, theirs %x-%x\n", ours_raised,
	       raised, invalid ? " (invalid)" : "", read_ours.from, read_ours.to, read_theirs.from,
	       read_theirs.to);
	for (unsigned n = 0; n < 8; n++)
		if (cpu->gpr[n].d != regs[n] || before->gpr[n].d != regs[n])
			printf("#   %s %08x -> ours %08x, theirs %08x\n", name[n], before->gpr[n].d,
			       cpu->gpr[n].d, regs[n]);
	printf("#   eip %08x -> ours %08x, theirs %08x; flags %08x -> ours %08x, theirs %08x\n",
	       (uint32_t)before->rip, (uint32_t)cpu->rip, eip, (uint32_t)before->rflags,
	       (uint32_t)cpu->rflags, flags);
	show_unit("from/to", start, a);
	show_unit("ours/theirs", a, b);
}

static void build_code(struct test_case *c, struct dfw_cpu *cpu)
{
	unsigned n = 0;
	bool wide = !c->real;
	uint8_t *code = c->code, modrm;

	/* With F2 or F3 as mandatory prefix 66 says the operand size, or nothing: Unicorn takes it for
	 * the mandatory one, processors do not. */
	if (c->prefix == P_66 || (c->prefix >= P_F3 && sized(c->map, c->opcode) && (rnd() & 1)))
		code[n++] = 0x66;
	if (!(rnd() & 3)) {
		code[n++] = 0x67;
		wide = !wide;
	}
	if (!(rnd() & 7))
		code[n++] = (const uint8_t[]){0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65}[rnd() % 6];
	if (c->prefix >= P_F3)
		code[n++] = c->prefix == P_F3 ? 0xf3 : 0xf2;
	if (c->map != X87)
		code[n++] = 0x0f;
	if (c->map >= MAP_38)
		code[n++] = c->map == MAP_38 ? 0x38 : 0x3a;
	code[n++] = c->opcode;
	c->at_modrm = n;
	for (; n < sizeof(c->code); n++)
		code[n] = rnd();
	if (c->form >= 0) {
		modrm = code[c->at_modrm];
		modrm = c->form >= 8 ? modrm | 0xc0 : modrm >= 0xc0 ? modrm & 0x7f : modrm;
		code[c->at_modrm] = (modrm & 0xc7) | (c->form & 7) << 3;
	}
	modrm = code[c->at_modrm];
	if (!has_modrm(c->map, c->opcode) || modrm >= 0xc0)
		return;
	/* displacements that stay near and keep what is aligned so */
	n = c->at_modrm + 1;
	if (wide && (modrm & 7) == 4) {
		if ((code[n] & 7) == 5)
			code[n] ^= 1;
		n++;
	}
	if (modrm >> 6 || (wide ? (modrm & 7) == 5 : (modrm & 7) == 6)) {
		if (rnd() & 7)
			code[n] &= 0xf0;
		if (wide && modrm >> 6 != 1)
			code[n + 2] &= 7, code[n + 3] = 0;
	}
}

static bool same_st(const struct host_unit_state *a, const struct host_unit_state *b, bool x87,
		    const struct leniency *l)
{
	/* An MMX register's exponent reads all ones: SDM vol. 1, 9.2; QEMU leaves it. */
	for (unsigned n = 0; n < 8; n++) {
		if (a->st[n].low == b->st[n].low && (!x87 || a->st[n].high == b->st[n].high))
			continue;
		if (x87) {
			long double x, y;

			memcpy(&x, &a->st[n], 10);
			memcpy(&y, &b->st[n], 10);
			if ((l->nan && isnan(x) && isnan(y)) ||
			    /* the nearer to a pole, the less is exact */
			    (l->approximate && fabsl(x - y) <= fabsl(x) * (1 + fabsl(x)) * 0x1p-36L + 0x1p-48L))
				continue;
		}
		return false;
	}
	return true;
}

static bool same_float(float x, float y, const struct leniency *l)
{
	return memcmp(&x, &y, 4) == 0 || (l->nan && isnan(x) && isnan(y)) ||
	       (l->approximate && isinf(x) && isnan(y)) || /* RSQRTPS of a negative denormal */
	       (l->approximate && fabsf(x - y) <= fabsf(x) * 0x1p-10f + 0x1p-126f);
}

static bool same_xmm(const struct host_unit_state *a, const struct host_unit_state *b,
		     const struct leniency *l)
{
	for (unsigned n = 0; n < 16; n++) {
		const uint8_t *at = (const uint8_t *)a->xmm + 8 * n, *bt = (const uint8_t *)b->xmm + 8 * n;
		float x[2], y[2];
		double xd, yd;

		memcpy(&x, at, 8);
		memcpy(&y, bt, 8);
		memcpy(&xd, at, 8);
		memcpy(&yd, bt, 8);
		if (!(l->nan && isnan(xd) && isnan(yd)) &&
		    (!same_float(x[0], y[0], l) || !same_float(x[1], y[1], l)))
			return false;
	}
	return true;
}

static void run_case(struct test_case *c, struct tally *t)
{
	uc_engine *uc = engines[!c->real];
	struct dfw_cpu cpu, before;
	static struct x86_slot slots[64];
	struct x86 x = {.cpu = &cpu, .ops = &ops, .slots = slots, .slots_mask = 63};
	struct host_unit_state start, after, other;
	struct leniency l;
	enum excuse excuse;
	uint32_t regs[8], eip, flags, base, fsw_mask;
	enum x86_outcome outcome;
	bool x87 = c->map == X87, same = true;
	int ours_raised = -1;
	unsigned n, page;
	uc_err err;

	x86_reset(&cpu);
	for (n = 0; n < 8; n++)
		cpu.gpr[n].d = rnd() & 3 ? 0x10000 + (rnd() & 0x3fff0) : rnd() & 1 ? rnd() : rnd() & 0xffff;
	if (c->real)
		for (n = 0; n < 8; n++)
			if (rnd() & 3)
				cpu.gpr[n].d &= 0x3ff0;
	cpu.rflags = 2 | (rnd() & STATUS);
	for (n = 0; n < 6; n++) {
		uint16_t sel = c->real ? rnd() & 0xffff : (n == DFW_CS ? 8 : 16);

		cpu.seg[n] = (struct dfw_segment){.selector = sel,
						  .base = c->real ? (uint32_t)sel << 4 : 0,
						  .limit = c->real ? 0xffff : 0xffffffff,
						  .access_rights = c->real ? 0x93 : n == DFW_CS ? 0xc09b : 0xc093};
	}
	cpu.cr0 = c->real ? 0x30 : 0x31;
	cpu.cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
	cpu.rip = c->real ? rnd() & 0xffef : 0x60000 + (rnd() & 0x3ffff);
	cpu.seg[DFW_LDTR].access_rights |= DFW_AR_UNUSABLE;
	base = cpu.seg[DFW_CS].base + cpu.rip;
	if (base < 0x1000)
		return;
	before = cpu;
	build_code(c, &cpu);
	random_unit(&start, x87);

	/* A first run finds the length: Unicorn translates what follows, which is to be JMP $. */
	for (n = 0; n < 2; n++) {
		restore_memory();
		memcpy(ours + base, c->code, 20);
		touch(base, 20);
		outside = false;
		code_at = base;
		read_ours = read_theirs = (struct extent){0};
		cpu = before;
		host_unit_state = start;
		outcome = x86_step(&x);
		memcpy(c->code + x.insn->length, "\xeb\xfe", 2);
	}
	after = host_unit_state;
	after.mxcsr_mask = start.mxcsr_mask;
	if (outcome == X86_FAULT)
		ours_raised = x.event.vector;
	if (memcmp(ours + base, c->code, 20)) { /* it wrote over itself */
		t->outside++;
		return;
	}
	uc_mem_write(uc, base, c->code, 20);
	uc_ctl_remove_cache(uc, base, base + 20);
	unmapped = invalid = false;
	raised = -1;
	memset(regs, 0, sizeof(regs));

	if (outcome == X86_FAULT) {
		/* precise: nothing has changed */
		same = memcmp(&cpu, &before, sizeof(cpu)) == 0 &&
		       memcmp(after.st, start.st, sizeof(start.st)) == 0 &&
		       memcmp(after.xmm, start.xmm, 128) == 0 && after.fsw == start.fsw &&
		       after.ftw == start.ftw && after.mxcsr == start.mxcsr;
		if (!same) {
			t->bad++;
			show("not precise", c, &before, &cpu, regs, 0, 0, ours_raised, &start, &after, &after);
			return;
		}
	}
	if (ours_raised == 13 || ours_raised == 12) { /* limits and alignment: Unicorn checks neither */
		t->limits++;
		return;
	}
	excuse = unicorn_is_wrong(c, x.insn->length);
	if (excuse) {
		excused[excuse]++;
		t->excused++;
		return;
	}
	uc_context_restore(uc, fresh[!c->real]);
	for (n = 0; n < 8; n++)
		uc_reg_write(uc, gpr_id[n], &before.gpr[n].d);
	if (c->real)
		for (n = 0; n < 6; n++)
			uc_reg_write(uc, seg_id[n], &before.seg[n].selector);
	flags = before.rflags;
	uc_reg_write(uc, UC_X86_REG_EFLAGS, &flags);
	unit_to_unicorn(uc, &start);
	err = uc_emu_start(uc, base, 0xffffffffff, 0, 1);
	for (n = 0; n < 8; n++)
		uc_reg_read(uc, gpr_id[n], &regs[n]);
	uc_reg_read(uc, UC_X86_REG_EIP, &eip);
	uc_reg_read(uc, UC_X86_REG_EFLAGS, &flags);
	memset(&other, 0, sizeof(other));
	unit_from_unicorn(uc, &other);
	if (c->real && eip == (uint32_t)cpu.seg[DFW_CS].base + (uint32_t)cpu.rip)
		eip = cpu.rip;
	if (err == UC_ERR_INSN_INVALID)
		invalid = true;
	if (outside || unmapped) {
		t->outside++;
		return;
	}
	if (invalid)
		raised = 6;
	if (raised >= 0 || ours_raised >= 0) {
		t->faults++;
		if (raised != ours_raised) {
			t->bad++;
			show("exception", c, &before, &cpu, regs, eip, flags, ours_raised, &start, &after, &other);
		}
		return;
	}
	lenient(c, &start, &l);
	excuse = x87 && (after.fsw & 0x40) ? STACK_FAULT : l.undefined ? UNDEFINED : RIGHT;
	if (excuse) {
		excused[excuse]++;
		t->excused++;
		return;
	}
	t->run++;
	fsw_mask = x87 ? ~l.fsw & 0x7fff : 0x3800;
	for (n = 0; n < 8; n++)
		same &= regs[n] == cpu.gpr[n].d;
	same &= ((flags ^ cpu.rflags) & STATUS & ~l.flags) == 0 && eip == (uint32_t)cpu.rip;
	same &= (other.fsw & fsw_mask) == (after.fsw & fsw_mask) && (l.skip_tags || other.ftw == after.ftw) &&
		((other.fcw ^ after.fcw) & ~l.fcw) == 0;
	same &= (other.mxcsr & ~0x3f) == (after.mxcsr & ~0x3fu);
	same &= same_st(&after, &other, x87, &l);
	same &= same_xmm(&after, &other, &l);
	if (!same) {
		t->bad++;
		show("state", c, &before, &cpu, regs, eip, flags, ours_raised, &start, &after, &other);
		return;
	}
	/* across pages Unicorn reads whole aligned units */
	if (!l.skip_extent && read_ours.from / 4096 == (read_ours.to - 1) / 4096 &&
	    memcmp(&read_ours, &read_theirs, sizeof(read_ours))) {
		t->bad++;
		show("bytes read", c, &before, &cpu, regs, eip, flags, ours_raised, &start, &after, &other);
		return;
	}
	for (page = 0; page < PAGES && !l.skip_memory; page++)
		if (dirty[page] && memcmp(ours + page * 4096, theirs + page * 4096, 4096)) {
			t->bad++;
			show("memory", c, &before, &cpu, regs, eip, flags, ours_raised, &start, &after, &other);
			for (n = 0; n < 4096; n++)
				if (ours[page * 4096 + n] != theirs[page * 4096 + n] && shown < 12)
					printf("#   %05x: ours %02x, theirs %02x\n", page * 4096 + n,
					       ours[page * 4096 + n], theirs[page * 4096 + n]);
			return;
		}
}

static unsigned tests, failures;

/* SDM vol. 2, tables: with memory, and the first of eight registers */
static const char *const x87_names[8][16] = {
	{"FADD m32", "FMUL m32", "FCOM m32", "FCOMP m32", "FSUB m32", "FSUBR m32", "FDIV m32", "FDIVR m32",
	 "FADD ST,STi", "FMUL ST,STi", "FCOM STi", "FCOMP STi", "FSUB ST,STi", "FSUBR ST,STi", "FDIV ST,STi",
	 "FDIVR ST,STi"},
	{"FLD m32", "-", "FST m32", "FSTP m32", "FLDENV", "FLDCW", "FNSTENV", "FNSTCW", "FLD STi", "FXCH STi",
	 "FNOP", "FSTP STi", "FCHS...FXAM", "FLD1...FLDZ", "F2XM1...FINCSTP", "FPREM...FCOS"},
	{"FIADD m32", "FIMUL m32", "FICOM m32", "FICOMP m32", "FISUB m32", "FISUBR m32", "FIDIV m32",
	 "FIDIVR m32", "FCMOVB", "FCMOVE", "FCMOVBE", "FCMOVU", "-", "FUCOMPP", "-", "-"},
	{"FILD m32", "FISTTP m32", "FIST m32", "FISTP m32", "-", "FLD m80", "-", "FSTP m80", "FCMOVNB",
	 "FCMOVNE", "FCMOVNBE", "FCMOVNU", "FNCLEX, FNINIT", "FUCOMI", "FCOMI", "-"},
	{"FADD m64", "FMUL m64", "FCOM m64", "FCOMP m64", "FSUB m64", "FSUBR m64", "FDIV m64", "FDIVR m64",
	 "FADD STi,ST", "FMUL STi,ST", "FCOM STi", "FCOMP STi", "FSUBR STi,ST", "FSUB STi,ST", "FDIVR STi,ST",
	 "FDIV STi,ST"},
	{"FLD m64", "FISTTP m64", "FST m64", "FSTP m64", "FRSTOR", "-", "FNSAVE", "FNSTSW m16", "FFREE STi",
	 "FXCH STi", "FST STi", "FSTP STi", "FUCOM STi", "FUCOMP STi", "-", "-"},
	{"FIADD m16", "FIMUL m16", "FICOM m16", "FICOMP m16", "FISUB m16", "FISUBR m16", "FIDIV m16",
	 "FIDIVR m16", "FADDP", "FMULP", "FCOMP STi", "FCOMPP", "FSUBRP", "FSUBP", "FDIVRP", "FDIVP"},
	{"FILD m16", "FISTTP m16", "FIST m16", "FISTP m16", "FBLD m80", "FILD m64", "FBSTP m80", "FISTP m64",
	 "FFREEP STi", "FXCH STi", "FSTP STi", "FSTP STi", "FNSTSW AX", "FUCOMIP", "FCOMIP", "-"},
};

static void compare_form(struct test_case form, unsigned cases, const char *name)
{
	struct tally t = {0};

	shown = 0;
	for (unsigned n = 0; n < cases; n++) {
		struct test_case c = form;

		run_case(&c, &t);
	}
	printf("%sok %u - %s %s%s%02X %s: %u compared, %u exceptions, %u limits, %u outside, %u excused, %u differ\n",
	       t.bad ? "not " : "", ++tests, form.real ? "real" : "protected", prefix_name[form.prefix],
	       map_name[form.map], form.opcode, name, t.run, t.faults, t.limits, t.outside, t.excused, t.bad);
	failures += t.bad != 0;
}

static void compare(unsigned cases, unsigned only)
{
	static const unsigned key[] = {0, 0xf00, 0x3800, 0x3a00};

	for (unsigned n = 0; n < 4 * 256 * 4 * 2; n++) {
		struct test_case c = {.map = n >> 11, .opcode = n >> 3 & 255, .prefix = n >> 1 & 3,
				      .real = !(n & 1), .form = -1};
		const char *name = name_of(c.map, c.opcode, c.prefix);

		if (!ours_to_test(c.map, c.opcode) || (c.map == X87 && c.prefix > P_66))
			continue;
		if (only && only != (key[c.map] | c.opcode))
			continue;
		/* two modes, x87 with and without 66; undefined ones need fewer */
		if (c.map != X87 || c.opcode == 0x9b)
			compare_form(c, *name == '-' ? cases / 16 + 2 : cases / 2, name);
		else
			for (c.form = 0; c.form < 16; c.form++)
				compare_form(c, cases / 4, x87_names[c.opcode & 7][c.form]);
	}
}

int main(int argc, char **argv)
{
	const char *is_long = getenv("DFW_LONG");
	unsigned cases = argc > 1 ? atoi(argv[1]) : is_long && *is_long ? 5200 : 80, only = argc > 3 ? strtoul(argv[3], NULL, 16) : 0;

	reading = reading_data;
	seed = (argc > 2 ? strtoull(argv[2], NULL, 0) : 1) * 0x9e3779b97f4a7c15ull + 1;
	for (unsigned n = 0; n < MEMORY; n += 4)
		*(uint32_t *)(pristine + n) = word();
	memcpy(ours, pristine, MEMORY);
	memcpy(theirs, pristine, MEMORY);
	host_unit_init();
	engines[0] = engine(UC_MODE_16);
	engines[1] = engine(UC_MODE_32);
	protect(engines[1]);
	for (unsigned n = 0; n < 2; n++) {
		uc_context_alloc(engines[n], &fresh[n]);
		uc_context_save(engines[n], fresh[n]);
	}
	compare(cases, only);
	for (unsigned n = 1; n < EXCUSES; n++)
		printf("# Unicorn 2.0.1, excused %u times: %s | %s | %s\n", excused[n], excuses[n].what, excuses[n].manual,
		       excuses[n].settled);
	printf("1..%u\n", tests);
	return failures != 0;
}
