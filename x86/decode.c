/* SPDX-License-Identifier: MIT
 *
 * From bytes to struct insn: prefixes, opcode, ModRM and SIB, immediates; the operands by their
 * kind. SDM vol. 2, chapter 2. And one step: decode, check what the tables say, run, retire.
 */
#include "internal.h"

/* All 15 bytes that an instruction can have are there, in nearly every case; else x86_fetch looks closer. */
static inline void begin(struct insn *i, const struct x86 *x, const struct dfw_cpu *cpu, uint8_t *bytes)
{
	const struct dfw_segment *cs = &cpu->seg[DFW_CS];
	uint32_t off = cpu->rip, linear;
	const void *code = NULL;

	if (__builtin_expect(!(cs->access_rights & DFW_AR_EXPAND) && off <= cs->limit && cs->limit - off >= 14, 1)) {
		linear = (uint32_t)cs->base + off;
		if (__builtin_expect(linear < i->flat_size && i->flat_size - linear >= 15, 1)) {
			code = x->flat + linear;
			goto found;
		}
		code = flat_high_memory(i, linear, 15);
	}
	if (__builtin_expect(!code, 0)) {
		i->end = bytes;
		return;
	}
found:
	__builtin_memcpy(bytes, code, 15);
	i->end = bytes + 15;
}

/* SDM vol. 2, table 2-1 */
static inline const uint8_t *address16(struct insn *i, const uint8_t *at)
{
	const union dfw_reg *r = i->cpu->gpr;
	unsigned mod = i->modrm >> 6, seg = DFW_DS;
	uint32_t ea = 0;

	switch (i->modrm & 7) {
	case 0:
		ea = r[DFW_RBX].w + r[DFW_RSI].w;
		break;
	case 1:
		ea = r[DFW_RBX].w + r[DFW_RDI].w;
		break;
	case 2:
		ea = r[DFW_RBP].w + r[DFW_RSI].w;
		seg = DFW_SS;
		break;
	case 3:
		ea = r[DFW_RBP].w + r[DFW_RDI].w;
		seg = DFW_SS;
		break;
	case 4:
		ea = r[DFW_RSI].w;
		break;
	case 5:
		ea = r[DFW_RDI].w;
		break;
	case 6:
		if (mod) {
			ea = r[DFW_RBP].w;
			seg = DFW_SS;
		} else {
			ea = get_ptr(at, 2);
			at += 2;
		}
		break;
	case 7:
		ea = r[DFW_RBX].w;
		break;
	}
	if (mod == 1) {
		ea += (int8_t)*at++;
	} else if (mod == 2) {
		ea += get_ptr(at, 2);
		at += 2;
	}
	i->ea = ea & 0xffff;
	i->seg = i->override ? i->override - 1u : seg;
	return at;
}

/* SDM vol. 2, tables 2-2 and 2-3 */
static inline const uint8_t *address32(struct insn *i, const uint8_t *at)
{
	const union dfw_reg *r = i->cpu->gpr;
	unsigned mod = i->modrm >> 6, base = i->modrm & 7, seg = DFW_DS;
	uint32_t ea = 0;

	if (base == 4) {
		uint8_t sib = *at++;
		unsigned index = sib >> 3 & 7;

		base = sib & 7;
		if (index != 4)
			ea = r[index].d << (sib >> 6);
		i->esp_base = base == DFW_RSP;
	}
	if (base == 5 && !mod) {
		ea += get_ptr(at, 4);
		at += 4;
	} else {
		ea += r[base].d;
		if (base == DFW_RSP || base == DFW_RBP)
			seg = DFW_SS;
	}
	if (mod == 1) {
		ea += (int8_t)*at++;
	} else if (mod == 2) {
		ea += get_ptr(at, 4);
		at += 4;
	}
	i->ea = ea;
	i->seg = i->override ? i->override - 1u : seg;
	return at;
}

static inline const uint8_t *immediates(struct insn *i, const uint8_t *at)
{
	uint32_t *imm = &i->imm;
	const uint8_t *operand = i->operand;
	unsigned n, kind, size;

	for (n = 0; n < 3 && (kind = operand[n]) != None; n++) {
		switch (METHOD(kind)) {
		case M_I:
		case M_J:
			if (SIZE(kind) == S_s) {
				*imm = (int8_t)*at++;
			} else {
				size = operand_size(i, kind);
				*imm = get_ptr(at, size);
				at += size;
			}
			imm = &i->imm2;
			break;
		case M_O:
			i->ea = get_ptr(at, i->asize);
			at += i->asize;
			i->seg = i->override ? i->override - 1 : DFW_DS;
			break;
		case M_A:
			i->imm = get_ptr(at, i->osize);
			at += i->osize;
			i->imm2 = get_ptr(at, 2);
			at += 2;
			break;
		}
	}
	return at;
}

/*
 * Takes bytes as if all were there; where it took more than were fetched, x86_fetch gets more, or faults,
 * and it starts again. Leaves i->eip past the instruction. The row, of the group where the opcode names
 * one.
 */
static inline __attribute__((always_inline)) const struct row *decode(struct insn *i, struct x86 *x,
									 const struct dfw_cpu *cpu)
{
	uint8_t *const bytes = x->insn.bytes;
	const struct row *row;
	const uint8_t *at;
	unsigned opcode, flags, wide;

	begin(i, x, cpu, bytes);
again:
	wide = (cpu->seg[DFW_CS].access_rights >> 13 & 2) + 2; /* DFW_AR_DB */
	i->osize = i->asize = wide;
	i->prefixes = i->imm = 0;
	i->seg = DFW_SEGS;
	at = bytes;
	for (;;) {
		opcode = *at++;
		row = &x86_opcodes[opcode];
		if (__builtin_expect(!(row->flags & PREFIX), 1))
			break;
		if (opcode == 0x0f) {
			opcode = 0x100 + *at++;
			row = &x86_opcodes[opcode];
			if (__builtin_expect((opcode & ~2u) == 0x138, 0))
				i->third = *at++;
			break;
		}
		if (__builtin_expect(at > bytes + 15, 0)) /* too long already */
			break;
		if (row->operand[0])
			i->override = 1 + SIZE(row->operand[0]);
		else if (opcode == 0x66)
			i->osize = 6 - wide;
		else if (opcode == 0x67)
			i->asize = 6 - wide;
		else if (opcode == 0xf0)
			i->lock = true;
		else
			i->rep = opcode;
	}
	i->opcode = opcode;
	x->insn.row = opcode;
	i->operand = row->operand;
	flags = row->flags;
	if (flags & HAS_MODRM) {
		unsigned modrm = *at++;

		if (__builtin_expect((opcode & ~3u) == 0x120, 0))
			modrm |= 0xc0; /* SDM vol. 2, MOV to CR and DR: mod counts as 11b */
		i->modrm = x->insn.modrm = modrm;
		if (flags & GROUP) {
			row = &x86_groups[row->operand[2]][modrm >> 3 & 7];
			if (row->operand[0])
				i->operand = row->operand;
			flags |= row->flags;
		}
		if (modrm < 0xc0)
			at = i->asize == 2 ? address16(i, at) : address32(i, at);
	}
	if (flags & HAS_IMM) {
		i->fixed = at - bytes;
		at = immediates(i, at);
	}
	if (__builtin_expect(at > i->end, 0)) {
		x86_fetch(i);
		i->fixed = 0;
		goto again;
	}
	x->insn.length = at - bytes;
	i->eip = (uint32_t)cpu->rip + (at - bytes);
	return row;
}

/* Where an operand is: the number of a general register, or ... */
enum { IN_MEMORY = 8, IN_SELECTOR, IN_INSTRUCTION };

static inline unsigned whereabouts(struct insn *i, unsigned kind)
{
	switch (METHOD(kind)) {
	case M_E:
		return is_memory(i) ? IN_MEMORY : i->modrm & 7;
	case M_M:
		if (!is_memory(i))
			x86_raise(i, UD);
		return IN_MEMORY;
	case M_O:
		return IN_MEMORY;
	case M_G:
		return modrm_reg(i);
	case M_R:
		return i->modrm & 7;
	case M_Z:
		return i->opcode & 7;
	case M_ACCUMULATOR:
		return DFW_RAX;
	case M_CL:
		return DFW_RCX;
	case M_DX:
		return DFW_RDX;
	case M_SEG:
	case M_S:
		return IN_SELECTOR;
	}
	return IN_INSTRUCTION;
}

static inline uint16_t *selector_operand(struct insn *i, unsigned kind)
{
	return &i->cpu->seg[METHOD(kind) == M_SEG ? SIZE(kind) : modrm_reg(i)].selector;
}

static inline uint32_t *immediate_operand(struct insn *i, unsigned n, unsigned kind)
{
	if (METHOD(kind) == M_ONE)
		i->imm = 1;
	return n && METHOD(i->operand[n - 1]) == M_I ? &i->imm2 : &i->imm;
}

void x86_operand(struct insn *i, struct place *p, unsigned n, unsigned access)
{
	unsigned kind = i->operand[n], size = operand_size(i, kind), where = whereabouts(i, kind);

	p->size = size;
	if (where < IN_MEMORY) {
		p->ptr = reg_ptr(i->cpu, where, size);
	} else if (where == IN_MEMORY) {
		place_memory(i, p, i->seg, i->ea, size, access);
	} else if (where == IN_SELECTOR) {
		p->ptr = selector_operand(i, kind);
		p->size = 2;
	} else {
		p->ptr = immediate_operand(i, n, kind);
	}
}

uint32_t x86_load(struct insn *i, unsigned n)
{
	unsigned kind = i->operand[n], size = operand_size(i, kind), where = whereabouts(i, kind);

	if (where < IN_MEMORY)
		return get_ptr(reg_ptr(i->cpu, where, size), size);
	if (where == IN_MEMORY)
		return read_memory(i, i->seg, i->ea, size);
	if (where == IN_SELECTOR)
		return *selector_operand(i, kind);
	return *immediate_operand(i, n, kind) & size_mask(size);
}

void x86_store(struct insn *i, unsigned n, uint32_t value)
{
	unsigned kind = i->operand[n], size = operand_size(i, kind), where = whereabouts(i, kind);

	if (where < IN_MEMORY)
		put_ptr(reg_ptr(i->cpu, where, size), size, value);
	else if (where == IN_MEMORY)
		write_memory(i, i->seg, i->ea, size, value);
	else
		*selector_operand(i, kind) = value;
}

/* --- a step --- */

static COLD __attribute__((noinline)) void check_row(struct insn *i, unsigned flags)
{
	if (i->lock && (!(flags & LOCK) || !is_memory(i)))
		x86_raise(i, UD);
	if ((flags & PE) && !is_protected(i->cpu))
		x86_raise(i, UD);
	if ((flags & CPL0) && cpl(i->cpu)) {
		/* The register forms of LGDT, LIDT and INVLPG are other, undefined opcodes. */
		if (METHOD(i->operand[0]) == M_M && !is_memory(i))
			x86_raise(i, UD);
		/* An undefined CR is found in decoding, before: SDM vol. 3, table 6-2. */
		if ((i->opcode & ~2u) == 0x20 && !(0x1d >> modrm_reg(i) & 1))
			x86_raise(i, UD);
		x86_raise_error(i, GP, 0);
	}
}

static COLD __attribute__((noinline)) void code_breakpoints(struct insn *i)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t hit;

	if (i->fetch != FETCH || !(cpu->dr7 & DR7_ENABLES) || (cpu->rflags & RF) || (cpu->interruptibility & DFW_BLOCKED_BY_MOV_SS))
		return;
	hit = x86_breakpoints(cpu, (uint32_t)cpu->seg[DFW_CS].base + (uint32_t)cpu->rip, 1, 0);
	if (hit) {
		cpu->pending_debug |= hit;
		x86_raise(i, DB);
	}
}

/* What is seldom: REP between iterations, HLT, traps after the instruction, IA-32e mode. */
static COLD __attribute__((noinline)) enum x86_outcome retire(struct insn *i)
{
	struct dfw_cpu *cpu = i->cpu;

	cpu->rip |= (uint64_t)i->rip_high << 32;
	if (!i->keep_rf)
		cpu->rflags &= ~(uint64_t)RF;
	cpu->pending_debug |= i->debug;
	if (i->trap && !i->no_trap)
		cpu->pending_debug |= DR6_BS;
	return i->outcome;
}

/* What x86_peek tells. */
static COLD __attribute__((noinline)) enum x86_outcome show(const struct insn *i)
{
	struct x86_insn *shown = &i->x->insn;

	shown->fixed = i->fixed ? i->fixed : shown->length;
	shown->prefixed = i->lock || i->rep;
	shown->osize = i->osize;
	shown->segment = i->seg;
	shown->imm = i->imm;
	return i->row->run ? X86_DONE : X86_FAULT;
}

/* Everything of a step that may fault, or of a peek; kept apart so that nothing lives across setjmp. */
static __attribute__((noinline)) enum x86_outcome work(struct x86 *x, struct dfw_cpu *cpu, unsigned fetch)
{
	struct insn insn, *i = &insn;
	const struct row *row;
	unsigned flags;

	x86_start(i, x);
	i->fetch = fetch;
	i->fixed = 0;
	x->insn.known = true;
	if (__builtin_expect(!i->flat_size, 0))
		code_breakpoints(i);
	row = i->row = decode(i, x, cpu);
	if (__builtin_expect(i->fetch != FETCH, 0))
		return show(i);
	if (__builtin_expect(!row->run, 0))
		x86_raise(i, UD);
	flags = row->flags;
	x->insn.state = flags & CHANGES;
	if (__builtin_expect(((flags & CPL0) && ((uint32_t)cpu->cr0 & CR0_PE)) || (flags & PE) || i->lock, 0))
		check_row(i, flags);
	cpu->interruptibility &= ~(uint32_t)(DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS);
	row->run(i);
	cpu->rip = i->eip;
	if (__builtin_expect(i->ending | i->debug | i->trap | i->rip_high, 0))
		return retire(i);
	cpu->rflags &= ~(uint64_t)RF;
	return X86_DONE;
}

enum x86_outcome x86_step(struct x86 *x)
{
	struct dfw_cpu *cpu = x->cpu;

	x->shadow = cpu->interruptibility;
	if (__builtin_setjmp(x->unwind) == 0)
		return work(x, cpu, FETCH);
	x->cpu->interruptibility = x->shadow;
	return X86_FAULT;
}

COLD bool x86_peek(struct x86 *x, uint32_t eip)
{
	uint64_t rip = x->cpu->rip, cr2 = x->cpu->cr2;
	bool known = false;

	x->cpu->rip = eip;
	if (__builtin_setjmp(x->unwind) == 0)
		known = work(x, x->cpu, FETCH | PEEK) == X86_DONE;
	x->cpu->rip = rip;
	x->cpu->cr2 = cr2;
	return known;
}
