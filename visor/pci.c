/* SPDX-License-Identifier: MIT
 *
 * PCI configuration space by the ports CF8h and CFCh: what a guest may not write there.
 *
 * A device's memory over visor's own would be read in its place, by visor, too: no base address register
 * (PCI 3.0, 6.2.5.1), bridge's window (PCI-to-PCI Bridge 1.2, 3.2.5) or CardBus window may come to meet private
 * memory, decoding turned on or not. Of the host bridges that visor knows, shadow RAM at D0000 and F0000
 * stays RAM; what says where RAM and the chipset's own registers are, SMRAM among it, stays as it was; and there
 * is no second way to configuration space.
 */
#include "visor/visor.h"

/* Bus 0, device 0, function 0 */
static const struct bridge {
	uint32_t id;      /* configuration register 0 */
	uint8_t pam;      /* first of seven: F0000; C0000, C8000, D0000, D8000, E0000, E8000 */
	uint8_t mmconfig; /* configuration space in memory; bit 0: there is */
	struct {
		uint8_t first, last;
	} pinned[5];
} bridges[] = {
	/* 82441FX: row boundaries, SMRAM */
	{0x12378086, 0x59, 0, {{0x60, 0x67}, {0x72, 0x72}}},
	/* 82443BX: the same, ESMRAMC */
	{0x71908086, 0x59, 0, {{0x60, 0x67}, {0x72, 0x73}}},
	/* Q35: EPBAR, MCHBAR; PCIEXBAR, DMIBAR; REMAPBASE, REMAPLIMIT; SMRAM, ESMRAMC; TOM to TOLUD */
	{0x29c08086, 0x90, 0x60, {{0x40, 0x4f}, {0x60, 0x6f}, {0x98, 0x9b}, {0x9d, 0x9e}, {0xa0, 0xb1}}},
};
enum { PAM_F0000 = 0, PAM_D0000 = 3, PAM_D8000 = 4, PAM_LAST = 6 };

/* Configuration space headers */
enum {
	HEADER = 0x0c, /* type in bits 22-16 */
	BAR = 0x10,
	CARDBUS_WINDOWS = 0x1c, /* two of memory: base, limit */
	CARDBUS_END = 0x2c,
	MEM_WINDOW = 0x20,
	PREF_WINDOW = 0x24,
	PREF_BASE_HIGH = 0x28,
	PREF_LIMIT_HIGH = 0x2c,
};
static const struct {
	uint8_t bars, rom; /* end of the base address registers; 0: none */
} headers[] = {{0x28, 0x30}, {0x18, 0x38}, {0x14, 0}};
enum { HEADER_DEVICE, HEADER_BRIDGE, HEADER_CARDBUS };
enum { BAR_IO = 1 << 0, BAR_TYPE = 3 << 1, BAR_64 = 2 << 1 };

static const struct bridge *bridge;
static bool data_exits = true; /* io_init() says so */

static uint32_t config_read(uint32_t address)
{
	outl(PCI_ADDRESS, address);
	return inl(PCI_DATA);
}

static void config_write(uint32_t address, uint32_t value)
{
	outl(PCI_ADDRESS, address);
	outl(PCI_DATA, value);
}

static void open_shadow(unsigned pam, uint8_t bits)
{
	uint8_t reg = bridge->pam + pam;

	config_write(0x80000000 | (reg & 0xfc),
		     config_read(0x80000000 | (reg & 0xfc)) | (uint32_t)bits << reg % 4 * 8);
}

void pci_init(void)
{
	uint32_t address = inl(PCI_ADDRESS), id = config_read(0x80000000);

	for (unsigned i = 0; i < sizeof(bridges) / sizeof(*bridges); i++)
		if (bridges[i].id == id)
			bridge = &bridges[i];
	if (bridge) {
		open_shadow(PAM_F0000, 0x30);
		open_shadow(PAM_D0000, 0x33);
		open_shadow(PAM_D8000, 0x33);
		if (bridge->mmconfig)
			config_write(0x80000000 | bridge->mmconfig,
				     config_read(0x80000000 | bridge->mmconfig) & ~1u);
	} else {
		print("dfw-visor: host bridge %08x is not known: shadow RAM, SMRAM and configuration space in memory "
		      "are as the guest sets them\n", id);
	}
	outl(PCI_ADDRESS, address);
}

/* Is any of these bytes of the host bridge's pinned? */
static bool is_pinned(uint8_t reg, unsigned bytes)
{
	for (unsigned i = 0; i < sizeof(bridge->pinned) / sizeof(*bridge->pinned); i++)
		if (bridge->pinned[i].last && reg + bytes > bridge->pinned[i].first && reg <= bridge->pinned[i].last)
			return true;
	return false;
}

/* A byte of the host bridge's, as it may be written. */
static uint8_t filter_bridge(uint8_t reg, uint8_t old, uint8_t value)
{
	if (is_pinned(reg, 1))
		return old;
	if (reg == bridge->pam + PAM_F0000)
		return value | 0x10; /* closing it to writes is the guest's right */
	if (reg == bridge->pam + PAM_D0000 || reg == bridge->pam + PAM_D8000)
		return value | 0x33;
	return value;
}

/* Both ends are in the range. */
static bool meets_private(uint64_t first, uint64_t last)
{
	return first <= last && first < boot->private_base + (uint64_t)boot->private_size && last >= boot->private_base;
}

/* The device's register as it will be once `reg` has `value` */
static uint32_t as_written(uint32_t device, uint8_t at, uint8_t reg, uint32_t value)
{
	return at == reg ? value : config_read(device | at);
}

/* The bits of a base address register that can be set, which tell its size. Meanwhile a 64-bit one is far up. */
static uint64_t settable(uint32_t address, uint32_t ones, bool wide)
{
	uint32_t low = config_read(address), high = wide ? config_read(address + 4) : 0;

	if (wide)
		config_write(address + 4, ~0u);
	config_write(address, ones);
	uint64_t can = config_read(address) | (wide ? (uint64_t)config_read(address + 4) << 32 : 0);
	config_write(address, low);
	if (wide)
		config_write(address + 4, high);
	return can;
}

static bool memory_is_harmless(uint64_t base, uint64_t mask, bool wide)
{
	if (!mask)
		return true;
	if (!wide)
		mask |= ~0ull << 32;
	return !meets_private(base & mask, (base & mask) + ~mask);
}

static bool bar_is_harmless(uint32_t device, uint8_t at, bool wide, uint8_t reg, uint32_t value)
{
	uint64_t base = as_written(device, at, reg, value);

	if (wide)
		base |= (uint64_t)as_written(device, at + 4, reg, value) << 32;
	return memory_is_harmless(base, settable(device | at, ~0u, wide) & ~15ull, wide);
}

/* Which of the base address registers is concerned: a 64-bit one takes two. */
static bool bars_are_harmless(uint32_t device, uint8_t end, uint8_t reg, uint32_t value)
{
	for (uint8_t at = BAR; at < end; at += 4) {
		uint32_t old = config_read(device | at);
		bool wide = (old & (BAR_TYPE | BAR_IO)) == BAR_64 && at + 4 < end;
		if (reg == at || (wide && reg == at + 4))
			return old & BAR_IO || bar_is_harmless(device, at, wide, reg, value);
		at += wide ? 4 : 0;
	}
	return true;
}

/* Base in the low half of the register, limit in the high one, in 1 MiB. */
static bool windows_are_harmless(uint32_t device, uint8_t reg, uint32_t value)
{
	uint32_t mem = as_written(device, MEM_WINDOW, reg, value), pref = as_written(device, PREF_WINDOW, reg, value);
	uint64_t base = (pref & 0xfff0) << 16, limit = pref >> 16 << 16 | 0xfffff;

	if ((config_read(device | PREF_WINDOW) & 0xf) == 1) { /* of 64 bits: cannot be written */
		base |= (uint64_t)as_written(device, PREF_BASE_HIGH, reg, value) << 32;
		limit |= (uint64_t)as_written(device, PREF_LIMIT_HIGH, reg, value) << 32;
	}
	return !meets_private((mem & 0xfff0) << 16, mem >> 16 << 16 | 0xfffff) && !meets_private(base, limit);
}

static bool cardbus_is_harmless(uint32_t device, uint8_t reg, uint32_t value)
{
	for (uint8_t at = CARDBUS_WINDOWS; at < CARDBUS_END; at += 8)
		if (meets_private(as_written(device, at, reg, value) & ~0xfffu,
				  as_written(device, at + 4, reg, value) | 0xfff))
			return false;
	return true;
}

static bool is_harmless(uint32_t address, uint32_t value)
{
	uint8_t reg = address & 0xfc;
	uint32_t device = address & 0xffffff00;
	unsigned header = config_read(device | HEADER) >> 16 & 0x7f;

	if (header > HEADER_CARDBUS)
		return true;
	if (reg >= BAR && reg < headers[header].bars)
		return bars_are_harmless(device, headers[header].bars, reg, value);
	if (headers[header].rom && reg == headers[header].rom)
		return memory_is_harmless(value, settable(address, ~1u, false) & ~0x7ffull, false);
	if (header == HEADER_BRIDGE && reg >= MEM_WINDOW && reg <= PREF_LIMIT_HIGH)
		return windows_are_harmless(device, reg, value);
	if (header == HEADER_CARDBUS && reg >= CARDBUS_WINDOWS && reg < CARDBUS_END)
		return cardbus_is_harmless(device, reg, value);
	return true;
}

/* Whether a write to this configuration register is looked at. */
static bool is_watched(uint32_t address)
{
	uint8_t reg = address & 0xfc;

	if (!(address >> 31))
		return false;
	if ((reg >= BAR && reg <= 0x30) || reg == 0x38)
		return true;
	if (!bridge || address & 0xffff00)
		return false;
	return (reg + 3 >= bridge->pam && reg <= bridge->pam + PAM_LAST) || is_pinned(reg, 4);
}

static void write_data(uint16_t port, unsigned size, uint32_t value)
{
	uint32_t address = inl(PCI_ADDRESS);

	if (!is_watched(address)) {
		write_port(port, size, value);
		return;
	}
	/* all of the register, as it will be */
	uint32_t old = inl(PCI_DATA), result = old;
	for (unsigned i = 0; i < size; i++) {
		unsigned at = (port & 3) + i, shift = at * 8;
		uint8_t byte = value >> i * 8;
		if (bridge && !(address & 0xffff00))
			byte = filter_bridge((address & 0xfc) + at, old >> shift, byte);
		result = (result & ~(0xffu << shift)) | (uint32_t)byte << shift;
	}
	bool harmless = is_harmless(address, result);
	outl(PCI_ADDRESS, address);
	if (harmless)
		write_port(port, size, result >> (port & 3) * 8);
	else
		print("dfw-visor: a PCI device's memory (%x) may not be over visor's\n", address);
}

bool is_pci(uint16_t port, unsigned size)
{
	return (port == PCI_ADDRESS && size == 4) || (port >= PCI_DATA && port + size <= PCI_END);
}

void pci_write(uint16_t port, unsigned size, uint32_t value)
{
	if (port >= PCI_DATA) {
		write_data(port, size, value);
		return;
	}
	outl(PCI_ADDRESS, value);
	/* with one processor the data ports exit only while such a register is chosen */
	bool exit = vcpu_count > 1 || is_watched(value);
	if (exit == data_exits)
		return;
	data_exits = exit;
	for (port = PCI_DATA; port < PCI_END; port++)
		io_intercept(port, exit);
}
