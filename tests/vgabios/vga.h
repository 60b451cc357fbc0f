/* SPDX-License-Identifier: MIT
 *
 * For guest programs: the VGA's registers.
 */
#ifndef TESTS_VGABIOS_VGA_H
#define TESTS_VGABIOS_VGA_H

#include <tests/rombios/guest.h>

struct vga {
	uint8_t seq[5], crtc[25], gr[9], atc[21], misc, mask, dac[768];
};

static uint8_t indexed(uint16_t port, uint8_t index)
{
	outb(port, index);
	return inb(port + 1);
}

static __attribute__((unused)) void set_indexed(uint16_t port, uint8_t index, uint8_t value)
{
	outb(port, index);
	outb(port + 1, value);
}

static uint8_t crtc(uint8_t index)
{
	return indexed(BDA16(0x63), index);
}

static __attribute__((unused)) uint16_t crtc_pair(uint8_t index)
{
	return crtc(index) << 8 | crtc(index + 1);
}

static uint8_t attribute(uint8_t index)
{
	uint8_t v;

	inb(BDA16(0x63) + 6);
	outb(0x3c0, index);
	v = inb(0x3c1);
	inb(BDA16(0x63) + 6);
	outb(0x3c0, 0x20);
	return v;
}

static void read_vga(struct vga *v)
{
	for (unsigned i = 0; i < sizeof(v->seq); i++)
		v->seq[i] = indexed(0x3c4, i);
	for (unsigned i = 0; i < sizeof(v->crtc); i++)
		v->crtc[i] = crtc(i);
	for (unsigned i = 0; i < sizeof(v->gr); i++)
		v->gr[i] = indexed(0x3ce, i);
	for (unsigned i = 0; i < sizeof(v->atc); i++)
		v->atc[i] = attribute(i);
	v->misc = inb(0x3cc);
	v->mask = inb(0x3c6);
	outb(0x3c7, 0);
	for (unsigned i = 0; i < sizeof(v->dac); i++)
		v->dac[i] = inb(0x3c9);
}

#endif
