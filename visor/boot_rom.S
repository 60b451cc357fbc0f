/* SPDX-License-Identifier: MIT
 *
 * The top 64 KiB of dfw-visor.rom: payload table, start-up program, and in the last 4 KiB the way
 * from the reset vector. Linked at FFFF0000; data lies in RAM at 10000h.
 */
#include "lib/reset16.h"
#include "boot.h"

	.section .payload, "a"
	.globl payload
payload:
	.long VISOR_PAYLOAD_MAGIC, 0, 0, 0, 0

	.section .reset16, "ax"
	.code16
reset_origin:
reset16:
	rom_enter_flat rom_entry

	.code32
rom_entry:
	xorl %eax, %eax		/* not multiboot; EBX = command line */
	jmp start32

	rom_reset_block

	.section .note.GNU-stack, "", @progbits
