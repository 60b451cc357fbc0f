/* SPDX-License-Identifier: MIT
 *
 * Colours: the default palettes, and INT 10h/10h.
 */
#include "vgabios.h"

static void write_rgb(uint8_t red, uint8_t green, uint8_t blue)
{
	outb(PORT_DAC_DATA, red);
	outb(PORT_DAC_DATA, green);
	outb(PORT_DAC_DATA, blue);
}

/* clang-format off */
/* EGA: bits rgbRGB, where capitals are two thirds and small letters one third: eight colours that
 * have the third r, g, b. */
#define EGA_8(r, g, b) \
	r, g, b,		r, g, b + 0x2a,		r, g + 0x2a, b,		r, g + 0x2a, b + 0x2a, \
	r + 0x2a, g, b,		r + 0x2a, g, b + 0x2a,	r + 0x2a, g + 0x2a, b,	r + 0x2a, g + 0x2a, b + 0x2a
static const uint8_t ROM ega_colours[64 * 3] IN_ROM = {
	EGA_8(0x00, 0x00, 0x00), EGA_8(0x00, 0x00, 0x15), EGA_8(0x00, 0x15, 0x00), EGA_8(0x00, 0x15, 0x15),
	EGA_8(0x15, 0x00, 0x00), EGA_8(0x15, 0x00, 0x15), EGA_8(0x15, 0x15, 0x00), EGA_8(0x15, 0x15, 0x15),
};

/* The 256 colours of the IBM VGA: 16 of the CGA, where dark yellow is brown, 16 greys, and a wheel of 24
 * hues, from blue by red and green, in three intensities of three saturations each; a to e are the
 * five steps from the lowest to the highest level. */
#define WHEEL(a, b, c, d, e) \
	a, a, e,  b, a, e,  c, a, e,  d, a, e,  e, a, e,  e, a, d,  e, a, c,  e, a, b, \
	e, a, a,  e, b, a,  e, c, a,  e, d, a,  e, e, a,  d, e, a,  c, e, a,  b, e, a, \
	a, e, a,  a, e, b,  a, e, c,  a, e, d,  a, e, e,  a, d, e,  a, c, e,  a, b, e
#define GREYS(a, b, c, d) a, a, a, b, b, b, c, c, c, d, d, d
static const uint8_t ROM vga_colours[256 * 3] IN_ROM = {
	0x00, 0x00, 0x00, 0x00, 0x00, 0x2a, 0x00, 0x2a, 0x00, 0x00, 0x2a, 0x2a,
	0x2a, 0x00, 0x00, 0x2a, 0x00, 0x2a, 0x2a, 0x15, 0x00, 0x2a, 0x2a, 0x2a,
	EGA_8(0x15, 0x15, 0x15),
	GREYS(0x00, 0x05, 0x08, 0x0b), GREYS(0x0e, 0x11, 0x14, 0x18),
	GREYS(0x1c, 0x20, 0x24, 0x28), GREYS(0x2d, 0x32, 0x38, 0x3f),
	WHEEL(0x00, 0x10, 0x1f, 0x2f, 0x3f), WHEEL(0x1f, 0x27, 0x2f, 0x37, 0x3f), WHEEL(0x2d, 0x31, 0x36, 0x3a, 0x3f),
	WHEEL(0x00, 0x07, 0x0e, 0x15, 0x1c), WHEEL(0x0e, 0x11, 0x15, 0x18, 0x1c), WHEEL(0x14, 0x16, 0x18, 0x1a, 0x1c),
	WHEEL(0x00, 0x04, 0x08, 0x0c, 0x10), WHEEL(0x08, 0x0a, 0x0c, 0x0e, 0x10), WHEEL(0x0b, 0x0c, 0x0d, 0x0f, 0x10),
};
/* clang-format on */

static void write_colours(const uint8_t ROM *from, uint16_t count)
{
	out_bytes(PORT_DAC_DATA, ROM_SEG, ROM_OFFSET(from), count);
}

/* Bits IRGB, with I in bit 4: the others make no difference. */
static void cga_palette(void)
{
	for (uint8_t i = 0; i < 64; i += 8)
		write_colours(&vga_colours[i & 0x10 ? 8 * 3 : 0], 8 * 3);
}

/* Bit 3 normal, bit 4 intense. */
static void mono_palette(void)
{
	for (uint8_t i = 0; i < 64; i++) {
		uint8_t level = i & 0x10 ? (i & 8 ? 0x3f : 0x2a) : i & 8 ? 0x2a : 0;

		write_rgb(level, level, level);
	}
}

void load_palette(enum palette which)
{
	outb(PORT_DAC_MASK, 0xff);
	outb(PORT_DAC_WRITE, 0);
	switch (which) {
	case PALETTE_MONO:
		mono_palette();
		break;
	case PALETTE_CGA:
		cga_palette();
		break;
	case PALETTE_EGA:
		write_colours(ega_colours, sizeof(ega_colours));
		break;
	case PALETTE_256:
		write_colours(vga_colours, sizeof(vga_colours));
		break;
	}
}

/* 30 % red, 59 % green, 11 % blue. */
void grey_scale(uint16_t first, uint16_t count)
{
	for (uint16_t i = first; count && i < 256; i++, count--) {
		uint16_t grey;

		outb(PORT_DAC_READ, i);
		grey = inb(PORT_DAC_DATA) * 77;
		grey += inb(PORT_DAC_DATA) * 151;
		grey += inb(PORT_DAC_DATA) * 28;
		grey = (grey + 0x80) >> 8;
		outb(PORT_DAC_WRITE, i);
		write_rgb(grey, grey, grey);
	}
}

void keep_palette(uint8_t index, uint8_t value)
{
	uint32_t area = save_pointer(SAVE_DYNAMIC);

	if (area)
		poke8(area >> 16, area + index, value);
}

/* With the index's bit 5 set the picture stays on. */
static void write_attribute(uint8_t index, uint8_t value)
{
	reset_attribute();
	outb(PORT_ATTRIBUTE, index | 0x20);
	outb(PORT_ATTRIBUTE, value);
}

/* The palette registers 0-15 can be written only with bit 5 clear. */
static void write_palette_register(uint8_t index, uint8_t value)
{
	if (index < 16)
		keep_palette(index, value);
	reset_attribute();
	outb(PORT_ATTRIBUTE, index);
	outb(PORT_ATTRIBUTE, value);
	outb(PORT_ATTRIBUTE, 0x20);
}

static void write_border(uint8_t value)
{
	keep_palette(16, value);
	write_attribute(0x11, value);
}

static uint8_t read_attribute(uint8_t index)
{
	uint8_t value;

	reset_attribute();
	outb(PORT_ATTRIBUTE, index);
	value = inb(PORT_ATTRIBUTE_READ);
	reset_attribute();
	outb(PORT_ATTRIBUTE, 0x20);
	return value;
}

/* 00h register, 01h border, 02h all of both, 03h blink or intensity */
static void set_registers(void)
{
	switch (r->al) {
	case 0x00:
		if (r->bl <= 0x14)
			write_palette_register(r->bl, r->bh);
		break;
	case 0x01:
		write_border(r->bh);
		break;
	case 0x02:
		for (uint8_t i = 0; i < 16; i++)
			write_palette_register(i, peek8(r->es, r->dx + i));
		write_border(peek8(r->es, r->dx + 16));
		break;
	case 0x03:
		write_attribute(0x10, (read_attribute(0x10) & ~8) | (r->bl & 1) << 3);
		bda.cga_mode = (bda.cga_mode & ~0x20) | (r->bl & 1) << 5;
		break;
	}
}

/* 07h register, 08h border, 09h all of both */
static void get_registers(void)
{
	switch (r->al) {
	case 0x07:
		if (r->bl <= 0x14)
			r->bh = read_attribute(r->bl);
		break;
	case 0x08:
		r->bh = read_attribute(0x11);
		break;
	case 0x09:
		for (uint8_t i = 0; i < 16; i++)
			poke8(r->es, r->dx + i, read_attribute(i));
		poke8(r->es, r->dx + 16, read_attribute(0x11));
		break;
	}
}

/* 13h: BL=0 chooses pages of 64 or of 16 colours by BH, BL=1 the page. */
static void set_colour_page(uint8_t what, uint8_t value)
{
	uint8_t mode = read_attribute(0x10);

	if (what == 0)
		write_attribute(0x10, (mode & 0x7f) | (value & 1) << 7);
	else if (what == 1)
		write_attribute(0x14, mode & 0x80 ? value & 0x0f : value << 2 & 0x0c);
}

static void get_colour_page(void)
{
	uint8_t page = read_attribute(0x14) & 0x0f;

	r->bl = read_attribute(0x10) >> 7;
	r->bh = r->bl ? page : page >> 2;
}

void handle_1010(void)
{
	uint16_t count = (r->cx > 256 ? 256 : r->cx) * 3;

	switch (r->al) {
	case 0x00 ... 0x03:
		set_registers();
		break;
	case 0x07 ... 0x09:
		get_registers();
		break;
	case 0x10:
		outb(PORT_DAC_WRITE, r->bl);
		write_rgb(r->dh, r->ch, r->cl);
		break;
	case 0x12:
		outb(PORT_DAC_WRITE, r->bl);
		out_bytes(PORT_DAC_DATA, r->es, r->dx, count);
		break;
	case 0x13:
		set_colour_page(r->bl, r->bh);
		break;
	case 0x15:
		outb(PORT_DAC_READ, r->bl);
		r->dh = inb(PORT_DAC_DATA);
		r->ch = inb(PORT_DAC_DATA);
		r->cl = inb(PORT_DAC_DATA);
		break;
	case 0x17:
		outb(PORT_DAC_READ, r->bl);
		in_bytes(PORT_DAC_DATA, r->es, r->dx, count);
		break;
	case 0x18:
		outb(PORT_DAC_MASK, r->bl);
		break;
	case 0x19:
		r->bl = inb(PORT_DAC_MASK);
		break;
	case 0x1a:
		get_colour_page();
		break;
	case 0x1b:
		grey_scale(r->bx, r->cx);
		break;
	}
}
