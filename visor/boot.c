/* SPDX-License-Identifier: MIT
 *
 * visor's start-up program, 32-bit: finds memory, picks the private range at its top, copies the
 * visor image and the vmxloader ELF into it and enters the image in long mode. Run from the ROM
 * after each reset, or by a multiboot loader; nothing is assumed of what earlier runs left.
 */
#include <stddef.h>
#include <dfw/layout.h>
#include "lib/string.h"
#include "visor/boot.h"
#include "visor/cpu.h"
#include "visor/print.h"

#define MULTIBOOT_MAGIC 0x2badb002

enum { MULTIBOOT_MEMORY = 1 << 0, MULTIBOOT_CMDLINE = 1 << 2, MULTIBOOT_MODS = 1 << 3,
       MULTIBOOT_MMAP = 1 << 6 };

/* Multiboot 0.6.96, 3.3 */
struct multiboot_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr;
};

struct multiboot_mmap {
	uint32_t size; /* of what follows */
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

struct multiboot_module {
	uint32_t start, end, string, reserved;
};

/* CMOS, as Bochs, QEMU and SeaBIOS agree on it: units of 1 KiB above 1 MiB, and of 64 KiB above
 * 16 MiB and above 4 GiB. */
enum { CMOS_INDEX = 0x70, CMOS_DATA = 0x71, CMOS_ABOVE_1M = 0x30, CMOS_ABOVE_16M = 0x34,
       CMOS_ABOVE_4G = 0x5b };

#define MIB      0x100000u
#define PAGE     0x1000u
#define PTE_P    1
#define PTE_W    2
#define PTE_PS   0x80
#define TYPE_RAM 1

extern const struct visor_payload payload;
/* magic MULTIBOOT_MAGIC: info is its information; otherwise the ROM's command line */
void boot_main(uint32_t magic, const void *information) __attribute__((noreturn));
/* boot_entry.S: paging on, long mode or not, and to *entry */
void enter64(uint32_t cr3, const uint64_t *entry, uint32_t boot) __attribute__((noreturn));
void enter32(uint32_t cr3, const uint64_t *entry, uint32_t boot) __attribute__((noreturn));

static struct visor_boot boot;

#define stop(...) (print_everywhere(), print("dfw-visor: " __VA_ARGS__), print("\n"), halt())
static void __attribute__((noreturn)) halt(void)
{
	for (;;)
		asm volatile("cli; hlt");
}

static uint32_t cmos(uint8_t first, unsigned bytes)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < bytes; i++) {
		outb(CMOS_INDEX, 0x80 | (first + i)); /* NMI masked meanwhile */
		v |= inb(CMOS_DATA) << i * 8;
	}
	outb(CMOS_INDEX, 0);
	return v;
}

static void add_memory(uint64_t addr, uint64_t size, uint32_t type)
{
	if (!size)
		return;
	if (boot.memmap_count == VISOR_MEMMAP_MAX)
		stop("over %u entries in the memory map", VISOR_MEMMAP_MAX);
	boot.memmap[boot.memmap_count++] =
		(struct hvm_memmap_entry){.addr = addr, .size = size, .type = type};
}

static void memory_from_cmos(void)
{
	uint32_t above_16m = cmos(CMOS_ABOVE_16M, 2);
	uint32_t high = above_16m ? 15 * MIB + above_16m * 0x10000u : cmos(CMOS_ABOVE_1M, 2) * 1024;

	add_memory(0, DFW_LOW_END, TYPE_RAM);
	add_memory(MIB, high, TYPE_RAM);
	add_memory(1ull << 32, (uint64_t)cmos(CMOS_ABOVE_4G, 3) * 0x10000, TYPE_RAM);
}

static void memory_from_multiboot(const struct multiboot_info *info)
{
	if (info->flags & MULTIBOOT_MMAP) {
		for (uint32_t p = info->mmap_addr, end = p + info->mmap_length; p < end;) {
			const struct multiboot_mmap *m = (void *)p;
			add_memory(m->base, m->length, m->type);
			p += m->size + sizeof(m->size);
		}
	} else if (info->flags & MULTIBOOT_MEMORY) {
		add_memory(0, DFW_LOW_END, TYPE_RAM);
		add_memory(MIB, info->mem_upper * 1024ull, TYPE_RAM);
	} else {
		stop("the boot loader gives no memory map");
	}
}

static bool overlaps(uint32_t base, uint32_t size, uint32_t other, uint32_t other_size)
{
	return base < other + other_size && other < base + size;
}

/* The topmost 2 MiB aligned range of RAM below 4 GiB that what is still to be read lies outside
 * of; 0 if there is none. */
static uint32_t find_private(const struct multiboot_info *info)
{
	extern char bss_end[];
	uint32_t best = 0;

	for (unsigned i = 0; i < boot.memmap_count; i++) {
		const struct hvm_memmap_entry *m = &boot.memmap[i];
		if (m->type != TYPE_RAM || m->addr >> 32)
			continue;
		uint64_t end = m->addr + m->size;
		uint32_t top = (end >> 32 ? 0xffffffffu : end) & -(2 * MIB);
		for (; top >= VISOR_RAM_LEAST && top - VISOR_PRIVATE >= m->addr; top -= 2 * MIB) {
			uint32_t base = top - VISOR_PRIVATE;
			if (info && (overlaps(base, VISOR_PRIVATE, (uint32_t)info, PAGE) ||
				     overlaps(base, VISOR_PRIVATE, boot.loader, boot.loader_size) ||
				     base < (uint32_t)bss_end))
				continue;
			if (base > best)
				best = base;
			break;
		}
	}
	return best;
}

/* Long mode's first tables: physical memory below 4 GiB at 0 and at VISOR_PHYSMAP, private
 * memory at VISOR_BASE. Returns CR3. */
static uint32_t build_tables(uint32_t tables)
{
	enum { PML4, PDPT, PDPT_IMAGE, PD_IMAGE, PD, COUNT = PD + 4 };
	uint64_t(*t)[512] = (void *)tables;

	memset(t, 0, COUNT * PAGE);
	t[PML4][0] = t[PML4][256] = (uint32_t)t[PDPT] | PTE_P | PTE_W;
	t[PML4][511] = (uint32_t)t[PDPT_IMAGE] | PTE_P | PTE_W;
	t[PDPT_IMAGE][510] = (uint32_t)t[PD_IMAGE] | PTE_P | PTE_W;
	for (unsigned i = 0; i < VISOR_PRIVATE / (2 * MIB); i++)
		t[PD_IMAGE][i] = (boot.private_base + i * 2 * MIB) | PTE_P | PTE_W | PTE_PS;
	for (unsigned i = 0; i < 4; i++) {
		t[PDPT][i] = (uint32_t)t[PD + i] | PTE_P | PTE_W;
		for (unsigned j = 0; j < 512; j++)
			t[PD + i][j] = ((uint64_t)i << 30 | j * 2 * MIB) | PTE_P | PTE_W | PTE_PS;
	}
	boot.heap = tables + COUNT * PAGE;
	return tables;
}

/* PAE: physical memory where it is, private memory at VISOR_BASE32. */
static uint32_t build_tables32(uint32_t tables)
{
	enum { PDPT, PD, COUNT = PD + 4 };
	uint64_t(*t)[512] = (void *)tables;
	uint64_t *pd = t[PD]; /* all four in a row */

	memset(t, 0, COUNT * PAGE);
	for (unsigned i = 0; i < 4; i++)
		t[PDPT][i] = (uint32_t)t[PD + i] | PTE_P;
	for (unsigned i = 0; i < 4 * 512; i++)
		pd[i] = (uint64_t)i * 2 * MIB | PTE_P | PTE_W | PTE_PS;
	for (unsigned i = 0; i < VISOR_PRIVATE / (2 * MIB); i++)
		pd[VISOR_BASE32 / (2 * MIB) + i] = (boot.private_base + i * 2 * MIB) | PTE_P | PTE_W | PTE_PS;
	boot.heap = tables + COUNT * PAGE;
	return tables;
}

/* Where an image begins; 0: it is not there, or not all of it. */
static uint32_t find_image(uint32_t magic)
{
	uint32_t at = payload.image, end = at + payload.image_size;

	if (payload.magic != VISOR_PAYLOAD_MAGIC)
		return 0;
	while (at + VISOR_IMAGE_HEADER + sizeof(struct visor_image) <= end) {
		const struct visor_image *image = (void *)(at + VISOR_IMAGE_HEADER);
		if (!image->size || image->size > end - at)
			return 0;
		if (image->magic == magic)
			return at;
		at += (image->size + PAGE - 1) & -PAGE;
	}
	return 0;
}

static void copy_cmdline(const char *from, unsigned max)
{
	unsigned n = 0;

	for (; n < max - 1 && from[n]; n++)
		boot.cmdline[n] = from[n];
	boot.cmdline[n] = 0;
}

void boot_main(uint32_t magic, const void *information)
{
	const struct multiboot_info *info = magic == MULTIBOOT_MAGIC ? information : NULL;
	struct cpuid max = cpuid(0x80000000, 0);

	boot.magic = VISOR_BOOT_MAGIC;
	if (info) {
		const struct multiboot_module *module = (void *)info->mods_addr;
		if (!(info->flags & MULTIBOOT_MODS) || !info->mods_count)
			stop("no multiboot module: give the vmxloader ELF as one");
		boot.loader = module->start;
		boot.loader_size = module->end - module->start;
		if (info->flags & MULTIBOOT_CMDLINE)
			copy_cmdline((char *)info->cmdline, VISOR_CMDLINE_MAX);
		memory_from_multiboot(info);
	} else {
		boot.from_rom = 1;
		boot.loader = payload.loader;
		boot.loader_size = payload.loader_size;
		copy_cmdline(information,
			     DFW_ROM_CMDLINE_SIZE - sizeof(DFW_ROM_CMDLINE_MAGIC) + 1);
		memory_from_cmos();
	}

	bool long_mode = max.eax >= 0x80000001 && cpuid(0x80000001, 0).edx & 1 << 29;
	uint32_t file = find_image(long_mode ? VISOR_IMAGE_MAGIC64 : VISOR_IMAGE_MAGIC32);
	if (!file || !boot.loader_size)
		stop("the ROM image is cut short or damaged");
	const struct visor_image *image = (void *)(file + VISOR_IMAGE_HEADER);
	uint32_t file_size = image->size;

	boot.private_base = find_private(info);
	boot.private_size = VISOR_PRIVATE;
	if (!boot.private_base)
		stop("too little memory: no %u MiB to keep of at least %u MiB below 4 GiB",
		     VISOR_PRIVATE / MIB, VISOR_RAM_LEAST / MIB);

	uint32_t used = (uint32_t)image->end - (uint32_t)image->base;
	uint32_t copy = boot.private_base + used + ((sizeof(boot) + PAGE - 1) & -PAGE);
	uint32_t tables = (copy + (info ? boot.loader_size : 0) + PAGE - 1) & -PAGE;
	if (boot.loader_size > VISOR_PRIVATE / 2 || used > VISOR_PRIVATE / 4 ||
	    file_size > used)
		stop("the images are too big for the private memory");
	memcpy((void *)boot.private_base, (void *)file, file_size);
	memset((void *)(boot.private_base + file_size), 0, used - file_size);
	if (info) { /* a module lies where the guest's memory is to be */
		memcpy((void *)copy, (void *)boot.loader, boot.loader_size);
		boot.loader = copy;
	}
	uint32_t cr3 = long_mode ? build_tables(tables) : build_tables32(tables);
	memcpy((void *)(boot.private_base + used), &boot, sizeof(boot));
	image = (void *)(boot.private_base + VISOR_IMAGE_HEADER);
	(long_mode ? enter64 : enter32)(cr3, &image->entry, boot.private_base + used);
}
