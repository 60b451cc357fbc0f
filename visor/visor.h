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
#include "visor/mmu.h"
#include "visor/print.h"
#include "visor/vmcs.h"

#define PAGE_SIZE 0x1000ull
#define LARGE_PAGE 0x200000ull

#define VCPUS_MOST DFW_ASSIST_CPUS
#define STEP_PAGES 8
#define STEP_LINEARS 16

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
	bool flush;          /* another processor has changed what mmu->enter has to see */
	volatile bool in_guest;
	uint64_t cr3;  /* the guest's while the real one is not: see cr3_view() */
	uint64_t efer; /* the guest's */
	uint64_t pdpte[4]; /* the guest's, where the VMCS has none */
	uint64_t gdt[5];
	uint32_t tss[26];
	uint8_t *regions; /* two pages: for VMXON, and the VMCS */
	const struct ept_map *map;  /* the current one */
	struct vtlb *vtlb;          /* this processor's own */
	uint32_t fault_error;       /* of the guest's page fault */
	struct single_step {
		bool active, by_flag;
		uint64_t rip, rflags, debugctl; /* before it */
		uint32_t exceptions;            /* the bitmap then */
		unsigned pages;            /* that a copy stands in for */
		uint64_t address[STEP_PAGES]; /* guest-physical */
		uint8_t (*copy)[PAGE_SIZE];  /* [STEP_PAGES] */
		unsigned linears;            /* virtual TLB: pages that show a copy */
		uint64_t linear[STEP_LINEARS];
		uint64_t (*table)[512];      /* the map meanwhile, the root first */
		unsigned tables, generation; /* of map, when it was copied */
		const struct ept_map *map;
	} step;
	bool ignne;    /* IGNNE# is active */
	struct x87_step {
		bool active, masked;
		uint16_t control; /* the control word, masked */
	} x87_step;
};

static inline struct vcpu *this_vcpu(void)
{
	struct vcpu *v;
	asm volatile("mov %%gs:%c1, %0" : "=r"(v) : "i"(offsetof(struct vcpu, self)));
	return v;
}

extern struct vcpu vcpus[VCPUS_MOST];
extern unsigned vcpu_count;
extern struct dfw_visor_stats stats;
extern struct visor_boot *boot;
/* Several processors without virtual NMIs: the guest must not run with NMIs blocked, since an IRET would not
 * end that (SDM vol. 3, 26.3) and no other processor could get it out. Its own NMIs may nest then. */
extern bool nmis_unblocked;
extern bool native_real_mode; /* unrestricted guest: no assist */
extern bool verbose;          /* debug=e9 */

/* main.c */
/* Says what is wrong, with the guest's state, and restarts the machine. */
void fatal(struct vcpu *v, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
/* Says what is wrong and stops: for what a restart cannot mend. */
void stop(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void machine_reset(void) __attribute__((noreturn));
void print_guest_state(struct vcpu *v);
/* From now on this_vcpu() on this processor. */
void vcpu_bind(struct vcpu *v, unsigned id);
/* What all processors share, into the current VMCS. */
void vcpu_attach(struct vcpu *v);
/* SDM vol. 3, 6.11 and 6.14.1 */
struct gate {
	uint16_t low, selector, flags, middle;
	uint32_t high[sizeof(long) == 8 ? 2 : 0];
};
extern struct gate host_idt[];
void load_vectors(void); /* IDTR */

/* host64.c and host32.c: visor as a 64-bit or a 32-bit host */
enum { HOST_VECTORS = 32, HOST_STUB = 16 };
enum { SEL_CODE = 0x08, SEL_DATA = 0x10, SEL_TSS = 0x18 }; /* host_gdt */
extern char host_vectors[];
extern const struct control_bit host_exit_needed[], host_entry_needed[];
void host_bind(struct vcpu *v);
/* GDT, and of the VMCS's host state the selector of GS */
void set_host_segments(struct vcpu *v);
/* RAM that boot.c has not mapped */
void host_map_memory(void);
/* CR3 for further processors, with the page that they start from mapped where it is */
uint64_t host_start_tables(void);

/* memory.c: visor's own memory, and the guest's */
void memory_init(void);
/* Both stop when private memory is used up; alloc_pages gives zeroes. */
void *reserve_pages(unsigned count);
void *alloc_pages(unsigned count);
uint64_t pages_left(void);
uint64_t phys_of(const void *p);   /* of anything in visor's image or from alloc_pages */
bool is_private(uint64_t address);
bool is_ram(uint64_t address, uint64_t size); /* all of it RAM of the machine */

/* physmap.c: which guest-physical page is what */
struct guest_page {
	uint64_t frame; /* where it is; with the address's low bits, where that had any */
	bool writable, ram;
};
struct guest_page guest_page(bool in_assist, bool a20, uint64_t address);
/* 2 MiB that are themselves, writable, and all RAM or no RAM at all */
bool is_uniform(bool a20, uint64_t base);
bool is_assists(uint64_t address);
/* From now on D0000-DFFFF is the assist's alone. */
void protect_assist(struct vcpu *v);
/* The guest's write to a read-only page; the mmu makes the copy, v->step, show. And the end of it. */
void drop_write(struct vcpu *v, uint64_t address);
void drop_end(struct vcpu *v);
/* Guest-physical RAM by visor, as the guest sees it; false where the range is not all RAM, or a write
 * meets a read-only page. */
bool guest_read(struct vcpu *v, uint64_t address, void *dst, unsigned len);
bool guest_write(struct vcpu *v, uint64_t address, const void *src, unsigned len);
/* The table there, to read within its page; NULL where there is no RAM. */
void *guest_table(struct vcpu *v, uint64_t address);
/* A paging entry's new value; false if it is no longer `old`. */
bool guest_compare_exchange(struct vcpu *v, uint64_t address, unsigned size, uint64_t old, uint64_t new);

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
/* Where nmis_unblocked: the assist's record may say otherwise, and Bochs 2.7 does after an exit by NMI. */
void keep_nmis_unblocked(void);
/* The IRET that unblocked NMIs has faulted and runs again. */
void block_nmi_again(void);
/* Delivers the guest's page fault, or the double fault it makes of an exception in delivery. */
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
/* IGNNE# is active: x87 instructions exit by #NM. */
void trap_x87(struct vcpu *v, bool on);

/* The same field of controls, some bits on or off. */
void set_control(enum vmcs_field field, uint32_t bits, bool on);
/* CR4 bits that say what a paging entry means */
enum {
	CR4_PAGING = CR4_PSE | CR4_PAE | CR4_LA57 | CR4_SMEP | CR4_SMAP | CR4_PKE | CR4_PKS,
};

/* walk.c: the guest's paging, SDM vol. 3, chapter 4 */
enum { PTE_P = 1 << 0, PTE_W = 1 << 1, PTE_U = 1 << 2, PTE_PWT = 1 << 3, PTE_PCD = 1 << 4, PTE_A = 1 << 5,
       PTE_D = 1 << 6, PTE_PS = 1 << 7, PTE_G = 1 << 8 };
#define PTE_NX      (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull
/* An access, and a page fault's error code (SDM vol. 3, 4.7) */
enum { ACCESS_WRITE = 1 << 1, ACCESS_USER = 1 << 2, ACCESS_FETCH = 1 << 4 };
enum { FAULT_PRESENT = 1 << 0, FAULT_RESERVED = 1 << 3 };
enum paging_mode { PAGING_NONE, PAGING_32, PAGING_PAE, PAGING_4_LEVEL };
struct paging {
	enum paging_mode mode;
	unsigned levels; /* of tables; the PDPTEs of PAE are none */
	bool wp, nxe, pse;
	uint64_t cr3, pdpte[4];
};
struct walk {
	uint64_t physical; /* of the linear address */
	uint64_t rights;   /* PTE_W, PTE_U as all levels allow them, and PTE_NX */
	unsigned leaf;     /* level of the entry that maps the page; 0: 4 KiB */
	unsigned shift;    /* log2 of the page's size */
	uint64_t entry[5]; /* by level, as they are after the access */
	uint64_t table[5]; /* their tables, guest-physical */
	uint32_t error;    /* of the page fault */
};
void walk_init(void);
void guest_paging(struct vcpu *v, struct paging *p);
unsigned physical_bits(void);
/* Reserved bits of a present entry of this level; leaf: it maps a page */
uint64_t reserved_bits(const struct paging *p, unsigned level, bool leaf);
/* As the processor translates for an access: sets accessed and dirty bits; false for a page fault. */
bool walk_guest(struct vcpu *v, const struct paging *p, uint64_t linear, uint32_t access, struct walk *w);

/* step.c: one instruction of the guest */
void step_init(void);
void step_begin(struct vcpu *v);
/* Ends the step; true if the exit was only its end and wants nothing more. */
bool step_end(struct vcpu *v, uint32_t reason);

/* io.c */
void io_init(void);
void io_init_vcpu(void);
void handle_io(struct vcpu *v);
void io_intercept(uint16_t port, bool on);
void write_port(uint16_t port, unsigned size, uint32_t value); /* of 1, 2 or 4 bytes */
extern bool a20_open; /* as the guest set it */

/* pci.c: configuration space (PCI 3.0, 3.2.2.3.2) */
enum { PCI_ADDRESS = 0xcf8, PCI_DATA = 0xcfc, PCI_END = 0xd00 };
void pci_init(void);
bool is_pci(uint16_t port, unsigned size);
/* The guest's write, for which is_pci() is true */
void pci_write(uint16_t port, unsigned size, uint32_t value);

/* x87.c: x87 errors while the guest's CR0.NE is 0 */
void x87_slave_written(uint8_t value); /* to the slave 8259A's data port, done */
void x87_ignne_written(struct vcpu *v); /* port F0h, done */
void handle_x87_error(struct vcpu *v);
/* The instruction at RIP, while IGNNE# is active. */
void x87_step(struct vcpu *v);
/* The end of the step, or, with true, its repetition. */
bool x87_step_end(struct vcpu *v, bool raised_mf);

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
/* VM-instruction error field, in words */
const char *instruction_error(uint32_t error);

#endif
