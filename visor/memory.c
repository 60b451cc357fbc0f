/* SPDX-License-Identifier: MIT
 *
 * visor's private memory, its map of physical memory, and guest memory as visor reaches it.
 */
#include "lib/string.h"
#include "visor/assist_switch.h"
#include "visor/visor.h"

static uint64_t heap; /* physical address of the first free page */

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

void memory_init(void)
{
	heap = boot->heap;
	host_map_memory();
}
