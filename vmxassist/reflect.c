/* SPDX-License-Identifier: MIT
 *
 * Trap entry: what came, a hardware interrupt or an exception, and its way to the guest's own
 * handler. SDM vol. 3, 6.15 and 20.3.
 */
#include "vmxassist/vmxassist.h"
#include "lib/string.h"

extern const uint8_t rdmsr_insn[], rdmsr_fault[], wrmsr_insn[], cr4_insn[], wrmsr_fault[];

/* The processor's exceptions, SDM vol. 3, table 6-1, and what their frames have that those of hardware
 * interrupts at the same vectors have not. (INT3 and INTO arrive as #GP: the gates have DPL 0.) */
enum {
	ERROR = 1 << 0,   /* an error code */
	FAULT = 1 << 1,   /* RF, SDM vol. 3, 17.3.1.1 */
	SAME = 1 << 2,    /* nothing, but the guest gets the one as it gets the other */
	EMULATE = 1 << 3, /* VM86 refused it: one instruction in the interpreter decides */
};
static const uint8_t exceptions[] = {
	[VEC_DE] = FAULT,
	[VEC_DB] = SAME,
	[VEC_BR] = FAULT,
	[VEC_UD] = FAULT | EMULATE,
	[VEC_NM] = FAULT,
	[VEC_DF] = ERROR,
	[VEC_TS] = ERROR,
	[VEC_NP] = ERROR,
	[VEC_SS] = ERROR | EMULATE,
	[VEC_GP] = ERROR | EMULATE,
	[VEC_PF] = ERROR | EMULATE,
	[VEC_MF] = FAULT,
	[VEC_AC] = ERROR,
	[VEC_MC] = SAME,
	[VEC_XM] = FAULT,
};

/* RF is set, too, where an interrupt comes between two iterations; a string instruction raises no
 * exception that shows by RF, unless it has a LOCK. */
static __attribute__((cold, noinline)) bool repeats(const struct frame *f)
{
	const uint8_t *code = (const uint8_t *)(f->cs << 4) + f->eip;
	bool rep = false;

	for (unsigned n = 0; n < 15; n++) {
		switch (code[n]) {
		case 0xf2: case 0xf3:
			rep = true;
			/* fall through */
		case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64 ... 0x67:
			break;
		case 0x6c ... 0x6f: case 0xa4 ... 0xa7: case 0xaa ... 0xaf:
			return rep;
		default:
			return false;
		}
	}
	return false;
}

static bool is_exception(const struct frame *f, unsigned what)
{
	if (what & ERROR)
		return f->vector & FRAME_HAS_ERROR;
	if (what & FAULT)
		return (f->eflags & FLAG_RF) && !repeats(f);
	return what;
}

/* A data breakpoint may lie where the frame goes. */
void deliver(struct monitor *m, struct x86_event event)
{
	do {
		if (x86_deliver(&m->x86, event) == X86_SHUTDOWN)
			machine_shutdown();
		event = (struct x86_event){.vector = VEC_DB, .kind = X86_EXCEPTION};
	} while (m->record->guest.pending_debug);
}

/* The common case by hand: a vector through an IVT that is whole, onto a stack that does not wrap. */
static bool reflect_fast(struct monitor *m, struct frame *f, unsigned vector)
{
	const struct dfw_cpu *cpu = m->guest;
	uint32_t sp = f->esp & 0xffff, ivt = cpu->idtr.base;
	uint16_t *stack = (uint16_t *)((f->ss << 4) + sp - 6);

	if (!m->redirect && (cpu->idtr.limit < vector * 4 + 3 || ivt >= DFW_LOW_END))
		return false;
	if (sp < 6 || (m->fit_again && f->esp > 0xffff) || (uint8_t)cpu->dr7)
		return false;
	if ((uint32_t)stack - (DFW_LOW_END - 5) < DFW_ROMBIOS - (DFW_LOW_END - 5))
		return false;
	stack[0] = f->eip;
	stack[1] = f->cs;
	stack[2] = (f->eflags & ~FLAG_IOPL) | (cpu->rflags & FLAG_IOPL);
	*(uint16_t *)&f->esp = sp - 6;
	ivt += vector * 4;
	f->eip = *(const uint16_t *)ivt;
	f->cs = *(const uint16_t *)(ivt + 2);
	f->eflags &= ~(FLAG_IF | FLAG_TF | FLAG_AC | FLAG_RF);
	return true;
}

void deliver_and_go(struct monitor *m, struct x86_event event)
{
	const struct dfw_cpu *cpu = &m->record->guest;

	if (m->fit_known && !m->fit.stale) {
		vm86_store(m, cpu->seg[DFW_CS].selector, cpu->rip);
		if (reflect_fast(m, &vm86_frame, event.vector))
			vm86_go();
	}
	deliver(m, event);
}

void reflect_fault(struct monitor *m, unsigned vector)
{
	if (vector == VEC_MF || m->x86.insn->prefixed /* REP: it may have got ahead */ ||
	    !reflect_fast(m, &vm86_frame, vector))
		return;
	stats->exceptions++;
	stats->vm86_entries++;
	vm86_go();
}

/* DR6 is clean while the guest runs: what is set in it now is new. */
static __attribute__((noinline)) uint32_t new_dr6(void)
{
	uint32_t dr6;

	asm volatile("movl %%dr6, %0" : "=r"(dr6));
	asm volatile("movl %0, %%dr6" : : "r"(DR6_CLEAN));
	return dr6 & DR6_CAUSES;
}

static __attribute__((cold, noinline)) bool take_nmi(struct monitor *m)
{
	if (m->record->guest.interruptibility & DFW_BLOCKED_BY_NMI)
		m->held_nmi = true;
	else
		m->pending_nmi = true;
	return m->pending_nmi;
}

static __attribute__((cold, noinline)) void exception(struct monitor *m, unsigned vector, unsigned what, bool at_end)
{
	struct dfw_cpu *cpu = &m->record->guest;
	bool emulate = (what & EMULATE) || (vector == VEC_NM && x87_ignores_errors());

	vm86_load_registers(&vm86_frame);
	if (emulate && at_end)
		monitor_stretch_ended(m);
	if (emulate)
		monitor_emulate(m);
	vm86_load(m);
	if (vector == VEC_DB)
		cpu->pending_debug |= new_dr6();
	monitor_exception(m, (struct x86_event){.vector = vector, .kind = X86_EXCEPTION});
	monitor_run(m);
}

static void trap_from_vm86(struct monitor *m, struct frame *f)
{
	unsigned vector = f->vector & 0xff;
	unsigned what = vector < sizeof(exceptions) ? exceptions[vector] : 0;
	bool at_end = m->stretch && stretch_leave(m, f);

	trace(DFW_TRACE_TRAP, vector, 0, f->cs, f->eip);
	if (is_exception(f, what))
		exception(m, vector, what, at_end);
	if (vector != VEC_NMI) {
		stats->interrupts++;
		trace(DFW_TRACE_INTERRUPT, vector, 0, f->cs, f->eip);
		if (!m->stale && reflect_fast(m, f, vector))
			vm86_enter(f);
	} else {
		take_nmi(m);
	}
	vm86_load_registers(f);
	vm86_load(m);
	m->irq_at = m->record->guest.rip;
	if (vector != VEC_NMI)
		deliver(m, (struct x86_event){.vector = vector, .kind = X86_EXTERNAL});
	monitor_run(m);
}

_Static_assert(offsetof(struct monitor, pending_nmi) == 0 && offsetof(struct frame, vector) == 32, "entry.S");

/* An NMI just before the IRET to VM86, after the last look at pending_nmi, came in VM86. The guest's
 * registers are loaded, or still in the frame. */
static __attribute__((cold, noinline)) void nmi_in_ring0(struct monitor *m, struct frame *f)
{
	if (!take_nmi(m))
		return;
	if (f->eip >= (uint32_t)vm86_enter_checked && f->eip <= (uint32_t)vm86_enter_iret) {
		if (f->eip > (uint32_t)vm86_enter_pop)
			memmove(&vm86_frame, f, offsetof(struct frame, vector));
		nmi_before_vm86(&vm86_frame);
	}
	if (f->eip >= (uint32_t)vm86_go_checked && f->eip <= (uint32_t)vm86_go_iret)
		nmi_before_go();
	if (f->eip >= (uint32_t)window_checked && f->eip < (uint32_t)window_halted)
		f->eip = (uint32_t)window_halted;
	if (f->eip > (uint32_t)restore && f->eip <= (uint32_t)restore_switch)
		f->eip = (uint32_t)restore;
}

/* Ring 0 takes interrupts in the two windows only, NMI anywhere, #GP on an MSR that does not exist,
 * what an instruction of the guest's raises that unit_run executes on the stack, and the guest's
 * breakpoints, which the interpreter looks after. */
static __attribute__((cold, noinline)) void trap_from_ring0(struct monitor *m, struct frame *f)
{
	unsigned vector = f->vector & 0xff;

	if (vector == VEC_NMI) {
		nmi_in_ring0(m, f);
	} else if (vector == VEC_DB && new_dr6()) {
		f->eflags |= FLAG_RF;
	} else if (vector == VEC_GP && f->eip == (uint32_t)rdmsr_insn) {
		f->eip = (uint32_t)rdmsr_fault;
	} else if (vector == VEC_GP && (f->eip == (uint32_t)wrmsr_insn || f->eip == (uint32_t)cr4_insn)) {
		f->eip = (uint32_t)wrmsr_fault;
	} else if (f->eip - (uint32_t)f < STACK_SIZE) {
		f->eax = 1 + vector;
		f->eip = (uint32_t)unit_fault;
	} else if (f->eip >= (uint32_t)window_open && f->eip <= (uint32_t)window_halted) {
		m->pending_irq = vector;
		f->eflags &= ~FLAG_IF;
	} else {
		panic("exception in the monitor: vector, address", vector, f->eip);
	}
}

__attribute__((cold)) void nmi_before_vm86(struct frame *f)
{
	f->vector = VEC_NMI;
	trap_from_vm86(&monitor, f);
	__builtin_unreachable();
}

__attribute__((cold)) void nmi_before_go(void)
{
	struct monitor *m = &monitor;

	if (m->stretch)
		stretch_leave(m, &vm86_frame);
	vm86_load(m);
	m->irq_at = m->guest->rip;
	monitor_run(m);
}

void trap(struct frame *f)
{
	f->vector = (f->vector / STUB_SIZE & 0xff) | (f->vector & STUB_ERROR ? FRAME_HAS_ERROR : 0);
	if (f->eflags & FLAG_VM)
		trap_from_vm86(&monitor, f);
	else
		trap_from_ring0(&monitor, f);
}

__attribute__((cold)) void trap_gp_specially(void)
{
	struct monitor *m = &monitor;
	bool at_end = __builtin_expect(m->stretch != NULL, 0) && stretch_leave(m, &vm86_frame);

	trace(DFW_TRACE_TRAP, VEC_GP, 0, vm86_frame.cs, vm86_frame.eip);
	if (at_end)
		monitor_stretch_ended(m);
	monitor_emulate(m);
}
