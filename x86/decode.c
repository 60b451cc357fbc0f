/* SPDX-License-Identifier: MIT
 *
 * From bytes to struct insn: prefixes, opcode, ModRM and SIB, immediates; the operands by their
 * kind. SDM vol. 2, chapter 2. And one step: decode, check what the tables say, run, retire.
 */
#include "internal.h"

/* All 15 bytes that an instruction can have are there, in nearly every case. */
static inline void begin(struct insn *i)
{
	const struct dfw_segment *cs = &i->cpu->seg[DFW_CS];
	uint32_t off = i->cpu->rip, linear = (uint32_t)cs->base + off;
	uint8_t *bytes = i->x->insn.bytes;
	const void *code;

	i->at = i->end = bytes;
	if (__builtin_expect(off > cs->limit || cs->limit - off < 14 ||
			     (cs->access_rights & (DFW_AR_CODE | DFW_AR_EXPAND)) == DFW_AR_EXPAND, 0))
		return; /* in part, or expand-down: x86_fetch looks closer */
	code = flat_memory(i, linear, 15);
	if (__builtin_expect(!code, 0))
		return;
	__builtin_memcpy(bytes, code, 15);
	i->end = bytes + 15;
}

static inline uint8_t next8(struct insn *i)
{
	const uint8_t *at = i->at;

	if (__builtin_expect(at == i->end, 0))
		x86_fetch(i);
	i->at = at + 1;
	return *at;
}

/* size: 1, 2 or 4 */
static __attribute__((noinline)) uint32_t next(struct insn *i, unsigned size)
{
	const uint8_t *at = i->at;

	while (__builtin_expect(i->end - at < (int)size, 0))
		x86_fetch(i);
	i->at = at + size;
	return get_ptr(at, size);
}

/* SDM vol. 2, table 2-1 */
static void address16(struct insn *i)
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
			ea = next(i, 2);
		}
		break;
	case 7:
		ea = r[DFW_RBX].w;
		break;
	}
	if (mod == 1)
		ea += (int8_t)next8(i);
	else if (mod == 2)
		ea += next(i, 2);
	i->ea = ea & 0xffff;
	i->seg = i->override ? i->override - 1u : seg;
}

/* SDM vol. 2, tables 2-2 and 2-3 */
static __attribute__((noinline)) void address32(struct insn *i)
{
	const union dfw_reg *r = i->cpu->gpr;
	unsigned mod = i->modrm >> 6, base = i->modrm & 7, seg = DFW_DS;
	uint32_t ea = 0;

	if (base == 4) {
		uint8_t sib = next8(i);
		unsigned index = sib >> 3 & 7;

		base = sib & 7;
		if (index != 4)
			ea = r[index].d << (sib >> 6);
		i->esp_base = base == DFW_RSP;
	}
	if (base == 5 && !mod) {
		ea += next(i, 4);
	} else {
		ea += r[base].d;
		if (base == DFW_RSP || base == DFW_RBP)
			seg = DFW_SS;
	}
	if (mod == 1)
		ea += (int8_t)next8(i);
	else if (mod == 2)
		ea += next(i, 4);
	i->ea = ea;
	i->seg = i->override ? i->override - 1u : seg;
}

static void immediates(struct insn *i)
{
	uint32_t *imm = &i->imm;
	const uint8_t *operand = i->operand;
	unsigned n, kind;

	for (n = 0; n < 3 && (kind = operand[n]) != None; n++) {

		switch (METHOD(kind)) {
		case M_I:
		case M_J:
			if (SIZE(kind) == S_s)
				*imm = (int8_t)next8(i);
			else
				*imm = next(i, operand_size(i, kind));
			imm = &i->imm2;
			break;
		case M_O:
			i->ea = next(i, i->asize);
			i->seg = i->override ? i->override - 1 : DFW_DS;
			break;
		case M_A:
			i->imm = next(i, i->osize);
			i->imm2 = next(i, 2);
			break;
		}
	}
}

/* Leaves i->eip past the instruction. The row, of the group where the opcode names one. */
static inline const struct row *decode(struct insn *i)
{
	const struct row *row;
	struct x86_insn *shown = &i->x->insn;
	unsigned opcode, flags;
	unsigned wide = i->cpu->seg[DFW_CS].access_rights & DFW_AR_DB ? 4 : 2;

	i->osize = i->asize = wide;
	begin(i);
	for (;;) {
		opcode = next8(i);
		row = &x86_opcodes[opcode];
		if (__builtin_expect(!(row->flags & PREFIX), 1))
			break;
		if (opcode == 0x0f) {
			opcode = 0x100 + next8(i);
			row = &x86_opcodes[opcode];
			if ((opcode & ~2u) == 0x138)
				i->third = next8(i);
			break;
		}
		switch (opcode) {
		case 0x26:
			i->override = 1 + DFW_ES;
			break;
		case 0x2e:
			i->override = 1 + DFW_CS;
			break;
		case 0x36:
			i->override = 1 + DFW_SS;
			break;
		case 0x3e:
			i->override = 1 + DFW_DS;
			break;
		case 0x64:
			i->override = 1 + DFW_FS;
			break;
		case 0x65:
			i->override = 1 + DFW_GS;
			break;
		case 0x66:
			i->osize = 6 - wide;
			break;
		case 0x67:
			i->asize = 6 - wide;
			break;
		case 0xf0:
			i->lock = true;
			break;
		default:
			i->rep = opcode;
		}
	}
	i->opcode = opcode;
	shown->row = opcode;
	i->operand = row->operand;
	flags = row->flags;
	if (flags & HAS_MODRM) {
		i->modrm = next8(i);
		if (__builtin_expect((opcode & ~3u) == 0x120, 0))
			i->modrm |= 0xc0; /* SDM vol. 2, MOV to CR and DR: mod counts as 11b */
		shown->modrm = i->modrm;
		if (flags & GROUP) {
			row = &x86_groups[row->operand[2]][modrm_reg(i)];
			if (row->operand[0])
				i->operand = row->operand;
			flags |= row->flags;
		}
		if (is_memory(i)) {
			if (i->asize == 2)
				address16(i);
			else
				address32(i);
		}
	}
	if (flags & HAS_IMM) {
		i->fixed = i->at - shown->bytes;
		immediates(i);
	}
	shown->length = i->at - shown->bytes;
	i->eip = (uint32_t)i->cpu->rip + shown->length;
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

static void check_row(struct insn *i, unsigned flags)
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

/* What x86_peek tells. */
static bool show(const struct insn *i)
{
	struct x86_insn *shown = &i->x->insn;

	shown->fixed = i->fixed ? i->fixed : shown->length;
	shown->prefixed = i->lock || i->rep;
	shown->osize = i->osize;
	shown->segment = i->seg;
	shown->imm = i->imm;
	return true;
}

/* Everything of a step that may fault, or of a peek; kept apart so that nothing lives across setjmp. */
static __attribute__((noinline)) enum x86_outcome work(struct x86 *x, bool peek)
{
	struct dfw_cpu *cpu = x->cpu;
	struct insn insn, *i = &insn;
	const struct row *row;
	uint32_t tf = cpu->rflags & TF, shadow = cpu->interruptibility;

	x86_start(i, x);
	if (__builtin_expect(cpu->dr7 & DR7_ENABLES, 0) && !peek &&
	    !(cpu->rflags & RF) && !(shadow & DFW_BLOCKED_BY_MOV_SS)) {
		uint32_t hit = x86_breakpoints(
			cpu, (uint32_t)cpu->seg[DFW_CS].base + (uint32_t)cpu->rip, 1, 0);

		if (hit) {
			cpu->pending_debug |= hit;
			x86_raise(i, DB);
		}
	}
	x->insn.known = true;
	i->fetch = peek ? FETCH | PEEK : FETCH;
	i->seg = DFW_SEGS;
	i->fixed = 0;
	row = i->row = decode(i);
	if (peek)
		return show(i) && row->run ? X86_DONE : X86_FAULT;
	if (__builtin_expect(!row->run, 0))
		x86_raise(i, UD);
	if (__builtin_expect((row->flags & (PE | CPL0)) || i->lock, 0))
		check_row(i, row->flags);
	cpu->interruptibility = shadow & ~(DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS);
	row->run(i);
	cpu->rip = i->eip;
	if (__builtin_expect(i->rip_high, 0))
		cpu->rip |= (uint64_t)i->rip_high << 32;
	if (!i->keep_rf)
		cpu->rflags &= ~(uint64_t)RF;
	if (__builtin_expect(i->debug | tf, 0)) {
		cpu->pending_debug |= i->debug;
		if (tf && !i->no_trap)
			cpu->pending_debug |= DR6_BS;
	}
	return i->outcome;
}

enum x86_outcome x86_step(struct x86 *x)
{
	x->shadow = x->cpu->interruptibility;
	if (__builtin_setjmp(x->unwind) == 0)
		return work(x, false);
	x->cpu->interruptibility = x->shadow;
	return X86_FAULT;
}

bool x86_peek(struct x86 *x, uint32_t eip)
{
	uint64_t rip = x->cpu->rip, cr2 = x->cpu->cr2;
	bool known = false;

	x->cpu->rip = eip;
	if (__builtin_setjmp(x->unwind) == 0)
		known = work(x, true) == X86_DONE;
	x->cpu->rip = rip;
	x->cpu->cr2 = cr2;
	return known;
}
