/* SPDX-License-Identifier: MIT
 *
 * x87, MMX and SSE where virtual-8086 mode cannot run them: operands beyond 64 KiB in unreal mode,
 * stale segments, the window between PE=1 and the far jump; FNSTENV's and FNSAVE's images with the
 * instruction pointers that they tell; #NM, #UD, #MF and #XM. "image" lines are what an
 * emulator without instruction pointers tells otherwise.
 */
#include "tests/vmxassist/guest.inc"
#include "tests/vmxassist/faults.inc"
#include "tests/vmxassist/unreal.inc"

main:
	call save_vectors
	vector 7, fault_handler_7
	movl %cr4, %eax
	orl $CR4_OSFXSR | CR4_OSXMMEXCPT, %eax
	movl %eax, %cr4
	fninit
	call unreal
	call test_x87
	call test_mmx
	call test_sse
	call test_later
	call test_alignment
	call test_images
	call test_stale
	call test_window
	call test_no_device
	call test_errors
	call test_simd_errors
	ret

	.data
	.balign 16
one_two_three_four: .float 1.0, 2.0, 3.0, 4.0
halves:	.float 0.5, -0.5, 1.5, -1.5
pi:	.byte 0x35, 0xc2, 0x68, 0x21, 0xa2, 0xda, 0x0f, 0xc9, 0x00, 0x40
	.balign 16
bytes:	.byte 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
mask:	.byte 0x80, 0, 0xff, 0x7f, 0, 0x81, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0xc0
	.text

test_x87:
	movl $HIGH, %esi
	movl $0x40490fdb, (%esi) /* pi, single */
	movl $1000, 4(%esi)
	flds (%esi)
	fadds (%esi)
	fiaddl 4(%esi)
	fimuls 4(%esi)
	fstpl 8(%esi)
	fldl 8(%esi)
	fmull 8(%esi)
	fstpt 16(%esi)
	fldt 16(%esi)
	fbstp 32(%esi)
	fbld 32(%esi)
	fistpll 48(%esi)
	fildll 48(%esi)
	fistpl 56(%esi)
	fnstcw 60(%esi)
	fnstsw 62(%esi)
	dump "x87:", 8, 14
	newline
	movl $HIGH, %esi
	movw $0x0f7f, (%esi)
	fldcw (%esi)
	fldt pi
	frndint
	fistps 2(%esi)
	fninit
	fldt pi
	fists 4(%esi)
	fstps 6(%esi)
	dump "x87: rounded", 0, 3
	newline
	/* FCOMI and FCMOV beside an interpreted operand; FNSTSW AX */
	movl $HIGH, %esi
	movl $0x3f800000, (%esi)
	fld1
	flds (%esi)
	fldz
	fcomi %st(1), %st
	fcmovb %st(1), %st
	fcomps (%esi)
	fnstsw %ax
	show16 "x87: compare sw", %ax
	fninit
	newline
	ret

test_mmx:
	movl $HIGH, %esi
	movq bytes, %mm0
	movq %mm0, (%esi)
	movq 8(%esi), %mm1
	paddb (%esi), %mm1
	punpcklbw (%esi), %mm0
	movd (%esi), %mm2
	movd %mm2, 16(%esi)
	movq %mm1, 24(%esi)
	movq %mm0, 32(%esi)
	pinsrw $2, (%esi), %mm2
	movq %mm2, 40(%esi)
	pextrw $2, %mm2, %eax
	movntq %mm2, 48(%esi)
	show32 "mmx: pextrw", %eax
	dump "", 16, 10
	newline
	movq bytes, %mm0
	movq mask, %mm1
	movl $HIGH + 0x80, %edi
	addr32 maskmovq %mm1, %mm0
	dump "mmx: maskmovq", 0x80, 3
	emms
	fnstsw %ax
	show16 " sw", %ax
	newline
	ret

test_sse:
	movl $HIGH, %esi
	movaps one_two_three_four, %xmm0
	movaps %xmm0, (%esi)
	addps (%esi), %xmm0
	movups %xmm0, 17(%esi)
	movups 17(%esi), %xmm1
	mulps %xmm1, %xmm0
	movntps %xmm0, 48(%esi)
	divss 4(%esi), %xmm1
	sqrtsd (%esi), %xmm2
	movss %xmm1, 64(%esi)
	movlps %xmm1, 72(%esi)
	movhps %xmm1, 80(%esi)
	movsd %xmm2, 88(%esi)
	dump "sse:", 16, 20
	newline
	movl $HIGH, %esi
	movl $-7, (%esi)
	cvtsi2ssl (%esi), %xmm3
	cvtsi2sdl (%esi), %xmm4
	movss %xmm3, 16(%esi)
	movsd %xmm4, 24(%esi)
	cvttsd2si 24(%esi), %eax
	cvtpi2ps 24(%esi), %xmm5
	movdqa bytes, %xmm6
	movdqa %xmm6, 32(%esi)
	pshufd $0x1b, 32(%esi), %xmm7
	movdqu %xmm7, 49(%esi)
	pcmpeqb 32(%esi), %xmm7
	pmovmskb %xmm7, %ebx
	comiss 16(%esi), %xmm3
	pushfw
	popw %dx
	andw $0x8d5, %dx
	show32 "sse: cvttsd2si", %eax
	show32 " pmovmskb", %ebx
	show16 " comiss", %dx
	dump "", 16, 14
	newline
	movdqa bytes, %xmm0
	movdqa mask, %xmm1
	movl $HIGH + 0x81, %edi
	addr32 maskmovdqu %xmm1, %xmm0
	dump "sse: maskmovdqu", 0x80, 5
	movl $HIGH, %esi
	movl $0x3f80, (%esi)
	ldmxcsr (%esi)
	stmxcsr 4(%esi)
	movl $0x1f80, (%esi)
	ldmxcsr (%esi)
	dump " mxcsr", 4, 1
	newline
	/* everything to memory and back */
	movl $HIGH + 0x100, %esi
	fld1
	movl %esi, %edi
	fxsave (%esi)
	xorps %xmm0, %xmm0
	xorps %xmm7, %xmm7
	fninit
	fxrstor (%esi)
	movl $HIGH, %esi
	movaps %xmm0, (%esi)
	movaps %xmm7, 16(%esi)
	fstps 32(%esi)
	dump "sse: fxrstor", 0, 9
	dump " fxsave", 0x100, 2
	newline
	fninit
	ret

/* SSE3 to SSE4.2, where the processor has that, and the integer instructions that came along; what the processor has not is #UD */
test_later:
	movl $1, %eax
	cpuid
	testl $1 << 20, %ecx
	jnz 1f
	ret
1:	movl $HIGH, %esi
	movaps bytes, %xmm0
	movaps %xmm0, (%esi)
	movapd one_two_three_four, %xmm1
	movaps %xmm1, 16(%esi)
	haddps 16(%esi), %xmm1
	movaps %xmm1, 32(%esi)
	lddqu 17(%esi), %xmm2
	movddup 24(%esi), %xmm3
	pshufb (%esi), %xmm0
	pmulld (%esi), %xmm0
	movaps %xmm0, 48(%esi)
	movaps %xmm3, 64(%esi)
	movups %xmm2, 81(%esi)
	movq bytes, %mm0
	phaddw 16(%esi), %mm0
	palignr $3, (%esi), %mm0
	movq %mm0, 104(%esi)
	emms
	pinsrd $2, 4(%esi), %xmm3
	pextrb $9, %xmm3, 112(%esi)
	pextrw $4, %xmm3, 114(%esi)
	extractps $2, %xmm3, 116(%esi)
	pmovzxbd (%esi), %xmm4
	movaps %xmm4, 128(%esi)
	dump "later:", 32, 28
	newline
	movl $HIGH, %esi
	movl $0x80001234, (%esi)
	popcntl (%esi), %eax
	show32 "later: popcnt", %eax
	popcntw (%esi), %ax
	show32 "", %eax
	movl $-1, %eax
	crc32b (%esi), %eax
	crc32w (%esi), %eax
	crc32l (%esi), %eax
	show32 " crc32", %eax
	movaps bytes, %xmm0
	movaps %xmm0, 16(%esi)
	pcmpistri $0, 17(%esi), %xmm0
	pushfw
	popw %ax
	andw $0x8d5, %ax
	show32 " pcmpistri", %ecx
	show16 "", %ax
	movl $4, %eax
	movl $4, %edx
	pcmpestrm $0x40, 16(%esi), %xmm0
	ptest 16(%esi), %xmm0
	pushfw
	popw %ax
	andw $0x8d5, %ax
	show16 " ptest", %ax
	fldt pi
	fisttpll 32(%esi)
	movnti %ecx, 40(%esi)
	movaps %xmm0, 48(%esi)
	clflush 16(%esi)
	mfence
	dump "", 32, 8
	newline
	movl $HIGH, %esi
	lzcnt (%esi), %eax /* BSR on these processors */
	show32 "later: lzcnt", %eax
	newline
	provoke "movbe", movbe (%esi), %eax
	provoke "sha", sha1nexte (%esi), %xmm0
	provoke "xgetbv", xgetbv
	provoke "xsave", xsave (%esi)
	provoke "vex", .byte 0xc5, 0xf8, 0x77
	provoke "3dnow", pfadd (%esi), %mm0
	provoke "rdrand", rdrand %eax
	provoke "invpcid", .byte 0x66, 0x0f, 0x38, 0x82, 0x06
	provoke "f3 paddb", .byte 0xf3, 0x0f, 0xfc, 0xc1
	provoke "66 movnti", .byte 0x66, 0x0f, 0xc3, 0x06
	fninit
	ret

test_alignment:
	movl $HIGH + 8, %esi
	provoke "movaps", movaps (%esi), %xmm0
	provoke "movntdq", movntdq %xmm0, (%esi)
	provoke "addps", addps (%esi), %xmm0
	provoke "pand xmm", pand (%esi), %xmm0
	provoke "fxsave", fxsave (%esi)
	provoke "movups", movups (%esi), %xmm0
	provoke "pand mm", pand (%esi), %mm0
	movl $0xffff1f80, (%esi)
	provoke "ldmxcsr", ldmxcsr (%esi)
	emms
	movl $0xfffe, %esi
	provoke "limit", fldl %fs:(%esi)
	provoke "stack limit", fldl %ss:(%esi)
	provoke "lock", .byte 0xf0, 0x0f, 0x58, 0xc1
	provoke "hole", .byte 0x0f, 0x13, 0xc1
	provoke "vmcall", .byte 0x0f, 0x01, 0xc1
	provoke "getsec", .byte 0x0f, 0x37
	ret

/* The pointers after an instruction that was interpreted, and after one that was not. */
test_images:
	movl $HIGH, %esi
	movl $0x3f800000, (%esi)
	fninit
	pushw $0x1234
	popw %fs /* a selector to be seen in FDS */
1:	flds (%esi)
	fnstenvl env
	movl env + 12, %eax
	subw $1b, %ax
	show32 "image: high ip", %eax
	show32 " op", env + 16
	show32 " dp", env + 20
	show32 " ds", env + 24
	newline
2:	fadds %fs:0x10
	fnstenvl 0x40(%esi)
	movl 0x40 + 12(%esi), %eax
	subw $2b, %ax
	show32 "image: low ip", %eax
	dump "", 0x40 + 16, 3
	newline
	movl $HIGH, %esi
3:	fsts 0x20(%esi)
	fnstenvs 0x80(%esi)
	fldenvs 0x80(%esi)
	fnstenvs 0x80(%esi)
	movw 0x80 + 6(%esi), %ax
	subw $3b, %ax
	show16 "image: short ip", %ax
	dump "", 0x80 + 8, 1
	newline
	fldt pi
	movl $HIGH, %esi
	fnsavel 0x100(%esi)
	fnstsw %ax
	show16 "fnsave: sw", %ax
	frstorl 0x100(%esi)
	fnstsw %ax
	show16 " sw", %ax
	fnsaves 0x180(%esi)
	dump "", 0x100 + 28, 5
	movl $HIGH, %esi
	frstors 0x180(%esi)
	fstpt 0x200(%esi)
	dump " st0", 0x200, 2
	newline
	fninit
	pushw $0
	popw %fs
	ret
	.data
	.balign 4
env:	.fill 32, 4, 0
	.text

/* PE=0, DS and ES loaded in protected mode: base 12340, whatever their selectors */
test_stale:
	cli
	pushw $0x1234
	popw %es
	movl $0x40000000, %es:0x10
	movl $0x40400000, %es:0x14
	movl $0x40800000, %es:0x18
	movl $0x40a00000, %es:0x1c
	fninit
	lgdt gdtr
	set_cr0 1
	movw $0x18, %bx
	movw %bx, %es
	ljmpw $0x10, $1f
1:	clear_cr0 1
	flds %es:0x10
	fadds %es:0x14
	fistl %es:0x20
	fstps %es:0x24
	movaps %es:0x10, %xmm0
	addps %xmm0, %xmm0
	movaps %xmm0, %es:0x30
	movq %es:0x10, %mm0
	paddd %es:0x18, %mm0
	movq %mm0, %es:0x40
	emms
	ljmpw $0, $2f
2:	pushw $0x1234
	popw %es
	sti
	show32 "stale: fist", %es:0x20
	show32 " fstp", %es:0x24
	show32 " xmm", %es:0x34
	show32 " mm", %es:0x40
	newline
	pushw $0
	popw %es
	call unreal
	ret

/* PE=1, everything still real-mode */
test_window:
	cli
	fninit
	lgdt gdtr
	set_cr0 1
1:	flds one_two_three_four + 8
	fnstenvs env
	fadds one_two_three_four + 4
	fnstenvl env + 32
	fstps env + 64
	movups one_two_three_four + 4, %xmm0
	mulps halves, %xmm0
	movups %xmm0, env + 80
	movq bytes, %mm0
	psubb mask, %mm0
	movq %mm0, env + 72
	emms
	ljmpw $0x10, $2f
2:	movw $0x20, %bx
	movw %bx, %ds
	movw %bx, %ss
	flds one_two_three_four + 12 /* CS loaded: natively where there is a host */
	fstps env + 68
	clear_cr0 1
	ljmpw $0, $3f
3:	xorw %bx, %bx
	movw %bx, %ds
	movw %bx, %ss
	sti
	show32 "window: fstp", env + 64
	show32 " fstp", env + 68
	show32 " mm", env + 72
	show32 " xmm", env + 80
	show32 "", env + 92
	newline
	movw env + 6, %ax
	subw $1b, %ax
	show16 "image: ip", %ax
	show16 " cs", env + 8
	movw env + 10, %ax
	subw $one_two_three_four, %ax
	show16 " dp", %ax
	show16 " ds", env + 12
	movl env + 32 + 12, %eax
	subl $1b, %eax
	show32 " ip", %eax
	show32 " op", env + 32 + 16
	newline
	call unreal
	ret

test_no_device:
	movl $HIGH, %esi
	movl $0x3f800000, (%esi)
	set_cr0 CR0_TS
	clear_cr0 CR0_MP
	provoke "ts: x87", flds (%esi)
	provoke "ts: sse", addps (%esi), %xmm0
	provoke "ts: mmx", paddb (%esi), %mm0
	provoke "ts: fxsave", fxsave (%esi)
	provoke "ts: wait", fwait
	provoke "ts: movnti", movnti %eax, 0x40(%esi)
	set_cr0 CR0_MP
	provoke "ts: wait with mp", fwait
	/* what a handler does: CLTS and again */
	vector 7, lazy
	flds (%esi)
	fstps 4(%esi)
	dump "lazy:", 4, 1
	newline
	vector 7, fault_handler_7
	movl $HIGH, %esi
	set_cr0 CR0_EM
	provoke "em: x87", flds (%esi)
	provoke "em: sse", addps (%esi), %xmm0
	provoke "em: mmx", paddb (%esi), %mm0
	provoke "em: wait", fwait
	clear_cr0 CR0_EM
	movl %cr4, %eax
	andl $~CR4_OSFXSR, %eax
	movl %eax, %cr4
	provoke "no osfxsr: sse", movups (%esi), %xmm0
	provoke "no osfxsr: mmx", paddb (%esi), %mm0
	provoke "no osfxsr: xmm", paddb (%esi), %xmm0
	emms
	movl %cr4, %eax
	orl $CR4_OSFXSR, %eax
	movl %eax, %cr4
	ret
lazy:	clts
	iretw

	.data
old_10:	.long 0
old_13:	.long 0
	.text

test_errors:
	movl 0x10 * 4, %eax
	movl %eax, old_10
	vector 16, fault_handler_16
	set_cr0 CR0_NE
	movl $HIGH, %esi
	movl $0x3f800000, (%esi)
	divide_by_zero
	provoke "mf: wait", fwait
	provoke "mf: low", flds one_two_three_four
	provoke "mf: high", flds (%esi)
	provoke "mf: store", fstps (%esi)
	provoke "mf: mmx", movq (%esi), %mm0
	provoke "mf: fnstsw", fnstsw (%esi)
	provoke "mf: fnstcw", fnstcw (%esi)
	provoke "mf: fxsave", fxsave 0x100(%esi)
	provoke "mf: sse", movups (%esi), %xmm0
	fnclex
	provoke "mf: cleared", flds (%esi)
	fninit
	clear_cr0 CR0_NE
	movl old_10, %eax
	movl %eax, 0x10 * 4
	ret

test_simd_errors:
	cli /* no disk's interrupt while INT 13h is away */
	movl 0x13 * 4, %eax
	movl %eax, old_13
	vector 19, fault_handler_19
	movl $HIGH, %esi
	movl $0, (%esi)
	movl $0x1d80, 4(%esi)
	movss one_two_three_four, %xmm0
	ldmxcsr 4(%esi)
	xorps %xmm1, %xmm1
	provoke "xm: registers", divss %xmm1, %xmm0
	provoke "xm: high", divss (%esi), %xmm0
	movl %cr4, %eax
	andl $~CR4_OSXMMEXCPT, %eax
	movl %eax, %cr4
	provoke "ud: registers", divss %xmm1, %xmm0
	provoke "ud: high", divss (%esi), %xmm0
	movl %cr4, %eax
	orl $CR4_OSXMMEXCPT, %eax
	movl %eax, %cr4
	movss %xmm0, (%esi)
	stmxcsr 4(%esi)
	dump "xm:", 0, 2
	newline
	movl $HIGH, %esi
	movl $0x1f80, (%esi)
	ldmxcsr (%esi)
	movl old_13, %eax
	movl %eax, 0x13 * 4
	sti
	ret
