/* SPDX-License-Identifier: MIT
 *
 * vmxassist's trace ring as a timeline: JSON in the Trace Event Format that Chrome and Perfetto open.
 * One track for each processor: spans of real mode and protected mode, in real mode spans of VM86,
 * stretches, HLT and interpreted instructions; interrupts, exceptions and traps as marks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cJSON.h>
#include <dfw/assist.h>
#include <dfw/trace.h>
#include "cli/cli.h"

/* assist.h, DFW_INVOKE_* */
static const char *const reasons[] = {"start", "CR0.PE cleared", "reset", "SIPI", "task switch",
				      "state"};

enum { CPUS = 256 };

/* What is open on a processor's track. */
static struct track {
	bool seen;
	const char *mode, *inner; /* names of the open spans, or NULL */
	double since;             /* of the last event: where an interpreted instruction began */
} tracks[CPUS];

static struct dfw_trace *read_ring(struct guest *g)
{
	const struct emulator *on = g->options->on;
	struct dfw_assist_header h;
	struct dfw_trace *ring = malloc(DFW_TRACE_SIZE);
	const size_t piece = 0x8000;

	if (!ring)
		abort();
	if (on->read_memory(g, DFW_VMXASSIST, &h, sizeof(h)) && h.magic == DFW_ASSIST_MAGIC &&
	    h.version == DFW_ASSIST_VERSION && h.trace) {
		size_t at = 0, end = DFW_TRACE_SIZE;

		while (at < end && on->read_memory(g, h.trace + at, (char *)ring + at, piece)) {
			/* what was never written need not be read */
			if (!at && ring->written < ring->entries)
				end = sizeof(*ring) + ring->written * sizeof(ring->event[0]);
			at += piece;
		}
		if (at >= end && ring->magic == DFW_TRACE_MAGIC &&
		    ring->entries == (DFW_TRACE_SIZE - sizeof(*ring)) / sizeof(ring->event[0]))
			return ring;
	}
	free(ring);
	return NULL;
}

/* One tick of the time-stamp counter is shown as a nanosecond; the format counts microseconds. */
static double microseconds(uint64_t ticks)
{
	return ticks / 1000.0;
}

static cJSON *add(cJSON *events, const char *phase, const char *name, double ts, unsigned cpu)
{
	cJSON *e = cJSON_CreateObject();

	cJSON_AddStringToObject(e, "ph", phase);
	cJSON_AddStringToObject(e, "name", name);
	cJSON_AddNumberToObject(e, "ts", ts);
	cJSON_AddNumberToObject(e, "pid", 1);
	cJSON_AddNumberToObject(e, "tid", cpu);
	cJSON_AddItemToArray(events, e);
	return e;
}

static cJSON *add_place(cJSON *event, const struct dfw_trace_event *t)
{
	cJSON *args = cJSON_AddObjectToObject(event, "args");
	char text[32];

	snprintf(text, sizeof(text), "%04x:%04x", t->cs, t->eip);
	cJSON_AddStringToObject(args, "at", text);
	return args;
}

static void close_span(cJSON *events, const char **span, double ts, unsigned cpu)
{
	if (*span)
		add(events, "E", *span, ts, cpu);
	*span = NULL;
}

static cJSON *open_span(cJSON *events, const char **span, const char *name, double ts,
			const struct dfw_trace_event *t)
{
	close_span(events, span, ts, t->cpu);
	*span = name;
	return add_place(add(events, "B", name, ts, t->cpu), t);
}

static cJSON *mark(cJSON *events, const char *name, double ts, const struct dfw_trace_event *t)
{
	cJSON *e = add(events, "i", name, ts, t->cpu);

	cJSON_AddStringToObject(e, "s", "t");
	return add_place(e, t);
}

static void interpreted(cJSON *events, struct track *track, double ts,
			const struct dfw_trace_event *t)
{
	cJSON *e, *args;

	close_span(events, &track->inner, track->since, t->cpu);
	e = add(events, "X", opcode_name(t->code), track->since, t->cpu);
	cJSON_AddNumberToObject(e, "dur", ts - track->since);
	cJSON_AddStringToObject(e, "cat", t->kind == DFW_TRACE_TRAPPED ? "trapped" : "interpreted");
	args = add_place(e, t);
	cJSON_AddStringToObject(args, "opcode", opcode_bytes(t->code));
	if (t->detail & 0x100)
		cJSON_AddNumberToObject(args, "raised", t->detail & 0xff);
}

static void add_event(cJSON *events, const struct dfw_trace_event *t)
{
	struct track *track = &tracks[t->cpu];
	double ts = microseconds(t->tsc);
	cJSON *args;

	if (!track->seen)
		track->since = ts;
	track->seen = true;
	switch (t->kind) {
	case DFW_TRACE_INVOKE:
		close_span(events, &track->inner, ts, t->cpu);
		args = open_span(events, &track->mode, "real mode", ts, t);
		cJSON_AddStringToObject(args, "reason",
					t->code < sizeof(reasons) / sizeof(reasons[0])
						? reasons[t->code]
						: "?");
		break;
	case DFW_TRACE_RESTORE:
		close_span(events, &track->inner, ts, t->cpu);
		open_span(events, &track->mode, "protected mode", ts, t);
		break;
	case DFW_TRACE_VM86:
		open_span(events, &track->inner, "VM86", ts, t);
		break;
	case DFW_TRACE_STRETCH:
		open_span(events, &track->inner, "VM86, stretch", ts, t);
		break;
	case DFW_TRACE_TRAP:
		close_span(events, &track->inner, ts, t->cpu);
		cJSON_AddNumberToObject(mark(events, "trap", ts, t), "vector", t->code);
		break;
	case DFW_TRACE_TRAPPED:
	case DFW_TRACE_INTERPRETED:
		interpreted(events, track, ts, t);
		break;
	case DFW_TRACE_INTERRUPT:
		cJSON_AddNumberToObject(mark(events, "interrupt", ts, t), "vector", t->code);
		break;
	case DFW_TRACE_EXCEPTION:
		cJSON_AddNumberToObject(mark(events, "exception", ts, t), "vector", t->code);
		break;
	case DFW_TRACE_HALT:
		open_span(events, &track->inner, "HLT", ts, t);
		break;
	case DFW_TRACE_WAKE:
		close_span(events, &track->inner, ts, t->cpu);
		break;
	}
	track->since = ts;
}

static void name_tracks(cJSON *events)
{
	char name[32];

	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		if (!tracks[cpu].seen)
			continue;
		snprintf(name, sizeof(name), "processor %u", cpu);
		cJSON_AddStringToObject(
			cJSON_AddObjectToObject(add(events, "M", "thread_name", 0, cpu), "args"),
			"name", name);
	}
}

int trace_write(struct guest *g)
{
	struct dfw_trace *ring = read_ring(g);

	if (!ring)
		return failure("--trace: no trace is in this guest: vmxassist is not there, or the "
			       "guest has too little memory");

	cJSON *root = cJSON_CreateObject(), *other = cJSON_AddObjectToObject(root, "otherData");
	uint32_t lost = ring->written > ring->entries ? ring->written - ring->entries : 0;
	cJSON_AddStringToObject(root, "displayTimeUnit", "ns");
	cJSON_AddStringToObject(other, "clock", "1 ns is one tick of the time-stamp counter");
	cJSON_AddNumberToObject(other, "events", ring->written - lost);
	cJSON_AddNumberToObject(other, "lost", lost);
	cJSON *events = cJSON_AddArrayToObject(root, "traceEvents");
	for (uint32_t i = lost; i < ring->written; i++)
		add_event(events, &ring->event[i % ring->entries]);
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		close_span(events, &tracks[cpu].inner, tracks[cpu].since, cpu);
		close_span(events, &tracks[cpu].mode, tracks[cpu].since, cpu);
	}
	name_tracks(events);
	free(ring);

	char *text = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	FILE *f = fopen(g->options->trace, "w");
	bool ok = text && f && fputs(text, f) >= 0;
	if (f && fclose(f) != 0)
		ok = false;
	free(text);
	if (lost)
		fprintf(stderr, "dfw: --trace: the first %u events were overwritten\n", lost);
	return ok ? 0 : failure("--trace %s: %s", g->options->trace, strerror(errno));
}
