#!/bin/sh
# SPDX-License-Identifier: MIT
# docs/guests.md's table, from what runs showed: each suite in each column (tests/guests/suite), or in the columns
# named, with --long; hours. The results stay in $BUILD/guests/, one file for each, and those of columns that
# are not run again are taken from there; "-" runs none. Rows and their words stand in tests/guests/rows.
# usage: ./dfw guests [COLUMN...]
set -u
cd "$(dirname "$0")/../.." || exit 2
: "${BUILD:=build}"
columns="bochs penryn yonah native qemu-assist qemu"
suites="systems loaders dos grub smp"
[ $# -ne 0 ] || set -- $columns
export BUILD DFW_LONG=1
mkdir -p "$BUILD/guests"
[ "$1" = - ] || for column; do
	for suite in $suites; do
		[ ! -f "tests/guests/$suite-$column.t" ] || echo "$suite-$column"
	done
done | xargs -P "$(nproc)" -I NAME sh -c 'tests/guests/NAME.t >$BUILD/guests/NAME'

for column in $columns; do
	for suite in $suites; do
		sed -n "s/^\(not \)\{0,1\}ok [0-9]* - /$column|\1|/p" "$BUILD/guests/$suite-$column" 2>/dev/null
	done
done >"$BUILD/guests/results"
awk -F '|' -v columns="$columns" '
	FILENAME ~ /results$/ { # column, "not " or nothing, name, # SKIP why
		skip = index($3, " # SKIP ")
		name = skip ? substr($3, 1, skip - 1) : $3
		seen[$1, name] = skip ? substr($3, skip + 8) : $2 ? "**no**" : "yes"
		next
	}
	FILENAME ~ /rows$/ {
		row = "| " $2 " | " $3 " | " $4 " |"
		for (i = 1; i <= n; i++)
			row = row " " (seen[column[i], $1] ? seen[column[i], $1] : "not run") " |"
		rows = rows row "\n"
		next
	}
	/^<!-- table, / { print; skipping = 1 }
	/^<!-- end of table/ {
		print "\n| guest | medium | seen | visor, assist | no EPT | 32-bit | visor, native | QEMU, assist | QEMU |"
		print "|---|---|---|---|---|---|---|---|---|"
		print rows
		skipping = 0
	}
	!skipping { print }
	BEGIN { n = split(columns, column, " ") }
' "$BUILD/guests/results" tests/guests/rows docs/guests.md >"$BUILD/guests/guests.md" && cp "$BUILD/guests/guests.md" docs/guests.md
! grep '|not |' "$BUILD/guests/results"
