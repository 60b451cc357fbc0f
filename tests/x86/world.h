/* SPDX-License-Identifier: MIT
 *
 * The world of the hand-made vectors: 2 MiB of memory, ports that remember, and a processor. Every access is held to
 * the contract of struct x86_ops. Included after cmocka.h.
 */
#ifndef TESTS_X86_WORLD_H
#define TESTS_X86_WORLD_H

#include <x86/x86.h>

enum { MEMORY = 0x200000 };

static uint8_t memory[MEMORY];
static struct dfw_cpu cpu;
static struct x86 x;
static struct x86_slot slots[64];
static bool mapped;      /* op_map gives pointers */
static unsigned writes;  /* by op_write */
static uint16_t last_port;
static uint32_t last_value;

#define IMAGE memory
#include "tables.h"

static inline void op_read(void *world, uint64_t phys, void *dst, unsigned len)
{
	assert_true(len >= 1 && len <= 4096 && (phys & 4095) + len <= 4096);
	if (phys + len <= MEMORY)
		memcpy(dst, memory + phys, len);
	else
		memset(dst, 0xff, len);
}

static inline void op_write(void *world, uint64_t phys, const void *src, unsigned len)
{
	assert_true(len >= 1 && len <= 4096 && (phys & 4095) + len <= 4096);
	writes++;
	if (phys + len <= MEMORY)
		memcpy(memory + phys, src, len);
}

static inline void *op_map(void *world, uint64_t phys, unsigned len, bool write)
{
	assert_true(len >= 1 && (phys & 4095) + len <= 4096);
	return mapped && phys + len <= MEMORY ? memory + phys : NULL;
}

static inline uint32_t op_in(void *world, uint16_t port, unsigned size)
{
	last_port = port;
	return 0x11223344;
}

static inline void op_out(void *world, uint16_t port, unsigned size, uint32_t value)
{
	last_port = port;
	last_value = value;
}

static inline struct dfw_segment segment(uint16_t selector, uint32_t base, uint32_t limit, uint32_t ar)
{
	return (struct dfw_segment){.selector = selector, .base = base, .limit = limit, .access_rights = ar};
}

#endif
