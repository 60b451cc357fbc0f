#!/bin/sh
# SPDX-License-Identifier: MIT
# gcc's static analyser, and the compiler's warnings, have nothing to say about any part.
. tests/lib.sh

analyse() {
	make -s -j"$(nproc)" BUILD="$work/build" CC="gcc -fanalyzer" all >"$work/said" 2>&1 || return
	! grep -A8 'warning:' "$work/said"
}

check "gcc -fanalyzer finds nothing" analyse
plan
