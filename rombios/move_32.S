/* SPDX-License-Identifier: MIT
 *
 * INT 15h/87h: copies CX words through the caller's descriptors (AT Technical Reference, INT 15h).
 * uint8_t move_extended(uint16_t es, uint16_t si, uint16_t words): eax, edx, ecx. Interrupts off.
 * The processor must be in real mode. Returns 0; 2 where the descriptors do not hold the block.
 */
#define DESC_GDT 0x08
#define DESC_SRC 0x10
#define DESC_DST 0x18
#define DESC_CS  0x20
#define DESC_SS  0x28

	.code16
	.section .text.move, "ax"
	.global move_extended
move_extended:
	pushl %ebx
	pushl %esi
	pushl %edi
	pushl %ebp
	pushw %gs
	pushw %es
	/* the table goes on behind its segment's end, where an access across it would be an exception */
	movw %dx, %si
	shrw $4, %dx
	addw %dx, %ax
	jc 8f
	movw %ax, %gs
	movzwl %ax, %ebx
	andl $15, %esi
	movzwl %cx, %ecx
	cmpw $0x8000, %cx
	ja 8f
	testw %cx, %cx
	jz 7f
	leal -1(%ecx, %ecx), %edx /* last byte */
	movw $DESC_SRC, %bp
	call holds
	jc 8f
	movw $DESC_DST, %bp
	call holds
	jc 8f
	/* the source readable, the destination writable, neither expand-down: anything else would be an
	 * exception with nobody there to take it */
	movb %gs:DESC_SRC + 5(%si), %al
	movb %al, %ah
	andb $0x9a, %ah
	cmpb $0x9a, %ah /* code */
	je 1f
	andb $0x9c, %al
	cmpb $0x90, %al
	jne 8f
1:	movb %gs:DESC_DST + 5(%si), %al
	andb $0x9e, %al
	cmpb $0x92, %al
	jne 8f
	/* the caller's table describes itself, our code, our data */
	shll $4, %ebx
	addl %esi, %ebx
	movw $0x2f, %gs:DESC_GDT(%si)
	movl %ebx, %gs:DESC_GDT + 2(%si)
	movb $0x93, %gs:DESC_GDT + 5(%si)
	movb $0, %gs:DESC_GDT + 6(%si)
	movl $0x0000ffff, %gs:DESC_CS(%si)
	movl $0x00009b0f, %gs:DESC_CS + 4(%si)
	movl $0x0000ffff, %gs:DESC_SS(%si)
	movl $0x0000930e, %gs:DESC_SS + 4(%si)
	movw $0x2f, move_gdtr
	movl %ebx, move_gdtr + 2
	lgdtl move_gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpw $DESC_CS, $3f
3:	movw $DESC_SS, %ax
	movw %ax, %ss
	movw $DESC_SRC, %ax
	movw %ax, %ds
	movw $DESC_DST, %ax
	movw %ax, %es
	xorl %esi, %esi
	xorl %edi, %edi
	movl %ecx, %edx
	shrl $1, %ecx
	addr32 rep movsl
	testb $1, %dl
	jz 4f
	addr32 movsw
4:	movw $DESC_SS, %ax
	movw %ax, %ds
	movw %ax, %es
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	ljmpw $0xf000, $5f
5:	movw $0xe000, %ax
	movw %ax, %ss
	movw %ax, %ds
7:	xorl %eax, %eax
	jmp 9f
8:	movl $2, %eax
9:	popw %es
	popw %gs
	popl %ebp
	popl %edi
	popl %esi
	popl %ebx
	retl

/* CF: the descriptor at BP of the table has a limit below EDX */
holds:	movzwl %gs:(%bp, %si), %eax
	testb $0x0f, %gs:6(%bp, %si) /* 64 KiB and more have room for all */
	jnz 2f
	testb $0x80, %gs:6(%bp, %si)
	jz 1f
	shll $12, %eax
	orw $0xfff, %ax
1:	cmpl %edx, %eax
2:	ret

	.section .bss.move, "aw", @nobits
	.balign 4
move_gdtr: .space 8

	.section .note.GNU-stack, "", @progbits
