/* SPDX-License-Identifier: MIT
 *
 * The guest's paging in software, SDM vol. 3, chapter 4: none, 2-level with PSE, PAE, 4-level, 5-level. For
 * the virtual TLB, and for accesses that visor makes in the guest's name. SMEP, SMAP and protection
 * keys are not looked at: string I/O that exits is by CPL 0 and to ports that no such program uses,
 * and with the virtual TLB the guest does not have them.
 */
#include "visor/visor.h"

static unsigned physical;
static bool pages_1g;

void walk_init(void)
{
	bool extended = cpuid(0x80000000, 0).eax >= 0x80000008;

	physical = extended ? cpuid(0x80000008, 0).eax & 0xff : 36;
	pages_1g = extended && cpuid(0x80000001, 0).edx & 1 << 26;
}

unsigned physical_bits(void)
{
	return physical;
}

void guest_paging(struct vcpu *v, struct paging *p)
{
	uint64_t cr0 = cr0_view(), cr4 = cr4_view();

	p->wp = cr0 & CR0_WP;
	p->nxe = v->efer & EFER_NXE;
	p->pse = cr4 & CR4_PSE;
	p->cr3 = cr3_view(v);
	p->levels = 2;
	if (!v->in_assist && !(cr0 & CR0_PG)) {
		p->mode = PAGING_NONE;
	} else if (v->efer & EFER_LMA) {
		p->mode = PAGING_4_LEVEL;
		p->levels = cr4 & CR4_LA57 ? 5 : 4;
		p->cr3 &= PTE_ADDRESS;
	} else if (cr4 & CR4_PAE) {
		p->mode = PAGING_PAE;
		p->cr3 &= 0xffffffe0;
		mmu->get_pdptes(v, p->pdpte);
	} else {
		p->mode = PAGING_32;
		p->nxe = false;
		p->cr3 &= 0xfffff000;
	}
}

/* SDM vol. 3, tables 4-4 to 4-19; bits 13 to 20 of a 4 MiB page's entry are address bits 32 to 39 */
uint64_t reserved_bits(const struct paging *p, unsigned level, bool leaf)
{
	uint64_t high = ~0ull << physical & PTE_ADDRESS, large = ((1ull << 9 * level) - 1) << 12 & ~0x1000ull;

	if (p->mode == PAGING_32) {
		if (!leaf || !level)
			return 0;
		return 1 << 21 | (physical < 40 ? 0x1fe000 & ~0u << (physical - 32 + 13) : 0);
	}
	if (!p->nxe)
		high |= PTE_NX;
	if (p->mode == PAGING_PAE)
		high |= 0x7ff0000000000000;
	if (leaf && level)
		return high | large | (level == 2 && !pages_1g ? PTE_PS : 0);
	return high | (level >= 3 ? PTE_PS : 0);
}

static bool is_leaf(const struct paging *p, unsigned level, uint64_t entry)
{
	if (!level)
		return true;
	return entry & PTE_PS && level < 3 && (p->mode != PAGING_32 || p->pse);
}

static uint64_t read_entry(struct vcpu *v, uint64_t address, unsigned size)
{
	const void *p = guest_table(v, address);

	if (!p)
		return ~0ull; /* nothing there answers */
	return size == 8 ? *(const volatile uint64_t *)p : *(const volatile uint32_t *)p;
}

/* Accessed and dirty bits from the root down; false if a table has changed meanwhile. */
static bool mark(struct vcpu *v, struct walk *w, unsigned levels, unsigned size, const uint64_t *address, bool write)
{
	for (unsigned level = levels; level-- > w->leaf;) {
		uint64_t old = w->entry[level], new = old | PTE_A | (write && level == w->leaf ? PTE_D : 0);
		if (new != old && !guest_compare_exchange(v, address[level], size, old, new))
			return false;
		w->entry[level] = new;
	}
	return true;
}

bool walk_guest(struct vcpu *v, const struct paging *p, uint64_t linear, uint32_t access, struct walk *w)
{
	unsigned size = p->mode == PAGING_32 ? 4 : 8, bits = p->mode == PAGING_32 ? 10 : 9;
	unsigned level;
	uint64_t table, address[5], entry;

	w->error = access;
	w->rights = PTE_W | PTE_U;
	if (p->mode == PAGING_NONE) {
		w->physical = linear;
		w->leaf = 3;
		w->shift = 32;
		return true;
	}
again:
	w->rights = PTE_W | PTE_U;
	table = p->cr3;
	if (p->mode == PAGING_PAE) {
		table = p->pdpte[linear >> 30 & 3];
		if (!(table & PTE_P))
			return false;
		table &= PTE_ADDRESS;
	}
	for (level = p->levels - 1;; level--) {
		uint64_t index = linear >> (12 + level * bits) & ((1u << bits) - 1);
		w->table[level] = table;
		address[level] = table + index * size;
		w->entry[level] = entry = read_entry(v, address[level], size);
		if (!(entry & PTE_P))
			return false;
		bool leaf = is_leaf(p, level, entry);
		if (entry & reserved_bits(p, level, leaf)) {
			w->error = access | FAULT_PRESENT | FAULT_RESERVED;
			return false;
		}
		w->rights = (w->rights & (entry | PTE_NX)) | (entry & PTE_NX);
		if (leaf)
			break;
		table = entry & PTE_ADDRESS;
	}
	w->leaf = level;
	w->shift = 12 + level * bits;
	uint64_t offset = (1ull << w->shift) - 1, frame = entry & PTE_ADDRESS;
	if (p->mode == PAGING_32 && level) /* PSE-36, SDM vol. 3, table 4-4 */
		frame = (frame & 0xffc00000) | (entry & 0x1fe000) << 19;
	w->physical = (frame & ~offset) | (linear & offset);

	bool writable = w->rights & PTE_W || (!(access & ACCESS_USER) && !p->wp);
	if ((access & ACCESS_USER && !(w->rights & PTE_U)) || (access & ACCESS_WRITE && !writable) ||
	    (access & ACCESS_FETCH && w->rights & PTE_NX)) {
		w->error = access | FAULT_PRESENT;
		return false;
	}
	if (!mark(v, w, p->levels, size, address, access & ACCESS_WRITE))
		goto again;
	return true;
}
