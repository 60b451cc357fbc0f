#!/bin/sh
# SPDX-License-Identifier: MIT
# A reset of the processor alone comes back to real mode as CMOS 0Fh says, and keeps memory. (QEMU
# clears CMOS 0Fh at every reset: it cannot show this.)
. tests/vmxassist/lib.sh
expected=tests/vmxassist/resets.expected

run_guest resets bochs-native --cpu corei5_arrandale_m520 --real-mode native
same resets bochs-native "$expected"
run_guest resets bochs-assist --cpu corei5_lynnfield_750
same resets bochs-assist "$expected"
plan
