#!/bin/sh
# SPDX-License-Identifier: MIT
# The build gives the same bits twice, wherever it runs, and its images fit their places.
. tests/lib.sh

files="vmxloader dfw.rom visor dfw-visor.rom rombios.bin vmxassist.bin vgabios-std.bin vgabios-cirrus.bin"

# copy NAME: a clean copy of the sources in $work/NAME, built there
copy() {
	mkdir "$work/$1"
	tar -cf - --exclude='./build' --exclude=./.git . | tar -xf - -C "$work/$1"
	make -s -j"$(nproc)" -C "$work/$1" BUILD=build all >"$work/$1.log" 2>&1 || {
		cat "$work/$1.log"
		return 1
	}
}

same_bits() {
	for file in $files; do
		cmp "$work/one/build/$file" "$work/another folder/build/$file" || return
	done
}

# symbol ELF NAME: its address in decimal
symbol() {
	printf '%d' "0x$(nm "$1" | sed -n "s/ [A-Za-z] $2\$//p")"
}

# at_most FILE BYTES
at_most() {
	size=$(stat -c %s "$1")
	echo "$1: $size bytes of $2"
	[ "$size" -gt 0 ] && [ "$size" -le "$2" ]
}

# image, data, TSS with its I/O map, stack: all end with the 64 KiB at D0000
vmxassist_fits() {
	elf=$work/one/build/vmxassist.elf
	end=$(symbol "$elf" _end) top=$(symbol "$elf" stack_top)
	echo "data ends at $end, the stack below $top"
	[ "$top" -eq $((0xe0000)) ] && [ "$end" -le $((0xe0000 - 0x1000)) ]
}

# too_big PART SOURCE MESSAGE [SECTION]: with 64 KiB more in it, the part's build must fail, saying so
too_big() {
	printf '__attribute__((used, retain%s)) const unsigned char too_big[65536] = {1};\n' "${4:+, section(\"$4\")}" \
		>>"$work/one/$2"
	make -s -C "$work/one" BUILD=build "$1" >"$work/log.$1" 2>&1 && return 1
	cat "$work/log.$1"
	grep -q "$3" "$work/log.$1"
}

check "a clean build" copy one
check "another, in another folder" copy "another folder"
no_warnings() {
	! grep -A5 -i warning "$work/one.log"
}
check "no warnings" no_warnings
check "the same bits" same_bits
check "vmxassist fits 64 KiB with stack and TSS" vmxassist_fits
check "vgabios fits 32 KiB" at_most "$work/one/build/vgabios-std.bin" 32768
check "vgabios for Cirrus fits 32 KiB" at_most "$work/one/build/vgabios-cirrus.bin" 32768
check "rombios fits 128 KiB, run time and tables" at_most "$work/one/build/rombios.bin" 131072
check "the build refuses a vmxassist that does not fit" too_big vmxassist vmxassist/monitor.c "no room left"
check "the build refuses a rombios that does not fit" too_big rombios rombios/post.c "data runs into"
check "the build refuses a vgabios that does not fit" too_big vgabios vgabios/text.c "larger than 32 KiB" .rom
plan
