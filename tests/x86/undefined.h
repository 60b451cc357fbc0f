/* SPDX-License-Identifier: MIT
 *
 * The flags that an instruction leaves undefined: SDM vol. 2, each one's "Flags Affected", and vol.
 * 1, appendix A. Row as in opcodes.def, ModRM.reg, the shift count modulo 32, the operand's bits.
 * *result: the destination is undefined, too.
 */
#ifndef TESTS_X86_UNDEFINED_H
#define TESTS_X86_UNDEFINED_H

static inline unsigned undefined_flags_of(unsigned row, unsigned reg, unsigned count, unsigned bits,
					  bool *result)
{
	enum { F_CF = 1, F_PF = 4, F_AF = 0x10, F_ZF = 0x40, F_SF = 0x80, F_OF = 0x800 };

	*result = false;
	switch (row) {
	case 0x08 ... 0x0d:
	case 0x20 ... 0x25:
	case 0x30 ... 0x35:
	case 0x84:
	case 0x85:
	case 0xa8:
	case 0xa9:
		return F_AF;
	case 0x80 ... 0x83:
		return reg == 1 || reg == 4 || reg == 6 ? F_AF : 0;
	case 0x27:
	case 0x2f:
		return F_OF;
	case 0x37:
	case 0x3f:
		return F_OF | F_SF | F_ZF | F_PF;
	case 0xd4:
	case 0xd5:
		return F_OF | F_AF | F_CF;
	case 0xc0:
	case 0xc1:
	case 0xd0 ... 0xd3:
		if (!count)
			return 0;
		if (reg < 4)
			return count == 1 ? 0 : F_OF;
		return F_AF | (count == 1 ? 0 : F_OF) | (count >= bits && reg != 7 ? F_CF : 0);
	case 0x1a4:
	case 0x1a5:
	case 0x1ac:
	case 0x1ad:
		if (!count)
			return 0;
		if (count > bits) {
			*result = true;
			return F_CF | F_PF | F_AF | F_ZF | F_SF | F_OF;
		}
		return F_AF | (count == 1 ? 0 : F_OF);
	case 0x69:
	case 0x6b:
	case 0x1af:
		return F_SF | F_ZF | F_AF | F_PF;
	case 0xf6:
	case 0xf7:
		if (reg < 2)
			return F_AF;
		return reg >= 6	  ? F_CF | F_PF | F_AF | F_ZF | F_SF | F_OF
		       : reg >= 4 ? F_SF | F_ZF | F_AF | F_PF
				  : 0;
	case 0x1a3:
	case 0x1ab:
	case 0x1b3:
	case 0x1bb:
	case 0x1ba:
		return F_OF | F_SF | F_AF | F_PF;
	case 0x1bc:
	case 0x1bd:
		/* a source of 0 leaves the destination undefined */
		return F_CF | F_OF | F_SF | F_AF | F_PF;
	case 0x1c8 ... 0x1cf:
		*result = bits == 16;
		return 0;
	}
	return 0;
}

#endif
