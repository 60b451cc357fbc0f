/* SPDX-License-Identifier: MIT
 *
 * Faults, which unwind to a step or to here, and what happens between instructions: delivery of
 * events, task switches, reset.
 */
#include "internal.h"

_Noreturn void x86_raise_ud(struct insn *i)
{
	(x86_raise)(i, UD);
}

_Noreturn void x86_raise_gp0(struct insn *i)
{
	(x86_raise_error)(i, GP, 0);
}

_Noreturn void (x86_raise)(struct insn *i, unsigned vector)
{
	i->x->event = (struct x86_event){.vector = vector, .kind = X86_EXCEPTION};
	__builtin_longjmp(i->x->unwind, 1);
}

_Noreturn void (x86_raise_error)(struct insn *i, unsigned vector, uint32_t error)
{
	i->x->event = (struct x86_event){.vector = vector,
					 .kind = X86_EXCEPTION,
					 .has_error = true,
					 .error = error,
					 .cr2 = i->cpu->cr2};
	__builtin_longjmp(i->x->unwind, 1);
}

_Noreturn void x86_unknown(struct insn *i)
{
	i->x->insn.known = false;
	x86_raise(i, UD);
}

/* Reserved opcodes and UD2. */
void x86_op_undefined(struct insn *i)
{
	x86_raise(i, UD);
}

/* --- delivery --- */

/* For what happens between instructions. */
static void between(struct insn *i, struct x86 *x)
{
	x86_start(i, x);
	i->eip = x->cpu->rip;
	i->osize = i->asize = 4;
}

static void commit_delivery(struct insn *i)
{
	struct dfw_cpu *cpu = i->cpu;

	cpu->rip = i->eip | (uint64_t)i->rip_high << 32;
	cpu->activity = DFW_ACTIVE;
	cpu->interruptibility &= ~(uint32_t)(DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS);
	cpu->pending_debug |= i->debug;
}

static __attribute__((noinline)) void deliver(struct x86 *x, const struct x86_event *event)
{
	struct insn i;

	between(&i, x);
	i.ext = event->kind != X86_SOFTWARE;
	x86_interrupt(&i, event->vector, event->kind, event->has_error, event->error);
	commit_delivery(&i);
}

/* False: a fault was raised on the way, and x->event tells which. */
static __attribute__((noinline)) bool try_deliver(struct x86 *x, const struct x86_event *event)
{
	if (__builtin_setjmp(x->unwind))
		return false;
	deliver(x, event);
	return true;
}

/* SDM vol. 3, table 6-4 */
enum class { BENIGN, CONTRIBUTORY, PAGE };

static enum class exception_class(const struct x86_event *event)
{
	if (event->kind != X86_EXCEPTION)
		return BENIGN;
	if (event->vector == PAGE_FAULT)
		return PAGE;
	return event->vector == DE || (event->vector >= TS && event->vector <= GP) ? CONTRIBUTORY
										   : BENIGN;
}

enum x86_outcome x86_deliver(struct x86 *x, struct x86_event event)
{
	struct dfw_cpu *cpu = x->cpu;

	/* SDM vol. 3, 17.2.3 and 17.2.4; 17.3.1.1: general detect is the one #DB that pushes RF by itself */
	if (event.kind == X86_EXCEPTION && event.vector == DB) {
		if (cpu->pending_debug & DR6_BD)
			cpu->rflags |= RF;
		cpu->dr6 |= cpu->pending_debug & (DR6_BD | DR6_BS | DR6_BT | 0xf);
		cpu->dr7 &= ~(uint64_t)DR7_GD;
		cpu->pending_debug = 0;
	}
	while (!try_deliver(x, &event)) {
		enum class first = exception_class(&event), second = exception_class(&x->event);
		bool was_double = event.kind == X86_EXCEPTION && event.vector == DOUBLE_FAULT;

		if (was_double && second != BENIGN) {
			cpu->activity = DFW_SHUTDOWN;
			return X86_SHUTDOWN;
		}
		if (second == BENIGN || first == BENIGN ||
		    (first == CONTRIBUTORY && second == PAGE)) {
			event = x->event;
			continue;
		}
		event = (struct x86_event){.vector = DOUBLE_FAULT,
					   .kind = X86_EXCEPTION,
					   .has_error = true};
	}
	return X86_DONE;
}

static __attribute__((noinline)) void switch_task(struct x86 *x, uint16_t selector,
						  unsigned source, bool has_error,
						  uint32_t error)
{
	struct insn i;

	between(&i, x);
	x86_switch_task(&i, selector, source, x->cpu->rflags, has_error, error);
	commit_delivery(&i);
}

enum x86_outcome x86_task_switch(struct x86 *x, uint16_t selector, unsigned source,
				 bool has_error, uint32_t error)
{
	if (__builtin_setjmp(x->unwind))
		return X86_FAULT;
	switch_task(x, selector, source, has_error, error);
	return X86_DONE;
}

/* --- looking --- */

static __attribute__((noinline)) void look(struct x86 *x, uint64_t linear, void *dst, unsigned len,
					   uint64_t *phys)
{
	struct insn i;

	between(&i, x);
	if (phys)
		*phys = x86_physical(&i, linear, SYSTEM | PEEK);
	else
		x86_read_bytes(&i, linear, dst, len, SYSTEM | PEEK);
}

bool x86_read_linear(struct x86 *x, uint64_t linear, void *dst, unsigned len)
{
	if (__builtin_setjmp(x->unwind))
		return false;
	look(x, linear, dst, len, NULL);
	return true;
}

bool x86_translate(struct x86 *x, uint64_t linear, uint64_t *phys)
{
	if (__builtin_setjmp(x->unwind))
		return false;
	look(x, linear, NULL, 0, phys);
	return true;
}

/* --- reset --- */

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
