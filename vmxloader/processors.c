/* SPDX-License-Identifier: MIT
 *
 * The processors: those that the host lists, or those that answer to a start-up IPI. These get the
 * caches set up as the first one has them, and are left waiting for the guest's SIPI.
 */
#include "vmxloader/loader.h"
#include "vmxloader/fw_cfg.h"
#include "vmxloader/io.h"
#include "vmxloader/xen.h"
#include "lib/apic.h"
#include "lib/pit.h"
#include "lib/string.h"

void ap_main(void);
extern const uint8_t ap_start[], ap_start_end[]; /* entry.S */

#define MSR_APIC_BASE 0x1b
enum { START_PAGE = 0x8000, SELECT_CPUS = 5 /* fw_cfg */ };

static struct processors *found;
static uint32_t device_hole;
static volatile unsigned came;

static volatile uint32_t *apic(unsigned offset)
{
	return (volatile uint32_t *)(((uint32_t)rdmsr(MSR_APIC_BASE) & ~0xfffu) + offset);
}

static bool has_apic(void)
{
	uint64_t base;

	if (!(cpuid(1).edx & CPUID1_EDX_APIC))
		return false;
	base = rdmsr(MSR_APIC_BASE);
	return base & APIC_BASE_ENABLE && !(base & APIC_BASE_X2APIC) && !(base >> 32);
}

static void add(uint8_t apic_id)
{
	if (found->count < PROCESSORS_MOST)
		found->apic_id[found->count++] = apic_id;
}

/* A further processor, one at a time (entry.S). */
void ap_main(void)
{
	caches_on(device_hole);
	add(*apic(APIC_ID) >> 24);
	came++;
}

static void send(uint32_t icr)
{
	*apic(APIC_ICR_HIGH) = 0;
	*apic(APIC_ICR) = icr | ICR_ASSERT | ICR_ALL_OTHERS;
	while (*apic(APIC_ICR) & ICR_BUSY)
		;
}

/* They are in HLT at the end: another INIT makes them wait for SIPI again, and keeps their caches. */
static void start_others(unsigned expected)
{
	unsigned before = ~0u;

	memcpy((void *)START_PAGE, ap_start, ap_start_end - ap_start);
	send(ICR_INIT);
	pit_wait(INIT_MICROSECONDS);
	for (unsigned i = 0; i < 2 && (!expected || came < expected); i++) {
		send(ICR_SIPI | START_PAGE / 0x1000);
		pit_wait(SIPI_MICROSECONDS);
	}
	for (unsigned us = 0; came < expected && us < 1000000; us += SIPI_MICROSECONDS)
		pit_wait(SIPI_MICROSECONDS);
	while (!expected && came != before) {
		before = came;
		pit_wait(10000);
	}
	send(ICR_INIT);
	pit_wait(INIT_MICROSECONDS);
}

void processors_find(const struct host *host, const struct options *options, uint32_t hole,
		     struct processors *processors)
{
	uint16_t cpus = 0;

	found = processors;
	device_hole = hole;
	if (!has_apic()) {
		add(0);
		return;
	}
	processors->apic_version = *apic(APIC_VERSION);
	if (options->processors) {
		for (unsigned i = 0; i < options->processors; i++)
			add(options->apic_id[i]);
		return;
	}
	add(*apic(APIC_ID) >> 24);
	if (options->assist == ASSIST_HOST)
		return; /* SIPI needs vmxassist, which is not there yet */
	if (host->fw_cfg)
		fw_cfg_read(SELECT_CPUS, &cpus, sizeof(cpus));
	else if (host->xen)
		cpus = xen_processors();
	if (cpus != 1)
		start_others(cpus ? cpus - 1 : 0);
	if (came >= PROCESSORS_MOST)
		warn("%u processors: the tables name %u", came + 1, PROCESSORS_MOST);
}

enum { IO_APIC_ID, IO_APIC_VERSION };

static uint32_t io_apic_read(unsigned index)
{
	volatile uint32_t *window = (void *)IO_APIC;

	window[0] = index;
	return window[4];
}

/* Its identifier has four bits. */
void io_apic_find(struct processors *processors)
{
	volatile uint32_t *window = (void *)IO_APIC;
	uint32_t version = processors->apic_version ? io_apic_read(IO_APIC_VERSION) : 0xffffffff;
	unsigned id = 0;

	if (version == 0xffffffff || (version >> 16 & 0xff) < 15)
		return;
	while (id < 15 && memchr(processors->apic_id, id, processors->count))
		id++;
	window[0] = IO_APIC_ID;
	window[4] = id << 24;
	processors->io_apic_id = io_apic_read(IO_APIC_ID) >> 24 & 15;
	processors->io_apic_version = version;
	processors->io_apic_pins = (version >> 16 & 0xff) + 1;
}
