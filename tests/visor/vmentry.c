/* SPDX-License-Identifier: MIT
 *
 * visor/vmentry_check.c on a VMCS in memory: one that VM entry takes breaks no rule; with one field changed,
 * that rule is named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "visor/visor.h"

static uint64_t vmcs[0x8000];
static char said[4096];
bool native_real_mode;
static uint64_t misc = 0x1e0 | 4 << 16;

unsigned long vmread_word(unsigned long field)
{
	return vmcs[field];
}

void vmwrite_word(unsigned long field, unsigned long v)
{
	vmcs[field] = v;
}

/* Bochs 2.7, corei5_lynnfield_750, where it matters */
uint64_t rdmsr(uint32_t msr)
{
	switch (msr) {
	case MSR_VMX_BASIC: return 1ull << 55;
	case MSR_VMX_TRUE_PINBASED: return 0x7f00000016;
	case MSR_VMX_TRUE_PINBASED + 1: return 0xfff9fffe04006172;
	case MSR_VMX_TRUE_PINBASED + 2: return 0x7fffff00036dfb;
	case MSR_VMX_TRUE_PINBASED + 3: return 0xffff000011fb;
	case MSR_VMX_PROCBASED2: return 0xff00000000;
	case MSR_VMX_MISC: return misc;
	case MSR_VMX_CR0_FIXED0: return 0x80000021;
	case MSR_VMX_CR0_FIXED1: return 0xffffffff;
	case MSR_VMX_CR4_FIXED0: return 0x2000;
	case MSR_VMX_CR4_FIXED1: return 0x67ff;
	}
	return 0;
}

unsigned physical_bits(void)
{
	return 36;
}

const struct mmu ept, *mmu = &ept;

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(said + strlen(said), sizeof(said) - strlen(said), format, args);
	va_end(args);
}

/* A 64-bit host; a guest in flat 32-bit protected mode with 2-level paging */
static void good(void)
{
	static const uint16_t rights[DFW_SEGS] = {0xc093, 0xc09b, 0xc093, 0xc093, 0xc093, 0xc093, 0, 0x8b};

	memset(vmcs, 0, sizeof(vmcs));
	said[0] = 0;
	native_real_mode = false;
	vmcs[PIN_CONTROLS] = 0x16;
	vmcs[PROC_CONTROLS] = 0x04006172 | PROC_IO_BITMAPS | PROC_MSR_BITMAPS | PROC_SECONDARY;
	vmcs[PROC2_CONTROLS] = PROC2_EPT;
	vmcs[EPT_POINTER] = 0x101e;
	vmcs[IO_BITMAP_A] = 0x2000;
	vmcs[IO_BITMAP_B] = 0x3000;
	vmcs[MSR_BITMAP] = 0x4000;
	vmcs[EXIT_CONTROLS] = 0x36dfb | EXIT_HOST_64 | EXIT_SAVE_DEBUG;
	vmcs[ENTRY_CONTROLS] = 0x11fb | ENTRY_LOAD_DEBUG;
	vmcs[VMCS_LINK] = ~0ull;
	vmcs[HOST_CR0] = 0x80000031;
	vmcs[HOST_CR4] = 0x2020;
	vmcs[HOST_CR3] = 0x5000;
	vmcs[HOST_CS_SELECTOR] = 8;
	vmcs[HOST_SS_SELECTOR] = 16;
	vmcs[HOST_TR_SELECTOR] = 24;
	vmcs[HOST_RIP] = 0xffffffff80001000;
	vmcs[GUEST_CR0] = 0x80000031;
	vmcs[GUEST_CR4] = 0x2010;
	vmcs[GUEST_CR3] = 0x6000;
	vmcs[GUEST_DR7] = 0x400;
	vmcs[GUEST_RFLAGS] = 2;
	for (unsigned i = 0; i < DFW_SEGS; i++) {
		vmcs[GUEST_ACCESS_RIGHTS + 2 * i] = rights[i];
		vmcs[GUEST_LIMIT + 2 * i] = i <= DFW_GS ? 0xffffffff : 0x67;
	}
	vmcs[GUEST_ACCESS_RIGHTS + 2 * DFW_LDTR] = DFW_AR_UNUSABLE;
}

// clang-format off
static const struct {
	unsigned field;
	uint64_t value;
	const char *says;
} cases[] = {
	{PIN_CONTROLS, 0, "a pin-based control that must be 1 is 0"},
	{PIN_CONTROLS, 0x96, "a pin-based control that must be 0 is 1"},
	{PIN_CONTROLS, 0x36, "virtual NMIs without NMI exiting"},
	{PROC_CONTROLS, 0x84002172, "a processor-based control that must be 1 is 0"},
	{PROC_CONTROLS, 0x84006173, "a processor-based control that must be 0 is 1"},
	{PROC_CONTROLS, 0x84406172, "NMI-window exiting without virtual NMIs"},
	{PROC2_CONTROLS, 0x1002, "a secondary control that must be 0 is 1"},
	{PROC2_CONTROLS, 0x80, "unrestricted guest without EPT"},
	{EPT_POINTER, 0x1019, "EPTP has a memory type other than UC and WB"},
	{EPT_POINTER, 0x1016, "EPTP's page-walk length is not 4"},
	{EPT_POINTER, 0x109e, "a reserved bit of EPTP is set"},
	{CR3_TARGET_COUNT, 5, "more CR3-target values than the processor has"},
	{IO_BITMAP_A, 0x2001, "I/O bitmap A is no page"},
	{IO_BITMAP_B, 1ull << 40, "I/O bitmap B is no page"},
	{MSR_BITMAP, 0x10, "the MSR bitmap is no page"},
	{EXIT_CONTROLS, 0x200, "a VM-exit control that must be 1 is 0"},
	{EXIT_CONTROLS, 0x836fff, "a VM-exit control that must be 0 is 1"},
	{ENTRY_CONTROLS, 0, "a VM-entry control that must be 1 is 0"},
	{ENTRY_CONTROLS, 0x111ff, "a VM-entry control that must be 0 is 1"},
	{ENTRY_EVENT, 0x80000120, "the injected event has a reserved type"},
	{ENTRY_EVENT, 0x80000203, "an injected NMI's vector is not 2"},
	{ENTRY_EVENT, 0x80000320, "an injected exception's vector is over 31"},
	{ENTRY_EVENT, 0x80000701, "an injected other event is not 0"},
	{ENTRY_EVENT, 0x80001306, "a reserved bit of the injected event is set"},
	{ENTRY_EVENT, 0x80000b06, "an error code is delivered with an event that has none"},
	{ENTRY_EVENT, 0x8000030d, "an exception that has an error code is injected without one"},
	{ENTRY_EVENT, 0x80000403, "the injected software event's instruction length is not 1 to 15"},
	{ENTRY_EVENT, 0x80000020, "an external interrupt is injected with IF=0"},
	{HOST_CR0, 0x31, "the host's CR0 has a bit that VMX operation fixes otherwise"},
	{HOST_CR4, 0x20, "the host's CR4 has a bit that VMX operation fixes otherwise"},
	{HOST_CR3, 1ull << 40, "the host's CR3 is beyond the physical address width"},
	{HOST_DS_SELECTOR, 3, "a host selector has TI or RPL set"},
	{HOST_CS_SELECTOR, 0, "the host's CS is null"},
	{HOST_TR_SELECTOR, 0, "the host's TR is null"},
	{HOST_GS_BASE, 1ull << 47, "a host base address is not canonical"},
	{EXIT_CONTROLS, 0x36dff, "host address-space size is not the processor's mode"},
	{HOST_CR4, 0x2000, "a 64-bit host needs CR4.PAE=1"},
	{HOST_RIP, 1ull << 47, "the host's RIP is not canonical, or over 4 GiB"},
	{GUEST_CR0, 0x11, "CR0 lacks a bit that VMX operation fixes to 1"},
	{GUEST_CR4, 0x10, "CR4 has a bit that VMX operation fixes otherwise, or that does not exist"},
	{GUEST_CR4, 0x12010, "CR4 has a bit that VMX operation fixes otherwise, or that does not exist"},
	{GUEST_CR3, 1ull << 36, "CR3 is beyond the physical address width"},
	{GUEST_DEBUGCTL, 4, "a reserved bit of DEBUGCTL is set"},
	{GUEST_DR7, 1ull << 32, "DR7 has high bits set"},
	{GUEST_SYSENTER_EIP, 1ull << 47, "SYSENTER_ESP or EIP is not canonical"},
	{ENTRY_CONTROLS, 0x13ff, "an IA-32e mode guest needs CR4.PAE=1"},
	{GUEST_SELECTOR + 2 * DFW_TR, 4, "TR is in the LDT"},
	{GUEST_SELECTOR + 2 * DFW_SS, 3, "SS.RPL is not CS.RPL"},
	{GUEST_ACCESS_RIGHTS + 2 * DFW_CS, 0xc093, "CS is no accessed code segment"},
	{GUEST_ACCESS_RIGHTS + 2 * DFW_CS, 0xc0fb, "CS.DPL does not fit SS.DPL"},
	{GUEST_ACCESS_RIGHTS + 2 * DFW_SS, 0xc091, "SS is no writable, accessed segment"},
	{GUEST_ACCESS_RIGHTS + 2 * DFW_SS, 0xc0f3, "SS.DPL is not SS.RPL"},
	{GUEST_ACCESS_RIGHTS + 2 * DFW_DS, 0xc092, "a data segment is not accessed"},
	{GUEST_ACCESS_RIGHTS + 2 * DFW_DS, 0xc099, "a data segment register holds unreadable code"},
	{GUEST_SELECTOR + 2 * DFW_ES, 3, "a data segment's DPL is below its RPL"},
	{GUEST_ACCESS_RIGHTS + 2 * DFW_DS, 0xc083, "a segment register holds a system segment"},
	{GUEST_ACCESS_RIGHTS + 2 * DFW_DS, 0xc013, "a usable segment is not present"},
	{GUEST_ACCESS_RIGHTS + 2 * DFW_DS, 0xc193, "a reserved bit of the access rights is set"},
	{GUEST_LIMIT + 2 * DFW_DS, 0x12345678, "G=1 with a limit whose low 12 bits are not all 1"},
	{GUEST_ACCESS_RIGHTS + 2 * DFW_DS, 0x4093, "G=0 with a limit over 1 MiB"},
	{GUEST_BASE + 2 * DFW_FS, 1ull << 47, "FS or GS base is not canonical"},
	{GUEST_BASE + 2 * DFW_DS, 1ull << 32, "a base is above 4 GiB"},
	{GUEST_ACCESS_RIGHTS + 2 * DFW_TR, 0x89, "TR is no busy TSS"},
	{GUEST_ACCESS_RIGHTS + 2 * DFW_TR, 0x1008b, "TR is not a present, usable system segment"},
	{GUEST_BASE + 2 * DFW_TR, 1ull << 47, "TR's base is not canonical"},
	{GUEST_ACCESS_RIGHTS + 2 * DFW_LDTR, 0x83, "LDTR is no present LDT"},
	{GUEST_GDTR_BASE, 1ull << 47, "GDTR or IDTR base is not canonical"},
	{GUEST_IDTR_LIMIT, 0x10000, "GDTR or IDTR limit is over FFFF"},
	{GUEST_RIP, 1ull << 32, "RIP is above 4 GiB outside 64-bit mode"},
	{GUEST_RFLAGS, 0, "a reserved bit of RFLAGS is wrong"},
	{GUEST_RFLAGS, 0x20002, "the limit is not FFFF|the access rights are not F3"},
	{GUEST_ACTIVITY, 4, "the activity state does not exist"},
	{GUEST_INTERRUPTIBILITY, 0x20, "a reserved bit of interruptibility is set"},
	{GUEST_INTERRUPTIBILITY, 3, "blocked by both STI and MOV SS"},
	{GUEST_INTERRUPTIBILITY, 1, "blocked by STI with IF=0"},
	{GUEST_INTERRUPTIBILITY, 4, "blocked by SMI outside SMM"},
	{GUEST_PENDING_DEBUG, 0x10, "a reserved bit of the pending debug exceptions is set"},
	{VMCS_LINK, 0, "the VMCS link is set"},
	{GUEST_SELECTOR + 2 * DFW_ES, 16, NULL}, {GUEST_RFLAGS, 0x20002, "the base is not selector * 16"},
	/* two fields: the value's, and the next row's */
	{GUEST_ACTIVITY, DFW_HLT, NULL}, {ENTRY_EVENT, 0x8000030e, "the injected event does not end HLT"},
	{GUEST_ACTIVITY, DFW_SHUTDOWN, NULL}, {ENTRY_EVENT, 0x80000301, "the injected event does not end shutdown"},
	{GUEST_ACTIVITY, DFW_WAIT_SIPI, NULL}, {ENTRY_EVENT, 0x80000202, "an event is injected while waiting for SIPI"},
	{GUEST_ACTIVITY, DFW_HLT, NULL}, {GUEST_INTERRUPTIBILITY, 2, "not active while blocked by STI or MOV SS"},
	{GUEST_INTERRUPTIBILITY, 2, NULL}, {ENTRY_EVENT, 0x80000202, "an NMI is injected while blocked by MOV SS"},
	{GUEST_RFLAGS, 0x102, NULL}, {GUEST_INTERRUPTIBILITY, 2, "pending debug exception BS does not fit TF"},
	{ENTRY_EVENT_ERROR, 0x10000, NULL}, {ENTRY_EVENT, 0x80000b0d, "the injected error code has high bits set"},
	{GUEST_CR4, 0x2030, NULL}, {GUEST_PDPTE, 0x1007, "a reserved bit of a PDPTE is set"},
};
// clang-format on

static void check_cases(void **state)
{
	good();
	check_vmentry();
	if (!strstr(said, "no rule of SDM"))
		fail_msg("a good VMCS: %s", said);
	good();
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		vmcs[cases[i].field] = cases[i].value;
		if (!cases[i].says)
			continue;
		check_vmentry();
		char texts[256], *text = texts, *next;
		snprintf(texts, sizeof(texts), "%s", cases[i].says);
		for (; text; text = next) {
			next = strchr(text, '|');
			if (next)
				*next++ = 0;
			if (!strstr(said, text))
				fail_msg("field %x = %llx: \"%s\" is not in: %s", cases[i].field,
					 (unsigned long long)cases[i].value, text, said);
		}
		good();
	}
}

static void check_errors(void **state)
{
	assert_string_equal(instruction_error(7), "VM entry with invalid control field(s)");
	assert_string_equal(instruction_error(14), "unknown");
	assert_string_equal(instruction_error(99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(check_cases), cmocka_unit_test(check_errors)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
