#!/bin/sh
# SPDX-License-Identifier: MIT
# Interrupt services but the disks', and the way from reset to a disk's boot sector: instructions and
# port accesses, ours beside the BIOSes of other projects where they are installed. QEMU counts one
# instruction as a nanosecond of virtual time, Bochs as a tick. A row for a service has the 8 of an empty
# INT, IRET and loop in it.
set -u
: "${BUILD:=build}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
image=$BUILD/bench/services.img

# qemu NAME BIOS options...: $work/NAME has the rows
qemu() {
	name=$1 bios=$2
	shift 2
	timeout 40 qemu-system-i386 -accel tcg -icount shift=0,sleep=off -nodefaults -net none \
		-rtc base=2020-01-01,clock=vm -m 128 -bios "$bios" -display none -vga std -monitor none -no-reboot \
		-debugcon "file:$work/e9" -device isa-debug-exit,iobase=0x501 \
		-drive "file=$image,format=raw,if=ide,snapshot=on" "$@" >/dev/null 2>&1
	grep -a '^row' "$work/e9" | tr -d '\0' | sed 's/row //' >"$work/$name"
}

# ports NAME BIOS: the same, and in $work/NAME.ports how many port accesses there were to the boot sector
ports() {
	qemu "$1" "$2" -trace memory_region_ops_read -trace memory_region_ops_write -D "$work/trace"
	awk '
		/addr 0x[0-9a-f]{1,4} / || / addr 0x[0-9a-f]+ / {
			for (i = 1; i <= NF; i++)
				if ($i == "addr")
					address = $(i + 1)
			if (address == "0xe9" && /value 0x72 /) # the r of the first row
				exit
			if (length(address) <= 6)
				n++
		}
		END { print n + 0 }' "$work/trace" >"$work/$1.ports"
	rm -f "$work/trace"
}

. tests/bochs.sh

# bochs NAME BIOS VGABIOS
bochs() {
	cp "$image" "$work/disk.img"
	bochs_bios "$2" "$3" <<-EOT | tr -d '\0' | grep -a '^row' | sed 's/row //' >"$work/$1"
		ata0-master: type=disk, path=$work/disk.img, mode=flat
		boot: disk
		error: action=ignore
	EOT
}

ports dfw "$BUILD/dfw.rom"
columns=dfw
bochs dfw-bochs "$BUILD/dfw.rom" "$BUILD/vgabios-std.bin"
seabios=/usr/share/seabios/bios-256k.bin
[ -f "$seabios" ] && ports seabios "$seabios" && columns="$columns seabios"
columns="$columns dfw-bochs"
other=/usr/share/bochs/BIOS-bochs-latest
[ -f "$other" ] && bochs bochs-bios "$other" /usr/share/bochs/VGABIOS-lgpl-latest && columns="$columns bochs-bios"
table=$PWD/bench/table.awk
# shellcheck disable=SC2086
(cd "$work" && awk -v reset=1 -f "$table" $columns)
printf '%-31s %11s' "port accesses up to there" "$(cat "$work/dfw.ports")"
[ ! -f "$work/seabios.ports" ] || printf ' %11s' "$(cat "$work/seabios.ports")"
echo
