/* SPDX-License-Identifier: MIT
 *
 * The BIOS32 service directory and the PCI BIOS for callers in 32-bit protected mode (Standard
 * BIOS 32-bit Service Directory 0.4; PCI BIOS 2.1, 3.3 and 4). Code may run at its physical address
 * or in a segment based at F0000: it asks where it is, and reads what it needs through CS.
 */
#include <dfw/layout.h>

/* struct dfw_pci_32, offsets in F000 */
#define present	 (DFW_PCI_32 - 0xf0000)
#define last_bus (DFW_PCI_32 - 0xf0000 + 1)
#define pirq	 (DFW_PCI_32 - 0xf0000 + 2)

#define PCI_UNSUPPORTED	     0x81
#define PCI_BAD_VENDOR	     0x83
#define PCI_NOT_FOUND	     0x86
#define PCI_BAD_REGISTER     0x87
#define PCI_SET_FAILED	     0x88
#define PCI_BUFFER_TOO_SMALL 0x89

/* the caller's registers, as PUSHAL leaves them */
#define C_EDI 0
#define C_ESI 4
#define C_EBX 16
#define C_EDX 20
#define C_ECX 24
#define C_EAX 28

/* in the $PIR table (PCI IRQ Routing Table Specification 1.0) */
#define PIR_SIZE      6
#define PIR_ROUTER    8 /* bus, device and function */
#define PIR_EXCLUSIVE 10
#define PIR_SLOTS     32

	.code32
	.section .text.bios32, "ax"

/* EAX: a service's name; EBX: 0. AL: 0, 80h no such service, 81h no such function; EBX: the
 * service's base, ECX: its size, EDX: its entry point from there. */
	.global bios32_directory
bios32_directory:
	pushl %edi
	calll 1f
1:	popl %edi
	subl $1b, %edi
	testl %ebx, %ebx
	jnz 2f
	cmpl $0x49435024, %eax /* "$PCI" */
	jne 3f
	cmpb $0, %cs:present(%edi)
	je 3f
	movl $0xf0000, %ebx
	movl $0x10000, %ecx
	movl $pci_32, %edx
	movb $0, %al
	jmp 9f
2:	movb $0x81, %al
	jmp 9f
3:	movb $0x80, %al
9:	popl %edi
	lretl

pci_32:	pushal
	movl %esp, %ebp
	cld
	calll 1f
1:	popl %edi
	subl $1b, %edi /* where F000:0000 is in CS */
	movzwl C_EBX(%ebp), %ebx
	cmpb $0, %cs:present(%edi)
	je unsupported
	cmpb $0x01, %al
	je bios_present
	cmpb $0x02, %al
	je find_device
	cmpb $0x03, %al
	je find_class
	cmpb $0x06, %al
	je special_cycle
	cmpb $0x0e, %al
	je routing_options
	cmpb $0x0f, %al
	je route_interrupt
	subb $0x08, %al
	cmpb $0x0d - 0x08, %al
	jbe access
unsupported:
	movb $PCI_UNSUPPORTED, %al
	jmp done
good:	movb $0, %al
done:	movb %al, C_EAX + 1(%ebp)
	movl %ebp, %esp
	cmpb $1, %al
	cmc
	popal
	lretl

bios_present:
	movl $0x20494350, C_EDX(%ebp) /* "PCI " */
	movb $0x11, C_EAX(%ebp)	      /* mechanism 1, special cycles by it */
	movw $0x0210, C_EBX(%ebp)
	movb %cs:last_bus(%edi), %al
	movb %al, C_ECX(%ebp)
	jmp good

/* EBX: function, AL: register. Selects it; EDX: the data port. EAX is lost. */
select:	pushl %ebx
	shll $8, %ebx
	movb %al, %bl
	andb $0xfc, %bl
	orl $0x80000000, %ebx
	movl %ebx, %eax
	popl %ebx
	movl $0xcf8, %edx
	outl %eax, %dx
	movb $0xfc, %dl
	ret

config_read:
	calll select
	inl %dx, %eax
	ret

find_device:
	movb $PCI_BAD_VENDOR, %al
	cmpw $0xffff, C_EDX(%ebp)
	je done
	movl C_ECX(%ebp), %esi
	shll $16, %esi
	movw C_EDX(%ebp), %si
	xorl %ecx, %ecx
	jmp find
find_class:
	movl C_ECX(%ebp), %esi
	andl $0xffffff, %esi
	movl $0x0808, %ecx
/* ESI: what register CH holds, shifted by CL */
find:	movzwl C_ESI(%ebp), %eax
	pushl %eax /* how many of them to pass over */
	xorl %ebx, %ebx
1:	movb $0x00, %al
	calll config_read
	cmpw $0xffff, %ax
	je 2f
	movb %ch, %al
	calll config_read
	shrl %cl, %eax
	cmpl %esi, %eax
	jne 3f
	subl $1, (%esp)
	jnc 3f
	movw %bx, C_EBX(%ebp)
	jmp good
3:	testb $7, %bl /* a device of one function? */
	jnz 4f
	movb $0x0c, %al
	calll config_read
	testl $0x800000, %eax
	jnz 4f
2:	testb $7, %bl
	jnz 4f
	orb $7, %bl
4:	incl %ebx
	cmpb %bh, %cs:last_bus(%edi)
	jb 5f
	cmpl $0x10000, %ebx
	jb 1b
5:	movb $PCI_NOT_FOUND, %al
	jmp done

special_cycle: /* device 31, function 7, register 0 of the bus (PCI 2.1, 3.7.4.2) */
	movb $0xff, %bl
	movb $0, %al
	calll select
	movl C_EDX(%ebp), %eax
	outl %eax, %dx
	jmp good

access:	/* AL: function - 8 */
	movzbl %al, %esi
	cmpb $3, %al
	jb 1f
	subb $3, %al
1:	movb %al, %cl
	movb $1, %ch
	shlb %cl, %ch
	decb %ch /* address bits that must be 0 */
	movl C_EDI(%ebp), %eax
	cmpw $0xff, %ax
	ja bad_register
	testb %al, %ch
	jnz bad_register
	movb %al, %ch
	calll select
	andb $3, %ch
	orb %ch, %dl
	movl C_ECX(%ebp), %eax
	cmpl $3, %esi
	jae 2f
	cmpb $1, %cl
	ja 4f
	je 3f
	inb %dx, %al
	movb %al, C_ECX(%ebp)
	jmp good
3:	inw %dx, %ax
	movw %ax, C_ECX(%ebp)
	jmp good
4:	inl %dx, %eax
	movl %eax, C_ECX(%ebp)
	jmp good
2:	cmpb $1, %cl
	ja 6f
	je 5f
	outb %al, %dx
	jmp good
5:	outw %ax, %dx
	jmp good
6:	outl %eax, %dx
	jmp good
bad_register:
	movb $PCI_BAD_REGISTER, %al
	jmp done

/* ESI: the $PIR table, ECX: the size of its slots; leaves for good where there is none */
table:	movzwl %cs:pirq(%edi), %esi
	testl %esi, %esi
	jz unsupported
	addl %edi, %esi
	movzwl %cs:PIR_SIZE(%esi), %ecx
	subl $PIR_SLOTS, %ecx
	ret

routing_options: /* ES:EDI: size of the buffer, its 48-bit address */
	calll table
	movw %cs:PIR_EXCLUSIVE(%esi), %ax
	movw %ax, C_EBX(%ebp)
	movl C_EDI(%ebp), %ebx
	cmpw %cx, %es:(%ebx)
	movw %cx, %es:(%ebx)
	movb $PCI_BUFFER_TOO_SMALL, %al
	jb done
	pushl %es
	lesl %es:2(%ebx), %edi
	addl $PIR_SLOTS, %esi
	rep movsb %cs:(%esi), %es:(%edi)
	popl %es
	jmp good

route_interrupt: /* BH, BL: bus, device; CL: pin, 0Ah-0Dh; CH: interrupt */
	calll table
	movzbl C_ECX(%ebp), %edx
	subb $0x0a, %dl
	cmpb $3, %dl
	ja set_failed
	leal (%edx, %edx, 2), %edx
	movw %cs:PIR_ROUTER(%esi), %di
	xchgb %bl, %bh /* as a slot has them */
	andb $0xf8, %bh
1:	subl $16, %ecx
	jb set_failed
	movw %cs:PIR_SLOTS(%esi), %ax
	andb $0xf8, %ah
	addl $16, %esi
	cmpw %bx, %ax
	jne 1b
	addl %edx, %esi
	movb %cs:PIR_SLOTS - 16 + 2(%esi), %al /* link: a register of the router */
	movzwl %cs:PIR_SLOTS - 16 + 3(%esi), %edx
	movzbl C_ECX + 1(%ebp), %ecx
	cmpb $15, %cl
	ja set_failed
	testb %al, %al
	jz set_failed
	btl %ecx, %edx
	jnc set_failed
	movw %di, %bx
	xchgb %bl, %bh
	movzwl %bx, %ebx
	movb %al, %ch
	calll select
	andb $3, %ch
	orb %ch, %dl
	movb %cl, %al
	outb %al, %dx
	movl $0x4d0, %edx /* ELCR: level-triggered */
	btl $3, %ecx
	adcl $0, %edx
	andl $7, %ecx
	inb %dx, %al
	btsl %ecx, %eax
	outb %al, %dx
	jmp good
set_failed:
	movb $PCI_SET_FAILED, %al
	jmp done

	.section .note.GNU-stack, "", @progbits
