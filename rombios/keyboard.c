/* SPDX-License-Identifier: MIT
 *
 * The keyboard: IRQ 1 (INT 09h) and INT 16h. Scan codes are set 1, through the controller's
 * translation. PS/2 and PC BIOS Interface Technical Reference, INT 09h, INT 16h.
 */
#include <rombios/rombios.h>

/* bda.kbd_flags0 */
enum {
	K_RSHIFT = 1 << 0,
	K_LSHIFT = 1 << 1,
	K_SHIFT = K_RSHIFT | K_LSHIFT,
	K_CTRL = 1 << 2,
	K_ALT = 1 << 3,
	K_SCROLL = 1 << 4,
	K_NUM = 1 << 5,
	K_CAPS = 1 << 6,
	K_INSERT = 1 << 7,
};
/* kbd_flags1 */
enum { K1_LCTRL = 1 << 0, K1_LALT = 1 << 1, K1_SYSRQ = 1 << 2, K1_PAUSED = 1 << 3 };
/* kbd_flags3 */
enum {
	K3_LAST_E1 = 1 << 0,
	K3_LAST_E0 = 1 << 1,
	K3_RCTRL = 1 << 2,
	K3_RALT = 1 << 3,
	K3_101 = 1 << 4
};

enum { KEY_IS_LETTER = 1, KEY_IS_PAD = 2 };

/* What a key asks for besides a place in the buffer; done once the interrupt is ended. */
enum action {
	NO_ACTION,
	ACT_KEY,
	ACT_BREAK,
	ACT_PRINT_SCREEN,
	ACT_PAUSE,
	ACT_SYSRQ_DOWN,
	ACT_SYSRQ_UP
};

/* What each key gives: AH scan code, AL character; 0: nothing. */
struct key {
	uint16_t plain, shift, ctrl, alt;
	uint8_t kind;
};

/* clang-format off */
static const struct key keys[0x59] = {
	[0x01] = {0x011b, 0x011b, 0x011b, 0x0100, 0},
	[0x02] = {0x0231, 0x0221, 0x0000, 0x7800, 0},
	[0x03] = {0x0332, 0x0340, 0x0300, 0x7900, 0},
	[0x04] = {0x0433, 0x0423, 0x0000, 0x7a00, 0},
	[0x05] = {0x0534, 0x0524, 0x0000, 0x7b00, 0},
	[0x06] = {0x0635, 0x0625, 0x0000, 0x7c00, 0},
	[0x07] = {0x0736, 0x075e, 0x071e, 0x7d00, 0},
	[0x08] = {0x0837, 0x0826, 0x0000, 0x7e00, 0},
	[0x09] = {0x0938, 0x092a, 0x0000, 0x7f00, 0},
	[0x0a] = {0x0a39, 0x0a28, 0x0000, 0x8000, 0},
	[0x0b] = {0x0b30, 0x0b29, 0x0000, 0x8100, 0},
	[0x0c] = {0x0c2d, 0x0c5f, 0x0c1f, 0x8200, 0},
	[0x0d] = {0x0d3d, 0x0d2b, 0x0000, 0x8300, 0},
	[0x0e] = {0x0e08, 0x0e08, 0x0e7f, 0x0e00, 0},
	[0x0f] = {0x0f09, 0x0f00, 0x9400, 0xa500, 0},
	[0x10] = {0x1071, 0x1051, 0x1011, 0x1000, KEY_IS_LETTER},
	[0x11] = {0x1177, 0x1157, 0x1117, 0x1100, KEY_IS_LETTER},
	[0x12] = {0x1265, 0x1245, 0x1205, 0x1200, KEY_IS_LETTER},
	[0x13] = {0x1372, 0x1352, 0x1312, 0x1300, KEY_IS_LETTER},
	[0x14] = {0x1474, 0x1454, 0x1414, 0x1400, KEY_IS_LETTER},
	[0x15] = {0x1579, 0x1559, 0x1519, 0x1500, KEY_IS_LETTER},
	[0x16] = {0x1675, 0x1655, 0x1615, 0x1600, KEY_IS_LETTER},
	[0x17] = {0x1769, 0x1749, 0x1709, 0x1700, KEY_IS_LETTER},
	[0x18] = {0x186f, 0x184f, 0x180f, 0x1800, KEY_IS_LETTER},
	[0x19] = {0x1970, 0x1950, 0x1910, 0x1900, KEY_IS_LETTER},
	[0x1a] = {0x1a5b, 0x1a7b, 0x1a1b, 0x1a00, 0},
	[0x1b] = {0x1b5d, 0x1b7d, 0x1b1d, 0x1b00, 0},
	[0x1c] = {0x1c0d, 0x1c0d, 0x1c0a, 0x1c00, 0},
	[0x1e] = {0x1e61, 0x1e41, 0x1e01, 0x1e00, KEY_IS_LETTER},
	[0x1f] = {0x1f73, 0x1f53, 0x1f13, 0x1f00, KEY_IS_LETTER},
	[0x20] = {0x2064, 0x2044, 0x2004, 0x2000, KEY_IS_LETTER},
	[0x21] = {0x2166, 0x2146, 0x2106, 0x2100, KEY_IS_LETTER},
	[0x22] = {0x2267, 0x2247, 0x2207, 0x2200, KEY_IS_LETTER},
	[0x23] = {0x2368, 0x2348, 0x2308, 0x2300, KEY_IS_LETTER},
	[0x24] = {0x246a, 0x244a, 0x240a, 0x2400, KEY_IS_LETTER},
	[0x25] = {0x256b, 0x254b, 0x250b, 0x2500, KEY_IS_LETTER},
	[0x26] = {0x266c, 0x264c, 0x260c, 0x2600, KEY_IS_LETTER},
	[0x27] = {0x273b, 0x273a, 0x0000, 0x2700, 0},
	[0x28] = {0x2827, 0x2822, 0x0000, 0x2800, 0},
	[0x29] = {0x2960, 0x297e, 0x0000, 0x2900, 0},
	[0x2b] = {0x2b5c, 0x2b7c, 0x2b1c, 0x2b00, 0},
	[0x2c] = {0x2c7a, 0x2c5a, 0x2c1a, 0x2c00, KEY_IS_LETTER},
	[0x2d] = {0x2d78, 0x2d58, 0x2d18, 0x2d00, KEY_IS_LETTER},
	[0x2e] = {0x2e63, 0x2e43, 0x2e03, 0x2e00, KEY_IS_LETTER},
	[0x2f] = {0x2f76, 0x2f56, 0x2f16, 0x2f00, KEY_IS_LETTER},
	[0x30] = {0x3062, 0x3042, 0x3002, 0x3000, KEY_IS_LETTER},
	[0x31] = {0x316e, 0x314e, 0x310e, 0x3100, KEY_IS_LETTER},
	[0x32] = {0x326d, 0x324d, 0x320d, 0x3200, KEY_IS_LETTER},
	[0x33] = {0x332c, 0x333c, 0x0000, 0x3300, 0},
	[0x34] = {0x342e, 0x343e, 0x0000, 0x3400, 0},
	[0x35] = {0x352f, 0x353f, 0x0000, 0x3500, 0},
	[0x37] = {0x372a, 0x372a, 0x9600, 0x3700, 0},
	[0x39] = {0x3920, 0x3920, 0x3920, 0x3920, 0},
	[0x3b] = {0x3b00, 0x5400, 0x5e00, 0x6800, 0},
	[0x3c] = {0x3c00, 0x5500, 0x5f00, 0x6900, 0},
	[0x3d] = {0x3d00, 0x5600, 0x6000, 0x6a00, 0},
	[0x3e] = {0x3e00, 0x5700, 0x6100, 0x6b00, 0},
	[0x3f] = {0x3f00, 0x5800, 0x6200, 0x6c00, 0},
	[0x40] = {0x4000, 0x5900, 0x6300, 0x6d00, 0},
	[0x41] = {0x4100, 0x5a00, 0x6400, 0x6e00, 0},
	[0x42] = {0x4200, 0x5b00, 0x6500, 0x6f00, 0},
	[0x43] = {0x4300, 0x5c00, 0x6600, 0x7000, 0},
	[0x44] = {0x4400, 0x5d00, 0x6700, 0x7100, 0},
	[0x47] = {0x4700, 0x4737, 0x7700, 0x0007, KEY_IS_PAD},
	[0x48] = {0x4800, 0x4838, 0x8d00, 0x0008, KEY_IS_PAD},
	[0x49] = {0x4900, 0x4939, 0x8400, 0x0009, KEY_IS_PAD},
	[0x4a] = {0x4a2d, 0x4a2d, 0x8e00, 0x4a00, 0},
	[0x4b] = {0x4b00, 0x4b34, 0x7300, 0x0004, KEY_IS_PAD},
	[0x4c] = {0x4c00, 0x4c35, 0x8f00, 0x0005, KEY_IS_PAD},
	[0x4d] = {0x4d00, 0x4d36, 0x7400, 0x0006, KEY_IS_PAD},
	[0x4e] = {0x4e2b, 0x4e2b, 0x9000, 0x4e00, 0},
	[0x4f] = {0x4f00, 0x4f31, 0x7500, 0x0001, KEY_IS_PAD},
	[0x50] = {0x5000, 0x5032, 0x9100, 0x0002, KEY_IS_PAD},
	[0x51] = {0x5100, 0x5133, 0x7600, 0x0003, KEY_IS_PAD},
	[0x52] = {0x5200, 0x5230, 0x9200, 0x0000, KEY_IS_PAD},
	[0x53] = {0x5300, 0x532e, 0x9300, 0x0000, KEY_IS_PAD},
	[0x56] = {0x565c, 0x567c, 0x0000, 0x0000, 0},
	[0x57] = {0x8500, 0x8700, 0x8900, 0x8b00, 0},
	[0x58] = {0x8600, 0x8800, 0x8a00, 0x8c00, 0},
};
/* clang-format on */

uint16_t keyboard_code(uint8_t c)
{
	for (unsigned i = 1; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if ((uint8_t)keys[i].plain == c)
			return keys[i].plain;
		if ((uint8_t)keys[i].shift == c)
			return keys[i].shift;
		if ((uint8_t)keys[i].ctrl == c)
			return keys[i].ctrl;
	}
	return c;
}

bool keyboard_put(uint16_t key)
{
	uint16_t next = bda.kbd_tail + 2;

	if (next >= bda.kbd_buffer_end)
		next = bda.kbd_buffer_start;
	if (next == bda.kbd_head)
		return false;
	far_write16(BDA_SEG, bda.kbd_tail, key);
	bda.kbd_tail = next;
	return true;
}

bool controller_wait(uint8_t mask, uint8_t want)
{
	for (unsigned n = 0; n < 5000; n++) {
		if ((inb(0x64) & mask) == want)
			return true;
		wait_microseconds(10);
	}
	return false;
}

bool controller_command(uint8_t command)
{
	if (!controller_wait(0x02, 0))
		return false;
	outb(0x64, command);
	return true;
}

/* A byte to the keyboard; true where it acknowledges with FAh. */
static bool keyboard_send(uint8_t v)
{
	if (!controller_wait(0x02, 0))
		return false;
	outb(0x60, v);
	return controller_wait(0x01, 0x01) && inb(0x60) == 0xfa;
}

static void update_leds(void)
{
	uint8_t leds = bda.kbd_flags0 >> 4 & 7;

	if ((bda.kbd_leds & 7) == leds)
		return;
	bda.kbd_leds = (bda.kbd_leds & ~7) | leds;
	controller_command(0xad);
	if (keyboard_send(0xed))
		keyboard_send(leds);
	controller_command(0xae);
}

void keyboard_init(void)
{
	bda.kbd_head = bda.kbd_tail = BDA_KBD_BUFFER;
	bda.kbd_buffer_start = BDA_KBD_BUFFER;
	bda.kbd_buffer_end = BDA_KBD_BUFFER_END;
	bda.kbd_flags3 = K3_101;

	controller_command(0xad);
	controller_command(0xa7);
	while (inb(0x64) & 1)
		inb(0x60);
	if (!controller_command(0xaa) || !controller_wait(1, 1) || inb(0x60) != 0x55) {
		print("keyboard controller does not answer\n");
		return;
	}
	controller_command(0xae);
	if (keyboard_send(0xff) && controller_wait(1, 1))
		inb(0x60); /* AAh: self test passed */
	keyboard_send(0xf4);
	/* IRQ 1 on, translation on, system flag; the mouse's clock stays off until it is asked for
	 */
	controller_command(0x60);
	controller_wait(0x02, 0);
	outb(0x60, 0x65);
}

static bool lock_key(uint8_t code, bool released)
{
	uint8_t bit = code == 0x3a ? K_CAPS : code == 0x45 ? K_NUM : K_SCROLL;

	if (released) {
		bda.kbd_flags1 &= ~bit;
	} else if (!(bda.kbd_flags1 & bit)) {
		bda.kbd_flags1 |= bit;
		bda.kbd_flags0 ^= bit;
		update_leds();
	}
	return true;
}

/* Shift, Ctrl, Alt and the locks: true where the code was one of them. */
static bool modifier(uint8_t code, bool released, bool e0)
{
	uint8_t bit0 = 0, bit1 = 0, bit3 = 0;

	switch (code) {
	case 0x2a:
	case 0x36:
		if (e0)
			return true; /* fake shift of a grey key */
		bit0 = code == 0x2a ? K_LSHIFT : K_RSHIFT;
		break;
	case 0x1d:
		bit0 = K_CTRL;
		*(e0 ? &bit3 : &bit1) = e0 ? K3_RCTRL : K1_LCTRL;
		break;
	case 0x38:
		bit0 = K_ALT;
		*(e0 ? &bit3 : &bit1) = e0 ? K3_RALT : K1_LALT;
		break;
	case 0x3a:
		return lock_key(code, released);
	case 0x45:
	case 0x46:
		if ((bda.kbd_flags0 & K_CTRL) || e0)
			return false;
		return lock_key(code, released);
	default:
		return false;
	}
	if (!released) {
		bda.kbd_flags0 |= bit0;
		bda.kbd_flags1 |= bit1;
		bda.kbd_flags3 |= bit3;
		return true;
	}
	bda.kbd_flags1 &= ~bit1;
	bda.kbd_flags3 &= ~bit3;
	if (bit0 & K_SHIFT ||
	    !(bit0 == K_CTRL ? (bda.kbd_flags1 & K1_LCTRL) | (bda.kbd_flags3 & K3_RCTRL)
			     : (bda.kbd_flags1 & K1_LALT) | (bda.kbd_flags3 & K3_RALT)))
		bda.kbd_flags0 &= ~bit0;
	if (bit0 == K_ALT && bda.alt_keypad) { /* Alt and a number: that character */
		keyboard_put(bda.alt_keypad);
		bda.alt_keypad = 0;
	}
	return true;
}

static uint16_t grey_key(uint8_t code, const struct key *k, uint8_t flags)
{
	if (code == 0x1c) /* keypad Enter */
		return flags & K_ALT ? 0xa600 : flags & K_CTRL ? 0xe00a : 0xe00d;
	if (code == 0x35) /* keypad / */
		return flags & K_ALT ? 0xa400 : flags & K_CTRL ? 0x9500 : 0xe02f;
	if (code < 0x47 || code > 0x53)
		return 0;
	if (flags & K_ALT)
		return (code + 0x50) << 8;
	if (flags & K_CTRL)
		return k->ctrl | 0xe0;
	return code << 8 | 0xe0;
}

static enum action press(uint8_t code, bool e0)
{
	uint8_t flags = bda.kbd_flags0;
	const struct key *k = &keys[code];
	uint16_t key;

	if (code == 0x46 && (flags & K_CTRL)) {
		bda.kbd_head = bda.kbd_tail = bda.kbd_buffer_start;
		bda.ctrl_break = 0x80;
		keyboard_put(0);
		return ACT_BREAK;
	}
	if (code == 0x45 && (flags & K_CTRL))
		return ACT_PAUSE;
	if (code == 0x53 && (flags & (K_CTRL | K_ALT)) == (K_CTRL | K_ALT)) {
		bda.reset_flag = 0x1234;
		cmos_write(0x0f, 0);
		machine_reset();
	}
	if (code == 0x54) {
		if (bda.kbd_flags1 & K1_SYSRQ)
			return NO_ACTION;
		bda.kbd_flags1 |= K1_SYSRQ;
		return ACT_SYSRQ_DOWN;
	}
	if (code == 0x37 && e0) {
		if (!(flags & (K_CTRL | K_ALT)))
			return ACT_PRINT_SCREEN;
		return (flags & K_CTRL) && keyboard_put(0x7200) ? ACT_KEY : NO_ACTION;
	}
	if (e0) {
		key = grey_key(code, k, flags);
	} else if (flags & K_ALT) {
		if (k->kind == KEY_IS_PAD && code != 0x53) {
			bda.alt_keypad = bda.alt_keypad * 10 + (k->alt & 0xff);
			return NO_ACTION;
		}
		key = k->alt;
	} else if (flags & K_CTRL) {
		key = k->ctrl;
	} else {
		bool shift = flags & K_SHIFT;

		if (k->kind == KEY_IS_LETTER && (flags & K_CAPS))
			shift = !shift;
		if (k->kind == KEY_IS_PAD && (flags & K_NUM))
			shift = !shift;
		key = shift ? k->shift : k->plain;
	}
	if (key == 0x5200 || key == 0x52e0)
		bda.kbd_flags0 ^= K_INSERT;
	return key && keyboard_put(key) ? ACT_KEY : NO_ACTION; /* lost where the buffer is full */
}

static enum action scan_code(uint8_t code)
{
	bool released = code & 0x80;
	bool e0 = bda.kbd_flags3 & K3_LAST_E0;

	if (code == 0xe0) {
		bda.kbd_flags3 |= K3_LAST_E0;
		return NO_ACTION;
	}
	if (code == 0xe1) {
		bda.kbd_flags3 |= K3_LAST_E1;
		return NO_ACTION;
	}
	if (bda.kbd_flags3 & K3_LAST_E1) { /* Pause: E1 1D 45 E1 9D C5 */
		if ((code & 0x7f) == 0x1d)
			return NO_ACTION;
		bda.kbd_flags3 &= ~K3_LAST_E1;
		return code == 0x45 ? ACT_PAUSE : NO_ACTION;
	}
	bda.kbd_flags3 &= ~K3_LAST_E0;
	code &= 0x7f;
	if (released && code == 0x54) {
		bda.kbd_flags1 &= ~K1_SYSRQ;
		return ACT_SYSRQ_UP;
	}
	if (modifier(code, released, e0) || released || code >= sizeof(keys) / sizeof(keys[0]))
		return NO_ACTION;
	if (bda.kbd_flags1 & K1_PAUSED) { /* any key ends a pause, and is gone */
		bda.kbd_flags1 &= ~K1_PAUSED;
		return NO_ACTION;
	}
	return press(code, e0);
}

static void act(enum action action)
{
	struct regs r = {0};

	switch (action) {
	case NO_ACTION:
		break;
	case ACT_KEY: /* post: keyboard */
		r.ax = 0x9102;
		call_interrupt(0x15, &r);
		break;
	case ACT_BREAK:
		call_interrupt(0x1b, &r);
		break;
	case ACT_PRINT_SCREEN:
		enable();
		call_interrupt(0x05, &r);
		break;
	case ACT_PAUSE:
		if (bda.kbd_flags1 & K1_PAUSED)
			break;
		bda.kbd_flags1 |= K1_PAUSED;
		while (bda.kbd_flags1 & K1_PAUSED)
			asm volatile("sti\n\thlt\n\tcli" : : : "memory");
		break;
	case ACT_SYSRQ_DOWN:
	case ACT_SYSRQ_UP:
		enable();
		r.ax = 0x8500 | (action == ACT_SYSRQ_UP);
		call_interrupt(0x15, &r);
		break;
	}
}

void handle_09(struct regs *r)
{
	struct regs hook = {0};
	enum action action = NO_ACTION;

	if ((inb(0x64) & 0x21) != 0x01) { /* nothing, or the mouse's */
		eoi_master();
		return;
	}
	hook.al = inb(0x60);
	hook.ah = 0x4f;
	stc_interrupt(0x15, &hook);
	if (hook.flags & FLAG_CF)
		action = scan_code(hook.al);
	eoi_master();
	act(action);
}

/* Takes the next key, or only looks. `wait`: until there is one. */
static bool next_key(uint16_t *key, bool take, bool wait)
{
	bool told = false;

	while (bda.kbd_head == bda.kbd_tail) {
		if (!wait)
			return false;
		if (!told) { /* wait: keyboard; a multitasker goes elsewhere */
			struct regs r = {.eax = 0x9002};

			told = true;
			call_interrupt(0x15, &r);
			continue;
		}
		asm volatile("sti\n\thlt\n\tcli" : : : "memory");
	}
	*key = far_read16(BDA_SEG, bda.kbd_head);
	if (take) {
		bda.kbd_head += 2;
		if (bda.kbd_head >= bda.kbd_buffer_end)
			bda.kbd_head = bda.kbd_buffer_start;
	}
	return true;
}

/* What the 83/84-key calls see of a key of the 101-key board; false: nothing. */
static bool old_key(uint16_t *key)
{
	uint8_t low = *key, high = *key >> 8;

	if (high == 0xe0) { /* keypad Enter and / */
		*key = (low == '/' ? 0x35 : 0x1c) << 8 | low;
		return true;
	}
	if (low == 0xe0 && high)
		*key = high << 8;
	else if (low == 0xf0 && high)
		return false;
	return high <= 0x84 || !high;
}

static bool key_for(struct regs *r, bool extended, bool take, bool wait)
{
	uint16_t key;

	while (next_key(&key, take, wait)) {
		if (extended) {
			if ((uint8_t)key == 0xf0 && key >> 8)
				key &= 0xff00;
			r->ax = key;
			return true;
		}
		if (old_key(&key)) {
			r->ax = key;
			return true;
		}
		if (!take)
			next_key(&key, true, false);
	}
	return false;
}

static void set_zf(struct regs *r, bool on)
{
	r->flags = on ? r->flags | FLAG_ZF : r->flags & ~FLAG_ZF;
}

void handle_16(struct regs *r)
{
	switch (r->ah) {
	case 0x00:
	case 0x10:
		key_for(r, r->ah & 0x10, true, true);
		break;
	case 0x01:
	case 0x11:
		set_zf(r, !key_for(r, r->ah & 0x10, false, false));
		break;
	case 0x02:
		r->al = bda.kbd_flags0;
		break;
	case 0x12:
		r->al = bda.kbd_flags0;
		r->ah = (bda.kbd_flags1 & 0x73) | (bda.kbd_flags1 & K1_SYSRQ ? 0x80 : 0) |
			(bda.kbd_flags3 & (K3_RCTRL | K3_RALT));
		break;
	case 0x03:
		if (r->al == 0x05) {
			controller_command(0xad);
			if (keyboard_send(0xf3))
				keyboard_send((r->bh & 3) << 5 | (r->bl & 0x1f));
			controller_command(0xae);
		}
		break;
	case 0x05:
		r->al = !keyboard_put(r->cx);
		break;
	case 0x09:
		r->al = 0x34; /* 10h-12h, 0Ah and 0305h are there */
		break;
	case 0x0a:
		r->bx = 0x41ab; /* 101 keys, as the controller translates its identity */
		break;
	case 0x92:
		r->ah = 0x80;
		break;
	case 0xa2:
		r->ah = 0xa2;
		break;
	}
}
