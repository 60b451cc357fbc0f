/* SPDX-License-Identifier: MIT
 *
 * Segments that were loaded in one mode and are used in the other, and back again.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"

	.equ SEL_LDT, SEL_OWN
	.equ SEL_CODE32_SMALL, SEL_OWN + 8
	.equ SEL_STACK1000, SEL_OWN + 0x10
	.equ SEL_LOCAL, 4 /* the LDT's first: base 22220 */

	.macro at address, value
	movl $\value, %eax
	pushw %es
	pushw $(\address >> 4)
	popw %es
	movl %eax, %es:(\address & 15)
	popw %es
	.endm

main:
	movl $0x00008200, gdt + SEL_LDT + 4
	movl $ldt, %eax
	shll $16, %eax
	movw $ldt_end - ldt - 1, %ax
	movl %eax, gdt + SEL_LDT
	movl $0x00009301, gdt + SEL_STACK1000 + 4
	movl $0x0000ffff, gdt + SEL_STACK1000
	at 0x12380, 0x12380
	at 0x23450, 0x23450
	at 0x22230, 0x22230

	/* real-mode segments all through protected mode and out again, SS too */
	call setup
	movw $0x2340, %ax
	movw %ax, %es
	movw $0x1230, %ax
	movw %ax, %fs
	movw $0x0100, %ax /* SS:SP of the same place by another name */
	movw %ax, %ss
	subw $0x1000, %sp
	set_pe
	ljmpw $SEL_CODE32, $1f
	.code32
1:	movl %es:0x50, %ecx
	pushl %ecx
	movl %fs:0x80, %edx
	pushw %fs
	popw %fs:0x84 /* FS keeps 1230 */
	call 2f
	jmp 3f
2:	ret
3:	popl %esi
	ljmpw $SEL_CODE16, $4f
	.code16
4:	clear_pe
	ljmpw $0, $5f
5:	addl %es:0x50, %ebx
	addl %fs:0x82, %edi
	show "real mode's own"

	/* real-mode selectors with RPL bits */
	call setup
	movw $0x2343, %ax
	movw %ax, %es
	movw $0x1231, %ax
	movw %ax, %gs
	movw $0x0003, %ax
	movw %ax, %ss
	subw $0x30, %sp
	set_pe
	ljmpw $SEL_CODE32, $1f
	.code32
1:	movl %es:0x20, %ecx
	pushl %ecx
	popl %edx
	movl %gs:0x70, %esi
	movw %es, %di
	movw $SEL_DATA32, %ax
	movw %ax, %ss
	addl $0x30, %esp
	pushw %gs
	pushw %es
	popl %ebp
	ljmpw $SEL_CODE16, $4f
	.code16
4:	clear_pe
	ljmpw $0, $5f
5:	movw $0x10, %ax
	movw %ax, %ss
	subw $0x100, %sp
	show "rpl bits"

	/* protected-mode bases in real mode, all of them, the stack's too, with calls and INT */
	call setup
	set_pe
	ljmpw $SEL_CODE16, $1f
1:	movw $SEL_DATA12340, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %gs
	movw $SEL_STACK1000, %ax
	movw %ax, %ss
	movw $0x8000, %sp
	clear_pe
	movl 0x40, %ecx
	movl %gs:0x40, %edx
	pushl %ecx
	movw $0x40, %si
	movw $0x48, %di
	call 2f
	jmp 3f
2:	movsl
	ret
3:	movl %es:0x48, %ebp
	popl %ebx
	pushw %ds
	popw %di
	movw %ss, %si
	ljmpw $0, $4f
4:	movw %ds, %ax /* selectors are only selectors */
	movw %ax, %es
	movl %es:0x40, %edi
	movl %gs:0x40, %esi
	movw %sp, %dx
	xorw %ax, %ax
	movw %ax, %ss
	movw %cs:home_sp, %sp
	show "protected mode's"

	/* an interrupt onto a stale stack, and back */
	call setup
	movw $int_returns, 0x61 * 4
	movw $0, 0x61 * 4 + 2
	set_pe
	ljmpw $SEL_CODE16, $1f
1:	movw $SEL_STACK1000, %ax
	movw %ax, %ss
	movw $0x8000, %sp
	clear_pe
	ljmpw $0, $2f
2:	stc
	int $0x61
	movw %sp, %si
	movw %ss, %di
	xorw %ax, %ax
	movw %ax, %ss
	movw %cs:home_sp, %sp
	pushw $0x1000
	popw %es
	movl %es:0x7ffc, %ecx /* what the interrupt pushed: CS and flags */
	andl $0x0fd5ffff, %ecx
	show "int"

	/* hardware interrupts onto it */
	call setup
	set_pe
	ljmpw $SEL_CODE16, $1f
1:	movw $SEL_STACK1000, %ax
	movw %ax, %ss
	movw $0x8000, %sp
	movw $SEL_DATA12340, %ax
	movw %ax, %es
	clear_pe
	ljmpw $0, $2f
2:	movw 0x46c, %cx
	addw $2, %cx
	sti
3:	cmpw 0x46c, %cx
	jne 3b
	cli
	movl %es:0x40, %edx /* as the handlers left ES */
	pushl %edx
	popl %ebp
	movw %sp, %si
	xorw %ax, %ax
	movw %ax, %ss
	movw %cs:home_sp, %sp
	xorl %ecx, %ecx
	show "interrupts"

	/* the table changes behind the cache */
	call setup
	set_pe
	ljmpw $SEL_CODE16, $1f
1:	movw $SEL_DATA12340, %ax
	movw %ax, %es
	movw %ax, %fs
	clear_pe
	ljmpw $0, $2f
2:	movl gdt + SEL_DATA12340, %esi
	movl $0x3450ffff, gdt + SEL_DATA12340
	movb $2, gdt + SEL_DATA12340 + 4
	movl %es:0x40, %ecx
	set_pe
	movl %es:0x40, %edx
	movw $SEL_DATA12340, %ax
	movw %ax, %es
	movl %es:0, %ebp
	movl %fs:0x40, %edi
	ljmpw $SEL_CODE16, $3f
3:	clear_pe
	ljmpw $0, $4f
4:	movl %esi, gdt + SEL_DATA12340
	movb $1, gdt + SEL_DATA12340 + 4
	xorl %esi, %esi
	show "table changed"

	/* a segment of the LDT */
	call setup
	set_pe
	movw $SEL_LDT, %ax
	lldtw %ax
	movw $SEL_LOCAL, %ax
	movw %ax, %gs
	ljmpw $SEL_CODE16, $1f
1:	movl %gs:0x10, %ecx
	sldtw %dx
	clear_pe
	movl %gs:0x10, %esi
	ljmpw $0, $2f
2:	addl %gs:0x10, %esi
	set_pe
	sldtw %di
	pushw $SEL_LOCAL
	popw %es
	movl %es:0x10, %ebp
	ljmpw $SEL_CODE16, $3f
3:	clear_pe
	ljmpw $0, $4f
4:	show "local"

	/* Null selectors. Loaded again before real mode, where SDM vol. 3, 10.9.2, says that the register
	 * would be unusable. */
	call setup
	set_pe
	ljmpw $SEL_CODE16, $1f
1:	xorw %ax, %ax
	movw %ax, %es
	movw $3, %ax
	movw %ax, %fs
	movw %fs, %dx
	movw %es, %cx
	movw $SEL_DATA16, %ax
	movw %ax, %es
	movw %ax, %fs
	clear_pe
	ljmpw $0, $2f
2:	show "null"

	/* in and out and in again without a load of CS */
	call setup
	movw $0x1230, %ax
	movw %ax, %es
	set_pe
	movw $SEL_DATA12340, %dx
	movw %dx, %fs
	clear_pe
	movl %fs:0x40, %ecx
	movl %es:0x80, %ebp
	set_pe
	movl %fs:0x40, %esi
	movw %dx, %es
	clear_pe
	movl %es:0x40, %edi
	movw %es, %ax
	movw %ax, %es
	movl %es:0, %eax
	show "no far jump"

	/* FS and GS by MSR, in both modes and across; then loaded again */
	call setup
	movw $0x1230, %ax
	movw %ax, %fs
	xorl %edx, %edx
	movl $0xc0000100, %ecx
	movl $0x23410, %eax
	wrmsr
	incw %cx
	movl $0x12340, %eax
	wrmsr
	movl %fs:0x40, %ebp
	movw %fs, %bx
	movl %gs:0x40, %esi
	set_pe
	ljmpw $SEL_CODE16, $1f
1:	addl %gs:0x40, %esi
	decw %cx
	rdmsr
	movl %eax, %edi
	movl $0x22220, %eax
	wrmsr
	clear_pe
	ljmpw $0, $2f
2:	rdmsr
	addl %fs:0x10, %eax
	movw %bx, %fs
	movl %fs:0x80, %edx
	movw $0, %cx
	movw %cx, %gs
	show "bases by msr"
	ret

int_returns:
	pushl %eax
	popl %eax
	iretw

	.data
	.balign 8
ldt:	.quad 0x000093022220ffff
ldt_end:
	.text
