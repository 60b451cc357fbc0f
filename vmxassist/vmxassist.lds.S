/* SPDX-License-Identifier: MIT
 *
 * vmxassist's 64 KiB: header first, then code and data; the first processor's page at the end. What
 * does not fit does not link.
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
	/* aligned to its size: entry.S tells frames apart by the distance to its top */
	processor_page = DFW_VMXASSIST + DFW_VMXASSIST_SIZE - STACK_SIZE;
	.processor processor_page (NOLOAD) : { *(.processor) }
	ASSERT(SIZEOF(.processor) <= PROCESSOR_DATA, "vmxassist: too little left of the page for the stack")
	/* what the stack overwrites once it has run */
	.init processor_page + PROCESSOR_DATA : { start_up = .; *(.init) start_up_end = .; }
	ASSERT(SIZEOF(.init) <= STACK_SIZE - PROCESSOR_DATA - 1024, "vmxassist: no stack left for the start")
	stack_top = processor_page + STACK_SIZE;
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
