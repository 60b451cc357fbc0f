/* SPDX-License-Identifier: MIT
 *
 * The guest's paging in software, SDM vol. 3, chapter 4: none, 2-level with PSE, PAE, 4-level. For
 * accesses that visor makes in the guest's name.
 */
#include "visor/visor.h"

enum {
	PTE_P = 1 << 0,
	PTE_W = 1 << 1,
	PTE_U = 1 << 2,
	PTE_A = 1 << 5,
	PTE_D = 1 << 6,
	PTE_PS = 1 << 7,
};
#define PTE_ADDRESS 0x000ffffffffff000ull

struct walk {
	uint64_t linear;
	uint32_t want; /* ACCESS_* */
	uint32_t rights; /* PTE_W and PTE_U, as all levels allow them */
	unsigned entry_size, index_bits;
};

/* Entry `level` (0 = page) of the table at base, its A bit set (D too in the last one). */
static bool read_entry(const struct walk *w, uint64_t base, unsigned level, uint64_t *entry,
		       bool *last)
{
	unsigned shift = 12 + level * w->index_bits;
	uint64_t index = w->linear >> shift & ((1u << w->index_bits) - 1);
	uint64_t address = base + index * w->entry_size, old = 0;

	if (!guest_read(address, &old, w->entry_size) || !(old & PTE_P))
		return false;
	*last = level == 0 || old & PTE_PS;
	*entry = old | PTE_A | (*last && w->want & ACCESS_WRITE ? PTE_D : 0);
	return *entry == old || guest_write(address, entry, w->entry_size);
}

static bool walk(struct walk *w, uint64_t table, unsigned levels, uint64_t *phys)
{
	w->rights = PTE_W | PTE_U;
	for (unsigned level = levels; level--;) {
		uint64_t entry;
		bool last;
		if (!read_entry(w, table, level, &entry, &last))
			return false;
		w->rights &= entry;
		if (last) {
			uint64_t offset = (1ull << (12 + level * w->index_bits)) - 1;
			uint64_t frame = entry & PTE_ADDRESS;
			if (w->entry_size == 4 && level) /* PSE-36, SDM vol. 3, table 4-4 */
				frame = (frame & 0xffc00000) | (entry & 0x1fe000) << 19;
			*phys = (frame & ~offset) | (w->linear & offset);
			return true;
		}
		table = entry & PTE_ADDRESS;
	}
	return false;
}

bool translate(struct vcpu *v, uint64_t linear, uint32_t want, uint64_t *phys)
{
	struct walk w = {.linear = linear, .want = want, .entry_size = 8, .index_bits = 9};
	uint64_t cr0 = vmread(GUEST_CR0), cr4 = vmread(GUEST_CR4), table = vmread(GUEST_CR3);
	unsigned levels;

	if (!v->in_assist && !(cr0_view() & CR0_PG)) {
		*phys = linear;
		return true;
	}
	if (vmread(ENTRY_CONTROLS) & ENTRY_IA32E_GUEST) {
		levels = cr4 & CR4_LA57 ? 5 : 4;
		table &= PTE_ADDRESS;
	} else if (cr4 & CR4_PAE) {
		uint64_t pdpte = vmread(GUEST_PDPTE + 2 * (linear >> 30 & 3));
		if (!(pdpte & PTE_P))
			return false;
		levels = 2;
		table = pdpte & PTE_ADDRESS;
	} else {
		w.entry_size = 4;
		w.index_bits = 10;
		levels = 2;
		table &= 0xfffff000;
	}
	if (!walk(&w, table, levels, phys))
		return false;
	if (want & ACCESS_USER && !(w.rights & PTE_U))
		return false;
	return !(want & ACCESS_WRITE) || w.rights & PTE_W ||
	       !(want & ACCESS_USER || cr0 & CR0_WP);
}
