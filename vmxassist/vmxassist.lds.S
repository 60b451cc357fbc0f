/* SPDX-License-Identifier: MIT
 *
 * vmxassist's 64 KiB: header first, then code and data; the TSS with its I/O map and the first
 * processor's stack at the end. What does not fit does not link.
 */
#include <dfw/layout.h>
#include "vmxassist/vmxassist.h"

OUTPUT_FORMAT(elf32-i386)
ENTRY(start)

SECTIONS
{
	. = DFW_VMXASSIST;
	.text : { KEEP(*(.header)) *(.entry) *(.text .text.*) }
	.rodata : { *(.rodata .rodata.*) }
	.data : { *(.data .data.*) }
	.bss : { *(.bss .bss.* COMMON) }
	_end = .;
	ASSERT(_end <= DFW_VMXASSIST + DFW_VMXASSIST_SIZE - STACK_SIZE, "vmxassist: no room left for the stack")
	/* one stack, aligned to its size: entry.S tells frames apart by the distance to its top */
	. = DFW_VMXASSIST + DFW_VMXASSIST_SIZE - STACK_SIZE;
	.stack (NOLOAD) : { . = . + STACK_SIZE; }
	stack_top = .;
	vm86_frame = stack_top - 76; /* struct frame, vmxassist.h */

	.debug_all : { *(.debug*) }
	.comment : { *(.comment) }
	.note : { *(.note .note.*) }
	/DISCARD/ : { *(.eh_frame) }
	.got.plt : { *(.got.plt) }
	.symtab : { *(.symtab) }
	.strtab : { *(.strtab) }
	.shstrtab : { *(.shstrtab) }
}
