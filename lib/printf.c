/* SPDX-License-Identifier: MIT
 *
 * Formatted output for freestanding code. Divides in steps of 16 bits, so that 64-bit numbers
 * need no run-time library in 32-bit code.
 */
#include "lib/printf.h"
#include "lib/string.h"

#include <stdbool.h>
#include <stdint.h>

/* Divides *v by base (at most 16) and returns the remainder. */
static unsigned divide(uint64_t *v, unsigned base)
{
	uint64_t quotient = 0;
	uint32_t rest = 0;

	for (int shift = 48; shift >= 0; shift -= 16) {
		rest = rest << 16 | (uint16_t)(*v >> shift);
		quotient |= (uint64_t)(rest / base) << shift;
		rest %= base;
	}
	*v = quotient;
	return rest;
}

void format_text(void (*put)(void *where, char c), void *where, const char *format, va_list args)
{
	for (; *format; format++) {
		char digits[24], *end = digits + sizeof(digits), *text = end;
		bool left = false, zero = false, negative = false;
		unsigned width = 0, longs = 0;
		size_t len;

		if (*format != '%') {
			put(where, *format);
			continue;
		}
		for (format++; *format == '-' || *format == '0'; format++)
			*(*format == '-' ? &left : &zero) = true;
		for (; *format >= '0' && *format <= '9'; format++)
			width = width * 10 + (*format - '0');
		for (; *format == 'l'; format++)
			longs++;

		switch (*format) {
		case 'd':
		case 'u':
		case 'x': {
			uint64_t v;

			if (*format == 'd') {
				int64_t s = longs > 1	 ? va_arg(args, long long)
					    : longs == 1 ? va_arg(args, long)
							 : va_arg(args, int);
				negative = s < 0;
				v = negative ? -(uint64_t)s : (uint64_t)s;
			} else {
				v = longs > 1	 ? va_arg(args, unsigned long long)
				    : longs == 1 ? va_arg(args, unsigned long)
						 : va_arg(args, unsigned);
			}
			do
				*--text = "0123456789abcdef"[divide(&v, *format == 'x' ? 16 : 10)];
			while (v);
			if (negative && zero) {
				put(where, '-');
				width -= width > 0;
			} else if (negative) {
				*--text = '-';
			}
			len = end - text;
			break;
		}
		case 's':
			text = va_arg(args, char *);
			if (!text)
				text = "(null)";
			len = strlen(text);
			zero = false;
			break;
		case 'c':
			*--text = va_arg(args, int);
			len = 1;
			zero = false;
			break;
		case 0:
			return;
		default:
			*--text = *format;
			len = 1;
			break;
		}
		for (; !left && width > len; width--)
			put(where, zero ? '0' : ' ');
		for (size_t i = 0; i < len; i++)
			put(where, text[i]);
		for (; width > len; width--)
			put(where, ' ');
	}
}
