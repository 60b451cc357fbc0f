/* SPDX-License-Identifier: MIT
 *
 * visor's private memory, its map of physical memory, and guest memory as visor reaches it.
 */
#include "lib/string.h"
#include "visor/assist_switch.h"
#include "visor/visor.h"

#define PTE_P  1
#define PTE_W  2
#define PTE_PS 0x80

static uint64_t heap; /* physical address of the first free page */

uint64_t phys_of(const void *p)
{
	uint64_t a = (uint64_t)p;

	return a >= VISOR_BASE ? a - VISOR_BASE + boot->private_base : a - VISOR_PHYSMAP;
}

void *reserve_pages(unsigned count)
{
	uint64_t page = heap;

	heap += count * PAGE_SIZE;
	if (heap > boot->private_base + (uint64_t)boot->private_size)
		stop("private memory used up");
	return phys(page);
}

uint64_t pages_left(void)
{
	return (boot->private_base + (uint64_t)boot->private_size - heap) / PAGE_SIZE;
}

void *alloc_pages(unsigned count)
{
	return memset(reserve_pages(count), 0, count * PAGE_SIZE);
}

bool is_private(uint64_t address)
{
	return address - boot->private_base < boot->private_size;
}

bool is_ram(uint64_t address, uint64_t size)
{
	for (unsigned i = 0; i < boot->memmap_count; i++) {
		const struct hvm_memmap_entry *m = &boot->memmap[i];
		if (m->type == 1 && address >= m->addr && address - m->addr < m->size &&
		    size <= m->size - (address - m->addr))
			return true;
	}
	return false;
}

void *guest_ram(uint64_t address, uint32_t size)
{
	if (!is_ram(address, size) || is_private(address) || is_private(address + size - 1))
		return NULL;
	return phys(address);
}

/* boot.c has mapped the first 4 GiB; adds RAM above, and drops the identity map. */
void memory_init(void)
{
	uint64_t *pml4 = phys(read_cr3());
	uint64_t *pdpt = phys(pml4[256] & -PAGE_SIZE);

	heap = boot->heap;
	for (unsigned i = 0; i < boot->memmap_count; i++) {
		const struct hvm_memmap_entry *m = &boot->memmap[i];
		uint64_t end = m->addr + m->size;
		if (m->type != 1 || end <= 1ull << 32)
			continue;
		if (end > 512ull << 30)
			stop("memory above 512 GiB");
		for (uint64_t gib = m->addr >> 30; gib << 30 < end; gib++) {
			if (pdpt[gib])
				continue;
			uint64_t *pd = alloc_pages(1);
			pdpt[gib] = phys_of(pd) | PTE_P | PTE_W;
			for (unsigned j = 0; j < 512; j++)
				pd[j] = (gib << 30 | j * LARGE_PAGE) | PTE_P | PTE_W | PTE_PS;
		}
	}
	pml4[0] = 0;
	write_cr3(read_cr3());
}
