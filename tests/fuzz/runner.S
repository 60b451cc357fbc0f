/* SPDX-License-Identifier: MIT
 *
 * A guest for a disk: runs the programs that tests/fuzz/programs.c has generated, one after the
 * other from the same state, and prints for each one line to port E9: the state it ended in and what
 * it ran into on the way. Natively and under vmxassist the lines are the same.
 *
 * GS is the runner's own: selector 0, base 0, limit 4 GiB, stale where PE=1, and so good in every
 * mode. A program's exceptions, and its INT 40h at the end, come to `handler`, assembled for each of
 * three worlds: real mode, real mode with a 32-bit code segment, protected mode. After a fault it
 * goes on with the next instruction.
 */
#include "tests/fuzz/runner.h"

	.text
	.code16
	.global _start
_start:
	ljmp $0, $1f
1:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $0x7c00, %sp
	cld
	movb %dl, drive
2:	movb drive, %dl
	movw $packet, %si
	movb $0x42, %ah
	int $0x13
	jc 3f
	addw $SECTORS_PER_READ * 512 / 16, packet + 6
	addl $SECTORS_PER_READ, packet + 8
	cmpw $PROGRAMS_END >> 4, packet + 6
	jb 2b
	movw $PROGRAMS >> 4, %ax /* the runner itself came first */
	movw %ax, %ds
	movw $512, %si
	movw $0x7e00, %di
	movw $(RUNNER_SECTORS - 1) * 512, %cx
	rep movsb
	movw %cx, %ds
	jmp start
3:	movw $error_text, %si
	call screen
	jmp .

screen: /* text at si to the screen */
	lodsb
	testb %al, %al
	jz 1f
	movw $0x0007, %bx
	movb $0x0e, %ah
	int $0x10
	jmp screen
1:	ret

error_text: .asciz "guest read error\r\n"
done_text: .asciz "guest done\r\n"
	.balign 4
packet:	.byte 16, 0 /* INT 13h/42h */
	.word SECTORS_PER_READ
	.word 0, PROGRAMS >> 4
	.quad 0
drive:	.byte 0
	.org 510
	.word 0xaa55

start:	cli
	movb $0xff, %al /* no interrupts: they never come at the same place twice */
	outb %al, $0x21
	outb %al, $0xa1
	xorw %si, %si
	movw $SAVED_IVT, %di
	movw $512, %cx
	rep movsw
	/* every vector to a stub of its own: PUSH Ib and JMP Jz, which where CS.D=1 takes two more
	   bytes and so leads two bytes farther */
	xorw %bx, %bx
	movw $STUBS, %di
1:	movw %di, (%bx)
	movw $0, 2(%bx)
	movb $0x6a, %al
	stosb
	movw %bx, %ax
	shrw $2, %ax
	stosb
	movb $0xe9, %al
	stosb
	movw $real_entry - 2, %ax
	subw %di, %ax
	stosw
	xorw %ax, %ax
	stosw
	incw %di
	addw $4, %bx
	cmpw $4 * 256, %bx
	jb 1b
	/* A gate for each. A guest that takes its IDT for an IVT comes to 8:(offset), two bytes before
	   protected_entry, or to 0:8E00. */
	xorw %bx, %bx
	movw $GATE_STUBS, %di
2:	movb $0x6a, %al
	stosb
	movb %bl, %al
	stosb
	movb $0xe9, %al
	stosb
	movl $protected_entry - 4, %eax
	movzwl %di, %edx
	subl %edx, %eax
	stosl
	movw $IDT >> 4, %ax
	movw %ax, %ds
	movw %bx, %si
	shlw $3, %si
	leaw -7(%di), %ax
	movw %ax, (%si)
	movw $0x08, 2(%si)
	movl $0x8e00, 4(%si)
	addw $16 - 7, %di
	incw %bx
	cmpw $GATES, %bx
	jb 2b
	/* page tables that map memory to itself: 4 MiB pages, and PAE's 2 MiB pages for 1 GiB */
	movw $PAGES >> 4, %ax
	movw %ax, %es
	xorw %di, %di
	movl $0xe7, %eax
3:	stosl
	addl $0x400000, %eax
	cmpw $0x1000, %di
	jb 3b
	movl $PAGES + 0x2000 + 1, %eax
	stosl
	xorl %eax, %eax
	movw $7, %cx
	rep stosl
	movw $0x2000, %di
	movl $0xe7, %edx
4:	movl %edx, %eax
	stosl
	xorl %eax, %eax
	stosl
	addl $0x200000, %edx
	cmpw $0x3000, %di
	jb 4b
	/* the GDT */
	xorw %ax, %ax
	movw %ax, %ds
	movw $GDT >> 4, %ax
	movw %ax, %es
	movw $gdt_list, %si
5:	lodsw
	movw %ax, %di
	cmpw $0xffff, %ax
	je 6f
	movsl
	movsl
	jmp 5b
6:	xorw %ax, %ax
	movw %ax, %es
	movw $ivt, %si
	movw $IDTR_REAL, %di
	movw $6, %cx
	rep movsl
	movl $PROGRAMS + RUNNER_SECTORS * 512 + 4, NEXT
	movw $PROGRAMS >> 4, %ax
	movw %ax, %es
	movl %es:RUNNER_SECTORS * 512, %eax
	movl %eax, LEFT
	movl $0, NUMBER
	movw $begin_text, %si
	call puts
	jmp finish

begin_text: .asciz "\n<guest>\n"
end_text: .asciz "</guest>\n"

puts:	lodsb
	testb %al, %al
	jz 1f
	outb %al, $0xe9
	jmp puts
1:	ret

put32:	movw $8, %cx
1:	roll $4, %eax
	pushl %eax
	andb $15, %al
	addb $'0', %al
	cmpb $'9', %al
	jbe 2f
	addb $39, %al
2:	outb %al, $0xe9
	popl %eax
	loop 1b
	ret

dump:	/* dwords from bx up to dx */
	movb $' ', %al
	outb %al, $0xe9
	movl (%bx), %eax
	call put32
	addw $4, %bx
	cmpw %dx, %bx
	jb dump
	ret

show:	/* one line */
	movl NUMBER, %eax
	call put32
	movw $REGS, %bx
	movw $SHOWN_END, %dx
	call dump
	movw $LOG, %bx
1:	movw COUNT, %ax
	shlw $5, %ax
	addw $LOG, %ax
	cmpw %ax, %bx
	jae 2f
	movb $'|', %al
	outb %al, $0xe9
	leaw 32(%bx), %dx
	call dump
	jmp 1b
2:	movb $10, %al
	outb %al, $0xe9
	ret

/* --- from one program to the next --- */

after_reset: /* from F000:FFF0 by way of 40:67 */
	cli
	cld
	incl %cs:RESETS
	jmp finish

finish: /* real mode, CS 0 */
	cli
	lgdtl %cs:gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpl $0x08, $finish32

back:	/* 16-bit protected mode, all else done */
	xorw %ax, %ax
	lldt %ax /* else selectors would lead into the BIOS' memory */
	movw $0x20, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw $0x10, %ax
	movw %ax, %gs
	movl $0x10, %eax
	movl %eax, %cr0
	ljmp $0, $1f
1:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	lidtl ivt
	movl $0x7b00, %esp
	cmpl $0, NUMBER
	je 2f
	call show
2:	movl NEW_NUMBER, %eax
	movl %eax, NUMBER
	xorl %eax, %eax
	movw $REGS, %di
	movw $(NEXT - REGS) / 4, %cx
	rep stosl
	decl LEFT
	js 3f
	/* a triple fault comes to after_reset: CMOS shutdown code 0Ah, no EOI */
	movb $0x8f, %al
	outb %al, $0x70
	movb $0x0a, %al
	outb %al, $0x71
	movw $after_reset, 0x467
	movw $0, 0x469
	movw $0x1800, %ax
	movw %ax, %ds
	movw $0x1900, %ax
	movw %ax, %es
	movw $0x1a00, %ax
	movw %ax, %ss
	movw $0x1b00, %ax
	movw %ax, %fs
	movl $0x0800, %esp
	movl %gs:FIRST, %eax
	movl %gs:FIRST + 4, %ecx
	movl %gs:FIRST + 8, %edx
	movl %gs:FIRST + 12, %ebx
	movl %gs:FIRST + 20, %ebp
	movl %gs:FIRST + 24, %esi
	movl %gs:FIRST + 28, %edi
	ljmp $PROGRAM_SEGMENT, $PROGRAM_OFFSET
3:	movb $0x8f, %al
	outb %al, $0x70
	xorb %al, %al
	outb %al, $0x71
	movw $SAVED_IVT, %si
	xorw %di, %di
	movw $512, %cx
	rep movsw
	movw $end_text, %si
	call puts
	movw $done_text, %si
	call screen
4:	hlt
	jmp 4b

	.code32
finish32:
	cli
	cld
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl $0x7b00, %esp
	movl $0x11, %eax
	movl %eax, %cr0
	xorl %eax, %eax
	movl %eax, %cr4
	movl $0x400, %eax
	movl %eax, %dr7
	movl $0xffff0ff0, %eax
	movl %eax, %dr6
	fninit
	pushl $0x3002 /* IOPL 3, as VM86 shows it */
	popfl
	xorl %eax, %eax
	movl $SANDBOX, %esi
1:	.set off, 0
	.rept 4
	roll $3, %eax
	addl off(%esi), %eax
	.set off, off + 4
	.endr
	addl $16, %esi
	cmpl $SANDBOX_END, %esi
	jb 1b
	movl %eax, CHECKSUM
	cmpl $0, NUMBER
	jne 2f
	movl $PATTERN, %edi
4:	imull $0x9e3779b1, %edi, %eax
	stosl
	cmpl $PATTERN + SANDBOX_END - SANDBOX, %edi
	jb 4b
2:	movl $PATTERN, %esi
	movl $SANDBOX, %edi
	movl $(SANDBOX_END - SANDBOX) / 4, %ecx
	rep movsl
	cmpl $0, LEFT
	je 3f
	movl NEXT, %esi
	movl %esi, %edx
	movl %esi, %ebx
	movzwl (%esi), %eax
	addl %eax, %edx
	movl %edx, NEXT
	addl $8, %esi
	movl $FIRST, %edi
	movl $8, %ecx
	rep movsl
	movzwl 6(%ebx), %eax
	movl %eax, NEW_NUMBER
	movzwl 2(%ebx), %ecx
	movl $TABLE, %edi
	rep movsw
	movw $0xffff, (%edi)
	movzwl 4(%ebx), %ecx
	movl $PROGRAM_SEGMENT * 16 + PROGRAM_OFFSET, %edi
	rep movsb
3:	ljmp $0x30, $back

/* --- the handler --- */

	.macro probe seg, to /* what lies behind a segment, and how far it reaches */
	.irp off, 0, 0xfffd, 0x12340
	movl $7f, %gs:PROBE
	movl $\off, %esi
	movl %\seg:(%esi), %eax
7:	movl %eax, %gs:\to + (\off & 3) * 4 + (\off >> 13 & 8)
	.endr
	movl $0, %gs:PROBE
	.endm

	/* v: suffix of PUSH Ib's slot; w: of the frame; out: the way to finish32 */
	.macro handler v, w, protected, out
	cmpl $0, %gs:PROBE
	je 1f
	movl $0xdead0000, %eax /* the runner's own fault; its frame stays where it is */
	.ifc \v,w
	popw %ax
	.else
	popl %eax
	.endif
	movl %gs:PROBE, %edx
	jmpl *%edx
1:	movl %eax, %gs:REGS
	movl %ecx, %gs:REGS + 4
	movl %edx, %gs:REGS + 8
	movl %ebx, %gs:REGS + 12
	movl %ebp, %gs:REGS + 20
	movl %esi, %gs:REGS + 24
	movl %edi, %gs:REGS + 28
	xorl %eax, %eax
	movl %eax, %gs:VECTOR
	movl %eax, %gs:ERROR
	movl %eax, %gs:IP
	movl %eax, %gs:CSEL
	movl %eax, %gs:FLAGS
	pop\v %gs:VECTOR
	.if \protected
	movl %gs:VECTOR, %eax
	cmpl $32, %eax
	jae 2f
	movl $0x27d00, %ecx /* those with an error code */
	btl %eax, %ecx
	jnc 2f
	popl %gs:ERROR
2:
	.endif
	pop\w %gs:IP
	pop\w %gs:CSEL
	pop\w %gs:FLAGS
	movl %esp, %gs:REGS + 16
	movw %es, %gs:SEGS
	movw %ss, %gs:SEGS + 4
	movw %ds, %gs:SEGS + 8
	movw %fs, %gs:SEGS + 12
	cld
	movl %gs:COUNT, %ebx
	incl %gs:COUNT
	shll $5, %ebx
	movl %gs:VECTOR, %eax
	movl %eax, %gs:LOG(%ebx)
	movl %gs:ERROR, %eax
	movl %eax, %gs:LOG + 4(%ebx)
	movl %gs:CSEL, %eax
	movl %eax, %gs:LOG + 8(%ebx)
	movl %gs:IP, %eax
	movl %eax, %gs:LOG + 12(%ebx)
	movl %gs:FLAGS, %eax
	/* Bochs has RF=0 in the image of a #DB by DR7.GD or after an iteration of REP; SDM vol. 3,
	   17.3.1.1: it is 1. vectors.c, rf_of_debug_exceptions */
	cmpb $1, %gs:VECTOR
	jne 9f
	andl $~0x10000, %eax
9:	movl %eax, %gs:LOG + 16(%ebx)
	movl %cr0, %eax
	movl %eax, %gs:LOG + 20(%ebx)
	movl %gs:REGS + 16, %eax
	movl %eax, %gs:LOG + 24(%ebx)
	xorl %eax, %eax
	.irp reg, 0, 4, 8, 12, 20, 24, 28, 32, 36, 40, 44
	roll $3, %eax
	addl %gs:REGS + \reg, %eax
	.endr
	movl %eax, %gs:LOG + 28(%ebx)
	movl %gs:VECTOR, %eax
	cmpb $END_VECTOR, %al
	je 6f
	cmpl $MOST_EVENTS, %gs:COUNT
	jae 8f
	.if \protected == 0
	cmpw $PROGRAM_SEGMENT, %gs:CSEL /* a stale CS: real mode cannot go back to it */
	jne 8f
	.endif
	cmpb $INT_VECTOR, %al
	jae 5f
	cmpb $3, %al
	je 5f
	cmpb $4, %al
	je 5f
	cmpb $1, %al
	jne 3f
	andb $0xfe, %gs:FLAGS + 1 /* one single step */
	jmp 5f
3:	movl $TABLE, %esi /* a fault: on with the next instruction */
	movzwl %gs:IP, %eax
4:	movzwl %gs:(%esi), %ecx
	cmpl $0xffff, %ecx
	je 8f
	movl %ecx, %edx
	andb $0x7f, %ch
	addl $2, %esi
	cmpl %eax, %ecx
	jbe 4b
	testb $OTHER_WIDTH >> 8, %dh
	jnz 8f
	movl %ecx, %gs:IP
5:	push\w %gs:FLAGS
	push\w %gs:CSEL
	push\w %gs:IP
	movl %gs:REGS, %eax
	movl %gs:REGS + 4, %ecx
	movl %gs:REGS + 8, %edx
	movl %gs:REGS + 12, %ebx
	movl %gs:REGS + 20, %ebp
	movl %gs:REGS + 24, %esi
	movl %gs:REGS + 28, %edi
	iret\w
6:	probe es, PROBES
	probe ss, PROBES + 12
	probe ds, PROBES + 24
	probe fs, PROBES + 36
8:	jmp \out
	.endm

	.code16
to_real16:
	jmp real16
real_entry:
	.byte 0xeb, to_real16 - . - 1
	.code32
	handler l, w, 0, real_out
real_out:
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmp $0x08, $finish32
	.code16
real16:	handler w, w, 0, finish
wild_far: /* CS is 8 */
	ljmp $0, $wild
	.byte 0xeb, wild_far - . - 1
	.code32
protected_entry:
	handler l, l, 1, finish32
	.code16

	.macro segment selector, base, limit, ar
	.word \selector
	.word (\limit) & 0xffff
	.word (\base) & 0xffff
	.byte (\base) >> 16
	.byte (\ar) & 0xff
	.byte (\ar) >> 8 | (\limit) >> 16
	.byte 0
	.endm

	.balign 8
ivt:	.word 0x3ff
	.long 0
	.balign 8
	.word GATES * 8 - 1
	.long IDT
	.balign 8
gdtr:	.word 0x1fff
	.long GDT
gdt_list:
#define SEGMENT(selector, base, limit, ar) segment selector, base, limit, ar
#include "tests/fuzz/segments.def"
	.word 0xffff

	.org 0x8e00 - 0x7c00
wild:	incl %cs:WILD
	jmp finish
	.org RUNNER_SECTORS * 512
