/* SPDX-License-Identifier: MIT
 *
 * VESA BIOS Extensions: INT 10h/4Fxxh (VBE 3.0, VBE/PM 1.0, VBE/DDC 1.1). What touches the card is
 * in dispi.c and cirrus.c; function 05h and the protected-mode interface are in their assembly.
 */
#include "card.h"

enum {
	OK = 0x004f,
	FAILED = 0x014f,
	NOT_POSSIBLE = 0x024f,
	BAD_MODE = 0x034f, /* not in this mode */
	NOT_KNOWN = 0x0100,

	MODE_LINEAR = 1 << 14,
	MODE_KEEP = 1 << 15,
};

/* By VBE_DEPTH(). */
static const uint8_t ROM bits[8] IN_ROM = {0, 4, 8, 24, 16, 32, 0, 15};
static const uint8_t ROM storage[8] IN_ROM = {16, 1, 8, 24, 16, 32, 0, 16};

static const char ROM oem_name[] IN_ROM = "dfw VGA BIOS";
static const char ROM vendor_name[] IN_ROM = "dfw";
static const char ROM revision_name[] IN_ROM = "1.0";

/* Reads the ROM before GS is moved, not behind that. */
#define NOW(object) (*(volatile __typeof__(object) *)&(object))

/* False where there is no such mode, or the memory is too small for it. */
static bool find_mode(uint16_t number, struct vbe_mode *mode)
{
	uint16_t memory = card_memory();
	uint16_t left = 0xff, at = ROM_OFFSET(card_mode_numbers);
	const struct vbe_entry ROM *entry;
	uint8_t depth;

	asm("pushw %%cs\n\tpopw %%es\n\trepne scasw" : "+D"(at), "+c"(left) : "a"(number) : "cc");
	at = 0xfe - left;
	entry = &card_modes[at];
	if (at >= card.modes || entry->need > memory)
		return false;
	depth = entry->depth;
	mode->size = entry->size;
	mode->depth = depth;
	mode->width = card_sizes[entry->size].width;
	mode->height = card_sizes[entry->size].height;
	mode->bits = bits[depth];
	mode->storage = storage[depth];
	mode->memory = (uint32_t)memory << (mode->bits == 4 ? 14 : 16);
	return true;
}

static bool current_mode(struct vbe_mode *mode)
{
	return bda.mode >= MODE_EXTENDED && find_mode(bda.vbe_mode & 0x1ff, mode);
}

/* Of a picture's line. */
static uint16_t bytes_of(const struct vbe_mode *mode, uint16_t pixels)
{
	return ((uint32_t)pixels * mode->storage + 7) / 8;
}

struct vbe_info {
	uint32_t signature;
	uint16_t version;
	struct vector oem;
	uint32_t capabilities;
	struct vector modes;
	uint16_t memory;
	/* from here on only where the caller asked for VBE 2.0 */
	uint16_t revision;
	struct vector vendor, product, product_revision;
} __attribute__((packed));
_Static_assert(sizeof(struct vbe_info) == 34, "VBE 3.0, 4.3");

#define ROM_POINTER(object) ((struct vector){ROM_OFFSET(object), ROM_SEG})

/* Controller information; 256 bytes at ES:DI, or 512 where these say VBE2 */
static uint16_t vbe_4f00(void)
{
	struct vbe_info FAR *info = (struct vbe_info FAR *)(uintptr_t)r->di;
	uint16_t memory = card_memory();
	uint8_t first = 0, capabilities = NOW(card.capabilities);
	bool vbe2;

	if (r->di > 0xff00) /* it must not run past the segment */
		return FAILED;
	while (card_modes[first].need > memory) /* the text modes fit any memory */
		first++;
	set_gs(r->es);
	vbe2 = info->signature == 0x32454256; /* "VBE2" */
	if (vbe2 && r->di > 0xfe00) {
		rom_gs();
		return FAILED;
	}
	fill_dwords(r->es, r->di, 0, vbe2 ? 128 : 64);
	info->signature = 0x41534556; /* "VESA" */
	info->version = 0x0300;
	info->capabilities = capabilities;
	info->memory = memory;
	info->oem = ROM_POINTER(oem_name);
	info->modes = ROM_POINTER(card_mode_numbers + first);
	if (vbe2) {
		info->revision = 0x0100;
		info->vendor = ROM_POINTER(vendor_name);
		info->product = ROM_POINTER(oem_name);
		info->product_revision = ROM_POINTER(revision_name);
	}
	rom_gs();
	return OK;
}

struct mode_info {
	uint16_t attributes;
	uint8_t window_a, window_b;
	uint16_t granularity, window_size, segment_a, segment_b; /* KiB; segments */
	struct vector window_function;
	uint16_t pitch, width, height;
	uint8_t char_width, char_height, planes, bits, banks, memory_model, bank_size, pages;
	uint8_t reserved0;
	uint32_t masks[2]; /* a byte each, size and position: red, green, blue, reserved */
	uint8_t direct_colour;
	uint32_t framebuffer;
	uint32_t reserved1;
	uint16_t reserved2;
	uint16_t linear_pitch;
	uint8_t banked_pages, linear_pages;
	uint32_t linear_masks[2];
	uint32_t max_pixel_clock;
} __attribute__((packed));
_Static_assert(sizeof(struct mode_info) == 66, "VBE 3.0, 4.4");

enum {
	MODE_BASE = 1 << 0 | 1 << 1 | 1 << 3, /* supported, information complete, colour */
	MODE_TTY = 1 << 2,		      /* the BIOS draws text */
	MODE_GRAPHICS = 1 << 4,
	MODE_LFB = 1 << 7,
};

static const uint32_t ROM masks[4][2] IN_ROM = {
	{0x05050a05, 0x0f010005}, /* 15 */
	{0x05060b05, 0x00000005}, /* 16 */
	{0x08081008, 0x00000008}, /* 24 */
	{0x08081008, 0x18080008}, /* 32 */
};

/* Mode information; CX = mode, 256 bytes at ES:DI */
static uint16_t vbe_4f01(void)
{
	struct mode_info FAR *info = (struct mode_info FAR *)(uintptr_t)r->di;
	struct vbe_mode mode;
	uint32_t pages, mask0 = 0, mask1 = 0, framebuffer, clock = NOW(card.max_clock);
	uint16_t pitch;

	if (r->di > 0xff00 || !find_mode(r->cx & ~(MODE_LINEAR | MODE_KEEP), &mode))
		return FAILED;
	pitch = bytes_of(&mode, mode.width);
	pages = mode.memory / ((uint32_t)pitch * mode.height) - 1;
	if (pages > 255)
		pages = 255;
	if (mode.bits > 8) {
		const volatile uint32_t FAR *mask = masks[mode.bits == 15 ? 0 : mode.bits / 8 - 1];

		mask0 = mask[0];
		mask1 = mask[1];
	}
	framebuffer = card_framebuffer();

	fill_dwords(r->es, r->di, 0, 64);
	set_gs(r->es);
	info->window_a = 7; /* can be moved, read and written */
	info->granularity = 64;
	info->window_size = 64;
	info->segment_a = 0xa000;
	info->window_function = ROM_POINTER(vbe_window);
	info->pitch = pitch;
	info->linear_pitch = pitch;
	info->width = mode.width;
	info->height = mode.height;
	info->char_width = 8;
	info->char_height = 16;
	info->planes = 1;
	info->bits = mode.bits;
	info->banks = 1;
	info->pages = pages;
	info->banked_pages = pages;
	info->reserved0 = 1;
	if (mode.bits >= 8) {
		info->attributes = MODE_BASE | MODE_GRAPHICS | (framebuffer ? MODE_LFB : 0);
		info->memory_model = mode.bits == 8 ? 4 : 6;
		info->masks[0] = info->linear_masks[0] = mask0;
		info->masks[1] = info->linear_masks[1] = mask1;
		info->direct_colour = mode.bits == 32 ? 2 : 0; /* the fourth byte is the caller's */
		info->framebuffer = framebuffer;
		info->linear_pages = pages;
	} else {
		info->planes = 4;
		info->memory_model = 3;
		info->linear_pitch = 0;
		info->attributes = MODE_BASE | MODE_GRAPHICS |
				   (mode.width == 800 ? MODE_TTY : 0); /* 64 KiB hold it */
	}
	if (mode.bits == 0) {
		info->attributes = MODE_BASE | MODE_TTY;
		info->bits = 4;
		info->window_a = 0;
		info->granularity = 32;
		info->window_size = 32;
		info->segment_a = 0xb800;
		info->memory_model = 0;
		info->pages = info->banked_pages = 0;
		if (mode.height != 25)
			info->char_height = 8;
	}
	info->max_pixel_clock = clock;
	rom_gs();
	return OK;
}

/* The text modes, as mode 3 with another width, number of scan lines and font. 132 columns are of
 * 8 dots. */
static __attribute__((noinline)) bool set_text_mode(uint8_t size, uint8_t no_clear)
{
	static const uint8_t ROM columns_132[6] IN_ROM = {0x9b, 0x83, 0x84, 0x9f, 0x89, 0x18};
	/* CRTC index and value: 480 lines of 525 */
	static const uint8_t ROM lines_480[7][2] IN_ROM = {
		{0x06, 0x0b}, {0x07, 0x3e}, {0x10, 0xea}, {0x11, 0x0c},
		{0x12, 0xdf}, {0x15, 0xe7}, {0x16, 0x04},
	};
	uint8_t options = bda.options;

	bda.options = (options & ~(OPTION_200_LINES | OPTION_400_LINES)) |
		      (size == SIZE_132x43 ? 0 : OPTION_400_LINES);
	set_standard_mode(3, no_clear);
	bda.options = options;
	bda.vbe_mode += 0x108 + size - SIZE_80x60 - 3;
	write_index(0x3d4, 0x11, 0x0e); /* lifts the protection of 0-7 */
	if (size != SIZE_80x60) {
		for (uint8_t i = 0; i < 6; i++)
			write_index(0x3d4, i, columns_132[i]);
		write_index(0x3d4, 0x13, 132 / 2);
		write_index(PORT_SEQUENCER, 1, 1);
		bda.columns = 132;
	}
	if (size == SIZE_80x60 || size == SIZE_132x60) {
		for (uint8_t i = 0; i < 7; i++)
			write_index(0x3d4, lines_480[i][0], lines_480[i][1]);
		outb(PORT_MISC, inb(PORT_MISC_READ) | 0xc0);
	}
	size = size == SIZE_132x25 ? 16 : 8;
	load_rom_font(size);
	set_text_height(size);
	return true;
}

/* Sets a graphics mode. What is in BX as for 4F02h; returns the size of a text mode, which is set
 * where the stack is less deep, DONE, or NONE where there is no such mode. */
enum { DONE = 0xff, NONE = 0xfe };
static __attribute__((noinline)) uint8_t set_graphics_mode(uint16_t wanted)
{
	bool keep = wanted & MODE_KEEP, linear = wanted & MODE_LINEAR;
	struct vbe_mode mode;

	if (!find_mode(wanted & ~(MODE_LINEAR | MODE_KEEP), &mode) ||
	    (linear && (mode.bits < 8 || !card_framebuffer())))
		return NONE;
	if (mode.bits == 0)
		return mode.size;
	card_standard_mode();
	write_parameters(&parameter_table[mode.bits == 4 ? 0x1b : 0x1c]);
	card_set_mode(&mode, linear, keep);
	if (mode.bits <= 8 && !(bda.options & OPTION_NO_PALETTE))
		load_palette(mode.bits == 8 ? PALETTE_256 : PALETTE_EGA);
	bda.mode = MODE_VBE;
	bda.vbe_mode = wanted;
	bda.last_bank = (mode.memory >> 16) - 1;
	bda.columns = mode.width / 8;
	bda.last_row = mode.height / 16 - 1;
	bda.char_height = 16;
	bda.page_size = 0;
	bda.page_start = 0;
	bda.page = 0;
	for (uint8_t i = 0; i < 8; i++)
		bda.cursor[i].at = 0;
	bda.control = (bda.control & ~CONTROL_NO_CLEAR) | (keep ? CONTROL_NO_CLEAR : 0);
	set_graphics_font(16);
	reset_attribute();
	outb(PORT_ATTRIBUTE, 0x20);
	return DONE;
}

/* BX bit 14 linear, bit 15 keep the memory. Bit 11, timing of the caller's own, is for controllers
 * whose timing can be set: like a mode that there is not, it fails. */
bool set_vbe_mode(uint16_t wanted)
{
	uint8_t size;

	if (standard_mode(wanted & ~MODE_KEEP)) {
		set_standard_mode(wanted, wanted >> 8 & 0x80);
		return true;
	}
	size = set_graphics_mode(wanted);
	return size < NONE ? set_text_mode(size, wanted >> 8 & 0x80) : size == DONE;
}

/* Save and restore: DL=0 size, 1 save, 2 restore; CX bit 3 the card's registers, what INT 10h/1Ch
 * knows in bits 0-2, ES:BX the buffer */
static uint16_t vbe_4f04(void)
{
	uint16_t at = r->bx, states = r->cx, size = 0;

	if (r->dl > 2)
		return FAILED;
	r->cx = states & 7;
	if (r->cx) {
		r->al = 0;
		handle_101c();
		if (r->al != 0x1c)
			return FAILED;
		size = r->bx * 64;
		r->bx = at;
	}
	if (states & 8)
		size += CARD_STATE;
	if (r->dl == 0) {
		r->bx = size / 64;
	} else if (size > 0xffff - at) {
		r->cx = states;
		return FAILED;
	} else {
		if (r->dl == 2 && states & 8)
			card_standard_mode();
		if (r->cx) {
			r->al = r->dl;
			handle_101c();
		}
		if (states & 8 && r->dl == 1)
			card_save(at + size - CARD_STATE);
		else if (states & 8)
			card_restore(at + size - CARD_STATE);
	}
	r->cx = states;
	return OK;
}

/* Length of a line: BL=0 set in pixels, 1 get, 2 set in bytes, 3 the longest. It is a multiple of
 * eight pixels, which suits every card. */
static uint16_t vbe_4f06(void)
{
	struct vbe_mode mode;
	uint32_t longest, pixels;
	uint16_t bytes;

	if (!current_mode(&mode))
		return BAD_MODE;
	longest = mode.memory / mode.height;
	bytes = card.max_pitch >> (mode.bits == 4 ? 2 : 0);
	if (longest > bytes)
		longest = bytes;
	longest = longest * 8 / mode.storage & ~7u; /* in pixels from here on */
	switch (r->bl) {
	case 0:
		pixels = r->cx;
		break;
	case 1:
		pixels = (uint32_t)card_pitch(&mode) * 8 / mode.storage;
		break;
	case 2:
		pixels = ((uint32_t)r->cx * 8 + mode.storage - 1) / mode.storage;
		break;
	case 3:
		pixels = longest;
		break;
	default:
		return FAILED;
	}
	if (!(r->bl & 1)) {
		if (pixels < mode.width)
			pixels = mode.width;
		pixels = (pixels + 7) & ~7u;
		if (pixels > longest)
			return NOT_POSSIBLE;
	}
	bytes = bytes_of(&mode, pixels);
	if (!(r->bl & 1))
		card_set_pitch(bytes, pixels);
	r->bx = bytes;
	r->cx = pixels;
	r->dx = mode.memory / bytes > 0xffff ? 0xffff : mode.memory / bytes;
	return OK;
}

static void wait_for_retrace(void)
{
	uint16_t port = bda.crtc + 6;
	uint16_t limit = 0xffff;

	while (--limit && inb(port) & 8)
		;
	while (--limit && !(inb(port) & 8))
		;
}

/* The picture's start: BL=0 and, in the retrace, 80h set to pixel CX of line DX; 1 get */
static uint16_t vbe_4f07(void)
{
	struct vbe_mode mode;
	uint16_t pitch;
	uint32_t at, last;

	if (!current_mode(&mode))
		return BAD_MODE;
	if (r->bl == 1) {
		at = card_start(&mode);
		r->bh = 0;
		r->cx = at;
		r->dx = at >> 16;
		return OK;
	}
	if (r->bl & 0x7f)
		return FAILED;
	pitch = card_pitch(&mode);
	at = (uint32_t)r->dx * pitch + bytes_of(&mode, r->cx);
	last = (uint32_t)(mode.height - 1) * pitch + bytes_of(&mode, mode.width);
	if (at > mode.memory || at + last > mode.memory)
		return FAILED;
	if (r->bl)
		wait_for_retrace();
	card_set_start((uint32_t)r->dx << 16 | r->cx, at);
	return OK;
}

/* Bits a colour in the DAC: BL=0 set to BH, 1 get */
static uint16_t vbe_4f08(void)
{
	struct vbe_mode mode;

	if (current_mode(&mode) && mode.bits > 8)
		return BAD_MODE;
	if (r->bl > 1)
		return FAILED;
	r->bh = r->bl ? card_dac_width() : card_set_dac_width(r->bh);
	return OK;
}

/* CX entries of blue, green, red and a spare byte from number DX on: BL=0 and, in the retrace, 80h
 * set; 1 get */
static uint16_t vbe_4f09(void)
{
	uint16_t offset = r->di;

	if (r->bl == 2 || r->bl == 3)
		return NOT_POSSIBLE; /* there is one palette */
	if ((r->bl != 1 && r->bl & 0x7f) || r->dx > 255 || r->cx > 256 - r->dx)
		return FAILED;
	if (r->bl & 0x80)
		wait_for_retrace();
	outb(r->bl == 1 ? PORT_DAC_READ : PORT_DAC_WRITE, r->dx);
	for (uint16_t i = r->cx; i; i--, offset += 4) {
		if (r->bl == 1) {
			poke8(r->es, offset + 2, inb(PORT_DAC_DATA));
			poke8(r->es, offset + 1, inb(PORT_DAC_DATA));
			poke8(r->es, offset, inb(PORT_DAC_DATA));
			poke8(r->es, offset + 3, 0);
		} else {
			outb(PORT_DAC_DATA, peek8(r->es, offset + 2));
			outb(PORT_DAC_DATA, peek8(r->es, offset + 1));
			outb(PORT_DAC_DATA, peek8(r->es, offset));
		}
	}
	return OK;
}

/* The protected-mode interface: its place and length */
static uint16_t vbe_4f0a(void)
{
	if (r->bl)
		return FAILED;
	r->es = ROM_SEG;
	r->di = ROM_OFFSET(vbe_32);
	r->cx = vbe_32_end - vbe_32;
	return OK;
}

/* Power management: BL=0 version and states, 1 set, 2 get */
static uint16_t vbe_4f10(void)
{
	switch (r->bl) {
	case 0:
		r->bx = card.dpms << 8 | 0x10;
		return OK;
	case 1:
		if (r->bh & ~card.dpms)
			return r->bh > 8 ? FAILED : NOT_POSSIBLE;
		write_index(PORT_SEQUENCER, 1,
			    (read_index(PORT_SEQUENCER, 1) & ~0x20) | (r->bh ? 0x20 : 0));
		card_set_power(r->bh);
		reset_attribute();
		outb(PORT_ATTRIBUTE, r->bh ? 0 : 0x20);
		return OK;
	case 2:
		r->bh = read_index(PORT_SEQUENCER, 1) & 0x20 ? card_power() : 0;
		return OK;
	}
	return FAILED;
}

/* Monitor information of unit CX = 0: BL=0 how fast and by which DDC, 1 EDID's block DX to ES:DI */
static uint16_t vbe_4f15(void)
{
	if (r->bl > 1 || r->cx)
		return FAILED;
	if (r->bl == 0) {
		r->bx = 0x0102; /* a second at most; DDC2 */
		return OK;
	}
	return r->di <= 0xff80 && r->dx < 2 && card_edid(r->dx) ? OK : FAILED;
}

void handle_104f(void)
{
	uint16_t status = NOT_KNOWN;

	if (card_memory() == 0) {
		r->ax = NOT_KNOWN;
		return;
	}
	switch (r->al) {
	case 0x00:
		status = vbe_4f00();
		break;
	case 0x01:
		status = vbe_4f01();
		break;
	case 0x02:
		status = set_vbe_mode(r->bx) ? OK : FAILED;
		break;
	case 0x03:
		r->bx = bda.vbe_mode;
		status = OK;
		break;
	case 0x04:
		status = vbe_4f04();
		break;
	case 0x06:
		status = vbe_4f06();
		break;
	case 0x07:
		status = vbe_4f07();
		break;
	case 0x08:
		status = vbe_4f08();
		break;
	case 0x09:
		status = vbe_4f09();
		break;
	case 0x0a:
		status = vbe_4f0a();
		break;
	case 0x10:
		status = vbe_4f10();
		break;
	case 0x15:
		if (card.ddc)
			status = vbe_4f15();
		break;
	}
	r->ax = status;
}
