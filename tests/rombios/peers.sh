#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program of calls.t on other BIOSes: which calls answer otherwise than docs/rombios.md says.
# usage: tests/rombios/peers.sh seabios|bochs
. tests/rombios/bochs.sh
limit=60
case ${1-} in
seabios)
	timeout $limit qemu-system-i386 -accel tcg -m 64 -display none -monitor none -net none -no-reboot \
		-serial null -serial null -serial null -serial null -parallel null -debugcon stdio \
		-device isa-debug-exit,iobase=0x501 -boot a \
		-drive "file=$BUILD/tests/rombios/calls.img,format=raw,if=floppy,snapshot=on"
	;;
bochs)
	more="com3: enabled=1, mode=file, dev=$work/com3
com4: enabled=1, mode=file, dev=$work/com4"
	bochs calls /usr/share/bochs/BIOS-bochs-latest /usr/share/bochs/VGABIOS-lgpl-latest
	;;
*)
	echo "usage: tests/rombios/peers.sh seabios|bochs" >&2
	exit 2
	;;
esac | grep -a -v '^ok'
