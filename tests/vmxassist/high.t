#!/bin/sh
# SPDX-License-Identifier: MIT
# Page tables, a GDT and CR3 above 4 GiB, used from the window. (Bochs 2.7 has no machine of that size.)
. tests/vmxassist/lib.sh
expected=tests/vmxassist/high.expected

run_guest high qemu-native --on qemu --memory 4608 --real-mode native
same high qemu-native "$expected"
# Without a host there is no 64-bit code with stale segments: vmxassist says so and restarts the machine.
run_guest high qemu-assist --on qemu --memory 4608 --real-mode assist --timeout 25
grep '^built:\|^pae:' "$expected" >"$work/expected"
grep '^built:\|^pae:' "$work/high.qemu-assist.out" | sort -u >"$work/high.qemu-assist.lines.out"
same high qemu-assist.lines "$work/expected"
check "64-bit code with stale segments is refused in words" grep -aq 'no 64-bit code with stale segments' "$work/e9"
plan
