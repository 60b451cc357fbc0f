/* SPDX-License-Identifier: MIT
 *
 * start.S for the 32-bit build: entry of the image, entry to and exit from the guest, exceptions of visor
 * itself, the start of further processors.
 */
#include <dfw/layout.h>
#include "visor/boot.h"

#define HOST_RSP 0x6c14

	.section .identity_map, "aw"
	.globl identity_page
identity_page:
	.skip 4096

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

	.globl host_vectors
	.align 16
host_vectors:
	.set vector, 0
	.rept 32
	.align 16
	.if !((vector == 8) || ((vector >= 10) && (vector <= 14)) || (vector == 17))
	pushl $0
	.endif
	pushl $vector
	jmp host_trap
	.set vector, vector + 1
	.endr

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
	.globl ap_start, ap_start_end, ap_cr3, ap_count, ap_stacks
	.code16
ap_start:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	xorl %ebx, %ebx
	movw %ax, %bx
	shll $4, %ebx			/* the page */
	leal (2f - ap_start)(%ebx), %eax
	movl %eax, 1f - ap_start
	leal (ap_gdt - ap_start)(%ebx), %eax
	movl %eax, ap_gdt_pointer + 2 - ap_start
	lgdtl ap_gdt_pointer - ap_start
	movl ap_cr3 - ap_start, %eax
	movl %eax, %cr3
	movl $1 << 5, %eax		/* PAE */
	movl %eax, %cr4
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
	.align 8
ap_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* 08 code */
	.quad 0x00cf93000000ffff	/* 10 data */
ap_gdt_pointer:
	.word . - ap_gdt - 1
	.long 0
	.align 8
ap_stacks:
	.quad 0
ap_cr3:
	.long 0
ap_count:
	.long 0
ap_start_end:

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
