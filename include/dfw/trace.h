/* SPDX-License-Identifier: MIT
 *
 * The trace ring: what vmxassist did and when, for whoever asks (`dfw run --trace`). It lies in RAM
 * that vmxloader reserves; dfw_assist_header.trace says where. The oldest events are overwritten.
 */
#ifndef DFW_TRACE_H
#define DFW_TRACE_H

#include <stdint.h>

#define DFW_TRACE_MAGIC 0x54534644u /* "DFST" */
#define DFW_TRACE_SIZE  0x100000    /* bytes, struct dfw_trace and its events */

enum dfw_trace_kind {
	DFW_TRACE_INVOKE,      /* code: reason, assist.h */
	DFW_TRACE_RESTORE,     /* natively in protected mode from here on */
	DFW_TRACE_VM86,        /* VM86 is entered at CS:EIP */
	DFW_TRACE_STRETCH,     /* the same, for a stretch */
	DFW_TRACE_TRAP,        /* VM86 was left at CS:EIP; code: vector */
	DFW_TRACE_TRAPPED,     /* an instruction that VM86 refused was interpreted: it stood at CS:EIP;
	                          code: opcode row as in stats.h; detail: see below */
	DFW_TRACE_INTERPRETED, /* the same, of a state that VM86 cannot hold */
	DFW_TRACE_INTERRUPT,   /* a hardware interrupt or NMI was delivered; code: vector */
	DFW_TRACE_EXCEPTION,   /* an exception was delivered; code: vector */
	DFW_TRACE_HALT,        /* waits in HLT */
	DFW_TRACE_WAKE,
	DFW_TRACE_KINDS
};

/* detail of the two kinds of interpreted instructions: 0, or 100h + the vector that it raised */

struct dfw_trace_event {
	uint64_t tsc;
	uint8_t kind;
	uint8_t cpu; /* number of its record */
	uint16_t code;
	uint16_t cs; /* the guest's, of the event */
	uint16_t detail;
	uint32_t eip;
	uint32_t reserved;
};

struct dfw_trace {
	uint32_t magic;
	uint32_t entries;
	uint32_t written; /* events, those overwritten too; the next one is event[written % entries] */
	uint32_t reserved[3];
	struct dfw_trace_event event[];
};

_Static_assert(sizeof(struct dfw_trace_event) == 24 && sizeof(struct dfw_trace) == 24, "trace ABI");

#endif
