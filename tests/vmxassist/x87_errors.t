#!/bin/sh
# SPDX-License-Identifier: MIT
# x87 errors with CR0.NE=0 as IRQ 13: SDM vol. 1, D.2.1. In real mode vmxassist makes it, elsewhere visor, since VMX has
# CR0.NE=1 always. Bochs without visor is what they are held against; it knows no IGNNE#: the lines that show it are left
# out there. (QEMU ends itself when it raises the line.)
. tests/vmxassist/lib.sh

ignne='^handler with waiting\|^and the next'
for guest in x87_errors x87_protected; do
	expected=tests/vmxassist/$guest.expected
	DFW_ROM=$BUILD/dfw.rom run_guest $guest bochs-without-visor --cpu corei5_lynnfield_750 --real-mode native
	sed -i "/$ignne/d" "$work/$guest.bochs-without-visor.out"
	sed "/$ignne/d" "$expected" >"$work/without"
	same $guest bochs-without-visor "$work/without"
	column $guest bochs-native --cpu corei5_arrandale_m520 --real-mode native
	column $guest bochs-assist --cpu corei5_lynnfield_750
	column $guest bochs-no-ept --cpu core2_penryn_t9600
	for word in vme=off iopl=0; do
		column $guest bochs-$word --cpu corei5_lynnfield_750 --firmware $word
	done
done
plan
