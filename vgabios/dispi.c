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

	ENABLE_ON = 1 << 0,
	ENABLE_8BIT_DAC = 1 << 5,
	ENABLE_LINEAR = 1 << 6,
	ENABLE_NO_CLEAR = 1 << 7,
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

bool card_extended(void)
{
	return read_dispi(DISPI_ENABLE) & ENABLE_ON;
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

static uint16_t bytes_for_pixels(uint16_t pixels, uint8_t bits)
{
	return bits == 4 ? pixels / 8 : pixels * ((bits + 7) / 8);
}

uint16_t card_pitch(const struct vbe_mode ROM *mode)
{
	return bytes_for_pixels(mode->width, mode->bits);
}

void card_set_mode(const struct vbe_mode ROM *mode, bool linear, bool keep)
{
	write_dispi(DISPI_ENABLE, 0);
	write_parameters(&parameter_table[mode->bits == 4 ? 0x1b : 0x1c]);
	write_dispi(DISPI_XRES, mode->width);
	write_dispi(DISPI_YRES, mode->height);
	write_dispi(DISPI_BPP, mode->bits);
	write_dispi(DISPI_BANK, 0);
	write_dispi(DISPI_ENABLE,
		    ENABLE_ON | (linear ? ENABLE_LINEAR : 0) | (keep ? ENABLE_NO_CLEAR : 0));
	write_dispi(DISPI_VIRT_WIDTH, mode->width);
}

uint16_t card_bank(void)
{
	return read_dispi(DISPI_BANK);
}

void card_set_bank(uint16_t bank)
{
	write_dispi(DISPI_BANK, bank);
}

bool card_set_virtual_width(uint16_t pixels)
{
	uint16_t old = read_dispi(DISPI_VIRT_WIDTH);

	write_dispi(DISPI_VIRT_WIDTH, pixels);
	if (read_dispi(DISPI_VIRT_WIDTH) >= pixels &&
	    read_dispi(DISPI_VIRT_HEIGHT) >= read_dispi(DISPI_YRES))
		return true;
	write_dispi(DISPI_VIRT_WIDTH, old);
	return false;
}

void card_virtual_size(uint16_t *bytes, uint16_t *pixels, uint16_t *lines)
{
	*pixels = read_dispi(DISPI_VIRT_WIDTH);
	*bytes = bytes_for_pixels(*pixels, read_dispi(DISPI_BPP));
	*lines = read_dispi(DISPI_VIRT_HEIGHT);
}

bool card_set_start(uint16_t x, uint16_t y)
{
	if ((uint32_t)y + read_dispi(DISPI_YRES) > read_dispi(DISPI_VIRT_HEIGHT))
		return false;
	write_dispi(DISPI_X_OFFSET, x);
	write_dispi(DISPI_Y_OFFSET, y);
	return true;
}

void card_start(uint16_t *x, uint16_t *y)
{
	*x = read_dispi(DISPI_X_OFFSET);
	*y = read_dispi(DISPI_Y_OFFSET);
}

void card_set_dac_width(uint8_t bits)
{
	uint16_t enable = read_dispi(DISPI_ENABLE) & ~ENABLE_8BIT_DAC;

	write_dispi(DISPI_ENABLE, enable | ENABLE_NO_CLEAR | (bits == 8 ? ENABLE_8BIT_DAC : 0));
}

uint8_t card_dac_width(void)
{
	return read_dispi(DISPI_ENABLE) & ENABLE_8BIT_DAC ? 8 : 6;
}
