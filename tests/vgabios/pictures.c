/* SPDX-License-Identifier: MIT
 *
 * A guest program that draws test cards by the video BIOS in every mode, for pictures.sh: at "shot NAME"
 * on port E9 it waits for a key, so that a picture can be taken. Fonts are its own, so that pictures under
 * different BIOSes can be the same. What services read back goes to port E9, too.
 */
#include <tests/rombios/guest.h>

extern const uint8_t font_8x8[256 * 8], font_8x14[256 * 14], font_8x16[256 * 16];

static struct r last; /* what the last call gave back */

static void call(uint16_t ax, uint16_t bx, uint16_t cx, uint16_t dx, const void *at)
{
	last = (struct r){ax, bx, cx, dx, 0, (uint16_t)(uint32_t)at, (uint16_t)(uint32_t)at,
			  GUEST_SEG, GUEST_SEG, 0, 0, IF | 2};
	int_call(&last, 0x10);
}

static void video(uint16_t ax, uint16_t bx, uint16_t cx, uint16_t dx)
{
	call(ax, bx, cx, dx, NULL);
}

static void say(const char *what, const char *name)
{
	put_text(what);
	put_text(" ");
	put_text(name);
	put_text("\n");
}

static void say_value(const char *what, uint32_t value)
{
	put_text("value ");
	put_text(what);
	put_text(" ");
	put_hex(value, 8);
	put_text("\n");
}

/* The release of a key ends it; interrupts stay off, so that no BIOS takes the keys. */
static void shot(const char *name)
{
	asm volatile("cli");
	say("shot", name);
	for (;;)
		if (inb(0x64) & 1 && inb(0x60) & 0x80)
			break;
	asm volatile("sti");
}

static void cursor_to(uint8_t page, uint8_t row, uint8_t column)
{
	video(0x0200, page << 8, 0, row << 8 | column);
}

static void teletype(const char *s, uint8_t colour)
{
	for (; *s; s++)
		video(0x0e00 | (uint8_t)*s, colour, 0, 0);
}

static void write_string(uint8_t page, uint8_t row, uint8_t column, uint8_t attribute, const char *s)
{
	uint16_t n = 0;

	while (s[n])
		n++;
	call(0x1301, page << 8 | attribute, n, row << 8 | column, s);
}

static const uint8_t *font(uint8_t height)
{
	return height == 8 ? font_8x8 : height == 14 ? font_8x14 : font_8x16;
}

/* 1110h: and with it as many rows as fit */
static void load_text_font(uint8_t height)
{
	call(0x1110, height << 8, 256, 0, font(height));
	video(0x0100, 0, 0x2000, 0); /* no cursor: it blinks */
}

static char name[24];

static const char *named(const char *mode, const char *what)
{
	char *p = name;

	while (*mode)
		*p++ = *mode++;
	*p++ = '-';
	while (*what)
		*p++ = *what++;
	*p = 0;
	return name;
}

/* Windows: up by two lines, down by one, cleared, each with a frame of text around it. */
static void windows(uint8_t top, uint8_t left, uint8_t a, uint8_t b, uint8_t c)
{
	for (uint8_t row = 0; row < 14; row++) {
		cursor_to(0, top + row, left);
		for (uint8_t column = 0; column < 20; column++) {
			cursor_to(0, top + row, left + column);
			video(0x0900 | (0x41 + row), 0x0007, 1, 0);
		}
	}
	video(0x0602, a << 8, (top + 1) << 8 | (left + 1), (top + 6) << 8 | (left + 8));
	video(0x0701, b << 8, (top + 1) << 8 | (left + 11), (top + 6) << 8 | (left + 18));
	video(0x0600, c << 8, (top + 8) << 8 | (left + 1), (top + 9) << 8 | (left + 8));
	video(0x0607, c << 8, (top + 11) << 8 | (left + 1), (top + 12) << 8 | (left + 8));
	video(0x0709, a << 8, (top + 8) << 8 | (left + 11), (top + 12) << 8 | (left + 18));
}

static void all_characters(uint8_t attribute)
{
	for (unsigned c = 0; c < 256; c++) {
		cursor_to(0, c / 32, c % 32);
		video(0x0900 | c, attribute, 1, 0);
	}
}

static void text_card(void)
{
	all_characters(0x07);
	for (unsigned a = 0; a < 256; a++) {
		cursor_to(0, 9 + a / 16, a % 16);
		video(0x0900 | 'x', a, 1, 0);
	}
	windows(9, 18, 0x1f, 0x2e, 0x4b);
	static const char coloured[] = {'s', 0x1e, 't', 0x2d, 'r', 0x3c, 'i', 0x4b, 'n', 0x5a, 'g', 0x69};
	call(0x1302, 0x0000, 6, 24 << 8 | 18, coloured);
	write_string(0, 24, 26, 0x70, "BS\b\b CR\rLF");
	cursor_to(0, 24, 30);
	video(0x0a00 | 0xfe, 0, 4, 0); /* attributes stay */
}

static void text_mode(uint8_t mode, uint8_t lines, uint8_t height, const char *of)
{
	video(0x1200 | lines, 0x30, 0, 0);
	video(mode, 0, 0, 0);
	load_text_font(height);
	text_card();
	shot(named(of, "card"));
	video(0x1003, 0x0000, 0, 0); /* intensity in place of blinking */
	shot(named(of, "intensity"));
	for (unsigned i = 0; i < 24; i++) /* the last row goes up */
		teletype("\r\nup", 7);
	shot(named(of, "up"));
	cursor_to(1, 3, 5);
	video(0x0900 | 'P', 0x011e, 100, 0);
	write_string(1, 0, 0, 0x2f, "page 1");
	video(0x0501, 0, 0, 0);
	shot(named(of, "page"));
	video(0x0500, 0, 0, 0);
}

static void text_modes(void)
{
	text_mode(0, 2, 16, "text-00");
	text_mode(1, 2, 16, "text-01");
	text_mode(2, 2, 16, "text-02");
	text_mode(3, 2, 16, "text-03");
	text_mode(7, 2, 16, "text-07");
	text_mode(3, 0, 8, "text-200");
	text_mode(3, 1, 14, "text-350");
	text_mode(7, 1, 14, "text-07-350");
	video(0x1202, 0x30, 0, 0);

	video(3, 0, 0, 0); /* 50 and 28 rows */
	load_text_font(8);
	text_card();
	cursor_to(0, 49, 0);
	teletype("the last of 50 rows", 7);
	shot("text-50");
	video(3, 0, 0, 0);
	load_text_font(14);
	text_card();
	cursor_to(0, 27, 0);
	teletype("the last of 28 rows", 7);
	shot("text-28");

	video(3, 0, 0, 0); /* two fonts: bit 3 of the attribute chooses block 2 */
	load_text_font(16);
	call(0x1100, 0x1002, 128, 128, font_8x16);
	call(0x1100, 0x1002, 128, 0, font_8x16 + 128 * 16);
	video(0x1103, 0x0008, 0, 0);
	all_characters(0x07);
	for (unsigned c = 0; c < 256; c++) {
		cursor_to(0, 10 + c / 32, c % 32);
		video(0x0900 | c, 0x0f, 1, 0);
	}
	shot("text-fonts");

	video(3, 0, 0, 0); /* colours */
	load_text_font(16);
	text_card();
	static const uint8_t colours[17] = {0x3f, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0, 0x12};
	call(0x1002, 0, 0, (uint16_t)(uint32_t)colours, colours);
	shot("text-palette");
	video(0x1000, 0x2a07, 0, 0);
	video(0x1010, 0x0001, 0x1020, 0x3000);
	video(0x101b, 0x0002, 2, 0);
	shot("text-dac");
	video(0x1013, 0x0100, 0, 0); /* pages of 16 colours, the second */
	video(0x1013, 0x0201, 0, 0);
	shot("text-dac-page");
	video(0x1233, 0x0000, 0, 0);
	video(0x1200, 0x33, 0, 0); /* modes in grey from now on */
	video(3, 0, 0, 0);
	load_text_font(16);
	text_card();
	shot("text-grey");
	video(0x1201, 0x33, 0, 0);
}

static void cursors(void)
{
	static const struct {
		uint16_t shape;
		const char *name;
	} shapes[] = {
		{0x0607, "cursor-underline"}, {0x0007, "cursor-block"}, {0x0407, "cursor-lower"},
		{0x0003, "cursor-upper"}, {0x2607, "cursor-none"}, {0x0b0c, "cursor-0b0c"}, {0x000f, "cursor-000f"},
	};

	video(3, 0, 0, 0);
	load_text_font(16);
	write_string(0, 5, 5, 0x1f, "cursor");
	cursor_to(0, 5, 7);
	for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		video(0x0100, 0, shapes[i].shape, 0);
		shot(shapes[i].name);
	}
	video(0x1201, 0x34, 0, 0); /* no emulation */
	video(0x0100, 0, 0x0407, 0);
	shot("cursor-unscaled");
	video(0x1200, 0x34, 0, 0);
}

static void graphics_mode(uint8_t mode, uint8_t height, uint16_t width, uint16_t lines, uint8_t colours,
			  const char *of)
{
	uint8_t columns = width / 8, rows = lines / height;
	uint32_t sum = 0;

	video(mode, 0, 0, 0);
	call(0x1121, 0, height, rows, font(height));
	if (mode >= 4 && mode <= 6)
		call(0x1120, 0, 0, 0, font_8x8 + 128 * 8);
	for (unsigned c = 0; c < 256; c++) { /* characters in all colours, then over themselves */
		cursor_to(0, c / 32, c % 32);
		video(0x0900 | c, (c % colours ? c : colours - 1u) % colours, 1, 0);
	}
	if (mode != 0x13) {
		cursor_to(0, 1, 0);
		video(0x0900 | 0xdb, 0x80 | (colours - 1), 16, 0);
	}
	for (unsigned i = 0; i < 64; i++) { /* pixels, with exclusive or on top */
		video(0x0c00 | ((i & 15) % colours), 0, i, 9 * height + i / 2);
		video(0x0c00 | ((i & 15) % colours), 0, 127 - i, 9 * height + i / 2);
		video(0x0c00 | (colours - 1), 0, i, 9 * height + 10);
	}
	for (unsigned i = 0; i < 64 && mode != 0x13; i++)
		video(0x0c81, 0, i, 9 * height + i / 2);
	video(0x0c01, 0, width - 1, lines - 1);
	video(0x0c01, 0, width - 1, 0);
	windows(rows - 15, 18, 1, 2 % colours, 3 % colours);
	cursor_to(0, rows - 1, 0);
	teletype("tele\btype\r\n next", colours - 1);
	write_string(0, rows - 1, 10, 1, "13h");
	shot(named(of, "card"));

	for (uint16_t y = 0; y < lines; y += 7) /* and back */
		for (uint16_t x = 0; x < width; x += 5) {
			video(0x0d00, 0, x, y);
			sum = (sum << 5 | sum >> 27) ^ (last.eax & 0xff);
		}
	say_value("pixels", sum);
	sum = 0;
	for (uint8_t row = 0; row < 8; row += 7)
		for (uint8_t column = 0; column < columns; column += 3) {
			cursor_to(0, row, column);
			video(0x0800, 0, 0, 0);
			sum = (sum << 5 | sum >> 27) ^ (last.eax & 0xff);
		}
	say_value("characters", sum);
	if (mode == 4 || mode == 5) {
		video(0x0b00, 0x0100, 0, 0);
		shot(named(of, "palette"));
		video(0x0b00, 0x0101, 0, 0);
		video(0x0b00, 0x0014, 0, 0);
		shot(named(of, "background"));
	} else if (mode == 0x13) {
		static const uint8_t dac[9] = {0x3f, 0, 0, 0, 0x3f, 0, 0, 0, 0x3f};
		call(0x1012, 0x0001, 3, (uint16_t)(uint32_t)dac, dac);
		shot(named(of, "dac"));
	} else {
		video(0x1000, 0x1401, 0, 0);
		shot(named(of, "palette"));
	}
	if (mode >= 0x0d && mode <= 0x10) {
		cursor_to(1, 2, 2);
		video(0x0900 | 'P', 0x010f, 7, 0);
		video(0x0c05, 0x0100, 50, 50);
		video(0x0501, 0, 0, 0);
		shot(named(of, "page"));
		video(0x0500, 0, 0, 0);
	}
}

static void graphics_modes(void)
{
	graphics_mode(0x04, 8, 320, 200, 4, "graphics-04");
	graphics_mode(0x05, 8, 320, 200, 4, "graphics-05");
	graphics_mode(0x06, 8, 640, 200, 2, "graphics-06");
	graphics_mode(0x0d, 8, 320, 200, 16, "graphics-0d");
	graphics_mode(0x0e, 8, 640, 200, 16, "graphics-0e");
	graphics_mode(0x0f, 14, 640, 350, 16, "graphics-0f");
	graphics_mode(0x10, 14, 640, 350, 16, "graphics-10");
	graphics_mode(0x11, 16, 640, 480, 2, "graphics-11");
	graphics_mode(0x12, 16, 640, 480, 16, "graphics-12");
	graphics_mode(0x13, 8, 320, 200, 240, "graphics-13");
}

/* --- VBE --- */

static uint8_t block[512];
static uint16_t bank, granules; /* the window's steps in 64 KiB */

static void poke_video(uint32_t at, uint8_t value)
{
	if (at >> 16 != bank) {
		bank = at >> 16;
		video(0x4f05, 0, 0, bank * granules);
	}
	FAR(uint8_t, 0xa000, at & 0xffff) = value;
}

/* A colour of 4:4:4 bits in a mode's own bits; 8-bit modes by 3:3:2. */
static uint32_t in_bits(uint8_t bits, uint8_t red, uint8_t green, uint8_t blue)
{
	switch (bits) {
	case 8: return (red >> 1) << 5 | (green >> 1) << 2 | blue >> 2;
	case 15: return red << 11 | green << 6 | blue << 1;
	case 16: return red << 12 | green << 7 | blue << 1;
	default: return (uint32_t)red << 20 | green << 12 | blue << 4;
	}
}

/* Red to the right, green downwards, blue in tiles; a line at each edge. */
static void vbe_card(uint16_t pitch, uint16_t width, uint16_t height, uint8_t bits)
{
	uint8_t bytes = bits == 15 ? 2 : bits / 8;

	bank = 0xffff;
	for (uint16_t y = 0; y < height; y++) {
		uint32_t at = (uint32_t)y * pitch;

		for (uint16_t x = 0; x < width; x++) {
			uint32_t v = in_bits(bits, x >> 5 & 15, y >> 4 & 15, (x >> 3 ^ y >> 3) & 15);

			if (x == 0 || y == 0 || x == width - 1 || y == height - 1)
				v = in_bits(bits, 15, 15, 15);
			for (uint8_t i = 0; i < bytes; i++, v >>= 8)
				poke_video(at++, v);
		}
	}
}

static void vbe_mode(uint16_t mode, const char *of)
{
	uint16_t pitch, width, height;
	uint8_t bits;

	call(0x4f01, 0, mode, 0, block);
	if ((last.eax & 0xffff) != 0x004f || !(block[0] & 1)) {
		say("none", of);
		return;
	}
	granules = 64 / block[4];
	pitch = block[16] | block[17] << 8;
	width = block[18] | block[19] << 8;
	height = block[20] | block[21] << 8;
	bits = block[25] == 16 && block[31] == 5 && block[33] == 5 ? 15 : block[25];
	say_value("bits", bits);
	video(0x4f02, mode, 0, 0);
	say_value("4F02h", last.eax & 0xffff);
	vbe_card(pitch, width, height, bits);
	shot(named(of, "card"));
	if (bits == 8) {
		static const uint8_t dac[8] = {0x3f, 0, 0, 0, 0, 0x3f, 0x3f, 0};
		call(0x4f09, 0, 2, 0, dac);
		shot(named(of, "palette"));
	}
	video(0x4f06, 0x0000, width + 64, 0); /* lines longer by 64 pixels, the picture from (32, 16) on */
	say_value("4F06h", last.eax & 0xffff);
	vbe_card(last.ebx, width + 64, height + 32, bits);
	video(0x4f07, 0, 32, 16);
	say_value("4F07h", last.eax & 0xffff);
	shot(named(of, "panned"));
}

static void vbe_modes(void)
{
	vbe_mode(0x101, "vbe-101");
	vbe_mode(0x103, "vbe-103");
	vbe_mode(0x105, "vbe-105");
	vbe_mode(0x110, "vbe-110");
	vbe_mode(0x111, "vbe-111");
	vbe_mode(0x112, "vbe-112");
	vbe_mode(0x114, "vbe-114");
	vbe_mode(0x115, "vbe-115");
	vbe_mode(0x117, "vbe-117");
}

/* 4F02h's text modes, where there are any */
static void vbe_text_modes(void)
{
	static const struct {
		uint16_t mode;
		uint8_t height;
		const char *name;
	} modes[] = {{0x108, 8, "vbe-108"}, {0x109, 16, "vbe-109"}, {0x10a, 8, "vbe-10a"},
		     {0x10b, 8, "vbe-10b"}, {0x10c, 8, "vbe-10c"}};

	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		video(3, 0, 0, 0);
		video(0x4f02, modes[i].mode, 0, 0);
		if ((last.eax & 0xffff) != 0x004f) {
			say("none", modes[i].name);
			continue;
		}
		call(0x1100, modes[i].height << 8, 256, 0, font(modes[i].height));
		video(0x0100, 0, 0x2000, 0);
		text_card();
		cursor_to(0, BDA8(0x84), BDA8(0x4a) - 20);
		teletype("the last character>", 7);
		cursor_to(0, BDA8(0x84), BDA8(0x4a) - 1);
		video(0x0900 | '*', 0x4e, 1, 0);
		shot(modes[i].name);
	}
}

void guest_main(void);
void guest_main(void)
{
	text_modes();
	cursors();
	graphics_modes();
	vbe_modes();
	vbe_text_modes();
	video(3, 0, 0, 0);
	say("end", "");
	finish();
}
