# SPDX-License-Identifier: MIT
#
# font.awk -v name=SYMBOL FONT.txt: the glyphs of a font as bytes for the assembler. A glyph is a
# line "XX" (its number, hexadecimal) with an optional remark, then its rows of eight . and #.
function fail(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"
	status = 1
	exit 1
}

BEGIN { printf "\t.section .rom, \"a\"\n\t.globl %s\n%s:\n", name, name }
/^;/ || /^$/ { next }
/^[.#]+$/ {
	if (length($0) != 8)
		fail("a row is not eight dots wide")
	v = 0
	for (i = 1; i <= 8; i++)
		v = v * 2 + (substr($0, i, 1) == "#")
	printf "%s%d", rows++ ? ", " : "\t.byte\t", v
	next
}
{
	if (rows)
		print ""
	if ($1 != sprintf("%02x", glyphs))
		fail("glyph " glyphs " expected")
	if (glyphs && rows != height && height)
		fail("the glyph before has another height")
	if (glyphs)
		height = rows
	glyphs++
	rows = 0
}
END {
	if (status)
		exit 1
	print ""
	if (glyphs != 256 || rows != height)
		fail("not 256 glyphs of one height")
	print "\t.section .note.GNU-stack, \"\", @progbits"
}
