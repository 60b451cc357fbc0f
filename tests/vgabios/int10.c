/* SPDX-License-Identifier: MIT
 *
 * A guest program that calls each sub-function of INT 10h but VBE's, in the settings of rows.h. References:
 * IBM VGA Technical Reference; IBM PS/2 and PC BIOS Interface Technical Reference, INT 10h.
 */
#include <tests/vgabios/screen.h>

static bool row_runs(const struct row *row, const char **why)
{
	return true;
}

enum { ROM = 0xc000 };

static void bx(uint16_t v)
{
	LOW(ebx, v);
}
static void cx(uint16_t v)
{
	LOW(ecx, v);
}
static void dx(uint16_t v)
{
	LOW(edx, v);
}
static void es_bp(void)
{
	in.es = BUFFER_SEG;
	LOW(ebp, BUFFER);
}
static void es_dx(void)
{
	in.es = BUFFER_SEG;
	dx(BUFFER);
}

/* --- 00h: what the mode's table says, by the registers and fields that tell modes apart --- */

struct mode {
	uint8_t number, columns, last_row, height, misc, gr5, gr6, offset, cga_mode;
	uint16_t size, crtc;
};
static const struct mode modes[] = {
	{0x00, 40, 24, 16, 0x67, 0x10, 0x0e, 0x14, 0x2c, 0x0800, 0x3d4},
	{0x01, 40, 24, 16, 0x67, 0x10, 0x0e, 0x14, 0x28, 0x0800, 0x3d4},
	{0x02, 80, 24, 16, 0x67, 0x10, 0x0e, 0x28, 0x2d, 0x1000, 0x3d4},
	{0x03, 80, 24, 16, 0x67, 0x10, 0x0e, 0x28, 0x29, 0x1000, 0x3d4},
	{0x04, 40, 24, 8, 0x63, 0x30, 0x0f, 0x14, 0x2a, 0x4000, 0x3d4},
	{0x05, 40, 24, 8, 0x63, 0x30, 0x0f, 0x14, 0x2e, 0x4000, 0x3d4},
	{0x06, 80, 24, 8, 0x63, 0x00, 0x0d, 0x28, 0x1e, 0x4000, 0x3d4},
	{0x07, 80, 24, 16, 0x66, 0x10, 0x0a, 0x28, 0x29, 0x1000, 0x3b4},
	{0x0d, 40, 24, 8, 0x63, 0x00, 0x05, 0x14, 0x29, 0x2000, 0x3d4},
	{0x0e, 80, 24, 8, 0x63, 0x00, 0x05, 0x28, 0x29, 0x4000, 0x3d4},
	{0x0f, 80, 24, 14, 0xa2, 0x00, 0x05, 0x28, 0x29, 0x8000, 0x3b4},
	{0x10, 80, 24, 14, 0xa3, 0x00, 0x05, 0x28, 0x29, 0x8000, 0x3d4},
	{0x11, 80, 29, 16, 0xe3, 0x00, 0x05, 0x28, 0x29, 0xa000, 0x3d4},
	{0x12, 80, 29, 16, 0xe3, 0x00, 0x05, 0x28, 0x29, 0xa000, 0x3d4},
	{0x13, 40, 24, 8, 0x63, 0x40, 0x05, 0x28, 0x29, 0x2000, 0x3d4},
};

static const struct mode *asked;

static void look_mode(void)
{
	const struct mode *m = asked;

	while (m->number != (in.eax & 0x7f))
		m++;
	SAME(BDA8(0x49), m->number);
	SAME(BDA16(0x4a), m->columns);
	SAME(BDA16(0x4c), m->size);
	SAME(BDA16(0x4e), 0);
	for (unsigned i = 0; i < 16; i++)
		SAME(BDA8(0x50 + i), 0);
	SAME(BDA8(0x62), 0);
	SAME(BDA16(0x63), m->crtc);
	SAME(BDA8(0x65), m->cga_mode);
	SAME(BDA8(0x66), m->number == 6 ? 0x3f : 0x30);
	SAME(BDA8(0x84), m->last_row);
	SAME(BDA16(0x85), m->height);
	SAME(BDA8(0x87), 0x60 | (in.eax & 0x80));
	SAME(BDA8(0x88), 0xf9);
	SAME(BDA8(0x8a), 0x0b);
	SAME(inb(0x3cc), m->misc);
	SAME(indexed(0x3ce, 5), m->gr5);
	SAME(indexed(0x3ce, 6), m->gr6);
	SAME(crtc(0x13), m->offset);
	SAME((uint8_t)out.eax, m->number > 7 ? 0x20 : m->number == 6 ? 0x3f : 0x30);
	if (m->number < 4 || m->number == 7) {
		if (!(in.eax & 0x80))
			for (unsigned i = 0; i < 0x4000; i++)
				if (FAR(uint16_t, m->crtc == 0x3b4 ? 0xb000 : 0xb800, i * 2) != 0x0720) {
					SAME(FAR(uint16_t, m->crtc == 0x3b4 ? 0xb000 : 0xb800, i * 2), 0x0720);
					break;
				}
	} else {
		SAME(FAR(uint32_t, m->gr6 == 5 ? 0xa000 : 0xb800, 0), 0);
		SAME(FAR(uint32_t, m->gr6 == 5 ? 0xa000 : 0xb800, 0x3ffc), 0);
		SAME(FAR(uint32_t, 0, 0x43 * 4) >> 16, ROM);
	}
}
static void set_mode_row(void)
{
	asked = modes;
}
static void set_kept(void)
{
	asked = modes;
	put_cell(12, 40, 0x4e21);
}
static void look_kept(void)
{
	look_mode();
	SAME(cell(12, 40), 0x4e21);
}
static void set_unknown_mode(void)
{
	may.eax = 0xff;
}

/* scan lines of text: 12h/30h, then the mode */
static void set_200(void)
{
	video(0x1200, 0x30, 0, 0);
}
static void look_200(void)
{
	SAME(BDA16(0x85), 8);
	SAME(BDA8(0x84), 24);
	SAME(crtc(9) & 0x9f, 0x87);
	SAME(inb(0x3cc), 0x63);
}
static void set_350(void)
{
	video(0x1201, 0x30, 0, 0);
}
static void look_350(void)
{
	SAME(BDA16(0x85), 14);
	SAME(crtc(9) & 0x9f, 13);
	SAME(inb(0x3cc), 0xa3);
	SAME(BDA8(0x89) & 0x90, 0);
}
/* parameters of the program's own for mode 3, 40 rows of 10 lines, and an area for the palette */
enum { LINE = 0x18 * 64 };
static uint8_t own_line[64], palette_area[32];
static uint32_t own_pointers[7];
static uint32_t old_pointers;
static void own(void)
{
	uint32_t table;

	old_pointers = BDA32(0xa8);
	for (unsigned i = 0; i < 7; i++)
		own_pointers[i] = FAR(uint32_t, old_pointers >> 16, (old_pointers & 0xffff) + i * 4);
	table = own_pointers[0];
	for (unsigned i = 0; i < sizeof(own_line); i++)
		own_line[i] = FAR(uint8_t, table >> 16, (table & 0xffff) + LINE + i);
	own_line[1] = 39;
	own_line[2] = 10;
	own_line[10 + 9] = 0x49;
	own_line[35 + 3] = 0x1b;
	own_pointers[0] = (uint32_t)GUEST_SEG << 16 | (uint16_t)((uint32_t)own_line - LINE);
	own_pointers[1] = (uint32_t)GUEST_SEG << 16 | (uint16_t)(uint32_t)palette_area;
	BDA32(0xa8) = (uint32_t)GUEST_SEG << 16 | (uint16_t)(uint32_t)own_pointers;
	for (unsigned i = 0; i < sizeof(palette_area); i++)
		palette_area[i] = 0xee;
}
static void look_own(void)
{
	BDA32(0xa8) = old_pointers;
	SAME(BDA8(0x84), 39);
	SAME(BDA16(0x85), 10);
	SAME(crtc(9), 0x49);
	SAME(attribute(3), 0x1b);
	SAME(palette_area[3], 0x1b);
	SAME(palette_area[15], 0x3f);
	SAME(palette_area[16], 0);
	SAME(palette_area[17], 0xee);
}
static void set_own_palette(void)
{
	own();
	bx(0x2a06);
}
static void look_own_palette(void)
{
	BDA32(0xa8) = old_pointers;
	SAME(palette_area[6], 0x2a);
	SAME(palette_area[7], 0xee);
	SAME(attribute(6), 0x2a);
}

/* --- 01h-05h, 0Fh --- */

static void set_01(void)
{
	cx(0x0607);
	video(0x0100, 0, 0x0102, 0);
}
static void look_01(void)
{
	SAME(BDA16(0x60), 0x0607);
	SAME(crtc(0x0a), 13);
	SAME(crtc(0x0b), 14);
}
static void set_01_half(void)
{
	cx(0x0407);
}
static void look_01_half(void)
{
	SAME(crtc(0x0a), 11);
	SAME(crtc(0x0b), 14);
}
static void set_01_off(void)
{
	cx(0x2000);
}
static void look_01_off(void)
{
	SAME(crtc(0x0a) & 0x20, 0x20);
}
static void set_01_plain(void)
{
	video(0x1201, 0x34, 0, 0);
	cx(0x0607);
}
static void look_01_plain(void)
{
	SAME(crtc(0x0a), 6);
	SAME(crtc(0x0b), 7);
	video(0x1200, 0x34, 0, 0);
}
static void set_02(void)
{
	bx(0);
	dx(0x0305);
}
static void look_02(void)
{
	SAME(BDA16(0x50), 0x0305);
	SAME(crtc_pair(0x0e), 3 * 80 + 5);
}
static void set_02_hidden(void)
{
	bx(0x0200);
	dx(0x144f);
}
static void look_02_hidden(void)
{
	SAME(BDA16(0x54), 0x144f);
	SAME(crtc_pair(0x0e), 0);
}
static void set_02_out(void)
{
	bx(0xff00);
	dx(0xffff);
}
static void set_03(void)
{
	set_cursor(3, 7, 9);
	bx(0x0300);
	may.ecx = may.edx = 0xffff;
}
static void look_03(void)
{
	SAME((uint16_t)out.ecx, 0x0607);
	SAME((uint16_t)out.edx, 0x0709);
}
static void set_05(void)
{
	set_cursor(2, 20, 79);
}
static void look_05(void)
{
	SAME(BDA8(0x62), 2);
	SAME(BDA16(0x4e), 0x2000);
	SAME(crtc_pair(0x0c), 0x1000);
	SAME(crtc_pair(0x0e), 0x1000 + 20 * 80 + 79);
}
static void look_05_planes(void)
{
	SAME(BDA16(0x4e), 0x4000);
	SAME(crtc_pair(0x0c), 0x4000);
}
static void set_0f(void)
{
	video(0x0503, 0, 0, 0);
	may.ebx = 0xff00;
}
static void look_0f(void)
{
	SAME(out.ebx >> 8 & 0xff, 3);
}

/* --- 06h, 07h: a window in a picture of which each cell is known --- */

static void fill(void)
{
	for (unsigned row = 0; row < 25; row++)
		for (unsigned column = 0; column < 80; column++)
			put_cell(row, column, row << 8 | column);
}
/* A window from 5,20 to 10,30 has moved by lines, up or down; all else is there. */
static void look_window(int lines, uint8_t blank)
{
	for (int row = 0; row < 25; row++)
		for (int column = 0; column < 80; column++) {
			uint16_t want = row << 8 | column, is = cell(row, column);

			if (row >= 5 && row <= 10 && column >= 20 && column <= 30) {
				want = row + lines < 5 || row + lines > 10 || lines == 0 ?
					       blank << 8 | ' ' :
					       (row + lines) << 8 | column;
			}
			if (is != want) {
				check_line(false, row << 8 | column, "cell", is, want);
				return;
			}
		}
}
static void window(uint8_t attribute)
{
	fill();
	bx(attribute << 8);
	cx(0x0514);
	dx(0x0a1e);
}
static void set_window(void)
{
	window(0x1f);
}
static void look_up(void)
{
	look_window(2, 0x1f);
}
static void look_down(void)
{
	look_window(-1, 0x1f);
}
static void look_cleared(void)
{
	look_window(0, 0x1f);
}
static void set_scroll_out(void)
{
	window(0x2e);
	dx(0xffff);
	cx(0);
}
static void look_scroll_out(void)
{
	SAME(cell(0, 0), 0x0100);
	SAME(cell(23, 79), 24 << 8 | 79);
	SAME(cell(24, 79), 0x2e20);
}
static void set_scroll_none(void)
{
	window(0x2e);
	cx(0x0a1e);
	dx(0x0514);
}
static uint8_t pixel(uint16_t x, uint16_t y)
{
	struct r r = {0x0d00, 0, x, y, 0, 0, 0, GUEST_SEG, GUEST_SEG, 0, 0, IF | 2};

	int_call(&r, 0x10);
	return r.eax;
}
static void put_pixel(uint16_t x, uint16_t y, uint8_t colour)
{
	video(0x0c00 | colour, 0, x, y);
}
static uint8_t cell_height(void)
{
	return BDA16(0x85);
}
/* a dot in each of three rows of cells; the window is the middle column, rows 1 to 3 */
static void set_graphics_scroll(void)
{
	uint8_t h = cell_height();

	for (unsigned row = 0; row < 4; row++) {
		put_pixel(3 * 8 + 1, row * h + 3, row + 1);
		put_pixel(2 * 8 + 7, row * h + 3, 1);
	}
	bx(0x0100);
	cx(0x0103);
	dx(0x0303);
}
static void look_graphics_scroll(void)
{
	uint8_t h = cell_height(), mask = BDA8(0x49) == 6 ? 1 : BDA8(0x49) < 7 ? 3 : BDA8(0x49) == 0x11 ? 15 : 255;

	SAME(pixel(25, 3), 1);
	SAME(pixel(25, h + 3), 3 & mask);
	SAME(pixel(25, 2 * h + 3), 4 & mask);
	if (BDA8(0x49) > 6) /* where there are no planes BH is the byte that fills: its last pixel is set */
		SAME(pixel(25, 3 * h + 3), 1);
	SAME(pixel(31, 4 * h - 1), 1);
	SAME(pixel(24, 4 * h), 0);
	SAME(pixel(32, 4 * h - 1), 0);
	for (unsigned row = 0; row < 4; row++)
		SAME(pixel(23, row * h + 3), 1);
}

/* --- 08h-0Eh --- */

static void set_08(void)
{
	set_cursor(1, 4, 6);
	FAR(uint16_t, 0xb800, 0x1000 + (4 * 80 + 6) * 2) = 0x1e41;
	bx(0x0100);
}
static void set_09(void)
{
	set_cursor(0, 2, 78);
	bx(0x001e);
	cx(3);
}
static void look_09(void)
{
	SAME(cell(2, 77), 0x0720);
	SAME(cell(2, 78), 0x1e41);
	SAME(cell(3, 0), 0x1e41);
	SAME(cell(3, 1), 0x0720);
	SAME(BDA16(0x50), 0x024e);
}
static void set_09_none(void)
{
	bx(0x1e);
	cx(0);
}
static void set_09_far(void)
{
	set_cursor(7, 24, 79);
	bx(0x071e);
	cx(0xffff);
}
static void look_09_far(void)
{
	SAME(FAR(uint16_t, 0xb800, 0x7000 + (24 * 80 + 79) * 2), 0x1e41);
	SAME(FAR(uint16_t, 0xb800, 0x7ffe), 0x1e41);
}
static void set_0a(void)
{
	put_cell(2, 78, 0x3500);
	put_cell(2, 79, 0x3600);
	set_cursor(0, 2, 78);
	bx(0x00ff);
	cx(2);
}
static void look_0a(void)
{
	SAME(cell(2, 78), 0x3542);
	SAME(cell(2, 79), 0x3642);
}
/* Graphics: the glyph of the ROM's font, in the colour, over what is given. */
static void set_glyph(void)
{
	set_cursor(0, 2, 3);
	bx(BDA8(0x49) == 0x13 ? 0x0405 : 0x0005);
	cx(2);
}
static void look_glyph(void)
{
	uint8_t h = cell_height(), mode = BDA8(0x49);
	uint8_t mask = mode == 6 ? 1 : mode < 7 ? 3 : 255, on = 5 & mask, off = mode == 0x13 ? 4 : 0;
	uint32_t font = FAR(uint32_t, 0, 0x43 * 4);

	for (unsigned y = 0; y < h && test_good; y++)
		for (unsigned x = 0; x < 16; x++) {
			uint8_t row = FAR(uint8_t, font >> 16, (font & 0xffff) + 'A' * h + y);

			check_line(pixel(24 + x, 2 * h + y) == (row << (x & 7) & 0x80 ? on : off), y << 8 | x, "pixel",
				   pixel(24 + x, 2 * h + y), on);
		}
	SAME(pixel(23, 2 * h), 0);
	SAME(pixel(40, 2 * h), 0);
	if (mode != 0x13) {
		struct r r = {0x0800, 0, 0, 0, 0, 0, 0, GUEST_SEG, GUEST_SEG, 0, 0, IF | 2};

		int_call(&r, 0x10);
		SAME((uint8_t)r.eax, 'A');
		video(0x0941, 0x85, 1, 0); /* exclusive or: gone */
		for (unsigned y = 0; y < h; y++)
			for (unsigned x = 0; x < 8; x++)
				SAME(pixel(24 + x, 2 * h + y), 0);
	}
}
static void set_glyph_1f(void)
{
	set_cursor(0, 0, 0);
	bx(1);
	cx(1);
}
static void look_glyph_1f(void)
{
	uint32_t font = FAR(uint32_t, 0, 0x1f * 4);

	for (unsigned y = 0; y < 8; y++)
		for (unsigned x = 0; x < 8; x++)
			SAME(pixel(x, y), FAR(uint8_t, font >> 16, (font & 0xffff) + 8 * 1 + y) >> (7 - x) & 1);
}
static void set_0b_border(void)
{
	bx(0x0009);
}
static void look_0b_border(void)
{
	SAME(attribute(0x11), 0x11);
	SAME(BDA8(0x66), 0x29);
}
static void set_0b_palette(void)
{
	bx(0x0100);
}
static void look_0b_palette(void)
{
	SAME(attribute(1) & 7, 2);
	SAME(attribute(2) & 7, 4);
	SAME(attribute(3) & 7, 6);
	SAME(BDA8(0x66), 0x10);
}
static void set_0c(void)
{
	bx(0);
	cx(7);
	dx(3);
}
static void look_0c(void)
{
	uint8_t mode = BDA8(0x49), mask = mode == 6 ? 1 : mode < 7 ? 3 : mode == 0x13 ? 255 : 15;

	SAME(pixel(7, 3), 7 & mask);
	SAME(pixel(6, 3), 0);
	SAME(pixel(8, 3), 0);
	SAME(pixel(7, 2), 0);
	SAME(pixel(7, 4), 0);
	if (mode == 0x13)
		return;
	put_pixel(7, 3, 0x85);
	SAME(pixel(7, 3), (7 ^ 5) & mask);
}
static void set_0c_out(void)
{
	bx(0);
	cx(BDA16(0x4a) * 8);
	dx(0);
}
static void set_0c_below(void)
{
	bx(0);
	cx(0);
	dx((BDA8(0x84) + 1) * cell_height());
}
static void set_0c_far(void)
{
	bx(0xff00);
	cx(0xffff);
	dx(0xffff);
}
static void set_0d(void)
{
	put_pixel(70, 50, 1);
	bx(0);
	cx(70);
	dx(50);
}
static void set_0e(void)
{
	put_cell(4, 79, 0x3500);
	set_cursor(0, 4, 79);
	bx(0x0007);
}
static void look_0e(void)
{
	SAME(cell(4, 79), 0x3578);
	SAME(BDA16(0x50), 0x0500);
	SAME(crtc_pair(0x0e), 5 * 80);
}
static void set_0e_scroll(void)
{
	fill();
	set_cursor(0, 24, 79);
}
static void look_0e_scroll(void)
{
	SAME(BDA16(0x50), 0x1800);
	SAME(cell(0, 5), 0x0105);
	SAME(cell(23, 79), 24 << 8 | 'x');
	SAME(cell(24, 3), 0x1820);
}
static void set_at(void)
{
	fill();
	set_cursor(0, 24, 9);
}
static void look_lf(void)
{
	SAME(BDA16(0x50), 0x1809);
	SAME(cell(23, 7), 24 << 8 | 7);
	SAME(cell(24, 7), 0x1820);
}
static void look_cr(void)
{
	SAME(BDA16(0x50), 0x1800);
}
static void look_bs(void)
{
	SAME(BDA16(0x50), 0x1808);
}
static void set_bs_0(void)
{
	set_cursor(0, 3, 0);
}
static void look_bs_0(void)
{
	SAME(BDA16(0x50), 0x0300);
}
static uint8_t port_61;
static void set_bell(void)
{
	port_61 = inb(0x61) & 3;
}
static void look_bell(void)
{
	SAME(inb(0x61) & 3, port_61);
}
static void set_0e_pixels(void)
{
	set_cursor(0, BDA8(0x84), 0);
	put_pixel(9, (BDA8(0x84) + 1) * cell_height() - 1, 1);
	bx(5);
}
static void look_0e_pixels(void)
{
	SAME(pixel(9, BDA8(0x84) * cell_height() - 1), 1);
	SAME(pixel(9, (BDA8(0x84) + 1) * cell_height() - 1), 0);
}

/* --- 10h --- */

static void set_1000(void)
{
	bx(0x2a06);
}
static void look_1000(void)
{
	SAME(attribute(6), 0x2a);
	SAME(attribute(7), 7);
}
static void set_1000_out(void)
{
	bx(0x2a15);
}
static void set_1001(void)
{
	bx(0x3c00);
}
static void look_1001(void)
{
	SAME(attribute(0x11), 0x3c);
}
static void set_1002(void)
{
	for (unsigned i = 0; i < 17; i++)
		BUFFER8(i) = 0x30 - i;
	es_dx();
}
static void look_1002(void)
{
	for (unsigned i = 0; i < 16; i++)
		SAME(attribute(i), 0x30 - i);
	SAME(attribute(0x11), 0x20);
}
static void set_1003(void)
{
	bx(0x0000);
}
static void look_1003(void)
{
	SAME(attribute(0x10) & 8, 0);
	SAME(BDA8(0x65) & 0x20, 0);
}
static void set_1003_on(void)
{
	video(0x1003, 0, 0, 0);
	bx(0x0001);
}
static void look_1003_on(void)
{
	SAME(attribute(0x10) & 8, 8);
	SAME(BDA8(0x65) & 0x20, 0x20);
}
static void set_1007(void)
{
	bx(0x0006);
	may.ebx = 0xff00;
}
static void look_1007(void)
{
	SAME(out.ebx >> 8 & 0xff, 0x14);
}
static void set_1008(void)
{
	video(0x1001, 0x2b00, 0, 0);
	may.ebx = 0xff00;
}
static void look_1008(void)
{
	SAME(out.ebx >> 8 & 0xff, 0x2b);
}
static void look_1009(void)
{
	SAME(BUFFER8(0), 0);
	SAME(BUFFER8(6), 0x14);
	SAME(BUFFER8(15), 0x3f);
	SAME(BUFFER8(16), 0);
}
static uint32_t dac(uint8_t index)
{
	uint32_t v;

	outb(0x3c7, index);
	v = inb(0x3c9) << 16;
	v |= inb(0x3c9) << 8;
	return v | inb(0x3c9);
}
static void set_1010(void)
{
	bx(200);
	cx(0x1122);
	dx(0x3355);
}
static void look_1010(void)
{
	SAME(dac(200), 0x331122);
}
static void set_1012(void)
{
	for (unsigned i = 0; i < 9; i++)
		BUFFER8(i) = i + 7;
	es_dx();
	bx(100);
	cx(3);
}
static void look_1012(void)
{
	SAME(dac(100), 0x070809);
	SAME(dac(102), 0x0d0e0f);
	for (unsigned i = 3 * 103; i < 768; i++)
		check_line(vga_before.dac[i] == vga_now.dac[i] || setting == FAST_TIMER, i, "colour", vga_now.dac[i],
			   vga_before.dac[i]);
}
static void set_1012_far(void) /* more than there are: 256 */
{
	es_dx();
	bx(0);
	cx(0xffff);
}
static void set_1013_mode(void)
{
	bx(0x0100);
}
static void look_1013_mode(void)
{
	SAME(attribute(0x10) & 0x80, 0x80);
}
static void set_1013_page(void)
{
	bx(0x0201);
}
static void look_1013_page(void)
{
	SAME(attribute(0x14), 8);
}
static void set_1013_16(void)
{
	video(0x1013, 0x0100, 0, 0);
	bx(0x0d01);
}
static void look_1013_16(void)
{
	SAME(attribute(0x14), 0x0d);
}
static void set_1015(void)
{
	bx(20);
	may.ecx = 0xffff;
	may.edx = 0xff00;
}
static void look_1015(void)
{
	SAME((out.edx >> 8 & 0xff) << 16 | (uint16_t)out.ecx, dac(20));
	SAME(dac(20), 0x2a1500);
}
static void set_1017(void)
{
	es_dx();
	bx(6);
	cx(256 - 6);
}
static void look_1017(void)
{
	SAME(BUFFER8(14 * 3) << 16 | BUFFER8(14 * 3 + 1) << 8 | BUFFER8(14 * 3 + 2), dac(20));
}
static bool has_mask(void) /* QEMU's cards have none */
{
	outb(0x3c6, 0x55);
	return inb(0x3c6) == 0x55;
}
static void set_1018(void)
{
	bx(0x000f);
}
static void look_1018(void)
{
	EXPECT(inb(0x3c6) == 0x0f || !has_mask());
}
static void set_1019(void)
{
	outb(0x3c6, 0x5a);
	may.ebx = 0xff;
}
static void look_1019(void)
{
	EXPECT((uint8_t)out.ebx == 0x5a || !has_mask());
}
static void set_101a(void)
{
	video(0x1013, 0x0100, 0, 0);
	video(0x1013, 0x0601, 0, 0);
	may.ebx = 0xffff;
}
static void look_101a(void)
{
	SAME((uint16_t)out.ebx, 0x0601);
}
static void set_101b(void)
{
	video(0x1010, 10, 0x2010, 0x3000);
	bx(10);
	cx(1);
}
static void look_101b(void) /* 30 % of 30h, 59 % of 20h, 11 % of 10h */
{
	SAME(dac(10), 0x232323);
	SAME(dac(9), 0x00002a | dac(9));
}

/* --- 11h --- */

static uint8_t font_byte(uint8_t block, uint8_t c, uint8_t row)
{
	uint16_t at = (block & 3) << 14 | (block & 4) << 11 | c * 32 | row;
	uint8_t v;

	set_indexed(0x3c4, 2, 4);
	set_indexed(0x3c4, 4, 7);
	set_indexed(0x3ce, 4, 2);
	set_indexed(0x3ce, 5, 0);
	set_indexed(0x3ce, 6, 4);
	v = FAR(uint8_t, 0xa000, at);
	set_indexed(0x3c4, 2, 3);
	set_indexed(0x3c4, 4, 3);
	set_indexed(0x3ce, 4, 0);
	set_indexed(0x3ce, 5, 0x10);
	set_indexed(0x3ce, 6, 0x0e);
	return v;
}
/* two characters from 80h on of 6 bytes, to block 5 */
static void set_1100(void)
{
	for (unsigned i = 0; i < 12; i++)
		BUFFER8(i) = 0x80 | i;
	es_bp();
	bx(0x0605);
	cx(2);
	dx(0x80);
}
static void look_1100(void)
{
	SAME(font_byte(5, 0x80, 0), 0x80);
	SAME(font_byte(5, 0x80, 5), 0x85);
	SAME(font_byte(5, 0x81, 0), 0x86);
	SAME(font_byte(5, 0x81, 5), 0x8b);
}
static void set_1100_bad(void)
{
	set_1100();
	bx(0x2105);
}
static void set_1110(void)
{
	set_1100();
	bx(0x0a00);
	cx(1);
}
static void look_rows(uint8_t rows, uint8_t height)
{
	SAME(BDA8(0x84), rows - 1);
	SAME(BDA16(0x85), height);
	SAME(BDA16(0x4c), (rows * 160 + 0x7ff) & ~0x7ff);
	SAME(crtc(9) & 0x1f, height - 1);
	SAME(crtc(0x12) | (crtc(7) & 2) << 7 | (crtc(7) & 0x40) << 3, rows * height - 1);
}
static void look_1110(void)
{
	look_rows(40, 10);
	SAME(font_byte(0, 0x80, 9), 0x89);
}
static void set_1110_tall(void)
{
	set_1100();
	bx(0x2100);
}
static void block(void)
{
	bx(0x0003);
}
static void rom_block(uint8_t block, uint8_t which, uint8_t height)
{
	struct r r = {0x1130, which << 8, 0, 0, 0, 0, 0, GUEST_SEG, GUEST_SEG, 0, 0, IF | 2};

	int_call(&r, 0x10);
	for (unsigned c = 0; c < 256; c += 51)
		for (unsigned y = 0; y < height; y++)
			SAME(font_byte(block, c, y), FAR(uint8_t, r.es, (uint16_t)(r.ebp + c * height + y)));
}
static void look_1101(void)
{
	rom_block(3, 2, 14);
}
static void look_1102(void)
{
	rom_block(3, 3, 8);
}
static void look_1104(void)
{
	rom_block(3, 6, 16);
}
static void block_0(void)
{
	video(0x1112, 0, 0, 0); /* from 50 rows: it is counted from the mode's scan lines */
	bx(0);
}
static void look_1111(void)
{
	rom_block(0, 2, 14);
	look_rows(28, 14);
}
static void set_1112(void)
{
	video(0x1111, 0, 0, 0);
	bx(0);
}
static void look_1112(void)
{
	rom_block(0, 3, 8);
	look_rows(50, 8);
}
static void look_1114(void)
{
	rom_block(0, 6, 16);
	look_rows(25, 16);
}
static void set_1103(void)
{
	bx(0x0024);
}
static void look_1103(void)
{
	SAME(indexed(0x3c4, 3), 0x24);
}
static void look_1120(void)
{
	SAME(FAR(uint32_t, 0, 0x1f * 4), BUFFER_SEG << 16 | BUFFER);
	FAR(uint32_t, 0, 0x1f * 4) = ivt_before[0x1f];
}
static void set_1121(void)
{
	es_bp();
	cx(10);
	bx(0);
	dx(20);
}
static void look_1121(void)
{
	SAME(FAR(uint32_t, 0, 0x43 * 4), BUFFER_SEG << 16 | BUFFER);
	SAME(BDA16(0x85), 10);
	SAME(BDA8(0x84), 19);
}
static void set_1121_many(void)
{
	set_1121();
	dx(0xffff);
}
static void look_1121_many(void)
{
	SAME(BDA8(0x84), 47);
}
static void set_1121_none(void)
{
	set_1121();
	cx(0);
}
static void rows_3(void)
{
	bx(3);
}
static void look_1122(void)
{
	SAME(BDA16(0x85), 14);
	SAME(BDA8(0x84), 480 / 14 - 1);
}
static void look_1123(void)
{
	SAME(BDA16(0x85), 8);
	SAME(BDA8(0x84), 42);
}
static void rows_2(void)
{
	bx(2);
}
static void look_1124(void)
{
	SAME(BDA16(0x85), 16);
	SAME(BDA8(0x84), 24);
}
static uint8_t asked_font;
static void ask_font(uint8_t which)
{
	asked_font = which;
	bx(which << 8);
	may.ecx = may.ebp = 0xffff;
	may.edx = 0xff;
	may.es = 0xffff;
}
static void font_0(void)
{
	ask_font(0);
}
static void font_1(void)
{
	ask_font(1);
}
static void font_2(void)
{
	ask_font(2);
}
static void font_3(void)
{
	ask_font(3);
}
static void font_4(void)
{
	ask_font(4);
}
static void font_5(void)
{
	ask_font(5);
}
static void font_6(void)
{
	ask_font(6);
}
static void font_7(void)
{
	ask_font(7);
}
static void font_8(void)
{
	bx(0x0800);
}
static void look_1130(void)
{
	uint32_t is = out.es << 16 | (uint16_t)out.ebp;
	static const uint8_t heights[8] = {0, 0, 14, 8, 8, 0, 16, 0};
	uint8_t h = heights[asked_font], c = asked_font == 4 ? 0xdb - 128 : 0xdb;

	SAME((uint16_t)out.ecx, 16);
	SAME((uint8_t)out.edx, 24);
	if (asked_font < 2) {
		SAME(is, FAR(uint32_t, 0, asked_font ? 0x43 * 4 : 0x1f * 4));
	} else if (h) { /* the full block */
		for (unsigned y = 0; y < h; y++)
			SAME(FAR(uint8_t, out.es, (uint16_t)out.ebp + c * h + y), 0xff);
	} else { /* characters, each with its glyph, to a 0 */
		h = asked_font == 5 ? 14 : 16;
		for (unsigned n = 0, at = (uint16_t)out.ebp; FAR(uint8_t, out.es, at); at += 1 + h)
			EXPECT(++n < 256);
	}
}

/* --- 12h --- */

static void set_1210(void)
{
	bx(0x0010);
	may.ebx = may.ecx = 0xffff;
}
static void look_1210(void)
{
	SAME((uint16_t)out.ebx, 0x0003);
	SAME((uint16_t)out.ecx, 0x0f09);
}
static void look_1210_mono(void)
{
	SAME((uint16_t)out.ebx, 0x0103);
}
static void set_1220(void)
{
	bx(0x0020);
}
static void set_1230(void)
{
	bx(0x0030);
}
static void look_1230_200(void)
{
	SAME(BDA8(0x89) & 0x90, 0x80);
	SAME(BDA8(0x88) & 15, 8);
}
static void look_1230_350(void)
{
	SAME(BDA8(0x89) & 0x90, 0);
	SAME(BDA8(0x88) & 15, 9);
}
static void look_1230_400(void)
{
	SAME(BDA8(0x89) & 0x90, 0x10);
	SAME(BDA8(0x88) & 15, 9);
}
static void set_1231(void)
{
	bx(0x0031);
}
static void look_1231_off(void)
{
	SAME(BDA8(0x89) & 8, 8);
	video(0x1010, 7, 0x0102, 0x0300);
	video(3, 0, 0, 0); /* with the colours that there are */
	SAME(dac(7), 0x030102);
	video(0x1200, 0x31, 0, 0);
	SAME(BDA8(0x89) & 8, 0);
}
static void set_1232(void)
{
	bx(0x0032);
}
static void look_1232_off(void)
{
	SAME(inb(0x3cc) & 2, 0);
	video(0x1200, 0x32, 0, 0);
	SAME(inb(0x3cc) & 2, 2);
}
static void set_1233(void)
{
	bx(0x0033);
}
static void look_1233_on(void)
{
	SAME(BDA8(0x89) & 2, 2);
	video(3, 0, 0, 0);
	SAME(dac(1), 0x050505);
	video(0x1201, 0x33, 0, 0);
	SAME(BDA8(0x89) & 2, 0);
}
static void set_1234(void)
{
	bx(0x0034);
}
static void look_1234_off(void)
{
	SAME(BDA8(0x87) & 1, 1);
	video(0x1200, 0x34, 0, 0);
	SAME(BDA8(0x87) & 1, 0);
}
static void set_1235(void)
{
	bx(0x0035);
	es_dx();
}
static void look_1235_off(void) /* and on: what was kept comes back */
{
	struct r r = {0x1203, 0x35, 0, BUFFER, 0, 0, 0, GUEST_SEG, BUFFER_SEG, 0, 0, IF | 2};

	BDA16(0x4a) = 99;
	int_call(&r, 0x10);
	SAME((uint8_t)r.eax, 0x12);
	SAME(BDA16(0x4a), 80);
}
static void set_1236(void)
{
	bx(0x0036);
}
static void look_1236_off(void)
{
	SAME(indexed(0x3c4, 1) & 0x20, 0x20);
	video(0x1200, 0x36, 0, 0);
	SAME(indexed(0x3c4, 1) & 0x20, 0);
}
static void set_12_unknown(void)
{
	bx(0x0077);
}

/* --- 13h --- */

static void string(const char *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		BUFFER8(i) = s[i];
	set_cursor(0, 1, 1);
	bx(0x0035);
	cx(n);
	dx(0x0a10);
	es_bp();
}
static void set_13_plain(void)
{
	string("a\rbc", 4);
}
static void look_13_plain(void)
{
	SAME(cell(10, 16), 0x3561);
	SAME(cell(10, 0), 0x3562);
	SAME(cell(10, 1), 0x3563);
	SAME(BDA16(0x50), in.eax & 1 ? 0x0a02 : 0x0101);
}
static void set_13_mixed(void)
{
	string("d\x21" "e\x42", 4);
	cx(2);
}
static void look_13_mixed(void)
{
	SAME(cell(10, 16), 0x2164);
	SAME(cell(10, 17), 0x4265);
	SAME(cell(10, 18), 0x0720);
	SAME(BDA16(0x50), in.eax & 1 ? 0x0a12 : 0x0101);
}
static void set_13_page(void)
{
	string("page", 4);
	bx(0x0235);
}
static void look_13_page(void)
{
	SAME(FAR(uint32_t, 0xb800, 0x2000 + (10 * 80 + 16) * 2), 0x35613570);
	SAME(BDA16(0x54), 0x0a14);
}
static void set_13_scroll(void)
{
	string("xy\n\bz", 5);
	fill();
	dx(0x184e);
}
static void look_13_scroll(void) /* from the last row's last cells: two lines up */
{
	SAME(cell(22, 78), 0x3578);
	SAME(cell(22, 79), 0x3579);
	SAME(cell(24, 0), 0x357a);
	SAME(BDA16(0x50), 0x1801);
}
static void set_13_none(void)
{
	string("nothing", 0);
}
static void set_13_end(void) /* the string runs past the segment's end: on at its start */
{
	string("", 0);
	in.es = BUFFER_SEG;
	LOW(ebp, 0xfffe);
	cx(4);
	FAR(uint16_t, BUFFER_SEG, 0xfffe) = 0x4241;
	FAR(uint16_t, BUFFER_SEG, 0) = 0x4443;
}
static void look_13_end(void)
{
	SAME(cell(10, 16), 0x3541);
	SAME(cell(10, 19), 0x3544);
	FAR(uint16_t, BUFFER_SEG, 0xfffe) = (uint16_t)(PATTERN >> 0);
	FAR(uint16_t, BUFFER_SEG, 0) = (uint16_t)PATTERN;
	FAR(uint16_t, BUFFER_SEG, 0xfffe) = PATTERN >> 16;
}
static void set_13_pixels(void)
{
	string("AA", 2);
	bx(BDA8(0x49) == 0x13 ? 0x0405 : 0x0005);
	dx(0x0203);
}

static void look_glyph_at(void)
{
	SAME(BDA16(0x50), 0x0205);
	set_cursor(0, 2, 3);
	look_glyph();
}

/* --- 1Ah-1Ch --- */

static void set_1a00(void)
{
	may.ebx = 0xffff;
}
static void look_1a00(void)
{
	SAME((uint16_t)out.ebx, 0x0008);
}
static void set_1a01(void)
{
	bx(0x0108);
}
static void look_1a01(void)
{
	struct r r = {0x1a00, 0, 0, 0, 0, 0, 0, GUEST_SEG, GUEST_SEG, 0, 0, IF | 2};

	SAME(BDA8(0x8a), 12);
	int_call(&r, 0x10);
	SAME((uint16_t)r.ebx, 0x0108);
	video(0x1a01, 0x0008, 0, 0);
	SAME(BDA8(0x8a), 11);
}
static void set_1a01_none(void)
{
	bx(0x0707);
}
static void look_1a01_none(void)
{
	SAME(BDA8(0x8a), 0xff);
	video(0x1a01, 0x0008, 0, 0);
}
static void es_di(void)
{
	in.es = BUFFER_SEG;
	LOW(edi, BUFFER);
	bx(0);
}
static void look_1b(void)
{
	uint32_t at = BUFFER32(0);

	SAME(FAR(uint32_t, at >> 16, at & 0xffff), 0x000fe0ff);
	SAME(FAR(uint8_t, at >> 16, (at & 0xffff) + 7), 7);
	for (unsigned i = 0; i < 0x1e; i++)
		SAME(BUFFER8(4 + i), BDA8(0x49 + i));
	SAME(BUFFER8(0x22), 25);
	SAME(BUFFER16(0x23), BDA16(0x85));
	SAME(BUFFER16(0x25), 0x0008);
	SAME(BUFFER8(0x31), 3);
	SAME(BUFFER8(0x2d), 0x31);
	SAME(BUFFER8(0x32), 0x20);
	SAME(BUFFER8(0x3f), 0);
}
static void look_1b_text(void)
{
	look_1b();
	SAME(BUFFER16(0x27), 16);
	SAME(BUFFER8(0x29), 8);
	SAME(BUFFER8(0x2a), 2);
	SAME(BUFFER16(0x2b), 0);
}
static void look_1b_10(void)
{
	look_1b();
	SAME(BUFFER16(0x27), 16);
	SAME(BUFFER8(0x29), 2);
	SAME(BUFFER8(0x2a), 1);
}
static void look_1b_13(void)
{
	look_1b();
	SAME(BUFFER16(0x27), 256);
	SAME(BUFFER8(0x29), 1);
	SAME(BUFFER8(0x2a), 0);
}
static void set_1b_other(void)
{
	bx(1);
}
static void set_1c_size(void)
{
	cx(7);
	may.ebx = 0xffff;
}
static void look_1c_size(void)
{
	SAME((uint16_t)out.ebx, 16); /* 1024 bytes */
}
static void set_1c(void)
{
	bx(BUFFER);
	in.es = BUFFER_SEG;
	cx(7);
}
static struct vga kept_vga;
static uint8_t kept_bda[0x8b];
/* saved in one mode; restored from another, with other colours */
static void look_1c_save(void)
{
	struct r r = {0x1c02, BUFFER, 7, 0, 0, 0, 0, GUEST_SEG, BUFFER_SEG, 0, 0, IF | 2};

	read_vga(&kept_vga);
	for (unsigned i = 0x49; i < 0x8b; i++)
		kept_bda[i] = BDA8(i);
	video(BDA8(0x49) == 0x12 ? 7 : 0x12, 0, 0, 0);
	video(0x1010, 3, 0x0102, 0x0300);
	int_call(&r, 0x10);
	SAME((uint8_t)r.eax, 0x1c);
	vga_before = kept_vga;
	look_vga(0);
	for (unsigned i = 0x49; i < 0x8b; i++)
		if (i < 0x67 || i > 0x83)
			check_line(BDA8(i) == kept_bda[i], i, "BDA byte", BDA8(i), kept_bda[i]);
}
static void set_1c_none(void)
{
	set_1c();
	cx(0);
}

/* clang-format off */
#define MODE(name, n) \
	{name, 0x10, n, {0xff}, .bda = BDA_MODE, .set = set_mode_row, .look = look_mode, .registers = 0xff, .video = ALL_VIDEO, .vector = 0x43}
#define IN(m) .mode = m, .video = ALL_VIDEO
static const struct row rows[] = {
	MODE("10h/00h, mode 00", 0x00), MODE("10h/00h, mode 01", 0x01), MODE("10h/00h, mode 02", 0x02), MODE("10h/00h, mode 03", 0x03),
	MODE("10h/00h, mode 04", 0x04), MODE("10h/00h, mode 05", 0x05), MODE("10h/00h, mode 06", 0x06), MODE("10h/00h, mode 07", 0x07),
	MODE("10h/00h, mode 0D", 0x0d), MODE("10h/00h, mode 0E", 0x0e), MODE("10h/00h, mode 0F", 0x0f), MODE("10h/00h, mode 10", 0x10),
	MODE("10h/00h, mode 11", 0x11), MODE("10h/00h, mode 12", 0x12), MODE("10h/00h, mode 13", 0x13),
	{"10h/00h, memory kept", 0x10, 0x0083, {0xff}, .bda = BDA_MODE, .set = set_kept, .look = look_kept, .registers = 0xff, .video = ALL_VIDEO, .vector = 0x43},
	{"10h/00h, no such mode", 0x10, 0x0008, .set = set_unknown_mode},
	{"10h/00h, 200 lines", 0x10, 0x0003, {0xff}, .bda = BDA_MODE, .set = set_200, .look = look_200, .registers = 0xff, .video = ALL_VIDEO, .vector = 0x43},
	{"10h/00h, 350 lines", 0x10, 0x0003, {0xff}, .bda = BDA_MODE, .set = set_350, .look = look_350, .registers = 0xff, .video = ALL_VIDEO, .vector = 0x43},
	{"10h/00h, a program's parameters", 0x10, 0x0003, {0xff}, .bda = BDA_MODE, .set = own, .look = look_own, .registers = 0xff, .video = ALL_VIDEO, .vector = 0x43},
	{"10h/01h", 0x10, 0x0100, .bda = {{0x60, 2}}, .set = set_01, .look = look_01, .registers = CRTC},
	{"10h/01h, half a block", 0x10, 0x0100, .bda = {{0x60, 2}}, .set = set_01_half, .look = look_01_half, .registers = CRTC},
	{"10h/01h, none", 0x10, 0x0100, .bda = {{0x60, 2}}, .set = set_01_off, .look = look_01_off, .registers = CRTC},
	{"10h/01h without emulation", 0x10, 0x0100, .bda = {{0x60, 2}}, .set = set_01_plain, .look = look_01_plain, .registers = CRTC},
	{"10h/02h", 0x10, 0x0200, .bda = {{0x50, 2}}, .set = set_02, .look = look_02, .registers = CRTC},
	{"10h/02h, another page", 0x10, 0x0200, .bda = {{0x54, 2}}, .set = set_02_hidden, .look = look_02_hidden},
	{"10h/02h, out of range", 0x10, 0x0200, .bda = {{0x5e, 2}}, .set = set_02_out},
	{"10h/03h", 0x10, 0x0300, .set = set_03, .look = look_03},
	{"10h/04h, no light pen", 0x10, 0x0400, AH_IS(0)},
	{"10h/05h", 0x10, 0x0502, .bda = {{0x4e, 2}, {0x62, 1}}, .set = set_05, .look = look_05, .registers = CRTC},
	{"10h/05h, mode 0E", 0x10, 0x0501, .bda = {{0x4e, 2}, {0x62, 1}}, .look = look_05_planes, .registers = CRTC, .mode = 0x0e},
	{"10h/05h, no such page", 0x10, 0x0508},
	{"10h/05h, no such page in mode 12", 0x10, 0x0501, .mode = 0x12},
	{"10h/06h", 0x10, 0x0602, .set = set_window, .look = look_up, .video = {800, 1800}},
	{"10h/06h, all", 0x10, 0x0600, .set = set_window, .look = look_cleared, .video = {800, 1800}},
	{"10h/06h, more lines than there are", 0x10, 0x06ff, .set = set_window, .look = look_cleared, .video = {800, 1800}},
	{"10h/06h, out of range", 0x10, 0x0601, .set = set_scroll_out, .look = look_scroll_out, .video = {0, 3999}},
	{"10h/06h, no window", 0x10, 0x0601, .set = set_scroll_none},
	{"10h/07h", 0x10, 0x0701, .set = set_window, .look = look_down, .video = {800, 1800}},
	{"10h/07h, all", 0x10, 0x0700, .set = set_window, .look = look_cleared, .video = {800, 1800}},
#define SCROLL(name, m) {name, 0x10, 0x0601, .set = set_graphics_scroll, .look = look_graphics_scroll, IN(m)}
	SCROLL("10h/06h, mode 04", 4), SCROLL("10h/06h, mode 06", 6), SCROLL("10h/06h, mode 0D", 0x0d), SCROLL("10h/06h, mode 10", 0x10),
	SCROLL("10h/06h, mode 12", 0x12), SCROLL("10h/06h, mode 13", 0x13),
	{"10h/08h", 0x10, 0x0800, AX_IS(0x1e41), .set = set_08},
	{"10h/09h", 0x10, 0x0941, .set = set_09, .look = look_09, .video = {476, 482}},
	{"10h/09h, none", 0x10, 0x0941, .set = set_09_none},
	{"10h/09h, more than there is room", 0x10, 0x0941, .set = set_09_far, .look = look_09_far, .video = {0x7000 + 3998, 0x7fff}},
#define GLYPH(name, ax, m, set_it, look_it) {name, 0x10, ax, .set = set_it, .look = look_it, IN(m)}
	GLYPH("10h/09h, mode 04", 0x0941, 4, set_glyph, look_glyph), GLYPH("10h/09h, mode 06", 0x0941, 6, set_glyph, look_glyph),
	GLYPH("10h/09h, mode 0D", 0x0941, 0x0d, set_glyph, look_glyph), GLYPH("10h/09h, mode 10", 0x0941, 0x10, set_glyph, look_glyph),
	GLYPH("10h/09h, mode 12", 0x0941, 0x12, set_glyph, look_glyph), GLYPH("10h/09h, mode 13", 0x0941, 0x13, set_glyph, look_glyph),
	GLYPH("10h/09h, mode 06, INT 1Fh", 0x0981, 6, set_glyph_1f, look_glyph_1f),
	{"10h/0Ah", 0x10, 0x0a42, .set = set_0a, .look = look_0a, .video = {476, 479}},
	GLYPH("10h/0Ah, mode 12", 0x0a41, 0x12, set_glyph, look_glyph),
	{"10h/0Bh, border", 0x10, 0x0b00, .bda = {{0x66, 1}}, .set = set_0b_border, .look = look_0b_border, .registers = ATC},
	{"10h/0Bh, palette", 0x10, 0x0b00, .bda = {{0x66, 1}}, .set = set_0b_palette, .look = look_0b_palette, .registers = ATC, .mode = 4},
#define PIXEL(name, m) {name, 0x10, 0x0c07, .set = set_0c, .look = look_0c, IN(m)}
	PIXEL("10h/0Ch, mode 04", 4), PIXEL("10h/0Ch, mode 06", 6), PIXEL("10h/0Ch, mode 0D", 0x0d), PIXEL("10h/0Ch, mode 0E", 0x0e),
	PIXEL("10h/0Ch, mode 10", 0x10), PIXEL("10h/0Ch, mode 12", 0x12), PIXEL("10h/0Ch, mode 13", 0x13),
#define NO_PIXEL(name, m, set_it) {name, 0x10, 0x0c07, .set = set_it, .mode = m}
	NO_PIXEL("10h/0Ch, mode 04, right of it", 4, set_0c_out), NO_PIXEL("10h/0Ch, mode 06, below", 6, set_0c_below),
	NO_PIXEL("10h/0Ch, mode 12, right of it", 0x12, set_0c_out), NO_PIXEL("10h/0Ch, mode 12, below", 0x12, set_0c_below),
	NO_PIXEL("10h/0Ch, mode 0D, far off", 0x0d, set_0c_far), NO_PIXEL("10h/0Ch, mode 13, right of it", 0x13, set_0c_out),
	NO_PIXEL("10h/0Ch, mode 13, below", 0x13, set_0c_below), NO_PIXEL("10h/0Ch in text", 3, set_0c),
	{"10h/0Dh, mode 04", 0x10, 0x0d00, AL_IS(1), .set = set_0d, .mode = 4},
	{"10h/0Dh, mode 06", 0x10, 0x0d00, AL_IS(1), .set = set_0d, .mode = 6},
	{"10h/0Dh, mode 12", 0x10, 0x0d00, AL_IS(1), .set = set_0d, .mode = 0x12},
	{"10h/0Dh, mode 13", 0x10, 0x0d00, AL_IS(1), .set = set_0d, .mode = 0x13},
	{"10h/0Dh, mode 12, far off", 0x10, 0x0d77, AL_IS(0), .set = set_0c_far, .mode = 0x12},
	{"10h/0Eh", 0x10, 0x0e78, .bda = {{0x50, 2}}, .set = set_0e, .look = look_0e, .registers = CRTC, .video = {798, 799}},
	{"10h/0Eh, the last cell", 0x10, 0x0e78, .bda = {{0x50, 2}}, .set = set_0e_scroll, .look = look_0e_scroll, .registers = CRTC, .video = {0, 3999}},
	{"10h/0Eh, line feed", 0x10, 0x0e0a, .bda = {{0x50, 2}}, .set = set_at, .look = look_lf, .video = {0, 3999}},
	{"10h/0Eh, carriage return", 0x10, 0x0e0d, .bda = {{0x50, 2}}, .set = set_at, .look = look_cr, .registers = CRTC},
	{"10h/0Eh, backspace", 0x10, 0x0e08, .bda = {{0x50, 2}}, .set = set_at, .look = look_bs, .registers = CRTC},
	{"10h/0Eh, backspace at the margin", 0x10, 0x0e08, .bda = {{0x50, 2}}, .set = set_bs_0, .look = look_bs_0},
	{"10h/0Eh, bell", 0x10, 0x0e07, .flags = ONCE, .set = set_bell, .look = look_bell},
	{"10h/0Eh, line feed, mode 12", 0x10, 0x0e0a, .bda = {{0x50, 2}}, .set = set_0e_pixels, .look = look_0e_pixels, IN(0x12)},
	{"10h/0Eh, line feed, mode 13", 0x10, 0x0e0a, .bda = {{0x50, 2}}, .set = set_0e_pixels, .look = look_0e_pixels, IN(0x13)},
	{"10h/0Eh, line feed, mode 06", 0x10, 0x0e0a, .bda = {{0x50, 2}}, .set = set_0e_pixels, .look = look_0e_pixels, IN(6)},
	{"10h/0Fh", 0x10, 0x0f00, AX_IS(80 << 8 | 3), .set = set_0f, .look = look_0f},
	{"10h/1000h", 0x10, 0x1000, .set = set_1000, .look = look_1000, .registers = ATC},
	{"10h/1000h, no such register", 0x10, 0x1000, .set = set_1000_out},
	{"10h/1000h, a program's area", 0x10, 0x1000, .set = set_own_palette, .look = look_own_palette, .registers = ATC},
	{"10h/1001h", 0x10, 0x1001, .set = set_1001, .look = look_1001, .registers = ATC},
	{"10h/1002h", 0x10, 0x1002, .set = set_1002, .look = look_1002, .registers = ATC},
	{"10h/1003h, intensity", 0x10, 0x1003, .bda = {{0x65, 1}}, .set = set_1003, .look = look_1003, .registers = ATC},
	{"10h/1003h, blinking", 0x10, 0x1003, .bda = {{0x65, 1}}, .set = set_1003_on, .look = look_1003_on, .registers = ATC},
	{"10h/1007h", 0x10, 0x1007, .set = set_1007, .look = look_1007},
	{"10h/1008h", 0x10, 0x1008, .set = set_1008, .look = look_1008},
	{"10h/1009h", 0x10, 0x1009, .buffer = 17, .set = es_dx, .look = look_1009},
	{"10h/1010h", 0x10, 0x1010, .set = set_1010, .look = look_1010, .registers = DAC},
	{"10h/1012h", 0x10, 0x1012, .set = set_1012, .look = look_1012, .registers = DAC},
	{"10h/1012h, more than there are", 0x10, 0x1012, .set = set_1012_far, .registers = DAC},
	{"10h/1013h, pages of 16", 0x10, 0x1013, .set = set_1013_mode, .look = look_1013_mode, .registers = ATC},
	{"10h/1013h, a page of 64", 0x10, 0x1013, .set = set_1013_page, .look = look_1013_page, .registers = ATC},
	{"10h/1013h, a page of 16", 0x10, 0x1013, .set = set_1013_16, .look = look_1013_16, .registers = ATC},
	{"10h/1015h", 0x10, 0x1015, .set = set_1015, .look = look_1015},
	{"10h/1017h", 0x10, 0x1017, .buffer = 750, .set = set_1017, .look = look_1017},
	{"10h/1018h", 0x10, 0x1018, .set = set_1018, .look = look_1018, .registers = DAC},
	{"10h/1019h", 0x10, 0x1019, .set = set_1019, .look = look_1019},
	{"10h/101Ah", 0x10, 0x101a, .set = set_101a, .look = look_101a},
	{"10h/101Bh", 0x10, 0x101b, .set = set_101b, .look = look_101b, .registers = DAC},
	{"10h/101Ch, unknown", 0x10, 0x101c},
	{"10h/1100h", 0x10, 0x1100, .set = set_1100, .look = look_1100},
	{"10h/1100h, no such height", 0x10, 0x1100, .set = set_1100_bad},
	{"10h/1100h in mode 12", 0x10, 0x1100, .set = set_1100, .mode = 0x12},
	{"10h/1101h", 0x10, 0x1101, .set = block, .look = look_1101}, {"10h/1102h", 0x10, 0x1102, .set = block, .look = look_1102},
	{"10h/1104h", 0x10, 0x1104, .set = block, .look = look_1104},
	{"10h/1103h", 0x10, 0x1103, .set = set_1103, .look = look_1103, .registers = SEQ},
	{"10h/1110h", 0x10, 0x1110, .bda = BDA_MODE, .set = set_1110, .look = look_1110, .registers = CRTC},
	{"10h/1110h, no such height", 0x10, 0x1110, .set = set_1110_tall},
	{"10h/1111h", 0x10, 0x1111, .bda = BDA_MODE, .set = block_0, .look = look_1111, .registers = CRTC},
	{"10h/1112h", 0x10, 0x1112, .bda = BDA_MODE, .set = set_1112, .look = look_1112, .registers = CRTC},
	{"10h/1114h", 0x10, 0x1114, .bda = BDA_MODE, .set = set_1112, .look = look_1114, .registers = CRTC},
	{"10h/1120h", 0x10, 0x1120, .set = es_bp, .look = look_1120, .vector = 0x1f},
	{"10h/1121h", 0x10, 0x1121, .bda = {{0x84, 3}}, .set = set_1121, .look = look_1121, .vector = 0x43, .mode = 0x12},
	{"10h/1121h, more rows than fit", 0x10, 0x1121, .bda = {{0x84, 3}}, .set = set_1121_many, .look = look_1121_many, .vector = 0x43, .mode = 0x12},
	{"10h/1121h, no height", 0x10, 0x1121, .set = set_1121_none, .vector = 0x43, .mode = 0x12},
	{"10h/1121h in text", 0x10, 0x1121, .set = set_1121, .vector = 0x43},
	{"10h/1122h", 0x10, 0x1122, .bda = {{0x84, 3}}, .set = rows_3, .look = look_1122, .vector = 0x43, .mode = 0x12},
	{"10h/1123h", 0x10, 0x1123, .bda = {{0x84, 3}}, .set = rows_3, .look = look_1123, .vector = 0x43, .mode = 0x12},
	{"10h/1124h", 0x10, 0x1124, .bda = {{0x84, 3}}, .set = rows_2, .look = look_1124, .vector = 0x43, .mode = 0x12},
#define FONT(name, set_it) {name, 0x10, 0x1130, .set = set_it, .look = look_1130}
	FONT("10h/1130h/00", font_0), FONT("10h/1130h/01", font_1), FONT("10h/1130h/02", font_2), FONT("10h/1130h/03", font_3),
	FONT("10h/1130h/04", font_4), FONT("10h/1130h/05", font_5), FONT("10h/1130h/06", font_6), FONT("10h/1130h/07", font_7),
	{"10h/1130h, no such font", 0x10, 0x1130, .set = font_8}, {"10h/1105h, unknown", 0x10, 0x1105}, {"10h/1131h, unknown", 0x10, 0x1131},
	{"10h/12h/10h", 0x10, 0x1200, .set = set_1210, .look = look_1210},
	{"10h/12h/10h, monochrome", 0x10, 0x1200, .set = set_1210, .look = look_1210_mono, .mode = 7},
	{"10h/12h/20h", 0x10, 0x1200, {0xff}, .set = set_1220},
	{"10h/1200h/30h", 0x10, 0x1200, AL_IS(0x12), .bda = {{0x88, 2}}, .set = set_1230, .look = look_1230_200},
	{"10h/1201h/30h", 0x10, 0x1201, AL_IS(0x12), .bda = {{0x88, 2}}, .set = set_1230, .look = look_1230_350},
	{"10h/1202h/30h", 0x10, 0x1202, AL_IS(0x12), .bda = {{0x88, 2}}, .set = set_1230, .look = look_1230_400},
	{"10h/1203h/30h, unknown", 0x10, 0x1203, .set = set_1230},
	{"10h/1201h/31h", 0x10, 0x1201, AL_IS(0x12), .bda = {{0x89, 1}}, .set = set_1231, .look = look_1231_off},
	{"10h/1201h/32h", 0x10, 0x1201, AL_IS(0x12), .set = set_1232, .look = look_1232_off, .registers = MISC, .video = ALL_VIDEO},
	{"10h/1200h/33h", 0x10, 0x1200, AL_IS(0x12), .bda = {{0x89, 1}}, .set = set_1233, .look = look_1233_on},
	{"10h/1201h/34h", 0x10, 0x1201, AL_IS(0x12), .bda = {{0x87, 1}}, .set = set_1234, .look = look_1234_off},
	{"10h/1202h/35h", 0x10, 0x1202, AL_IS(0x12), .buffer = 128, .set = set_1235, .look = look_1235_off, .registers = 0xff, .video = ALL_VIDEO},
	{"10h/1204h/35h, unknown", 0x10, 0x1204, .set = set_1235},
	{"10h/1201h/36h", 0x10, 0x1201, AL_IS(0x12), .set = set_1236, .look = look_1236_off, .registers = SEQ},
	{"10h/12h/77h, unknown", 0x10, 0x1200, .set = set_12_unknown},
	{"10h/1300h", 0x10, 0x1300, .bda = {{0x50, 2}}, .set = set_13_plain, .look = look_13_plain, .video = {1600, 1640}},
	{"10h/1301h", 0x10, 0x1301, .bda = {{0x50, 2}}, .set = set_13_plain, .look = look_13_plain, .registers = CRTC, .video = {1600, 1640}},
	{"10h/1302h", 0x10, 0x1302, .bda = {{0x50, 2}}, .set = set_13_mixed, .look = look_13_mixed, .video = {1632, 1635}},
	{"10h/1303h", 0x10, 0x1303, .bda = {{0x50, 2}}, .set = set_13_mixed, .look = look_13_mixed, .registers = CRTC, .video = {1632, 1635}},
	{"10h/1301h, another page", 0x10, 0x1301, .bda = {{0x54, 2}}, .set = set_13_page, .look = look_13_page, .video = {0x2000, 0x2000 + 1700}},
	{"10h/1301h, the page moves up", 0x10, 0x1301, .bda = {{0x50, 2}}, .set = set_13_scroll, .look = look_13_scroll, .registers = CRTC, .video = {0, 3999}},
	{"10h/1301h, no string", 0x10, 0x1301, .set = set_13_none}, {"10h/1304h, unknown", 0x10, 0x1304, .set = set_13_plain},
	{"10h/1300h, past the segment's end", 0x10, 0x1300, .set = set_13_end, .look = look_13_end, .flags = ONCE, .video = {1632, 1640}},
	{"10h/1301h, mode 12", 0x10, 0x1301, .bda = {{0x50, 2}}, .set = set_13_pixels, .look = look_glyph_at, .registers = CRTC, IN(0x12)},
	{"10h/1A00h", 0x10, 0x1a00, AL_IS(0x1a), .set = set_1a00, .look = look_1a00},
	{"10h/1A01h", 0x10, 0x1a01, AL_IS(0x1a), .bda = {{0x8a, 1}}, .set = set_1a01, .look = look_1a01},
	{"10h/1A01h, no such pair", 0x10, 0x1a01, AL_IS(0x1a), .bda = {{0x8a, 1}}, .set = set_1a01_none, .look = look_1a01_none},
	{"10h/1A02h, unknown", 0x10, 0x1a02},
	{"10h/1Bh", 0x10, 0x1b00, AL_IS(0x1b), .buffer = 64, .set = es_di, .look = look_1b_text},
	{"10h/1Bh, mode 10", 0x10, 0x1b00, AL_IS(0x1b), .buffer = 64, .set = es_di, .look = look_1b_10, .mode = 0x10},
	{"10h/1Bh, mode 13", 0x10, 0x1b00, AL_IS(0x1b), .buffer = 64, .set = es_di, .look = look_1b_13, .mode = 0x13},
	{"10h/1Bh, another kind", 0x10, 0x1b00, .set = set_1b_other},
	{"10h/1C00h", 0x10, 0x1c00, AL_IS(0x1c), .set = set_1c_size, .look = look_1c_size},
	{"10h/1C01h, 1C02h", 0x10, 0x1c01, AL_IS(0x1c), .buffer = 1024, .set = set_1c, .look = look_1c_save},
	{"10h/1C01h, 1C02h, mode 12", 0x10, 0x1c01, AL_IS(0x1c), .buffer = 1024, .set = set_1c, .look = look_1c_save, .mode = 0x12},
	{"10h/1C01h, 1C02h, mode 13", 0x10, 0x1c01, AL_IS(0x1c), .buffer = 1024, .set = set_1c, .look = look_1c_save, .mode = 0x13},
	{"10h/1C01h, nothing", 0x10, 0x1c01, .set = set_1c_none}, {"10h/1C03h, unknown", 0x10, 0x1c03, .set = set_1c},
	{"10h/14h, unknown", 0x10, 0x1400}, {"10h/19h, unknown", 0x10, 0x1900}, {"10h/1Dh, unknown", 0x10, 0x1d00}, {"10h/FFh, unknown", 0x10, 0xff00},
	{"42h", 0x42, 0x0f00, AX_IS(80 << 8 | 3), .set = set_0f, .look = look_0f},
	{"6Dh", 0x6d, 0x0f00, AX_IS(80 << 8 | 3), .set = set_0f, .look = look_0f},
};
/* clang-format on */

void guest_main(void);
void guest_main(void)
{
	run_settings(rows, sizeof(rows) / sizeof(rows[0]));
	video(3, 0, 0, 0);
	put_text("1..");
	put_unsigned(tests);
	put_text("\n");
}
