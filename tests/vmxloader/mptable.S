/* SPDX-License-Identifier: MIT
 *
 * Tells the MP table that vmxloader has made, and of the machine what can be compared with it: the local
 * and the I/O APIC's identifiers and versions, the interrupt line of each PCI function, and whether the
 * timer comes by the pin that the table says.
 */
#include "tests/vmxassist/guest.inc"

	.equ LOCAL_APIC, 0xfee00000
	.equ IO_APIC, 0xfec00000
	.equ TIMER_VECTOR, 0x70

main:
	call make_unreal
	cli
	cld
	/* the pointer: at a multiple of 16 in F0000-FFFFF */
	xorl %ebx, %ebx
	movl $0xf0000, %ebx
1:	cmpl $0x5f504d5f, %fs:(%ebx)
	je 2f
	addl $16, %ebx
	cmpl $0x100000, %ebx
	jb 1b
	say "no MP table\n"
	ret
2:	movl $16, %ecx
	call sum
	say "pointer: sum="
	call put8
	movb %fs:9(%ebx), %al
	say " revision="
	call put8
	movb %fs:12(%ebx), %al
	say " imcr="
	call put8
	movl %fs:4(%ebx), %ebx
	movzwl %fs:4(%ebx), %ecx
	call sum
	say "\ntable: sum="
	call put8
	movb %fs:6(%ebx), %al
	say " revision="
	call put8
	movl %fs:(%ebx), %eax
	say " signature="
	call put32
	movl %fs:0x24(%ebx), %eax
	say " apic="
	call put32
	newline

	movzwl %fs:0x22(%ebx), %ecx
	addl $44, %ebx
3:	movb %fs:(%ebx), %al
	cmpb $1, %al
	jb cpu
	je bus
	cmpb $3, %al
	jb ioapic
	je interrupt
	say "local: kind="
	call put_interrupt
	newline
	addl $8, %ebx
next:	decw %cx
	jnz 3b

	/* the machine */
	movl $LOCAL_APIC, %ebx
	movl %fs:0x20(%ebx), %eax
	shrl $24, %eax
	say "machine: apic="
	call put8
	movl %fs:0x30(%ebx), %eax
	say " version="
	call put8
	movl $1, %eax
	pushl %ebx
	cpuid
	movl %edx, %esi
	popl %ebx
	andl $0xfff, %eax
	say " signature="
	call put32
	movl %esi, %eax
	say " features="
	call put32
	xorb %al, %al
	call io_apic_read
	shrl $24, %eax
	say " io-apic="
	call put8
	movb $1, %al
	call io_apic_read
	say " version="
	call put8
	newline
	call pci_lines
	call timer
	ret

cpu:	say "cpu: apic="
	movb %fs:1(%ebx), %al
	call put8
	say " version="
	movb %fs:2(%ebx), %al
	call put8
	say " flags="
	movb %fs:3(%ebx), %al
	call put8
	say " signature="
	movl %fs:4(%ebx), %eax
	call put32
	say " features="
	movl %fs:8(%ebx), %eax
	call put32
	newline
	addl $20, %ebx
	jmp next
bus:	say "bus: id="
	movb %fs:1(%ebx), %al
	call put8
	say " "
	movw $6, %di
	leal 2(%ebx), %esi
1:	movb %fs:(%esi), %al
	outb %al, $0xe9
	incl %esi
	decw %di
	jnz 1b
	newline
	addl $8, %ebx
	jmp next
ioapic:	say "io-apic: id="
	movb %fs:1(%ebx), %al
	call put8
	say " version="
	movb %fs:2(%ebx), %al
	call put8
	say " flags="
	movb %fs:3(%ebx), %al
	call put8
	say " at="
	movl %fs:4(%ebx), %eax
	call put32
	newline
	addl $8, %ebx
	jmp next
interrupt:
	say "interrupt: kind="
	call put_interrupt
	newline
	/* where the timer is */
	cmpb $0, %fs:5(%ebx)
	jne 1f
	movb %fs:7(%ebx), %al
	movb %al, timer_pin
1:	addl $8, %ebx
	jmp next

put_interrupt:
	movb %fs:1(%ebx), %al
	call put8
	say " flags="
	movw %fs:2(%ebx), %ax
	call put16
	say " bus="
	movb %fs:4(%ebx), %al
	call put8
	say " irq="
	movb %fs:5(%ebx), %al
	call put8
	say " apic="
	movb %fs:6(%ebx), %al
	call put8
	say " pin="
	movb %fs:7(%ebx), %al
	jmp put8

/* al = sum of ecx bytes at ebx */
sum:	pushl %ebx
	xorb %al, %al
1:	addb %fs:(%ebx), %al
	incl %ebx
	loopl 1b
	popl %ebx
	ret

io_apic_read: /* al = register; eax */
	movl $IO_APIC, %ebx
	movb %al, %fs:(%ebx)
	movl %fs:16(%ebx), %eax
	ret
io_apic_write: /* al = register, edx */
	movl $IO_APIC, %ebx
	movzbl %al, %eax
	movl %eax, %fs:(%ebx)
	movl %edx, %fs:16(%ebx)
	ret

/* bus 0: device << 2 | pin, and the interrupt line that the router was given for it */
pci_lines:
	movl $0x80000000, %esi
1:	movl %esi, %eax
	movw $0xcf8, %dx
	outl %eax, %dx
	movb $0xfc, %dl
	inl %dx, %eax
	cmpw $0xffff, %ax
	je 2f
	cmpl $0x71138086, %eax /* its interrupt is the SCI, no PIRQ */
	je 2f
	movl %esi, %eax
	movb $0x3c, %al
	movw $0xcf8, %dx
	outl %eax, %dx
	movb $0xfc, %dl
	inl %dx, %eax
	testb %ah, %ah
	jz 2f
	movl %esi, %ebx
	shrl $9, %ebx
	andb $0x7c, %bl
	movb %ah, %bh
	decb %bh
	orb %bh, %bl
	xchgb %al, %bl
	say "pci: irq="
	call put8
	movb %bl, %al
	say " line="
	call put8
	newline
2:	addl $0x100, %esi
	testl $0xff0000, %esi
	jz 1b
	ret

/* The PIT by the I/O APIC alone: fixed, edge, to this processor. */
timer:	movw $ticked, TIMER_VECTOR * 4
	movw $0, TIMER_VECTOR * 4 + 2
	movl $LOCAL_APIC, %ebx
	movl $0x1ff, %fs:0xf0(%ebx)
	movl %fs:0x20(%ebx), %edx
	andl $0xff000000, %edx
	movb timer_pin, %al
	shlb $1, %al
	addb $0x11, %al
	call io_apic_write
	movl $TIMER_VECTOR, %edx
	movb timer_pin, %al
	shlb $1, %al
	addb $0x10, %al
	call io_apic_write
	movb $0xff, %al
	outb %al, $0x21
	outb %al, $0xa1
	movb $0x34, %al
	outb %al, $0x43
	xorb %al, %al
	outb %al, $0x40
	movb $0x10, %al
	outb %al, $0x40
	movl $300000000, %ecx
	sti
1:	cmpw $3, ticks
	jae 2f
	loopl 1b
2:	cli
	movl $1 << 16, %edx
	movb timer_pin, %al
	shlb $1, %al
	addb $0x10, %al
	call io_apic_write
	say "timer: "
	cmpw $3, ticks
	jb 3f
	say "comes\n"
	ret
3:	say "does not come\n"
	ret
ticked:	incw %cs:ticks
	pushl %ebx
	movl $LOCAL_APIC, %ebx
	movl $0, %fs:0xb0(%ebx)
	popl %ebx
	iret

make_unreal:
	cli
	lgdtl gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	jmp 1f
1:	movw $0x08, %ax
	movw %ax, %fs
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	jmp 1f
1:	xorw %ax, %ax
	movw %ax, %fs
	ret

	.balign 8
gdt:	.quad 0
	.quad 0x00cf93000000ffff
gdtr:	.word . - gdt - 1
	.long gdt
ticks:	.word 0
timer_pin: .byte 0xff
