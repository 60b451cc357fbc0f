/* SPDX-License-Identifier: MIT
 *
 * Messages: every byte goes to port E9; after print_everywhere() also to COM1 and the text
 * screen. Used by the 32-bit start-up program and by visor proper.
 */
#ifndef VISOR_PRINT_H
#define VISOR_PRINT_H

/* Conversions: lib/printf.h. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on to COM1 (as its last user has set it) and to the screen as well. */
void print_everywhere(void);

#endif
