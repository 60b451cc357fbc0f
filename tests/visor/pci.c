/* SPDX-License-Identifier: MIT
 *
 * visor/pci.c on machines in memory. Whatever is written to configuration space, in whatever order and
 * width, no device and no bridge's window comes to lie over private memory, and the host bridge's pinned
 * registers stay; and what is harmless gets through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "visor/visor.h"

enum { PRIVATE = 0x3000000, SIZE = 0x1000000, FUNCTIONS = 6, WRITES = 3000000 };
enum { DEVICE, BRIDGE, CARDBUS };
enum { MEM32 = 0, MEM64 = 4, PORTS = 1 };

/* What decodes addresses, by its register. log2 of the size; 0: none */
struct function {
	uint32_t id;
	uint8_t bdf, header;
	struct {
		uint8_t reg, type, log2;
	} bars[4];
	uint8_t rom, rom_log2;
	bool pref64;
	uint8_t config[256], writable[256];
};

static struct function functions[FUNCTIONS];
static uint32_t host_id, chosen;
static struct visor_boot machine = {.private_base = PRIVATE, .private_size = SIZE};
struct visor_boot *boot = &machine;
unsigned vcpu_count = 1;
static bool exits[8] = {true, true, true, true, true, true, true, true};

void print(const char *format, ...)
{
}

void io_intercept(uint16_t port, bool on)
{
	exits[port - 0xcf8] = on;
}

static struct function *function(void)
{
	for (unsigned i = 0; i < FUNCTIONS; i++)
		if (chosen >> 31 && (chosen >> 8 & 0xffff) == functions[i].bdf)
			return &functions[i];
	return NULL;
}

uint32_t inl(uint16_t port)
{
	struct function *f = function();
	uint32_t v = ~0u;

	if (port == 0xcf8)
		return chosen;
	if (f)
		memcpy(&v, f->config + (chosen & 0xfc), 4);
	return v;
}

void write_port(uint16_t port, unsigned size, uint32_t value)
{
	struct function *f = function();

	for (unsigned i = 0; f && i < size; i++) {
		unsigned at = (chosen & 0xfc) + (port & 3) + i;
		f->config[at] = (f->config[at] & ~f->writable[at]) | (value >> i * 8 & f->writable[at]);
	}
}

void outl(uint16_t port, uint32_t v)
{
	if (port == 0xcf8)
		chosen = v;
	else
		write_port(port, 4, v);
}

static uint64_t get(const struct function *f, unsigned reg, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, f->config + reg, size);
	return v;
}

static void put32(uint8_t *to, uint32_t v)
{
	memcpy(to, &v, 4);
}

static void build(void)
{
	static const struct function kinds[FUNCTIONS] = {
		{.bdf = 0, .header = DEVICE, .bars = {{0x10, MEM32, 28}}},
		{.bdf = 0x08, .header = DEVICE, .bars = {{0x10, MEM32, 12}, {0x14, PORTS, 8}, {0x18, MEM64, 25}, {0x20, MEM32, 31}},
		 .rom = 0x30, .rom_log2 = 16},
		{.bdf = 0x10, .header = DEVICE, .bars = {{0x10, MEM64, 34}, {0x18, MEM64, 32}, {0x20, MEM64, 14}}, .rom = 0x30, .rom_log2 = 24},
		{.bdf = 0x18, .header = BRIDGE, .bars = {{0x10, MEM64, 20}}, .pref64 = true, .rom = 0x38, .rom_log2 = 11},
		{.bdf = 0x20, .header = BRIDGE, .bars = {{0x10, MEM32, 24}, {0x14, MEM32, 23}}},
		{.bdf = 0x28, .header = CARDBUS, .bars = {{0x10, MEM32, 12}}},
	};

	memcpy(functions, kinds, sizeof(kinds));
	for (struct function *f = functions; f < functions + FUNCTIONS; f++) {
		put32(f->config, f->bdf ? 0x12348086 : host_id);
		f->config[0x0e] = f->header | (f->bdf == 8 ? 0x80 : 0);
		memset(f->writable + 0x40, 0xff, 0xc0);
		f->writable[4] = 7;
		for (unsigned i = 0; i < 4 && f->bars[i].log2; i++) {
			uint64_t mask = -(1ull << f->bars[i].log2);
			f->config[f->bars[i].reg] = f->bars[i].type;
			put32(f->writable + f->bars[i].reg, mask);
			if (f->bars[i].type == MEM64) {
				put32(f->writable + f->bars[i].reg + 4, mask >> 32);
				put32(f->config + f->bars[i].reg + 4, 0x100); /* far up */
			} else if (f->bars[i].type == MEM32) {
				put32(f->config + f->bars[i].reg, 0x80000000);
			}
		}
		if (f->rom)
			put32(f->writable + f->rom, -(1u << f->rom_log2) | 1);
		if (f->header == BRIDGE) {
			put32(f->writable + 0x20, 0xfff0fff0);
			put32(f->writable + 0x24, 0xfff0fff0);
			put32(f->config + 0x20, 0x0000fff0);
			put32(f->config + 0x24, 0x0000fff0 | (f->pref64 ? 0x00010001 : 0));
			if (f->pref64)
				memset(f->writable + 0x28, 0xff, 8);
		}
		for (unsigned reg = 0x1c; f->header == CARDBUS && reg < 0x2c; reg += 4) {
			put32(f->writable + reg, 0xfffff000);
			put32(f->config + reg, reg & 4 ? 0xfffff000 : 0);
		}
	}
	pci_init();
}

static bool over(uint64_t first, uint64_t last)
{
	return first <= last && first < PRIVATE + SIZE && last >= PRIVATE;
}

/* What the machine's address decoders would now do */
static bool anything_over(void)
{
	for (const struct function *f = functions; f < functions + FUNCTIONS; f++) {
		for (unsigned i = 0; i < 4 && f->bars[i].log2; i++) {
			uint64_t base = get(f, f->bars[i].reg, f->bars[i].type == MEM64 ? 8 : 4) & ~15ull;
			if (f->bars[i].type != PORTS && over(base, base + (1ull << f->bars[i].log2) - 1))
				return true;
		}
		uint64_t rom = get(f, f->rom, 4) & ~0x7ffull;
		if (f->rom && over(rom, rom + (1u << f->rom_log2) - 1))
			return true;
		if (f->header == BRIDGE) {
			uint64_t high = f->pref64 ? get(f, 0x28, 8) : 0;
			if (over(get(f, 0x20, 2) >> 4 << 20, (get(f, 0x22, 2) >> 4 << 20) + 0xfffff) ||
			    over((high & 0xffffffff) << 32 | get(f, 0x24, 2) >> 4 << 20,
				 ((high >> 32) << 32 | get(f, 0x26, 2) >> 4 << 20) + 0xfffff))
				return true;
		}
		for (unsigned reg = 0x1c; f->header == CARDBUS && reg < 0x2c; reg += 8)
			if (over(get(f, reg, 4), get(f, reg + 4, 4) + 0xfff))
				return true;
	}
	return false;
}

/* The guest's: without an exit where the port has none */
static void write_by_guest(uint16_t port, unsigned size, uint32_t value)
{
	bool exit = false;

	for (unsigned i = 0; i < size; i++)
		exit |= exits[port + i - 0xcf8];
	if (exit)
		pci_write(port, size, value);
	else
		write_port(port, size, value);
}

static void set(unsigned bdf, unsigned reg, unsigned size, uint32_t value)
{
	write_by_guest(0xcf8, 4, 0x80000000 | bdf << 8 | (reg & 0xfc));
	write_by_guest(0xcfc + (reg & 3), size, value);
}

static uint64_t seed;
static uint32_t random32(void)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return seed >> 32;
}

static uint32_t random_value(void)
{
	static const uint32_t some[] = {0, ~0u, PRIVATE, PRIVATE >> 16, PRIVATE - 1, PRIVATE + SIZE, PRIVATE + 0x800000,
					0x03000300, 0x03f00200, 0x0200, 0x0400, 0x80000000, 0xfff0, 1, 3};
	unsigned n = random32() % (sizeof(some) / sizeof(*some) + 4);

	return n < sizeof(some) / sizeof(*some) ? some[n] : n & 1 ? random32() : random32() % 0x6000000;
}

static void check_random(void **state)
{
	static const uint32_t hosts[] = {0x12378086, 0x71908086, 0x29c08086, 0x99998086};
	static const uint8_t regs[] = {0x04, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x38, 0x40, 0x58, 0x5c,
				       0x60, 0x64, 0x70, 0x90, 0x94, 0x98, 0x9c, 0xa0, 0xb0};

	for (unsigned h = 0; h < 4; h++) {
		host_id = hosts[h];
		seed = h + 1;
		build();
		uint32_t pinned = get(&functions[0], h < 2 ? 0x60 : 0x98, 4);
		for (unsigned i = 0; i < WRITES / 4; i++) {
			const struct function *f = &functions[random32() % FUNCTIONS];
			unsigned reg = regs[random32() % sizeof(regs)], size = 1 << random32() % 3;
			uint32_t value = random_value();
			set(f->bdf, reg + (random32() & 3 & -size), size, value);
			if (anything_over())
				fail_msg("host %x: write %u, %x to register %x of %x, is over private memory", host_id, i,
					 value, reg, f->bdf);
			if (h < 2) /* D0000-DFFFF and F0000 */
				assert_true((get(&functions[0], 0x5c, 2) & 0x3333) == 0x3333 && get(&functions[0], 0x59, 1) & 0x10);
			if (h < 3)
				assert_true(get(&functions[0], h < 2 ? 0x60 : 0x98, 4) == pinned);
			assert_true(h != 2 || !(get(&functions[0], 0x60, 4) & 1));
		}
	}
}

static void check_harmless(void **state)
{
	host_id = 0x12378086;
	build();
	set(0x08, 0x10, 4, 0xe0001000);
	assert_int_equal(get(&functions[1], 0x10, 4), 0xe0001000);
	set(0x08, 0x10, 4, ~0u); /* its size */
	assert_int_equal(get(&functions[1], 0x10, 4), 0xfffff000);
	set(0x08, 0x10, 4, PRIVATE + 0x5000);
	assert_int_equal(get(&functions[1], 0x10, 4), 0xfffff000);
	set(0x08, 0x10, 4, PRIVATE + SIZE);
	assert_int_equal(get(&functions[1], 0x10, 4), PRIVATE + SIZE);
	/* ports are not memory */
	set(0x08, 0x14, 4, PRIVATE);
	assert_int_equal(get(&functions[1], 0x14, 4), PRIVATE | 1);
	/* the same low half is harmless above 4 GiB, and the high half then stays */
	set(0x08, 0x18, 4, 0x02000000);
	assert_int_equal(get(&functions[1], 0x18, 8), 0x10002000004ull);
	set(0x08, 0x1c, 4, 0);
	assert_int_equal(get(&functions[1], 0x18, 8), 0x10002000004ull);
	/* 16 GiB over all of it, by its high half */
	set(0x10, 0x14, 4, 0);
	assert_int_equal(get(&functions[2], 0x14, 4), 0x100);
	/* a window below private memory, and as far as into it, by halves */
	set(0x18, 0x20, 4, 0x02f00100);
	assert_int_equal(get(&functions[3], 0x20, 4), 0x02f00100);
	set(0x18, 0x22, 2, 0x0300);
	assert_int_equal(get(&functions[3], 0x20, 4), 0x02f00100);
	set(0x18, 0x23, 1, 0x03);
	assert_int_equal(get(&functions[3], 0x20, 4), 0x02f00100);
	/* a closed window may have any ends; opening it may not */
	set(0x18, 0x20, 4, 0x0300f000);
	assert_int_equal(get(&functions[3], 0x20, 4), 0x0300f000);
	set(0x18, 0x20, 2, 0x0100);
	assert_int_equal(get(&functions[3], 0x20, 4), 0x0300f000);
	/* the host bridge: what is not pinned */
	set(0, 0x5e, 1, 0x11);
	assert_int_equal(get(&functions[0], 0x5c, 4) & 0xffffff, 0x113333);
	set(0, 0x72, 1, 0x4a);
	assert_int_equal(get(&functions[0], 0x72, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(check_random), cmocka_unit_test(check_harmless)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
