/* SPDX-License-Identifier: MIT
 *
 * Q35 with an ICH9: QEMU's q35.
 */
DefinitionBlock ("", "DSDT", 2, "DFW", "DFWICH9", 1)
{
#include "common.asl"

	Scope (\_SB) {
		Device (PCI0) {
			Name (_HID, EisaId ("PNP0A08"))
			Name (_CID, EisaId ("PNP0A03"))
			Name (_UID, 0)
			Name (_BBN, 0)
			HOST_BRIDGE_RESOURCES

			/* PCI Firmware 3.0, 4.5.1: PCI Express capabilities, hot plug, power management events and
			 * errors are the operating system's */
			Method (_OSC, 4) {
				CreateDWordField (Arg3, 0, STAT)
				If (Arg0 != ToUUID ("33DB4D5B-1FF7-401C-9657-7441C03DD766")) {
					STAT |= 4
				} Else {
					CreateDWordField (Arg3, 8, CTRL)
					CTRL &= 0x1F
				}
				Return (Arg3)
			}

			Device (ISA) {
				Name (_ADR, 0x001F0000)
				OperationRegion (CFG, PCI_Config, 0x60, 0x0C)
				Field (CFG, ByteAcc, NoLock, Preserve) {
					PRQA, 8, PRQB, 8, PRQC, 8, PRQD, 8, Offset (8),
					PRQE, 8, PRQF, 8, PRQG, 8, PRQH, 8
				}
				ISA_DEVICES
				Device (PORT) { BOARD_PORTS }
			}

			/* As pirq_of in pci.c: devices 0-24 are on PIRQE-H, turned by the device number, the
			 * chipset's own on PIRQA-D; the I/O APIC has them on pins 16-23 */
			Method (_PRT, 0, Serialized) {
				Local0 = Package (128) {}
				Local1 = 0
				While (Local1 < 128) {
					Local2 = Local1 >> 2
					Local3 = Local1 & 3
					If (Local2 < 25) { Local4 = 4 + ((Local2 + Local3) & 3) }
					Else { Local4 = Local3 }
					If (PICM) { Local5 = Package () { 0, 0, 0, 0 }
						    Local5[3] = 16 + Local4 }
					ElseIf (Local4 == 0) { ROUTE (LNKA) }
					ElseIf (Local4 == 1) { ROUTE (LNKB) }
					ElseIf (Local4 == 2) { ROUTE (LNKC) }
					ElseIf (Local4 == 3) { ROUTE (LNKD) }
					ElseIf (Local4 == 4) { ROUTE (LNKE) }
					ElseIf (Local4 == 5) { ROUTE (LNKF) }
					ElseIf (Local4 == 6) { ROUTE (LNKG) }
					Else { ROUTE (LNKH) }
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
		LINK (LNKE, 4, PRQE)
		LINK (LNKF, 5, PRQF)
		LINK (LNKG, 6, PRQG)
		LINK (LNKH, 7, PRQH)

		/* Memory-mapped configuration space, and the root complex's registers */
		Device (MMCF) {
			Name (_HID, EisaId ("PNP0C02"))
			Name (_UID, 2)
			Name (_CRS, ResourceTemplate () {
				Memory32Fixed (ReadWrite, 0xB0000000, 0x10000000)
				Memory32Fixed (ReadWrite, 0xFED1C000, 0x4000)
			})
		}
	}
}
