/* SPDX-License-Identifier: MIT
 *
 * A guest program that prints what each mode set leaves in the VGA's registers and in the BIOS data area,
 * one line for a group, to port E9: state.t compares it. What a mode set writes to the DAC is seen as a sum
 * of what it changed from black.
 */
#include <tests/vgabios/vga.h>

static struct vga vga_now;

static void video(uint16_t ax, uint16_t bx)
{
	struct r r = {ax, bx, 0, 0, 0, 0, 0, GUEST_SEG, GUEST_SEG, 0, 0, IF | 2};

	int_call(&r, 0x10);
}

static void group(const char *what, const uint8_t *from, unsigned n)
{
	put_text(what);
	while (n--) {
		put_text(" ");
		put_hex(*from++, 2);
	}
	put_text("\n");
}

static void bda(const char *what, uint8_t from, unsigned n)
{
	put_text(what);
	for (; n; n--, from++) {
		put_text(" ");
		put_hex(BDA8(from), 2);
	}
	put_text("\n");
}

static uint16_t sum_dac(unsigned from, unsigned to)
{
	uint16_t sum = 0;

	for (unsigned i = from * 3; i < to * 3; i++)
		sum = (sum << 3 | sum >> 13) + vga_now.dac[i];
	return sum;
}

/* The vector n is that font pointer of 1130h; ff where it is none. */
static uint8_t font_of(uint8_t n)
{
	uint32_t vector = FAR(uint32_t, 0, n * 4);

	for (uint8_t i = 2; i < 8; i++) {
		struct r r = {0x1130, i << 8, 0, 0, 0, 0, 0, GUEST_SEG, 0, 0, 0, IF | 2};

		int_call(&r, 0x10);
		if (vector == ((uint32_t)r.es << 16 | (uint16_t)r.ebp))
			return i;
	}
	return 0xff;
}

static void state(uint16_t ax, uint8_t lines, const char *name)
{
	video(0x1200 | lines, 0x30);
	outb(0x3c8, 0);
	for (unsigned i = 0; i < 768; i++)
		outb(0x3c9, 0);
	video(ax, 0);
	read_vga(&vga_now);
	put_text("mode ");
	put_hex(ax & 0xff, 2);
	put_text(name);
	put_text("\n");
	group("misc", &vga_now.misc, 1);
	group("seq", vga_now.seq + 1, 4);
	group("crtc", vga_now.crtc, 25);
	group("gr", vga_now.gr, 9);
	group("atc", vga_now.atc, 21);
	put_text("dac ");
	put_hex(vga_now.mask, 2);
	put_text(" ");
	put_hex(sum_dac(0, 16), 4);
	put_text(" ");
	put_hex(sum_dac(16, 64), 4);
	put_text(" ");
	put_hex(sum_dac(64, 256), 4);
	put_text("\n");
	bda("bda 49", 0x49, 0x1e);
	bda("bda 84", 0x84, 7);
	bda("equipment", 0x10, 1);
	put_text("fonts ");
	put_hex(font_of(0x1f), 2);
	put_text(" ");
	put_hex(font_of(0x43), 2);
	put_text("\n");
}

void guest_main(void);
void guest_main(void)
{
	for (uint8_t mode = 0; mode < 0x14; mode++)
		if (mode < 8 || mode >= 0x0d)
			state(mode, 2, "");
	for (uint8_t mode = 0; mode < 4; mode++)
		state(mode, 0, ", 200 lines");
	for (uint8_t mode = 0; mode < 4; mode++)
		state(mode, 1, ", 350 lines");
	state(7, 1, ", 350 lines");
	state(0x83, 2, ", memory kept");
	put_text("end\n");
	finish();
}
