/* SPDX-License-Identifier: MIT
 *
 * leave_for_good: gives the processor to the guest without a host's help, from leave_state
 * (struct leave, world.c), on pages that the guest maps to themselves. The own CS stays cached
 * until the far jump, so what follows the load of SS is read through CS.
 */
#define GPRS   leave_state + 12
#define EFLAGS leave_state + 44
#define CR0    leave_state + 48
#define CR3    leave_state + 52
#define CR4    leave_state + 56
#define STACK  leave_state + 60
#define DS     leave_state + 66
#define ES     leave_state + 68
#define FS     leave_state + 70
#define GS     leave_state + 72
#define LDTR   leave_state + 74
#define TARGET leave_state + 76
#define TR     leave_state + 82
#define BUSY   leave_state + 84
#define EFER   leave_state + 88

	.macro registers
	movl $GPRS, %esp
	popal
	lss %cs:STACK, %esp
	movw %cs:DS, %ds
	.endm

	.section .text.leave, "ax"
	.global leave_for_good
leave_for_good:
	movl %cr0, %eax
	andl $0x7fffffff, %eax
	movl %eax, %cr0 /* paging off before CR4.PAE changes; this page maps to itself either way */
	movl CR4, %eax
	movl %eax, %cr4
	movl CR3, %eax
	movl %eax, %cr3
	movl EFER, %eax
	testl %eax, %eax
	jz 1f
	xorl %edx, %edx
	movl $0xc0000080, %ecx
	wrmsr
1:
	movl CR0, %eax
	movl %eax, %cr0
	jmp 1f
1:	lgdt leave_state
	lidt leave_state + 6
	lldt LDTR
	cmpw $0, TR
	je 1f
	movl BUSY, %eax
	andb $~2, (%eax) /* LTR takes an available TSS and makes it busy */
	ltr TR
1:
	movw ES, %es
	movw FS, %fs
	movw GS, %gs
	movl EFLAGS, %eax
	btrl $9, %eax
	pushl %eax
	jc 1f
	popfl
	registers
	ljmp *%cs:TARGET
1:	popfl
	registers
	sti /* its shadow covers the jump */
	ljmp *%cs:TARGET

	.section .note.GNU-stack, "", @progbits
