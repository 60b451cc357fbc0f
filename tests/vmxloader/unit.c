/* SPDX-License-Identifier: MIT
 *
 * The memory map and the command line, against plain models of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "vmxloader/e820.h"
#include "vmxloader/options.h"

/* The model: 256 pages with a type each. */
enum { PAGES = 256 };

static void same(const struct e820 *map, const uint8_t *model)
{
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(e820_type(map, i << 12), model[i]);
	for (unsigned i = 0; i < map->count; i++) {
		const struct dfw_e820 *e = &map->entry[i];

		assert_true(e->length > 0 && e->type != E820_NONE);
		if (i) {
			const struct dfw_e820 *before = e - 1;

			assert_true(before->base + before->length <= e->base);
			assert_false(before->base + before->length == e->base && before->type == e->type);
		}
	}
}

/* Any order of ranges that overlap in any way; what a search finds is RAM all through, and the highest. */
static void map_is_the_model(void **state)
{
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		struct e820 map = {0};
		uint8_t model[PAGES] = {0};

		for (unsigned n = rand() % 12; n; n--) {
			unsigned from = rand() % PAGES, to = from + rand() % (PAGES - from), type = rand() % 4;

			assert_true(e820_set(&map, from << 12, (uint64_t)(to - from) << 12, type));
			memset(model + from, type, to - from);
		}
		same(&map, model);

		unsigned pages = 1 + rand() % 8, limit = rand() % PAGES, best = 0;
		unsigned align = 1u << rand() % 4;

		for (unsigned at = 0; at + pages <= limit; at += align) {
			unsigned n = 0;

			while (n < pages && model[at + n] == E820_RAM)
				n++;
			best = n == pages ? at : best;
		}
		assert_int_equal(e820_find(&map, pages << 12, align << 12, limit << 12, 0), best << 12);
	}
}

static void map_ends(void **state)
{
	struct e820 map = {0};

	assert_true(e820_set(&map, UINT64_MAX - 0xfff, UINT64_MAX, E820_RESERVED));
	assert_int_equal(e820_type(&map, UINT64_MAX - 1), E820_RESERVED);
	assert_int_equal(e820_type(&map, 0), E820_NONE);
	assert_true(e820_set(&map, 0, 0, E820_RAM));
	assert_int_equal(map.count, 1);
	/* full: the highest fall out, and that is told */
	map.count = 0;
	for (unsigned i = 0; i < DFW_E820_MAX; i++)
		assert_true(e820_set(&map, i * 0x2000, 0x1000, E820_RAM));
	assert_false(e820_set(&map, 0x100, 0x100, E820_NVS));
	assert_int_equal(map.count, DFW_E820_MAX);
	assert_int_equal(e820_type(&map, 0x100), E820_NVS);
	assert_int_equal(e820_ram_top(&map, UINT64_MAX), (DFW_E820_MAX - 3) * 0x2000 + 0x1000);
}

static unsigned unknown_words;

static void unknown(const char *word, unsigned len)
{
	assert_true(len > 0 && !memchr(word, ' ', len));
	unknown_words++;
}

static void words(void **state)
{
	static const char *const wrong[] = {"assist", "assist=", "assist=yes", "boot=", "boot=disk,", "boot=disk,tape",
					    "boot=disk,disk,disk,disk,disk,disk,disk,disk", "processors=",
					    "processors=256", "processors=1,,2", "processors=1;2", "menus", "tables=own,",
					    "processors=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16"};
	struct options o = {0}, before;

	options_parse(&o, "  assist=on assist=host menu tables=own boot=cdrom,network processors=0,255 ", unknown);
	assert_int_equal(unknown_words, 0);
	assert_int_equal(o.assist, ASSIST_HOST);
	assert_true(o.menu && o.own_tables && !o.serial && !o.trace);
	assert_memory_equal(o.boot_order, ((uint8_t[8]){DFW_BOOT_CDROM, DFW_BOOT_NETWORK}), 8);
	assert_int_equal(o.processors, 2);
	assert_int_equal(o.apic_id[1], 255);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		before = o;
		unknown_words = 0;
		options_parse(&o, wrong[i], unknown);
		assert_int_equal(unknown_words, 1);
		assert_memory_equal(&o, &before, sizeof(o));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(map_is_the_model),
	    cmocka_unit_test(map_ends),
	    cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
