/* SPDX-License-Identifier: MIT
 *
 * The memory map as INT 15h/E820h reports it; ACPI 6.4, 15.
 */
#include "vmxloader/e820.h"

static uint64_t end_of(const struct dfw_e820 *e)
{
	return e->base + e->length;
}

/* Appends a range, joined to the last one if it continues it. */
static bool append(struct e820 *map, uint64_t base, uint64_t end, uint32_t type)
{
	struct dfw_e820 *last = map->count ? &map->entry[map->count - 1] : NULL;

	if (base >= end || type == E820_NONE)
		return true;
	if (last && last->type == type && end_of(last) == base) {
		last->length += end - base;
		return true;
	}
	if (map->count == DFW_E820_MAX)
		return false;
	map->entry[map->count++] = (struct dfw_e820){base, end - base, type};
	return true;
}

bool e820_set(struct e820 *map, uint64_t base, uint64_t length, uint32_t type)
{
	struct e820 old = *map;
	uint64_t end = length > UINT64_MAX - base ? UINT64_MAX : base + length;
	bool fits = true, placed = false;

	if (!length)
		return true;
	map->count = 0;
	for (unsigned i = 0; i < old.count; i++) {
		const struct dfw_e820 *e = &old.entry[i];

		if (e->base < base)
			fits &= append(map, e->base, end_of(e) < base ? end_of(e) : base, e->type);
		if (!placed && end_of(e) > base) {
			fits &= append(map, base, end, type);
			placed = true;
		}
		if (end_of(e) > end)
			fits &= append(map, e->base > end ? e->base : end, end_of(e), e->type);
	}
	if (!placed)
		fits &= append(map, base, end, type);
	return fits;
}

uint32_t e820_type(const struct e820 *map, uint64_t address)
{
	for (unsigned i = 0; i < map->count; i++)
		if (address >= map->entry[i].base && address < end_of(&map->entry[i]))
			return map->entry[i].type;
	return E820_NONE;
}

uint64_t e820_ram_end(const struct e820 *map, uint64_t address)
{
	for (unsigned i = 0; i < map->count; i++)
		if (map->entry[i].type == E820_RAM && address >= map->entry[i].base &&
		    address < end_of(&map->entry[i]))
			return end_of(&map->entry[i]);
	return address;
}

uint64_t e820_ram_top(const struct e820 *map, uint64_t limit)
{
	for (unsigned i = map->count; i--;)
		if (map->entry[i].type == E820_RAM && map->entry[i].base < limit)
			return end_of(&map->entry[i]) < limit ? end_of(&map->entry[i]) : limit;
	return 0;
}

uint64_t e820_find(const struct e820 *map, uint64_t size, uint64_t align, uint64_t limit,
		   uint64_t avoid)
{
	for (unsigned i = map->count; i--;) {
		const struct dfw_e820 *e = &map->entry[i];
		uint64_t end = end_of(e) < limit ? end_of(e) : limit;

		if (e->type != E820_RAM || end < size)
			continue;
		for (uint64_t base = (end - size) & -align; base >= e->base; base -= align) {
			if (!(base & avoid))
				return base;
			if (base < align)
				break;
		}
	}
	return 0;
}
