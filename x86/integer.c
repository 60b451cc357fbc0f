/* SPDX-License-Identifier: MIT
 *
 * Integer instructions: arithmetic and logic, shifts, multiplication and division, bits, BCD,
 * data movement, the stack. Flags that the manuals leave undefined are set as most processors
 * do where that costs nothing.
 */
#include "internal.h"

uint32_t result_flags(uint32_t r, unsigned size)
{
	uint32_t f = 0;

	r &= size_mask(size);
	if (!r)
		f |= ZF;
	if (r & sign_bit(size))
		f |= SF;
	if (!__builtin_parity(r & 0xff))
		f |= PF;
	return f;
}

/* --- addition and subtraction, SDM vol. 1, 3.4.3.1 --- */

/* CF, AF and OF from the carries out of each bit of a + b = r (or the borrows of a - b). */
static uint32_t carry_flags(uint32_t carries, unsigned size)
{
	unsigned top = size * 8 - 1;
	uint32_t f = 0;

	if (carries >> top & 1)
		f |= CF;
	if (carries & 8)
		f |= AF;
	if ((carries ^ carries << 1) >> top & 1)
		f |= OF;
	return f;
}

static uint32_t add_flags(uint32_t a, uint32_t b, uint32_t r, unsigned size)
{
	return carry_flags((a & b) | ((a | b) & ~r), size) | result_flags(r, size);
}

uint32_t sub_flags(uint32_t a, uint32_t b, uint32_t r, unsigned size)
{
	return carry_flags((~a & b) | ((~a | b) & r), size) | result_flags(r, size);
}

static inline void add_carry(struct insn *i, uint32_t carry)
{
	struct place p;
	uint32_t a, b = x86_load(i, 1), r;

	x86_operand(i, &p, 0, WRITE);
	a = get(i, &p);
	r = a + b + carry;
	put(i, &p, r);
	set_flags(i->cpu, ARITHMETIC, add_flags(a, b, r, p.size));
}

static inline void sub_borrow(struct insn *i, uint32_t borrow)
{
	struct place p;
	uint32_t a, b = x86_load(i, 1), r;

	x86_operand(i, &p, 0, WRITE);
	a = get(i, &p);
	r = a - b - borrow;
	put(i, &p, r);
	set_flags(i->cpu, ARITHMETIC, sub_flags(a, b, r, p.size));
}

HANDLER(add)
{
	add_carry(i, 0);
}

HANDLER(adc)
{
	add_carry(i, i->cpu->rflags & CF);
}

HANDLER(sub)
{
	sub_borrow(i, 0);
}

HANDLER(sbb)
{
	sub_borrow(i, i->cpu->rflags & CF);
}

HANDLER(cmp)
{
	unsigned size = operand_size(i, i->operand[0]);
	uint32_t a = x86_load(i, 0), b = x86_load(i, 1);

	set_flags(i->cpu, ARITHMETIC, sub_flags(a, b, a - b, size));
}

static inline void add_constant(struct insn *i, uint32_t b, bool subtract)
{
	struct place p;
	uint32_t a, r;

	x86_operand(i, &p, 0, WRITE);
	a = get(i, &p);
	r = subtract ? a - b : a + b;
	put(i, &p, r);
	set_flags(i->cpu, ARITHMETIC & ~CF,
		  subtract ? sub_flags(a, b, r, p.size) : add_flags(a, b, r, p.size));
}

HANDLER(inc)
{
	add_constant(i, 1, false);
}

HANDLER(dec)
{
	add_constant(i, 1, true);
}

HANDLER(neg)
{
	struct place p;
	uint32_t a, r;

	x86_operand(i, &p, 0, WRITE);
	a = get(i, &p);
	r = -a;
	put(i, &p, r);
	set_flags(i->cpu, ARITHMETIC, sub_flags(0, a, r, p.size));
}

HANDLER(not)
{
	struct place p;

	x86_operand(i, &p, 0, WRITE);
	put(i, &p, ~get(i, &p));
}

/* --- logic: CF = OF = 0 --- */

HANDLER(and)
{
	struct place p;
	uint32_t b = x86_load(i, 1), r;

	x86_operand(i, &p, 0, WRITE);
	r = get(i, &p) & b;
	put(i, &p, r);
	set_flags(i->cpu, ARITHMETIC, result_flags(r, p.size));
}

HANDLER(or)
{
	struct place p;
	uint32_t b = x86_load(i, 1), r;

	x86_operand(i, &p, 0, WRITE);
	r = get(i, &p) | b;
	put(i, &p, r);
	set_flags(i->cpu, ARITHMETIC, result_flags(r, p.size));
}

HANDLER(xor)
{
	struct place p;
	uint32_t b = x86_load(i, 1), r;

	x86_operand(i, &p, 0, WRITE);
	r = get(i, &p) ^ b;
	put(i, &p, r);
	set_flags(i->cpu, ARITHMETIC, result_flags(r, p.size));
}

HANDLER(test)
{
	unsigned size = operand_size(i, i->operand[0]);
	uint32_t r = x86_load(i, 0) & x86_load(i, 1);

	set_flags(i->cpu, ARITHMETIC, result_flags(r, size));
}

/* --- shifts and rotations: counts modulo 32, SDM vol. 2, SAL/SAR/SHL/SHR and RCL/RCR --- */

static unsigned shift_operands(struct insn *i, struct place *p, uint32_t *value)
{
	x86_operand(i, p, 0, WRITE);
	*value = get(i, p);
	return x86_load(i, 1) & 31;
}

/* OF is the change of the top bit, which is what the manuals define for a count of 1. */
static void shift_done(struct insn *i, struct place *p, uint32_t r, uint32_t mask, bool carry,
		       bool overflow)
{
	put(i, p, r);
	set_flags(i->cpu, mask,
		  result_flags(r, p->size) | (carry ? CF : 0) | (overflow ? OF : 0));
}

HANDLER(rol)
{
	struct place p;
	uint32_t v;
	unsigned n = shift_operands(i, &p, &v), bits = p.size * 8;
	bool carry;

	if (!n)
		return;
	n &= bits - 1;
	if (n)
		v = v << n | v >> (bits - n);
	carry = v & 1;
	shift_done(i, &p, v, CF | OF, carry, carry ^ (v >> (bits - 1) & 1));
}

HANDLER(ror)
{
	struct place p;
	uint32_t v;
	unsigned n = shift_operands(i, &p, &v), bits = p.size * 8;

	if (!n)
		return;
	n &= bits - 1;
	if (n)
		v = v >> n | v << (bits - n);
	shift_done(i, &p, v, CF | OF, v >> (bits - 1) & 1,
		   (v >> (bits - 1) ^ v >> (bits - 2)) & 1);
}

HANDLER(rcl)
{
	struct place p;
	uint32_t v, top;
	unsigned n = shift_operands(i, &p, &v), bits = p.size * 8;
	bool carry = i->cpu->rflags & CF;

	if (!n)
		return;
	for (n %= bits + 1; n; n--) {
		top = v >> (bits - 1) & 1;
		v = v << 1 | carry;
		carry = top;
	}
	shift_done(i, &p, v, CF | OF, carry, carry ^ (v >> (bits - 1) & 1));
}

HANDLER(rcr)
{
	struct place p;
	uint32_t v, low;
	unsigned n = shift_operands(i, &p, &v), bits = p.size * 8;
	bool carry = i->cpu->rflags & CF;

	if (!n)
		return;
	for (n %= bits + 1; n; n--) {
		low = v & 1;
		v = v >> 1 | (uint32_t)carry << (bits - 1);
		carry = low;
	}
	shift_done(i, &p, v, CF | OF, carry, (v >> (bits - 1) ^ v >> (bits - 2)) & 1);
}

HANDLER(shl)
{
	struct place p;
	uint32_t v;
	unsigned n = shift_operands(i, &p, &v), bits = p.size * 8;
	bool carry;

	if (!n)
		return;
	carry = n <= bits && (v >> (bits - n) & 1);
	v = v << n;
	shift_done(i, &p, v, ARITHMETIC, carry, carry ^ (v >> (bits - 1) & 1));
}

HANDLER(shr)
{
	struct place p;
	uint32_t v;
	unsigned n = shift_operands(i, &p, &v), bits = p.size * 8;
	bool sign;

	if (!n)
		return;
	sign = v >> (bits - 1) & 1;
	shift_done(i, &p, v >> n, ARITHMETIC, v >> (n - 1) & 1, sign && n == 1);
}

HANDLER(sar)
{
	struct place p;
	uint32_t v;
	unsigned n = shift_operands(i, &p, &v);
	int32_t s;

	if (!n)
		return;
	s = sign_extend(v, p.size);
	shift_done(i, &p, s >> n, ARITHMETIC, s >> (n - 1) & 1, false);
}

HANDLER(shld)
{
	struct place p;
	uint32_t a, b = x86_load(i, 1), r;
	unsigned n = x86_load(i, 2) & 31;
	bool carry;

	x86_operand(i, &p, 0, WRITE);
	a = get(i, &p);
	if (!n)
		return;
	if (p.size == 4) {
		r = a << n | b >> (32 - n);
		carry = a >> (32 - n) & 1;
	} else {
		/* Above 16 undefined; processors rotate dest:src:dest. */
		uint32_t wide = a << 16 | b;

		r = n <= 16 ? (uint32_t)((uint64_t)wide << n >> 16)
			    : (b << 16 | a) << (n - 16) >> 16;
		carry = n <= 16 ? a >> (16 - n) & 1 : b >> (32 - n) & 1;
	}
	shift_done(i, &p, r, ARITHMETIC, carry, (a ^ r) & sign_bit(p.size));
}

HANDLER(shrd)
{
	struct place p;
	uint32_t a, b = x86_load(i, 1), r;
	unsigned n = x86_load(i, 2) & 31;
	bool carry;

	x86_operand(i, &p, 0, WRITE);
	a = get(i, &p);
	if (!n)
		return;
	if (p.size == 4) {
		r = a >> n | b << (32 - n);
		carry = a >> (n - 1) & 1;
	} else {
		uint32_t wide = b << 16 | a;

		r = n <= 16 ? wide >> n : (a << 16 | b) >> (n - 16);
		carry = n <= 16 ? wide >> (n - 1) & 1 : b >> (n - 17) & 1;
	}
	shift_done(i, &p, r, ARITHMETIC, carry, (a ^ r) & sign_bit(p.size));
}

/* --- multiplication and division --- */

HANDLER(mul)
{
	union dfw_reg *r = i->cpu->gpr;
	unsigned size = operand_size(i, i->operand[0]);
	uint32_t v = x86_load(i, 0), high;
	uint64_t product;

	switch (size) {
	case 1:
		product = r[DFW_RAX].b[0] * v;
		r[DFW_RAX].w = product;
		high = product >> 8;
		break;
	case 2:
		product = (uint64_t)r[DFW_RAX].w * v;
		r[DFW_RAX].w = product;
		r[DFW_RDX].w = high = product >> 16;
		break;
	default:
		product = (uint64_t)r[DFW_RAX].d * v;
		r[DFW_RAX].d = product;
		r[DFW_RDX].d = high = product >> 32;
	}
	set_flags(i->cpu, ARITHMETIC, result_flags(product, size) | (high ? CF | OF : 0));
}

HANDLER(imul)
{
	union dfw_reg *r = i->cpu->gpr;
	unsigned size = operand_size(i, i->operand[0]);
	int32_t v = sign_extend(x86_load(i, 0), size);
	int64_t product = (int64_t)sign_extend(r[DFW_RAX].d, size) * v;

	switch (size) {
	case 1:
		r[DFW_RAX].w = product;
		break;
	case 2:
		r[DFW_RAX].w = product;
		r[DFW_RDX].w = product >> 16;
		break;
	default:
		r[DFW_RAX].d = product;
		r[DFW_RDX].d = product >> 32;
	}
	set_flags(i->cpu, ARITHMETIC,
		  result_flags(product, size) |
			  (product != sign_extend(product, size) ? CF | OF : 0));
}

/* IMUL Gv,Ev and IMUL Gv,Ev,I */
HANDLER(imul3)
{
	unsigned size = i->osize;
	int32_t a = sign_extend(x86_load(i, 1), size);
	int32_t b = sign_extend(x86_load(i, i->operand[2] ? 2 : 0), size);
	int64_t product = (int64_t)a * b;

	x86_store(i, 0, product);
	set_flags(i->cpu, ARITHMETIC,
		  result_flags(product, size) |
			  (product != sign_extend(product, size) ? CF | OF : 0));
}

/* C's 64-bit division needs a run-time library in 32-bit code. high < divisor. */
static uint32_t divide(uint32_t high, uint32_t low, uint32_t divisor, uint32_t *remainder)
{
	uint32_t quotient;

	asm("divl %4" : "=a"(quotient), "=d"(*remainder) : "0"(low), "1"(high), "rm"(divisor)
	    : "cc");
	return quotient;
}

static void put_quotient(struct insn *i, unsigned size, uint32_t quotient, uint32_t remainder)
{
	union dfw_reg *r = i->cpu->gpr;

	if (size == 1) {
		r[DFW_RAX].b[0] = quotient;
		r[DFW_RAX].b[1] = remainder;
	} else {
		put_ptr(&r[DFW_RAX], size, quotient);
		put_ptr(&r[DFW_RDX], size, remainder);
	}
}

static uint64_t dividend(struct insn *i, unsigned size)
{
	const union dfw_reg *r = i->cpu->gpr;

	switch (size) {
	case 1:
		return r[DFW_RAX].w;
	case 2:
		return (uint32_t)r[DFW_RDX].w << 16 | r[DFW_RAX].w;
	default:
		return (uint64_t)r[DFW_RDX].d << 32 | r[DFW_RAX].d;
	}
}

HANDLER(div)
{
	unsigned size = operand_size(i, i->operand[0]);
	uint32_t divisor = x86_load(i, 0), quotient, remainder;
	uint64_t n = dividend(i, size);

	if ((uint32_t)(n >> size * 8) >= divisor)
		x86_raise(i, DE);
	quotient = divide(n >> 32, n, divisor, &remainder);
	put_quotient(i, size, quotient, remainder);
}

HANDLER(idiv)
{
	unsigned size = operand_size(i, i->operand[0]);
	int32_t divisor = sign_extend(x86_load(i, 0), size);
	uint64_t n = dividend(i, size);
	bool negative = n >> (size * 16 - 1) & 1, differ = negative != (divisor < 0);
	uint32_t d = divisor < 0 ? -(uint32_t)divisor : (uint32_t)divisor;
	uint32_t quotient, remainder;

	if (negative) {
		n = -n;
		if (size < 4)
			n &= size == 2 ? 0xffffffffu : 0xffff;
	}
	if ((uint32_t)(n >> size * 8) >= d)
		x86_raise(i, DE);
	quotient = divide(n >> 32, n, d, &remainder);
	if (quotient > sign_bit(size) - !differ)
		x86_raise(i, DE);
	put_quotient(i, size, differ ? -quotient : quotient, negative ? -remainder : remainder);
}

/* --- BCD, SDM vol. 2 --- */

HANDLER(daa)
{
	uint8_t *al = &i->cpu->gpr[DFW_RAX].b[0], old = *al;
	uint32_t f = i->cpu->rflags & (CF | AF);

	if ((old & 0xf) > 9 || (f & AF)) {
		*al += 6;
		f |= AF;
	}
	if (old > 0x99 || (f & CF)) {
		*al += 0x60;
		f |= CF;
	}
	set_flags(i->cpu, ARITHMETIC, f | result_flags(*al, 1));
}

HANDLER(das)
{
	uint8_t *al = &i->cpu->gpr[DFW_RAX].b[0], old = *al;
	uint32_t f = i->cpu->rflags & (CF | AF), carry = f & CF;

	if ((old & 0xf) > 9 || (f & AF)) {
		if (old < 6)
			f |= CF;
		*al -= 6;
		f |= AF;
	}
	if (old > 0x99 || carry) {
		*al -= 0x60;
		f |= CF;
	}
	set_flags(i->cpu, ARITHMETIC, f | result_flags(*al, 1));
}

HANDLER(aaa)
{
	union dfw_reg *a = &i->cpu->gpr[DFW_RAX];
	bool adjust = (a->b[0] & 0xf) > 9 || (i->cpu->rflags & AF);

	if (adjust)
		a->w += 0x106;
	a->b[0] &= 0xf;
	set_flags(i->cpu, ARITHMETIC, result_flags(a->b[0], 1) | (adjust ? CF | AF : 0));
}

HANDLER(aas)
{
	union dfw_reg *a = &i->cpu->gpr[DFW_RAX];
	bool adjust = (a->b[0] & 0xf) > 9 || (i->cpu->rflags & AF);

	if (adjust)
		a->w -= 0x106;
	a->b[0] &= 0xf;
	set_flags(i->cpu, ARITHMETIC, result_flags(a->b[0], 1) | (adjust ? CF | AF : 0));
}

HANDLER(aam)
{
	union dfw_reg *a = &i->cpu->gpr[DFW_RAX];
	uint8_t base = i->imm, al = a->b[0];

	if (!base)
		x86_raise(i, DE);
	a->b[1] = al / base;
	a->b[0] = al % base;
	set_flags(i->cpu, ARITHMETIC, result_flags(a->b[0], 1));
}

HANDLER(aad)
{
	union dfw_reg *a = &i->cpu->gpr[DFW_RAX];

	a->w = (uint8_t)(a->b[0] + a->b[1] * (uint8_t)i->imm);
	set_flags(i->cpu, ARITHMETIC, result_flags(a->b[0], 1));
}

/* --- bits --- */

/* The bit offset in a register reaches beyond a memory operand: SDM vol. 2, BT. */
static uint32_t bit_operand(struct insn *i, struct place *p, unsigned access)
{
	uint32_t bit = x86_load(i, 1), mask = i->osize * 8 - 1;

	if (is_memory(i) && METHOD(i->operand[1]) == M_G) {
		int32_t words = sign_extend(bit, i->osize) >> (i->osize == 4 ? 5 : 4);

		i->ea += (uint32_t)words * i->osize;
		if (i->asize == 2)
			i->ea &= 0xffff;
	}
	x86_operand(i, p, 0, access);
	return 1u << (bit & mask);
}

static inline void bit_test(struct insn *i, char how)
{
	struct place p;
	uint32_t bit = bit_operand(i, &p, how ? WRITE : READ), v = get(i, &p);

	if (how)
		put(i, &p, how == 's' ? v | bit : how == 'r' ? v & ~bit : v ^ bit);
	set_flags(i->cpu, CF, v & bit ? CF : 0);
}

HANDLER(bt)
{
	bit_test(i, 0);
}

HANDLER(bts)
{
	bit_test(i, 's');
}

HANDLER(btr)
{
	bit_test(i, 'r');
}

HANDLER(btc)
{
	bit_test(i, 'c');
}

HANDLER(bsf)
{
	uint32_t v = x86_load(i, 1);

	if (v)
		x86_store(i, 0, __builtin_ctz(v));
	set_flags(i->cpu, ZF, v ? 0 : ZF);
}

HANDLER(bsr)
{
	uint32_t v = x86_load(i, 1);

	if (v)
		x86_store(i, 0, 31 - __builtin_clz(v));
	set_flags(i->cpu, ZF, v ? 0 : ZF);
}

HANDLER(bswap)
{
	uint32_t *r = &i->cpu->gpr[i->opcode & 7].d;

	/* With a 16-bit operand undefined; processors clear the word. */
	if (i->osize == 4)
		*r = __builtin_bswap32(*r);
	else
		*r &= 0xffff0000;
}

/* --- moves --- */

HANDLER(movzx)
{
	x86_store(i, 0, x86_load(i, 1));
}

HANDLER(movsx)
{
	x86_store(i, 0, sign_extend(x86_load(i, 1), operand_size(i, i->operand[1])));
}

HANDLER(movnti)
{
	if (i->rep || operand_size_prefix(i))
		x86_raise(i, UD);
	x86_store(i, 0, x86_load(i, 1));
}

HANDLER(lea)
{
	if (!is_memory(i))
		x86_raise(i, UD);
	x86_store(i, 0, i->ea);
}

HANDLER(xchg)
{
	struct place a, b;
	uint32_t v;

	x86_operand(i, &a, 0, WRITE);
	x86_operand(i, &b, 1, WRITE);
	v = get(i, &a);
	put(i, &a, get(i, &b));
	put(i, &b, v);
}

HANDLER(xadd)
{
	struct place a, b;
	uint32_t x, y;

	x86_operand(i, &a, 0, WRITE);
	x86_operand(i, &b, 1, WRITE);
	x = get(i, &a);
	y = get(i, &b);
	put(i, &b, x);
	put(i, &a, x + y);
	set_flags(i->cpu, ARITHMETIC, add_flags(x, y, x + y, a.size));
}

HANDLER(cmpxchg)
{
	struct place p;
	uint32_t v, source = x86_load(i, 1), *eax = &i->cpu->gpr[DFW_RAX].d, a;

	x86_operand(i, &p, 0, WRITE);
	v = get(i, &p);
	a = *eax & size_mask(p.size);
	put(i, &p, v == a ? source : v);
	if (v != a)
		put_ptr(eax, p.size, v);
	set_flags(i->cpu, ARITHMETIC, sub_flags(a, v, a - v, p.size));
}

HANDLER(cmpxchg8b)
{
	union dfw_reg *r = i->cpu->gpr;
	struct place p;
	uint32_t v[2], want[2] = {r[DFW_RBX].d, r[DFW_RCX].d};
	bool equal;

	if (!is_memory(i))
		x86_raise(i, UD);
	place_memory(i, &p, i->seg, i->ea, 8, WRITE);
	x86_get_bytes(i, &p, v);
	equal = v[0] == r[DFW_RAX].d && v[1] == r[DFW_RDX].d;
	x86_put_bytes(i, &p, equal ? want : v);
	if (!equal) {
		r[DFW_RAX].d = v[0];
		r[DFW_RDX].d = v[1];
	}
	set_flags(i->cpu, ZF, equal ? ZF : 0);
}

HANDLER(cbw)
{
	union dfw_reg *a = &i->cpu->gpr[DFW_RAX];

	if (i->osize == 2)
		a->w = (int8_t)a->b[0];
	else
		a->d = (int16_t)a->w;
}

HANDLER(cwd)
{
	union dfw_reg *r = i->cpu->gpr;

	if (i->osize == 2)
		r[DFW_RDX].w = (int16_t)r[DFW_RAX].w >> 15;
	else
		r[DFW_RDX].d = (int32_t)r[DFW_RAX].d >> 31;
}

HANDLER(xlat)
{
	union dfw_reg *r = i->cpu->gpr;
	uint32_t off = r[DFW_RBX].d + r[DFW_RAX].b[0];

	if (i->asize == 2)
		off &= 0xffff;
	r[DFW_RAX].b[0] = read_memory(i, i->override ? i->override - 1 : DFW_DS, off, 1);
}

HANDLER(salc)
{
	i->cpu->gpr[DFW_RAX].b[0] = i->cpu->rflags & CF ? 0xff : 0;
}

HANDLER(nop)
{
}

/* --- conditions --- */

static bool condition(const struct insn *i)
{
	uint32_t f = i->cpu->rflags;
	bool is, less = !(f & SF) != !(f & OF);

	switch (i->opcode >> 1 & 7) {
	case 0:
		is = f & OF;
		break;
	case 1:
		is = f & CF;
		break;
	case 2:
		is = f & ZF;
		break;
	case 3:
		is = f & (CF | ZF);
		break;
	case 4:
		is = f & SF;
		break;
	case 5:
		is = f & PF;
		break;
	case 6:
		is = less;
		break;
	default:
		is = less || (f & ZF);
	}
	return is != (i->opcode & 1);
}

HANDLER(jcc)
{
	if (condition(i))
		x86_near_branch(i, i->eip + i->imm);
}

HANDLER(setcc)
{
	x86_store(i, 0, condition(i));
}

HANDLER(cmovcc)
{
	uint32_t v = x86_load(i, 1);

	if (condition(i))
		x86_store(i, 0, v);
}

/* LOOPNE, LOOPE, LOOP, JCXZ */
HANDLER(loop)
{
	union dfw_reg *c = &i->cpu->gpr[DFW_RCX];
	uint32_t count = (i->asize == 2 ? c->w : c->d) - (i->opcode != 0xe3);
	bool zero = i->cpu->rflags & ZF, taken;

	if (i->asize == 2)
		count &= 0xffff;
	switch (i->opcode) {
	case 0xe0:
		taken = count && !zero;
		break;
	case 0xe1:
		taken = count && zero;
		break;
	case 0xe2:
		taken = count;
		break;
	default:
		taken = !count;
	}
	if (taken)
		x86_near_branch(i, i->eip + i->imm);
	put_ptr(c, i->asize, count);
}

/* --- the stack --- */

HANDLER(push)
{
	uint32_t value = x86_load(i, 0), sp = get_stack(i->cpu);

	push(i, &sp, i->osize, value);
	commit_stack(i->cpu, sp);
}

HANDLER(pop)
{
	struct place p;
	uint32_t sp = get_stack(i->cpu), value = pop(i, &sp, i->osize);

	if (!i->in_memory) {
		commit_stack(i->cpu, sp);
		x86_store(i, 0, value);
		return;
	}
	/* An address based on ESP uses its value after the pop: SDM vol. 2, POP. */
	if (i->esp_base)
		i->ea += sp - get_stack(i->cpu);
	x86_operand(i, &p, 0, WRITE);
	commit_stack(i->cpu, sp);
	put(i, &p, value);
}

HANDLER(push_seg)
{
	uint32_t sp = get_stack(i->cpu), value = x86_load(i, 0);

	/* With a 32-bit operand, the high half of the slot is not written: SDM vol. 2, PUSH. */
	sp = (sp - i->osize) & stack_mask(i->cpu);
	write_memory(i, DFW_SS, sp, 2, value);
	commit_stack(i->cpu, sp);
}

HANDLER(pop_seg)
{
	unsigned seg = SIZE(i->operand[0]);
	uint32_t sp = get_stack(i->cpu), value = read_memory(i, DFW_SS, sp, 2);

	sp = (sp + i->osize) & stack_mask(i->cpu);
	/* ESP grows by the old stack's width, whatever the new SS says. */
	if (seg == DFW_SS) {
		struct dfw_segment s;
		uint32_t mask = stack_mask(i->cpu);

		x86_check_segment(i, seg, value, &s);
		i->cpu->seg[seg] = s;
		put_ptr(&i->cpu->gpr[DFW_RSP], mask == 0xffff ? 2 : 4, sp);
		i->cpu->interruptibility |= DFW_BLOCKED_BY_MOV_SS;
		i->no_trap = true;
		return;
	}
	x86_load_segment(i, seg, value);
	commit_stack(i->cpu, sp);
}

HANDLER(pusha)
{
	union dfw_reg *r = i->cpu->gpr;
	uint32_t sp = get_stack(i->cpu), image[8];
	unsigned n, size = i->osize;
	uint16_t words[8];
	struct place p[8];

	for (n = 0; n < 8; n++) {
		image[n] = r[n].d;
		words[n] = r[n].w;
	}
	/* All slots are checked before one is written. */
	for (n = 0; n < 8; n++) {
		sp = (sp - size) & stack_mask(i->cpu);
		place_memory(i, &p[n], DFW_SS, sp, size, WRITE);
	}
	for (n = 0; n < 8; n++)
		put(i, &p[n], size == 4 ? image[n] : words[n]);
	commit_stack(i->cpu, sp);
}

HANDLER(popa)
{
	union dfw_reg *r = i->cpu->gpr;
	uint32_t sp = get_stack(i->cpu), image[8];
	int n;

	for (n = 7; n >= 0; n--)
		image[n] = pop(i, &sp, i->osize);
	for (n = 0; n < 8; n++)
		if (n != DFW_RSP)
			put_ptr(&r[n], i->osize, image[n]);
	commit_stack(i->cpu, sp);
}

/* SDM vol. 2, ENTER. The last write check is that of the new stack pointer. */
HANDLER(enter)
{
	struct dfw_cpu *cpu = i->cpu;
	union dfw_reg *bp = &cpu->gpr[DFW_RBP];
	unsigned size = i->osize, level = i->imm2 & 31, n;
	uint32_t mask = stack_mask(cpu), sp = get_stack(cpu), frame, from = bp->d & mask;
	uint32_t image[31];
	struct place p[32];

	sp = frame = (sp - size) & mask;
	place_memory(i, &p[0], DFW_SS, sp, size, WRITE);
	for (n = 1; n < level; n++) {
		from = (from - size) & mask;
		image[n - 1] = read_memory(i, DFW_SS, from, size);
		sp = (sp - size) & mask;
		place_memory(i, &p[n], DFW_SS, sp, size, WRITE);
	}
	if (mask == 0xffff)
		frame |= cpu->gpr[DFW_RSP].d & 0xffff0000;
	if (level) {
		sp = (sp - size) & mask;
		place_memory(i, &p[level], DFW_SS, sp, size, WRITE);
		image[level - 1] = frame;
	}
	sp = (sp - (i->imm & 0xffff)) & mask;
	x86_linear(i, DFW_SS, sp, 1, WRITE);
	put(i, &p[0], bp->d);
	for (n = 1; n <= level; n++)
		put(i, &p[n], image[n - 1]);
	put_ptr(bp, size, frame);
	commit_stack(cpu, sp);
}

HANDLER(leave)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t sp = cpu->gpr[DFW_RBP].d & stack_mask(cpu), value = pop(i, &sp, i->osize);

	commit_stack(cpu, sp);
	put_ptr(&cpu->gpr[DFW_RBP], i->osize, value);
}

/* --- flags --- */

HANDLER(lahf)
{
	i->cpu->gpr[DFW_RAX].b[1] = i->cpu->rflags;
}

HANDLER(sahf)
{
	set_flags(i->cpu, ARITHMETIC & 0xff, i->cpu->gpr[DFW_RAX].b[1]);
}

HANDLER(cmc)
{
	i->cpu->rflags ^= CF;
}

HANDLER(clc)
{
	set_flags(i->cpu, CF, 0);
}

HANDLER(stc)
{
	set_flags(i->cpu, CF, CF);
}

HANDLER(cld)
{
	set_flags(i->cpu, DF, 0);
}

HANDLER(std)
{
	set_flags(i->cpu, DF, DF);
}

HANDLER(bound)
{
	unsigned size = i->osize;
	int32_t index = sign_extend(x86_load(i, 0), size), low, high;
	uint32_t bounds[2] = {0, 0};
	struct place p;

	if (!is_memory(i))
		x86_raise(i, UD);
	place_memory(i, &p, i->seg, i->ea, 2 * size, READ);
	x86_get_bytes(i, &p, bounds);
	if (size == 4) {
		low = bounds[0];
		high = bounds[1];
	} else {
		low = (int16_t)bounds[0];
		high = (int16_t)(bounds[0] >> 16);
	}
	if (index < low || index > high)
		x86_raise(i, BR);
}
