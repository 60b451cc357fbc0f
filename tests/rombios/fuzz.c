/* SPDX-License-Identifier: MIT
 *
 * A guest program that calls the BIOS with random registers. DS = ES is a segment of the caller's own
 * 60000-8FFFF, to which pointers in packets and descriptors lead, too; nothing else but the BIOS' data
 * areas may change: the vectors, all other low memory, memory above 1 MiB around that of INT 15h/87h.
 * A third of the calls of INT 13h have every register random, DS and ES, too, as long as what they ask for
 * leaves this program, the monitor, and the BIOS alone; then what they name may change, and nothing else.
 * Left out are only the calls that end a program: to start another, to switch the machine off, to
 * rewrite the chipset, to enter protected mode. The first half of the calls is made in real mode, the
 * second under a virtual-8086 monitor with paging. The last call goes to port E9 before it is made.
 */
#define STACK_LIMIT 100
#include <tests/rombios/guest.h>

void monitor_enter(void);
void monitor_leave(void);
uint8_t high_memory(uint8_t look);

/* the script writes these into the image */
uint32_t fuzz_seed __attribute__((section(".data"))) = 1;
uint32_t fuzz_calls __attribute__((section(".data"))) = 2000;

static uint32_t state;
static uint32_t ivt_before[256];
static bool failed;

static uint32_t rnd(void)
{
	state ^= state << 13; /* Marsaglia's xorshift */
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

/* One of n, evenly enough. */
static uint32_t pick(uint32_t n)
{
	return (rnd() >> 8) % n;
}

/* often small, often a power of two less one, sometimes anything */
static uint32_t value(void)
{
	switch (pick(6)) {
	case 0: return pick(4);
	case 1: return pick(256);
	case 2: return (1u << pick(32)) - pick(2);
	case 3: return 0xffff0000 | pick(0x10000);
	case 4: return pick(0x10000);
	default: return rnd();
	}
}

static uint8_t one_of(const uint8_t *list, unsigned n)
{
	return pick(8) ? list[pick(n)] : pick(256);
}
#define ONE_OF(...) one_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static uint8_t n;

static void set_ah(uint8_t v)
{
	in.eax = (in.eax & 0xffff00ff) | v << 8;
}
static void set_al(uint8_t v)
{
	in.eax = (in.eax & 0xffffff00) | v;
}
static uint8_t in_ah(void)
{
	return in.eax >> 8;
}
#define LOW(reg, v) (in.reg = (in.reg & 0xffff0000) | (uint16_t)(v))

static void put16(uint16_t off, uint16_t v)
{
	FAR(uint8_t, in.es, off) = v;
	FAR(uint8_t, in.es, (uint16_t)(off + 1)) = v >> 8;
}

/* Where INT 13h may write what it was asked for */
static struct span {
	uint32_t at, bytes;
} spans[4];

/* The buffers that the registers, and what they point to, name for INT 13h. False if one of them holds
 * anything but free memory: then the call is not to be made. One that cannot be reached is refused. */
static bool disk_spans(void)
{
	static const struct span zones[] = {{0x600, 0x7000}, {0x20000, 0x30000}, {0x60000, 0x3fbf0}, {0xa0000, 0x20000}};
	uint32_t packet[2] = {FAR(uint32_t, in.ds, (uint16_t)in.esi), FAR(uint32_t, in.ds, (uint16_t)(in.esi + 4))};
	uint32_t ds = (uint32_t)in.ds << 4;

	spans[0] = (struct span){((uint32_t)in.es << 4) + (uint16_t)in.ebx, (uint8_t)in.eax * 512};
	spans[1] = (struct span){ds + (uint16_t)in.esi, 74};
	/* a disk address packet, in blocks of a CD at most; the catalogue's, 4Dh */
	spans[2] = (struct span){(packet[1] >> 16 << 4) + (packet[1] & 0xffff), (packet[0] >> 16) * 2048};
	spans[3] = (struct span){((packet[1] & 0xffff) << 4) + (packet[0] >> 16), (packet[0] >> 8 & 0xff) * 2048};
	if (in_ah() != 0x4d)
		spans[3].bytes = 0;
	else
		spans[2].bytes = 0;
	for (unsigned i = 0; i < 4; i++) {
		struct span *s = &spans[i];
		bool fits = false;

		/* what is too much for a disk may be right for a floppy, 512 bytes a block */
		if (i == 2 && s->at + s->bytes > 0x10fff0)
			s->bytes /= 4;
		if (s->at + s->bytes > 0x10fff0 || !s->bytes) {
			s->bytes = 0;
			continue;
		}
		for (unsigned z = 0; z < sizeof(zones) / sizeof(zones[0]); z++)
			fits |= s->at >= zones[z].at && s->at + s->bytes <= zones[z].at + zones[z].bytes;
		if (!fits)
			return false;
	}
	return true;
}

/* Is the double word at an address one that the call was asked to write? */
static bool asked_for(uint32_t address)
{
	for (unsigned i = 0; i < 4; i++)
		if (address + 3 >= spans[i].at && address < spans[i].at + spans[i].bytes)
			return true;
	return false;
}

/* INT 13h with every register random */
static void wild_disk(void)
{
	uint32_t *regs = &in.eax;

	for (unsigned i = 0; i < 7; i++)
		regs[i] = rnd();
	in.ds = rnd();
	in.es = rnd();
	if (pick(2))
		set_ah(pick(0x50));
	if (pick(4))
		in.edx = (in.edx & 0xffffff00) | ONE_OF(0, 1, 0x80, 0x81, 0xe0, 0x7f);
	if (in_ah() == 0x4c)
		set_ah(0x4a);
}

static void disk(void)
{
	uint16_t si = in.esi;

	set_ah(ONE_OF(0, 1, 2, 3, 4, 5, 8, 9, 0xc, 0xd, 0x10, 0x11, 0x14, 0x15, 0x16, 0x17, 0x18, 0x41, 0x42, 0x43,
		      0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4d, 0x4e));
	if (in_ah() == 0x4c) /* starts a CD */
		set_ah(0x42);
	if (pick(8))
		in.edx = (in.edx & 0xffffff00) | ONE_OF(0, 0, 1, 0x80, 0x80, 0x81, 0xe0, 0xe1);
	if (pick(2)) {
		in.edx = (in.edx & 0xffff00ff) | pick(20) << 8;
		in.ecx = pick(70);
		set_al(pick(130));
	}
	/* a disk address packet, or that of 4Dh */
	put16(si, ONE_OF(0x10, 0x10, 0x10, 0x18, 8, 0x13, 0));
	put16(si + 2, pick(4) ? pick(130) : rnd());
	put16(si + 4, in_ah() == 0x4d ? in.es : rnd());
	put16(si + 6, in.es);
	put16(si + 8, pick(2) ? pick(40000) : rnd());
	for (unsigned i = 10; i < 24; i += 2)
		put16(si + i, pick(8) ? 0 : rnd());
	if (in_ah() == 0x48)
		put16(si, ONE_OF(26, 30, 66, 74, 25, 0));
}

static void move(void)
{
	uint16_t si = in.esi;

	for (unsigned d = 0x10; d <= 0x18; d += 8) {
		uint32_t base = 0x200000 + pick(0x1f0000); /* to 3FFFFF */

		put16(si + d, pick(4) ? 0xffff : rnd());
		put16(si + d + 2, base);
		put16(si + d + 4, base >> 16 | (pick(8) ? 0x93 : pick(256)) << 8);
		put16(si + d + 6, pick(8) ? 0 : 0x80); /* base below 16 MiB, limit below 1 MiB or all */
	}
}

static void system(void)
{
	set_ah(ONE_OF(0x24, 0x4f, 0x52, 0x53, 0x53, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x87, 0x88, 0x90, 0x91,
		      0xc0, 0xc1, 0xc2, 0xc2, 0xe8, 0xe8, 0xec));
	if (in_ah() == 0x89)
		set_ah(0x88);
	switch (in_ah()) {
	case 0x24:
		set_al(pick(5));
		break;
	case 0x53:
		set_al(pick(0x16));
		if ((uint8_t)in.eax == 7 && (uint16_t)in.ecx == 3)
			in.ecx++; /* not off */
		break;
	case 0x83:
	case 0x86:
		set_al(pick(3));
		LOW(ecx, 0);
		LOW(edx, pick(2000));
		break;
	case 0x87:
		move();
		break;
	case 0xc2:
		set_al(pick(9));
		LOW(ebx, pick(4) ? pick(9) << 8 : rnd());
		if ((uint8_t)in.eax == 7) /* the handler */
			LOW(ebx, 0), in.es = 0;
		break;
	case 0xe8:
		set_al(ONE_OF(0x20, 0x20, 0x20, 0x01, 0x81));
		if (pick(8)) {
			in.eax &= 0xffff;
			in.ebx = pick(12);
			in.ecx = pick(3) ? 20 : pick(30);
			in.edx = 0x534d4150;
		}
		break;
	}
}

static void clock_and_pci(void)
{
	set_ah(ONE_OF(0, 1, 2, 3, 4, 5, 6, 7, 0xb1, 0xb1, 0xb1, 0xb1));
	if (in_ah() != 0xb1)
		return;
	set_al(ONE_OF(1, 2, 3, 6, 8, 9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf));
	if (pick(2))
		LOW(edi, pick(256));
	switch ((uint8_t)in.eax) {
	case 0x0b ... 0x0d: /* devices 16-31 are not there */
		in.ebx |= 0x80;
		break;
	case 0x0e:
		put16(in.edi, pick(2) ? 0 : rnd());
		put16(in.edi + 2, rnd());
		put16(in.edi + 4, in.es);
		break;
	case 0x0f:
		/* To 9-11, or what is refused: the line of an ISA device, level-triggered from then on,
		 * never falls silent. */
		LOW(ecx, (pick(4) ? 9 + pick(3) : pick(3)) << 8 | (9 + pick(6)));
		break;
	}
}

static void choose(void)
{
	static const uint8_t vectors[] = {0x05, 0x08, 0x09, 0x0e, 0x11, 0x12, 0x13, 0x13, 0x13, 0x14, 0x15, 0x15,
					  0x15, 0x15, 0x16, 0x16, 0x17, 0x1a, 0x1a, 0x1b, 0x1c, 0x40, 0x70, 0x71,
					  0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x4a, 0x02};
	uint32_t *regs = &in.eax;
	bool wild;

	for (unsigned i = 0; i < 4; i++)
		spans[i].bytes = 0;
	n = vectors[pick(sizeof(vectors))];
	for (unsigned i = 0; i < 7; i++)
		regs[i] = value();
	in.ds = in.es = 0x6000 + pick(0x1000);
	in.fs = rnd();
	in.gs = rnd();
	in.flags = 2 | (rnd() & 0x8d5) | (pick(4) ? IF : 0) | (pick(4) ? 0 : DF);
	switch (n) {
	case 0x05:
		FAR(uint8_t, 0x50, 0) = pick(8) ? 1 : 0; /* busy, most of the time */
		break;
	case 0x13:
	case 0x40:
		wild = !pick(3);
		do {
			if (wild)
				wild_disk();
			else
				disk();
		} while (!disk_spans());
		break;
	case 0x14:
		set_ah(ONE_OF(0, 1, 1, 2, 3, 4, 5, 6));
		LOW(edx, pick(4) ? pick(4) : rnd());
		for (unsigned i = 0; i < 4; i++)
			BDA8(0x7c + i) = 1;
		if (in_ah() == 2 && pick(16)) /* it waits a second for what does not come */
			set_ah(3);
		break;
	case 0x15:
		system();
		break;
	case 0x16:
		set_ah(ONE_OF(0, 1, 2, 3, 5, 9, 0xa, 0x10, 0x11, 0x12, 0x92, 0xa2));
		asm volatile("cli");
		BDA16(0x1a) = BDA16(0x1c) = 0x1e;
		for (unsigned i = 0; i < 4; i++)
			FAR(uint16_t, 0x40, 0x1e + i * 2) = i == 3 ? 0x1e61 : rnd();
		BDA16(0x1c) = 0x26;
		asm volatile("sti");
		break;
	case 0x17:
		set_ah(pick(4));
		LOW(edx, pick(4) ? pick(4) : rnd());
		break;
	case 0x1a:
		clock_and_pci();
		break;
	}
}

static void wrong(const char *what, uint32_t is)
{
	put_text(" WRONG: ");
	put_text(what);
	put_text(" ");
	put_hex(is, 8);
	put_text("\n");
	failed = true;
}

static const struct {
	uint16_t seg, bytes;
} guarded[] = {{0x0060, 0x7000}, {0x2000, 0xfffc}, {0x3000, 0xfffc}, {0x4000, 0xfffc}, {0x9000, 0xfbf0}};
enum { PATTERN = 0x5ac369f1 };

static void guard(bool look)
{
	for (unsigned i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++) {
		uint32_t di = 0, cx = guarded[i].bytes / 4;

		while (look && cx) {
			uint32_t address;
			bool same;

			asm volatile("pushw %%es\n\tmovw %w4, %%es\n\tcmpl %%eax, %%eax\n\trepe scasl\n\tpopw %%es"
				     : "+D"(di), "+c"(cx), "=@cce"(same)
				     : "a"(PATTERN), "r"(guarded[i].seg)
				     : "memory");
			if (same)
				break;
			address = ((uint32_t)guarded[i].seg << 4) + di - 4;
			if (!asked_for(address)) {
				wrong("memory written, at", address);
				break;
			}
			FAR(uint32_t, guarded[i].seg, di - 4) = PATTERN;
		}
		if (!look)
			asm volatile("pushw %%es\n\tmovw %w3, %%es\n\trep stosl\n\tpopw %%es"
				     : "+D"(di), "+c"(cx)
				     : "a"(PATTERN), "r"(guarded[i].seg)
				     : "memory");
	}
}

static void call(void)
{
	const uint32_t *regs = &in.eax;
	uint8_t *p;

	put_text("\nint ");
	put_hex(n, 2);
	for (unsigned i = 0; i < 7; i++) {
		put_text(" ");
		put_hex(regs[i], 8);
	}
	put_text(" ");
	put_hex(in.ds, 4);
	put_text(" ");
	put_hex(in.es, 4);
	put_text(" ");
	put_hex(in.flags, 4);
	for (p = small_bottom; p < small_top; p++)
		*p = 0xa5;
	out = in;
	int_call(&out, n);
	for (p = small_bottom; *p == 0xa5 && p < small_top; p++)
		;
	if (small_top - p > STACK_LIMIT)
		wrong("stack used", small_top - p);
	if (came_esp != (uint32_t)small_top)
		wrong("ESP", came_esp);
	if (out.ds != in.ds || out.fs != in.fs || out.gs != in.gs)
		wrong("segments", (uint32_t)out.fs << 16 | out.ds);
	if (out.ebp != in.ebp)
		wrong("EBP", out.ebp);
	if ((out.flags ^ in.flags) & (IF | DF))
		wrong("IF or DF", out.flags);
	for (unsigned i = 0; i < 256; i++)
		if (FAR(uint32_t, 0, i * 4) != ivt_before[i]) {
			wrong("vector", i);
			FAR(uint32_t, 0, i * 4) = ivt_before[i];
		}
	guard(true);
	if (n == 0x15 && in_ah() == 0x83) { /* or it writes when time has come */
		prepare(0x8301);
		out = in;
		int_call(&out, 0x15);
	}
	if (failed)
		finish();
}

static void look_high(void)
{
	prepare(0x2401);
	out = in;
	int_call(&out, 0x15);
	if (high_memory(1)) {
		wrong("memory above 1 MiB", 0);
		finish();
	}
}

void guest_main(void);
void guest_main(void)
{
	state = fuzz_seed * 2654435761u | 1;
	asm volatile("cli");
	FAR(uint32_t, 0, 0x1e * 4) = FAR(uint32_t, 0, 0x1e * 4);
	for (unsigned i = 0; i < 256; i++)
		ivt_before[i] = FAR(uint32_t, 0, i * 4);
	asm volatile("sti");
	guard(false);
	prepare(0x2401);
	out = in;
	int_call(&out, 0x15);
	high_memory(0);
	for (uint32_t i = 0; i < fuzz_calls / 2; i++) {
		choose();
		call();
		if (i % 64 == 0)
			look_high();
	}
	look_high();
	monitor_enter();
	for (uint32_t i = 0; i < fuzz_calls / 2; i++) {
		choose();
		call();
	}
	monitor_leave();
	look_high();
	put_text("\nall calls came back\n");
}
