/* SPDX-License-Identifier: MIT
 *
 * APM 1.2, INT 15h/53h: what is said of the machine, the connections, and the real-mode way to the
 * functions of apm_32.S.
 */
#include <rombios/pci.h>

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
uint16_t apm_pm1_control; /* port of the ACPI register that powers off; 0: none is known */

/* apm_32.S: entry points for callers in protected mode, and one for us */
extern const uint8_t apm_entry_16[], apm_entry_32[];
void apm_call(struct regs *r);

/* Where the chipset's ACPI registers are, PM1 control 4 above (82371AB, 7.2; ICH9, 13.8.3.3). */
static const struct {
	uint32_t id;
	uint8_t base, enable, enable_bit;
} chips[] = {
    {0x71138086, 0x40, 0x80, 1 << 0}, /* PIIX4 */
    {0x29188086, 0x40, 0x44, 1 << 7}, /* ICH9 */
};

void apm_init(void)
{
	apm_connected = apm_flags = 0;
	apm_pm1_control = 0;
	for (unsigned i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
		int bdf = pci_find(chips[i].id);
		uint16_t base;

		if (bdf < 0 || !(pci_read32(bdf, chips[i].enable) & chips[i].enable_bit))
			continue;
		base = pci_read32(bdf, chips[i].base) & 0xff80;
		if (base)
			apm_pm1_control = base + 4;
	}
}

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
