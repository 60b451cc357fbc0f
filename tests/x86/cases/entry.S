/* SPDX-License-Identifier: MIT
 *
 * A guest program that runs single instructions in real mode, virtual-8086 mode and protected mode
 * and prints what they did: cases.c, to which this is the way in and out.
 */
#include "tests/vmxassist/guest.inc"

	.equ CODE32, 0x08
	.equ DATA32, 0x10
	.equ CODE16, 0x18
	.equ DATA16, 0x20
	.equ TSS, 0x28

main:
	cli
	inb $0x21, %al
	movb %al, pic_mask
	inb $0xa1, %al
	movb %al, pic_mask + 1
	movb $0xff, %al
	outb %al, $0x21
	outb %al, $0xa1
	lgdt gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmp $CODE32, $1f
	.code32
1:	call flat
	movzwl %sp, %esp
	call run_all
	lidt real_idtr
	ljmp $CODE16, $2f
	.code16
2:	call to_real
	movb pic_mask, %al
	outb %al, $0x21
	movb pic_mask + 1, %al
	outb %al, $0xa1
	sti
	ret

to_real: /* from 16-bit protected mode with base 0; all segments become 0 */
	movw $DATA16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	movw %ax, %ss
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	ljmp $0, $1f
1:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	movw %ax, %ss
	ret

	.code32
flat:	movl $DATA32, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %fs
	movl %eax, %gs
	movl %eax, %ss
	lidt idtr
	ret

/* void enter_protected(void): the state in `before`; returns when it traps, with `trap` filled in */
	.global enter_protected
enter_protected:
	pushal
	movl %esp, saved_esp
	testl $0x20000, before + 36
	jz 1f
	pushl before + 64 /* gs fs ds es: where IRET to virtual-8086 mode takes them from */
	pushl before + 60
	pushl before + 56
	pushl before + 44
1:	pushl before + 52
	pushl before + 16
	pushl before + 36
	pushl before + 48
	pushl before + 32
	movl before + 0, %eax
	movl before + 4, %ecx
	movl before + 8, %edx
	movl before + 12, %ebx
	movl before + 20, %ebp
	movl before + 24, %esi
	movl before + 28, %edi
	testl $0x20000, before + 36
	jnz 2f
	movw %cs:before + 44, %es
	movw %cs:before + 60, %fs
	movw %cs:before + 64, %gs
	movw %cs:before + 56, %ds
2:	iretl

	.balign 16
	.global stubs
stubs:
	.set n, 0
	.rept 256
	.if (n == 8) || (n >= 10 && n <= 14) || (n == 17)
	nop
	nop
	.else
	pushl $0
	.endif
	pushl $n
	jmp trapped
	.balign 16
	.set n, n + 1
	.endr

/* the frame, as struct trap of cases.c */
trapped:
	pushal
	pushl %gs
	pushl %fs
	pushl %ds
	pushl %es
	cld
	call flat
	movl %esp, trap
	movl saved_esp, %esp
	popal
	ret

/* void enter_real(void) */
	.global enter_real
enter_real:
	pushal
	movl %esp, saved_esp
	lidt real_idtr
	ljmp $CODE16, $1f
	.code16
1:	call to_real
	pushl before + 36
	popfl
	movw before + 52, %ss
	movl before + 16, %esp
	movl before + 0, %eax
	movl before + 4, %ecx
	movl before + 8, %edx
	movl before + 12, %ebx
	movl before + 20, %ebp
	movl before + 24, %esi
	movl before + 28, %edi
	movw before + 44, %es
	movw before + 60, %fs
	movw before + 64, %gs
	movw before + 56, %ds
	ljmp *%cs:real_target

	.balign 8
	.global real_stubs
real_stubs:
	.set n, 0
	.rept 256
	pushw $n
	jmp real_trapped
	.balign 8
	.set n, n + 1
	.endr

real_trapped:
	movl %eax, %cs:after + 0
	popw %ax
	movzwl %ax, %eax
	movl %eax, %cs:after + 68
	popw %ax
	movzwl %ax, %eax
	movl %eax, %cs:after + 32
	popw %ax
	movzwl %ax, %eax
	movl %eax, %cs:after + 48
	popw %ax
	movzwl %ax, %eax
	movl %eax, %cs:after + 36
	movl %ecx, %cs:after + 4
	movl %edx, %cs:after + 8
	movl %ebx, %cs:after + 12
	movl %esp, %cs:after + 16
	movl %ebp, %cs:after + 20
	movl %esi, %cs:after + 24
	movl %edi, %cs:after + 28
	movw %es, %cs:after + 44
	movw %ss, %cs:after + 52
	movw %ds, %cs:after + 56
	movw %fs, %cs:after + 60
	movw %gs, %cs:after + 64
	xorw %ax, %ax
	movw %ax, %ds
	lgdt gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmp $CODE32, $1f
	.code32
1:	movl $DATA32, %eax
	movl %eax, %ss
	movl saved_esp, %esp
	pushl $2
	popfl
	call flat
	popal
	ret

	.data
	.balign 8
	.global gdt, idt, before, after, trap, real_target, tss
gdt:	.quad 0
	.quad 0x00cf9b000000ffff /* CODE32 */
	.quad 0x00cf93000000ffff /* DATA32 */
	.quad 0x00009b000000ffff /* CODE16 */
	.quad 0x000093000000ffff /* DATA16 */
	.fill 27, 8, 0
gdtr:	.word . - gdt - 1
	.long gdt
idtr:	.word 256 * 8 - 1
	.long idt
real_idtr: .word 0x3ff
	.long 0
	.balign 4
before:	.fill 18, 4, 0
after:	.fill 18, 4, 0
real_target: .long 0
trap:	.long 0
saved_esp: .long 0
pic_mask: .word 0
	.set idt, 0x10000
	.set tss, 0x10800
