/* SPDX-License-Identifier: MIT
 *
 * A guest program that calls each sub-function of VBE (INT 10h/4Fxxh), in the settings of rows.h, then
 * draws in every mode of the list. References: VBE Core Functions 3.0; VBE/PM 1.0; VBE/DDC 1.1.
 */
#define BUFFER_SIZE 4096
#include <tests/vgabios/screen.h>

uint32_t flat_read(uint32_t address);
void flat_write(uint32_t address, uint32_t value);
void flat_call(struct r *r, uint32_t address);

enum {
	MODE_LINEAR = 1 << 14,
	MODE_KEEP = 1 << 15,
	ONLY_STD = MORE,
	ONLY_CIRRUS = MORE << 1,
	ONLY_BOCHS = MORE << 2,
	EVERY = SEQ | CRTC | GRC | ATC | MISC | DAC,
};
#define BDA_VBE {{0x49, 0x1e}, {0x84, 0x3a}} /* with what lies at BAh */

static bool cirrus, bochs;
static uint16_t memory; /* 64 KiB */

static bool row_runs(const struct row *row, const char **why)
{
	return !((row->flags & ONLY_STD && cirrus) || (row->flags & ONLY_CIRRUS && !cirrus) ||
		 (row->flags & ONLY_BOCHS && !bochs));
}

/* Calls of which a row needs the effect; the result's AX. */
static struct r vbe_r;
static uint16_t vbe(uint16_t ax, uint16_t bx, uint16_t cx, uint16_t dx)
{
	vbe_r = (struct r){ax, bx, cx, dx, 0, BUFFER, 0, GUEST_SEG, BUFFER_SEG, 0, 0, IF | 2};
	int_call(&vbe_r, 0x10);
	return vbe_r.eax;
}

static void set_vbe(uint16_t mode)
{
	SAME(vbe(0x4f02, mode, 0, 0), 0x004f);
}

static void buffer_call(void)
{
	in.es = BUFFER_SEG;
	LOW(edi, BUFFER);
}

/* What a far pointer in the buffer points at. */
static uint32_t pointed(unsigned at)
{
	uint16_t off = BUFFER16(at), seg = BUFFER16(at + 2);

	return FAR(uint32_t, seg, off);
}

/* --- 00h --- */

static void set_00(void)
{
	buffer_call();
	BUFFER32(0) = 0x41534556; /* no request for VBE 2 */
}
static void look_00(void)
{
	uint16_t off = BUFFER16(14), seg = BUFFER16(16);
	unsigned modes = 0;

	SAME(BUFFER32(0), 0x41534556);
	SAME(BUFFER16(4), 0x0300);
	SAME(BUFFER32(10), cirrus ? 0 : 1);
	SAME(BUFFER16(18), memory);
	SAME(pointed(6), 0x20776664); /* "dfw " */
	while (FAR(uint16_t, seg, off) != 0xffff)
		off += 2, modes++;
	EXPECT(modes >= 30);
}
static void look_00_first(void)
{
	look_00();
	for (unsigned i = 20; i < 256; i++)
		SAME(BUFFER8(i), 0);
}
static void set_00_second(void)
{
	buffer_call();
	BUFFER32(0) = 0x32454256;
}
static void look_00_second(void)
{
	look_00();
	SAME(BUFFER16(20), 0x0100);
	SAME(pointed(22), 0x00776664);
	SAME(pointed(26), 0x20776664);
	SAME(pointed(30), 0x00302e31);
}
static void set_at_end(void)
{
	in.es = BUFFER_SEG;
	LOW(edi, 0xff01);
	LOW(ecx, 0x101);
}
static void set_at_last_byte(void)
{
	in.es = BUFFER_SEG;
	LOW(edi, 0xffff);
	LOW(ecx, 0x101);
}

/* --- 01h --- */

#define SET_01(mode)                                                                               \
	static void set_01_##mode(void)                                                            \
	{                                                                                          \
		buffer_call();                                                                     \
		LOW(ecx, 0x##mode);                                                                \
	}
SET_01(101)
SET_01(102)
SET_01(109)
SET_01(110)
SET_01(111)
SET_01(112)
SET_01(143)
SET_01(1fe)
SET_01(003)

static void look_mode(uint16_t attributes, uint16_t width, uint16_t height, uint8_t bits, uint8_t model)
{
	uint16_t pitch = bits == 4 ? width / 8 : width * ((bits + 7) / 8);
	uint32_t per = (uint32_t)pitch * height * (bits == 4 ? 4 : 1);
	uint32_t pages = ((uint32_t)memory << 16) / per - 1;

	SAME(BUFFER16(0), attributes);
	SAME(BUFFER8(2), 7);
	SAME(BUFFER8(3), 0);
	SAME(BUFFER16(4), 64);
	SAME(BUFFER16(6), 64);
	SAME(BUFFER16(8), 0xa000);
	SAME(BUFFER16(10), 0);
	SAME(BUFFER16(14), 0xc000);
	SAME(BUFFER16(16), pitch);
	SAME(BUFFER16(18), width);
	SAME(BUFFER16(20), height);
	SAME(BUFFER8(22), 8);
	SAME(BUFFER8(23), 16);
	SAME(BUFFER8(24), bits == 4 ? 4 : 1);
	SAME(BUFFER8(25), bits);
	SAME(BUFFER8(26), 1);
	SAME(BUFFER8(27), model);
	SAME(BUFFER8(29), pages > 255 ? 255 : pages);
	SAME(BUFFER8(30), 1);
	SAME(BUFFER16(50), bits == 4 ? 0 : pitch);
	EXPECT(bits == 4 || BUFFER32(40) >= 0x80000000);
	EXPECT(BUFFER32(62) >= 100000000);
	for (unsigned i = 66; i < 256; i++)
		SAME(BUFFER8(i), 0);
}
static void look_masks(uint32_t first, uint32_t second, uint8_t direct)
{
	SAME(BUFFER32(31), first);
	SAME(BUFFER32(35), second);
	SAME(BUFFER8(39), direct);
	SAME(BUFFER32(54), first);
	SAME(BUFFER32(58), second);
}
static void look_01_101(void)
{
	look_mode(0x9b, 640, 480, 8, 4);
	look_masks(0, 0, 0);
}
static void look_01_102(void)
{
	look_mode(0x1f, 800, 600, 4, 3);
}
static void look_01_110(void)
{
	look_mode(0x9b, 640, 480, 15, 6);
	look_masks(0x05050a05, 0x0f010005, 0);
}
static void look_01_111(void)
{
	look_mode(0x9b, 640, 480, 16, 6);
	look_masks(0x05060b05, 0x00000005, 0);
}
static void look_01_112(void)
{
	look_mode(0x9b, 640, 480, 24, 6);
	look_masks(0x08081008, 0x00000008, 0);
}
static void look_01_143(void)
{
	look_mode(0x9b, 800, 600, 32, 6);
	look_masks(0x08081008, 0x18080008, 2);
}
static void look_01_109(void)
{
	SAME(BUFFER16(0), 0x0f);
	SAME(BUFFER16(8), 0xb800);
	SAME(BUFFER16(16), 264);
	SAME(BUFFER16(18), 132);
	SAME(BUFFER16(20), 25);
	SAME(BUFFER8(23), 16);
	SAME(BUFFER8(25), 4);
	SAME(BUFFER8(27), 0);
}

/* --- 02h, 03h --- */

#define SET_02(mode)                                                                               \
	static void set_02_##mode(void)                                                            \
	{                                                                                          \
		in.es = BUFFER_SEG;                                                                \
		LOW(edi, BUFFER);                                                                  \
		LOW(ebx, 0x##mode);                                                                \
	}
SET_02(101)
SET_02(8101)
SET_02(4101)
SET_02(4102)
SET_02(112)
SET_02(901)
SET_02(1101)
SET_02(1fe)
SET_02(004)
SET_02(8003)
SET_02(4003)
SET_02(10a)
SET_02(410a)

static uint16_t current_mode(void)
{
	SAME(vbe(0x4f03, 0, 0, 0), 0x004f);
	return vbe_r.ebx;
}
static void look_02_101(void)
{
	SAME(current_mode(), 0x101);
	SAME(BDA16(0x4a), 80);
	SAME(BDA8(0x84), 29);
	SAME(BDA16(0x85), 16);
	SAME(BDA8(0x87) & 0x80, 0);
	SAME(FAR(uint16_t, 0xa000, 0), 0);
}
static void look_02_8101(void)
{
	SAME(current_mode(), 0x8101);
	SAME(BDA8(0x87) & 0x80, 0x80);
}
static void look_02_4101(void)
{
	SAME(current_mode(), 0x4101);
}
static void look_02_112(void)
{
	SAME(current_mode(), 0x112);
}
static void look_mode_3(void)
{
	SAME(current_mode(), 3);
	SAME(BDA8(0x49), 3);
}
static void look_02_004(void)
{
	SAME(current_mode(), 4);
	SAME(BDA8(0x49), 4);
}
static void look_02_8003(void)
{
	SAME(current_mode(), 0x8003);
}
static void look_02_10a(void)
{
	SAME(current_mode(), 0x10a);
	SAME(BDA16(0x4a), 132);
	SAME(BDA8(0x84), 42);
	SAME(BDA16(0x85), 8);
	SAME(FAR(uint16_t, 0xb800, 0), 0x0720);
}
static void set_03_vbe(void)
{
	set_vbe(0x111 | MODE_LINEAR);
	may.ebx = 0xffff;
}
static void look_03_vbe(void)
{
	SAME((uint16_t)out.ebx, 0x4111);
}
static void set_03(void)
{
	may.ebx = 0xffff;
}
static void look_03(void)
{
	SAME((uint16_t)out.ebx, 3);
}

/* --- 04h --- */

static void set_04_size(void)
{
	LOW(ecx, 0x000f);
	LOW(edx, 0);
	may.ebx = 0xffff;
}
static void look_04_size(void)
{
	uint16_t all = out.ebx, sum = 0;

	EXPECT(all > 0 && all * 64 <= BUFFER_SIZE);
	for (unsigned i = 0; i < 4; i++) {
		SAME(vbe(0x4f04, 0, 1 << i, 0), 0x004f);
		EXPECT(vbe_r.ebx);
		sum += vbe_r.ebx;
	}
	EXPECT(sum >= all);
}
static void set_04_save(void)
{
	set_vbe(0x101);
	vbe(0x4f06, 0, 1024, 0);
	vbe(0x4f07, 0, 16, 8);
	vbe(0x4f05, 0, 0, 3);
	LOW(ecx, 0x000f);
	LOW(edx, 1);
	in.es = BUFFER_SEG;
	LOW(ebx, BUFFER);
}
static void set_04_restore(void)
{
	uint16_t saved;

	set_04_save();
	saved = vbe(0x4f04, BUFFER, 0x000f, 1);
	SAME(saved, 0x004f);
	FAR(uint32_t, 0xa000, 0x8000) = 0x12345678;
	video(3, 0, 0, 0);
	LOW(edx, 2);
}
static void look_04_restore(void)
{
	SAME(current_mode(), 0x101);
	SAME(vbe(0x4f05, 0x0100, 0, 0), 0x004f);
	SAME((uint16_t)vbe_r.edx, 3);
	SAME(FAR(uint32_t, 0xa000, 0x8000), 0x12345678);
	SAME(vbe(0x4f06, 1, 0, 0), 0x004f);
	SAME((uint16_t)vbe_r.ebx, 1024);
	SAME(vbe(0x4f07, 1, 0, 0), 0x004f);
	SAME((uint16_t)vbe_r.ecx, 16);
	SAME((uint16_t)vbe_r.edx, 8);
}
static void set_04_bad(void)
{
	LOW(ecx, 0x000f);
	LOW(edx, 3);
}
static void set_04_at_end(void)
{
	LOW(ecx, 0x000f);
	LOW(edx, 1);
	LOW(ebx, 0xffe0);
	in.es = BUFFER_SEG;
}

/* --- 05h --- */

static void set_05(void)
{
	set_vbe(0x101);
	FAR(uint32_t, 0xa000, 4) = 0x11111111;
	LOW(ebx, 0);
	LOW(edx, 2);
}
static void look_05(void)
{
	SAME(FAR(uint32_t, 0xa000, 4), 0);
	FAR(uint32_t, 0xa000, 4) = 0x22222222;
	vbe(0x4f05, 0, 0, 0);
	SAME(FAR(uint32_t, 0xa000, 4), 0x11111111);
	vbe(0x4f05, 0, 0, 2);
	SAME(FAR(uint32_t, 0xa000, 4), 0x22222222);
}
static void set_05_get(void)
{
	set_vbe(0x101);
	vbe(0x4f05, 0, 0, memory - 1);
	LOW(ebx, 0x0100);
	may.edx = 0xffff;
}
static void look_05_get(void)
{
	SAME((uint16_t)out.edx, memory - 1);
}
static void set_05_high(void)
{
	set_vbe(0x101);
	vbe(0x4f05, 0, 0, 5);
	LOW(ebx, 0);
	LOW(edx, memory);
}
static void look_05_high(void)
{
	vbe(0x4f05, 0x0100, 0, 0);
	SAME((uint16_t)vbe_r.edx, 5);
}
static void set_05_window_b(void)
{
	set_vbe(0x101);
	LOW(ebx, 1);
	LOW(edx, 0);
}
static void set_05_bad(void)
{
	set_vbe(0x101);
	LOW(ebx, 0x0200);
	LOW(edx, 0);
}

/* --- 06h --- */

static void set_06_pixels(void)
{
	set_vbe(0x111);
	LOW(ebx, 0);
	LOW(ecx, 801);
	may.ebx = may.ecx = may.edx = 0xffff;
}
static void look_06_pixels(void)
{
	SAME((uint16_t)out.ebx, 808 * 2);
	SAME((uint16_t)out.ecx, 808);
	SAME((uint16_t)out.edx, ((uint32_t)memory << 16) / (808 * 2));
}
static void set_06_get(void)
{
	set_vbe(0x112);
	LOW(ebx, 1);
	may.ebx = may.ecx = may.edx = 0xffff;
}
static void look_06_get(void)
{
	SAME((uint16_t)out.ebx, 1920);
	SAME((uint16_t)out.ecx, 640);
	SAME((uint16_t)out.edx, ((uint32_t)memory << 16) / 1920);
}
static void set_06_bytes(void)
{
	set_vbe(0x112);
	LOW(ebx, 2);
	LOW(ecx, 2400);
	may.ebx = may.ecx = may.edx = 0xffff;
}
static void look_06_bytes(void)
{
	SAME((uint16_t)out.ebx, 2400);
	SAME((uint16_t)out.ecx, 800);
	SAME(vbe(0x4f06, 1, 0, 0), 0x004f);
	SAME((uint16_t)vbe_r.ebx, 2400);
}
static void set_06_longest(void)
{
	set_vbe(0x101);
	LOW(ebx, 3);
	may.ebx = may.ecx = may.edx = 0xffff;
}
static void look_06_longest(void)
{
	uint16_t longest = out.ebx;

	EXPECT(longest >= 640);
	SAME((uint16_t)out.ecx, longest);
	EXPECT((uint16_t)out.edx >= 480);
	SAME(vbe(0x4f06, 1, 0, 0), 0x004f);
	SAME((uint16_t)vbe_r.ebx, 640);
	SAME(vbe(0x4f06, 2, longest, 0), 0x004f);
	SAME((uint16_t)vbe_r.ebx, longest);
	EXPECT((uint16_t)vbe_r.edx >= 480);
}
static void set_06_short(void)
{
	set_vbe(0x101);
	LOW(ebx, 0);
	LOW(ecx, 100);
	may.ebx = may.ecx = may.edx = 0xffff;
}
static void look_06_short(void)
{
	SAME((uint16_t)out.ebx, 640);
	SAME((uint16_t)out.ecx, 640);
}
static void set_06_long(void)
{
	set_vbe(0x112);
	LOW(ebx, 0);
	LOW(ecx, 0xffff);
}
static void set_06_bad(void)
{
	set_vbe(0x112);
	LOW(ebx, 4);
}

/* --- 07h --- */

static void set_07(void)
{
	set_vbe(0x101);
	LOW(ebx, 0);
	LOW(ecx, 320);
	LOW(edx, 300);
}
static void look_07(void)
{
	SAME(vbe(0x4f07, 1, 0, 0), 0x004f);
	SAME((uint16_t)vbe_r.ecx, 320);
	SAME((uint16_t)vbe_r.edx, 300);
}
static void set_07_retrace(void)
{
	set_07();
	LOW(ebx, 0x80);
}
static void set_07_get(void)
{
	set_vbe(0x143);
	vbe(0x4f07, 0, 24, 500);
	LOW(ebx, 1);
	may.ebx = 0xff00;
	may.ecx = may.edx = 0xffff;
}
static void look_07_get(void)
{
	SAME(out.ebx >> 8 & 0xff, 0);
	SAME((uint16_t)out.ecx, 24);
	SAME((uint16_t)out.edx, 500);
}
static void set_07_low(void)
{
	set_vbe(0x101);
	LOW(ebx, 0);
	LOW(ecx, 0);
	LOW(edx, 0xffff);
}
static void set_07_last(void)
{
	set_vbe(0x101);
	LOW(ebx, 0);
	LOW(ecx, 0);
	LOW(edx, ((uint32_t)memory << 16) / 640 - 480);
}
static void set_07_past(void)
{
	set_07_last();
	in.edx++;
}
static void set_07_bad(void)
{
	set_vbe(0x101);
	LOW(ebx, 2);
}

/* --- 08h, 09h --- */

static void set_08(void)
{
	set_vbe(0x101);
	LOW(ebx, 0x0800);
	may.ebx = 0xff00;
}
static void look_08(void)
{
	uint8_t width = cirrus ? 6 : 8;

	SAME(out.ebx >> 8 & 0xff, width);
	vbe(0x4f08, 1, 0, 0);
	SAME(vbe_r.ebx >> 8 & 0xff, width);
	set_vbe(0x101); /* a mode set brings 6 bits back */
	vbe(0x4f08, 1, 0, 0);
	SAME(vbe_r.ebx >> 8 & 0xff, 6);
}
static void set_08_get(void)
{
	set_vbe(0x101);
	LOW(ebx, 1);
	may.ebx = 0xff00;
}
static void look_08_get(void)
{
	SAME(out.ebx >> 8 & 0xff, 6);
}
static void set_08_direct(void)
{
	set_vbe(0x112);
	LOW(ebx, 0x0800);
}
static void set_08_bad(void)
{
	set_vbe(0x101);
	LOW(ebx, 2);
}
static void set_09(void)
{
	set_vbe(0x101);
	for (unsigned i = 0; i < 256; i++)
		BUFFER32(i * 4) = 0x00010203 * (i & 0x0f);
	buffer_call();
	LOW(ebx, 0);
	LOW(ecx, 256);
	LOW(edx, 0);
}
static void set_09_retrace(void)
{
	set_09();
	LOW(ebx, 0x80);
	LOW(ecx, 16);
}
static void look_09(void)
{
	outb(0x3c7, 5);
	SAME(inb(0x3c9), 5);
	SAME(inb(0x3c9), 10);
	SAME(inb(0x3c9), 15);
}
static void set_09_get(void)
{
	set_vbe(0x101);
	outb(0x3c8, 250);
	for (unsigned i = 0; i < 18; i++)
		outb(0x3c9, i);
	buffer_call();
	LOW(ebx, 1);
	LOW(ecx, 6);
	LOW(edx, 250);
}
static void look_09_get(void)
{
	for (unsigned i = 0; i < 6; i++)
		SAME(BUFFER32(i * 4), (3 * i) << 16 | (3 * i + 1) << 8 | (3 * i + 2));
}
static void set_09_many(void)
{
	set_09();
	LOW(edx, 1);
}
static void set_09_secondary(void)
{
	set_09();
	LOW(ebx, 2);
}
static void set_09_secondary_get(void)
{
	set_09();
	LOW(ebx, 3);
}
static void set_09_bad(void)
{
	set_09();
	LOW(ebx, 4);
}

/* --- 0Ah, 10h, 15h --- */

static void set_0a(void)
{
	LOW(ebx, 0);
	may.ecx = may.edi = may.es = 0xffff;
}
static void look_0a(void)
{
	SAME(out.es, 0xc000);
	for (unsigned i = 0; i < 4; i++)
		EXPECT(FAR(uint16_t, out.es, (uint16_t)out.edi + i * 2) < (uint16_t)out.ecx);
}
static void set_0a_bad(void)
{
	LOW(ebx, 1);
}
static void set_10(void)
{
	LOW(ebx, 0);
	may.ebx = 0xffff;
}
static void look_10(void)
{
	SAME((uint16_t)out.ebx, cirrus ? 0x0710 : 0x0410);
}
static void set_10_off(void)
{
	LOW(ebx, 0x0401);
}
static void look_10_off(void)
{
	vbe(0x4f10, 2, 0, 0);
	SAME(vbe_r.ebx >> 8 & 0xff, 4);
	EXPECT(indexed(0x3c4, 1) & 0x20);
	vbe(0x4f10, 0x0001, 0, 0);
	EXPECT(!(indexed(0x3c4, 1) & 0x20));
	vbe(0x4f10, 2, 0, 0);
	SAME(vbe_r.ebx >> 8 & 0xff, 0);
}
static void set_10_standby(void)
{
	LOW(ebx, 0x0101);
}
static void set_10_low(void)
{
	LOW(ebx, 0x0801);
}
static void set_10_bad(void)
{
	LOW(ebx, 0x0003);
}

static void set_15(void)
{
	LOW(ebx, 0);
	LOW(ecx, 0);
	may.ebx = 0xffff;
}
static void look_15(void)
{
	SAME((uint16_t)out.ebx, 0x0102);
}
static void set_15_edid(void)
{
	buffer_call();
	LOW(ebx, 1);
	LOW(ecx, 0);
	LOW(edx, 0);
}
static void look_15_edid(void)
{
	uint8_t sum = 0;

	SAME(BUFFER32(0), 0xffffff00);
	SAME(BUFFER32(4), 0x00ffffff);
	for (unsigned i = 0; i < 128; i++)
		sum += BUFFER8(i);
	SAME(sum, 0);
	video(3, 0, 0, 0); /* memory is where it was */
	SAME(FAR(uint16_t, 0xb800, 0), 0x0720);
}
static void set_15_block(void)
{
	set_15_edid();
	LOW(edx, 2);
}
static void set_15_unit(void)
{
	set_15_edid();
	LOW(ecx, 1);
}

/* --- the calls of the CL-GD5446's drivers: INT 10h/12h --- */

#define SET_12(n)                                                                                  \
	static void set_12_##n(void)                                                               \
	{                                                                                          \
		LOW(ebx, 0x##n);                                                                   \
		may.eax = may.ebx = may.ecx = 0xffff;                                              \
	}
SET_12(80)
SET_12(81)
SET_12(82)
SET_12(85)
SET_12(9a)
SET_12(a1)
static void look_12_80(void)
{
	SAME((uint16_t)out.eax, 0x0039);
	EXPECT((uint16_t)out.ebx < 4);
}
static void look_12_81(void)
{
	SAME((uint16_t)out.eax, 0x0100);
}
static void look_12_82(void)
{
	EXPECT((out.eax & 0xff) < 4);
}
static void look_12_85(void)
{
	SAME(out.eax & 0xff, memory);
}
static void look_12_9a(void)
{
	SAME((uint16_t)out.eax, 0x0060);
	SAME((uint16_t)out.ecx, 0x2800);
}
static void look_12_a1(void)
{
	SAME((uint16_t)out.ebx, 0x0e00);
}

/* A0h changes DS: not by a row. Then the modes by the chip's own numbers. */
static void test_cirrus_modes(void)
{
	static const uint16_t modes[][4] = {
		{0x14, 132, 24, 0x109}, {0x54, 132, 42, 0x10a}, {0x58, 100, 36, 0x102}, {0x5d, 128, 47, 0x104},
		{0x5f, 80, 29, 0x101},	{0x60, 128, 47, 0x105}, {0x64, 80, 29, 0x111},	{0x6d, 160, 63, 0x107},
		{0x71, 80, 29, 0x112},	{0x7b, 200, 74, 0x11c},
	};

	begin("INT 10h/00h, 12h/A0h: modes by the chip's own numbers");
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		video(modes[i][0], 0, 0, 0);
		SAME(current_mode(), modes[i][3]);
		SAME(BDA16(0x4a), modes[i][1]);
		SAME(BDA8(0x84), modes[i][2]);
		vbe(0x1200 | modes[i][0], 0xa0, 0, 0);
		SAME(vbe_r.eax >> 8 & 0xff, 1);
	}
	video(3, 0, 0, 0);
	video(0x57, 0, 0, 0);
	SAME(current_mode(), 3);
	vbe(0x1257, 0xa0, 0, 0);
	SAME(vbe_r.eax >> 8 & 0xff, 0);
	end();
}

/* The far call at WinFuncPtr, by way of an interrupt vector of ours: it comes back, and does the same. */
static void test_far_call(void)
{
	static uint8_t code[8] = {0x9a, 0, 0, 0, 0, 0xcf}; /* lcall, iret */
	uint32_t old = FAR(uint32_t, 0, 0x7e * 4);

	begin("the far call that 4F01 tells of switches banks, tells them, and returns");
	set_vbe(0x101);
	SAME(vbe(0x4f01, 0, 0x101, 0), 0x004f);
	for (unsigned i = 0; i < 4; i++)
		code[1 + i] = BUFFER8(12 + i);
	FAR(uint32_t, 0, 0x7e * 4) = (uint32_t)GUEST_SEG << 16 | (uint16_t)(uint32_t)code;
	prepare(0x1234);
	LOW(ebx, 0);
	LOW(edx, 7);
	may.eax = 0xffff;
	call_line(0x7e, __LINE__);
	SAME((uint16_t)out.eax, 0x004f);
	FAR(uint8_t, 0xa000, 0) = 0x77;
	vbe(0x4f05, 0x0100, 0, 0);
	SAME((uint16_t)vbe_r.edx, 7);
	prepare(0x1234);
	LOW(ebx, 0x0100);
	may.eax = may.edx = 0xffff;
	call_line(0x7e, __LINE__);
	SAME((uint16_t)out.edx, 7);
	prepare(0x1234);
	LOW(ebx, 0);
	LOW(edx, memory);
	may.eax = 0xffff;
	call_line(0x7e, __LINE__);
	SAME((uint16_t)out.eax, 0x014f);
	SAME(FAR(uint8_t, 0xa000, 0), 0x77);
	FAR(uint32_t, 0, 0x7e * 4) = old;
	end();
}

/* 4F0A's code, copied elsewhere, from flat protected mode */
enum { COPY = 0x5c000 };
static uint16_t copied(unsigned function, uint16_t bx, uint16_t cx, uint16_t dx, uint32_t edi)
{
	struct r r = {0x4f00, bx, 0xcccc0000 | cx, 0xdddd0000 | dx, 0x51515151, edi, 0x61616161}, was = r;
	const uint32_t *is = &r.eax, *before = &was.eax;

	flat_call(&r, COPY + FAR(uint16_t, COPY >> 4, function * 2));
	for (unsigned i = 1; i < 7; i++)
		SAME(is[i], before[i]);
	return r.eax;
}

static void test_protected_mode(void)
{
	static const uint16_t std_ports[] = {0x1ce, 0x1cf, 0x3c8, 0x3c9, 0x3da},
			      cirrus_ports[] = {0x3c8, 0x3c9, 0x3ce, 0x3cf, 0x3d4, 0x3d5, 0x3da};
	const uint16_t *ports = cirrus ? cirrus_ports : std_ports;
	uint16_t at;

	begin("the protected-mode interface switches banks");
	set_vbe(0x101);
	SAME(vbe(0x4f0a, 0, 0, 0), 0x004f);
	for (unsigned i = 0; i < (uint16_t)vbe_r.ecx; i++) {
		uint8_t v = FAR(uint8_t, vbe_r.es, (uint16_t)vbe_r.edi + i);

		FAR(uint8_t, COPY >> 4, i) = v;
	}
	SAME(copied(0, 0, 0, 9, 0), 0x004f);
	vbe(0x4f05, 0x0100, 0, 0);
	SAME((uint16_t)vbe_r.edx, 9);
	SAME(copied(0, 1, 0, 0, 0), 0x014f);
	end();

	begin("the protected-mode interface moves the picture, in units of 4 bytes");
	for (unsigned n = 0; n < 3; n++) {
		static const uint16_t modes[] = {0x101, 0x111, 0x112};
		uint8_t bytes = n + 1;
		uint32_t offset = ((uint32_t)500 * 640 + 16) * bytes / 4;

		set_vbe(modes[n]);
		SAME(copied(1, n == 1 ? 0x80 : 0, offset, offset >> 16, 0), 0x004f);
		vbe(0x4f07, 1, 0, 0);
		SAME((uint16_t)vbe_r.ecx, 16);
		SAME((uint16_t)vbe_r.edx, 500);
	}
	set_vbe(0x102);
	SAME(copied(1, 0, 100 * 100 + 2, 0, 0), 0x004f);
	vbe(0x4f07, 1, 0, 0);
	SAME((uint16_t)vbe_r.ecx, 16);
	SAME((uint16_t)vbe_r.edx, 100);
	end();

	begin("the protected-mode interface sets the palette");
	set_vbe(0x101);
	for (unsigned i = 0; i < 4; i++)
		BUFFER32(i * 4) = 0x99010203 * (i + 1);
	for (unsigned n = 0; n < 2; n++) {
		outb(0x3c8, 10);
		for (unsigned i = 0; i < 15; i++)
			outb(0x3c9, 0x3f);
		SAME(copied(2, n ? 0x80 : 0, 4, 10, BUFFER_AT), 0x004f);
		outb(0x3c7, 12);
		SAME(inb(0x3c9), 3);
		SAME(inb(0x3c9), 6);
		SAME(inb(0x3c9), 9);
		outb(0x3c7, 14);
		SAME(inb(0x3c9), 0x3f);
	}
	SAME(copied(2, 2, 0, 0, BUFFER_AT), 0x014f);
	end();

	begin("the protected-mode interface tells its ports");
	at = FAR(uint16_t, COPY >> 4, 6);
	for (unsigned i = 0; i < (cirrus ? 7 : 5); i++) {
		bool there = false;

		for (uint16_t p = at; FAR(uint16_t, COPY >> 4, p) != 0xffff; p += 2)
			there |= FAR(uint16_t, COPY >> 4, p) == ports[i];
		check_line(there, i, "port", 0, ports[i]);
	}
	while (FAR(uint16_t, COPY >> 4, at) != 0xffff)
		at += 2;
	SAME(FAR(uint16_t, COPY >> 4, at + 2), 0xffff);
	end();
}

/* --- every mode --- */

static void put_mode(uint16_t mode)
{
	static char name[60];
	unsigned at = 0;

	for (const char *p = "mode "; *p; p++)
		name[at++] = *p;
	for (unsigned i = 12; i; i -= 4)
		name[at++] = "0123456789ABCDEF"[mode >> (i - 4) & 15];
	for (const char *p = "h: memory through the windows and linear, cleared and kept"; *p; p++)
		name[at++] = *p;
	name[at] = 0;
	begin(name);
}

/* A double word of the picture: at most 12 of them. */
static uint32_t sample(uint32_t offset)
{
	vbe(0x4f05, 0, 0, offset >> 16);
	return FAR(uint32_t, 0xa000, offset & 0xfffc);
}
static void put_sample(uint32_t offset, uint32_t value)
{
	vbe(0x4f05, 0, 0, offset >> 16);
	FAR(uint32_t, 0xa000, offset & 0xfffc) = value;
}

static uint16_t at(uint16_t columns, uint16_t row, uint16_t column)
{
	return FAR(uint16_t, 0xb800, (row * columns + column) * 2);
}

static void test_text_mode(uint16_t mode)
{
	uint16_t columns = BUFFER16(18), rows = BUFFER16(20);

	set_vbe(mode);
	SAME(current_mode(), mode);
	SAME(BDA16(0x4a), columns);
	SAME(BDA8(0x84), rows - 1);
	SAME(crtc(1) + 1, columns);
	SAME(crtc(0x13), columns / 2);
	SAME(crtc(9) & 0x1f, BUFFER8(23) - 1);
	SAME(at(columns, rows - 1, columns - 1), 0x0720);
	FAR(uint16_t, 0xb800, (rows * columns - 1) * 2) = 0x4e41;
	set_cursor(0, rows - 1, 0);
	video(0x0e0a, 0x0007, 0, 0); /* a line feed on the last row */
	SAME(at(columns, rows - 2, columns - 1), 0x4e41);
	SAME(at(columns, rows - 1, columns - 1), 0x0720);
	FAR(uint16_t, 0xb800, 0) = 0x1234;
	set_vbe(mode | MODE_KEEP);
	SAME(at(columns, 0, 0), 0x1234);
	SAME(vbe(0x4f02, mode | MODE_LINEAR, 0, 0), 0x014f);
}

static void test_mode(uint16_t mode)
{
	uint16_t width, height, pitch;
	uint32_t size, lfb;
	bool planar;

	put_mode(mode);
	SAME(vbe(0x4f01, 0, mode, 0), 0x004f);
	if (!(BUFFER16(0) & 0x10)) {
		test_text_mode(mode);
		end();
		return;
	}
	width = BUFFER16(18);
	height = BUFFER16(20);
	pitch = BUFFER16(16);
	planar = BUFFER8(27) == 3;
	lfb = BUFFER32(40);
	size = (uint32_t)pitch * height;
	EXPECT(size * (planar ? 4 : 1) <= (uint32_t)memory << 16);
	set_vbe(mode);
	SAME(BDA16(0x4a), width / 8);
	for (uint32_t at = 0; at < size; at += 0xfff0)
		SAME(sample(at), 0);
	for (uint32_t at = 0; at < size; at += 0xfff0)
		put_sample(at, at ^ 0x5a5a5a5a);
	put_sample(size - 4, 0xcafe1234);
	for (uint32_t at = 0; at < size && !planar; at += 0xfff0)
		SAME(sample(at), at ^ 0x5a5a5a5a);
	if (!planar)
		SAME(sample(size - 4), 0xcafe1234);
	else
		EXPECT(sample(size - 4));
	if (lfb) {
		set_vbe(mode | MODE_LINEAR | MODE_KEEP);
		for (uint32_t at = 0; at < size; at += 0xfff0)
			SAME(flat_read(lfb + (at & ~3u)), at ^ 0x5a5a5a5a);
		SAME(flat_read(lfb + size - 4), 0xcafe1234);
		flat_write(lfb + size - 4, 0x4321);
		SAME(flat_read(lfb + size - 4), 0x4321);
		set_vbe(mode | MODE_LINEAR);
		for (uint32_t at = 0; at < size; at += 0xfff0)
			SAME(flat_read(lfb + (at & ~3u)), 0);
	} else {
		SAME(vbe(0x4f02, mode | MODE_LINEAR, 0, 0), 0x014f);
		set_vbe(mode | MODE_KEEP);
		EXPECT(sample(size - 4));
	}
	set_vbe(mode);
	SAME(sample(size - 4), 0);
	end();
}

static void test_modes(void)
{
	uint16_t off, seg, mode;

	vbe(0x4f00, 0, 0, 0);
	off = BUFFER16(14);
	seg = BUFFER16(16);
	while ((mode = FAR(uint16_t, seg, off)) != 0xffff) {
		test_mode(mode);
		off += 2;
	}
}

/* clang-format off */
#define ALL_REGISTERS .registers = EVERY, .video = ALL_VIDEO
#define VBE(name, al, status) name, 0x10, 0x4f00 | (al), AX_IS(status)
#define SETS ALL_REGISTERS, .bda = BDA_VBE, .vector = 0x43
static const struct row rows[] = {
	{VBE("10h/4F00h", 0x00, 0x004f), .buffer = 256, .set = set_00, .look = look_00_first, .registers = SEQ},
	{VBE("10h/4F00h for VBE2", 0x00, 0x004f), .buffer = 512, .set = set_00_second, .look = look_00_second, .registers = SEQ},
	{VBE("10h/4F00h, a buffer past the segment's end", 0x00, 0x014f), .set = set_at_end, .registers = SEQ},
	{VBE("10h/4F00h, a buffer at FFFFh", 0x00, 0x014f), .set = set_at_last_byte, .registers = SEQ},
	{VBE("10h/4F01h, 8 bits", 0x01, 0x004f), .buffer = 256, .set = set_01_101, .look = look_01_101, .registers = SEQ},
	{VBE("10h/4F01h, 4 bits", 0x01, 0x004f), .buffer = 256, .set = set_01_102, .look = look_01_102, .registers = SEQ},
	{VBE("10h/4F01h, text", 0x01, 0x004f), .buffer = 256, .set = set_01_109, .look = look_01_109, .registers = SEQ},
	{VBE("10h/4F01h, 15 bits", 0x01, 0x004f), .buffer = 256, .set = set_01_110, .look = look_01_110, .registers = SEQ},
	{VBE("10h/4F01h, 16 bits", 0x01, 0x004f), .buffer = 256, .set = set_01_111, .look = look_01_111, .registers = SEQ},
	{VBE("10h/4F01h, 24 bits", 0x01, 0x004f), .buffer = 256, .set = set_01_112, .look = look_01_112, .registers = SEQ},
	{VBE("10h/4F01h, 32 bits", 0x01, 0x004f), .buffer = 256, .set = set_01_143, .look = look_01_143, .registers = SEQ},
	{VBE("10h/4F01h, no such mode", 0x01, 0x014f), .set = set_01_1fe, .registers = SEQ},
	{VBE("10h/4F01h, a standard mode", 0x01, 0x014f), .set = set_01_003, .registers = SEQ},
	{VBE("10h/4F01h, a buffer past the segment's end", 0x01, 0x014f), .set = set_at_end, .registers = SEQ},
	{VBE("10h/4F02h", 0x02, 0x004f), .flags = ONCE, SETS, .set = set_02_101, .look = look_02_101},
	{VBE("10h/4F02h, keeping memory", 0x02, 0x004f), .flags = ONCE, SETS, .set = set_02_8101, .look = look_02_8101},
	{VBE("10h/4F02h, linear", 0x02, 0x004f), .flags = ONCE, SETS, .set = set_02_4101, .look = look_02_4101},
	{VBE("10h/4F02h, direct colour", 0x02, 0x004f), .flags = ONCE, SETS, .set = set_02_112, .look = look_02_112},
	{VBE("10h/4F02h, linear where it is not", 0x02, 0x014f), .set = set_02_4102, .look = look_mode_3, .registers = SEQ},
	{VBE("10h/4F02h, a timing of one's own", 0x02, 0x014f), .set = set_02_901, .look = look_mode_3, .registers = SEQ},
	{VBE("10h/4F02h, a reserved bit", 0x02, 0x014f), .set = set_02_1101, .look = look_mode_3, .registers = SEQ},
	{VBE("10h/4F02h, no such mode", 0x02, 0x014f), .set = set_02_1fe, .look = look_mode_3, .registers = SEQ},
	{VBE("10h/4F02h, a standard mode", 0x02, 0x004f), .flags = ONCE, SETS, .set = set_02_004, .look = look_02_004},
	{VBE("10h/4F02h, a standard mode keeping memory", 0x02, 0x004f), .flags = ONCE, SETS, .set = set_02_8003, .look = look_02_8003},
	{VBE("10h/4F02h, a standard mode linear", 0x02, 0x014f), .set = set_02_4003, .look = look_mode_3, .registers = SEQ},
	{VBE("10h/4F02h, text", 0x02, 0x004f), .flags = ONCE, SETS, .set = set_02_10a, .look = look_02_10a},
	{VBE("10h/4F02h, text linear", 0x02, 0x014f), .set = set_02_410a, .look = look_mode_3, .registers = SEQ},
	{VBE("10h/4F03h", 0x03, 0x004f), .set = set_03_vbe, .look = look_03_vbe, .registers = SEQ},
	{VBE("10h/4F03h, a standard mode", 0x03, 0x004f), .set = set_03, .look = look_03, .registers = SEQ},
	{VBE("10h/4F04h/00h", 0x04, 0x004f), .flags = ONCE, .set = set_04_size, .look = look_04_size, .registers = SEQ},
	{VBE("10h/4F04h/01h", 0x04, 0x004f), .flags = ONCE, .buffer = BUFFER_SIZE, .set = set_04_save, .registers = SEQ},
	{VBE("10h/4F04h/02h", 0x04, 0x004f), .flags = ONCE, SETS, .set = set_04_restore, .look = look_04_restore},
	{VBE("10h/4F04h/03h", 0x04, 0x014f), .flags = ONCE, .set = set_04_bad, .registers = SEQ},
	{VBE("10h/4F04h/01h, a buffer past the segment's end", 0x04, 0x014f), .flags = ONCE, .set = set_04_at_end, .registers = SEQ},
	{VBE("10h/4F05h", 0x05, 0x004f), .set = set_05, .look = look_05, ALL_REGISTERS},
	{VBE("10h/4F05h/01h", 0x05, 0x004f), .set = set_05_get, .look = look_05_get},
	{VBE("10h/4F05h, past the memory", 0x05, 0x014f), .set = set_05_high, .look = look_05_high},
	{VBE("10h/4F05h, window B", 0x05, 0x014f), .set = set_05_window_b},
	{VBE("10h/4F05h/02h", 0x05, 0x014f), .set = set_05_bad},
	{VBE("10h/4F05h in a standard mode", 0x05, 0x034f)},
	{VBE("10h/4F06h/00h", 0x06, 0x004f), .set = set_06_pixels, .look = look_06_pixels, .registers = SEQ | CRTC},
	{VBE("10h/4F06h/01h", 0x06, 0x004f), .set = set_06_get, .look = look_06_get, .registers = SEQ},
	{VBE("10h/4F06h/02h", 0x06, 0x004f), .set = set_06_bytes, .look = look_06_bytes, .registers = SEQ | CRTC},
	{VBE("10h/4F06h/03h", 0x06, 0x004f), .set = set_06_longest, .look = look_06_longest, .registers = SEQ},
	{VBE("10h/4F06h/00h, shorter than the picture", 0x06, 0x004f), .set = set_06_short, .look = look_06_short, .registers = SEQ | CRTC},
	{VBE("10h/4F06h/00h, longer than memory allows", 0x06, 0x024f), .set = set_06_long, .registers = SEQ},
	{VBE("10h/4F06h/04h", 0x06, 0x014f), .set = set_06_bad, .registers = SEQ},
	{VBE("10h/4F06h in a standard mode", 0x06, 0x034f), .registers = SEQ},
	{VBE("10h/4F07h/00h", 0x07, 0x004f), .set = set_07, .look = look_07, .registers = SEQ | CRTC},
	{VBE("10h/4F07h/80h", 0x07, 0x004f), .flags = ONCE, .set = set_07_retrace, .look = look_07, .registers = SEQ | CRTC},
	{VBE("10h/4F07h/01h", 0x07, 0x004f), .set = set_07_get, .look = look_07_get, .registers = SEQ},
	{VBE("10h/4F07h/00h, the last line", 0x07, 0x004f), .set = set_07_last, .registers = SEQ | CRTC},
	{VBE("10h/4F07h/00h, a line further", 0x07, 0x014f), .set = set_07_past, .registers = SEQ},
	{VBE("10h/4F07h/00h, line FFFFh", 0x07, 0x014f), .set = set_07_low, .registers = SEQ},
	{VBE("10h/4F07h/02h", 0x07, 0x014f), .set = set_07_bad, .registers = SEQ},
	{VBE("10h/4F07h in a standard mode", 0x07, 0x034f), .registers = SEQ},
	{VBE("10h/4F08h/00h", 0x08, 0x004f), .flags = ONCE, .set = set_08, .look = look_08, .registers = SEQ | DAC},
	{VBE("10h/4F08h/01h", 0x08, 0x004f), .set = set_08_get, .look = look_08_get, .registers = SEQ},
	{VBE("10h/4F08h/00h, direct colour", 0x08, 0x034f), .set = set_08_direct, .registers = SEQ},
	{VBE("10h/4F08h/02h", 0x08, 0x014f), .set = set_08_bad, .registers = SEQ},
	{VBE("10h/4F09h/00h", 0x09, 0x004f), .flags = ONCE, .set = set_09, .look = look_09, .registers = SEQ | DAC},
	{VBE("10h/4F09h/80h", 0x09, 0x004f), .flags = ONCE, .set = set_09_retrace, .look = look_09, .registers = SEQ | DAC},
	{VBE("10h/4F09h/01h", 0x09, 0x004f), .flags = ONCE, .buffer = 24, .set = set_09_get, .look = look_09_get, .registers = SEQ},
	{VBE("10h/4F09h/00h, more than there are", 0x09, 0x014f), .flags = ONCE, .set = set_09_many, .registers = SEQ},
	{VBE("10h/4F09h/02h", 0x09, 0x024f), .flags = ONCE, .set = set_09_secondary, .registers = SEQ},
	{VBE("10h/4F09h/03h", 0x09, 0x024f), .flags = ONCE, .set = set_09_secondary_get, .registers = SEQ},
	{VBE("10h/4F09h/04h", 0x09, 0x014f), .flags = ONCE, .set = set_09_bad, .registers = SEQ},
	{VBE("10h/4F0Ah", 0x0a, 0x004f), .set = set_0a, .look = look_0a, .registers = SEQ},
	{VBE("10h/4F0Ah/01h", 0x0a, 0x014f), .set = set_0a_bad, .registers = SEQ},
	{VBE("10h/4F10h/00h", 0x10, 0x004f), .set = set_10, .look = look_10, .registers = SEQ},
	{VBE("10h/4F10h/01h, off", 0x10, 0x004f), .set = set_10_off, .look = look_10_off, .registers = SEQ | CRTC | ATC},
	{VBE("10h/4F10h/01h, standby", 0x10, 0x024f), .set = set_10_standby, .registers = SEQ, .flags = ONLY_STD},
	{VBE("10h/4F10h/01h, standby", 0x10, 0x004f), .set = set_10_standby, .registers = SEQ | ATC, .flags = ONLY_CIRRUS},
	{VBE("10h/4F10h/01h, reduced", 0x10, 0x024f), .set = set_10_low, .registers = SEQ},
	{VBE("10h/4F10h/03h", 0x10, 0x014f), .set = set_10_bad, .registers = SEQ},
	{VBE("10h/4F15h/00h", 0x15, 0x004f), .set = set_15, .look = look_15, .registers = SEQ, .flags = ONLY_STD},
	{VBE("10h/4F15h/01h", 0x15, 0x004f), .buffer = 128, .set = set_15_edid, .look = look_15_edid, .registers = SEQ, .flags = ONLY_STD},
	{VBE("10h/4F15h/01h, block 2", 0x15, 0x014f), .set = set_15_block, .registers = SEQ, .flags = ONLY_STD},
	{VBE("10h/4F15h/01h, unit 1", 0x15, 0x014f), .set = set_15_unit, .registers = SEQ, .flags = ONLY_STD},
	{VBE("10h/4F15h", 0x15, 0x0100), .registers = SEQ, .flags = ONLY_CIRRUS},
	{"10h/12h/80h", 0x10, 0x1200, .set = set_12_80, .look = look_12_80, .registers = SEQ, .flags = ONLY_CIRRUS},
	{"10h/12h/81h", 0x10, 0x1200, .set = set_12_81, .look = look_12_81, .registers = SEQ, .flags = ONLY_CIRRUS},
	{"10h/12h/82h", 0x10, 0x1200, .set = set_12_82, .look = look_12_82, .registers = SEQ, .flags = ONLY_CIRRUS},
	{"10h/12h/85h", 0x10, 0x1200, .set = set_12_85, .look = look_12_85, .registers = SEQ, .flags = ONLY_CIRRUS},
	{"10h/12h/9Ah", 0x10, 0x1200, .set = set_12_9a, .look = look_12_9a, .registers = SEQ, .flags = ONLY_CIRRUS},
	{"10h/12h/A1h", 0x10, 0x1200, .set = set_12_a1, .look = look_12_a1, .registers = SEQ, .flags = ONLY_CIRRUS},
	{VBE("10h/4F0Bh", 0x0b, 0x0100), .registers = SEQ},
	{VBE("10h/4FFFh", 0xff, 0x0100), .registers = SEQ},
};
/* clang-format on */

void guest_main(void);
void guest_main(void)
{
	outb(0x92, inb(0x92) | 2);
	set_indexed(0x3c4, 6, 0x12);
	cirrus = indexed(0x3c4, 6) == 0x12;
	vbe(0x4f00, 0, 0, 0);
	memory = BUFFER16(18);
	run_settings(rows, sizeof(rows) / sizeof(rows[0]));
	setting = REAL;
	test_far_call();
	if (cirrus)
		test_cirrus_modes();
	test_protected_mode();
	test_modes();
	video(3, 0, 0, 0);
	put_text("1..");
	put_unsigned(tests);
	put_text("\n");
}
