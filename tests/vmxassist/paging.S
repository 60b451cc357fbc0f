/* SPDX-License-Identifier: MIT
 *
 * Paging switched on together with protected mode and before CS is loaded, off together with it and
 * before it; 32-bit tables, with large pages, PAE; page faults and accessed bits in the window.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"

	.equ PD, 0x20000
	.equ PT, 0x21000
	.equ PD_LARGE, 0x22000
	.equ PDPT, 0x23000
	.equ PAE_PD, 0x24000
	.equ PAE_PT0, 0x25000
	.equ PAE_PT1, 0x26000
	/* linear 300000: the page at 12000; 301000: read-only; 302000: absent; 303000: no code, with NXE;
	 * 500000: the page at 12000 by a large page of 0 */
	.equ PLACE, 0x12000

	.equ PSE, 0x10
	.equ PAE, 0x20

	/* ecx entries of \size bytes from \at on, the first eax, each 1000h further */
	.macro entries at, first, n, size
	pushw $((\at) >> 4)
	popw %es
	movw $((\at) & 15), %di
	movl $\first, %eax
	movw $\n, %cx
9:	movl %eax, %es:(%di)
	movl $0, %es:\size - 4(%di)
	movl %eax, %es:(%di)
	addl $0x1000, %eax
	addw $\size, %di
	loop 9b
	.endm

	.macro entry at, value, high=0
	pushw $((\at) >> 4)
	popw %es
	movl $\value, %es:((\at) & 15)
	.if \high
	movl $\high, %es:(((\at) & 15) + 4)
	.endif
	.endm

	/* the entry's low bits, into reg; in real mode */
	.macro low_bits at, reg
	pushw $((\at) >> 4)
	popw %es
	movw %es:((\at) & 15), \reg
	andw $0xfff, \reg
	.endm

	/* loads, on = PE and PG in one; then work in the window, in protected mode, and out again */
	.macro paged name, cr4, cr3, first, second
	call setup
	call tables
	lidt pidtr
	movw $5f, seen_resume
	movl $\cr4, %eax
	movl %eax, %cr4
	movl $\cr3, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $\first, %eax
	movl %eax, %cr0
	.if \second
	nop
	orl $\second, %eax
	movl %eax, %cr0
	.endif
	movw $SEL_DATA4G, %ax
	movw %ax, %gs
	movl $0x300010, %ebx
	movl %gs:(%ebx), %ecx
	incl %gs:4(%ebx)
	movl $0x301000, %ebp
	movl %gs:0x10(%ebp), %edx /* read-only: read */
	movl %es:0x10, %esi /* ES is real mode's still */
	movl $0x302008, %ebp
	movl %ecx, %gs:(%ebp)
5:	movl %cr2, %ebp
	ljmpw $SEL_CODE16, $6f
6:	addl %gs:4(%ebx), %edi
	movl %cr0, %eax
	andl $0x7ffffffe, %eax
	movl %eax, %cr0
	xorl %eax, %eax
	ljmpw $0, $7f
7:	movl %cr4, %eax
	pushl %eax
	xorl %eax, %eax
	movl %eax, %cr4
	popl %eax
	show "\name"
	.endm

	.macro faulting name, cr0, code
	call setup
	call tables
	lidt pidtr
	movw $6f, seen_resume
	movl $PAE, %eax
	movl %eax, %cr4
	movl $PDPT, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $0x80000001 + \cr0, %eax
	movl %eax, %cr0
	movw $SEL_DATA4G, %ax
	movw %ax, %gs
	movl $0x300000, %ebp
5:	\code
6:	movl %cr2, %ecx
	movl %cr0, %edx
	ljmpw $SEL_CODE16, $7f
7:	movl %cr0, %eax
	andl $0x7ffefffe, %eax
	movl %eax, %cr0
	ljmpw $0, $8f
8:	subw $5b, %cs:seen_ip
	xorl %eax, %eax
	movl %eax, %cr2
	movl %eax, %cr4
	show "\name"
	.endm

main:
	call setup
	movl $PSE | PAE, %eax /* they mean nothing yet */
	movl %eax, %cr4
	movl $0x12345018, %eax
	movl %eax, %cr3
	movl 0x500, %ecx
	movl %cr3, %ebx
	movl %cr4, %edx
	xorl %eax, %eax
	movl %eax, %cr4
	xorl %ecx, %ecx
	show "no paging yet"

	paged "32-bit", 0, PD, 0x80000001, 0
	paged "32-bit, pe first", 0, PD, 1, 0x80000000
	paged "32-bit, pse", PSE, PD, 0x80000001, 0
	paged "pae", PAE, PDPT, 0x80000001, 0
	paged "pae, pe first", PAE, PDPT, 1, 0x80000000
	call large
	call later

	faulting "write to read-only", 0, "incl %gs:0x1000(%ebp)"
	faulting "write to read-only, WP", 0x10000, "incl %gs:0x1000(%ebp)"
	faulting "absent", 0, "movl %ecx, %gs:0x2000(%ebp)"
	faulting "across pages", 0, "movl %gs:0x1ffe(%ebp), %edx"
	faulting "nx", 0, "call execute"
	ret
execute: /* EFER.NXE in the window, and an entry that uses it */
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x800, %eax
	wrmsr
	movl %cr3, %eax
	movl %eax, %cr3
	movl %gs:0x3010(%ebp), %esi
	movl $0x303000, %eax
	movw $SEL_CODE32, %bx
	pushl $SEL_CODE32
	pushl %eax
	lretl

tables:
	pushal
	pushw %es
	pushw $PLACE >> 4
	popw %es
	movl $0x12010, %es:0x10
	movl $0x12014, %es:0x14
	movl $0xcccccccc, %es:0
	entries PT, 0x3, 1024, 4
	entry PT+0x300*4, PLACE+3
	entry PT+0x301*4, PLACE+1
	entry PT+0x302*4, 0
	entry PT+0x303*4, PLACE+3
	entry PD, PT+3
	entry PD+4, 0x83 /* with PSE: 4 MiB */
	entries PAE_PT0, 0x3, 512, 8
	entries PAE_PT1, 0x200003, 512, 8
	entry PAE_PT1+0x100*8, PLACE+3
	entry PAE_PT1+0x101*8, PLACE+1
	entry PAE_PT1+0x102*8, 0
	entry PAE_PT1+0x103*8, PLACE+3, 0x80000000
	entry PAE_PD, PAE_PT0+3
	entry PAE_PD+8, PAE_PT1+3
	entry PAE_PD+16, 0x83
	entry PDPT, PAE_PD+1
	entry PDPT+8, 0
	entry PDPT+16, 0
	entry PDPT+24, 0
	popw %es
	popal
	pushw $PLACE >> 4
	popw %es
	ret

/* large pages, and the accessed and dirty bits that window and protected mode leave */
large:	call setup
	call tables
	movl $PSE, %eax
	movl %eax, %cr4
	movl $PD, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $0x80000001, %eax
	movl %eax, %cr0
	movw $SEL_DATA4G, %ax
	movw %ax, %gs
	movl $0x412010, %ebp
	movl %gs:(%ebp), %ecx
	movl $0x300000, %ebp
	movl %ecx, %gs:0x20(%ebp)
	movl %gs:0x1020(%ebp), %edx
	ljmpw $SEL_CODE16, $1f
1:	movl %gs:0x3020(%ebp), %edi
	movl %cr0, %eax
	andl $0x7fffffff, %eax
	movl %eax, %cr0 /* paging off, protected mode on */
	movl $PLACE, %ebp
	addl %gs:0x20(%ebp), %edi
	clear_pe
	ljmpw $0, $2f
2:	xorl %eax, %eax
	movl %eax, %cr4
	low_bits PD, %ax
	low_bits PD+4, %bx
	low_bits PT+0x300*4, %cx
	low_bits PT+0x301*4, %si
	low_bits PT+0x303*4, %bp
	show "accessed and dirty"
	ret

/* protected mode first, paging there, off there, on again in a window */
later:	call setup
	call tables
	set_pe
	ljmpw $SEL_CODE16, $1f
1:	movw $SEL_DATA4G, %ax
	movw %ax, %gs
	movl $PAE, %eax
	movl %eax, %cr4
	movl $PDPT, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $0x80000000, %eax
	movl %eax, %cr0
	movl $0x300010, %ebp
	movl %gs:(%ebp), %ecx
	movl $0x412010, %ebp
	movl %gs:(%ebp), %edx
	movl %cr0, %eax
	andl $0x7fffffff, %eax
	movl %eax, %cr0
	movl %cr3, %ebx
	movl %cr4, %esi
	clear_pe
	ljmpw $0, $2f
2:	movl %cr3, %eax
	subl %eax, %ebx
	movl %cr0, %eax
	orl $0x80000001, %eax
	movl %eax, %cr0
	movl $0x300010, %ebp
	movl %gs:(%ebp), %edi
	movl %eax, %ebp
	andl $0x7ffffffe, %eax /* and off in the same window */
	movl %eax, %cr0
	movl %ebp, %eax
	movl %eax, %cr0
	ljmpw $SEL_CODE16, $3f
3:	movl %cr0, %eax
	andl $0x7ffffffe, %eax
	movl %eax, %cr0
	ljmpw $0, $4f
4:	xorl %eax, %eax
	movl %eax, %cr4
	show "later"
	ret
