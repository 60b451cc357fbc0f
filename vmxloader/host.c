/* SPDX-License-Identifier: MIT
 *
 * Who started us, and what it says about memory. Everything is copied here at once: the host's
 * structures may lie anywhere in RAM, also where the firmware is going to be.
 */
#include "vmxloader/loader.h"
#include "vmxloader/fw_cfg.h"
#include "vmxloader/image.h"
#include "vmxloader/io.h"
#include "vmxloader/xen.h"
#include "lib/string.h"

#include <dfw/start_info.h>

#define MIB 0x100000ull
#define GIB 0x40000000ull

enum { MAP_MOST = 1024 }; /* entries of a host's map: more are nonsense */

#define ROUND_DOWN(v, to) ((v) & -(uint32_t)(to))

/* Xen's hvmloader reserves from here on: special pages, and room for the device model's ROMs */
#define XEN_SPECIAL 0xfc000000ull

/* Multiboot 0.6.96, 3.3 */
struct multiboot_info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper; /* KiB, flags bit 0 */
	uint32_t boot_device;
	uint32_t cmdline; /* bit 2 */
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr; /* bit 6 */
};

struct multiboot_mmap {
	uint32_t size; /* of the rest */
	struct dfw_e820 e820;
} __attribute__((packed));

static void add_range(struct e820 *map, uint64_t base, uint64_t length, uint32_t type)
{
	if (!e820_set(map, base, length, type))
		warn("memory map full: ranges above %llx left out", (unsigned long long)base);
}

/* One of two rounds: RAM first, then the rest, so that where a host's ranges overlap what is not
 * RAM wins. */
static void add_in_round(struct e820 *map, unsigned round, uint64_t base, uint64_t length,
			 uint32_t type)
{
	if ((type == E820_RAM) == (round == 0))
		add_range(map, base, length, type == E820_NONE ? E820_RESERVED : type);
}

/* Appends to the command line, as far as it fits. */
static void add_words(struct host *host, const char *words)
{
	size_t n = strlen(host->command_line);

	if (n && n < sizeof(host->command_line) - 1)
		host->command_line[n++] = ' ';
	while (*words && n < sizeof(host->command_line) - 1)
		host->command_line[n++] = *words++;
	if (*words)
		warn("command line cut after %u characters", (unsigned)n);
}

static void from_start_info(const struct hvm_start_info *si, struct host *host, struct e820 *map)
{
	const struct hvm_memmap_entry *e = (void *)(uintptr_t)si->memmap_paddr;

	if (si->cmdline_paddr >= 4 * GIB)
		fatal("start information: the command line at %llx is not below 4 GiB", si->cmdline_paddr);
	if (si->cmdline_paddr)
		add_words(host, (void *)(uintptr_t)si->cmdline_paddr);
	if (si->rsdp_paddr && si->rsdp_paddr < 4 * GIB - sizeof(host->rsdp_copy)) {
		host->rsdp = si->rsdp_paddr;
		memcpy(host->rsdp_copy, (void *)host->rsdp, sizeof(host->rsdp_copy));
	}
	if (si->version < 1 || !si->memmap_paddr)
		return;
	if (si->memmap_paddr >= 4 * GIB || si->memmap_entries > (4 * GIB - si->memmap_paddr) / sizeof(*e))
		fatal("start information: a memory map of %u entries at %llx is not below 4 GiB",
		      si->memmap_entries, si->memmap_paddr);
	if (si->memmap_entries > MAP_MOST)
		fatal("start information: a memory map of %u entries; %u are believed", si->memmap_entries,
		      MAP_MOST);
	for (unsigned round = 0; round < 2; round++)
		for (uint32_t i = 0; i < si->memmap_entries; i++)
			add_in_round(map, round, e[i].addr, e[i].size, e[i].type);
}

static void from_multiboot(const struct multiboot_info *mb, struct host *host, struct e820 *map)
{
	if (mb->flags & 1 << 2) {
		const char *line = (void *)(uintptr_t)mb->cmdline;

		/* The first word is the file's name. */
		while (*line && *line != ' ')
			line++;
		add_words(host, line);
	}
	if (mb->flags & 1 << 6) {
		for (unsigned round = 0; round < 2; round++) {
			uint32_t at = mb->mmap_addr, end = at + mb->mmap_length;

			if (end < at)
				fatal("multiboot: a memory map of %u bytes at %08x", mb->mmap_length, at);

			while (at < end) {
				const struct multiboot_mmap *m = (void *)(uintptr_t)at;

				if (end - at < sizeof(*m) || m->size < sizeof(m->e820) || m->size > end - at - 4)
					fatal("multiboot: the memory map at %08x has an entry of %u bytes", at,
					      m->size);
				add_in_round(map, round, m->e820.base, m->e820.length,
					     m->e820.type);
				at += m->size + 4;
			}
		}
	} else if (mb->flags & 1 << 0) {
		add_range(map, MIB, mb->mem_upper * 1024ull, E820_RAM);
	}
}

/* The registers of the PC's set-up memory: 34h-35h count 64 KiB above 16 MiB, 30h-31h KiB above
 * 1 MiB, 5Bh-5Dh 64 KiB above 4 GiB. */
static void from_cmos(struct e820 *map)
{
	uint64_t above_16m = (cmos_read(0x34) | cmos_read(0x35) << 8) * 0x10000ull;
	uint64_t above_1m = (cmos_read(0x30) | cmos_read(0x31) << 8) * 0x400ull;
	uint64_t above_4g =
	    (cmos_read(0x5b) | cmos_read(0x5c) << 8 | cmos_read(0x5d) << 16) * 0x10000ull;
	uint64_t end = above_16m ? 16 * MIB + above_16m : MIB + above_1m;

	add_range(map, MIB, (end < 4 * GIB ? end : 4 * GIB) - MIB, E820_RAM);
	add_range(map, 4 * GIB, above_4g, E820_RAM);
}

/* QEMU's own map: what RAM there is and what lies under none of its devices. */
static bool from_fw_cfg(struct e820 *map)
{
	static struct dfw_e820 file[DFW_E820_MAX];
	uint32_t size;
	uint16_t selector = fw_cfg_file("etc/e820", &size);

	if (!selector)
		return false;
	if (size > sizeof(file)) {
		warn("fw_cfg: etc/e820 cut after %u entries", DFW_E820_MAX);
		size = sizeof(file);
	}
	fw_cfg_read(selector, file, size);
	for (unsigned round = 0; round < 2; round++)
		for (uint32_t i = 0; i < size / sizeof(*file); i++)
			add_in_round(map, round, file[i].base, file[i].length, file[i].type);
	return e820_ram_top(map, 4 * GIB);
}

static void words_from_fw_cfg(struct host *host)
{
	char words[sizeof(host->command_line)] = {0};
	uint32_t size;
	uint16_t selector = fw_cfg_file("opt/dfw/cmdline", &size);

	if (!selector)
		return;
	fw_cfg_read(selector, words, size < sizeof(words) ? size : sizeof(words) - 1);
	add_words(host, words);
}

void host_find(uint32_t eax, uint32_t ebx, uint32_t esi, struct host *host, struct e820 *map)
{
	const struct hvm_start_info *si = (void *)(uintptr_t)ebx;

	host->xen = xen_find();
	host->fw_cfg = !host->xen && fw_cfg_find();
	if (eax == MULTIBOOT_MAGIC) {
		host->entry = ENTRY_MULTIBOOT;
		from_multiboot((void *)(uintptr_t)ebx, host, map);
	} else if (eax == IMAGE_FROM_ROM) {
		host->entry = ENTRY_ROM;
		host->payload_offset = esi - DFW_HIGH_IMAGE;
		add_words(host, (void *)(uintptr_t)ebx);
	} else if (si->magic == HVM_START_MAGIC) {
		host->entry = ENTRY_START_INFO;
		from_start_info(si, host, map);
	} else {
		fatal("started by an unknown loader (EAX=%08x, EBX=%08x): "
		      "use multiboot, an hvm_start_info, or the ROM image",
		      eax, ebx);
	}
	if (host->fw_cfg)
		words_from_fw_cfg(host);
	if (!e820_ram_top(map, 4 * GIB) && !(host->fw_cfg && from_fw_cfg(map)))
		from_cmos(map);

	/* Low memory is as every PC's, whether the host tells of it or not. */
	add_range(map, 0, DFW_EBDA, E820_RAM);
	add_range(map, DFW_EBDA, MIB - DFW_EBDA, E820_RESERVED);
	/* What is mapped but is no RAM: the ROM; Xen's special pages and its device model's. */
	if (host->entry == ENTRY_ROM)
		add_range(map, ROUND_DOWN(esi, 0x10000), -ROUND_DOWN(esi, 0x10000), E820_RESERVED);
	if (host->xen)
		add_range(map, XEN_SPECIAL, 4 * GIB - XEN_SPECIAL, E820_RESERVED);
}

void host_boot_order(const struct host *host, uint8_t order[8])
{
	static const uint8_t all[] = {DFW_BOOT_FLOPPY, DFW_BOOT_DISK, DFW_BOOT_CDROM,
				      DFW_BOOT_NETWORK};
	/* Nibbles, first one lowest in 3Dh, third one highest in 38h: QEMU, Bochs and Xen's device
	 * model agree on 1 floppy, 2 disk, 3 CD, 4 network, as DFW_BOOT_* are. Elsewhere these
	 * registers mean something else. */
	bool known = host->entry == ENTRY_ROM || host->fw_cfg || host->xen;
	uint16_t cmos = known ? cmos_read(0x3d) | (cmos_read(0x38) & 0xf0) << 4 : 0;
	unsigned n = 0;

	memset(order, DFW_BOOT_END, 8);
	for (; cmos & 15 && (cmos & 15) <= DFW_BOOT_NETWORK; cmos >>= 4)
		if (!memchr(order, cmos & 15, 8))
			order[n++] = cmos & 15;
	for (unsigned i = 0; i < sizeof(all); i++)
		if (!memchr(order, all[i], 8))
			order[n++] = all[i];
}
