/* SPDX-License-Identifier: MIT
 *
 * Reset as a way back to real mode: CMOS shutdown codes 05h and 0Ah (jump through 40:67) and 09h (IRET
 * with all registers from the stack that 40:67 points to) after a reset by port 92h, the keyboard controller, a triple fault and port CF9h. Memory must be kept.
 */
#include "guest.inc"

	.equ SYSENTER_CS, 0x174 /* a reset of the processor keeps MSRs */

	.macro after code, way, how
	movw $\code, %bx
	movw $8f, %ax
	call prepare
	say "\way, code \code:\n"
	\how
	jmp wait_for_reset
8:	movw $9f, %bx
	jmp resumed
9:
	.endm

	.macro after_with_iret way, how
	movw $9, %bx
	movw $0x6000, %ax
	call prepare
	movw $8f, iret_frame + 20
	movw $iret_frame, %si
	movw $0x6000, %di
	movw $13, %cx
	rep movsw
	say "\way, code 0x09:\n"
	\how
	jmp wait_for_reset
8:	call show_registers
	movw $9f, %bx
	jmp resumed
9:
	.endm

main:	popw return_address
	movl $SYSENTER_CS, %ecx
	movl $0x1238, %eax
	xorl %edx, %edx
	wrmsr
	after 0x0a, "port 92h", "call port92"
	after 0x05, "port 92h", "call port92"
	after 0x0a, "keyboard controller", "call kbc"
	after 0x05, "keyboard controller", "call kbc"
	after 0x0a, "triple fault", "call triple"
	after 0x05, "triple fault", "call triple"
	after 0x0a, "port CF9h", "call cf9"
	after 0x05, "port CF9h", "call cf9"
	after_with_iret "port 92h", "call port92"
	after_with_iret "keyboard controller", "call kbc"
	after_with_iret "triple fault", "call triple"
	after_with_iret "port CF9h", "call cf9"
	pushw return_address
	ret

wait_for_reset:
	sti
1:	hlt
	jmp 1b

prepare: /* bx: shutdown code, ax: where to go on */
	cli
	movw %ax, 0x467
	movw $0, 0x469
	movl $0x600df00d, kept
	movb $0x0f, %al
	outb %al, $0x70
	movb %bl, %al
	outb %al, $0x71
	ret

resumed: /* bx: where to go on; SS:SP is as the BIOS left it */
	cld
	pushfw
	popw %cx
	andw $0x200, %cx
	cli
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $0x7c00, %sp
	show32 " memory", kept
	show16 " IF", %cx
	movb $0x0f, %al
	outb %al, $0x70
	inb $0x71, %al
	movzbw %al, %cx
	show16 " code now", %cx
	movl $SYSENTER_CS, %ecx
	rdmsr
	movw %ax, %cx
	show16 " sysenter", %cx
	newline
	jmp *%bx

port92:	inb $0x92, %al
	andb $0xfe, %al
	outb %al, $0x92
	orb $1, %al
	outb %al, $0x92
	ret
kbc:	inb $0x64, %al
	testb $2, %al
	jnz kbc
	movb $0xfe, %al
	outb %al, $0x64
	ret
triple:	lidtw no_idt
	int3
no_idt:	.word 0, 0, 0
cf9:	movw $0xcf9, %dx
	movb $0, %al
	outb %al, %dx
	movb $4, %al
	outb %al, %dx
	ret

show_registers:
	show16 " ax", %ax
	show16 " bx", %bx
	show16 " cx", %cx
	show16 " dx", %dx
	show16 " si", %si
	show16 " di", %di
	show16 " bp", %bp
	show16 " ds", %ds
	show16 " es", %es
	movw %sp, %dx
	show16 " sp", %dx
	newline
	ret

	.balign 4
iret_frame: /* DS, ES, DI, SI, BP, SP, BX, DX, CX, AX, IP, CS, FLAGS */
	.word 0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666, 0x7777, 0x8888, 0x9999, 0xaaaa, 0, 0, 0x202
kept:	.long 0
return_address: .word 0
