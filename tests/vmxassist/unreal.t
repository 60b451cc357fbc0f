#!/bin/sh
# SPDX-License-Identifier: MIT
# Segments that real mode was not made for: 4 GiB of data, 32-bit code and stacks; and A20 off, in every way in which
# code runs.
. tests/vmxassist/lib.sh

run_guest unreal bochs-iopl=0 --cpu corei5_lynnfield_750 --firmware iopl=0
same unreal bochs-iopl=0 tests/vmxassist/unreal.expected
for guest in unreal dcode a20; do
	expected=tests/vmxassist/$guest.expected
	run_guest $guest qemu-native --on qemu --real-mode native
	same $guest qemu-native "$expected"
	run_guest $guest bochs-native --cpu corei5_arrandale_m520 --real-mode native
	same $guest bochs-native "$expected"
	run_guest $guest bochs-assist --cpu corei5_lynnfield_750
	# a 32-bit stack above 64 KiB: docs/assist-abi.md, "What shows"
	grep -v '^high stack:' "$expected" >"$work/expected"
	sed -i '/^high stack:/d' "$work/$guest.bochs-assist.out"
	same $guest bochs-assist "$work/expected"
done
plan
