/* SPDX-License-Identifier: MIT
 *
 * The virtual TLB: the guest's memory where the processor has no EPT. The real CR3 points at tables
 * of visor's own, PAE or 4-level, always with WP; a page fault fills them from the guest's tables
 * (walk.c) with physmap.c's pages, and what flushes a TLB flushes them.
 *
 * Flushing throws away only what does not hold any more: every entry is kept with the guest's entry
 * that it was made from, and a flush compares the two. That is what a TLB may do (SDM vol. 3,
 * 4.10.2.3: a translation whose entries are as they were, and accessed, may be cached at any time),
 * so no fill is lost that still holds, by CR3, INVLPG, INVOKE or RESTORE. A table that is filled from
 * one of the guest's is found again by it, from whichever CR3; one that is part of a larger page of
 * the guest's, or of a guest without paging, by the frame ("direct"). Global entries are compared
 * only where a flush is of global pages, too.
 *
 * Each processor has tables of its own, so there is no shoot-down but what the guest does itself.
 * When the pool is used up all of it is emptied.
 *
 * No entry of ours is global, and none is ever made from anything but guest_page(): what a guest's
 * table says of visor's own frames shows the scratch page.
 */
#include "lib/string.h"
#include "visor/visor.h"

/* What a table is filled from, besides its source; two tables with the same source differ here. */
enum {
	ROLE_LEVEL = 3 << 0,
	ROLE_MODE_SHIFT = 2, /* enum paging_mode */
	ROLE_MODE = 3 << ROLE_MODE_SHIFT,
	ROLE_DIRECT = 1 << 4,
	ROLE_ASSIST = 1 << 5,
	ROLE_A20 = 1 << 6,
	ROLE_WP = 1 << 7,
	ROLE_NXE = 1 << 8,
	ROLE_PSE = 1 << 9,
	ROLE_W = 1 << 10, /* rights of the levels above, and in direct tables the page's */
	ROLE_U = 1 << 11,
	ROLE_NX = 1 << 12,
	ROLE_PWT = 1 << 13, /* of the large page */
	ROLE_PCD = 1 << 14,
	ROLE_PAT = 1 << 15,
	ROLE_QUARTER_SHIFT = 16, /* which part of a 2-level guest's table */
	ROLE_QUARTER = 3 << ROLE_QUARTER_SHIFT,
	ROLE_WORLD = ROLE_MODE | ROLE_ASSIST | ROLE_A20 | ROLE_WP | ROLE_NXE | ROLE_PSE,
};
#define PAT_4K    (1ull << 7)
#define PAT_LARGE (1ull << 12)

enum { ENTRIES = 512, BUCKETS = 256, NONE = 0xffff, CLUSTER = 16 };

struct table {
	uint64_t source;
	uint32_t role;
	uint16_t next; /* in its bucket */
	uint32_t pass; /* of validate() that has seen it last */
	uint32_t checked; /* flushes, of a root */
	uint32_t filled[ENTRIES / 32];
};

/* Two pages for each table: what the processor reads, and the guest's entries it was made from. */
struct pages {
	uint64_t entry[ENTRIES], guest[ENTRIES];
};

struct vtlb {
	struct table *tables;
	struct pages *pages;
	unsigned most, used;
	uint16_t bucket[BUCKETS];
	uint16_t root;
	bool reroot, flush, flush_global;
	uint32_t pass, flushes;
};

/* One instruction may need that many: its own page, operands, stack and system tables, each over a page's
 * end, three tables to each. */
enum { LEAST = 48 };

unsigned vtlb_tables;
static unsigned tables_each;

static void vtlb_init(void)
{
	/* what is left, but for what step copies and so on still want */
	uint32_t left = pages_left() - 64 - vcpu_count * 16;
	tables_each = left / vcpu_count * (uint32_t)PAGE_SIZE / (sizeof(struct pages) + sizeof(struct table));
	if (tables_each > NONE)
		tables_each = NONE;
	if (vtlb_tables && vtlb_tables < tables_each)
		tables_each = vtlb_tables;
	if (tables_each < LEAST)
		stop("too little memory for the virtual TLBs of %u processors", vcpu_count);
}

static void drop_all(struct vtlb *t)
{
	t->used = 0;
	for (unsigned i = 0; i < BUCKETS; i++)
		t->bucket[i] = NONE;
	t->reroot = true;
}

static void vtlb_init_vcpu(struct vcpu *v)
{
	struct vtlb *t = alloc_pages((sizeof(*t) + PAGE_SIZE - 1) / PAGE_SIZE);

	t->most = tables_each;
	t->tables = alloc_pages((tables_each * sizeof(struct table) + PAGE_SIZE - 1) / PAGE_SIZE);
	t->pages = reserve_pages(tables_each * sizeof(struct pages) / PAGE_SIZE);
	v->vtlb = t;
	drop_all(t);
}

static unsigned level_of(const struct table *e)
{
	return e->role & ROLE_LEVEL;
}

static enum paging_mode mode_of(const struct table *e)
{
	return (e->role & ROLE_MODE) >> ROLE_MODE_SHIFT;
}

static void set_entry(struct vtlb *t, unsigned n, unsigned i, uint64_t entry, uint64_t guest)
{
	t->pages[n].entry[i] = entry;
	t->pages[n].guest[i] = guest;
	t->tables[n].filled[i / 32] |= 1u << i % 32;
}

static void clear_entry(struct vtlb *t, unsigned n, unsigned i)
{
	t->pages[n].entry[i] = 0;
	t->tables[n].filled[i / 32] &= ~(1u << i % 32);
}

static bool is_link(const struct table *e, uint64_t entry)
{
	return level_of(e) && !(entry & PTE_PS);
}

static unsigned linked(const struct vtlb *t, uint64_t entry)
{
	return ((struct pages *)phys(entry & PTE_ADDRESS) - t->pages);
}

/* Is a table made from entries of the guest's? */
static bool is_guests(const struct table *e)
{
	enum paging_mode mode = mode_of(e);

	return !(e->role & ROLE_DIRECT) && mode != PAGING_NONE && !(mode == PAGING_32 && level_of(e) == 2);
}

/* Where these are: NULL where there are none, or no memory. */
static const void *guest_entries(struct vcpu *v, const struct table *e, const struct paging *p)
{
	if (!is_guests(e))
		return NULL;
	if (mode_of(e) == PAGING_PAE && level_of(e) == 2)
		return p->pdpte;
	return guest_table(v, e->source);
}

static uint64_t guest_entry(const struct table *e, const void *entries, unsigned i)
{
	unsigned quarter = (e->role & ROLE_QUARTER) >> ROLE_QUARTER_SHIFT;

	if (mode_of(e) != PAGING_32)
		return ((const volatile uint64_t *)entries)[i];
	return ((const volatile uint32_t *)entries)[level_of(e) ? quarter * 256 + i / 2 : quarter * 512 + i];
}

/* Drops what the guest's tables do not say any more, in this table and below. */
static void validate(struct vcpu *v, const struct paging *p, unsigned n, bool global)
{
	struct vtlb *t = v->vtlb;
	struct table *e = &t->tables[n];

	if (e->pass == t->pass || e->role & ROLE_DIRECT)
		return;
	e->pass = t->pass;
	const void *entries = guest_entries(v, e, p);
	bool none = !entries && is_guests(e);
	for (unsigned word = 0; word < ENTRIES / 32; word++)
		for (uint32_t bits = e->filled[word]; bits; bits &= bits - 1) {
			unsigned i = word * 32 + __builtin_ctz(bits);
			uint64_t was = t->pages[n].guest[i];
			bool link = is_link(e, t->pages[n].entry[i]);
			if (none || (entries && guest_entry(e, entries, i) != was &&
				     (global || link || !(was & PTE_G)))) {
				clear_entry(t, n, i);
				continue;
			}
			if (link)
				validate(v, p, linked(t, t->pages[n].entry[i]), global);
		}
}

static unsigned bucket_of(uint64_t source, uint32_t role)
{
	return (source >> 12 ^ source >> 21 ^ role >> 10 ^ role) % BUCKETS;
}

static void fill_direct(struct vcpu *v, unsigned n);

static unsigned look_up(const struct vtlb *t, uint64_t source, uint32_t role)
{
	unsigned n = t->bucket[bucket_of(source, role)];

	while (n != NONE && (t->tables[n].source != source || t->tables[n].role != role))
		n = t->tables[n].next;
	return n;
}

/* The table with this source and role; what it has from earlier is made to hold. */
static unsigned find_table(struct vcpu *v, const struct paging *p, uint64_t source, uint32_t role)
{
	struct vtlb *t = v->vtlb;
	unsigned n = look_up(t, source, role);

	if (n != NONE) {
		t->pass++;
		validate(v, p, n, true);
		return n;
	}
	uint16_t *bucket = &t->bucket[bucket_of(source, role)];
	n = t->used++;
	t->tables[n] = (struct table){.source = source, .role = role, .next = *bucket, .pass = t->pass};
	*bucket = n;
	memset(t->pages[n].entry, 0, sizeof(t->pages[n].entry));
	if ((role & (ROLE_DIRECT | ROLE_LEVEL)) == ROLE_DIRECT)
		fill_direct(v, n);
	return n;
}

/* A page as its rights and physmap.c allow it. */
static uint64_t page_entry(struct vcpu *v, uint64_t address, uint64_t bits)
{
	struct guest_page page = guest_page(v->in_assist, a20_open, address);

	return page.frame | (page.writable ? bits : bits & ~(uint64_t)PTE_W);
}

static uint64_t direct_bits(uint32_t role)
{
	return PTE_P | PTE_A | PTE_D | (role & ROLE_W ? PTE_W : 0) | (role & ROLE_U ? PTE_U : 0) |
	       (role & ROLE_PWT ? PTE_PWT : 0) | (role & ROLE_PCD ? PTE_PCD : 0) |
	       (role & ROLE_PAT ? PAT_4K : 0) | (role & ROLE_NX ? PTE_NX : 0);
}

static uint32_t direct_role(uint64_t bits)
{
	return ROLE_DIRECT | (bits & PTE_W ? ROLE_W : 0) | (bits & PTE_U ? ROLE_U : 0) |
	       (bits & PTE_PWT ? ROLE_PWT : 0) | (bits & PTE_PCD ? ROLE_PCD : 0) |
	       (bits & PAT_4K ? ROLE_PAT : 0) | (bits & PTE_NX ? ROLE_NX : 0);
}

static void set_direct(struct vcpu *v, unsigned n, unsigned i)
{
	const struct table *e = &v->vtlb->tables[n];

	set_entry(v->vtlb, n, i, page_entry(v, e->source + i * PAGE_SIZE, direct_bits(e->role)), 0);
}

static void fill_direct(struct vcpu *v, unsigned n)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		set_direct(v, n, i);
}

/* Our bits of a page that has been accessed by `access`: without D a page is not writable yet. Where
 * CR0.WP=0 lets the supervisor write to a read-only page, the page is the supervisor's alone
 * until the user comes back. */
static uint64_t page_bits(const struct paging *p, uint64_t rights, uint64_t leaf, unsigned level, uint32_t access)
{
	uint64_t bits = PTE_P | PTE_A | PTE_D | (leaf & (PTE_PWT | PTE_PCD)) | (rights & PTE_NX);

	if (level ? leaf & PAT_LARGE : leaf & PAT_4K)
		bits |= PAT_4K;
	bits |= rights & PTE_U;
	if (leaf & PTE_D) {
		if (rights & PTE_W)
			bits |= PTE_W;
		else if (!p->wp && access & ACCESS_WRITE && !(access & ACCESS_USER))
			bits = (bits | PTE_W) & ~(uint64_t)PTE_U;
	}
	return bits;
}

static uint32_t rights_role(uint64_t rights)
{
	return (rights & PTE_W ? ROLE_W : 0) | (rights & PTE_U ? ROLE_U : 0) | (rights & PTE_NX ? ROLE_NX : 0);
}

/* The neighbours in the guest's table that have been accessed already: the processor may cache
 * those, too. */
static void fill_neighbours(struct vcpu *v, const struct paging *p, unsigned n, unsigned at)
{
	struct vtlb *t = v->vtlb;
	const struct table *e = &t->tables[n];
	const void *entries = guest_entries(v, e, p);
	uint64_t above = (e->role & ROLE_W ? PTE_W : 0) | (e->role & ROLE_U ? PTE_U : 0), reserved = reserved_bits(p, 0, true);

	for (unsigned i = at & -CLUSTER; entries && i < (at & -CLUSTER) + CLUSTER; i++) {
		uint64_t g = guest_entry(e, entries, i);
		if (e->filled[i / 32] >> i % 32 & 1 || (g & (PTE_P | PTE_A)) != (PTE_P | PTE_A) || g & reserved)
			continue;
		uint64_t rights = (above & g) | (g & PTE_NX) | (e->role & ROLE_NX ? PTE_NX : 0);
		set_entry(t, n, i, page_entry(v, g & PTE_ADDRESS, page_bits(p, rights, g, 0, 0)), g);
	}
}

/* A copy of the single step under way in a read-only page's place */
static bool fill_copy(struct vcpu *v, unsigned n, unsigned i, uint64_t linear, uint64_t physical, uint64_t bits)
{
	struct single_step *s = &v->step;

	for (unsigned c = 0; s->active && c < s->pages; c++) {
		if ((s->address[c] ^ physical) & -PAGE_SIZE)
			continue;
		if (s->linears == STEP_LINEARS)
			fatal(v, "one instruction reaches read-only pages by over %u addresses", STEP_LINEARS);
		s->linear[s->linears++] = linear;
		set_entry(v->vtlb, n, i, phys_of(s->copy[c]) | bits | PTE_W, 0);
		return true;
	}
	return false;
}

/* Large pages as seen by CR4.PSE are roles of their own: a PDE's PS bit means another thing then. */
static uint32_t world_role(struct vcpu *v, const struct paging *p)
{
	return p->mode << ROLE_MODE_SHIFT | (v->in_assist ? ROLE_ASSIST : 0) | (a20_open ? ROLE_A20 : 0) |
	       (p->wp ? ROLE_WP : 0) | (p->nxe ? ROLE_NXE : 0) | (p->pse && p->mode == PAGING_32 ? ROLE_PSE : 0);
}

static void find_root(struct vcpu *v, const struct paging *p)
{
	uint32_t role = world_role(v, p) | (p->mode == PAGING_4_LEVEL ? 3 : 2) | ROLE_W | ROLE_U;
	struct vtlb *t = v->vtlb;

	if (t->used + 4 > t->most)
		drop_all(t);
	uint64_t source = p->mode == PAGING_NONE ? 0 : p->cr3;
	unsigned n = look_up(t, source, role);
	if (n == NONE) {
		n = find_table(v, p, source, role);
		t->tables[n].checked = t->flushes;
	}
	t->root = n;
	t->reroot = false;
	vmwrite(GUEST_CR3, phys_of(t->pages[n].entry));
}

/* Makes the tables on the way from the root to the page. */
static void fill(struct vcpu *v, const struct paging *p, uint64_t linear, const struct walk *w, uint32_t access)
{
	struct vtlb *t = v->vtlb;
	uint32_t world = world_role(v, p);
	uint64_t rights = PTE_W | PTE_U, leaf = p->mode == PAGING_NONE ? PTE_D : w->entry[w->leaf];
	uint64_t bits = page_bits(p, w->rights, leaf, w->leaf, access);

	if (t->used + 4 > t->most) {
		drop_all(t);
		find_root(v, p);
	}
	for (unsigned n = t->root;;) {
		struct table *e = &t->tables[n];
		unsigned level = level_of(e), shift = 12 + 9 * level;
		unsigned i = linear >> shift & (ENTRIES - 1);
		bool root_pae = level == 2 && p->mode != PAGING_4_LEVEL;
		uint64_t *entry = &t->pages[n].entry[i];
		bool from_guest = is_guests(e);
		uint64_t guest = !from_guest ? 0 : root_pae ? p->pdpte[i] : w->entry[level], source;
		bool whole = w->shift >= shift; /* the page is all that this entry maps */
		uint32_t role;

		if (level == 0) {
			if (fill_copy(v, n, i, linear & -PAGE_SIZE, w->physical, bits))
				return;
			set_entry(t, n, i, page_entry(v, w->physical & -PAGE_SIZE, bits), guest);
			if (from_guest)
				fill_neighbours(v, p, n, i);
			return;
		}
		if (level == 1 && whole && is_uniform(a20_open, w->physical & -LARGE_PAGE)) {
			uint64_t large = (bits & ~PAT_4K) | (bits & PAT_4K ? PAT_LARGE : 0) | PTE_PS;
			set_entry(t, n, i, (w->physical & -LARGE_PAGE) | large, guest);
			return;
		}
		if (whole) {
			source = w->physical & ~((1ull << shift) - 1);
			role = (world & (ROLE_ASSIST | ROLE_A20)) | direct_role(bits) | (level - 1);
		} else {
			if (from_guest && !root_pae)
				rights = (rights & (guest | PTE_NX)) | (guest & PTE_NX);
			source = w->table[level - 1];
			role = world | rights_role(rights) | (level - 1);
			if (p->mode == PAGING_32)
				role |= (level == 2 ? linear >> 30 & 3 : linear >> 21 & 1) << ROLE_QUARTER_SHIFT;
		}
		unsigned child;
		if (*entry & PTE_P && is_link(e, *entry) && t->pages[n].guest[i] == guest &&
		    t->tables[linked(t, *entry)].source == source && t->tables[linked(t, *entry)].role == role) {
			child = linked(t, *entry);
		} else {
			child = find_table(v, p, source, role);
			/* a PDPTE of PAE has no rights */
			set_entry(t, n, i, phys_of(t->pages[child].entry) | PTE_P | (root_pae ? 0 : PTE_W | PTE_U | PTE_A),
				  guest);
		}
		n = child;
	}
}

static bool vtlb_fault(struct vcpu *v)
{
	uint64_t linear = vmread(EXIT_QUALIFICATION);
	uint32_t error = vmread(EXIT_EVENT_ERROR), access = error & (ACCESS_WRITE | ACCESS_USER | ACCESS_FETCH);
	struct paging p;
	struct walk w;

	if (v->flush || v->vtlb->reroot)
		return true; /* another processor has emptied it meanwhile */
	guest_paging(v, &p);
	/* our tables are always of the kind that can have NX */
	if (!p.nxe)
		access &= ~ACCESS_FETCH;
	if (error & FAULT_RESERVED)
		fatal(v, "a reserved bit in visor's own tables at %llx", (unsigned long long)linear);
	if (!walk_guest(v, &p, linear, access, &w)) {
		v->fault_error = w.error;
		stats.guest_faults++;
		return false;
	}
	/* SDM vol. 3, 27.2.3 */
	if (vmread(EXIT_EVENT) & EVENT_NMI_UNBLOCKING && !(vmread(IDT_VECTORING) & EVENT_VALID))
		block_nmi_again();
	struct guest_page page = guest_page(v->in_assist, a20_open, w.physical & -PAGE_SIZE);
	if (access & ACCESS_WRITE && !page.writable) {
		unsigned c = 0;
		while (c < v->step.pages && (v->step.address[c] ^ w.physical) & -PAGE_SIZE)
			c++;
		if (c == v->step.pages)
			drop_write(v, w.physical);
	}
	fill(v, &p, linear, &w, access);
	stats.fills++;
	return true;
}

/* The entry for a linear address in the table of the lowest level that is there; false: none. */
static bool find_entry(struct vtlb *t, uint64_t linear, unsigned *n, unsigned *i)
{
	for (*n = t->root;;) {
		unsigned level = level_of(&t->tables[*n]);
		*i = linear >> (12 + 9 * level) & (ENTRIES - 1);
		uint64_t entry = t->pages[*n].entry[*i];
		if (!(entry & PTE_P))
			return false;
		if (!is_link(&t->tables[*n], entry))
			return true;
		*n = linked(t, entry);
	}
}

static void vtlb_end_copies(struct vcpu *v)
{
	struct single_step *s = &v->step;
	unsigned n, i;

	for (; s->linears; s->linears--)
		if (find_entry(v->vtlb, s->linear[s->linears - 1], &n, &i)) {
			if (v->vtlb->tables[n].role & ROLE_DIRECT)
				set_direct(v, n, i);
			else
				clear_entry(v->vtlb, n, i);
		}
}

static void vtlb_set_paging(struct vcpu *v, bool paging, uint64_t cr4)
{
	const uint64_t ours = CR4_PAGING | CR4_PGE | CR4_PCIDE | CR4_CET | CR4_VMXE;

	vmwrite(CR4_MASK, ours);
	vmwrite(GUEST_CR4, (cr4 & ~ours) | CR4_PAE | CR4_VMXE);
	v->vtlb->reroot = true;
}

static void vtlb_get_pdptes(struct vcpu *v, uint64_t pdpte[4])
{
	memcpy(pdpte, v->pdpte, sizeof(v->pdpte));
}

static void vtlb_set_pdptes(struct vcpu *v, const uint64_t pdpte[4])
{
	memcpy(v->pdpte, pdpte, sizeof(v->pdpte));
}

static void vtlb_select(struct vcpu *v)
{
	v->vtlb->reroot = true;
}

static void vtlb_flush(struct vcpu *v, bool global)
{
	v->vtlb->reroot = v->vtlb->flush = true;
	v->vtlb->flush_global |= global;
}

/* INVLPG drops the page's entry, and of the tables on the way what has changed. */
static void vtlb_flush_page(struct vcpu *v, uint64_t linear)
{
	struct vtlb *t = v->vtlb;
	struct paging p;

	if (t->reroot) {
		vtlb_flush(v, true);
		return;
	}
	guest_paging(v, &p);
	bool current = t->tables[t->root].checked == t->flushes;
	t->flushes++;
	if (current)
		t->tables[t->root].checked = t->flushes;
	for (unsigned n = t->root;;) {
		struct table *e = &t->tables[n];
		unsigned i = linear >> (12 + 9 * level_of(e)) & (ENTRIES - 1);
		uint64_t entry = t->pages[n].entry[i];
		const void *entries = guest_entries(v, e, &p);
		if (!(entry & PTE_P))
			return;
		if (entries && guest_entry(e, entries, i) != t->pages[n].guest[i]) {
			clear_entry(t, n, i);
			/* the other half of a 4 MiB page, or of a table for 4 MiB */
			if (mode_of(e) == PAGING_32 && level_of(e) == 1)
				clear_entry(t, n, i ^ 1);
			return;
		}
		if (!is_link(e, entry))
			return;
		n = linked(t, entry);
	}
}

static void vtlb_enter(struct vcpu *v)
{
	struct vtlb *t = v->vtlb;
	struct paging p;

	if (v->flush) {
		v->flush = false;
		vtlb_flush(v, true);
	}
	if (!t->reroot)
		return;
	guest_paging(v, &p);
	find_root(v, &p);
	if (t->flush)
		t->flushes++;
	struct table *root = &t->tables[t->root];
	if (root->checked != t->flushes) {
		/* a root that was not the current one when global pages were flushed is compared in full */
		bool global = t->flush_global || root->checked + 1 != t->flushes;
		root->checked = t->flushes;
		t->pass++;
		validate(v, &p, t->root, global);
		stats.flushes++;
	}
	t->flush = t->flush_global = false;
}

/* Here nothing of what was filled holds. */
static void vtlb_protect(struct vcpu *v)
{
	for (unsigned i = 0; i < vcpu_count; i++)
		if (vcpus[i].vtlb)
			drop_all(vcpus[i].vtlb);
}

static const struct control_bit proc_needed[] = {
	{PROC_CR3_LOAD, "CR3-load exiting"},
	{PROC_CR3_STORE, "CR3-store exiting"},
	{PROC_INVLPG, "INVLPG exiting"},
	{0, 0},
};
static const struct control_bit none[] = {{0, 0}};

const struct mmu vtlb = {
	.name = "virtual TLB",
	.proc = proc_needed,
	.proc2 = none,
	.proc_refused = none,
	.exceptions = 1 << VECTOR_PF,
	.cr0_fixed = CR0_WP,
	.cr4_hidden = CR4_PCIDE | CR4_SMEP | CR4_SMAP | CR4_LA57 | CR4_PKE | CR4_PKS | CR4_CET,
	.own_cr3 = true,
	.init = vtlb_init,
	.init_vcpu = vtlb_init_vcpu,
	.set_paging = vtlb_set_paging,
	.get_pdptes = vtlb_get_pdptes,
	.set_pdptes = vtlb_set_pdptes,
	.select = vtlb_select,
	.enter = vtlb_enter,
	.flush = vtlb_flush,
	.flush_page = vtlb_flush_page,
	.fault = vtlb_fault,
	.protect = vtlb_protect,
	.end_copies = vtlb_end_copies,
};
