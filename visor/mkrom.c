/* SPDX-License-Identifier: MIT
 *
 * Build-machine program: puts dfw-visor.rom together.
 *
 *     mkrom OUTPUT BOOT IMAGE LOADER [COMMAND-LINE]
 *
 * BOOT is the start-up program (64 KiB, ending at 4 GiB), IMAGE the visor image, LOADER an ELF
 * to start as guest. The payload table at the beginning of BOOT is filled in.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dfw/layout.h>
#include "visor/boot.h"

#define BLOCK    0x10000u
#define ROM_MOST 0x200000u

static uint8_t rom[ROM_MOST];

static void fail(const char *name, const char *why)
{
	fprintf(stderr, "mkrom: %s: %s\n", name, why);
	exit(1);
}

static uint32_t load(const char *name, uint8_t *to, uint32_t most)
{
	FILE *f = fopen(name, "rb");

	if (!f) {
		perror(name);
		exit(1);
	}
	size_t size = fread(to, 1, most, f);
	if (fgetc(f) != EOF)
		fail(name, "too big");
	fclose(f);
	return size;
}

static void set_cmdline(uint8_t *boot, const char *line)
{
	const size_t magic = sizeof(DFW_ROM_CMDLINE_MAGIC) - 1;

	if (strlen(line) >= DFW_ROM_CMDLINE_SIZE - magic)
		fail(line, "command line too long");
	for (uint8_t *p = boot; p < boot + BLOCK - DFW_ROM_CMDLINE_SIZE; p++)
		if (!memcmp(p, DFW_ROM_CMDLINE_MAGIC, magic)) {
			strcpy((char *)p + magic, line);
			return;
		}
	fail("start-up program", "no command line block");
}

int main(int argc, char **argv)
{
	static uint8_t boot[BLOCK];

	if (argc != 5 && argc != 6) {
		fprintf(stderr, "usage: mkrom OUTPUT BOOT IMAGE LOADER [COMMAND-LINE]\n");
		return 2;
	}
	if (load(argv[2], boot, BLOCK) != BLOCK)
		fail(argv[2], "not 64 KiB");
	uint32_t image_size = load(argv[3], rom, ROM_MOST - BLOCK);
	uint32_t loader = (image_size + 15) & -16u;
	uint32_t loader_size = load(argv[4], rom + loader, ROM_MOST - BLOCK - loader);
	uint32_t size = ((loader + loader_size + BLOCK - 1) & -BLOCK) + BLOCK;
	uint32_t base = -size; /* the ROM ends at 4 GiB */

	struct visor_payload *payload = (struct visor_payload *)boot;
	if (payload->magic != VISOR_PAYLOAD_MAGIC)
		fail(argv[2], "no payload table");
	payload->image = base;
	payload->image_size = image_size;
	payload->loader = base + loader;
	payload->loader_size = loader_size;
	if (argc == 6)
		set_cmdline(boot, argv[5]);
	memcpy(rom + size - BLOCK, boot, BLOCK);

	FILE *f = fopen(argv[1], "wb");
	if (!f || fwrite(rom, 1, size, f) != size || fclose(f)) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
