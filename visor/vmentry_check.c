/* SPDX-License-Identifier: MIT
 *
 * The checks that VM entry makes on controls (SDM vol. 3, 26.2.1), host state (26.2.2 to 26.2.4) and guest
 * state (26.3.1), said in words: after a failed entry each rule that the current VMCS breaks is printed
 * with the field's value. Fields that visor never makes use of (VPIDs, MSR areas, posted interrupts, TPR
 * shadow, VMCS shadowing, loads of PAT, EFER and others) are not looked at.
 */
#include <dfw/cpu.h>
#include "visor/visor.h"

/* VM-instruction errors, SDM vol. 3, table 30-1 */
static const char *const errors[] = {
	[1] = "VMCALL executed in VMX root operation",
	[2] = "VMCLEAR with invalid physical address",
	[3] = "VMCLEAR with VMXON pointer",
	[4] = "VMLAUNCH with non-clear VMCS",
	[5] = "VMRESUME with non-launched VMCS",
	[6] = "VMRESUME after VMXOFF",
	[7] = "VM entry with invalid control field(s)",
	[8] = "VM entry with invalid host-state field(s)",
	[9] = "VMPTRLD with invalid physical address",
	[10] = "VMPTRLD with VMXON pointer",
	[11] = "VMPTRLD with incorrect VMCS revision identifier",
	[12] = "VMREAD or VMWRITE of an unsupported VMCS component",
	[13] = "VMWRITE to a read-only VMCS component",
	[15] = "VMXON executed in VMX root operation",
	[16] = "VM entry with invalid executive-VMCS pointer",
	[17] = "VM entry with non-launched executive VMCS",
	[18] = "VM entry with executive-VMCS pointer not VMXON pointer",
	[19] = "VMCALL with non-clear VMCS",
	[20] = "VMCALL with invalid VM-exit control fields",
	[22] = "VMCALL with incorrect MSEG revision identifier",
	[23] = "VMXOFF under dual-monitor treatment of SMIs and SMM",
	[24] = "VMCALL with invalid SMM-monitor features",
	[25] = "VM entry with invalid VM-execution control fields in executive VMCS",
	[26] = "VM entry with events blocked by MOV SS",
	[28] = "invalid operand to INVEPT or INVVPID",
};

const char *instruction_error(uint32_t error)
{
	const char *name = error < sizeof(errors) / sizeof(*errors) ? errors[error] : NULL;

	return name ? name : "unknown";
}

static unsigned broken;
static uint64_t cr0, cr4, rflags;
static bool vm86, unrestricted, ia32e;

static void rule(bool holds, uint64_t value, const char *section, const char *text)
{
	if (holds)
		return;
	broken++;
	print("dfw-visor: SDM vol. 3, %s: %s (it is %llx)\n", section, text,
	      (unsigned long long)value);
}

static bool canonical(uint64_t address)
{
	return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

static bool within_width(uint64_t address)
{
	return !(address >> physical_bits());
}

/* Bits that have to be 1 or 0: SDM vol. 3, A.3 to A.5 */
static void check_fixed(uint32_t value, uint32_t msr, const char *section, const char *zero, const char *one)
{
	uint64_t capability = rdmsr(msr);
	uint32_t must = capability, may = capability >> 32;

	rule(!(must & ~value), must & ~value, section, zero);
	rule(!(value & ~may), value & ~may, section, one);
}

static bool is_page(uint64_t address)
{
	return !(address % PAGE_SIZE) && within_width(address);
}

static void check_execution_controls(uint32_t offset)
{
	static const char section[] = "26.2.1.1";
	uint32_t pin = vmread(PIN_CONTROLS), proc = vmread(PROC_CONTROLS);
	uint32_t proc2 = proc & PROC_SECONDARY ? vmread(PROC2_CONTROLS) : 0;

	check_fixed(pin, MSR_VMX_PINBASED + offset, section, "a pin-based control that must be 1 is 0",
		    "a pin-based control that must be 0 is 1");
	check_fixed(proc, MSR_VMX_PROCBASED + offset, section, "a processor-based control that must be 1 is 0",
		    "a processor-based control that must be 0 is 1");
	if (proc & PROC_SECONDARY)
		check_fixed(proc2, MSR_VMX_PROCBASED2, section, "a secondary control that must be 1 is 0",
			    "a secondary control that must be 0 is 1");
	rule(vmread(CR3_TARGET_COUNT) <= (rdmsr(MSR_VMX_MISC) >> 16 & 0x1ff), vmread(CR3_TARGET_COUNT), section,
	     "more CR3-target values than the processor has");
	if (proc & PROC_IO_BITMAPS) {
		rule(is_page(vmread(IO_BITMAP_A)), vmread(IO_BITMAP_A), section, "I/O bitmap A is no page");
		rule(is_page(vmread(IO_BITMAP_B)), vmread(IO_BITMAP_B), section, "I/O bitmap B is no page");
	}
	if (proc & PROC_MSR_BITMAPS)
		rule(is_page(vmread(MSR_BITMAP)), vmread(MSR_BITMAP), section, "the MSR bitmap is no page");
	rule(pin & PIN_NMI || !(pin & PIN_VIRTUAL_NMIS), pin, section, "virtual NMIs without NMI exiting");
	rule(pin & PIN_VIRTUAL_NMIS || !(proc & PROC_NMI_WINDOW), proc, section,
	     "NMI-window exiting without virtual NMIs");
	if (proc2 & PROC2_EPT) {
		uint64_t eptp = vmread(EPT_POINTER);
		rule((eptp & 7) == 0 || (eptp & 7) == 6, eptp, section, "EPTP has a memory type other than UC and WB");
		rule((eptp >> 3 & 7) == 3, eptp, section, "EPTP's page-walk length is not 4");
		rule(!(eptp & 0xf80) && within_width(eptp), eptp, section, "a reserved bit of EPTP is set");
	} else {
		rule(!(proc2 & PROC2_UNRESTRICTED), proc2, section, "unrestricted guest without EPT");
	}
}

/* Where the processor says how long an injected software event's instruction may be, 0 is allowed: A.6. */
static void check_event(void)
{
	static const char section[] = "26.2.1.3";
	uint32_t event = vmread(ENTRY_EVENT), type = event & EVENT_TYPE, vector = event & 0xff;
	uint32_t length = vmread(ENTRY_EVENT_LENGTH), error = vmread(ENTRY_EVENT_ERROR);
	bool zero_length = rdmsr(MSR_VMX_MISC) >> 30 & 1, real = !(vmread(GUEST_CR0) & CR0_PE);
	/* #DF, #TS, #NP, #SS, #GP, #PF, #AC */
	bool has_error = type == EVENT_EXCEPTION && vector < 32 && 0x27d00u >> vector & 1;

	if (!(event & EVENT_VALID))
		return;
	rule(type >> 8 != 1, event, section, "the injected event has a reserved type");
	rule(type != EVENT_NMI || vector == 2, event, section, "an injected NMI's vector is not 2");
	rule(type != EVENT_EXCEPTION || vector < 32, event, section, "an injected exception's vector is over 31");
	rule(type >> 8 != 7 || vector == 0, event, section, "an injected other event is not 0");
	rule(!(event & 0x7ffff000), event, section, "a reserved bit of the injected event is set");
	rule(!(event & EVENT_ERROR) || (has_error && !(unrestricted && real)), event, section,
	     "an error code is delivered with an event that has none");
	rule(event & EVENT_ERROR || !has_error || real, event, section,
	     "an exception that has an error code is injected without one");
	rule(!(event & EVENT_ERROR) || !(error >> 16), error, section, "the injected error code has high bits set");
	if (type >= EVENT_SOFTWARE && type >> 8 != 7)
		rule(length <= 15 && (length || zero_length), length, section,
		     "the injected software event's instruction length is not 1 to 15");
}

static void check_controls(void)
{
	bool exact = rdmsr(MSR_VMX_BASIC) >> 55 & 1;
	uint32_t offset = exact ? MSR_VMX_TRUE_PINBASED - MSR_VMX_PINBASED : 0;
	uint32_t exit = vmread(EXIT_CONTROLS), entry = vmread(ENTRY_CONTROLS);

	check_execution_controls(offset);
	check_fixed(exit, MSR_VMX_EXIT + offset, "26.2.1.2", "a VM-exit control that must be 1 is 0",
		    "a VM-exit control that must be 0 is 1");
	check_fixed(entry, MSR_VMX_ENTRY + offset, "26.2.1.3", "a VM-entry control that must be 1 is 0",
		    "a VM-entry control that must be 0 is 1");
	check_event();
}

static void check_host(void)
{
	static const enum vmcs_field selectors[] = {HOST_ES_SELECTOR, HOST_CS_SELECTOR, HOST_SS_SELECTOR,
		HOST_DS_SELECTOR, HOST_FS_SELECTOR, HOST_GS_SELECTOR, HOST_TR_SELECTOR};
	static const enum vmcs_field bases[] = {HOST_FS_BASE, HOST_GS_BASE, HOST_TR_BASE, HOST_GDTR_BASE,
		HOST_IDTR_BASE, HOST_SYSENTER_ESP, HOST_SYSENTER_EIP};
	uint64_t host_cr0 = vmread(HOST_CR0), host_cr4 = vmread(HOST_CR4), rip = vmread(HOST_RIP);
	uint64_t must0 = rdmsr(MSR_VMX_CR0_FIXED0), may0 = rdmsr(MSR_VMX_CR0_FIXED1);
	uint64_t must4 = rdmsr(MSR_VMX_CR4_FIXED0), may4 = rdmsr(MSR_VMX_CR4_FIXED1);
	bool host64 = vmread(EXIT_CONTROLS) & EXIT_HOST_64;

	rule((host_cr0 & must0) == must0 && !(host_cr0 & ~may0), host_cr0, "26.2.2",
	     "the host's CR0 has a bit that VMX operation fixes otherwise");
	rule((host_cr4 & must4) == must4 && !(host_cr4 & ~may4), host_cr4, "26.2.2",
	     "the host's CR4 has a bit that VMX operation fixes otherwise");
	rule(within_width(vmread(HOST_CR3)), vmread(HOST_CR3), "26.2.2",
	     "the host's CR3 is beyond the physical address width");
	for (unsigned i = 0; i < sizeof(selectors) / sizeof(*selectors); i++)
		rule(!(vmread(selectors[i]) & 7), vmread(selectors[i]), "26.2.3",
		     "a host selector has TI or RPL set");
	rule(vmread(HOST_CS_SELECTOR), 0, "26.2.3", "the host's CS is null");
	rule(vmread(HOST_TR_SELECTOR), 0, "26.2.3", "the host's TR is null");
	rule(host64 || vmread(HOST_SS_SELECTOR), 0, "26.2.3", "the host's SS is null outside 64-bit mode");
	for (unsigned i = 0; i < sizeof(bases) / sizeof(*bases); i++)
		rule(canonical(vmread(bases[i])), vmread(bases[i]), bases[i] < HOST_SYSENTER_ESP ? "26.2.3" : "26.2.2",
		     "a host base address is not canonical");
	rule(host64 == (sizeof(long) == 8), host64, "26.2.4", "host address-space size is not the processor's mode");
	rule(host64 || !ia32e, ia32e, "26.2.4", "an IA-32e mode guest needs a 64-bit host");
	rule(!host64 || host_cr4 & CR4_PAE, host_cr4, "26.2.4", "a 64-bit host needs CR4.PAE=1");
	rule(host64 ? canonical(rip) : !(rip >> 32), rip, "26.2.4", "the host's RIP is not canonical, or over 4 GiB");
}

static void check_control_registers(void)
{
	static const char section[] = "26.3.1.1";
	uint64_t must = rdmsr(MSR_VMX_CR0_FIXED0), may = rdmsr(MSR_VMX_CR0_FIXED1);
	uint64_t cr3 = vmread(GUEST_CR3), debugctl = vmread(GUEST_DEBUGCTL);

	if (unrestricted)
		must &= ~(uint64_t)(CR0_PE | CR0_PG);
	must &= ~(uint64_t)(CR0_NW | CR0_CD);
	rule((cr0 & must) == must, cr0, section, "CR0 lacks a bit that VMX operation fixes to 1");
	rule(!(cr0 & ~may), cr0, section, "CR0 has a bit that VMX operation fixes to 0");
	rule(!(cr0 & CR0_PG) || cr0 & CR0_PE, cr0, section, "CR0.PG=1 needs CR0.PE=1");
	must = rdmsr(MSR_VMX_CR4_FIXED0);
	may = rdmsr(MSR_VMX_CR4_FIXED1);
	rule((cr4 & must) == must && !(cr4 & ~may), cr4, section,
	     "CR4 has a bit that VMX operation fixes otherwise, or that does not exist");
	rule(!ia32e || cr4 & CR4_PAE, cr4, section, "an IA-32e mode guest needs CR4.PAE=1");
	rule(!ia32e || cr0 & CR0_PG, cr0, section, "an IA-32e mode guest needs CR0.PG=1");
	rule(ia32e || !(cr4 & CR4_PCIDE), cr4, section, "CR4.PCIDE=1 needs an IA-32e mode guest");
	rule(within_width(cr3), cr3, section,
	     "CR3 is beyond the physical address width");
	if (vmread(ENTRY_CONTROLS) & ENTRY_LOAD_DEBUG) {
		rule(!(debugctl & ~0xffc3ull), debugctl, section, "a reserved bit of DEBUGCTL is set");
		rule(!(vmread(GUEST_DR7) >> 32), vmread(GUEST_DR7), section, "DR7 has high bits set");
	}
	rule(canonical(vmread(GUEST_SYSENTER_ESP)) && canonical(vmread(GUEST_SYSENTER_EIP)),
	     vmread(GUEST_SYSENTER_ESP), section, "SYSENTER_ESP or EIP is not canonical");
}

/* What a usable code or data segment must be outside of VM86. */
static void check_segment(unsigned n, uint16_t selector, uint64_t base, uint32_t limit, uint32_t ar)
{
	static const char section[] = "26.3.1.2, access rights";
	unsigned type = ar & DFW_AR_TYPE, dpl = (ar & DFW_AR_DPL) >> DFW_AR_DPL_SHIFT;
	unsigned ss_dpl = vmread(GUEST_ACCESS_RIGHTS + 2 * DFW_SS) >> DFW_AR_DPL_SHIFT & 3;

	if (n == DFW_CS) {
		rule(type == 9 || type == 11 || type == 13 || type == 15 ||
			     (unrestricted && type == 3),
		     ar, section,
		     "CS is no accessed code segment (type 3, as after real mode, needs "
		     "unrestricted guest)");
		rule(type == 3 ? dpl == 0 : type & 4 ? dpl <= ss_dpl : dpl == ss_dpl, ar, section,
		     "CS.DPL does not fit SS.DPL");
		rule(!(ar & DFW_AR_L) || !ia32e || !(ar & DFW_AR_DB), ar, section,
		     "CS has L and D");
	} else if (n == DFW_SS) {
		rule(type == 3 || type == 7, ar, section, "SS is no writable, accessed segment");
		rule(unrestricted || dpl == (selector & 3u), ar, section, "SS.DPL is not SS.RPL");
		rule(cr0 & CR0_PE || dpl == 0, ar, section, "SS.DPL is not 0 in real mode");
	} else {
		rule(type & 1, ar, section, "a data segment is not accessed");
		rule(!(type & 8) || type & 2, ar, section,
		     "a data segment register holds unreadable code");
		rule(unrestricted || type > 11 || dpl >= (selector & 3u), ar, section,
		     "a data segment's DPL is below its RPL");
	}
	rule(ar & DFW_AR_S, ar, section, "a segment register holds a system segment");
	rule(ar & DFW_AR_P, ar, section, "a usable segment is not present");
	rule(!(ar & 0xfffe0f00), ar, section, "a reserved bit of the access rights is set");
	rule((limit & 0xfff) == 0xfff || !(ar & DFW_AR_G), limit, section,
	     "G=1 with a limit whose low 12 bits are not all 1");
	rule(!(limit >> 20) || ar & DFW_AR_G, limit, section, "G=0 with a limit over 1 MiB");
	if (n >= DFW_FS)
		rule(canonical(base), base, "26.3.1.2, base", "FS or GS base is not canonical");
	else
		rule(!(base >> 32), base, "26.3.1.2, base", "a base is above 4 GiB");
}

static void check_segments(void)
{
	static const char names[DFW_SEGS][5] = {"ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"};
	uint16_t cs = vmread(GUEST_SELECTOR + 2 * DFW_CS), ss = vmread(GUEST_SELECTOR + 2 * DFW_SS);

	for (unsigned n = DFW_ES; n <= DFW_GS; n++) {
		uint16_t selector = vmread(GUEST_SELECTOR + 2 * n);
		uint64_t base = vmread(GUEST_BASE + 2 * n);
		uint32_t limit = vmread(GUEST_LIMIT + 2 * n);
		uint32_t ar = vmread(GUEST_ACCESS_RIGHTS + 2 * n);
		unsigned before = broken;

		if (vm86) {
			rule(base == (uint64_t)selector << 4, base, "26.3.1.2, virtual-8086",
			     "the base is not selector * 16");
			rule(limit == 0xffff, limit, "26.3.1.2, virtual-8086",
			     "the limit is not FFFF");
			rule(ar == 0xf3, ar, "26.3.1.2, virtual-8086",
			     "the access rights are not F3");
		} else if (n == DFW_CS || !(ar & DFW_AR_UNUSABLE)) {
			check_segment(n, selector, base, limit, ar);
		}
		if (broken != before)
			print("dfw-visor: ... that was %s\n", names[n]);
	}
	rule(vm86 || unrestricted || (cs & 3) == (ss & 3), ss, "26.3.1.2, selectors",
	     "SS.RPL is not CS.RPL");
}

static void check_system_segments(void)
{
	uint32_t tr = vmread(GUEST_ACCESS_RIGHTS + 2 * DFW_TR);
	uint32_t ldtr = vmread(GUEST_ACCESS_RIGHTS + 2 * DFW_LDTR);
	uint16_t tr_selector = vmread(GUEST_SELECTOR + 2 * DFW_TR);
	uint32_t limit = vmread(GUEST_LIMIT + 2 * DFW_TR);

	rule(!(tr_selector & 4), tr_selector, "26.3.1.2, selectors", "TR is in the LDT");
	rule((tr & 0xf) == 11 || ((tr & 0xf) == 3 && !ia32e), tr, "26.3.1.2, access rights",
	     "TR is no busy TSS");
	rule(!(tr & DFW_AR_S) && tr & DFW_AR_P && !(tr & 0xffff0f00), tr, "26.3.1.2, access rights",
	     "TR is not a present, usable system segment");
	rule(((limit & 0xfff) == 0xfff || !(tr & DFW_AR_G)) && (!(limit >> 20) || tr & DFW_AR_G),
	     limit, "26.3.1.2, access rights", "TR's limit and G do not fit");
	rule(canonical(vmread(GUEST_BASE + 2 * DFW_TR)), vmread(GUEST_BASE + 2 * DFW_TR),
	     "26.3.1.2, base", "TR's base is not canonical");
	if (!(ldtr & DFW_AR_UNUSABLE)) {
		uint16_t selector = vmread(GUEST_SELECTOR + 2 * DFW_LDTR);
		rule(!(selector & 4), selector, "26.3.1.2, selectors", "LDTR is in the LDT");
		rule(canonical(vmread(GUEST_BASE + 2 * DFW_LDTR)), vmread(GUEST_BASE + 2 * DFW_LDTR),
		     "26.3.1.2, base", "LDTR's base is not canonical");
		limit = vmread(GUEST_LIMIT + 2 * DFW_LDTR);
		rule((ldtr & 0x9f) == 0x82 && !(ldtr & 0xfffe0f00), ldtr, "26.3.1.2, access rights",
		     "LDTR is no present LDT");
		rule(((limit & 0xfff) == 0xfff || !(ldtr & DFW_AR_G)) &&
			     (!(limit >> 20) || ldtr & DFW_AR_G),
		     limit, "26.3.1.2, access rights", "LDTR's limit and G do not fit");
	}
	rule(canonical(vmread(GUEST_GDTR_BASE)) && canonical(vmread(GUEST_IDTR_BASE)),
	     vmread(GUEST_GDTR_BASE), "26.3.1.3", "GDTR or IDTR base is not canonical");
	rule(!(vmread(GUEST_GDTR_LIMIT) >> 16) && !(vmread(GUEST_IDTR_LIMIT) >> 16),
	     vmread(GUEST_GDTR_LIMIT), "26.3.1.3", "GDTR or IDTR limit is over FFFF");
}

static void check_flags_and_activity(void)
{
	uint64_t rip = vmread(GUEST_RIP), pending = vmread(GUEST_PENDING_DEBUG);
	uint32_t shadow = vmread(GUEST_INTERRUPTIBILITY), event = vmread(ENTRY_EVENT);
	uint32_t activity = vmread(GUEST_ACTIVITY), type = event & EVENT_TYPE;
	bool long_code = ia32e && vmread(GUEST_ACCESS_RIGHTS + 2 * DFW_CS) & DFW_AR_L;
	unsigned vector = event & 0xff;
	bool valid = event & EVENT_VALID, blocked = shadow & 3;

	rule(long_code ? canonical(rip) : !(rip >> 32), rip, "26.3.1.4",
	     "RIP is above 4 GiB outside 64-bit mode, or not canonical");
	rule(!(rflags & ~0x3f7fd7ull) && rflags & 2, rflags, "26.3.1.4",
	     "a reserved bit of RFLAGS is wrong");
	rule(!(rflags & RFLAGS_VM) || (!ia32e && cr0 & CR0_PE), rflags, "26.3.1.4",
	     "RFLAGS.VM=1 in IA-32e mode or with PE=0");
	rule(!valid || type != 0 || rflags & RFLAGS_IF, rflags, "26.3.1.4",
	     "an external interrupt is injected with IF=0");
	rule(activity <= DFW_WAIT_SIPI, activity, "26.3.1.5", "the activity state does not exist");
	rule(activity != DFW_HLT ||
		     !(vmread(GUEST_ACCESS_RIGHTS + 2 * DFW_SS) & DFW_AR_DPL),
	     activity, "26.3.1.5", "HLT with SS.DPL not 0");
	rule(activity == DFW_ACTIVE || activity > DFW_WAIT_SIPI || rdmsr(MSR_VMX_MISC) >> (5 + activity) & 1,
	     activity, "26.3.1.5", "the processor does not have the activity state");
	if (valid && activity == DFW_HLT)
		rule(type == 0 || type == EVENT_NMI || (type == EVENT_EXCEPTION && (vector == 1 || vector == 18)) ||
			     type >> 8 == 7,
		     event, "26.3.1.5", "the injected event does not end HLT");
	if (valid && activity == DFW_SHUTDOWN)
		rule(type == EVENT_NMI || (type == EVENT_EXCEPTION && vector == 18), event, "26.3.1.5",
		     "the injected event does not end shutdown");
	rule(!valid || activity != DFW_WAIT_SIPI, event, "26.3.1.5", "an event is injected while waiting for SIPI");
	rule(activity == DFW_ACTIVE || !blocked, shadow, "26.3.1.5",
	     "not active while blocked by STI or MOV SS");
	rule(!(shadow & ~0x1fu), shadow, "26.3.1.5", "a reserved bit of interruptibility is set");
	rule(!(shadow & 4), shadow, "26.3.1.5", "blocked by SMI outside SMM");
	rule(!valid || type != EVENT_NMI || !(shadow & DFW_BLOCKED_BY_NMI) ||
		     !(vmread(PIN_CONTROLS) & PIN_VIRTUAL_NMIS),
	     shadow, "26.3.1.5", "an NMI is injected while blocked by NMI");
	rule((shadow & 3) != 3, shadow, "26.3.1.5", "blocked by both STI and MOV SS");
	rule(!(shadow & 1) || rflags & RFLAGS_IF, shadow, "26.3.1.5", "blocked by STI with IF=0");
	rule(!valid || type != 0 || !blocked, shadow, "26.3.1.5",
	     "an external interrupt is injected while blocked by STI or MOV SS");
	rule(!valid || type != EVENT_NMI || !(shadow & 2), shadow, "26.3.1.5",
	     "an NMI is injected while blocked by MOV SS");
	rule(!(pending & ~0x1500full), pending, "26.3.1.5",
	     "a reserved bit of the pending debug exceptions is set");
	if (blocked || activity == DFW_HLT) {
		bool step = rflags & RFLAGS_TF && !(vmread(GUEST_DEBUGCTL) & 2);
		rule(step == !!(pending & 1 << 14), pending, "26.3.1.5",
		     "pending debug exception BS does not fit TF");
	}
	rule(vmread(VMCS_LINK) == ~0ull, vmread(VMCS_LINK), "26.3.1.5", "the VMCS link is set");
}

static void check_pdptes(void)
{
	uint64_t reserved = ~((1ull << physical_bits()) - 1) | 0x1e6;

	if (mmu->own_cr3 || ia32e || !(cr0 & CR0_PG) || !(cr4 & CR4_PAE))
		return;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t pdpte = vmread(GUEST_PDPTE + 2 * i);
		rule(!(pdpte & 1) || !(pdpte & reserved), pdpte, "26.3.1.6",
		     "a reserved bit of a PDPTE is set");
	}
}

void check_vmentry(void)
{
	broken = 0;
	cr0 = vmread(GUEST_CR0);
	cr4 = vmread(GUEST_CR4);
	rflags = vmread(GUEST_RFLAGS);
	vm86 = rflags & RFLAGS_VM;
	unrestricted = native_real_mode;
	ia32e = vmread(ENTRY_CONTROLS) & ENTRY_IA32E_GUEST;

	check_controls();
	check_host();
	check_control_registers();
	check_segments();
	check_system_segments();
	check_flags_and_activity();
	check_pdptes();
	if (!broken)
		print("dfw-visor: no rule of SDM vol. 3, 26.2 and 26.3.1 that is checked here is broken\n");
}
