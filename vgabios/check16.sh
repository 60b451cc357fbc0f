#!/bin/sh
# SPDX-License-Identifier: MIT
#
# check16.sh ELF: refuses 16-bit code with what x86emu and NTVDM's interpreter do not know or
# execute differently: call, return, jump and LEA with an operand-size prefix, string instructions
# with an address-size prefix, and everything beyond the 80386.
objdump -d -m i8086 --no-show-raw-insn "$1" |
	awk -v elf="$1" -v rom="$(nm "$1" | awk '$3 == "rom_start" { print $1 }')" '
/^[0-9a-f]+ </ { where = $2; code = $1 "" < rom "" }
code && /^ *[0-9a-f]+:\t/ {
	text = $0
	sub(/^ *[0-9a-f]+:\t/, "", text)
	if (text ~ /^(call|ret|lcall|lret|iret|jmp|ljmp|lea|enter|leave)l / ||
	    text ~ /^(call|ret|lcall|lret|iret|jmp|ljmp|lea|enter|leave)l$/ ||
	    text ~ /^addr32 (rep|movs|stos|lods|scas|cmps|ins|outs|loop|jcxz|xlat)/ ||
	    text ~ /^(data32|bswap|cmov|cmpxchg|xadd|invd|wbinvd|invlpg|cpuid|rdtsc|\(bad\))/ ||
	    text ~ /(mm[0-7]|%st)/ || text ~ /%cr[0-9]|^(l|s)[gi]dt|^[ls]msw|^hlt/) {
		printf "%s: %s %s\n", elf, where, text
		bad++
	}
}
END { exit bad ? 1 : 0 }'
