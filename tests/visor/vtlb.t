#!/bin/sh
# SPDX-License-Identifier: MIT
# visor's virtual TLB, on a processor without EPT and on one whose EPT is not used: TAP.
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=build}"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. tests/visor/bochs.sh

for test in start "private no-identity=1" vmx paging assist interrupts a20 "reset reset=triple" "restart reset=cf9" \
	"spoil spoil=cs" no-assist; do
	guest core2_penryn_t9600 "test=$test"
done
# the 32-bit build
for test in start vmx paging assist interrupts a20 "restart reset=cf9"; do
	guest core_duo_t2400_yonah "test=$test"
done
for test in paging assist a20; do
	guest corei5_lynnfield_750 "test=$test ept=off"
done
guest corei7_haswell_4770 "test=paging ept=off"

rom "$BUILD/tests/visor/guest" "test=start ept=off real-mode=native"
model=corei7_haswell_4770 says "native real mode without EPT" "this processor has no unrestricted guest"

echo "1..$n"
