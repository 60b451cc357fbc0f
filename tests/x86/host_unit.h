/* SPDX-License-Identifier: MIT
 *
 * ops->fpu on a 64-bit build machine: runs the instruction on its own unit, with the guest's
 * registers in and out of host_unit_state, an FXSAVE image.
 */
#ifndef HOST_UNIT_H
#define HOST_UNIT_H

#include <x86/x86.h>

struct host_unit_state {
	uint16_t fcw, fsw;
	uint8_t ftw, reserved;
	uint16_t fop;
	uint32_t fip, fcs, fdp, fds; /* selectors in the low halves */
	uint32_t mxcsr, mxcsr_mask;
	struct {
		uint64_t low;
		uint16_t high, unused[3];
	} st[8];
	uint64_t xmm[16][2];
	uint8_t rest[96];
} __attribute__((aligned(16)));

extern struct host_unit_state host_unit_state;
extern uint32_t host_unit_environment[7]; /* FNSTENV's after the last run; FIP to FDS also go in */

void host_unit_init(void); /* before the first use; sets the state after FNINIT, MXCSR 1F80 */
int host_unit_run(void *world, struct x86_unit *unit);

/* The same for one of several guests, whose unit is kept here meanwhile: {host_unit_state} after
 * host_unit_init(). */
struct host_unit {
	struct host_unit_state state;
	uint32_t environment[7];
};
int host_unit_run_for(struct host_unit *guest, struct x86_unit *unit);
void host_cpuid(void *world, uint32_t regs[4]);

#endif
