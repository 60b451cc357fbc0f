/* SPDX-License-Identifier: MIT
 *
 * The whole state of one logical processor, as the host saves it, as vmxassist keeps it and as
 * the interpreter in x86/ works on it. Segments are descriptor caches: what counts is what was
 * loaded last, never what the descriptor table says now. The layout is part of the assist ABI
 * (docs/assist-abi.md); every field is little-endian, at the offset asserted below.
 */
#ifndef DFW_CPU_H
#define DFW_CPU_H

#include <stddef.h>
#include <stdint.h>

/* Indices of dfw_cpu.gpr: the encoding order of SDM vol. 2, table 2-2. */
enum { DFW_RAX, DFW_RCX, DFW_RDX, DFW_RBX, DFW_RSP, DFW_RBP, DFW_RSI, DFW_RDI, DFW_GPRS = 16 };

/* Indices of dfw_cpu.seg: the encoding order of Sreg, then the two system segments. */
enum { DFW_ES, DFW_CS, DFW_SS, DFW_DS, DFW_FS, DFW_GS, DFW_LDTR, DFW_TR, DFW_SEGS };

/* Access rights in the VMX format, SDM vol. 3, table 25-2. */
enum {
	DFW_AR_TYPE = 0xf,        /* type field; for data: 1 accessed, 2 writable, 4 expand-down */
	DFW_AR_ACCESSED = 1 << 0,
	DFW_AR_WRITABLE = 1 << 1, /* code: readable */
	DFW_AR_EXPAND = 1 << 2,   /* data: expand-down; code: conforming */
	DFW_AR_CODE = 1 << 3,
	DFW_AR_S = 1 << 4,        /* code or data, not a system segment */
	DFW_AR_DPL_SHIFT = 5,
	DFW_AR_DPL = 3 << 5,
	DFW_AR_P = 1 << 7,
	DFW_AR_AVL = 1 << 12,
	DFW_AR_L = 1 << 13,
	DFW_AR_DB = 1 << 14,
	DFW_AR_G = 1 << 15,
	DFW_AR_UNUSABLE = 1 << 16,
};

union dfw_reg {
	uint64_t q;
	uint32_t d;
	uint16_t w;
	uint8_t b[2]; /* low and high byte of the low word: AL and AH */
};

struct dfw_segment {
	uint64_t base;
	uint32_t limit;         /* in bytes, granularity already applied */
	uint32_t access_rights; /* DFW_AR_* */
	uint16_t selector;
	uint16_t reserved[3];
};

struct dfw_table {
	uint64_t base;
	uint32_t limit;
	uint32_t reserved;
};

/* dfw_cpu.activity, SDM vol. 3, 25.4.2 */
enum { DFW_ACTIVE, DFW_HLT, DFW_SHUTDOWN, DFW_WAIT_SIPI };

/* dfw_cpu.interruptibility, SDM vol. 3, table 25-3 */
enum { DFW_BLOCKED_BY_STI = 1, DFW_BLOCKED_BY_MOV_SS = 2, DFW_BLOCKED_BY_NMI = 8 };

struct dfw_cpu {
	union dfw_reg gpr[DFW_GPRS];
	uint64_t rip;
	uint64_t rflags;
	uint64_t cr0; /* the guest's view: in real mode PE and PG read 0 */
	uint64_t cr2;
	uint64_t cr3;
	uint64_t cr4; /* the guest's view: VMXE reads 0 */
	uint64_t efer;
	uint64_t pdpte[4]; /* meaningful while PG=1, PAE=1, LMA=0 */
	uint64_t dr[4];
	uint64_t dr6;
	uint64_t dr7;
	uint64_t debugctl;
	uint64_t pat;
	uint64_t sysenter_cs;
	uint64_t sysenter_esp;
	uint64_t sysenter_eip;
	struct dfw_table gdtr;
	struct dfw_table idtr;
	struct dfw_segment seg[DFW_SEGS];
	uint32_t activity;
	uint32_t interruptibility;
	uint64_t pending_debug; /* pending debug exceptions, SDM vol. 3, table 25-4 */
	uint32_t event;         /* to be delivered at entry: SDM vol. 3, table 25-17; bit 31 = valid */
	uint32_t event_error;   /* its error code, where bit 11 of event says so */
	uint32_t event_length;  /* instruction length, for software interrupts */
	uint32_t reserved;
};

_Static_assert(offsetof(struct dfw_cpu, rip) == 128, "assist ABI");
_Static_assert(offsetof(struct dfw_cpu, cr0) == 144, "assist ABI");
_Static_assert(offsetof(struct dfw_cpu, pdpte) == 184, "assist ABI");
_Static_assert(offsetof(struct dfw_cpu, gdtr) == 304, "assist ABI");
_Static_assert(offsetof(struct dfw_cpu, seg) == 336, "assist ABI");
_Static_assert(offsetof(struct dfw_cpu, activity) == 528, "assist ABI");
_Static_assert(sizeof(struct dfw_cpu) == 560, "assist ABI");

#endif
