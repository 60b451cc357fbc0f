/* SPDX-License-Identifier: MIT
 *
 * The interpreter against an independent processor: what the pieces of diff.t share. A case is one
 * instruction with a whole state around it; diff.c makes it and compares, unicorn.c runs it on
 * libunicorn, reference.c knows from the manuals what neither of the two tells: which flags are
 * undefined, which segment a byte of memory was reached through, and what Unicorn gets wrong.
 */
#ifndef TESTS_X86_DIFF_H
#define TESTS_X86_DIFF_H

#include <x86/internal.h>
#include "pair.h"

/* Guest-physical memory, and what lies where. */
enum {
	CODE = 0x20000, /* base of the 16-bit code segments */
	DATA = 0x30000,
	STACK = 0x40000,
	INNER_STACKS = 0x100000, /* of privilege 0 to 2, 4 KiB each, downwards */
	SYSTEM_AREA = 0x110000, /* from here on: tables of the processor */
	GDT = 0x110000,
	LDT = 0x111000,
	TSS = 0x112000,	     /* the current one: 32-bit, with an I/O map for ports below 400h */
	TSS_NEXT = 0x113000, /* 32-bit */
	TSS_OLD = 0x113800,  /* 16-bit */
	TABLES = 0x114000,   /* page tables */
	TABLES_END = 0x11e000,
	NOWHERE = 0x11fff0, /* mapped, and never reached */
	WINDOW = 0x400000,  /* linear addresses from here on have pages of every protection */
	WINDOW_END = 0x1400000,
};

/* Entries of the GDT. */
enum {
	G_CODE32 = 1,
	G_DATA32,
	G_CODE16,
	G_DATA16,
	G_CODE32_3,
	G_DATA32_3,
	G_CODE16_3,
	G_DATA16_3,
	G_STACK16,
	G_STACK16_3,
	G_DOWN32,
	G_DOWN16,
	G_SMALL,
	G_READ_ONLY,
	G_CONFORMING,
	G_EXECUTE_ONLY,
	G_ABSENT,
	G_HIGH,
	G_LDT,
	G_TSS,
	G_TSS_NEXT,
	G_TSS_OLD,
	G_CALL32,
	G_CALL16,
	G_TASK,
	G_INTERRUPT,
	G_CODE_ABSENT,
	G_CALL_ABSENT,
	G_CODE32_2,
	G_DATA32_1,
	G_CALL32_3,
	G_ENTRIES,

	SYSENTER_CS = G_CODE32 * 8,
};

enum mode_number {
	REAL,
	VM86_IOPL3,
	VM86_IOPL0,
	CODE16_0,
	CODE32_0,
	CODE16_3,
	CODE32_3,
	CODE16_STACK32, /* privilege 0 */
	CODE32_STACK16, /* privilege 3 */
	PAGED_0,
	PAGED_3,
	PAE_3,
	MODES
};

struct mode {
	const char *name;
	uint8_t cs, ss; /* GDT entries */
	uint8_t level;
	bool protected, vm86, paged, pae;
};

extern const struct mode modes[MODES];

/* What the other processor did. */
struct traced {
	uint32_t linear;
	uint8_t size;
	bool write;
};

enum { TRACE = 512 };

struct outcome {
	int vector;	/* or -1 */
	uint32_t error; /* stale where the vector has none */
	uint32_t gpr[8], eip, flags, cr0, cr2, cr3, cr4;
	uint16_t selector[6];
	uint16_t ldtr, tr;
	uint32_t ldt_base, tr_base;
	uint64_t out;	   /* digest of what went to ports */
	unsigned accesses; /* counted on beyond TRACE */
	bool unmapped;	   /* it left the memory there is */
	struct traced trace[TRACE];
};

/* One case. */
struct test {
	const struct form *form;
	enum mode_number mode;
	uint8_t code[32];   /* prefixes, opcode, the rest, JMP $ */
	unsigned opcode_at; /* of its last byte */
	unsigned length;    /* as the interpreter decoded it */
	bool o32, a32;
	uint8_t rep; /* F2, F3 or 0 */
	bool lock;
	int override; /* segment, or -1 */
	/* the memory operand, decoded once more: reference.c */
	bool memory;
	unsigned seg;
	uint32_t ea;
	struct dfw_cpu before;
};

struct form {
	uint16_t row;
	int8_t reg; /* ModRM.reg of a group's member, or -1 */
	bool defined;
	char name[40];
};

uint32_t port_value(uint16_t port, unsigned size);
void processor_id(void *world, uint32_t regs[4]);
uint64_t out_digest(uint64_t digest, uint16_t port, unsigned size, uint32_t value);
uint64_t descriptor_of(unsigned entry);
struct dfw_segment segment_of(uint16_t selector);

/* --- unicorn.c --- */

void unicorn_start(void);
void unicorn_run(const struct test *t, uint64_t until, struct outcome *o);

/* --- reference.c --- */

/* SDM vol. 2, each instruction's "Flags Affected", and vol. 1, appendix A. *result: the destination
 * is undefined, too. */
uint32_t undefined_flags(const struct test *t, bool *result);
/* Decodes the memory operand from the manual's tables 2-1 to 2-3. */
void find_operand(struct test *t);
/* Is an access of Unicorn's beyond what its segment allows? Index of the first, or -1; *vector is
 * 12 or 13, *other the vector of a later one, or the same. */
int segment_violation(const struct test *t, const struct outcome *o, int *vector, int *other);

/* What Unicorn 2.0.1 gets wrong. NULL, or what the case is excused by. */
struct excuse {
	const char *what;   /* Unicorn's error */
	const char *manual; /* the sentence that says so */
	const char *vector; /* where the case is settled */
};
extern const struct excuse excuses[];
extern const unsigned excuse_count;
int excused(const struct test *t, const struct outcome *o, int ours_vector, uint32_t ours_error);
/* The case ends its process; the manual has #UD. */
bool unicorn_cannot(const struct test *t);
/* Does the I/O permission map forbid the access? */
bool port_forbidden(const struct test *t);

#endif
