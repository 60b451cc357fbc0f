#!/bin/sh
# SPDX-License-Identifier: MIT
# A guest's ring 0 looks for visor's memory, with EPT and without: TAP.
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=build}"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. tests/visor/bochs.sh
pci="enabled=1, chipset=i440fx, slot1=pcivga" # a device with a memory base address register
for model in corei5_lynnfield_750 core2_penryn_t9600 core_duo_t2400_yonah; do
	guest $model test=isolation
done
echo "1..$n"
