/* SPDX-License-Identifier: MIT
 *
 * QEMU's firmware configuration device, by DMA where it can, which takes two port accesses for any
 * length.
 */
#include "vmxloader/fw_cfg.h"
#include "vmxloader/io.h"
#include "lib/string.h"

#define PORT_SELECTOR 0x510
#define PORT_DATA     0x511
#define PORT_DMA_LOW  0x518 /* the high half, at 514h, is 0 after every transfer */

enum { SELECT_SIGNATURE = 0x00, SELECT_ID = 0x01, SELECT_DIRECTORY = 0x19 };
#define ID_DMA 2

enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16 };

/* All big-endian. */
struct dma {
	uint32_t control; /* selector in the high half */
	uint32_t length;
	uint64_t address;
};

struct file {
	uint32_t size;
	uint16_t selector;
	uint16_t reserved;
	char name[56];
};

static bool dma_works;

static void read_by_pio(uint16_t selector, void *to, uint32_t len)
{
	outw(PORT_SELECTOR, selector);
	asm volatile("rep insb" : "+D"(to), "+c"(len) : "d"(PORT_DATA) : "memory");
}

bool fw_cfg_find(void)
{
	char signature[4];
	uint32_t id;

	read_by_pio(SELECT_SIGNATURE, signature, sizeof(signature));
	if (memcmp(signature, "QEMU", sizeof(signature)))
		return false;
	read_by_pio(SELECT_ID, &id, sizeof(id));
	dma_works = id & ID_DMA;
	return true;
}

static bool transfer(uint32_t control, uint32_t len, const void *memory)
{
	volatile struct dma dma = {
	    __builtin_bswap32(control),
	    __builtin_bswap32(len),
	    __builtin_bswap64((uintptr_t)memory),
	};

	outl(PORT_DMA_LOW, __builtin_bswap32((uintptr_t)&dma));
	while (dma.control & ~__builtin_bswap32(DMA_ERROR))
		;
	asm volatile("" : : : "memory");
	return !dma.control;
}

void fw_cfg_read(uint16_t selector, void *to, uint32_t len)
{
	if (dma_works)
		transfer((uint32_t)selector << 16 | DMA_SELECT | DMA_READ, len, to);
	else
		read_by_pio(selector, to, len);
}

bool fw_cfg_write(uint16_t selector, uint32_t offset, const void *from, uint32_t len)
{
	return dma_works && transfer((uint32_t)selector << 16 | DMA_SELECT | DMA_SKIP, offset, NULL) &&
	       transfer(DMA_WRITE, len, from);
}

uint16_t fw_cfg_file(const char *name, uint32_t *size)
{
	static struct {
		uint32_t count;
		struct file file[64];
	} directory;

	if (!directory.count) {
		fw_cfg_read(SELECT_DIRECTORY, &directory, sizeof(directory));
		directory.count = __builtin_bswap32(directory.count);
		if (directory.count > 64)
			directory.count = 64;
	}
	for (unsigned i = 0; i < directory.count; i++)
		if (!strncmp(directory.file[i].name, name, sizeof(directory.file[i].name))) {
			*size = __builtin_bswap32(directory.file[i].size);
			return __builtin_bswap16(directory.file[i].selector);
		}
	return 0;
}
