/* SPDX-License-Identifier: MIT
 *
 * Stretches. Just out of protected mode a guest runs some instructions with stale segments, which
 * VM86 cannot hold: there a base is selector * 16. But it can run the straight pieces between them
 * that make no use of those segments' bases: a copy of the piece, at an address of our own, with a
 * HLT behind it that brings control back. Selectors are true in it, so it may save and load them;
 * what has a say in where execution goes, or in CS, is not part of a stretch, but for direct jumps,
 * which are followed. While it runs, the pages it was copied from are read-only: a write to them is
 * emulated, and the rest of the stretch looked at again.
 */
#include "vmxassist/vmxassist.h"
#include "lib/string.h"

enum { MOST = 24, ROOM = 96, PIECES = 4, WORTH_IT = 2 };

_Static_assert(DFW_SEGS <= 8, "masks of segments are bytes");

struct stretch {
	uint32_t cs_base;
	uint16_t ip;
	uint8_t stale;  /* mask of segments: what VM86 does not hold at the start */
	uint8_t broken; /* those that it could not hold when loaded, either */
	uint8_t count, pieces;
	struct {
		uint32_t linear;
		uint16_t at, length;
	} piece[PIECES]; /* of the source, one after the other in code[] */
	struct place {
		uint16_t ip;
		uint8_t at;     /* in code[] */
		uint8_t loaded; /* mask of segments loaded before it */
		uint8_t jump;   /* length of its displacement, zero in the copy */
		uint8_t shadow; /* interruptibility after it */
		uint8_t fixed;  /* its first bytes, which may not change */
	} insn[MOST + 1]; /* the last is the HLT */
	uint8_t code[ROOM];
};

/* What runs, in the page that VM86 may read and execute. */
static PER_PROCESSOR __attribute__((aligned(16))) uint8_t copy[ROOM + 4];

START_UP void stretch_init(struct monitor *m, void *room, unsigned size)
{
	m->stretches = room;
	m->stretches_most = size / sizeof(struct stretch);
	for (unsigned i = 0; i < m->stretches_most; i++)
		m->stretches[i].stale = 0; /* matches no look-up */
}

/* What an instruction does besides work on general registers, flags, ports and its memory operand. */
enum effect {
	PLAIN = 0,
	LOADS = 7,       /* the segment register, plus 1 */
	STACK = 1 << 3,  /* uses SS:SP */
	SHADOWS = 1 << 4, /* holds off interrupts after it */
	JUMPS = 1 << 5,
	REFUSED = 1 << 6, /* by VM86, and so ends the stretch */
	OTHER = 1 << 7,   /* not for a stretch */
};

static unsigned loads(unsigned segment)
{
	return segment == DFW_CS || segment > DFW_GS ? OTHER
						     : (segment + 1) | (segment == DFW_SS ? SHADOWS : 0);
}

/* Opcodes and what they do, SDM vol. 2, tables; two-byte ones follow. Those of which ModRM has a say are in
 * effect(), and all others are OTHER. */
static const struct {
	uint8_t first, last, does;
} effects[] = {
	{0x00, 0x05, PLAIN}, {0x06, 0x06, STACK}, {0x07, 0x07, STACK | (DFW_ES + 1)},
	{0x08, 0x0d, PLAIN}, {0x10, 0x15, PLAIN}, {0x16, 0x16, STACK}, {0x17, 0x17, STACK | SHADOWS | (DFW_SS + 1)},
	{0x18, 0x1d, PLAIN}, {0x1e, 0x1e, STACK}, {0x1f, 0x1f, STACK | (DFW_DS + 1)},
	{0x20, 0x25, PLAIN}, {0x27, 0x2d, PLAIN}, {0x2f, 0x35, PLAIN}, {0x37, 0x3d, PLAIN}, {0x3f, 0x4f, PLAIN},
	{0x50, 0x5b, STACK}, {0x5d, 0x61, STACK}, {0x68, 0x68, STACK}, {0x6a, 0x6a, STACK},
	{0x80, 0x8b, PLAIN}, {0x8d, 0x8d, PLAIN}, {0x90, 0x99, PLAIN}, {0x9c, 0x9c, STACK}, {0x9e, 0xa3, PLAIN},
	{0xa8, 0xa9, PLAIN}, {0xb0, 0xc1, PLAIN}, {0xc6, 0xc7, PLAIN}, {0xd0, 0xd3, PLAIN}, {0xe4, 0xe7, PLAIN},
	{0xe9, 0xe9, JUMPS}, {0xeb, 0xeb, JUMPS}, {0xec, 0xef, PLAIN}, {0xf4, 0xf4, REFUSED},
	{0xf5, 0xfa, PLAIN}, {0xfb, 0xfb, SHADOWS}, {0xfc, 0xfe, PLAIN},
}, effects_0f[] = {
	{0x20, 0x20, REFUSED}, {0x22, 0x22, REFUSED}, {0x40, 0x4f, PLAIN}, {0x90, 0x9f, PLAIN},
	{0xa0, 0xa0, STACK}, {0xa1, 0xa1, STACK | (DFW_FS + 1)}, {0xa8, 0xa8, STACK}, {0xa9, 0xa9, STACK | (DFW_GS + 1)},
	{0xb6, 0xb7, PLAIN}, {0xbe, 0xbf, PLAIN},
};

static unsigned effect(const struct x86_insn *insn)
{
	unsigned reg = insn->modrm >> 3 & 7, row = insn->row, n = 0, end = sizeof(effects) / sizeof(*effects);
	const __typeof__(*effects) *e = effects;

	switch (row) {
	case 0x8e:
		return loads(reg);
	case 0x8c:
		return reg == DFW_CS || reg > DFW_GS ? OTHER : PLAIN;
	case 0xff:
		return reg < 2 ? PLAIN : reg == 6 ? STACK : OTHER;
	case 0x101: /* LGDT, LIDT, LMSW */
		return reg == 2 || reg == 3 || reg == 6 ? REFUSED : OTHER;
	}
	if (row > 0xff) {
		row &= 0xff;
		e = effects_0f;
		end = sizeof(effects_0f) / sizeof(*effects_0f);
	}
	for (; n < end; n++)
		if (row >= e[n].first && row <= e[n].last)
			return e[n].does;
	return OTHER;
}

/* Takes the instruction that x86_peek saw; false where the stretch ends before it. */
static bool take(struct stretch *s, const struct x86_insn *insn, uint16_t ip, unsigned *at, unsigned *loaded)
{
	unsigned does = effect(insn), stale = s->stale & ~*loaded;
	uint32_t linear = s->cs_base + ip;

	if ((does & OTHER) || insn->prefixed || s->count == MOST || *at + insn->length > ROOM)
		return false;
	if (!(does & REFUSED) && insn->segment < DFW_SEGS && (insn->segment == DFW_CS || (stale >> insn->segment & 1)))
		return false;
	if ((does & STACK) && (stale >> DFW_SS & 1))
		return false;
	if ((does & LOADS) && (s->broken >> ((does & LOADS) - 1) & 1))
		return false;
	/* its source must be memory that VM86 reaches, not a device, not our own */
	if (linear + insn->length > DFW_LOW_END &&
	    (linear < DFW_VGABIOS || linear + insn->length > 0x110000 ||
	     (linear + insn->length > DFW_VMXASSIST && linear < DFW_VMXASSIST + DFW_VMXASSIST_SIZE)))
		return false;

	if (!s->pieces || s->piece[s->pieces - 1].linear + s->piece[s->pieces - 1].length != linear) {
		if (s->pieces == PIECES)
			return false;
		s->piece[s->pieces].linear = linear;
		s->piece[s->pieces].at = *at;
		s->piece[s->pieces++].length = 0;
	}
	s->piece[s->pieces - 1].length += insn->length;
	memcpy(s->code + *at, insn->bytes, insn->length);
	s->insn[s->count].fixed = does & JUMPS ? insn->length : insn->fixed;
	s->insn[s->count].shadow = !(does & SHADOWS) ? 0
				   : does & LOADS     ? DFW_BLOCKED_BY_MOV_SS
						      : DFW_BLOCKED_BY_STI;
	s->insn[s->count].jump = !(does & JUMPS) ? 0 : insn->row == 0xeb ? 1 : insn->osize;
	*at += insn->length;
	if (does & LOADS)
		*loaded |= 1u << ((does & LOADS) - 1);
	return true;
}

static void build(struct monitor *m, struct stretch *s)
{
	const struct x86_insn *insn;
	unsigned at = 0, loaded = 0, does;
	uint32_t ip = s->ip;

	s->count = s->pieces = 0;
	do {
		s->insn[s->count] = (struct place){.ip = ip, .at = at, .loaded = loaded};
		if (s->stale == (loaded & s->stale) || !x86_peek(&m->x86, ip))
			break;
		insn = m->x86.insn;
		if (!take(s, insn, ip, &at, &loaded))
			break;
		s->count++;
		does = effect(insn);
		ip += insn->length + (does & JUMPS ? insn->imm : 0);
		if (does & JUMPS && insn->osize == 2)
			ip &= 0xffff;
	} while (ip <= 0xffff && !(does & REFUSED));
	s->insn[s->count] = (struct place){.ip = ip, .at = at, .loaded = loaded};
}

/* Are the instructions still those that it was made of? Loaders write immediates into their own code:
 * new ones are taken over. */
static bool current(struct stretch *s)
{
	unsigned same = 0;

	while (same < s->pieces && memcmp((const void *)s->piece[same].linear, s->code + s->piece[same].at,
					  s->piece[same].length) == 0)
		same++;
	if (same == s->pieces)
		return true;
	for (unsigned i = 0; i < s->count; i++) {
		const struct place *insn = &s->insn[i];
		const uint8_t *now = (const uint8_t *)s->cs_base + insn->ip;
		uint8_t *then = s->code + insn->at;

		if (memcmp(now, then, insn->fixed) != 0)
			return false;
		memcpy(then, now, insn[1].at - insn->at);
	}
	return true;
}

static struct stretch *find(struct monitor *m, struct vm86_fit fit)
{
	const struct dfw_cpu *cpu = &m->record->guest;
	uint32_t base = cpu->seg[DFW_CS].base, ip = cpu->rip, linear = base + ip;
	struct stretch *s = &m->stretches[(uint64_t)(linear * 0x9e3779b1u) * m->stretches_most >> 32];

	if (s->cs_base == base && s->ip == ip && s->stale == fit.stale && s->broken == fit.broken && current(s))
		return s;
	s->cs_base = base;
	s->ip = ip;
	s->stale = fit.stale;
	s->broken = fit.broken;
	build(m, s);
	return s;
}

/* The pages of the source, and the first 64 KiB's other address while A20 is masked. */
static void protect(const struct stretch *s, bool on)
{
	for (unsigned i = 0; i < s->pieces; i++) {
		uint32_t first = s->piece[i].linear, last = first + s->piece[i].length - 1;

		world_protect(first, on);
		if ((first ^ last) >> 12)
			world_protect(last, on);
		if ((first & ~0x100000u) < 0x10000) {
			world_protect(first ^ 0x100000, on);
			if ((first ^ last) >> 12)
				world_protect(last ^ 0x100000, on);
		}
	}
}

void stretch_run(struct monitor *m, struct vm86_fit fit)
{
	const struct dfw_cpu *cpu = &m->record->guest;
	struct stretch *s;

	if ((cpu->rflags & FLAG_TF) || (cpu->dr7 & 0xff))
		return;
	s = find(m, fit);
	if (s->count < WORTH_IT) {
		m->no_stretch[stretch_key(m) % 16] = stretch_key(m);
		return;
	}
	m->stretch = s;
	memcpy(copy, s->code, s->insn[s->count].at);
	for (unsigned i = 0; i < s->count; i++)
		for (unsigned n = 1; n <= s->insn[i].jump; n++)
			copy[s->insn[i + 1].at - n] = 0;
	copy[s->insn[s->count].at] = 0xf4; /* HLT */
	protect(s, true);
	stats->stretches++;
	vm86_resume(m, (uint32_t)copy >> 4, 0);
}

bool stretch_leave(struct monitor *m, struct frame *f)
{
	const struct stretch *s = m->stretch;
	unsigned i = 0;

	m->stretch = NULL;
	protect(s, false);
	while (i < s->count && s->insn[i].at != f->eip)
		i++;
	f->eip = s->insn[i].ip;
	f->cs = m->record->guest.seg[DFW_CS].selector;
	m->shadow = i ? s->insn[i - 1].shadow : 0;
	m->fit.stale = s->stale & ~s->insn[i].loaded;
	m->stale = m->fit.stale | 1u << DFW_CS;
	return i == s->count;
}
