/* SPDX-License-Identifier: MIT
 *
 * CDs: INT 13h on 2048-byte blocks, and El Torito: no emulation, floppy and hard-disk emulation.
 * References: El Torito 1.0; MMC-5; ECMA-119.
 */
#include <rombios/disk.h>

enum { BLOCK = 2048, PER_BLOCK = BLOCK / 512, BLOCKS_AT_ONCE = 16, BOOT_RECORD = 17 };
/* boot media types, El Torito 1.0, 2.2 */
enum { NO_EMULATION, FLOPPY_1200, FLOPPY_1440, FLOPPY_2880, HARD_DISK };

static struct {
	bool active;       /* INT 13h calls for `drive` go to the image */
	uint8_t media;     /* as the catalogue's entry says */
	uint8_t drive;     /* 00h, 80h, or E0h and up */
	uint8_t cd;
	uint32_t lba;      /* of the image, in CD blocks */
	uint32_t sectors;  /* of the image, in 512 bytes, 0: to the end */
	uint16_t load_seg, load_sectors;
	struct geometry geometry;
} image;

static uint8_t read_blocks(struct disk *d, uint32_t lba, uint32_t skip, uint32_t bytes, uint16_t seg, uint16_t off)
{
	uint32_t blocks = (skip + bytes + BLOCK - 1) / BLOCK, taken;
	const uint8_t packet[12] = {0x28, 0, lba >> 24, lba >> 16, lba >> 8, lba, 0, blocks >> 8, blocks};
	uint8_t status = atapi_read(d, packet, skip, bytes, blocks * BLOCK, seg, off, &taken);

	return status ? status : taken == bytes ? DISK_OK : DISK_CONTROLLER;
}

/* Moves CD blocks, or 512-byte sectors of the image, in pieces. */
static uint8_t read_pieces(struct disk *d, struct transfer *t, uint16_t unit, uint32_t base)
{
	uint16_t most = BLOCKS_AT_ONCE * (BLOCK / unit);

	t->moved = 0;
	while (t->moved < t->count) {
		uint16_t n = t->count - t->moved < most ? t->count - t->moved : most;
		uint32_t at = (uint32_t)t->lba + t->moved;
		uint32_t lba = unit == BLOCK ? at : base + at / PER_BLOCK;
		uint32_t skip = unit == BLOCK ? 0 : at % PER_BLOCK * 512;
		uint8_t status = read_blocks(d, lba, skip, (uint32_t)n * unit, t->seg, t->off);

		if (status)
			return status;
		t->moved += n;
		t->seg += (uint32_t)n * unit >> 4;
	}
	return DISK_OK;
}

/* READ CAPACITY: blocks on the medium. */
static uint8_t capacity(struct disk *d)
{
	static const uint8_t packet[12] = {0x25};
	uint8_t data[8] __attribute__((aligned(4))) = {0};
	uint8_t status = atapi_read(d, packet, 0, 8, 8, BIOS_SEG, (uintptr_t)data, NULL);

	d->blocks = 0;
	if (!status)
		d->blocks = ((uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | data[2] << 8 | data[3]) + 1ull;
	return status;
}

static uint16_t handle_1342(struct regs *r, struct disk *d)
{
	struct transfer t;
	uint8_t status = fetch_packet(r, &t, BLOCK);

	if (!status && t.lba >> 32)
		status = DISK_NOT_FOUND;
	if (status) {
		store_moved(r, 0);
		return status;
	}
	allow_interrupts(r);
	status = read_pieces(d, &t, BLOCK, 0);
	store_moved(r, t.moved);
	return status;
}

static uint16_t verify(struct regs *r, struct disk *d)
{
	struct transfer t;
	uint8_t status = fetch_packet(r, &t, 0);

	if (!status)
		status = capacity(d);
	if (!status && (t.lba >= d->blocks || d->blocks - t.lba < t.count))
		status = DISK_NOT_FOUND;
	return status;
}

static uint16_t lock(struct regs *r, struct disk *d)
{
	switch (r->al) {
	case 0:
		if (d->locks == 0xff)
			return DISK_LOCK_COUNT;
		d->locks++;
		break;
	case 1:
		if (!d->locks)
			return DISK_NOT_LOCKED;
		d->locks--;
		break;
	case 2:
		break;
	default:
		return DISK_BAD_COMMAND;
	}
	r->al = d->locks != 0;
	return DISK_OK;
}

static uint16_t eject(struct regs *r, struct disk *d)
{
	static const uint8_t packet[12] = {0x1b, [4] = 2};
	struct regs ask = {.eax = 0x5200}; /* a program may refuse (EDD-3, 8.18) */

	ask.dl = r->dl;
	call_interrupt(0x15, &ask);
	if (ask.flags & FLAG_CF)
		return ask.ah;
	return d->locks ? DISK_LOCKED : atapi_read(d, packet, 0, 0, 0, BIOS_SEG, 0, NULL);
}

uint16_t handle_13_cdrom(struct regs *r, struct disk *d)
{
	uint8_t status;

	switch (r->ah) {
	case 0x00:
	case 0x0d: return ata_reset(d);
	case 0x09:
	case 0x0c:
	case 0x10:
	case 0x11:
	case 0x14: return DISK_OK;
	case 0x15: return SUCCESS_AH(2); /* removable, with a change line */
	case 0x03:
	case 0x43: return DISK_WRITE_PROTECTED;
	case 0x41:
		if (r->bx != 0x55aa)
			return DISK_BAD_COMMAND;
		r->bx = 0xaa55;
		r->cx = 0x0007;
		return SUCCESS_AH(0x30);
	case 0x42: return handle_1342(r, d);
	case 0x44:
	case 0x47: return verify(r, d);
	case 0x45: return lock(r, d);
	case 0x46: return eject(r, d);
	case 0x48:
		status = capacity(d);
		/* removable, change line, lockable; no geometry */
		return status ? status : drive_parameters(r, d, 0x0075, NULL, d->blocks, BLOCK);
	case 0x49:
		status = d->changed ? DISK_CHANGED : DISK_OK;
		d->changed = false;
		return status;
	default: return DISK_BAD_COMMAND;
	}
}

bool cdrom_emulates(uint8_t *dl)
{
	if (!image.active || image.media == NO_EMULATION || (*dl ^ image.drive) & 0x80)
		return false;
	if (*dl == image.drive)
		return true;
	if (*dl < 0xe0)
		--*dl; /* the real drives stand one behind */
	return false;
}

static uint32_t image_sectors(void)
{
	return image.geometry.cylinders * image.geometry.heads * image.geometry.sectors;
}

static uint16_t emulated_read(struct regs *r, bool packet)
{
	struct disk *d = &cdroms[image.cd];
	struct transfer t;
	uint8_t status = packet ? fetch_packet(r, &t, 512) : fetch_chs(r, &t, &image.geometry);

	if (!status && t.lba >= image_sectors())
		status = DISK_NOT_FOUND;
	if (!status) {
		allow_interrupts(r);
		status = read_pieces(d, &t, 512, image.lba);
	} else {
		t.moved = 0;
	}
	if (packet)
		store_moved(r, t.moved);
	else
		r->al = t.moved;
	return status;
}

uint16_t handle_13_emulated(struct regs *r)
{
	bool floppy = image.media != HARD_DISK;

	switch (r->ah) {
	case 0x00:
	case 0x0d:
	case 0x04:
	case 0x09:
	case 0x0c:
	case 0x10:
	case 0x11:
	case 0x14: return DISK_OK;
	case 0x01: return SUCCESS_AH(bda.disk_status);
	case 0x02: return emulated_read(r, false);
	case 0x03:
	case 0x05:
	case 0x43: return DISK_WRITE_PROTECTED;
	case 0x08:
		store_geometry(r, &image.geometry);
		r->ax = 0;
		r->dl = floppy ? floppy_count() + 1 : bda.disk_count;
		if (floppy) {
			r->bl = image.media == FLOPPY_1200 ? 2 : image.media == FLOPPY_1440 ? 4 : 6;
			r->es = BIOS_SEG;
			r->di = (uint16_t)(uint32_t)floppy_parameters(r->bl);
		}
		return DISK_OK;
	case 0x15: {
		uint32_t blocks = image_sectors();

		if (floppy)
			return SUCCESS_AH(1);
		r->cx = blocks >> 16;
		r->dx = blocks;
		return SUCCESS_AH(3);
	}
	case 0x41:
		if (floppy || r->bx != 0x55aa)
			return DISK_BAD_COMMAND;
		r->bx = 0xaa55;
		r->cx = 1;
		return SUCCESS_AH(0x30);
	case 0x42: return floppy ? DISK_BAD_COMMAND : emulated_read(r, true);
	case 0x48:
		return floppy ? DISK_BAD_COMMAND
			      : drive_parameters(r, NULL, 2, &image.geometry,
						 image_sectors(), 512);
	default: return DISK_BAD_COMMAND;
	}
}

/* The specification packet, El Torito 1.0, figure 9 */
struct specification {
	uint8_t size, media, drive, controller;
	uint32_t lba;
	uint16_t device, user_buffer, load_seg, load_sectors;
	uint8_t cylinders, sectors, heads;
} __attribute__((packed));
_Static_assert(sizeof(struct specification) == 0x13, "El Torito 1.0, figure 9");

/* The drives that programs count change with an emulated one: INT 11h, 40:75. */
static void count_emulated(int one)
{
	unsigned floppies = floppy_count() + (one > 0);

	if (image.media == HARD_DISK)
		bda.disk_count += one;
	else if (image.media != NO_EMULATION) {
		bda.equipment &= ~(EQUIPMENT_FLOPPY | 3 << EQUIPMENT_FLOPPIES_SHIFT);
		if (floppies)
			bda.equipment |= EQUIPMENT_FLOPPY |
					 ((floppies > 4 ? 4 : floppies) - 1) << EQUIPMENT_FLOPPIES_SHIFT;
	}
}

static void emulate(void)
{
	image.active = true;
	count_emulated(1);
}

void cdrom_emulation_off(void)
{
	if (!image.active)
		return;
	image.active = false;
	count_emulated(-1);
}

/* 4B00h ends the emulation, 4B01h tells. */
static uint16_t handle_134b(struct regs *r)
{
	const struct disk *d = &cdroms[image.cd];
	struct specification p = {
		.size = sizeof(p),
		.media = image.media,
		.drive = image.drive,
		.controller = d->irq == 15,
		.lba = image.lba,
		.device = d->device >> 4 & 1,
		.load_seg = image.load_seg,
		.load_sectors = image.load_sectors,
		.cylinders = image.geometry.cylinders - 1,
		.sectors = image.geometry.sectors | ((image.geometry.cylinders - 1) >> 2 & 0xc0),
		.heads = image.geometry.heads - 1,
	};

	if (r->al > 1 || !image.active || (r->dl != image.drive && r->dl != 0x7f))
		return DISK_BAD_COMMAND;
	if (image.media == NO_EMULATION)
		p.cylinders = p.sectors = p.heads = 0;
	far_copy(r->ds, r->si, BIOS_SEG, (uintptr_t)&p, sizeof(p));
	if (r->al == 0)
		cdrom_emulation_off();
	return DISK_OK;
}

static const char *medium_error(uint8_t status)
{
	return status == DISK_NO_MEDIUM ? "no medium" : status == DISK_TIMEOUT ? "the drive does not answer" : "read error";
}

static bool matches(const uint8_t *at, const char *text)
{
	while (*text)
		if (*at++ != (uint8_t)*text++)
			return false;
	return true;
}

/* El Torito 1.0, 2.1: the words of the validation entry add up to zero. */
static bool validation_good(const uint8_t *entry)
{
	uint16_t sum = 0;

	for (unsigned i = 0; i < 32; i += 2)
		sum += entry[i] | entry[i + 1] << 8;
	return entry[0] == 1 && entry[0x1e] == 0x55 && entry[0x1f] == 0xaa && !sum;
}

/* An emulated hard disk has the geometry that its partition table implies (El Torito 1.0, 2.2). */
static const char *emulated_geometry(struct disk *d)
{
	static const uint8_t floppy_sectors[] = {[FLOPPY_1200] = 15, [FLOPPY_1440] = 18, [FLOPPY_2880] = 36};
	const uint8_t *entry = disk_buffer + 0x1be;
	uint32_t end;

	if (image.media != HARD_DISK) {
		image.geometry = (struct geometry){80, 2, floppy_sectors[image.media]};
		return NULL;
	}
	if (read_blocks(d, image.lba, 0, 512, BIOS_SEG, (uintptr_t)disk_buffer))
		return "read error in the boot image";
	if (disk_buffer[510] != 0x55 || disk_buffer[511] != 0xaa || !(entry[6] & 0x3f))
		return "the emulated hard disk has no partition table";
	image.geometry.heads = entry[5] + 1;
	image.geometry.sectors = entry[6] & 0x3f;
	end = *(const uint32_t *)(entry + 8) + *(const uint32_t *)(entry + 12);
	image.geometry.cylinders = end / (image.geometry.heads * image.geometry.sectors) + 1;
	return NULL;
}

/* Where the boot catalogue of the CD is; a reason where there is none. */
static const char *find_catalogue(struct disk *d, uint32_t *lba)
{
	uint8_t status = read_blocks(d, BOOT_RECORD, 0, BLOCK, BIOS_SEG, (uintptr_t)disk_buffer);

	if (status)
		return medium_error(status);
	if (disk_buffer[0] || !matches(disk_buffer + 1, "CD001") || !matches(disk_buffer + 7, "EL TORITO SPECIFICATION"))
		return "not a bootable CD: no El Torito boot record in sector 17";
	*lba = *(const uint32_t *)(disk_buffer + 0x47);
	return NULL;
}

/* The entry to boot in the catalogue in disk_buffer: the default one, or where that is not for PCs, the
 * first of a section that is (El Torito 1.0, 2.3). */
static const uint8_t *pc_entry(const char **why)
{
	enum { ENTRY = 32, PC = 0, BOOTABLE = 0x88, HEADER = 0x90, LAST_HEADER = 0x91, EXTENSION = 0x44 };
	const uint8_t *entry = disk_buffer + ENTRY, *end = disk_buffer + BLOCK;

	if (!validation_good(disk_buffer)) {
		*why = "the El Torito boot catalogue is corrupt (validation entry)";
		return NULL;
	}
	if (disk_buffer[1] == PC) {
		*why = "the El Torito boot catalogue marks its entry as not bootable";
		return entry[0] == BOOTABLE ? entry : NULL;
	}
	*why = "the El Torito boot catalogue has nothing for a PC";
	for (entry += ENTRY; entry < end && (entry[0] == HEADER || entry[0] == LAST_HEADER);) {
		bool pc = entry[1] == PC, last = entry[0] == LAST_HEADER;
		uint16_t count = entry[2] | entry[3] << 8;

		for (entry += ENTRY; count && entry < end; entry += ENTRY) {
			if (entry[0] == EXTENSION)
				continue;
			if (pc && entry[0] == BOOTABLE)
				return entry;
			count--;
		}
		while (entry < end && entry[0] == EXTENSION)
			entry += ENTRY;
		if (last)
			break;
	}
	return NULL;
}

/* Loads what the image asks for, and starts its emulation; a reason where that cannot be. */
static const char *start_image(void)
{
	struct disk *d = &cdroms[image.cd];
	struct transfer t = {.count = image.load_sectors, .seg = image.load_seg};
	const char *why = image.media == NO_EMULATION ? NULL : emulated_geometry(d);

	if (why)
		return why;
	if (!image.load_sectors ||
	    ((uint32_t)image.load_seg << 4) + image.load_sectors * 512u > DFW_EBDA)
		return "the El Torito entry asks for a load that does not fit low memory";
	if (read_pieces(d, &t, 512, image.lba))
		return "read error in the boot image";
	emulate();
	return NULL;
}

const char *cdrom_boot(unsigned n, uint16_t *segment, uint8_t *dl)
{
	struct disk *d = &cdroms[n];
	const uint8_t *entry;
	const char *why;
	uint32_t catalogue;

	cdrom_emulation_off();
	why = find_catalogue(d, &catalogue);
	if (why)
		return why;
	if (read_blocks(d, catalogue, 0, BLOCK, BIOS_SEG, (uintptr_t)disk_buffer))
		return "the El Torito boot catalogue cannot be read";
	entry = pc_entry(&why);
	if (!entry)
		return why;
	image.media = entry[1] & 0x0f;
	if (image.media > HARD_DISK)
		return "the El Torito entry has an unknown media type";
	image.cd = n;
	image.load_seg = entry[2] | entry[3] << 8;
	if (!image.load_seg)
		image.load_seg = 0x07c0;
	image.load_sectors = entry[6] | entry[7] << 8;
	image.lba = *(const uint32_t *)(entry + 8);
	image.drive = image.media == NO_EMULATION ? 0xe0 + n : image.media == HARD_DISK ? 0x80 : 0x00;
	why = start_image();
	if (why)
		return why;
	*segment = image.load_seg;
	*dl = image.drive;
	return NULL;
}

/* 4Ah starts an emulation as the packet has it, 4Ch boots it. AH is 0, or a status. */
static uint16_t initiate(struct regs *r)
{
	struct specification p = {0};
	unsigned n = 0;

	far_copy(BIOS_SEG, (uintptr_t)&p, r->ds, r->si, sizeof(p));
	if (r->al || p.size < sizeof(p) || (p.media & 0x0f) > HARD_DISK)
		return DISK_BAD_COMMAND;
	while (n < cdrom_count() &&
	       ((cdroms[n].irq == 15) != p.controller || (cdroms[n].device >> 4 & 1) != (p.device & 1)))
		n++;
	if (n == cdrom_count())
		return DISK_BAD_COMMAND;
	cdrom_emulation_off();
	image.cd = n;
	image.media = p.media & 0x0f;
	image.lba = p.lba;
	image.load_seg = p.load_seg ? p.load_seg : 0x07c0;
	image.load_sectors = p.load_sectors;
	image.drive = image.media == NO_EMULATION ? 0xe0 + n : image.media == HARD_DISK ? 0x80 : 0x00;
	if (r->ah == 0x4c) {
		if (start_image())
			return DISK_CONTROLLER;
		jump_far(image.load_seg == 0x07c0 ? 0x7c00 : (uint32_t)image.load_seg << 16, image.drive);
	}
	if (image.media != NO_EMULATION && emulated_geometry(&cdroms[n]))
		return DISK_CONTROLLER;
	emulate();
	return DISK_OK;
}

/* 4Dh: the boot catalogue's sectors, as the command packet at DS:SI has it (El Torito 1.0, 4.4) */
static uint16_t handle_134d(struct regs *r)
{
	struct __attribute__((packed)) {
		uint8_t size, sectors;
		uint16_t off, seg, first;
	} p = {0};
	unsigned n = r->dl >= 0xe0 ? r->dl - 0xe0u : image.cd;
	struct transfer t;
	uint32_t catalogue;

	far_copy(BIOS_SEG, (uintptr_t)&p, r->ds, r->si, sizeof(p));
	if (r->al || p.size < sizeof(p) || n >= cdrom_count() ||
	    !(r->dl >= 0xe0 || r->dl == 0x7f || (image.active && r->dl == image.drive)))
		return DISK_BAD_COMMAND;
	if (!reachable(p.seg, p.off, (uint32_t)p.sectors * BLOCK))
		return DISK_DMA_BOUNDARY;
	if (find_catalogue(&cdroms[n], &catalogue))
		return DISK_NOT_FOUND;
	t = (struct transfer){.lba = catalogue + p.first, .count = p.sectors, .seg = p.seg, .off = p.off};
	normalise(&t.seg, &t.off);
	return read_pieces(&cdroms[n], &t, BLOCK, 0);
}

uint16_t handle_13_el_torito(struct regs *r)
{
	switch (r->ah) {
	case 0x4b: return handle_134b(r);
	case 0x4d: return handle_134d(r);
	default: return initiate(r);
	}
}
