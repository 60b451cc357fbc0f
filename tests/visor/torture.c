/* SPDX-License-Identifier: MIT
 *
 * Paging torture: random page tables, random accesses by supervisor and user, random edits with the
 * flush that the manual asks for (SDM vol. 3, 4.10.4), changes of CR0.WP, CR4.PSE, CR4.PGE and
 * EFER.NXE. Built for 32 bits (mode=2 2-level, mode=3 PAE) and for 64 (4-level).
 *
 * What the processor shows goes into a hash: the value read or the fault, its error code and CR2, and the
 * accessed and dirty bits of all entries in use. Each 1,024 accesses the hash goes to port E9, so that two
 * runs, with a host and without, can be compared line by line; show=N prints all of block N.
 *
 *     mode=2|3  seed=N  blocks=N  show=N
 *
 * All accesses are to pages whose index in each table is one of a few, so a flush of all that an edit
 * can concern is a loop over them. Memory: this program and its tables below 4 MiB, the frames
 * that the tables show from 4 to 8 MiB; both always mapped where they are ("home").
 */
#include <stdbool.h>
#include <stdint.h>
#include <dfw/start_info.h>
#include "lib/string.h"
#include "tests/visor/say.h"

#ifdef __x86_64__
typedef uint64_t word;
#else
typedef uint32_t word;
#endif

extern uint32_t start_magic, start_info, fault_vector, fault_error;
extern word fault_cr2, access_value;
extern uint64_t idt[], tss_descriptor[];
extern uint8_t tss[], tss_stack_end[];
extern char fault_stubs[], access_done[];
void access(unsigned kind, word linear, word value);
void torture_main(void);

enum { P = 1, W = 2, U = 4, A = 0x20, D = 0x40, PS = 0x80, G = 0x100 };
#define NX (1ull << 63)
enum { FRAMES = 0x400000, FRAMES_SIZE = 0x400000 };
enum { READ, WRITE, EXECUTE, BY_USER = 4 };
enum { TABLES = 4, INDICES = 6, LEVELS = 4 };

/* The indices in use at each level, the page's own (level 0) first */
struct level {
	unsigned count;
	uint16_t index[INDICES];
	unsigned tables; /* of TABLES, that entries of the level above choose from; [0] is home's way */
};
static const struct level layout_2[] = {
	{6, {0, 1, 2, 0x1ff, 0x200, 0x3fe}, 4},
	{4, {4, 5, 0x200, 0x3ff}, 1},
};
static const struct level layout_pae[] = {
	{6, {0, 1, 2, 0xff, 0x100, 0x1fe}, 4},
	{3, {8, 9, 0x1ff}, 3},
	{3, {1, 2, 3}, 1},
};
static const struct level layout_4[] = {
	{6, {0, 1, 2, 0xff, 0x100, 0x1fe}, 4},
	{3, {8, 9, 0x1ff}, 3},
	{3, {1, 2, 0x1ff}, 3},
	{4, {0, 1, 0x100, 0x1ff}, 1},
};

static uint8_t tables[LEVELS][TABLES][4096] __attribute__((aligned(4096)));
static uint32_t home_pt[2048] __attribute__((aligned(4096)));
static const struct level *layout;
static unsigned levels, entry_size, index_bits;
static bool pae, wp, pse, pge, nxe;

static uint32_t random_state;
static uint32_t hash;

/* xorshift32 */
static uint32_t random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static bool one_in(unsigned n)
{
	return (random() >> 8) % n == 0;
}

static uint32_t below(unsigned n)
{
	return (random() >> 8) % n;
}

#define CONTROL(name)                                                                              \
	static word read_##name(void)                                                              \
	{                                                                                          \
		word v;                                                                            \
		asm volatile("mov %%" #name ", %0" : "=r"(v));                                     \
		return v;                                                                          \
	}                                                                                          \
	static void write_##name(word v)                                                           \
	{                                                                                          \
		asm volatile("mov %0, %%" #name : : "r"(v) : "memory");                            \
	}
CONTROL(cr0)
CONTROL(cr3)
CONTROL(cr4)

static uint64_t get(unsigned level, unsigned table, unsigned i)
{
	const uint8_t *t = tables[level][table];

	return entry_size == 8 ? ((const volatile uint64_t *)t)[i] : ((const volatile uint32_t *)t)[i];
}

static void set(unsigned level, unsigned table, unsigned i, uint64_t v)
{
	uint8_t *t = tables[level][table];

	if (entry_size == 8)
		((volatile uint64_t *)t)[i] = v;
	else
		((volatile uint32_t *)t)[i] = v;
}

static bool is_pdpte(unsigned level)
{
	return pae && levels == 3 && level == 2;
}

static uint64_t random_entry(unsigned level)
{
	uint64_t e = (random() & (W | U | A | D | 0xe18)) | (one_in(10) ? 0 : P);

	if (!one_in(4))
		e |= W;
	if (!one_in(4))
		e |= U;
	if (is_pdpte(level))
		return (e & P) | (uint32_t)(uintptr_t)tables[1][below(layout[1].tables)];
	if (pae && one_in(6))
		e |= NX;
	if (one_in(3))
		e |= G;
	if (one_in(40) && pae) /* reserved in most places */
		e |= 1ull << (50 + below(13));
	if (level == 0)
		return e | (FRAMES + below(64) * 0x1000) | (one_in(30) ? 0x80 : 0);
	if (level == 1 && entry_size == 4 && !pse)
		e |= random() & PS; /* which means nothing */
	else if (level == 1 && one_in(3)) {
		e |= PS | (entry_size == 4 ? FRAMES : FRAMES + below(2) * 0x200000);
		return one_in(20) ? e | 1 << 13 << (entry_size == 4 ? 8 : below(8)) : e;
	}
	if (level >= 2 && one_in(30))
		e |= PS;
	return e | (uint32_t)(uintptr_t)tables[level - 1][below(layout[level - 1].tables)];
}

static word canonical(uint64_t linear)
{
#ifdef __x86_64__
	return (int64_t)(linear << 16) >> 16;
#else
	return linear;
#endif
}

/* The linear address with these indices (of layout[].index) */
static word address_of(const unsigned at[LEVELS])
{
	uint64_t linear = 0;

	for (unsigned level = 0; level < levels; level++)
		linear |= (uint64_t)layout[level].index[at[level]] << (12 + level * index_bits);
	return canonical(linear);
}

static void invlpg(word linear)
{
	asm volatile("invlpg (%0)" : : "r"(linear) : "memory");
}

/* INVLPG for all pages in use whose index at this level is i */
static void invlpg_all(unsigned level, unsigned i)
{
	unsigned at[LEVELS] = {0};

	for (;;) {
		if (layout[level].index[at[level]] == i)
			invlpg(address_of(at));
		unsigned n = 0;
		while (n < levels && ++at[n] == layout[n].count)
			at[n++] = 0;
		if (n == levels)
			return;
	}
}

static void flush_all(void)
{
	unsigned way = below(3);

	if (way == 0 && !pge) {
		write_cr3(read_cr3());
	} else if (way == 1 && sizeof(word) == 4) {
		write_cr0(read_cr0() & ~(1u << 31));
		write_cr0(read_cr0() | 1u << 31);
	} else {
		write_cr4(read_cr4() ^ 0x80);
		write_cr4(read_cr4() ^ 0x80);
		write_cr3(read_cr3());
	}
}

static void edit(void)
{
	unsigned level = one_in(3) ? below(levels) : 0, table = below(layout[level].tables);
	unsigned i = layout[level].index[below(layout[level].count)];
	uint64_t old = get(level, table, i), e = one_in(4) ? old ^ (1u << below(7)) : random_entry(level);

	if (level == levels - 1 && i == 0) /* the way home */
		return;
	if (is_pdpte(level)) {
		e &= ~0x1e6ull;
		set(level, table, i, e);
		flush_all();
		write_cr3(read_cr3());
		return;
	}
	set(level, table, i, e);
	if (!(old & P) && one_in(2))
		return; /* what is not present is in no TLB: 4.10.2.3 */
	if (one_in(3))
		flush_all();
	else
		invlpg_all(level, i);
}

static void set_nxe(void)
{
	if (!pae)
		return;
	uint32_t low, high;
	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0xc0000080));
	low = nxe ? low | 1 << 11 : low & ~(1u << 11);
	asm volatile("wrmsr" : : "a"(low), "d"(high), "c"(0xc0000080));
}

static void change_mode(void)
{
	wp = one_in(2);
	pge = one_in(2);
	pse = !one_in(4);
	for (unsigned n = 0; n < layout[1].count && entry_size == 4; n++) /* PS changes its meaning */
		if (get(1, 0, layout[1].index[n]) & PS)
			set(1, 0, layout[1].index[n], random_entry(1));
	nxe = pae && one_in(2);
	set_nxe();
	write_cr0(wp ? read_cr0() | 1 << 16 : read_cr0() & ~(word)(1 << 16));
	word cr4 = read_cr4() & ~(word)0x90;
	write_cr4(cr4 | (pse ? 0x10 : 0) | (pge ? 0x80 : 0));
	flush_all();
	write_cr4(read_cr4() ^ 0x80);
	write_cr4(read_cr4() ^ 0x80);
}

static void mix(uint64_t v)
{
	hash = (hash ^ (uint32_t)v) * 0x01000193;
	hash = (hash ^ (uint32_t)(v >> 32)) * 0x01000193;
}

static void mix_tables(void)
{
	for (unsigned level = 0; level < levels; level++)
		for (unsigned t = 0; t < layout[level].tables; t++)
			for (unsigned n = 0; n < layout[level].count; n++)
				mix(get(level, t, layout[level].index[n]));
}

static void one_access(bool show)
{
	static const char kinds[8][8] = {"r", "w", "x", "", "ur", "uw", "ux", ""};
	unsigned at[LEVELS], kind = below(3) | (one_in(2) ? BY_USER : 0);
	uint32_t value = random();

	for (unsigned level = 0; level < levels; level++)
		at[level] = below(layout[level].count);
	word linear = address_of(at);
	if (kind == EXECUTE)
		linear += 0xff0;
	else if (kind == (EXECUTE | BY_USER))
		linear += 0xff8;
	else if (one_in(8) && (at[0] == 0 || at[0] == 1 || at[0] == 3))
		linear += 0xffd + below(3); /* runs into the next page */
	else
		linear += below(0xfe8);
	access(kind, linear, value);
	mix(fault_vector);
	if (fault_vector == -1u) {
		if ((kind & 3) == READ)
			mix(access_value);
	} else {
		mix(fault_error);
		if (fault_vector == 14)
			mix(fault_cr2);
	}
	mix_tables();
	if (!show)
		return;
	say("%s %llx %x: ", kinds[kind], (unsigned long long)linear, value);
	if (fault_vector == -1u)
		say("%llx", (kind & 3) == READ ? (unsigned long long)access_value : 0);
	else
		say("#%u %x %llx", fault_vector, fault_error, fault_vector == 14 ? (unsigned long long)fault_cr2 : 0);
	say(" wp %u pse %u pge %u nxe %u", wp, pse, pge, nxe);
	uint64_t table = 0, index;
	for (unsigned level = levels; level--;) {
		index = layout[level].index[at[level]];
		uint64_t e = get(level, table, index);
		say(" %llx", (unsigned long long)e);
		if (level && (((uint32_t)e & 0xfffff000) - (uint32_t)(uintptr_t)tables[level - 1]) / 4096 >= TABLES)
			break;
		if (level)
			table = (((uint32_t)e & 0xfffff000) - (uint32_t)(uintptr_t)tables[level - 1]) / 4096;
	}
	say(" hash %x\n", hash);
}

static uint32_t number(const char *name, uint32_t otherwise)
{
	const char *line = "";
	size_t len = strlen(name);

	if (start_magic == 0x2badb002) {
		const uint32_t *info = (void *)(uintptr_t)start_info;
		if (info[0] & 4)
			line = (void *)(uintptr_t)info[4];
	} else {
		line = (void *)(uintptr_t)((struct hvm_start_info *)(uintptr_t)start_info)->cmdline_paddr;
	}
	for (; *line; line++)
		if (!strncmp(line, name, len)) {
			uint32_t n = 0;
			for (line += len; *line >= '0' && *line <= '9'; line++)
				n = n * 10 + (*line - '0');
			return n;
		}
	return otherwise;
}

static void set_gate(unsigned vector, const char *to, unsigned dpl)
{
	uint64_t a = (uintptr_t)to, low = (a & 0xffff) | (uint64_t)(a >> 16 & 0xffff) << 48 | 0x8e0000000000ull | (uint64_t)dpl << 45;

	if (sizeof(word) == 4)
		idt[vector] = low | 0x080000;
	else {
		idt[vector * 2] = low | 0x300000;
		idt[vector * 2 + 1] = a >> 32;
	}
}

/* Home: the first 8 MiB where they are, for user and supervisor */
static void map_home(void)
{
	uint64_t to;

	if (entry_size == 4) {
		set(1, 0, 0, P | W | U | (uint32_t)(uintptr_t)home_pt);
		set(1, 0, 1, P | W | U | (uint32_t)(uintptr_t)(home_pt + 1024));
		for (unsigned i = 0; i < 2048; i++)
			home_pt[i] = i << 12 | P | W | U;
		return;
	}
	for (unsigned i = 0; i < 4; i++)
		set(1, 0, i, (uint64_t)i << 21 | P | W | U | PS);
	for (unsigned level = 2; level < levels; level++) {
		to = (uintptr_t)tables[level - 1][0] | P;
		set(level, 0, 0, is_pdpte(level) ? to : to | W | U);
	}
}

static void __attribute__((noreturn)) finish(void)
{
	say("end\n");
	outb(0x8900, 'D'); /* Bochs' debugger takes over */
	for (;;)
		asm volatile("cli; hlt");
}

void torture_main(void)
{
	enum { ACCESSES = 1024 };
	uint32_t blocks = number("blocks=", 16), show = number("show=", ~0u);
	unsigned mode = sizeof(word) == 8 ? 4 : number("mode=", 2);

	random_state = number("seed=", 1) * 2654435761u + mode;
	pae = mode != 2;
	layout = mode == 2 ? layout_2 : mode == 3 ? layout_pae : layout_4;
	levels = mode;
	entry_size = pae ? 8 : 4;
	index_bits = pae ? 9 : 10;
	pse = true;

	for (unsigned i = 0; i < 32; i++)
		set_gate(i, fault_stubs + i * 16, 0);
	set_gate(0x30, access_done, 3);
	if (sizeof(word) == 8) {
		uint64_t sp = (uintptr_t)tss_stack_end;
		memcpy(tss + 4, &sp, 8);
	} else {
		*(uint32_t *)(tss + 4) = (uintptr_t)tss_stack_end;
		*(uint32_t *)(tss + 8) = 0x10;
	}
	uint64_t t = (uintptr_t)tss;
	tss_descriptor[0] = 0x67 | (t & 0xffffff) << 16 | 0x89ull << 40 | (t >> 24 & 0xff) << 56;
	asm volatile("ltr %w0" : : "r"(0x38));

	for (uint32_t p = FRAMES; p < FRAMES + FRAMES_SIZE; p += 0x1000) {
		for (unsigned i = 0; i < 0x1000; i += 4)
			*(volatile uint32_t *)(uintptr_t)(p + i) = p ^ i * 0x9e3779b9;
		*(volatile uint32_t *)(uintptr_t)(p + 0xff0) = 0xc3;
		*(volatile uint32_t *)(uintptr_t)(p + 0xff8) = 0x30cd;
	}
	for (unsigned level = 0; level < levels; level++)
		for (unsigned n = 0; n < layout[level].tables; n++)
			for (unsigned i = 0; i < layout[level].count; i++)
				set(level, n, layout[level].index[i], random_entry(level));
	map_home();
	if (sizeof(word) == 4)
		write_cr4(read_cr4() | (pae ? 0x20 : 0) | 0x10);
	write_cr3((uintptr_t)tables[levels - 1][0]);
	if (sizeof(word) == 4)
		write_cr0(read_cr0() | 1u << 31);
	change_mode();

	for (uint32_t block = 0; block < blocks; block++) {
		for (unsigned i = 0; i < ACCESSES; i++) {
			if (one_in(4))
				edit();
			if (one_in(400))
				change_mode();
			one_access(block == show);
		}
		if (block % 64 == 63)
			for (uint32_t p = FRAMES; p < FRAMES + FRAMES_SIZE; p += 4)
				hash = (hash ^ *(volatile uint32_t *)(uintptr_t)p) * 0x01000193;
		say("%u %x\n", block, hash);
	}
	finish();
}
