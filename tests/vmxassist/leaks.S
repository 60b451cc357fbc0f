/* SPDX-License-Identifier: MIT
 *
 * What shows that real mode is not: SMSW, SGDT, SIDT, PUSHF, and STR and SLDT.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/events.inc"

main:	watch 6, 13
	movw $handler, 0x60 * 4
	movw $0, 0x60 * 4 + 2
	cli
	lgdt gdtr
	sti
	smsw %ax
	andw $1, %ax
	show16 "smsw, pe", %ax
	newline
	sgdt table
	show16 "sgdt", table
	show32 "", table + 2
	newline
	sidt table
	show16 "sidt", table
	show32 "", table + 2
	newline
	pushfw
	popw %ax
	andw $0x3000, %ax
	show16 "pushf, iopl", %ax
	newline
	pushw $0x3002
	popfw
	pushfw
	popw %ax
	andw $0x3000, %ax
	show16 "iopl, set to 3", %ax
	pushw $0x0202
	popfw
	pushfw
	popw %ax
	andw $0x3000, %ax
	show16 " to 0", %ax
	newline
	pushl $0x40202
	popfl
	int $0x60
	pushl $0x202
	popfl
	show16 "ac in the handler of int 60h", %ax
	newline
	pushfl
	popl %eax
	shrl $16, %eax
	show16 "pushfd, vm and above", %ax
	newline
	try "str", str %ax
	try "sldt", sldt %ax
	ret
handler:
	pushfl
	popl %eax
	shrl $18, %eax
	andw $1, %ax
	iretw

	.data
	.balign 8
gdt:	.quad 0, 0, 0
gdtr:	.word . - gdt - 1
	.long gdt
table:	.word 0
	.long 0
