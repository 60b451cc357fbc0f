/* SPDX-License-Identifier: MIT
 *
 * The other processor: libunicorn, put into each mode, with its memory accesses recorded.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>
#include "diff.h"

static uc_engine *real_engine, *protected_engine;
static uc_context *fresh[MODES], *scratch;
static size_t error_code_at; /* in a saved context */
static struct outcome *now;
static bool invalid, stale;
static unsigned whole; /* the last access that is no piece of another */

static void on_interrupt(uc_engine *uc, uint32_t vector, void *user)
{
	if (now && now->vector < 0)
		now->vector = vector;
	uc_emu_stop(uc);
}

static void record(uint64_t address, int size, bool write)
{
	struct traced *last;
	uint32_t start;

	if (!now)
		return;
	/* An access across two pages is reported once more by its aligned pieces. */
	if (now->accesses && now->accesses <= TRACE) {
		last = &now->trace[whole];
		start = last->linear & ~(last->size - 1u);
		if (last->write == write && (last->linear & 4095) + last->size > 4096 &&
		    ((uint32_t)address == start || (uint32_t)address == start + last->size))
			return;
	}
	whole = now->accesses;
	if (now->accesses < TRACE)
		now->trace[now->accesses] = (struct traced){address, size, write};
	now->accesses++;
}

static void on_access(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
		      void *user)
{
	record(address, size, type == UC_MEM_WRITE);
	if (type == UC_MEM_WRITE)
		touch(address, size);
}

static bool on_unmapped(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
			void *user)
{
	if (!now)
		return false;
	now->unmapped = true;
	if (type == UC_MEM_READ_UNMAPPED) /* a write has been recorded */
		record(address, size, false);
	return false;
}

static bool on_invalid(uc_engine *uc, void *user)
{
	invalid = true;
	return false;
}

static uint32_t on_in(uc_engine *uc, uint32_t port, int size, void *user)
{
	return port_value(port, size);
}

static void on_out(uc_engine *uc, uint32_t port, int size, uint32_t value, void *user)
{
	now->out = out_digest(now->out, port, size, value & size_mask(size));
}

/* The same answer as the interpreter's op gives. */
static int on_cpuid(uc_engine *uc, void *user)
{
	static const int order[4] = {UC_X86_REG_EAX, UC_X86_REG_EBX, UC_X86_REG_ECX, UC_X86_REG_EDX};
	uint32_t regs[4];
	unsigned n;

	for (n = 0; n < 4; n++)
		uc_reg_read(uc, order[n], &regs[n]);
	processor_id(NULL, regs);
	for (n = 0; n < 4; n++)
		uc_reg_write(uc, order[n], &regs[n]);
	return 1;
}

static uc_engine *engine(uc_mode mode)
{
	uc_engine *uc;
	uc_hook h;

	if (uc_open(UC_ARCH_X86, mode, &uc) || uc_mem_map_ptr(uc, 0, MEMORY, UC_PROT_ALL, theirs)) {
		printf("Bail out! unicorn does not start\n");
		exit(1);
	}
	uc_hook_add(uc, &h, UC_HOOK_INTR, (void *)on_interrupt, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)on_access, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_MEM_UNMAPPED, (void *)on_unmapped, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_INSN_INVALID, (void *)on_invalid, NULL, 1, 0);
	uc_hook_add(uc, &h, UC_HOOK_INSN, (void *)on_in, NULL, 1, 0, UC_X86_INS_IN);
	uc_hook_add(uc, &h, UC_HOOK_INSN, (void *)on_out, NULL, 1, 0, UC_X86_INS_OUT);
	uc_hook_add(uc, &h, UC_HOOK_INSN, (void *)on_cpuid, NULL, 1, 0, UC_X86_INS_CPUID);
	return uc;
}

static void set(int reg, uint32_t value)
{
	uint64_t v = value;

	uc_reg_write(protected_engine, reg, &v);
}

/* Runs one instruction at privilege 0, in flat segments; it lies at `at`. */
static void prologue(uint32_t at, const void *code, unsigned len)
{
	uc_mem_write(protected_engine, at, code, len);
	uc_ctl_remove_cache(protected_engine, at, at + 16);
	uc_emu_start(protected_engine, at, NOWHERE, 0, 1);
}

/*
 * Finds where a saved context keeps the error code, which no register gives: two faults with
 * known ones.
 */
static void find_error_code(void)
{
	static const uint32_t selectors[2] = {0x1230, 0x5678};
	static uint8_t *image[2];
	uc_context *context[2];
	size_t size = uc_context_size(protected_engine), at;
	unsigned n;

	for (n = 0; n < 2; n++) {
		uc_context_alloc(protected_engine, &context[n]);
		uc_context_restore(protected_engine, fresh[CODE32_0]);
		set(UC_X86_REG_EAX, selectors[n]);
		prologue(CODE + 16 * n, "\x8e\xd8", 2); /* mov ds,ax */
		set(UC_X86_REG_EAX, 0);
		uc_context_save(protected_engine, context[n]);
		image[n] = (uint8_t *)context[n];
	}
	for (at = 0; at + 4 <= size; at += 4)
		if (!memcmp(image[0] + at, &selectors[0], 4) &&
		    !memcmp(image[1] + at, &selectors[1], 4))
			error_code_at = at;
	if (!error_code_at) {
		printf("Bail out! unicorn's error code is not where it was\n");
		exit(1);
	}
}

/* The states of the modes, reached by the engine's own IRETs. */
static void enter_modes(void)
{
	static const struct {
		uint32_t eip, cs, flags, esp, ss, es, ds, fs, gs;
	} vm86 = {0, CODE >> 4, 0x20002, 0x1000, STACK >> 4, DATA >> 4, DATA >> 4, 0, 0};
	uc_x86_mmr gdtr = {.base = GDT, .limit = G_ENTRIES * 8 - 1};
	uc_x86_mmr tr = {.selector = G_TSS * 8, .base = TSS, .limit = 0x68 + 0x80, .flags = 0x8900};
	uc_x86_mmr ldtr = {.selector = G_LDT * 8, .base = LDT, .limit = 8 * 8 - 1, .flags = 0x8200};
	uc_x86_mmr idtr = {.base = 0, .limit = 0x3ff};
	uint64_t cr0;
	unsigned m, n;

	uc_reg_write(protected_engine, UC_X86_REG_GDTR, &gdtr);
	uc_reg_write(protected_engine, UC_X86_REG_LDTR, &ldtr);
	uc_reg_write(protected_engine, UC_X86_REG_TR, &tr);
	for (n = 0; n < 3; n++) {
		uc_x86_msr msr = {.rid = 0x174 + n,
				  .value = n == 0   ? (uint32_t)SYSENTER_CS
					   : n == 1 ? STACK + 0xc000
						    : CODE + 0x1111};

		uc_reg_write(protected_engine, UC_X86_REG_MSR, &msr);
	}
	set(UC_X86_REG_CS, G_CODE32 * 8);
	for (n = 0; n < 6; n++)
		if (n != DFW_CS)
			set(seg_id[n], G_DATA32 * 8);
	for (m = 0; m < MODES; m++)
		uc_context_alloc(m ? protected_engine : real_engine, &fresh[m]);
	cr0 = CR0_ET;
	uc_reg_write(real_engine, UC_X86_REG_CR0, &cr0);
	uc_reg_write(real_engine, UC_X86_REG_GDTR, &gdtr);
	uc_reg_write(real_engine, UC_X86_REG_IDTR, &idtr);
	uc_context_save(real_engine, fresh[REAL]);
	uc_context_save(protected_engine, fresh[CODE32_0]);
	for (m = VM86_IOPL3; m < MODES; m++) {
		const struct mode *mode = &modes[m];
		uint32_t frame[9] = {0, mode->cs * 8 | mode->level, 2, 0x1000,
				     mode->ss * 8 | mode->level};

		if (m == CODE32_0)
			continue;
		uc_context_restore(protected_engine, fresh[CODE32_0]);
		set(UC_X86_REG_ESP, STACK);
		if (mode->vm86)
			memcpy(frame, &vm86, sizeof(vm86));
		uc_mem_write(protected_engine, STACK, frame, sizeof(frame));
		if (mode->level) {
			prologue(CODE, "\xcf", 1); /* iret */
		} else {
			set(UC_X86_REG_CS, frame[1]);
			set(UC_X86_REG_SS, frame[4]);
		}
		if (mode->paged) {
			if (mode->pae) {
				uc_x86_msr efer = {.rid = 0xc0000080, .value = EFER_NXE};

				uc_reg_write(protected_engine, UC_X86_REG_MSR, &efer);
				set(UC_X86_REG_CR4, CR4_PAE);
			} else {
				set(UC_X86_REG_CR4, CR4_PSE);
			}
			set(UC_X86_REG_CR3, mode->pae ? TABLES + 0x4000 : TABLES);
			set(UC_X86_REG_CR0, CR0_PG | 0x11);
		}
		uc_context_save(protected_engine, fresh[m]);
	}
}

static sigjmp_buf aborted;

static void on_abort(int signal)
{
	siglongjmp(aborted, 1);
}

void unicorn_start(void)
{
	struct sigaction action = {.sa_handler = on_abort, .sa_flags = SA_NODEFER};

	sigaction(SIGABRT, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	real_engine = engine(UC_MODE_16);
	protected_engine = engine(UC_MODE_32);
	enter_modes();
	find_error_code();
	uc_context_alloc(protected_engine, &scratch);
}

/* Of what can be asked for from outside, a change of the memory map alone empties the TLB. */
static void flush(uc_engine *uc)
{
	uc_mem_map(uc, 0xf0000000, 4096, UC_PROT_ALL);
	uc_mem_unmap(uc, 0xf0000000, 4096);
}

void unicorn_run(const struct test *t, uint64_t until, struct outcome *o)
{
	const struct dfw_cpu *b = &t->before;
	uint32_t base = (uint32_t)b->seg[DFW_CS].base, begin = base + (uint32_t)b->rip;
	uc_engine *uc = t->mode == REAL ? real_engine : protected_engine;
	uc_x86_mmr mmr;
	unsigned n;
	uint64_t v;
	uc_err err;

	now = NULL;
	uc_context_restore(uc, fresh[t->mode]);
	if (stale || (b->cr0 & CR0_PG)) /* translations of the case before */
		flush(uc);
	if (modes[t->mode].paged) { /* CR0.WP */
		v = b->cr0;
		uc_reg_write(uc, UC_X86_REG_CR0, &v);
	}
	uc_ctl_remove_cache(uc, begin, begin + sizeof(t->code));
	for (n = 0; n < 8; n++)
		uc_reg_write(uc, gpr_id[n], &b->gpr[n].d);
	for (n = 0; n < 6; n++)
		if (t->mode == REAL || (n != DFW_CS && (n != DFW_SS || modes[t->mode].vm86)))
			uc_reg_write(uc, seg_id[n], &b->seg[n].selector);
	v = b->rflags;
	uc_reg_write(uc, UC_X86_REG_EFLAGS, &v);
	o->vector = -1;
	o->accesses = 0;
	o->unmapped = invalid = false;
	o->out = 0;
	/* Its translator aborts on what it finds behind some branches: start it anew. */
	if (sigsetjmp(aborted, 1)) {
		now = NULL;
		memset(o, 0, sizeof(*o));
		o->vector = -1;
		o->unmapped = true;
		unicorn_start();
		memcpy(theirs, pristine, MEMORY);
		return;
	}
	now = o;
	err = uc_emu_start(uc, t->mode == REAL ? begin : (uint32_t)b->rip, until, 0,
			   t->rep ? 100 : 1);
	now = NULL;
	if (err == UC_ERR_INSN_INVALID || invalid)
		o->vector = UD;
	for (n = 0; n < 8; n++)
		uc_reg_read(uc, gpr_id[n], &o->gpr[n]);
	uc_reg_read(uc, UC_X86_REG_EIP, &o->eip);
	uc_reg_read(uc, UC_X86_REG_EFLAGS, &o->flags);
	for (n = 0; n < 6; n++)
		uc_reg_read(uc, seg_id[n], &o->selector[n]);
	uc_reg_read(uc, UC_X86_REG_CR0, &o->cr0);
	stale = (o->cr0 | b->cr0) & CR0_PG;
	uc_reg_read(uc, UC_X86_REG_CR2, &o->cr2);
	uc_reg_read(uc, UC_X86_REG_CR3, &o->cr3);
	uc_reg_read(uc, UC_X86_REG_CR4, &o->cr4);
	uc_reg_read(uc, UC_X86_REG_LDTR, &mmr);
	o->ldtr = mmr.selector;
	o->ldt_base = mmr.base;
	uc_reg_read(uc, UC_X86_REG_TR, &mmr);
	o->tr = mmr.selector;
	o->tr_base = mmr.base;
	if (o->vector >= 0 && t->mode != REAL) {
		uc_context_save(uc, scratch);
		memcpy(&o->error, (uint8_t *)scratch + error_code_at, 4);
	}
}
