/* SPDX-License-Identifier: MIT
 *
 * What real mode may not write to control registers and EFER. Not for QEMU 7.2 without KVM, which has none
 * of these checks of CR0 and CR4 (SDM vol. 2, MOV to control registers).
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"

	.macro vector n, handler
	movw $\handler, \n * 4
	movw $0, \n * 4 + 2
	.endm

main:
	vector 13, fault_15 /* its frame has no error code here */
	call setup
	movw $1f, seen_resume
	movl $0x80000010, %eax
0:	movl %eax, %cr0
1:	subw $0b, seen_ip
	show "pg without pe"
	call setup
	movw $1f, seen_resume
	movl $0x20000010, %eax
0:	movl %eax, %cr0
1:	subw $0b, seen_ip
	show "nw without cd"
	call setup
	movw $1f, seen_resume
	movl $0x8000, %eax
0:	movl %eax, %cr4
1:	subw $0b, seen_ip
	show "cr4 reserved"
	call setup
	movw $1f, seen_resume
	movl $0x20000, %eax
0:	movl %eax, %cr4
1:	subw $0b, seen_ip
	show "pcid without lma"
	call setup
	movw $1f, seen_resume
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x400, %eax /* LMA is not software's */
	wrmsr
	rdmsr
	movl %eax, %ebp
	orl $0x2, %eax
0:	wrmsr
1:	subw $0b, seen_ip
	rdmsr
	show "efer"
	call setup
	movw $1f, seen_resume
	movl $0xc0000100, %ecx
	movl $0x8000, %edx
0:	wrmsr
1:	subw $0b, seen_ip
	show "fs base not canonical"
	/* in protected mode PG=1 keeps PE, in a window and after it */
	call pe_off
	ret

	.macro paged name, jump
	call setup
	lidt pidtr
	movw $7f, seen_resume
	movl $0x10, %eax
	movl %eax, %cr4
	movl $0x20000, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $0x80000001, %eax
	movl %eax, %cr0
	\jump
5:	movl %cr0, %eax
	decl %eax
6:	movl %eax, %cr0
7:	ljmpw $SEL_CODE16, $8f
8:	movl %cr0, %eax
	movl %eax, %edx
	andl $0x7ffffffe, %eax
	movl %eax, %cr0
	ljmpw $0, $9f
9:	subw $6b, %cs:seen_ip
	xorl %eax, %eax
	movl %eax, %cr4
	show "\name"
	.endm

pe_off:	pushw $0x2000
	popw %es
	movl $0x83, %es:0 /* 4 MiB to themselves */
	paged "pe off with pg, in the window", "nop"
	paged "pe off with pg, in protected mode", "ljmpw $SEL_CODE16, $5f"
	ret
