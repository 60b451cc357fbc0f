/* SPDX-License-Identifier: MIT
 *
 * The pair of 8259As, as far as an x87 error without a processor's help needs it: IRQ 13 is line 5 of
 * the slave. Its vectors cannot be read back (8259A data sheet), so writes to its data port are followed.
 */
#ifndef LIB_I8259_H
#define LIB_I8259_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/ports.h"

enum { I8259_MASTER_DATA = 0x21, I8259_SLAVE_DATA = 0xa1, I8259_CASCADE = 1 << 2, IRQ13_LINE = 5 };
enum { PORT_F0 = 0xf0 }; /* a write to it asserts IGNNE# while FERR# is asserted */
enum { IRQ8_VECTOR_AT_RESET = 0x70 }; /* what a BIOS sets */

/* After value has been written to I8259_SLAVE_DATA: the vector of IRQ 8, which was irq8 before. *icws
 * counts the initialization words that may still come, ICW3 and ICW4; 0 at first. ICW1 clears the mask, and
 * what follows it is not the mask. An ICW2 of 0 looks like one: then ICW3, which is 2, is taken for ICW2,
 * and that gives 0, too. So port A0h, with every end of interrupt, need not be followed. */
static inline uint8_t i8259_slave_written(uint8_t *icws, uint8_t irq8, uint8_t value)
{
	if (inb(I8259_SLAVE_DATA) == value) {
		*icws = 0;
	} else if (*icws) {
		--*icws;
	} else {
		irq8 = value & 0xf8;
		*icws = 2;
	}
	return irq8;
}

static inline bool i8259_irq13_open(void)
{
	return !(inb(I8259_MASTER_DATA) & I8259_CASCADE) && !(inb(I8259_SLAVE_DATA) & 1 << IRQ13_LINE);
}

#endif
