/* SPDX-License-Identifier: MIT
 *
 * The guest's physical memory by EPT: everything identity-mapped but
 *
 *   private memory   all pages of it show one scratch page; only the first is the identity map of
 *                    guests without paging, read-only
 *   D0000-DFFFF      writable in the assist's world only, once there is an assist; likewise its
 *                    reserve at the top of memory, where its page tables are
 *   FFFE0000-FFFFFFFF  shows E0000-FFFFF, read-only, as on a PC whose system ROM that is
 *
 * There are four maps: for each world, with A20 open and closed, so that a switch is one VMWRITE
 * and throws nothing away. Those with A20 open are built at the start, the others as the guest
 * touches them, from a pool that is emptied when it runs out.
 *
 * A guest's write to a read-only page is dropped as on a ROM, with nothing decoded: the
 * instruction is run in a single step, on a map of this processor's own that has a copy in the
 * page's place.
 */
#include <dfw/layout.h>
#include "lib/string.h"
#include "visor/assist_switch.h"
#include "visor/visor.h"

/* SDM vol. 3, 29.3.2 */
enum {
	EPT_R = 1,
	EPT_W = 2,
	EPT_X = 4,
	EPT_RX = EPT_R | EPT_X,
	EPT_RWX = EPT_R | EPT_W | EPT_X,
	EPT_UC = 0 << 3,
	EPT_WB = 6 << 3,
	EPT_LARGE = 1 << 7,
	EPTP_WALK_4 = 3 << 3,
};
#define EPT_ADDRESS 0x000ffffffffff000ull

/* IA32_VMX_EPT_VPID_CAP, SDM vol. 3, A.10 */
enum {
	CAP_WALK_4 = 1 << 6,
	CAP_WB = 1 << 14,
	CAP_LARGE = 1 << 16,
	CAP_INVEPT = 1 << 20,
	CAP_INVEPT_ALL = 1 << 26,
};

/* Exit qualification, SDM vol. 3, table 28-7 */
enum { VIOLATION_WRITE = 1 << 1, VIOLATION_PRESENT = 7 << 3 };

#define ROM_ALIAS      0xfffe0000ull /* the last 128 KiB below 4 GiB */
#define FOUR_GIB       (1ull << 32)
#define POOL_PAGES     768
#define STEP_TABLES    (4 + 3 * STEP_PAGES)

struct ept_map {
	uint64_t *root;
	bool in_assist, a20;
};

static struct ept_map maps[2][2]; /* [in_assist][a20] */
static unsigned generation; /* of the maps: grows with each change */
static bool assist_protected;
static uint64_t reserve, reserve_size; /* the assist's, from its header */
static uint8_t scratch[PAGE_SIZE] __attribute__((aligned(4096)));

/* Tables of the maps with A20 closed. */
static uint8_t *pool;
static unsigned pool_used;

extern char identity_page[];
const void *const identity_map = identity_page;

static void invept(void)
{
	struct {
		uint64_t eptp, zero;
	} all = {0, 0};
	asm volatile("invept %0, %1" : : "m"(all), "r"(2ul) : "cc", "memory");
}

static bool is_assists(uint64_t address)
{
	return address - DFW_VMXASSIST < DFW_VMXASSIST_SIZE || address - reserve < reserve_size;
}

/* The one place that says what a guest-physical page is: an EPT entry for 4 KiB. */
static uint64_t page_entry(const struct ept_map *m, uint64_t address)
{
	if (!m->a20)
		address &= ~0x100000ull;
	if (is_private(address))
		return address == boot->private_base ? address | EPT_R | EPT_WB
						     : phys_of(scratch) | EPT_RWX | EPT_WB;
	if (address >= ROM_ALIAS && address < FOUR_GIB)
		return (address - ROM_ALIAS + DFW_ROMBIOS) | EPT_RX | EPT_WB;
	if (is_assists(address))
		return address | (m->in_assist || !assist_protected ? EPT_RWX : EPT_RX) | EPT_WB;
	if (address >= DFW_VGABIOS && address < DFW_HIGH_IMAGE)
		return address | EPT_RWX | EPT_WB; /* shadow RAM */
	if (is_apic_page(address))
		return address | EPT_RX | EPT_UC;
	return address | EPT_RWX | (is_ram(address, PAGE_SIZE) ? EPT_WB : EPT_UC);
}

/* 2 MiB that one entry can map: plain, and all RAM or no RAM at all. */
static bool is_uniform(const struct ept_map *m, uint64_t base)
{
	if (!m->a20 || base == 0 || is_apic_region(base) || base == (ROM_ALIAS & -LARGE_PAGE) || is_private(base) ||
	    (reserve < base + LARGE_PAGE && base < reserve + reserve_size))
		return false;
	if (is_ram(base, LARGE_PAGE))
		return true;
	for (unsigned i = 0; i < boot->memmap_count; i++) {
		const struct hvm_memmap_entry *e = &boot->memmap[i];
		if (e->type == 1 && e->addr < base + LARGE_PAGE && base < e->addr + e->size)
			return false;
	}
	return true;
}

static uint64_t *new_table(const struct ept_map *m)
{
	if (m->a20)
		return alloc_pages(1);
	return memset(pool + pool_used++ * PAGE_SIZE, 0, PAGE_SIZE);
}

/* The entry for address in the table of this level (3 = root), made where it is missing. */
static uint64_t *walk(const struct ept_map *m, uint64_t address, unsigned level)
{
	uint64_t *table = m->root;

	for (unsigned at = 3; at > level; at--) {
		uint64_t *entry = &table[address >> (12 + 9 * at) & 511];
		if (!*entry)
			*entry = phys_of(new_table(m)) | EPT_RWX;
		table = phys(*entry & EPT_ADDRESS);
	}
	return &table[address >> (12 + 9 * level) & 511];
}

static void map_region(const struct ept_map *m, uint64_t address)
{
	uint64_t base = address & -LARGE_PAGE;

	generation++;
	if (is_uniform(m, base)) {
		*walk(m, base, 1) = page_entry(m, base) | EPT_LARGE;
		return;
	}
	uint64_t *table = walk(m, base, 0);
	for (unsigned i = 0; i < 512; i++)
		table[i] = page_entry(m, base + i * PAGE_SIZE);
}

/* Empties the maps with A20 closed; what the assist and old programs live in comes back at once. */
static void empty_closed_maps(void)
{
	pool_used = 0;
	for (unsigned in_assist = 0; in_assist < 2; in_assist++) {
		struct ept_map *m = &maps[in_assist][false];
		m->root = new_table(m);
	}
	for (unsigned in_assist = 0; in_assist < 2; in_assist++)
		map_region(&maps[in_assist][false], 0);
}

/* One page directory of 4 MiB pages, all user, accessed and dirty, so that the processor never
 * wants to write to it. */
static void build_identity_map(void)
{
	uint32_t *pd = (uint32_t *)identity_page;

	for (unsigned i = 0; i < 1024; i++)
		pd[i] = i << 22 | 0xe7; /* P, W, U, A, D, PS */
}

void ept_init(void)
{
	uint64_t cap = rdmsr(MSR_VMX_EPT_VPID_CAP);
	const uint64_t needed = CAP_WALK_4 | CAP_WB | CAP_LARGE | CAP_INVEPT | CAP_INVEPT_ALL;

	if (~cap & needed)
		stop("EPT lacks what visor needs: IA32_VMX_EPT_VPID_CAP %llx, needed %llx",
		     (unsigned long long)cap, (unsigned long long)needed);
	build_identity_map();
	pool = reserve_pages(POOL_PAGES);
	for (unsigned in_assist = 0; in_assist < 2; in_assist++) {
		for (unsigned a20 = 0; a20 < 2; a20++)
			maps[in_assist][a20] = (struct ept_map){.in_assist = in_assist, .a20 = a20};
		struct ept_map *m = &maps[in_assist][true];
		m->root = new_table(m);
		for (uint64_t a = 0; a < FOUR_GIB; a += LARGE_PAGE)
			map_region(m, a);
	}
	empty_closed_maps();
	for (unsigned i = 0; i < boot->memmap_count; i++) {
		const struct hvm_memmap_entry *e = &boot->memmap[i];
		uint64_t a = e->addr < FOUR_GIB ? FOUR_GIB : e->addr & -LARGE_PAGE;
		for (; e->type == 1 && a < e->addr + e->size; a += LARGE_PAGE) {
			map_region(&maps[false][true], a);
			map_region(&maps[true][true], a);
		}
	}
}

static void set_root(const uint64_t *root)
{
	vmwrite(EPT_POINTER, phys_of(root) | EPTP_WALK_4 | (EPT_WB >> 3));
}

void ept_init_vcpu(struct vcpu *v)
{
	ept_select(v);
	invept();
}

void ept_select(struct vcpu *v)
{
	v->map = &maps[v->in_assist][a20_open];
	set_root(v->map->root);
}

static void build_step_map(struct vcpu *v);

void ept_update(struct vcpu *v)
{
	if (v->flush) {
		v->flush = false;
		if (v->step.active)
			build_step_map(v);
		else
			ept_select(v);
		invept();
	}
}

/* The header is the guest's word: a reserve that is no RAM of its own is left alone. */
void ept_protect_assist(void)
{
	const struct dfw_assist_header *h = assist_memory();

	if (assist_protected)
		return;
	assist_protected = true;
	reserve = h->reserve & -(uint64_t)PAGE_SIZE;
	if (h->reserve_size <= DFW_RESERVE_SIZE && is_ram(reserve, DFW_RESERVE_SIZE) && !is_private(reserve) &&
	    !is_private(reserve + DFW_RESERVE_SIZE - 1))
		reserve_size = h->reserve_size;
	for (uint64_t base = reserve & -LARGE_PAGE; base < reserve + reserve_size; base += LARGE_PAGE)
		for (unsigned in_assist = 0; in_assist < 2; in_assist++) {
			*walk(&maps[in_assist][true], base, 1) = 0; /* it was one large page */
			map_region(&maps[in_assist][true], base);
		}
	map_region(&maps[false][true], 0);
	empty_closed_maps();
	invept();
}

/* The table that entry points at, as a copy that is the step's own. */
static uint64_t *own_table(struct single_step *s, uint64_t *entry)
{
	uint64_t *table = phys(*entry & EPT_ADDRESS);

	if ((uint64_t)table - (uint64_t)s->table < sizeof(*s->table) * STEP_TABLES)
		return table;
	table = memcpy(s->table[s->tables++], table, PAGE_SIZE);
	*entry = phys_of(table) | EPT_RWX;
	return table;
}

static uint64_t *own_entry(struct single_step *s, uint64_t address)
{
	uint64_t *table = s->table[0];

	for (unsigned at = 3; at > 0; at--)
		table = own_table(s, &table[address >> (12 + 9 * at) & 511]);
	return &table[address >> 12 & 511];
}

/* The current map, with copies where the instruction writes. What is still true of the last step's
 * map is kept. */
static void build_step_map(struct vcpu *v)
{
	struct single_step *s = &v->step;

	v->map = &maps[v->in_assist][a20_open];
	if (s->map != v->map || s->generation != generation || s->tables + 3 > STEP_TABLES) {
		s->map = v->map;
		s->generation = generation;
		s->tables = 1;
		memcpy(s->table[0], v->map->root, PAGE_SIZE);
	}
	for (unsigned i = 0; i < s->pages; i++)
		*own_entry(s, s->address[i]) = phys_of(s->copy[i]) | EPT_RWX | EPT_WB;
	set_root(s->table[0]);
	invept();
}

static void drop_write(struct vcpu *v, uint64_t address)
{
	struct single_step *s = &v->step;

	if (s->pages == STEP_PAGES)
		fatal(v, "one instruction writes to over %u read-only pages", STEP_PAGES);
	if (!s->copy) {
		s->copy = reserve_pages(STEP_PAGES);
		s->table = reserve_pages(STEP_TABLES);
	}
	if (is_apic_page(address))
		*(uint32_t *)(s->copy[s->pages] + address % PAGE_SIZE / 16 * 16) = apic_read(address);
	else
		memcpy(s->copy[s->pages], phys(*walk(v->map, address, 0) & EPT_ADDRESS), PAGE_SIZE);
	s->address[s->pages++] = address;
	s->rip = vmread(GUEST_RIP);
	build_step_map(v);
	step_begin(v);
	if (is_assists(address))
		stats.assist_writes_dropped++;
}

void ept_step_over(struct vcpu *v)
{
	bool done = vmread(GUEST_RIP) != v->step.rip;
	struct single_step *s = &v->step;

	for (; s->pages; s->pages--) {
		uint64_t address = s->address[s->pages - 1];
		*own_entry(s, address) = page_entry(s->map, address);
		if (is_apic_page(address) && done)
			apic_write(v, address, *(uint32_t *)(s->copy[s->pages - 1] + address % PAGE_SIZE / 16 * 16));
	}
	ept_select(v);
	invept();
}

void handle_ept_violation(struct vcpu *v)
{
	uint64_t address = vmread(GUEST_PHYSICAL), qualification = vmread(EXIT_QUALIFICATION);

	if (!(qualification & VIOLATION_PRESENT)) {
		/* a region takes at most three tables */
		if (!v->map->a20 && pool_used + 3 > POOL_PAGES) {
			smp_stop_others(v);
			empty_closed_maps();
			ept_select(v);
			invept();
		}
		map_region(v->map, address);
		if (v->step.active)
			build_step_map(v);
	} else if (qualification & VIOLATION_WRITE) {
		drop_write(v, address);
	} else {
		fatal(v, "EPT violation at %llx, qualification %llx", (unsigned long long)address,
		      (unsigned long long)qualification);
	}
}
