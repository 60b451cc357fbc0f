/* SPDX-License-Identifier: MIT
 *
 * QEMU's boot order, device by device: lines of Open Firmware paths in fw_cfg's "bootorder" (QEMU,
 * docs/bootindex), "HALT" where nothing else shall be tried.
 */
#include "vmxloader/loader.h"
#include "vmxloader/fw_cfg.h"
#include "vmxloader/pci.h"
#include "lib/string.h"

#define SELECT_BOOT_MENU 0x0e

static unsigned hex(const char **s)
{
	unsigned value = 0;

	for (;; ++*s) {
		char c = **s;

		if (c >= '0' && c <= '9')
			value = value * 16 + c - '0';
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + c - 'a' + 10;
		else
			return value;
	}
}

/* Goes to after "name@"; false if the node has another name. */
static bool node(const char **s, const char *name)
{
	unsigned len = strlen(name);

	if (strncmp(*s, name, len) || (*s)[len] != '@')
		return false;
	*s += len + 1;
	return true;
}

static void next_node(const char **s)
{
	while (**s && **s != '/')
		++*s;
	*s += **s == '/';
}

/* One line; kind DFW_BOOT_END: not a device that can be booted. */
static struct dfw_boot_device parse(const char *s)
{
	struct dfw_boot_device d = {.unit = DFW_BOOT_BY_BDF};
	const char *name;
	unsigned bus = 0, slot, function, drive;

	if (*s != '/' || (s++, !node(&s, "pci")))
		return d;
	for (;;) {
		next_node(&s);
		name = s;
		while (*s && *s != '@' && *s != '/')
			s++;
		if (*s != '@')
			return d;
		s++;
		slot = hex(&s);
		function = 0;
		if (*s == ',') {
			s++;
			function = hex(&s);
		}
		d.bdf = bus << 8 | (slot & 31) << 3 | (function & 7);
		if (!strncmp(name, "pci-bridge@", 11))
			bus = pci_read8(d.bdf, 0x19);
		else
			break;
	}
	next_node(&s);
	if (!strncmp(name, "ethernet@", 9)) {
		d.kind = DFW_BOOT_NETWORK;
	} else if (!strncmp(name, "scsi@", 5)) { /* what a virtio disk is called */
		d.kind = DFW_BOOT_DISK;
	} else if (!strncmp(name, "ide@", 4) && node(&s, "drive")) {
		drive = hex(&s);
		next_node(&s);
		if (node(&s, "disk")) {
			d.kind = DFW_BOOT_DISK;
			d.unit = (drive & 1) << 1 | (hex(&s) & 1);
		}
	} else if (!strncmp(name, "isa@", 4) && node(&s, "fdc")) {
		next_node(&s);
		if (node(&s, "floppy")) {
			d.kind = DFW_BOOT_FLOPPY;
			d.unit = hex(&s);
		}
	}
	return d;
}

void host_boot_devices(const struct host *host, struct dfw_handoff *h)
{
	static char text[2048];
	uint32_t size = 0;
	uint16_t selector;
	unsigned count = 0;
	uint16_t menu = 0, wait = 0;

	if (!host->fw_cfg)
		return;
	fw_cfg_read(SELECT_BOOT_MENU, &menu, sizeof(menu));
	if (menu)
		h->flags |= DFW_FLAG_BOOT_MENU;
	selector = fw_cfg_file("etc/boot-menu-wait", &size);
	if (selector && size >= sizeof(wait)) {
		fw_cfg_read(selector, &wait, sizeof(wait));
		h->menu_wait_ms = wait;
	}
	selector = fw_cfg_file("bootorder", &size);
	if (!selector)
		return;
	if (size > sizeof(text) - 1)
		size = sizeof(text) - 1;
	fw_cfg_read(selector, text, size);
	text[size] = 0;
	for (char *line = text; *line;) {
		char *end = line;
		struct dfw_boot_device d;

		while (*end && *end != '\n')
			end++;
		if (*end)
			*end++ = 0;
		d = parse(line);
		if (!strcmp(line, "HALT"))
			h->boot_these_only = true;
		else if (d.kind && count < DFW_BOOT_DEVICES_MAX)
			h->boot_device[count++] = d;
		line = end;
	}
}
