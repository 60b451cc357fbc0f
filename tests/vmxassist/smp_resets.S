/* SPDX-License-Identifier: MIT
 *
 * Resets of a guest with two processors, memory kept: whichever processor asks for it, the first one
 * comes back to the reset vector (CMOS 0Fh says 0Ah: jump through 0040:0067), the other one stops until
 * it is started again.
 */
#include "tests/vmxassist/guest.inc"

	.equ ICR, 0xfee00300
	.equ INIT, 0x0c4500
	.equ SIPI, 0x0c4600
	.equ AP_PAGE, 9

	.macro apic_write register, value
	pushl %edi
	movl $\register, %edi
	movl \value, %fs:(%edi)
	popl %edi
	.endm

main:
	movw $0, step
again:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $0x7c00 - 2, %sp /* main's return address is there */
	cmpw $0, step
	je 1f
	show16 " again: shutdown", step
	movw ticks, %ax
	call wait
	call wait
	cmpw ticks, %ax
	je 2f
	say " still running"
2:	newline
1:	incw step
	movw step, %si
	cmpw $5, %si
	je 9f
	call start
	/* by whom */
	movb $0x8f, %al
	outb %al, $0x70
	movb $0x0a, %al
	outb %al, $0x71
	movw $again, 0x467
	movw $0, 0x469
	cmpw $1, %si
	je port_92
	cmpw $2, %si
	je triple
	/* the other one by the keyboard controller, then by a triple fault */
	movw %si, order
1:	jmp 1b
9:	say "started\n"
	ret

port_92:
	say "port 92h:\n"
	inb $0x92, %al
	orb $1, %al
	outb %al, $0x92
1:	jmp 1b
triple:
	say "triple fault:\n"
triple_now:
	lidtl %cs:none
	int3
none:	.word 0
	.long 0

/* starts the other processor, and waits until it counts */
start:	call make_unreal
	movw $0, order
	movw $0, ticks
	apic_write ICR, "$INIT"
	call wait
	apic_write ICR, "$SIPI+AP_PAGE"
	call wait
1:	cmpw $2, ticks
	jb 1b
	ret

wait:	pushw %ax
	inb $0x61, %al
	andb $0xfc, %al
	orb $1, %al
	outb %al, $0x61
	movb $0xb0, %al
	outb %al, $0x43
	movb $0xff, %al
	outb %al, $0x42
	movb $0x2f, %al
	outb %al, $0x42
1:	inb $0x61, %al
	testb $0x20, %al
	jz 1b
	popw %ax
	ret

make_unreal:
	lgdtl %cs:gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	jmp 1f
1:	movw $0x08, %ax
	movw %ax, %fs
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	jmp 1f
1:	xorw %ax, %ax
	movw %ax, %fs
	ret

	.balign 8
gdt:	.quad 0
	.quad 0x00cf93000000ffff
gdtr:	.word . - gdt - 1
	.long gdt

	.org AP_PAGE * 0x1000 - 0x7c00
	cli
	ljmp $0, $1f
1:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %ss
	movw $0x6000, %sp
2:	incw ticks
	cmpw $3, order
	je 3f
	cmpw $4, order
	jne 2b
	say "triple fault of the other:\n"
	jmp triple_now
3:	say "keyboard controller by the other:\n"
	movb $0xfe, %al
	outb %al, $0x64
4:	hlt
	jmp 4b

step:	.word 0
ticks:	.word 0
order:	.word 0
