/* SPDX-License-Identifier: MIT
 *
 * The VMCS: field encodings (SDM vol. 3, appendix B), control bits (25.6 to 25.8), exit reasons
 * (appendix C) and access.
 */
#ifndef VISOR_VMCS_H
#define VISOR_VMCS_H

#include <stdbool.h>
#include <stdint.h>

enum vmcs_field {
	/* 16-bit; segment n of DFW_ES.. is at + 2 * n */
	GUEST_SELECTOR = 0x0800,
	HOST_ES_SELECTOR = 0x0c00,
	HOST_CS_SELECTOR = 0x0c02,
	HOST_SS_SELECTOR = 0x0c04,
	HOST_DS_SELECTOR = 0x0c06,
	HOST_FS_SELECTOR = 0x0c08,
	HOST_GS_SELECTOR = 0x0c0a,
	HOST_TR_SELECTOR = 0x0c0c,
	/* 64-bit */
	IO_BITMAP_A = 0x2000,
	IO_BITMAP_B = 0x2002,
	MSR_BITMAP = 0x2004,
	EPT_POINTER = 0x201a,
	XSS_EXITING = 0x202c,
	GUEST_PHYSICAL = 0x2400,
	VMCS_LINK = 0x2800,
	GUEST_DEBUGCTL = 0x2802,
	GUEST_PDPTE = 0x280a, /* n at + 2 * n */
	/* 32-bit */
	PIN_CONTROLS = 0x4000,
	PROC_CONTROLS = 0x4002,
	EXCEPTION_BITMAP = 0x4004,
	PF_ERROR_MASK = 0x4006,
	PF_ERROR_MATCH = 0x4008,
	CR3_TARGET_COUNT = 0x400a,
	EXIT_CONTROLS = 0x400c,
	EXIT_MSR_STORE_COUNT = 0x400e,
	EXIT_MSR_LOAD_COUNT = 0x4010,
	ENTRY_CONTROLS = 0x4012,
	ENTRY_MSR_LOAD_COUNT = 0x4014,
	ENTRY_EVENT = 0x4016,
	ENTRY_EVENT_ERROR = 0x4018,
	ENTRY_EVENT_LENGTH = 0x401a,
	PROC2_CONTROLS = 0x401e,
	INSTRUCTION_ERROR = 0x4400,
	EXIT_REASON = 0x4402,
	EXIT_EVENT = 0x4404,
	EXIT_EVENT_ERROR = 0x4406,
	IDT_VECTORING = 0x4408,
	IDT_VECTORING_ERROR = 0x440a,
	EXIT_LENGTH = 0x440c,
	EXIT_INSTRUCTION = 0x440e,
	GUEST_LIMIT = 0x4800,
	GUEST_GDTR_LIMIT = 0x4810,
	GUEST_IDTR_LIMIT = 0x4812,
	GUEST_ACCESS_RIGHTS = 0x4814,
	GUEST_INTERRUPTIBILITY = 0x4824,
	GUEST_ACTIVITY = 0x4826,
	GUEST_SYSENTER_CS = 0x482a,
	HOST_SYSENTER_CS = 0x4c00,
	/* natural width */
	CR0_MASK = 0x6000,
	CR4_MASK = 0x6002,
	CR0_SHADOW = 0x6004,
	CR4_SHADOW = 0x6006,
	EXIT_QUALIFICATION = 0x6400,
	GUEST_LINEAR = 0x640a,
	GUEST_CR0 = 0x6800,
	GUEST_CR3 = 0x6802,
	GUEST_CR4 = 0x6804,
	GUEST_BASE = 0x6806,
	GUEST_GDTR_BASE = 0x6816,
	GUEST_IDTR_BASE = 0x6818,
	GUEST_DR7 = 0x681a,
	GUEST_RSP = 0x681c,
	GUEST_RIP = 0x681e,
	GUEST_RFLAGS = 0x6820,
	GUEST_PENDING_DEBUG = 0x6822,
	GUEST_SYSENTER_ESP = 0x6824,
	GUEST_SYSENTER_EIP = 0x6826,
	HOST_CR0 = 0x6c00,
	HOST_CR3 = 0x6c02,
	HOST_CR4 = 0x6c04,
	HOST_FS_BASE = 0x6c06,
	HOST_GS_BASE = 0x6c08,
	HOST_TR_BASE = 0x6c0a,
	HOST_GDTR_BASE = 0x6c0c,
	HOST_IDTR_BASE = 0x6c0e,
	HOST_SYSENTER_ESP = 0x6c10,
	HOST_SYSENTER_EIP = 0x6c12,
	HOST_RSP = 0x6c14,
	HOST_RIP = 0x6c16,
};

enum { PIN_NMI = 1 << 3, PIN_VIRTUAL_NMIS = 1 << 5 };
enum {
	PROC_INVLPG = 1 << 9,
	PROC_CR3_LOAD = 1 << 15,
	PROC_CR3_STORE = 1 << 16,
	PROC_NMI_WINDOW = 1 << 22,
	PROC_IO_BITMAPS = 1 << 25,
	PROC_MONITOR_TRAP = 1 << 27,
	PROC_MSR_BITMAPS = 1 << 28,
};
#define PROC_SECONDARY (1u << 31)
enum {
	PROC2_EPT = 1 << 1,
	PROC2_DESCRIPTOR_TABLE = 1 << 2,
	PROC2_RDTSCP = 1 << 3,
	PROC2_UNRESTRICTED = 1 << 7,
	PROC2_INVPCID = 1 << 12,
	PROC2_XSAVES = 1 << 20,
};
enum { EXIT_SAVE_DEBUG = 1 << 2, EXIT_HOST_64 = 1 << 9 };
enum { ENTRY_LOAD_DEBUG = 1 << 2, ENTRY_IA32E_GUEST = 1 << 9 };

/* Interruption information, SDM vol. 3, tables 25-17 and 25-18 */
enum {
	EVENT_NMI = 2 << 8,
	EVENT_EXCEPTION = 3 << 8,
	EVENT_SOFTWARE = 4 << 8, /* from here on an instruction length counts */
	EVENT_TYPE = 7 << 8,
	EVENT_ERROR = 1 << 11,
	EVENT_NMI_UNBLOCKING = 1 << 12,
};
#define EVENT_VALID (1u << 31)

enum exit_reason {
	EXIT_EXCEPTION = 0,
	EXIT_TRIPLE_FAULT = 2,
	EXIT_INIT = 3,
	EXIT_SIPI = 4,
	EXIT_NMI_WINDOW = 8,
	EXIT_TASK_SWITCH = 9,
	EXIT_CPUID = 10,
	EXIT_GETSEC = 11,
	EXIT_INVD = 13,
	EXIT_RSM = 17,
	EXIT_INVLPG = 14,
	EXIT_VMCALL = 18,
	EXIT_VMCLEAR = 19,
	EXIT_VMLAUNCH = 20,
	EXIT_VMPTRLD = 21,
	EXIT_VMPTRST = 22,
	EXIT_VMREAD = 23,
	EXIT_VMRESUME = 24,
	EXIT_VMWRITE = 25,
	EXIT_VMXOFF = 26,
	EXIT_VMXON = 27,
	EXIT_CR_ACCESS = 28,
	EXIT_IO = 30,
	EXIT_RDMSR = 31,
	EXIT_WRMSR = 32,
	EXIT_BAD_GUEST_STATE = 33,
	EXIT_BAD_MSR_LOAD = 34,
	EXIT_MONITOR_TRAP = 37,
	EXIT_MACHINE_CHECK_ENTRY = 41,
	EXIT_GDTR_IDTR = 46,
	EXIT_EPT_VIOLATION = 48,
	EXIT_EPT_MISCONFIGURATION = 49,
	EXIT_INVEPT = 50,
	EXIT_INVVPID = 53,
	EXIT_XSETBV = 55,
	EXIT_VMFUNC = 59,
};
#define EXIT_ENTRY_FAILED (1u << 31)

#ifdef DFW_TEST /* the build machine's test of vmentry_check.c has a VMCS of its own */
unsigned long vmread_word(unsigned long field);
void vmwrite_word(unsigned long field, unsigned long v);
#else
static inline unsigned long vmread_word(unsigned long field)
{
	unsigned long v;
	asm volatile("vmread %1, %0" : "=rm"(v) : "r"(field) : "cc");
	return v;
}

static inline void vmwrite_word(unsigned long field, unsigned long v)
{
	asm volatile("vmwrite %0, %1" : : "rm"(v), "r"(field) : "cc");
}
#endif

/* In 32-bit mode a 64-bit field is two, SDM vol. 3, 25.11.2 */
static inline bool has_high_half(enum vmcs_field field)
{
	return sizeof(long) == 4 && (field >> 13 & 3) == 1;
}

static inline uint64_t vmread(enum vmcs_field field)
{
	uint64_t high = has_high_half(field) ? vmread_word(field + 1) : 0;

	return vmread_word(field) | high << 32;
}

static inline void vmwrite(enum vmcs_field field, uint64_t v)
{
	vmwrite_word(field, v);
	if (has_high_half(field))
		vmwrite_word(field + 1, v >> 32);
}

/* A control and its name, as in SDM vol. 3, 25.6 to 25.8 */
struct control_bit {
	uint32_t bit;
	const char *name;
};

/* vmcs.c. Turns VMX operation on and makes a VMCS current, with the controls, the host state and
 * a guest state that only lacks a processor; says what the processor is missing and stops where
 * VMX cannot be used. */
struct vcpu;
void vmx_on(struct vcpu *v);
void vmx_off(void);

/* Is this the exception that made an exit by exception or NMI? */
static inline bool is_exit_by(unsigned vector)
{
	return (vmread(EXIT_EVENT) & (EVENT_TYPE | 0xff)) == (EVENT_EXCEPTION | vector);
}

#endif
