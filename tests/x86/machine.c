/* SPDX-License-Identifier: MIT
 *
 * A machine around the interpreter: 2 MiB of memory, INT 13h reads from a disk image, port E9 goes
 * to standard output, a triple fault resets it by CMOS shutdown code 0Ah. Runs a guest program of
 * tests/vmxassist, cases.img or one of tests/fuzz until it halts for good, or until nothing has come
 * from port E9 for so many million instructions.
 *
 *     machine IMAGE [MILLIONS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "host_unit.h"

enum { MEMORY = 0x200000, BIOS = 0xf0000, READ_PORT = 0x13, CMOS = 0x70, SHUTDOWN = 0xf };

static uint8_t memory[MEMORY], disk[1440 * 1024];
static struct dfw_cpu cpu;
static uint8_t cmos_index, shutdown_code;
static uint64_t quiet; /* instructions since the last output */

/* A display adapter in text mode has nothing there. */
static bool empty(uint64_t phys)
{
	return phys >= 0xa0000 && phys < 0xb8000;
}

static void op_read(void *world, uint64_t phys, void *dst, unsigned len)
{
	if (phys + len <= MEMORY && !empty(phys))
		memcpy(dst, memory + phys, len);
	else
		memset(dst, 0xff, len);
}

static void op_write(void *world, uint64_t phys, const void *src, unsigned len)
{
	if (phys + len <= MEMORY)
		memcpy(memory + phys, src, len);
}

static void *op_map(void *world, uint64_t phys, unsigned len, bool write)
{
	return phys + len <= MEMORY && !empty(phys) ? memory + phys : NULL;
}

static uint32_t op_in(void *world, uint16_t port, unsigned size)
{
	return port == 0xe9 ? 0xe9 : 0xffffffff;
}

/* INT 13h, AH=02h: one sector of a 1.44 MB floppy */
static void read_sector(void)
{
	unsigned cylinder = cpu.gpr[DFW_RCX].b[1], head = cpu.gpr[DFW_RDX].b[1];
	unsigned lba = (cylinder * 2 + head) * 18 + cpu.gpr[DFW_RCX].b[0] - 1;

	if (cpu.gpr[DFW_RAX].w == 0x0201 && (lba + 1) * 512 <= sizeof(disk))
		memcpy(memory + cpu.seg[DFW_ES].base + cpu.gpr[DFW_RBX].w, disk + lba * 512, 512);
}

/* AH=42h: the packet of Enhanced Disk Drive 3.0, 3.3; its LBA is below 2^32 */
static void read_extended(void)
{
	const uint8_t *packet = memory + cpu.seg[DFW_DS].base + cpu.gpr[DFW_RSI].w;
	uint16_t count, offset, segment;
	uint32_t lba, to;

	memcpy(&count, packet + 2, 2);
	memcpy(&offset, packet + 4, 2);
	memcpy(&segment, packet + 6, 2);
	memcpy(&lba, packet + 8, 4);
	to = segment * 16 + offset;
	if (lba < sizeof(disk) / 512 && count <= sizeof(disk) / 512 - lba && to + count * 512 <= MEMORY)
		memcpy(memory + to, disk + lba * 512, count * 512);
}

static void op_out(void *world, uint16_t port, unsigned size, uint32_t value)
{
	if (port == 0xe9) {
		putchar(value & 0xff);
		quiet = 0;
	} else if (port == READ_PORT && cpu.gpr[DFW_RAX].b[1] == 0x42) {
		read_extended();
	} else if (port == READ_PORT) {
		read_sector();
	} else if (port == CMOS) {
		cmos_index = value & 0x7f;
	} else if (port == CMOS + 1 && cmos_index == SHUTDOWN) {
		shutdown_code = value;
	}
}

/* What the BIOS does: SDM vol. 3, table 9-1, INIT; then 40:67. */
static void reset(void)
{
	uint16_t at[2];

	memcpy(at, memory + 0x467, 4);
	x86_reset(&cpu);
	cpu.cr0 = 0x10;
	cpu.idtr.limit = 0x3ff;
	for (unsigned n = 0; n < 6; n++)
		cpu.seg[n] = (struct dfw_segment){.limit = 0xffff, .access_rights = 0x93};
	cpu.seg[DFW_CS].selector = at[1];
	cpu.seg[DFW_CS].base = at[1] * 16;
	cpu.rip = at[0];
}

/* The MSRs that guests of ours read are none. */
static bool op_msr_read(void *world, uint32_t index, uint64_t *value)
{
	return false;
}

static bool op_msr_write(void *world, uint32_t index, uint64_t value)
{
	return false;
}

/* A Pentium 4's: FPU, VME, DE, PSE, TSC, MSR, PAE, MCE, CX8, PGE, CMOV, PSE-36, CLFSH, MMX, FXSR, SSE, SSE2. */
static void op_cpuid(void *world, uint32_t regs[4])
{
	bool features = regs[0] == 1;

	memset(regs, 0, 16);
	regs[0] = 1;
	regs[3] = features ? 0x078aa1ff : 0;
}

static uint64_t op_rdtsc(void *world)
{
	return 0;
}

int main(int argc, char **argv)
{
	static const struct x86_ops ops = {.read = op_read,
					   .write = op_write,
					   .map = op_map,
					   .in = op_in,
					   .out = op_out,
					   .read_msr = op_msr_read,
					   .write_msr = op_msr_write,
					   .cpuid = op_cpuid,
					   .rdtsc = op_rdtsc,
					   .fpu = host_unit_run};
	/* INT 13h at 10h: out READ_PORT,al; clc; retf 2. All others: iret. */
	static const uint8_t int13[] = {0xe6, READ_PORT, 0xf8, 0xca, 2, 0};
	/* REP that stores over its own code ends with that: Bochs, too, fetches again then. */
	static struct x86_slot slots[64];
	struct x86 x = {.cpu = &cpu, .ops = &ops, .slots = slots, .slots_mask = 63, .rep_batch = 1};
	FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
	enum x86_outcome outcome;
	uint64_t most = argc > 2 ? strtoull(argv[2], NULL, 0) * 1000000 : ~0ull;
	unsigned n;

	if (!f || fread(disk, 1, sizeof(disk), f) < 512) {
		fprintf(stderr, "usage: machine IMAGE [MILLIONS]\n");
		return 2;
	}
	fclose(f);
	host_unit_init();
	x86_reset(&cpu);
	for (n = 0; n < 256; n++) {
		memory[4 * n + 3] = BIOS >> 12 & 0xff;
		memory[4 * n] = n == 0x13 ? 0x10 : 0;
	}
	memory[BIOS] = 0xcf;
	memcpy(memory + BIOS + 0x10, int13, sizeof(int13));
	memcpy(memory + 0x7c00, disk, 512);
	for (n = 0; n < 6; n++)
		cpu.seg[n] = (struct dfw_segment){.limit = 0xffff, .access_rights = 0x93};
	cpu.cr0 = 0x10;
	cpu.rip = 0x7c00;
	cpu.idtr.limit = 0x3ff;
	while (quiet++ < most) {
		outcome = x86_step(&x);
		if (outcome == X86_HALTED)
			return 0;
		if (outcome == X86_FAULT)
			outcome = x86_deliver(&x, x.event);
		while (outcome != X86_SHUTDOWN && cpu.pending_debug &&
		       !(cpu.interruptibility & DFW_BLOCKED_BY_MOV_SS))
			outcome = x86_deliver(&x, (struct x86_event){.vector = 1, .kind = X86_EXCEPTION});
		if (outcome == X86_SHUTDOWN && shutdown_code == 0x0a) {
			reset();
		} else if (outcome == X86_SHUTDOWN) {
			printf("\nshutdown\n");
			return 1;
		}
	}
	printf("\nendless\n");
	return 1;
}
