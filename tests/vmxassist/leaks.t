#!/bin/sh
# SPDX-License-Identifier: MIT
# What shows that real mode is not, as docs/assist-abi.md says for each processor.
. tests/vmxassist/lib.sh
expected=tests/vmxassist/leaks.expected
# IOPL of PUSHF, and AC, which INT n by the redirection bitmap leaves alone
sed '/iopl/s/=0000/=3000/g; s/^\(ac .*=\)0000/\10001/' "$expected" >"$work/vme"
sed '/iopl/s/=0000/=3000/g' "$expected" >"$work/no-vme"

run_guest leaks bochs-native --cpu corei5_arrandale_m520 --real-mode native
same leaks bochs-native "$expected"
for cpu in corei5_lynnfield_750 corei7_sandy_bridge_2600k corei7_skylake_x corei7_icelake_u; do
	run_guest leaks $cpu --cpu $cpu --real-mode assist
	same leaks $cpu "$work/vme"
done
run_guest leaks bochs-vme=off --cpu corei5_lynnfield_750 --firmware vme=off
same leaks bochs-vme=off "$work/no-vme"
run_guest leaks bochs-iopl=0 --cpu corei5_lynnfield_750 --firmware iopl=0
same leaks bochs-iopl=0 "$expected"
plan
