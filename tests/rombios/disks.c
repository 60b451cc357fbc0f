/* SPDX-License-Identifier: MIT
 *
 * A guest program that calls INT 13h on the floppy it came from, a disk and a CD. Each sector of
 * the disk begins with its number in decimal (disks.t). References: AT Technical Reference, INT
 * 13h; EDD 1.1; El Torito 1.0.
 */
#include <tests/rombios/guest.h>

enum { AX = 0xffff, BX = 0xffff, CX = 0xffff, DX = 0xffff, GUARD = 16 };

static uint8_t guarded[GUARD + 4096 + GUARD];
static bool in_v86;
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

static void edd_at(uint16_t ax, uint8_t drive, uint16_t count, uint64_t lba, uint16_t seg, uint16_t off)
{
	packet.size = 16;
	packet.reserved = 0;
	packet.count = count;
	packet.off = off;
	packet.seg = seg;
	packet.lba = lba;
	prepare(ax);
	in.edx = drive;
	in.esi = (uint16_t)(uint32_t)&packet;
	in.ds = GUEST_SEG;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
}

static void edd_ax(uint16_t ax, uint8_t drive, uint16_t count, uint64_t lba)
{
	edd_at(ax, drive, count, lba, GUEST_SEG, (uint16_t)(uint32_t)buffer);
}

static void edd(uint8_t function, uint8_t drive, uint16_t count, uint64_t lba)
{
	edd_ax(function << 8, drive, count, lba);
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

/* 48h into the buffer, of which `size` bytes are offered. */
static void parameters(uint8_t drive, uint16_t size)
{
	clear();
	buffer[0] = size, buffer[1] = size >> 8;
	prepare(0x4800);
	in.edx = drive;
	in.ds = GUEST_SEG;
	in.esi = (uint16_t)(uint32_t)buffer;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
}

static uint8_t sum(uint16_t seg, uint16_t off, unsigned n)
{
	uint8_t total = 0;

	while (n--)
		total += FAR(uint8_t, seg, off++);
	return total;
}

static void test_edd(void)
{
	static const uint16_t sizes[][2] = {{26, 26}, {29, 26}, {30, 30}, {65, 30}, {66, 66}, {73, 66}, {74, 74}, {200, 74}};
	uint16_t seg, off;
	bool path; /* a virtio disk has no device path */

	parameters(0x80, 74);
	path = *(uint16_t *)buffer == 74;
	begin("EDD: 48h gives what fits, with a sum of zero; its port table tells of this disk");
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint16_t most = path || sizes[i][1] < 30 ? sizes[i][1] : 30;

		parameters(0x80, sizes[i][0]);
		EXPECT(!cf());
		SAME(*(uint16_t *)buffer, most);
		SAME(*(uint32_t *)&buffer[16], 32256);
		EXPECT(rest_kept(most));
		if (most < 66)
			continue;
		SAME(*(uint16_t *)&buffer[30], 0xbedd);
		SAME(buffer[32], sizes[i][1] - 30);
		SAME(*(uint32_t *)&buffer[36], 0x20494350); /* "PCI " */
		SAME(*(uint32_t *)&buffer[40], 0x20415441); /* "ATA " */
		SAME(buffer[56], 0);
		SAME(sum(GUEST_SEG, (uint16_t)(uint32_t)buffer + 30, sizes[i][1] - 30), 0);
	}
	off = *(uint16_t *)&buffer[26], seg = *(uint16_t *)&buffer[28];
	if (path) {
		SAME(FAR(uint16_t, seg, off), 0x1f0);
		SAME(FAR(uint16_t, seg, off + 2), 0x3f6);
		SAME(FAR(uint8_t, seg, off + 4), 0xe0);
		SAME(FAR(uint8_t, seg, off + 6), 14);
		SAME(FAR(uint16_t, seg, off + 10) & 0x12, 0x12); /* DMA, LBA */
		SAME(FAR(uint8_t, seg, off + 14), 0x11);
		SAME(sum(seg, off, 16), 0);
	} else {
		SAME(seg, 0xffff);
		SAME(off, 0xffff);
	}
	parameters(0x80, 25);
	EXPECT(cf());
	SAME(ah(), 1);
	EXPECT(rest_kept(2));
	parameters(0xe0, 74);
	EXPECT(!cf());
	SAME(*(uint32_t *)&buffer[40], 0x50415441); /* "ATAP" */
	SAME(*(uint16_t *)&buffer[2] & 4, 4);
	end();

	begin("EDD: 41h, 43h with verify, 44h, 47h; 45h, 46h, 49h and 4Eh of a fixed disk");
	prepare(0x4100);
	in.ebx = 0x55aa;
	in.edx = 0x80;
	may.eax = AX;
	may.ebx = BX;
	may.ecx = CX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(!cf());
	SAME(ah(), 0x30);
	SAME(out.ecx & CX, 5);
	in.ebx = 0x55ab;
	may.ebx = may.ecx = 0;
	CALL(0x13);
	EXPECT(cf());
	SAME(ah(), 1);
	clear();
	for (unsigned i = 0; i < 512; i++)
		buffer[i] = i * 3;
	edd_ax(0x4302, 0x80, 1, 1007);
	EXPECT(!cf());
	edd_ax(0x4303, 0x80, 1, 1007);
	EXPECT(cf());
	SAME(ah(), 1);
	clear();
	edd(0x42, 0x80, 1, 1007);
	for (unsigned i = 0; i < 512; i++)
		if (buffer[i] != (uint8_t)(i * 3))
			EXPECT(i == 512);
	edd(0x44, 0x80, 8, 32248);
	EXPECT(!cf());
	SAME(packet.count, 8);
	edd(0x44, 0x80, 9, 32248);
	EXPECT(cf());
	edd(0x47, 0x80, 0, 32255);
	EXPECT(!cf());
	edd(0x47, 0x80, 0, 32256);
	EXPECT(cf());
	for (unsigned f = 0x45; f <= 0x4e; f++) {
		static const uint8_t want[] = {0xb2, 0xb2, 0, 0, 1, 1, 1, 1, 1, 0};

		if (f == 0x47 || f == 0x48 || f == 0x4a || f == 0x4c)
			continue;
		prepare(f << 8);
		in.edx = 0x80;
		may.eax = AX;
		may.flags = CF;
		CALL(0x13);
		SAME(ah(), want[f - 0x45]);
		SAME(cf(), want[f - 0x45] != 0);
	}
	end();

	begin("EDD: buffers at segment ends, across FFFF:xxxx, odd, and beyond what can be reached");
	static const struct {
		uint16_t seg, off, count;
		bool good;
	} at[] = {
		{GUEST_SEG + 0x1000, 0xfffe, 3, true}, {GUEST_SEG + 0x1000, 0xfff1, 2, true},
		{GUEST_SEG + 0x2fff, 0xf001, 127, true}, {0xffff, 0x0010, 4, true}, {0xfffe, 0x0021, 2, true},
		{0xffff, 0xfe00, 1, true}, {0xffff, 0xfe01, 1, false}, {0xffff, 0xfffe, 1, false},
		{0xffff, 0x0010, 128, false}, {0xb800, 0x0000, 4, true}, {0x7000, 0x0000, 256, true},
		{0x2000, 0x0000, 0xffff, false},
	};
	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		uint32_t linear;

		clear();
		edd_at(0x4200, 0x80, at[i].count, 64, at[i].seg, at[i].off);
		SAME(cf(), !at[i].good);
		SAME(ah(), at[i].good ? 0 : 9);
		SAME(packet.count, at[i].good ? at[i].count : 0);
		linear = ((uint32_t)at[i].seg << 4) + at[i].off;
		for (unsigned n = 0; at[i].good && n < at[i].count; n++) {
			uint16_t para = (linear >> 4) > 0xffff ? 0xffff : linear >> 4;

			for (unsigned b = 0; b < 16; b++)
				buffer[b] = FAR(uint8_t, para, linear - ((uint32_t)para << 4) + b);
			check_line(is_number(buffer, 64 + n), __LINE__, "sector", i, n);
			linear += 512;
		}
	}
	edd_at(0x4200, 0x80, 0, 64, GUEST_SEG, 0);
	EXPECT(!cf());
	end();
}

/* INT 41h: what it says of the geometry is what 08h says. */
static void test_tables(void)
{
	uint16_t off, seg, cylinders, heads, sectors;

	begin("INT 41h, 1Eh: parameter tables; 40:75 counts disks");
	off = FAR(uint16_t, 0, 0x41 * 4), seg = FAR(uint16_t, 0, 0x41 * 4 + 2);
	cylinders = FAR(uint16_t, seg, off);
	heads = FAR(uint8_t, seg, off + 2);
	sectors = FAR(uint8_t, seg, off + 14);
	SAME(FAR(uint8_t, seg, off + 3) & 0xf0, FAR(uint8_t, seg, off + 3) ? 0xa0 : 0);
	if (FAR(uint8_t, seg, off + 3))
		SAME(sum(seg, off, 16), 0);
	prepare(0x0800);
	in.edx = 0x80;
	may.eax = AX;
	may.ebx = BX;
	may.ecx = CX;
	may.edx = DX;
	may.flags = CF;
	CALL(0x13);
	SAME(((out.ecx >> 8 & 0xff) | (out.ecx << 2 & 0x300)) + 1, cylinders);
	SAME((out.edx >> 8 & 0xff) + 1, heads);
	SAME(out.ecx & 0x3f, sectors);
	SAME(BDA8(0x75), 1);
	off = FAR(uint16_t, 0, 0x1e * 4), seg = FAR(uint16_t, 0, 0x1e * 4 + 2);
	SAME(FAR(uint8_t, seg, off + 3), 2);
	SAME(FAR(uint8_t, seg, off + 4), 18);
	end();

	begin("disk: 00, 05, 09, 0C, 0D, 10, 11, 14 do; 06, 07, 0A, 0B, 16-18 and the rest do not");
	for (unsigned f = 0; f < 0x100; f++) {
		bool does = f == 0 || f == 5 || f == 9 || f == 0x0c || f == 0x0d || f == 0x10 || f == 0x11 || f == 0x14;

		if (f == 1 || (f >= 2 && f <= 4) || f == 8 || f == 0x15 || (f >= 0x41 && f <= 0x4e))
			continue;
		chs(f << 8 | 1, 0x80, 0, 0, 1);
		check_line(cf() == !does, __LINE__, "function", f, does);
		SAME(ah(), does ? 0 : 1);
		SAME(BDA8(0x74), does ? 0 : 1);
	}
	chs(0x0c00, 0x80, 1000, 0, 1);
	EXPECT(cf());
	SAME(ah(), 0x40);
	end();
}

static void test_floppy_more(void)
{
	begin("floppy: format a track and read its fill; 16, 17, 18; functions that there are not");
	prepare(0x1800);
	in.ecx = 0x4f12;
	in.edx = 0;
	may.eax = AX;
	may.edi = 0xffff;
	may.es = 0xffff;
	may.flags = CF;
	CALL(0x13);
	EXPECT(!cf());
	SAME(FAR(uint8_t, out.es, (uint16_t)out.edi + 4), 18);
	in.ecx = 0x5f12;
	may.edi = may.es = 0;
	CALL(0x13);
	EXPECT(cf());
	SAME(ah(), 0x0c);
	clear();
	for (unsigned i = 0; i < 18; i++) {
		buffer[i * 4] = 78;
		buffer[i * 4 + 1] = 1;
		buffer[i * 4 + 2] = i + 1;
		buffer[i * 4 + 3] = 2;
	}
	chs(0x0512, 0, 78, 1, 1);
	EXPECT(!cf());
	clear();
	chs(0x0202, 0, 78, 1, 17);
	EXPECT(!cf());
	for (unsigned i = 0; i < 1024; i++)
		if (buffer[i] != 0xf6 && buffer[i] != 0) /* QEMU fills with zeros whatever it is told */
			EXPECT(i == 1024);
	prepare(0x1600);
	in.edx = 0;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(!cf());
	prepare(0x1704);
	in.edx = 0;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(!cf());
	SAME(BDA8(0x90), 0x97);
	prepare(0x1705);
	in.edx = 0;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
	SAME(ah(), 1);
	BDA8(0x90) = 0;
	chs(0x0201, 0, 0, 0, 1);
	EXPECT(!cf());
	SAME(BDA8(0x90) & 0xf0, 0x10);
	for (unsigned f = 6; f < 0x50; f++) {
		if (f == 8 || (f >= 0x15 && f <= 0x18) || (f >= 0x4a && f <= 0x4d))
			continue;
		prepare(f << 8);
		in.edx = 0;
		may.eax = AX;
		may.flags = CF;
		CALL(0x13);
		EXPECT(cf());
		SAME(ah(), 1);
		SAME(BDA8(0x41), 1);
	}
	end();

	begin("floppy: a buffer across 64 KiB is refused as the AT's, unless the monitor's pages need another one");
	clear();
	prepare(0x0202);
	in.es = GUEST_SEG + 0x1fe0;
	in.ebx = 0x0100;
	in.ecx = 1;
	in.edx = 0;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(cf() == !in_v86);
	SAME(ah(), in_v86 ? 0 : 9);
	end();
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

/* The channel comes out of its reset with the second device selected, which is not there. */
static void test_reset(void)
{
	unsigned wrong = 0;

	begin("disk: reset and read at once, the absent second device selected before");
	for (unsigned i = 0; i < 100; i++) {
		outb(0x1f6, 0xf0);
		chs(0x0000, 0x80, 0, 0, 1);
		EXPECT(!cf());
		clear();
		edd(0x42, 0x80, 1, i);
		EXPECT(!cf());
		wrong += !is_number(buffer, i);
	}
	SAME(wrong, 0);
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

static void test_el_torito(void)
{
	static struct __attribute__((packed)) {
		uint8_t size, media, drive, controller;
		uint32_t lba;
		uint16_t device, user_buffer, load_seg, load_sectors;
		uint8_t cylinders, sectors, heads;
	} spec;
	static struct __attribute__((packed)) {
		uint8_t size, sectors;
		uint16_t off, seg, first;
	} command;

	begin("El Torito: 4Dh reads the catalogue, 4Ah emulates a floppy, 4Bh tells of it and ends it");
	clear();
	command.size = 8;
	command.sectors = 1;
	command.off = (uint16_t)(uint32_t)buffer;
	command.seg = GUEST_SEG;
	command.first = 0;
	prepare(0x4d00);
	in.edx = 0xe0;
	in.ds = GUEST_SEG;
	in.esi = (uint16_t)(uint32_t)&command;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(!cf());
	SAME(buffer[0], 1);
	SAME(buffer[0x1e] | buffer[0x1f] << 8, 0xaa55);
	SAME(buffer[0x20], 0x88);
	EXPECT(rest_kept(2048));

	spec.size = 0x13;
	spec.media = 2;
	spec.controller = 1;
	spec.device = 0;
	spec.lba = 16; /* the volume descriptors shall be a floppy's first sectors */
	prepare(0x4a00);
	in.edx = 0xe0;
	in.ds = GUEST_SEG;
	in.esi = (uint16_t)(uint32_t)&spec;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(!cf());
	clear();
	chs(0x0204, 0, 0, 0, 1);
	EXPECT(!cf());
	EXPECT(buffer[1] == 'C' && buffer[2] == 'D');
	clear();
	chs(0x0201, 0, 0, 0, 5); /* the next block: sectors of 512 bytes */
	EXPECT(!cf());
	EXPECT(buffer[1] == 'C' && buffer[2] == 'D');
	EXPECT(rest_kept(512));
	chs(0x0301, 0, 0, 0, 5);
	SAME(ah(), 3);
	chs(0x0201, 1, 0, 0, 1); /* the real one is B: now */
	EXPECT(!cf());
	SAME(BDA16(0x10) & 0xc1, 0x41);
	prepare(0x0800);
	in.edx = 0;
	may.eax = AX;
	may.ebx = BX;
	may.ecx = CX;
	may.edx = DX;
	may.edi = AX;
	may.es = AX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(!cf());
	SAME(out.ecx & CX, 0x4f12);
	SAME(out.edx & DX, 0x0102);
	for (unsigned al = 1; al <= 1; al--) {
		prepare(0x4b00 | al);
		in.edx = 0x7f;
		in.ds = GUEST_SEG;
		in.esi = (uint16_t)(uint32_t)&spec;
		may.eax = AX;
		may.flags = CF;
		spec.media = 0xff;
		CALL(0x13);
		EXPECT(!cf());
		SAME(spec.media, 2);
		SAME(spec.lba, 16);
		SAME(spec.controller, 1);
		SAME(spec.cylinders, 79);
	}
	CALL(0x13);
	EXPECT(cf());
	SAME(BDA16(0x10) & 0xc1, 0x01);
	clear();
	chs(0x0201, 0, 0, 0, 1);
	EXPECT(!cf());
	SAME(buffer[510] | buffer[511] << 8, 0xaa55);
	spec.media = 5;
	prepare(0x4a00);
	in.edx = 0xe0;
	in.ds = GUEST_SEG;
	in.esi = (uint16_t)(uint32_t)&spec;
	may.eax = AX;
	may.flags = CF;
	CALL(0x13);
	EXPECT(cf());
	SAME(ah(), 1);
	end();
}

static void all(void)
{
	test_floppy();
	test_floppy_more();
	test_disk();
	test_edd();
	test_tables();
	test_reset();
	test_cdrom();
	test_el_torito();
	begin("at most 100 bytes of the caller's stack");
	EXPECT(deepest <= 100);
	put_text("# most: ");
	put_unsigned(deepest);
	put_text("\n");
	end();
}

static void timer(uint16_t divisor)
{
	outb(0x43, 0x34);
	outb(0x40, divisor & 0xff);
	outb(0x40, divisor >> 8);
}

void guest_main(void);
void guest_main(void)
{
	uint32_t page = (((uint32_t)GUEST_SEG << 4) + (uint32_t)guarded) >> 12;

	all();
	timer(1193);
	prefix = "1,000 interrupts a second: ";
	all();
	prefix = "VM86, pages moved, 1,000 interrupts a second: ";
	v86_enter(page, 2);
	in_v86 = true;
	all();
	v86_leave();
	in_v86 = false;
	timer(0);
	prefix = "after VM86: ";
	begin("no instruction faulted there");
	SAME(v86_faults, 0);
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
