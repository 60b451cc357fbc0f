/* SPDX-License-Identifier: MIT
 *
 * Entries and exits of vmxassist: the start from vmxloader, the start of the assist's world,
 * 256 trap stubs, the way to VM86, and the two short windows in which ring 0 takes interrupts.
 */
#include <dfw/layout.h>

	.section .entry, "ax"

/* vmxloader jumps here: flat 32-bit protected mode, paging off, IF=0. */
	.global start
start:
	movl $stack_top - 0x60, %esp
	cld
	call world_start

/* The host (or world_start itself) enters here with the state of record->assist. */
	.global invoke_entry
invoke_entry:
	movl $stack_top - 0x60, %esp
	cld
	call monitor_invoked

/*
 * Trap stubs. Vectors 8, 10-14 and 17 push an error code as exceptions and none as hardware
 * interrupts (SDM vol. 3, 6.13). From VM86 the frame's length against the top of the stack tells:
 * nine doublewords without, ten with. Ring 0 takes hardware interrupts and NMI only.
 */
#define STACK_MASK 0x1fff
#define FRAME_ESP_WITH_ERROR (0x2000 - 40)
#define FRAME_HAS_ERROR 0x100

	.balign 16
	.global trap_stubs
trap_stubs:
vector = 0
	.rept 256
	.balign 16
	.if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17
	pushl $vector
	jmp trap_maybe_error
	.else
	pushl $0
	pushl $vector
	jmp trap_common
	.endif
vector = vector + 1
	.endr

	.balign 16
trap_maybe_error: /* vector pushed */
	pushl %eax
	leal 8(%esp), %eax
	andl $STACK_MASK, %eax
	cmpl $FRAME_ESP_WITH_ERROR, %eax
	je 1f
	cmpl $FRAME_ESP_WITH_ERROR + 4, %eax
	je 2f
	cmpl $0x08, 16(%esp) /* ring 0: CS lies there if an error code was pushed, else EFLAGS */
	jne 2f
1:	popl %eax
	orl $FRAME_HAS_ERROR, (%esp)
	jmp trap_common
2:	popl %eax
	pushl (%esp) /* the vector again below, zero where the error code would be */
	movl $0, 4(%esp)

trap_common:
	pushal
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	cld
	movl %esp, %eax
	call trap
	popal
	addl $8, %esp
	iretl

	.global vm86_enter
vm86_enter: /* eax: frame at the top of the stack */
	movl %eax, %esp
	popal
	addl $8, %esp
	iretl

	.global window_open
window_open:
	sti
	nop
	cli
	ret

	.global window_halt
window_halt:
	sti
	hlt
	cli
	ret

/* rdmsr and wrmsr that survive #GP: trap() moves EIP from the first label to the second and
 * clears EAX's place. eax = index; edx = uint64_t *value; returns 1, or 0 after a #GP */
	.global rdmsr_safe, rdmsr_insn, rdmsr_fault
rdmsr_safe:
	pushl %ebx
	movl %edx, %ebx
	movl %eax, %ecx
rdmsr_insn:
	rdmsr
	movl %eax, (%ebx)
	movl %edx, 4(%ebx)
	movl $1, %eax
	popl %ebx
	ret
rdmsr_fault:
	xorl %eax, %eax
	popl %ebx
	ret

/* eax = index, edx = low half, ecx = high half */
	.global wrmsr_safe, wrmsr_insn, wrmsr_fault
wrmsr_safe:
	xchgl %eax, %ecx
	xchgl %eax, %edx
wrmsr_insn:
	wrmsr
	movl $1, %eax
	ret
wrmsr_fault:
	xorl %eax, %eax
	ret

	.section .note.GNU-stack, "", @progbits
