/* SPDX-License-Identifier: MIT
 *
 * A wait for firmware that has no interrupts: port 61h shows the output of the PIT's channel 2.
 */
#include "lib/pit.h"
#include "lib/ports.h"

enum { PIT_2 = 0x42, PIT_COMMAND = 0x43, PORT_61 = 0x61 };
enum { CHANNEL_2_MODE_0 = 0xb0, GATE = 1 << 0, SPEAKER = 1 << 1, OUTPUT = 1 << 5 };

void pit_wait(unsigned microseconds)
{
	enum { TICKS_PER_MS = 1193, READS_MOST = 1000000 };
	unsigned count = microseconds * TICKS_PER_MS / 1000;
	uint8_t before = inb(PORT_61) & 0xf;

	outb(PORT_61, (before & ~SPEAKER) | GATE);
	outb(PIT_COMMAND, CHANNEL_2_MODE_0);
	outb(PIT_2, count);
	outb(PIT_2, count >> 8);
	for (unsigned i = 0; i < READS_MOST && !(inb(PORT_61) & OUTPUT); i++)
		;
	outb(PORT_61, before);
}
