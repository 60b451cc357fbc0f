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
	write_crtc_pair(0x0c, is_text() ? bda.page_start >> 1 : bda.page_start);
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

void handle_1001(void)
{
	set_cursor_shape(r->ch, r->cl);
}

void handle_1002(void)
{
	uint8_t page = r->bh & 7;

	bda.cursor[page].at = r->dx;
	if (page == bda.page)
		set_hardware_cursor(cell_offset(bda.page_start, r->dl, r->dh));
}

void handle_1003(void)
{
	r->dx = bda.cursor[r->bh & 7].at;
	r->ch = bda.cursor_start;
	r->cl = bda.cursor_end;
}

void handle_1005(void)
{
	if (r->al > 7)
		return;
	bda.page = r->al;
	bda.page_start = r->al * bda.page_size;
	update_start();
	update_cursor();
}

/* Clips a window to the screen; false where nothing is left of it. */
static bool clip(union window *w)
{
	uint8_t height;

	if (w->bottom > bda.last_row)
		w->bottom = bda.last_row;
	if (w->right >= bda.columns)
		w->right = bda.columns - 1;
	if (w->left > w->right || w->top > w->bottom)
		return false;
	height = w->bottom - w->top + 1;
	if (w->lines == 0 || w->lines > height)
		w->lines = height;
	return true;
}

/* Moves the lines of a window and blanks what becomes free. */
static void text_scroll(union window *w)
{
	uint16_t pitch = bda.columns * 2;
	uint16_t to = cell_offset(w->page * bda.page_size, w->left, w->down ? w->bottom : w->top);
	uint16_t width = w->right - w->left + 1, from, blank;
	uint8_t count = w->bottom - w->top + 1 - w->lines;

	if (width == bda.columns && !w->down) { /* lines adjoin: one move */
		from = to + w->lines * pitch;
		width *= count;
		MOVE(w, text_segment(), to, from, width);
		fill_words(text_segment(), to + width * 2, w->attribute << 8 | ' ',
			   w->lines * bda.columns);
		return;
	}
	if (w->down)
		pitch = -pitch;
	from = to + w->lines * pitch;
	for (; count; count--) {
		MOVE(w, text_segment(), to, from, width);
		to += pitch;
		from += pitch;
	}
	blank = w->attribute << 8 | ' ';
	do {
		fill_words(text_segment(), to, blank, width);
		to += pitch;
	} while (--w->lines);
}

static void scroll(uint64_t what)
{
	union window w = {.all = what};

	if (!clip(&w))
		return;
	if (is_text()) {
		text_scroll(&w);
	} else {
		graphics_scroll(&w, true);
		graphics_scroll(&w, false);
	}
}

void handle_1006(void)
{
	union window w = {{r->cl, r->ch, r->dl, r->dh, bda.page, r->al, r->bh, r->ah == 7}};

	scroll(w.all);
}

void handle_1008(void)
{
	uint8_t page = r->bh & 7;
	uint16_t at = bda.cursor[page].at;

	if (is_text())
		r->ax = peek16(text_segment(), cell_offset(page * bda.page_size, at, at >> 8));
	else
		graphics_read(page, at);
}

/* 09h: with attribute; 0Ah: the attributes stay. */
void handle_1009(void)
{
	uint8_t page = r->bh & 7;
	uint8_t column = bda.cursor[page].column, row = bda.cursor[page].row;
	uint16_t count = r->cx;

	if (count == 0)
		return;
	if (!is_text()) {
		graphics_write(r->al | r->bh << 8 | (uint32_t)r->bl << 16, row << 8 | column, count);
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

/* The page moves up by one line, which takes the attribute of the cell at the cursor. */
static void line_feed(uint8_t page)
{
	union window w = {{0, 0, bda.columns - 1, bda.last_row, page, 1, 0, false}};

	if (is_text())
		w.attribute = peek8(text_segment(), cell_offset(page * bda.page_size,
								bda.cursor[page].column, w.bottom) +
							    1);
	scroll(w.all);
}

/* Writes a character at the cursor of a page. */
static void put_cell(uint8_t page, uint8_t c, uint8_t attribute)
{
	uint16_t at = bda.cursor[page].at;

	if (is_text())
		poke16(text_segment(), cell_offset(page * bda.page_size, at, at >> 8),
		       attribute << 8 | c);
	else
		graphics_write(c | page << 8 | (uint32_t)attribute << 16, at, 1);
}

static __attribute__((always_inline)) inline bool is_control(uint8_t c)
{
	return c <= '\r' && (c == '\r' || c == '\n' || c == '\b' || c == '\a');
}

/* Moves the cursor of a page as a terminal does after c, but not the hardware's; true where the page has
 * to move up for it. */
static bool advance(uint8_t page, uint8_t c)
{
	uint8_t column = bda.cursor[page].column, row = bda.cursor[page].row;

	if (!is_control(c)) {
		if (++column >= bda.columns) {
			column = 0;
			row++;
		}
	} else if (c == '\r') {
		column = 0;
	} else if (c == '\n') {
		row++;
	} else if (c == '\a') {
		beep();
	} else if (column) {
		column--;
	}
	if (row > bda.last_row) {
		bda.cursor[page].at = bda.last_row << 8 | column;
		return true;
	}
	bda.cursor[page].at = row << 8 | column;
	return false;
}

/* The page is the active one: BH is not looked at, as on the PC, XT and AT. */
void handle_100e(void)
{
	uint8_t page = bda.page, c = r->al;

	if (!is_control(c) && is_text()) { /* the usual way is short */
		uint16_t at = bda.cursor[page].at, columns = bda.columns;
		uint16_t offset = cell_offset(bda.page_start, at, at >> 8);

		poke8(text_segment(), offset, c);
		at++;
		if ((uint8_t)at < columns) {
			bda.cursor[page].at = at;
			set_hardware_cursor(offset + 2);
			return;
		}
	} else if (!is_control(c)) {
		put_cell(page, c, r->bl);
	}
	if (advance(page, c))
		line_feed(bda.page);
	update_cursor();
}

/* Cells in a row from characters and, with lodsw, attributes at seg:from, up to a control character. */
#define WRITE_CELLS(load, seg, from, to, attribute, left)                                          \
	do {                                                                                       \
		uint16_t ax_ = text_segment();                                                     \
		asm volatile("pushw %%ds\n\tmovw %%ax, %%es\n\tmovw %w4, %%ds\n\tmovb %b5, %%ah\n" \
			     "1:\t" load "\n\tcmpb $13, %%al\n\tjbe 2f\n\tstosw\n\tloop 1b\n"      \
			     "2:\tpopw %%ds"                                                       \
			     : "+D"(to), "+S"(from), "+c"(left), "+a"(ax_)                         \
			     : "r"(seg), "q"(attribute)                                            \
			     : "memory", "cc");                                                    \
	} while (0)

/* Text: as many characters of a string as stand before a control character, the right margin and
 * its end go to the screen at once. Of left characters it returns those that are still to come. */
static __attribute__((noinline)) uint16_t write_run(uint16_t left)
{
	uint8_t page = r->bh & 7;
	uint16_t at = bda.cursor[page].at, column = at & 0xff, room = bda.columns - 1 - column;
	uint16_t to = cell_offset(page * bda.page_size, column, at >> 8);
	uint16_t from = r->cx - left, rest;

	if (column >= bda.columns - 1)
		return left;
	if (room > left)
		room = left;
	rest = room;
	if (r->al & 2) {
		from = r->bp + 2 * from;
		WRITE_CELLS("lodsw", r->es, from, to, 0, rest);
	} else {
		from += r->bp;
		WRITE_CELLS("lodsb", r->es, from, to, r->bl, rest);
	}
	bda.cursor[page].at = at + room - rest;
	return left - room + rest;
}

/* AL bit 0: the cursor moves along; bit 1: attributes stand in the string. Little is kept on the
 * stack: a line feed below it takes the most that there is. */
void handle_1013(void)
{
	uint16_t before = bda.cursor[r->bh & 7].at, left = r->cx;

	if (r->al > 3 || left == 0)
		return;
	bda.cursor[r->bh & 7].at = r->dx;
	do {
		if (is_text() && (left = write_run(left)) == 0)
			break;

		uint16_t offset = r->cx - left;
		uint8_t c, attribute = r->bl;

		offset = r->bp + (r->al & 2 ? 2 * offset : offset);
		c = peek8(r->es, offset);
		if (r->al & 2)
			attribute = peek8(r->es, offset + 1);
		if (!is_control(c))
			put_cell(r->bh & 7, c, attribute);
		if (advance(r->bh & 7, peek8(r->es, offset)))
			line_feed(r->bh & 7);
	} while (--left);
	if (!(r->al & 1))
		bda.cursor[r->bh & 7].at = before;
	if ((r->bh & 7) == bda.page)
		update_cursor();
}
