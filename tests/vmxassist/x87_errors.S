/* SPDX-License-Identifier: MIT
 *
 * x87 errors in real mode: x87_errors.inc.
 */
#include "tests/vmxassist/guest.inc"

	.macro vector n, handler
	movw $\handler, \n * 4
	movw $0, \n * 4 + 2
	.endm

main:	call x87_errors
	sti
	ret

#include "tests/vmxassist/x87_errors.inc"
