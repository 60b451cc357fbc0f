/* SPDX-License-Identifier: MIT
 *
 * For guest programs that call the video BIOS, by rows of tests/rombios/rows.h: each row is called in a
 * video mode of its own, freshly set. Looked at besides: the VGA's registers, its DAC and video memory,
 * of which only what the row says may change.
 */
#ifndef TESTS_VGABIOS_SCREEN_H
#define TESTS_VGABIOS_SCREEN_H

#ifndef BUFFER_SIZE
#define BUFFER_SIZE 1024
#endif
#define FAST_CALLS 8
enum { SEQ = 1 << 0, CRTC = 1 << 1, GRC = 1 << 2, ATC = 1 << 3, MISC = 1 << 4, DAC = 1 << 5, PLANES = SEQ | GRC };
/* mode: that to be called in; 0 is mode 3, IN_MODE_0 mode 0. registers: those that may change.
 * video: first and last offset in video memory that may change. */
enum { IN_MODE_0 = 0x80 };
#define ROW_MORE                                                                                   \
	uint8_t mode, registers;                                                                   \
	uint16_t video[2];
#include <tests/rombios/rows.h>
#include <tests/vgabios/vga.h>

#define ALL_VIDEO {0, 0xffff}
/* What a mode set changes in the BDA: 49-66, 84-8A, BA-BD */
#define BDA_MODE {{0x49, 0x1e}, {0x84, 7}, {0xba, 4}}

static struct vga vga_before, vga_now;

static void same_bytes(const char *what, const uint8_t *is, const uint8_t *was, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		check_line(is[i] == was[i], i, what, is[i], was[i]);
}

static void look_vga(uint8_t but)
{
	const struct vga *was = &vga_before, *is = &vga_now;

	read_vga(&vga_now);
	if (!(but & SEQ))
		same_bytes("sequencer register", is->seq, was->seq, sizeof(is->seq));
	if (!(but & CRTC))
		same_bytes("CRTC register", is->crtc, was->crtc, sizeof(is->crtc));
	if (!(but & GRC))
		same_bytes("graphics register", is->gr, was->gr, sizeof(is->gr));
	if (!(but & ATC))
		same_bytes("attribute register", is->atc, was->atc, sizeof(is->atc));
	if (!(but & MISC))
		same_bytes("miscellaneous output", &is->misc, &was->misc, 1);
	if (!(but & DAC))
		same_bytes("DAC mask, colour", &is->mask, &was->mask, 1 + sizeof(is->dac));
}

/* Sums of video memory, 64 bytes each, plane by plane where there are planes. */
static uint16_t sums[4][1024];

static uint16_t sum64(uint16_t seg, uint32_t off)
{
	const volatile uint32_t __seg_gs *p = (const volatile uint32_t __seg_gs *)off;
	uint32_t sum = 0;

	set_gs(seg);
	for (unsigned i = 0; i < 16; i++)
		sum = (sum << 5 | sum >> 27) + p[i];
	return sum ^ sum >> 16;
}

/* From first to last offset outside the row's, or keeps the sums. */
static void sum_video(const uint16_t *may_change)
{
	uint8_t map = indexed(0x3ce, 6), gr5 = indexed(0x3ce, 5), gr4 = indexed(0x3ce, 4);
	uint16_t seg = (map >> 2 & 3) < 2 ? 0xa000 : (map >> 2 & 3) == 2 ? 0xb000 : 0xb800;
	uint32_t size = seg == 0xa000 ? 0x10000 : 0x8000;
	unsigned planes = map & 1 && seg == 0xa000 && !(indexed(0x3c4, 4) & 8) ? 4 : 1;

	for (unsigned plane = 0; plane < planes; plane++) {
		if (planes > 1) {
			set_indexed(0x3ce, 4, plane);
			set_indexed(0x3ce, 5, 0);
		}
		for (uint32_t off = 0; off < size; off += 64) {
			uint16_t sum = sum64(seg, off);

			if (!may_change)
				sums[plane][off / 64] = sum;
			else if (sums[plane][off / 64] != sum &&
				 (off + 63 < may_change[0] || off > may_change[1] || may_change[1] == 0))
				check_line(false, plane, "video memory changed, at", off, 0);
		}
	}
	set_indexed(0x3ce, 5, gr5);
	set_indexed(0x3ce, 4, gr4);
}

/* Where a cell of text is, from B0000 on. */
static uint32_t cell_at(uint8_t row, uint8_t column)
{
	return (BDA16(0x63) == 0x3b4 ? 0 : 0x8000) + (row * BDA16(0x4a) + column) * 2;
}

static __attribute__((unused)) uint16_t cell(uint8_t row, uint8_t column)
{
	uint32_t at = cell_at(row, column);

	return FAR(uint16_t, 0xb000, at);
}

static __attribute__((unused)) void put_cell(uint8_t row, uint8_t column, uint16_t value)
{
	uint32_t at = cell_at(row, column);

	FAR(uint16_t, 0xb000, at) = value;
}

/* Calls of which a row needs the effect, not the test. */
static void video(uint16_t ax, uint16_t bx, uint16_t cx, uint16_t dx)
{
	struct r r = {ax, bx, cx, dx, 0, BUFFER, 0, GUEST_SEG, BUFFER_SEG, 0, 0, IF | 2};

	int_call(&r, 0x10);
}

static __attribute__((unused)) void set_cursor(uint8_t page, uint8_t row, uint8_t column)
{
	video(0x0200, page << 8, 0, row << 8 | column);
}

/* Another BIOS may take more stack or leave what ours restores: only the results count. */
static void row_begin(const struct row *row)
{
	BDA8(0x89) = 0x51; /* 400 lines, the default palette */
	video(row->mode == IN_MODE_0 ? 0 : row->mode ? row->mode : 3, 0, 0, 0);
}

static void row_before(const struct row *row)
{
	if (setting == FAST_TIMER)
		return;
	sum_video(NULL);
	read_vga(&vga_before);
}

static void row_after(const struct row *row)
{
	if (setting == FAST_TIMER)
		return;
	look_vga(row->registers);
	sum_video(row->video);
}

#endif
