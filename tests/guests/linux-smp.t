#!/bin/sh
# SPDX-License-Identifier: MIT
# Debian's Linux kernels, i386 and amd64, start their second processor. Bochs needs minutes for each: with
# --long only.
where=
. tests/guests/loaders.sh

# smp_linux NAME ARCHITECTURE MACHINE dfw-options...
smp_linux() {
	what=$1 machine=$3
	mkdir -p "$work/linux"
	{
		newc init $((0100755)) "$BUILD/tests/guests/init-$2"
		newc 'TRAILER!!!' 0
	} >"$work/linux/initrd"
	cp "/usr/lib/debian-installer/images/12/$2/text/debian-installer/$2/linux" "$work/linux"
	isolinux_cd linux <<-'END'
		DEFAULT /linux initrd=/initrd console=ttyS0 cryptomgr.notests
	END
	shift 3
	boots "$what" "$work/linux.iso" --cpus 2 --expect 'Brought up 1 node, 2 CPUs' \
		--expect "init: user space of Linux $machine, processors: 2." "$@"
	rm -rf "$work/linux" "$work/linux.iso"
}

smp_linux "Linux i386 on QEMU" i386 i686 --on qemu
smp_linux "Linux amd64 on QEMU" amd64 x86_64 --on qemu
if [ -n "$DFW_LONG" ]; then
	limit=1800
	smp_linux "Linux i386 on QEMU, vmxassist" i386 i686 --on qemu --real-mode assist
	smp_linux "Linux amd64 on QEMU, vmxassist" amd64 x86_64 --on qemu --real-mode assist
	smp_linux "Linux i386 under visor, vmxassist" i386 i686
	smp_linux "Linux amd64 under visor, vmxassist" amd64 x86_64
	smp_linux "Linux i386 under visor, native" i386 i686 --cpu corei5_arrandale_m520 --real-mode native
	smp_linux "Linux amd64 under visor, native" amd64 x86_64 --cpu corei5_arrandale_m520 --real-mode native
else
	skip "Linux under visor" "with --long"
fi
plan
