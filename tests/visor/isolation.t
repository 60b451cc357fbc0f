#!/bin/sh
# SPDX-License-Identifier: MIT
# A guest's ring 0 looks for visor's memory, with EPT, without, and under the 32-bit build: TAP. --long: each
# kind of reset on each.
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=build}"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. tests/visor/bochs.sh

# isolated MODEL ELF-OF-VISOR BASE WORDS: what the guest looks for, and that visor held it (the last exit's ESI and
# EDI, the seventh and eighth register of the first virtual processor)
isolated() {
	vcpus=0x$(nm "$BUILD/$2" | awk '$3 == "vcpus" { print substr($1, length($1) - 7) }')
	stats=$((vcpus - $3 + 0x3000000 + 6 * 8))
	guest "$1" "$4 secret=$((stats % 4096))"
	grep -q '^0x.*:[^0]*0x5ec2e7a1[^0]*0x9d3bf067' "$work/e9.txt" && result ok "$1 $4: visor held it" ||
		result "not ok" "$1 $4: visor held it"
}

lynnfield="corei5_lynnfield_750 visor.elf 0x80000000"
penryn="core2_penryn_t9600 visor.elf 0x80000000"
yonah="core_duo_t2400_yonah visor32.elf 0xf0000000"
i440fx="enabled=1, chipset=i440fx, slot1=pcivga"
i440bx="enabled=1, chipset=i440bx, slot1=pcivga" # has a bridge
all="port92 kbc kbc-output triple cf9"
while read -r machine resets; do
	eval "processor=\$$machine"
	pci=$i440fx
	# shellcheck disable=SC2086
	isolated $processor "test=isolation"
	pci=
	[ -z "${DFW_LONG-}" ] || resets=$all
	for reset in $resets; do
		# shellcheck disable=SC2086
		isolated $processor "test=isolation-reset reset=$reset"
	done
done <<'END'
lynnfield port92 cf9
penryn kbc triple
yonah kbc-output cf9
END
pci=$i440bx
# shellcheck disable=SC2086
isolated $lynnfield "test=isolation chipset=i440bx"
grep -q '^bridge windows tried: [1-9]' "$work/e9.txt" && result ok "there was a bridge" || result "not ok" "there was a bridge"
echo "1..$n"
