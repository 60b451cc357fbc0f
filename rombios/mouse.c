/* SPDX-License-Identifier: MIT
 *
 * The PS/2 mouse: IRQ 12 and INT 15h/C2xxh, the pointing device interface (PS/2 and PC BIOS
 * Interface Technical Reference, INT 15h).
 */
#include <rombios/rombios.h>

/* INT 15h/C2h, AH */
enum {
	MOUSE_OK = 0,
	MOUSE_BAD_FUNCTION = 1,
	MOUSE_BAD_INPUT = 2,
	MOUSE_INTERFACE_ERROR = 3,
	MOUSE_NO_HANDLER = 5,
};

/* ebda.mouse_flags0, mouse_flags1 */
enum { PACKET_INDEX = 7, PACKET_LAST = 7, HANDLER_SET = 0x80 };

/* mouse commands */
enum {
	SCALING_1_1 = 0xe6,
	SCALING_2_1 = 0xe7,
	SET_RESOLUTION = 0xe8,
	STATUS = 0xe9,
	READ_TYPE = 0xf2,
	SET_RATE = 0xf3,
	ENABLE = 0xf4,
	DISABLE = 0xf5,
	DEFAULTS = 0xf6,
	RESET = 0xff,
	ACKNOWLEDGE = 0xfa,
};

static struct ebda __far *ebda(void)
{
	set_gs(bda.ebda_seg);
	return (struct ebda __far *)0;
}

/* The controller's command byte: the mouse's clock and its interrupt. */
static void mouse_clock(bool on, bool interrupt)
{
	controller_command(0x60);
	controller_wait(0x02, 0);
	outb(0x60, 0x45 | (on ? 0 : 0x20) | (interrupt ? 0x02 : 0));
}

/* The mouse's next byte; what the keyboard sent just before goes its own way. */
static bool mouse_byte(uint8_t *v)
{
	for (unsigned tries = 0; tries < 4; tries++) {
		if (!controller_wait(0x01, 0x01))
			return false;
		if (inb(0x64) & 0x20) {
			*v = inb(0x60);
			return true;
		}
		enable();
		wait_microseconds(20);
		disable();
	}
	return false;
}

/* A command or its argument, and the n bytes of the answer after the acknowledgement. */
static bool mouse_send(uint8_t command, uint8_t answer[], unsigned n)
{
	uint8_t v;

	if (!controller_command(0xd4) || !controller_wait(0x02, 0))
		return false;
	outb(0x60, command);
	if (!mouse_byte(&v) || v != ACKNOWLEDGE)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!mouse_byte(&answer[i]))
			return false;
	return true;
}

static uint8_t reset(struct regs *r)
{
	uint8_t answer[2]; /* AAh and the type */

	ebda()->mouse_flags0 &= ~PACKET_INDEX;
	if (!mouse_send(RESET, answer, 2))
		return MOUSE_INTERFACE_ERROR;
	r->bl = answer[0];
	r->bh = answer[1];
	return MOUSE_OK;
}

static uint8_t simple(uint8_t command)
{
	return mouse_send(command, NULL, 0) ? MOUSE_OK : MOUSE_INTERFACE_ERROR;
}

static uint8_t with_argument(uint8_t command, uint8_t argument)
{
	uint8_t status = simple(command);

	return status ? status : simple(argument);
}

static uint8_t handle_15c2xx(struct regs *r)
{
	static const uint8_t rates[] = {10, 20, 40, 60, 80, 100, 200};
	uint8_t answer[3], status;
	uint32_t handler;

	switch (r->al) {
	case 0x00: /* disable, enable */
		if (r->bh > 1)
			return MOUSE_BAD_INPUT;
		if (r->bh && !(ebda()->mouse_flags1 & HANDLER_SET))
			return MOUSE_NO_HANDLER;
		ebda()->mouse_flags0 &= ~PACKET_INDEX;
		return simple(r->bh ? ENABLE : DISABLE);
	case 0x05: /* initialize: BH = packet size */
		if (!r->bh || r->bh > 8)
			return MOUSE_BAD_INPUT;
		ebda()->mouse_flags1 = (ebda()->mouse_flags1 & HANDLER_SET) | (r->bh - 1);
		return reset(r);
	case 0x01:
		return reset(r);
	case 0x02:
		if (r->bh >= sizeof(rates))
			return MOUSE_BAD_INPUT;
		return with_argument(SET_RATE, rates[r->bh]);
	case 0x03:
		if (r->bh > 3)
			return MOUSE_BAD_INPUT;
		return with_argument(SET_RESOLUTION, r->bh);
	case 0x04:
		status = mouse_send(READ_TYPE, answer, 1) ? MOUSE_OK : MOUSE_INTERFACE_ERROR;
		if (!status)
			r->bh = answer[0];
		return status;
	case 0x06: /* status, scaling */
		if (r->bh > 2)
			return MOUSE_BAD_INPUT;
		if (r->bh)
			return simple(r->bh == 1 ? SCALING_1_1 : SCALING_2_1);
		if (!mouse_send(STATUS, answer, 3))
			return MOUSE_INTERFACE_ERROR;
		r->bl = answer[0];
		r->cl = answer[1];
		r->dl = answer[2];
		return MOUSE_OK;
	case 0x07: /* handler at ES:BX; 0:0 takes it away */
		handler = (uint32_t)r->es << 16 | r->bx;
		ebda()->mouse_handler = handler;
		if (handler)
			ebda()->mouse_flags1 |= HANDLER_SET;
		else
			ebda()->mouse_flags1 &= ~HANDLER_SET;
		return MOUSE_OK;
	}
	return MOUSE_BAD_FUNCTION;
}

void handle_15c2(struct regs *r)
{
	bool talks = r->al <= 0x06;

	if (!(bda.equipment & EQUIPMENT_MOUSE)) {
		r->ah = MOUSE_INTERFACE_ERROR;
		set_cf(r, true);
		return;
	}
	/* nobody else may talk meanwhile: no scan codes, no packets to IRQ 12 */
	if (talks) {
		controller_command(0xad);
		mouse_clock(true, false);
	}
	r->ah = handle_15c2xx(r);
	if (talks)
		mouse_clock(true, true); /* its bit 4 is clear: the keyboard is on again */
	set_cf(r, r->ah != MOUSE_OK);
}

/* IRQ 12: gathers a packet and hands it to the handler of INT 15h/C207h */
void handle_74(struct regs *r)
{
	struct ebda __far *e;
	uint8_t v, index, last;
	uint8_t packet[8];
	uint32_t handler;

	if ((inb(0x64) & 0x21) != 0x21) {
		eoi_slave();
		return;
	}
	v = inb(0x60);
	eoi_slave();
	e = ebda();
	if (!(e->mouse_flags1 & HANDLER_SET))
		return;
	index = e->mouse_flags0 & PACKET_INDEX;
	last = e->mouse_flags1 & PACKET_LAST;
	if (!index && last >= 2 && !(v & 0x08))
		return; /* not the first byte of a packet: bit 3 is 1 there */
	e->mouse_packet[index] = v;
	if (index < last) {
		e->mouse_flags0++;
		return;
	}
	e->mouse_flags0 &= ~PACKET_INDEX;
	for (unsigned i = 0; i < sizeof(packet); i++)
		packet[i] = i <= last ? e->mouse_packet[i] : 0;
	handler = e->mouse_handler;
	call_mouse(handler, packet);
}

/* A mouse that answers is part of the equipment; it sends nothing until it is enabled. */
void mouse_init(void)
{
	mouse_clock(true, false);
	if (mouse_send(DEFAULTS, NULL, 0))
		bda.equipment |= EQUIPMENT_MOUSE;
	mouse_clock(bda.equipment & EQUIPMENT_MOUSE, bda.equipment & EQUIPMENT_MOUSE);
}
