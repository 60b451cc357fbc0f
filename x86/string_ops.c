/* SPDX-License-Identifier: MIT
 *
 * String instructions and their REP forms. Each element is committed before the next, so a
 * fault leaves the registers at the element that raised it. Where limits and mapping allow, a run
 * of elements inside one page is done at once.
 */
#include "internal.h"

/* One string instruction on its way. */
struct string {
	unsigned size;   /* of an element */
	unsigned source; /* segment of rSI */
	int32_t step;    /* signed distance to the next element */
	uint32_t mask;   /* of an address */
	uint32_t left;   /* iterations that this step may do */
};

static uint32_t counter(const struct insn *i)
{
	return i->asize == 2 ? i->cpu->gpr[DFW_RCX].w : i->cpu->gpr[DFW_RCX].d;
}

static uint32_t offset(const struct insn *i, const struct string *s, unsigned reg)
{
	return i->cpu->gpr[reg].d & s->mask;
}

static void advance(struct insn *i, const struct string *s, unsigned reg, uint32_t elements)
{
	put_ptr(&i->cpu->gpr[reg], i->asize, i->cpu->gpr[reg].d + elements * (uint32_t)s->step);
}

/* False where REP's count is zero. */
static bool begin(struct insn *i, struct string *s, unsigned kind)
{
	s->size = operand_size(i, kind);
	s->source = i->override ? i->override - 1 : DFW_DS;
	s->step = i->cpu->rflags & DF ? -(int32_t)s->size : (int32_t)s->size;
	s->mask = i->asize == 2 ? 0xffff : 0xffffffffu;
	s->left = 1;
	if (!i->rep)
		return true;
	if (i->x->rep_batch && !(i->cpu->rflags & TF))
		s->left = i->x->rep_batch;
	return counter(i);
}

/*
 * After `elements` of a REP form. True: go on in this step. Where the step's share is used up
 * but the count is not, the instruction stays to be resumed; RF keeps an instruction breakpoint
 * from firing again (SDM vol. 3, 17.3.1.1).
 */
static bool next_elements(struct insn *i, struct string *s, uint32_t elements, bool stop)
{
	uint32_t count;

	if (!i->rep)
		return false;
	count = counter(i) - elements;
	put_ptr(&i->cpu->gpr[DFW_RCX], i->asize, count);
	s->left -= elements;
	if (!count || stop)
		return false;
	i->x->shadow = i->cpu->interruptibility; /* this element's; a fault of the next leaves it */
	if (s->left && !i->debug)
		return true;
	i->outcome = X86_REPEAT;
	i->eip = i->cpu->rip;
	i->keep_rf = true;
	i->cpu->rflags |= RF;
	return false;
}

/*
 * How many elements from `off` on, in either direction, can be done at once from *ptr on: within the
 * segment, the page and the address width, on mapped memory. 0: element by element.
 */
static uint32_t run_length(struct insn *i, const struct string *s, unsigned seg, uint32_t off,
			   unsigned access, uint32_t wanted, uint8_t **ptr)
{
	const struct dfw_segment *d = &i->cpu->seg[seg];
	uint32_t in_page = ((uint32_t)d->base + off) & 4095, room, bytes, below;
	uint64_t phys;
	uint8_t *p;

	if (wanted < 2 || (i->cpu->dr7 & DR7_ENABLES) || in_page + s->size > 4096)
		return 0;
	if (s->step > 0)
		room = 4096 - in_page < s->mask - off ? 4096 - in_page : s->mask - off;
	else
		room = (in_page < off ? in_page : off) + s->size;
	bytes = wanted > 4096 || wanted * s->size > room ? room & ~(s->size - 1) : wanted * s->size;
	below = s->step > 0 ? 0 : bytes - s->size;
	if (!bytes || !in_limit(d, off - below, bytes))
		return 0;
	phys = x86_physical(i, x86_linear(i, seg, off, s->size, access), access);
	p = i->x->ops->map(i->x->world, phys - below, bytes, access & WRITE);
	if (!p)
		return 0;
	*ptr = p + below;
	return bytes >> (s->size >> 1); /* by 1, 2 or 4 */
}

static uint32_t wanted(const struct insn *i, const struct string *s)
{
	uint32_t count = counter(i);

	return !i->rep ? 1 : count < s->left ? count : s->left;
}

/*
 * A run by the processor's own instruction, element by element as the guest's would: regions may
 * overlap. The direction flag is set within the statement only.
 */
#define STRING_OP(s, op, ...)                                                                      \
	do {                                                                                       \
		if ((s)->step < 0)                                                                 \
			asm volatile("std\n\t" op "\n\tcld" __VA_ARGS__ : "memory", "cc");          \
		else                                                                               \
			asm volatile(op __VA_ARGS__ : "memory", "cc");                             \
	} while (0)
#define EACH_SIZE(s, op, ...)                                                                      \
	do {                                                                                       \
		if ((s)->size == 4)                                                                \
			STRING_OP(s, op "l", __VA_ARGS__);                                         \
		else if ((s)->size == 2)                                                           \
			STRING_OP(s, op "w", __VA_ARGS__);                                         \
		else                                                                               \
			STRING_OP(s, op "b", __VA_ARGS__);                                         \
	} while (0)

static void copy_run(const struct string *s, uint8_t *dst, const uint8_t *src, size_t n)
{
	EACH_SIZE(s, "rep movs", : "+D"(dst), "+S"(src), "+c"(n) :);
}

static void fill_run(const struct string *s, uint8_t *dst, uint32_t value, size_t n)
{
	EACH_SIZE(s, "rep stos", : "+D"(dst), "+c"(n) : "a"(value));
}

/* How many of n elements REPE or REPNE goes through. */
static uint32_t compare_run(const struct string *s, bool while_equal, const uint8_t *x, const uint8_t *y,
			    size_t n)
{
	size_t left = n;

	if (while_equal)
		EACH_SIZE(s, "repe cmps", : "+S"(x), "+D"(y), "+c"(left) :);
	else
		EACH_SIZE(s, "repne cmps", : "+S"(x), "+D"(y), "+c"(left) :);
	return n - left;
}

static uint32_t scan_run(const struct string *s, bool while_equal, uint32_t value, const uint8_t *y,
			 size_t n)
{
	size_t left = n;

	if (while_equal)
		EACH_SIZE(s, "repe scas", : "+D"(y), "+c"(left) : "a"(value));
	else
		EACH_SIZE(s, "repne scas", : "+D"(y), "+c"(left) : "a"(value));
	return n - left;
}

/* The k-th element of a run. */
static uint8_t *element(const struct string *s, uint8_t *run, uint32_t k)
{
	return run + (int32_t)k * s->step;
}

HANDLER(movs)
{
	struct string s;
	uint32_t n;

	if (!begin(i, &s, i->operand[0]))
		return;
	do {
		uint32_t si = offset(i, &s, DFW_RSI), di = offset(i, &s, DFW_RDI), want, value;
		uint8_t *src, *dst;

		want = wanted(i, &s);
		n = run_length(i, &s, s.source, si, READ, want, &src);
		if (n)
			n = run_length(i, &s, DFW_ES, di, WRITE, n, &dst);
		if (n) {
			copy_run(&s, dst, src, n);
		} else {
			n = 1;
			value = read_memory(i, s.source, si, s.size);
			write_memory(i, DFW_ES, di, s.size, value);
		}
		advance(i, &s, DFW_RSI, n);
		advance(i, &s, DFW_RDI, n);
	} while (next_elements(i, &s, n, false));
}

HANDLER(stos)
{
	struct string s;
	uint32_t n;

	if (!begin(i, &s, i->operand[0]))
		return;
	do {
		uint32_t di = offset(i, &s, DFW_RDI), value = i->cpu->gpr[DFW_RAX].d;
		uint8_t *dst;

		n = run_length(i, &s, DFW_ES, di, WRITE, wanted(i, &s), &dst);
		if (n) {
			fill_run(&s, dst, value, n);
		} else {
			n = 1;
			write_memory(i, DFW_ES, di, s.size, value);
		}
		advance(i, &s, DFW_RDI, n);
	} while (next_elements(i, &s, n, false));
}

/* Only the last element of a run stays in the accumulator. */
HANDLER(lods)
{
	struct string s;
	uint32_t n;

	if (!begin(i, &s, i->operand[0]))
		return;
	do {
		uint32_t si = offset(i, &s, DFW_RSI), value;
		uint8_t *src;

		n = run_length(i, &s, s.source, si, READ, wanted(i, &s), &src);
		if (n) {
			value = get_ptr(element(&s, src, n - 1), s.size);
		} else {
			n = 1;
			value = read_memory(i, s.source, si, s.size);
		}
		put_ptr(&i->cpu->gpr[DFW_RAX], s.size, value);
		advance(i, &s, DFW_RSI, n);
	} while (next_elements(i, &s, n, false));
}

/* REPE stops where ZF = 0, REPNE where ZF = 1. */
static bool unmatched(const struct insn *i, bool equal)
{
	return equal == (i->rep == 0xf2);
}

HANDLER(cmps)
{
	struct string s;
	uint32_t n;
	bool stop;

	if (!begin(i, &s, i->operand[0]))
		return;
	do {
		uint32_t si = offset(i, &s, DFW_RSI), di = offset(i, &s, DFW_RDI), a, b, most;
		uint8_t *x, *y;

		most = run_length(i, &s, s.source, si, READ, wanted(i, &s), &x);
		if (most)
			most = run_length(i, &s, DFW_ES, di, READ, most, &y);
		if (most) {
			n = compare_run(&s, i->rep == 0xf3, x, y, most);
			a = get_ptr(element(&s, x, n - 1), s.size);
			b = get_ptr(element(&s, y, n - 1), s.size);
		} else {
			n = 1;
			a = read_memory(i, s.source, si, s.size);
			b = read_memory(i, DFW_ES, di, s.size);
		}
		stop = unmatched(i, a == b);
		advance(i, &s, DFW_RSI, n);
		advance(i, &s, DFW_RDI, n);
		set_flags(i->cpu, ARITHMETIC, sub_flags(a, b, a - b, s.size));
	} while (next_elements(i, &s, n, stop));
}

HANDLER(scas)
{
	struct string s;
	uint32_t n;
	bool stop;

	if (!begin(i, &s, i->operand[0]))
		return;
	do {
		uint32_t di = offset(i, &s, DFW_RDI), b, most;
		uint32_t a = i->cpu->gpr[DFW_RAX].d & size_mask(s.size);
		uint8_t *y;

		most = run_length(i, &s, DFW_ES, di, READ, wanted(i, &s), &y);
		if (most) {
			n = scan_run(&s, i->rep == 0xf3, a, y, most);
			b = get_ptr(element(&s, y, n - 1), s.size);
		} else {
			n = 1;
			b = read_memory(i, DFW_ES, di, s.size);
		}
		stop = unmatched(i, a == b);
		advance(i, &s, DFW_RDI, n);
		set_flags(i->cpu, ARITHMETIC, sub_flags(a, b, a - b, s.size));
	} while (next_elements(i, &s, n, stop));
}

/* A port takes its time: interrupts get their chance earlier. */
static inline void limit_port_batch(struct string *s)
{
	enum { PORT_BATCH = 256 };

	if (s->left > PORT_BATCH)
		s->left = PORT_BATCH;
}

/* The port is read only after the memory is known to take the value. */
HANDLER(ins)
{
	struct string s;
	uint32_t n;

	x86_check_io(i, i->cpu->gpr[DFW_RDX].w, operand_size(i, i->operand[0])); /* if ECX = 0, too */
	if (!begin(i, &s, i->operand[0]))
		return;
	x86_io_breakpoints(i, i->cpu->gpr[DFW_RDX].w, s.size);
	limit_port_batch(&s);
	do {
		uint32_t di = offset(i, &s, DFW_RDI), most;
		uint16_t port = i->cpu->gpr[DFW_RDX].w;
		struct place p;
		uint8_t *dst;

		most = run_length(i, &s, DFW_ES, di, WRITE, wanted(i, &s), &dst);
		if (most) {
			for (n = 0; n < most; n++)
				put_ptr(element(&s, dst, n), s.size,
					i->x->ops->in(i->x->world, port, s.size));
		} else {
			n = 1;
			place_memory(i, &p, DFW_ES, di, s.size, WRITE);
			put(i, &p, i->x->ops->in(i->x->world, port, s.size));
		}
		advance(i, &s, DFW_RDI, n);
	} while (next_elements(i, &s, n, false));
}

HANDLER(outs)
{
	struct string s;
	uint32_t n;

	x86_check_io(i, i->cpu->gpr[DFW_RDX].w, operand_size(i, i->operand[1])); /* if ECX = 0, too */
	if (!begin(i, &s, i->operand[1]))
		return;
	x86_io_breakpoints(i, i->cpu->gpr[DFW_RDX].w, s.size);
	limit_port_batch(&s);
	do {
		uint32_t si = offset(i, &s, DFW_RSI), most;
		uint16_t port = i->cpu->gpr[DFW_RDX].w;
		uint8_t *src;

		most = run_length(i, &s, s.source, si, READ, wanted(i, &s), &src);
		if (most) {
			for (n = 0; n < most; n++)
				i->x->ops->out(i->x->world, port, s.size,
					       get_ptr(element(&s, src, n), s.size));
		} else {
			n = 1;
			i->x->ops->out(i->x->world, port, s.size,
				       read_memory(i, s.source, si, s.size));
		}
		advance(i, &s, DFW_RSI, n);
	} while (next_elements(i, &s, n, false));
}
