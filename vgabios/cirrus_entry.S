/* SPDX-License-Identifier: MIT
 *
 * VBE's bank switch and protected-mode interface for the CL-GD5446.
 */
#include "vbe_entry.h"

GRAPHICS = 0x3ce
GR_OFFSET_0 = 0x09		/* in 16 KiB */
CRTC = 0x3d4
CR_EXTENDED_DISPLAY = 0x1b	/* 0, 2, 3: bits 16-18 of the start */
CR_OVERLAY = 0x1d		/* 7: bit 19 */

	.code16
	.text
	window_begin
	pushw	%dx
	movb	%dl, %ah
	shlb	$2, %ah
	movb	$GR_OFFSET_0, %al
	movw	$GRAPHICS, %dx
	outw	%ax, %dx
	popw	%dx
	window_end
window_get:
	movw	$GRAPHICS, %dx
	movb	$GR_OFFSET_0, %al
	outb	%al, %dx
	incw	%dx
	inb	%dx, %al
	shrb	$2, %al
	movb	$0, %ah
	movw	%ax, %dx
	jmp	window_ok

	table_32
window_32:
	begin_32
	movb	%dl, %ah
	shlb	$2, %ah
	movb	$GR_OFFSET_0, %al
	movw	$GRAPHICS, %dx
	outw	%ax, %dx
	jmp	ok_32

start_32:
	begin_32
	movl	%edx, %ebx		/* bits 16-19 */
	movw	$CRTC, %dx
	movb	$0x0c, %al
	movb	%ch, %ah
	outw	%ax, %dx
	incl	%eax
	movb	%cl, %ah
	outw	%ax, %dx
	movb	$CR_EXTENDED_DISPLAY, %al
	outb	%al, %dx
	incl	%edx
	inb	%dx, %al
	andb	$0xf2, %al
	movb	%bl, %ah
	addb	%ah, %ah		/* bits 17 and 18 to 2 and 3 */
	andb	$0x0c, %ah
	orb	%ah, %al
	movb	%bl, %ah
	andb	$0x01, %ah
	orb	%ah, %al
	outb	%al, %dx
	decl	%edx
	movb	%bl, %ah
	shlb	$4, %ah
	andb	$0x80, %ah
	movb	$CR_OVERLAY, %al
	outw	%ax, %dx
	jmp	ok_32

	common_32
	.balign	2
ports_32:
	.word	0x3c8, 0x3c9, 0x3ce, 0x3cf, 0x3d4, 0x3d5, 0x3da, 0xffff
	.word	0xffff			/* no memory */
vbe_32_end:

	.section .note.GNU-stack, "", @progbits
