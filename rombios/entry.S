/* SPDX-License-Identifier: MIT
 *
 * Every way into rombios: the reset vector, interrupt stubs and tables at the addresses that IBM's
 * BIOS made fixed (PC/AT Technical Reference, BIOS listing), and the way out to other handlers.
 */
#define BIOS_SEG 0xe000
#define BDA_SEG  0x0040

/* A chunk is the stack of one service in flight. At its top lies what belongs to the caller, the
 * end of struct regs first; free chunks are a list, since a multitasker may finish services in
 * any order. post.c makes the list. */
#define C_DS	  0
#define C_IP	  2
#define C_FLAGS	  6
#define C_STACK	  8  /* ESP, SS: for LSS */
#define C_HANDLER 16 /* the C function */
#define C_SCRATCH 20
#define C_NEXT	  24
/* offsets in struct regs, rombios.h */
#define REGS_GS	  0
#define REGS_FS	  2
#define REGS_ES	  4
#define REGS_EDI  6
#define REGS_DS	  38

/* BDA, bda.h */
#define BDA_KBD_HEAD	  0x1a
#define BDA_KBD_TAIL	  0x1c
#define BDA_MOTOR	  0x3f
#define BDA_MOTOR_COUNTER 0x40
#define BDA_TICKS	  0x6c
#define BDA_MIDNIGHT	  0x70
#define TICKS_PER_DAY	  0x1800b0
#define CF		  0x01
#define ZF		  0x40

	.code16
	.section .text.entry, "ax"

/* Every chunk is taken: a hardware interrupt is ended and lost, a service refused with AH=86h, CF
 * as one that is not there. */
no_stack:
	movw REGS_ES - REGS_DS(%ecx), %es
	movw REGS_FS - REGS_DS(%ecx), %fs
	movw REGS_GS - REGS_DS(%ecx), %gs
	popl %ecx
	popw %ds
	pushaw
	movw %sp, %bp /* AX at 14, function at 16, FLAGS at 24 */
	movw $hardware, %si
1:	lodsw %cs:(%si), %ax
	testw %ax, %ax
	jz 2f
	cmpw %ax, 16(%bp)
	jne 1b
	movb $0x20, %al
	cmpw $hardware_slave + 2, %si
	jb 3f
	outb %al, $0xa0
3:	outb %al, $0x20
	jmp 4f
2:	orb $1, 24(%bp)
	movb $0x86, 15(%bp)
4:	popaw
	addw $4, %sp
	iretw

hardware:
	.word handle_09, handle_0e, handle_spurious_master
hardware_slave:
	.word handle_70, handle_74, handle_75, handle_76, handle_spurious_slave, 0

/*
 * The common path of the stubs. On the caller's stack: the C function (32 bits), IP, CS, FLAGS;
 * 20 bytes of that stack are used, the interrupt's own 6 among them. Every service in flight has
 * a stack of its own, also one that is called from inside another.
 */
stub_common:
	pushw %ds
	pushl %ecx
	pushw $BIOS_SEG
	popw %ds
	cli /* the entry points may be called with PUSHF, CALL FAR */
	movl stack_free, %ecx
	/* early: where real mode is VM86, a caller just out of protected mode has stale segments, and
	 * until they are loaded all but straight code is interpreted */
	movw %es, REGS_ES - REGS_DS(%ecx)
	movw %fs, REGS_FS - REGS_DS(%ecx)
	movw %gs, REGS_GS - REGS_DS(%ecx)
	pushw %ds
	popw %es
	pushw $BDA_SEG
	popw %fs
	pushw %ds
	popw %gs
	cmpl $no_chunk, %ecx
	je no_stack
	pushl C_NEXT(%ecx)
	popl stack_free
	popl C_SCRATCH(%ecx)
	popw C_DS(%ecx)
	popl C_HANDLER(%ecx)
	popl C_IP(%ecx)
	popw C_FLAGS(%ecx)
	movl %esp, C_STACK(%ecx)
	movw %ss, C_STACK + 4(%ecx)
	pushw %ds
	popw %ss
	movl %ecx, %esp
	xchgl %ecx, C_SCRATCH(%ecx)
	pushal
	subw $REGS_EDI, %sp
	cld
	movl %esp, %eax
	calll *REGS_DS + C_HANDLER(%esp)
	cli
	popw %gs
	popw %fs
	popw %es
	popal
	movl %ecx, C_SCRATCH(%esp)
	movl %esp, %ecx
	lssl C_STACK(%ecx), %esp
	pushw C_FLAGS(%ecx)
	pushl C_IP(%ecx)
	pushw C_DS(%ecx)
	pushl C_SCRATCH(%ecx)
	pushl stack_free
	popl C_NEXT(%ecx)
	movl %ecx, stack_free
	popl %ecx
	popw %ds
	iretw

/* a stub at a place of the linker's choice */
	.macro stub name, handler
	.global \name
\name:	pushl $\handler
	jmp stub_common
	.endm

	stub int_70, handle_70
	stub int_74, handle_74
	stub int_75, handle_75
	stub int_76, handle_76
	stub irq_master, handle_spurious_master
	stub irq_slave, handle_spurious_slave
	stub int_05_service, handle_05
	stub int_09_service, handle_09
	stub int_0e_service, handle_0e
	stub int_13_service, handle_13
	stub int_14_service, handle_14
	stub int_15_service, handle_15
	stub int_16_slow, handle_16
	stub int_17_service, handle_17
	stub int_1a_slow, handle_1a
	stub int_40_service, handle_40

/*
 * What is called all the time goes on the caller's stack.
 */

/* IRQ 0. INT 1Ch may change AX and DX, and finds DS = 0040h (PS/2 and PC BIOS Interface Technical
 * Reference, INT 08h). */
int_08_service:
	pushw %ds
	pushl %eax
	pushl %edx
	pushw $BDA_SEG
	popw %ds
	incl BDA_TICKS
	cmpl $TICKS_PER_DAY, BDA_TICKS
	jae 3f
1:	cmpb $0, BDA_MOTOR_COUNTER
	jne 4f
2:	int $0x1c
	cli
	movb $0x20, %al
	outb %al, $0x20
	popl %edx
	popl %eax
	popw %ds
	iretw
3:	movl $0, BDA_TICKS
	incb BDA_MIDNIGHT
	jmp 1b
4:	decb BDA_MOTOR_COUNTER
	jnz 2b
	andb $0xf0, BDA_MOTOR
	movw $0x3f2, %dx
	movb $0x0c, %al
	outb %al, %dx
	jmp 2b

/* Before the first conditional jump: a loader that came from protected mode has left FS and GS stale, and code
 * runs in virtual-8086 mode only once they are what their selectors say. */
.macro plain_segments
	pushw %fs
	popw %fs
	pushw %gs
	popw %gs
.endm

/* 01h and 11h: no key, or one that both report as it is; handle_16 has the rest */
int_16_service:
	plain_segments
	pushw %bp
	movw %sp, %bp /* FLAGS at 6 */
	pushw %ax
	andb $0xef, %ah
	cmpb $0x01, %ah
	jne 9f
	pushw %ds
	pushw %bx
	pushw $BDA_SEG
	popw %ds
	movw BDA_KBD_HEAD, %bx
	cmpw BDA_KBD_TAIL, %bx
	je 1f
	movw (%bx), %bx
	cmpb $0xe0, %bl
	jae 8f
	cmpb $0x84, %bh
	ja 8f
	movw %bx, -2(%bp)
	andb $~ZF, 6(%bp)
	jmp 2f
1:	orb $ZF, 6(%bp)
2:	popw %bx
	popw %ds
	popw %ax
	popw %bp
	iretw
8:	popw %bx
	popw %ds
9:	popw %ax
	popw %bp
	jmp int_16_slow

/* 00h: the ticks */
int_1a_service:
	plain_segments
	testb %ah, %ah
	jnz int_1a_slow
	pushw %bp
	movw %sp, %bp
	pushw %ds
	pushw $BDA_SEG
	popw %ds
	pushl BDA_TICKS
	popw %dx
	popw %cx
	movb %ah, %al
	xchgb %al, BDA_MIDNIGHT
	andb $~CF, 6(%bp)
	popw %ds
	popw %bp
	iretw

/* INT 15h/89h, behind handle_1589, still in real mode: ES:SI the caller's descriptors, BP where it
 * goes on, by them. */
	.global protected_exit
protected_exit:
	lgdtw %es:0x08(%si)
	lidtw %es:0x10(%si)
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpw $0x38, $1f
1:	movw $0x18, %ax
	movw %ax, %ds
	movb $0x20, %al
	movw %ax, %es
	movb $0x28, %al
	movw %ax, %ss
	xorl %eax, %eax
	pushw $0x30
	pushw %bp
	lretw

	stub int_10_console, handle_10_console
	stub console_poll, handle_console_poll

/* With the serial console INT 08h and 16h come here first: bytes that arrived become keys. */
	.global int_08_console, int_16_console
int_08_console:
	pushfw
	lcallw $0xf000, $0xfea5
	pushw %ax
	pushw %dx
	movw $0x3fd, %dx
	inb %dx, %al
	testb $1, %al
	jz 1f
	pushfw
	pushw %cs
	call console_poll
1:	popw %dx
	popw %ax
	iretw
int_16_console:
	pushfw
	pushw %cs
	call console_poll
	jmp 0xe82e

/* IRQ 9 goes on where IRQ 2 went before there was a second 8259A */
	.global int_71
int_71:	pushw %ax
	movb $0x20, %al
	outb %al, $0xa0
	popw %ax
	int $0x0a
	iretw

/* void call_interrupt(uint8_t n, struct regs *r): eax, edx. The vector's handler returns by IRET
 * to 1f; SS stays ours, so the registers come back on this stack.
 * void call_handler(uint32_t target, struct regs *r): a handler that is not in the vector table */
	.global call_interrupt, stc_interrupt, call_handler
call_handler:
	clc
	jmp 3f
stc_interrupt:
	stc
	jmp 2f
call_interrupt:
	clc
2:	pushw %gs /* CF stays */
	movw $0, %cx
	movw %cx, %gs
	movzbl %al, %eax
	movl %gs:(, %eax, 4), %eax
	popw %gs
3:	pushfw /* CF as the handler shall find it, in the image that IRET loads too */
	popw %cx
	pushl %ebx
	pushl %esi
	pushl %edi
	pushl %ebp
	pushw %gs
	pushl %edx
	pushw %cx
	pushw %cs
	pushw $1f
	pushl %eax
call_with_registers: /* stack: far target, and what it returns to; edx: struct regs */
	movl %edx, %ebp
	movw 0(%ebp), %gs
	movw 2(%ebp), %fs
	movw 4(%ebp), %es
	movl 6(%ebp), %edi
	movl 10(%ebp), %esi
	movl 22(%ebp), %ebx
	movl 26(%ebp), %edx
	movl 30(%ebp), %ecx
	movl 34(%ebp), %eax
	movw 38(%ebp), %ds
	movl 14(%ebp), %ebp
	cli
	lretw
1:	cld
	pushfw
	pushw %ds
	pushal
	pushw %es
	pushw %fs
	pushw %gs
	movw %ss, %ax
	movw %ax, %ds
	movw %ax, %es
	movw $BDA_SEG, %ax
	movw %ax, %fs
	movl 42(%esp), %edi
	movl %esp, %esi
	movw $20, %cx
	rep movsw
	movw (%esi), %ax
	movw %ax, 4(%edi)
	addl $42, %esp
	popl %edx
	popw %gs
	popl %ebp
	popl %edi
	popl %esi
	popl %ebx
	retl

/* void call_far(uint32_t target, struct regs *r): the same for a routine that returns by RETF */
	.global call_far
call_far:
	pushl %ebx
	pushl %esi
	pushl %edi
	pushl %ebp
	pushw %gs
	pushl %edx
	pushw %cs
	pushw $1b
	pushl %eax
	jmp call_with_registers

/* void call_mouse(uint32_t handler, const uint8_t packet[]): the handler of INT 15h/C207h finds the
 * words status, X, Y, 0 on the stack and returns by RETF */
	.global call_mouse
call_mouse:
	pushl %ebx
	pushl %esi
	pushl %edi
	pushl %ebp
	movzbw (%edx), %cx
	pushw %cx
	movzbw 1(%edx), %cx
	pushw %cx
	movzbw 2(%edx), %cx
	pushw %cx
	pushw $0
	pushw %cs
	pushw $1f
	pushl %eax
	lretw
1:	cli
	cld
	movw %ss, %ax
	movw %ax, %ds
	movw %ax, %es
	movw $BDA_SEG, %ax
	movw %ax, %fs
	addw $8, %sp
	popl %ebp
	popl %edi
	popl %esi
	popl %ebx
	retl

/* void jump_far(uint32_t target, uint8_t dl): leaves for a boot sector: registers clean (ES:DI =
 * 0: no $PnP structure), stack below 7C00, interrupts on. */
	.global jump_far
jump_far:
	cli
	xorw %cx, %cx
	movw %cx, %ds
	movw %cx, %es
	movw %cx, %fs
	movw %cx, %gs
	movw %cx, %ss
	movl $0x7c00, %esp
	pushl %eax
	movzbl %dl, %edx
	xorl %eax, %eax
	xorl %ebx, %ebx
	xorl %ecx, %ecx
	xorl %esi, %esi
	xorl %edi, %edi
	xorl %ebp, %ebp
	movw $0xaa55, %ax
	sti
	lretw

/* void resume_jump(uint32_t target): CMOS shutdown codes 05h, 0Ah.
 * void resume_stack(uint32_t stack, uint8_t code): the others that leave through [40:67], which
 * then holds SS:SP. 09h: DS, ES, all registers, IRET; 0Bh: IRET; 0Ch: RETF. */
	.global resume_jump, resume_stack
resume_jump:
	pushl %eax
	lretw
resume_stack:
	pushl %eax
	movw %sp, %bp
	lssw (%bp), %sp
	cmpb $0x0b, %dl
	je 1f
	ja 2f
	popw %ds
	popw %es
	popaw
1:	iretw
2:	lretw

/* The stack and the segments of POST and boot; every service in flight is forgotten. EBX is the
 * function, which does not return. */
	.macro own_stack function
	cli
	cld
	movw $BIOS_SEG, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $post_stack_top, %esp
	movw $BDA_SEG, %ax
	movw %ax, %fs
	calll \function
	.endm

post_entry:
	cli
	cld
	movw $BIOS_SEG, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $reset_stack_top, %esp /* a service whose machine is reset may be on the other one */
	movw $BDA_SEG, %ax
	movw %ax, %fs
	calll shutdown_code
	own_stack post
boot_entry:
	own_stack boot
	.global int_18
int_18:	own_stack boot_next

	.section .bss
	/* the end of the list of free chunks: of struct regs, only the segment registers are there */
	.global no_chunk
	.skip REGS_DS
no_chunk:
	.balign 4
	.space 256
reset_stack_top:
	.space 2048
post_stack_top:

/* --- F000:E000-FFFF --- */
	.section .fixed, "ax"
	.macro at address
	.org \address - 0xe000
	.endm

	at 0xe05b
	jmp post_entry
	/* $PnP, installation check structure: entry points E100, data segment F000 (PnP BIOS 1.0A, 4.4) */
	at 0xe0a0
	.ascii "$PnP"
	.byte 0x10, 0x21
	.word 0
	.byte (-(0x24 + 0x50 + 0x6e + 0x50 + 0x10 + 0x21 + 0xe1 + 0xf0 + 0xe1 + 0x0f + 0xf0 + 0x0f)) & 0xff
	.long 0
	.word 0xe100, 0xf000
	.word 0xe100
	.long 0xf0000, 0
	.word 0xf000
	.long 0xf0000
	/* $PMM: entry point E140 (PMM 1.01, 3.1) */
	at 0xe0d0
	.ascii "$PMM"
	.byte 1, 16
	.byte (-(0x24 + 0x50 + 0x4d + 0x4d + 1 + 16 + 0x40 + 0xe1 + 0xf0)) & 0xff
	.word 0xe140, 0xf000
	.space 5
	/* PnP functions, in any 16-bit mode: there are no device nodes (00h: their number and the size of the
	 * largest); everything else is not supported (82h). They are called with arguments on the stack. */
	at 0xe100
	pushw %bp
	movw %sp, %bp
	movw $0x82, %ax
	cmpw $0, 6(%bp)
	jne 1f
	pushw %es
	pushw %di
	lesw 8(%bp), %di
	movb $0, %es:(%di)
	lesw 12(%bp), %di
	movw $0, %es:(%di)
	popw %di
	popw %es
	xorw %ax, %ax
1:	popw %bp
	lretw
	at 0xe140
	pushfw
	pushw %cs
	pushw $1f
	pushl $handle_pmm
	jmp stub_common
1:	lretw
	at 0xe2c3 /* NMI */
	iretw
	at 0xe3fe
	jmp int_13_service
	at 0xe401 /* fixed disk parameter table: the AT's types 1-23, of which none is any disk of today's */
	.macro disk_type cylinders, heads, precompensation, landing
	.word \cylinders
	.byte \heads
	.word 0, \precompensation
	.byte 0, (\heads > 8) & 8, 0, 0, 0
	.word \landing
	.byte -(\cylinders != 0) * 17, 0
	.endm
	disk_type 306, 4, 128, 305
	disk_type 615, 4, 300, 615
	disk_type 615, 6, 300, 615
	disk_type 940, 8, 512, 940
	disk_type 940, 6, 512, 940
	disk_type 615, 4, 0xffff, 615
	disk_type 462, 8, 256, 511
	disk_type 733, 5, 0xffff, 733
	disk_type 900, 15, 0xffff, 901
	disk_type 820, 3, 0xffff, 820
	disk_type 855, 5, 0xffff, 855
	disk_type 855, 7, 0xffff, 855
	disk_type 306, 8, 128, 319
	disk_type 733, 7, 0xffff, 733
	disk_type 0, 0, 0, 0
	disk_type 612, 4, 0, 663
	disk_type 977, 5, 300, 977
	disk_type 977, 7, 0xffff, 977
	disk_type 1024, 7, 512, 1023
	disk_type 733, 5, 300, 732
	disk_type 733, 7, 300, 732
	disk_type 733, 5, 300, 733
	disk_type 306, 4, 0, 336
	at 0xe6f2
	jmp boot_entry
	at 0xe6f5 /* system configuration: INT 15h/C0h */
	.global config_table
config_table:
	.word 8
	.byte 0xfc, 0, 1
	.byte 0x74 /* second PIC, RTC, keyboard intercept, EBDA */
	.byte 0x40, 0, 0, 0
	at 0xe739
	jmp int_14_service
	.set directory, 0xe750
	at 0xe740 /* BIOS32 Service Directory 0.4 */
	.ascii "_32_"
	.long 0xf0000 + directory
	.byte 0, 1
	.byte -('_' + '3' + '2' + '_' + (directory & 0xff) + (directory >> 8) + 0x0f + 1) & 0xff
	.space 5
	at directory
	.code32
	jmp bios32_directory
	.code16
	at 0xe82e
	jmp int_16_service
	at 0xe987
	jmp int_09_service
	at 0xec59
	jmp int_40_service
	at 0xef57
	jmp int_0e_service
	at 0xefc7 /* diskette parameter table: 1.44 MB; INT 1Eh */
	.global diskette_parameters
diskette_parameters:
	.byte 0xaf, 0x02, 0x25, 0x02, 18, 0x1b, 0xff, 0x6c, 0xf6, 0x0f, 0x08
	at 0xefd2
	jmp int_17_service
	at 0xf045 /* INT 10h functions 00h-0Fh, one by one; the vector is vgabios' */
	.fill 16, 2, 0xf065
	at 0xf065
	iretw
	at 0xf0a4 /* video parameters of the monochrome and colour adapters: INT 1Dh */
	.global video_parameters
video_parameters:
	.byte 0x38, 0x28, 0x2d, 0x0a, 0x1f, 6, 0x19, 0x1c, 2, 7, 6, 7, 0, 0, 0, 0
	.byte 0x71, 0x50, 0x5a, 0x0a, 0x1f, 6, 0x19, 0x1c, 2, 7, 6, 7, 0, 0, 0, 0
	.byte 0x38, 0x28, 0x2d, 0x0a, 0x7f, 6, 0x64, 0x70, 2, 1, 6, 7, 0, 0, 0, 0
	.byte 0x61, 0x50, 0x52, 0x0f, 0x19, 6, 0x19, 0x19, 2, 0x0d, 0x0b, 0x0c, 0, 0, 0, 0
	.word 2048, 4096, 16384, 16384
	.byte 40, 40, 80, 80, 40, 40, 80, 80
	.byte 0x2c, 0x28, 0x2d, 0x29, 0x2a, 0x2e, 0x1e, 0x29
	at 0xf841
	pushw %ds
	pushw $BDA_SEG
	popw %ds
	movw 0x13, %ax /* memory_kib */
	popw %ds
	iretw
	at 0xf84d
	pushw %ds
	pushw $BDA_SEG
	popw %ds
	movw 0x10, %ax /* equipment */
	popw %ds
	iretw
	at 0xf859
	jmp int_15_service
	at 0xfa6e
	.global font_8x8_low
font_8x8_low:
	.incbin "font_8x8.bin", 0, 1024
	at 0xfe6e
	jmp int_1a_service
	at 0xfea5
	jmp int_08_service
	at 0xfef3 /* vectors 08h-1Fh: offsets in F000, as IBM's POST copied them */
	.word 0xfea5, 0xe987, 0xff53, 0xff53, 0xff53, 0xff53, 0xef57, 0xff53
	.word 0xf065, 0xf84d, 0xf841, 0xe3fe, 0xe739, 0xf859, 0xe82e, 0xefd2
	.word int_18, 0xe6f2, 0xfe6e, 0xff53, 0xff53, 0xf0a4, 0xefc7, 0
	at 0xff53
	iretw
	at 0xff54
	jmp int_05_service
	at 0xfff0
	.global reset
reset:	ljmp $0xf000, $0xe05b
	at 0xfff5
	.ascii "01/01/26"
	at 0xfffe
	.byte 0xfc, 0

	.section .note.GNU-stack, "", @progbits
