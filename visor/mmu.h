/* SPDX-License-Identifier: MIT
 *
 * What maps the guest's memory: EPT (ept.c), or a virtual TLB where there is none (vtlb.c). The
 * rest of visor knows neither; which guest-physical page is what both ask physmap.c.
 */
#ifndef VISOR_MMU_H
#define VISOR_MMU_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;
struct control_bit;

struct mmu {
	const char *name;
	/* VMX controls that it needs, and those that it cannot have, each list ended by {0, 0} */
	const struct control_bit *proc, *proc2, *proc_refused;
	uint32_t exceptions; /* the exception bitmap */
	uint64_t cr0_fixed;  /* CR0 bits, above PE, PG and NE, that are 1 and whose changes exit */
	uint64_t cr4_hidden; /* CR4 bits that the guest is not to have, CPUID features with them */
	bool own_cr3;        /* the real CR3 and PDPTEs are never the guest's */

	/* once, and on each processor with its VMCS current */
	void (*init)(void);
	void (*init_vcpu)(struct vcpu *v);
	/* The guest's CR3 and CR4 have these values, v->cr3 and the CR4 shadow say so, and its
	 * paging is on or off: real CR3, CR4 and the CR4 mask. */
	void (*set_paging)(struct vcpu *v, bool paging, uint64_t cr4);
	/* PDPTEs as the guest's processor holds them */
	void (*get_pdptes)(struct vcpu *v, uint64_t pdpte[4]);
	void (*set_pdptes)(struct vcpu *v, const uint64_t pdpte[4]);
	/* The world or A20 has changed. */
	void (*select)(struct vcpu *v);
	/* Before each entry: what select and others have left to do. */
	void (*enter)(struct vcpu *v);
	/* The guest flushes its TLB: all of it, or without global pages; one page. */
	void (*flush)(struct vcpu *v, bool global);
	void (*flush_page)(struct vcpu *v, uint64_t linear);
	/* An exit by an EPT violation or a page fault: true if the guest is to go on as if nothing
	 * had been, false for a page fault of its own, with the error code in v->fault_error. */
	bool (*fault)(struct vcpu *v);
	/* D0000-DFFFF and the reserve have become the assist's (all other processors are out). */
	void (*protect)(struct vcpu *v);
	/* The end of a single step: the copies go (step.c). */
	void (*end_copies)(struct vcpu *v);
};

extern const struct mmu ept, vtlb;
extern const struct mmu *mmu;
extern unsigned vtlb_tables; /* vtlb=N: no more than that many for each processor */

#endif
