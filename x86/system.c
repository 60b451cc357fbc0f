/* SPDX-License-Identifier: MIT
 *
 * System instructions: control, debug and model-specific registers, descriptor-table registers,
 * I/O, the interrupt flag.
 */
#include "internal.h"

void x86_control_written(struct insn *i, unsigned n)
{
	if (i->x->ops->control_written)
		i->x->ops->control_written(i->x->world, n);
}

/* --- flags --- */

uint32_t x86_popf_mask(const struct dfw_cpu *cpu, unsigned size)
{
	uint32_t mask = ARITHMETIC | TF | DF | NT;

	if (size == 4)
		mask |= AC | ID;
	if (!cpl(cpu))
		mask |= IOPL;
	if (cpl(cpu) <= iopl(cpu))
		mask |= IF;
	return mask;
}

/* Below IOPL 3 in virtual-8086 mode: #GP, or VIF in IF's place. SDM vol. 3, 21.2.7 and 21.3.3.4 */
static bool virtual_if(struct insn *i)
{
	if (!is_vm86(i->cpu) || iopl(i->cpu) == 3)
		return false;
	if (!(i->cpu->cr4 & CR4_VME) || i->osize == 4)
		x86_raise_error(i, GP, 0);
	return true;
}

HANDLER(pushf)
{
	uint32_t flags = i->cpu->rflags & ~(VM | RF), sp = get_stack(i->cpu);

	if (virtual_if(i))
		flags = (flags & ~IF) | IOPL | (flags & VIF ? IF : 0);
	push(i, &sp, i->osize, flags);
	commit_stack(i->cpu, sp);
}

HANDLER(popf)
{
	struct dfw_cpu *cpu = i->cpu;
	bool virtual = virtual_if(i);
	uint32_t sp = get_stack(cpu), value = pop(i, &sp, i->osize);
	uint32_t mask = x86_popf_mask(cpu, i->osize);

	if (virtual) {
		if ((value & TF) || ((value & IF) && (cpu->rflags & VIP)))
			x86_raise_error(i, GP, 0);
		mask = (mask & ~IF) | VIF;
		value = (value & ~VIF) | (value & IF ? VIF : 0);
	}
	commit_stack(cpu, sp);
	set_flags(cpu, mask, value);
}

/* SDM vol. 2, table 3-7 (CLI) and table 4-18 (STI): which of IF and VIF is meant. */
static uint32_t interrupt_flag(struct insn *i)
{
	const struct dfw_cpu *cpu = i->cpu;

	if (cpl(cpu) <= iopl(cpu))
		return IF;
	if (is_vm86(cpu) ? cpu->cr4 & CR4_VME : (cpu->cr4 & CR4_PVI) && cpl(cpu) == 3)
		return VIF;
	x86_raise_error(i, GP, 0);
}

HANDLER(cli)
{
	set_flags(i->cpu, interrupt_flag(i), 0);
}

HANDLER(sti)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t flag = interrupt_flag(i);

	if (flag == VIF && (cpu->rflags & VIP))
		x86_raise_error(i, GP, 0);
	if (flag == IF && !(cpu->rflags & IF))
		cpu->interruptibility |= DFW_BLOCKED_BY_STI;
	set_flags(cpu, flag, flag);
}

HANDLER(hlt)
{
	i->outcome = X86_HALTED;
}

/* --- I/O --- */

bool x86_io_map_bit(struct insn *i, uint32_t at, unsigned count, unsigned before)
{
	const struct dfw_segment *tr = &i->cpu->seg[DFW_TR];
	uint32_t byte, bits;

	if (!(tr->access_rights & 8) || tr->limit < 0x67)
		return true;
	byte = read_system(i, (uint32_t)tr->base + 0x66, 2) - before + at / 8;
	/* Two bytes are always read: SDM vol. 1, 19.5.2. */
	if (byte > tr->limit || (!before && byte + 1 > tr->limit))
		return true;
	bits = read_system(i, (uint32_t)tr->base + byte, before ? 1 : 2);
	return bits >> (at & 7) & ((1u << count) - 1);
}

void x86_check_io(struct insn *i, uint16_t port, unsigned size)
{
	const struct dfw_cpu *cpu = i->cpu;

	if ((cpu->cr0 & CR0_PE) && (is_vm86(cpu) || cpl(cpu) > iopl(cpu)) &&
	    x86_io_map_bit(i, port, size, 0))
		x86_raise_error(i, GP, 0);
}

/* I/O breakpoints are type 2, with CR4.DE: SDM vol. 3, 17.2.4. */
void x86_io_breakpoints(struct insn *i, uint16_t port, unsigned size)
{
	if (__builtin_expect((i->cpu->dr7 & DR7_ENABLES) && (i->cpu->cr4 & CR4_DE), 0))
		i->debug |= x86_breakpoints(i->cpu, port, size, 2);
}

static unsigned io_size(const struct insn *i)
{
	return i->opcode & 1 ? i->osize : 1;
}

HANDLER(in)
{
	unsigned size = io_size(i);
	uint16_t port = METHOD(i->operand[1]) == M_I ? i->imm & 0xff : i->cpu->gpr[DFW_RDX].w;

	x86_check_io(i, port, size);
	x86_io_breakpoints(i, port, size);
	put_ptr(&i->cpu->gpr[DFW_RAX], size, i->x->ops->in(i->x->world, port, size));
}

HANDLER(out)
{
	unsigned size = io_size(i);
	uint16_t port = METHOD(i->operand[0]) == M_I ? i->imm & 0xff : i->cpu->gpr[DFW_RDX].w;
	uint32_t value = i->cpu->gpr[DFW_RAX].d & size_mask(size);

	x86_check_io(i, port, size);
	x86_io_breakpoints(i, port, size);
	i->x->ops->out(i->x->world, port, size, value);
}

/* --- descriptor-table registers --- */

static void store_table(struct insn *i, const struct dfw_table *t)
{
	uint8_t image[6];
	struct place p;

	if (!is_memory(i)) {
		x86_op_group7_register(i);
		return;
	}
	if ((i->cpu->cr4 & CR4_UMIP) && cpl(i->cpu))
		x86_raise_error(i, GP, 0);
	put_ptr(image, 2, t->limit);
	put_ptr(image + 2, 4, t->base);
	place_memory(i, &p, i->seg, i->ea, 6, WRITE);
	x86_put_bytes(i, &p, image);
}

HANDLER(sgdt)
{
	store_table(i, &i->cpu->gdtr);
}

HANDLER(sidt)
{
	store_table(i, &i->cpu->idtr);
}

static void load_table(struct insn *i, struct dfw_table *t)
{
	uint8_t image[6];
	const uint8_t *at;
	struct place p;

	if (!is_memory(i)) {
		x86_op_group7_register(i);
		return;
	}
	if (((uint32_t)i->cpu->cr0 & CR0_PE) && cpl(i->cpu))
		x86_raise_error(i, GP, 0);
	at = x86_direct(i, i->seg, i->ea, 6);
	if (!at) {
		place_memory(i, &p, i->seg, i->ea, 6, READ);
		x86_get_bytes(i, &p, image);
		at = image;
	}
	t->limit = get_ptr(at, 2);
	t->base = get_ptr(at + 2, 4) & (i->osize == 2 ? 0xffffff : 0xffffffffu);
}

HANDLER(lgdt)
{
	load_table(i, &i->cpu->gdtr);
}

HANDLER(lidt)
{
	load_table(i, &i->cpu->idtr);
}

/* --- control registers --- */

#define CR4_RESERVED 0xfe008000u /* bits that no processor of ours defines */

/* The feature that each bit of CR4 belongs to, SDM vol. 3, 2.5. PCE (8) has none, 15 is reserved. */
static const uint8_t cr4_features[25] = {
	F_VME, F_VME,  F_TSC,  F_DE,  F_PSE, F_PAE,	 F_MCE,	 F_PGE,	  0,	F_FXSR, F_SSE,	F_UMIP, F_LA57,
	F_VMX, F_SMX,  0,      F_FSGSBASE,   F_PCID, F_XSAVE, F_KL, F_SMEP, F_SMAP, F_PKU, F_CET_SS, F_PKS,
};

static void check_cr4(struct insn *i, uint32_t value)
{
	uint32_t bits = value & ~(uint32_t)CR4_PCE;
	unsigned n;

	for (n = 0; n < sizeof(cr4_features); n++)
		if ((bits >> n & 1) && !x86_feature(i, cr4_features[n]))
			x86_raise_error(i, GP, 0);
	if ((value & CR4_RESERVED) ||
	    (i->x->ops->cr4_allowed && !i->x->ops->cr4_allowed(i->x->world, value)))
		x86_raise_error(i, GP, 0);
}

/* SDM vol. 3, 2.5 and 4.1.2; vol. 2, MOV to CR: the checks, then the side effects. */
static void write_cr0(struct insn *i, uint32_t value)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t old = cpu->cr0;
	bool to_long = false;

	value |= CR0_ET;
	if ((value & CR0_PG) && !(value & CR0_PE))
		x86_raise_error(i, GP, 0);
	if (((value & CR0_NW) && !(value & CR0_CD)) || (!(value & CR0_WP) && (cpu->cr4 & CR4_CET)))
		x86_raise_error(i, GP, 0);
	if ((value & CR0_PG) && !(old & CR0_PG)) {
		to_long = cpu->efer & EFER_LME;
		/* a 16-bit TSS does not exist there: SDM vol. 3, 10.8.5 */
		if (to_long && (!(cpu->cr4 & CR4_PAE) || (cpu->seg[DFW_CS].access_rights & DFW_AR_L) ||
				!(cpu->seg[DFW_TR].access_rights & 8)))
			x86_raise_error(i, GP, 0);
	}
	if (!(value & CR0_PG) && (old & CR0_PG) && (cpu->cr4 & CR4_PCIDE))
		x86_raise_error(i, GP, 0);
	if ((value & CR0_PG) && (cpu->cr4 & CR4_PAE) && !to_long && !(cpu->efer & EFER_LMA) &&
	    ((value ^ old) & (CR0_PG | CR0_CD | CR0_NW)) &&
	    !x86_load_pdptes(i, cpu->cr3, cpu->cr4))
		x86_raise_error(i, GP, 0);
	cpu->cr0 = value & CR0_DEFINED;
	if (to_long)
		cpu->efer |= EFER_LMA;
	else if (!(value & CR0_PG))
		cpu->efer &= ~(uint64_t)EFER_LMA;
	x86_control_written(i, 0);
	if ((cpu->efer & EFER_LME) && ((value ^ old) & CR0_PG))
		x86_control_written(i, 8);
}

static void write_cr3(struct insn *i, uint32_t value)
{
	struct dfw_cpu *cpu = i->cpu;

	if ((cpu->cr0 & CR0_PG) && (cpu->cr4 & CR4_PAE) && !(cpu->efer & EFER_LMA) &&
	    !x86_load_pdptes(i, value, cpu->cr4))
		x86_raise_error(i, GP, 0);
	cpu->cr3 = value;
	x86_control_written(i, 3);
}

static void write_cr4(struct insn *i, uint32_t value)
{
	struct dfw_cpu *cpu = i->cpu;
	uint32_t changed = value ^ cpu->cr4;

	if (((cpu->efer & EFER_LMA) && (!(value & CR4_PAE) || (changed & CR4_LA57))) ||
	    ((value & CR4_PCIDE) &&
	     (!(cpu->efer & EFER_LMA) || ((changed & CR4_PCIDE) && (cpu->cr3 & 0xfff)))) ||
	    ((value & CR4_CET) && !(cpu->cr0 & CR0_WP)))
		x86_raise_error(i, GP, 0);
	check_cr4(i, value);
	if ((cpu->cr0 & CR0_PG) && (value & CR4_PAE) && !(cpu->efer & EFER_LMA) &&
	    (changed & (CR4_PAE | CR4_PSE | CR4_PGE | CR4_SMEP)) &&
	    !x86_load_pdptes(i, cpu->cr3, value))
		x86_raise_error(i, GP, 0);
	cpu->cr4 = value;
	x86_control_written(i, 4);
}

HANDLER(mov_to_cr)
{
	uint32_t value = i->cpu->gpr[i->modrm & 7].d;

	switch (modrm_reg(i)) {
	case 0:
		if ((value | CR0_ET) != (uint32_t)i->cpu->cr0)
			write_cr0(i, value);
		break;
	case 2:
		i->cpu->cr2 = value;
		break;
	case 3:
		write_cr3(i, value);
		break;
	case 4:
		write_cr4(i, value);
		break;
	default:
		x86_raise(i, UD);
	}
}

HANDLER(mov_from_cr)
{
	const struct dfw_cpu *cpu = i->cpu;
	unsigned n = modrm_reg(i);

	if (n > 4 || n == 1)
		x86_raise(i, UD);
	i->cpu->gpr[i->modrm & 7].d = (&cpu->cr0)[n ? n - 1 : 0]; /* CR0, 2, 3 and 4 in this order */
}

HANDLER(smsw)
{
	if ((i->cpu->cr4 & CR4_UMIP) && cpl(i->cpu))
		x86_raise_error(i, GP, 0);
	if (is_memory(i))
		write_memory(i, i->seg, i->ea, 2, i->cpu->cr0);
	else
		x86_store(i, 0, i->cpu->cr0);
}

/* Sets PE, never clears it: SDM vol. 2, LMSW. */
HANDLER(lmsw)
{
	uint32_t value = x86_load(i, 0), old = i->cpu->cr0;

	write_cr0(i, (old & ~(uint32_t)(CR0_MP | CR0_EM | CR0_TS)) | (value & 0xf));
}

HANDLER(clts)
{
	i->cpu->cr0 &= ~(uint64_t)CR0_TS;
	x86_control_written(i, 0);
}

HANDLER(invd)
{
	x86_control_written(i, 32);
}

HANDLER(invlpg)
{
	if (!is_memory(i)) {
		x86_op_group7_register(i);
		return;
	}
	if (cpl(i->cpu))
		x86_raise_error(i, GP, 0);
	x86_control_written(i, 32);
}

/* SDM vol. 2, INVPCID: its type in a register, PCID and address in memory. */
void x86_invpcid(struct insn *i)
{
	uint32_t type = i->cpu->gpr[modrm_reg(i)].d, descriptor[4];
	struct place p;

	if (!is_memory(i) || !x86_feature(i, F_INVPCID))
		x86_raise(i, UD);
	if (cpl(i->cpu))
		x86_raise_error(i, GP, 0);
	place_memory(i, &p, i->seg, i->ea, sizeof(descriptor), READ);
	x86_get_bytes(i, &p, descriptor);
	/* the PCID is 12 bits, and 0 while CR4.PCIDE is; the address of type 0 is canonical */
	if (type > 3 || (descriptor[0] & ~0xfffu) || descriptor[1] ||
	    (type < 2 && descriptor[0] && !(i->cpu->cr4 & CR4_PCIDE)) ||
	    (type == 0 && descriptor[3] + 0x8000 > 0xffff))
		x86_raise_error(i, GP, 0);
	x86_control_written(i, 32);
}

/* --- debug registers, SDM vol. 3, 17.2 --- */

static unsigned debug_register(struct insn *i)
{
	unsigned n = modrm_reg(i);

	if (n == 4 || n == 5) {
		if (i->cpu->cr4 & CR4_DE)
			x86_raise(i, UD);
		n += 2;
	}
	if (i->cpu->dr7 & DR7_GD) {
		i->cpu->pending_debug |= DR6_BD;
		x86_raise(i, DB);
	}
	return n;
}

HANDLER(mov_from_dr)
{
	const struct dfw_cpu *cpu = i->cpu;
	unsigned n = debug_register(i);

	i->cpu->gpr[i->modrm & 7].d = n < 4 ? cpu->dr[n] : n == 6 ? cpu->dr6 : cpu->dr7;
}

HANDLER(mov_to_dr)
{
	struct dfw_cpu *cpu = i->cpu;
	unsigned n = debug_register(i);
	uint32_t value = cpu->gpr[i->modrm & 7].d;

	if (n < 4)
		cpu->dr[n] = value;
	else if (n == 6)
		cpu->dr6 = (value & 0xe00f) | 0xffff0ff0;
	else
		cpu->dr7 = (value & 0xffff2bff) | 0x400;
	x86_control_written(i, 16 + n);
}

/* --- MSRs, time, identification --- */

enum { MSR_EFER = 0xc0000080 };

/* What CPUID shows of EFER, SDM vol. 4, table 2-2; the MSR is there if any of it is. */
static void check_efer(struct insn *i, uint64_t value)
{
	uint64_t bits = efer_bits(x86_features(i, EXTENDED_EDX));

	if (!bits || (value & ~bits))
		x86_raise_error(i, GP, 0);
}

/* SDM vol. 3, 2.2.1: LMA is not software's to write, nor LME while paging is on. */
static void write_efer(struct insn *i, uint64_t value)
{
	struct dfw_cpu *cpu = i->cpu;

	value = (value & ~(uint64_t)EFER_LMA) | (cpu->efer & EFER_LMA);
	if (((value ^ cpu->efer) & EFER_LME) && (cpu->cr0 & CR0_PG))
		x86_raise_error(i, GP, 0);
	check_efer(i, value);
	cpu->efer = value;
	x86_control_written(i, 8);
}

HANDLER(rdmsr)
{
	union dfw_reg *r = i->cpu->gpr;
	uint64_t value = i->cpu->efer;

	if (r[DFW_RCX].d == MSR_EFER)
		check_efer(i, 0);
	else if (!i->x->ops->read_msr(i->x->world, r[DFW_RCX].d, &value))
		x86_raise_error(i, GP, 0);
	r[DFW_RAX].d = value;
	r[DFW_RDX].d = value >> 32;
}

HANDLER(wrmsr)
{
	const union dfw_reg *r = i->cpu->gpr;
	uint64_t value = (uint64_t)r[DFW_RDX].d << 32 | r[DFW_RAX].d;

	if (r[DFW_RCX].d == MSR_EFER)
		write_efer(i, value);
	else if (!i->x->ops->write_msr(i->x->world, r[DFW_RCX].d, value))
		x86_raise_error(i, GP, 0);
}

HANDLER(rdtsc)
{
	union dfw_reg *r = i->cpu->gpr;
	uint64_t value;

	if ((i->cpu->cr4 & CR4_TSD) && cpl(i->cpu))
		x86_raise_error(i, GP, 0);
	value = i->x->ops->rdtsc(i->x->world);
	r[DFW_RAX].d = value;
	r[DFW_RDX].d = value >> 32;
}

/* --- 0F 01 with a register, SDM vol. 2, table A-6, group 7 --- */

/* The address is DS:rAX. What is watched is not: MWAIT may end at any time, SDM vol. 2, MWAIT. */
static void monitor(struct insn *i)
{
	const union dfw_reg *r = i->cpu->gpr;
	struct place p;

	if (!x86_feature(i, F_MONITOR) || cpl(i->cpu))
		x86_raise(i, UD);
	if (r[DFW_RCX].d & ~(i->modrm & 1u)) /* MWAIT: interrupts end it even while IF=0 */
		x86_raise_error(i, GP, 0);
	if (!(i->modrm & 1))
		place_memory(i, &p, i->override ? i->override - 1u : DFW_DS,
			     i->asize == 2 ? r[DFW_RAX].w : r[DFW_RAX].d, 1, READ);
}

static void extended_control(struct insn *i)
{
	struct x86_unit u = {.code = {0x0f, 0x01, i->modrm}, .length = 3};

	if (!(i->cpu->cr4 & CR4_OSXSAVE))
		x86_raise(i, UD);
	if ((i->modrm & 1) && cpl(i->cpu))
		x86_raise_error(i, GP, 0);
	x86_run_implied(i, &u);
}

uint32_t x86_processor_id(struct insn *i, unsigned feature)
{
	uint64_t value;

	if (!x86_feature(i, feature))
		x86_raise(i, UD);
	if (!i->x->ops->read_msr(i->x->world, MSR_TSC_AUX, &value))
		x86_raise_error(i, GP, 0);
	return value;
}

HANDLER(group7_register)
{
	if (i->modrm == 0xf9) { /* RDTSCP */
		uint32_t processor = x86_processor_id(i, F_RDTSCP);

		x86_op_rdtsc(i);
		i->cpu->gpr[DFW_RCX].d = processor;
		return;
	}
	if (i->rep || operand_size_prefix(i))
		x86_raise(i, UD);
	switch (i->modrm) {
	case 0xc8: /* MONITOR */
	case 0xc9: /* MWAIT */
		monitor(i);
		break;
	case 0xca: /* CLAC */
	case 0xcb: /* STAC */
		if (!x86_feature(i, F_SMAP) || cpl(i->cpu))
			x86_raise(i, UD);
		set_flags(i->cpu, AC, i->modrm & 1 ? AC : 0);
		break;
	case 0xd0: /* XGETBV */
	case 0xd1: /* XSETBV */
		extended_control(i);
		break;
	case 0xd5: /* XEND, outside a transaction as all here */
		if (x86_feature(i, F_RTM))
			x86_raise_error(i, GP, 0);
		x86_raise(i, UD);
	case 0xd6: /* XTEST */
		if (!x86_feature(i, F_RTM))
			x86_raise(i, UD);
		set_flags(i->cpu, ARITHMETIC, ZF);
		break;
	default: /* VMX and SVM instructions outside their operation, and what is reserved */
		x86_raise(i, UD);
	}
}

/* XBEGIN aborts at once, SDM vol. 1, 16.3.5; XABORT does nothing outside a transaction. */
HANDLER(xbegin)
{
	if (i->modrm != 0xf8 || !x86_feature(i, F_RTM))
		x86_raise(i, UD);
	if (i->opcode == 0xc7) {
		x86_near_branch(i, i->eip + sign_extend(i->imm, i->osize));
		i->cpu->gpr[DFW_RAX].d = 0;
	}
}

/* No performance counter is there: every index is invalid. */
HANDLER(rdpmc)
{
	x86_raise_error(i, GP, 0);
}

HANDLER(cpuid)
{
	union dfw_reg *r = i->cpu->gpr;
	uint32_t regs[4] = {r[DFW_RAX].d, r[DFW_RBX].d, r[DFW_RCX].d, r[DFW_RDX].d};

	i->x->ops->cpuid(i->x->world, regs);
	r[DFW_RAX].d = regs[0];
	r[DFW_RBX].d = regs[1];
	r[DFW_RCX].d = regs[2];
	r[DFW_RDX].d = regs[3];
}

/* SDM vol. 2, SYSENTER and SYSEXIT: flat segments made from one selector. */
static void load_flat(struct insn *i, uint16_t selector, unsigned level)
{
	uint32_t ar = DFW_AR_P | DFW_AR_S | DFW_AR_DB | DFW_AR_G | 3 | level << DFW_AR_DPL_SHIFT;
	struct dfw_segment code = {
		.selector = (selector & ~3u) | level,
		.limit = 0xffffffff,
		.access_rights = ar | DFW_AR_CODE,
	};

	i->cpu->seg[DFW_CS] = code;
	code.selector += 8;
	code.access_rights = ar;
	i->cpu->seg[DFW_SS] = code;
}

HANDLER(sysenter)
{
	struct dfw_cpu *cpu = i->cpu;
	uint16_t selector = cpu->sysenter_cs & ~3u;

	if (!(cpu->cr0 & CR0_PE) || !selector)
		x86_raise_error(i, GP, 0);
	set_flags(cpu, VM | IF | RF, 0);
	load_flat(i, selector, 0);
	cpu->gpr[DFW_RSP].d = cpu->sysenter_esp;
	i->eip = cpu->sysenter_eip;
	if (cpu->efer & EFER_LMA) { /* to 64-bit code */
		cpu->seg[DFW_CS].access_rights ^= DFW_AR_DB | DFW_AR_L;
		cpu->gpr[DFW_RSP].q = cpu->sysenter_esp;
		i->rip_high = cpu->sysenter_eip >> 32;
	}
}

HANDLER(sysexit)
{
	struct dfw_cpu *cpu = i->cpu;
	uint16_t selector = cpu->sysenter_cs & ~3u;

	if (!(cpu->cr0 & CR0_PE) || !selector)
		x86_raise_error(i, GP, 0);
	load_flat(i, selector + 16, 3);
	cpu->gpr[DFW_RSP].d = cpu->gpr[DFW_RCX].d;
	i->eip = cpu->gpr[DFW_RDX].d;
}

/* SYSCALL and SYSRET outside IA-32e mode are AMD's: APM vol. 3. Intel's processors raise #UD. */
static uint64_t star(struct insn *i)
{
	const struct dfw_cpu *cpu = i->cpu;
	uint64_t value;

	if (!(cpu->cr0 & CR0_PE) || !(cpu->efer & EFER_SCE) || (cpu->efer & EFER_LMA) ||
	    !x86_feature(i, F_SYSCALL) || !i->x->ops->read_msr(i->x->world, MSR_STAR, &value))
		x86_raise(i, UD);
	return value;
}

HANDLER(syscall)
{
	struct dfw_cpu *cpu = i->cpu;
	uint64_t target;

	if (!(cpu->efer & EFER_SCE)) {
		if (cpl(cpu))
			x86_raise(i, UD);
		x86_op_loadall286(i);
		return;
	}
	target = star(i);
	cpu->gpr[DFW_RCX].d = i->eip;
	set_flags(cpu, VM | IF | RF, 0);
	load_flat(i, target >> 32, 0);
	i->eip = target;
}

HANDLER(sysret)
{
	struct dfw_cpu *cpu = i->cpu;
	uint16_t selector = star(i) >> 48;

	if (!(cpu->efer & EFER_SCE) || !is_protected(cpu))
		x86_raise(i, UD);
	if (cpl(cpu))
		x86_raise_error(i, GP, 0);
	load_flat(i, selector, 3);
	set_flags(cpu, IF, IF);
	i->eip = cpu->gpr[DFW_RCX].d;
}

/*
 * LOADALL of the 80286: everything from physical 800h on, descriptor caches included. 16-bit:
 * the high halves become zero. Intel, "Undocumented iAPX 286 Test Instruction".
 */
HANDLER(loadall286)
{
	static const uint8_t cache_order[] = {DFW_ES, DFW_CS, DFW_SS, DFW_DS};
	static const uint8_t gpr_order[] = {DFW_RDI, DFW_RSI, DFW_RBP, DFW_RSP,
					    DFW_RBX, DFW_RDX, DFW_RCX, DFW_RAX};
	struct dfw_cpu *cpu = i->cpu;
	uint8_t t[102];
	unsigned n;

	if (cpu->cr0 & CR0_PG) /* a 286 knows no paging */
		x86_raise(i, UD);
	i->x->ops->read(i->x->world, 0x800, t, sizeof(t));
	/* It may set PE and cannot clear it. */
	write_cr0(i, (cpu->cr0 & ~(uint64_t)0xe) | (get_ptr(t + 0x06, 2) & 0xf));
	set_flags(cpu, 0x7fd5, get_ptr(t + 0x18, 2));
	i->eip = get_ptr(t + 0x1a, 2);
	for (n = 0; n < 8; n++)
		cpu->gpr[gpr_order[n]].d = get_ptr(t + 0x26 + 2 * n, 2);
	for (n = 0; n < 4; n++) {
		struct dfw_segment *s = &cpu->seg[cache_order[n]];
		const uint8_t *c = t + 0x36 + 6 * n;
		static const uint8_t selector[] = {0x24, 0x22, 0x20, 0x1e};

		s->base = get_ptr(c, 4) & 0xffffff;
		s->limit = get_ptr(c + 4, 2);
		s->access_rights = c[3];
		s->selector = get_ptr(t + selector[n], 2);
	}
	cpu->gdtr.base = get_ptr(t + 0x4e, 4) & 0xffffff;
	cpu->gdtr.limit = get_ptr(t + 0x52, 2);
	cpu->idtr.base = get_ptr(t + 0x5a, 4) & 0xffffff;
	cpu->idtr.limit = get_ptr(t + 0x5e, 2);
	cpu->seg[DFW_LDTR].selector = get_ptr(t + 0x1c, 2);
	cpu->seg[DFW_LDTR].base = get_ptr(t + 0x54, 4) & 0xffffff;
	cpu->seg[DFW_LDTR].limit = get_ptr(t + 0x58, 2);
	cpu->seg[DFW_LDTR].access_rights = t[0x57];
	cpu->seg[DFW_TR].selector = get_ptr(t + 0x16, 2);
	cpu->seg[DFW_TR].base = get_ptr(t + 0x60, 4) & 0xffffff;
	cpu->seg[DFW_TR].limit = get_ptr(t + 0x64, 2);
	cpu->seg[DFW_TR].access_rights = t[0x63];
}
