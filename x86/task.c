/* SPDX-License-Identifier: MIT
 *
 * Task switches between 16- and 32-bit TSSs, SDM vol. 3, 7.2 and 7.3. What fails before the new
 * task's registers are loaded is a fault of the old task; what fails later, of the new one.
 */
#include "internal.h"

enum { TSS_BUSY = 2, TSS_WIDE = 8 };

/* The fields of a TSS, in words or doublewords: SDM vol. 3, figures 7-2 and 7-10. */
struct layout {
	uint8_t size;     /* of a register */
	uint8_t ip;       /* offset of EIP; EFLAGS and the eight registers follow */
	uint8_t segments; /* offset of ES, CS, SS, DS (FS, GS) */
	uint8_t count;    /* of segments */
	uint8_t ldt;
	uint8_t last;     /* the least limit */
};

static const struct layout layouts[2] = {
	{2, 0x0e, 0x22, 4, 0x2a, 0x2b},
	{4, 0x20, 0x48, 6, 0x60, 0x67},
};

static const struct layout *layout(uint32_t ar)
{
	return &layouts[ar & TSS_WIDE ? 1 : 0];
}

static _Noreturn void task_fault(struct insn *i, unsigned vector, uint16_t selector)
{
	x86_raise_error(i, vector, (selector & ~3u) | i->ext);
}

static void set_busy(struct insn *i, uint16_t selector, bool busy)
{
	uint32_t at = (uint32_t)i->cpu->gdtr.base + (selector & ~7u) + 5;
	uint32_t type = read_system(i, at, 1);

	write_system(i, at, 1, busy ? type | TSS_BUSY : type & ~(unsigned)TSS_BUSY);
}

static void save_task(struct insn *i, const struct dfw_segment *tr, uint32_t flags)
{
	const struct dfw_cpu *cpu = i->cpu;
	const struct layout *l = layout(tr->access_rights);
	uint32_t base = tr->base;
	unsigned n;

	write_system(i, base + l->ip, l->size, i->eip);
	write_system(i, base + l->ip + l->size, l->size, flags);
	for (n = 0; n < 8; n++)
		write_system(i, base + l->ip + (2 + n) * l->size, l->size, cpu->gpr[n].d);
	for (n = 0; n < l->count; n++)
		write_system(i, base + l->segments + n * l->size, 2, cpu->seg[n].selector);
}

/* The new task's segments are checked at its own privilege, as parts of the switch: #TS. */
static void load_data_segment(struct insn *i, unsigned n, uint16_t selector, unsigned level)
{
	struct dfw_segment *s = &i->cpu->seg[n];
	struct descriptor d;
	uint32_t ar;

	if (!(selector & ~3u))
		return;
	x86_read_descriptor(i, selector, &d, TS);
	ar = descriptor_ar(&d);
	if (!(ar & DFW_AR_S) || (ar & (DFW_AR_CODE | DFW_AR_WRITABLE)) == DFW_AR_CODE)
		task_fault(i, TS, selector);
	if ((ar & (DFW_AR_CODE | DFW_AR_EXPAND)) != (DFW_AR_CODE | DFW_AR_EXPAND) &&
	    (level > dpl(ar) || (selector & 3u) > dpl(ar)))
		task_fault(i, TS, selector);
	if (!(ar & DFW_AR_P))
		task_fault(i, NP, selector);
	x86_set_accessed(i, &d);
	x86_unpack(&d, selector, s);
}

static void load_code_segment(struct insn *i, uint16_t selector)
{
	struct descriptor d;
	uint32_t ar;

	if (!(selector & ~3u))
		task_fault(i, TS, selector);
	x86_read_descriptor(i, selector, &d, TS);
	ar = descriptor_ar(&d);
	if ((ar & (DFW_AR_S | DFW_AR_CODE)) != (DFW_AR_S | DFW_AR_CODE))
		task_fault(i, TS, selector);
	if (ar & DFW_AR_EXPAND ? dpl(ar) > (selector & 3u) : dpl(ar) != (selector & 3u))
		task_fault(i, TS, selector);
	if (!(ar & DFW_AR_P))
		task_fault(i, NP, selector);
	x86_set_accessed(i, &d);
	x86_unpack(&d, selector, &i->cpu->seg[DFW_CS]);
}

static void load_ldt(struct insn *i, uint16_t selector)
{
	struct dfw_segment *s = &i->cpu->seg[DFW_LDTR];
	struct descriptor d;
	uint32_t ar;

	s->selector = selector;
	s->access_rights |= DFW_AR_UNUSABLE;
	if (!(selector & ~3u))
		return;
	if (selector & 4)
		task_fault(i, TS, selector);
	x86_read_descriptor(i, selector, &d, TS);
	ar = descriptor_ar(&d);
	if ((ar & (DFW_AR_S | DFW_AR_TYPE)) != 2 || !(ar & DFW_AR_P))
		task_fault(i, TS, selector);
	x86_unpack(&d, selector, s);
}

void x86_switch_task(struct insn *i, uint16_t selector, unsigned source, uint32_t flags, bool has_error,
		     uint32_t error)
{
	struct dfw_cpu *cpu = i->cpu;
	struct dfw_segment old = cpu->seg[DFW_TR], tr;
	uint32_t regs[10], cr3 = cpu->cr3, ar, debug_trap = 0, sp;
	uint16_t segments[6] = {0}, ldt;
	const struct layout *l;
	struct descriptor d;
	struct place p;
	unsigned n, level;

	if (!(selector & ~3u) || (selector & 4))
		task_fault(i, source == TASK_IRET ? TS : GP, selector);
	x86_read_descriptor(i, selector, &d, source == TASK_IRET ? TS : GP);
	ar = descriptor_ar(&d);
	/* available: types 1, 9; busy, for IRET: 3, 11 */
	if ((ar & (DFW_AR_S | (DFW_AR_TYPE & ~TSS_WIDE))) != (source == TASK_IRET ? 3 : 1))
		task_fault(i, source == TASK_IRET ? TS : GP, selector);
	if (!(ar & DFW_AR_P))
		task_fault(i, NP, selector);
	x86_unpack(&d, selector, &tr);
	l = layout(ar);
	if (tr.limit < l->last)
		task_fault(i, TS, selector);

	/* Page faults of either TSS come before anything changes. */
	x86_place(i, &p, (uint32_t)old.base, layout(old.access_rights)->last + 1, SYSTEM | WRITE);
	x86_place(i, &p, (uint32_t)tr.base, l->last + 1, SYSTEM);
	if (source == TASK_CALL || source == TASK_GATE) /* the link */
		x86_place(i, &p, (uint32_t)tr.base, 2, SYSTEM | WRITE);

	if (l->size == 4 && (cpu->cr0 & CR0_PG))
		cr3 = read_system(i, (uint32_t)tr.base + 0x1c, 4);
	for (n = 0; n < 10; n++)
		regs[n] = read_system(i, (uint32_t)tr.base + l->ip + n * l->size, l->size);
	for (n = 0; n < l->count; n++)
		segments[n] = read_system(i, (uint32_t)tr.base + l->segments + n * l->size, 2);
	ldt = read_system(i, (uint32_t)tr.base + l->ldt, 2);
	if (l->size == 4)
		debug_trap = read_system(i, (uint32_t)tr.base + 0x64, 1) & 1;

	if (source == TASK_JMP || source == TASK_IRET)
		set_busy(i, old.selector, false);
	save_task(i, &old, source == TASK_IRET ? flags & ~NT : flags);
	if (source == TASK_CALL || source == TASK_GATE) {
		write_system(i, (uint32_t)tr.base, 2, old.selector);
		regs[1] |= NT;
	}
	if (source != TASK_IRET)
		set_busy(i, selector, true);

	/* From here on the new task is what a fault is reported in. */
	tr.access_rights |= TSS_BUSY;
	cpu->seg[DFW_TR] = tr;
	cpu->cr0 |= CR0_TS;
	if (cr3 != cpu->cr3) {
		cpu->cr3 = cr3;
		if ((cpu->cr4 & CR4_PAE) && !x86_load_pdptes(i, cr3, cpu->cr4))
			task_fault(i, TS, selector);
		x86_control_written(i, 3);
	}
	cpu->rip = i->eip = regs[0];
	i->keep_rf = true;
	i->no_trap = true;
	set_flags(cpu, l->size == 4 ? FLAGS_KNOWN : 0xffff & FLAGS_KNOWN, regs[1]);
	if (l->size == 2)
		set_flags(cpu, VM | RF, 0);
	for (n = 0; n < 8; n++)
		cpu->gpr[n].d = l->size == 4 ? regs[2 + n] : regs[2 + n] | 0xffff0000;
	/* SDM vol. 3, 17.2.4: local breakpoints belong to a task. */
	cpu->dr7 &= ~(uint64_t)0x155;
	for (n = 0; n < 6; n++) {
		cpu->seg[n].selector = segments[n];
		if (!(cpu->rflags & VM))
			cpu->seg[n].access_rights |= DFW_AR_UNUSABLE;
	}
	/* CPL is CS.RPL until SS is there. */
	level = segments[DFW_CS] & 3;
	cpu->seg[DFW_SS].access_rights =
		(cpu->seg[DFW_SS].access_rights & ~(uint32_t)DFW_AR_DPL) |
		level << DFW_AR_DPL_SHIFT;
	load_ldt(i, ldt);
	if (cpu->rflags & VM) {
		for (n = 0; n < 6; n++)
			x86_real_segment(cpu, n, segments[n], &cpu->seg[n]);
	} else {
		load_code_segment(i, segments[DFW_CS]);
		x86_check_stack(i, segments[DFW_SS], level, TS, &cpu->seg[DFW_SS]);
		load_data_segment(i, DFW_ES, segments[DFW_ES], level);
		load_data_segment(i, DFW_DS, segments[DFW_DS], level);
		load_data_segment(i, DFW_FS, segments[DFW_FS], level);
		load_data_segment(i, DFW_GS, segments[DFW_GS], level);
	}
	if (has_error) {
		sp = get_stack(cpu);
		push(i, &sp, l->size, error);
		commit_stack(cpu, sp);
	}
	if (i->eip > cpu->seg[DFW_CS].limit)
		x86_raise_error(i, GP, i->ext);
	if (debug_trap)
		cpu->pending_debug |= DR6_BT;
}
