/* SPDX-License-Identifier: MIT
 *
 * The bus master of a PCI IDE controller (Programming Interface for Bus Master IDE Controller 1.0).
 *
 * It writes to physical memory. In real mode an address is what it says, and the caller's buffer is
 * reached straight; with CR0.PE set the caller is in a guest's VM86, its pages may lie anywhere, and
 * what is read goes through disk_buffer. Should a guest have put another page there as well, its marks are
 * left standing, and programmed I/O does the work. Writes then go by programmed I/O at once: nothing would
 * tell that the wrong page was written to the disk.
 */
#include <rombios/disk.h>
#include <rombios/pci.h>

/* Offsets in a channel's eight ports */
enum { BM_COMMAND = 0, BM_STATUS = 2, BM_TABLE = 4 };
enum { BM_START = 0x01, BM_TO_MEMORY = 0x08 };
enum { BM_ACTIVE = 0x01, BM_ERROR = 0x02, BM_INTERRUPT = 0x04, BM_ZERO = 0x18 };

enum {
	SECTORS_PER_COMMAND = 256,
	PATIENCE_US = 100,
	LOOK_STEPS = 1000 * 1000 / PATIENCE_US,	      /* then: has a guest turned the bus master off? */
	GIVE_UP_STEPS = 10 * 1000 * 1000 / PATIENCE_US,
	SPINS = 4096,
};

/* A physical region: at most 64 KiB (0), crossing no 64 KiB line; 4-byte aligned, as is the table */
static struct prd {
	uint32_t address;
	uint16_t bytes, flags;
} regions[4] __attribute__((aligned(32)));
enum { PRD_LAST = 0x8000 };

uint16_t ata_bus_master(uint16_t bdf)
{
	uint32_t bar = pci_read32(bdf, PCI_BAR4);

	/* programming interface bit 7: there is a bus master */
	if (!(pci_read32(bdf, PCI_CLASS) & 0x8000) || !(bar & 1) || bar < 0x100)
		return 0;
	pci_write16(bdf, PCI_COMMAND, pci_read16(bdf, PCI_COMMAND) | PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	return bar & 0xfffc;
}

static void fill_table(uint32_t address, uint32_t bytes)
{
	struct prd *p = regions;

	for (;;) {
		uint32_t part = 0x10000 - (address & 0xffff);

		if (part >= bytes) {
			*p = (struct prd){address, bytes, PRD_LAST};
			return;
		}
		*p++ = (struct prd){address, part, 0};
		address += part;
		bytes -= part;
	}
}

enum result {
	DONE,
	NOT_DONE, /* programmed I/O shall do it, or say what is wrong */
	SILENT,	  /* the device has not come to an end in time */
};

static enum result wait_done(const struct disk *d)
{
	for (unsigned n = SPINS; n; n--)
		if (!ata_dma_busy(d))
			return DONE;
	for (uint32_t steps = 0; steps < GIVE_UP_STEPS; steps++) {
		wait_microseconds(PATIENCE_US);
		if (!ata_dma_busy(d))
			return DONE;
		if (steps == LOOK_STEPS && !(pci_read16(d->bdf, PCI_COMMAND) & PCI_COMMAND_MASTER))
			return NOT_DONE; /* a system turned it off */
	}
	return SILENT;
}

/* One command for n sectors at a physical address. */
static enum result run(struct disk *d, const struct transfer *t, unsigned n, bool write, uint32_t address)
{
	uint16_t port = d->bus_master;
	uint32_t table = physical(regions);
	enum result result;
	uint8_t status;

	/* a system that moved the ports away or turned them off reads otherwise */
	status = inb(port + BM_STATUS);
	outl(port + BM_TABLE, table);
	if (status & (BM_ZERO | BM_ACTIVE) || inl(port + BM_TABLE) != table) {
		d->bus_master = 0;
		return NOT_DONE;
	}
	fill_table(address, n * 512);
	outb(port + BM_COMMAND, write ? 0 : BM_TO_MEMORY);
	outb(port + BM_STATUS, status | BM_ERROR | BM_INTERRUPT); /* written ones clear these */
	if (ata_dma_start(d, t, n, write))
		return NOT_DONE;
	outb(port + BM_COMMAND, (write ? 0 : BM_TO_MEMORY) | BM_START);
	result = wait_done(d);
	outb(port + BM_COMMAND, 0);
	if (result != DONE) {
		ata_abort(d);
		if (result == NOT_DONE)
			d->bus_master = 0;
		return result;
	}
	status = inb(port + BM_STATUS);
	outb(port + BM_STATUS, status | BM_ERROR | BM_INTERRUPT);
	return ata_dma_end(d) || status & BM_ERROR ? NOT_DONE : DONE;
}

static enum result straight(struct disk *d, struct transfer *t, enum transfer_kind kind)
{
	enum result result = DONE;

	while (t->moved < t->count) {
		unsigned n = t->count - t->moved;

		if (n > SECTORS_PER_COMMAND)
			n = SECTORS_PER_COMMAND;
		result = run(d, t, n, kind == TRANSFER_WRITE, ((uint32_t)t->seg << 4) + t->off);
		if (result != DONE)
			break;
		advance(t, n, n * 512);
	}
	return result;
}

/* The last four bytes of each sector in disk_buffer */
static inline uint32_t *mark_of(unsigned n)
{
	return (uint32_t *)(disk_buffer + n * 512 + 508);
}

uint32_t dma_mark(void)
{
	static uint32_t mark = 0x5ec7a11d;

	return mark = mark * 1664525 + 1013904223;
}

static enum result bounced(struct disk *d, struct transfer *t)
{
	enum result result = DONE;

	while (t->moved < t->count) {
		unsigned n = t->count - t->moved;
		uint32_t mark = dma_mark();

		if (n > DISK_BUFFER_SIZE / 512)
			n = DISK_BUFFER_SIZE / 512;
		for (unsigned i = 0; i < n; i++)
			*mark_of(i) = mark;
		result = run(d, t, n, false, physical(disk_buffer));
		if (result != DONE)
			break;
		for (unsigned i = 0; i < n; i++)
			if (*mark_of(i) == mark)
				return NOT_DONE;
		far_copy_dwords(t->seg, t->off, BIOS_SEG, (uintptr_t)disk_buffer, n * 128);
		advance(t, n, n * 512);
	}
	return result;
}

uint8_t ata_dma(struct disk *d, struct transfer *t, enum transfer_kind kind)
{
	enum result result = NOT_DONE;

	if (!(t->off & 1) && dma_reaches(t))
		result = straight(d, t, kind);
	else if (kind == TRANSFER_READ)
		result = bounced(d, t);
	outb(d->control, 0x08); /* interrupts on, as ever between commands */
	return result == SILENT ? DISK_TIMEOUT : DISK_OK;
}
