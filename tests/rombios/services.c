/* SPDX-License-Identifier: MIT
 *
 * A guest program that calls every service of rombios but the disks', and looks at registers,
 * flags, data areas and hooks.
 */
#include <tests/rombios/guest.h>

static void set_vector(uint8_t n, const void *handler)
{
	asm volatile("cli");
	FAR(uint16_t, 0, n * 4) = (uint16_t)(uint32_t)handler;
	FAR(uint16_t, 0, n * 4 + 2) = GUEST_SEG;
	asm volatile("sti");
}

static uint32_t vector(uint8_t n)
{
	return FAR(uint32_t, 0, n * 4);
}

static void restore_vector(uint8_t n, uint32_t v)
{
	asm volatile("cli");
	FAR(uint32_t, 0, n * 4) = v;
	asm volatile("sti");
}

static void ticks(unsigned n)
{
	uint32_t start = BDA32(0x6c);

	while (BDA32(0x6c) - start < n)
		asm volatile("hlt");
}

static uint8_t cmos(uint8_t index)
{
	outb(0x70, index);
	return inb(0x71);
}

/* --- what POST leaves --- */

static void test_start(void)
{
	begin("boot sector: DL is the drive, the stack is below it");
	SAME(started_dl, 0);
	SAME(started_sp, 0x7c00);
	end();
}

static void test_fixed(void)
{
	static const struct {
		uint16_t at;
		uint8_t byte[2];
	} bytes[] = {
	    {0xfffe, {0xfc}	   },
	      {0xfff0, {0xea, 0x5b}},
	      {0xfff7, {'/'}	    },
		   {0xff53, {0xcf}	  },
	    {0xe6f5, {8}		},
	      {0xe6f7, {0xfc}	     },
	      {0xefc9, {0x25, 2}	},
		   {0xf0a4, {0x38, 0x28}},
	};

	begin("fixed addresses: model byte, reset jump, tables, font");
	for (unsigned i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		for (unsigned j = 0; j < 2 && (!j || bytes[i].byte[j]); j++)
			SAME(FAR(uint8_t, 0xf000, bytes[i].at + j), bytes[i].byte[j]);
	for (unsigned c = 'A'; c <= 'Z'; c++) {
		uint8_t all = 0;

		for (unsigned row = 0; row < 8; row++)
			all |= FAR(uint8_t, 0xf000, 0xfa6e + c * 8 + row);
		EXPECT(all != 0);
	}
	for (unsigned row = 0; row < 8; row++)
		SAME(FAR(uint8_t, 0xf000, 0xfa6e + ' ' * 8 + row), 0);
	end();
}

static void test_vectors(void)
{
	static const struct {
		uint8_t n;
		uint16_t off;
	} fixed[] = {
	    {0x02, 0xe2c3},
	    {0x05, 0xff54},
	    {0x08, 0xfea5},
	    {0x09, 0xe987},
	    {0x0e, 0xef57},
	    {0x11, 0xf84d},
	    {0x12, 0xf841},
	    {0x13, 0xe3fe},
	    {0x14, 0xe739},
	    {0x15, 0xf859},
	    {0x16, 0xe82e},
	    {0x17, 0xefd2},
	    {0x19, 0xe6f2},
	    {0x1a, 0xfe6e},
	    {0x1c, 0xff53},
	    {0x40, 0xec59}
	  };

	begin("vectors: IBM's entry points, none of 00h-77h but 60h-67h is null");
	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		SAME(vector(fixed[i].n), 0xf0000000 | fixed[i].off);
	for (unsigned n = 0; n < 0x78; n++)
		EXPECT((vector(n) != 0) == (n < 0x60 || n > 0x67) || n == 0x41 || n == 0x46);
	EXPECT(vector(0x10) != 0xf000f065);
	end();
}

static void test_disk_types(void)
{
	static const uint8_t type_9[16] = {900 & 0xff, 900 >> 8, 15, 0, 0, 0xff, 0xff, 0, 8, 0, 0, 0, 901 & 0xff, 901 >> 8, 17, 0};

	begin("F000:E401 has the AT's 23 disk types, of which 15 is none");
	for (unsigned i = 0; i < 16; i++)
		SAME(FAR(uint8_t, 0xf000, 0xe401 + 8 * 16 + i), type_9[i]);
	for (unsigned type = 1; type <= 23; type++)
		SAME(FAR(uint8_t, 0xf000, 0xe401 + (type - 1) * 16 + 14), type == 15 ? 0 : 17);
	end();
}

static uint32_t pci_config(unsigned devfn, unsigned reg)
{
	outl(0xcf8, 0x80000000 | devfn << 8 | (reg & ~3));
	return inl(0xcfc) >> (reg & 3) * 8;
}

/* Microsoft's PCI IRQ Routing Table Specification 1.0 */
static void test_irq_routing(void)
{
	uint32_t at = 0;
	uint16_t size, sum = 0, pins = 0;
	unsigned router;

	begin("$PIR: every pin of bus 0 is in it, its link's register in the router has the device's line, level-triggered");
	while (at < 0x10000 && FAR(uint32_t, 0xf000, at) != 0x52495024)
		at += 16;
	EXPECT(at < 0x10000);
	size = FAR(uint16_t, 0xf000, at + 6);
	for (unsigned i = 0; i < size; i++)
		sum += FAR(uint8_t, 0xf000, at + i);
	SAME(sum & 0xff, 0);
	SAME(FAR(uint16_t, 0xf000, at + 4), 0x0100);
	SAME(size % 16, 0);
	SAME(FAR(uint8_t, 0xf000, at + 8), 0);
	router = FAR(uint8_t, 0xf000, at + 9);
	SAME(pci_config(router, 8) >> 16, 0x0601); /* an ISA bridge */
	for (unsigned devfn = 0; devfn < 256; devfn++) {
		uint8_t pin = pci_config(devfn, 0x3d), line = pci_config(devfn, 0x3c), link = 0;
		uint16_t mask = 0;

		if ((pci_config(devfn, 0) & 0xffff) == 0xffff || !pin || pin > 4 ||
		    (devfn & 7 && !(pci_config(devfn & ~7, 0x0e) & 0x80)))
			continue;
		if ((pci_config(devfn, 8) >> 16) == 0x0680) { /* the power management's SCI is line 9 whatever it says */
			SAME(line, 9);
			continue;
		}
		pins++;
		for (uint32_t entry = at + 32; entry < at + size; entry += 16)
			if (!FAR(uint8_t, 0xf000, entry) && (FAR(uint8_t, 0xf000, entry + 1) ^ devfn) < 8) {
				link = FAR(uint8_t, 0xf000, entry + 2 + (pin - 1) * 3);
				mask = FAR(uint16_t, 0xf000, entry + 3 + (pin - 1) * 3);
			}
		check_line(link >= 0x60 && link <= 0x63, __LINE__, "link", link, devfn);
		SAME(pci_config(router, link) & 0xff, line);
		EXPECT(mask >> line & 1);
		EXPECT(inb(0x4d0 + line / 8) >> line % 8 & 1);
	}
	EXPECT(pins);
	end();
}

static void test_bda(void)
{
	begin("BDA and EBDA");
	SAME(BDA16(0x0e), 0x9fc0);
	SAME(BDA16(0x13), 639);
	SAME(FAR(uint8_t, 0x9fc0, 0), 1);
	SAME(BDA16(0x80), 0x1e);
	SAME(BDA16(0x82), 0x3e);
	SAME(BDA16(0x1a), BDA16(0x1c));
	SAME(BDA16(0x00), 0x3f8);
	SAME(BDA16(0x02), 0x2f8);
	SAME(BDA16(0x04), 0);
	SAME(BDA16(0x08), 0x378);
	SAME(BDA8(0x49), 3);
	SAME(BDA16(0x10) & 0x0003, 3); /* floppy, x87 */
	SAME(BDA16(0x10) >> 4 & 3, 2); /* 80 x 25 colour */
	SAME(BDA16(0x10) >> 6 & 3, 0); /* one floppy */
	SAME(BDA16(0x10) >> 9 & 7, 2);
	SAME(BDA16(0x10) >> 14, 1);
	SAME(BDA8(0x96) & 0x10, 0x10);
	end();
}

static void test_11_12(void)
{
	begin("INT 11h, 12h");
	prepare(0x1234);
	may.eax = 0xffff;
	CALL(0x11);
	SAME((uint16_t)out.eax, BDA16(0x10));
	CALL(0x12);
	SAME((uint16_t)out.eax, 639);
	end();
}

/* --- timer and clock --- */

static void test_08(void)
{
	uint16_t before;
	uint32_t start;

	begin("INT 08h: ticks, INT 1Ch, midnight, motors off");
	set_vector(0x1c, hook_1c);
	before = hook_1c_count;
	start = BDA32(0x6c);
	ticks(5);
	EXPECT(BDA32(0x6c) - start >= 5);
	EXPECT((uint16_t)(hook_1c_count - before) >= 5);
	BDA8(0x3f) = 0x01;
	BDA8(0x40) = 2;
	ticks(4);
	SAME(BDA8(0x3f) & 0x0f, 0);
	SAME(BDA8(0x40), 0);
	restore_vector(0x1c, 0xf000ff53);
	asm volatile("cli");
	BDA32(0x6c) = 0x1800af;
	BDA8(0x70) = 0;
	asm volatile("sti");
	while (BDA32(0x6c) == 0x1800af)
		asm volatile("hlt");
	EXPECT(BDA32(0x6c) < 3);
	SAME(BDA8(0x70), 1);
	prepare(0x0000);
	may.eax = 0xffff;
	may.ecx = may.edx = 0xffff;
	may.flags = CF;
	CALL(0x1a);
	SAME((uint8_t)out.eax, 1);
	SAME((uint16_t)out.ecx, 0);
	EXPECT((uint16_t)out.edx < 20);
	CALL(0x1a);
	SAME((uint8_t)out.eax, 0);
	end();
}

static void test_1a_time(void)
{
	begin("INT 1Ah 00-01: tick count");
	prepare(0x0100);
	in.ecx = 0xcccc0012;
	in.edx = 0xdddd3456;
	may.eax = 0xff00;
	may.flags = CF;
	CALL(0x1a);
	SAME(out.flags & CF, 0);
	EXPECT(BDA32(0x6c) - 0x123456 < 3);
	prepare(0x00ff);
	may.eax = may.ecx = may.edx = 0xffff;
	may.flags = CF;
	CALL(0x1a);
	SAME((uint16_t)out.ecx, 0x12);
	EXPECT((uint16_t)out.edx - 0x3456 < 4);
	end();

	begin("INT 1Ah 02-05: time and date are set and read");
	prepare(0x0500);
	in.ecx = 0xc5c51999;
	in.edx = 0xd5d50714;
	may.eax = 0xff00;
	may.flags = CF;
	CALL(0x1a);
	SAME(out.flags & CF, 0);
	prepare(0x0400);
	may.eax = 0xff00;
	may.ecx = may.edx = 0xffff;
	may.flags = CF;
	CALL(0x1a);
	SAME((uint16_t)out.ecx, 0x1999);
	SAME((uint16_t)out.edx, 0x0714);
	SAME(out.flags & CF, 0);
	prepare(0x0300);
	in.ecx = 0xc5c52135;
	in.edx = 0xd5d54800;
	may.eax = 0xff00;
	may.flags = CF;
	CALL(0x1a);
	SAME(out.flags & CF, 0);
	prepare(0x0200);
	may.eax = 0xff00;
	may.ecx = may.edx = 0xffff;
	may.flags = CF;
	CALL(0x1a);
	SAME((uint16_t)out.ecx, 0x2135);
	SAME(out.edx >> 8 & 0xff, 0x48);
	SAME((uint8_t)out.edx, 0);
	SAME(cmos(0x0b) & 0x80, 0);
	end();

	begin("INT 1Ah 06-07: the alarm calls INT 4Ah once, then refuses, then is taken back");
	set_vector(0x4a, hook_4a);
	hook_4a_count = 0;
	ticks(20);
	prepare(0x0600);
	/* xx:35:50, in a second. The hour is what the clock goes on with: Bochs 2.7 takes an hour off
	 * some of the times that are set. */
	in.ecx = 0xc5c50035 | cmos(0x04) << 8;
	in.edx = 0xd5d55055;
	may.eax = 0xff00;
	may.flags = CF;
	CALL(0x1a);
	SAME(out.flags & CF, 0);
	CALL(0x1a);
	SAME(out.flags & CF, CF);
	ticks(75);
	SAME(hook_4a_count, 1);
	SAME(cmos(0x05), in.ecx >> 8 & 0xff);
	SAME(cmos(0x03), 0x35);
	SAME(cmos(0x01), 0x50);
	prepare(0x0700);
	may.eax = 0xff00;
	may.flags = CF;
	CALL(0x1a);
	SAME(out.flags & CF, 0);
	SAME(cmos(0x0b) & 0x20, 0);
	restore_vector(0x4a, 0xf000ff53);
	prepare(0x0c00);
	may.flags = CF;
	CALL(0x1a);
	SAME(out.flags & CF, CF);
	end();
}

static void test_nested(void)
{
	uint16_t before = hook_nest_count;
	uint32_t start;

	begin("INT 1Ch that calls INT 16h and 1Ah on a stack of its own, inside INT 15h/86h and "
	      "16h/00h");
	set_vector(0x1c, hook_nest);
	prepare(0x8600);
	in.ecx = 0xc5c50007; /* half a second */
	in.edx = 0xd5d5a120;
	may.flags = CF;
	start = BDA32(0x6c);
	CALL(0x15);
	SAME(out.flags & CF, 0);
	EXPECT(BDA32(0x6c) - start >= 8 && BDA32(0x6c) - start <= 11);
	EXPECT((uint16_t)(hook_nest_count - before) >= 8);
	hook_nest_delay = 4;
	hook_nest_key = 0x1e;
	prepare(0x0000);
	may.eax = 0xffff;
	CALL(0x16);
	SAME((uint16_t)out.eax, 0x1e61);
	restore_vector(0x1c, 0xf000ff53);
	end();
}

static void test_deep(void)
{
	uint16_t depth;

	begin("services nested until no stack is left: interrupts are ended, services refused; "
	      "then all are free again");
	for (unsigned round = 0; round < 2; round++) {
		asm volatile("cli");
		hook_deep_count = hook_deep_ah = hook_deep_cf = 0;
		FAR(uint32_t, 0, 0x02 * 4) =
		    (uint32_t)GUEST_SEG << 16 | (uint16_t)(uint32_t)hook_deep;
		prepare(0);
		in.flags = 2;
		CALL(0x75);
		FAR(uint32_t, 0, 0x02 * 4) = 0xf000e2c3;
		asm volatile("sti");
		SAME(hook_deep_ah, 0x86);
		SAME(hook_deep_cf, 1);
		EXPECT(hook_deep_count >= 8 && hook_deep_count < 40);
		if (round)
			SAME(hook_deep_count, depth);
		depth = hook_deep_count;
	}
	ticks(2);
	end();
}

/* --- keyboard --- */

/* Lets the controller give a scan code as if the keyboard had sent it. */
static void scan(uint8_t code)
{
	while (inb(0x64) & 3)
		;
	outb(0x64, 0xd2);
	while (inb(0x64) & 2)
		;
	outb(0x60, code);
	while (inb(0x64) & 1)
		; /* INT 09h takes it */
}

static void scans(const uint8_t *codes)
{
	while (*codes)
		scan(*codes++);
}

/* INT 16h/11h or 01h, then 10h or 00h; 0 where there is none */
static uint16_t key(uint8_t base)
{
	prepare((base | 1) << 8);
	may.eax = 0xffff;
	may.flags = ZF;
	CALL(0x16);
	if (out.flags & ZF)
		return 0;
	prepare(base << 8);
	may.eax = 0xffff;
	CALL(0x16);
	return out.eax;
}

static void test_keys(void)
{
	static const struct {
		uint8_t codes[12];
		uint16_t extended, old; /* what 10h and 00h give */
	} keys[] = {
	    {{0x1e, 0x9e},				     0x1e61, 0x1e61},
	    {{0x2a, 0x1e, 0x9e, 0xaa},			       0x1e41, 0x1e41},
	    {{0x36, 0x02, 0x82, 0xb6},			       0x0221, 0x0221},
	    {{0x1d, 0x1e, 0x9e, 0x9d},			       0x1e01, 0x1e01},
	    {{0x38, 0x1e, 0x9e, 0xb8},			       0x1e00, 0x1e00},
	    {{0xe0, 0x38, 0x10, 0x90, 0xe0, 0xb8},		   0x1000, 0x1000},
	    {{0xe0, 0x1d, 0x2e, 0xae, 0xe0, 0x9d},		   0x2e03, 0x2e03},
	    {{0x3a, 0xba, 0x1e, 0x9e, 0x3a, 0xba},		   0x1e41, 0x1e41},
	    {{0x01, 0x81},				     0x011b, 0x011b},
	    {{0x0f, 0x8f},				     0x0f09, 0x0f09},
	    {{0x2a, 0x0f, 0x8f, 0xaa},			       0x0f00, 0x0f00},
	    {{0x1d, 0x0f, 0x8f, 0x9d},			       0x9400, 0	},
	    {{0x38, 0x01, 0x81, 0xb8},			       0x0100, 0x0100},
	    {{0x3b, 0xbb},				     0x3b00, 0x3b00},
	    {{0x2a, 0x3b, 0xbb, 0xaa},			       0x5400, 0x5400},
	    {{0x38, 0x44, 0xc4, 0xb8},			       0x7100, 0x7100},
	    {{0x57, 0xd7},				     0x8500, 0	    },
	    {{0x1d, 0x58, 0xd8, 0x9d},			       0x8a00, 0	},
	    {{0x56, 0xd6},				     0x565c, 0x565c},
	    {{0x1c, 0x9c},				     0x1c0d, 0x1c0d},
	    {{0xe0, 0x1c, 0xe0, 0x9c},			       0xe00d, 0x1c0d},
	    {{0xe0, 0x35, 0xe0, 0xb5},			       0xe02f, 0x352f},
	    {{0x48, 0xc8},				     0x4800, 0x4800},
	    {{0x2a, 0x48, 0xc8, 0xaa},			       0x4838, 0x4838},
	    {{0xe0, 0x48, 0xe0, 0xc8},			       0x48e0, 0x4800},
	    {{0xe0, 0x2a, 0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0xaa}, 0x48e0, 0x4800},
	    {{0x1d, 0xe0, 0x4b, 0xe0, 0xcb, 0x9d},		   0x73e0, 0x7300},
	    {{0x38, 0xe0, 0x48, 0xe0, 0xc8, 0xb8},		   0x9800, 0	    },
	    {{0x45, 0xc5, 0x47, 0xc7, 0x45, 0xc5},		   0x4737, 0x4737},
	    {{0x4c, 0xcc},				     0x4c00, 0x4c00},
	    {{0x38, 0x4f, 0xcf, 0x4c, 0xcc, 0xb8},		   0x000f, 0x000f}, /* Alt and 15 */
	    {{0x1d, 0xe0, 0x2a, 0xe0, 0x37, 0xe0, 0xb7, 0x9d}, 0x7200, 0x7200},
	    {{0x37, 0xb7},				     0x372a, 0x372a},
	    {{0x1d, 0x03, 0x83, 0x9d},			       0x0300, 0x0300},
	    {{0x1d, 0x07, 0x87, 0x9d},			       0x071e, 0x071e},
	    {{0x38, 0x0d, 0x8d, 0xb8},			       0x8300, 0x8300},
	    {{0x1d, 0x02, 0x82, 0x9d},			       0,	  0	   },
	    {{0x39, 0xb9},				     0x3920, 0x3920},
	};

	begin("INT 09h and 16h 00-01, 10-11: what the keys give");
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		scans(keys[i].codes);
		check_line(1, __LINE__, "", 0, 0);
		SAME((uint32_t)i << 16 | key(0x10), (uint32_t)i << 16 | keys[i].extended);
		scans(keys[i].codes);
		SAME((uint32_t)i << 16 | key(0x00), (uint32_t)i << 16 | keys[i].old);
		SAME(BDA16(0x17) & 0x0f7f, 0);
	}
	end();

	begin("INT 16h 02, 12: shift states");
	scans((const uint8_t[]){0x3a, 0xba, 0x46, 0xc6, 0xe0, 0x52, 0xe0, 0xd2, 0x36, 0x2a, 0xe0,
				0x1d, 0x38, 0});
	prepare(0x0200);
	may.eax = 0xff;
	CALL(0x16);
	SAME((uint8_t)out.eax, 0xdf);
	prepare(0x1200);
	may.eax = 0xffff;
	CALL(0x16);
	SAME((uint16_t)out.eax, 0x06df);
	scans((const uint8_t[]){0xb6, 0xaa, 0xe0, 0x9d, 0xb8, 0x3a, 0xba, 0x46, 0xc6, 0});
	BDA8(0x17) &= 0x7f;
	SAME(BDA8(0x17), 0);
	while (key(0x10))
		;
	end();

	begin("INT 16h 03, 05, 09, 0A, 92, A2");
	prepare(0x0305);
	in.ebx = 0xb5b50000;
	CALL(0x16);
	prepare(0x0500);
	in.ecx = 0xc5c51234;
	may.eax = 0xff;
	for (unsigned i = 0; i < 15; i++) {
		CALL(0x16);
		SAME((uint8_t)out.eax, 0);
	}
	CALL(0x16);
	SAME((uint8_t)out.eax, 1);
	SAME(key(0x10), 0x1234);
	for (unsigned i = 0; i < 14; i++)
		key(0x10);
	SAME(key(0x10), 0);
	prepare(0x0900);
	may.eax = 0xff;
	CALL(0x16);
	SAME((uint8_t)out.eax, 0x34);
	prepare(0x0a00);
	may.ebx = 0xffff;
	CALL(0x16);
	SAME((uint16_t)out.ebx, 0x41ab);
	prepare(0x9200);
	may.eax = 0xff00;
	CALL(0x16);
	SAME(out.eax >> 8 & 0xff, 0x80);
	prepare(0xa200);
	may.eax = 0xff00;
	CALL(0x16);
	EXPECT((out.eax >> 8 & 0xff) >= 0x80);
	end();

	begin("INT 09h: the buffer may be moved (40:80, 40:82)");
	asm volatile("cli");
	BDA16(0x80) = BDA16(0x1a) = BDA16(0x1c) = 0x1e;
	BDA16(0x82) = 0x1e + 8;
	asm volatile("sti");
	scans((const uint8_t[]){0x1e, 0x30, 0x2e, 0x20, 0});
	SAME(key(0x10), 0x1e61);
	SAME(key(0x10), 0x3062);
	SAME(key(0x10), 0x2e63);
	SAME(key(0x10), 0);
	asm volatile("cli");
	BDA16(0x1a) = BDA16(0x1c) = 0x1e;
	BDA16(0x82) = 0x3e;
	asm volatile("sti");
	end();
}

static void test_key_hooks(void)
{
	begin("INT 15h 4Fh, 85h, 90h, 91h: the keyboard's hooks");
	hook_15_old = vector(0x15);
	set_vector(0x15, hook_15);
	scan(0x1e);
	SAME(hook_15_4f, 0x4f1e);
	SAME(hook_15_91, 0x9102);
	scan(0x10);
	scan(0x12);
	SAME(key(0x10), 0x1e61);
	SAME(key(0x10), 0x1177);
	SAME(key(0x10), 0);
	scans((const uint8_t[]){0x38, 0x54, 0});
	SAME(hook_15_85, 0x8500);
	scans((const uint8_t[]){0xd4, 0xb8, 0});
	SAME(hook_15_85, 0x8501);
	set_vector(0x1c, hook_nest);
	hook_nest_delay = 2;
	hook_nest_key = 0x1e;
	SAME(hook_15_90, 0);
	prepare(0x1000);
	may.eax = 0xffff;
	CALL(0x16);
	SAME((uint16_t)out.eax, 0x1e61);
	SAME(hook_15_90, 0x9002);
	restore_vector(0x1c, 0xf000ff53);
	restore_vector(0x15, hook_15_old);
	end();

	begin("INT 09h: Ctrl-Break, Print Screen, Pause");
	set_vector(0x1b, hook_1b);
	set_vector(0x05, hook_05);
	hook_1b_count = hook_05_count = 0;
	scan(0x1e);
	scans((const uint8_t[]){0x1d, 0xe0, 0x46, 0xe0, 0xc6, 0x9d, 0});
	SAME(hook_1b_count, 1);
	SAME(BDA8(0x71), 0x80);
	prepare(0x1000);
	may.eax = 0xffff;
	CALL(0x16);
	SAME((uint16_t)out.eax, 0);
	BDA8(0x71) = 0;
	scans((const uint8_t[]){0xe0, 0x2a, 0xe0, 0x37, 0xe0, 0xb7, 0xe0, 0xaa, 0});
	SAME(hook_05_count, 1);
	restore_vector(0x05, 0xf000ff54);
	restore_vector(0x1b, 0xf000ff53);
	set_vector(0x1c, hook_nest);
	hook_nest_delay = 9;
	hook_nest_key = 0x39;
	scans((const uint8_t[]){0xe1, 0x1d, 0x45, 0}); /* pauses here until the timer's key */
	ticks(2);
	SAME(hook_nest_key, 0);
	scans((const uint8_t[]){0xe1, 0x9d, 0xc5, 0});
	SAME(BDA8(0x18) & 8, 0);
	SAME(key(0x10), 0);
	restore_vector(0x1c, 0xf000ff53);
	end();

	begin("INT 05h: with the screen busy it does nothing");
	FAR(uint8_t, 0x50, 0) = 1;
	prepare(0);
	CALL(0x05);
	SAME(FAR(uint8_t, 0x50, 0), 1);
	FAR(uint8_t, 0x50, 0) = 0;
	end();
}

static void test_leds(void)
{
	begin("INT 09h: Num Lock and Caps Lock show on the LEDs (40:97)");
	scans((const uint8_t[]){0x45, 0xc5, 0});
	SAME(BDA8(0x97) & 7, 2);
	scans((const uint8_t[]){0x45, 0xc5, 0x3a, 0xba, 0});
	SAME(BDA8(0x97) & 7, 4);
	scans((const uint8_t[]){0x3a, 0xba, 0});
	SAME(BDA8(0x97) & 7, 0);
	end();
}

/* --- ports --- */

static void test_14(void)
{
	begin("INT 14h 00-03: a COM port in loopback; no port");
	prepare(0x00e3); /* 9600 8N1 */
	in.edx = 0xd5d50001;
	may.eax = 0xffff;
	CALL(0x14);
	SAME(out.eax >> 8 & 0x60, 0x60);
	outb(0x2fb, 0x83);
	SAME(inb(0x2f8), 12);
	SAME(inb(0x2f9), 0);
	outb(0x2fb, 0x03);
	prepare(0x0100 | 'x');
	in.edx = 0xd5d50001;
	may.eax = 0xff00;
	outb(0x2fc, 0x10);
	CALL(0x14);
	SAME(out.eax >> 8 & 0x80, 0);
	ticks(2); /* a character takes a millisecond where the speed is kept */
	prepare(0x0300);
	in.edx = 0xd5d50001;
	may.eax = 0xffff;
	CALL(0x14);
	SAME(out.eax >> 8 & 0x60, 0x60);
	while (inb(0x2fd) & 1)
		inb(0x2f8);
	outb(0x2fc, 0x10);
	outb(0x2f8, 'y');
	ticks(2);
	BDA8(0x7d) = 1;
	prepare(0x0200);
	in.edx = 0xd5d50001;
	may.eax = 0xffff;
	CALL(0x14);
	SAME(out.eax & 0x80ff, 'y');
	CALL(0x14);
	SAME(out.eax >> 8 & 0x80, 0x80);
	prepare(0x0300);
	in.edx = 0xd5d50002;
	may.eax = 0xff00;
	CALL(0x14);
	SAME(out.eax >> 8 & 0x80, 0x80);
	in.edx = 0xd5d5ffff;
	CALL(0x14);
	SAME(out.eax >> 8 & 0x80, 0x80);
	end();
}

static void test_17(void)
{
	begin("INT 17h 00-02: a printer; no printer");
	for (unsigned ah = 0; ah < 3; ah++) {
		prepare(ah << 8 | 'p');
		in.edx = 0xd5d50000;
		may.eax = 0xff00;
		CALL(0x17);
		SAME(out.eax >> 8 & 0x01, 0);
		SAME(ah << 16 | (out.eax >> 8 & 0x39), ah << 16 | 0x10); /* selected, no error */
	}
	prepare(0x0200);
	in.edx = 0xd5d50003;
	may.eax = 0xff00;
	CALL(0x17);
	EXPECT(out.eax >> 8 & 0x01);
	end();
}

/* --- INT 15h --- */

static bool cf(void)
{
	return out.flags & CF;
}

static void call_15(uint16_t ax, uint32_t may_eax)
{
	prepare(ax);
	may.eax = may_eax;
	may.flags = CF;
	CALL(0x15);
}

/* Whether address bit 20 counts. */
static bool a20_open(void)
{
	bool open;

	FAR(uint16_t, 0x0000, 0x0510) = 0x1234;
	FAR(uint16_t, 0xffff, 0x0520) = 0xabcd;
	open = FAR(uint16_t, 0x0000, 0x0510) == 0x1234;
	return open;
}

static void test_15_a20(void)
{
	begin("INT 15h 24xx: A20");
	call_15(0x2401, 0xff00);
	EXPECT(!cf());
	EXPECT(a20_open());
	call_15(0x2402, 0xffff);
	EXPECT(!cf());
	SAME((uint16_t)out.eax, 1);
	call_15(0x2400, 0xff00);
	EXPECT(!cf());
	EXPECT(!a20_open());
	call_15(0x2402, 0xffff);
	SAME((uint16_t)out.eax, 0);
	call_15(0x2401, 0xff00);
	prepare(0x2403);
	may.eax = 0xff00;
	may.ebx = 0xffff;
	may.flags = CF;
	CALL(0x15);
	EXPECT(!cf());
	SAME((uint16_t)out.ebx, 3);
	call_15(0x2404, 0xff00);
	EXPECT(cf());
	SAME(out.eax >> 8 & 0xff, 0x86);
	end();
}

static volatile uint8_t wait_flag;

static void test_15_waits(void)
{
	begin("INT 15h 83h: an event wait sets its flag, refuses a second, is taken back");
	wait_flag = 0;
	prepare(0x8300);
	in.es = GUEST_SEG;
	in.ebx = 0xb5b50000u | (uint16_t)(uint32_t)&wait_flag;
	in.ecx = 0xc5c50001; /* 100 ms */
	in.edx = 0xd5d586a0;
	may.eax = 0xffff;
	may.flags = CF;
	CALL(0x15);
	EXPECT(!cf());
	CALL(0x15);
	EXPECT(cf());
	SAME(wait_flag, 0);
	ticks(4);
	SAME(wait_flag, 0x80);
	SAME(BDA8(0xa0) & 1, 0);
	SAME(cmos(0x0b) & 0x40, 0);
	wait_flag = 0;
	CALL(0x15);
	EXPECT(!cf());
	in.eax = 0xa5a58301;
	CALL(0x15);
	EXPECT(!cf());
	ticks(4);
	SAME(wait_flag, 0);
	SAME(cmos(0x0b) & 0x40, 0);
	end();

	begin("INT 15h 86h: waits with interrupts off at the caller too");
	prepare(0x8600);
	in.flags = 2;
	in.ecx = 0xc5c50003; /* 200 ms */
	in.edx = 0xd5d50d40;
	may.flags = CF;
	asm volatile("cli");
	{
		uint32_t start = BDA32(0x6c);

		CALL(0x15);
		EXPECT(BDA32(0x6c) - start >= 3 && BDA32(0x6c) - start <= 5);
	}
	asm volatile("sti");
	end();
}

static void test_15_memory(void)
{
	static struct {
		uint32_t base, base_high, length, length_high, type, attributes, after;
	} e;
	uint32_t next = 0, above = 0;
	unsigned n = 0;

	begin("INT 15h E820: the map, 20 and 24 bytes, its end, wrong calls");
	do {
		bool big = n & 1;

		e.attributes = e.after = 0x77777777;
		prepare(0xe820);
		in.eax = 0xe820;
		in.ebx = next;
		in.ecx = big ? 24 : 20;
		in.edx = 0x534d4150;
		in.es = GUEST_SEG;
		in.edi = 0xf5f50000u | (uint16_t)(uint32_t)&e;
		may.eax = may.ebx = may.ecx = 0xffffffff;
		may.flags = CF;
		CALL(0x15);
		EXPECT(!cf());
		SAME(out.eax, 0x534d4150);
		SAME(out.ecx, in.ecx);
		SAME(e.attributes, big ? 1 : 0x77777777);
		SAME(e.after, 0x77777777);
		EXPECT(e.type >= 1 && e.type <= 5);
		EXPECT(e.length || e.length_high);
		if (!n) {
			SAME(e.base, 0);
			SAME(e.length, 0x9fc00);
			SAME(e.type, 1);
		}
		if (e.base == 0x100000)
			above = e.length >> 10;
		next = out.ebx;
		n++;
	} while (next && !cf() && n < 70);
	EXPECT(n >= 4);
	in.ebx = 69;
	CALL(0x15);
	EXPECT(cf());
	in.ebx = 0;
	in.edx = 0x12345678;
	CALL(0x15);
	EXPECT(cf());
	in.edx = 0x534d4150;
	in.ecx = 19;
	CALL(0x15);
	EXPECT(cf());
	end();

	begin("INT 15h 88h, E801h, E881h agree with the map");
	call_15(0x8800, 0xffff);
	EXPECT(!cf());
	SAME((uint16_t)out.eax, above > 0xfc00 ? 0xfc00 : above);
	for (unsigned ax = 0xe801; ax <= 0xe881; ax += 0x80) {
		prepare(ax);
		may.eax = may.ebx = may.ecx = may.edx = ax == 0xe881 ? 0xffffffff : 0xffff;
		may.flags = CF;
		CALL(0x15);
		EXPECT(!cf());
		SAME((uint16_t)out.eax, 15 * 1024);
		SAME((uint16_t)out.ebx, (above - 15 * 1024) / 64);
		SAME((uint16_t)out.ecx, (uint16_t)out.eax);
		SAME((uint16_t)out.edx, (uint16_t)out.ebx);
		if (ax == 0xe881)
			EXPECT(!(out.eax >> 16 | out.ebx >> 16 | out.ecx >> 16 | out.edx >> 16));
	}
	end();
}

static void test_15_move(void)
{
	static uint64_t gdt[6];
	static uint16_t block[64], back[64];
	uint32_t here = GUEST_SEG << 4;

	begin("INT 15h 87h: to 2 MiB and back; bad descriptors are refused; A20 stays as it was");
	for (unsigned a20 = 0; a20 < 2; a20++) {
		call_15(0x2400 | a20, 0xff00);
		for (unsigned i = 0; i < 64; i++)
			block[i] = i * 0x1357 + a20, back[i] = 0;
		for (unsigned round = 0; round < 2; round++) {
			uint32_t low = here + (uint16_t)(uint32_t)(round ? back : block);
			uint64_t low_desc = 0x930000000000ull | (uint64_t)low << 16 | 127;
			uint64_t high_desc = 0x932000000000ull | (uint64_t)0x0100 << 16 | 127;

			gdt[2] = round ? high_desc : low_desc;
			gdt[3] = round ? low_desc : high_desc;
			prepare(0x8700);
			in.ecx = 0xc5c50000 | 63;
			in.es = GUEST_SEG;
			in.esi = 0xe5e50000u | (uint16_t)(uint32_t)gdt;
			may.eax = 0xff00;
			may.flags = CF | ZF;
			CALL(0x15);
			EXPECT(!cf());
			SAME(out.eax >> 8 & 0xff, 0);
		}
		for (unsigned i = 0; i < 63; i++)
			SAME(back[i], block[i]);
		SAME(back[63], 0);
		SAME(a20_open(), a20);
	}
	in.ecx = 0xc5c50000 | 65; /* beyond the limit */
	CALL(0x15);
	EXPECT(cf());
	in.ecx = 0xc5c58001;
	CALL(0x15);
	EXPECT(cf());
	in.ecx = 0xc5c50001;
	gdt[2] &= ~0x800000000000ull; /* not present */
	CALL(0x15);
	EXPECT(cf());
	in.ecx = 0xc5c50000;
	CALL(0x15);
	end();
}

static void test_15_other(void)
{
	begin("INT 15h C0, C1");
	prepare(0xc000);
	may.eax = 0xff00;
	may.ebx = 0xffff;
	may.es = 1;
	may.flags = CF;
	CALL(0x15);
	EXPECT(!cf());
	SAME((uint16_t)out.ebx, 0xe6f5);
	SAME(out.es, 0xf000);
	prepare(0xc100);
	may.eax = 0xff00;
	may.es = 1;
	may.flags = CF;
	CALL(0x15);
	EXPECT(!cf());
	SAME(out.es, 0x9fc0);
	end();
	begin("INT 15h 52, 80-82, 85, 90, 91, EC00 succeed; unknown functions are refused");
	{
		static const uint16_t good[] = {0x5200, 0x8000, 0x8100, 0x8200,
						0x8500, 0x9000, 0x9100, 0xec00};
		static const uint16_t bad[] = {0x0000, 0x2000, 0x5400, 0x8400,
					       0x8a00, 0xc300, 0xe802, 0xffff};

		for (unsigned i = 0; i < sizeof(good) / 2; i++) {
			call_15(good[i], 0xff00);
			SAME((uint32_t)good[i] << 16 | cf(), (uint32_t)good[i] << 16);
			SAME(out.eax >> 8 & 0xff, 0);
		}
		for (unsigned i = 0; i < sizeof(bad) / 2; i++) {
			call_15(bad[i], 0xff00);
			SAME((uint32_t)bad[i] << 16 | cf(), (uint32_t)bad[i] << 16 | 1);
			SAME(out.eax >> 8 & 0xff, 0x86);
		}
	}
	end();
}

static void mouse(uint16_t ax, uint8_t bh, uint8_t want)
{
	prepare(ax);
	in.ebx = 0xb5b50000u | bh << 8;
	in.es = GUEST_SEG;
	if (ax == 0xc207)
		in.ebx = 0xb5b50000u | (uint16_t)(uint32_t)hook_mouse;
	may.eax = 0xff00;
	may.ebx = may.ecx = may.edx = 0xffff;
	may.flags = CF;
	CALL(0x15);
	SAME((uint32_t)ax << 16 | (out.eax >> 8 & 0xff), (uint32_t)ax << 16 | want);
	SAME(cf(), want != 0);
}

/* A byte as if the mouse had sent it. */
static void mouse_byte(uint8_t v)
{
	while (inb(0x64) & 3)
		;
	outb(0x64, 0xd3);
	while (inb(0x64) & 2)
		;
	outb(0x60, v);
	while (inb(0x64) & 1)
		;
}

static void test_mouse(void)
{
	begin("INT 15h C2xx: the mouse and its handler");
	SAME(BDA16(0x10) & 4, 4);
	mouse(0xc200, 1, 5); /* no handler yet */
	mouse(0xc205, 3, 0);
	SAME((uint16_t)out.ebx, 0x00aa);
	mouse(0xc205, 0, 2);
	mouse(0xc205, 9, 2);
	mouse(0xc201, 0, 0);
	SAME((uint16_t)out.ebx, 0x00aa);
	mouse(0xc202, 6, 0);
	mouse(0xc202, 7, 2);
	mouse(0xc203, 2, 0);
	mouse(0xc203, 4, 2);
	mouse(0xc206, 2, 0);
	mouse(0xc206, 0, 0);
	SAME((uint8_t)out.ebx & 0x30, 0x10);
	SAME((uint8_t)out.ecx, 2);
	SAME((uint8_t)out.edx, 200);
	mouse(0xc206, 1, 0);
	mouse(0xc204, 0, 0);
	SAME(out.ebx >> 8 & 0xff, 0);
	mouse(0xc207, 0, 0);
	mouse(0xc200, 1, 0);
	mouse_calls = 0;
	mouse_byte(0x29);
	mouse_byte(0x05);
	SAME(mouse_calls, 0);
	mouse_byte(0xfe);
	SAME(mouse_calls, 1);
	SAME(mouse_status, 0x29);
	SAME(mouse_x, 0x05);
	SAME(mouse_y, 0xfe);
	mouse_byte(0x01); /* not a first byte */
	mouse_byte(0x08);
	mouse_byte(0x01);
	mouse_byte(0x02);
	SAME(mouse_calls, 2);
	SAME(mouse_y, 0x02);
	mouse(0xc200, 0, 0);
	mouse(0xc208, 0, 1);
	scan(0x1e); /* the keyboard is still there */
	SAME(key(0x10), 0x1e61);
	end();
}

/* --- PCI BIOS --- */

static void call_pci(uint16_t ax)
{
	in.eax = 0xa5a50000u | ax;
	may.eax = 0xff00;
	may.flags = CF;
	CALL(0x1a);
}

static void test_pci(void)
{
	uint32_t id, class;
	uint16_t host;

	begin("INT 1Ah B101: PCI BIOS is there");
	prepare(0);
	may.ebx = 0xffff;
	may.ecx = 0xff;
	may.edx = may.edi = 0xffffffff;
	in.eax = 0xb101;
	may.eax = 0xffff;
	may.flags = CF;
	CALL(0x1a);
	EXPECT(!cf());
	SAME(out.edx, 0x20494350);
	SAME((uint16_t)out.ebx, 0x0210);
	SAME((uint16_t)out.eax, 0x0011);
	end();

	begin("INT 1Ah B108-B10D, B102, B103: configuration space, finding functions");
	prepare(0);
	in.ebx = 0xb5b50000;
	in.edi = 0xf5f50000;
	may.ecx = 0xffffffff;
	call_pci(0xb10a);
	EXPECT(!cf());
	id = out.ecx;
	EXPECT((uint16_t)id == 0x8086);
	may.ecx = 0xffff;
	call_pci(0xb109);
	SAME((uint16_t)out.ecx, (uint16_t)id);
	may.ecx = 0xff;
	call_pci(0xb108);
	SAME((uint8_t)out.ecx, (uint8_t)id);
	in.edi = 0xf5f50002;
	may.ecx = 0xffff;
	call_pci(0xb109);
	SAME((uint16_t)out.ecx, id >> 16);
	in.edi = 0xf5f50001;
	call_pci(0xb109);
	EXPECT(cf());
	SAME(out.eax >> 8 & 0xff, 0x87);
	in.edi = 0xf5f50100;
	call_pci(0xb108);
	SAME(out.eax >> 8 & 0xff, 0x87);
	in.edi = 0xf5f50008;
	may.ecx = 0xffffffff;
	call_pci(0xb10a);
	class = out.ecx >> 8;
	prepare(0);
	in.ecx = 0xc5c50000u | id >> 16;
	in.edx = 0xd5d50000u | (uint16_t)id;
	in.esi = 0xe5e50000;
	may.ebx = 0xffff;
	call_pci(0xb102);
	EXPECT(!cf());
	host = out.ebx;
	SAME(host, 0);
	in.esi = 0xe5e50001;
	call_pci(0xb102);
	SAME(out.eax >> 8 & 0xff, 0x86);
	in.edx = 0xd5d5ffff;
	call_pci(0xb102);
	SAME(out.eax >> 8 & 0xff, 0x83);
	prepare(0);
	in.ecx = class;
	in.esi = 0xe5e50000;
	may.ebx = 0xffff;
	call_pci(0xb103);
	EXPECT(!cf());
	SAME((uint16_t)out.ebx, host);
	in.ecx = 0x123456;
	call_pci(0xb103);
	SAME(out.eax >> 8 & 0xff, 0x86);
	/* the interrupt line register of a PCI display takes any value */
	prepare(0);
	in.ecx = 0x030000;
	in.esi = 0xe5e50000;
	may.ebx = 0xffff;
	call_pci(0xb103);
	if (!cf()) {
		host = out.ebx;
		prepare(0);
		in.ebx = 0xb5b50000u | host;
		in.edi = 0xf5f5003c;
		in.ecx = 0xc5c50042;
		call_pci(0xb10b);
		EXPECT(!cf());
		may.ecx = 0xff;
		call_pci(0xb108);
		SAME((uint8_t)out.ecx, 0x42);
	}
	call_pci(0xb1ff);
	SAME(out.eax >> 8 & 0xff, 0x81);
	end();
}

static void test_pci_routing(void)
{
	static struct {
		uint16_t size, off, seg;
	} request;
	static uint8_t buffer[512];
	uint16_t bytes;

	begin("INT 1Ah B10E: interrupt routing options");
	request.seg = GUEST_SEG;
	request.off = (uint16_t)(uint32_t)buffer;
	request.size = 0;
	prepare(0);
	in.es = GUEST_SEG;
	in.edi = 0xf5f50000u | (uint16_t)(uint32_t)&request;
	may.ebx = 0xffff;
	call_pci(0xb10e);
	SAME(out.eax >> 8 & 0xff, 0x89);
	bytes = request.size;
	EXPECT(bytes && bytes % 16 == 0 && bytes <= sizeof(buffer));
	request.size = sizeof(buffer);
	call_pci(0xb10e);
	EXPECT(!cf());
	SAME(request.size, bytes);
	EXPECT(buffer[2] != 0 || buffer[18] != 0);
	end();
}

/* --- interrupts and resets --- */

static void test_irqs(void)
{
	begin("an interrupt nobody serves is ended; IRQ 9 goes to INT 0Ah");
	prepare(0);
	CALL(0x0b);
	CALL(0x77);
	CALL(0x02);
	set_vector(0x0a, hook_0a);
	hook_0a_count = 0;
	CALL(0x71);
	SAME(hook_0a_count, 1);
	outb(0x20, 0x0b);
	SAME(inb(0x20), 0);
	outb(0xa0, 0x0b);
	SAME(inb(0xa0), 0);
	outb(0x20, 0x0a);
	outb(0xa0, 0x0a);
	ticks(2);
	end();
}

static void test_resets(void)
{
	begin("reset with CMOS 0Fh = 05h, 09h, 0Ah, 0Bh, 0Ch comes back through [40:67]");
	SAME(through_reset(0x05), 1);
	SAME(through_reset(0x09), 1);
	SAME(through_reset(0x0a), 1);
	SAME(through_reset(0x0b), 1);
	SAME(through_reset(0x0c), 1);
	SAME(cmos(0x0f), 0);
	ticks(2);
	scan(0x1e);
	SAME(key(0x10), 0x1e61);
	end();
}

void guest_main(void);
void guest_main(void)
{
	test_start();
	test_fixed();
	test_vectors();
	test_disk_types();
	test_irq_routing();
	test_bda();
	test_11_12();
	test_08();
	test_1a_time();
	test_keys();
	test_key_hooks();
	test_leds();
	test_nested();
	test_deep();
	test_14();
	test_17();
	test_15_a20();
	test_15_waits();
	test_15_memory();
	test_15_move();
	test_15_other();
	test_mouse();
	test_pci();
	test_pci_routing();
	test_irqs();
	test_resets();
	begin("all of it with at most 100 bytes of the caller's stack");
	EXPECT(deepest <= 100);
	put_text("# most: ");
	put_unsigned(deepest);
	put_text("\n");
	end();
	put_text("1..");
	put_unsigned(tests);
	put_text("\n");
}
