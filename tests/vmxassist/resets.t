#!/bin/sh
# SPDX-License-Identifier: MIT
# A reset of the processor alone comes back to real mode as CMOS 0Fh says, and keeps memory. (QEMU
# clears CMOS 0Fh at every reset: it cannot show this.)
. tests/vmxassist/lib.sh
expected=tests/vmxassist/resets.expected

run_guest resets bochs-native --cpu corei5_arrandale_m520 --real-mode native
same resets bochs-native "$expected"
run_guest resets bochs-assist --cpu corei5_lynnfield_750
same resets bochs-assist "$expected"

# Ways to restart the whole machine, one after the other; the guest counts them in CMOS.
cp "$BUILD/tests/rombios/resets.bin" "$work/resets.img"
truncate -s 1440K "$work/resets.img"
restarts() {
	"$BUILD/dfw" run "$work/resets.img" --debug "$work/e9" --timeout 20 --expect never "$@" >/dev/null 2>&1
	grep -av '^dfw-visor' "$work/e9" | grep -ao 'jump to FFFF:0000\|keyboard controller\|port 92h\|port CF9h\|triple fault\|Ctrl-Alt-Del\|all ways back\|^dfw rombios' |
		tr '\n' ',' >"$work/seen"
	cat "$work/seen"
	[ "$(cat "$work/seen")" = "dfw rombios,jump to FFFF:0000,dfw rombios,keyboard controller,dfw rombios,port 92h,dfw rombios,\
port CF9h,dfw rombios,triple fault,dfw rombios,Ctrl-Alt-Del,dfw rombios,all ways back," ]
}
check "every way to restart the machine does, under visor" restarts --cpu corei5_lynnfield_750
plan
