/* SPDX-License-Identifier: MIT
 *
 * Faults, which unwind to a step or to here, and what happens between instructions: delivery of
 * events, task switches, reset.
 */
#include "internal.h"

_Noreturn void x86_raise_ud(struct insn *i)
{
	x86_unwind(i, UD, 0);
}

_Noreturn void x86_raise_gp0(struct insn *i)
{
	x86_unwind(i, GP | HAS_ERROR, 0);
}

/* Before the handler changes it, x->shadow is what it was. */
_Noreturn void x86_unwind(struct insn *i, unsigned vector, uint32_t error)
{
	struct x86_event *event = &i->x->event;

	event->vector = vector;
	event->kind = X86_EXCEPTION;
	event->has_error = vector & HAS_ERROR;
	event->error = error;
	if ((uint8_t)vector == PAGE_FAULT)
		event->cr2 = i->cpu->cr2;
	i->cpu->interruptibility = i->x->shadow;
	__builtin_longjmp(i->x->unwind, 1);
}

bool x86_try(struct x86 *x, void (*run)(struct x86 *x, void *with), void *with)
{
	void *outer[sizeof(x->unwind) / sizeof(*x->unwind)];

	memcpy(outer, x->unwind, sizeof(outer));
	x->shadow = x->cpu->interruptibility;
	if (__builtin_setjmp(x->unwind)) {
		memcpy(x->unwind, outer, sizeof(outer));
		return false;
	}
	run(x, with);
	memcpy(x->unwind, outer, sizeof(outer));
	return true;
}

_Noreturn void x86_unknown(struct insn *i)
{
	i->shown.known = false;
	i->code = 0; /* to be decoded, and known, next time */
	x86_raise(i, UD);
}

/* Reserved opcodes and UD2. */
void x86_op_undefined(struct insn *i)
{
	x86_raise(i, UD);
}

/* --- a step --- */

void x86_check_row(struct insn *i)
{
	unsigned flags = i->row->flags;

	if (i->lock && (!(flags & LOCK) || !is_memory(i)))
		x86_raise(i, UD);
	if ((flags & PE) && !is_protected(i->cpu))
		x86_raise(i, UD);
	if ((flags & CPL0) && cpl(i->cpu)) {
		/* The register forms of LGDT, LIDT and INVLPG are other, undefined opcodes. */
		if (METHOD(i->operand[0]) == M_M && !is_memory(i))
			x86_raise(i, UD);
		/* An undefined CR is found in decoding, before: SDM vol. 3, table 6-2. */
		if ((i->opcode & ~2u) == 0x20 && !(0x1d >> modrm_reg(i) & 1))
			x86_raise(i, UD);
		x86_raise_error(i, GP, 0);
	}
}

/* What is seldom: REP between iterations, HLT, traps after the instruction, IA-32e mode. */
enum x86_outcome x86_retire(struct insn *i)
{
	struct dfw_cpu *cpu = i->cpu;

	cpu->rip |= (uint64_t)i->rip_high << 32;
	if (!i->keep_rf)
		cpu->rflags &= ~(uint64_t)RF;
	cpu->pending_debug |= i->debug;
	if (i->trap && !i->no_trap)
		cpu->pending_debug |= DR6_BS;
	return i->outcome;
}

static void step(struct x86 *x, void *outcome)
{
	*(enum x86_outcome *)outcome = x86_step_caught(x);
}

enum x86_outcome x86_step(struct x86 *x)
{
	enum x86_outcome outcome;

	return x86_try(x, step, &outcome) ? outcome : X86_FAULT;
}

/* --- delivery --- */

/* For what happens between instructions. */
static void between(struct insn *i, struct x86 *x)
{
	x86_start(i, x, x86_flat_size(x));
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

static void deliver(struct x86 *x, void *with)
{
	const struct x86_event *event = with;
	struct insn i;

	between(&i, x);
	i.ext = event->kind != X86_SOFTWARE;
	x86_interrupt(&i, event->vector, event->kind, event->has_error, event->error);
	commit_delivery(&i);
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
	while (!x86_try(x, deliver, &event)) {
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

struct task_switch {
	uint16_t selector;
	bool has_error;
	unsigned source;
	uint32_t error;
};

static void switch_task(struct x86 *x, void *with)
{
	const struct task_switch *to = with;
	struct insn i;

	between(&i, x);
	x86_switch_task(&i, to->selector, to->source, x->cpu->rflags, to->has_error, to->error);
	commit_delivery(&i);
}

enum x86_outcome x86_task_switch(struct x86 *x, uint16_t selector, unsigned source,
				 bool has_error, uint32_t error)
{
	struct task_switch to = {selector, has_error, source, error};

	return x86_try(x, switch_task, &to) ? X86_DONE : X86_FAULT;
}

/* --- looking --- */

struct look {
	uint64_t linear, phys;
	void *dst; /* NULL: phys is wanted */
	unsigned len;
};

static void look(struct x86 *x, void *with)
{
	struct look *at = with;
	struct insn i;

	between(&i, x);
	if (at->dst)
		x86_read_bytes(&i, at->linear, at->dst, at->len, SYSTEM | PEEK);
	else
		at->phys = x86_physical(&i, at->linear, SYSTEM | PEEK);
}

bool x86_read_linear(struct x86 *x, uint64_t linear, void *dst, unsigned len)
{
	struct look at = {.linear = linear, .dst = dst, .len = len};

	return x86_try(x, look, &at);
}

bool x86_translate(struct x86 *x, uint64_t linear, uint64_t *phys)
{
	struct look at = {.linear = linear};

	if (!x86_try(x, look, &at))
		return false;
	*phys = at.phys;
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
