/* SPDX-License-Identifier: MIT
 *
 * What the files of vmxassist share. The guest's processor is record->guest; while the guest runs
 * in virtual-8086 mode the parts of it that change without a trap (general registers, selectors,
 * flags) live in the frame at the top of the stack, and everything else stays in the record.
 */
#ifndef VMXASSIST_H
#define VMXASSIST_H

/* Each processor has a page of its own at one linear address, by page tables of its own; the first
 * processor's is mapped to itself. What is PER_PROCESSOR lies at its bottom, the stack above. The VM86
 * frame is at the top; ring 0 starts below where a frame with an error code ends. */
#define STACK_SIZE     0x1000
#define STACK_START    0x60
#define PROCESSOR_DATA 0x400 /* most of the page that is not stack */

/* Selectors of the assist's own GDT. */
#define SEL_CODE 0x08
#define SEL_DATA 0x10
#define SEL_TSS  0x18

/* Trap stubs: one for each vector, at a multiple of all their size. The return address of a stub's call
 * has the vector in bits 3 to 10; STUB_ERROR in it says that the processor pushed an error code. */
#define STUB_SIZE  8
#define STUB_ERROR 2

#define MONITOR_GUEST 4 /* offset in struct monitor for entry.S */

/* Offsets in struct x86_unit for entry.S */
#define UNIT_EFLAGS  12
#define UNIT_CODE    21
#define UNIT_OPERAND 36

#ifndef __ASSEMBLY__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <dfw/assist.h>
#include <dfw/stats.h>
#include <dfw/trace.h>
#include "lib/control_bits.h"
#include "lib/ports.h"
#include "x86/x86.h"

/* What the entry stubs and the processor push, lowest address first. From VM86 the frame ends at
 * the top of the stack; from ring 0 it ends after eflags. */
struct frame {
	uint32_t edi, esi, ebp, skipped_esp, ebx, edx, ecx, eax;
	uint32_t vector; /* plus FRAME_HAS_ERROR; until trap() has seen it the stub's return address, plus STUB_ERROR */
	uint32_t error;
	uint32_t eip, cs, eflags;
	uint32_t esp, ss, es, ds, fs, gs;
};

enum {
	MSR_SYSENTER_CS = 0x174,
	MSR_SYSENTER_ESP,
	MSR_SYSENTER_EIP,
	MSR_DEBUGCTL = 0x1d9,
	MSR_FS_BASE = 0xc0000100,
	MSR_GS_BASE,
};

#define FRAME_HAS_ERROR 0x100u

#define START_UP      __attribute__((section(".init"))) /* world_start's part: gone once the stack grows */
enum { A20 = 0x100000 };

#define PER_PROCESSOR __attribute__((section(".processor")))

enum {
	FLAG_TF = 1 << 8,
	FLAG_IF = 1 << 9,
	FLAG_IOPL = 3 << 12,
	FLAG_NT = 1 << 14,
	FLAG_RF = 1 << 16,
	FLAG_VM = 1 << 17,
	FLAG_AC = 1 << 18,
};

enum {
	VEC_DE = 0,
	VEC_DB = 1,
	VEC_NMI = 2,
	VEC_BR = 5,
	VEC_UD = 6,
	VEC_NM = 7,
	VEC_DF = 8,
	VEC_TS = 10,
	VEC_NP = 11,
	VEC_SS = 12,
	VEC_GP = 13,
	VEC_PF = 14,
	VEC_MF = 16,
	VEC_AC = 17,
	VEC_MC = 18,
	VEC_XM = 19,
};

/* Debug registers, SDM vol. 3, 17.2 */
enum { DR6_CAUSES = 0xe00f, DR7_ENABLES = 0xff, DR7_GD = 1 << 13, DR7_FIXED = 1 << 10 };
#define DR6_CLEAN 0xffff0ff0u

/* SDM vol. 3, 7.2.1; the redirection bitmap and the I/O map follow it (20.3.3, and vol. 1, 19.5.2) */
struct __attribute__((packed)) tss {
	uint32_t link;
	uint32_t esp0, ss0;
	uint32_t unused[22];
	uint16_t trap;
	uint16_t io_map;
	uint8_t redirection[32];
	uint8_t io[8192]; /* all zero: every port is open */
	uint8_t terminator;
};

_Static_assert(offsetof(struct tss, redirection) == 104, "SDM vol. 3, 7.2.1");

/* Masks of the segments that VM86 cannot hold as they are, and of those that it could not hold with a
 * base of selector * 16 either. */
struct vm86_fit {
	uint8_t stale, broken;
};

/* One processor's monitor. */
struct monitor {
	bool pending_nmi; /* entry.S: the first member */
	bool held_nmi;    /* came while the guest blocks NMI */
	bool traps_iret;  /* VM86 runs at IOPL 0 without VME */
	bool interpreting; /* real-mode code that VM86 has not refused */
	struct dfw_cpu *guest; /* record->guest; entry.S */
	unsigned number;  /* of the processor */
	struct tss *tss;
	struct stretch *stretches;
	unsigned stretches_most;
	struct dfw_assist_record *record;
	struct x86 x86;
	int pending_irq;          /* vector taken in a ring-0 window, or -1 */
	uint16_t from_cs; /* for the trace: where the instruction lies */
	uint32_t from_ip;
	uint32_t irq_at;          /* EIP where one instruction is to be interpreted before anything else: an interrupt
				     came there while segments were stale, and a handler that takes longer than the
				     next interrupt takes to come would return there for ever. (Interrupts are
				     asynchronous: it is as if it came later.) */
	bool redirect;            /* INT n goes straight to the IVT: redirection bitmap is clear */
	const struct stretch *stretch; /* what VM86 runs a copy of, or NULL */
	union {
		uint32_t special; /* not 0: an instruction that VM86 refuses takes the long way, for one of these */
		struct {
			uint8_t stale; /* mask of segments whose base is the record's, whatever the frame's selector */
			bool traced;
			bool ignne; /* IGNNE# is active: x87_error.c */
		};
	};
	uint8_t shadow; /* interruptibility at a stretch's end */
	uint32_t vm86_flags; /* what EFLAGS has in VM86, and the guest's in other values */
	uint32_t no_stretch[16]; /* where a look for a stretch found none, and for which segments; nothing relies on it */
	uint8_t fit_again; /* mask of segments that are to be looked at in any case: of a 32-bit stack, ESP has a say */
	bool fit_known; /* what real mode loads into a segment register can only make it fit VM86: since the
			   last time in protected mode, or LOADALL, no segment has become stale
			   that is not in fit */
	struct vm86_fit fit;
};

/* Decoded instructions that are kept, a power of 2, and iterations of a REP form between two looks at the interrupt
 * line. */
enum { MANY_SLOTS = 256, FEW_SLOTS = 64, REP_BATCH = 2048 };

extern struct dfw_assist_header header;
extern struct dfw_assist_stats *stats; /* this processor's, in the reserve */
extern struct monitor monitor;         /* this processor's */

/* What lies in the reserve, and then struct processor (world.c) for each. */
enum {
	IDT = 0,
	STUBS = 0x800,
	PAGE_DIRECTORIES = 0x1000, /* of the second and third GiB */
	RECORDS = 0x3000,
	STATS = 0x8000,
	STRETCHES = 0x19000, /* the first processor's */
	STRETCHES_SIZE = 0xb000,
	SLOTS = STRETCHES + STRETCHES_SIZE, /* likewise */
	PROCESSORS = SLOTS + MANY_SLOTS * sizeof(struct x86_slot),
};

/* entry.S */
_Noreturn void vm86_enter(struct frame *frame); /* IRETs to VM86 */
_Noreturn void vm86_go(void); /* the same with the record's general registers, but for ESP */
_Noreturn void start(void); /* where vmxloader enters */
_Noreturn void invoke_entry(void); /* where the assist's world starts */
void window_open(void);  /* one instruction's time with IF=1 */
void window_halt(bool interrupts); /* HLT, but if pending_nmi; IF=1 with `interrupts` */
extern const uint8_t window_checked[], window_halted[], vm86_enter_checked[], vm86_enter_pop[], vm86_enter_iret[];
extern const uint8_t vm86_go_checked[], vm86_go_iret[];
_Noreturn void nmi_before_vm86(struct frame *frame);
_Noreturn void nmi_before_go(void);
void restore(uint32_t cr0); /* to the host, but if pending_nmi */
extern const uint8_t restore_switch[];
int unit_run(struct x86_unit *unit);
extern const uint8_t unit_fault[];
void trap_entry(void);   /* where trap stubs lead */
void trap_entry_gp(void); /* that of vector 13 */
extern uint8_t processor_page[STACK_SIZE], stack_top[], start_up[], start_up_end[]; /* vmxassist.lds.S */
extern struct frame vm86_frame; /* at the top of this processor's stack; vmxassist.lds.S */

/* monitor.c */
_Noreturn void monitor_invoked(void); /* C side of invoke_entry */
_Noreturn void monitor_run(struct monitor *m);
_Noreturn void monitor_emulate(struct monitor *m); /* VM86 refused the instruction at the frame's CS:EIP; the
						      general registers are in the record */
_Noreturn void monitor_stretch_ended(struct monitor *m); /* likewise */
void monitor_exception(struct monitor *m, struct x86_event event); /* raised at the record's CS:EIP */
void monitor_halt(struct monitor *m); /* waits for an interrupt or NMI; monitor_run delivers it */
_Noreturn void panic(const char *what, uint32_t a, uint32_t b);
/* reset as a triple fault does: the host or the chipset takes it from there */
_Noreturn void machine_shutdown(void);

/* vm86.c: between record->guest and the VM86 frame */
struct vm86_fit vm86_fit(const struct dfw_cpu *cpu, unsigned candidates); /* a mask, too */
void vm86_load_registers(const struct frame *f); /* general registers but for ESP, frame -> record */
void vm86_load(struct monitor *m);          /* all else, frame -> record */
void vm86_load_segments(struct monitor *m); /* but for those whose bases are the record's */
void vm86_store(struct monitor *m, uint16_t cs, uint16_t ip); /* record -> frame, but for CS:IP */
void vm86_redirect(struct monitor *m); /* IDTR may have changed */
_Noreturn void vm86_resume(struct monitor *m, uint16_t cs, uint16_t ip); /* record -> frame, and off */
void vm86_init(struct monitor *m);
uint64_t vm86_tss_init(struct tss *tss); /* returns its descriptor */

/* stretch.c: stretch_run does not return where the code at CS:IP makes a stretch, though segments are stale */
void stretch_init(struct monitor *m, void *room, unsigned size); /* room for m->stretches */
void stretch_run(struct monitor *m, struct vm86_fit fit);
bool stretch_leave(struct monitor *m, struct frame *f); /* the frame's CS:EIP is the guest's again;
							   true at the stretch's end */

/* reflect.c: trap entry; hardware interrupts and exceptions to the guest */
void trap(struct frame *frame);
/* delivers through the interpreter; does not return on triple fault */
void deliver(struct monitor *m, struct x86_event event);
/* The same, for the last thing to do before the guest goes on: does not return where VM86 can run its
 * handler at once. */
void deliver_and_go(struct monitor *m, struct x86_event event);
/* A fault at the instruction that trapped, while the frame holds the state still. Returns where the handler
 * cannot be run at once. */
void reflect_fault(struct monitor *m, unsigned vector);
_Noreturn void trap_gp(void); /* #GP from VM86, nearly every trap; monitor.c */
_Noreturn void trap_gp_specially(void);

/* x87_error.c: x87 errors while the guest's CR0.NE is 0, SDM vol. 1, D.2.1 */
void x87_error(struct monitor *m); /* at a waiting instruction, with an error pending */
int x87_run(struct x86_unit *unit); /* ignoring errors */
void x87_update(struct monitor *m); /* the end of an instruction that ran so */
void x87_port_written(struct monitor *m, uint16_t port, uint8_t value); /* one of x87_ports */
extern const uint8_t x87_ports[2];

/* world.c */
void world_start(void); /* C side of start */
/* Passes VM entry in protected mode? What VM entry refuses and the guest cannot see is changed. */
bool world_enterable(struct dfw_cpu *cpu);
/* RESTORE, or out for good where there is no host. Returns where an NMI has come, which the guest is to have first. */
void world_leave(struct monitor *m);
bool world_can_leave(struct monitor *m);
void world_sync_cr0(const struct dfw_cpu *cpu);
void world_sync_cr4(const struct dfw_cpu *cpu);
bool world_cr4_exists(uint32_t bits); /* does this processor know all these bits of CR4? */
int rdmsr_safe(uint32_t index, uint64_t *value); /* entry.S */
int wrmsr_safe(uint32_t index, uint32_t low, uint32_t high); /* 0 where it raises #GP */
bool write_cr4_safe(uint32_t value);  /* entry.S; false where it raises #GP */
void world_sync_debug(const struct dfw_cpu *cpu);
void world_native_errors(const struct dfw_cpu *cpu, bool on); /* CR0.NE=1 for a while, whatever the guest's */
void world_protect(uint32_t linear, bool on); /* keeps VM86 from writing this page, below 2 MiB */
void *world_window(uint64_t phys); /* a pointer to any physical byte, valid to its page's end and
				      until the next call */

/* trace.c */
void trace_init(void);
void trace_put(uint32_t kind_code, uint32_t cs_detail, uint32_t eip);
void trace_put_guest(uint32_t kind_code);

static inline bool tracing(void)
{
	return __builtin_expect(header.flags & DFW_ASSIST_TRACE, 0);
}

/* An event at CS:EIP, or where the record's guest stands. */
static inline __attribute__((always_inline)) void trace(unsigned kind, unsigned code, unsigned detail, uint16_t cs, uint32_t eip)
{
	if (tracing())
		trace_put(kind | code << 16, cs | detail << 16, eip);
}

static inline __attribute__((always_inline)) void trace_guest(unsigned kind, unsigned code)
{
	if (tracing())
		trace_put_guest(kind | code << 16);
}

/* guest_access.c: struct x86_ops of the machine itself */
extern const struct x86_ops guest_ops;

/* Each x87 instruction is to be emulated, whatever error is pending. */
static inline bool x87_ignores_errors(void)
{
	return monitor.ignne && !(monitor.guest->cr0 & CR0_NE);
}

static inline uint32_t stretch_key(const struct monitor *m)
{
	return ((uint32_t)m->guest->seg[DFW_CS].base + (uint32_t)m->guest->rip) ^ m->fit.stale << 16 ^ m->fit.broken << 24;
}

/* Has stretch_run found lately that none begins at CS:IP? */
static inline bool stretch_none(const struct monitor *m)
{
	uint32_t key = stretch_key(m);

	return m->no_stretch[key % 16] == key;
}

/* The high half is zero already. */
static inline void set_low(uint64_t *to, uint32_t value)
{
	*(uint32_t *)to = value;
}

/* vm86_load, in line. Where a segment is not stale, base and selector agree already. */
static inline __attribute__((always_inline)) void load_from_vm86(struct monitor *m, bool segments)
{
	struct dfw_cpu *cpu = m->guest;
	const struct dfw_segment *s = cpu->seg;
	const struct frame *f = &vm86_frame;

	cpu->gpr[DFW_RSP].d = f->esp;
	set_low(&cpu->rip, f->eip);
	set_low(&cpu->rflags, (f->eflags & ~(FLAG_VM | FLAG_IOPL)) | (cpu->rflags & FLAG_IOPL));
	if (segments || __builtin_expect(s[DFW_CS].selector != (uint16_t)f->cs || s[DFW_SS].selector != (uint16_t)f->ss ||
			     s[DFW_DS].selector != (uint16_t)f->ds || s[DFW_ES].selector != (uint16_t)f->es ||
			     s[DFW_FS].selector != (uint16_t)f->fs || s[DFW_GS].selector != (uint16_t)f->gs, 0))
		vm86_load_segments(m);
}

/* What VM86 needs that any instruction changes: record -> frame. */
static inline __attribute__((always_inline)) void store_to_vm86(const struct monitor *m, uint32_t ip)
{
	const struct dfw_cpu *cpu = m->guest;
	struct frame *f = &vm86_frame;

	f->esp = cpu->gpr[DFW_RSP].d;
	f->eip = ip;
	f->eflags = ((uint32_t)cpu->rflags & ~(uint32_t)FLAG_IOPL) | m->vm86_flags;
	stats->vm86_entries++;
}

static inline uint64_t rdtsc(void)
{
	uint64_t t;
	asm volatile("rdtsc" : "=A"(t));
	return t;
}

#endif
#endif
