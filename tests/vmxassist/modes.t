#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program modes.S sees the same with native real mode and under vmxassist.
. "$(dirname "$0")/lib.sh"
expected=$(dirname "$0")/modes.expected

run_guest modes qemu-native --on qemu --real-mode native
same modes qemu-native "$expected"
if visor_built; then
	run_guest modes qemu-assist --on qemu --real-mode assist
	same modes qemu-assist "$expected"
	run_guest modes bochs-native --cpu corei5_arrandale_m520 --real-mode native
	same modes bochs-native "$expected"
	run_guest modes bochs-assist --cpu corei5_lynnfield_750
	same modes bochs-assist "$expected"
fi
echo "1..$n"
