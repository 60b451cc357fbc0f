/* SPDX-License-Identifier: MIT
 *
 * Messages of POST and boot: to the screen, and to port E9 where the host asked for it.
 */
#include <rombios/rombios.h>
#include <stdarg.h>

static void put(char c)
{
	struct regs r = {0};

	if (c == '\n')
		put('\r');
	if (handoff_valid && (handoff.flags & DFW_FLAG_DEBUG_E9))
		outb(0xe9, c);
	r.ah = 0x0e;
	r.al = c;
	r.bx = 7;
	call_interrupt(0x10, &r);
}

static void put_number(uint32_t v, unsigned base, unsigned width, char pad)
{
	char text[12];
	unsigned n = 0;

	do {
		text[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n < width && n < sizeof(text))
		text[n++] = pad;
	while (n)
		put(text[--n]);
}

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	for (; *format; format++) {
		unsigned width = 0;
		char pad = ' ';
		int32_t d;

		if (*format != '%') {
			put(*format);
			continue;
		}
		format++;
		if (*format == '0')
			pad = *format++;
		while (*format >= '0' && *format <= '9')
			width = width * 10 + *format++ - '0';
		if (*format == 'l')
			format++;
		switch (*format) {
		case 's':
			for (const char *s = va_arg(args, const char *); *s; s++)
				put(*s);
			break;
		case 'c':
			put(va_arg(args, int));
			break;
		case 'd':
			d = va_arg(args, int32_t);
			if (d < 0)
				put('-');
			put_number(d < 0 ? -d : d, 10, width, pad);
			break;
		case 'u':
			put_number(va_arg(args, uint32_t), 10, width, pad);
			break;
		case 'x':
			put_number(va_arg(args, uint32_t), 16, width, pad);
			break;
		default:
			put(*format);
		}
	}
	va_end(args);
}
