#!/bin/sh
# SPDX-License-Identifier: MIT
# Chains of faults that end in shutdown. (QEMU clears CMOS 0Fh at every reset, and Bochs without visor, as dfw sets it up,
# ends where a processor shuts down.)
. tests/vmxassist/lib.sh
expected=tests/vmxassist/chains_fatal.expected

column chains_fatal bochs-native --cpu corei5_arrandale_m520 --real-mode native
column chains_fatal bochs-assist --cpu corei5_lynnfield_750
for word in vme=off iopl=0; do
	column chains_fatal bochs-$word --cpu corei5_lynnfield_750 --firmware $word
done

# Without a shutdown code the machine starts again, and the host says where the guest died.
# lidt with limit 0, ud2
sector dies '\372\056\017\001\036\012\174\017\013\364'
told() {
	"$BUILD/dfw" run "$work/dies.img" --debug "$work/e9" --timeout 6 --expect never "$@" >"$work/said" 2>&1
	grep -a '^dfw-visor: triple fault' "$work/e9" | sort -u
	[ "$(grep -a '^dfw-visor: triple fault at' "$work/e9" | sort -u)" = "dfw-visor: triple fault at 0:7c07" ]
}
check "visor says where, natively" told --cpu corei5_arrandale_m520 --real-mode native
check "visor says where, under vmxassist" told --cpu corei5_lynnfield_750
plan
