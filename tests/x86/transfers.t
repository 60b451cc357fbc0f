#!/bin/sh
# SPDX-License-Identifier: MIT
# Task switches, gates, RETF and IRET with every fault of descriptors, selectors and stacks in turn come to the same in
# the interpreter on the build machine and on Bochs' processor: 3,600 of them, --long: 17,900.
. tests/vmxassist/lib.sh

timeout=400
guest=transfers
[ -z "${DFW_LONG:-}" ] || guest=transfers_all

interpreted() {
	timeout $timeout "$BUILD/tests/x86/machine" "$BUILD/tests/vmxassist/$guest.img" |
		sed -n '/^<guest>/,/^<\/guest>/p' >"$work/expected"
	grep -q '^</guest>' "$work/expected"
}

check "$guest in the interpreter" interpreted
run_guest $guest bochs-native --cpu corei5_arrandale_m520 --real-mode native
same $guest bochs-native "$work/expected"
plan
