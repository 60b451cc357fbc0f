/* SPDX-License-Identifier: MIT
 *
 * vmxloader in one page: find out where we are, prepare the machine, place the payloads, start the
 * guest's BIOS.
 */
#include "vmxloader/loader.h"
#include "vmxloader/pci.h"
#include "lib/string.h"

#define MIB 0x100000ull
#define GIB 0x40000000ull

_Noreturn void loader_main(uint32_t eax, uint32_t ebx, uint32_t esi);

static const uint8_t default_order[8] = {DFW_BOOT_FLOPPY, DFW_BOOT_DISK, DFW_BOOT_CDROM,
					 DFW_BOOT_NETWORK};

static struct host host;
static struct options options;
static struct e820 map;

static void unknown_word(const char *word, unsigned len)
{
	char text[64] = {0};

	memcpy(text, word, len < sizeof(text) ? len : sizeof(text) - 1);
	warn("command line: \"%s\" is not known", text);
}

static void fill_handoff(void)
{
	struct dfw_handoff *h = (void *)DFW_HANDOFF;

	*h = (struct dfw_handoff){
	    .magic = DFW_HANDOFF_MAGIC,
	    .version = DFW_HANDOFF_VERSION,
	    .size = sizeof(*h),
	    .flags = (options.serial ? DFW_FLAG_SERIAL_CONSOLE : 0) |
		     (options.assist ? DFW_FLAG_ASSIST : 0) |
		     (options.menu ? DFW_FLAG_BOOT_MENU : 0) |
		     (options.debug_e9 ? DFW_FLAG_DEBUG_E9 : 0),
	    .low_kib = DFW_EBDA / 1024,
	    .pci_irq_lines = {10, 10, 11, 11},
	    .pci_present = pci_read32(0, 0) != 0xffffffff,
	    .e820_count = map.count,
	};
	memcpy(h->boot_order, options.boot_order[0] ? options.boot_order : default_order,
	       sizeof(h->boot_order));
	memcpy(h->e820, map.entry, map.count * sizeof(*map.entry));
	for (unsigned i = 0; i < map.count; i++)
		info("%010llx-%010llx type %u", map.entry[i].base,
		     map.entry[i].base + map.entry[i].length, map.entry[i].type);
}

void loader_main(uint32_t eax, uint32_t ebx, uint32_t esi)
{
	uint32_t reserve = 0;
	uint64_t ram_top;

	host_find(eax, ebx, esi, &host, &map);
	options_parse(&options, host.command_line, unknown_word);
	console_debug = options.debug_e9;

	ram_top = e820_ram_top(&map, 4 * GIB);
	if (e820_ram_end(&map, MIB) < 2 * MIB)
		fatal("%u KiB of memory above 1 MiB: give the guest at least 2 MiB in all",
		      (unsigned)((e820_ram_end(&map, MIB) - MIB) / 1024));
	if (options.assist) {
		reserve =
		    e820_find(&map, DFW_RESERVE_SIZE, DFW_RESERVE_SIZE, 4 * GIB, DFW_RESERVE_SIZE);
		if (reserve < 2 * MIB)
			fatal("no memory for vmxassist: give the guest at least 4 MiB");
		e820_set(&map, reserve, DFW_RESERVE_SIZE, E820_RESERVED);
	}
	e820_set(&map, 4 * GIB - 0x40000, 0x40000, E820_RESERVED);

	caches_on(ram_top > 0xe0000000 ? (uint32_t)ram_top : 0xe0000000);
	shadow_open();
	payloads_place(&host, false, true, options.assist != ASSIST_OFF);
	fill_handoff();

	if (options.assist)
		start_assist(assist_prepare(&options, reserve));
	start_native();
}
