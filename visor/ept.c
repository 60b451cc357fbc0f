/* SPDX-License-Identifier: MIT
 *
 * The guest's physical memory by EPT: physmap.c's pages, and the identity map that a guest without
 * paging runs on, read-only, in the first page of private memory.
 *
 * There are four maps: for each world, with A20 open and closed, so that a switch is one VMWRITE
 * and throws nothing away. All are built as the guest touches them, 2 MiB at a time, from a pool that is
 * emptied when it runs out. A single step with copies in read-only pages' places has a map of this
 * processor's own.
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
enum { VIOLATION_WRITE = 1 << 1, VIOLATION_PRESENT = 7 << 3, VIOLATION_NMI_UNBLOCKING = 1 << 12 };

#define POOL_PAGES     768
#define STEP_TABLES    (4 + 3 * STEP_PAGES)

struct ept_map {
	uint64_t *root;
	bool in_assist, a20;
};

static struct ept_map maps[2][2]; /* [in_assist][a20] */
static unsigned generation; /* of the maps: grows with each change */

static uint8_t *pool; /* the maps' tables */
static unsigned pool_used;

extern char identity_page[];

static void invept(void)
{
	struct {
		uint64_t eptp, zero;
	} all = {0, 0};
	asm volatile("invept %0, %1" : : "m"(all), "r"(2ul) : "cc", "memory");
}

static bool is_identity_page(const struct ept_map *m, uint64_t address)
{
	return ((m->a20 ? address : address & ~0x100000ull) & -PAGE_SIZE) == boot->private_base;
}

/* An EPT entry for 4 KiB */
static uint64_t page_entry(const struct ept_map *m, uint64_t address)
{
	struct guest_page page = guest_page(m->in_assist, m->a20, address);

	if (is_identity_page(m, address))
		return boot->private_base | EPT_R | EPT_WB;
	return page.frame | (page.writable ? EPT_RWX : EPT_RX) | (page.ram ? EPT_WB : EPT_UC);
}

static uint64_t *new_table(void)
{
	return memset(pool + pool_used++ * PAGE_SIZE, 0, PAGE_SIZE);
}

/* The entry for address in the table of this level (3 = root), made where it is missing. */
static uint64_t *walk(const struct ept_map *m, uint64_t address, unsigned level)
{
	uint64_t *table = m->root;

	for (unsigned at = 3; at > level; at--) {
		uint64_t *entry = &table[address >> (12 + 9 * at) & 511];
		if (!*entry)
			*entry = phys_of(new_table()) | EPT_RWX;
		table = phys(*entry & EPT_ADDRESS);
	}
	return &table[address >> (12 + 9 * level) & 511];
}

/* The roots are the same pages again, so no EPTP changes. */
static void empty_maps(void)
{
	pool_used = 0;
	generation++;
	for (unsigned i = 0; i < 4; i++)
		maps[i / 2][i % 2].root = new_table();
}

/* A region takes three tables at most. */
static void make_room(struct vcpu *v, unsigned regions)
{
	if (pool_used + 3 * regions <= POOL_PAGES)
		return;
	smp_stop_others(v);
	empty_maps();
	invept();
}

/* Maps the 2 MiB around it, if they are not yet. */
static void map_region(const struct ept_map *m, uint64_t address)
{
	uint64_t base = address & -LARGE_PAGE, *entry = walk(m, base, 1);

	if (*entry)
		return;
	generation++;
	if (is_uniform(m->a20, base)) {
		*entry = page_entry(m, base) | EPT_LARGE;
		return;
	}
	uint64_t *table = new_table();
	for (unsigned i = 0; i < 512; i++)
		table[i] = page_entry(m, base + i * PAGE_SIZE);
	*entry = phys_of(table) | EPT_RWX;
}

/* One page directory of 4 MiB pages, all user, accessed and dirty, so that the processor never
 * wants to write to it. */
static void build_identity_map(void)
{
	uint32_t *pd = (uint32_t *)identity_page;

	for (unsigned i = 0; i < 1024; i++)
		pd[i] = i << 22 | 0xe7; /* P, W, U, A, D, PS */
}

static void ept_init(void)
{
	uint64_t cap = rdmsr(MSR_VMX_EPT_VPID_CAP);
	const uint64_t needed = CAP_WALK_4 | CAP_WB | CAP_LARGE | CAP_INVEPT | CAP_INVEPT_ALL;

	if (~cap & needed)
		stop("EPT lacks what visor needs: IA32_VMX_EPT_VPID_CAP %llx, needed %llx",
		     (unsigned long long)cap, (unsigned long long)needed);
	build_identity_map();
	pool = reserve_pages(POOL_PAGES);
	for (unsigned i = 0; i < 4; i++)
		maps[i / 2][i % 2] = (struct ept_map){.in_assist = i / 2, .a20 = i % 2};
	empty_maps();
}

static void set_root(const uint64_t *root)
{
	vmwrite(EPT_POINTER, phys_of(root) | EPTP_WALK_4 | (EPT_WB >> 3));
}

static void ept_select(struct vcpu *v)
{
	v->map = &maps[v->in_assist][a20_open];
	set_root(v->map->root);
}

static void ept_init_vcpu(struct vcpu *v)
{
	ept_select(v);
	invept();
}

static void build_step_map(struct vcpu *v);

static void ept_enter(struct vcpu *v)
{
	if (v->flush) {
		v->flush = false;
		if (v->step.pages)
			build_step_map(v);
		else
			ept_select(v);
		invept();
	}
}

static void ept_protect(struct vcpu *v)
{
	empty_maps();
	invept();
}

/* The table that entry points at, as a copy that is the step's own. */
static uint64_t *own_table(struct single_step *s, uint64_t *entry)
{
	uint64_t *table = phys(*entry & EPT_ADDRESS);

	if ((uintptr_t)table - (uintptr_t)s->table < sizeof(*s->table) * STEP_TABLES)
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

	if (!s->table)
		s->table = reserve_pages(STEP_TABLES);
	v->map = &maps[v->in_assist][a20_open];
	make_room(v, s->pages);
	for (unsigned i = 0; i < s->pages; i++)
		map_region(v->map, s->address[i]);
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

static void ept_end_copies(struct vcpu *v)
{
	struct single_step *s = &v->step;

	for (unsigned i = 0; i < s->pages; i++)
		*own_entry(s, s->address[i]) = page_entry(s->map, s->address[i] & -PAGE_SIZE);
	ept_select(v);
	invept();
}

static bool ept_fault(struct vcpu *v)
{
	uint64_t address = vmread(GUEST_PHYSICAL), qualification = vmread(EXIT_QUALIFICATION);

	/* SDM vol. 3, 28.2.3 */
	if (qualification & VIOLATION_NMI_UNBLOCKING && !(vmread(IDT_VECTORING) & EVENT_VALID))
		block_nmi_again();
	if (!(qualification & VIOLATION_PRESENT)) {
		make_room(v, 1);
		map_region(v->map, address);
		if (v->step.pages)
			build_step_map(v);
	} else if (qualification & VIOLATION_WRITE) {
		drop_write(v, address);
		if (is_identity_page(v->map, address)) /* the guest runs on the copy meanwhile */
			memcpy(v->step.copy[v->step.pages - 1], identity_page, PAGE_SIZE);
		build_step_map(v);
	} else {
		fatal(v, "EPT violation at %llx, qualification %llx", (unsigned long long)address,
		      (unsigned long long)qualification);
	}
	return true;
}

/* The CR4 bits that the guest owns only while its paging is on. */
static void ept_set_paging(struct vcpu *v, bool paging, uint64_t cr4)
{
	bool on_hardware = paging || native_real_mode;

	vmwrite(CR4_MASK, on_hardware ? CR4_VMXE : CR4_VMXE | CR4_PAGING);
	vmwrite(GUEST_CR4, (on_hardware ? cr4 : (cr4 & ~(uint64_t)CR4_PAGING) | CR4_PSE) | CR4_VMXE);
	vmwrite(GUEST_CR3, on_hardware ? v->cr3 : phys_of(identity_page));
	set_control(PROC_CONTROLS, PROC_CR3_LOAD | PROC_CR3_STORE, !on_hardware);
}

static void ept_get_pdptes(struct vcpu *v, uint64_t pdpte[4])
{
	for (unsigned i = 0; i < 4; i++)
		pdpte[i] = vmread(GUEST_PDPTE + 2 * i);
}

static void ept_set_pdptes(struct vcpu *v, const uint64_t pdpte[4])
{
	for (unsigned i = 0; i < 4; i++)
		vmwrite(GUEST_PDPTE + 2 * i, pdpte[i]);
}

/* Without VPID each entry flushes. */
static void ept_flush(struct vcpu *v, bool global)
{
}

static void ept_flush_page(struct vcpu *v, uint64_t linear)
{
}

static const struct control_bit proc_needed[] = {{PROC_SECONDARY, "activate secondary controls"}, {0, 0}};
static const struct control_bit proc2_needed[] = {{PROC2_EPT, "enable EPT"}, {0, 0}};
static const struct control_bit proc_refused[] = {
	{PROC_CR3_LOAD, "CR3-load exiting"},
	{PROC_CR3_STORE, "CR3-store exiting"},
	{PROC_INVLPG, "INVLPG exiting"},
	{0, 0},
};

const struct mmu ept = {
	.name = "EPT",
	.proc = proc_needed,
	.proc2 = proc2_needed,
	.proc_refused = proc_refused,
	.init = ept_init,
	.init_vcpu = ept_init_vcpu,
	.set_paging = ept_set_paging,
	.get_pdptes = ept_get_pdptes,
	.set_pdptes = ept_set_pdptes,
	.select = ept_select,
	.enter = ept_enter,
	.flush = ept_flush,
	.flush_page = ept_flush_page,
	.fault = ept_fault,
	.protect = ept_protect,
	.end_copies = ept_end_copies,
};
