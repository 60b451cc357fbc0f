#!/bin/sh
# SPDX-License-Identifier: MIT
# The same guest program with its real mode under vmxassist, without a host.
: "${BUILD:=build}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$BUILD/dfw.rom" "$work/dfw.rom"
offset=$(grep -abo 'DFW-CMDLINE:' "$work/dfw.rom" | head -1 | cut -d: -f1)
printf 'assist=on\0' | dd of="$work/dfw.rom" bs=1 seek=$((offset + 12)) conv=notrunc status=none
timeout 120 qemu-system-i386 -accel tcg -bios "$work/dfw.rom" -m 64 -display none -monitor none \
	-device rtl8139,romfile= -device virtio-rng-pci,addr=1e -no-reboot -serial null -serial null -parallel null -debugcon stdio \
	-device isa-debug-exit,iobase=0x501 \
	-drive "file=$BUILD/tests/rombios/services.img,format=raw,if=floppy,snapshot=on"
[ $? -eq 1 ]
