/* SPDX-License-Identifier: MIT
 *
 * Formatted output for freestanding code: the caller says where characters go.
 *
 * Known: %% %c %s %d %u %x, with l and ll (both 64 bits when ll), a width, and the flags 0 and -.
 */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include <stdarg.h>

void format_text(void (*put)(void *where, char c), void *where, const char *format, va_list args);

#endif
