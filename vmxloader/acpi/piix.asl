/* SPDX-License-Identifier: MIT
 *
 * 82441FX or 82443BX with a PIIX3 or PIIX4: QEMU's pc, Bochs, Xen.
 */
DefinitionBlock ("", "DSDT", 2, "DFW", "DFWPIIX", 1)
{
#include "common.asl"

	Scope (\_SB) {
		Device (PCI0) {
			Name (_HID, EisaId ("PNP0A03"))
			Name (_UID, 0)
			Name (_BBN, 0)
			HOST_BRIDGE_RESOURCES

			Device (ISA) {
				Name (_ADR, 0x00010000)
				OperationRegion (CFG, PCI_Config, 0x60, 4)
				Field (CFG, ByteAcc, NoLock, Preserve) { PRQA, 8, PRQB, 8, PRQC, 8, PRQD, 8 }
				ISA_DEVICES
				Device (PORT) { BOARD_PORTS }
			}

			/* As pirq_of and io_apic_pin in pci.c: pins turn from device 1 on, Xen's from device 0;
			 * with Xen's I/O APIC each device has pins of its own */
			Method (_PRT, 0, Serialized) {
				Local0 = Package (128) {}
				Local1 = 0
				While (Local1 < 128) {
					Local2 = Local1 >> 2
					Local3 = Local1 & 3
					Local4 = (Local2 + Local3 + 3 + XENP) & 3
					If (PICM && XENP) { Local5 = Package () { 0, 0, 0, 0 }
							    Local5[3] = 16 + ((Local1 + (Local2 >> 3)) & 31) }
					ElseIf (Local4 == 0) { ROUTE (LNKA) }
					ElseIf (Local4 == 1) { ROUTE (LNKB) }
					ElseIf (Local4 == 2) { ROUTE (LNKC) }
					Else { ROUTE (LNKD) }
					Local5[0] = (Local2 << 16) | 0xFFFF
					Local5[1] = Local3
					Local0[Local1] = Local5
					Local1++
				}
				Return (Local0)
			}
		}
		LINK (LNKA, 0, PRQA)
		LINK (LNKB, 1, PRQB)
		LINK (LNKC, 2, PRQC)
		LINK (LNKD, 3, PRQD)
	}
}
