#!/bin/sh
# SPDX-License-Identifier: MIT
# Between CR0.PE and CS: any instruction, every setter of the one and loader of the other, what faults there, and segments
# that outlive the mode they were loaded in. The same everywhere.
. tests/vmxassist/lib.sh

for guest in window loaders stale; do
	expected=tests/vmxassist/$guest.expected
	run_guest $guest qemu-native --on qemu --real-mode native
	same $guest qemu-native "$expected"
	run_guest $guest qemu-assist --on qemu --real-mode assist
	same $guest qemu-assist "$expected"
	run_guest $guest bochs-native --cpu corei5_arrandale_m520 --real-mode native
	same $guest bochs-native "$expected"
	run_guest $guest bochs-assist --cpu corei5_lynnfield_750 --stats "$work/$guest.json"
	same $guest bochs-assist "$expected"
done
# With stale segments protected mode is the processor's as soon as CS is loaded: some five instructions for each way in.
few_interpreted() {
	sed -n 's/.*"interpreted_protected":[[:space:]]*\([0-9]*\).*/\1/p' "$work/stale.json" | awk '{ exit !($1 > 0 && $1 < 100) }'
}
check "protected mode runs natively with stale segments" few_interpreted
run_guest window bochs-iopl=0 --cpu corei5_lynnfield_750 --firmware iopl=0
same window bochs-iopl=0 tests/vmxassist/window.expected
plan
