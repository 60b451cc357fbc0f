/* SPDX-License-Identifier: MIT
 *
 * The card's place in PCI configuration space, by mechanism 1 (PCI 2.1, 3.7.4.1).
 */
#ifndef VGABIOS_PCI_H
#define VGABIOS_PCI_H

#include "vgabios.h"

enum { PORT_PCI_ADDRESS = 0xcf8, PORT_PCI_DATA = 0xcfc };

/* Base address register n of the first device on bus 0 with these identifiers (device << 16 |
 * vendor); 0 where there is none. The address port is left as it was. */
static uint32_t pci_find_bar(uint32_t id, uint8_t n)
{
	uint32_t saved = inl(PORT_PCI_ADDRESS), bar = 0;

	for (uint32_t address = 0x80000000u; address < 0x80010000u; address += 0x800) {
		outl(PORT_PCI_ADDRESS, address);
		if (inl(PORT_PCI_DATA) == id) {
			outl(PORT_PCI_ADDRESS, address | (0x10 + n * 4));
			bar = inl(PORT_PCI_DATA);
			break;
		}
	}
	outl(PORT_PCI_ADDRESS, saved);
	return bar;
}

#endif
