/* SPDX-License-Identifier: MIT
 *
 * A boot sector for bench/services.sh and, with VIDEO, bench/video.sh: how long the way here was, then
 * the calls of a table, each as often as it says, both by the TSC, to port E9 as
 * "row CALLS TICKS NAME" in hexadecimal.
 */
	.equ SECTORS, 7

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
	movw $0x0200 | SECTORS, %ax
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
	movw 4(%bx), %ax
	movw %ax, their_ax
	movl 8(%bx), %ecx /* EBX, ECX, EDX: the call's */
	movl %ecx, their_ebx
	movl 12(%bx), %ecx
	movl %ecx, their_ecx
	movl 16(%bx), %edx
	movl %edx, their_edx
	movzwl 20(%bx), %eax
	movl %eax, left
	pushl %eax
	pushw %bx
	movw %bp, function
	call *2(%bx)
	call start
	jmp 5f
4:	movl their_ecx, %ecx
	movl their_edx, %edx
	movl their_ebx, %ebx
	movl $0x9000, %edi
	movw $descriptors, %si
	movzwl their_ax, %eax
	call *function
	decl left
5:	jnz 4b
	call stop
	popw %bx
	popl %eax
	movw 6(%bx), %si
	call row
	addw $22, %bx
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
nothing: ret

	/* prepare: what is done once before */
	.macro call_ name, function, ax=0, ecx=0, edx=0, ebx=0, calls=1000, prepare=nothing
	.word \function, \prepare, \ax
	.word 777f
	.long \ebx, \ecx, \edx
	.word \calls
	.pushsection .text.names, "ax"
777:	.asciz "\name"
	.popsection
	.endm

#ifdef VIDEO
int10:	int $0x10
	ret
teletype_line: /* 13h */
	movw $0x9400, %bp
	int $0x10
	ret
vbe2:	movl $0x32454256, (%di) /* "VBE2" */
	int $0x10
	ret
window:	lcall *window_function
	ret

	/* mode BX and what belongs to it */
mode3:	movw $0x0003, %ax
	int $0x10
	ret
mode3_last:
	call mode3
last:	movw $0x0200, %ax
	movw $0x1800, %dx
	xorw %bx, %bx
	int $0x10
	ret
mode12:	movw $0x0012, %ax
	int $0x10
	ret
mode12_last:
	call mode12
	movw $0x1d00, %dx
	movw $0x0200, %ax
	xorw %bx, %bx
	int $0x10
	ret
mode13:	movw $0x0013, %ax
	int $0x10
	ret
mode13_last:
	call mode13
	jmp last
string:	call mode3
	movw $0x9400, %di
	movb $'A', %al
	movw $80, %cx
	rep stosb
	ret
mode101: movw $0x4f02, %ax
	movw $0x101, %bx
	int $0x10
	movw $0x4f01, %ax
	movw $0x101, %cx
	movw $0x9000, %di
	int $0x10
	movl 0x900c, %eax
	movl %eax, window_function
	ret
window_function: .long 0

calls:
	call_ "IRET", int1b
	call_ "set mode 03h", int10, 0x0003, calls=16
	call_ "set mode 12h", int10, 0x0012, calls=16
	call_ "set mode 13h", int10, 0x0013, calls=16
	call_ "02h", int10, 0x0200, 0, 0x0510, prepare=mode3
	call_ "03h", int10, 0x0300
	call_ "0Fh", int10, 0x0f00
	call_ "0Eh", int10, 0x0e41, prepare=mode3, calls=1024
	call_ "0Eh, line feed on the last row", int10, 0x0e0a, ebx=7, prepare=mode3_last, calls=64
	call_ "09h x 1", int10, 0x0941, 1, 0, 7, prepare=mode3
	call_ "09h x 2000", int10, 0x0941, 2000, 0, 7, prepare=mode3, calls=64
	call_ "13h, 80 characters", teletype_line, 0x1301, 80, 0, 7, prepare=string, calls=64
	call_ "06h, one line", int10, 0x0601, 0, 0x184f, 0x0700, prepare=mode3, calls=64
	call_ "06h, all", int10, 0x0600, 0, 0x184f, 0x0700, prepare=mode3, calls=64
	call_ "mode 12h: 0Eh", int10, 0x0e41, ebx=7, prepare=mode12, calls=64
	call_ "mode 12h: line feed", int10, 0x0e0a, ebx=7, prepare=mode12_last, calls=64
	call_ "mode 12h: pixel", int10, 0x0c05, 100, 100, prepare=mode12
	call_ "mode 13h: 0Eh", int10, 0x0e41, ebx=7, prepare=mode13, calls=64
	call_ "mode 13h: line feed", int10, 0x0e0a, ebx=7, prepare=mode13_last, calls=64
	call_ "mode 13h: pixel", int10, 0x0c05, 100, 100, prepare=mode13
	call_ "4F00h", vbe2, 0x4f00, calls=64
	call_ "4F01h", int10, 0x4f01, 0x101, calls=64
	call_ "4F02h, 101h", int10, 0x4f02, ebx=0x101, calls=4
	call_ "4F02h, 112h", int10, 0x4f02, ebx=0x112, calls=4
	call_ "4F02h, 118h", int10, 0x4f02, ebx=0x118, calls=4
	call_ "4F05h", int10, 0x4f05, 0, 1, 0, prepare=mode101
	call_ "4F05h by far call", window, 0x4f05, 0, 1, 0, prepare=mode101
	.word 0
#else
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
#endif

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
their_ebx: .long 0
their_ecx: .long 0
their_edx: .long 0
left:	.long 0
their_ax: .word 0
function: .word 0
	.section .text.names, "ax"
	.section .note.GNU-stack, "", @progbits
