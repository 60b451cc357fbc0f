/* SPDX-License-Identifier: MIT
 *
 * PCI configuration, mechanism 1 (PCI 2.1, 3.7.4.1), and resource assignment.
 */
#ifndef VMXLOADER_PCI_H
#define VMXLOADER_PCI_H

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

#endif
