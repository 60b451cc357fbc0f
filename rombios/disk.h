/* SPDX-License-Identifier: MIT
 *
 * What the disk files share: the devices found, transfers, and the status codes of INT 13h.
 */
#ifndef ROMBIOS_DISK_H
#define ROMBIOS_DISK_H

#include <rombios/rombios.h>

/* INT 13h status, as left in AH and in 40:41 (floppies) or 40:74 (disks) */
enum disk_status {
	DISK_OK = 0x00,
	DISK_BAD_COMMAND = 0x01,
	DISK_NO_ADDRESS_MARK = 0x02,
	DISK_WRITE_PROTECTED = 0x03,
	DISK_NOT_FOUND = 0x04, /* sector, cylinder or block */
	DISK_RESET_FAILED = 0x05,
	DISK_CHANGED = 0x06,
	DISK_NO_PARAMETERS = 0x07,
	DISK_DMA_OVERRUN = 0x08,
	DISK_DMA_BOUNDARY = 0x09,
	DISK_BAD_SECTOR = 0x0a,
	DISK_BAD_MEDIA_TYPE = 0x0c,
	DISK_CRC = 0x10,
	DISK_CONTROLLER = 0x20,
	DISK_NO_MEDIUM = 0x31,
	DISK_SEEK = 0x40,
	DISK_TIMEOUT = 0x80,
	DISK_NOT_READY = 0xaa,
	DISK_NOT_LOCKED = 0xb0,
	DISK_LOCKED = 0xb1,
	DISK_NOT_REMOVABLE = 0xb2,
	DISK_LOCK_COUNT = 0xb4,
	DISK_EJECT_FAILED = 0xb5,
	DISK_UNDEFINED = 0xbb,
	DISK_WRITE_FAULT = 0xcc,
};

/* What a handler of INT 13h returns: a status, or SUCCESS_AH where AH is a result instead. */
#define SUCCESS_AH(value) (0x100 | (value))

enum { DISK_MAX = 8, CDROM_MAX = 4 };

struct geometry {
	uint32_t cylinders;
	uint16_t heads;
	uint8_t sectors;
};

/* An ATA or ATAPI device, or a virtio disk. */
struct disk {
	bool virtio, read_only;
	uint16_t base, control; /* I/O ports of the command and the control block; of a virtio device */
	uint16_t bus_master;	/* I/O ports of the channel's bus master, 0: none to use */
	bool on_pci;
	uint16_t bdf;		/* of the PCI function, if on_pci */
	uint8_t irq;
	uint8_t device;    /* device register: LBA mode, device 0 or 1 */
	bool atapi;
	bool lba48;
	uint8_t multiple;  /* sectors a data block of READ MULTIPLE, 0: not supported */
	uint8_t locks;     /* INT 13h/45h */
	bool changed;      /* a medium was changed since INT 13h/49h asked */
	uint16_t block_size;
	uint64_t blocks;   /* of a CD: after cdrom_capacity() */
	struct geometry physical, logical; /* of an ATA disk; logical is what INT 13h shows */
	char model[41];
};

/* A transfer in progress: where the next block goes. */
struct transfer {
	uint64_t lba;
	uint16_t count;    /* blocks asked for */
	uint16_t moved;    /* blocks done */
	uint16_t seg, off; /* the caller's buffer, normalised: off < 16 where seg can hold the rest */
};

enum transfer_kind { TRANSFER_READ, TRANSFER_WRITE, TRANSFER_VERIFY };

extern struct disk disks[DISK_MAX];
extern struct disk cdroms[CDROM_MAX];

/* ata.c */

/* Moves t->count blocks of 512 bytes; t->moved tells how many were. The range is the device's to
 * refuse. Returns a status. */
uint8_t ata_transfer(struct disk *d, struct transfer *t, enum transfer_kind kind);
/* For ata_dma.c: gives the device its DMA command for n sectors; whether it still works at it; its
 * status at the end. */
uint8_t ata_dma_start(const struct disk *d, const struct transfer *t, unsigned n, bool write);
bool ata_dma_busy(const struct disk *d);
/* Resets the device's channel and does not wait for it. */
void ata_abort(const struct disk *d);
uint8_t ata_dma_end(const struct disk *d);
/* Resets the device's channel (both devices on it) and waits for it. */
uint8_t ata_reset(const struct disk *d);
/* Asks the device whether it is ready: INT 13h/10h. */
uint8_t ata_ready(const struct disk *d);
/* Runs a packet command that reads. Of the data, the first `skip` bytes are dropped, the next
 * `take` go to seg:off, the rest of `total` is dropped; all even. Repeats it after a unit
 * attention and while the drive becomes ready. taken (may be NULL): bytes stored. */
uint8_t atapi_read(struct disk *d, const uint8_t packet[12], uint32_t skip, uint32_t take,
		   uint32_t total, uint16_t seg, uint16_t off, uint32_t *taken);

/* ata_dma.c */

/* The ports of the IDE controller's bus master, which is turned on; 0 if it has none. */
uint16_t ata_bus_master(uint16_t bdf);
/* Moves what the bus master can move; t->moved tells how much. DISK_TIMEOUT where the device does not
 * come to an end; what else is left is programmed I/O's. */
uint8_t ata_dma(struct disk *d, struct transfer *t, enum transfer_kind kind);

/* Another value each time, to be put where a device is about to write: if it stands there afterwards, a guest
 * has another page there. */
uint32_t dma_mark(void);

/* virtio_blk.c */

uint8_t virtio_blk_transfer(struct disk *d, struct transfer *t, enum transfer_kind kind);
uint8_t virtio_blk_reset(struct disk *d);

/* int13_disk.c */

/* Takes a disk into the list that INT 13h knows, with the parameter tables of INT 41h and 46h. */
void disk_add(const struct disk *d);
/* Makes disk `from` number `to`, which is not behind it; those between move up. */
void disk_to(unsigned from, unsigned to);
/* The geometry that INT 13h shows for d->blocks and d->physical. */
void disk_translate(struct disk *d);

/* Makes off < 16 as far as seg can grow. */
static inline void normalise(uint16_t *seg, uint16_t *off)
{
	uint16_t up = *off >> 4, room = 0xffff - *seg;

	if (up > room)
		up = room;
	*seg += up;
	*off -= up << 4;
}

/* t forward by so many blocks and, in the buffer, bytes */
static inline void advance(struct transfer *t, uint16_t blocks, uint32_t bytes)
{
	uint32_t at = (uint32_t)t->off + bytes;

	t->lba += blocks;
	t->moved += blocks;
	while (at > 0xffff) { /* 64 KiB and more at once: DMA */
		t->seg += 0x1000 > 0xffff - t->seg ? 0xffff - t->seg : 0x1000;
		at -= 0x10000;
	}
	t->off = at;
	normalise(&t->seg, &t->off);
}

/* The physical address of rombios' own data. */
static inline uint32_t physical(const volatile void *p)
{
	return ((uint32_t)BIOS_SEG << 4) + (uintptr_t)p;
}

/* May a device write to and read from the buffer itself? In real mode an address is what it says; with
 * CR0.PE set the caller is in a guest's VM86, and its pages may lie anywhere. Above low memory there is
 * ROM, vmxassist, and what A20 folds. */
static inline bool dma_reaches(const struct transfer *t)
{
	return ((uint32_t)t->seg << 4) + t->off + t->count * 512u <= DFW_LOW_END && !in_protected_mode();
}

/* True if `bytes` from seg:off end within what real-mode addresses reach (10FFEFh). */
static inline bool reachable(uint16_t seg, uint16_t off, uint32_t bytes)
{
	return bytes <= 0x10fff0 && ((uint32_t)seg << 4) + off <= 0x10fff0 - bytes;
}

/* Fills the buffer of INT 13h/48h at DS:SI; `info` are its flags. d is NULL for an emulated disk,
 * which has no device path. */
uint16_t drive_parameters(struct regs *r, const struct disk *d, uint16_t info,
			  const struct geometry *g, uint64_t blocks, uint16_t block_size);

/* The disk address packet of INT 13h/42h-44h and 47h (EDD-3, 8.1). */
struct disk_packet {
	uint8_t size, reserved;
	uint16_t count;
	uint16_t off, seg;
	uint64_t lba;
} __attribute__((packed));

/* Reads the packet at DS:SI and checks its buffer for blocks of block_size bytes (0: no buffer).
 * Returns a status; fills t on success. */
uint8_t fetch_packet(const struct regs *r, struct transfer *t, uint16_t block_size);
/* Stores how many blocks were moved in the packet. */
void store_moved(const struct regs *r, uint16_t moved);

/* Turns AL, CX, DX and ES:BX into a transfer of 512-byte sectors. Returns a status. */
uint8_t fetch_chs(const struct regs *r, struct transfer *t, const struct geometry *g);

/* Sets CX and DH to what AH=08h says for the geometry. */
void store_geometry(struct regs *r, const struct geometry *g);

/* int13_cdrom.c */

/* True if the drive number is that of an El Torito emulation; otherwise *dl is lowered by one if
 * an emulated drive stands before it. */
bool cdrom_emulates(uint8_t *dl);
uint16_t handle_13_emulated(struct regs *r);
uint16_t handle_13_cdrom(struct regs *r, struct disk *d);
uint16_t handle_13_el_torito(struct regs *r); /* 4Ah-4Dh */

/* floppy.c: bytes for whoever needs them during one service: floppy DMA, CD sectors. Lies in
 * E0000-EFFFF, so that it crosses no 64 KiB line. */
#define DISK_BUFFER_SIZE 8192
extern uint8_t disk_buffer[DISK_BUFFER_SIZE];
/* The diskette parameter table for drives of a CMOS type (1..6). */
const uint8_t *floppy_parameters(uint8_t type);

#endif
