/* SPDX-License-Identifier: MIT
 *
 * Puts the payloads where layout.h says, and the assist's header and first record in order.
 */
#include "vmxloader/loader.h"
#include "vmxloader/io.h"
#include "lib/string.h"

#include <dfw/assist.h>

extern const uint8_t payload_rombios[], payload_rombios_end[];
extern const uint8_t payload_vgabios_std[], payload_vgabios_std_end[];
extern const uint8_t payload_vgabios_cirrus[], payload_vgabios_cirrus_end[];
extern const uint8_t payload_vmxassist[], payload_vmxassist_end[];

static void place(const struct host *host, uint32_t to, uint32_t room, const uint8_t *from,
		  const uint8_t *end)
{
	if ((size_t)(end - from) > room)
		fatal("the payload for %05x has %u bytes, %u fit: build dfw again", to,
		      (unsigned)(end - from), room);
	memcpy((void *)to, from + host->payload_offset, end - from);
}

/* The rest of its room is the assist's .bss. */
static void clear_rest(uint32_t to, uint32_t room, const uint8_t *from, const uint8_t *end)
{
	memset((void *)(to + (end - from)), 0, room - (end - from));
}

#define PLACE(host, to, room, name) place(host, to, room, name, name##_end)

void payloads_place(const struct host *host, enum vga vga, bool assist)
{
	switch (vga) {
	case VGA_NONE:
		memset((void *)DFW_VGABIOS, 0, 2048);
		break;
	case VGA_STD:
		PLACE(host, DFW_VGABIOS, DFW_VGABIOS_SIZE, payload_vgabios_std);
		break;
	case VGA_CIRRUS:
		PLACE(host, DFW_VGABIOS, DFW_VGABIOS_SIZE, payload_vgabios_cirrus);
		break;
	}
	if (assist) {
		PLACE(host, DFW_VMXASSIST, DFW_VMXASSIST_SIZE, payload_vmxassist);
		clear_rest(DFW_VMXASSIST, DFW_VMXASSIST_SIZE, payload_vmxassist, payload_vmxassist_end);
	}
	PLACE(host, DFW_ROMBIOS, DFW_ROMBIOS_SIZE, payload_rombios);
}

/* A real-mode segment as after reset, SDM vol. 3, table 9-1 */
static struct dfw_segment real_segment(uint16_t selector, uint32_t access_rights)
{
	return (struct dfw_segment){selector << 4, 0xffff, access_rights, selector, {0}};
}

/* Reset state, but for CS: rombios is in RAM at F0000, not in a ROM below 4 GiB. */
static void reset_state(struct dfw_cpu *cpu)
{
	memset(cpu, 0, sizeof(*cpu));
	for (unsigned i = DFW_ES; i <= DFW_GS; i++)
		cpu->seg[i] =
		    real_segment(0, DFW_AR_P | DFW_AR_S | DFW_AR_WRITABLE | DFW_AR_ACCESSED);
	cpu->seg[DFW_CS] = real_segment(0xf000, DFW_AR_P | DFW_AR_S | DFW_AR_WRITABLE | DFW_AR_ACCESSED);
	cpu->seg[DFW_LDTR] = real_segment(0, DFW_AR_P | 2);
	cpu->seg[DFW_TR] = real_segment(0, DFW_AR_P | 11);
	cpu->rip = 0xfff0;
	cpu->rflags = 2;
	cpu->cr0 = 0x10; /* ET; caches on */
	cpu->gpr[DFW_RDX].q = cpuid(1).eax;
	cpu->dr6 = 0xffff0ff0;
	cpu->dr7 = 0x400;
	cpu->pat = 0x0007040600070406ull;
	cpu->gdtr.limit = cpu->idtr.limit = 0xffff;
}

uint32_t assist_prepare(const struct options *options, uint32_t reserve, uint32_t trace, unsigned cpus)
{
	struct dfw_assist_header *h = (void *)DFW_VMXASSIST;
	struct dfw_assist_record *record;

	if (h->magic != DFW_ASSIST_MAGIC || h->version != DFW_ASSIST_VERSION ||
	    h->record_size != sizeof(*record))
		fatal("vmxassist.bin has magic %08x%08x, version %u; version %u is needed: "
		      "build dfw again",
		      (unsigned)(h->magic >> 32), (unsigned)h->magic, h->version,
		      DFW_ASSIST_VERSION);
	h->flags = (options->assist == ASSIST_HOST ? DFW_ASSIST_HOSTED : 0) |
		   (options->vme_off ? DFW_ASSIST_NO_VME : 0) |
		   (options->iopl0 ? DFW_ASSIST_IOPL0 : 0) |
		   (trace ? DFW_ASSIST_TRACE : 0);
	h->cpus = cpus;
	h->reserve = reserve;
	h->reserve_size = DFW_RESERVE_SIZE;
	h->trace = trace;

	h->records += reserve;

	record = (void *)h->records;
	record->reason = DFW_INVOKE_START;
	record->detail = 0;
	reset_state(&record->guest);
	return h->start;
}
