/* SPDX-License-Identifier: MIT
 *
 * VBE's bank switch and protected-mode interface for the DISPI registers.
 */
#include "vbe_entry.h"

DISPI = 0x1ce
BPP = 3
BANK = 5
VIRT_WIDTH = 6
X_OFFSET = 8
Y_OFFSET = 9

	.code16
	.text
	window_begin
	pushw	%dx
	pushw	%dx
	movw	$DISPI, %dx
	movw	$BANK, %ax
	outw	%ax, %dx
	incw	%dx
	popw	%ax
	outw	%ax, %dx
	popw	%dx
	window_end
window_get:
	movw	$DISPI, %dx
	movw	$BANK, %ax
	outw	%ax, %dx
	incw	%dx
	inw	%dx, %ax
	movw	%ax, %dx
	jmp	window_ok

	table_32
window_32:
	begin_32
	movl	%edx, %ecx
	movb	$BANK, %al
	call	write_32
	jmp	ok_32

start_32:
	begin_32
	shll	$16, %edx
	movw	%cx, %dx
	movl	%edx, %ebp
	movb	$BPP, %al
	call	read_32
	incl	%eax			/* 15 bits take 16 */
	andb	$0xfc, %al
	movl	%eax, %ebx
	movb	$VIRT_WIDTH, %al
	call	read_32
	imull	%ebx, %eax
	shrl	$5, %eax		/* a line */
	xchgl	%eax, %ebp
	xorl	%edx, %edx
	divl	%ebp
	movl	%eax, %ecx		/* Y */
	movl	%edx, %esi
	movb	$Y_OFFSET, %al
	call	write_32
	movl	%esi, %eax
	shll	$5, %eax
	xorl	%edx, %edx
	divl	%ebx
	movl	%eax, %ecx		/* X */
	movb	$X_OFFSET, %al
	call	write_32
	jmp	ok_32

/* AL = index; EAX comes back */
read_32:
	movzbl	%al, %eax
	movw	$DISPI, %dx
	outw	%ax, %dx
	incl	%edx
	inw	%dx, %ax
	ret

/* AL = index, CX = value */
write_32:
	movzbl	%al, %eax
	movw	$DISPI, %dx
	outw	%ax, %dx
	incl	%edx
	movl	%ecx, %eax
	outw	%ax, %dx
	ret

	common_32
	.balign	2
ports_32:
	.word	0x1ce, 0x1cf, 0x1d0, 0x3c8, 0x3c9, 0x3da, 0xffff
	.word	0xffff			/* no memory */
vbe_32_end:

	.section .note.GNU-stack, "", @progbits
