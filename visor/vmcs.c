/* SPDX-License-Identifier: MIT
 *
 * VMX operation and the VMCS: controls made from the capability MSRs, host state.
 */
#include "lib/string.h"
#include "visor/visor.h"

/* What visor cannot do without; names as in SDM vol. 3, 25.6 to 25.8. */
static const struct control_bit proc_needed[] = {
	{PROC_IO_BITMAPS, "use I/O bitmaps"},
	{PROC_MSR_BITMAPS, "use MSR bitmaps"},
	{0, 0},
};
static const struct control_bit exit_needed[] = {
	{EXIT_SAVE_DEBUG, "save debug controls"},
	{0, 0},
};
static const struct control_bit entry_needed[] = {
	{ENTRY_LOAD_DEBUG, "load debug controls"},
	{0, 0},
};
/* with several processors */
static const struct control_bit pin_needed[] = {
	{PIN_NMI, "NMI exiting"},
	{0, 0},
};
static const struct control_bit none[] = {{0, 0}};

bool nmis_unblocked;

static uint32_t need(uint32_t msr, const struct control_bit *needed, uint32_t wanted)
{
	uint32_t may = rdmsr(msr) >> 32;

	for (; needed->name; needed++) {
		if (!(may & needed->bit))
			stop("this processor lacks the VMX control \"%s\" (MSR %x)", needed->name, msr);
		wanted |= needed->bit;
	}
	return wanted;
}

/* A control field, SDM vol. 3, A.2: bits that must be 1, wanted where they may be 1. */
static uint32_t control(uint32_t msr, uint32_t wanted, const struct control_bit *needed)
{
	uint64_t capability = rdmsr(msr);
	uint32_t must = capability, may = capability >> 32;

	return (need(msr, needed, wanted) & may) | must;
}

static void refuse(uint32_t controls, const struct control_bit *refused)
{
	for (; refused->name; refused++)
		if (controls & refused->bit)
			stop("this processor forces the VMX control \"%s\"", refused->name);
}

static void enable_vmx(struct vcpu *v)
{
	enum { LOCKED = 1 << 0, OUTSIDE_SMX = 1 << 2 };
	uint64_t feature_control;

	if (!(cpuid(1, 0).ecx & 1 << 5))
		stop("this processor has no VMX");
	feature_control = rdmsr(MSR_FEATURE_CONTROL);
	if (!(feature_control & LOCKED)) {
		wrmsr(MSR_FEATURE_CONTROL, feature_control | LOCKED | OUTSIDE_SMX);
		feature_control = rdmsr(MSR_FEATURE_CONTROL);
	}
	if (!(feature_control & OUTSIDE_SMX))
		stop("VMX is locked off in IA32_FEATURE_CONTROL (%llx)",
		     (unsigned long long)feature_control);

	write_cr0((read_cr0() | rdmsr(MSR_VMX_CR0_FIXED0)) & rdmsr(MSR_VMX_CR0_FIXED1));
	write_cr4((read_cr4() | rdmsr(MSR_VMX_CR4_FIXED0)) & rdmsr(MSR_VMX_CR4_FIXED1));

	/* both regions begin with the revision identifier */
	uint32_t revision = rdmsr(MSR_VMX_BASIC) & 0x7fffffff;
	*(uint32_t *)v->regions = *(uint32_t *)(v->regions + PAGE_SIZE) = revision;
	uint64_t vmxon = phys_of(v->regions), vmcs = vmxon + PAGE_SIZE;
	bool failed;
	asm volatile("vmxon %1" : "=@ccbe"(failed) : "m"(vmxon) : "memory");
	if (failed)
		stop("VMXON failed");
	asm volatile("vmclear %1" : "=@ccbe"(failed) : "m"(vmcs) : "memory");
	if (!failed)
		asm volatile("vmptrld %1" : "=@ccbe"(failed) : "m"(vmcs) : "memory");
	if (failed)
		stop("VMCLEAR or VMPTRLD failed");
}

static void set_controls(void)
{
	/* with bit 55 the TRUE MSRs tell what may really be 0, SDM vol. 3, A.2 */
	bool exact = rdmsr(MSR_VMX_BASIC) >> 55 & 1;
	uint32_t offset = exact ? MSR_VMX_TRUE_PINBASED - MSR_VMX_PINBASED : 0;

	uint32_t wanted = need(MSR_VMX_PROCBASED + offset, mmu->proc, PROC_SECONDARY), proc2 = 0;
	uint32_t proc = control(MSR_VMX_PROCBASED + offset, wanted, proc_needed);
	refuse(proc, mmu->proc_refused);
	if (proc & PROC_SECONDARY) {
		proc2 = control(MSR_VMX_PROCBASED2,
				PROC2_RDTSCP | PROC2_XSAVES | (mmu == &ept ? PROC2_INVPCID : 0) |
					(native_real_mode ? PROC2_UNRESTRICTED : 0),
				mmu->proc2);
		vmwrite(PROC2_CONTROLS, proc2);
	}
	uint32_t entry = control(MSR_VMX_ENTRY + offset, need(MSR_VMX_ENTRY + offset, host_entry_needed, 0),
				 entry_needed);

	uint32_t pin = control(MSR_VMX_PINBASED + offset, vcpu_count > 1 ? PIN_VIRTUAL_NMIS : 0,
			       vcpu_count > 1 ? pin_needed : none);
	nmis_unblocked = vcpu_count > 1 && !(pin & PIN_VIRTUAL_NMIS);
	vmwrite(PIN_CONTROLS, pin);
	vmwrite(PROC_CONTROLS, proc);
	vmwrite(EXIT_CONTROLS, control(MSR_VMX_EXIT + offset,
				      need(MSR_VMX_EXIT + offset, host_exit_needed, 0), exit_needed));
	vmwrite(ENTRY_CONTROLS, entry & ~ENTRY_IA32E_GUEST);
	if (proc2 & PROC2_XSAVES)
		vmwrite(XSS_EXITING, 0);
	vmwrite(EXCEPTION_BITMAP, mmu->exceptions);
	vmwrite(PF_ERROR_MASK, 0);
	vmwrite(PF_ERROR_MATCH, 0);
	vmwrite(CR3_TARGET_COUNT, 0);
	vmwrite(EXIT_MSR_STORE_COUNT, 0);
	vmwrite(EXIT_MSR_LOAD_COUNT, 0);
	vmwrite(ENTRY_MSR_LOAD_COUNT, 0);
	vmwrite(VMCS_LINK, ~0ull);
}

static void set_host_state(struct vcpu *v)
{
	set_host_segments(v);
	vmwrite(HOST_CS_SELECTOR, SEL_CODE);
	vmwrite(HOST_SS_SELECTOR, SEL_DATA);
	vmwrite(HOST_DS_SELECTOR, SEL_DATA);
	vmwrite(HOST_ES_SELECTOR, SEL_DATA);
	vmwrite(HOST_FS_SELECTOR, SEL_DATA);
	vmwrite(HOST_TR_SELECTOR, SEL_TSS);
	vmwrite(HOST_CR0, read_cr0());
	vmwrite(HOST_CR3, read_cr3());
	vmwrite(HOST_CR4, read_cr4());
	vmwrite(HOST_FS_BASE, 0);
	vmwrite(HOST_GS_BASE, (uintptr_t)v);
	vmwrite(HOST_TR_BASE, (uintptr_t)v->tss);
	vmwrite(HOST_GDTR_BASE, (uintptr_t)v->gdt);
	vmwrite(HOST_IDTR_BASE, (uintptr_t)host_idt);
	vmwrite(HOST_SYSENTER_CS, 0);
	vmwrite(HOST_SYSENTER_ESP, 0);
	vmwrite(HOST_SYSENTER_EIP, 0);
	vmwrite(HOST_RIP, (uintptr_t)vmx_exit);
}

void vmx_on(struct vcpu *v)
{
	v->regions = alloc_pages(2);
	enable_vmx(v);
	v->active = true;
	set_controls();
	set_host_state(v);
	vmwrite(CR4_MASK, CR4_VMXE);
	v->launched = false;
}

void vmx_off(void)
{
	asm volatile("vmxoff" : : : "cc", "memory");
}
