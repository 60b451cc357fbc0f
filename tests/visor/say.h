/* SPDX-License-Identifier: MIT
 *
 * The guest programs' words, on port E9.
 */
#ifndef TESTS_VISOR_SAY_H
#define TESTS_VISOR_SAY_H

#include <stdarg.h>
#include "lib/ports.h"
#include "lib/printf.h"

static void put(void *where, char c)
{
	outb(0xe9, c);
}

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	format_text(put, 0, format, args);
	va_end(args);
}

#endif
