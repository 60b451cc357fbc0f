/* SPDX-License-Identifier: MIT
 *
 * build/visor: multiboot header (Multiboot 0.6.96, 3.1), with the visor image inside.
 */
#include "boot.h"

#define MULTIBOOT_FLAGS 0x3 /* modules page-aligned, memory map wanted */

	.section .multiboot, "a"
	.align 4
	.long 0x1badb002, MULTIBOOT_FLAGS, -(0x1badb002 + MULTIBOOT_FLAGS)

	.section .payload, "a"
	.globl payload
payload:
	.long VISOR_PAYLOAD_MAGIC, image, image_end - image, 0, 0

	.section .image, "a"
	.align 4096
image:
	.incbin "visor.image"
image_end:

	.section .note.GNU-stack, "", @progbits
