#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program disks.c on QEMU and Bochs, real mode by the processor and by vmxassist. It
# prints TAP itself, which is passed on with its place in the name.
. tests/lib.sh

# 32 cylinders of 16 heads and 63 sectors; each sector begins with its number
seq -f '%-511g' 0 32255 >"$work/disk.img"

on() {
	where=$1
	shift
	: >"$work/e9"
	timeout 100 "$BUILD/dfw" run --floppy "$BUILD/tests/rombios/disks.img" --disk "$work/disk.img" \
		--cdrom /usr/lib/grub-rescue/grub-rescue-cdrom.iso --boot floppy --debug "$work/e9" --timeout 90 \
		--expect "all calls made" "$@" >"$work/said" 2>&1
	check "$where: the guest came to its end" grep -q '^1\.\.' "$work/e9"
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

on "QEMU" --on qemu
on "QEMU, vmxassist" --on qemu --real-mode assist
on "Bochs" --cpu corei5_arrandale_m520 --real-mode native
on "Bochs, vmxassist" --cpu corei5_lynnfield_750
plan
