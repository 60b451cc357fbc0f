/* SPDX-License-Identifier: MIT
 *
 * What the two cards do differently: each ROM is linked with one implementation, dispi.c or
 * cirrus.c, and with that card's assembly, dispi.S or cirrus.S.
 */
#ifndef VGABIOS_CARD_H
#define VGABIOS_CARD_H

#include "vgabios.h"

/* The sizes of VBE modes: pixels, and characters of the text modes. */
/* clang-format off */
#define VBE_SIZES(S) \
	S(320, 200) S(640, 400) S(640, 480) S(800, 600) S(1024, 768) S(1152, 864) S(1280, 1024) S(1600, 1200) \
	S(80, 60) S(132, 25) S(132, 43) S(132, 50) S(132, 60)
#define VBE_MORE_SIZES(S) \
	S(1280, 720) S(1280, 768) S(1280, 800) S(1280, 960) S(1400, 1050) S(1440, 900) S(1600, 900) \
	S(1680, 1050) S(1920, 1080) S(1920, 1200) S(2560, 1440) S(2560, 1600)
/* clang-format on */
#define VBE_SIZE_ID(width, height) SIZE_##width##x##height,
enum { VBE_SIZES(VBE_SIZE_ID) VBE_MORE_SIZES(VBE_SIZE_ID) VBE_SIZE_COUNT };
_Static_assert(VBE_SIZE_COUNT <= 32, "struct vbe_entry");
#define VBE_SIZE(width, height) {width, height},
extern const struct vbe_size {
	uint16_t width, height;
} ROM card_sizes[];

/* A mode in the card's list; bits are 4, 8, 15, 16, 24 or 32, and 0 of text. */
struct vbe_entry {
	uint8_t size : 5, depth : 3; /* depth: VBE_DEPTH() */
	uint8_t need;		     /* memory in 64 KiB */
};
#define VBE_DEPTH(bits) ((bits) == 15 ? 7 : (bits) == 32 ? 5 : (bits) == 24 ? 3 : (bits) / 4)
#define VBE_NUMBER(number, width, height, bits) number,
#define VBE_ENTRY(number, width, height, bits)                                                     \
	{SIZE_##width##x##height, VBE_DEPTH(bits),                                                 \
	 ((width) * (height) * (((bits) + 1) / 4) / 2 + 0xffff) >> 16},

/* The modes, those that need the most memory first, and their numbers, with FFFFh behind them,
 * as 4F00h hands them out. */
extern const struct vbe_entry ROM card_modes[];
extern const uint16_t ROM card_mode_numbers[];

/* What else vbe.c has to know. */
struct card {
	uint8_t modes;
	uint8_t capabilities; /* of 4F00h */
	bool ddc;	      /* has a monitor that can be asked */
	uint8_t dpms; /* states that there are: VBE/PM 1.0, 00h */
	uint16_t max_pitch; /* bytes, in planes four at once */
	uint32_t max_clock; /* Hz */
};
extern const struct card ROM card;

/* A mode that was looked up. */
struct vbe_mode {
	uint16_t width, height;
	uint8_t bits;
	uint8_t storage; /* bits a pixel takes in memory, in one plane */
	uint8_t size, depth; /* SIZE_*, VBE_DEPTH() */
	uint32_t memory; /* bytes, of one plane */
};

/* At start-up: unlocks the card. */
void card_init(void);
/* Before a standard mode is set: turns extended modes off. */
void card_standard_mode(void);
/* Video memory in units of 64 KiB; 0 where there are no extended modes: then nothing below is
 * called. */
uint16_t card_memory(void);
/* Physical address of the linear frame buffer; 0 where there is none. */
uint32_t card_framebuffer(void);
/* Sets a graphics mode, behind card_standard_mode() and the registers of mode 12h or 13h; clears the memory unless keep. */
void card_set_mode(const struct vbe_mode *mode, bool linear, bool keep);

/* Bytes from one line to the next. */
uint16_t card_pitch(const struct vbe_mode *mode);
void card_set_pitch(uint16_t bytes, uint16_t pixels);
/* Start of the picture: line << 16 | pixel, and at which byte that is. */
void card_set_start(uint32_t at, uint32_t offset);
uint32_t card_start(const struct vbe_mode *mode);
/* DAC width, 6 or 8 bits a colour: what came of it. */
uint8_t card_set_dac_width(uint8_t bits);
uint8_t card_dac_width(void);
/* Power state, 0 on, 1 standby, 2 suspend, 4 off: one that card.dpms has; which it is while the
 * picture is off. */
void card_set_power(uint8_t state);
uint8_t card_power(void);
/* The extended registers, at most CARD_STATE bytes at offset in the caller's ES. */
enum { CARD_STATE = 64 };
void card_save(uint16_t offset);
void card_restore(uint16_t offset);
/* The monitor's EDID, 128 bytes of it, to the caller's ES:DI; false where there is none. */
bool card_edid(uint8_t block);
/* INT 10h/12h, what the standard adapter does not know. */
void card_1012(void);
/* VBE's number of a mode with a number of the card's maker; 0 where there is none. */
uint16_t card_oem_mode(uint8_t number);

#endif
