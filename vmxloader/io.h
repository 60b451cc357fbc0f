/* SPDX-License-Identifier: MIT
 *
 * Instructions that C has no words for: MSRs, CPUID; ports are lib's.
 */
#ifndef VMXLOADER_IO_H
#define VMXLOADER_IO_H

#include <stdint.h>
#include "lib/ports.h"

static inline uint64_t rdmsr(uint32_t index)
{
	uint64_t v;
	asm volatile("rdmsr" : "=A"(v) : "c"(index));
	return v;
}

static inline void wrmsr(uint32_t index, uint64_t v)
{
	asm volatile("wrmsr" : : "c"(index), "A"(v) : "memory");
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf)
{
	struct cpuid c;
	asm volatile("cpuid"
		     : "=a"(c.eax), "=b"(c.ebx), "=c"(c.ecx), "=d"(c.edx)
		     : "0"(leaf), "2"(0));
	return c;
}

static inline uint8_t cmos_read(uint8_t index)
{
	outb(0x70, index | 0x80); /* NMI stays off */
	return inb(0x71);
}

#endif
