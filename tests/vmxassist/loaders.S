/* SPDX-License-Identifier: MIT
 *
 * All setters of CR0.PE, all loaders of CS that end a window, and what faults in one.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"

	.equ GATE16, SEL_OWN
	.equ GATE32, SEL_OWN + 8
	.equ SEL_ABSENT, SEL_OWN + 0x10
	.equ SEL_HERE, SEL_OWN + 0x18 /* 58: base 580, as real mode's CS 58 */
	.equ SEL_SMALL, SEL_OWN + 0x20
	.equ SEL_READ_ONLY, SEL_OWN + 0x28
	.equ SEL_EXECUTE_ONLY, SEL_OWN + 0x30
	.equ SEL_DOWN, SEL_OWN + 0x38

	/* into protected mode; the code arrives at 8 */
	.macro loader name, code
	call setup
	set_pe
	\code
8:	clear_pe
	ljmpw $0, $9f
9:	show "\name"
	.endm

	/* out of it; the code arrives at 9 */
	.macro unloader name, code
	call setup
	set_pe
	ljmpw $SEL_CODE16, $8f
8:	clear_pe
	\code
9:	show "out by \name"
	.endm

	.macro setter name, code
	call setup
	\code
	smsww %cx
	ljmpw $SEL_CODE16, $8f
8:	smsww %dx
	clear_pe
	ljmpw $0, $9f
9:	andw $1, %cx
	andw $0xf, %dx
	show "set by \name"
	xorl %eax, %eax
	movl %eax, %cr0
	.endm

main:
	movl $0x00008400, gdt + GATE16 + 4
	movl $SEL_CODE16 << 16, gdt + GATE16
	movl $0x00008c00, gdt + GATE32 + 4
	movl $SEL_CODE16 << 16, gdt + GATE32
	movl $0x00001300, gdt + SEL_ABSENT + 4
	movl $0x0000ffff, gdt + SEL_ABSENT
	movl $0x00009b00, gdt + SEL_HERE + 4
	movl $0x0580ffff, gdt + SEL_HERE
	movl $0x00009300, gdt + SEL_SMALL + 4
	movl $0x00000fff, gdt + SEL_SMALL
	movl $0x00009100, gdt + SEL_READ_ONLY + 4
	movl $0x0000ffff, gdt + SEL_READ_ONLY
	movl $0x00009900, gdt + SEL_EXECUTE_ONLY + 4
	movl $0x0000ffff, gdt + SEL_EXECUTE_ONLY
	movl $0x00009700, gdt + SEL_DOWN + 4
	movl $0x00000fff, gdt + SEL_DOWN
	call setters
	call loaders
	call unloaders
	call faults
	ret

setters:
	setter "mov eax", "movl %cr0, %eax; incl %eax; movl %eax, %cr0"
	setter "mov ebx", "movl %cr0, %ebx; orb $1, %bl; movl %ebx, %cr0"
	setter "mov esi", "movl %cr0, %esi; orw $1, %si; movl %esi, %cr0"
	setter "mov esp", "movl %esp, %ebp; movl %cr0, %esp; orw $1, %sp; movl %esp, %cr0; movl %ebp, %esp"
	setter "mov, 66", ".byte 0x66; movl %cr0, %edx; incl %edx; .byte 0x66; movl %edx, %cr0"
	setter "mov with MP and TS", "movl %cr0, %eax; orb $0xb, %al; movl %eax, %cr0"
	setter "lmsw", "smsww %ax; orb $1, %al; lmsw %ax"
	setter "lmsw 1", "movw $1, %ax; lmsw %ax"
	setter "lmsw memory", "smsww (%bx); orb $5, (%bx); lmsw (%bx)"
	setter "lmsw twice", "smsww %ax; orb $1, %al; lmsw %ax; andb $0xfe, %al; lmsw %ax"
	setter "smsw 32", "smswl %eax; andl $0x1e, %eax; orb $1, %al; movl %eax, %cr0"
	ret

loaders:
	loader "ljmpw", "ljmpw $SEL_CODE16, $8f"
	loader "ljmpl", "ljmpl $SEL_CODE16, $8f"
	loader "ljmpw 67", ".byte 0x67; ljmpw $SEL_CODE16, $8f"
	loader "ff/5", "movw $8f, (%bx); movw $SEL_CODE16, 2(%bx); ljmpw *(%bx)"
	loader "ff/5 32", "movl $8f, (%bx); movw $SEL_CODE16, 4(%bx); ljmpl *(%bx)"
	loader "ff/5 32 67", "movl $8f, (%bx); movw $SEL_CODE16, 4(%bx); ljmpl *(%ebx)"
	loader "ff/5 cs", "movw $8f, (%bx); movw $SEL_CODE16, 2(%bx); ljmpw *%cs:(%bx)"
	loader "retf", "pushw $SEL_CODE16; pushw $8f; lretw"
	loader "retf 6", "pushal; pushw $SEL_CODE16; pushw $8f; lretw $6"
	loader "retfd", "pushl $SEL_CODE16; pushl $8f; lretl"
	loader "iret", "pushw $0x8d5; pushw $SEL_CODE16; pushw $8f; iretw"
	loader "iretd", "pushl $0x8d5; pushl $SEL_CODE16; pushl $8f; iretl"
	loader "callf", "lcallw $SEL_CODE16, $8f"
	loader "callfd", "lcalll $SEL_CODE16, $8f"
	loader "ff/3", "movw $8f, (%bx); movw $SEL_CODE16, 2(%bx); lcallw *(%bx)"
	loader "ff/3 32", "movl $8f, (%bx); movw $SEL_CODE16, 4(%bx); lcalll *(%bx)"
	loader "jmp gate", "movw $8f, gdt + GATE16; ljmpw $GATE16, $0"
	loader "call gate", "movw $8f, gdt + GATE16; lcallw $GATE16, $0"
	loader "jmp gate 32", "movw $8f, gdt + GATE32; ljmpw $GATE32, $0x1234"
	loader "call gate 32", "movw $8f, gdt + GATE32; lcalll $GATE32, $0"
	loader "conforming", "ljmpw $SEL_CONFORMING, $8f"
	loader "conforming rpl 3", "ljmpw $SEL_CONFORMING + 3, $8f"
	loader "code32", "ljmpl $SEL_CODE32, $7f; .code32; 7: incl %edx; pushl %edx; popl %ecx; ljmpl $SEL_CODE16, $8f; .code16"
	loader "code32 and in again", "ljmpw $SEL_CODE32, $7f; .code32; 7: movl %cr0, %eax; decl %eax; movl %eax, %cr0; incl %edx; incl %eax; movl %eax, %cr0; ljmpl $SEL_CODE16, $8f; .code16"
	loader "int", "lidt pidtr; movw $8f, pidt + 0x30 * 8; int $0x30"
	movw $pm_int, pidt + 0x30 * 8
	loader "ud2", "lidt pidtr; movw $8f, seen_resume; ud2"
	ret

unloaders:
	unloader "ljmpw", "ljmpw $0, $9f"
	unloader "ljmpl", "ljmpl $0, $9f"
	unloader "ff/5", "movw $9f, (%bx); movw $0, 2(%bx); ljmpw *(%bx)"
	unloader "ff/5 32", "movl $9f, (%bx); movw $0, 4(%bx); ljmpl *(%bx)"
	unloader "retf", "pushw $0; pushw $9f; lretw"
	unloader "retfd", "pushal; pushl $0; pushl $9f; lretl $4"
	unloader "iret", "pushw $0xc5; pushw $0; pushw $9f; iretw"
	unloader "iretd", "pushl $0xc5; pushl $0; pushl $9f; iretl"
	unloader "callf", "lcallw $0, $9f"
	unloader "ff/3 32", "movl $9f, (%bx); movw $0, 4(%bx); lcalll *(%bx)"
	unloader "int", "movw $9f, seen_resume; int $0x60"
	unloader "ud2", "movw $fault_6, 6 * 4; movw $0, 6 * 4 + 2; movw $9f, seen_resume; ud2"
	unloader "cs write", "movw %dx, %cs:scratch + 2; ljmpw $0, $9f"
	ret

	/* IRET from a handler of the window: real mode's CS is a selector of the same base */
eoi:	movb $0x20, %al
	outb %al, $0x20
	ret

	.macro here name, code
	call setup
	lidt pidtr
	movw $iret_handler, pidt + 0x30 * 8
	movw $iret_handler, pidt + 6 * 8
	ljmpw $SEL_HERE, $6f - 0x580
6:	set_pe
	\code
	ljmpw $SEL_CODE16, $8f
8:	clear_pe
	ljmpw $0, $9f
9:	movw $pm_int, pidt + 0x30 * 8
	movw $fault_6, pidt + 6 * 8
	show "\name"
	.endm
iret_handler:
	pushw %bp
	movw %sp, %bp
	movw 4(%bp), %dx
	addw $2, 2(%bp) /* past UD2 or INC, INC */
	popw %bp
	iretw

faults:
	in_window "#ud", "ud2"
	in_window "#de", "xorw %cx, %cx; divw %cx"
	in_window "int3", "int3"
	in_window "into", "movb $0x7f, %al; incb %al; into"
	in_window "bound", "movl $0x00010000, (%bx); boundw %dx, (%bx)"
	in_window "lock", ".byte 0xf0, 0x90"
	in_window "beyond the gdt", "movw $0x1000, %dx; movw %dx, %es"
	in_window "null ss", "xorw %dx, %dx; movw %dx, %ss"
	in_window "ss of code", "movw $SEL_CODE16, %dx; movw %dx, %ss"
	in_window "ss rpl", "movw $SEL_DATA16 + 1, %dx; movw %dx, %ss"
	in_window "ds rpl", "movw $SEL_DATA16 + 1, %dx; movw %dx, %ds"
	in_window "absent es", "movw $SEL_ABSENT, %dx; movw %dx, %es"
	in_window "absent ss", "movw $SEL_ABSENT, %dx; movw %dx, %ss"
	in_window "execute only", "movw $SEL_EXECUTE_ONLY, %dx; movw %dx, %fs"
	in_window "far to data", "ljmpw $SEL_DATA16, $0"
	in_window "far to null", "ljmpw $3, $0"
	in_window "far absent", "ljmpw $SEL_ABSENT, $0"
	in_window "retf to null", "pushl $0; lretw"
	in_window "int without gate", "int $0x38"
	in_window "int with null gate", "int $0x20"
	in_window "#nm", "movl %cr0, %eax; orb $8, %al; movl %eax, %cr0; fnop"
	clts
	in_window "single step", "pushw $0x102; popfw; incw %dx; incw %dx"
	movl $0x00100008, pidt + 13 * 8
	movw $0x0600, pidt + 13 * 8 + 4
	in_window "double fault", "movw $0x1000, %dx; movw %dx, %es"
	movw $0x8600, pidt + 13 * 8 + 4
	movw $fault_13, pidt + 13 * 8
	movw $SEL_CODE16, pidt + 13 * 8 + 2
	/* the trap of a single step is taken in the mode that its instruction leads to */
	call setup
	lidt pidtr
	movw $7f, seen_resume
	movl %cr0, %eax
	orb $1, %al
	pushw $0x102
	popfw
6:	movl %eax, %cr0
	nop
7:	ljmpw $SEL_CODE16, $8f
8:	clear_pe
	ljmpw $0, $9f
9:	subw $6b, %cs:seen_ip
	show "single step in"
	call setup
	movw $fault_1, 1 * 4
	movw $0, 1 * 4 + 2
	set_pe
	ljmpw $SEL_CODE16, $8f
8:	movw $7f, seen_resume
	movl %cr0, %eax
	andb $0xfe, %al
	pushw $0x102
	popfw
6:	movl %eax, %cr0
	nop
7:	ljmpw $0, $9f
9:	subw $6b, %cs:seen_ip
	show "single step out"
	/* IRQ 0 comes at vector 8 */
	movw $fault_9, pidt + 8 * 8
	in_window "hardware interrupt", "sti; 1: jmp 1b"
	call eoi
	in_window "hlt", "sti; hlt; nop"
	call eoi
	movw $fault_8, pidt + 8 * 8
	here "iret of int", "int $0x30; incw %cx; incw %cx; incl %ecx"
	here "iret of #ud", "ud2; incl %ecx"
	here "ret far to itself", "pushw %cs; pushw $7f - 0x580; lretw; 7: incl %ecx"
	ret
