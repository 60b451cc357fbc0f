/* SPDX-License-Identifier: MIT
 *
 * host <-> vmxassist. The contract in words, for hypervisor authors, is docs/assist-abi.md.
 *
 * D0000 holds a dfw_assist_header. Each processor has a dfw_assist_record: the guest's world and
 * the assist's world in the same form, so a host needs one routine to save a world and one to
 * load it:
 *
 *   INVOKE   the host saves the processor into record->guest, sets reason and detail, loads
 *            record->assist and resumes;
 *   RESTORE  the assist, in the assist's world, executes MOV CR0 with PE=1: the host loads
 *            record->guest and resumes.
 */
#ifndef DFW_ASSIST_H
#define DFW_ASSIST_H

#include <dfw/cpu.h>
#include <dfw/layout.h>

#define DFW_ASSIST_MAGIC   0x54535341574644ull /* "DFWASST\0" */
#define DFW_ASSIST_VERSION 2

/* Why the host gave control; dfw_assist_record.reason. */
enum {
	DFW_INVOKE_START = 0,      /* vmxloader starts the processor: no host took part */
	DFW_INVOKE_REAL_MODE = 1,  /* the guest cleared CR0.PE; rip is past that instruction */
	DFW_INVOKE_RESET = 2,      /* INIT or reset: guest is at F000:FFF0 in the reset state */
	DFW_INVOKE_SIPI = 3,       /* start-up: guest is at vector:0000 */
	DFW_INVOKE_TASK_SWITCH = 4, /* detail = VMX exit qualification; rip is at the instruction */
	DFW_INVOKE_STATE = 5,      /* a state that VM entry would refuse */
};

/* dfw_assist_header.flags, set by vmxloader before the start */
enum {
	DFW_ASSIST_HOSTED = 1 << 0,  /* the host does INVOKE and RESTORE */
	DFW_ASSIST_NO_VME = 1 << 1,  /* do not use CR4.VME even where CPUID shows it */
	DFW_ASSIST_IOPL0 = 1 << 2,   /* force IOPL 0 in VM86 (for tests) */
	DFW_ASSIST_TRACE = 1 << 3,   /* fill the trace ring */
};

struct dfw_assist_record {
	uint32_t reason;
	uint32_t reserved;
	uint64_t detail;
	struct dfw_cpu guest;
	struct dfw_cpu assist;
};

struct dfw_assist_header {
	uint64_t magic;
	uint16_t version;
	uint16_t header_size;
	uint16_t record_size;
	uint16_t cpus;     /* number of records, one for each processor; set by vmxloader */
	uint32_t start;    /* entry for vmxloader: flat 32-bit protected mode, paging off, IF=0,
	                      record 0's guest state filled in; does not return */
	uint32_t records;  /* physical address of struct dfw_assist_record[cpus], in D0000-DFFFF or in the
	                      reserve; in the image an offset in the reserve */
	uint32_t stats;    /* physical address of struct dfw_assist_stats[cpus], stats.h; set by the assist */
	uint32_t flags;    /* DFW_ASSIST_* */
	uint32_t reserve;  /* DFW_RESERVE_SIZE bytes of RAM for the assist, set by vmxloader */
	uint32_t reserve_size;
	uint32_t trace;    /* physical address of struct dfw_trace, trace.h, DFW_TRACE_SIZE bytes set by
	                      vmxloader with DFW_ASSIST_TRACE; else 0 */
	uint8_t irq8_vector; /* the slave 8259A's ICW2 as last written, kept by the assist in real mode, by the
	                        host elsewhere */
	uint8_t reserved[3];
};

_Static_assert(sizeof(struct dfw_assist_record) == 16 + 2 * 560, "assist ABI");
_Static_assert(sizeof(struct dfw_assist_header) == 48, "assist ABI");

#endif
