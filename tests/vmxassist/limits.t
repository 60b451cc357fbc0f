#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program limits.S sees the same with native real mode and under vmxassist.
. tests/vmxassist/lib.sh
expected=tests/vmxassist/limits.expected

run_guest limits bochs-native --cpu corei5_arrandale_m520 --real-mode native
same limits bochs-native "$expected"
run_guest limits bochs-assist --cpu corei5_lynnfield_750
same limits bochs-assist "$expected"
plan
