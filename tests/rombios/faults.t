#!/bin/sh
# SPDX-License-Identifier: MIT
# Disks that are large, that cannot read or write a sector, that fall silent and that vanish: the guest program edges.c
# on QEMU, which talks to QEMU's monitor. A microsecond an instruction: ten seconds are soon over.
. tests/lib.sh
rom=$(realpath "$BUILD/dfw.rom")
truncate -s 300G "$work/large.img"
cp "$BUILD/tests/rombios/edges.img" "$work/floppy.img"
seq -f '%-511g' 0 4095 >"$work/slow.img" # each sector begins with its number
cp "$work/slow.img" "$work/virtio.img"
cp /usr/lib/grub-rescue/grub-rescue-cdrom.iso "$work/cd.iso"
cat >"$work/errors" <<'END'
[inject-error]
event = "read_aio"
errno = "5"
sector = "100"
once = "off"
immediately = "off"

[inject-error]
event = "write_aio"
errno = "5"
sector = "200"
once = "off"
immediately = "off"
END
mkfifo "$work/monitor" "$work/e9"
(cd "$work" && timeout 200 qemu-system-i386 -accel tcg -icount shift=10 -bios "$rom" -m 32 -display none -monitor stdio \
	-net none -no-reboot -serial null -parallel null -debugcon file:e9 -device isa-debug-exit,iobase=0x501 -boot a \
	-drive file=floppy.img,format=raw,if=floppy \
	-drive "file=blkdebug:errors:large.img,format=raw,if=ide,index=0" -drive file=slow.img,format=raw,if=ide,index=1,id=slow \
	-drive file=cd.iso,format=raw,if=ide,index=2,media=cdrom,id=cd -drive file=virtio.img,format=raw,if=none,id=virtio \
	-device virtio-blk-pci,drive=virtio,addr=9 <monitor >said 2>&1) &
exec 3>"$work/monitor"
while read -r line; do
	case $line in
	'monitor '*) printf '%s\no /b 0x3ff 0x5a\n' "${line#monitor }" >&3 ;;
	*) echo "$line" ;;
	esac
done <"$work/e9"
wait $!
[ $? -eq 1 ]
