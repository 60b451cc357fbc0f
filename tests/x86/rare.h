/* SPDX-License-Identifier: MIT
 *
 * The forms that libunicorn never or seldom gets right (excuses.def): Bochs' processor judges them, in the long
 * run of cases.t. A row of opcodes.def and ModRM.reg, or -1.
 */
#ifndef TESTS_X86_RARE_H
#define TESTS_X86_RARE_H

#define RARE_FORMS(R)                                                                              \
	R(0x8f, 1) R(0x8f, 2) R(0x8f, 3) R(0x8f, 4) R(0x8f, 5) R(0x8f, 6) R(0x8f, 7)               \
	R(0xc6, 7) R(0xc7, 7) R(0xf6, 1) R(0xf7, 1) R(0xf1, -1) R(0x133, -1)

/* For each form and mode. The modes are five; RDPMC would act in the first, real mode, and has four. */
enum { RARE_CASES = 1250 };
static inline unsigned rare_cases(unsigned row)
{
	return row == 0x133 ? 4 * RARE_CASES : 5 * RARE_CASES;
}

static inline _Bool is_rare(unsigned row, int reg)
{
#define R(rare_row, rare_reg)                                                                      \
	if (row == rare_row && reg == rare_reg)                                                    \
		return 1;
	RARE_FORMS(R)
#undef R
	return 0;
}

#endif
