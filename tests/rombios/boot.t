#!/bin/sh
# SPDX-License-Identifier: MIT
# What is booted, and from where, under QEMU: the host's order, the menu, the serial console, the network by
# iPXE's option ROM, ROMs and media that are broken. Judged by port E9 and COM1.
. tests/lib.sh

# rom WORDS: the ROM with a command line
rom() {
	cp "$BUILD/dfw.rom" "$work/dfw.rom"
	printf 'debug=e9 %s\0' "$1" | dd of="$work/dfw.rom" bs=1 conv=notrunc status=none \
		seek=$(($(grep -abo 'DFW-CMDLINE:' "$work/dfw.rom" | head -1 | cut -d: -f1) + 12))
}

# disk NAME: an image whose boot sector writes NAME (one letter), DL as a digit above 80h, and a line feed to
# port E9, and gives up: mov al,'x'; out e9,al; mov al,dl; and al,7fh; add al,'0'; out; mov al,10; out; int 18h
disk() {
	# shellcheck disable=SC2059
	printf "\\260$1\\346\\351\\210\\320\\044\\177\\004\\060\\346\\351\\260\\012\\346\\351\\315\\030" >"$work/$1.img"
	truncate -s 510 "$work/$1.img"
	printf '\125\252' >>"$work/$1.img"
	truncate -s 1M "$work/$1.img"
}
for name in A B C; do
	disk "$name"
done

# await TEXT: waits for it on port E9, 30 seconds at most
await() {
	i=0
	while [ $i -lt 150 ] && ! grep -aq "$1" "$work/e9" 2>/dev/null; do
		sleep 0.2
		i=$((i + 1))
	done
}

# run qemu-options...: to the end of the list, or until $end is seen; $keys are pressed once $cue is
run() {
	rm -f "$work/e9"
	{
		[ -z "${cue-}" ] || await "$cue"
		for key in ${keys-}; do
			echo "sendkey $key"
			sleep 0.3
		done
		await "${end:-press a key}"
		echo quit
	} | timeout 70 qemu-system-i386 -accel tcg -bios "$work/dfw.rom" -m 64 -display none -monitor stdio -serial null \
		-debugcon "file:$work/e9" "$@" >"$work/said" 2>&1
}

# order TEXT: the lines of port E9 that sectors wrote, and what was said of other devices
order() {
	got=$(tr -d '\r' <"$work/e9" | grep -a "^[ABC][0-9]\$" | tr '\n' ' ')
	[ "$got" = "$1 " ] || { echo "order: $got, wanted $1"; tr -d '\r' <"$work/e9" | grep -av vmxloader; return 1; }
}

three() {
	drives="-drive file=$work/A.img,format=raw,if=none,id=a -drive file=$work/B.img,format=raw,if=none,id=b
		-drive file=$work/C.img,format=raw,if=none,id=c"
	# shellcheck disable=SC2086
	run -net none $drives "$@"
}

rom ""
three -device ide-hd,drive=a,bus=ide.0 -device ide-hd,drive=b,bus=ide.1 -device virtio-blk-pci,drive=c
check "without an order: IDE, then virtio, numbered so" order "A0 B1 C2"
three -device ide-hd,drive=a,bus=ide.0,bootindex=3 -device ide-hd,drive=b,bus=ide.1,bootindex=2 \
	-device virtio-blk-pci,drive=c,bootindex=1
check "bootindex: the first one is drive 80h" order "C0 B1 A2"
three -device ide-hd,drive=a,bus=ide.0 -device pci-bridge,id=bridge,chassis_nr=1 -device ide-hd,drive=b,bus=ide.1 \
	-device virtio-blk-pci,drive=c,bus=bridge,addr=2,bootindex=0
check "bootindex: behind a bridge" order "C0 A1 B2"
three -device ide-hd,drive=a,bus=ide.0 -device ide-hd,drive=b,bus=ide.1,bootindex=1 \
	-device virtio-blk-pci,drive=c -boot strict=on
check "strict: nothing else is tried" order "B0"

rom "menu"
cue='Press F12' keys='f12 2' three -device ide-hd,drive=a,bus=ide.0 -device ide-hd,drive=b,bus=ide.1 -device virtio-blk-pci,drive=c
check "F12 opens the menu, a digit chooses, the others follow" order "B1 A0 C2"
cue='Press F12' keys='esc 3' three -device ide-hd,drive=a,bus=ide.0 -device ide-hd,drive=b,bus=ide.1 -device virtio-blk-pci,drive=c
check "Esc opens it, too" order "C2 A0 B1"
three -device ide-hd,drive=a,bus=ide.0 -device virtio-blk-pci,drive=c
check "no key: as usual after a while" order "A0 C1"
rom ""
cue='Press F12' keys='f12 2' three -device ide-hd,drive=a,bus=ide.0 -device virtio-blk-pci,drive=c -boot menu=on
check "-boot menu=on" order "C1 A0"

# the same on COM1: $work/com1 is what it said
rom "menu console=serial"
rm -f "$work/e9"
{
	await 'Press F12'
	printf '\033[24~'
	await 'Boot from'
	printf 2
	await 'press a key'
} | timeout 70 qemu-system-i386 -accel tcg -bios "$work/dfw.rom" -m 64 -display none -monitor none -serial stdio -net none \
	-debugcon "file:$work/e9" -drive "file=$work/A.img,format=raw,if=ide" -drive "file=$work/B.img,format=raw,if=virtio" \
	>"$work/com1" 2>"$work/said" &
qemu=$!
await 'press a key'
sleep 1
kill $qemu 2>/dev/null
wait
check "COM1: F12 and a digit as a terminal sends them" order "B1 A0"
check "COM1: the menu and what was tried are told there" grep -q 'virtio, 1 MiB' "$work/com1"
check "COM1: colours and places as control sequences" grep -q "$(printf '\033\\[0;37;40m')" "$work/com1"

# the network: iPXE's option ROM, of Debian's ipxe-qemu, and its file from QEMU's own server
mkdir "$work/tftp"
head -c 512 "$work/A.img" >"$work/tftp/boot.bin"
rom "boot=network,disk"
network="-netdev user,id=n,tftp=$work/tftp,bootfile=boot.bin"
# shellcheck disable=SC2086
end='^A' run $network -device e1000,netdev=n
check "the network: iPXE is initialised, loads a file and starts it" grep -q '^A' "$work/e9"
rom ""
# shellcheck disable=SC2086
run $network -device virtio-net-pci,netdev=n,bootindex=2 -drive "file=$work/B.img,format=raw,if=none,id=b" -device ide-hd,drive=b,bootindex=1
check "bootindex puts a disk before the network" sh -c "tr -d '\r' <$work/e9 | grep -a '^[AB][0-9]\|^Booting from' | head -2 | tail -1 | grep -q 'network\|B0'"

rom "assist=on boot=network,disk"
# shellcheck disable=SC2086
end='^A' run $network -device e1000,netdev=n
check "the same with real mode by vmxassist" grep -q '^A' "$work/e9"
rom ""

# option ROMs that are broken
cp /usr/lib/ipxe/qemu/pxe-e1000.rom "$work/bad.rom"
printf X | dd of="$work/bad.rom" bs=1 seek=2000 conv=notrunc status=none
run -drive "file=$work/B.img,format=raw,if=ide" -netdev user,id=n -device e1000,netdev=n,romfile="$work/bad.rom"
check "a card's ROM with a bad checksum is named and left out" grep -q 'option ROM of PCI 00:0[0-9].0: bad checksum' "$work/e9"
check "and the disk boots" order "B0"
cp /usr/lib/ipxe/qemu/pxe-e1000.rom "$work/bad.rom"
printf '\000' | dd of="$work/bad.rom" bs=1 seek=2 conv=notrunc status=none
run -drive "file=$work/B.img,format=raw,if=ide" -netdev user,id=n -device e1000,netdev=n,romfile="$work/bad.rom"
check "one without a length, too" grep -q 'no length, not started' "$work/e9"
for size in 512 1000 300000; do
	head -c $size /dev/urandom >"$work/bad.rom"
	run -drive "file=$work/B.img,format=raw,if=ide" -netdev user,id=n -device e1000,netdev=n,romfile="$work/bad.rom"
	check "a ROM of $size bytes that is none: nothing is started" order "B0"
done

# a ROM in the ISA range with a BCV and a BEV; the last byte makes the sum 0
cp "$BUILD/tests/rombios/boot-rom.bin" "$work/boot.rom"
sum=$(od -An -v -tu1 -w1 "$work/boot.rom" | awk '{ s += $1 } END { print (256 - s % 256) % 256 }')
# shellcheck disable=SC2059
printf "\\$(printf '%03o' "$sum")" | dd of="$work/boot.rom" bs=1 seek=511 conv=notrunc status=none
rom "boot=disk,network"
run -net none -drive "file=$work/B.img,format=raw,if=ide" -device "loader,file=$work/boot.rom,addr=0xc8800,force-raw=on"
check "a ROM's BCV is called once in POST, its BEV by the boot order" [ \
	"$(tr -d '\r' <"$work/e9" | grep -ax 'option ROM runs\|BCV runs\|B0\|BEV runs' | tr '\n' ,)" = 'option ROM runs,BCV runs,B0,BEV runs,' ]
rom "boot=network,disk"
run -net none -drive "file=$work/B.img,format=raw,if=ide" -device "loader,file=$work/boot.rom,addr=0xc8800,force-raw=on"
check "before the disk where the order says so" [ \
	"$(tr -d '\r' <"$work/e9" | grep -ax 'B0\|BEV runs' | tr '\n' ,)" = 'BEV runs,B0,' ]
rom ""

# boot sectors and CDs of the wrong kinds
rom "boot=disk,cdrom"
truncate -s 1M "$work/none.img"
run -net none -drive "file=$work/none.img,format=raw,if=ide"
check "an empty boot sector" grep -q 'the boot sector is empty' "$work/e9"
head -c 1M /dev/urandom >"$work/none.img"
printf '\125\253' | dd of="$work/none.img" bs=1 seek=510 conv=notrunc status=none
run -net none -drive "file=$work/none.img,format=raw,if=ide"
check "no signature" grep -q 'not bootable: no signature AA55' "$work/e9"
# what is in the partition table is the boot sector's own business
for _ in 1 2 3; do
	cp "$work/B.img" "$work/table.img"
	head -c 64 /dev/urandom | dd of="$work/table.img" bs=1 seek=446 conv=notrunc status=none
	run -net none -drive "file=$work/table.img,format=raw,if=ide"
	check "a random partition table: the boot sector runs" order "B0"
done
truncate -s 512 "$work/tiny.img"
run -net none -drive "file=$work/tiny.img,format=raw,if=ide"
check "a disk of one sector" grep -q 'No bootable device' "$work/e9"

# cd NAME MEDIA IMAGE SECTORS: a CD with one El Torito entry of that media type (1.0, 2.2), IMAGE at block 20
cd_image() {
	truncate -s 0 "$work/$1.iso"
	truncate -s 40960 "$work/$1.iso"
	printf '\001CD001\001' | dd of="$work/$1.iso" bs=1 seek=32768 conv=notrunc status=none
	printf '\000CD001\001EL TORITO SPECIFICATION' | dd of="$work/$1.iso" bs=1 seek=34816 conv=notrunc status=none
	printf '\022\000\000\000' | dd of="$work/$1.iso" bs=1 seek=34887 conv=notrunc status=none
	printf '\001\000' | dd of="$work/$1.iso" bs=1 seek=36864 conv=notrunc status=none
	# 55 AA, and the sum of the words zero: 0001 + AA55 + 55AA
	printf '\252\125\125\252' | dd of="$work/$1.iso" bs=1 seek=36892 conv=notrunc status=none
	# shellcheck disable=SC2059
	printf "\\210\\00$2\\000\\000\\000\\000\\00$4\\000\\024\\000\\000\\000" |
		dd of="$work/$1.iso" bs=1 seek=36896 conv=notrunc status=none
	cat "$3" >>"$work/$1.iso"
	truncate -s %2048 "$work/$1.iso"
	truncate -s +65536 "$work/$1.iso"
}
cdrom() {
	run -net none -drive "file=$work/$1.iso,format=raw,if=ide,media=cdrom"
}
# as a floppy: DL 0, which the sector shows as 0, too
truncate -s 1440K "$work/A.img"
for media in 1 2 3; do
	cd_image cd $media "$work/A.img" 1
	cdrom cd
	check "El Torito: floppy emulation, media type $media" order "A0"
done
cp "$BUILD/tests/rombios/starts-cd.bin" "$work/starts.img"
truncate -s 1440K "$work/starts.img"
cd_image cd 0 "$work/A.img" 4
rom "boot=floppy"
run -net none -drive "file=$work/cd.iso,format=raw,if=ide,media=cdrom" -drive "file=$work/starts.img,format=raw,if=floppy"
check "El Torito: INT 13h/4Ch refuses a media type that is none, and starts an image" [ \
	"$(tr -d '\r' <"$work/e9" | grep -ax 'refused: .\|came back\|A0' | tr '\n' ,)" = 'refused: 1,A0,' ]
rom "boot=disk,cdrom"
cdrom cd
check "El Torito: no emulation, drive E0" grep -aq '^A' "$work/e9"
cp "$work/B.img" "$work/hd.img"
# one partition: 1/0/1 to 15/3/16, from sector 64 on
printf '\200\000\001\001\006\003\020\017\100\000\000\000\300\003\000\000' |
	dd of="$work/hd.img" bs=1 seek=446 conv=notrunc status=none
cd_image cd 4 "$work/hd.img" 1
cdrom cd
check "El Torito: hard disk emulation, drive 80h" order "B0"
# a table of nonsense is taken for what it says: 256 heads, cylinders without end
printf '\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377' |
	dd of="$work/hd.img" bs=1 seek=446 conv=notrunc status=none
cd_image cd 4 "$work/hd.img" 1
cdrom cd
check "El Torito: hard disk emulation with a partition of 4 G sectors" order "B0"
cd_image cd 4 "$work/A.img" 1
cdrom cd
check "El Torito: hard disk emulation without a partition table" grep -q 'has no partition table' "$work/e9"
cd_image cd 5 "$work/A.img" 1
cdrom cd
check "El Torito: an unknown media type" grep -q 'unknown media type' "$work/e9"
cd_image cd 0 "$work/A.img" 0
cdrom cd
check "El Torito: a load of nothing" grep -q 'does not fit low memory' "$work/e9"
cd_image cd 0 "$work/A.img" 4
printf '\001' | dd of="$work/cd.iso" bs=1 seek=36870 conv=notrunc status=none
cdrom cd
check "El Torito: a wrong checksum" grep -q 'corrupt (validation entry)' "$work/e9"
cd_image cd 0 "$work/A.img" 4
printf '\252\125\252\125' | dd of="$work/cd.iso" bs=1 seek=36892 conv=notrunc status=none
cdrom cd
check "El Torito: no key bytes" grep -q 'corrupt (validation entry)' "$work/e9"
# EFI's platform, the sum made right again
cd_image cd 0 "$work/A.img" 4
printf '\001\357' | dd of="$work/cd.iso" bs=1 seek=36864 conv=notrunc status=none
printf '\252\146' | dd of="$work/cd.iso" bs=1 seek=36892 conv=notrunc status=none
cdrom cd
check "El Torito: nothing but EFI" grep -q 'has nothing for a PC' "$work/e9"
for _ in 1 2; do # sections of nonsense behind it
	head -c 1984 /dev/urandom | dd of="$work/cd.iso" bs=1 seek=36928 conv=notrunc status=none
	printf '\220\000\377\377' | dd of="$work/cd.iso" bs=1 seek=36928 conv=notrunc status=none
	cdrom cd
	check "El Torito: a section of 65535 random entries ends" grep -q 'press a key\|No bootable' "$work/e9"
done
cd_image cd 0 "$work/A.img" 4
printf '\000' | dd of="$work/cd.iso" bs=1 seek=36896 conv=notrunc status=none
cdrom cd
check "El Torito: an entry that is not bootable" grep -q 'marks its entry as not bootable' "$work/e9"
cd_image cd 0 "$work/A.img" 4
printf '\377\377\377\000' | dd of="$work/cd.iso" bs=1 seek=34887 conv=notrunc status=none
cdrom cd
check "El Torito: a catalogue beyond the end" grep -q 'catalogue cannot be read' "$work/e9"
cd_image cd 0 "$work/A.img" 4
printf '\377\377\377\000' | dd of="$work/cd.iso" bs=1 seek=36904 conv=notrunc status=none
cdrom cd
check "El Torito: an image beyond the end" grep -q 'read error in the boot image' "$work/e9"
plan
