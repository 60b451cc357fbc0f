/* SPDX-License-Identifier: MIT
 *
 * APM 1.2: the functions that may be called over any connection, once as 16-bit and once as 32-bit
 * code. DS is segment E000; only registers and the caller's stack are used. AL is the function;
 * returns CF and, where it is set, the error in AH (APM BIOS 1.2, 4.6).
 */
#define BIOS_SEG	0xe000
#define NOT_SUPPORTED	0x0c
#define DISABLED	1 << 3
#define DISENGAGED	1 << 4
#define PM1A_CONTROL	48 /* struct dfw_handoff, handoff.h */
#define SOFT_OFF	50

	.macro functions bits
apm_\bits:
	cmpb $0, apm_connected
	je .Lnot_connected\bits
	cmpb $0x04, %al
	je .Ldisconnect\bits
	cmpb $0x05, %al
	je .Lidle\bits
	cmpb $0x06, %al
	je .Lok\bits
	cmpb $0x07, %al
	je .Lset_state\bits
	cmpb $0x08, %al
	je .Lenable\bits
	cmpb $0x09, %al
	je .Ldefaults\bits
	cmpb $0x0a, %al
	je .Lstatus\bits
	cmpb $0x0b, %al
	je .Levent\bits
	cmpb $0x0c, %al
	je .Lget_state\bits
	cmpb $0x0d, %al
	je .Ldevice\bits
	cmpb $0x0e, %al
	je .Lversion\bits
	cmpb $0x0f, %al
	je .Lengage\bits
	cmpb $0x10, %al
	je .Lcapabilities\bits
.Lnot_supported\bits:
	movb $NOT_SUPPORTED, %ah
	stc
	ret
.Lnot_connected\bits:
	movb $0x03, %ah
	stc
	ret
.Lbad_device\bits:
	movb $0x09, %ah
	stc
	ret
.Lbad_value\bits:
	movb $0x0a, %ah
	stc
	ret
.Lnot_engaged\bits:
	movb $0x0b, %ah
	stc
	ret
.Lok\bits:
	movb $0, %ah
	clc
	ret

.Ldisconnect\bits:
	testw %bx, %bx
	jnz .Lbad_device\bits
	movb $0, apm_connected
	jmp .Lok\bits

.Lidle\bits: /* the next interrupt ends it */
	testb $DISENGAGED, apm_flags
	jnz .Lnot_engaged\bits
	pushf
	sti
	hlt
	popf
	jmp .Lok\bits

.Lset_state\bits:
	cmpw $1, %bx
	jne .Lbad_device\bits
	cmpw $5, %cx
	ja .Lbad_value\bits
	cmpw $4, %cx /* a last request is being processed, or was rejected */
	jae .Lok\bits
	testb $DISABLED, apm_flags
	jnz 1f
	cmpw $3, %cx
	jne 2f
	cmpb $0, handoff_valid
	je 2f
	cmpw $0, handoff + PM1A_CONTROL
	je 2f
	pushl %eax
	pushl %edx
	movw handoff + PM1A_CONTROL, %dx
	inw %dx, %ax
	andb $0xc3, %ah
	movb handoff + SOFT_OFF, %dl
	shlb $2, %dl
	orb $0x20, %dl /* SLP_EN */
	orb %dl, %ah
	movw handoff + PM1A_CONTROL, %dx
	outw %ax, %dx /* ACPI 6.4, 4.8.3.2.1 */
	popl %edx
	popl %eax
2:	movb $0x60, %ah /* there is no such state, or it was not entered */
	stc
	ret
1:	movb $0x01, %ah
	stc
	ret

	/* the whole machine: 0001h, and FFFFh as version 1.0 had it */
	.macro machine_only
	cmpw $1, %bx
	je 9f
	cmpw $0xffff, %bx
	jne .Lbad_device\bits
9:
	.endm

.Lenable\bits:
	machine_only
	cmpw $1, %cx
	ja .Lbad_value\bits
	andb $~(DISABLED), apm_flags
	testw %cx, %cx
	jnz .Lok\bits
	orb $DISABLED, apm_flags
	jmp .Lok\bits

.Ldefaults\bits:
	machine_only
	movb $0, apm_flags
	jmp .Lok\bits

.Lstatus\bits: /* on line, no battery */
	cmpw $1, %bx
	jne .Lbad_device\bits
	movw $0x01ff, %bx
	movw $0x80ff, %cx
	movw $0xffff, %dx
	jmp .Lok\bits

.Levent\bits:
	testb $DISENGAGED, apm_flags
	jnz .Lnot_engaged\bits
	movb $0x80, %ah /* none is pending */
	stc
	ret

.Lget_state\bits:
	cmpw $1, %bx
	jne .Lbad_device\bits
	xorw %cx, %cx
	jmp .Lok\bits

.Ldevice\bits:
	cmpw $1, %bx
	jne .Lbad_device\bits
	cmpw $1, %cx
	ja .Lbad_value\bits
	jmp .Lok\bits

.Lversion\bits: /* the lower of the driver's, in CX, and ours */
	testw %bx, %bx
	jnz .Lbad_device\bits
	cmpw $0x0100, %cx
	jb .Lbad_value\bits
	movw $0x0102, %ax
	cmpw %ax, %cx
	jae 1f
	movw %cx, %ax
1:	movw %ax, apm_version
	clc
	ret

.Lengage\bits:
	cmpw $1, %bx
	jne .Lbad_device\bits
	cmpw $1, %cx
	ja .Lbad_value\bits
	andb $~(DISENGAGED), apm_flags
	testw %cx, %cx
	jnz .Lok\bits
	orb $DISENGAGED, apm_flags
	jmp .Lok\bits

.Lcapabilities\bits: /* no battery, none of the capabilities */
	testw %bx, %bx
	jnz .Lbad_device\bits
	movb $0, %bl
	xorw %cx, %cx
	jmp .Lok\bits
	.purgem machine_only
	.endm

	.section .text.apm, "ax"
	.code16
	functions 16

/* void apm_call(struct regs *r): eax. Real mode, or the caller's virtual-8086 mode. */
	.global apm_call
apm_call:
	pushl %ebx
	pushl %esi
	movl %eax, %esi
	movl 22(%esi), %ebx /* struct regs, rombios.h */
	movl 26(%esi), %edx
	movl 30(%esi), %ecx
	movl 34(%esi), %eax
	call apm_16
	movl %ebx, 22(%esi)
	movl %edx, 26(%esi)
	movl %ecx, 30(%esi)
	movl %eax, 34(%esi)
	setc %al
	andb $0xfe, 44(%esi)
	orb %al, 44(%esi)
	popl %esi
	popl %ebx
	retl

/* Far calls from protected mode. The descriptors of the connection stand side by side: 32-bit code,
 * 16-bit code, data (APM BIOS 1.2, 4.6.2.3, 4.6.2.4). */
	.global apm_entry_16, apm_entry_32
apm_entry_16:
	pushw %ds
	pushw %bp
	movw %cs, %bp
	addw $8, %bp
	movw %bp, %ds
	popw %bp
	call apm_16
	popw %ds
	lretw

	.code32
	functions 32
apm_entry_32:
	pushl %ds
	pushl %ebp
	movl %cs, %ebp
	addl $16, %ebp
	movl %ebp, %ds
	popl %ebp
	call apm_32
	popl %ds
	lretl

	.section .note.GNU-stack, "", @progbits
