#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program stretches.S sees the same with native real mode and under vmxassist.
. tests/vmxassist/lib.sh
expected=tests/vmxassist/stretches.expected

run_guest stretches qemu-native --on qemu --real-mode native
same stretches qemu-native "$expected"
run_guest stretches bochs-native --cpu corei5_arrandale_m520 --real-mode native
same stretches bochs-native "$expected"
run_guest stretches bochs-assist --cpu corei5_lynnfield_750 --stats "$work/stats.json"
same stretches bochs-assist "$expected"
check "there were stretches" jq -e '.vmxassist.stretches > 500' "$work/stats.json"
run_guest stretches qemu-assist --on qemu --real-mode assist
same stretches qemu-assist "$expected"
for word in vme=off iopl=0; do
	run_guest stretches bochs-$word --cpu corei5_lynnfield_750 --firmware $word
	same stretches bochs-$word "$expected"
done
plan
