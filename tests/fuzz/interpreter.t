#!/bin/sh
# SPDX-License-Identifier: MIT
# The interpreter's fuzzer: what it once found, and a short run from a fixed seed; --long: an hour.
. tests/fuzz/fuzz.sh

target interpreter
for input in tests/fuzz/found/*; do
	check "$(basename "$input")" "$fuzzer" "$input"
done
some "8,000 inputs" 8000 '^stat::' -max_len=700 -timeout=20 -print_final_stats=1 "$work/corpus" tests/fuzz/found
plan
