/* SPDX-License-Identifier: MIT
 *
 * A20 off: the address wraps at odd megabytes in every way in which code runs: real mode, with stale
 * segments, in unreal mode, in the window, in protected mode, and where the processor itself looks:
 * descriptor tables, interrupt vectors, page tables.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"

	.equ MARK, 0xe000 /* at each megabyte's beginning + MARK lies its own address */
	.equ PD, 0x20000

	.macro a20_off
	inb $0x92, %al
	andb $0xfc, %al
	outb %al, $0x92
	.endm
	.macro a20_on
	inb $0x92, %al
	andb $0xfe, %al
	orb $2, %al
	outb %al, $0x92
	.endm

	/* with two states of A20: fs at FFFF0, gs the 4 GiB segment */
	.macro both name, code
	call setup
	call make_gs
	movw $0xffff, %ax
	movw %ax, %fs
	movl $0x200000 + MARK, %edi
	a20_on
	\code
	movl %ecx, %ebp
	a20_off
	\code
	a20_on
	xorl %eax, %eax
	show "\name"
	.endm

main:	both "real mode", "movl %fs:MARK + 0x10, %ecx"
	both "unreal mode", "movl $0x100000 + MARK, %esi; movl %gs:(%esi), %ecx; movl %gs:(%edi), %edx"
	both "unreal strings", "movl $0x100000 + MARK, %esi; movl $scratch, %edi; movl $1, %ecx; addr32 rep movsl %gs:(%esi), %es:(%edi); movl scratch, %ecx"
	both "window", "set_pe; movl %fs:MARK + 0x10, %ecx; movl $0x100000 + MARK, %esi; addl %gs:(%esi), %ecx; clear_pe"
	both "protected mode", "set_pe; ljmpw $SEL_CODE16, $1f; 1: movl $0x100000 + MARK, %esi; movl %gs:(%esi), %ecx; movl $0x300000 + MARK, %esi; movl %gs:(%esi), %edx; clear_pe; ljmpw $0, $2f; 2:"
	both "writes", "movl $0, MARK + 0x20; movl $0x100020 + MARK, %esi; movl $0x77777777, %gs:(%esi); movl MARK + 0x20, %ecx"
	both "stale segment", "set_pe; ljmpw $SEL_CODE16, $1f; 1: movw $SEL_OWN, %ax; movw %ax, %fs; clear_pe; movl %fs:0, %ecx; ljmpw $0, $2f; 2: movw $0xffff, %ax; movw %ax, %fs"
	both "gdt", "lgdt gdtr_high; set_pe; movw $SEL_DATA12340, %ax; movw %ax, %es; clear_pe; movl %es:0x40, %ecx; xorw %ax, %ax; movw %ax, %es; lgdt gdtr"
	both "ivt", "lidt idtr_high; int $0x62; lidt ridtr"
	both "page tables", "movl $0x10, %eax; movl %eax, %cr4; movl $0x100000 + PD, %eax; movl %eax, %cr3; movl %cr0, %eax; orl $0x80000001, %eax; movl %eax, %cr0; \
		movl $0x400000 + MARK, %esi; movl %gs:(%esi), %ecx; ljmpw $SEL_CODE16, $1f; 1: addl %gs:(%esi), %ecx; \
		movl %cr0, %eax; andl $0x7ffffffe, %eax; movl %eax, %cr0; ljmpw $0, $2f; 2:"
	both "pae", "movl $0x20, %eax; movl %eax, %cr4; movl $0x101000 + PD, %eax; movl %eax, %cr3; set_pe; ljmpw $SEL_CODE16, $1f; 1: movl %cr0, %eax; orl $0x80000000, %eax; movl %eax, %cr0; \
		movl $0x400000 + MARK, %esi; movl %gs:(%esi), %ecx; \
		movl %cr0, %eax; andl $0x7ffffffe, %eax; movl %eax, %cr0; ljmpw $0, $2f; 2:"
	xorl %eax, %eax
	movl %eax, %cr4
	ret

int62_low:
	movl $0x62, %ecx
	iretw
int62_high:
	movl $0x10062, %ecx
	iretw

make_gs:
	movl $MARK, MARK
	movw $int62_low, 0x62 * 4
	movw $0, 0x62 * 4 + 2
	movl $0x12380, %eax
1:	movl %eax, %ecx
	shrl $4, %ecx
	movw %cx, %es
	movl %eax, %es:0
	addl $0x10000, %eax
	cmpl $0x22380, %eax
	jbe 1b
	xorw %ax, %ax
	movw %ax, %es
	movl $0x00009310, gdt + SEL_OWN + 4 /* base 100000 + MARK */
	movl $((MARK << 16) | 0xffff), gdt + SEL_OWN
	a20_on
	set_pe
	movw $SEL_DATA4G, %ax
	movw %ax, %gs
	clear_pe
	/* above 1 MiB: other marks, a GDT with another base, an IVT, page tables */
	movl $0x100000 + MARK, %esi
	movl $0x100000 + MARK, %gs:(%esi)
	movl $0x200000 + MARK, %esi
	movl $0x200000 + MARK, %gs:(%esi)
	movl $0x300000 + MARK, %esi
	movl $0x300000 + MARK, %gs:(%esi)
	movl $0x400000 + MARK, %esi
	movl $0x400000 + MARK, %gs:(%esi)
	movl $0x500000 + MARK, %esi
	movl $0x500000 + MARK, %gs:(%esi)
	movl $0x100000, %esi
	movw $0x62 * 4, %bx
	movl %gs:(%bx), %eax /* no other vector is taken from there */
	movl $int62_high, %gs:0x62 * 4(%esi)
	movw $gdt, %bx
	movl $gdt + 0x100000, %esi
	movw $(gdt_end - gdt) / 4, %cx
1:	movl (%bx), %eax
	movl %eax, %gs:(%esi)
	addw $4, %bx
	addl $4, %esi
	loop 1b
	movl $gdt + 0x100000 + SEL_DATA12340, %esi
	movb $2, %gs:4(%esi) /* base 22340 */
	movl $PD, %esi
	movl $PD + 0x100000, %edi
	movl $0x83, %gs:(%esi) /* 4 MiB each */
	movl $0x83, %gs:(%edi)
	movl $0x000083, %gs:4(%esi)
	movl $0x400083, %gs:4(%edi)
	/* PDPT at 1000, all of which is loaded; its directory at 2000 */
	movl $7, %ecx
1:	movl $0, %gs:0x1000(%esi, %ecx, 4)
	movl $0, %gs:0x1000(%edi, %ecx, 4)
	loop 1b
	movl $PD + 0x2000 + 1, %gs:0x1000(%esi)
	movl $PD + 0x102000 + 1, %gs:0x1000(%edi)
	movl $0x83, %gs:0x2000(%esi)
	movl $0x83, %gs:0x2000(%edi)
	movl $0, %gs:0x2004(%esi)
	movl $0, %gs:0x2004(%edi)
	movl $0x000083, %gs:0x2010(%esi)
	movl $0x400083, %gs:0x2010(%edi)
	movl $0, %gs:0x2014(%esi)
	movl $0, %gs:0x2014(%edi)
	xorl %eax, %eax
	xorl %ecx, %ecx
	xorl %esi, %esi
	ret

	.data
gdtr_high: .word gdt_end - gdt - 1
	.long gdt + 0x100000
idtr_high: .word 0x3ff
	.long 0x100000
	.text
