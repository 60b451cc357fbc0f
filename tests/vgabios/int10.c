/* SPDX-License-Identifier: MIT
 *
 * A guest program that calls each sub-function of INT 10h but VBE's, in the settings of rows.h. References:
 * IBM VGA Technical Reference; IBM PS/2 and PC BIOS Interface Technical Reference, INT 10h.
 */
#include <tests/vgabios/screen.h>

static bool row_runs(const struct row *row, const char **why)
{
	return true;
}

/* --- 02h, 03h --- */

static void set_02(void)
{
	LOW(ebx, 0);
	LOW(edx, 0x0305);
}
static void look_02(void)
{
	SAME(BDA16(0x50), 0x0305);
	SAME(crtc_pair(0x0e), 3 * 80 + 5);
}
static void set_02_hidden(void)
{
	LOW(ebx, 0x0200);
	LOW(edx, 0x144f);
}
static void look_02_hidden(void)
{
	SAME(BDA16(0x54), 0x144f);
	SAME(crtc_pair(0x0e), 0);
}
static void set_03(void)
{
	set_cursor(3, 7, 9);
	LOW(ebx, 0x0300);
	may.ecx = may.edx = 0xffff;
}
static void look_03(void)
{
	SAME((uint16_t)out.ecx, 0x0607);
	SAME((uint16_t)out.edx, 0x0709);
}

/* clang-format off */
static const struct row rows[] = {
	{"10h/02h", 0x10, 0x0200, .bda = {{0x50, 2}}, .set = set_02, .look = look_02, .registers = CRTC},
	{"10h/02h, another page", 0x10, 0x0200, .bda = {{0x54, 2}}, .set = set_02_hidden, .look = look_02_hidden},
	{"10h/03h", 0x10, 0x0300, .set = set_03, .look = look_03},
};
/* clang-format on */

void guest_main(void);
void guest_main(void)
{
	run_settings(rows, sizeof(rows) / sizeof(rows[0]));
	video(3, 0, 0, 0);
	put_text("1..");
	put_unsigned(tests);
	put_text("\n");
}
