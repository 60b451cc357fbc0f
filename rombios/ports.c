/* SPDX-License-Identifier: MIT
 *
 * Serial ports (INT 14h), printers (INT 17h) and Print Screen (INT 05h).
 */
#include <rombios/rombios.h>

/* Line and modem status bits of the 8250 */
enum { LSR_DATA = 0x01, LSR_THRE = 0x20 };

/* Waits for bits in a register for about `seconds`; false when the time is up. */
static bool wait_port(uint16_t port, uint8_t bits, uint8_t seconds)
{
	for (uint32_t n = (seconds ? seconds : 1) * 10000u; n; n--) {
		if ((inb(port) & bits) == bits)
			return true;
		wait_microseconds(100);
	}
	return false;
}

static void serial_status(struct regs *r, uint16_t port)
{
	r->ah = inb(port + 5);
	r->al = inb(port + 6);
}

/* Line settings: baud rate by its number in INT 14h/04h, line control as the 8250 has it */
static void serial_set(uint16_t port, uint8_t rate, uint8_t line_control)
{
	static const uint16_t divisors[] = {1047, 768, 384, 192, 96, 48, 24, 12, 6};

	outb(port + 3, 0x80);
	outb(port, divisors[rate]);
	outb(port + 1, divisors[rate] >> 8);
	outb(port + 3, line_control);
	outb(port + 1, 0);
}

/* Extended initialisation: AL break, BH parity (none, odd, even, and stuck at either), BL stop
 * bits, CH data bits, CL rate (PS/2 and PC BIOS Interface Technical Reference, INT 14h). */
static bool serial_set_extended(struct regs *r, uint16_t port)
{
	static const uint8_t parity[] = {0x00, 0x08, 0x18, 0x28, 0x38};

	if (r->al > 1 || r->bh > 4 || r->bl > 1 || r->ch > 3 || r->cl > 8)
		return false;
	serial_set(port, r->cl, r->al << 6 | parity[r->bh] | r->bl << 2 | r->ch);
	return true;
}

void handle_14(struct regs *r)
{
	uint16_t port = r->dx < 4 ? bda.com_port[r->dx] : 0;
	uint8_t timeout;

	if (!port) {
		r->ah = 0x80;
		return;
	}
	timeout = bda.com_timeout[r->dx];
	allow_interrupts(r);
	switch (r->ah) {
	case 0x00:
		serial_set(port, r->al >> 5, r->al & 0x1f);
		serial_status(r, port);
		break;
	case 0x01:
		outb(port + 4, 3);
		if (wait_port(port + 5, LSR_THRE, timeout)) {
			outb(port, r->al);
			r->ah = inb(port + 5);
		} else {
			r->ah = inb(port + 5) | 0x80;
		}
		break;
	case 0x02:
		outb(port + 4, 1);
		if (wait_port(port + 5, LSR_DATA, timeout)) {
			r->ah = inb(port + 5) & 0x1e;
			r->al = inb(port);
		} else {
			r->ah = inb(port + 5) | 0x80;
		}
		break;
	case 0x04:
		if (!serial_set_extended(r, port)) {
			r->ah = 0x80;
			break;
		}
		serial_status(r, port);
		break;
	case 0x05: /* modem control: AL = 0 reads, 1 writes BL */
		if (r->al > 1) {
			r->ah = 0x80;
			break;
		}
		if (r->al)
			outb(port + 4, r->bl & 0x1f);
		else
			r->bl = inb(port + 4);
		serial_status(r, port);
		break;
	case 0x03:
		serial_status(r, port);
		break;
	default:
		r->ah = 0x80;
	}
}

static uint8_t printer_status(uint16_t port)
{
	return (inb(port + 1) ^ 0x48) & 0xf8;
}

void handle_17(struct regs *r)
{
	uint16_t port = r->dx < 3 ? bda.lpt_port[r->dx] : 0;

	if (!port || r->ah > 2) {
		r->ah = 0x01 | 0x08;
		return;
	}
	if (r->ah == 0) {
		outb(port, r->al);
		if (!wait_port(port + 1, 0x80, bda.lpt_timeout[r->dx])) {
			r->ah = printer_status(port) | 1;
			return;
		}
		outb(port + 2, 0x0d);
		wait_microseconds(1);
		outb(port + 2, 0x0c);
	} else if (r->ah == 1) {
		outb(port + 2, 0x08);
		wait_microseconds(50);
		outb(port + 2, 0x0c);
	}
	r->ah = printer_status(port);
}

static uint16_t video(uint16_t ax, uint16_t dx)
{
	struct regs v = {0};

	v.ax = ax;
	v.dx = dx;
	v.bh = bda.video_page;
	call_interrupt(0x10, &v);
	return ax == 0x0300 ? v.dx : v.ax;
}

static bool printer_put(uint8_t c)
{
	struct regs p = {0};

	p.al = c;
	call_interrupt(0x17, &p);
	return !(p.ah & 0x29);
}

/* Prints the text screen; status at 50:00: 1 busy, FFh error. */
void handle_05(struct regs *r)
{
	uint16_t cursor;
	bool good = true;

	if (far_read8(0x50, 0) == 1)
		return;
	far_write8(0x50, 0, 1);
	allow_interrupts(r);
	cursor = video(0x0300, 0);
	for (uint8_t row = 0; good && row <= bda.video_rows; row++) {
		for (uint8_t column = 0; good && column < bda.video_columns; column++) {
			uint8_t c;

			video(0x0200, row << 8 | column);
			c = video(0x0800, 0);
			good = printer_put(c ? c : ' ');
		}
		good = good && printer_put('\r') && printer_put('\n');
	}
	video(0x0200, cursor);
	far_write8(0x50, 0, good ? 0 : 0xff);
}

/* Ports that answer go to the BDA; returns their number. */
unsigned serial_init(void)
{
	static const uint16_t ports[4] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
	unsigned n = 0;

	for (unsigned i = 0; i < 4; i++) {
		outb(ports[i] + 3, 0x1a); /* a line control register holds what is written */
		if (inb(ports[i] + 3) != 0x1a)
			continue;
		outb(ports[i] + 3, 0x03);
		outb(ports[i] + 1, 0);
		bda.com_timeout[n] = 10;
		bda.com_port[n++] = ports[i];
	}
	return n;
}

unsigned printer_init(void)
{
	static const uint16_t ports[3] = {0x3bc, 0x378, 0x278};
	unsigned n = 0;

	for (unsigned i = 0; i < 3; i++) {
		outb(ports[i], 0xaa);
		if (inb(ports[i]) != 0xaa)
			continue;
		bda.lpt_timeout[n] = 20;
		bda.lpt_port[n++] = ports[i];
	}
	return n;
}
