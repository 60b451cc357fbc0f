/* SPDX-License-Identifier: MIT
 *
 * struct x86_ops of the machine itself: the guest's memory is there, mapped to itself, and the
 * ports are the real ones. The assist's own 64 KiB reads as it is and drops writes, as a ROM.
 */
#include "vmxassist/vmxassist.h"
#include "lib/string.h"

static bool a20_masked(void)
{
	static volatile uint32_t probe;
	const volatile uint32_t *alias = (const volatile uint32_t *)((uint32_t)&probe ^ A20);

	probe = ~*alias;
	return *alias == probe;
}

static bool at_own(uint64_t phys)
{
	return phys - DFW_VMXASSIST < DFW_VMXASSIST_SIZE || phys - header.reserve < header.reserve_size;
}

static bool own_page(uint64_t phys)
{
	return at_own(phys) || (at_own(phys ^ A20) && a20_masked());
}

/* Device memory wants accesses of the guest's own width. */
static void copy(void *dst, const void *src, unsigned len)
{
	switch (len) {
	case 1:
		*(volatile uint8_t *)dst = *(const volatile uint8_t *)src;
		break;
	case 2:
		*(volatile uint16_t *)dst = *(const volatile uint16_t *)src;
		break;
	case 4:
		*(volatile uint32_t *)dst = *(const volatile uint32_t *)src;
		break;
	default:
		asm volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(len) : : "memory");
	}
}

static void guest_read(void *world, uint64_t phys, void *dst, unsigned len)
{
	copy(dst, world_window(phys), len);
}

static void guest_write(void *world, uint64_t phys, const void *src, unsigned len)
{
	if (own_page(phys))
		stats->page_writes_dropped++;
	else
		copy(world_window(phys), src, len);
}

static void *guest_map(void *world, uint64_t phys, unsigned len, bool write)
{
	if (phys < DFW_LOW_END || (phys >= DFW_ROMBIOS && phys < header.reserve && !at_own(phys ^ A20)))
		return (void *)(uint32_t)phys;
	if (!write && phys >= DFW_VGABIOS && phys < 0x100000)
		return (void *)(uint32_t)phys;
	return NULL;
}

static uint32_t guest_in(void *world, uint16_t port, unsigned size)
{
	return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

static void guest_out(void *world, uint16_t port, unsigned size, uint32_t value)
{
	switch (size) {
	case 1:
		outb(port, value);
		x87_port_written(world, port, value);
		break;
	case 2:
		outw(port, value);
		break;
	default:
		outl(port, value);
	}
}

/* MSRs that are in the record rather than in the processor while the assist runs. */
static uint64_t *recorded_msr(struct dfw_cpu *cpu, uint32_t index)
{
	switch (index) {
	case MSR_SYSENTER_CS:
		return &cpu->sysenter_cs;
	case MSR_SYSENTER_ESP:
		return &cpu->sysenter_esp;
	case MSR_SYSENTER_EIP:
		return &cpu->sysenter_eip;
	case MSR_DEBUGCTL:
		return &cpu->debugctl;
	case MSR_FS_BASE:
		return &cpu->seg[DFW_FS].base;
	case MSR_GS_BASE:
		return &cpu->seg[DFW_GS].base;
	}
	return NULL;
}

static bool guest_read_msr(void *world, uint32_t index, uint64_t *value)
{
	struct monitor *m = world;
	const uint64_t *recorded = recorded_msr(&m->record->guest, index);

	if (!rdmsr_safe(index, value))
		return false;
	if (recorded)
		*value = *recorded;
	return true;
}

static bool guest_write_msr(void *world, uint32_t index, uint64_t value)
{
	struct monitor *m = world;
	uint64_t *recorded = recorded_msr(&m->record->guest, index), now;

	if (!recorded || index == MSR_DEBUGCTL) {
		if (!wrmsr_safe(index, value, value >> 32))
			return false;
	} else if (!rdmsr_safe(index, &now)) {
		return false;
	} else if (index == MSR_SYSENTER_CS) {
		value = (uint32_t)value;
	} else if ((uint64_t)((int64_t)(value << 16) >> 16) != value) { /* VM entry wants them canonical */
		return false;
	}
	if (recorded)
		*recorded = value;
	m->fit_known = false; /* FS and GS may have become stale */
	return true;
}

static void guest_cpuid(void *world, uint32_t regs[4])
{
	asm volatile("cpuid" : "+a"(regs[0]), "=b"(regs[1]), "+c"(regs[2]), "=d"(regs[3]));
}

static uint64_t guest_rdtsc(void *world)
{
	return rdtsc();
}

_Static_assert(offsetof(struct x86_unit, eflags) == UNIT_EFLAGS && offsetof(struct x86_unit, code) == UNIT_CODE &&
	       offsetof(struct x86_unit, operand) == UNIT_OPERAND, "entry.S");

/* Nothing of the assist touches the unit, so what is in it is the guest's. With NE=0 and an error
 * pending, the processor would wait for an interrupt that IF=0 keeps away. */
static int guest_fpu(void *world, struct x86_unit *unit)
{
	struct monitor *m = world;
	int raised;

	unit->ip = (uint32_t)unit->code;
	unit->code[unit->length] = 0xc3; /* RET */
	if (x87_ignores_errors())
		return x87_run(unit);
	world_native_errors(&m->record->guest, true);
	raised = unit_run(unit);
	world_native_errors(&m->record->guest, false);
	return raised;
}

/* The processor is asked. PCIDE is nothing to try outside IA-32e mode, CR4.VMXE the host's. */
static bool guest_cr4_allowed(void *world, uint32_t value)
{
	return !(value & CR4_PCIDE) && world_cr4_exists(value);
}

static void guest_control_written(void *world, unsigned n)
{
	struct monitor *m = world;
	const struct dfw_cpu *cpu = &m->record->guest;

	switch (n) {
	case 0:
		if ((cpu->cr0 & CR0_PE) || m->x86.insn->row == 0x105) /* LOADALL writes CR0 first */
			m->fit_known = false;
		world_sync_cr0(cpu);
		break;
	case 4:
		world_sync_cr4(cpu);
		break;
	case 16 ... 23:
		world_sync_debug(cpu);
		break;
	case 32:
		asm volatile("wbinvd");
		break;
	}
}

const struct x86_ops guest_ops = {
	.read = guest_read,
	.write = guest_write,
	.map = guest_map,
	.in = guest_in,
	.out = guest_out,
	.read_msr = guest_read_msr,
	.write_msr = guest_write_msr,
	.cpuid = guest_cpuid,
	.rdtsc = guest_rdtsc,
	.cr4_allowed = guest_cr4_allowed,
	.control_written = guest_control_written,
	.fpu = guest_fpu,
};
