/* SPDX-License-Identifier: MIT
 *
 * PCI resources and interrupts, where no firmware before us has assigned them.
 *
 * All buses are numbered depth first, so a bus has a higher number than the bus it hangs on. Each
 * base address register and each bridge window is one entry of a table; windows get their size from
 * the buses behind them, the highest bus first, and addresses are then given from bus 0 on.
 */
#include "vmxloader/loader.h"
#include "vmxloader/pci.h"
#include "lib/checksum.h"
#include "lib/string.h"

enum {
	REG_ID = 0x00,
	REG_COMMAND = 0x04,
	REG_CLASS = 0x08,
	REG_HEADER = 0x0e,
	REG_BAR0 = 0x10,
	REG_BUSES = 0x18, /* primary, secondary, subordinate */
	REG_IO_WINDOW = 0x1c,
	REG_MEM_WINDOW = 0x20,
	REG_PREF_WINDOW = 0x24,
	REG_PREF_UPPER = 0x28, /* base, and limit at 2Ch */
	REG_IO_UPPER = 0x30,
	REG_ROM = 0x30,
	REG_BRIDGE_ROM = 0x38,
	REG_IRQ_LINE = 0x3c,
	REG_IRQ_PIN = 0x3d,
	REG_BRIDGE_CONTROL = 0x3e,
};

enum { COMMAND_IO = 1, COMMAND_MEM = 2, COMMAND_MASTER = 4, BRIDGE_CONTROL_VGA = 8 };

enum {
	CLASS_OLD_VGA = 0x0001,
	CLASS_IDE = 0x0101,
	CLASS_VGA = 0x0300,
	CLASS_HOST = 0x0600,
	CLASS_BRIDGE = 0x0604,
};

#define IO_BASE	  0xc000u
#define IO_BASE_2 0x1000u /* when there is more than fits from C000h on */
#define IO_END_2  0xa000u
#define MEM_END	  0xfec00000ull /* I/O APIC, TPM, local APIC, ROM from here on */
#define XEN_MEM_END 0xfc000000ull /* what Xen keeps for itself begins */
#define IO_GRAIN  0x1000u
#define MEM_GRAIN 0x100000u

enum { ID_Q35 = 0x29c08086, ID_PIIX4_PM = 0x71138086 };

/* PREF holds 64-bit prefetchable memory only: the one kind that may lie above 4 GiB. */
enum kind { IO, MEM, PREF, KINDS };

struct function {
	uint32_t id;
	pci_bdf bdf;
	uint16_t class;
	uint8_t interface;
	uint8_t header;
	uint8_t pin; /* 1 = INTA; 0: none */
	uint16_t command; /* without decoding */
	uint8_t behind; /* a bridge's secondary bus */
	bool failed[KINDS];
};

struct resource {
	struct function *function;
	uint8_t reg;
	uint8_t kind;
	bool wide; /* 64-bit register */
	uint64_t size, align, address;
};

static struct function functions[256];
static struct resource resources[512];
static unsigned function_count, resource_count;
static int16_t parent_of[256]; /* the function in front of a bus; -1: none */

static uint8_t bus_of(pci_bdf bdf)
{
	return bdf >> 8;
}

static uint8_t device_of(pci_bdf bdf)
{
	return bdf >> 3 & 31;
}

static void add_resource(struct function *f, uint8_t reg, enum kind kind, bool wide, uint64_t size,
			 uint64_t align)
{
	if (resource_count == sizeof(resources) / sizeof(*resources)) {
		warn("PCI: too many address registers, %04x register %02x left out", f->bdf, reg);
		f->failed[kind] = true;
		return;
	}
	resources[resource_count++] = (struct resource){f, reg, kind, wide, size, align, 0};
}

/* Finds the functions of a bus and those behind its bridges; number: give buses their numbers, else
 * take what they have. Returns the highest bus number seen. */
static unsigned scan(unsigned bus, int parent, bool number)
{
	unsigned last = bus;

	parent_of[bus] = parent;
	for (unsigned devfn = 0; devfn < 256; devfn++) {
		pci_bdf bdf = bus << 8 | devfn;
		uint32_t id = pci_read32(bdf, REG_ID);
		struct function *f = &functions[function_count];

		if ((uint16_t)id == 0xffff || !id) {
			devfn |= devfn % 8 ? 0 : 7;
			continue;
		}
		if (function_count == sizeof(functions) / sizeof(*functions)) {
			warn("PCI: more than %u functions, the rest is left out", function_count);
			break;
		}
		function_count++;
		uint32_t class = pci_read32(bdf, REG_CLASS);

		*f = (struct function){
		    .id = id,
		    .bdf = bdf,
		    .class = class >> 16,
		    .interface = class >> 8,
		    .header = pci_read8(bdf, REG_HEADER),
		    .pin = pci_read8(bdf, REG_IRQ_PIN),
		};
		if (devfn % 8 == 0 && !(f->header & 0x80))
			devfn |= 7;
		f->header &= 0x7f;
		if (f->header != 1)
			continue;
		if (number) {
			if (last == 255)
				continue;
			f->behind = last + 1;
			pci_write32(bdf, REG_BUSES, 0xff0000 | f->behind << 8 | bus);
			last = scan(f->behind, f - functions, true);
			pci_write8(bdf, REG_BUSES + 2, last);
		} else {
			uint8_t behind = pci_read8(bdf, REG_BUSES + 1);
			unsigned reached;

			if (behind <= last)
				continue;
			f->behind = behind;
			reached = scan(behind, f - functions, false);
			last = reached > last ? reached : last;
		}
	}
	return last;
}

/* Whether firmware before us has given out addresses. */
static bool assigned(void)
{
	for (unsigned i = 0; i < function_count; i++) {
		const struct function *f = &functions[i];
		uint16_t command = pci_read16(f->bdf, REG_COMMAND);

		if (f->header != 0 || !(command & (COMMAND_IO | COMMAND_MEM)))
			continue;
		for (unsigned reg = REG_BAR0; reg < REG_BAR0 + 24; reg += 4)
			if (pci_read32(f->bdf, reg) & ~15u)
				return true;
	}
	return false;
}

/* PCI 2.1, 6.2.5.1: ones written, what stays zero is the size. What was there is lost: decoding is off, and an
 * address is written later. */
static uint32_t probe(pci_bdf bdf, uint8_t reg, uint32_t ones)
{
	pci_write32(bdf, reg, ones);
	return pci_read32(bdf, reg);
}

static void find_bars(struct function *f, unsigned count)
{
	uint8_t rom = f->header == 1 ? REG_BRIDGE_ROM : REG_ROM;
	unsigned first = 0;
	uint32_t mask;

	f->command = pci_read16(f->bdf, REG_COMMAND) & ~(COMMAND_IO | COMMAND_MEM);
	pci_write16(f->bdf, REG_COMMAND, f->command);
	if (f->class == CLASS_IDE) {
		/* Compatibility ports wherever the controller can (PCI IDE Controller
		 * Specification 1.0); there the first four registers mean nothing. */
		if ((f->interface & 0x0f) > 0x0a) {
			pci_write8(f->bdf, REG_CLASS + 1, f->interface & ~0x05);
			f->interface = pci_read8(f->bdf, REG_CLASS + 1);
		}
		if (!(f->interface & 0x05))
			first = 4;
	}
	for (unsigned n = first; n < count; n++) {
		uint8_t reg = REG_BAR0 + 4 * n;
		uint64_t size;
		bool wide;

		mask = probe(f->bdf, reg, 0xffffffff);
		if (!mask || mask == 0xffffffff)
			continue;
		if (mask & 1) {
			size = -(mask & ~3u) & 0xffff;
			if (size)
				add_resource(f, reg, IO, false, size, size);
			continue;
		}
		wide = (mask & 6) == 4 && n + 1 < count;
		size = (uint64_t)(wide ? probe(f->bdf, reg + 4, 0xffffffff) : 0xffffffff) << 32 |
		       (mask & ~15u);
		size = -size;
		if (!size)
			continue;
		add_resource(f, reg, wide && mask & 8 ? PREF : MEM, wide, size,
			     size < 0x1000 ? 0x1000 : size);
		n += wide;
	}
	mask = probe(f->bdf, rom, 0xfffff800);
	if (mask & ~0x7ffu && mask != 0xffffffff)
		add_resource(f, rom, MEM, false, -(mask & ~0x7ffu), -(mask & ~0x7ffu));
}

/* A bridge whose prefetchable window is 32 bits wide, or missing, hands all memory on by the plain
 * window (PCI-to-PCI Bridge 1.2, 3.2.5.8); so must every bus behind it. */
static bool narrow_path(unsigned bus)
{
	for (; parent_of[bus] >= 0; bus = bus_of(functions[parent_of[bus]].bdf)) {
		pci_bdf bdf = functions[parent_of[bus]].bdf;

		if ((probe(bdf, REG_PREF_WINDOW, 0xfff0fff0) & 0xfff0000f) != 0xfff00001)
			return true;
	}
	return false;
}

static void find_resources(void)
{
	for (unsigned i = 0; i < function_count; i++) {
		struct function *f = &functions[i];
		unsigned first = resource_count;

		if (f->header == 0 && f->class != CLASS_HOST)
			find_bars(f, 6);
		if (f->header == 1) {
			find_bars(f, 2);
			if (f->behind) {
				add_resource(f, REG_IO_WINDOW, IO, false, 0, 0);
				add_resource(f, REG_MEM_WINDOW, MEM, false, 0, 0);
				add_resource(f, REG_PREF_WINDOW, PREF, true, 0, 0);
			}
		}
		if (bus_of(f->bdf) && narrow_path(bus_of(f->bdf)))
			for (unsigned r = first; r < resource_count; r++)
				if (resources[r].kind == PREF &&
				    resources[r].reg != REG_PREF_WINDOW)
					resources[r].kind = MEM;
	}
}

static bool is_window(const struct resource *r)
{
	return r->function->header == 1 && r->reg >= REG_IO_WINDOW && r->reg <= REG_PREF_WINDOW;
}

/* Lays out one kind of one bus from base, the largest alignment first; returns the end. The
 * distances do not depend on base, if base is aligned to *align, the largest of them. */
static uint64_t lay_out(unsigned bus, enum kind kind, uint64_t base, uint64_t *align)
{
	uint64_t below = UINT64_MAX;

	*align = 1;
	for (;;) {
		uint64_t next = 0;

		for (unsigned i = 0; i < resource_count; i++) {
			struct resource *r = &resources[i];

			if (r->kind == kind && bus_of(r->function->bdf) == bus &&
			    r->align < below && r->align > next)
				next = r->align;
		}
		if (!next)
			return base;
		if (next > *align)
			*align = next;
		for (unsigned i = 0; i < resource_count; i++) {
			struct resource *r = &resources[i];

			if (r->kind != kind || bus_of(r->function->bdf) != bus || r->align != next)
				continue;
			r->address = (base + next - 1) & -next;
			base = r->address + r->size;
		}
		below = next;
	}
}

static struct resource *window_of(unsigned bus, enum kind kind)
{
	for (unsigned i = 0; i < resource_count; i++)
		if (is_window(&resources[i]) && resources[i].kind == kind &&
		    resources[i].function->behind == bus)
			return &resources[i];
	return NULL;
}

static void size_windows(unsigned last)
{
	for (unsigned bus = last; bus > 0; bus--)
		for (enum kind k = 0; k < KINDS; k++) {
			uint64_t grain = k == IO ? IO_GRAIN : MEM_GRAIN, align;
			uint64_t size = lay_out(bus, k, 0, &align);
			struct resource *window = window_of(bus, k);

			if (!window || !size)
				continue;
			window->size = (size + grain - 1) & -grain;
			window->align = align > grain ? align : grain;
		}
}

/* Gives one kind its addresses from base on; what ends past limit gets none. */
static void place(enum kind kind, uint64_t base, uint64_t limit, unsigned last)
{
	uint64_t align;

	lay_out(0, kind, base, &align);
	for (unsigned bus = 1; bus <= last; bus++) {
		struct resource *window = window_of(bus, kind);

		if (window && window->size)
			lay_out(bus, kind, window->address, &align);
	}
	for (unsigned i = 0; i < resource_count; i++) {
		struct resource *r = &resources[i];

		if (r->kind != kind || r->address + r->size <= limit)
			continue;
		warn("PCI: no room for %u KiB of %04x register %02x", (unsigned)(r->size / 1024),
		     r->function->bdf, r->reg);
		if (r->reg != REG_ROM && r->reg != REG_BRIDGE_ROM)
			r->function->failed[kind] = true;
		r->address = 0;
	}
}

static void write_window(const struct resource *r)
{
	pci_bdf bdf = r->function->bdf;
	/* Nothing behind: base above limit closes the window. */
	uint64_t base = r->address ? r->address : 0xfff0f000;
	uint64_t end = r->address ? r->address + r->size - 1 : 0;

	switch (r->reg) {
	case REG_IO_WINDOW:
		pci_write16(bdf, r->reg, (base >> 8 & 0xf0) | (end & 0xf000));
		if (pci_read8(bdf, r->reg) & 1)
			pci_write32(bdf, REG_IO_UPPER, 0);
		break;
	case REG_PREF_WINDOW:
		pci_write32(bdf, REG_PREF_UPPER, base >> 32);
		pci_write32(bdf, REG_PREF_UPPER + 4, end >> 32);
		/* fall through */
	case REG_MEM_WINDOW:
		pci_write32(bdf, r->reg, (base >> 16 & 0xfff0) | (end & 0xfff00000));
		break;
	}
}

static void write_resources(void)
{
	for (unsigned i = 0; i < resource_count; i++) {
		const struct resource *r = &resources[i];

		if (is_window(r)) {
			write_window(r);
			continue;
		}
		pci_write32(r->function->bdf, r->reg, r->address);
		if (r->wide)
			pci_write32(r->function->bdf, r->reg + 4, r->address >> 32);
	}
}

static void enable(const struct function *f)
{
	if (f->class == CLASS_HOST)
		return;
	uint16_t command = f->command | (f->failed[IO] ? 0 : COMMAND_IO) |
		   (f->failed[MEM] || f->failed[PREF] ? 0 : COMMAND_MEM) |
		   (f->header == 1 ? COMMAND_MASTER : 0);
	pci_write16(f->bdf, REG_COMMAND, command);
}

/* ISA bridges that route PIRQA..D by registers 60h-63h (82371SB, 4.1.10; ICH9 also E..H by 68h-6Bh)
 */
static const struct {
	uint32_t id;
	bool ich;
} routers[] = {
    {0x70008086, false}, /* PIIX3 */
    {0x122e8086, false}, /* PIIX */
    {0x71108086, false}, /* PIIX4 */
    {0x29188086, true }, /* ICH9 */
};

int pci_find(uint32_t id)
{
	for (unsigned i = 0; i < function_count; i++)
		if (functions[i].id == id)
			return functions[i].bdf;
	return -1;
}

/* Takes a bus 0 function's pin (0 = INTA) in place of one behind bridges, where pins turn by the device
 * number (PCI-to-PCI Bridge 1.2, 9.1). */
static pci_bdf at_root(pci_bdf bdf, unsigned *pin)
{
	while (bus_of(bdf) && parent_of[bus_of(bdf)] >= 0) {
		*pin = (*pin + device_of(bdf)) % 4;
		bdf = functions[parent_of[bus_of(bdf)]].bdf;
	}
	return bdf;
}

/* Which PIRQ, 0-7, a pin (0 = INTA) of a device ends at. On bus 0 the board decides: PIIX boards turn from
 * device 1 on, Xen's from device 0; an ICH9 board's devices 0-24 are on PIRQE-H, the chipset's own, 25 on, on
 * PIRQA-D. */
static unsigned pirq_of(const struct pci *pci, pci_bdf bdf, unsigned pin)
{
	bdf = at_root(bdf, &pin);
	if (!pci->ich)
		return (pin + device_of(bdf) + (pci->xen ? 0 : 3)) % 4;
	return device_of(bdf) < 25 ? 4 + (pin + device_of(bdf)) % 4 : pin;
}

/* PIIX: the line that the 8259A has it on; ICH9: pins 16-23 for PIRQA-H; Xen's I/O APIC has 48 pins, of which
 * 16-47 are PCI's. */
static unsigned io_apic_pin(const struct pci *pci, pci_bdf bdf, unsigned pin)
{
	if (!pci->xen) {
		unsigned pirq = pirq_of(pci, bdf, pin);

		return pci->ich ? 16 + pirq : pci->irq_lines[pirq];
	}
	bdf = at_root(bdf, &pin);
	return 16 + (device_of(bdf) * 4 + device_of(bdf) / 8 + pin) % 32;
}

static void route_interrupts(struct pci *pci)
{
	static const uint8_t lines[4] = {10, 10, 11, 11};
	uint16_t level = 0;

	for (unsigned i = 0; i < function_count && !pci->router; i++)
		for (unsigned r = 0; r < sizeof(routers) / sizeof(*routers); r++)
			if (functions[i].id == routers[r].id) {
				pci->router = functions[i].bdf;
				pci->ich = routers[r].ich;
			}
	memcpy(pci->irq_lines, lines, 4);
	if (!pci->router)
		return;
	for (unsigned n = 0; n < 4; n++)
		level |= 1 << lines[n];
	pci_write32(pci->router, 0x60, lines[0] | lines[1] << 8 | lines[2] << 16 | lines[3] << 24);
	if (pci->ich)
		pci_write32(pci->router, 0x68, lines[0] | lines[1] << 8 | lines[2] << 16 | lines[3] << 24);
	outb(0x4d0, inb(0x4d0) | (level & 0xff)); /* ELCR: level-triggered */
	outb(0x4d1, inb(0x4d1) | level >> 8);

	for (unsigned i = 0; i < function_count; i++) {
		const struct function *f = &functions[i];

		if (f->id == ID_PIIX4_PM)
			pci_write8(f->bdf, REG_IRQ_LINE, 9); /* SCI, which is no PIRQ */
		else if (f->pin >= 1 && f->pin <= 4)
			pci_write8(f->bdf, REG_IRQ_LINE, lines[pirq_of(pci, f->bdf, f->pin - 1) % 4]);
	}
}

/* Legacy VGA addresses go to the first display only. */
static void route_vga(struct pci *pci)
{
	for (unsigned i = 0; i < function_count; i++) {
		const struct function *f = &functions[i];

		if (f->class != CLASS_VGA && f->class != CLASS_OLD_VGA)
			continue;
		pci->vga = f->bdf;
		pci->vga_id = f->id;
		for (unsigned bus = bus_of(f->bdf); parent_of[bus] >= 0;) {
			pci_bdf bridge = functions[parent_of[bus]].bdf;

			pci_write16(bridge, REG_BRIDGE_CONTROL,
				    pci_read16(bridge, REG_BRIDGE_CONTROL) | BRIDGE_CONTROL_VGA);
			bus = bus_of(bridge);
		}
		return;
	}
}

static void assign(struct pci *pci, uint64_t high)
{
	unsigned last = pci->last_bus;
	static const uint32_t starts[] = {0xe0000000, 0xc0000000, 0x80000000};
	const uint64_t floor = pci->window[0][0], limit = pci->window[0][1];
	uint64_t align[KINDS], size[KINDS], base = 0;
	bool pref_low = false;

	find_resources();
	size_windows(last);
	for (enum kind k = 0; k < KINDS; k++)
		size[k] = lay_out(0, k, 0, &align[k]);

	if (size[IO] <= 0x10000 - IO_BASE)
		place(IO, IO_BASE, 0x10000, last);
	else
		place(IO, IO_BASE_2, IO_END_2, last);

	/* Both below 4 GiB if any start of the window has the room. */
	for (unsigned i = 0; i < 3 && !pref_low; i++) {
		if (starts[i] < floor && i)
			break;
		uint64_t end;

		base = starts[i] > floor ? starts[i] : floor;
		end = lay_out(0, PREF, (base + align[PREF] - 1) & -align[PREF], &align[PREF]);
		end = (end + align[MEM] - 1) & -align[MEM];
		pref_low = end + size[MEM] <= limit;
	}
	if (pref_low) {
		base = (base + align[PREF] - 1) & -align[PREF];
		place(PREF, base, limit, last);
		base += size[PREF];
	} else {
		base = starts[1] > floor ? starts[1] : floor;
		pci->window[1][0] = (high + align[PREF] - 1) & -align[PREF];
		pci->window[1][1] = pci->window[1][0] + size[PREF];
		place(PREF, pci->window[1][0], 1ull << physical_bits(), last);
	}
	place(MEM, (base + align[MEM] - 1) & -align[MEM], limit, last);

	write_resources();
	for (unsigned i = 0; i < function_count; i++)
		enable(&functions[i]);
}

void pci_setup(struct pci *pci, bool force, bool xen, uint64_t hole, uint64_t high)
{
	*pci = (struct pci){.xen = xen};
	outl(0xcf8, 0x80000000);
	if (inl(0xcf8) != 0x80000000)
		return;
	pci->present = true;
	pci->window[0][0] = pci_read32(0, REG_ID) == ID_Q35 ? PCI_MMCONFIG + PCI_MMCONFIG_SIZE : hole;
	pci->window[0][1] = xen ? XEN_MEM_END : MEM_END;
	if (!force)
		pci->last_bus = scan(0, -1, false);
	if (force || !assigned()) {
		function_count = 0;
		pci->last_bus = scan(0, -1, true);
		assign(pci, high);
	}
	route_interrupts(pci);
	route_vga(pci);
}

unsigned pci_interrupts(const struct pci *pci, struct pci_interrupt *to, unsigned room)
{
	unsigned count = 0;

	for (unsigned i = 0; i < function_count && count < room; i++) {
		const struct function *f = &functions[i];
		unsigned pin = f->pin - 1u;

		if (pin <= 3 && f->id != ID_PIIX4_PM)
			to[count++] =
			    (struct pci_interrupt){f->bdf, pin, io_apic_pin(pci, f->bdf, pin)};
	}
	return count;
}

/* PCI IRQ Routing Table Specification 1.0 (Microsoft) */
struct irq_table {
	char signature[4];
	uint16_t version;
	uint16_t size;
	uint8_t router_bus, router_devfn;
	uint16_t exclusive_irqs;
	uint32_t compatible;
	uint32_t miniport;
	uint8_t reserved[11];
	uint8_t checksum;
	struct irq_slot {
		uint8_t bus, devfn;
		struct {
			uint8_t link;
			uint16_t irqs;
		} __attribute__((packed)) pin[4];
		uint8_t slot;
		uint8_t reserved;
	} slot[];
} __attribute__((packed));

/* 5, 9-11: of what 60h-63h can hold, the lines that no ISA device of these boards uses */
#define PIIX_IRQS 0x0e20

unsigned pci_irq_table(const struct pci *pci, void *to, unsigned room)
{
	struct irq_table *t = to;
	unsigned count = 0;

	if (!pci->router || room < sizeof(*t))
		return 0;
	*t = (struct irq_table){
	    .signature = "$PIR",
	    .version = 0x100,
	    .router_bus = bus_of(pci->router),
	    .router_devfn = (uint8_t)pci->router & ~7,
	    .compatible = pci_read32(pci->router, REG_ID),
	};
	for (unsigned i = 0; i < function_count; i++) {
		pci_bdf bdf = functions[i].bdf & ~7;
		struct irq_slot *s = &t->slot[count];

		if ((i && (functions[i - 1].bdf & ~7) == bdf) ||
		    (functions[i].class == CLASS_HOST && !bdf))
			continue;
		if (sizeof(*t) + (count + 1) * sizeof(*s) > room) {
			warn("$PIR: no room for more than %u devices", count);
			break;
		}
		*s = (struct irq_slot){.bus = bus_of(bdf), .devfn = (uint8_t)bdf};
		for (unsigned pin = 0; pin < 4; pin++) {
			unsigned pirq = pirq_of(pci, bdf, pin);

			s->pin[pin].link = 0x60 + (pirq & 3) + (pirq & 4) * 2;
			s->pin[pin].irqs = PIIX_IRQS;
		}
		count++;
	}
	t->size = sizeof(*t) + count * sizeof(t->slot[0]);
	t->checksum = -byte_sum(t, t->size);
	return t->size;
}
