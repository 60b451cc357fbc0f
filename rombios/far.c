/* SPDX-License-Identifier: MIT
 *
 * Far memory through GS, CMOS, and the end of interrupts.
 */
#include <rombios/rombios.h>

uint8_t far_read8(uint16_t seg, uint16_t off)
{
	set_gs(seg);
	return *(uint8_t __far *)(uint32_t)off;
}

uint16_t far_read16(uint16_t seg, uint16_t off)
{
	return far_read8(seg, off) | far_read8(seg, off + 1) << 8;
}

uint32_t far_read32(uint16_t seg, uint16_t off)
{
	return far_read16(seg, off) | (uint32_t)far_read16(seg, off + 2) << 16;
}

void far_write8(uint16_t seg, uint16_t off, uint8_t v)
{
	set_gs(seg);
	*(uint8_t __far *)(uint32_t)off = v;
}

void far_write16(uint16_t seg, uint16_t off, uint16_t v)
{
	far_write8(seg, off, v);
	far_write8(seg, off + 1, v >> 8);
}

void far_write32(uint16_t seg, uint16_t off, uint32_t v)
{
	far_write16(seg, off, v);
	far_write16(seg, off + 2, v >> 16);
}

void far_copy(uint16_t dst_seg, uint16_t dst, uint16_t src_seg, uint16_t src, uint16_t len)
{
	set_gs(src_seg);
	asm volatile("movw %w3, %%es\n\t"
		     "rep movsb %%gs:(%%si), %%es:(%%di)\n\t"
		     "movw %%ds, %w3\n\t"
		     "movw %w3, %%es"
		     : "+D"(dst), "+S"(src), "+c"(len), "+r"(dst_seg)
		     :
		     : "memory");
}

void far_copy_dwords(uint16_t dst_seg, uint16_t dst, uint16_t src_seg, uint16_t src, uint16_t n)
{
	set_gs(src_seg);
	asm volatile("movw %w3, %%es\n\t"
		     "rep movsl %%gs:(%%si), %%es:(%%di)\n\t"
		     "movw %%ds, %w3\n\t"
		     "movw %w3, %%es"
		     : "+D"(dst), "+S"(src), "+c"(n), "+r"(dst_seg)
		     :
		     : "memory");
}

uint8_t cmos_read(uint8_t index)
{
	outb(0x70, index | 0x80);
	return inb(0x71);
}

void cmos_write(uint8_t index, uint8_t value)
{
	outb(0x70, index | 0x80);
	outb(0x71, value);
}

void eoi_master(void)
{
	outb(0x20, 0x20);
}

void eoi_slave(void)
{
	outb(0xa0, 0x20);
	outb(0x20, 0x20);
}
