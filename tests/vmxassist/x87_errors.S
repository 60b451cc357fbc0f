/* SPDX-License-Identifier: MIT
 *
 * x87 errors: with CR0.NE=0 IRQ 13 by the 8259A, its masks and port F0h honoured, at whatever base the
 * guest has set; with NE=1 #MF. Where the interrupt returns to differs between processors and is not
 * shown.
 */
#include "tests/vmxassist/guest.inc"

	.macro error /* division by zero, reported at the next waiting instruction */
	fninit
	fldcw unmasked
	fld1
	fldz
	fdivrp
	.endm

main:	cli
	inb $0x21, %al
	movb %al, masks
	inb $0xa1, %al
	movb %al, masks + 1
	movw $clock_handler, 8 * 4
	movw $0, 8 * 4 + 2
	movw $mf_handler, 16 * 4
	movw $0, 16 * 4 + 2
	movw $irq13_handler, 0x75 * 4
	movw $0, 0x75 * 4 + 2
	movb $0xfb, %al
	outb %al, $0x21
	movb $0xdf, %al
	outb %al, $0xa1
	movl %cr0, %eax
	andb $0xd1, %al
	movl %eax, %cr0
	sti
	say "ne=0:"
	error
	fwait
	call await
	say "ne=0, at an instruction that stores:"
	error
	fsts number
	call await
	say "ne=0, twice:"
	error
	fwait
	call await
	error
	fwait
	call await

	/* masked: it waits until the clock's handler opens the line */
	say "line masked, then opened:"
	movb $0xff, %al
	outb %al, $0xa1
	movb $1, open_later
	call start_clock
	error
	fwait
	call await
	say "cascade masked, then opened:"
	movb $0xfe, %al
	outb %al, $0x21
	movb $2, open_later
	call start_clock
	error
	fwait
	call await

	/* another base, set in real mode */
	say "slave at 58h:"
	cli
	movb $0x58, %al
	call slave_base
	movw $irq13_handler, 0x5d * 4
	movw $0, 0x5d * 4 + 2
	sti
	error
	fwait
	call await
	cli
	movb $0x70, %al
	call slave_base
	sti

	/* waiting instructions in the handler, behind port F0h: nothing new */
	say "handler with waiting instructions:"
	movw $waiting_handler, 0x75 * 4
	error
	fwait
	call await
	say "and the next error is one again:"
	error
	fwait
	call await
	movw $irq13_handler, 0x75 * 4

	say "ne=1:"
	movl %cr0, %eax
	orb $0x20, %al
	movl %eax, %cr0
	error
	movw $1f, mf_from
1:	fwait
	newline
	movl %cr0, %eax
	andb $0xdf, %al
	movl %eax, %cr0
	say "masked in the control word:"
	fninit
	fld1
	fldz
	fdivrp
	fwait
	fnstsw %ax
	andw $0x80ff, %ax
	show16 " status", %ax
	newline
	fninit
	cli
	movb masks, %al
	outb %al, $0x21
	movb masks + 1, %al
	outb %al, $0xa1
	sti
	ret

await:	movl $0x100000, %ecx
1:	cmpb $0, came
	jne 2f
	loopl 1b
	say " nothing came"
2:	movb $0, came
	newline
	ret

start_clock:
	movb $0x30, %al
	outb %al, $0x43
	movb $0, %al
	outb %al, $0x40
	movb $1, %al
	outb %al, $0x40
	inb $0x21, %al
	andb $0xfe, %al
	outb %al, $0x21
	ret

clock_handler:
	pushw %ax
	say " clock"
	cmpb $0, came
	je 1f
	say " (too early)"
1:	movb $0x20, %al
	outb %al, $0x20
	cmpb $1, open_later
	jne 2f
	movb $0xdf, %al
	outb %al, $0xa1
2:	movb $0xfb, %al
	outb %al, $0x21
	movb $0, open_later
	popw %ax
	iretw

irq13_handler:
	pushw %ax
	say " irq 13"
	xorb %al, %al
	outb %al, $0xf0
	fnstsw %ax
	andw $0x80ff, %ax
	show16 " status", %ax
	fnclex
	jmp 1f
waiting_handler:
	pushw %ax
	say " irq 13"
	xorb %al, %al
	outb %al, $0xf0
	fwait
	fld1
	fstps number
	fstsw %ax
	fclex
1:	movb $0x20, %al
	outb %al, $0xa0
	outb %al, $0x20
	movb $1, came
	popw %ax
	iretw

mf_handler:
	pushw %bp
	movw %sp, %bp
	pushw %ax
	movw 2(%bp), %ax
	subw mf_from, %ax
	show16 " #mf at +", %ax
	fnclex
	popw %ax
	popw %bp
	iretw

slave_base:
	movb %al, %ah
	movb $0x11, %al
	outb %al, $0xa0
	movb %ah, %al
	outb %al, $0xa1
	movb $2, %al
	outb %al, $0xa1
	movb $1, %al
	outb %al, $0xa1
	movb $0xdf, %al
	outb %al, $0xa1
	ret

	.data
unmasked: .word 0x037b
masks:	.word 0
mf_from: .word 0
number:	.long 0
came:	.byte 0
open_later: .byte 0
