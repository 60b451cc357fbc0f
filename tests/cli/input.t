#!/bin/sh
# SPDX-License-Identifier: MIT
# Bad images, options and guests: each gets its exit status and a message that names it.
. tests/lib.sh

cd_image=/usr/lib/grub-rescue/grub-rescue-cdrom.iso

# ends NAME STATUS TEXT words-of-dfw-run...: TEXT is part of what it says on standard error
ends() {
	name=$1 status=$2 text=$3
	shift 3
	check "$name" ended "$@"
}

ended() {
	timeout 60 "$BUILD/dfw" run "$@" >"$work/said" 2>&1 </dev/null
	got=$?
	cat "$work/said"
	echo "status $got, wanted $status and: $text"
	[ "$got" = "$status" ] && grep -qF -- "$text" "$work/said"
}

: >"$work/empty"
truncate -s 1440K "$work/zeros.img"
truncate -s 1000 "$work/odd.img"
head -c 100352 "$cd_image" >"$work/short.iso"
cp "$cd_image" "$work/broken.iso"
catalogue=$(od -An -tu4 -j $((17 * 2048 + 71)) -N 4 "$cd_image" | tr -d ' ')
printf 'XX' | dd of="$work/broken.iso" bs=1 seek=$((catalogue * 2048 + 4)) conv=notrunc status=none

ends "a missing image" 2 "/no/such/image: No such file" /no/such/image
ends "a directory" 2 "is a directory" "$work"
ends "a device that is no disk" 2 "is no plain file" /dev/null
ends "an empty image" 2 "is empty" "$work/empty"
ends "an image that is no number of sectors" 2 "not a multiple of 512" "$work/odd.img"
ends "a truncated CD" 2 "is cut short" "$work/short.iso"
ends "a CD with a broken El Torito catalogue" 2 "broken El Torito boot catalogue" "$work/broken.iso"
ends "a floppy without a boot sector" 2 "has no boot sector" "$work/zeros.img"
ends "an odd size as a floppy" 2 "no floppy size" --floppy "$cd_image"
ends "a floppy as a CD" 2 "no CD image" --cdrom "$work/zeros.img"
ends "an unknown option" 2 "unrecognized option" --bogus
ends "an unknown boot device" 2 "give one of floppy, disk, cdrom" --boot tape "$cd_image"
ends "memory that is no number" 2 "--memory lots" --memory lots "$cd_image"
ends "too little memory" 2 "too little" --memory 16 "$cd_image"
ends "too little memory on QEMU" 2 "too little" --on qemu --memory 8 "$cd_image"
ends "a key that is none" 2 "no such key" --expect x --type '<nokey>' "$cd_image"
ends "a processor without VMX" 2 "has no VMX" --cpu p4_prescott_celeron_336 "$cd_image"
ends "a processor that Bochs does not know" 2 "knows no processor" --cpu nosuch "$cd_image"
ends "native real mode where there is none" 2 "no unrestricted guest" --real-mode native "$cd_image"

sector triple '\372\017\001\036\020\174\314'   # cli; lidt [7C10h], limit 0; int3
sector spin '\353\376'                          # jmp $
sector halt '\372\364'                          # cli; hlt
sector nowhere '\352\000\000\000\040'           # jmp 2000:0000, where nothing is
# each waits for its time-out; the other ways to run real mode with --long
for where in "--on bochs" "--on qemu" "--on bochs --cpu corei5_arrandale_m520 --real-mode native" \
	"--on qemu --real-mode assist"; do
	case $where${DFW_LONG-} in *--real-mode*[a-z]) continue ;; esac
	# shellcheck disable=SC2086
	{
		ends "triple faults, $where" 1 "the guest was reset" $where --timeout 5 --expect never "$work/triple.img"
		ends "a loop, $where" 1 '"never" was not seen' $where --timeout 3 --expect never "$work/spin.img"
		ends "a halt for ever, $where" 1 '---- processor' $where --timeout 3 --expect never "$work/halt.img"
		ends "into nowhere, $where" 1 'last screen' $where --timeout 3 --expect never "$work/nowhere.img"
	}
done
plan
