/* SPDX-License-Identifier: MIT
 *
 * MSRs, CPUID and XSETBV: what the guest does not get to see or change.
 */
#include "lib/apic.h"
#include "lib/string.h"
#include "visor/visor.h"

enum { READ_GP = 1, WRITE_GP = 2, WRITE_DROPPED = 4, WRITE_APIC = 8, GP = READ_GP | WRITE_GP };

/* All other MSRs of the bitmap's two ranges are the processor's own. */
static const struct {
	uint32_t first, last;
	unsigned rule;
} rules[] = {
	{MSR_APIC_BASE, MSR_APIC_BASE, WRITE_APIC}, /* smp.c relies on its staying where it is */
	{MSR_FEATURE_CONTROL, MSR_FEATURE_CONTROL, GP},
	{MSR_BIOS_UPDT_TRIG, MSR_BIOS_UPDT_TRIG, WRITE_DROPPED},
	{MSR_SMM_MONITOR_CTL, MSR_SMM_MONITOR_CTL, GP},
	{MSR_VMX_BASIC, MSR_VMX_LAST, GP},
	{MSR_EFER, MSR_EFER, 0},
};

/* SDM vol. 3, 25.6.9: reads of 0-1FFF, of C0000000-C0001FFF, then writes of the same */
static uint8_t bitmap[PAGE_SIZE] __attribute__((aligned(4096)));

void msr_init(void)
{
	for (unsigned i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		for (uint32_t msr = rules[i].first; msr <= rules[i].last; msr++) {
			unsigned at = (msr >> 31 ? 0x400 : 0) + (msr & 0x1fff) / 8;
			bitmap[at] |= 1 << msr % 8;
			bitmap[at + 0x800] |= 1 << msr % 8;
		}
}

void msr_init_vcpu(void)
{
	vmwrite(MSR_BITMAP, phys_of(bitmap));
}

/* MSRs outside both ranges exit always and do not exist. */
static unsigned rule_of(uint32_t msr)
{
	for (unsigned i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (msr >= rules[i].first && msr <= rules[i].last)
			return rules[i].rule;
	return GP;
}

enum { HYPERVISOR_LEAF = 0x40000000 };
enum { ECX1_VMX = 1 << 5, ECX1_SMX = 1 << 6, ECX1_PCID = 1 << 17, ECX1_X2APIC = 1 << 21, ECX1_OSXSAVE = 1 << 27 };
#define ECX1_HYPERVISOR (1u << 31)
enum { EBX7_SMEP = 1 << 7, EBX7_INVPCID = 1 << 10, EBX7_SMAP = 1 << 20 };
enum { ECX7_PKU = 1 << 3, ECX7_OSPKE = 1 << 4, ECX7_CET_SS = 1 << 7, ECX7_LA57 = 1 << 16 };
#define ECX7_PKS (1u << 31)
enum { EDX7_CET_IBT = 1 << 20, EDX80000001_SYSCALL = 1 << 11 };

/* SDM vol. 3, 10.4.4 and 10.12.1. With one processor its APIC is its own business, but for where it lies:
 * over visor's memory visor, too, would read it. */
static bool write_apic_base(uint64_t value)
{
	enum { BSP = 1 << 8, ENABLES = APIC_BASE_X2APIC | APIC_BASE_ENABLE };
	uint64_t old = rdmsr(MSR_APIC_BASE), defined = ((1ull << physical_bits()) - PAGE_SIZE) | BSP | ENABLES;
	uint32_t was = old & ENABLES, is = value & ENABLES;

	if (vcpu_count > 1)
		return true; /* dropped */
	if (value & ~defined || is_private(value & -PAGE_SIZE) || is == APIC_BASE_X2APIC ||
	    (is == ENABLES && was != ENABLES && (was != APIC_BASE_ENABLE || !(cpuid(1, 0).ecx & ECX1_X2APIC))) ||
	    (was == ENABLES && is == APIC_BASE_ENABLE))
		return false;
	wrmsr(MSR_APIC_BASE, (value & ~(uint64_t)BSP) | (old & BSP));
	return true;
}

void handle_msr(struct vcpu *v, bool write)
{
	uint32_t msr = v->gpr[DFW_RCX].d;
	unsigned rule = rule_of(msr);
	uint64_t value = (uint64_t)v->gpr[DFW_RDX].d << 32 | v->gpr[DFW_RAX].d;
	bool done = !(rule & (write ? WRITE_GP : READ_GP));

	if (done && write && !(rule & WRITE_DROPPED))
		done = rule & WRITE_APIC ? write_apic_base(value) : set_guest_efer(v, value);
	if (!done) {
		inject(v, VECTOR_GP, 0);
		return;
	}
	if (!write) {
		value = msr == MSR_EFER ? v->efer : rdmsr(msr);
		v->gpr[DFW_RAX].q = (uint32_t)value;
		v->gpr[DFW_RDX].q = value >> 32;
	}
	skip_instruction();
}

static uint32_t set_bit(uint32_t value, uint32_t bit, bool on)
{
	return on ? value | bit : value & ~bit;
}

void handle_cpuid(struct vcpu *v)
{
	uint32_t leaf = v->gpr[DFW_RAX].d;
	struct cpuid r = cpuid(leaf, v->gpr[DFW_RCX].d);
	uint64_t cr4 = cr4_view();

	switch (leaf) {
	case 1:
		r.ecx = (r.ecx & ~(ECX1_VMX | ECX1_SMX)) | ECX1_HYPERVISOR;
		if (vcpu_count > 1)
			r.ecx &= ~ECX1_X2APIC;
		if (mmu->cr4_hidden & CR4_PCIDE)
			r.ecx &= ~ECX1_PCID;
		r.ecx = set_bit(r.ecx, ECX1_OSXSAVE, cr4 & CR4_OSXSAVE);
		break;
	case 7:
		if (v->gpr[DFW_RCX].d == 0 && mmu->cr4_hidden) {
			r.ebx &= ~(EBX7_SMEP | EBX7_INVPCID | EBX7_SMAP);
			r.ecx &= ~(ECX7_PKU | ECX7_CET_SS | ECX7_LA57 | ECX7_PKS);
			r.edx &= ~EDX7_CET_IBT;
		}
		r.ecx = set_bit(r.ecx, ECX7_OSPKE, cr4 & CR4_PKE && r.ecx & ECX7_PKU);
		break;
	case HYPERVISOR_LEAF:
		r.eax = HYPERVISOR_LEAF;
		memcpy(&r.ebx, "dfw ", 4);
		memcpy(&r.ecx, "viso", 4);
		memcpy(&r.edx, "r\0\0\0", 4);
		break;
	case 0x80000001:
		/* shown in 64-bit mode only, which visor itself runs in */
		if (!in_64bit_mode())
			r.edx &= ~EDX80000001_SYSCALL;
		break;
	}
	v->gpr[DFW_RAX].q = r.eax;
	v->gpr[DFW_RBX].q = r.ebx;
	v->gpr[DFW_RCX].q = r.ecx;
	v->gpr[DFW_RDX].q = r.edx;
	skip_instruction();
}

/* SDM vol. 1, 13.3; CPL and CR4.OSXSAVE are checked by the processor before the exit */
void handle_xsetbv(struct vcpu *v)
{
	enum { X87 = 1, SSE = 2, AVX = 4, MPX = 3 << 3, AVX512 = 7 << 5, AMX = 3 << 17 };
	uint32_t low = v->gpr[DFW_RAX].d, high = v->gpr[DFW_RDX].d;
	struct cpuid can = cpuid(0xd, 0);

	if (v->gpr[DFW_RCX].d || !(low & X87) || low & ~can.eax || high & ~can.edx ||
	    (low & AVX && !(low & SSE)) || (low & MPX && (low & MPX) != MPX) ||
	    (low & AVX512 && ((low & AVX512) != AVX512 || !(low & AVX))) ||
	    (low & AMX && (low & AMX) != AMX)) {
		inject(v, VECTOR_GP, 0);
		return;
	}
	write_cr4(read_cr4() | CR4_OSXSAVE);
	asm volatile("xsetbv" : : "c"(0), "a"(low), "d"(high));
	skip_instruction();
}
