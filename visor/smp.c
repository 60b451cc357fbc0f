/* SPDX-License-Identifier: MIT
 *
 * The machine's other processors: each gets a virtual processor of the same guest.
 *
 * The guest's SIPI reaches a processor that waits for it as a VM exit (SDM vol. 3, 26.2). Its INIT would
 * exit, too, but Bochs 2.7 keeps an INIT pending for ever that has made a VM exit. So, with several
 * processors, the local APIC's page is read-only: a write to it is run in a single step on a copy, like
 * one to a ROM (ept.c), and then done by visor, but for INIT, which visor delivers itself.
 *
 * An NMI gets another processor out of the guest: NMIs exit, and the guest's own are injected again.
 */
#include "lib/apic.h"
#include "lib/pit.h"
#include "lib/string.h"
#include "visor/visor.h"

void smp_main(unsigned id) __attribute__((noreturn));

enum { START_PAGE = 0x8000, AP_STACK = 0x4000 };

static volatile bool locked, released;
static uint64_t host_cr3;
static uint64_t apic_page; /* of all processors; 0 with one, whose APIC is its own business */

void smp_lock(void)
{
	while (__atomic_test_and_set(&locked, __ATOMIC_ACQUIRE))
		asm volatile("pause");
}

void smp_unlock(void)
{
	__atomic_clear(&locked, __ATOMIC_RELEASE);
}

static bool apic_usable(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	return base & APIC_BASE_ENABLE && !(base & APIC_BASE_X2APIC) && !(base >> 32);
}

/* Each processor's own, at one address. */
static volatile uint32_t *apic(unsigned offset)
{
	return phys((rdmsr(MSR_APIC_BASE) & -PAGE_SIZE) + offset);
}

static uint32_t own_apic_id(void)
{
	return *apic(APIC_ID) >> 24;
}

/* What the guest has in the high half stays there: it may be about to write the low one. */
static void send_ipi(uint32_t icr, uint32_t to)
{
	uint32_t high = *apic(APIC_ICR_HIGH);
	while (*apic(APIC_ICR) & ICR_BUSY)
		asm volatile("pause");
	*apic(APIC_ICR_HIGH) = to << 24;
	*apic(APIC_ICR) = icr;
	while (*apic(APIC_ICR) & ICR_BUSY)
		asm volatile("pause");
	*apic(APIC_ICR_HIGH) = high;
}

static bool kick(struct vcpu *other)
{
	if (other->waiting || !other->in_guest)
		return false;
	other->kicked = true;
	send_ipi(ICR_NMI | ICR_ASSERT, other->apic_id);
	return true;
}

void smp_stop_others(struct vcpu *v)
{
	for (unsigned i = 0; i < vcpu_count; i++) {
		vcpus[i].flush |= &vcpus[i] != v;
		if (&vcpus[i] != v && kick(&vcpus[i]))
			while (vcpus[i].in_guest)
				asm volatile("pause");
	}
}

void smp_nmi(struct vcpu *v)
{
	keep_nmis_unblocked();
	if (v->kicked)
		v->kicked = false;
	else
		v->nmi_pending = true;
	unblock_nmi();
}

/* A processor that waits already does not see it. */
static void init(struct vcpu *other)
{
	if (other->waiting)
		return;
	other->init = true;
	kick(other);
}

void smp_init_others(struct vcpu *v)
{
	for (unsigned i = 0; i < vcpu_count; i++)
		if (&vcpus[i] != v)
			init(&vcpus[i]);
}

bool is_apic_page(uint64_t address)
{
	return apic_page && (address & -PAGE_SIZE) == apic_page;
}

bool is_apic_region(uint64_t base)
{
	return apic_page && (apic_page & -LARGE_PAGE) == base;
}

uint32_t apic_read(uint64_t address)
{
	return *apic(address % PAGE_SIZE & ~0xfu);
}

/* Whom an INIT is for; logical destinations are the APICs' own to know, and get none. */
static bool is_target(const struct vcpu *v, const struct vcpu *other, uint32_t icr)
{
	uint8_t to = *apic(APIC_ICR_HIGH) >> 24;

	switch (icr & ICR_SHORTHAND) {
	case ICR_SELF:
		return other == v;
	case ICR_ALL:
		return true;
	case ICR_ALL_OTHERS:
		return other != v;
	}
	return !(icr & ICR_LOGICAL) && (to == other->apic_id || to == 0xff);
}

void apic_write(struct vcpu *v, uint64_t address, uint32_t value)
{
	unsigned reg = address % PAGE_SIZE & ~0xfu;

	if (reg != APIC_ICR || (value & ICR_MODE) != ICR_INIT) {
		*apic(reg) = value;
		return;
	}
	if (!(value & ICR_ASSERT))
		return;
	for (unsigned i = 0; i < vcpu_count; i++)
		if (is_target(v, &vcpus[i], value))
			init(&vcpus[i]);
	/* SIPI may follow at once */
	smp_unlock();
	for (unsigned i = 1; i < vcpu_count; i++)
		while (&vcpus[i] != v && is_target(v, &vcpus[i], value) && !v->init &&
		       !(vcpus[i].waiting && vcpus[i].in_guest))
			asm volatile("pause");
	smp_lock();
}

/* A copy of a variable of start.S that lies in the page */
#define IN_START_PAGE(variable) (*(volatile typeof(variable) *)phys(START_PAGE + ((char *)&(variable) - ap_start)))

/* INIT, SIPI, SIPI: MultiProcessor Specification 1.4, B.4. */
void smp_find(void)
{
	vcpus[0].apic_id = 0;
	if (!(cpuid(1, 0).edx & CPUID1_EDX_APIC) || !apic_usable())
		return;
	vcpus[0].apic_id = own_apic_id();

	/* paging is turned on from a page below 1 MiB, which has to be mapped to itself */
	host_cr3 = read_cr3();
	memcpy(phys(START_PAGE), ap_start, ap_start_end - ap_start);
	IN_START_PAGE(ap_cr3) = host_start_tables();
	IN_START_PAGE(ap_stacks) = (uintptr_t)reserve_pages((VCPUS_MOST - 1) * AP_STACK / PAGE_SIZE);

	uint32_t svr = *apic(APIC_SVR), came = 0, now;
	*apic(APIC_SVR) = svr | SVR_ENABLE;
	send_ipi(ICR_INIT | ICR_ASSERT | ICR_ALL_OTHERS, 0);
	pit_wait(INIT_MICROSECONDS);
	for (unsigned i = 0; i < 2; i++) {
		send_ipi(ICR_SIPI | ICR_ASSERT | ICR_ALL_OTHERS | START_PAGE / PAGE_SIZE, 0);
		pit_wait(SIPI_MICROSECONDS);
	}
	do {
		now = came;
		pit_wait(10000);
		came = IN_START_PAGE(ap_count);
	} while (came != now);
	*apic(APIC_SVR) = svr;
	vcpu_count = came < VCPUS_MOST ? came + 1 : VCPUS_MOST;
	if (vcpu_count > 1)
		apic_page = rdmsr(MSR_APIC_BASE) & -PAGE_SIZE;
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
	v->init = true;
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
