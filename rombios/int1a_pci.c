/* SPDX-License-Identifier: MIT
 *
 * PCI BIOS 2.1, real-mode interface: INT 1Ah, AH=B1h, by configuration mechanism 1.
 */
#include <rombios/pci.h>

enum {
	PCI_OK = 0x00,
	PCI_UNSUPPORTED = 0x81,
	PCI_BAD_VENDOR = 0x83,
	PCI_NOT_FOUND = 0x86,
	PCI_BAD_REGISTER = 0x87,
	PCI_SET_FAILED = 0x88,
	PCI_BUFFER_TOO_SMALL = 0x89
};

int pci_next(int bdf)
{
	if (!handoff_valid || !handoff.pci_present)
		return -1;
	/* behind function 0 of a device that has no others */
	if (bdf >= 0 && !(bdf & 7) && !(pci_read16(bdf, PCI_HEADER) & PCI_MULTIFUNCTION))
		bdf += 7;
	while (++bdf < (handoff.pci_last_bus + 1) << 8) {
		if (pci_read16(bdf, 0) != 0xffff)
			return bdf;
		if (!(bdf & 7))
			bdf += 7;
	}
	return -1;
}

/* Finds the r->si'th function for which (register `reg` >> shift) == what. */
static uint8_t find(struct regs *r, uint8_t reg, uint8_t shift, uint32_t what)
{
	uint16_t left = r->si;

	for (int bdf = -1; (bdf = pci_next(bdf)) >= 0;)
		if (pci_read32(bdf, reg) >> shift == what && !left--) {
			r->bx = bdf;
			return PCI_OK;
		}
	return PCI_NOT_FOUND;
}

int pci_find(uint32_t id)
{
	struct regs r = {0};

	return find(&r, 0, 0, id) == PCI_OK ? r.bx : -1;
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

/* Routes a pin, CL = 0Ah-0Dh, of a device to interrupt CH: by its link's register in the router,
 * as the $PIR table has it, and level-triggered (PCI BIOS 2.1, 4.11). */
static uint8_t route_interrupt(struct regs *r)
{
	uint16_t seg = handoff.pirq >> 4, end, slot;
	uint8_t pin = r->cl - 0x0a;

	if (!handoff.pirq || handoff.pirq > 0xffff0)
		return PCI_UNSUPPORTED;
	end = far_read16(seg, 6);
	for (slot = 32; slot + 16u <= end; slot += 16) {
		uint16_t at = slot + 2 + 3 * pin, elcr = 0x4d0 + (r->ch >> 3);
		uint8_t link;

		if (far_read8(seg, slot) != r->bh || (far_read8(seg, slot + 1) ^ r->bl) & 0xf8)
			continue;
		if (pin > 3 || r->ch > 15 || !(far_read16(seg, at + 1) >> r->ch & 1))
			break;
		link = far_read8(seg, at);
		if (!link)
			break;
		pci_read32((uint16_t)far_read8(seg, 8) << 8 | far_read8(seg, 9), link);
		outb(0xcfc + (link & 3), r->ch);
		outb(elcr, inb(elcr) | 1 << (r->ch & 7));
		return PCI_OK;
	}
	return PCI_SET_FAILED;
}

static uint8_t special_cycle(struct regs *r)
{
	outl(0xcf8, 0x8000ff00u | (uint32_t)r->bh << 16); /* PCI 2.1, 3.7.4.2 */
	outl(0xcfc, r->edx);
	return PCI_OK;
}

static uint8_t access_config(struct regs *r)
{
	unsigned size = 1u << ((r->al - 8) % 3);
	uint16_t port = 0xcfc + (r->di & 3);

	if (r->di > 0xff || (r->di & (size - 1)))
		return PCI_BAD_REGISTER;
	pci_select(r->bx, r->di);
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
			r->al = 0x11; /* mechanism 1, special cycles by it */
			r->bx = pci_bios_version;
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
		case 0x06:
			status = special_cycle(r);
			break;
		case 0x0e:
			status = routing_options(r);
			break;
		case 0x0f:
			status = route_interrupt(r);
			break;
		case 0x08 ... 0x0d:
			status = access_config(r);
			break;
		}
	}
	r->ah = status;
	set_cf(r, status != PCI_OK);
}
