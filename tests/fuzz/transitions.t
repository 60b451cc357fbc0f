#!/bin/sh
# SPDX-License-Identifier: MIT
# The fuzzer of transitions: what it once found, and a short run from a fixed seed; --long: an hour. Each
# instruction of a program is judged by libunicorn, and the program's run under vmxassist by the one without.
. tests/fuzz/fuzz.sh

target transitions
for input in tests/fuzz/found-transitions/*; do
	[ ! -f "$input" ] || check "$(basename "$input")" "$fuzzer" "$input"
done
# What Unicorn loses where its translator gives up is its own.
some "2,000 programs" 2000 ' programs, ' -max_len=400 -timeout=60 -rss_limit_mb=8192 "$work/corpus"
plan
