/* SPDX-License-Identifier: MIT
 *
 * A guest program that makes the same calls, one for each sub-function but the disks', in three
 * settings: see rows.h.
 */
#include <tests/rombios/rows.h>

void protected_call(struct r *r, uint32_t entry, uint16_t selector);
uint32_t switch_by_bios(void);
extern uint32_t came_pm_esp;
enum { NARROW = 0x8000, SEL_APM_32 = 0x30, SEL_FLAT_CODE = 0x48, SEL_APM_16 = 0x58 };

enum { EBDA_TOO = MORE << 0, GAME_PORT = MORE << 1, NO_GAME_PORT = MORE << 2 };

static bool peer; /* another BIOS: its own data areas and protected-mode entries are left out */

/* --- devices brought to a known state, and what rows need --- */

static uint8_t cmos(uint8_t index)
{
	outb(0x70, index);
	return inb(0x71);
}

static void no_keys(void)
{
	asm volatile("cli");
	BDA16(0x1c) = BDA16(0x1a);
	asm volatile("sti");
}

static void put_key(uint16_t key)
{
	no_keys();
	asm volatile("cli");
	BDA16(0x1a) = BDA16(0x1c) = 0x1e;
	BDA16(0x1e) = key;
	BDA16(0x1c) = 0x20;
	asm volatile("sti");
}

static void key_a(void)
{
	put_key(0x1e61);
	may.flags = ZF;
}
static void key_grey(void)
{
	put_key(0x48e0);
	may.flags = ZF;
}
static void key_none(void)
{
	no_keys();
	may.flags = ZF;
}
static void look_no_zf(void)
{
	SAME(out.flags & ZF, 0);
}
static void look_zf(void)
{
	SAME(out.flags & ZF, ZF);
}
static void look_taken(void)
{
	SAME(BDA16(0x1a), BDA16(0x1c));
}
static void look_not_taken(void)
{
	look_no_zf();
	EXPECT(BDA16(0x1a) != BDA16(0x1c));
	no_keys();
}

static void set_17(void)
{
	BDA8(0x17) = 0x60;
	BDA8(0x18) = 0;
}
static void look_17(void)
{
	BDA8(0x17) = 0;
}
static void set_16_03(void)
{
	LOW(ebx, 0);
}
static void set_16_05(void)
{
	no_keys();
	LOW(ecx, 0x1234);
}
static void look_16_05(void)
{
	EXPECT(BDA16(0x1a) != BDA16(0x1c));
	no_keys();
}
static void set_16_0a(void)
{
	may.ebx = 0xffff;
}

static void busy(void)
{
	FAR(uint8_t, 0x50, 0) = 1;
}
static void not_busy(void)
{
	SAME(FAR(uint8_t, 0x50, 0), 1);
	FAR(uint8_t, 0x50, 0) = 0;
}

static uint32_t ticks_before;
static void set_ticks(void)
{
	in.flags &= ~IF;
	asm volatile("cli");
	ticks_before = BDA32(0x6c);
}
static void look_ticks(void)
{
	uint32_t gone = BDA32(0x6c) - ticks_before; /* int_call lets further interrupts in behind it */

	EXPECT(gone >= 1 && gone < (setting == FAST_TIMER ? 64 : 3));
	asm volatile("sti");
}
static void set_midnight(void)
{
	set_ticks();
	BDA32(0x6c) = 0x1800af;
	BDA8(0x70) = 0;
}
static void look_midnight(void)
{
	EXPECT(BDA32(0x6c) < (setting == FAST_TIMER ? 64 : 3));
	SAME(BDA8(0x70), 1);
	asm volatile("sti");
	BDA8(0x70) = 0;
}

static void look_11(void)
{
	SAME((uint16_t)out.eax, BDA16(0x10));
}
static void look_12(void)
{
	SAME((uint16_t)out.eax, BDA16(0x13));
}
static void look_0e(void)
{
	SAME(BDA8(0x3e) & 0x80, 0x80);
	BDA8(0x3e) &= 0x7f;
}

/* serial port 1, in loopback */
enum { COM2 = 0x2f8 };
static void set_com(void)
{
	LOW(edx, 1);
	outb(COM2 + 4, 0x10);
	while (inb(COM2 + 5) & 1)
		inb(COM2);
}
static void look_com(void)
{
	SAME(out.eax >> 8 & 0x60, 0x60);
}
static void look_sent(void)
{
	SAME(out.eax >> 8 & 0xa0, 0x20);
}
static void look_9600(void)
{
	look_com();
	outb(COM2 + 3, 0x83);
	SAME(inb(COM2), 12);
	SAME(inb(COM2 + 1), 0);
	outb(COM2 + 3, 0x03);
	SAME(inb(COM2 + 3), 0x03);
}
static void set_com_in(void)
{
	set_com();
	outb(COM2, 'y');
	BDA8(0x7d) = 1;
	for (unsigned i = 0; i < 30000 && !(inb(COM2 + 5) & 1); i++)
		;
}
static void set_com_extended(void)
{
	set_com();
	LOW(ebx, 0x0201); /* even, two stop bits */
	LOW(ecx, 0x0208); /* 7 bits, 19200 */
}
static void look_com_extended(void)
{
	look_com();
	SAME(inb(COM2 + 3), 0x1e);
	outb(COM2 + 3, 0x9e);
	SAME(inb(COM2), 6);
	outb(COM2 + 3, 0x03);
}
static void set_com_bad(void)
{
	set_com();
	LOW(ebx, 0x0500);
	LOW(ecx, 0x0308);
}
static void set_com_control(void)
{
	set_com();
	outb(COM2 + 4, 0x12);
	may.ebx = 0xff;
}
static void look_com_control(void)
{
	SAME((uint8_t)out.ebx, 0x12);
	outb(COM2 + 4, 0);
}
static void set_com_write(void)
{
	set_com();
	LOW(ebx, 0x0b11);
}
static void look_com_write(void)
{
	SAME(inb(COM2 + 4), 0x11);
	outb(COM2 + 4, 0);
}
static void set_com_none(void)
{
	LOW(edx, 4);
}
static void set_com_0(void)
{
	LOW(edx, 0);
}
static void set_com_2(void)
{
	LOW(edx, 2);
}
static void set_com_3(void)
{
	LOW(edx, 3);
}
static void set_lpt(void)
{
	LOW(edx, 0);
}
static void look_lpt(void)
{
	SAME(out.eax >> 8 & 0x39, 0x10);
}
static void set_lpt_none(void)
{
	LOW(edx, 2);
}
static void look_lpt_none(void)
{
	EXPECT(out.eax >> 8 & 0x01);
}

/* --- 15h --- */

static void set_a20_query(void)
{
	may.ebx = 0xffff;
}
static void look_a20_query(void)
{
	SAME((uint16_t)out.ebx, 3);
}
static void set_zero_bx(void)
{
	LOW(ebx, 0);
}
static void set_apm_check(void)
{
	LOW(ebx, 0);
	may.ebx = may.ecx = 0xffff;
}
static void look_apm_check(void)
{
	SAME((uint16_t)out.ebx, 0x504d);
	SAME(out.ecx & 0x1b, 0x03);
}
static void set_apm_machine(void)
{
	LOW(ebx, 1);
	LOW(ecx, 1);
}
static void set_apm_state(void)
{
	LOW(ebx, 1);
	LOW(ecx, 2);
}
static void set_apm_bad_device(void)
{
	LOW(ebx, 0x1234);
	LOW(ecx, 1);
}
static void set_apm_bad_value(void)
{
	LOW(ebx, 1);
	LOW(ecx, 6);
}
static void set_apm_status(void)
{
	LOW(ebx, 1);
	may.ebx = may.ecx = may.edx = 0xffff;
}
static void look_apm_status(void)
{
	SAME((uint16_t)out.ebx, 0x01ff);
	SAME((uint16_t)out.ecx, 0x80ff);
	SAME((uint16_t)out.edx, 0xffff);
}
static void set_apm_get(void)
{
	LOW(ebx, 1);
	may.ecx = 0xffff;
}
static void look_apm_get(void)
{
	SAME((uint16_t)out.ecx, 0);
}
static void set_apm_version(void)
{
	LOW(ebx, 0);
	LOW(ecx, 0x0102);
}
static void set_apm_capabilities(void)
{
	LOW(ebx, 0);
	may.ebx = 0xff;
	may.ecx = 0xffff;
}

static void set_wait(void) /* 3 ms, to the buffer */
{
	BUFFER8(0) = 0;
	in.es = BUFFER_SEG;
	LOW(ebx, BUFFER);
	LOW(ecx, 0);
	LOW(edx, 3000);
}
static void look_wait(void)
{
	for (uint32_t i = 0; i < 2000000 && !BUFFER8(0); i++)
		inb(0x80);
	SAME(BUFFER8(0), 0x80);
	SAME(cmos(0x0b) & 0x40, 0);
	SAME(BDA8(0xa0) & 1, 0);
}
static void set_delay(void)
{
	LOW(ecx, 0);
	LOW(edx, 3000);
}
static void set_joystick(void)
{
	LOW(edx, 0);
}
static void set_positions(void)
{
	LOW(edx, 1);
	may.ebx = may.ecx = may.edx = 0xffff;
}
static void look_positions(void)
{
	EXPECT((uint16_t)out.eax < 0x1a0 && (uint16_t)out.ebx < 0x1a0);
	SAME((uint16_t)out.ecx | (uint16_t)out.edx, 0); /* no second stick */
}
static void set_joystick_bad(void)
{
	LOW(edx, 2);
}

static void set_move(void)
{
	/* 16 bytes of the buffer, from 32 on, to its first 16 */
	static uint64_t gdt[6];
	uint32_t from = BUFFER_AT + 32, to = BUFFER_AT;

	for (unsigned i = 0; i < 16; i++)
		BUFFER8(32 + i) = 0x30 + i;
	gdt[0] = gdt[1] = gdt[4] = gdt[5] = 0;
	gdt[2] = 0x930000000000ull | (uint64_t)from << 16 | 15;
	gdt[3] = 0x930000000000ull | (uint64_t)to << 16 | 15;
	in.es = GUEST_SEG;
	LOW(esi, (uint32_t)gdt);
	LOW(ecx, 8);
	may.flags |= ZF;
}
static void look_move(void)
{
	for (unsigned i = 0; i < 16; i++)
		SAME(BUFFER8(i), 0x30 + i);
}
static void look_88(void)
{
	EXPECT((uint16_t)out.eax >= 0x3c00);
}
static void set_c0(void)
{
	may.ebx = 0xffff;
	may.es = 1;
}
static void look_c0(void)
{
	EXPECT(FAR(uint16_t, out.es, (uint16_t)out.ebx) >= 8);
	SAME(FAR(uint8_t, out.es, (uint16_t)out.ebx + 2), 0xfc);
}
static void set_c1(void)
{
	may.es = 1;
}
static void look_c1(void)
{
	SAME(out.es, BDA16(0x0e));
}
static void set_mouse(void)
{
	may.ebx = may.ecx = may.edx = 0xffff;
	LOW(ebx, 0);
}
static void set_mouse_size(void)
{
	set_mouse();
	LOW(ebx, 0x0300);
}
static void look_mouse_reset(void)
{
	SAME((uint16_t)out.ebx, 0x00aa);
}
static void set_mouse_high(void)
{
	set_mouse();
	LOW(ebx, 0x0900);
}
static void set_mouse_handler(void)
{
	set_mouse();
	in.es = 0;
}
static void set_e801(void)
{
	may.ebx = may.ecx = may.edx = 0xffff;
}
static void look_e801(void)
{
	SAME((uint16_t)out.eax, 0x3c00);
	SAME((uint16_t)out.ecx, 0x3c00);
	SAME((uint16_t)out.ebx, (uint16_t)out.edx);
	EXPECT((uint16_t)out.ebx);
}
static void set_e881(void)
{
	may.ebx = may.ecx = may.edx = 0xffffffff;
}
static void set_e820(void)
{
	in.eax = 0xe820;
	in.ebx = 0;
	in.ecx = 20;
	in.edx = 0x534d4150;
	in.es = BUFFER_SEG;
	LOW(edi, BUFFER);
	may.ebx = may.ecx = 0xffffffff;
}
static void look_e820(void)
{
	SAME(out.eax, 0x534d4150);
	SAME(out.ecx, in.ecx);
	EXPECT(out.ebx);
	SAME(BUFFER32(0), 0);
	SAME(BUFFER32(4), 0);
	SAME(BUFFER32(8), (uint32_t)BDA16(0x13) << 10);
	SAME(BUFFER32(16), 1);
}
static void set_e820_24(void)
{
	set_e820();
	in.ecx = 24;
}
static void look_e820_24(void)
{
	look_e820();
	SAME(BUFFER32(20), 1);
}
static void set_e820_short(void)
{
	set_e820();
	in.ecx = 19;
}
static void set_e820_end(void)
{
	set_e820();
	in.ebx = 1000;
}

/* --- 1Ah --- */

static void set_cx_dx(void)
{
	may.ecx = may.edx = 0xffff;
}
static void look_1a00(void)
{
	uint32_t t = out.ecx << 16 | (uint16_t)out.edx;

	EXPECT(BDA32(0x6c) - t < 8);
}
static void set_1a01(void)
{
	LOW(ecx, 0x12);
	LOW(edx, 0x3456);
}
static void look_1a01(void)
{
	EXPECT(BDA32(0x6c) - 0x123456 < 40);
}
static bool bcd(uint8_t v, uint8_t last)
{
	return (v & 15) <= 9 && v <= last;
}
static void look_1a02(void)
{
	EXPECT(bcd(out.ecx >> 8, 0x23) && bcd(out.ecx, 0x59) && bcd(out.edx >> 8, 0x59));
}
static void set_1a03(void)
{
	LOW(ecx, 0x1234);
	LOW(edx, 0x1000);
}
static void look_1a03(void)
{
	SAME(cmos(2), 0x34);
	SAME(cmos(0x0b) & 0x80, 0);
}
static void look_1a04(void)
{
	EXPECT(bcd(out.ecx >> 8, 0x20) && bcd(out.ecx, 0x99) && bcd(out.edx >> 8, 0x12) && bcd(out.edx, 0x31));
}
static void set_1a05(void)
{
	LOW(ecx, 0x2003);
	LOW(edx, 0x0415);
}
static void look_1a05(void)
{
	SAME(cmos(7), 0x15);
	SAME(cmos(8), 0x04);
	SAME(cmos(9), 0x03);
	SAME(cmos(0x32), 0x20);
}
static void set_1a06(void)
{
	LOW(ecx, 0x2359);
	LOW(edx, 0x5900);
}
static void look_1a06(void)
{
	SAME(cmos(5), 0x23);
	SAME(cmos(3), 0x59);
	SAME(cmos(1), 0x59);
	SAME(cmos(0x0b) & 0x20, 0x20);
}
static void look_1a07(void)
{
	SAME(cmos(0x0b) & 0x20, 0);
}
static void set_pci_check(void)
{
	may.ebx = 0xffff;
	may.ecx = 0xff;
	may.edx = may.edi = 0xffffffff;
}
static void look_pci_check(void)
{
	SAME(out.edx, 0x20494350);
	SAME((uint16_t)out.ebx, 0x0210);
}
static uint32_t host_id(void)
{
	outl(0xcf8, 0x80000000);
	return inl(0xcfc);
}
static void set_pci_find(void)
{
	LOW(ecx, host_id() >> 16);
	LOW(edx, host_id());
	LOW(esi, 0);
	may.ebx = 0xffff;
}
static void look_host(void)
{
	SAME((uint16_t)out.ebx, 0);
}
static void set_pci_missing(void)
{
	set_pci_find();
	LOW(esi, 1);
}
static void set_pci_vendor(void)
{
	set_pci_find();
	LOW(edx, 0xffff);
}
static void set_pci_class(void)
{
	in.ecx = 0x060000;
	LOW(esi, 0);
	may.ebx = 0xffff;
}
static void set_pci_no_class(void)
{
	set_pci_class();
	in.ecx = 0xfe1234;
}
static void set_pci_cycle(void)
{
	LOW(ebx, 0x0000);
	in.edx = 0x00000001; /* HALT */
}
static void set_config(void)
{
	LOW(ebx, 0);
	LOW(edi, 0);
	may.ecx = 0xffffffff;
}
static void look_config_8(void)
{
	SAME((uint8_t)out.ecx, (uint8_t)host_id());
	SAME(out.ecx >> 8, in.ecx >> 8);
}
static void look_config_16(void)
{
	SAME((uint16_t)out.ecx, (uint16_t)host_id());
	SAME(out.ecx >> 16, in.ecx >> 16);
}
static void look_config_32(void)
{
	SAME(out.ecx, host_id());
}
/* the latency timer takes writes on no host of ours; the identity never does */
static void set_config_write(void)
{
	LOW(ebx, 0);
	LOW(edi, 0);
	in.ecx = 0;
}
static void look_config_write(void)
{
	SAME(host_id() & 0xffff, 0x8086);
}
static void set_config_odd(void)
{
	LOW(ebx, 0);
	LOW(edi, 1);
}
static void set_config_far(void)
{
	LOW(ebx, 0);
	LOW(edi, 0x100);
}
static void set_routing(void)
{
	in.es = BUFFER_SEG;
	LOW(edi, BUFFER);
	BUFFER16(0) = 0;
	BUFFER16(2) = BUFFER + 8;
	BUFFER16(4) = BUFFER_SEG;
	may.ebx = 0xffff;
}
static void look_routing(void)
{
	EXPECT(BUFFER16(0) >= 16 && BUFFER16(0) % 16 == 0);
}
static void set_route_bad(void)
{
	LOW(ebx, 0x00f8);
	LOW(ecx, 0x0a0a);
}

static void set_eoi(void)
{
	in.flags &= ~IF;
	asm volatile("cli");
}
static void look_eoi(void)
{
	outb(0x20, 0x0b);
	SAME(inb(0x20), 0);
	outb(0x20, 0x0a);
	outb(0xa0, 0x0b);
	SAME(inb(0xa0), 0);
	outb(0xa0, 0x0a);
	asm volatile("sti");
}
static void look_nothing_pressed(void)
{
	SAME(BDA16(0x1a), BDA16(0x1c));
	look_eoi();
}

/* clang-format off */
static const struct row rows[] = {
	{"05h, busy", 0x05, .set = busy, .look = not_busy},
	{"08h", 0x08, .set = set_ticks, .look = look_ticks},
	{"08h at midnight", 0x08, .set = set_midnight, .look = look_midnight},
	{"09h with no key", 0x09, .set = set_eoi, .look = look_nothing_pressed},
	{"0Eh", 0x0e, .bda = {{0x3e, 1}}, .look = look_0e},
	{"11h", 0x11, .a = AX_ANY, .look = look_11},
	{"12h", 0x12, .a = AX_ANY, .look = look_12},
	{"14h/00h", 0x14, 0x00e3, AX_ANY, .set = set_com, .look = look_9600},
	{"14h/01h", 0x14, 0x0178, AH_ANY, .set = set_com, .look = look_sent},
	{"14h/02h", 0x14, 0x0200, {0xffff, 0x80ff, 'y'}, .set = set_com_in},
	{"14h/03h", 0x14, 0x0300, AX_ANY, .set = set_com, .look = look_com},
	{"14h/03h, port 0", 0x14, 0x0300, {0xffff, 0x8000, 0}, .set = set_com_0},
	{"14h/03h, port 2", 0x14, 0x0300, {0xffff, 0x8000, 0}, .set = set_com_2},
	{"14h/03h, port 3", 0x14, 0x0300, {0xffff, 0x8000, 0}, .set = set_com_3},
	{"14h/04h", 0x14, 0x0400, AX_ANY, .set = set_com_extended, .look = look_com_extended},
	{"14h/04h, no such parity", 0x14, 0x0400, {0xff00, 0x8000, 0x8000}, .set = set_com_bad},
	{"14h/0500h", 0x14, 0x0500, AX_ANY, .set = set_com_control, .look = look_com_control},
	{"14h/0501h", 0x14, 0x0501, AX_ANY, .set = set_com_write, .look = look_com_write},
	{"14h/06h, unknown", 0x14, 0x0600, {0xff00, 0x8000, 0x8000}, .set = set_com},
	{"14h/03h, port 4", 0x14, 0x0300, {0xff00, 0x8000, 0x8000}, .set = set_com_none},

	{"15h/2401h", 0x15, 0x2401, AH_IS(0), CLEAR},
	{"15h/2402h", 0x15, 0x2402, AX_IS(1), CLEAR},
	{"15h/2403h", 0x15, 0x2403, AH_IS(0), CLEAR, .set = set_a20_query, .look = look_a20_query},
	{"15h/2404h, unknown", 0x15, 0x2404, AH_IS(0x86), SET},
	{"15h/4Fh", 0x15, 0x4f1e, {0, 0, 0}, SET},
	{"15h/52h", 0x15, 0x5200, AH_IS(0), CLEAR},
	{"15h/5300h", 0x15, 0x5300, AX_IS(0x0102), CLEAR, .set = set_apm_check, .look = look_apm_check},
	{"15h/5305h, not connected", 0x15, 0x5305, AH_IS(0x03), SET},
	{"15h/5301h", 0x15, 0x5301, AH_IS(0), CLEAR, ONCE, .set = set_zero_bx},
	{"15h/5301h, connected", 0x15, 0x5301, AH_IS(0x02), SET, .set = set_zero_bx},
	{"15h/5303h, connected", 0x15, 0x5303, AH_IS(0x02), SET, .set = set_zero_bx},
	{"15h/530Eh", 0x15, 0x530e, AX_IS(0x0102), CLEAR, .set = set_apm_version},
	{"15h/5305h", 0x15, 0x5305, AH_IS(0), CLEAR},
	{"15h/5306h", 0x15, 0x5306, AH_IS(0), CLEAR},
	{"15h/5307h, suspend", 0x15, 0x5307, AH_IS(0x60), SET, .set = set_apm_state},
	{"15h/5307h, no such device", 0x15, 0x5307, AH_IS(0x09), SET, .set = set_apm_bad_device},
	{"15h/5307h, no such state", 0x15, 0x5307, AH_IS(0x0a), SET, .set = set_apm_bad_value},
	{"15h/5308h", 0x15, 0x5308, AH_IS(0), CLEAR, .set = set_apm_machine},
	{"15h/5308h, no such value", 0x15, 0x5308, AH_IS(0x0a), SET, .set = set_apm_bad_value},
	{"15h/5309h", 0x15, 0x5309, AH_IS(0), CLEAR, .set = set_apm_machine},
	{"15h/530Ah", 0x15, 0x530a, AH_IS(0), CLEAR, .set = set_apm_status, .look = look_apm_status},
	{"15h/530Bh", 0x15, 0x530b, AH_IS(0x80), SET},
	{"15h/530Ch", 0x15, 0x530c, AH_IS(0), CLEAR, .set = set_apm_get, .look = look_apm_get},
	{"15h/530Dh", 0x15, 0x530d, AH_IS(0), CLEAR, .set = set_apm_machine},
	{"15h/530Fh", 0x15, 0x530f, AH_IS(0), CLEAR, .set = set_apm_machine},
	{"15h/5310h", 0x15, 0x5310, AH_IS(0), CLEAR, .set = set_apm_capabilities},
	{"15h/5311h, not there", 0x15, 0x5311, AH_IS(0x0c), SET},
	{"15h/5312h, not there", 0x15, 0x5312, AH_IS(0x0c), SET},
	{"15h/5313h, not there", 0x15, 0x5313, AH_IS(0x0c), SET},
	{"15h/5380h, not there", 0x15, 0x5380, AH_IS(0x0c), SET},
	{"15h/5304h", 0x15, 0x5304, AH_IS(0), CLEAR, ONCE, .set = set_zero_bx},
	{"15h/5304h, not connected", 0x15, 0x5304, AH_IS(0x03), SET, .set = set_zero_bx},
	{"15h/80h", 0x15, 0x8000, AH_IS(0), CLEAR},
	{"15h/81h", 0x15, 0x8100, AH_IS(0), CLEAR},
	{"15h/82h", 0x15, 0x8200, AH_IS(0), CLEAR},
	{"15h/8300h", 0x15, 0x8300, AX_ANY, CLEAR, ONCE, {{0x98, 9}}, 1, set_wait, look_wait},
	{"15h/8301h", 0x15, 0x8301, AX_ANY, CLEAR, .bda = {{0x98, 9}}},
	{"15h/8302h, unknown", 0x15, 0x8302, AX_ANY, SET},
	{"15h/84h, no game port", 0x15, 0x8400, AH_IS(0x86), SET, NO_GAME_PORT, .set = set_joystick},
	{"15h/84h, buttons", 0x15, 0x8400, AL_IS(0xf0), CLEAR, GAME_PORT, .set = set_joystick},
	{"15h/84h, positions", 0x15, 0x8400, AX_ANY, CLEAR, GAME_PORT | ONCE, .set = set_positions, .look = look_positions},
	{"15h/84h, no such function", 0x15, 0x8400, AH_IS(0x86), SET, .set = set_joystick_bad},
	{"15h/85h", 0x15, 0x8500, AH_IS(0), CLEAR},
	{"15h/86h", 0x15, 0x8600, AH_ANY, CLEAR, ONCE, .set = set_delay},
	{"15h/87h", 0x15, 0x8700, AH_IS(0), CLEAR, NOT_VM86, .buffer = 16, .set = set_move, .look = look_move},
	{"15h/87h, no other mode to enter", 0x15, 0x8700, AH_IS(3), SET, ONLY_VM86, .set = set_move},
	{"15h/88h", 0x15, 0x8800, AX_ANY, CLEAR, .look = look_88},
	{"15h/89h, no other mode to enter", 0x15, 0x8900, AH_IS(0xff), SET, ONLY_VM86},
	{"15h/90h", 0x15, 0x9000, AH_IS(0), CLEAR},
	{"15h/91h", 0x15, 0x9100, AH_IS(0), CLEAR},
	{"15h/C0h", 0x15, 0xc000, AH_IS(0), CLEAR, .set = set_c0, .look = look_c0},
	{"15h/C1h", 0x15, 0xc100, {0}, CLEAR, .set = set_c1, .look = look_c1},
	{"15h/C205h", 0x15, 0xc205, AH_IS(0), CLEAR, ONCE | EBDA_TOO, .set = set_mouse_size, .look = look_mouse_reset},
	{"15h/C205h, no such size", 0x15, 0xc205, AH_IS(2), SET, ONCE | EBDA_TOO, .set = set_mouse_high},
	{"15h/C201h", 0x15, 0xc201, AH_IS(0), CLEAR, ONCE | EBDA_TOO, .set = set_mouse, .look = look_mouse_reset},
	{"15h/C200h, off", 0x15, 0xc200, AH_IS(0), CLEAR, ONCE | EBDA_TOO, .set = set_mouse},
	{"15h/C200h, no such state", 0x15, 0xc200, AH_IS(2), SET, ONCE | EBDA_TOO, .set = set_mouse_high},
	{"15h/C202h", 0x15, 0xc202, AH_IS(0), CLEAR, ONCE | EBDA_TOO, .set = set_mouse_size},
	{"15h/C202h, no such rate", 0x15, 0xc202, AH_IS(2), SET, ONCE | EBDA_TOO, .set = set_mouse_high},
	{"15h/C203h", 0x15, 0xc203, AH_IS(0), CLEAR, ONCE | EBDA_TOO, .set = set_mouse_size},
	{"15h/C204h", 0x15, 0xc204, AH_IS(0), CLEAR, ONCE | EBDA_TOO, .set = set_mouse},
	{"15h/C206h, status", 0x15, 0xc206, AH_IS(0), CLEAR, ONCE | EBDA_TOO, .set = set_mouse},
	{"15h/C206h, no such function", 0x15, 0xc206, AH_IS(2), SET, ONCE | EBDA_TOO, .set = set_mouse_high},
	{"15h/C207h", 0x15, 0xc207, AH_IS(0), CLEAR, ONCE | EBDA_TOO, .set = set_mouse_handler},
	{"15h/C208h, unknown", 0x15, 0xc208, AH_IS(1), SET, .flags = EBDA_TOO},
	{"15h/E801h", 0x15, 0xe801, AX_ANY, CLEAR, .set = set_e801, .look = look_e801},
	{"15h/E881h", 0x15, 0xe881, EAX_ANY, CLEAR, .set = set_e881, .look = look_e801},
	{"15h/E820h", 0x15, 0xe820, EAX_ANY, CLEAR, .buffer = 20, .set = set_e820, .look = look_e820},
	{"15h/E820h, 24 bytes", 0x15, 0xe820, EAX_ANY, CLEAR, .buffer = 24, .set = set_e820_24, .look = look_e820_24},
	{"15h/E820h, 19 bytes", 0x15, 0xe820, AH_IS(0x86), SET, .set = set_e820_short},
	{"15h/E820h, beyond the end", 0x15, 0xe820, AH_IS(0x86), SET, .set = set_e820_end},
	{"15h/EC00h", 0x15, 0xec00, AH_IS(0), CLEAR},
	{"15h/00h, unknown", 0x15, 0x0000, AH_IS(0x86), SET},
	{"15h/FFh, unknown", 0x15, 0xff00, AH_IS(0x86), SET},

	{"16h/00h", 0x16, 0x0000, AX_IS(0x1e61), .bda = {{0x1a, 36}}, .set = key_a, .look = look_taken},
	{"16h/01h, no key", 0x16, 0x0100, AX_ANY, .bda = {{0x1a, 36}}, .set = key_none, .look = look_zf},
	{"16h/01h", 0x16, 0x0100, AX_IS(0x1e61), .bda = {{0x1a, 36}}, .set = key_a, .look = look_not_taken},
	{"16h/01h, a grey key", 0x16, 0x0100, AX_IS(0x4800), .bda = {{0x1a, 36}}, .set = key_grey, .look = look_not_taken},
	{"16h/02h", 0x16, 0x0200, AL_IS(0x60), .set = set_17, .look = look_17},
	{"16h/0305h", 0x16, 0x0305, AX_ANY, .flags = ONCE, .set = set_16_03},
	{"16h/05h", 0x16, 0x0500, AL_IS(0), .bda = {{0x1a, 36}}, .set = set_16_05, .look = look_16_05},
	{"16h/09h", 0x16, 0x0900, AL_IS(0x34)},
	{"16h/0Ah", 0x16, 0x0a00, {0}, .flags = ONCE, .set = set_16_0a},
	{"16h/10h", 0x16, 0x1000, AX_IS(0x48e0), .bda = {{0x1a, 36}}, .set = key_grey, .look = look_taken},
	{"16h/11h", 0x16, 0x1100, AX_IS(0x48e0), .bda = {{0x1a, 36}}, .set = key_grey, .look = look_not_taken},
	{"16h/11h, no key", 0x16, 0x1100, AX_ANY, .bda = {{0x1a, 36}}, .set = key_none, .look = look_zf},
	{"16h/12h", 0x16, 0x1200, AX_IS(0x0060), .set = set_17, .look = look_17},
	{"16h/92h", 0x16, 0x9200, AH_IS(0x80)},
	{"16h/A2h", 0x16, 0xa200, {0xff00, 0x8000, 0x8000}},
	{"17h/00h", 0x17, 0x0070, AH_ANY, .flags = ONCE, .set = set_lpt, .look = look_lpt},
	{"17h/01h", 0x17, 0x0100, AH_ANY, .flags = ONCE, .set = set_lpt, .look = look_lpt},
	{"17h/02h", 0x17, 0x0200, AH_ANY, .set = set_lpt, .look = look_lpt},
	{"17h/02h, no printer", 0x17, 0x0200, AH_ANY, .set = set_lpt_none, .look = look_lpt_none},

	{"1Ah/00h", 0x1a, 0x0000, AX_ANY, CLEAR, .set = set_cx_dx, .look = look_1a00},
	{"1Ah/01h", 0x1a, 0x0100, AH_ANY, CLEAR, .set = set_1a01, .look = look_1a01},
	{"1Ah/02h", 0x1a, 0x0200, AH_ANY, CLEAR, .set = set_cx_dx, .look = look_1a02},
	{"1Ah/03h", 0x1a, 0x0300, AH_ANY, CLEAR, .set = set_1a03, .look = look_1a03},
	{"1Ah/04h", 0x1a, 0x0400, AH_ANY, CLEAR, .set = set_cx_dx, .look = look_1a04},
	{"1Ah/05h", 0x1a, 0x0500, AH_ANY, CLEAR, .set = set_1a05, .look = look_1a05},
	{"1Ah/07h, no alarm", 0x1a, 0x0700, AH_ANY, CLEAR, .look = look_1a07},
	{"1Ah/06h", 0x1a, 0x0600, AH_ANY, CLEAR, ONCE, .set = set_1a06, .look = look_1a06},
	{"1Ah/06h, set already", 0x1a, 0x0600, AH_ANY, SET, ONCE, .set = set_1a06, .look = look_1a06},
	{"1Ah/07h", 0x1a, 0x0700, AH_ANY, CLEAR, .look = look_1a07},
	{"1Ah/0Ch, unknown", 0x1a, 0x0c00, AH_ANY, SET},
	{"1Ah/B101h", 0x1a, 0xb101, {0xffff, 0xff01, 0x0001}, CLEAR, .set = set_pci_check, .look = look_pci_check},
	{"1Ah/B102h", 0x1a, 0xb102, AH_IS(0), CLEAR, .set = set_pci_find, .look = look_host},
	{"1Ah/B102h, no second one", 0x1a, 0xb102, AH_IS(0x86), SET, .set = set_pci_missing},
	{"1Ah/B102h, no such vendor", 0x1a, 0xb102, AH_IS(0x83), SET, .set = set_pci_vendor},
	{"1Ah/B103h", 0x1a, 0xb103, AH_IS(0), CLEAR, .set = set_pci_class, .look = look_host},
	{"1Ah/B103h, no such class", 0x1a, 0xb103, AH_IS(0x86), SET, .set = set_pci_no_class},
	{"1Ah/B106h", 0x1a, 0xb106, AH_IS(0), CLEAR, .set = set_pci_cycle},
	{"1Ah/B108h", 0x1a, 0xb108, AH_IS(0), CLEAR, .set = set_config, .look = look_config_8},
	{"1Ah/B109h", 0x1a, 0xb109, AH_IS(0), CLEAR, .set = set_config, .look = look_config_16},
	{"1Ah/B10Ah", 0x1a, 0xb10a, AH_IS(0), CLEAR, .set = set_config, .look = look_config_32},
	{"1Ah/B10Bh", 0x1a, 0xb10b, AH_IS(0), CLEAR, .set = set_config_write, .look = look_config_write},
	{"1Ah/B10Ch", 0x1a, 0xb10c, AH_IS(0), CLEAR, .set = set_config_write, .look = look_config_write},
	{"1Ah/B10Dh", 0x1a, 0xb10d, AH_IS(0), CLEAR, .set = set_config_write, .look = look_config_write},
	{"1Ah/B109h, odd register", 0x1a, 0xb109, AH_IS(0x87), SET, .set = set_config_odd},
	{"1Ah/B10Ah, odd register", 0x1a, 0xb10a, AH_IS(0x87), SET, .set = set_config_odd},
	{"1Ah/B108h, register 100h", 0x1a, 0xb108, AH_IS(0x87), SET, .set = set_config_far},
	{"1Ah/B10Eh", 0x1a, 0xb10e, AH_IS(0x89), SET, .buffer = 2, .set = set_routing, .look = look_routing},
	{"1Ah/B10Fh, no such device", 0x1a, 0xb10f, AH_IS(0x88), SET, .set = set_route_bad},
	{"1Ah/B1FFh, unknown", 0x1a, 0xb1ff, AH_IS(0x81), SET},

	{"1Bh", 0x1b}, {"1Ch", 0x1c}, {"4Ah", 0x4a},
	{"02h", 0x02},
	{"70h", 0x70, .set = set_eoi, .look = look_eoi},
	{"71h", 0x71, .bda = {{0x6b, 1}}, .set = set_eoi, .look = look_eoi},
	{"72h", 0x72, .bda = {{0x6b, 1}}, .set = set_eoi, .look = look_eoi},
	{"73h", 0x73, .bda = {{0x6b, 1}}, .set = set_eoi, .look = look_eoi},
	{"74h", 0x74, .set = set_eoi, .look = look_eoi},
	{"75h", 0x75, .set = set_eoi, .look = look_eoi},
	{"76h", 0x76, .bda = {{0x8e, 1}}, .set = set_eoi, .look = look_eoi},
	{"77h", 0x77, .bda = {{0x8e, 1}}, .set = set_eoi, .look = look_eoi},
};
/* clang-format on */

static uint8_t ebda_before[0x400];

static bool row_runs(const struct row *row, const char **why)
{
	if (row->flags & (inb(0x201) == 0xff ? GAME_PORT : NO_GAME_PORT))
		return false;
	/* the hosts of calls.t and calls-bochs.t have four serial ports and a printer */
	if ((row->n == 0x14 && !BDA16(6)) || (row->n == 0x17 && !BDA16(8))) {
		*why = "no such port # SKIP";
		return false;
	}
	return true;
}

static void row_begin(const struct row *row)
{
}

static void row_before(const struct row *row)
{
	for (unsigned i = 0; i < sizeof(ebda_before) && !peer && !(row->flags & EBDA_TOO); i++)
		ebda_before[i] = FAR(uint8_t, BDA16(0x0e), i);
}

static void row_after(const struct row *row)
{
	for (unsigned i = 0; i < sizeof(ebda_before) && !peer && !(row->flags & EBDA_TOO); i++)
		check_line(ebda_before[i] == FAR(uint8_t, BDA16(0x0e), i), i, "EBDA byte", FAR(uint8_t, BDA16(0x0e), i),
			   ebda_before[i]);
}

/* --- the ways into protected mode --- */

static uint32_t bios32(void)
{
	for (uint16_t seg = 0xe000; seg; seg++)
		if (FAR(uint32_t, seg, 0) == 0x5f32335f) {
			uint8_t sum = 0;

			for (unsigned i = 0; i < 16; i++)
				sum += FAR(uint8_t, seg, i);
			if (!sum)
				return FAR(uint32_t, seg, 4);
		}
	return 0;
}

/* a far call with the registers in `out`, and what is kept */
static void far32(uint32_t entry, uint16_t selector)
{
	in = out;
	protected_call(&out, entry, selector);
	SAME(came_pm_esp, 0);
}

static uint8_t ah(void)
{
	return out.eax >> 8;
}

static void start32(uint32_t eax)
{
	prepare(0);
	out = in;
	out.eax = eax;
}

static void test_pci_32(uint16_t selector, uint32_t base, const char *name)
{
	static uint8_t slots[512];
	static struct {
		uint16_t size;
		uint32_t off;
		uint16_t seg;
	} __attribute__((packed)) request;
	uint32_t directory = bios32(), entry;

	begin(name);
	EXPECT(directory >= 0xe0000 && directory < 0x100000);
	if (!directory) {
		end();
		return;
	}
	start32(0x49435024);
	out.ebx = 0;
	far32(directory - base, selector);
	SAME(out.eax & 0xff, 0);
	entry = out.ebx + out.edx - base;
	EXPECT(out.ebx + out.edx >= 0xe0000 && out.ebx + out.edx < 0x100000 && out.edx < out.ecx);
	start32(0x12345678);
	out.ebx = 0;
	far32(directory - base, selector);
	SAME(out.eax & 0xff, 0x80);
	start32(0x49435024);
	out.ebx = 1;
	far32(directory - base, selector);
	SAME(out.eax & 0xff, 0x81);

	start32(0xb101);
	far32(entry, selector);
	EXPECT(!(out.flags & CF));
	SAME(ah(), 0);
	SAME(out.edx, 0x20494350);
	SAME((uint16_t)out.ebx, 0x0210);
	start32(0xb102);
	out.ecx = host_id() >> 16;
	out.edx = (uint16_t)host_id();
	out.esi = 0;
	out.ebx = 0xffff;
	far32(entry, selector);
	EXPECT(!(out.flags & CF));
	SAME(ah(), 0);
	SAME((uint16_t)out.ebx, 0);
	SAME(out.ebp, out.ebp);
	out.eax = 0xb102;
	out.esi = 1;
	far32(entry, selector);
	EXPECT(out.flags & CF);
	SAME(ah(), 0x86);
	start32(0xb102);
	out.edx = 0xffff;
	far32(entry, selector);
	SAME(ah(), 0x83);
	start32(0xb103);
	out.ecx = 0x060000;
	out.esi = 0;
	far32(entry, selector);
	SAME(ah(), 0);
	SAME((uint16_t)out.ebx, 0);
	start32(0xb103);
	out.ecx = 0xfe1234;
	out.esi = 0;
	far32(entry, selector);
	SAME(ah(), 0x86);
	start32(0xb106);
	out.ebx = 0;
	far32(entry, selector);
	SAME(ah(), 0);
	for (unsigned al = 8; al <= 0x0a; al++) {
		uint32_t mask = al == 8 ? 0xff : al == 9 ? 0xffff : 0xffffffff;

		start32(0xb100 | al);
		out.ebx = out.edi = 0;
		far32(entry, selector);
		SAME(ah(), 0);
		SAME(out.ecx, (in.ecx & ~mask) | (host_id() & mask));
		start32(0xb100 | al);
		out.ebx = 0;
		out.edi = 0x100;
		far32(entry, selector);
		SAME(ah(), 0x87);
		start32(0xb100 | al);
		out.ebx = 0;
		out.edi = 1;
		far32(entry, selector);
		SAME(ah(), al == 8 ? 0 : 0x87);
		start32(0xb103 + al - 0);
		out.ebx = out.edi = out.ecx = 0;
		far32(entry, selector);
		SAME(ah(), 0);
		SAME((uint16_t)host_id(), 0x8086);
	}
	request.size = 0;
	request.off = (uint32_t)slots & 0xffff;
	request.seg = 0x20;
	start32(0xb10e);
	out.edi = (uint16_t)(uint32_t)&request;
	far32(entry, selector);
	SAME(ah(), 0x89);
	EXPECT(request.size >= 16 && request.size % 16 == 0 && request.size <= sizeof(slots));
	request.size = sizeof(slots);
	start32(0xb10e);
	out.edi = (uint16_t)(uint32_t)&request;
	far32(entry, selector);
	SAME(ah(), 0);
	/* the first slot's INTA, to where it is already, then to a line that cannot be */
	{
		uint8_t link = slots[2], line;
		uint16_t router = 1 << 3; /* device 1 of i440FX boards */

		outl(0xcf8, 0x80000000 | router << 8 | (link & 0xfc));
		line = inb(0xcfc + (link & 3));
		start32(0xb10f);
		out.ebx = slots[0] << 8 | slots[1];
		out.ecx = 0x050a;
		far32(entry, selector);
		SAME(ah(), 0);
		outl(0xcf8, 0x80000000 | router << 8 | (link & 0xfc));
		SAME(inb(0xcfc + (link & 3)), 5);
		EXPECT(inb(0x4d0) & 0x20);
		/* by INT 1Ah, back to where it was */
		prepare(0xb10f);
		in.ebx = slots[0] << 8 | slots[1];
		in.ecx = (uint32_t)line << 8 | 0x0a;
		may.eax = 0xff00;
		may.flags = CF;
		CALL(0x1a);
		EXPECT(!(out.flags & CF));
		outl(0xcf8, 0x80000000 | router << 8 | (link & 0xfc));
		SAME(inb(0xcfc + (link & 3)), line);
		outb(0x4d0, inb(0x4d0) & ~0x20);
		start32(0xb10f);
		out.ebx = slots[0] << 8 | slots[1];
		out.ecx = 0x000a;
		far32(entry, selector);
		SAME(ah(), 0x88);
	}
	start32(0xb1ff);
	far32(entry, selector);
	EXPECT(out.flags & CF);
	SAME(ah(), 0x81);
	end();
}

static void apm_connect(uint16_t ax)
{
	prepare(ax);
	in.ebx = 0;
	may.eax = may.ebx = may.ecx = may.edx = may.esi = may.edi = 0xffffffff;
	may.flags = CF;
	CALL(0x15);
}

static void test_apm_protected(bool wide)
{
	uint32_t entry;
	uint16_t selector = wide ? SEL_APM_32 : SEL_APM_16 | NARROW;

	begin(wide ? "INT 15h/5303h: APM in 32-bit protected mode" : "INT 15h/5302h: APM in 16-bit protected mode");
	apm_connect(wide ? 0x5303 : 0x5302);
	EXPECT(!(out.flags & CF));
	SAME((uint16_t)out.eax, 0xf000);
	SAME(wide ? (uint16_t)out.edx : (uint16_t)out.ecx, 0xe000);
	entry = wide ? out.ebx : (uint16_t)out.ebx;
	EXPECT(entry < 0x10000);
	apm_connect(0x5301);
	SAME(ah(), wide ? 0x07 : 0x05);
	start32(0x530e);
	out.ebx = 0;
	out.ecx = 0x0101;
	far32(entry, selector);
	EXPECT(!(out.flags & CF));
	SAME((uint16_t)out.eax, 0x0101);
	start32(0x530a);
	out.ebx = 1;
	far32(entry, selector);
	EXPECT(!(out.flags & CF));
	SAME((uint16_t)out.ebx, 0x01ff);
	SAME((uint16_t)out.ecx, 0x80ff);
	SAME(out.esi, in.esi);
	SAME(out.edi, in.edi);
	SAME(out.ebp, out.ebp);
	start32(0x530b);
	far32(entry, selector);
	EXPECT(out.flags & CF);
	SAME(ah(), 0x80);
	start32(0x5308);
	out.ebx = 1;
	out.ecx = 0;
	far32(entry, selector);
	EXPECT(!(out.flags & CF));
	start32(0x5307);
	out.ebx = 1;
	out.ecx = 3;
	far32(entry, selector);
	SAME(ah(), 0x01); /* disabled */
	start32(0x5309);
	out.ebx = 1;
	far32(entry, selector);
	EXPECT(!(out.flags & CF));
	start32(0x530f);
	out.ebx = 1;
	out.ecx = 0;
	far32(entry, selector);
	start32(0x5305);
	far32(entry, selector);
	SAME(ah(), 0x0b); /* not engaged */
	start32(0x5313);
	far32(entry, selector);
	SAME(ah(), 0x0c);
	start32(0x5304);
	out.ebx = 0;
	far32(entry, selector);
	EXPECT(!(out.flags & CF));
	start32(0x5306);
	far32(entry, selector);
	SAME(ah(), 0x03);
	end();
}

void guest_main(void);
void guest_main(void)
{
	/* the BIOS that says so on its own page */
	peer = FAR(uint16_t, 0xf000, 0xe751) == 0 && FAR(uint32_t, 0xf000, 0xe740) != 0x5f32335f;
	if (BDA8(0x17) & 0x20) /* others start with Num Lock */
		BDA8(0x17) &= ~0x20;
	run_settings(rows, sizeof(rows) / sizeof(rows[0]));
	if (!peer) {
		test_pci_32(SEL_FLAT_CODE, 0, "BIOS32 and PCI BIOS, flat segments");
		test_pci_32(SEL_APM_32, 0xf0000, "BIOS32 and PCI BIOS, segments based at F0000");
		test_apm_protected(false);
		test_apm_protected(true);
		begin("INT 15h/89h: protected mode, by the caller's descriptors and vectors");
		SAME(switch_by_bios(), 0);
		end();
	}
	put_text("1..");
	put_unsigned(tests);
	put_text("\n");
}
