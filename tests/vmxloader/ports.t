#!/bin/sh
# SPDX-License-Identifier: MIT
# Port accesses from reset to the boot sector, counted by QEMU beside SeaBIOS. What is polled until the disk
# has an answer depends on the build machine and is left out.
. tests/lib.sh

# boots out of the machine
sector exit '\260\001\346\364\353\376'

# counted LOG WORDS...
counted() {
	log=$1
	shift
	timeout 60 qemu-system-x86_64 -accel tcg -nodefaults -net none -display none -m 128 -vga std "$@" \
		-drive "if=none,id=d,format=raw,file=$work/exit.img,snapshot=on" -device ide-hd,drive=d \
		-device isa-debug-exit,iobase=0xf4,iosize=1 -trace 'memory_region_ops_*' -D "$work/trace" >"$work/qemu.out" 2>&1
	[ $? = 3 ] || { cat "$work/qemu.out" && return 1; }
	sed -n "s/.*name '\\([^']*\\)'.*/\\1/p" "$work/trace" | grep -v -e vga-lowmem -e '^ide$' -e apic >"$log"
}

fewer() {
	counted "$work/sea" && counted "$work/dfw" -bios "$BUILD/dfw.rom" || return
	for what in pci-conf .; do
		sea=$(grep -c "$what" "$work/sea") dfw=$(grep -c "$what" "$work/dfw")
		echo "$what: SeaBIOS $sea, dfw $dfw"
		[ "$dfw" -gt 0 ] && [ "$dfw" -lt "$sea" ] || return
	done
}

check "fewer accesses than SeaBIOS, in all and to PCI configuration space" fewer
plan
