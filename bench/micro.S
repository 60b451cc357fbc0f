/* SPDX-License-Identifier: MIT
 *
 * What single acts of real-mode code cost: each row runs ROUNDS times between two reads of the TSC,
 * which in Bochs counts instructions, and is written to port E9 as "row COUNT TICKS NAME". PIC lines are
 * masked but where a row is about interrupts, and those come after the code has waited for them.
 */
#include "tests/vmxassist/guest.inc"
#ifndef ROUNDS
#define ROUNDS 32
#endif

	.equ GP, 13
	.equ TIMER, 8
	.equ SERVICE, 0x60
	.equ SOURCE, 0x300000
	.equ TARGET, 0x340000

	.macro vector n, handler
	movw $\handler, \n * 4
	movw $0, \n * 4 + 2
	.endm

	.macro begin
	rdtsc
	movl %eax, %cs:began
	.endm

	.macro finish
	rdtsc
	subl %cs:began, %eax
	movl %eax, %cs:ticks
	.endm

	/* ends a row of `count` acts */
	.macro row count, name
	finish
	movw $\count, %cs:acts
	movw $777f, %si
	call print_row
	.pushsection .data
777:	.asciz "\name"
	.popsection
	.endm

	/* code ROUNDS times, one after the other */
	.macro repeated name, code:vararg
	begin
	.rept ROUNDS
	\code
	.endr
	row ROUNDS, "\name"
	.endm

	/* segment register to descriptor 10 (base 0, not its selector * 16), CS reloaded on the way back */
	.macro make_stale segment
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	movw $0x10, %bx
	movw %bx, \segment
	andb $0xfe, %al
	movl %eax, %cr0
	ljmp $0, $8f
8:
	.endm

main:
	cli
	movb $0xff, %al
	outb %al, $0x21
	outb %al, $0xa1
	vector GP, skip_3
	vector SERVICE, service
	vector TIMER, timer
	lgdt gdtr
	call make_unreal
	repeated "nothing (two RDTSC)", /* */
	repeated "NOP", nop
	movl %cr0, %ecx
	repeated "MOV EAX,CR0", movl %cr0, %eax
	repeated "MOV CR0,ECX unchanged", movl %ecx, %cr0
	repeated "LGDT", lgdt gdtr
	repeated "LIDT", lidt idtr
	movl $SOURCE, %edi
	movl %fs:(%edi), %eax /* a host may map the page at its first use, ... */
	repeated "MOV EAX,FS:[EDI] beyond 64 KiB", movl %fs:(%edi), %eax
	repeated "MOV FS:[EDI],EAX beyond 64 KiB", movl %eax, %fs:(%edi)
	repeated "#GP to the guest and IRET", movb (%edi), %al
	repeated "INT n and IRET", int $SERVICE
	movw $moved_vectors, %di
	xorw %si, %si
	movw $512, %cx
	rep movsw
	lidt moved_idtr
	repeated "INT n and IRET, IDT moved", int $SERVICE
	lidt idtr
	call interrupts
	call stale_rows
	call long_rows
	call round_trip /* ... and all of protected mode's at the first way there */
	movw $ROUNDS, %cx
	begin
1:	call round_trip
	loop 1b
	row ROUNDS, "to protected mode and back"
	ret

	/* FS and ES with 4 GiB */
make_unreal:
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	movw $0x08, %bx
	movw %bx, %fs
	movw %bx, %es
	andb $0xfe, %al
	movl %eax, %cr0
	ljmp $0, $1f
1:	xorw %bx, %bx
	movw %bx, %fs
	movw %bx, %es
	ret

	/* as loaders do it: 32-bit code and segments, then 16-bit ones, then real mode's */
round_trip:
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmp $0x18, $1f
	.code32
1:	movw $0x20, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	ljmp $0x28, $2f
	.code16
2:	movw $0x10, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	ljmp $0, $3f
3:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	ret

	/* Lets IRQ 0 become pending while interrupts are off. */
raise_timer:
	movb $0x30, %al /* channel 0, both bytes, mode 0: 8254 data sheet */
	outb %al, $0x43
	movb $10, %al
	outb %al, $0x40
	xorb %al, %al
	outb %al, $0x40
	movb $0xfe, %al
	outb %al, $0x21
1:	movb $0x0a, %al /* the request register, 8259A data sheet */
	outb %al, $0x20
	inb $0x20, %al
	testb $1, %al
	jz 1b
	ret

	.macro interrupted name, code
	movw $ROUNDS, %cx
	xorl %ebp, %ebp
1:	call raise_timer
	begin
	sti
	\code
	finish
	cli
	addl %cs:ticks, %ebp
	loop 1b
	rdtsc
	subl %ebp, %eax
	movl %eax, began
	row ROUNDS, "\name"
	.endm

interrupts:
	interrupted "STI, NOP, hardware interrupt, IRET", nop
	interrupted "STI, HLT, hardware interrupt, IRET", hlt
	movb $0xff, %al
	outb %al, $0x21
	ret

stale_rows:
	make_stale %ds
	movw $ROUNDS, %cx
	begin
1:	.rept 7
	movw (%si), %ax
	.endr
	loop 1b
	xorw %ax, %ax
	movw %ax, %ds
	row (ROUNDS * 8), "MOV AX,[SI] (7) and LOOP, stale DS"
	make_stale %ss
	movw $ROUNDS, %cx
	begin
1:	.rept 4
	pushw %cx
	popw %cx
	.endr
	loop 1b
	xorw %ax, %ax
	movw %ax, %ss
	row (ROUNDS * 9), "PUSH or POP (8) and LOOP, stale SS"
	make_stale %ds
	movw $ROUNDS, %cx
	begin
1:	addw %ax, %bx
	addw %ax, %bx
	addw %ax, %bx
	addw %ax, %bx
	addw %ax, %bx
	addw %ax, %bx
	addw %ax, %bx
	addw %ax, %bx
	addw %ax, %bx
	loop 1b
	xorw %ax, %ax
	movw %ax, %ds
	row (ROUNDS * 10), "ADD (9) and LOOP, stale DS"
	ret

	/* 64 KiB in unreal mode */
	.macro long_row name, count, code:vararg
	movl $SOURCE, %esi
	movl $TARGET, %edi
	movl $\count, %ecx
	begin
	xorl %eax, %eax
	\code
	row 1, "\name"
	.endm

long_rows:
	movl $SOURCE, %edi
	movl $0x4000, %ecx
	xorl %eax, %eax
	addr32 rep stosl
	long_row "REP MOVSD, 64 KiB", 0x4000, rep movsl %fs:(%esi), %es:(%edi)
	long_row "REP MOVSB, 64 KiB", 0x10000, rep movsb %fs:(%esi), %es:(%edi)
	long_row "REP STOSD, 64 KiB", 0x4000, addr32 rep stosl
	long_row "REP LODSD, 64 KiB", 0x4000, rep lodsl %fs:(%esi)
	long_row "REPE CMPSD, 64 KiB", 0x4000, repe cmpsl %es:(%edi), %fs:(%esi)
	long_row "REPE SCASB, 64 KiB", 0x10000, addr32 repe scasb
	std
	movl $SOURCE + 0xfffc, %esi
	movl $TARGET + 0xfffc, %edi
	movl $0x4000, %ecx
	begin
	rep movsl %fs:(%esi), %es:(%edi)
	cld
	row 1, "REP MOVSD downwards, 64 KiB"
	ret

skip_3:	pushw %bp
	movw %sp, %bp
	addw $3, 2(%bp)
	popw %bp
	iretw

service:
	iretw

timer:	pushw %ax
	movb $0x20, %al
	outb %al, $0x20
	popw %ax
	iretw

print_row: /* si: name; in 0000:0000 */
	pushal
	pushw %si
	say "row "
	movw acts, %ax
	call put16
	say " "
	movl ticks, %eax
	call put32
	say " "
	popw %si
	call puts
	newline
	popal
	ret

	.data
began:	.long 0
ticks:	.long 0
acts:	.word 0
idtr:	.word 0x3ff
	.long 0
moved_idtr:
	.word 0x3ff
	.long moved_vectors
	.balign 8
gdt:	.quad 0
	.quad 0x008f93000000ffff /* 08 data, 4 GiB */
	.quad 0x000093000000ffff /* 10 data, 64 KiB */
	.quad 0x00cf9b000000ffff /* 18 code, 32 bits */
	.quad 0x00cf93000000ffff /* 20 data, 32 bits */
	.quad 0x00009b000000ffff /* 28 code, 16 bits, 64 KiB */
gdtr:	.word . - gdt - 1
	.long gdt
	.equ moved_vectors, 0x600
