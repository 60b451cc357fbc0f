/* SPDX-License-Identifier: MIT
 *
 * An x86 interpreter as a library: decodes and executes one instruction at a time on a
 * struct dfw_cpu, in real mode, virtual-8086 mode and 16- and 32-bit protected mode at any
 * privilege, by the descriptor caches alone. Pure: no globals, no I/O of its own; memory, ports,
 * control registers, MSRs, CPUID and the x87/SSE unit are reached through struct x86_ops.
 *
 * Faults are precise: when an exception is reported, the processor state is that before the
 * instruction (of the current iteration, for REP forms), except CR2.
 *
 * The instructions are those of processors up to SSE4.2, AES and SHA, with what came along: MOVBE,
 * POPCNT, LZCNT, TZCNT, CRC32, ADX, RDRAND, RDSEED, RDPID, RDTSCP, CLFLUSH, INVPCID, SMAP's, 3DNow. A feature
 * that ops->cpuid does not show is #UD. VMX, SVM and SMX instructions are #UD, as outside their
 * operation; transactions abort at once. Of what CPUID may show, these are #UD and reported by
 * insn.known: the VEX encodings (C4, C5) in protected mode, and XSAVE's family, while CR4.OSXSAVE is
 * set.
 */
#ifndef X86_X86_H
#define X86_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <dfw/cpu.h>

struct x86;
struct x86_unit;

/*
 * The world outside. Every function gets x86->world. Physical addresses are 64 bits wide; A20 is
 * the implementer's business. A false return raises #GP(0) where MSRs are concerned.
 */
struct x86_ops {
	/* Guest-physical memory, len 1..4096; never crosses a 4 KiB page. Memory that does not
	 * exist reads all-ones and drops writes. */
	void (*read)(void *world, uint64_t phys, void *dst, unsigned len);
	void (*write)(void *world, uint64_t phys, const void *src, unsigned len);
	/* Direct pointer to len bytes of plain RAM inside one page, or NULL where reads and
	 * writes must go through read() and write(). */
	void *(*map)(void *world, uint64_t phys, unsigned len, bool write);

	/* I/O ports; size is 1, 2 or 4 bytes. */
	uint32_t (*in)(void *world, uint16_t port, unsigned size);
	void (*out)(void *world, uint16_t port, unsigned size, uint32_t value);

	/* Not asked for EFER, which is the processor's own: cpu->efer, with the bits that CPUID shows. */
	bool (*read_msr)(void *world, uint32_t index, uint64_t *value);
	bool (*write_msr)(void *world, uint32_t index, uint64_t value);
	/* regs: EAX, EBX, ECX, EDX; EAX and ECX are the inputs. */
	void (*cpuid)(void *world, uint32_t regs[4]);
	uint64_t (*rdtsc)(void *world);

	/* May CR4 have this value, all bits of which CPUID shows? Where not, writing it is #GP(0).
	 * May be NULL: any. */
	bool (*cr4_allowed)(void *world, uint32_t value);

	/* Told after the interpreter has changed cpu->cr0, cr3, cr4 or efer (n = 0, 3, 4 or 8),
	 * DR n (n = 16 + n) and for INVLPG, INVD and WBINVD (n = 32). May be NULL. */
	void (*control_written)(void *world, unsigned n);

	/* Executes one x87, MMX, SSE or later integer instruction on the processor, whose x87 and
	 * SSE registers are the guest's, with CR4.OSFXSR, OSXMMEXCPT and OSXSAVE as in cpu->cr4 and
	 * CR0.NE set. It is checked already; CR0.EM and TS are 0 but for WAIT, with which cpu->cr0
	 * says. Returns 0, or 1 + the vector of the exception it raised: 6, 7, 13, 16 or 19. NULL:
	 * such instructions are #UD, and WAIT does nothing. */
	int (*fpu)(void *world, struct x86_unit *unit);
};

/* An instruction for ops->fpu, the same in 32-bit and in 64-bit code. */
struct x86_unit {
	uint32_t eax, ecx, edx; /* to be loaded, and stored back unless it raised an exception */
	uint32_t eflags;        /* likewise: CF, PF, AF, ZF, SF, OF; all others are 0 */
	uint32_t ip;            /* to be set: where it ran, the low 32 bits */
	uint8_t length;         /* of code; room for a RET behind it is there */
	uint8_t code[15];       /* its memory operand, if it has one, is DS:[EDI] */
	void *operand;          /* to be EDI: 1 to 512 bytes, aligned as the instruction asks for */
};

/* What x86_step did. */
enum x86_outcome {
	X86_DONE,     /* one instruction retired */
	X86_REPEAT,   /* a REP form stopped between iterations; rip is still at it. Interrupts may
	                 be delivered; step again to go on */
	X86_HALTED,   /* HLT retired; rip is past it */
	X86_FAULT,    /* x86->event holds the exception; nothing else changed but CR2. The caller
	                 delivers it with x86_deliver, but for #MF while CR0.NE is 0, which is IRQ
	                 13 to the guest: SDM vol. 1, 8.7.2 */
	X86_SHUTDOWN, /* from x86_deliver alone: triple fault */
};

/* An event to deliver, or raised. */
struct x86_event {
	uint8_t vector;
	enum x86_event_kind {
		X86_EXTERNAL,      /* hardware interrupt or NMI */
		X86_EXCEPTION,     /* fault or trap of the processor */
		X86_SOFTWARE,      /* INT n, INT3, INTO: gate DPL is checked */
	} kind;
	bool has_error;
	uint32_t error;
	uint64_t cr2;              /* for #PF */
};

/* What an instruction may change besides general registers, RIP, RFLAGS, GDTR, pending_debug and memory. */
enum x86_changes {
	X86_CHANGES_NOTHING,
	X86_CHANGES_SYSTEM, /* IDTR, control and debug registers */
	X86_CHANGES_ALL,    /* segment registers, LDTR, TR, MSRs, interruptibility, and those */
};

/* An instruction in flight: scratch for the library, readable after a step for statistics. */
struct x86_insn {
	uint8_t bytes[32];   /* at most 15; the rest is private */
	uint8_t length;      /* bytes it has */
	uint8_t changes;     /* enum x86_changes: what it may have changed */
	uint16_t row;        /* opcode row as in dfw/stats.h: 0-255 one-byte, 256-511 0F xx */
	uint8_t modrm;
	bool known;          /* false: #UD, though the processor that CPUID shows executes it: no
	                        ops->fpu for it, or one of the families named on top */
	/* after x86_peek only: */
	bool prefixed;       /* has LOCK, REP or REPNE */
	uint8_t osize;       /* operand size in bytes */
	uint8_t segment;     /* of its memory operand, other than those of string and stack
	                        instructions; DFW_SEGS: it has none */
	uint8_t fixed;       /* bytes before its immediates */
	uint32_t imm;        /* its first immediate, sign-extended as the manual says */
};

/* Room for one decoded instruction. */
struct x86_slot {
	uint32_t words[28];
	void *pointers[12];
};

struct x86 {
	struct dfw_cpu *cpu;       /* the state worked on */
	const struct x86_ops *ops;
	void *world;               /* handed to every op */
	struct x86_slot *slots;    /* decoded instructions, to be used again where the same bytes come
	                              again; zero at first, and then the library's */
	uint32_t slots_mask;       /* their number less 1: 0, or one less than a power of 2 */
	uint32_t rep_batch;        /* most iterations of a REP form in one step; 0 means 1 */
	uint8_t *flat;             /* where map() would find physical 0, for reads and writes, ... */
	uint32_t flat_size;        /* ... of up to 16 bytes that begin so far from there at most: spares the
	                              calls */
	uint32_t flat_high, flat_high_size; /* the same for those that begin from physical flat_high on, ... */
	uint32_t flat_hole, flat_hole_size; /* ... but not in these bytes; none where the size is 0 */
	struct x86_event event;    /* valid after X86_FAULT */
	const struct x86_insn *insn; /* the last one, valid until the next step or look */
	void *unwind[5];           /* X86_CATCH's */
	uint32_t shadow;           /* private: interruptibility before the step */
	uint32_t features[7];      /* private: what ops->cpuid says */
	bool features_known;       /* private; to be cleared when CPUID changes */
};

/* Executes the instruction at CS:RIP. A trap raised after the instruction (single step, I/O or
 * data breakpoint) is left in cpu->pending_debug (DR6 form) for the caller to deliver as #DB. A
 * software interrupt is delivered inside the step. Clears STI and MOV SS blocking left by the
 * previous instruction and sets that of this one in cpu->interruptibility. */
enum x86_outcome x86_step(struct x86 *x);

/* The same for a caller whose way after a fault is always the same: does not return X86_FAULT, but goes
 * to X86_CATCH, which is then true once more. The function that has X86_CATCH may not have returned;
 * its local variables are lost. */
enum x86_outcome x86_step_caught(struct x86 *x);
#define X86_CATCH(x) __builtin_setjmp((x)->unwind)

/* Decodes the instruction at CS:eip into x->insn and changes nothing else; false where it cannot be
 * fetched or no processor defines it. */
bool x86_peek(struct x86 *x, uint32_t eip);

/* Delivers an event as SDM vol. 3, chapter 6, says: through the IVT at IDTR where CR0.PE=0,
 * through the IDT otherwise, with privilege change, task gates, and from VM86; forms double and
 * triple faults. x->cpu->rip is the return address to push. X86_DONE, or X86_SHUTDOWN. */
enum x86_outcome x86_deliver(struct x86 *x, struct x86_event event);

/* Switches tasks as a JMP (0), CALL (1), IRET (2) or gate (3) would, SDM vol. 3, 7.3;
 * x->cpu->rip is the return address to save. X86_DONE or X86_FAULT. */
enum x86_outcome x86_task_switch(struct x86 *x, uint16_t selector, unsigned source,
				 bool has_error, uint32_t error);

/* Reads len bytes at a linear address, or finds its physical address, as the supervisor through
 * the guest's paging; no accessed bit is set, no fault raised: false where it is not mapped. */
bool x86_read_linear(struct x86 *x, uint64_t linear, void *dst, unsigned len);
bool x86_translate(struct x86 *x, uint64_t linear, uint64_t *phys);

/* Sets the state after RESET, SDM vol. 3, table 9-1 (CS F000, base FFFF0000, CR0.CD and NW set; EDX
 * a family 6 signature). */
void x86_reset(struct dfw_cpu *cpu);

/* The manual's name of an opcode row, "MOV Ev,Gv"; "" where it has none. */
const char *x86_opcode_name(unsigned row);

#endif
