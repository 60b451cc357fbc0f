# SPDX-License-Identifier: MIT
# GRUB 0.97, the loader of RHEL 3 and Fedora Core 3: from a floppy it installs itself to a disk, and
# the disk boots. `where` holds the dfw options that choose the processor.
. tests/lib.sh

# sfdisk and mke2fs are in a system folder that not every user's PATH has
PATH=$PATH:/usr/sbin:/sbin
grub=/usr/lib/grub/x86_64-pc

run() {
	# shellcheck disable=SC2086
	"$BUILD/dfw" run $where --timeout 120 "$@"
}

# a 16 MiB disk with one ext2 partition at sector 63, as installers of the time made them
make_disk() {
	mkdir -p "$work/root/boot/grub"
	cp "$grub"/stage1 "$grub"/stage2 "$grub"/e2fs_stage1_5 "$work/root/boot/grub"
	truncate -s 16M "$work/disk.img"
	echo '63,,83,*' | sfdisk -q "$work/disk.img" &&
		mke2fs -q -t ext2 -I 128 -O none -E offset=$((63 * 512)) -d "$work/root" "$work/disk.img" 15m
}

install_grub() {
	run --floppy "$work/floppy.img" --disk "$work/disk.img" --boot floppy,disk --write \
		--expect 'grub>' --type 'root (hd0,0)\n' --expect 'Filesystem type is ext2fs' \
		--type 'setup (hd0)\n' --expect 'succeeded' --expect 'Done.'
}

all_guests() {
	cat "$grub/stage1" "$grub/stage2" >"$work/floppy.img"
	truncate -s 1440K "$work/floppy.img"
	check "a disk with an empty boot sector" make_disk
	check "GRUB 0.97 installs itself to a disk" install_grub
	check "GRUB 0.97 boots from that disk" run "$work/disk.img" --expect 'grub>' \
		--type 'find /boot/grub/stage1\n' --expect '(hd0,0)'
}
