/* SPDX-License-Identifier: MIT
 *
 * INVOKE and RESTORE: see assist_switch.h. A record is copied before it is looked at; its values
 * reach guest-state fields of the VMCS only, which VM entry checks (SDM vol. 3, 26.3), and
 * registers that visor itself does not depend on. So the worst that a damaged record can do is to
 * make VM entry fail.
 */
#include "lib/string.h"
#include "visor/assist_switch.h"
#include "visor/visor.h"

/* VMCS fields that are members of struct dfw_cpu as they are. */
static const struct {
	enum vmcs_field field;
	uint16_t offset;
} plain[] = {
#define PLAIN(field, member) {field, offsetof(struct dfw_cpu, member)}
	PLAIN(GUEST_RIP, rip),
	PLAIN(GUEST_RFLAGS, rflags),
	PLAIN(GUEST_RSP, gpr[DFW_RSP]),
	PLAIN(GUEST_DR7, dr7),
	PLAIN(GUEST_DEBUGCTL, debugctl),
	PLAIN(GUEST_SYSENTER_CS, sysenter_cs),
	PLAIN(GUEST_SYSENTER_ESP, sysenter_esp),
	PLAIN(GUEST_SYSENTER_EIP, sysenter_eip),
	PLAIN(GUEST_GDTR_BASE, gdtr.base),
	PLAIN(GUEST_IDTR_BASE, idtr.base),
	PLAIN(GUEST_PENDING_DEBUG, pending_debug),
#undef PLAIN
};

static uint64_t *member(const struct dfw_cpu *cpu, unsigned offset)
{
	return (uint64_t *)((char *)cpu + offset);
}

void save_world(struct vcpu *v, struct dfw_cpu *cpu)
{
	memcpy(cpu->gpr, v->gpr, sizeof(cpu->gpr));
	for (unsigned i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		*member(cpu, plain[i].offset) = vmread(plain[i].field);
	for (unsigned i = 0; i < DFW_SEGS; i++) {
		cpu->seg[i].selector = vmread(GUEST_SELECTOR + 2 * i);
		cpu->seg[i].base = vmread(GUEST_BASE + 2 * i);
		cpu->seg[i].limit = vmread(GUEST_LIMIT + 2 * i);
		cpu->seg[i].access_rights = vmread(GUEST_ACCESS_RIGHTS + 2 * i);
	}
	cpu->gdtr.limit = vmread(GUEST_GDTR_LIMIT);
	cpu->idtr.limit = vmread(GUEST_IDTR_LIMIT);
	cpu->activity = vmread(GUEST_ACTIVITY);
	cpu->interruptibility = vmread(GUEST_INTERRUPTIBILITY);

	cpu->cr0 = cr0_view();
	cpu->cr3 = cr3_view(v);
	cpu->cr4 = cr4_view();
	cpu->efer = v->efer;
	mmu->get_pdptes(v, cpu->pdpte);
	cpu->pat = rdmsr(MSR_PAT);

	/* VMX switches none of these; visor uses none, so they are still the guest's. */
	cpu->cr2 = read_cr2();
	cpu->dr[0] = read_dr0();
	cpu->dr[1] = read_dr1();
	cpu->dr[2] = read_dr2();
	cpu->dr[3] = read_dr3();
	cpu->dr6 = read_dr6();

	uint32_t event = vmread(IDT_VECTORING);
	cpu->event = cpu->event_error = cpu->event_length = 0;
	if (event & EVENT_VALID) {
		cpu->event = event & ~EVENT_NMI_UNBLOCKING;
		if (event & EVENT_ERROR)
			cpu->event_error = vmread(IDT_VECTORING_ERROR);
		if ((event & EVENT_TYPE) >= EVENT_SOFTWARE)
			cpu->event_length = vmread(EXIT_LENGTH);
	}
}

void load_world(struct vcpu *v, const struct dfw_cpu *cpu)
{
	memcpy(v->gpr, cpu->gpr, sizeof(v->gpr));
	for (unsigned i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		vmwrite(plain[i].field, *member(cpu, plain[i].offset));
	for (unsigned i = 0; i < DFW_SEGS; i++) {
		vmwrite(GUEST_SELECTOR + 2 * i, cpu->seg[i].selector);
		vmwrite(GUEST_BASE + 2 * i, cpu->seg[i].base);
		vmwrite(GUEST_LIMIT + 2 * i, cpu->seg[i].limit);
		vmwrite(GUEST_ACCESS_RIGHTS + 2 * i, cpu->seg[i].access_rights);
	}
	vmwrite(GUEST_GDTR_LIMIT, cpu->gdtr.limit);
	vmwrite(GUEST_IDTR_LIMIT, cpu->idtr.limit);
	vmwrite(GUEST_ACTIVITY, cpu->activity);
	vmwrite(GUEST_INTERRUPTIBILITY, cpu->interruptibility);

	write_cr2(cpu->cr2);
	write_dr0(cpu->dr[0]);
	write_dr1(cpu->dr[1]);
	write_dr2(cpu->dr[2]);
	write_dr3(cpu->dr[3]);
	write_dr6((uint32_t)cpu->dr6); /* the high half must be 0 */

	vmwrite(ENTRY_EVENT, cpu->event);
	vmwrite(ENTRY_EVENT_ERROR, cpu->event_error);
	vmwrite(ENTRY_EVENT_LENGTH, cpu->event_length);
}

/* The header may change while it is looked at, by another processor: each field is read once. */
static const char *find_record(const struct vcpu *v, struct dfw_assist_record **record)
{
	const volatile struct dfw_assist_header *h = assist_memory();
	uint32_t records = h->records, cpus = h->cpus, reserve = h->reserve, size = h->reserve_size;
	uint32_t mine = records + v->id * sizeof(struct dfw_assist_record);
	uint64_t end = records + (uint64_t)cpus * sizeof(struct dfw_assist_record);

	if (h->magic != DFW_ASSIST_MAGIC)
		return "there is no assist at D0000";
	if (h->version != DFW_ASSIST_VERSION || h->header_size < sizeof(*h) ||
	    h->record_size != sizeof(struct dfw_assist_record))
		return "the assist speaks another version of the ABI";
	if (cpus <= v->id)
		return "the assist has no record for this processor";
	if (records % 8)
		return "the assist's records are not aligned";
	if (records >= DFW_VMXASSIST && end <= DFW_VMXASSIST + DFW_VMXASSIST_SIZE) {
		*record = (void *)((char *)assist_memory() + (mine - DFW_VMXASSIST));
		return NULL;
	}
	if (records < reserve || end > (uint64_t)reserve + size)
		return "the assist's records lie neither in D0000-DFFFF nor in its reserve";
	*record = guest_ram(mine, sizeof(**record));
	return *record ? NULL : "the assist's records lie outside the guest's memory";
}

const char *assist_check(const struct vcpu *v)
{
	struct dfw_assist_record *r;

	return find_record(v, &r);
}

void assist_set_irq8(uint8_t vector)
{
	struct dfw_assist_header *h = assist_memory();

	if (vcpus[0].assist_started && h->magic == DFW_ASSIST_MAGIC && h->version == DFW_ASSIST_VERSION)
		h->irq8_vector = vector;
}

void assist_guest_at(const struct vcpu *v, uint16_t *cs, uint64_t *rip)
{
	struct dfw_assist_record *r;

	if (find_record(v, &r))
		return;
	*cs = r->guest.seg[DFW_CS].selector;
	*rip = r->guest.rip;
}

const char *assist_invoke(struct vcpu *v, uint32_t reason, uint64_t detail,
			  const struct dfw_cpu *guest)
{
	struct dfw_cpu assist;
	uint64_t guest_cr0;
	struct dfw_assist_record *r;
	const char *error = find_record(v, &r);

	if (error)
		return error;
	memcpy(&assist, &r->assist, sizeof(assist));
	/* At the start the assist itself has described the guest. */
	if (reason == DFW_INVOKE_REAL_MODE && !v->assist_started &&
	    r->reason == DFW_INVOKE_START) {
		guest_cr0 = r->guest.cr0;
	} else {
		guest_cr0 = guest ? guest->cr0 : cr0_view();
		if (guest) {
			struct dfw_cpu state = *guest;

			/* a reset keeps MSRs, and in the assist's world the record has them */
			if (v->in_assist)
				memcpy(&state.sysenter_cs, &r->guest.sysenter_cs,
				       offsetof(struct dfw_cpu, gdtr) -
					       offsetof(struct dfw_cpu, sysenter_cs));
			memcpy(&r->guest, &state, sizeof(state));
		} else {
			save_world(v, &r->guest);
		}
		r->reason = reason;
		r->detail = detail;
	}
	v->assist_started = true;
	v->in_assist = true;
	load_world(v, &assist);
	load_assist_control_registers(v, &assist, guest_cr0);
	assist_world_changed(v);
	stats.invokes++;
	return NULL;
}

void assist_begin_native(struct vcpu *v)
{
	struct dfw_assist_record *r;
	struct dfw_cpu guest;

	if (v->assist_started || find_record(v, &r) || r->reason != DFW_INVOKE_START)
		return;
	memcpy(&guest, &r->guest, sizeof(guest));
	v->assist_started = true;
	load_world(v, &guest);
	load_control_registers(v, &guest);
	assist_world_changed(v);
}

const char *assist_restore(struct vcpu *v)
{
	struct dfw_cpu guest;
	struct dfw_assist_record *r;
	const char *error = find_record(v, &r);

	if (error)
		return error;
	memcpy(&guest, &r->guest, sizeof(guest));
	if (!(guest.cr0 & CR0_PE))
		return "RESTORE of a guest whose CR0.PE is 0";
	v->in_assist = false;
	load_world(v, &guest);
	load_control_registers(v, &guest);
	assist_world_changed(v);
	stats.restores++;
	return NULL;
}
