/* SPDX-License-Identifier: MIT
 *
 * The host side of the assist ABI (docs/assist-abi.md): INVOKE and RESTORE for one virtual
 * processor whose VMCS is current. assist_switch.c depends on nothing but the ABI's headers, the
 * VMCS access of vmcs.h, and what a host supplies here:
 *
 *   struct vcpu     gpr[], id, in_assist, assist_started, efer
 *   cr0_view(), cr3_view(), cr4_view()    the guest's view of its control registers
 *   load_control_registers()              loads them for an ordinary guest
 *   load_assist_control_registers()       loads them for the assist's world
 *   assist_memory()                       the 64 KiB at D0000
 *   guest_ram()                           memory of the guest; NULL where it is not all RAM
 *   assist_world_changed()                D0000 is to be writable in the assist's world and
 *                                         nowhere else
 */
#ifndef VISOR_ASSIST_SWITCH_H
#define VISOR_ASSIST_SWITCH_H

#include <dfw/assist.h>
#include <stdbool.h>

struct vcpu;

void *assist_memory(void);
void *guest_ram(uint64_t address, uint32_t size);
void assist_world_changed(struct vcpu *v);

/* Is there an assist whose header makes sense for this processor? NULL, or why not. */
const char *assist_check(const struct vcpu *v);

/* Gives the processor to the assist. guest = the state to hand it, or NULL for the processor's
 * present one. NULL, or why it could not be done; nothing has changed then. */
const char *assist_invoke(struct vcpu *v, uint32_t reason, uint64_t detail,
			  const struct dfw_cpu *guest);

/* Where the processor has real mode of its own and the assist serves task switches alone: takes its START, and
 * loads the guest that it has described. Nothing, where there is no assist. */
void assist_begin_native(struct vcpu *v);

/* Gives the processor back: loads record->guest. NULL, or why it could not be done. */
const char *assist_restore(struct vcpu *v);

/* Where the guest is while the assist runs it, as its record says; nothing changes where there is none. */
void assist_guest_at(const struct vcpu *v, uint16_t *cs, uint64_t *rip);

/* The slave 8259A's vectors, for the assist to know. */
void assist_set_irq8(uint8_t vector);

/* The processor's state in the ABI's form. event is made of what was being delivered when the
 * exit came. */
void save_world(struct vcpu *v, struct dfw_cpu *cpu);

/* Loads all of it but the control registers. */
void load_world(struct vcpu *v, const struct dfw_cpu *cpu);

#endif
