/* SPDX-License-Identifier: MIT */
#ifndef LIB_PIT_H
#define LIB_PIT_H

/* Waits by channel 2 of the PIT (8254 data sheet), at most 50,000 microseconds; the gate and the
 * speaker are left as they were. */
void pit_wait(unsigned microseconds);

#endif
