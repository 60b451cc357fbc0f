/* SPDX-License-Identifier: MIT
 *
 * ATA disks and ATAPI drives on the two legacy channels, polled: disks by the bus master where there
 * is one (ata_dma.c), everything else by programmed I/O. References: ATA/ATAPI-7 (INCITS 397), MMC-5,
 * Enhanced Disk Drive 3.0 (EDD-3).
 */
#include <rombios/disk.h>
#include <rombios/pci.h>

/* Offsets in the command block */
enum {
	REG_DATA = 0,
	REG_ERROR = 1, /* read; written: features */
	REG_COUNT = 2,
	REG_LBA_LOW = 3,
	REG_LBA_MID = 4,
	REG_LBA_HIGH = 5,
	REG_DEVICE = 6,
	REG_STATUS = 7, /* read; written: command */
};

enum { ST_ERR = 0x01, ST_DRQ = 0x08, ST_DF = 0x20, ST_DRDY = 0x40, ST_BSY = 0x80 };

/* Device control: nIEN keeps INTRQ away while BIOS polls; bit 3 was once required to be 1. */
enum { CONTROL_IDLE = 0x08, CONTROL_POLL = 0x0a, CONTROL_RESET = 0x0e };

enum {
	CMD_PACKET = 0xa0,
	CMD_IDENTIFY_PACKET = 0xa1,
	CMD_SET_MULTIPLE = 0xc6,
	CMD_IDENTIFY = 0xec,
	CMD_SET_FEATURES = 0xef,
};

/* [kind][48-bit][multiple] */
static const uint8_t transfer_commands[3][2][2] = {
	[TRANSFER_READ] = {{0x20, 0xc4}, {0x24, 0x29}},
	[TRANSFER_WRITE] = {{0x30, 0xc5}, {0x34, 0x39}},
	[TRANSFER_VERIFY] = {{0x40, 0x40}, {0x42, 0x42}},
};

enum {
	LBA28_END = 0x10000000,
	SECTORS_PER_COMMAND = 256,
	WORTH_MULTIPLE = 16, /* below, SET MULTIPLE costs more than it saves */
	WAIT_SPINS = 4096,
	WAIT_STEP_US = 100,
	COMMAND_STEPS = 10 * 1000 * 1000 / WAIT_STEP_US,
	PROBE_STEPS = 10, /* a channel without devices may not keep what is written */
	RESET_STEPS = 31 * 1000 * 1000 / WAIT_STEP_US, /* ATA/ATAPI-7, 11.2: 31 s */
};

struct disk cdroms[CDROM_MAX];
static uint8_t cdroms_found;

unsigned cdrom_count(void)
{
	return cdroms_found;
}

static inline void read_dwords(uint16_t port, uint16_t seg, uint16_t off, uint16_t n)
{
	asm volatile("movw %w2, %%es\n\t"
		     "rep insl\n\t"
		     "movw %%ds, %w2\n\t"
		     "movw %w2, %%es"
		     : "+D"(off), "+c"(n), "+r"(seg)
		     : "d"(port)
		     : "memory");
}

static inline void read_words(uint16_t port, uint16_t seg, uint16_t off, uint16_t n)
{
	asm volatile("movw %w2, %%es\n\t"
		     "rep insw\n\t"
		     "movw %%ds, %w2\n\t"
		     "movw %w2, %%es"
		     : "+D"(off), "+c"(n), "+r"(seg)
		     : "d"(port)
		     : "memory");
}

static inline void write_dwords(uint16_t port, uint16_t seg, uint16_t off, uint16_t n)
{
	set_gs(seg);
	asm volatile("rep outsl %%gs:(%%si), %%dx" : "+S"(off), "+c"(n) : "d"(port) : "memory");
}

/* Waits until the bits of `busy` are clear. Returns the status read last: BSY set means that the
 * time was up, as does a floating bus. */
static uint8_t wait_clear(const struct disk *d, uint8_t busy, uint32_t steps)
{
	uint16_t port = d->base + REG_STATUS;
	uint8_t status;

	for (unsigned spins = WAIT_SPINS; spins; spins--) {
		status = inb(port);
		if (!(status & busy))
			return status;
	}
	while (steps--) {
		wait_microseconds(WAIT_STEP_US);
		status = inb(port);
		if (!(status & busy))
			return status;
	}
	return status | ST_BSY;
}

static inline uint8_t wait_not_busy(const struct disk *d)
{
	return wait_clear(d, ST_BSY, COMMAND_STEPS);
}

/* 400 ns: the time a device has to raise BSY (ATA/ATAPI-7, 9.2) */
static inline void settle(const struct disk *d)
{
	inb(d->control);
}

/* The INT 13h status for a failed command's status register. */
static uint8_t failure(const struct disk *d, uint8_t status)
{
	static const struct {
		uint8_t bit, status;
	} causes[] = {
		{0x40, DISK_CRC}, /* UNC */
		{0x80, DISK_BAD_SECTOR}, /* BBK, ICRC */
		{0x10, DISK_NOT_FOUND}, /* IDNF */
		{0x01, DISK_NO_ADDRESS_MARK}, /* AMNF */
		{0x02, DISK_SEEK}, /* TK0NF, NM */
		{0x04, DISK_BAD_COMMAND}, /* ABRT */
	};
	uint8_t error;

	if (status & ST_BSY)
		return DISK_TIMEOUT;
	bda.disk_controller_status = status;
	bda.disk_controller_error = error = inb(d->base + REG_ERROR);
	if (status & ST_DF)
		return DISK_WRITE_FAULT;
	if (!(status & ST_ERR))
		return DISK_CONTROLLER; /* DRQ is not what the command calls for */
	for (unsigned i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (error & causes[i].bit)
			return causes[i].status;
	return DISK_UNDEFINED;
}

/* Writes the device register until it holds what was written: a channel that comes out of a reset may take
 * writes only later, although an absent device that was selected says that it is not busy (QEMU). */
static bool choose(const struct disk *d, uint8_t device, uint32_t steps)
{
	for (;; steps--) {
		outb(d->base + REG_DEVICE, device);
		settle(d);
		if (!((inb(d->base + REG_DEVICE) ^ device) & 0x10))
			return true;
		if (!steps)
			return false;
		wait_microseconds(WAIT_STEP_US);
	}
}

/* Selects the device, once the one selected so far is idle. */
static uint8_t select(const struct disk *d, uint8_t device)
{
	if (wait_clear(d, ST_BSY | ST_DRQ, COMMAND_STEPS) & ST_BSY)
		return DISK_TIMEOUT;
	outb(d->control, CONTROL_POLL);
	if (!choose(d, device, COMMAND_STEPS))
		return DISK_TIMEOUT;
	if (wait_clear(d, ST_BSY | ST_DRQ, COMMAND_STEPS) & ST_BSY)
		return DISK_TIMEOUT;
	return DISK_OK;
}

static inline void command(const struct disk *d, uint8_t code)
{
	outb(d->base + REG_STATUS, code);
	settle(d);
}

/* Sets the data blocks of READ and WRITE MULTIPLE; done each time since a guest's own driver may
 * have chosen another size meanwhile. */
static uint8_t set_multiple(const struct disk *d)
{
	uint8_t status = select(d, d->device);

	if (status)
		return status;
	outb(d->base + REG_COUNT, d->multiple);
	command(d, CMD_SET_MULTIPLE);
	status = wait_not_busy(d);
	return status & (ST_BSY | ST_DF | ST_ERR) ? failure(d, status) : DISK_OK;
}

/* The data blocks of a command for n sectors, `block` sectors each. */
static uint8_t move_data(const struct disk *d, struct transfer *t, bool write, unsigned n,
			 unsigned block)
{
	uint8_t status;

	while (n) {
		if (block > n)
			block = n;
		status = wait_not_busy(d);
		if ((status & (ST_BSY | ST_DF | ST_ERR | ST_DRQ)) != ST_DRQ)
			return failure(d, status);
		if (write)
			write_dwords(d->base, t->seg, t->off, block * 128);
		else
			read_dwords(d->base, t->seg, t->off, block * 128);
		settle(d);
		if (!write)
			advance(t, block, block * 512);
		else {
			/* written when the device says so, not when it took the data */
			status = wait_not_busy(d);
			if (status & (ST_BSY | ST_DF | ST_ERR))
				return failure(d, status);
			advance(t, block, block * 512);
		}
		n -= block;
	}
	return DISK_OK;
}

/* Do n sectors from t->lba on need a 48-bit command? */
static inline bool is_ext(const struct transfer *t, unsigned n)
{
	return t->lba + n > LBA28_END;
}

/* Selects the device and tells it which sectors; the command is the caller's. */
static uint8_t address(const struct disk *d, const struct transfer *t, unsigned n)
{
	uint32_t low = t->lba;
	uint16_t high = t->lba >> 32;
	bool ext = is_ext(t, n);
	uint8_t status;

	if ((ext && !d->lba48) || (t->lba + n) >> 48)
		return DISK_NOT_FOUND;
	status = select(d, ext ? d->device : d->device | (low >> 24 & 0x0f));
	if (status)
		return status;
	if (ext) { /* each register holds two bytes; the high ones go first */
		outb(d->base + REG_COUNT, n >> 8);
		outb(d->base + REG_LBA_LOW, low >> 24);
		outb(d->base + REG_LBA_MID, high);
		outb(d->base + REG_LBA_HIGH, high >> 8);
	}
	outb(d->base + REG_COUNT, n);
	outb(d->base + REG_LBA_LOW, low);
	outb(d->base + REG_LBA_MID, low >> 8);
	outb(d->base + REG_LBA_HIGH, low >> 16);
	return DISK_OK;
}

/* One command, for at most SECTORS_PER_COMMAND sectors. */
static uint8_t transfer_some(const struct disk *d, struct transfer *t, enum transfer_kind kind,
			     unsigned n, bool multiple)
{
	uint8_t status;

	if (multiple && set_multiple(d))
		multiple = false;
	status = address(d, t, n);
	if (status)
		return status;
	command(d, transfer_commands[kind][is_ext(t, n)][multiple]);
	if (kind != TRANSFER_VERIFY)
		return move_data(d, t, kind == TRANSFER_WRITE, n, multiple ? d->multiple : 1);
	status = wait_not_busy(d);
	if ((status & (ST_BSY | ST_DF | ST_ERR | ST_DRDY)) != ST_DRDY)
		return failure(d, status);
	advance(t, n, 0);
	return DISK_OK;
}

/* ---- the bus master ---- */

uint8_t ata_dma_start(const struct disk *d, const struct transfer *t, unsigned n, bool write)
{
	static const uint8_t commands[2][2] = {{0xc8, 0x25}, {0xca, 0x35}}; /* [write][48-bit] */
	uint8_t status = address(d, t, n);

	if (!status)
		command(d, commands[write][is_ext(t, n)]);
	return status;
}

uint8_t ata_dma_end(const struct disk *d)
{
	uint8_t status = inb(d->base + REG_STATUS);

	/* an absent device says nothing at all */
	return (status & (ST_BSY | ST_DF | ST_ERR | ST_DRQ | ST_DRDY)) != ST_DRDY ? failure(d, status) : DISK_OK;
}

bool ata_dma_busy(const struct disk *d)
{
	return inb(d->control) & (ST_BSY | ST_DRQ);
}

uint8_t ata_transfer(struct disk *d, struct transfer *t, enum transfer_kind kind)
{
	uint8_t status = DISK_OK;
	bool single = kind == TRANSFER_VERIFY || d->multiple < 2;

	/* what the bus master cannot do is done again from the sector where it stopped */
	if (kind != TRANSFER_VERIFY && d->bus_master)
		status = ata_dma(d, t, kind);
	if (status)
		return status;
	while (t->moved < t->count) {
		unsigned n = t->count - t->moved;
		bool multiple = !single && n >= WORTH_MULTIPLE;

		if (n > SECTORS_PER_COMMAND)
			n = SECTORS_PER_COMMAND;
		status = transfer_some(d, t, kind, n, multiple);
		if (!status)
			continue;
		if (!multiple || status == DISK_TIMEOUT)
			break;
		single = true; /* once more, to move every sector before the bad one */
	}
	outb(d->control, CONTROL_IDLE);
	return status;
}

void ata_abort(const struct disk *d)
{
	outb(d->control, CONTROL_RESET);
	for (unsigned i = 0; i < 8; i++) /* SRST stays for 5 us */
		settle(d);
	outb(d->control, CONTROL_POLL);
	settle(d);
}

uint8_t ata_reset(const struct disk *d)
{
	uint8_t status;

	ata_abort(d);
	status = choose(d, d->device, RESET_STEPS) ? wait_clear(d, ST_BSY, RESET_STEPS) : ST_BSY;
	outb(d->control, CONTROL_IDLE);
	return status & ST_BSY ? DISK_RESET_FAILED : DISK_OK;
}

uint8_t ata_ready(const struct disk *d)
{
	uint8_t status = select(d, d->device);

	if (!status) {
		uint8_t st = inb(d->base + REG_STATUS);

		if (st & ST_DF)
			status = DISK_WRITE_FAULT;
		else if (!(st & ST_DRDY))
			status = DISK_NOT_READY;
	}
	outb(d->control, CONTROL_IDLE);
	return status;
}

/* ---- packet commands ---- */

enum { PACKET_SENSE = 0xff, SENSE_LENGTH = 18, BYTES_PER_BLOCK = 0xf800 };

static void discard(uint16_t port, uint16_t bytes)
{
	for (; bytes; bytes -= 2)
		inw(port);
}

static uint16_t min16(uint32_t a, uint16_t b)
{
	return a < b ? a : b;
}

/* One packet command. Returns a status, or PACKET_SENSE where the device has something to say. */
static uint8_t packet_in(const struct disk *d, const uint8_t packet[12], uint32_t skip,
			 uint32_t take, uint32_t total, uint16_t seg, uint16_t off, uint32_t *taken)
{
	uint8_t status = select(d, d->device);

	if (status)
		return status;
	outb(d->base + REG_ERROR, 0); /* no DMA, no overlap */
	outb(d->base + REG_LBA_MID, BYTES_PER_BLOCK & 0xff);
	outb(d->base + REG_LBA_HIGH, BYTES_PER_BLOCK >> 8);
	command(d, CMD_PACKET);
	status = wait_not_busy(d);
	if ((status & (ST_BSY | ST_ERR | ST_DRQ)) != ST_DRQ)
		return failure(d, status);
	write_dwords(d->base, BIOS_SEG, (uintptr_t)packet, 3);

	for (;;) {
		uint16_t bytes, n;

		settle(d);
		status = wait_not_busy(d);
		if (status & ST_BSY)
			return DISK_TIMEOUT;
		if (status & ST_ERR)
			return PACKET_SENSE;
		if (!(status & ST_DRQ))
			return DISK_OK;
		bytes = inb(d->base + REG_LBA_MID) | inb(d->base + REG_LBA_HIGH) << 8;
		if (!bytes || (bytes & 1) || bytes > total) {
			ata_reset(d); /* it would go on offering data */
			return DISK_CONTROLLER;
		}
		total -= bytes;
		n = min16(skip, bytes);
		discard(d->base, n);
		skip -= n;
		bytes -= n;
		n = min16(take, bytes);
		if (n & 2)
			read_words(d->base, seg, off, n / 2);
		else
			read_dwords(d->base, seg, off, n / 4);
		take -= n;
		*taken += n;
		off += n;
		normalise(&seg, &off);
		discard(d->base, bytes - n);
	}
}

/* What sense data says: key << 16 | additional code << 8 | its qualifier; 0 if there is none. */
static uint32_t request_sense(const struct disk *d)
{
	static const uint8_t packet[12] = {0x03, [4] = SENSE_LENGTH};
	uint8_t data[SENSE_LENGTH] __attribute__((aligned(4)));
	uint32_t taken = 0;

	if (packet_in(d, packet, 0, SENSE_LENGTH, SENSE_LENGTH, BIOS_SEG, (uintptr_t)data,
		      &taken) ||
	    taken < 14)
		return 0;
	return (uint32_t)(data[2] & 0x0f) << 16 | data[12] << 8 | data[13];
}

static uint8_t sense_status(uint32_t sense)
{
	uint8_t key = sense >> 16, code = sense >> 8;

	switch (key) {
	case 2:
		return code == 0x3a ? DISK_NO_MEDIUM : DISK_NOT_READY;
	case 3:
		return DISK_CRC;
	case 5:
		return code == 0x21 ? DISK_NOT_FOUND : DISK_BAD_COMMAND;
	case 6:
		return DISK_CHANGED;
	case 7:
		return DISK_WRITE_PROTECTED;
	default:
		return DISK_CONTROLLER;
	}
}

uint8_t atapi_read(struct disk *d, const uint8_t packet[12], uint32_t skip, uint32_t take,
		   uint32_t total, uint16_t seg, uint16_t off, uint32_t *taken)
{
	enum { ATTENTIONS = 8, READY_TRIES = 100, READY_STEP_US = 100000 };
	unsigned attentions = 0, waits = 0;
	uint32_t sense, unused;
	uint8_t status;

	normalise(&seg, &off);
	for (;;) {
		if (!taken)
			taken = &unused;
		*taken = 0;
		status = packet_in(d, packet, skip, take, total, seg, off, taken);
		if (status != PACKET_SENSE)
			break;
		sense = request_sense(d);
		status = sense_status(sense);
		if (sense >> 16 == 6) {
			if ((sense >> 8 & 0xff) == 0x28) /* may have changed */
				d->changed = true;
			if (attentions++ < ATTENTIONS)
				continue;
		}
		if (sense == 0x020401 && waits++ < READY_TRIES) { /* becoming ready */
			wait_microseconds(READY_STEP_US);
			continue;
		}
		break;
	}
	outb(d->control, CONTROL_IDLE);
	return status;
}

/* ---- finding devices ---- */

/* Words of IDENTIFY (PACKET) DEVICE, ATA/ATAPI-7, 6.17 */
enum {
	ID_CONFIG = 0,
	ID_MULTIWORD = 63,
	ID_ULTRA = 88,
	ID_CYLINDERS = 1,
	ID_HEADS = 3,
	ID_SECTORS = 6,
	ID_MODEL = 27,
	ID_MULTIPLE = 47,
	ID_CAPABILITIES = 49,
	ID_BLOCKS28 = 60,
	ID_COMMANDS2 = 83,
	ID_BLOCKS48 = 100,
	ID_SECTOR_SIZE = 106,
};

/* Reads 256 words of identification into disk_buffer. */
static bool identify(const struct disk *d, uint8_t code)
{
	uint8_t status;

	if (select(d, d->device))
		return false;
	command(d, code);
	status = wait_not_busy(d);
	if ((status & (ST_BSY | ST_DF | ST_ERR | ST_DRQ)) != ST_DRQ)
		return false;
	read_dwords(d->base, BIOS_SEG, (uintptr_t)disk_buffer, 128);
	return true;
}

/* ATA strings hold two characters a word, the first in the high byte, padded with spaces. */
static void copy_model(char *dst, const uint16_t *words)
{
	unsigned end = 0;

	for (unsigned i = 0; i < 40; i++) {
		char c = words[i / 2] >> (i & 1 ? 0 : 8);

		dst[i] = c < ' ' || c > '~' ? ' ' : c;
		if (dst[i] != ' ')
			end = i + 1;
	}
	dst[end] = 0;
}

/* May the bus master serve the disk? It must be in a DMA mode: the one that it has, or the best
 * multiword one that it can do. */
static bool dma_mode(const struct disk *d, const uint16_t *id)
{
	uint8_t modes = id[ID_MULTIWORD], mode = 2;

	if (!(id[ID_CAPABILITIES] & 1 << 8))
		return false;
	if (id[ID_ULTRA] & 0x7f00 || id[ID_MULTIWORD] & 0x0700)
		return true;
	if (!(modes & 7))
		return false;
	while (!(modes & 1 << mode))
		mode--;
	if (select(d, d->device))
		return false;
	outb(d->base + REG_ERROR, 0x03); /* set transfer mode */
	outb(d->base + REG_COUNT, 0x20 | mode);
	command(d, CMD_SET_FEATURES);
	return !(wait_not_busy(d) & (ST_BSY | ST_DF | ST_ERR));
}

static const char *parse_disk(struct disk *d)
{
	const uint16_t *id = (const uint16_t *)disk_buffer;

	copy_model(d->model, id + ID_MODEL);
	if (!(id[ID_CAPABILITIES] & 1 << 9))
		return "no LBA: not supported";
	if ((id[ID_SECTOR_SIZE] & 0xd000) == 0x5000)
		return "sectors above 512 bytes: not supported";
	d->block_size = 512;
	d->multiple = id[ID_MULTIPLE] & 0xff;
	if (d->multiple & (d->multiple - 1) || d->multiple > 64)
		d->multiple = 0;
	d->blocks = *(const uint32_t *)(id + ID_BLOCKS28);
	if ((id[ID_COMMANDS2] & 0xc400) == 0x4400) {
		uint64_t blocks = *(const uint64_t *)(id + ID_BLOCKS48);

		d->lba48 = true;
		if (blocks)
			d->blocks = blocks;
	}
	d->physical.cylinders = id[ID_CYLINDERS];
	d->physical.heads = id[ID_HEADS];
	d->physical.sectors = id[ID_SECTORS];
	if (!d->blocks)
		return "no capacity";
	disk_translate(d);
	if (d->bus_master && !dma_mode(d, id))
		d->bus_master = 0;
	return NULL;
}

/* Device n of a channel that was just reset. Prints what is there. */
static void probe(struct disk *d, unsigned channel, unsigned n)
{
	const char *problem;
	uint16_t signature;
	/* a reset that goes on shows BSY; an empty channel is not waited for */
	uint8_t steps = inb(d->base + REG_STATUS) & ST_BSY ? PROBE_STEPS : 0;

	if (!choose(d, d->device, steps) || wait_clear(d, ST_BSY, RESET_STEPS) & ST_BSY)
		return;
	/* ATA/ATAPI-7, 9.12: registers after a reset tell the kinds apart */
	if (inb(d->base + REG_COUNT) != 1 || inb(d->base + REG_LBA_LOW) != 1)
		return;
	signature = inb(d->base + REG_LBA_MID) | inb(d->base + REG_LBA_HIGH) << 8;
	d->atapi = signature == 0xeb14;
	if (signature && !d->atapi)
		return;
	if (!identify(d, d->atapi ? CMD_IDENTIFY_PACKET : CMD_IDENTIFY))
		return;

	if (!d->atapi) {
		problem = parse_disk(d);
		if (problem) {
			print("ata%u-%u: %s: %s\n", channel, n, d->model, problem);
			return;
		}
		print("ata%u-%u: %s %lu MiB%s\n", channel, n, d->model,
		      (unsigned long)(d->blocks >> 11), d->bus_master ? ", DMA" : "");
		disk_add(d);
	} else {
		const uint16_t *id = (const uint16_t *)disk_buffer;

		copy_model(d->model, id + ID_MODEL);
		if ((id[ID_CONFIG] >> 8 & 0x1f) != 5) {
			print("ata%u-%u: %s: packet device, no CD: not supported\n", channel, n,
			      d->model);
			return;
		}
		d->block_size = 2048;
		print("ata%u-%u: CD-ROM %s\n", channel, n, d->model);
		cdroms[cdroms_found++] = *d;
	}
}

void ata_init(void)
{
	static const struct {
		uint16_t base, control;
		uint8_t irq;
	} channels[] = {{0x1f0, 0x3f6, 14}, {0x170, 0x376, 15}};

	int ide = -1;
	bool ahci = false;
	uint16_t bus_master;

	for (int bdf = -1; (bdf = pci_next(bdf)) >= 0;) {
		uint16_t class = pci_read16(bdf, PCI_CLASS + 2);

		if (class == 0x0101 && ide < 0)
			ide = bdf;
		ahci |= class == 0x0106;
	}
	bus_master = ide < 0 ? 0 : ata_bus_master(ide);
	cdroms_found = 0; /* a reset starts here again */
	if (ahci)
		print("AHCI controller: not supported, its disks and CDs are left alone\n");
	for (unsigned i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
		struct disk d = {
			.base = channels[i].base,
			.control = channels[i].control,
			.irq = channels[i].irq,
			.device = 0xe0,
			.bus_master = bus_master ? bus_master + 8 * i : 0,
			.on_pci = ide >= 0,
			.bdf = ide,
		};

		if (inb(d.base + REG_STATUS) == 0xff) /* a floating bus: no controller */
			continue;
		ata_reset(&d);
		outb(d.control, CONTROL_POLL);
		probe(&d, i, 0);
		d.device = 0xf0;
		probe(&d, i, 1);
		outb(d.control, CONTROL_IDLE);
	}
}

/* IRQ 14 and 15. BIOS itself polls; a guest's driver may wait for the byte at 40:8E. */
void handle_76(struct regs *r)
{
	struct regs post = {.eax = 0x9100};

	bda.disk_irq = 0xff;
	eoi_slave();
	call_interrupt(0x15, &post);
}
