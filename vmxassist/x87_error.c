/* SPDX-License-Identifier: MIT
 *
 * x87 errors while the guest's CR0.NE is 0. The processor would assert FERR#, which the board turns
 * into IRQ 13, and stop at the next waiting instruction until an interrupt comes; a write to port F0h
 * asserts IGNNE# until the error is cleared (SDM vol. 1, D.2.1). VMX forces the real NE to 1, so there
 * is #MF instead, and the slave 8259A's line 5 is looked after here.
 */
#include "vmxassist/vmxassist.h"
#include "lib/i8259.h"

enum { STATUS_ES = 1 << 7, ALL_MASKED = 0x3f };

const uint8_t x87_ports[2] = {I8259_SLAVE_DATA, PORT_F0};

static uint8_t icws;

void x87_error(struct monitor *m)
{
	if ((m->record->guest.rflags & FLAG_IF) && i8259_irq13_open())
		deliver(m, (struct x86_event){.vector = header.irq8_vector + IRQ13_LINE, .kind = X86_EXTERNAL});
	else
		monitor_halt(m);
}

static bool error_pending(void)
{
	uint16_t status;

	asm volatile("clts\n\tfnstsw %0" : "=a"(status));
	return status & STATUS_ES;
}

void x87_update(struct monitor *m)
{
	m->ignne = error_pending();
	world_sync_cr0(&m->record->guest);
}

/* With its exceptions masked, which FNSTENV does, the unit ignores the error, too. One of the runs that an
 * instruction takes: what is left of the error is looked at when all are done. */
int x87_run(struct x86_unit *unit)
{
	uint16_t environment[14], control;
	int raised;

	asm volatile("clts");
	raised = unit_run(unit);
	if (raised == 1 + VEC_MF) {
		asm volatile("fnstenv %0" : "=m"(environment));
		raised = unit_run(unit);
		asm volatile("fnstcw %0" : "=m"(control));
		if (control == (environment[0] | ALL_MASKED)) /* nor has the instruction loaded another */
			asm volatile("fldcw %0" : : "m"(environment[0]));
	}
	return raised;
}

void x87_port_written(struct monitor *m, uint16_t port, uint8_t value)
{
	switch (port) {
	case I8259_SLAVE_DATA:
		header.irq8_vector = i8259_slave_written(&icws, header.irq8_vector, value);
		break;
	case PORT_F0:
		if ((header.flags & DFW_ASSIST_HOSTED) && !(m->record->guest.cr0 & (CR0_NE | CR0_EM | CR0_TS)))
			x87_update(m);
	}
}
