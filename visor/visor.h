/* SPDX-License-Identifier: MIT
 *
 * What visor's files share: the virtual processor and one block of prototypes for each file.
 */
#ifndef VISOR_VISOR_H
#define VISOR_VISOR_H

#include <dfw/assist.h>
#include <dfw/cpu.h>
#include <dfw/stats.h>
#include "visor/boot.h"
#include "visor/cpu.h"
#include "visor/print.h"
#include "visor/vmcs.h"

#define PAGE_SIZE 0x1000ull
#define LARGE_PAGE 0x200000ull

#define VCPUS_MOST DFW_ASSIST_CPUS
#define STEP_PAGES 8

/* One virtual processor, which is one of the machine's: what the VMCS does not hold. */
struct vcpu {
	union dfw_reg gpr[DFW_GPRS]; /* start.S relies on its being first; RSP is in the VMCS */
	struct vcpu *self;           /* what GS points at in visor: this_vcpu() */
	unsigned id;                 /* its number, and its record's; 0 is the one that starts */
	uint32_t apic_id;
	bool active;         /* in VMX operation */
	bool launched;
	bool in_assist;      /* record.assist is loaded */
	bool assist_started; /* the first INVOKE is over */
	bool nmi_pending;    /* arrived while visor ran */
	bool waiting;        /* for SIPI */
	bool kicked;         /* the next NMI is visor's own (smp.c) */
	bool init;           /* INIT has come */
	bool started;        /* by SIPI, and not left the guest since */
	bool flush;          /* INVEPT before the next entry */
	volatile bool in_guest;
	uint64_t cr3;  /* the guest's while its CR0.PG=0 */
	uint64_t efer; /* the guest's */
	uint64_t gdt[5];
	uint32_t tss[26];
	uint8_t *regions; /* two pages: for VMXON, and the VMCS */
	const struct ept_map *map; /* the current one */
	struct single_step {
		bool active, by_flag;
		uint64_t rip, rflags, debugctl; /* before it */
		unsigned pages;            /* that a copy stands in for */
		uint64_t address[STEP_PAGES];
		uint8_t (*copy)[PAGE_SIZE];  /* [STEP_PAGES] */
		uint64_t (*table)[512];      /* the map meanwhile, the root first */
		unsigned tables, generation; /* of map, when it was copied */
		const struct ept_map *map;
	} step;
};

static inline struct vcpu *this_vcpu(void)
{
	struct vcpu *v;
	asm volatile("movq %%gs:%c1, %0" : "=r"(v) : "i"(offsetof(struct vcpu, self)));
	return v;
}

extern struct vcpu vcpus[VCPUS_MOST];
extern unsigned vcpu_count;
extern struct dfw_visor_stats stats;
extern struct visor_boot *boot;
extern bool native_real_mode; /* unrestricted guest: no assist */
extern bool verbose;          /* debug=e9 */

/* main.c */
/* Says what is wrong, with the guest's state, and restarts the machine. */
void fatal(struct vcpu *v, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
/* Says what is wrong and stops: for what a restart cannot mend. */
void stop(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void machine_reset(void) __attribute__((noreturn));
void print_guest_state(struct vcpu *v);
void load_vectors(void); /* IDTR */
/* From now on this_vcpu() on this processor. */
void vcpu_bind(struct vcpu *v, unsigned id);
/* What all processors share, into the current VMCS. */
void vcpu_attach(struct vcpu *v);

/* memory.c: visor's own memory, and the guest's */
void memory_init(void);
/* Both stop when private memory is used up; alloc_pages gives zeroes. */
void *reserve_pages(unsigned count);
void *alloc_pages(unsigned count);
uint64_t phys_of(const void *p);   /* of anything in visor's image or from alloc_pages */
bool is_private(uint64_t address);
bool is_ram(uint64_t address, uint64_t size); /* all of it RAM of the machine */
/* Guest-physical RAM by visor; false where the range is not all the guest's RAM. */
bool guest_read(uint64_t address, void *dst, unsigned len);
bool guest_write(uint64_t address, const void *src, unsigned len);

/* guest.c: loads the vmxloader ELF and makes the guest's first state */
void guest_load(struct vcpu *v, const char *cmdline);
void guest_reset_state(struct dfw_cpu *cpu);
/* Flat 32-bit protected mode, all else as after reset. */
void guest_flat_state(struct dfw_cpu *cpu);

/* start.S */
/* Enters the guest; returns at the next exit. 0, or 1 where VMLAUNCH or VMRESUME failed. */
unsigned vmx_enter(union dfw_reg *gpr, bool launched);
extern char vmx_exit[];
extern const uint64_t host_gdt[];
/* Real-mode code of further processors, one page, and what it needs to know; they go on in smp_main. */
extern char ap_start[], ap_start_end[];
extern uint32_t ap_cr3, ap_count; /* within ap_start: copied with it; the count counts those that came */
extern uint64_t ap_stacks;        /* 16 KiB each */

/* exits.c */
void run(struct vcpu *v) __attribute__((noreturn));
void inject(struct vcpu *v, enum vector vector, uint32_t error);
void inject_page_fault(struct vcpu *v, uint64_t linear, uint32_t error);
void skip_instruction(void);
/* INIT of all the guest's processors, memory kept */
void guest_init(struct vcpu *v);
void wait_for_sipi(struct vcpu *v);
void restart_guest(struct vcpu *v, uint8_t cf9);
/* the assist could not be invoked or left for this reason */
void assist_failed(struct vcpu *v, const char *why) __attribute__((noreturn));

/* cr.c: the guest's view of its control registers. Setters return false for #GP(0). */
uint64_t cr0_view(void);
uint64_t cr3_view(struct vcpu *v);
uint64_t cr4_view(void);
bool set_guest_cr0(struct vcpu *v, uint64_t value);
bool set_guest_cr3(struct vcpu *v, uint64_t value);
bool set_guest_cr4(struct vcpu *v, uint64_t value);
bool set_guest_efer(struct vcpu *v, uint64_t value);
/* Loads CR0, CR3, CR4, EFER and PDPTEs for a processor outside the assist's world. */
void load_control_registers(struct vcpu *v, const struct dfw_cpu *cpu);
/* The same for the assist's world, entered from a guest with CR0 = guest_cr0. */
void load_assist_control_registers(struct vcpu *v, const struct dfw_cpu *cpu, uint64_t guest_cr0);
bool in_64bit_mode(void);

/* ept.c */
void ept_init(void);
void ept_init_vcpu(struct vcpu *v);
/* Makes the map for the processor's world and the A20 state the current one. */
void ept_select(struct vcpu *v);
/* Before each entry: what other processors have changed. */
void ept_update(struct vcpu *v);
/* From now on D0000-DFFFF is the assist's alone. */
void ept_protect_assist(void);
void handle_ept_violation(struct vcpu *v);
/* Puts the real pages back after a single step, and does what was written to the local APIC. */
void ept_step_over(struct vcpu *v);
extern const void *const identity_map;

/* translate.c: where a linear address of the guest lies, accessed and dirty bits set; false for a
 * page fault. want: also the page fault's error code, but for bit 0 (SDM vol. 3, 4.7). */
enum { ACCESS_WRITE = 1 << 1, ACCESS_USER = 1 << 2 };
bool translate(struct vcpu *v, uint64_t linear, uint32_t want, uint64_t *phys);

/* step.c: one instruction of the guest */
void step_init(void);
void step_begin(struct vcpu *v);
/* Ends the step; true if the exit was only its end and wants nothing more. */
bool step_end(struct vcpu *v, uint32_t reason);

/* io.c */
void io_init(void);
void io_init_vcpu(void);
void handle_io(struct vcpu *v);
extern bool a20_open; /* as the guest set it */

/* msr.c */
void msr_init(void);
void msr_init_vcpu(void);
void handle_msr(struct vcpu *v, bool write);
void handle_cpuid(struct vcpu *v);
void handle_xsetbv(struct vcpu *v);

/* smp.c: several processors. All of visor but the entry to the guest runs under one lock. */
void smp_lock(void);
void smp_unlock(void);
/* Finds the machine's other processors; they wait for smp_release(). */
void smp_find(void);
/* Has each of them make its VMCS and wait for the guest's SIPI. */
void smp_release(void);
/* Gets the others out of the guest; they stay out until the lock is free. They then INVEPT. */
void smp_stop_others(struct vcpu *v);
/* INIT to all other processors of the guest. */
void smp_init_others(struct vcpu *v);
/* An NMI has come to this processor: the guest's, or a kick. */
void smp_nmi(struct vcpu *v);
void unblock_nmi(void);
/* The guest's write to a register of the local APIC. */
bool is_apic_page(uint64_t address);
bool is_apic_region(uint64_t base); /* 2 MiB with that page */
uint32_t apic_read(uint64_t address);
void apic_write(struct vcpu *v, uint64_t address, uint32_t value);
/* Adds the local APIC identifiers to vmxloader's command line. */
void smp_describe(char *cmdline);

/* vmentry_check.c: names each rule of SDM vol. 3, 26.2 and 26.3 that the VMCS breaks */
void check_vmentry(void);

#endif
