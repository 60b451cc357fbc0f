/* SPDX-License-Identifier: MIT
 *
 * A guest program that calls the video BIOS and looks at registers, the BIOS data area, video
 * memory and the VGA's registers. References: IBM VGA Technical Reference, BIOS interface; VBE 3.0.
 */
#define STACK_LIMIT 100
#include <tests/rombios/guest.h>

enum { ALL = 0xffffffff, AX = 0xffff, AL = 0xff, BX = 0xffff, CX = 0xffff, DX = 0xffff };

static void set_mode(uint8_t mode)
{
	prepare(mode);
	may.eax = AL;
	CALL(0x10);
}

static uint16_t cell(uint8_t row, uint8_t column)
{
	return FAR(uint16_t, 0xb800, row * 160 + column * 2);
}

static void put_cell(uint8_t row, uint8_t column, uint16_t value)
{
	FAR(uint16_t, 0xb800, row * 160 + column * 2) = value;
}

static uint8_t crtc(uint8_t index)
{
	uint16_t port = BDA16(0x63);

	outb(port, index);
	return inb(port + 1);
}

static void set_cursor(uint8_t page, uint8_t row, uint8_t column)
{
	prepare(0x0200);
	in.ebx = page << 8;
	in.edx = row << 8 | column;
	CALL(0x10);
}

/* row << 8 | column */
static uint16_t cursor(uint8_t page)
{
	prepare(0x0300);
	in.ebx = page << 8;
	may.ecx = CX;
	may.edx = DX;
	may.eax = AX;
	CALL(0x10);
	return out.edx;
}

static void teletype(char c)
{
	prepare(0x0e00 | (uint8_t)c);
	in.ebx = 0x0007;
	CALL(0x10);
}

static void test_modes(void)
{
	static const struct {
		uint8_t mode, columns, last_row, points;
		uint16_t size, crtc, segment, blank;
	} modes[] = {
		{0x00, 40, 24, 16, 0x0800, 0x3d4, 0xb800, 0x0720},
		{0x01, 40, 24, 16, 0x0800, 0x3d4, 0xb800, 0x0720},
		{0x02, 80, 24, 16, 0x1000, 0x3d4, 0xb800, 0x0720},
		{0x03, 80, 24, 16, 0x1000, 0x3d4, 0xb800, 0x0720},
		{0x07, 80, 24, 16, 0x1000, 0x3b4, 0xb000, 0x0720},
		{0x12, 80, 29, 16, 0xa000, 0x3d4, 0xa000, 0},
		{0x13, 40, 24, 8, 0x2000, 0x3d4, 0xa000, 0},
	};

	begin("INT 10h 00: modes set the BDA and clear the screen; 0F tells them");
	for (unsigned n = 0; n < sizeof(modes) / sizeof(modes[0]); n++) {
		set_mode(modes[n].mode);
		SAME(BDA8(0x49), modes[n].mode);
		SAME(BDA16(0x4a), modes[n].columns);
		SAME(BDA16(0x4c), modes[n].size);
		SAME(BDA16(0x4e), 0);
		SAME(BDA16(0x50), 0);
		SAME(BDA8(0x62), 0);
		SAME(BDA16(0x63), modes[n].crtc);
		SAME(BDA8(0x84), modes[n].last_row);
		SAME(BDA16(0x85), modes[n].points);
		SAME(BDA8(0x87) & 0x80, 0);
		SAME(FAR(uint16_t, modes[n].segment, 0), modes[n].blank);
		SAME(FAR(uint16_t, modes[n].segment, 0x7ce), modes[n].blank);
		prepare(0x0f00);
		may.eax = AX;
		may.ebx = 0xff00;
		CALL(0x10);
		SAME(out.eax & AX, modes[n].columns << 8 | modes[n].mode);
		SAME(out.ebx >> 8 & 0xff, 0);
	}
	end();

	begin("INT 10h 00 with bit 7: the screen is kept");
	set_mode(3);
	put_cell(12, 40, 0x4e21);
	set_mode(0x83);
	SAME(cell(12, 40), 0x4e21);
	SAME(BDA8(0x49), 3);
	SAME(BDA8(0x87) & 0x80, 0x80);
	end();
}

static void test_cursor(void)
{
	set_mode(3);
	begin("INT 10h 01-03: the cursor's shape and place, on each page");
	SAME(BDA16(0x60), 0x0607);
	prepare(0x0100);
	in.ecx = 0x0b0c;
	CALL(0x10);
	SAME(BDA16(0x60), 0x0b0c);
	set_cursor(0, 3, 5);
	set_cursor(2, 20, 79);
	SAME(cursor(0), 0x0305);
	SAME(out.ecx & CX, 0x0b0c);
	SAME(cursor(2), 0x144f);
	SAME(BDA16(0x50), 0x0305);
	SAME(BDA16(0x54), 0x144f);
	SAME(crtc(0x0e) << 8 | crtc(0x0f), 3 * 80 + 5);
	end();

	begin("INT 10h 05: the page shown");
	prepare(0x0502);
	CALL(0x10);
	SAME(BDA8(0x62), 2);
	SAME(BDA16(0x4e), 0x2000);
	SAME(crtc(0x0c) << 8 | crtc(0x0d), 0x1000);
	SAME(crtc(0x0e) << 8 | crtc(0x0f), 0x1000 + 20 * 80 + 79);
	prepare(0x0500);
	CALL(0x10);
	SAME(BDA16(0x4e), 0);
	end();
}

static void scroll(uint16_t ax, uint8_t attribute, uint16_t from, uint16_t to)
{
	prepare(ax);
	in.ebx = attribute << 8;
	in.ecx = from;
	in.edx = to;
	CALL(0x10);
}

static void fill(void)
{
	for (unsigned row = 0; row < 25; row++)
		for (unsigned column = 0; column < 80; column++)
			put_cell(row, column, row << 8 | column);
}

/* Is the screen as fill() left it, but for the window? */
static bool outside_kept(void)
{
	for (unsigned row = 0; row < 25; row++)
		for (unsigned column = 0; column < 80; column++)
			if ((row < 5 || row > 10 || column < 20 || column > 30) &&
			    cell(row, column) != (row << 8 | column))
				return false;
	return true;
}

static void test_scroll(void)
{
	set_mode(3);
	begin("INT 10h 06, 07: windows scroll, blank lines take the attribute, the rest stays");
	fill();
	scroll(0x0602, 0x1f, 0x0514, 0x0a1e);
	EXPECT(outside_kept());
	SAME(cell(5, 20), 7 << 8 | 20);
	SAME(cell(8, 30), 10 << 8 | 30);
	SAME(cell(9, 20), 0x1f20);
	SAME(cell(10, 30), 0x1f20);
	fill();
	scroll(0x0701, 0x2e, 0x0514, 0x0a1e);
	EXPECT(outside_kept());
	SAME(cell(10, 25), 9 << 8 | 25);
	SAME(cell(5, 25), 0x2e20);
	fill();
	scroll(0x0600, 0x71, 0x0514, 0x0a1e);
	EXPECT(outside_kept());
	SAME(cell(5, 20), 0x7120);
	SAME(cell(10, 30), 0x7120);
	fill();
	scroll(0x0607, 0x72, 0x0514, 0x0a1e); /* more lines than there are */
	EXPECT(outside_kept());
	SAME(cell(7, 22), 0x7220);
	end();
}

static void test_characters(void)
{
	set_mode(3);
	begin("INT 10h 08-0A: a character and its attribute at the cursor");
	set_cursor(0, 2, 78);
	prepare(0x0941);
	in.ebx = 0x001e;
	in.ecx = 3;
	CALL(0x10);
	SAME(cell(2, 77), 0x0720);
	SAME(cell(2, 78), 0x1e41);
	SAME(cell(2, 79), 0x1e41);
	SAME(cell(3, 0), 0x1e41);
	SAME(cell(3, 1), 0x0720);
	SAME(cursor(0), 0x024e);
	prepare(0x0a42);
	in.ebx = 0x0000;
	in.ecx = 1;
	CALL(0x10);
	SAME(cell(2, 78), 0x1e42);
	prepare(0x0800);
	in.ebx = 0;
	may.eax = AX;
	CALL(0x10);
	SAME(out.eax & AX, 0x1e42);
	end();

	begin("INT 10h 0E: CR, LF, BS, the right margin, the last line");
	set_mode(3);
	teletype('a');
	teletype('b');
	teletype('\b');
	SAME(cursor(0), 0x0001);
	SAME(cell(0, 1), 0x0762);
	teletype('\r');
	SAME(cursor(0), 0x0000);
	teletype('\b');
	SAME(cursor(0), 0x0000);
	teletype('\n');
	SAME(cursor(0), 0x0100);
	set_cursor(0, 4, 79);
	teletype('x');
	SAME(cell(4, 79), 0x0778);
	SAME(cursor(0), 0x0500);
	put_cell(24, 0, 0x3541);
	put_cell(23, 7, 0x1234);
	set_cursor(0, 24, 9);
	teletype('\n');
	SAME(cursor(0), 0x1809);
	SAME(cell(22, 7), 0x1234);
	SAME(cell(23, 0), 0x3541);
	SAME(cell(24, 0) & 0xff, 0x20);
	end();

	begin("INT 10h 13: strings, with attributes and without, moving the cursor or not");
	for (unsigned al = 0; al < 4; al++) {
		static const char plain[] = "a\rbc", mixed[] = {'d', 0x21, 'e', 0x42};

		set_mode(3);
		set_cursor(0, 1, 1);
		prepare(0x1300 | al);
		in.ebx = 0x0035;
		in.ecx = al & 2 ? 2 : 4;
		in.edx = 0x0a10;
		in.es = GUEST_SEG;
		in.ebp = (uint16_t)(uint32_t)(al & 2 ? mixed : plain);
		CALL(0x10);
		if (al & 2) {
			SAME(cell(10, 16), 0x2164);
			SAME(cell(10, 17), 0x4265);
			SAME(cursor(0), al & 1 ? 0x0a12 : 0x0101);
		} else {
			SAME(cell(10, 16), 0x3561);
			SAME(cell(10, 0), 0x3562);
			SAME(cell(10, 1), 0x3563);
			SAME(cursor(0), al & 1 ? 0x0a02 : 0x0101);
		}
	}
	end();
}

static uint8_t pixel(uint16_t x, uint16_t y)
{
	prepare(0x0d00);
	in.ebx = 0;
	in.ecx = x;
	in.edx = y;
	may.eax = AL;
	CALL(0x10);
	return out.eax;
}

static void put_pixel(uint16_t x, uint16_t y, uint8_t colour)
{
	prepare(0x0c00 | colour);
	in.ebx = 0;
	in.ecx = x;
	in.edx = y;
	CALL(0x10);
}

static void test_graphics(void)
{
	static const struct {
		uint8_t mode, colour, other, height;
		uint16_t x, y;
	} modes[] = {
		{0x12, 0x0d, 0x06, 16, 639, 479},
		{0x13, 0xb7, 0x4c, 8, 319, 199},
	};

	for (unsigned n = 0; n < 2; n++) {
		begin(n ? "INT 10h 09, 0C, 0D in mode 13h: pixels, and characters by the font's bits"
			: "INT 10h 09, 0C, 0D in mode 12h: pixels, and characters by the font's bits");
		uint8_t height = modes[n].height;

		set_mode(modes[n].mode);
		SAME(pixel(modes[n].x, modes[n].y), 0);
		put_pixel(modes[n].x, modes[n].y, modes[n].colour);
		SAME(pixel(modes[n].x, modes[n].y), modes[n].colour);
		SAME(pixel(modes[n].x - 1, modes[n].y), 0);
		SAME(pixel(modes[n].x, modes[n].y - 1), 0);
		put_pixel(7, 3, modes[n].other);
		SAME(pixel(7, 3), modes[n].other);
		SAME(pixel(8, 3), 0);
		if (n == 0) {
			put_pixel(7, 3, 0x85); /* bit 7: exclusive or */
			SAME(pixel(7, 3), modes[n].other ^ 5);
		}
		set_cursor(0, 2, 3);
		prepare(0x0941);
		in.ebx = modes[n].other & 0x7f;
		in.ecx = 1;
		CALL(0x10);
		uint16_t seg = FAR(uint16_t, 0, 0x43 * 4 + 2), off = FAR(uint16_t, 0, 0x43 * 4);
		for (unsigned y = 0; y < height; y++) {
			uint8_t bits = FAR(uint8_t, seg, off + 'A' * height + y), seen = 0;

			for (unsigned x = 0; x < 8; x++)
				seen = seen << 1 | (pixel(24 + x, 2 * height + y) == (modes[n].other & 0x7f));
			SAME(seen, bits);
		}
		prepare(0x0800);
		in.ebx = 0;
		may.eax = AX;
		CALL(0x10);
		SAME(out.eax & AL, 'A');
		end();
	}
}

static void test_palette(void)
{
	set_mode(3);
	begin("INT 10h 10: attribute registers, DAC, overscan, blinking");
	prepare(0x1007);
	in.ebx = 0x0006;
	may.ebx = 0xff00;
	CALL(0x10);
	SAME(out.ebx >> 8 & 0xff, 0x14);
	prepare(0x1000);
	in.ebx = 0x2a06;
	CALL(0x10);
	prepare(0x1007);
	in.ebx = 0x0006;
	may.ebx = 0xff00;
	CALL(0x10);
	SAME(out.ebx >> 8 & 0xff, 0x2a);
	prepare(0x1001);
	in.ebx = 0x3c00;
	CALL(0x10);
	prepare(0x1008);
	may.ebx = 0xff00;
	CALL(0x10);
	SAME(out.ebx >> 8 & 0xff, 0x3c);
	prepare(0x1010);
	in.ebx = 200;
	in.ecx = 0x1122;
	in.edx = 0x3300;
	CALL(0x10);
	prepare(0x1015);
	in.ebx = 200;
	may.ecx = CX;
	may.edx = 0xff00;
	CALL(0x10);
	SAME(out.ecx & CX, 0x1122);
	SAME(out.edx >> 8 & 0xff, 0x33);
	prepare(0x1003);
	in.ebx = 0;
	CALL(0x10);
	EXPECT(!(BDA8(0x65) & 0x20));
	prepare(0x1003);
	in.ebx = 1;
	CALL(0x10);
	EXPECT(BDA8(0x65) & 0x20);
	end();
}

static void test_fonts(void)
{
	static const struct {
		uint8_t al, rows, height;
	} fonts[] = {{0x12, 49, 8}, {0x11, 27, 14}, {0x14, 24, 16}};

	begin("INT 10h 11: the ROM's fonts change the number of rows; 30 tells where they are");
	for (unsigned n = 0; n < 3; n++) {
		set_mode(3);
		prepare(0x1100 | fonts[n].al);
		in.ebx = 0;
		CALL(0x10);
		SAME(BDA8(0x84), fonts[n].rows);
		SAME(BDA16(0x85), fonts[n].height);
		SAME(crtc(9) & 0x1f, fonts[n].height - 1);
		prepare(0x1130);
		in.ebx = (fonts[n].height == 8 ? 3 : fonts[n].height == 14 ? 2 : 6) << 8;
		may.ecx = CX;
		may.edx = 0xff;
		may.ebp = 0xffff;
		may.es = 0xffff;
		CALL(0x10);
		SAME(out.ecx & CX, fonts[n].height);
		SAME(out.edx & 0xff, fonts[n].rows);
		uint8_t any = 0;
		for (unsigned y = 0; y < fonts[n].height; y++)
			any |= FAR(uint8_t, out.es, (uint16_t)out.ebp + 'A' * fonts[n].height + y);
		EXPECT(any);
	}
	set_mode(3);
	end();
}

static void test_information(void)
{
	static uint8_t table[64];

	set_mode(3);
	begin("INT 10h 12/10, 1A, 1B: what kind of video this is");
	prepare(0x1200);
	in.ebx = 0x0010;
	may.ebx = BX;
	may.ecx = CX;
	CALL(0x10);
	SAME(out.ebx & BX, 0x0003);
	prepare(0x1a00);
	may.eax = AL;
	may.ebx = BX;
	CALL(0x10);
	SAME(out.eax & AL, 0x1a);
	SAME(out.ebx & 0xff, 8);
	prepare(0x1b00);
	in.ebx = 0;
	in.es = GUEST_SEG;
	in.edi = (uint16_t)(uint32_t)table;
	may.eax = AL;
	CALL(0x10);
	SAME(out.eax & AL, 0x1b);
	SAME(table[4], 3);
	SAME(table[5], 80);
	end();

	begin("INT 10h: functions that nobody knows change nothing");
	prepare(0x7e5a);
	CALL(0x10);
	prepare(0xff00);
	CALL(0x10);
	SAME(BDA8(0x49), 3);
	end();
}

static void test_vbe(void)
{
	static uint8_t block[512], mode[256];
	static const uint16_t wanted[] = {0x101, 0x103};

	begin("VBE 4F00-4F03, 4F05: modes are told, set and banked");
	block[0] = 'V', block[1] = 'B', block[2] = 'E', block[3] = '2';
	prepare(0x4f00);
	in.es = GUEST_SEG;
	in.edi = (uint16_t)(uint32_t)block;
	may.eax = AX;
	CALL(0x10);
	if ((out.eax & AX) == 0x0100) { /* the Cirrus image */
		test_name = "VBE # SKIP this image has none";
		end();
		return;
	}
	SAME(out.eax & AX, 0x004f);
	SAME(*(uint32_t *)block, 0x41534556); /* VESA */
	EXPECT(*(uint16_t *)&block[4] >= 0x200);
	EXPECT(*(uint16_t *)&block[18] >= 32); /* 64 KiB units: 2 MiB or more */
	for (unsigned n = 0; n < 2; n++) {
		prepare(0x4f01);
		in.ecx = wanted[n];
		in.es = GUEST_SEG;
		in.edi = (uint16_t)(uint32_t)mode;
		may.eax = AX;
		CALL(0x10);
		SAME(out.eax & AX, 0x004f);
		EXPECT(mode[0] & 1);
		SAME(*(uint16_t *)&mode[18], n ? 800 : 640);
		SAME(*(uint16_t *)&mode[20], n ? 600 : 480);
		SAME(mode[25], 8);
		prepare(0x4f02);
		in.ebx = wanted[n];
		may.eax = AX;
		CALL(0x10);
		SAME(out.eax & AX, 0x004f);
		prepare(0x4f03);
		may.eax = AX;
		may.ebx = BX;
		CALL(0x10);
		SAME(out.eax & AX, 0x004f);
		SAME(out.ebx & 0x3fff, wanted[n]);
		FAR(uint8_t, 0xa000, 5) = 0x11;
		prepare(0x4f05);
		in.ebx = 0;
		in.edx = 1;
		may.eax = AX;
		CALL(0x10);
		SAME(out.eax & AX, 0x004f);
		FAR(uint8_t, 0xa000, 5) = 0x22;
		prepare(0x4f05);
		in.ebx = 0;
		in.edx = 0;
		may.eax = AX;
		CALL(0x10);
		SAME(FAR(uint8_t, 0xa000, 5), 0x11);
	}
	prepare(0x4f01); /* a mode that there is not */
	in.ecx = 0x1fe;
	in.es = GUEST_SEG;
	in.edi = (uint16_t)(uint32_t)mode;
	may.eax = AX;
	CALL(0x10);
	EXPECT((out.eax & AX) != 0x004f);
	prepare(0x4f02);
	in.ebx = 0x1fe;
	may.eax = AX;
	CALL(0x10);
	EXPECT((out.eax & AX) != 0x004f);
	set_mode(3);
	SAME(cell(0, 0), 0x0720);
	end();
}

void guest_main(void);
void guest_main(void)
{
	test_modes();
	test_cursor();
	test_scroll();
	test_characters();
	test_graphics();
	test_palette();
	test_fonts();
	test_information();
	test_vbe();
	begin("all of it with at most 100 bytes of the caller's stack");
	EXPECT(deepest <= STACK_LIMIT);
	put_text("# most: ");
	put_unsigned(deepest);
	put_text("\n");
	end();
	put_text("1..");
	put_unsigned(tests);
	put_text("\n");
	for (const char *s = "all calls made"; *s; s++)
		teletype(*s);
	for (;;)
		asm volatile("hlt");
}
