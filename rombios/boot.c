/* SPDX-License-Identifier: MIT
 *
 * Boot: each device of the boot order in turn, told on the screen, and the end of the list told
 * with what was tried.
 */
#include <rombios/rombios.h>

enum { BOOT_SECTOR_SEG = 0x07c0, TRIES_MAX = 16, NO_NUMBER = 0xff };

static const char *const kind_names[] = {
    [DFW_BOOT_FLOPPY] = "floppy",
    [DFW_BOOT_DISK] = "disk",
    [DFW_BOOT_CDROM] = "CD-ROM",
    [DFW_BOOT_NETWORK] = "network",
};

/* What was tried and why it failed, for the end of the list. */
static struct {
	uint8_t kind, number;
	const char *why;
} tried[TRIES_MAX];
static uint8_t tries;

/* Where INT 18h goes on: place in the boot order, device of that kind. */
static uint8_t position, device;

static void note(uint8_t kind, uint8_t number, const char *why)
{
	if (tries < TRIES_MAX) {
		tried[tries].kind = kind;
		tried[tries].number = number;
		tried[tries++].why = why;
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

static unsigned count_of(uint8_t kind)
{
	/* clang-format off */
	switch (kind) {
	case DFW_BOOT_FLOPPY: return floppy_count() ? 1 : 0;
	case DFW_BOOT_DISK: return disk_count();
	case DFW_BOOT_CDROM: return cdrom_count();
	default: return 0;
	}
	/* clang-format on */
}

static _Noreturn void start(uint16_t seg, uint8_t dl)
{
	jump_far(seg == BOOT_SECTOR_SEG ? 0x7c00 : (uint32_t)seg << 16, dl);
}

static void try(uint8_t kind, uint8_t number)
{
	uint16_t seg = BOOT_SECTOR_SEG;
	uint8_t dl = kind == DFW_BOOT_FLOPPY ? number : 0x80 + number;
	const char *why;

	cdrom_emulation_off();
	print("Booting from %s %u...\n", kind_names[kind], (unsigned)number);
	if (kind == DFW_BOOT_CDROM)
		why = cdrom_boot(number, &seg, &dl);
	else
		why = read_boot_sector(dl, kind == DFW_BOOT_FLOPPY);
	if (!why)
		start(seg, dl);
	print("  %s\n", why);
	note(kind, number, why);
}

static void nothing_left(void)
{
	struct regs r = {0};

	print("\nNo bootable device.");
	print(tries ? " These were tried:\n" : " The boot order is empty.\n");
	for (unsigned i = 0; i < tries; i++) {
		print("  %s", kind_names[tried[i].kind]);
		if (tried[i].number != NO_NUMBER)
			print(" %u", (unsigned)tried[i].number);
		print(": %s\n", tried[i].why);
	}
	print("Insert or attach a bootable medium, and press a key to try again.\n");
	call_interrupt(0x16, &r);
	tries = 0;
}

void boot_next(void)
{
	static const uint8_t usual[] = {DFW_BOOT_FLOPPY, DFW_BOOT_DISK, DFW_BOOT_CDROM,
					DFW_BOOT_END};
	const uint8_t *order = handoff_valid && handoff.boot_order[0] ? handoff.boot_order : usual;

	stacks_init();
	if (tries || position || device)
		print("The boot program gave up (INT 18h).\n");
	enable();
	for (;;) {
		for (; position < sizeof(handoff.boot_order) && order[position] != DFW_BOOT_END;
		     position++, device = 0) {
			if (order[position] >= sizeof(kind_names) / sizeof(kind_names[0]))
				continue;
			if (!count_of(order[position]))
				note(order[position], NO_NUMBER, "there is none");
			while (device < count_of(order[position]))
				try(order[position], device++);
		}
		nothing_left();
		position = device = 0;
	}
}

void boot(void)
{
	position = device = tries = 0;
	boot_next();
}
