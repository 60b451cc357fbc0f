/* SPDX-License-Identifier: MIT
 *
 * The guest's beginning: the vmxloader ELF, hvm_start_info, the first processor state; and the
 * state that INIT brings it back to.
 */
#include "lib/string.h"
#include "visor/assist_switch.h"
#include "visor/print.h"
#include "visor/visor.h"

/* ELF-32, System V ABI, chapter 4 and 5 */
struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version, entry, phoff, shoff, flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

enum { EM_386 = 3, PT_LOAD = 1 };

/* What visor puts behind the ELF for vmxloader to read. */
struct start_page {
	struct hvm_start_info info;
	struct hvm_memmap_entry memmap[VISOR_MEMMAP_MAX + 2];
	char cmdline[VISOR_CMDLINE_MAX + 128];
};

static void bad_elf(const char *why)
{
	stop("the vmxloader image is damaged: %s", why);
}

/* Loads the ELF; returns its entry, and in *end the end of its highest segment. */
static uint32_t load_elf(const uint8_t *file, uint32_t size, uint32_t *end)
{
	const struct elf_header *h = (void *)file;
	bool entry_loaded = false;

	if (size < sizeof(*h) || memcmp(h->ident, "\177ELF\1\1", 6))
		bad_elf("not a little-endian 32-bit ELF");
	if (h->machine != EM_386 || h->phentsize != sizeof(struct elf_segment))
		bad_elf("not for this processor");
	if (h->phoff > size || h->phnum > (size - h->phoff) / sizeof(struct elf_segment))
		bad_elf("program headers outside the file");

	const struct elf_segment *s = (void *)(file + h->phoff);
	*end = 0;
	for (unsigned i = 0; i < h->phnum; i++, s++) {
		if (s->type != PT_LOAD || !s->memsz)
			continue;
		if (s->filesz > s->memsz || s->offset > size || s->filesz > size - s->offset)
			bad_elf("a segment reaches outside the file");
		for (uint64_t p = s->paddr & -PAGE_SIZE; p < (uint64_t)s->paddr + s->memsz;
		     p += PAGE_SIZE)
			if (is_private(p) || !is_ram(p, PAGE_SIZE))
				bad_elf("a segment lies outside the guest's memory");
		memcpy(phys(s->paddr), file + s->offset, s->filesz);
		memset((char *)phys(s->paddr) + s->filesz, 0, s->memsz - s->filesz);
		if (h->entry - s->paddr < s->memsz)
			entry_loaded = true;
		if (s->paddr + s->memsz > *end)
			*end = s->paddr + s->memsz;
	}
	if (!entry_loaded)
		bad_elf("the entry is in no segment");
	return h->entry;
}

/* The machine's memory map with private memory taken out and listed as reserved. */
static unsigned guest_memmap(struct hvm_memmap_entry *to)
{
	uint64_t low = boot->private_base, high = low + boot->private_size;
	unsigned n = 0;

	for (unsigned i = 0; i < boot->memmap_count; i++) {
		struct hvm_memmap_entry m = boot->memmap[i];
		if (m.type != 1 || m.addr >= high || m.addr + m.size <= low) {
			to[n++] = m;
			continue;
		}
		/* boot.c took the range from the inside of one entry */
		if (m.addr < low)
			to[n++] = (struct hvm_memmap_entry){m.addr, low - m.addr, 1, 0};
		to[n++] = (struct hvm_memmap_entry){low, high - low, 2, 0};
		if (m.addr + m.size > high)
			to[n++] = (struct hvm_memmap_entry){high, m.addr + m.size - high, 1, 0};
	}
	return n;
}

void guest_load(struct vcpu *v, const char *cmdline)
{
	uint32_t end;
	uint32_t entry = load_elf(phys(boot->loader), boot->loader_size, &end);

	uint32_t at = (end + PAGE_SIZE - 1) & -PAGE_SIZE;
	for (uint32_t p = at; p < at + sizeof(struct start_page); p += PAGE_SIZE)
		if (is_private(p) || !is_ram(p, PAGE_SIZE))
			bad_elf("no memory behind it for the start information");
	struct start_page *page = memset(phys(at), 0, sizeof(*page));
	page->info = (struct hvm_start_info){
		.magic = HVM_START_MAGIC,
		.version = 1,
		.cmdline_paddr = at + offsetof(struct start_page, cmdline),
		.memmap_paddr = at + offsetof(struct start_page, memmap),
		.memmap_entries = guest_memmap(page->memmap),
	};
	memcpy(page->cmdline, cmdline, strlen(cmdline));
	for (unsigned i = 0; i < page->info.memmap_entries; i++) {
		const struct hvm_memmap_entry *m = &page->memmap[i];
		print("dfw-visor: memory %010llx-%010llx type %u\n", (unsigned long long)m->addr,
		      (unsigned long long)(m->addr + m->size), m->type);
	}

	struct dfw_cpu cpu;
	guest_flat_state(&cpu);
	cpu.gpr[DFW_RBX].q = at; /* hvm_start_info */
	cpu.rip = entry;
	load_world(v, &cpu);
	load_control_registers(v, &cpu);
}

void guest_flat_state(struct dfw_cpu *cpu)
{
	enum { CODE = 0xc09b, DATA = 0xc093, TSS_BUSY = 0x8b };

	guest_reset_state(cpu);
	cpu->gpr[DFW_RDX].q = 0;
	cpu->cr0 = CR0_PE | CR0_ET;
	for (unsigned i = 0; i <= DFW_GS; i++)
		cpu->seg[i] = (struct dfw_segment){.limit = 0xffffffff,
						   .access_rights = i == DFW_CS ? CODE : DATA};
	cpu->seg[DFW_LDTR] = (struct dfw_segment){.access_rights = DFW_AR_UNUSABLE};
	cpu->seg[DFW_TR] = (struct dfw_segment){.limit = 0x67, .access_rights = TSS_BUSY};
	cpu->gdtr.limit = cpu->idtr.limit = 0;
}

/* SDM vol. 3, table 9-1, INIT; CS as the far jump at the reset vector leaves it, so that execution
 * begins in shadow RAM. CD and NW stay as they are. */
void guest_reset_state(struct dfw_cpu *cpu)
{
	memset(cpu, 0, sizeof(*cpu));
	cpu->gpr[DFW_RDX].q = cpuid(1, 0).eax;
	cpu->rip = 0xfff0;
	cpu->rflags = RFLAGS_FIXED;
	cpu->cr0 = CR0_ET;
	cpu->dr6 = 0xffff0ff0;
	cpu->dr7 = 0x400;
	cpu->pat = rdmsr(MSR_PAT);
	cpu->sysenter_cs = vmread(GUEST_SYSENTER_CS);
	cpu->sysenter_esp = vmread(GUEST_SYSENTER_ESP);
	cpu->sysenter_eip = vmread(GUEST_SYSENTER_EIP);
	cpu->gdtr.limit = cpu->idtr.limit = 0xffff;
	for (unsigned i = 0; i < DFW_SEGS; i++)
		cpu->seg[i] = (struct dfw_segment){.limit = 0xffff, .access_rights = 0x93};
	cpu->seg[DFW_CS].selector = 0xf000;
	cpu->seg[DFW_CS].base = 0xf0000;
	cpu->seg[DFW_LDTR].access_rights = 0x82;
	cpu->seg[DFW_TR].access_rights = 0x8b;
}
