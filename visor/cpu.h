/* SPDX-License-Identifier: MIT
 *
 * Instructions and register bits that C has no words for.
 */
#ifndef VISOR_CPU_H
#define VISOR_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/control_bits.h"
#ifdef DFW_TEST /* the build machine's tests have MSRs and ports of their own */
uint64_t rdmsr(uint32_t index);
uint32_t inl(uint16_t port);
void outl(uint16_t port, uint32_t v);
#else
#include "lib/ports.h"
#endif
#include "visor/boot.h"

enum { RFLAGS_FIXED = 1 << 1, RFLAGS_ZF = 1 << 6, RFLAGS_TF = 1 << 8, RFLAGS_IF = 1 << 9,
       RFLAGS_DF = 1 << 10, RFLAGS_VM = 1 << 17 };

enum {
	MSR_APIC_BASE = 0x1b,
	MSR_FEATURE_CONTROL = 0x3a,
	MSR_BIOS_UPDT_TRIG = 0x79,
	MSR_SMM_MONITOR_CTL = 0x9b,
	MSR_PAT = 0x277,
	MSR_VMX_BASIC = 0x480,
	MSR_VMX_PINBASED = 0x481,
	MSR_VMX_PROCBASED = 0x482,
	MSR_VMX_EXIT = 0x483,
	MSR_VMX_ENTRY = 0x484,
	MSR_VMX_MISC = 0x485,
	MSR_VMX_CR0_FIXED0 = 0x486,
	MSR_VMX_CR0_FIXED1 = 0x487,
	MSR_VMX_CR4_FIXED0 = 0x488,
	MSR_VMX_CR4_FIXED1 = 0x489,
	MSR_VMX_PROCBASED2 = 0x48b,
	MSR_VMX_EPT_VPID_CAP = 0x48c,
	MSR_VMX_TRUE_PINBASED = 0x48d, /* then PROCBASED, EXIT, ENTRY */
	MSR_VMX_LAST = 0x491,
};
#define MSR_EFER 0xc0000080u
#define MSR_GS_BASE 0xc0000101u

enum vector { VECTOR_DB = 1, VECTOR_NMI = 2, VECTOR_UD = 6, VECTOR_NM = 7, VECTOR_DF = 8,
	      VECTOR_GP = 13, VECTOR_PF = 14, VECTOR_MF = 16 };

/* Physical memory: visor proper has it mapped in one piece, boot.c runs without paging. */
static inline void *phys(uint64_t address)
{
	return (void *)(uintptr_t)(VISOR_PHYSMAP + address);
}

#ifndef DFW_TEST
static inline uint64_t rdmsr(uint32_t index)
{
	uint32_t low, high;
	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
	return (uint64_t)high << 32 | low;
}
#endif

static inline void wrmsr(uint32_t index, uint64_t v)
{
	asm volatile("wrmsr" : : "c"(index), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;
	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;
	asm volatile("cpuid"
		     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
		     : "a"(leaf), "c"(subleaf));
	return r;
}

#define CONTROL_REGISTER(name, reg)                                                                \
	static inline unsigned long read_##name(void)                                              \
	{                                                                                          \
		unsigned long v;                                                                   \
		asm volatile("mov %%" reg ", %0" : "=r"(v));                                       \
		return v;                                                                          \
	}                                                                                          \
	static inline void write_##name(unsigned long v)                                           \
	{                                                                                          \
		asm volatile("mov %0, %%" reg : : "r"(v) : "memory");                              \
	}
CONTROL_REGISTER(cr0, "cr0")
CONTROL_REGISTER(cr2, "cr2")
CONTROL_REGISTER(cr3, "cr3")
CONTROL_REGISTER(cr4, "cr4")
CONTROL_REGISTER(dr0, "dr0")
CONTROL_REGISTER(dr1, "dr1")
CONTROL_REGISTER(dr2, "dr2")
CONTROL_REGISTER(dr3, "dr3")
CONTROL_REGISTER(dr6, "dr6")
#undef CONTROL_REGISTER

static inline void wbinvd(void)
{
	asm volatile("wbinvd" : : : "memory");
}

#endif
