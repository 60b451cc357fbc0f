/* SPDX-License-Identifier: MIT
 *
 * VESA BIOS Extensions: INT 10h/4Fxxh (VBE 3.0). What touches the card is in dispi.c and cirrus.c.
 */
#include "card.h"

#define STATUS_OK	 0x004f
#define STATUS_FAILED	 0x014f
#define STATUS_BAD_MODE	 0x034f /* not in this mode */
#define STATUS_NOT_KNOWN 0x0100

/* The modes with the greediest first, so that those which fit the memory are the list's tail. */
/* clang-format off */
static const struct vbe_mode ROM vbe_modes[] IN_ROM = {
	{0x18c, 2560, 1600, 32},
	{0x18b, 2560, 1600, 24},
	{0x189, 1920, 1200, 32},
	{0x192, 1920, 1080, 32},
	{0x18a, 2560, 1600, 16},
	{0x147, 1600, 1200, 32},
	{0x186, 1680, 1050, 32},
	{0x188, 1920, 1200, 24},
	{0x191, 1920, 1080, 24},
	{0x183, 1400, 1050, 32},
	{0x11f, 1600, 1200, 24},
	{0x185, 1680, 1050, 24},
	{0x145, 1280, 1024, 32},
	{0x180, 1440, 900, 32},
	{0x17d, 1280, 960, 32},
	{0x187, 1920, 1200, 16},
	{0x182, 1400, 1050, 24},
	{0x190, 1920, 1080, 16},
	{0x17a, 1280, 800, 32},
	{0x14c, 1152, 864, 32},
	{0x177, 1280, 768, 32},
	{0x11b, 1280, 1024, 24},
	{0x17f, 1440, 900, 24},
	{0x11e, 1600, 1200, 16},
	{0x11d, 1600, 1200, 15},
	{0x18f, 1280, 720, 32},
	{0x17c, 1280, 960, 24},
	{0x184, 1680, 1050, 16},
	{0x144, 1024, 768, 32},
	{0x179, 1280, 800, 24},
	{0x14b, 1152, 864, 24},
	{0x176, 1280, 768, 24},
	{0x181, 1400, 1050, 16},
	{0x18e, 1280, 720, 24},
	{0x11a, 1280, 1024, 16},
	{0x119, 1280, 1024, 15},
	{0x17e, 1440, 900, 16},
	{0x17b, 1280, 960, 16},
	{0x118, 1024, 768, 24},
	{0x178, 1280, 800, 16},
	{0x14a, 1152, 864, 16},
	{0x149, 1152, 864, 15},
	{0x175, 1280, 768, 16},
	{0x143, 800, 600, 32},
	{0x11c, 1600, 1200, 8},
	{0x18d, 1280, 720, 16},
	{0x117, 1024, 768, 16},
	{0x116, 1024, 768, 15},
	{0x115, 800, 600, 24},
	{0x107, 1280, 1024, 8},
	{0x142, 640, 480, 32},
	{0x141, 640, 400, 32},
	{0x148, 1152, 864, 8},
	{0x114, 800, 600, 16},
	{0x113, 800, 600, 15},
	{0x112, 640, 480, 24},
	{0x105, 1024, 768, 8},
	{0x111, 640, 480, 16},
	{0x110, 640, 480, 15},
	{0x103, 800, 600, 8},
	{0x101, 640, 480, 8},
	{0x140, 320, 200, 32},
	{0x100, 640, 400, 8},
	{0x102, 800, 600, 4},
	{0x10f, 320, 200, 24},
	{0x10e, 320, 200, 16},
	{0x10d, 320, 200, 15},
	{0x146, 320, 200, 8},
};

/* Their numbers again, as 4F00 hands them out. */
static const uint16_t ROM mode_numbers[] IN_ROM = {
	0x18c, 0x18b, 0x189, 0x192, 0x18a, 0x147, 0x186, 0x188, 0x191, 0x183, 0x11f, 0x185,
	0x145, 0x180, 0x17d, 0x187, 0x182, 0x190, 0x17a, 0x14c, 0x177, 0x11b, 0x17f, 0x11e,
	0x11d, 0x18f, 0x17c, 0x184, 0x144, 0x179, 0x14b, 0x176, 0x181, 0x18e, 0x11a, 0x119,
	0x17e, 0x17b, 0x118, 0x178, 0x14a, 0x149, 0x175, 0x143, 0x11c, 0x18d, 0x117, 0x116,
	0x115, 0x107, 0x142, 0x141, 0x148, 0x114, 0x113, 0x112, 0x105, 0x111, 0x110, 0x103,
	0x101, 0x140, 0x100, 0x102, 0x10f, 0x10e, 0x10d, 0x146, 0xffff,
};
/* clang-format on */

#define MODES (sizeof(vbe_modes) / sizeof(vbe_modes[0]))
_Static_assert(sizeof(mode_numbers) / sizeof(mode_numbers[0]) == MODES + 1, "one number a mode");

static const char ROM oem_name[] IN_ROM = "dfw VGA BIOS";
static const char ROM vendor_name[] IN_ROM = "dfw";
static const char ROM revision_name[] IN_ROM = "1.0";

static uint32_t mode_bytes(const struct vbe_mode ROM *mode)
{
	return (uint32_t)card_pitch(mode) * (mode->bits == 4 ? 4 : 1) * mode->height;
}

/* Index of the first mode that fits the memory; MODES where none does. */
static uint8_t first_mode(void)
{
	uint32_t memory = (uint32_t)card_memory() << 16;
	uint8_t i = 0;

	while (i < MODES && mode_bytes(&vbe_modes[i]) > memory)
		i++;
	return i;
}

/* NULL where there is no such mode on this card. */
static const struct vbe_mode ROM *find_mode(uint16_t number)
{
	for (uint8_t i = first_mode(); i < MODES; i++)
		if (mode_numbers[i] == number)
			return &vbe_modes[i];
	return NULL;
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

/* 00h: controller information; 256 bytes at ES:DI, or 512 where these say VBE2 */
static void handle_4f00(void)
{
	struct vbe_info FAR *info = (struct vbe_info FAR *)(uintptr_t)r->di;
	uint16_t memory = card_memory(), list = ROM_OFFSET(mode_numbers + first_mode());
	bool vbe2;

	set_gs(r->es);
	vbe2 = info->signature == 0x32454256; /* "VBE2" */
	fill_dwords(r->es, r->di, 0, vbe2 ? 128 : 64);
	info->signature = 0x41534556; /* "VESA" */
	info->version = 0x0300;
	info->capabilities = 1; /* the DAC can be 8 bits wide */
	info->memory = memory;
	info->oem = ROM_POINTER(oem_name);
	info->modes = (struct vector){list, ROM_SEG};
	if (vbe2) {
		info->revision = 0x0100;
		info->vendor = ROM_POINTER(vendor_name);
		info->product = ROM_POINTER(oem_name);
		info->product_revision = ROM_POINTER(revision_name);
	}
	rom_gs();
	r->ax = STATUS_OK;
}

struct mode_info {
	uint16_t attributes;
	uint8_t window_a, window_b;
	uint16_t granularity, window_size, segment_a, segment_b; /* KiB; segments */
	struct vector window_function;
	uint16_t pitch, width, height;
	uint8_t char_width, char_height, planes, bits, banks, memory_model, bank_size, pages;
	uint8_t reserved0;
	uint8_t masks[8]; /* size and position: red, green, blue, reserved */
	uint8_t direct_colour;
	uint32_t framebuffer;
	uint32_t reserved1;
	uint16_t reserved2;
	uint16_t linear_pitch;
	uint8_t banked_pages, linear_pages;
	uint8_t linear_masks[8];
	uint32_t max_pixel_clock;
} __attribute__((packed));
_Static_assert(sizeof(struct mode_info) == 66, "VBE 3.0, 4.4");

static const uint8_t ROM masks[4][8] IN_ROM = {
	{5, 10, 5, 5, 5, 0, 1, 15},  /* 15 */
	{5, 11, 6, 5, 5, 0, 0, 0},   /* 16 */
	{8, 16, 8, 8, 8, 0, 0, 0},   /* 24 */
	{8, 16, 8, 8, 8, 0, 8, 24},  /* 32 */
};

/* 01h: mode information; CX = mode, 256 bytes at ES:DI */
static void handle_4f01(void)
{
	struct mode_info FAR *info = (struct mode_info FAR *)(uintptr_t)r->di;
	const struct vbe_mode ROM *found = find_mode(r->cx & 0x3fff);
	struct vbe_mode mode;
	uint32_t pages;
	uint16_t pitch;

	r->ax = STATUS_FAILED;
	if (!found)
		return;
	mode.width = found->width;
	mode.height = found->height;
	mode.bits = found->bits;
	pitch = card_pitch(found);
	pages = ((uint32_t)card_memory() << 16) / mode_bytes(found) - 1;
	if (pages > 255)
		pages = 255;

	fill_dwords(r->es, r->di, 0, 64);
	if (mode.bits > 8) {
		const uint8_t ROM *mask = masks[mode.bits == 15 ? 0 : mode.bits / 8 - 1];

		for (uint8_t i = 0; i < 8; i++) {
			uint8_t v = mask[i];

			poke8(r->es, r->di + offsetof(struct mode_info, masks) + i, v);
			poke8(r->es, r->di + offsetof(struct mode_info, linear_masks) + i, v);
		}
	}
	set_gs(r->es);
	info->attributes = 0x1b | (mode.bits == 4 ? 0 : 0x80); /* linear frame buffer too */
	info->window_a = 7; /* can be moved, read and written */
	info->granularity = 64;
	info->window_size = 64;
	info->segment_a = 0xa000;
	info->window_function = ROM_POINTER(vbe_window);
	info->pitch = pitch;
	info->width = mode.width;
	info->height = mode.height;
	info->char_width = 8;
	info->char_height = 16;
	info->planes = mode.bits == 4 ? 4 : 1;
	info->bits = mode.bits;
	info->banks = 1;
	info->memory_model = mode.bits == 4 ? 3 : mode.bits == 8 ? 4 : 6;
	info->pages = pages;
	info->reserved0 = 1;
	info->direct_colour = mode.bits == 32 ? 2 : 0; /* the fourth byte is the caller's */
	if (mode.bits != 4)
		info->framebuffer = card_framebuffer();
	info->linear_pitch = pitch;
	info->banked_pages = pages;
	info->linear_pages = pages;
	info->max_pixel_clock = 300000000;
	rom_gs();
	r->ax = STATUS_OK;
}

/* 02h: sets a mode; BX bit 14 linear, bit 15 keep the memory */
static void handle_4f02(void)
{
	uint16_t number = r->bx & 0x1ff;
	bool keep = r->bx & 0x8000;
	const struct vbe_mode ROM *mode;

	r->ax = STATUS_FAILED;
	if (number < 0x80) {
		if (!standard_mode(number))
			return;
		set_standard_mode(number, keep ? 0x80 : 0);
		r->ax = STATUS_OK;
		return;
	}
	mode = find_mode(number);
	if (!mode)
		return;
	card_set_mode(mode, r->bx & 0x4000, keep);
	if (mode->bits <= 8 && !(bda.options & OPTION_NO_PALETTE))
		load_palette(mode->bits == 8 ? PALETTE_256 : PALETTE_EGA);
	bda.mode = MODE_VBE;
	bda.vbe_mode = r->bx & 0xc1ff;
	bda.columns = mode->width / 8;
	bda.last_row = mode->height / 16 - 1;
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
	r->ax = STATUS_OK;
}

/* 03h: the current mode */
static void handle_4f03(void)
{
	r->bx = bda.mode == MODE_VBE ? bda.vbe_mode :
				       bda.mode | (bda.control & CONTROL_NO_CLEAR ? 0x8000 : 0);
	r->ax = STATUS_OK;
}

/* 05h, and the far call: BH=0 sets window BL to 64 KiB number DX, BH=1 asks */
void handle_4f05(void)
{
	r->ax = STATUS_FAILED;
	if (r->bl != 0 || r->bh > 1)
		return;
	if (r->bh == 1) {
		r->dx = card_bank();
	} else {
		if (r->dx >= card_memory())
			return;
		card_set_bank(r->dx);
	}
	r->ax = STATUS_OK;
}

/* 06h: length of a line */
static void handle_4f06(void)
{
	uint16_t bytes, pixels, lines;

	r->ax = STATUS_FAILED;
	if (r->bl > 3)
		return;
	card_virtual_size(&bytes, &pixels, &lines);
	if (r->bl == 0 || r->bl == 2) {
		uint16_t wanted = r->cx;

		if (r->bl == 2 && bytes >= pixels)
			wanted = wanted / (bytes / pixels);
		else if (r->bl == 2)
			wanted *= pixels / bytes;
		if (!card_set_virtual_width(wanted)) {
			r->ax = 0x024f; /* not with this much memory */
			return;
		}
		card_virtual_size(&bytes, &pixels, &lines);
	} else if (r->bl == 3) {
		/* The longest line with which the picture still fits is where lines run out. */
		uint32_t memory = (uint32_t)bytes * lines;
		uint16_t height = (bda.last_row + 1) * 16;

		if (bytes < pixels)
			memory /= pixels / bytes;
		memory /= height;
		bytes = memory > 0xfff8 ? 0xfff8 : memory & ~7u;
		pixels = bytes;
		lines = height;
	}
	r->bx = bytes;
	r->cx = pixels;
	r->dx = lines;
	r->ax = STATUS_OK;
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

/* 07h: the picture's start in memory, in pixels and lines; bit 7 waits for the retrace */
static void handle_4f07(void)
{
	uint16_t x, y;

	r->ax = STATUS_FAILED;
	switch (r->bl) {
	case 0x80:
		wait_for_retrace();
		/* fall through */
	case 0x00:
		if (!card_set_start(r->cx, r->dx))
			return;
		break;
	case 0x01:
		card_start(&x, &y);
		r->bh = 0;
		r->cx = x;
		r->dx = y;
		break;
	default:
		return;
	}
	r->ax = STATUS_OK;
}

/* 08h: bits a colour in the DAC */
static void handle_4f08(void)
{
	if (r->bl > 1) {
		r->ax = STATUS_FAILED;
		return;
	}
	if (r->bl == 0)
		card_set_dac_width(r->bh >= 8 ? 8 : 6);
	r->bh = card_dac_width();
	r->ax = STATUS_OK;
}

/* 09h: CX entries of blue, green, red and a spare byte from number DX on */
static void handle_4f09(void)
{
	uint16_t offset = r->di;

	r->ax = STATUS_FAILED;
	if (r->dx > 255 || r->cx > 256 - r->dx)
		return;
	switch (r->bl) {
	case 0x80:
		wait_for_retrace();
		/* fall through */
	case 0x00:
		outb(PORT_DAC_WRITE, r->dx);
		for (uint16_t i = r->cx; i; i--, offset += 4) {
			outb(PORT_DAC_DATA, peek8(r->es, offset + 2));
			outb(PORT_DAC_DATA, peek8(r->es, offset + 1));
			outb(PORT_DAC_DATA, peek8(r->es, offset));
		}
		break;
	case 0x01:
		outb(PORT_DAC_READ, r->dx);
		for (uint16_t i = r->cx; i; i--, offset += 4) {
			poke8(r->es, offset + 2, inb(PORT_DAC_DATA));
			poke8(r->es, offset + 1, inb(PORT_DAC_DATA));
			poke8(r->es, offset, inb(PORT_DAC_DATA));
			poke8(r->es, offset + 3, 0);
		}
		break;
	default:
		r->ax = 0x024f; /* there is one palette */
		return;
	}
	r->ax = STATUS_OK;
}

void handle_104f(void)
{
	if (card_memory() == 0) {
		r->ax = STATUS_NOT_KNOWN;
		return;
	}
	if (r->al >= 5 && bda.mode != MODE_VBE && r->al <= 9) {
		r->ax = STATUS_BAD_MODE;
		return;
	}
	switch (r->al) {
	case 0x00:
		handle_4f00();
		break;
	case 0x01:
		handle_4f01();
		break;
	case 0x02:
		handle_4f02();
		break;
	case 0x03:
		handle_4f03();
		break;
	case 0x05:
		handle_4f05();
		break;
	case 0x06:
		handle_4f06();
		break;
	case 0x07:
		handle_4f07();
		break;
	case 0x08:
		handle_4f08();
		break;
	case 0x09:
		handle_4f09();
		break;
	default:
		r->ax = STATUS_NOT_KNOWN;
	}
}
