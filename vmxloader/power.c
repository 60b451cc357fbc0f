/* SPDX-License-Identifier: MIT
 *
 * The ACPI power management block, its interrupt, and memory-mapped configuration space.
 */
#include "vmxloader/power.h"
#include "vmxloader/pci.h"
#include "vmxloader/xen.h"

enum {
	ID_PIIX4_PM = 0x71138086,
	ID_ICH9 = 0x29188086,
	ID_Q35 = 0x29c08086,
};

/* 600h-6FFh are no ISA device's and below all that PCI gets. Xen has its own timer and status registers
 * at one of two places; it is told of this one. */
enum { PORTS = 0x600, XEN_PORTS = 0xb000, SMBUS_PORTS = 0x700 };

enum { SCI_EN = 1 };

static bool mmconfig;

/* 82371AB, 7.1: PMBA, PMREGMISC, SMBBA, SMBHSTCFG */
static void piix4(pci_bdf bdf, uint16_t ports)
{
	pci_write32(bdf, 0x40, ports | 1);
	pci_write8(bdf, 0x80, 1);
	pci_write32(bdf, 0x90, SMBUS_PORTS | 1);
	pci_write8(bdf, 0xd2, 0x09);
}

/* ICH9, 13.1: PMBASE, ACPI_CNTL (SCI is IRQ 9), RCBA */
static void ich9(pci_bdf bdf, uint16_t ports)
{
	pci_write32(bdf, 0x40, ports | 1);
	pci_write8(bdf, 0x44, 0x80);
	pci_write32(bdf, 0xf0, 0xfed1c001);
}

/* Q35: PCIEXBAR, 256 MiB */
static void q35(pci_bdf bdf)
{
	pci_write32(bdf, 0x64, 0);
	pci_write32(bdf, 0x60, PCI_MMCONFIG | 1);
	mmconfig = pci_read32(bdf, 0x60) == (PCI_MMCONFIG | 1);
}

bool power_mmconfig(void)
{
	return mmconfig;
}

uint16_t power_setup(bool xen)
{
	uint16_t ports = PORTS;
	int bdf;

	if (xen && xen_acpi_ports_at_b000())
		ports = XEN_PORTS;
	if ((bdf = pci_find(ID_Q35)) >= 0)
		q35(bdf);
	if ((bdf = pci_find(ID_PIIX4_PM)) >= 0)
		piix4(bdf, ports);
	else if ((bdf = pci_find(ID_ICH9)) >= 0)
		ich9(bdf, ports);
	else
		return 0;
	/* No system management code is there to switch modes: ACPI mode from the start (ACPI 6.4, 4.8.2.5). */
	outw(ports + PM1A_CONTROL, inw(ports + PM1A_CONTROL) | SCI_EN);
	return inw(ports + PM1A_CONTROL) & SCI_EN ? ports : 0;
}
