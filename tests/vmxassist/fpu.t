#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program fpu.S sees the same with native real mode and under vmxassist.
. tests/vmxassist/lib.sh
expected=tests/vmxassist/fpu.expected

run_guest fpu bochs-native --cpu corei5_arrandale_m520 --real-mode native
same fpu bochs-native "$expected"
run_guest fpu bochs-assist --cpu corei5_lynnfield_750 --stats "$work/stats.json"
same fpu bochs-assist "$expected"
check "vmxassist itself leaves the unit's registers alone" \
	sh -c '! objdump -d "$0" | grep -E "%(xmm|mm|st)"' "$BUILD/vmxassist.elf"
check "every instruction is known" jq -e '.vmxassist.holes == 0' "$work/stats.json"
for word in vme=off iopl=0; do
	run_guest fpu bochs-$word --cpu corei5_lynnfield_750 --firmware $word
	same fpu bochs-$word "$expected"
done

# QEMU's processor has no SSSE3 and later; its emulation has no instruction pointers, no SIMD exceptions, no
# limits, and #MF for FWAIT alone.
without_qemus_lacks() {
	sed '/^later/,/^66 movnti/d' "$1" | grep -v -e '^image' -e '^mf' -e '^xm' -e '^ud' -e '^ldmxcsr' -e 'limit' -e 'fxrstor'
}
without_qemus_lacks "$expected" >"$work/expected"
for mode in native assist; do
	run_guest fpu qemu-$mode --on qemu --real-mode $mode
	without_qemus_lacks "$work/fpu.qemu-$mode.out" >"$work/out"
	check "fpu on qemu-$mode" diff -u "$work/expected" "$work/out"
done
plan
