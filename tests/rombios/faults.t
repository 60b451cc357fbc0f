#!/bin/sh
# SPDX-License-Identifier: MIT
# Disks that are large and that cannot read a sector: the guest program edges.c on QEMU.
. tests/lib.sh
truncate -s 300G "$work/large.img"
cat >"$work/errors" <<'END'
[inject-error]
event = "read_aio"
errno = "5"
sector = "100"
once = "off"
immediately = "off"
END
timeout 100 qemu-system-i386 -accel tcg -bios "$BUILD/dfw.rom" -m 32 -display none -monitor none -net none -no-reboot \
	-serial null -parallel null -debugcon stdio -device isa-debug-exit,iobase=0x501 -boot a \
	-drive "file=$BUILD/tests/rombios/edges.img,format=raw,if=floppy,snapshot=on" \
	-drive "file=blkdebug:$work/errors:$work/large.img,format=raw,if=ide,index=0"
[ $? -eq 1 ]
