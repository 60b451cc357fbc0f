/* SPDX-License-Identifier: MIT
 *
 * INT 10h/11h: fonts of text modes, which the hardware reads from plane 2, and of graphics modes,
 * which the drawing code reads through INT 43h and INT 1Fh.
 */
#include "vgabios.h"

const uint8_t ROM font_9x14[1] IN_ROM = {0};
const uint8_t ROM font_9x16[1] IN_ROM = {0};

/* Opens plane 2 as 64 KiB at A0000. */
static void open_font_memory(void)
{
	write_index(PORT_SEQUENCER, 2, 4);
	write_index(PORT_SEQUENCER, 4, 7);
	write_index(PORT_GRAPHICS, 4, 2);
	write_index(PORT_GRAPHICS, 5, 0);
	write_index(PORT_GRAPHICS, 6, 4);
}

/* Back to odd and even planes. The mode's own address, B0000 or B8000, follows from the CRTC's. */
static void close_font_memory(void)
{
	write_index(PORT_SEQUENCER, 2, 3);
	write_index(PORT_SEQUENCER, 4, 3);
	write_index(PORT_GRAPHICS, 4, 0);
	write_index(PORT_GRAPHICS, 5, 0x10);
	write_index(PORT_GRAPHICS, 6, bda.crtc == 0x3b4 ? 0x0a : 0x0e);
}

/* Glyphs of height bytes each at seg:offset, for the characters from first on. */
struct font {
	uint16_t seg, offset, first, count;
	uint8_t height, block;
};

/* Copies them to where the hardware reads block: 32 bytes apart, 8 KiB a block; false where no glyph can
 * have that height. */
static bool load_font(const struct font *f)
{
	uint16_t to = (f->block & 3) << 14 | (f->block & 4) << 11 | f->first << 5;
	uint16_t count = f->count, from = f->offset, height = f->height;

	if (height == 0 || height > 32)
		return false;
	if (f->first > 255 || count == 0)
		return true;
	if (count > 256 - f->first)
		count = 256 - f->first;
	open_font_memory();
	/* 16 lines, which every text mode set loads, without REP */
	asm volatile("pushw %%ds\n\tmovw %%cx, %%ds\n\tmovw $0xa000, %%cx\n\tmovw %%cx, %%es\n\t"
		     "xorw %%cx, %%cx\n\tcmpw $4, %%bx\n\tjne 1f\n"
		     "2:\tmovsl\n\tmovsl\n\tmovsl\n\tmovsl\n\taddw %w5, %%di\n\tdecw %w2\n\tjnz 2b\n\tjmp 3f\n"
		     "1:\tmovb %%bl, %%cl\n\trep movsl\n\tmovb %%bh, %%cl\n\trep movsb\n\t"
		     "addw %w5, %%di\n\tdecw %w2\n\tjnz 1b\n3:\tpopw %%ds"
		     : "+D"(to), "+S"(from), "+a"(count)
		     : "b"(height / 4 | (height & 3) << 8), "c"(f->seg), "d"(32 - height)
		     : "memory", "cc");
	close_font_memory();
	return true;
}

static uint16_t rom_font(uint8_t height)
{
	return height == 8 ? ROM_OFFSET(font_8x8) :
	       height == 14 ? ROM_OFFSET(font_8x14) : ROM_OFFSET(font_8x16);
}

void load_rom_font(uint8_t height)
{
	struct font f = {ROM_SEG, rom_font(height), 0, 256, height, 0};

	load_font(&f);
}

void set_graphics_font(uint8_t height)
{
	ivt[0x43].offset = rom_font(height);
	ivt[0x43].segment = ROM_SEG;
}

uint16_t text_lines(void)
{
	static const uint16_t ROM lines[4] IN_ROM = {480, 400, 350, 480}; /* by the polarities of sync */
	uint16_t n = lines[inb(PORT_MISC_READ) >> 6];

	return read_index(bda.crtc, 9) & 0x80 ? n / 2 : n; /* each line shown twice */
}

void set_text_height(uint8_t height)
{
	uint16_t crtc = bda.crtc, lines = text_lines(), most = 0x4000 / bda.columns, rows;
	uint8_t overflow = read_index(crtc, 7), shape = read_index(crtc, 9);

	rows = lines / height;
	if (most > 255)
		most = 255;
	if (rows > most)
		rows = most;
	lines = rows * height;
	if (shape & 0x80)
		lines *= 2;
	lines--;
	write_index(crtc, 9, (shape & 0xe0) | (height - 1));
	write_index(crtc, 0x12, lines);
	write_index(crtc, 7, (overflow & ~0x42) | (lines >> 7 & 2) | (lines >> 3 & 0x40));
	if (crtc == 0x3b4) /* elsewhere nothing is underlined */
		write_index(crtc, 0x14, (read_index(crtc, 0x14) & 0xe0) | (height - 1));
	bda.last_row = rows - 1;
	bda.char_height = height;
	bda.page_size = (rows * bda.columns * 2 + 0x7ff) & ~0x7ff;
	set_cursor_shape(bda.cursor_start, bda.cursor_end);
}

/* Characters of that height in graphics modes, and rows of them as far as there are lines; CGA modes have
 * every other line elsewhere, and no odd heights. */
static void set_graphics_text(uint16_t height, uint8_t rows)
{
	const struct parameters ROM *p;
	uint8_t most;

	if (is_text() || memory_model() == EXTENDED || height == 0 || height > 32 || (memory_model() == CGA && height & 1))
		return;
	p = mode_parameters(bda.mode);
	most = (p->last_row + 1) * p->char_height / height;
	bda.char_height = height;
	bda.last_row = (rows == 0 || rows > most ? most : rows) - 1;
}

/* BL of 2xh: rows; 0: the number in DL */
static uint8_t wanted_rows(void)
{
	static const uint8_t ROM rows[4] IN_ROM = {0, 14, 25, 43};

	return r->bl == 0 || r->bl > 3 ? r->dl : rows[r->bl];
}

static void font_information(void)
{
	uint16_t seg = ROM_SEG, offset;

	switch (r->bh) {
	case 0:
		seg = ivt[0x1f].segment;
		offset = ivt[0x1f].offset;
		break;
	case 1:
		seg = ivt[0x43].segment;
		offset = ivt[0x43].offset;
		break;
	case 2:
		offset = ROM_OFFSET(font_8x14);
		break;
	case 3:
		offset = ROM_OFFSET(font_8x8);
		break;
	case 4:
		offset = ROM_OFFSET(font_8x8 + 128 * 8);
		break;
	case 5:
		offset = ROM_OFFSET(font_9x14);
		break;
	case 6:
		offset = ROM_OFFSET(font_8x16);
		break;
	case 7:
		offset = ROM_OFFSET(font_9x16);
		break;
	default:
		return;
	}
	r->es = seg;
	r->bp = offset;
	r->cx = bda.char_height;
	r->dl = bda.last_row;
}

void handle_1011(void)
{
	static const uint8_t ROM heights[5] IN_ROM = {0, 14, 8, 0, 16};
	uint8_t function = r->al & 0x0f, height;
	struct font f;

	if (r->al == 0x30) {
		font_information();
		return;
	}
	if (function > 4 || (r->al & 0xf0) > 0x20)
		return;
	height = heights[function];
	if (r->al == 0x20) {
		ivt[0x1f].offset = r->bp;
		ivt[0x1f].segment = r->es;
	} else if (r->al == 0x21) {
		ivt[0x43].offset = r->bp;
		ivt[0x43].segment = r->es;
		set_graphics_text(r->cx, wanted_rows());
	} else if (r->al > 0x21) {
		height = r->al == 0x22 ? 14 : r->al == 0x23 ? 8 : 16;
		set_graphics_font(height);
		set_graphics_text(height, wanted_rows());
	} else if (!is_text()) {
		; /* plane 2 holds the picture */
	} else if (function == 3) {
		if (r->al == 3)
			write_index(PORT_SEQUENCER, 3, r->bl);
	} else {
		f.seg = ROM_SEG;
		f.offset = rom_font(height);
		f.first = 0;
		f.count = 256;
		f.height = height;
		f.block = r->bl;
		if (function == 0) {
			f.seg = r->es;
			f.offset = r->bp;
			f.height = height = r->bh;
			f.first = r->dx;
			f.count = r->cx;
		}
		if (load_font(&f) && r->al & 0x10)
			set_text_height(height);
	}
}
