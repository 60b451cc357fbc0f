/* SPDX-License-Identifier: MIT
 *
 * Reads the command line.
 */
#include "vmxloader/options.h"

#include <dfw/handoff.h>
#include "lib/string.h"

#define FLAG(word, field, value)                                                                   \
	{                                                                                          \
		word, offsetof(struct options, field), value                                       \
	}

// clang-format off
static const struct {
	const char *word;
	uint8_t offset;
	uint8_t value;
} words[] = {
	FLAG("vme=off", vme_off, true),
	FLAG("iopl=0", iopl0, true),
	FLAG("trace", trace, true),
	FLAG("menu", menu, true),
	FLAG("console=serial", serial, true),
	FLAG("debug=e9", debug_e9, true),
	FLAG("tables=own", own_tables, true),
};

static const struct {
	const char *name;
	uint8_t value;
} assists[] = {
	{"assist=off", ASSIST_OFF},
	{"assist=on", ASSIST_ON},
	{"assist=host", ASSIST_HOST},
}, devices[] = {
	{"floppy", DFW_BOOT_FLOPPY},
	{"disk", DFW_BOOT_DISK},
	{"cdrom", DFW_BOOT_CDROM},
	{"network", DFW_BOOT_NETWORK},
};
// clang-format on

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool same(const char *name, const char *word, unsigned len)
{
	return strlen(name) == len && !memcmp(name, word, len);
}

/* "disk,cdrom" to DFW_BOOT_*; false, and nothing changed, if a name is unknown or too many. */
static bool parse_order(uint8_t order[8], const char *list, unsigned len)
{
	uint8_t found[8] = {0};
	unsigned n = 0;

	for (unsigned at = 0; at <= len;) {
		unsigned end = at, i;

		while (end < len && list[end] != ',')
			end++;
		for (i = 0; i < COUNT(devices) && !same(devices[i].name, list + at, end - at); i++)
			;
		if (i == COUNT(devices) || n == 7)
			return false;
		found[n++] = devices[i].value;
		at = end + 1;
	}
	memcpy(order, found, 8);
	return true;
}

/* "0,2": false, and nothing changed, if one is no identifier or they are too many. */
static bool parse_processors(struct options *o, const char *list, unsigned len)
{
	uint8_t id[DFW_ASSIST_CPUS];
	unsigned n = 0, value = 0, digits = 0;

	for (unsigned at = 0; at <= len; at++) {
		if (at < len && list[at] >= '0' && list[at] <= '9' && value <= 0xff) {
			value = value * 10 + list[at] - '0';
			digits++;
			continue;
		}
		if ((at < len && list[at] != ',') || !digits || value > 0xff || n == COUNT(id))
			return false;
		id[n++] = value;
		value = digits = 0;
	}
	memcpy(o->apic_id, id, n);
	o->processors = n;
	return true;
}

static bool parse_word(struct options *o, const char *word, unsigned len)
{
	for (unsigned i = 0; i < COUNT(words); i++)
		if (same(words[i].word, word, len)) {
			*((uint8_t *)o + words[i].offset) = words[i].value;
			return true;
		}
	for (unsigned i = 0; i < COUNT(assists); i++)
		if (same(assists[i].name, word, len)) {
			o->assist = assists[i].value;
			return true;
		}
	if (len > 11 && !memcmp(word, "processors=", 11))
		return parse_processors(o, word + 11, len - 11);
	return len > 5 && !memcmp(word, "boot=", 5) &&
	       parse_order(o->boot_order, word + 5, len - 5);
}

void options_parse(struct options *options, const char *command_line,
		   void (*unknown)(const char *word, unsigned len))
{
	for (const char *s = command_line; *s;) {
		unsigned len = 0;

		while (s[len] && s[len] != ' ')
			len++;
		if (len && !parse_word(options, s, len))
			unknown(s, len);
		s += len;
		while (*s == ' ')
			s++;
	}
}
