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

/* Bytes a line; in planar modes the same as the columns. */
static uint16_t line_bytes(enum memory_model model)
{
	return model == CGA ? CGA_PITCH : model == LINEAR ? bda.columns * 8 : bda.columns;
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

/* What to move or fill in video memory: lines of width bytes, pitch apart, beginning at to and
 * from. In CGA modes these are the lines of one parity. */
struct block {
	uint16_t seg, to, from, width, lines;
	int16_t pitch;
	enum memory_model model;
};

static void move_lines(struct block *b)
{
	uint16_t width = b->width, lines = b->lines, to = b->to, from = b->from;

	if (b->pitch == (int16_t)width) { /* lines adjoin: at most 64,000 bytes */
		width *= lines;
		lines = lines != 0;
	}
	for (; lines; lines--) {
		if (b->model == PLANAR) /* the latches hold one byte of each plane */
			MOVE(b, b->seg, to, from, width);
		else if (width & 3)
			MOVE(w, b->seg, to, from, width / 2);
		else
			MOVE(l, b->seg, to, from, width / 4);
		to += b->pitch;
		from += b->pitch;
	}
	b->to = b->pitch == (int16_t)b->width ? to - b->pitch + width : to;
}

static void fill_lines(const struct block *b, uint8_t value)
{
	uint16_t width = b->width, lines = b->lines, to = b->to;

	if (b->pitch == (int16_t)width) {
		width *= lines;
		lines = lines != 0;
	}
	for (; lines; lines--) {
		if (width & 3)
			fill_bytes(b->seg, to, value, width);
		else
			fill_dwords(b->seg, to, value * 0x01010101u, width / 4);
		to += b->pitch;
	}
}

/* The byte that fills an area with one colour; in planar modes set/reset has it. */
static uint8_t fill_value(enum memory_model model, uint8_t colour)
{
	if (model != CGA)
		return colour;
	return bits_per_pixel() == 1 ? (colour & 1) * 0xff : (colour & 3) * 0x55;
}

/* Scrolls the lines that begin at base: all, or those of one parity, of which a character has
 * cell. */
static void scroll_lines(const struct window *w, uint16_t base, uint16_t cell)
{
	enum memory_model model = memory_model();
	uint16_t cell_width = model == LINEAR ? 8 : model == CGA ? bits_per_pixel() : 1;
	uint16_t pitch = line_bytes(model), freed = w->lines * cell;
	uint16_t height = (w->bottom - w->top + 1) * cell;
	struct block b = {
		.seg = model == CGA ? CGA_SEG : GRAPHICS_SEG,
		.to = base + w->left * cell_width,
		.width = (w->right - w->left + 1) * cell_width,
		.pitch = w->down ? -pitch : pitch,
		.lines = height - freed,
		.model = model,
	};

	b.to += pitch * (w->down ? (w->bottom + 1) * cell - 1 : w->top * cell);
	b.from = b.to + freed * b.pitch;
	if (model == PLANAR)
		write_index(PORT_GRAPHICS, 5, 1); /* bytes read go to memory by way of the latches */
	move_lines(&b);
	if (model == PLANAR) {
		write_index(PORT_GRAPHICS, 5, 0);
		planar_fill(w->attribute);
	}
	b.lines = freed;
	fill_lines(&b, fill_value(model, w->attribute));
	if (model == PLANAR)
		planar_done();
}

void graphics_scroll(const struct window *w)
{
	enum memory_model model = memory_model();
	uint16_t cell = bda.char_height;

	if (model == EXTENDED)
		return;
	if (model == CGA) {
		cell /= 2;
		scroll_lines(w, CGA_ODD, cell);
	}
	scroll_lines(w, page_offset(model, w->page), cell);
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

/* A glyph and its place; GS has its segment. */
struct glyph {
	uint16_t to, from;
	uint8_t colour, background;
	uint8_t bits;
};

/* Each write paints the glyph's bits over the latches. Read once, these hold the background for
 * all rows; to XOR, they are read at each row. */
static void planar_glyph(const struct glyph *g)
{
	uint16_t height = bda.char_height, pitch = bda.columns;
	uint16_t to = g->to, from = g->from;

	if (g->colour & 0x80) {
		planar_paint(g->colour & 0x0f, 0x18);
		for (; height; height--) {
			peek8(GRAPHICS_SEG, to);
			poke8(GRAPHICS_SEG, to, glyph_row(from++));
			to += pitch;
		}
		return;
	}
	write_index(PORT_GRAPHICS, 5, 0);
	write_index(PORT_GRAPHICS, 3, 0);
	planar_fill(0);
	poke8(GRAPHICS_SEG, to, 0);
	peek8(GRAPHICS_SEG, to);
	planar_paint(g->colour, 0);
	for (; height; height--) {
		poke8(GRAPHICS_SEG, to, glyph_row(from++));
		to += pitch;
	}
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

static void cga_glyph(const struct glyph *g)
{
	uint16_t height = bda.char_height, to = g->to, from = g->from;
	uint16_t paint = (g->colour & 3) * 0x5555;

	while (height--) {
		uint8_t row = glyph_row(from++);

		if (g->bits == 1) {
			if (!(g->colour & 1))
				row = 0;
			if (g->colour & 0x80)
				row ^= peek8(CGA_SEG, to);
			poke8(CGA_SEG, to, row);
		} else {
			uint16_t pixels = double_bits(row) & paint;

			pixels = pixels >> 8 | pixels << 8; /* leftmost in the first byte */
			if (g->colour & 0x80)
				pixels ^= peek16(CGA_SEG, to);
			poke16(CGA_SEG, to, pixels);
		}
		to = to & CGA_ODD ? to - CGA_ODD + CGA_PITCH : to + CGA_ODD;
	}
}

/* The four pixels of a nibble: FFh where its bit is set, leftmost in the lowest byte. */
static const uint32_t ROM nibble_masks[16] IN_ROM = {
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

	asm("movl %%cs:(%%bx), %0"
	    : "=r"(v)
	    : "b"(ROM_OFFSET(nibble_masks) + nibble * 4));
	return v;
}

static void linear_glyph(const struct glyph *g)
{
	uint32_t back = g->background * 0x01010101u, paint = (g->colour * 0x01010101u) ^ back;
	uint16_t height = bda.char_height, pitch = bda.columns * 8, to = g->to, from = g->from;

	while (height--) {
		uint8_t row = glyph_row(from++);

		poke32(GRAPHICS_SEG, to, (nibble_mask(row >> 4) & paint) ^ back);
		poke32(GRAPHICS_SEG, to + 4, (nibble_mask(row & 15) & paint) ^ back);
		to += pitch;
	}
}

void graphics_write(const struct cell *cell)
{
	enum memory_model model = memory_model();
	uint16_t height = bda.char_height, columns = bda.columns;
	uint16_t cells = (bda.last_row + 1) * columns, at = cell->row * columns + cell->column;
	uint16_t count = cell->count;
	uint8_t column = cell->column, row = cell->row;
	struct glyph g = {0, 0, cell->attribute, cell->page, bits_per_pixel()};

	if (at >= cells || column >= columns || model == EXTENDED)
		return;
	if (count > cells - at)
		count = cells - at;
	g.from = select_glyph(model, cell->c);
	for (; count; count--) {
		if (model == PLANAR) {
			g.to = page_offset(model, cell->page) + row * height * columns + column;
			planar_glyph(&g);
		} else if (model == CGA) {
			g.to = row * (height / 2) * CGA_PITCH + column * g.bits;
			cga_glyph(&g);
		} else {
			g.to = row * height * columns * 8 + column * 8;
			linear_glyph(&g);
		}
		if (++column == columns) {
			column = 0;
			row++;
		}
	}
	if (model == PLANAR)
		planar_done();
	rom_gs();
}

/* One row of a cell as glyph bits: 1 where the pixel is not colour 0. */
static uint8_t read_row(enum memory_model model, uint16_t at, uint8_t bits)
{
	uint8_t row = 0;

	if (model == PLANAR)
		return ~peek8(GRAPHICS_SEG, at); /* colour compare against 0: see graphics_read */
	if (model == CGA && bits == 1)
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

/* Compares a cell with the font's glyphs; 0 where none fits. */
uint8_t graphics_read(uint8_t page, uint8_t column, uint8_t row)
{
	enum memory_model model = memory_model();
	uint8_t bits = bits_per_pixel(), height = bda.char_height, cell[32];
	uint16_t pitch = line_bytes(model), at;
	uint16_t c;

	if (model == EXTENDED || height > sizeof(cell) || row > bda.last_row || column >= bda.columns)
		return 0;
	if (model == CGA)
		at = row * (height / 2) * CGA_PITCH + column * bits;
	else
		at = page_offset(model, page) + row * height * pitch +
		     column * (model == LINEAR ? 8 : 1);
	if (model == PLANAR) /* read mode 1: bits are 1 where the colour equals GR2, 0 */
		write_index(PORT_GRAPHICS, 5, 8);
	for (uint8_t i = 0; i < height; i++) {
		cell[i] = read_row(model, at, bits);
		if (model == CGA)
			at = at & CGA_ODD ? at - CGA_ODD + CGA_PITCH : at + CGA_ODD;
		else
			at += pitch;
	}
	if (model == PLANAR)
		planar_done();
	for (c = 0; c < 256; c++) {
		uint16_t glyph = select_glyph(model, c);
		uint8_t i = 0;

		while (i < height && glyph_row(glyph + i) == cell[i])
			i++;
		if (i == height)
			break;
	}
	rom_gs();
	return c; /* 256 becomes 0 */
}

/* BH=0: border and, in text modes of a CGA, intensity; BH=1: the palette of mode 4. */
void handle_100b(struct regs *r)
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

/* Where a pixel is: returns the byte's offset, or FFFFh where there is no such pixel. */
static uint16_t pixel_offset(enum memory_model model, const struct regs *r, uint8_t bits)
{
	uint16_t x = r->cx, y = r->dx;

	if (x >= (model == CGA ? CGA_PITCH * 8 / bits : bda.columns * 8) ||
	    y >= (bda.last_row + 1) * bda.char_height)
		return 0xffff;
	if (model == LINEAR)
		return y * bda.columns * 8 + x;
	if (model == CGA)
		return (y & 1) * CGA_ODD + (y >> 1) * CGA_PITCH + x * bits / 8;
	return page_offset(model, r->bh) + y * bda.columns + x / 8;
}

void handle_100c(struct regs *r)
{
	enum memory_model model = memory_model();
	uint8_t bits = bits_per_pixel(), colour = r->al;
	uint16_t at;

	if (model == TEXT || model == EXTENDED)
		return;
	at = pixel_offset(model, r, bits);
	if (at == 0xffff)
		return;
	if (model == LINEAR) {
		poke8(GRAPHICS_SEG, at, colour);
	} else if (model == CGA) {
		uint8_t shift = bits == 1 ? ~r->cl & 7 : (~r->cl & 3) * 2;
		uint8_t mask = (bits == 1 ? 1 : 3) << shift, old = peek8(CGA_SEG, at);

		if (colour & 0x80)
			old ^= colour << shift & mask;
		else
			old = (old & ~mask) | (colour << shift & mask);
		poke8(CGA_SEG, at, old);
	} else {
		planar_paint(colour & 0x0f, colour & 0x80 ? 0x18 : 0);
		peek8(GRAPHICS_SEG, at);
		poke8(GRAPHICS_SEG, at, 0x80 >> (r->cl & 7));
		planar_done();
	}
}

void handle_100d(struct regs *r)
{
	enum memory_model model = memory_model();
	uint8_t bits = bits_per_pixel();
	uint16_t at;

	if (model == TEXT || model == EXTENDED)
		return;
	at = pixel_offset(model, r, bits);
	r->al = 0;
	if (at == 0xffff)
		return;
	if (model == LINEAR) {
		r->al = peek8(GRAPHICS_SEG, at);
	} else if (model == CGA) {
		uint8_t shift = bits == 1 ? ~r->cl & 7 : (~r->cl & 3) * 2;

		r->al = peek8(CGA_SEG, at) >> shift & (bits == 1 ? 1 : 3);
	} else {
		for (uint8_t plane = 4; plane--;) {
			write_index(PORT_GRAPHICS, 4, plane);
			r->al = r->al << 1 | (peek8(GRAPHICS_SEG, at) >> (~r->cl & 7) & 1);
		}
		write_index(PORT_GRAPHICS, 4, 0);
	}
}
