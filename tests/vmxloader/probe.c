/* SPDX-License-Identifier: MIT
 *
 * A BIOS in rombios' place that tells on port E9 how it was started and what it was handed, then
 * goes through the ways of reset: RAM must be as it was after those that a shutdown code marks.
 */
#include <stdbool.h>
#include <dfw/handoff.h>

void probe_main(void);

struct __attribute__((packed)) {
	uint16_t limit;
	uint32_t base;
} saved_idtr;
uint32_t saved_cr0;
uint16_t saved_ss;

#define LOW ((volatile __seg_fs uint32_t *)0x500)
#define STAGE	      LOW[0]
#define STAGE_MAGIC   LOW[1]
#define RESUME_OFFSET (*(volatile __seg_fs uint32_t *)0x467)

static void outb(uint16_t port, uint8_t v)
{
	asm volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static uint8_t inb(uint16_t port)
{
	uint8_t v;
	asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static void set_fs(uint16_t seg)
{
	asm volatile("movw %0, %%fs" : : "r"(seg) : "memory");
}

static void text(const char *s)
{
	while (*s)
		outb(0xe9, *s++);
}

static void hex(uint64_t v)
{
	int shift = 60;

	while (shift && !(v >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		outb(0xe9, "0123456789abcdef"[v >> shift & 15]);
}

static void value(const char *name, uint64_t v)
{
	text(name);
	outb(0xe9, ' ');
	hex(v);
	outb(0xe9, '\n');
}

static uint32_t far32(uint16_t seg, uint16_t off)
{
	set_fs(seg);
	return *(volatile __seg_fs uint32_t *)(uint32_t)off;
}

static bool writable(uint16_t seg)
{
	volatile __seg_fs uint8_t *p = (void __seg_fs *)0x10;
	uint8_t old;
	bool changed;

	set_fs(seg);
	old = *p;
	*p = ~old;
	changed = *p != old;
	*p = old;
	return changed;
}

static void find_irq_table(void)
{
	for (uint16_t at = 0; at < 0x800; at += 16) {
		uint8_t sum = 0;
		uint16_t size;

		if (far32(0xf000, at) != 0x52495024)
			continue;
		size = far32(0xf000, at + 6);
		for (uint16_t i = 0; i < size; i++)
			sum += (uint8_t)far32(0xf000, at + i);
		value("pir.devices", (size - 32) / 16);
		value("pir.sum", sum);
		value("pir.router", far32(0xf000, at + 8) & 0xffff);
		value("pir.at", 0xf0000 + at);
		return;
	}
	text("pir none\n");
}

static void report(void)
{
	struct dfw_handoff __seg_fs *h = 0;

	value("cr0.pe", saved_cr0 & 1);
	value("cr0.cd", saved_cr0 >> 29 & 3);
	value("ss", saved_ss);
	value("idtr.base", saved_idtr.base);
	value("idtr.limit", saved_idtr.limit);
	set_fs(0);
	LOW[3] = 0x12345678;
	value("a20", far32(0xffff, 0x50c + 16) != 0x12345678);
	value("vgabios", far32(0xc000, 8));
	value("vgabios.kind", far32(0xc000, 9 + 8));
	value("assist", far32(0xd000, 0));
	value("write.e000", writable(0xe000));
	value("write.f000", writable(0xf000));
	set_fs(0xe000);
	value("handoff.magic", h->magic);
	value("handoff.version", h->version);
	value("handoff.size", h->size);
	value("flags", h->flags);
	value("low_kib", h->low_kib);
	value("pirq", h->pirq);
	value("pci", h->pci_present);
	value("pci.last_bus", h->pci_last_bus);
	value("irq_lines", h->pci_irq_lines[0] << 12 | h->pci_irq_lines[1] << 8 |
				   h->pci_irq_lines[2] << 4 | h->pci_irq_lines[3]);
	text("boot");
	for (unsigned i = 0; i < 8 && h->boot_order[i]; i++) {
		outb(0xe9, ' ');
		hex(h->boot_order[i]);
	}
	outb(0xe9, '\n');
	for (unsigned i = 0; i < h->e820_count; i++) {
		text("e820 ");
		hex(h->e820[i].base);
		text(" ");
		hex(h->e820[i].length);
		text(" ");
		hex(h->e820[i].type);
		text("\n");
	}
	find_irq_table();
	set_fs(0);
}

static void shutdown_code(uint8_t code)
{
	outb(0x70, 0x8f);
	outb(0x71, code);
}

static void __attribute__((noreturn)) end(void)
{
	text("done\n");
	outb(0xf4, 0);		/* QEMU's isa-debug-exit */
	outb(0x8900, 'D');	/* Bochs: back to its debugger */
	for (;;)
		asm volatile("hlt");
}

static void __attribute__((noreturn)) wait_for_reset(void)
{
	for (;;)
		asm volatile("hlt");
}

/* Every byte where vmxloader works: the image and its last instructions in low memory. */
static void mark_memory(void)
{
	set_fs(0);
	*(volatile __seg_fs uint32_t *)0x600 = 0xfeedbeef;
	set_fs(0xffff);
	*(volatile __seg_fs uint32_t *)0x10 = 0xfeedbeef;
}

static void check_memory(const char *name)
{
	bool kept = far32(0, 0x600) == 0xfeedbeef && far32(0xffff, 0x10) == 0xfeedbeef;

	value(name, kept);
	set_fs(0);
}

void probe_main(void)
{
	static const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) no_idt = {0, 0};

	set_fs(0);
	if (STAGE_MAGIC != 0x50524f42) {
		STAGE_MAGIC = 0x50524f42;
		STAGE = 0;
	}
	switch (STAGE++) {
	case 0:
		report();
		mark_memory();
		set_fs(0);
		shutdown_code(0x0a);
		outb(0x64, 0xfe); /* keyboard controller: reset */
		wait_for_reset();
	case 1:
		check_memory("resumed.0a");
		mark_memory();
		shutdown_code(0x05);
		outb(0x92, inb(0x92) | 1);
		wait_for_reset();
	case 2:
		check_memory("resumed.05");
		mark_memory();
		shutdown_code(0x09);
		outb(0xcf9, 0x02);
		outb(0xcf9, 0x06);
		wait_for_reset();
	case 3:
		check_memory("resumed.09");
		mark_memory();
		shutdown_code(0);
		asm volatile("lidtl %0; int3" : : "m"(no_idt)); /* triple fault */
		wait_for_reset();
	case 4:
		check_memory("restarted.kept");
		report();
		end();
	default:
		text("reset too often\n");
		end();
	}
}
