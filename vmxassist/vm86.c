/* SPDX-License-Identifier: MIT
 *
 * Virtual-8086 mode: when it can hold the guest's state, and the way into it. SDM vol. 3, 20.2
 * and 20.3.
 */
#include "vmxassist/vmxassist.h"
#include "lib/string.h"

/* Opens every port but those of x87_error.c. */
START_UP uint64_t vm86_tss_init(struct tss *tss)
{
	uint64_t base = (uint32_t)tss;

	memset(tss, 0, sizeof(*tss));
	tss->esp0 = (uint32_t)stack_top;
	tss->ss0 = SEL_DATA;
	tss->io_map = offsetof(struct tss, io);
	tss->terminator = 0xff;
	for (unsigned n = 0; n < sizeof(x87_ports); n++)
		tss->io[x87_ports[n] / 8] |= 1u << x87_ports[n] % 8;
	return (sizeof(*tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24) << 56;
}

extern struct frame vm86_frame; /* vmxassist.lds.S */
_Static_assert(sizeof(struct frame) == 76, "vmxassist.lds.S");

struct vm86_fit vm86_fit(const struct dfw_cpu *cpu, unsigned candidates)
{
	const uint32_t bits = DFW_AR_UNUSABLE | DFW_AR_P | DFW_AR_S | DFW_AR_CODE | DFW_AR_EXPAND | DFW_AR_WRITABLE;
	const uint32_t want = DFW_AR_P | DFW_AR_S | DFW_AR_WRITABLE;
	const struct dfw_segment *s = cpu->seg;
	unsigned stale = 0, broken = 0;

	for (unsigned bit = 1; bit <= candidates; bit <<= 1, s++) {
		if (!(candidates & bit))
			continue;
		if (s->limit < 0xffff || ((s->access_rights & bits) != want && bit != 1 << DFW_CS))
			broken |= bit;
		if (s->base != (uint32_t)s->selector << 4)
			stale |= bit;
	}
	/* VM86 pushes by SP. A stale 32-bit stack segment pushes by ESP, which is the same as long as ESP
	 * has no high half: no guest lives through a wrap there, it would be #SS. */
	if ((candidates & 1 << DFW_SS) && (cpu->seg[DFW_SS].access_rights & DFW_AR_DB) && cpu->gpr[DFW_RSP].d > 0xffff)
		broken |= 1 << DFW_SS;
	return (struct vm86_fit){.stale = stale | broken, .broken = broken};
}

/* The high half is zero already. */
static inline void set_low(uint64_t *to, uint32_t value)
{
	*(uint32_t *)to = value;
}

static inline void load_segment(struct dfw_segment *s, const uint32_t *pushed)
{
	uint32_t selector = *(const uint16_t *)pushed;

	s->selector = selector;
	set_low(&s->base, selector << 4);
}

/* All but those whose bases are the record's. */
static __attribute__((cold, noinline)) void load_segments(struct dfw_segment *s, const struct frame *f, unsigned stale)
{
	const uint32_t *const pushed[] = {[DFW_ES] = &f->es, [DFW_CS] = &f->cs, [DFW_SS] = &f->ss,
					  [DFW_DS] = &f->ds, [DFW_FS] = &f->fs, [DFW_GS] = &f->gs};

	for (unsigned n = DFW_ES; n <= DFW_GS; n++)
		if (!(stale >> n & 1))
			load_segment(&s[n], pushed[n]);
}

void vm86_load(struct monitor *m)
{
	struct dfw_cpu *cpu = &m->record->guest;
	struct dfw_segment *cs = &cpu->seg[DFW_CS];
	const struct frame *f = m->vm86_frame;

	cpu->gpr[DFW_RAX].d = f->eax;
	cpu->gpr[DFW_RCX].d = f->ecx;
	cpu->gpr[DFW_RDX].d = f->edx;
	cpu->gpr[DFW_RBX].d = f->ebx;
	cpu->gpr[DFW_RSP].d = f->esp;
	cpu->gpr[DFW_RBP].d = f->ebp;
	cpu->gpr[DFW_RSI].d = f->esi;
	cpu->gpr[DFW_RDI].d = f->edi;
	set_low(&cpu->rip, f->eip);
	set_low(&cpu->rflags, (f->eflags & ~(FLAG_VM | FLAG_IOPL)) | (cpu->rflags & FLAG_IOPL));
	if (!(m->stale >> DFW_CS & 1)) /* as x86_real_segment in the interpreter */
		cs->access_rights = (cs->access_rights & ~(uint32_t)(DFW_AR_TYPE | DFW_AR_DPL)) | 3;
	if (m->stale) {
		load_segments(cpu->seg, f, m->stale);
	} else {
		load_segment(&cpu->seg[DFW_ES], &f->es);
		load_segment(&cpu->seg[DFW_CS], &f->cs);
		load_segment(&cpu->seg[DFW_SS], &f->ss);
		load_segment(&cpu->seg[DFW_DS], &f->ds);
		load_segment(&cpu->seg[DFW_FS], &f->fs);
		load_segment(&cpu->seg[DFW_GS], &f->gs);
	}
	cpu->interruptibility &= DFW_BLOCKED_BY_NMI;
}

static inline __attribute__((always_inline)) void store_registers(const struct monitor *m,
								  const struct dfw_cpu *cpu, struct frame *f, uint32_t ip)
{
	f->eax = cpu->gpr[DFW_RAX].d;
	f->ecx = cpu->gpr[DFW_RCX].d;
	f->edx = cpu->gpr[DFW_RDX].d;
	f->ebx = cpu->gpr[DFW_RBX].d;
	f->esp = cpu->gpr[DFW_RSP].d;
	f->ebp = cpu->gpr[DFW_RBP].d;
	f->esi = cpu->gpr[DFW_RSI].d;
	f->edi = cpu->gpr[DFW_RDI].d;
	f->eip = ip;
	f->eflags = ((uint32_t)cpu->rflags & ~(uint32_t)FLAG_IOPL) | m->vm86_flags;
}

void vm86_continue(struct monitor *m)
{
	const struct dfw_cpu *cpu = m->x86.cpu;
	struct frame *f = m->vm86_frame;

	store_registers(m, cpu, f, cpu->rip);
	stats->vm86_entries++;
	trace_guest(DFW_TRACE_VM86, 0);
	vm86_enter(f);
}

void vm86_store(struct monitor *m, uint16_t cs, uint16_t ip)
{
	const struct dfw_cpu *cpu = &m->record->guest;
	struct frame *f = m->vm86_frame;
	bool redirect = !(uint32_t)cpu->idtr.base && cpu->idtr.limit >= 0x3ff;
	bool traps_iret = cpu->interruptibility & DFW_BLOCKED_BY_NMI; /* IRET ends that */

	if (traps_iret != m->traps_iret) {
		m->traps_iret = traps_iret;
		world_sync_cr4(cpu);
	}
	if (redirect != m->redirect) {
		m->redirect = redirect;
		memset(m->tss->redirection, redirect ? 0 : 0xff, sizeof(m->tss->redirection));
	}
	m->vm86_flags = FLAG_VM | (traps_iret || (header.flags & DFW_ASSIST_IOPL0) ? 0 : FLAG_IOPL);
	store_registers(m, cpu, f, ip);
	f->cs = cs;
	f->ss = cpu->seg[DFW_SS].selector;
	f->ds = cpu->seg[DFW_DS].selector;
	f->es = cpu->seg[DFW_ES].selector;
	f->fs = cpu->seg[DFW_FS].selector;
	f->gs = cpu->seg[DFW_GS].selector;
	m->stale = 0;
	stats->vm86_entries++;
	trace_guest(m->stretch ? DFW_TRACE_STRETCH : DFW_TRACE_VM86, 0);
}

void vm86_resume(struct monitor *m, uint16_t cs, uint16_t ip)
{
	vm86_store(m, cs, ip);
	vm86_enter(m->vm86_frame);
}

void vm86_init(struct monitor *m)
{
	m->vm86_frame = &vm86_frame;
	m->redirect = m->traps_iret = false;
	m->stretch = NULL;
	m->stale = 0;
	m->fit_known = false;
	memset(m->tss->redirection, 0xff, sizeof(m->tss->redirection));
}
