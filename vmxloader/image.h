/* SPDX-License-Identifier: MIT
 *
 * What entry.S, rom.S and the C code agree on. Plain numbers: C and assembly.
 */
#ifndef VMXLOADER_IMAGE_H
#define VMXLOADER_IMAGE_H

/* Offsets in the image: how many bytes to copy to DFW_HIGH_IMAGE, and the address to go to. */
#define IMAGE_COPY_SIZE 16
#define IMAGE_ENTRY	20

#define MULTIBOOT_MAGIC 0x2badb002
#define IMAGE_FROM_ROM	0x52574644 /* "DFWR" */

#define SEL_CODE32 0x08
#define SEL_DATA32 0x10
#define SEL_CODE16 0x18
#define SEL_DATA16 0x20

/* Where the last instructions before F000:FFF0 run; free memory at that time. */
#define REAL_START 0x600

#endif
