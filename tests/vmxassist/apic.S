/* SPDX-License-Identifier: MIT
 *
 * NMI and vectors of the local APIC in real mode. NMI: from the APIC itself and from the I/O APIC, in
 * plain code, in HLT with IF=0, beside a software INT 2, while the guest is in its NMI handler, behind
 * MOV SS; and fixed interrupts at vectors of exceptions and others. The APIC is reached with a 4 GiB
 * segment.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/events.inc"

	.equ APIC, 0xfee00000
	.equ IOAPIC, 0xfec00000

	.macro write register, value
	movl $APIC + \register, %esi
	movl \value, %fs:(%esi)
	.endm
	.macro send_nmi
	pushl %esi
	write 0x310, %edi
	write 0x300, $0x4400
	popl %esi
	jmp 887f
887:	nop
	.endm
	.macro send vector /* fixed */
	write 0x310, %edi
	write 0x300, $(0x4000 + \vector)
	.endm
	.macro redirect pin, low
	movl $IOAPIC, %esi
	movl $(0x11 + 2 * \pin), %fs:(%esi)
	movl %edi, %fs:16(%esi)
	movl $IOAPIC, %esi
	movl $(0x10 + 2 * \pin), %fs:(%esi)
	movl \low, %eax
	movl %eax, %fs:16(%esi)
	.endm

main:	cli
	inb $0x21, %al
	movb %al, masks
	inb $0xa1, %al
	movb %al, masks + 1
	movb $0xff, %al
	outb %al, $0x21
	outb %al, $0xa1
	call big_fs
	movl $APIC + 0x20, %esi
	movl %fs:(%esi), %edi /* own ID, as a destination */
	andl $0xff000000, %edi
	write 0xf0, $0x1ff
	watch 2, 0x60

	say "nmi, if off:"
	send_nmi
1:	cmpw $event_log, event_next
	je 1b
	call seen_one
	sti
	say "nmi, if on:"
	send_nmi
1:	cmpw $event_log, event_next
	je 1b
	call seen_one
	cli
	say "int 2:"
	from 881f
881:	int $2
	call events
	say "nmi inside int 2:" /* a software interrupt blocks nothing */
	movw $nested_handler, 2 * 4
	movw $0, depth
	int $2
	call settle
	newline
	say "nmi inside nmi:"
	movw $0, depth
	send_nmi
	call settle
	newline
	say "nmi inside nmi, with int 60h, pushf, popf and cli there:"
	movw $busy_handler, 2 * 4
	movw $0, depth
	send_nmi
	call settle
	newline
	watch 2

	/* by the I/O APIC, from the timer */
	say "hlt with if off:"
	call timer_nmi
	from 881f
881:	hlt
	nop
	call events
	say "in plain code:"
	call timer_nmi
1:	cmpw $event_log, event_next
	je 1b
	call seen_one
	say "in code that is emulated:"
	call timer_nmi
1:	movl %cr0, %eax
	movl %eax, %cr0
	cmpw $event_log, event_next
	je 1b
	call seen_one
	say "with stale segments:"
	call stale_es /* no NMI may come while PE=1: there is no IDT for it */
	call timer_nmi
1:	nop
	cmpw $event_log, event_next
	je 1b
	xorw %ax, %ax
	movw %ax, %es
	call seen_one
	redirect 0, $0x10000
	redirect 2, $0x10000

	/* fixed vectors */
	sti
	.irp v, 0x10, 0x11, 0x12, 0x13, 0x14, 0x1f, 0x20, 0x21, 0x41, 0x70, 0x80, 0xc3, 0xff
	movw $fixed_handler, \v * 4
	movw $0, \v * 4 + 2
	movb $0, came
	send \v
	nop
	nop
1:	cmpb $0, came
	je 1b
	movb $\v, %al
	say " "
	call put8
	.endr
	newline
	cli
	write 0xf0, $0xff
	movb $0x34, %al
	outb %al, $0x43
	movb $0, %al
	outb %al, $0x40
	outb %al, $0x40
	movb masks, %al
	outb %al, $0x21
	movb masks + 1, %al
	outb %al, $0xa1
	sti
	ret

seen_one: /* where it came is chance */
	movw $event_log, event_next
	say " came\n"
	ret

settle:	movw $100, %cx
1:	loop 1b
	ret

fixed_handler:
	pushl %esi
	movl $APIC + 0xb0, %esi
	movl $0, %fs:(%esi)
	movb $1, %cs:came
	popl %esi
	iretw

nested_handler:
	incw depth
	cmpw $1, depth
	jne 1f
	say " in"
	send_nmi
	call settle
	say " out"
	iretw
1:	say " second"
	iretw

busy_handler:
	incw depth
	cmpw $1, depth
	jne 1f
	say " in"
	send_nmi
	call settle
	pushfw
	pushfw
	popfw
	cli
	sti
	nop
	cli
	popfw
	inb $0x61, %al
	movw $nothing, 0x60 * 4 /* any IRET ends the blocking */
	say " out"
	int $0x60
	say " end"
	iretw
1:	say " second"
	iretw
nothing: iretw

timer_nmi:
	redirect 0, $0x400
	redirect 2, $0x400
	movb $0x30, %al
	outb %al, $0x43
	movb $0, %al
	outb %al, $0x40
	movb $0x80, %al /* 27 ms: the HLT must be there first, on a busy host too */
	outb %al, $0x40
	ret

big_fs:	lgdt gdtr
	cr0_pe
	movw $8, %bx
	movw %bx, %fs
	cr0_no_pe
	xorw %bx, %bx
	movw %bx, %fs
	ret
stale_es:
	cr0_pe
	movw $16, %bx
	movw %bx, %es
	cr0_no_pe
	ret

	.data
	.balign 8
gdt:	.quad 0
	.quad 0x00cf93000000ffff
	.quad 0x000093000000ffff
gdtr:	.word . - gdt - 1
	.long gdt
masks:	.word 0
depth:	.word 0
came:	.byte 0
