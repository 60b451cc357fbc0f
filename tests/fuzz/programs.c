/* SPDX-License-Identifier: MIT
 *
 * Generates programs for runner.S.
 *
 *     programs RUNNER IMAGE COUNT SEED [NUMBER [code]]
 *     programs RUNNER IMAGE COUNT SEED -NUMBER...
 *
 * writes a disk image: the runner and COUNT programs. With NUMBER only that one of them, with
 * -NUMBER all but those; with the word code, its code from 1000:0100 on and its first registers
 * instead. A program's line has its number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/fuzz/generate.h"
#include "tests/fuzz/runner.h"

static uint64_t seed;

uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dull >> 32;
}

static bool left_out(int argc, char **argv, uint32_t n)
{
	for (int k = 5; k < argc; k++)
		if (-strtol(argv[k], NULL, 0) == n)
			return true;
	return false;
}

/* Program n of a seed. */
static struct program make(const char *seed_text, uint32_t n)
{
	struct program p = {.number = n};

	seed = (strtoull(seed_text, NULL, 0) << 20 | n) * 0x9e3779b97f4a7c15ull | 1;
	rnd();
	for (unsigned r = 0; r < 8; r++)
		p.regs[r] = value();
	generate();
	p.size = sizeof(p) + 2 * count + length;
	p.starts = count;
	p.length = length;
	return p;
}

int main(int argc, char **argv)
{
	static uint8_t image[PROGRAMS_END - PROGRAMS];
	uint32_t programs, n, at = RUNNER_SECTORS * 512 + 4, done = 0;
	FILE *runner, *out;
	long only;

	if (argc < 5 || !(runner = fopen(argv[1], "rb")) || !(out = fopen(argv[2], "wb"))) {
		fprintf(stderr, "usage: programs RUNNER IMAGE COUNT SEED [NUMBER [code] | -NUMBER...]\n");
		return 2;
	}
	programs = strtoul(argv[3], NULL, 0);
	only = argc > 5 ? strtol(argv[5], NULL, 0) : 0;
	if (only > 0 && argc > 6) {
		struct program p = make(argv[4], only);

		fwrite(code, 1, length, out);
		for (unsigned r = 0; r < 8; r++)
			printf("%08x ", p.regs[r]);
		putchar('\n');
		return fclose(out) ? 2 : 0;
	}
	if (fread(image, 1, RUNNER_SECTORS * 512, runner) != RUNNER_SECTORS * 512)
		return 2;
	for (n = 1; n <= programs; n++) {
		struct program p;

		if (only > 0 ? n != only : left_out(argc, argv, n))
			continue;
		p = make(argv[4], n);
		if (at + p.size > sizeof(image))
			break;
		memcpy(image + at, &p, sizeof(p));
		memcpy(image + at + sizeof(p), starts, 2 * count);
		memcpy(image + at + sizeof(p) + 2 * count, code, length);
		at += p.size;
		done++;
	}
	memcpy(image + RUNNER_SECTORS * 512, &done, 4);
	fwrite(image, 1, sizeof(image), out);
	printf("%u programs\n", done);
	return fclose(out) ? 2 : 0;
}
