/* SPDX-License-Identifier: MIT
 *
 * The ports that exit: the A20 gate and the resets (keyboard controller, port 92h, CF9h), and PCI
 * configuration (pci.c). All of them go to the hardware in the end. The real A20 gate stays open, the wrap
 * is made by physmap.c.
 *
 * Ports A1h and F0h are looked at for x87 errors (x87.c).
 * Port 60h exits only between a command that concerns A20 (D0h, D1h) and its data byte.
 */
#include <dfw/layout.h>
#include "lib/i8259.h"
#include "lib/string.h"
#include "visor/assist_switch.h"
#include "visor/visor.h"

enum {
	KBC_DATA = 0x60,
	KBC_COMMAND = 0x64,
	PORT_92 = 0x92,
	RESET_CONTROL = 0xcf9,
};

/* 8042 commands; output port bit 0 clear = reset, bit 1 = A20 */
enum { KBC_READ_OUTPUT = 0xd0, KBC_WRITE_OUTPUT = 0xd1, KBC_A20_OFF = 0xdd, KBC_A20_ON = 0xdf,
       KBC_PULSE = 0xf0 };
enum { OUTPUT_NO_RESET = 1 << 0, OUTPUT_A20 = 1 << 1 };
enum { PORT_92_RESET = 1 << 0, PORT_92_A20 = 1 << 1 };
enum { CF9_SYSTEM = 1 << 1, CF9_RESET = 1 << 2 }; /* SYSTEM clear: the processor alone */

/* Exit qualification, SDM vol. 3, table 28-5 */
enum { IO_SIZE = 7, IO_IN = 1 << 3, IO_STRING = 1 << 4, IO_REP = 1 << 5, IO_PORT_SHIFT = 16 };

bool a20_open = true;

static uint8_t bitmaps[2][PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t kbc_command; /* D0h or D1h, until its data byte has passed */

void io_intercept(uint16_t port, bool on)
{
	uint8_t *byte = &bitmaps[port >> 15][(port & 0x7fff) / 8], bit = 1 << port % 8;

	*byte = on ? *byte | bit : *byte & ~bit;
}

void io_init_vcpu(void)
{
	vmwrite(IO_BITMAP_A, phys_of(bitmaps[0]));
	vmwrite(IO_BITMAP_B, phys_of(bitmaps[1]));
}

void io_init(void)
{
	io_intercept(KBC_COMMAND, true);
	io_intercept(PORT_92, true);
	io_intercept(I8259_SLAVE_DATA, true);
	io_intercept(PORT_F0, true);
	for (uint16_t port = PCI_ADDRESS; port < PCI_END; port++)
		io_intercept(port, true);
	outb(PORT_92, (inb(PORT_92) | PORT_92_A20) & ~PORT_92_RESET);
	pci_init();
}

static void set_a20(struct vcpu *v, bool open)
{
	if (open == a20_open)
		return;
	smp_stop_others(v);
	a20_open = open;
	mmu->select(v);
	mmu->flush(v, true);
}

/* Writes return true when they have reset the guest: its RIP is not to be touched any more. */
static bool write_kbc_command(struct vcpu *v, uint8_t value)
{
	kbc_command = 0;
	io_intercept(KBC_DATA, false);
	switch (value) {
	case KBC_A20_OFF:
	case KBC_A20_ON:
		set_a20(v, value == KBC_A20_ON);
		return false;
	case KBC_READ_OUTPUT:
	case KBC_WRITE_OUTPUT:
		kbc_command = value;
		io_intercept(KBC_DATA, true);
		break;
	}
	if (value >= KBC_PULSE) { /* a 0 among the low four bits pulses that output line */
		if (value & OUTPUT_NO_RESET)
			return false;
		guest_init(v);
		return true;
	}
	outb(KBC_COMMAND, value);
	return false;
}

static bool write_kbc_data(struct vcpu *v, uint8_t value)
{
	bool reset = false;

	if (kbc_command == KBC_WRITE_OUTPUT) {
		kbc_command = 0;
		io_intercept(KBC_DATA, false);
		reset = !(value & OUTPUT_NO_RESET);
		set_a20(v, value & OUTPUT_A20);
		value |= OUTPUT_A20 | OUTPUT_NO_RESET;
	}
	outb(KBC_DATA, value);
	if (reset)
		guest_init(v);
	return reset;
}

static uint8_t read_kbc_data(void)
{
	uint8_t value = inb(KBC_DATA);

	if (kbc_command == KBC_READ_OUTPUT) {
		kbc_command = 0;
		io_intercept(KBC_DATA, false);
		value = (value & ~OUTPUT_A20) | (a20_open ? OUTPUT_A20 : 0);
	}
	return value;
}

static bool write_port_92(struct vcpu *v, uint8_t value)
{
	set_a20(v, value & PORT_92_A20);
	outb(PORT_92, (value | PORT_92_A20) & ~PORT_92_RESET);
	if (value & PORT_92_RESET)
		guest_init(v);
	return value & PORT_92_RESET;
}

static uint8_t read_port_92(void)
{
	return (inb(PORT_92) & ~(PORT_92_A20 | PORT_92_RESET)) | (a20_open ? PORT_92_A20 : 0);
}

static bool write_byte(struct vcpu *v, uint16_t port, uint8_t value)
{
	switch (port) {
	case KBC_DATA:
		return write_kbc_data(v, value);
	case KBC_COMMAND:
		return write_kbc_command(v, value);
	case PORT_92:
		return write_port_92(v, value);
	case RESET_CONTROL:
		if (!(value & CF9_RESET))
			break;
		if (value & CF9_SYSTEM)
			restart_guest(v, value);
		guest_init(v);
		return true;
	}
	if (is_pci(port, 1)) {
		pci_write(port, 1, value);
		return false;
	}
	outb(port, value);
	if (port == I8259_SLAVE_DATA)
		x87_slave_written(value);
	else if (port == PORT_F0)
		x87_ignne_written(v);
	return false;
}

static uint8_t read_byte(uint16_t port)
{
	switch (port) {
	case KBC_DATA:
		return read_kbc_data();
	case PORT_92:
		return read_port_92();
	}
	return inb(port);
}

static uint32_t read_port(uint16_t port, unsigned size)
{
	return size == 4 ? inl(port) : size == 2 ? inw(port) : inb(port);
}

void write_port(uint16_t port, unsigned size, uint32_t value)
{
	if (size == 4)
		outl(port, value);
	else if (size == 2)
		outw(port, value);
	else
		outb(port, value);
}

static bool write_io(struct vcpu *v, uint16_t port, unsigned size, uint32_t value)
{
	if (is_pci(port, size)) {
		pci_write(port, size, value);
		return false;
	}
	/* the bus splits a wide access to narrow devices, and one that is not aligned */
	for (unsigned i = 0; i < size; i++)
		if (write_byte(v, port + i, value >> i * 8))
			return true;
	return false;
}

static uint32_t read_io(uint16_t port, unsigned size)
{
	uint32_t value = 0;

	if (is_pci(port, size))
		return read_port(port, size);
	for (unsigned i = 0; i < size; i++)
		value |= (uint32_t)read_byte(port + i) << i * 8;
	return value;
}

static void count_exit(uint16_t port)
{
	unsigned which = port < PORT_92 ? 0 : port == PORT_92 ? 1 : port < PCI_ADDRESS ? 4 : port == RESET_CONTROL ? 2 : 3;

	stats.io_exits[which]++;
}

/* Where the element of INS or OUTS lies, byte by byte; false and #PF where it cannot be reached. */
static bool find_element(struct vcpu *v, uint64_t linear, unsigned size, bool write,
			 uint64_t bytes[4])
{
	uint32_t cpl = (vmread(GUEST_ACCESS_RIGHTS + 2 * DFW_SS) & DFW_AR_DPL) >> DFW_AR_DPL_SHIFT;
	uint32_t want = (write ? ACCESS_WRITE : 0) | (cpl == 3 ? ACCESS_USER : 0);
	struct paging p;
	struct walk w;

	guest_paging(v, &p);
	for (unsigned i = 0; i < size; i++) {
		if (!walk_guest(v, &p, linear + i, want, &w)) {
			inject_page_fault(v, linear + i, w.error);
			return false;
		}
		bytes[i] = w.physical;
	}
	return true;
}

/* Bits of a string instruction's index and count registers; VM-exit instruction information, SDM
 * vol. 3, table 28-8, where the processor gives it. */
static unsigned address_bits(void)
{
	if (rdmsr(MSR_VMX_BASIC) >> 54 & 1)
		return 16 << (vmread(EXIT_INSTRUCTION) >> 7 & 3);
	if (in_64bit_mode())
		return 64;
	return vmread(GUEST_ACCESS_RIGHTS + 2 * DFW_CS) & DFW_AR_DB ? 32 : 16;
}

/* Adds to the low bits of a register; writing 32 bits clears the high half. */
static void advance(uint64_t *reg, int64_t by, unsigned bits)
{
	if (bits == 16)
		*reg = (*reg & ~0xffffull) | (uint16_t)(*reg + by);
	else
		*reg = bits == 32 ? (uint32_t)(*reg + by) : *reg + by;
}

/* One element of INS or OUTS, with or without REP; a REP form exits again for the next one. */
static void handle_string(struct vcpu *v, uint64_t qualification, uint16_t port, unsigned size)
{
	bool in = qualification & IO_IN, rep = qualification & IO_REP;
	unsigned bits = address_bits();
	uint64_t mask = bits == 64 ? ~0ull : (1ull << bits) - 1, bytes[4];
	uint64_t *count = &v->gpr[DFW_RCX].q, *index = &v->gpr[in ? DFW_RDI : DFW_RSI].q;
	uint32_t value = 0;
	bool reset = false;

	if (rep && !(*count & mask)) {
		skip_instruction();
		return;
	}
	if (!find_element(v, vmread(GUEST_LINEAR), size, in, bytes))
		return;
	if (in) {
		value = read_io(port, size);
		for (unsigned i = 0; i < size; i++)
			guest_write(v, bytes[i], (uint8_t *)&value + i, 1);
	} else {
		for (unsigned i = 0; i < size; i++)
			if (!guest_read(v, bytes[i], (uint8_t *)&value + i, 1))
				((uint8_t *)&value)[i] = 0xff;
		reset = write_io(v, port, size, value);
	}
	if (reset)
		return;
	advance(index, vmread(GUEST_RFLAGS) & RFLAGS_DF ? -(int64_t)size : size, bits);
	if (rep)
		advance(count, -1, bits);
	if (!rep || !(*count & mask))
		skip_instruction();
}

void handle_io(struct vcpu *v)
{
	uint64_t qualification = vmread(EXIT_QUALIFICATION);
	unsigned size = (qualification & IO_SIZE) + 1;
	uint16_t port = qualification >> IO_PORT_SHIFT;
	uint32_t mask = size == 4 ? 0xffffffff : (1u << size * 8) - 1;
	uint64_t *rax = &v->gpr[DFW_RAX].q;

	count_exit(port);
	if (qualification & IO_STRING) {
		handle_string(v, qualification, port, size);
	} else if (qualification & IO_IN) {
		uint32_t value = read_io(port, size);
		*rax = size == 4 ? value : (*rax & ~(uint64_t)mask) | value;
		skip_instruction();
	} else if (!write_io(v, port, size, *rax & mask)) {
		skip_instruction();
	}
}
