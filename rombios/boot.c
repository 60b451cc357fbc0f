/* SPDX-License-Identifier: MIT
 *
 * Boot: each device of the boot order in turn, told on the screen, and the end of the list told
 * with what was tried.
 */
#include <rombios/disk.h>

enum { BOOT_SECTOR_SEG = 0x07c0, CANDIDATES_MAX = 24, COUNT_NONE = 0xff };

static const char *const kind_names[] = {
    [DFW_BOOT_FLOPPY] = "floppy",
    [DFW_BOOT_DISK] = "disk",
    [DFW_BOOT_CDROM] = "CD-ROM",
    [DFW_BOOT_NETWORK] = "network",
};

/* The devices in the order in which they are tried, and why each failed. */
static struct candidate {
	uint8_t kind, number;
	const char *why; /* NULL: not tried, or started */
} candidates[CANDIDATES_MAX];
static uint8_t count, position; /* INT 18h goes on at position */

static unsigned count_of(uint8_t kind)
{
	/* clang-format off */
	switch (kind) {
	case DFW_BOOT_FLOPPY: return floppy_count() ? 1 : 0;
	case DFW_BOOT_DISK: return bda.disk_count; /* with those that option ROMs brought */
	case DFW_BOOT_CDROM: return cdrom_count();
	case DFW_BOOT_NETWORK: return boot_rom_count();
	default: return 0;
	}
	/* clang-format on */
}

static void add(uint8_t kind, uint8_t number)
{
	for (unsigned i = 0; i < count; i++)
		if (candidates[i].kind == kind && candidates[i].number == number)
			return;
	if (count < CANDIDATES_MAX)
		candidates[count++] = (struct candidate){kind, number, NULL};
}

static bool is_place(const struct disk *d, const struct dfw_boot_device *b)
{
	if (b->unit == DFW_BOOT_BY_BDF)
		return d->virtio && d->bdf == b->bdf;
	return !d->virtio && b->unit == ((d->base == 0x170) << 1 | (d->device >> 4 & 1));
}

/* A device that the host names by its place; nothing, where there is none there. */
static void add_device(const struct dfw_boot_device *b)
{
	if (b->kind == DFW_BOOT_FLOPPY && b->unit < floppy_count())
		add(DFW_BOOT_FLOPPY, b->unit);
	for (unsigned i = 0; b->kind == DFW_BOOT_DISK && i < disk_count(); i++)
		if (is_place(&disks[i], b))
			add(DFW_BOOT_DISK, i);
	for (unsigned i = 0; b->kind == DFW_BOOT_DISK && i < cdrom_count(); i++)
		if (is_place(&cdroms[i], b))
			add(DFW_BOOT_CDROM, i);
	for (unsigned i = 0; b->kind == DFW_BOOT_NETWORK && i < boot_rom_count(); i++)
		if (boot_rom_bdf(i) == b->bdf)
			add(DFW_BOOT_NETWORK, i);
}

static void list(void)
{
	static const uint8_t usual[8] = {DFW_BOOT_FLOPPY, DFW_BOOT_DISK, DFW_BOOT_CDROM, DFW_BOOT_NETWORK};
	const uint8_t *order = handoff_valid && handoff.boot_order[0] ? handoff.boot_order : usual;

	count = position = 0;
	for (unsigned i = 0; handoff_valid && i < DFW_BOOT_DEVICES_MAX && handoff.boot_device[i].kind; i++)
		add_device(&handoff.boot_device[i]);
	if (handoff_valid && handoff.boot_these_only)
		return;
	for (unsigned i = 0; i < sizeof(usual) && order[i] != DFW_BOOT_END; i++)
		for (unsigned n = 0; n < count_of(order[i]); n++)
			add(order[i], n);
}

/* The disk that the host wants to boot first is 80h, as systems expect that; and so on. */
static void sort_disks(void)
{
	unsigned front = 0;

	for (unsigned i = 0; handoff_valid && i < DFW_BOOT_DEVICES_MAX && handoff.boot_device[i].kind; i++)
		for (unsigned n = front; handoff.boot_device[i].kind == DFW_BOOT_DISK && n < disk_count(); n++)
			if (is_place(&disks[n], &handoff.boot_device[i])) {
				disk_to(n, front++);
				break;
			}
}

static bool uniform(uint16_t seg)
{
	uint16_t first = far_read16(seg, 0);

	for (uint16_t off = 2; off < 512; off += 2)
		if (far_read16(seg, off) != first)
			return false;
	return true;
}

static const char *read_error(uint8_t status)
{
	/* clang-format off */
	switch (status) {
	case 0x80:
	case 0x31: return "no medium in the drive, or it does not answer";
	case 0x06: return "the medium was changed";
	case 0x04: return "the boot sector was not found";
	default: return "read error";
	}
	/* clang-format on */
}

/* A boot sector to 0:7C00. Floppies need no signature, as DOS 1 had none. */
static const char *read_boot_sector(uint8_t dl, bool floppy)
{
	uint8_t status = 0;

	for (unsigned n = 0; n < 3; n++) {
		struct regs r = {0};

		r.ax = 0x0201;
		r.cx = 1;
		r.dl = dl;
		r.es = BOOT_SECTOR_SEG;
		call_interrupt(0x13, &r);
		if (!(r.flags & FLAG_CF)) {
			if (uniform(BOOT_SECTOR_SEG))
				return "the boot sector is empty";
			if (!floppy && far_read16(BOOT_SECTOR_SEG, 510) != 0xaa55)
				return "not bootable: no signature AA55 in its first sector";
			return NULL;
		}
		status = r.ah;
		r.ax = 0;
		call_interrupt(0x13, &r);
	}
	return read_error(status);
}

static _Noreturn void start(uint16_t seg, uint8_t dl)
{
	jump_far(seg == BOOT_SECTOR_SEG ? 0x7c00 : (uint32_t)seg << 16, dl);
}

static void describe(const struct candidate *c)
{
	char name[41];

	print("%s %u", kind_names[c->kind], (unsigned)c->number);
	if (c->kind == DFW_BOOT_NETWORK) {
		boot_rom_name(c->number, name, sizeof(name));
		print(": %s", name);
	} else if (c->kind == DFW_BOOT_DISK && c->number < disk_count()) {
		const struct disk *d = &disks[c->number];

		print(": %s, %lu MiB", d->virtio ? "virtio" : d->model, (unsigned long)(d->blocks >> 11));
	} else if (c->kind == DFW_BOOT_CDROM) {
		print(": %s", cdroms[c->number].model);
	}
}

static void try(struct candidate *c)
{
	uint16_t seg = BOOT_SECTOR_SEG;
	uint8_t dl = c->kind == DFW_BOOT_FLOPPY ? c->number : 0x80 + c->number;

	cdrom_emulation_off();
	print("Booting from %s %u...\n", kind_names[c->kind], (unsigned)c->number);
	if (c->kind == DFW_BOOT_NETWORK) {
		c->why = "it had nothing to boot";
		boot_rom_start(c->number);
		enable();
	} else if (c->kind == DFW_BOOT_CDROM) {
		c->why = cdrom_boot(c->number, &seg, &dl);
	} else {
		c->why = read_boot_sector(dl, c->kind == DFW_BOOT_FLOPPY);
	}
	if (!c->why) {
		c->why = "its boot program gave up (INT 18h)";
		start(seg, dl);
	}
	print("  %s\n", c->why);
}

static uint16_t key(void)
{
	struct regs r = {.eax = 0x1000}; /* F12 is a key of the enhanced functions only */

	call_interrupt(0x16, &r);
	return r.ax;
}

static bool key_waits(void)
{
	struct regs r = {.eax = 0x1100};

	call_interrupt(0x16, &r);
	return !(r.flags & FLAG_ZF);
}

static void nothing_left(void)
{
	print("\nNo bootable device.");
	print(count ? " These were tried:\n" : " There is none.\n");
	for (unsigned i = 0; i < count; i++)
		print("  %s %u: %s\n", kind_names[candidates[i].kind], (unsigned)candidates[i].number,
		      candidates[i].why ? candidates[i].why : "not tried");
	print("Insert or attach a bootable medium, and press a key to try again.\n");
	key();
}

enum { KEY_F12 = 0x8600, KEY_ESC = 0x011b };

/* Digits and letters choose; Esc goes on as usual. */
static void menu(void)
{
	uint32_t wait = (handoff.menu_wait_ms ? handoff.menu_wait_ms : 3000u) * 10;
	uint16_t pressed = 0;

	print("Press F12 or Esc for the boot menu.\n");
	for (; wait && !key_waits(); wait--)
		wait_microseconds(100);
	while (pressed != KEY_F12 && pressed != KEY_ESC) {
		if (!key_waits())
			return;
		pressed = key();
	}
	print("\nBoot from:\n");
	for (unsigned i = 0; i < count; i++) {
		print("  %c  ", (int)(i < 9 ? '1' + i : 'a' + i - 9));
		describe(&candidates[i]);
		print("\n");
	}
	print("Esc as usual\n");
	for (;;) {
		unsigned n = COUNT_NONE;
		uint8_t c;

		pressed = key();
		c = pressed;
		if (pressed == KEY_ESC)
			return;
		if (c >= '1' && c <= '9')
			n = c - '1';
		else if (c >= 'a' && c <= 'z')
			n = c - 'a' + 9;
		if (n < count) {
			struct candidate chosen = candidates[n];

			/* the others come behind it */
			for (; n; n--)
				candidates[n] = candidates[n - 1];
			candidates[0] = chosen;
			return;
		}
	}
}

void boot_next(void)
{
	stacks_init();
	if (position)
		print("The boot program gave up (INT 18h).\n");
	enable();
	for (;;) {
		while (position < count)
			try(&candidates[position++]);
		nothing_left();
		list();
	}
}

void boot(void)
{
	list();
	boot_next();
}

void boot_first(void)
{
	sort_disks();
	list();
	if (handoff_valid && handoff.flags & DFW_FLAG_BOOT_MENU) {
		enable();
		menu();
	}
	boot_next();
}
