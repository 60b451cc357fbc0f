/* SPDX-License-Identifier: MIT
 *
 * Every way into rombios: the reset vector, interrupt stubs and tables at the addresses that IBM's
 * BIOS made fixed (PC/AT Technical Reference, BIOS listing), and the way out to other handlers.
 */
#define BIOS_SEG   0xe000
#define BDA_SEG    0x0040
#define REGS_SIZE  46 /* struct regs, rombios.h */
#define CHUNK      0x600 /* own stack of one entry from a foreign stack */

	.code16
	.section .text.entry, "ax"

/*
 * The common path of a stub: DS and the general registers are pushed, BP is the C function. The
 * frame is completed on the caller's stack, copied to a chunk of our own, and copied back after
 * the call; a caller that already runs on our stack stays there. Uses 46 bytes of the caller's
 * stack, the interrupt's own 6 among them.
 */
stub_common:
	pushw %es
	pushw %fs
	pushw %gs
	cld
	movzwl %bp, %ebp
	movw $BIOS_SEG, %dx
	movw %ss, %ax
	cmpw %dx, %ax
	je 2f
	movw %dx, %es
	movzwl %es:stack_next, %edi
	cmpw $stack_bottom + CHUNK, %di
	jb 3f
	subw $CHUNK, %es:stack_next
	movl %esp, %ebx
	movzwl %sp, %esi
	movw %ax, %ds
	movw %dx, %ss
	movl %edi, %esp
	pushl %ebx
	pushw %ax
	subl $REGS_SIZE, %esp
	movl %esp, %edi
	movw $REGS_SIZE / 2, %cx
	rep movsw
	movw %dx, %ds
	movw $BDA_SEG, %ax
	movw %ax, %fs
	movl %esp, %eax
	calll *%ebp
	cli
	movl %esp, %esi
	movw REGS_SIZE(%esi), %ax
	movl REGS_SIZE + 2(%esi), %ebx
	movw %ax, %es
	movl %ebx, %edi
	movw $REGS_SIZE / 2, %cx
	rep movsw
	addw $CHUNK, stack_next
	movw %ax, %ss
	movl %ebx, %esp
1:	popw %gs
	popw %fs
	popw %es
	popal
	popw %ds
	iretw
2:	movw %dx, %ds
	movw %dx, %es
	movw $BDA_SEG, %ax
	movw %ax, %fs
	movl %esp, %eax
	calll *%ebp
	cli
	jmp 1b
3:	/* every chunk is taken: refuse with CF, as a service that is not there */
	movw %sp, %bp
	orb $1, REGS_SIZE - 2(%bp)
	jmp 1b

/* a stub at a place of the linker's choice */
	.macro stub name, handler
	.global \name
\name:	pushw %ds
	pushal
	movw $\handler, %bp
	jmp stub_common
	.endm

	stub int_70, handle_70
	stub int_74, handle_74
	stub int_75, handle_75
	stub int_76, handle_76
	stub int_18, handle_18
	stub irq_master, handle_spurious_master
	stub irq_slave, handle_spurious_slave
	stub int_05_service, handle_05
	stub int_08_service, handle_08
	stub int_09_service, handle_09
	stub int_0e_service, handle_0e
	stub int_11_service, handle_11
	stub int_12_service, handle_12
	stub int_13_service, handle_13
	stub int_14_service, handle_14
	stub int_15_service, handle_15
	stub int_16_service, handle_16
	stub int_17_service, handle_17
	stub int_1a_service, handle_1a
	stub int_40_service, handle_40

/* void call_interrupt(uint8_t n, struct regs *r): eax, edx. The vector's handler returns by IRET
 * to 1f; SS stays ours, so the registers come back on this stack. */
	.global call_interrupt, stc_interrupt
stc_interrupt:
	stc
	jmp 2f
call_interrupt:
	clc
2:	pushfw /* CF as the handler shall find it, in the image that IRET loads too */
	popw %cx
	movzbl %al, %eax
	pushl %ebx
	pushl %esi
	pushl %edi
	pushl %ebp
	pushw %gs
	pushl %edx
	pushw %cx
	pushw %cs
	pushw $1f
	movw $0, %cx /* CF stays */
	movw %cx, %gs
	movl %gs:(, %eax, 4), %ecx
	pushl %ecx
call_with_registers: /* stack: far target, and what it returns to; edx: struct regs */
	movl %edx, %ebp
	movw 0(%ebp), %gs
	movw 2(%ebp), %fs
	movw 4(%ebp), %es
	movl 6(%ebp), %edi
	movl 10(%ebp), %esi
	movl 22(%ebp), %ebx
	movl 26(%ebp), %edx
	movl 30(%ebp), %ecx
	movl 34(%ebp), %eax
	movw 38(%ebp), %ds
	movl 14(%ebp), %ebp
	cli
	lretw
1:	cld
	pushfw
	pushw %ds
	pushal
	pushw %es
	pushw %fs
	pushw %gs
	movw %ss, %ax
	movw %ax, %ds
	movw %ax, %es
	movw $BDA_SEG, %ax
	movw %ax, %fs
	movl 42(%esp), %edi
	movl %esp, %esi
	movw $20, %cx
	rep movsw
	movw (%esi), %ax
	movw %ax, 4(%edi)
	addl $42, %esp
	popl %edx
	popw %gs
	popl %ebp
	popl %edi
	popl %esi
	popl %ebx
	retl

/* void call_far(uint32_t target, struct regs *r): the same for a routine that returns by RETF */
	.global call_far
call_far:
	pushl %ebx
	pushl %esi
	pushl %edi
	pushl %ebp
	pushw %gs
	pushl %edx
	pushw %cs
	pushw $1b
	pushl %eax
	jmp call_with_registers

/* void jump_far(uint32_t target, uint8_t dl): leaves for a boot sector: registers clean, stack
 * below 7C00, interrupts on. */
	.global jump_far
jump_far:
	cli
	xorw %cx, %cx
	movw %cx, %ds
	movw %cx, %es
	movw %cx, %fs
	movw %cx, %gs
	movw %cx, %ss
	movl $0x7c00, %esp
	pushl %eax
	movzbl %dl, %edx
	xorl %eax, %eax
	xorl %ebx, %ebx
	xorl %ecx, %ecx
	xorl %esi, %esi
	xorl %edi, %edi
	xorl %ebp, %ebp
	movw $0xaa55, %ax
	sti
	lretw

/* void resume_jump(uint32_t target), resume_iret(uint32_t stack): CMOS shutdown codes 05h, 0Ah
 * and 09h: through [40:67] */
	.global resume_jump, resume_iret
resume_jump:
	pushl %eax
	lretw
resume_iret: /* eax = SS:SP that INT 15h/87h left: DS, ES, registers, then IRET */
	movw %ax, %bx
	shrl $16, %eax
	movw %ax, %ss
	movzwl %bx, %esp
	popw %ds
	popw %es
	popaw
	iretw

/* POST: everything is unknown but CS. */
post_entry:
	cli
	cld
	movw $BIOS_SEG, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $reset_stack_top, %esp
	movw $BDA_SEG, %ax
	movw %ax, %fs
	calll shutdown_code
	movl $stack_top, %esp
	movw $stack_top - CHUNK, stack_next
	calll post
	/* not reached */

	.section .data
	.global stack_next
stack_next: .word stack_top - CHUNK

	.section .bss
	.balign 4
	.space 256
reset_stack_top:

/* --- F000:E000-FFFF --- */
	.section .fixed, "ax"
	.macro at address
	.org \address - 0xe000
	.endm

	at 0xe05b
	jmp post_entry
	at 0xe2c3 /* NMI */
	iretw
	at 0xe3fe
	jmp int_13_service
	at 0xe401 /* fixed disk parameter table: type 47 speaks for itself in the EBDA */
	.space 16
	at 0xe6f2
	jmp int_19_entry
	at 0xe6f5 /* system configuration: INT 15h/C0h */
	.global config_table
config_table:
	.word 8
	.byte 0xfc, 0, 1
	.byte 0x74 /* second PIC, RTC, keyboard intercept, EBDA */
	.byte 0x40, 0, 0, 0
	at 0xe739
	jmp int_14_service
	at 0xe82e
	jmp int_16_service
	at 0xe987
	jmp int_09_service
	at 0xec59
	jmp int_40_service
	at 0xef57
	jmp int_0e_service
	at 0xefc7 /* diskette parameter table: 1.44 MB; INT 1Eh */
	.global diskette_parameters
diskette_parameters:
	.byte 0xaf, 0x02, 0x25, 0x02, 18, 0x1b, 0xff, 0x6c, 0xf6, 0x0f, 0x08
	at 0xefd2
	jmp int_17_service
	at 0xf045 /* INT 10h functions 0-Fh: a table nobody should call; the vector is vgabios' */
	.space 32
	at 0xf065
	iretw
	at 0xf0a4 /* video parameters of the monochrome and colour adapters: INT 1Dh */
	.global video_parameters
video_parameters:
	.byte 0x38, 0x28, 0x2d, 0x0a, 0x1f, 6, 0x19, 0x1c, 2, 7, 6, 7, 0, 0, 0, 0
	.byte 0x71, 0x50, 0x5a, 0x0a, 0x1f, 6, 0x19, 0x1c, 2, 7, 6, 7, 0, 0, 0, 0
	.byte 0x38, 0x28, 0x2d, 0x0a, 0x7f, 6, 0x64, 0x70, 2, 1, 6, 7, 0, 0, 0, 0
	.byte 0x61, 0x50, 0x52, 0x0f, 0x19, 6, 0x19, 0x19, 2, 0x0d, 0x0b, 0x0c, 0, 0, 0, 0
	.word 2048, 4096, 16384, 16384
	.byte 40, 40, 80, 80, 40, 40, 80, 80
	.byte 0x2c, 0x28, 0x2d, 0x29, 0x2a, 0x2e, 0x1e, 0x29
	at 0xf841
	jmp int_12_service
	at 0xf84d
	jmp int_11_service
	at 0xf859
	jmp int_15_service
	at 0xfa6e
	.global font_8x8_low
font_8x8_low:
	.space 1024
	at 0xfe6e
	jmp int_1a_service
	at 0xfea5
	jmp int_08_service
	at 0xfef3 /* vectors 08h-1Fh: offsets in F000, as IBM's POST copied them */
	.word 0xfea5, 0xe987, 0xff53, 0xff53, 0xff53, 0xff53, 0xef57, 0xff53
	.word 0xf065, 0xf84d, 0xf841, 0xe3fe, 0xe739, 0xf859, 0xe82e, 0xefd2
	.word int_18, 0xe6f2, 0xfe6e, 0xff53, 0xff53, 0xf0a4, 0xefc7, 0
	at 0xff53
	iretw
	at 0xff54
	jmp int_05_service
int_19_entry: /* INT 19h: boots again on a stack of our own */
	cli
	cld
	movw $BIOS_SEG, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $stack_top, %esp
	movw $stack_top - CHUNK, stack_next
	movw $BDA_SEG, %ax
	movw %ax, %fs
	calll boot
	at 0xfff0
	.global reset
reset:	ljmp $0xf000, $0xe05b
	at 0xfff5
	.ascii "01/01/26"
	at 0xfffe
	.byte 0xfc, 0

	.section .note.GNU-stack, "", @progbits
