/* SPDX-License-Identifier: MIT
 *
 * QEMU's table loader: what its commands do, and that each kind of nonsense in them is refused and leaves
 * the host's files alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "vmxloader/table_loader.h"

enum { POOL = 0x10000, FILE_SIZE = 64 };

static uint8_t *pool; /* below 4 GiB: addresses are 32 bits */
static uint32_t used;
static uint8_t written[16];
static unsigned writes;

/* Three files that can be placed, one that can be written. */
static bool size_of(const char *name, uint32_t *size)
{
	static const struct {
		const char *name;
		uint32_t size;
	} files[] = {{"tables", FILE_SIZE}, {"rsdp", 36}, {"log", 0x8000}, {"empty", 0}, {"guid", sizeof(written)}};

	for (unsigned i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(files[i].name, name)) {
			*size = files[i].size;
			return true;
		}
	return false;
}

static void read_file(const char *name, void *to, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		((uint8_t *)to)[i] = name[0] == 't' ? i : 0;
}

static bool write_file(const char *name, uint32_t offset, const void *bytes, uint32_t size)
{
	uint32_t whole;

	assert_true(size_of(name, &whole) && offset <= whole && size <= whole - offset);
	if (!strcmp(name, "guid"))
		memcpy(written + offset, bytes, size);
	writes++;
	return true;
}

/* Guard bytes behind each file; tests look whether they stayed. */
static uint32_t allocate(uint32_t size, uint32_t align, bool anchor)
{
	uint32_t at = (used + align - 1) & -align;

	if (at + size + 16 > POOL)
		return 0;
	memset(pool + at + size, 0xcc, 16);
	used = at + size + 16;
	return (uint32_t)(uintptr_t)pool + at;
}

static const struct table_host host = {size_of, read_file, write_file, allocate};

struct script {
	uint8_t bytes[32 * 128];
	unsigned count;
};

static uint8_t *add(struct script *s, uint32_t command)
{
	uint8_t *c = s->bytes + 128 * s->count++;

	memset(c, 0, 128);
	memcpy(c, &command, 4);
	return c + 4;
}

static void put32(uint8_t *at, uint32_t v)
{
	memcpy(at, &v, 4);
}

/* A name fills its field or ends in it. */
static void put_name(uint8_t *at, const char *name)
{
	memcpy(at, name, strnlen(name, 56));
}

static void place(struct script *s, const char *name, uint32_t align, uint8_t zone)
{
	uint8_t *c = add(s, 1);

	put_name(c, name);
	put32(c + 56, align);
	c[60] = zone;
}

static void pointer(struct script *s, const char *file, const char *source, uint32_t offset, uint8_t size)
{
	uint8_t *c = add(s, 2);

	put_name(c, file);
	put_name(c + 56, source);
	put32(c + 112, offset);
	c[116] = size;
}

static void checksum(struct script *s, const char *file, uint32_t offset, uint32_t start, uint32_t length)
{
	uint8_t *c = add(s, 3);

	put_name(c, file);
	put32(c + 56, offset);
	put32(c + 60, start);
	put32(c + 64, length);
}

static void tell(struct script *s, const char *file, const char *source, uint32_t offset, uint32_t from, uint8_t size)
{
	uint8_t *c = add(s, 4);

	put_name(c, file);
	put_name(c + 56, source);
	put32(c + 112, offset);
	put32(c + 116, from);
	c[120] = size;
}

static const char *run(const struct script *s)
{
	used = 0;
	writes = 0;
	return table_loader_run(&host, s->bytes, s->count * 128);
}

/* The script that all the others are wrong copies of. */
static struct script good(void)
{
	struct script s = {.count = 0};

	place(&s, "tables", 64, 1);
	place(&s, "rsdp", 16, 2);
	return s;
}

static void works(void **state)
{
	struct script s = good();
	uint32_t tables = (uint32_t)(uintptr_t)pool, value;
	uint8_t sum = 0;

	pointer(&s, "rsdp", "tables", 16, 4);
	checksum(&s, "rsdp", 8, 0, 20);
	tell(&s, "guid", "tables", 8, 40, 8);
	add(&s, 0);
	assert_null(run(&s));
	memcpy(&value, pool + 80 + 16, 4);
	assert_int_equal(value, tables);
	for (unsigned i = 0; i < 20; i++)
		sum += pool[80 + i];
	assert_int_equal(sum, 0);
	assert_int_equal(writes, 1);
	memcpy(&value, written + 8, 4);
	assert_int_equal(value, tables + 40);
	for (unsigned i = 0; i < FILE_SIZE; i++)
		assert_int_equal(pool[i], i);
}

/* A pointer adds to what the file holds. */
static void pointer_adds(void **state)
{
	struct script s = good();
	uint32_t value;

	pointer(&s, "tables", "log", 60, 4); /* 3f3e3d3c: past the target */
	place(&s, "log", 4096, 1);
	assert_non_null(run(&s));
	s = good();
	pointer(&s, "tables", "tables", 5, 1); /* holds 05; the address does not fit a byte */
	assert_non_null(run(&s));
	s = good();
	pointer(&s, "tables", "rsdp", 0, 2);
	assert_non_null(run(&s));
	s = good();
	pointer(&s, "rsdp", "tables", 4, 8);
	assert_null(run(&s));
	memcpy(&value, pool + 80 + 4, 4);
	assert_int_equal(value, (uint32_t)(uintptr_t)pool);
}

#define REFUSED(what)                                                                              \
	do {                                                                                       \
		struct script s = good();                                                          \
		tell(&s, "guid", "tables", 0, 0, 4);                                               \
		what;                                                                              \
		assert_non_null(run(&s));                                                          \
		assert_int_equal(writes, 0);                                                       \
	} while (0)

static void nonsense(void **state)
{
	REFUSED(place(&s, "", 16, 1));
	REFUSED(place(&s, "a name that is as long as its field, so that it has no end..", 16, 1));
	REFUSED(place(&s, "nothing", 16, 1));
	REFUSED(place(&s, "empty", 16, 1));
	REFUSED(place(&s, "tables", 16, 1));
	REFUSED(place(&s, "log", 0, 1));
	REFUSED(place(&s, "log", 48, 1));
	REFUSED(place(&s, "log", 16, 0));
	REFUSED(place(&s, "log", 16, 3));
	REFUSED(place(&s, "log", 0x80000000, 1));
	REFUSED(pointer(&s, "log", "tables", 0, 4));
	REFUSED(pointer(&s, "tables", "log", 0, 4));
	REFUSED(pointer(&s, "rsdp", "tables", 33, 4));
	REFUSED(pointer(&s, "rsdp", "tables", 0xffffffff, 4));
	REFUSED(pointer(&s, "rsdp", "tables", 0, 0));
	REFUSED(pointer(&s, "rsdp", "tables", 0, 3));
	REFUSED(pointer(&s, "rsdp", "tables", 0, 16));
	REFUSED(pointer(&s, "rsdp", "tables", 0, 2));
	REFUSED(checksum(&s, "log", 0, 0, 1));
	REFUSED(checksum(&s, "rsdp", 36, 0, 1));
	REFUSED(checksum(&s, "rsdp", 0, 0, 37));
	REFUSED(checksum(&s, "rsdp", 0, 36, 1));
	REFUSED(checksum(&s, "rsdp", 0, 0xffffffff, 2));
	REFUSED(checksum(&s, "rsdp", 0, 2, 0xffffffff));
	REFUSED(tell(&s, "nothing", "tables", 0, 0, 4));
	REFUSED(tell(&s, "guid", "log", 0, 0, 4));
	REFUSED(tell(&s, "guid", "tables", 13, 0, 4));
	REFUSED(tell(&s, "guid", "tables", 0xffffffff, 0, 4));
	REFUSED(tell(&s, "guid", "tables", 0, 64, 4));
	REFUSED(tell(&s, "guid", "tables", 0, 0, 5));
	REFUSED(tell(&s, "guid", "tables", 0, 0, 1));
	REFUSED(add(&s, 5));
	REFUSED(add(&s, 0xffffffff));
}

static void cut(void **state)
{
	struct script s = good();

	used = 0;
	assert_non_null(table_loader_run(&host, s.bytes, 2 * 128 - 1));
	assert_null(table_loader_run(&host, s.bytes, 0));
}

/* Random commands that are nearly right: nothing outside of the files changes. */
static void random_scripts(void **state)
{
	static const char *const names[] = {"tables", "rsdp", "log", "guid", "empty", "nothing", ""};
	static const uint32_t numbers[] = {0, 1, 4, 8, 16, 33, 36, 60, 63, 64, 65, 0x7fff, 0x8000, 0x80000000, 0xffffffff};
	unsigned accepted = 0;

	srand(1);
	for (unsigned round = 0; round < 200000; round++) {
		struct script s = good();
		uint8_t *end;

		memset(pool, 0xcc, 4096);
		for (unsigned i = rand() % 4; i < 5; i++) {
#define NAME   names[rand() % (sizeof(names) / sizeof(*names))]
#define NUMBER numbers[rand() % (sizeof(numbers) / sizeof(*numbers))]
			switch (rand() % 4) {
			case 0: place(&s, NAME, NUMBER, rand() % 4); break;
			case 1: pointer(&s, NAME, NAME, NUMBER, NUMBER); break;
			case 2: checksum(&s, NAME, NUMBER, NUMBER, NUMBER); break;
			case 3: tell(&s, NAME, NAME, NUMBER, NUMBER, NUMBER); break;
			}
		}
		accepted += !run(&s);
		end = pool + FILE_SIZE;
		for (unsigned i = 0; i < 16; i++) {
			assert_int_equal(end[i], 0xcc);
			assert_int_equal(pool[80 + 36 + i], 0xcc);
		}
	}
	assert_true(accepted > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(works),   cmocka_unit_test(pointer_adds),	cmocka_unit_test(nonsense),
	    cmocka_unit_test(cut),     cmocka_unit_test(random_scripts),
	};

	pool = mmap(NULL, POOL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (pool == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
