/* SPDX-License-Identifier: MIT
 *
 * The trace ring, include/dfw/trace.h.
 */
#include "vmxassist/vmxassist.h"

enum { ENTRIES = (DFW_TRACE_SIZE - sizeof(struct dfw_trace)) / sizeof(struct dfw_trace_event) };

static struct dfw_trace *ring(void)
{
	return (struct dfw_trace *)header.trace;
}

START_UP void trace_init(void)
{
	if (header.flags & DFW_ASSIST_TRACE)
		*ring() = (struct dfw_trace){.magic = DFW_TRACE_MAGIC, .entries = ENTRIES};
}

/* Processors share the ring: each takes a number of its own. Nothing in the ring is believed: it is the
 * guest's memory, too. */
void trace_put(uint32_t kind_code, uint32_t cs_detail, uint32_t eip)
{
	uint32_t n = __atomic_fetch_add(&ring()->written, 1, __ATOMIC_RELAXED);

	ring()->event[n % ENTRIES] = (struct dfw_trace_event){
		.tsc = rdtsc(),
		.kind = kind_code,
		.code = kind_code >> 16,
		.cs = cs_detail,
		.detail = cs_detail >> 16,
		.eip = eip,
		.cpu = monitor.number,
	};
}

void trace_put_guest(uint32_t kind_code)
{
	const struct dfw_cpu *cpu = &monitor.record->guest;

	trace_put(kind_code, cpu->seg[DFW_CS].selector, cpu->rip);
}
