/* SPDX-License-Identifier: MIT
 *
 * Power-on: what a reset means (CMOS 0Fh), vectors, data areas, chips, option ROMs, devices.
 */
#include <rombios/rombios.h>

bool handoff_valid;
static bool started; /* POST has run since the image was placed */

/* Shutdown codes in CMOS 0Fh, AT Technical Reference, POST. */
enum {
	SHUTDOWN_BOOT = 0x04,	  /* INT 19h */
	SHUTDOWN_EOI_JUMP = 0x05, /* EOI, keyboard flushed, jump to [40:67] */
	SHUTDOWN_MOVE =
	    0x09, /* end of a block move: registers and IRET from the stack at [40:67] */
	SHUTDOWN_JUMP = 0x0a, /* jump to [40:67] */
	SHUTDOWN_IRET = 0x0b, /* IRET and RETF from the stack at [40:67] */
	SHUTDOWN_RETF = 0x0c,
};

extern uint8_t chunks[], chunks_end[], no_chunk[];
uint32_t stack_free; /* first free chunk, entry.S */

void stacks_init(void)
{
	enum { CHUNK = 1024, CALLER = 28 };
	uint32_t next = (uint32_t)no_chunk;

	for (uint32_t end = (uint32_t)chunks_end; end > (uint32_t)chunks; end -= CHUNK) {
		uint32_t top = end - CALLER;

		*(uint32_t *)(top + 24) = next;
		next = top;
	}
	stack_free = next;
}

void machine_reset(void)
{
	static const struct __attribute__((packed)) {
		uint16_t limit;
		uint32_t base;
	} no_idt;

	disable();
	outb(0xcf9, 0x02);
	outb(0xcf9, 0x06);
	wait_microseconds(10000);
	outb(0x64, 0xfe);
	wait_microseconds(10000);
	asm volatile("lidt %0\n\tint3" : : "m"(no_idt));
	for (;;)
		asm volatile("hlt");
}

static void interrupt_controllers(void)
{
	/* ICW1-4 of both 8259A: vectors 08h and 70h, cascade on IRQ 2 */
	outb(0x20, 0x11);
	outb(0xa0, 0x11);
	outb(0x21, 0x08);
	outb(0xa1, 0x70);
	outb(0x21, 0x04);
	outb(0xa1, 0x02);
	outb(0x21, 0x01);
	outb(0xa1, 0x01);
	/* on: timer, keyboard, cascade, floppy; RTC, mouse, x87, disks */
	outb(0x21, 0xb8);
	outb(0xa1, 0x0e);
}

/* First thing after a reset: returns where it means a start from nothing. */
void shutdown_code(void)
{
	uint8_t code = cmos_read(0x0f);

	cmos_write(0x0f, 0);
	if (!started)
		return;
	switch (code) {
	case SHUTDOWN_EOI_JUMP:
		eoi_slave();
		while (inb(0x64) & 1)
			inb(0x60);
		resume_jump(bda.resume);
	case SHUTDOWN_JUMP:
		resume_jump(bda.resume);
	case SHUTDOWN_MOVE:
	case SHUTDOWN_IRET:
	case SHUTDOWN_RETF:
		resume_stack(bda.resume, code);
	case SHUTDOWN_BOOT:
		interrupt_controllers();
		boot();
	}
	/* devices keep whatever state the last system gave them: only a machine reset cleans it */
	machine_reset();
}

/* Both 8237A cleared, all channels masked; channel 4 cascades the first into the second. */
static void dma_controllers(void)
{
	outb(0x0d, 0);
	outb(0xda, 0);
	outb(0xd6, 0xc0);
	outb(0xd4, 0);
}

static void set_vector(uint8_t n, uint16_t seg, uint16_t off)
{
	far_write32(0, n * 4, (uint32_t)seg << 16 | off);
}

#define SET(n, entry) set_vector(n, ROM_SEG, (uint16_t)(uint32_t)(entry))

static void vectors(void)
{
	for (unsigned n = 0; n < 256; n++)
		set_vector(n, ROM_SEG, 0xff53);
	for (unsigned n = 0x60; n < 0x68; n++)
		far_write32(0, n * 4, 0); /* for users */
	for (unsigned n = 0x08; n < 0x10; n++)
		SET(n, irq_master);
	for (unsigned n = 0x70; n < 0x78; n++)
		SET(n, irq_slave);
	SET(0x02, 0xe2c3);
	SET(0x05, 0xff54);
	SET(0x08, 0xfea5);
	SET(0x09, 0xe987);
	SET(0x0e, 0xef57);
	SET(0x10, 0xf065);
	SET(0x11, 0xf84d);
	SET(0x12, 0xf841);
	SET(0x13, 0xe3fe);
	SET(0x14, 0xe739);
	SET(0x15, 0xf859);
	SET(0x16, 0xe82e);
	SET(0x17, 0xefd2);
	SET(0x18, int_18);
	SET(0x19, 0xe6f2);
	SET(0x1a, 0xfe6e);
	SET(0x1d, 0xf0a4);
	SET(0x1e, 0xefc7);
	SET(0x40, 0xec59);
	SET(0x70, int_70);
	SET(0x71, int_71);
	SET(0x74, int_74);
	SET(0x75, int_75);
	SET(0x76, int_76);
	SET(0x77, int_76);
}

void console_vectors(void)
{
	SET(0x08, int_08_console);
	SET(0x10, int_10_console);
	SET(0x16, int_16_console);
}

static bool fpu_present(void)
{
	uint16_t status = 0x5a5a;

	asm volatile("fninit\n\tfnstsw %0" : "+m"(status));
	return !(status & 0xff);
}

static void data_areas(void)
{
	uint16_t ebda = DFW_EBDA >> 4;

	for (unsigned off = 0; off < 0x100; off += 4)
		far_write32(BDA_SEG, off, 0);
	for (unsigned off = 0; off < 1024; off += 4)
		far_write32(ebda, off, 0);
	far_write8(ebda, 0, 1);
	bda.ebda_seg = ebda;
	bda.memory_kib = handoff_valid ? handoff.low_kib : DFW_EBDA >> 10;
	bda.equipment = fpu_present() ? EQUIPMENT_FPU : 0;
}

static void equipment(void)
{
	unsigned floppies = floppy_count();

	bda.equipment |= serial_init() << EQUIPMENT_COM_SHIFT | printer_init()
								    << EQUIPMENT_LPT_SHIFT;
	if (floppies)
		bda.equipment |= EQUIPMENT_FLOPPY | (floppies - 1) << EQUIPMENT_FLOPPIES_SHIFT;
}

/* An interrupt nobody serves: noted, ended, and masked, since a level-triggered one would come
 * again at once (AT Technical Reference, BIOS listing, D11). */
static void spurious(uint16_t port)
{
	uint8_t isr;

	outb(port, 0x0b);
	isr = inb(port);
	outb(port, 0x0a);
	bda.last_unexpected_irq = isr ? isr : 0xff;
	if (!isr)
		return;
	if (port != 0x20 || !(isr & 0x04))
		outb(port + 1, inb(port + 1) | (isr & -isr));
	outb(port, 0x20);
}

void handle_spurious_master(struct regs *r)
{
	spurious(0x20);
}

/* The slave's IRQ 15 may be nobody's: its request on the master's IRQ 2 is true all the same. */
void handle_spurious_slave(struct regs *r)
{
	spurious(0xa0);
	eoi_master();
}

/* IRQ 13: x87 error; as the AT did, on to the NMI vector */
void handle_75(struct regs *r)
{
	struct regs user = {0};

	outb(0xf0, 0);
	eoi_slave();
	call_interrupt(0x02, &user);
}

void post(void)
{
	started = true;
	stacks_init();
	handoff_valid = handoff.magic == DFW_HANDOFF_MAGIC &&
			handoff.version == DFW_HANDOFF_VERSION &&
			handoff.e820_count <= DFW_E820_MAX;
	interrupt_controllers();
	dma_controllers();
	vectors();
	data_areas();
	memory_init();
	clock_init();
	option_roms_init();
	pmm_set(true);
	option_roms(DFW_VGABIOS >> 4, (DFW_VGABIOS + DFW_VGABIOS_SIZE) >> 4);
	console_init();
	if (bda.video_mode != 7)
		bda.equipment |= EQUIPMENT_VIDEO_80;
	print("dfw rombios, %u KiB low memory, %u MiB above\n", (unsigned)bda.memory_kib,
	      (unsigned)(extended_kib() >> 10));
	if (!handoff_valid)
		print("no handoff block from vmxloader: memory map and PCI are unknown\n");
	keyboard_init();
	mouse_init();
	enable();
	floppy_init();
	disks_init();
	ata_init();
	virtio_blk_init();
	equipment();
	option_roms(
	    DFW_OPTION_ROMS >> 4,
	    (handoff_valid && (handoff.flags & DFW_FLAG_ASSIST) ? DFW_VMXASSIST : DFW_ROMBIOS) >>
		4);
	pci_option_roms();
	pmm_set(false);
	boot_first();
}
