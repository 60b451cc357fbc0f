/* SPDX-License-Identifier: MIT
 *
 * A boot sector for bench/services.sh: how long the way here was, then each call of the table 1,000
 * times, both by the TSC, to port E9 as "row CALLS TICKS NAME" in hexadecimal.
 */
	.equ CALLS, 1000

	.code16
	.text
	.globl _start
_start:	movb %dl, %cl
	rdtsc
	movb %cl, %dl
	ljmp $0, $1f
1:	xorw %bx, %bx
	movw %bx, %ds
	movl %eax, ticks
	xorw %ax, %ax
	movw %ax, %es
	movw %ax, %ss
	movw $0x7c00, %sp
	cld
	/* the rest of it */
	movw $0x0203, %ax
	movw $0x0002, %cx
	movb $0, %dh
	movw $0x7e00, %bx
	int $0x13
	movl $1, %eax
	movw $from_reset, %si
	call row
	sti
	movb $2, %cl /* a tick after the start, quiet until the next */
3:	hlt
	loop 3b
	cli
	movw $calls, %bx
next:	movw (%bx), %bp
	testw %bp, %bp
	jz done
	movl 6(%bx), %ecx /* ECX, EDX, EDI: the call's */
	movl %ecx, their_ecx
	movl 10(%bx), %edx
	movl %edx, their_edx
	pushw %bx
	movw 2(%bx), %ax
	movw %ax, their_ax
	xorl %ebx, %ebx
	movl $CALLS, left
	call start
	jmp 5f
4:	movl their_ecx, %ecx
	movl their_edx, %edx
	xorl %ebx, %ebx
	movl $0x8000, %edi
	movw $descriptors, %si
	movzwl their_ax, %eax
	call *%bp
	decl left
5:	jnz 4b
	call stop
	popw %bx
	movl $CALLS, %eax
	movw 4(%bx), %si
	call row
	addw $14, %bx
	jmp next
done:	movw $end_text, %si
	call text
	movw $0x501, %dx /* isa-debug-exit; Bochs' port 8900h */
	outb %al, %dx
	movw $0x8900, %dx
	movw $shutdown, %si
	movw $8, %cx
	rep outsb
6:	hlt
	jmp 6b

start:	rdtsc
	movl %eax, ticks
	orw $1, %ax /* ZF clear */
	ret
stop:	rdtsc
	subl ticks, %eax
	movl %eax, ticks
	ret

ticks:	.long 0, 0
	.org 510
	.word 0xaa55

	/* the calls */
int1b:	int $0x1b
	ret
int08:	int $0x08
	ret
int11:	int $0x11
	ret
int12:	int $0x12
	ret
int15:	int $0x15
	ret
int16:	int $0x16
	ret
int1a:	int $0x1a
	ret

	.macro call_ name, function, ax=0, ecx=0, edx=0
	.word \function, \ax
	.word 777f
	.long \ecx, \edx
	.pushsection .text.names, "ax"
777:	.asciz "\name"
	.popsection
	.endm
calls:
	call_ "IRET", int1b
	call_ "INT 08h", int08
	call_ "INT 11h", int11
	call_ "INT 12h", int12
	call_ "INT 15h/87h, 64 KiB", int15, 0x8700, 0x8000
	call_ "INT 15h/88h", int15, 0x8800
	call_ "INT 15h/E820h", int15, 0xe820, 20, 0x534d4150
	call_ "INT 16h/01h, no key", int16, 0x0100
	call_ "INT 16h/11h, no key", int16, 0x1100
	call_ "INT 1Ah/00h", int1a, 0x0000
	call_ "INT 1Ah/B101h", int1a, 0xb101
	call_ "INT 1Ah/B10Ah", int1a, 0xb10a
	.word 0

row:	/* eax: calls, si: name */
	pushw %si
	pushl %eax
	movw $row_text, %si
	call text
	popl %eax
	call hex
	movl ticks, %eax
	call hex
	popw %si
	call text
	movb $0x0a, %al
	outb %al, $0xe9
	ret
text:	lodsb
	outb %al, $0xe9
	testb %al, %al
	jnz text
	ret
hex:	movw $8, %cx
1:	roll $4, %eax
	pushw %ax
	andb $15, %al
	cmpb $10, %al
	sbbb $0x69, %al
	das
	outb %al, $0xe9
	popw %ax
	loop 1b
	movb $0x20, %al
	outb %al, $0xe9
	ret
row_text: .asciz "row "
end_text: .asciz "end\n"
shutdown: .ascii "Shutdown"
from_reset: .asciz "reset to the boot sector"
descriptors: /* INT 15h/87h: 20000 to 200000 */
	.quad 0, 0
	.word 0xffff, 0, 0x9302, 0
	.word 0xffff, 0, 0x9320, 0
	.quad 0, 0
their_ecx: .long 0
their_edx: .long 0
left:	.long 0
their_ax: .word 0
	.section .text.names, "ax"
	.section .note.GNU-stack, "", @progbits
