/* SPDX-License-Identifier: MIT
 *
 * What a guest sees of real mode and of the ways in and out of protected mode. The output is the
 * same natively and under vmxassist, or a line of docs/assist-abi.md says why not.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/faults.inc"

	.equ IVT_COPY, 0x2000 /* segment-0 offset of a moved IVT */

main:
	call save_vectors
	call test_flags
	call test_int
	call test_idtr
	call test_exceptions
	call test_single_step
	call test_cr0
	call test_protected
	call test_stale
	call test_unreal
	call test_window_fault
	call test_irq
	call test_pic_base
	ret

/* IOPL and bits that real mode leaves to chance are masked */
	.equ FLAGS_SHOWN, 0x0fd5

test_flags:
	xorw %ax, %ax
	cli
	pushfw
	popw %ax
	andw $FLAGS_SHOWN, %ax
	show16 "flags: cli", %ax
	sti
	pushfw
	popw %ax
	andw $FLAGS_SHOWN, %ax
	show16 " sti", %ax
	pushw $0x0000
	popfw
	pushfw
	popw %ax
	andw $FLAGS_SHOWN, %ax
	show16 " popf0", %ax
	pushl $0x0ed5
	popfl
	pushfl
	popl %eax
	andl $FLAGS_SHOWN, %eax
	show32 " popfd", %eax
	cld
	sti
	newline
	ret

test_int:
	vector 0x60, int60
	sti
	stc
	int $0x60
	pushfw
	popw %ax
	andw $FLAGS_SHOWN, %ax
	show16 " after", %ax
	newline
	ret
int60:	pushw %bp
	movw %sp, %bp
	pushfw
	popw %ax
	andw $FLAGS_SHOWN, %ax
	show16 "int: inside", %ax
	movw 6(%bp), %ax
	andw $FLAGS_SHOWN, %ax
	show16 " pushed", %ax
	movw 4(%bp), %ax
	show16 " cs", %ax
	popw %bp
	iretw

test_idtr:
	cli
	movw $0x0000, %si
	movw $IVT_COPY, %di
	movw $512, %cx
	cld
	rep movsw
	movw $int61_moved, IVT_COPY + 0x61 * 4
	movw $0, IVT_COPY + 0x61 * 4 + 2
	vector 0x61, int61_home
	lidt idtr_moved
	int $0x61
	sti
	movw 0x46c, %ax /* hardware interrupts follow the moved table, too */
1:	cmpw 0x46c, %ax
	je 1b
	cli
	lidt idtr_home
	int $0x61
	sti
	newline
	ret
int61_moved:
	say "idtr: moved"
	iretw
int61_home:
	say " home"
	iretw
	.data
idtr_moved: .word 0x3ff
	.long IVT_COPY
idtr_home: .word 0x3ff
	.long 0
	.text

test_exceptions:
	xorw %cx, %cx
	provoke "div", divw %cx
	provoke "div8", divb %cl
	provoke "ud2", ud2
	provoke "int3", int3
	movb $0x7f, %al
	addb $1, %al
	provoke "into", into
	movw $9, %ax
	provoke "bound", boundw %ax, bounds
	provoke "lock nop", .byte 0xf0, 0x90
	provoke "sldt", sldtw %ax
	provoke "ltr", ltr %ax
	provoke "arpl", arpl %ax, %bx
	provoke "mov cs", .byte 0x8e, 0xc8
	provoke "15 bytes", .fill 15, 1, 0x66; nop
	ret
	.data
bounds:	.word 1, 5
	.text

test_single_step:
	vector 1, step_handler
	movw $0, steps
	pushfw
	popw %ax
	orw $0x100, %ax
	pushw %ax
	popfw
	nop
	incw %bx
	movl %cr0, %eax /* trapped in VM86 */
	cld
	pushfw
	popw %ax
	andw $0xfeff, %ax
	pushw %ax
	popfw
	nop
	show16 "steps", steps
	newline
	ret
step_handler:
	incw %cs:steps
	iretw
	.data
steps:	.word 0
	.text

test_cr0:
	movl %cr0, %eax
	andl $0x80000001, %eax
	show32 "cr0: pe,pg", %eax
	smsww %ax
	andw $1, %ax
	show16 " smsw pe", %ax
	movw $0x55aa, %ax
	movl %cr4, %eax
	andl $0x30, %eax
	show32 " cr4 pse,pae", %eax
	movl $0xdeadb000, %eax
	movl %eax, %cr3
	movl %cr3, %eax
	show32 " cr3", %eax
	xorl %eax, %eax
	movl %eax, %cr3
	movl %eax, %cr2
	movl %cr2, %eax
	show32 " cr2", %eax
	newline
	ret

/* 32-bit protected mode and back, the way loaders do it */
	.data
	.balign 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff /* 08 code32 flat */
	.quad 0x00cf93000000ffff /* 10 data32 flat */
	.quad 0x00009b000000ffff /* 18 code16 base 0 */
	.quad 0x000093000000ffff /* 20 data16 base 0 */
	.quad 0x000093012340ffff /* 28 data16 base 12340 */
	.quad 0x008f93000000ffff /* 30 data16, 4 GiB: unreal */
	.quad 0x00409b0000000fff /* 38 code32 limit fff */
	.quad 0x0000930000000fff /* 40 data16 limit fff */
gdtr:	.word . - gdt - 1
	.long gdt
	.balign 8
pidt:	.fill 13 * 8, 1, 0
	.word window_gp, 0x18, 0x8600, 0 /* 13: 16-bit interrupt gate */
pidtr:	.word . - pidt - 1
	.long pidt
real_sp: .word 0
	.text

test_protected:
	cli
	lgdt gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpl $0x08, $1f
	.code32
1:	movw $0x10, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	movl $0x11223344, 0x200000
	movl 0x200000, %ebx
	movl %cr0, %ecx
	andl $0x80000001, %ecx
	ljmpl $0x18, $2f
	.code16
2:	movw $0x20, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	ljmpw $0, $3f
3:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	show32 "protected: high", %ebx
	show32 " cr0", %ecx
	sti
	newline
	ret

/* segments loaded in one mode and used in the other */
test_stale:
	cli
	movl $0xcafe0001, 0x500
	pushw $0x1234
	popw %es
	movl $0x600df00d, %es:0x10 /* 12350 */
	lgdt gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	/* PE=1, everything still real-mode: work, push, pop, call, short jumps, string ops */
	movl 0x500, %ebx
	pushl %ebx
	popl %ecx
	call 1f
	jmp 2f
1:	addl %ecx, %edx
	ret
2:	movl %es:0x10, %ebp
	movw $0x500, %si
	movw $0x520, %di
	pushw %es
	movw $0x20, %ax
	movw %ax, %es
	movw $2, %cx
	rep movsw
	movw $0x28, %ax
	movw %ax, %es /* base 12340, a selector real mode never had */
	ljmpl $0x18, $3f
3:	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	/* PE=0, ES still base 12340, SS and DS never left real mode */
	movl %es:0x10, %edi
	movw %es, %ax
	pushw %es
	popw %dx
	ljmpw $0, $4f
4:	popw %es
	show32 "stale: mem", %ebx
	show32 " es in window", %ebp
	show32 " copied", 0x520
	show32 " es after", %edi
	show16 " selector", %ax
	show16 " popped", %dx
	movl %es:0x10, %eax
	show32 " es again", %eax
	xorw %ax, %ax
	movw %ax, %es
	sti
	newline
	/* LMSW sets PE and does not clear it */
	cli
	smsww %ax
	orw $1, %ax
	lmsw %ax
	smsww %bx
	andw $0xfffe, %ax
	lmsw %ax
	smsww %cx
	ljmpw $0x18, $5f
5:	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	ljmpw $0, $6f
6:	andw $1, %bx
	andw $1, %cx
	show16 "lmsw: set", %bx
	show16 " kept", %cx
	sti
	newline
	ret

test_unreal:
	cli
	lgdt gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	jmp 1f
1:	movw $0x30, %bx
	movw %bx, %ds
	movw %bx, %es
	andb $0xfe, %al
	movl %eax, %cr0
	ljmpw $0, $2f
2:	xorw %bx, %bx
	movw %bx, %ds
	movw %bx, %es
	sti
	movl $0x300000, %esi
	movl $0x12345678, (%esi)
	movl (%esi), %eax
	show32 "unreal: rw", %eax
	int $0x60 /* the limit survives INT and IRET */
	movl $0x300000, %esi /* int60 changed AX only */
	addl $1, (%esi)
	movl 0x500, %eax
	movl $0x300004, %edi
	movl $64, %ecx
	addr32 rep movsl
	show32 " rep esi", %esi
	show32 " edi", %edi
	movl -4(%edi), %eax
	show32 " last", %eax
	pushw $0x3000 /* another selector keeps the limit */
	popw %ds
	movl $0x2d0000, %eax
	movl (%eax), %eax
	pushw $0
	popw %ds
	show32 " other", %eax
	newline
	ret

/* a fault inside the window goes through the guest's own IDT */
test_window_fault:
	cli
	movw %sp, real_sp
	lgdt gdtr
	lidt pidtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpw $0x18, $1f
1:	movw $0x20, %bx
	movw %bx, %ss
	movw %bx, %ds
	movl $0x99, %edx
	movw $0x1000, %bx
	movw %bx, %es /* beyond the GDT: #GP(1000) */
2:	movw $0x20, %bx
	movw %bx, %es
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	ljmpw $0, $3f
3:	xorw %bx, %bx
	movw %bx, %ds
	movw %bx, %es
	movw %bx, %ss
	lidt idtr_home
	sti
	show32 "window fault: edx", %edx
	show16 " sp", %sp
	newline
	ret
window_gp:
	popw %dx /* error code */
	addw $0x77, %dx
	pushw %bp
	movw %sp, %bp
	movw $2b, 2(%bp)
	popw %bp
	iretw

test_irq: /* timer ticks arrive with HLT and with STI shadows */
	movw 0x46c, %bx
	movw $3, %cx
1:	sti
	hlt
	cmpw 0x46c, %bx
	je 1b
	movw 0x46c, %bx
	loop 1b
	say "irq: three ticks\n"
	ret

test_pic_base: /* IRQ 0 at vector 50, IRQ 8 at 58 */
	cli
	vector 0x50, irq50
	movw $0x5058, %bx
	call set_pic
	movw $0, irq_seen
	sti
1:	cmpw $2, irq_seen
	jb 1b
	cli
	movw $0x0870, %bx
	call set_pic
	sti
	say "pic base: two interrupts at 50\n"
	ret
set_pic: /* bh, bl: vectors of the two PICs */
	inb $0x21, %al
	movb %al, %cl
	inb $0xa1, %al
	movb %al, %ch
	movb $0x11, %al
	outb %al, $0x20
	outb %al, $0xa0
	movb %bh, %al
	outb %al, $0x21
	movb %bl, %al
	outb %al, $0xa1
	movb $4, %al
	outb %al, $0x21
	movb $2, %al
	outb %al, $0xa1
	movb $1, %al
	outb %al, $0x21
	outb %al, $0xa1
	movb %cl, %al
	outb %al, $0x21
	movb %ch, %al
	outb %al, $0xa1
	ret
irq50:	incw %cs:irq_seen
	pushw %ax
	movb $0x20, %al
	outb %al, $0x20
	popw %ax
	iretw
	.data
irq_seen: .word 0
	.text
