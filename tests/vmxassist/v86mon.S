/* SPDX-License-Identifier: MIT
 *
 * A guest with a virtual-8086 monitor of its own, as EMM386 is one: paging on, pages of low memory
 * elsewhere, INT n and hardware interrupts reflected by its ring 0 or by CR4.VME. Under it real-mode code
 * calls the BIOS, which must get along: its run-time code and its DMA.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"

	.equ SEL_TSS, SEL_OWN
	.equ PD, 0x20000
	.equ PT, 0x21000
	.equ TSS, 0x30000
	.equ IO_MAP, 0x88
	.equ TSS_LIMIT, IO_MAP + 0x2000
	.equ STACK0, 0x6f00
	.equ MOVED, 0x60000 /* 60000 lies at 200000, 61000 at 205000 */
	.equ PLAIN, 0x40000
	/* the frame from virtual-8086 mode, from the general registers on */
	.equ F_EAX, 28
	.equ F_EIP, 32
	.equ F_CS, 36
	.equ F_FLAGS, 40
	.equ F_ESP, 44
	.equ F_SS, 48

main:	movl $0x00008903, gdt + SEL_TSS + 4
	movl $((TSS & 0xffff) << 16) + TSS_LIMIT, gdt + SEL_TSS
	pushw $TSS >> 4
	popw %es
	xorl %eax, %eax
	xorw %di, %di
	movw $(TSS_LIMIT + 4) / 4, %cx
	rep stosl
	movl $STACK0, %es:4
	movw $SEL_DATA32, %es:8
	movw $IO_MAP, %es:0x66
	movb $0xff, %es:TSS_LIMIT
	pushw $PD >> 4
	popw %es
	movl $PT + 7, %es:0
	pushw $PT >> 4
	popw %es
	xorw %di, %di
	movl $7, %eax
	movw $1024, %cx
1:	stosl
	addl $0x1000, %eax
	loop 1b
	movl $0x200007, %es:(MOVED >> 12) * 4
	movl $0x205007, %es:(MOVED >> 12) * 4 + 4
	xorw %ax, %ax
	movw %ax, %es
	movw $stubs, %si
	movw $idt, %di
	movw $0x100, %cx
2:	movw %si, (%di)
	movw $SEL_CODE32, 2(%di)
	movl $0x8e00, 4(%di)
	addw $8, %di
	addw $stub_size, %si
	loop 2b

	movl $0, cr4
	movw $3f, back
	jmp enter
3:	movl $1, %eax
	cpuid
	testb $2, %dl
	jz 4f
	movl $1, cr4 /* VME */
	movw $4f, back
	jmp enter
4:	ret

enter:	cli
	movw %sp, real_sp
	lgdt gdtr
	lidt idtr
	movl cr4, %eax
	movl %eax, %cr4
	movl $PD, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $0x80000001, %eax
	movl %eax, %cr0
	ljmpl $SEL_CODE32, $1f
	.code32
1:	movl $SEL_DATA32, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $STACK0, %esp
	andb $~2, gdt + SEL_TSS + 5
	movl $SEL_TSS, %eax
	ltr %ax
	xorl %eax, %eax
	pushl %eax
	pushl %eax
	pushl %eax
	pushl %eax
	pushl %eax
	pushl $0x5f00
	pushl $0x23202 /* VM, IOPL 3, IF */
	pushl %eax
	pushl $under
	iretl

leave:	/* out of it all */
	movl $SEL_DATA32, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %fs
	movl %eax, %gs
	ljmpl $SEL_CODE16, $1f
	.code16
1:	movw $SEL_DATA16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	movl %cr0, %eax
	andl $0x7ffffffe, %eax
	movl %eax, %cr0
	ljmpw $0, $2f
2:	xorl %eax, %eax
	movl %eax, %cr4
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	movl $0, %esp
	movw real_sp, %sp
	lidt ridtr
	sti
	jmp *back

	.code32
	.balign 4
stubs:	.rept 256
	.byte 0xe8 /* CALL: the return address tells the vector */
	.long trap - . - 4
	.endr
	.equ stub_size, 5

trap:	/* 9 doublewords from virtual-8086 mode, and an error code with some exceptions */
	pushal
	movl $SEL_DATA32, %eax
	movl %eax, %ds
	movl %eax, %es
	movl 32(%esp), %eax
	subl $stubs + stub_size, %eax
	xorl %edx, %edx
	movl $stub_size, %ecx
	divl %ecx
	movl %eax, vector
	popal
	leal 4(%esp), %esp
	cmpl $STACK0 - 40, %esp
	je exception
	cmpl $STACK0 - 36, %esp
	jne stop
	/* no error code: a hardware interrupt, or an exception that has none */
	pushal
	movl vector, %eax
	call reflect
resume:	popal
	iretl
exception:
	leal 4(%esp), %esp
	pushal
	cmpl $13, vector
	jne stop
	movl F_CS(%esp), %ebx
	shll $4, %ebx
	addl F_EIP(%esp), %ebx
	cmpb $0xcd, (%ebx)
	je 1f
	cmpb $0xf4, (%ebx)
	jne stop
	cmpl $0, F_CS(%esp) /* the program's own HLT: the end */
	je leave
	incl F_EIP(%esp)
	jmp resume
1:	movzbl 1(%ebx), %eax
	addl $2, F_EIP(%esp)
	incl ints
	call reflect
	jmp resume

reflect: /* eax: vector; 4(%esp): the frame */
	movl F_SS + 4(%esp), %ebx
	shll $4, %ebx
	movl F_ESP + 4(%esp), %ecx
	subw $6, %cx
	movw %cx, F_ESP + 4(%esp)
	movzwl %cx, %ecx
	movw F_EIP + 4(%esp), %dx
	movw %dx, (%ebx, %ecx)
	movw F_CS + 4(%esp), %dx
	movw %dx, 2(%ebx, %ecx)
	movw F_FLAGS + 4(%esp), %dx
	movw %dx, 4(%ebx, %ecx)
	andw $~0x300, F_FLAGS + 4(%esp)
	movzwl (, %eax, 4), %edx
	movl %edx, F_EIP + 4(%esp)
	movzwl 2(, %eax, 4), %edx
	movl %edx, F_CS + 4(%esp)
	ret

stop:	movb $'!', %al
	outb %al, $0xe9
	movb vector, %al
	addb $'0', %al
	outb %al, $0xe9
1:	jmp 1b
	.code16

under:	/* in virtual-8086 mode */
	show32 "cr4", cr4
	smsww %ax
	andw $1, %ax
	show16 " pe", %ax
	pushfl
	popl %eax
	andl $0x3fd5, %eax
	show32 " flags", %eax
	int $0x11
	andw $0x31, %ax
	show16 " int11", %ax
	int $0x12
	show16 " int12", %ax
	movb $0x0f, %ah
	int $0x10
	show16 " int10", %ax
	movb $3, %ah
	xorb %bh, %bh
	int $0x10
	show16 " cursor size", %cx
	movb $1, %ah
	int $0x16
	pushfw
	popw %ax
	andw $0x40, %ax
	show16 " no key", %ax
	movb $0xc0, %ah
	int $0x15
	movw %es, %ax
	show16 " int15/c0", %ax
	newline
	/* three ticks by way of the monitor */
	movw $3, %cx
	movw 0x46c, %bx
1:	cmpw 0x46c, %bx
	je 1b
	movw 0x46c, %bx
	loop 1b
	say "ticks"
	movb $0, %ah
	int $0x1a
	newline
	/* twelve sectors across two moved pages, and the same to plain ones */
	movw $MOVED >> 4, %ax
	call read
	movw $PLAIN >> 4, %ax
	call read
	movw $MOVED >> 4, %ax
	movw %ax, %ds
	movw $PLAIN >> 4, %ax
	movw %ax, %es
	movw $0xa00, %si
	movw %si, %di
	movw $12 * 512, %cx
	cld
	repe cmpsb
	movw %cx, %ax
	movl %es:0xa00, %ebx
	xorw %dx, %dx
	movw %dx, %ds
	movw %dx, %es
	show16 " differ", %ax
	show32 " first", %ebx
	newline
	/* 80h and 60h, too, are of ring 0's to refuse or the IVT's to serve */
	movw $int60, 0x60 * 4
	movw $0, 0x60 * 4 + 2
	xorw %dx, %dx
	stc
	int $0x60
	pushfw
	popw %ax
	andw $0xfd5, %ax
	show16 "int60", %dx
	show16 " flags", %ax
	cmpl $0, ints
	setne %al
	xorb %ah, %ah
	show16 " by ring 0", %ax
	movl $0, ints
	newline
	hlt
int60:	movw $0x6060, %dx
	cli
	iretw

read:	/* ax: segment; offset A00 */
	movw %ax, %es
	movw $0xa00, %bx
	movw $0x0204, %ax
	movw $0x0002, %cx
	xorw %dx, %dx
	int $0x13
	jc 1f
	addw $0x800, %bx
	movw $0x0208, %ax
	movw $0x0006, %cx
	xorw %dx, %dx
	int $0x13
1:	pushfw
	popw %cx
	andw $1, %cx
	show16 " read", %ax
	show16 " carry", %cx
	ret

	.data
	.balign 4
cr4:	.long 0
vector:	.long 0
ints:	.long 0
back:	.word 0
real_sp: .word 0
idtr:	.word 0x7ff
	.long idt
	.balign 8
idt:	.fill 0x100, 8, 0
	.text
