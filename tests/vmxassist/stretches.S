/* SPDX-License-Identifier: MIT
 *
 * Straight code between mode switches and the loading of segments, in all the ways that could tell
 * whether a processor executes it where it stands: it is written to while it runs, it faults, it is
 * interrupted, it asks for its own CS. The output is the same natively and under vmxassist.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/faults.inc"

main:
	call save_vectors
	call test_selectors
	call test_jumps
	call test_modified
	call test_immediate
	call test_alias
	call test_pushed_over
	call test_bases
	call test_fault
	call test_stack
	call test_cs
	call test_interrupted
	call test_loop
	ret

	.data
	.balign 8
gdt:	.quad 0
	.quad 0x000093012340ffff /* 08 base 12340 */
	.quad 0x008f93000000ffff /* 10 4 GiB */
gdtr:	.word . - gdt - 1
	.long gdt
	.text

/* ES, FS and GS stale: selector 8, base 12340 */
go_stale:
	pushfw
	pushl %eax
	cli
	lgdtl gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	movw $8, %ax
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	popl %eax
	popfw
	ret

fresh:	pushw $0
	popw %es
	pushw $0
	popw %fs
	pushw $0
	popw %gs
	ret

test_selectors:
	call go_stale
	movw %es, %ax
	pushw %fs
	popw %bx
	pushl %gs
	popl %ecx
	movw %ds, %dx
	call fresh
	movw %fs, %si
	show16 "selectors es", %ax
	show16 " fs", %bx
	show16 " gs", %cx
	show16 " ds", %dx
	show16 " loaded fs", %si
	newline
	ret

test_jumps: /* nine pieces */
	call go_stale
	movw $0, %dx
	jmp 1f
9:	call fresh
	show16 "jumps", %dx
	newline
	ret
	.irp n, 8, 6, 4, 2
\n:	addw $0x1\n, %dx
	.if \n == 8
	jmp 9b
	.endif
	.if \n == 6
	jmp 7f
	.endif
	.if \n == 4
	jmp 5f
	.endif
	.if \n == 2
	jmp 3f
	.endif
	nop
	.endr
1:	incw %dx
	jmp 2b
3:	incw %dx
	jmp 4b
5:	incw %dx
	jmp 6b
7:	incw %dx
	jmp 8b

test_modified: /* INC DX becomes DEC DX just before it runs, and the other way round */
	movw $3, %cx
	movw $0x100, %dx
1:	call go_stale
	xorb $0x08, 2f
	movw %ax, %ax
2:	incw %dx
	call fresh
	show16 " modified", %dx
	loop 1b
	newline
	ret

test_immediate: /* written into the code each time */
	movw $3, %cx
1:	movw %cx, 2f + 1
	call go_stale
	nop
2:	movw $0xffff, %dx
	addw $0x1000, %dx
	call fresh
	show16 " immediate", %dx
	loop 1b
	newline
	ret

test_alias: /* the same through FFFF:xxxx with A20 masked */
	inb $0x92, %al
	andb $0xfd, %al
	outb %al, $0x92
	movw $3, %cx
	movw $0x100, %dx
1:	call go_stale
	pushw $0xffff
	popw %ds
	xorb $0x08, 2f + 0x10
	movw %ax, %ax
2:	incw %dx
	pushw $0
	popw %ds
	call fresh
	show16 " alias", %dx
	loop 1b
	newline
	inb $0x92, %al
	orb $0x02, %al
	andb $0xfe, %al
	outb %al, $0x92
	ret

test_pushed_over: /* the stack grows over the code to come */
	movw $0x100, %dx
	cli
	movw %sp, %bp
	movw $0x4a4a, %ax /* DEC DX, twice */
	call go_stale
	movw $2f + 2, %sp
	pushw %ax
2:	incw %dx
	incw %dx
	movw %bp, %sp
	sti
	call fresh
	movw $0x4242, 2b
	show16 "pushed over", %dx
	newline
	ret

test_bases: /* the stale base is used, and a new one after a load */
	movl $0x5a5a1234, 0x600
	pushw $0x1234
	popw %es
	movl $0xc0ffee00, %es:0x600
	call go_stale
	movw $0x600, %bx
	movl %es:(%bx), %eax
	movl %fs:(%bx), %ecx
	movw $0, %dx
	movw %dx, %es
	movl %es:(%bx), %edx
	movl %gs:(%bx), %esi
	movl (%bx), %edi
	call fresh
	show32 "bases es", %eax
	show32 " fs", %ecx
	show32 " es loaded", %edx
	show32 " gs", %esi
	show32 " ds", %edi
	newline
	ret

	.macro shows_fault
	movw $1f, fault_resume
	call go_stale
	movw $0x55, %dx
	.endm

test_fault:
	shows_fault
	movw $0, %cx
	incw %dx
2:	divw %cx
	incw %dx
1:	movw %es, %bx
	call fresh
	subw $2b, fault_ip
	show16 "divide at", fault_ip
	show16 " dx", %dx
	show16 " es", %bx
	newline
	shows_fault
	incw %dx
2:	ud2
	incw %dx
1:	movw %es, %bx
	call fresh
	subw $2b, fault_ip
	show16 "undefined at", fault_ip
	show16 " dx", %dx
	show16 " es", %bx
	newline
	ret

test_stack: /* SS stale, then loaded */
	cli
	movw %sp, %bp
	lgdtl gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	movw $8, %cx
	movw %cx, %ss
	movw %cx, %fs
	andb $0xfe, %al
	movl %eax, %cr0
	movw %ss, %cx
	movw $0x1000, %sp
	movw $0x77, %dx
	pushw %dx /* at 12340 + FFE */
	movw $0, %dx
	movw %dx, %ss
	movw %bp, %sp
	pushw %cx
	popw %ax
	pushw $0x1234
	popw %es
	movw %es:0xffe, %dx
	sti
	call fresh
	show16 "stack ss", %ax
	show16 " pushed", %dx
	newline
	ret

test_cs:
	call go_stale
	nop
	movw %cs, %ax
	nop
	nop
	pushw %cs
	popw %bx
	nop
	movw %cs:3f, %cx
	nop
	nop
	call 2f
2:	popw %dx
	call fresh
	subw $2b, %dx
	show16 "cs", %ax
	show16 " pushed", %bx
	show16 " through it", %cx
	show16 " ip", %dx
	newline
	ret
3:	.word 0xbeef

test_interrupted: /* ticks come between and leave the stale segments as they are */
	movw 0x46c, %bx
	addw $4, %bx
	movl $0, %edi
	call go_stale
	sti
1:	incl %edi
	movw %fs, %ax
	movw %gs, %cx
	xorw %cx, %ax
	orw %ax, %si
	movw %es, %cx
	movw 0x46c, %dx
	movw %dx, %dx
	cmpw %bx, %dx
	jne 1b
	movw %fs, %ax
	movw $0x600, %bx
	movl %fs:(%bx), %edx
	call fresh
	show16 "interrupted fs", %ax
	show16 " es", %cx
	show32 " there", %edx
	newline
	ret

test_loop: /* the same piece again and again, with other values */
	movw $500, %cx
	movl $0, %edx
1:	call go_stale
	movl %ecx, %eax
	addl %eax, %edx
	movw %es, %bx
	addw %bx, %dx
	call fresh
	loop 1b
	show32 "loop", %edx
	newline
	ret
