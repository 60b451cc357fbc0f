/* SPDX-License-Identifier: MIT
 *
 * LOADALL of the 80286, as old memory managers use it in real mode: a data segment above 1 MiB, a
 * stack with a base of its own, and everything else. Later processors answer with #UD.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"

	.equ TABLE, 0x800
	.equ ABOVE, 0x110000

	.macro cache offset, base, limit
	movl $(\base | 0x93000000), TABLE + \offset
	movw $\limit, TABLE + \offset + 4
	.endm

main:	movw $fault_6, 6 * 4
	movw $0, 6 * 4 + 2
	/* a mark above 1 MiB, by a 4 GiB segment */
	call setup
	set_pe
	movw $SEL_DATA4G, %ax
	movw %ax, %fs
	clear_pe
	movl $ABOVE, %esi
	movl $0x0a110000, %fs:(%esi)

	call setup
	movw $9f, seen_resume
	movw $TABLE, %di
	xorw %ax, %ax
	movw $51, %cx
	rep stosw
	movl $0, TABLE + 0x02
	movw $0, TABLE + 0x06 /* MSW */
	movw $0x0402, TABLE + 0x18 /* FLAGS: DF */
	movw $1f, TABLE + 0x1a
	movw $0x0055, TABLE + 0x1e /* DS, with base 0 */
	movw $0x0066, TABLE + 0x20 /* SS, with base 1000 */
	movw $0x0000, TABLE + 0x22
	movw $0x0077, TABLE + 0x24 /* ES, above 1 MiB */
	movw $0xd1d1, TABLE + 0x26
	movw $0x5151, TABLE + 0x28
	movw $0xb9b9, TABLE + 0x2a
	movw $0x6bf0, TABLE + 0x2c /* SP */
	movw $0xbbbb, TABLE + 0x2e
	movw $0xdddd, TABLE + 0x30
	movw $0xcccc, TABLE + 0x32
	movw $0xaaaa, TABLE + 0x34
	cache 0x36, ABOVE, 0xffff
	cache 0x3c, 0, 0xffff
	cache 0x42, 0x1000, 0xffff
	cache 0x48, 0, 0xffff
	movl gdtr + 2, %eax
	movl %eax, TABLE + 0x4e
	movw gdtr, %ax
	movw %ax, TABLE + 0x52
	movl $0, TABLE + 0x5a
	movw $0x3ff, TABLE + 0x5e
	pushl $0x12345678 /* read back by the other name of the stack */
	movzwl %sp, %eax
	subl $0x1000, %eax
	movw %ax, TABLE + 0x2c
	.byte 0x0f, 0x05 /* LOADALL */
	jmp 8f
1:	popl %edx
	movl %es:0, %ecx
	movw %ss, %si
	pushfw
	popw %di
	pushw $0x77
	popw %es /* the base is selector * 16 again */
	movl %es:0, %ebp
	show "loadall"
	ret
8:	show "gone by"
	ret
9:	movw home_sp, %sp
	show "#ud"
	ret
