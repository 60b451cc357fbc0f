/* SPDX-License-Identifier: MIT
 *
 * Boot sectors and option ROMs of post.t and boot.t, chosen by CASE. All write to port E9.
 */
	.code16
	.text
	.globl _start
	.macro say text
	movw $9f, %si
	jmp 8f
9:	.asciz "\text"
8:	calll print
	.endm

#ifdef ROM /* an option ROM: 55 AA, length, entry; post.t makes the sum right */
_start:
	.byte 0x55, 0xaa, 1
	jmp 1f
	.org 0x18
	.word 0
#ifdef BCV /* two expansion headers: PnP BIOS 1.0A, 3.2 */
	.word 0x20
	.org 0x20
	.macro header next, name, bcv, bev
	.ascii "$PnP"
	.byte 1, 2
	.word \next
	.byte 0, 0
	.long 0
	.word 0, \name
	.byte 0, 0, 1, 0
	.word \bcv, 0, \bev, 0, 0
	.endm
	header 0x40, 0, bcv, 0
	header 0, name, 0, bev
name:	.asciz "test ROM"
	.macro entry label, text
\label:	pushw %ds
	pushw %si
	pushw %cs
	popw %ds
	say "\text"
	popw %si
	popw %ds
	lretw
	.endm
	entry bcv, "BCV runs\n"
	entry bev, "BEV runs\n"
#endif
1:	pushw %ds
	pushw %si
	pushw %cs
	popw %ds
	say "option ROM runs\n"
	popw %si
	popw %ds
	lretw
#else
_start:
	ljmp $0, $1f
1:	xorw %ax, %ax
	movw %ax, %ds
	say "boot sector runs\n"
#endif

#if CASE == 18 /* gives up */
	int $0x18
#elif CASE == 19 /* boots again, once */
	incw 0x600
	cmpw $0x5a01, 0x600
	je quit
	movw $0x5a00, 0x600
	int $0x19
#elif CASE == 15 /* starts at F000:FFF0 with each shutdown code that does not jump, counted in CMOS 60h */
	movb $0x60, %al
	outb %al, $0x70
	inb $0x71, %al
	movzbw %al, %bx
	incw %ax
	outb %al, $0x71
	cmpw $8, %bx
	je 2f
	say "shutdown code "
	movb codes(%bx), %bl
	movb %bl, %al
	addb $'0', %al
	outb %al, $0xe9
	movb $0x0a, %al
	outb %al, $0xe9
	movb $0x8f, %al
	outb %al, $0x70
	movb %bl, %al
	outb %al, $0x71
	ljmp $0xf000, $0xfff0
codes:	.byte 0, 1, 2, 3, 6, 7, 8, 4
2:	say "all codes\n"
	jmp quit
#elif CASE == 0x4c /* starts the image in block 20 of the first CD by INT 13h/4Ch, as no, then as a 1.44 MB floppy */
	movb $5, packet + 1
	movw $0x4c00, %ax
	movw $packet, %si
	int $0x13
	jnc quit
	addb $'0', %ah
	movb %ah, refused
	say "refused: "
	movb refused, %al
	outb %al, $0xe9
	say "\n"
	movb $2, packet + 1
	movw $0x4c00, %ax
	movw $packet, %si
	int $0x13
	say "came back\n"
	jmp quit
refused: .byte 0
packet:	.byte 0x13, 0, 0, 0 /* size, media, drive, controller */
	.long 20
	.word 0, 0, 0, 1 /* device, buffer, segment, sectors */
	.byte 0, 0, 0
#elif CASE == 53 /* off, by APM */
	movw $0x5301, %ax
	xorw %bx, %bx
	int $0x15
	jc 2f
	movw $0x530e, %ax
	movw $0x0102, %cx
	int $0x15
	jc 2f
	say "connected\n"
	movw $0x5307, %ax
	movw $1, %bx
	movw $3, %cx
	int $0x15
	movb %ah, %dl
2:	movw $50, %cx
	sti
3:	hlt
	loop 3b
	say "still here\n"
	jmp quit
#elif CASE == 1 /* restarts the machine in each way there is, counted in CMOS 60h */
	movb $0x60, %al
	outb %al, $0x70
	inb $0x71, %al
	movzbw %al, %bx
	incw %ax
	outb %al, $0x71
	testw %bx, %bx
	jz way0
	decw %bx
	jz way1
	decw %bx
	jz way2
	decw %bx
	jz way3
	decw %bx
	jz way4
	decw %bx
	jz way5
	say "all ways back\n"
	jmp quit
way0:	say "jump to FFFF:0000\n"
	ljmp $0xffff, $0
way1:	say "keyboard controller\n"
	movb $0xfe, %al
	outb %al, $0x64
	jmp stop
way2:	say "port 92h\n"
	inb $0x92, %al
	andb $0xfe, %al
	outb %al, $0x92
	orb $1, %al
	outb %al, $0x92
	jmp stop
way3:	say "port CF9h\n"
	movw $0xcf9, %dx
	movb $2, %al
	outb %al, %dx
	movb $6, %al
	outb %al, %dx
	jmp stop
way4:	say "triple fault\n"
	lidtw no_idt
	int3
way5:	say "Ctrl-Alt-Del\n"
	movb $0x1d, %bl
	calll key
	movb $0x38, %bl
	calll key
	movb $0x53, %bl
	calll key
stop:	sti
1:	hlt
	jmp 1b
no_idt:	.word 0, 0, 0
key:	inb $0x64, %al
	testb $3, %al
	jnz key
	movb $0xd2, %al
	outb %al, $0x64
1:	inb $0x64, %al
	testb $2, %al
	jnz 1b
	movb %bl, %al
	outb %al, $0x60
	sti
	retl
#endif

quit:	movw $0x501, %dx
	outb %al, %dx
1:	hlt
	jmp 1b

print:	cld
1:	lodsb
	testb %al, %al
	jz 2f
	outb %al, $0xe9
	jmp 1b
2:	retl

#ifndef ROM
	.org 510
	.word 0xaa55
#else
	.org 512
#endif
	.section .note.GNU-stack, "", @progbits
