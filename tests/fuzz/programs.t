#!/bin/sh
# SPDX-License-Identifier: MIT
# Random programs around the PE write end in the same state with native real mode and under
# vmxassist: a fixed seed; --long: more. What they found is kept as vectors in tests/x86/vectors.c. A seed
# may hold a program that makes for an endless loop of faults, natively too, and then is no use.
. tests/lib.sh

# run IMAGE WHERE dfw-options...: leaves $work/WHERE
run() {
	image=$1 where=$2
	shift 2
	"$BUILD/dfw" run --disk "$image" --debug "$work/e9" --expect "guest done" --timeout 180 "$@" \
		>"$work/run" 2>&1 || { cat "$work/run"; return 1; }
	# The sum of memory means nothing after a triple fault: what a processor has pushed when it
	# gives up is its own matter.
	sed -n '/^<guest>/,/^<\/guest>/p' "$work/e9" | tr -d '\r' |
		awk '/^0000/ { if ($27 != "00000000") $26 = "-"; print }' >"$work/$where"
}

# same SEED COUNT [NUMBER [words for the firmware]]
same() {
	"$BUILD/tests/fuzz/programs" "$BUILD/tests/fuzz/runner" "$work/image" "$2" "$1" ${3:+"$3"} >"$work/made" &&
		run "$work/image" native --cpu corei5_arrandale_m520 --real-mode native &&
		run "$work/image" assist --cpu corei5_lynnfield_750 ${4:+--firmware "$4"} || return 1
	[ "$(wc -l <"$work/native") programs" = "$(cat "$work/made")" ] && diff "$work/native" "$work/assist"
}

check "seed 5, 150 programs" same 5 150
if [ -n "${DFW_LONG:-}" ]; then
	for seed in 2 5; do
		check "seed $seed, 450 programs" same $seed 450
	done
	for words in vme=off iopl=0; do
		check "seed 2, $words" same 2 450 "" $words
	done
fi
plan
