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

_Static_assert(sizeof(struct frame) == 76 && offsetof(struct frame, eip) == 40, "vmxassist.lds.S, entry.S");
_Static_assert(offsetof(struct monitor, guest) == MONITOR_GUEST && sizeof(union dfw_reg) == 8, "entry.S");

struct vm86_fit vm86_fit(const struct dfw_cpu *cpu, unsigned candidates)
{
	const uint32_t bits = DFW_AR_UNUSABLE | DFW_AR_P | DFW_AR_S | DFW_AR_CODE | DFW_AR_EXPAND | DFW_AR_WRITABLE;
	const uint32_t want = DFW_AR_P | DFW_AR_S | DFW_AR_WRITABLE;
	unsigned stale = 0, broken = 0;

	for (unsigned left = candidates; left; left &= left - 1) {
		unsigned n = __builtin_ctz(left), bit = 1u << n;
		const struct dfw_segment *s = &cpu->seg[n];

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

/* All but those whose bases are the record's. */
void vm86_load_segments(struct monitor *m)
{
	struct dfw_segment *s = m->guest->seg;
	const struct frame *f = &vm86_frame;
	const uint32_t pushed[] = {[DFW_ES] = f->es, [DFW_CS] = f->cs, [DFW_SS] = f->ss,
				   [DFW_DS] = f->ds, [DFW_FS] = f->fs, [DFW_GS] = f->gs};

	for (unsigned n = DFW_ES; n <= DFW_GS; n++)
		if (!(m->stale >> n & 1)) {
			s[n].selector = pushed[n];
			set_low(&s[n].base, (uint32_t)s[n].selector << 4);
		}
}

void vm86_load_registers(const struct frame *f)
{
	union dfw_reg *r = monitor.guest->gpr;

	r[DFW_RAX].d = f->eax;
	r[DFW_RCX].d = f->ecx;
	r[DFW_RDX].d = f->edx;
	r[DFW_RBX].d = f->ebx;
	r[DFW_RBP].d = f->ebp;
	r[DFW_RSI].d = f->esi;
	r[DFW_RDI].d = f->edi;
}

void vm86_load(struct monitor *m)
{
	load_from_vm86(m, true);
}

void vm86_redirect(struct monitor *m)
{
	const struct dfw_cpu *cpu = m->guest;
	bool redirect = !(uint32_t)cpu->idtr.base && cpu->idtr.limit >= 0x3ff;

	if (redirect != m->redirect) {
		m->redirect = redirect;
		memset(m->tss->redirection, redirect ? 0 : 0xff, sizeof(m->tss->redirection));
	}
}

void vm86_store(struct monitor *m, uint16_t cs, uint16_t ip)
{
	struct dfw_cpu *cpu = m->guest;
	struct frame *f = &vm86_frame;
	bool traps_iret = cpu->interruptibility & DFW_BLOCKED_BY_NMI; /* IRET ends that */

	if (traps_iret != m->traps_iret) {
		m->traps_iret = traps_iret;
		world_sync_cr4(cpu);
	}
	vm86_redirect(m);
	m->vm86_flags = FLAG_VM | (traps_iret || (header.flags & DFW_ASSIST_IOPL0) ? 0 : FLAG_IOPL);
	store_to_vm86(m, ip);
	f->cs = cs;
	f->ss = cpu->seg[DFW_SS].selector;
	f->ds = cpu->seg[DFW_DS].selector;
	f->es = cpu->seg[DFW_ES].selector;
	f->fs = cpu->seg[DFW_FS].selector;
	f->gs = cpu->seg[DFW_GS].selector;
	m->stale = 0;
	cpu->interruptibility &= DFW_BLOCKED_BY_NMI;
	if (!m->stretch) /* as x86_real_segment in the interpreter */
		cpu->seg[DFW_CS].access_rights = (cpu->seg[DFW_CS].access_rights & ~(uint32_t)(DFW_AR_TYPE | DFW_AR_DPL)) | 3;
	trace_guest(m->stretch ? DFW_TRACE_STRETCH : DFW_TRACE_VM86, 0);
}

void vm86_resume(struct monitor *m, uint16_t cs, uint16_t ip)
{
	vm86_store(m, cs, ip);
	vm86_go();
}

void vm86_init(struct monitor *m)
{
	m->redirect = m->traps_iret = false;
	m->stretch = NULL;
	m->stale = 0;
	m->traced = tracing();
	m->fit_known = false;
	memset(m->tss->redirection, 0xff, sizeof(m->tss->redirection));
}
