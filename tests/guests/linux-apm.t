#!/bin/sh
# SPDX-License-Identifier: MIT
# Debian's i386 kernel ends by ACPI, and with its APM driver by APM: powers off and restarts. The driver comes from the
# kernel's package, of i386, which is downloaded with --long.
. tests/guests/judge.sh

# ending_cd END WORDS [MODULE]
ending_cd() {
	printf %s "$1" >"$work/end"
	{
		newc init $((0100755)) "$BUILD/tests/guests/init-i386"
		newc end $((0100644)) "$work/end"
		[ -z "${3-}" ] || newc apm.ko $((0100644)) "$3"
		newc 'TRAILER!!!' 0
	} >"$work/i386.cpio"
	judge_cd i386 "$work/i386.cpio" "$2"
}

# ends TEXT QEMU-WORDS...: QEMU ended of itself, and the kernel said so
ends() {
	text=$1
	shift
	on_qemu "$work/linux.log" "$@" || return
	cat "$work/linux.log"
	grep -qa "$text" "$work/linux.log"
}

# apm_module: $BUILD/apm.ko, of the same version as the installer's kernel
apm_module() {
	[ ! -e "$BUILD/apm.ko" ] || return 0
	version=$(file -b /usr/lib/debian-installer/images/12/i386/text/debian-installer/i386/linux | sed -n 's/.*version \([^ ]*\) .*/\1/p')
	mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
	set -- -q -o APT::Architecture=i386 -o APT::Architectures::=i386 -o "Dir::State::Lists=$work/apt/lists" \
		-o "Dir::Cache=$work/apt/cache" -o Dir::State::status=/dev/null -o APT::Sandbox::User=root -o Acquire::Languages=none
	(cd "$work/apt" && { apt-get "$@" update; apt-get "$@" download "linux-image-$version"; }) || return
	dpkg-deb --fsys-tarfile "$work"/apt/*.deb | tar -x -O --wildcards '*/apm.ko' >"$work/apm.ko" && mv "$work/apm.ko" "$BUILD"
}

no_module() {
	cat "$work/apt.log"
	return 1
}

ide='' kernel=''
ending_cd o ''
check "i386, pc: powers off by ACPI" ends 'reboot: Power down' -machine pc
if [ -z "${DFW_LONG-}" ]; then
	skip "i386: restarts, q35, APM" "with --long"
	plan
	exit
fi
ide=piix3
check "i386, q35: powers off by ACPI" ends 'reboot: Power down' -machine q35
ide=
ending_cd r ''
check "i386, pc: restarts" ends 'reboot: Restarting system' -machine pc
if apm_module >"$work/apt.log" 2>&1; then
	for machine in pc q35; do
		[ $machine = pc ] || ide=piix3
		ending_cd o acpi=off "$BUILD/apm.ko"
		# -icount: on a busy machine the kernel may find that the timer does not tick while it looks
		check "i386, $machine: APM 1.2 is told of" ends 'init: apm 1.16ac 1.2 0x03' -machine $machine -icount shift=3
		check "i386, $machine: and powers off" grep -qa 'reboot: Power down' "$work/linux.log"
		check "i386, $machine: no complaints" complaints "$work/linux.log"
		ending_cd r acpi=off "$BUILD/apm.ko"
		check "i386, $machine: restarts without ACPI" ends 'reboot: Restarting system' -machine $machine
	done
elif grep -q -e 'Failed to fetch' -e 'Could not resolve' -e 'Unable to locate' "$work/apt.log"; then
	skip "i386: APM" "the kernel's package cannot be downloaded"
else
	check "i386: APM" no_module
fi
plan
