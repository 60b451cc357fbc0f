/* SPDX-License-Identifier: MIT
 *
 * The memory map: always sorted, without overlaps, neighbours of one type joined. Pure: also built
 * for the build machine's tests.
 */
#ifndef VMXLOADER_E820_H
#define VMXLOADER_E820_H

#include <stdbool.h>
#include <stdint.h>
#include <dfw/handoff.h>

enum { E820_NONE, E820_RAM, E820_RESERVED, E820_ACPI, E820_NVS, E820_BAD };

struct e820 {
	unsigned count;
	struct dfw_e820 entry[DFW_E820_MAX];
};

/* Makes [base, base + length) the given type, whatever it was; E820_NONE takes it out of the map.
 * A range past 2^64 is cut there. Where the map is full its highest entries fall out, which a guest
 * takes for "nothing there"; returns false then. */
bool e820_set(struct e820 *map, uint64_t base, uint64_t length, uint32_t type);

/* The type at an address, E820_NONE outside of all entries. */
uint32_t e820_type(const struct e820 *map, uint64_t address);

/* The end of the RAM that holds address, or address itself where it is not RAM. */
uint64_t e820_ram_end(const struct e820 *map, uint64_t address);

/* The end of the highest RAM below limit; 0 if there is none. */
uint64_t e820_ram_top(const struct e820 *map, uint64_t limit);

/* The highest RAM range of size bytes, aligned (a power of two), that ends at or below limit and
 * whose base has none of the bits of avoid set (avoid must be multiples of align); 0 if there is
 * none. */
uint64_t e820_find(const struct e820 *map, uint64_t size, uint64_t align, uint64_t limit,
		   uint64_t avoid);

#endif
