/* SPDX-License-Identifier: MIT
 *
 * Trap entry: what came, a hardware interrupt or an exception, and its way to the guest's own
 * handler. SDM vol. 3, 6.15 and 20.3.
 */
#include "vmxassist/vmxassist.h"

extern const uint8_t rdmsr_insn[], rdmsr_fault[], wrmsr_insn[], cr4_insn[], wrmsr_fault[];

/* Masks of vectors. VM86 refused it, and one instruction in the interpreter decides: */
enum { MEANS_EMULATE = 1 << VEC_GP | 1 << VEC_SS | 1 << VEC_PF | 1 << VEC_UD };
/* SDM vol. 3, table 6-1 */
enum { PUSHES_ERROR = 1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 };
/* NMI; 9, 15 and 20-31 are no exceptions of these processors */
#define ALWAYS_INTERRUPT (1u << VEC_NMI | 1u << 9 | 1u << 15 | 0xfff00000u)

/* Is the line of this vector in service in either PIC? OCW3, 8259A data sheet. */
static __attribute__((cold)) bool in_service(unsigned vector)
{
	uint8_t isr;

	outb(0x20, 0x0b);
	isr = inb(0x20);
	outb(0x20, 0x0a);
	outb(0xa0, 0x0b);
	isr |= inb(0xa0);
	outb(0xa0, 0x0a);
	return isr >> (vector & 7) & 1;
}

/* Told by the frame's length where the exception pushes an error code, by the PIC where it does
 * not. */
static bool is_interrupt(const struct frame *f)
{
	unsigned vector = f->vector & 0xff;

	if (vector >= 32 || (ALWAYS_INTERRUPT >> vector & 1))
		return true;
	if (PUSHES_ERROR >> vector & 1)
		return !(f->vector & FRAME_HAS_ERROR);
	/* no base below 8 is in use but by a guest that reprogrammed the PIC */
	return (vector == VEC_MF || vector == VEC_MC) && in_service(vector);
}

void deliver(struct monitor *m, struct x86_event event)
{
	if (x86_deliver(&m->x86, event) == X86_SHUTDOWN)
		machine_shutdown();
}

/* The common case by hand: a vector through an IVT that is whole, onto a stack that does not wrap. */
static bool reflect_fast(struct monitor *m, struct frame *f, unsigned vector)
{
	const struct dfw_cpu *cpu = &m->record->guest;
	uint32_t sp = f->esp & 0xffff;
	const uint16_t *ivt;
	uint16_t *stack;
	uint32_t stack_linear;

	if (cpu->idtr.limit < vector * 4 + 3 || sp < 6 || cpu->idtr.base >= DFW_LOW_END)
		return false;
	if (f->esp > 0xffff && (cpu->seg[DFW_SS].access_rights & DFW_AR_DB))
		return false;
	stack_linear = (f->ss << 4) + sp - 6;
	if (stack_linear + 6 > DFW_LOW_END && stack_linear < DFW_ROMBIOS)
		return false;
	ivt = (const uint16_t *)((uint32_t)cpu->idtr.base + vector * 4);
	stack = (uint16_t *)stack_linear;
	stack[0] = f->eip;
	stack[1] = f->cs;
	stack[2] = f->eflags;
	f->esp = (f->esp & 0xffff0000) | (sp - 6);
	f->eip = ivt[0];
	f->cs = ivt[1];
	f->eflags &= ~(FLAG_IF | FLAG_TF | FLAG_AC | FLAG_RF);
	return true;
}

void deliver_and_go(struct monitor *m, struct x86_event event)
{
	const struct dfw_cpu *cpu = &m->record->guest;

	if (m->fit_known && !m->fit.stale && !(header.flags & DFW_ASSIST_IOPL0)) {
		vm86_store(m, cpu->seg[DFW_CS].selector, cpu->rip);
		if (reflect_fast(m, m->vm86_frame, event.vector))
			vm86_enter(m->vm86_frame);
	}
	deliver(m, event);
}

static void reflect(struct monitor *m, struct frame *f, unsigned vector, enum x86_event_kind kind)
{
	trace(kind == X86_EXTERNAL ? DFW_TRACE_INTERRUPT : DFW_TRACE_EXCEPTION, vector, 0, f->cs, f->eip);
	if (!m->stale && !(header.flags & DFW_ASSIST_IOPL0) && reflect_fast(m, f, vector))
		return;
	vm86_load(m);
	deliver(m, (struct x86_event){.vector = vector, .kind = kind});
	monitor_run(m);
}

/* VMX forces the real NE to 1, and INT 10h is the video service. */
unsigned x87_error_vector(const struct dfw_cpu *cpu)
{
	return cpu->cr0 & CR0_NE ? VEC_MF : 0x75;
}

static void trap_from_vm86(struct monitor *m, struct frame *f)
{
	unsigned vector = f->vector & 0xff;
	bool at_end = m->stretch && stretch_leave(m, f);

	trace(DFW_TRACE_TRAP, vector, 0, f->cs, f->eip);
	if (is_interrupt(f)) {
		stats->interrupts++;
		reflect(m, f, vector, X86_EXTERNAL);
		return;
	}
	if (MEANS_EMULATE >> vector & 1) {
		if (!at_end)
			monitor_emulate(m);
		vm86_load(m);
		m->record->guest.interruptibility = m->shadow;
		monitor_run(m);
	}
	stats->exceptions++;
	if (vector == VEC_DB) {
		uint32_t dr6;

		asm volatile("movl %%dr6, %0" : "=r"(dr6));
		m->record->guest.dr6 = dr6;
	}
	if (vector == VEC_MF)
		vector = x87_error_vector(&m->record->guest);
	reflect(m, f, vector, X86_EXCEPTION);
}

/* Ring 0 takes interrupts in the two windows only, NMI anywhere, #GP on an MSR that does not exist,
 * and what an instruction of the guest's raises that unit_run executes on the stack. */
static __attribute__((cold)) void trap_from_ring0(struct monitor *m, struct frame *f)
{
	unsigned vector = f->vector & 0xff;

	if (vector == VEC_GP && f->eip == (uint32_t)rdmsr_insn)
		f->eip = (uint32_t)rdmsr_fault;
	else if (vector == VEC_GP && (f->eip == (uint32_t)wrmsr_insn || f->eip == (uint32_t)cr4_insn))
		f->eip = (uint32_t)wrmsr_fault;
	else if (vector == VEC_NMI)
		m->pending_nmi = true;
	else if (f->eip - (uint32_t)f < STACK_SIZE) {
		f->eax = 1 + vector;
		f->eip = (uint32_t)unit_fault;
	} else if ((f->eip >= (uint32_t)window_open && f->eip < (uint32_t)window_halt + 4)) {
		m->pending_irq = vector;
		f->eflags &= ~FLAG_IF;
	} else {
		panic("exception in the monitor: vector, address", vector, f->eip);
	}
}

void trap(struct frame *f)
{
	struct monitor *m = &monitor;

	/* nearly every trap */
	if ((f->vector & (0xff * STUB_SIZE | STUB_ERROR)) == (VEC_GP * STUB_SIZE | STUB_ERROR) &&
	    (f->eflags & FLAG_VM) && !m->stretch) {
		trace(DFW_TRACE_TRAP, VEC_GP, 0, f->cs, f->eip);
		monitor_emulate(m);
	}
	f->vector = (f->vector / STUB_SIZE & 0xff) | (f->vector & STUB_ERROR ? FRAME_HAS_ERROR : 0);
	if (f->eflags & FLAG_VM)
		trap_from_vm86(m, f);
	else
		trap_from_ring0(m, f);
}
