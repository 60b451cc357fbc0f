#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program of services.t on Bochs, whose timer, floppy, keyboard, clock and ports take time.
: "${BUILD:=build}"
BUILD=$(cd "$BUILD" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$BUILD/tests/rombios/services.img" "$work/floppy.img"
cat >"$work/rc" <<EOF
plugin_ctrl: unmapped=1
config_interface: textconfig
display_library: rfb, options="timeout=0"
cpu: model=corei5_lynnfield_750, count=1, ips=20000000, reset_on_triple_fault=0
memory: guest=64, host=64
romimage: file=$BUILD/dfw.rom, options=fastboot
vgaromimage: file=$BUILD/vgabios-std.bin
floppya: 1_44=$work/floppy.img, status=inserted
port_e9_hack: enabled=1
com1: enabled=1, mode=file, dev=$work/com1
com2: enabled=1, mode=file, dev=$work/com2
parport1: enabled=1, file=$work/lpt1
clock: sync=none
sound: driver=dummy
speaker: enabled=1, mode=gui
mouse: type=ps2, enabled=1
log: $work/log
panic: action=fatal
error: action=report
info: action=ignore
EOF
printf 'c\nquit\n' >"$work/go"
timeout 200 bochs-bin -q -f "$work/rc" -rc "$work/go" </dev/null 2>/dev/null | grep -a '^ok\|^not ok\|^# \|^1\.\.\|^Bail'
