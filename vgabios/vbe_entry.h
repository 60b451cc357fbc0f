/* SPDX-License-Identifier: MIT
 *
 * Assembly that dispi_entry.S and cirrus_entry.S share: the frame of function 4F05h, and of the
 * protected-mode interface (VBE 3.0, 4.13), whose code runs wherever a program has copied it.
 */
BDA_MODE = 0x449
BDA_LAST_BANK = 0x4bc
MODE_EXTENDED = 0x14

OK = 0x004f
FAILED = 0x014f
BAD_MODE = 0x034f

/* 4F05h: BX = 0 sets window A to 64 KiB number DX, BX = 0100h asks; AX is the status. The card's
 * code has DS = 0, goes on at window_set with DX checked or at window_get, and ends at window_ok;
 * AX is its own. */
.macro window_begin
	.globl	set_window
set_window:
	pushw	%ds
	pushw	$0
	popw	%ds
	cmpb	$MODE_EXTENDED, BDA_MODE
	jb	window_bad_mode
	cmpw	$0x0100, %bx
	je	window_get
	ja	window_failed
	testw	%bx, %bx
	jnz	window_failed
	cmpw	BDA_LAST_BANK, %dx
	ja	window_failed
.endm

.macro window_end
window_ok:
	movw	$OK, %ax
	popw	%ds
	retw
window_failed:
	movw	$FAILED, %ax
	popw	%ds
	retw
window_bad_mode:
	movw	$BAD_MODE, %ax
	popw	%ds
	retw
.endm

/* The interface's table: offsets of palette_32 below, of the ports and of the card's
 * window_32: function 5; BX = 0, DX = the 64 KiB
 * start_32: function 7; DX:CX = offset of the picture's start in units of 4 bytes, which in a mode of 4 bits are 8
 * pixels */
.macro table_32
	.section .rom, "a"
	.code32
	.globl	vbe_32, vbe_32_end
vbe_32:
	.word	window_32 - vbe_32, start_32 - vbe_32, palette_32 - vbe_32, ports_32 - vbe_32
.endm

/* What the three begin and end with. BL other than 0 and 80h fails; 80h waits for the retrace. */
.macro begin_32
	pushal
	testb	$0x7f, %bl
	jnz	failed_32
	testb	%bl, %bl
	jz	1f
	call	retrace_32
1:
.endm

/* Function 9: CX entries of 4 bytes at ES:EDI, from number DX on; then what the functions share. */
.macro common_32
palette_32:
	begin_32
	movzwl	%cx, %ecx
	movl	%edx, %eax
	movw	$0x3c8, %dx
	outb	%al, %dx
	incl	%edx
	jecxz	ok_32
2:	movl	%es:(%edi), %eax
	addl	$4, %edi
	rorl	$16, %eax		/* red, green, blue */
	outb	%al, %dx
	roll	$8, %eax
	outb	%al, %dx
	roll	$8, %eax
	outb	%al, %dx
	loop	2b
ok_32:	popal
	movw	$OK, %ax
	ret
failed_32:
	popal
	movw	$FAILED, %ax
	ret

retrace_32:
	pushl	%ecx
	pushl	%edx
	movw	$0x3da, %dx
	movl	$0x20000, %ecx		/* a picture that is off has none */
3:	inb	%dx, %al
	testb	$8, %al
	loopnz	3b
4:	inb	%dx, %al
	testb	$8, %al
	loopz	4b
	popl	%edx
	popl	%ecx
	ret
.endm
