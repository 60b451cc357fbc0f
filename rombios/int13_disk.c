/* SPDX-License-Identifier: MIT
 *
 * INT 13h: drives below 80h go to INT 40h, 80h and up are ATA disks, E0h and up CDs; an El Torito
 * emulation stands before either. References: EDD-3 (ANSI INCITS 347); AT Technical Reference.
 */
#include <rombios/disk.h>

enum { CDROM_FIRST = 0xe0, EDD_VERSION = 0x21, EDD_INTERFACES = 0x0005 };

uint8_t fetch_packet(const struct regs *r, struct transfer *t, uint16_t block_size)
{
	struct disk_packet p = {0};

	far_copy(BIOS_SEG, (uintptr_t)&p, r->ds, r->si, sizeof(p));
	if (p.size < 16 || p.reserved)
		return DISK_BAD_COMMAND;
	*t = (struct transfer){.lba = p.lba, .count = p.count, .seg = p.seg, .off = p.off};
	if (!block_size)
		return DISK_OK;
	if (p.seg == 0xffff && p.off == 0xffff) /* a 64-bit address: not below 1 MiB */
		return DISK_BAD_COMMAND;
	if (!reachable(p.seg, p.off, (uint32_t)p.count * block_size))
		return DISK_DMA_BOUNDARY;
	normalise(&t->seg, &t->off);
	return DISK_OK;
}

void store_moved(const struct regs *r, uint16_t moved)
{
	far_write16(r->ds, r->si + 2, moved);
}

uint8_t fetch_chs(const struct regs *r, struct transfer *t, const struct geometry *g)
{
	uint16_t cylinder = r->ch | (r->cl & 0xc0) << 2;
	uint8_t sector = r->cl & 0x3f;

	if (!r->al)
		return DISK_BAD_COMMAND;
	if (!sector || sector > g->sectors || r->dh >= g->heads || cylinder >= g->cylinders)
		return DISK_NOT_FOUND;
	if (!reachable(r->es, r->bx, r->al * 512u))
		return DISK_DMA_BOUNDARY;
	*t = (struct transfer){
		.lba = ((uint32_t)cylinder * g->heads + r->dh) * g->sectors + sector - 1,
		.count = r->al,
		.seg = r->es,
		.off = r->bx,
	};
	normalise(&t->seg, &t->off);
	return DISK_OK;
}

void store_geometry(struct regs *r, const struct geometry *g)
{
	uint16_t last = g->cylinders - 1;

	r->ch = last;
	r->cl = g->sectors | (last >> 2 & 0xc0);
	r->dh = g->heads - 1;
}

uint16_t drive_parameters(struct regs *r, const struct disk *d, uint16_t info, const struct geometry *g,
			  uint64_t blocks, uint16_t block_size)
{
	struct __attribute__((packed)) {
		uint16_t size, info;
		uint32_t cylinders, heads, sectors;
		uint64_t blocks;
		uint16_t block_size;
		uint32_t configuration;
	} p = {
		.info = info,
		.blocks = blocks,
		.block_size = block_size,
		.configuration = 0xffffffff, /* no table of the device's ports */
	};
	uint16_t size = far_read16(r->ds, r->si);

	if (size < 26)
		return DISK_BAD_COMMAND;
	p.size = size < 30 ? 26 : 30;
	if (g) {
		p.cylinders = g->cylinders;
		p.heads = g->heads;
		p.sectors = g->sectors;
	}
	far_copy(r->ds, r->si, BIOS_SEG, (uintptr_t)&p, p.size);
	return DISK_OK;
}

/* 02h-04h: CHS, 42h-44h: the packet */
static uint16_t transfer_chs(struct regs *r, const struct disk *d, enum transfer_kind kind)
{
	struct transfer t;
	uint8_t status = fetch_chs(r, &t, &d->logical);

	if (status) {
		r->al = 0;
		return status;
	}
	allow_interrupts(r);
	status = ata_transfer(d, &t, kind);
	r->al = t.moved;
	return status;
}

static uint16_t transfer_lba(struct regs *r, const struct disk *d, enum transfer_kind kind)
{
	struct transfer t;
	uint8_t status = fetch_packet(r, &t, kind == TRANSFER_VERIFY ? 0 : 512);

	if (!status && (t.lba >= d->blocks || d->blocks - t.lba < t.count))
		status = DISK_NOT_FOUND;
	if (status) {
		store_moved(r, 0);
		return status;
	}
	allow_interrupts(r);
	status = ata_transfer(d, &t, kind);
	store_moved(r, t.moved);
	return status;
}

static uint16_t handle_1308(struct regs *r, const struct disk *d)
{
	store_geometry(r, &d->logical);
	r->dl = disk_count();
	r->al = 0;
	return DISK_OK;
}

static uint16_t handle_1315(struct regs *r, const struct disk *d)
{
	const struct geometry *g = &d->logical;
	uint32_t blocks = g->cylinders * g->heads * g->sectors;

	r->cx = blocks >> 16;
	r->dx = blocks;
	return SUCCESS_AH(3);
}

static uint16_t seek_check(const struct regs *r, const struct disk *d)
{
	uint16_t cylinder = r->ch | (r->cl & 0xc0) << 2;

	return cylinder < d->logical.cylinders && r->dh < d->logical.heads ? DISK_OK : DISK_SEEK;
}

static uint16_t handle_1341(struct regs *r)
{
	if (r->bx != 0x55aa)
		return DISK_BAD_COMMAND;
	r->bx = 0xaa55;
	r->cx = EDD_INTERFACES;
	return SUCCESS_AH(EDD_VERSION);
}

static uint16_t handle_1347(struct regs *r, const struct disk *d)
{
	struct transfer t;
	uint8_t status = fetch_packet(r, &t, 0);

	if (!status && t.lba >= d->blocks)
		status = DISK_NOT_FOUND;
	return status;
}

/* 4Eh: what the hardware is asked to do. PIO mode 0 is what it does. */
static uint16_t handle_134e(struct regs *r)
{
	if (r->al > 6)
		return DISK_BAD_COMMAND;
	r->al = 0; /* only this drive is affected */
	return DISK_OK;
}

static uint16_t disk_service(struct regs *r, struct disk *d)
{
	switch (r->ah) {
	case 0x00:
	case 0x0d: return ata_reset(d);
	case 0x02: return transfer_chs(r, d, TRANSFER_READ);
	case 0x03: return transfer_chs(r, d, TRANSFER_WRITE);
	case 0x04: return transfer_chs(r, d, TRANSFER_VERIFY);
	case 0x05: return seek_check(r, d); /* ATA disks come formatted */
	case 0x08: return handle_1308(r, d);
	case 0x09:
	case 0x11:
	case 0x14: return DISK_OK;
	case 0x0c: return seek_check(r, d);
	case 0x10: return ata_ready(d);
	case 0x15: return handle_1315(r, d);
	case 0x41: return handle_1341(r);
	case 0x42: return transfer_lba(r, d, TRANSFER_READ);
	case 0x43: return r->al > 2 ? DISK_BAD_COMMAND : transfer_lba(r, d, TRANSFER_WRITE);
	case 0x44: return transfer_lba(r, d, TRANSFER_VERIFY);
	case 0x45: /* lock, eject, change: not of a fixed disk */
	case 0x46: return DISK_NOT_REMOVABLE;
	case 0x47: return handle_1347(r, d);
	case 0x48: return drive_parameters(r, d, 0x0002, &d->physical, d->blocks, 512);
	case 0x4e: return handle_134e(r);
	default: return DISK_BAD_COMMAND;
	}
}

static void floppy_service(struct regs *r)
{
	if (far_read32(0, 0x40 * 4) == 0xf000ec59)
		handle_40(r);
	else
		call_interrupt(0x40, r);
}

void handle_13(struct regs *r)
{
	uint8_t function = r->ah, caller_dl = r->dl, dl = r->dl;
	uint16_t status;

	if (function == 0x4b) {
		status = handle_134b(r);
	} else if (cdrom_emulates(&dl)) {
		status = handle_13_emulated(r);
	} else if (dl < 0x80) {
		r->dl = dl;
		floppy_service(r);
		if (function != 0x08)
			r->dl = caller_dl;
		return;
	} else if (function == 0x01) {
		status = bda.disk_status;
		bda.disk_status = 0;
		r->ah = status;
		set_cf(r, status != 0);
		return;
	} else if (dl >= CDROM_FIRST && dl - CDROM_FIRST < (int)cdrom_count()) {
		status = handle_13_cdrom(r, &cdroms[dl - CDROM_FIRST]);
	} else if (dl - 0x80 < (int)disk_count()) {
		status = disk_service(r, &disks[dl - 0x80]);
	} else if (function == 0x15) {
		status = SUCCESS_AH(0);
	} else {
		if (function == 0x08)
			r->ax = r->cx = r->dx = 0;
		status = function == 0x08 ? DISK_NO_PARAMETERS : DISK_BAD_COMMAND;
	}
	disable();
	r->ah = status;
	bda.disk_status = status < 0x100 ? status : 0;
	set_cf(r, status && status < 0x100);
}
