/* SPDX-License-Identifier: MIT
 *
 * The local APIC: registers by their offset (SDM vol. 3, 11.4.1), interrupt command register (11.6.1).
 */
#ifndef LIB_APIC_H
#define LIB_APIC_H

enum { CPUID1_EDX_APIC = 1 << 9 };

/* IA32_APIC_BASE */
enum { APIC_BASE_ENABLE = 1 << 11, APIC_BASE_X2APIC = 1 << 10 };

enum {
	APIC_ID = 0x20,
	APIC_VERSION = 0x30,
	APIC_SVR = 0xf0,
	APIC_ICR = 0x300,
	APIC_ICR_HIGH = 0x310,
	APIC_LINT0 = 0x350,
	APIC_LINT1 = 0x360,
};
enum { SVR_ENABLE = 1 << 8 };

enum {
	ICR_NMI = 4 << 8,
	ICR_INIT = 5 << 8,
	ICR_SIPI = 6 << 8,
	ICR_MODE = 7 << 8,
	ICR_LOGICAL = 1 << 11,
	ICR_BUSY = 1 << 12,
	ICR_ASSERT = 1 << 14,
	ICR_SELF = 1 << 18,
	ICR_ALL = 2 << 18,
	ICR_ALL_OTHERS = 3 << 18,
	ICR_SHORTHAND = 3 << 18,
};

/* MultiProcessor Specification 1.4, B.4 */
enum { INIT_MICROSECONDS = 10000, SIPI_MICROSECONDS = 200 };

#endif
