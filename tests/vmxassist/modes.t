#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program modes.S sees the same with native real mode and under vmxassist.
. tests/vmxassist/lib.sh
expected=tests/vmxassist/modes.expected

run_guest modes qemu-native --on qemu --real-mode native
same modes qemu-native "$expected"
run_guest modes bochs-native --cpu corei5_arrandale_m520 --real-mode native
same modes bochs-native "$expected"
run_guest modes bochs-assist --cpu corei5_lynnfield_750
same modes bochs-assist "$expected"
# Without a host's CR0 read shadow, SMSW in VM86 shows the processor's own PE (docs/assist-abi.md).
sed 's/smsw pe=0000/smsw pe=0001/' "$expected" >"$work/unhosted"
run_guest modes qemu-assist --on qemu --real-mode assist
same modes qemu-assist "$work/unhosted"
for word in vme=off iopl=0; do
	run_guest modes bochs-$word --cpu corei5_lynnfield_750 --firmware $word
	same modes bochs-$word "$expected"
done

# LOADALL, which processors after the 80286 answer with #UD
run_guest loadall bochs-native --cpu corei5_arrandale_m520 --real-mode native
check "loadall is #UD natively" grep -q '^#ud:' "$work/loadall.bochs-native.out"
run_guest loadall bochs-assist --cpu corei5_lynnfield_750
same loadall bochs-assist tests/vmxassist/loadall.expected
plan
