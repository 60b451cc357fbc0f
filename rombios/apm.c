/* SPDX-License-Identifier: MIT
 *
 * APM 1.2, INT 15h/53h: what is said of the machine, the connections, and the real-mode way to the
 * functions of apm_32.S.
 */
#include <rombios/rombios.h>

/* APM BIOS 1.2, appendix A */
enum {
	APM_DISABLED = 0x01,
	APM_REAL_CONNECTED = 0x02,
	APM_NOT_CONNECTED = 0x03,
	APM_16_CONNECTED = 0x05,
	APM_32_CONNECTED = 0x07,
	APM_BAD_DEVICE = 0x09,
};

/* apm_32.S knows the values. */
enum { NOT_CONNECTED, REAL_CONNECTED, PROTECTED_16, PROTECTED_32 };
enum { FLAG_DISABLED = 1 << 3, FLAG_DISENGAGED = 1 << 4 }; /* as 5300h has them in CX */

uint8_t apm_connected, apm_flags;
uint16_t apm_version; /* of the connection */

_Static_assert(offsetof(struct dfw_handoff, pm1a_control) == 48, "apm_32.S");
_Static_assert(offsetof(struct dfw_handoff, soft_off) == 50, "apm_32.S");

/* apm_32.S: entry points for callers in protected mode, and one for us */
extern const uint8_t apm_entry_16[], apm_entry_32[];
void apm_call(struct regs *r);

static uint8_t connect(uint8_t how)
{
	static const uint8_t already[] = {
	    [REAL_CONNECTED] = APM_REAL_CONNECTED,
	    [PROTECTED_16] = APM_16_CONNECTED,
	    [PROTECTED_32] = APM_32_CONNECTED,
	};

	if (apm_connected)
		return already[apm_connected];
	apm_connected = how;
	apm_flags = 0;
	apm_version = 0x0100; /* until the driver says that it knows more */
	return 0;
}

void handle_1553(struct regs *r)
{
	uint8_t status = 0;

	if (r->al > 0x03) {
		apm_call(r);
		return;
	}
	if (r->bx) {
		status = APM_BAD_DEVICE;
	} else if (!r->al) {
		r->ax = 0x0102;
		r->bx = 0x504d; /* "PM" */
		r->cx = 0x03 | apm_flags; /* 16-bit and 32-bit connections */
		set_cf(r, false);
		return;
	} else {
		status = connect(r->al);
	}
	set_cf(r, status != 0);
	if (status) {
		r->ah = status;
		return;
	}
	switch (r->al) {
	case PROTECTED_16:
		r->ax = ROM_SEG;
		r->bx = (uint16_t)(uint32_t)apm_entry_16;
		r->cx = BIOS_SEG;
		r->si = r->di = 0xffff;
		break;
	case PROTECTED_32:
		r->ax = r->cx = ROM_SEG;
		r->ebx = (uint16_t)(uint32_t)apm_entry_32;
		r->dx = BIOS_SEG;
		r->esi = 0xffffffff;
		r->di = 0xffff;
		break;
	default:
		r->ah = 0;
	}
}
