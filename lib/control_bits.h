/* SPDX-License-Identifier: MIT
 *
 * Bits of the control registers and of EFER: SDM vol. 3, 2.5 and 2.2.1.
 */
#ifndef LIB_CONTROL_BITS_H
#define LIB_CONTROL_BITS_H

#include <stdint.h>

enum {
	CR0_PE = 1 << 0,
	CR0_MP = 1 << 1,
	CR0_EM = 1 << 2,
	CR0_TS = 1 << 3,
	CR0_ET = 1 << 4,
	CR0_NE = 1 << 5,
	CR0_WP = 1 << 16,
	CR0_AM = 1 << 18,
	CR0_NW = 1 << 29,
	CR0_CD = 1 << 30,
};
#define CR0_PG (1u << 31)
#define CR0_DEFINED 0xe005003fu /* writes of the other low bits are ignored */

enum {
	CR4_VME = 1 << 0,
	CR4_PVI = 1 << 1,
	CR4_TSD = 1 << 2,
	CR4_DE = 1 << 3,
	CR4_PSE = 1 << 4,
	CR4_PAE = 1 << 5,
	CR4_MCE = 1 << 6,
	CR4_PGE = 1 << 7,
	CR4_PCE = 1 << 8,
	CR4_OSFXSR = 1 << 9,
	CR4_OSXMMEXCPT = 1 << 10,
	CR4_UMIP = 1 << 11,
	CR4_LA57 = 1 << 12,
	CR4_VMXE = 1 << 13,
	CR4_SMXE = 1 << 14,
	CR4_PCIDE = 1 << 17,
	CR4_OSXSAVE = 1 << 18,
	CR4_SMEP = 1 << 20,
	CR4_SMAP = 1 << 21,
	CR4_PKE = 1 << 22,
	CR4_CET = 1 << 23,
	CR4_PKS = 1 << 24,
};

enum { EFER_SCE = 1 << 0, EFER_LME = 1 << 8, EFER_LMA = 1 << 10, EFER_NXE = 1 << 11 };

/* The bits of EFER that a processor has, by CPUID.80000001h:EDX */
static inline uint32_t efer_bits(uint32_t features)
{
	enum { SYSCALL = 1 << 11, NX = 1 << 20, LONG_MODE = 1 << 29 };

	return (features & (SYSCALL | LONG_MODE) ? EFER_SCE : 0) | (features & NX ? EFER_NXE : 0) |
	       (features & LONG_MODE ? EFER_LME | EFER_LMA : 0);
}

#endif
