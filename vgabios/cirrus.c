/* SPDX-License-Identifier: MIT
 *
 * The Cirrus Logic CL-GD5446: the extended modes, its bit-block engine, and the calls of INT
 * 10h/12h that its drivers make (CL-GD5446 Technical Reference Manual, 1996).
 */
#include "card.h"
#include "pci.h"

enum {
	SR_UNLOCK = 0x06, /* 12h opens the extensions */
	SR_EXTENDED_MODE = 0x07,
	SR_VCLK3_NUMERATOR = 0x0e,
	SR_DRAM = 0x0f,
	SR_CURSOR = 0x12,
	SR_VCLK3_DENOMINATOR = 0x1e,

	GR_OFFSET_0 = 0x09, /* the window's place, in 16 KiB */
	GR_OFFSET_1 = 0x0a,
	GR_MODE_EXTENSIONS = 0x0b,
	GR_OFFSET_16K = 1 << 5,
	GR_POWER = 0x0e, /* 1 horizontal, 2 vertical synchronisation stopped */
	GR_BLT_WIDTH = 0x20,
	GR_BLT_HEIGHT = 0x22,
	GR_BLT_PITCH = 0x24,
	GR_BLT_SOURCE_PITCH = 0x26,
	GR_BLT_TO = 0x28,
	GR_BLT_FROM = 0x2c,
	GR_BLT_MODE = 0x30,
	GR_BLT_STATUS = 0x31,
	GR_BLT_ROP = 0x32,
	BLT_BUSY = 1 << 0,
	BLT_START = 1 << 1,
	ROP_ZERO = 0x00,
	ROP_SOURCE = 0x0d,

	CR_OFFSET = 0x13, /* in 8 bytes; bit 8 is CR_EXTENDED_DISPLAY's bit 4 */
	CR_EXTENDED_DISPLAY = 0x1b, /* 1 memory past 256 KiB, 7 blanking ends of CR1A */
	CR_OVERLAY = 0x1d,
	CR_CHIP = 0x27, /* 2-7 the chip, 0-1 its revision */
};

#define PCI_ID 0x00b81013 /* device, vendor */

/* Those behind the end mark can be set, but the planes' memory past 64 KiB is out of reach on
 * the emulated chips, so that they are not in the list. */
/* clang-format off */
#define MODES(M) \
	M(0x11b, 1280, 1024, 24) \
	M(0x11d, 1600, 1200, 15) \
	M(0x11e, 1600, 1200, 16) \
	M(0x14b, 1152, 864, 24) \
	M(0x119, 1280, 1024, 15) \
	M(0x11a, 1280, 1024, 16) \
	M(0x118, 1024, 768, 24) \
	M(0x149, 1152, 864, 15) \
	M(0x14a, 1152, 864, 16) \
	M(0x11c, 1600, 1200, 8) \
	M(0x143, 800, 600, 32) \
	M(0x116, 1024, 768, 15) \
	M(0x117, 1024, 768, 16) \
	M(0x115, 800, 600, 24) \
	M(0x107, 1280, 1024, 8) \
	M(0x142, 640, 480, 32) \
	M(0x141, 640, 400, 32) \
	M(0x148, 1152, 864, 8) \
	M(0x113, 800, 600, 15) \
	M(0x114, 800, 600, 16) \
	M(0x112, 640, 480, 24) \
	M(0x105, 1024, 768, 8) \
	M(0x1b8, 640, 400, 24) \
	M(0x110, 640, 480, 15) \
	M(0x111, 640, 480, 16) \
	M(0x1b6, 640, 400, 15) \
	M(0x1b7, 640, 400, 16) \
	M(0x103, 800, 600, 8) \
	M(0x101, 640, 480, 8) \
	M(0x100, 640, 400, 8) \
	M(0x140, 320, 200, 32) \
	M(0x102, 800, 600, 4) \
	M(0x10f, 320, 200, 24) \
	M(0x10d, 320, 200, 15) \
	M(0x10e, 320, 200, 16) \
	M(0x146, 320, 200, 8) \
	M(0x108, 80, 60, 0) M(0x109, 132, 25, 0) M(0x10a, 132, 43, 0) M(0x10b, 132, 50, 0) \
	M(0x10c, 132, 60, 0) M(0xffff, 320, 200, 8) M(0x104, 1024, 768, 4) M(0x106, 1280, 1024, 4)
/* clang-format on */

const struct vbe_size ROM card_sizes[] IN_ROM = {VBE_SIZES(VBE_SIZE)};
const struct vbe_entry ROM card_modes[] IN_ROM = {MODES(VBE_ENTRY)};
const uint16_t ROM card_mode_numbers[] IN_ROM = {MODES(VBE_NUMBER)};

const struct card ROM card IN_ROM = {
	.modes = sizeof(card_modes) / sizeof(card_modes[0]),
	.dpms = 7,
	.max_pitch = 0x1ff * 8,
	.max_clock = 135000000,
};

/* The chip's own numbers of modes, and VBE's less 100h. */
static const uint8_t ROM oem_modes[][2] IN_ROM = {
	{0x14, 0x09}, {0x54, 0x0a}, {0x55, 0x09}, {0x58, 0x02}, {0x5c, 0x03}, {0x5d, 0x04},
	{0x5e, 0x00}, {0x5f, 0x01}, {0x60, 0x05}, {0x64, 0x11}, {0x65, 0x14}, {0x66, 0x10},
	{0x67, 0x13}, {0x68, 0x16}, {0x69, 0x19}, {0x6a, 0x02}, {0x6c, 0x06}, {0x6d, 0x07},
	{0x6f, 0x0e}, {0x70, 0x0f}, {0x71, 0x12}, {0x72, 0x43}, {0x74, 0x17}, {0x75, 0x1a},
	{0x76, 0x42}, {0x77, 0x1b}, {0x78, 0x15}, {0x79, 0x18}, {0x7b, 0x1c}, {0x7c, 0x48},
};

/* Timing, VESA's at 60 Hz; 1280x1024 and 1600x1200 interlaced at 43 and 48 Hz, since the vertical
 * counter has 10 bits. VCLK3's numerator and denominator, MISC, then the CRTC registers of
 * crtc_index. */
static const uint8_t ROM crtc_index[16] IN_ROM = {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
	0x09, 0x10, 0x11, 0x12, 0x15, 0x16, 0x19, 0x1a,
};
static const struct timing {
	uint8_t numerator, denominator, misc, crtc[16];
} ROM timings[] IN_ROM = {
	[SIZE_320x200] = {0x66, 0x3b, 0x6f, {0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f,
					     0xc0, 0x9c, 0x0e, 0x8f, 0x96, 0xb9, 0x00, 0x00}},
	[SIZE_640x400] = {0x66, 0x3b, 0x6f, {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f,
					     0x40, 0x9c, 0x0e, 0x8f, 0x96, 0xb9, 0x00, 0x00}},
	[SIZE_640x480] = {0x66, 0x3b, 0xef, {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e,
					     0x40, 0xea, 0x0c, 0xdf, 0xe7, 0x04, 0x00, 0x00}},
	[SIZE_800x600] = {0x51, 0x3a, 0x2f, {0x7f, 0x63, 0x64, 0x83, 0x69, 0x19, 0x72, 0xf0,
					     0x60, 0x59, 0x0d, 0x57, 0x58, 0x73, 0x00, 0xa0}},
	[SIZE_1024x768] = {0x3b, 0x1a, 0xef, {0xa3, 0x7f, 0x80, 0x87, 0x83, 0x94, 0x24, 0xfd,
					      0x60, 0x03, 0x09, 0xff, 0x00, 0x25, 0x00, 0xe0}},
	[SIZE_1152x864] = {0x61, 0x22, 0x2f, {0xb9, 0x8f, 0x90, 0x9d, 0x98, 0x87, 0x7d, 0xff,
					      0x60, 0x63, 0x07, 0x5f, 0x60, 0x7e, 0x00, 0xe0}},
	[SIZE_1280x1024] = {0x5f, 0x22, 0x2f, {0xcb, 0x9f, 0xa0, 0x8f, 0xa6, 0x14, 0x1d, 0xb2,
					       0x60, 0x03, 0x06, 0xff, 0x00, 0x1e, 0x65, 0xb1}},
	[SIZE_1600x1200] = {0x58, 0x14, 0x2f, {0xff, 0xc7, 0xc8, 0x83, 0xd0, 0x08, 0x70, 0xf0,
					       0x60, 0x5a, 0x0d, 0x57, 0x58, 0x71, 0x7f, 0x81}},
};

/* SR7 and the hidden DAC register by VBE_DEPTH(): 4, 8, 24, 16, 32, 15 bits. */
static const uint8_t ROM extended_mode[8] IN_ROM = {0x00, 0x00, 0x01, 0x05, 0x07, 0x09, 0, 0x07};
static const uint8_t ROM hidden_dac[8] IN_ROM = {0x00, 0x00, 0x00, 0xc5, 0xc1, 0xc5, 0, 0xd0};

/* The hidden DAC register comes after four reads of the mask without another access between. */
static inline __attribute__((always_inline)) void open_hidden_dac(void)
{
	inb(PORT_DAC_WRITE);
	for (uint8_t i = 0; i < 4; i++)
		inb(PORT_DAC_MASK);
}

static void set_hidden_dac(uint8_t value)
{
	outb(PORT_DAC_MASK, 0xff); /* begins the count anew */
	open_hidden_dac();
	outb(PORT_DAC_MASK, value);
}

static void write_graphics_word(uint8_t index, uint16_t value)
{
	write_index(PORT_GRAPHICS, index, value);
	write_index(PORT_GRAPHICS, index + 1, value >> 8);
}

void card_init(void)
{
	write_index(PORT_SEQUENCER, SR_UNLOCK, 0x12);
}

void card_standard_mode(void)
{
	write_index(PORT_SEQUENCER, SR_UNLOCK, 0x12);
	write_index(PORT_SEQUENCER, SR_EXTENDED_MODE, 0);
	write_index(PORT_SEQUENCER, SR_CURSOR, 0);
	write_index(PORT_GRAPHICS, GR_MODE_EXTENSIONS, 0);
	write_index(PORT_GRAPHICS, GR_OFFSET_0, 0);
	write_index(PORT_GRAPHICS, GR_OFFSET_1, 0);
	write_index(bda.crtc, 0x1a, 0);
	write_index(bda.crtc, CR_EXTENDED_DISPLAY, 0);
	write_index(bda.crtc, CR_OVERLAY, 0);
	set_hidden_dac(0);
}

/* Bits 3 and 4: 256 KiB to 2 MiB; bit 7: a second bank of 2 MiB. */
uint16_t card_memory(void)
{
	uint8_t dram;

	write_index(PORT_SEQUENCER, SR_UNLOCK, 0x12);
	dram = read_index(PORT_SEQUENCER, SR_DRAM);
	return dram & 0x80 ? 64 : 4 << (dram >> 3 & 3);
}

uint32_t card_framebuffer(void)
{
	return pci_find_bar0(PCI_ID) & ~0xfu;
}

/* Clears all memory in lines of 4 KiB. */
static void clear_memory(void)
{
	write_graphics_word(GR_BLT_WIDTH, 0x0fff);
	write_graphics_word(GR_BLT_HEIGHT, card_memory() * 16 - 1);
	write_graphics_word(GR_BLT_PITCH, 0x1000);
	write_graphics_word(GR_BLT_SOURCE_PITCH, 0x1000);
	for (uint8_t i = GR_BLT_TO; i < GR_BLT_MODE; i += 2)
		write_graphics_word(i, 0);
	write_graphics_word(GR_BLT_ROP, ROP_ZERO);
	write_graphics_word(GR_BLT_MODE, BLT_START << 8);
	while (read_index(PORT_GRAPHICS, GR_BLT_STATUS) & BLT_BUSY)
		;
}

/* What the CRTC counts by: bytes, or in planes four of them at once. */
static uint8_t scale(void)
{
	return read_index(PORT_SEQUENCER, SR_EXTENDED_MODE) & 1 ? 0 : 2;
}

void card_set_pitch(uint16_t bytes, uint16_t pixels)
{
	bytes <<= scale();
	write_index(bda.crtc, CR_OFFSET, bytes >> 3);
	write_index(bda.crtc, CR_EXTENDED_DISPLAY,
		    (read_index(bda.crtc, CR_EXTENDED_DISPLAY) & ~0x10) | (bytes >> 7 & 0x10));
}

uint16_t card_pitch(const struct vbe_mode *mode)
{
	return (read_index(bda.crtc, CR_OFFSET) << 3 |
		(read_index(bda.crtc, CR_EXTENDED_DISPLAY) & 0x10) << 7) >>
	       scale();
}

void card_set_mode(const struct vbe_mode *mode, bool linear, bool keep)
{
	const struct timing ROM *timing = &timings[mode->size];
	uint8_t depth = mode->depth;

	if (depth != VBE_DEPTH(4)) {
		outb(PORT_ATTRIBUTE, 0x10);
		outb(PORT_ATTRIBUTE, 0x01);
		write_index(bda.crtc, 0x14, 0);
		write_index(bda.crtc, 0x17, 0xe3);
	}
	if (mode->size == SIZE_320x200)
		write_index(PORT_SEQUENCER, 1, 0x09); /* half the clock */
	write_index(PORT_SEQUENCER, SR_VCLK3_NUMERATOR, timing->numerator);
	write_index(PORT_SEQUENCER, SR_VCLK3_DENOMINATOR, timing->denominator);
	outb(PORT_MISC, timing->misc);
	write_index(bda.crtc, 0x11, 0);
	for (uint8_t i = 0; i < 16; i++)
		write_index(bda.crtc, crtc_index[i], timing->crtc[i]);
	write_index(bda.crtc, CR_EXTENDED_DISPLAY, 0x82);
	write_index(PORT_SEQUENCER, SR_EXTENDED_MODE, extended_mode[depth]);
	card_set_pitch((uint32_t)mode->width * mode->storage / 8, 0);
	set_hidden_dac(hidden_dac[depth]);
	write_index(PORT_GRAPHICS, GR_MODE_EXTENSIONS, GR_OFFSET_16K);
	if (!keep)
		clear_memory();
}

void card_set_start(uint32_t at, uint32_t offset)
{
	uint16_t crtc = bda.crtc;

	offset = offset << scale() >> 2;
	write_index(crtc, 0x0c, offset >> 8);
	write_index(crtc, 0x0d, offset);
	write_index(crtc, CR_EXTENDED_DISPLAY,
		    (read_index(crtc, CR_EXTENDED_DISPLAY) & ~0x0d) | (offset >> 16 & 1) |
			    (offset >> 15 & 0x0c));
	write_index(crtc, CR_OVERLAY, offset >> 12 & 0x80);
}

uint32_t card_start(const struct vbe_mode *mode)
{
	uint16_t crtc = bda.crtc, pitch = card_pitch(mode);
	uint8_t extended = read_index(crtc, CR_EXTENDED_DISPLAY);
	uint32_t offset = read_index(crtc, 0x0c) << 8 | read_index(crtc, 0x0d) |
			  (uint32_t)(extended & 1) << 16 | (uint32_t)(extended & 0x0c) << 15 |
			  (uint32_t)(read_index(crtc, CR_OVERLAY) & 0x80) << 12;

	offset = offset << 2 >> scale();
	return offset / pitch << 16 | offset % pitch * 8 / mode->storage;
}

/* The palette's DAC has 6 bits. */
uint8_t card_dac_width(void)
{
	return 6;
}

uint8_t card_set_dac_width(uint8_t bits)
{
	return 6;
}

void card_set_power(uint8_t state)
{
	write_index(PORT_GRAPHICS, GR_POWER, state == 4 ? 6 : state << 1);
}

uint8_t card_power(void)
{
	uint8_t power = read_index(PORT_GRAPHICS, GR_POWER) >> 1 & 3;

	return power == 0 || power == 3 ? 4 : power; /* the emulated chip keeps no power */
}

/* Port, from 300h, and index. */
static const uint8_t ROM saved[][2] IN_ROM = {
	{0xc4, 0x0e}, {0xc4, 0x1e}, {0xc4, 0x0f}, {0xc4, 0x10}, {0xc4, 0x11}, {0xc4, 0x12},
	{0xc4, 0x13}, {0xc4, 0x17}, {0xc4, 0x07}, {0xce, 0x09}, {0xce, 0x0a}, {0xce, 0x0b},
	{0xce, 0x0e}, {0xd4, 0x19}, {0xd4, 0x1a}, {0xd4, 0x1b}, {0xd4, 0x1d}, {0xd4, 0x25},
};

void card_save(uint16_t offset)
{
	for (uint8_t i = 0; i < sizeof(saved) / 2; i++)
		poke8(r->es, offset++, read_index(0x300 + saved[i][0], saved[i][1]));
	open_hidden_dac();
	poke8(r->es, offset, inb(PORT_DAC_MASK));
}

void card_restore(uint16_t offset)
{
	for (uint8_t i = 0; i < sizeof(saved) / 2; i++)
		write_index(0x300 + saved[i][0], saved[i][1], peek8(r->es, offset++));
	set_hidden_dac(peek8(r->es, offset));
}

/* The emulated chips have no monitor on their DDC lines. */
bool card_edid(uint8_t block)
{
	return false;
}

uint16_t card_oem_mode(uint8_t number)
{
	for (uint8_t i = 0; i < sizeof(oem_modes) / 2; i++)
		if (oem_modes[i][0] == number)
			return 0x100 | oem_modes[i][1];
	return 0;
}

/* As of the chip's BIOS: 80h-82h versions, 85h memory, 9Ah options, A0h whether a mode is there,
 * A1h the monitor; A2h-A4h set a monitor and refresh rates, of which there is one each. */
void card_1012(void)
{
	uint8_t revision = read_index(bda.crtc, CR_CHIP) & 3;

	switch (r->bl) {
	case 0x80:
		r->ax = 0x0039; /* CL-GD5446 */
		r->bx = revision;
		break;
	case 0x81:
		r->ax = 0x0100;
		break;
	case 0x82:
		r->al = revision;
		break;
	case 0x85:
		r->al = card_memory();
		break;
	case 0x9a:
		r->ax = 0x0060; /* up to 1024 lines, 60 Hz */
		r->cx = 0x2800; /* 60 Hz at 1024x768 and 800x600, 43 Hz interlaced at 1280x1024 */
		break;
	case 0xa0:
		r->ah = standard_mode(r->al & 0x7f) || card_oem_mode(r->al & 0x7f);
		r->ds = r->es = r->si = r->di = 0xffff; /* no tables */
		break;
	case 0xa1:
		r->bx = 0x0e00; /* a colour monitor as IBM's 8512 */
		break;
	}
}
