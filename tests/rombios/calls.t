#!/bin/sh
# SPDX-License-Identifier: MIT
# Every sub-function but the disks', under QEMU: in real mode, under a virtual-8086 monitor, and with
# 1,000 timer interrupts a second. Seconds: 10
: "${BUILD:=build}"
timeout 120 qemu-system-i386 -accel tcg -bios "$BUILD/dfw.rom" -m 64 -display none -monitor none \
	-net none -no-reboot -serial null -serial null -serial null -serial null -parallel null -debugcon stdio \
	-device isa-debug-exit,iobase=0x501 \
	-drive "file=$BUILD/tests/rombios/calls.img,format=raw,if=floppy,snapshot=on"
[ $? -eq 1 ]
