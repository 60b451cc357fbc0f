/* SPDX-License-Identifier: MIT
 *
 * The probe's start: keeps the registers it was entered with, and moves to RAM.
 */
	.code16
	.section .reset, "ax"
	ljmp	$0xf000, $probe_start

	.section .entry, "ax"
probe_start:
	movl	%esp, %ss:0x4f0	/* proof that SS:0 is 0:0 with a writable limit */
	cli
	cld
	movl	%cr0, %ebp
	sidtl	%cs:0		/* F0000 is read-only: must change nothing */
	movw	$0x2000, %bx
	movw	%bx, %es
	movw	$0xf000, %bx
	movw	%bx, %ds
	movw	%ss, %bx
	xorw	%si, %si
	xorw	%di, %di
	movw	$0x4000, %cx
	rep movsl
	movw	$0x2000, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movl	$0xfff0, %esp
	sidtl	saved_idtr
	movl	%ebp, saved_cr0
	movw	%bx, saved_ss
	ljmpl	$0x2000, $probe_main
