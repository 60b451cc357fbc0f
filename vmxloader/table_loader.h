/* SPDX-License-Identifier: MIT
 *
 * QEMU's table loader (fw_cfg file etc/table-loader): commands that place files in memory and link them.
 * Pure: also built for the build machine's tests.
 */
#ifndef VMXLOADER_TABLE_LOADER_H
#define VMXLOADER_TABLE_LOADER_H

#include <stdbool.h>
#include <stdint.h>

/* What it needs of the machine. */
struct table_host {
	/* A file's size; false if there is none of that name. */
	bool (*size)(const char *name, uint32_t *size);
	/* Reads its first size bytes. */
	void (*read)(const char *name, void *to, uint32_t size);
	/* Writes into it; false if that is not possible. */
	bool (*write)(const char *name, uint32_t offset, const void *bytes, uint32_t size);
	/* Memory at an address that is a multiple of align, a power of two; anchor: in F0000-FFFFF. 0: none. */
	uint32_t (*allocate)(uint32_t size, uint32_t align, bool anchor);
};

/* Runs a script. NULL, or what is wrong with it: then the tables are of no use, and no file was written. */
const char *table_loader_run(const struct table_host *host, const void *script, uint32_t size);

#endif
