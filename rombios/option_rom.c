/* SPDX-License-Identifier: MIT
 *
 * Option ROMs: those that lie in the ISA range, and those of PCI cards, which are copied there. References: PCI
 * Firmware Specification 3.0, 5; Plug and Play BIOS Specification 1.0A, 3; BIOS Boot Specification 1.01.
 *
 * A ROM that knows PCI 3.0 is initialised in low memory and told where its rest shall lie; others run where they
 * stay, and must fit there whole.
 */
#include <rombios/pci.h>

enum { WORK_SEG = 0x2000, WORK_MOST = 0x60000 }; /* ROMs are initialised at 20000h */
enum { BLOCK = 512, SIGNATURE = 0xaa55, PCIR = 0x52494350, PNP = 0x506e5024 };
enum { PNP_SEG = 0xf000, PNP_OFF = 0xe0a0 }; /* the installation check structure: entry.S */

static struct boot_rom {
	uint16_t seg, bev, name;
	uint16_t bdf;
} boot_roms[BOOT_ROMS_MAX];
static uint8_t boot_roms_found;
static uint16_t next_seg, end_seg; /* where ROMs may still be placed */
uint16_t pci_bios_version = PCI_VERSION;

unsigned boot_rom_count(void)
{
	return boot_roms_found;
}

uint16_t boot_rom_bdf(unsigned n)
{
	return boot_roms[n].bdf;
}

void boot_rom_name(unsigned n, char *to, unsigned size)
{
	const struct boot_rom *b = &boot_roms[n];
	unsigned i = 0;

	for (uint8_t c; b->name && i < size - 1 && (c = far_read8(b->seg, b->name + i)) >= ' ' && c <= '~'; i++)
		to[i] = c;
	to[i] = 0;
}

/* The bytes sum to 0, modulo 256. Four bytes at once, as two sums of every other byte that
 * cannot overflow within a block. */
static bool checksum_good(uint16_t seg, uint8_t blocks)
{
	uint8_t sum = 0;

	for (; blocks; blocks--, seg += BLOCK / 16) {
		uint32_t even = 0, odd = 0;

		set_gs(seg);
		for (uint32_t __far *p = 0; p < (uint32_t __far *)BLOCK; p++) {
			even += *p & 0x00ff00ff;
			odd += *p >> 8 & 0x00ff00ff;
		}
		even += odd;
		sum += even + (even >> 16);
	}
	return !sum;
}

/* Calls a ROM's entry with the registers that the specifications give it. */
static uint16_t enter(uint16_t seg, uint16_t off, uint16_t bdf, uint16_t run_seg)
{
	struct regs r = {0};

	r.ax = bdf;
	r.bx = run_seg;
	r.dx = 0xffff; /* no card select number of ISA PnP */
	r.es = PNP_SEG;
	r.di = PNP_OFF;
	call_far((uint32_t)seg << 16 | off, &r);
	disable();
	flat_limits(false);
	return r.ax;
}

static uint16_t init(uint16_t seg, uint16_t bdf, uint16_t run_seg)
{
	flat_limits(true);
	return enter(seg, 3, bdf, run_seg);
}

/* What a ROM offers for booting: its PnP expansion header (PnP BIOS 1.0A, 3.2). */
static void find_boot_entries(uint16_t seg, uint16_t bdf)
{
	uint16_t at = far_read16(seg, 0x1a);

	for (unsigned n = 0; at && n < 8 && far_read32(seg, at) == PNP; at = far_read16(seg, at + 6), n++) {
		uint16_t bcv = far_read16(seg, at + 0x16), bev = far_read16(seg, at + 0x1a);

		if (bcv) { /* takes INT 13h for its disks, after ours */
			flat_limits(true);
			enter(seg, bcv, bdf, seg);
		}
		if (bev && boot_roms_found < BOOT_ROMS_MAX)
			boot_roms[boot_roms_found++] =
			    (struct boot_rom){.seg = seg, .bev = bev, .name = far_read16(seg, at + 0x10), .bdf = bdf};
	}
}

/* Where the card of a PCI option ROM in the ISA range is, as AX has it; 0 for others. */
static uint16_t function_of(uint16_t seg)
{
	uint16_t pcir = far_read16(seg, 0x18);
	int bdf;

	if (far_read32(seg, pcir) != PCIR)
		return 0;
	bdf = pci_find((uint32_t)far_read16(seg, pcir + 6) << 16 | far_read16(seg, pcir + 4));
	return bdf < 0 ? 0 : bdf;
}

static uint16_t paragraphs(uint8_t blocks)
{
	return (blocks * 32u + 0x7f) & ~0x7f;
}

/* Why the ROM at seg cannot be started, or NULL. */
static const char *problem(uint16_t seg)
{
	uint8_t blocks = far_read8(seg, 2);

	if (!blocks)
		return "no length, not started";
	return checksum_good(seg, blocks) ? NULL : "bad checksum, not started";
}

/* Initialises the option ROM at seg; returns the paragraphs to go on by. */
static uint16_t option_rom(uint16_t seg)
{
	const char *why = problem(seg);
	uint16_t bdf;
	uint8_t blocks;

	if (why) {
		print("option ROM at %04x0: %s\n", seg, why);
		return 0x80;
	}
	bdf = function_of(seg);
	init(seg, bdf, seg);
	blocks = far_read8(seg, 2); /* it may have shrunk */
	if (blocks)
		find_boot_entries(seg, bdf);
	return blocks ? paragraphs(blocks) : 0x80;
}

void option_roms(uint16_t from, uint16_t to)
{
	next_seg = from;
	end_seg = to;
	while (from < to) {
		uint16_t step;

		if (far_read16(from, 0) != SIGNATURE) {
			from += 0x80;
			continue;
		}
		step = option_rom(from);
		from = step < to - from ? from + step : to;
		next_seg = from; /* cards' ROMs come behind those that are there */
	}
}

static void copy_block(uint16_t to, uint16_t from, uint8_t blocks)
{
	for (; blocks; blocks--, to += BLOCK / 16, from += BLOCK / 16)
		far_copy_dwords(to, 0, from, 0, BLOCK / 4);
}

/* Fetches the card's image for PCs to WORK_SEG; returns the offset of its PCIR structure, 0 if there is
 * none. The ROM may hold several images (PCI Firmware 3.0, 5.1). */
static uint16_t fetch(uint32_t address)
{
	for (unsigned n = 0; n < 8; n++) {
		uint16_t pcir, blocks;

		flat_copy((uint32_t)WORK_SEG << 4, address, BLOCK / 4);
		pcir = far_read16(WORK_SEG, 0x18);
		if (far_read16(WORK_SEG, 0) != SIGNATURE || pcir < 0x1a || pcir > 0xffe0)
			return 0;
		flat_copy((uint32_t)WORK_SEG << 4, address, pcir / 4u + 8);
		if (far_read32(WORK_SEG, pcir) != PCIR)
			return 0;
		if (!far_read8(WORK_SEG, pcir + 0x14)) { /* code type 0: PC */
			flat_copy((uint32_t)WORK_SEG << 4, address, far_read8(WORK_SEG, 2) * (BLOCK / 4));
			return pcir;
		}
		blocks = far_read16(WORK_SEG, pcir + 0x10);
		if (!blocks || far_read8(WORK_SEG, pcir + 0x15) & 0x80) /* the last one */
			return 0;
		address += blocks * (uint32_t)BLOCK;
	}
	return 0;
}

static void card(uint16_t bdf)
{
	print("option ROM of PCI %02x:%02x.%u: ", bdf >> 8, bdf >> 3 & 31, bdf & 7);
}

static uint8_t no_room(uint16_t bdf)
{
	card(bdf);
	print("no room for it; left out\n");
	return 0;
}

/* Initialises the ROM at WORK_SEG in low memory; returns the blocks of it that stay at `at`. */
static uint8_t init_low(uint16_t bdf, uint16_t pcir, uint16_t at)
{
	uint16_t most = far_read16(WORK_SEG, pcir + 0x16);
	uint8_t blocks;

	if (!most || paragraphs(most < 255 ? most : 255) > end_seg - at)
		return no_room(bdf);
	pci_bios_version = 0x0300;
	init(WORK_SEG, bdf, at);
	pci_bios_version = PCI_VERSION;
	blocks = far_read8(WORK_SEG, 2);
	if (blocks && paragraphs(blocks) > end_seg - at) {
		card(bdf);
		print("%u KiB stay, too much; left out\n", blocks / 2u);
		return 0;
	}
	/* it has copied itself, or has not */
	if (blocks && (far_read16(at, 0) != SIGNATURE || far_read8(at, 2) != blocks))
		copy_block(at, WORK_SEG, blocks);
	return blocks;
}

/* The same for a ROM that does not know PCI 3.0: it is initialised where it stays. */
static uint8_t init_in_place(uint16_t bdf, uint16_t at)
{
	uint8_t blocks = far_read8(WORK_SEG, 2);

	if (paragraphs(blocks) > end_seg - at)
		return no_room(bdf);
	copy_block(at, WORK_SEG, blocks);
	init(at, bdf, at);
	return far_read8(at, 2);
}

static void pci_rom(uint16_t bdf)
{
	uint32_t bar = pci_read32(bdf, PCI_ROM) & ~0x7ffu;
	uint16_t command = pci_read16(bdf, PCI_COMMAND), pcir, at = next_seg;
	const char *why;
	uint8_t blocks;

	if (!bar)
		return;
	pci_write16(bdf, PCI_COMMAND, command | PCI_COMMAND_MEM);
	pci_write32(bdf, PCI_ROM, bar | 1);
	flat_limits(true);
	pcir = fetch(bar);
	flat_limits(false);
	pci_write32(bdf, PCI_ROM, bar);
	pci_write16(bdf, PCI_COMMAND, command);
	if (!pcir)
		return;
	why = problem(WORK_SEG);
	if (why) {
		card(bdf);
		print("%s\n", why);
		return;
	}
	blocks = far_read8(WORK_SEG, pcir + 0x0c) >= 3 ? init_low(bdf, pcir, at) : init_in_place(bdf, at);
	if (!blocks)
		return;
	next_seg = at + paragraphs(blocks);
	find_boot_entries(at, bdf);
}

void pci_option_roms(void)
{
	enum { CLASS_VGA = 0x0300, CLASS_OLD_VGA = 0x0001 };

	if (in_protected_mode())
		return;
	for (int bdf = -1; (bdf = pci_next(bdf)) >= 0;) {
		uint16_t class = pci_read32(bdf, PCI_CLASS) >> 16;

		if (!(pci_read16(bdf, PCI_HEADER) & PCI_HEADER_TYPE) && class != CLASS_VGA && class != CLASS_OLD_VGA)
			pci_rom(bdf);
	}
}

void option_roms_init(void)
{
	boot_roms_found = 0;
}

/* Starts the boot entry vector of ROM n; comes back if there was nothing to boot. */
void boot_rom_start(unsigned n)
{
	enter(boot_roms[n].seg, boot_roms[n].bev, boot_roms[n].bdf, boot_roms[n].seg);
}

/* ---- POST memory manager (PMM 1.01) ---- */

enum { PMM_ALLOCATE, PMM_FIND, PMM_DEALLOCATE, PMM_BLOCKS = 16 };
enum { PMM_CONVENTIONAL = 1, PMM_EXTENDED = 2, PMM_ALIGNED = 4, PMM_NONE = 0xffffffff };
enum { LOW_FROM = WORK_SEG * 16 + WORK_MOST, LOW_TO = DFW_EBDA - 0x1000, MIB = 0x100000 };

static struct pmm_block {
	uint32_t handle, address, bytes; /* bytes 0: free */
} pmm_blocks[PMM_BLOCKS];
static bool pmm_open;

/* The highest place below `top` and above `bottom` that no block has. */
static uint32_t pmm_place(uint32_t bottom, uint32_t top, uint32_t bytes, uint32_t align)
{
	uint32_t at = top;

	for (;;) {
		bool taken = false;

		if (at < bytes || at - bytes < bottom)
			return 0;
		at = (at - bytes) & -align;
		if (at < bottom)
			return 0;
		for (unsigned i = 0; i < PMM_BLOCKS; i++) {
			const struct pmm_block *b = &pmm_blocks[i];

			if (b->bytes && b->address < at + bytes && at < b->address + b->bytes) {
				at = b->address;
				taken = true;
				break;
			}
		}
		if (!taken)
			return at;
	}
}

static uint32_t pmm_extended(uint32_t bytes, uint32_t align)
{
	uint32_t best = 0;

	for (unsigned i = 0; i < handoff.e820_count; i++) {
		const struct dfw_e820 *e = &handoff.e820[i];
		uint32_t bottom = e->base, top, at;

		if (e->type != 1 || e->base >> 32 || e->base < MIB)
			continue;
		top = (e->base + e->length) >> 32 ? -4096u : (uint32_t)(e->base + e->length);
		at = pmm_place(bottom, top, bytes, align);
		if (at > best)
			best = at;
	}
	return best;
}

static uint32_t pmm_allocate(uint32_t length, uint32_t handle, uint16_t flags)
{
	uint32_t bytes = length << 4, align = 16, at = 0;
	struct pmm_block *b = pmm_blocks;

	while (b < pmm_blocks + PMM_BLOCKS && b->bytes)
		b++;
	if (length > 0x0fffffff || b == pmm_blocks + PMM_BLOCKS)
		return 0;
	if (!length) { /* how much there is, in paragraphs: asked with no length */
		uint32_t step = 1u << 27;

		for (length = 0; step; step >>= 1) {
			bool fits = flags & PMM_EXTENDED ? pmm_extended((length + step) << 4, 16)
							 : pmm_place(LOW_FROM, LOW_TO, (length + step) << 4, 16);
			if (fits)
				length += step;
		}
		return length;
	}
	if (flags & PMM_ALIGNED) /* to the lowest power of two in the length */
		align = bytes & -bytes;
	if (flags & PMM_EXTENDED)
		at = pmm_extended(bytes, align);
	if (!at && flags & PMM_CONVENTIONAL)
		at = pmm_place(LOW_FROM, LOW_TO, bytes, align);
	if (at)
		*b = (struct pmm_block){handle, at, bytes};
	return at;
}

void handle_pmm(struct regs *r)
{
	/* the caller's stack, where entry.S keeps it; its far return address, then the arguments */
	uint32_t sp = *(uint32_t *)((uint8_t *)r + 46) + 4;
	uint16_t ss = *(uint16_t *)((uint8_t *)r + 50);
	uint16_t function = far_read16(ss, sp);
	uint32_t first = far_read32(ss, sp + 2), result = PMM_NONE;

	if (pmm_open && function == PMM_ALLOCATE)
		result = pmm_allocate(first, far_read32(ss, sp + 6), far_read16(ss, sp + 10));
	else if (pmm_open && function == PMM_FIND) {
		result = 0;
		for (unsigned i = 0; i < PMM_BLOCKS; i++)
			if (pmm_blocks[i].bytes && pmm_blocks[i].handle == first)
				result = pmm_blocks[i].address;
	} else if (pmm_open && function == PMM_DEALLOCATE) {
		for (unsigned i = 0; i < PMM_BLOCKS; i++)
			if (pmm_blocks[i].bytes && pmm_blocks[i].address == first) {
				pmm_blocks[i].bytes = 0;
				result = 0;
			}
	}
	r->dx = result >> 16;
	r->ax = result;
}

void pmm_set(bool open)
{
	pmm_open = open && handoff_valid;
	for (unsigned i = 0; open && i < PMM_BLOCKS; i++)
		pmm_blocks[i].bytes = 0;
}
