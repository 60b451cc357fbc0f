/* SPDX-License-Identifier: MIT
 *
 * The serial console, where the host asks for one: INT 10h's text goes to COM1 too, as UTF-8 with the control
 * sequences of ECMA-48 (a VT100's), and what comes in are keys. INT 08h, 10h and 16h lead here first, see
 * entry.S. The terminal has 25 lines or more; what programs write to the screen's memory themselves is not seen.
 */
#include <rombios/rombios.h>

enum { PORT = 0x3f8, IER = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5, LSR_DATA = 1, LSR_EMPTY = 0x20 };
enum { ROWS = 25, COLUMNS = 80, UNKNOWN = 0xff, NO_VIDEO = 0xf065 };

static uint32_t old_int10;	     /* seg << 16 | off */
static bool has_video;
static uint8_t row, column;	     /* where the terminal's cursor is; UNKNOWN */
static uint16_t colours;	     /* the attribute that the terminal has; above FFh: none yet */

static void send(uint8_t c)
{
	for (uint32_t n = 20000; n; n--) /* 10 bits at 115,200 take 87 us: more than enough */
		if (inb(PORT + LSR) & LSR_EMPTY)
			break;
	outb(PORT, c);
}

static void send_text(const char *s)
{
	while (*s)
		send(*s++);
}

static void send_number(uint8_t n)
{
	if (n >= 10)
		send_number(n / 10);
	send('0' + n % 10);
}

/* Code page 437 in Unicode */
static const uint16_t low_glyphs[32] = {
	' ',	0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022, 0x25d8, 0x25cb, 0x25d9,
	0x2642, 0x2640, 0x266a, 0x266b, 0x263c, 0x25ba, 0x25c4, 0x2195, 0x203c, 0x00b6, 0x00a7,
	0x25ac, 0x21a8, 0x2191, 0x2193, 0x2192, 0x2190, 0x221f, 0x2194, 0x25b2, 0x25bc};
/* clang-format off */
static const uint16_t high_glyphs[128] = {
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef,
	0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
	0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa,
	0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
	0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557,
	0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
	0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559,
	0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
	0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4,
	0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
	0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};
/* clang-format on */

static void send_glyph(uint8_t c)
{
	uint16_t u = c < 32 ? low_glyphs[c] : c == 0x7f ? 0x2302 : c >= 0x80 ? high_glyphs[c - 0x80] : c;

	if (u >= 0x800) {
		send(0xe0 | u >> 12);
		send(0x80 | (u >> 6 & 0x3f));
		send(0x80 | (u & 0x3f));
	} else if (u >= 0x80) {
		send(0xc0 | u >> 6);
		send(0x80 | (u & 0x3f));
	} else {
		send(u);
	}
}

/* ECMA-48, 8.3.117: the colours of an attribute; CGA counts blue, green, red from bit 0 on. */
static void set_colours(uint8_t attribute)
{
	static const char order[] = "04261537";

	if (colours == attribute)
		return;
	colours = attribute;
	send_text("\x1b[0;3");
	send(order[attribute & 7]);
	send_text(";4");
	send(order[attribute >> 4 & 7]);
	if (attribute & 0x08)
		send_text(";1");
	if (attribute & 0x80)
		send_text(";5");
	send('m');
}

static void move_to(uint8_t to_row, uint8_t to_column)
{
	if (row == to_row && column == to_column)
		return;
	send_text("\x1b[");
	send_number(to_row + 1);
	send(';');
	send_number(to_column + 1);
	send('H');
	row = to_row;
	column = to_column;
}

static void put_cell(uint8_t c, uint8_t attribute)
{
	set_colours(attribute);
	send_glyph(c);
	if (++column >= COLUMNS) /* terminals differ in where the cursor is now */
		row = column = UNKNOWN;
}

static bool text_mode(void)
{
	return bda.video_mode <= 3 || bda.video_mode == 7;
}

static uint16_t cell(uint8_t at_row, uint8_t at_column)
{
	return far_read16(bda.video_mode == 7 ? 0xb000 : 0xb800,
			  bda.video_page_start + (at_row * bda.video_columns + at_column) * 2);
}

/* A part of the screen as its memory has it. Blanks that all of the row's rest are, are erased. */
static void redraw(uint8_t top, uint8_t left, uint8_t bottom, uint8_t right)
{
	if (bottom >= ROWS)
		bottom = ROWS - 1;
	if (right >= bda.video_columns)
		right = bda.video_columns - 1;
	for (; top <= bottom; top++) {
		uint8_t last = right;

		if (right == bda.video_columns - 1)
			while (last > left && cell(top, last) == cell(top, right) && (uint8_t)cell(top, last) == ' ')
				last--;
		move_to(top, left);
		for (uint8_t x = left; x <= last; x++)
			put_cell(cell(top, x), cell(top, x) >> 8);
		if (last < right) {
			set_colours(cell(top, right) >> 8);
			send_text("\x1b[K");
		}
	}
}

static void to_cursor(void)
{
	uint16_t at = bda.cursor_pos[bda.video_page & 7];

	if (at >> 8 < ROWS && (at & 0xff) < COLUMNS)
		move_to(at >> 8, at);
}

/* 0Eh, before the video BIOS has done it */
static void teletype(uint8_t c)
{
	uint16_t at = bda.cursor_pos[bda.video_page & 7];

	if (c == 7) {
		send(c);
		return;
	}
	to_cursor();
	switch (c) {
	case '\b':
		if (column && column != UNKNOWN) {
			send(c);
			column--;
		}
		return;
	case '\r':
		send(c);
		column = 0;
		return;
	case '\n':
		set_colours(has_video && text_mode() ? cell(at >> 8, at) >> 8 : 7);
		send(c);
		if (row < ROWS - 1)
			row++;
		return;
	default:
		put_cell(c, has_video && text_mode() ? cell(at >> 8, at) >> 8 : 7);
	}
}

/* Without a video BIOS: a cursor that moves, so that programs find one. */
static void without_video(struct regs *r)
{
	uint16_t at = bda.cursor_pos[0];
	uint8_t y = at >> 8, x = at;

	switch (r->ah) {
	case 0x02:
		bda.cursor_pos[0] = r->dx;
		break;
	case 0x03:
		r->cx = 0x0607;
		r->dx = at;
		break;
	case 0x0e:
		if (r->al == '\r')
			x = 0;
		else if (r->al == '\n')
			y++;
		else if (r->al == '\b')
			x -= x != 0;
		else if (r->al != 7 && ++x == COLUMNS)
			x = 0, y++;
		bda.cursor_pos[0] = (y < ROWS ? y : ROWS - 1) << 8 | x;
		break;
	case 0x0f:
		r->ax = COLUMNS << 8 | 3;
		r->bh = 0;
		break;
	}
}

void handle_10_console(struct regs *r)
{
	struct regs asked = *r;
	uint16_t flags = r->flags, at = bda.cursor_pos[bda.video_page & 7];
	uint8_t y = at >> 8, x = at;
	uint32_t end;

	if (r->ah == 0x0e)
		teletype(r->al);
	if (has_video)
		call_handler(old_int10, r);
	else
		without_video(r);
	r->flags = flags; /* as the caller has them: INT 10h answers in AX */
	switch (asked.ah) {
	case 0x00:
		row = column = UNKNOWN;
		colours = 0x100;
		set_colours(7);
		send_text("\x1b[1;25r\x1b[2J");
		break;
	case 0x06:
	case 0x07:
		if (has_video && text_mode())
			redraw(asked.ch, asked.cl, asked.dh, asked.dl);
		break;
	case 0x09:
	case 0x0a:
		if (has_video && text_mode() && asked.cx) {
			end = y * bda.video_columns + x + (uint32_t)asked.cx - 1;
			if (end < (y + 1u) * bda.video_columns)
				redraw(y, x, y, end - y * bda.video_columns);
			else
				redraw(y, 0, end / bda.video_columns < ROWS ? end / bda.video_columns : ROWS - 1, COLUMNS - 1);
		} else if (!has_video && asked.cx) {
			to_cursor();
			put_cell(asked.al, asked.ah == 0x09 ? asked.bl : 7);
		}
		break;
	case 0x13:
		if (has_video && text_mode())
			redraw(asked.dh, 0, asked.dh + (asked.dl + asked.cx) / COLUMNS, COLUMNS - 1);
		break;
	}
}

/* ---- keys ---- */

static const struct {
	char sequence[5]; /* after ESC, and its NUL */
	uint16_t key;
} sequences[] = {
	{"[A", 0x4800}, {"[B", 0x5000}, {"[C", 0x4d00}, {"[D", 0x4b00}, {"[H", 0x4700}, {"[F", 0x4f00},
	{"OA", 0x4800}, {"OB", 0x5000}, {"OC", 0x4d00}, {"OD", 0x4b00}, {"OH", 0x4700}, {"OF", 0x4f00},
	{"OP", 0x3b00}, {"OQ", 0x3c00}, {"OR", 0x3d00}, {"OS", 0x3e00},
	{"[1~", 0x4700}, {"[2~", 0x5200}, {"[3~", 0x5300}, {"[4~", 0x4f00}, {"[5~", 0x4900}, {"[6~", 0x5100},
	{"[11~", 0x3b00}, {"[12~", 0x3c00}, {"[13~", 0x3d00}, {"[14~", 0x3e00}, {"[15~", 0x3f00}, {"[17~", 0x4000},
	{"[18~", 0x4100}, {"[19~", 0x4200}, {"[20~", 0x4300}, {"[21~", 0x4400}, {"[23~", 0x8500}, {"[24~", 0x8600},
};

static uint8_t held[6], held_count; /* ESC and what came after it */
static uint32_t held_since;

static void put_character(uint8_t c)
{
	if (c == 0x7f)
		c = '\b';
	keyboard_put(keyboard_code(c));
}

/* Is what is held the beginning of a sequence, or a whole one? */
static bool sequence_goes_on(void)
{
	for (unsigned i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		unsigned n = 0;

		while (n + 1 < held_count && sequences[i].sequence[n] == (char)held[n + 1])
			n++;
		if (n + 1 < held_count)
			continue;
		if (!sequences[i].sequence[n]) {
			keyboard_put(sequences[i].key);
			held_count = 0;
		}
		return true;
	}
	return false;
}

static void release(void)
{
	for (unsigned i = 0; i < held_count; i++)
		put_character(held[i]);
	held_count = 0;
}

static void receive(uint8_t c)
{
	if (!held_count && c != 0x1b) {
		put_character(c);
		return;
	}
	if (!held_count)
		held_since = bda.ticks;
	held[held_count++] = c;
	if (!sequence_goes_on() || held_count == sizeof(held))
		release();
}

/* From INT 16h, and from INT 08h where something has come */
void handle_console_poll(struct regs *r)
{
	for (unsigned n = 16; n && (inb(PORT + LSR) & LSR_DATA); n--)
		receive(inb(PORT));
	/* nothing has followed ESC for a while: the key */
	if (held_count && bda.ticks - held_since > 2)
		release();
	to_cursor();
}

void console_init(void)
{
	if (!handoff_valid || !(handoff.flags & DFW_FLAG_SERIAL_CONSOLE) || inb(PORT + LSR) == 0xff)
		return;
	outb(PORT + LCR, 0x80);
	outb(PORT, 1); /* 115,200 */
	outb(PORT + IER, 0);
	outb(PORT + LCR, 0x03);
	outb(PORT + IER, 0);
	outb(PORT + FCR, 0x07);
	outb(PORT + MCR, 0x03);
	old_int10 = far_read32(0, 0x10 * 4);
	has_video = (uint16_t)old_int10 != NO_VIDEO;
	if (!has_video)
		bda.video_columns = COLUMNS;
	row = column = UNKNOWN;
	colours = 0x100;
	held_count = 0;
	set_colours(7);
	send_text("\x1b[1;25r\x1b[2J");
	console_vectors();
}
