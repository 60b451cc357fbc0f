/* SPDX-License-Identifier: MIT
 *
 * 32-bit code and stack segments in real mode: D and B stay as protected mode left them, through far
 * jumps, calls and interrupts, until the next load in protected mode.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"

	/* CS with D=1 in real mode; the code is 32-bit */
	.macro wide name, code
	call setup
	set_pe
	ljmpw $SEL_CODE32, $7f
	.code32
7:	movl %cr0, %eax
	decl %eax
	movl %eax, %cr0
	ljmpl $0, $8f
8:	\code
	ljmpl $0, $6f
6:	call narrow
	.code16
	show "\name"
	.endm

main:	movw $int60, 0x61 * 4
	movw $0, 0x61 * 4 + 2
	wide "moves", "movl scratch, %ecx; addl $0x11223344, %ecx; movl %ecx, 4(%ebx); movw 8(%ebx), %dx"
	wide "16-bit by prefix", "movw $0x1234, %cx; .byte 0x67, 0x8b, 0x07; movl %eax, %edx"
	wide "stack", "pushl %edx; popl %ecx; pushw %bx; popw %dx; pushal; popal; movl %esp, %ebp"
	wide "call", "call 1f; jmp 2f; 1: incl %edx; ret; 2:"
	wide "strings", "rep movsl; lodsw; stosl"
	wide "far", "pushl $1f; ret; 1: lcall $0, $2f; jmp 3f; 2: incl %edx; lret; 3:"
	wide "segments", "movl $0x1000, %eax; movl %eax, %es; movl %es, %ecx; pushl %ecx; popl %es; les (%ebx), %ebp"
	wide "cr0", "movl %cr0, %ecx; smsw %dx; andw $1, %dx"
	wide "jumps", "xorl %ecx, %ecx; 1: incl %ecx; cmpl $5, %ecx; jne 1b; jecxz 2f; loop 2f; incl %edx; 2:"
	wide "enter", "enter $8, $1; movl %esp, %edx; leave"
	/* an interrupt pushes 16 bits of each and IRET pops what D says: the handler must be 32-bit and
	 * take the frame itself */
	wide "int", "movl $1f, resume; int $0x61; 1:"
	call stack
	call far_code
	ret

	.code32
int60:	/* 32-bit code, on a 16-bit frame */
	popw %cx
	popw %dx
	popw %ax
	andl $FLAGS_SHOWN, %eax
	movl %eax, scratch
	movl resume, %eax
	jmp *%eax

narrow:	/* 32-bit: back to 16-bit code in real mode */
	pushl %eax
	movl %cr0, %eax
	incl %eax
	movl %eax, %cr0
	ljmpl $SEL_CODE16, $1f
	.code16
1:	decl %eax
	movl %eax, %cr0
	ljmpw $0, $2f
2:	popl %eax
	retl

/* SS with B=1 in real mode, where no stack pointer leaves 64 KiB */
stack:	call setup
	set_pe
	ljmpw $SEL_CODE16, $1f
1:	movw $SEL_DATA32, %ax
	movw %ax, %ss
	clear_pe
	ljmpw $0, $2f
2:	movl $0x7000, %esp
	pushl %edx
	pushw %bx
	call 3f
	jmp 4f
3:	ret
4:	popw %cx
	popl %ebp
	movl %esp, %edx
	movw $0x800, %ax
	movw %ax, %ss
	movl $0x7000, %esp
	pushw $0x1234
	int $0x12
	popw %si
	pushfl
	popl %edi
	andl $FLAGS_SHOWN, %edi
	movl %esp, %eax
	movw $0, %cx
	movw %cx, %ss
	movl $0x7bf0, %esp
	call stack_home
	show "stack"
	/* with a limit of 4 GiB the stack may lie high */
	call setup
	set_pe
	ljmpw $SEL_CODE16, $1f
1:	movw $SEL_DATA32, %ax
	movw %ax, %ss
	clear_pe
	ljmpw $0, $2f
2:
	movl $0x300100, %esp
	pushl %edx
	pushw %bx
	call 5f
	jmp 6f
5:	ret
6:	popw %cx
	popl %ebx
	movl (%esp), %ebp
	movl -4(%esp), %ebp
	pushl %esp
	popl %ecx
	movl $0x7bf0, %esp
	call stack_home
	show "high stack"
	ret

stack_home: /* SS 16-bit again */
	pushl %eax
	set_pe
	ljmpw $SEL_CODE16, $1f
1:	movw $SEL_DATA16, %ax
	movw %ax, %ss
	clear_pe
	ljmpw $0, $2f
2:	popl %eax
	ret

/* CS with a limit of 4 GiB in real mode: code beyond 64 KiB */
far_code:
	call setup
	movl $0x00cf9b00, gdt_own + 4
	movl $0x0000ffff, gdt_own
	andb $0xbf, gdt_own + 6 /* 16-bit */
	set_pe
	ljmpw $SEL_OWN, $1f
1:	movw $SEL_DATA4G, %ax
	movw %ax, %es
	movl $high_code, %esi
	movl $0x210000, %edi
	movl $high_code_end - high_code, %ecx
	addr32 rep movsb
	clear_pe
	ljmpw $0, $2f
2:	movl $0x210000, %eax
	pushl $3f
	jmpl *%eax
3:	movl %ecx, %esi
	set_pe
	ljmpw $SEL_CODE16, $4f
4:	clear_pe
	ljmpw $0, $5f
5:	show "beyond 64 KiB"
	ret
high_code:
	movl $5, %ecx
1:	incl %edx
	calll 2f
	.byte 0x66
	loop 1b
	movl %cr0, %ebp
	andl $1, %ebp
	movw %cs, %bx
	retl
2:	incl %edi
	retl
high_code_end:

	.data
resume:	.long 0
	.text
