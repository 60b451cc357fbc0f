/* SPDX-License-Identifier: MIT
 *
 * Programs around the PE write, for runner.S and for the fuzzer of transitions.
 */
#ifndef TESTS_FUZZ_GENERATE_H
#define TESTS_FUZZ_GENERATE_H

#include <stdbool.h>
#include <stdint.h>

enum { MOST_CODE = 900, MOST_STARTS = 200 };

/* What decides: of the program that this is linked with. */
uint32_t rnd(void);

/* Makes a program: code for PROGRAM_SEGMENT:PROGRAM_OFFSET (runner.h), which ends with INT END_VECTOR, and
 * where its instructions start, in ascending order, with OTHER_WIDTH. */
void generate(void);
extern uint8_t code[MOST_CODE + 64];
extern uint16_t starts[MOST_STARTS + 8];
extern unsigned length, count; /* of code and starts */

uint32_t value(void); /* for a register or an operand */

#endif
