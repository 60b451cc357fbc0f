/* SPDX-License-Identifier: MIT */
#ifndef LIB_CHECKSUM_H
#define LIB_CHECKSUM_H

#include <stdint.h>

/* The bytes' sum modulo 256: 0 in what holds its own checksum (ACPI, SMBIOS, MP, $PIR). */
static inline uint8_t byte_sum(const void *p, unsigned size)
{
	uint8_t sum = 0;

	while (size--)
		sum += ((const uint8_t *)p)[size];
	return sum;
}

#endif
