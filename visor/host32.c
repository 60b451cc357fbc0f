/* SPDX-License-Identifier: MIT
 *
 * visor as a 32-bit host, for VMX processors without long mode: see host64.c. Physical memory below
 * 4 GiB is mapped where it is, but for the 16 MiB at VISOR_BASE, where visor's own is (PCI memory lies
 * there, which visor does not touch). What is above 4 GiB the guest does not get.
 */
#include "lib/string.h"
#include "visor/visor.h"

const struct control_bit host_exit_needed[] = {{0, 0}};
const struct control_bit host_entry_needed[] = {{0, 0}};

uint64_t phys_of(const void *p)
{
	uint32_t a = (uintptr_t)p;

	return a - VISOR_BASE < VISOR_PRIVATE ? a - VISOR_BASE + boot->private_base : a;
}

void host_map_memory(void)
{
	for (unsigned i = 0; i < boot->memmap_count; i++)
		if (boot->memmap[i].type == 1 && boot->memmap[i].addr >= 1ull << 32)
			boot->memmap[i].type = 2;
}

uint64_t host_start_tables(void)
{
	return read_cr3();
}

/* GS is a segment of the processor's own GDT; after the first exit the VMCS says the same. */
enum { SEL_VCPU = 0x20 };

static uint64_t descriptor(uint32_t base, uint32_t limit, uint16_t rights)
{
	return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)rights << 40 |
	       (uint64_t)(limit >> 16 & 15) << 48 | (uint64_t)(base >> 24) << 56;
}

void host_bind(struct vcpu *v)
{
	struct {
		uint16_t limit;
		uint64_t *base;
	} __attribute__((packed)) gdtr = {sizeof(v->gdt) - 1, v->gdt};

	memcpy(v->gdt, host_gdt, SEL_TSS);
	v->gdt[SEL_TSS / 8] = descriptor((uintptr_t)v->tss, 0x67, 0x89);
	v->gdt[SEL_VCPU / 8] = descriptor((uintptr_t)v, 0xfffff, 0xc093);
	asm volatile("lgdt %0\n\tmovl %1, %%gs" : : "m"(gdtr), "r"(SEL_VCPU) : "memory");
}

void set_host_segments(struct vcpu *v)
{
	vmwrite(HOST_GS_SELECTOR, SEL_VCPU);
}

void unblock_nmi(void)
{
	asm volatile("pushfl\n\tpushl %%cs\n\tpushl $1f\n\tiretl\n1:" : : : "cc", "memory");
}
