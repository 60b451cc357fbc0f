/* SPDX-License-Identifier: MIT
 *
 * A guest program that calls INT 13h on the floppy it came from, a disk and a CD. Each sector of
 * the disk begins with its number in decimal (disks.t). References: AT Technical Reference, INT
 * 13h; EDD 1.1; El Torito 1.0.
 */
#include <tests/rombios/guest.h>

enum { AX = 0xffff, BX = 0xffff, CX = 0xffff, DX = 0xffff, GUARD = 16 };

static uint8_t guarded[GUARD + 4096 + GUARD];
static uint8_t *const buffer = guarded + GUARD;

static void clear(void)
{
	for (unsigned i = 0; i < sizeof(guarded); i++)
		guarded[i] = 0xcc;
}

/* Was nothing but the first n bytes of the buffer written? */
static bool rest_kept(unsigned n)
{
	for (unsigned i = 0; i < GUARD; i++)
		if (guarded[i] != 0xcc)
			return false;
	for (unsigned i = GUARD + n; i < sizeof(guarded); i++)
		if (guarded[i] != 0xcc)
			return false;
	return true;
}

static bool cf(void)
{
	return out.flags & CF;
}

static uint8_t ah(void)
{
	return out.eax >> 8;
}

/* A call by cylinder, head and sector into the buffer. */
static void chs(uint16_t ax, uint8_t drive, unsigned cylinder, unsigned head, unsigned sector)
{
	prepare(ax);
	in.ebx = (uint16_t)(uint32_t)buffer;
	in.es = GUEST_SEG;
	in.ecx = (cylinder & 0xff) << 8 | (cylinder >> 8 & 3) << 6 | sector;
	in.edx = head << 8 | drive;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
}

static struct __attribute__((packed)) {
	uint8_t size, reserved;
	uint16_t count, off, seg;
	uint64_t lba;
} packet;

static void edd(uint8_t function, uint8_t drive, uint16_t count, uint64_t lba)
{
	packet.size = 16;
	packet.reserved = 0;
	packet.count = count;
	packet.off = (uint16_t)(uint32_t)buffer;
	packet.seg = GUEST_SEG;
	packet.lba = lba;
	prepare(function << 8);
	in.edx = drive;
	in.esi = (uint16_t)(uint32_t)&packet;
	in.ds = GUEST_SEG;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
}

/* Does the text at p begin with the number, and a blank? */
static bool is_number(const uint8_t *p, uint32_t number)
{
	char digits[11];
	unsigned n = 0;

	do
		digits[n++] = '0' + number % 10;
	while (number /= 10);
	while (n--)
		if (*p++ != digits[n])
			return false;
	return *p == ' ';
}

static void test_floppy(void)
{
	begin("floppy: INT 13h 08 and 15 tell what it is");
	prepare(0x0800);
	in.edx = 0;
	may.eax = AX;
	may.ebx = BX;
	may.ecx = CX;
	may.edx = DX;
	in.edi = 0;
	may.edi = 0xffff;
	may.es = 0xffff;
	may.flags = CF;
	CALL(0x13);
	EXPECT(!cf());
	SAME(out.ecx & CX, 0x4f12);
	SAME(out.edx >> 8 & 0xff, 1);
	EXPECT((out.edx & 0xff) >= 1);
	SAME(out.ebx & 0xff, 4);
	prepare(0x1500);
	in.edx = 0;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(!cf());
	EXPECT(ah() == 1 || ah() == 2);
	end();

	begin("floppy: INT 13h 02-04 read, write and verify; nothing beside the buffer changes");
	clear();
	chs(0x0201, 0, 0, 0, 1);
	EXPECT(!cf());
	SAME(out.eax & AX, 0x0001);
	SAME(buffer[510] | buffer[511] << 8, 0xaa55);
	EXPECT(rest_kept(512));
	clear();
	for (unsigned i = 0; i < 1024; i++)
		buffer[i] = i * 7 + (i >> 8);
	chs(0x0302, 0, 79, 1, 17);
	EXPECT(!cf());
	SAME(out.eax & AX, 0x0002);
	chs(0x0402, 0, 79, 1, 17);
	EXPECT(!cf());
	clear();
	chs(0x0202, 0, 79, 1, 17);
	EXPECT(!cf());
	for (unsigned i = 0; i < 1024; i++)
		if (buffer[i] != (uint8_t)(i * 7 + (i >> 8)))
			EXPECT(i == 1024);
	EXPECT(rest_kept(1024));
	end();

	begin("floppy: sectors and drives that there are not, no sectors at all; 01 tells the last status");
	clear();
	chs(0x0201, 0, 0, 0, 19);
	EXPECT(cf());
	SAME(out.eax & 0xff, 0);
	uint8_t status = ah();
	EXPECT(status);
	prepare(0x0100);
	in.edx = 0;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
	SAME(ah(), status);
	chs(0x0200, 0, 0, 0, 1);
	EXPECT(cf());
	chs(0x0201, 1, 0, 0, 1);
	EXPECT(cf());
	EXPECT(rest_kept(0));
	chs(0x0000, 0, 0, 0, 1);
	EXPECT(!cf());
	chs(0x0201, 0, 0, 0, 1); /* and it still reads */
	EXPECT(!cf());
	end();
}

static void test_disk(void)
{
	unsigned heads, sectors, cylinders;

	begin("disk: INT 13h 08, 15, 41, 48 agree on its size");
	prepare(0x0800);
	in.edx = 0x80;
	may.eax = AX;
	may.ebx = BX;
	may.ecx = CX;
	may.edx = DX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(!cf());
	SAME(out.edx & 0xff, 1);
	heads = (out.edx >> 8 & 0xff) + 1;
	sectors = out.ecx & 0x3f;
	cylinders = ((out.ecx >> 8 & 0xff) | (out.ecx << 2 & 0x300)) + 1;
	EXPECT(cylinders * heads * sectors <= 32256);
	EXPECT(cylinders * heads * sectors >= 32256 - 2 * heads * sectors);
	prepare(0x1500);
	in.edx = 0x80;
	may.eax = AX;
	may.ecx = CX;
	may.edx = DX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(!cf());
	SAME(ah(), 3);
	EXPECT(((out.ecx & CX) << 16 | (out.edx & DX)) <= 32256);
	prepare(0x4100);
	in.ebx = 0x55aa;
	in.edx = 0x80;
	may.eax = AX;
	may.ebx = BX;
	may.ecx = CX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(!cf());
	SAME(out.ebx & BX, 0xaa55);
	EXPECT(out.ecx & 1);
	clear();
	buffer[0] = 26, buffer[1] = 0;
	prepare(0x4800);
	in.edx = 0x80;
	in.ds = GUEST_SEG;
	in.esi = (uint16_t)(uint32_t)buffer;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(!cf());
	SAME(*(uint32_t *)&buffer[16], 32256);
	SAME(*(uint32_t *)&buffer[20], 0);
	SAME(*(uint16_t *)&buffer[24], 512);
	EXPECT(rest_kept(26));
	end();

	begin("disk: the same sector by cylinder and by number; several at once");
	for (unsigned n = 0; n < 4; n++) {
		uint32_t lba = n == 0 ? 0 : n == 1 ? sectors - 1 : n == 2 ? heads * sectors + 5 : 30000;

		clear();
		chs(0x0201, 0x80, lba / (heads * sectors), lba / sectors % heads, lba % sectors + 1);
		EXPECT(!cf());
		EXPECT(is_number(buffer, lba));
		EXPECT(rest_kept(512));
		clear();
		edd(0x42, 0x80, 1, lba);
		EXPECT(!cf());
		SAME(ah(), 0);
		EXPECT(is_number(buffer, lba));
		EXPECT(rest_kept(512));
	}
	clear();
	edd(0x42, 0x80, 8, 32248);
	EXPECT(!cf());
	for (unsigned n = 0; n < 8; n++)
		EXPECT(is_number(buffer + n * 512, 32248 + n));
	EXPECT(rest_kept(4096));
	end();

	begin("disk: writes are read back, and go nowhere else");
	clear();
	for (unsigned i = 0; i < 512; i++)
		buffer[i] = i ^ 0x5a;
	edd(0x43, 0x80, 1, 1000);
	EXPECT(!cf());
	edd(0x44, 0x80, 1, 1000);
	EXPECT(!cf());
	clear();
	edd(0x42, 0x80, 3, 999);
	EXPECT(is_number(buffer, 999));
	for (unsigned i = 0; i < 512; i++)
		if (buffer[512 + i] != (uint8_t)(i ^ 0x5a))
			EXPECT(i == 512);
	EXPECT(is_number(buffer + 1024, 1001));
	end();

	begin("disk: what is beyond its end, what is not there, bad packets: refused, memory kept");
	clear();
	edd(0x42, 0x80, 1, 32256);
	EXPECT(cf());
	SAME(packet.count, 0);
	edd(0x42, 0x80, 1, 0x100000000ull);
	EXPECT(cf());
	edd(0x42, 0x81, 1, 0);
	EXPECT(cf());
	EXPECT(rest_kept(0));
	chs(0x0200, 0x80, 0, 0, 1);
	EXPECT(cf());
	chs(0x0201, 0x80, 0, 0, 0);
	EXPECT(cf());
	chs(0x0201, 0x80, 1023, heads - 1, sectors);
	EXPECT(cf());
	EXPECT(rest_kept(0));
	prepare(0x4200);
	packet.size = 8;
	in.edx = 0x80;
	in.ds = GUEST_SEG;
	in.esi = (uint16_t)(uint32_t)&packet;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(cf());
	SAME(ah(), 1);
	chs(0x7f00, 0x80, 0, 0, 1);
	EXPECT(cf());
	SAME(ah(), 1);
	prepare(0x1500); /* no drive there: AH=0 */
	in.edx = 0x83;
	may.eax = AX;
	may.ecx = CX;
	may.edx = DX;
	may.flags = CF;
	CALL(0x13);
	SAME(ah(), 0);
	edd(0x42, 0x80, 1, 7); /* and it still reads */
	EXPECT(!cf());
	EXPECT(is_number(buffer, 7));
	end();
}

static void test_cdrom(void)
{
	begin("CD: blocks of 2048 bytes, write protected");
	clear();
	edd(0x42, 0xe0, 1, 16);
	EXPECT(!cf());
	EXPECT(buffer[1] == 'C' && buffer[2] == 'D' && buffer[5] == '1');
	EXPECT(rest_kept(2048));
	clear();
	buffer[0] = 26, buffer[1] = 0;
	prepare(0x4800);
	in.edx = 0xe0;
	in.ds = GUEST_SEG;
	in.esi = (uint16_t)(uint32_t)buffer;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(!cf());
	SAME(*(uint16_t *)&buffer[24], 2048);
	clear();
	edd(0x43, 0xe0, 1, 16);
	EXPECT(cf());
	SAME(ah(), 3);
	edd(0x42, 0xe0, 1, 0xffffff);
	EXPECT(cf());
	edd(0x42, 0xe1, 1, 16);
	EXPECT(cf());
	EXPECT(rest_kept(0));
	end();
}

void guest_main(void);
void guest_main(void)
{
	test_floppy();
	test_disk();
	test_cdrom();
	begin("all of it with at most 100 bytes of the caller's stack");
	EXPECT(deepest <= 100);
	put_text("# most: ");
	put_unsigned(deepest);
	put_text("\n");
	end();
	put_text("1..");
	put_unsigned(tests);
	put_text("\n");
	for (const char *s = "all calls made"; *s; s++) {
		prepare(0x0e00 | (uint8_t)*s);
		in.ebx = 7;
		call_line(0x10, 0);
	}
	for (;;)
		asm volatile("hlt");
}
