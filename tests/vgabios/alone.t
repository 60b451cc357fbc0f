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

grub=/usr/lib/grub-rescue/grub-rescue-cdrom.iso
if [ -f "$DFW_GUESTS/freedos-1440k.img.xz" ]; then
	xz -dkc "$DFW_GUESTS/freedos-1440k.img.xz" >"$work/freedos.img"
	alone "SeaBIOS, std: FreeDOS" $seabios std --on qemu --floppy "$work/freedos.img" --expect 'A:\>' --type 'ver\n' \
		--expect 'FreeCom'
	alone "Bochs' BIOS, cirrus: FreeDOS" $bochs cirrus --floppy "$work/freedos.img" --expect 'A:\>'
	if [ -n "${DFW_LONG-}" ]; then
		alone "SeaBIOS, cirrus: FreeDOS" $seabios cirrus --on qemu --floppy "$work/freedos.img" --expect 'A:\>'
		alone "Bochs' BIOS, std: FreeDOS" $bochs std --floppy "$work/freedos.img" --expect 'A:\>'
	fi
else
	skip "FreeDOS" "no freedos-1440k.img"
fi
alone "SeaBIOS, cirrus: GRUB 2" $seabios cirrus --on qemu $grub --expect 'GNU GRUB'
alone "Bochs' BIOS, std: GRUB 2" $bochs std $grub --expect 'GNU GRUB'
if [ -n "${DFW_LONG-}" ]; then
	alone "SeaBIOS, std: GRUB 2" $seabios std --on qemu $grub --expect 'GNU GRUB'
	alone "Bochs' BIOS, cirrus: GRUB 2" $bochs cirrus $grub --expect 'GNU GRUB'
fi
plan
