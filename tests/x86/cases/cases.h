/* SPDX-License-Identifier: MIT
 *
 * What the guest programs here share: entry.S as C sees it, the way to port E9, and memory.
 */
#ifndef CASES_H
#define CASES_H

#include <stdint.h>

struct state {
	uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
	uint32_t eip, eflags, error, es, cs, ss, ds, fs, gs, vector;
};

struct trap {
	uint32_t es, ds, fs, gs, edi, esi, ebp, unused, ebx, edx, ecx, eax;
	uint32_t vector, error, eip, cs, eflags, esp, ss, vm_es, vm_ds, vm_fs, vm_gs;
};

extern struct state before, after;
extern struct trap *trap;
extern uint32_t real_target;
extern uint64_t gdt[32], idt[256];
extern uint8_t stubs[256][16], real_stubs[256][8];
void enter_protected(void);
void enter_real(void);

static inline void put(char c)
{
	asm volatile("outb %0, $0xe9" : : "a"(c));
}

static inline void put_hex(uint32_t v, unsigned digits)
{
	while (digits--)
		put("0123456789abcdef"[v >> 4 * digits & 15]);
}

static inline void put16(uint32_t at, uint16_t v)
{
	*(volatile uint16_t *)at = v;
}

static inline void put32(uint32_t at, uint32_t v)
{
	*(volatile uint32_t *)at = v;
}

#endif
