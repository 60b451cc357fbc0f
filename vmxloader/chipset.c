/* SPDX-License-Identifier: MIT
 *
 * Shadow RAM and caches.
 */
#include "vmxloader/loader.h"
#include "vmxloader/io.h"
#include "vmxloader/pci.h"

/* Host bridges and the first of their seven PAM registers (82441FX, 3.2.16; Q35 likewise). */
static const struct {
	uint32_t id;
	uint8_t pam;
} bridges[] = {
    {0x12378086, 0x59}, /* 82441FX */
    {0x01228086, 0x59}, /* 82437FX */
    {0x71908086, 0x59}, /* 82443BX */
    {0x29c08086, 0x90}, /* Q35 */
};

static uint8_t pam(void)
{
	uint32_t id = pci_read32(0, 0);

	for (unsigned i = 0; i < sizeof(bridges) / sizeof(*bridges); i++)
		if (bridges[i].id == id)
			return bridges[i].pam;
	return 0;
}

void shadow_set(uint32_t start, uint32_t end, enum shadow mode)
{
	uint8_t first = pam();

	if (!first)
		return;
	for (uint32_t at = start; at < end; at += 0x4000) {
		unsigned piece = (at - 0xc0000) / 0x4000; /* 16 KiB each */
		uint8_t reg, shift;

		if (at >= 0xf0000) {
			reg = first;
			shift = 4;
			end = at;
		} else {
			reg = first + 1 + piece / 2;
			shift = piece % 2 * 4;
		}
		pci_write8(0, reg, (pci_read8(0, reg) & ~(3 << shift)) | mode << shift);
	}
}

void shadow_open(void)
{
	shadow_set(0xc0000, 0x100000, SHADOW_READ_WRITE);
	for (uint32_t at = 0xc0000; at < 0x100000; at += 0x4000) {
		volatile uint32_t *p = (void *)at;
		uint32_t old = *p;

		*p = ~old;
		if (*p != ~old)
			fatal("no RAM at %05x: host bridge %08x is not known", at,
			      pci_read32(0, 0));
		*p = old;
	}
}

#define CPUID_MTRR	  (1 << 12)
#define MSR_MTRR_CAP	  0xfe
#define MSR_MTRR_BASE0	  0x200
#define MSR_MTRR_MASK0	  0x201
#define MSR_MTRR_DEF_TYPE 0x2ff
#define MTRR_ENABLE	  (1 << 11)
#define MTRR_FIXED_ENABLE (1 << 10)
#define MTRR_VALID	  (1 << 11)
#define ALL_OF(type)	  ((type)*0x0101010101010101ull)
enum { UNCACHED = 0, WRITE_BACK = 6 };

/* SDM vol. 3, 12.11.2 */
static const struct {
	uint16_t msr;
	uint8_t type;
} fixed_ranges[] = {
    {0x250, WRITE_BACK}, /* 00000-7FFFF */
    {0x258, WRITE_BACK}, /* 80000-9FFFF */
    {0x259, UNCACHED  }, /* A0000-BFFFF */
    {0x268, WRITE_BACK},
	 {0x269, WRITE_BACK},
    {0x26a, WRITE_BACK},
	   {0x26b, WRITE_BACK},
    {0x26c, WRITE_BACK},
	 {0x26d, WRITE_BACK},
    {0x26e, WRITE_BACK},
	   {0x26f, WRITE_BACK},
};

void caches_on(uint32_t hole)
{
	uint32_t cr0;

	if (cpuid(1).edx & CPUID_MTRR) {
		uint64_t width =
		    cpuid(0x80000000).eax >= 0x80000008 ? cpuid(0x80000008).eax & 0xff : 36;
		uint64_t cap = rdmsr(MSR_MTRR_CAP);

		wrmsr(MSR_MTRR_DEF_TYPE, 0);
		if (cap & 1 << 8)
			for (unsigned i = 0; i < sizeof(fixed_ranges) / sizeof(*fixed_ranges); i++)
				wrmsr(fixed_ranges[i].msr, ALL_OF(fixed_ranges[i].type));
		for (unsigned i = 0; i < (cap & 0xff); i++)
			wrmsr(MSR_MTRR_MASK0 + 2 * i, 0);
		/* From the hole up to 4 GiB: aligned pieces, each twice as large as the one below.
		 */
		for (unsigned i = 0; i < (cap & 0xff) && hole; i++) {
			uint32_t size = hole & -hole;

			wrmsr(MSR_MTRR_BASE0 + 2 * i, hole | UNCACHED);
			wrmsr(MSR_MTRR_MASK0 + 2 * i,
			      (((1ull << width) - 1) & ~(uint64_t)(size - 1)) | MTRR_VALID);
			hole += size;
		}
		wrmsr(MSR_MTRR_DEF_TYPE,
		      MTRR_ENABLE | (cap & 1 << 8 ? MTRR_FIXED_ENABLE : 0) | WRITE_BACK);
	}
	asm volatile("wbinvd; mov %%cr0, %0" : "=r"(cr0) : : "memory");
	asm volatile("mov %0, %%cr0" : : "r"(cr0 & ~0x60000000u)); /* CD, NW */
}
