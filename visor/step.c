/* SPDX-License-Identifier: MIT
 *
 * Runs one instruction of the guest and gets control back: by the monitor trap flag where there
 * is one; otherwise by RFLAGS.TF, with IF clear, so that no interrupt comes in between, and all
 * exceptions exiting, so that none carries the changed flags into a guest's stack.
 *
 * An instruction's fault while an event is being delivered (the stack is in the page) cannot be
 * stepped by TF: the step then ends with the next exit of any kind.
 */
#include "visor/visor.h"

enum { DEBUGCTL_BTF = 1 << 1, DR6_BREAKPOINTS = 0xf, PENDING_BREAKPOINT = 1 << 12,
       PENDING_BS = 1 << 14 };
enum { SHADOW = DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS };

static bool has_monitor_trap;

void step_init(void)
{
	bool exact = rdmsr(MSR_VMX_BASIC) >> 55 & 1;
	uint64_t can = rdmsr(exact ? MSR_VMX_TRUE_PINBASED + 1 : MSR_VMX_PROCBASED);

	has_monitor_trap = can >> 32 & PROC_MONITOR_TRAP;
}

static void change(enum vmcs_field field, uint32_t bits, bool on)
{
	uint32_t value = vmread(field);

	vmwrite(field, on ? value | bits : value & ~bits);
}

void step_begin(struct vcpu *v)
{
	struct single_step *s = &v->step;

	if (s->active)
		return;
	s->active = true;
	if (has_monitor_trap) {
		change(PROC_CONTROLS, PROC_MONITOR_TRAP, true);
		return;
	}
	s->by_flag = !(vmread(IDT_VECTORING) & EVENT_VALID);
	if (!s->by_flag)
		return;
	s->rflags = vmread(GUEST_RFLAGS);
	s->debugctl = vmread(GUEST_DEBUGCTL);
	s->exceptions = vmread(EXCEPTION_BITMAP);
	vmwrite(GUEST_RFLAGS, (s->rflags | RFLAGS_TF) & ~(uint64_t)RFLAGS_IF);
	vmwrite(GUEST_DEBUGCTL, s->debugctl & ~(uint64_t)DEBUGCTL_BTF);
	change(GUEST_INTERRUPTIBILITY, SHADOW, false);
	vmwrite(EXCEPTION_BITMAP, ~0u);
	change(PIN_CONTROLS, PIN_NMI, true);
}

/* x87.c's, with or without a step */
static bool is_irq13(const struct vcpu *v)
{
	return v->step.exceptions & 1 << VECTOR_MF && is_exit_by(VECTOR_MF);
}

/* The exception that ended the step; #DB is the step's own unless the guest had wanted it too. */
static void pass_on(struct vcpu *v)
{
	const uint64_t flags = RFLAGS_TF | RFLAGS_IF;
	uint32_t event = vmread(EXIT_EVENT), type = event & EVENT_TYPE;
	uint64_t detail = vmread(EXIT_QUALIFICATION), pending = 0;

	vmwrite(GUEST_RFLAGS, (vmread(GUEST_RFLAGS) & ~flags) | (v->step.rflags & flags));
	if (type == EVENT_NMI) {
		smp_nmi(v);
	} else if (type == EVENT_EXCEPTION && (event & 0xff) == VECTOR_DB) {
		if (detail & DR6_BREAKPOINTS)
			pending |= (detail & DR6_BREAKPOINTS) | PENDING_BREAKPOINT;
		if (v->step.rflags & RFLAGS_TF && !(v->step.debugctl & DEBUGCTL_BTF))
			pending |= PENDING_BS;
		vmwrite(GUEST_PENDING_DEBUG, vmread(GUEST_PENDING_DEBUG) | pending);
	} else {
		if ((event & 0xff) == VECTOR_PF)
			write_cr2(detail);
		vmwrite(ENTRY_EVENT, event & ~EVENT_NMI_UNBLOCKING);
		bool ours = (event & 0xff) == VECTOR_PF && mmu->exceptions & 1 << VECTOR_PF;
		vmwrite(ENTRY_EVENT_ERROR, ours ? v->fault_error : vmread(EXIT_EVENT_ERROR));
		vmwrite(ENTRY_EVENT_LENGTH, vmread(EXIT_LENGTH));
	}
}

bool step_end(struct vcpu *v, uint32_t reason)
{
	v->step.active = false;
	if (has_monitor_trap) {
		change(PROC_CONTROLS, PROC_MONITOR_TRAP, false);
		return reason == EXIT_MONITOR_TRAP;
	}
	if (!v->step.by_flag)
		return false;
	v->step.by_flag = false;
	vmwrite(EXCEPTION_BITMAP, v->step.exceptions);
	change(PIN_CONTROLS, PIN_NMI, vcpu_count > 1);
	vmwrite(GUEST_DEBUGCTL, v->step.debugctl);
	if (reason == EXIT_EXCEPTION && !is_irq13(v)) {
		pass_on(v);
		return true;
	}
	const uint64_t flags = RFLAGS_TF | RFLAGS_IF;
	vmwrite(GUEST_RFLAGS, (vmread(GUEST_RFLAGS) & ~flags) | (v->step.rflags & flags));
	return false;
}
