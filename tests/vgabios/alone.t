#!/bin/sh
# SPDX-License-Identifier: MIT
# Each video ROM by itself under other BIOSes: the card's ROM in QEMU under SeaBIOS, Bochs' vgaromimage under
# Bochs' BIOS. What is seen is read by the glyphs of our fonts.
. tests/lib.sh
: "${DFW_GUESTS:=../shared/guests}"
seabios=/usr/share/seabios/bios-256k.bin
bochs=/usr/share/bochs/BIOS-bochs-latest

# alone NAME BIOS CARD dfw-options...
alone() {
	name=$1 bios=$2 card=$3
	shift 3
	if [ ! -f "$bios" ]; then
		skip "$name" "no $bios"
		return
	fi
	check "$name" env DFW_ROM="$bios" DFW_VGAROM="$BUILD/vgabios-$card.bin" "$BUILD/dfw" run --vga "$card" --timeout 100 "$@"
}

if [ -f "$DFW_GUESTS/freedos-1440k.img.xz" ]; then
	xz -dkc "$DFW_GUESTS/freedos-1440k.img.xz" >"$work/freedos.img"
	for card in std cirrus; do
		alone "SeaBIOS, $card: FreeDOS" $seabios $card --on qemu --floppy "$work/freedos.img" --expect 'A:\>' --type 'ver\n' \
			--expect 'FreeCom'
		alone "Bochs' BIOS, $card: FreeDOS" $bochs $card --floppy "$work/freedos.img" --expect 'A:\>'
	done
else
	skip "FreeDOS" "no freedos-1440k.img"
fi
for card in std cirrus; do
	alone "SeaBIOS, $card: GRUB 2's menu in text" $seabios $card --on qemu /usr/lib/grub-rescue/grub-rescue-cdrom.iso \
		--expect 'GNU GRUB'
	alone "Bochs' BIOS, $card: GRUB 2's menu in text" $bochs $card /usr/lib/grub-rescue/grub-rescue-cdrom.iso \
		--expect 'GNU GRUB'
done
plan
