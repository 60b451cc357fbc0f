/* SPDX-License-Identifier: MIT
 *
 * The checks that VM entry makes on guest state (SDM vol. 3, 26.3.1), said in words: after a
 * failed entry each rule that the current VMCS breaks is printed with the field's value.
 */
#include <dfw/cpu.h>
#include "visor/visor.h"

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
	rule(!(cr3 >> (cpuid(0x80000008, 0).eax & 0xff)), cr3, section,
	     "CR3 is beyond the physical address width");
	rule(!(debugctl & ~0xffc3ull), debugctl, section, "a reserved bit of DEBUGCTL is set");
	rule(!(vmread(GUEST_DR7) >> 32), vmread(GUEST_DR7), section, "DR7 has high bits set");
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
	bool valid = event & EVENT_VALID, blocked = shadow & 3;

	rule(long_code || !(rip >> 32), rip, "26.3.1.4", "RIP is above 4 GiB outside 64-bit mode");
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
	rule(activity == DFW_ACTIVE || !blocked, shadow, "26.3.1.5",
	     "not active while blocked by STI or MOV SS");
	rule(!(shadow & ~0x1fu), shadow, "26.3.1.5", "a reserved bit of interruptibility is set");
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
	rule(!valid || !(event & 0x7ffff000), event, "26.2.1.3",
	     "a reserved bit of the injected event is set");
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

	check_control_registers();
	check_segments();
	check_system_segments();
	check_flags_and_activity();
	check_pdptes();
	if (!broken)
		print("dfw-visor: no rule of SDM vol. 3, 26.3.1 that is checked here is broken\n");
}
