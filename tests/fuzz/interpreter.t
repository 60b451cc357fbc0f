#!/bin/sh
# SPDX-License-Identifier: MIT
# The interpreter's fuzzer: what it once found, and a short run from a fixed seed; --long: an hour.
. tests/lib.sh

check "the fuzzer is built" make -s fuzzers
fuzzer=$BUILD/tests/fuzz/interpreter

# replay FILE: an input that found something once
replay() {
	"$fuzzer" "$1"
}

# fuzz OPTIONS...: new inputs are kept outside the tree; an input that fails is shown in hexadecimal
fuzz() {
	mkdir -p "$work/corpus" "$work/found"
	"$fuzzer" -max_len=700 -len_control=0 -timeout=20 -artifact_prefix="$work/found/" \
		-print_final_stats=1 "$@" "$work/corpus" tests/fuzz/found >"$work/fuzz" 2>&1 && {
		tail -6 "$work/fuzz" | sed 's/^/# /' >&3
		return
	}
	tail -60 "$work/fuzz"
	od -An -tx1 -v "$work"/found/* | head -60
	false
}
exec 3>&1

for input in tests/fuzz/found/*; do
	check "$(basename "$input")" replay "$input"
done
if [ -n "${DFW_LONG:-}" ]; then
	check "an hour" fuzz -max_total_time=3600
else
	check "8,000 inputs" fuzz -seed=1 -runs=8000
fi
plan
