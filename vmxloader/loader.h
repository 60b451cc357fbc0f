/* SPDX-License-Identifier: MIT
 *
 * What the files of vmxloader share.
 */
#ifndef VMXLOADER_LOADER_H
#define VMXLOADER_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <dfw/handoff.h>
#include "vmxloader/e820.h"
#include "vmxloader/options.h"
#include "vmxloader/pci.h"

/* Who started us; set once by host_find(). */
enum host_entry { ENTRY_ROM, ENTRY_MULTIBOOT, ENTRY_START_INFO };

struct host {
	enum host_entry entry;
	bool xen;		 /* CPUID says Xen */
	bool fw_cfg;		 /* QEMU's firmware configuration device answers */
	intptr_t payload_offset; /* add to a payload's address: not 0 while it lies in the ROM */
	uint32_t rsdp;		 /* ACPI tables that the host has built, or 0 */
	uint8_t rsdp_copy[36];	 /* their root pointer */
	char command_line[512];
};

/* host.c: finds the host from the registers at entry, copies what it hands over (nothing of it is
 * read later) and fills the memory map. */
void host_find(uint32_t eax, uint32_t ebx, uint32_t esi, struct host *host, struct e820 *map);

/* The boot order that the host's settings ask for, the other devices after it; DFW_BOOT_*. */
void host_boot_order(const struct host *host, uint8_t order[8]);

/* bootorder.c: the devices that QEMU's settings name one by one, and its boot menu. */
void host_boot_devices(const struct host *host, struct dfw_handoff *h);

/* processors.c */
enum { PROCESSORS_MOST = DFW_ASSIST_CPUS };
struct processors {
	unsigned count;
	uint8_t apic_id[PROCESSORS_MOST]; /* the first processor's first */
	uint8_t apic_version;             /* 0: no local APIC */
	uint8_t io_apic_id, io_apic_pins; /* 0 pins: none */
	uint8_t io_apic_version;
};
/* Finds them, and sets their caches as caches_on(hole) does, where the host has not listed them. */
void processors_find(const struct host *host, const struct options *options, uint32_t hole,
		     struct processors *processors);

/* I/O APIC, 82093AA data sheet, 3.1 */
#define IO_APIC 0xfec00000
/* Looks for it, and gives it an identifier that no local APIC has. */
void io_apic_find(struct processors *processors);

/* mptable.c: places the MP table and its pointer; the pointer's address, or 0 where there is no I/O
 * APIC or it is not known how interrupts come to it. */
uint32_t mptable_place(const struct processors *processors, const struct pci *pci);

/* main.c: free room among the anchors; 0 if there is none */
uint32_t find_anchor(unsigned size);

/* payloads.c */
/* Copies vgabios, rombios and, where used, vmxassist to their places. */
void payloads_place(const struct host *host, enum vga vga, bool assist);
/* Fills in the assist's header, for that many processors, and its first record; returns the entry. */
uint32_t assist_prepare(const struct options *options, uint32_t reserve, uint32_t trace, unsigned cpus);

/* chipset.c */
enum shadow { SHADOW_OFF = 0, SHADOW_READ_ONLY = 1, SHADOW_READ_WRITE = 3 };
/* Makes C0000-FFFFF RAM, and copies option ROMs found between DFW_OPTION_ROMS and roms_end to it;
 * fatal() if there is no RAM. */
void shadow_open(uint32_t roms_end);
/* Changes one piece; start and end are multiples of 16 KiB, F0000-FFFFF is one piece. */
void shadow_set(uint32_t start, uint32_t end, enum shadow mode);
/* How many bits a physical address has. */
unsigned physical_bits(void);
/* Caches on; memory types for RAM and, from hole to 4 GiB, for devices. */
void caches_on(uint32_t hole);
/* The 8259A's interrupts go through the local APIC, where there is one: virtual wire mode by LINT0,
 * MultiProcessor Specification 1.4, 3.6.2.2. */
void local_apic_virtual_wire(void);

/* vga.c: which of our VGA BIOSes the display needs */
enum vga vga_find(const struct pci *pci);

/* console.c: messages go to port E9 with debug=e9 or when something is wrong */
extern bool console_debug;
void info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Tells it on port E9, on the text screen and on COM1, and halts. */
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* entry.S */
_Noreturn void start_native(void);
_Noreturn void start_assist(uint32_t entry);

#endif
