/* SPDX-License-Identifier: MIT
 *
 * Control registers. Without unrestricted guest the real CR0 has PE and PG set always (SDM vol. 3,
 * 23.8); what a guest without paging runs on is the mmu's affair. EFER.LMA and LME are VMX's to switch ("IA-32e mode guest", "host
 * address-space size"); SCE and NXE simply hold the guest's values all the time, since visor
 * needs neither.
 */
#include "lib/string.h"
#include "visor/assist_switch.h"
#include "visor/visor.h"

enum {
	CR0_CACHE = CR0_CD | CR0_NW,
	EFER_SHARED = EFER_SCE | EFER_NXE,
};

/* With native real mode the assist is there for task switches alone. */
static bool real_mode_begun;

static uint64_t cr0_fixed(const struct vcpu *v)
{
	return mmu->cr0_fixed | (native_real_mode && !v->in_assist ? CR0_NE : CR0_NE | CR0_PE | CR0_PG);
}

/* Masked, so that a guest's change of them exits. Native real mode's beginning is seen, too: the
 * assist has described the guest by then. */
static uint64_t cr0_mask(const struct vcpu *v)
{
	bool native = native_real_mode && !v->in_assist && real_mode_begun;

	return mmu->cr0_fixed | CR0_NE | CR0_PG | (native ? 0 : CR0_PE) | (v->ignne ? CR0_TS | CR0_MP : 0);
}

static uint64_t view(enum vmcs_field value, enum vmcs_field shadow, enum vmcs_field mask_field)
{
	uint64_t mask = vmread(mask_field);

	return (vmread(value) & ~mask) | (vmread(shadow) & mask);
}

uint64_t cr0_view(void)
{
	return view(GUEST_CR0, CR0_SHADOW, CR0_MASK);
}

uint64_t cr4_view(void)
{
	return view(GUEST_CR4, CR4_SHADOW, CR4_MASK);
}

uint64_t cr3_view(struct vcpu *v)
{
	bool real = !mmu->own_cr3 && (v->in_assist || native_real_mode || cr0_view() & CR0_PG);

	return real ? vmread(GUEST_CR3) : v->cr3;
}

bool in_64bit_mode(void)
{
	return vmread(ENTRY_CONTROLS) & ENTRY_IA32E_GUEST &&
	       vmread(GUEST_ACCESS_RIGHTS + 2 * DFW_CS) & DFW_AR_L;
}

void set_control(enum vmcs_field field, uint32_t bits, bool on)
{
	uint32_t old = vmread(field), new = on ? old | bits : old & ~bits;

	if (new != old)
		vmwrite(field, new);
}

/* Which exceptions exit, and what of CR0 makes x87 instructions raise one: x87.c. */
static uint64_t set_x87_traps(const struct vcpu *v, uint64_t cr0)
{
	bool irq13 = !v->in_assist && !(cr0 & CR0_NE), trap = irq13 && v->ignne && !(cr0 & (CR0_TS | CR0_EM));

	vmwrite(EXCEPTION_BITMAP, mmu->exceptions | (irq13 ? 1 << VECTOR_MF : 0) | (trap ? 1 << VECTOR_NM : 0));
	return trap ? CR0_TS | CR0_MP : 0;
}

/* VM entry does not load CD and NW (SDM vol. 3, 26.3.2.1): they are set here and now. */
static void set_cr0(const struct vcpu *v, uint64_t cr0)
{
	uint64_t real = read_cr0();

	vmwrite(GUEST_CR0, cr0 | cr0_fixed(v) | CR0_ET | set_x87_traps(v, cr0));
	if ((real ^ cr0) & CR0_CACHE && ((cr0 & CR0_CD) || !(cr0 & CR0_NW)))
		write_cr0((real & ~(uint64_t)CR0_CACHE) | (cr0 & CR0_CACHE));
}

/* SDM vol. 3, 2.2.1: the bits that this processor has; written values of LMA are ignored. */
static uint64_t efer_allowed(void)
{
	return efer_bits(cpuid(0x80000001, 0).edx);
}

/* What a record says reaches the MSR, so it is masked. */
static void set_efer(struct vcpu *v, uint64_t efer)
{
	uint64_t allowed = efer_allowed(), real = allowed ? rdmsr(MSR_EFER) : 0;

	efer &= allowed;
	if ((real ^ efer) & EFER_SHARED)
		wrmsr(MSR_EFER, (real & ~(uint64_t)EFER_SHARED) | (efer & EFER_SHARED));
	v->efer = efer;
	mmu->select(v); /* NXE, LMA */
	set_control(ENTRY_CONTROLS, ENTRY_IA32E_GUEST, efer & EFER_LMA);
}

/* CR3 and CR4 as a guest with or without paging needs them. */
static void set_paging(struct vcpu *v, bool paging, uint64_t cr3, uint64_t cr4)
{
	v->cr3 = cr3;
	vmwrite(CR4_SHADOW, cr4);
	mmu->set_paging(v, paging, cr4);
}

void trap_x87(struct vcpu *v, bool on)
{
	uint64_t cr0 = cr0_view();

	v->ignne = on;
	vmwrite(CR0_MASK, cr0_mask(v));
	vmwrite(CR0_SHADOW, cr0);
	set_cr0(v, cr0);
}

/* In the assist's world SGDT and SIDT are to show the guest's tables: vmxassist's part, in VM86. */
static void exit_on_tables(bool on)
{
	if (vmread(PROC_CONTROLS) & PROC_SECONDARY && rdmsr(MSR_VMX_PROCBASED2) >> 32 & PROC2_DESCRIPTOR_TABLE)
		set_control(PROC2_CONTROLS, PROC2_DESCRIPTOR_TABLE, on);
}

void load_control_registers(struct vcpu *v, const struct dfw_cpu *cpu)
{
	exit_on_tables(false);
	v->ignne = false;
	vmwrite(CR0_MASK, cr0_mask(v));
	vmwrite(CR0_SHADOW, cpu->cr0);
	set_cr0(v, cpu->cr0);
	set_paging(v, cpu->cr0 & CR0_PG, cpu->cr3, cpu->cr4);
	set_efer(v, cpu->efer);
	mmu->set_pdptes(v, cpu->pdpte);
	mmu->flush(v, true);
}

void load_assist_control_registers(struct vcpu *v, const struct dfw_cpu *cpu, uint64_t guest_cr0)
{
	const uint64_t guests = CR0_MP | CR0_EM | CR0_TS | CR0_CACHE;

	exit_on_tables(true);
	v->ignne = false;
	vmwrite(CR0_MASK, cr0_mask(v));
	vmwrite(CR0_SHADOW, (guest_cr0 & ~(mmu->cr0_fixed | CR0_PE | CR0_PG)) | (cpu->cr0 & mmu->cr0_fixed));
	set_cr0(v, (cpu->cr0 & ~guests) | (guest_cr0 & guests));
	set_paging(v, true, cpu->cr3, cpu->cr4);
	set_efer(v, cpu->efer);
	mmu->set_pdptes(v, cpu->pdpte);
}

/* SDM vol. 3, 4.4.1: loads the PDPTEs as MOV CR3 would; false for #GP(0). */
static bool load_pdptes(struct vcpu *v, uint64_t cr3)
{
	uint64_t reserved = ~((1ull << physical_bits()) - 1) | 0x1e6;
	uint64_t pdpte[4];

	if (!guest_read(v, cr3 & 0xffffffe0, pdpte, sizeof(pdpte)))
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (pdpte[i] & 1 && pdpte[i] & reserved)
			return false;
	mmu->set_pdptes(v, pdpte);
	return true;
}

static bool turn_paging_on(struct vcpu *v, uint64_t cr4)
{
	bool long_mode = v->efer & EFER_LME;
	uint64_t cr3 = cr3_view(v);

	/* no 64-bit code yet, and no 16-bit TSS: SDM vol. 3, 10.8.5 */
	if (long_mode && (!(cr4 & CR4_PAE) || vmread(GUEST_ACCESS_RIGHTS + 2 * DFW_CS) & DFW_AR_L ||
			  !(vmread(GUEST_ACCESS_RIGHTS + 2 * DFW_TR) & 8)))
		return false;
	if (!long_mode && cr4 & CR4_PAE && !load_pdptes(v, cr3))
		return false;
	set_paging(v, true, cr3, cr4);
	set_efer(v, long_mode ? v->efer | EFER_LMA : v->efer);
	return true;
}

static bool turn_paging_off(struct vcpu *v, uint64_t cr4)
{
	if (in_64bit_mode() || cr4 & CR4_PCIDE)
		return false;
	set_paging(v, false, cr3_view(v), cr4);
	set_efer(v, v->efer & ~(uint64_t)EFER_LMA);
	return true;
}

/* MOV to CR0 in the assist's world: PE=1 is RESTORE; otherwise only NE can have changed. */
static bool set_assist_cr0(struct vcpu *v, uint64_t value)
{
	if (value & CR0_PE) {
		const char *error = assist_restore(v);
		if (error)
			assist_failed(v, error);
		return true;
	}
	const uint64_t held = mmu->cr0_fixed | CR0_NE;

	vmwrite(CR0_SHADOW, (vmread(CR0_SHADOW) & ~held) | (value & held));
	mmu->select(v);
	set_cr0(v, value);
	skip_instruction();
	return true;
}

/* SDM vol. 2, MOV to CR0. RIP is moved past the instruction where it has an effect. */
bool set_guest_cr0(struct vcpu *v, uint64_t value)
{
	uint64_t old = cr0_view();

	if (value >> 32 || (value & CR0_PG && !(value & CR0_PE)) ||
	    (value & CR0_NW && !(value & CR0_CD)))
		return false;
	value &= CR0_DEFINED;
	if (v->in_assist)
		return set_assist_cr0(v, value);
	if ((value ^ old) & CR0_PG) {
		uint64_t cr4 = cr4_view();
		if (!((value & CR0_PG) ? turn_paging_on(v, cr4) : turn_paging_off(v, cr4)))
			return false;
		mmu->flush(v, true);
	}
	vmwrite(CR0_SHADOW, value);
	set_cr0(v, value);
	mmu->select(v); /* WP */
	skip_instruction();
	if (!(old & CR0_PE) || value & CR0_PE)
		return true;
	if (native_real_mode) {
		real_mode_begun = true;
		vmwrite(CR0_MASK, cr0_mask(v));
		assist_begin_native(v);
		return true;
	}
	const char *error = assist_invoke(v, DFW_INVOKE_REAL_MODE, 0, NULL);
	if (error)
		assist_failed(v, error);
	return true;
}

static bool paging_is_on(struct vcpu *v)
{
	return v->in_assist || cr0_view() & CR0_PG;
}

static bool is_pae(struct vcpu *v, uint64_t cr4)
{
	return paging_is_on(v) && cr4 & CR4_PAE && !(v->efer & EFER_LMA);
}

/* Exits while PG=0 (the mmu's map is not the guest's), and always where the mmu has a CR3 of its own. */
bool set_guest_cr3(struct vcpu *v, uint64_t value)
{
	uint64_t cr4 = cr4_view();

	if (paging_is_on(v) && v->efer & EFER_LMA && value >> physical_bits())
		return false;
	if (is_pae(v, cr4) && !load_pdptes(v, value))
		return false;
	v->cr3 = value;
	mmu->flush(v, !(cr4 & CR4_PGE));
	skip_instruction();
	return true;
}

bool set_guest_cr4(struct vcpu *v, uint64_t value)
{
	uint64_t allowed = rdmsr(MSR_VMX_CR4_FIXED1) & ~(mmu->cr4_hidden | CR4_VMXE | CR4_SMXE);
	const uint64_t paging = CR4_PAE | CR4_PSE | CR4_PGE | CR4_SMEP; /* SDM vol. 3, 4.4.1 */
	uint64_t old = cr4_view();

	if (value & ~allowed || value & CR4_PCIDE)
		return false; /* exits with PCIDE only while PG=0 or on a change of VMXE */
	if (v->efer & EFER_LMA && !(value & CR4_PAE))
		return false;
	if (is_pae(v, value) && (value ^ old) & paging && !load_pdptes(v, cr3_view(v)))
		return false;
	set_paging(v, paging_is_on(v), cr3_view(v), value);
	if ((value ^ old) & paging)
		mmu->flush(v, true);
	skip_instruction();
	return true;
}

bool set_guest_efer(struct vcpu *v, uint64_t value)
{
	uint64_t allowed = efer_allowed();

	if (value & ~allowed || ((value ^ v->efer) & EFER_LME && cr0_view() & CR0_PG))
		return false;
	set_efer(v, (value & ~(uint64_t)EFER_LMA) | (v->efer & EFER_LMA));
	return true;
}
