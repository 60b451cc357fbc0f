#!/bin/sh
# SPDX-License-Identifier: MIT
# Images that cannot boot: each is named on the screen with the reason.
. tests/lib.sh

# says NAME TEXT dfw-options...
says() {
	name=$1 text=$2
	shift 2
	check "$name" "$BUILD/dfw" run --on qemu --timeout 30 --expect "$text" --expect "No bootable device" "$@"
}

truncate -s 1440K "$work/empty.img"
truncate -s 8M "$work/disk.img"
printf 'data' | dd of="$work/disk.img" conv=notrunc status=none
cp /usr/lib/grub-rescue/grub-rescue-cdrom.iso "$work/broken.iso"
# the validation entry of the boot catalogue: its sector is named at offset 47h of sector 17
sector=$(od -An -tu4 -j $((17 * 2048 + 71)) -N 4 "$work/broken.iso" | tr -d ' ')
printf 'XX' | dd of="$work/broken.iso" bs=1 seek=$((sector * 2048 + 4)) conv=notrunc status=none

says "an empty floppy" "the boot sector is empty" --floppy "$work/empty.img"
says "a disk without a signature" "no signature AA55" --disk "$work/disk.img"
says "a CD with a corrupt catalogue" "catalogue is corrupt" --cdrom "$work/broken.iso"
plan
