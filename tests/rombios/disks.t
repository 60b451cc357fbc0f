#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program disks.c on QEMU and Bochs, real mode by the processor and by vmxassist. It
# prints TAP itself, which is passed on with its place in the name.
. tests/lib.sh

# 32 cylinders of 16 heads and 63 sectors; each sector begins with its number
seq -f '%-511g' 0 32255 >"$work/disk.img"

# the lines of $work/e9: told $1
tell() {
	check "$1: the guest came to its end" grep -q '^1\.\.' "$work/e9"
	while read -r line; do
		case $line in
		ok* | 'not ok'*)
			n=$((n + 1))
			echo "$line" | sed "s/[0-9][0-9]* - /$n - $1: /"
			;;
		'# '*) echo "$line" ;;
		esac
	done <"$work/e9"
}

on() {
	where=$1
	shift
	: >"$work/e9"
	timeout 100 "$BUILD/dfw" run --floppy "$BUILD/tests/rombios/disks.img" --disk "$work/disk.img" \
		--cdrom /usr/lib/grub-rescue/grub-rescue-cdrom.iso --boot floppy --debug "$work/e9" --timeout 90 \
		--expect "all calls made" "$@" >"$work/said" 2>&1
	tell "$where"
}

on "QEMU" --on qemu
on "QEMU, vmxassist" --on qemu --real-mode assist
cp "$BUILD/dfw.rom" "$work/dfw.rom"
printf 'debug=e9\0' | dd of="$work/dfw.rom" bs=1 conv=notrunc status=none \
	seek=$(($(grep -abo 'DFW-CMDLINE:' "$work/dfw.rom" | head -1 | cut -d: -f1) + 12))
{
	for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		sleep 1
		! grep -q '^1\.\.' "$work/e9" || break
	done
	echo quit
} | timeout 60 qemu-system-i386 -accel tcg -bios "$work/dfw.rom" -m 64 -display none -monitor stdio -net none -serial null \
	-debugcon "file:$work/e9" -drive file="$BUILD/tests/rombios/disks.img,format=raw,if=floppy,snapshot=on" \
	-drive file="$work/disk.img,format=raw,if=virtio,snapshot=on" -boot a \
	-drive file=/usr/lib/grub-rescue/grub-rescue-cdrom.iso,format=raw,if=ide,index=2,media=cdrom >/dev/null 2>&1
tell "QEMU, virtio"
on "Bochs" --cpu corei5_arrandale_m520 --real-mode native
on "Bochs, vmxassist" --cpu corei5_lynnfield_750
plan
