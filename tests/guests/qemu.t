#!/bin/sh
# SPDX-License-Identifier: MIT
# Whole guests under QEMU with dfw.rom as the BIOS, judged by what is on their screens. Guests from
# Debian packages always run; the images in $DFW_GUESTS (or ../shared/guests) where they are there.
. tests/lib.sh
: "${DFW_GUESTS:=../shared/guests}"

# boots NAME IMAGE dfw-options...
boots() {
	name=$1 image=$2
	shift 2
	check "$name" "$BUILD/dfw" run "$image" --on qemu --timeout 90 "$@"
}

# has_image NAME FILE: unpacks it to $work, or says that it was skipped
has_image() {
	if [ -f "$DFW_GUESTS/$2.xz" ]; then
		xz -dkc "$DFW_GUESTS/$2.xz" >"$work/$2"
	else
		skip "$1" "no $2"
		return 1
	fi
}

boots "GRUB 2 from CD lists its devices" /usr/lib/grub-rescue/grub-rescue-cdrom.iso \
	--expect 'GNU GRUB' --type c --expect 'grub>' --type 'ls\n' --expect '(cd'
boots "GRUB 2 from floppy reaches its command line" /usr/lib/grub-rescue/grub-rescue-floppy.img \
	--expect 'GNU GRUB' --type c --expect 'grub>'
boots "memtest86+ starts" /usr/lib/memtest86+/memtest86+ia32.iso --expect Memtest
has_image "FreeDOS 1.44 MB" freedos-1440k.img &&
	boots "FreeDOS 1.44 MB" "$work/freedos-1440k.img" --expect 'A:\>' --type 'dir\n' --expect 'bytes free'
has_image "FreeDOS 360 KB" freedos-360k.img &&
	boots "FreeDOS 360 KB" "$work/freedos-360k.img" --expect 'A:\>' --type 'dir\n' --expect 'bytes free'
has_image "MikeOS" mikeos.img && boots "MikeOS" "$work/mikeos.img" --expect MikeOS
has_image "OpenBSD 2.8 installer" openbsd-2.8-floppy.img &&
	boots "OpenBSD 2.8 installer" "$work/openbsd-2.8-floppy.img" --expect 'boot>' --expect '(I)nstall'
plan
