/* SPDX-License-Identifier: MIT
 *
 * A guest program for faults.t: a disk 80h of 300 GiB whose sector 100 cannot be read and whose sector 200
 * cannot be written, a disk 81h, a virtio disk 82h, and a CD. It asks QEMU's monitor to make them silent
 * or take them away.
 */
#include <tests/rombios/guest.h>

static uint8_t buffer[8 * 512];
static struct __attribute__((packed)) {
	uint8_t size, reserved;
	uint16_t count, off, seg;
	uint64_t lba;
} packet;

static bool cf(void)
{
	return out.flags & CF;
}

static uint8_t ah(void)
{
	return out.eax >> 8;
}

static void edd(uint16_t ax, uint8_t drive, uint16_t count, uint64_t lba, unsigned odd)
{
	packet.size = 16;
	packet.reserved = 0;
	packet.count = count;
	packet.off = (uint16_t)(uint32_t)buffer + odd;
	packet.seg = GUEST_SEG;
	packet.lba = lba;
	prepare(ax);
	in.edx = drive;
	in.esi = (uint16_t)(uint32_t)&packet;
	in.ds = GUEST_SEG;
	may.eax = 0xffff;
	may.flags = CF;
	CALL(0x13);
}

static void test_far(void)
{
	static const uint64_t at[] = {0x0ffffffe, 0x0fffffff, 0x10000000, 0x10000001, 629145599};

	begin("beyond 137 GB: sectors on both sides of 2^28, across it, and the last one");
	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		for (unsigned b = 0; b < 512; b++)
			buffer[b] = at[i] + b * 3;
		edd(0x4300, 0x80, 1, at[i], 0);
		EXPECT(!cf());
	}
	for (unsigned odd = 0; odd < 2; odd++) {
		edd(0x4200, 0x80, 4, 0x0ffffffe, odd);
		EXPECT(!cf());
		SAME(packet.count, 4);
		for (unsigned b = 0; b < 4 * 512; b++)
			if (buffer[b + odd] != (uint8_t)(at[b / 512] + b % 512 * 3))
				SAME(buffer[b + odd], (uint8_t)(at[b / 512] + b % 512 * 3));
		edd(0x4200, 0x80, 1, 629145599, odd);
		EXPECT(!cf());
		SAME(buffer[odd + 1], (uint8_t)(629145599 + 3));
	}
	edd(0x4200, 0x80, 2, 629145599, 0);
	EXPECT(cf());
	SAME(ah(), 4);
	SAME(packet.count, 0);
	edd(0x4200, 0x80, 1, 0xffffffffffffffffull, 0);
	EXPECT(cf());
	SAME(ah(), 4);
	edd(0x4400, 0x80, 4, 0x0ffffffe, 0);
	EXPECT(!cf());
	end();

	begin("08h says the most that it can: 1024 cylinders, 255 heads, 63 sectors; 15h the same");
	prepare(0x0800);
	in.edx = 0x80;
	may.eax = may.ebx = may.ecx = may.edx = 0xffff;
	may.flags = CF;
	CALL(0x13);
	SAME(out.ecx & 0xffff, 0xffff);
	SAME(out.edx >> 8 & 0xff, 254);
	prepare(0x1500);
	in.edx = 0x80;
	may.eax = may.ecx = may.edx = 0xffff;
	may.flags = CF;
	CALL(0x13);
	SAME((out.ecx & 0xffff) << 16 | (out.edx & 0xffff), 1024 * 255 * 63);
	end();
}

static void test_bad_sector(void)
{
	begin("a sector that cannot be read: those before it are moved and counted; the disk goes on");
	for (unsigned odd = 0; odd < 2; odd++) {
		for (unsigned b = 0; b < sizeof(buffer); b++)
			buffer[b] = 0xcc;
		edd(0x4200, 0x80, 7, 96, odd);
		EXPECT(cf());
		EXPECT(ah() == 0x01 || ah() == 0x10); /* QEMU says ABRT: bad command; or UNC: 10h */
		SAME(packet.count, 4);
		SAME(buffer[odd], 0);
		SAME(buffer[odd + 3 * 512], 0);
		SAME(buffer[odd + 4 * 512], 0xcc);
		SAME(buffer[odd + 6 * 512], 0xcc);
		edd(0x4200, 0x80, 4, 96, odd);
		EXPECT(!cf());
		edd(0x4200, 0x80, 4, 101, odd);
		EXPECT(!cf());
	}
	prepare(0x0100);
	in.edx = 0x80;
	may.eax = 0xffff;
	may.flags = CF;
	CALL(0x13);
	SAME(ah(), 0);
	end();

	begin("a sector that cannot be written: those before it are; the disk goes on");
	for (unsigned odd = 0; odd < 2; odd++) {
		for (unsigned b = 0; b < sizeof(buffer); b++)
			buffer[b] = 0x11 + odd;
		edd(0x4300, 0x80, 4, 198, odd);
		EXPECT(cf());
		EXPECT(ah());
		SAME(packet.count, 2);
		edd(0x4300, 0x80, 2, 202, odd);
		EXPECT(!cf());
		edd(0x4200, 0x80, 1, 199, odd);
		EXPECT(!cf());
		SAME(buffer[odd], 0x11 + odd);
	}
	end();
}

/* Has QEMU's monitor do this; the script hands it on, and tells by COM1's scratch register when it is done. */
static void ask_monitor(const char *what, const char *drive, const char *arguments)
{
	outb(0x3ff, 0);
	put_text("monitor ");
	put_text(what);
	put_text(drive);
	put_text(arguments);
	put_text("\n");
	while (inb(0x3ff) != 0x5a)
		;
}

static void status_is(uint8_t drive, uint8_t want)
{
	prepare(0x0100);
	in.edx = drive;
	may.eax = 0xffff;
	may.flags = CF;
	CALL(0x13);
	SAME(ah(), want);
}

static void reset(uint8_t drive, uint8_t want)
{
	prepare(0x0000);
	in.edx = drive;
	may.eax = 0xffff;
	may.flags = CF;
	CALL(0x13);
	SAME(ah(), want);
	SAME(cf(), want != 0);
}

static void fill(uint8_t v)
{
	for (unsigned b = 0; b < sizeof(buffer); b++)
		buffer[b] = v;
}

static bool all(uint8_t v)
{
	for (unsigned b = 0; b < sizeof(buffer); b++)
		if (buffer[b] != v)
			return false;
	return true;
}

/* A disk that takes a command and never ends it: a limit of a byte a second, and some bytes read. */
static void test_silent(const char *name, uint8_t drive, const char *backend)
{
	bool cd = drive >= 0xe0;

	begin(name);
	edd(0x4200, drive, 1, 16, 0);
	EXPECT(!cf());
	ask_monitor("block_set_io_throttle ", backend, " 1 0 0 0 0 0");
	edd(0x4200, drive, 1, 17, 0); /* still goes through */
	EXPECT(!cf());
	for (unsigned kind = 0; kind < (cd ? 1 : 3); kind++) {
		static const uint16_t functions[] = {0x4200, 0x4200, 0x4300};

		fill(0xcc);
		edd(functions[kind], drive, 1, 18, kind == 1); /* odd: not by the bus master */
		EXPECT(cf());
		SAME(ah(), 0x80);
		SAME(packet.count, 0);
		SAME(BDA8(0x74), 0x80);
		status_is(drive, 0x80);
		fill(0xcc); /* QEMU ends what it is told to abandon before it goes on; later nothing may come */
		reset(drive, 0);
		EXPECT(all(0xcc));
	}
	ask_monitor("block_set_io_throttle ", backend, " 0 0 0 0 0 0");
	EXPECT(all(0xcc)); /* nothing comes late */
	for (unsigned odd = 0; odd < 2; odd++) {
		edd(0x4200, drive, 1, 16, odd);
		EXPECT(!cf());
		SAME(packet.count, 1);
		SAME(buffer[odd], cd ? 1 : '1');
	}
	end();
}

static void test_vanished(void)
{
	begin("a disk that loses what it stands on reports errors, with the bus master and without");
	ask_monitor("drive_del ", "slow", "");
	for (unsigned odd = 0; odd < 2; odd++) {
		fill(0xcc);
		edd(0x4200, 0x81, 4, 16, odd);
		EXPECT(cf());
		EXPECT(ah());
		SAME(packet.count, 0);
		EXPECT(all(0xcc));
		reset(0x81, 0);
	}
	edd(0x4200, 0x80, 1, 96, 0); /* the other one on the channel */
	EXPECT(!cf());
	end();

	begin("a virtio disk that is pulled out: 20h, a reset 05h");
	outl(0xae10, 0); /* bus 0 */
	outl(0xae08, 1 << 9); /* ejects slot 9 (QEMU, ACPI PCI hot-plug) */
	for (unsigned odd = 0; odd < 2; odd++) {
		fill(0xcc);
		edd(0x4200, 0x82, 4, 16, odd);
		EXPECT(cf());
		SAME(ah(), 0x20);
		SAME(packet.count, 0);
		EXPECT(all(0xcc));
		reset(0x82, 0x05);
	}
	end();

	begin("a CD that is taken out: 31h; put back it reads, and 49h tells of the change once");
	ask_monitor("eject -f ", "cd", "");
	fill(0xcc);
	edd(0x4200, 0xe0, 1, 16, 0);
	EXPECT(cf());
	SAME(ah(), 0x31);
	EXPECT(all(0xcc));
	ask_monitor("change ", "cd", " cd.iso raw");
	edd(0x4200, 0xe0, 1, 16, 0); /* QEMU tells of no medium once more, before it tells of the change */
	SAME(ah(), 0x31);
	edd(0x4200, 0xe0, 1, 16, 0);
	EXPECT(!cf());
	SAME(buffer[1], 'C');
	for (unsigned i = 0; i < 2; i++) {
		prepare(0x4900);
		in.edx = 0xe0;
		may.eax = 0xffff;
		may.flags = CF;
		CALL(0x13);
		SAME(ah(), i ? 0 : 6);
	}
	end();

	begin("a diskette that is taken out: 80h; put back: 06h, then it reads");
	ask_monitor("eject -f ", "floppy0", "");
	for (unsigned i = 0; i < 4; i++) {
		static const uint8_t want[] = {0x80, 0x80, 0x06, 0x00};

		if (i == 2)
			ask_monitor("change ", "floppy0", " floppy.img raw");
		prepare(0x0201);
		in.ebx = (uint16_t)(uint32_t)buffer;
		in.es = GUEST_SEG;
		in.ecx = 1;
		in.edx = 0;
		may.eax = 0xffff;
		may.flags = CF;
		CALL(0x13);
		SAME(ah(), want[i]);
		SAME(BDA8(0x41), want[i]);
	}
	end();
}

void guest_main(void);
void guest_main(void)
{
	test_far();
	test_bad_sector();
	test_silent("a silent disk: 80h after a while, in each way; after a reset and when it speaks again it reads", 0x81, "slow");
	test_silent("a silent virtio disk, too", 0x82, "virtio");
	test_silent("a silent CD drive, too", 0xe0, "cd");
	test_vanished();
	put_text("1..");
	put_unsigned(tests);
	put_text("\n");
	finish();
}
