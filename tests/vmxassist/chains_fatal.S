/* SPDX-License-Identifier: MIT
 *
 * Chains of faults that end in shutdown: in real mode, in the window, in protected mode; with a stack
 * or an IDT that is cut, absent, read-only, or memory that is not there. Each comes back by CMOS 0Fh.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/window.inc"
#include "tests/vmxassist/chains.inc"
#include "tests/vmxassist/fatal.inc"

	.macro fatal_chain name, prepare, code, cr0=0
	fatal_begin
	chain_begin "\prepare", \cr0, "\code"
	fatal_end "\name"
	.endm

	/* real mode, with SS loaded in protected mode: base 30000 and a small limit */
	.macro small_stack limit, sp
	movw $\limit, gdt + SEL_OWN
	movl $0x00009303, gdt + SEL_OWN + 4
	set_pe
	movw $SEL_OWN, %ax
	movw %ax, %ss
	clear_pe
	movw $\sp, %sp
	.endm

main:
	/* a stack that is odd meets FFFFh once */
	fatal "int chain", "movw $6f, 0x60 * 4; movw $CHAIN_STACK, %ax; movw %ax, %ss; movw $0x8001, %sp; 6: int $0x60"
	fatal "ud2 chain", "movw $6f, 6 * 4; movw $0, 6 * 4 + 2; movw $CHAIN_STACK, %ax; movw %ax, %ss; movw $0x8001, %sp; 6: ud2"
	fatal "small stack, int", "small_stack 0x0ff, 0x104; int $0x60"
	fatal "small stack, push", "small_stack 0x0ff, 0x104; pushw %ax"
	fatal "small stack, ud2 chain", "movw $6f, 6 * 4; movw $0, 6 * 4 + 2; small_stack 0x0ff, 0xfe; 6: ud2"
	fatal "ivt of 8 vectors, ud2 with no stack", "movl $1, %esp; lidt idtr_8; ud2"

	fatal "window, idt of 8 gates", "lidt idtr_pm_8; set_pe; int $0x30"
	fatal "window, idt where nothing is", "lidt idtr_nowhere; set_pe; ud2"
	fatal "window, small stack", "lidt pidtr; small_stack 0x0ff, 2; set_pe; ud2"
	fatal_chain "window, no gate for df", "gate_off 8; gate_off 0", "xorb %dl, %dl; divb %dl"
	fatal_chain "window, idt absent", "page_off IDT_PAGE; page_off IDT_PAGE + 0x1000", "ud2"
	fatal_chain "window, idt of df absent", "page_off IDT_PAGE + 0x1000", "movw $0x1000, %dx; movw %dx, %fs"
	fatal_chain "window, stack absent", "", "movw $ABSENT + 0x800, %sp; ud2"
	fatal_chain "window, stack absent, push", "", "movw $ABSENT + 0x800, %sp; pushw %ax"
	fatal_chain "window, stack read-only", "page_read_only 0x7000", "ud2", 0x10000
	fatal_chain "window, gdt absent", "page_off gdt_page", "ud2"
	fatal_chain "window, everything absent", "movl $0, %es:0x8000 / 0x1000 * 4; movl $0, %es:0x9000 / 0x1000 * 4", "nop; nop"

	/* the same in protected mode, which the assist has left */
	fatal_chain "protected mode, no gate for df", "gate_off 8; gate_off 0", "ljmpw $SEL_CODE16, $1f; 1: xorb %dl, %dl; divb %dl"
	fatal_chain "protected mode, idt absent", "page_off IDT_PAGE; page_off IDT_PAGE + 0x1000", "ljmpw $SEL_CODE16, $1f; 1: ud2"
	fatal_chain "protected mode, stack absent", "", "ljmpw $SEL_CODE16, $1f; 1: movw $ABSENT + 0x800, %sp; ud2"
	fatal "and out again, no idt", "lidt idtr_none; set_pe; ljmpw $SEL_CODE16, $1f; 1: clear_pe; int $0x60"
	fatal "nothing", "nop"
	shutdown_code 0
	ret

	.equ gdt_page, 0x8000
	.data
idtr_none: .word 0
	.long 0
idtr_8:	.word 8 * 4 - 1
	.long 0
idtr_pm_8: .word 8 * 8 - 1
	.long pidt
idtr_nowhere: .word 0x3ff
	.long 0xd0000000
	.text
