/* SPDX-License-Identifier: MIT
 *
 * Entry of the visor image, entry to and exit from the guest, exceptions of visor itself.
 */
#include <dfw/layout.h>
#include "visor/boot.h"
#include "visor/start.inc"

	.section .image_header, "a"
	.long VISOR_IMAGE_MAGIC64, image_size
	.quad visor_start, image_end, VISOR_BASE

	.text
	/* RDI = physical address of struct visor_boot; long mode, first page tables */
	.globl visor_start
visor_start:
	leaq stack_end(%rip), %rsp
	lgdt gdt_pointer(%rip)
	pushq $0x08
	leaq 1f(%rip), %rax
	pushq %rax
	lretq
1:	movl $0x10, %eax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	movabsq $VISOR_PHYSMAP, %rax
	addq %rax, %rdi
	call visor_main

	/* unsigned vmx_enter(union dfw_reg *gpr, bool launched) */
	.globl vmx_enter
vmx_enter:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushq %rdi
	movl $HOST_RSP, %eax
	vmwrite %rsp, %rax
	testb %sil, %sil
	movq 0*8(%rdi), %rax
	movq 1*8(%rdi), %rcx
	movq 2*8(%rdi), %rdx
	movq 3*8(%rdi), %rbx
	movq 5*8(%rdi), %rbp
	movq 6*8(%rdi), %rsi
	movq 8*8(%rdi), %r8
	movq 9*8(%rdi), %r9
	movq 10*8(%rdi), %r10
	movq 11*8(%rdi), %r11
	movq 12*8(%rdi), %r12
	movq 13*8(%rdi), %r13
	movq 14*8(%rdi), %r14
	movq 15*8(%rdi), %r15
	movq 7*8(%rdi), %rdi
	jnz 1f
	vmlaunch
	jmp 2f
1:	vmresume
2:	popq %rdi
	movl $1, %eax
	jmp 3f

	.globl vmx_exit
vmx_exit:
	pushq %rdi
	movq 8(%rsp), %rdi
	movq %rax, 0*8(%rdi)
	movq %rcx, 1*8(%rdi)
	movq %rdx, 2*8(%rdi)
	movq %rbx, 3*8(%rdi)
	movq %rbp, 5*8(%rdi)
	movq %rsi, 6*8(%rdi)
	popq 7*8(%rdi)
	movq %r8, 8*8(%rdi)
	movq %r9, 9*8(%rdi)
	movq %r10, 10*8(%rdi)
	movq %r11, 11*8(%rdi)
	movq %r12, 12*8(%rdi)
	movq %r13, 13*8(%rdi)
	movq %r14, 14*8(%rdi)
	movq %r15, 15*8(%rdi)
	addq $8, %rsp
	xorl %eax, %eax
3:	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

	exception_stubs

host_trap:
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	cld
	leaq 9*8(%rsp), %rdi
	call host_exception		/* (unsigned long frame[]: vector, error, RIP ...) */
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rax
	addq $16, %rsp
	iretq

	/* Where the start-up IPI sends a further processor: copied to a page below 1 MiB, START_PAGE in
	 * smp.c, which CS says. Real mode to long mode (SDM vol. 3, 9.8.5), then its own stack. */
	ap_begin
	movl $0xc0000080, %ecx
	xorl %edx, %edx
	movl $1 << 8, %eax		/* LME */
	wrmsr
	movl $0x80000031, %eax		/* PG, NE, ET, PE; caches on */
	movl %eax, %cr0
	ljmpl *1f - ap_start
1:	.long 0
	.word 0x08
	.code64
2:	movl $0x10, %eax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	movl $1, %edi
	lock xaddl %edi, ap_count - ap_start(%rbx)
	cmpl $DFW_ASSIST_CPUS - 1, %edi
	jae 3f
	incl %edi			/* the virtual processor's number */
	movl %edi, %eax
	shll $14, %eax
	movq ap_stacks - ap_start(%rbx), %rsp
	addq %rax, %rsp
	lgdt gdt_pointer
	movabsq $smp_main, %rax
	call *%rax
3:	cli				/* one too many */
	hlt
	jmp 3b
	ap_data 0x00af9b000000ffff

	.data
	.align 16
	.globl host_gdt
host_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* 08 code */
	.quad 0x00cf93000000ffff	/* 10 data */
	.quad 0, 0			/* 18 TSS: each processor's own copy has one, vmcs.c */
gdt_pointer:
	.word . - host_gdt - 1
	.quad host_gdt

	.bss
	.align 4096
	.skip 0x4000
stack_end:
	.section .note.GNU-stack, "", @progbits
