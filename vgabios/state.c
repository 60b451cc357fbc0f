/* SPDX-License-Identifier: MIT
 *
 * What the adapter is and how it is set: INT 10h/12h, 1Ah, 1Bh.
 */
#include "vgabios.h"

static void set_option(uint8_t mask, bool on)
{
	bda.options = (bda.options & ~mask) | (on ? mask : 0);
}

void handle_1012(void)
{
	static const uint8_t ROM lines[3] IN_ROM = {OPTION_200_LINES, 0, OPTION_400_LINES};
	bool off = r->al & 1;

	switch (r->bl) {
	case 0x10: /* configuration: colour or monochrome, 256 KiB, switches */
		r->bh = bda.crtc == 0x3b4;
		r->bl = 3;
		r->ch = bda.switches >> 4;
		r->cl = bda.switches & 0x0f;
		return;
	case 0x30: /* scan lines of the next text mode: 200, 350, 400 */
		if (r->al > 2)
			return;
		set_option(OPTION_200_LINES | OPTION_400_LINES, false);
		set_option(lines[r->al], true);
		bda.switches = (bda.switches & 0xf0) | (r->al ? 9 : 8);
		break;
	case 0x31: /* palette at mode set */
		set_option(OPTION_NO_PALETTE, off);
		break;
	case 0x32: /* processor access to memory: MISC bit 1 */
		outb(PORT_MISC, (inb(PORT_MISC_READ) & ~2) | (off ? 0 : 2));
		break;
	case 0x33: /* grey-scale summing */
		set_option(OPTION_GREY_SCALE, !off);
		break;
	case 0x34: /* cursor emulation */
		bda.control = (bda.control & ~CONTROL_NO_CURSOR_EMULATION) |
			      (off ? CONTROL_NO_CURSOR_EMULATION : 0);
		break;
	case 0x36: /* picture */
		write_index(PORT_SEQUENCER, 1,
			    (read_index(PORT_SEQUENCER, 1) & ~0x20) | (off ? 0x20 : 0));
		break;
	default:
		return;
	}
	r->al = 0x12;
}

/* 00h, 01h: the display combination code; there is only this adapter */
void handle_101a(void)
{
	if (r->al == 0) {
		r->bl = bda.dcc;
		r->bh = 0;
	} else if (r->al == 1) {
		bda.dcc = r->bl;
	} else {
		return;
	}
	r->al = 0x1a;
}

static const uint8_t ROM static_functionality[16] IN_ROM = {
	0xff, 0xe0, 0x0f, /* modes 0-7, 0Dh-13h */
	0,    0,    0,    0,
	0x07, /* 200, 350, 400 scan lines */
	2,    8,          /* character blocks: shown at once, in all */
	0xe7,             /* DAC paging, DAC, palette load, cursor emulation, grey-scale summing... */
	0x0c,             /* blink or intensity, save pointers, display combination */
	0,    0,    0,    0,
};

struct functionality {
	uint16_t static_offset, static_segment;
	uint8_t bda_49[0x1e];
	uint8_t bda_84[3];
	uint8_t dcc, dcc_alternate;
	uint16_t colours;
	uint8_t pages, scan_lines, primary_block, secondary_block, misc;
	uint8_t reserved[3];
	uint8_t memory, save_pointers, unused[13];
} __attribute__((packed));
_Static_assert(sizeof(struct functionality) == 64, "IBM VGA, INT 10h/1Bh");

void handle_101b(void)
{
	struct functionality FAR *f = (struct functionality FAR *)(uintptr_t)r->di;
	uint8_t blocks = read_index(PORT_SEQUENCER, 3);
	enum memory_model model = memory_model();
	uint8_t bits = bits_per_pixel(), lines;
	uint16_t end;

	if (r->bx != 0)
		return;
	lines = bda.mode == 0x11 || bda.mode == 0x12 ? 3 :
		model != TEXT			     ? (bda.mode == 0x0f || bda.mode == 0x10) :
		bda.options & OPTION_200_LINES	     ? 0 :
		bda.options & OPTION_400_LINES	     ? 2 : 1;
	set_gs(r->es);
	f->static_offset = ROM_OFFSET(static_functionality);
	f->static_segment = ROM_SEG;
	for (uint8_t i = 0; i < sizeof(f->bda_49); i++)
		f->bda_49[i] = ((volatile uint8_t LOW *)&bda)[0x49 + i];
	for (uint8_t i = 0; i < sizeof(f->bda_84); i++)
		f->bda_84[i] = ((volatile uint8_t LOW *)&bda)[0x84 + i];
	f->dcc = bda.dcc;
	f->dcc_alternate = 0;
	f->colours = bda.mode == 7 || bda.mode == 0x0f ? 0 :
		     model == TEXT		       ? 16 :
		     bda.mode == 0x11		       ? 2 : 1 << bits;
	end = model == TEXT || model == CGA ? 0x8000 : model == LINEAR ? bda.page_size : 0;
	f->pages = bda.page_size == 0 ? 1 : (uint16_t)(end - bda.page_size) / bda.page_size + 1;
	f->scan_lines = lines;
	f->primary_block = (blocks & 3) | (blocks >> 2 & 4);
	f->secondary_block = (blocks >> 2 & 3) | (blocks >> 3 & 4);
	f->misc = 0x01 | (bda.options & OPTION_GREY_SCALE) |
		  (bda.options & OPTION_NO_PALETTE) |
		  (bda.control & CONTROL_NO_CURSOR_EMULATION ? 0 : 0x10) |
		  (bda.options & OPTION_BLINK);
	f->reserved[0] = f->reserved[1] = f->reserved[2] = 0;
	f->memory = 3;
	f->save_pointers = 0;
	for (uint8_t i = 0; i < sizeof(f->unused); i++)
		f->unused[i] = 0;
	rom_gs();
	r->al = 0x1b;
}
