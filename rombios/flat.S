/* SPDX-License-Identifier: MIT
 *
 * Memory above the first megabyte, for POST alone: in real mode with segment limits of 4 GiB, as option ROMs
 * find them too when they are initialised (PMM 1.01, 3.2.4; PCI Firmware 3.0, 5.2.1).
 */
	.code16
	.section .text.flat, "ax"

/* void flat_limits(bool on): eax. The limits of DS, ES, FS and GS: 4 GiB or 64 KiB. */
	.global flat_limits
flat_limits:
	pushl %ebx
	pushw %ds
	pushw %es
	pushw %fs
	pushw %gs
	pushfw
	cli
	movw $8, %bx
	testb %al, %al
	jnz 1f
	movw $16, %bx
1:	lgdtl %cs:gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	jmp 2f
2:	movw %bx, %ds
	movw %bx, %es
	movw %bx, %fs
	movw %bx, %gs
	andb $0xfe, %al
	movl %eax, %cr0
	jmp 3f
3:	popw %ax /* not POPF: what PUSHF showed under vmxassist has its IOPL */
	testb $2, %ah
	jz 4f
	sti
4:	popw %gs
	popw %fs
	popw %es
	popw %ds
	popl %ebx
	retl

/* void flat_copy(uint32_t to, uint32_t from, uint32_t dwords): eax, edx, ecx. Linear addresses; needs the
 * limits above. */
	.global flat_copy
flat_copy:
	pushl %esi
	pushl %edi
	pushw %ds
	pushw %es
	movl %eax, %edi
	movl %edx, %esi
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	cld
	rep movsl %ds:(%esi), %es:(%edi)
	popw %es
	popw %ds
	popl %edi
	popl %esi
	retl

	.balign 8
gdt:	.quad 0
	.quad 0x00cf93000000ffff
	.quad 0x000093000000ffff
gdtr:	.word . - gdt - 1
	.long gdt + 0xf0000
	.section .note.GNU-stack, "", @progbits
