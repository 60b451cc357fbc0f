/* SPDX-License-Identifier: MIT
 *
 * What the files of vgabios share: the caller's registers, the memory model, the BIOS data area,
 * video memory and the modes.
 *
 * Memory model: the code runs on the caller's stack with DS=SS, so that locals are ordinary
 * variables. FS is 0: the interrupt vectors and the BIOS data area. GS is the ROM, except between
 * set_gs() and rom_gs(). ES belongs to inline assembly. There is no other data: constants are
 * ROM, and nothing is writable but the BIOS data area, video memory and the card's registers.
 *
 * Of the caller's stack 100 bytes may be used, the interrupt's frame included (stack.awk counts
 * them): so EBP holds the caller's registers everywhere, and no function keeps a register for its
 * caller (part.mk).
 */
#ifndef VGABIOS_H
#define VGABIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/ports.h"

#define LOW    __seg_fs /* below 64 KiB: vectors and BIOS data area */
#define FAR    __seg_gs /* in the segment that set_gs() chose */
#define ROM    const __seg_gs
#define IN_ROM __attribute__((section(".rom"))) /* goes with each definition of a ROM object */

#define ROM_SEG 0xc000

/* The caller's registers as entry.S leaves them on the stack and reloads them. */
struct regs {
	uint16_t gs, fs, es, ds;
	union {
		uint32_t edi;
		uint16_t di;
	};
	union {
		uint32_t esi;
		uint16_t si;
	};
	union {
		uint32_t ebp;
		uint16_t bp;
	};
	uint32_t esp;
#define REG(name)                                                                                  \
	union {                                                                                    \
		uint32_t e##name##x;                                                               \
		uint16_t name##x;                                                                  \
		struct {                                                                           \
			uint8_t name##l, name##h;                                                  \
		};                                                                                 \
	}
	REG(b);
	REG(d);
	REG(c);
	REG(a);
#undef REG
};

register struct regs *r asm("ebp"); /* the caller's */

/* BIOS data area at 0040:0000, the fields of the video services (IBM PS/2 and PC BIOS Interface
 * Technical Reference, section 3). */
struct bda {
	uint8_t unused0[0x10];
	uint8_t equipment; /* bits 4-5: 01 40x25 colour, 10 80x25 colour, 11 monochrome */
	uint8_t unused1[0x49 - 0x11];
	uint8_t mode;
	uint16_t columns;
	uint16_t page_size;  /* bytes */
	uint16_t page_start; /* of the active page, bytes */
	union {
		uint16_t at; /* row << 8 | column */
		struct {
			uint8_t column, row;
		};
	} cursor[8];
	union {
		uint16_t cursor_shape;
		struct {
			uint8_t cursor_end, cursor_start; /* scan lines, as the caller gave them */
		};
	};
	uint8_t page;
	uint16_t crtc;       /* 3B4 or 3D4 */
	uint8_t cga_mode;    /* what the CGA's port 3D8 would hold */
	uint8_t cga_palette; /* port 3D9 */
	uint8_t unused2[0x84 - 0x67];
	uint8_t last_row;
	uint16_t char_height; /* scan lines */
	uint8_t control;      /* CONTROL_* */
	uint8_t switches;     /* feature bits << 4 | EGA switches */
	uint8_t options;      /* OPTION_* */
	uint8_t dcc;          /* index of the display combination */
	uint8_t unused3[0xa8 - 0x8b];
	uint16_t save_pointer[2]; /* offset and segment of the save pointer table */
	uint8_t unused4[0xba - 0xac];
	/* reserved in the PC's own list */
	uint16_t vbe_mode;  /* what 4F03 says */
	uint16_t last_bank; /* that 4F05 takes; vbe_entry.h knows its place */
} __attribute__((packed));

#define MODE_VBE 0x7f /* and other numbers from MODE_EXTENDED on: one of 4F02 */
#define MODE_EXTENDED 0x14

enum {
	CONTROL_NO_CURSOR_EMULATION = 1 << 0,
	CONTROL_MONOCHROME = 1 << 1,
	CONTROL_256K = 3 << 5, /* memory size */
	CONTROL_NO_CLEAR = 1 << 7,
	OPTION_VGA = 1 << 0,
	OPTION_GREY_SCALE = 1 << 1,
	OPTION_NO_PALETTE = 1 << 3, /* mode set leaves the DAC alone */
	OPTION_400_LINES = 1 << 4,  /* text modes: 10h 400, 80h 200, neither 350 */
	OPTION_DISPLAY_SWITCH = 1 << 6,
	OPTION_200_LINES = 1 << 7,
};

_Static_assert(offsetof(struct bda, mode) == 0x49 && offsetof(struct bda, crtc) == 0x63 &&
		       offsetof(struct bda, last_row) == 0x84 && offsetof(struct bda, dcc) == 0x8a &&
		       offsetof(struct bda, save_pointer) == 0xa8 && offsetof(struct bda, last_bank) == 0xbc,
	       "BIOS data area");

/* Both are placed by the linker script at their addresses. */
extern volatile struct bda LOW bda;
struct vector {
	uint16_t offset, segment;
};
extern volatile struct vector LOW ivt[256];

/* VGA registers; those of the CRTC and the input status follow bda.crtc. */
enum {
	PORT_ATTRIBUTE = 0x3c0,
	PORT_ATTRIBUTE_READ = 0x3c1,
	PORT_MISC = 0x3c2,
	PORT_VIDEO_ENABLE = 0x3c3,
	PORT_SEQUENCER = 0x3c4,
	PORT_DAC_MASK = 0x3c6,
	PORT_DAC_READ = 0x3c7,
	PORT_DAC_WRITE = 0x3c8,
	PORT_DAC_DATA = 0x3c9,
	PORT_MISC_READ = 0x3cc,
	PORT_GRAPHICS = 0x3ce,
};

/* An indexed register in one word write: index in the low byte, value in the high byte. */
static inline void write_index(uint16_t port, uint8_t index, uint8_t value)
{
	outw(port, (uint16_t)(index | value << 8));
}

static inline uint8_t read_index(uint16_t port, uint8_t index)
{
	outb(port, index);
	return inb(port + 1);
}

/* Reading input status 1 makes the next write to 3C0 an index. */
static inline void reset_attribute(void)
{
	inb(bda.crtc + 6);
}

static inline void set_gs(uint16_t seg)
{
	asm volatile("movw %w0, %%gs" : : "r"(seg) : "memory");
}

static inline void rom_gs(void)
{
	asm volatile("pushw %%cs\n\tpopw %%gs" : : : "memory");
}

/* Video memory and other far memory by string instructions. Counts are of the unit moved. */
static inline void fill_words(uint16_t seg, uint16_t offset, uint16_t value, uint16_t count)
{
	asm volatile("movw %w3, %%es\n\trep stosw"
		     : "+D"(offset), "+c"(count)
		     : "a"(value), "r"(seg)
		     : "memory");
}

static inline void fill_bytes(uint16_t seg, uint16_t offset, uint8_t value, uint16_t count)
{
	asm volatile("movw %w3, %%es\n\trep stosb"
		     : "+D"(offset), "+c"(count)
		     : "a"(value), "r"(seg)
		     : "memory");
}

static inline void fill_dwords(uint16_t seg, uint16_t offset, uint32_t value, uint16_t count)
{
	asm volatile("movw %w3, %%es\n\trep stosl"
		     : "+D"(offset), "+c"(count)
		     : "a"(value), "r"(seg)
		     : "memory");
}

/* Bytes between one port and memory; out by ES, because x86emu takes no other segment. */
static inline void out_bytes(uint16_t port, uint16_t seg, uint16_t offset, uint16_t count)
{
	asm volatile("movw %w3, %%es\n\trep outsb %%es:(%%si), %%dx"
		     : "+S"(offset), "+c"(count)
		     : "d"(port), "r"(seg)
		     : "memory");
}

static inline void in_bytes(uint16_t port, uint16_t seg, uint16_t offset, uint16_t count)
{
	asm volatile("movw %w3, %%es\n\trep insb"
		     : "+D"(offset), "+c"(count)
		     : "d"(port), "r"(seg)
		     : "memory");
}

/* Within one segment; the suffix is b, w or l. */
#define MOVE(suffix, seg, to, from, count)                                                         \
	do {                                                                                       \
		uint16_t to_ = (to), from_ = (from), count_ = (count);                             \
		asm volatile("pushw %%ds\n\tmovw %w3, %%es\n\tmovw %w3, %%ds\n\t"                  \
			     "rep movs" #suffix "\n\tpopw %%ds"                                    \
			     : "+D"(to_), "+S"(from_), "+c"(count_)                                \
			     : "r"((uint16_t)(seg))                                                \
			     : "memory");                                                          \
	} while (0)

/* The same with addresses that go down; to and from are those of the last unit. */
#define MOVE_DOWN(suffix, seg, to, from, count)                                                    \
	do {                                                                                       \
		uint16_t to_ = (to), from_ = (from), count_ = (count);                             \
		asm volatile("pushw %%ds\n\tmovw %w3, %%es\n\tmovw %w3, %%ds\n\tstd\n\t"           \
			     "rep movs" #suffix "\n\tcld\n\tpopw %%ds"                             \
			     : "+D"(to_), "+S"(from_), "+c"(count_)                                \
			     : "r"((uint16_t)(seg))                                                \
			     : "memory");                                                          \
	} while (0)

static inline void poke16(uint16_t seg, uint16_t offset, uint16_t value)
{
	asm volatile("movw %w2, %%es\n\tmovw %w1, %%es:(%%di)"
		     :
		     : "D"(offset), "r"(value), "r"(seg)
		     : "memory");
}

static inline uint16_t peek16(uint16_t seg, uint16_t offset)
{
	uint16_t v;
	asm volatile("movw %w2, %%es\n\tmovw %%es:(%%di), %w0"
		     : "=r"(v)
		     : "D"(offset), "r"(seg)
		     : "memory");
	return v;
}

static inline uint32_t peek32(uint16_t seg, uint16_t offset)
{
	uint32_t v;
	asm volatile("movw %w2, %%es\n\tmovl %%es:(%%di), %0"
		     : "=r"(v)
		     : "D"(offset), "r"(seg)
		     : "memory");
	return v;
}

static inline void poke8(uint16_t seg, uint16_t offset, uint8_t value)
{
	asm volatile("movw %w2, %%es\n\tmovb %b1, %%es:(%%di)"
		     :
		     : "D"(offset), "q"(value), "r"(seg)
		     : "memory");
}

static inline uint8_t peek8(uint16_t seg, uint16_t offset)
{
	uint8_t v;
	asm volatile("movw %w2, %%es\n\tmovb %%es:(%%di), %b0"
		     : "=q"(v)
		     : "D"(offset), "r"(seg)
		     : "memory");
	return v;
}

/* The offset of a ROM object in its segment, for callers and vectors. */
#define ROM_OFFSET(object) ((uint16_t)(uintptr_t)(object))

/* modes.c */

/* How memory holds the picture. */
enum memory_model { TEXT, CGA, PLANAR, LINEAR, EXTENDED };

/* One line of the video parameter table (IBM VGA Technical Reference, "Video Parameter Table");
 * programs reach it through 40:A8. */
struct parameters {
	uint8_t columns, last_row, char_height;
	uint16_t page_size;
	uint8_t sequencer[4]; /* SR1-SR4 */
	uint8_t misc;
	uint8_t crtc[25];
	uint8_t attribute[20];
	uint8_t graphics[9];
} __attribute__((packed));

_Static_assert(sizeof(struct parameters) == 64, "video parameter table");

extern const struct parameters ROM parameter_table[29];

/* What the parameter table does not say of a standard mode. */
struct mode {
	uint8_t valid, model, bits, palette; /* bits a pixel, enum palette */
	uint8_t parameters[3];		     /* lines of the table for 200, 350 and 400 scan lines */
	uint8_t cga_mode, cga_palette;	     /* what the CGA's BIOS would have programmed */
};
extern const struct mode ROM modes[0x14];

/* The model of the mode in the BDA; EXTENDED is that of VBE's graphics modes. GS is the ROM. */
static inline enum memory_model memory_model(void)
{
	return bda.mode < 0x14 ? modes[bda.mode].model : EXTENDED;
}
static inline bool is_text(void)
{
	uint8_t mode = bda.mode;

	return mode < 4 || mode == 7;
}
/* Bits a pixel of the current graphics mode. */
static inline uint8_t bits_per_pixel(void)
{
	return bda.mode < 0x14 ? modes[bda.mode].bits : 0;
}

/* Far pointers of the save pointer table at 40:A8, by their place there; 0 where there is none (IBM VGA
 * Technical Reference, "Save pointer"). A program may put its own parameters there, and an area to which
 * the palette goes. Character sets and palettes of its own are not taken: they have INT 10h/11h, 10h. */
enum { SAVE_PARAMETERS = 0, SAVE_DYNAMIC = 4 };
uint32_t save_pointer(uint8_t place);

/* Whether there is a standard mode of that number. */
bool standard_mode(uint16_t number);
/* Sets a mode that there is; no_clear is 80h to keep the memory, or 0. */
void set_standard_mode(uint8_t number, uint8_t no_clear);
/* INT 10h/00h; AL bit 7 keeps the memory. */
void handle_1000(void);
/* Programs all registers from one line of the table; no memory, DAC or BDA. */
void write_parameters(const struct parameters ROM *p);
/* The parameters that the current mode and scan-line option use. */
const struct parameters ROM *mode_parameters(uint8_t mode);

/* text.c */

static inline uint16_t text_segment(void)
{
	return bda.crtc == 0x3b4 ? 0xb000 : 0xb800;
}

void handle_1001(void);
void handle_1002(void);
void handle_1003(void);
void handle_1004(void);
void handle_1005(void);
void handle_1006(void); /* and 07h */
void handle_1008(void);
void handle_1009(void); /* and 0Ah */
void handle_100e(void);
void handle_100f(void);
void handle_1013(void);

/* Sets the hardware cursor's shape from scan lines in CGA terms, scaled where the emulation is on. */
void set_cursor_shape(uint8_t start, uint8_t end);
/* Puts the hardware cursor and start address where the BDA says. */
void update_cursor(void);
void update_start(void);

/* What to scroll: a rectangle in characters, both ends included, on one page; by how many lines,
 * and the attribute or colour of those that become free. Functions take at most three arguments,
 * so that none stands on the stack: see m16.awk. */
union window {
	struct {
		uint8_t left, top, right, bottom, page;
		uint8_t lines, attribute;
		bool down;
	};
	uint64_t all; /* to pass it in two registers */
};

/* graphics.c: the same services in graphics modes; page is ignored where there is only one */
/* CGA modes keep odd and even lines apart: called for either. In others odd does nothing. */
void graphics_scroll(const union window *w, bool odd);
/* what: character | page << 8 | attribute << 16; at: row << 8 | column. In mode 13h the page is
 * the background colour. */
void graphics_write(uint32_t what, uint16_t at, uint16_t count);
void graphics_read(uint8_t page, uint16_t place); /* row << 8 | column; to AX, the attribute 0 */
void handle_100b(void);
void handle_100c(void);
void handle_100d(void);

/* fonts.c */
extern const uint8_t ROM font_8x8[256 * 8], font_8x14[256 * 14], font_8x16[256 * 16];
/* For 9-dot text: glyphs that replace those above; none, so only the end mark. */
extern const uint8_t ROM font_9x14[1], font_9x16[1];

/* Scan lines of the text mode. */
uint16_t text_lines(void);
/* Copies glyphs of the ROM font of that height into block 0. */
void load_rom_font(uint8_t height);
/* Gives text a new height: as many rows as the scan lines and the memory allow. */
void set_text_height(uint8_t height);
/* Sets the vector that graphics text reads its glyphs through. */
void set_graphics_font(uint8_t height);
void handle_1011(void);

/* palette.c */
enum palette { PALETTE_MONO, PALETTE_CGA, PALETTE_EGA, PALETTE_256 };

void load_palette(enum palette which);
/* Tells the save area of a program, if there is one, palette register 0-15, or 16, the border. */
void keep_palette(uint8_t index, uint8_t value);
void handle_1010(void);
/* Replaces count DAC registers by their luminance. */
void grey_scale(uint16_t first, uint16_t count);

/* state.c */
void handle_1012(void);
void handle_101a(void);
void handle_101b(void);
void handle_101c(void);

/* vbe.c */
void handle_104f(void);
/* Sets a mode by BX of 4F02; false where there is none. */
bool set_vbe_mode(uint16_t wanted);

/* start.c */
void start(void);

/* entry.S */
void vbe_window(void);
void int10_entry(void);
/* dispi_entry.S, cirrus_entry.S: the table of 4F0A, its code and lists */
extern const uint8_t ROM vbe_32[], vbe_32_end[];

#endif
