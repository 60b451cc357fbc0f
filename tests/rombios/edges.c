/* SPDX-License-Identifier: MIT
 *
 * A guest program on a disk of 300 GiB whose sector 100 cannot be read: faults.t.
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
}

void guest_main(void);
void guest_main(void)
{
	test_far();
	test_bad_sector();
	put_text("1..");
	put_unsigned(tests);
	put_text("\n");
	finish();
}
