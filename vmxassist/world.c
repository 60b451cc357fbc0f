/* SPDX-License-Identifier: MIT
 *
 * The assist's own world (page tables, GDT, IDT, TSS) and the ways between it and the guest's:
 * the start, RESTORE through the host, and leaving for good where there is no such host.
 */
#include "vmxassist/vmxassist.h"
#include "lib/i8259.h"
#include "lib/string.h"

__attribute__((section(".header"), used)) struct dfw_assist_header header = {
	.magic = DFW_ASSIST_MAGIC,
	.version = DFW_ASSIST_VERSION,
	.header_size = sizeof(header),
	.record_size = sizeof(struct dfw_assist_record),
	.cpus = 1, /* vmxloader says how many there are */
	.start = (uint32_t)start,
	.records = RECORDS,
	.irq8_vector = IRQ8_VECTOR_AT_RESET,
};

struct __attribute__((packed)) pseudo_descriptor {
	uint16_t limit;
	uint32_t base;
};

static PER_PROCESSOR uint64_t gdt[4];

enum { CR0_CACHE = 0x60000000, CR0_GUEST = CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_CACHE };
/* What of the guest's CR4 has a meaning for code in VM86. */
enum { CR4_GUEST = CR4_DE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE };

static uint32_t own_cr4;

static bool hosted(void)
{
	return header.flags & DFW_ASSIST_HOSTED;
}

/*
 * Page tables, SDM vol. 3, 4.4: everything below 4 GiB mapped to itself for the supervisor in
 * 2 MiB pages; of the first 2 MiB, what VM86 reaches (to 10FFFF) is open to the user in 4 KiB
 * pages, but for the assist's own 64 KiB. One 2 MiB page is the window to everything else. Each
 * processor has its own, but for the directories in which nothing differs.
 */
enum { PTE_P = 1, PTE_W = 2, PTE_U = 4, PTE_PS = 0x80 };
enum { ENTRIES = 512, IDT_SIZE = 256 * 8 };
#define WINDOW 0xffc00000u
#define LARGE  0x200000u

/* What a processor has in the reserve. */
struct processor {
	uint64_t directory_first[ENTRIES], directory_last[ENTRIES]; /* of the first and the last GiB */
	uint64_t table[ENTRIES];                                    /* of the first 2 MiB */
	uint8_t page[STACK_SIZE];                                   /* what it has at processor_page */
	struct tss tss;
	uint64_t pdpt[4] __attribute__((aligned(32)));
	uint64_t stretches[736];
	struct x86_slot slots[FEW_SLOTS];
} __attribute__((aligned(4096)));

_Static_assert(sizeof(struct processor) == 0xa000, "no room wasted");
_Static_assert(RECORDS + DFW_ASSIST_CPUS * sizeof(struct dfw_assist_record) <= STATS, "the reserve's map");
_Static_assert(STATS + DFW_ASSIST_CPUS * sizeof(struct dfw_assist_stats) <= STRETCHES, "the reserve's map");
_Static_assert(PROCESSORS + DFW_ASSIST_CPUS * sizeof(struct processor) <= DFW_RESERVE_SIZE,
	       "the reserve's map");

static PER_PROCESSOR struct processor *this;

static void *in_reserve(uint32_t offset)
{
	return (void *)(header.reserve + offset);
}

static START_UP void map_large(uint64_t *directory, uint32_t first, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		directory[i] = (first + i * LARGE) | PTE_PS | PTE_W | PTE_P;
}

static START_UP void build_page_tables(struct processor *p, bool first)
{
	uint64_t *shared = in_reserve(PAGE_DIRECTORIES);

	p->pdpt[0] = (uint32_t)p->directory_first | PTE_P;
	p->pdpt[1] = (uint32_t)shared | PTE_P;
	p->pdpt[2] = (uint32_t)(shared + ENTRIES) | PTE_P;
	p->pdpt[3] = (uint32_t)p->directory_last | PTE_P;
	map_large(p->directory_first, 0, ENTRIES);
	map_large(p->directory_last, 3 * ENTRIES * LARGE, ENTRIES);
	p->directory_first[0] = (uint32_t)p->table | PTE_U | PTE_W | PTE_P;
	for (uint32_t i = 0; i < ENTRIES; i++) {
		uint32_t phys = i << 12;
		bool own = phys >= DFW_VMXASSIST && phys < DFW_VMXASSIST + DFW_VMXASSIST_SIZE;

		p->table[i] = phys | PTE_W | PTE_P | (phys < 0x110000 && !own ? PTE_U : 0);
	}
	/* VM86 runs stretches there; CR0.WP is 0, so that ring 0 can write it */
	p->table[(uint32_t)processor_page >> 12] = (first ? (uint32_t)processor_page : (uint32_t)p->page) | PTE_U | PTE_P;
}

void world_protect(uint32_t linear, bool on)
{
	uint32_t *entry = (uint32_t *)&this->table[linear >> 12]; /* its low half */

	*entry = on ? *entry & ~(uint32_t)PTE_W : *entry | PTE_W;
	asm volatile("invlpg (%0)" : : "r"(linear) : "memory");
}

void *world_window(uint64_t phys)
{
	uint64_t *entry = &this->directory_last[WINDOW / LARGE % ENTRIES];

	if (phys < WINDOW || (phys >= WINDOW + LARGE && phys <= 0xffffffff))
		return (void *)(uint32_t)phys;
	*entry = (phys & ~(uint64_t)(LARGE - 1)) | PTE_PS | PTE_W | PTE_P;
	asm volatile("invlpg (%0)" : : "r"(WINDOW) : "memory");
	return (void *)(WINDOW + ((uint32_t)phys & (LARGE - 1)));
}

_Static_assert(STUBS % (256 * STUB_SIZE) == 0 && STUBS + 256 * STUB_SIZE <= PAGE_DIRECTORIES, "entry.S");

static START_UP void build_idt(void)
{
	uint64_t *idt = in_reserve(IDT);

	for (unsigned i = 0; i < 256; i++) {
		uint8_t *call = in_reserve(STUBS + i * STUB_SIZE);
		uint32_t stub = (uint32_t)call;
		uint32_t distance = (uint32_t)(i == VEC_GP ? trap_entry_gp : trap_entry) - (stub + 5);

		call[0] = 0xe8;
		memcpy(call + 1, &distance, sizeof(distance));
		/* 32-bit interrupt gate, DPL 0: INT n from VM86 faults instead of passing */
		idt[i] = (uint64_t)(stub >> 16) << 48 | 0x8e00ull << 32 | SEL_CODE << 16 | (stub & 0xffff);
	}
}

/* UMIP has SGDT, SIDT and SMSW fault in VM86, so that they can be answered. */
static START_UP uint32_t wanted_cr4(void)
{
	enum { HAS_VME = 1 << 1, HAS_UMIP = 1 << 2 };
	uint32_t r[4] = {0}, cr4 = CR4_PAE, leaves;

	guest_ops.cpuid(NULL, r);
	leaves = r[0];
	r[0] = 1;
	guest_ops.cpuid(NULL, r);
	if ((r[3] & HAS_VME) && !(header.flags & (DFW_ASSIST_NO_VME | DFW_ASSIST_IOPL0)))
		cr4 |= CR4_VME;
	r[0] = 7;
	r[2] = 0;
	if (leaves >= 7)
		guest_ops.cpuid(NULL, r);
	return leaves >= 7 && (r[2] & HAS_UMIP) ? cr4 | CR4_UMIP : cr4;
}

static START_UP struct dfw_segment flat_segment(uint16_t selector, uint32_t access_rights)
{
	return (struct dfw_segment){
		.selector = selector, .limit = 0xffffffff, .access_rights = access_rights};
}

static START_UP void describe_world(struct dfw_cpu *cpu, const struct processor *p)
{
	enum { DATA = DFW_AR_G | DFW_AR_DB | DFW_AR_P | DFW_AR_S | 3, CODE = DATA | DFW_AR_CODE };

	cpu->rip = (uint32_t)invoke_entry;
	cpu->gpr[DFW_RSP].q = (uint32_t)stack_top - STACK_START;
	cpu->rflags = 2;
	cpu->cr0 = CR0_PG | CR0_PE | CR0_ET | CR0_NE;
	cpu->cr3 = (uint32_t)p->pdpt;
	cpu->cr4 = own_cr4;
	for (unsigned i = 0; i < 4; i++)
		cpu->pdpte[i] = p->pdpt[i];
	cpu->dr6 = 0xffff0ff0;
	cpu->dr7 = 0x400;
	cpu->pat = 0x0007040600070406ull;
	cpu->gdtr = (struct dfw_table){.base = (uint32_t)gdt, .limit = sizeof(gdt) - 1};
	cpu->idtr = (struct dfw_table){.base = header.reserve + IDT, .limit = IDT_SIZE - 1};
	for (unsigned i = DFW_ES; i <= DFW_GS; i++)
		cpu->seg[i] = i == DFW_CS ? flat_segment(SEL_CODE, CODE) : flat_segment(SEL_DATA, DATA);
	cpu->seg[DFW_LDTR].access_rights = DFW_AR_UNUSABLE;
	cpu->seg[DFW_TR] = (struct dfw_segment){
		.selector = SEL_TSS,
		.base = (uint32_t)&p->tss,
		.limit = sizeof(p->tss) - 1,
		.access_rights = DFW_AR_P | 11, /* busy 32-bit TSS */
	};
}

static void write_cr0(uint32_t v)
{
	asm volatile("movl %0, %%cr0" : : "r"(v) : "memory");
}

/* Loads the own world by hand, as the host does from the record. */
static START_UP void enter_world(void)
{
	struct pseudo_descriptor g = {sizeof(gdt) - 1, (uint32_t)gdt}, i = {IDT_SIZE - 1, header.reserve + IDT};

	asm volatile("lgdt %0\n\tlidt %1\n\tljmp %2, $1f\n1:\n\tmovl %3, %%ds\n\tmovl %3, %%es\n\tmovl %3, %%ss\n\t"
		     "movl %4, %%fs\n\tmovl %4, %%gs\n\tltr %w5"
		     : : "m"(g), "m"(i), "i"(SEL_CODE), "r"(SEL_DATA), "r"(0), "r"(SEL_TSS) : "memory");
	asm volatile("movl %0, %%cr4" : : "r"(own_cr4));
	asm volatile("movl %0, %%cr3" : : "r"(this->pdpt));
	write_cr0(CR0_PG | CR0_PE | CR0_ET | CR0_NE);
	invoke_entry();
}

/* Fills the own page for this processor, and what it has in the reserve; the last one is the first, whose
 * page this is. */
static START_UP void build_processor(unsigned n)
{
	struct processor *p = (struct processor *)in_reserve(PROCESSORS) + n;
	struct dfw_assist_record *record = (struct dfw_assist_record *)header.records + n;

	this = p;
	monitor.number = n;
	monitor.tss = &p->tss;
	monitor.record = record;
	monitor.guest = &record->guest;
	monitor.x86 = (struct x86){.cpu = &record->guest, .ops = &guest_ops, .world = &monitor,
				   .slots = n ? p->slots : in_reserve(SLOTS),
				   .slots_mask = (n ? FEW_SLOTS : MANY_SLOTS) - 1, .rep_batch = REP_BATCH,
				   .flat = NULL, .flat_size = DFW_LOW_END - 15, /* mapped to itself */
				   .flat_high = DFW_ROMBIOS, .flat_high_size = header.reserve - DFW_ROMBIOS - 15,
				   /* where our own shows again while A20 is masked */
				   .flat_hole = (DFW_VMXASSIST | A20) - 15, .flat_hole_size = DFW_VMXASSIST_SIZE + 15};
	memset(monitor.x86.slots, 0, (monitor.x86.slots_mask + 1) * sizeof(struct x86_slot));
	if (n == 0)
		stretch_init(&monitor, in_reserve(STRETCHES), STRETCHES_SIZE);
	else
		stretch_init(&monitor, p->stretches, sizeof(p->stretches));
	stats = (struct dfw_assist_stats *)header.stats + n;
	memset(stats, 0, sizeof(*stats));
	stats->magic = DFW_ASSIST_STATS_MAGIC;
	stats->size = sizeof(*stats);
	gdt[SEL_CODE / 8] = 0x00cf9b000000ffffull;
	gdt[SEL_DATA / 8] = 0x00cf93000000ffffull;
	gdt[SEL_TSS / 8] = vm86_tss_init(&p->tss);
	build_page_tables(p, n == 0);
	memset(&record->assist, 0, sizeof(record->assist));
	describe_world(&record->assist, p);
	if (n)
		memcpy(p->page, processor_page, PROCESSOR_DATA);
}

/* Runs once, at the lower end of the stack that is to come: vmxassist.lds.S. */
START_UP void world_start(void)
{
	struct dfw_assist_record *record = (struct dfw_assist_record *)header.records;

	if (!header.reserve || header.reserve_size < DFW_RESERVE_SIZE || (header.reserve & 0xfff) || !header.cpus ||
	    header.cpus > DFW_ASSIST_CPUS)
		panic("no reserve or no processors given by the loader", header.reserve, header.cpus);
	trace_init();
	own_cr4 = wanted_cr4();
	header.stats = header.reserve + STATS;
	map_large(in_reserve(PAGE_DIRECTORIES), ENTRIES * LARGE, 2 * ENTRIES);
	build_idt();
	for (unsigned n = header.cpus; n-- > 0;)
		build_processor(n);
	if (!hosted())
		enter_world();
	record->reason = DFW_INVOKE_START;
	write_cr0(CR0_ET); /* PE=0: the host invokes, and leaves the guest that vmxloader described */
	panic("the host does not INVOKE", record->reason, 0);
}

/* The real CR0 follows what of the guest's acts on code in VM86. AM stays off: real mode checks no
 * alignment, VM86 would. Without a host PE and PG are ours to keep. */
void world_sync_cr0(const struct dfw_cpu *cpu)
{
	uint32_t v = (cpu->cr0 & CR0_GUEST) | CR0_ET | (x87_ignores_errors() ? CR0_TS | CR0_MP : 0);

	write_cr0(hosted() ? v : v | CR0_PG | CR0_PE);
}

/* A host has NE=1 always, as VMX does. */
void world_native_errors(const struct dfw_cpu *cpu, bool on)
{
	if (!hosted() && !(cpu->cr0 & CR0_NE))
		write_cr0((cpu->cr0 & CR0_GUEST) | CR0_ET | CR0_PG | CR0_PE | (on ? CR0_NE : 0));
}

bool world_cr4_exists(uint32_t bits)
{
	uint32_t now;
	bool exists;

	asm volatile("movl %%cr4, %0" : "=r"(now));
	exists = write_cr4_safe(now | bits);
	write_cr4_safe(now);
	return exists;
}

/* DR6 is clean while the guest runs (reflect.c). GD would trap the assist's own accesses; the
 * interpreter honours the guest's. */
void world_sync_debug(const struct dfw_cpu *cpu)
{
	asm volatile("movl %0, %%dr0" : : "r"((uint32_t)cpu->dr[0]));
	asm volatile("movl %0, %%dr1" : : "r"((uint32_t)cpu->dr[1]));
	asm volatile("movl %0, %%dr2" : : "r"((uint32_t)cpu->dr[2]));
	asm volatile("movl %0, %%dr3" : : "r"((uint32_t)cpu->dr[3]));
	asm volatile("movl %0, %%dr7" : : "r"((uint32_t)cpu->dr7 & ~DR7_GD));
}

void world_sync_cr4(const struct dfw_cpu *cpu)
{
	uint32_t v = (monitor.traps_iret ? own_cr4 & ~CR4_VME : own_cr4) | (cpu->cr4 & CR4_GUEST), now;

	asm volatile("movl %%cr4, %0" : "=r"(now));
	if (v != now)
		asm volatile("movl %0, %%cr4" : : "r"(v));
}

/* SDM vol. 3, 26.3.1.2: limit and granularity must agree. */
static bool limit_fits(const struct dfw_segment *s)
{
	if (s->access_rights & DFW_AR_G)
		return (s->limit & 0xfff) == 0xfff;
	return !(s->limit >> 20);
}

static unsigned dpl(const struct dfw_segment *s)
{
	return s->access_rights >> DFW_AR_DPL_SHIFT & 3;
}

static bool usable(const struct dfw_segment *s)
{
	return !(s->access_rights & DFW_AR_UNUSABLE);
}

static bool code_enterable(const struct dfw_segment *cs, const struct dfw_segment *ss)
{
	/* real mode's CS is writable data, which no guest can hold in protected mode */
	const uint32_t need = DFW_AR_P | DFW_AR_S | DFW_AR_CODE | DFW_AR_ACCESSED;

	if (!usable(cs) || (cs->access_rights & need) != need || !limit_fits(cs))
		return false;
	if (cs->access_rights & DFW_AR_EXPAND) /* conforming */
		return dpl(cs) <= dpl(ss);
	return dpl(cs) == dpl(ss);
}

static bool stack_enterable(const struct dfw_segment *ss, const struct dfw_segment *cs)
{
	const uint32_t need = DFW_AR_P | DFW_AR_S | DFW_AR_WRITABLE | DFW_AR_ACCESSED;

	if ((ss->selector & 3) != (cs->selector & 3) || dpl(ss) != (ss->selector & 3u))
		return false;
	return !usable(ss) || ((ss->access_rights & (need | DFW_AR_CODE)) == need && limit_fits(ss));
}

static bool data_enterable(const struct dfw_segment *s)
{
	const uint32_t need = DFW_AR_P | DFW_AR_S | DFW_AR_ACCESSED;
	uint32_t ar = s->access_rights;

	if (!usable(s))
		return true;
	if ((ar & need) != need || !limit_fits(s))
		return false;
	if ((ar & DFW_AR_CODE) && !(ar & DFW_AR_WRITABLE)) /* execute-only */
		return false;
	if ((ar & (DFW_AR_CODE | DFW_AR_EXPAND)) == (DFW_AR_CODE | DFW_AR_EXPAND)) /* conforming */
		return true;
	return dpl(s) >= (s->selector & 3u);
}

/* VM86 of the guest's own making: SDM vol. 3, 26.3.1.2, "virtual-8086". */
static bool vm86_enterable(const struct dfw_cpu *cpu)
{
	for (unsigned i = DFW_ES; i <= DFW_GS; i++) {
		const struct dfw_segment *s = &cpu->seg[i];

		if (s->base != (uint32_t)s->selector << 4 || s->limit != 0xffff || s->access_rights != 0xf3)
			return false;
	}
	return true;
}

static bool is_64bit(const struct dfw_cpu *cpu)
{
	return (cpu->efer & EFER_LMA) && (cpu->seg[DFW_CS].access_rights & DFW_AR_L);
}

/* SDM vol. 3, 26.3.1.2: TR is a busy TSS always, LDTR an LDT or unusable. */
static bool system_enterable(const struct dfw_segment *s, unsigned type, unsigned other)
{
	const uint32_t kind = s->access_rights & (DFW_AR_UNUSABLE | DFW_AR_P | DFW_AR_S | DFW_AR_TYPE);

	return (kind == (DFW_AR_P | type) || kind == (DFW_AR_P | other)) && limit_fits(s);
}

/* Changes what VM entry refuses and the guest cannot see. */
static void make_enterable(struct dfw_cpu *cpu)
{
	struct dfw_segment *s = cpu->seg;

	for (unsigned i = DFW_ES; i <= DFW_GS; i++) {
		const uint32_t conforming = DFW_AR_CODE | DFW_AR_EXPAND;
		unsigned rpl = s[i].selector & 3;

		if (i == DFW_CS || i == DFW_SS || (cpu->rflags & FLAG_VM) || !usable(&s[i]))
			continue;
		if ((s[i].access_rights & conforming) != conforming && dpl(&s[i]) < rpl)
			s[i].access_rights |= rpl << DFW_AR_DPL_SHIFT; /* from 0, or to 3 */
	}
	if (is_64bit(cpu) && !stack_enterable(&s[DFW_SS], &s[DFW_CS])) {
		unsigned level = dpl(&s[DFW_SS]);

		s[DFW_SS].selector = (s[DFW_SS].selector & ~3u) | level;
		if (!stack_enterable(&s[DFW_SS], &s[DFW_CS]))
			s[DFW_SS].access_rights |= DFW_AR_UNUSABLE;
	}
	if (!system_enterable(&s[DFW_TR], 11, cpu->efer & EFER_LMA ? 11 : 3)) {
		s[DFW_TR].limit = 0;
		s[DFW_TR].access_rights = DFW_AR_P | 11;
	}
	if (!system_enterable(&s[DFW_LDTR], 2, 2))
		s[DFW_LDTR].access_rights |= DFW_AR_UNUSABLE;
}

bool world_enterable(struct dfw_cpu *cpu)
{
	const struct dfw_segment *s = cpu->seg;

	/* 26.3.1.5: in a shadow the trap of a single step would have to be pending */
	if ((cpu->interruptibility & (DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS)) && (cpu->rflags & FLAG_TF))
		return false;
	if (!(cpu->rflags & FLAG_VM) && !code_enterable(&s[DFW_CS], &s[DFW_SS]))
		return false;
	make_enterable(cpu);
	if (cpu->rflags & FLAG_VM)
		return vm86_enterable(cpu);
	return stack_enterable(&s[DFW_SS], &s[DFW_CS]) &&
	       data_enterable(&s[DFW_DS]) && data_enterable(&s[DFW_ES]) && data_enterable(&s[DFW_FS]) &&
	       data_enterable(&s[DFW_GS]);
}

/*
 * Leaving without a host: the processor can be given the guest's segments only by loading them
 * from the guest's tables, so each cache must be what its descriptor says now, and the switch must
 * happen on a page that the guest, if it pages, maps to itself.
 */
static bool cache_is_descriptor(struct monitor *m, const struct dfw_segment *s)
{
	const struct dfw_cpu *cpu = &m->record->guest;
	const struct dfw_segment *ldt = &cpu->seg[DFW_LDTR];
	uint32_t index = s->selector & ~7u, table_limit = cpu->gdtr.limit, base = cpu->gdtr.base;
	uint64_t d;
	uint32_t limit, ar;

	if (!(s->selector & ~3u))
		return !usable(s);
	if (s->selector & 4) {
		if (!usable(ldt))
			return false;
		table_limit = ldt->limit;
		base = ldt->base;
	}
	if (index + 7 > table_limit || !x86_read_linear(&m->x86, base + index, &d, sizeof(d)))
		return false;
	limit = (d & 0xffff) | (d >> 32 & 0xf0000);
	ar = d >> 40 & 0xf0ff;
	if (ar & DFW_AR_G)
		limit = limit << 12 | 0xfff;
	return s->limit == limit && s->access_rights == ar &&
	       s->base == ((d >> 16 & 0xffffff) | (d >> 32 & 0xff000000));
}

static bool null_is_harmless(const struct dfw_segment *s)
{
	return (s->selector & ~3u) == 0; /* FS, GS that nobody has loaded since the start */
}

static bool maps_itself(struct monitor *m, uint32_t linear)
{
	uint64_t phys;

	return !(m->record->guest.cr0 & CR0_PG) ||
	       (x86_translate(&m->x86, linear, &phys) && phys == linear);
}

static bool can_leave_for_good(struct monitor *m)
{
	const struct dfw_cpu *cpu = &m->record->guest;

	if (cpu->rflags & (FLAG_VM | FLAG_TF))
		return false;
	for (unsigned i = DFW_LDTR; i <= DFW_TR; i++) /* null as after reset, or loaded */
		if ((cpu->seg[i].selector & ~3u) && !cache_is_descriptor(m, &cpu->seg[i]))
			return false;
	for (unsigned i = DFW_ES; i <= DFW_GS; i++)
		if (!cache_is_descriptor(m, &cpu->seg[i]) &&
		    !((i == DFW_FS || i == DFW_GS) && null_is_harmless(&cpu->seg[i])))
			return false;
	for (uint32_t page = DFW_VMXASSIST; page < DFW_VMXASSIST + DFW_VMXASSIST_SIZE; page += 0x1000)
		if (!maps_itself(m, page))
			return false;
	return true;
}

bool world_can_leave(struct monitor *m)
{
	bool can = hosted() || can_leave_for_good(m);

	if (!can && is_64bit(&m->record->guest))
		panic("without a host no 64-bit code with stale segments", 0, 0);
	return can;
}

/* What leave_for_good in leave.S loads. */
struct leave {
	struct pseudo_descriptor gdtr, idtr;
	uint32_t edi, esi, ebp, skipped, ebx, edx, ecx, eax;
	uint32_t eflags;
	uint32_t cr0, cr3, cr4;
	uint32_t esp;
	uint16_t ss, ds, es, fs, gs, ldtr;
	uint32_t eip;
	uint16_t cs, tr;
	uint32_t busy, efer;
} __attribute__((packed));
extern PER_PROCESSOR struct leave leave_state;
PER_PROCESSOR struct leave leave_state;

_Static_assert(offsetof(struct leave, edi) == 12 && offsetof(struct leave, cr0) == 48 &&
	       offsetof(struct leave, esp) == 60 && offsetof(struct leave, eip) == 76 &&
	       offsetof(struct leave, tr) == 82 && offsetof(struct leave, efer) == 88, "leave.S");

_Noreturn void leave_for_good(void);

static _Noreturn void leave_without_host(const struct dfw_cpu *cpu)
{
	uint16_t tr = cpu->seg[DFW_TR].selector & ~3u;

	for (unsigned n = 0; n < 3; n++)
		wrmsr_safe(MSR_SYSENTER_CS + n, (&cpu->sysenter_cs)[n], 0);
	asm volatile("movl %0, %%cr2" : : "r"((uint32_t)cpu->cr2));
	asm volatile("movl %0, %%dr6" : : "r"((uint32_t)cpu->dr6));
	leave_state = (struct leave){
		.gdtr = {cpu->gdtr.limit, cpu->gdtr.base},
		.idtr = {cpu->idtr.limit, cpu->idtr.base},
		.edi = cpu->gpr[DFW_RDI].d,
		.esi = cpu->gpr[DFW_RSI].d,
		.ebp = cpu->gpr[DFW_RBP].d,
		.ebx = cpu->gpr[DFW_RBX].d,
		.edx = cpu->gpr[DFW_RDX].d,
		.ecx = cpu->gpr[DFW_RCX].d,
		.eax = cpu->gpr[DFW_RAX].d,
		.eflags = cpu->rflags,
		.cr0 = cpu->cr0,
		.cr3 = cpu->cr3,
		.cr4 = cpu->cr4,
		.esp = cpu->gpr[DFW_RSP].d,
		.ss = cpu->seg[DFW_SS].selector,
		.ds = cpu->seg[DFW_DS].selector,
		.es = cpu->seg[DFW_ES].selector,
		.fs = cpu->seg[DFW_FS].selector,
		.gs = cpu->seg[DFW_GS].selector,
		.ldtr = usable(&cpu->seg[DFW_LDTR]) ? cpu->seg[DFW_LDTR].selector : 0,
		.eip = cpu->rip,
		.cs = cpu->seg[DFW_CS].selector,
		.tr = tr,
		.busy = cpu->gdtr.base + tr + 5,
		.efer = cpu->efer & ~(uint32_t)EFER_LMA,
	};
	leave_for_good();
}

void world_leave(struct monitor *m)
{
	const struct dfw_cpu *cpu = &m->record->guest;

	stats->restores++;
	trace_guest(DFW_TRACE_RESTORE, 0);
	if (!hosted())
		leave_without_host(cpu);
	restore(cpu->cr0 | CR0_PE);
	if (!m->pending_nmi)
		panic("the host does not RESTORE", cpu->cr0, cpu->rip);
}
