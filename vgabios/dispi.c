/* SPDX-License-Identifier: MIT
 *
 * The extended modes of Bochs' and QEMU's standard VGA: the DISPI interface (QEMU,
 * docs/specs/standard-vga.rst; Bochs, iodev/display/vga.h).
 */
#include "card.h"
#include "pci.h"

enum {
	PORT_DISPI_INDEX = 0x1ce,
	PORT_DISPI_DATA = 0x1cf,

	DISPI_ID = 0, /* B0C0-B0CF */
	DISPI_XRES,
	DISPI_YRES,
	DISPI_BPP,
	DISPI_ENABLE,
	DISPI_BANK,
	DISPI_VIRT_WIDTH,
	DISPI_VIRT_HEIGHT,
	DISPI_X_OFFSET,
	DISPI_Y_OFFSET,
	DISPI_MEMORY, /* in 64 KiB */
	DISPI_DDC,    /* Bochs: 0 clock, 1 data, 2 and 3 what is on the lines, 7 enable */

	ENABLE_ON = 1 << 0,
	ENABLE_8BIT_DAC = 1 << 5,
	ENABLE_LINEAR = 1 << 6,
	ENABLE_NO_CLEAR = 1 << 7,
};

/* clang-format off */
#define MODES(M) \
	M(0x18c, 2560, 1600, 32) \
	M(0x19a, 2560, 1440, 32) \
	M(0x18b, 2560, 1600, 24) \
	M(0x199, 2560, 1440, 24) \
	M(0x189, 1920, 1200, 32) \
	M(0x192, 1920, 1080, 32) \
	M(0x18a, 2560, 1600, 16) \
	M(0x1b3, 2560, 1600, 15) \
	M(0x147, 1600, 1200, 32) \
	M(0x198, 2560, 1440, 16) \
	M(0x1b5, 2560, 1440, 15) \
	M(0x186, 1680, 1050, 32) \
	M(0x188, 1920, 1200, 24) \
	M(0x191, 1920, 1080, 24) \
	M(0x183, 1400, 1050, 32) \
	M(0x11f, 1600, 1200, 24) \
	M(0x196, 1600, 900, 32) \
	M(0x185, 1680, 1050, 24) \
	M(0x145, 1280, 1024, 32) \
	M(0x180, 1440, 900, 32) \
	M(0x17d, 1280, 960, 32) \
	M(0x187, 1920, 1200, 16) \
	M(0x1b1, 1920, 1200, 15) \
	M(0x182, 1400, 1050, 24) \
	M(0x195, 1600, 900, 24) \
	M(0x190, 1920, 1080, 16) \
	M(0x1af, 1920, 1080, 15) \
	M(0x1b2, 2560, 1600, 8) \
	M(0x17a, 1280, 800, 32) \
	M(0x14c, 1152, 864, 32) \
	M(0x11b, 1280, 1024, 24) \
	M(0x177, 1280, 768, 32) \
	M(0x17f, 1440, 900, 24) \
	M(0x11d, 1600, 1200, 15) \
	M(0x11e, 1600, 1200, 16) \
	M(0x197, 2560, 1440, 8) \
	M(0x17c, 1280, 960, 24) \
	M(0x18f, 1280, 720, 32) \
	M(0x184, 1680, 1050, 16) \
	M(0x1ad, 1680, 1050, 15) \
	M(0x144, 1024, 768, 32) \
	M(0x179, 1280, 800, 24) \
	M(0x14b, 1152, 864, 24) \
	M(0x176, 1280, 768, 24) \
	M(0x181, 1400, 1050, 16) \
	M(0x1a9, 1400, 1050, 15) \
	M(0x194, 1600, 900, 16) \
	M(0x1b4, 1600, 900, 15) \
	M(0x18e, 1280, 720, 24) \
	M(0x119, 1280, 1024, 15) \
	M(0x11a, 1280, 1024, 16) \
	M(0x17e, 1440, 900, 16) \
	M(0x1ab, 1440, 900, 15) \
	M(0x17b, 1280, 960, 16) \
	M(0x1a7, 1280, 960, 15) \
	M(0x118, 1024, 768, 24) \
	M(0x1b0, 1920, 1200, 8) \
	M(0x1ae, 1920, 1080, 8) \
	M(0x178, 1280, 800, 16) \
	M(0x1a5, 1280, 800, 15) \
	M(0x149, 1152, 864, 15) \
	M(0x14a, 1152, 864, 16) \
	M(0x175, 1280, 768, 16) \
	M(0x1a3, 1280, 768, 15) \
	M(0x11c, 1600, 1200, 8) \
	M(0x143, 800, 600, 32) \
	M(0x18d, 1280, 720, 16) \
	M(0x1a1, 1280, 720, 15) \
	M(0x1ac, 1680, 1050, 8) \
	M(0x116, 1024, 768, 15) \
	M(0x117, 1024, 768, 16) \
	M(0x1a8, 1400, 1050, 8) \
	M(0x193, 1600, 900, 8) \
	M(0x115, 800, 600, 24) \
	M(0x107, 1280, 1024, 8) \
	M(0x1aa, 1440, 900, 8) \
	M(0x1a6, 1280, 960, 8) \
	M(0x142, 640, 480, 32) \
	M(0x1a4, 1280, 800, 8) \
	M(0x141, 640, 400, 32) \
	M(0x148, 1152, 864, 8) \
	M(0x1a2, 1280, 768, 8) \
	M(0x113, 800, 600, 15) \
	M(0x114, 800, 600, 16) \
	M(0x1a0, 1280, 720, 8) \
	M(0x112, 640, 480, 24) \
	M(0x105, 1024, 768, 8) \
	M(0x1b8, 640, 400, 24) \
	M(0x106, 1280, 1024, 4) \
	M(0x110, 640, 480, 15) \
	M(0x111, 640, 480, 16) \
	M(0x1b6, 640, 400, 15) \
	M(0x1b7, 640, 400, 16) \
	M(0x103, 800, 600, 8) \
	M(0x104, 1024, 768, 4) \
	M(0x101, 640, 480, 8) \
	M(0x100, 640, 400, 8) \
	M(0x140, 320, 200, 32) \
	M(0x102, 800, 600, 4) \
	M(0x10f, 320, 200, 24) \
	M(0x10d, 320, 200, 15) \
	M(0x10e, 320, 200, 16) \
	M(0x146, 320, 200, 8) \
	M(0x108, 80, 60, 0) M(0x109, 132, 25, 0) M(0x10a, 132, 43, 0) M(0x10b, 132, 50, 0) \
	M(0x10c, 132, 60, 0)
/* clang-format on */

const struct vbe_size ROM card_sizes[] IN_ROM = {VBE_SIZES(VBE_SIZE) VBE_MORE_SIZES(VBE_SIZE)};
const struct vbe_entry ROM card_modes[] IN_ROM = {MODES(VBE_ENTRY)};
const uint16_t ROM card_mode_numbers[] IN_ROM = {MODES(VBE_NUMBER) 0xffff};

const struct card ROM card IN_ROM = {
	.modes = sizeof(card_modes) / sizeof(card_modes[0]),
	.capabilities = 1, /* the DAC can be 8 bits wide */
	.ddc = true,
	.dpms = 4, /* a VGA can stop both synchronisation signals, not one of them */
	.max_pitch = 0xfff0,
	.max_clock = 300000000,
};

#define PCI_ID		    0x11111234 /* device, vendor */
#define DEFAULT_FRAMEBUFFER 0xe0000000 /* where the card is not on PCI */

static uint16_t read_dispi(uint16_t index)
{
	outw(PORT_DISPI_INDEX, index);
	return inw(PORT_DISPI_DATA);
}

static void write_dispi(uint16_t index, uint16_t value)
{
	outw(PORT_DISPI_INDEX, index);
	outw(PORT_DISPI_DATA, value);
}

static bool present(void)
{
	return (read_dispi(DISPI_ID) & 0xfff0) == 0xb0c0;
}

void card_init(void)
{
	if (present())
		write_dispi(DISPI_ID, 0xb0c5); /* the newest interface that the card has */
}

void card_standard_mode(void)
{
	write_dispi(DISPI_ENABLE, 0);
}

uint16_t card_memory(void)
{
	uint16_t memory = present() ? read_dispi(DISPI_MEMORY) : 0;

	return memory == 0xffff ? 0 : memory;
}

uint32_t card_framebuffer(void)
{
	uint32_t bar = pci_find_bar0(PCI_ID);

	return bar ? bar & ~0xfu : DEFAULT_FRAMEBUFFER;
}

void card_set_mode(const struct vbe_mode *mode, bool linear, bool keep)
{
	write_dispi(DISPI_XRES, mode->width);
	write_dispi(DISPI_YRES, mode->height);
	write_dispi(DISPI_BPP, mode->bits);
	write_dispi(DISPI_BANK, 0);
	write_dispi(DISPI_ENABLE,
		    ENABLE_ON | (linear ? ENABLE_LINEAR : 0) | (keep ? ENABLE_NO_CLEAR : 0));
	write_dispi(DISPI_VIRT_WIDTH, mode->width);
}

uint16_t card_pitch(const struct vbe_mode *mode)
{
	return read_dispi(DISPI_VIRT_WIDTH) * mode->storage / 8;
}

void card_set_pitch(uint16_t bytes, uint16_t pixels)
{
	write_dispi(DISPI_VIRT_WIDTH, pixels);
}

void card_set_start(uint32_t at, uint32_t offset)
{
	write_dispi(DISPI_X_OFFSET, at);
	write_dispi(DISPI_Y_OFFSET, at >> 16);
}

uint32_t card_start(const struct vbe_mode *mode)
{
	uint32_t y = read_dispi(DISPI_Y_OFFSET);

	return y << 16 | read_dispi(DISPI_X_OFFSET);
}

uint8_t card_dac_width(void)
{
	return read_dispi(DISPI_ENABLE) & ENABLE_8BIT_DAC ? 8 : 6;
}

uint8_t card_set_dac_width(uint8_t bits)
{
	uint16_t enable = read_dispi(DISPI_ENABLE) & ~ENABLE_8BIT_DAC;

	write_dispi(DISPI_ENABLE, enable | ENABLE_NO_CLEAR | (bits >= 8 ? ENABLE_8BIT_DAC : 0));
	return card_dac_width();
}

/* CRTC 17h bit 7 clear stops both signals. */
void card_set_power(uint8_t state)
{
	write_index(bda.crtc, 0x17, (read_index(bda.crtc, 0x17) & 0x7f) | (state ? 0 : 0x80));
}

uint8_t card_power(void)
{
	return 4;
}

void card_save(uint16_t offset)
{
	for (uint8_t i = DISPI_XRES; i <= DISPI_Y_OFFSET; i++, offset += 2)
		poke16(r->es, offset, read_dispi(i));
}

/* The mode is on before what it sets is written again. */
void card_restore(uint16_t offset)
{
	for (uint8_t i = DISPI_XRES; i <= DISPI_Y_OFFSET; i++, offset += 2) {
		uint16_t value = peek16(r->es, offset);

		if (i != DISPI_VIRT_HEIGHT) /* follows from the width */
			write_dispi(i, i == DISPI_ENABLE ? value | ENABLE_NO_CLEAR : value);
	}
}

/* Drives DDC's clock (bit 0) and data (bit 1), returns what is on the lines then. */
static uint8_t ddc(uint8_t lines)
{
	write_dispi(DISPI_DDC, 0x80 | lines);
	return read_dispi(DISPI_DDC) >> 2 & 3;
}

/* Eight bits and the acknowledgement, which are driven where they are 0. */
static uint16_t ddc_byte(uint16_t bits)
{
	uint16_t seen = 0;

	for (uint8_t i = 9; i; i--, bits <<= 1) {
		uint8_t data = bits >> 7 & 2;

		ddc(data);
		seen = seen << 1 | ddc(data | 1) >> 1;
		ddc(data);
	}
	return seen;
}

/* Bochs' monitor, by DDC2B (I2C at address A0h). */
static bool ddc_edid(uint8_t block)
{
	bool there = ddc(3) == 3;

	ddc(1);
	ddc(0);
	if (!there || ddc_byte(0xa0 << 1 | 1) & 1)
		return false;
	ddc_byte(block << 8 | 1);
	ddc(2);
	ddc(3);
	ddc(1);
	ddc(0);
	ddc_byte(0xa1 << 1 | 1);
	for (uint8_t i = 0; i < 128; i++)
		poke8(r->es, r->di + i, ddc_byte(i == 127 ? 0x1ff : 0x1fe) >> 1);
	ddc(0);
	ddc(1);
	ddc(3);
	return true;
}

/* QEMU's is in the card's memory (docs/specs/standard-vga.rst), which is brought to A0000h for the
 * moment, within real mode's reach: the area is routed to the card's bus. */
static bool memory_edid(uint8_t block)
{
	uint32_t saved = inl(PORT_PCI_ADDRESS), address = pci_find(PCI_ID), bar = 0;

	if (address) {
		outl(PORT_PCI_ADDRESS, address | 0x18);
		bar = inl(PORT_PCI_DATA);
		if (bar) {
			outl(PORT_PCI_DATA, 0xa0000);
			for (uint8_t i = 0; i < 128; i++)
				poke8(r->es, r->di + i, peek8(0xa000, block * 128 + i));
			outl(PORT_PCI_DATA, bar);
		}
	}
	outl(PORT_PCI_ADDRESS, saved);
	return bar;
}

bool card_edid(uint8_t block)
{
	return (memory_edid(block) || ddc_edid(block)) &&
	       (block || (peek16(r->es, r->di) == 0xff00 && peek16(r->es, r->di + 6) == 0x00ff));
}

void card_1012(void)
{
}

uint16_t card_oem_mode(uint8_t number)
{
	return 0;
}
