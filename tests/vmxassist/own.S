/* SPDX-License-Identifier: MIT
 *
 * Writes to vmxassist's own 64 KiB and to its reserve at the top of memory: dropped, as on a ROM, and
 * the guest runs on. From real mode in each width and by string instructions, from protected mode,
 * and from unreal mode.
 */
#include "guest.inc"

	.equ RESERVE, 32 /* in the header, include/dfw/assist.h */

main:	call sum
	movl %eax, before
	movw $0xd000, %ax
	movw %ax, %es
	xorw %di, %di
	movb $0x5a, %es:(%di)
	movw $0x5a5a, %es:0x7ffe
	movl $0x5a5a5a5a, %es:0xfffc
	notl %es:0x100
	movw $0x4000, %cx
	movl $0x5a5a5a5a, %eax
	rep stosl
	movw $0x7c00, %si
	xorw %di, %di
	movw $0x200, %cx
	rep movsb
	call sum
	cmpl before, %eax
	jne 1f
	say "real mode: dropped\n"
1:	cli
	lgdt gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpl $0x08, $2f
	.code32
2:	movw $0x10, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $0x5a5a5a5a, 0xd0000
	movb $0x5a, 0xd8001
	movl $0xdfff0, %edi
	movl $16, %ecx
	rep stosb
	movl 0xd0000 + RESERVE, %edi
	movl %edi, reserve
	call sum_of_reserve
	movl %ebx, reserve_before
	movl $0x5a5a5a5a, %eax
	movl $0x3000, %ecx
	rep stosl
	call sum_of_reserve
	movl %ebx, reserve_after
	ljmpl $0x18, $3f
	/* ebx: sum of the first 48 KiB of the reserve: IDT, page tables. What changes there are the
	   accessed and dirty bits. */
sum_of_reserve:
	movl reserve, %esi
	movl $0x3000, %ecx
	xorl %ebx, %ebx
1:	lodsl
	andl $~0x60, %eax
	addl %eax, %ebx
	loop 1b
	movl reserve, %edi
	ret
	.code16
3:	movw $0x20, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $0x10, %ax /* for unreal mode */
	movw %ax, %fs
	movw %ax, %es
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	ljmpw $0, $4f
4:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movl reserve, %edi
	movl $0x5a5a5a5a, %fs:(%edi)
	movb $0x5a, %fs:0x5001(%edi)
	notw %fs:0x1000(%edi)
	movl $0x5a5a5a5a, %eax
	movl $0x3000, %ecx
	addr32 rep stosl
	movl $0xd8000, %edi
	movl $0x5a5a5a5a, %fs:(%edi)
	movl $0x100, %ecx
	addr32 rep stosl
	inb $0x92, %al /* with A20 masked the addresses a megabyte up are the same memory */
	andb $0xfd, %al
	outb %al, $0x92
	movl $0x1d1000, %edi
	movl $0x5a5a5a5a, %fs:(%edi)
	notw %fs:0x1234(%edi)
	movl $0x5a5a5a5a, %eax
	movl $0x1000, %ecx
	addr32 rep stosl
	movl reserve, %edi
	orl $0x100000, %edi
	movl $0x5a5a5a5a, %fs:(%edi)
	movl $0x400, %ecx
	addr32 rep stosl
	inb $0x92, %al
	orb $2, %al
	outb %al, $0x92
	sti
	call sum_of_code
	cmpl code, %eax
	jne 5f
	say "protected and unreal mode: dropped\n"
5:	movl reserve_before, %eax
	cmpl reserve_after, %eax
	jne 6f
	say "reserve: dropped\n"
6:	ret

/* eax: sum of the first 40 KiB, which are code, the header left out: its flags may change */
sum_of_code:
	pushw %ds
	movw $0xd000, %ax
	movw %ax, %ds
	movw $64, %si
	movw $10000, %cx
	xorl %ebx, %ebx
1:	lodsl
	addl %eax, %ebx
	loop 1b
	movl %ebx, %eax
	popw %ds
	ret

sum:	call sum_of_code
	movl %eax, code
	ret

	.balign 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff /* 08 code32 flat */
	.quad 0x00cf93000000ffff /* 10 data32 flat */
	.quad 0x00009b000000ffff /* 18 code16 base 0 */
	.quad 0x000093000000ffff /* 20 data16 base 0 */
gdtr:	.word . - gdt - 1
	.long gdt
before:	.long 0
reserve: .long 0
reserve_before: .long 0
reserve_after: .long 1
code:	.long 0
