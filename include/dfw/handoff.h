/* SPDX-License-Identifier: MIT
 *
 * vmxloader -> rombios. vmxloader fills this block at DFW_HANDOFF before it starts F000:FFF0;
 * rombios reads it, probes no chipset, and trusts nothing whose magic or version does not match.
 */
#ifndef DFW_HANDOFF_H
#define DFW_HANDOFF_H

#include <stddef.h>
#include <stdint.h>
#include <dfw/layout.h>

#define DFW_HANDOFF_MAGIC   0x48574644u /* "DFWH" */
#define DFW_HANDOFF_VERSION 2
#define DFW_E820_MAX        64

/* ACPI 6.4, 15.1: the record that INT 15h/E820h returns */
struct dfw_e820 {
	uint64_t base;
	uint64_t length;
	uint32_t type; /* 1 RAM, 2 reserved, 3 ACPI reclaim, 4 ACPI NVS, 5 bad */
} __attribute__((packed));

/* Boot order entries; the list ends with DFW_BOOT_END. */
enum { DFW_BOOT_END, DFW_BOOT_FLOPPY, DFW_BOOT_DISK, DFW_BOOT_CDROM, DFW_BOOT_NETWORK };

enum {
	DFW_FLAG_SERIAL_CONSOLE = 1 << 0, /* mirror the screen to COM1, keys from it */
	DFW_FLAG_ASSIST = 1 << 1,         /* D0000-DFFFF is taken by vmxassist */
	DFW_FLAG_BOOT_MENU = 1 << 2,      /* F12 opens a menu */
	DFW_FLAG_DEBUG_E9 = 1 << 3,       /* POST messages go to port E9 too */
	DFW_FLAG_UNHOSTED = 1 << 4,       /* vmxassist without a host: SMSW shows PE=1 in real mode,
	                                     MOV from CR0 tells the truth */
};

/* One device of the host's own order. It is known by its place: unit is a floppy's drive number, an ATA or
 * ATAPI device's channel << 1 | device, or DFW_BOOT_BY_BDF for the PCI function bdf (bus << 8 | device << 3 |
 * function). kind DFW_BOOT_DISK with a unit may turn out to be a CD drive. */
struct dfw_boot_device {
	uint8_t kind; /* DFW_BOOT_* */
	uint8_t unit;
	uint16_t bdf;
};
enum { DFW_BOOT_DEVICES_MAX = 16, DFW_BOOT_BY_BDF = 0xff };

struct dfw_handoff {
	uint32_t magic;
	uint16_t version;
	uint16_t size; /* of this struct */
	uint32_t flags;
	uint32_t low_kib;      /* what INT 12h says */
	uint32_t rsdp;         /* physical addresses, 0 where there is none */
	uint32_t smbios;
	uint32_t mptable;
	uint32_t pirq;
	uint8_t boot_order[8]; /* DFW_BOOT_* */
	uint8_t pci_irq_lines[4]; /* ISA interrupt of PIRQA..D */
	uint8_t pci_present;      /* 1: configuration mechanism 1 works */
	uint8_t pci_last_bus;
	uint16_t e820_count;
	uint16_t pm1a_control; /* I/O port of ACPI's PM1a control register, 0: none; ACPI 6.4, 4.8.3.2.1 */
	uint8_t soft_off;      /* its SLP_TYP for S5 */
	uint8_t reserved[5];
	struct dfw_e820 e820[DFW_E820_MAX];
	struct dfw_boot_device boot_device[DFW_BOOT_DEVICES_MAX]; /* tried before boot_order; DFW_BOOT_END ends */
	uint16_t menu_wait_ms;	    /* how long the boot menu's key is waited for, 0: 3 seconds */
	uint8_t boot_these_only;    /* nothing of boot_order is tried */
};

/* What rombios' 32-bit PCI BIOS needs of the above: its callers may show it F0000-FFFFF alone. */
struct dfw_pci_32 {
	uint8_t present;
	uint8_t last_bus;
	uint16_t pirq; /* offset in F0000 of the $PIR table, 0 where there is none */
};

_Static_assert(offsetof(struct dfw_handoff, e820) == 56, "rombios reads this layout");
_Static_assert(sizeof(struct dfw_handoff) <= DFW_HANDOFF_SIZE, "must fit its place");

#endif
