/* SPDX-License-Identifier: MIT
 *
 * The payloads, as built by their parts. The directory of built files is in the include path.
 */
	.macro payload name, file
	.globl	\name, \name\()_end
	.balign	16
\name:
	.incbin	"\file"
\name\()_end:
	.endm

	.section .payloads, "a"
	payload	payload_rombios, rombios.bin
	payload	payload_vgabios_std, vgabios-std.bin
	payload	payload_vgabios_cirrus, vgabios-cirrus.bin
	payload	payload_vmxassist, vmxassist.bin
	payload	dsdt_piix, acpi/piix.aml
	payload	dsdt_ich9, acpi/ich9.aml

	.section .note.GNU-stack, "", @progbits
