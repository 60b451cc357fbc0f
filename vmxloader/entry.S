/* SPDX-License-Identifier: MIT
 *
 * vmxloader's two ends: the one entry for every host, and the way out to F000:FFF0.
 */
#include <dfw/layout.h>
#include "vmxloader/image.h"

	/* Multiboot 0.6.96, 3.1: page-aligned modules, memory information */
	.section .header, "a"
	.long	0x1badb002
	.long	0x00000003
	.long	-(0x1badb002 + 0x00000003)
	.long	0
	.org	IMAGE_COPY_SIZE
	.long	image_end - DFW_HIGH_IMAGE
	.org	IMAGE_ENTRY
	.long	_start

	/* Xen public interface, elfnote.h: XEN_ELFNOTE_PHYS32_ENTRY */
	.section .note.Xen, "a", @note
	.long	4, 4, 18
	.asciz	"Xen"
	.long	_start

/* Entered in flat 32-bit protected mode, interrupts off; the selectors may be anything and there may
 * be no GDT and no stack. EAX = multiboot magic, EBX = its information; or EAX = IMAGE_FROM_ROM,
 * EBX = command line, ESI = where the image lies in the ROM; or EBX = hvm_start_info. */
	.text
	.globl	_start
_start:
	cli
	cld
	lgdt	gdtr
	ljmp	$SEL_CODE32, $1f
1:	movl	$SEL_DATA32, %ecx
	movl	%ecx, %ds
	movl	%ecx, %es
	movl	%ecx, %ss
	movl	%ecx, %fs
	movl	%ecx, %gs
	movl	$stack_top, %esp
	movl	%eax, %edx
	movl	$bss_start, %edi
	movl	$bss_end, %ecx
	subl	%edi, %ecx
	shrl	$2, %ecx
	xorl	%eax, %eax
	rep stosl
	movl	%edx, %eax
	movl	%ebx, %edx
	movl	%esi, %ecx
	call	loader_main
	ud2

/* Where the start-up IPI sends a further processor: copied to START_PAGE (processors.c), which CS says.
 * Flat protected mode, then one after the other on one stack through ap_main. */
	.globl	ap_start, ap_start_end
	.code16
ap_start:
	cli
	cld
	lgdtl	%cs:1f - ap_start
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$SEL_CODE32, $ap_flat
1:	.word	gdtr - gdt - 1
	.long	gdt
ap_start_end:
	.code32
ap_flat:
	movl	$SEL_DATA32, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
1:	pause
	lock btsl $0, ap_lock
	jc	1b
	movl	$ap_stack_top, %esp
	call	ap_main
	movl	$0, ap_lock
2:	cli
	hlt
	jmp	2b

/* void start_assist(uint32_t entry): flat 32-bit protected mode, as the assist ABI says */
	.globl	start_assist
start_assist:
	jmp	*%eax

/* void start_native(void): real mode as after reset but for CS, then F000:FFF0 */
	.globl	start_native
start_native:
	movl	$real_start, %esi
	movl	$REAL_START, %edi
	movl	$real_end - real_start, %ecx
	rep movsb
	lidt	real_idtr
	movl	$SEL_DATA16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	ljmp	$SEL_CODE16, $REAL_START

	.code16
real_start:
	xorl	%eax, %eax
	movl	%eax, %cr4
	movb	$0x10, %al	/* ET only: the reset state, caches on */
	movl	%eax, %cr0
	ljmp	$0, $REAL_START + 1f - real_start
1:	xorl	%eax, %eax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	%ax, %fs
	movw	%ax, %gs
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%esi, %esi
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	xorl	%esp, %esp
	ljmp	$0xf000, $0xfff0
real_end:
	.code32

	.section .rodata
	.balign	16
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
	.quad	0x00009b000000ffff
	.quad	0x000093000000ffff
gdtr:
	.word	. - gdt - 1
	.long	gdt
real_idtr:
	.word	0x3ff
	.long	0

	.bss
	.balign	16
	.skip	8192
stack_top:
	.skip	1024
ap_stack_top:
ap_lock:
	.skip	4

	.section .note.GNU-stack, "", @progbits
