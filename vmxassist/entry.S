/* SPDX-License-Identifier: MIT
 *
 * Entries and exits of vmxassist: the start from vmxloader, the start of the assist's world,
 * 256 trap stubs, the way to VM86, and the two short windows in which ring 0 takes interrupts.
 */
#include "vmxassist/vmxassist.h"

	.section .entry, "ax"

/* vmxloader jumps here: flat 32-bit protected mode, paging off, IF=0. */
	.global start
start:
	movl $stack_top - STACK_START, %esp
	cld
	call world_start

/* The host (or world_start itself) enters here with the state of record->assist. */
	.global invoke_entry
invoke_entry:
	movl $stack_top - STACK_START, %esp
	cld
	call monitor_invoked

/*
 * Each vector's stub in the reserve is a call to this, and its return address tells the vector. Vectors 8, 10-14 and 17 push an error code as
 * exceptions and none as hardware interrupts (SDM vol. 3, 6.13). From VM86 the frame's length
 * against the top of the stack tells: nine doublewords without, ten with. In ring 0, whose frames
 * lie further down, CS tells: it cannot be mistaken for EFLAGS, whose bit 1 is 1.
 */
	.global trap_entry
trap_entry:
	pushl %eax
	leal 48(%esp), %eax
	testl $STACK_SIZE - 1, %eax
	jz 1f
	leal 44(%esp), %eax
	testl $STACK_SIZE - 1, %eax
	jz 2f
	cmpl $SEL_CODE, 16(%esp)
	jne 2f
1:	popl %eax
	orb $STUB_ERROR, (%esp)
	jmp trap_common
2:	popl %eax
	pushl (%esp) /* the return address again below, zero where the error code would be */
	movl $0, 4(%esp)

trap_common:
	pushal
	movl $SEL_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	cld
	movl %esp, %eax
	call trap
	popal
	addl $8, %esp
	iretl

/* Vector 13: with an error code, and so an exception, and from VM86 in nearly every case. The general registers
 * go to the record at once. */
	.global trap_entry_gp
trap_entry_gp:
	cmpl $vm86_frame + 32, %esp
	jne trap_entry
	pushl %eax
	movl $SEL_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl monitor + MONITOR_GUEST, %eax
	movl %ecx, 8(%eax)
	movl %edx, 16(%eax)
	movl %ebx, 24(%eax)
	movl %ebp, 40(%eax)
	movl %esi, 48(%eax)
	movl %edi, 56(%eax)
	popl (%eax)
	cld
	jmp trap_gp /* which does not return */

	.global vm86_go, vm86_go_checked, vm86_go_iret
vm86_go: /* the general registers from the record, but for ESP; NMI as in vm86_enter */
	movl $vm86_frame + 40, %esp
	movl monitor + MONITOR_GUEST, %eax
	cmpb $0, monitor
vm86_go_checked:
	jne 1f
	movl 8(%eax), %ecx
	movl 16(%eax), %edx
	movl 24(%eax), %ebx
	movl 40(%eax), %ebp
	movl 48(%eax), %esi
	movl 56(%eax), %edi
	movl (%eax), %eax
vm86_go_iret:
	iretl
1:	movl $vm86_frame, %esp
	call nmi_before_go

	.global vm86_enter, vm86_enter_checked, vm86_enter_pop, vm86_enter_iret
vm86_enter: /* eax: frame at the top of the stack */
	movl %eax, %esp
	cmpb $0, monitor /* pending_nmi; trap() sees to one that comes from here on */
vm86_enter_checked:
	jne 1f
vm86_enter_pop:
	popal
	addl $8, %esp
vm86_enter_iret:
	iretl
1:	call nmi_before_vm86

	.global restore, restore_switch
restore: /* eax: CR0 with PE=1. An NMI on the way begins it anew */
	cmpb $0, monitor
	jne 1f
restore_switch:
	movl %eax, %cr0
1:	ret

	.global window_open
window_open:
	sti
	nop
	cli
	ret

	.global window_halt, window_checked, window_halted
window_halt: /* eax: 0 to stay with IF=0. An NMI before the HLT leads to window_halted */
	cmpb $0, monitor
window_checked:
	jne window_halted
	testl %eax, %eax
	jz 1f
	sti
1:	hlt
window_halted:
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
	.global wrmsr_safe, wrmsr_insn, wrmsr_fault, write_cr4_safe, cr4_insn
wrmsr_safe:
	xchgl %eax, %ecx
	xchgl %eax, %edx
wrmsr_insn:
	wrmsr
	movl $1, %eax
	ret
write_cr4_safe:
cr4_insn:
	movl %eax, %cr4
	movl $1, %eax
	ret
wrmsr_fault:
	xorl %eax, %eax
	ret

/* Runs the code of a struct x86_unit (x86/x86.h), which lies on the stack and ends with RET, with
 * its registers. trap() goes on at unit_fault where it raises an exception.
 * eax = unit; returns 0, or 1 + the vector */
	.global unit_run, unit_fault
unit_run:
	pushl %ebx
	pushl %esi
	pushl %edi
	movl %eax, %esi
	leal UNIT_CODE(%esi), %ebx
	movl UNIT_OPERAND(%esi), %edi
	pushl UNIT_EFLAGS(%esi)
	movl (%esi), %eax
	movl 4(%esi), %ecx
	movl 8(%esi), %edx
	popfl
	call *%ebx
	pushfl
	popl UNIT_EFLAGS(%esi)
	movl %eax, (%esi)
	movl %ecx, 4(%esi)
	movl %edx, 8(%esi)
	xorl %eax, %eax
1:	popl %edi
	popl %esi
	popl %ebx
	ret
unit_fault:
	addl $4, %esp /* where the code would have returned to */
	jmp 1b

	.section .note.GNU-stack, "", @progbits
