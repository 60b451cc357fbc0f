/* SPDX-License-Identifier: MIT
 *
 * ACPI's fixed registers (ACPI 6.4, 4.8.1), as PIIX4's power management function and ICH9 have them.
 */
#ifndef VMXLOADER_POWER_H
#define VMXLOADER_POWER_H

#include <stdbool.h>
#include <stdint.h>

enum { PM1A_EVENT = 0, PM1A_CONTROL = 4, PM_TIMER = 8 }; /* offsets from the block's port */
enum { SCI_IRQ = 9, SOFT_OFF = 0 /* SLP_TYP of S5 */ };

/* Gives the block its ports and turns ACPI mode on; the first port, or 0 where there is none. */
uint16_t power_setup(bool xen);
/* Configuration space lies in memory at PCI_MMCONFIG: a host may not let it (visor). */
bool power_mmconfig(void);

#endif
