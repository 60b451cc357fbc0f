/* SPDX-License-Identifier: MIT
 *
 * What nearly every instruction goes through: its operands and memory, and one step: find the instruction,
 * check what its row says, run it, retire.
 */
#include "internal.h"

void *x86_direct(struct insn *i, unsigned seg, uint32_t off, unsigned len)
{
	return direct(i, seg, off, len);
}

void place_memory(struct insn *i, struct place *p, unsigned seg, uint32_t off, unsigned len,
		  unsigned access)
{
	p->size = len;
	p->ptr = len > FLAT_MOST ? NULL : x86_direct(i, seg, off, len);
	if (__builtin_expect(!p->ptr, 0))
		x86_place(i, p, x86_linear(i, seg, off, len, access), len, access);
}

/* The operand in memory. */
static __attribute__((noinline)) void *operand_memory(struct insn *i, unsigned size)
{
	return direct(i, i->seg, i->ea, size);
}

uint32_t read_memory(struct insn *i, unsigned seg, uint32_t off, unsigned len)
{
	const void *ptr = x86_direct(i, seg, off, len);

	return __builtin_expect(ptr != NULL, 1) ? get_ptr(ptr, len) : x86_read_closely(i, seg, off, len);
}

void write_memory(struct insn *i, unsigned seg, uint32_t off, unsigned len, uint32_t value)
{
	void *ptr = x86_direct(i, seg, off, len);

	if (__builtin_expect(ptr != NULL, 1))
		put_ptr(ptr, len, value);
	else
		x86_write_closely(i, seg, off, len, value);
}

void push(struct insn *i, uint32_t *sp, unsigned size, uint32_t value)
{
	*sp = (*sp - size) & stack_mask(i->cpu);
	write_memory(i, DFW_SS, *sp, size, value);
}

uint32_t pop(struct insn *i, uint32_t *sp, unsigned size)
{
	uint32_t value = read_memory(i, DFW_SS, *sp, size);

	*sp = (*sp + size) & stack_mask(i->cpu);
	return value;
}

static const uint32_t *immediate(struct insn *i, unsigned at)
{
	if (at == AT_NOTHING)
		x86_raise(i, UD);
	return at == AT_IMMEDIATE2 ? &i->imm2 : &i->imm;
}

void x86_operand(struct insn *i, struct place *p, unsigned n, unsigned access)
{
	unsigned at = i->at[n];

	p->size = i->size[n];
	if (__builtin_expect(at < AT_MEMORY, 1))
		p->ptr = (uint8_t *)i->cpu + at;
	else if (at == AT_MEMORY)
		place_memory(i, p, i->seg, i->ea, p->size, access);
	else
		p->ptr = (void *)immediate(i, at);
}

static inline uint32_t load(struct insn *i, unsigned n)
{
	unsigned at = i->at[n], size = i->size[n];
	const void *ptr;

	if (at < AT_MEMORY)
		return get_ptr((uint8_t *)i->cpu + at, size);
	if (__builtin_expect(at != AT_MEMORY, 0))
		return *immediate(i, at) & size_mask(size);
	ptr = operand_memory(i, size);
	return __builtin_expect(ptr != NULL, 1) ? get_ptr(ptr, size) : x86_read_closely(i, i->seg, i->ea, size);
}

static inline void store(struct insn *i, unsigned n, uint32_t value)
{
	unsigned at = i->at[n], size = i->size[n];
	void *ptr;

	if (at < AT_MEMORY) {
		put_ptr((uint8_t *)i->cpu + at, size, value);
		return;
	}
	if (__builtin_expect(at != AT_MEMORY, 0))
		x86_raise(i, UD);
	ptr = operand_memory(i, size);
	if (__builtin_expect(ptr != NULL, 1))
		put_ptr(ptr, size, value);
	else
		x86_write_closely(i, i->seg, i->ea, size, value);
}

uint32_t x86_load(struct insn *i, unsigned n)
{
	return load(i, n);
}

void x86_store(struct insn *i, unsigned n, uint32_t value)
{
	store(i, n, value);
}

/* The most frequent of all. */
HANDLER(mov)
{
	store(i, 0, load(i, 1));
}

/* --- a step --- */

enum x86_outcome x86_step_caught(struct x86 *x)
{
	struct dfw_cpu *cpu = x->cpu;
	uint32_t flat_size = x86_flat_size(x);
	struct x86_slot *slot;
	const uint8_t *code;
	struct insn *i = x86_find(x, flat_size, &slot, &code);

	x->shadow = cpu->interruptibility;
	if (__builtin_expect(i != NULL, 1)) {
		x->insn = &i->shown;
		x86_start(i, x, flat_size);
	} else {
		i = x86_find_or_decode(x, FETCH);
	}
	i->eip = (uint32_t)cpu->rip + i->shown.length;
	if (i->in_memory) {
		uint32_t ea = i->displacement;

		if (i->has_base)
			ea += cpu->gpr[i->base].d;
		if (i->has_index)
			ea += cpu->gpr[i->index].d << i->scale;
		i->ea = ea & i->address_mask;
	}
	if (__builtin_expect(i->careful, 0) && (i->careful != CPL0 || ((uint32_t)cpu->cr0 & CR0_PE)))
		x86_check_row(i);
	cpu->interruptibility &= ~(uint32_t)(DFW_BLOCKED_BY_STI | DFW_BLOCKED_BY_MOV_SS);
	i->run(i);
	cpu->rip = i->eip;
	if (__builtin_expect(i->ending | i->debug | i->rip_high, 0))
		return x86_retire(i);
	cpu->rflags &= ~(uint64_t)RF;
	return X86_DONE;
}
