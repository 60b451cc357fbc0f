/* SPDX-License-Identifier: MIT
 *
 * Task switches: 16- and 32-bit TSSs, by JMP, CALL, IRET, task gates, interrupts and exceptions, with
 * and without error codes, into virtual-8086 mode, with the T bit, and those that fail.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"

	.equ A16, SEL_OWN
	.equ B16, SEL_OWN + 8
	.equ A32, SEL_OWN + 0x10
	.equ B32, SEL_OWN + 0x18
	.equ GATE_B32, SEL_OWN + 0x20
	.equ GATE_B16, SEL_OWN + 0x28
	.equ V32, SEL_OWN + 0x30
	.equ BAD, SEL_OWN + 0x38

	.equ APIC, 0xfee00000
	.equ EXIT_IRET, 0
	.equ EXIT_A32, 1
	.equ EXIT_A16, 2
	.equ EXIT_STAY, 3

	.macro descriptor sel, base, limit, type
	movl $\limit, gdt + \sel
	movw $\base, gdt + \sel + 2
	movl $(\type << 8), gdt + \sel + 4
	.endm

	/* from task A, in protected mode with `from` in TR; leaves by the far jump */
	.macro task name, from, exit, code
	call setup
	call make_tasks
	lidt pidtr
	movw $\exit, exit
	movw $7f, seen_resume
	set_pe
	ljmpw $SEL_CODE16, $5f
5:	movw $SEL_DATA16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	movw $\from, %ax
	ltrw %ax
	stc
6:	\code
7:	pushfw
	popw %bp
	strw %dx
	movl %cr0, %eax
	shll $16, %eax
	clts
	call leave_protected_mode
	movw tss_b32, %ax
	subw $6b, seen_ip
	show "\name"
	call show_log
	.endm

main:
	task "jmp 32", A32, EXIT_A32, "ljmpw $B32, $0"
	task "jmp 32 twice", A32, EXIT_A32, "ljmpw $B32, $0; incl %ecx; ljmpw $B32, $0"
	task "call 32", A32, EXIT_IRET, "lcallw $B32, $0"
	task "call 32 twice", A32, EXIT_IRET, "lcallw $B32, $0; incl %ecx; lcallw $B32, $0"
	task "call 32, jmp back", A32, EXIT_A32, "ljmpw $B32, $0; jmp 7f"
	task "jmp 16", A16, EXIT_A16, "ljmpw $B16, $0"
	task "call 16 twice", A16, EXIT_IRET, "lcallw $B16, $0; incl %ecx; lcallw $B16, $0"
	task "call 16 from 32", A32, EXIT_IRET, "lcallw $B16, $0; incl %ecx"
	task "call 32 from 16", A16, EXIT_IRET, "lcallw $B32, $0; incl %ecx"
	task "jmp gate", A32, EXIT_A32, "ljmpw $GATE_B32, $0"
	task "call gate", A32, EXIT_IRET, "lcallw $GATE_B32, $0"
	task "call gate 16, indirect", A32, EXIT_IRET, "movw $GATE_B16, 2(%bx); lcallw *(%bx); incl %ecx"
	task "call 32-bit operand", A32, EXIT_IRET, "lcalll $B32, $0; incl %ecx"
	task "int", A32, EXIT_IRET, "int $0x34; incl %ecx"
	task "int 16", A16, EXIT_IRET, "int $0x35; incl %ecx"
	movl $0x00580000, pidt + 3 * 8
	movw $0x8500, pidt + 3 * 8 + 4
	task "int3", A32, EXIT_IRET, "int3; incl %ecx"
	movl $0x00580000, pidt + 6 * 8
	movw $0x8500, pidt + 6 * 8 + 4
	task "#ud", A32, EXIT_A32, "ud2; jmp 7f"
	movl $0x00580000, pidt + 13 * 8
	movw $0x8500, pidt + 13 * 8 + 4
	task "#gp", A32, EXIT_A32, "movw $0x1000, %dx; movw %dx, %es; jmp 7f"
	movl $fault_13 + 0x80000, pidt + 13 * 8
	movw $0x8600, pidt + 13 * 8 + 4
	/* a hardware interrupt, and a double fault, as operating systems have it */
	movl $0x00580000, pidt + 8 * 8
	movw $0x8500, pidt + 8 * 8 + 4
	task "interrupt", A32, EXIT_IRET, "sti; hlt; cli; movb $0x20, %al; outb %al, $0x20"
	movw $0x0600, pidt + 13 * 8 + 4
	task "double fault", A32, EXIT_STAY, "movw $0x1000, %dx; movw %dx, %es"
	movw $0x8600, pidt + 13 * 8 + 4
	movl $fault_8 + 0x80000, pidt + 8 * 8
	movw $0x8600, pidt + 8 * 8 + 4
	/* NMI: the second, sent while B handles the first, waits for B's IRET */
	movl $0x00580000, pidt + 2 * 8
	movw $0x8500, pidt + 2 * 8 + 4
	movb $1, nmis
	task "nmi", A32, EXIT_IRET, "call send_nmi; incl %ecx; nop"
	task "trap flag", A32, EXIT_IRET, "pushw $0x103; popfw; lcallw $B32, $0; nop; nop"
	task "busy", A32, EXIT_A32, "ljmpw $A32, $0"
	task "absent", A32, EXIT_A32, "movb $0x09, gdt + BAD + 5; ljmpw $BAD, $0"
	task "short", A32, EXIT_A32, "movb $0x89, gdt + BAD + 5; movw $0x66, gdt + BAD; ljmpw $BAD, $0"
	task "iret to no busy task", A32, EXIT_A32, "movw $B32, tss_a32; pushw $0x4002; popfw; iretw"
	/* the new task may have no stack yet: its #TS needs a task, too */
	movl $0x00480000, pidt + 10 * 8
	movw $0x8500, pidt + 10 * 8 + 4
	task "bad data segment", A32, EXIT_A32, "movw $0x1000, tss_b32 + 0x48; ljmpw $B32, $0"
	task "bad stack segment", A32, EXIT_A32, "movw $SEL_CODE16, tss_b32 + 0x50; ljmpw $B32, $0"
	task "bad code segment", A32, EXIT_A32, "movw $SEL_DATA16, tss_b32 + 0x4c; ljmpw $B32, $0"
	task "bad ldt", A32, EXIT_A32, "movw $SEL_DATA16, tss_b32 + 0x60; ljmpw $B32, $0"
	movl $fault_10 + 0x80000, pidt + 10 * 8
	movw $0x8600, pidt + 10 * 8 + 4
	task "T bit", A32, EXIT_IRET, "movb $1, tss_b32 + 0x64; lcallw $B32, $0"
	task "vm86", A32, EXIT_A32, "ljmpw $V32, $0"
	/* the far jump that ends a window leads to a task */
	call setup
	call make_tasks
	movw $EXIT_A32, exit
	set_pe
	movw $A32, %ax
	ltrw %ax
	movw $7f, tss_b32 + 0x20 /* B goes on here */
	ljmpw $B32, $0
7:	strw %dx
	pushfw
	popw %bp
	call leave_protected_mode
	show "from the window"
	call show_log
	ret

leave_protected_mode:
	movw $SEL_DATA16, %ax
	movw %ax, %ss
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	popw %ax
	movw %ax, 1f + 1
	clear_pe
	ljmpw $0, $1f
1:	movw $0, %ax
	pushw %ax
	xorl %eax, %eax
	movw %ax, %ss
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	lidt ridtr
	pushw %ax
	popw %ax
	ret

task_b:	/* notes what it sees, and goes */
	pushw %ax
	pushw %bx
	movw log_end, %bx
	strw (%bx)
	pushfw
	popw 2(%bx)
	andw $0x4fd5, 2(%bx)
	movw %sp, 4(%bx)
	smsww %ax
	andw $8, %ax
	movw %ax, 6(%bx)
	movw tss_b32, %ax
	movw %ax, 8(%bx)
	movw tss_b16, %ax
	movw %ax, 10(%bx)
	movb gdt + A32 + 5, %al
	movb gdt + B32 + 5, %ah
	movw %ax, 12(%bx)
	addw $14, log_end
	clts
	cmpb $0, nmis
	je 4f
	decb nmis
	call send_nmi
4:	popw %bx
	popw %ax
	cmpw $EXIT_IRET, exit
	je 1f
	cmpw $EXIT_A32, exit
	je 2f
	cmpw $EXIT_STAY, exit
	je 3f
	ljmpw $A16, $0
	jmp task_b
2:	ljmpw $A32, $0
	jmp task_b
3:	jmp *seen_resume
1:	iretw
	jmp task_b

send_nmi: /* to itself, by its local APIC */
	pushal
	movw $SEL_DATA4G, %ax
	movw %ax, %fs
	movl $APIC, %esi
	movl $0x1ff, %fs:0xf0(%esi)
	movl %fs:0x20(%esi), %eax
	movl %eax, %fs:0x310(%esi)
	movl $0x4400, %fs:0x300(%esi)
	popal
	jmp 1f
1:	ret

vm86_code: /* in virtual-8086 mode, CS 0 */
	movw log_end, %bx
	movw $0x8086, (%bx)
	movw %es, 2(%bx)
	movw %fs, 4(%bx)
	movw %sp, 6(%bx)
	addw $8, log_end
	int $0x36
vm86_int: /* ring 0 */
	movw $SEL_DATA16, %bx
	movw %bx, %ds
	movw log_end, %bx
	movw %sp, (%bx)
	movw %ss, 2(%bx)
	addw $4, log_end
	movw %sp, %bp
	movl %ss:(%bp), %eax
	andl $0xffff, %eax
	addl %ss:4(%bp), %eax
	movl %eax, scratch
	movl %ss:8(%bp), %eax
	andl $0x30fd5, %eax
	movl %eax, scratch + 4
	movl %ss:12(%bp), %eax
	movl %eax, scratch + 8
	movl %ss:20(%bp), %eax
	movl %eax, scratch + 12
	movl %ss:28(%bp), %eax
	movl %eax, scratch + 16
	ljmpw $A32, $0

show_log:
	pushal
	movw $log, %si
	say "   "
1:	cmpw log_end, %si
	jae 2f
	call space
	lodsw
	call put16
	jmp 1b
2:	/* what the tasks' state segments hold now */
	say " tss"
	movw $tss, %si
	movw $5, %bx
3:	movw $27, %cx
	xorl %edx, %edx
4:	lodsl
	roll $3, %edx
	addl %eax, %edx
	loop 4b
	call space
	movl %edx, %eax
	call put32
	decw %bx
	jnz 3b
	newline
	popal
	ret

make_tasks:
	pushal
	movw $log, log_end
	movw $tss, %di
	movw $tss_end - tss, %cx
	xorb %al, %al
	rep stosb
	descriptor A16, tss_a16, 0x2b, 0x81
	descriptor B16, tss_b16, 0x2b, 0x81
	descriptor A32, tss_a32, 0x67, 0x89
	descriptor B32, tss_b32, 0x67, 0x89
	descriptor V32, tss_v32, 0x67, 0x89
	descriptor BAD, tss_b32, 0x67, 0x89
	descriptor GATE_B32, 0, 0, 0x85
	descriptor GATE_B16, 0, 0, 0x85
	movw $B32, gdt + GATE_B32 + 2
	movw $B16, gdt + GATE_B16 + 2
	movl $0x00580000, pidt + 0x34 * 8
	movl $0x0000e500, pidt + 0x34 * 8 + 4
	movl $0x00480000, pidt + 0x35 * 8
	movl $0x0000e500, pidt + 0x35 * 8 + 4
	movl $vm86_int + 0x80000, pidt + 0x36 * 8
	movl $0x0000ee00, pidt + 0x36 * 8 + 4
	movw $task_b, tss_b16 + 0x0e
	movw $0x0002, tss_b16 + 0x10
	movw $0x6ff0, tss_b16 + 0x1a
	movw $0x1611, tss_b16 + 0x12 /* AX */
	movw $SEL_DATA16, tss_b16 + 0x22
	movw $SEL_CODE16, tss_b16 + 0x24
	movw $SEL_DATA16, tss_b16 + 0x26
	movw $SEL_DATA16, tss_b16 + 0x28
	movw $task_b, tss_b32 + 0x20
	movw $0x0883, tss_b32 + 0x24
	movl $0x32113211, tss_b32 + 0x28
	movw $0x6fe0, tss_b32 + 0x38
	movl $0x0b0b7b00, tss_b32 + 0x3c
	movw $SEL_DATA16, tss_b32 + 0x48
	movw $SEL_CODE16, tss_b32 + 0x4c
	movw $SEL_DATA16, tss_b32 + 0x50
	movw $SEL_DATA16, tss_b32 + 0x54
	movw $SEL_DATA12340, tss_b32 + 0x58
	movw $SEL_DATA4G, tss_b32 + 0x5c
	movw $vm86_code, tss_v32 + 0x20
	movl $0x00033002, tss_v32 + 0x24 /* VM, IOPL 3, RF */
	movw $0x6fc0, tss_v32 + 0x38
	movw $0x6f00, tss_v32 + 4 /* ESP0 */
	movw $SEL_DATA16, tss_v32 + 8
	movw $0x1234, tss_v32 + 0x48
	movw $0x0000, tss_v32 + 0x4c
	movw $0x0000, tss_v32 + 0x54
	movw $0x4321, tss_v32 + 0x58
	movw $0x68, tss_v32 + 0x66
	popal
	ret

	.data
nmis:	.byte 0 /* that B has to send */
exit:	.word 0
log_end: .word 0
log:	.fill 128, 1, 0
	.balign 4
tss:
tss_a16: .fill 108, 1, 0
tss_b16: .fill 108, 1, 0
tss_a32: .fill 108, 1, 0
tss_b32: .fill 108, 1, 0
tss_v32: .fill 108, 1, 0
tss_end:
	.text
