#!/bin/sh
# SPDX-License-Identifier: MIT
# x87 errors with CR0.NE=0 as IRQ 13: SDM vol. 1, D.2.1. Natively on Bochs alone: a processor in VMX operation has
# NE=1 always, and QEMU ends itself when it raises the line. Bochs knows no IGNNE#: the lines that show it are left
# out there.
. tests/vmxassist/lib.sh
expected=tests/vmxassist/x87_errors.expected

DFW_ROM=$BUILD/dfw.rom run_guest x87_errors bochs-native --cpu corei5_lynnfield_750 --real-mode native
sed -i '/^handler with waiting\|^and the next/d' "$work/x87_errors.bochs-native.out"
sed '/^handler with waiting\|^and the next/d' "$expected" >"$work/native"
same x87_errors bochs-native "$work/native"
run_guest x87_errors bochs-assist --cpu corei5_lynnfield_750
same x87_errors bochs-assist "$expected"
for word in vme=off iopl=0; do
	run_guest x87_errors bochs-$word --cpu corei5_lynnfield_750 --firmware $word
	same x87_errors bochs-$word "$expected"
done
plan
