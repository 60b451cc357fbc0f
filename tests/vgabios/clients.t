#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs of others that use the video BIOS, on QEMU with each card: isolinux's vesainfo; with --long also
# GRUB's gfxterm, videoinfo and videotest, Linux' vga= and its list, text modes with 132 columns, vbetool
# through x86emu, FreeDOS' editor. $pictures is a folder that keeps the last picture of each.
: "${DFW_LONG:=}" "${pictures:=}"
where=
. tests/guests/judge.sh
[ -n "$pictures" ] || pictures=$work

# client CARD NAME dfw-options...
client() {
	card=$1 name=$2
	shift 2
	where="--on qemu --vga $card"
	boots "$card: $name" --screenshot "$pictures/$card-$(echo "$name" | tr ' =/:' '____').png" "$@"
}

# pixels PICTURE WIDTH HEIGHT: a PNG's size, big-endian at byte 16
pixels() {
	[ "$(od -An -tu1 -j16 -N8 "$1" | awk '{ print $3 * 256 + $4, $7 * 256 + $8 }')" = "$2 $3" ]
}

vesainfo() {
	mkdir -p "$work/vesainfo/isolinux"
	cp /usr/lib/syslinux/modules/bios/vesainfo.c32 "$work/vesainfo/isolinux"
	isolinux_cd vesainfo <<-'END'
		DEFAULT vesainfo.c32
	END
}

# grub_cd NAME: $work/NAME.iso, its menu's commands from standard input
grub_cd() {
	mkdir -p "$work/$1/boot/grub"
	cat >"$work/$1/boot/grub/grub.cfg"
	cp /usr/share/grub/unicode.pf2 "$work/$1/boot/grub"
	grub-mkrescue -d /usr/lib/grub/i386-pc -o "$work/$1.iso" "$work/$1" >/dev/null 2>&1
}

# grub_video CARD SIZE BITS
grub_video() {
	grub_cd gfxterm <<-END
		serial
		insmod vbe
		insmod gfxterm
		insmod videoinfo
		loadfont /boot/grub/unicode.pf2
		set gfxmode=$2x$3
		terminal_output gfxterm serial
		videoinfo
		echo "gfxterm: the end"
		sleep 1000
	END
	client "$1" "GRUB gfxterm $2x$3" --cdrom "$work/gfxterm.iso" --serial "$work/grub.log" --expect 'gfxterm: the end'
	check "$1: GRUB's videoinfo: VBE, the current mode" sh -c "grep -a 'VESA BIOS' $work/grub.log >&2; tr -d '\r' <$work/grub.log | grep -a '^\*.* ${2%x*} x *${2#*x} x *$3 '"
	grub_cd videotest <<-END
		serial
		insmod vbe
		insmod videotest
		set gfxmode=$2x$3
		echo "videotest: begins"
		sleep 2
		videotest $2x$3
	END
	client "$1" "GRUB videotest $2x$3" --cdrom "$work/videotest.iso" --serial "$work/grub.log" --expect 'videotest: begins' \
		--timeout 12
}

# linux_video CARD MODE WIDTH HEIGHT BITS
linux_video() {
	mkdir -p "$work/lv/isolinux"
	cp "/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386/linux" "$work/lv"
	{
		newc init $((0100755)) "$BUILD/tests/guests/init-i386"
		newc 'TRAILER!!!' 0
	} >"$work/lv/initrd"
	isolinux_cd lv <<-END
		DEFAULT /linux initrd=/initrd vga=$2 console=tty0 console=ttyS0 cryptomgr.notests ignore_loglevel
	END
	client "$1" "Linux vga=$2" "$work/lv.iso" --serial "$work/linux.log" --expect 'init: user space'
	check "$1: Linux' frame buffer is $3x$4x$5" grep -aE "(mode is |format=[a-z0-9]*, mode=)$3x$4x$5|Console: switching to colour frame buffer device $(($3 / 8))x$(($4 / 16))" "$work/linux.log"
}

linux_ask() {
	mkdir -p "$work/ask/isolinux"
	cp "/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386/linux" "$work/ask"
	isolinux_cd ask <<-END
		DEFAULT /linux vga=ask console=ttyS0
	END
	client "$1" "Linux vga=ask" "$work/ask.iso" --expect 'to see video modes' --type '\n' --expect '1024x768x16' \
		--expect 'Enter a video mode'
	client "$1" "Linux in 132 columns" "$work/ask.iso" --expect 'to see video modes' --type '\n' --expect '132x50' \
		--type 'scan\n' --expect '132x60'
}

vbetool_initrd() {
	top=$work/vbetool
	mkdir -p "$top/bin" "$top/lib" "$top/lib64"
	cp /usr/sbin/vbetool "$(command -v busybox)" "$top/bin"
	# shellcheck disable=SC2046
	cp $(judge_libraries /usr/sbin/vbetool) "$top/lib"
	cp /lib64/ld-linux-x86-64.so.2 "$top/lib64"
	cp tests/vgabios/vbetool-init "$top/init" && chmod +x "$top/init"
	(cd "$top" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"$work/vbetool.gz"
	judge_cd amd64 "$work/vbetool.gz" "vga=0x317"
}

vbetool() {
	client "$1" "vbetool by x86emu" "$work/judge.iso" --serial "$work/vbetool.log" --expect 'vbetool: the end'
	check "$1: vbetool: mode, state saved and restored, text mode and back" sh -c "grep -a '^vbetool' $work/vbetool.log; ! grep -aqi 'failed\|error\|not supported\|unknown\|real mode call' $work/vbetool.log &&
		grep -aq 'vbetool: mode 0x4117' $work/vbetool.log && grep -aq 'vbetool: state is the same' $work/vbetool.log"
}

edit() {
	has_image "$1: FreeDOS' editor" freedos-1.0-tools.img || return
	client "$1" "FreeDOS EDIT" "$work/freedos-1.0-tools.img" --expect 'A:\>' --type '\\freedos\\bin\\edit\n' --expect 'File' \
		--expect 'Edit' --type 'some text' --expect 'some text'
}

vesainfo
client std vesainfo "$work/vesainfo.iso" --expect 'VBE version 3.0' --expect '2560  1600  32'
client cirrus vesainfo "$work/vesainfo.iso" --expect 'VBE version 3.0' --expect '1024   768  24'
if [ -n "$DFW_LONG" ]; then
	vbetool_initrd
	for card in std cirrus; do
		grub_video $card 1024x768 16
		grub_video $card 640x480 8
		linux_video $card 0x301 640 480 8
		linux_video $card 0x314 800 600 16
		linux_video $card 0x317 1024 768 16
		linux_ask $card
		vbetool $card
		edit $card
	done
fi
plan
