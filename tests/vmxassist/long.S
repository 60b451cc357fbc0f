/* SPDX-License-Identifier: MIT
 *
 * From real mode to IA-32e mode and back: the window with EFER.LMA set, faults in it on 64-bit frames,
 * 64-bit code with real mode's segments still cached, out through compatibility mode. With 4-level
 * tables, and 5-level ones where the processor has them.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"

	.equ CODE64, SEL_OWN
	.equ TSS64, SEL_OWN + 8 /* 16 bytes */
	.equ GATE64, SEL_OWN + 0x18 /* 16 bytes */

	.equ PML5, 0x20000
	.equ PML4, 0x21000
	.equ PDPT, 0x22000
	.equ PD, 0x23000
	.equ EFER, 0xc0000080
	.equ LA57, 0x1000

	.macro idt_gate n, handler, ist=0
	movw $\handler, idt64 + 16 * \n
	movw $CODE64, idt64 + 16 * \n + 2
	movw $(0x8e00 + \ist), idt64 + 16 * \n + 4
	movl $0, idt64 + 16 * \n + 6
	movl $0, idt64 + 16 * \n + 10
	movw $0, idt64 + 16 * \n + 14
	.endm

	/* into IA-32e mode by one write of CR0, from real mode; CS still real mode's */
	.macro on
	movl $EFER, %ecx
	rdmsr
	orl $0x100, %eax
	wrmsr
	movl cr4, %eax
	movl %eax, %cr4
	movl cr3, %eax
	movl %eax, %cr3
	movl $3, %ecx
	movl $0x0d0d0d0d, %edx
	movl %cr0, %eax
	orl $0x80000001, %eax
	movl %eax, %cr0
	.endm

	/* and out of it at once, from 16-bit code */
	.macro off
	movl %cr0, %eax
	andl $0x7ffffffe, %eax
	movl %eax, %cr0
	.endm

	.macro in_lma name, code
	call setup
	lidt idtr64
	movw $7f, seen_resume
	on
6:	\code
7:	ljmpw $SEL_CODE16, $8f
8:	off
	ljmpw $0, $9f
9:	subw $6b, %cs:seen_ip
	call no_lme
	show "\name"
	.endm

	/* CS loaded with 64-bit code, and what that does */
	.macro in_64 name, how, code
	call setup
	lidt idtr64
	movw $7f, seen_resume
	on
	\how
	.code64
6:	\code
	pushq $SEL_CODE16
	movl $7f, %eax
	pushq %rax
	lretq
	.code16
7:	off
	ljmpw $0, $9f
9:	subw $6b, %cs:seen_ip
	call no_lme
	show "\name"
	.endm

main:	movl $0, gdt + CODE64
	movl $0x00209b00, gdt + CODE64 + 4
	movw $0x67, gdt + TSS64
	movw $tss64, gdt + TSS64 + 2
	movw $0x6000, tss64 + 4 /* RSP0 */
	movw $0x6100, tss64 + 0x24 /* IST1 */
	movw $CODE64, gdt + GATE64 + 2
	call make_tables
	idt_gate 6, handler_6
	idt_gate 13, handler_13
	idt_gate 14, handler_14
	idt_gate 0x30, handler_30
	idt_gate 0x31, handler_31, 1
	call four_levels
	call windows
	call five_levels
	jnc 1f
	call windows
1:	call four_levels
	call others
	call five_levels
	jnc 1f
	call others
1:	ret

four_levels:
	movl $PML4, cr3
	movl $0x20, cr4
	ret

five_levels: /* CPUID.7.ECX[16]; CF=1 where the processor has them */
	xorl %eax, %eax
	cpuid
	cmpl $7, %eax
	jb 1f
	movl $7, %eax
	xorl %ecx, %ecx
	cpuid
	btl $16, %ecx
	jnc 1f
	say "5-level\n"
	movl $PML5, cr3
	movl $0x20 + LA57, cr4
	stc
	ret
1:	clc
	ret

windows:
	in_lma "window", "nop; addl %ecx, %edx; pushl %edx; popl %ecx; movsw"
	in_lma "state", "movl $EFER, %ecx; rdmsr; movl %eax, %ebp; movl %cr0, %edx; shrl $16, %edx; movl %cr4, %ecx; andl $0x20, %ecx"
	in_lma "segments", "movw $SEL_DATA12340, %dx; movw %dx, %fs; movl %fs:0x40, %ecx; movl %gs:0x40, %ebp"
	in_lma "cs write", "movl %edx, %cs:scratch + 4"
	in_lma "code32", "ljmpl $SEL_CODE32, $5f; .code32; 5: incl %edx; movl scratch, %ecx; ljmpl $SEL_CODE16, $7f; .code16"
	ret

others: /* faults take 64-bit code */
	in_lma "#ud", "ud2"
	in_lma "#gp", "movw $0x1000, %dx; movw %dx, %es"
	in_lma "int", "int $0x30"
	in_lma "no gate", "int $0x20"
	in_lma "call gate 16", "movb $0x84, gdt + GATE64 + 5; lcallw $GATE64, $0"
	in_lma "tss 16", "movb $0x81, gdt + GATE64 + 5; movw $GATE64, %dx; ltr %dx"
	in_lma "iret with NT", "pushw $0x4002; popfw; iretw"
	in_64 "ljmpl", "ljmpl $CODE64, $6f", "incl %edx; movl %ss, %ecx"
	in_64 "ljmpw", "ljmpw $CODE64, $6f", "movq $0x123456789a, %rdx; shrq $8, %rdx; movl %ds, %ecx"
	in_64 "retf", "pushl $CODE64; pushl $6f; lretl", "pushq %rdx; popq %rcx"
	in_64 "retfw", "pushw $CODE64; pushw $6f; lretw", "movl scratch(%rip), %ecx"
	in_64 "iretd", "pushl $0x8d5; pushl $CODE64; pushl $6f; iretl", "incl %edx"
	in_64 "ff/5", "movl $6f, (%bx); movw $CODE64, 4(%bx); ljmpl *(%bx)", "incl %edx"
	in_64 "jmp gate", "movb $0x8c, gdt + GATE64 + 5; movw $6f, gdt + GATE64; ljmpw $GATE64, $0", "incl %edx"
	in_64 "call gate", "movb $0x8c, gdt + GATE64 + 5; movw $6f, gdt + GATE64; lcallw $GATE64, $0", "popq %rcx; popq %rdx; movl %esp, %ebp"
	in_64 "sysenter", "movl $0x174, %ecx; movl $CODE64, %eax; xorl %edx, %edx; wrmsr; incl %ecx; movl $0x5ff0, %eax; wrmsr; incl %ecx; movl $6f, %eax; wrmsr; sysenter", \
		"movl %esp, %ebp; movl %ss, %edx; movl $SEL_DATA16, %eax; movl %eax, %ss; movl $0x7bfa, %esp"
	in_64 "#ud in 64-bit code", "ljmpl $CODE64, $6f", "ud2"
	in_64 "int in 64-bit code", "ljmpl $CODE64, $6f", "int $0x30"
	in_64 "gs", "ljmpl $CODE64, $6f", "movl %gs:0x40, %ecx; movl %fs:0x10, %edx"
	/* an interrupt stack of its own */
	in_lma "ist", "movw $0x8900, gdt + TSS64 + 4; movw $TSS64, %dx; ltr %dx; strw %cx; int $0x31"
	/* stale selectors with RPL bits */
	call setup
	movw $0x0033, %ax
	movw %ax, %es
	movw $0x1231, %ax
	movw %ax, %gs
	lidt idtr64
	on
	ljmpl $CODE64, $1f
	.code64
1:	movl %gs:0x70, %ecx
	movw %es, %dx
	pushq $SEL_CODE16
	movl $2f, %eax
	pushq %rax
	lretq
	.code16
2:	movl %es:0x10, %ebp
	off
	ljmpw $0, $3f
3:	call no_lme
	show "rpl"
	call setup
	movw $0x0003, %ax
	movw %ax, %ss
	subw $0x30, %sp
	lidt idtr64
	on
	ljmpl $CODE64, $1f
	.code64
1:	movl %esp, %ebp
	movl $SEL_DATA16, %eax
	movl %eax, %ss
	movl $0x7000, %esp
	pushq $SEL_CODE16
	movl $2f, %eax
	pushq %rax
	lretq
	.code16
2:	movw $SEL_DATA16, %ax
	movw %ax, %ss
	off
	ljmpw $0, $3f
3:	xorw %ax, %ax
	movw %ax, %ss
	call no_lme
	show "ss rpl"
	/* in through 32-bit protected mode, out with PG and PE apart, and PG on again */
	call setup
	set_pe
	ljmpl $SEL_CODE32, $1f
	.code32
1:	movl $EFER, %ecx
	rdmsr
	orl $0x100, %eax
	wrmsr
	movl cr4, %eax
	movl %eax, %cr4
	movl cr3, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $0x80000000, %eax
	movl %eax, %cr0
	ljmpl $CODE64, $2f
	.code64
2:	movq $0x1122334455667788, %rdx
	shrq $20, %rdx
	movl $SEL_CODE32, 4(%rbx)
	movl $3f, (%rbx)
	ljmpl *(%rbx)
	.code32
3:	rdmsr
	movl %eax, %edi
	movl %cr0, %eax
	andl $0x7fffffff, %eax
	movl %eax, %cr0
	rdmsr
	movl %eax, %esi
	movl %cr0, %eax
	orl $0x80000000, %eax
	movl %eax, %cr0 /* LME is still set */
	rdmsr
	movl %eax, %ebp
	ljmpl $SEL_CODE16, $4f
	.code16
4:	movl %cr0, %eax
	andl $0x7fffffff, %eax
	movl %eax, %cr0
	clear_pe
	ljmpw $0, $5f
5:	rdmsr
	movl %eax, %ecx
	show "classic"
	call no_lme
	/* LME with what does not fit it */
	call setup
	lidt idtr64
	movw $fault_15, 13 * 4
	movw $0, 13 * 4 + 2
	movl $EFER, %ecx
	rdmsr
	orl $0x100, %eax
	wrmsr
	lidt ridtr
	movw $7f, seen_resume
	xorl %eax, %eax
	movl %eax, %cr4
	movl %cr0, %eax
	orl $0x80000001, %eax
6:	movl %eax, %cr0
7:	subw $6b, seen_ip
	call no_lme
	show "no pae"
	ret

no_lme:	pushal
	movl $EFER, %ecx
	rdmsr
	andl $~0x100, %eax
	wrmsr
	xorl %eax, %eax
	movl %eax, %cr4
	popal
	ret

	.code64
	.irp n, 6, 30, 31
handler_\n:
	pushq $0xffff
	pushq $0x\n
	jmp note
	.endr
handler_13:
	pushq $13
	jmp note
handler_14:
	pushq $14
note:	movw %cs, %ax /* the frame as far as it tells anything */
	movw %ax, scratch + 2(%rip)
	popq %rax
	movw %ax, seen(%rip)
	popq %rax
	movw %ax, seen_error(%rip)
	movw (%rsp), %ax
	movw %ax, seen_ip(%rip)
	movw 8(%rsp), %ax
	movw %ax, seen_cs(%rip)
	movw 16(%rsp), %ax
	movw %ax, seen_flags(%rip)
	movl 24(%rsp), %edx
	movl 32(%rsp), %ecx
	movl %esp, %ebp
	movl $0x7bfa, %esp
	pushq $SEL_CODE16
	movzwl seen_resume(%rip), %eax
	pushq %rax
	lretq
	.code16

make_tables:
	pushal
	pushw %es
	pushw $PML5 >> 4
	popw %es
	xorl %eax, %eax
	xorl %edi, %edi
	movw $0x1000, %cx
	rep stosl
	movl $PML4 + 3, %es:0
	movl $PDPT + 3, %es:PML4 - PML5
	movl $PD + 3, %es:PDPT - PML5
	movl $0x83, %es:PD - PML5
	popw %es
	popal
	ret

	.data
cr3:	.long 0
cr4:	.long 0
	.balign 16
tss64:	.fill 104, 1, 0
idt64:	.fill 0x32 * 16, 1, 0
idtr64:	.word . - idt64 - 1
	.long idt64
	.text
