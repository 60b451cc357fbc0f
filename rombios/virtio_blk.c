/* SPDX-License-Identifier: MIT
 *
 * virtio disks by the legacy port interface, which transitional devices have as well (VIRTIO 1.0, 4.1.4.8
 * and 5.2; virtio 0.9.5, 2). The one queue lies in rombios' own memory and belongs to the device
 * used last: another one, or one that a guest's driver has had meanwhile, is set up again.
 */
#include <rombios/disk.h>
#include <rombios/pci.h>

enum { ID_BLOCK = 0x10011af4, ID_BLOCK_MODERN = 0x10421af4 };

enum {
	REG_FEATURES = 0x00, /* the device's; ours go to 04h, and are none */
	REG_OUR_FEATURES = 0x04,
	REG_QUEUE_PAGE = 0x08,
	REG_QUEUE_SIZE = 0x0c,
	REG_QUEUE_SELECT = 0x0e,
	REG_NOTIFY = 0x10,
	REG_STATUS = 0x12,
	REG_CAPACITY = 0x14, /* configuration: 64 bits, sectors of 512 bytes */
	REG_GEOMETRY = 0x24, /* cylinders (16 bits), heads, sectors */
	REG_BLOCK_SIZE = 0x28,
};
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4 };
enum { FEATURE_GEOMETRY = 1 << 4, FEATURE_READ_ONLY = 1 << 5, FEATURE_BLOCK_SIZE = 1 << 6 };

enum { QUEUE_MAX = 256, PAGE = 4096 };
enum { DESC_NEXT = 1, DESC_WRITE = 2 };
enum { AVAIL_NO_INTERRUPT = 1 };
enum { TYPE_IN = 0, TYPE_OUT = 1 };
enum { STATUS_OK = 0, STATUS_UNSUPPORTED = 2, STATUS_NONE = 0xff };
enum { SPINS = 4096, STEP_US = 100, STEPS = 10 * 1000 * 1000 / STEP_US };

/* virtio 0.9.5, 2.3: with n entries: n of desc, the available ring, and from the next page the used ring */
static struct {
	struct desc {
		uint64_t address;
		uint32_t length;
		uint16_t flags, next;
	} desc[QUEUE_MAX];
	uint16_t rest[2 * PAGE / 2 - QUEUE_MAX * 8 + 3 + QUEUE_MAX * 4];
} queue __attribute__((aligned(4096)));

static struct request {
	uint32_t type, reserved;
	uint64_t sector;
	volatile uint8_t status;
} request;

static uint16_t owner;		/* its ports */
static uint16_t size, made;	/* entries of its queue, requests made */

static inline volatile uint16_t *available(void) /* flags, index, ring */
{
	return (volatile uint16_t *)(queue.desc + size);
}

static inline volatile uint16_t *used(void) /* flags, index, ring */
{
	uint32_t after = (uintptr_t)&queue + size * 16u + 6 + size * 2u;

	return (volatile uint16_t *)((after + PAGE - 1) & -PAGE);
}

static bool attach(uint16_t port)
{
	if (owner == port && inb(port + REG_STATUS) == (ACKNOWLEDGE | DRIVER | DRIVER_OK) &&
	    inl(port + REG_QUEUE_PAGE) == physical(&queue) / PAGE)
		return true;
	owner = 0;
	outb(port + REG_STATUS, 0);
	outb(port + REG_STATUS, ACKNOWLEDGE);
	outb(port + REG_STATUS, ACKNOWLEDGE | DRIVER);
	outl(port + REG_OUR_FEATURES, 0);
	outw(port + REG_QUEUE_SELECT, 0);
	size = inw(port + REG_QUEUE_SIZE);
	if (!size || size > QUEUE_MAX || (size & (size - 1)))
		return false;
	for (uint32_t *p = (uint32_t *)&queue; p < (uint32_t *)(&queue + 1); p++)
		*p = 0;
	made = 0;
	available()[0] = AVAIL_NO_INTERRUPT;
	outl(port + REG_QUEUE_PAGE, physical(&queue) / PAGE);
	outb(port + REG_STATUS, ACKNOWLEDGE | DRIVER | DRIVER_OK);
	owner = port;
	return true;
}

static bool wait_used(void)
{
	for (unsigned n = SPINS; n; n--)
		if (used()[1] == made)
			return true;
	for (uint32_t n = STEPS; n; n--) {
		wait_microseconds(STEP_US);
		if (used()[1] == made)
			return true;
	}
	return false;
}

/* One request of at most 64 KiB at a physical address. */
static uint8_t run(const struct disk *d, uint64_t sector, bool write, uint32_t address, uint32_t bytes)
{
	request = (struct request){.type = write ? TYPE_OUT : TYPE_IN, .sector = sector, .status = STATUS_NONE};
	queue.desc[0] = (struct desc){physical(&request), 16, DESC_NEXT, 1};
	queue.desc[1] = (struct desc){address, bytes, DESC_NEXT | (write ? 0 : DESC_WRITE), 2};
	queue.desc[2] = (struct desc){physical(&request.status), 1, DESC_WRITE, 0};
	available()[2 + made % size] = 0;
	available()[1] = ++made;
	asm volatile("" : : : "memory");
	outw(d->base + REG_NOTIFY, 0);
	if (!wait_used()) {
		owner = 0;
		outb(d->base + REG_STATUS, 0); /* it must not write to the caller's memory later */
		return DISK_TIMEOUT;
	}
	return request.status == STATUS_OK		? DISK_OK
	       : request.status == STATUS_UNSUPPORTED ? DISK_BAD_COMMAND
						      : DISK_CONTROLLER;
}

uint8_t virtio_blk_transfer(struct disk *d, struct transfer *t, enum transfer_kind kind)
{
	bool write = kind == TRANSFER_WRITE, straight = kind != TRANSFER_VERIFY && dma_reaches(t);
	uint16_t most = straight ? 0x10000 / 512 : DISK_BUFFER_SIZE / 512;

	if (write && d->read_only)
		return DISK_WRITE_PROTECTED;
	if (!attach(d->base))
		return DISK_CONTROLLER;
	while (t->moved < t->count) {
		uint16_t n = t->count - t->moved < most ? t->count - t->moved : most;
		uint32_t *last = (uint32_t *)(disk_buffer + n * 512u - 4), mark = 0;
		uint8_t status;

		if (straight) {
			status = run(d, t->lba, write, ((uint32_t)t->seg << 4) + t->off, n * 512u);
		} else {
			if (write)
				far_copy_dwords(BIOS_SEG, (uintptr_t)disk_buffer, t->seg, t->off, n * 128);
			else
				*last = mark = dma_mark();
			status = run(d, t->lba, write, physical(disk_buffer), n * 512u);
			if (!status && !write && *last == mark) /* another page stands there */
				status = DISK_CONTROLLER;
			if (!status && kind == TRANSFER_READ)
				far_copy_dwords(t->seg, t->off, BIOS_SEG, (uintptr_t)disk_buffer, n * 128);
		}
		if (status)
			return status;
		advance(t, n, kind == TRANSFER_VERIFY ? 0 : n * 512u);
	}
	return DISK_OK;
}

uint8_t virtio_blk_reset(struct disk *d)
{
	owner = 0;
	return attach(d->base) ? DISK_OK : DISK_RESET_FAILED;
}

static void probe(unsigned n, uint16_t bdf)
{
	uint32_t bar = pci_read32(bdf, PCI_BAR0), features;
	struct disk d = {.virtio = true, .on_pci = true, .bdf = bdf, .block_size = 512};
	uint16_t port = bar & 0xfffc;

	if (!(bar & 1) || !port) {
		print("virtio%u: no port interface: not supported\n", n);
		return;
	}
	pci_write16(bdf, PCI_COMMAND, pci_read16(bdf, PCI_COMMAND) | PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	features = inl(port + REG_FEATURES);
	d.base = port;
	d.read_only = features & FEATURE_READ_ONLY;
	d.blocks = inl(port + REG_CAPACITY) | (uint64_t)inl(port + REG_CAPACITY + 4) << 32;
	if (features & FEATURE_BLOCK_SIZE && inl(port + REG_BLOCK_SIZE) > 512) {
		print("virtio%u: sectors above 512 bytes: not supported\n", n);
		return;
	}
	if (features & FEATURE_GEOMETRY) {
		uint32_t g = inl(port + REG_GEOMETRY);

		d.physical = (struct geometry){g & 0xffff, g >> 16 & 0xff, g >> 24};
	}
	if (!d.blocks || !attach(port)) {
		print("virtio%u: no capacity, or a queue of more than %u entries: not supported\n", n, (unsigned)QUEUE_MAX);
		return;
	}
	disk_translate(&d);
	print("virtio%u: disk %lu MiB%s\n", n, (unsigned long)(d.blocks >> 11), d.read_only ? ", read-only" : "");
	disk_add(&d);
}

void virtio_blk_init(void)
{
	unsigned n = 0;
	bool modern = false;

	owner = 0;
	for (int bdf = -1; (bdf = pci_next(bdf)) >= 0;) {
		uint32_t id = pci_read32(bdf, 0);

		if (id == ID_BLOCK)
			probe(n++, bdf);
		modern |= id == ID_BLOCK_MODERN;
	}
	if (modern)
		print("virtio disk without the port interface (disable-legacy): not supported\n");
}
