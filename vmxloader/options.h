/* SPDX-License-Identifier: MIT
 *
 * The command line: words separated by spaces, later ones win.
 *
 *	assist=host	real mode by vmxassist; the host speaks the assist ABI
 *	assist=on	real mode by vmxassist, on any host
 *	assist=off	real mode by the processor (default)
 *	processors=LIST	local APIC identifiers, the first processor's first; the host starts them at
 *			the guest's SIPI
 *	vme=off		vmxassist does not use CR4.VME
 *	iopl=0		vmxassist runs VM86 at IOPL 0
 *	trace		vmxassist fills its trace ring
 *	boot=LIST	boot order: floppy, disk, cdrom, network, separated by commas
 *	menu		F12 opens a boot menu
 *	console=serial	screen and keyboard on COM1 too
 *	debug=e9	messages to port E9
 *	tables=own	ACPI and SMBIOS tables of our own where the host offers its own
 *
 * Pure: also built for the build machine's tests.
 */
#ifndef VMXLOADER_OPTIONS_H
#define VMXLOADER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <dfw/layout.h>

enum assist { ASSIST_OFF, ASSIST_ON, ASSIST_HOST };

struct options {
	enum assist assist;
	bool vme_off, iopl0, trace;
	bool menu, serial, debug_e9, own_tables;
	uint8_t boot_order[8]; /* DFW_BOOT_*, all zero: not given */
	uint8_t processors;    /* how many of apic_id are given */
	uint8_t apic_id[DFW_ASSIST_CPUS];
};

/* Adds the words of a command line to *options; unknown says what to do with a word (not
 * zero-terminated) that is not known or has a bad value. Such words change nothing. */
void options_parse(struct options *options, const char *command_line,
		   void (*unknown)(const char *word, unsigned len));

#endif
