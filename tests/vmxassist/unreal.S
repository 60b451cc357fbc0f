/* SPDX-License-Identifier: MIT
 *
 * Unreal mode: limits of 4 GiB kept across INT, IRET and hardware interrupts, every kind of memory
 * operand beyond 64 KiB, and string instructions there while interrupts arrive.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"

	.equ HIGH, 0x300000
	.equ BIG, 0x40000 /* bytes of the long copies */

	.macro high name, code
	call setup
	movl $HIGH, %esi
	movl $HIGH + 0x1000, %edi
	movl $0x7654321f, (%esi)
	movl $0x11110000, 4(%esi)
	movl $0x00000009, (%edi)
	\code
	movl (%esi), %eax
	xorl 4(%esi), %eax
	movl (%edi), %ebx
	sti
	show "\name"
	.endm

	/* with interrupts on; shows registers and a sum of the destination */
	.macro long name, code
	call setup
	call fill
	movw $0, ticks
	sti
	\code
	cli
	call sum
	xorl %ebx, %ebx
	show "\name"
	.endm

	.macro vector n, handler
	movw $\handler, \n * 4
	movw $0, \n * 4 + 2
	.endm

main:
	movw $tick, 0x1c * 4
	movw $0, 0x1c * 4 + 2
	vector 0x61, int61
	call make_unreal
	call operands
	call strings
	call kept
	call undone
	ret

make_unreal:
	cli
	lgdt gdtr
	set_pe
	movw $SEL_DATA4G, %bx
	movw %bx, %ds
	movw %bx, %es
	movw %bx, %fs
	movw %bx, %gs
	clear_pe
	xorw %bx, %bx
	movw %bx, %ds
	movw %bx, %es
	movw %bx, %fs
	movw %bx, %gs
	sti
	ret

operands:
	high "mov", "movl (%esi), %ecx; movw 1(%esi), %dx; movb %dl, (%edi); movl %ecx, %fs:4(%edi)"
	high "mov moffs", ".byte 0x67, 0x66, 0xa1; .long HIGH; movl %eax, %edx; .byte 0x67, 0xa2; .long HIGH + 0x1000"
	high "imm", "movl $0x01020304, (%edi); movb $9, 2(%edi); addl $0x11, (%edi)"
	high "alu", "addl (%esi), %ecx; subl %edx, (%edi); xorb $0x40, 1(%edi); incl (%edi); negl 4(%esi); notb (%edi)"
	high "shifts", "shll $3, (%esi); rorw $5, 4(%esi); shldl $7, %edx, (%edi); sarb (%edi)"
	high "muldiv", "movl $100, %eax; xorl %edx, %edx; divl (%edi); imull (%esi), %ecx; mull 4(%esi); movl %eax, (%edi)"
	high "bits", "btsl $33, (%esi); btcw $3, 4(%esi); movl $40, %ecx; btrl %ecx, (%esi); bsfl (%esi), %edx; bsrl (%esi), %ecx"
	high "xchg", "xchgl %edx, (%esi); lock xaddl %ecx, (%edi); movl $9, %eax; lock cmpxchgl %edx, (%edi); cmpxchg8b (%esi)"
	high "stack", "pushl (%esi); popl (%edi); pushw 2(%esi); popw 6(%edi)"
	high "extend", "movzbl (%esi), %ecx; movswl 2(%esi), %edx; setnz (%edi); cmovnzl (%esi), %ebp"
	high "index", "movl $0x400, %ecx; movl (%esi, %ecx, 4), %edx; movl $-4, %ecx; incl 4(%edi, %ecx)"
	high "lea", "leal (%esi, %edi, 2), %edx; .byte 0x67, 0x66, 0x8b, 0x0d; .long HIGH + 4"
	high "far pointers", "ldsl (%esi), %ecx; movw %ds, %dx; xorw %ax, %ax; movw %ax, %ds; lfsw (%edi), %bp"
	high "tables", "sgdt (%edi); lgdt (%edi); movw 2(%edi), %dx; sidt (%esi); movl (%esi), %ecx; lidt ridtr"
	high "calls", "movl $2f, (%esi); callw *(%esi); jmp 3f; 2: incw %dx; ret; 3: movw $4f, (%edi); movw $0, 2(%edi); ljmpw *(%edi); incw %dx; 4:"
	high "bound", "movl $0x7fff0000, (%esi); movw $0x7000, %dx; boundw %dx, (%esi)"
	high "fpu", "fninit; fildl (%esi); fimull (%edi); fistpl (%edi)"
	high "wrap", "pushw $0x1000; popw %es; movl $scratch - 0x10000 - 8, %ebp; movl %es:8(%ebp), %edx"
	ret

/* These two run in protected mode, for speed; interrupts off. */
	.macro in_protected_mode
	pushw %ds
	pushl %edi
	pushl %ecx
	pushl %eax
	set_pe
	ljmpw $SEL_CODE16, $8f
8:	movw $SEL_DATA4G, %ax
	movw %ax, %ds
	popl %eax
	.endm
	.macro in_real_mode
	pushl %eax
	clear_pe
	ljmpw $0, $8f
8:	popl %eax
	popl %ecx
	popl %edi
	popw %ds
	.endm

fill:	/* HIGH.. gets a pattern, what follows BIG bytes later another */
	in_protected_mode
	movl $HIGH, %edi
	movl $BIG / 4, %ecx
	movl $0x9e3779b1, %eax
1:	movl %eax, (%edi)
	movl $0x55555555, BIG(%edi)
	addl $0x3c6ef362, %eax
	addl $4, %edi
	decl %ecx
	jnz 1b
	in_real_mode
	ret

sum:	/* eax: of the 2 * BIG bytes from HIGH on */
	in_protected_mode
	movl $HIGH, %edi
	movl $BIG / 2, %ecx
	xorl %eax, %eax
1:	roll $1, %eax
	addl (%edi), %eax
	addl $4, %edi
	decl %ecx
	jnz 1b
	in_real_mode
	ret

strings:
	long "rep movsl", "movl $HIGH, %esi; movl $HIGH + BIG, %edi; movl $BIG / 4, %ecx; addr32 rep movsl"
	long "rep movsw", "movl $HIGH + 1, %esi; movl $HIGH + BIG + 2, %edi; movl $BIG / 4, %ecx; addr32 rep movsw"
	long "rep movsb down", "std; movl $HIGH + 0x8fff, %esi; movl $HIGH + BIG + 0x9000, %edi; movl $0x8800, %ecx; addr32 rep movsb; cld"
	long "rep movsb overlapping", "movl $HIGH, %esi; movl $HIGH + 3, %edi; movl $0x8000, %ecx; addr32 rep movsb"
	long "rep movsl from gs", "movl $HIGH, %esi; movl $HIGH + BIG - 0x2002, %edi; movl $0x1801, %ecx; addr32 rep movsl %gs:(%esi), %es:(%edi)"
	long "rep stosl", "movl $HIGH + BIG + 5, %edi; movl $0xaabbccdd, %eax; movl $BIG / 8, %ecx; addr32 rep stosl"
	long "rep stosb", "movl $HIGH + 77, %edi; movb $0xee, %al; movl $0x9001, %ecx; addr32 rep stosb"
	long "rep lodsl", "movl $HIGH + 3, %esi; movl $0x4321, %ecx; addr32 rep lodsl; movl %eax, %edx"
	long "repe cmpsl", "movl $HIGH + BIG, %esi; movl $HIGH + BIG + 4, %edi; movl $0x17, 0x8000(%edi); movl $BIG / 4 - 8, %ecx; addr32 repe cmpsl"
	long "repne scasw", "movl $HIGH + BIG, %edi; movw $0x1717, 0x7002(%edi); movw $0x1717, %ax; movl $BIG / 2, %ecx; addr32 repne scasw"
	long "palette", "movb $0, %al; movw $0x3c8, %dx; outb %al, %dx; incw %dx; movl $HIGH, %esi; movl $768, %ecx; addr32 rep outsb; \
		movb $0, %al; movw $0x3c7, %dx; outb %al, %dx; addw $2, %dx; movl $HIGH + BIG + 0xff0, %edi; movl $768, %ecx; addr32 rep insb"
	long "16-bit wrap", "movw $0x2000, %ax; movw %ax, %es; movl $0x12340000 + scratch, %esi; movl $0xabcdfffa, %edi; movl $0xffff0006, %ecx; rep movsw; \
		movl %es:0xfffc, %ebp; xorl %es:0, %ebp"
	/* a long one takes many ticks' time; each came, and at once */
	call setup
	call fill
	movl $HIGH, %edi
	movw $0, ticks
	sti
1:	movl $BIG / 4, %ecx
	movl $HIGH, %edi
	addr32 rep stosl
	cmpw $3, ticks
	jb 1b
	cli
	xorl %eax, %eax
	show "ticks"
	movl $HIGH, %esi /* no palette of noise on the screen */
	movw $3, %ax
	int $0x10
	ret

tick:	pushw %ds
	pushw %es
	pushw %ax
	xorw %ax, %ax /* as every handler does */
	movw %ax, %ds
	movw $0xb800, %ax
	movw %ax, %es
	incw ticks
	popw %ax
	popw %es
	popw %ds
	iretw
	.data
ticks:	.word 0
	.text

kept:
	call setup
	movl $HIGH, %esi
	movl $0x600df00d, (%esi)
	sti
	int $0x61
	movl (%esi), %ecx
	movl %fs:(%esi), %edx
	addl %gs:(%esi), %edx
	movb $0x0f, %ah
	int $0x10
	addl %es:(%esi), %edx
	xorl %eax, %eax
	xorl %ebx, %ebx
	show "int"
	call setup
	movl $HIGH, %esi
	movw $0x1234, %ax /* other selectors keep the limit, too */
	movw %ax, %ds
	movl $HIGH - 0x12340, %ebp
	movl %ds:(%ebp, %ecx, 1), %edx
	movl %ds:-3(%ebp, %ecx, 1), %ecx
	show "other selector"
	/* through protected mode with the caches left alone */
	call setup
	movl $HIGH, %esi
	movl $0x600df00d, (%esi)
	set_pe
	movl (%esi), %ecx
	ljmpw $SEL_CODE16, $1f
1:	movl %fs:(%esi), %edx
	clear_pe
	addl %es:(%esi), %edx
	ljmpw $0, $2f
2:	movl %gs:(%esi), %edi
	show "round trip"
	ret
int61:	pushw %ds
	pushw %es
	pushl %esi
	xorw %ax, %ax
	movw %ax, %ds
	movw $0x2000, %ax
	movw %ax, %es
	movl $HIGH - 0x20000, %esi
	addl $1, %es:(%esi)
	popl %esi
	popw %es
	popw %ds
	iretw

/* a limit of 64 KiB again: BIOSes do that on INT 15h/87h, and guests */
undone:
	call setup
	set_pe
	movw $SEL_DATA16, %bx
	movw %bx, %ds
	clear_pe
	xorw %bx, %bx
	movw %bx, %ds
	movl $HIGH, %esi
	movl %es:(%esi), %ecx
	movl $0x600df00d, %fs:(%esi)
	movl %gs:(%esi), %edx
	show "one of four undone"
	ret
