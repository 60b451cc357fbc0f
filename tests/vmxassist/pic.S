/* SPDX-License-Identifier: MIT
 *
 * The 8259A pair at many bases, those of the processor's exceptions among them: a hardware interrupt
 * arrives at its vector, an exception at its own, and neither is taken for the other, wherever the
 * interrupt comes in: in plain code, in HLT, in a REP form, inside a handler before its EOI.
 */
#include "tests/vmxassist/guest.inc"

	.equ AUTO_EOI, 2

main:	cli
	cld
	inb $0x21, %al
	movb %al, old_masks
	inb $0xa1, %al
	movb %al, old_masks + 1
	call keyboard_and_mouse_quiet

	movw $pairs, %si
1:	movw (%si), %ax
	cmpb %al, %ah
	je 2f
	movw %ax, bases
	movb 2(%si), %al
	movb %al, icw4
	addw $3, %si
	pushw %si
	call show_bases
	call set_pics
	call one_pair
	popw %si
	jmp 1b
2:	say "set in protected mode, "
	movw $0x5850, bases
	movb $1, icw4
	call show_bases
	call protected
	call set_pics
	call real
	call one_pair

	cli
	movw $0x7008, bases
	movb $1, icw4
	call set_pics
	movb $0x34, %al
	outb %al, $0x43
	xorb %al, %al
	outb %al, $0x40
	outb %al, $0x40
	movb old_masks, %al
	outb %al, $0x21
	movb old_masks + 1, %al
	outb %al, $0xa1
	ret

	.data
	/* master, slave, ICW4 */
pairs:	.byte 0x08, 0x70, 1, 0x50, 0x58, 1, 0x20, 0x28, 1, 0x68, 0x70, 1, 0xf8, 0xf0, 1
	.byte 0x00, 0x60, 1, 0x10, 0x18, 1, 0x18, 0x10, 1, 0x70, 0x08, 1, 0x60, 0x00, 1, 0x08, 0x00, 1
	.byte 0x08, 0x70, 1 | AUTO_EOI, 0x00, 0x60, 1 | AUTO_EOI, 0x10, 0x08, 1 | AUTO_EOI, 0, 0
bases:	.byte 0, 0
icw4:	.byte 0
old_masks: .byte 0, 0
	.text

show_bases:
	movb bases, %al
	call put8
	say "/"
	movb bases + 1, %al
	call put8
	testb $AUTO_EOI, icw4
	jz 1f
	say " automatic EOI"
1:	say ":"
	ret

set_pics: /* and all lines masked; every vector is ours */
	movb $0x11, %al
	outb %al, $0x20
	outb %al, $0xa0
	movb bases, %al
	outb %al, $0x21
	movb bases + 1, %al
	outb %al, $0xa1
	movb $4, %al
	outb %al, $0x21
	movb $2, %al
	outb %al, $0xa1
	movb icw4, %al
	outb %al, $0x21
	outb %al, $0xa1
	movb $0xff, %al
	outb %al, $0x21
	outb %al, $0xa1
	movw $stubs, %ax
	xorw %bx, %bx
1:	movw %ax, (%bx)
	movw $0, 2(%bx)
	addw $6, %ax
	addw $4, %bx
	cmpw $1024, %bx
	jb 1b
	ret

	.balign 2
stubs:	.set v, 0
	.rept 256
	pushw $v
	.ifeq v & 0x80
	.byte 0x90 /* the form with a byte */
	.endif
	.byte 0xe9
	.word 9f - . - 2
	.set v, v + 1
	.endr
9:	jmp handler

	/* open line n, wait for it in code of our choice, close it */
	.macro line n, how:vararg
	movb $(~(1 << ((\n) & 7))) & 0xff, %al
	.if (\n) < 8
	outb %al, $0x21
	.else
	outb %al, $0xa1
	movb $0xfb, %al
	outb %al, $0x21
	.endif
	movw $0, count
	\how
	cli
	movb $0xff, %al
	outb %al, $0x21
	outb %al, $0xa1
	.endm

one_pair:
	say " spin"
	call start_timer
	line 0, call spin
	say " hlt"
	call start_timer
	line 0, call halted
	say " rep"
	call start_timer
	line 0, call repeat
	say " keyboard"
	line 1, call keyboard
	say " floppy"
	line 6, call floppy
	say " clock"
	line 8, call clock
	say " mouse"
	line 12, call mouse
	newline
	say "  inside a handler:"
	movb $1, inside
	call start_timer
	line 0, call spin
	movb $0, inside
	say "\n  exceptions:"
	call exceptions
	newline
	ret

start_timer: /* one edge of IRQ 0 some 100 us from now */
	movb $0x30, %al
	outb %al, $0x43
	movb $120, %al
	outb %al, $0x40
	movb $0, %al
	outb %al, $0x40
	ret

spin:	sti
1:	cmpw $0, count
	je 1b
	ret
halted:	sti
	hlt
	cli
	cmpw $0, count
	je halted
	ret
repeat:	sti
1:	xorw %si, %si
	movw $0x4000, %cx
	rep lodsb
	cmpw $0, count
	je 1b
	ret
keyboard:
	movb $0xd2, %al /* write to the output buffer, as if a key came */
	jmp 1f
mouse:	movb $0xd3, %al
1:	outb %al, $0x64
	call kbc_ready
	movb $0x1c, %al
	outb %al, $0x60
	jmp spin
floppy:	movw $0x3f2, %dx /* reset of the controller */
	movb $0, %al
	outb %al, %dx
	movb $0x0c, %al
	outb %al, %dx
	jmp spin
clock:	movw $0x260a, %ax /* 1024 Hz */
	call cmos_write
	movb $0x0c, %al
	call cmos_read
	movw $0x420b, %ax /* from here on the line goes up once: the handler lets it down */
	call cmos_write
	call spin
	cli
	movw $0x020b, %ax
	call cmos_write
	movb $0x0c, %al
	jmp cmos_read

kbc_ready:
	inb $0x64, %al
	testb $2, %al
	jnz kbc_ready
	ret
keyboard_and_mouse_quiet: /* both interrupts enabled, scanning off */
	call kbc_ready
	movb $0x60, %al
	outb %al, $0x64
	call kbc_ready
	movb $0x47, %al
	outb %al, $0x60
	call kbc_ready
	inb $0x60, %al
	ret
cmos_write: /* al: index, ah: value */
	outb %al, $0x70
	movb %ah, %al
	outb %al, $0x71
	ret
cmos_read:
	outb %al, $0x70
	inb $0x71, %al
	ret

handler: /* the vector, IP, CS, FLAGS */
	pushal
	pushw %ds
	pushw %es
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %sp, %bp
	movb 36(%bp), %al
	say " "
	call put8
	pushfw
	popw %bx
	testw $0x300, %bx
	jz 1f
	say "(flags in the handler!)"
1:	movw resume, %bx
	testw %bx, %bx
	jz 2f
	movw 38(%bp), %cx /* an exception, and where */
	subw from, %cx
	say "+"
	movw %ax, %dx
	movw %cx, %ax
	call put4
	movw %dx, %ax
	movw %bx, 38(%bp)
	movw $0, resume
	jmp 9f
2:	incw count
	cmpb $0, inside
	je 3f
	movb $0, inside
	call exceptions
3:	movb %al, %ah
	subb bases, %ah
	cmpb $8, %ah
	jae 4f
	testb $AUTO_EOI, icw4
	jnz 5f
	movb $0x20, %al
	outb %al, $0x20
	jmp 5f
4:	movb %al, %ah
	subb bases + 1, %ah
	cmpb $8, %ah
	jae 8f
	addb $8, %ah
	testb $AUTO_EOI, icw4
	jnz 5f
	movb $0x20, %al
	outb %al, $0xa0
	outb %al, $0x20
5:	cmpb $1, %ah
	je 6f
	cmpb $12, %ah
	jne 7f
6:	inb $0x60, %al
	jmp 9f
7:	cmpb $8, %ah
	jne 9f
	movw $0x020b, %ax /* one is enough */
	call cmos_write
	movb $0x0c, %al
	call cmos_read
	jmp 9f
8:	say "(no line's vector)"
9:	popw %es
	popw %ds
	popal
	addw $2, %sp
	iretw

	.macro raises code:vararg
	movw $1f, resume
	movw $0f, from
0:	\code
1:	movw $0, resume
	.endm

	.macro into_now
	movb $0x7f, %al
	addb $1, %al
	into
	.endm

exceptions:
	pushal
	xorw %cx, %cx
	raises divw %cx
	raises int3
	raises into_now
	movw $5, %ax
	raises bound %ax, bounds
	raises ud2
	movl %cr0, %ebx
	movl %ebx, %eax
	orb $0x28, %al /* TS, NE */
	movl %eax, %cr0
	raises fnop
	movl %ebx, %eax
	andb $0xd1, %al
	orb $0x20, %al
	movl %eax, %cr0
	/* x87: division by zero, not masked */
	fninit
	fldcw unmasked
	fld1
	fldz
	fdivrp
	raises fwait
	fninit
	movl %ebx, %cr0
	raises .byte 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x90
	raises int $0x10
	popal
	ret

protected:
	lgdt gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmp $8, $1f
1:	movw $16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	ret
real:	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	ljmp $0, $1f
1:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	ret

	.data
	.balign 8
gdt:	.quad 0
	.quad 0x00009b000000ffff
	.quad 0x000093000000ffff
gdtr:	.word . - gdt - 1
	.long gdt
bounds:	.word 1, 2
unmasked: .word 0x037b
count:	.word 0
resume:	.word 0
from:	.word 0
inside:	.byte 0
