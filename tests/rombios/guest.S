/* SPDX-License-Identifier: MIT
 *
 * The frame of a guest program in 16-bit C: a boot sector that loads what follows it to 1000:0000
 * and starts it there (CS = DS = ES = SS), and a way to call an interrupt with every register
 * known, on a small stack whose use is seen.
 */
#define SEG 0x1000

	.code16
	.section .boot, "ax"
	.global boot_dl
boot_start:
	cli
	movw %sp, %cs:boot_sp + 0x7c00
	movb %dl, %cs:boot_dl + 0x7c00
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %ss
	movw $0x7c00, %sp
	sti
	cld
	/* sector by sector, 18 a track, two heads */
	movw $SEG, %ax
	movw %ax, %es
	movw $1, %si
1:	movw %si, %ax
	xorw %dx, %dx
	movw $18, %cx
	divw %cx
	incw %dx
	movb %dl, %cl
	movb %al, %dh
	andb $1, %dh
	shrw %ax
	movb %al, %ch
	movb 0x7c00 + boot_dl, %dl
	xorw %bx, %bx
	movw $0x0201, %ax
	int $0x13
	jc 2f
	movw %es, %ax
	addw $0x20, %ax
	movw %ax, %es
	incw %si
	cmpw $guest_sectors + 1, %si
	jb 1b
	movb 0x7c00 + boot_dl, %dl
	movw 0x7c00 + boot_sp, %bx
	ljmp $SEG, $start
2:	movw $message, %si
	addw $0x7c00, %si
3:	lodsb
	testb %al, %al
	jz 4f
	outb %al, $0xe9
	jmp 3b
4:	cli
	hlt
message: .asciz "Bail out! the boot sector cannot read the floppy\n"
boot_dl: .byte 0
boot_sp: .word 0
	.org 510
	.word 0xaa55

	.text
	.global start
start:
	cli
	movw %cs, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $0xfff0, %esp
	movb %dl, started_dl
	movw %bx, started_sp
	sti
	cld
	calll guest_main
	.global finish
finish: /* the emulator ends: QEMU's isa-debug-exit, Bochs' port 8900h */
	movw $0x501, %dx
	xorw %ax, %ax
	outb %al, %dx
	movw $0x8900, %dx
	movw $shutdown, %si
	movw $8, %cx
	rep outsb
1:	hlt
	jmp 1b
shutdown: .ascii "Shutdown"

/* void int_call(struct r *r, uint8_t n): eax, edx. struct r of guest.h; leaves what came back in
 * *r. The interrupt finds small_stack_size bytes of stack. */
	.global int_call
int_call:
	pushal
	movb %dl, 1f + 1
	movl %eax, %ebp
	movl %esp, saved_esp
	movl %eax, saved_r
	cli
	movl $small_top, %esp
	jmp 5f /* the instruction is written anew: SDM vol. 3, 8.1.3 */
5:	pushw 36(%ebp)
	movl 0(%ebp), %eax
	movl 4(%ebp), %ebx
	movl 8(%ebp), %ecx
	movl 12(%ebp), %edx
	movl 16(%ebp), %esi
	movl 20(%ebp), %edi
	movw 30(%ebp), %es
	movw 32(%ebp), %fs
	movw 34(%ebp), %gs
	movw 28(%ebp), %ds
	movl 24(%ebp), %ebp
	popfw
1:	int $0
	pushfw
	cli
	cld
	movw %ds, %cs:came_ds
	pushw %cs
	popw %ds
	movl %ebp, came_ebp
	movl saved_r, %ebp
	movl %eax, 0(%ebp)
	movl %ebx, 4(%ebp)
	movl %ecx, 8(%ebp)
	movl %edx, 12(%ebp)
	movl %esi, 16(%ebp)
	movl %edi, 20(%ebp)
	movl came_ebp, %eax
	movl %eax, 24(%ebp)
	movw came_ds, %ax
	movw %ax, 28(%ebp)
	movw %es, 30(%ebp)
	movw %fs, 32(%ebp)
	movw %gs, 34(%ebp)
	popw 36(%ebp)
	movl %esp, came_esp
	movl saved_esp, %esp
	movw %cs, %ax
	movw %ax, %es
	movw %ax, %ss
	sti
	popal
	retl

/* Hooks: count, and keep the registers that matter. far pointers to these go into the IVT. */
	.macro hook n
	.global hook_\n, hook_\n\()_count
hook_\n:
	incw %cs:hook_\n\()_count
	iretw
hook_\n\()_count: .word 0
	.endm
	hook 05
	hook 0a
	hook 1b
	hook 1c
	hook 4a

/* INT 15h: notes AX of 4F, 85h, 90h, 91h, then goes on to the old one; 4Fh turns scan code 10h to
 * 11h and swallows 12h */
	.global hook_15, hook_15_old, hook_15_4f, hook_15_85, hook_15_90, hook_15_91
hook_15:
	cmpb $0x4f, %ah
	je 1f
	cmpb $0x85, %ah
	je 3f
	cmpb $0x90, %ah
	je 4f
	cmpb $0x91, %ah
	je 5f
9:	ljmpw *%cs:hook_15_old
1:	movw %ax, %cs:hook_15_4f
	cmpb $0x10, %al
	jne 2f
	movb $0x11, %al
2:	cmpb $0x12, %al
	jne 9b
	pushw %bp
	movw %sp, %bp
	andb $0xfe, 6(%bp)
	popw %bp
	iretw
3:	movw %ax, %cs:hook_15_85
	jmp 9b
4:	movw %ax, %cs:hook_15_90
	jmp 9b
5:	movw %ax, %cs:hook_15_91
	jmp 9b
hook_15_old: .long 0
hook_15_4f: .word 0
hook_15_85: .word 0
hook_15_90: .word 0
hook_15_91: .word 0

/* 1Ch: on a stack of its own calls INT 16h/01h and 1Ah/00h, and feeds a scan code when asked */
	.global hook_nest, hook_nest_count, hook_nest_key, hook_nest_delay
hook_nest:
	pushl %eax
	pushw %dx
	pushw %cx
	movw %ss, %cs:nest_ss
	movl %esp, %cs:nest_esp
	movw %cs, %ax
	movw %ax, %ss
	movl $nest_top, %esp
	movb $0x01, %ah
	int $0x16
	movb $0x00, %ah
	int $0x1a
	cmpb $0, %cs:hook_nest_key
	je 1f
	decb %cs:hook_nest_delay
	jnz 1f
	movb $0xd2, %al
	outb %al, $0x64
2:	inb $0x64, %al
	testb $2, %al
	jnz 2b
	xorb %al, %al
	xchgb %al, %cs:hook_nest_key
	outb %al, $0x60
1:	movw %cs:nest_ss, %ss
	movl %cs:nest_esp, %esp
	incw %cs:hook_nest_count
	popw %cx
	popw %dx
	popl %eax
	iretw
hook_nest_count: .word 0
hook_nest_key: .byte 0
hook_nest_delay: .byte 0

/* 02h: INT 75h from inside, until no stack of the BIOS is left; then a service */
	.global hook_deep, hook_deep_count, hook_deep_ah, hook_deep_cf
hook_deep:
	pushw %ax
	pushw %dx
	pushw %cx
	incw %cs:hook_deep_count
	cmpw $40, %cs:hook_deep_count
	jae 1f
	movw %cs:hook_deep_count, %ax
	int $0x75
	cmpw %ax, %cs:hook_deep_count
	jne 1f /* it came deeper */
	movb $0x88, %ah
	clc
	int $0x15
	movb %ah, %cs:hook_deep_ah
	setc %cs:hook_deep_cf
1:	popw %cx
	popw %dx
	popw %ax
	iretw
hook_deep_count: .word 0
hook_deep_ah: .byte 0
hook_deep_cf: .byte 0

/* a mouse handler: keeps status, X, Y */
	.global hook_mouse, mouse_status, mouse_x, mouse_y, mouse_calls
hook_mouse:
	pushw %bp
	movw %sp, %bp
	pushw %ax
	movw 12(%bp), %ax
	movw %ax, %cs:mouse_status
	movw 10(%bp), %ax
	movw %ax, %cs:mouse_x
	movw 8(%bp), %ax
	movw %ax, %cs:mouse_y
	incw %cs:mouse_calls
	popw %ax
	popw %bp
	lretw
mouse_status: .word 0
mouse_x: .word 0
mouse_y: .word 0
mouse_calls: .word 0

/* uint8_t through_reset(uint8_t code): the processor starts at F000:FFF0 with CMOS 0Fh = code and
 * [40:67] such that it comes back; returns 1 when it does */
	.global through_reset
through_reset:
	pushal
	movl %esp, saved_esp
	movb %al, %bl
	movb $0x8f, %al
	outb %al, $0x70
	movb %bl, %al
	outb %al, $0x71
	pushw $0x40
	popw %gs
	cmpb $0x09, %bl
	jae 2f
1:	movw $7f, %gs:0x67
	movw %cs, %gs:0x69
	ljmp $0xf000, $0xfff0
2:	cmpb $0x0a, %bl
	je 1b
	cmpb $0x0c, %bl
	je 3f
	pushfw
3:	pushw %cs
	pushw $7f
	cmpb $0x09, %bl
	jne 4f
	pushaw
	pushw %es
	pushw %ds
4:	movw %sp, %gs:0x67
	movw %ss, %gs:0x69
	ljmp $0xf000, $0xfff0
7:	cli
	movw %cs, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl saved_esp, %esp
	cld
	sti
	popal
	movl $1, %eax
	retl

	.bss
	.balign 4
saved_esp: .long 0
saved_r: .long 0
came_ebp: .long 0
	.global came_esp, small_bottom, small_top
came_esp: .long 0
came_ds: .word 0
	.global started_dl, started_sp
started_dl: .byte 0
	.balign 2
started_sp: .word 0
nest_ss: .word 0
nest_esp: .long 0
	.space 128
nest_top:
	.balign 4
small_bottom: .space 512
small_top:
	.section .note.GNU-stack, "", @progbits
