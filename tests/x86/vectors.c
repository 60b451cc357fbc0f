/* SPDX-License-Identifier: MIT
 *
 * Hand-made vectors for the interpreter, from the manuals: what an independent emulator does not
 * check or does wrong, and what has state beyond one instruction: segment limits, unreal mode,
 * mode switches with stale segments, delivery, gates, VM86, paging, task switches, breakpoints.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "world.h"

enum { DE, DB, NMI, BP, OF_TRAP, BR, UD, NM, DF_FAULT, TS = 10, NP, SS_FAULT, GP, PF };
enum { FLAG_CF = 1, FLAG_ZF = 0x40, FLAG_TF = 0x100, FLAG_IF = 0x200, FLAG_DF = 0x400,
       FLAG_NT = 0x4000, FLAG_RF = 0x10000, FLAG_VM = 0x20000, FLAG_VIF = 0x80000 };

/* Where the vectors keep things */
enum {
	IDT = 0x1000,
	GDT = 0x2000,
	TSS = 0x3000,
	TSS2 = 0x3200,
	TABLES = 0x10000, /* page tables */
	CODE = 0x20000,
	DATA = 0x30000,
	STACK = 0x40000,
	STACK0 = 0x50000,
	HANDLER = 0x60000,
};

/* Selectors of the GDT below */
enum {
	CODE32 = 0x08,
	DATA32 = 0x10,
	CODE16 = 0x18,
	DATA16 = 0x20,
	CODE32_3 = 0x28,
	DATA32_3 = 0x30,
	TSS_SEL = 0x38,
	DOWN = 0x40,      /* expand-down from 0x1000 */
	TSS2_SEL = 0x48,
	GATE = 0x50,      /* call gate, DPL 3, 2 parameters, to CODE32 */
	CONFORMING = 0x58,
	READONLY = 0x60,
	ABSENT = 0x68,
	EXEC_ONLY = 0x70,
	TASK_GATE = 0x78,
	ABSENT_STACK = 0x80,
	GDT_LIMIT = 0x87,
};

static unsigned way;

static bool op_msr_read(void *world, uint32_t index, uint64_t *value)
{
	*value = 0x123456789abcdef0;
	return index == 0x1b;
}

static bool op_msr_write(void *world, uint32_t index, uint64_t value)
{
	return index == 0x1b;
}

/* What CPUID shows: leaves 1, 7, 80000001h and 80000008h. */
enum { CPUID_1, CPUID_7, CPUID_EXT1, CPUID_EXT8, CPUID_LEAVES };
static uint32_t cpuid_regs[CPUID_LEAVES][4]; /* EAX, EBX, ECX, EDX */

static void op_cpuid(void *world, uint32_t regs[4])
{
	static const uint32_t leaves[CPUID_LEAVES] = {1, 7, 0x80000001, 0x80000008};
	uint32_t leaf = regs[0];
	unsigned n;

	regs[0] = leaf ? 0x80000008 : 7;
	regs[1] = leaf + 1;
	regs[2] = regs[3] = 0;
	for (n = 0; n < CPUID_LEAVES; n++)
		if (leaf == leaves[n])
			memcpy(regs, cpuid_regs[n], 16);
}

/* Every feature that CR4 and paging know, and 36 bits of physical address, as far as the masks let it. */
static void features(uint32_t edx1, uint32_t ecx1, uint32_t ebx7, uint32_t ecx7, uint32_t extended, uint32_t width)
{
	memset(cpuid_regs, 0, sizeof(cpuid_regs));
	cpuid_regs[CPUID_1][3] = edx1;
	cpuid_regs[CPUID_1][2] = ecx1;
	cpuid_regs[CPUID_7][1] = ebx7;
	cpuid_regs[CPUID_7][2] = ecx7;
	cpuid_regs[CPUID_EXT1][3] = extended;
	cpuid_regs[CPUID_EXT8][0] = width;
	x.features_known = false;
}

static uint64_t op_rdtsc(void *world)
{
	return 0x100000002;
}

static const struct x86_ops ops = {
	.read = op_read,
	.write = op_write,
	.map = op_map,
	.in = op_in,
	.out = op_out,
	.read_msr = op_msr_read,
	.write_msr = op_msr_write,
	.cpuid = op_cpuid,
	.rdtsc = op_rdtsc,
};

static void real_mode(void)
{
	unsigned n;

	memset(memory, 0, sizeof(memory));
	x86_reset(&cpu);
	cpu.cr0 = 0x10;
	for (n = 0; n < 6; n++)
		cpu.seg[n] = segment(0, 0, 0xffff, 0x93);
	cpu.seg[DFW_CS] = segment(CODE >> 4, CODE, 0xffff, 0x9b);
	cpu.seg[DFW_DS] = cpu.seg[DFW_ES] = segment(DATA >> 4, DATA, 0xffff, 0x93);
	cpu.seg[DFW_SS] = segment(STACK >> 4, STACK, 0xffff, 0x93);
	cpu.gpr[DFW_RSP].d = 0x1000;
	cpu.rip = 0;
	cpu.idtr.base = 0;
	cpu.idtr.limit = 0x3ff;
	cpu.gdtr.base = GDT;
	cpu.gdtr.limit = GDT_LIMIT;
	for (n = 0; n < 256; n++)
		put32(4 * n, (HANDLER >> 4) << 16 | n);
	put64(GDT + CODE32, descriptor(0, 0xfffff, 0xc09b));
	put64(GDT + DATA32, descriptor(0, 0xfffff, 0xc093));
	put64(GDT + CODE16, descriptor(CODE, 0xffff, 0x9a));
	put64(GDT + DATA16, descriptor(DATA, 0xffff, 0x92));
	put64(GDT + CODE32_3, descriptor(0, 0xfffff, 0xc0fb));
	put64(GDT + DATA32_3, descriptor(0, 0xfffff, 0xc0f3));
	put64(GDT + TSS_SEL, descriptor(TSS, 0x67, 0x8b));
	put64(GDT + DOWN, descriptor(DATA, 0xfff, 0x97));
	put64(GDT + TSS2_SEL, descriptor(TSS2, 0x67, 0x89));
	put64(GDT + GATE, gate(CODE32, HANDLER + 0x100, 0xec, 2));
	put64(GDT + CONFORMING, descriptor(0, 0xfffff, 0xc09f));
	put64(GDT + READONLY, descriptor(DATA, 0xffff, 0x91));
	put64(GDT + ABSENT, descriptor(DATA, 0xffff, 0x13));
	put64(GDT + EXEC_ONLY, descriptor(CODE, 0xffff, 0x99));
	put64(GDT + TASK_GATE, gate(TSS2_SEL, 0, 0xe5, 0));
	put64(GDT + ABSENT_STACK, descriptor(DATA, 0xffff, 0x13));
	x = (struct x86){.cpu = &cpu, .ops = &ops, .slots = slots, .slots_mask = 63};
	/* the ways to memory, in turns: read() and write(), map(), flat */
	way = (way + 1) % 3;
	mapped = way;
	x.flat = memory;
	x.flat_size = way == 2 ? MEMORY - 15 : 0;
	/* VME, DE, PSE, TSC, PAE, MCE, PGE, PSE-36, FXSR, SSE; NX, LM */
	features(0x030220de, 0, 0, 0, 1 << 20 | 1 << 29, 36);
}

/* Flat 32-bit, CPL 0; every vector has an interrupt gate (DPL 3 for 30h on) to HANDLER + n */
static void protected_mode(void)
{
	unsigned n;

	real_mode();
	cpu.cr0 = 0x11;
	for (n = 0; n < 6; n++)
		cpu.seg[n] = segment(DATA32, 0, 0xffffffff, 0xc093);
	cpu.seg[DFW_CS] = segment(CODE32, 0, 0xffffffff, 0xc09b);
	cpu.seg[DFW_TR] = segment(TSS_SEL, TSS, 0x67, 0x8b);
	cpu.seg[DFW_LDTR] = segment(0, 0, 0, 0x10082);
	cpu.gpr[DFW_RSP].d = STACK + 0x1000;
	cpu.rip = CODE;
	cpu.idtr.base = IDT;
	cpu.idtr.limit = 0x7ff;
	for (n = 0; n < 256; n++)
		put64(IDT + 8 * n, gate(CODE32, HANDLER + n, n >= 0x30 ? 0xee : 0x8e, 0));
	put32(TSS + 4, STACK0);
	put16(TSS + 8, DATA32);
	put16(TSS + 0x66, 0x68);
}

static void user_mode(void)
{
	unsigned n;

	protected_mode();
	for (n = 0; n < 6; n++)
		cpu.seg[n] = segment(DATA32_3 | 3, 0, 0xffffffff, 0xc0f3);
	cpu.seg[DFW_CS] = segment(CODE32_3 | 3, 0, 0xffffffff, 0xc0fb);
}

static void vm86_mode(unsigned iopl)
{
	unsigned n;

	protected_mode();
	cpu.rflags = 2 | FLAG_VM | iopl << 12;
	for (n = 0; n < 6; n++)
		cpu.seg[n] = segment(DATA >> 4, DATA, 0xffff, 0xf3);
	cpu.seg[DFW_CS] = segment(CODE >> 4, CODE, 0xffff, 0xf3);
	cpu.seg[DFW_SS] = segment(STACK >> 4, STACK, 0xffff, 0xf3);
	cpu.gpr[DFW_RSP].d = 0x1000;
	cpu.rip = 0;
}

static enum x86_outcome run(const void *code, unsigned len)
{
	uint32_t at = (uint32_t)cpu.seg[DFW_CS].base + (uint32_t)cpu.rip;

	if (at + len <= MEMORY)
		memcpy(memory + at, code, len);
	return x86_step(&x);
}

#define RUN(...)                                                                                   \
	run((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define RUNS(...) assert_int_equal(RUN(__VA_ARGS__), X86_DONE)

static void faults(const char *file, int line, enum x86_outcome outcome,
		   const struct dfw_cpu *before, unsigned vector, int error)
{
	struct dfw_cpu now = cpu;

	if (outcome != X86_FAULT || x.event.vector != vector || x.event.has_error != (error >= 0) ||
	    (error >= 0 && x.event.error != (uint32_t)error)) {
		print_error("%s:%d: outcome %d, vector %u, error %d: %x\n", file, line, outcome,
			    x.event.vector, x.event.has_error, x.event.error);
		fail();
	}
	now.cr2 = before->cr2;
	now.pending_debug = before->pending_debug;
	if (memcmp(&now, before, sizeof(now))) {
		print_error("%s:%d: the fault changed the state\n", file, line);
		fail();
	}
}

/* error -1: none */
#define FAULTS(vector, error, ...)                                                                 \
	do {                                                                                       \
		struct dfw_cpu before = cpu;                                                       \
		enum x86_outcome outcome = RUN(__VA_ARGS__);                                       \
		faults(__FILE__, __LINE__, outcome, &before, vector, error);                       \
	} while (0)

#define EAX cpu.gpr[DFW_RAX].d
#define ECX cpu.gpr[DFW_RCX].d
#define EDX cpu.gpr[DFW_RDX].d
#define EBX cpu.gpr[DFW_RBX].d
#define ESP cpu.gpr[DFW_RSP].d
#define EBP cpu.gpr[DFW_RBP].d
#define ESI cpu.gpr[DFW_RSI].d
#define EDI cpu.gpr[DFW_RDI].d
#define SEL(n) cpu.seg[n].selector

/* --- real mode --- */

static void real_limits(void **state)
{
	real_mode();
	EBX = 0xffff;
	FAULTS(GP, 0, 0x8b, 0x07);                   /* mov ax,[bx] */
	FAULTS(SS_FAULT, 0, 0x36, 0x8b, 0x07);       /* mov ax,ss:[bx] */
	FAULTS(GP, 0, 0x67, 0x8a, 0x05, 0, 0, 1, 0); /* mov al,[10000h] */
	memory[DATA + 0xffff] = 0x5a;
	RUNS(0x8a, 0x07); /* mov al,[bx] */
	assert_int_equal(cpu.gpr[DFW_RAX].b[0], 0x5a);
	ESP = 1;
	FAULTS(SS_FAULT, 0, 0x50); /* push ax */
	ESP = 0;
	RUNS(0x50);
	assert_int_equal(ESP, 0xfffe);
	EBX = 0xfffe;
	FAULTS(GP, 0, 0xc4, 0x07); /* les ax,[bx] */
	EBX = 0xfffc;
	RUNS(0xc4, 0x07);
	/* the code segment's end */
	cpu.rip = 0xffff;
	FAULTS(GP, 0, 0xb0);
	RUNS(0x90);
	assert_int_equal(cpu.rip, 0x10000);
	FAULTS(GP, 0, 0x90);
}

static void address_wrap(void **state)
{
	real_mode();
	EBX = 0xfff0;
	ESI = 0x20;
	memory[DATA + 0x10] = 0x77;
	RUNS(0x8a, 0x00); /* mov al,[bx+si]: 16-bit addresses wrap */
	assert_int_equal(cpu.gpr[DFW_RAX].b[0], 0x77);
	/* jumps with 16-bit operands wrap too */
	cpu.rip = 0xfff0;
	RUNS(0xeb, 0x7f);
	assert_int_equal(cpu.rip, 0x71);
	FAULTS(GP, 0, 0x66, 0xe9, 0x00, 0x00, 0x01, 0x00);
}

static void unreal_mode(void **state)
{
	real_mode();
	cpu.seg[DFW_DS].limit = 0xffffffff;
	cpu.seg[DFW_DS].access_rights = 0x8093;
	put32(0x150000, 0xcafef00d);
	EBX = 0x150000 - DATA;
	RUNS(0x67, 0x66, 0x8b, 0x03); /* mov eax,[ebx] */
	assert_int_equal(EAX, 0xcafef00d);
	/* a load in real mode changes base and selector only */
	EAX = 0x1234;
	RUNS(0x8e, 0xd8);
	assert_int_equal(cpu.seg[DFW_DS].base, 0x12340);
	assert_int_equal(cpu.seg[DFW_DS].limit, 0xffffffff);
	assert_int_equal(cpu.seg[DFW_DS].access_rights, 0x8093);
	/* and INT and IRET leave it alone */
	RUNS(0xcd, 0x10);
	RUNS(0xcf);
	assert_int_equal(cpu.seg[DFW_DS].limit, 0xffffffff);
}

static void mode_switch(void **state)
{
	real_mode();
	EAX = 0x80000010;
	FAULTS(GP, 0, 0x0f, 0x22, 0xc0); /* PG without PE */
	EAX = 0x20000010;
	FAULTS(GP, 0, 0x0f, 0x22, 0xc0); /* NW without CD */
	EAX = 0x11;
	RUNS(0x0f, 0x22, 0xc0); /* mov cr0,eax */
	assert_int_equal(cpu.cr0, 0x11);
	assert_int_equal(cpu.seg[DFW_CS].base, CODE);
	/* stale segments work on: a write through the real-mode DS and SS */
	EBX = 0x44;
	RUNS(0x89, 0x07);
	assert_int_equal(get16(DATA + 0x44), 0x11);
	RUNS(0x50);
	assert_int_equal(get16(STACK + 0xffe), 0x11);
	RUNS(0x66, 0xea, 0x00, 0x00, 0x02, 0x00, CODE32, 0x00); /* jmp dword 08:CODE */
	assert_int_equal(cpu.rip, CODE);
	assert_int_equal(cpu.seg[DFW_CS].access_rights, 0xc09b);
	assert_int_equal(cpu.seg[DFW_CS].limit, 0xffffffff);
	EAX = DATA32;
	RUNS(0x8e, 0xd8);
	assert_int_equal(cpu.seg[DFW_DS].limit, 0xffffffff);
	/* back, with what was loaded */
	EAX = 0x10;
	RUNS(0x0f, 0x22, 0xc0);
	EBX = DATA + 0x80;
	EAX = 0x87654321;
	RUNS(0x89, 0x03); /* still 32-bit code: mov [ebx],eax */
	assert_int_equal(get32(DATA + 0x80), 0x87654321);
	RUNS(0xea, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20); /* jmp 2000:00000000 */
	assert_int_equal(cpu.seg[DFW_CS].base, 0x20000);
	assert_int_equal(cpu.seg[DFW_CS].limit, 0xffffffff);
	assert_true(cpu.seg[DFW_CS].access_rights & DFW_AR_DB);
}

/* What protected mode left in the segments: CS may be written, the others by their type. */
static void stale_types(void **state)
{
	real_mode();
	cpu.seg[DFW_CS].access_rights = 0x99; /* execute-only */
	EBX = 0x800;
	RUNS(0x2e, 0x89, 0x07); /* mov cs:[bx],ax */
	RUNS(0x2e, 0x8b, 0x07);
	cpu.seg[DFW_DS] = segment(0x18, DATA, 0xffff, 0x9b);
	FAULTS(GP, 0, 0x89, 0x07);
	RUNS(0x8b, 0x07);
	cpu.seg[DFW_DS].access_rights = 0x91;
	FAULTS(GP, 0, 0x89, 0x07);
	/* a far jump makes CS writable data, which shows at the next MOV to CR0 */
	RUNS(0xea, 0x00, 0x01, 0x00, 0x20); /* jmp 2000:0100 */
	assert_int_equal(cpu.seg[DFW_CS].access_rights, 0x93);
	EAX = 0x11;
	RUNS(0x0f, 0x22, 0xc0);
	RUNS(0x2e, 0x89, 0x07);
}

/* SDM vol. 3, 17.3.1.1: what IRET set is gone when a software interrupt pushes its image. */
static void rf_of_int(void **state)
{
	protected_mode();
	cpu.rflags |= FLAG_RF;
	RUNS(0xcd, 0x30);
	assert_int_equal(get32(STACK + 0xffc) & FLAG_RF, 0);
	protected_mode();
	cpu.rflags |= FLAG_RF;
	RUNS(0xcc);
	assert_int_equal(get32(STACK + 0xffc) & FLAG_RF, 0);
}

static void lmsw(void **state)
{
	real_mode();
	EAX = 0x1;
	RUNS(0x0f, 0x01, 0xf0);
	assert_int_equal(cpu.cr0, 0x11);
	EAX = 0xfffe;
	RUNS(0x0f, 0x01, 0xf0); /* sets MP, EM, TS; PE stays */
	assert_int_equal(cpu.cr0, 0x1f);
	RUNS(0x0f, 0x06); /* clts */
	assert_int_equal(cpu.cr0, 0x17);
	RUNS(0x0f, 0x01, 0xe3); /* smsw bx */
	assert_int_equal(EBX, 0x17);
}

static void tables(void **state)
{
	real_mode();
	put16(DATA, 0x1234);
	put32(DATA + 2, 0xaabbccdd);
	RUNS(0x0f, 0x01, 0x16, 0, 0); /* lgdt [0]: 24 bits of base */
	assert_int_equal(cpu.gdtr.base, 0xbbccdd);
	assert_int_equal(cpu.gdtr.limit, 0x1234);
	RUNS(0x66, 0x0f, 0x01, 0x1e, 0, 0); /* lidt dword */
	assert_int_equal(cpu.idtr.base, 0xaabbccdd);
	RUNS(0x0f, 0x01, 0x0e, 0x10, 0); /* sidt */
	assert_int_equal(get32(DATA + 0x12), 0xaabbccdd);
	FAULTS(UD, -1, 0x0f, 0x01, 0xd0); /* lgdt with a register */
	FAULTS(UD, -1, 0x0f, 0x00, 0xc0); /* sldt in real mode */
	FAULTS(UD, -1, 0x63, 0x07);       /* arpl */
	FAULTS(UD, -1, 0x0f, 0x02, 0xc0); /* lar */
}

/* --- interrupts in real mode --- */

static void ivt(void **state)
{
	real_mode();
	cpu.rflags = 2 | FLAG_IF | FLAG_CF;
	RUNS(0xcd, 0x21);
	assert_int_equal(cpu.rip, 0x21);
	assert_int_equal(SEL(DFW_CS), HANDLER >> 4);
	assert_int_equal(ESP, 0xffa);
	assert_int_equal(get16(STACK + 0xffa), 2);
	assert_int_equal(get16(STACK + 0xffc), CODE >> 4);
	assert_int_equal(get16(STACK + 0xffe), 2 | FLAG_IF | FLAG_CF);
	assert_int_equal(cpu.rflags, 2 | FLAG_CF);
	RUNS(0xcf);
	assert_int_equal(cpu.rip, 2);
	assert_int_equal(ESP, 0x1000);
	assert_int_equal(cpu.rflags, 2 | FLAG_IF | FLAG_CF);
	/* moved */
	cpu.idtr.base = DATA;
	put32(DATA + 4 * 8, 0x12340056);
	assert_int_equal(x86_deliver(&x, (struct x86_event){.vector = 8}), X86_DONE);
	assert_int_equal(SEL(DFW_CS), 0x1234);
	assert_int_equal(cpu.rip, 0x56);
}

static void ivt_cut(void **state)
{
	struct x86_event gp = {.vector = GP, .kind = X86_EXCEPTION, .has_error = true};

	real_mode();
	cpu.idtr.limit = 0x21 * 4 + 2;
	FAULTS(GP, 0x21 * 8 + 2, 0xcd, 0x21);
	/* no error code in real mode; the return address is the instruction */
	assert_int_equal(x86_deliver(&x, x.event), X86_DONE);
	assert_int_equal(cpu.rip, GP);
	assert_int_equal(ESP, 0xffa);
	assert_int_equal(get16(STACK + 0xffa), 0);
	/* with nothing left: triple fault */
	cpu.idtr.limit = 0;
	assert_int_equal(x86_deliver(&x, gp), X86_SHUTDOWN);
	assert_int_equal(cpu.activity, DFW_SHUTDOWN);
	/* #GP's own vector missing: #DF, vector 8 */
	real_mode();
	cpu.idtr.limit = 8 * 4 + 3;
	assert_int_equal(x86_deliver(&x, gp), X86_DONE);
	assert_int_equal(cpu.rip, DF_FAULT);
}

static void stack_full(void **state)
{
	real_mode();
	ESP = 3; /* the third word would straddle FFFF */
	FAULTS(SS_FAULT, 0, 0xcd, 0x21);
	assert_int_equal(get16(STACK + 1), 0); /* nothing was pushed */
}

/* --- prefixes --- */

static void fifteen_bytes(void **state)
{
	real_mode();
	RUNS(0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e,
	     0x90);
	assert_int_equal(cpu.rip, 15);
	assert_int_equal(x.insn->length, 15);
	FAULTS(GP, 0, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e,
	       0x2e, 0x2e, 0x90);
	/* across two pages */
	cpu.rip = 0xffa;
	RUNS(0x66, 0x67, 0x81, 0x84, 0x4b, 0, 0, 0, 0, 0x78, 0x56, 0x34, 0x12); /* add [..],imm32 */
	assert_int_equal(x.insn->length, 13);
}

/* SDM vol. 2, LOCK: the instructions that may have it, and those alone with a memory operand as destination; any other
 * is #UD, which comes before whatever else the instruction would raise. Opcodes 100h and up are 0F xx. */
static bool may_lock(unsigned opcode, unsigned reg)
{
	static const struct {
		uint16_t opcode;
		uint8_t members; /* bit n: ModRM.reg n */
	} list[] = {
		{0x00, 0xff}, {0x01, 0xff}, {0x08, 0xff}, {0x09, 0xff}, {0x10, 0xff}, {0x11, 0xff}, {0x18, 0xff},
		{0x19, 0xff}, {0x20, 0xff}, {0x21, 0xff}, {0x28, 0xff}, {0x29, 0xff}, {0x30, 0xff}, {0x31, 0xff},
		{0x80, 0x7f}, {0x81, 0x7f}, {0x82, 0x7f}, {0x83, 0x7f}, /* ADD, OR, ADC, SBB, AND, SUB, XOR */
		{0x86, 0xff}, {0x87, 0xff},				/* XCHG */
		{0xf6, 0x0c}, {0xf7, 0x0c},				/* NOT, NEG */
		{0xfe, 0x03}, {0xff, 0x03},				/* INC, DEC */
		{0x1ab, 0xff}, {0x1b3, 0xff}, {0x1bb, 0xff}, {0x1ba, 0xe0}, /* BTS, BTR, BTC */
		{0x1b0, 0xff}, {0x1b1, 0xff},				/* CMPXCHG */
		{0x1c0, 0xff}, {0x1c1, 0xff},				/* XADD */
		{0x1c7, 0x02},						/* CMPXCHG8B */
	};
	unsigned n;

	for (n = 0; n < sizeof(list) / sizeof(*list); n++)
		if (opcode == list[n].opcode)
			return list[n].members >> reg & 1;
	return false;
}

static bool is_prefix(unsigned byte)
{
	return byte == 0x0f || (byte & 0xe7) == 0x26 || (byte >= 0x64 && byte <= 0x67) || byte == 0xf0 || byte == 0xf2 ||
	       byte == 0xf3;
}

static void lock_prefix(void **state)
{
	unsigned opcode, reg, memory_form, mode, locked = 0;

	for (mode = 0; mode < 4; mode++)
		for (opcode = 0; opcode < 512; opcode++)
			for (reg = 0; reg < 8; reg++)
				for (memory_form = 0; memory_form < 2; memory_form++) {
					uint8_t code[15] = {0xf0, 0x0f};
					unsigned len = opcode >= 0x100 ? 2 : 1;
					enum x86_outcome outcome;
					bool ud;

					if (is_prefix(opcode))
						continue;
					mode == 0 ? real_mode() : mode == 1 ? vm86_mode(3) : mode == 2 ? protected_mode() : user_mode();
					EBX = EDI = mode < 2 ? 0x800 : DATA;
					code[len++] = opcode;
					code[len++] = (memory_form ? 0x07 : 0xc0) | reg << 3; /* [BX], [EDI]; xAX */
					outcome = run(code, sizeof(code));
					ud = outcome == X86_FAULT && x.event.vector == UD;
					if (ud != !(memory_form && may_lock(opcode, reg)) || (!ud && outcome != X86_DONE)) {
						print_error("LOCK %03x, reg %u, %s, mode %u: outcome %d, vector %u\n", opcode, reg,
							    memory_form ? "memory" : "register", mode, outcome, x.event.vector);
						fail();
					}
					locked += !ud;
				}
	assert_int_equal(locked, 4 * (14 * 8 + 4 * 7 + 2 * 8 + 4 * 2 + 3 * 8 + 3 + 4 * 8 + 1));
}

static void undefined(void **state)
{
	real_mode();
	FAULTS(UD, -1, 0x0f, 0x0b);
	FAULTS(UD, -1, 0x0f, 0xff, 0xc0);
	FAULTS(UD, -1, 0x0f, 0x04);
	FAULTS(UD, -1, 0x8d, 0xc0);       /* lea with a register */
	FAULTS(UD, -1, 0xc4, 0xc0);       /* les */
	FAULTS(UD, -1, 0x62, 0xc0);       /* bound */
	FAULTS(UD, -1, 0x8f, 0x0f);       /* group 1A, reg 1 */
	FAULTS(UD, -1, 0xc6, 0xc8, 0);    /* group 11, reg 1 */
	FAULTS(UD, -1, 0xfe, 0xd0);       /* group 4, reg 2 */
	FAULTS(UD, -1, 0xff, 0xd8);       /* far call through a register */
	FAULTS(UD, -1, 0xff, 0xe8);       /* far jump through a register */
	FAULTS(UD, -1, 0xff, 0xf8);       /* group 5, reg 7 */
	FAULTS(UD, -1, 0x0f, 0xc7, 0xc8); /* cmpxchg8b with a register */
	FAULTS(UD, -1, 0x8e, 0xc8);       /* mov cs,ax */
	FAULTS(UD, -1, 0x8e, 0xf0);       /* Sreg 6 */
	FAULTS(UD, -1, 0x0f, 0x24, 0xf0); /* mov eax,tr6 */
	FAULTS(UD, -1, 0x0f, 0x20, 0xc8); /* mov eax,cr1 */
	FAULTS(UD, -1, 0x0f, 0x00, 0xf0); /* group 6, reg 6 */
	FAULTS(GP, 0, 0x0f, 0x34);        /* sysenter in real mode */
	RUNS(0xf6, 0xc8, 1);              /* test, reg 1 */
	RUNS(0x0f, 0x1f, 0x40, 0);        /* nop */
}

/* --- instructions that another emulator gets wrong --- */

static void ret_far_down(void **state)
{
	protected_mode();
	put32(ESP, 0x1234);
	RUNS(0xc2, 0x00, 0x80); /* ret 8000h: not sign-extended */
	assert_int_equal(ESP, STACK + 0x1000 + 4 + 0x8000);
	assert_int_equal(cpu.rip, 0x1234);
}

static void enter_nested(void **state)
{
	real_mode();
	EBP = 0x800;
	put16(STACK + 0x7fe, 0x1111);
	put16(STACK + 0x7fc, 0x2222);
	RUNS(0xc8, 0x10, 0x00, 0x03);
	assert_int_equal(get16(STACK + 0xffe), 0x800);
	assert_int_equal(get16(STACK + 0xffc), 0x1111);
	assert_int_equal(get16(STACK + 0xffa), 0x2222);
	assert_int_equal(get16(STACK + 0xff8), 0xffe);
	assert_int_equal(EBP, 0xffe);
	assert_int_equal(ESP, 0xff8 - 0x10);
	RUNS(0xc9);
	assert_int_equal(ESP, 0x1000);
	assert_int_equal(EBP, 0x800);
}

/* Operand and stack of different widths: Bochs, and SDM vol. 2, ENTER */
static void enter_sizes(void **state)
{
	real_mode();
	EBP = 0x12345678;
	ESP = 0xabcd1000;
	RUNS(0x66, 0xc8, 0x10, 0x00, 0x00);
	assert_int_equal(get32(STACK + 0xffc), 0x12345678);
	assert_int_equal(EBP, 0xabcd0ffc);
	assert_int_equal(ESP, 0xabcd0fec);
	protected_mode();
	EBP = 0x12345678;
	RUNS(0x66, 0xc8, 0x10, 0x00, 0x00);
	assert_int_equal(get16(STACK + 0xffe), 0x5678);
	assert_int_equal(EBP, 0x12340000 | ((STACK + 0xffe) & 0xffff));
	assert_int_equal(ESP, STACK + 0xffe - 0x10);
}

static void pop_memory(void **state)
{
	real_mode();
	put16(STACK + 0x1000, 0xbeef);
	EBX = 0xffff;
	FAULTS(GP, 0, 0x8f, 0x07); /* ESP is as before */
	protected_mode();
	put32(ESP, 0xdeadbeef);
	RUNS(0x8f, 0x04, 0x24); /* pop [esp]: the address after the pop */
	assert_int_equal(get32(STACK + 0x1004), 0xdeadbeef);
	/* push esp pushes the old value, pop esp takes the new one */
	RUNS(0x54);
	assert_int_equal(get32(STACK + 0x1000), STACK + 0x1004);
	RUNS(0x5c);
	assert_int_equal(ESP, STACK + 0x1004);
}

static void divide(void **state)
{
	real_mode();
	EAX = 0x8000;
	EBX = 0xff;
	RUNS(0x90);
	FAULTS(DE, -1, 0xf6, 0xfb); /* idiv bl: -32768 / -1 */
	EAX = 0xff80;
	FAULTS(DE, -1, 0xf6, 0xfb); /* -128 / -1 */
	EAX = 0xff81;
	RUNS(0xf6, 0xfb); /* -127 / -1 */
	assert_int_equal(EAX, 0x007f);
	EAX = 0xff80;
	EBX = 1;
	RUNS(0xf6, 0xfb); /* -128 / 1 */
	assert_int_equal(EAX, 0x0080);
	EBX = 0;
	FAULTS(DE, -1, 0xf7, 0xf3);
	EDX = 0x80000000;
	EAX = 0;
	EBX = 0xffffffff;
	FAULTS(DE, -1, 0x66, 0xf7, 0xfb);
	EDX = 1;
	EAX = 5;
	EBX = 2;
	RUNS(0x66, 0xf7, 0xf3);
	assert_int_equal(EAX, 0x80000002);
	assert_int_equal(EDX, 1);
	FAULTS(DE, -1, 0xd4, 0x00); /* aam 0 */
}

/* Both words are one operand: SDM vol. 2, BOUND, m16&16; 80386 Programmer's Reference, BOUND: #GP "if any part of
 * the operand would lie outside". (Bochs wraps the second word at 64 KiB, QEMU checks no limit.) */
static void bound_edge(void **state)
{
	real_mode();
	EAX = 5;
	put16(DATA, 10); /* where it would wrap to */
	for (EBX = 0xfffd; EBX < 0x10000; EBX++) {
		FAULTS(GP, 0, 0x62, 0x07);
		FAULTS(SS_FAULT, 0, 0x36, 0x62, 0x07);
	}
	EBX = 0xfffc;
	put16(DATA + 0xfffe, 10);
	RUNS(0x62, 0x07);
	EAX = 11;
	FAULTS(BR, -1, 0x62, 0x07);
	EBX = 0xfff9;
	FAULTS(GP, 0, 0x66, 0x62, 0x07);
}

/* --- REP --- */

static void rep_movs(void **state)
{
	unsigned n;

	real_mode();
	for (n = 0; n < 0x2000; n++)
		memory[DATA + n] = n * 7;
	cpu.seg[DFW_ES] = segment(0x5000, 0x50000, 0xffff, 0x93);
	ECX = 0x2000;
	x.rep_batch = 0x1800;
	assert_int_equal(RUN(0xf3, 0xa4), X86_REPEAT);
	assert_int_equal(cpu.rip, 0);
	assert_int_equal(ECX, 0x800);
	assert_int_equal(ESI, 0x1800);
	assert_true(cpu.rflags & FLAG_RF);
	assert_int_equal(x86_step(&x), X86_DONE);
	assert_int_equal(cpu.rip, 2);
	assert_int_equal(ECX, 0);
	assert_int_equal(EDI, 0x2000);
	assert_false(cpu.rflags & FLAG_RF);
	assert_memory_equal(memory + 0x50000, memory + DATA, 0x2000);
	/* overlapping upwards fills */
	cpu.seg[DFW_ES] = cpu.seg[DFW_DS];
	memory[DATA] = 0xaa;
	ECX = 100;
	ESI = 0;
	EDI = 1;
	RUNS(0xf3, 0xa4);
	assert_int_equal(memory[DATA + 100], 0xaa);
	/* by single steps without a batch */
	x.rep_batch = 0;
	ECX = 2;
	ESI = EDI = 0;
	assert_int_equal(RUN(0xf3, 0xa5), X86_REPEAT);
	assert_int_equal(ECX, 1);
	assert_int_equal(x86_step(&x), X86_DONE);
}

static void rep_fault(void **state)
{
	real_mode();
	x.rep_batch = 1000;
	ECX = 0x20;
	EDI = 0xfff8;
	EAX = 0x55;
	cpu.seg[DFW_ES].limit = 0xfffb;
	assert_int_equal(RUN(0xf3, 0xaa), X86_FAULT);
	assert_int_equal(x.event.vector, GP);
	assert_int_equal(EDI, 0xfffc); /* the state of the iteration that failed */
	assert_int_equal(ECX, 0x1c);
	assert_int_equal(cpu.rip, 0);
	/* addresses wrap at 64 KiB */
	real_mode();
	x.rep_batch = 1000;
	ECX = 0x10;
	EDI = 0xfff8;
	EAX = 0x55;
	RUNS(0xf3, 0xaa);
	assert_int_equal(EDI, 8);
	assert_int_equal(memory[DATA + 7], 0x55);
	/* downwards */
	cpu.rflags |= FLAG_DF;
	ECX = 4;
	EDI = 0x103;
	RUNS(0xf3, 0xaa);
	assert_int_equal(EDI, 0xff);
	assert_int_equal(get32(DATA + 0x100), 0x55555555);
	/* count 0 does nothing, not even fault */
	ECX = 0;
	EDI = 0xffff;
	RUNS(0xf3, 0xab);
}

static void rep_unreal(void **state)
{
	real_mode();
	x.rep_batch = 0x10000;
	cpu.seg[DFW_ES].limit = cpu.seg[DFW_DS].limit = 0xffffffff;
	EDI = 0x100000 - DATA;
	ECX = 0x10000;
	EAX = 0x01020304;
	RUNS(0x67, 0x66, 0xf3, 0xab);
	assert_int_equal(EDI, 0x140000 - DATA);
	assert_int_equal(get32(0x13fffc), 0x01020304);
	/* repe cmpsb stops after the difference */
	memory[0x100010] = 0;
	ESI = 0x100000 - DATA;
	EDI = 0x120000 - DATA;
	ECX = 100;
	RUNS(0x67, 0xf3, 0xa6);
	assert_int_equal(ECX, 100 - 0x11);
	assert_false(cpu.rflags & FLAG_ZF);
	/* ins, outs */
	EDI = 0x108000 - DATA;
	ECX = 3;
	EDX = 0x1f0;
	RUNS(0x67, 0xf3, 0x6d);
	assert_int_equal(get16(0x108004), 0x3344);
	assert_int_equal(last_port, 0x1f0);
	ESI = 0x108000 - DATA;
	ECX = 2;
	RUNS(0x67, 0xf3, 0x6f);
	assert_int_equal(last_value, 0x3344);
}

/* Runs inside a page against one element a step, on paged memory with a page missing and one read-only:
 * every string instruction, size, direction and prefix. */
static void rep_runs(void **state)
{
	enum { FROM = 0x100000, PAGES = 8, CASES = 4000 };
	static const uint8_t opcodes[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad,
					  0xae, 0xaf, 0x6c, 0x6d, 0x6e, 0x6f};
	static uint8_t start[PAGES * 4096], once[PAGES * 4096];
	uint32_t seed = 1, n, page;
	unsigned faulted = 0;

	for (n = 0; n < CASES; n++) {
		enum x86_outcome outcome, expected;
		struct x86_event event;
		struct dfw_cpu before, by_runs;
		uint8_t code[4];

#define RANDOM(most) ((seed = seed * 1664525 + 1013904223) >> 8) % (most)
		protected_mode();
		put32(TABLES, (TABLES + 0x1000) | 7);
		for (page = 0; page < 1024; page++)
			put32(TABLES + 0x1000 + 4 * page, page << 12 | 0x67);
		put32(TABLES + 0x1000 + 4 * (FROM / 4096 + 3), (FROM + 0x3000) | (n & 1 ? 0x65 : 0x64));
		cpu.cr3 = TABLES;
		cpu.cr0 |= n & 2 ? 0 : 1u << 31 | 1 << 16;
		if (n & 4)
			cpu.seg[DFW_ES] = cpu.seg[DFW_DS] = segment(DATA32, FROM, PAGES * 4096 - 1, 0xc093);
		ESI = (n & 4 ? 0 : FROM) + RANDOM(PAGES * 4096 + 8);
		EDI = (n & 4 ? 0 : FROM) + RANDOM(PAGES * 4096 + 8);
		if (n & 8)
			EDI = ESI + RANDOM(9) - 4;
		ECX = RANDOM(3000);
		EAX = n & 16 ? 0 : 0x01010101;
		EDX = 0x1f0;
		cpu.rflags |= RANDOM(2) ? FLAG_DF : 0;
		for (page = 0; page < sizeof(start); page++)
			start[page] = RANDOM(500) ? EAX : 7;
		code[0] = RANDOM(2) ? 0xf3 : 0xf2;
		code[1] = RANDOM(2) ? 0x66 : 0x3e;
		code[2] = opcodes[RANDOM(sizeof(opcodes))];
		before = cpu;

		memcpy(memory + FROM, start, sizeof(start));
		x.rep_batch = 0x10000;
		do
			expected = run(code, 3);
		while (expected == X86_REPEAT);
		by_runs = cpu;
		event = x.event;
		memcpy(once, memory + FROM, sizeof(once));

		memcpy(memory + FROM, start, sizeof(start));
		cpu = before;
		x.rep_batch = 0;
		do
			outcome = run(code, 3);
		while (outcome == X86_REPEAT);
		cpu.rflags = (cpu.rflags & ~(uint64_t)FLAG_RF) | (by_runs.rflags & FLAG_RF);
		assert_int_equal(outcome, expected);
		assert_memory_equal(&cpu, &by_runs, sizeof(cpu));
		assert_memory_equal(memory + FROM, once, sizeof(once));
		if (outcome == X86_FAULT) {
			faulted++;
			assert_int_equal(event.vector, x.event.vector);
			assert_int_equal(event.error, x.event.error);
		}
#undef RANDOM
	}
	assert_in_range(faulted, CASES / 20, CASES / 2);
}

/* --- shadows, single step, breakpoints --- */

static void shadows(void **state)
{
	real_mode();
	RUNS(0xfb);
	assert_int_equal(cpu.interruptibility, DFW_BLOCKED_BY_STI);
	RUNS(0xfb); /* IF is set already: no new shadow */
	assert_int_equal(cpu.interruptibility, 0);
	RUNS(0x8e, 0xd0);
	assert_int_equal(cpu.interruptibility, DFW_BLOCKED_BY_MOV_SS);
	cpu.rip = 0;
	EBX = 0xffff;
	FAULTS(GP, 0, 0x8b, 0x07); /* a fault keeps the shadow, too */
	RUNS(0x90);
	assert_int_equal(cpu.interruptibility, 0);
	RUNS(0x17);
	assert_int_equal(cpu.interruptibility, DFW_BLOCKED_BY_MOV_SS);
	assert_int_equal(RUN(0xf4), X86_HALTED);
	assert_int_equal(cpu.interruptibility, 0);
}

static void single_step(void **state)
{
	real_mode();
	cpu.rflags |= FLAG_TF;
	RUNS(0x90);
	assert_int_equal(cpu.pending_debug, 1 << 14);
	assert_int_equal(x86_deliver(&x, (struct x86_event){.vector = DB, .kind = X86_EXCEPTION}),
			 X86_DONE);
	assert_int_equal(cpu.rip, DB);
	assert_int_equal(cpu.pending_debug, 0);
	assert_int_equal(cpu.dr6, 0xffff4ff0);
	assert_false(cpu.rflags & FLAG_TF);
	/* HLT ends with the trap, which comes at once: SDM vol. 3, 17.3.1.4 */
	cpu.rflags |= FLAG_TF;
	assert_int_equal(RUN(0xf4), X86_HALTED);
	assert_int_equal(cpu.pending_debug, 1 << 14);
	cpu.pending_debug = 0;
	/* MOV SS holds it back */
	cpu.rflags |= FLAG_TF;
	EAX = STACK >> 4;
	RUNS(0x8e, 0xd0);
	assert_int_equal(cpu.pending_debug, 0);
	/* POPF that sets TF does not trap itself, one that clears it does */
	cpu.rflags &= ~FLAG_TF;
	put16(STACK + (ESP & 0xffff), 2 | FLAG_TF);
	RUNS(0x9d);
	assert_int_equal(cpu.pending_debug, 0);
	put16(STACK + (ESP & 0xffff), 2);
	RUNS(0x9d);
	assert_int_equal(cpu.pending_debug, 1 << 14);
}

static void breakpoints(void **state)
{
	real_mode();
	cpu.dr[0] = DATA + 0x100;
	cpu.dr7 = 0x400 | 1 | 1 << 16 | 3 << 18; /* writes, 4 bytes */
	EBX = 0x102;
	RUNS(0x8b, 0x07);
	assert_int_equal(cpu.pending_debug, 0);
	RUNS(0x89, 0x07);
	assert_int_equal(cpu.pending_debug & 0xf, 1);
	cpu.pending_debug = 0;
	/* execution: a fault, unless RF */
	cpu.dr[1] = CODE + (uint32_t)cpu.rip;
	cpu.dr7 = 0x400 | 4;
	FAULTS(DB, -1, 0x90);
	assert_int_equal(cpu.pending_debug & 0xf, 2);
	cpu.rflags |= FLAG_RF;
	RUNS(0x90);
	assert_false(cpu.rflags & FLAG_RF);
	/* general detect */
	cpu.dr7 = 0x2400;
	FAULTS(DB, -1, 0x0f, 0x21, 0xc0);
	assert_int_equal(x86_deliver(&x, x.event), X86_DONE);
	assert_true(cpu.dr6 & 0x2000);
	assert_false(cpu.dr7 & 0x2000);
}

/* SDM vol. 3, 17.3.1.1: set in the image of a fault, as general detect is, and of a REP form that has
 * iterations left. (Bochs 2.7 clears it.) */
static void rf_of_debug_exceptions(void **state)
{
	protected_mode();
	cpu.dr7 = 0x2400;
	FAULTS(DB, -1, 0x0f, 0x21, 0xc0);
	assert_int_equal(x86_deliver(&x, x.event), X86_DONE);
	assert_true(get32(STACK + 0xffc) & FLAG_RF);
	protected_mode();
	cpu.dr[0] = DATA;
	cpu.dr7 = 0x400 | 1 | 1 << 16; /* writes, 1 byte */
	EDI = DATA;
	ECX = 2;
	RUN(0xf3, 0xaa);
	assert_int_equal(ECX, 1);
	assert_int_equal(cpu.pending_debug & 0xf, 1);
	assert_int_equal(x86_deliver(&x, (struct x86_event){.vector = DB, .kind = X86_EXCEPTION}), X86_DONE);
	assert_int_equal(get32(STACK + 0xff4), CODE);
	assert_true(get32(STACK + 0xffc) & FLAG_RF);
}

/* A data breakpoint where an event or a far call pushes its frame is reported once the handler, or what was called,
 * is reached: SDM vol. 3, 17.2.4. */
static void breakpoints_of_frames(void **state)
{
	real_mode();
	cpu.dr[0] = STACK + (ESP & 0xffff) - 2;
	cpu.dr7 = 0x400 | 1 | 1 << 16 | 1 << 18; /* writes, 2 bytes */
	assert_int_equal(x86_deliver(&x, (struct x86_event){.vector = GP, .kind = X86_EXCEPTION}), X86_DONE);
	assert_int_equal(cpu.rip, GP);
	assert_int_equal(cpu.pending_debug & 0xf, 1);
	protected_mode();
	cpu.dr[1] = STACK + 0xffc;
	cpu.dr7 = 0x400 | 4 | 1 << 20 | 3 << 22; /* writes, 4 bytes */
	RUNS(0xcd, 0x30);
	assert_int_equal(cpu.rip, HANDLER + 0x30);
	assert_int_equal(cpu.pending_debug & 0xf, 2);
	protected_mode();
	cpu.dr[1] = STACK + 0xffc;
	cpu.dr7 = 0x400 | 4 | 1 << 20 | 3 << 22;
	RUNS(0x9a, 0, 0x10, 0, 0, CODE32, 0);
	assert_int_equal(cpu.pending_debug & 0xf, 2);
}

/* --- protected mode: segments --- */

static void expand_down(void **state)
{
	protected_mode();
	EAX = DOWN;
	RUNS(0x8e, 0xd8);
	FAULTS(GP, 0, 0xa0, 0xff, 0x0f, 0, 0); /* at the limit */
	RUNS(0xa0, 0x00, 0x10, 0, 0);
	RUNS(0xa0, 0xff, 0xff, 0, 0);
	FAULTS(GP, 0, 0xa0, 0x00, 0x00, 1, 0); /* B=0: up to FFFF */
	FAULTS(GP, 0, 0xa1, 0xfe, 0xff, 0, 0);
}

static void segment_types(void **state)
{
	protected_mode();
	FAULTS(GP, 0, 0x2e, 0xa2, 0, 0, 3, 0); /* write to code */
	EAX = READONLY;
	RUNS(0x8e, 0xd8);
	FAULTS(GP, 0, 0xa2, 0, 0, 0, 0);
	RUNS(0xa0, 0, 0, 0, 0);
	EAX = READONLY;
	FAULTS(GP, READONLY, 0x8e, 0xd0); /* stack not writable */
	EAX = 0;
	FAULTS(GP, 0, 0x8e, 0xd0); /* null stack */
	RUNS(0x8e, 0xd8);          /* null data: faults when used */
	FAULTS(GP, 0, 0xa0, 0, 0, 0, 0);
	EAX = ABSENT;
	FAULTS(NP, ABSENT, 0x8e, 0xd8);
	EAX = ABSENT_STACK;
	FAULTS(SS_FAULT, ABSENT_STACK, 0x8e, 0xd0);
	EAX = EXEC_ONLY;
	FAULTS(GP, EXEC_ONLY, 0x8e, 0xd8);
	EAX = TSS_SEL;
	FAULTS(GP, TSS_SEL, 0x8e, 0xd8);
	EAX = 0x1000;
	FAULTS(GP, 0x1000, 0x8e, 0xd8); /* past the table */
	EAX = 0x0c;
	FAULTS(GP, 0x0c, 0x8e, 0xd8); /* no LDT */
	EAX = DATA32_3 | 3;
	FAULTS(GP, DATA32_3, 0x8e, 0xd0); /* SS.RPL != CPL */
	/* accessed bit */
	EAX = DATA16;
	RUNS(0x8e, 0xd8);
	assert_true(memory[GDT + DATA16 + 5] & 1);
	user_mode();
	EAX = DATA32;
	FAULTS(GP, DATA32, 0x8e, 0xd8);
	FAULTS(GP, 0, 0xf4);
	FAULTS(GP, 0, 0x0f, 0x22, 0xc0);
	FAULTS(GP, 0, 0x0f, 0x01, 0x10);
	FAULTS(GP, 0, 0xfa);
	FAULTS(GP, 0, 0xe4, 0x10);
}

static void looking(void **state)
{
	protected_mode();
	EAX = DATA16;
	RUNS(0x0f, 0x02, 0xd8); /* lar ebx,eax */
	assert_int_equal(EBX, 0x9200);
	assert_true(cpu.rflags & FLAG_ZF);
	RUNS(0x0f, 0x03, 0xd8); /* lsl ebx,eax */
	assert_int_equal(EBX, 0xffff);
	EAX = DATA32;
	RUNS(0x0f, 0x03, 0xd8);
	assert_int_equal(EBX, 0xffffffff);
	EAX = READONLY;
	RUNS(0x0f, 0x00, 0xe0); /* verr */
	assert_true(cpu.rflags & FLAG_ZF);
	RUNS(0x0f, 0x00, 0xe8); /* verw */
	assert_false(cpu.rflags & FLAG_ZF);
	EAX = 0x7770;
	RUNS(0x0f, 0x00, 0xe0);
	assert_false(cpu.rflags & FLAG_ZF);
	EAX = 0x10;
	EBX = 3;
	RUNS(0x63, 0xd8); /* arpl ax,bx */
	assert_int_equal(EAX, 0x13);
	assert_true(cpu.rflags & FLAG_ZF);
	/* ltr marks busy */
	EAX = TSS2_SEL;
	RUNS(0x0f, 0x00, 0xd8);
	assert_int_equal(memory[GDT + TSS2_SEL + 5], 0x8b);
	FAULTS(GP, TSS2_SEL, 0x0f, 0x00, 0xd8);
}

/* --- protected mode: interrupts and gates --- */

static void interrupt_same_level(void **state)
{
	protected_mode();
	cpu.rflags = 2 | FLAG_IF;
	FAULTS(GP, 0x33b8, 0xea, 0, 0, 0, 0, 0xb9, 0x33);
	assert_int_equal(x86_deliver(&x, x.event), X86_DONE);
	assert_int_equal(cpu.rip, HANDLER + GP);
	assert_int_equal(ESP, STACK + 0x1000 - 16);
	assert_int_equal(get32(ESP), 0x33b8);
	assert_int_equal(get32(ESP + 4), CODE);
	assert_int_equal(get32(ESP + 8), CODE32);
	assert_int_equal(get32(ESP + 12), 2 | FLAG_IF | FLAG_RF);
	assert_int_equal(cpu.rflags, 2);
	ESP += 4;
	RUNS(0xcf);
	assert_int_equal(cpu.rip, CODE);
	assert_int_equal(cpu.rflags, 2 | FLAG_IF | FLAG_RF);
	/* a trap gate leaves IF */
	memory[IDT + 0x40 * 8 + 5] = 0xef;
	RUNS(0xcd, 0x40);
	assert_true(cpu.rflags & FLAG_IF);
	/* not present */
	memory[IDT + 0x41 * 8 + 5] = 0x6e;
	FAULTS(NP, 0x41 * 8 + 2, 0xcd, 0x41);
	memory[IDT + 0x41 * 8 + 5] = 0xec;
	FAULTS(GP, 0x41 * 8 + 2, 0xcd, 0x41);
	cpu.idtr.limit = 0x41 * 8 + 6;
	FAULTS(GP, 0x41 * 8 + 2, 0xcd, 0x41);
	/* 16-bit gate */
	put64(IDT + 0x30 * 8, gate(CODE16, 0x500, 0x86, 0));
	RUNS(0xcd, 0x30);
	assert_int_equal(cpu.rip, 0x500);
	assert_int_equal(SEL(DFW_CS), CODE16);
}

static void interrupt_inner(void **state)
{
	user_mode();
	FAULTS(GP, 0x21 * 8 + 2, 0xcd, 0x21); /* gate DPL 0 */
	RUNS(0xcd, 0x30);
	assert_int_equal(cpu.rip, HANDLER + 0x30);
	assert_int_equal(SEL(DFW_CS), CODE32);
	assert_int_equal(SEL(DFW_SS), DATA32);
	assert_int_equal(ESP, STACK0 - 20);
	assert_int_equal(get32(STACK0 - 4), DATA32_3 | 3);
	assert_int_equal(get32(STACK0 - 8), STACK + 0x1000);
	assert_int_equal(get32(STACK0 - 16), CODE32_3 | 3);
	assert_int_equal(get32(STACK0 - 20), CODE + 2);
	cpu.seg[DFW_FS] = segment(DATA32, 0, 0xffffffff, 0xc093);
	RUNS(0xcf);
	assert_int_equal(SEL(DFW_CS), CODE32_3 | 3);
	assert_int_equal(SEL(DFW_SS), DATA32_3 | 3);
	assert_int_equal(ESP, STACK + 0x1000);
	assert_int_equal(SEL(DFW_FS), 0); /* the inner segment is taken away */
	assert_true(cpu.seg[DFW_FS].access_rights & DFW_AR_UNUSABLE);
	assert_int_equal(SEL(DFW_DS), DATA32_3 | 3);
	/* bad stack in the TSS: #TS with its selector */
	put16(TSS + 8, DATA32_3);
	FAULTS(TS, DATA32_3, 0xcd, 0x30);
	put16(TSS + 8, 0);
	FAULTS(TS, 0, 0xcd, 0x30);
	/* and a second fault of the kind while delivering one: #DF, also lost */
	assert_int_equal(x86_deliver(&x, (struct x86_event){.vector = GP,
							    .kind = X86_EXCEPTION,
							    .has_error = true}),
			 X86_SHUTDOWN);
}

static void call_gate(void **state)
{
	user_mode();
	put32(ESP, 0x1111);
	put32(ESP + 4, 0x2222);
	RUNS(0x9a, 0, 0, 0, 0, GATE | 3, 0);
	assert_int_equal(cpu.rip, HANDLER + 0x100);
	assert_int_equal(SEL(DFW_CS), CODE32);
	assert_int_equal(ESP, STACK0 - 24);
	assert_int_equal(get32(ESP), CODE + 7);
	assert_int_equal(get32(ESP + 8), 0x1111);
	assert_int_equal(get32(ESP + 12), 0x2222);
	assert_int_equal(get32(ESP + 16), STACK + 0x1000);
	RUNS(0xca, 8, 0);
	assert_int_equal(SEL(DFW_CS), CODE32_3 | 3);
	assert_int_equal(cpu.rip, CODE + 7);
	assert_int_equal(ESP, STACK + 0x1008);
	/* a jump through it may not rise */
	FAULTS(GP, CODE32, 0xea, 0, 0, 0, 0, GATE | 3, 0);
	/* direct: conforming code keeps CPL, other code must match it */
	FAULTS(GP, CODE32, 0xea, 0, 0, 6, 0, CODE32, 0);
	RUNS(0xea, 0, 0, 6, 0, CONFORMING, 0);
	assert_int_equal(SEL(DFW_CS), CONFORMING | 3);
	memory[GDT + ABSENT + 5] = 0x7b;
	FAULTS(NP, ABSENT, 0x9a, 0, 0, 0, 0, ABSENT | 3, 0);
}

/* What is checked first, SDM vol. 2, CALL and INT n: the stack's room, then the target's limit; nothing is pushed
 * before. Bochs pushes first, and of an interrupt checks the target first. */
static void far_order(void **state)
{
	unsigned n;

	user_mode();
	put64(GDT + CODE32, descriptor(0, 0xff, 0x409b));
	put32(STACK0 - 4, 0x77777777);
	FAULTS(GP, 0, 0x9a, 0, 0, 0, 0, GATE | 3, 0);
	FAULTS(GP, 0, 0xcd, 0x30);
	assert_int_equal(get32(STACK0 - 4), 0x77777777);
	put64(GDT + DATA16, descriptor(0, 0xf, 0x4093));
	put16(TSS + 8, DATA16);
	FAULTS(SS_FAULT, DATA16, 0x9a, 0, 0, 0, 0, GATE | 3, 0);
	FAULTS(SS_FAULT, DATA16, 0xcd, 0x30);
	protected_mode();
	put64(GDT + CODE32, descriptor(0, 0xff, 0x409b));
	FAULTS(GP, 0, 0x9a, 0, 0, 6, 0, CODE32, 0);
	FAULTS(GP, 0, 0xcd, 0x30);
	cpu.seg[DFW_SS].limit = 0xf;
	FAULTS(SS_FAULT, 0, 0x9a, 0, 0, 6, 0, CODE32, 0);
	FAULTS(SS_FAULT, 0, 0xcd, 0x30);
	FAULTS(GP, 0, 0xea, 0, 0, 6, 0, CODE32, 0);
	/* in real mode, too */
	real_mode();
	FAULTS(GP, 0, 0x66, 0x9a, 0, 0, 1, 0, 0, 0x20);
	ESP = 3;
	FAULTS(SS_FAULT, 0, 0x66, 0x9a, 0, 0, 1, 0, 0, 0x20);
	/* privilege 0 has its stack in bytes 4 to 9 of the TSS, privilege 1 in 12 to 17: TSSstackAddress + 5, where
	 * Bochs and QEMU ask for + 7 */
	for (n = 7; n < 12; n++) {
		user_mode();
		cpu.seg[DFW_TR].limit = n;
		if (n < 9)
			FAULTS(TS, TSS_SEL, 0xcd, 0x30);
		else
			RUNS(0xcd, 0x30);
		user_mode();
		cpu.seg[DFW_TR].limit = n + 8;
		put32(TSS + 0xc, STACK0);
		put16(TSS + 0x10, DATA16 | 1);
		put64(GDT + DATA16, descriptor(0, 0xfffff, 0xc0b3));
		put64(GDT + CODE32, descriptor(0, 0xfffff, 0xc0bb));
		if (n < 9)
			FAULTS(TS, TSS_SEL, 0xcd, 0x30);
		else
			RUNS(0xcd, 0x30);
	}
	/* from VM86 to privilege 1: refused before the TSS is looked at */
	vm86_mode(3);
	cpu.seg[DFW_TR].limit = 3;
	FAULTS(TS, TSS_SEL, 0xcd, 0x30);
	put64(GDT + CODE32, descriptor(0, 0xfffff, 0xc0bb));
	FAULTS(GP, CODE32, 0xcd, 0x30);
}

/* --- VM86 --- */

static void vm86_iopl(void **state)
{
	vm86_mode(0);
	FAULTS(GP, 0, 0xcd, 0x21);
	FAULTS(GP, 0, 0xfa);
	FAULTS(GP, 0, 0xfb);
	FAULTS(GP, 0, 0x9c);
	FAULTS(GP, 0, 0x9d);
	FAULTS(GP, 0, 0xcf);
	FAULTS(GP, 0, 0xf4);
	FAULTS(UD, -1, 0x63, 0xc0);
	FAULTS(GP, 0, 0x0f, 0x20, 0xc0);
	vm86_mode(3);
	RUNS(0xfa);
	RUNS(0xfb);
	RUNS(0x9c);
	assert_int_equal(get16(STACK + 0xffe), 0x3202);
	put16(STACK + 0xffe, 0);
	RUNS(0x9d); /* IOPL stays */
	assert_int_equal(cpu.rflags & 0x3000, 0x3000);
	assert_true(cpu.rflags & FLAG_VM);
	/* segment loads are by paragraph */
	EAX = 0x1234;
	RUNS(0x8e, 0xd8);
	assert_int_equal(cpu.seg[DFW_DS].base, 0x12340);
	assert_int_equal(cpu.seg[DFW_DS].access_rights, 0xf3);
	/* ports by the I/O map, whatever IOPL */
	FAULTS(GP, 0, 0xe4, 0x10);
	put32(TSS + 0x68, 0);
	cpu.seg[DFW_TR].limit = 0x6b;
	RUNS(0xe4, 0x10);
	memory[TSS + 0x6a] = 2;
	FAULTS(GP, 0, 0xe4, 0x11);
	FAULTS(GP, 0, 0xe5, 0x10);
	RUNS(0xe4, 0x12);
}

static void vm86_interrupt(void **state)
{
	vm86_mode(3);
	SEL(DFW_FS) = 0x1111;
	SEL(DFW_GS) = 0x2222;
	RUNS(0xcd, 0x30);
	assert_int_equal(cpu.rip, HANDLER + 0x30);
	assert_false(cpu.rflags & FLAG_VM);
	assert_int_equal(ESP, STACK0 - 36);
	assert_int_equal(get32(STACK0 - 4), 0x2222);
	assert_int_equal(get32(STACK0 - 8), 0x1111);
	assert_int_equal(get32(STACK0 - 12), DATA >> 4);
	assert_int_equal(get32(STACK0 - 16), DATA >> 4);
	assert_int_equal(get32(STACK0 - 20), STACK >> 4);
	assert_int_equal(get32(STACK0 - 24), 0x1000);
	assert_int_equal(get32(STACK0 - 28), 0x3002 | FLAG_VM);
	assert_int_equal(get32(STACK0 - 32), CODE >> 4);
	assert_int_equal(get32(STACK0 - 36), 2);
	assert_true(cpu.seg[DFW_DS].access_rights & DFW_AR_UNUSABLE);
	RUNS(0xcf);
	assert_true(cpu.rflags & FLAG_VM);
	assert_int_equal(cpu.rip, 2);
	assert_int_equal(SEL(DFW_GS), 0x2222);
	assert_int_equal(cpu.seg[DFW_GS].base, 0x22220);
	assert_int_equal(cpu.seg[DFW_SS].access_rights, 0xf3);
	assert_int_equal(ESP, 0x1000);
	/* the handler must be at privilege 0 */
	put64(IDT + 0x31 * 8, gate(CONFORMING, HANDLER, 0xee, 0));
	FAULTS(GP, CONFORMING, 0xcd, 0x31);
}

static void vme(void **state)
{
	vm86_mode(0);
	cpu.cr4 = 1;
	put16(TSS + 0x66, 0x88); /* the redirection bitmap lies in the 32 bytes before */
	cpu.seg[DFW_TR].limit = 0x8f;
	RUNS(0xfb);
	assert_true(cpu.rflags & FLAG_VIF);
	assert_false(cpu.rflags & FLAG_IF);
	RUNS(0xcd, 0x21); /* through the IVT at 0 */
	assert_int_equal(cpu.rip, 0x21);
	assert_true(cpu.rflags & FLAG_VM);
	assert_false(cpu.rflags & FLAG_VIF);
	assert_int_equal(get16(STACK + 0xffe), 0x3202); /* VIF as IF, IOPL 3 */
	RUNS(0xcf);
	assert_true(cpu.rflags & FLAG_VIF);
	assert_int_equal(cpu.rflags & 0x3000, 0);
	memory[TSS + 0x68 + 0x30 / 8] = 1;
	FAULTS(GP, 0, 0xcd, 0x30);
	RUNS(0x9c);
	assert_int_equal(get16(STACK + 0xffe), 0x3202);
	FAULTS(GP, 0, 0x66, 0x9c);
	put16(STACK + 0xffe, 0x3002);
	RUNS(0x9d);
	assert_false(cpu.rflags & FLAG_VIF);
}

/* --- paging --- */

static void map_page(uint32_t linear, uint32_t entry)
{
	put32(TABLES + (linear >> 22) * 4, (TABLES + 0x1000) | 7);
	put32(TABLES + 0x1000 + (linear >> 12 & 0x3ff) * 4, entry);
}

static void paging(void **state)
{
	uint64_t phys;
	uint32_t v;
	unsigned n;

	protected_mode();
	for (n = 0; n < MEMORY >> 12; n++)
		map_page(n << 12, n << 12 | 7);
	cpu.cr3 = TABLES;
	EAX = 0x80000011;
	RUNS(0x0f, 0x22, 0xc0);
	put32(DATA + 0x5004, 0x12345678);
	map_page(0x300000, (DATA + 0x5000) | 3);
	RUNS(0xa1, 0x04, 0x00, 0x30, 0x00);
	assert_int_equal(EAX, 0x12345678);
	assert_int_equal(get32(TABLES + 0x1000 + 0x300 * 4) & 0xff, 0x23); /* accessed */
	RUNS(0xa3, 0x08, 0x00, 0x30, 0x00);
	assert_int_equal(get32(TABLES + 0x1000 + 0x300 * 4) & 0xff, 0x63); /* dirty */
	assert_int_equal(get32(DATA + 0x5008), 0x12345678);
	/* not present */
	FAULTS(PF, 0, 0xa1, 0x10, 0x00, 0x31, 0x00);
	assert_int_equal(cpu.cr2, 0x310010);
	FAULTS(PF, 2, 0xa3, 0x10, 0x00, 0x31, 0x00);
	/* a store over two pages, the second missing, changes neither */
	FAULTS(PF, 2, 0xa3, 0xfe, 0x0f, 0x30, 0x00);
	assert_int_equal(cpu.cr2, 0x301000);
	assert_int_equal(get16(DATA + 0x5ffe), 0);
	/* read-only: the supervisor may write until CR0.WP */
	map_page(0x300000, (DATA + 0x5000) | 5);
	RUNS(0xa3, 0x00, 0x00, 0x30, 0x00);
	cpu.cr0 |= 0x10000;
	FAULTS(PF, 3, 0xa3, 0x00, 0x00, 0x30, 0x00);
	/* looking changes nothing */
	map_page(CODE, CODE | 7);
	assert_true(x86_peek(&x, CODE));
	assert_int_equal(get32(TABLES + 0x1000 + (CODE >> 12) * 4), CODE | 7);
	v = get32(TABLES + 0x1000 + 0x300 * 4);
	assert_true(x86_translate(&x, 0x300123, &phys));
	assert_int_equal(phys, DATA + 0x5123);
	assert_int_equal(v, get32(TABLES + 0x1000 + 0x300 * 4));
	assert_false(x86_read_linear(&x, 0x310000, &v, 4));
	assert_true(x86_read_linear(&x, 0x300000, &v, 4));
	/* user */
	cpu.seg[DFW_SS] = segment(DATA32_3 | 3, 0, 0xffffffff, 0xc0f3);
	cpu.seg[DFW_CS] = segment(CODE32_3 | 3, 0, 0xffffffff, 0xc0fb);
	map_page(0x300000, (DATA + 0x5000) | 3);
	FAULTS(PF, 5, 0xa1, 0x00, 0x00, 0x30, 0x00);
	FAULTS(PF, 7, 0xa3, 0x00, 0x00, 0x30, 0x00);
	FAULTS(PF, 4, 0xa1, 0x00, 0x00, 0x31, 0x00);
	/* fetch */
	cpu.rip = 0x310000;
	assert_int_equal(x86_step(&x), X86_FAULT);
	assert_int_equal(x.event.vector, PF);
	assert_int_equal(x.event.error, 4);
	assert_int_equal(cpu.cr2, 0x310000);
}

static void big_pages(void **state)
{
	protected_mode();
	put32(TABLES, 0x83);             /* 4 MiB */
	put32(TABLES + 4, 0x83);         /* 400000 -> 0 */
	put32(TABLES + 8, 0x83 | 1 << 21); /* a reserved bit */
	cpu.cr3 = TABLES;
	cpu.cr4 = 0x10;
	cpu.cr0 = 0x80000011;
	put32(DATA, 0xabcd1234);
	RUNS(0xa1, 0x00, 0x00, 0x43, 0x00);
	assert_int_equal(EAX, 0xabcd1234);
	FAULTS(PF, 9, 0xa1, 0x00, 0x00, 0x80, 0x00);
}

static void pae(void **state)
{
	protected_mode();
	put64(TABLES, (TABLES + 0x1000) | 1);
	put64(TABLES + 8, 0);
	put64(TABLES + 16, 0);
	put64(TABLES + 24, 0);
	put64(TABLES + 0x1000, 0x83);                        /* 2 MiB, itself */
	put64(TABLES + 0x1008, (TABLES + 0x2000) | 3);
	put64(TABLES + 0x2000, DATA | 3 | 1ull << 63);       /* 200000 -> DATA, NX */
	cpu.cr3 = TABLES;
	cpu.cr4 = 0x20;
	EAX = 0x80000011;
	put64(TABLES + 8, 0x21); /* reserved bit in a PDPTE */
	FAULTS(GP, 0, 0x0f, 0x22, 0xc0);
	put64(TABLES + 8, 0);
	RUNS(0x0f, 0x22, 0xc0);
	assert_int_equal(cpu.pdpte[0], (TABLES + 0x1000) | 1);
	FAULTS(PF, 9, 0xa0, 0x00, 0x00, 0x20, 0x00); /* bit 63 is reserved without NXE */
	cpu.efer = 0x800;
	memory[DATA] = 0x90;
	RUNS(0xa0, 0x00, 0x00, 0x20, 0x00);
	assert_int_equal(cpu.gpr[DFW_RAX].b[0], 0x90);
	cpu.rip = 0x200000;
	assert_int_equal(x86_step(&x), X86_FAULT);
	assert_int_equal(x.event.error, 0x11);
	/* the PDPTEs are those loaded, not those in memory */
	cpu.rip = CODE;
	put64(TABLES, 0);
	RUNS(0x90);
	EAX = TABLES;
	put64(TABLES, 2 | 1);
	FAULTS(GP, 0, 0x0f, 0x22, 0xd8);
}

/* Physical memory for page tables with any address: 2 MiB that repeat. */
static void alias_read(void *world, uint64_t phys, void *dst, unsigned len)
{
	op_read(world, phys % MEMORY, dst, len);
}

static void alias_write(void *world, uint64_t phys, const void *src, unsigned len)
{
	op_write(world, phys % MEMORY, src, len);
}

static void *alias_map(void *world, uint64_t phys, unsigned len, bool write)
{
	return op_map(world, phys % MEMORY, len, write);
}

/* The bits from `low` up to `high`. */
static uint64_t span(unsigned high, unsigned low)
{
	return high < low ? 0 : (2ull << high) - (1ull << low);
}

/* Each way to a page, with each bit of each entry set in turn: SDM vol. 3, tables 4-4 to 4-6 and 4-9 to 4-20. */
static void reserved_bits(void **state)
{
	enum { LINEAR = 0x12345678, LA57 = 1 << 12, LME_LMA = 0x500, NXE = 0x800 };
	static const struct {
		uint32_t cr4, efer;
		uint8_t levels, leaf; /* the leaf's level: 1 is a page of 4 KiB */
		bool pse36, gigabytes;
	} ways[] = {
		{0x00, 0, 2, 1, false, false},
		{0x10, 0, 2, 1, false, false},
		{0x10, 0, 2, 2, false, false},
		{0x10, 0, 2, 2, true, false},
		{0x20, 0, 2, 1, false, false},
		{0x20, 0, 2, 2, true, false},
		{0x20, NXE, 2, 1, false, false},
		{0x20, NXE, 2, 2, false, false},
		{0x20, LME_LMA, 4, 1, false, false},
		{0x20, LME_LMA | NXE, 4, 1, false, true},
		{0x20, LME_LMA | NXE, 4, 2, false, true},
		{0x20, LME_LMA, 4, 3, false, true},
		{0x20, LME_LMA | NXE, 4, 3, false, true},
		{0x20 | LA57, LME_LMA, 5, 1, false, true},
		{0x20 | LA57, LME_LMA | NXE, 5, 2, false, true},
		{0x20 | LA57, LME_LMA | NXE, 5, 3, false, true},
	};
	static const uint8_t widths[] = {32, 36, 39, 40, 46, 52};
	struct x86_ops aliased = ops;
	unsigned n, w, level, bit, faulted = 0, passed = 0;

	aliased.read = alias_read;
	aliased.write = alias_write;
	aliased.map = alias_map;
	for (n = 0; n < sizeof(ways) / sizeof(*ways); n++)
		for (w = 0; w < sizeof(widths); w++)
			for (level = ways[n].levels; level >= ways[n].leaf; level--)
				for (bit = 3; bit < 64; bit++) {
					bool pae = ways[n].cr4 & 0x20, lma = ways[n].efer & LME_LMA;
					unsigned width = widths[w], bits = pae ? 9 : 10, k, shift, error;
					bool leaf = level == ways[n].leaf;
					uint64_t reserved = 0, entry, phys, expected = 0, mask;

					if (!pae && bit >= 32)
						break;
					/* it would be another way; in PTEs it is PAT */
					if (bit == 7 && (leaf || level == 2 || (level == 3 && ways[n].gigabytes)) &&
					    level > 1)
						continue;
					protected_mode();
					x.ops = &aliased;
					x.flat_size = 0;
					features(ways[n].pse36 << 17 | 0x48, 0, 0, 0,
						 (uint32_t)ways[n].gigabytes << 26, width);
					cpu.cr0 = 0x80000011;
					cpu.cr3 = TABLES;
					cpu.cr4 = ways[n].cr4;
					cpu.efer = ways[n].efer;
					cpu.pdpte[0] = TABLES | 1;
					for (k = ways[n].levels; k >= ways[n].leaf; k--) {
						uint32_t table = TABLES + (ways[n].levels - k) * 0x1000;

						shift = 12 + (k - 1) * bits;
						entry = k > ways[n].leaf ? (table + 0x1000) | 7 : k > 1 ? 0x87 : DATA | 7;
						if (k == level)
							entry |= 1ull << bit;
						if (k == ways[n].leaf)
							expected = entry;
						table += ((uint64_t)LINEAR >> shift & ((1u << bits) - 1)) * (pae ? 8 : 4);
						if (pae)
							put64(table, entry);
						else
							put32(table, entry);
					}
					shift = 12 + (ways[n].leaf - 1) * bits;
					if (pae) {
						reserved = lma ? span(51, width) : span(62, width);
						if (!(ways[n].efer & NXE))
							reserved |= 1ull << 63;
						if (leaf && level > 1)
							reserved |= span(shift - 1, 13);
						if (level > 2)
							reserved |= leaf ? 0 : 1 << 7;
					} else if (leaf && level > 1) {
						reserved = ways[n].pse36 ? span(21, (width < 40 ? width : 40) - 19)
									 : span(21, 13);
					}
					/* where the page is */
					mask = pae ? span(51, shift) : span(31, shift);
					phys = (expected & mask) | (LINEAR & ((1u << shift) - 1));
					if (!pae && ways[n].leaf > 1)
						phys |= (expected & span(20, 13)) << 19;
					expected = phys;
					error = 0;
					if (!x86_translate(&x, LINEAR, &phys)) {
						assert_int_equal(x.event.vector, PF);
						error = x.event.error;
					}
					if (error != (reserved >> bit & 1 ? 9 : 0) || (!error && phys != expected)) {
						print_error("way %u, level %u, bit %u, width %u: error %u, at %llx for "
							    "%llx\n", n, level, bit, width, error,
							    (unsigned long long)phys, (unsigned long long)expected);
						fail();
					}
					error ? faulted++ : passed++;
				}
	assert_in_range(faulted, 3000, 10000);
	assert_in_range(passed, 3000, 20000);
	/* the four PDPTEs, table 4-8, when CR3 is loaded */
	for (w = 0; w < sizeof(widths); w++)
		for (bit = 1; bit < 64; bit++) {
			uint64_t reserved = span(63, widths[w]) | 0x1e6;

			protected_mode();
			features(0x40, 0, 0, 0, 0, widths[w]);
			cpu.cr4 = 0x20;
			cpu.efer = NXE;
			put64(TABLES, (TABLES + 0x1000) | 1);
			put64(TABLES + 0x1000, 0x83);
			put64(TABLES + 24, 1ull << bit | 1);
			put64(TABLES + 16, span(63, 1)); /* not present: ignored */
			cpu.cr3 = TABLES;
			EAX = 0x80000011;
			if (reserved >> bit & 1) {
				FAULTS(GP, 0, 0x0f, 0x22, 0xc0);
				continue;
			}
			RUNS(0x0f, 0x22, 0xc0);
			EAX = TABLES;
			RUNS(0x0f, 0x22, 0xd8);
		}
	/* without leaf 80000008h the width is 36 with PAE, else 32 */
	for (n = 32; n <= 36; n++) {
		protected_mode();
		features(n < 36 ? 0x20008 : 0x20048, 0, 0, 0, 0, 0);
		cpu.cr0 = 0x80000011;
		cpu.cr3 = TABLES;
		cpu.cr4 = 0x10;
		put32(TABLES, 0x83);
		put32(TABLES + 4, 0x83 | 1 << 16 | 1u << 22);
		if (n < 36)
			FAULTS(PF, 9, 0xa0, 0, 0, 0x40, 0);
		else
			RUNS(0xa0, 0, 0, 0x40, 0);
	}
}

/* SMEP and SMAP, SDM vol. 3, 4.6.1 */
static void supervisor_mode(void **state)
{
	enum { SMEP = 1 << 20, SMAP = 1 << 21, FLAG_AC = 1 << 18 };

	protected_mode();
	put32(TABLES, 0x83);
	put32(TABLES + 4, 0x87); /* the same memory again, the user's */
	cpu.cr3 = TABLES;
	cpu.cr0 = 0x80000011;
	cpu.cr4 = 0x10 | SMEP;
	RUNS(0xa0, 0x00, 0x00, 0x43, 0x00);
	cpu.rip = 0x400000 + CODE;
	assert_int_equal(x86_step(&x), X86_FAULT);
	assert_int_equal(x.event.error, 0x11);
	cpu.rip = CODE;
	cpu.cr4 = 0x10 | SMAP;
	FAULTS(PF, 1, 0xa0, 0x00, 0x00, 0x43, 0x00);
	FAULTS(PF, 3, 0xa2, 0x00, 0x00, 0x43, 0x00);
	cpu.rflags |= FLAG_AC;
	RUNS(0xa0, 0x00, 0x00, 0x43, 0x00);
	RUNS(0xa2, 0x00, 0x00, 0x43, 0x00);
	/* AC means nothing to what the processor itself reads */
	cpu.gdtr.base = 0x400000 + GDT;
	EAX = DATA32;
	FAULTS(PF, 1, 0x8e, 0xd8);
	assert_int_equal(cpu.cr2, 0x400000 + GDT + DATA32);
	/* an access through a user page at privilege 3 is none of this; the table's still is */
	cpu.rflags &= ~(uint64_t)FLAG_AC;
	put32(TABLES, 0x87);
	cpu.seg[DFW_SS] = segment(DATA32_3 | 3, 0, 0xffffffff, 0xc0f3);
	cpu.seg[DFW_CS] = segment(CODE32_3 | 3, 0, 0xffffffff, 0xc0fb);
	RUNS(0xa0, 0x00, 0x00, 0x43, 0x00);
	EAX = DATA32_3 | 3;
	FAULTS(PF, 1, 0x8e, 0xd8);
}

static void ia32e(void **state)
{
	protected_mode();
	put64(TABLES, (TABLES + 0x1000) | 3);
	put64(TABLES + 0x1000, (TABLES + 0x2000) | 3);
	put64(TABLES + 0x2000, 0x83);
	cpu.cr3 = TABLES;
	cpu.cr4 = 0x20;
	cpu.efer = 0x100;
	EAX = 0x80000011;
	cpu.seg[DFW_TR].access_rights = 0x83;
	FAULTS(GP, 0, 0x0f, 0x22, 0xc0); /* no 16-bit TSS there */
	cpu.seg[DFW_TR].access_rights = 0x8b;
	RUNS(0x0f, 0x22, 0xc0);
	assert_int_equal(cpu.efer, 0x500);
	/* neither LMA nor, with paging on, LME can be written */
	ECX = 0xc0000080;
	EAX = EDX = 0;
	FAULTS(GP, 0, 0x0f, 0x30);
	EAX = 0x100;
	RUNS(0x0f, 0x30);
	assert_int_equal(cpu.efer, 0x500);
	/* call gates of 16 bytes, to 64-bit code */
	put64(GDT + CODE16, descriptor(0, 0xfffff, 0xa09b)); /* L=1 */
	put64(GDT + GATE, gate(CODE16, HANDLER + 0x200, 0x8c, 0));
	put64(GDT + GATE + 8, 0x1f0000000003);
	FAULTS(GP, GATE, 0xea, 0, 0, 0, 0, GATE, 0); /* the upper type is not 0 */
	put64(GDT + GATE + 8, 3);
	RUNS(0xea, 0, 0, 0, 0, GATE, 0);
	assert_true(cpu.rip == 0x300000000 + HANDLER + 0x200);
	assert_int_equal(SEL(DFW_CS), CODE16);
	cpu.seg[DFW_CS] = segment(CODE32, 0, 0xffffffff, 0xc09b);
	cpu.rip = CODE + 0x100;
	RUNS(0x9a, 0, 0, 0, 0, GATE, 0);
	assert_true(cpu.rip == 0x300000000 + HANDLER + 0x200);
	assert_int_equal(ESP, STACK + 0x1000 - 16);
	assert_int_equal(get32(ESP), CODE + 0x107);
	assert_int_equal(get32(ESP + 8), CODE32);
	put64(GDT + GATE, gate(CODE32, HANDLER, 0x8c, 0));
	cpu.seg[DFW_CS] = segment(CODE32, 0, 0xffffffff, 0xc09b);
	cpu.rip = CODE + 0x100;
	FAULTS(GP, CODE32, 0x9a, 0, 0, 0, 0, GATE, 0); /* leads to 32-bit code */
	cpu.sysenter_cs = 0x50;
	cpu.sysenter_eip = 0x123456780;
	cpu.sysenter_esp = 0x2468ace00;
	RUNS(0x0f, 0x34);
	assert_true(cpu.rip == cpu.sysenter_eip && cpu.gpr[DFW_RSP].q == cpu.sysenter_esp);
	assert_int_equal(cpu.seg[DFW_CS].access_rights, 0xa09b);
	/* a fault in the window gets a 64-bit frame */
	cpu.seg[DFW_CS] = segment(CODE32, 0, 0xffffffff, 0xc09b);
	cpu.seg[DFW_SS] = segment(DATA32, 0, 0xffffffff, 0xc093);
	cpu.gpr[DFW_RSP].q = STACK + 0x1000;
	cpu.rip = CODE;
	put64(IDT + GP * 16, gate(CODE16, HANDLER, 0x8e, 0));
	put64(IDT + GP * 16 + 8, 0);
	EAX = 0x1000;
	FAULTS(GP, 0x1000, 0x8e, 0xd8);
	assert_int_equal(x86_deliver(&x, x.event), X86_DONE);
	assert_int_equal(cpu.rip, HANDLER);
	assert_int_equal(SEL(DFW_CS), CODE16);
	assert_int_equal(cpu.gpr[DFW_RSP].q, STACK + 0x1000 - 48);
	assert_int_equal(get32(STACK + 0x1000 - 48), 0x1000);
	assert_int_equal(get32(STACK + 0x1000 - 40), CODE);
	assert_int_equal(get32(STACK + 0x1000 - 16), STACK + 0x1000);
}

/* --- tasks --- */

static void make_task(void)
{
	put32(TSS2 + 0x20, HANDLER + 0x800);
	put32(TSS2 + 0x24, 2);
	put32(TSS2 + 0x28, 0xaaaa0000);
	put32(TSS2 + 0x38, STACK0 + 0x800);
	put16(TSS2 + 0x48, DATA32);
	put16(TSS2 + 0x4c, CODE32);
	put16(TSS2 + 0x50, DATA32);
	put16(TSS2 + 0x54, DATA32);
}

static void task_jump(void **state)
{
	protected_mode();
	make_task();
	EBX = 0x77;
	RUNS(0xea, 0, 0, 0, 0, TSS2_SEL, 0);
	assert_int_equal(cpu.rip, HANDLER + 0x800);
	assert_int_equal(EAX, 0xaaaa0000);
	assert_int_equal(ESP, STACK0 + 0x800);
	assert_int_equal(SEL(DFW_TR), TSS2_SEL);
	assert_true(cpu.cr0 & 8);
	assert_int_equal(get32(TSS + 0x20), CODE + 7);
	assert_int_equal(get32(TSS + 0x34), 0x77);
	assert_int_equal(memory[GDT + TSS_SEL + 5], 0x89);
	assert_int_equal(memory[GDT + TSS2_SEL + 5], 0x8b);
	assert_true(cpu.seg[DFW_FS].access_rights & DFW_AR_UNUSABLE);
	FAULTS(GP, TSS2_SEL, 0xea, 0, 0, 0, 0, TSS2_SEL, 0); /* busy */
}

static void task_call(void **state)
{
	protected_mode();
	make_task();
	RUNS(0x9a, 0, 0, 0, 0, TASK_GATE, 0);
	assert_int_equal(SEL(DFW_TR), TSS2_SEL);
	assert_true(cpu.rflags & FLAG_NT);
	assert_int_equal(get16(TSS2), TSS_SEL);
	RUNS(0xcf); /* back */
	assert_int_equal(SEL(DFW_TR), TSS_SEL);
	assert_int_equal(cpu.rip, CODE + 7);
	assert_false(cpu.rflags & FLAG_NT);
	assert_int_equal(memory[GDT + TSS2_SEL + 5], 0x89);
	/* by an interrupt, with its error code on the new stack */
	put64(IDT + GP * 8, gate(TSS2_SEL, 0, 0x85, 0));
	make_task();
	EAX = 0x1000;
	FAULTS(GP, 0x1000, 0x8e, 0xd8);
	assert_int_equal(x86_deliver(&x, x.event), X86_DONE);
	assert_int_equal(SEL(DFW_TR), TSS2_SEL);
	assert_int_equal(ESP, STACK0 + 0x7fc);
	assert_int_equal(get32(ESP), 0x1000);
}

static void task_of_fault(void **state)
{
	protected_mode();
	make_task();
	put64(IDT + 6 * 8, gate(TSS2_SEL, 0, 0x85, 0));
	assert_int_equal(RUN(0x0f, 0x0b), X86_FAULT);
	assert_int_equal(x86_deliver(&x, x.event), X86_DONE);
	assert_int_equal(get32(TSS + 0x20), CODE);
	assert_int_equal(get32(TSS + 0x24) & 0x10000, 0x10000); /* RF of the task that faulted */
	assert_int_equal(cpu.rflags & 0x14000, 0x4000);
}

static bool no_debugging_extensions(void *world, uint32_t value)
{
	return !(value & 8);
}

/* SDM vol. 3, 2.5, and vol. 4, table 2-2: a bit of CR4 and EFER for each feature. */
static void missing_bits(void **state)
{
	static const struct {
		uint8_t bit;
		uint32_t edx1, ecx1, ebx7, ecx7;
	} rows[] = {
		{0, 1 << 1, 0, 0, 0},	{1, 1 << 1, 0, 0, 0},  {2, 1 << 4, 0, 0, 0},  {3, 1 << 2, 0, 0, 0},
		{4, 1 << 3, 0, 0, 0},	{5, 1 << 6, 0, 0, 0},  {6, 1 << 7, 0, 0, 0},  {7, 1 << 13, 0, 0, 0},
		{9, 1 << 24, 0, 0, 0},	{10, 1 << 25, 0, 0, 0}, {11, 0, 0, 0, 1 << 2}, {12, 0, 0, 0, 1 << 16},
		{13, 0, 1 << 5, 0, 0},	{14, 0, 1 << 6, 0, 0}, {16, 0, 0, 1 << 0, 0}, {18, 0, 1 << 26, 0, 0},
		{19, 0, 0, 0, 1 << 23}, {20, 0, 0, 1 << 7, 0}, {21, 0, 0, 1 << 20, 0}, {22, 0, 0, 0, 1 << 3},
		{23, 0, 0, 0, 1 << 7},	{24, 0, 0, 0, 1u << 31},
	};
	struct x86_ops limited = ops;
	unsigned n, bit;

	for (n = 0; n < sizeof(rows) / sizeof(*rows); n++) {
		real_mode();
		cpu.cr0 |= 0x10000; /* WP, for CET */
		features(rows[n].edx1, rows[n].ecx1, rows[n].ebx7, rows[n].ecx7, 0, 0);
		for (bit = 0; bit < 32; bit++) {
			/* the one bit of two that VME has; PCE, which CPUID does not tell of */
			bool has = bit == rows[n].bit || bit == 8 || (bit < 2 && rows[n].bit < 2);

			EAX = 1u << bit;
			if (!has)
				FAULTS(GP, 0, 0x0f, 0x22, 0xe0);
			else
				RUNS(0x0f, 0x22, 0xe0);
			cpu.cr4 = 0;
		}
	}
	/* CET asks for WP, PCIDE for IA-32e mode and a CR3 without PCID */
	real_mode();
	features(0x40, 1 << 17, 0, 1 << 7, 0, 0);
	EAX = 1 << 23;
	FAULTS(GP, 0, 0x0f, 0x22, 0xe0);
	EAX = 0x10010;
	RUNS(0x0f, 0x22, 0xc0);
	EAX = 1 << 23;
	RUNS(0x0f, 0x22, 0xe0);
	EAX = 0x10;
	FAULTS(GP, 0, 0x0f, 0x22, 0xc0);
	EAX = 1 << 17;
	FAULTS(GP, 0, 0x0f, 0x22, 0xe0);
	cpu.efer = 0x500;
	EAX |= 1 << 5;
	cpu.cr4 = 1 << 5;
	cpu.cr3 = TABLES | 8;
	FAULTS(GP, 0, 0x0f, 0x22, 0xe0);
	cpu.cr3 = TABLES;
	RUNS(0x0f, 0x22, 0xe0);
	/* the world has a say, too */
	limited.cr4_allowed = no_debugging_extensions;
	real_mode();
	x.ops = &limited;
	EAX = 8;
	FAULTS(GP, 0, 0x0f, 0x22, 0xe0);
	EAX = 0x600;
	RUNS(0x0f, 0x22, 0xe0);
	assert_int_equal(cpu.cr4, 0x600);
	/* EFER: no bit of it, no such MSR; SCE comes with SYSCALL or LM, NXE with NX */
	ECX = 0xc0000080;
	EAX = EDX = 0;
	features(0, 0, 0, 0, 0, 0);
	FAULTS(GP, 0, 0x0f, 0x30);
	FAULTS(GP, 0, 0x0f, 0x32);
	for (n = 0; n < 3; n++) {
		static const uint32_t shown[3] = {1 << 11, 1 << 20, 1 << 29}, have[3] = {1, 0x800, 0x501};

		features(0, 0, 0, 0, shown[n], 0);
		for (bit = 0; bit < 32; bit++) {
			cpu.efer = 0;
			EAX = 1u << bit;
			if ((1u << bit & have[n]) || bit == 10)
				RUNS(0x0f, 0x30);
			else
				FAULTS(GP, 0, 0x0f, 0x30);
		}
		EAX = 0;
		EDX = 1;
		FAULTS(GP, 0, 0x0f, 0x30);
		EDX = 0;
	}
	features(0, 0, 0, 0, 1 << 20 | 1 << 29, 0);
	cpu.efer = 0;
	ECX = 0xc0000080;
	EAX = 0x4900;
	EDX = 0;
	FAULTS(GP, 0, 0x0f, 0x30);
	EAX = 0xd01; /* LMA is ignored */
	RUNS(0x0f, 0x30);
	assert_int_equal(cpu.efer, 0x901);
	EAX = 0;
	RUNS(0x0f, 0x32);
	assert_int_equal(EAX, 0x901);
}

static void task_vm86(void **state)
{
	protected_mode();
	make_task();
	put32(TSS2 + 0x24, 2 | FLAG_VM);
	put32(TSS2 + 0x20, 0x123);
	put16(TSS2 + 0x4c, 0x1000);
	put16(TSS2 + 0x50, 0x2000);
	assert_int_equal(x86_task_switch(&x, TSS2_SEL, 0, false, 0), X86_DONE);
	assert_int_equal(cpu.seg[DFW_CS].base, 0x10000);
	assert_int_equal(cpu.seg[DFW_SS].base, 0x20000);
	assert_int_equal(cpu.seg[DFW_CS].access_rights, 0xf3);
	assert_int_equal(cpu.rip, 0x123);
	protected_mode();
	assert_int_equal(x86_task_switch(&x, 0, 0, false, 0), X86_FAULT);
	assert_int_equal(x86_task_switch(&x, DATA32, 0, false, 0), X86_FAULT);
	assert_int_equal(x.event.error, DATA32);
}

/* --- what libunicorn gets wrong: excuses.def --- */

static void task_old(void **state)
{
	unsigned n;

	protected_mode();
	put64(GDT + TSS2_SEL, descriptor(TSS2, 0x2b, 0x81));
	put16(TSS2 + 0x0e, 0x500);
	put16(TSS2 + 0x10, 2);
	for (n = 0; n < 8; n++)
		put16(TSS2 + 0x12 + 2 * n, 0x1100 + n);
	put16(TSS2 + 0x22, DATA16);
	put16(TSS2 + 0x24, CODE16);
	put16(TSS2 + 0x26, DATA16);
	put16(TSS2 + 0x28, DATA32);
	EBX = 0x12345678;
	RUNS(0x9a, 0, 0, 0, 0, TSS2_SEL, 0);
	assert_int_equal(SEL(DFW_TR), TSS2_SEL);
	assert_int_equal(cpu.rip, 0x500);
	assert_int_equal(EDI, 0xffff1107);
	assert_int_equal(SEL(DFW_ES), DATA16);
	assert_int_equal(SEL(DFW_CS), CODE16);
	assert_int_equal(SEL(DFW_SS), DATA16);
	assert_int_equal(SEL(DFW_DS), DATA32);
	assert_int_equal(SEL(DFW_FS), 0);
	assert_true(cpu.rflags & FLAG_NT);
	assert_int_equal(get16(TSS2), TSS_SEL);
	assert_int_equal(memory[GDT + TSS2_SEL + 5], 0x83);
	EAX = 0xabcd;
	RUNS(0xcf);
	assert_int_equal(SEL(DFW_TR), TSS_SEL);
	assert_int_equal(EBX, 0x12345678);
	assert_int_equal(cpu.rip, CODE + 7);
	assert_int_equal(get16(TSS2 + 0x12), 0xabcd);
	assert_int_equal(get16(TSS2 + 0x10) & FLAG_NT, 0); /* saved without NT */
	assert_int_equal(memory[GDT + TSS2_SEL + 5], 0x81);
}

static void iret_vm86(void **state)
{
	unsigned n;

	protected_mode();
	put32(ESP, 0x12345);
	put32(ESP + 4, CODE >> 4);
	put32(ESP + 8, 2 | FLAG_VM);
	put32(ESP + 12, 0xfffe1000);
	for (n = 0; n < 5; n++)
		put32(ESP + 16 + 4 * n, 0x3000 + n);
	FAULTS(GP, 0, 0xcf); /* EIP is not within the limit */
	put32(ESP, 0x2345);
	RUNS(0xcf);
	assert_true(cpu.rflags & FLAG_VM);
	assert_int_equal(cpu.rip, 0x2345);
	assert_int_equal(ESP, 0xfffe1000);
	assert_int_equal(cpu.seg[DFW_GS].base, 0x30040);
	/* at privilege 3 VM in the image means nothing */
	user_mode();
	put32(ESP, CODE + 0x100);
	put32(ESP + 4, CODE32_3 | 3);
	put32(ESP + 8, 2 | FLAG_VM | FLAG_CF);
	RUNS(0xcf);
	assert_int_equal(cpu.rflags & (FLAG_VM | FLAG_CF), FLAG_CF);
	assert_int_equal(cpu.rip, CODE + 0x100);
}

static void push_segment(void **state)
{
	real_mode();
	put32(STACK + 0xffc, 0xaaaaaaaa);
	RUNS(0x66, 0x1e); /* push ds, 32-bit: the high half stays */
	assert_int_equal(ESP, 0xffc);
	assert_int_equal(get32(STACK + 0xffc), 0xaaaa0000 | DATA >> 4);
	/* 2 bytes are all that the limit is asked for */
	ESP = 2;
	RUNS(0x66, 0x1e);
	assert_int_equal(ESP, 0xfffe);
	RUNS(0x66, 0x07);
	assert_int_equal(ESP, 2);
	assert_int_equal(SEL(DFW_ES), DATA >> 4);
}

static void sysenter(void **state)
{
	user_mode();
	FAULTS(GP, 0, 0x0f, 0x34); /* no CS */
	cpu.sysenter_cs = CODE32;
	cpu.sysenter_esp = STACK0;
	cpu.sysenter_eip = HANDLER;
	cpu.rflags |= FLAG_IF;
	FAULTS(GP, 0, 0x0f, 0x35); /* sysexit at privilege 3 */
	RUNS(0x0f, 0x34);
	assert_int_equal(SEL(DFW_CS), CODE32);
	assert_int_equal(SEL(DFW_SS), CODE32 + 8);
	assert_int_equal(cpu.rip, HANDLER);
	assert_int_equal(ESP, STACK0);
	assert_false(cpu.rflags & FLAG_IF);
	ECX = STACK;
	EDX = CODE;
	RUNS(0x0f, 0x35);
	assert_int_equal(SEL(DFW_CS), (CODE32 + 16) | 3);
	assert_int_equal(SEL(DFW_SS), (CODE32 + 24) | 3);
	assert_int_equal(cpu.rip, CODE);
	assert_int_equal(ESP, STACK);
	/* from VM86, too */
	vm86_mode(3);
	cpu.sysenter_cs = CODE32;
	RUNS(0x0f, 0x34);
	assert_false(cpu.rflags & FLAG_VM);
}

/* --- decoding before privilege, SDM vol. 3, table 6-2 --- */

static void decoded_first(void **state)
{
	user_mode();
	FAULTS(UD, -1, 0x0f, 0x20, 0xc8); /* mov eax,cr1 */
	FAULTS(UD, -1, 0x0f, 0x22, 0xf8); /* mov cr7,eax */
	FAULTS(GP, 0, 0x0f, 0x20, 0xc0);
	FAULTS(UD, -1, 0x0f, 0x01, 0xd2); /* lgdt with a register */
	FAULTS(UD, -1, 0x0f, 0x01, 0xfa); /* invlpg with a register */
	protected_mode();
	RUNS(0x0f, 0x20, 0x05); /* mov ebp,cr0: mod does not count */
	assert_int_equal(EBP, 0x11);
	assert_int_equal(cpu.rip, CODE + 3);
	EAX = 0;
	FAULTS(GP, 0, 0x0f, 0x00, 0xd8); /* ltr, null */
	FAULTS(GP, 0, 0xea, 0, 0, 1, 0, CODE16, 0); /* beyond the limit: no selector */
	RUNS(0x0f, 0x18, 0xc0); /* register forms of prefetches */
	RUNS(0x0f, 0x0d, 0xc0);
	FAULTS(UD, -1, 0xc6, 0xf8, 0x00);             /* xabort */
	FAULTS(UD, -1, 0xc7, 0xf8, 0, 0, 0, 0);       /* xbegin */
	FAULTS(UD, -1, 0x8f, 0xc8);                   /* 8F /1 */
	FAULTS(UD, -1, 0xc5, 0xc9, 0xef, 0xc0);       /* VEX without OSXSAVE */
	/* RETF to an outer level looks at SS before EIP: SDM vol. 2, RET */
	put32(ESP, CODE);
	put32(ESP + 4, CODE32_3 | 3);
	put32(ESP + 8, STACK);
	put32(ESP + 12, DATA32);
	put64(GDT + CODE32_3, descriptor(0, 0xff, 0x40fb));
	FAULTS(GP, DATA32, 0xcb);
	put32(ESP + 12, DATA32_3 | 3);
	FAULTS(GP, 0, 0xcb);
}

/* SDM vol. 3, table 6-5, with an IDT that ends behind #DF */
static void double_faults(void **state)
{
	static const uint8_t first[] = {TS, NP, SS_FAULT, GP, PF};
	unsigned n;

	for (n = 0; n < sizeof(first); n++) {
		protected_mode();
		cpu.idtr.limit = 9 * 8 - 1;
		assert_int_equal(x86_deliver(&x, (struct x86_event){.vector = first[n],
								    .kind = X86_EXCEPTION,
								    .has_error = true}),
				 X86_DONE);
		assert_int_equal(cpu.rip, HANDLER + DF_FAULT);
		assert_int_equal(get32(ESP), 0); /* its error code */
	}
	/* a benign one first: serially. #UD's gate is absent, so #NP; its gate is beyond, so #GP: #DF */
	protected_mode();
	memory[IDT + UD * 8 + 5] = 0x0e;
	assert_int_equal(x86_deliver(&x, (struct x86_event){.vector = UD, .kind = X86_EXCEPTION}),
			 X86_DONE);
	assert_int_equal(cpu.rip, HANDLER + NP);
	assert_int_equal(get32(ESP), UD * 8 + 2 + 1);
	/* an interrupt is benign */
	protected_mode();
	memory[IDT + 0x20 * 8 + 5] = 0x0e;
	assert_int_equal(x86_deliver(&x, (struct x86_event){.vector = 0x20}), X86_DONE);
	assert_int_equal(cpu.rip, HANDLER + NP);
	/* and nothing left for #DF itself */
	protected_mode();
	cpu.idtr.limit = 8 * 8 - 1;
	assert_int_equal(x86_deliver(&x, (struct x86_event){.vector = GP,
							    .kind = X86_EXCEPTION,
							    .has_error = true}),
			 X86_SHUTDOWN);
}

/* I/O breakpoints hold for INS and OUTS, too: SDM vol. 3, 17.2.4. */
static void port_breakpoints(void **state)
{
	real_mode();
	cpu.cr4 = 8;
	cpu.dr[0] = 0x1f0;
	cpu.dr7 = 0x400 | 1 | 2 << 16 | 1 << 18;
	EDX = 0x1f0;
	ECX = 3;
	x.rep_batch = 100;
	assert_int_equal(RUN(0xf3, 0x6c), X86_REPEAT); /* after the first element */
	assert_int_equal(ECX, 2);
	assert_int_equal(cpu.pending_debug & 0xf, 1);
	cpu.pending_debug = 0;
	ECX = 0;
	RUNS(0xf3, 0x6e);
	assert_int_equal(cpu.pending_debug, 0);
}

/* --- the rest --- */

/* SDM vol. 3, table 6-7, in each way to memory */
static void alignment(void **state)
{
	enum { ALIGN = 17, FLAG_AC = 0x40000, AM = 0x40000 };

	for (unsigned n = 0; n < 3; n++) {
		user_mode();
		cpu.cr0 |= AM;
		cpu.rflags |= FLAG_AC;
		EBX = DATA + 2;
		FAULTS(ALIGN, 0, 0x8b, 0x03);
		FAULTS(ALIGN, 0, 0x89, 0x03);
		RUNS(0x66, 0x8b, 0x03);
		RUNS(0x8a, 0x43, 0x01);
		FAULTS(ALIGN, 0, 0x66, 0x8b, 0x43, 0x01);
		put32(DATA + 4, 0);
		RUNS(0x66, 0x0f, 0xb4, 0x03);       /* LFS m16:16: words */
		FAULTS(ALIGN, 0, 0x0f, 0xb4, 0x03); /* m16:32 */
		FAULTS(ALIGN, 0, 0x0f, 0x01, 0x03); /* SGDT */
		RUNS(0x0f, 0x01, 0x43, 0x02);
		cpu.gpr[DFW_RSP].d = STACK + 0x102;
		FAULTS(ALIGN, 0, 0x50);
		RUNS(0x66, 0x50);
		RUNS(0x50);
		cpu.gpr[DFW_RSI].d = DATA + 0x102;
		cpu.gpr[DFW_RDI].d = DATA + 0x200;
		ECX = 4;
		FAULTS(ALIGN, 0, 0xf3, 0xa5);
		RUN(0xf3, 0x66, 0xa5);
		/* both bits and CPL 3 */
		cpu.rflags &= ~(uint64_t)FLAG_AC;
		RUNS(0x8b, 0x03);
		cpu.rflags |= FLAG_AC;
		cpu.cr0 &= ~(uint64_t)AM;
		RUNS(0x8b, 0x03);
		protected_mode();
		cpu.cr0 |= AM;
		cpu.rflags |= FLAG_AC;
		EBX = DATA + 2;
		RUNS(0x8b, 0x03);
		vm86_mode(3);
		cpu.cr0 |= AM;
		cpu.rflags |= FLAG_AC;
		EBX = 1;
		FAULTS(ALIGN, 0, 0x8b, 0x07);
		/* the handler's own accesses are the supervisor's */
		assert_int_equal(x86_deliver(&x, x.event), X86_DONE);
		assert_int_equal(get32(cpu.gpr[DFW_RSP].d), 0);
	}
}

static void loadall(void **state)
{
	real_mode();
	put16(0x806, 0x0);
	put16(0x818, 0x2);
	put16(0x81a, 0x1234);
	put16(0x822, 0x5000); /* CS */
	put32(0x83c, 0x93050000);
	put16(0x840, 0xffff);
	put32(0x836, 0x93123456); /* ES' cache: base 123456 */
	put16(0x83a, 0xffff);
	put16(0x834, 0xbeef); /* AX */
	RUNS(0x0f, 0x05);
	assert_int_equal(cpu.rip, 0x1234);
	assert_int_equal(SEL(DFW_CS), 0x5000);
	assert_int_equal(cpu.seg[DFW_CS].base, 0x50000);
	assert_int_equal(cpu.seg[DFW_ES].base, 0x123456);
	assert_int_equal(EAX, 0xbeef);
}

static void machine(void **state)
{
	real_mode();
	ECX = 0x1b;
	RUNS(0x0f, 0x32);
	assert_int_equal(EAX, 0x9abcdef0);
	assert_int_equal(EDX, 0x12345678);
	ECX = 0x1234;
	FAULTS(GP, 0, 0x0f, 0x32);
	FAULTS(GP, 0, 0x0f, 0x30);
	RUNS(0x0f, 0x31);
	assert_int_equal(EAX, 2);
	assert_int_equal(EDX, 1);
	RUNS(0x0f, 0xa2);
	assert_int_equal(EBX, 3);
	RUNS(0xe4, 0x60);
	assert_int_equal(last_port, 0x60);
	assert_int_equal(cpu.gpr[DFW_RAX].b[0], 0x44);
	/* no fpu op: a hole, said so */
	FAULTS(UD, -1, 0xd8, 0xc0);
	assert_false(x.insn->known);
	assert_string_equal(x86_opcode_name(0x01), "ADD Ev,Gv");
	assert_string_equal(x86_opcode_name(0x100 + 0xb6), "MOVZX Gv,Eb");
	assert_string_equal(x86_opcode_name(1000), "");
}

static void reset(void **state)
{
	x86_reset(&cpu);
	assert_int_equal(cpu.seg[DFW_CS].base, 0xffff0000);
	assert_int_equal(SEL(DFW_CS), 0xf000);
	assert_int_equal(cpu.rip, 0xfff0);
	assert_int_equal(cpu.rflags, 2);
	assert_int_equal(cpu.cr0, 0x60000010);
	assert_int_equal(cpu.idtr.limit, 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_limits),
		cmocka_unit_test(address_wrap),
		cmocka_unit_test(unreal_mode),
		cmocka_unit_test(mode_switch),
		cmocka_unit_test(stale_types),
		cmocka_unit_test(rf_of_int),
		cmocka_unit_test(lmsw),
		cmocka_unit_test(tables),
		cmocka_unit_test(ivt),
		cmocka_unit_test(ivt_cut),
		cmocka_unit_test(stack_full),
		cmocka_unit_test(fifteen_bytes),
		cmocka_unit_test(lock_prefix),
		cmocka_unit_test(undefined),
		cmocka_unit_test(ret_far_down),
		cmocka_unit_test(enter_nested),
		cmocka_unit_test(enter_sizes),
		cmocka_unit_test(pop_memory),
		cmocka_unit_test(divide),
		cmocka_unit_test(bound_edge),
		cmocka_unit_test(rep_movs),
		cmocka_unit_test(rep_fault),
		cmocka_unit_test(rep_unreal),
		cmocka_unit_test(rep_runs),
		cmocka_unit_test(shadows),
		cmocka_unit_test(single_step),
		cmocka_unit_test(breakpoints),
		cmocka_unit_test(rf_of_debug_exceptions),
		cmocka_unit_test(breakpoints_of_frames),
		cmocka_unit_test(expand_down),
		cmocka_unit_test(segment_types),
		cmocka_unit_test(looking),
		cmocka_unit_test(interrupt_same_level),
		cmocka_unit_test(interrupt_inner),
		cmocka_unit_test(call_gate),
		cmocka_unit_test(far_order),
		cmocka_unit_test(vm86_iopl),
		cmocka_unit_test(vm86_interrupt),
		cmocka_unit_test(vme),
		cmocka_unit_test(paging),
		cmocka_unit_test(big_pages),
		cmocka_unit_test(pae),
		cmocka_unit_test(reserved_bits),
		cmocka_unit_test(supervisor_mode),
		cmocka_unit_test(ia32e),
		cmocka_unit_test(task_jump),
		cmocka_unit_test(task_call),
		cmocka_unit_test(task_of_fault),
		cmocka_unit_test(missing_bits),
		cmocka_unit_test(task_vm86),
		cmocka_unit_test(alignment),
		cmocka_unit_test(task_old),
		cmocka_unit_test(iret_vm86),
		cmocka_unit_test(push_segment),
		cmocka_unit_test(sysenter),
		cmocka_unit_test(decoded_first),
		cmocka_unit_test(double_faults),
		cmocka_unit_test(port_breakpoints),
		cmocka_unit_test(loadall),
		cmocka_unit_test(machine),
		cmocka_unit_test(reset),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
