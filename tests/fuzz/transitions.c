/* SPDX-License-Identifier: MIT
 *
 * libFuzzer target: programs around the PE write (generate.c), whose choices are the input. Each runs
 *
 *   - alone in the interpreter, where libunicorn judges each instruction (judge.h);
 *   - under vmxassist's own code, with the interpreter for the processor that runs VM86 and, after RESTORE,
 *     the guest (assist.c): its state must be that of the first run, instruction by instruction.
 *
 * The guest's memory and its tables are those of runner.S; its handlers are here, so that what runs is the
 * programs.
 */
#include <string.h>
#include <lib/control_bits.h>
#include "generate.h"
#include "judge.h"
#include "runner.h"
#include "transitions.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGE = 4096, ALL_PAGES = MEMORY_SIZE / PAGE, MOST_ITERATIONS = 0x2000 };
enum { ASSIST = 0xd0000, ASSIST_END = 0xe0000 };

static uint8_t first_memory[MEMORY_SIZE], pristine_memory[MEMORY_SIZE], start_memory[MEMORY_SIZE];
static bool dirty[ALL_PAGES];
static struct world first = {.memory = first_memory};
struct host_unit fresh_unit;
static struct dfw_cpu cpu;
static struct x86 x;
static struct x86_slot slot;
static struct trace trace;
static struct step step;
static bool assisted;
static enum assist_mode mode;
static unsigned long verdicts[VERDICTS], programs, instructions;

/* --- choices --- */

static const uint8_t *input, *input_end;
static uint64_t more; /* once the input has ended */

static unsigned take(void)
{
	if (input < input_end)
		return *input++;
	more ^= more << 13;
	more ^= more >> 7;
	more ^= more << 17;
	return more * 0x2545f4914f6cdd1dull >> 56;
}

/* 16 bits decide; any number comes out of it. */
uint32_t rnd(void)
{
	uint32_t v = take() << 8;

	v |= take();
	return v | v * 0x9e3779b1u << 16;
}

/* --- the world --- */

static bool exists(uint64_t phys, unsigned len)
{
	if (phys + len <= MEMORY_SIZE && !(phys < ASSIST_END && phys + len > ASSIST))
		return true;
	first.outside = true;
	return false;
}

static void first_read(void *world, uint64_t phys, void *dst, unsigned len)
{
	if (exists(phys, len))
		memcpy(dst, first_memory + phys, len);
	else
		memset(dst, 0xff, len);
}

static void wrote(uint64_t phys, unsigned len)
{
	judge_wrote(phys, len);
	dirty[phys / PAGE] = true;
}

static void first_write(void *world, uint64_t phys, const void *src, unsigned len)
{
	if (!exists(phys, len))
		return;
	wrote(phys, len);
	memcpy(first_memory + phys, src, len);
}

static void *first_map(void *world, uint64_t phys, unsigned len, bool write)
{
	if (!exists(phys, len))
		return NULL;
	if (write)
		wrote(phys, len);
	return first_memory + phys;
}

uint32_t world_in(void *world, uint16_t port, unsigned size)
{
	return judge_in(port, size);
}

void world_out(void *world, uint16_t port, unsigned size, uint32_t v)
{
	struct world *w = world;

	w->out = judge_out(w->out, port, size, v);
	if (w == &first)
		step.out = judge_out(step.out, port, size, v);
}

bool world_read_msr(void *world, uint32_t index, uint64_t *v)
{
	return false;
}

bool world_write_msr(void *world, uint32_t index, uint64_t v)
{
	return false;
}

/* A Pentium 4's: FPU, VME, DE, PSE, TSC, MSR, PAE, MCE, CX8, PGE, CMOV, CLFSH, MMX, FXSR, SSE, SSE2. */
void world_cpuid(void *world, uint32_t regs[4])
{
	bool features = regs[0] == 1;

	memset(regs, 0, 16);
	regs[0] = 1;
	regs[3] = features ? 0x0788a1ff : 0;
}

uint64_t world_rdtsc(void *world)
{
	return 0;
}

int world_fpu(void *world, struct x86_unit *unit)
{
	struct world *w = world;

	return host_unit_run_for(&w->unit, unit);
}

static const struct x86_ops ops = {
	.read = first_read,
	.write = first_write,
	.map = first_map,
	.in = world_in,
	.out = world_out,
	.read_msr = world_read_msr,
	.write_msr = world_write_msr,
	.cpuid = world_cpuid,
	.rdtsc = world_rdtsc,
	.fpu = world_fpu,
};

/* --- the guest, as runner.S sets it up --- */

enum { HANDLER = 4 }; /* bytes of one: NOP; 66 IRET, where CS.D does not fit the frame; IRET */

static void put32(uint32_t at, uint32_t v)
{
	memcpy(pristine_memory + at, &v, 4);
}

static void put_gate(unsigned n)
{
	static const uint8_t handler[HANDLER] = {0x90, 0x66, 0xcf, 0xcf};

	put32(4 * n, STUBS + HANDLER * n);
	memcpy(pristine_memory + STUBS + HANDLER * n, handler, HANDLER);
	if (n >= GATES)
		return;
	memcpy(pristine_memory + GATE_STUBS + HANDLER * n, handler, HANDLER);
	put32(IDT + 8 * n, 0x08 << 16 | (GATE_STUBS + HANDLER * n));
	put32(IDT + 8 * n + 4, 0x8e00);
}

static void put_descriptor(uint16_t selector, uint32_t base, uint32_t limit, uint32_t ar)
{
	put32(GDT + selector, (limit & 0xffff) | base << 16);
	put32(GDT + selector + 4, (base >> 16 & 0xff) | ar << 8 | (limit & 0xf0000) | (base & 0xff000000));
}

static void put_image(uint32_t at, uint32_t base, uint16_t limit)
{
	put32(at, limit | base << 16);
	put32(at + 4, base >> 16);
}

static void build_pristine(void)
{
	static const struct {
		uint16_t selector;
		uint32_t base, limit, ar;
	} gdt[] = {
#define SEGMENT(selector, base, limit, ar) {selector, base, limit, ar},
#include "segments.def"
#undef SEGMENT
	};

	for (uint32_t n = 0; n < (SANDBOX_END - SANDBOX) / 4; n++)
		put32(SANDBOX + 4 * n, (PATTERN + 4 * n) * 0x9e3779b1u);
	for (unsigned n = 0; n < 256; n++)
		put_gate(n);
	for (unsigned n = 0; n < sizeof(gdt) / sizeof(*gdt); n++)
		put_descriptor(gdt[n].selector, gdt[n].base, gdt[n].limit, gdt[n].ar);
	for (uint32_t n = 0; n < 1024; n++)
		put32(PAGES + 4 * n, n << 22 | 0xe7);
	put32(PAGES + 0x1000, (PAGES + 0x2000) | 1);
	for (uint32_t n = 0; n < 512; n++)
		put32(PAGES + 0x2000 + 8 * n, n << 21 | 0xe7);
	put_image(IDTR_REAL, 0, 0x3ff);
	put_image(IDTR_PROTECTED, IDT, GATES * 8 - 1);
	put_image(GDTR, GDT, 0x1fff);
}

static void set_start(void)
{
	static const uint16_t selectors[] = {
		[DFW_ES] = 0x1900, [DFW_CS] = PROGRAM_SEGMENT, [DFW_SS] = 0x1a00, [DFW_DS] = 0x1800, [DFW_FS] = 0x1b00, [DFW_GS] = 0};

	x86_reset(&cpu);
	for (unsigned n = DFW_ES; n <= DFW_GS; n++)
		cpu.seg[n] = (struct dfw_segment){.selector = selectors[n], .base = selectors[n] * 16, .limit = 0xffff, .access_rights = 0x93};
	cpu.seg[DFW_LDTR].access_rights |= DFW_AR_UNUSABLE; /* LLDT 0 */
	cpu.seg[DFW_GS].limit = 0xffffffff;
	cpu.seg[DFW_GS].access_rights = 0xc093;
	cpu.cr0 = CR0_ET;
	cpu.rip = PROGRAM_OFFSET;
	cpu.rflags = 0x3002; /* IOPL 3, as VM86 shows it */
	cpu.gdtr = (struct dfw_table){.base = GDT, .limit = 0x1fff};
	cpu.idtr = (struct dfw_table){.base = 0, .limit = 0x3ff};
	for (unsigned n = 0; n < 8; n++)
		cpu.gpr[n].q = value();
	cpu.gpr[DFW_RSP].q = 0x800;
}

/* Where to go on after the fault at ip; 0: nowhere. */
static uint32_t next_start(uint32_t ip)
{
	for (unsigned n = 0; n < count; n++)
		if ((starts[n] & ~OTHER_WIDTH) > ip)
			return starts[n] & OTHER_WIDTH ? 0 : starts[n];
	return 0;
}

bool handle(struct dfw_cpu *c, uint8_t *memory, unsigned *events)
{
	enum { MOST = 12, WITH_ERROR = 0x27d00 };
	uint32_t at = (uint32_t)(c->seg[DFW_CS].base + c->rip), sp = c->gpr[DFW_RSP].d, ss = c->seg[DFW_SS].base, v, size, ip = 0, cs = 0,
		 flags = 0;
	bool protected = c->cr0 & CR0_PE && !(c->rflags & 1 << 17), wide = c->seg[DFW_CS].access_rights & DFW_AR_DB;

	if (protected ? at - GATE_STUBS >= GATES * HANDLER : at - STUBS >= 256 * HANDLER)
		return true;
	v = (at - (protected ? GATE_STUBS : STUBS)) / HANDLER;
	if (at % HANDLER)
		return true;
	size = protected ? 4 : 2;
	if (protected && v < 32 && WITH_ERROR >> v & 1)
		sp += 4;
	if (v == END_VECTOR || ++*events > MOST || (protected && !wide))
		return false;
	if (!(c->seg[DFW_SS].access_rights & DFW_AR_DB))
		sp &= 0xffff;
	if (ss + sp < ss || ss + sp + 3 * size > MEMORY_SIZE || sp > sp + 3 * size ||
	    (!(c->seg[DFW_SS].access_rights & DFW_AR_DB) && sp + 3 * size > 0x10000) ||
	    (ss + sp < ASSIST_END && ss + sp + 3 * size > ASSIST))
		return false;
	memory = (uint8_t *)((uintptr_t)memory + ss + sp); /* it may be at 0 */
	memcpy(&ip, memory, size);
	memcpy(&cs, memory + size, 2);
	memcpy(&flags, memory + 2 * size, size);
	if (!protected && cs != PROGRAM_SEGMENT)
		return false; /* a stale CS: real mode cannot go back to it */
	if (v == 1)
		flags &= ~0x100u;
	else if (v < INT_VECTOR && v != 3 && v != 4)
		ip = next_start(ip);
	if (!ip)
		return false;
	memcpy(memory, &ip, size);
	memcpy(memory + 2 * size, &flags, size);
	judge_sync(ss + sp, 3 * size);
	if (c->seg[DFW_SS].access_rights & DFW_AR_DB)
		c->gpr[DFW_RSP].d = sp;
	else
		c->gpr[DFW_RSP].w = sp;
	c->rip += wide == protected ? 3 : 1;
	return true;
}

/* --- the guest alone --- */

void report(void)
{
	fprintf(stderr, "program of %u bytes, step %u of mode %u:", length, trace.steps, mode);
	for (unsigned n = 0, s = 0; n < length; n++) {
		while (s < count && (starts[s] & ~OTHER_WIDTH) < PROGRAM_OFFSET + n)
			s++;
		if (s < count && (starts[s] & ~OTHER_WIDTH) == PROGRAM_OFFSET + n)
			fprintf(stderr, "\n%04x:", PROGRAM_OFFSET + n);
		fprintf(stderr, " %02x", first_memory[PROGRAM_SEGMENT * 16 + PROGRAM_OFFSET + n]);
	}
	fprintf(stderr, "\n");
}


/*
 * A code segment that protected mode has loaded becomes data some time in real mode: under vmxassist as soon as
 * VM86 has run, on Bochs when PE is cleared; the manual leaves it open. So what a window accesses through it
 * is not compared.
 */
static bool code_in_real_mode, code_used;

static void watch_code_type(void)
{
	unsigned row = step.insn.row, reg = step.insn.modrm >> 3 & 7;

	if (!(cpu.cr0 & CR0_PE))
		code_in_real_mode = cpu.seg[DFW_CS].access_rights & DFW_AR_CODE;
	else if (row == 0xea || row == 0x9a || row == 0xca || row == 0xcb || row == 0xcf || (row == 0xff && (reg == 3 || reg == 5)))
		code_in_real_mode = false;
	else if (code_in_real_mode && (step.insn.segment == DFW_CS || memchr(step.insn.bytes, 0x2e, 15)))
		code_used = true;
}

/* One instruction, judged; false at the end of all. */
static bool advance(void)
{
	enum verdict v;

	step.before = cpu;
	step.outside = false;
	step.out = 0;
	step.iterations = 0;
	first.outside = false;
	step.known = x86_peek(&x, cpu.rip);
	step.insn = *x.insn;
	watch_code_type();
	do
		step.outcome = x86_step(&x);
	while (step.outcome == X86_REPEAT && ++step.iterations < MOST_ITERATIONS && !cpu.pending_debug);
	step.after = cpu;
	step.event = x.event;
	if (!step.known && (step.outcome != X86_FAULT || x.event.vector != 6))
		step.insn.length = 0;
	step.outside = first.outside;
	v = judge(&step);
	verdicts[v]++;
	instructions++;
	if (v == DISAGREED)
		judge_report();
	CHECK(v != DISAGREED, "Unicorn disagrees");
	first.outside |= step.iterations == MOST_ITERATIONS;
	if (step.outcome == X86_HALTED && !cpu.pending_debug)
		return false;
	/* IRQ 13, which nobody raises: struct x86_ops */
	if (step.outcome == X86_FAULT && x.event.vector == 16 && !(step.before.cr0 & CR0_NE))
		return false;
	if (step.outcome == X86_FAULT && x86_deliver(&x, x.event) == X86_SHUTDOWN)
		return false;
	while (cpu.pending_debug && !(cpu.interruptibility & DFW_BLOCKED_BY_MOV_SS))
		if (x86_deliver(&x, (struct x86_event){.vector = 1, .kind = X86_EXCEPTION}) == X86_SHUTDOWN)
			return false;
	judge_settle();
	return !first.outside;
}

/* Also: is IOPL 3 all along, the only one that VM86 shows? docs/assist-abi.md, "What shows" */
static bool iopl3;

static void run_alone(void)
{
	unsigned events = 0;
	bool on = true;

	x = (struct x86){.cpu = &cpu, .ops = &ops, .world = &first, .slots = &slot, .rep_batch = 1};
	memset(&slot, 0, sizeof(slot));
	iopl3 = true;
	code_in_real_mode = code_used = false;
	first.out = 0;
	first.unit = fresh_unit;
	for (trace.steps = 0; on && trace.steps < MOST_STEPS; trace.steps++) {
		if (!handle(&cpu, first_memory, &events))
			break;
		trace.cpu[trace.steps] = cpu;
		iopl3 &= (cpu.rflags & 0x3000) == 0x3000;
		on = advance();
	}
	trace.cpu[trace.steps] = cpu;
	trace.out = first.out;
}

static void load_program(void)
{
	for (unsigned page = 0; page < ALL_PAGES; page++)
		if (dirty[page]) {
			memcpy(first_memory + page * PAGE, pristine_memory + page * PAGE, PAGE);
			judge_sync(page * PAGE, PAGE);
			dirty[page] = false;
		}
	memcpy(first_memory + PROGRAM_SEGMENT * 16 + PROGRAM_OFFSET, code, length);
	judge_sync(PROGRAM_SEGMENT * 16 + PROGRAM_OFFSET, length);
	for (uint32_t at = 0; at <= length; at += PAGE)
		dirty[(PROGRAM_SEGMENT * 16 + PROGRAM_OFFSET + at) / PAGE] = true;
}

static void statistics(void)
{
	fprintf(stderr, "%lu programs, %lu instructions: %lu agreed, %lu stopped, %lu excused, %lu unjudged%s\n", programs, instructions,
		verdicts[AGREED], verdicts[STOPPED], verdicts[EXCUSED], verdicts[UNJUDGED], assisted ? "" : "; not under vmxassist");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	build_pristine();
	memcpy(first_memory, pristine_memory, MEMORY_SIZE);
	memcpy(start_memory, pristine_memory, MEMORY_SIZE);
	host_unit_init();
	fresh_unit.state = host_unit_state;
	judge_start(first_memory, MEMORY_SIZE);
	assisted = assist_start(pristine_memory);
	atexit(statistics);
	return 0;
}

/* The input: how vmxassist runs (bits 0 and 1) and bytes of the code to patch (bits 2 and 3), then what the
 * generator chooses by. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned options, patch[3][3];

	input = data;
	input_end = data + size;
	more = size * 0x9e3779b97f4a7c15ull | 1;
	for (size_t n = 0; n < size; n++)
		more = (more ^ data[n]) * 0x100000001b3ull;
	more |= 1;
	options = take();
	for (unsigned n = 0; n < (options >> 2 & 3); n++)
		for (unsigned k = 0; k < 3; k++)
			patch[n][k] = take();
	generate();
	for (unsigned n = 0; n < (options >> 2 & 3); n++)
		code[(patch[n][0] << 8 | patch[n][1]) % length] = patch[n][2];
	mode = (options & 3) % ASSIST_MODES;
	load_program();
	memcpy(start_memory + PROGRAM_SEGMENT * 16, first_memory + PROGRAM_SEGMENT * 16, 2 * PAGE);
	set_start();
	run_alone();
	programs++;
	if (assisted && !first.outside && !code_used && (iopl3 || mode == AT_IOPL0))
		assist_run(mode, &trace, start_memory, first_memory);
	return 0;
}
