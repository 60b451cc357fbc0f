/* SPDX-License-Identifier: MIT
 *
 * The card's place in PCI configuration space, by mechanism 1 (PCI 2.1, 3.7.4.1).
 */
#ifndef VGABIOS_PCI_H
#define VGABIOS_PCI_H

#include "vgabios.h"

enum { PORT_PCI_ADDRESS = 0xcf8, PORT_PCI_DATA = 0xcfc };

/* Where the first device on bus 0 with these identifiers (device << 16 | vendor) is, for the address
 * port, which is left changed; 0 where there is none. */
static uint32_t pci_find(uint32_t id)
{
	for (uint32_t address = 0x80000000u; address < 0x80010000u; address += 0x800) {
		outl(PORT_PCI_ADDRESS, address);
		if (inl(PORT_PCI_DATA) == id)
			return address;
	}
	return 0;
}

/* Its base address register 0; 0 where there is none. */
static uint32_t pci_find_bar0(uint32_t id)
{
	uint32_t saved = inl(PORT_PCI_ADDRESS), address = pci_find(id), bar = 0;

	if (address) {
		outl(PORT_PCI_ADDRESS, address | 0x10);
		bar = inl(PORT_PCI_DATA);
	}
	outl(PORT_PCI_ADDRESS, saved);
	return bar;
}

#endif
