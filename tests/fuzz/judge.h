/* SPDX-License-Identifier: MIT
 *
 * libunicorn as a judge of single instructions: it is given the whole state, descriptor caches included,
 * runs one instruction on a memory of its own and must come to what the interpreter came to.
 */
#ifndef TESTS_FUZZ_JUDGE_H
#define TESTS_FUZZ_JUDGE_H

#include <x86/x86.h>

/* One step of the interpreter. */
struct step {
	struct dfw_cpu before, after; /* after: of a fault, before it is delivered */
	struct x86_insn insn;         /* from x86_peek; length 0: it could not be fetched */
	bool known;                   /* what x86_peek said */
	enum x86_outcome outcome;
	struct x86_event event;       /* of a fault */
	unsigned iterations;          /* of a REP form */
	bool outside;                 /* it has reached for memory that does not exist */
	uint64_t out;                 /* judge_out of all that went to ports; 0: nothing */
};

enum verdict {
	AGREED,
	STOPPED, /* by a segment's limit or type, which Unicorn does not check; a model of the manual agrees */
	EXCUSED, /* Unicorn is wrong: tests/x86/excuses.def */
	UNJUDGED,
	DISAGREED,
	VERDICTS
};

void judge_start(const uint8_t *memory, uint32_t size); /* the interpreter's memory */
/* The judge's memory becomes the interpreter's there. */
void judge_sync(uint32_t phys, unsigned len);
/* What the interpreter has written goes by judge_wrote before; all of it is compared, and then the same in both. */
void judge_wrote(uint32_t phys, unsigned len);
void judge_settle(void); /* all of it is the judge's, too, without a verdict */
enum verdict judge(const struct step *s);
void judge_report(void); /* the last step's two ends, to standard error */

uint32_t judge_in(uint16_t port, unsigned size);
uint64_t judge_out(uint64_t digest, uint16_t port, unsigned size, uint32_t value);

#endif
