/* SPDX-License-Identifier: MIT
 *
 * libFuzzer target: the interpreter on any processor state, any memory and any code. The state is
 * the guest's, so nothing in it may make the interpreter leave its memory, run without end, or
 * break a promise of x86.h. Two worlds run side by side: one gives direct pointers and large
 * batches of REP, the other only read() and write() and one iteration at a time. After each step:
 *
 *   - both have the same state, memory, ports and outcome;
 *   - a fault has changed nothing but CR2, pending debug exceptions and accessed, dirty and busy
 *     bits, or is of an element of a REP form, or of the new task of a task switch;
 *   - x86_peek changes nothing and agrees with the step on opcode and length;
 *   - every access keeps to the contract of struct x86_ops.
 *
 * An input is a state to start from, patches to it and to memory, code, and actions between steps:
 * see LLVMFuzzerTestOneInput.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <lib/control_bits.h>
#include <tests/x86/host_unit.h>
#include <x86/x86.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

enum { MEMORY = 0x110000, PAGES = MEMORY / 4096, DEVICE = 0xa0000, DEVICE_END = 0xc0000 };
enum { BATCH = 64, STEPS = 400 };

/* What a step wrote over, to compare and to take back. */
struct journal {
	struct change {
		uint32_t phys, len, at; /* in bytes[] */
	} change[4096];
	uint8_t bytes[1 << 18];
	unsigned changes, used;
};

struct world {
	uint8_t *memory;
	bool mapped;        /* gives direct pointers */
	bool flat;          /* low memory without asking: x86.flat */
	bool dirty[PAGES];
	uint32_t sequence;  /* of what ports and the clock answer */
	uint64_t heard;     /* hash of all that went out */
	uint64_t device;    /* hash of all that was written to device memory */
	struct host_unit unit;
	struct journal journal;
};

/* Objects of their own: AddressSanitizer watches their ends. */
static uint8_t first_memory[MEMORY], second_memory[MEMORY];
static struct world one = {.memory = first_memory}, other = {.memory = second_memory};
static uint8_t pristine[MEMORY];
static struct dfw_cpu first_cpu, second_cpu;
static struct x86 first, second;
static struct x86_slot first_slots[16], second_slot;

#define CHECK(condition, ...)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, __VA_ARGS__);                                              \
			fprintf(stderr, " (%s:%d: %s)\n", __FILE__, __LINE__, #condition);         \
			report();                                                                  \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static void show(const char *name, const struct dfw_cpu *c)
{
	fprintf(stderr, "%s: eax %08x ecx %08x edx %08x ebx %08x esp %08x ebp %08x esi %08x edi %08x\n",
		name, c->gpr[0].d, c->gpr[1].d, c->gpr[2].d, c->gpr[3].d, c->gpr[4].d, c->gpr[5].d,
		c->gpr[6].d, c->gpr[7].d);
	fprintf(stderr, "  rip %llx rflags %llx cr0 %llx cr2 %llx cr3 %llx cr4 %llx efer %llx dr7 %llx pending %llx shadow %x\n",
		(unsigned long long)c->rip, (unsigned long long)c->rflags, (unsigned long long)c->cr0,
		(unsigned long long)c->cr2, (unsigned long long)c->cr3, (unsigned long long)c->cr4,
		(unsigned long long)c->efer, (unsigned long long)c->dr7,
		(unsigned long long)c->pending_debug, c->interruptibility);
	for (unsigned n = 0; n < DFW_SEGS; n++)
		fprintf(stderr, "  seg %u: %04x base %llx limit %x ar %x\n", n, c->seg[n].selector,
			(unsigned long long)c->seg[n].base, c->seg[n].limit, c->seg[n].access_rights);
}

static void report(void)
{
	fprintf(stderr, "row %x (%s), bytes", first.insn->row, x86_opcode_name(first.insn->row));
	for (unsigned n = 0; n < sizeof(first.insn->bytes); n++)
		fprintf(stderr, " %02x", first.insn->bytes[n]);
	fprintf(stderr, ", length %u, event %u\n", first.insn->length, first.event.vector);
	show("first", &first_cpu);
	show("second", &second_cpu);
}

/* --- the world --- */

static void in_contract(uint64_t phys, unsigned len)
{
	CHECK(len >= 1 && len <= 4096, "an access of %u bytes", len);
	CHECK((phys & 4095) + len <= 4096, "an access at %llx of %u bytes crosses a page",
	      (unsigned long long)phys, len);
}

static bool exists(uint64_t phys)
{
	return phys < MEMORY;
}

static void hear(struct world *w, uint64_t what)
{
	w->heard = (w->heard ^ what) * 0x9e3779b97f4a7c15ull;
}

static void world_read(void *world, uint64_t phys, void *dst, unsigned len)
{
	struct world *w = world;

	in_contract(phys, len);
	if (exists(phys))
		memcpy(dst, w->memory + phys, len);
	else
		memset(dst, 0xff, len);
}

static void about_to_change(struct world *w, uint32_t phys, unsigned len)
{
	struct journal *j = &w->journal;

	CHECK(j->changes < 4096 && j->used + len <= sizeof(j->bytes), "a step that writes too much");
	memcpy(j->bytes + j->used, w->memory + phys, len);
	j->change[j->changes++] = (struct change){phys, len, j->used};
	j->used += len;
	w->dirty[phys / 4096] = true;
}

static void world_write(void *world, uint64_t phys, const void *src, unsigned len)
{
	struct world *w = world;

	in_contract(phys, len);
	if (!exists(phys))
		return;
	about_to_change(w, phys, len);
	memcpy(w->memory + phys, src, len);
	for (unsigned n = 0; n < len; n++)
		if (phys + n >= DEVICE && phys + n < DEVICE_END)
			w->device = (w->device ^ ((phys + n) << 8 | w->memory[phys + n])) * 0x9e3779b97f4a7c15ull;
}

static void *world_map(void *world, uint64_t phys, unsigned len, bool write)
{
	struct world *w = world;

	in_contract(phys, len);
	if (!w->mapped || !exists(phys) || (phys >= DEVICE && phys < DEVICE_END))
		return NULL;
	if (write)
		about_to_change(w, phys, len);
	return w->memory + phys;
}

static uint32_t answer(struct world *w)
{
	return ++w->sequence * 0x9e3779b1u;
}

static uint32_t world_in(void *world, uint16_t port, unsigned size)
{
	CHECK(size == 1 || size == 2 || size == 4, "IN of %u bytes", size);
	hear(world, port << 4 | size);
	return answer(world);
}

static void world_out(void *world, uint16_t port, unsigned size, uint32_t value)
{
	CHECK(size == 1 || size == 2 || size == 4, "OUT of %u bytes", size);
	hear(world, (uint64_t)value << 32 | port << 4 | size);
}

enum { MSR_SYSENTER_CS = 0x174, MSR_EFER = 0xc0000080 };

static uint64_t *msr(struct world *w, uint32_t index)
{
	struct dfw_cpu *cpu = w == &one ? &first_cpu : &second_cpu;

	if (index == MSR_EFER)
		return &cpu->efer;
	if (index - MSR_SYSENTER_CS < 3)
		return &cpu->sysenter_cs + (index - MSR_SYSENTER_CS);
	return NULL;
}

static bool world_read_msr(void *world, uint32_t index, uint64_t *value)
{
	uint64_t *p = msr(world, index);

	if (p)
		*value = *p;
	return p;
}

static bool world_write_msr(void *world, uint32_t index, uint64_t value)
{
	uint64_t *p = msr(world, index);

	if (p)
		*p = value;
	return p;
}

/* A processor that has everything but random numbers; what the build machine's lacks is #UD on its
 * unit. */
static void world_cpuid(void *world, uint32_t regs[4])
{
	uint32_t leaf = regs[0];

	regs[0] = leaf & 0x7fffffff ? ~0u : leaf | 0x1f;
	regs[1] = leaf == 7 ? ~(1u << 18) : ~0u; /* RDSEED */
	regs[2] = leaf == 1 ? ~(1u << 30) : ~0u; /* RDRAND */
	regs[3] = ~0u;
}

static uint64_t world_rdtsc(void *world)
{
	return answer(world);
}

static void world_control_written(void *world, unsigned n)
{
	CHECK(n == 0 || n == 3 || n == 4 || n == 8 || (n >= 16 && n < 24) || n == 32,
	      "control register %u was written", n);
	hear(world, n);
}

/* Each world has a unit of its own. */
static int world_fpu(void *world, struct x86_unit *unit)
{
	struct world *w = world;

	CHECK(unit->length <= sizeof(unit->code), "an instruction of %u bytes for the unit", unit->length);
	return host_unit_run_for(&w->unit, unit);
}

static const struct x86_ops ops = {
	.read = world_read,
	.write = world_write,
	.map = world_map,
	.in = world_in,
	.out = world_out,
	.read_msr = world_read_msr,
	.write_msr = world_write_msr,
	.cpuid = world_cpuid,
	.rdtsc = world_rdtsc,
	.control_written = world_control_written,
	.fpu = world_fpu,
};

/* --- where inputs start --- */

#define IMAGE pristine
#include <tests/x86/tables.h>

enum {
	GDT = 0x1000,
	IDT = 0x1800,
	LONG_IDT = 0x2000,
	TSS32 = 0x3000,  /* its I/O map up to 5068 */
	TSS16 = 0x5100,
	OTHER_TSS32 = 0x5200,
	LDT = 0x5300,
	PD = 0x6000,
	PT = 0x7000,
	PAE_PDPT = 0x8000,
	PAE_PD = 0x9000,
	PAE_PT = 0xa000,
	PML5 = 0xb000,
	PML4 = 0xc000,
	LONG_PDPT = 0xd000,
	TABLES_END = 0xe000,
	CODE = 0x10000,
	STACK = 0x30000,
};

/* One of each kind of descriptor; ring 3 selectors from 0x90 on. */
static void build_gdt(uint32_t at)
{
	static const struct {
		uint32_t base, limit, ar;
	} segments[] = {
		{0, 0, 0},
		{0, 0xfffff, 0xc09b},             /* 08 code32 */
		{0, 0xfffff, 0xc093},             /* 10 data32 */
		{CODE, 0xffff, 0x9b},             /* 18 code16 */
		{STACK, 0xffff, 0x93},            /* 20 data16 */
		{CODE, 0xfff, 0x409f},            /* 28 conforming */
		{STACK, 0xfff, 0x97},             /* 30 expand-down, 16-bit */
		{0, 0xfff, 0xc097},               /* 38 expand-down, 32-bit */
		{0, 0xfffff, 0xc091},             /* 40 read-only */
		{0, 0xfffff, 0xc099},             /* 48 execute-only */
		{0, 0xfffff, 0x8092},             /* 50 big 16-bit, not accessed */
		{0, 0xfffff, 0x4013},             /* 58 not present */
		{TSS32, 0x2068, 0x8b},            /* 60 */
		{TSS16, 0x2b, 0x81},              /* 68 */
		{OTHER_TSS32, 0x67, 0x89},        /* 70 */
		{LDT, 0x7f, 0x82},                /* 78 */
		{0, 0xfffff, 0xa09b},             /* 80 64-bit code */
		{0, 0, 0x80},                     /* 88 no type */
		{0, 0xfffff, 0xc0fb},             /* 90 */
		{0, 0xfffff, 0xc0f3},             /* 98 */
		{CODE, 0xffff, 0xfb},             /* a0 */
		{STACK, 0xffff, 0xf3},            /* a8 */
		{0, 0xfffff, 0xc0d3},             /* b0 ring 2 */
	};
	unsigned n;

	for (n = 0; n < sizeof(segments) / sizeof(*segments); n++)
		put64(at + 8 * n, descriptor(segments[n].base, segments[n].limit, segments[n].ar));
	put64(at + 0xc0, gate(0x08, CODE + 0x200, 0xec, 2)); /* call gates */
	put64(at + 0xc8, gate(0x18, 0x200, 0xe4, 1));
	put64(at + 0xd0, gate(0x68, 0, 0xe5, 0));            /* task gate */
	put64(at + 0xd8, gate(0x90, CODE + 0x200, 0xec, 0));
}

static void build_idt(void)
{
	static const uint8_t types[8] = {0x8e, 0xef, 0x86, 0xe7, 0xee, 0x85, 0x0e, 0x8e};

	for (unsigned n = 0; n < 256; n++) {
		put16(4 * n, 0x400 + n % 16); /* the IVT */
		put16(4 * n + 2, CODE >> 4);
		put64(IDT + 8 * n, n % 32 == 29 ? gate(0x70, 0, 0x85, 0)
						: gate(n % 3 ? 0x08 : 0x18, n % 3 ? CODE + 0x300 : 0x300,
						       n < 32 ? types[n % 2 ? 0 : 1] : types[n % 8], 0));
		put64(LONG_IDT + 16 * n, gate(0x80, CODE + 0x300, n % 8 == 3 ? 0xef : 0x8e, n % 16 ? 0 : 1));
	}
}

static void build_tasks(void)
{
	put32(TSS32 + 4, STACK + 0x8000);
	put32(TSS32 + 8, 0x10);
	put32(TSS32 + 0x0c, STACK + 0x9000);
	put32(TSS32 + 0x10, 0x11);
	put32(TSS32 + 0x14, STACK + 0xa000);
	put32(TSS32 + 0x18, 0xb2);
	put32(TSS32 + 0x24, STACK + 0x8800); /* an IST, too */
	put16(TSS32 + 0x66, 0x88); /* room for the redirection map */
	put32(OTHER_TSS32 + 0x1c, PD);
	put32(OTHER_TSS32 + 0x20, CODE + 0x100);
	put32(OTHER_TSS32 + 0x24, 2);
	put32(OTHER_TSS32 + 0x38, STACK + 0x4000);
	for (unsigned n = 0; n < 6; n++)
		put32(OTHER_TSS32 + 0x48 + 4 * n, n == 1 ? 0x08 : 0x10);
	put16(TSS16 + 2, 0x8000);
	put16(TSS16 + 4, 0x20);
	put16(TSS16 + 0x0e, 0x100);
	put16(TSS16 + 0x10, 2);
	put16(TSS16 + 0x1a, 0x4000);
	for (unsigned n = 0; n < 4; n++)
		put16(TSS16 + 0x22 + 2 * n, n == 1 ? 0x18 : 0x20);
	put16(TSS16 + 0x2a, 0x78);
}

/* The same map in each format: all of memory to itself, with holes of each kind. */
static void build_pages(void)
{
	enum { P = 1, W = 2, U = 4, PS = 0x80 };

	for (uint32_t n = 0; n < 1024; n++) {
		uint32_t bits = P | W | U;

		if (n >= 0x40 && n < 0x50)
			bits = n & 7 ? (n & 7) : bits; /* each mixture of rights */
		put32(PT + 4 * n, n << 12 | bits);
		put32(PD + 4 * n, n ? (n & 3) << 22 | P | W | U | PS : PT | P | W | U);
		if (n < 512) {
			put64(PAE_PT + 8 * n, (n << 12 | bits) | (n == 0x51 ? 1ull << 63 : 0));
			put64(PAE_PD + 8 * n, n ? (uint64_t)(n & 3) << 21 | P | W | U | PS
						: PAE_PT | P | W | U);
			put64(LONG_PDPT + 8 * n, n < 4 ? PAE_PD | P | W | U : P | W | PS);
		}
	}
	for (unsigned n = 0; n < 4; n++)
		put64(PAE_PDPT + 8 * n, PAE_PD | P);
	put64(PML4, LONG_PDPT | P | W | U);
	put64(PML5, PML4 | P | W | U);
}

static void build_pristine(void)
{
	build_idt();
	build_gdt(GDT);
	build_gdt(LDT);
	build_tasks();
	build_pages();
	memset(pristine + CODE + 0x100, 0x90, 0x300);
	memset(pristine + CODE + 0x400, 0xcf, 16); /* IRET */
	memcpy(one.memory, pristine, MEMORY);
	memcpy(other.memory, pristine, MEMORY);
}

static struct dfw_segment segment(uint16_t selector, uint64_t base, uint32_t limit, uint32_t ar)
{
	return (struct dfw_segment){
		.selector = selector, .base = base, .limit = limit, .access_rights = ar};
}

enum start { REAL, UNREAL, VM86, P16, P32, P16_USER, P32_USER, PAGED, PAGED_USER, PAE, PAE_USER, LONG, LONG5,
	     LONG_USER, VM86_PAGED, REAL_STALE };

static void set_start(struct dfw_cpu *cpu, enum start kind)
{
	bool user = kind == P16_USER || kind == P32_USER || kind == PAGED_USER || kind == PAE_USER ||
		    kind == LONG_USER;
	bool real = kind == REAL || kind == UNREAL, vm86 = kind == VM86 || kind == VM86_PAGED;
	unsigned n;

	x86_reset(cpu);
	cpu->rip = 0;
	cpu->gpr[DFW_RSP].d = 0x4000;
	cpu->gdtr = (struct dfw_table){.base = GDT, .limit = 0xdf};
	cpu->idtr = (struct dfw_table){.base = 0, .limit = 0x3ff};
	cpu->seg[DFW_LDTR] = segment(0x78, LDT, 0x7f, 0x82);
	cpu->seg[DFW_TR] = segment(0x60, TSS32, 0x2068, 0x8b);
	for (n = DFW_ES; n <= DFW_GS; n++)
		cpu->seg[n] = segment(n == DFW_CS ? CODE >> 4 : STACK >> 4, n == DFW_CS ? CODE : STACK,
				      kind == UNREAL && n != DFW_CS ? 0xffffffff : 0xffff, 0x93);
	if (real)
		return;
	cpu->cr0 = CR0_ET | CR0_PE;
	cpu->idtr = (struct dfw_table){.base = IDT, .limit = 0x7ff};
	if (kind == REAL_STALE)
		return;
	if (vm86) {
		cpu->rflags |= 1 << 17;
		for (n = DFW_ES; n <= DFW_GS; n++)
			cpu->seg[n].access_rights = 0xf3;
	} else {
		bool narrow = kind == P16 || kind == P16_USER;
		unsigned rpl = user ? 3 : 0, dpl = rpl << DFW_AR_DPL_SHIFT;

		for (n = DFW_ES; n <= DFW_GS; n++) {
			uint16_t s = (narrow ? 0x18 : 0x08) + (n == DFW_CS ? 0 : 8) + rpl;

			if (user)
				s += 0x88;
			cpu->seg[n] = segment(s, !narrow ? 0 : n == DFW_CS ? CODE : STACK,
					      narrow ? 0xffff : 0xffffffff,
					      (narrow ? 0 : DFW_AR_DB | DFW_AR_G) | (n == DFW_CS ? 0x9b : 0x93) |
						      dpl);
		}
		if (!narrow) {
			cpu->rip = CODE;
			cpu->gpr[DFW_RSP].d = STACK + 0x4000;
		}
	}
	switch (kind) {
	case VM86_PAGED:
	case PAGED:
	case PAGED_USER:
		cpu->cr3 = PD;
		cpu->cr4 = CR4_PSE;
		cpu->cr0 |= CR0_PG;
		break;
	case PAE:
	case PAE_USER:
		cpu->cr3 = PAE_PDPT;
		cpu->cr4 = CR4_PAE;
		cpu->efer = EFER_NXE;
		cpu->cr0 |= CR0_PG | CR0_WP;
		memcpy(cpu->pdpte, pristine + PAE_PDPT, 32);
		break;
	case LONG:
	case LONG5:
	case LONG_USER:
		cpu->cr3 = kind == LONG5 ? PML5 : PML4;
		cpu->cr4 = kind == LONG5 ? CR4_PAE | CR4_LA57 : CR4_PAE;
		cpu->efer = EFER_LME | EFER_LMA;
		cpu->cr0 |= CR0_PG;
		cpu->idtr = (struct dfw_table){.base = LONG_IDT, .limit = 0xfff};
		break;
	default:
		break;
	}
}

/* --- an input --- */

static const uint8_t *input, *input_end;

static uint64_t take(unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned n = 0; n < bytes && input < input_end; n++)
		v |= (uint64_t)*input++ << 8 * n;
	return v;
}

static void take_bytes(void *dst, unsigned bytes)
{
	for (uint8_t *p = dst; bytes--; p++)
		*p = take(1);
}

static struct host_unit first_unit;

/* Nothing but what an earlier input has changed is copied again. */
static void reset_memory(struct world *w, bool thorough)
{
	for (unsigned page = 0; page < PAGES; page++) {
		if (w->dirty[page])
			memcpy(w->memory + page * 4096, pristine + page * 4096, 4096);
		else if (thorough)
			CHECK(!memcmp(w->memory + page * 4096, pristine + page * 4096, 4096),
			      "page %x was changed through a pointer for reading", page);
		w->dirty[page] = false;
	}
	w->sequence = 0;
	w->heard = w->device = 0;
	w->unit = first_unit;
	w->journal.changes = w->journal.used = 0;
}

/* Nobody but the other world's journal knows where flat memory was written to. */
static void same_memory(void)
{
	if (!one.flat)
		return;
	CHECK(!memcmp(one.memory, other.memory, MEMORY), "memory differs");
	for (unsigned page = 0; page < PAGES; page++)
		one.dirty[page] |= other.dirty[page];
}

/* The worlds differ, and may. */
static void forget_memory(void)
{
	for (unsigned page = 0; page < PAGES; page++)
		one.dirty[page] = other.dirty[page] =
			memcmp(one.memory + page * 4096, pristine + page * 4096, 4096) ||
			memcmp(other.memory + page * 4096, pristine + page * 4096, 4096);
}

static void patch_memory(uint32_t at, const uint8_t *bytes, unsigned len)
{
	for (; len && at < MEMORY; at++, bytes++, len--) {
		one.memory[at] = other.memory[at] = *bytes;
		one.dirty[at / 4096] = other.dirty[at / 4096] = true;
	}
}

/* --- what must hold --- */

/* Where the two memories differ, of what a world has written to; or MEMORY. */
static uint32_t first_difference(const struct world *w)
{
	for (unsigned n = 0; n < w->journal.changes; n++) {
		const struct change *c = &w->journal.change[n];

		if (memcmp(one.memory + c->phys, other.memory + c->phys, c->len))
			return c->phys;
	}
	return MEMORY;
}

static void show_memory(const char *name, const struct world *w, uint32_t at)
{
	fprintf(stderr, "%s %x:", name, at);
	for (unsigned n = 0; n < 112 && at + n < MEMORY; n++)
		fprintf(stderr, " %02x", w->memory[at + n]);
	fprintf(stderr, "\n");
}

static bool memories_agree(void)
{
	return first_difference(&one) == MEMORY && first_difference(&other) == MEMORY;
}

static void same_worlds(const char *after)
{
	CHECK(!memcmp(&first_cpu, &second_cpu, sizeof(first_cpu)), "the states differ after %s", after);
	CHECK(one.sequence == other.sequence && one.heard == other.heard, "the ports differ after %s", after);
	CHECK(one.device == other.device, "device memory is written to in another way after %s", after);
	CHECK(one.unit.state.fcw == other.unit.state.fcw && one.unit.state.fsw == other.unit.state.fsw && one.unit.state.ftw == other.unit.state.ftw &&
		      !memcmp(one.unit.state.st, other.unit.state.st, sizeof(one.unit.state.st)) &&
		      !memcmp(one.unit.state.xmm, other.unit.state.xmm, sizeof(one.unit.state.xmm)),
	      "the units differ after %s: FSW %x and %x, FTW %x and %x", after, one.unit.state.fsw, other.unit.state.fsw,
	      one.unit.state.ftw, other.unit.state.ftw);
	if (!memories_agree()) {
		show_memory("first", &one, first_difference(&other));
		show_memory("second", &other, first_difference(&other));
	}
	CHECK(memories_agree(), "memory at %x or %x differs after %s", first_difference(&one),
	      first_difference(&other), after);
}

/* SDM vol. 3, table 6-1: the exceptions there are, and which have error codes. */
static void documented_fault(const struct x86_event *e, const char *after)
{
	const uint32_t exceptions = 0xb7ce3, with_error = 0x27d00;

	CHECK(e->kind == X86_EXCEPTION && e->vector < 32 && exceptions >> e->vector & 1, "event %u of kind %u from %s",
	      e->vector, e->kind, after);
	CHECK(e->has_error == (with_error >> e->vector & 1), "vector %u %s an error code", e->vector,
	      e->has_error ? "has" : "has not");
	CHECK(e->error <= (e->vector == 14 ? 0x1fu : e->has_error ? 0xffffu : 0), "error code %x of vector %u",
	      e->error, e->vector);
	CHECK(e->vector != 14 || e->cr2 == first_cpu.cr2, "a page fault without its CR2");
}

static void same_outcome(enum x86_outcome a, enum x86_outcome b, const char *after)
{
	CHECK(a == b, "outcomes %u and %u of %s", a, b, after);
	if (a == X86_FAULT)
		documented_fault(&first.event, after);
	if (a == X86_FAULT)
		CHECK(first.event.vector == second.event.vector && first.event.kind == second.event.kind &&
			      first.event.has_error == second.event.has_error &&
			      first.event.error == second.event.error,
		      "vectors %u and %u of %s", first.event.vector, second.event.vector, after);
}

/* A world before a step; its memory is in the journal. */
static struct kept {
	struct dfw_cpu cpu;
	uint32_t sequence;
	uint64_t heard, device;
	struct host_unit unit;
} kept_one, kept_other;

static void keep(struct kept *k, const struct x86 *x, struct world *w)
{
	*k = (struct kept){*x->cpu, w->sequence, w->heard, w->device, w->unit};
	w->journal.changes = w->journal.used = 0;
}

static void put_back(const struct kept *k, struct x86 *x, struct world *w)
{
	struct journal *j = &w->journal;

	*x->cpu = k->cpu;
	w->sequence = k->sequence;
	w->heard = k->heard;
	w->device = k->device;
	w->unit = k->unit;
	while (j->changes--)
		memcpy(w->memory + j->change[j->changes].phys, j->bytes + j->change[j->changes].at,
		       j->change[j->changes].len);
	j->changes = j->used = 0;
}

/* Accessed and dirty bits of pages, accessed bits of descriptors, busy bits of TSSs. A frame on the page tables that
 * its stack is reached by may lose the stack in the middle. */
static void only_status_bits_changed(void)
{
	const struct journal *j = &other.journal;
	bool paging = first_cpu.cr0 & CR0_PG;

	for (unsigned n = 0; n < j->changes; n++) {
		const struct change *c = &j->change[n];

		if (paging && c->phys >= PD && c->phys < TABLES_END)
			continue;
		for (unsigned k = 0; k < c->len; k++) {
			uint8_t was = j->bytes[c->at + k], is = other.memory[c->phys + k];

			CHECK(!(was & ~is) && !((was ^ is) & ~0x63u),
			      "a fault left %02x at %x, %02x before", is, c->phys + k, was);
		}
	}
}

static void fault_is_precise(bool rep)
{
	struct dfw_cpu before = kept_one.cpu, after = first_cpu;

	/* the new task's fault, SDM vol. 3, 7.3 */
	if (memcmp(&before.seg[DFW_TR], &after.seg[DFW_TR], sizeof(before.seg[DFW_TR])))
		return;
	after.cr2 = before.cr2;
	after.pending_debug = before.pending_debug;
	if (rep) {
		after.gpr[DFW_RCX] = before.gpr[DFW_RCX];
		after.gpr[DFW_RSI] = before.gpr[DFW_RSI];
		after.gpr[DFW_RDI] = before.gpr[DFW_RDI];
		after.gpr[DFW_RAX] = before.gpr[DFW_RAX];
		after.rflags = before.rflags;
		after.interruptibility |= before.interruptibility & (DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS);
	} else {
		only_status_bits_changed();
		CHECK(one.sequence == kept_one.sequence && one.heard == kept_one.heard,
		      "a fault has reached a port");
	}
	for (unsigned n = 0; n < sizeof(before); n++)
		CHECK(((uint8_t *)&before)[n] == ((uint8_t *)&after)[n], "a fault changed byte %u of struct dfw_cpu", n);
}

static bool string_row(unsigned row)
{
	return (row >= 0x6c && row <= 0x6f) || (row >= 0xa4 && row <= 0xa7) || (row >= 0xaa && row <= 0xaf);
}

/*
 * Runs at most so many iterations. Both worlds' steps come from here, so that what the interpreter keeps on
 * the stack is at the same address: the unit shows where it last found an operand (FNSAVE).
 */
static __attribute__((noinline)) enum x86_outcome iterate(struct x86 *x, unsigned iterations)
{
	enum x86_outcome o;

	do
		o = x86_step(x);
	while (o == X86_REPEAT && --iterations);
	return o;
}

/* What an instruction may change besides what insn.changes says. */
static void only_work_changed(enum x86_changes changes)
{
	struct dfw_cpu cpu = first_cpu;

	memcpy(cpu.gpr, kept_one.cpu.gpr, sizeof(cpu.gpr));
	cpu.rip = kept_one.cpu.rip;
	cpu.rflags = kept_one.cpu.rflags;
	cpu.gdtr = kept_one.cpu.gdtr;
	cpu.pending_debug = kept_one.cpu.pending_debug;
	if (changes == X86_CHANGES_SYSTEM) {
		cpu.idtr = kept_one.cpu.idtr;
		memcpy(&cpu.cr0, &kept_one.cpu.cr0,
		       offsetof(struct dfw_cpu, gdtr) - offsetof(struct dfw_cpu, cr0));
	}
	cpu.interruptibility |= kept_one.cpu.interruptibility & (DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS);
	CHECK(!memcmp(&cpu, &kept_one.cpu, sizeof(cpu)), "row %x changed more than insn.changes tells", first.insn->row);
}

/*
 * A REP form that stores over its own code or the tables that map it: a processor may go on with
 * what it has read (SDM vol. 3, 8.1.3 and 4.10), and a batch does. Then the first world is held to
 * one iteration at a time, too.
 */
static bool undermined(const uint8_t *code, unsigned len, uint64_t linear)
{
	uint8_t now[15];

	if (first_cpu.cr0 & CR0_PG)
		return true;
	return !x86_read_linear(&second, linear, now, len) || memcmp(now, code, len);
}

static jmp_buf give_up;

static enum x86_outcome step_both(void)
{
	uint64_t linear = (uint32_t)(first_cpu.seg[DFW_CS].base + first_cpu.rip);
	bool wide_address, rep, known;
	enum x86_outcome a, b;
	struct x86_insn peeked;
	uint32_t before, after, iterations;
	uint8_t code[15];
	unsigned len;

	keep(&kept_one, &first, &one);
	keep(&kept_other, &second, &other);
	known = x86_peek(&first, first_cpu.rip);
	peeked = *first.insn;
	CHECK(!memcmp(&kept_one.cpu, &first_cpu, sizeof(first_cpu)), "x86_peek changed the processor");
	CHECK(one.sequence == kept_one.sequence, "x86_peek reached a port");
	CHECK(!one.journal.changes, "x86_peek wrote to memory");
	memcpy(code, peeked.bytes, sizeof(code));
	len = known && peeked.length <= 15 ? peeked.length : 0;

	a = iterate(&first, 1);
	if (a != X86_FAULT && first.insn->changes != X86_CHANGES_ALL)
		only_work_changed(first.insn->changes);
	/* a step that fetches from a page table may set an accessed bit in its own bytes */
	if (known && a != X86_FAULT && !memcmp(first.insn->bytes, code, len))
		CHECK(first.insn->length == peeked.length && first.insn->row == peeked.row,
		      "x86_peek saw row %x of %u bytes, x86_step %x of %u", peeked.row, peeked.length,
		      first.insn->row, first.insn->length);
	CHECK(known || a == X86_FAULT, "x86_peek did not know what x86_step ran");
	CHECK(a <= X86_FAULT, "outcome %u of x86_step", a);
	CHECK(a != X86_HALTED || first.insn->row == 0xf4, "row %x halts", first.insn->row);
	CHECK(a != X86_REPEAT || string_row(first.insn->row), "row %x repeats", first.insn->row);
	CHECK(first.insn->length <= 15 && first.insn->row < 512, "an instruction of %u bytes", first.insn->length);
	rep = known && peeked.prefixed && string_row(peeked.row);
	wide_address = !(kept_one.cpu.seg[DFW_CS].access_rights & DFW_AR_DB) ==
		       !!memchr(code, 0x67, peeked.fixed <= 15 ? peeked.fixed : 0);
	before = kept_one.cpu.gpr[DFW_RCX].d;
	after = first_cpu.gpr[DFW_RCX].d;
	iterations = wide_address ? before - after : (uint16_t)(before - after);
	CHECK(a != X86_REPEAT || (iterations && iterations <= BATCH), "a batch of %u", iterations);
	b = iterate(&second, a == X86_REPEAT ? iterations : BATCH + 1);
	if (rep && (a != b || memcmp(&first_cpu, &second_cpu, sizeof(first_cpu)) || one.heard != other.heard ||
		    !memories_agree()) &&
	    undermined(code, len, linear)) {
		if (one.flat)
			longjmp(give_up, 1); /* what to take back is not known */
		put_back(&kept_one, &first, &one);
		put_back(&kept_other, &second, &other);
		first.rep_batch = 1;
		a = iterate(&first, 1);
		b = iterate(&second, 1);
		first.rep_batch = BATCH;
	}
	/* between two iterations RF is 1; the image of a fault has it anyway */
	if (rep && a == X86_FAULT)
		second_cpu.rflags ^= (first_cpu.rflags ^ second_cpu.rflags) & 0x10000;
	same_outcome(a, b, "a step");
	if (a == X86_FAULT)
		fault_is_precise(rep);
	same_worlds("a step");
	return a;
}

static bool deliver_both(struct x86_event event)
{
	enum x86_outcome a, b;

	keep(&kept_one, &first, &one);
	keep(&kept_other, &second, &other);
	a = x86_deliver(&first, event);
	b = x86_deliver(&second, event);
	CHECK(a == X86_DONE || a == X86_SHUTDOWN, "outcome %u of x86_deliver", a);
	same_outcome(a, b, "a delivery");
	same_worlds("a delivery");
	return a == X86_DONE;
}

/* Runs up to `steps` instructions, with faults and traps delivered; false at a shutdown. */
static bool run(unsigned steps)
{
	while (steps--) {
		switch (step_both()) {
		case X86_FAULT:
			if (!deliver_both(first.event))
				return false;
			break;
		case X86_SHUTDOWN:
			CHECK(false, "x86_step shut down");
		default:
			break;
		}
		if (first_cpu.pending_debug &&
		    !deliver_both((struct x86_event){.vector = 1, .kind = X86_EXCEPTION}))
			return false;
	}
	return true;
}

/* Outside 64-bit code the high halves are 0: SDM vol. 1, 3.4.3 and 3.5. */
static void possible(struct dfw_cpu *cpu)
{
	cpu->rflags &= 0xffffffff;
	cpu->rip &= 0xffffffff;
}

static void patch_cpu(unsigned at, unsigned len)
{
	uint8_t bytes[8];

	at %= sizeof(struct dfw_cpu) - sizeof(bytes);
	take_bytes(bytes, len);
	memcpy((char *)&first_cpu + at, bytes, len);
	possible(&first_cpu);
	second_cpu = first_cpu;
}

static bool act(void)
{
	struct x86_event event = {.vector = 0};
	enum x86_outcome a, b;
	unsigned action = take(1), selector;
	uint64_t linear;
	uint8_t bytes[64], twin[64];
	uint64_t phys[2] = {0};

	switch (action % 6) {
	case 0:
		event.vector = take(1);
		event.kind = action / 6 % 3;
		if (event.kind == X86_EXCEPTION) {
			event.has_error = event.vector == 8 || (event.vector >= 10 && event.vector <= 14) ||
					  event.vector == 17;
			event.error = event.has_error ? take(2) : 0;
		}
		return deliver_both(event);
	case 1:
		selector = take(2);
		keep(&kept_one, &first, &one);
		keep(&kept_other, &second, &other);
		a = x86_task_switch(&first, selector, action / 6 % 4, action & 0x80, selector);
		b = x86_task_switch(&second, selector, action / 6 % 4, action & 0x80, selector);
		CHECK(a != X86_REPEAT && a != X86_HALTED, "outcome %u of x86_task_switch", a);
		same_outcome(a, b, "a task switch");
		same_worlds("a task switch");
		if (a == X86_FAULT)
			return deliver_both(first.event);
		return a == X86_DONE;
	case 2:
		linear = take(4);
		selector = 1 + action / 6;
		keep(&kept_one, &first, &one);
		keep(&kept_other, &second, &other);
		a = x86_read_linear(&first, linear, bytes, selector);
		b = x86_read_linear(&second, linear, twin, selector);
		CHECK(a == b && (!a || !memcmp(bytes, twin, selector)), "x86_read_linear differs");
		a = x86_translate(&first, linear, &phys[0]);
		b = x86_translate(&second, linear, &phys[1]);
		CHECK(a == b && phys[0] == phys[1], "x86_translate differs");
		CHECK(!memcmp(&kept_one.cpu, &first_cpu, sizeof(first_cpu)), "a look changed the processor");
		CHECK(!one.journal.changes, "a look wrote to memory");
		same_worlds("a look");
		return true;
	default:
		selector = take(2);
		patch_cpu(selector, 1 + action / 6 % 8);
		return true;
	}
}

/*
 * The input: the start (bits 0-3; 4: CR4.VME, 5: IOPL 3, 6: the whole struct dfw_cpu follows, 7: flat
 * memory), numbers of patches to the
 * processor and to memory and of actions, the patches, the length of the code, the code, the
 * actions.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool built;
	unsigned start, counts, patches, actions, len;
	uint8_t bytes[256];
	uint32_t at;

	if (!built) {
		build_pristine();
		host_unit_init();
		first_unit.state = host_unit_state;
	}
	built = true;
	input = data;
	input_end = data + size;
	start = take(1);
	reset_memory(&one, size % 16 == 0);
	reset_memory(&other, size % 16 == 0);
	one.mapped = true;
	one.flat = start & 0x80;
	if (!(start & 0x40)) {
		set_start(&first_cpu, start % 16);
		first_cpu.cr4 |= start & 16 ? CR4_VME : 0;
		first_cpu.rflags |= start & 32 ? 3 << 12 : 0;
	} else {
		take_bytes(&first_cpu, sizeof(first_cpu));
		possible(&first_cpu);
	}
	second_cpu = first_cpu;
	if (setjmp(give_up)) {
		forget_memory();
		return 0;
	}
	memset(first_slots, 0, sizeof(first_slots));
	memset(&second_slot, 0, sizeof(second_slot));
	first = (struct x86){.cpu = &first_cpu, .ops = &ops, .world = &one, .slots = first_slots, .slots_mask = 15,
			     .rep_batch = BATCH};
	if (one.flat) {
		first.flat = one.memory;
		first.flat_size = DEVICE - 15;
		first.flat_high = 0xe0000;
		first.flat_high_size = MEMORY - 0xe0000 - 15;
	}
	second = (struct x86){.cpu = &second_cpu, .ops = &ops, .world = &other, .slots = &second_slot, .rep_batch = 1};
	counts = take(1);
	actions = take(1) % 8;
	for (patches = counts & 15; patches--;) {
		at = take(2);
		patch_cpu(at, 1 + at / 1024 % 8);
	}
	for (patches = counts >> 4; patches--;) {
		at = take(3);
		len = 1 + at % 11;
		take_bytes(bytes, len);
		patch_memory(at % MEMORY, bytes, len);
	}
	len = take(1);
	take_bytes(bytes, len);
	at = (uint32_t)(first_cpu.seg[DFW_CS].base + first_cpu.rip);
	patch_memory(at % MEMORY, bytes, len);
	for (; actions; actions--)
		if (!run(STEPS / 16) || !act())
			goto out;
	run(STEPS / 16);
out:
	same_memory();
	return 0;
}

/* --- mutations --- */

/* The offset of the length of an input's code; size where it ends before. */
static size_t code_at(const uint8_t *data, size_t size)
{
	size_t at = 3 + (size && data[0] & 0x40 ? sizeof(struct dfw_cpu) : 0);
	unsigned n;

	for (n = size > 1 ? data[1] & 15 : 0; n-- && at + 2 <= size;)
		at += 2 + 1 + (data[at] | data[at + 1] << 8) / 1024 % 8;
	for (n = size > 1 ? data[1] >> 4 : 0; n-- && at + 3 <= size;)
		at += 3 + 1 + (data[at] | data[at + 1] << 8 | data[at + 2] << 16) % 11;
	return at < size ? at : size;
}

/*
 * One time in four an instruction of any row, with prefixes, is laid over what stands somewhere in
 * the code. LLVMFuzzerMutate alone seldom finds the two-byte opcodes.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed)
{
	static const uint8_t prefixes[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x26, 0x64};
	uint8_t insn[8];
	unsigned length = 0, row;
	size_t at, place;

	if (seed & 3)
		return LLVMFuzzerMutate(data, size, most);
	srand(seed);
	while (length < 2 && rand() % 3 == 0)
		insn[length++] = prefixes[rand() % sizeof(prefixes)];
	row = rand() % 512;
	if (row >= 0x100)
		insn[length++] = 0x0f;
	insn[length++] = row;
	while (length < 4 + (row >= 0x100))
		insn[length++] = rand();
	at = code_at(data, size);
	if (at + 1 >= size) {
		at = size < 3 ? 3 : at;
		if (at + 1 + 32 > most)
			return LLVMFuzzerMutate(data, size, most);
		memset(data + size, 0, at + 33 - size);
		data[at] = 32;
		size = at + 33;
	}
	place = at + 1 + rand() % (size - at - 1 < 64 ? size - at - 1 : 64);
	if (place + length > size)
		length = size - place;
	memcpy(data + place, insn, length);
	return size;
}
