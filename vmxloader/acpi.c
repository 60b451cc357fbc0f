/* SPDX-License-Identifier: MIT
 *
 * ACPI tables. The host's own come first: those of the start information, then those of QEMU's table
 * loader. Else the board's DSDT, which iasl has compiled, and around it what this machine is.
 */
#include "vmxloader/acpi.h"
#include "vmxloader/fw_cfg.h"
#include "vmxloader/io.h"
#include "vmxloader/power.h"
#include "vmxloader/table_loader.h"
#include "lib/apic.h"
#include "lib/checksum.h"
#include "lib/string.h"

#define GIB 0x40000000ull

extern const uint8_t dsdt_piix[], dsdt_piix_end[], dsdt_ich9[], dsdt_ich9_end[]; /* blobs.S */

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum, reserved[3];
} __attribute__((packed));

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
} __attribute__((packed));

/* 5.2.3.2 */
struct address {
	uint8_t space, bits, offset, access;
	uint64_t address;
} __attribute__((packed));
enum { SPACE_MEMORY, SPACE_IO };

/* 5.2.9 */
struct fadt {
	struct header header;
	uint32_t facs, dsdt;
	uint8_t reserved0, profile;
	uint16_t sci;
	uint32_t smi_command;
	uint8_t acpi_enable, acpi_disable, s4bios, pstate_control;
	uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer, gpe0, gpe1;
	uint8_t pm1_event_length, pm1_control_length, pm2_control_length, pm_timer_length;
	uint8_t gpe0_length, gpe1_length, gpe1_base, cstate_control;
	uint16_t c2_latency, c3_latency, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t boot_flags;
	uint8_t reserved1;
	uint32_t flags;
	struct address reset;
	uint8_t reset_value, reserved2[3];
	uint64_t x_facs, x_dsdt;
	struct address x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control, x_pm2_control, x_pm_timer,
	    x_gpe0, x_gpe1;
} __attribute__((packed));

enum { BOOT_LEGACY_DEVICES = 1, BOOT_8042 = 2, BOOT_NO_VGA = 4 };
enum { FLAG_WBINVD = 1, FLAG_C1 = 1 << 2, FLAG_NO_SLEEP_BUTTON = 1 << 5, FLAG_NO_FIXED_RTC = 1 << 6,
       FLAG_RESET = 1 << 10 };
enum { RESET_PORT = 0xcf9, RESET_MACHINE = 6, CMOS_CENTURY = 0x32 };
enum { LATENCY_NO_C2 = 101, LATENCY_NO_C3 = 1001 };

struct facs {
	char signature[4];
	uint32_t length, hardware, waking, lock, flags;
	uint64_t x_waking;
	uint8_t version, reserved[31];
};

struct madt {
	struct header header;
	uint32_t local_apic, flags; /* 1: 8259As are there, too */
} __attribute__((packed));

struct madt_local_apic {
	uint8_t type, length, processor, apic_id;
	uint32_t enabled;
} __attribute__((packed));

struct madt_io_apic {
	uint8_t type, length, id, reserved;
	uint32_t address, first_interrupt;
} __attribute__((packed));

struct madt_override {
	uint8_t type, length, bus, irq;
	uint32_t interrupt;
	uint16_t flags;
} __attribute__((packed));

struct madt_nmi {
	uint8_t type, length, processor;
	uint16_t flags;
	uint8_t lint;
} __attribute__((packed));

enum { MADT_LOCAL_APIC, MADT_IO_APIC, MADT_OVERRIDE, MADT_NMI = 4 };
enum { FLAGS_BUS = 0, FLAGS_HIGH_LEVEL = 0xd }; /* as in the MP table */

struct hpet {
	struct header header;
	uint32_t id;
	struct address address;
	uint8_t number;
	uint16_t least_tick;
	uint8_t attributes;
} __attribute__((packed));

struct mcfg {
	struct header header;
	uint64_t reserved, address;
	uint16_t segment;
	uint8_t first_bus, last_bus;
	uint32_t reserved1;
} __attribute__((packed));

_Static_assert(sizeof(struct rsdp) == 36 && sizeof(struct header) == 36 && sizeof(struct fadt) == 244 &&
	       sizeof(struct facs) == 64 && sizeof(struct madt) == 44 && sizeof(struct hpet) == 56 &&
	       sizeof(struct mcfg) == 60, "ACPI 6.4");

/* The tables under construction: one after the other, the list of their addresses, all in room. */
enum { TABLES_ROOM = 0x4000, FACS_ROOM = 0x1000, TABLES_MOST = 8 };
static uint8_t *next;
static uint32_t listed[TABLES_MOST];
static unsigned list_count;

static void *take(unsigned size, unsigned align)
{
	uint8_t *at = (uint8_t *)(((uintptr_t)next + align - 1) & -(uintptr_t)align);

	next = at + size;
	return at;
}

static void *begin(const char *signature, uint8_t revision, unsigned size)
{
	struct header *h = take(size, 16);

	memset(h, 0, size);
	*h = (struct header){.revision = revision,
			     .length = size,
			     .oem = "DFW   ",
			     .table = "DFW     ",
			     .oem_revision = 1,
			     .creator = "DFW ",
			     .creator_revision = 1};
	memcpy(h->signature, signature, 4);
	return h;
}

/* Everything from the header to next is the table. */
static void finish(struct header *h, bool list)
{
	h->length = next - (uint8_t *)h;
	h->checksum = 0;
	h->checksum = -byte_sum(h, h->length);
	if (list)
		listed[list_count++] = (uintptr_t)h;
}

static struct address io(uint32_t port, unsigned bytes)
{
	return (struct address){SPACE_IO, bytes * 8, 0, bytes == 1 ? 1 : bytes == 2 ? 2 : 3, port};
}

static void make_fadt(uint32_t facs, uint32_t dsdt, uint16_t power, const struct pci *pci)
{
	struct fadt *f = begin("FACP", 3, sizeof(*f));

	f->facs = facs;
	f->dsdt = f->x_dsdt = dsdt;
	f->sci = SCI_IRQ;
	f->pm1a_event = power + PM1A_EVENT;
	f->pm1a_control = power + PM1A_CONTROL;
	f->pm_timer = power + PM_TIMER;
	f->x_pm1a_event = io(power + PM1A_EVENT, 4);
	f->x_pm1a_control = io(power + PM1A_CONTROL, 2);
	f->x_pm_timer = io(power + PM_TIMER, 4);
	f->x_pm1a_event.access = 2; /* two halves */
	f->pm1_event_length = f->pm_timer_length = 4;
	f->pm1_control_length = 2;
	f->c2_latency = LATENCY_NO_C2;
	f->c3_latency = LATENCY_NO_C3;
	f->century = CMOS_CENTURY;
	f->boot_flags = BOOT_LEGACY_DEVICES | BOOT_8042 | (pci->vga ? 0 : BOOT_NO_VGA);
	f->flags = FLAG_WBINVD | FLAG_C1 | FLAG_NO_SLEEP_BUTTON | FLAG_NO_FIXED_RTC | FLAG_RESET;
	f->reset = io(RESET_PORT, 1);
	f->reset_value = RESET_MACHINE;
	finish(&f->header, true);
}

static void add_override(uint8_t irq, uint32_t interrupt, uint16_t flags)
{
	struct madt_override *o = take(sizeof(*o), 1);

	*o = (struct madt_override){MADT_OVERRIDE, sizeof(*o), 0, irq, interrupt, flags};
}

static void make_madt(const struct processors *processors, const struct pci *pci)
{
	struct madt *m = begin("APIC", 3, sizeof(*m));

	m->local_apic = (uint32_t)rdmsr(0x1b) & ~0xfffu;
	m->flags = 1;
	for (unsigned i = 0; i < processors->count; i++) {
		struct madt_local_apic *a = take(sizeof(*a), 1);

		*a = (struct madt_local_apic){MADT_LOCAL_APIC, sizeof(*a), i, processors->apic_id[i], 1};
	}
	if (processors->io_apic_pins) {
		uint16_t lines = 1 << SCI_IRQ;
		struct madt_io_apic *a = take(sizeof(*a), 1);

		*a = (struct madt_io_apic){MADT_IO_APIC, sizeof(*a), processors->io_apic_id, 0, IO_APIC, 0};
		for (unsigned n = 0; n < 4; n++)
			lines |= 1 << pci->irq_lines[n];
		add_override(0, 2, FLAGS_BUS);
		for (unsigned irq = 1; irq < 16; irq++)
			if (lines & 1 << irq)
				add_override(irq, irq, FLAGS_HIGH_LEVEL);
	}
	struct madt_nmi *n = take(sizeof(*n), 1);

	*n = (struct madt_nmi){MADT_NMI, sizeof(*n), 0xff, FLAGS_BUS, 1};
	finish(&m->header, true);
}

#define HPET 0xfed00000

/* IA-PC HPET 1.0a, 2.3.4: vendor and revision in the low half, femtoseconds a tick in the high one. */
static uint32_t hpet_id(void)
{
	const volatile uint32_t *r = (void *)HPET;
	uint32_t id = r[0], period = r[1];

	return id != 0xffffffff && id & 0xff && id >> 16 && period && period <= 100000000 ? id : 0;
}

static void make_hpet(uint32_t id)
{
	struct hpet *h = begin("HPET", 1, sizeof(*h));

	h->id = id;
	h->address = (struct address){SPACE_MEMORY, 0, 0, 0, HPET};
	finish(&h->header, true);
}

static void make_mcfg(void)
{
	struct mcfg *m = begin("MCFG", 1, sizeof(*m));

	m->address = PCI_MMCONFIG;
	m->last_bus = 0xff;
	finish(&m->header, true);
}

/* AML, ACPI 6.4, 20.2: NameOp, then DWordPrefix or QWordPrefix */
static void aml_name(const char name[4], uint64_t value)
{
	uint8_t *p = take(14, 1);

	p[0] = 0x08;
	memcpy(p + 1, name, 4);
	p[5] = 0x0e;
	memcpy(p + 6, &value, 8);
}

/* ProcessorOp: \_SB.CPxx, its number, no registers */
static void aml_processor(uint8_t number)
{
	static const char digits[] = "0123456789ABCDEF";
	static const uint8_t head[] = {0x5b, 0x83, 17, '\\', 0x2e, '_', 'S', 'B', '_', 'C', 'P'};
	uint8_t *p = take(19, 1);

	memset(p, 0, 19);
	memcpy(p, head, sizeof(head));
	p[11] = digits[number >> 4];
	p[12] = digits[number & 15];
	p[13] = number;
}

/* As common.asl has them */
enum { HAS_COM1 = 1, HAS_COM2 = 2, HAS_LPT1 = 4, HAS_FDC = 8, HAS_HPET = 16 };

static bool keeps(uint16_t port)
{
	uint8_t old = inb(port);
	bool kept;

	outb(port, 0x5a);
	kept = inb(port) == 0x5a;
	outb(port, 0xa5);
	kept = kept && inb(port) == 0xa5;
	outb(port, old);
	return kept;
}

/* Serial ports by their scratch register, the printer by its data register, floppies by CMOS 10h. */
static uint32_t isa_devices(void)
{
	return (keeps(0x3ff) ? HAS_COM1 : 0) | (keeps(0x2ff) ? HAS_COM2 : 0) | (keeps(0x378) ? HAS_LPT1 : 0) |
	       (cmos_read(0x10) ? HAS_FDC : 0);
}

/* What the DSDT does not know. */
static void make_ssdt(const struct processors *processors, const struct pci *pci, uint16_t power, bool hpet)
{
	struct header *h = begin("SSDT", 2, sizeof(*h));

	aml_name("WLO0", pci->window[0][0]);
	aml_name("WLO1", pci->window[0][1] - 1);
	aml_name("WHI0", pci->window[1][0]);
	aml_name("WHI1", pci->window[1][1] ? pci->window[1][1] - 1 : 0);
	aml_name("DEVS", isa_devices() | (hpet ? HAS_HPET : 0));
	aml_name("PMIO", power);
	aml_name("XENP", pci->xen);
	for (unsigned i = 0; i < processors->count; i++)
		aml_processor(i);
	finish(h, true);
}

static uint32_t make_root(const char *signature, unsigned entry_size)
{
	struct header *h = begin(signature, 1, sizeof(*h));
	uint8_t *entries = take(list_count * entry_size, 1);

	memset(entries, 0, list_count * entry_size);
	for (unsigned i = 0; i < list_count; i++)
		memcpy(entries + i * entry_size, &listed[i], sizeof(*listed));
	finish(h, false);
	return (uintptr_t)h;
}

static uint32_t make_dsdt(const struct host *host, bool ich)
{
	const uint8_t *from = ich ? dsdt_ich9 : dsdt_piix, *end = ich ? dsdt_ich9_end : dsdt_piix_end;
	void *to = take(end - from, 16);

	memcpy(to, from + host->payload_offset, end - from);
	return (uintptr_t)to;
}

static uint32_t place_rsdp(uint32_t rsdt, uint32_t xsdt)
{
	uint32_t at = find_anchor(sizeof(struct rsdp));
	struct rsdp *r = (void *)at;

	if (!at) {
		warn("no room for ACPI's root pointer");
		return 0;
	}
	*r = (struct rsdp){"RSD PTR ", 0, "DFW   ", 2, rsdt, sizeof(*r), xsdt, 0, {0}};
	r->checksum = -byte_sum(r, 20);
	r->extended_checksum = -byte_sum(r, sizeof(*r));
	return at;
}

static uint32_t own_tables(const struct host *host, const struct processors *processors, const struct pci *pci,
			   uint16_t power, struct e820 *map)
{
	uint32_t base = e820_find(map, FACS_ROOM + TABLES_ROOM, 0x1000, 4 * GIB, 0), id, rsdt, xsdt;
	struct facs *facs = (void *)base;

	if (!base) {
		warn("no memory for ACPI tables");
		return 0;
	}
	e820_set(map, base, FACS_ROOM, E820_NVS);
	e820_set(map, base + FACS_ROOM, TABLES_ROOM, E820_ACPI);
	memset(facs, 0, FACS_ROOM + TABLES_ROOM);
	*facs = (struct facs){.signature = "FACS", .length = sizeof(*facs), .version = 1};

	next = (uint8_t *)base + FACS_ROOM;
	list_count = 0;
	id = hpet_id();
	make_fadt(base, make_dsdt(host, pci->ich), power, pci);
	if (processors->apic_version)
		make_madt(processors, pci);
	if (id)
		make_hpet(id);
	if (power_mmconfig())
		make_mcfg();
	make_ssdt(processors, pci, power, id);
	rsdt = make_root("RSDT", 4);
	xsdt = make_root("XSDT", 8);
	if (next > (uint8_t *)base + FACS_ROOM + TABLES_ROOM)
		fatal("ACPI tables of %u bytes do not fit", (unsigned)(next - (uint8_t *)base));
	return place_rsdp(rsdt, xsdt);
}

/* The start information's tables stay where they are; scanned for is a copy of their root pointer. */
static uint32_t hosts_tables(const struct host *host, const struct e820 *map)
{
	const struct rsdp *r = (void *)host->rsdp;
	struct rsdp copy;
	uint32_t at, size;

	if (!host->rsdp)
		return 0;
	memcpy(&copy, host->rsdp_copy, sizeof(copy));
	size = copy.revision >= 2 ? sizeof(copy) : 20;
	if (memcmp(copy.signature, "RSD PTR ", 8) || byte_sum(&copy, 20) ||
	    (size > 20 && (copy.length != size || byte_sum(&copy, size))) ||
	    e820_type(map, copy.rsdt) == E820_RAM) {
		warn("start information: no ACPI tables at %08x", (unsigned)(uintptr_t)r);
		return 0;
	}
	at = find_anchor(size);
	if (at)
		memcpy((void *)at, &copy, size);
	return at;
}

/* QEMU's table loader: its files lie in memory of their own, the root pointer among the anchors. */
static struct e820 *loader_map;
static uint32_t loader_rsdp;

static bool loader_size(const char *name, uint32_t *size)
{
	return fw_cfg_file(name, size);
}

static void loader_read(const char *name, void *to, uint32_t size)
{
	uint32_t whole;

	fw_cfg_read(fw_cfg_file(name, &whole), to, size);
}

static bool loader_write(const char *name, uint32_t offset, const void *bytes, uint32_t size)
{
	uint32_t whole;
	uint16_t selector = fw_cfg_file(name, &whole);

	return selector && offset <= whole && size <= whole - offset && fw_cfg_write(selector, offset, bytes, size);
}

static uint32_t loader_allocate(uint32_t size, uint32_t align, bool anchor)
{
	uint32_t at;

	if (anchor) {
		at = align <= 16 ? find_anchor(size) : 0;
		loader_rsdp = loader_rsdp ? loader_rsdp : at;
		/* find_anchor() takes what is zero: it must not find this again before it is filled */
		if (at)
			memset((void *)at, 0xff, size);
		return at;
	}
	align = align < 0x1000 ? 0x1000 : align;
	size = (size + 0xfff) & ~0xfffu;
	at = e820_find(loader_map, size, align, 4 * GIB, 0);
	if (at)
		e820_set(loader_map, at, size, E820_NVS);
	return at;
}

static uint32_t qemus_tables(const struct host *host, struct e820 *map)
{
	static const struct table_host ops = {loader_size, loader_read, loader_write, loader_allocate};
	static uint8_t anchors[DFW_ANCHORS_SIZE];
	static uint8_t script[128 * 128];
	struct e820 old = *map;
	uint32_t size;
	uint16_t selector = host->fw_cfg ? fw_cfg_file("etc/table-loader", &size) : 0;
	const char *why;

	if (!selector || !size)
		return 0;
	loader_map = map;
	loader_rsdp = 0;
	memcpy(anchors, (void *)DFW_ANCHORS, sizeof(anchors));
	if (size > sizeof(script)) {
		why = "too long";
	} else {
		fw_cfg_read(selector, script, size);
		why = table_loader_run(&ops, script, size);
	}
	if (!why && (!loader_rsdp || memcmp((void *)loader_rsdp, "RSD PTR ", 8)))
		why = "no root pointer";
	if (!why)
		return loader_rsdp;
	warn("etc/table-loader: %s; QEMU's ACPI tables are left out", why);
	*map = old;
	memcpy((void *)DFW_ANCHORS, anchors, sizeof(anchors));
	return 0;
}

uint32_t acpi_place(const struct host *host, const struct options *options, const struct processors *processors,
		    const struct pci *pci, uint16_t power, struct e820 *map)
{
	uint32_t rsdp = options->own_tables ? 0 : hosts_tables(host, map);

	if (!rsdp && !options->own_tables)
		rsdp = qemus_tables(host, map);
	if (!rsdp && power && pci->router)
		rsdp = own_tables(host, processors, pci, power, map);
	return rsdp;
}
