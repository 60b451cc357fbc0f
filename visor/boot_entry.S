/* SPDX-License-Identifier: MIT
 *
 * The start-up program's assembly: from flat 32-bit protected mode to C, and on to long mode.
 */

	.section .rodata.gdt, "a"
	.align 8
boot_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* 08 code, 32-bit */
	.quad 0x00cf93000000ffff	/* 10 data */
	.quad 0x00af9b000000ffff	/* 18 code, 64-bit */
boot_gdt_pointer:
	.word . - boot_gdt - 1
	.long boot_gdt

	.text
	.code32
	/* EAX = multiboot magic and EBX = multiboot information, or 0 and the ROM's command line;
	 * flat segments */
	.globl start32
start32:
	cli
	cld
	lgdt boot_gdt_pointer
	ljmp $0x08, $1f
1:	movw $0x10, %cx
	movw %cx, %ds
	movw %cx, %es
	movw %cx, %ss
	movw %cx, %fs
	movw %cx, %gs
	movl %cr0, %ecx
	andl $0x9fffffff, %ecx		/* CD and NW are set after reset */
	movl %ecx, %cr0
	movl $boot_stack_end, %esp
	movl %eax, %edx
	movl $bss_begin, %edi
	movl $bss_end, %ecx
	subl %edi, %ecx
	xorl %eax, %eax
	rep stosb
	movl %edx, %eax
	movl %ebx, %edx
	call boot_main			/* regparm: EAX, EDX; does not return */

	/* void enter64(uint32_t cr3, const uint64_t *entry, uint32_t boot), regparm: EAX, EDX,
	 * ECX. Turns long mode on (SDM vol. 3, 9.8.5) and jumps to *entry with RDI = boot. */
	.globl enter64
enter64:
	movl %eax, %cr3
	movl %ecx, %edi
	movl %edx, %esi
	movl %cr4, %eax
	orl $1 << 5, %eax		/* PAE */
	movl %eax, %cr4
	movl $0xc0000080, %ecx
	rdmsr
	orl $1 << 8, %eax		/* LME */
	wrmsr
	movl %cr0, %eax
	orl $0x80000001, %eax		/* PG, PE */
	movl %eax, %cr0
	ljmp $0x18, $1f
	.code64
1:	jmp *(%rsi)

	/* The same without long mode: EDI = boot. */
	.globl enter32
	.code32
enter32:
	movl %eax, %cr3
	movl %ecx, %edi
	movl %edx, %esi
	movl %cr4, %eax
	orl $1 << 5, %eax		/* PAE */
	movl %eax, %cr4
	movl %cr0, %eax
	orl $0x80000001, %eax		/* PG, PE */
	movl %eax, %cr0
	jmp *(%esi)

	.section .bss
	.align 16
	.skip 0x2000
boot_stack_end:
	.section .note.GNU-stack, "", @progbits
