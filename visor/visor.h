/* SPDX-License-Identifier: MIT
 *
 * What visor's files share: the virtual processor and one block of prototypes for each file.
 */
#ifndef VISOR_VISOR_H
#define VISOR_VISOR_H

#include <dfw/cpu.h>
#include <dfw/stats.h>
#include "visor/boot.h"
#include "visor/cpu.h"
#include "visor/print.h"
#include "visor/vmcs.h"

#define PAGE_SIZE 0x1000ull
#define LARGE_PAGE 0x200000ull

/* One virtual processor: what the VMCS does not hold. */
struct vcpu {
	union dfw_reg gpr[DFW_GPRS]; /* start.S relies on its being first; RSP is in the VMCS */
	unsigned id;
	bool launched;
	bool in_assist;      /* record.assist is loaded */
	bool assist_started; /* the first INVOKE is over */
	bool nmi_pending;    /* arrived while visor ran */
	uint64_t cr3;        /* the guest's while its CR0.PG=0 */
	uint64_t efer;       /* the guest's */
};

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

/* start.S */
/* Enters the guest; returns at the next exit. 0, or 1 where VMLAUNCH or VMRESUME failed. */
unsigned vmx_enter(union dfw_reg *gpr, bool launched);
extern char vmx_exit[];
extern uint64_t host_gdt[];
extern char host_tss[];

/* exits.c */
void run(struct vcpu *v) __attribute__((noreturn));
void inject(struct vcpu *v, enum vector vector, uint32_t error);
void inject_page_fault(struct vcpu *v, uint64_t linear, uint32_t error);
void skip_instruction(void);
/* INIT of the guest's processor, memory kept */
void guest_init(struct vcpu *v);
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
/* Makes the map for this world and A20 state the current one. */
void ept_select(bool in_assist, bool a20);
/* From now on D0000-DFFFF is the assist's alone. */
void ept_protect_assist(void);
void handle_ept_violation(struct vcpu *v);
/* Puts the real pages back after a single step. */
void ept_step_over(void);
extern const void *const identity_map;

/* translate.c: where a linear address of the guest lies, accessed and dirty bits set; false for a
 * page fault. want: also the page fault's error code, but for bit 0 (SDM vol. 3, 4.7). */
enum { ACCESS_WRITE = 1 << 1, ACCESS_USER = 1 << 2 };
bool translate(struct vcpu *v, uint64_t linear, uint32_t want, uint64_t *phys);

/* step.c: one instruction of the guest */
void step_init(void);
void step_begin(void);
bool step_active(void);
/* Ends the step; true if the exit was only its end and wants nothing more. */
bool step_end(struct vcpu *v, uint32_t reason);

/* io.c */
void io_init(void);
void handle_io(struct vcpu *v);
extern bool a20_open; /* as the guest set it */

/* msr.c */
void msr_init(void);
void handle_msr(struct vcpu *v, bool write);
void handle_cpuid(struct vcpu *v);
void handle_xsetbv(struct vcpu *v);

/* vmentry_check.c: names each rule of SDM vol. 3, 26.2 and 26.3 that the VMCS breaks */
void check_vmentry(void);

#endif
