/* SPDX-License-Identifier: MIT
 *
 * PCI BIOS 2.1, real-mode interface: INT 1Ah, AH=B1h, by configuration mechanism 1.
 */
#include <rombios/rombios.h>

enum {
	PCI_OK = 0x00,
	PCI_UNSUPPORTED = 0x81,
	PCI_BAD_VENDOR = 0x83,
	PCI_NOT_FOUND = 0x86,
	PCI_BAD_REGISTER = 0x87,
	PCI_BUFFER_TOO_SMALL = 0x89
};

static uint32_t config_address(uint16_t bdf, uint16_t reg)
{
	return 0x80000000u | (uint32_t)bdf << 8 | (reg & 0xfc);
}

static uint32_t config_read(uint16_t bdf, uint16_t reg)
{
	outl(0xcf8, config_address(bdf, reg));
	return inl(0xcfc);
}

/* Finds the r->si'th function for which (register `reg` >> shift) == what. */
static uint8_t find(struct regs *r, uint8_t reg, uint8_t shift, uint32_t what)
{
	uint16_t left = r->si;

	for (uint32_t bdf = 0; bdf < (handoff.pci_last_bus + 1u) << 8; bdf++) {
		uint32_t id = config_read(bdf, 0);

		if ((uint16_t)id != 0xffff && config_read(bdf, reg) >> shift == what && !left--) {
			r->bx = bdf;
			return PCI_OK;
		}
		/* function 0 that is absent or has no others */
		if (!(bdf & 7) && ((uint16_t)id == 0xffff || !(config_read(bdf, 0x0c) & 0x800000)))
			bdf += 7;
	}
	return PCI_NOT_FOUND;
}

int pci_find(uint32_t id)
{
	struct regs r = {0};

	if (!handoff_valid || !handoff.pci_present || find(&r, 0, 0, id) != PCI_OK)
		return -1;
	return r.bx;
}

/* PCI interrupt routing options: the slots of the $PIR table, to the caller's buffer (PCI BIOS
 * 2.1, 4.10). The table is in the first megabyte. */
static uint8_t routing_options(struct regs *r)
{
	uint16_t seg = handoff.pirq >> 4, bytes;

	if (!handoff.pirq || handoff.pirq > 0xffff0 || far_read16(seg, 6) < 32)
		return PCI_UNSUPPORTED;
	bytes = far_read16(seg, 6) - 32;
	r->bx = far_read16(seg, 10); /* interrupts that only PCI uses */
	if (far_read16(r->es, r->di) < bytes) {
		far_write16(r->es, r->di, bytes);
		return PCI_BUFFER_TOO_SMALL;
	}
	far_write16(r->es, r->di, bytes);
	far_copy(far_read16(r->es, r->di + 4), far_read16(r->es, r->di + 2), seg, 32, bytes);
	return PCI_OK;
}

static uint8_t access_config(struct regs *r)
{
	unsigned size = 1u << ((r->al - 8) % 3);
	uint16_t port = 0xcfc + (r->di & 3);

	if (r->di > 0xff || (r->di & (size - 1)))
		return PCI_BAD_REGISTER;
	outl(0xcf8, config_address(r->bx, r->di));
	/* clang-format off */
	switch (r->al) {
	case 0x08: r->cl = inb(port); break;
	case 0x09: r->cx = inw(port); break;
	case 0x0a: r->ecx = inl(port); break;
	case 0x0b: outb(port, r->cl); break;
	case 0x0c: outw(port, r->cx); break;
	case 0x0d: outl(port, r->ecx); break;
	}
	/* clang-format on */
	return PCI_OK;
}

void handle_1ab1(struct regs *r)
{
	uint8_t status = PCI_UNSUPPORTED;

	if (handoff_valid && handoff.pci_present) {
		switch (r->al) {
		case 0x01:
			r->edx = 0x20494350; /* "PCI " */
			r->al = 1;
			r->bx = 0x0210;
			r->cl = handoff.pci_last_bus;
			status = PCI_OK;
			break;
		case 0x02:
			status = r->dx == 0xffff ? PCI_BAD_VENDOR
						 : find(r, 0, 0, (uint32_t)r->cx << 16 | r->dx);
			break;
		case 0x03:
			status = find(r, 8, 8, r->ecx & 0xffffff);
			break;
		case 0x0e:
			status = routing_options(r);
			break;
		case 0x08 ... 0x0d:
			status = access_config(r);
			break;
		}
	}
	r->ah = status;
	set_cf(r, status != PCI_OK);
}
