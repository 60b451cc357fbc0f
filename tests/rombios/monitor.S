/* SPDX-License-Identifier: MIT
 *
 * For guest programs in 16-bit C at 1000:0000: a virtual-8086 monitor as EMM386 is one, paging on
 * and four pages moved, under which the program goes on; and far calls in protected mode.
 */
#define SEG	 0x1000
#define BASE	 (SEG << 4)
#define PD	 0x50000
#define PT	 0x51000
#define TSS	 0x52000
#define IO_MAP	 0x88
#define TSS_LIMIT (IO_MAP + 0x2000)
#define IDT	 0x55000
#define STACK0	 0x57000 /* linear; ring 0 has it through a base of 0 */
#define MOVED	 0x60000 /* the pages 60000-63FFF lie at 1 MiB * 4 and down */
#define MOVED_TO 0x400000

#define CODE32 0x08
#define FLAT   0x10
#define CODE16 0x18
#define DATA   0x20
#define TASK   0x28
#define LIMIT64K 0x50

/* the frame from virtual-8086 mode */
#define F_EIP	0
#define F_CS	4
#define F_FLAGS 8
#define F_ESP	12
#define F_SS	16

	.code16
	.text
	.global monitor_enter, monitor_leave
/* void monitor_enter(void): goes on in virtual-8086 mode, IOPL 3 */
monitor_enter:
	pushal
	pushw %es
	cli
	movl %esp, saved
	movb $0x89, gdt + TASK + 5
	movw $PD >> 4, %ax
	movw %ax, %es
	movl $PT + 7, %es:0
	movw $PT >> 4, %ax
	movw %ax, %es
	xorl %edi, %edi
	movl $7, %eax
	movw $1024, %cx
1:	stosl
	addl $0x1000, %eax
	loop 1b
	movl $MOVED_TO + 0x3007, %es:(MOVED >> 12) * 4
	movl $MOVED_TO + 0x1007, %es:(MOVED >> 12) * 4 + 4
	movl $MOVED_TO + 0x2007, %es:(MOVED >> 12) * 4 + 8
	movl $MOVED_TO + 0x0007, %es:(MOVED >> 12) * 4 + 12
	movw $TSS >> 4, %ax
	movw %ax, %es
	xorl %eax, %eax
	xorl %edi, %edi
	movw $(TSS_LIMIT + 4) / 4, %cx
	rep stosl
	movl $STACK0, %es:4
	movw $FLAT, %es:8
	movw $IO_MAP, %es:0x66
	movb $0xff, %es:TSS_LIMIT
	movw $IDT >> 4, %ax
	movw %ax, %es
	xorl %edi, %edi
	movw $stubs, %ax
	movw $256, %cx
2:	movw %ax, %es:(%di)
	movw $CODE32, %es:2(%di)
	movl $0x8e00, %es:4(%di)
	addw $8, %di
	addw $stub_size, %ax
	loop 2b
	lgdtl gdtr
	lidtl idtr
	movl $PD, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $0x80000001, %eax
	movl %eax, %cr0
	ljmpl $CODE32, $3f
	.code32
3:	movl $DATA, %eax
	movl %eax, %ds
	movl saved, %edx
	movl $FLAT, %eax
	movl %eax, %ss
	movl $STACK0, %esp
	movl $TASK, %eax
	ltr %ax
	pushl $0 /* GS, FS */
	pushl $0
	pushl $SEG /* DS, ES, SS */
	pushl $SEG
	pushl $SEG
	pushl %edx
	pushl $0x23002 /* VM, IOPL 3 */
	pushl $SEG
	pushl $4f
	iretl
	.code16
4:	popw %es
	popal
	sti
	retl

/* void monitor_leave(void): back in real mode */
monitor_leave:
	pushal
	pushw %es
	cli
	movl %esp, saved
	ud2

	.code32
leave:	ljmpl $CODE16, $1f
	.code16
1:	movw $DATA, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	movw %ax, %ss
	movl saved, %esp
	call real_mode
	movw %cs, %ax
	movw %ax, %ds
	movw %ax, %ss
	movl saved, %esp
	popw %es
	popal
	sti
	retl

/* from 16-bit code in protected mode; BX is the way back */
real_mode:
	popw %bx
	/* limits of 64 KiB again, as real mode has them */
	movw $LIMIT64K, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	movw %ax, %ss
	movl %cr0, %eax
	andl $0x7ffffffe, %eax
	movl %eax, %cr0
	ljmpw $SEG, $1f
1:	xorl %eax, %eax
	movl %eax, %cr3
	lidtl %cs:real_idtr
	jmp *%bx

	.code32
	.macro interrupt_stub n
	.byte 0x6a, \n
	.byte 0xe9
	.long trap - . - 4
	.endm
stubs:	.set n, 0
	.rept 256
	interrupt_stub n
	.set n, n + 1
	.endr
	.equ stub_size, 7

trap:	pushal
	movl $DATA, %eax
	movl %eax, %ds
	movl $FLAT, %eax
	movl %eax, %fs
	movzbl 32(%esp), %eax
	leal 36(%esp), %ebp
	cmpl $STACK0 - 36, %ebp
	je plain
	addl $4, %ebp
	cmpl $STACK0 - 36, %ebp
	jne stop
	cmpb $13, %al
	jne stop
	movl F_CS(%ebp), %ebx
	shll $4, %ebx
	addl F_EIP(%ebp), %ebx
	cmpb $0xf4, %fs:(%ebx)
	je 1f
	cmpb $0xcd, %fs:(%ebx)
	jne stop
	movzbl %fs:1(%ebx), %eax
	addw $2, F_EIP(%ebp)
	jmp reflect
1:	incw F_EIP(%ebp)
	jmp resume
plain:	cmpb $6, %al
	je leave
reflect: /* eax: vector */
	movzwl F_SS(%ebp), %ebx
	shll $4, %ebx
	subw $6, F_ESP(%ebp)
	movzwl F_ESP(%ebp), %ecx
	addl %ecx, %ebx
	movw F_EIP(%ebp), %dx
	movw %dx, %fs:(%ebx)
	movw F_CS(%ebp), %dx
	movw %dx, %fs:2(%ebx)
	movw F_FLAGS(%ebp), %dx
	movw %dx, %fs:4(%ebx)
	andw $~0x300, F_FLAGS(%ebp)
	movzwl %fs:(, %eax, 4), %edx
	movl %edx, F_EIP(%ebp)
	movzwl %fs:2(, %eax, 4), %edx
	movl %edx, F_CS(%ebp)
resume:	movl %ebp, frame
	popal
	movl frame, %esp
	iretl

stop:	movl $message, %esi
1:	lodsb
	testb %al, %al
	jz 2f
	outb %al, $0xe9
	jmp 1b
2:	movb F_EIP + 1(%ebp), %al
	calll hex
	movb F_EIP(%ebp), %al
	calll hex
	movb $0x0a, %al
	outb %al, $0xe9
3:	jmp 3b
hex:	movb %al, %ah
	shrb $4, %al
	calll 1f
	movb %ah, %al
1:	andb $15, %al
	addb $'0', %al
	cmpb $'9' + 1, %al
	jb 2f
	addb $'a' - '9' - 1, %al
2:	outb %al, $0xe9
	ret
message: .asciz "Bail out! the monitor has an exception that it does not know, at "

	.code16
/* void protected_call(struct r *r, uint32_t entry, uint16_t selector): a far call in 32-bit
 * protected mode, by a 16-bit frame where selector has bit 15 set. ES is the program's data, based
 * at 10000h; DS, too. */
	.global protected_call
protected_call:
	pushal
	pushw %es
	cli
	movl %eax, saved_r
	movl %edx, target
	movb %ch, narrow
	andb $0x7f, %ch
	movw %cx, target + 4
	movw %cx, target16 + 2
	movw %dx, target16
	movl %esp, saved
	lgdtl gdtr
	lidtl no_idtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpl $CODE32, $1f
	.code32
1:	movl $DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl saved, %esp
	movl saved_r, %ebp
	movl 0(%ebp), %eax
	movl 4(%ebp), %ebx
	movl 8(%ebp), %ecx
	movl 12(%ebp), %edx
	movl 16(%ebp), %esi
	movl 20(%ebp), %edi
	cmpb $0x80, narrow
	jae 2f
	lcall *target
	jmp 3f
2:	lcallw *target16
3:	pushfl
	pushl %ebp
	movl saved_r, %ebp
	movl %eax, 0(%ebp)
	movl %ebx, 4(%ebp)
	movl %ecx, 8(%ebp)
	movl %edx, 12(%ebp)
	movl %esi, 16(%ebp)
	movl %edi, 20(%ebp)
	popl %eax
	movl %eax, 24(%ebp)
	popl %eax
	movw %ax, 36(%ebp)
	movw %ds, 28(%ebp)
	movl %esp, came_pm_esp
	ljmpl $CODE16, $4f
	.code16
4:	call real_mode
	movw %cs, %ax
	movw %ax, %ds
	movw %ax, %ss
	movl saved, %esp
	subl %esp, came_pm_esp /* 0 if the stack came back right */
	popw %es
	popal
	sti
	retl

/* uint8_t high_memory(uint8_t look): 100000-1FFFFF and 404000-4FFFFF filled with a pattern, or
 * looked at: 0 if it is all there */
	.global high_memory
high_memory:
	pushal
	pushw %es
	cli
	movb %al, %dl
	movl %esp, saved
	lgdtl gdtr
	lidtl no_idtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpl $CODE32, $1f
	.code32
1:	movl $FLAT, %eax
	movl %eax, %es
	movl $DATA, %eax
	movl %eax, %ds
	movl %eax, %ss
	cld
	movl $0x3c96f00f, %eax
	xorl %ebx, %ebx
	movl $0x100000, %edi
	movl $0x100000 / 4, %ecx
	call 4f
	movl $0x404000, %edi
	movl $(0x500000 - 0x404000) / 4, %ecx
	call 4f
	movl %ebx, saved_r
	ljmpl $CODE16, $6f
4:	testb %dl, %dl
	jnz 5f
	rep stosl
	ret
5:	cmpl %eax, %eax
	repe scasl
	je 7f
	incl %ebx
7:	ret
	.code16
6:	call real_mode
	movw %cs, %ax
	movw %ax, %ds
	movw %ax, %ss
	movl saved, %esp
	popw %es
	popal
	movl saved_r, %eax
	sti
	retl

/* uint32_t switch_by_bios(uint8_t ah): INT 15h/89h with vectors 50h and 58h; 0 where all of it is as
 * documented, or what is wrong. Back in real mode with the 8259As as they were. */
	.global switch_by_bios
switch_by_bios:
	pushal
	pushw %es
	movl $0x100, saved_r
	inb $0x21, %al
	movb %al, masks
	inb $0xa1, %al
	movb %al, masks + 1
	movw $bios_gdt, %si
	movb $0x89, %ah
	movw $0x5058, %bx
	movw $0x1234, %di
	movl %esp, saved
	cli
	int $0x15
	jnc 1f
	movzbl %ah, %eax
	orl $0x200, %eax
	movl %eax, saved_r
	jmp 9f
1:	/* protected mode: CS = 30h, DS = 18h, ES = 20h, SS = 28h */
	movb %ah, %cl
	movw %cs, %ax
	cmpw $0x30, %ax
	jne 2f
	movw %ds, %ax
	cmpw $0x18, %ax
	jne 2f
	movw %es, %ax
	cmpw $0x20, %ax
	jne 2f
	movw %ss, %ax
	cmpw $0x28, %ax
	jne 2f
	cmpl saved, %esp
	jne 2f
	cmpw $0x1234, %di
	jne 2f
	testb %cl, %cl
	jnz 2f
	smsww %ax
	testb $1, %al
	jz 2f
	inb $0x21, %al
	cmpb $0xff, %al
	jne 2f
	sidtl came_idtr
	cmpw $0x287, came_idtr
	jne 2f
	pushfw
	popw %ax
	testb $2, %ah /* IF */
	jnz 2f
	movb $0xfe, %al /* the timer comes as vector 50h */
	outb %al, $0x21
	sti
	hlt
	cli
	cmpb $1, timer_came
	jne 2f
	movl $0, saved_r
2:	movl saved_r, %eax
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	ljmpw $SEG, $3f
3:	movw %cs, %ax
	movw %ax, %ds
	movw %ax, %ss
	lidtl real_idtr
	movb $0x11, %al
	outb %al, $0x20
	outb %al, $0xa0
	movb $0x08, %al
	outb %al, $0x21
	movb $0x70, %al
	outb %al, $0xa1
	movb $0x04, %al
	outb %al, $0x21
	movb $0x02, %al
	outb %al, $0xa1
	movb $0x01, %al
	outb %al, $0x21
	outb %al, $0xa1
	movb masks, %al
	outb %al, $0x21
	movb masks + 1, %al
	outb %al, $0xa1
9:	popw %es
	popal
	movl saved_r, %eax
	sti
	retl

timer:	incb timer_came
	pushw %ax
	movb $0x20, %al
	outb %al, $0x20
	popw %ax
	iretw

	.data
	.balign 8
gdt:	.quad 0
	.quad 0x00cf9b010000ffff /* 08 CODE32 */
	.quad 0x00cf93000000ffff /* 10 FLAT */
	.quad 0x00009b010000ffff /* 18 CODE16 */
	.quad 0x00cf93010000ffff /* 20 DATA */
	.word TSS_LIMIT, TSS & 0xffff, 0x8900 | TSS >> 16, 0 /* 28 TASK */
	.quad 0x00409b0f0000ffff /* 30 APM: 32-bit code, 16-bit code, data */
	.quad 0x00009b0f0000ffff /* 38 */
	.quad 0x0000930e0000ffff /* 40 */
	.quad 0x00cf9b000000ffff /* 48 flat 32-bit code */
	.quad 0x000093010000ffff /* 50 LIMIT64K */
	.quad 0x00009b0f0000ffff /* 58 APM: 16-bit code, data */
	.quad 0x0000930e0000ffff /* 60 */
gdt_end:

gdtr:	.word gdt_end - gdt - 1
	.long BASE + gdt
idtr:	.word 0x7ff
	.long IDT
no_idtr: .word 0, 0, 0
real_idtr: .word 0x3ff, 0, 0
	/* INT 15h/89h: its own, IDT, DS, ES, SS, CS, the BIOS' */
	.balign 8
bios_gdt:
	.quad 0
	.word 0x3f, bios_gdt, 0x9301, 0
	.word 0x287, bios_idt, 0x9301, 0
	.quad 0x000093010000ffff
	.quad 0x000093010000ffff
	.quad 0x000093010000ffff
	.quad 0x00009b010000ffff
	.quad 0
bios_idt: .fill 0x50, 8, 0
	.word timer, 0x30, 0x8600, 0
timer_came: .byte 0
came_idtr: .word 0, 0, 0
saved:	.long 0
saved_r: .long 0
frame:	.long 0
	.global came_pm_esp
came_pm_esp: .long 0
target:	.long 0
	.word 0
target16: .word 0, 0
narrow:	.byte 0
masks:	.byte 0, 0
	.section .note.GNU-stack, "", @progbits
