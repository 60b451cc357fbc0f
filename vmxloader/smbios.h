/* SPDX-License-Identifier: MIT
 *
 * SMBIOS (DMTF DSP0134): QEMU's through fw_cfg, or our own.
 */
#ifndef VMXLOADER_SMBIOS_H
#define VMXLOADER_SMBIOS_H

#include "vmxloader/loader.h"

/* Places the structures and their entry points; the address of the first entry, or 0. */
uint32_t smbios_place(const struct host *host, const struct options *options, const struct processors *processors,
		      struct e820 *map);

#endif
