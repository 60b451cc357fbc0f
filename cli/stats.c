/* SPDX-License-Identifier: MIT
 *
 * The counters of visor and vmxassist, read out of the guest's memory: as JSON, or a short table.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <cJSON.h>
#include <dfw/assist.h>
#include <dfw/stats.h>
#include "cli/cli.h"
#include "x86/x86.h"

/* SDM vol. 3, appendix C */
static const char *const exit_names[DFW_VISOR_EXIT_REASONS] = {
	"exception or NMI", "external interrupt", "triple fault", "INIT", "SIPI", "I/O SMI",
	"other SMI", "interrupt window", "NMI window", "task switch", "CPUID", "GETSEC", "HLT",
	"INVD", "INVLPG", "RDPMC", "RDTSC", "RSM", "VMCALL", "VMCLEAR", "VMLAUNCH", "VMPTRLD",
	"VMPTRST", "VMREAD", "VMRESUME", "VMWRITE", "VMXOFF", "VMXON", "control-register access",
	"MOV DR", "I/O instruction", "RDMSR", "WRMSR", "entry failure: guest state",
	"entry failure: MSR loading", "35", "MWAIT", "monitor trap flag", "38", "MONITOR", "PAUSE",
	"entry failure: machine check", "42", "TPR below threshold", "APIC access",
	"virtualized EOI", "access to GDTR or IDTR", "access to LDTR or TR", "EPT violation",
	"EPT misconfiguration", "INVEPT", "RDTSCP", "preemption timer", "INVVPID", "WBINVD",
	"XSETBV", "APIC write", "RDRAND", "INVPCID", "VMFUNC", "ENCLS", "RDSEED",
	"page-modification log full", "XSAVES", "XRSTORS", "PCONFIG", "SPP-related event",
	"UMWAIT", "TPAUSE", "LOADIWKEY",
};

static const char *const io_names[5] = {"60h and 64h", "92h", "CF9h", "CF8h and CFCh", "A1h and F0h"};

static bool read_visor(struct guest *g, struct dfw_visor_stats *s)
{
	return g->visor_stats && g->options->on->read_memory(g, g->visor_stats, s, sizeof(*s)) &&
	       s->magic == DFW_VISOR_STATS_MAGIC && s->size == sizeof(*s);
}

const char *opcode_bytes(unsigned row)
{
	static char text[8];

	snprintf(text, sizeof(text), "%s%02X", row >= 256 ? "0F " : "", row & 255);
	return text;
}

const char *opcode_name(unsigned row)
{
	static char text[64];
	const char *name = x86_opcode_name(row);

	snprintf(text, sizeof(text), "%.*s",
		 (int)(strncmp(name, "Grp", 3) == 0 ? strcspn(name, " ") : strlen(name)), name);
	return text;
}

static void add_opcodes(cJSON *to, const char *table, const uint32_t *rows, cJSON *names)
{
	cJSON *object = cJSON_AddObjectToObject(to, table);

	for (unsigned i = 0; i < DFW_STATS_OPCODES; i++) {
		if (!rows[i])
			continue;
		cJSON_AddNumberToObject(object, opcode_bytes(i), rows[i]);
		if (!cJSON_HasObjectItem(names, opcode_bytes(i)))
			cJSON_AddStringToObject(names, opcode_bytes(i), opcode_name(i));
	}
}

/* Fields of both structures that are plain counters, under their own names. */
#define FIELD(type, name) {#name, offsetof(struct type, name)}
static const struct {
	const char *name;
	size_t offset;
} visor_fields[] = {
	FIELD(dfw_visor_stats, exits),
	FIELD(dfw_visor_stats, invokes),
	FIELD(dfw_visor_stats, restores),
	FIELD(dfw_visor_stats, resets),
	FIELD(dfw_visor_stats, real_mode_exits),
	FIELD(dfw_visor_stats, fills),
	FIELD(dfw_visor_stats, guest_faults),
	FIELD(dfw_visor_stats, flushes),
	FIELD(dfw_visor_stats, assist_writes_dropped),
}, assist_fields[] = {
	FIELD(dfw_assist_stats, invokes),
	FIELD(dfw_assist_stats, restores),
	FIELD(dfw_assist_stats, vm86_entries),
	FIELD(dfw_assist_stats, stretches),
	FIELD(dfw_assist_stats, interrupts),
	FIELD(dfw_assist_stats, exceptions),
	FIELD(dfw_assist_stats, page_writes_dropped),
	FIELD(dfw_assist_stats, holes),
	FIELD(dfw_assist_stats, halts),
	FIELD(dfw_assist_stats, halt_ticks),
	FIELD(dfw_assist_stats, trapped_total),
	FIELD(dfw_assist_stats, interpreted_total),
	FIELD(dfw_assist_stats, interpreted_protected),
};

static uint64_t field(const void *s, size_t offset)
{
	uint64_t v;

	memcpy(&v, (const char *)s + offset, sizeof(v));
	return v;
}

static void add_field(void *sum, const void *s, size_t offset)
{
	uint64_t v = field(sum, offset) + field(s, offset);

	memcpy((char *)sum + offset, &v, sizeof(v));
}

/* The sum of all processors'. */
static bool read_assist(struct guest *g, struct dfw_assist_stats *sum)
{
	const struct emulator *on = g->options->on;
	struct dfw_assist_header h;
	struct dfw_assist_stats s;

	if (!on->read_memory(g, DFW_VMXASSIST, &h, sizeof(h)) || h.magic != DFW_ASSIST_MAGIC ||
	    h.version != DFW_ASSIST_VERSION || !h.cpus || h.cpus > DFW_ASSIST_CPUS)
		return false;
	memset(sum, 0, sizeof(*sum));
	for (unsigned n = 0; n < h.cpus; n++) {
		if (!on->read_memory(g, h.stats + n * sizeof(s), &s, sizeof(s)) ||
		    s.magic != DFW_ASSIST_STATS_MAGIC || s.size != sizeof(s))
			return false;
		for (unsigned i = 0; i < sizeof(assist_fields) / sizeof(assist_fields[0]); i++)
			add_field(sum, &s, assist_fields[i].offset);
		for (unsigned i = 0; i < DFW_STATS_OPCODES; i++) {
			sum->trapped[i] += s.trapped[i];
			sum->interpreted[i] += s.interpreted[i];
		}
		if (s.holes)
			sum->hole_last = s.hole_last;
	}
	return true;
}

static cJSON *visor_json(const struct dfw_visor_stats *s)
{
	cJSON *visor = cJSON_CreateObject();

	for (unsigned i = 0; i < sizeof(visor_fields) / sizeof(visor_fields[0]); i++)
		cJSON_AddNumberToObject(visor, visor_fields[i].name,
					field(s, visor_fields[i].offset));
	cJSON *reasons = cJSON_AddObjectToObject(visor, "exits_by_reason");
	for (unsigned i = 0; i < DFW_VISOR_EXIT_REASONS; i++)
		if (s->exit[i])
			cJSON_AddNumberToObject(reasons, exit_names[i], s->exit[i]);
	cJSON *io = cJSON_AddObjectToObject(visor, "io_exits_by_port");
	for (unsigned i = 0; i < sizeof(io_names) / sizeof(io_names[0]); i++)
		cJSON_AddNumberToObject(io, io_names[i], s->io_exits[i]);
	return visor;
}

static cJSON *assist_json(const struct dfw_assist_stats *s)
{
	cJSON *assist = cJSON_CreateObject();

	for (unsigned i = 0; i < sizeof(assist_fields) / sizeof(assist_fields[0]); i++)
		cJSON_AddNumberToObject(assist, assist_fields[i].name,
					field(s, assist_fields[i].offset));
	if (s->holes)
		cJSON_AddStringToObject(assist, "hole_last", opcode_bytes(s->hole_last));
	cJSON *names = cJSON_CreateObject();
	add_opcodes(assist, "trapped", s->trapped, names);
	add_opcodes(assist, "interpreted", s->interpreted, names);
	cJSON_AddItemToObject(assist, "opcode_names", names);
	return assist;
}

static void print_row(const char *name, double value)
{
	printf("  %-34s %14.0f\n", name, value);
}

/* The most frequent of an opcode table. */
static void print_opcodes(const char *title, const uint32_t *rows)
{
	bool told[DFW_STATS_OPCODES] = {false};
	char label[80];

	printf("%s\n", title);
	for (unsigned n = 0; n < 8; n++) {
		unsigned best = 0;
		for (unsigned i = 1; i < DFW_STATS_OPCODES; i++)
			if (!told[i] && (told[best] || rows[i] > rows[best]))
				best = i;
		if (told[best] || !rows[best])
			break;
		told[best] = true;
		snprintf(label, sizeof(label), "%-5s  %s", opcode_bytes(best), opcode_name(best));
		print_row(label, rows[best]);
	}
}

static void print_table(struct guest *g, const struct dfw_visor_stats *v,
			const struct dfw_assist_stats *a)
{
	int64_t ticks = g->options->on->ticks(g), instructions = g->options->on->instructions(g);

	if (v) {
		printf("visor\n");
		for (unsigned i = 0; i < sizeof(visor_fields) / sizeof(visor_fields[0]); i++)
			print_row(visor_fields[i].name, field(v, visor_fields[i].offset));
		printf("VM exits by reason\n");
		for (unsigned i = 0; i < DFW_VISOR_EXIT_REASONS; i++)
			if (v->exit[i])
				print_row(exit_names[i], v->exit[i]);
		printf("I/O exits by port\n");
		for (unsigned i = 0; i < sizeof(io_names) / sizeof(io_names[0]); i++)
			print_row(io_names[i], v->io_exits[i]);
	}
	if (a) {
		printf("vmxassist\n");
		for (unsigned i = 0; i < sizeof(assist_fields) / sizeof(assist_fields[0]); i++)
			print_row(assist_fields[i].name, field(a, assist_fields[i].offset));
		print_opcodes("trapped, most frequent", a->trapped);
		print_opcodes("interpreted, most frequent", a->interpreted);
	}
	if (!v && !a)
		printf("no counters: neither visor nor vmxassist is in this guest\n");
	if (ticks >= 0)
		printf("emulator\n");
	if (ticks >= 0)
		print_row("ticks", ticks);
	if (instructions >= 0)
		print_row("instructions", instructions);
	for (unsigned i = 0; i < CPU_MODES; i++)
		if (g->mode_ticks[i])
			print_row(cpu_mode_names[i], g->mode_ticks[i]);
}

static cJSON *known_or_null(int64_t number)
{
	return number >= 0 ? cJSON_CreateNumber(number) : cJSON_CreateNull();
}

int stats_write(struct guest *g)
{
	static struct dfw_visor_stats visor;
	static struct dfw_assist_stats assist;
	const char *path = g->options->stats;
	bool have_visor = read_visor(g, &visor), have_assist = read_assist(g, &assist);

	if (strcmp(path, "-") == 0) {
		print_table(g, have_visor ? &visor : NULL, have_assist ? &assist : NULL);
		return 0;
	}
	cJSON *root = cJSON_CreateObject();
	cJSON_AddStringToObject(root, "emulator", g->options->on->name);
	cJSON_AddItemToObject(root, "visor", have_visor ? visor_json(&visor) : cJSON_CreateNull());
	cJSON_AddItemToObject(root, "vmxassist",
			      have_assist ? assist_json(&assist) : cJSON_CreateNull());
	cJSON_AddItemToObject(root, "ticks", known_or_null(g->options->on->ticks(g)));
	cJSON_AddItemToObject(root, "instructions",
			      known_or_null(g->options->on->instructions(g)));
	cJSON *modes = cJSON_AddObjectToObject(root, "ticks_by_mode");
	for (unsigned i = 0; i < CPU_MODES; i++)
		if (g->mode_ticks[i])
			cJSON_AddNumberToObject(modes, cpu_mode_names[i], g->mode_ticks[i]);
	char *text = cJSON_Print(root);
	FILE *f = fopen(path, "wb");
	bool ok = f && fprintf(f, "%s\n", text) > 0;
	if (f && fclose(f) != 0)
		ok = false;
	free(text);
	cJSON_Delete(root);
	return ok ? 0 : failure("--stats %s: cannot be written", path);
}
