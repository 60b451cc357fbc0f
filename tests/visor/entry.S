/* SPDX-License-Identifier: MIT
 *
 * A guest program's start under visor: stack, GDT, IDT; and its fault handlers.
 */
#include "tests/visor/secret.h"

	.section .text.entry, "ax"
	.code32
	.globl start
start:
	movl $stack_end, %esp
	movl %cr0, %eax
	movl %eax, first_cr0
	movl %cr4, %eax
	movl %eax, first_cr4
	movl %ebx, first_ebx
	pushfl
	popl first_eflags
	lgdt gdt_pointer
	ljmp $0x08, $1f
1:	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	lidt idt_pointer
	call test_main
1:	cli
	hlt
	jmp 1b

	/* faults: remember the vector and go on where fault_resume says */
	.set vector, 0
	.globl fault_stubs
	.align 16
fault_stubs:
	.rept 32
	.align 16
	pushl $vector
	jmp fault
	.set vector, vector + 1
	.endr
fault:	popl fault_vector
	cmpl $0, fault_resume
	je unexpected_fault
	movl fault_esp, %esp
	jmp *fault_resume

	/* unsigned try_ACTION(...): 0, or 1 + the vector of the fault */
.macro try name
	.globl try_\name
try_\name:
	movl $1f, fault_resume
	movl %esp, fault_esp
	movl $-1, fault_vector
.endm
.macro tried
1:	movl $0, fault_resume
	movl fault_vector, %eax
	incl %eax
	ret
.endm
	.text
	try vmxon
	vmxon vmx_operand
	tried
	try vmcall
	vmcall
	tried
	try set_cr0
	movl %eax, %cr0
	tried
	try set_cr4
	movl %eax, %cr4
	tried
	try rdmsr
	movl %eax, %ecx
	rdmsr
	tried
	try wrmsr
	movl %eax, %ecx
	movl %edx, %eax
	xorl %edx, %edx
	wrmsr
	tried
	try insb
	movl %edi, %ecx
	movl %eax, %edi
	movl $0x92, %edx
	insb
1:	movl %ecx, %edi
	tried
	try read
	movl (%eax), %eax
	tried
	try xsetbv
	xorl %edx, %edx
	xorl %ecx, %ecx
	xsetbv
	tried
	try ud2
	ud2
	tried

	/* Two registers with what stands in no memory but visor's after a VM exit: visor keeps the guest's
	 * ESI and EDI one behind the other, 8 bytes each. */
.macro hold_secret
	movl $~SECRET_SI, %esi
	movl $~SECRET_DI, %edi
	notl %esi
	notl %edi
	pushl %eax
	pushl %ebx
	pushl %ecx
	pushl %edx
	cpuid
	popl %edx
	popl %ecx
	popl %ebx
	popl %eax
.endm
	/* uint32_t find_secret(uint32_t from, uint32_t count, uint32_t step), regparm: where it is, or 0 */
	.globl find_secret
find_secret:
	pushl %ebx
	pushl %esi
	pushl %edi
	movl %eax, %ebx
	hold_secret
1:	cmpl %esi, (%ebx)
	je 3f
2:	addl %ecx, %ebx
	decl %edx
	jnz 1b
	xorl %eax, %eax
	jmp 4f
3:	cmpl %edi, 8(%ebx)
	jne 2b
	movl %ebx, %eax
4:	popl %edi
	popl %esi
	popl %ebx
	ret
	/* With Bochs' debugger looking on */
	.globl finish_with_secret
finish_with_secret:
	hold_secret
	movw $0x8900, %dx
	movb $'D', %al
	outb %al, %dx
	hlt

	/* uint32_t clear_pe(uint32_t marker), regparm: clears CR0.PE by MOV CR0 with the marker in
	 * EBX; returns what the assist leaves in EDX */
	.globl clear_pe, after_clear_pe
clear_pe:
	pushl %ebx
	pushl %esi
	movl %eax, %ebx
	movl $0x51515151, %esi
	movl %cr0, %eax
	andl $0xfffffffe, %eax
	movl %eax, %cr0
after_clear_pe:
	movl %edx, %eax
	cmpl $0x51515151, %esi
	je 1f
	movl $0xbad, %eax
1:	popl %esi
	popl %ebx
	ret

	/* RESTORE from the assist's world */
	.globl restore_by_mov, restore_by_lmsw
restore_by_mov:
	movl %cr0, %eax
	orl $1, %eax
	movl %eax, %cr0
	ud2
restore_by_lmsw:
	smsw %ax
	orl $1, %eax
	lmsw %ax
	ud2

	.globl die_here
die_here:
	int3

	.globl timer_interrupt, step_interrupt, spurious_interrupt
timer_interrupt:
	incl timer_interrupts
	pushl %eax
	movb $0x20, %al
	outb %al, $0x20
	popl %eax
	iretl
spurious_interrupt:
	iretl
step_interrupt:
	incl single_steps
	iretl

	/* the assist's world begins here */
	.globl assist_entry
assist_entry:
	movl $assist_stack_end, %esp
	call assist_main
	ud2

	/* the second processor's assist, and the interrupt that it gets in the guest's world */
	.globl second_assist_entry, second_stack_end, shootdown_interrupt
second_assist_entry:
	movl $second_stack_end, %esp
	call second_assist_main
	ud2
shootdown_interrupt:
	pushal
	cld
	call shootdown
	popal
	iretl

	/* void enter_vm86(uint32_t ss, esp, cs, ip): runs VM86 code until it faults */
	.globl enter_vm86
enter_vm86:
	pushl $0		/* GS FS DS ES */
	pushl $0
	pushl $0
	pushl $0
	pushl $0		/* SS */
	pushl $0x7000
	pushl $0x23002		/* VM, IOPL 3 */
	pushl $0		/* CS */
	pushl $0x7c00
	iretl

	/* VM86 code at 0:7C00: SMSW to AX, flags to BX, then HLT, which faults */
	.globl vm86_code, vm86_code_end
	.code16
vm86_code:
	smsw %ax
	pushf
	popw %bx
	movw $0x1234, %cx
	hlt
vm86_code_end:
	.code32

	.globl vm86_fault
vm86_fault:			/* #GP from VM86: error, EIP, CS, EFLAGS ...; DS and ES are null */
	pushl %eax
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	popl %eax
	movl %eax, vm86_ax
	movl %ebx, vm86_bx
	movl %ecx, vm86_cx
	movl $assist_stack_end, %esp
	jmp vm86_done

	/* bool long_mode(uint32_t pml4), regparm: PAE, LME, PG on; runs 64-bit code; back to 32
	 * bits with paging off. Returns what 64-bit code computed. */
	.globl long_mode
long_mode:
	pushl %ebx
	pushl %esi
	pushl %edi
	movl %eax, %cr3
	movl %cr4, %eax
	orl $0x20, %eax
	movl %eax, %cr4
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x100, %eax
	wrmsr
	movl %cr0, %eax
	orl $0x80000000, %eax
	movl %eax, %cr0
	ljmp $0x18, $1f
	.code64
1:	movl $0xc0000080, %ecx
	rdmsr
	movl %eax, %r8d
	movq $0x123456789, %r15
	movq touch_from(%rip), %rsi		/* pages to look at, and to write to */
	movl touch_pages(%rip), %ecx
	xorl %edi, %edi
	jecxz 6f
4:	cmpl $0x5aa55aa5, (%rsi)
	jne 5f
	incl %edi
5:	movl $0x5aa55aa5, (%rsi)
	addq $4096, %rsi
	decl %ecx
	jnz 4b
6:	movl %edi, touch_seen(%rip)
	movq %r15, %rbx
	shrq $32, %rbx		/* 1 */
	ljmp *2f(%rip)
2:	.long 3f
	.word 0x08
	.code32
3:	movl %cr0, %eax
	andl $0x7fffffff, %eax
	movl %eax, %cr0
	movl $0xc0000080, %ecx
	rdmsr
	movl %eax, %edx		/* LMA is off again */
	andl $0xfffffeff, %eax
	pushl %edx
	xorl %edx, %edx
	wrmsr
	popl %edx
	movl %cr4, %eax
	andl $~0x20, %eax
	movl %eax, %cr4
	movl %ebx, %eax
	testl $0x400, %edx
	jz 1f
	movl $0xbad, %eax
1:	popl %edi
	popl %esi
	popl %ebx
	ret

	.data
	.align 8
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff
	.quad 0x00cf93000000ffff
	.quad 0x00af9b000000ffff
	.quad 0
	.globl tss_descriptor
tss_descriptor:
	.quad 0
	.globl gdt_pointer, idt_pointer
gdt_pointer:
	.word . - gdt - 1
	.long gdt
idt_pointer:
	.word 32 * 8 - 1
	.long idt

	.globl fault_vector, fault_resume, fault_esp, first_cr0, first_cr4, first_ebx, first_eflags
	.globl vm86_ax, vm86_bx, vm86_cx, vmx_operand, idt, tss, assist_stack_end
	.globl timer_interrupts, single_steps
timer_interrupts: .long 0
	.globl touch_from, touch_pages, touch_seen
	.align 8
touch_from:	.quad 0
touch_pages:	.long 0
touch_seen:	.long 0
single_steps:	.long 0
fault_vector:	.long 0
fault_resume:	.long 0
fault_esp:	.long 0
first_cr0:	.long 0
first_cr4:	.long 0
first_ebx:	.long 0
first_eflags:	.long 0
vm86_ax:	.long 0
vm86_bx:	.long 0
vm86_cx:	.long 0
vmx_operand:	.quad 0

	.bss
	.align 8
idt:	.skip 32 * 8
tss:	.skip 104 + 8192 + 1
	.align 16
	.skip 0x4000
stack_end:
	.skip 0x4000
assist_stack_end:
	.skip 0x4000
second_stack_end:
	.section .note.GNU-stack, "", @progbits
