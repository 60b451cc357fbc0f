/* SPDX-License-Identifier: MIT
 *
 * VMX controls from capability MSRs (visor/vmcs.c): whatever a processor allows and forces, the fields obey, or
 * visor names what is missing or forced and stops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "visor/vmcs.c"

static uint64_t msrs[0x12], vmcs[0x8000];
static jmp_buf stopped;
static char said[256];
static const struct control_bit ept_proc[] = {{PROC_SECONDARY, "activate secondary controls"}, {0, 0}};
static const struct control_bit ept_proc2[] = {{PROC2_EPT, "enable EPT"}, {0, 0}};
static const struct control_bit refused[] = {{PROC_CR3_LOAD, "CR3-load exiting"}, {0, 0}};
const struct control_bit host_exit_needed[] = {{EXIT_HOST_64, "host address-space size"}, {0, 0}};
const struct control_bit host_entry_needed[] = {{ENTRY_IA32E_GUEST, "IA-32e mode guest"}, {0, 0}};
const struct mmu ept = {.proc = ept_proc, .proc2 = ept_proc2, .proc_refused = refused}, *mmu = &ept;
bool native_real_mode;
unsigned vcpu_count = 2;
char vmx_exit[1];
struct gate host_idt[1];

uint64_t rdmsr(uint32_t index)
{
	unsigned n = index - MSR_VMX_BASIC;

	return n < sizeof(msrs) / sizeof(*msrs) ? msrs[n] : 0;
}

unsigned long vmread_word(unsigned long field)
{
	return vmcs[field];
}

void vmwrite_word(unsigned long field, unsigned long v)
{
	vmcs[field] = v;
}

void stop(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	longjmp(stopped, 1);
}

uint64_t phys_of(const void *p)
{
	return 0;
}

void *alloc_pages(unsigned count)
{
	return NULL;
}

void set_host_segments(struct vcpu *v)
{
}

/* The MSRs' own order, and again as the TRUE MSRs (SDM vol. 3, A.3 to A.5) */
static const struct {
	uint8_t msr, exact;
	uint16_t field;
	uint64_t value; /* Bochs 2.7, corei5_lynnfield_750 */
} controls[] = {
	{1, 0xd, PIN_CONTROLS, 0x7f00000016},
	{2, 0xe, PROC_CONTROLS, 0xfff9fffe04006172},
	{3, 0xf, EXIT_CONTROLS, 0x7fffff00036dfb},
	{4, 0x10, ENTRY_CONTROLS, 0xffff000011fb},
	{0xb, 0xb, PROC2_CONTROLS, 0xff00000000},
};
enum { CONTROLS = sizeof(controls) / sizeof(*controls) };

static void lynnfield(bool exact)
{
	memset(msrs, 0, sizeof(msrs));
	memset(vmcs, 0, sizeof(vmcs));
	said[0] = 0;
	msrs[0] = exact ? 1ull << 55 : 0;
	for (unsigned i = 0; i < CONTROLS; i++)
		msrs[exact ? controls[i].exact : controls[i].msr] = controls[i].value;
}

/* False if visor stops. */
static bool sets_controls(void)
{
	if (setjmp(stopped))
		return false;
	set_controls();
	return true;
}

static void check_named(void **state)
{
	static const struct {
		uint8_t msr; /* index in controls */
		uint32_t bit;
		const char *name;
	} cases[] = {
		{0, PIN_NMI, "NMI exiting"},
		{1, PROC_IO_BITMAPS, "use I/O bitmaps"},
		{1, PROC_MSR_BITMAPS, "use MSR bitmaps"},
		{1, PROC_SECONDARY, "activate secondary controls"},
		{2, EXIT_SAVE_DEBUG, "save debug controls"},
		{2, EXIT_HOST_64, "host address-space size"},
		{3, ENTRY_LOAD_DEBUG, "load debug controls"},
		{3, ENTRY_IA32E_GUEST, "IA-32e mode guest"},
		{4, PROC2_EPT, "enable EPT"},
	};

	for (unsigned exact = 0; exact < 2; exact++)
		for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			lynnfield(exact);
			assert_true(sets_controls());
			unsigned msr = exact ? controls[cases[i].msr].exact : controls[cases[i].msr].msr;
			msrs[msr] &= ~((uint64_t)cases[i].bit << 32 | cases[i].bit);
			assert_false(sets_controls());
			char text[128];
			snprintf(text, sizeof(text), "this processor lacks the VMX control \"%s\" (MSR %x)", cases[i].name,
				 MSR_VMX_BASIC + msr);
			assert_string_equal(said, text);
		}
	/* several processors do without virtual NMIs */
	lynnfield(true);
	msrs[0xd] &= ~((uint64_t)PIN_VIRTUAL_NMIS << 32);
	assert_true(sets_controls() && nmis_unblocked);
	lynnfield(true);
	assert_true(sets_controls() && !nmis_unblocked);
	msrs[0xe] |= PROC_CR3_LOAD;
	assert_false(sets_controls());
	assert_string_equal(said, "this processor forces the VMX control \"CR3-load exiting\"");
}

static void check_obeyed(void **state)
{
	uint64_t seed = 1;
	unsigned set = 0;

	for (unsigned n = 0; n < 100000; n++) {
		lynnfield(n & 1);
		for (unsigned i = 0; i < CONTROLS; i++) {
			/* a few bits more forced, a few less allowed */
			uint32_t random[4];
			for (unsigned j = 0; j < 4; j++) {
				seed = seed * 6364136223846793005 + 1442695040888963407;
				random[j] = seed >> 32;
			}
			uint64_t *msr = &msrs[n & 1 ? controls[i].exact : controls[i].msr];
			uint32_t may = *msr >> 32 & ~(random[0] & random[1] & random[2] & random[3]), must = *msr & may;
			must |= random[0] & ~random[1] & random[2] & ~random[3] & may & ~PROC_CR3_LOAD;
			*msr = (uint64_t)may << 32 | must;
		}
		if (!sets_controls()) {
			assert_non_null(strstr(said, "this processor lacks the VMX control"));
			continue;
		}
		set++;
		for (unsigned i = 0; i < CONTROLS; i++) {
			uint64_t msr = msrs[n & 1 ? controls[i].exact : controls[i].msr];
			uint32_t field = vmcs[controls[i].field];
			bool entry = controls[i].field == ENTRY_CONTROLS; /* no IA-32e mode yet */
			assert_int_equal(~field & (uint32_t)msr & ~(entry ? ENTRY_IA32E_GUEST : 0u), 0);
			assert_int_equal(field & ~(uint32_t)(msr >> 32), 0);
		}
	}
	assert_true(set > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(check_named), cmocka_unit_test(check_obeyed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
