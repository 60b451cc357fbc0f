/* SPDX-License-Identifier: MIT
 *
 * x87 errors while the guest's CR0.NE is 0, outside the assist's world, where vmxassist sees to them. The
 * processor would assert FERR#, which the board turns into IRQ 13, and stop at the next waiting
 * instruction until an interrupt comes; a write to port F0h asserts IGNNE# until the error is cleared
 * (SDM vol. 1, D.2.1). VMX has the real NE at 1 always (SDM vol. 3, 24.8), so there is #MF instead, which exits.
 *
 * The interrupt is injected by the 8259As' masks and base; that the 8259As do not know of it shows in
 * their in-service registers.
 *
 * While IGNNE# is active each x87 instruction exits by #NM and runs in a single step; if it finds the error
 * it runs again with all exceptions masked, as FNSTENV leaves them.
 */
#include "lib/i8259.h"
#include "visor/assist_switch.h"
#include "visor/visor.h"

enum { STATUS_ES = 1 << 7, ALL_MASKED = 0x3f };

static uint8_t irq8_vector = IRQ8_VECTOR_AT_RESET, icws;

static bool error_pending(void)
{
	uint16_t status;

	asm volatile("fnstsw %0" : "=a"(status));
	return status & STATUS_ES;
}

void x87_slave_written(uint8_t value)
{
	irq8_vector = i8259_slave_written(&icws, irq8_vector, value);
	assist_set_irq8(irq8_vector);
}

void x87_ignne_written(struct vcpu *v)
{
	if (!v->in_assist && !(cr0_view() & (CR0_NE | CR0_EM | CR0_TS)))
		trap_x87(v, error_pending());
}

/* RIP is at the waiting instruction, and there it stays. */
void handle_x87_error(struct vcpu *v)
{
	const uint32_t shadow = DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS;

	vmwrite(GUEST_INTERRUPTIBILITY, vmread(GUEST_INTERRUPTIBILITY) & ~(uint64_t)shadow);
	if (vmread(GUEST_RFLAGS) & RFLAGS_IF && i8259_irq13_open())
		vmwrite(ENTRY_EVENT, EVENT_VALID | (irq8_vector + IRQ13_LINE));
	else if (!(vmread(GUEST_ACCESS_RIGHTS + 2 * DFW_SS) & DFW_AR_DPL)) /* SDM vol. 3, 27.3.1.5 */
		vmwrite(GUEST_ACTIVITY, DFW_HLT);
}

void x87_step(struct vcpu *v)
{
	vmwrite(GUEST_CR0, vmread(GUEST_CR0) & ~(uint64_t)CR0_TS);
	v->x87_step.active = true;
	step_begin(v);
}

bool x87_step_end(struct vcpu *v, bool raised_mf)
{
	struct x87_step *s = &v->x87_step;
	uint16_t environment[14], control;

	s->active = false;
	if (raised_mf && !s->masked) {
		asm volatile("fnstenv %0" : "=m"(environment));
		s->control = environment[0];
		s->masked = true;
		x87_step(v);
		return true;
	}
	if (s->masked) {
		asm volatile("fnstcw %0" : "=m"(control));
		if (control == (s->control | ALL_MASKED)) /* nor has the instruction loaded another */
			asm volatile("fldcw %0" : : "m"(s->control));
		s->masked = false;
	}
	trap_x87(v, error_pending());
	return false;
}
