# SPDX-License-Identifier: MIT
# A guest program of these tests on a card: its TAP with the card in the names. Sourced by tests.
# on_card std|cirrus|bochs-vbe|bochs-cirrus PROGRAM; BIOS and the ROMs are ours unless set: $bios, $vgarom
. tests/lib.sh
. tests/bochs.sh

on_card() {
	image=$BUILD/tests/vgabios/$2.img
	case $1 in
	std | cirrus)
		timeout 300 qemu-system-i386 -accel tcg -bios "$BUILD/dfw.rom" -m 64 -vga "$1" -display none \
			-monitor none -net none -no-reboot -serial null -parallel null -debugcon stdio \
			-device isa-debug-exit,iobase=0x501 -boot a \
			-drive "file=$image,format=raw,if=floppy,snapshot=on"
		;;
	bochs-*)
		cp "$image" "$work/floppy.img"
		slot=cirrus rom=cirrus
		[ "$1" = bochs-cirrus ] || slot=pcivga rom=std
		limit=300 bochs_bios "$BUILD/dfw.rom" "$BUILD/vgabios-$rom.bin" <<-EOT
			floppya: 1_44=$work/floppy.img, status=inserted
			boot: floppy
			pci: enabled=1, chipset=i440fx, slot1=$slot
			vga: extension=${1#bochs-}, update_freq=5
			error: action=report
		EOT
		;;
	esac >"$work/e9"
	grep -a '^ok\|^not ok\|^# \|^1\.\.\|^Bail' "$work/e9" | sed "s/^\(ok\|not ok\) \([0-9]*\) - /\1 \2 - $1: /"
}
