/* SPDX-License-Identifier: MIT
 *
 * x87, MMX, SSE and the later integer instructions: what libunicorn does not check or does not have,
 * by hand from the manuals, on the build machine's unit: the order of exceptions, alignment, limits,
 * pages, the images of FNSTENV and company, instruction pointers, errors that are pending, and
 * extensions that are compared with the compiler's encoding of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "host_unit.h"
#include "world.h"

enum { DB = 1, UD = 6, NM = 7, SS_FAULT = 12, GP = 13, PF = 14, MF = 16, XM = 19 };
enum { MP = 2, EM = 4, TS = 8, NE = 0x20 };
enum { PAE = 1 << 5, OSFXSR = 1 << 9, OSXMMEXCPT = 1 << 10, OSXSAVE = 1 << 18 };
enum { CODE = 0x20000, DATA = 0x30000, TABLES = 0x10000 };

static uint32_t hidden_features; /* of leaf 1, ECX */
static bool system_features;     /* leaf 7: SMAP, RTM; 80000001h: SYSCALL, RDTSCP; 1: MONITOR */

static bool op_read_msr(void *world, uint32_t index, uint64_t *value)
{
	*value = index == 0xc0000081 ? 0x0023001000123456 : 0x77;
	return index == 0xc0000103 || index == 0xc0000081;
}

static bool op_write_msr(void *world, uint32_t index, uint64_t value)
{
	return false;
}

static void op_cpuid(void *world, uint32_t regs[4])
{
	uint32_t leaf = regs[0];

	host_cpuid(world, regs);
	if (leaf == 1) {
		regs[2] &= ~hidden_features;
		regs[2] |= system_features ? 1 << 3 : 0;
	}
	if (leaf == 7)
		regs[1] = system_features ? regs[1] | 1 << 20 | 1 << 11 | 1 << 10
					  : regs[1] & ~(1 << 20 | 1 << 11 | 1 << 10);
	if (leaf == 0x80000001)
		regs[3] = system_features ? regs[3] | 1 << 11 | 1 << 27 : regs[3] & ~(1 << 11 | 1 << 27);
}

static uint64_t op_rdtsc(void *world)
{
	return 0x1122334455667788;
}

static struct x86_ops ops = {
	.read = op_read,
	.write = op_write,
	.map = op_map,
	.in = op_in,
	.out = op_out,
	.read_msr = op_read_msr,
	.write_msr = op_write_msr,
	.cpuid = op_cpuid,
	.rdtsc = op_rdtsc,
	.fpu = host_unit_run,
};

/* Real mode with DS and ES at DATA, SS 1000h bytes on; EBX = EBP = ESI = EDI = 0. */
static void real_mode(void)
{
	static const uint32_t base[6] = {DATA, CODE, DATA + 0x1000, DATA, DATA, DATA};

	x86_reset(&cpu);
	for (unsigned n = 0; n < 6; n++)
		cpu.seg[n] = segment(base[n] >> 4, base[n], 0xffff, 0x93);
	cpu.cr0 = 0x10 | NE;
	cpu.cr4 = OSFXSR | OSXMMEXCPT;
	cpu.rip = 0x100;
	memset(&x, 0, sizeof(x));
	x.cpu = &cpu;
	x.ops = &ops;
	x.slots = slots;
	x.slots_mask = 63;
	hidden_features = 0;
	system_features = false;
	host_unit_init();
	memset(host_unit_environment, 0, sizeof(host_unit_environment));
}

static void protected_mode(unsigned level, bool wide)
{
	real_mode();
	for (unsigned n = 0; n < 6; n++) {
		cpu.seg[n].selector = 8 + 8 * n + level;
		cpu.seg[n].access_rights = (n == DFW_CS ? 0x9b : 0x93) | level << 5 | (wide ? 0x4000 : 0);
	}
	cpu.cr0 |= 1;
}

static enum x86_outcome run_bytes(const uint8_t *code, unsigned len)
{
	memset(memory + cpu.seg[DFW_CS].base + cpu.rip, 0x90, 16);
	memcpy(memory + cpu.seg[DFW_CS].base + cpu.rip, code, len);
	return x86_step(&x);
}

static void runs(const uint8_t *code, unsigned len, int line)
{
	uint64_t rip = cpu.rip;
	enum x86_outcome outcome = run_bytes(code, len);

	if (outcome != X86_DONE || cpu.rip != rip + len)
		fail_msg("line %d: outcome %d, vector %u, rip %x", line, outcome, x.event.vector,
			 (unsigned)cpu.rip);
}

static void faults(unsigned vector, const uint8_t *code, unsigned len, int line)
{
	struct dfw_cpu before = cpu;
	struct host_unit_state unit = host_unit_state;
	static uint8_t memory_before[MEMORY];
	enum x86_outcome outcome;

	memset(memory + cpu.seg[DFW_CS].base + cpu.rip, 0x90, 16);
	memcpy(memory + cpu.seg[DFW_CS].base + cpu.rip, code, len);
	memcpy(memory_before, memory, MEMORY);
	outcome = x86_step(&x);
	if (outcome != X86_FAULT || x.event.vector != vector)
		fail_msg("line %d: outcome %d, vector %u, not %u", line, outcome,
			 outcome == X86_FAULT ? x.event.vector : 0, vector);
	before.cr2 = cpu.cr2;
	if (memcmp(&before, &cpu, sizeof(cpu)) || memcmp(unit.xmm, host_unit_state.xmm, 128) ||
	    memcmp(unit.st, host_unit_state.st, sizeof(unit.st)) || unit.ftw != host_unit_state.ftw ||
	    unit.fcw != host_unit_state.fcw || (unit.fsw ^ host_unit_state.fsw) & 0x7fff)
		fail_msg("line %d: registers changed", line);
	/* accessed bits apart */
	if (memcmp(memory_before + CODE, memory + CODE, MEMORY - CODE))
		fail_msg("line %d: memory changed", line);
	assert_int_equal(x.event.error, vector == PF ? x.event.error : 0);
}

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
#define RUNS(...)  runs(BYTES(__VA_ARGS__), __LINE__)
#define FAULTS(vector, ...) faults(vector, BYTES(__VA_ARGS__), __LINE__)

/* --- CR0 and CR4: SDM vol. 3, table 2-2, 13.1; vol. 1, 11.6 --- */

static void control_bits(void **state)
{
	enum class { X87, WAIT, MMX, SSE, FXSAVE, INTEGER };
	static const struct {
		enum class class;
		uint8_t code[6], length;
	} insn[] = {
		{X87, {0xd8, 0xc1}, 2},          {X87, {0xd9, 0x07}, 2},
		{X87, {0xdb, 0xe3}, 2},          {X87, {0xdf, 0xe0}, 2},
		{WAIT, {0x9b}, 1},               {MMX, {0x0f, 0xfc, 0xc1}, 3},
		{MMX, {0x0f, 0x6f, 0x07}, 3},    {MMX, {0x0f, 0x77}, 2},
		{MMX, {0x0f, 0xe0, 0xc1}, 3},    {MMX, {0x0f, 0x38, 0x00, 0xc1}, 4},
		{SSE, {0x0f, 0x58, 0xc1}, 3},    {SSE, {0x66, 0x0f, 0xfc, 0xc1}, 4},
		{SSE, {0x0f, 0x2a, 0xc1}, 3},    {SSE, {0x0f, 0xae, 0x1f}, 3},
		{SSE, {0xf2, 0x0f, 0xd6, 0xc1}, 4}, {FXSAVE, {0x0f, 0xae, 0x07}, 3},
		{INTEGER, {0xf3, 0x0f, 0xb8, 0xc1}, 4}, {INTEGER, {0x0f, 0xae, 0xf8}, 3},
		{INTEGER, {0x0f, 0xc3, 0x07}, 3}, {INTEGER, {0xf2, 0x0f, 0x38, 0xf0, 0xc1}, 5},
	};

	for (unsigned n = 0; n < sizeof(insn) / sizeof(*insn); n++)
		for (unsigned cr0 = 0; cr0 < 16; cr0 += 2)
			for (unsigned fxsr = 0; fxsr < 2; fxsr++) {
				unsigned want = 0;

				switch (insn[n].class) {
				case X87:
				case FXSAVE:
					want = cr0 & (EM | TS) ? NM : 0;
					break;
				case WAIT:
					want = (cr0 & (MP | TS)) == (MP | TS) ? NM : 0;
					break;
				case MMX:
					want = cr0 & EM ? UD : cr0 & TS ? NM : 0;
					break;
				case SSE:
					want = cr0 & EM || !fxsr ? UD : cr0 & TS ? NM : 0;
					break;
				case INTEGER:
					break;
				}
				real_mode();
				cpu.cr0 |= cr0;
				cpu.cr4 = fxsr ? OSFXSR : 0;
				if (want)
					faults(want, insn[n].code, insn[n].length, -(int)n);
				else
					runs(insn[n].code, insn[n].length, -(int)n);
			}
	/* #NM comes before the operand's faults, #UD before #NM; LOCK is #UD */
	real_mode();
	cpu.cr0 |= TS;
	cpu.gpr[DFW_RBX].w = 0xffff;
	FAULTS(NM, 0x0f, 0x10, 0x07);
	FAULTS(NM, 0xdd, 0x07);
	FAULTS(UD, 0x0f, 0x13, 0xc1);
	cpu.cr0 &= ~(uint64_t)TS;
	FAULTS(GP, 0x0f, 0x10, 0x07);
	FAULTS(UD, 0xf0, 0x0f, 0x10, 0x06);
	FAULTS(UD, 0xf0, 0xd9, 0x06);
}

/* --- every form's memory operand --- */

static const struct {
	uint8_t map, opcode, prefix;
	const char *operands;
} forms[] = {
#define P_NP 0
#define P_66 0x66
#define P_F3 0xf3
#define P_F2 0xf2
#define V(map, op, prefix, name, feature, ...) {0x##map, 0x##op, P_##prefix, #__VA_ARGS__},
#include "x86/fpu.def"
#undef V
};

/* Bytes, alignment and direction of the memory operand as the manual's notation says. */
struct operand {
	unsigned size;
	bool aligned, written, other;
};

static struct operand memory_operand(const char *operands, unsigned osize)
{
	struct operand o = {0};
	char text[32], *kind;
	unsigned n = 0;

	snprintf(text, sizeof(text), "%s", operands);
	for (kind = strtok(text, ", "); kind; kind = strtok(NULL, ", "), n++) {
		char size = kind[strlen(kind) - 1];

		if (strncmp(kind, "DI", 2) == 0)
			o.other = true;
		if (!strchr("QWME", kind[0]) && strncmp(kind, "RdM", 3) != 0)
			continue;
		o.size = size == 'b' ? 1 : size == 'w' ? 2 : size == 'd' ? 4 : size == 'q' ? 8 : size == 'v' ? osize : 16;
		o.aligned = size == 'x';
		o.written = n == 0;
	}
	return o;
}

static unsigned encode(uint8_t *code, unsigned form, uint8_t modrm)
{
	unsigned n = 0;

	if (forms[form].prefix)
		code[n++] = forms[form].prefix;
	code[n++] = 0x0f;
	if (forms[form].map != 0x0f)
		code[n++] = forms[form].map;
	code[n++] = forms[form].opcode;
	code[n++] = modrm;
	if (strstr(forms[form].operands, "Ib"))
		code[n++] = forms[form].opcode == 0x0f && forms[form].map == 0x0f ? 0x9e : 1;
	return n;
}

static bool on_this_machine(unsigned form)
{
	uint8_t code[16];
	unsigned len = encode(code, form, 0x07);

	real_mode();
	return !(run_bytes(code, len) == X86_FAULT && x.event.vector == UD);
}

/* Two pages at linear 0: the first is DATA, the second not there or read-only. */
static void pages(bool second_readonly)
{
	memset(memory + TABLES, 0, 0x2000);
	put32(TABLES, (TABLES + 0x1000) | 7);
	put32(TABLES + 0x1000, DATA | 7);
	put32(TABLES + 0x1004, (DATA + 0x8000) | (second_readonly ? 5 : 6));
	put32(TABLES + 0x1000 + 4 * (CODE >> 12), CODE | 7);
	cpu.cr3 = TABLES;
	cpu.cr0 |= 0x80010000;
	for (unsigned n = 0; n < 6; n++)
		if (n != DFW_CS)
			cpu.seg[n].base = 0;
}

static void one_operand(const uint8_t *code, unsigned len, struct operand o)
{
	/* up to the limit, and past it: #GP, #SS in the stack segment */
	real_mode();
	cpu.gpr[DFW_RBX].w = 0x10000 - o.size;
	runs(code, len, __LINE__);
	real_mode();
	cpu.gpr[DFW_RBX].w = 0x10000 - o.size + (o.size > 1 ? 1 : 0);
	if (o.size > 1) {
		uint8_t stack[16];

		faults(GP, code, len, __LINE__);
		stack[0] = 0x36;
		memcpy(stack + 1, code, len);
		faults(SS_FAULT, stack, len + 1, __LINE__);
	}
	/* read-only, in protected mode */
	protected_mode(0, false);
	cpu.seg[DFW_DS].access_rights = 0x91;
	if (o.written)
		faults(GP, code, len, __LINE__);
	else
		runs(code, len, __LINE__);
	/* alignment: #GP(0), whichever segment */
	real_mode();
	cpu.gpr[DFW_RBX].w = 0x108;
	if (o.aligned) {
		uint8_t stack[16];

		faults(GP, code, len, __LINE__);
		stack[0] = 0x36;
		memcpy(stack + 1, code, len);
		faults(GP, stack, len + 1, __LINE__);
	} else {
		cpu.gpr[DFW_RBX].w = 0x101;
		runs(code, len, __LINE__);
	}
	/* a fault on the second page changes nothing on the first */
	if (!o.aligned && o.size > 1) {
		protected_mode(3, false);
		pages(false);
		cpu.gpr[DFW_RBX].w = 0x1000 - 1;
		faults(PF, code, len, __LINE__);
		assert_int_equal(cpu.cr2, 0x1000);
		assert_int_equal(x.event.error, 4 | (o.written ? 2 : 0));
		protected_mode(3, false);
		pages(true);
		cpu.gpr[DFW_RBX].w = 0x1000 - 1;
		if (o.written) {
			faults(PF, code, len, __LINE__);
			assert_int_equal(x.event.error, 7);
		} else {
			runs(code, len, __LINE__);
		}
	}
}

static void memory_operands(void **state)
{
	unsigned checked = 0;

	for (unsigned n = 0; n < sizeof(forms) / sizeof(*forms); n++) {
		struct operand o = memory_operand(forms[n].operands, forms[n].prefix == 0x66 ? 4 : 2);
		uint8_t code[16];
		unsigned len = encode(code, n, 0x07);

		if (n) /* the binary search asks for order */
			assert_true((forms[n].map == 0x0f ? 0 : forms[n].map) > (forms[n - 1].map == 0x0f ? 0 : forms[n - 1].map) ||
				    forms[n].opcode >= forms[n - 1].opcode);
		if (!o.size || o.other || !on_this_machine(n))
			continue;
		one_operand(code, len, o);
		checked++;
	}
	assert_true(checked > 250);
	printf("# %u forms with a memory operand\n", checked);
}

static void register_only_forms(void **state)
{
	for (unsigned n = 0; n < sizeof(forms) / sizeof(*forms); n++) {
		uint8_t code[16];
		unsigned len = encode(code, n, 0xc1);

		real_mode();
		if (strchr(forms[n].operands, 'M') && !strstr(forms[n].operands, "RdM"))
			faults(UD, code, len, -(int)n);
		len = encode(code, n, 0x07);
		if (strchr(forms[n].operands, 'N') && strstr(forms[n].operands, "None") == NULL)
			faults(UD, code, len, -(int)n);
		if (strchr(forms[n].operands, 'U'))
			faults(UD, code, len, -(int)n);
	}
}

static bool cpu_has(uint32_t leaf, unsigned reg, unsigned bit)
{
	uint32_t regs[4] = {leaf};

	host_cpuid(NULL, regs);
	return regs[reg] >> bit & 1;
}

/* Extensions in these maps that are not the interpreter's: MOVDIR64B and ENQCMD, Key Locker, shadow
 * stacks, AADD and company, the SSE4A forms with two immediates. */
static bool left_out(unsigned map, unsigned opcode, unsigned prefix)
{
	if (map == 0x0f)
		return opcode == 0x78;
	return map == 0x38 && (opcode == 0xf8 || (opcode >= 0xd8 && opcode <= 0xdf && prefix == 0xf3) ||
			       opcode == 0xf5 || (opcode == 0xf6 && prefix != 0xf3) || opcode == 0xfc);
}

static bool swept(unsigned map, unsigned opcode)
{
	return map != 0x0f || (opcode >= 0x10 && opcode <= 0x17) || (opcode >= 0x28 && opcode <= 0x2f) ||
	       (opcode >= 0x50 && opcode <= 0x7f) || opcode == 0xb8 || (opcode >= 0xc2 && opcode <= 0xc6) ||
	       (opcode >= 0xd0 && opcode <= 0xfe);
}

/* Does the machine itself find the opcode undefined where the tables do, memory or register? */
static void which_exist(void **state)
{
	static const uint8_t maps[] = {0x0f, 0x38, 0x3a}, prefixes[] = {0, 0x66, 0xf3, 0xf2};
	static uint8_t room[8192] __attribute__((aligned(64)));
	unsigned wrong = 0, defined = 0;

	for (unsigned n = 0; n < 3 * 256 * 4 * 16; n++) {
		unsigned map = maps[n >> 14], opcode = n >> 6 & 255, prefix = prefixes[n >> 4 & 3];
		struct x86_unit unit = {.operand = room};
		uint8_t code[16];
		unsigned len = 0;
		bool theirs, ours;

		if (n >> 14 > 2 || !swept(map, opcode) || left_out(map, opcode, prefix))
			continue;
		/* other fields than groups' may name RSP and what the call keeps */
		if ((n & 7) && !(map == 0x0f && opcode >= 0x71 && opcode <= 0x73))
			continue;
		if (prefix)
			code[len++] = prefix;
		code[len++] = 0x0f;
		if (map != 0x0f)
			code[len++] = map;
		code[len++] = opcode;
		if (!(map == 0x0f && opcode == 0x77))
			code[len++] = (n & 8 ? 0xc1 : 0x07) | (n & 7) << 3;
		if (map == 0x3a || (map == 0x0f && ((opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 ||
						    (opcode >= 0xc4 && opcode <= 0xc6))))
			code[len++] = 0;
		real_mode();
		system_features = map == 0x38 && opcode == 0x82 && cpu_has(7, 1, 10);
		cpu.seg[DFW_CS].access_rights |= 0x4000; /* as the machine's 64-bit code: 32-bit operands */
		cpu.gpr[DFW_RDI].d = 0x100;
		memset(memory + DATA, 0, 0x200);
		ours = !(run_bytes(code, len) == X86_FAULT && x.event.vector == UD);
		memcpy(unit.code, code, len);
		unit.length = len;
		real_mode();
		theirs = host_unit_run(NULL, &unit) - 1 != UD;
		defined += theirs;
		if (ours != theirs && wrong++ < 20)
			printf("# %02x %02x %02x /%u %s: %s here\n", prefix, map, opcode, n & 7,
			       n & 8 ? "register" : "memory", theirs ? "defined" : "undefined");
	}
	printf("# %u forms by ModRM.reg are defined here\n", defined);
	assert_int_equal(wrong, 0);
}

/* SDM vol. 2, tables */
static void x87_operands(void **state)
{
	static const struct {
		uint8_t opcode, reg, size;
		bool written;
	} insn[] = {
		{0xd8, 0, 4, false},  {0xd8, 7, 4, false},  {0xd9, 0, 4, false},  {0xd9, 2, 4, true},
		{0xd9, 3, 4, true},   {0xd9, 4, 14, false}, {0xd9, 5, 2, false},  {0xd9, 6, 14, true},
		{0xd9, 7, 2, true},   {0xda, 0, 4, false},  {0xda, 7, 4, false},  {0xdb, 0, 4, false},
		{0xdb, 1, 4, true},   {0xdb, 2, 4, true},   {0xdb, 3, 4, true},   {0xdb, 5, 10, false},
		{0xdb, 7, 10, true},  {0xdc, 0, 8, false},  {0xdc, 7, 8, false},  {0xdd, 0, 8, false},
		{0xdd, 1, 8, true},   {0xdd, 2, 8, true},   {0xdd, 3, 8, true},   {0xdd, 4, 94, false},
		{0xdd, 6, 94, true},  {0xdd, 7, 2, true},   {0xde, 0, 2, false},  {0xde, 7, 2, false},
		{0xdf, 0, 2, false},  {0xdf, 1, 2, true},   {0xdf, 2, 2, true},   {0xdf, 3, 2, true},
		{0xdf, 4, 10, false}, {0xdf, 5, 8, false},  {0xdf, 6, 10, true},  {0xdf, 7, 8, true},
	};

	for (unsigned n = 0; n < sizeof(insn) / sizeof(*insn); n++) {
		uint8_t code[3] = {insn[n].opcode, insn[n].reg << 3 | 7}, wide[3] = {0x66, code[0], code[1]};
		struct operand o = {.size = insn[n].size, .written = insn[n].written};

		memset(memory + DATA, 0, 0x11000);
		one_operand(code, 2, o);
		if (o.size == 14 || o.size == 94) {
			o.size += 14;
			one_operand(wide, 3, o);
		}
	}
	real_mode();
	FAULTS(UD, 0xd9, 0x0f);
	FAULTS(UD, 0xdb, 0x27);
	FAULTS(UD, 0xdb, 0x37);
	FAULTS(UD, 0xdd, 0x2f);
	hidden_features = 1; /* SSE3 */
	FAULTS(UD, 0xdb, 0x0f);
}

/* #AC: SDM vol. 3, table 6-7 */
static void alignment_check(void **state)
{
	enum { ALIGN = 17 };

	protected_mode(3, false);
	cpu.cr0 |= 1 << 18;
	cpu.rflags |= 1 << 18;
	cpu.gpr[DFW_RBX].w = 0x104;
	RUNS(0xd9, 0x07);                        /* m32 */
	FAULTS(ALIGN, 0xdd, 0x07);               /* m64 */
	FAULTS(ALIGN, 0xdb, 0x2f);               /* m80: 8 */
	FAULTS(ALIGN, 0xdb, 0x3f);
	FAULTS(ALIGN, 0x0f, 0x6f, 0x07);         /* MOVQ */
	RUNS(0x0f, 0x60, 0x07);                  /* PUNPCKLBW m32 */
	RUNS(0x0f, 0x10, 0x07);                  /* MOVUPS */
	FAULTS(GP, 0x0f, 0x28, 0x07);            /* MOVAPS */
	FAULTS(GP, 0x0f, 0xae, 0x07);            /* FXSAVE */
	cpu.gpr[DFW_RBX].w = 0x102;
	RUNS(0xd9, 0x37);                        /* FNSTENV: words */
	FAULTS(ALIGN, 0x66, 0xd9, 0x37);         /* doublewords */
	RUNS(0xdd, 0x37);
	FAULTS(ALIGN, 0x66, 0xdd, 0x37);
	FAULTS(ALIGN, 0xf3, 0x0f, 0x10, 0x07);   /* MOVSS */
	cpu.gpr[DFW_RBX].w = 0x108;
	RUNS(0xdb, 0x2f);
}

static void maskmov(void **state)
{
	static const uint8_t mmx[] = {0x0f, 0xf7, 0xc1}, xmm[] = {0x66, 0x0f, 0xf7, 0xc1};

	real_mode();
	host_unit_state.st[0].low = 0x8877665544332211;
	host_unit_state.st[1].low = 0x80008000ff7f0180;
	cpu.gpr[DFW_RDI].d = 0x12340103; /* the word counts */
	memset(memory + DATA + 0x100, 0xee, 32);
	runs(mmx, sizeof(mmx), __LINE__);
	/* MM0 in the low lanes of mask bytes 80, ff, 80, 80: bytes 0, 3, 5, 7 */
	assert_int_equal(get32(DATA + 0x103), 0x44eeee11);
	assert_int_equal(get32(DATA + 0x107), 0x88ee66ee);
	cpu.rip = 0x100;
	host_unit_state.xmm[0][0] = 0x0807060504030201;
	host_unit_state.xmm[0][1] = 0x100f0e0d0c0b0a09;
	host_unit_state.xmm[1][0] = 0x80;
	host_unit_state.xmm[1][1] = 1ull << 63;
	RUNS(0x26, 0x66, 0x0f, 0xf7, 0xc1); /* an override, no alignment */
	assert_int_equal(memory[DATA + 0x103], 1);
	assert_int_equal(memory[DATA + 0x112], 0x10);
	assert_int_equal(memory[DATA + 0x104], 0xee);
	/* bytes that are not selected are not written, across pages either */
	cpu.rip = 0x100;
	cpu.gpr[DFW_RDI].d = 0xff8;
	writes = 0;
	runs(xmm, sizeof(xmm), __LINE__);
	assert_int_equal(writes, 2);
	assert_int_equal(memory[DATA + 0xff8], 1);
	assert_int_equal(memory[DATA + 0x1007], 0x10);
	cpu.rip = 0x100;
	cpu.gpr[DFW_RDI].d = 0xfff1;
	faults(GP, xmm, sizeof(xmm), __LINE__);
	RUNS(0x67, 0x66, 0x0f, 0x6f, 0xc8); /* MOVDQA XMM1,XMM0: nothing to do with memory */
	cpu.rip = 0x100;
	cpu.gpr[DFW_RDI].d = 0x10000;
	FAULTS(GP, 0x67, 0x0f, 0xf7, 0xc1);
	FAULTS(UD, 0x0f, 0xf7, 0x01);
}

/* --- x87: images, pointers, pending errors --- */

static void environment_images(void **state)
{
	/* The instruction noted: FADD m32 at CS:0100 (CODE), operand DS:1234 (DATA) */
	static const uint8_t fadd[] = {0x3e, 0xd8, 0x06, 0x34, 0x12};
	unsigned fop = 0x006;

	for (unsigned mode = 0; mode < 3; mode++) {
		uint16_t cs, ds;

		memset(memory + DATA, 0, 0x2000);
		if (mode == 0)
			real_mode();
		else
			protected_mode(0, false);
		if (mode == 2) { /* virtual-8086 mode has the real-mode format */
			cpu.rflags |= 0x23000;
			for (unsigned n = 0; n < 6; n++)
				cpu.seg[n].access_rights = 0xf3;
			cpu.seg[DFW_CS].selector = CODE >> 4;
			cpu.seg[DFW_DS].selector = DATA >> 4;
		}
		cs = cpu.seg[DFW_CS].selector;
		ds = cpu.seg[DFW_DS].selector;
		runs(fadd, sizeof(fadd), __LINE__);
		cpu.gpr[DFW_RBX].w = 0x200;
		RUNS(0xd9, 0x37); /* FNSTENV [BX] */
		cpu.gpr[DFW_RBX].w = 0x300;
		RUNS(0x66, 0xd9, 0x37);
		assert_int_equal(get16(DATA + 0x200), 0x37f);
		assert_int_equal(get16(DATA + 0x204), get32(DATA + 0x308) & 0xffff);
		assert_int_equal(get32(DATA + 0x300) & 0xffff, 0x37f);
		if (mode == 1) {
			assert_int_equal(get16(DATA + 0x206), 0x100);
			assert_int_equal(get16(DATA + 0x208), cs);
			assert_int_equal(get16(DATA + 0x20a), 0x1234);
			assert_int_equal(get16(DATA + 0x20c), ds);
			assert_int_equal(get32(DATA + 0x30c), 0x100);
			assert_int_equal(get32(DATA + 0x310), fop << 16 | cs);
			assert_int_equal(get32(DATA + 0x314), 0x1234);
			assert_int_equal(get16(DATA + 0x318), ds);
		} else {
			assert_int_equal(get16(DATA + 0x206), 0x0100);
			assert_int_equal(get16(DATA + 0x208), 0x2000 | fop);
			assert_int_equal(get16(DATA + 0x20a), 0x1234);
			assert_int_equal(get16(DATA + 0x20c), 0x3000);
			assert_int_equal(get32(DATA + 0x30c) & 0xffff, 0x0100);
			assert_int_equal(get32(DATA + 0x310), 0x2000 | fop);
			assert_int_equal(get32(DATA + 0x314) & 0xffff, 0x1234);
			assert_int_equal(get32(DATA + 0x318), 0x3000);
		}
		/* loaded and stored again they are the same */
		for (unsigned wide = 0; wide < 2; wide++) {
			uint8_t load[] = {0x66, 0xd9, 0x27}, store[] = {0x66, 0xd9, 0x37};
			unsigned from = DATA + 0x200 + 0x100 * wide;

			RUNS(0xdb, 0xe3); /* FNINIT: everything zero */
			cpu.gpr[DFW_RBX].w = 0x200 + 0x100 * wide;
			runs(load + !wide, 2 + wide, __LINE__);
			cpu.gpr[DFW_RBX].w = 0x400;
			runs(store + !wide, 2 + wide, __LINE__);
			/* the 16-bit protected-mode format has no opcode, none has upper halves to keep */
			assert_memory_equal(memory + from, memory + DATA + 0x400, wide ? 26 : 14);
		}
	}
}

static void state_images(void **state)
{
	for (unsigned wide = 0; wide < 2; wide++) {
		uint8_t save[] = {0x66, 0xdd, 0x37}, restore[] = {0x66, 0xdd, 0x27};
		struct host_unit_state before;
		unsigned head = wide ? 28 : 14;

		real_mode();
		memset(memory + DATA, 0xcc, 0x400);
		for (unsigned n = 0; n < 8; n++) {
			host_unit_state.st[n].low = 0x8000000000000001 + n;
			host_unit_state.st[n].high = 0x3fff + n;
		}
		host_unit_state.ftw = 0xe7;
		host_unit_state.fsw = 5 << 11 | 0x4100;
		host_unit_state.fcw = 0xf7f;
		before = host_unit_state;
		cpu.gpr[DFW_RBX].w = 0x101;
		runs(save + !wide, 2 + wide, __LINE__);
		assert_int_equal(host_unit_state.fcw, 0x37f);
		assert_int_equal(host_unit_state.ftw, 0);
		assert_int_equal(get16(DATA + 0x101), 0xf7f);
		assert_int_equal(get16(DATA + 0x101 + (wide ? 4 : 2)), 5 << 11 | 0x4100);
		assert_int_equal(get32(DATA + 0x101 + head), 1);
		assert_int_equal(get16(DATA + 0x101 + head + 8), 0x3fff);
		assert_int_equal(get16(DATA + 0x101 + head + 78), 0x4006);
		assert_int_equal(memory[DATA + 0x101 + head + 80], 0xcc);
		runs(restore + !wide, 2 + wide, __LINE__);
		assert_memory_equal(before.st, host_unit_state.st, sizeof(before.st));
		assert_int_equal(host_unit_state.fcw, 0xf7f);
		assert_int_equal(host_unit_state.ftw, 0xe7);
		assert_int_equal(host_unit_state.fsw, 5 << 11 | 0x4100);
	}
}

static void fxsave(void **state)
{
	struct host_unit_state before;

	real_mode();
	for (unsigned n = 0; n < 8; n++) {
		host_unit_state.xmm[n][0] = 0x1111111111111111 * n;
		host_unit_state.st[n].low = 1ull << 63 | n;
		host_unit_state.st[n].high = 0x4000;
	}
	host_unit_state.ftw = 0xff;
	host_unit_state.mxcsr = 0x5f80;
	before = host_unit_state;
	memset(memory + DATA, 0xcc, 0x400);
	RUNS(0x0f, 0xae, 0x06, 0x00, 0x01);
	assert_int_equal(get32(DATA + 0x118), 0x5f80);
	assert_int_equal(get32(DATA + 0x1a0 + 16), 0x11111111);
	assert_int_equal(memory[DATA + 0x100 + 288], 0xcc); /* XMM8 is not there */
	assert_int_equal(memory[DATA + 0x100 + 511], 0xcc);
	memset(&host_unit_state, 0, sizeof(host_unit_state));
	host_unit_state.mxcsr = 0x1f80;
	RUNS(0x0f, 0xae, 0x0e, 0x00, 0x01);
	assert_memory_equal(before.xmm, host_unit_state.xmm, 128);
	assert_memory_equal(before.st, host_unit_state.st, sizeof(before.st));
	assert_int_equal(host_unit_state.mxcsr, 0x5f80);
	/* alignment, reserved bits of MXCSR, prefixes, register form */
	FAULTS(GP, 0x0f, 0xae, 0x06, 0x08, 0x01);
	FAULTS(GP, 0x0f, 0xae, 0x0e, 0x08, 0x01);
	put32(DATA + 0x118, 0xffff5f80);
	FAULTS(GP, 0x0f, 0xae, 0x0e, 0x00, 0x01);
	FAULTS(GP, 0x0f, 0xae, 0x16, 0x18, 0x01);
	FAULTS(UD, 0x66, 0x0f, 0xae, 0x06, 0x00, 0x01);
	FAULTS(UD, 0xf3, 0x0f, 0xae, 0xc0);
	FAULTS(UD, 0x0f, 0xae, 0xc0);
	put32(DATA + 0x200, 0x3f80);
	RUNS(0x0f, 0xae, 0x16, 0x00, 0x02);
	assert_int_equal(host_unit_state.mxcsr, 0x3f80);
	RUNS(0x0f, 0xae, 0x1e, 0x01, 0x03); /* STMXCSR, no alignment */
	assert_int_equal(get32(DATA + 0x301), 0x3f80);
	FAULTS(UD, 0x0f, 0xae, 0xd8);
}

/* An unmasked error is reported by the next instruction that waits, before its operand's faults. */
static void pending_errors(void **state)
{
	real_mode();
	host_unit_state.fcw = 0x37b; /* zero divide unmasked */
	host_unit_state.ftw = 0x80;
	host_unit_state.fsw = 7 << 11;
	host_unit_state.st[0].low = 1ull << 63;
	host_unit_state.st[0].high = 0x3fff;
	memset(memory + DATA, 0, 0x100);
	RUNS(0xd8, 0x36, 0x00, 0x00); /* FDIV m32: 1 / 0; noted, not raised */
	assert_true(host_unit_state.fsw & 0x8084);
	assert_int_equal(host_unit_state.fip, 0x100);
	assert_int_equal(host_unit_state.fcs & 0xffff, CODE >> 4);
	assert_int_equal(host_unit_state.fdp, 0);
	assert_int_equal(host_unit_state.fds & 0xffff, DATA >> 4);
	assert_int_equal(host_unit_state.fop, 0x036);
	RUNS(0xd9, 0x3e, 0x00, 0x01); /* FNSTCW */
	RUNS(0xdf, 0xe0);             /* FNSTSW AX */
	assert_int_equal(cpu.gpr[DFW_RAX].w & 0x8084, 0x8084);
	FAULTS(MF, 0x9b);
	FAULTS(MF, 0xd9, 0xe8);
	FAULTS(MF, 0xd9, 0x06, 0xff, 0xff);  /* not #GP */
	FAULTS(MF, 0xdd, 0x16, 0xff, 0xff);
	FAULTS(MF, 0x0f, 0x6f, 0x06, 0xff, 0xff);
	FAULTS(MF, 0x0f, 0x77);
	FAULTS(GP, 0xdd, 0x36, 0xff, 0xff);  /* FNSAVE does not wait */
	FAULTS(GP, 0x0f, 0x10, 0x06, 0xff, 0xff); /* nor does SSE */
	assert_int_equal(host_unit_state.fip, 0x100);
	cpu.cr0 &= ~(uint64_t)NE; /* the caller's to make IRQ 13 of */
	FAULTS(MF, 0x9b);
	RUNS(0xdb, 0xe2); /* FNCLEX */
	RUNS(0x9b);
	/* a store that an unmasked exception stops leaves memory alone */
	host_unit_state.fcw = 0x37e;
	host_unit_state.st[0].high = 0x4100;
	put32(DATA + 0x40, 0x12345678);
	RUNS(0xdb, 0x16, 0x40, 0x00); /* FIST m32: too large */
	assert_int_equal(get32(DATA + 0x40), 0x12345678);
	FAULTS(MF, 0x9b);
	/* nor does one that overflows write; one that is not exact does */
	RUNS(0xdb, 0xe2);
	host_unit_state.fcw = 0x377;
	RUNS(0xd9, 0x16, 0x40, 0x00); /* FST m32 */
	assert_int_equal(get32(DATA + 0x40), 0x12345678);
	FAULTS(MF, 0x9b);
	RUNS(0xdb, 0xe2);
	host_unit_state.fcw = 0x35f;
	host_unit_state.st[0].high = 0x3fff;
	host_unit_state.st[0].low = 3ull << 62;
	RUNS(0xdb, 0x16, 0x40, 0x00); /* FIST m32 of 1.5 */
	assert_int_equal(get32(DATA + 0x40), 2);
	FAULTS(MF, 0x9b);
	/* FLDCW that unmasks */
	RUNS(0xdb, 0xe3);
	RUNS(0xd9, 0xe8);
	host_unit_state.fsw |= 4;
	put32(DATA + 0x40, 0x37b);
	RUNS(0xd9, 0x2e, 0x40, 0x00);
	FAULTS(MF, 0x9b);
}

static void simd_errors(void **state)
{
	real_mode();
	host_unit_state.mxcsr = 0x1d80; /* zero divide unmasked */
	host_unit_state.xmm[0][0] = 0x3f800000;
	FAULTS(XM, 0xf3, 0x0f, 0x5e, 0xc1);
	assert_int_equal(host_unit_state.mxcsr, 0x1d84);
	cpu.cr4 &= ~(uint64_t)OSXMMEXCPT;
	FAULTS(UD, 0xf3, 0x0f, 0x5e, 0xc1);
	host_unit_state.mxcsr = 0x1f80;
	RUNS(0xf3, 0x0f, 0x5e, 0xc1);
	assert_int_equal(host_unit_state.xmm[0][0], 0x7f800000);
}

/* Conditions of EFLAGS go in, FCOMI's and COMISS's come out; none other changes. */
static void flags(void **state)
{
	real_mode();
	cpu.rflags = 0x2 | 0x400 | 0x200 | 1;
	host_unit_state.ftw = 0xff;
	for (unsigned n = 0; n < 8; n++) {
		host_unit_state.st[n].low = 1ull << 63;
		host_unit_state.st[n].high = 0x3fff + n;
	}
	RUNS(0xda, 0xc3); /* FCMOVB ST0,ST3 */
	assert_int_equal(host_unit_state.st[0].high, 0x4002);
	RUNS(0xdb, 0xc4); /* FCMOVNB: CF is set */
	assert_int_equal(host_unit_state.st[0].high, 0x4002);
	RUNS(0xdb, 0xf3); /* FCOMI ST0,ST3 */
	assert_int_equal(cpu.rflags & ~(uint64_t)0x890, 0x2 | 0x400 | 0x200 | 0x40);
	host_unit_state.xmm[1][0] = 0x7fc00000;
	RUNS(0x0f, 0x2e, 0xc1);
	assert_int_equal(cpu.rflags, 0x2 | 0x400 | 0x200 | 0x45);
}

/* --- extensions that libunicorn has not: against the compiler's encoding --- */

static uint64_t vectors[3][2];

#define NATIVE(text)                                                                               \
	do {                                                                                       \
		asm volatile("movups %1, %%xmm0\n\tmovups %2, %%xmm1\n\tmovups %3, %%xmm2\n\t" text       \
			     "\n\tmovups %%xmm2, %0"                                             \
			     : "=m"(want)                                                          \
			     : "m"(vectors[0]), "m"(vectors[1]), "m"(vectors[2])                   \
			     : "xmm0", "xmm1", "xmm2");                                            \
	} while (0)

/* Runs `code`, whose operands are XMM2 and XMM1 or memory, both ways. */
static void same_vector(const uint8_t *code, unsigned len, const uint64_t want[2], int line)
{
	for (unsigned in_memory = 0; in_memory < 2; in_memory++) {
		uint8_t bytes[16];

		real_mode();
		memcpy(bytes, code, len);
		for (unsigned n = 0; in_memory && n < len; n++)
			if (bytes[n] == 0xd1) /* ModRM: XMM2, XMM1 */
				bytes[n] = 0x17;
		memcpy(host_unit_state.xmm, vectors, sizeof(vectors));
		memcpy(memory + DATA, vectors[1], 16);
		if (in_memory)
			memset(host_unit_state.xmm[1], 0, 16);
		runs(bytes, len, line);
		if (memcmp(host_unit_state.xmm[2], want, 16))
			fail_msg("line %d: the vector differs, operand %u", line, in_memory);
	}
}

#define SAME_VECTOR(feature, text, ...)                                                            \
	do {                                                                                       \
		uint64_t want[2];                                                                  \
                                                                                                   \
		if (feature) {                                                                     \
			NATIVE(text);                                                              \
			same_vector(BYTES(__VA_ARGS__), want, __LINE__);                           \
		} else {                                                                           \
			real_mode();                                                               \
			FAULTS(UD, __VA_ARGS__);                                                   \
		}                                                                                  \
	} while (0)

static void extensions(void **state)
{
	bool sha = cpu_has(7, 1, 29), gfni = cpu_has(7, 2, 8), pclmul = cpu_has(1, 2, 1);
	bool sse4a = cpu_has(0x80000001, 2, 6);

	for (unsigned round = 0; round < 8; round++) {
		for (unsigned n = 0; n < 6; n++)
			vectors[n / 2][n % 2] = (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ random();
		SAME_VECTOR(pclmul, "pclmulqdq $0x11, %%xmm1, %%xmm2", 0x66, 0x0f, 0x3a, 0x44, 0xd1, 0x11);
		SAME_VECTOR(sha, "sha1nexte %%xmm1, %%xmm2", 0x0f, 0x38, 0xc8, 0xd1);
		SAME_VECTOR(sha, "sha1msg1 %%xmm1, %%xmm2", 0x0f, 0x38, 0xc9, 0xd1);
		SAME_VECTOR(sha, "sha1msg2 %%xmm1, %%xmm2", 0x0f, 0x38, 0xca, 0xd1);
		SAME_VECTOR(sha, "sha256rnds2 %%xmm0, %%xmm1, %%xmm2", 0x0f, 0x38, 0xcb, 0xd1);
		SAME_VECTOR(sha, "sha256msg1 %%xmm1, %%xmm2", 0x0f, 0x38, 0xcc, 0xd1);
		SAME_VECTOR(sha, "sha256msg2 %%xmm1, %%xmm2", 0x0f, 0x38, 0xcd, 0xd1);
		SAME_VECTOR(sha, "sha1rnds4 $2, %%xmm1, %%xmm2", 0x0f, 0x3a, 0xcc, 0xd1, 2);
		SAME_VECTOR(gfni, "gf2p8mulb %%xmm1, %%xmm2", 0x66, 0x0f, 0x38, 0xcf, 0xd1);
		SAME_VECTOR(gfni, "gf2p8affineqb $3, %%xmm1, %%xmm2", 0x66, 0x0f, 0x3a, 0xce, 0xd1, 3);
		SAME_VECTOR(gfni, "gf2p8affineinvqb $3, %%xmm1, %%xmm2", 0x66, 0x0f, 0x3a, 0xcf, 0xd1, 3);
		/* of the predicate three bits count */
		SAME_VECTOR(true, "cmpltps %%xmm1, %%xmm2", 0x0f, 0xc2, 0xd1, 0xf9);
		/* F3 goes before 66 */
		SAME_VECTOR(true, "mulss %%xmm1, %%xmm2", 0x66, 0xf3, 0x0f, 0x59, 0xd1);
		SAME_VECTOR(true, "mulss %%xmm1, %%xmm2", 0xf3, 0x66, 0x0f, 0x59, 0xd1);
	}
	real_mode();
	if (sse4a) {
		host_unit_state.xmm[2][0] = 0x1122334455667788;
		host_unit_state.xmm[1][0] = 0x0810; /* length 16 at bit 8 */
		RUNS(0x66, 0x0f, 0x79, 0xd1);
		assert_int_equal(host_unit_state.xmm[2][0], 0x6677);
		RUNS(0xf3, 0x0f, 0x2b, 0x16, 0x00, 0x02);
		assert_int_equal(get32(DATA + 0x200), 0x6677);
	}
}

static void integer_extensions(void **state)
{
	uint32_t old;

	real_mode();
	cpu.gpr[DFW_RCX].d = 0xffff1234;
	cpu.gpr[DFW_RDX].d = 0xdeadbeef;
	put32(DATA, 0x80011223);
	/* POPCNT DX,[0]; POPCNT EDX,ECX */
	RUNS(0xf3, 0x0f, 0xb8, 0x16, 0x00, 0x00);
	assert_int_equal(cpu.gpr[DFW_RDX].d, 0xdead0005);
	assert_int_equal(cpu.rflags & 0x8d5, 0);
	RUNS(0x66, 0xf3, 0x0f, 0xb8, 0xd1);
	assert_int_equal(cpu.gpr[DFW_RDX].d, 21);
	FAULTS(UD, 0x0f, 0xb8, 0xd1);
	/* MOVBE both ways and sizes */
	RUNS(0x0f, 0x38, 0xf0, 0x16, 0x00, 0x00);
	assert_int_equal(cpu.gpr[DFW_RDX].d, 0x2312);
	RUNS(0x66, 0x0f, 0x38, 0xf0, 0x16, 0x00, 0x00);
	assert_int_equal(cpu.gpr[DFW_RDX].d, 0x23120180);
	RUNS(0x66, 0x0f, 0x38, 0xf1, 0x0e, 0x10, 0x00);
	assert_int_equal(get32(DATA + 0x10), 0x3412ffff);
	FAULTS(UD, 0x0f, 0x38, 0xf0, 0xd1);
	/* CRC32 EDX,CH and CRC32 EDX,CX: the byte and the two bytes */
	cpu.gpr[DFW_RDX].d = old = 0x12345678;
	RUNS(0xf2, 0x0f, 0x38, 0xf0, 0xd5);
	assert_int_equal(cpu.gpr[DFW_RDX].d, __builtin_ia32_crc32qi(old, 0x12));
	cpu.gpr[DFW_RDX].d = old;
	RUNS(0xf2, 0x0f, 0x38, 0xf1, 0xd1);
	assert_int_equal(cpu.gpr[DFW_RDX].d, __builtin_ia32_crc32hi(old, 0x1234));
	cpu.gpr[DFW_RDX].d = old;
	RUNS(0x66, 0xf2, 0x0f, 0x38, 0xf1, 0x16, 0x00, 0x00);
	assert_int_equal(cpu.gpr[DFW_RDX].d, __builtin_ia32_crc32si(old, 0x80011223));
	/* RDRAND: CF, and the operand size */
	if (cpu_has(1, 2, 30)) {
		cpu.gpr[DFW_RDX].d = 0xabcd0000;
		RUNS(0x0f, 0xc7, 0xf2);
		assert_int_equal(cpu.gpr[DFW_RDX].d >> 16, 0xabcd);
		assert_int_equal(cpu.rflags & 0x8d5, 1);
		hidden_features = 1 << 30;
		x.features_known = false;
		FAULTS(UD, 0x0f, 0xc7, 0xf2);
	}
	FAULTS(UD, 0xf2, 0x0f, 0xc7, 0xf2);
	/* without BMI1 and LZCNT F3 means nothing */
	real_mode();
	x.features_known = true;
	cpu.gpr[DFW_RCX].d = 0x100;
	RUNS(0xf3, 0x0f, 0xbd, 0xd1);
	assert_int_equal(cpu.gpr[DFW_RDX].w, 8);
	x.features_known = false;
	if (cpu_has(0x80000001, 2, 5)) {
		RUNS(0xf3, 0x0f, 0xbd, 0xd1);
		assert_int_equal(cpu.gpr[DFW_RDX].w, 7);
	}
	/* a feature that CPUID hides is #UD though the processor has it, before the operand's faults */
	hidden_features = 1 << 9 | 1 << 19;
	x.features_known = false;
	FAULTS(UD, 0x0f, 0x38, 0x00, 0xc1);
	FAULTS(UD, 0x66, 0x0f, 0x38, 0x17, 0x06, 0xff, 0xff);
	assert_true(x.insn->known);
}

/* --- the system rows --- */

static void system_instructions(void **state)
{
	static const uint8_t undefined[] = {0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xcf, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8,
					    0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe8, 0xee, 0xef, 0xf8, 0xfa,
					    0xfb, 0xfc, 0xfd, 0xfe, 0xff, 0xc8, 0xc9, 0xca, 0xcb, 0xd0, 0xd1, 0xf9};

	for (unsigned level = 0; level < 4; level += 3)
		for (unsigned n = 0; n < sizeof(undefined); n++) {
			uint8_t code[] = {0x0f, 0x01, undefined[n]};

			protected_mode(level, true);
			hidden_features = 1 << 3;
			faults(UD, code, 3, undefined[n]);
			assert_true(x.insn->known);
		}
	real_mode();
	FAULTS(UD, 0x0f, 0x37);             /* GETSEC */
	FAULTS(UD, 0x66, 0x0f, 0xc3, 0x07); /* MOVNTI takes no prefix */
	FAULTS(UD, 0x0f, 0x78, 0xc1);       /* VMREAD */
	FAULTS(UD, 0x0f, 0x79, 0xc1);       /* VMWRITE */
	FAULTS(UD, 0x0f, 0xc7, 0x37);       /* VMPTRLD */
	FAULTS(UD, 0xf3, 0x0f, 0xc7, 0x37); /* VMXON */
	FAULTS(UD, 0x66, 0x0f, 0x38, 0x80, 0x07); /* INVEPT */
	FAULTS(UD, 0x66, 0x0f, 0x38, 0x82, 0x07); /* INVPCID */
	FAULTS(UD, 0x0f, 0xaa);             /* RSM */
	FAULTS(UD, 0xf3, 0x0f, 0xae, 0xc1); /* RDGSBASE */
	FAULTS(UD, 0x0f, 0x07);             /* SYSRET */
	FAULTS(UD, 0xc6, 0xf8, 0x00);       /* XABORT */
	/* with the features */
	system_features = true;
	x.features_known = false;
	cpu.gpr[DFW_RCX].d = 0;
	RUNS(0x0f, 0x01, 0xc8);
	RUNS(0x0f, 0x01, 0xc9);
	cpu.gpr[DFW_RAX].d = 0x10000;
	FAULTS(GP, 0x67, 0x0f, 0x01, 0xc8);
	cpu.gpr[DFW_RCX].d = 1;
	FAULTS(GP, 0x0f, 0x01, 0xc8);
	RUNS(0x0f, 0x01, 0xc9);
	RUNS(0x0f, 0x01, 0xcb);
	assert_true(cpu.rflags & 1 << 18);
	RUNS(0x0f, 0x01, 0xca);
	assert_false(cpu.rflags & 1 << 18);
	RUNS(0x0f, 0x01, 0xf9);
	assert_int_equal(cpu.gpr[DFW_RAX].d, 0x55667788);
	assert_int_equal(cpu.gpr[DFW_RDX].d, 0x11223344);
	assert_int_equal(cpu.gpr[DFW_RCX].d, 0x77);
	FAULTS(GP, 0x0f, 0x01, 0xd5);
	RUNS(0x0f, 0x01, 0xd6);
	assert_int_equal(cpu.rflags & 0x8d5, 0x40);
	RUNS(0xc6, 0xf8, 0x00);
	run_bytes(BYTES(0xc7, 0xf8, 0x10, 0x00));
	assert_int_equal(cpu.gpr[DFW_RAX].d, 0);
	protected_mode(3, true);
	system_features = true;
	FAULTS(UD, 0x0f, 0x01, 0xc8);
	FAULTS(UD, 0x0f, 0x01, 0xcb);
	cpu.cr4 |= 4; /* TSD */
	FAULTS(GP, 0x0f, 0x01, 0xf9);
	/* XGETBV: by CR4.OSXSAVE; XSETBV at CPL 0 alone */
	if (cpu_has(1, 2, 27)) {
		cpu.cr4 |= OSXSAVE;
		cpu.gpr[DFW_RCX].d = 0;
		RUNS(0x0f, 0x01, 0xd0);
		assert_int_equal(cpu.gpr[DFW_RAX].d & 3, 3);
		cpu.gpr[DFW_RCX].d = 0x1234;
		FAULTS(GP, 0x0f, 0x01, 0xd0);
		FAULTS(GP, 0x0f, 0x01, 0xd1);
		FAULTS(UD, 0x66, 0x0f, 0x01, 0xd0);
	}
	/* INVPCID: privilege, type, reserved bits, PCID 0 while CR4.PCIDE is */
	FAULTS(GP, 0x66, 0x0f, 0x38, 0x82, 0x07);
	real_mode();
	system_features = true;
	memset(memory + DATA, 0, 16);
	cpu.gpr[DFW_RAX].d = 0;
	RUNS(0x66, 0x0f, 0x38, 0x82, 0x07);
	FAULTS(UD, 0x66, 0x0f, 0x38, 0x82, 0xc0);
	memory[DATA + 12] = 1;
	RUNS(0x66, 0x0f, 0x38, 0x82, 0x07);
	memory[DATA + 14] = 1;
	FAULTS(GP, 0x66, 0x0f, 0x38, 0x82, 0x07);
	cpu.gpr[DFW_RAX].d = 2;
	RUNS(0x66, 0x0f, 0x38, 0x82, 0x07);
	cpu.gpr[DFW_RAX].d = 4;
	FAULTS(GP, 0x66, 0x0f, 0x38, 0x82, 0x07);
	cpu.gpr[DFW_RAX].d = 1;
	RUNS(0x66, 0x0f, 0x38, 0x82, 0x07);
	memory[DATA] = 1;
	FAULTS(GP, 0x66, 0x0f, 0x38, 0x82, 0x07);
	protected_mode(3, true);
	system_features = true;
	/* LGDT with memory stays privileged */
	FAULTS(GP, 0x0f, 0x01, 0x17);
	/* SYSCALL and SYSRET, where CPUID has them outside 64-bit mode */
	FAULTS(UD, 0x0f, 0x05);
	cpu.efer = 1;
	run_bytes(BYTES(0x0f, 0x05));
	assert_int_equal(cpu.rip, 0x123456);
	assert_int_equal(cpu.seg[DFW_CS].selector, 0x10);
	assert_int_equal(cpu.seg[DFW_SS].selector, 0x18);
	assert_int_equal(cpu.seg[DFW_CS].base, 0);
	cpu.rip = 0x20100;
	cpu.gpr[DFW_RCX].d = 0x4321;
	run_bytes(BYTES(0x0f, 0x07));
	assert_int_equal(cpu.rip, 0x4321);
	assert_int_equal(cpu.seg[DFW_CS].selector, 0x23);
	assert_int_equal(cpu.seg[DFW_SS].access_rights >> 5 & 3, 3);
	/* caches */
	real_mode();
	RUNS(0x0f, 0xae, 0x3f);
	FAULTS(GP, 0x67, 0x0f, 0xae, 0x38 | 5, 0, 0, 2, 0);
	FAULTS(UD, 0xf3, 0x0f, 0xae, 0x3f);
	RUNS(0x0f, 0xae, 0xe8);
	RUNS(0x0f, 0xae, 0xf1);
	FAULTS(UD, 0x66, 0x0f, 0xae, 0xf0);
}

/* What CPUID may show and the interpreter has not: x86.h */
static void unknown(void **state)
{
	real_mode();
	FAULTS(UD, 0xc5, 0xf8, 0x77); /* VZEROUPPER: LDS in real mode */
	assert_true(x.insn->known);
	FAULTS(UD, 0x0f, 0xae, 0x27); /* XSAVE, OSXSAVE off */
	assert_true(x.insn->known);
	if (cpu_has(1, 2, 26)) {
		cpu.cr4 |= OSXSAVE;
		FAULTS(UD, 0x0f, 0xae, 0x27);
		assert_false(x.insn->known);
	}
	protected_mode(0, true);
	FAULTS(UD, 0xc5, 0xf8, 0x77);
	assert_true(x.insn->known); /* OSXSAVE off: SDM vol. 2, 2.8 */
	cpu.cr4 |= OSXSAVE;
	FAULTS(UD, 0xc5, 0xf8, 0x77);
	assert_int_equal(x.insn->known, !cpu_has(1, 2, 28));
	hidden_features = 1 << 28;
	x.features_known = false;
	FAULTS(UD, 0xc5, 0xf8, 0x77);
	assert_true(x.insn->known);
	/* no unit */
	real_mode();
	ops.fpu = NULL;
	FAULTS(UD, 0x0f, 0x58, 0xc1);
	assert_false(x.insn->known);
	FAULTS(UD, 0xd8, 0xc1);
	assert_false(x.insn->known);
	FAULTS(UD, 0x0f, 0x13, 0xc1);
	assert_true(x.insn->known);
	RUNS(0x9b);
	ops.fpu = host_unit_run;
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(control_bits),
		cmocka_unit_test(memory_operands),
		cmocka_unit_test(register_only_forms),
		cmocka_unit_test(which_exist),
		cmocka_unit_test(x87_operands),
		cmocka_unit_test(alignment_check),
		cmocka_unit_test(maskmov),
		cmocka_unit_test(environment_images),
		cmocka_unit_test(state_images),
		cmocka_unit_test(fxsave),
		cmocka_unit_test(pending_errors),
		cmocka_unit_test(simd_errors),
		cmocka_unit_test(flags),
		cmocka_unit_test(extensions),
		cmocka_unit_test(integer_extensions),
		cmocka_unit_test(system_instructions),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
