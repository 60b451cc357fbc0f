/* SPDX-License-Identifier: MIT
 *
 * Characters, scrolling and pixels in graphics modes: CGA (two interleaved banks of 1 or 2 bits a
 * pixel), planar (4 planes) and linear (one byte a pixel).
 */
#include "vgabios.h"

#define CGA_SEG     0xb800
#define CGA_ODD     0x2000 /* where the odd lines begin */
#define CGA_PITCH   80
#define GRAPHICS_SEG 0xa000
#define LINEAR_PITCH 320 /* mode 13h is the only one */

/* Bytes a line; in planar modes the same as the columns. */
static uint16_t line_bytes(enum memory_model model)
{
	return model == CGA ? CGA_PITCH : model == LINEAR ? LINEAR_PITCH : bda.columns;
}

static uint16_t page_offset(enum memory_model model, uint8_t page)
{
	return model == PLANAR ? (page & 7) * bda.page_size : 0;
}

/* Planar: write mode 3 paints set/reset through each byte written, over the latches. */
static void planar_paint(uint8_t colour, uint8_t function)
{
	write_index(PORT_GRAPHICS, 0, colour);
	write_index(PORT_GRAPHICS, 3, function);
	write_index(PORT_GRAPHICS, 5, 3);
}

/* Planar: every byte written, whatever it is, becomes eight pixels of one colour. */
static void planar_fill(uint8_t colour)
{
	write_index(PORT_GRAPHICS, 0, colour);
	write_index(PORT_GRAPHICS, 1, 0x0f);
}

/* Planar: the state that the modes' parameters give. */
static void planar_done(void)
{
	write_index(PORT_GRAPHICS, 0, 0);
	write_index(PORT_GRAPHICS, 1, 0);
	write_index(PORT_GRAPHICS, 3, 0);
	write_index(PORT_GRAPHICS, 5, 0);
	write_index(PORT_GRAPHICS, 8, 0xff);
}

void graphics_scroll(const union window *w, bool odd)
{
	enum memory_model model = memory_model();
	uint16_t cell = model == CGA ? bda.char_height / 2 : bda.char_height;
	uint16_t seg = model == CGA ? CGA_SEG : GRAPHICS_SEG;
	uint16_t cell_width = model == LINEAR ? 8 : model == CGA ? bits_per_pixel() : 1;
	uint16_t pitch = line_bytes(model), width = (w->right - w->left + 1) * cell_width;
	uint16_t to = odd ? CGA_ODD : page_offset(model, w->page), from, lines;
	uint8_t value;

	if (model == EXTENDED || (odd && model != CGA))
		return;
	to += w->left * cell_width;
	to += pitch * (w->down ? (w->bottom + 1) * cell - 1 : w->top * cell);
	if (width == pitch && !w->down) { /* lines adjoin: each line of cells is one */
		width *= cell;
		cell = 1;
	}
	pitch = width >= pitch ? width : pitch;
	if (w->down)
		pitch = -pitch;
	from = to + w->lines * cell * pitch;
	if (model == PLANAR)
		write_index(PORT_GRAPHICS, 5, 1); /* bytes read go to memory by way of the latches */
	for (lines = (w->bottom - w->top + 1 - w->lines) * cell; lines; lines--) {
		if (model == PLANAR || width & 3)
			MOVE(b, seg, to, from, width);
		else
			MOVE(l, seg, to, from, width / 4);
		to += pitch;
		from += pitch;
	}
	/* The attribute fills what is free as it is, in CGA modes as a byte of pixels: IBM PC Technical
	 * Reference, BIOS listing, "fill value for blanked lines". */
	value = w->attribute;
	if (model == PLANAR) {
		write_index(PORT_GRAPHICS, 5, 0);
		planar_fill(value);
	}
	for (lines = w->lines * cell; lines; lines--) {
		if (width & 3)
			fill_bytes(seg, to, value, width);
		else
			fill_dwords(seg, to, value * 0x01010101u, width / 4);
		to += pitch;
	}
	if (model == PLANAR)
		planar_done();
}

/* Selects a character's glyph through GS and returns its offset there. In CGA modes INT 1Fh has
 * the upper half. */
static uint16_t select_glyph(enum memory_model model, uint8_t c)
{
	uint8_t n = 0x43;

	if (model == CGA && c & 0x80) {
		n = 0x1f;
		c &= 0x7f;
	}

	uint16_t offset = ivt[n].offset + c * bda.char_height;

	set_gs(ivt[n].segment);
	return offset;
}

static inline uint8_t glyph_row(uint16_t offset)
{
	return *(const uint8_t FAR *)(uintptr_t)offset;
}

/* Each write paints the glyph's bits over the latches. Read once, these hold the background for
 * all rows; to XOR, they are read at each row. GS has the glyph's segment. */
static void planar_glyph(uint16_t to, uint16_t from, uint8_t colour)
{
	uint16_t pitch = bda.columns;
	uint8_t height = bda.char_height;

	if (colour & 0x80) {
		planar_paint(colour & 0x0f, 0x18);
		do {
			peek8(GRAPHICS_SEG, to);
			poke8(GRAPHICS_SEG, to, glyph_row(from++));
			to += pitch;
		} while (--height);
		return;
	}
	write_index(PORT_GRAPHICS, 5, 0);
	write_index(PORT_GRAPHICS, 3, 0);
	planar_fill(0);
	poke8(GRAPHICS_SEG, to, 0);
	peek8(GRAPHICS_SEG, to);
	planar_paint(colour, 0);
	do {
		poke8(GRAPHICS_SEG, to, glyph_row(from++));
		to += pitch;
	} while (--height);
}

/* 2 bits a pixel: each bit of a glyph's row twice. */
static uint16_t double_bits(uint8_t row)
{
	uint16_t v = row;

	v = (v | v << 4) & 0x0f0f;
	v = (v | v << 2) & 0x3333;
	v = (v | v << 1) & 0x5555;
	return v | v << 1;
}

static void cga_glyph(uint16_t to, uint16_t from, uint8_t colour)
{
	uint16_t paint = (colour & 3) * 0x5555;
	uint8_t height = bda.char_height;

	do {
		uint8_t row = glyph_row(from++);

		if (bda.mode == 6) { /* one bit a pixel */
			if (!(colour & 1))
				row = 0;
			if (colour & 0x80)
				row ^= peek8(CGA_SEG, to);
			poke8(CGA_SEG, to, row);
		} else {
			uint16_t pixels = double_bits(row) & paint;

			pixels = pixels >> 8 | pixels << 8; /* leftmost in the first byte */
			if (colour & 0x80)
				pixels ^= peek16(CGA_SEG, to);
			poke16(CGA_SEG, to, pixels);
		}
		to = to & CGA_ODD ? to - CGA_ODD + CGA_PITCH : to + CGA_ODD;
	} while (--height);
}

/* The four pixels of a nibble: FFh where its bit is set, leftmost in the lowest byte. */
extern const uint32_t ROM nibble_masks[16]; /* for assembly */
const uint32_t ROM nibble_masks[16] IN_ROM = {
	0x00000000, 0xff000000, 0x00ff0000, 0xffff0000, 0x0000ff00, 0xff00ff00,
	0x00ffff00, 0xffffff00, 0x000000ff, 0xff0000ff, 0x00ff00ff, 0xffff00ff,
	0x0000ffff, 0xff00ffff, 0x00ffffff, 0xffffffff,
};

static inline void poke32(uint16_t seg, uint16_t offset, uint32_t value)
{
	asm volatile("movw %w2, %%es\n\tmovl %1, %%es:(%%di)"
		     :
		     : "D"(offset), "r"(value), "r"(seg)
		     : "memory");
}

/* Reads the ROM while GS is elsewhere. */
static inline uint32_t nibble_mask(uint8_t nibble)
{
	uint32_t v;

	asm("movl %%cs:nibble_masks(%%bx), %0" : "=r"(v) : "b"(nibble * 4));
	return v;
}

static void linear_glyph(uint16_t to, uint16_t from, uint16_t colours)
{
	uint32_t back = (colours >> 8) * 0x01010101u, paint = (colours & 0xff) * 0x01010101u ^ back;
	uint8_t height = bda.char_height;

	do {
		uint8_t row = glyph_row(from++);

		poke32(GRAPHICS_SEG, to, (nibble_mask(row >> 4) & paint) ^ back);
		poke32(GRAPHICS_SEG, to + 4, (nibble_mask(row & 15) & paint) ^ back);
		to += LINEAR_PITCH;
	} while (--height);
}

/* Where the picture of a cell begins. */
static uint16_t graphics_cell(uint8_t page, uint16_t at)
{
	enum memory_model model = memory_model();
	uint16_t row = (at >> 8) * bda.char_height, column = at & 0xff;

	if (model == CGA)
		return (row & 1) * CGA_ODD + row / 2 * CGA_PITCH + column * bits_per_pixel();
	return page_offset(model, page) + row * line_bytes(model) +
	       column * (model == LINEAR ? 8 : 1);
}

void graphics_write(uint32_t what, uint16_t at, uint16_t count)
{
	enum memory_model model = memory_model();

	if ((at & 0xff) >= bda.columns || model == EXTENDED || bda.char_height == 0)
		return;
	for (; count && at >> 8 <= bda.last_row; count--) {
		uint16_t to = graphics_cell(what >> 8, at); /* reads the ROM: GS is still there */
		uint16_t from = select_glyph(model, what);
		uint8_t colour = what >> 16;

		if (model == PLANAR)
			planar_glyph(to, from, colour);
		else if (model == CGA)
			cga_glyph(to, from, colour);
		else
			linear_glyph(to, from, colour | (what & 0xff00));
		rom_gs();
		if ((++at & 0xff) == bda.columns)
			at = (at & 0xff00) + 0x100;
	}
	if (model == PLANAR)
		planar_done();
}

/* One row of a cell as glyph bits: 1 where the pixel is not colour 0. */
static uint8_t read_row(enum memory_model model, uint16_t at)
{
	uint8_t row = 0;

	if (model == PLANAR)
		return ~peek8(GRAPHICS_SEG, at); /* colour compare against 0: see graphics_read */
	if (bda.mode == 6) /* one bit a pixel */
		return peek8(CGA_SEG, at);
	if (model == CGA) {
		uint16_t pixels = peek16(CGA_SEG, at);

		pixels = pixels >> 8 | pixels << 8;
		for (uint8_t i = 0; i < 8; i++, pixels <<= 2)
			row = row << 1 | (pixels & 0xc000 ? 1 : 0);
		return row;
	}
	for (uint8_t i = 0; i < 8; i++)
		row = row << 1 | (peek8(GRAPHICS_SEG, at + i) ? 1 : 0);
	return row;
}

/* Compares a cell with the font's glyphs: AL, 0 where none fits. The cell is not kept: what a glyph
 * differs in is seen at its first rows. */
void graphics_read(uint8_t page, uint16_t place)
{
	enum memory_model model = memory_model();
	uint16_t start, c;

	r->ax = 0;
	if (model == EXTENDED || place >> 8 > bda.last_row || (place & 0xff) >= bda.columns)
		return;
	start = graphics_cell(page, place);
	if (model == PLANAR) /* read mode 1: bits are 1 where the colour equals GR2, 0 */
		write_index(PORT_GRAPHICS, 5, 8);
	for (c = 0; c < 256; c++) {
		uint16_t glyph = select_glyph(model, c), at = start;
		uint8_t left = bda.char_height;

		while (left && glyph_row(glyph) == read_row(model, at)) {
			left--;
			glyph++;
			if (model == CGA)
				at = at & CGA_ODD ? at - CGA_ODD + CGA_PITCH : at + CGA_ODD;
			else
				at += line_bytes(model);
		}
		if (!left) {
			r->al = c;
			break;
		}
	}
	if (model == PLANAR)
		planar_done();
	rom_gs();
}

/* BH=0: border and, in text modes of a CGA, intensity; BH=1: the palette of mode 4. */
void handle_100b(void)
{
	uint8_t value = r->bl, palette = bda.cga_palette;

	if (r->bh == 0) {
		palette = (palette & 0xe0) | (value & 0x1f);
	} else if (r->bh == 1) {
		palette = (palette & 0xdf) | (value & 1) << 5;
	} else {
		return;
	}
	bda.cga_palette = palette;
	reset_attribute();
	if (r->bh == 0) {
		/* The border, and colour 0 of graphics modes: IRGB with I moved to bit 4 */
		uint8_t border = (palette & 7) | (palette & 8) << 1;

		if (bda.mode > 3 && bda.mode != 7) {
			outb(PORT_ATTRIBUTE, 0x00);
			outb(PORT_ATTRIBUTE, border);
		}
		outb(PORT_ATTRIBUTE, 0x11);
		outb(PORT_ATTRIBUTE, border);
	}
	if (memory_model() == CGA && bits_per_pixel() == 2) {
		/* Green, red, brown, or with bit 5 cyan, magenta, white */
		uint8_t colour = 2 | (palette & 0x10) | (palette >> 5 & 1);

		for (uint8_t i = 1; i < 4; i++, colour += 2) {
			outb(PORT_ATTRIBUTE, i);
			outb(PORT_ATTRIBUTE, colour);
		}
	}
	outb(PORT_ATTRIBUTE, 0x20);
}

/* Mode 13h has 200 lines whatever the font. */
static bool linear_pixel(void)
{
	return r->cx < LINEAR_PITCH && r->dx < 200;
}

/* Where the caller's pixel is: its byte's offset, and mask and shift of its bits there in CGA modes. */
struct pixel {
	uint16_t at;
	uint8_t mask, shift;
};

/* False where there is no such pixel. */
static bool find_pixel(enum memory_model model, struct pixel *p)
{
	uint16_t x = r->cx, y = r->dx;
	uint8_t bits;

	if (y >= (bda.last_row + 1) * bda.char_height || (model != CGA && model != PLANAR))
		return false;
	if (model == PLANAR) {
		p->at = page_offset(model, r->bh) + y * bda.columns + x / 8;
		return x < bda.columns * 8;
	}
	bits = bits_per_pixel();
	p->mask = bits == 1 ? 1 : 3;
	p->shift = (uint8_t)(~x * bits) & 7 & -bits;
	p->at = (y & 1) * CGA_ODD + (y >> 1) * CGA_PITCH + x * bits / 8;
	return x < CGA_PITCH * 8 / bits;
}

void handle_100c(void)
{
	enum memory_model model = memory_model();
	struct pixel p;
	uint8_t colour = r->al;

	if (model == LINEAR) {
		if (linear_pixel())
			poke8(GRAPHICS_SEG, r->dx * LINEAR_PITCH + r->cx, colour);
	} else if (!find_pixel(model, &p)) {
		;
	} else if (model == CGA) {
		uint8_t old = peek8(CGA_SEG, p.at);

		if (!(colour & 0x80))
			old &= ~(p.mask << p.shift);
		poke8(CGA_SEG, p.at, old ^ (colour & p.mask) << p.shift);
	} else {
		planar_paint(colour & 0x0f, colour & 0x80 ? 0x18 : 0);
		peek8(GRAPHICS_SEG, p.at);
		poke8(GRAPHICS_SEG, p.at, 0x80 >> (r->cl & 7));
		planar_done();
	}
}

void handle_100d(void)
{
	enum memory_model model = memory_model();
	struct pixel p;

	if (model == TEXT || model == EXTENDED)
		return;
	r->al = 0;
	if (model == LINEAR) {
		if (linear_pixel())
			r->al = peek8(GRAPHICS_SEG, r->dx * LINEAR_PITCH + r->cx);
	} else if (!find_pixel(model, &p)) {
		;
	} else if (model == CGA) {
		r->al = peek8(CGA_SEG, p.at) >> p.shift & p.mask;
	} else {
		for (uint8_t plane = 4; plane--;) {
			write_index(PORT_GRAPHICS, 4, plane);
			r->al = r->al << 1 | (peek8(GRAPHICS_SEG, p.at) >> (~r->cl & 7) & 1);
		}
		write_index(PORT_GRAPHICS, 4, 0);
	}
}
