/* SPDX-License-Identifier: MIT
 *
 * A guest that stands in for vmxloader and looks at what visor does to it. test=NAME in the
 * command line picks one test; each prints TAP-like lines "ok NAME: what" or "not ok ..." on
 * port E9 and ends with "end".
 */
#include <stdbool.h>
#include <dfw/assist.h>
#include <dfw/start_info.h>
#include <dfw/stats.h>
#include "lib/string.h"
#include "tests/visor/say.h"
#include "tests/visor/secret.h"

extern uint32_t first_cr0, first_cr4, first_ebx, first_eflags;
extern uint32_t fault_vector, fault_resume, vm86_ax, vm86_bx, vm86_cx;
extern uint64_t idt[], tss_descriptor;
extern uint8_t tss[];
extern char fault_stubs[], assist_entry[], assist_stack_end[], after_clear_pe[];
extern char second_assist_entry[], second_stack_end[], shootdown_interrupt[];
extern char die_here[], timer_interrupt[], step_interrupt[], spurious_interrupt[];
extern uint32_t timer_interrupts, single_steps;
extern char vm86_code[], vm86_code_end[], vm86_fault[];
extern struct {
	uint16_t limit;
	uint32_t base;
} __attribute__((packed)) gdt_pointer, idt_pointer;

uint32_t try_vmxon(void), try_vmcall(void), try_set_cr0(uint32_t), try_set_cr4(uint32_t),
	try_rdmsr(uint32_t), try_wrmsr(uint32_t, uint32_t), try_ud2(void), try_insb(uint32_t to), try_xsetbv(uint32_t), try_read(uint32_t);
uint32_t clear_pe(uint32_t marker), long_mode(uint32_t pml4), find_secret(uint32_t from, uint32_t count, uint32_t step);
void restore_by_mov(void), restore_by_lmsw(void), enter_vm86(void), finish_with_secret(void);
void test_main(void), unexpected_fault(void), assist_main(void), vm86_done(void), second_assist_main(void), shootdown(void);

static const char *cmdline_value(const char *name);

enum { UD = 6, GP = 13, PF = 14 };

#define REGISTER(name)                                                                             \
	static uint32_t read_##name(void)                                                          \
	{                                                                                          \
		uint32_t v;                                                                        \
		asm volatile("mov %%" #name ", %0" : "=r"(v));                                     \
		return v;                                                                          \
	}                                                                                          \
	static inline void write_##name(uint32_t v)                                                \
	{                                                                                          \
		asm volatile("mov %0, %%" #name : : "r"(v) : "memory");                            \
	}
REGISTER(cr0)
REGISTER(cr2)
REGISTER(cr3)
REGISTER(cr4)
REGISTER(dr0)

static void check(bool good, const char *what)
{
	say("%s %s\n", good ? "ok" : "not ok", what);
}

static void __attribute__((noreturn)) finish(void)
{
	say("end\n");
	outb(0x8900, 'D'); /* Bochs' debugger takes over */
	for (;;)
		asm volatile("cli; hlt");
}

void unexpected_fault(void)
{
	say("not ok unexpected fault %u\n", fault_vector);
	finish();
}

static void set_idt(unsigned vector, const char *to)
{
	uint32_t a = (uint32_t)to;

	idt[vector] = (uint64_t)(a >> 16) << 48 | 0x8e0000080000ull | (a & 0xffff);
}

static volatile uint32_t *at(uint32_t address)
{
	asm("" : "+r"(address));
	return (volatile uint32_t *)address;
}

static bool has_long_mode(void)
{
	uint32_t a = 0x80000001, b, c = 0, d;

	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return d >> 29 & 1;
}

static const struct hvm_start_info *info;
static struct hvm_memmap_entry private;

static void test_start(void)
{
	check(info->magic == HVM_START_MAGIC && info->version == 1, "hvm_start_info");
	check((first_cr0 & 0x9fffffff) == 0x11 && first_cr4 == 0, "CR0 is 11h, CR4 is 0");
	check(first_eflags == 2, "EFLAGS is 2");
	check(read_cr3() == 0, "CR3 is 0");
	check(private.size == 16 << 20 && private.type == 2, "private memory is reserved");
	check(try_rdmsr(0xc0000080) == 0, "EFER can be read");
	check(try_ud2() == 1 + UD, "faults reach the guest's IDT");
	say("cmdline: %s\n", (const char *)(uint32_t)info->cmdline_paddr);
}

/* Looks at every page of private memory for what visor must not show. */
static void test_private(void)
{
	uint32_t base = private.addr;
	bool hidden = true;

	const uint32_t before = *at(base + 4);
	*at(base + 4) = 0x12345678;
	bool vtlb = *cmdline_value("no-identity="); /* the host has no EPT, and no such page */
	check(*at(base + 4) == (vtlb ? 0x12345678 : before), "the first page of it");
	*at(base + 0x5000) = 0x5aa55aa5;
	*at(base + 0x5004) = 0;
	for (uint32_t p = base + 0x1000; p < base + (uint32_t)private.size; p += 0x1000)
		hidden &= *at(p) == 0x5aa55aa5 && *at(p + 4) == 0;
	check(hidden, "every other page of private memory is the scratch page");
}

static uint32_t number(const char *text)
{
	uint32_t n = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (*text - '0');
	return n;
}

/* All of memory, and at the places in other pages that visor's secret has in its own (secret=) all that
 * the processor can address, but the APICs' registers. */
static void scan_for_secret(const char *when)
{
	enum { RAM_END = 0x4000000, APICS = 0xfec00000, BEHIND = 0xff000000 };
	static uint32_t planted[4];
	uint32_t offset = number(cmdline_value("secret="));

	planted[0] = ~SECRET_SI;
	planted[2] = ~SECRET_DI;
	for (volatile uint32_t *p = planted; p < planted + 4; p += 2)
		*p = ~*p;
	bool finds = find_secret((uint32_t)planted - 0x80, 32, 8) == (uint32_t)planted;
	memset(planted, 0, sizeof(planted));
	uint32_t found = find_secret(0, RAM_END / 8, 8);
	if (!found)
		found = find_secret(RAM_END | offset, (APICS - RAM_END) >> 12, 0x1000);
	if (!found)
		found = find_secret(BEHIND | offset, -BEHIND >> 12, 0x1000);
	say("%s %s: what visor holds is at no address (%x)\n", finds && !found && offset ? "ok" : "not ok", when, found);
}

static uint32_t pd[1024] __attribute__((aligned(4096)));
static uint32_t pt[1024] __attribute__((aligned(4096)));
static uint64_t pdpt[512] __attribute__((aligned(4096)));
static uint64_t pae_pd[4][512] __attribute__((aligned(4096)));
static uint64_t pml4[512] __attribute__((aligned(4096)));

static void build_pae(void)
{
	for (unsigned i = 0; i < 4; i++) {
		pdpt[i] = (uint32_t)pae_pd[i] | 1;
		for (unsigned j = 0; j < 512; j++)
			pae_pd[i][j] = ((uint64_t)i << 30 | j << 21) | 0x83;
	}
}

enum { MARK = 0x5aa55aa5 };

/* All frames of private memory by linear addresses from here on: they all show the page of marks, and are
 * written to. The first may be the identity map, which is read-only. */
static bool all_marks(uint32_t linear)
{
	bool good = true;

	for (uint32_t p = linear + 0x1000; p < linear + (uint32_t)private.size; p += 0x1000)
		for (unsigned i = 0; i < 0x1000 && (p & ~0x100000u) != linear; i += 0x1f8) { /* A20 */
			good &= *at(p + i) == MARK;
			*at(p + i) = MARK;
		}
	return good;
}

extern uint64_t touch_from;
extern uint32_t touch_pages, touch_seen;

static uint32_t pci_read(uint32_t address)
{
	outl(0xcf8, address);
	return inl(0xcfc);
}

static void pci_write(uint32_t address, uint32_t value)
{
	outl(0xcf8, address);
	outl(0xcfc, value);
}

/* Would memory from here on, size 0: none, meet private memory? */
static bool over_private(uint32_t first, uint32_t size)
{
	return size && first < (uint32_t)(private.addr + private.size) && first + size > (uint32_t)private.addr;
}

/* Tries to lay each device's memory over private memory. */
static void base_addresses(void)
{
	unsigned tried = 0;
	bool good = true;

	for (unsigned device = 0; device < 32; device++)
		for (unsigned reg = 0x10; reg <= 0x30; reg += 4) {
			uint32_t address = 0x80000000 | device << 11 | reg, old = pci_read(address);
			bool bridge = pci_read((address & ~0xffu) | 0xc) >> 16 & 1;
			if (old == ~0u || old & 1 || reg == 0x28 || reg == 0x2c || (bridge && reg > 0x14))
				continue;
			pci_write(address, 0xffffffff);
			uint32_t size = -(pci_read(address) & 0xfffffff0);
			pci_write(address, (uint32_t)private.addr | (reg == 0x30));
			outl(0xcf8, address);
			outb(0xcff, private.addr >> 24);
			tried += size > 0;
			good &= !over_private(pci_read(address) & 0xfffffff0, size);
			pci_write(address, old);
		}
	check(good && tried, "no base address register lies over private memory");
}

/* The same with bridges' windows: Bochs' i440BX has one bridge, i440FX none. */
static void bridge_windows(void)
{
	unsigned tried = 0;
	bool good = true;

	for (unsigned device = 0; device < 32; device++) {
		uint32_t address = 0x80000000 | device << 11;
		if (pci_read(address) == ~0u || (pci_read(address | 0xc) >> 16 & 0x7f) != 1)
			continue;
		for (unsigned reg = 0x20; reg <= 0x24; reg += 4) {
			uint32_t inside = (uint32_t)private.addr >> 16, old = pci_read(address | reg);
			pci_write(address | reg, inside << 16 | inside);
			for (unsigned half = 0; half < 2; half++) {
				uint32_t now = pci_read(address | reg), first = (now & 0xfff0) << 16, last = now & 0xfff00000;
				good &= first > last || !over_private(first, last + 0x100000 - first);
				/* open as far as into it, by the limit alone */
				pci_write(address | reg, 0x00000100);
				outl(0xcf8, address | reg);
				outw(0xcfe, inside + 0x40);
			}
			pci_write(address | reg, 0x0200f000);
			tried += pci_read(address | reg) >> 16 == 0x0200;
			pci_write(address | reg, old);
		}
	}
	check(good, "no bridge's window lies over private memory");
	say("bridge windows tried: %u\n", tried);
}

static void chipset_tests(void)
{
	uint32_t smram = pci_read(0x80000070), rows = pci_read(0x80000064);
	pci_write(0x80000070, smram | 0x4a0000);
	check(pci_read(0x80000070) == smram, "SMRAM stays as it is");
	outl(0xcfb, 0x4a000000); /* 72h is the last byte of an access that begins at another port */
	check((pci_read(0x80000070) ^ smram) << 8 >> 24 == 0, "SMRAM stays as it is, by an access that is not aligned");
	pci_write(0x80000064, 0);
	check(pci_read(0x80000064) == rows, "rows of RAM stay where they are");
	bool hidden = true, pinned = true;
	for (unsigned reg = 0x59; reg <= 0x5f; reg++) {
		uint32_t address = 0x80000000 | reg;
		outl(0xcf8, address & ~3u);
		uint8_t old = inb(0xcfc + reg % 4);
		for (unsigned how = 0; how < 4; how++) {
			outl(0xcf8, address & ~3u);
			outb(0xcfc + reg % 4, how * 0x11);
			hidden &= !find_secret(0xc0000, 0x40000 / 8, 8);
			outl(0xcf8, address & ~3u);
			uint8_t now = inb(0xcfc + reg % 4);
			pinned &= reg == 0x59 ? now >> 4 & 1 : reg == 0x5c || reg == 0x5d ? now == 0x33 : now == how * 0x11;
		}
		outl(0xcf8, address & ~3u);
		outb(0xcfc + reg % 4, old);
	}
	check(hidden && pinned, "PAM: whatever C0000-FFFFF show, D0000 and F0000 stay RAM");
	base_addresses();
	bridge_windows();
}

/* Whatever a guest's ring 0 can do to see visor's memory. */
static void test_isolation(void)
{
	enum { ALIAS = 0x40000000 };
	uint32_t base = private.addr, frames = (uint32_t)private.size >> 12;
	static uint32_t more_pt[4][1024] __attribute__((aligned(4096)));

	for (unsigned i = 0; i < 0x1000; i += 4)
		*at(base + 0x7000 + i) = MARK;
	check(all_marks(base), "no paging");

	/* 2-level: 4 KiB pages at an alias, and edits without a flush */
	for (unsigned i = 0; i < 1024; i++)
		pd[i] = i << 22 | 0x83;
	for (unsigned n = 0; n < 4; n++) {
		for (unsigned i = 0; i < 1024; i++)
			more_pt[n][i] = (base + (n << 22) + (i << 12)) | 3;
		pd[(ALIAS >> 22) + n] = (uint32_t)more_pt[n] | 3;
	}
	write_cr4(read_cr4() | 0x10);
	write_cr3((uint32_t)pd);
	write_cr0(read_cr0() | 1u << 31);
	check(all_marks(base), "4 MiB pages");
	check(all_marks(ALIAS), "4 KiB pages at another address");
	static uint8_t mine[4096] __attribute__((aligned(4096)));
	bool good = true;
	for (unsigned i = 1; i < frames; i++) {
		uint32_t linear = ALIAS + (i << 12), *entry = &more_pt[i >> 10][i & 1023], old = *entry;
		*entry = (uint32_t)mine | 3;
		asm volatile("invlpg (%0)" : : "r"(linear) : "memory");
		*at(linear + 4) = i;
		*entry = old; /* no flush: the page may be either */
		*at(linear + 8) = MARK;
		uint32_t seen_there = *at(linear + 12); /* once: each access may find either */
		good &= seen_there == MARK || seen_there == *at((uint32_t)mine + 12);
	}
	check(good && all_marks(base), "entries changed without a flush");
	/* tables, and tables of tables, in private memory */
	pd[0x300] = base | 3;
	pd[0x301] = (base + 0x5000) | 3;
	write_cr3((uint32_t)pd);
	for (unsigned i = 0; i < 2; i++) /* a fault, or what the marks point at */
		try_read(0xc0000000 + i * 0x400000 + 0x3000);
	check(all_marks(base), "page tables in private memory");
	pd[0x300] = 0xc0000083; /* what they map is anything: the I/O APIC, too */
	pd[0x301] = 0xc0400083;
	write_cr3((uint32_t)pd);
	/* string I/O that visor does itself */
	check(try_insb(base + 0x9123) == 0 && *at(base + 0xa120) >> 24 == inb(0x92), "INS to private memory");
	*(volatile uint8_t *)at(base + 0x9123) = MARK >> 24;
	/* what the processor writes by itself: descriptor tables' stores, a locked instruction, a stack */
	asm volatile("sgdt (%0); sidt 8(%0)" : : "r"(base + 0x9200) : "memory");
	asm volatile("lock xaddl %1, (%0)" : : "r"(base + 0x9300), "r"(1) : "memory");
	for (unsigned i = 0; i < 0x1000; i += 4)
		*at(base + 0x7000 + i) = MARK;
	check(all_marks(base), "and all of it again");
	scan_for_secret("2-level paging");
	write_cr0(read_cr0() & ~(1u << 31));

	/* PAE with 2 MiB pages, and 4-level from 64-bit code, at an address above 4 GiB */
	build_pae();
	write_cr4(read_cr4() | 1 << 5);
	write_cr3((uint32_t)pdpt);
	write_cr0(read_cr0() | 1u << 31);
	check(all_marks(base), "PAE");
	write_cr0(read_cr0() & ~(1u << 31));
	write_cr4(read_cr4() & ~(1u << 5));
	for (unsigned i = 0; i < 4; i++)
		pdpt[i] |= 2;
	pml4[0] = pml4[0x123] = (uint32_t)pdpt | 3;
	touch_from = 0xffff800000000000ull | 0x123ull << 39 | (base + 0x1000);
	touch_pages = frames - 1;
	check(!has_long_mode() || (long_mode((uint32_t)pml4) == 1 && touch_seen == frames - 1), "4-level");
	touch_pages = 0;

	chipset_tests();
	uint32_t low, high;
	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0x1b));
	check(try_wrmsr(0x1b, (low & 0xfff) | base) == 1 + GP, "the local APIC does not move over private memory");
	check(try_wrmsr(0x1b, low) == 0, "it stays where it is");
	check(all_marks(base), "and all of it once more");
	scan_for_secret("without paging");
	say("end\n");
	finish_with_secret();
}

static void test_vmx(void)
{
	uint32_t a = 1, b, c = 0, d;

	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	check(!(c & 1 << 5) && c >> 31, "CPUID hides VMX and shows a hypervisor");
	a = 0x40000000;
	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	check(!memcmp(&b, "dfw ", 4) && !memcmp(&c, "viso", 4), "hypervisor signature");
	check(try_vmxon() == 1 + UD && try_vmcall() == 1 + UD, "VMX instructions: #UD");
	check(try_set_cr4(read_cr4() | 1 << 13) == 1 + GP, "CR4.VMXE: #GP");
	check(try_rdmsr(0x3a) == 1 + GP && try_rdmsr(0x480) == 1 + GP, "VMX MSRs: #GP");
	check(try_wrmsr(0x3a, 5) == 1 + GP, "writing FEATURE_CONTROL: #GP");
	check(try_rdmsr(0x4b564d00) == 1 + GP, "an MSR that does not exist: #GP");
	check(try_set_cr0(read_cr0() | 1 << 29) == 1 + GP, "CR0.NW without CD: #GP");
	check(try_set_cr0((read_cr0() | 1u << 31) & ~1u) == 1 + GP, "CR0.PG without PE: #GP");
	asm volatile("invd");
	check(true, "INVD");
	write_cr0(read_cr0() | 1 << 5);
	check(read_cr0() & 1 << 5, "CR0.NE set");
	write_cr0(read_cr0() & ~(1u << 5));
	check(!(read_cr0() & 1 << 5), "CR0.NE clear");
	write_cr0(read_cr0() | 1 << 3);
	asm volatile("clts");
	check(!(read_cr0() & 1 << 3), "CLTS");
}

static void test_xsetbv(void)
{
	uint32_t a = 1, b, c = 0, d;

	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (!(c & 1 << 26))
		return; /* no XSAVE here */
	check(!(c & 1 << 27), "CPUID shows OSXSAVE as the guest's CR4 has it: clear");
	write_cr4(read_cr4() | 1 << 18);
	a = 1, c = 0;
	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	check(c >> 27 & 1, "CPUID shows OSXSAVE as the guest's CR4 has it: set");
	check(try_xsetbv(7) == 0 && try_xsetbv(3) == 0, "XSETBV");
	check(try_xsetbv(2) == 1 + GP && try_xsetbv(5) == 1 + GP, "XSETBV of a wrong value: #GP");
}

static void test_paging(void)
{
	static volatile uint32_t here = 0x1111, there = 0x2222;

	/* 2-level, 4 KiB pages in the first 4 MiB: `here` shows at 0x3ff000 + offset */
	for (unsigned i = 0; i < 1024; i++)
		pt[i] = i << 12 | 3;
	pt[1023] = ((uint32_t)&here & ~0xfffu) | 3;
	pd[0] = (uint32_t)pt | 3;
	write_cr3((uint32_t)pd);
	check(read_cr3() == (uint32_t)pd, "CR3 keeps its value with paging off");
	write_cr0(read_cr0() | 1u << 31);
	check(*at(0x3ff000 + ((uint32_t)&here & 0xfff)) == 0x1111, "2-level paging");
	check(read_cr3() == (uint32_t)pd && !(read_cr4() & 0x30), "CR3 and CR4 read true");
	pt[1023] = ((uint32_t)&there & ~0xfffu) | 3;
	write_cr3((uint32_t)pd);
	check(*at(0x3ff000 + ((uint32_t)&there & 0xfff)) == 0x2222, "CR3 written with paging on");
	write_cr0(read_cr0() & ~(1u << 31));
	check(read_cr3() == (uint32_t)pd, "paging off again");

	/* string I/O to a port that exits, through a page mapped elsewhere */
	static uint8_t bytes[4] = {0, 0, 0, 0x5a};
	pt[1022] = ((uint32_t)bytes & ~0xfffu) | 3;
	pt[1021] = 0;
	write_cr0(read_cr0() | 1u << 31);
	uint32_t to = 0x3fe000 + ((uint32_t)bytes & 0xfff), n = 3;
	asm volatile("cld; rep insb" : "+D"(to), "+c"(n) : "d"(0x92) : "memory");
	check(n == 0 && to == 0x3fe003 + ((uint32_t)bytes & 0xfff) && bytes[0] == inb(0x92) &&
		      bytes[2] == bytes[0] && bytes[3] == 0x5a && pt[1022] & 0x60,
	      "REP INSB");
	check(try_insb(0x3fd123) == 1 + PF && read_cr2() == 0x3fd123, "INSB to a page not present");
	write_cr0(read_cr0() & ~(1u << 31));

	/* PAE, the third GiB of virtual space showing the first */
	build_pae();
	memcpy(pae_pd[2], pae_pd[0], 4096);
	write_cr4(read_cr4() | 1 << 5);
	check(read_cr4() & 1 << 5, "CR4.PAE is kept with paging off");
	write_cr3((uint32_t)pdpt);
	write_cr0(read_cr0() | 1u << 31);
	check(*at(0x80000000u + (uint32_t)&here) == 0x1111, "PAE paging");
	write_cr0(read_cr0() & ~(1u << 31));
	write_cr4(read_cr4() & ~(1u << 5));
	pdpt[2] |= 0x1e0;
	write_cr4(read_cr4() | 1 << 5);
	check(try_set_cr0(read_cr0() | 1u << 31) == 1 + GP, "a bad PDPTE: #GP");
	write_cr4(read_cr4() & ~(1u << 5));

	build_pae();
	for (unsigned i = 0; i < 4; i++)
		pdpt[i] |= 2;
	pml4[0] = (uint32_t)pdpt | 3;
	if (has_long_mode())
		check(long_mode((uint32_t)pml4) == 1, "long mode, there and back");
	else
		check(try_wrmsr(0xc0000080, 0x100) == 1 + GP, "no long mode: EFER.LME is #GP");
}

/* A toy assist: its code lies in this program, its header and record at D0000. */
static struct dfw_assist_header *const header = (void *)DFW_VMXASSIST;
static struct dfw_assist_record *const record = (void *)(DFW_VMXASSIST + 0x1000);
static volatile uint32_t invokes;
static void (*at_reset)(void) = finish; /* what the toy assist does at INVOKE with reason RESET */
static volatile bool by_lmsw, in_vm86, spoil, die;
static void spoil_record(struct dfw_cpu *g);

static void build_assist(void)
{
	static const uint16_t rights[] = {0xc093, 0xc09b, 0xc093, 0xc093, 0xc093, 0xc093};
	struct dfw_cpu *a = &record->assist;

	memset(header, 0, DFW_VMXASSIST_SIZE);
	*header = (struct dfw_assist_header){
		.magic = DFW_ASSIST_MAGIC,
		.version = DFW_ASSIST_VERSION,
		.header_size = sizeof(*header),
		.record_size = sizeof(*record),
		.cpus = 1,
		.records = (uint32_t)record,
		.flags = DFW_ASSIST_HOSTED,
	};
	build_pae();
	for (unsigned i = 0; i < 4; i++)
		for (unsigned j = 0; j < 512; j++)
			pae_pd[i][j] |= 4;
	a->rip = (uint32_t)assist_entry;
	a->rflags = 2;
	a->cr0 = 0x80000011;
	a->cr3 = (uint32_t)pdpt;
	a->cr4 = 0x20;
	memcpy(a->pdpte, pdpt, sizeof(a->pdpte));
	a->dr6 = 0xffff0ff0;
	a->dr7 = 0x400;
	for (unsigned i = 0; i <= DFW_GS; i++)
		a->seg[i] = (struct dfw_segment){.limit = 0xffffffff,
						 .access_rights = rights[i],
						 .selector = i == DFW_CS ? 8 : 0x10};
	a->seg[DFW_LDTR].access_rights = DFW_AR_UNUSABLE;
	a->seg[DFW_TR] = (struct dfw_segment){.base = (uint32_t)tss,
					      .limit = 104 + 8192,
					      .access_rights = 0x8b,
					      .selector = 0x28};
	a->gdtr = (struct dfw_table){gdt_pointer.base, gdt_pointer.limit, 0};
	a->idtr = (struct dfw_table){idt_pointer.base, idt_pointer.limit, 0};
	record->reason = DFW_INVOKE_START;
}

static struct {
	uint32_t reason;
	struct dfw_cpu guest;
	uint32_t cr0, cr4;
} seen;

void vm86_done(void)
{
	in_vm86 = false;
	assist_main();
}

void assist_main(void)
{
	struct dfw_cpu *g = &record->guest;

	if (in_vm86) {
		set_idt(GP, vm86_fault);
		memcpy((void *)0x7c00, vm86_code, vm86_code_end - vm86_code);
		enter_vm86();
	}
	invokes++;
	seen.reason = record->reason;
	seen.guest = *g;
	seen.cr0 = read_cr0();
	seen.cr4 = read_cr4();
	g->cr0 |= 1;
	g->gpr[DFW_RDX].q = 0x600d0000 + invokes;
	g->dr[1] = 0xd1;
	if (die) {
		g->idtr.limit = 0;
		g->rip = (uint32_t)die_here;
		g->seg[DFW_CS] = record->assist.seg[DFW_CS];
	} else if (record->reason == DFW_INVOKE_RESET) {
		at_reset();
		finish();
	}
	if (spoil)
		spoil_record(g);
	if (by_lmsw)
		restore_by_lmsw();
	restore_by_mov();
}

static void start_continues(void);

/* The first INVOKE: record.guest is what the guest has described, not the processor. */
static void begin_assist(void)
{
	struct dfw_cpu *g = &record->guest;
	*g = record->assist;
	g->rip = (uint32_t)start_continues;
	g->gpr[DFW_RSP].q = (uint32_t)__builtin_frame_address(0) - 0x400;
	g->cr0 = 0x10;
	g->cr3 = 0;
	g->cr4 = 0;
	clear_pe(0);
}

static void start_assist(void)
{
	build_assist();
	begin_assist();
}

static void (*continuation)(void);

static void start_continues(void)
{
	continuation();
	finish();
}

static void assist_tests(void)
{
	check(invokes == 1 && seen.reason == DFW_INVOKE_START, "START");
	check((seen.guest.cr0 & 0x80000001) == 0 && seen.guest.rip == (uint32_t)start_continues,
	      "START leaves record->guest as it was");
	check(!(seen.cr0 & 1) && !(seen.cr0 >> 31), "CR0 in the assist's world shows PE=0, PG=0");
	check(seen.cr4 == 0x20, "CR4 in the assist's world is the assist's");
	check((read_cr0() & 0x80000001) == 1 && read_cr4() == 0, "RESTORE with paging off");

	write_cr3(0x7000);
	write_cr2(0xc2c2);
	write_dr0(0xd0d0);
	uint32_t edx = clear_pe(0xb0b0b0b0);
	check(edx == 0x600d0002, "registers that the assist changed come back changed");
	check(seen.reason == DFW_INVOKE_REAL_MODE, "REAL_MODE");
	check(seen.guest.gpr[DFW_RBX].d == 0xb0b0b0b0, "general registers are saved");
	check(seen.guest.rip == (uint32_t)after_clear_pe, "RIP is past MOV CR0");
	check(!(seen.guest.cr0 & 1) && seen.guest.cr3 == 0x7000 && seen.guest.cr4 == 0,
	      "CR0, CR3 and CR4 are the guest's view");
	check(seen.guest.cr2 == 0xc2c2 && seen.guest.dr[0] == 0xd0d0, "CR2 and DR0 are saved");
	check(read_cr2() == 0xc2c2 && read_dr0() == 0xd0d0 && read_cr3() == 0x7000,
	      "CR2, DR0 and CR3 come back");
	check(seen.guest.seg[DFW_CS].access_rights == 0xc09b &&
		      seen.guest.seg[DFW_SS].limit == 0xffffffff,
	      "segments are saved");

	by_lmsw = true;
	check(clear_pe(0) == 0x600d0003, "RESTORE by LMSW");
	by_lmsw = false;

	in_vm86 = true;
	clear_pe(0);
	check(vm86_cx == 0x1234, "VM86 runs, HLT faults into the assist");
	check(!(vm86_ax & 1), "SMSW in VM86 shows PE=0");

	/* D0000 belongs to the assist now */
	uint32_t magic = *at(DFW_VMXASSIST);
	*at(DFW_VMXASSIST) = 0xdeadbeef;
	check(*at(DFW_VMXASSIST) == magic, "a write to D0000 is dropped");
	asm volatile("cld; rep stosl"
		     :
		     : "D"(DFW_VMXASSIST + 0xff8), "c"(4), "a"(0xdeadbeef)
		     : "memory");
	check(*at(DFW_VMXASSIST + 0xff8) == 0 && *at(DFW_VMXASSIST + 0x1004) == 0,
	      "REP STOS over two pages of D0000 is dropped");
	asm volatile("lock incl %0" : "+m"(*at(DFW_VMXASSIST + 0x2000)));
	check(*at(DFW_VMXASSIST + 0x2000) == 0, "LOCK INC on D0000 is dropped");
	check(clear_pe(0) == 0x600d0005, "the assist still works");
	uint32_t f = *at(0xfffffff0);
	*at(0xfffffff0) = ~f;
	check(*at(0xfffffff0) == f, "a write to the system ROM is dropped");
	check(f == *at(0xffff0), "the system ROM shows F0000");

	/* shadow RAM stays RAM */
	outl(0xcf8, 0x80000058);
	outl(0xcfc, 0);
	check((inl(0xcfc) & 0xf000) == 0x1000, "PAM of F0000 stays readable RAM");
	outl(0xcf8, 0x8000005c);
	outb(0xcfc, 0);
	outb(0xcfd, 0);
	outb(0xcfe, 0x11);
	check((inl(0xcfc) & 0xffffff) == 0x113333, "PAM of D0000 stays, E0000 can be changed");
}

static void test_assist(void)
{
	continuation = assist_tests;
	start_assist();
}

static void set_a20_kbc(bool on)
{
	while (inb(0x64) & 2)
		;
	outb(0x64, 0xd1);
	while (inb(0x64) & 2)
		;
	outb(0x60, on ? 0xdf : 0xdd);
	while (inb(0x64) & 2)
		;
}

enum { HMA = 0x3ff000 }; /* where test_a20 maps 1 MiB */

/* Are these two addresses, 1 MiB apart, the same memory? */
static bool same(uint32_t a, uint32_t b)
{
	*at(a) = 0x0a0a0a0a;
	*at(b) = 0x0b0b0b0b;
	return *at(a) == 0x0b0b0b0b;
}

static bool wraps(void)
{
	bool low = same(HMA + 0x500, 0x500), high = same(0x500000, 0x400000);

	return low && high && same(0xf00000, 0xe00000);
}

static bool open(void)
{
	return !same(HMA + 0x500, 0x500) && !same(0x500000, 0x400000);
}

static uint8_t read_output_port(void)
{
	while (inb(0x64) & 2)
		;
	outb(0x64, 0xd0);
	while (!(inb(0x64) & 1))
		;
	return inb(0x60);
}

/* Runs where bit 20 is clear whatever A20 is: the program is copied to 2 MiB by test_a20. */
static void a20_tests(void)
{
	static uint8_t is[16];
	unsigned n = 0;

	is[n++] = open();
	outb(0x92, inb(0x92) & ~3);
	is[n++] = wraps();
	for (unsigned i = 0; i < 0x1000; i += 4)
		*at((uint32_t)private.addr + 0x107000 + i) = MARK;
	is[n++] = all_marks(private.addr);
	is[n++] = !(inb(0x92) & 2);
	outb(0x92, (inb(0x92) & ~1) | 2);
	is[n++] = open() && inb(0x92) & 2;
	set_a20_kbc(false);
	is[n++] = wraps();
	is[n++] = !(read_output_port() & 2);
	set_a20_kbc(true);
	is[n++] = open() && read_output_port() & 2;
	outb(0x64, 0xdd);
	is[n++] = wraps();
	outb(0x64, 0xdf);
	is[n++] = open();

	static const char *const what[] = {
		"A20 is open at the start",
		"port 92h closes it: the wrap is there",
		"no private memory shows then",
		"port 92h reads it back",
		"port 92h opens it",
		"the keyboard controller closes it",
		"command D0h reads it back",
		"the keyboard controller opens it",
		"command DDh closes it",
		"command DFh opens it",
	};
	for (unsigned i = 0; i < n; i++)
		check(is[i], what[i]);
}

/* With A20 closed this program, at 1 MiB, would vanish: run on a map where 1 MiB shows 2 MiB. */
static void test_a20(void)
{
	memcpy((void *)0x200000, (void *)0x100000, 0x100000);
	for (unsigned i = 0; i < 1024; i++) {
		pd[i] = i << 22 | 0x83;
		pt[i] = i << 12 | 3;
	}
	for (unsigned i = 0; i < 256; i++)
		pt[0x100 + i] = (0x200 + i) << 12 | 3;
	pt[HMA >> 12] = 0x100003;
	pd[0] = ((uint32_t)pt + 0x100000) | 3;
	memcpy((void *)((uint32_t)pd + 0x100000), pd, 4096);
	memcpy((void *)((uint32_t)pt + 0x100000), pt, 4096);
	write_cr4(read_cr4() | 0x10);
	write_cr3((uint32_t)pd + 0x100000);
	write_cr0(read_cr0() | 1u << 31);
	a20_tests();
}

static const char *reset_kind;

static void reset_now(void)
{
	static const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) none = {0, 0};

	*at(0x600) = 0x12345678;
	if (!strcmp(reset_kind, "port92")) {
		outb(0x92, inb(0x92) | 1);
	} else if (!strcmp(reset_kind, "kbc")) {
		outb(0x64, 0xfe);
	} else if (!strcmp(reset_kind, "kbc-output")) {
		outb(0x64, 0xd1);
		outb(0x60, 0xde);
	} else {
		asm volatile("lidt %0; int3" : : "m"(none));
	}
	check(false, "the reset did nothing");
}

static void reset_continues(void)
{
	if (invokes == 1)
		reset_now();
}

static const char *cmdline_value(const char *name)
{
	static char value[32];
	const char *line = (const char *)(uint32_t)info->cmdline_paddr;
	size_t len = strlen(name);

	for (; *line; line++)
		if (!strncmp(line, name, len)) {
			unsigned n = 0;
			for (line += len; *line && *line != ' ' && n < sizeof(value) - 1; line++)
				value[n++] = *line;
			value[n] = 0;
			return value;
		}
	return "";
}

static uint8_t cmos(uint8_t index)
{
	outb(0x70, index);
	return inb(0x71);
}

static void set_cmos(uint8_t index, uint8_t v)
{
	outb(0x70, index);
	outb(0x71, v);
}

/* A reset that keeps memory: seen by the assist as INVOKE with reason RESET. */
static void prepare_reset(void)
{
	static char kind[32];

	memcpy(kind, cmdline_value("reset="), 32);
	reset_kind = kind;
	set_cmos(0x0f, 0);
	start_assist();
}

static void test_reset(void)
{
	continuation = reset_continues;
	prepare_reset();
}

/* CF9h, or a reset before there is an assist, restarts the machine: this program starts again. */
static void test_restart(void)
{
	if (cmos(0x50) == 0x77) {
		set_cmos(0x50, 0);
		check(true, "the machine has restarted");
		return;
	}
	set_cmos(0x50, 0x77);
	if (!strcmp(cmdline_value("reset="), "cf9")) {
		outb(0xcf9, 0x02);
		outb(0xcf9, 0x06);
	} else {
		outb(0x92, inb(0x92) | 1);
	}
	check(false, "the reset did nothing");
}

/* The marks, paging on and visor's pages in use, and then a reset; reset=cf9 restarts all. */
static void after_reset(void)
{
	check(all_marks(private.addr), "after the reset: the page of marks");
	scan_for_secret("after the reset");
}

static void reset_in_paging(void)
{
	if (invokes != 1)
		return;
	for (unsigned i = 0; i < 0x1000; i += 4)
		*at((uint32_t)private.addr + 0x7000 + i) = MARK;
	for (unsigned i = 0; i < 1024; i++)
		pd[i] = i << 22 | 0x83;
	write_cr4(read_cr4() | 0x10);
	write_cr3((uint32_t)pd);
	write_cr0(read_cr0() | 1u << 31);
	check(all_marks(private.addr), "before the reset");
	reset_now();
}

static void test_isolation_reset(void)
{
	if (cmos(0x50) == 0x7a) {
		set_cmos(0x50, 0);
		scan_for_secret("the machine has restarted");
		return;
	}
	find_secret(0, 1, 8); /* visor holds it from here on */
	if (!strcmp(cmdline_value("reset="), "cf9")) {
		set_cmos(0x50, 0x7a);
		outb(0xcf9, 0x02);
		outb(0xcf9, 0x06);
	}
	at_reset = after_reset;
	continuation = reset_in_paging;
	prepare_reset();
}

/* Each reset ends in the next triple fault. */
static void test_die(void)
{
	set_cmos(0x0f, 0);
	die = true;
	start_assist();
}

/* Writes to D0000 while the timer interrupts: no write gets through, no flag gets lost. */
static void interrupt_tests(void)
{
	enum { VECTOR = 0x18, WRITES = 3000 };
	uint32_t before = *at(DFW_VMXASSIST), flags, odd = 0;

	set_idt(VECTOR, timer_interrupt);
	/* IRQ 0 may fall before it is taken: 8259A data sheet, "edge and level triggered modes" */
	set_idt(VECTOR + 7, spurious_interrupt);
	outb(0x20, 0x11);
	outb(0x21, VECTOR);
	outb(0x21, 4);
	outb(0x21, 1);
	outb(0x21, 0xfe);
	outb(0xa1, 0xff);
	outb(0x43, 0x34);
	outb(0x40, 40); /* 30 kHz */
	outb(0x40, 0);
	asm volatile("sti");
	for (unsigned i = 0; i < WRITES; i++) {
		*at(DFW_VMXASSIST + i % 0x4000) = ~i;
		asm volatile("pushfl; popl %0" : "=r"(flags));
		odd += (flags & 0x300) != 0x200;
	}
	asm volatile("cli");
	check(!odd, "IF and TF are as they were after each dropped write");
	check(timer_interrupts > 10, "the timer interrupts meanwhile");
	check(*at(DFW_VMXASSIST) == before, "all writes are dropped");
	asm volatile("pushfl; orl $0x100, (%%esp); popfl; movl %0, (%1); nop; pushfl; "
		     "andl $~0x100, (%%esp); popfl"
		     :
		     : "r"(1), "r"(DFW_VMXASSIST)
		     : "memory");
	check(single_steps >= 3, "a guest that single-steps over a dropped write still does");
	check(*at(DFW_VMXASSIST) == before, "and the write is dropped");
}

static void test_interrupts(void)
{
	set_idt(1, step_interrupt);
	continuation = interrupt_tests;
	start_assist();
}

/* Two processors with the same page tables: one changes an entry and interrupts the other, which flushes as the
 * manual asks of it (SDM vol. 3, 4.10.5), by INVLPG or by CR3, and from then on may see nothing old. */
enum { SHARED = 0x40000000, APIC = 0xfee00000, APIC_EOI = 0xb0, APIC_SVR = 0xf0, APIC_ICR = 0x300, APIC_ICR_HIGH = 0x310,
       SHOOTDOWN = 0x1e, SECOND_APIC_ID = 1 };
static uint8_t shared_pages[2][4096] __attribute__((aligned(4096)));
static volatile uint32_t requested, acknowledged, value_seen, second_reads;

static void second_processor(void)
{
	*at(APIC + APIC_SVR) = 0x1ff; /* enabled */
	asm volatile("sti");
	for (;;) { /* so that it is in the TLB */
		(void)*at(SHARED);
		second_reads++;
	}
}

void shootdown(void)
{
	if (requested & 2)
		asm volatile("invlpg (%0)" : : "r"(SHARED) : "memory");
	else
		write_cr3(read_cr3());
	value_seen = *at(SHARED);
	*at(SHARED + 8) = requested; /* sets D again */
	*at(APIC + APIC_EOI) = 0;
	acknowledged = requested;
}

/* SIPI: into the guest's world as the first processor has it */
void second_assist_main(void)
{
	struct dfw_cpu *g = &record[1].guest;

	*g = record[1].assist;
	g->rip = (uint32_t)second_processor;
	g->gpr[DFW_RSP].q = (uint32_t)second_stack_end - 0x1000;
	g->cr0 = 0x80000011;
	g->cr3 = (uint32_t)pd;
	g->cr4 = 0x10;
	restore_by_mov();
}

static void send_ipi(uint32_t icr)
{
	*at(APIC + APIC_ICR_HIGH) = SECOND_APIC_ID << 24;
	*at(APIC + APIC_ICR) = icr;
	while (*at(APIC + APIC_ICR) & 1 << 12)
		;
}

static void two_processors(void)
{
	enum { ROUNDS = 400, PATIENCE = 1000000 };
	volatile uint32_t *entry = &pt[0];
	unsigned fresh = 0, dirty = 0, own = 0;

	for (unsigned i = 0; i < 1024; i++)
		pd[i] = i << 22 | 0x83;
	pd[SHARED >> 22] = (uint32_t)pt | 3;
	*at((uint32_t)shared_pages[0]) = 0x1000;
	*at((uint32_t)shared_pages[1]) = 0x1001;
	*entry = (uint32_t)shared_pages[0] | 3;
	set_idt(SHOOTDOWN, shootdown_interrupt);
	write_cr4(read_cr4() | 0x10);
	write_cr3((uint32_t)pd);
	write_cr0(read_cr0() | 1u << 31);
	send_ipi(0x4500); /* INIT */
	send_ipi(0x4610); /* SIPI */
	for (unsigned i = 0; i < PATIENCE && second_reads < 10; i++)
		asm volatile("pause");
	check(second_reads >= 10, "the second processor runs");
	while (requested < ROUNDS && acknowledged == requested) {
		uint32_t round = requested + 1;
		*entry = (uint32_t)shared_pages[round & 1] | 3; /* D clear */
		asm volatile("invlpg (%0)" : : "r"(SHARED) : "memory");
		requested = round;
		send_ipi(0x4000 | SHOOTDOWN);
		for (unsigned i = 0; i < PATIENCE && acknowledged != round; i++)
			asm volatile("pause");
		fresh += value_seen == 0x1000 + (round & 1);
		dirty += *entry >> 6 & 1 && *at((uint32_t)shared_pages[round & 1] + 8) == round;
		own += *at(SHARED) == 0x1000 + (round & 1);
	}
	check(acknowledged == ROUNDS, "each shoot-down is acknowledged");
	check(fresh == ROUNDS, "the other processor sees what the changed entry shows");
	check(dirty == ROUNDS, "and sets its dirty bit");
	check(own == ROUNDS, "this processor does, too");
}

static void test_shootdown(void)
{
	build_assist();
	header->cpus = 2;
	record[1] = record[0];
	record[1].assist.rip = (uint32_t)second_assist_entry;
	continuation = two_processors;
	begin_assist();
}

/* One thing that a host must not take from a record or a header. */
static void spoil_record(struct dfw_cpu *g)
{
	static const struct {
		const char *name;
		uint16_t offset, size; /* in struct dfw_cpu, or in the header */
		bool in_header;
		uint64_t value;
	} ways[] = {
#define CPU(name, member, value)    {name, offsetof(struct dfw_cpu, member), 8, false, value}
#define CPU32(name, member, value)  {name, offsetof(struct dfw_cpu, member), 4, false, value}
#define HEADER(name, member, value) {name, offsetof(struct dfw_assist_header, member), sizeof(header->member), true, value}
		CPU32("cs", seg[DFW_CS].access_rights, 0xc093),
		CPU32("ss", seg[DFW_SS].selector, 3),
		CPU32("tr", seg[DFW_TR].access_rights, 0x89),
		CPU32("limit", seg[DFW_DS].limit, 0x12345678),
		CPU("rip", rip, 1ull << 32),
		CPU("base", seg[DFW_GS].base, 1ull << 47),
		CPU("gdtr", gdtr.base, 1ull << 47),
		CPU("rflags", rflags, 0xffffffffffffffff),
		CPU("cr0", cr0, 0x10),
		CPU("cr4", cr4, 0xffffffff00000000),
		CPU("cr3", cr3, ~0ull),
		CPU("efer", efer, ~0ull),
		CPU("dr7", dr7, ~0ull),
		CPU("activity", activity, 99),
		CPU("interruptibility", interruptibility, ~0u),
		CPU32("event", event, ~0u),
		HEADER("magic", magic, 0),
		HEADER("version", version, 99),
		HEADER("header-size", header_size, 8),
		HEADER("record-size", record_size, 8),
		HEADER("cpus", cpus, 0),
		HEADER("many", cpus, 0xffff),
		HEADER("unaligned", records, DFW_VMXASSIST + 0x1001),
		HEADER("below", records, 0x1000),
		HEADER("over-the-end", records, DFW_VMXASSIST + DFW_VMXASSIST_SIZE - 8),
		HEADER("private", records, 0x3000000),
		HEADER("nowhere", records, 0xfffffff8),
	};
	const char *name = cmdline_value("spoil=");

	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(name, ways[i].name))
			memcpy((ways[i].in_header ? (char *)header : (char *)g) + ways[i].offset, &ways[i].value,
			       ways[i].size);
	if (!strcmp(name, "reserve")) { /* a reserve that is the host's own memory */
		header->records = header->reserve = 0x3000000;
		header->reserve_size = 0x100000;
	}
	if (!strcmp(name, "noise"))
		for (unsigned i = 0; i < sizeof(*g); i++)
			((uint8_t *)g)[i] = i * 167 + 1;
}

/* What the assist gives back may be impossible: visor says which rule was broken, and restarts. */
static void test_spoil(void)
{
	if (cmos(0x50) == 0x78) {
		set_cmos(0x50, 0);
		check(true, "the machine has restarted");
		return;
	}
	set_cmos(0x50, 0x78);
	spoil = true;
	continuation = assist_tests;
	start_assist();
}

static void test_no_assist(void)
{
	if (cmos(0x50) == 0x79) {
		set_cmos(0x50, 0);
		check(true, "the machine has restarted");
		return;
	}
	set_cmos(0x50, 0x79);
	clear_pe(0);
	check(false, "PE cleared without an assist");
}

// clang-format off
static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{"start", test_start},
	{"private", test_private},
	{"isolation", test_isolation},
	{"isolation-reset", test_isolation_reset},
	{"vmx", test_vmx},
	{"xsetbv", test_xsetbv},
	{"paging", test_paging},
	{"assist", test_assist},
	{"a20", test_a20},
	{"shootdown", test_shootdown},
	{"reset", test_reset},
	{"restart", test_restart},
	{"die", test_die},
	{"interrupts", test_interrupts},
	{"spoil", test_spoil},
	{"no-assist", test_no_assist},
};
// clang-format on

void test_main(void)
{
	for (unsigned i = 0; i < 32; i++)
		set_idt(i, fault_stubs + i * 16);
	/* TSS: SS0:ESP0 for VM86, no port trapped */
	uint32_t base = (uint32_t)tss;
	*(uint32_t *)(tss + 4) = (uint32_t)assist_stack_end;
	*(uint32_t *)(tss + 8) = 0x10;
	*(uint16_t *)(tss + 102) = 104;
	tss[104 + 8192] = 0xff;
	tss_descriptor = (uint64_t)(base >> 24) << 56 | 0x000089ull << 40 |
			 (uint64_t)(base & 0xffffff) << 16 | (104 + 8192);
	asm volatile("ltr %w0" : : "r"(0x28));

	info = (void *)first_ebx;
	const struct hvm_memmap_entry *m = (void *)(uint32_t)info->memmap_paddr;
	for (unsigned i = 0; i < info->memmap_entries; i++)
		if (m[i].type == 2 && m[i].size == 16 << 20)
			private = m[i];
	const char *name = cmdline_value("test=");
	for (unsigned i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		if (!strcmp(name, tests[i].name)) {
			tests[i].run();
			finish();
		}
	say("not ok no test \"%s\"\n", name);
	finish();
}
