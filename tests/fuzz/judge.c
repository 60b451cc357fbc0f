/* SPDX-License-Identifier: MIT
 *
 * The judge of judge.h. Its state goes in and out through the engine's saved context, the only way to
 * descriptor caches that are not what a descriptor table says. Where the fields lie in it is found out by
 * writing known values to them.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>
#include <tests/x86/diff.h>
#include "judge.h"

/* What tests/x86/reference.c asks of diff.c: the two modes here are real and protected at privilege 0. */
const struct mode modes[MODES] = {
	[REAL] = {.name = "real"},
	[CODE32_0] = {.name = "protected", .protected = true},
};
uint8_t pristine[MEMORY];

static const uint8_t *ours_now;
static uint32_t size_now;
static uint8_t theirs_now[MEMORY] __attribute__((aligned(4096)));

static uc_engine *uc;
static uc_context *fresh, *context;
static size_t error_code_at;

/* A saved context's fields, of one segment, and the hidden flags that say the mode. */
enum { GPRS = 16, EIP = 144, EFLAGS = 152, HFLAGS = 192, SEGS = 200, LDTR_AT = 344,
       TR_AT = 368, GDTR_AT = 392, IDTR_AT = 416, CR = 440 };
struct segment_image {
	uint64_t selector, base;
	uint32_t limit, flags; /* the descriptor's second word */
};
enum { HF_CS32 = 1 << 4, HF_SS32 = 1 << 5, HF_ADDSEG = 1 << 6, HF_PE = 1 << 7, HF_MP = 1 << 9, HF_EM = 1 << 10, HF_TS = 1 << 11,
       HF_OSFXSR = 1 << 22 };
enum { STATUS = CF | PF | AF | ZF | SF | OF };

static struct outcome last;
static struct dfw_cpu theirs_after;
static const struct step *step_now;
static bool running, invalid;
static unsigned whole;
static uint64_t paged_by[3];

static struct range {
	uint32_t phys, len;
} written[4096];
static unsigned ranges;
static bool too_many;

/* Unicorn leaks when it is started anew, and the engine's last. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* --- memory and ports --- */

void judge_wrote(uint32_t phys, unsigned len)
{
	if (ranges < sizeof(written) / sizeof(*written))
		written[ranges++] = (struct range){phys, len};
	else
		too_many = true;
}

void judge_sync(uint32_t phys, unsigned len)
{
	if (phys < size_now)
		memcpy(theirs_now + phys, ours_now + phys, len < size_now - phys ? len : size_now - phys);
}

void judge_settle(void)
{
	if (too_many)
		judge_sync(0, size_now);
	for (unsigned n = 0; n < ranges; n++)
		judge_sync(written[n].phys, written[n].len);
	ranges = 0;
	too_many = false;
}

uint32_t judge_in(uint16_t port, unsigned size)
{
	return port * 0x9e3779b1u >> (32 - 8 * size);
}

uint64_t judge_out(uint64_t digest, uint16_t port, unsigned size, uint32_t v)
{
	return (digest ^ ((uint64_t)v << 32 | port << 4 | size)) * 0x9e3779b97f4a7c15ull;
}

/* --- the engine --- */

static void on_interrupt(uc_engine *engine, uint32_t vector, void *user)
{
	if (running && last.vector < 0)
		last.vector = vector;
	uc_emu_stop(engine);
}

static void record(uint64_t address, int size, bool write)
{
	struct traced *t;
	uint32_t first;

	/* An access across two pages is reported once more by its aligned pieces. */
	if (last.accesses && last.accesses <= TRACE) {
		t = &last.trace[whole];
		first = t->linear & ~(t->size - 1u);
		if (t->write == write && (t->linear & 4095) + t->size > 4096 &&
		    ((uint32_t)address == first || (uint32_t)address == first + t->size))
			return;
	}
	whole = last.accesses;
	if (last.accesses < TRACE)
		last.trace[last.accesses] = (struct traced){address, size, write};
	last.accesses++;
}

static void on_access(uc_engine *engine, uc_mem_type type, uint64_t address, int size, int64_t v, void *user)
{
	if (!running)
		return;
	record(address, size, type == UC_MEM_WRITE);
	if (type == UC_MEM_WRITE)
		judge_wrote(address, size);
}

static bool on_unmapped(uc_engine *engine, uc_mem_type type, uint64_t address, int size, int64_t v, void *user)
{
	last.unmapped = true;
	return false;
}

static bool on_invalid(uc_engine *engine, void *user)
{
	invalid = true;
	return false;
}

static uint32_t on_in(uc_engine *engine, uint32_t port, int size, void *user)
{
	return judge_in(port, size);
}

static void on_out(uc_engine *engine, uint32_t port, int size, uint32_t v, void *user)
{
	last.out = judge_out(last.out, port, size, v & (size == 4 ? ~0u : (1u << 8 * size) - 1));
}

static uint8_t *at(unsigned field)
{
	return (uint8_t *)context + field;
}

static void put_field(unsigned field, const void *v, unsigned len)
{
	memcpy(at(field), v, len);
}

static uint64_t get_field(unsigned field, unsigned len)
{
	uint64_t v = 0;

	memcpy(&v, at(field), len);
	return v;
}

static void put_segment(unsigned field, const struct dfw_segment *s)
{
	struct segment_image image = {s->selector, (uint32_t)s->base, s->limit, (s->access_rights & 0xf0ff) << 8};

	if (s->access_rights & DFW_AR_UNUSABLE)
		image = (struct segment_image){.selector = s->selector};
	put_field(field, &image, sizeof(image));
}

static struct dfw_segment get_segment(unsigned field)
{
	struct segment_image image;

	memcpy(&image, at(field), sizeof(image));
	return (struct dfw_segment){.selector = image.selector, .base = (uint32_t)image.base, .limit = image.limit,
				    .access_rights = image.flags >> 8 & 0xf0ff};
}

static void put_table(unsigned field, const struct dfw_table *t)
{
	struct segment_image image = {0, t->base, t->limit, 0};

	put_field(field, &image, sizeof(image));
}

static void load(const struct dfw_cpu *c)
{
	uint32_t hidden, flags = c->rflags & ~RF; /* PUSHF would show it; it does nothing else there */

	memcpy(context, fresh, uc_context_size(uc));
	for (unsigned n = 0; n < 8; n++) {
		uint64_t v = c->gpr[n].d;

		put_field(GPRS + 8 * n, &v, 8);
	}
	put_field(EIP, &c->rip, 8);
	put_field(EFLAGS, &flags, 4);
	for (unsigned n = DFW_ES; n <= DFW_GS; n++)
		put_segment(SEGS + n * sizeof(struct segment_image), &c->seg[n]);
	put_segment(LDTR_AT, &c->seg[DFW_LDTR]);
	put_segment(TR_AT, &c->seg[DFW_TR]);
	put_table(GDTR_AT, &c->gdtr);
	put_table(IDTR_AT, &c->idtr);
	put_field(CR, &c->cr0, 8);
	put_field(CR + 16, &c->cr2, 8);
	put_field(CR + 24, &c->cr3, 8);
	put_field(CR + 32, &c->cr4, 8);
	hidden = HF_ADDSEG | (c->seg[DFW_CS].access_rights & DFW_AR_DB ? HF_CS32 : 0) |
		 (c->seg[DFW_SS].access_rights & DFW_AR_DB ? HF_SS32 : 0) | (c->cr0 & CR0_PE ? HF_PE : 0) |
		 (c->cr0 & CR0_MP ? HF_MP : 0) | (c->cr0 & CR0_EM ? HF_EM : 0) | (c->cr0 & CR0_TS ? HF_TS : 0) |
		 (c->cr4 & CR4_OSFXSR ? HF_OSFXSR : 0);
	put_field(HFLAGS, &hidden, 4);
}

static void store(struct dfw_cpu *c)
{
	memset(c, 0, sizeof(*c));
	uc_context_save(uc, context);
	for (unsigned n = 0; n < 8; n++)
		c->gpr[n].d = get_field(GPRS + 8 * n, 4);
	c->rip = get_field(EIP, 4);
	c->rflags = get_field(EFLAGS, 4);
	for (unsigned n = DFW_ES; n <= DFW_GS; n++)
		c->seg[n] = get_segment(SEGS + n * sizeof(struct segment_image));
	c->seg[DFW_LDTR] = get_segment(LDTR_AT);
	c->seg[DFW_TR] = get_segment(TR_AT);
	c->gdtr = (struct dfw_table){.base = get_field(GDTR_AT + 8, 8), .limit = get_field(GDTR_AT + 16, 4)};
	c->idtr = (struct dfw_table){.base = get_field(IDTR_AT + 8, 8), .limit = get_field(IDTR_AT + 16, 4)};
	c->cr0 = get_field(CR, 4);
	c->cr2 = get_field(CR + 16, 4);
	c->cr3 = get_field(CR + 24, 4);
	c->cr4 = get_field(CR + 32, 4);
	last.error = get_field(error_code_at, 4);
}

/* Of what can be asked for from outside, a change of the memory map alone empties the TLB. */
static void flush(void)
{
	uc_mem_map(uc, 0xf0000000, 4096, UC_PROT_ALL);
	uc_mem_unmap(uc, 0xf0000000, 4096);
}

static void show(const char *who, const struct dfw_cpu *c);
static sigjmp_buf aborted;

static void on_abort(int number)
{
	siglongjmp(aborted, 1);
}

static void start_engine(void)
{
	uc_hook h;

	if (uc_open(UC_ARCH_X86, UC_MODE_32, &uc) || uc_mem_map_ptr(uc, 0, MEMORY, UC_PROT_ALL, theirs_now)) {
		printf("Bail out! unicorn does not start\n");
		exit(1);
	}
	uc_hook_add(uc, &h, UC_HOOK_INTR, (void *)on_interrupt, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)on_access, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_MEM_UNMAPPED, (void *)on_unmapped, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_INSN_INVALID, (void *)on_invalid, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_INSN, (void *)on_in, NULL, 1, 0, UC_X86_INS_IN);
	uc_hook_add(uc, &h, UC_HOOK_INSN, (void *)on_out, NULL, 1, 0, UC_X86_INS_OUT);
	uc_context_alloc(uc, &fresh);
	uc_context_alloc(uc, &context);
	uc_context_save(uc, fresh);
}

/* Runs so many instructions; false where its translator gives up, which starts it anew. */
static bool run(uint32_t eip, uint64_t until, unsigned count)
{
	static struct sigaction action = {.sa_handler = on_abort, .sa_flags = SA_NODEFER}, abort_was, fault_was;
	uc_err err;

	last.vector = -1;
	last.accesses = 0;
	last.unmapped = invalid = false;
	last.out = 0;
	sigaction(SIGABRT, &action, &abort_was);
	sigaction(SIGSEGV, &action, &fault_was);
	if (sigsetjmp(aborted, 1)) {
		running = false;
		sigaction(SIGABRT, &abort_was, NULL);
		sigaction(SIGSEGV, &fault_was, NULL);
		start_engine();
		judge_sync(0, size_now);
		return false;
	}
	running = true;
	err = uc_emu_start(uc, eip, until, 0, count);
	running = false;
	sigaction(SIGABRT, &abort_was, NULL);
	sigaction(SIGSEGV, &fault_was, NULL);
	if (err == UC_ERR_INSN_INVALID || invalid)
		last.vector = UD;
	return true;
}

/* Two faults with known error codes show where the context keeps them; and a state that has been put in comes
 * out, and is the one that an instruction works on. */
static void find_fields(void)
{
	static const uint8_t mov_ds_ax[] = {0x8e, 0xd8}, mov_al_fs[] = {0x64, 0xa0, 0x34, 0x12};
	static uint8_t image[2][1 << 14];
	static const uint16_t selector[2] = {0x1230, 0x5678};
	struct dfw_cpu c, out;
	size_t size = uc_context_size(uc);
	uint8_t was[0x20];

	memcpy(was, theirs_now + 0x1000, sizeof(was));
	memcpy(theirs_now + 0x1000, mov_ds_ax, 2);
	x86_reset(&c);
	for (unsigned n = 0; n < 6; n++)
		c.seg[n] = (struct dfw_segment){.limit = 0xffff, .access_rights = n == DFW_CS ? 0x9b : 0x93};
	c.cr0 |= CR0_PE;
	c.rip = 0x1000;
	for (unsigned n = 0; n < 2; n++) {
		c.gpr[DFW_RAX].d = selector[n];
		load(&c);
		uc_context_restore(uc, context);
		run(0x1000, NOWHERE, 1);
		uc_context_save(uc, context);
		memcpy(image[n], context, size < sizeof(image[n]) ? size : sizeof(image[n]));
	}
	for (size_t n = GPRS + 128; n + 4 <= size; n += 4) {
		uint32_t a, b;

		memcpy(&a, image[0] + n, 4);
		memcpy(&b, image[1] + n, 4);
		if (a == selector[0] && b == selector[1])
			error_code_at = n;
	}
	memcpy(theirs_now + 0x1000, mov_al_fs, 4);
	uc_ctl_remove_cache(uc, 0x1000, 0x1010);
	c.cr0 &= ~(uint64_t)CR0_PE;
	c.seg[DFW_FS] = (struct dfw_segment){.selector = 0x4321, .base = 0xfff, .limit = 0xfffff, .access_rights = 0xc093};
	c.rflags |= CF | DF | ZF;
	theirs_now[0x1234 + 0xfff] = 0x5a;
	load(&c);
	uc_context_restore(uc, context);
	run(0x1000, NOWHERE, 1);
	store(&out);
	if (!error_code_at || out.gpr[DFW_RAX].b[0] != 0x5a || out.rflags != c.rflags || out.gdtr.limit != c.gdtr.limit ||
	    memcmp(&out.seg[DFW_FS], &c.seg[DFW_FS], sizeof(out.seg[0])) || out.cr0 != c.cr0) {
		show("in", &c); show("out", &out);
		printf("Bail out! unicorn's saved context has another form\n");
		exit(1);
	}
	memcpy(theirs_now + 0x1000, was, sizeof(was));
	ranges = 0;
}

void judge_start(const uint8_t *memory, uint32_t size)
{
	ours_now = memory;
	size_now = size < MEMORY ? size : MEMORY;
	start_engine();
	find_fields();
	judge_sync(0, size_now);
}

/* --- the verdict --- */

static bool prefix(uint8_t b)
{
	return b == 0x26 || b == 0x2e || b == 0x36 || b == 0x3e || (b >= 0x64 && b <= 0x67) || b == 0xf0 || b == 0xf2 || b == 0xf3;
}

/* The case in the terms of tests/x86. */
static void describe(const struct step *s, struct test *t, struct form *f)
{
	static const uint8_t overrides[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
	unsigned n = 0;

	*f = (struct form){.row = s->insn.row, .reg = s->insn.modrm >> 3 & 7, .defined = s->known};
	*t = (struct test){.form = f, .mode = s->before.cr0 & CR0_PE ? CODE32_0 : REAL, .override = -1, .before = s->before};
	memcpy(t->code, s->insn.bytes, 15);
	t->length = s->insn.length ? s->insn.length : 15;
	t->o32 = t->a32 = s->before.seg[DFW_CS].access_rights & DFW_AR_DB;
	for (; n < 14 && prefix(t->code[n]); n++) {
		const uint8_t *o = memchr(overrides, t->code[n], sizeof(overrides));

		if (o)
			t->override = o - overrides;
		else if (t->code[n] == 0x66)
			t->o32 = !(s->before.seg[DFW_CS].access_rights & DFW_AR_DB);
		else if (t->code[n] == 0x67)
			t->a32 = !(s->before.seg[DFW_CS].access_rights & DFW_AR_DB);
		else if (t->code[n] == 0xf0)
			t->lock = true;
		else
			t->rep = t->code[n];
	}
	t->opcode_at = n + (t->code[n] == 0x0f);
	find_operand(t);
}

static bool string_row(unsigned row)
{
	return (row >= 0x6c && row <= 0x6f) || (row >= 0xa4 && row <= 0xa7) || (row >= 0xaa && row <= 0xaf);
}

/* x87, MMX and SSE are for tests/x86/fpu.t; what has no place in a step, or not the same in both. */
static bool judged(const struct step *s, const struct test *t)
{
	unsigned row = s->insn.row;

	if (s->outside || s->iterations > 90 || too_many || (s->before.rflags & VM) || (s->before.efer & EFER_LMA) ||
	    (s->before.dr7 & 0xff)) /* breakpoints: it is not told */
		return false;
	if (s->before.seg[DFW_CS].base + s->before.rip + 20 > size_now)
		return false;
	if ((row >= 0xd8 && row <= 0xdf) || row == 0x9b || (row >= 0x110 && row <= 0x117) || (row >= 0x128 && row <= 0x12f) ||
	    (row >= 0x150 && row <= 0x17f) || row == 0x1ae || row == 0x10e || row == 0x10f || row == 0x177 || row == 0x1c2 ||
	    (row >= 0x1c4 && row <= 0x1c6) || (row >= 0x1d0) || (row >= 0x138 && row <= 0x13f))
		return false;
	/* CPUID, RDTSC, MSRs, debug registers, HLT, RSM, SYSENTER; task switches */
	if (row == 0x1a2 || (row >= 0x130 && row <= 0x135) || row == 0x121 || row == 0x123 || row == 0x124 || row == 0x126 ||
	    row == 0xf4 || row == 0x1aa || row == 0x107 || row == 0x105)
		return false;
	if (row == 0xcf && (s->before.cr0 & CR0_PE) && (s->before.rflags & NT))
		return false;
	/* SMSW to a 32-bit register: its upper half is undefined (SDM vol. 2) */
	if (row == 0x101 && t->o32 && s->insn.modrm >= 0xe0 && s->insn.modrm <= 0xe7)
		return false;
	return !unicorn_cannot(t);
}

static bool tables(uint32_t linear)
{
	const struct dfw_cpu *b = &step_now->before;

	return linear - (uint32_t)b->gdtr.base <= b->gdtr.limit ||
	       (!(b->seg[DFW_LDTR].access_rights & DFW_AR_UNUSABLE) &&
		linear - (uint32_t)b->seg[DFW_LDTR].base <= b->seg[DFW_LDTR].limit);
}

/* Leaves out of the trace what the processor reads for itself. */
static void drop_tables(const struct test *t)
{
	unsigned kept = 0, count = last.accesses < TRACE ? last.accesses : TRACE, row = t->form->row;
	bool loads = row == 0x8e || row == 0x9a || row == 0xea || (row == 0xff && (t->form->reg == 3 || t->form->reg == 5)) || row == 0xca || row == 0xcb || row == 0xcf ||
		     row == 0xc4 || row == 0xc5 || row == 0x07 || row == 0x17 || row == 0x1f || row == 0x1a1 || row == 0x1a9 ||
		     (row >= 0x1b2 && row <= 0x1b5) || row == 0x100 || row == 0x102 || row == 0x103;

	for (unsigned n = 0; n < count; n++)
		if (!loads || !tables(last.trace[n].linear) || last.trace[n].linear >= SYSTEM_AREA)
			last.trace[kept++] = last.trace[n];
	last.accesses = kept;
}

static bool same_segment(const struct dfw_segment *o, const struct dfw_segment *t, bool real_code)
{
	if (o->selector != t->selector)
		return false;
	if (o->access_rights & DFW_AR_UNUSABLE)
		return true;
	return (uint32_t)o->base == t->base && o->limit == t->limit &&
	       !((o->access_rights ^ t->access_rights) & (real_code ? DFW_AR_DB : 0xf0ff));
}

/* What differs, or NULL. */
static const char *difference(const struct step *s, const struct test *t)
{
	static const char *const gpr[] = {"EAX", "ECX", "EDX", "EBX", "ESP", "EBP", "ESI", "EDI"};
	static const char *const seg[] = {"ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"};
	const struct dfw_cpu *o = &s->after, *u = &theirs_after;
	uint32_t mask = STATUS | DF | 0x7300 | VM | 0x240000, eip = u->rip;
	bool no_result;
	unsigned row = t->form->row;

	mask &= ~undefined_flags(t, &no_result);
	/* Unicorn loses a temporary when a shift by a variable count goes to memory. */
	if (t->memory && (row == 0xd2 || row == 0xd3 || (row >= 0x1a4 && row <= 0x1ad)))
		mask &= ~(CF | OF);
	if ((row == 0x1bc || row == 0x1bd) && (u->rflags & ZF))
		no_result = true;
	/* PUSH Sreg writes only the word, as all recent processors do: SDM vol. 2, PUSH. */
	if (t->o32 && (row == 0x06 || row == 0x0e || row == 0x16 || row == 0x1e || row == 0x1a0 || row == 0x1a8) &&
	    last.accesses == 1)
		judge_sync(last.trace[0].linear + 2, 2);
	/* SGDT and SIDT with a 16-bit operand: 24 bits of the base, as on a 286; SDM vol. 2, SGDT. */
	if (row == 0x101 && t->form->reg < 2 && !t->o32 && last.accesses == 2)
		judge_sync(last.trace[1].linear + 3, 1);
	/* It gives a linear address where it stops by the count, and puts EIP back while RETF pops CS. */
	if (eip == (uint32_t)(s->before.seg[DFW_CS].base + o->rip) || eip == (uint32_t)(o->seg[DFW_CS].base + o->rip) || ((row == 0xca || row == 0xcb) && !t->mode))
		eip = o->rip;
	if (!no_result)
		for (unsigned n = 0; n < 8; n++)
			if (o->gpr[n].d != u->gpr[n].d)
				return gpr[n];
	if ((uint32_t)o->rip != eip)
		return "EIP";
	if ((o->rflags ^ u->rflags) & mask)
		return "EFLAGS";
	for (unsigned n = 0; n < DFW_SEGS; n++)
		if (!same_segment(&o->seg[n], &u->seg[n], n == DFW_CS && !(s->before.cr0 & CR0_PE)))
			return seg[n];
	if (o->cr0 != (u->cr0 & 0xe005003f)) /* SDM vol. 3, 2.5: reserved bits stay 0 */
		return "CR0";
	if (o->cr3 != u->cr3)
		return "CR3";
	if (o->cr4 != u->cr4)
		return "CR4";
	if (o->gdtr.base != u->gdtr.base || o->gdtr.limit != u->gdtr.limit)
		return "GDTR";
	if (o->idtr.base != u->idtr.base || o->idtr.limit != u->idtr.limit)
		return "IDTR";
	if (last.out != s->out)
		return "what went to ports";
	if (!no_result)
		for (unsigned n = 0; n < ranges; n++)
			if (written[n].phys < size_now && written[n].len <= size_now - written[n].phys &&
			    memcmp(ours_now + written[n].phys, theirs_now + written[n].phys, written[n].len))
				return "memory";
	return NULL;
}

static const char *wrong;

static bool software(const struct step *s, unsigned *vector)
{
	switch (s->insn.row) {
	case 0xcc:
		*vector = 3;
		return true;
	case 0xcd:
		*vector = s->insn.bytes[s->insn.length - 1];
		return true;
	case 0xce:
		*vector = 4;
		return s->before.rflags & OF;
	case 0xf1: /* it has none */
		*vector = 1;
		return true;
	}
	return false;
}

/* Real mode's segments are stale protected-mode ones, too; its CS may be written, SDM vol. 3, 21.1.1. */
static int violates(struct test t, int *vector, int *other)
{
	struct dfw_segment *cs = &t.before.seg[DFW_CS];

	if (!t.mode)
		cs->access_rights = (cs->access_rights & ~(uint32_t)DFW_AR_TYPE) | DFW_AR_WRITABLE | DFW_AR_ACCESSED;
	t.mode = CODE32_0;
	for (unsigned n = DFW_ES; n <= DFW_GS; n++)
		if (t.before.seg[n].access_rights & DFW_AR_UNUSABLE)
			t.before.seg[n].base = 0;
	return segment_violation(&t, &last, vector, other);
}

static enum verdict decide(const struct step *s, const struct test *t)
{
	const struct dfw_cpu *b = &s->before, *u = &theirs_after;
	int vector = s->outcome == X86_FAULT ? s->event.vector : -1, segment_vector, other, violation;
	uint32_t error = s->outcome == X86_FAULT && s->event.has_error ? s->event.error : 0, limit = b->seg[DFW_CS].limit;
	unsigned interrupt;

	if (s->known && software(s, &interrupt)) {
		wrong = "vector of a software interrupt";
		return interrupt == 1 ? EXCUSED : last.vector == (int)interrupt ? AGREED : DISAGREED;
	}
	if (last.vector == 1 && (b->rflags & 0x100)) /* a single step */
		last.vector = -1;
	/* or paging is on now, and what follows is not mapped: it looks ahead */
	if (last.unmapped || (last.vector == 14 && s->insn.row == 0x122) || (!s->insn.length && vector == 14))
		return UNJUDGED;
	drop_tables(t);
	violation = violates(*t, &segment_vector, &other);
	if (!s->known && vector == UD && violation >= 0)
		return STOPPED; /* it finds an undefined group member after the access */
	last.gpr[0] = u->gpr[0].d;
	last.flags = u->rflags;
	last.eip = u->rip;
	last.tr = u->seg[DFW_TR].selector;
	if (excused(t, &last, vector, error) >= 0)
		return EXCUSED;
	/* the code segment's limit: where the instruction ends, and where a branch leads */
	if (b->rip + t->length - 1 > limit || ((last.vector < 0 || last.vector == 14) && ((u->rip > u->seg[DFW_CS].limit && u->rip > limit) || /* it may be linear: see difference() */
							   (uint32_t)(u->rip - u->seg[DFW_CS].base) > u->seg[DFW_CS].limit))) {
		if (vector == GP && !error)
			return STOPPED;
	}
	if (violation >= 0) {
		wrong = "segment violation";
		return !error && (vector == segment_vector || vector == other) ? STOPPED : DISAGREED;
	}
	if (vector != last.vector) {
		wrong = "vector";
		return DISAGREED;
	}
	if (vector >= 0) {
		wrong = "error code";
		if (s->event.has_error && error != last.error)
			return DISAGREED;
		wrong = "CR2";
		return vector == 14 && s->event.cr2 != u->cr2 ? DISAGREED : AGREED;
	}
	wrong = difference(s, t);
	return wrong ? DISAGREED : AGREED;
}

enum verdict judge(const struct step *s)
{
	static const uint8_t stay[2] = {0xeb, 0xfe};
	uint32_t begin = s->before.seg[DFW_CS].base + s->before.rip, behind;
	struct form f;
	struct test t;
	enum verdict v;
	uint8_t was[2];
	bool rep;

	step_now = s;
	describe(s, &t, &f);
	if (!judged(s, &t)) {
		judge_settle();
		return UNJUDGED;
	}
	if (t.lock && s->outcome == X86_FAULT && s->event.vector == UD) {
		judge_settle();
		return EXCUSED; /* its translator aborts, or goes on: it does not ask what takes a LOCK */
	}
	rep = t.rep && string_row(t.form->row);
	load(&s->before);
	uc_context_restore(uc, context);
	if ((s->before.cr0 & CR0_PG) || paged_by[0]) {
		flush();
		paged_by[0] = s->before.cr0 & CR0_PG;
	}
	/* Its translator looks ahead: there it finds JMP $. */
	behind = begin + t.length;
	memcpy(was, theirs_now + behind, 2);
	memcpy(theirs_now + behind, stay, 2);
	uc_ctl_remove_cache(uc, begin, behind + 2);
	if (!run(s->before.rip, rep ? behind : NOWHERE, rep ? 100 : 1)) {
		judge_settle();
		return UNJUDGED;
	}
	store(&theirs_after);
	for (unsigned n = 0; n < ranges; n++)
		if (written[n].phys < behind + 2 && written[n].phys + written[n].len > begin) {
			memcpy(theirs_now + behind, was, 2);
			judge_settle();
			judge_sync(begin, 32);
			return UNJUDGED; /* its own code */
		}
	for (unsigned n = 0; n < last.accesses && n < TRACE; n++)
		if (last.trace[n].linear < behind + 2 && last.trace[n].linear + last.trace[n].size > behind) {
			memcpy(theirs_now + behind, was, 2);
			judge_settle();
			return UNJUDGED;
		}
	memcpy(theirs_now + behind, was, 2);
	v = decide(s, &t);
	if (v != DISAGREED)
		judge_settle();
	return v;
}

static void show(const char *who, const struct dfw_cpu *c)
{
	fprintf(stderr, "%s: eax %08x ecx %08x edx %08x ebx %08x esp %08x ebp %08x esi %08x edi %08x\n  eip %08x flags %08x "
			"cr0 %08x cr2 %08x cr3 %08x cr4 %08x gdtr %x:%x idtr %x:%x\n",
		who, c->gpr[0].d, c->gpr[1].d, c->gpr[2].d, c->gpr[3].d, c->gpr[4].d, c->gpr[5].d, c->gpr[6].d, c->gpr[7].d,
		(uint32_t)c->rip, (uint32_t)c->rflags, (uint32_t)c->cr0, (uint32_t)c->cr2, (uint32_t)c->cr3, (uint32_t)c->cr4,
		(uint32_t)c->gdtr.base, c->gdtr.limit, (uint32_t)c->idtr.base, c->idtr.limit);
	for (unsigned n = 0; n < DFW_SEGS; n++)
		fprintf(stderr, "  %s %04x base %08x limit %08x ar %05x\n",
			(const char *[]){"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"}[n], c->seg[n].selector,
			(uint32_t)c->seg[n].base, c->seg[n].limit, c->seg[n].access_rights);
}

void judge_report(void)
{
	const struct step *s = step_now;

	fprintf(stderr, "%s differs: row %x (%s), bytes", wrong, s->insn.row, x86_opcode_name(s->insn.row));
	for (unsigned n = 0; n < 15; n++)
		fprintf(stderr, " %02x%s", s->insn.bytes[n], n + 1 == s->insn.length ? " |" : "");
	fprintf(stderr, "\nouts %llx %llx; vector: ours %d (%x), theirs %d (%x)\n", (unsigned long long)s->out,
		(unsigned long long)last.out, s->outcome == X86_FAULT ? s->event.vector : -1,
		s->outcome == X86_FAULT ? s->event.error : 0, last.vector, last.error);
	show("before", &s->before);
	show("ours", &s->after);
	show("theirs", &theirs_after);
	for (unsigned n = 0; n < ranges; n++)
		if (written[n].phys < size_now)
			for (unsigned k = 0; k < written[n].len && written[n].phys + k < size_now; k++)
				if (ours_now[written[n].phys + k] != theirs_now[written[n].phys + k])
					fprintf(stderr, "  at %x: ours %02x, theirs %02x\n", written[n].phys + k,
						ours_now[written[n].phys + k], theirs_now[written[n].phys + k]);
	for (unsigned n = 0; n < last.accesses && n < 16; n++)
		fprintf(stderr, "  %s %x, %u bytes\n", last.trace[n].write ? "wrote" : "read", last.trace[n].linear, last.trace[n].size);
}
