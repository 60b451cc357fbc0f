/* SPDX-License-Identifier: MIT
 *
 * IDTR: moved, cut, above 1 MiB, loaded before CR0.PE is cleared and after the far jump, and what is left
 * in it when something goes wrong: a triple fault, which comes back by CMOS 0Fh. Not on QEMU, which
 * clears CMOS 0Fh at every reset.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"
#include "tests/vmxassist/fatal.inc"

	.equ HIGH_IVT, 0x110000
	.equ LOW_IVT, 0x2000

	.macro vector n, handler
	movw $\handler, \n * 4
	movw $0, \n * 4 + 2
	.endm

	.macro real name, code
	call setup
	movw $7f, seen_resume
6:	\code
7:	subw $6b, seen_ip
	show "\name"
	.endm

main:	vector 0x60, real_int
	vector 13, fault_15 /* pushes no error code in real mode */
	vector 6, fault_6
	movw $0, %si
	movw $LOW_IVT, %di
	movw $512, %cx
	rep movsw
	movw $fault_3, LOW_IVT + 0x60 * 4
	call high_ivt
	real "int, moved", "lidt idtr_low; int $0x60"
	real "int beyond the limit", "lidt idtr_20; int $0x60"
	real "last within the limit", "lidt idtr_60; int $0x60"
	real "one byte short", "lidt idtr_60_short; int $0x60"
	real "exception, moved", "lidt idtr_low; ud2"
	real "high", "lidt idtr_high; int $0x60"
	real "24 bits of base", "lidtw idtr_24; int $0x60"
	real "32 bits of base", "lidtl idtr_32; int $0x60"
	/* the IVT loaded in the window out; an interrupt before the far jump */
	real "lidt before pe", "lidt pidtr; set_pe; ljmpw $SEL_CODE16, $1f; 1: lidt ridtr; clear_pe; int $0x60"
	real "lidt between", "lidt pidtr; set_pe; ljmpw $SEL_CODE16, $1f; 1: clear_pe; lidt ridtr; int $0x60"
	real "lidt after", "lidt pidtr; set_pe; ljmpw $SEL_CODE16, $1f; 1: clear_pe; ljmpw $0, $2f; 2: lidt ridtr; int $0x60"
	ljmpw $0, $1f
1:	/* ticks by way of a moved table, and of one above 1 MiB */
	call setup
	call ticks_low
	show "ticks, moved"
	call setup
	call ticks_high
	show "ticks, high"

	fatal "int 60h, limit 0", "lidt idtr_none; int $0x60"
	fatal "ud2, limit 0", "lidt idtr_none; ud2"
	fatal "int 60h, limit 3", "lidt idtr_3; int $0x60"
	fatal "window on the ivt, ud2", "set_pe; ud2"
	fatal "window on the ivt, int", "set_pe; int $0x60"
	fatal "window, limit 0", "lidt idtr_none; set_pe; ud2"
	fatal "protected mode on the ivt", "set_pe; ljmpw $SEL_CODE16, $1f; 1: int $0x60"
	fatal "window, no stack", "lidt pidtr; set_pe; movw $1, %sp; ud2"
	fatal "real mode, no stack", "movl $1, %esp; int $0x60"
	fatal "nothing", "nop"
	shutdown_code 0
	call high_ivt
	real "after all that", "int $0x60"
	ret

high_ivt:
	call unreal
	xorl %esi, %esi
	movl $HIGH_IVT, %edi
	movl $256, %ecx
	addr32 rep movsl
	movl $HIGH_IVT, %edi
	movl $fault_5, 0x60 * 4(%edi)
	ret

unreal:	cli
	lgdt gdtr
	set_pe
	movw $SEL_DATA4G, %ax
	movw %ax, %ds
	movw %ax, %es
	clear_pe
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	ret

	.macro ticks name, table
\name:	lidt \table
	movw 0x46c, %cx
	addw $2, %cx
	sti
1:	hlt
	cmpw 0x46c, %cx
	jne 1b
	cli
	lidt ridtr
	xorl %ecx, %ecx
	ret
	.endm
	ticks ticks_low, idtr_low
	ticks ticks_high, idtr_high

	.data
idtr_none: .word 0
	.long 0
idtr_3:	.word 3
	.long 0
idtr_20: .word 0x20 * 4 - 1
	.long 0
idtr_60: .word 0x61 * 4 - 1
	.long 0
idtr_60_short: .word 0x61 * 4 - 2
	.long 0
idtr_low: .word 0x3ff
	.long LOW_IVT
idtr_high: .word 0x3ff
	.long HIGH_IVT
idtr_24: .word 0x3ff
	.long 0xab000000 + LOW_IVT
idtr_32: .word 0x3ff
	.long 0x00110000
	.text
