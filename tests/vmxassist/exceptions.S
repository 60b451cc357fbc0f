/* SPDX-License-Identifier: MIT
 *
 * Every exception that real mode knows, through the IVT: vector, return address, flags.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/events.inc"

	.macro add_and_into n
	movb $\n, %al
	addb $1, %al
	into
	.endm

main:	movb $0xff, %al /* no interrupt of the machine among them */
	outb %al, $0x21
	outb %al, $0xa1
	watch 0, 1, 3, 4, 5, 6, 7, 8, 12, 13, 16, 17, 19, 0x60
	sti
	xorw %cx, %cx
	movw $1, %dx
	movw $0x8000, %ax
	movw $-1, %bx
	try "div by 0", divw %cx
	movw $1, %ax
	try "div too large", divb %ch
	movw $0x8000, %ax
	cwtd
	try "idiv overflow", idivw %bx
	movw $0x8000, %ax
	try "idiv byte overflow", idivb %bl
	try "aam 0", aam $0
	try "int3", int3
	try "int 3", .byte 0xcd, 3
	try "int 0", int $0
	try "int 6", int $6
	try "int 8", int $8
	try "int 0dh", int $13
	try "int 60h", int $0x60
	try "icebp", .byte 0xf1
	try "into, overflow", add_and_into 0x7f
	try "into, none", add_and_into 1
	movw $4, %ax
	try "bound above", bound %ax, bounds
	movw $1, %ax
	try "bound below", bound %ax, bounds
	movw $2, %ax
	try "bound within", bound %ax, bounds
	movl $0x10000, %eax
	try "bound dword", boundl %eax, bounds32
	try "ud2", ud2
	try "0f ff", .byte 0x0f, 0xff, 0xc0
	try "lock nop", .byte 0xf0, 0x90
	try "lock add register", .byte 0xf0, 0x01, 0xc0
	try "lock mov", .byte 0xf0, 0x89, 0x06, 0, 6
	try "bound register", .byte 0x62, 0xc0
	try "lgdt register", .byte 0x0f, 0x01, 0xd0
	try "lea register", .byte 0x8d, 0xc0
	try "les register", .byte 0xc4, 0xc0
	try "mov cs", .byte 0x8e, 0xc8
	try "mov segment 6", .byte 0x8e, 0xf0
	try "mov cr1", .byte 0x0f, 0x20, 0xc8
	try "mov cr5", .byte 0x0f, 0x22, 0xe8
	try "arpl", .byte 0x63, 0xc0
	try "sldt", sldt %ax
	try "str", str %ax
	try "lldt", lldt %ax
	try "ltr", ltr %ax
	try "lar", lar %ax, %bx
	try "lsl", lsl %ax, %bx
	try "verr", verr %ax
	try "verw", verw %ax
	try "sysenter", sysenter
	try "far jump register", .byte 0xff, 0xe8
	try "group 5 /7", .byte 0xff, 0xf8
	/* fifteen bytes are the most */
	try "15 bytes", .byte 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x90
	try "16 bytes", .byte 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x90

	/* the x87 unit away */
	movl %cr0, %eax
	movl %eax, cr0
	orb $8, %al
	movl %eax, %cr0
	try "ts: fnop", fnop
	try "ts: fninit", fninit
	movl cr0, %eax
	andb $0xf1, %al
	orb $8, %al
	movl %eax, %cr0
	try "ts, no mp: fwait", fwait
	orb $10, %al
	movl %eax, %cr0
	try "ts, mp: fwait", fwait
	clts
	movl cr0, %eax
	andb $0xf1, %al
	orb $4, %al
	movl %eax, %cr0
	try "em: fnop", fnop
	try "em: fwait", fwait
	movl cr0, %eax
	movl %eax, %cr0

	/* no alignment check in real mode */
	movl cr0, %eax
	orl $0x40000, %eax
	movl %eax, %cr0
	pushfl
	popl %ebx
	movl %ebx, %ecx
	orl $0x40000, %ecx
	pushl %ecx
	popfl
	try "misaligned, am and ac", movl bounds + 1, %ecx
	pushl %ebx
	popfl
	movl cr0, %eax
	movl %eax, %cr0

	/* IF pushed as it was, with interrupts off, too; TF and IF are 0 in a handler */
	cli
	try "cli: ud2", ud2
	try "cli: int 60h", int $0x60
	std
	try "std: int3", int3
	cld
	sti
	/* with the stack at its end the frame goes around; 386 and later */
	movw %sp, %bp
	movw $0, %sp
	try "sp=0: int 60h", int $0x60
	movw %bp, %sp
	/* an exception inside an exception's handler */
	movw $nested, 6 * 4
	say "nested:"
	from 1f
1:	ud2
	call events
	movb $0xb8, %al
	outb %al, $0x21
	movb $0x8d, %al
	outb %al, $0xa1
	ret

nested:	pushw %bp
	movw %sp, %bp
	addw $2, 2(%bp)
	popw %bp
	int $0x60
	int3
	iretw

	.data
	.balign 4
bounds:	.word 2, 3
bounds32: .long 0x10001, 0x20000
cr0:	.long 0
	.text
