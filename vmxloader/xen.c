/* SPDX-License-Identifier: MIT
 *
 * Hypercalls of a Xen domain, as far as its firmware needs them.
 */
#include "vmxloader/xen.h"
#include "vmxloader/io.h"
#include "vmxloader/loader.h"
#include "lib/checksum.h"
#include "lib/string.h"

enum { XEN_VERSION = 17, XENVER_GUEST_HANDLE = 8 };
enum { HVM_OP = 34, HVMOP_SET_PARAM = 0, DOMID_SELF = 0x7ff0 };
enum { PARAM_ACPI_IOPORTS_LOCATION = 19, PARAM_VM86_TSS_SIZED = 37 };
enum { INFO_TABLE = 0x9f800, INFO_TABLE_SIZE = 0x30, INFO_PROCESSORS = 16 };

static uint32_t leaf;
static uint8_t page[4096] __attribute__((aligned(4096))); /* the hypervisor fills it */
static bool filled;

bool xen_find(void)
{
	for (uint32_t at = 0x40000000; at < 0x40010000; at += 0x100) {
		struct cpuid c = cpuid(at);

		if (c.eax - at > 0xff)
			return false; /* no hypervisor's leaves, and they follow each other */
		if (c.ebx != 0x566e6558 || c.ecx != 0x65584d4d || c.edx != 0x4d4d566e)
			continue; /* "XenVMMXenVMM" */
		leaf = at;
		return true;
	}
	return false;
}

static long hypercall(uint32_t number, uint32_t a, const void *b)
{
	const void *entry = page + number * 32;
	long result;

	if (!filled) {
		wrmsr(cpuid(leaf + 2).ebx, (uintptr_t)page);
		filled = true;
	}
	asm volatile("call *%[entry]"
		     : "=a"(result), "+b"(a), "+c"(b)
		     : [entry] "r"(entry), "a"(number)
		     : "memory", "edx");
	return result;
}

static bool set_param(uint32_t index, uint64_t value)
{
	struct {
		uint16_t domain, reserved;
		uint32_t index;
		uint64_t value;
	} param = {DOMID_SELF, 0, index, value};
	long error = hypercall(HVM_OP, HVMOP_SET_PARAM, &param);

	if (error)
		warn("Xen: parameter %u is refused: %d", index, (int)error);
	return !error;
}

bool xen_acpi_ports_at_b000(void)
{
	return set_param(PARAM_ACPI_IOPORTS_LOCATION, 1);
}

void xen_vm86_tss(uint32_t address)
{
	memset((void *)address, 0, XEN_VM86_TSS_SIZE);
	set_param(PARAM_VM86_TSS_SIZED, (uint64_t)XEN_VM86_TSS_SIZE << 32 | address);
}

void xen_uuid(uint8_t uuid[16])
{
	static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	uint8_t handle[16] = {0}; /* as it is written, from left to right */

	hypercall(XEN_VERSION, XENVER_GUEST_HANDLE, handle);
	for (unsigned i = 0; i < sizeof(order); i++)
		uuid[i] = handle[order[i]];
}

unsigned xen_processors(void)
{
	const uint8_t *table = (void *)INFO_TABLE;

	if (memcmp(table, "HVM INFO", 8) || byte_sum(table, INFO_TABLE_SIZE))
		return 0;
	return *(const uint32_t *)(table + INFO_PROCESSORS);
}
