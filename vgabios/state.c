/* SPDX-License-Identifier: MIT
 *
 * What the adapter is and how it is set, and its state: INT 10h/12h, 1Ah-1Ch.
 */
#include "card.h"

/* The display combinations that there can be (IBM VGA Technical Reference, DCC table): entries, version,
 * highest code, then two codes each; 40:8A is an index. */
const uint8_t ROM display_combinations[] IN_ROM = {
	16, 1, 8, 0, /* */
	0, 0, 0, 1, 0, 2, 2, 1, 0, 4, 4, 1, 0, 5, 2, 5, 0, 6, 6, 1, 6, 5, 0, 8, 1, 8, 0, 7, 2, 7, 6, 7,
};

/* The active display's code, and that of the other in the high byte. */
static uint16_t display_codes(void)
{
	uint16_t codes;

	if (bda.dcc >= display_combinations[0])
		return 0xffff;
	codes = display_combinations[4 + bda.dcc * 2] | display_combinations[5 + bda.dcc * 2] << 8;
	/* Monochrome ones are odd. */
	if ((codes & 0xff) == 0 || (codes >> 8 && (codes & 1) != ((bda.equipment & 0x30) == 0x30)))
		codes = codes >> 8 | codes << 8;
	return codes;
}

/* 00h, 01h: the display combination code */
void handle_101a(void)
{
	if (r->al == 0) {
		r->bx = display_codes();
	} else if (r->al == 1) {
		uint8_t i = display_combinations[0];

		while (i--) {
			uint8_t one = display_combinations[4 + i * 2], two = display_combinations[5 + i * 2];

			if ((one == r->bl && two == r->bh) || (one == r->bh && two == r->bl))
				break;
		}
		bda.dcc = i; /* FFh: unknown */
	} else {
		return;
	}
	r->al = 0x1a;
}

static const uint8_t ROM static_functionality[16] IN_ROM = {
	0xff, 0xe0, 0x0f, /* modes 0-7, 0Dh-13h */
	0,    0,    0,    0,
	0x07, /* 200, 350, 400 scan lines */
	2,    8,    /* character blocks: shown at once, in all */
	0xff, 0x0e, /* all of it but a light pen */
	0,    0,
	0x22, /* save pointers: the palette's area, display combinations */
	0,
};

/* The next byte of a table that is written to, or read from, ES:DI of the caller's registers; whoever uses
 * these brings DI back. */
static void put(uint8_t value)
{
	poke8(r->es, r->di++, value);
}

static uint8_t get(void)
{
	return peek8(r->es, r->di++);
}

static void put_word(uint16_t value)
{
	poke16(r->es, r->di, value);
	r->di += 2;
}

/* Below 64 KiB. */
static void put_low(const volatile uint8_t LOW *from, uint8_t count)
{
	do
		put(*from++);
	while (--count);
}

static void put_zeros(uint8_t count)
{
	do
		put(0);
	while (--count);
}

static uint16_t colours(enum memory_model model)
{
	if (bda.mode == 7 || bda.mode == 0x0f)
		return 0;
	if (bda.mode == 0x11)
		return 2;
	return model == TEXT ? 16 : model == EXTENDED ? 256 : 1 << bits_per_pixel();
}

static uint8_t pages(enum memory_model model)
{
	uint32_t size = bda.page_size;

	if (size == 0 || (model != TEXT && model != PLANAR))
		return 1;
	return (model == TEXT ? 0x8000 : 0x10000) / size;
}

/* 64 bytes at ES:DI (IBM VGA Technical Reference, "Functionality and state information"). */
void handle_101b(void)
{
	enum memory_model model = memory_model();
	uint8_t blocks = read_index(PORT_SEQUENCER, 3);
	uint16_t lines;

	if (r->bx != 0)
		return;
	put_word(ROM_OFFSET(static_functionality));
	put_word(ROM_SEG);
	put_low(&bda.mode, 0x1e);
	put(bda.last_row + 1);
	put_word(bda.char_height);
	put_word(display_codes());
	put_word(colours(model));
	put(pages(model));
	lines = model == TEXT ? text_lines() : (bda.last_row + 1) * bda.char_height;
	put(lines < 350 ? 0 : lines < 400 ? 1 : lines < 480 ? 2 : 3);
	put((blocks & 3) | (blocks >> 2 & 4));
	put((blocks >> 2 & 3) | (blocks >> 3 & 4));
	put(0x01 | (bda.options & (OPTION_GREY_SCALE | OPTION_NO_PALETTE)) |
	    (bda.control & CONTROL_NO_CURSOR_EMULATION ? 0 : 0x10) | (bda.cga_mode & 0x20));
	put_zeros(3);
	put(3); /* 256 KiB */
	put(0x20 | (save_pointer(SAVE_DYNAMIC) ? 2 : 0)); /* display combinations; palette kept */
	put_zeros(13);
	r->di -= 64;
	r->al = 0x1b;
}

/* What 1Ch keeps of memory: addresses and bytes, one block of 64 in all. */
static const uint16_t ROM kept[][2] IN_ROM = {
	{0x449, 0x1e}, {0x484, 7}, {0x4a8, 4}, {0x4ba, 4}, {0x410, 1},
	{0x05 * 4, 4}, {0x1d * 4, 4}, {0x1f * 4, 4}, {0x43 * 4, 4},
};

static void transfer_memory(bool save)
{
	uint8_t equipment = bda.equipment;

	for (uint8_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		volatile uint8_t LOW *at = (volatile uint8_t LOW *)(uintptr_t)kept[i][0];

		if (save)
			put_low(at, kept[i][1]);
		else
			for (uint8_t k = 0; k < kept[i][1]; k++)
				at[k] = get();
	}
	bda.equipment = (equipment & ~0x30) | (bda.equipment & 0x30);
}

/* An index register and the registers behind it */
static void transfer_indexed(uint16_t port, uint8_t count)
{
	uint8_t index = inb(port), i;

	if (r->al == 1) {
		put(index);
		for (i = 0; i < count; i++)
			put(read_index(port, i));
	} else {
		index = get();
		for (i = 0; i < count; i++)
			write_index(port, i, get());
	}
	outb(port, index);
}

/* 64 bytes, in two blocks of 64 to leave room */
static void transfer_hardware(void)
{
	uint8_t misc = inb(PORT_MISC_READ), index;
	bool save = r->al == 1;
	uint16_t crtc;

	if (save)
		put(misc);
	else
		misc = get();
	crtc = misc & 1 ? 0x3d4 : 0x3b4;
	if (!save) {
		write_index(PORT_SEQUENCER, 0, 1); /* synchronous reset around the clock change */
		outb(PORT_MISC, misc);
		write_index(crtc, 0x11, 0); /* lifts the write protection of 0-7 */
	}
	transfer_indexed(PORT_SEQUENCER, 5);
	transfer_indexed(PORT_GRAPHICS, 9);
	transfer_indexed(crtc, 25);
	inb(crtc + 6);
	index = inb(PORT_ATTRIBUTE);
	if (save)
		put(index);
	else
		index = get();
	for (uint8_t i = 0; i < 21; i++) {
		inb(crtc + 6);
		outb(PORT_ATTRIBUTE, i);
		if (save)
			put(inb(PORT_ATTRIBUTE_READ));
		else
			outb(PORT_ATTRIBUTE, get());
	}
	inb(crtc + 6);
	outb(PORT_ATTRIBUTE, index);
	inb(crtc + 6);
}

/* In 13 blocks of 64 */
static void transfer_dac(void)
{
	uint8_t index = inb(PORT_DAC_WRITE);

	if (r->al == 1) {
		put(index);
		put(inb(PORT_DAC_MASK));
		outb(PORT_DAC_READ, 0);
		in_bytes(PORT_DAC_DATA, r->es, r->di, 768);
	} else {
		index = get();
		outb(PORT_DAC_MASK, get());
		outb(PORT_DAC_WRITE, 0);
		out_bytes(PORT_DAC_DATA, r->es, r->di, 768);
	}
	outb(PORT_DAC_WRITE, index);
}

/* AL: 0 size in blocks of 64 bytes to BX, 1 save to ES:BX, 2 restore; CX: bit 0 hardware, 1 memory, 2 DAC.
 * Saving changes nothing of the state. */
void handle_101c(void)
{
	uint8_t states = r->cl & 7;
	uint16_t di = r->di;

	if (r->al > 2 || states == 0)
		return;
	if (r->al == 0) {
		r->bx = (states & 1) * 2 + (states >> 1 & 1) + (states >> 2) * 13;
	} else {
		r->di = r->bx;
		if (states & 1) {
			transfer_hardware();
			r->di = r->bx + 2 * 64;
		}
		if (states & 2) {
			transfer_memory(r->al == 1);
			r->di = r->bx + ((states & 1) * 2 + 1) * 64;
		}
		if (states & 4)
			transfer_dac();
		r->di = di;
	}
	r->al = 0x1c;
}

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
	case 0x35: /* display switch: off with what ES:DX keeps, on again */
		if (r->al > 3)
			return;
		if (r->al != 1) {
			uint16_t di = r->di;

			r->di = r->dx;
			transfer_memory(r->al != 3);
			r->di = di;
		}
		outb(PORT_VIDEO_ENABLE, off);
		break;
	case 0x36: /* picture */
		write_index(PORT_SEQUENCER, 1,
			    (read_index(PORT_SEQUENCER, 1) & ~0x20) | (off ? 0x20 : 0));
		break;
	default:
		card_1012();
		return;
	}
	r->al = 0x12;
}
