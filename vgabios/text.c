/* SPDX-License-Identifier: MIT
 *
 * Characters, cursor, pages and scrolling. What is drawn in graphics modes is left to graphics.c.
 */
#include "vgabios.h"

#define TEXT_SIZE 0x8000 /* of text memory; no cursor, page or BDA leads out of it */

static inline uint16_t cell_offset(uint16_t page_start, uint8_t column, uint8_t row)
{
	return (page_start + (uint16_t)(row * bda.columns + column) * 2) % TEXT_SIZE;
}

/* Where a page of text begins; a page that there is not is page 0. */
static uint16_t text_page(uint8_t page)
{
	uint16_t size = bda.page_size;
	uint32_t start = page * size;

	return start + size > TEXT_SIZE ? 0 : start;
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
	r->cx = bda.cursor_shape;
	r->dx = bda.cursor[r->bh & 7].at;
}

/* There is no light pen. */
void handle_1004(void)
{
	r->ah = 0;
}

void handle_100f(void)
{
	r->al = bda.mode | (bda.control & CONTROL_NO_CLEAR);
	r->ah = bda.columns;
	r->bh = bda.page;
}

void handle_1005(void)
{
	uint8_t page = r->al;
	uint16_t size = bda.page_size;
	uint32_t start = page * size;

	if (page > 7 || start + size > (memory_model() < PLANAR ? TEXT_SIZE : 0x10000))
		return;
	bda.page = page;
	bda.page_start = start;
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
	uint16_t to = cell_offset(text_page(w->page), w->left, w->down ? w->bottom : w->top);
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

/* The cell at the cursor of a page. */
static uint16_t cursor_cell(uint8_t page)
{
	uint16_t at = bda.cursor[page].at;

	return cell_offset(text_page(page), at, at >> 8);
}

void handle_1008(void)
{
	uint8_t page = r->bh & 7;

	if (is_text())
		r->ax = peek16(text_segment(), cursor_cell(page));
	else
		graphics_read(page, bda.cursor[page].at);
}

/* 09h: with attribute; 0Ah: the attributes stay. */
void handle_1009(void)
{
	uint8_t page = r->bh & 7;
	uint16_t count = r->cx;

	if (count == 0)
		return;
	if (!is_text()) {
		if (bda.mode == 0x13) /* BH is the background's colour */
			page = 0;
		graphics_write(r->al | r->bh << 8 | (uint32_t)r->bl << 16, bda.cursor[page].at, count);
		return;
	}

	uint16_t seg = text_segment(), offset = cursor_cell(page);

	if (count > (TEXT_SIZE - offset) / 2)
		count = (TEXT_SIZE - offset) / 2;
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
		w.attribute = peek8(text_segment(), cursor_cell(page) + 1);
	scroll(w.all);
}

/* Writes a character at the cursor of a page. */
static inline __attribute__((always_inline)) void put_cell(uint8_t page, uint8_t c, uint8_t attribute)
{
	if (is_text())
		poke16(text_segment(), cursor_cell(page), attribute << 8 | c);
	else
		graphics_write(c | page << 8 | (uint32_t)attribute << 16, bda.cursor[page].at, 1);
}

static bool is_one_of_four(uint8_t c)
{
	return c == '\r' || c == '\n' || c == '\b' || c == '\a';
}

static inline __attribute__((always_inline)) bool is_control(uint8_t c)
{
	return c <= '\r' && is_one_of_four(c);
}

/* Moves the cursor of a page as a terminal does after c, but not the hardware's, and the page where it has to. */
static void advance(uint8_t page, uint8_t c)
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
	if (row <= bda.last_row) {
		bda.cursor[page].at = row << 8 | column;
		return;
	}
	bda.cursor[page].at = bda.last_row << 8 | column;
	line_feed(page);
}

/* What 0Eh does where it is not a character in the middle of a line of text. */
static __attribute__((noinline)) void teletype(void)
{
	uint8_t page = bda.page;

	if (is_control(r->al))
		;
	else if (is_text())
		poke8(text_segment(), cursor_cell(page), r->al);
	else
		graphics_write(r->al | page << 8 | (uint32_t)r->bl << 16, bda.cursor[page].at, 1);
	advance(bda.page, r->al);
	update_cursor();
}

/* The page is the active one: BH is not looked at, as on the PC, XT and AT. In text the attribute stays. */
void handle_100e(void)
{
	uint8_t page = bda.page, c = r->al;
	uint16_t at = bda.cursor[page].at;

	if (is_text() && !is_control(c) && (at & 0xff) + 1 < bda.columns) {
		uint16_t offset = cell_offset(bda.page_start, at, at >> 8);

		poke8(text_segment(), offset, c);
		bda.cursor[page].at = at + 1;
		set_hardware_cursor(offset + 2);
		return;
	}
	teletype();
}

/* Where in the caller's string the last `left` characters begin. */
static uint16_t string_at(uint32_t left)
{
	uint16_t done = r->cx - left;

	return r->bp + (r->al & 2 ? 2 * done : done);
}

/* Text modes: writes characters of the string up to a control character or the last cell of a line; how many
 * are left then. */
static uint32_t put_run(uint32_t left)
{
	uint16_t from = string_at(left), to = cursor_cell(r->bh & 7), seg = text_segment();
	uint8_t column = bda.cursor[r->bh & 7].column;

	set_gs(r->es);
	for (; left && column + 1 < bda.columns; left--, column++, to += 2) {
		uint16_t cell = *(const uint8_t FAR *)(uintptr_t)from++;

		if (is_control(cell))
			break;
		cell |= (r->al & 2 ? *(const uint8_t FAR *)(uintptr_t)from++ : r->bl) << 8;
		poke16(seg, to, cell);
	}
	rom_gs();
	bda.cursor[r->bh & 7].column = column;
	return left;
}

static __attribute__((noinline)) void put_one(uint32_t left)
{
	uint16_t from = string_at(left);
	uint8_t c = peek8(r->es, from);

	if (!is_control(c))
		put_cell(r->bh & 7, c, r->al & 2 ? peek8(r->es, from + 1) : r->bl);
}

/* AL bit 0: the cursor moves along; bit 1: attributes stand in the string. Little is kept on the
 * stack: a line feed below it takes the most that there is. */
void handle_1013(void)
{
	uint16_t before = bda.cursor[r->bh & 7].at;
	uint32_t left = r->cx;

	if (r->al > 3 || left == 0)
		return;
	bda.cursor[r->bh & 7].at = r->dx;
	do {
		if (is_text())
			left = put_run(left);
		if (left) {
			put_one(left);
			advance(r->bh & 7, peek8(r->es, string_at(left)));
			left--;
		}
	} while (left);
	if (!(r->al & 1))
		bda.cursor[r->bh & 7].at = before;
	if ((r->bh & 7) == bda.page)
		update_cursor();
}
