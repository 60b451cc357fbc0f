/* SPDX-License-Identifier: MIT
 *
 * The interpreter against an independent processor: every opcode form, with every operand and
 * address size, in real mode, virtual-8086 mode, 16- and 32-bit protected mode at privilege 0 and
 * 3, with and without paging, with random and edge operands, run by both x86_step and libunicorn.
 * Registers, defined flags, memory and the exception with its error code must agree.
 *
 *     diff.t [CASES [SEED [FORM]]]    cases per form and mode; FORM as in the table: 80/0, 0F:AF
 *     diff.t --table [CASES [SEED]]   the table of docs/interpreter.md in place of TAP
 *
 * With DFW_LONG set: at least 5,000 compared cases of each form, or the test fails, but for the forms of rare.h,
 * which the long run of cases.t compares with Bochs.
 */
#include <stdio.h>
#include <stdlib.h>
#include "diff.h"
#include "rare.h"
#define IMAGE pristine
#include "tables.h"

const struct mode modes[MODES] = {
    [REAL] = {"real",		      0,		 0,	    0, false, false, false, false},
    [VM86_IOPL3] = {"vm86",		    0,	       0,		  3, false, true,  false, false},
    [VM86_IOPL0] = {"vm86 iopl 0",	   0,	      0,		 3, false, true,	 false, false},
    [CODE16_0] = {"16",			G_CODE16,	  G_STACK16,   0, true,  false, false, false},
    [CODE32_0] = {"32",			G_CODE32,	  G_DATA32,    0, true,  false, false, false},
    [CODE16_3] = {"16 cpl 3",	      G_CODE16_3, G_STACK16_3, 3, true,	false, false, false},
    [CODE32_3] = {"32 cpl 3",	      G_CODE32_3, G_DATA32_3,  3, true,  false, false, false},
    [CODE16_STACK32] = {"16, stack 32",	G_CODE16,	  G_DATA32,    0, true,  false, false, false},
    [CODE32_STACK16] = {"32 cpl 3, stack 16", G_CODE32_3, G_STACK16_3, 3, true,	false, false,
		false								       },
    [PAGED_0] = {"paged",		  G_CODE32,   G_DATA32,    0, true,  false, true,  false},
    [PAGED_3] = {"paged cpl 3",	G_CODE32_3, G_DATA32_3,	3, true,	 false, true,  false},
    [PAE_3] = {"pae cpl 3",	    G_CODE32_3, G_DATA32_3,  3, true,  false, true,  true },
};

static bool use_map, was_paged;
static uint64_t out_ours;

/* Values at which carries, signs and counts change. */
static uint32_t operand(void)
{
	static const uint32_t edge[] = {0,	    1,		2,	    7,		8,
					9,	    0xf,	0x10,	    0x1f,	0x20,
					0x7f,	    0x80,	0x99,	    0xff,	0x100,
					0x7fff,	    0x8000,	0xffff,	    0x10000,	0x7fffffff,
					0x80000000, 0xffffffff, 0xfffffffe, 0x80000001, 0xffff8000};
	uint32_t r = rnd();

	switch (r & 7) {
	case 0:
	case 1:
		return edge[(r >> 8) % (sizeof(edge) / sizeof(*edge))];
	case 2:
	case 3:
		return rnd() & 0xffff;
	case 4:
	case 5:
		return 0x8000 + (rnd() & 0x7fff) * 8; /* inside memory as an address */
	default:
		return rnd();
	}
}

/* --- the world of the interpreter --- */

static void *map_memory(void *world, uint64_t phys, unsigned len, bool write)
{
	if (!use_map || phys + len > MEMORY)
		return NULL;
	if (write)
		touch(phys, len);
	return ours + phys;
}

uint32_t port_value(uint16_t port, unsigned size)
{
	return (port * 0x9e3779b1u) & size_mask(size);
}

uint64_t out_digest(uint64_t digest, uint16_t port, unsigned size, uint32_t value)
{
	return digest * 31 + port * 7 + size + ((uint64_t)value << 20);
}

static uint32_t in_port(void *world, uint16_t port, unsigned size)
{
	return port_value(port, size);
}

static void out_port(void *world, uint16_t port, unsigned size, uint32_t value)
{
	out_ours = out_digest(out_ours, port, size, value);
}

/* As Unicorn has them: any index reads something and takes any value. */
static bool read_msr(void *world, uint32_t index, uint64_t *value)
{
	*value = 0;
	return true;
}

static bool write_msr(void *world, uint32_t index, uint64_t value)
{
	return true;
}

/* Something for every leaf, and what CR4 may have here: VME, DE, PSE, TSC, PAE, MCE, PGE; NX. */
void processor_id(void *world, uint32_t regs[4])
{
	uint32_t leaf = regs[0];

	regs[0] = leaf & 0x7fffffff ? leaf : leaf | 1;
	regs[1] = leaf + 1;
	regs[3] = leaf == 1 ? 0x20de : leaf == 0x80000001 ? 1 << 20 : leaf ^ regs[2];
}

static uint64_t rdtsc(void *world)
{
	return 0;
}

static const struct x86_ops ops = {
    .read = pair_read,
    .write = pair_write,
    .map = map_memory,
    .in = in_port,
    .out = out_port,
    .read_msr = read_msr,
    .write_msr = write_msr,
    .cpuid = processor_id,
    .rdtsc = rdtsc,
};

/* Before a case, on both sides. */
static void poke(uint32_t at, const void *src, unsigned len)
{
	if (at + len > MEMORY || at + len < at)
		return;
	memcpy(ours + at, src, len);
	memcpy(theirs + at, src, len);
	touch(at, len);
}

static void poke32(uint32_t at, uint32_t v)
{
	poke(at, &v, 4);
}

static void poke16(uint32_t at, uint16_t v)
{
	poke(at, &v, 2);
}

/* Memory becomes the same on both sides again. Unicorn's walks of page tables go unseen. */
static void clean(bool tables)
{
	if (tables)
		touch(TABLES, TABLES_END - TABLES);
	restore_memory();
}

/* --- the tables in memory --- */

static const struct {
	uint32_t base, limit; /* limit in units of G */
	uint16_t ar;
} gdt[G_ENTRIES] = {
    [G_CODE32] = {0,	     0xfffff,     0xc09b},
	    [G_DATA32] = {0,	     0xfffff,     0xc093},
    [G_CODE16] = {CODE,	0xffff,	0x009b},
	    [G_DATA16] = {DATA,	0xffff,	0x0093},
    [G_CODE32_3] = {0,	       0xfffff,	0xc0fb},
	    [G_DATA32_3] = {0,	       0xfffff,	0xc0f3},
    [G_CODE16_3] = {CODE,	  0xffff,	  0x00fb},
	    [G_DATA16_3] = {DATA,	  0xffff,	  0x00f3},
    [G_STACK16] = {STACK,	  0xffff,	  0x0093},
	    [G_STACK16_3] = {STACK,	    0xffff,	    0x00f3},
    [G_DOWN32] = {0x10000,	   0x3fff,	   0x40f7},
	    [G_DOWN16] = {0x50000,	   0x1fff,	   0x00f7},
    [G_SMALL] = {0x60000,	  0x8fff,	  0x40f3},
	    [G_READ_ONLY] = {0x70000,    0xffff,      0x40f1},
    [G_CONFORMING] = {0,		 0xfffff,	  0xc09f},
	    [G_EXECUTE_ONLY] = {CODE,	      0xffff,      0x40f9},
    [G_ABSENT] = {DATA,	0xffff,	0x4073},
	    [G_HIGH] = {0xffff0000, 0xfffff,     0xc0f3},
    [G_LDT] = {LDT,	    8 * 8 - 1,   0x82  },
	    [G_TSS] = {TSS,	    0x68 + 0x80, 0x8b  },
    [G_TSS_NEXT] = {TSS_NEXT,   0x67,	    0xe9	},
	    [G_TSS_OLD] = {TSS_OLD,    0x2b,	  0xe1  },
    [G_CODE_ABSENT] = {0,	  0xfffff,	   0xc07b},
	    [G_CODE32_2] = {0,	       0xfffff,	0xc0db},
    [G_DATA32_1] = {0,	       0xfffff,	0xc0b3},
};

struct dfw_segment segment_of(uint16_t selector)
{
	unsigned n = selector >> 3;
	uint32_t limit = gdt[n].limit;

	if (!n)
		return (struct dfw_segment){.selector = selector, .access_rights = DFW_AR_UNUSABLE};
	return (struct dfw_segment){
	    .selector = selector,
	    .base = gdt[n].base,
	    .limit = gdt[n].ar & DFW_AR_G ? limit << 12 | 0xfff : limit,
	    .access_rights = gdt[n].ar,
	};
}

static void make_tss(uint32_t at, bool user)
{
	static const uint8_t order[6] = {DFW_ES, DFW_CS, DFW_SS, DFW_DS, DFW_FS, DFW_GS};
	unsigned n;

	memset(pristine + at, 0, 0x68);
	for (n = 0; n < 3; n++) {
		put32(at + 4 + 8 * n, INNER_STACKS + (n + 1) * 0x1000);
		put16(at + 8 + 8 * n, n == 0 ? G_DATA32 * 8 : n == 1 ? G_DATA32_1 * 8 + 1 : 0);
	}
	put32(at + 0x1c, TABLES);
	put32(at + 0x20, CODE + 0x1234);
	put32(at + 0x24, 0x202);
	for (n = 0; n < 8; n++)
		put32(at + 0x28 + 4 * n, n == 4 ? STACK + 0xa000 : 0x1000 * n);
	for (n = 0; n < 6; n++)
		put16(at + 0x48 + 4 * n, (order[n] == DFW_CS ? user ? G_CODE32_3 : G_CODE32
					   : user	      ? G_DATA32_3
							      : G_DATA32) *
						  8 +
					      (user ? 3 : 0));
	put16(at + 0x60, G_LDT * 8);
	put16(at + 0x66, 0x68);
}

static void make_tables(void)
{
	unsigned n, k;

	for (n = 0; n < 256; n++) {
		put16(4 * n, n * 16);
		put16(4 * n + 2, 0xe000 + n);
	}
	memset(pristine + SYSTEM_AREA, 0, TABLES_END - SYSTEM_AREA);
	for (n = 1; n < G_ENTRIES; n++)
		if (gdt[n].ar)
			put64(GDT + 8 * n, descriptor(gdt[n].base, gdt[n].limit, gdt[n].ar));
	put64(GDT + 8 * G_CALL32, gate(G_CODE32 * 8, CODE + 0x4321, 0xec, 3));
	put64(GDT + 8 * G_CALL16, gate(G_CODE16 * 8, 0x4321, 0xe4, 5));
	put64(GDT + 8 * G_TASK, gate(G_TSS_NEXT * 8, 0, 0xe5, 0));
	put64(GDT + 8 * G_INTERRUPT, gate(G_CODE32 * 8, CODE + 0x4321, 0xee, 0));
	put64(GDT + 8 * G_CALL_ABSENT, gate(G_CODE32 * 8, CODE + 0x4321, 0x6c, 0));
	put64(GDT + 8 * G_CALL32_3, gate(G_CODE32_3 * 8, CODE + 0x2121, 0xec, 1));
	put64(LDT + 8 * 1, descriptor(0, 0xfffff, 0xc0f3));
	put64(LDT + 8 * 2, descriptor(0, 0xfffff, 0xc0fb));
	put64(LDT + 8 * 3, descriptor(CODE, 0xffff, 0x009b));
	put64(LDT + 8 * 4, descriptor(DATA, 0xffff, 0x0091));
	make_tss(TSS, false);
	make_tss(TSS_NEXT, true);
	for (n = 0; n < 0x80; n++)
		pristine[TSS + 0x68 + n] = n & 3 ? 0 : 0xa5;
	pristine[TSS + 0x68 + 0x80] = 0xff;
	/* a 16-bit task at privilege 0 */
	memset(pristine + TSS_OLD, 0, 0x2c);
	put16(TSS_OLD + 0x0e, 0x3456);
	put16(TSS_OLD + 0x10, 0x0202);
	for (n = 0; n < 8; n++)
		put16(TSS_OLD + 0x12 + 2 * n, 0x1110 * n);
	put16(TSS_OLD + 0x22, G_DATA16 * 8);
	put16(TSS_OLD + 0x24, G_CODE16 * 8);
	put16(TSS_OLD + 0x26, G_STACK16 * 8);
	put16(TSS_OLD + 0x28, G_DATA16 * 8);
	put16(TSS_OLD + 0x2a, G_LDT * 8);

	/* two levels: memory as it is, then windows on data with every protection */
	put32(TABLES, (TABLES + 0x1000) | 0x27);
	for (n = 0; n < PAGES; n++)
		put32(TABLES + 0x1000 + 4 * n, n << 12 | 0x27);
	put32(TABLES + 4, (TABLES + 0x2000) | 7);
	put32(TABLES + 8, (TABLES + 0x2000) | 5);
	put32(TABLES + 12, (TABLES + 0x2000) | 3);
	put32(TABLES + 16, 0x400000 | 0x87); /* 4 MiB; a reserved bit follows */
	put32(TABLES + 16, 0x200000 | 0x87);
	for (n = 0; n < 1024; n++)
		put32(TABLES + 0x2000 + 4 * n, (DATA + (n * 5 % 32) * 0x1000) |
						    (n % 8 == 6 ? 7 : n % 8) | (n & 8 ? 0x20 : 0) |
						    (n & 16 ? 0x40 : 0));
	/* PAE: the same windows of 2 MiB, with NX */
	for (k = 0; k < 4; k++)
		put64(TABLES + 0x4000 + 8 * k, k ? 0 : (TABLES + 0x5000) | 1);
	put64(TABLES + 0x5000, (TABLES + 0x6000) | 0x27);
	for (n = 0; n < PAGES; n++)
		put64(TABLES + 0x6000 + 8 * n, n << 12 | 0x27);
	for (k = 2; k < 10; k++)
		put64(TABLES + 0x5000 + 8 * k, (TABLES + 0x7000) | (k < 6    ? 7
								     : k == 6 ? 5
								     : k == 7 ? 3
									      : 0));
	put64(TABLES + 0x5000 + 8 * 9, 0x87 | 0x2000); /* 2 MiB with a reserved bit */
	for (n = 0; n < 512; n++)
		put64(TABLES + 0x7000 + 8 * n,
		       (DATA + (n * 5 % 32) * 0x1000) | (n % 8 == 6 ? 7 : n % 8) |
			   (n & 8 ? 0x20 : 0) | (n & 16 ? 0x40 : 0) | (n & 32 ? 1ull << 63 : 0));
}

/* --- the forms --- */

static const char *const member_name[GROUPS][8] = {
#define I(opcode, name, handler, attributes, ...)
#define G(group, reg, name, handler, attributes, ...) [group][reg] = #name,
#include <x86/opcodes.def>
#undef I
#undef G
};

enum { FORMS = 499 }; /* none is lost from sight when the tables change */
static struct form forms[1024];
static unsigned form_count;

/* x87, MMX, SSE and the three-byte opcodes: fpu.c. SYSCALL and LOADALL, which share an opcode:
 * vectors.c. */
static bool left_out(const struct row *row)
{
	return (row->flags & CONTROLS) == PREFIX || row->run == x86_op_vector ||
	       row->run == x86_op_vector_shift || row->run == x86_op_x87 ||
	       row->run == x86_op_wait || row->run == x86_op_three_byte ||
	       row->run == x86_op_syscall || row->run == x86_op_sysret;
}

static void add_form(unsigned opcode, int reg, const struct row *row)
{
	struct form *f = &forms[form_count];
	const char *name = x86_opcode_name(opcode);
	int len;

	if (row->run && left_out(row))
		return;
	*f = (struct form){
	    .row = opcode, .reg = reg, .defined = row->run && row->run != x86_op_undefined};
	len = snprintf(f->name, sizeof(f->name), "%s%02X", opcode >= 0x100 ? "0F:" : "",
		       opcode & 0xff);
	if (reg < 0)
		snprintf(f->name + len, sizeof(f->name) - len, " %s", name);
	else
		snprintf(f->name + len, sizeof(f->name) - len, "/%u %s", reg,
			 row->run ? member_name[x86_opcodes[opcode].operand[2]][reg]
				  : "(undefined)");
	form_count++;
}

static void make_forms(void)
{
	unsigned opcode, reg;

	for (opcode = 0; opcode < 512; opcode++) {
		const struct row *row = &x86_opcodes[opcode];

		if (!row->run || left_out(row) || opcode == 0x178) /* with prefixes EXTRQ: fpu.c */
			continue;
		if (!(row->flags & GROUP)) {
			add_form(opcode, -1, row);
			continue;
		}
		if (opcode == 0x1ae) /* fpu.c */
			continue;
		for (reg = 0; reg < 8; reg++)
			add_form(opcode, reg, &x86_groups[row->operand[2]][reg]);
	}
}

static bool is_string(unsigned row)
{
	return (row >= 0xa4 && row <= 0xaf && row != 0xa8 && row != 0xa9) ||
	       (row >= 0x6c && row <= 0x6f);
}

/* Takes a selector from a register or memory. */
static bool takes_selector(const struct form *f)
{
	return f->row == 0x8e || f->row == 0x63 || f->row == 0x100 || f->row == 0x102 ||
	       f->row == 0x103;
}

static bool takes_far_pointer(const struct form *f)
{
	return f->row == 0xc4 || f->row == 0xc5 || f->row == 0x1b2 || f->row == 0x1b4 ||
	       f->row == 0x1b5 || (f->row == 0xff && (f->reg == 3 || f->reg == 5));
}

static bool pops_selector(const struct form *f)
{
	return f->row == 0x07 || f->row == 0x17 || f->row == 0x1f || f->row == 0x1a1 ||
	       f->row == 0x1a9;
}

static uint16_t some_selector(void)
{
	switch (rnd() & 15) {
	case 0:
		return rnd() & 3;
	case 1:
		return rnd();
	case 2:
	case 3:
		return (rnd() % 10) << 3 | 4 | (rnd() & 3);
	default:
		return (rnd() % (G_ENTRIES + 1)) << 3 | (rnd() & 1 ? rnd() & 3 : 0);
	}
}

static uint16_t some_code_selector(void)
{
	static const uint8_t code[] = {G_CODE32,     G_CODE16,	G_CODE32_3, G_CODE16_3,
				       G_CONFORMING, G_CALL32,	G_CALL16,   G_TASK,
				       G_TSS_NEXT,   G_TSS_OLD, G_CALL32_3};

	if (!(rnd() & 3))
		return some_selector();
	return code[rnd() % sizeof(code)] << 3 | (rnd() & 1 ? 3 : 0);
}

/* --- making a case --- */

static void choose_segments(struct test *t)
{
	static const uint8_t inner[] = {G_DATA32, G_DATA32,  G_DATA16,	G_CODE32,
					G_CODE16, G_STACK16, G_DATA32_1};
	static const uint8_t outer[] = {
	    G_DATA32_3,	 G_DATA32_3, G_DATA16_3, G_DOWN32,     G_DOWN16, G_SMALL,
	    G_READ_ONLY, G_HIGH,     G_CODE32_3, G_CONFORMING, 0};
	const struct mode *m = &modes[t->mode];
	struct dfw_cpu *cpu = &t->before;
	unsigned n, entry;
	uint16_t selector;

	for (n = 0; n < 6; n++) {
		if (!m->protected) {
			selector = n == DFW_CS && m->vm86   ? CODE >> 4
				   : n == DFW_SS && m->vm86 ? STACK >> 4
							    : rnd() & 0xffff;
			if (n == DFW_CS && !m->vm86)
				selector = 0x40 + (rnd() & 0xbfff);
			if (n == DFW_SS && m->vm86 && rnd() & 1)
				selector = rnd();
			cpu->seg[n] = (struct dfw_segment){.selector = selector,
							   .base = (uint32_t)selector << 4,
							   .limit = 0xffff,
							   .access_rights = m->vm86 ? 0xf3 : 0x93};
			continue;
		}
		if (n == DFW_CS)
			entry = m->cs;
		else if (n == DFW_SS)
			entry = m->ss;
		else if (m->paged)
			entry = G_DATA32_3;
		else if (!m->level && rnd() & 1)
			entry = inner[rnd() % sizeof(inner)];
		else
			entry = outer[rnd() % sizeof(outer)];
		selector = entry * 8 | ((n == DFW_CS || n == DFW_SS) ? m->level
					: entry			     ? rnd() & m->level
								     : 0);
		cpu->seg[n] = segment_of(selector);
	}
}

static void choose_state(struct test *t)
{
	const struct mode *m = &modes[t->mode];
	struct dfw_cpu *cpu = &t->before;
	unsigned n;

	x86_reset(cpu);
	choose_segments(t);
	for (n = 0; n < 8; n++)
		cpu->gpr[n].d = operand();
	cpu->rflags = FLAGS_FIXED | (rnd() & (ARITHMETIC | IF)) | (rnd() & 3 ? 0 : DF);
	if (rnd() & 1)
		cpu->rflags |= rnd() & IOPL;
	if (m->vm86)
		cpu->rflags =
		    (cpu->rflags & ~(uint64_t)IOPL) | VM | (t->mode == VM86_IOPL3 ? IOPL : 0);
	if (t->form->row == 0xcf && m->protected && !(rnd() & 7))
		cpu->rflags |= NT;
	cpu->cr0 = m->protected || m->vm86 ? 0x11 : 0x10;
	if (m->paged) {
		cpu->cr0 |= CR0_PG | (rnd() & CR0_WP);
		cpu->cr3 = m->pae ? TABLES + 0x4000 : TABLES;
		cpu->cr4 = m->pae ? CR4_PAE : CR4_PSE;
		if (m->pae) {
			cpu->efer = EFER_NXE;
			cpu->pdpte[0] = (TABLES + 0x5000) | 1;
		}
	}
	cpu->idtr.limit = m->protected || m->vm86 ? 0 : 0x3ff;
	cpu->gdtr.base = GDT;
	cpu->gdtr.limit = G_ENTRIES * 8 - 1;
	cpu->sysenter_cs = SYSENTER_CS;
	cpu->sysenter_esp = STACK + 0xc000;
	cpu->sysenter_eip = CODE + 0x1111;
	if (m->protected || m->vm86) {
		cpu->seg[DFW_TR] = segment_of(G_TSS * 8);
		cpu->seg[DFW_LDTR] = segment_of(G_LDT * 8);
	} else {
		cpu->idtr.base = 0;
		cpu->seg[DFW_LDTR].access_rights |= DFW_AR_UNUSABLE;
	}

	/* where code and stack are */
	if (cpu->seg[DFW_CS].limit == 0xffff)
		cpu->rip = rnd() & 7 ? rnd() & 0xffef : 0xffe0 + (rnd() & 0x1f);
	else
		cpu->rip = CODE + (rnd() & 0xffff);
	if (cpu->seg[DFW_SS].limit != 0xffff) {
		cpu->gpr[DFW_RSP].d = STACK + (rnd() & 0xfffe);
		if (m->paged && !(rnd() & 3))
			cpu->gpr[DFW_RSP].d = WINDOW + rnd() % (WINDOW_END - WINDOW);
	} else if (rnd() & 3) {
		cpu->gpr[DFW_RSP].w = rnd() & 7 ? 0x100 + (rnd() & 0xfefe) : rnd() & 0xf;
	}
}

static void choose_code(struct test *t)
{
	const struct form *f = t->form;
	bool wide = t->before.seg[DFW_CS].access_rights & DFW_AR_DB;
	unsigned n, len = 0, prefixes;

	t->o32 = t->a32 = wide;
	t->rep = 0;
	t->lock = false;
	t->override = -1;
	for (prefixes = rnd() & 1 ? rnd() & 3 : 0; prefixes--;) {
		static const uint8_t segments[6] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};

		switch (rnd() & 7) {
		case 0:
		case 1:
		case 2:
			t->code[len++] = 0x66;
			t->o32 = !wide;
			break;
		case 3:
		case 4:
			t->code[len++] = 0x67;
			t->a32 = !wide;
			break;
		default:
			n = rnd() % 6;
			if (modes[t->mode].paged && n == DFW_CS)
				n = DFW_DS;
			t->code[len++] = segments[n];
			t->override = n;
		}
	}
	if (is_string(f->row) && rnd() & 1)
		t->code[len++] = t->rep = rnd() & 1 ? 0xf2 : 0xf3;
	if (!(rnd() & 63)) { /* too long, some of them */
		for (n = rnd() % 13; n-- && len < 14;) {
			t->code[len++] = 0x36;
			t->override = DFW_SS;
		}
	}
	if (f->row >= 0x100)
		t->code[len++] = 0x0f;
	t->opcode_at = len;
	t->code[len++] = f->row;
	for (n = len; n < sizeof(t->code); n++)
		t->code[n] = rnd();
	if (f->reg >= 0)
		t->code[len] = (t->code[len] & 0xc7) | f->reg << 3;
	if (rnd() & 1)
		for (n = len + 3; n < sizeof(t->code); n++)
			t->code[n] = rnd() & 3 ? 0 : rnd() & 1 ? 0xff : rnd();
	if (t->rep)
		t->before.gpr[DFW_RCX].d = (t->a32 || rnd() & 7 ? 0 : rnd() << 16) | rnd() % 40;
}

/* Moves the memory operand to where there is memory, by the register that is its base. */
static void aim(struct test *t)
{
	uint8_t modrm = t->code[t->opcode_at + 1], sib = t->code[t->opcode_at + 2];
	unsigned base = (modrm & 7) == 4 ? sib & 7 : modrm & 7;
	uint32_t target, linear;

	find_operand(t);
	if (!t->memory || !t->a32)
		return;
	linear = (uint32_t)t->before.seg[t->seg].base + t->ea;
	if (linear < MEMORY && rnd() & 3 && !modes[t->mode].paged)
		return;
	if (!(rnd() & 15))
		return;
	if (modes[t->mode].paged && rnd() & 3)
		target = WINDOW + rnd() % (WINDOW_END - WINDOW);
	else
		target = 0x8000 + rnd() % (SYSTEM_AREA - 0x8100);
	/* the offset's own edges, some of the time */
	if (!(rnd() & 7))
		target = (uint32_t)t->before.seg[t->seg].base + t->before.seg[t->seg].limit - 6 +
			 (rnd() & 15);
	target -= linear;
	if (t->form->row == 0xd7) {
		t->before.gpr[DFW_RBX].d += target;
	} else if ((t->form->row >= 0xa0 && t->form->row <= 0xa3) || (modrm < 0x40 && base == 5)) {
		unsigned at = t->opcode_at + (t->form->row <= 0xa3 && t->form->row >= 0xa0 ? 1
					      : (modrm & 7) == 4			   ? 3
											   : 2);
		uint32_t d = get_ptr(t->code + at, 4) + target;

		put_ptr(t->code + at, 4, d);
	} else if (base != DFW_RSP) {
		t->before.gpr[base].d += target;
	}
	find_operand(t);
}

/* What the instruction finds in memory and registers, where random bytes would be pointless. */
static void furnish(struct test *t)
{
	const struct form *f = t->form;
	struct dfw_cpu *cpu = &t->before;
	bool wide = cpu->seg[DFW_SS].access_rights & DFW_AR_DB;
	uint32_t sp = cpu->seg[DFW_SS].base + (wide ? cpu->gpr[DFW_RSP].d : cpu->gpr[DFW_RSP].w);
	uint32_t at = t->memory ? (uint32_t)cpu->seg[t->seg].base + t->ea : 0;
	unsigned size = t->o32 ? 4 : 2, n;
	bool protected = modes[t->mode].protected;

	if (is_string(f->row)) {
		if (t->a32)
			for (n = DFW_RSI; n <= DFW_RDI; n++) {
				unsigned seg = n == DFW_RDI	  ? DFW_ES
					       : t->override >= 0 ? (unsigned)t->override
								  : DFW_DS;
				uint32_t base = cpu->seg[seg].base;

				if (modes[t->mode].paged && rnd() & 1)
					cpu->gpr[n].d = WINDOW + rnd() % (WINDOW_END - WINDOW);
				else if (rnd() & 3)
					cpu->gpr[n].d = (rnd() & 3 ? 0x8000 + rnd() % 0xf0000
								   : base + cpu->seg[seg].limit -
									 16 + (rnd() & 31)) -
							base;
			}
		if (f->row <= 0x6f)
			cpu->gpr[DFW_RDX].w = rnd() & 0x4ff;
		/* runs of equal elements, so that comparisons go on */
		if (f->row >= 0xa6 && rnd() & 1 && !modes[t->mode].paged) {
			uint32_t di = (uint32_t)cpu->seg[DFW_ES].base +
				      (t->a32 ? cpu->gpr[DFW_RDI].d : cpu->gpr[DFW_RDI].w);

			for (n = 0; n < 20; n++)
				poke32(di + 4 * n - 40, cpu->gpr[DFW_RAX].d);
		}
		return;
	}
	if (f->row == 0xc8 && rnd() & 3) /* levels 0 and 1 */
		t->code[t->opcode_at + 3] &= 0xe1;
	if (f->row == 0xec || f->row == 0xed || f->row == 0xee || f->row == 0xef)
		cpu->gpr[DFW_RDX].w = rnd() & 0x4ff;
	if (f->row == 0x122) { /* no other paging, no features of Unicorn's own */
		static const uint32_t flip[3] = {CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP |
						     CR0_AM | CR0_NW | CR0_CD | CR0_PE,
						 0, 0x4 | 0x8 | 0x80};
		unsigned reg = t->code[t->opcode_at + 1] >> 3 & 7;
		uint32_t *r = &cpu->gpr[t->code[t->opcode_at + 1] & 7].d;

		if (reg == 0)
			*r = cpu->cr0 ^ (rnd() & flip[0] & (protected ? ~(uint32_t)CR0_PE : ~0u));
		else if (reg == 3 && modes[t->mode].paged)
			*r = cpu->cr3;
		else if (reg == 4)
			*r = cpu->cr4 ^ (rnd() & flip[2]);
	}
	if (f->row == 0x123) /* breakpoints: vectors.c */
		cpu->gpr[t->code[t->opcode_at + 1] & 7].d &= ~0xffu;
	if (f->row == 0xca || f->row == 0xcb || f->row == 0xcf) {
		/* EIP, CS, (EFLAGS,) (parameters,) ESP, SS, and VM86's segments */
		uint32_t release = f->row == 0xca ? (t->code[t->opcode_at + 2] = 0,
						     t->code[t->opcode_at + 1] &= 0x1e)
						  : 0;
		uint16_t selector = protected ? some_code_selector() : rnd();
		uint32_t flags = rnd() & (ARITHMETIC | IF | DF | NT | AC | ID | IOPL);

		if (protected && rnd() & 1)
			selector = modes[t->mode].level || rnd() & 1
				       ? (rnd() & 1 ? G_CODE32_3 : G_CODE16_3) * 8 + 3
				       : (rnd() & 1 ? G_CODE32 : G_CODE16) * 8;
		n = 0;
		poke32(sp, rnd() & 7
			       ? (rnd() & 0xffff) | (size == 4 && protected && rnd() & 1 ? CODE : 0)
			       : rnd());
		poke32(sp + size * ++n, selector);
		if (f->row == 0xcf) {
			if (protected && rnd() & 1)
				flags |= VM;
			poke32(sp + size * ++n, flags);
		}
		sp += release;
		if (rnd() & 3)
			poke32(sp + size * ++n, rnd() & 0xfffe);
		else
			++n;
		if (rnd() & 3 && protected)
			poke32(sp + size * ++n,
			       (selector & 3) | (rnd() & 1 ? (selector & 3 ? G_DATA32_3 : G_DATA32)
						 : selector & 3 ? G_STACK16_3
								: G_STACK16) *
						    8);
		return;
	}
	if (f->row == 0xc2 || f->row == 0xc3 || f->row == 0xc9)
		poke32(sp, rnd() & 1 ? CODE + (rnd() & 0xffff) : rnd() & 0xffff);
	if (f->row == 0xff && f->reg >= 2 && f->reg <= 4 && t->memory && rnd() & 1)
		poke32(at, rnd() & 1 ? CODE + (rnd() & 0xffff) : rnd() & 0xffff);
	if (modes[t->mode].pae) {
		poke32(TSS + 0x1c, TABLES + 0x4000);
		poke32(TSS_NEXT + 0x1c, TABLES + 0x4000);
	}
	if (!protected)
		return;
	if (pops_selector(f))
		poke16(sp, some_selector());
	if (takes_selector(f)) {
		if (t->memory)
			poke16(at, some_selector());
		else
			for (n = 0; n < 8; n++)
				if (n != DFW_RSP)
					cpu->gpr[n].w = some_selector();
	}
	if (takes_far_pointer(f) && t->memory) {
		poke32(at, rnd() & 1 ? CODE + (rnd() & 0xffff) : rnd() & 0xffff);
		poke16(at + size, f->row == 0xff ? some_code_selector() : some_selector());
	}
	if (f->row == 0x9a || f->row == 0xea) {
		uint8_t *p = t->code + t->opcode_at + 1;

		put_ptr(p, size, size == 4 && rnd() & 1 ? CODE + (rnd() & 0xffff) : rnd() & 0xffff);
		put_ptr(p + size, 2, some_code_selector());
	}
}

/* --- comparing --- */

struct tally {
	unsigned run, limits, outside, excused, bad;
};

static unsigned shown;
static unsigned *excuse_uses;

static void show(const char *what, const struct test *t, const struct dfw_cpu *cpu,
		 const struct outcome *o, int vector, uint32_t error)
{
	static const char name[8][4] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
	static const char seg[8][3] = {"es", "cs", "ss", "ds", "fs", "gs", "ld", "tr"};
	const struct dfw_cpu *b = &t->before;
	unsigned n;

	if (shown++ > 6)
		return;
	printf("# %s: %s, %s:", what, t->form->name, modes[t->mode].name);
	for (n = 0; n < 15; n++)
		printf(" %02x%s", t->code[n], n + 1 == t->length ? " |" : "");
	printf("\n#   exception: ours %d (%x), theirs %d (%x); cr2 %x, %x\n", vector, error,
	       o->vector, o->error, (uint32_t)cpu->cr2, o->cr2);
	for (n = 0; n < 8; n++)
		printf("#   %s %08x -> ours %08x, theirs %08x%s\n", name[n], b->gpr[n].d,
		       cpu->gpr[n].d, o->gpr[n], cpu->gpr[n].d != o->gpr[n] ? " !" : "");
	printf("#   eip %08x -> ours %08x, theirs %08x; flags %08x -> ours %08x, theirs %08x\n",
	       (uint32_t)b->rip, (uint32_t)cpu->rip, o->eip, (uint32_t)b->rflags,
	       (uint32_t)cpu->rflags, o->flags);
	printf("#   cr0 %08x -> ours %08x, theirs %08x\n", (uint32_t)b->cr0, (uint32_t)cpu->cr0,
	       o->cr0);
	for (n = 0; n < 6; n++)
		printf("#   %s %04x (%08x, %08x, %05x) -> ours %04x, theirs %04x\n", seg[n],
		       b->seg[n].selector, (uint32_t)b->seg[n].base, b->seg[n].limit,
		       b->seg[n].access_rights, cpu->seg[n].selector, o->selector[n]);
	for (n = 0; n < o->accesses && n < 12; n++)
		printf("#   access %u: %s %08x, %u\n", n, o->trace[n].write ? "write" : "read",
		       o->trace[n].linear, o->trace[n].size);
}

/* What differs, or NULL. */
static const char *compare(const struct test *t, const struct dfw_cpu *cpu, const struct outcome *o)
{
	const struct mode *m = &modes[t->mode];
	uint32_t mask = ARITHMETIC | DF | IF | IOPL | NT | AC | ID | VM;
	uint32_t eip = o->eip, base = (uint32_t)cpu->seg[DFW_CS].base;
	unsigned n, page, row = t->form->row;
	bool no_result;

	mask &= ~undefined_flags(t, &no_result);
	/* Unicorn loses a temporary when a shift by a variable count goes to memory. */
	if (t->memory && (row == 0xd2 || row == 0xd3 || (row >= 0x1a4 && row <= 0x1ad)))
		mask &= ~(CF | OF);
	/* Its hook on reads puts EIP back while RETF pops CS. */
	if ((row == 0xca || row == 0xcb) && !m->protected)
		eip = cpu->rip;
	/* PUSH Sreg writes only the word, as all recent processors do: SDM vol. 2, PUSH. */
	if (t->o32 &&
	    (row == 0x06 || row == 0x0e || row == 0x16 || row == 0x1e || row == 0x1a0 ||
	     row == 0x1a8) &&
	    o->accesses == 1)
		for (n = 2; n < 4; n++) {
			uint32_t at = o->trace[0].linear + n;

			if (at < MEMORY)
				theirs[at] = ours[at];
		}
	if ((row == 0x1bc || row == 0x1bd) && (o->flags & ZF))
		no_result = true;
	/* Unicorn gives a linear address where it stops by the count. */
	if (eip == base + (uint32_t)cpu->rip)
		eip = cpu->rip;
	for (n = 0; n < 8; n++) {
		uint32_t wrong = o->gpr[n] ^ cpu->gpr[n].d;

		/* the high half is undefined: SDM vol. 2, SMSW */
		if (row == 0x101 && t->form->reg == 4 && t->o32)
			wrong &= 0xffff;
		if (wrong && !no_result && row != 0x131)
			return "registers";
	}
	if ((o->flags ^ cpu->rflags) & mask)
		return "flags";
	if (eip != (uint32_t)cpu->rip)
		return "eip";
	if (o->out != out_ours)
		return "output";
	for (n = 0; n < 6; n++)
		if (o->selector[n] != cpu->seg[n].selector)
			return "segment";
	if ((o->cr0 ^ cpu->cr0) & 0xe005002f || o->cr3 != cpu->cr3 || o->cr4 != cpu->cr4)
		return "control register";
	if (m->protected &&
	    (o->ldtr != cpu->seg[DFW_LDTR].selector || o->tr != cpu->seg[DFW_TR].selector ||
	     o->tr_base != (uint32_t)cpu->seg[DFW_TR].base))
		return "ldtr or tr";
	if (no_result)
		return NULL;
	for (page = 0; page < PAGES; page++)
		if ((dirty[page] ||
		     (m->paged && page >= TABLES / 4096 && page < TABLES_END / 4096)) &&
		    memcmp(ours + page * 4096, theirs + page * 4096, 4096)) {
			for (n = 0; n < 4096; n++)
				if (ours[page * 4096 + n] != theirs[page * 4096 + n] && shown < 6)
					printf("#   %05x: ours %02x, theirs %02x\n",
					       page * 4096 + n, ours[page * 4096 + n],
					       theirs[page * 4096 + n]);
			return "memory";
		}
	return NULL;
}

/* Did the case write into its own code, or the JMP behind it? */
static bool wrote_code(const struct test *t, const struct outcome *o, uint32_t base)
{
	unsigned n, length = t->length + 2;

	for (n = 0; n < o->accesses && n < TRACE; n++)
		if (o->trace[n].write && o->trace[n].linear + o->trace[n].size > base &&
		    o->trace[n].linear < base + length)
			return true;
	return memcmp(ours + base, t->code, length) || memcmp(theirs + base, t->code, length);
}

/* Did Unicorn leave by a far transfer to where the new segment does not reach? */
static bool beyond_new_segment(const struct test *t, const struct outcome *o)
{
	uint16_t selector = o->selector[DFW_CS];
	uint32_t popped;

	if (!modes[t->mode].protected) {
		if ((t->form->row != 0xca && t->form->row != 0xcb) || !o->accesses ||
		    o->trace[0].linear > MEMORY - 4)
			return false;
		memcpy(&popped, theirs + o->trace[0].linear, 4);
		return t->o32 && popped > 0xffff;
	}
	if (selector & 4) /* make_tables: the third is a 16-bit one */
		return selector >> 3 == 3 && o->eip > 0xffff;
	return selector >> 3 < G_ENTRIES && o->eip > segment_of(selector).limit;
}

static void run_case(struct test *t, struct tally *tally)
{
	static struct outcome o;
	struct dfw_cpu cpu;
	static struct x86_slot slots[64];
	struct x86 x = {.cpu = &cpu, .ops = &ops, .slots = slots, .slots_mask = 63, .rep_batch = 0x10000};
	const struct mode *m = &modes[t->mode];
	unsigned row = t->form->row;
	enum x86_outcome outcome;
	uint32_t base, error = 0;
	const char *what = NULL;
	int vector = -1, other, segment_vector, violation, excuse;
	bool beyond;
	uint64_t until;

	clean(was_paged);
	was_paged = m->paged;
	choose_state(t);
	choose_code(t);
	aim(t);
	furnish(t);
	find_operand(t);
	base = (uint32_t)t->before.seg[DFW_CS].base + (uint32_t)t->before.rip;
	use_map = rnd() & 1;
	/* A look finds the length: Unicorn translates what follows, which is to be JMP $. */
	poke(base, t->code, sizeof(t->code));
	cpu = t->before;
	x86_peek(&x, cpu.rip);
	t->length = x.insn->length ? x.insn->length : 15; /* 0: cannot be fetched whole */
	memcpy(t->code + t->length, "\xeb\xfe", 2);
	poke(base, t->code, sizeof(t->code));
	outside = false;
	out_ours = 0;
	cpu = t->before;
	do
		outcome = x86_step(&x);
	while (outcome == X86_REPEAT);
	if (outcome == X86_FAULT) {
		vector = x.event.vector;
		error = x.event.error;
	}
	/* Software interrupts end in hooks there, in the IVT or a missing gate here. */
	if (row == 0xcc || row == 0xcd || row == 0xce || row == 0xf1) {
		int number = row == 0xcc   ? 3
			     : row == 0xce ? 4
			     : row == 0xf1 ? 1
					   : t->code[t->opcode_at + 1];

		if (t->mode == REAL && outcome == X86_DONE &&
		    cpu.seg[DFW_CS].selector == 0xe000 + number && cpu.rip == number * 16u)
			vector = number;
		/* the frame does not fit: a word would lie across FFFF */
		if (t->mode == REAL && vector == 12 && (t->before.gpr[DFW_RSP].w & 1) &&
		    t->before.gpr[DFW_RSP].w < 6)
			vector = number;
		if (t->mode != REAL && vector == 13 && error == number * 8u + 2 + (row == 0xf1)) {
			vector = number;
			error = 0;
		}
	}

	/* A branch target stops it before its translator meets what lies there. */
	until = (uint32_t)cpu.seg[DFW_CS].base + (uint32_t)cpu.rip;
	if (until == base || until == base + t->length)
		until = NOWHERE;
	if (t->rep)
		until = base + t->length;
	/* It would go on to the pages at the target. */
	if (m->paged && (until >= MEMORY || until < 4096)) {
		tally->outside++;
		return;
	}
	if (unicorn_cannot(t)) {
		o = (struct outcome){.vector = UD};
		tally->run++;
		if (vector != UD && !(vector == GP && t->length == 15)) {
			tally->bad++;
			show("exception", t, &cpu, &o, vector, error);
		}
		return;
	}
	unicorn_run(t, until, &o);
	if (wrote_code(t, &o, base)) { /* Unicorn starts anew, and may go on anywhere */
		memcpy(theirs, pristine, MEMORY);
		memcpy(ours, pristine, MEMORY);
		tally->outside++;
		return;
	}

	violation = segment_violation(t, &o, &segment_vector, &other);
	/* Unicorn finds an undefined group member after the access to its operand. */
	if ((!t->form->defined && vector == UD && (violation >= 0 || o.unmapped)) ||
	    (o.unmapped && (row == 0xa6 || row == 0xa7)) ||
	    (o.unmapped && vector == GP && t->length == 15)) {
		/* more than 15 bytes are noticed late */ /* reads the destination first */
		tally->outside++;
		return;
	}
	excuse = excused(t, &o, vector, error);
	if (excuse >= 0) {
		excuse_uses[excuse]++;
		tally->excused++;
		return;
	}
	/* the code segment: its end, and where a branch leads */
	beyond = t->before.rip + t->length - 1 > t->before.seg[DFW_CS].limit ||
		 ((o.vector < 0 || o.vector == PAGE_FAULT) && vector == 13 && !error &&
		  (o.eip - (uint32_t)t->before.seg[DFW_CS].base > t->before.seg[DFW_CS].limit ||
		   o.eip > t->before.seg[DFW_CS].limit || beyond_new_segment(t, &o)));
	if (port_forbidden(t)) {
		/* the memory operand of OUTS may come first */
		if (vector == 13 || (violation >= 0 && vector == segment_vector)) {
			tally->limits++;
			return;
		}
		what = "port";
	}
	if (violation >= 0 && (vector == segment_vector || vector == other) && !error) {
		tally->limits++;
		return;
	}
	if (what) {
	} else if (violation >= 0 && !beyond && o.vector != vector) {
		what = "segment violation";
	} else if (violation >= 0 && vector < 0) {
		what = "segment violation missed";
	} else if (beyond) {
		if (vector == 13 && !error) {
			tally->limits++;
			return;
		}
		if (o.vector != vector)
			what = "code segment's limit";
	} else if (outside || o.unmapped) {
		tally->outside++;
		return;
	} else if (o.vector != vector) {
		what = "exception";
	} else if (vector >= 0) {
		if (t->mode != REAL && vector >= 10 && vector <= 14 && o.error != error)
			what = "error code";
		else if (vector == PAGE_FAULT && o.cr2 != (uint32_t)cpu.cr2)
			what = "cr2";
	} else {
		what = compare(t, &cpu, &o);
	}
	tally->run++;
	if (what) {
		tally->bad++;
		show(what, t, &cpu, &o, vector, error);
	}
}

/* One line a form, then what Unicorn gets wrong and where that is settled. */
static void print_excuses(void)
{
	unsigned n;

	printf("\nUnicorn 2.0.1, where it is wrong | cases | the manual | settled in\n");
	for (n = 0; n < excuse_count; n++)
		printf("%s | %u | %s | %s\n", excuses[n].what, excuse_uses[n], excuses[n].manual,
		       excuses[n].vector);
}

int main(int argc, char **argv)
{
	const char *word = getenv("DFW_LONG");
	bool table = argc > 1 && !strcmp(argv[1], "--table"), is_long = word && *word;
	unsigned cases, least, f, m, n, round, failed = 0, total = 0, test = 0;
	const char *only;

	if (table)
		argc--, argv++;
	cases = argc > 1 ? strtoul(argv[1], NULL, 0) : is_long ? 500 : 40;
	least = argc > 1 || !is_long ? 0 : 5000;
	seed = (argc > 2 ? strtoull(argv[2], NULL, 0) : 1) * 0x9e3779b97f4a7c15ull + 1;
	only = argc > 3 ? argv[3] : NULL;
	setvbuf(stdout, NULL, _IOLBF, 0); /* the last line tells where Unicorn ended it */
	excuse_uses = calloc(excuse_count, sizeof(*excuse_uses));
	for (n = 0; n < MEMORY; n += 4)
		put_ptr(pristine + n, 4, operand());
	/* Where a branch leads there is a short block to translate, and nowhere what aborts it. */
	memset(pristine + CODE, 0xcc, 0x10000);
	for (n = 0; n < MEMORY - 1; n++)
		if (pristine[n] == 0xff && pristine[n + 1] >= 0xc0)
			pristine[n] = 0xcc;
	make_tables();
	memcpy(ours, pristine, MEMORY);
	memcpy(theirs, pristine, MEMORY);
	unicorn_start();
	memcpy(theirs, pristine, MEMORY);
	make_forms();
	if (form_count != FORMS) {
		printf("Bail out! the tables have %u forms to compare, not %u\n", form_count, FORMS);
		return 1;
	}
	if (table)
		printf("form | compared | stopped by a limit or the I/O map | beyond memory or own "
		       "code | excused | differ | compared with Bochs in the long run of cases.t\n");
	for (f = 0; f < form_count; f++) {
		const char *name = forms[f].name;
		struct tally sum = {0};
		unsigned elsewhere = is_rare(forms[f].row, forms[f].reg) ? rare_cases(forms[f].row) : 0;

		if (only && (strncmp(name, only, strlen(only)) || name[strlen(only)] != ' '))
			continue;
		shown = 0;
		for (round = 0; !round || (sum.run + sum.limits < least && round < 6); round++)
			for (m = 0; m < MODES; m++)
				for (n = 0; n < cases; n++) {
					struct test t = {.form = &forms[f], .mode = m};

					run_case(&t, &sum);
				}
		sum.bad += !elsewhere && sum.run + sum.limits < least;
		failed += sum.bad != 0;
		total += sum.run + sum.limits;
		test++;
		if (table)
			printf("%s | %u | %u | %u | %u | %u | %u\n", name, sum.run, sum.limits,
			       sum.outside, sum.excused, sum.bad, elsewhere);
		else
			printf("%sok %u - %s: %u compared, %u stopped, %u left out, %u excused, %u "
			       "differ\n",
			       sum.bad ? "not " : "", test, name, sum.run, sum.limits, sum.outside,
			       sum.excused, sum.bad);
	}
	if (table) {
		printf("\n%u forms, %u cases\n", test, total);
		print_excuses();
	} else {
		printf("1..%u\n", test);
	}
	return failed != 0;
}
