/* SPDX-License-Identifier: MIT
 *
 * The opcode tables, made from opcodes.def, and the names of the rows.
 */
#include "internal.h"

#define FLAGS_OF(kind)                                                                             \
	(METHOD(kind) >= M_E ? HAS_MODRM : METHOD(kind) >= M_I ? HAS_IMM : 0)
#define ROW_(handler, attributes, a, b, c, ...)                                                    \
	{                                                                                          \
		x86_op_##handler, {a, b, c},                                                    \
			(attributes) | FLAGS_OF(a) | FLAGS_OF(b) |                                 \
				((attributes)&GROUP ? HAS_MODRM : FLAGS_OF(c))                     \
	}
#define ROW(handler, attributes, ...)                                                              \
	ROW_(handler, attributes, __VA_ARGS__ __VA_OPT__(, ) None, None, None, )

const struct row x86_opcodes[512] = {
#define I(opcode, name, handler, attributes, ...)                                                  \
	[opcode] = ROW(handler, attributes __VA_OPT__(, ) __VA_ARGS__),
#define G(group, reg, name, handler, attributes, ...)
#include "opcodes.def"
#undef I
#undef G
};

const struct row x86_groups[GROUPS][8] = {
#define I(opcode, name, handler, attributes, ...)
#define G(group, reg, name, handler, attributes, ...)                                              \
	[group][reg] = ROW(handler, attributes __VA_OPT__(, ) __VA_ARGS__),
#include "opcodes.def"
#undef I
#undef G
};

static const char *const names[512] = {
#define I(opcode, name, handler, attributes, ...)                                                  \
	[opcode] = #name __VA_OPT__(" ") #__VA_ARGS__,
#define G(group, reg, name, handler, attributes, ...)
#include "opcodes.def"
#undef I
#undef G
};

const char *x86_opcode_name(unsigned row)
{
	return row < 512 && names[row] ? names[row] : "";
}
