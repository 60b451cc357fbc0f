#!/bin/sh
# SPDX-License-Identifier: MIT
# A second processor starts, runs real mode and is interrupted as with native real mode.
. tests/vmxassist/lib.sh
expected=tests/vmxassist/smp.expected

run_guest smp qemu-native --cpus 2 --on qemu --real-mode native
same smp qemu-native "$expected"
run_guest smp bochs-native --cpus 2 --cpu corei5_arrandale_m520 --real-mode native
same smp bochs-native "$expected"
run_guest smp bochs-assist --cpus 2 --cpu corei5_lynnfield_750 --stats "$work/stats.json"
same smp bochs-assist "$expected"
check "both processors ran under vmxassist" grep -q '"SIPI":[[:space:]]*2' "$work/stats.json"
for cpu in core2_penryn_t9600 core_duo_t2400_yonah; do
	run_guest smp $cpu --cpus 2 --cpu $cpu
	same smp $cpu "$expected"
done
for word in vme=off iopl=0; do
	run_guest smp bochs-$word --cpus 2 --cpu corei5_lynnfield_750 --firmware $word
	same smp bochs-$word "$expected"
done
# without a host the second processor runs real mode by itself
run_guest smp qemu-assist --cpus 2 --on qemu --real-mode assist
same smp qemu-assist "$expected"
plan
