/* SPDX-License-Identifier: MIT
 *
 * A second processor in real mode: the state that a start-up IPI gives it, both processors at work at
 * once, interrupts between them that end HLT, NMI, and a second start.
 */
#include "tests/vmxassist/guest.inc"

	.equ FIRST_PAGE, 9
	.equ SECOND_PAGE, 10
	.equ APIC, 0xfee00000
	.equ ICR, 0xfee00300
	.equ INIT, 0x0c4500
	.equ SIPI, 0x0c4600
	.equ TO_OTHERS, 0x0c4000
	.equ NMI, 0x0c4400
	.equ WAKE_AP, 0x62
	.equ WAKE_BSP, 0x63
	.equ ROUNDS, 2000
	.equ WAKES, 50

	.macro vector n, handler
	movw $\handler, \n * 4
	movw $0, \n * 4 + 2
	.endm

	.macro apic_write register, value
	pushl %edi
	movl $\register, %edi
	movl \value, %fs:(%edi)
	popl %edi
	.endm

	/* waits until the 16-bit variable has at least the value */
	.macro await variable, value
77:	pause
	cmpw \value, \variable
	jb 77b
	.endm

main:
	vector 0x61, count
	vector WAKE_AP, woken_ap
	vector WAKE_BSP, woken_bsp
	vector 2, nmi
	cli
	call make_unreal
	sti

	say "first start"
	movb $FIRST_PAGE, %al
	call start
	await ap_at, $1
	call show_start

	say "real mode on both"
	movw $go, %di
	movw $2, (%di) /* both run */
	movw $work_bsp, %bx
	call work
	await ap_at, $2
	show16 ": int", work_bsp
	show16 " protected", work_bsp + 2
	show16 " ap int", work_ap
	show16 " protected", work_ap + 2
	show16 " shared", shared
	newline

	say "wake-ups"
	movw $1, %cx
1:	await ap_ready, %cx
	movl $TO_OTHERS+WAKE_AP, %eax
	apic_write ICR, "%eax"
2:	cli
	cmpw $0, bsp_woken
	jne 3f
	sti
	hlt
	jmp 2b
3:	movw $0, bsp_woken
	sti
	incw %cx
	cmpw $WAKES, %cx
	jbe 1b
	show16 ": ap", ap_wakes
	show16 " bsp", bsp_wakes
	newline

	say "nmi"
	await ap_at, $5
	apic_write ICR, "$NMI"
	await nmis, $1
	await ap_at, $6
	apic_write ICR, "$NMI"
	await nmis, $2
	show16 ": running and halted", nmis
	newline

	say "second start"
	movw $0, ap_at
	movb $SECOND_PAGE, %al
	call start
	await ap_at, $1
	call show_start
	ret

/* INIT, SIPI, SIPI to all others; al = vector */
start:	apic_write ICR, "$INIT"
	call wait
	movzbl %al, %eax
	orl $SIPI, %eax
	apic_write ICR, "%eax"
	call wait
	cmpw $0, ap_at
	jne 1f
	apic_write ICR, "%eax"
1:	ret

/* 10 ms and more: the PIT's channel 2 */
wait:	pushl %eax
	inb $0x61, %al
	andb $0xfc, %al
	orb $1, %al
	outb %al, $0x61
	movb $0xb0, %al
	outb %al, $0x43
	movb $0xff, %al
	outb %al, $0x42
	movb $0x2f, %al
	outb %al, $0x42
1:	inb $0x61, %al
	testb $0x20, %al
	jz 1b
	popl %eax
	ret

show_start:
	show16 ": cs", ap_cs
	show16 " ip", ap_ip
	show16 " ds", ap_ds
	show16 " es", ap_es
	show16 " fs", ap_fs
	show16 " gs", ap_gs
	show16 " ss", ap_ss
	newline
	show32 " eax", ap_eax
	show32 " ebx", ap_ebx
	show32 " ecx", ap_ecx
	show32 " esi", ap_esi
	show32 " edi", ap_edi
	show32 " ebp", ap_ebp
	show32 " esp", ap_esp
	movl $1, %eax
	cpuid
	xorl ap_edx, %eax
	show32 " edx^signature", %eax
	newline
	/* INIT keeps CD and NW (SDM vol. 3, table 9-1), and QEMU sets them */
	andl $0x9fffffff, ap_cr0
	show32 " cr0", ap_cr0
	show32 " cr4", ap_cr4
	andl $0x4f02, ap_flags /* those that the code before it has not changed; IOPL shows VM86 */
	show32 " eflags", ap_flags
	newline
	ret

/* fs and gs reach all memory from now on; gs is left 0 */
make_unreal:
	lgdtl %cs:gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	jmp 1f
1:	movw $0x10, %ax
	movw %ax, %fs
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	jmp 1f
1:	xorw %ax, %ax
	movw %ax, %fs
	ret

/* bx = counters: INT, and a way to protected mode and back */
work:	movw $ROUNDS, %cx
1:	int $0x61
	lock incw shared
	testb $15, %cl
	jnz 2f
	cli
	lgdtl gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmp $0x18, $3f
3:	movw $0x10, %ax
	movw %ax, %ds
	movzwl %bx, %eax
	addr32 incw 2(%eax)
	movw $0x20, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	ljmp $0, $4f
4:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	sti
2:	decw %cx
	jnz 1b
	ret

count:	incw (%bx)
	iret

woken_ap:
	apic_write APIC+0xb0, "$0"
	incw %cs:ap_wakes
	movw $1, %cs:ap_woken
	iret
woken_bsp:
	apic_write APIC+0xb0, "$0"
	incw %cs:bsp_wakes
	movw $1, %cs:bsp_woken
	iret
nmi:	incw %cs:nmis
	iret

/* what the second processor does after it has told its state */
ap_main:
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $0x6000, %sp
	pushl $0
	popfl
	cmpw $0, starts
	jne 9f
	incw starts
	call make_unreal
	apic_write APIC+0xf0, "$0x1ff"
	movw $1, ap_at
	await go, $2
	movw $work_ap, %bx
	call work
	movw $2, ap_at

	movw $WAKES, %cx
1:	cli
	incw ap_ready
2:	sti
	hlt
	cli
	cmpw $0, ap_woken
	je 2b
	movw $0, ap_woken
	apic_write ICR, "$TO_OTHERS+WAKE_BSP"
	loop 1b

	movw $5, ap_at
	await nmis, $1
	movw $6, ap_at
3:	hlt
	cmpw $2, nmis
	jne 3b
	movw $7, ap_at
	jmp 4f
9:	incw starts
	movw $1, ap_at
4:	cli
	hlt
	jmp 4b

	.balign 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff
	.quad 0x00cf93000000ffff
	.quad 0x00009b000000ffff
	.quad 0x000093000000ffff
gdtr:	.word . - gdt - 1
	.long gdt

	/* both are on a page of their own; CS is the page, so data is reached through a DS of 0 */
	.macro told_by begin
	movw %ds, %cs:saved_ds\@ - \begin
	movl %eax, %cs:saved_eax\@ - \begin
	xorw %ax, %ax
	movw %ax, %ds
	movl %ebx, ap_ebx
	movl %ecx, ap_ecx
	movl %edx, ap_edx
	movl %esi, ap_esi
	movl %edi, ap_edi
	movl %ebp, ap_ebp
	movl %esp, ap_esp
	movw %es, ap_es
	movw %fs, ap_fs
	movw %gs, ap_gs
	movw %ss, ap_ss
	movw %cs, ap_cs
	movl %cs:saved_eax\@ - \begin, %eax
	movl %eax, ap_eax
	movw %cs:saved_ds\@ - \begin, %ax
	movw %ax, ap_ds
	movl %cr0, %eax
	movl %eax, ap_cr0
	movl %cr4, %eax
	movl %eax, ap_cr4
	movw $0x6000, %sp
	pushfl
	popl ap_flags
	call 1f
1:	popw %ax
	subw $1b - \begin, %ax
	movw %ax, ap_ip
	ljmp $0, $ap_main
saved_eax\@: .long 0
saved_ds\@: .word 0
	.endm

	.org FIRST_PAGE * 0x1000 - 0x7c00
first_start:
	told_by first_start
	.org SECOND_PAGE * 0x1000 - 0x7c00
second_start:
	told_by second_start

	.balign 4
ap_eax: .long 0
ap_ebx: .long 0
ap_ecx: .long 0
ap_edx: .long 0
ap_esi: .long 0
ap_edi: .long 0
ap_ebp: .long 0
ap_esp: .long 0
ap_cr0: .long 0
ap_cr4: .long 0
ap_flags: .long 0
ap_cs:	.word 0
ap_ip:	.word 0
ap_ds:	.word 0
ap_es:	.word 0
ap_fs:	.word 0
ap_gs:	.word 0
ap_ss:	.word 0
ap_at:	.word 0
ap_ready: .word 0
ap_woken: .word 0
ap_wakes: .word 0
bsp_woken: .word 0
bsp_wakes: .word 0
nmis:	.word 0
starts:	.word 0
go:	.word 0
shared:	.word 0
work_bsp: .word 0, 0
work_ap: .word 0, 0
