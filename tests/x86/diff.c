/* SPDX-License-Identifier: MIT
 *
 * The interpreter against an independent processor: every opcode form with random and edge
 * operands, in 16-bit real mode and in 32-bit flat protected mode, run by both x86_step and
 * libunicorn. Registers, defined flags, memory and the exception must agree.
 *
 *     diff.t [CASES [SEED [ROW]]]     cases per form; ROW in hexadecimal, 100 on for 0F xx
 *
 * Unicorn checks no segment limits: cases that only a limit stops are counted and left to
 * vectors.c. Undefined flags are masked by undefined_flags().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>
#include <x86/x86.h>

enum { MEMORY = 0x120000, PAGES = MEMORY / 4096 };
enum { CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, DF = 0x400, OF = 0x800 };

static uint8_t ours[MEMORY], theirs[MEMORY] __attribute__((aligned(4096)));
static uint8_t pristine[MEMORY];
static bool dirty[PAGES];
static bool outside, use_map;

static uint64_t seed;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dull >> 32;
}

/* Values at which carries, signs and counts change. */
static uint32_t operand(void)
{
	static const uint32_t edge[] = {0, 1, 2, 7, 8, 9, 0xf, 0x10, 0x1f, 0x20, 0x7f, 0x80, 0x99,
					0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff,
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

static void touch(uint64_t phys, unsigned len)
{
	if (phys / 4096 < PAGES)
		dirty[phys / 4096] = true;
	if ((phys + len - 1) / 4096 < PAGES)
		dirty[(phys + len - 1) / 4096] = true;
}

static void read_memory(void *world, uint64_t phys, void *dst, unsigned len)
{
	if (phys + len > MEMORY) {
		outside = true;
		memset(dst, 0xff, len);
		return;
	}
	memcpy(dst, ours + phys, len);
}

static void write_memory(void *world, uint64_t phys, const void *src, unsigned len)
{
	if (phys + len > MEMORY) {
		outside = true;
		return;
	}
	touch(phys, len);
	memcpy(ours + phys, src, len);
}

static void *map_memory(void *world, uint64_t phys, unsigned len, bool write)
{
	if (!use_map || phys + len > MEMORY)
		return NULL;
	if (write)
		touch(phys, len);
	return ours + phys;
}

static uint32_t port_value(uint16_t port, unsigned size)
{
	uint32_t v = port * 0x9e3779b1u;

	return size == 4 ? v : size == 2 ? v & 0xffff : v & 0xff;
}

static uint64_t out_ours, out_theirs;

static uint32_t in_port(void *world, uint16_t port, unsigned size)
{
	return port_value(port, size);
}

static void out_port(void *world, uint16_t port, unsigned size, uint32_t value)
{
	out_ours = out_ours * 31 + port * 7 + size + ((uint64_t)value << 20);
}

static bool read_msr(void *world, uint32_t index, uint64_t *value)
{
	return false;
}

static bool write_msr(void *world, uint32_t index, uint64_t value)
{
	return false;
}

static void no_cpuid(void *world, uint32_t regs[4])
{
}

static uint64_t no_rdtsc(void *world)
{
	return 0;
}

static const struct x86_ops ops = {
	.read = read_memory,
	.write = write_memory,
	.map = map_memory,
	.in = in_port,
	.out = out_port,
	.read_msr = read_msr,
	.write_msr = write_msr,
	.cpuid = no_cpuid,
	.rdtsc = no_rdtsc,
};

/* --- the other processor --- */

static int raised; /* vector, or -1 */
static bool invalid, unmapped;

static void on_interrupt(uc_engine *uc, uint32_t vector, void *user)
{
	raised = vector;
	uc_emu_stop(uc);
}

static void on_write(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
		     void *user)
{
	touch(address, size);
}

static bool on_unmapped(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
			void *user)
{
	unmapped = true;
	return false;
}

static bool on_invalid(uc_engine *uc, void *user)
{
	invalid = true;
	return false;
}

static uint32_t on_in(uc_engine *uc, uint32_t port, int size, void *user)
{
	return port_value(port, size);
}

static void on_out(uc_engine *uc, uint32_t port, int size, uint32_t value, void *user)
{
	value &= size == 4 ? 0xffffffffu : size == 2 ? 0xffff : 0xff;
	out_theirs = out_theirs * 31 + port * 7 + size + ((uint64_t)value << 20);
}

static uc_engine *engine(uc_mode mode)
{
	uc_engine *uc;
	uc_hook h;

	if (uc_open(UC_ARCH_X86, mode, &uc) || uc_mem_map_ptr(uc, 0, MEMORY, UC_PROT_ALL, theirs)) {
		printf("Bail out! unicorn does not start\n");
		exit(1);
	}
	uc_hook_add(uc, &h, UC_HOOK_INTR, (void *)on_interrupt, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_MEM_WRITE, (void *)on_write, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_MEM_UNMAPPED, (void *)on_unmapped, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_INSN_INVALID, (void *)on_invalid, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_INSN, (void *)on_in, NULL, 1, 0, UC_X86_INS_IN);
	uc_hook_add(uc, &h, UC_HOOK_INSN, (void *)on_out, NULL, 1, 0, UC_X86_INS_OUT);
	return uc;
}

static const int gpr_id[8] = {UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX,
			      UC_X86_REG_ESP, UC_X86_REG_EBP, UC_X86_REG_ESI, UC_X86_REG_EDI};
static const int seg_id[6] = {UC_X86_REG_ES, UC_X86_REG_CS, UC_X86_REG_SS,
			      UC_X86_REG_DS, UC_X86_REG_FS, UC_X86_REG_GS};

/* --- what is compared --- */

/* SDM vol. 2, each instruction's "Flags Affected", and vol. 1, appendix A */
static uint32_t undefined_flags(unsigned row, unsigned reg, unsigned count, unsigned bits,
				bool *result)
{
	*result = false;
	switch (row) {
	case 0x08 ... 0x0d:
	case 0x20 ... 0x25:
	case 0x30 ... 0x35:
	case 0x84:
	case 0x85:
	case 0xa8:
	case 0xa9:
		return AF;
	case 0x80 ... 0x83:
		return reg == 1 || reg == 4 || reg == 6 ? AF : 0;
	case 0x27:
	case 0x2f:
		return OF;
	case 0x37:
	case 0x3f:
		return OF | SF | ZF | PF;
	case 0xd4:
	case 0xd5:
		return OF | AF | CF;
	case 0xc0:
	case 0xc1:
	case 0xd0 ... 0xd3:
		count &= 31;
		if (!count)
			return 0;
		if (reg < 4)
			return count == 1 ? 0 : OF;
		return AF | (count == 1 ? 0 : OF) | (count >= bits && reg != 7 ? CF : 0);
	case 0x1a4:
	case 0x1a5:
	case 0x1ac:
	case 0x1ad:
		count &= 31;
		if (!count)
			return 0;
		if (count > bits) {
			*result = true;
			return CF | PF | AF | ZF | SF | OF;
		}
		return AF | (count == 1 ? 0 : OF);
	case 0x69:
	case 0x6b:
	case 0x1af:
		return SF | ZF | AF | PF;
	case 0xf6:
	case 0xf7:
		if (reg < 2)
			return AF;
		return reg >= 6 ? CF | PF | AF | ZF | SF | OF : reg >= 4 ? SF | ZF | AF | PF : 0;
	case 0x1a3:
	case 0x1ab:
	case 0x1b3:
	case 0x1bb:
	case 0x1ba:
		return OF | SF | AF | PF;
	case 0x1bc:
	case 0x1bd:
		return CF | OF | SF | AF | PF;
	}
	return 0;
}

/* Rows that need a world of their own (vectors.c), or run on the x87/SSE unit. */
static bool left_out(unsigned row)
{
	switch (row) {
	case 0x0f: /* prefixes */
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64 ... 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3:
	case 0x9b: /* WAIT */
	case 0xd8 ... 0xdf:
	case 0xf1: /* INT1 */
	case 0xf4: /* HLT */
	case 0x100 ... 0x11f:
	case 0x120 ... 0x13f:
	case 0x150 ... 0x17f:
	case 0x1a2: /* CPUID */
	case 0x1aa: /* RSM */
	case 0x1ae:
	case 0x1c2:
	case 0x1c4 ... 0x1c6:
	case 0x1d0 ... 0x1ff:
		return true;
	}
	return *x86_opcode_name(row) == 0;
}

/* Segment loads and far transfers in protected mode meet Unicorn's own ideas of a GDT. */
static bool real_mode_only(unsigned row)
{
	switch (row) {
	case 0x07:
	case 0x17:
	case 0x1f:
	case 0x63:
	case 0x8e:
	case 0x9a:
	case 0xc4:
	case 0xc5:
	case 0xca:
	case 0xcb:
	case 0xcf:
	case 0xea:
	case 0x1a1:
	case 0x1a9:
	case 0x1b2:
	case 0x1b4:
	case 0x1b5:
		return true;
	}
	return false;
}

static unsigned differences, shown;

struct tally {
	unsigned run, limits, outside, excused, bad;
};

/* Cases in which Unicorn 2.0 is known to be wrong; vectors.c has them. `after`: past the opcode. */
static bool wrong_there(unsigned row, const uint8_t *after, bool real)
{
	switch (row) {
	case 0xf6: /* reg 1 is TEST too */
	case 0xf7:
		return (after[0] & 0x38) == 8;
	case 0x8f: /* only reg 0 is defined: SDM vol. 2, table A-6 */
	case 0xc6:
	case 0xc7:
		return after[0] & 0x38;
	case 0xff: /* far transfers through a register stop its translator */
		return after[0] >= 0xc0 && ((after[0] & 0x38) == 0x18 || (after[0] & 0x38) == 0x28);
	case 0xc2: /* imm16 is not sign-extended */
		return !real && (after[1] & 0x80);
	case 0xc8: /* copies the instruction pointer for the outer frames */
		return (after[2] & 31) > 1;
	}
	return false;
}

static uc_context *fresh[2];

static void show(const char *what, unsigned row, const uint8_t *code, const struct dfw_cpu *before,
		 const struct dfw_cpu *cpu, const uint32_t *regs, uint32_t eip, uint32_t flags,
		 int ours_raised)
{
	static const char name[8][4] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
	unsigned n;

	if (shown++ > 60)
		return;
	printf("# %s: %s:", what, x86_opcode_name(row));
	for (n = 0; n < 15; n++)
		printf(" %02x", code[n]);
	printf("\n#   exception: ours %d, theirs %d%s\n", ours_raised, raised,
	       invalid ? " (invalid)" : "");
	for (n = 0; n < 8; n++)
		if (cpu->gpr[n].d != regs[n] || before->gpr[n].d != regs[n])
			printf("#   %s %08x -> ours %08x, theirs %08x\n", name[n],
			       before->gpr[n].d, cpu->gpr[n].d, regs[n]);
	printf("#   eip %08x -> ours %08x, theirs %08x; flags %08x -> ours %08x, theirs %08x\n",
	       (uint32_t)before->rip, (uint32_t)cpu->rip, eip, (uint32_t)before->rflags,
	       (uint32_t)cpu->rflags, flags);
}

/* Memory becomes the same on both sides again. */
static void clean(void)
{
	unsigned page;

	for (page = 0; page < PAGES; page++)
		if (dirty[page]) {
			memcpy(ours + page * 4096, pristine + page * 4096, 4096);
			memcpy(theirs + page * 4096, pristine + page * 4096, 4096);
			dirty[page] = false;
		}
}

static void run_case(uc_engine *uc, unsigned row, bool real, struct tally *t)
{
	struct dfw_cpu cpu, before;
	struct x86 x = {.cpu = &cpu, .ops = &ops, .rep_batch = 0x10000};
	uint8_t code[17];
	uint32_t regs[8], eip, flags, mask, base, count;
	unsigned n, len = 0, reg, page, bits;
	bool undefined_result, rep = false, skip_result = false, o66 = false;
	enum x86_outcome outcome;
	int ours_raised = -1;
	uint16_t sel;
	uint64_t until;
	uc_err err;

	/* the instruction: prefixes, opcode, random bytes that more often than not stay near */
	if (!(rnd() & 1)) {
		code[len++] = 0x66;
		o66 = true;
	}
	if (!(rnd() & 3))
		code[len++] = 0x67;
	if (!(rnd() & 7))
		code[len++] = (const uint8_t[]){0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65}[rnd() % 6];
	if ((row >= 0xa4 && row <= 0xaf && row != 0xa8 && row != 0xa9) ||
	    (row >= 0x6c && row <= 0x6f))
		if (rnd() & 1) {
			code[len++] = rnd() & 1 ? 0xf2 : 0xf3;
			rep = true;
		}
	if (row >= 0x100)
		code[len++] = 0x0f;
	code[len++] = row;
	for (n = len; n < 17; n++)
		code[n] = rnd();
	reg = code[len] >> 3 & 7;
	if (rnd() & 1)
		for (n = len + 3; n < 17; n++)
			code[n] = rnd() & 3 ? 0 : rnd() & 1 ? 0xff : rnd();

	/* the state */
	x86_reset(&cpu);
	for (n = 0; n < 8; n++)
		cpu.gpr[n].d = operand();
	if (real || (rnd() & 3))
		cpu.gpr[DFW_RSP].d = 0x1000 + (rnd() & 0x7ffe);
	cpu.rflags = 2 | (rnd() & (CF | PF | AF | ZF | SF | OF)) | (rnd() & 3 ? 0 : DF) |
		     (rnd() & 0x200);
	if (rep)
		cpu.gpr[DFW_RCX].d = rnd() % 40;
	for (n = 0; n < 6; n++) {
		sel = real ? rnd() & 0xffff : (n == DFW_CS ? 8 : 16);
		cpu.seg[n] = (struct dfw_segment){
			.selector = sel,
			.base = real ? (uint32_t)sel << 4 : 0,
			.limit = real ? 0xffff : 0xffffffff,
			.access_rights = real ? 0x93 : (n == DFW_CS ? 0xc09b : 0xc093)};
	}
	cpu.cr0 = real ? 0x10 : 0x11;
	cpu.rip = real ? rnd() & 0xffef : 0x20000 + (rnd() & 0x7ffff);
	cpu.idtr.limit = real ? 0x3ff : 0;
	cpu.gdtr.base = MEMORY - 4096;
	cpu.gdtr.limit = 23;
	cpu.seg[DFW_LDTR].access_rights |= DFW_AR_UNUSABLE;
	base = cpu.seg[DFW_CS].base + cpu.rip;
	before = cpu;

	if (base < 0x400)
		return;
	use_map = rnd() & 1;
	/* A first run finds the length: Unicorn translates what follows, which is to be JMP $. */
	for (n = 0; n < 2; n++) {
		clean();
		memcpy(ours + base, code, 17);
		touch(base, 17);
		outside = false;
		out_ours = 0;
		cpu = before;
		do
			outcome = x86_step(&x);
		while (outcome == X86_REPEAT);
		memcpy(code + x.insn.length, "\xeb\xfe", 2);
	}
	if (outcome == X86_FAULT)
		ours_raised = x.event.vector;
	uc_mem_write(uc, base, code, 17);
	uc_ctl_remove_cache(uc, base, base + 17);
	unmapped = invalid = false;
	raised = -1;
	out_theirs = 0;

	/* Software interrupts end in hooks there, in the IVT or a missing gate here. */
	if (row == 0xcc || row == 0xcd || row == 0xce) {
		unsigned vector = row == 0xcc ? 3 : row == 0xce ? 4 : x.insn.bytes[len];

		if (real && outcome == X86_DONE && cpu.seg[DFW_CS].selector == 0xe000 + vector &&
		    cpu.rip == vector * 16)
			ours_raised = vector;
		if (!real && ours_raised == 13 && x.event.error == vector * 8 + 2)
			ours_raised = vector;
	}

	if (ours_raised == 13 || ours_raised == 12) {
		t->limits++;
		return;
	}

	/* MOVNTI takes no 66: SDM vol. 2, "NP" */
	if (wrong_there(row, code + len, real) || (row == 0x1c3 && memchr(code, 0x66, len - 1))) {
		t->excused++;
		return;
	}
	if (memcmp(ours + base, code, 17)) { /* it wrote over itself */
		t->outside++;
		return;
	}

	/* An exception leaves Unicorn half on the way to a double fault. */
	uc_context_restore(uc, fresh[!real]);
	for (n = 0; n < 8; n++)
		uc_reg_write(uc, gpr_id[n], &before.gpr[n].d);
	if (real)
		for (n = 0; n < 6; n++)
			uc_reg_write(uc, seg_id[n], &before.seg[n].selector);
	flags = before.rflags;
	uc_reg_write(uc, UC_X86_REG_EFLAGS, &flags);
	/* A branch target stops it before its translator meets what lies there. */
	until = (uint32_t)cpu.seg[DFW_CS].base + (uint32_t)cpu.rip;
	if (until == base || until == base + x.insn.length)
		until = 0xffffffffff;
	err = uc_emu_start(uc, base, rep ? base + x.insn.length : until, 0, rep ? 100 : 1);
	for (n = 0; n < 8; n++)
		uc_reg_read(uc, gpr_id[n], &regs[n]);
	uc_reg_read(uc, UC_X86_REG_EIP, &eip);
	uc_reg_read(uc, UC_X86_REG_EFLAGS, &flags);
	/* Unicorn gives a linear address where it stops by the count. */
	if (real && eip == (uint32_t)cpu.seg[DFW_CS].base + (uint32_t)cpu.rip)
		eip = cpu.rip;
	if (err == UC_ERR_INSN_INVALID)
		invalid = true;

	if (outside || unmapped) {
		t->outside++;
		return;
	}
	t->run++;
	if (invalid)
		raised = 6;
	if (raised >= 0 || ours_raised >= 0) {
		if (raised != ours_raised) {
			t->bad++;
			show("exception", row, code, &before, &cpu, regs, eip, flags, ours_raised);
		}
		return;
	}

	bits = row == 0xc0 || row == 0xd0 || row == 0xd2 ? 8 : o66 == real ? 32 : 16;
	count = before.gpr[DFW_RCX].b[0];
	if (row == 0xc0 || row == 0xc1 || row == 0x1a4 || row == 0x1ac)
		count = x.insn.bytes[x.insn.length - 1];
	else if (row == 0xd0 || row == 0xd1)
		count = 1;
	mask = 0x8d5 | 0x700 | 0x4200 | 0x3000;
	mask &= ~undefined_flags(row, reg, count, bits, &undefined_result);
	/* BSF and BSR of 0 leave the destination undefined; so does a 16-bit BSWAP. */
	if ((row == 0x1bc || row == 0x1bd) && (flags & ZF))
		skip_result = true;
	if (row >= 0x1c8 && row <= 0x1cf && bits == 16)
		skip_result = true;
	skip_result |= undefined_result;
	/* Unicorn 2.0 loses a temporary when a shift by a variable count goes to memory. */
	if (code[len] < 0xc0 && ((row >= 0xd2 && row <= 0xd3) || (row >= 0x1a4 && row <= 0x1ad)))
		mask &= ~(CF | OF);

	/* ENTER writes EBP by its operand's size, Unicorn 2.0 by the stack's. Bochs: vectors.c */
	if (row == 0xc8 && o66)
		regs[DFW_RBP] = cpu.gpr[DFW_RBP].d;
	for (n = 0; n < 8; n++)
		if (regs[n] != cpu.gpr[n].d && !skip_result)
			break;
	if (n < 8 || (flags & mask) != (cpu.rflags & mask) ||
	    eip != (uint32_t)cpu.rip || out_ours != out_theirs) {
		t->bad++;
		show("state", row, code, &before, &cpu, regs, eip, flags, ours_raised);
		return;
	}
	if (real)
		for (n = 0; n < 6; n++) {
			uc_reg_read(uc, seg_id[n], &sel);
			if (sel != cpu.seg[n].selector ||
			    cpu.seg[n].base != (uint32_t)cpu.seg[n].selector << 4) {
				t->bad++;
				show("segment", row, code, &before, &cpu, regs, eip, flags, n);
				return;
			}
		}
	if (skip_result)
		return;
	/* PUSH Sreg writes only the word, as all recent processors do: SDM vol. 2, PUSH. */
	if (o66 == real && (row == 0x06 || row == 0x0e || row == 0x16 || row == 0x1e ||
			    row == 0x1a0 || row == 0x1a8)) {
		uint32_t at = (uint32_t)cpu.seg[DFW_SS].base +
			      (real ? cpu.gpr[DFW_RSP].w : cpu.gpr[DFW_RSP].d);

		memcpy(theirs + at + 2, ours + at + 2, 2);
	}
	for (page = 0; page < PAGES; page++)
		if (dirty[page] && memcmp(ours + page * 4096, theirs + page * 4096, 4096)) {
			t->bad++;
			show("memory", row, code, &before, &cpu, regs, eip, flags, ours_raised);
			for (n = 0; n < 4096; n++)
				if (ours[page * 4096 + n] != theirs[page * 4096 + n] && shown < 60)
					printf("#   %05x: ours %02x, theirs %02x\n",
					       page * 4096 + n, ours[page * 4096 + n],
					       theirs[page * 4096 + n]);
			return;
		}
}

static void protect(uc_engine *uc)
{
	/* null, flat code, flat data, at the end of memory */
	static const uint64_t gdt[] = {0, 0x00cf9b000000ffff, 0x00cf93000000ffff};
	uc_x86_mmr gdtr = {.base = MEMORY - 4096, .limit = sizeof(gdt) - 1};
	unsigned n;
	uint16_t sel;

	memcpy(pristine + MEMORY - 4096, gdt, sizeof(gdt));
	memcpy(theirs + MEMORY - 4096, gdt, sizeof(gdt));
	memcpy(ours + MEMORY - 4096, gdt, sizeof(gdt));
	uc_reg_write(uc, UC_X86_REG_GDTR, &gdtr);
	for (n = 0; n < 6; n++) {
		sel = n == DFW_CS ? 8 : 16;
		uc_reg_write(uc, seg_id[n], &sel);
	}
}

int main(int argc, char **argv)
{
	unsigned cases = argc > 1 ? atoi(argv[1]) : 60, row, n, test = 0, mode, only = 0x1000;
	uc_engine *uc[2];

	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	if (argc > 3)
		only = strtoul(argv[3], NULL, 16);
	seed = seed * 0x9e3779b97f4a7c15ull + 1;
	for (n = 0; n < MEMORY; n += 4)
		*(uint32_t *)(pristine + n) = operand();
	for (n = 0; n < 256; n++) {
		*(uint16_t *)(pristine + 4 * n) = n * 16;
		*(uint16_t *)(pristine + 4 * n + 2) = 0xe000 + n;
	}
	memcpy(ours, pristine, MEMORY);
	memcpy(theirs, pristine, MEMORY);
	uc[0] = engine(UC_MODE_16);
	uc[1] = engine(UC_MODE_32);
	protect(uc[1]);
	for (n = 0; n < 2; n++) {
		uc_context_alloc(uc[n], &fresh[n]);
		uc_context_save(uc[n], fresh[n]);
	}
	for (row = 0; row < 512; row++) {
		if (left_out(row) || (only < 512 && only != row))
			continue;
		for (mode = 0; mode < 2; mode++) {
			struct tally t = {0};

			if (mode && real_mode_only(row))
				continue;
			shown = 0;
			for (n = 0; n < cases; n++)
				run_case(uc[mode], row, !mode, &t);
			printf("%sok %u - %s %s%02X %s: %u compared, %u limits, %u outside, %u excused, %u differ\n",
			       t.bad ? "not " : "", ++test, mode ? "protected" : "real",
			       row >= 0x100 ? "0F " : "", row & 0xff, x86_opcode_name(row), t.run,
			       t.limits, t.outside, t.excused, t.bad);
			differences += t.bad;
		}
	}
	printf("1..%u\n", test);
	return differences != 0;
}
