/* SPDX-License-Identifier: MIT
 *
 * Characters, cursor, pages and scrolling. What is drawn in graphics modes is left to graphics.c.
 */
#include "vgabios.h"

static inline uint16_t cell_offset(uint16_t page_start, uint8_t column, uint8_t row)
{
	return page_start + (uint16_t)(row * bda.columns + column) * 2;
}

static inline void write_crtc_pair(uint8_t index, uint16_t value)
{
	uint16_t crtc = bda.crtc;

	outw(crtc, (value & 0xff00) | index);
	outw(crtc, (uint16_t)(value << 8) | (index + 1));
}

static inline void set_hardware_cursor(uint16_t offset)
{
	write_crtc_pair(0x0e, offset >> 1);
}

void update_cursor(void)
{
	uint8_t page = bda.page;

	set_hardware_cursor(
		cell_offset(bda.page_start, bda.cursor[page].column, bda.cursor[page].row));
}

void update_start(void)
{
	write_crtc_pair(0x0c, memory_model() == TEXT ? bda.page_start >> 1 : bda.page_start);
}

/* The emulation turns the scan lines of an 8-line character into those of the real one, as an EGA
 * or VGA does: the upper half counts from the top, the lower half from the bottom, and an
 * underline stays one line above it. */
void set_cursor_shape(uint8_t start, uint8_t end)
{
	uint8_t height = bda.char_height;

	bda.cursor_start = start;
	bda.cursor_end = end;
	start &= 0x3f;
	end &= 0x1f;
	if (!(bda.control & CONTROL_NO_CURSOR_EMULATION) && height > 8 && end < 8 && start < 8) {
		if (end == 7 && start < 4)
			end = height - 1;
		else if (end >= 4)
			end += height - 9;
		if (start >= 4)
			start += height - 9;
	}
	write_index(bda.crtc, 0x0a, start);
	write_index(bda.crtc, 0x0b, end);
}

void handle_1001(struct regs *r)
{
	set_cursor_shape(r->ch, r->cl);
}

void handle_1002(struct regs *r)
{
	uint8_t page = r->bh & 7;

	bda.cursor[page].at = r->dx;
	if (page == bda.page)
		set_hardware_cursor(cell_offset(bda.page_start, r->dl, r->dh));
}

void handle_1003(struct regs *r)
{
	r->dx = bda.cursor[r->bh & 7].at;
	r->ch = bda.cursor_start;
	r->cl = bda.cursor_end;
}

void handle_1005(struct regs *r)
{
	if (r->al > 7)
		return;
	bda.page = r->al;
	bda.page_start = r->al * bda.page_size;
	update_start();
	update_cursor();
}

/* Moves the lines of a window and blanks what becomes free. */
static void text_scroll(const struct window *w)
{
	uint8_t lines = w->lines;
	bool down = w->down;
	uint16_t seg = text_segment(), pitch = bda.columns * 2;
	uint8_t width = w->right - w->left + 1, height = w->bottom - w->top + 1;
	uint16_t blank = w->attribute << 8 | ' ';
	uint16_t to = cell_offset(w->page * bda.page_size, w->left, down ? w->bottom : w->top);
	uint16_t step = down ? -pitch : pitch;
	uint16_t from = to + lines * step;

	if (width == bda.columns && !down) { /* lines adjoin: one move */
		MOVE(w, seg, to, from, (height - lines) * width);
		fill_words(seg, to + (height - lines) * pitch, blank, lines * width);
		return;
	}
	for (uint8_t row = lines; row < height; row++) {
		MOVE(w, seg, to, from, width);
		to += step;
		from += step;
	}
	while (lines--) {
		fill_words(seg, to, blank, width);
		to += step;
	}
}

static void scroll(struct window *w)
{
	uint8_t height;

	if (w->bottom > bda.last_row)
		w->bottom = bda.last_row;
	if (w->right >= bda.columns)
		w->right = bda.columns - 1;
	if (w->left > w->right || w->top > w->bottom)
		return;
	height = w->bottom - w->top + 1;
	if (w->lines == 0 || w->lines > height)
		w->lines = height;
	if (memory_model() == TEXT)
		text_scroll(w);
	else
		graphics_scroll(w);
}

void handle_1006(struct regs *r)
{
	struct window w = {r->cl, r->ch, r->dl, r->dh, bda.page, r->al, r->bh, r->ah == 7};

	scroll(&w);
}

void handle_1008(struct regs *r)
{
	uint8_t page = r->bh & 7;
	uint8_t column = bda.cursor[page].column, row = bda.cursor[page].row;

	if (memory_model() == TEXT)
		r->ax = peek16(text_segment(), cell_offset(page * bda.page_size, column, row));
	else
		r->ax = graphics_read(page, column, row);
}

/* 09h: with attribute; 0Ah: the attributes stay. */
void handle_1009(struct regs *r)
{
	uint8_t page = r->bh & 7;
	uint8_t column = bda.cursor[page].column, row = bda.cursor[page].row;
	uint16_t count = r->cx;

	if (count == 0)
		return;
	if (memory_model() != TEXT) {
		struct cell cell = {r->bh, column, row, r->al, r->bl, count};

		graphics_write(&cell);
		return;
	}

	uint16_t seg = text_segment();
	uint16_t offset = cell_offset(page * bda.page_size, column, row);

	if (count > 0x4000)
		count = 0x4000; /* all there is */
	if (r->ah == 9) {
		fill_words(seg, offset, r->bl << 8 | r->al, count);
		return;
	}
	do {
		poke8(seg, offset, r->al);
		offset += 2;
	} while (--count);
}

/* 896 Hz for an eighth of a second, told by the refresh bit of port 61h (15 us a change), or for
 * 64 Ki reads where that bit stands still. */
static __attribute__((noinline)) void beep(void)
{
	uint8_t control = inb(0x61), last = control;
	uint16_t changes = 8192, reads = 0;

	outb(0x43, 0xb6); /* channel 2, square wave */
	outb(0x42, 0x33);
	outb(0x42, 0x05);
	outb(0x61, control | 3);
	while (changes && --reads) {
		uint8_t now = inb(0x61);

		if ((now ^ last) & 0x10)
			changes--;
		last = now;
	}
	outb(0x61, control);
}

static __attribute__((noinline)) void line_feed(uint8_t page, uint8_t column)
{
	struct window w = {0, 0, bda.columns - 1, bda.last_row, page, 1, 0, false};

	if (memory_model() == TEXT)
		w.attribute = peek8(text_segment(),
				  cell_offset(page * bda.page_size, column, w.bottom) + 1);
	scroll(&w);
}

/* Writes one character where the cursor of a page is, as a terminal does, and moves that cursor,
 * but not the hardware's. In text modes an attribute below 0 leaves the cell's. */
static void put_character(uint8_t page, uint8_t c, int16_t attribute)
{
	uint8_t column = bda.cursor[page].column, row = bda.cursor[page].row;

	if (c == '\r') {
		column = 0;
	} else if (c == '\n') {
		row++;
	} else if (c == '\b') {
		if (column)
			column--;
	} else if (c == '\a') {
		beep();
		return;
	} else {
		if (memory_model() == TEXT) {
			uint16_t offset = cell_offset(page * bda.page_size, column, row);

			if (attribute < 0)
				poke8(text_segment(), offset, c);
			else
				poke16(text_segment(), offset, attribute << 8 | c);
		} else {
			struct cell cell = {page, column, row, c, attribute, 1};

			graphics_write(&cell);
		}
		if (++column >= bda.columns) {
			column = 0;
			row++;
		}
	}
	if (row > bda.last_row) {
		row = bda.last_row;
		line_feed(page, column);
	}
	bda.cursor[page].at = row << 8 | column;
}

/* The page is the active one: BH is not looked at, as on the PC, XT and AT. */
void handle_100e(struct regs *r)
{
	put_character(bda.page, r->al, memory_model() == TEXT ? -1 : r->bl);
	update_cursor();
}

/* AL bit 0: the cursor moves along; bit 1: attributes stand in the string. */
void handle_1013(struct regs *r)
{
	uint8_t page = r->bh & 7, mode = r->al;
	uint16_t count = r->cx, offset = r->bp, before = bda.cursor[page].at;
	uint8_t attribute = r->bl;

	if (mode > 3 || count == 0)
		return;
	bda.cursor[page].at = r->dx;
	while (count--) {
		uint8_t c = peek8(r->es, offset++);

		if (mode & 2)
			attribute = peek8(r->es, offset++);
		put_character(page, c, attribute);
	}
	if (!(mode & 1))
		bda.cursor[page].at = before;
	if (page == bda.page)
		update_cursor();
}
