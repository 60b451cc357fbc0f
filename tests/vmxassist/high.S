/* SPDX-License-Identifier: MIT
 *
 * Page tables, a GDT and data above 4 GiB, reached from the window: by PAE and by IA-32e mode, whose CR3
 * is there, too. For a machine with more than 4 GiB.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"

	.equ CODE64, SEL_OWN
	.equ PDPT, 0x20000
	.equ PD, 0x21000
	.equ PML4, 0x22000
	.equ PDPT64, 0x23000
	.equ EFER, 0xc0000080
	/* physical, above 4 GiB by so much; linear 600000 is the 2 MiB page at 100200000 */
	.equ HIGH, 0x200000
	.equ WINDOW, 0x600000
	.equ HIGH_PD, 0x1000
	.equ HIGH_PT, 0x2000
	.equ HIGH_GDT, 0x3000
	.equ HIGH_PML4, 0x4000
	.equ HIGH_PDPT, 0x5000
	.equ HIGH_DATA, 0x6000

	.macro entry at, low, high
	movl $(\low), %gs:\at
	movl $(\high), %gs:\at + 4
	.endm

main:	movl $0, gdt + CODE64
	movl $0x00209b00, gdt + CODE64 + 4
	/* low tables: the first 2 MiB to themselves, the window to where the high ones will be */
	pushw $PDPT >> 4
	popw %es
	xorl %eax, %eax
	xorl %edi, %edi
	movw $0x1000, %cx
	rep stosl
	movl $PD + 1, %es:0
	movl $0x83, %es:PD - PDPT
	movl $HIGH + 0x83, %es:PD - PDPT + 3 * 8
	movl $1, %es:PD - PDPT + 3 * 8 + 4
	movl $PDPT64 + 3, %es:PML4 - PDPT
	movl $PD + 3, %es:PDPT64 - PDPT
	xorw %ax, %ax
	movw %ax, %es
	call build
	call pae
	call long
	ret

	.macro pae_on
	movl $0x20, %eax
	movl %eax, %cr4
	movl $PDPT, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $0x80000001, %eax
	movl %eax, %cr0
	.endm
	.macro off
	movl %cr0, %eax
	andl $0x7ffffffe, %eax
	movl %eax, %cr0
	.endm

build:	/* the high tables, written through the window */
	call setup
	pae_on
	ljmpl $SEL_CODE32, $1f
	.code32
1:	movl $SEL_DATA32, %eax
	movl %eax, %gs
	movl %eax, %ds
	movl %eax, %es
	movl $WINDOW, %edi
	xorl %eax, %eax
	movl $0x2000, %ecx
	rep stosl
	/* PD: the first 2 MiB by 4 KiB pages, and at 200000 a page of high data, at 201000 the GDT */
	entry WINDOW + HIGH_PD, HIGH + HIGH_PT + 3, 1
	entry WINDOW + HIGH_PD + 8, HIGH + HIGH_PT + 0x8000 + 3, 1
	entry WINDOW + HIGH_PD + 24, HIGH + 0x83, 1
	movl $WINDOW + HIGH_PT, %edi
	movl $3, %eax
	movl $512, %ecx
2:	movl %eax, (%edi)
	movl $0, 4(%edi)
	addl $0x1000, %eax
	addl $8, %edi
	loop 2b
	entry WINDOW + HIGH_PT + 0x8000, HIGH + HIGH_DATA + 3, 1
	entry WINDOW + HIGH_PT + 0x8008, HIGH + HIGH_GDT + 3, 1
	movl $gdt, %esi
	movl $WINDOW + HIGH_GDT, %edi
	movl $gdt_end - gdt, %ecx
	rep movsb
	/* its SEL_DATA12340 is another one */
	movb $2, WINDOW + HIGH_GDT + SEL_DATA12340 + 4
	movl $0x600df00d, WINDOW + HIGH_DATA
	entry WINDOW + HIGH_PML4, HIGH + HIGH_PDPT + 3, 1
	entry WINDOW + HIGH_PDPT, HIGH + HIGH_PD + 3, 1
	movl $0x12380, 0x12380
	ljmpl $SEL_CODE16, $3f
	.code16
3:	off
	ljmpw $0, $4f
4:	show "built"
	ret

pae:	/* the PDPT is low as it must be; what it leads to is high */
	pushw $PDPT >> 4
	popw %es
	movl $HIGH + HIGH_PD + 1, %es:0
	movl $1, %es:4
	call setup
	xorw %ax, %ax
	movw %ax, %es
	pae_on
	movw $SEL_DATA4G, %ax
	movw %ax, %gs
	movl $0x200000, %esi
	movl %gs:(%esi), %ecx
	incl %gs:4(%esi)
	movw $scratch, %di
	addr32 movsl %gs:(%esi), %es:(%edi)
	lgdt gdtr_high
	movw $SEL_DATA12340, %ax
	movw %ax, %fs
	movw %fs, %dx
	ljmpw $SEL_CODE16, $1f
1:	movl $0x200004, %esi
	movl %gs:(%esi), %ebp
	off
	ljmpw $0, $2f
2:	lgdt gdtr
	xorl %edx, %edx
	show "pae"
	ret

long:	/* CR3 above 4 GiB stays there while paging is off */
	call setup
	movl $EFER, %ecx
	rdmsr
	orl $0x100, %eax
	wrmsr
	movl $0x20, %eax
	movl %eax, %cr4
	movl $PML4, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $0x80000001, %eax
	movl %eax, %cr0
	ljmpl $CODE64, $1f
	.code64
1:	movl $1, %eax
	shlq $32, %rax
	addq $HIGH + HIGH_PML4, %rax
	movq %rax, %cr3 /* these tables, high all of them, map the same code */
	movl 0x200000, %ecx
	movl $SEL_CODE16, %eax
	pushq %rax
	movl $2f, %eax
	pushq %rax
	lretq
	.code16
2:	off
	ljmpw $0, $3f
3:	movl %cr3, %ebp
	movl %cr0, %eax
	orl $0x80000001, %eax
	movl %eax, %cr0
	/* in the window, by the tables above 4 GiB */
	movw $SEL_DATA4G, %ax
	movw %ax, %gs
	movl $0x200000, %esi
	movl %gs:(%esi), %edx
	incl %gs:4(%esi)
	movl %gs:4(%esi), %edi
	ljmpw $SEL_CODE16, $4f
4:	off
	ljmpw $0, $5f
5:	movl $EFER, %ecx
	rdmsr
	andl $~0x100, %eax
	wrmsr
	xorl %eax, %eax
	movl %eax, %cr4
	movl %eax, %cr3
	show "long"
	ret

	.data
gdtr_high: .word gdt_end - gdt - 1
	.long 0x201000
	.text
