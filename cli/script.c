/* SPDX-License-Identifier: MIT
 *
 * Keys as text: `dir\n`, `<f10>`, `<ctrl-alt-del>`, for a US keyboard.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <X11/keysym.h>
#include "cli/cli.h"

static const struct {
	const char *name;
	uint32_t keysym;
} names[] = {
	{"enter", XK_Return}, {"esc", XK_Escape},  {"tab", XK_Tab},       {"bs", XK_BackSpace},
	{"up", XK_Up},        {"down", XK_Down},   {"left", XK_Left},     {"right", XK_Right},
	{"home", XK_Home},    {"end", XK_End},     {"pgup", XK_Page_Up},  {"pgdn", XK_Page_Down},
	{"ins", XK_Insert},   {"del", XK_Delete},  {"space", XK_space},   {"lt", XK_less},
	{"f1", XK_F1},        {"f2", XK_F2},       {"f3", XK_F3},         {"f4", XK_F4},
	{"f5", XK_F5},        {"f6", XK_F6},       {"f7", XK_F7},         {"f8", XK_F8},
	{"f9", XK_F9},        {"f10", XK_F10},     {"f11", XK_F11},       {"f12", XK_F12},
};

static void set_char(struct key *key, char c)
{
	key->keysym = (unsigned char)c; /* X11 keysyms of Latin-1 are its codes */
	key->shift = isupper((unsigned char)c) || strchr("~!@#$%^&*()_+{}|:\"<>?", c);
}

/* The key between < and >, of length len. */
static bool named_key(const char *name, size_t len, struct key *key)
{
	while (true) {
		if (len > 5 && strncasecmp(name, "ctrl-", 5) == 0)
			key->ctrl = true, name += 5, len -= 5;
		else if (len > 4 && strncasecmp(name, "alt-", 4) == 0)
			key->alt = true, name += 4, len -= 4;
		else if (len > 6 && strncasecmp(name, "shift-", 6) == 0)
			key->shift = true, name += 6, len -= 6;
		else
			break;
	}
	if (len == 1 && (key->ctrl || key->alt || key->shift) && isprint((unsigned char)*name)) {
		bool shift = key->shift;
		set_char(key, *name);
		key->shift |= shift;
		return true;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) == len && strncasecmp(names[i].name, name, len) == 0) {
			key->keysym = names[i].keysym;
			key->shift |= names[i].keysym == XK_less;
			return true;
		}
	}
	return false;
}

/* Parses one key; 1, 0 at the end, -1 where there is no such key. */
static int parse(const char **keys, struct key *key)
{
	const char *s = *keys, *end;

	*key = (struct key){0};
	if (!*s)
		return 0;
	if (*s == '\\') {
		switch (s[1]) {
		case 'n':
			key->keysym = XK_Return;
			break;
		case 't':
			key->keysym = XK_Tab;
			break;
		case 'e':
			key->keysym = XK_Escape;
			break;
		case '\\':
			set_char(key, '\\');
			break;
		default:
			return -1;
		}
		*keys = s + 2;
		return 1;
	}
	if (*s == '<') {
		end = strchr(s, '>');
		if (!end || !named_key(s + 1, end - s - 1, key))
			return -1;
		*keys = end + 1;
		return 1;
	}
	*keys = s + 1;
	if (*s == '\n')
		key->keysym = XK_Return;
	else if (*s < 32 || *s == 127)
		return *keys = s, -1;
	else
		set_char(key, *s);
	return 1;
}

bool key_next(const char **keys, struct key *key)
{
	return parse(keys, key) > 0;
}

const char *keys_check(const char *keys)
{
	struct key key;
	int result;

	while ((result = parse(&keys, &key)) > 0)
		;
	return result < 0 ? keys : NULL;
}
