/* SPDX-License-Identifier: MIT
 *
 * An x87 error while CR0.NE is 0 is IRQ 13: found by an instruction that VM86 runs, and by one that it
 * cannot run.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/faults.inc"
#include "tests/vmxassist/unreal.inc"

main:
	clear_cr0 CR0_NE
	call unreal
	movl 0x75 * 4, %eax
	movl %eax, old_75
	vector 0x75, irq13
	movl $HIGH, %esi
	movl $0x40400000, (%esi)
	divide_by_zero
	fwait
	nop
	nop
	show16 "irq13: low", irq13_count
	show16 " status", irq13_status
	divide_by_zero
	flds (%esi)
	nop
	nop
	show16 " high", irq13_count
	show16 " status", irq13_status
	fnstsw %ax
	andb $0xbf, %al
	show16 " then", %ax
	newline
	movl old_75, %eax
	movl %eax, 0x75 * 4
	fninit
	ret
irq13:	pushw %ax
	incw %cs:irq13_count
	fnstsw %ax
	andw $0x80ff, %ax
	movw %ax, %cs:irq13_status
	xorb %al, %al
	outb %al, $0xf0
	movb $0x20, %al
	outb %al, $0xa0
	outb %al, $0x20
	fnclex
	popw %ax
	iretw
	.data
old_75:	.long 0
irq13_count: .word 0
irq13_status: .word 0
	.text
