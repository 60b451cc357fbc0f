/* SPDX-License-Identifier: MIT
 *
 * Assembler macros for a system ROM that ends at 4 GiB: from the reset vector to flat 32-bit
 * protected mode. All of it stands in section .reset16, which lib/rom.lds puts into the last
 * 4 KiB. The code runs where the processor starts, with CS base FFFF0000 (SDM vol. 3, 9.1.4), so
 * that neither shadow RAM nor a ROM mapping below 1 MiB matters, and touches no RAM.
 *
 *	rom_reset_block entry	the GDT, the command line block and the reset vector. The vector
 *				goes to the label reset16, which the ROM defines.
 *	rom_resume_shutdown	goes to rombios in shadow RAM when CMOS 0Fh asks for it and it is there
 *	rom_enter_flat entry	goes to entry: CS, DS, ES, SS, FS, GS flat, no stack, interrupts
 *				off, A20 open, EBX = the command line in the ROM
 */
#ifndef LIB_RESET16_H
#define LIB_RESET16_H

#include <dfw/layout.h>

#define ROM_CS 0x08
#define ROM_DS 0x10

/* Offsets in the last 64 KiB, which is what CS covers; reset_origin is at FFFFF000. */
#define ROM16(label) (label - reset_origin + 0xf000)

/* EAX = configuration address; mechanism 1, PCI 2.1, 3.7.4.1. Clobbers DX. */
.macro rom_pci_address
	movw	$0xcf8, %dx
	outl	%eax, %dx
	movb	$0xfc, %dl
.endm

/* Clobbers all registers but BP. A shutdown code that means "go on where I was" (IBM AT Technical
 * Reference, 5-32) must find RAM as it was, so nothing is loaded again. */
.macro rom_resume_shutdown
	movb	$0x8f, %al
	outb	%al, $0x70
	inb	$0x71, %al
	cmpb	$0x05, %al
	je	1f
	cmpb	$0x09, %al
	je	1f
	cmpb	$0x0a, %al
	jne	9f

	/* Reset may have closed the shadow RAM: open it where the chipset is known. */
1:	movl	$0x80000000, %eax
	rom_pci_address
	inl	%dx, %eax
	movw	$ROM16(7f), %si
2:	cmpl	%cs:(%si), %eax
	je	3f
	addw	$5, %si
	cmpw	$ROM16(8f), %si
	jb	2b
	jmp	5f
3:	movzbl	%cs:4(%si), %ecx
	movw	$7, %di
4:	movl	$0x80000000, %eax
	movb	%cl, %al
	andb	$0xfc, %al
	rom_pci_address
	movb	%cl, %dl
	andb	$3, %dl
	orb	$0xfc, %dl
	movb	$0x33, %al
	outb	%al, %dx
	incb	%cl
	decw	%di
	jnz	4b

5:	movw	$DFW_HANDOFF >> 4, %ax
	movw	%ax, %ds
	cmpl	$0x48574644, 0 /* DFW_HANDOFF_MAGIC */
	jne	9f
	ljmp	$0xf000, $0xfff0

	/* host bridge, first of its seven PAM registers */
7:	.long	0x12378086	/* 82441FX */
	.byte	0x59
	.long	0x01228086	/* 82437FX */
	.byte	0x59
	.long	0x71908086	/* 82443BX */
	.byte	0x59
	.long	0x29c08086	/* Q35 */
	.byte	0x90
8:
9:
.endm

.macro rom_enter_flat entry
	cli
	cld
	inb	$0x92, %al
	orb	$2, %al		/* A20 */
	andb	$0xfe, %al	/* bit 0 would reset */
	outb	%al, $0x92
	lgdtl	%cs:ROM16(rom_gdtr)
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$ROM_CS, $1f
	.code32
1:	movl	$ROM_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$rom_command_line, %ebx
	movl	$\entry, %eax
	jmp	*%eax
	.code16
.endm

.macro rom_reset_block
	.balign	16
rom_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
rom_gdtr:
	.word	. - rom_gdt - 1
	.long	rom_gdt

	.balign	16
1:	.ascii	DFW_ROM_CMDLINE_MAGIC
	.globl	rom_command_line
rom_command_line:
	.fill	DFW_ROM_CMDLINE_SIZE - (. - 1b)

	.org	reset_origin + 0xff0
	.code16
	jmp	reset16
	.org	reset_origin + 0x1000
.endm

#endif
