/* SPDX-License-Identifier: MIT
 *
 * A boot sector for bench/int13.sh: waits for a key, so that the emulator's log can be turned on, then makes
 * each call of the table between two marks that the log shows, and says so on port E9.
 */
	.equ ROUNDS, 5 /* of each call; the script takes the least */
	.code16
	.text
	.globl _start, before, after
_start:	ljmp $0, $1f
1:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $0x7c00, %sp
	sti
	movb $'w', %al
	outb %al, $0xe9
2:	movb $1, %ah
	int $0x16
	jz 2b
	movw $calls, %bp
next:	movw (%bp), %ax
	testw %ax, %ax
	jz done
	cmpw $1, %ax
	jne 3f
	/* from here on without the bus master: its ports are elsewhere (PIIX3, function 1, register 20h) */
	movl $0x80000920, %eax
	movw $0xcf8, %dx
	outl %eax, %dx
	movw $0xcfc, %dx
	movl $0xff00, %eax
	outl %eax, %dx
	addw $2, %bp
	jmp next
again:	movw (%bp), %ax
3:	movw %ax, function
	movw 2(%bp), %ax
	movw %ax, packet + 2
	movb %al, chs
	movw 4(%bp), %ax
	movw %ax, packet + 4
	movw %ax, %bx
	movw $0x1000, %ax
	movw %ax, %es
	movw $packet, %si
	movw function, %ax
	movb chs, %al
	cmpb $0x40, %ah
	jb 4f
	movb $0, %al
4:	movw $0x0001, %cx
	movw $0x0080, %dx
	pushw %bp
	cli /* no timer interrupt is counted */
before:	int $0x13
after:	sti
	popw %bp
	movb $'.', %al
	jnc 5f
	movb $'!', %al
5:	outb %al, $0xe9
	decb rounds
	jnz again
	movb $ROUNDS, rounds
	addw $6, %bp
	jmp next
done:	movb $'q', %al
	outb %al, $0xe9
	movw $0x501, %dx
	outb %al, %dx
6:	hlt
	jmp 6b

	.balign 4
packet:	.byte 16, 0
	.word 0, 0, 0x1000
	.quad 0
function: .word 0
chs:	.byte 0
rounds:	.byte ROUNDS
	.balign 2
calls:	/* function, count, offset in 1000h */
	.word 0x4200, 1, 0
	.word 0x4200, 8, 0
	.word 0x4200, 127, 0
	.word 0x4200, 127, 1
	.word 0x4300, 127, 0
	.word 0x0200, 63, 0
	.word 1
	.word 0x4200, 1, 0
	.word 0x4200, 127, 0
	.word 0x4300, 127, 0
	.word 0
	.org 510
	.word 0xaa55
	.section .note.GNU-stack, "", @progbits
