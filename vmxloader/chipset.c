/* SPDX-License-Identifier: MIT
 *
 * Shadow RAM and caches.
 */
#include "vmxloader/loader.h"
#include "vmxloader/io.h"
#include "vmxloader/pci.h"
#include "lib/apic.h"
#include "lib/string.h"

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
	static int first = -1;
	uint32_t id;

	if (first >= 0)
		return first;
	first = 0;
	id = pci_read32(0, 0);
	for (unsigned i = 0; i < sizeof(bridges) / sizeof(*bridges); i++)
		if (bridges[i].id == id)
			first = bridges[i].pam;
	return first;
}

/* The seven registers lie in eight bytes that are read and written as two. */
void shadow_set(uint32_t start, uint32_t end, enum shadow mode)
{
	uint8_t first = pam(), base = first & ~7;
	uint32_t both[2];
	uint8_t *reg = (uint8_t *)both + (first & 7);

	if (!first)
		return;
	for (unsigned i = 0; i < 2; i++)
		both[i] = pci_read32(0, base + 4 * i);
	for (uint32_t at = start; at < end && at < 0xf0000; at += 0x4000) {
		unsigned piece = (at - 0xc0000) / 0x4000; /* two a register */
		uint8_t shift = piece % 2 * 4;

		reg[1 + piece / 2] = (reg[1 + piece / 2] & ~(3 << shift)) | mode << shift;
	}
	if (end > 0xf0000)
		reg[0] = (reg[0] & ~0x30) | mode << 4;
	for (unsigned i = 0; i < 2; i++)
		pci_write32(0, base + 4 * i, both[i]);
}

/* Option ROMs of the ISA bus hide behind shadow RAM. Their copy is made where nothing is yet. */
#define ROM_STEP  0x800
#define ROM_STORE 0x10000

static uint32_t rom_size(uint32_t at, uint32_t end)
{
	const uint8_t *rom = (void *)at;

	return rom[0] == 0x55 && rom[1] == 0xaa && rom[2] && at + rom[2] * 512u <= end
		   ? (rom[2] * 512u + ROM_STEP - 1) & -ROM_STEP
		   : 0;
}

static void save_roms(uint32_t end)
{
	for (uint32_t at = DFW_OPTION_ROMS, size; at < end; at += size ? size : ROM_STEP) {
		uint8_t *store = (void *)(at - DFW_OPTION_ROMS + ROM_STORE);

		size = rom_size(at, end);
		if (size) {
			info("option ROM at %05x, %u KiB", at, size / 1024);
			memcpy(store, (void *)at, size);
		} else {
			store[0] = 0;
		}
	}
}

static void restore_roms(uint32_t end)
{
	for (uint32_t at = DFW_OPTION_ROMS, size; at < end; at += size ? size : ROM_STEP) {
		uint32_t store = at - DFW_OPTION_ROMS + ROM_STORE;

		size = rom_size(store, end - DFW_OPTION_ROMS + ROM_STORE);
		if (size)
			memcpy((void *)at, (void *)store, size);
		else
			*(uint16_t *)at = 0; /* a header from before the last reset */
	}
}

void shadow_open(uint32_t roms_end)
{
	shadow_set(DFW_OPTION_ROMS, roms_end, SHADOW_OFF);
	save_roms(roms_end);
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
	restore_roms(roms_end);
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

unsigned physical_bits(void)
{
	return cpuid(0x80000000).eax >= 0x80000008 ? cpuid(0x80000008).eax & 0xff : 36;
}

void caches_on(uint32_t hole)
{
	uint32_t cr0;

	if (cpuid(1).edx & CPUID_MTRR) {
		unsigned width = physical_bits();
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

#define MSR_APIC_BASE 0x1b

void local_apic_virtual_wire(void)
{
	uint64_t base;
	volatile uint32_t *apic;

	if (!(cpuid(1).edx & CPUID1_EDX_APIC))
		return;
	base = rdmsr(MSR_APIC_BASE);
	if (!(base & APIC_BASE_ENABLE) || base >> 32)
		return;
	apic = (volatile uint32_t *)((uint32_t)base & ~0xfffu);
	apic[APIC_SVR / 4] = 0x1ff;
	apic[APIC_LINT0 / 4] = 0x700; /* ExtINT */
	apic[APIC_LINT1 / 4] = 0x400; /* NMI */
}
