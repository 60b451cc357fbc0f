/* SPDX-License-Identifier: MIT
 *
 * The guest-physical map of the firmware: where each part lies once vmxloader has placed it.
 * Included by C, assembly and linker scripts alike: plain numbers only.
 */
#ifndef DFW_LAYOUT_H
#define DFW_LAYOUT_H

#define DFW_EBDA          0x9fc00 /* 1 KiB; INT 12h says 639 */
#define DFW_LOW_END       0xa0000
#define DFW_VGABIOS       0xc0000 /* at most 32 KiB */
#define DFW_VGABIOS_SIZE  0x08000
#define DFW_OPTION_ROMS   0xc8000 /* scanned in steps of 2 KiB up to DFW_VMXASSIST, or DFW_ROMBIOS without assist */
#define DFW_VMXASSIST     0xd0000 /* code, data, first processor's stack */
#define DFW_VMXASSIST_SIZE 0x10000
#define DFW_ROMBIOS       0xe0000 /* rombios.bin: 128 KiB, E0000 data and tables, F0000 code */
#define DFW_ROMBIOS_SIZE  0x20000
#define DFW_HANDOFF       0xe0000 /* struct dfw_handoff, handoff.h */
#define DFW_HANDOFF_SIZE  0x00800
#define DFW_TABLES        0xe0800 /* the MP table: vmxloader builds it, and nobody scans for it here */
#define DFW_TABLES_SIZE   0x01800
#define DFW_SMBIOS        0xe2000 /* SMBIOS structures, likewise */
#define DFW_SMBIOS_SIZE   0x02000
#define DFW_BIOS_DATA     0xe4000 /* rombios' run-time data, stacks and bounce buffers, to F0000 */
#define DFW_ANCHORS       0xf0000 /* 16-byte aligned anchors: RSDP, _SM_, _MP_, $PIR, _32_, $PnP */
#define DFW_ANCHORS_SIZE  0x007f0
#define DFW_PCI_32        0xf07f0 /* struct dfw_pci_32, handoff.h */
#define DFW_HIGH_IMAGE    0x100000 /* the vmxloader ELF is linked and loaded here */

/* Reserved by vmxloader at the top of memory below 4 GiB, bit 20 of its base clear so that it is
 * reached whatever A20 says: vmxassist's records, page tables, TSSes, further processors' stacks, trace
 * ring. */
#define DFW_RESERVE_SIZE  0x100000

/* Most processors of a guest: vmxassist has that many records. */
#define DFW_ASSIST_CPUS 16

/* 256 bytes in each ROM image that begin with this text and hold a command line, zero-terminated;
 * the dfw program writes it into a copy of the ROM. */
#define DFW_ROM_CMDLINE_MAGIC "DFW-CMDLINE:"
#define DFW_ROM_CMDLINE_SIZE  256

#endif
