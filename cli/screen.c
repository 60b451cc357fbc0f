/* SPDX-License-Identifier: MIT
 *
 * Reads text off a picture by the glyphs of the guest's own video BIOS: in text modes, and in
 * graphics modes where the BIOS font is drawn, whatever the colours.
 */
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"

#define MAX_FONTS   16
#define HASH        1024
#define MAX_HEIGHT  16
#define REPLACEMENT "\xef\xbf\xbd"

struct font {
	unsigned height;
	uint8_t glyph[256][MAX_HEIGHT];
	uint16_t hash[HASH]; /* code + 1 */
};

static struct font fonts[MAX_FONTS];
static unsigned font_count;

/* CP437 as Unicode; 20h-7Eh is ASCII. */
// clang-format off
static const uint16_t cp437_low[32] = {
	0x0020, 0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022,
	0x25d8, 0x25cb, 0x25d9, 0x2642, 0x2640, 0x266a, 0x266b, 0x263c,
	0x25ba, 0x25c4, 0x2195, 0x203c, 0x00b6, 0x00a7, 0x25ac, 0x21a8,
	0x2191, 0x2193, 0x2192, 0x2190, 0x221f, 0x2194, 0x25b2, 0x25bc,
};
static const uint16_t cp437_high[129] = {
	0x2302,
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7,
	0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5,
	0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
	0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192,
	0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba,
	0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
	0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556,
	0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
	0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
	0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567,
	0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b,
	0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
	0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4,
	0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229,
	0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
	0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x0020,
};
// clang-format on

static unsigned put_utf8(char *to, unsigned code)
{
	unsigned u = code < 32 ? cp437_low[code] : code < 127 ? code : cp437_high[code - 127];

	if (u < 0x80)
		return to[0] = u, 1;
	if (u < 0x800)
		return to[0] = 0xc0 | u >> 6, to[1] = 0x80 | (u & 63), 2;
	return to[0] = 0xe0 | u >> 12, to[1] = 0x80 | (u >> 6 & 63), to[2] = 0x80 | (u & 63), 3;
}

static unsigned glyph_hash(const uint8_t *rows, unsigned height)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (unsigned i = 0; i < height; i++)
		h = (h ^ rows[i]) * 16777619u;
	return (h ^ h >> 12) % HASH;
}

static int font_find(const struct font *f, const uint8_t *rows)
{
	for (unsigned h = glyph_hash(rows, f->height); f->hash[h]; h = (h + 1) % HASH)
		if (memcmp(f->glyph[f->hash[h] - 1], rows, f->height) == 0)
			return f->hash[h] - 1;
	return -1;
}

static void font_enter(struct font *f, unsigned code)
{
	unsigned h = glyph_hash(f->glyph[code], f->height);

	if (font_find(f, f->glyph[code]) >= 0)
		return;
	while (f->hash[h])
		h = (h + 1) % HASH;
	f->hash[h] = code + 1;
}

static void font_add(const uint8_t *bytes, unsigned height)
{
	struct font *f = &fonts[font_count];

	f->height = height;
	memset(f->hash, 0, sizeof(f->hash));
	for (unsigned c = 0; c < 256; c++)
		memcpy(f->glyph[c], bytes + c * height, height);
	for (unsigned i = 0; i < font_count; i++)
		if (fonts[i].height == height &&
		    memcmp(fonts[i].glyph, f->glyph, sizeof(f->glyph)) == 0)
			return;
	/* ASCII first: of codes that look the same, that is the one meant */
	for (unsigned c = 32; c < 127; c++)
		font_enter(f, c);
	for (unsigned c = 0; c < 256; c++)
		font_enter(f, c);
	font_count++;
}

static bool all(const uint8_t *p, uint8_t value, unsigned count)
{
	while (count && *p == value)
		p++, count--;
	return count == 0;
}

/* A font has no header, but code page 437 fixes some shapes: blanks at 00, 20 and FF, the full
 * block at DB, its lower and upper halves at DC and DF, its left and right ones at DD and DE. */
static bool is_font(const uint8_t *p, unsigned height)
{
	static const uint8_t blank[] = {0x00, 0x20, 0xff};

	for (unsigned i = 0; i < sizeof(blank); i++)
		if (!all(p + blank[i] * height, 0, height))
			return false;
	const uint8_t *lower = p + 0xdc * height, *upper = p + 0xdf * height;
	return all(p + 0xdb * height, 0xff, height) && all(p + 0xdd * height, 0xf0, height) &&
	       all(p + 0xde * height, 0x0f, height) && lower[0] == 0 &&
	       lower[height - 1] == 0xff && upper[0] == 0xff && upper[height - 1] == 0;
}

unsigned screen_load_fonts(const char *path)
{
	static const unsigned heights[] = {16, 14, 8};
	static uint8_t rom[128 * 1024];
	unsigned found = 0;

	FILE *f = fopen(path, "rb");
	if (!f)
		return 0;
	size_t size = fread(rom, 1, sizeof(rom), f);
	fclose(f);
	for (unsigned i = 0; i < 3; i++)
		for (size_t at = 0; at + 256 * heights[i] <= size; at++)
			if (rom[at] == 0 && font_count < MAX_FONTS && is_font(rom + at, heights[i]))
				font_add(rom + at, heights[i]), found++;
	return found;
}

/* The code of the cell at (x, y), or -1. ink is whether there is anything in it. */
static int read_cell(const struct picture *p, const struct font *f, unsigned x, unsigned y,
		     bool *ink)
{
	uint8_t rows[MAX_HEIGHT], inverse[MAX_HEIGHT];
	uint32_t first = p->pixels[y * p->width + x], second = first;
	int code;

	for (unsigned r = 0; r < f->height; r++) {
		const uint32_t *line = p->pixels + (y + r) * p->width + x;
		unsigned bits = 0;
		for (unsigned c = 0; c < 8; c++) {
			bits <<= 1;
			if (line[c] == first)
				continue;
			if (second == first)
				second = line[c];
			else if (line[c] != second)
				return *ink = true, -1; /* three colours: no text */
			bits |= 1;
		}
		rows[r] = bits;
		inverse[r] = ~bits;
	}
	*ink = second != first;
	if (!*ink)
		return ' ';
	if ((code = font_find(f, rows)) >= 0 || (code = font_find(f, inverse)) >= 0)
		return code;
	/* a cursor covers some lines of the glyph wholly */
	for (unsigned turn = 0; turn < 2; turn++) {
		const uint8_t *seen = turn ? inverse : rows;
		unsigned covered = 0;
		for (unsigned r = 0; r < f->height; r++)
			covered += seen[r] == 0xff;
		if (covered == 0 || covered > 4)
			continue;
		for (code = 32; code < 127; code++) {
			unsigned r = 0;
			while (r < f->height &&
			       (seen[r] == 0xff || seen[r] == f->glyph[code][r]))
				r++;
			if (r == f->height)
				return code;
		}
	}
	return -1;
}

struct grid {
	const struct font *font;
	unsigned width, x0, y0;
};

/* How well a grid explains a picture: letters found less cells that are not in the font. */
static int grid_score(const struct picture *p, const struct grid *g, int *unknown)
{
	int score = 0;
	bool ink;

	*unknown = 0;

	for (unsigned y = g->y0; y + g->font->height <= p->height; y += g->font->height) {
		for (unsigned x = g->x0; x + 8 <= p->width; x += g->width) {
			int code = read_cell(p, g->font, x, y, &ink);
			if (ink)
				score += code < 0 ? -1 : code > 32 && code < 127 ? 2 : 0;
			if (ink && code < 0)
				++*unknown;
		}
	}
	return score;
}

static char *grid_text(const struct picture *p, const struct grid *g)
{
	unsigned rows = p->height / g->font->height + 1, columns = p->width / g->width + 1;
	static char *text;
	bool ink;

	free(text);
	char *to = text = malloc((size_t)rows * (columns * 3 + 1) + 1), *kept = text;
	if (!text)
		abort();
	for (unsigned y = g->y0; y + g->font->height <= p->height; y += g->font->height) {
		char *end = to; /* of the line without trailing blanks */
		for (unsigned x = g->x0; x + 8 <= p->width; x += g->width) {
			int code = read_cell(p, g->font, x, y, &ink);
			if (code < 0)
				memcpy(to, REPLACEMENT, 3), to += 3;
			else
				to += put_utf8(to, code);
			if (ink && code != 0x20)
				end = to;
		}
		to = end;
		*to++ = '\n';
		if (to > kept + 1 && to[-2] != '\n')
			kept = to;
	}
	*kept = 0;
	return text;
}

const char *screen_text(const struct picture *p)
{
	struct grid best = {0}, try;
	int score, best_score = 0, unknown, best_unknown = 0;

	/* text modes: cells from the corner, 8 or 9 dots wide */
	for (unsigned i = 0; i < font_count; i++) {
		for (unsigned width = 8; width <= 9; width++) {
			try = (struct grid){&fonts[i], width, 0, 0};
			if ((score = grid_score(p, &try, &unknown)) > best_score)
				best_score = score, best_unknown = unknown, best = try;
		}
	}
	/* graphics: a line of text anywhere, though another font's line may lie in the corner's grid by
	 * chance; the 8x16 font, as that is what gets drawn there */
	bool text_mode = best_score >= 20 && 4 * best_unknown < best_score;
	for (unsigned i = 0; !text_mode && i < font_count; i++) {
		if (fonts[i].height != 16)
			continue;
		for (unsigned at = 1; at < 8 * 16; at++) {
			try = (struct grid){&fonts[i], 8, at % 8, at / 8};
			if ((score = grid_score(p, &try, &unknown)) > best_score)
				best_score = score, best = try;
		}
	}
	return best.font ? grid_text(p, &best) : "";
}

bool picture_resize(struct picture *p, unsigned width, unsigned height)
{
	uint32_t *pixels = realloc(p->pixels, ((size_t)width * height + 1) * sizeof(*pixels));

	if (!pixels)
		return false;
	p->pixels = pixels;
	p->width = width;
	p->height = height;
	return true;
}

bool picture_write_png(const struct picture *p, const char *path)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = p->width,
		.height = p->height,
		.format = PNG_FORMAT_RGB,
	};
	uint8_t *rgb = malloc((size_t)p->width * p->height * 3 + 1);
	bool ok = false;

	if (rgb) {
		for (size_t i = 0; i < (size_t)p->width * p->height; i++) {
			rgb[i * 3] = p->pixels[i] >> 16;
			rgb[i * 3 + 1] = p->pixels[i] >> 8;
			rgb[i * 3 + 2] = p->pixels[i];
		}
		ok = p->width && png_image_write_to_file(&image, path, 0, rgb, 0, NULL);
	}
	free(rgb);
	return ok;
}
