#!/bin/sh
# SPDX-License-Identifier: MIT
# The video services: instructions for a call, ours beside SeaVGABIOS and the LGPL VGABIOS where they are
# installed, each as the ROM of QEMU's card under QEMU's own BIOS, which counts an instruction as a
# nanosecond of virtual time, as it does an iteration of a string instruction. A row has the 8 of an empty
# INT, IRET and loop in it.
# usage: bench/video.sh [std|cirrus]...
set -u
: "${BUILD:=build}"
BUILD=$(cd "$BUILD" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
table=$PWD/bench/table.awk

# rows NAME CARD ROM: $work/NAME has them; no such ROM, no file
rows() {
	[ -f "$3" ] || return
	timeout 200 qemu-system-i386 -accel tcg -icount shift=0,sleep=off -nodefaults -net none -m 32 \
		-rtc base=2020-01-01,clock=vm -display none -vga none -device "$2,romfile=$3" -monitor none -no-reboot \
		-debugcon "file:$work/e9" -device isa-debug-exit,iobase=0x501 \
		-drive "file=$BUILD/bench/video.img,format=raw,if=ide,snapshot=on" >/dev/null 2>&1
	grep -a '^row' "$work/e9" | tr -d '\0' | sed 's/row //' >"$work/$1"
	columns="$columns $1"
}

[ $# -gt 0 ] || set -- std cirrus
for card in "$@"; do
	columns=
	case $card in
	std) device=VGA rom=stdvga ;;
	cirrus) device=cirrus-vga rom=cirrus ;;
	*) echo "usage: bench/video.sh [std|cirrus]..." >&2 && exit 2 ;;
	esac
	rows dfw $device "$BUILD/vgabios-$card.bin"
	rows SeaVGABIOS $device /usr/share/seabios/vgabios-$rom.bin
	rows LGPL $device /usr/share/vgabios/vgabios-$rom.bin
	echo "video: $card"
	# shellcheck disable=SC2086
	(cd "$work" && awk -f "$table" $columns)
	echo
done
