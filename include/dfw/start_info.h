/* SPDX-License-Identifier: MIT
 *
 * host -> vmxloader: the PVH start information of Xen's public interface
 * (xen/include/public/arch-x86/hvm/start_info.h), as Xen, QEMU and visor hand it over in EBX.
 * Words in the command line that vmxloader knows: see vmxloader/options.h.
 */
#ifndef DFW_START_INFO_H
#define DFW_START_INFO_H

#include <stddef.h>
#include <stdint.h>

#define HVM_START_MAGIC 0x336ec578u

struct hvm_start_info {
	uint32_t magic;
	uint32_t version; /* memmap fields are present from version 1 on */
	uint32_t flags;
	uint32_t nr_modules;
	uint64_t modlist_paddr;
	uint64_t cmdline_paddr;
	uint64_t rsdp_paddr;
	uint64_t memmap_paddr;
	uint32_t memmap_entries;
	uint32_t reserved;
};

struct hvm_modlist_entry {
	uint64_t paddr;
	uint64_t size;
	uint64_t cmdline_paddr;
	uint64_t reserved;
};

struct hvm_memmap_entry {
	uint64_t addr;
	uint64_t size;
	uint32_t type; /* as E820 */
	uint32_t reserved;
};

_Static_assert(sizeof(struct hvm_start_info) == 56, "PVH");
_Static_assert(sizeof(struct hvm_memmap_entry) == 24, "PVH");

#endif
