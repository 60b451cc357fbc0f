/* SPDX-License-Identifier: MIT
 *
 * A machine around the interpreter: 2 MiB of memory, INT 13h reads from a floppy image, port E9
 * goes to standard output. Runs a guest program of tests/vmxassist or cases.img until it halts for
 * good.
 *
 *     machine IMAGE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86/x86.h>

enum { MEMORY = 0x200000, BIOS = 0xf0000, READ_PORT = 0x13 };

static uint8_t memory[MEMORY], disk[1440 * 1024];
static struct dfw_cpu cpu;

static void op_read(void *world, uint64_t phys, void *dst, unsigned len)
{
	if (phys + len <= MEMORY)
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
	return phys + len <= MEMORY ? memory + phys : NULL;
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

static void op_out(void *world, uint16_t port, unsigned size, uint32_t value)
{
	if (port == 0xe9)
		putchar(value & 0xff);
	else if (port == READ_PORT)
		read_sector();
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

static void op_cpuid(void *world, uint32_t regs[4])
{
	memset(regs, 0, 16);
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
					   .rdtsc = op_rdtsc};
	/* INT 13h at 10h: out READ_PORT,al; clc; retf 2. All others: iret. */
	static const uint8_t int13[] = {0xe6, READ_PORT, 0xf8, 0xca, 2, 0};
	struct x86 x = {.cpu = &cpu, .ops = &ops, .rep_batch = 0x10000};
	FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
	enum x86_outcome outcome;
	unsigned n;

	if (!f || fread(disk, 1, sizeof(disk), f) < 512) {
		fprintf(stderr, "usage: machine IMAGE\n");
		return 2;
	}
	fclose(f);
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
	for (;;) {
		outcome = x86_step(&x);
		if (outcome == X86_HALTED)
			return 0;
		if (outcome == X86_FAULT)
			outcome = x86_deliver(&x, x.event);
		else if (cpu.pending_debug && !(cpu.interruptibility & DFW_BLOCKED_BY_MOV_SS))
			outcome =
			    x86_deliver(&x, (struct x86_event){.vector = 1, .kind = X86_EXCEPTION});
		if (outcome == X86_SHUTDOWN) {
			printf("\nshutdown\n");
			return 1;
		}
	}
}
