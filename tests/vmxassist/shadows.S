/* SPDX-License-Identifier: MIT
 *
 * Where a pending interrupt gets in: the shadows of STI and MOV SS, POPF and IRET that set IF, HLT, in
 * plain code, before instructions that VM86 refuses, and with stale segments. Printed is the offset
 * that the interrupt returns to; 0 is the first instruction with IF=1, or the one that sets it.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/events.inc"

	/* code, with IRQ 0 pending and IF=0 */
	.macro pending name, code:vararg
	say "\name:"
	call request
	from 881f
881:	\code
	cli
	call served
	.endm

	.macro sti_nop
	sti
	nop
	nop
	.endm
	.macro sti_cli
	sti
	cli
	nop
	.endm
	.macro sti_hlt
	sti
	hlt
	nop
	.endm
	.macro sti_lgdt
	sti
	lgdt gdtr
	nop
	.endm
	.macro sti_cr0
	movl %cr0, %eax
	sti
	movl %eax, %cr0
	nop
	.endm
	.macro sti_int
	sti
	int $0x60
	nop
	.endm
	.macro sti_ret
	pushw $884f
	sti
	ret
	nop
884:	nop
	.endm
	.macro sti_sti
	sti
	sti
	nop
	.endm
	.macro sti_rep
	movw $1, %cx
	movw $0x600, %si
	sti
	rep lodsb
	nop
	.endm
	.macro popf_if
	pushw $0x202
	popfw
	nop
	nop
	.endm
	.macro popfd_if
	pushl $0x202
	popfl
	nop
	nop
	.endm
	.macro iret_if
	pushw $0x202
	pushw $0
	pushw $885f
	iretw
	nop
885:	nop
	nop
	.endm
	.macro iretd_if
	pushl $0x202
	pushl $0
	pushl $885f
	iretl
	nop
885:	nop
	nop
	.endm
	.macro sti_unreal
	movl $0x100000, %esi
	sti
	movb %fs:(%esi), %al
	nop
	.endm
	.macro none
	nop
	.endm

	.macro stale_ds /* DS: selector 8, base 0 */
	movw $8, %bx
	call protected_ds
	.endm
	.macro stale_sti_nop
	stale_ds
	sti
	nop
	nop
	cli
	movw %cs:zero, %ds
	.endm
	.macro stale_sti_cli
	stale_ds
	sti
	cli
	nop
	movw %cs:zero, %ds
	.endm
	.macro stale_popf
	stale_ds
	pushw $0x202
	popfw
	nop
	cli
	movw %cs:zero, %ds
	.endm

main:	cli
	inb $0x21, %al
	movb %al, masks
	inb $0xa1, %al
	movb %al, masks + 1
	movb $0xff, %al
	outb %al, $0xa1
	watch 8, 0x60
	call protected_fs
	pending "if off", none
	pending "sti, nop", sti_nop
	pending "sti, cli", sti_cli
	pending "sti, sti", sti_sti
	pending "sti, hlt", sti_hlt
	pending "sti, lgdt", sti_lgdt
	pending "sti, mov cr0", sti_cr0
	pending "sti, int", sti_int
	pending "sti, ret", sti_ret
	pending "sti, rep lodsb", sti_rep
	pending "sti, unreal", sti_unreal
	pending "popf", popf_if
	pending "popfd", popfd_if
	pending "iret", iret_if
	pending "iretd", iretd_if
	pending "stale, sti, nop", stale_sti_nop
	pending "stale, sti, cli", stale_sti_cli
	pending "stale, popf", stale_popf

	/* MOV SS and POP SS hold off what was let in before */
	say "sti, mov ss, mov sp:"
	call request
	from 881f
	movw %ss, %ax
	movw %sp, %bx
881:	sti
	nop /* here, or behind */
	movw %ax, %ss
	movw %bx, %sp
	nop
	cli
	call served
	/* many times, so that the tick falls everywhere: never between the two */
	say "mov ss, mov sp under ticks:"
	movw $torn_handler, 8 * 4
	movb $0xfe, %al
	outb %al, $0x21
	movb $0x34, %al
	outb %al, $0x43
	movb $0x50, %al /* 15 kHz */
	outb %al, $0x40
	movb $0, %al
	outb %al, $0x40
	movl $20000000, %ecx
	movw %sp, %dx
	sti
1:	movw other_ss, %ss
	movw $0x1000, %sp
	nop
	movw zero, %ss
	movw %dx, %sp
	cmpw $200, ticks
	jae 3f
	decl %ecx
	jnz 1b
3:
	cli
	movb $0xff, %al
	outb %al, $0x21
	cmpw $2, ticks
	jb 2f
	say " ticks came"
2:	show16 ", torn", torn
	newline
	movb $0x34, %al
	outb %al, $0x43
	movb $0, %al
	outb %al, $0x40
	outb %al, $0x40
	movb masks, %al
	outb %al, $0x21
	movb masks + 1, %al
	outb %al, $0xa1
	sti
	ret

torn_handler: /* SS:SP is one pair or the other */
	pushw %ax
	pushw %bp
	movw %sp, %bp
	incw %cs:ticks
	movw %ss, %ax
	testw %ax, %ax
	jz 1f
	cmpw $0x1000 - 10, %bp
	je 2f
	jmp 3f
1:	movw %dx, %ax
	subw $10, %ax
	cmpw %ax, %bp
	je 2f
3:	incw %cs:torn
2:	movb $0x20, %al
	outb %al, $0x20
	popw %bp
	popw %ax
	iretw

request: /* IRQ 0, once, and waits until the 8259A has seen it */
	movb $0x30, %al
	outb %al, $0x43
	movb $20, %al
	outb %al, $0x40
	movb $0, %al
	outb %al, $0x40
	movb $0xfe, %al
	outb %al, $0x21
	movb $0x0a, %al
	outb %al, $0x20
1:	inb $0x20, %al
	testb $1, %al
	jz 1b
	ret

served: /* whatever came, and the line's end */
	movb $0xff, %al
	outb %al, $0x21
	cmpw $event_log, event_next
	je 1f
	movb $0x20, %al
	outb %al, $0x20
1:	movb $0x30, %al /* output low again */
	outb %al, $0x43
	jmp events

protected_ds:
	lgdt gdtr
	cr0_pe
	movw %bx, %ds
	cr0_no_pe
	ret
protected_fs:
	lgdt gdtr
	cr0_pe
	movw $16, %bx
	movw %bx, %fs
	cr0_no_pe
	xorw %bx, %bx
	movw %bx, %fs
	ret

	.data
	.balign 8
gdt:	.quad 0
	.quad 0x000093000000ffff /* base 0 */
	.quad 0x00cf93000000ffff
gdtr:	.word . - gdt - 1
	.long gdt
zero:	.word 0
other_ss: .word 0x1000
masks:	.word 0
ticks:	.word 0
torn:	.word 0
