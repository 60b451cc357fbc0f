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
wrong='^no gate:\|^tss 16:\|^no pae:'
sed "/$wrong/d" tests/vmxassist/long.expected >"$work/long.expected"
sed -i "/$wrong/d" "$work/long.qemu-native.out"
same long qemu-native "$work/long.expected"

# Five levels, which Bochs 2.7 has not. Without a host there is no 64-bit code with stale segments: there the windows, up to
# the first fault.
sed '1d; $d' "$work/long.expected" >"$work/body"
{
	echo '<guest>'
	sed '/^#ud:/,$d' "$work/body"
	echo 5-level
	sed '/^#ud:/,$d' "$work/body"
	sed -n '/^#ud:/,$p' "$work/body"
	echo 5-level
	sed -n '/^#ud:/,$p' "$work/body"
	echo '</guest>'
} >"$work/five.expected"
run_guest long qemu-five --on qemu --cpu max --real-mode native
sed -i "/$wrong/d" "$work/long.qemu-five.out"
same long qemu-five "$work/five.expected"
run_guest long qemu-five-assist --on qemu --cpu max --real-mode assist --timeout 15
sed '/^#ud:/,$d' "$work/five.expected" >"$work/windows.expected"
sed -n '/^<guest>/,$p' "$work/e9" | sed '/^vmxassist:/,$d' >"$work/long.qemu-five-assist.out"
same long qemu-five-assist "$work/windows.expected"
check "64-bit code with stale segments is refused in words" grep -aq 'no 64-bit code with stale segments' "$work/e9"
plan
