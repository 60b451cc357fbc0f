/* SPDX-License-Identifier: MIT
 *
 * The BIOS data area at 0040:0000 and the extended one, byte for byte as PC programs expect them
 * (IBM PS/2 and PC BIOS Interface Technical Reference, section 3).
 */
#ifndef ROMBIOS_BDA_H
#define ROMBIOS_BDA_H

#include <stddef.h>
#include <stdint.h>

#define BDA_SEG 0x0040

struct bda {
	uint16_t com_port[4];		/* 00 */
	uint16_t lpt_port[3];		/* 08 */
	uint16_t ebda_seg;		/* 0e */
	uint16_t equipment;		/* 10: EQUIPMENT_* */
	uint8_t reserved_12;		/* 12 */
	uint16_t memory_kib;		/* 13 */
	uint16_t reserved_15;		/* 15 */
	uint8_t kbd_flags0;		/* 17 */
	uint8_t kbd_flags1;		/* 18 */
	uint8_t alt_keypad;		/* 19 */
	uint16_t kbd_head;		/* 1a */
	uint16_t kbd_tail;		/* 1c */
	uint16_t kbd_buffer[16];	/* 1e */
	uint8_t floppy_recalibrate;	/* 3e: bit n: drive n is recalibrated; bit 7: IRQ 6 came */
	uint8_t floppy_motor;		/* 3f: bit n: motor n is on; bit 7: writing */
	uint8_t floppy_motor_counter;	/* 40: ticks until INT 08h turns the motors off */
	uint8_t floppy_status;		/* 41 */
	uint8_t floppy_result[7];	/* 42 */
	uint8_t video_mode;		/* 49 */
	uint16_t video_columns;		/* 4a */
	uint16_t video_page_size;	/* 4c */
	uint16_t video_page_start;	/* 4e */
	uint16_t cursor_pos[8];		/* 50 */
	uint16_t cursor_shape;		/* 60 */
	uint8_t video_page;		/* 62 */
	uint16_t crtc_port;		/* 63 */
	uint8_t video_mode_select;	/* 65 */
	uint8_t video_palette;		/* 66 */
	uint32_t resume;		/* 67: far address for the CMOS shutdown codes */
	uint8_t last_unexpected_irq;	/* 6b */
	uint32_t ticks;			/* 6c */
	uint8_t midnight;		/* 70 */
	uint8_t ctrl_break;		/* 71: bit 7 */
	uint16_t reset_flag;		/* 72: 1234h: warm start */
	uint8_t disk_status;		/* 74 */
	uint8_t disk_count;		/* 75 */
	uint8_t disk_control;		/* 76 */
	uint8_t disk_port_offset;	/* 77 */
	uint8_t lpt_timeout[4];		/* 78 */
	uint8_t com_timeout[4];		/* 7c */
	uint16_t kbd_buffer_start;	/* 80 */
	uint16_t kbd_buffer_end;	/* 82 */
	uint8_t video_rows;		/* 84 */
	uint16_t char_height;		/* 85 */
	uint8_t video_options[3];	/* 87 */
	uint8_t display_code;		/* 8a */
	uint8_t floppy_data_rate;	/* 8b */
	uint8_t disk_controller_status;	/* 8c */
	uint8_t disk_controller_error;	/* 8d */
	uint8_t disk_irq;		/* 8e: FFh when IRQ 14 came */
	uint8_t floppy_info;		/* 8f */
	uint8_t floppy_media[2];	/* 90 */
	uint8_t floppy_media_start[2];	/* 92 */
	uint8_t floppy_cylinder[2];	/* 94 */
	uint8_t kbd_flags3;		/* 96 */
	uint8_t kbd_leds;		/* 97 */
	uint32_t wait_flag;		/* 98: far address of the user's wait flag */
	uint32_t wait_count;		/* 9c: microseconds left */
	uint8_t wait_active;		/* a0 */
	uint8_t reserved_a1[7];		/* a1 */
	uint32_t video_save;		/* a8 */
	uint8_t reserved_ac[0x44];	/* ac */
	uint8_t user[16];		/* f0 */
} __attribute__((packed));

_Static_assert(offsetof(struct bda, kbd_buffer) == 0x1e, "BDA");
_Static_assert(offsetof(struct bda, video_mode) == 0x49, "BDA");
_Static_assert(offsetof(struct bda, ticks) == 0x6c, "BDA");
_Static_assert(offsetof(struct bda, kbd_buffer_start) == 0x80, "BDA");
_Static_assert(offsetof(struct bda, floppy_media) == 0x90, "BDA");
_Static_assert(offsetof(struct bda, wait_active) == 0xa0, "BDA");
_Static_assert(sizeof(struct bda) == 0x100, "BDA");

/* bda.equipment */
enum {
	EQUIPMENT_FLOPPY = 1 << 0,
	EQUIPMENT_FPU = 1 << 1,
	EQUIPMENT_MOUSE = 1 << 2,
	EQUIPMENT_VIDEO_80 = 2 << 4,
	EQUIPMENT_FLOPPIES_SHIFT = 6, /* two bits: number less one */
	EQUIPMENT_COM_SHIFT = 9,
	EQUIPMENT_LPT_SHIFT = 14,
};

enum { BDA_KBD_BUFFER = offsetof(struct bda, kbd_buffer), BDA_KBD_BUFFER_END = 0x3e };

/* FS is BDA_SEG whenever C code of rombios runs: see rombios.h. */
extern struct bda __seg_fs bda; /* at 0: rombios.ld */

struct ebda {
	uint8_t size_kib;		/* 00 */
	uint8_t reserved_01[0x21];	/* 01 */
	uint32_t mouse_handler;		/* 22: far address, INT 15h/C207h */
	uint8_t mouse_flags0;		/* 26: bits 0-2 bytes received, bit 7 command in progress */
	uint8_t mouse_flags1;		/* 27: bits 0-2 packet size less one, bit 7 handler set */
	uint8_t mouse_packet[8];	/* 28 */
	uint8_t reserved_30[0x0d];	/* 30 */
	uint8_t fdpt[2][16];		/* 3d: parameter tables of disks 80h and 81h: INT 41h, 46h */
} __attribute__((packed));

_Static_assert(offsetof(struct ebda, fdpt) == 0x3d, "EBDA");

#endif
