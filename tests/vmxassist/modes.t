#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program modes.S sees the same with native real mode and under vmxassist.
. "$(dirname "$0")/lib.sh"
expected=$(dirname "$0")/modes.expected

for mode in native assist; do
	run_guest modes qemu-$mode --on qemu --real-mode $mode
	same modes qemu-$mode "$expected"
done
run_guest modes bochs-native --cpu corei5_arrandale_m520 --real-mode native
same modes bochs-native "$expected"
run_guest modes bochs-assist --cpu corei5_lynnfield_750
same modes bochs-assist "$expected"
echo "1..$n"
