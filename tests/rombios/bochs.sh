# SPDX-License-Identifier: MIT
# bochs IMAGE BIOS VGABIOS, with $more lines of configuration: a guest program of these tests on Bochs, whose timer, floppy, keyboard,
# clock and ports take time; its lines of TAP
: "${BUILD:=build}"
BUILD=$(cd "$BUILD" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bochs() {
	cp "$BUILD/tests/rombios/$1.img" "$work/floppy.img"
	cat >"$work/rc" <<-EOT
		plugin_ctrl: unmapped=1
		config_interface: textconfig
		display_library: rfb, options="timeout=0"
		cpu: model=corei5_lynnfield_750, count=1, ips=20000000, reset_on_triple_fault=0
		memory: guest=64, host=64
		romimage: file=$2, options=fastboot
		vgaromimage: file=$3
		floppya: 1_44=$work/floppy.img, status=inserted
		boot: floppy
		port_e9_hack: enabled=1
		com1: enabled=1, mode=file, dev=$work/com1
		com2: enabled=1, mode=file, dev=$work/com2
		$more
		parport1: enabled=1, file=$work/lpt1
		clock: sync=none
		sound: driver=dummy
		speaker: enabled=1, mode=gui
		mouse: type=ps2, enabled=1
		log: $work/log
		panic: action=fatal
		error: action=report
		info: action=ignore
	EOT
	printf 'c\nquit\n' >"$work/go"
	timeout "${limit:-200}" bochs-bin -q -f "$work/rc" -rc "$work/go" </dev/null 2>/dev/null | grep -a '^ok\|^not ok\|^# \|^1\.\.\|^Bail'
}
