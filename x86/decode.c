/* SPDX-License-Identifier: MIT
 *
 * From bytes to struct insn: prefixes, opcode, ModRM and SIB, immediates; then the operands by
 * their kind. SDM vol. 2, chapter 2.
 */
#include "internal.h"

static inline uint8_t next8(struct insn *i)
{
	if (__builtin_expect(i->pos == i->have, 0))
		x86_fetch(i);
	return i->x->insn.bytes[i->pos++];
}

static uint32_t next(struct insn *i, unsigned size)
{
	uint32_t value = 0;
	unsigned n;

	if (__builtin_expect(i->have - i->pos >= (int)size, 1)) {
		value = get_ptr(i->x->insn.bytes + i->pos, size);
		i->pos += size;
		return value;
	}
	for (n = 0; n < size; n++)
		value |= (uint32_t)next8(i) << 8 * n;
	return value;
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
static void address32(struct insn *i)
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
	unsigned n;

	for (n = 0; n < 3; n++) {
		unsigned kind = i->operand[n];

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

/* Leaves i->eip past the instruction. */
void x86_decode(struct insn *i)
{
	const struct row *row;
	struct x86_insn *shown = &i->x->insn;
	unsigned opcode, flags;
	bool wide = i->cpu->seg[DFW_CS].access_rights & DFW_AR_DB, o = wide, a = wide;

	for (;;) {
		opcode = next8(i);
		row = &x86_opcodes[opcode];
		if (__builtin_expect(!(row->flags & PREFIX), 1))
			break;
		switch (opcode) {
		case 0x0f:
			opcode = 0x100 + next8(i);
			row = &x86_opcodes[opcode];
			if (opcode == 0x138 || opcode == 0x13a)
				i->third = next8(i);
			goto found;
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
			o = !wide;
			break;
		case 0x67:
			a = !wide;
			break;
		case 0xf0:
			i->lock = true;
			break;
		default:
			i->rep = opcode;
		}
	}
found:
	i->osize = o ? 4 : 2;
	i->asize = a ? 4 : 2;
	i->opcode = opcode;
	shown->row = opcode;
	i->row = row;
	i->operand = row->operand;
	flags = row->flags;
	if (flags & HAS_MODRM) {
		i->modrm = shown->modrm = next8(i);
		if (flags & GROUP) {
			i->row = &x86_groups[row->operand[2]][modrm_reg(i)];
			if (i->row->operand[0])
				i->operand = i->row->operand;
			flags |= i->row->flags;
		}
		if (is_memory(i)) {
			if (i->asize == 2)
				address16(i);
			else
				address32(i);
		}
	}
	if (flags & HAS_IMM) {
		i->fixed = i->pos;
		immediates(i);
	}
	shown->length = i->pos;
	i->eip = (uint32_t)i->cpu->rip + i->pos;
}

void x86_operand(struct insn *i, struct place *p, unsigned n, unsigned access)
{
	unsigned kind = i->operand[n], size = operand_size(i, kind), reg;

	switch (METHOD(kind)) {
	case M_E:
	case M_M:
		if (is_memory(i)) {
			place_memory(i, p, i->seg, i->ea, size, access);
			return;
		}
		if (METHOD(kind) == M_M)
			x86_raise(i, UD);
		reg = i->modrm & 7;
		break;
	case M_O:
		place_memory(i, p, i->seg, i->ea, size, access);
		return;
	case M_G:
		reg = modrm_reg(i);
		break;
	case M_R:
		reg = i->modrm & 7;
		break;
	case M_Z:
		reg = i->opcode & 7;
		break;
	case M_ACCUMULATOR:
		reg = DFW_RAX;
		break;
	case M_CL:
		reg = DFW_RCX;
		break;
	case M_DX:
		reg = DFW_RDX;
		break;
	case M_SEG:
		p->ptr = &i->cpu->seg[SIZE(kind)].selector;
		p->size = 2;
		return;
	case M_S:
		p->ptr = &i->cpu->seg[modrm_reg(i)].selector;
		p->size = 2;
		return;
	default: /* an immediate */
		p->ptr = n && METHOD(i->operand[n - 1]) == M_I ? &i->imm2 : &i->imm;
		if (METHOD(kind) == M_ONE)
			i->imm = 1;
		p->size = size;
		return;
	}
	p->ptr = reg_ptr(i->cpu, reg, size);
	p->size = size;
}

uint32_t x86_load(struct insn *i, unsigned n)
{
	struct place p;

	x86_operand(i, &p, n, READ);
	return get(i, &p);
}

void x86_store(struct insn *i, unsigned n, uint32_t value)
{
	struct place p;

	x86_operand(i, &p, n, WRITE);
	put(i, &p, value);
}
