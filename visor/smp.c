/* SPDX-License-Identifier: MIT
 *
 * The machine's other processors: each gets a virtual processor of the same guest. The guest's own
 * INIT and SIPI reach them as VM exits (SDM vol. 3, 26.2), so nobody watches its local APIC.
 *
 * To get another processor out of the guest visor sends it an INIT, too: it exits whatever the guest
 * does, and nothing of the guest's changes. An INIT that the guest sends between that one and the
 * exit is lost.
 */
#include "lib/string.h"
#include "visor/visor.h"

void smp_main(unsigned id) __attribute__((noreturn));

enum { APIC_BASE_ENABLE = 1 << 11, APIC_BASE_X2APIC = 1 << 10, CPUID1_APIC = 1 << 9 };
enum { APIC_ID = 0x20, APIC_SVR = 0xf0, APIC_ICR = 0x300, APIC_ICR_HIGH = 0x310 };
enum { SVR_ENABLE = 1 << 8 };
/* SDM vol. 3, 11.6.1 */
enum { ICR_INIT = 5 << 8, ICR_SIPI = 6 << 8, ICR_BUSY = 1 << 12, ICR_ASSERT = 1 << 14,
       ICR_ALL_OTHERS = 3 << 18 };

enum { START_PAGE = 0x8000, AP_STACK = 0x4000 };

static volatile bool locked, released;
static uint64_t host_cr3;

void smp_lock(void)
{
	while (__atomic_test_and_set(&locked, __ATOMIC_ACQUIRE))
		asm volatile("pause");
}

void smp_unlock(void)
{
	__atomic_clear(&locked, __ATOMIC_RELEASE);
}

/* This processor's local APIC, which the guest may have moved, put into x2APIC mode or turned off. */
static bool apic_usable(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	return base & APIC_BASE_ENABLE && !(base >> 32);
}

static bool is_x2apic(void)
{
	return rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC;
}

static volatile uint32_t *apic(unsigned offset)
{
	return phys((rdmsr(MSR_APIC_BASE) & -PAGE_SIZE) + offset);
}

static uint32_t own_apic_id(void)
{
	return is_x2apic() ? rdmsr(MSR_X2APIC + APIC_ID / 16) : *apic(APIC_ID) >> 24;
}

/* What the guest has in the high half stays there: it may be about to write the low one. */
static void send_ipi(uint32_t icr, uint32_t to)
{
	if (!apic_usable())
		return;
	if (is_x2apic()) {
		wrmsr(MSR_X2APIC + APIC_ICR / 16, (uint64_t)to << 32 | icr);
		return;
	}
	uint32_t high = *apic(APIC_ICR_HIGH);
	while (*apic(APIC_ICR) & ICR_BUSY)
		asm volatile("pause");
	*apic(APIC_ICR_HIGH) = to << 24;
	*apic(APIC_ICR) = icr;
	while (*apic(APIC_ICR) & ICR_BUSY)
		asm volatile("pause");
	*apic(APIC_ICR_HIGH) = high;
}

void smp_stop_others(struct vcpu *v)
{
	for (unsigned i = 0; i < vcpu_count; i++) {
		struct vcpu *other = &vcpus[i];
		if (other == v)
			continue;
		other->flush = true;
		if (other->waiting || !other->in_guest)
			continue;
		other->kicked = true;
		send_ipi(ICR_INIT | ICR_ASSERT, other->apic_id);
	}
	for (unsigned i = 0; i < vcpu_count; i++)
		while (&vcpus[i] != v && !vcpus[i].waiting && vcpus[i].in_guest)
			asm volatile("pause");
}

void smp_init_others(void)
{
	if (vcpu_count > 1)
		send_ipi(ICR_INIT | ICR_ASSERT | ICR_ALL_OTHERS, 0);
}

/* By the PIT's channel 2, whose output port 61h shows. */
static void delay(unsigned microseconds)
{
	enum { PIT_2 = 0x42, PIT_COMMAND = 0x43, PORT_61 = 0x61 };
	enum { CHANNEL_2_MODE_0 = 0xb0, GATE = 1 << 0, SPEAKER = 1 << 1, OUTPUT = 1 << 5 };
	unsigned count = microseconds * 1193ull / 1000;
	uint8_t before = inb(PORT_61) & 0xf;

	outb(PORT_61, (before & ~SPEAKER) | GATE);
	outb(PIT_COMMAND, CHANNEL_2_MODE_0);
	outb(PIT_2, count);
	outb(PIT_2, count >> 8);
	for (unsigned i = 0; i < 1000000 && !(inb(PORT_61) & OUTPUT); i++)
		;
	outb(PORT_61, before);
}

/* A copy of a variable of start.S that lies in the page */
#define IN_START_PAGE(variable) (*(volatile typeof(variable) *)phys(START_PAGE + ((char *)&(variable) - ap_start)))

/* INIT, SIPI, SIPI: MultiProcessor Specification 1.4, B.4. */
void smp_find(void)
{
	vcpus[0].apic_id = 0;
	if (!(cpuid(1, 0).edx & CPUID1_APIC) || !apic_usable())
		return;
	vcpus[0].apic_id = own_apic_id();

	/* paging is turned on from a page below 1 MiB, which has to be mapped to itself */
	uint64_t *pml4 = alloc_pages(1);
	host_cr3 = read_cr3();
	memcpy(pml4, phys(host_cr3), PAGE_SIZE);
	pml4[0] = pml4[256];
	memcpy(phys(START_PAGE), ap_start, ap_start_end - ap_start);
	IN_START_PAGE(ap_cr3) = phys_of(pml4);
	IN_START_PAGE(ap_stacks) = (uint64_t)reserve_pages((VCPUS_MOST - 1) * AP_STACK / PAGE_SIZE);

	uint32_t svr = *apic(APIC_SVR), came = 0, now;
	*apic(APIC_SVR) = svr | SVR_ENABLE;
	send_ipi(ICR_INIT | ICR_ASSERT | ICR_ALL_OTHERS, 0);
	delay(10000);
	for (unsigned i = 0; i < 2; i++) {
		send_ipi(ICR_SIPI | ICR_ASSERT | ICR_ALL_OTHERS | START_PAGE / PAGE_SIZE, 0);
		delay(200);
	}
	do {
		now = came;
		delay(10000);
		came = IN_START_PAGE(ap_count);
	} while (came != now);
	*apic(APIC_SVR) = svr;
	vcpu_count = came < VCPUS_MOST ? came + 1 : VCPUS_MOST;
	if (came >= VCPUS_MOST)
		print("dfw-visor: %u processors, of which the guest gets %u\n", came + 1, VCPUS_MOST);
}

void smp_release(void)
{
	released = true;
	for (unsigned i = 1; i < vcpu_count; i++)
		while (!vcpus[i].in_guest)
			asm volatile("pause");
}

/* A processor that has come through ap_start, on its own stack. */
void smp_main(unsigned id)
{
	struct vcpu *v = &vcpus[id];

	write_cr3(host_cr3);
	load_vectors();
	vcpu_bind(v, id);
	v->apic_id = own_apic_id();
	while (!released)
		asm volatile("pause");
	smp_lock();
	vmx_on(v);
	vcpu_attach(v);
	wait_for_sipi(v);
	run(v);
}

static char *put_number(char *to, uint32_t n)
{
	if (n >= 10)
		to = put_number(to, n / 10);
	*to = '0' + n % 10;
	return to + 1;
}

void smp_describe(char *cmdline)
{
	static const char word[] = " processors=";

	if (vcpu_count == 1)
		return;
	memcpy(cmdline, word, sizeof(word));
	cmdline += sizeof(word) - 1;
	for (unsigned i = 0; i < vcpu_count; i++) {
		if (i)
			*cmdline++ = ',';
		cmdline = put_number(cmdline, vcpus[i].apic_id);
	}
	*cmdline = 0;
}
