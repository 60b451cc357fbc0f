/* SPDX-License-Identifier: MIT
 *
 * The run loop: looks at the guest's state and picks one of three ways to go on. Natively in
 * protected mode (leave), in virtual-8086 mode, or instruction by instruction in the interpreter.
 */
#include "vmxassist/vmxassist.h"
#include "lib/string.h"

PER_PROCESSOR struct dfw_assist_stats *stats;
PER_PROCESSOR struct monitor monitor;

#define NOWHERE 0xffffffffu

static void put(const char *s)
{
	static uint16_t column;
	volatile uint16_t *screen = (volatile uint16_t *)0xb8000;

	for (; *s; s++) {
		outb(0xe9, *s);
		if (*s != '\n' && column < 2000)
			screen[column++] = 0x4f00 | (uint8_t)*s;
	}
}

static void put_hex(uint32_t v)
{
	char text[9];

	for (int i = 7; i >= 0; i--, v >>= 4)
		text[i] = "0123456789abcdef"[v & 15];
	text[8] = 0;
	put(text);
}

void panic(const char *what, uint32_t a, uint32_t b)
{
	const struct dfw_cpu *g = &monitor.record->guest;

	put("vmxassist: ");
	put(what);
	put(" ");
	put_hex(a);
	put(" ");
	put_hex(b);
	put(", guest at ");
	put_hex(g->seg[DFW_CS].selector);
	put(":");
	put_hex(g->rip);
	put("; the machine restarts\n");
	machine_shutdown();
}

void machine_shutdown(void)
{
	static const struct __attribute__((packed)) {
		uint16_t limit;
		uint32_t base;
	} none = {0, 0};

	asm volatile("lidt %0\n\tint3" : : "m"(none));
	for (;;)
		asm volatile("hlt");
}

/* Takes what came to the guest. NMI is blocked from its delivery to the next IRET, and by MOV SS:
 * SDM vol. 3, 6.7.1 and 6.8.3. */
static __attribute__((cold, noinline)) void deliver_pending(struct monitor *m)
{
	struct dfw_cpu *cpu = &m->record->guest;

	if (m->held_nmi && !(cpu->interruptibility & DFW_BLOCKED_BY_NMI)) {
		m->held_nmi = false;
		m->pending_nmi = true;
	}
	if (m->pending_nmi && !(cpu->interruptibility & DFW_BLOCKED_BY_MOV_SS)) {
		m->pending_nmi = false;
		trace_guest(DFW_TRACE_INTERRUPT, VEC_NMI);
		deliver(m, (struct x86_event){.vector = VEC_NMI, .kind = X86_EXTERNAL});
		cpu->interruptibility |= DFW_BLOCKED_BY_NMI;
	}
	if (m->pending_irq >= 0) {
		struct x86_event irq = {.vector = m->pending_irq, .kind = X86_EXTERNAL};

		m->pending_irq = -1;
		if (m->fit.stale)
			m->irq_at = cpu->rip;
		stats->interrupts++;
		trace_guest(DFW_TRACE_INTERRUPT, irq.vector);
		deliver_and_go(m, irq);
	}
}

/* HLT: wait in ring 0. With the guest's IF=0 only NMI, INIT or a reset ends it. */
__attribute__((cold)) void monitor_halt(struct monitor *m)
{
	uint64_t start = rdtsc();

	stats->halts++;
	trace_guest(DFW_TRACE_HALT, 0);
	while (m->pending_irq < 0 && !m->pending_nmi)
		window_halt(m->record->guest.rflags & FLAG_IF);
	stats->halt_ticks += rdtsc() - start;
	trace_guest(DFW_TRACE_WAKE, 0);
}

void monitor_exception(struct monitor *m, struct x86_event event)
{
	stats->exceptions++;
	trace_guest(DFW_TRACE_EXCEPTION, event.vector);
	if (event.vector == VEC_MF && !(m->record->guest.cr0 & CR0_NE))
		x87_error(m);
	else if (event.vector == VEC_DB || m->record->guest.pending_debug)
		deliver(m, event);
	else
		deliver_and_go(m, event);
}

/* Traps after an instruction: single step, data breakpoints, a new task's T bit. MOV SS holds them off for one more: SDM vol. 3, 6.8.3. */
static __attribute__((cold, noinline)) void deliver_debug(struct monitor *m)
{
	if (!(m->record->guest.interruptibility & DFW_BLOCKED_BY_MOV_SS))
		monitor_exception(m, (struct x86_event){.vector = VEC_DB, .kind = X86_EXCEPTION});
}

static inline bool interruptible(const struct dfw_cpu *cpu)
{
	return ((uint32_t)cpu->rflags & FLAG_IF) && !(cpu->interruptibility & (DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS));
}

/* Is there an interrupt for the guest to take now? */
static __attribute__((noinline)) bool interrupted(struct monitor *m)
{
	if (m->pending_irq < 0 && interruptible(&m->record->guest))
		window_open();
	return m->pending_irq >= 0 ||
	       (m->pending_nmi && !(m->record->guest.interruptibility & DFW_BLOCKED_BY_MOV_SS));
}

/* What follows from an instruction that did more than to retire. */
static __attribute__((cold, noinline)) void finish_step(struct monitor *m, enum x86_outcome outcome)
{
	struct dfw_cpu *cpu = &m->record->guest;
	const struct x86_insn *insn = m->x86.insn;

	switch (outcome) {
	case X86_DONE:
	case X86_REPEAT:
		break;
	case X86_HALTED:
		if (!cpu->pending_debug)
			monitor_halt(m);
		break;
	case X86_FAULT:
		if (!insn->known) {
			stats->holes++;
			stats->hole_last = insn->row;
		}
		monitor_exception(m, m->x86.event);
		break;
	case X86_SHUTDOWN:
		machine_shutdown();
	}
	if (cpu->pending_debug)
		deliver_debug(m);
}

/* The rest of a REP form, up to an interrupt. */
static __attribute__((cold, noinline)) enum x86_outcome repeat(struct monitor *m)
{
	enum x86_outcome outcome = X86_REPEAT;

	while (outcome == X86_REPEAT && !m->record->guest.pending_debug && !interrupted(m))
		outcome = x86_step_caught(&m->x86);
	return outcome;
}

static inline __attribute__((always_inline)) void count(const struct monitor *m, bool interpreting)
{
	unsigned row = m->x86.insn->row;

	if (interpreting) {
		stats->interpreted_total++;
		stats->interpreted[row]++;
	} else {
		stats->trapped_total++;
		stats->trapped[row]++;
	}
}

/* What an instruction has left behind that seldom leaves anything. */
static __attribute__((cold, noinline)) void look_after(struct monitor *m, bool fault)
{
	if (x87_ignores_errors())
		x87_update(m);
	trace(m->interpreting ? DFW_TRACE_INTERPRETED : DFW_TRACE_TRAPPED, m->x86.insn->row,
	      fault ? 0x100 | m->x86.event.vector : 0, m->from_cs, m->from_ip);
}

/* One instruction in the interpreter; what it may have changed, in the end. trapped: VM86 has refused it, and
 * nothing is special. */
static inline __attribute__((always_inline)) enum x86_changes step(struct monitor *m, bool trapped)
{
	enum x86_outcome outcome;

	if (!trapped && __builtin_expect(m->traced, 0)) {
		m->from_cs = m->guest->seg[DFW_CS].selector;
		m->from_ip = m->guest->rip;
	}
	outcome = x86_step_caught(&m->x86);
	if (__builtin_expect(outcome == X86_REPEAT, 0))
		outcome = repeat(m);
	count(m, !trapped && m->interpreting);
	if (!trapped && __builtin_expect(m->special, 0))
		look_after(m, false);
	if (__builtin_expect(outcome == X86_DONE && !(uint32_t)m->guest->pending_debug, 1))
		return m->x86.insn->changes;
	finish_step(m, outcome);
	return X86_CHANGES_ALL;
}

/* Where faults in step() and repeat() go. */
static __attribute__((cold, noinline)) _Noreturn void faulted(void)
{
	struct monitor *m = &monitor;

	count(m, m->interpreting);
	if (m->special)
		look_after(m, true);
	else if (!m->interpreting && !((uint32_t)m->guest->cr0 & CR0_PE) /* it came from VM86 */ &&
		 !(uint32_t)m->guest->pending_debug && m->x86.insn->known)
		reflect_fault(m, m->x86.event.vector);
	finish_step(m, X86_FAULT);
	monitor_run(m);
}

/* Goes on in VM86 if it can, all of the way or for a stretch. */
static void run_in_vm86(struct monitor *m, bool same)
{
	enum { ALL_SEGMENTS = (2 << DFW_GS) - 1 };
	const struct dfw_cpu *cpu = &m->record->guest;

	/* IRET to VM86 would let an interrupt in between MOV SS and MOV SP */
	if ((cpu->interruptibility & (DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS)) &&
	    ((cpu->rflags & (FLAG_IF | FLAG_TF)) || (cpu->dr7 & DR7_ENABLES) || m->pending_nmi))
		return;
	if ((uint32_t)cpu->rip > 0xffff)
		return;
	if (!m->fit_known) {
		if (cpu->seg[DFW_CS].access_rights & DFW_AR_DB)
			return;
		m->fit = vm86_fit(cpu, ALL_SEGMENTS);
		m->fit_known = true;
		m->fit_again = cpu->seg[DFW_SS].access_rights & DFW_AR_DB ? 1 << DFW_SS : 0;
	} else {
		unsigned look = m->fit_again | (same ? 0 : m->fit.stale);
		struct vm86_fit fit;

		if (look) {
			fit = vm86_fit(cpu, look);
			m->fit.stale = (m->fit.stale & ~look) | fit.stale;
			m->fit.broken = (m->fit.broken & ~look) | fit.broken;
		}
	}
	if (m->fit.stale) {
		stretch_run(m, m->fit);
		return;
	}
	vm86_resume(m, cpu->seg[DFW_CS].selector, cpu->rip);
}

/* same: segments are what they were at the last look. first: one instruction before anything else; irq_at is
 * another's, of code that an interrupt has left. */
static _Noreturn void go_on(struct monitor *m, bool same, bool first)
{
	struct dfw_cpu *cpu = m->guest;

	for (;; first = false) {
		if (__builtin_expect(first, 0))
			goto step;
		if (__builtin_expect(m->pending_irq >= 0 || m->pending_nmi || m->held_nmi, 0)) {
			deliver_pending(m);
			same = false;
		}
		if (__builtin_expect(m->irq_at == (uint32_t)cpu->rip, 0)) {
			/* One instruction first. */
			m->irq_at = NOWHERE;
		} else {
			if (!((uint32_t)cpu->cr0 & CR0_PE))
				run_in_vm86(m, same);
			else if (world_enterable(cpu) && world_can_leave(m))
				world_leave(m);
			if (interrupted(m))
				continue;
		}
	step:
		stats->interpreted_protected += (uint32_t)cpu->cr0 & CR0_PE;
		do
			same = step(m, false) < X86_CHANGES_ALL;
		while (same && !m->special && !((uint32_t)cpu->cr0 & CR0_PE) && stretch_none(m) &&
		       m->irq_at != (uint32_t)cpu->rip &&
		       !((uint32_t)cpu->rflags & FLAG_IF ? interrupted(m) : m->pending_nmi));
		m->interpreting = true;
	}
}

void monitor_run(struct monitor *m)
{
	m->interpreting = true;
	go_on(m, false, false);
}

void monitor_emulate(struct monitor *m)
{
	vm86_load(m);
	m->interpreting = false;
	go_on(m, false, true);
}

/* monitor_emulate, and straight back to VM86 in nearly every case. */
void trap_gp(void)
{
	struct monitor *m = &monitor;
	const struct dfw_cpu *cpu = m->guest;
	enum x86_changes changes;

	if (__builtin_expect(m->stretch || m->special, 0))
		trap_gp_specially();
	load_from_vm86(m, false);
	m->interpreting = false;
	changes = step(m, true);
	if (__builtin_expect(changes < X86_CHANGES_ALL && (uint32_t)cpu->rip <= 0xffff, 1) &&
	    !(m->fit_again && cpu->gpr[DFW_RSP].d > 0xffff) &&
	    (changes == X86_CHANGES_NOTHING || !((uint32_t)cpu->cr0 & CR0_PE))) {
		if (changes)
			vm86_redirect(m);
		store_to_vm86(m, cpu->rip);
		vm86_go();
	}
	monitor_run(m);
}

void monitor_stretch_ended(struct monitor *m)
{
	vm86_load(m);
	m->guest->rflags &= ~(uint64_t)FLAG_RF;
	m->guest->interruptibility |= m->shadow;
	m->interpreting = true;
	go_on(m, true, false);
}

/* A task gate's event is delivered as any other; CALL, JMP, IRET and INT n are still ahead. */
static __attribute__((cold)) void task_switch(struct monitor *m)
{
	struct dfw_cpu *cpu = &m->record->guest;
	bool software = (cpu->event >> 8 & 7) >= 4;

	if (cpu->event >> 31 && !software)
		return;
	cpu->event = 0;
	m->interpreting = false;
	step(m, false);
}

__attribute__((cold)) void monitor_invoked(void)
{
	struct monitor *m = &monitor;
	struct dfw_cpu *cpu;

	if (X86_CATCH(&m->x86))
		faulted();
	m->pending_irq = -1;
	m->irq_at = NOWHERE;
	cpu = m->guest;
	stats->invokes++;
	memset(m->no_stretch, 0, sizeof(m->no_stretch));
	trace_guest(DFW_TRACE_INVOKE, m->record->reason);
	vm86_init(m);
	world_sync_cr0(cpu);
	world_sync_cr4(cpu);
	if (cpu->dr7 & DR7_ENABLES)
		world_sync_debug(cpu);
	if (cpu->debugctl)
		wrmsr_safe(MSR_DEBUGCTL, cpu->debugctl, cpu->debugctl >> 32);

	switch (m->record->reason) {
	case DFW_INVOKE_START:
		/* What began it all lies in the stack's page: as long as an emulator has translations of it (QEMU),
		 * each push would take it a look whether they are still right. */
		memset(start_up, 0, start_up_end - start_up);
		__attribute__((fallthrough));
	case DFW_INVOKE_RESET:
		/* the reset vector is run from its shadow below 1 MiB: above it lies the host's ROM */
		cpu->seg[DFW_CS].base = (uint32_t)cpu->seg[DFW_CS].selector << 4;
		break;
	case DFW_INVOKE_TASK_SWITCH:
		task_switch(m);
		break;
	}
	if (cpu->event >> 31) {
		struct x86_event event = {
			.vector = cpu->event,
			.kind = (cpu->event >> 8 & 7) == 3 ? X86_EXCEPTION
				: (cpu->event >> 8 & 7) >= 4 ? X86_SOFTWARE : X86_EXTERNAL,
			.has_error = cpu->event >> 11 & 1,
			.error = cpu->event_error,
			.cr2 = cpu->cr2,
		};

		bool nmi = (cpu->event >> 8 & 7) == 2;

		cpu->event = 0;
		deliver(m, event);
		if (nmi)
			cpu->interruptibility |= DFW_BLOCKED_BY_NMI;
	}
	if (cpu->pending_debug)
		deliver_debug(m);
	if (cpu->activity == DFW_HLT) {
		cpu->activity = DFW_ACTIVE;
		monitor_halt(m);
	}
	monitor_run(m);
}
