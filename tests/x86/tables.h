/* SPDX-License-Identifier: MIT
 *
 * Entries of descriptor tables, for tests and guest programs, and, where IMAGE is defined as the memory that they
 * make, the words of it.
 */
#ifndef TESTS_X86_TABLES_H
#define TESTS_X86_TABLES_H

#include <stdint.h>

/* SDM vol. 3, figure 3-8. limit: 20 bits; ar as in struct dfw_segment. */
static inline uint64_t descriptor(uint32_t base, uint32_t limit, uint32_t ar)
{
	return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)(ar & 0xff) << 40 |
	       (uint64_t)(limit >> 16 & 0xf) << 48 | (uint64_t)(ar >> 12 & 0xf) << 52 | (uint64_t)(base >> 24) << 56;
}

/* SDM vol. 3, figures 5-8, 6-2 and 7-6. type: the whole byte, with DPL and P. */
static inline uint64_t gate(uint16_t selector, uint32_t offset, uint8_t type, uint8_t params)
{
	return (offset & 0xffff) | (uint64_t)selector << 16 | (uint64_t)params << 32 | (uint64_t)type << 40 |
	       (uint64_t)(offset >> 16) << 48;
}

#ifdef IMAGE
#include <string.h>

static inline void put_bytes(uint32_t at, const void *src, unsigned len)
{
	memcpy(IMAGE + at, src, len);
}

static inline void put16(uint32_t at, uint16_t v)
{
	put_bytes(at, &v, 2);
}

static inline void put32(uint32_t at, uint32_t v)
{
	put_bytes(at, &v, 4);
}

static inline void put64(uint32_t at, uint64_t v)
{
	put_bytes(at, &v, 8);
}

static inline uint16_t get16(uint32_t at)
{
	uint16_t v;

	memcpy(&v, IMAGE + at, 2);
	return v;
}

static inline uint32_t get32(uint32_t at)
{
	uint32_t v;

	memcpy(&v, IMAGE + at, 4);
	return v;
}
#endif
#endif
