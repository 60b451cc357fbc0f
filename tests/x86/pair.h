/* SPDX-License-Identifier: MIT
 *
 * Two memories, the interpreter's and libunicorn's, that a case finds the same: `pristine`. What either has written to
 * is restored before the next.
 */
#ifndef TESTS_X86_PAIR_H
#define TESTS_X86_PAIR_H

#include <stdbool.h>
#include <stdint.h>

enum { MEMORY = 0x120000, PAGES = MEMORY / 4096 };

extern uint8_t ours[MEMORY], theirs[MEMORY], pristine[MEMORY];
extern bool dirty[PAGES];
extern bool outside; /* the interpreter left the memory there is */

/* Marks what is written, on either side. */
void touch(uint64_t phys, unsigned len);
void restore_memory(void);

/* ops->read and ops->write of the interpreter. The first tells `reading`, where that is not NULL. */
void pair_read(void *world, uint64_t phys, void *dst, unsigned len);
void pair_write(void *world, uint64_t phys, const void *src, unsigned len);
extern void (*reading)(uint64_t phys, unsigned len);

/* Chance. */
extern uint64_t seed;
uint32_t rnd(void);

/* libunicorn's names of the registers, in the processor's order. */
extern const int gpr_id[8], seg_id[6];

#endif
