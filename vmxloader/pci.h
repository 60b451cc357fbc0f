/* SPDX-License-Identifier: MIT
 *
 * PCI configuration, mechanism 1 (PCI 2.1, 3.7.4.1), and resource assignment.
 */
#ifndef VMXLOADER_PCI_H
#define VMXLOADER_PCI_H

#include <stdbool.h>
#include <stdint.h>
#include "vmxloader/io.h"

/* A function's address: bus << 8 | device << 3 | function */
typedef uint16_t pci_bdf;

static inline void pci_select(pci_bdf bdf, unsigned reg)
{
	outl(0xcf8, 0x80000000u | (uint32_t)bdf << 8 | (reg & 0xfc));
}

static inline uint32_t pci_read32(pci_bdf bdf, unsigned reg)
{
	pci_select(bdf, reg);
	return inl(0xcfc);
}

static inline uint16_t pci_read16(pci_bdf bdf, unsigned reg)
{
	pci_select(bdf, reg);
	return inw(0xcfc + (reg & 2));
}

static inline uint8_t pci_read8(pci_bdf bdf, unsigned reg)
{
	pci_select(bdf, reg);
	return inb(0xcfc + (reg & 3));
}

static inline void pci_write32(pci_bdf bdf, unsigned reg, uint32_t v)
{
	pci_select(bdf, reg);
	outl(0xcfc, v);
}

static inline void pci_write16(pci_bdf bdf, unsigned reg, uint16_t v)
{
	pci_select(bdf, reg);
	outw(0xcfc + (reg & 2), v);
}

static inline void pci_write8(pci_bdf bdf, unsigned reg, uint8_t v)
{
	pci_select(bdf, reg);
	outb(0xcfc + (reg & 3), v);
}

/* A display adapter that has a VGA BIOS of ours. */
enum vga { VGA_NONE, VGA_STD, VGA_CIRRUS };

struct pci {
	bool present;
	uint8_t last_bus;
	uint8_t irq_lines[4]; /* ISA interrupts of PIRQA..D */
	pci_bdf router;	      /* the ISA bridge that routes them; 0: none known */
	bool ich;	      /* it is an ICH9: eight lines, and I/O APIC pins of their own */
	bool xen;	      /* the host turns pins and has I/O APIC pins as Xen does */
	uint64_t window[2][2]; /* memory that functions may have, below and above 4 GiB: base and end */
	pci_bdf vga;	      /* the first display; 0: none */
	uint32_t vga_id;
};

/* Finds the functions, and unless somebody has done so before gives them addresses and interrupts:
 * memory from hole to 4 GiB - 20 MiB, what does not fit there and is 64 bits wide from high on. xen: the
 * host is Xen. */
void pci_setup(struct pci *pci, bool force, bool xen, uint64_t hole, uint64_t high);

/* Q35: 256 MiB of memory-mapped configuration space begin here, between RAM and the I/O APIC. */
#define PCI_MMCONFIG	  0xb0000000u
#define PCI_MMCONFIG_SIZE 0x10000000u

/* The first function found with an identifier (register 0); -1: none. */
int pci_find(uint32_t id);

/* How a pin's interrupt comes to the I/O APIC. */
struct pci_interrupt {
	pci_bdf bdf;
	uint8_t pin; /* 0 = INTA */
	uint8_t io_apic_pin;
};
enum { PCI_INTERRUPTS_MOST = 128 };
/* Those of all functions; how many there are. */
unsigned pci_interrupts(const struct pci *pci, struct pci_interrupt *to, unsigned room);

/* The $PIR table (PCI IRQ Routing Table Specification 1.0), made at to; returns its size. */
unsigned pci_irq_table(const struct pci *pci, void *to, unsigned room);

#endif
