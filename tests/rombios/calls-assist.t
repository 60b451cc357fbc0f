#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program of calls.t with its real mode by vmxassist under visor. Its end stops the machine,
# which is no error.
: "${BUILD:=build}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/e9"
"$BUILD/dfw" run --floppy "$BUILD/tests/rombios/calls.img" --boot floppy --cpu corei5_lynnfield_750 \
	--debug "$work/e9" --expect 'only its end' --timeout 150 >"$work/said" 2>&1
grep -a '^ok\|^not ok\|^# \|^1\.\.\|^Bail' "$work/e9"
