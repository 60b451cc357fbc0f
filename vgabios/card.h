/* SPDX-License-Identifier: MIT
 *
 * What the two cards do differently: each ROM is linked with one implementation, dispi.c or
 * cirrus.c.
 */
#ifndef VGABIOS_CARD_H
#define VGABIOS_CARD_H

#include "vgabios.h"

/* A VBE mode of the list in vbe.c. */
struct vbe_mode {
	uint16_t number;
	uint16_t width, height;
	uint8_t bits; /* 4, 8, 15, 16, 24 or 32 */
};

/* At start-up: unlocks the card. */
void card_init(void);
/* Before a standard mode is set: turns extended modes off. */
void card_standard_mode(void);
/* Video memory in units of 64 KiB; 0 where there are no extended modes: then nothing below is
 * called. */
uint16_t card_memory(void);
/* Physical address of the linear frame buffer. */
uint32_t card_framebuffer(void);
/* Bytes from one line to the next if a mode is set. */
uint16_t card_pitch(const struct vbe_mode ROM *mode);
/* Sets an extended mode; clears the memory unless keep. */
void card_set_mode(const struct vbe_mode ROM *mode, bool linear, bool keep);
/* Whether an extended mode is on. */
bool card_extended(void);

/* The 64 KiB of video memory that A0000 shows. */
uint16_t card_bank(void);
void card_set_bank(uint16_t bank);
/* Pitch in pixels; the card may round up. Returns false where it is too long. */
bool card_set_virtual_width(uint16_t pixels);
void card_virtual_size(uint16_t *bytes, uint16_t *pixels, uint16_t *lines);
/* Start of the picture in pixels and lines; false where that leaves the memory. */
bool card_set_start(uint16_t x, uint16_t y);
void card_start(uint16_t *x, uint16_t *y);
/* DAC width: 6 or 8 bits a colour. */
void card_set_dac_width(uint8_t bits);
uint8_t card_dac_width(void);

#endif
