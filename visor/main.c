/* SPDX-License-Identifier: MIT
 *
 * visor: a VMX host for one guest that owns the machine. Start, command line, fatal errors.
 */
#include "lib/printf.h"
#include "lib/string.h"
#include "visor/visor.h"

void visor_main(struct visor_boot *b) __attribute__((noreturn));
void host_exception(unsigned long *frame);

struct visor_boot *boot;
bool native_real_mode, verbose;
const struct mmu *mmu;

struct vcpu vcpus[VCPUS_MOST];
unsigned vcpu_count = 1;

static bool failing;

static void put(void *where, char c)
{
	print("%c", c);
}

static void __attribute__((noreturn)) halt(void)
{
	for (;;)
		asm volatile("cli; hlt");
}

void stop(const char *format, ...)
{
	va_list args;

	print_everywhere();
	print("dfw-visor: ");
	va_start(args, format);
	format_text(put, NULL, format, args);
	va_end(args);
	print("\n");
	halt();
}

void fatal(struct vcpu *v, const char *format, ...)
{
	va_list args;

	print_everywhere();
	print("dfw-visor: ");
	va_start(args, format);
	format_text(put, NULL, format, args);
	va_end(args);
	print("\n");
	if (!failing) { /* the state may be what cannot be printed */
		failing = true;
		print_guest_state(v);
	}
	print("dfw-visor: the machine restarts\n");
	machine_reset();
}

/* Port CF9h (PIIX3 and later), then the keyboard controller, then a triple fault. */
void machine_reset(void)
{
	static const struct {
		uint16_t limit;
		unsigned long base;
	} __attribute__((packed)) no_idt = {0, 0};

	if (this_vcpu()->active)
		vmx_off();
	outb(0xcf9, 0x02);
	outb(0xcf9, 0x06);
	for (unsigned i = 0; i < 1000000; i++)
		inb(0x80);
	outb(0x64, 0xfe);
	for (unsigned i = 0; i < 1000000; i++)
		inb(0x80);
	asm volatile("lidt %0; int3" : : "m"(no_idt));
	halt();
}

#define LL(field) ((unsigned long long)vmread(field))

void print_guest_state(struct vcpu *v)
{
	static const char gprs[16][4] = {"AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI",
					 "8",  "9",  "10", "11", "12", "13", "14", "15"};
	static const char segs[DFW_SEGS][5] = {"ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"};

	if (!v->active)
		return;
	for (unsigned i = 0; i < 16; i++)
		print("R%s=%016llx%c", gprs[i],
		      i == DFW_RSP ? LL(GUEST_RSP) : (unsigned long long)v->gpr[i].q,
		      i % 4 == 3 ? '\n' : ' ');
	print("RIP=%016llx RFLAGS=%08llx %s world, A20 %s\n", LL(GUEST_RIP), LL(GUEST_RFLAGS),
	      v->in_assist ? "assist's" : "guest's", a20_open ? "open" : "closed");
	print("CR0=%llx real %llx CR2=%lx CR3=%llx real %llx CR4=%llx real %llx EFER=%llx\n",
	      (unsigned long long)cr0_view(), LL(GUEST_CR0), read_cr2(),
	      (unsigned long long)cr3_view(v), LL(GUEST_CR3), (unsigned long long)cr4_view(),
	      LL(GUEST_CR4), (unsigned long long)v->efer);
	for (unsigned i = 0; i < DFW_SEGS; i++)
		print("%s=%04x base %llx limit %x rights %x\n", segs[i],
		      (unsigned)vmread(GUEST_SELECTOR + 2 * i), LL(GUEST_BASE + 2 * i),
		      (unsigned)vmread(GUEST_LIMIT + 2 * i),
		      (unsigned)vmread(GUEST_ACCESS_RIGHTS + 2 * i));
	print("GDTR=%llx,%x IDTR=%llx,%x activity %u interruptibility %x pending debug %llx "
	      "IDT vectoring %x\n",
	      LL(GUEST_GDTR_BASE), (unsigned)vmread(GUEST_GDTR_LIMIT), LL(GUEST_IDTR_BASE),
	      (unsigned)vmread(GUEST_IDTR_LIMIT), (unsigned)vmread(GUEST_ACTIVITY),
	      (unsigned)vmread(GUEST_INTERRUPTIBILITY), LL(GUEST_PENDING_DEBUG),
	      (unsigned)vmread(IDT_VECTORING));
}

#undef LL

/* An exception of visor itself; frame: vector, error code, RIP, CS, RFLAGS, RSP, SS */
void host_exception(unsigned long *frame)
{
	if (frame[0] == VECTOR_NMI) {
		smp_nmi(this_vcpu());
		return;
	}
	fatal(this_vcpu(), "exception %u in visor at %llx, error %llx, CR2 %lx", (unsigned)frame[0],
	      (unsigned long long)frame[2], (unsigned long long)frame[1], read_cr2());
}

struct gate host_idt[HOST_VECTORS];

void load_vectors(void)
{
	struct {
		uint16_t limit;
		void *base;
	} __attribute__((packed)) idtr = {sizeof(host_idt) - 1, host_idt};

	asm volatile("lidt %0" : : "m"(idtr));
}

static void set_vectors(void)
{
	enum { INTERRUPT_GATE = 0x8e00 };

	for (unsigned i = 0; i < HOST_VECTORS; i++) {
		uint64_t at = (uintptr_t)host_vectors + i * HOST_STUB;
		host_idt[i] = (struct gate){.low = at, .selector = SEL_CODE, .flags = INTERRUPT_GATE, .middle = at >> 16};
		if (sizeof(long) == 8)
			host_idt[i].high[0] = at >> 32;
	}
	load_vectors();
}

enum real_mode { BY_PROCESSOR, ASSIST, NATIVE };
static bool without_ept; /* ept=off */

static bool is_word(const char *word, unsigned len, const char *name)
{
	return strlen(name) == len && !memcmp(word, name, len);
}

/* Some multiboot loaders put the kernel's file name first. */
static bool is_path(const char *word, unsigned len)
{
	static const char name[] = "visor";

	return *word == '/' ||
	       (len >= sizeof(name) - 1 &&
		!memcmp(word + len - (sizeof(name) - 1), name, sizeof(name) - 1));
}

/* Takes visor's own words out of the command line and writes the others to rest. */
static enum real_mode parse_cmdline(const char *line, char *rest)
{
	enum real_mode mode = BY_PROCESSOR;

	for (bool first = true; *line; first = false) {
		unsigned len = 0;
		while (line[len] && line[len] != ' ')
			len++;
		if (is_word(line, len, "real-mode=native")) {
			mode = NATIVE;
		} else if (is_word(line, len, "real-mode=assist")) {
			mode = ASSIST;
		} else if (is_word(line, len, "ept=off")) {
			without_ept = true;
		} else if (len > 5 && !memcmp(line, "vtlb=", 5)) {
			for (unsigned i = 5; i < len; i++)
				vtlb_tables = vtlb_tables * 10 + (line[i] - '0') % 10;
		} else if (!first || !is_path(line, len)) {
			memcpy(rest, line, len);
			rest += len;
			*rest++ = ' ';
		}
		if (is_word(line, len, "debug=e9"))
			verbose = true;
		line += len;
		while (*line == ' ')
			line++;
	}
	*rest = 0;
	return mode;
}

static bool has_secondary_control(uint32_t bit)
{
	if (!(cpuid(1, 0).ecx & 1 << 5) || !(rdmsr(MSR_VMX_PROCBASED) >> 63))
		return false;
	return rdmsr(MSR_VMX_PROCBASED2) >> 32 & bit;
}

void vcpu_bind(struct vcpu *v, unsigned id)
{
	v->self = v;
	v->id = id;
	host_bind(v);
}

void vcpu_attach(struct vcpu *v)
{
	msr_init_vcpu();
	io_init_vcpu();
	mmu->init_vcpu(v);
}

void visor_main(struct visor_boot *b)
{
	static char cmdline[VISOR_CMDLINE_MAX + 128];

	boot = b;
	if (boot->magic != VISOR_BOOT_MAGIC)
		stop("started by another version's start-up program");
	vcpu_bind(&vcpus[0], 0);
	set_vectors();
	memory_init();

	enum real_mode mode = parse_cmdline(boot->cmdline, cmdline);
	mmu = has_secondary_control(PROC2_EPT) && !without_ept ? &ept : &vtlb;
	bool unrestricted = mmu == &ept && has_secondary_control(PROC2_UNRESTRICTED);
	if (mode == NATIVE && !unrestricted)
		stop("real-mode=native: this processor has no unrestricted guest");
	native_real_mode = mode == NATIVE || (mode == BY_PROCESSOR && unrestricted);
	walk_init();
	memcpy(cmdline + strlen(cmdline), "assist=host", sizeof("assist=host"));
	smp_find();
	smp_describe(cmdline + strlen(cmdline));

	print("dfw-visor: stats at 0x%llx\n", (unsigned long long)phys_of(&stats));
	if (verbose)
		print("dfw-visor: private memory at 0x%x, %s, %s, command line \"%s\"\n",
		      boot->private_base, mmu->name,
		      native_real_mode ? "real mode native" : "real mode by the assist", cmdline);
	vmx_on(&vcpus[0]);
	msr_init();
	io_init();
	mmu->init();
	step_init();
	vcpu_attach(&vcpus[0]);
	smp_release();
	smp_lock();
	guest_load(&vcpus[0], cmdline);
	run(&vcpus[0]);
}
