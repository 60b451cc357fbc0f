#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program video.c on each card and each way to run real mode. It prints TAP itself, which
# is passed on with its place in the name.
. tests/lib.sh

# on NAME dfw-options...
on() {
	where=$1
	shift
	: >"$work/e9"
	timeout 100 "$BUILD/dfw" run "$BUILD/tests/vgabios/video.img" --debug "$work/e9" --timeout 90 \
		--expect "all calls made" "$@" >"$work/said" 2>&1
	check "$where: the guest came to its end" grep -q '^1\.\.' "$work/e9"
	[ "$where" = "QEMU cirrus" ] || check "$where: it has VBE" grep -q '^ok.*VBE 4F00' "$work/e9"
	while read -r line; do
		case $line in
		ok* | 'not ok'*)
			n=$((n + 1))
			echo "$line" | sed "s/[0-9][0-9]* - /$n - $where: /"
			;;
		'# '*) echo "$line" ;;
		esac
	done <"$work/e9"
}

on "QEMU std" --on qemu
on "QEMU cirrus" --on qemu --vga cirrus
on "QEMU std, vmxassist" --on qemu --real-mode assist
on "Bochs, vmxassist" --cpu corei5_lynnfield_750
plan
