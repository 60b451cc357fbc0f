#!/bin/sh
# SPDX-License-Identifier: MIT
# A guest that waits for a key is in VM86 meanwhile, too: few_interpreted (GRUB 0.97 enters real mode for each look at the
# keyboard, 55 instructions). systems-bochs.t sees to the way there.
where="--cpu corei5_lynnfield_750"
. tests/guests/guests.sh

checks_stats() {
	jq "$few_interpreted"'
		if $vm86 > 100000 and $few then empty
		else "\($share) % of real mode interpreted, \($vm86) instructions in VM86" | halt_error(1) end' \
		"$work/stats.json"
}

# waits IMAGE TEXT [SECONDS]: some seconds of a guest that waits for a key
waits() {
	"$BUILD/dfw" run $where --timeout "${3:-20}" --stats "$work/stats.json" "$1" --expect "$2" --expect 'what never comes' \
		>"$work/said" 2>&1
	grep -qF "seen \"$2\"" "$work/said" && checks_stats && return
	cat "$work/said"
	return 1
}

check "GRUB 2 waits" waits /usr/lib/grub-rescue/grub-rescue-cdrom.iso 'GNU GRUB'
cat /usr/lib/grub/x86_64-pc/stage1 /usr/lib/grub/x86_64-pc/stage2 >"$work/grub097.img"
truncate -s 1440K "$work/grub097.img"
check "GRUB 0.97 waits" waits "$work/grub097.img" 'grub>' 40
isolinux_cd isolinux <<-'END'
	DEFAULT meminfo.c32
END
check "isolinux waits" waits "$work/isolinux.iso" 'boot:'
for guest in 'freedos-1440k.img:A:\>' 'mikeos.img:MikeOS' 'openbsd-2.8-floppy.img:boot>'; do
	has_image "${guest%%:*}" "${guest%%:*}" || continue
	check "${guest%%:*} waits" waits "$work/${guest%%:*}" "${guest#*:}"
done
plan
