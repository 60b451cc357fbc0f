#!/bin/sh
# SPDX-License-Identifier: MIT
# Paging and IA-32e mode switched on together with protected mode, and off again; what control registers refuse.
. tests/vmxassist/lib.sh

columns() { # NAME
	run_guest $1 bochs-native --cpu corei5_arrandale_m520 --real-mode native
	same $1 bochs-native tests/vmxassist/$1.expected
	run_guest $1 bochs-assist --cpu corei5_lynnfield_750
	same $1 bochs-assist tests/vmxassist/$1.expected
}

columns paging
run_guest paging qemu-native --on qemu --real-mode native
same paging qemu-native tests/vmxassist/paging.expected
columns controls
columns long
run_guest long qemu-native --on qemu --real-mode native
# QEMU 7.2 gives a missing gate's error code by 16s (SDM vol. 3, 6.13: the index is that of the gate), loads a 16-bit TSS
# (SDM vol. 2, LTR), and takes LME without PAE (SDM vol. 3, 4.1.2).
grep -v '^no gate:\|^tss 16:\|^no pae:' tests/vmxassist/long.expected >"$work/long.expected"
sed -i '/^no gate:\|^tss 16:\|^no pae:/d' "$work/long.qemu-native.out"
same long qemu-native "$work/long.expected"
plan
