/* SPDX-License-Identifier: MIT
 *
 * From bytes to struct insn: prefixes, opcode, ModRM and SIB, immediates; the operands by their
 * kind. SDM vol. 2, chapter 2.
 */
#include "internal.h"

/* SDM vol. 2, table 2-1 */
static const uint8_t *address16(struct insn *i, const uint8_t *at)
{
	enum { NO = 8 };
	static const uint8_t registers[8][3] = {
		{DFW_RBX, DFW_RSI, DFW_DS}, {DFW_RBX, DFW_RDI, DFW_DS}, {DFW_RBP, DFW_RSI, DFW_SS},
		{DFW_RBP, DFW_RDI, DFW_SS}, {DFW_RSI, NO, DFW_DS}, {DFW_RDI, NO, DFW_DS},
		{DFW_RBP, NO, DFW_SS}, {DFW_RBX, NO, DFW_DS},
	};
	unsigned mod = i->modrm >> 6, rm = i->modrm & 7;

	i->address_mask = 0xffff;
	i->seg = DFW_DS;
	if (mod || rm != 6) {
		i->has_base = true;
		i->base = registers[rm][0];
		i->has_index = registers[rm][1] != NO;
		i->index = registers[rm][1] & 7;
		i->seg = registers[rm][2];
	}
	if (mod == 1) {
		i->displacement = (int8_t)*at++;
	} else if (mod == 2 || !i->has_base) {
		i->displacement = get_ptr(at, 2);
		at += 2;
	}
	return at;
}

/* SDM vol. 2, tables 2-2 and 2-3 */
static const uint8_t *address32(struct insn *i, const uint8_t *at)
{
	unsigned mod = i->modrm >> 6, base = i->modrm & 7;

	i->address_mask = 0xffffffff;
	i->seg = DFW_DS;
	if (base == 4) {
		uint8_t sib = *at++;

		base = sib & 7;
		i->index = sib >> 3 & 7;
		i->has_index = i->index != 4;
		i->scale = sib >> 6;
		i->esp_base = base == DFW_RSP;
	}
	if (base != 5 || mod) {
		i->has_base = true;
		i->base = base;
		if (base == DFW_RSP || base == DFW_RBP)
			i->seg = DFW_SS;
	}
	if (mod == 1) {
		i->displacement = (int8_t)*at++;
	} else if (mod == 2 || !i->has_base) {
		i->displacement = get_ptr(at, 4);
		at += 4;
	}
	return at;
}

static const uint8_t *immediates(struct insn *i, const uint8_t *at)
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
			i->displacement = get_ptr(at, i->asize);
			i->address_mask = 0xffffffff;
			i->seg = DFW_DS;
			at += i->asize;
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

/* Where operand n is: i->at and i->size. */
static void locate(struct insn *i, unsigned n, unsigned kind)
{
	enum {
		FIXED = 1 << M_ACCUMULATOR | 1 << M_CL | 1 << M_DX, /* registers 0 to 2 */
		RM = 1 << M_E | 1 << M_M | 1 << M_R,
		GENERAL = FIXED | 1 << M_Z | 1 << M_G | 1 << M_E | 1 << M_R,
		SELECTOR = 1 << M_SEG | 1 << M_S,
	};
	unsigned method = METHOD(kind), is = 1u << method, size = operand_size(i, kind), at;
	unsigned reg = is & FIXED ? method - M_ACCUMULATOR : is & 1 << M_Z ? i->opcode & 7
		       : is & RM  ? i->modrm & 7 : is & 1 << M_SEG ? SIZE(kind) : modrm_reg(i);

	if ((is & 1 << M_O) || ((is & (1 << M_E | 1 << M_M)) && is_memory(i))) {
		at = AT_MEMORY;
	} else if (is & SELECTOR) {
		at = offsetof(struct dfw_cpu, seg[0].selector) + reg * sizeof(struct dfw_segment);
		size = 2;
	} else if (is & GENERAL) {
		at = reg * sizeof(union dfw_reg);
		if (size == 1) /* AH, CH, DH, BH */
			at = (reg & 3) * sizeof(union dfw_reg) + (reg >> 2);
	} else {
		at = is & 1 << M_M ? AT_NOTHING : n && METHOD(i->operand[n - 1]) == M_I ? AT_IMMEDIATE2 : AT_IMMEDIATE;
		if (is & 1 << M_ONE)
			i->imm = 1;
	}
	i->size[n] = size;
	i->at[n] = at;
}

/*
 * Takes bytes as if all were there; where it took more than were fetched, x86_fetch gets more, or faults,
 * and it starts again.
 */
void x86_decode(struct insn *i, const uint8_t *code)
{
	uint8_t *const bytes = i->shown.bytes;
	const struct row *row;
	const uint8_t *at;
	unsigned opcode, flags, length, n, wide = i->cpu->seg[DFW_CS].access_rights & DFW_AR_DB ? 4 : 2;

	i->code = 0; /* matches nothing until it is whole */
	i->shown.length = 0;
	i->end = bytes;
	if (code) {
		__builtin_memcpy(bytes, code, 15);
		i->end += 15;
	}
again:
	i->osize = i->asize = wide;
	i->prefixes = i->addressing = i->displacement = i->imm = 0;
	i->seg = DFW_SEGS;
	i->fixed = 0;
	at = bytes;
	for (;;) {
		opcode = *at++;
		row = &x86_opcodes[opcode];
		if (!(row->flags & PREFIX))
			break;
		if (opcode == 0x0f) {
			opcode = 0x100 + *at++;
			row = &x86_opcodes[opcode];
			if ((opcode & ~2u) == 0x138)
				i->third = *at++;
			break;
		}
		if (at > bytes + 15) /* too long already */
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
	i->shown.row = opcode;
	i->operand = row->operand;
	flags = row->flags;
	if (flags & HAS_MODRM) {
		i->modrm = *at++;
		if ((opcode & ~3u) == 0x120)
			i->modrm |= 0xc0; /* SDM vol. 2, MOV to CR and DR: mod counts as 11b */
		if (flags & GROUP) {
			row = &x86_groups[row->operand[2]][modrm_reg(i)];
			if (row->operand[0])
				i->operand = row->operand;
			flags |= row->flags;
		}
		if (is_memory(i))
			at = i->asize == 2 ? address16(i, at) : address32(i, at);
	}
	if (flags & HAS_IMM) {
		i->fixed = at - bytes;
		at = immediates(i, at);
	}
	if (at > i->end) {
		x86_fetch(i);
		goto again;
	}
	length = at - bytes;
	if (i->seg < DFW_SEGS) {
		i->in_memory = true;
		if (i->override)
			i->seg = i->override - 1;
	}
	i->row = row;
	i->run = row->run ? row->run : x86_op_undefined;
	i->careful = (row->flags & (CPL0 | PE)) | (i->lock ? LOCK : 0);
	i->shown.length = length;
	i->shown.changes = !(row->flags & CHANGES)	    ? X86_CHANGES_NOTHING
			   : (row->flags & CONTROLS) == CONTROLS ? X86_CHANGES_SYSTEM
							     : X86_CHANGES_ALL;
	i->shown.modrm = i->modrm;
	i->shown.fixed = i->fixed ? i->fixed : length;
	i->shown.prefixed = i->lock || i->rep;
	i->shown.osize = i->osize;
	i->shown.segment = i->seg;
	i->shown.imm = i->imm;
	for (n = 0; n < 3 && i->operand[n] != None; n++)
		locate(i, n, i->operand[n]);
	if (code && length <= 8) {
		i->low_mask = length < 4 ? (1u << 8 * length) - 1 : 0xffffffff;
		i->high_mask = length <= 4 ? 0 : 0xffffffff >> 8 * (8 - length);
		i->code = decoded_for(&i->cpu->seg[DFW_CS]);
	}
}

/* --- from CS:RIP --- */

static void code_breakpoints(struct insn *i)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t hit;

	if (!(cpu->dr7 & DR7_ENABLES) || (cpu->rflags & RF) || (cpu->interruptibility & DFW_BLOCKED_BY_MOV_SS))
		return;
	hit = x86_breakpoints(cpu, (uint32_t)cpu->seg[DFW_CS].base + (uint32_t)cpu->rip, 1, 0);
	if (hit) {
		cpu->pending_debug |= hit;
		x86_raise(i, DB);
	}
}

struct insn *x86_find_or_decode(struct x86 *x, unsigned fetch)
{
	uint32_t flat_size = x86_flat_size(x);
	struct x86_slot *slot;
	const uint8_t *code;
	struct insn *i = x86_find(x, flat_size, &slot, &code);
	bool found = i;

	if (!found)
		i = (struct insn *)slot;
	x->insn = &i->shown;
	x86_start(i, x, flat_size);
	i->fetch = fetch;
	i->shown.known = true;
	if (found)
		return i;
	if (!code && fetch == FETCH)
		code_breakpoints(i);
	x86_decode(i, x->cpu->seg[DFW_CS].access_rights & DFW_AR_EXPAND ? NULL : code);
	return i;
}

static void peek(struct x86 *x, void *known)
{
	*(bool *)known = x86_find_or_decode(x, FETCH | PEEK)->run != x86_op_undefined;
}

bool x86_peek(struct x86 *x, uint32_t eip)
{
	uint64_t rip = x->cpu->rip, cr2 = x->cpu->cr2;
	bool known;

	x->cpu->rip = eip;
	if (!x86_try(x, peek, &known))
		known = false;
	x->cpu->rip = rip;
	x->cpu->cr2 = cr2;
	return known;
}
