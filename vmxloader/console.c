/* SPDX-License-Identifier: MIT
 *
 * What vmxloader says, and how it gives up.
 */
#include "vmxloader/loader.h"
#include "vmxloader/io.h"
#include "lib/printf.h"
#include "lib/string.h"

#define COM1	     0x3f8
#define TEXT_COLUMNS 80
#define TEXT_MEMORY  ((volatile uint16_t *)0xb8000)

bool console_debug;

static void put_e9(void *where, char c)
{
	outb(0xe9, c);
}

static unsigned text_at;

/* Also seen where no VGA BIOS has set a mode yet: then at least in a dump of the memory. */
static void put_everywhere(void *where, char c)
{
	outb(0xe9, c);

	for (unsigned wait = 0; wait < 100000 && !(inb(COM1 + 5) & 0x20); wait++)
		;
	if (c == '\n')
		outb(COM1, '\r');
	outb(COM1, c);

	if (c == '\n')
		text_at += TEXT_COLUMNS - text_at % TEXT_COLUMNS;
	else if (text_at < 25 * TEXT_COLUMNS)
		TEXT_MEMORY[text_at++] = 0x4f00 | (uint8_t)c;
}

static void say(void (*put)(void *, char), const char *prefix, const char *format, va_list args)
{
	while (*prefix)
		put(NULL, *prefix++);
	format_text(put, NULL, format, args);
	put(NULL, '\n');
}

void info(const char *format, ...)
{
	va_list args;

	if (!console_debug)
		return;
	va_start(args, format);
	say(put_e9, "vmxloader: ", format, args);
	va_end(args);
}

void warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(put_e9, "vmxloader: warning: ", format, args);
	va_end(args);
}

void fatal(const char *format, ...)
{
	va_list args;

	/* 115200 8N1: nobody has set it up */
	outb(COM1 + 1, 0);
	outb(COM1 + 3, 0x80);
	outb(COM1, 1);
	outb(COM1 + 1, 0);
	outb(COM1 + 3, 3);
	for (unsigned i = 0; i < 25 * TEXT_COLUMNS; i++)
		TEXT_MEMORY[i] = 0x0720;

	va_start(args, format);
	say(put_everywhere, "vmxloader: ", format, args);
	va_end(args);
	for (;;)
		asm volatile("cli; hlt");
}
