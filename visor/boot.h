/* SPDX-License-Identifier: MIT
 *
 * What the 32-bit start-up program (boot.c) hands to visor proper. boot.c runs from the ROM or
 * where a multiboot loader put it; it picks the private memory range, copies the visor image to
 * its beginning and enters it with this block's address.
 *
 * Private memory, from its (2 MiB aligned) base:
 *     image   first page: the identity map that a guest without paging runs on; then struct
 *             visor_image, code and data up to visor_image.end
 *     boot    struct visor_boot, the vmxloader ELF where a multiboot module brings it, the first page tables
 *     heap    the rest
 */
#ifndef VISOR_BOOT_H
#define VISOR_BOOT_H

/* Virtual addresses of the begin of private memory, and of physical address 0: in 64-bit mode, and in the
 * 32-bit build (host32.c) */
#define VISOR_BASE64       0xffffffff80000000
#define VISOR_PHYSMAP64    0xffff800000000000
#define VISOR_BASE32       0xf0000000
#define VISOR_PHYSMAP32    0
#ifdef __x86_64__
#define VISOR_BASE         VISOR_BASE64
#define VISOR_PHYSMAP      VISOR_PHYSMAP64
#else
#define VISOR_BASE         VISOR_BASE32
#define VISOR_PHYSMAP      VISOR_PHYSMAP32
#endif
#define VISOR_IMAGE_MAGIC64 0x49564644 /* "DFVI" */
#define VISOR_IMAGE_MAGIC32 0x33564644 /* "DFV3" */
#define VISOR_PRIVATE      0x1000000          /* size of private memory */
#define VISOR_RAM_LEAST    0x2000000          /* least memory below 4 GiB */
#define VISOR_IMAGE_HEADER 0x1000             /* offset of struct visor_image */

#define VISOR_PAYLOAD_MAGIC 0x50564644 /* "DFVP" */

#ifndef __ASSEMBLY__
#include <stdint.h>
#include <dfw/start_info.h>

#define VISOR_BOOT_MAGIC  0x42564644u /* "DFVB" */
#define VISOR_MEMMAP_MAX  64
#define VISOR_CMDLINE_MAX 1024

/* At offset VISOR_IMAGE_HEADER of each flat image: the 64-bit one, and at the next page the 32-bit one. */
struct visor_image {
	uint32_t magic;
	uint32_t size;  /* of the file */
	uint64_t entry; /* virtual address */
	uint64_t end;   /* virtual address behind .bss */
	uint64_t base;  /* virtual address of its beginning */
};

/* Where the start-up program finds what it starts; mkrom fills it in the ROM. */
struct visor_payload {
	uint32_t magic;
	uint32_t image; /* both images; physical addresses */
	uint32_t image_size;
	uint32_t loader; /* the vmxloader ELF; 0 where a multiboot module brings it */
	uint32_t loader_size;
};

struct visor_boot {
	uint32_t magic;
	uint32_t from_rom;     /* 1: started in place of the system BIOS */
	uint32_t private_base; /* physical addresses and sizes in bytes */
	uint32_t private_size;
	uint32_t heap;
	uint32_t loader;
	uint32_t loader_size;
	uint32_t memmap_count;
	struct hvm_memmap_entry memmap[VISOR_MEMMAP_MAX]; /* the whole machine's */
	char cmdline[VISOR_CMDLINE_MAX];
};
#endif

#endif
