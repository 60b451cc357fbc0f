/* SPDX-License-Identifier: MIT
 *
 * Paging: two levels, PAE, and the four and five levels of IA-32e mode. SDM vol. 3, chapter 4.
 */
#include "internal.h"

/* Page-table entries, SDM vol. 3, 4.3-4.5; error codes, 4.7 */
enum { PTE_P = 1, PTE_W = 2, PTE_U = 4, PTE_A = 0x20, PTE_D = 0x40, PTE_PS = 0x80 };
enum { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_RESERVED = 8, PF_FETCH = 16 };
/* of the address, in the low half and in the high one; and of the high half */
#define PTE_LOW  0xfffff000u
#define PTE_HIGH 0xfffffu
#define PTE_NX   (1u << 31)

static _Noreturn void page_fault(struct insn *i, uint64_t linear, unsigned access, unsigned error)
{
	struct dfw_cpu *cpu = i->cpu;

	if (access & WRITE)
		error |= PF_WRITE;
	if (!(access & SYSTEM) && cpl(cpu) == 3)
		error |= PF_USER;
	if ((access & FETCH) && (((cpu->cr4 & CR4_PAE) && (cpu->efer & EFER_NXE)) ||
				 (cpu->cr4 & CR4_SMEP)))
		error |= PF_FETCH;
	if (!(access & PEEK))
		cpu->cr2 = linear;
	x86_raise_error(i, PAGE_FAULT, error);
}

static void read_entry(struct insn *i, uint64_t phys, uint32_t *halves, unsigned size)
{
	const void *p = i->x->ops->map(i->x->world, phys, size, false);

	halves[1] = 0;
	if (p)
		memcpy(halves, p, size);
	else
		i->x->ops->read(i->x->world, phys, halves, size);
}

/* Is the access forbidden by the and-ed rights of the whole walk? SDM vol. 3, 4.6 */
static bool forbidden(const struct dfw_cpu *cpu, uint32_t rights, bool nx, unsigned access)
{
	bool user = !(access & SYSTEM) && cpl(cpu) == 3;

	if (user && !(rights & PTE_U))
		return true;
	if ((access & WRITE) && !(rights & PTE_W) && (user || (cpu->cr0 & CR0_WP)))
		return true;
	if (access & FETCH)
		return nx || (!user && (rights & PTE_U) && (cpu->cr4 & CR4_SMEP));
	return !user && (rights & PTE_U) && (cpu->cr4 & CR4_SMAP) &&
	       ((access & SYSTEM) || !(cpu->rflags & AC));
}

/* The high half's bits from the processor's physical width on, which is 32 to 52: SDM vol. 3, 4.1.4. */
static uint32_t beyond_width(struct insn *i)
{
	bool pae = x86_feature(i, F_PAE);
	unsigned width = x86_features(i, WIDTHS) & 0x3f;

	return ~0u << ((width ? width : pae ? 36 : 32) & 31);
}

/* The bits of a large page's entry between PAT and its frame are reserved: SDM vol. 3, tables 4-4 and 4-16. */
static uint32_t reserved_below(struct insn *i, bool pae, uint32_t offset)
{
	if (!pae && x86_feature(i, F_PSE36)) /* bits 20:13 are bits 39:32 of the address */
		offset &= 1u << 21 | beyond_width(i) << 13;
	return offset & 0xffffe000;
}

uint64_t x86_walk(struct insn *i, uint64_t linear, unsigned access)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t cr4 = cpu->cr4, efer = cpu->efer, rights = PTE_W | PTE_U, nx = 0, reserved = 0, offset;
	unsigned size = 4, bits = 10, shift = 22, largest = cr4 & CR4_PSE ? 22 : 0, error = 0;
	/* a page-table entry and where it is, in halves */
	struct {
		uint64_t at;
		uint32_t half[2]; /* low, high */
	} steps[5], *s = steps, table = {.half = {cpu->cr3}};

	if (cr4 & CR4_PAE) {
		size = 8;
		bits = 9;
		shift = largest = 21;
		/* SDM vol. 3, tables 4-9 to 4-20: bits 62:52 are ignored in IA-32e mode alone */
		reserved = beyond_width(i) & ~PTE_NX;
		if (efer & EFER_LMA) {
			shift = cr4 & CR4_LA57 ? 48 : 39;
			if (x86_feature(i, F_PAGE1GB))
				largest = 30;
			table.half[1] = cpu->cr3 >> 32;
			reserved &= PTE_HIGH;
		} else {
			table.half[0] = cpu->pdpte[linear >> 30 & 3];
			table.half[1] = cpu->pdpte[linear >> 30 & 3] >> 32;
			if (!(table.half[0] & PTE_P))
				goto fault;
		}
		if (!(efer & EFER_NXE))
			reserved |= PTE_NX;
	}
	for (;;) {
		s->at = (uint64_t)(table.half[1] & PTE_HIGH) << 32 | (table.half[0] & PTE_LOW) |
			((uint32_t)(linear >> shift) & ((1u << bits) - 1)) * size;
		read_entry(i, s->at, s->half, size);
		table = *s;
		if (!(table.half[0] & PTE_P))
			goto fault;
		error = PF_PRESENT | PF_RESERVED;
		if (table.half[1] & reserved)
			goto fault;
		rights &= table.half[0];
		nx |= table.half[1];
		if (shift == 12 || ((table.half[0] & PTE_PS) && shift <= largest))
			break;
		if ((table.half[0] & PTE_PS) && shift >= 30)
			goto fault;
		error = 0;
		shift -= bits;
		s++;
	}
	offset = (1u << shift) - 1;
	if (shift > 12 && (table.half[0] & reserved_below(i, size == 8, offset)))
		goto fault;
	error = PF_PRESENT;
	if (forbidden(cpu, rights, nx & PTE_NX, access))
		goto fault;
	if (shift == 22)
		table.half[1] = table.half[0] >> 13 & 0xff;
	/* accessed bits of the whole walk, the page's own dirty bit */
	for (bits = access & WRITE ? PTE_A | PTE_D : PTE_A; !(access & PEEK) && s >= steps; s--, bits = PTE_A)
		if (bits & ~s->half[0]) {
			s->half[0] |= bits;
			i->x->ops->write(i->x->world, s->at, s->half, size);
		}
	return (uint64_t)(table.half[1] & PTE_HIGH) << 32 | (table.half[0] & PTE_LOW & ~offset) | ((uint32_t)linear & offset);

fault:
	page_fault(i, linear, access, error);
}

bool x86_load_pdptes(struct insn *i, uint64_t cr3, uint64_t cr4)
{
	uint32_t pdpte[4][2], reserved = beyond_width(i);
	unsigned n;

	for (n = 0; n < 4; n++) {
		read_entry(i, (cr3 & 0xffffffe0) + 8 * n, pdpte[n], 8);
		/* SDM vol. 3, table 4-8 */
		if ((pdpte[n][0] & PTE_P) && ((pdpte[n][0] & 0x1e6) || (pdpte[n][1] & reserved)))
			return false;
	}
	memcpy(i->cpu->pdpte, pdpte, sizeof(pdpte));
	return true;
}
