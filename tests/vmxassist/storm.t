#!/bin/sh
# SPDX-License-Identifier: MIT
# A thousand ticks a second, and ten thousand, while modes change. Not under vmxassist on QEMU, which translates the code
# anew after each of vmxassist's changes of a page: there the next tick comes before the last one's handler is through.
. tests/vmxassist/lib.sh
expected=tests/vmxassist/storm.expected wrong='^$'

cp "$expected" "$work/qemu.expected"
column storm qemu-native --on qemu --real-mode native
column storm bochs-native --cpu corei5_arrandale_m520 --real-mode native
column storm bochs-assist --cpu corei5_lynnfield_750
for word in vme=off iopl=0; do
	column storm bochs-$word --cpu corei5_lynnfield_750 --firmware $word
done
plan
