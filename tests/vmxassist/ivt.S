/* SPDX-License-Identifier: MIT
 *
 * The interrupt table elsewhere: another base, not aligned, above 1 MiB; a limit that cuts it, for
 * software and hardware interrupts and exceptions; double and triple fault. And the flags that an
 * interrupt, PUSHF, POPF and IRET move.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/events.inc"

	.equ TABLE, 0x9003
	.equ HIGH_TABLE, 0x200000

	.macro idt base, limit
	movl $\base, idtr + 2
	movw $\limit, idtr
	lidtl idtr
	.endm
	.macro here name, code:vararg /* as try, the log printed with the table in its place */
	say "\name:"
	from 881f
	movw $882f, event_resume
881:	\code
882:	call back
	.endm

	.macro wait_here
	sti
886:	jmp 886b
	.endm

main:	cli
	inb $0x21, %al
	movb %al, masks
	inb $0xa1, %al
	movb %al, masks + 1
	movb $0xff, %al
	outb %al, $0x21
	outb %al, $0xa1
	watch 0, 1, 3, 6, 8, 13, 0x60
	movw $wrong, 0x61 * 4
	movw $0, 0x61 * 4 + 2
	/* the copy has another handler at 61h */
	xorw %si, %si
	movw $TABLE, %di
	movw $0x200, %cx
	rep movsw
	movw $right, TABLE + 0x61 * 4
	movw $0, TABLE + 0x61 * 4 + 2
	movw $wrong, 0x61 * 4

	idt TABLE, 0x3ff
	say "at 9003:"
	int $0x61
	newline
	idt TABLE, 0x3ff
	here "ud2", ud2
	idt TABLE, 0x3ff
	here "int3", int3
	idt TABLE, 0x3ff
	xorw %cx, %cx
	here "div", divw %cx
	idt TABLE, 0x3ff
	call tick
	here "irq 0", wait_here
	call untick

	/* a limit that just reaches 60h, one byte too little, just to 0Dh, to 8 */
	idt 0, 0x183
	here "limit 183, int 60h", int $0x60
	idt 0, 0x182
	here "limit 182, int 60h", int $0x60
	idt 0, 0x37
	here "limit 37, int 60h", int $0x60
	idt 0, 0x37
	here "limit 37, int3", int3
	idt 0, 0x36
	here "limit 36, int 60h", int $0x60
	idt 0, 0x23
	here "limit 23, int 60h", int $0x60
	idt 0, 0x23
	here "limit 23, ud2", ud2
	idt 0, 0x37 /* a hardware interrupt beyond the limit */
	call tick
	here "limit 37, irq 0", wait_here
	call untick

	/* above 1 MiB */
	call high_table
	idt HIGH_TABLE, 0x3ff
	say "at 200000:"
	int $0x61
	newline
	idt HIGH_TABLE, 0x3ff
	here "ud2", ud2
	idt HIGH_TABLE, 0x3ff
	call tick
	here "irq 0", wait_here
	call untick
	/* LIDT without a 66 prefix takes 24 bits of base */
	movl $0xff000000 + TABLE, idtr + 2
	movw $0x3ff, idtr
	lidtw idtr
	say "lidt, 24 bits:"
	int $0x61
	newline
	idt 0, 0x3ff

	/* flags */
	.macro flags_to where
	pushfl
	popl \where
	.endm
	.macro after what, value
	show32 " \what", \value
	.endm
	say "flags:"
	pushl $0x7ed5 /* all but TF, 16 bits */
	popfl
	flags_to %eax
	cld
	andl $0x4fd5, %eax /* IOPL is shown below */
	after "all", %eax
	pushl $0x00240002
	popfl
	flags_to %eax
	andl $0xffffcfff, %eax
	after "ac, id", %eax
	pushw $0x0002
	popfw
	flags_to %eax
	andl $0xffffcfff, %eax
	after "16-bit popf", %eax
	pushl $0x001b0002 /* RF, VM, VIF, VIP: not by POPFD */
	popfl
	flags_to %eax
	andl $0xffe7cfff, %eax
	after "rf, vm", %eax
	pushl $0x00254202 /* nested task, by IRETD */
	pushl $0
	pushl $1f
	iretl
1:	flags_to %eax
	andl $0xffffcfff, %eax
	after "iretd", %eax
	pushw $0x4002
	pushw $0
	pushw $1f
	iretw
1:	flags_to %eax
	andl $0xffffcfff, %eax
	after "iret", %eax
	pushl $0x2
	popfl
	/* as an interrupt pushes them, and its handler finds them */
	movw $flags_handler, 0x62 * 4
	movw $0, 0x62 * 4 + 2
	movw $flags_handler, 3 * 4
	pushl $0x00204ad7
	popfl
	int $0x62
	pushl $0x00244ad7
	popfl
	int3
	pushl $0x2
	popfl
	newline
	movb masks, %al
	outb %al, $0x21
	movb masks + 1, %al
	outb %al, $0xa1
	sti
	ret

flags_handler:
	pushw %bp
	movw %sp, %bp
	pushl %eax
	movzwl 6(%bp), %eax
	andl $0xcfff, %eax
	show32 " pushed", %eax
	pushfl
	popl %eax
	andl $0xffffc700, %eax /* puts changes the arithmetic ones */
	show32 " inside", %eax
	popl %eax
	popw %bp
	iretw

wrong:	say " wrong table"
	iretw
right:	say " right table"
	iretw

back:	idt 0, 0x3ff
	jmp events

tick:	movb $0x11, %al /* at vector 60h: the limits below reach it */
	outb %al, $0x20
	movb $0x60, %al
	outb %al, $0x21
	movb $4, %al
	outb %al, $0x21
	movb $1, %al
	outb %al, $0x21
	movb $0x30, %al
	outb %al, $0x43
	movb $0x80, %al
	outb %al, $0x40
	movb $0, %al
	outb %al, $0x40
	movb $0xfe, %al
	outb %al, $0x21
	ret
untick:	cli
	movb $0x20, %al
	outb %al, $0x20
	movb $0x11, %al
	outb %al, $0x20
	movb $8, %al
	outb %al, $0x21
	movb $4, %al
	outb %al, $0x21
	movb $1, %al
	outb %al, $0x21
	movb $0xff, %al
	outb %al, $0x21
	movb $0x34, %al
	outb %al, $0x43
	movb $0, %al
	outb %al, $0x40
	outb %al, $0x40
	ret

high_table:
	lgdt gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	movw $8, %bx
	movw %bx, %fs
	andb $0xfe, %al
	movl %eax, %cr0
	xorw %bx, %bx
	movw %bx, %fs
	movl $HIGH_TABLE, %edi
	xorl %esi, %esi
1:	movl TABLE(%esi), %eax
	movl %eax, %fs:(%edi, %esi)
	addl $4, %esi
	cmpl $0x400, %esi
	jb 1b
	ret

	.data
	.balign 8
gdt:	.quad 0
	.quad 0x00cf93000000ffff
gdtr:	.word . - gdt - 1
	.long gdt
idtr:	.word 0
	.long 0
masks:	.word 0
