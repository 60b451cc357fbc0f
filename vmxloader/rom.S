/* SPDX-License-Identifier: MIT
 *
 * dfw.rom: the vmxloader image and the way to it from the reset vector.
 */
#include "lib/reset16.h"
#include "vmxloader/image.h"

	.section .image, "ax"
	.balign	16
image:
	.incbin	"vmxloader.image"

	.section .reset16, "ax"
	.code16
reset_origin:
reset16:
	rom_resume_shutdown
	rom_enter_flat start_image

	.code32
start_image:
	movl	$image, %esi
	movl	$DFW_HIGH_IMAGE, %edi
	movl	image + IMAGE_COPY_SIZE, %ecx
	shrl	$2, %ecx
	rep movsl
	movl	$IMAGE_FROM_ROM, %eax
	movl	$image, %esi
	jmp	*image + IMAGE_ENTRY

	rom_reset_block

	.section .note.GNU-stack, "", @progbits
