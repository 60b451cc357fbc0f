#!/bin/sh
# SPDX-License-Identifier: MIT
# Random calls of every service, on QEMU with throw-away disks: the guest program fuzz.c, from one seed
# after the other, odd ones with an IDE disk, even ones with a virtio disk; an hour of them with --long. DFW_FUZZ_SEED is the first one. A run that does not end
# shows the call that did not come back.
. tests/lib.sh
seconds=3
[ -z "${DFW_LONG:-}" ] || seconds=3600
seed=${DFW_FUZZ_SEED:-1}
calls=${DFW_FUZZ_CALLS:-1000}
truncate -s 40M "$work/disk.img"

symbol() {
	echo $((0x$(nm "$BUILD/tests/rombios/fuzz.elf" | awk -v name="$1" '$3 == name { print $1 }') + 512))
}
# poke SYMBOL VALUE
poke() {
	# shellcheck disable=SC2059
	printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $(($2 & 255)) $(($2 >> 8 & 255)) $(($2 >> 16 & 255)) $(($2 >> 24 & 255)))" |
		dd of="$work/fuzz.img" bs=1 seek="$(symbol "$1")" conv=notrunc status=none
}

run() {
	cp "$BUILD/tests/rombios/fuzz.img" "$work/fuzz.img"
	poke fuzz_seed "$seed"
	poke fuzz_calls "$calls"
	disk=ide
	[ $((seed % 2)) = 1 ] || disk=virtio
	timeout 300 qemu-system-i386 -accel tcg -bios "$BUILD/dfw.rom" -m 64 -display none -monitor none \
		-net none -no-reboot -serial null -serial null -parallel null -debugcon stdio \
		-device isa-debug-exit,iobase=0x501 -rtc base=2020-01-01,clock=vm \
		-drive "file=$work/fuzz.img,format=raw,if=floppy,snapshot=on" \
		-drive "file=$work/disk.img,format=raw,if=$disk,snapshot=on" \
		-cdrom /usr/lib/grub-rescue/grub-rescue-cdrom.iso -boot a | tail -n 6 >"$work/said"
	grep -a -v '^$' "$work/said"
	tail -n 1 "$work/said" | grep -q 'all calls came back'
}

end=$(($(date +%s) + seconds))
while :; do
	check "$calls random calls, seed $seed" run
	seed=$((seed + 1))
	[ "$(date +%s)" -lt "$end" ] || break
done
plan
