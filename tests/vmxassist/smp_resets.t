#!/bin/sh
# SPDX-License-Identifier: MIT
# Resets that keep memory, asked for by either of two processors. (QEMU clears CMOS 0Fh at every reset:
# it cannot show this.)
. tests/vmxassist/lib.sh
expected=tests/vmxassist/smp_resets.expected

run_guest smp_resets bochs-native --cpus 2 --cpu corei5_arrandale_m520 --real-mode native
same smp_resets bochs-native "$expected"
run_guest smp_resets bochs-assist --cpus 2 --cpu corei5_lynnfield_750
same smp_resets bochs-assist "$expected"
for cpu in core2_penryn_t9600 core_duo_t2400_yonah; do
	run_guest smp_resets $cpu --cpus 2 --cpu $cpu
	same smp_resets $cpu "$expected"
done
plan
