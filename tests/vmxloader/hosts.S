/* SPDX-License-Identifier: MIT
 *
 * A host that starts vmxloader as it is told: a ROM that goes to the ELF's entry with EAX and EBX from the two
 * words at 5000h.
 */
#include "lib/reset16.h"
#include "vmxloader/image.h"

	.section .reset16, "ax"
	.code16
reset_origin:
reset16:
	rom_enter_flat go

	.code32
go:	movl	0x5000, %eax
	movl	0x5004, %ebx
	jmp	*DFW_HIGH_IMAGE + IMAGE_ENTRY

	rom_reset_block

	.section .note.GNU-stack, "", @progbits
