/* SPDX-License-Identifier: MIT
 *
 * What the boards' DSDTs share. The values that only the running machine knows are names in the SSDT that
 * vmxloader makes (acpi.c). Pre-processed by cpp.
 */
External (\WLO0, IntObj) /* memory that PCI functions may have below 4 GiB: first and last byte */
External (\WLO1, IntObj)
External (\WHI0, IntObj) /* above 4 GiB; last byte 0: none */
External (\WHI1, IntObj)
External (\DEVS, IntObj) /* ISA devices that are there */
External (\PMIO, IntObj) /* the ACPI block's first port */
External (\XENP, IntObj) /* 1: pins go to lines as Xen has them */

#define HAS_COM1 0x01
#define HAS_COM2 0x02
#define HAS_LPT1 0x04
#define HAS_FDC	 0x08
#define HAS_HPET 0x10

#define STA_IF(bit) Method (_STA, 0) { If (DEVS & bit) { Return (0x0F) } Return (0) }

/* ACPI 6.4, 5.8.1: 0 = 8259A, 1 = I/O APIC */
Name (PICM, 0)
Method (_PIC, 1) { PICM = Arg0 }

Name (_S5, Package () { 0, 0, 0, 0 }) /* SOFT_OFF in power.h */

/* A PCI interrupt link with its register of the ISA bridge: PIRQRC, 82371SB 4.1.10; bit 7: off */
#define LINK(name, uid, reg)							\
	Device (name) {								\
		Name (_HID, EisaId ("PNP0C0F"))					\
		Name (_UID, uid)						\
		Name (_PRS, ResourceTemplate () {				\
			Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { 5, 10, 11 } })	\
		Method (_STA, 0) { If (\_SB.PCI0.ISA.reg & 0x80) { Return (0x09) } Return (0x0B) }	\
		Method (_DIS, 0) { \_SB.PCI0.ISA.reg |= 0x80 }			\
		Method (_CRS, 0) { Return (LCRS (\_SB.PCI0.ISA.reg)) }		\
		Method (_SRS, 1) {						\
			CreateDWordField (Arg0, 5, IRQ)				\
			\_SB.PCI0.ISA.reg = IRQ					\
		}								\
	}

Scope (\_SB) {
	Name (BUF, ResourceTemplate () { Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { 0 } })
	Method (LCRS, 1, Serialized) {
		CreateDWordField (BUF, 5, IRQ)
		IRQ = Arg0 & 0x0F
		If (Arg0 & 0x80) { IRQ = 0 }
		Return (BUF)
	}

	Device (HPET) {
		Name (_HID, EisaId ("PNP0103"))
		Name (_UID, 0)
		STA_IF (HAS_HPET)
		Name (_CRS, ResourceTemplate () { Memory32Fixed (ReadOnly, 0xFED00000, 0x400) })
	}
}

#define HOST_BRIDGE_RESOURCES							\
	Name (CRS, ResourceTemplate () {					\
		WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0, 0, 0xFF, 0, 0x100)	\
		IO (Decode16, 0xCF8, 0xCF8, 1, 8)				\
		WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, 0, 0, 0xCF7, 0, 0xCF8)	\
		WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, 0, 0xD00, 0xFFFF, 0, 0xF300)	\
		DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite,	\
			0, 0xA0000, 0xBFFFF, 0, 0x20000)			\
		DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,	\
			0, 0xE0000000, 0xFEBFFFFF, 0, 0x1EC00000, , , LOW)	\
	})									\
	Name (CRSH, ResourceTemplate () {					\
		QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite,	\
			0, 0x100000000, 0x1FFFFFFFF, 0, 0x100000000, , , HIGH)	\
	})									\
	Method (_CRS, 0, Serialized) {						\
		CreateDWordField (CRS, ^LOW._MIN, LMIN)				\
		CreateDWordField (CRS, ^LOW._MAX, LMAX)				\
		CreateDWordField (CRS, ^LOW._LEN, LLEN)				\
		CreateQWordField (CRSH, ^HIGH._MIN, HMIN)			\
		CreateQWordField (CRSH, ^HIGH._MAX, HMAX)			\
		CreateQWordField (CRSH, ^HIGH._LEN, HLEN)			\
		LMIN = WLO0							\
		LMAX = WLO1							\
		LLEN = WLO1 - WLO0 + 1						\
		If (WHI1 == 0) { Return (CRS) }					\
		HMIN = WHI0							\
		HMAX = WHI1							\
		HLEN = WHI1 - WHI0 + 1						\
		Return (ConcatenateResTemplate (CRS, CRSH))			\
	}

/* The devices of the ISA bus, inside the ISA bridge */
#define ISA_DEVICES								\
	Device (PIC) {								\
		Name (_HID, EisaId ("PNP0000"))					\
		Name (_CRS, ResourceTemplate () {				\
			IO (Decode16, 0x20, 0x20, 1, 2)				\
			IO (Decode16, 0xA0, 0xA0, 1, 2)				\
			IO (Decode16, 0x4D0, 0x4D0, 1, 2)			\
			IRQNoFlags () { 2 }					\
		})								\
	}									\
	Device (TMR) {								\
		Name (_HID, EisaId ("PNP0100"))					\
		Name (_CRS, ResourceTemplate () {				\
			IO (Decode16, 0x40, 0x40, 1, 4)				\
			IRQNoFlags () { 0 }					\
		})								\
	}									\
	Device (DMAC) {								\
		Name (_HID, EisaId ("PNP0200"))					\
		Name (_CRS, ResourceTemplate () {				\
			IO (Decode16, 0x00, 0x00, 1, 0x10)			\
			IO (Decode16, 0x81, 0x81, 1, 0x0F)			\
			IO (Decode16, 0xC0, 0xC0, 1, 0x20)			\
			DMA (Compatibility, NotBusMaster, Transfer8_16) { 4 }	\
		})								\
	}									\
	Device (SPKR) {								\
		Name (_HID, EisaId ("PNP0800"))					\
		Name (_CRS, ResourceTemplate () { IO (Decode16, 0x61, 0x61, 1, 1) })	\
	}									\
	Device (RTC) {								\
		Name (_HID, EisaId ("PNP0B00"))					\
		Name (_CRS, ResourceTemplate () {				\
			IO (Decode16, 0x70, 0x70, 1, 8)				\
			IRQNoFlags () { 8 }					\
		})								\
	}									\
	Device (FPU) {								\
		Name (_HID, EisaId ("PNP0C04"))					\
		Name (_CRS, ResourceTemplate () {				\
			IO (Decode16, 0xF0, 0xF0, 1, 0x10)			\
			IRQNoFlags () { 13 }					\
		})								\
	}									\
	Device (KBD) {								\
		Name (_HID, EisaId ("PNP0303"))					\
		Name (_CRS, ResourceTemplate () {				\
			IO (Decode16, 0x60, 0x60, 1, 1)				\
			IO (Decode16, 0x64, 0x64, 1, 1)				\
			IRQNoFlags () { 1 }					\
		})								\
	}									\
	Device (MOU) {								\
		Name (_HID, EisaId ("PNP0F13"))					\
		Name (_CRS, ResourceTemplate () { IRQNoFlags () { 12 } })	\
	}									\
	Device (FDC0) {								\
		Name (_HID, EisaId ("PNP0700"))					\
		STA_IF (HAS_FDC)						\
		Name (_CRS, ResourceTemplate () {				\
			IO (Decode16, 0x3F2, 0x3F2, 0, 4)			\
			IO (Decode16, 0x3F7, 0x3F7, 0, 1)			\
			IRQNoFlags () { 6 }					\
			DMA (Compatibility, NotBusMaster, Transfer8) { 2 }	\
		})								\
	}									\
	Device (LPT1) {								\
		Name (_HID, EisaId ("PNP0400"))					\
		STA_IF (HAS_LPT1)						\
		Name (_CRS, ResourceTemplate () {				\
			IO (Decode16, 0x378, 0x378, 8, 8)			\
			IRQNoFlags () { 7 }					\
		})								\
	}									\
	Device (COM1) {								\
		Name (_HID, EisaId ("PNP0501"))					\
		Name (_UID, 1)							\
		STA_IF (HAS_COM1)						\
		Name (_CRS, ResourceTemplate () {				\
			IO (Decode16, 0x3F8, 0x3F8, 0, 8)			\
			IRQNoFlags () { 4 }					\
		})								\
	}									\
	Device (COM2) {								\
		Name (_HID, EisaId ("PNP0501"))					\
		Name (_UID, 2)							\
		STA_IF (HAS_COM2)						\
		Name (_CRS, ResourceTemplate () {				\
			IO (Decode16, 0x2F8, 0x2F8, 0, 8)			\
			IRQNoFlags () { 3 }					\
		})								\
	}

/* Ports that nothing else may have: the ACPI block, SMBus, the APM ports */
#define BOARD_PORTS								\
	Name (_HID, EisaId ("PNP0C02"))						\
	Name (_UID, 1)								\
	Name (CRS, ResourceTemplate () {					\
		IO (Decode16, 0x600, 0x600, 0, 0x80, PMB)			\
		IO (Decode16, 0x700, 0x700, 0, 0x40)				\
		IO (Decode16, 0xB2, 0xB2, 0, 2)					\
	})									\
	Method (_CRS, 0, Serialized) {						\
		CreateWordField (CRS, ^PMB._MIN, PMIN)				\
		CreateWordField (CRS, ^PMB._MAX, PMAX)				\
		PMIN = PMIO							\
		PMAX = PMIO							\
		Return (CRS)							\
	}

/* One entry of _PRT, made at run time; the device and the pin are filled in */
#define ROUTE(link) Local5 = Package () { 0, 0, link, 0 }
