/* SPDX-License-Identifier: MIT
 *
 * Ticks at 1 kHz, then at 10 kHz, which is more than the handler can follow under vmxassist at 20 million
 * instructions a second while segments are stale (7,300 for each tick), while the guest goes in and out of protected mode: every register, segment and
 * flag is what it was around each interrupt, 4 GiB limits are kept across interrupts and software
 * interrupts, stale bases are, and REP forms on large segments are resumed. Errors are counted.
 */
#include "tests/vmxassist/guest.inc"

	.macro expect what, is
	cmpl $\is, \what
	je 887f
	incw %cs:errors
887:
	.endm

main:	cli
	movw $tick, 8 * 4
	movw $0, 8 * 4 + 2
	movw $spurious, 15 * 4 /* at 10 kHz the request is gone again at times */
	movw $0, 15 * 4 + 2
	movw $service, 0x60 * 4
	movw $0, 0x60 * 4 + 2
	inb $0x21, %al
	movb %al, masks
	movb $0xfe, %al
	outb %al, $0x21
	lgdt gdtr
	movw $1193, %bx
	movw $400, %cx
	call storm
	movw $119, %bx
	movw $20, %cx
	call storm
	movw $0, %bx
	call rate
	movb masks, %al
	outb %al, $0x21
	sti
	ret

rate:	movb $0x34, %al
	outb %al, $0x43
	movb %bl, %al
	outb %al, $0x40
	movb %bh, %al
	outb %al, $0x40
	ret

storm:	movw %cx, rounds
	movw $0, ticks
	call rate
	sti
1:	call real_window
	call stale_window
	call far_window
	call big_copy
	decw rounds
	jg 1b
	cmpw $1, ticks /* a fast host is through before the second */
	jbe 1b
	show16 "errors", errors
	show16 " unexpected flags in the handler", handler_errors
	newline
	cli
	ret

	/* all registers set, some time with IF=1, and looked at */
	.macro busy
	movl $0x11111111, %ebx
	movl $0x22222222, %ecx
	movl $0x33333333, %edx
	movl $0x44444444, %esi
	movl $0x55555555, %edi
	movl $0x66666666, %ebp
	movl $0x77777777, %eax
	stc
	sti
	nop
	pushfw
	cli
	sti
	popfw
	int $0x60
	jc 886f
	incw %cs:errors
886:	cli
	expect %ebx, 0x11111111
	expect %ecx, 0x22222222
	expect %edx, 0x33333333
	expect %esi, 0x44444444
	expect %edi, 0x55555555
	expect %ebp, 0x66666666
	expect %eax, 0x77777777
	.endm

real_window: /* FS becomes 4 GiB */
	cli
	cr0_pe
	movw $8, %bx
	movw %bx, %fs
	cr0_no_pe
	xorw %bx, %bx
	movw %bx, %fs
	busy
	sti
	movl $0x100000, %esi
	movl rounds, %eax
	movl %eax, %fs:(%esi)
	int $0x60
	movl %fs:(%esi), %ecx
	cmpl %ecx, %eax
	je 1f
	incw errors
1:	ret

stale_window: /* ES has a base that its selector does not mean, while ticks come */
	cli
	cr0_pe
	movw $16, %bx
	movw %bx, %es
	cr0_no_pe
	busy
	sti
	movl $0x600df00d, %eax
	movl %eax, %es:0x10
	int $0x60
	movl %es:0x10, %ebx
	cmpl %ebx, %eax
	jne 1f
	movl 0xf010, %ebx
	cmpl %ebx, %eax
	je 2f
1:	incw errors
2:	notl 0xf010
	movw %es, %ax
	cmpw $16, %ax
	je 3f
	incw errors
3:	xorw %ax, %ax
	movw %ax, %es
	ret

far_window:
	cli
	cr0_pe
	ljmp $24, $1f
1:	movw $32, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	cr0_no_pe
	ljmp $0, $2f
2:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	busy
	sti
	ret

big_copy: /* through FS, from 1 MiB to itself; and a string compare */
	movl $0x110000, %esi
	movl $0x200, %ecx
	sti
	addr32 rep lodsl %fs:(%esi), %eax
	cmpl $0x110000 + 0x800, %esi
	jne 1f
	testl %ecx, %ecx
	jz 2f
1:	incw errors
2:	ret

tick:	pushal
	pushw %ds /* ES may be stale: saving and loading it would end that */
	pushfw
	popw %ax
	testw $0x300, %ax
	jz 1f
	incw %cs:handler_errors
1:	movw %sp, %bp
	movw 38(%bp), %ax
	testw $0x200, %ax
	jnz 2f
	incw %cs:handler_errors
2:	xorw %ax, %ax
	movw %ax, %ds
	incw ticks
	movb $0x20, %al
	outb %al, $0x20
	popw %ds
	popal
	iretw

spurious: /* IRQ 7, not in service */
	iretw

service: /* with interrupts on inside */
	pushal
	sti
	nop
	nop
	popal
	iretw

	.data
	.balign 8
gdt:	.quad 0
	.quad 0x00cf93000000ffff /* 08: 4 GiB */
	.quad 0x00009300f000ffff /* 10: base F000 (below 64 KiB), limit FFFFh */
	.quad 0x00009b000000ffff
	.quad 0x000093000000ffff
gdtr:	.word . - gdt - 1
	.long gdt
masks:	.byte 0
	.balign 4
rounds:	.long 0
ticks:	.word 0
errors:	.word 0
handler_errors: .word 0
