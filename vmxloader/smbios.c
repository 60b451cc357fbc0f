/* SPDX-License-Identifier: MIT
 *
 * SMBIOS: structures with their strings behind them, and an entry point of each kind (DSP0134 3.6, 5.2, 6.1).
 */
#include "vmxloader/smbios.h"
#include "vmxloader/fw_cfg.h"
#include "vmxloader/io.h"
#include "vmxloader/xen.h"
#include "lib/checksum.h"
#include "lib/string.h"

#define KIB 0x400ull
#define MIB 0x100000ull
#define GIB 0x40000000ull

struct entry_2 {
	char anchor[4];
	uint8_t checksum, length, major, minor;
	uint16_t largest;
	uint8_t revision, formatted[5];
	char dmi_anchor[5];
	uint8_t dmi_checksum;
	uint16_t table_length;
	uint32_t table;
	uint16_t count;
	uint8_t bcd_revision;
} __attribute__((packed));
enum { DMI_OFFSET = 16 };

struct entry_3 {
	char anchor[5];
	uint8_t checksum, length, major, minor, docrev, revision, reserved;
	uint32_t table_size;
	uint64_t table;
} __attribute__((packed));

struct header {
	uint8_t type, length;
	uint16_t handle;
} __attribute__((packed));

struct bios { /* 7.1 */
	struct header h;
	uint8_t vendor, version;
	uint16_t segment;
	uint8_t date, rom_size;
	uint64_t characteristics;
	uint8_t extended[2], major, minor, ec_major, ec_minor;
} __attribute__((packed));
enum { BIOS_PCI = 1 << 7, BIOS_SHADOW = 1 << 12, BIOS_CD = 1 << 15, BIOS_ORDER = 1 << 16, BIOS_EDD = 1 << 19 };
enum { EXTENDED_ACPI = 1, EXTENDED_VIRTUAL = 1 << 4 };

struct system { /* 7.2 */
	struct header h;
	uint8_t manufacturer, product, version, serial, uuid[16], wake_up, sku, family;
} __attribute__((packed));
enum { WAKE_POWER_SWITCH = 6 };

struct chassis { /* 7.4 */
	struct header h;
	uint8_t manufacturer, type, version, serial, asset, boot_state, power_state, thermal_state, security;
	uint32_t oem;
	uint8_t height, cords, elements, element_size;
} __attribute__((packed));
enum { CHASSIS_OTHER = 1, STATE_SAFE = 3, SECURITY_NONE = 3 };

struct processor { /* 7.5 */
	struct header h;
	uint8_t socket, type, family, manufacturer;
	uint32_t id[2];
	uint8_t version, voltage;
	uint16_t clock, max_speed, speed;
	uint8_t status, upgrade;
	uint16_t cache[3];
	uint8_t serial, asset, part, cores, enabled, threads;
	uint16_t characteristics, family_2;
} __attribute__((packed));
enum { TYPE_CPU = 3, FAMILY_UNKNOWN = 2, STATUS_ENABLED = 0x41, UPGRADE_OTHER = 1, NO_CACHE = 0xffff,
       CPU_UNKNOWN = 2, CPU_64_BIT = 4 };

struct memory_array { /* 7.17 */
	struct header h;
	uint8_t location, use, correction;
	uint32_t capacity;
	uint16_t error, devices;
	uint64_t extended_capacity;
} __attribute__((packed));
enum { LOCATION_OTHER = 1, USE_SYSTEM = 3, CORRECTION_NONE = 3, NO_ERRORS = 0xfffe };
#define CAPACITY_EXTENDED 0x80000000u

struct memory_device { /* 7.18 */
	struct header h;
	uint16_t array, error, total_width, width, size;
	uint8_t form, set, locator, bank, type;
	uint16_t detail, speed;
	uint8_t manufacturer, serial, asset, part, attributes;
	uint32_t extended_size;
	uint16_t configured_speed, voltage[3];
} __attribute__((packed));
enum { WIDTH_UNKNOWN = 0xffff, SIZE_EXTENDED = 0x7fff, FORM_DIMM = 9, MEMORY_RAM = 7, DETAIL_OTHER = 2 };

struct mapped { /* 7.20 */
	struct header h;
	uint32_t start, end; /* KiB */
	uint16_t array;
	uint8_t width;
	uint64_t extended_start, extended_end;
} __attribute__((packed));
#define MAPPED_EXTENDED 0xffffffffu

struct boot_information { /* 7.33 */
	struct header h;
	uint8_t reserved[6], status;
} __attribute__((packed));

_Static_assert(sizeof(struct entry_2) == 31 && sizeof(struct entry_3) == 24 && sizeof(struct bios) == 0x18 &&
	       sizeof(struct system) == 0x1b && sizeof(struct chassis) == 0x15 && sizeof(struct processor) == 0x2a &&
	       sizeof(struct memory_array) == 0x17 && sizeof(struct memory_device) == 0x28 &&
	       sizeof(struct mapped) == 0x1f && sizeof(struct boot_information) == 0xb, "DSP0134");

enum { BIOS, SYSTEM, CHASSIS = 3, PROCESSOR, ARRAY = 16, DEVICE, MAPPED = 19, BOOT = 32, END = 127 };
enum { VERSION_MAJOR = 2, VERSION_MINOR = 8 };

/* The structures under construction */
static uint8_t *const table = (void *)DFW_SMBIOS;
static uint32_t used;
static uint16_t count, largest;

/* Adds a structure; its strings are numbered as they come, from 1 on. Handles are type and number. */
static uint16_t add(void *structure, uint8_t type, uint8_t size, uint8_t number, const char *const strings[])
{
	struct header *h = structure;
	uint32_t start = used;

	*h = (struct header){type, size, type << 8 | number};
	if (used + size > DFW_SMBIOS_SIZE - 2)
		fatal("SMBIOS tables do not fit");
	memcpy(table + used, structure, size);
	used += size;
	for (; *strings; strings++) {
		size_t length = strlen(*strings) + 1;

		if (used + length > DFW_SMBIOS_SIZE - 2)
			fatal("SMBIOS tables do not fit");
		memcpy(table + used, *strings, length);
		used += length;
	}
	if (used == start + size)
		table[used++] = 0;
	table[used++] = 0;
	count++;
	largest = used - start > largest ? used - start : largest;
	return h->handle;
}

#define ADD(structure, type, number, ...)                                                          \
	add(&(structure), type, sizeof(structure), number, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* The first structure */
static void add_bios(void)
{
	struct bios b = {.vendor = 1, .version = 2, .segment = DFW_ROMBIOS >> 4, .date = 3,
			 .rom_size = DFW_ROMBIOS_SIZE / 0x10000 - 1,
			 .characteristics = BIOS_PCI | BIOS_SHADOW | BIOS_CD | BIOS_ORDER | BIOS_EDD,
			 .extended = {EXTENDED_ACPI, EXTENDED_VIRTUAL}, .major = 1, .ec_major = 0xff,
			 .ec_minor = 0xff};

	used = count = largest = 0;
	ADD(b, BIOS, 0, "dfw", "1", "11/24/2026");
}

static void add_memory(const struct e820 *map)
{
	uint64_t low = (e820_ram_top(map, 4 * GIB) + MIB - 1) & -MIB, top = e820_ram_top(map, UINT64_MAX);
	uint64_t high = top > 4 * GIB ? top - 4 * GIB : 0, all = low + high;
	bool large = all >= CAPACITY_EXTENDED * KIB;
	struct memory_array a = {.location = LOCATION_OTHER, .use = USE_SYSTEM, .correction = CORRECTION_NONE,
				 .capacity = large ? CAPACITY_EXTENDED : all >> 10, .error = NO_ERRORS, .devices = 1,
				 .extended_capacity = large ? all : 0};
	uint16_t array = ADD(a, ARRAY, 0);
	struct memory_device d = {.array = array, .error = NO_ERRORS, .total_width = WIDTH_UNKNOWN,
				  .width = WIDTH_UNKNOWN,
				  .size = all >> 20 < SIZE_EXTENDED ? all >> 20 : SIZE_EXTENDED,
				  .form = FORM_DIMM, .locator = 1, .type = MEMORY_RAM, .detail = DETAIL_OTHER,
				  .extended_size = all >> 20 < SIZE_EXTENDED ? 0 : all >> 20};
	struct mapped m = {.end = (low >> 10) - 1, .array = array, .width = 1};

	ADD(d, DEVICE, 0, "DIMM 0");
	ADD(m, MAPPED, 0);
	if (!high)
		return;
	m = (struct mapped){.start = 4 * GIB >> 10, .end = (top >> 10) - 1, .array = array, .width = 1};
	if (top > MAPPED_EXTENDED * KIB) {
		m.start = m.end = MAPPED_EXTENDED;
		m.extended_start = 4 * GIB;
		m.extended_end = top - 1;
	}
	ADD(m, MAPPED, 1);
}

static void add_processors(const struct processors *processors)
{
	char maker[13] = {0}, socket[] = "CPU 00";
	struct cpuid vendor = cpuid(0), features = cpuid(1);
	bool wide = cpuid(0x80000000).eax >= 0x80000001 && cpuid(0x80000001).edx & 1 << 29;

	memcpy(maker, &vendor.ebx, 4);
	memcpy(maker + 4, &vendor.edx, 4);
	memcpy(maker + 8, &vendor.ecx, 4);
	for (unsigned i = 0; i < processors->count; i++) {
		struct processor p = {.socket = 1, .type = TYPE_CPU, .family = FAMILY_UNKNOWN, .manufacturer = 2,
				      .id = {features.eax, features.edx}, .status = STATUS_ENABLED,
				      .upgrade = UPGRADE_OTHER, .cache = {NO_CACHE, NO_CACHE, NO_CACHE},
				      .cores = 1, .enabled = 1, .threads = 1,
				      .characteristics = wide ? CPU_64_BIT : CPU_UNKNOWN, .family_2 = FAMILY_UNKNOWN};

		socket[4] = '0' + i / 10;
		socket[5] = '0' + i % 10;
		ADD(p, PROCESSOR, i, socket, maker);
	}
}

static uint32_t place_entry(const void *entry, unsigned size)
{
	uint32_t at = find_anchor(size);

	if (at)
		memcpy((void *)at, entry, size);
	else
		warn("no room for SMBIOS' entry point");
	return at;
}

static uint32_t own_tables(const struct host *host, const struct processors *processors, const struct e820 *map)
{
	/* Guests look for these two names to know Xen. */
	const char *maker = host->xen ? "Xen" : "dfw", *product = host->xen ? "HVM domU" : "PC";
	struct system system = {.manufacturer = 1, .product = 2, .wake_up = WAKE_POWER_SWITCH};
	struct chassis chassis = {.manufacturer = 1, .type = CHASSIS_OTHER, .boot_state = STATE_SAFE,
				  .power_state = STATE_SAFE, .thermal_state = STATE_SAFE, .security = SECURITY_NONE};
	struct boot_information boot = {.status = 0};
	struct header end;

	if (host->xen)
		xen_uuid(system.uuid);
	add_bios();
	ADD(system, SYSTEM, 0, maker, product);
	ADD(chassis, CHASSIS, 0, maker);
	add_processors(processors);
	add_memory(map);
	ADD(boot, BOOT, 0);
	ADD(end, END, 0);

	struct entry_2 e2 = {.anchor = "_SM_", .length = sizeof(e2), .major = VERSION_MAJOR, .minor = VERSION_MINOR,
			     .largest = largest, .dmi_anchor = "_DMI_", .table_length = used, .table = DFW_SMBIOS,
			     .count = count, .bcd_revision = VERSION_MAJOR << 4 | VERSION_MINOR};
	struct entry_3 e3 = {.anchor = "_SM3_", .length = sizeof(e3), .major = 3, .minor = 0, .revision = 1,
			     .table_size = used, .table = DFW_SMBIOS};

	e2.dmi_checksum = -byte_sum((uint8_t *)&e2 + DMI_OFFSET, sizeof(e2) - DMI_OFFSET);
	e2.checksum = -byte_sum(&e2, sizeof(e2));
	e3.checksum = -byte_sum(&e3, sizeof(e3));
	uint32_t first = place_entry(&e2, sizeof(e2));

	place_entry(&e3, sizeof(e3));
	return first;
}

/* QEMU's structures and entry point; it leaves the address and the checksums to us, and the BIOS' own structure
 * unless its user gives one, which then comes first. What does not fit the place goes to memory of its own. */
static uint32_t qemus_tables(const struct host *host, struct e820 *map)
{
	union {
		struct entry_2 v2;
		struct entry_3 v3;
	} entry;
	uint32_t size, entry_size, at = DFW_SMBIOS;
	uint16_t file = host->fw_cfg ? fw_cfg_file("etc/smbios/smbios-tables", &size) : 0;
	uint16_t anchor = file ? fw_cfg_file("etc/smbios/smbios-anchor", &entry_size) : 0;
	uint8_t type;
	bool v3;

	if (!anchor)
		return 0;
	fw_cfg_read(anchor, &entry, entry_size < sizeof(entry) ? entry_size : sizeof(entry));
	v3 = entry_size == sizeof(entry.v3) && !memcmp(entry.v3.anchor, "_SM3_", 5);
	if (!v3 && (entry_size != sizeof(entry.v2) || memcmp(entry.v2.anchor, "_SM_", 4) ||
		    memcmp(entry.v2.dmi_anchor, "_DMI_", 5) || entry.v2.length != sizeof(entry.v2))) {
		warn("etc/smbios/smbios-anchor is no SMBIOS entry point; QEMU's SMBIOS tables are left out");
		return 0;
	}
	if (size < (v3 ? entry.v3.table_size : entry.v2.table_length) || !size || size > MIB) {
		warn("etc/smbios/smbios-tables: %u bytes are no SMBIOS tables; they are left out", size);
		return 0;
	}
	add_bios();
	fw_cfg_read(file, &type, sizeof(type));
	if (type == BIOS || (!v3 && size + used > UINT16_MAX))
		used = count = 0;
	if (used + size > DFW_SMBIOS_SIZE) {
		uint32_t room = (used + size + 0xfff) & ~0xfffu;

		at = e820_find(map, room, 0x1000, 4 * GIB, 0);
		if (!at) {
			warn("no memory for QEMU's SMBIOS tables");
			return 0;
		}
		e820_set(map, at, room, E820_RESERVED);
		memcpy((void *)at, table, used);
	}
	fw_cfg_read(file, (void *)(at + used), size);
	if (v3) {
		entry.v3.table_size += used;
		entry.v3.table = at;
		entry.v3.checksum = 0;
		entry.v3.checksum = -byte_sum(&entry, entry_size);
	} else {
		entry.v2.table_length += used;
		entry.v2.count += count;
		entry.v2.largest = entry.v2.largest > largest ? entry.v2.largest : largest;
		entry.v2.table = at;
		entry.v2.dmi_checksum = entry.v2.checksum = 0;
		entry.v2.dmi_checksum = -byte_sum((uint8_t *)&entry + DMI_OFFSET, entry_size - DMI_OFFSET);
		entry.v2.checksum = -byte_sum(&entry, entry_size);
	}
	return place_entry(&entry, entry_size);
}

uint32_t smbios_place(const struct host *host, const struct options *options, const struct processors *processors,
		      struct e820 *map)
{
	uint32_t at = options->own_tables ? 0 : qemus_tables(host, map);

	return at ? at : own_tables(host, processors, map);
}
