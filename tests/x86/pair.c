/* SPDX-License-Identifier: MIT
 *
 * The two memories that diff.t and fpu.t compare.
 */
#include <string.h>
#include <unicorn/unicorn.h>
#include "pair.h"

uint8_t ours[MEMORY], theirs[MEMORY] __attribute__((aligned(4096)));
uint8_t pristine[MEMORY];
bool dirty[PAGES];
bool outside;
void (*reading)(uint64_t phys, unsigned len);
uint64_t seed;

const int gpr_id[8] = {UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX,
		       UC_X86_REG_ESP, UC_X86_REG_EBP, UC_X86_REG_ESI, UC_X86_REG_EDI};
const int seg_id[6] = {UC_X86_REG_ES, UC_X86_REG_CS, UC_X86_REG_SS, UC_X86_REG_DS, UC_X86_REG_FS, UC_X86_REG_GS};

uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dull >> 32;
}

void touch(uint64_t phys, unsigned len)
{
	uint64_t page;

	for (page = phys / 4096; page <= (phys + len - 1) / 4096 && page < PAGES; page++)
		dirty[page] = true;
}

void restore_memory(void)
{
	unsigned page;

	for (page = 0; page < PAGES; page++)
		if (dirty[page]) {
			memcpy(ours + page * 4096, pristine + page * 4096, 4096);
			memcpy(theirs + page * 4096, pristine + page * 4096, 4096);
			dirty[page] = false;
		}
}

void pair_read(void *world, uint64_t phys, void *dst, unsigned len)
{
	if (phys + len > MEMORY) {
		outside = true;
		memset(dst, 0xff, len);
		return;
	}
	if (reading)
		reading(phys, len);
	memcpy(dst, ours + phys, len);
}

void pair_write(void *world, uint64_t phys, const void *src, unsigned len)
{
	if (phys + len > MEMORY) {
		outside = true;
		return;
	}
	touch(phys, len);
	memcpy(ours + phys, src, len);
}
