/* SPDX-License-Identifier: MIT
 *
 * The guest's physical memory, page by page. Everything is itself, but
 *
 *   private memory   all pages of it show one scratch page
 *   D0000-DFFFF      writable in the assist's world only, once there is an assist; likewise its
 *                    reserve at the top of memory, where its page tables are
 *   FFFE0000-FFFFFFFF  shows E0000-FFFFF, read-only, as on a PC whose system ROM that is
 *   the local APIC   read-only with several processors, so that smp.c sees what is written
 *
 * and, with A20 closed, that bit 20 of the address counts as 0.
 *
 * A guest's write to a read-only page is dropped as on a ROM, with nothing decoded: the
 * instruction is run in a single step, with a copy in the page's place.
 */
#include <dfw/layout.h>
#include "lib/string.h"
#include "visor/assist_switch.h"
#include "visor/visor.h"

#define ROM_ALIAS 0xfffe0000ull /* the last 128 KiB below 4 GiB */
#define FOUR_GIB  (1ull << 32)

static bool assist_protected;
static uint64_t reserve, reserve_size; /* the assist's, from its header */
static uint8_t scratch[PAGE_SIZE] __attribute__((aligned(4096)));

bool is_assists(uint64_t address)
{
	return address - DFW_VMXASSIST < DFW_VMXASSIST_SIZE || address - reserve < reserve_size;
}

/* The one place that says what a guest-physical page is. */
struct guest_page guest_page(bool in_assist, bool a20, uint64_t address)
{
	if (!a20)
		address &= ~0x100000ull;
	if (is_private(address))
		return (struct guest_page){phys_of(scratch), true, true};
	if (address >= ROM_ALIAS && address < FOUR_GIB)
		return (struct guest_page){address - ROM_ALIAS + DFW_ROMBIOS, false, true};
	if (is_assists(address))
		return (struct guest_page){address, in_assist || !assist_protected, true};
	if (address >= DFW_VGABIOS && address < DFW_HIGH_IMAGE)
		return (struct guest_page){address, true, true}; /* shadow RAM */
	if (is_apic_page(address))
		return (struct guest_page){address, false, false};
	return (struct guest_page){address, true, is_ram(address, PAGE_SIZE)};
}

bool is_uniform(bool a20, uint64_t base)
{
	if (!a20 || base == 0 || is_apic_region(base) || base == (ROM_ALIAS & -LARGE_PAGE) || is_private(base) ||
	    (reserve < base + LARGE_PAGE && base < reserve + reserve_size))
		return false;
	if (is_ram(base, LARGE_PAGE))
		return true;
	for (unsigned i = 0; i < boot->memmap_count; i++) {
		const struct hvm_memmap_entry *e = &boot->memmap[i];
		if (e->type == 1 && e->addr < base + LARGE_PAGE && base < e->addr + e->size)
			return false;
	}
	return true;
}

/* The header is the guest's word: a reserve that is no RAM of its own is left alone. */
void protect_assist(struct vcpu *v)
{
	const struct dfw_assist_header *h = assist_memory();

	if (assist_protected)
		return;
	assist_protected = true;
	reserve = h->reserve & -(uint64_t)PAGE_SIZE;
	uint32_t size = h->reserve_size;
	if (size <= DFW_RESERVE_SIZE && is_ram(reserve, DFW_RESERVE_SIZE) && !is_private(reserve) &&
	    !is_private(reserve + DFW_RESERVE_SIZE - 1))
		reserve_size = size;
	smp_stop_others(v);
	mmu->protect(v);
}

/* A copy of the read-only page at this address, for one instruction to write to. */
void drop_write(struct vcpu *v, uint64_t address)
{
	struct single_step *s = &v->step;

	if (s->pages == STEP_PAGES)
		fatal(v, "one instruction writes to over %u read-only pages", STEP_PAGES);
	if (!s->copy)
		s->copy = reserve_pages(STEP_PAGES);
	if (is_apic_page(address))
		*(uint32_t *)(s->copy[s->pages] + address % PAGE_SIZE / 16 * 16) = apic_read(address);
	else
		memcpy(s->copy[s->pages], phys(guest_page(v->in_assist, a20_open, address & -PAGE_SIZE).frame),
		       PAGE_SIZE);
	s->address[s->pages++] = address;
	s->rip = vmread(GUEST_RIP);
	step_begin(v);
	if (is_assists(address))
		stats.assist_writes_dropped++;
}

/* The step is over: the real pages come back, and what was written to the local APIC is done. */
void drop_end(struct vcpu *v)
{
	bool done = vmread(GUEST_RIP) != v->step.rip;
	struct single_step *s = &v->step;

	mmu->end_copies(v);
	for (; s->pages; s->pages--) {
		uint64_t address = s->address[s->pages - 1];
		if (is_apic_page(address) && done)
			apic_write(v, address,
				   *(uint32_t *)(s->copy[s->pages - 1] + address % PAGE_SIZE / 16 * 16));
	}
}

/* Memory of the guest that visor reaches in its name: in one piece, by page. NULL: none. */
static void *reach(struct vcpu *v, uint64_t address, bool write)
{
	struct guest_page page = guest_page(v->in_assist, a20_open, address & -PAGE_SIZE);
	uint64_t at = page.frame | address % PAGE_SIZE;

	return page.ram && (page.writable || !write) ? phys(at) : NULL;
}

/* To the guest's memory, or from it to `own`, page by page. */
static bool copy(struct vcpu *v, uint64_t address, void *own, unsigned len, bool write)
{
	while (len) {
		unsigned part = PAGE_SIZE - address % PAGE_SIZE;
		void *p = reach(v, address, write);
		if (!p)
			return false;
		if (part > len)
			part = len;
		memcpy(write ? p : own, write ? own : p, part);
		own = (char *)own + part;
		address += part;
		len -= part;
	}
	return true;
}

bool guest_read(struct vcpu *v, uint64_t address, void *dst, unsigned len)
{
	return copy(v, address, dst, len, false);
}

bool guest_write(struct vcpu *v, uint64_t address, const void *src, unsigned len)
{
	return copy(v, address, (void *)src, len, true);
}

void *guest_table(struct vcpu *v, uint64_t address)
{
	return reach(v, address, false);
}

bool guest_compare_exchange(struct vcpu *v, uint64_t address, unsigned size, uint64_t old, uint64_t new)
{
	void *p = reach(v, address, true);

	if (!p) /* a table in a ROM: what is written there is lost */
		return true;
	if (size == 8)
		return __sync_bool_compare_and_swap((uint64_t *)p, old, new);
	return __sync_bool_compare_and_swap((uint32_t *)p, (uint32_t)old, (uint32_t)new);
}
