#!/bin/sh
# SPDX-License-Identifier: MIT
# Task switches, gates, RETF and IRET with every fault of descriptors, selectors and stacks in turn come to the same in
# the interpreter on the build machine and on Bochs' processor: 3,600 of them, --long: 17,900.
. tests/vmxassist/lib.sh

timeout=400
name=transfers
[ -z "${DFW_LONG:-}" ] || name=transfers_all

interpreted() {
	timeout $timeout "$BUILD/tests/x86/machine" "$BUILD/tests/vmxassist/$name.img" |
		sed -n '/^<guest>/,/^<\/guest>/p' >"$work/expected"
	grep -q '^</guest>' "$work/expected"
}

check "$name in the interpreter" interpreted
run_guest $name bochs-native --cpu corei5_arrandale_m520 --real-mode native
same $name bochs-native "$work/expected"
plan
