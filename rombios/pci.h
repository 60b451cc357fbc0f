/* SPDX-License-Identifier: MIT
 *
 * PCI configuration space by mechanism 1 (PCI 2.1, 3.7.4.1); int1a_pci.c has the functions that
 * search. bdf: bus << 8 | device << 3 | function. Only where handoff.pci_present.
 */
#ifndef ROMBIOS_PCI_H
#define ROMBIOS_PCI_H

#include <rombios/rombios.h>

enum { PCI_COMMAND = 0x04, PCI_CLASS = 0x08, PCI_HEADER = 0x0e, PCI_BAR0 = 0x10, PCI_BAR4 = 0x20, PCI_ROM = 0x30 };
enum { PCI_COMMAND_IO = 1, PCI_COMMAND_MEM = 2, PCI_COMMAND_MASTER = 4 };
enum { PCI_HEADER_TYPE = 0x7f, PCI_MULTIFUNCTION = 0x80 };

static inline void pci_select(uint16_t bdf, uint8_t reg)
{
	outl(0xcf8, 0x80000000u | (uint32_t)bdf << 8 | (reg & 0xfc));
}

static inline uint32_t pci_read32(uint16_t bdf, uint8_t reg)
{
	pci_select(bdf, reg);
	return inl(0xcfc);
}

static inline void pci_write32(uint16_t bdf, uint8_t reg, uint32_t value)
{
	pci_select(bdf, reg);
	outl(0xcfc, value);
}

static inline uint16_t pci_read16(uint16_t bdf, uint8_t reg)
{
	pci_select(bdf, reg);
	return inw(0xcfc + (reg & 2));
}

static inline void pci_write16(uint16_t bdf, uint8_t reg, uint16_t value)
{
	pci_select(bdf, reg);
	outw(0xcfc + (reg & 2), value);
}

/* int1a_pci.c: the function behind bdf, or the first one behind -1; -1 at the end */
int pci_next(int bdf);

#endif
