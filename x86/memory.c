/* SPDX-License-Identifier: MIT
 *
 * From segment and offset to bytes: segment checks, breakpoints, instruction fetch.
 */
#include "internal.h"

uint32_t x86_breakpoints(const struct dfw_cpu *cpu, uint32_t linear, unsigned len, unsigned rw)
{
	/* SDM vol. 3, 17.2.4: LEN 2 means 8 bytes */
	static const uint8_t length[4] = {1, 2, 8, 4};
	uint32_t dr7 = cpu->dr7, hit = 0;
	unsigned n;

	for (n = 0; n < 4; n++) {
		unsigned type = dr7 >> (16 + 4 * n) & 3, size = length[dr7 >> (18 + 4 * n) & 3];
		uint32_t start = (uint32_t)cpu->dr[n] & ~(size - 1);

		if (!(dr7 >> (2 * n) & 3))
			continue;
		if (type != rw && !(type == 3 && rw == 1))
			continue;
		if (linear - start < size || start - linear < len)
			hit |= 1u << n | DR6_ENABLED;
	}
	return hit;
}

/* Reads go by rw 3, writes by 1 and 3. */
static void data_breakpoints(struct insn *i, uint32_t linear, unsigned len, unsigned access)
{
	i->debug |= x86_breakpoints(i->cpu, linear, len, access & WRITE ? 1 : 3);
}

_Noreturn void x86_segment_fault(struct insn *i, unsigned seg)
{
	x86_raise_error(i, seg == DFW_SS ? STACK_FAULT : GP, i->ext);
}

/* #AC by the operand's size, SDM vol. 3, table 6-7. What is longer than 8 bytes is 16 bytes of SSE,
 * which look after themselves, 10 of x87, or an x87 image made of words or doublewords. */
static void check_alignment(struct insn *i, uint32_t linear, uint32_t len)
{
	const struct dfw_cpu *cpu = i->cpu;
	uint32_t unit = len & -len; /* 2 of 10, 14 and 94; 4 of 28 and 108 */

	if (len == 16 || len == 512 || cpl(cpu) != 3 || !((uint32_t)cpu->cr0 & CR0_AM))
		return;
	if (len == 10)
		unit = 8;
	else if (len == 6) /* a descriptor-table register */
		unit = 4;
	if (linear & (unit - 1))
		x86_raise_error(i, ALIGNMENT, 0);
}

uint32_t x86_linear(struct insn *i, unsigned seg, uint32_t off, uint32_t len, unsigned access)
{
	const struct dfw_segment *s = &i->cpu->seg[seg];
	uint32_t ar = s->access_rights, linear = (uint32_t)s->base + off;

	if ((ar & DFW_AR_UNUSABLE) || !(ar & DFW_AR_P))
		x86_segment_fault(i, seg);
	if (ar & DFW_AR_CODE) {
		/* In real mode CS may be written whatever its type, SDM vol. 3, 21.1.1. */
		if ((seg != DFW_CS || is_protected(i->cpu)) &&
		    ((access & WRITE) || !(ar & DFW_AR_WRITABLE)))
			x86_segment_fault(i, seg);
	} else if ((access & WRITE) && !(ar & DFW_AR_WRITABLE)) {
		x86_segment_fault(i, seg);
	}
	if (!in_limit(s, off, len))
		x86_segment_fault(i, seg);
	if (((uint32_t)i->cpu->rflags & AC) && !(access & PARTS))
		check_alignment(i, linear, len);
	if (i->cpu->dr7 & DR7_ENABLES)
		data_breakpoints(i, linear, len, access);
	return linear;
}

void x86_place(struct insn *i, struct place *p, uint64_t linear, unsigned len, unsigned access)
{
	uint32_t room = 4096 - (linear & 4095);

	p->size = len;
	p->ptr = linear >> 32 || len > FLAT_MOST ? NULL : flat_memory(i->x, i->flat_size, linear);
	if (__builtin_expect(p->ptr != NULL, 1))
		return;
	p->phys[0] = x86_physical(i, linear, access);
	if (__builtin_expect(len <= room, 1)) {
		p->first = len;
		p->ptr = i->x->ops->map(i->x->world, p->phys[0], len, access & WRITE);
		return;
	}
	p->first = room;
	p->phys[1] = x86_physical(i, linear + room, access);
	p->ptr = NULL;
}

void x86_get_bytes(struct insn *i, const struct place *p, void *dst)
{
	if (p->ptr) {
		memcpy(dst, p->ptr, p->size);
		return;
	}
	i->x->ops->read(i->x->world, p->phys[0], dst, p->first);
	if (p->first < p->size)
		i->x->ops->read(i->x->world, p->phys[1], (uint8_t *)dst + p->first,
				p->size - p->first);
}

void x86_put_bytes(struct insn *i, const struct place *p, const void *src)
{
	if (p->ptr) {
		memcpy(p->ptr, src, p->size);
		return;
	}
	i->x->ops->write(i->x->world, p->phys[0], src, p->first);
	if (p->first < p->size)
		i->x->ops->write(i->x->world, p->phys[1], (const uint8_t *)src + p->first,
				 p->size - p->first);
}

uint32_t x86_read_closely(struct insn *i, unsigned seg, uint32_t off, unsigned len)
{
	struct place p;

	x86_place(i, &p, x86_linear(i, seg, off, len, READ), len, READ);
	return get(i, &p);
}

void x86_write_closely(struct insn *i, unsigned seg, uint32_t off, unsigned len, uint32_t value)
{
	struct place p;

	x86_place(i, &p, x86_linear(i, seg, off, len, WRITE), len, WRITE);
	put(i, &p, value);
}

uint32_t read_system(struct insn *i, uint64_t linear, unsigned len)
{
	uint32_t value = 0;

	x86_read_bytes(i, linear, &value, len, SYSTEM);
	return value;
}

void write_system(struct insn *i, uint64_t linear, unsigned len, uint32_t value)
{
	x86_write_bytes(i, linear, &value, len, SYSTEM);
}

void x86_read_bytes(struct insn *i, uint64_t linear, void *dst, unsigned len, unsigned access)
{
	struct place p;

	x86_place(i, &p, linear, len, access);
	x86_get_bytes(i, &p, dst);
}

void x86_write_bytes(struct insn *i, uint64_t linear, const void *src, unsigned len,
		      unsigned access)
{
	struct place p;

	x86_place(i, &p, linear, len, access | WRITE);
	x86_put_bytes(i, &p, src);
}

void x86_fetch(struct insn *i)
{
	const struct dfw_segment *cs = &i->cpu->seg[DFW_CS];
	uint32_t have = i->end - i->shown.bytes;
	uint8_t *dst = i->shown.bytes + have;
	uint32_t off = (uint32_t)i->cpu->rip + have, linear = (uint32_t)cs->base + off;
	uint32_t room = 15 - have, page = 4096 - (linear & 4095);
	uint64_t phys;
	void *src;

	if (!room || !in_limit(cs, off, 1))
		x86_raise_error(i, GP, 0);
	if (room > page)
		room = page;
	while (!in_limit(cs, off, room)) /* the segment ends first; it may be LOADALL's, of any type */
		room--;
	phys = x86_physical(i, linear, i->fetch);
	src = i->x->ops->map(i->x->world, phys, room, false);
	if (!src)
		i->x->ops->read(i->x->world, phys, dst, room);
	else
		memcpy(dst, src, room);
	i->end += room;
}
