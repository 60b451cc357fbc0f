/* SPDX-License-Identifier: MIT
 *
 * One step: decode, check what the tables say, run, retire. And faults, which unwind to here.
 */
#include "internal.h"

_Noreturn void x86_raise(struct insn *i, unsigned vector)
{
	i->x->event = (struct x86_event){.vector = vector, .kind = X86_EXCEPTION};
	__builtin_longjmp(i->x->unwind, 1);
}

_Noreturn void x86_raise_error(struct insn *i, unsigned vector, uint32_t error)
{
	i->x->event = (struct x86_event){.vector = vector,
					 .kind = X86_EXCEPTION,
					 .has_error = true,
					 .error = error,
					 .cr2 = i->cpu->cr2};
	__builtin_longjmp(i->x->unwind, 1);
}

/* Holes, reserved opcodes and UD2. */
void x86_op_undefined(struct insn *i)
{
	x86_raise(i, UD);
}

static inline void check_row(struct insn *i, unsigned flags)
{
	if (i->lock && (!(flags & LOCK) || !is_memory(i)))
		x86_raise(i, UD);
	if ((flags & PE) && !is_protected(i->cpu))
		x86_raise(i, UD);
	if ((flags & CPL0) && cpl(i->cpu))
		x86_raise_error(i, GP, 0);
}

/* Everything of a step that may fault; kept apart so that nothing lives across setjmp. */
static __attribute__((noinline)) enum x86_outcome execute(struct x86 *x)
{
	struct dfw_cpu *cpu = x->cpu;
	struct insn insn = {.x = x, .cpu = cpu, .outcome = X86_DONE}, *i = &insn;
	uint32_t flags, tf = cpu->rflags & TF, shadow = cpu->interruptibility;

	if (__builtin_expect(cpu->dr7 & DR7_ENABLES, 0) && !(cpu->rflags & RF) &&
	    !(shadow & DFW_BLOCKED_BY_MOV_SS)) {
		uint32_t hit = x86_breakpoints(
			cpu, (uint32_t)cpu->seg[DFW_CS].base + (uint32_t)cpu->rip, 1, 0);

		if (hit) {
			cpu->pending_debug |= hit;
			x86_raise(i, DB);
		}
	}
	x->insn.known = true;
	x86_decode(i);
	flags = i->row->flags;
	if (!i->row->run || (flags & HOLE)) {
		x->insn.known = i->row->run && !(flags & HOLE);
		x86_raise(i, UD);
	}
	if (__builtin_expect((flags & (PE | CPL0)) || i->lock, 0))
		check_row(i, flags);
	cpu->interruptibility = shadow & ~(DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS);
	i->shadow = shadow;
	i->row->run(i);
	cpu->rip = i->eip;
	if (!i->keep_rf)
		cpu->rflags &= ~(uint64_t)RF;
	if (__builtin_expect(i->debug | tf, 0)) {
		cpu->pending_debug |= i->debug;
		if (tf && !i->no_trap)
			cpu->pending_debug |= DR6_BS;
	}
	return i->outcome;
}

enum x86_outcome x86_step(struct x86 *x)
{
	uint32_t shadow = x->cpu->interruptibility;

	x->shadow = shadow;
	if (__builtin_setjmp(x->unwind) == 0)
		return execute(x);
	x->cpu->interruptibility = x->shadow;
	return X86_FAULT;
}

void x86_reset(struct dfw_cpu *cpu)
{
	unsigned n;

	memset(cpu, 0, sizeof(*cpu));
	cpu->gpr[DFW_RDX].d = 0x600; /* a family 6 signature */
	cpu->rip = 0xfff0;
	cpu->rflags = FLAGS_FIXED;
	cpu->cr0 = CR0_CD | CR0_NW | CR0_ET;
	cpu->dr6 = 0xffff0ff0;
	cpu->dr7 = 0x400;
	cpu->pat = 0x0007040600070406;
	cpu->gdtr.limit = cpu->idtr.limit = 0xffff;
	for (n = 0; n < DFW_SEGS; n++)
		cpu->seg[n] = (struct dfw_segment){.limit = 0xffff, .access_rights = 0x93};
	cpu->seg[DFW_CS].selector = 0xf000;
	cpu->seg[DFW_CS].base = 0xffff0000;
	cpu->seg[DFW_LDTR].access_rights = 0x82;
	cpu->seg[DFW_TR].access_rights = 0x8b;
}
