#!/bin/sh
# SPDX-License-Identifier: MIT
# Some 20,000 single instructions with random operands do the same in the interpreter on the build
# machine, on Bochs' processor, and on Bochs under vmxassist. So do other guest programs.
. tests/vmxassist/lib.sh

# interpreted NAME: leaves $work/NAME.expected
interpreted() {
	timeout 300 "$BUILD/tests/x86/machine" "$BUILD/tests/vmxassist/$1.img" |
		sed -n '/^<guest>/,/^<\/guest>/p' >"$work/$1.expected"
	grep -q '^</guest>' "$work/$1.expected"
}

check "cases in the interpreter" interpreted cases
run_guest cases bochs-native --cpu corei5_arrandale_m520 --real-mode native
same cases bochs-native "$work/cases.expected"
run_guest cases bochs-assist --cpu corei5_lynnfield_750
same cases bochs-assist "$work/cases.expected"
check "limits in the interpreter" interpreted limits
check "limits there are those of Bochs" diff -u tests/vmxassist/limits.expected "$work/limits.expected"
if [ -n "${DFW_LONG:-}" ]; then
	check "cases that libunicorn gets wrong in the interpreter" interpreted rare
	timeout=300
	run_guest rare bochs-native --cpu corei5_arrandale_m520 --real-mode native
	same rare bochs-native "$work/rare.expected"
fi
plan
