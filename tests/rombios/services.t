#!/bin/sh
# SPDX-License-Identifier: MIT
# Every service of rombios but the disks', called by a guest program under QEMU.
: "${BUILD:=build}"
timeout 120 qemu-system-i386 -accel tcg -bios "$BUILD/dfw.rom" -m 64 -display none -monitor none \
	-device rtl8139 -device virtio-rng-pci,addr=1e -no-reboot -serial null -serial null -parallel null -debugcon stdio \
	-device isa-debug-exit,iobase=0x501 \
	-drive "file=$BUILD/tests/rombios/services.img,format=raw,if=floppy,snapshot=on"
# isa-debug-exit turns the guest's code n into status 2n+1: 1 means that it came to its end with 0
[ $? -eq 1 ]
