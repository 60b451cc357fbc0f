/* SPDX-License-Identifier: MIT
 *
 * Segment registers and descriptors: loading, checking, and the instructions that only look.
 * SDM vol. 3, chapters 3.4 and 5.
 */
#include "internal.h"

void x86_read_descriptor(struct insn *i, uint16_t selector, struct descriptor *d, unsigned vector)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t off = selector & ~7u, limit = cpu->gdtr.limit, base = cpu->gdtr.base;
	uint32_t words[2];

	if (selector & 4) {
		const struct dfw_segment *ldt = &cpu->seg[DFW_LDTR];

		if ((ldt->access_rights & DFW_AR_UNUSABLE) || !(ldt->access_rights & DFW_AR_P))
			x86_raise_error(i, vector, (selector & ~3u) | i->ext);
		limit = ldt->limit;
		base = ldt->base;
	}
	if (off + 7 > limit)
		x86_raise_error(i, vector, (selector & ~3u) | i->ext);
	d->address = base + off;
	x86_read_bytes(i, d->address, words, 8, SYSTEM);
	d->low = words[0];
	d->high = words[1];
}

static uint32_t descriptor_limit(const struct descriptor *d)
{
	uint32_t limit = (d->high & 0xf0000) | (d->low & 0xffff);

	return d->high >> 8 & DFW_AR_G ? limit << 12 | 0xfff : limit;
}

void x86_unpack(const struct descriptor *d, uint16_t selector, struct dfw_segment *s)
{
	*s = (struct dfw_segment){
		.base = (d->high & 0xff000000) | (d->high & 0xff) << 16 | d->low >> 16,
		.limit = descriptor_limit(d),
		.access_rights = descriptor_ar(d),
		.selector = selector,
	};
}

/* Sets the accessed bit, in the table too. */
void x86_set_accessed(struct insn *i, struct descriptor *d)
{
	if (d->high & DFW_AR_ACCESSED << 8)
		return;
	d->high |= DFW_AR_ACCESSED << 8;
	write_system(i, d->address + 5, 1, d->high >> 8);
}

/*
 * In real mode only selector and base change: a limit or type loaded in protected mode stays, on
 * which unreal mode rests, but for CS, which becomes writable: SDM vol. 3, 26.3.1.2, type 3. An
 * unusable register becomes usable. VM86: SDM vol. 3, 21.2.
 */
void x86_real_segment(const struct dfw_cpu *cpu, unsigned n, uint16_t selector,
		      struct dfw_segment *s)
{
	*s = cpu->seg[n];
	s->selector = selector;
	s->base = (uint32_t)selector << 4;
	if (is_vm86(cpu)) {
		s->limit = 0xffff;
		s->access_rights = 0xf3;
	} else if ((s->access_rights & DFW_AR_UNUSABLE) || !(s->access_rights & DFW_AR_P)) {
		s->limit = 0xffff;
		s->access_rights = 0x93;
	} else if (n == DFW_CS) {
		s->access_rights = (s->access_rights & ~(DFW_AR_TYPE | DFW_AR_DPL)) | 3;
	}
}

void x86_check_stack(struct insn *i, uint16_t selector, unsigned level, unsigned vector,
		     struct dfw_segment *s)
{
	struct descriptor d;
	uint32_t ar, error = (selector & ~3u) | i->ext;

	if (!(selector & ~3u))
		x86_raise_error(i, vector, vector == GP ? (unsigned)i->ext : error);
	x86_read_descriptor(i, selector, &d, vector);
	ar = descriptor_ar(&d);
	if ((selector & 3u) != level || !(ar & DFW_AR_S) || (ar & DFW_AR_CODE) ||
	    !(ar & DFW_AR_WRITABLE) || dpl(ar) != level)
		x86_raise_error(i, vector, error);
	if (!(ar & DFW_AR_P))
		x86_raise_error(i, STACK_FAULT, error);
	x86_set_accessed(i, &d);
	x86_unpack(&d, selector, s);
}

void x86_check_segment(struct insn *i, unsigned n, uint16_t selector, struct dfw_segment *s)
{
	struct dfw_cpu *cpu = i->cpu;
	struct descriptor d;
	uint32_t ar, error = (selector & ~3u) | i->ext;
	unsigned level = cpl(cpu);

	if (!is_protected(cpu)) {
		x86_real_segment(cpu, n, selector, s);
		return;
	}
	if (n == DFW_SS) {
		x86_check_stack(i, selector, level, GP, s);
		return;
	}
	if (!(selector & ~3u)) {
		*s = cpu->seg[n];
		s->selector = selector;
		s->access_rights |= DFW_AR_UNUSABLE;
		return;
	}
	x86_read_descriptor(i, selector, &d, GP);
	ar = descriptor_ar(&d);
	if (!(ar & DFW_AR_S) || (ar & (DFW_AR_CODE | DFW_AR_WRITABLE)) == DFW_AR_CODE)
		x86_raise_error(i, GP, error);
	if ((ar & (DFW_AR_CODE | DFW_AR_EXPAND)) != (DFW_AR_CODE | DFW_AR_EXPAND) &&
	    (level > dpl(ar) || (selector & 3u) > dpl(ar)))
		x86_raise_error(i, GP, error);
	if (!(ar & DFW_AR_P))
		x86_raise_error(i, NP, error);
	x86_set_accessed(i, &d);
	x86_unpack(&d, selector, s);
}

void x86_load_segment(struct insn *i, unsigned n, uint16_t selector)
{
	struct dfw_segment s;

	x86_check_segment(i, n, selector, &s);
	i->cpu->seg[n] = s;
}

/* --- MOV, LDS and company --- */

HANDLER(mov_from_seg)
{
	uint32_t value;

	if (modrm_reg(i) > DFW_GS)
		x86_raise(i, UD);
	value = i->cpu->seg[modrm_reg(i)].selector;
	if (is_memory(i))
		write_memory(i, i->seg, i->ea, 2, value);
	else
		put_ptr(&i->cpu->gpr[i->modrm & 7], i->osize, value);
}

HANDLER(mov_to_seg)
{
	unsigned seg = modrm_reg(i);

	if (seg == DFW_CS || seg > DFW_GS)
		x86_raise(i, UD);
	x86_load_segment(i, seg, x86_load(i, 1));
	if (seg == DFW_SS) {
		i->cpu->interruptibility |= DFW_BLOCKED_BY_MOV_SS;
		i->no_trap = true;
	}
}

HANDLER(load_far)
{
	uint32_t off, selector;

	if (!is_memory(i)) {
		/* C4 and C5 are VEX prefixes here, SDM vol. 2, 2.3 */
		if (i->opcode >= 0xc4 && is_protected(i->cpu) && (i->cpu->cr4 & CR4_OSXSAVE) &&
		    x86_feature(i, F_AVX))
			x86_unknown(i);
		x86_raise(i, UD);
	}
	x86_linear(i, i->seg, i->ea, i->osize + 2, READ | PARTS);
	off = read_memory(i, i->seg, i->ea, i->osize);
	selector = read_memory(i, i->seg, i->ea + i->osize, 2);
	x86_load_segment(i, SIZE(i->operand[0]), selector);
	x86_store(i, 1, off);
}

/* --- looking without loading, SDM vol. 2: ZF tells, nothing faults but the operand --- */

/* A selector's descriptor, or false where it is null or beyond its table. */
static bool peek(struct insn *i, uint16_t selector, struct descriptor *d)
{
	const struct dfw_cpu *cpu = i->cpu;
	const struct dfw_segment *ldt = &cpu->seg[DFW_LDTR];

	if (!(selector & ~3u))
		return false;
	if (selector & 4) {
		if ((ldt->access_rights & DFW_AR_UNUSABLE) || (selector | 7u) > ldt->limit)
			return false;
	} else if ((selector | 7u) > cpu->gdtr.limit) {
		return false;
	}
	x86_read_descriptor(i, selector, d, GP);
	return true;
}

static bool visible(const struct insn *i, uint16_t selector, uint32_t ar)
{
	if ((ar & (DFW_AR_S | DFW_AR_CODE | DFW_AR_EXPAND)) ==
	    (DFW_AR_S | DFW_AR_CODE | DFW_AR_EXPAND))
		return true;
	return cpl(i->cpu) <= dpl(ar) && (selector & 3u) <= dpl(ar);
}

/* Bit n: system type n is valid for LAR, and for LSL. SDM vol. 2, tables 3-54 and 3-57 */
#define LAR_TYPES 0x1a3e
#define LSL_TYPES 0x0a0e
#define LAR_TYPES_LMA 0x1a04
#define LSL_TYPES_LMA 0x0a04

static bool valid_type(const struct insn *i, uint32_t ar, unsigned types, unsigned types_lma)
{
	if (ar & DFW_AR_S)
		return true;
	return (i->cpu->efer & EFER_LMA ? types_lma : types) >> (ar & DFW_AR_TYPE) & 1;
}

HANDLER(lar)
{
	struct descriptor d;
	uint16_t selector = x86_load(i, 1);
	bool ok = peek(i, selector, &d) && visible(i, selector, descriptor_ar(&d)) &&
		  valid_type(i, descriptor_ar(&d), LAR_TYPES, LAR_TYPES_LMA);

	if (ok)
		x86_store(i, 0, d.high & 0x00f0ff00);
	set_flags(i->cpu, ZF, ok ? ZF : 0);
}

HANDLER(lsl)
{
	struct descriptor d;
	uint16_t selector = x86_load(i, 1);
	bool ok = peek(i, selector, &d) && visible(i, selector, descriptor_ar(&d)) &&
		  valid_type(i, descriptor_ar(&d), LSL_TYPES, LSL_TYPES_LMA);

	if (ok)
		x86_store(i, 0, descriptor_limit(&d));
	set_flags(i->cpu, ZF, ok ? ZF : 0);
}

static bool verify(struct insn *i, bool write)
{
	struct descriptor d;
	uint16_t selector = x86_load(i, 0);
	uint32_t ar;

	if (!peek(i, selector, &d))
		return false;
	ar = descriptor_ar(&d);
	if (!(ar & DFW_AR_S) || !visible(i, selector, ar))
		return false;
	if (write)
		return (ar & (DFW_AR_CODE | DFW_AR_WRITABLE)) == DFW_AR_WRITABLE;
	return (ar & (DFW_AR_CODE | DFW_AR_WRITABLE)) != DFW_AR_CODE;
}

HANDLER(verr)
{
	set_flags(i->cpu, ZF, verify(i, false) ? ZF : 0);
}

HANDLER(verw)
{
	set_flags(i->cpu, ZF, verify(i, true) ? ZF : 0);
}

HANDLER(arpl)
{
	struct place p;
	uint32_t v, rpl = x86_load(i, 1) & 3;
	bool raise_rpl;

	x86_operand(i, &p, 0, WRITE);
	v = get(i, &p);
	raise_rpl = (v & 3) < rpl;
	if (raise_rpl)
		put(i, &p, (v & ~3u) | rpl);
	set_flags(i->cpu, ZF, raise_rpl ? ZF : 0);
}

/* --- LDTR and TR --- */

static void store_selector(struct insn *i, unsigned seg)
{
	if ((i->cpu->cr4 & CR4_UMIP) && cpl(i->cpu))
		x86_raise_error(i, GP, 0);
	if (is_memory(i))
		write_memory(i, i->seg, i->ea, 2, i->cpu->seg[seg].selector);
	else
		x86_store(i, 0, i->cpu->seg[seg].selector);
}

HANDLER(sldt)
{
	store_selector(i, DFW_LDTR);
}

HANDLER(str)
{
	store_selector(i, DFW_TR);
}

/* In IA-32e mode system descriptors have 16 bytes: SDM vol. 3, 7.2.3. */
static void unpack_system(struct insn *i, struct descriptor *d, uint16_t selector,
			  struct dfw_segment *s)
{
	x86_unpack(d, selector, s);
	if (!(i->cpu->efer & EFER_LMA))
		return;
	if ((selector & 0xfff8u) + 15 > i->cpu->gdtr.limit)
		x86_raise_error(i, GP, selector & ~3u);
	s->base |= (uint64_t)read_system(i, d->address + 8, 4) << 32;
}

HANDLER(lldt)
{
	uint16_t selector = x86_load(i, 0);
	struct dfw_segment s = i->cpu->seg[DFW_LDTR];
	struct descriptor d;
	uint32_t ar;

	if (!(selector & ~3u)) {
		s.selector = selector;
		s.access_rights |= DFW_AR_UNUSABLE;
		i->cpu->seg[DFW_LDTR] = s;
		return;
	}
	if (selector & 4)
		x86_raise_error(i, GP, selector & ~3u);
	x86_read_descriptor(i, selector, &d, GP);
	ar = descriptor_ar(&d);
	if ((ar & (DFW_AR_S | DFW_AR_TYPE)) != 2)
		x86_raise_error(i, GP, selector & ~3u);
	if (!(ar & DFW_AR_P))
		x86_raise_error(i, NP, selector & ~3u);
	unpack_system(i, &d, selector, &s);
	i->cpu->seg[DFW_LDTR] = s;
}

HANDLER(ltr)
{
	uint16_t selector = x86_load(i, 0);
	struct dfw_segment s;
	struct descriptor d;
	uint32_t ar, type;

	if (!(selector & ~3u))
		x86_raise_error(i, GP, 0);
	if (selector & 4)
		x86_raise_error(i, GP, selector & ~3u);
	x86_read_descriptor(i, selector, &d, GP);
	ar = descriptor_ar(&d);
	type = ar & (DFW_AR_S | DFW_AR_TYPE);
	if (type != 9 && (type != 1 || (i->cpu->efer & EFER_LMA)))
		x86_raise_error(i, GP, selector & ~3u);
	if (!(ar & DFW_AR_P))
		x86_raise_error(i, NP, selector & ~3u);
	unpack_system(i, &d, selector, &s);
	/* available -> busy */
	write_system(i, d.address + 5, 1, ar | 2);
	s.access_rights |= 2;
	i->cpu->seg[DFW_TR] = s;
}
