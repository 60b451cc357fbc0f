# SPDX-License-Identifier: MIT
# For the tests of visor: runs a ROM under Bochs, port E9 on standard output.
# usage: . bochs.sh; run_bochs ROM MODEL [MIB [SECONDS]]

run_bochs() {
	rc=$work/bochsrc
	cat >"$rc" <<-END
	plugin_ctrl: unmapped=1
	config_interface: textconfig
	display_library: rfb, options="timeout=0"
	cpu: model=$2, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=0
	memory: guest=${3:-64}, host=${3:-64}
	romimage: file=$1
	vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
	port_e9_hack: enabled=1
	com1: enabled=1, mode=file, dev=$work/com1.txt
	clock: sync=none
	sound: driver=dummy
	speaker: enabled=1, mode=gui
	log: $work/bochs.log
	panic: action=fatal
	error: action=report
	info: action=report
	END
	printf 'c\nquit\n' >"$work/go"
	timeout "${4:-20}" bochs-bin -q -f "$rc" -rc "$work/go" </dev/null 2>/dev/null
}
