#!/bin/sh
# SPDX-License-Identifier: MIT
# Of a guest's real-mode instructions less than 1 % are interpreted: the rest ran in VM86. Counted to
# the guest's first screen, and for a while after it.
where="--cpu corei5_lynnfield_750 --lockstep"
. tests/guests/guests.sh

checks_stats() {
	jq '
		.ticks_by_mode["v8086 mode"] as $vm86 |
		(.vmxassist.interpreted_total - .vmxassist.interpreted_protected) as $interpreted |
		(100 * $interpreted / ($interpreted + .vmxassist.trapped_total + $vm86)) as $share |
		if $vm86 > 100000 and $share < 1 then empty
		else "\($share) % of real mode interpreted, \($vm86) instructions in VM86" | halt_error(1) end' \
		"$work/stats.json"
}

# polls IMAGE TEXT: some seconds of a guest that waits for a key
polls() {
	"$BUILD/dfw" run $where --timeout 20 --stats "$work/stats.json" "$1" --expect "$2" --expect 'what never comes' \
		>"$work/said" 2>&1
	grep -qF "seen \"$2\"" "$work/said" && checks_stats
}

boots "GRUB 2" /usr/lib/grub-rescue/grub-rescue-cdrom.iso --expect 'GNU GRUB'
check "GRUB 2 waits" polls /usr/lib/grub-rescue/grub-rescue-cdrom.iso 'GNU GRUB'
cat /usr/lib/grub/x86_64-pc/stage1 /usr/lib/grub/x86_64-pc/stage2 >"$work/grub097.img"
truncate -s 1440K "$work/grub097.img"
boots "GRUB 0.97" "$work/grub097.img" --expect 'grub>'
check "GRUB 0.97 waits" polls "$work/grub097.img" 'grub>'
boots "memtest86+" /usr/lib/memtest86+/memtest86+ia32.iso --expect 'to start testing'
isolinux_cd isolinux <<-'END'
	DEFAULT meminfo.c32
END
boots "isolinux" "$work/isolinux.iso" --expect 'boot:'
for guest in 'freedos-1440k.img:A:\>' 'mikeos.img:MikeOS' 'openbsd-2.8-floppy.img:boot>'; do
	has_image "${guest%%:*}" "${guest%%:*}" || continue
	boots "${guest%%:*}" "$work/${guest%%:*}" --expect "${guest#*:}"
	check "${guest%%:*} waits" polls "$work/${guest%%:*}" "${guest#*:}"
done
plan
