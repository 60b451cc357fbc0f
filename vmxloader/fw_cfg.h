/* SPDX-License-Identifier: MIT
 *
 * QEMU's firmware configuration device (QEMU, docs/specs/fw_cfg).
 */
#ifndef VMXLOADER_FW_CFG_H
#define VMXLOADER_FW_CFG_H

#include <stdbool.h>
#include <stdint.h>

/* True if the device answers; needed before the others. */
bool fw_cfg_find(void);

/* Finds a file by name: its selector, and its size in *size; 0 if there is none. */
uint16_t fw_cfg_file(const char *name, uint32_t *size);

/* Reads the first len bytes behind a selector. */
void fw_cfg_read(uint16_t selector, void *to, uint32_t len);

/* Writes into a file, which only DMA can; false if it cannot be done. */
bool fw_cfg_write(uint16_t selector, uint32_t offset, const void *from, uint32_t len);

#endif
