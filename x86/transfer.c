/* SPDX-License-Identifier: MIT
 *
 * Transfers of control: near and far, through gates, interrupts and their returns.
 * SDM vol. 2 (JMP, CALL, RET, INT n, IRET), vol. 3, chapters 5.8, 6 and 21.
 */
#include "internal.h"

/* Gate and TSS types, SDM vol. 3, table 3-2 */
enum {
	TSS16 = 1,
	CALL_GATE16 = 4,
	TASK_GATE_TYPE = 5,
	INTERRUPT_GATE16 = 6,
	TRAP_GATE16 = 7,
	TSS32 = 9,
	CALL_GATE32 = 0xc,
	INTERRUPT_GATE32 = 0xe,
	TRAP_GATE32 = 0xf,
};

static inline bool long_mode(const struct dfw_cpu *cpu)
{
	return cpu->efer & EFER_LMA;
}

static inline bool conforming(uint32_t ar)
{
	return ar & DFW_AR_EXPAND;
}

static inline bool is_code(uint32_t ar)
{
	return (ar & (DFW_AR_S | DFW_AR_CODE)) == (DFW_AR_S | DFW_AR_CODE);
}

static _Noreturn void selector_fault(struct insn *i, unsigned vector, uint16_t selector)
{
	x86_raise_error(i, vector, (selector & ~3u) | i->ext);
}

/* --- near --- */

void x86_near_branch(struct insn *i, uint32_t target)
{
	if (i->osize == 2)
		target &= 0xffff;
	if (target > i->cpu->seg[DFW_CS].limit)
		x86_raise_error(i, GP, 0);
	i->eip = target;
}

static void near_call(struct insn *i, uint32_t target)
{
	uint32_t sp = get_stack(i->cpu), from = i->eip;

	x86_near_branch(i, target);
	push(i, &sp, i->osize, from);
	commit_stack(i->cpu, sp);
}

HANDLER(jmp)
{
	x86_near_branch(i, i->eip + i->imm);
}

HANDLER(jmp_indirect)
{
	x86_near_branch(i, x86_load(i, 0));
}

HANDLER(call)
{
	near_call(i, i->eip + i->imm);
}

HANDLER(call_indirect)
{
	near_call(i, x86_load(i, 0));
}

HANDLER(ret)
{
	uint32_t sp = get_stack(i->cpu);

	x86_near_branch(i, pop(i, &sp, i->osize));
	commit_stack(i->cpu, sp + (i->imm & 0xffff));
}

/* --- pushing a frame --- */

static void check_target(struct insn *i, const struct dfw_segment *cs, uint32_t eip)
{
	bool is_long = long_mode(i->cpu) && (cs->access_rights & DFW_AR_L);

	if (is_long && (cs->access_rights & DFW_AR_DB))
		selector_fault(i, GP, cs->selector);
	if (!is_long && eip > cs->limit)
		x86_raise_error(i, GP, i->ext);
}

/*
 * Pushes n values on the stack ss:*sp, all checked before the first is written; then the target cs:eip is,
 * unless cs is NULL: SDM vol. 2, CALL and INT n. `inner`: a stack that becomes current with a change of
 * privilege, whose faults name it.
 */
static void push_frame(struct insn *i, const struct dfw_segment *ss, uint32_t *sp, unsigned size,
		       const uint32_t *values, unsigned n, bool inner, const struct dfw_segment *cs, uint32_t eip)
{
	uint32_t mask = ss->access_rights & DFW_AR_DB ? 0xffffffffu : 0xffff, at = 0;
	unsigned access = inner ? WRITE | SYSTEM : WRITE, pass, k;
	struct place p;

	for (pass = 0; pass < 2; pass++) {
		at = *sp;
		for (k = 0; k < n; k++) {
			at = (at - size) & mask;
			if ((ss->access_rights & DFW_AR_UNUSABLE) ||
			    (!(ss->access_rights & DFW_AR_CODE) &&
			     !(ss->access_rights & DFW_AR_WRITABLE)) ||
			    !in_limit(ss, at, size))
				x86_raise_error(i, STACK_FAULT,
						(inner ? ss->selector & ~3u : 0) | i->ext);
			x86_place(i, &p, (uint32_t)ss->base + at, size, access);
			if (!pass)
				continue;
			put(i, &p, values[k]);
			if (i->cpu->dr7 & DR7_ENABLES)
				i->debug |= x86_breakpoints(i->cpu, (uint32_t)ss->base + at, size, 1);
		}
		if (cs)
			check_target(i, cs, eip);
	}
	*sp = at;
}

static void commit_stack_segment(struct dfw_cpu *cpu, const struct dfw_segment *ss, uint32_t sp)
{
	cpu->seg[DFW_SS] = *ss;
	cpu->gpr[DFW_RSP].d = ss->access_rights & DFW_AR_DB
				      ? sp
				      : (cpu->gpr[DFW_RSP].d & 0xffff0000) | (sp & 0xffff);
}

void x86_tss_stack(struct insn *i, unsigned level, uint16_t *ss, uint32_t *esp)
{
	const struct dfw_segment *tr = &i->cpu->seg[DFW_TR];
	bool wide = tr->access_rights & 8;
	uint32_t at = wide ? 4 + 8 * level : 2 + 4 * level, len = wide ? 6 : 4;

	if (at + len - 1 > tr->limit)
		selector_fault(i, TS, tr->selector);
	*esp = read_system(i, (uint32_t)tr->base + at, wide ? 4 : 2);
	*ss = read_system(i, (uint32_t)tr->base + at + len - 2, 2);
}

/* --- far --- */

static void far_pointer(struct insn *i, uint16_t *selector, uint32_t *off)
{
	if (METHOD(i->operand[0]) == M_A) {
		*off = i->imm;
		*selector = i->imm2;
		return;
	}
	if (!is_memory(i))
		x86_raise(i, UD);
	x86_linear(i, i->seg, i->ea, i->osize + 2, READ | PARTS);
	*off = read_memory(i, i->seg, i->ea, i->osize);
	*selector = read_memory(i, i->seg, i->ea + i->osize, 2);
}

static void real_far(struct insn *i, uint16_t selector, uint32_t off, bool call)
{
	struct dfw_cpu *cpu = i->cpu;
	struct dfw_segment cs;
	uint32_t frame[2] = {cpu->seg[DFW_CS].selector, i->eip}, sp = get_stack(cpu);

	x86_real_segment(cpu, DFW_CS, selector, &cs);
	push_frame(i, &cpu->seg[DFW_SS], &sp, i->osize, frame, call ? 2 : 0, false, &cs, off);
	commit_stack(cpu, sp);
	cpu->seg[DFW_CS] = cs;
	i->eip = off;
}

/* The checks of a code segment that a gate leads to; its privilege or `level`. */
static unsigned gate_target(struct insn *i, uint16_t selector, struct descriptor *d,
			    struct dfw_segment *cs, bool may_rise)
{
	unsigned level = cpl(i->cpu), target = level;
	uint32_t ar;

	if (!(selector & ~3u))
		x86_raise_error(i, GP, i->ext);
	x86_read_descriptor(i, selector, d, GP);
	ar = descriptor_ar(d);
	if (!is_code(ar) || dpl(ar) > level)
		selector_fault(i, GP, selector);
	if (!conforming(ar)) {
		if (may_rise)
			target = dpl(ar);
		else if (dpl(ar) != level)
			selector_fault(i, GP, selector);
	}
	if (!(ar & DFW_AR_P))
		selector_fault(i, NP, selector);
	x86_unpack(d, (selector & ~3u) | target, cs);
	return target;
}

/* SDM vol. 3, 5.8.3-5.8.5 */
static void through_call_gate(struct insn *i, const struct descriptor *gate, uint16_t gate_selector,
			      bool call)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t ar = descriptor_ar(gate), type = ar & DFW_AR_TYPE;
	uint16_t selector = gate->low >> 16, new_ss;
	uint32_t off = gate->low & 0xffff, sp, frame[35], n = 0, params, size, new_sp, k;
	struct dfw_segment cs, ss;
	struct descriptor d;
	unsigned level = cpl(cpu), target;

	if (dpl(ar) < level || dpl(ar) < (gate_selector & 3u))
		selector_fault(i, GP, gate_selector);
	if (!(ar & DFW_AR_P))
		selector_fault(i, NP, gate_selector);
	size = type == CALL_GATE32 ? 4 : 2;
	if (size == 4)
		off |= gate->high & 0xffff0000;
	target = gate_target(i, selector, &d, &cs, call);
	sp = get_stack(cpu);
	if (target < level) {
		uint32_t old_sp = sp;

		x86_tss_stack(i, target, &new_ss, &new_sp);
		x86_check_stack(i, new_ss, target, TS, &ss);
		params = gate->high & 31;
		frame[n++] = cpu->seg[DFW_SS].selector;
		frame[n++] = cpu->gpr[DFW_RSP].d;
		for (k = params; k--;) {
			uint32_t at = (old_sp + k * size) & stack_mask(cpu);

			frame[n++] = read_memory(i, DFW_SS, at, size);
		}
		frame[n++] = cpu->seg[DFW_CS].selector;
		frame[n++] = i->eip;
		push_frame(i, &ss, &new_sp, size, frame, n, true, &cs, off);
		x86_set_accessed(i, &d);
		commit_stack_segment(cpu, &ss, new_sp);
	} else {
		frame[0] = cpu->seg[DFW_CS].selector;
		frame[1] = i->eip;
		push_frame(i, &cpu->seg[DFW_SS], &sp, size, frame, call ? 2 : 0, false, &cs, off);
		commit_stack(cpu, sp);
		x86_set_accessed(i, &d);
	}
	cs.access_rights |= DFW_AR_ACCESSED;
	cpu->seg[DFW_CS] = cs;
	i->eip = off;
}

static uint64_t long_stack(struct insn *i, unsigned slot)
{
	const struct dfw_segment *tr = &i->cpu->seg[DFW_TR];
	uint64_t rsp;

	if (slot + 7 > tr->limit)
		selector_fault(i, TS, tr->selector);
	x86_read_bytes(i, tr->base + slot, &rsp, 8, SYSTEM);
	return rsp;
}

/* A new stack segment in IA-32e mode is null, with the new level for RPL. */
static void null_stack(struct dfw_cpu *cpu, unsigned level)
{
	cpu->seg[DFW_SS].selector = level;
	cpu->seg[DFW_SS].access_rights = 0x93 | DFW_AR_UNUSABLE | level << DFW_AR_DPL_SHIFT;
}

/* IA-32e mode: gates have 16 bytes and lead to 64-bit code. SDM vol. 3, 6.8.3.1 */
static void through_long_gate(struct insn *i, const struct descriptor *gate, uint16_t gate_selector,
			      bool call)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t ar = descriptor_ar(gate), high[2], n = 0;
	uint64_t rsp = get_stack(cpu), frame[4];
	unsigned level = cpl(cpu), target;
	struct dfw_segment cs;
	struct descriptor d;

	if ((ar & DFW_AR_TYPE) != CALL_GATE32 || dpl(ar) < level || dpl(ar) < (gate_selector & 3u) ||
	    (gate_selector & ~7u) + 15 > cpu->gdtr.limit)
		selector_fault(i, GP, gate_selector);
	x86_read_bytes(i, gate->address + 8, high, 8, SYSTEM);
	if (high[1] & 0x1f00)
		selector_fault(i, GP, gate_selector);
	if (!(ar & DFW_AR_P))
		selector_fault(i, NP, gate_selector);
	target = gate_target(i, gate->low >> 16, &d, &cs, call);
	if ((descriptor_ar(&d) & (DFW_AR_L | DFW_AR_DB)) != DFW_AR_L)
		selector_fault(i, GP, gate->low >> 16);
	if (call) {
		frame[n++] = i->eip;
		frame[n++] = cpu->seg[DFW_CS].selector;
		if (target < level) {
			frame[n++] = cpu->gpr[DFW_RSP].d;
			frame[n++] = cpu->seg[DFW_SS].selector;
			rsp = long_stack(i, 4 + 8 * target);
		}
		rsp -= 8 * n;
		x86_write_bytes(i, rsp, frame, 8 * n, target < 3 ? SYSTEM : 0);
		cpu->gpr[DFW_RSP].q = rsp;
		if (target < level)
			null_stack(cpu, target);
	}
	x86_set_accessed(i, &d);
	cs.access_rights |= DFW_AR_ACCESSED;
	cpu->seg[DFW_CS] = cs;
	i->eip = (gate->high & 0xffff0000) | (gate->low & 0xffff);
	i->rip_high = high[0];
}

static void far_transfer(struct insn *i, bool call)
{
	struct dfw_cpu *cpu = i->cpu;
	unsigned level = cpl(cpu), source = call ? TASK_CALL : TASK_JMP;
	uint32_t off, ar, sp = get_stack(cpu), frame[2];
	struct dfw_segment cs;
	struct descriptor d;
	uint16_t selector;

	far_pointer(i, &selector, &off);
	if (!is_protected(cpu)) {
		real_far(i, selector, off, call);
		return;
	}
	if (!(selector & ~3u))
		x86_raise_error(i, GP, 0);
	x86_read_descriptor(i, selector, &d, GP);
	ar = descriptor_ar(&d);
	if (!(ar & DFW_AR_S)) {
		unsigned type = ar & DFW_AR_TYPE;
		uint16_t tss = selector;

		if (long_mode(cpu)) {
			through_long_gate(i, &d, selector, call);
			return;
		}
		switch (type) {
		case CALL_GATE16:
		case CALL_GATE32:
			through_call_gate(i, &d, selector, call);
			return;
		case TASK_GATE_TYPE:
			tss = d.low >> 16;
			/* fall through */
		case TSS16:
		case TSS32:
			if (dpl(ar) < level || dpl(ar) < (selector & 3u))
				selector_fault(i, GP, selector);
			if (type == TASK_GATE_TYPE && !(ar & DFW_AR_P))
				selector_fault(i, NP, selector);
			x86_switch_task(i, tss, source, i->cpu->rflags, false, 0);
			return;
		default:
			selector_fault(i, GP, selector);
		}
	}
	if (!is_code(ar))
		selector_fault(i, GP, selector);
	if (conforming(ar) ? dpl(ar) > level : (selector & 3u) > level || dpl(ar) != level)
		selector_fault(i, GP, selector);
	if (!(ar & DFW_AR_P))
		selector_fault(i, NP, selector);
	x86_unpack(&d, (selector & ~3u) | level, &cs);
	frame[0] = cpu->seg[DFW_CS].selector;
	frame[1] = i->eip;
	push_frame(i, &cpu->seg[DFW_SS], &sp, i->osize, frame, call ? 2 : 0, false, &cs, off);
	x86_set_accessed(i, &d);
	cs.access_rights |= DFW_AR_ACCESSED;
	commit_stack(cpu, sp);
	cpu->seg[DFW_CS] = cs;
	i->eip = off;
}

HANDLER(jmp_far)
{
	far_transfer(i, false);
}

HANDLER(call_far)
{
	far_transfer(i, true);
}

/* --- far returns --- */

/* A data segment that the outer level may not use is emptied: SDM vol. 3, 5.8.6. */
static void drop_segments(struct dfw_cpu *cpu, unsigned level)
{
	static const uint8_t data[] = {DFW_ES, DFW_DS, DFW_FS, DFW_GS};
	unsigned k;

	for (k = 0; k < 4; k++) {
		struct dfw_segment *s = &cpu->seg[data[k]];

		if (is_code(s->access_rights) && conforming(s->access_rights))
			continue;
		if (dpl(s->access_rights) < level) {
			s->selector = 0;
			s->access_rights |= DFW_AR_UNUSABLE;
		}
	}
}

/*
 * RETF and IRET in protected mode from *sp on, which points past CS (and EFLAGS). `release`:
 * bytes of parameters. Commits everything but flags.
 */
static void return_to(struct insn *i, uint16_t selector, uint32_t eip, uint32_t sp,
		      uint32_t release)
{
	struct dfw_cpu *cpu = i->cpu;
	unsigned level = cpl(cpu), target = selector & 3u;
	uint32_t ar, new_sp;
	uint16_t new_ss;
	struct dfw_segment cs, ss;
	struct descriptor d;

	if (!(selector & ~3u))
		x86_raise_error(i, GP, 0);
	x86_read_descriptor(i, selector, &d, GP);
	ar = descriptor_ar(&d);
	if (!is_code(ar) || target < level ||
	    (conforming(ar) ? dpl(ar) > target : dpl(ar) != target))
		selector_fault(i, GP, selector);
	if (!(ar & DFW_AR_P))
		selector_fault(i, NP, selector);
	x86_unpack(&d, selector, &cs);
	sp = (sp + release) & stack_mask(cpu);
	if (target == level) {
		check_target(i, &cs, eip);
		x86_set_accessed(i, &d);
		commit_stack(cpu, sp);
	} else {
		new_sp = pop(i, &sp, i->osize);
		new_ss = pop(i, &sp, i->osize);
		x86_check_stack(i, new_ss, target, GP, &ss);
		check_target(i, &cs, eip);
		x86_set_accessed(i, &d);
		cpu->seg[DFW_SS] = ss;
		commit_stack(cpu, new_sp + release);
		drop_segments(cpu, target);
	}
	cs.access_rights |= DFW_AR_ACCESSED;
	cpu->seg[DFW_CS] = cs;
	i->eip = eip;
}

HANDLER(retf)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t sp = get_stack(cpu), eip = pop(i, &sp, i->osize);
	uint16_t selector = pop(i, &sp, i->osize);

	if (is_protected(cpu)) {
		return_to(i, selector, eip, sp, i->imm & 0xffff);
		return;
	}
	real_far(i, selector, eip, false);
	commit_stack(cpu, sp + (i->imm & 0xffff));
}

/* --- IRET --- */

static void iret_to_vm86(struct insn *i, uint16_t selector, uint32_t eip, uint32_t flags,
			 uint32_t sp)
{
	static const uint8_t order[] = {DFW_SS, DFW_ES, DFW_DS, DFW_FS, DFW_GS};
	struct dfw_cpu *cpu = i->cpu;
	uint32_t esp = pop(i, &sp, 4);
	uint16_t selectors[5];
	unsigned k;

	for (k = 0; k < 5; k++)
		selectors[k] = pop(i, &sp, 4);
	if ((eip & 0xffff) != eip)
		x86_raise_error(i, GP, 0);
	set_flags(cpu, FLAGS_KNOWN, flags);
	x86_real_segment(cpu, DFW_CS, selector, &cpu->seg[DFW_CS]);
	for (k = 0; k < 5; k++)
		x86_real_segment(cpu, order[k], selectors[k], &cpu->seg[order[k]]);
	cpu->gpr[DFW_RSP].d = esp;
	i->eip = eip;
}

/* SDM vol. 3, 21.3.3.4: with CR4.VME and IOPL below 3, VIF stands for IF. */
static void iret_virtual(struct insn *i, uint16_t selector, uint32_t ip, uint32_t flags,
			 uint32_t sp)
{
	struct dfw_cpu *cpu = i->cpu;

	if ((flags & TF) || ((flags & IF) && (cpu->rflags & VIP)))
		x86_raise_error(i, GP, 0);
	real_far(i, selector, ip, false);
	commit_stack(cpu, sp);
	set_flags(cpu, (x86_popf_mask(cpu, 2) & ~IF) | VIF,
		  (flags & ~VIF) | (flags & IF ? VIF : 0));
}

HANDLER(iret)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t sp = get_stack(cpu), eip, flags, mask;
	unsigned level = cpl(cpu);
	uint16_t selector;

	i->keep_rf = true;
	if (is_vm86(cpu) && iopl(cpu) < 3 && (!(cpu->cr4 & CR4_VME) || i->osize == 4))
		x86_raise_error(i, GP, 0);
	if (is_protected(cpu) && (cpu->rflags & NT)) {
		const struct dfw_segment *tr = &cpu->seg[DFW_TR];

		if (long_mode(cpu))
			x86_raise_error(i, GP, 0);
		x86_switch_task(i, read_system(i, (uint32_t)tr->base, 2), TASK_IRET,
				i->cpu->rflags, false, 0);
		cpu->interruptibility &= ~DFW_BLOCKED_BY_NMI;
		return;
	}
	eip = pop(i, &sp, i->osize);
	selector = pop(i, &sp, i->osize);
	flags = pop(i, &sp, i->osize);
	mask = x86_popf_mask(cpu, i->osize);
	if (i->osize == 4) {
		mask |= RF;
		if (!level && is_protected(cpu))
			mask |= VIF | VIP;
	}
	if (is_protected(cpu)) {
		if ((flags & VM) && i->osize == 4 && !level) {
			iret_to_vm86(i, selector, eip, flags, sp);
			cpu->interruptibility &= ~DFW_BLOCKED_BY_NMI;
			return;
		}
		return_to(i, selector, eip, sp, 0);
	} else if (is_vm86(cpu) && iopl(cpu) < 3) {
		iret_virtual(i, selector, eip, flags, sp);
		mask = 0;
	} else {
		real_far(i, selector, eip, false);
		commit_stack(cpu, sp);
	}
	set_flags(cpu, mask, flags);
	if (i->osize == 2)
		set_flags(cpu, RF, 0);
	cpu->interruptibility &= ~DFW_BLOCKED_BY_NMI;
}

/* --- interrupts --- */

static _Noreturn void gate_fault(struct insn *i, unsigned vector, unsigned gate)
{
	x86_raise_error(i, vector, gate * 8 + 2 + i->ext);
}

/* Guests align neither stacks nor tables. */
typedef uint16_t __attribute__((aligned(1), may_alias)) guest16;
typedef uint32_t __attribute__((aligned(1), may_alias)) guest32;

static void take_real_vector(struct insn *i, uint32_t flags, uint32_t vector_address,
			     unsigned access)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t entry, sp = get_stack(cpu);
	uint32_t frame[3] = {flags, cpu->seg[DFW_CS].selector, i->eip};
	const guest32 *vector = flat_memory(i->x, i->flat_size, vector_address);
	struct dfw_segment cs;
	guest16 *slots;

	if (vector)
		entry = *vector;
	else
		x86_read_bytes(i, vector_address, &entry, 4, access);
	x86_real_segment(cpu, DFW_CS, entry >> 16, &cs);
	if ((entry & 0xffff) > cs.limit)
		x86_raise_error(i, GP, i->ext);
	slots = sp >= 6 ? x86_direct(i, DFW_SS, sp - 6, 6) : NULL;
	if (slots) {
		slots[0] = i->eip;
		slots[1] = frame[1];
		slots[2] = flags;
		sp -= 6;
	} else {
		push_frame(i, &cpu->seg[DFW_SS], &sp, 2, frame, 3, false, NULL, 0);
	}
	commit_stack(cpu, sp);
	cpu->seg[DFW_CS] = cs;
	i->eip = entry & 0xffff;
}

/* SDM vol. 3, 20.1.4. No error code is pushed. */
static void real_interrupt(struct insn *i, unsigned vector)
{
	struct dfw_cpu *cpu = i->cpu;

	if (vector * 4 + 3 > cpu->idtr.limit)
		gate_fault(i, GP, vector);
	take_real_vector(i, cpu->rflags, (uint32_t)cpu->idtr.base + vector * 4, SYSTEM);
	set_flags(cpu, IF | TF | AC | RF, 0);
}

/* IA-32e mode, SDM vol. 3, 6.14: the frame always has SS:RSP and 64-bit slots. */
static void long_interrupt(struct insn *i, unsigned vector, enum x86_event_kind kind,
			   bool has_error, uint32_t error, uint32_t flags)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t gate[4], ist, ar;
	uint64_t rsp = cpu->gpr[DFW_RSP].d, frame[6], rip;
	struct dfw_segment cs;
	struct descriptor d;
	unsigned level = cpl(cpu), target, n = 0, slots = 5 + has_error;

	if (vector * 16 + 15 > cpu->idtr.limit)
		gate_fault(i, GP, vector);
	x86_read_bytes(i, cpu->idtr.base + vector * 16, gate, 16, SYSTEM);
	ar = gate[1] >> 8 & 0xff;
	if ((ar & 0x1e) != INTERRUPT_GATE32 || (kind == X86_SOFTWARE && dpl(ar) < level))
		gate_fault(i, GP, vector);
	if (!(ar & DFW_AR_P))
		gate_fault(i, NP, vector);
	rip = (uint64_t)gate[2] << 32 | (gate[1] & 0xffff0000) | (gate[0] & 0xffff);
	target = gate_target(i, gate[0] >> 16, &d, &cs, true);
	if ((descriptor_ar(&d) & (DFW_AR_L | DFW_AR_DB)) != DFW_AR_L)
		selector_fault(i, GP, gate[0] >> 16);
	ist = gate[1] & 7;
	if (ist || target < level)
		rsp = long_stack(i, ist ? 0x1c + 8 * ist : 4 + 8 * target);
	rsp &= ~15ull;
	if (has_error)
		frame[n++] = error;
	frame[n++] = i->eip;
	frame[n++] = cpu->seg[DFW_CS].selector;
	frame[n++] = flags;
	frame[n++] = cpu->gpr[DFW_RSP].d;
	frame[n++] = cpu->seg[DFW_SS].selector;
	rsp -= 8 * slots;
	x86_write_bytes(i, rsp, frame, 8 * slots, target < 3 ? SYSTEM : 0);
	x86_set_accessed(i, &d);
	cs.access_rights |= DFW_AR_ACCESSED;
	cpu->seg[DFW_CS] = cs;
	if (target < level)
		null_stack(cpu, target);
	cpu->gpr[DFW_RSP].q = rsp;
	i->eip = rip;
	i->rip_high = rip >> 32;
	set_flags(cpu, TF | NT | RF | VM | ((ar & 1) ? 0 : IF), 0);
}

static void protected_interrupt(struct insn *i, unsigned vector, enum x86_event_kind kind,
				bool has_error, uint32_t error)
{
	struct dfw_cpu *cpu = i->cpu;
	static const uint8_t vm86_order[] = {DFW_GS, DFW_FS, DFW_DS, DFW_ES};
	uint32_t flags = cpu->rflags, ar, off, size, sp, frame[10];
	struct descriptor gate, d;
	struct dfw_segment cs, ss;
	unsigned level = cpl(cpu), target, n = 0, k;
	bool vm86 = flags & VM;

	/* SDM vol. 3, 17.3.1.1: RF is 1 in the image of a fault, except #DB, and 0 in that of a
	 * software interrupt. */
	if (kind == X86_EXCEPTION && vector != DB && vector != BP && vector != OVERFLOW)
		flags |= RF;
	if (kind == X86_SOFTWARE)
		flags &= ~RF;
	if (long_mode(cpu)) {
		long_interrupt(i, vector, kind, has_error, error, flags);
		return;
	}
	if (vector * 8 + 7 > cpu->idtr.limit)
		gate_fault(i, GP, vector);
	gate.address = (uint32_t)cpu->idtr.base + vector * 8;
	gate.low = read_system(i, gate.address, 4);
	gate.high = read_system(i, gate.address + 4, 4);
	ar = descriptor_ar(&gate);
	switch (ar & (DFW_AR_S | DFW_AR_TYPE)) {
	case TASK_GATE_TYPE:
	case INTERRUPT_GATE16:
	case TRAP_GATE16:
	case INTERRUPT_GATE32:
	case TRAP_GATE32:
		break;
	default:
		gate_fault(i, GP, vector);
	}
	if (kind == X86_SOFTWARE && dpl(ar) < level)
		gate_fault(i, GP, vector);
	if (!(ar & DFW_AR_P))
		gate_fault(i, NP, vector);
	if ((ar & DFW_AR_TYPE) == TASK_GATE_TYPE) {
		x86_switch_task(i, gate.low >> 16, TASK_GATE, flags, has_error, error);
		return;
	}
	size = ar & 8 ? 4 : 2;
	off = gate.low & 0xffff;
	if (size == 4)
		off |= gate.high & 0xffff0000;
	target = gate_target(i, gate.low >> 16, &d, &cs, true);
	if (vm86 && (target != 0 || conforming(cs.access_rights)))
		selector_fault(i, GP, gate.low >> 16);
	if (target < level) {
		uint16_t selector;

		x86_tss_stack(i, target, &selector, &sp);
		x86_check_stack(i, selector, target, TS, &ss);
		if (vm86)
			for (k = 0; k < 4; k++)
				frame[n++] = cpu->seg[vm86_order[k]].selector;
		frame[n++] = cpu->seg[DFW_SS].selector;
		frame[n++] = cpu->gpr[DFW_RSP].d;
	} else {
		ss = cpu->seg[DFW_SS];
		sp = get_stack(cpu);
	}
	frame[n++] = flags;
	frame[n++] = cpu->seg[DFW_CS].selector;
	frame[n++] = i->eip;
	if (has_error)
		frame[n++] = error;
	push_frame(i, &ss, &sp, size, frame, n, target < level, &cs, off);
	x86_set_accessed(i, &d);
	cs.access_rights |= DFW_AR_ACCESSED;
	if (vm86)
		for (k = 0; k < DFW_LDTR; k++)
			if (k != DFW_CS && k != DFW_SS) {
				cpu->seg[k].selector = 0;
				cpu->seg[k].access_rights |= DFW_AR_UNUSABLE;
			}
	set_flags(cpu, TF | NT | RF | VM | (ar & 1 ? 0 : IF), 0);
	if (target < level)
		commit_stack_segment(cpu, &ss, sp);
	else
		commit_stack(cpu, sp);
	cpu->seg[DFW_CS] = cs;
	i->eip = off;
}

void x86_interrupt(struct insn *i, unsigned vector, enum x86_event_kind kind, bool has_error,
		   uint32_t error)
{
	if (!(i->cpu->cr0 & CR0_PE))
		real_interrupt(i, vector);
	else
		protected_interrupt(i, vector, kind, has_error, error);
}

/* INT n in virtual-8086 mode, SDM vol. 3, 21.3.3. True: it was redirected to the IVT. */
static bool vm86_redirected(struct insn *i, unsigned vector)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t flags = cpu->rflags;
	bool redirect = (cpu->cr4 & CR4_VME) && !x86_io_map_bit(i, vector, 1, 32);

	if (iopl(cpu) == 3) {
		if (!redirect)
			return false;
		take_real_vector(i, flags, vector * 4, READ);
		set_flags(cpu, IF | TF | AC | RF, 0);
		return true;
	}
	if (!redirect)
		x86_raise_error(i, GP, 0);
	flags = (flags & ~IF) | IOPL | (flags & VIF ? IF : 0);
	take_real_vector(i, flags, vector * 4, READ);
	set_flags(cpu, VIF | TF | AC | RF, 0);
	return true;
}

HANDLER(int)
{
	unsigned vector = i->imm & 0xff;

	i->no_trap = true;
	if (is_vm86(i->cpu) && vm86_redirected(i, vector))
		return;
	x86_interrupt(i, vector, X86_SOFTWARE, false, 0);
}

HANDLER(int3)
{
	i->no_trap = true;
	x86_interrupt(i, BP, X86_SOFTWARE, false, 0);
}

HANDLER(into)
{
	if (!(i->cpu->rflags & OF))
		return;
	i->no_trap = true;
	x86_interrupt(i, OVERFLOW, X86_SOFTWARE, false, 0);
}

/* INT1 is a #DB that checks no DPL and leaves DR6 alone: SDM vol. 2, INT n. */
HANDLER(int1)
{
	i->no_trap = true;
	i->ext = 1;
	x86_interrupt(i, DB, X86_EXCEPTION, false, 0);
}
