/* SPDX-License-Identifier: MIT
 *
 * visor as a 64-bit host: what of it depends on that. host32.c is its counterpart; nothing else knows,
 * but start.S and start32.S, and the addresses in boot.h.
 */
#include "lib/string.h"
#include "visor/visor.h"

const struct control_bit host_exit_needed[] = {{EXIT_HOST_64, "host address-space size"}, {0, 0}};
const struct control_bit host_entry_needed[] = {{ENTRY_IA32E_GUEST, "IA-32e mode guest"}, {0, 0}};

enum { PTE_LARGE = PTE_P | PTE_W | PTE_PS };

uint64_t phys_of(const void *p)
{
	uint64_t a = (uintptr_t)p;

	return a >= VISOR_BASE ? a - VISOR_BASE + boot->private_base : a - VISOR_PHYSMAP;
}

/* boot.c has mapped the first 4 GiB; adds RAM above, and drops the identity map. */
void host_map_memory(void)
{
	uint64_t *pml4 = phys(read_cr3());
	uint64_t *pdpt = phys(pml4[256] & -PAGE_SIZE);

	for (unsigned i = 0; i < boot->memmap_count; i++) {
		const struct hvm_memmap_entry *m = &boot->memmap[i];
		uint64_t end = m->addr + m->size;
		if (m->type != 1 || end <= 1ull << 32)
			continue;
		if (end > 512ull << 30)
			stop("memory above 512 GiB");
		for (uint64_t gib = m->addr >> 30; gib << 30 < end; gib++) {
			if (pdpt[gib])
				continue;
			uint64_t *pd = alloc_pages(1);
			pdpt[gib] = phys_of(pd) | PTE_P | PTE_W;
			for (unsigned j = 0; j < 512; j++)
				pd[j] = (gib << 30 | j * LARGE_PAGE) | PTE_LARGE;
		}
	}
	pml4[0] = 0;
	write_cr3(read_cr3());
}

uint64_t host_start_tables(void)
{
	uint64_t *pml4 = alloc_pages(1);

	memcpy(pml4, phys(read_cr3()), PAGE_SIZE);
	pml4[0] = pml4[256];
	return phys_of(pml4);
}

void host_bind(struct vcpu *v)
{
	wrmsr(MSR_GS_BASE, (uintptr_t)v);
}

void set_host_segments(struct vcpu *v)
{
	uint64_t tss = (uintptr_t)v->tss;

	memcpy(v->gdt, host_gdt, SEL_TSS);
	v->gdt[SEL_TSS / 8] = 0x67 | (tss & 0xffffff) << 16 | 0x89ull << 40 | (tss >> 24 & 0xff) << 56;
	v->gdt[SEL_TSS / 8 + 1] = tss >> 32;
	vmwrite(HOST_GS_SELECTOR, SEL_DATA);
}

/* IRET ends the blocking of NMIs in visor that an NMI's exit begins (SDM vol. 3, 28.3.3), and in Bochs
 * 2.7 one by SIPI. */
void unblock_nmi(void)
{
	uint64_t rsp, ss;

	asm volatile("movq %%ss, %1\n\tmovq %%rsp, %0\n\tpushq %1\n\tpushq %0\n\tpushfq\n\tmovq %%cs, %0\n\t"
		     "pushq %0\n\tleaq 1f(%%rip), %0\n\tpushq %0\n\tiretq\n1:"
		     : "=&r"(rsp), "=&r"(ss) : : "cc", "memory");
}
