/* SPDX-License-Identifier: MIT
 *
 * INT 13h: drives below 80h go to INT 40h, 80h and up are ATA disks, E0h and up CDs; an El Torito
 * emulation stands before either. References: EDD-3 (ANSI INCITS 347); AT Technical Reference.
 */
#include <rombios/disk.h>

enum { CDROM_FIRST = 0xe0, EDD_VERSION = 0x30, EDD_INTERFACES = 0x0005 };

struct disk disks[DISK_MAX];
static uint8_t disks_found;

unsigned disk_count(void)
{
	return disks_found;
}

static uint32_t cylinders_of(uint64_t blocks, uint32_t per_cylinder, uint32_t most)
{
	/* 64-bit division is not at hand, and no cylinder count above `most` is of use */
	if (blocks >= (uint64_t)per_cylinder * most)
		return most;
	return (uint32_t)blocks / per_cylinder;
}

/* The geometry that INT 13h shows: the drive's own where that fits 1024 cylinders, else the
 * LBA-assisted one (EDD-3, annex C). */
void disk_translate(struct disk *d)
{
	enum { CYLINDERS = 1024, SECTORS = 63 };
	struct geometry *l = &d->logical;
	const struct geometry *p = &d->physical;
	uint16_t heads = 16;

	if (p->cylinders && p->cylinders <= CYLINDERS && p->heads && p->heads <= 16 &&
	    p->sectors && p->sectors <= SECTORS) {
		*l = *p;
		return;
	}
	while (heads < 128 && d->blocks > (uint32_t)heads * SECTORS * CYLINDERS)
		heads *= 2;
	if (d->blocks > (uint32_t)heads * SECTORS * CYLINDERS)
		heads = 255;
	l->heads = heads;
	l->sectors = SECTORS;
	l->cylinders = cylinders_of(d->blocks, heads * SECTORS, CYLINDERS);
	if (!l->cylinders)
		l->cylinders = 1;
}

/* The fixed disk parameter table (EDD-3, annex C; IBM AT, INT 41h). */
static void store_fdpt(unsigned n, const struct disk *d)
{
	uint16_t off = offsetof(struct ebda, fdpt) + n * 16;
	const struct geometry *l = &d->logical, *p = &d->physical;
	bool translated = l->heads != p->heads || l->sectors != p->sectors;
	uint16_t cylinders = p->cylinders < 0xffff ? p->cylinders : 0xffff;
	uint8_t table[16] = {
		[0] = l->cylinders,
		[1] = l->cylinders >> 8,
		[2] = l->heads,
		[5] = 0xff, /* no write precompensation */
		[6] = 0xff,
		[8] = 0xc0 | (p->heads > 8) << 3,
		[12] = cylinders, /* landing zone */
		[13] = cylinders >> 8,
		[14] = l->sectors,
	};

	if (translated) {
		table[3] = 0xa0;
		table[4] = p->sectors;
		table[9] = cylinders;
		table[10] = cylinders >> 8;
		table[11] = p->heads;
		for (unsigned i = 0; i < 15; i++)
			table[15] -= table[i];
	}
	far_copy(bda.ebda_seg, off, BIOS_SEG, (uintptr_t)table, sizeof(table));
	far_write32(0, (n ? 0x46 : 0x41) * 4, (uint32_t)bda.ebda_seg << 16 | off);
}

void disks_init(void)
{
	disks_found = bda.disk_count = 0; /* a reset starts here again */
}

void disk_add(const struct disk *d)
{
	if (disks_found == DISK_MAX) {
		print("more than %u disks: left out\n", (unsigned)DISK_MAX);
		return;
	}
	disks[disks_found] = *d;
	if (disks_found < 2)
		store_fdpt(disks_found, d);
	bda.disk_count = ++disks_found;
}

void disk_to(unsigned from, unsigned to)
{
	struct disk d = disks[from];

	for (; from > to; from--)
		disks[from] = disks[from - 1];
	disks[to] = d;
	for (unsigned n = 0; n < disks_found && n < 2; n++)
		store_fdpt(n, &disks[n]);
}

static uint8_t disk_transfer(struct disk *d, struct transfer *t, enum transfer_kind kind)
{
	return d->virtio ? virtio_blk_transfer(d, t, kind) : ata_transfer(d, t, kind);
}

static uint8_t disk_reset(struct disk *d)
{
	return d->virtio ? virtio_blk_reset(d) : ata_reset(d);
}

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

/* The device parameter table extension (EDD-3, 8.20): how the disk is reached, one for the drive that
 * was asked about last. */
static uint32_t parameter_extension(const struct disk *d)
{
	static struct __attribute__((packed)) {
		uint16_t base, control;
		uint8_t device, vendor, irq, multiple, dma, pio;
		uint16_t options, reserved;
		uint8_t revision, checksum;
	} table;
	enum { FAST_DMA = 1 << 1, BLOCK_PIO = 1 << 2, TRANSLATED = 1 << 3, LBA = 1 << 4, REMOVABLE = 1 << 5,
	       ATAPI = 1 << 6, PIO32 = 1 << 7, LBA_ASSISTED = 1 << 9 };
	const struct geometry *l = &d->logical, *p = &d->physical;
	uint16_t options = LBA | PIO32 | (d->bus_master ? FAST_DMA : 0) | (d->multiple ? BLOCK_PIO : 0);
	uint8_t sum = 0;

	if (d->atapi)
		options |= REMOVABLE | ATAPI;
	else if (l->heads != p->heads || l->sectors != p->sectors)
		options |= TRANSLATED | LBA_ASSISTED;
	table = (typeof(table)){
		.base = d->base,
		.control = d->control,
		.device = d->device,
		.irq = d->irq,
		.multiple = d->multiple,
		.options = options,
		.revision = 0x11,
	};
	for (unsigned i = 0; i < sizeof(table); i++)
		sum += ((const uint8_t *)&table)[i];
	table.checksum = -sum;
	return (uint32_t)BIOS_SEG << 16 | (uint16_t)(uintptr_t)&table;
}

uint16_t drive_parameters(struct regs *r, const struct disk *d, uint16_t info, const struct geometry *g,
			  uint64_t blocks, uint16_t block_size)
{
	/* EDD 1.1: the first 26 bytes; 2: 30; EDD-3: 66; EDD-4, with a longer device path: 74 */
	struct __attribute__((packed)) {
		uint16_t size, info;
		uint32_t cylinders, heads, sectors;
		uint64_t blocks;
		uint16_t block_size;
		uint32_t extension;
		uint16_t key;
		uint8_t path_length, reserved[3];
		char host_bus[4], interface[8];
		uint8_t interface_path[8], device_path[26];
	} p = {
		.info = info,
		.blocks = blocks,
		.block_size = block_size,
		.extension = d && !d->virtio ? parameter_extension(d) : 0xffffffff,
	};
	enum { KEY = 30, MIDDLE = 66, LONG = 74 };
	_Static_assert(sizeof(p) == 82 && offsetof(typeof(p), key) == KEY, "EDD-3, 8.20");
	bool path = d && !d->virtio;
	uint16_t size = far_read16(r->ds, r->si);
	uint8_t sum = 0;

	if (size < 26)
		return DISK_BAD_COMMAND;
	p.size = size < 30 ? 26 : size < MIDDLE || !path ? 30 : size < LONG ? MIDDLE : LONG;
	if (g) {
		p.cylinders = g->cylinders;
		p.heads = g->heads;
		p.sectors = g->sectors;
	}
	if (p.size > 30) {
		p.key = 0xbedd;
		p.path_length = p.size - KEY;
		for (unsigned i = 0; i < 8; i++)
			p.interface[i] = (d->atapi ? "ATAPI   " : "ATA     ")[i];
		for (unsigned i = 0; i < 4; i++)
			p.host_bus[i] = (d->on_pci ? "PCI " : "ISA ")[i];
		if (d->on_pci) {
			p.interface_path[0] = d->bdf >> 8;
			p.interface_path[1] = d->bdf >> 3 & 31;
			p.interface_path[2] = d->bdf & 7;
			p.interface_path[3] = d->base != 0x1f0; /* channel */
		} else {
			p.interface_path[0] = d->base;
			p.interface_path[1] = d->base >> 8;
		}
		p.device_path[0] = d->device >> 4 & 1;
		for (unsigned i = KEY; i < p.size; i++)
			sum += ((const uint8_t *)&p)[i];
		((uint8_t *)&p)[p.size - 1] -= sum;
	}
	far_copy(r->ds, r->si, BIOS_SEG, (uintptr_t)&p, p.size);
	return DISK_OK;
}

/* 02h-04h: CHS, 42h-44h: the packet */
static uint16_t transfer_chs(struct regs *r, struct disk *d, enum transfer_kind kind)
{
	struct transfer t;
	uint8_t status = fetch_chs(r, &t, &d->logical);

	if (status) {
		r->al = 0;
		return status;
	}
	allow_interrupts(r);
	status = disk_transfer(d, &t, kind);
	r->al = t.moved;
	return status;
}

static uint16_t transfer_lba(struct regs *r, struct disk *d, enum transfer_kind kind)
{
	struct transfer t, again;
	uint8_t status = fetch_packet(r, &t, kind == TRANSFER_VERIFY ? 0 : 512);

	if (!status && (t.lba >= d->blocks || d->blocks - t.lba < t.count))
		status = DISK_NOT_FOUND;
	if (status) {
		store_moved(r, 0);
		return status;
	}
	allow_interrupts(r);
	again = t;
	status = disk_transfer(d, &t, kind);
	if (!status && kind == TRANSFER_WRITE && r->al == 2) /* with verify */
		status = disk_transfer(d, &again, TRANSFER_VERIFY);
	store_moved(r, t.moved);
	return status;
}

static uint16_t handle_1308(struct regs *r, const struct disk *d)
{
	store_geometry(r, &d->logical);
	r->dl = bda.disk_count; /* an emulated one among them */
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
	case 0x0d: return disk_reset(d);
	case 0x02: return transfer_chs(r, d, TRANSFER_READ);
	case 0x03: return transfer_chs(r, d, TRANSFER_WRITE);
	case 0x04: return transfer_chs(r, d, TRANSFER_VERIFY);
	case 0x05: return seek_check(r, d); /* ATA disks come formatted */
	case 0x08: return handle_1308(r, d);
	case 0x09:
	case 0x11:
	case 0x14: return DISK_OK;
	case 0x0c: return seek_check(r, d);
	case 0x10: return d->virtio ? DISK_OK : ata_ready(d);
	case 0x15: return handle_1315(r, d);
	case 0x41: return handle_1341(r);
	case 0x42: return transfer_lba(r, d, TRANSFER_READ);
	case 0x43: return r->al > 2 ? DISK_BAD_COMMAND : transfer_lba(r, d, TRANSFER_WRITE);
	case 0x44: return transfer_lba(r, d, TRANSFER_VERIFY);
	case 0x45: /* lock, eject, change: not of a fixed disk */
	case 0x46: return DISK_NOT_REMOVABLE;
	case 0x47: return handle_1347(r, d);
	case 0x48: /* DMA boundaries are no matter, the geometry is valid, writes can be verified */
		return drive_parameters(r, d, 0x000b, d->physical.cylinders ? &d->physical : &d->logical,
					d->blocks, 512);
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

	if (function >= 0x4a && function <= 0x4d) {
		status = handle_13_el_torito(r);
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
