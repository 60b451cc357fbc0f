#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program limits.S sees the same with native real mode and under vmxassist.
. tests/vmxassist/lib.sh
expected=tests/vmxassist/limits.expected

run_guest limits bochs-native --cpu corei5_arrandale_m520 --real-mode native
same limits bochs-native "$expected"
run_guest limits bochs-assist --cpu corei5_lynnfield_750
same limits bochs-assist "$expected"
for word in vme=off iopl=0; do
	run_guest limits bochs-$word --cpu corei5_lynnfield_750 --firmware $word
	same limits bochs-$word "$expected"
done
plan
