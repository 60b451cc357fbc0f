#!/bin/sh
# SPDX-License-Identifier: MIT
# POST and boot under QEMU: what is said of each device, INT 18h and 19h, every way to restart,
# option ROMs. Judged by port E9, to which messages go with debug=e9.
: "${BUILD:=build}"
t=$BUILD/tests/rombios
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0

# rom WORDS: the ROM with a command line
cp "$BUILD/dfw.rom" "$work/dfw.rom"
offset=$(grep -abo 'DFW-CMDLINE:' "$work/dfw.rom" | head -1 | cut -d: -f1)
rom() {
	printf '%s\0' "$1" | dd of="$work/dfw.rom" bs=1 seek=$((offset + 12)) conv=notrunc status=none
}

# run SECONDS qemu-options...: port E9 to $work/e9; "key" lines of $work/keys go to the monitor
run() {
	seconds=$1
	shift
	rm -f "$work/e9"
	{
		if [ -s "$work/keys" ]; then
			sleep 3
			cat "$work/keys"
		fi
		sleep "$seconds"
		echo quit
	} | timeout 60 qemu-system-i386 -accel tcg -bios "$work/dfw.rom" -m 32 -display none -monitor stdio \
		-net none -serial null -debugcon "file:$work/e9" -device isa-debug-exit,iobase=0x501 "$@" >/dev/null 2>&1
	: >"$work/keys"
}
: >"$work/keys"

# is NAME LINES: these lines of port E9, in this order
is() {
	n=$((n + 1))
	if printf '%s\n' "$2" | awk -v log_="$work/e9" '
		{ want[++m] = $0 }
		END {
			i = 1
			while ((getline line < log_) > 0) {
				sub(/\r$/, "", line)
				if (i <= m && index(line, want[i]))
					i++
			}
			if (i <= m) {
				print "# not seen: " want[i]
				exit 1
			}
		}' >"$work/missing"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		cat "$work/missing"
		head -60 "$work/e9" | sed 's/^/# | /'
	fi
}

truncate -s 1M "$work/empty.img"
floppy() {
	cp "$t/$1.bin" "$work/floppy.img"
	truncate -s 1440K "$work/floppy.img"
}

rom "debug=e9 boot=floppy,disk,cdrom"
run 3 -drive file="$work/empty.img",format=raw,if=ide
is "each device and its reason, then a key for another round" "Booting from floppy 0
no medium in the drive
Booting from disk 0
the boot sector is empty
Booting from CD-ROM 0
No bootable device
floppy 0: no medium in the drive
disk 0: the boot sector is empty
CD-ROM 0:
press a key"

echo "sendkey a" >"$work/keys"
run 2 -drive file="$work/empty.img",format=raw,if=ide
is "a key starts another round" "No bootable device
Booting from floppy 0
No bootable device"

floppy gives-up
rom "debug=e9 boot=floppy,disk"
run 3 -drive file="$work/floppy.img",format=raw,if=floppy -drive file="$work/empty.img",format=raw,if=ide
is "INT 18h goes on with the next device" "Booting from floppy 0
boot sector runs
gave up (INT 18h)
Booting from disk 0
No bootable device"

floppy again
run 5 -drive file="$work/floppy.img",format=raw,if=floppy
is "INT 19h boots again" "boot sector runs
Booting from floppy 0
boot sector runs"

floppy resets
run 20 -drive file="$work/floppy.img",format=raw,if=floppy
is "every way to restart the machine does" "jump to FFFF:0000
dfw rombios
keyboard controller
dfw rombios
port 92h
dfw rombios
port CF9h
dfw rombios
triple fault
dfw rombios
Ctrl-Alt-Del
dfw rombios
all ways back"

floppy shutdown
run 8 -drive file="$work/floppy.img",format=raw,if=floppy
is "shutdown codes 00-03 and 06-08 start the machine anew, 04 boots" "shutdown code 0
dfw rombios
shutdown code 1
dfw rombios
shutdown code 2
dfw rombios
shutdown code 3
dfw rombios
shutdown code 6
dfw rombios
shutdown code 7
dfw rombios
shutdown code 8
dfw rombios
shutdown code 4
Booting from floppy 0
all codes"
n=$((n + 1))
if [ "$(grep -c 'dfw rombios' "$work/e9")" = 8 ]; then
	echo "ok $n - shutdown code 04 boots without a POST"
else
	echo "not ok $n - shutdown code 04 boots without a POST"
fi

floppy off
for machine in pc q35; do
	n=$((n + 1))
	timeout 30 qemu-system-i386 -accel tcg -M $machine -bios "$work/dfw.rom" -m 32 -display none -monitor none -net none \
		-serial null -debugcon "file:$work/e9" -device isa-debug-exit,iobase=0x501 \
		-drive file="$work/floppy.img",format=raw,if=$([ $machine = pc ] && echo floppy || echo virtio)
	if [ $? -eq 0 ] && grep -q connected "$work/e9"; then
		echo "ok $n - APM switches the machine off ($machine)"
	else
		echo "not ok $n - APM switches the machine off ($machine)"
		tail -3 "$work/e9" | sed 's/^/# | /'
	fi
done

# the last byte makes the sum 0
sum=$(od -An -v -tu1 -w1 "$t/option-rom.bin" | awk '{ s += $1 } END { print (256 - s % 256) % 256 }')
cp "$t/option-rom.bin" "$work/good.rom"
# shellcheck disable=SC2059
printf "\\$(printf '%03o' "$sum")" | dd of="$work/good.rom" bs=1 seek=511 conv=notrunc status=none
cp "$work/good.rom" "$work/bad.rom"
printf 'X' | dd of="$work/bad.rom" bs=1 seek=500 conv=notrunc status=none
run 3 -device loader,file="$work/good.rom",addr=0xc8800,force-raw=on
is "an option ROM is started" "dfw rombios
option ROM runs
No bootable device"
run 3 -device loader,file="$work/bad.rom",addr=0xc8000,force-raw=on \
	-device loader,file="$work/good.rom",addr=0xc9000,force-raw=on
is "an option ROM with a bad checksum is named and not started" "bad checksum, not started
option ROM runs
No bootable device"

echo "1..$n"
