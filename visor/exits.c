/* SPDX-License-Identifier: MIT
 *
 * The loop that runs the guest, and what each exit does.
 */
#include "lib/string.h"
#include "visor/assist_switch.h"
#include "visor/visor.h"

struct dfw_visor_stats stats = {.magic = DFW_VISOR_STATS_MAGIC, .size = sizeof(stats)};

enum { PENDING_BS = 1 << 14, DEBUGCTL_BTF = 1 << 1 };

/* Moves RIP past the instruction that exited, as if it had run: the STI and MOV SS shadows end,
 * and a single-step trap becomes pending (SDM vol. 3, 33.3.3). */
void skip_instruction(void)
{
	uint64_t rip = vmread(GUEST_RIP) + vmread(EXIT_LENGTH);
	uint32_t shadow = vmread(GUEST_INTERRUPTIBILITY);

	vmwrite(GUEST_RIP, in_64bit_mode() ? rip : (uint32_t)rip);
	if (shadow & (DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS))
		vmwrite(GUEST_INTERRUPTIBILITY,
			shadow & ~(DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS));
	if (vmread(GUEST_RFLAGS) & RFLAGS_TF && !(vmread(GUEST_DEBUGCTL) & DEBUGCTL_BTF))
		vmwrite(GUEST_PENDING_DEBUG, vmread(GUEST_PENDING_DEBUG) | PENDING_BS);
}

/* Raises an exception at the present instruction; error counts for those that have one. */
void inject(struct vcpu *v, enum vector vector, uint32_t error)
{
	bool has_error = vector == VECTOR_DF || (vector >= 10 && vector <= VECTOR_PF);

	/* no error code in real mode, SDM vol. 3, 26.2.1.3 */
	has_error &= !!(vmread(GUEST_CR0) & CR0_PE);
	vmwrite(ENTRY_EVENT, EVENT_VALID | EVENT_EXCEPTION | vector | (has_error ? EVENT_ERROR : 0));
	vmwrite(ENTRY_EVENT_ERROR, error);
}

static void handle_triple_fault(struct vcpu *v);

/* SDM vol. 3, table 6-5 */
void inject_page_fault(struct vcpu *v, uint64_t linear, uint32_t error)
{
	uint32_t event = vmread(IDT_VECTORING);
	bool first = event & EVENT_VALID && (event & EVENT_TYPE) == EVENT_EXCEPTION;

	write_cr2(linear);
	if (first && (event & 0xff) == VECTOR_DF)
		handle_triple_fault(v);
	else if (first && (event & 0xff) == VECTOR_PF)
		inject(v, VECTOR_DF, 0);
	else
		inject(v, VECTOR_PF, error);
}

/* What was being delivered when the exit came has to be delivered again. */
static void redeliver(void)
{
	uint32_t event = vmread(IDT_VECTORING);

	if (!(event & EVENT_VALID))
		return;
	vmwrite(ENTRY_EVENT, event & ~EVENT_NMI_UNBLOCKING);
	if ((event & EVENT_TYPE) == EVENT_NMI) /* VM entry wants it unblocked, SDM vol. 3, 26.3.1.5 */
		vmwrite(GUEST_INTERRUPTIBILITY,
			vmread(GUEST_INTERRUPTIBILITY) & ~(uint64_t)DFW_BLOCKED_BY_NMI);
	if (event & EVENT_ERROR)
		vmwrite(ENTRY_EVENT_ERROR, vmread(IDT_VECTORING_ERROR));
	if ((event & EVENT_TYPE) >= EVENT_SOFTWARE)
		vmwrite(ENTRY_EVENT_LENGTH, vmread(EXIT_LENGTH));
}

/* At an exit like a fault's, the instruction has not run: no single-step trap of it can be
 * pending, though Bochs 2.7 says so whenever TF is set. (Behind MOV SS it can be an older one.) */
static void drop_step_trap(void)
{
	uint64_t pending = vmread(GUEST_PENDING_DEBUG);

	if (pending & PENDING_BS && !(vmread(GUEST_INTERRUPTIBILITY) & DFW_BLOCKED_BY_MOV_SS))
		vmwrite(GUEST_PENDING_DEBUG, pending & ~(uint64_t)PENDING_BS);
}

/* An NMI that came while visor ran, or by an exit; if it cannot be taken now it waits for a later exit. */
static void deliver_nmi(struct vcpu *v)
{
	const uint32_t blocked = DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS | DFW_BLOCKED_BY_NMI;

	if (vmread(ENTRY_EVENT) & EVENT_VALID || vmread(GUEST_INTERRUPTIBILITY) & blocked) {
		if (vcpu_count > 1 && !nmis_unblocked)
			vmwrite(PROC_CONTROLS, vmread(PROC_CONTROLS) | PROC_NMI_WINDOW);
		return;
	}
	vmwrite(ENTRY_EVENT, EVENT_VALID | (nmis_unblocked ? EVENT_EXCEPTION : EVENT_NMI) | VECTOR_NMI);
	v->nmi_pending = false;
}

void *assist_memory(void)
{
	return phys(DFW_VMXASSIST);
}

void block_nmi_again(void)
{
	if (!nmis_unblocked)
		vmwrite(GUEST_INTERRUPTIBILITY, vmread(GUEST_INTERRUPTIBILITY) | DFW_BLOCKED_BY_NMI);
}

void keep_nmis_unblocked(void)
{
	if (nmis_unblocked)
		vmwrite(GUEST_INTERRUPTIBILITY, vmread(GUEST_INTERRUPTIBILITY) & ~(uint64_t)DFW_BLOCKED_BY_NMI);
}

void assist_world_changed(struct vcpu *v)
{
	keep_nmis_unblocked();
	protect_assist(v);
	mmu->select(v);
}

void assist_failed(struct vcpu *v, const char *why)
{
	fatal(v, "%s", why);
}

/* A processor outside the assist's world, as described. */
static void load_state(struct vcpu *v, const struct dfw_cpu *cpu)
{
	v->in_assist = false;
	load_world(v, cpu);
	load_control_registers(v, cpu);
	mmu->select(v);
}

/* Without unrestricted guest the state that waits has to be one that VM entry takes; SIPI replaces it. */
void wait_for_sipi(struct vcpu *v)
{
	struct dfw_cpu cpu;

	guest_flat_state(&cpu);
	cpu.cr0 |= cr0_view() & (CR0_CD | CR0_NW);
	cpu.activity = DFW_WAIT_SIPI;
	load_state(v, &cpu);
	v->waiting = true;
	v->nmi_pending = false;
}

/* INIT: the first processor starts at the reset vector (SDM vol. 3, 9.4.3); without an assist to run
 * real mode, the machine restarts. */
static void processor_init(struct vcpu *v)
{
	struct dfw_cpu cpu;

	if (v->id) {
		wait_for_sipi(v);
		return;
	}
	guest_reset_state(&cpu);
	cpu.cr0 |= cr0_view() & (CR0_CD | CR0_NW);
	if (native_real_mode) {
		load_state(v, &cpu);
		return;
	}
	const char *error = v->assist_started ? assist_invoke(v, DFW_INVOKE_RESET, 0, &cpu)
					      : assist_check(v);
	if (error || !v->assist_started) {
		print("dfw-visor: reset before the assist was there: the machine restarts\n");
		machine_reset();
	}
}

/* The chipset's reset that keeps memory: A20 opens, each processor gets an INIT. */
void guest_init(struct vcpu *v)
{
	stats.resets++;
	smp_stop_others(v);
	a20_open = true;
	smp_init_others(v);
	processor_init(v);
}

void restart_guest(struct vcpu *v, uint8_t cf9)
{
	stats.resets++;
	print("dfw-visor: the guest resets the machine by port CF9h\n");
	vmx_off();
	outb(0xcf9, cf9 & ~4); /* the reset is the 0 to 1 of bit 2 */
	outb(0xcf9, cf9);
	machine_reset();
}

/* Some guests leave 286-style protected mode by a triple fault, with a shutdown code in CMOS 0Fh.
 * Others die of it again and again: they get TRIPLE_FAULTS_MOST tries within a short time. */
static void handle_triple_fault(struct vcpu *v)
{
	enum { TRIPLE_FAULTS_MOST = 16, CMOS_INDEX = 0x70, CMOS_SHUTDOWN = 0x8f };
	const uint64_t short_time = 1ull << 31; /* TSC ticks */
	static unsigned faults;
	static uint64_t last;
	uint64_t now = rdtsc(), rip = vmread(GUEST_RIP);
	uint16_t cs = vmread(GUEST_SELECTOR + 2 * DFW_CS);

	outb(CMOS_INDEX, CMOS_SHUTDOWN);
	if (inb(CMOS_INDEX + 1) == 0) {
		faults = now - last < short_time ? faults + 1 : 1;
		last = now;
		if (v->in_assist)
			assist_guest_at(v, &cs, &rip);
		print("dfw-visor: triple fault at %x:%llx\n", cs, (unsigned long long)rip);
		if (verbose)
			print_guest_state(v);
		if (faults > TRIPLE_FAULTS_MOST)
			fatal(v, "%u triple faults in a row", TRIPLE_FAULTS_MOST);
	}
	guest_init(v);
}

static void handle_init(struct vcpu *v)
{
	v->init = true;
}

static void handle_exception(struct vcpu *v)
{
	uint32_t event = vmread(EXIT_EVENT), vector = event & 0xff;

	if ((event & EVENT_TYPE) == EVENT_NMI) {
		smp_nmi(v);
		return;
	}
	drop_step_trap();
	if (vector == VECTOR_PF)
		inject_page_fault(v, vmread(EXIT_QUALIFICATION), v->fault_error);
	else if (vector == VECTOR_MF)
		handle_x87_error(v);
	else if (vector == VECTOR_NM && v->ignne)
		x87_step(v);
	else
		fatal(v, "exit by exception %u", vector);
}

static void handle_invlpg(struct vcpu *v)
{
	mmu->flush_page(v, vmread(EXIT_QUALIFICATION));
	skip_instruction();
}

/* Exits that are the mmu's to look at first */
static bool is_mmu_exit(uint32_t reason)
{
	return reason == EXIT_EPT_VIOLATION || (reason == EXIT_EXCEPTION && is_exit_by(VECTOR_PF));
}

static void handle_nmi_window(struct vcpu *v)
{
	vmwrite(PROC_CONTROLS, vmread(PROC_CONTROLS) & ~(uint64_t)PROC_NMI_WINDOW);
}

static void handle_sipi(struct vcpu *v)
{
	uint8_t vector = vmread(EXIT_QUALIFICATION);
	struct dfw_cpu cpu;

	v->waiting = false;
	guest_reset_state(&cpu);
	cpu.cr0 |= cr0_view() & (CR0_CD | CR0_NW);
	cpu.rip = 0;
	cpu.seg[DFW_CS].selector = vector << 8;
	cpu.seg[DFW_CS].base = vector << 12;
	if (native_real_mode) {
		load_state(v, &cpu);
	} else {
		const char *error = vcpus[0].assist_started
					    ? assist_invoke(v, DFW_INVOKE_SIPI, 0, &cpu)
					    : "SIPI before the assist was there";
		if (error)
			fatal(v, "%s", error);
	}
	v->started = true;
	unblock_nmi();
}

static void handle_task_switch(struct vcpu *v)
{
	uint64_t detail = vmread(EXIT_QUALIFICATION);

	vmwrite(ENTRY_EVENT, 0); /* the record has it */
	const char *error = v->in_assist ? "task switch in the assist's world"
					 : assist_invoke(v, DFW_INVOKE_TASK_SWITCH, detail, NULL);
	if (error)
		fatal(v, "%s", error);
}

/* Exit qualification, SDM vol. 3, table 28-3 */
static void handle_cr_access(struct vcpu *v)
{
	enum { MOV_TO, MOV_FROM, CLTS, LMSW };
	uint64_t qualification = vmread(EXIT_QUALIFICATION);
	unsigned cr = qualification & 15, type = qualification >> 4 & 3;
	unsigned reg = qualification >> 8 & 15;
	bool done = false;

	if (type == MOV_FROM) {
		if (cr != 3)
			fatal(v, "unexpected read of CR%u", cr);
		if (reg == DFW_RSP)
			vmwrite(GUEST_RSP, cr3_view(v));
		else
			v->gpr[reg].q = cr3_view(v);
		skip_instruction();
		return;
	}
	uint64_t value = reg == DFW_RSP ? vmread(GUEST_RSP) : v->gpr[reg].q;
	if (!in_64bit_mode())
		value = (uint32_t)value;
	if (type == CLTS) {
		done = set_guest_cr0(v, cr0_view() & ~(uint64_t)CR0_TS);
	} else if (type == LMSW) { /* cannot clear PE */
		const uint64_t low = CR0_MP | CR0_EM | CR0_TS;
		done = set_guest_cr0(v, (cr0_view() & ~low) | (qualification >> 16 & (low | CR0_PE)));
	} else {
		switch (cr) {
		case 0:
			done = set_guest_cr0(v, value);
			break;
		case 3:
			done = set_guest_cr3(v, value);
			break;
		case 4:
			done = set_guest_cr4(v, value);
			break;
		default:
			fatal(v, "unexpected write to CR%u", cr);
		}
	}
	if (!done)
		inject(v, VECTOR_GP, 0);
}

/* In the assist's world only: VM86 code asks for a table, and #GP has vmxassist answer. Its own LIDT
 * is how it shuts the processor down. */
static void handle_tables(struct vcpu *v)
{
	if (vmread(GUEST_RFLAGS) & RFLAGS_VM)
		inject(v, VECTOR_GP, 0);
	else
		handle_triple_fault(v);
}

static void handle_undefined(struct vcpu *v)
{
	inject(v, VECTOR_UD, 0);
}

/* Caches that may hold visor's own data are written back. */
static void handle_invd(struct vcpu *v)
{
	wbinvd();
	skip_instruction();
}

static void handle_rdmsr(struct vcpu *v)
{
	handle_msr(v, false);
}

static void handle_wrmsr(struct vcpu *v)
{
	handle_msr(v, true);
}

// clang-format off
static const struct {
	void (*handle)(struct vcpu *v);
	const char *name;
} exits[] = {
	[EXIT_EXCEPTION]     = {handle_exception, "exception or NMI"},
	[1]                  = {0, "external interrupt"},
	[EXIT_TRIPLE_FAULT]  = {handle_triple_fault, "triple fault"},
	[EXIT_INIT]          = {handle_init, "INIT"},
	[EXIT_SIPI]          = {handle_sipi, "SIPI"},
	[EXIT_NMI_WINDOW]    = {handle_nmi_window, "NMI window"},
	[EXIT_TASK_SWITCH]   = {handle_task_switch, "task switch"},
	[EXIT_CPUID]         = {handle_cpuid, "CPUID"},
	[EXIT_GETSEC]        = {handle_undefined, "GETSEC"},
	[EXIT_INVLPG]        = {handle_invlpg, "INVLPG"},
	[EXIT_INVD]          = {handle_invd, "INVD"},
	[EXIT_RSM]           = {handle_undefined, "RSM"},
	[EXIT_VMCALL]        = {handle_undefined, "VMCALL"},
	[EXIT_VMCLEAR]       = {handle_undefined, "VMCLEAR"},
	[EXIT_VMLAUNCH]      = {handle_undefined, "VMLAUNCH"},
	[EXIT_VMPTRLD]       = {handle_undefined, "VMPTRLD"},
	[EXIT_VMPTRST]       = {handle_undefined, "VMPTRST"},
	[EXIT_VMREAD]        = {handle_undefined, "VMREAD"},
	[EXIT_VMRESUME]      = {handle_undefined, "VMRESUME"},
	[EXIT_VMWRITE]       = {handle_undefined, "VMWRITE"},
	[EXIT_VMXOFF]        = {handle_undefined, "VMXOFF"},
	[EXIT_VMXON]         = {handle_undefined, "VMXON"},
	[EXIT_CR_ACCESS]     = {handle_cr_access, "control register access"},
	[EXIT_IO]            = {handle_io, "I/O"},
	[EXIT_RDMSR]         = {handle_rdmsr, "RDMSR"},
	[EXIT_WRMSR]         = {handle_wrmsr, "WRMSR"},
	[EXIT_MONITOR_TRAP]  = {0, "monitor trap"},
	[EXIT_GDTR_IDTR]     = {handle_tables, "access to GDTR or IDTR"},
	[EXIT_EPT_VIOLATION] = {0, "EPT violation"},
	[EXIT_EPT_MISCONFIGURATION] = {0, "EPT misconfiguration"},
	[EXIT_INVEPT]        = {handle_undefined, "INVEPT"},
	[EXIT_INVVPID]       = {handle_undefined, "INVVPID"},
	[EXIT_XSETBV]        = {handle_xsetbv, "XSETBV"},
	[EXIT_VMFUNC]        = {handle_undefined, "VMFUNC"},
	[DFW_VISOR_EXIT_REASONS - 1] = {0, 0},
};
// clang-format on

/* After an exit by SIPI Bochs 2.7 goes on blocking SMI and NMI and says so, which VM entry refuses of SMI
 * outside SMM (SDM vol. 3, 26.3.1.5). No instruction of the guest has blocked NMI where it has just
 * been started. */
static void unblock_smi(struct vcpu *v)
{
	enum { BLOCKED_BY_SMI = 4 };
	uint32_t blocked = vmread(GUEST_INTERRUPTIBILITY);

	if (blocked & BLOCKED_BY_SMI)
		vmwrite(GUEST_INTERRUPTIBILITY,
			blocked & ~(BLOCKED_BY_SMI | (v->started ? DFW_BLOCKED_BY_NMI : 0)));
}

static void entry_failed(struct vcpu *v, uint32_t reason)
{
	print_everywhere();
	check_vmentry();
	fatal(v, "VM entry failed: exit reason %x, qualification %llx", reason,
	      (unsigned long long)vmread(EXIT_QUALIFICATION));
}

static void handle_exit(struct vcpu *v)
{
	const uint64_t always = CR0_PE | CR0_PG;
	uint32_t reason = vmread(EXIT_REASON), basic = reason & 0xffff;

	stats.exits++;
	if (basic < DFW_VISOR_EXIT_REASONS)
		stats.exit[basic]++;
	if (v->in_assist)
		stats.real_mode_exits++;
	if (reason & EXIT_ENTRY_FAILED)
		entry_failed(v, reason);
	v->launched = true;
	if (!native_real_mode && (vmread(GUEST_CR0) & always) != always)
		fatal(v, "the guest's real CR0 is %llx: PE or PG lost",
		      (unsigned long long)vmread(GUEST_CR0));
	redeliver();
	bool is_mmus = is_mmu_exit(basic), done = false;
	if (is_mmus || basic == EXIT_TASK_SWITCH)
		drop_step_trap();
	if (is_mmus)
		done = mmu->fault(v);
	if (v->step.active && !done) {
		drop_end(v);
		done = step_end(v, basic);
		if (v->x87_step.active && x87_step_end(v, basic == EXIT_EXCEPTION && is_exit_by(VECTOR_MF)))
			return;
	}
	if (!done && (basic >= DFW_VISOR_EXIT_REASONS || !exits[basic].handle))
		fatal(v, "exit that visor does not expect: %u %s, qualification %llx", basic,
		      basic < DFW_VISOR_EXIT_REASONS && exits[basic].name ? exits[basic].name : "",
		      (unsigned long long)vmread(EXIT_QUALIFICATION));
	if (v->id)
		unblock_smi(v);
	v->started = false;
	if (!done)
		exits[basic].handle(v);
	if (v->nmi_pending)
		deliver_nmi(v);
}

void run(struct vcpu *v)
{
	for (;;) {
		if (v->init) {
			v->init = false;
			processor_init(v);
		}
		mmu->enter(v);
		v->in_guest = true;
		smp_unlock();
		unsigned failed = vmx_enter(v->gpr, v->launched);
		v->in_guest = false;
		smp_lock();
		if (failed) {
			uint32_t error = vmread(INSTRUCTION_ERROR);
			print_everywhere();
			check_vmentry();
			fatal(v, "VM entry failed: instruction error %u, %s", error, instruction_error(error));
		}
		handle_exit(v);
	}
}
