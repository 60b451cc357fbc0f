#!/bin/sh
# SPDX-License-Identifier: MIT
# Random programs around the PE write end in the same state in the interpreter (with AddressSanitizer and
# UndefinedBehaviorSanitizer), natively on Bochs and under vmxassist: a fixed seed; --long: an hour of
# seeds, also without CR4.VME and at IOPL 0. What they found is kept as vectors in tests/x86/vectors.c.
. tests/lib.sh

programs() {
	"$BUILD/tests/fuzz/programs" "$BUILD/tests/fuzz/runner" "$@"
}

# lines: a line for each program. The sum of memory means nothing after a triple fault: what a processor
# has pushed when it gives up is its own matter.
lines() {
	sed -n '/^<guest>/,/^<\/guest>/p' | tr -d '\r' | awk '/^0000/ { if ($27 != "00000000") $26 = "-"; print }'
}

# interpret COUNT SEED: leaves $work/image, $work/interpreted, and in $left those programs that are left out
# because they never end
interpret() {
	left=
	while programs "$work/image" "$1" "$2" $left >"$work/made" && ! "$BUILD/tests/fuzz/machine" "$work/image" 40 >"$work/out"; do
		grep -q endless "$work/out" || { tail -40 "$work/out"; return 1; }
		number=$(awk '/^0000/ { n = $1 } END { print n + 0 ? "0x" n : 0 }' "$work/out")
		number=$((number + 1))
		while case " $left " in *" -$number "*) ;; *) false ;; esac; do
			number=$((number + 1))
		done
		left="$left -$number"
	done
	lines <"$work/out" >"$work/interpreted"
	[ "$(wc -l <"$work/interpreted") programs" = "$(cat "$work/made")" ]
}

# run IMAGE WHERE dfw-options...: leaves $work/WHERE
run() {
	image=$1 where=$2
	shift 2
	"$BUILD/dfw" run --disk "$image" --debug "$work/e9" --expect "guest done" --timeout "${timeout:-180}" "$@" \
		>"$work/run" 2>&1 || { cat "$work/run"; return 1; }
	lines <"$work/e9" >"$work/$where"
}

# agree WHERE: as in the interpreter
agree() {
	diff "$work/interpreted" "$work/$1"
}

native="--cpu corei5_arrandale_m520 --real-mode native" assist="--cpu corei5_lynnfield_750"

# endless COUNT SEED: the programs left out do not end natively either
endless() {
	for number in $left; do
		programs "$work/one" "$1" "$2" "${number#-}" >"$work/made" || return 1
		! timeout=15 run "$work/one" one $native >"$work/never" || return 1
	done
}

# same COUNT SEED [words for the firmware...]
same() {
	count=$1 seed=$2
	shift 2
	interpret "$count" "$seed" && run "$work/image" native $native && agree native &&
		run "$work/image" assist $assist && agree assist || return 1
	for words; do
		run "$work/image" assist $assist --firmware "$words" && agree assist || return 1
	done
}

# hour: leaves what it did in $work/hour
hour() {
	seed=1000 total=0 endless=0 end=$(($(date +%s) + 3600))
	while [ "$(date +%s)" -lt $end ]; do
		same 450 $seed vme=off iopl=0 && endless 450 $seed || { echo "seed $seed"; return 1; }
		total=$((total + $(wc -l <"$work/native")))
		for number in $left; do
			endless=$((endless + 1))
		done
		seed=$((seed + 1))
	done
	echo "# $total programs, each run five times, and $endless that never end" >&3
}
exec 3>&1

check "the interpreter with sanitizers" make -s "$BUILD/tests/fuzz/machine"
check "seed 5, 100 programs" same 100 5 vme=off iopl=0
if [ -n "${DFW_LONG:-}" ]; then
	check "an hour" hour
fi
plan
