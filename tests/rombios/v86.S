/* SPDX-License-Identifier: MIT
 *
 * A virtual-8086 monitor for the guest programs, as EMM386 is one: after v86_enter() the program goes on
 * in VM86 at IOPL 3 with paging, some of its own pages elsewhere in memory, every interrupt reflected
 * by ring 0; v86_leave() brings it back to real mode. HLT, which faults there, does nothing.
 * v86_faults counts other faults; the instruction is skipped by one byte then.
 */
#define BASE 0x10000 /* of the program's segment */
	.equ SEG, BASE >> 4
	.equ PD, 0x94000
	.equ PT, 0x95000
	.equ TSS, 0x96000
	.equ IO_MAP, 0x68
	.equ TSS_LIMIT, IO_MAP + 0x2000
	.equ IDT, 0x99000
	.equ STACK0, 0x9b000
	.equ FRAMES, 0x200000 /* where pages are moved to, every third one */
	.equ SEL_CODE32, 0x08 /* these with the program's base */
	.equ SEL_DATA32, 0x10
	.equ SEL_FLAT, 0x18
	.equ SEL_CODE16, 0x20
	.equ SEL_DATA16, 0x28
	.equ SEL_TSS, 0x30
	.equ LEAVE, 0xfe
	.equ EFLAGS_VM, 0x20000
	/* the frame at ESP0, from EIP on, without an error code */
	.equ FRAME, 36
	/* from the registers on */
	.equ F_ERROR, 36
	.equ F_EIP, 40
	.equ F_CS, 44
	.equ F_FLAGS, 48
	.equ F_ESP, 52
	.equ F_SS, 56

	.code16
	.text
	.global v86_enter, v86_leave, v86_faults
/* void v86_enter(uint32_t page, uint32_t count): linear pages that shall lie elsewhere */
v86_enter:
	pushal
	cli
	movl %eax, first
	movl %edx, count
	movl %esp, came
	/* page tables: 4 MiB as they are, but for those pages */
	pushw $PD >> 4
	popw %es
	xorl %eax, %eax
	xorw %di, %di
	movw $1024, %cx
	rep stosl
	movl $PT + 7, %es:0
	pushw $PT >> 4
	popw %es
	xorw %di, %di
	movl $7, %eax
	movw $1024, %cx
1:	stosl
	addl $0x1000, %eax
	loop 1b
	movl first, %edi
	shlw $2, %di
	movl $FRAMES + 7, %eax
	movw count, %cx
	jcxz 2f
1:	stosl
	addl $0x3000, %eax
	loop 1b
2:	pushw $TSS >> 4
	popw %es
	xorl %eax, %eax
	xorw %di, %di
	movw $(TSS_LIMIT + 3) / 4 + 1, %cx
	rep stosl
	movl $STACK0, %es:4
	movw $SEL_FLAT, %es:8
	movw $IO_MAP, %es:0x66
	movb $0xff, %es:TSS_LIMIT
	movb $0x89, gdt + SEL_TSS + 5 /* not busy */
	pushw $IDT >> 4
	popw %es
	xorw %di, %di
	movw $stubs, %ax
	movw $256, %cx
1:	movw %ax, %es:(%di)
	movw $SEL_CODE32, %es:2(%di)
	movl $0xee00, %es:4(%di)
	addw $8, %di
	addw $8, %ax
	loop 1b
	lgdtl gdtr
	lidtl idtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpl $SEL_CODE32, $in_protected_mode
	.code32
in_protected_mode:
	movw $SEL_DATA32, %ax
	movw %ax, %ds
	movw $SEL_FLAT, %ax
	movw %ax, %es
	movw %ax, %ss
	movl $STACK0, %esp
	movl $PD, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	movl %cr0, %eax
	orl $0x80000000, %eax
	/* what the pages hold moves with them: copied while they lie where they were */
	movl first, %esi
	shll $12, %esi
	movl $FRAMES, %edi
	movl count, %edx
1:	testl %edx, %edx
	jz 2f
	movl $1024, %ecx
	rep movsl %es:(%esi), %es:(%edi)
	addl $0x2000, %edi
	decl %edx
	jmp 1b
2:	movl %eax, %cr0
	jmp 3f
3:	movw $SEL_TSS, %ax
	ltr %ax
	pushl $SEG
	pushl $SEG
	pushl $SEG
	pushl $SEG
	pushl $SEG
	pushl came
	pushl $EFLAGS_VM | 0x3202
	pushl $SEG
	pushl $back
	iretl
	.code16
back:	popal
	retl

v86_leave:
	pushal
	movl %esp, came
	int $LEAVE
	.code16
real:	cli
	movw $SEG, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	movl came, %esp
	lidtl real_idtr
	sti
	popal
	retl
leave16:
	movw $SEL_DATA16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	movl %cr0, %eax
	andl $0x7ffffffe, %eax
	movl %eax, %cr0
	ljmpw $SEG, $real

	.code32
	/* eight bytes each: the vector, and on */
	.balign 8
stubs:
	.set n, 0
	.rept 256
	.balign 8
	.byte 0x6a, n /* PUSH imm8, sign-extended */
	jmp common
	.set n, n + 1
	.endr
common: /* ESP: vector, then EIP or an error code */
	pushal
	movw $SEL_DATA32, %bp
	movw %bp, %ds
	movw $SEL_FLAT, %bp
	movw %bp, %es
	movl %esp, %ebp
	movzbl 32(%ebp), %eax
	cmpl $STACK0 - FRAME - 36, %esp
	je interrupt
	/* an error code: a fault */
	movl F_CS(%ebp), %esi
	shll $4, %esi
	addl F_EIP(%ebp), %esi
	cmpb $0xf4, %es:(%esi)
	je 2f
	movl %es:(%esi), %edx
	andl $0xf8ffff, %edx
	cmpl $0xc0200f, %edx
	jne 1f
	/* MOV from CR0, as EMM386 does it; EAX is stored last but first of the registers */
	movzbl %es:2(%esi), %edx
	andl $7, %edx
	negl %edx
	movl %cr0, %eax
	movl %eax, 28(%ebp, %edx, 4)
	addw $2, F_EIP(%ebp)
	jmp 2f
1:	incl v86_faults
2:	incw F_EIP(%ebp)
	popal
	addl $8, %esp
	iretl
interrupt: /* no error code: everything four bytes lower */
	subl $4, %ebp
	cmpl $LEAVE, %eax
	je leave
	movl F_SS(%ebp), %edi
	shll $4, %edi
	movl F_ESP(%ebp), %ecx
	movl F_FLAGS(%ebp), %edx
	subw $2, %cx
	movzwl %cx, %ecx
	movw %dx, %es:(%edi, %ecx)
	movl F_CS(%ebp), %esi
	subw $2, %cx
	movw %si, %es:(%edi, %ecx)
	movl F_EIP(%ebp), %esi
	subw $2, %cx
	movw %si, %es:(%edi, %ecx)
	movw %cx, F_ESP(%ebp)
	andl $~0x300, F_FLAGS(%ebp)
	movzwl %es:(, %eax, 4), %esi
	movl %esi, F_EIP(%ebp)
	movzwl %es:2(, %eax, 4), %esi
	movl %esi, F_CS(%ebp)
	popal
	addl $4, %esp
	iretl
leave:	/* the pages go home: through a second view of them there is none, so after paging */
	movl %cr0, %eax
	andl $0x7fffffff, %eax
	movl %eax, %cr0
	movl first, %edi
	shll $12, %edi
	movl $FRAMES, %esi
	movl count, %edx
1:	testl %edx, %edx
	jz 2f
	movl $1024, %ecx
	rep movsl %es:(%esi), %es:(%edi)
	addl $0x2000, %esi
	decl %edx
	jmp 1b
2:	ljmpl $SEL_CODE16, $leave16

	.balign 8
gdt:	.quad 0
	.quad 0x00cf9a0100000000 | 0xffff
	.quad 0x00cf92010000ffff
	.quad 0x00cf92000000ffff
	.quad 0x00009a010000ffff
	.quad 0x000092010000ffff
	.quad (TSS_LIMIT & 0xffff) | (TSS & 0xffff) << 16 | (TSS >> 16) << 32 | 0x890000000000
gdtr:	.word . - gdt - 1
	.long gdt + BASE
idtr:	.word 0x7ff
	.long IDT
real_idtr:
	.word 0x3ff
	.long 0
	.balign 4
first:	.long 0
count:	.long 0
came:	.long 0
v86_faults: .long 0
	.section .note.GNU-stack, "", @progbits
