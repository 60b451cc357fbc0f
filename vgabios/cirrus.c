/* SPDX-License-Identifier: MIT
 *
 * The Cirrus Logic CL-GD5446. It is unlocked and put into the standard modes; its extended modes
 * are not supported yet: the VBE services say that there are none.
 */
#include "card.h"

/* CL-GD5446 Technical Reference Manual: extended registers. */
enum {
	SR_UNLOCK = 0x06,      /* 12h opens the extensions */
	SR_EXTENDED_MODE = 0x07,
	GR_MODE_EXTENSIONS = 0x0b,
	GR_OFFSET_0 = 0x09,
	GR_OFFSET_1 = 0x0a,
	CR_EXTENDED_DISPLAY = 0x1b,
	CR_OVERLAY = 0x1d,
};

void card_init(void)
{
	write_index(PORT_SEQUENCER, SR_UNLOCK, 0x12);
}

void card_standard_mode(void)
{
	write_index(PORT_SEQUENCER, SR_UNLOCK, 0x12);
	write_index(PORT_SEQUENCER, SR_EXTENDED_MODE, 0);
	write_index(PORT_GRAPHICS, GR_MODE_EXTENSIONS, 0);
	write_index(PORT_GRAPHICS, GR_OFFSET_0, 0);
	write_index(PORT_GRAPHICS, GR_OFFSET_1, 0);
	write_index(bda.crtc, CR_EXTENDED_DISPLAY, 0);
	write_index(bda.crtc, CR_OVERLAY, 0);
	/* The hidden DAC register, reached by four reads of the mask: 0 is VGA-compatible. */
	for (uint8_t i = 0; i < 4; i++)
		inb(PORT_DAC_MASK);
	outb(PORT_DAC_MASK, 0);
}

uint16_t card_memory(void)
{
	return 0;
}

bool card_extended(void)
{
	return false;
}

uint32_t card_framebuffer(void)
{
	return 0;
}

uint16_t card_pitch(const struct vbe_mode ROM *mode)
{
	return 0;
}

void card_set_mode(const struct vbe_mode ROM *mode, bool linear, bool keep)
{
}

uint16_t card_bank(void)
{
	return 0;
}

void card_set_bank(uint16_t bank)
{
}

bool card_set_virtual_width(uint16_t pixels)
{
	return false;
}

void card_virtual_size(uint16_t *bytes, uint16_t *pixels, uint16_t *lines)
{
	*bytes = *pixels = *lines = 0;
}

bool card_set_start(uint16_t x, uint16_t y)
{
	return false;
}

void card_start(uint16_t *x, uint16_t *y)
{
	*x = *y = 0;
}

void card_set_dac_width(uint8_t bits)
{
}

uint8_t card_dac_width(void)
{
	return 6;
}
