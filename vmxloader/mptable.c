/* SPDX-License-Identifier: MIT
 *
 * The MP table, MultiProcessor Specification 1.4, chapter 4: processors, buses, the I/O APIC and how
 * interrupts come to it.
 */
#include "vmxloader/loader.h"
#include "vmxloader/io.h"
#include "lib/apic.h"
#include "lib/checksum.h"
#include "lib/string.h"

struct mp_pointer {
	char signature[4];
	uint32_t table;
	uint8_t paragraphs, revision, checksum;
	uint8_t features[5];
};

struct mp_header {
	char signature[4];
	uint16_t length;
	uint8_t revision, checksum;
	char oem[8], product[12];
	uint32_t oem_table;
	uint16_t oem_size, entries;
	uint32_t local_apic;
	uint16_t extended_length;
	uint8_t extended_checksum, reserved;
};

enum { ENTRY_PROCESSOR, ENTRY_BUS, ENTRY_IO_APIC, ENTRY_IO_INTERRUPT, ENTRY_LOCAL_INTERRUPT };
enum { CPU_ENABLED = 1, CPU_FIRST = 2 };

struct mp_processor {
	uint8_t type, apic_id, apic_version, flags;
	uint32_t signature, features, reserved[2];
};

struct mp_bus {
	uint8_t type, id;
	char name[6];
};

struct mp_io_apic {
	uint8_t type, id, version, flags;
	uint32_t address;
};

struct mp_interrupt {
	uint8_t type, kind;
	uint16_t flags;
	uint8_t bus, irq, apic, pin;
};

enum { KIND_INT, KIND_NMI, KIND_SMI, KIND_EXTINT };
/* PIIX and ICH turn PIRQs, which are low-active, into what the 8259A takes: high. */
enum { FLAGS_BUS = 0, FLAGS_HIGH_LEVEL = 0xd };
enum { ALL_APICS = 0xff };

_Static_assert(sizeof(struct mp_pointer) == 16 && sizeof(struct mp_header) == 44 &&
	       sizeof(struct mp_processor) == 20 && sizeof(struct mp_bus) == 8 &&
	       sizeof(struct mp_io_apic) == 8 && sizeof(struct mp_interrupt) == 8, "MP 1.4");

static struct mp_header *const table = (void *)DFW_TABLES;

static void *add(const void *entry, unsigned size)
{
	void *to = (char *)table + table->length;

	if (table->length + size > DFW_TABLES_SIZE)
		fatal("the MP table does not fit");
	table->length += size;
	table->entries++;
	return memcpy(to, entry, size);
}

static void add_interrupt(unsigned type, unsigned kind, unsigned flags, unsigned bus, unsigned irq,
			  unsigned apic, unsigned pin)
{
	struct mp_interrupt i = {type, kind, flags, bus, irq, apic, pin};

	add(&i, sizeof(i));
}

static void add_io_interrupts(const struct pci *pci, unsigned isa, unsigned apic)
{
	struct pci_interrupt at[PCI_INTERRUPTS_MOST];
	unsigned count = pci_interrupts(pci, at, PCI_INTERRUPTS_MOST);
	uint16_t taken = 1 << 2; /* the second 8259A */

	/* lines that PIRQs are routed to are no ISA device's: ELCR has them level-triggered */
	for (unsigned n = 0; n < 4; n++)
		taken |= 1 << pci->irq_lines[n];
	for (unsigned i = 0; i < count; i++)
		add_interrupt(ENTRY_IO_INTERRUPT, KIND_INT, FLAGS_HIGH_LEVEL, at[i].bdf >> 8,
			      (at[i].bdf >> 3 & 31) << 2 | at[i].pin, apic, at[i].io_apic_pin);
	/* the timer is on pin 2 */
	for (unsigned irq = 0; irq < 16; irq++)
		if (!(taken & 1 << irq))
			add_interrupt(ENTRY_IO_INTERRUPT, KIND_INT, FLAGS_BUS, isa, irq, apic,
				      irq ? irq : 2);
}

uint32_t mptable_place(const struct processors *processors, const struct pci *pci)
{
	const unsigned isa = pci->last_bus + 1;
	uint32_t at;

	if (!processors->io_apic_pins || !pci->router)
		return 0;
	at = find_anchor(sizeof(struct mp_pointer));
	if (!at) {
		warn("no room for the MP table's pointer");
		return 0;
	}

	*table = (struct mp_header){
	    .signature = "PCMP",
	    .length = sizeof(*table),
	    .revision = 4,
	    .oem = "DFW     ",
	    .product = "DFW         ",
	    .local_apic = (uint32_t)rdmsr(0x1b) & ~0xfffu,
	};
	for (unsigned i = 0; i < processors->count; i++) {
		struct mp_processor p = {
		    .type = ENTRY_PROCESSOR,
		    .apic_id = processors->apic_id[i],
		    .apic_version = processors->apic_version,
		    .flags = CPU_ENABLED | (i ? 0 : CPU_FIRST),
		    .signature = cpuid(1).eax & 0xfff,
		    .features = cpuid(1).edx,
		};
		add(&p, sizeof(p));
	}
	for (unsigned bus = 0; bus <= isa; bus++) {
		struct mp_bus b = {.type = ENTRY_BUS, .id = bus};
		memcpy(b.name, bus == isa ? "ISA   " : "PCI   ", sizeof(b.name));
		add(&b, sizeof(b));
	}
	struct mp_io_apic io_apic = {ENTRY_IO_APIC, processors->io_apic_id, processors->io_apic_version, 1, IO_APIC};
	add(&io_apic, sizeof(io_apic));
	add_io_interrupts(pci, isa, io_apic.id);
	add_interrupt(ENTRY_LOCAL_INTERRUPT, KIND_EXTINT, FLAGS_BUS, isa, 0, ALL_APICS, 0);
	add_interrupt(ENTRY_LOCAL_INTERRUPT, KIND_NMI, FLAGS_BUS, isa, 0, ALL_APICS, 1);
	table->checksum = -byte_sum(table, table->length);

	struct mp_pointer p = {"_MP_", (uint32_t)table, sizeof(p) / 16, 4, 0, {0}};
	p.checksum = -byte_sum(&p, sizeof(p));
	memcpy((void *)at, &p, sizeof(p));
	return at;
}
