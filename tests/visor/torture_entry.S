/* SPDX-License-Identifier: MIT
 *
 * The paging torture guest's start, accesses and faults; 32-bit and 64-bit.
 *
 * As a multiboot kernel (Multiboot 0.6.96, 3.1) it runs on the bare machine, started by visor under visor.
 */
#ifdef __x86_64__
#define AX rax
#define BX rbx
#define CX rcx
#define DX rdx
#define SI rsi
#define DI rdi
#define BP rbp
#define SP rsp
#define WORD .quad
#define IRET iretq
#define USER_CS 0x2b
#else
#define AX eax
#define BX ebx
#define CX ecx
#define DX edx
#define SI esi
#define DI edi
#define BP ebp
#define SP esp
#define WORD .long
#define IRET iretl
#define USER_CS 0x1b
#endif
#define USER_DS 0x23

	.section .multiboot, "a"
	.align 4
	.long 0x1badb002, 0, -0x1badb002

	.section .text.entry, "ax"
	.code32
	.globl start
start:
	cli
	cld
	movl $stack_end, %esp
	movl %eax, start_magic
	movl %ebx, start_info
	lgdt gdt_pointer
	ljmp $0x08, $1f
1:	movl $USER_DS, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %fs
	movl %eax, %gs
	movl $0x10, %eax
	movl %eax, %ss
#ifdef __x86_64__
	movl $boot_pml4, %eax		/* the first 8 MiB, for a start */
	movl $boot_pdpt + 7, (%eax)
	movl $boot_pd + 7, boot_pdpt
	movl $0x000087, boot_pd
	movl $0x200087, boot_pd + 8
	movl $0x400087, boot_pd + 16
	movl $0x600087, boot_pd + 24
	movl %eax, %cr3
	movl $0x20, %eax
	movl %eax, %cr4
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x100, %eax
	wrmsr
	movl %cr0, %eax
	orl $0x80000000, %eax
	movl %eax, %cr0
	ljmp $0x30, $1f
	.code64
1:
#endif
	lidt idt_pointer
	call torture_main
1:	cli
	hlt
	jmp 1b

	/* Vectors 0-31: number and error code to where torture.c looks, and on behind the access. */
	.set vector, 0
	.globl fault_stubs
	.align 16
fault_stubs:
	.rept 32
	.align 16
	.if !((vector == 8) || ((vector >= 10) && (vector <= 14)) || (vector == 17))
	push $0
	.endif
	push $vector
	jmp fault
	.set vector, vector + 1
	.endr
fault:	pop %AX
	movl %eax, fault_vector
	pop %AX
	movl %eax, fault_error
	mov %cr2, %AX
	mov %AX, fault_cr2
	jmp leave

	/* INT 30h by the user's part of an access: no fault */
	.globl access_done
access_done:
	mov %AX, access_value
	movl $-1, fault_vector
leave:	mov access_sp, %SP
	pop %BP
	pop %BX
	pop %SI
	pop %DI
	ret

	/* void access(unsigned kind, unsigned long linear, unsigned long value): 0 read, 1 write, 2 execute; 4: as user.
	 * fault_vector is -1 where there was no fault, and access_value what was read. */
	.globl access
access:
	push %DI
	push %SI
	push %BX
	push %BP
	mov %SP, access_sp
#ifdef __x86_64__
	mov %DX, %CX
	mov %SI, %DX
	movl %edi, %eax
#endif
	/* EAX kind, DX linear, CX value */
	movl %eax, %ebx
	andl $3, %ebx
	testl $4, %eax
	jz 1f
	movl $0, fault_vector
#ifdef __x86_64__
	pushq $USER_DS
	pushq $0
	pushq $2
	pushq $USER_CS
	leaq user_access(%rip), %rsi
	pushq %rsi
#else
	pushl $USER_DS
	pushl $0
	pushl $2
	pushl $USER_CS
	pushl $user_access
#endif
	IRET
1:	cmpl $1, %ebx
	je 2f
	ja 3f
	movl (%DX), %eax
	jmp access_done
2:	movl %ecx, (%DX)
	jmp access_done
3:	call *%DX
	jmp access_done

user_access:
	cmpl $1, %ebx
	je 2f
	ja 3f
	movl (%DX), %eax
	int $0x30
2:	movl %ecx, (%DX)
	int $0x30
3:	jmp *%DX

	.data
	.align 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff	/* 08 code, 32-bit */
	.quad 0x00cf93000000ffff	/* 10 data */
	.quad 0x00cffb000000ffff	/* 18 user code, 32-bit */
	.quad 0x00cff3000000ffff	/* 20 user data */
	.quad 0x00affb000000ffff	/* 28 user code, 64-bit */
	.quad 0x00af9b000000ffff	/* 30 code, 64-bit */
	.globl tss_descriptor
tss_descriptor:
	.quad 0, 0
gdt_pointer:
	.word . - gdt - 1
	.long gdt, 0
idt_pointer:
	.word 64 * 16 - 1
	.long idt, 0
	.align 8
	.globl start_magic, start_info, fault_vector, fault_error, fault_cr2, access_value, idt, tss, tss_stack_end
start_magic:	.long 0
start_info:	.long 0
fault_vector:	.long 0
fault_error:	.long 0
fault_cr2:	WORD 0
access_value:	WORD 0
access_sp:	WORD 0

	.bss
	.align 4096
boot_pml4: .skip 4096
boot_pdpt: .skip 4096
boot_pd: .skip 4096
idt:	.skip 64 * 16
tss:	.skip 128
	.align 16
	.skip 0x4000
stack_end:
	.skip 0x1000
tss_stack_end:
	.section .note.GNU-stack, "", @progbits
