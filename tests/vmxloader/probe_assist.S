/* SPDX-License-Identifier: MIT
 *
 * In vmxassist's place: says on port E9 what the header and the first record hold, and stops.
 */
	.text
header:	.quad	0x54535341574644	/* DFW_ASSIST_MAGIC */
	.word	2, 40, 1136, 1
	.long	start
record:	.long	0x3000, 0		/* an offset in the reserve, which vmxloader adds */
flags:	.long	0
reserve: .long	0
reserve_size: .long 0

start:	movl	$0x98000, %esp
	movl	record, %ebx
	movl	$'F', %eax
	movl	flags, %edx
	call	say
	movl	$'R', %eax
	movl	reserve, %edx
	call	say
	movl	$'S', %eax
	movl	reserve_size, %edx
	call	say
	movl	$'I', %eax		/* guest RIP */
	movl	16 + 128(%ebx), %edx
	call	say
	movl	$'C', %eax		/* CS: base, limit, access rights */
	movl	16 + 336 + 32(%ebx), %edx
	call	say
	movl	$'L', %eax
	movl	16 + 336 + 32 + 8(%ebx), %edx
	call	say
	movl	$'A', %eax
	movl	16 + 336 + 32 + 12(%ebx), %edx
	call	say
	movb	$0, %al
	outb	%al, $0xf4
1:	hlt
	jmp	1b

say:	outb	%al, $0xe9
	movb	$'=', %al
	outb	%al, $0xe9
	movl	$8, %ecx
1:	roll	$4, %edx
	movb	%dl, %al
	andb	$15, %al
	cmpb	$10, %al
	jb	2f
	addb	$'a' - '0' - 10, %al
2:	addb	$'0', %al
	outb	%al, $0xe9
	loop	1b
	movb	$'\n', %al
	outb	%al, $0xe9
	ret
