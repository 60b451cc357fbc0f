/* SPDX-License-Identifier: MIT
 *
 * Segment protection by the book: every type of code and data segment, both widths and
 * granularities, limits at every edge, reads, writes and read-modify-writes of 1, 2, 4 and 8 bytes
 * around the edges, in protected mode at privilege 0 and 3, in real mode with what protected mode
 * left, through DS and SS; against a model written from SDM vol. 3, 5.3 to 5.5. One TAP line for
 * each type.
 */
#include <stdio.h>
#include <string.h>
#include <x86/x86.h>

enum { READ, WRITE, MODIFY, KINDS };
enum { STACK_FAULT = 12, GP = 13 };

static uint64_t touched; /* physical address of the last access to data, or all ones */
static uint8_t code[16];

enum { CODE = 0x7000000 };

static void op_read(void *world, uint64_t phys, void *dst, unsigned len)
{
	memset(dst, 0x5a, len);
	if (phys >= CODE && phys + len <= CODE + 4096)
		for (unsigned n = 0; n < len; n++)
			((uint8_t *)dst)[n] =
			    phys - CODE + n < sizeof(code) ? code[phys - CODE + n] : 0x90;
	else
		touched = phys;
}

static void op_write(void *world, uint64_t phys, const void *src, unsigned len)
{
	touched = phys;
}

static void *op_map(void *world, uint64_t phys, unsigned len, bool write)
{
	return NULL;
}

static const struct x86_ops ops = {.read = op_read, .write = op_write, .map = op_map};

/*
 * SDM vol. 3: 5.3 (limits, expand-down), 3.4.5.1 (types). The type that a data segment register got in
 * protected mode holds in real mode, too.
 */
static bool allowed(uint32_t ar, uint32_t limit, unsigned kind, uint32_t off, unsigned size)
{
	uint64_t first = off, last = first + size - 1, low = 0, high = limit;

	if (ar & DFW_AR_CODE) {
		if (kind != READ || !(ar & DFW_AR_WRITABLE))
			return false;
	} else if (kind != READ && !(ar & DFW_AR_WRITABLE)) {
		return false;
	}
	if (!(ar & DFW_AR_CODE) && (ar & DFW_AR_EXPAND)) {
		low = (uint64_t)limit + 1;
		high = ar & DFW_AR_DB ? 0xffffffff : 0xffff;
	}
	return first >= low && last <= high;
}

static const struct {
	uint8_t bytes[5], len, size, kind;
} insns[] = {
    {{0x8a, 0x03},	   2, 1, READ  },
    {{0x66, 0x8b, 0x03}, 3, 2, READ  },
    {{0x8b, 0x03},	   2, 4, READ  },
    {{0x88, 0x03},	      2, 1, WRITE },
    {{0x66, 0x89, 0x03}, 3, 2, WRITE },
    {{0x89, 0x03},	      2, 4, WRITE },
    {{0x00, 0x03},	   2, 1, MODIFY},
    {{0x66, 0x01, 0x03}, 3, 2, MODIFY},
    {{0x01, 0x03},	   2, 4, MODIFY},
    {{0x0f, 0xc7, 0x0b}, 3, 8, MODIFY},
};

static unsigned bad, cases;

static void run(uint32_t ar, uint32_t limit, unsigned level, bool protected, unsigned seg,
		unsigned insn, uint32_t off)
{
	struct dfw_cpu cpu, before;
	static struct x86_slot slots[64];
	struct x86 x = {.cpu = &cpu, .ops = &ops, .slots = slots, .slots_mask = 63};
	enum x86_outcome outcome;
	unsigned n;
	bool ok;

	x86_reset(&cpu);
	cpu.cr0 = protected ? 0x11 : 0x10;
	for (n = 0; n < 6; n++)
		cpu.seg[n] = (struct dfw_segment){
		    .limit = 0xffffffff, .access_rights = 0xc093 | level << DFW_AR_DPL_SHIFT};
	cpu.seg[DFW_CS].access_rights = 0xc09b | level << DFW_AR_DPL_SHIFT;
	cpu.seg[seg].base = 0x1000000;
	cpu.seg[seg].limit = limit;
	cpu.seg[seg].access_rights = ar | level << DFW_AR_DPL_SHIFT;
	cpu.gpr[DFW_RBX].d = off;
	cpu.rip = CODE;
	code[0] = seg == DFW_SS ? 0x36 : 0x3e;
	memcpy(code + 1, insns[insn].bytes, insns[insn].len);
	before = cpu;
	touched = ~0ull;
	outcome = x86_step(&x);
	cases++;
	if (allowed(ar, limit, insns[insn].kind, off, insns[insn].size)) {
		/* the last page's first byte, where the operand crosses one */
		uint64_t at = (uint32_t)(0x1000000 + off),
			 last = (uint32_t)(at + insns[insn].size - 1);

		ok = outcome == X86_DONE && (touched == at || touched == (last & ~0xfffull));
	} else {
		ok = outcome == X86_FAULT && x.event.vector == (seg == DFW_SS ? STACK_FAULT : GP) &&
		     x.event.has_error && !x.event.error && touched == ~0ull &&
		     !memcmp(&cpu, &before, sizeof(cpu));
	}
	if (!ok && bad++ < 10)
		printf("# ar %x, limit %x, cpl %u, %s, segment %u, %02x %02x, offset %x: outcome "
		       "%d, vector %u\n",
		       ar, limit, level, protected ? "protected" : "real", seg,
		       insns[insn].bytes[0], insns[insn].bytes[1], off, outcome, x.event.vector);
}

int main(void)
{
	static const uint32_t limits[] = {0,	   1,	    6,		7,	   8,
					  0xffe,   0xfff,   0x1000,	0xfffe,	   0xffff,
					  0x10000, 0xfffff, 0xfffffffe, 0xffffffff};
	unsigned type, wide, mode, seg, l, k, insn, failed = 0;

	for (type = 0; type < 16; type++) {
		bad = cases = 0;
		for (wide = 0; wide < 2; wide++)
			for (mode = 0; mode < 3; mode++) /* protected at 0 and 3, real */
				for (seg = DFW_SS; seg <= DFW_DS; seg++)
					for (l = 0; l < sizeof(limits) / sizeof(*limits); l++)
						for (insn = 0;
						     insn < sizeof(insns) / sizeof(*insns); insn++)
							for (k = 0; k < 40; k++) {
								static const uint32_t edge[] = {
								    0, 0xfff8, 0xfffffff0};
								uint32_t off =
								    k < 20 ? limits[l] - 9 + k
									   : edge[k % 3] +
										 (k - 20) / 2;

								run(0x90 | type |
									(wide ? DFW_AR_DB : 0),
								    limits[l], mode == 1 ? 3 : 0,
								    mode < 2, seg, insn, off);
							}
		failed += bad != 0;
		printf("%sok %u - type %x: %u accesses, %u differ\n", bad ? "not " : "", type + 1,
		       type, cases, bad);
	}
	printf("1..16\n");
	return failed != 0;
}
