/* SPDX-License-Identifier: MIT
 *
 * x87 errors in protected mode: x87_errors.inc in 16-bit code; 32-bit code, at privilege 0 and 3; and an
 * 8259A base that is set in one mode and used in the other.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"

	.equ IDT, 0x2000
	.equ CODE32_3, SEL_OWN + 3
	.equ DATA32_3, SEL_OWN + 8 + 3
	.equ TSS, SEL_OWN + 0x10

	.macro vector n, handler
	movw $\handler, IDT + \n * 8
	.endm
	.macro gate_32 n, handler, rights=0x8e
	movw $\handler, IDT + \n * 8
	movw $SEL_CODE32, IDT + \n * 8 + 2
	movw $(\rights << 8), IDT + \n * 8 + 4
	.endm

#include "tests/vmxassist/x87_errors.inc"

main:	cli
	movl $0x0000ffff, gdt + SEL_OWN
	movl $0x00cffb00, gdt + SEL_OWN + 4
	movl $0x0000ffff, gdt + SEL_OWN + 8
	movl $0x00cff300, gdt + SEL_OWN + 12
	movl $0x67, gdt + TSS
	movw $tss, gdt + TSS + 2
	movl $0x8900, gdt + TSS + 4
	movw $IDT, %di
	movw $256, %cx
1:	movl $(SEL_CODE16 << 16) + stray, %eax
	stosl
	movl $0x8600, %eax
	stosl
	loop 1b
	lgdt gdtr
	call enter
	call x87_errors
	/* 16-bit code has done; the base from now on is 58h */
	movb $0x58, %al
	call slave_base
	call leave
	say "base set in protected mode, used in real mode:"
	movw $irq13_handler, 0x5d * 4
	movw $0, 0x5d * 4 + 2
	movb $0xfb, %al
	outb %al, $0x21
	movb $0xdf, %al
	outb %al, $0xa1
	sti
	error
	fwait
	call await
	cli
	movb $0x70, %al
	call slave_base
	call enter
	say "base set in real mode, used in protected mode:"
	vector 0x75, irq13_handler
	sti
	error
	fwait
	call await
	cli
	say "32-bit:"
	gate_32 0x75, irq13_32
	gate_32 8, clock_32
	gate_32 0x40, back_32, 0xee
	movw $TSS, %ax
	ltrw %ax
	movl $IRQ13_32_STACK, %esp
	ljmpl $SEL_CODE32, $code_32

	.equ IRQ13_32_STACK, 0x6f00
	.code32
code_32:
	movl $SEL_DATA32, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	sti
	error
	fwait
	call await_32
	error
	fsts number
	call await_32
	/* privilege 3: the line opens by the clock's handler */
	movb $0xff, %al
	outb %al, $0xa1
	movb $0x30, %al
	outb %al, $0x43
	movb $0, %al
	outb %al, $0x40
	movb $1, %al
	outb %al, $0x40
	inb $0x21, %al
	andb $0xfe, %al
	outb %al, $0x21
	movl $0x6000, tss + 4
	movl $SEL_DATA32, tss + 8
	pushl $DATA32_3
	pushl $0x6a00
	pushl $0x3202
	pushl $CODE32_3
	pushl $code_3
	iretl
code_3:	movl $DATA32_3, %eax
	movl %eax, %ds
	movl %eax, %es
	error
	fwait
	call await_32
	movl $0, number
	int $0x40
back_32: /* at privilege 0 again */
	movl $SEL_DATA32, %eax
	movl %eax, %ds
	movl %eax, %es
	cli
	movl $IRQ13_32_STACK - 2, %esp
	ljmpl $SEL_CODE16, $code_16
await_32:
	movl $0x100000, %ecx
1:	cmpb $0, came
	jne 2f
	loopl 1b
	movw $0xdead, statuses
2:	movb $0, came
	ret
irq13_32: /* notes the status */
	pushl %eax
	pushl %edi
	xorl %eax, %eax
	outb %al, $0xf0
	fnstsw %ax
	andl $0x80ff, %eax
	movl next_status, %edi
	movw %ax, (%edi)
	addl $2, next_status
	fnclex
	movb $0x20, %al
	outb %al, $0xa0
	outb %al, $0x20
	movb $1, came
	popl %edi
	popl %eax
	iretl
clock_32:
	pushl %eax
	movb $0x20, %al
	outb %al, $0x20
	movb $0xdf, %al
	outb %al, $0xa1
	movb $0xfb, %al
	outb %al, $0x21
	popl %eax
	iretl
	.code16

code_16:
	movw $SEL_DATA16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $statuses, %si
	movw $3, %cx
1:	call space
	lodsw
	call put16
	loop 1b
	newline
	call leave
	movb masks, %al
	outb %al, $0x21
	movb masks + 1, %al
	outb %al, $0xa1
	movb $0x34, %al
	outb %al, $0x43
	movb $0, %al
	outb %al, $0x40
	outb %al, $0x40
	movw stack_kept, %sp
	sti
	ret

stray:	say " stray\n"
	hlt
	jmp stray

enter:	popw %bx
	movw %sp, stack_kept
	lidt idtr
	cr0_pe
	ljmpw $SEL_CODE16, $1f
1:	movw $SEL_DATA16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	jmp *%bx
leave:	popw %bx
	cr0_no_pe
	ljmpw $0, $1f
1:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	lidt ridtr
	jmp *%bx

	.data
idtr:	.word 256 * 8 - 1
	.long IDT
stack_kept: .word 0
	.balign 4
next_status: .long statuses
statuses: .fill 4, 2, 0
tss:	.fill 0x68, 1, 0
	.text
