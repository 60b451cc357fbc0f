/* SPDX-License-Identifier: MIT
 *
 * vmxloader in one page: find out where we are, prepare the machine, place the payloads, start the
 * guest's BIOS.
 */
#include "vmxloader/loader.h"
#include "vmxloader/acpi.h"
#include "vmxloader/pci.h"
#include "vmxloader/power.h"
#include "vmxloader/smbios.h"
#include "vmxloader/xen.h"
#include "lib/string.h"

#include <dfw/trace.h>

#define MIB 0x100000ull
#define GIB 0x40000000ull

_Noreturn void loader_main(uint32_t eax, uint32_t ebx, uint32_t esi);

static struct host host;
static struct options options;
static struct e820 map;
static struct pci pci;
static struct processors processors;

static void unknown_word(const char *word, unsigned len)
{
	char text[64] = {0};

	memcpy(text, word, len < sizeof(text) ? len : sizeof(text) - 1);
	warn("command line: \"%s\" is not known", text);
}

static void fill_handoff(uint16_t power, uint32_t rsdp, uint32_t smbios, uint32_t pirq,
			 uint32_t mptable)
{
	struct dfw_handoff *h = (void *)DFW_HANDOFF;

	*h = (struct dfw_handoff){
	    .magic = DFW_HANDOFF_MAGIC,
	    .version = DFW_HANDOFF_VERSION,
	    .size = sizeof(*h),
	    .flags = (options.serial ? DFW_FLAG_SERIAL_CONSOLE : 0) |
		     (options.assist ? DFW_FLAG_ASSIST : 0) |
		     (options.assist == ASSIST_ON ? DFW_FLAG_UNHOSTED : 0) |
		     (options.menu ? DFW_FLAG_BOOT_MENU : 0) |
		     (options.debug_e9 ? DFW_FLAG_DEBUG_E9 : 0),
	    .low_kib = DFW_EBDA / 1024,
	    .rsdp = rsdp,
	    .smbios = smbios,
	    .pirq = pirq,
	    .mptable = mptable,
	    .pci_present = pci.present,
	    .pci_last_bus = pci.last_bus,
	    .pm1a_control = power ? power + PM1A_CONTROL : 0,
	    .soft_off = SOFT_OFF,
	    .e820_count = map.count,
	};
	memcpy(h->pci_irq_lines, pci.irq_lines, sizeof(h->pci_irq_lines));
	if (options.boot_order[0])
		memcpy(h->boot_order, options.boot_order, sizeof(h->boot_order));
	else
		host_boot_order(&host, h->boot_order);
	if (!options.boot_order[0]) /* the command line wins */
		host_boot_devices(&host, h);
	memcpy(h->e820, map.entry, map.count * sizeof(*map.entry));
	*(struct dfw_pci_32 *)DFW_PCI_32 = (struct dfw_pci_32){
	    .present = pci.present,
	    .last_bus = pci.last_bus,
	    .pirq = pirq ? pirq - 0xf0000 : 0,
	};
	for (unsigned i = 0; i < map.count; i++)
		info("%010llx-%010llx type %u", map.entry[i].base,
		     map.entry[i].base + map.entry[i].length, map.entry[i].type);
}

/* rombios brings some of its own. */
uint32_t find_anchor(unsigned size)
{
	unsigned run = 0;

	for (uint32_t at = DFW_ANCHORS; at < DFW_ANCHORS + DFW_ANCHORS_SIZE; at++) {
		run = *(uint8_t *)at ? 0 : run + 1;
		if (run >= size && (at + 1 - size) % 16 == 0)
			return at + 1 - size;
	}
	return 0;
}

static uint32_t place_irq_table(void)
{
	static uint8_t table[DFW_ANCHORS_SIZE / 2];
	unsigned size = pci_irq_table(&pci, table, sizeof(table));
	uint32_t at = size ? find_anchor(size) : 0;

	if (size && !at)
		warn("no room for the $PIR table");
	if (at)
		memcpy((void *)at, table, size);
	return at;
}

/* The highest free megabyte below 4 GiB that is reached whatever A20 says; 0 if there is none. */
static uint32_t take_memory(uint32_t size)
{
	uint32_t base = e820_find(&map, size, MIB, 4 * GIB, MIB);

	if (base < 2 * MIB)
		return 0;
	e820_set(&map, base, size, E820_RESERVED);
	return base;
}

void loader_main(uint32_t eax, uint32_t ebx, uint32_t esi)
{
	uint32_t reserve = 0, trace = 0, tss;
	bool assist;
	uint64_t ram_top, high;
	uint32_t hole;
	enum vga vga;
	uint32_t rsdp, smbios, pirq;
	uint16_t power;

	host_find(eax, ebx, esi, &host, &map);
	options_parse(&options, host.command_line, unknown_word);
	console_debug = options.debug_e9;
	assist = options.assist != ASSIST_OFF;

	ram_top = e820_ram_top(&map, 4 * GIB);
	if (e820_ram_end(&map, MIB) < 2 * MIB)
		fatal("%u KiB of memory from 1 MiB on: give the guest at least 2 MiB in all",
		      (unsigned)((e820_ram_end(&map, MIB) - MIB) / 1024));
	if (assist) {
		reserve = take_memory(DFW_RESERVE_SIZE);
		if (!reserve)
			fatal("no memory for vmxassist: give the guest at least 4 MiB");
		if (options.trace && !(trace = take_memory(DFW_TRACE_SIZE)))
			warn("no memory for the trace ring: give the guest at least 6 MiB");
	}

	if (host.xen && (tss = e820_find(&map, XEN_VM86_TSS_SIZE, 0x1000, 4 * GIB, 0))) {
		e820_set(&map, tss, XEN_VM86_TSS_SIZE, E820_RESERVED);
		xen_vm86_tss(tss);
	}

	/* Devices may get what lies between RAM and 4 GiB, and what lies above all RAM. */
	hole = ram_top > 2 * GIB ? (ram_top + 128 * MIB - 1) & -(128 * MIB) : 2 * GIB;
	high = e820_ram_top(&map, UINT64_MAX);
	high = high > 4 * GIB ? high : 4 * GIB;
	caches_on(hole);
	local_apic_virtual_wire();
	processors_find(&host, &options, hole, &processors);
	shadow_open(assist ? DFW_VMXASSIST : DFW_ROMBIOS);
	pci_setup(&pci, host.entry == ENTRY_ROM, host.xen, hole, high);
	power = power_setup(host.xen);
	if (power_mmconfig())
		e820_set(&map, PCI_MMCONFIG, PCI_MMCONFIG_SIZE, E820_RESERVED);
	vga = vga_find(&pci);
	payloads_place(&host, vga, assist);
	io_apic_find(&processors);
	rsdp = acpi_place(&host, &options, &processors, &pci, power, &map);
	smbios = smbios_place(&host, &options, &processors, &map);
	pirq = place_irq_table();
	fill_handoff(power, rsdp, smbios, pirq, mptable_place(&processors, &pci));
	shadow_set(0xf0000, 0x100000, SHADOW_READ_ONLY);

	if (assist)
		/* without a host further processors never come to the assist */
		start_assist(assist_prepare(&options, reserve, trace,
					    options.assist == ASSIST_HOST ? processors.count : 1));
	start_native();
}
