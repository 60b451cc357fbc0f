/* SPDX-License-Identifier: MIT
 *
 * vmxassist's own C code on the build machine: its sources are included here as they are, less their assembly.
 * Of the processor below it there is what these sources see: VM86, by the interpreter over the page tables,
 * the TSS and the IDT that they have built; traps, with the frames that entry.S passes on; RESTORE, after
 * which the interpreter is the guest's processor until PE is 0. The guest's memory is at address 0, where
 * vmxassist has it.
 */
#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>
#include "transitions.h"

/* ports are world_in's and world_out's */
#define LIB_PORTS_H
#define inb(port)          ((uint8_t)world_in(NULL, port, 1))
#define inw(port)          ((uint16_t)world_in(NULL, port, 2))
#define inl(port)          world_in(NULL, port, 4)
#define outb(port, value)  ((void)(value))
#define outw(port, value)  ((void)(value))
#define outl(port, value)  ((void)(value))
#include <dfw/assist.h>
#define start start_by_vmxloader
#include "vmxassist/vmxassist.h"
#undef start
enum { start }; /* what the header gets: an address is no constant of 32 bits */
#undef START_UP
#undef PER_PROCESSOR
#define START_UP
#define PER_PROCESSOR
#define _Static_assert(...) extern int checked_where_it_is_built

/* Where a guest goes on, other than in vmxassist's C code. */
enum way { START = 0, VM86, VM86_GO, NATIVE, SHUT_DOWN, HALTED, FINISHED };
static jmp_buf driver;

static enum x86_outcome counted_step(struct x86 *x);
static uint32_t new_dr6_(void);
static void left_out(const char *assembly);

/* `asm volatile("..." : ...)` is left out: what each would do is here, or does not matter */
#define FIRST(text, ...) text
#define volatile(...) (""); left_out(#__VA_ARGS__)
#define x86_step_caught counted_step
#include "vmxassist/monitor.c"
#undef x86_step_caught
#include "vmxassist/vm86.c"
#define new_dr6(...) new_dr6_##__VA_ARGS__(__VA_ARGS__)
#include "vmxassist/reflect.c"
#define copy code_of_stretch
#include "vmxassist/stretch.c"
#undef copy
#include "vmxassist/world.c"
#include "vmxassist/guest_access.c"
#define ENTRIES TRACE_ENTRIES
#include "vmxassist/trace.c"
#undef ENTRIES
#include "vmxassist/x87_error.c"
#undef volatile

const uint8_t rdmsr_insn[1], rdmsr_fault[1], wrmsr_insn[1], cr4_insn[1], wrmsr_fault[1], window_checked[1], window_halted[1],
	vm86_enter_checked[1], vm86_enter_pop[1], vm86_enter_iret[1], unit_fault[1], restore_switch[1], vm86_go_checked[1], vm86_go_iret[1];

enum { RESERVE = 0x200000, LOW_MEMORY = RESERVE + DFW_RESERVE_SIZE };

/* Where the stretch's code lies in the page that VM86 may execute. */
enum { STRETCH_AT = 0xdf100 };

static struct world world;
static const struct trace *alone;
static unsigned position, events, dr6;
static bool amid_rep;
static struct dfw_cpu vm86_cpu;
static struct x86 vm86_x86, native_x86;

static void left_out(const char *assembly)
{
	if (strstr(assembly, "lidt") && strstr(assembly, "int3"))
		longjmp(driver, SHUT_DOWN);
}

static uint32_t new_dr6_(void)
{
	uint32_t now = dr6 & DR6_CAUSES;

	dr6 = 0;
	return now;
}

/* --- comparing --- */

static void show(const char *who, const struct dfw_cpu *c)
{
	fprintf(stderr, "%s: eax %08x ecx %08x edx %08x ebx %08x esp %08x ebp %08x esi %08x edi %08x\n  eip %08x flags %08x cr0 %x cr3 %x cr4 %x "
			"dr6 %x dr7 %x gdtr %x:%x idtr %x:%x\n", who, c->gpr[0].d, c->gpr[1].d, c->gpr[2].d, c->gpr[3].d, c->gpr[4].d, c->gpr[5].d, c->gpr[6].d,
		c->gpr[7].d, (uint32_t)c->rip, (uint32_t)c->rflags, (uint32_t)c->cr0, (uint32_t)c->cr3,
		(uint32_t)c->cr4, (uint32_t)c->dr6, (uint32_t)c->dr7, (uint32_t)c->gdtr.base, c->gdtr.limit, (uint32_t)c->idtr.base,
		c->idtr.limit);
	for (unsigned n = 0; n < DFW_SEGS; n++)
		fprintf(stderr, "  seg %u: %04x base %x limit %x ar %x\n", n, c->seg[n].selector, (uint32_t)c->seg[n].base, c->seg[n].limit,
			c->seg[n].access_rights);
}

/* General registers and flags, which the guest in a stretch has, too. VM86 shows IOPL 3, or hides it. */
static bool same_registers(const struct dfw_cpu *c)
{
	const struct dfw_cpu *a = &alone->cpu[position];
	const uint32_t hidden = FLAG_RF | FLAG_VM | FLAG_IOPL;

	for (unsigned n = 0; n < 8; n++)
		if (a->gpr[n].d != c->gpr[n].d)
			return false;
	return !((a->rflags ^ c->rflags) & ~hidden);
}

/* What VM entry asks for and the guest cannot see, world.c changes: the DPL of data segments, LDTR and TR. Once in
 * VM86 a code segment that protected mode had loaded is real mode's: the manual leaves open when it becomes that. */
static bool same_segment(unsigned n, const struct dfw_segment *c)
{
	const struct dfw_segment *a = &alone->cpu[position].seg[n];
	uint32_t free = n == DFW_CS ? a->base == (uint32_t)a->selector << 4 ? DFW_AR_TYPE : 0 : n == DFW_SS ? 0 : DFW_AR_DPL;

	if (n >= DFW_LDTR)
		return a->selector == c->selector;
	return a->selector == c->selector && (uint32_t)a->base == (uint32_t)c->base && a->limit == c->limit &&
	       !((a->access_rights ^ c->access_rights) & ~free);
}

static bool same_state(const struct dfw_cpu *c)
{
	const struct dfw_cpu *a = &alone->cpu[position];

	if (!same_registers(c) || a->rip != c->rip)
		return false;
	for (unsigned n = 0; n < DFW_SEGS; n++)
		if (!same_segment(n, &c->seg[n]))
			return false;
	return a->cr0 == c->cr0 && a->cr3 == c->cr3 && a->cr4 == c->cr4 && !memcmp(&a->gdtr, &c->gdtr, sizeof(a->gdtr)) &&
	       !memcmp(&a->idtr, &c->idtr, sizeof(a->idtr)) && a->dr6 == c->dr6 && a->dr7 == c->dr7;
}

static void same(bool is, const struct dfw_cpu *c, const char *where)
{
	if (is)
		return;
	for (unsigned n = position < 4 ? 0 : position - 4; n <= position; n++) {
		const struct dfw_cpu *a = &alone->cpu[n];

		fprintf(stderr, "%u: %x:%x:", n, a->seg[DFW_CS].selector, (uint32_t)a->rip);
		for (uint32_t k = 0; k < 12; k++)
			fprintf(stderr, " %02x", world.memory[(a->seg[DFW_CS].base + a->rip + k) % MEMORY_SIZE]);
		fprintf(stderr, "\n");
	}
	show("alone", &alone->cpu[position]);
	show("under vmxassist", c);
	CHECK(false, "%s: the states differ before instruction %u", where, position);
}

/* --- the processor --- */

/* A handler is at its first byte; the program may end. */
static void at_handler(struct dfw_cpu *c)
{
	if (!handle(c, world.memory, &events))
		longjmp(driver, FINISHED);
}

static void counted(void)
{
	position++;
	CHECK(position <= alone->steps, "under vmxassist it goes on");
}

/* One instruction in vmxassist's interpreter. */
static enum x86_outcome counted_step(struct x86 *x)
{
	enum x86_outcome outcome;
	void *unwind[5];

	if (!amid_rep) {
		at_handler(x->cpu);
		if (position == alone->steps)
			longjmp(driver, FINISHED);
		same(same_state(x->cpu), x->cpu, "interpreted");
	}
	memcpy(unwind, x->unwind, sizeof(unwind));
	outcome = x86_step(x);
	memcpy(x->unwind, unwind, sizeof(unwind));
	amid_rep = outcome == X86_REPEAT && !x->cpu->pending_debug;
	if (!amid_rep)
		counted();
	if (outcome == X86_FAULT)
		__builtin_longjmp(x->unwind, 1);
	return outcome;
}

_Noreturn void vm86_enter(struct frame *f)
{
	longjmp(driver, VM86);
}

_Noreturn void vm86_go(void)
{
	longjmp(driver, VM86_GO);
}

void restore(uint32_t cr0)
{
	longjmp(driver, NATIVE);
}

void window_open(void)
{
}

void window_halt(bool interrupts)
{
	longjmp(driver, HALTED);
}

/* Never reached. */
_Noreturn void start_by_vmxloader(void)
{
	abort();
}

_Noreturn void invoke_entry(void)
{
	abort();
}

_Noreturn void leave_for_good(void)
{
	abort();
}

void trap_entry(void)
{
	abort();
}

void trap_entry_gp(void)
{
	abort();
}

int unit_run(struct x86_unit *unit)
{
	abort();
}

int rdmsr_safe(uint32_t index, uint64_t *value)
{
	return 0;
}

int wrmsr_safe(uint32_t index, uint32_t low, uint32_t high)
{
	return 0;
}

bool write_cr4_safe(uint32_t value)
{
	return true;
}

/* VM86's state from the frame, as IRET loads it, and what of the control registers world.c keeps up to date. */
static void load_vm86(const struct monitor *m, bool frame)
{
	const struct frame *f = &vm86_frame;
	const struct dfw_cpu *guest = &m->record->guest;
	struct dfw_cpu *c = &vm86_cpu;
	const uint32_t gpr[] = {f->eax, f->ecx, f->edx, f->ebx, f->esp, f->ebp, f->esi, f->edi};
	const uint16_t selector[] = {f->es, f->cs, f->ss, f->ds, f->fs, f->gs};

	*c = m->record->assist;
	for (unsigned n = 0; n < 8; n++)
		c->gpr[n].q = frame || n == DFW_RSP ? gpr[n] : guest->gpr[n].d;
	for (unsigned n = DFW_ES; n <= DFW_GS; n++)
		c->seg[n] = (struct dfw_segment){.selector = selector[n], .base = selector[n] << 4, .limit = 0xffff, .access_rights = 0xf3};
	c->rip = f->eip;
	c->rflags = f->eflags;
	c->cr0 = (guest->cr0 & CR0_GUEST) | CR0_PG | CR0_PE | CR0_ET | CR0_NE;
	c->cr4 = (m->traps_iret ? own_cr4 & ~CR4_VME : own_cr4) | (guest->cr4 & CR4_GUEST);
	memcpy(c->dr, guest->dr, sizeof(c->dr));
	c->dr7 = guest->dr7 & ~(uint64_t)DR7_GD;
	c->interruptibility = 0;
	c->pending_debug = 0;
}

static void store_vm86(struct frame *f)
{
	const struct dfw_cpu *c = &vm86_cpu;

	f->eax = c->gpr[DFW_RAX].d;
	f->ecx = c->gpr[DFW_RCX].d;
	f->edx = c->gpr[DFW_RDX].d;
	f->ebx = c->gpr[DFW_RBX].d;
	f->esp = c->gpr[DFW_RSP].d;
	f->ebp = c->gpr[DFW_RBP].d;
	f->esi = c->gpr[DFW_RSI].d;
	f->edi = c->gpr[DFW_RDI].d;
	f->eip = c->rip;
	f->eflags = c->rflags;
	f->es = c->seg[DFW_ES].selector;
	f->cs = c->seg[DFW_CS].selector;
	f->ss = c->seg[DFW_SS].selector;
	f->ds = c->seg[DFW_DS].selector;
	f->fs = c->seg[DFW_FS].selector;
	f->gs = c->seg[DFW_GS].selector;
}

/* SDM vol. 3, 6.8 and 20.3: RF is set in the image of a fault. */
static _Noreturn void trap_into(struct monitor *m, struct x86_event event, bool fault)
{
	struct frame *f = &vm86_frame;
	bool emulated = event.vector < sizeof(exceptions) && (exceptions[event.vector] & EMULATE);

	store_vm86(f);
	f->eflags |= fault ? FLAG_RF : 0;
	f->error = event.error;
	f->vector = event.vector * STUB_SIZE | (event.has_error ? STUB_ERROR : 0);
	if (fault && !emulated)
		counted();
	if (event.vector == VEC_GP) {
		vm86_load_registers(f);
		trap_gp();
	}
	trap(f);
	abort();
}

/* In a stretch a handler cannot be. */
static void vm86_at_instruction(const struct monitor *m)
{
	if (position == alone->steps)
		longjmp(driver, FINISHED);
	if (m->stretch) {
		same(same_registers(&vm86_cpu), &vm86_cpu, "in a stretch");
		return;
	}
	vm86_cpu.cr0 &= ~(uint64_t)CR0_PE; /* real mode's frames */
	vm86_cpu.rflags &= ~(uint64_t)FLAG_VM;
	at_handler(&vm86_cpu);
	vm86_cpu.cr0 |= CR0_PE;
	vm86_cpu.rflags |= FLAG_VM;
	same(same_registers(&vm86_cpu) && vm86_cpu.rip == alone->cpu[position].rip, &vm86_cpu, "in VM86");
	for (unsigned n = DFW_ES; n <= DFW_GS; n++)
		same(vm86_cpu.seg[n].selector == alone->cpu[position].seg[n].selector &&
			     vm86_cpu.seg[n].base == (uint32_t)alone->cpu[position].seg[n].base,
		     &vm86_cpu, "in VM86");
}

static _Noreturn void run_vm86(struct monitor *m, bool frame)
{
	enum x86_outcome outcome;

	load_vm86(m, frame);
	if (m->stretch) {
		memcpy((void *)STRETCH_AT, code_of_stretch, sizeof(code_of_stretch));
		vm86_cpu.seg[DFW_CS].base = STRETCH_AT;
	}
	for (;;) {
		vm86_at_instruction(m);
		while ((outcome = x86_step(&vm86_x86)) == X86_REPEAT && !vm86_cpu.pending_debug)
			amid_rep = true;
		if (outcome == X86_FAULT) {
			dr6 |= vm86_x86.event.vector == VEC_DB ? vm86_cpu.pending_debug : 0;
			trap_into(m, vm86_x86.event, true);
		}
		amid_rep = false;
		counted();
		if (vm86_cpu.pending_debug && !(vm86_cpu.interruptibility & DFW_BLOCKED_BY_MOV_SS)) {
			dr6 |= vm86_cpu.pending_debug;
			trap_into(m, (struct x86_event){.vector = VEC_DB}, false);
		}
	}
}

/* The host has loaded record->guest; it gives control back when PE is 0. */
static void run_native(struct monitor *m)
{
	struct dfw_cpu *c = native_x86.cpu;
	enum x86_outcome outcome;

	*c = m->record->guest;
	while (c->cr0 & CR0_PE) {
		at_handler(c);
		if (position == alone->steps)
			longjmp(driver, FINISHED);
		same(same_state(c), c, "after RESTORE");
		do
			outcome = x86_step(&native_x86);
		while (outcome == X86_REPEAT && !c->pending_debug);
		counted();
		if (outcome == X86_HALTED && !c->pending_debug)
			longjmp(driver, HALTED);
		if (outcome == X86_FAULT && native_x86.event.vector == VEC_MF && !(c->cr0 & CR0_NE))
			longjmp(driver, HALTED);
		if (outcome == X86_FAULT && x86_deliver(&native_x86, native_x86.event) == X86_SHUTDOWN)
			longjmp(driver, SHUT_DOWN);
		while (c->pending_debug && !(c->interruptibility & DFW_BLOCKED_BY_MOV_SS) && c->cr0 & CR0_PE)
			if (x86_deliver(&native_x86, (struct x86_event){.vector = VEC_DB, .kind = X86_EXCEPTION}) == X86_SHUTDOWN)
				longjmp(driver, SHUT_DOWN);
	}
	m->record->guest = *c;
	m->record->reason = DFW_INVOKE_REAL_MODE;
	monitor_invoked();
}

/* --- memory --- */

static bool exists(uint64_t phys, unsigned len)
{
	return phys + len <= MEMORY_SIZE;
}

static void low_read(void *w, uint64_t phys, void *dst, unsigned len)
{
	if (exists(phys, len) || (phys >= RESERVE && phys + len <= LOW_MEMORY))
		memcpy(dst, world.memory + phys, len);
	else
		memset(dst, 0xff, len);
}

static void low_write(void *w, uint64_t phys, const void *src, unsigned len)
{
	if (exists(phys, len))
		memcpy(world.memory + phys, src, len);
}

static void *low_map(void *w, uint64_t phys, unsigned len, bool write)
{
	return exists(phys, len) ? world.memory + phys : NULL;
}

static const struct x86_ops vm86_ops = {
	.read = low_read,
	.write = low_write,
	.map = low_map,
	.in = world_in,
	.out = world_out,
	.read_msr = world_read_msr,
	.write_msr = world_write_msr,
	.cpuid = world_cpuid,
	.rdtsc = world_rdtsc,
	.fpu = world_fpu,
};

static void interpreter_control_written(void *w, unsigned n)
{
	guest_control_written(&monitor, n);
}

bool assist_start(const uint8_t *pristine)
{
	static struct x86_ops own_ops;
	static struct dfw_cpu native_cpu;
	static struct x86_slot vm86_slots[16], native_slots[16];

	if (mmap(NULL, LOW_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return false;
	header.reserve = RESERVE;
	header.reserve_size = DFW_RESERVE_SIZE;
	header.records += RESERVE;
	header.flags = DFW_ASSIST_HOSTED;
	if (!setjmp(driver))
		world_start();
	own_ops = vm86_ops;
	own_ops.control_written = interpreter_control_written;
	/* REP that stores over its own code ends with that: SDM vol. 3, 8.1.3, leaves it open */
	monitor.x86.ops = &own_ops;
	monitor.x86.world = &world;
	monitor.x86.flat_size = monitor.x86.flat_high_size = 0; /* low_map tells what is there */
	monitor.x86.rep_batch = 1;
	vm86_x86 = (struct x86){.cpu = &vm86_cpu, .ops = &vm86_ops, .world = &world, .slots = vm86_slots, .slots_mask = 15, .rep_batch = 1};
	native_x86 = (struct x86){.cpu = &native_cpu, .ops = &vm86_ops, .world = &world, .slots = native_slots, .slots_mask = 15, .rep_batch = 1};
	own_cr4 |= CR4_UMIP; /* SGDT, SIDT and SMSW show nothing */
	return true;
}

void assist_run(enum assist_mode mode, const struct trace *trace, const uint8_t *start_memory, const uint8_t *end)
{
	static volatile enum way way;
	struct monitor *m = &monitor;
	uint16_t *screen = (uint16_t *)0xb8000;

	alone = trace;
	world.outside = false;
	world.out = 0;
	world.unit = fresh_unit;
	position = events = dr6 = 0;
	amid_rep = false;
	memcpy(world.memory, start_memory, 0xd0000);
	memcpy(world.memory + 0xe0000, start_memory + 0xe0000, MEMORY_SIZE - 0xe0000);
	header.flags = DFW_ASSIST_HOSTED | (mode == WITHOUT_VME ? DFW_ASSIST_NO_VME : mode == AT_IOPL0 ? DFW_ASSIST_IOPL0 : 0);
	own_cr4 = mode == WITH_VME ? own_cr4 | CR4_VME : own_cr4 & ~(uint32_t)CR4_VME;
	m->record->guest = trace->cpu[0];
	m->record->reason = DFW_INVOKE_REAL_MODE;
	for (unsigned n = 0; n < m->stretches_most; n++)
		m->stretches[n].stale = 0;
	way = setjmp(driver);
	switch (way) {
	case START:
		monitor_invoked();
	case VM86:
	case VM86_GO:
		run_vm86(m, way == VM86);
	case NATIVE:
		run_native(m);
	default:
		break;
	}
	CHECK(!*screen || way != SHUT_DOWN, "vmxassist panics");
	CHECK(position == trace->steps, "under vmxassist it ends after %u of %u instructions, way %u", position, trace->steps, way);
	CHECK(world.out == trace->out, "what went to ports differs");
	for (uint32_t at = 0; at < MEMORY_SIZE; at += 4096)
		if ((at < 0xd0000 || at >= 0xe0000) && memcmp(world.memory + at, end + at, 4096)) {
			while (world.memory[at] == end[at])
				at++;
			CHECK(false, "memory at %x differs: alone %02x, under vmxassist %02x", at, end[at], world.memory[at]);
		}
}
