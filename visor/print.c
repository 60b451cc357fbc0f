/* SPDX-License-Identifier: MIT
 *
 * See print.h.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include "lib/printf.h"
#include "visor/cpu.h"
#include "visor/print.h"

enum { PORT_E9 = 0xe9, COM1 = 0x3f8, COM1_LSR = COM1 + 5, LSR_THRE = 1 << 5 };
enum { GRAPHICS_INDEX = 0x3ce, GRAPHICS_MISCELLANEOUS = 6, COLUMNS = 80, ROWS = 25 };

static bool everywhere;
static unsigned row, column;

/* The text screen, if that is what the VGA shows: miscellaneous register, memory map 11b. */
static volatile uint16_t *text_screen(void)
{
	outb(GRAPHICS_INDEX, GRAPHICS_MISCELLANEOUS);
	return (inb(GRAPHICS_INDEX + 1) & 0x0d) == 0x0c ? phys(0xb8000) : 0;
}

static void put(char c)
{
	outb(PORT_E9, c);
	if (!everywhere)
		return;
	for (unsigned i = 0; i < 100000 && !(inb(COM1_LSR) & LSR_THRE); i++)
		;
	outb(COM1, c);
	volatile uint16_t *screen = text_screen();
	if (!screen)
		return;
	if (c == '\n' || column == COLUMNS) {
		column = 0;
		row = (row + 1) % ROWS;
		for (unsigned i = 0; i < COLUMNS; i++)
			screen[row * COLUMNS + i] = 0x4f20;
	}
	if (c != '\n')
		screen[row * COLUMNS + column++] = 0x4f00 | (uint8_t)c;
}

static void put_to(void *where, char c)
{
	put(c);
}

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	format_text(put_to, 0, format, args);
	va_end(args);
}

void print_everywhere(void)
{
	everywhere = true;
}
