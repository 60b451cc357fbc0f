# SPDX-License-Identifier: MIT
# state CARD ROM: what state.c prints on QEMU's card under a video BIOS
state() {
	device=VGA
	[ "$1" = std ] || device=cirrus-vga
	timeout 60 qemu-system-i386 -accel tcg -m 32 -display none -vga none -device "$device,romfile=$2" \
		-nodefaults -net none -no-reboot -monitor none -debugcon stdio -boot a \
		-device isa-debug-exit,iobase=0x501 \
		-drive "file=$BUILD/tests/vgabios/state.img,format=raw,if=floppy,snapshot=on" | states
}

# Without the DAC's mask, which QEMU's standard VGA does not have.
states() {
	tr -d '\r' | grep -a . | sed -n 's/^dac .. /dac /; /^mode/,/^end/p'
}
