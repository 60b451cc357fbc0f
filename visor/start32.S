/* SPDX-License-Identifier: MIT
 *
 * start.S for the 32-bit build: entry of the image, entry to and exit from the guest, exceptions of visor
 * itself, the start of further processors.
 */
#include <dfw/layout.h>
#include "visor/boot.h"
#include "visor/start.inc"

	.section .image_header, "a"
	.long VISOR_IMAGE_MAGIC32, image_size
	.long visor_start, 0, image_end, 0, VISOR_BASE, 0

	.text
	/* EDI = physical address of struct visor_boot; paging on, first page tables */
	.globl visor_start
visor_start:
	movl $stack_end, %esp
	lgdt gdt_pointer
	ljmp $0x08, $1f
1:	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	movl %edi, %eax
	call visor_main

	/* unsigned vmx_enter(union dfw_reg *gpr, bool launched), regparm: EAX, DL. Registers are 8 bytes apart. */
	.globl vmx_enter
vmx_enter:
	pushl %ebx
	pushl %ebp
	pushl %esi
	pushl %edi
	pushl %eax
	movl $HOST_RSP, %ecx
	vmwrite %esp, %ecx
	testb %dl, %dl
	movl 1*8(%eax), %ecx
	movl 2*8(%eax), %edx
	movl 3*8(%eax), %ebx
	movl 5*8(%eax), %ebp
	movl 6*8(%eax), %esi
	movl 7*8(%eax), %edi
	movl 0*8(%eax), %eax
	jnz 1f
	vmlaunch
	jmp 2f
1:	vmresume
2:	popl %edx
	movl $1, %eax
	jmp 3f

	.globl vmx_exit
vmx_exit:
	pushl %eax
	movl 4(%esp), %eax
	movl %ecx, 1*8(%eax)
	movl %edx, 2*8(%eax)
	movl %ebx, 3*8(%eax)
	movl %ebp, 5*8(%eax)
	movl %esi, 6*8(%eax)
	movl %edi, 7*8(%eax)
	popl 0*8(%eax)
	addl $4, %esp
	xorl %eax, %eax
3:	popl %edi
	popl %esi
	popl %ebp
	popl %ebx
	ret

	exception_stubs

host_trap:
	pushl %eax
	pushl %ecx
	pushl %edx
	cld
	leal 3*4(%esp), %eax
	call host_exception		/* (unsigned long frame[]: vector, error, EIP ...) */
	popl %edx
	popl %ecx
	popl %eax
	addl $8, %esp
	iretl

	/* Where the start-up IPI sends a further processor: see start.S. */
	ap_begin
	movl $0x80000031, %eax		/* PG, NE, ET, PE; caches on */
	movl %eax, %cr0
	ljmpl *1f - ap_start
1:	.long 0
	.word 0x08
	.code32
2:	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	movl $1, %edi
	lock xaddl %edi, ap_count - ap_start(%ebx)
	cmpl $DFW_ASSIST_CPUS - 1, %edi
	jae 3f
	incl %edi			/* the virtual processor's number */
	movl %edi, %eax
	shll $14, %eax
	movl ap_stacks - ap_start(%ebx), %esp
	addl %eax, %esp
	lgdt gdt_pointer
	movl %edi, %eax
	movl $smp_main, %ecx
	call *%ecx
3:	cli				/* one too many */
	hlt
	jmp 3b
	ap_data 0x00cf9b000000ffff

	.data
	.align 16
	.globl host_gdt
host_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* 08 code */
	.quad 0x00cf93000000ffff	/* 10 data */
	.quad 0, 0			/* 18 TSS, 20 GS: each processor's own copy has them, host32.c */
gdt_pointer:
	.word . - host_gdt - 1
	.long host_gdt

	.bss
	.align 4096
	.skip 0x4000
stack_end:
	.section .note.GNU-stack, "", @progbits
