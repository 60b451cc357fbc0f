/* SPDX-License-Identifier: MIT
 *
 * Which display there is, so that it gets the right VGA BIOS.
 */
#include "vmxloader/loader.h"
#include "vmxloader/pci.h"

#define PCI_CIRRUS 0x00b81013 /* CL-GD5446 */

#define SEQUENCER 0x3c4

static uint8_t sequencer(uint8_t index, uint8_t value)
{
	outb(SEQUENCER, index);
	outb(SEQUENCER + 1, value);
	return inb(SEQUENCER + 1);
}

/* A VGA off PCI: the sequencer's map mask keeps four bits; a Cirrus answers the key to its extended
 * registers with the key (CL-GD5446 manual, SR6). */
static enum vga find_isa(void)
{
	if (sequencer(2, 0x05) != 0x05 || sequencer(2, 0x0a) != 0x0a)
		return VGA_NONE;
	if (sequencer(6, 0x12) == 0x12 && sequencer(6, 0x00) == 0x0f)
		return VGA_CIRRUS;
	return VGA_STD;
}

enum vga vga_find(const struct pci *pci)
{
	if (!pci->vga)
		return find_isa();
	return pci->vga_id == PCI_CIRRUS ? VGA_CIRRUS : VGA_STD;
}
