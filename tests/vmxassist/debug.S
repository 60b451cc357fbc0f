/* SPDX-License-Identifier: MIT
 *
 * #DB in real mode: single step over every kind of instruction, those that VM86 refuses among them,
 * and the four breakpoints: on execution, on data, on ports; DR6, DR7, GD, RF.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/events.inc"

	.macro steps name, code:vararg /* single-steps code */
	say "\name:"
	from 881f
	pushw $0x0302
	pushw %cs
	pushw $881f
	movw $882f, step_end
	iretw
881:	\code
882:	nop
	call events
	.endm

	.macro cli_sti
	cli
	sti
	nop
	.endm
	.macro load_ss
	movw %ss, %ax
	movw %ax, %ss
	nop
	nop
	.endm
	.macro pop_ss
	pushw %ss
	popw %ss
	nop
	nop
	.endm
	.macro string
	movw $3, %cx
	movw $0x600, %si
	movw $0x700, %di
	rep movsb
	.endm
	.macro flags_round
	pushfw
	popfw
	nop
	.endm
	.macro interrupt
	int $0x60
	nop
	.endm
	.macro tables
	sgdt table
	lgdt table
	lidt ivt
	.endm
	.macro control
	movl %cr0, %eax
	movl %eax, %cr0
	movl %cr3, %eax
	.endm
	.macro ports
	inb $0x61, %al
	outb %al, $0x80
	.endm
	.macro breakpoint
	int3
	nop
	.endm
	.macro far_call
	lcallw $0, $routine
	nop
	.endm
	.macro iret_clear_tf /* the image's TF ends it */
	pushw $0x202
	pushw $0
	pushw $885f
	iretw
885:	nop
	.endm
	.macro iret_set_tf
	pushw $0x302
	pushw $0
	pushw $885f
	iretw
885:	nop
	.endm
	.macro popf_clear_tf
	pushw $0x202
	popfw
	nop
	.endm
	.macro unreal
	movl $0x100000, %esi
	movb %fs:(%esi), %al
	nop
	.endm
	.macro dr n, value
	movl $\value, %eax
	movl %eax, %dr\n
	.endm
	.macro no_breakpoints
	dr 7, 0x400
	.endm

main:	movb $0xff, %al
	outb %al, $0x21
	outb %al, $0xa1
	watch 1, 3, 6, 13, 0x60
	movl $0xffff0ff0, %eax
	movl %eax, %dr6
	call big_fs

	steps "nop", nop
	steps "cli, sti", cli_sti
	steps "mov ss", load_ss
	steps "pop ss", pop_ss
	steps "rep movsb", string
	steps "pushf, popf", flags_round
	steps "int 60h", interrupt
	steps "tables", tables
	steps "control registers", control
	steps "ports", ports
	steps "int3", breakpoint
	steps "far call", far_call
	steps "iret that clears tf", iret_clear_tf
	steps "iret that sets tf", iret_set_tf
	steps "popf that clears tf", popf_clear_tf
	steps "4 GiB segment", unreal
	call out_of_protected_mode

	/* what reads back */
	dr 6, 0
	movl %dr6, %eax
	show32 "dr6 of 0", %eax
	dr 6, 0xffffffff
	movl %dr6, %eax
	show32 " of ones", %eax
	dr 6, 0xffff0ff0
	dr 7, 0
	movl %dr7, %eax
	show32 " dr7 of 0", %eax
	dr 7, 0xffffdc00 /* all but enables and GD */
	movl %dr7, %eax
	show32 " of ones", %eax
	dr 0, 0x12345678
	dr 3, 0x9abcdef0
	movl %dr0, %eax
	show32 " dr0", %eax
	movl %dr3, %eax
	show32 " dr3", %eax
	movl $0x600, %eax
	.byte 0x0f, 0x23, 0xf8 /* DR7, as it was named in the 80386's manual */
	no_breakpoints
	.byte 0x0f, 0x21, 0xe0 /* DR4 is DR6 without CR4.DE */
	show32 " dr4", %eax
	.byte 0x0f, 0x21, 0xe8
	show32 " dr5", %eax
	newline

	/* execution */
	.macro at address
	movl $\address, %eax
	movl %eax, %dr0
	dr 7, 0x402
	.endm
	at 881f
	say "at a nop:"
	from 881f
	movw $881f + 1, event_resume
881:	nop
	call shown
	at 881f
	say "at hlt:"
	from 881f
	movw $881f + 1, event_resume
881:	hlt
	call shown
	at 881f
	say "at lgdt:"
	from 881f
	movw $882f, event_resume
881:	lgdt table
882:	call shown
	at 881f
	say "at int3:"
	from 881f
	movw $882f, event_resume
881:	int3
882:	call shown
	at 881f
	say "behind mov ss:"
	from 881f
	movw $881f + 1, event_resume
	movw %ss, %ax
	movw %ax, %ss
881:	nop
	nop
	call shown
	/* resumed by IRETD with RF: the instruction runs, plain and refused by VM86 */
	movw $rf_handler, 4
	movw %sp, stack /* that handler leaves its own frame behind */
	at 881f
	say "resumed at a nop:"
	from 881f
881:	nop
	nop
	call shown
	at 881f
	say "resumed at lgdt:"
	from 881f
881:	lgdt table
	nop
	call shown
	at 881f
	say "resumed at rep lodsb:"
	from 881f
	movw $0x600, %si
	movw $5, %cx
881:	rep lodsb
	nop
	call shown
	watch 1
	movw stack, %sp

	/* data */
	dr 0, 0x604
	dr 7, 0xd0402 /* writes, 4 bytes */
	say "write:"
	from 881f
881:	movl $1, 0x604
	call shown
	dr 7, 0xd0402
	say "read of a write breakpoint:"
	from 881f
881:	movl 0x604, %eax
	call shown
	dr 7, 0xf0402
	say "read:"
	from 881f
881:	movb 0x606, %al
	call shown
	dr 7, 0xf0402
	say "beside it:"
	from 881f
881:	movl 0x600, %eax
	movl 0x608, %eax
	call shown
	dr 0, 0x100004
	dr 7, 0xf0402
	say "4 GiB segment:"
	from 881f
	movl $0x100004, %esi
881:	movl %fs:(%esi), %eax
	movl %eax, %fs:(%esi)
	call shown
	dr 0, 0x604
	dr 7, 0xf0402
	say "table operand:"
	movl table, %eax
	movl %eax, 0x604
	movl table + 4, %eax
	movl %eax, 0x608
	dr 6, 0xffff0ff0
	movw $event_log, event_next
	from 881f
881:	lgdt 0x604
	nop
	call shown
	dr 0, 0x606
	dr 7, 0xf0402
	say "rep movsb on it:"
	from 881f
	movw $0x602, %si
	movw $0x702, %di
	movw $4, %cx
881:	rep movsb
	call shown
	say "mov ss with data behind:"
	movw %ss, 0x610
	dr 0, 0x610
	dr 7, 0xf0402
	from 881f
881:	movw 0x610, %ss
	nop
	nop
	call shown

	/* ports, with CR4.DE */
	movl %cr4, %eax
	orb $8, %al
	movl %eax, %cr4
	dr 0, 0x80
	dr 7, 0x20402
	say "port:"
	from 881f
881:	outb %al, $0x80
	call shown
	movl %cr4, %eax
	andb $0xf7, %al
	movl %eax, %cr4

	/* GD */
	dr 7, 0x2400
	say "gd:"
	from 881f
	movw $882f, event_resume
881:	movl %dr0, %eax
882:	call shown

	/* breakpoints stay through protected mode, and are there for code on either side */
	dr 1, 0x604
	dr 7, 0xf00408
	call big_fs
	movl %dr1, %eax
	show32 "dr1 kept", %eax
	movl %dr7, %eax
	show32 " dr7", %eax
	say ":"
	from 881f
881:	movl $2, 0x604
	call shown
	movb $0xb8, %al
	outb %al, $0x21
	movb $0x8d, %al
	outb %al, $0xa1
	ret

routine:
	lretw

shown:	no_breakpoints
	jmp events

/* MOV CR0 with TF=1: the trap comes in real mode. The code segment's base is what its selector
 * means in real mode. */
out_of_protected_mode:
	say "out of protected mode:"
	from 881f-0x100
	movw $882f-0x100, step_end
	cli
	lgdt gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmp $0x10, $880f-0x100
880:	andb $0xfe, %al
	pushw $0x102
	popfw
881:	movl %eax, %cr0
	nop
882:	ljmp $0, $883f
883:	sti
	jmp events

/* a handler of vector 1 that returns by IRETD with RF set */
rf_handler:
	pushl $0x10202
	pushl $0
	pushl $0 /* IP */
	pushl %eax
	pushw %di
	pushw %bp
	movw %sp, %bp
	movw 20(%bp), %ax
	movw %ax, 8(%bp)
	movw event_next, %di
	addw $EVENT_SIZE, event_next
	movl $0, 4(%di)
	movw $1, (%di)
	subw event_mark, %ax
	movw %ax, 2(%di)
	movl %dr6, %eax
	movl %eax, 8(%di)
	movl $0xffff0ff0, %eax
	movl %eax, %dr6
	popw %bp
	popw %di
	popl %eax
	iretl

big_fs:	cli
	lgdt gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	movw $8, %bx
	movw %bx, %fs
	andb $0xfe, %al
	movl %eax, %cr0
	xorw %bx, %bx
	movw %bx, %fs
	sti
	ret

	.data
	.balign 8
gdt:	.quad 0
	.quad 0x00cf93000000ffff /* 4 GiB */
	.quad 0x00009b000100ffff /* base 100h */
	.quad 0x000093000000ffff
gdtr:	.word . - gdt - 1
	.long gdt
ivt:	.word 0x3ff
	.long 0
idt:	.word 0x3ff
	.long 0
table:	.space 8
stack:	.word 0
	.text
