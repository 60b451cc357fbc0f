/* SPDX-License-Identifier: MIT
 *
 * What the manuals say where neither side of the comparison tells: undefined flags, the memory
 * operand's address, segment protection of each access, and the excuses.
 */
#include "diff.h"
#include "undefined.h"

enum excuse_number {
#define E(name, what, manual, vector) name,
#include "excuses.def"
#undef E
};

/* --- undefined results --- */

static unsigned shift_count(const struct test *t)
{
	switch (t->form->row) {
	case 0xc0:
	case 0xc1:
	case 0x1a4:
	case 0x1ac:
		return t->code[t->length - 1] & 31;
	case 0xd0:
	case 0xd1:
		return 1;
	default:
		return t->before.gpr[DFW_RCX].b[0] & 31;
	}
}

uint32_t undefined_flags(const struct test *t, bool *result)
{
	unsigned row = t->form->row;

	return undefined_flags_of(row, t->code[t->opcode_at + 1] >> 3 & 7, shift_count(t),
				  !(row & 1) && row < 0x100 ? 8
				  : t->o32		    ? 32
							    : 16,
				  result);
}

/* --- the memory operand, SDM vol. 2, tables 2-1 to 2-3 --- */

static int32_t displacement(const uint8_t *p, unsigned size)
{
	int16_t w;
	int32_t d;

	memcpy(&w, p, 2);
	memcpy(&d, p, 4);
	return size == 1 ? (int8_t)*p : size == 2 ? w : d;
}

void find_operand(struct test *t)
{
	static const int8_t first[8] = {DFW_RBX, DFW_RBX, DFW_RBP, DFW_RBP,
					DFW_RSI, DFW_RDI, DFW_RBP, DFW_RBX};
	static const int8_t second[8] = {DFW_RSI, DFW_RDI, DFW_RSI, DFW_RDI, -1, -1, -1, -1};
	const uint8_t *p = t->code + t->opcode_at + 1;
	const union dfw_reg *r = t->before.gpr;
	unsigned row = t->form->row, mod = *p >> 6, rm = *p & 7, base = rm;
	bool stack = false;

	t->memory = false;
	t->ea = 0;
	if (row >= 0xa0 && row <= 0xa3) {
		t->ea = t->a32 ? (uint32_t)displacement(p, 4) : (uint16_t)displacement(p, 2);
	} else if (row == 0xd7) {
		t->ea = t->a32 ? r[DFW_RBX].d + r[DFW_RAX].b[0]
			       : (uint16_t)(r[DFW_RBX].w + r[DFW_RAX].b[0]);
	} else if (!(x86_opcodes[row].flags & HAS_MODRM) || mod == 3 ||
		   (row >= 0x120 && row <= 0x127)) {
		return;
	} else if (!t->a32) {
		if (mod == 0 && rm == 6) {
			t->ea = displacement(p + 1, 2);
		} else {
			t->ea = r[first[rm]].w + (second[rm] < 0 ? 0 : r[second[rm]].w);
			stack = first[rm] == DFW_RBP;
			if (mod)
				t->ea += displacement(p + 1, mod);
		}
		t->ea &= 0xffff;
	} else {
		p++;
		if (rm == 4) {
			base = *p & 7;
			if ((*p >> 3 & 7) != 4)
				t->ea = r[*p >> 3 & 7].d << (*p >> 6);
			p++;
		}
		if (base == 5 && mod == 0) {
			t->ea += displacement(p, 4);
		} else {
			t->ea += r[base].d;
			stack = base == DFW_RSP || base == DFW_RBP;
			if (mod)
				t->ea += displacement(p, mod == 1 ? 1 : 4);
			/* SDM vol. 2, POP: ESP counts after the increment */
			if (row == 0x8f && base == DFW_RSP) {
				uint32_t size = t->o32 ? 4 : 2;

				t->ea += size;
				if (!(t->before.seg[DFW_SS].access_rights & DFW_AR_DB) &&
				    r[DFW_RSP].w + size > 0xffff)
					t->ea -= 0x10000;
			}
		}
	}
	t->memory = true;
	t->seg = t->override >= 0 ? (unsigned)t->override : stack ? DFW_SS : DFW_DS;
}

/* --- segment protection, SDM vol. 3, 5.3 to 5.5 --- */

static bool allowed(const struct test *t, unsigned seg, const struct traced *a)
{
	const struct dfw_segment *s = &t->before.seg[seg];
	uint32_t off = a->linear - (uint32_t)s->base, last = off + a->size - 1;
	uint32_t ar = s->access_rights;

	if (last < off)
		return false;
	if (!modes[t->mode].protected)
		return last <= s->limit;
	if (ar & DFW_AR_UNUSABLE)
		return false;
	if (ar & DFW_AR_CODE) {
		if (a->write || !(ar & DFW_AR_WRITABLE))
			return false;
	} else {
		if (a->write && !(ar & DFW_AR_WRITABLE))
			return false;
		if (ar & DFW_AR_EXPAND)
			return off > s->limit && last <= (ar & DFW_AR_DB ? 0xffffffff : 0xffff);
	}
	return last <= s->limit;
}

enum string_use { SOURCE = 1, DESTINATION = 2 };

static unsigned string_use(unsigned row)
{
	switch (row) {
	case 0x6c:
	case 0x6d:
	case 0xaa:
	case 0xab:
	case 0xae:
	case 0xaf:
		return DESTINATION;
	case 0x6e:
	case 0x6f:
	case 0xac:
	case 0xad:
		return SOURCE;
	case 0xa4:
	case 0xa5:
	case 0xa6:
	case 0xa7:
		return SOURCE | DESTINATION;
	default:
		return 0;
	}
}

/* PUSH or POP of a segment register with a 32-bit operand: 2 bytes are accessed in a slot of 4. */
static bool moves_segment(const struct test *t)
{
	switch (t->form->row) {
	case 0x06:
	case 0x07:
	case 0x0e:
	case 0x16:
	case 0x17:
	case 0x1e:
	case 0x1f:
	case 0x1a0:
	case 0x1a1:
	case 0x1a8:
	case 0x1a9:
		return t->o32;
	}
	return false;
}

/* Which segment access n of the trace went through, or -1: one of the processor's own. */
static int segment_used(const struct test *t, const struct outcome *o, unsigned n)
{
	unsigned use = string_use(t->form->row), row = t->form->row;
	uint32_t linear = o->trace[n].linear, distance;

	if (use == (SOURCE | DESTINATION)) {
		/* MOVS reads the source first; CMPS in QEMU's order, the destination first */
		bool first = !(n & 1);

		if (row >= 0xa6)
			first = !first;
		return !first ? DFW_ES : t->override >= 0 ? t->override : DFW_DS;
	}
	if (use)
		return use == DESTINATION ? DFW_ES : t->override >= 0 ? t->override : DFW_DS;
	if (t->memory) {
		distance = linear - (uint32_t)t->before.seg[t->seg].base - t->ea;
		if (distance < 8)
			return t->seg;
		/* the bit offset reaches beyond: SDM vol. 2, BT */
		if (row == 0x1a3 || row == 0x1ab || row == 0x1b3 || row == 0x1bb)
			return t->seg;
	}
	/* the stacks of inner levels */
	if (linear - INNER_STACKS < 0x4000 && (row == 0x9a || (row == 0xff && t->form->reg == 3)))
		return -1;
	return linear >= SYSTEM_AREA && linear < MEMORY ? -1 : DFW_SS;
}

int segment_violation(const struct test *t, const struct outcome *o, int *vector, int *other)
{
	unsigned n, count = o->accesses < TRACE ? o->accesses : TRACE;
	struct traced a;
	int first = -1, seg, v;

	*vector = *other = -1;
	if (modes[t->mode].paged) /* flat segments only; the trace is in physical addresses */
		return -1;
	for (n = 0; n < count; n++) {
		seg = segment_used(t, o, n);
		a = o->trace[n];
		if (moves_segment(t) && a.size == 4)
			a.size = 2;
		if (seg < 0 || allowed(t, seg, &a))
			continue;
		v = seg == DFW_SS ? 12 : 13;
		if (first < 0) {
			first = n;
			*vector = v;
		}
		*other = v;
	}
	return first;
}

/* --- I/O permission, SDM vol. 1, 19.5: Unicorn asks for none --- */

bool port_forbidden(const struct test *t)
{
	const struct dfw_cpu *b = &t->before;
	unsigned row = t->form->row, n, size;
	uint16_t port = b->gpr[DFW_RDX].w;
	const uint8_t *map = pristine + TSS + 0x68;

	switch (row) {
	case 0xe4 ... 0xe7:
		port = t->code[t->opcode_at + 1];
		break;
	case 0x6c ... 0x6f: /* a count of 0 does not matter: Bochs, cases.t */
	case 0xec ... 0xef:
		break;
	default:
		return false;
	}
	size = !(row & 1) ? 1 : t->o32 ? 4 : 2;
	if (!modes[t->mode].vm86 &&
	    (!modes[t->mode].protected || modes[t->mode].level <= (b->rflags >> 12 & 3)))
		return false;
	/* the segment ends with the byte behind the map */
	if (port / 8 + 1 > 0x80)
		return true;
	for (n = port; n < port + size; n++)
		if (map[n / 8] >> (n % 8) & 1)
			return true;
	return false;
}

/* --- what Unicorn 2.0.1 gets wrong --- */

const struct excuse excuses[] = {
#define E(name, what, manual, vector) {what, manual, vector},
#include "excuses.def"
#undef E
};
const unsigned excuse_count = sizeof(excuses) / sizeof(*excuses);

bool unicorn_cannot(const struct test *t)
{
	/* its translator aborts */
	return t->form->row == 0xff && (t->form->reg == 3 || t->form->reg == 5) && !t->memory;
}

static bool reads_old_tss(const struct outcome *o)
{
	unsigned n;

	for (n = 0; n < o->accesses && n < TRACE; n++)
		if (o->trace[n].linear - TSS_OLD < 0x2c && !o->trace[n].write)
			return true;
	return false;
}

int excused(const struct test *t, const struct outcome *o, int ours_vector, uint32_t ours_error)
{
	const uint8_t *after = t->code + t->opcode_at + 1;
	unsigned row = t->form->row;
	uint32_t flags;

	if (o->vector == UD && ours_vector == GP && t->length == 15)
		return LENGTH;
	if (moves_segment(t) && o->accesses && (o->trace[0].linear & 0xfff) > 0xffc)
		return PUSH_SEGMENT; /* the 2 bytes more lie in another page */
	switch (row) {
	case 0x8f:
		return t->form->reg && ours_vector == UD ? GROUP_1A : -1;
	case 0xc6:
	case 0xc7:
		return t->form->reg == 7 && ours_vector == UD ? GROUP_11 : -1;
	case 0xf6:
	case 0xf7:
		return t->form->reg == 1 && o->vector == UD ? TEST_1 : -1;
	case 0xc8:
		if (t->o32 != !!(t->before.seg[DFW_SS].access_rights & DFW_AR_DB))
			return ENTER_WIDTH;
		return (after[2] & 31) > 1 ? ENTER_LEVELS : -1;
	case 0xca:
	case 0xcb:
		return !modes[t->mode].protected &&
			       t->before.gpr[DFW_RSP].w + (t->o32 ? 8 : 4) > 0x10000
			   ? RETF_WRAP
			   : -1;
	case 0xc2:
		return after[1] & 0x80 ? RET_IMMEDIATE : -1;
	case 0x9c:
		return modes[t->mode].vm86 && t->o32 ? PUSHFD_VM86 : -1;
	case 0xc4:
	case 0xc5:
		return *after >= 0xc0 && modes[t->mode].protected && ours_vector == UD ? VEX : -1;
	case 0x10d:
	case 0x118 ... 0x11f:
		return *after >= 0xc0 && o->vector == UD && ours_vector < 0 ? PREFETCH : -1;
	case 0x134:
		return o->vector < 0 && t->mode != REAL ? SYSENTER : -1;
	case 0x1c3:
		return ours_vector == UD && memchr(t->code, 0x66, t->opcode_at) ? MOVNTI : -1;
	case 0x133:
		return o->vector == UD && ours_vector == GP ? RDPMC : -1;
	case 0x120:
		return o->vector == GP && ours_vector == UD ? CR_UNDEFINED : -1;
	case 0x122:
		if (o->vector == GP && ours_vector == UD)
			return CR_UNDEFINED;
		return o->vector < 0 && ours_vector == GP && !modes[t->mode].level ? CONTROL : -1;
	case 0x101:
		if (t->form->reg == 6)
			return o->vector < 0 && ours_vector == GP && !modes[t->mode].level ? CONTROL
											   : -1;
		return *after >= 0xc0 && ours_vector == UD && o->vector != UD ? NEWER : -1;
	case 0xf1:
		return ours_vector == 1 ? INT1 : -1;
	case 0x100:
		return t->form->reg == 3 && ours_vector == GP && o->vector < 0 && !(o->tr & ~3)
			   ? LTR_NULL
			   : -1;
	case 0x9a:
	case 0xea:
	case 0xff:
		if (reads_old_tss(o))
			return OLD_TSS;
		return ours_vector == GP && !ours_error && o->vector == GP && o->error &&
			       o->error < 8 * G_ENTRIES && !(o->error & 3)
			   ? TARGET_ERROR
			   : -1;
	case 0xcf:
		if (reads_old_tss(o))
			return OLD_TSS;
		memcpy(&flags, &o->flags, 4);
		if (o->vector < 0 && (flags & VM) && modes[t->mode].protected)
			return modes[t->mode].level		  ? IRET_VM
			       : ours_vector == GP && !ours_error ? VM86_EIP
								  : -1;
	}
	return -1;
}
