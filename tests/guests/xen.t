#!/bin/sh
# SPDX-License-Identifier: MIT
# Under Xen, in hvmloader's place: GRUB on a disk, by its screen and the keyboard.
. tests/guests/xen.sh

mkdir -p "$work/guest"
cp /usr/lib/grub-rescue/grub-rescue-cdrom.iso "$work/guest/disk.img"
xen_guest disk <<-'END'
	memory = 128
	disk = [ "format=raw, backendtype=qdisk, vdev=hda, access=rw, target=/guest/disk.img" ]
END
cat >"$work/guest/run" <<-'END'
	xl create /guest/disk.cfg
	shows disk 'GNU GRUB' 60 && keys disk c && shows disk 'grub>' 30
END
xen_check "GRUB from a disk under Xen" 'shows: grub>'
plan
