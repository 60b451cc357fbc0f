# SPDX-License-Identifier: MIT
# bochs IMAGE BIOS VGABIOS, with $more lines of configuration: a guest program of these tests on Bochs, whose timer, floppy, keyboard,
# clock and ports take time; its lines of TAP
: "${BUILD:=build}"
BUILD=$(cd "$BUILD" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

. tests/bochs.sh

bochs() {
	cp "$BUILD/tests/rombios/$1.img" "$work/floppy.img"
	limit=${limit:-200} bochs_bios "$2" "$3" <<-EOT | grep -a '^ok\|^not ok\|^# \|^1\.\.\|^Bail'
		floppya: 1_44=$work/floppy.img, status=inserted
		boot: floppy
		com1: enabled=1, mode=file, dev=$work/com1
		com2: enabled=1, mode=file, dev=$work/com2
		$more
		parport1: enabled=1, file=$work/lpt1
		mouse: type=ps2, enabled=1
		error: action=report
	EOT
}
