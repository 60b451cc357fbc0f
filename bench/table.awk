# SPDX-License-Identifier: MIT
# The rows that bench/services.S printed, one file for each column, beside each other: instructions for a
# call, with the 8 of an empty INT, IRET and loop in it, which is the second row; a call that was not made
# has none. With -v reset=1 the first row, the way to the boot sector, is printed too.
function hex(s, i, v) {
	s = tolower(s)
	for (i = 1; i <= length(s); i++)
		v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
	return v
}
FNR == 1 { column[++columns] = FILENAME }
{
	each[columns, FNR] = hex($2) / hex($1)
	name[FNR] = substr($0, 19)
	rows = FNR > rows ? FNR : rows
}
END {
	printf "%-31s", "instructions"
	for (c = 1; c <= columns; c++)
		printf " %11s", column[c]
	printf "\n"
	for (r = reset ? 1 : 3; r <= rows; r++) {
		if (r == 2)
			continue
		printf "%-31s", name[r]
		for (c = 1; c <= columns; c++)
			if ((c, r) in each)
				printf " %11.0f", r == 1 ? each[c, r] : each[c, r] - each[c, 2] + 8
			else
				printf " %11s", "-"
		printf "\n"
	}
}
