/* SPDX-License-Identifier: MIT
 *
 * What happens once at start-up.
 */
#include "card.h"
#include "vgabios.h"

/* entry.S: the table that 40:A8 points at */
extern const uint16_t ROM save_pointers[];

/* INT 1Dh: the registers of a CGA's or MDA's CRTC for 40 and 80 columns, graphics and monochrome,
 * then page sizes, columns and mode registers (IBM PC Technical Reference). */
static const uint8_t ROM crtc_6845[4 * 16 + 4 * 2 + 8 + 8] IN_ROM = {
	0x38, 0x28, 0x2d, 0x0a, 0x1f, 0x06, 0x19, 0x1c, 0x02, 0x07, 0x06, 0x07, 0, 0, 0, 0,
	0x71, 0x50, 0x5a, 0x0a, 0x1f, 0x06, 0x19, 0x1c, 0x02, 0x07, 0x06, 0x07, 0, 0, 0, 0,
	0x38, 0x28, 0x2d, 0x0a, 0x7f, 0x06, 0x64, 0x70, 0x02, 0x01, 0x06, 0x07, 0, 0, 0, 0,
	0x61, 0x50, 0x52, 0x0f, 0x19, 0x06, 0x19, 0x19, 0x02, 0x0d, 0x0b, 0x0c, 0, 0, 0, 0,
	0x00, 0x08, 0x00, 0x10, 0x00, 0x40, 0x00, 0x40, 0x28, 0x28, 0x50, 0x50, 0x28, 0x28, 0x50, 0x50,
	0x2c, 0x28, 0x2d, 0x29, 0x2a, 0x2e, 0x1e, 0x29,
};

static void set_vector(uint8_t n, uint16_t offset)
{
	ivt[n].offset = offset;
	ivt[n].segment = ROM_SEG;
}

void start(void)
{
	card_init();
	set_vector(0x10, ROM_OFFSET(int10_entry));
	set_vector(0x42, ROM_OFFSET(int10_entry));
	set_vector(0x6d, ROM_OFFSET(int10_entry));
	set_vector(0x1d, ROM_OFFSET(crtc_6845));
	set_vector(0x1f, ROM_OFFSET(font_8x8 + 128 * 8));
	bda.equipment = (bda.equipment & ~0x30) | 0x20;
	bda.control = CONTROL_256K;
	bda.switches = 0xf9;
	bda.options = OPTION_VGA | OPTION_400_LINES | OPTION_DISPLAY_SWITCH;
	bda.dcc = 11; /* a VGA with a colour display, alone */
	bda.save_pointer[0] = ROM_OFFSET(save_pointers);
	bda.save_pointer[1] = ROM_SEG;
	set_standard_mode(3, 0);
}
