/* SPDX-License-Identifier: MIT
 *
 * Faults that come while a fault is delivered: chains without an end in real mode; and in the window
 * which pairs are delivered one after the other, and which become a double fault (SDM vol. 3,
 * table 6-5), with what the guest's own IDT makes of it: gates of either width, a task gate.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"
#include "tests/vmxassist/chains.inc"

	/* a handler that does again what led to it, \n times; then its stack is looked at */
	.macro endless name, vector, n, code
	cli
	movl \vector * 4, %eax
	movl %eax, kept
	movw $5f, \vector * 4
	movw $0, \vector * 4 + 2
	movw $CHAIN_STACK, %ax
	movw %ax, %es
	xorl %eax, %eax
	xorw %di, %di
	movw $0x4000, %cx
	rep stosl
	movl $\n, %ecx
	movw %sp, %dx
	movw $CHAIN_STACK, %ax
	movw %ax, %ss
	movw $0x1000, %sp
	pushw $2
	popfw
5:	decl %ecx
	jz 6f
	\code
	nop
6:	movw %sp, %bx
	xorw %ax, %ax
	movw %ax, %ss
	movw %dx, %sp
	movw %ax, %es
	movl kept, %eax
	movl %eax, \vector * 4
	show16 "\name: sp", %bx
	movw $CHAIN_STACK, %ax
	movw %ax, %ds
	xorw %si, %si
	movw $0x4000, %cx
	xorl %edx, %edx
7:	lodsl
	andl $0xcfffcfff, %eax /* IOPL shows: docs/assist-abi.md, "What shows" */
	roll $5, %edx
	addl %eax, %edx
	loop 7b
	xorw %ax, %ax
	movw %ax, %ds
	show32 " stack", %edx
	newline
	.endm

main:
	endless "int", 0x60, 12000, "int $0x60"
	endless "int3", 3, 1500, "int3"
	endless "ud2", 6, 1500, "ud2"
	endless "div", 0, 1500, "xorb %bl, %bl; divb %bl"
	endless "gp", 13, 1500, "movw $0xffff, %bx; movw (%bx), %bx"
	endless "int, in a stale segment", 0x60, 1500, "call stale; int $0x60"

	chain "np for ud", "gate_off 6", "ud2"
	chain "gp for ud: no gate", "movb $0x80, 6 * 8 + 5(%bx)", "ud2"
	chain "np for ud: segment", "movw $CHAIN_NOT_PRESENT, 6 * 8 + 2(%bx)", "ud2"
	chain "gp for ud: null segment", "movw $0, 6 * 8 + 2(%bx)", "ud2"
	chain "gp for ud: beyond the gdt", "movw $0x1000, 6 * 8 + 2(%bx)", "ud2"
	chain "gp for ud: data segment", "movw $SEL_DATA16, 6 * 8 + 2(%bx)", "ud2"
	chain "np for int", "gate_off 0x30", "int $0x30"
	chain "gp for int: beyond the limit", "", "int $0xff"
	chain "pf for ud", "page_off IDT_PAGE", "ud2"
	chain "pf for de", "page_off IDT_PAGE", "xorb %dl, %dl; divb %dl"
	chain "pf for int", "page_off IDT_PAGE", "int $5"

	chain "df: np for de", "gate_off 0", "xorb %dl, %dl; divb %dl"
	chain "df: np for np for ud", "gate_off 6; gate_off 11", "ud2"
	chain "df: np for pf", "gate_off 14", "movb %es:ABSENT, %dl"
	chain "df: gp for pf", "movb $0x80, 14 * 8 + 5(%bx)", "movb %es:ABSENT, %dl"
	chain "df: gp for pf, beyond the limit", "movw $14 * 8 - 1, chain_idtr", "movb %es:ABSENT, %dl"
	chain "df: np for gp", "gate_off 13", "movw $0x1000, %dx; movw %dx, %fs"
	chain "df: np for gp for ud", "movb $0x80, 6 * 8 + 5(%bx); gate_off 13", "ud2"
	chain "df: pf for pf", "idt_at 14; page_off IDT_PAGE + 0x1000", "movb %es:ABSENT, %dl"
	chain "df: 32-bit gate", "movw $df_32, 8 * 8(%bx); movb $0x8e, 8 * 8 + 5(%bx); gate_off 0", "xorb %dl, %dl; divb %dl"
	chain "df: in the handler's first instruction", "movw $bad_handler, (%bx); gate_off 6; gate_off 11", "xorb %dl, %dl; divb %dl"
	call task_gate
	ret

bad_handler: ud2

stale:	/* ES: base F000, which its selector does not say; EAX is lost */
	lgdt %cs:stale_gdtr
	cr0_pe
	movw $8, %ax
	movw %ax, %es
	cr0_no_pe
	ret

df_32:	/* error code, EIP, CS, EFLAGS */
	movw $0x3208, %ss:seen
	popl %eax
	movw %ax, %ss:seen_error
	popl %eax
	movw %ax, %ss:seen_ip
	popl %eax
	movw %ax, %ss:seen_cs
	popl %eax
	movw %ax, %ss:seen_flags
	jmp *%ss:seen_resume

/* The stack's page is absent: a task gate has another stack. TR is loaded in protected mode before. */
	.equ TSS_A, SEL_OWN + 8
	.equ TSS_B, SEL_OWN + 0x10
task_gate:
	movl $0x00000067, gdt + TSS_A
	movw $tss_a, gdt + TSS_A + 2
	movl $0x00008900, gdt + TSS_A + 4
	movl $0x00000067, gdt + TSS_B
	movw $tss_b, gdt + TSS_B + 2
	movl $0x00008900, gdt + TSS_B + 4
	call setup
	set_pe
	ljmpw $SEL_CODE16, $1f
1:	movw $TSS_A, %ax
	ltrw %ax
	clear_pe
	ljmpw $0, $1f
1:	movl $CHAIN_PD, tss_b + 0x1c
	movl $df_task, tss_b + 0x20
	movl $2, tss_b + 0x24
	movw $0x6ff0, tss_b + 0x38
	movw $SEL_DATA16, tss_b + 0x48
	movw $SEL_CODE16, tss_b + 0x4c
	movw $SEL_DATA16, tss_b + 0x50
	movw $SEL_DATA16, tss_b + 0x54
	chain "df: task gate", "movl $(TSS_B << 16), 8 * 8(%bx); movw $0x8500, 8 * 8 + 4(%bx)", "movw $ABSENT + 0x800, %sp; ud2"
	ret
df_task: /* the error code on the new stack; the old task's state in its TSS */
	popl %eax
	movw %ax, seen_error
	movw $0x7508, seen
	movw tss_a + 0x20, %ax
	movw %ax, seen_ip
	movw tss_a + 0x4c, %ax
	movw %ax, seen_cs
	movw tss_a + 0x24, %ax
	movw %ax, seen_flags
	movw home_sp, %sp
	subw $2, %sp
	movl %cr0, %edx
	shrl $3, %edx
	andl $1, %edx /* TS */
	clts
	jmp *seen_resume

	.data
kept:	.long 0
	.balign 8
stale_gdt: .quad 0
	.quad 0x00009300f000ffff
stale_gdtr: .word . - stale_gdt - 1
	.long stale_gdt
	.balign 4
tss_a:	.fill 108, 1, 0
tss_b:	.fill 108, 1, 0
	.text
