#!/bin/sh
# SPDX-License-Identifier: MIT
# The fuzzer of transitions: what it once found, and a short run from a fixed seed; --long: an hour. Each
# instruction of a program is judged by libunicorn, and the program's run under vmxassist by the one without.
. tests/lib.sh

check "the fuzzer is built" make -s fuzzers
fuzzer=$BUILD/tests/fuzz/transitions

# fuzz OPTIONS...: new inputs are kept outside the tree; an input that fails is shown in hexadecimal. What
# Unicorn loses where its translator gives up is its own.
fuzz() {
	mkdir -p "$work/corpus" "$work/found"
	"$fuzzer" -max_len=400 -len_control=0 -timeout=60 -rss_limit_mb=8192 -artifact_prefix="$work/found/" "$@" "$work/corpus" \
		>"$work/fuzz" 2>&1 && {
		grep ' programs, ' "$work/fuzz" | sed 's/^/# /' >&3
		return
	}
	tail -80 "$work/fuzz"
	od -An -tx1 -v "$work"/found/* | head -60
	false
}
exec 3>&1

for input in tests/fuzz/found-transitions/*; do
	[ ! -f "$input" ] || check "$(basename "$input")" "$fuzzer" "$input"
done
if [ -n "${DFW_LONG:-}" ]; then
	check "an hour" fuzz -max_total_time=3600
else
	check "2,000 programs" fuzz -seed=1 -runs=2000
fi
plan
