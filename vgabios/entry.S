/* SPDX-License-Identifier: MIT
 *
 * The ROM header, the entry from the system BIOS and the entry of INT 10h. PCI_VENDOR, PCI_DEVICE
 * and ROM_NAME come from the build.
 */
#define ROM_SEG 0xc000

	.code16
	.section .header, "ax"

	.globl	rom_header
rom_header:
	.byte	0x55, 0xaa
	.byte	64			/* in 512 bytes */
	jmp	rom_init
	.org	6
	.byte	0			/* makes the sum zero; set by the build */
	.org	0x18
	.word	pcir
	.word	0			/* no Plug and Play header */
	.org	0x1e
	.ascii	"IBM VGA compatible\0"	/* programs look for IBM here */
	.asciz	ROM_NAME
	.balign	4

/* PCI Firmware Specification 3.0, 5.1.2 */
pcir:
	.ascii	"PCIR"
	.word	PCI_VENDOR, PCI_DEVICE
	.word	0
	.word	24			/* length of this structure */
	.byte	0			/* revision */
	.byte	0x00, 0x00, 0x03	/* class: VGA-compatible display controller */
	.word	64
	.word	1			/* code revision */
	.byte	0			/* PC-AT code */
	.byte	0x80			/* last image */
	.word	0

	.section .rom, "a"

/* What 40:A8 points at: the video parameters, tables that a program may put in place of ours and that are
 * not there, and the secondary table of such, which begins with its size. */
	.globl	save_pointers
	.balign	2
save_pointers:
	.word	parameter_table, ROM_SEG, 0, 0, 0, 0, 0, 0, secondary, ROM_SEG, 0, 0, 0, 0
secondary:
	.word	26, display_combinations, ROM_SEG, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0

	.text

/* Saves the caller's registers as struct regs, and sets up the memory model of vgabios.h. */
.macro save_registers
	cld
	pushal
	pushw	%ds
	pushw	%es
	pushw	%fs
	pushw	%gs
	movzwl	%sp, %esp
	movw	%ss, %cx
	movw	%cx, %ds
	xorw	%cx, %cx
	movw	%cx, %fs
	movw	%cx, %gs		/* for now: nothing stale before CS is read, so that vmxassist is not asked */
	movw	%cs, %cx
	movw	%cx, %gs
	movl	%esp, %ebp
.endm

.macro restore_registers
	popw	%gs
	popw	%fs
	popw	%es
	popw	%ds
	movl	12(%esp), %eax		/* the caller's high half of ESP */
	movw	%sp, %ax
	movl	%eax, %esp
	popal
.endm

/* INT 10h. Registers come back as the service left them in struct regs; flags are the caller's. The
 * bank switch goes past all that: programs call it for each 64 KiB that they draw. */
	.globl	int10_entry
int10_entry:
	cmpw	$0x4f05, %ax
	je	3f
	save_registers
	cmpb	$(services_end - services) / 2, %ah
	jae	2f
	movzbl	%ah, %ebx
	addw	%bx, %bx
	callw	*%cs:services(%bx)
1:	restore_registers
	iretw
2:	cmpb	$0x4f, %ah
	jne	1b
	callw	handle_104f
	jmp	1b
3:	callw	set_window
	iretw

	.section .rom
services: /* by AH */
	.word	handle_1000, handle_1001, handle_1002, handle_1003, handle_1004, handle_1005, handle_1006, handle_1006
	.word	handle_1008, handle_1009, handle_1009, handle_100b, handle_100c, handle_100d, handle_100e, handle_100f
	.word	handle_1010, handle_1011, handle_1012, handle_1013, no_service, no_service, no_service, no_service
	.word	no_service, no_service, handle_101a, handle_101b, handle_101c
services_end:
	.text
no_service:
	retw


/* The far call of VBE 3.0, 4.8: BX and DX as for 4F05h. */
	.globl	vbe_window
vbe_window:
	callw	set_window
	lretw

/* Far call from the system BIOS; all registers are kept. */
rom_init:
	pushfw
	save_registers
	callw	start
	restore_registers
	popfw
	lretw

	.section .note.GNU-stack, "", @progbits
