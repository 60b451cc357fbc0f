/* SPDX-License-Identifier: MIT
 *
 * Floppy drives: the 82077AA behind DMA channel 2 and IRQ 6, INT 40h and, for drives below 80h,
 * INT 13h. References: Intel 82077AA data sheet; AT Technical Reference, diskette BIOS.
 */
#include <rombios/disk.h>

enum { DOR = 0x3f2, MSR = 0x3f4, FIFO = 0x3f5, DIR_CCR = 0x3f7 };
enum { MSR_RQM = 0x80, MSR_DIO = 0x40 };
enum { CMD_SPECIFY = 0x03, CMD_RECALIBRATE = 0x07, CMD_SENSE_INTERRUPT = 0x08, CMD_SEEK = 0x0f,
       CMD_READ = 0xe6, CMD_WRITE = 0xc5, CMD_FORMAT = 0x4d };
enum { FLOPPY_MAX = 2, MOTOR_TICKS = 37, IRQ_TIMEOUT_TICKS = 37, READY_TRIES = 5000 };

/* By CMOS type: what the drive holds at most, and the data rates its media come in, best first. */
static const struct drive_type {
	uint8_t cylinders, sectors;
	uint8_t rates[3]; /* DIR_CCR values: 0 500, 1 300, 2 250, 3 1000 kbit/s; FFh ends */
	uint8_t change_line;
} drive_types[] = {
	[1] = {40, 9, {2, 0xff, 0xff}, 0},
	[2] = {80, 15, {0, 1, 2}, 1},
	[3] = {80, 9, {2, 0xff, 0xff}, 1},
	[4] = {80, 18, {0, 2, 0xff}, 1},
	[5] = {80, 36, {3, 0, 2}, 1},
	[6] = {80, 36, {3, 0, 2}, 1},
};

/* INT 1Eh tables for each type: step and head-load times, motor ticks, sector size, EOT, gaps, fill,
 * settle, motor start (AT Technical Reference). */
static const uint8_t parameters[][11] = {
	[1] = {0xdf, 0x02, 0x25, 0x02, 9, 0x2a, 0xff, 0x50, 0xf6, 0x0f, 0x08},
	[2] = {0xdf, 0x02, 0x25, 0x02, 15, 0x1b, 0xff, 0x54, 0xf6, 0x0f, 0x08},
	[3] = {0xdf, 0x02, 0x25, 0x02, 9, 0x2a, 0xff, 0x50, 0xf6, 0x0f, 0x08},
	[4] = {0xaf, 0x02, 0x25, 0x02, 18, 0x1b, 0xff, 0x6c, 0xf6, 0x0f, 0x08},
	[5] = {0xaf, 0x02, 0x25, 0x02, 36, 0x1b, 0xff, 0x53, 0xf6, 0x0f, 0x08},
	[6] = {0xaf, 0x02, 0x25, 0x02, 36, 0x1b, 0xff, 0x53, 0xf6, 0x0f, 0x08},
};

uint8_t disk_buffer[DISK_BUFFER_SIZE] __attribute__((aligned(16)));
static uint8_t drives_found;

const uint8_t *floppy_parameters(uint8_t type)
{
	return parameters[type];
}

unsigned floppy_count(void)
{
	return drives_found;
}

static uint8_t type_of(uint8_t drive)
{
	uint8_t types = cmos_read(0x10), type = drive ? types & 15 : types >> 4;

	return drive < FLOPPY_MAX && type <= 6 ? type : 0;
}

/* Byte n of the caller's diskette parameter table. */
static uint8_t table(unsigned n)
{
	uint32_t vector = far_read32(0, 0x1e * 4);

	return far_read8(vector >> 16, vector + n);
}

static bool put(uint8_t v)
{
	for (unsigned n = 0; n < READY_TRIES; n++) {
		if ((inb(MSR) & (MSR_RQM | MSR_DIO)) == MSR_RQM) {
			outb(FIFO, v);
			return true;
		}
		wait_microseconds(10);
	}
	return false;
}

static bool get(uint8_t *v)
{
	for (unsigned n = 0; n < READY_TRIES; n++) {
		if ((inb(MSR) & (MSR_RQM | MSR_DIO)) == (MSR_RQM | MSR_DIO)) {
			*v = inb(FIFO);
			return true;
		}
		wait_microseconds(10);
	}
	return false;
}

static bool send(const uint8_t *bytes, unsigned n)
{
	while (n--)
		if (!put(*bytes++))
			return false;
	return true;
}

/* 40:90, 91: bits 7-6 data rate; 2-0 what the medium is (AT Technical Reference, diskette BIOS) */
enum { MEDIA_TWO_STEPS = 0x20, MEDIA_KNOWN = 0x10 };

static uint8_t media_kind(uint8_t type, uint8_t rate)
{
	if (type == 1)
		return 3; /* 360 KB in its drive */
	if (type == 2)
		return rate ? 4 : 5; /* 360 KB, 1.2 MB in a 1.2 MB drive */
	return 7;
}

static void expect_irq(void)
{
	bda.floppy_recalibrate &= 0x7f;
}

static uint8_t clock_second(void)
{
	uint8_t bcd = cmos_read(0);

	return (bcd >> 4) * 10 + (bcd & 15);
}

/* Is it two seconds since? Ticks come faster where a program has set the timer so. */
static bool two_seconds(uint32_t ticks, uint8_t second)
{
	return bda.ticks - ticks > IRQ_TIMEOUT_TICKS && (clock_second() + 60 - second) % 60 >= 2;
}

/* Waits for IRQ 6, about two seconds at most. */
static bool wait_irq(void)
{
	uint32_t start = bda.ticks;
	uint8_t second = clock_second();
	bool timer = !(inb(0x21) & 1);
	unsigned n = 40000;

	for (;;) {
		disable();
		bda.floppy_motor_counter = 0xff; /* ticks that come fast do not turn it off meanwhile */
		if (bda.floppy_recalibrate & 0x80)
			break;
		if (timer ? two_seconds(start, second) : !n--)
			return enable(), false;
		if (timer) {
			asm volatile("sti\n\thlt" : : : "memory");
		} else {
			enable();
			wait_microseconds(50);
		}
	}
	bda.floppy_recalibrate &= 0x7f;
	enable();
	return true;
}

/* IRQ 6 */
void handle_0e(struct regs *r)
{
	struct regs post = {.eax = 0x9101};

	bda.floppy_recalibrate |= 0x80;
	eoi_master();
	call_interrupt(0x15, &post);
}

static uint8_t reset_controller(void)
{
	uint8_t ignored;

	bda.floppy_recalibrate &= 0x70; /* no drive is recalibrated any more */
	outb(DOR, 0x08);
	wait_microseconds(4);
	expect_irq();
	outb(DOR, 0x0c | (bda.floppy_motor & 3) << 4);
	if (!wait_irq())
		return DISK_TIMEOUT;
	for (unsigned n = 0; n < 4; n++) /* one for each drive's ready line */
		if (!put(CMD_SENSE_INTERRUPT) || !get(&ignored) || !get(&ignored))
			return DISK_CONTROLLER;
	if (!put(CMD_SPECIFY) || !put(table(0)) || !put(table(1)))
		return DISK_CONTROLLER;
	return DISK_OK;
}

static void motor_on(uint8_t drive)
{
	disable();
	bda.floppy_motor_counter = 0xff;
	bda.floppy_motor = (bda.floppy_motor & 0xf0) | 1 << drive;
	outb(DOR, 0x0c | 0x10 << drive | drive);
	enable();
}

/* Seeks, recalibrating first where that is due. */
static uint8_t seek(uint8_t drive, uint8_t cylinder, uint8_t head)
{
	uint8_t st0, at;

	if (bda.floppy_media[drive] & MEDIA_TWO_STEPS)
		cylinder *= 2;

	for (unsigned tries = 0; !(bda.floppy_recalibrate & 1 << drive); tries++) {
		const uint8_t recalibrate[] = {CMD_RECALIBRATE, drive};

		if (tries == 2)
			return DISK_SEEK;
		expect_irq();
		if (!send(recalibrate, sizeof(recalibrate)) || !wait_irq())
			return DISK_TIMEOUT;
		if (!put(CMD_SENSE_INTERRUPT) || !get(&st0) || !get(&at))
			return DISK_CONTROLLER;
		if ((st0 & 0xe0) == 0x20 && !at) {
			bda.floppy_recalibrate |= 1 << drive;
			bda.floppy_cylinder[drive] = 0;
		}
	}
	if (bda.floppy_cylinder[drive] != cylinder) {
		const uint8_t to[] = {CMD_SEEK, head << 2 | drive, cylinder};

		expect_irq();
		if (!send(to, sizeof(to)) || !wait_irq())
			return DISK_TIMEOUT;
		if (!put(CMD_SENSE_INTERRUPT) || !get(&st0) || !get(&at))
			return DISK_CONTROLLER;
		if ((st0 & 0xe0) != 0x20 || at != cylinder) {
			bda.floppy_recalibrate &= ~(1 << drive);
			return DISK_SEEK;
		}
		bda.floppy_cylinder[drive] = cylinder;
	}
	return DISK_OK;
}

/* Programs channel 2; a block may not cross 64 KiB. mode: 46h to memory, 4Ah from it, 42h verify */
static uint8_t dma_setup(uint16_t seg, uint16_t off, uint16_t bytes, uint8_t mode)
{
	uint32_t address = ((uint32_t)seg << 4) + off;
	uint16_t last = bytes - 1;

	if ((uint16_t)address + (uint32_t)last > 0xffff)
		return DISK_DMA_BOUNDARY;
	disable();
	outb(0x0a, 6);
	outb(0x0c, 0);
	outb(0x0b, mode);
	outb(0x04, address);
	outb(0x04, address >> 8);
	outb(0x81, address >> 16);
	outb(0x0c, 0);
	outb(0x05, last);
	outb(0x05, last >> 8);
	outb(0x0a, 2);
	enable();
	return DISK_OK;
}

/* Status of a command from its result bytes, 82077AA, 6.1 */
static uint8_t result_status(const uint8_t st[7])
{
	if (!(st[0] & 0xc0))
		return DISK_OK;
	if (st[0] & 0x08)
		return DISK_TIMEOUT;
	if (st[1] & 0x02)
		return DISK_WRITE_PROTECTED;
	if (st[1] & 0x20)
		return DISK_CRC;
	if (st[1] & 0x10)
		return DISK_DMA_OVERRUN;
	if (st[1] & 0x04)
		return DISK_NOT_FOUND;
	if (st[1] & 0x01 || st[2] & 0x01)
		return DISK_NO_ADDRESS_MARK;
	if (st[2] & 0x80)
		return DISK_NOT_FOUND;
	return DISK_CONTROLLER;
}

static uint8_t run(uint8_t drive, const uint8_t *command, unsigned n)
{
	uint8_t st[7];

	expect_irq();
	if (!send(command, n))
		return DISK_CONTROLLER;
	if (!wait_irq()) {
		reset_controller();
		return DISK_TIMEOUT;
	}
	for (unsigned i = 0; i < 7; i++) {
		if (!get(&st[i]))
			return DISK_CONTROLLER;
		bda.floppy_result[i] = st[i];
	}
	return result_status(st);
}

/* A changed medium: notes it, and clears the line by a step there and back. */
static bool medium_changed(uint8_t drive)
{
	if (!drive_types[type_of(drive)].change_line || !(inb(DIR_CCR) & 0x80))
		return false;
	bda.floppy_media[drive] &= ~(MEDIA_KNOWN | MEDIA_TWO_STEPS);
	bda.floppy_recalibrate &= ~(1 << drive);
	seek(drive, 1, 0);
	seek(drive, 0, 0);
	return true;
}

enum direction { TO_MEMORY, FROM_MEMORY, NOWHERE };

/* For DMA where the caller's memory may be elsewhere: here the pages are themselves. */
static uint8_t bounce[512] __attribute__((aligned(512)));

static uint8_t move_direct(const struct regs *r, enum direction direction)
{
	static const uint8_t modes[] = {0x46, 0x4a, 0x42};
	uint8_t drive = r->dl, eot = table(4);
	uint8_t command[9] = {direction == FROM_MEMORY ? CMD_WRITE : CMD_READ, r->dh << 2 | drive, r->ch,
			      r->dh, r->cl, table(3), eot, table(5), table(6)};
	uint8_t status;

	/* longer tracks than the table knows; on head 0 the controller goes on with head 1 */
	if (r->cl > eot || (r->dh && r->cl + r->al - 1 > eot))
		command[6] = r->cl + r->al - 1;
	status = dma_setup(r->es, r->bx, r->al * 512, modes[direction]);
	if (!status)
		status = seek(drive, r->ch, r->dh);
	if (!status)
		status = run(drive, command, sizeof(command));
	return status;
}

static uint8_t move_once(const struct regs *r, enum direction direction)
{
	struct regs one = *r;
	uint16_t at = r->bx, buffer = (uint16_t)(uint32_t)bounce;
	uint8_t status = DISK_OK;

	if (direction == NOWHERE || !in_protected_mode())
		return move_direct(r, direction);
	one.es = BIOS_SEG;
	one.bx = buffer;
	one.al = 1;
	for (unsigned n = 0; n < r->al && !status; n++, at += 512, one.cl++) {
		if (!one.dh && r->cl <= table(4) && one.cl > table(4)) {
			one.dh = 1;
			one.cl = 1;
		}
		if (direction == FROM_MEMORY)
			far_copy(BIOS_SEG, buffer, r->es, at, 512);
		status = move_direct(&one, direction);
		if (direction == TO_MEMORY && !status)
			far_copy(r->es, at, BIOS_SEG, buffer, 512);
	}
	return status;
}

/* Reads, writes or verifies; finds the data rate of a medium that is new. */
static uint8_t move(struct regs *r, enum direction direction)
{
	uint8_t drive = r->dl;
	uint8_t type = type_of(drive);
	const struct drive_type *t = &drive_types[type];
	uint8_t status = DISK_NOT_FOUND;

	if (!r->al || r->al > 72 || !r->cl || r->dh > 1)
		return DISK_BAD_COMMAND;
	if (r->ch >= t->cylinders + 4)
		return DISK_NOT_FOUND;
	enable();
	motor_on(drive);
	if (medium_changed(drive)) {
		bda.floppy_motor_counter = MOTOR_TICKS;
		return inb(DIR_CCR) & 0x80 ? DISK_TIMEOUT : DISK_CHANGED;
	}
	for (unsigned i = 0; i < 3; i++) {
		uint8_t rate = bda.floppy_media[drive] & 0x10 ? bda.floppy_media[drive] >> 6 : t->rates[i];

		if (rate > 3)
			break;
		outb(DIR_CCR, rate);
		status = move_once(r, direction);
		/* a medium of 40 cylinders in a drive of 80: two steps a cylinder, where the drive is real */
		if (type == 2 && rate && r->ch && r->ch < 42 &&
		    (status == DISK_NOT_FOUND || status == DISK_NO_ADDRESS_MARK)) {
			bda.floppy_media[drive] ^= MEDIA_TWO_STEPS;
			if (move_once(r, direction))
				bda.floppy_media[drive] ^= MEDIA_TWO_STEPS;
			else
				status = DISK_OK;
		}
		if (!status) {
			bda.floppy_media[drive] = rate << 6 | (bda.floppy_media[drive] & MEDIA_TWO_STEPS) |
						  MEDIA_KNOWN | media_kind(type, rate);
			bda.floppy_data_rate = rate << 6;
		}
		if ((bda.floppy_media[drive] & 0x10) ||
		    (status != DISK_NO_ADDRESS_MARK && status != DISK_NOT_FOUND && status != DISK_CRC))
			break;
	}
	bda.floppy_motor_counter = table(2);
	return status;
}

static uint8_t handle_4005(struct regs *r) /* format a track */
{
	uint8_t drive = r->dl, n = table(4);
	uint8_t command[6] = {CMD_FORMAT, r->dh << 2 | drive, table(3), n, table(7), table(8)};
	uint8_t status;

	if (r->dh > 1)
		return DISK_BAD_COMMAND;
	enable();
	motor_on(drive);
	if (medium_changed(drive))
		return DISK_CHANGED;
	outb(DIR_CCR, bda.floppy_media[drive] & 0x10 ? bda.floppy_media[drive] >> 6 : drive_types[type_of(drive)].rates[0]);
	if (in_protected_mode() && n * 4u <= sizeof(bounce)) {
		far_copy(BIOS_SEG, (uint16_t)(uint32_t)bounce, r->es, r->bx, n * 4);
		status = dma_setup(BIOS_SEG, (uint16_t)(uint32_t)bounce, n * 4, 0x4a);
	} else {
		status = dma_setup(r->es, r->bx, n * 4, 0x4a);
	}
	if (!status)
		status = seek(drive, r->ch, r->dh);
	if (!status)
		status = run(drive, command, sizeof(command));
	bda.floppy_motor_counter = table(2);
	return status;
}

/* AH=08h: a drive that is not there has type 0 and everything zero */
static uint8_t handle_4008(struct regs *r)
{
	uint8_t type = type_of(r->dl);

	r->ax = r->bx = r->cx = r->dx = 0;
	r->es = r->di = 0;
	r->dl = floppy_count();
	if (!type)
		return DISK_OK;
	r->bl = type;
	r->ch = drive_types[type].cylinders - 1;
	r->cl = drive_types[type].sectors;
	r->dh = 1;
	r->es = 0xf000;
	r->di = 0xefc7;
	if (type != 4) {
		r->es = BIOS_SEG;
		r->di = (uint16_t)(uint32_t)floppy_parameters(type);
	}
	return DISK_OK;
}

static uint8_t handle_4016(struct regs *r)
{
	if (!drive_types[type_of(r->dl)].change_line)
		return DISK_CHANGED;
	motor_on(r->dl);
	bda.floppy_motor_counter = MOTOR_TICKS;
	return inb(DIR_CCR) & 0x80 ? DISK_CHANGED : DISK_OK;
}

/* AH=17h: what a format will make: 1 360 KB in its drive, 2 in a 1.2 MB drive, 3 1.2 MB, 4 720 KB */
static uint8_t handle_4017(struct regs *r)
{
	static const uint8_t state[] = {0, 2 << 6 | MEDIA_KNOWN | 3, 1 << 6 | MEDIA_KNOWN | 4,
					0 << 6 | MEDIA_KNOWN | 5, 2 << 6 | MEDIA_KNOWN | 7};

	if (!r->al || r->al >= sizeof(state))
		return DISK_BAD_COMMAND;
	motor_on(r->dl);
	bda.floppy_motor_counter = MOTOR_TICKS;
	if (medium_changed(r->dl))
		return DISK_CHANGED;
	bda.floppy_media[r->dl] = state[r->al];
	return DISK_OK;
}

/* AH=18h: the medium for a format of CH cylinders, CL sectors */
static uint8_t handle_4018(struct regs *r)
{
	uint8_t type = type_of(r->dl), cylinders = r->ch + 1, sectors = r->cl & 0x3f;

	for (uint8_t medium = 1; medium <= 6; medium++) {
		const struct drive_type *m = &drive_types[medium];

		if (m->cylinders != cylinders || m->sectors != sectors || sectors > drive_types[type].sectors)
			continue;
		r->es = BIOS_SEG;
		r->di = (uint16_t)(uint32_t)floppy_parameters(medium);
		bda.floppy_media[r->dl] = (medium == 1 && type == 2 ? 1 : m->rates[0]) << 6 | 0x10;
		return DISK_OK;
	}
	return DISK_BAD_MEDIA_TYPE;
}

void handle_40(struct regs *r)
{
	uint8_t status, function = r->ah;

	if (function == 0x01) {
		status = bda.floppy_status;
		r->ah = status;
		set_cf(r, status != 0);
		return;
	}
	if (function == 0x08) {
		bool there = r->dl < 0x80;

		status = there ? handle_4008(r) : DISK_BAD_COMMAND;
	} else if (function == 0x15) { /* 0 none, 1 without, 2 with a change line */
		uint8_t type = type_of(r->dl);

		bda.floppy_status = 0;
		r->ah = !type ? 0 : 1 + drive_types[type].change_line;
		set_cf(r, false);
		return;
	} else if (!type_of(r->dl)) {
		status = function ? DISK_TIMEOUT : DISK_BAD_COMMAND;
		if (!function)
			status = reset_controller();
	} else {
		switch (function) {
		case 0x00: enable(); status = reset_controller(); break;
		case 0x02: status = move(r, TO_MEMORY); break;
		case 0x03: status = move(r, FROM_MEMORY); break;
		case 0x04: status = move(r, NOWHERE); break;
		case 0x05: status = handle_4005(r); break;
		case 0x16: status = handle_4016(r); break;
		case 0x17: status = handle_4017(r); break;
		case 0x18: status = handle_4018(r); break;
		default: status = DISK_BAD_COMMAND;
		}
		if (function >= 2 && function <= 4 && status)
			r->al = 0;
	}
	bda.floppy_status = status;
	r->ah = status;
	set_cf(r, status != 0);
}

void floppy_init(void)
{
	drives_found = 0;
	for (unsigned drive = 0; drive < FLOPPY_MAX; drive++)
		if (type_of(drive))
			drives_found++;
	if (!drives_found)
		return;
	/* what reads past a track go by until the system says better: drive A's best medium */
	if (type_of(0) && type_of(0) != 4)
		far_write32(0, 0x1e * 4, (uint32_t)BIOS_SEG << 16 | (uint16_t)(uint32_t)floppy_parameters(type_of(0)));
	bda.floppy_info = 0x77;
	if (reset_controller()) {
		print("floppy controller does not answer\n");
		drives_found = 0;
	}
}
