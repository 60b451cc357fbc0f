/* SPDX-License-Identifier: MIT
 *
 * Segment limits and control-register rules in real mode, and unreal mode given up again. Not for
 * emulators without segment limits.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/faults.inc"

main:
	call save_vectors
	movw $0xffff, %bx
	provoke "word at ffff", movw (%bx), %ax
	provoke "dword at fffd", movl 0xfffd, %eax
	movw $0xffff, %bp
	provoke "word at ss:ffff", movw (%bp), %ax
	movl $0x10000, %esi
	provoke "byte at 10000", movb (%esi), %al
	provoke "byte at es:10000", movb %es:(%esi), %al
	call step_over_sti
	movl %cr0, %eax
	orl $0x80000000, %eax
	provoke "pg without pe", movl %eax, %cr0
	movl $0x300000, %esi
	provoke "before unreal", movl (%esi), %eax
	cli
	lgdt gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	movw $0x08, %bx
	movw %bx, %ds
	andb $0xfe, %al
	movl %eax, %cr0
	xorw %bx, %bx
	movw %bx, %ds
	sti
	movl $0x300000, %esi
	provoke "unreal", movl (%esi), %eax
	provoke "es not unreal", movl %es:(%esi), %eax
	/* limits back to 64 KiB */
	cli
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	movw $0x10, %bx
	movw %bx, %ds
	andb $0xfe, %al
	movl %eax, %cr0
	xorw %bx, %bx
	movw %bx, %ds
	sti
	movl $0x300000, %esi
	provoke "limit again", movl (%esi), %eax
	ret

/* STI blocks interrupts, not the trap of a single step */
step_over_sti:
	vector 1, step_handler
	pushfw
	popw %ax
	orw $0x100, %ax
	pushw %ax
	popfw
	cli
	sti
	nop
	pushfw
	popw %ax
	andw $0xfeff, %ax
	pushw %ax
	popfw
	show16 "steps", steps
	newline
	ret
step_handler:
	incw %cs:steps
	iretw
	.data
steps:	.word 0
	.balign 8
gdt:	.quad 0
	.quad 0x008f93000000ffff /* 08 data16, 4 GiB: unreal */
	.quad 0x000093000000ffff /* 10 data16 base 0 */
gdtr:	.word . - gdt - 1
	.long gdt
