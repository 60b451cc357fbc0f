/* SPDX-License-Identifier: MIT
 *
 * What a domain asks of Xen (Xen's public interface: arch-x86/cpuid.h, hvm/hvm_op.h, hvm/params.h).
 */
#ifndef VMXLOADER_XEN_H
#define VMXLOADER_XEN_H

#include <stdbool.h>
#include <stdint.h>

/* Whether CPUID says that this is a domain of Xen's; needed before the others. */
bool xen_find(void);

/* The hypervisor's ACPI timer and status registers at ports B000h on, where PIIX4's are put. */
bool xen_acpi_ports_at_b000(void);

/* Where Xen runs real mode in virtual-8086 mode it needs a TSS in the domain's memory: size bytes there,
 * zeroed, are its own from now on. */
enum { XEN_VM86_TSS_SIZE = 0x3000 };
void xen_vm86_tss(uint32_t address);

/* The domain's UUID, in SMBIOS' byte order: the first three fields little-endian (DSP0134 3.6, 7.2.1). */
void xen_uuid(uint8_t uuid[16]);

/* Processors that the domain may have, from the table that Xen's tools leave at 9F800h; 0: no such table. */
unsigned xen_processors(void);

#endif
