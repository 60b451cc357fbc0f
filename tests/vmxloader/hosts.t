#!/bin/sh
# SPDX-License-Identifier: MIT
# Start information, multiboot information and fw_cfg files with nonsense in them: a clear word and a stop, or
# the guest starts without.
. tests/lib.sh

# le BYTES VALUE: little-endian
le() {
	v=$2
	for _ in $(seq "$1"); do
		# shellcheck disable=SC2059
		printf "\\$(printf %03o $((v & 255)))"
		v=$((v >> 8))
	done
}

# start EAX EBX: with stdin at 5008h
start() {
	{ le 4 "$1" && le 4 "$2" && cat; } >"$work/info"
}

# says TEXT WORDS...: on port E9
says() {
	text=$1
	shift
	timeout 10 qemu-system-x86_64 -accel tcg -nodefaults -display none -m 64 -vga std -no-reboot -debugcon "file:$work/e9" \
		"$@" >"$work/qemu.out" 2>&1 &
	pid=$!
	for _ in $(seq 90); do
		kill -0 "$pid" 2>/dev/null && ! grep -qF "$text" "$work/e9" 2>/dev/null || break
		sleep 0.1
	done
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	cat "$work/e9" "$work/qemu.out"
	grep -qF "$text" "$work/e9"
}

# refuses TEXT: the start information of start()
refuses() {
	says "$1" -bios "$BUILD/tests/vmxloader/hosts.rom" -device "loader,file=$BUILD/vmxloader" \
		-device "loader,file=$work/info,addr=0x5000,force-raw=on" -fw_cfg name=opt/dfw/cmdline,string=debug=e9
}

# pvh CMDLINE MEMMAP ENTRIES: start information at 5008h; a memory map may follow at 5040h
pvh() {
	le 4 0x336ec578 && le 4 1 && le 4 0 && le 4 0 && le 8 0 && le 8 "$1" && le 8 0 && le 8 "$2" && le 4 "$3" && le 4 0
}

entry() {
	le 8 "$1" && le 8 "$2" && le 4 "$3" && le 4 0
}

echo | start 0 0x5008
check "no magic" refuses 'started by an unknown loader'
pvh 0 0x5040 0xffffffff | start 0 0x5008
check "a memory map of 4 G entries" refuses 'a memory map of 4294967295 entries at 5040 is not below 4 GiB'
pvh 0 0x5040 5000 | start 0 0x5008
check "a memory map of 5000 entries" refuses '1024 are believed'
pvh 0 0x7fffffff00000000 1 | start 0 0x5008
check "a memory map above 4 GiB" refuses 'at 7fffffff00000000 is not below 4 GiB'
pvh 0x100000000 0x5040 0 | start 0 0x5008
check "a command line above 4 GiB" refuses 'the command line at 100000000 is not below 4 GiB'
{ pvh 0 0x5040 1 && entry 0 0x100000 1; } | start 0 0x5008
check "no memory above 1 MiB" refuses '0 KiB of memory from 1 MiB on'
{ pvh 0 0x5040 1 && entry 0x100000 0x80000 1; } | start 0 0x5008
check "512 KiB above 1 MiB" refuses '512 KiB of memory from 1 MiB on'
{ pvh 0 0x5040 3 && entry 0x100000 0x3f00000 1 && entry -65536 -1 2 &&
	entry 0x200000 0 77; } | start 0 0x5008
check "ranges past the end, of no size, of no type" refuses 'No bootable device'
{ le 4 0x40 && le 40 0 && le 4 100 && le 4 0x503c && le 4 0xfffffffc && le 200 0; } | start 0x2badb002 0x5008
check "multiboot: an entry that goes round" refuses 'has an entry of 4294967292 bytes'
{ le 4 0x40 && le 40 0 && le 4 0xffffffff && le 4 0x5040; } | start 0x2badb002 0x5008
check "multiboot: a map past 4 GiB" refuses 'multiboot: a memory map of 4294967295 bytes'

# fw_cfg: QEMU's own files are not there with acpi=off, so these take their place
head -c 100 /dev/urandom >"$work/short"
head -c 1280 /dev/urandom >"$work/random"
head -c 1048576 /dev/zero >"$work/long"
# loader NAME WHAT-IS-SAID
loader() {
	check "table loader: $1" says "$2" -bios "$BUILD/dfw.rom" -machine pc,acpi=off \
		-fw_cfg "name=etc/table-loader,file=$work/$1"
}
loader short 'etc/table-loader: cut in the middle of a command'
loader random 'etc/table-loader: a command is not known'
loader long 'etc/table-loader: too long'
check "table loader: all is well without its tables" says 'No bootable device' -bios "$BUILD/dfw.rom" -machine pc,acpi=off \
	-fw_cfg "name=etc/table-loader,file=$work/random" -fw_cfg name=opt/dfw/cmdline,string=debug=e9
check "a word that is not known" says '"wrong=word" is not known' -bios "$BUILD/dfw.rom" \
	-fw_cfg name=opt/dfw/cmdline,string=wrong=word
plan
