/* SPDX-License-Identifier: MIT
 *
 * For guest programs in real mode: memory at 32-bit addresses, and calls of 32-bit code, as a program
 * in flat protected mode makes them. Interrupts are off meanwhile. Registers as gcc -mregparm=3 has them.
 */
#define GUEST 0x10000

	.code16
	.section .text
/* to 32-bit protected mode with flat segments, on the guest's stack; EAX and flags are lost */
.macro enter
	pushfw
	cli
	lgdtl	gdt_pointer
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$0x08, $1f + GUEST
	.code32
1:	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	addl	$GUEST, %esp
.endm
.macro leave16
	subl	$GUEST, %esp
	ljmpl	$0x18, $2f
	.code16
2:	movw	$0x20, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	%cr0, %eax
	andb	$0xfe, %al
	movl	%eax, %cr0
	ljmp	$GUEST >> 4, $3f
3:	movw	%cs, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	popfw
.endm

/* uint32_t flat_read(uint32_t address) */
	.globl	flat_read
flat_read:
	movl	%eax, %ecx
	enter
	movl	(%ecx), %ecx
	leave16
	movl	%ecx, %eax
	retl

/* void flat_write(uint32_t address, uint32_t value) */
	.globl	flat_write
flat_write:
	movl	%eax, %ecx
	enter
	movl	%edx, (%ecx)
	leave16
	retl

/* void flat_call(struct r *r, uint32_t address): a near call with r's registers, ES flat; what comes
 * back is left in *r */
	.globl	flat_call
flat_call:
	pushal
	movl	%eax, %ebp
	movl	%edx, flat_target
	enter
	pushl	%ebp
	movl	GUEST+4(%ebp), %ebx
	movl	GUEST+8(%ebp), %ecx
	movl	GUEST+12(%ebp), %edx
	movl	GUEST+16(%ebp), %esi
	movl	GUEST+20(%ebp), %edi
	movl	GUEST+0(%ebp), %eax
	movl	GUEST+24(%ebp), %ebp
	call	*GUEST + flat_target
	xchgl	%ebp, (%esp)
	movl	%eax, GUEST+0(%ebp)
	movl	%ebx, GUEST+4(%ebp)
	movl	%ecx, GUEST+8(%ebp)
	movl	%edx, GUEST+12(%ebp)
	movl	%esi, GUEST+16(%ebp)
	movl	%edi, GUEST+20(%ebp)
	popl	GUEST+24(%ebp)
	leave16
	popal
	retl

flat_target: .long 0
	.balign	8
gdt:	.quad	0
	.quad	0x00cf9b000000ffff	/* 08, 10: 32-bit, flat */
	.quad	0x00cf93000000ffff
	.quad	0x00009b010000ffff	/* 18, 20: 16-bit, the guest's 64 KiB */
	.quad	0x000093010000ffff
gdt_pointer:
	.word	0x27
	.long	GUEST + gdt

	.section .note.GNU-stack, "", @progbits
