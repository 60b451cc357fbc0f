/* SPDX-License-Identifier: MIT
 *
 * What visor and vmxassist count, read out of memory by the dfw program (--stats). Counters only
 * grow; nothing in the system depends on them.
 */
#ifndef DFW_STATS_H
#define DFW_STATS_H

#include <stdint.h>

#define DFW_ASSIST_STATS_MAGIC 0x41534644u /* "DFSA" */
#define DFW_VISOR_STATS_MAGIC  0x56534644u /* "DFSV" */

/* Opcode rows: 0-255 one-byte, 256-511 two-byte (0F xx). */
#define DFW_STATS_OPCODES 512

struct dfw_assist_stats {
	uint32_t magic;
	uint32_t size;
	uint64_t invokes;
	uint64_t restores;
	uint64_t vm86_entries;    /* IRETs to VM86 */
	uint64_t stretches;       /* those to a piece of code that VM86 ran though segments were stale */
	uint64_t interrupts;      /* hardware interrupts reflected */
	uint64_t exceptions;      /* exceptions reflected */
	uint64_t page_writes_dropped; /* guest writes to the assist's own pages */
	uint64_t holes;           /* instructions that the interpreter does not know yet: #UD */
	uint64_t halt_ticks;      /* TSC ticks spent in HLT for the guest */
	uint64_t halts;
	uint64_t trapped_total;   /* instructions emulated because VM86 refused them */
	uint64_t interpreted_total; /* instructions run in the emulator because no mode holds the state */
	uint64_t interpreted_protected; /* those of them that ran with CR0.PE=1 */
	uint16_t hole_last;       /* opcode row of the last hole */
	uint16_t reserved[3];
	uint32_t trapped[DFW_STATS_OPCODES];
	uint32_t interpreted[DFW_STATS_OPCODES];
};

#define DFW_VISOR_EXIT_REASONS 70

struct dfw_visor_stats {
	uint32_t magic;
	uint32_t size;
	uint64_t exits;
	uint64_t exit[DFW_VISOR_EXIT_REASONS]; /* by basic exit reason, SDM vol. 3, appendix C */
	uint64_t invokes;
	uint64_t restores;
	uint64_t resets;
	uint64_t assist_writes_dropped; /* guest writes to D0000-DFFFF while the assist is away */
	uint64_t real_mode_exits;       /* exits taken while the guest was in the assist's world */
	uint64_t io_exits[5];           /* 60h/64h, 92h, CF9h, CF8h/CFCh, A1h/F0h */
	uint64_t fills;        /* of the virtual TLB, by page faults that the guest does not see */
	uint64_t guest_faults; /* page faults that it does */
	uint64_t flushes;      /* that had something to compare */
};

#endif
