/* SPDX-License-Identifier: MIT
 *
 * Memory and string functions for freestanding 32- and 64-bit code. Copies use the string
 * instructions: shortest, and one instruction each where instructions are counted.
 */
#include "lib/string.h"

#include <stdbool.h>
#include <stdint.h>

#if DFW_BITS == 64
#define WORD "q"
#else
#define WORD "l"
#endif
enum { WORD_SIZE = sizeof(long) };

void *memcpy(void *restrict dst, const void *restrict src, size_t len)
{
	void *d = dst;
	size_t n = len / WORD_SIZE;

	asm volatile("rep movs" WORD : "+D"(d), "+S"(src), "+c"(n) : : "memory");
	n = len % WORD_SIZE;
	asm volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(n) : : "memory");
	return dst;
}

void *memmove(void *dst, const void *src, size_t len)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if ((uintptr_t)d - (uintptr_t)s >= len)
		return memcpy(dst, src, len);
	d += len - 1;
	s += len - 1;
	asm volatile("std; rep movsb; cld" : "+D"(d), "+S"(s), "+c"(len) : : "memory");
	return dst;
}

void *memset(void *dst, int byte, size_t len)
{
	void *d = dst;
	size_t n = len / WORD_SIZE;
	unsigned long fill = (uint8_t)byte * (~0ul / 0xff);

	asm volatile("rep stos" WORD : "+D"(d), "+c"(n) : "a"(fill) : "memory");
	n = len % WORD_SIZE;
	asm volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(fill) : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;
	bool equal;

	if (!len)
		return 0;
	asm volatile("repe cmpsb" : "+D"(y), "+S"(x), "+c"(len), "=@ccz"(equal) : : "memory");
	return equal ? 0 : x[-1] - y[-1];
}

void *memchr(const void *mem, int byte, size_t len)
{
	for (const uint8_t *p = mem; len; len--, p++)
		if (*p == (uint8_t)byte)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t len)
{
	for (; len && *a && *a == *b; len--)
		a++, b++;
	return len ? (uint8_t)*a - (uint8_t)*b : 0;
}
