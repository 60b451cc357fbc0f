/* SPDX-License-Identifier: MIT
 *
 * ACPI tables (ACPI 6.4, 5.2): the host's, where it has any, or our own.
 */
#ifndef VMXLOADER_ACPI_H
#define VMXLOADER_ACPI_H

#include "vmxloader/loader.h"

/* Places the tables in memory that it takes out of the map; power: the ACPI block's first port, 0: none.
 * The address of the RSDP, or 0 where there are no tables. */
uint32_t acpi_place(const struct host *host, const struct options *options, const struct processors *processors,
		    const struct pci *pci, uint16_t power, struct e820 *map);

#endif
