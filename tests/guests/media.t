#!/bin/sh
# SPDX-License-Identifier: MIT
# Loaders on media of every kind, on QEMU: FreeDOS on each floppy geometry and as an El Torito floppy, SYSLINUX on
# FAT, GRUB 2 on MBR and GPT disks.
where="--on qemu"
limit=60
. tests/guests/guests.sh

# The FreeDOS floppy's boot sector finds its way by the BPB, which mformat fills in.
floppies() {
	dd if="$work/freedos-1440k.img" of="$work/boot" bs=512 count=1 status=none
	mcopy -n -i "$work/freedos-1440k.img" ::KERNEL.SYS ::COMMAND.COM "$work"
	printf '@echo off\r\nver\r\n' >"$work/AUTOEXEC.BAT"
	sizes='160 320 720 1200 1440 2880'
	[ -z "${DFW_LONG-}" ] || sizes="$sizes 180 360"
	for size in $sizes; do
		mformat -C -i "$work/dos.img" -f $size -B "$work/boot" ::
		mcopy -i "$work/dos.img" "$work/KERNEL.SYS" "$work/COMMAND.COM" "$work/AUTOEXEC.BAT" ::
		boots "FreeDOS on a floppy of $size KB" "$work/dos.img" --expect 'A:\>' --type 'dir\n' --expect 'bytes free'
		[ $size != 1440 ] || cp "$work/dos.img" "$work/1440.img"
		rm "$work/dos.img"
	done
	mkdir "$work/cd"
	cp "$work/1440.img" "$work/cd/floppy.img"
	xorriso -as mkisofs -quiet -o "$work/cd.iso" -b floppy.img -c boot.cat "$work/cd" 2>/dev/null
	boots "FreeDOS from a CD that emulates a floppy" "$work/cd.iso" --expect 'A:\>' --type 'dir\n' --expect 'bytes free'
}

# a disk with one partition from sector 2048 on, of this type and these megabytes: $work/disk.img
partitioned() {
	truncate -s "$2M" "$work/disk.img"
	printf 'label: %s\nstart=2048, type=%s%s\n' "${3-dos}" "$1" "${4-, bootable}" | /sbin/sfdisk -q "$work/disk.img"
}

# FreeDOS' own FORMAT and SYS make the disk that then boots.
format_and_sys() {
	partitioned 6 64
	dd if=/usr/lib/syslinux/mbr/mbr.bin of="$work/disk.img" conv=notrunc status=none
	boots "FreeDOS: FORMAT and SYS C:" --floppy "$work/freedos-1.0-tools.img" --disk "$work/disk.img" --boot floppy --write \
		--expect 'A:\>' --type '\\freedos\\bin\\format c: /u /v:x\n' --expect 'YES' --type 'YES\n' --expect 'Serial' \
		--type '\\freedos\\bin\\sys c:\n' --expect 'transferred'
	boots "the disk that they made boots" "$work/disk.img" --expect 'new date' --type '\n' --expect 'new time' --type '\n' \
		--expect 'C:\>'
	rm "$work/disk.img"
}

syslinux_fat() {
	partitioned 6 64
	dd if=/usr/lib/syslinux/mbr/mbr.bin of="$work/disk.img" conv=notrunc status=none
	mformat -i "$work/disk.img@@1M" -h 64 -s 32 -T $((62 * 2048)) -H 2048 ::
	syslinux --offset $((2048 * 512)) --install "$work/disk.img"
	printf 'PROMPT 1\nSAY SYSLINUX on FAT\nTIMEOUT 0\nDEFAULT none\n' >"$work/syslinux.cfg"
	mcopy -i "$work/disk.img@@1M" "$work/syslinux.cfg" ::
	boots "SYSLINUX on FAT16 behind its MBR" "$work/disk.img" --expect 'SYSLINUX on FAT' --expect 'boot:'
	rm "$work/disk.img"
}

# grub2 NAME LABEL TYPE: GRUB 2's boot.img and core.img in the gap behind the partition table, as grub-install puts
# them (MBR), or in a BIOS boot partition (GPT)
grub2() {
	grub-mkimage -O i386-pc -o "$work/core.img" -p '(hd0)/boot/grub' biosdisk part_msdos part_gpt ls echo minicmd normal fat ext2
	partitioned "$3" 64 "$2" ''
	dd if=/usr/lib/grub/i386-pc/boot.img of="$work/disk.img" bs=440 count=1 conv=notrunc status=none
	# boot.img reads core.img's first sector from the sector told at 5Ch; that one, the rest from the list at its
	# end: sector, blocks, segment. core.img has 1 in the list, the sector behind itself
	at=1
	[ "$2" = dos ] || at=2048
	sector() {
		printf '%08x' "$1" | sed 's/\(..\)\(..\)\(..\)\(..\)/\\x\4\\x\3\\x\2\\x\1/'
	}
	# shellcheck disable=SC2059
	/usr/bin/printf "$(sector $at)" | dd of="$work/disk.img" bs=1 seek=92 conv=notrunc status=none
	# shellcheck disable=SC2059
	/usr/bin/printf "$(sector $((at + 1)))" | dd of="$work/core.img" bs=1 seek=500 conv=notrunc status=none
	dd if="$work/core.img" of="$work/disk.img" bs=512 seek=$at conv=notrunc status=none
	boots "$1" "$work/disk.img" --expect 'grub' --type 'ls\n' --expect '(hd0'
	rm "$work/disk.img"
}

has_image "FreeDOS on floppies" freedos-1440k.img && floppies
if [ -z "${DFW_LONG-}" ]; then
	skip "FreeDOS: FORMAT and SYS C:" "with --long"
elif has_image "FreeDOS: FORMAT and SYS C:" freedos-1.0-tools.img; then
	format_and_sys
fi
syslinux_fat
grub2 "GRUB 2 on an MBR disk" dos 83
grub2 "GRUB 2 on a GPT disk" gpt 21686148-6449-6E6F-744E-656564454649
plan
