#!/bin/sh
# SPDX-License-Identifier: MIT
# What visor costs a guest with EPT, with the virtual TLB, and as a 32-bit host, beside the same processor
# without visor: instructions from power-on to a text, each VM exit as 1,500 more. --long: Linux, too, which
# takes Bochs minutes each. docs/bench.md says how to read it.
set -u
cd "$(dirname "$0")/.." || exit 2
: "${BUILD:=build}" "${DFW_GUESTS:=../shared/guests}" "${DFW_LONG:=}"
where=
. tests/guests/loaders.sh

# host_row GUEST TEXT dfw-options...: one line for each processor
host_row() {
	guest=$1 text=$2
	shift 2
	for cpu in core_duo_t2400_yonah core2_penryn_t9600 corei5_lynnfield_750; do
		DFW_ROM=$BUILD/dfw.rom "$BUILD/dfw" run --cpu $cpu --real-mode native "$@" --timeout 900 --expect "$text" \
			--stats "$work/without.json" >"$work/said" 2>&1 || { cat "$work/said" >&2 && return 1; }
		"$BUILD/dfw" run --cpu $cpu --real-mode assist "$@" --timeout 900 --expect "$text" \
			--stats "$work/with.json" >"$work/said" 2>&1 || { cat "$work/said" >&2 && return 1; }
		jq -rn --arg guest "$guest" --arg cpu $cpu --slurpfile w "$work/with.json" --slurpfile o "$work/without.json" '
			($w[0].instructions + 1500 * $w[0].visor.exits) as $cost |
			[$guest, $cpu, $w[0].instructions, $w[0].visor.exits, $cost, $o[0].instructions,
				$cost / $o[0].instructions,
				([$w[0].visor.exits_by_reason | to_entries | sort_by(-.value)[] | "\(.key) \(.value)"] | join(", "))] |
			@tsv' >>"$work/rows"
	done
}

if [ -f "$DFW_GUESTS/freedos-1440k.img.xz" ]; then
	xz -dkc "$DFW_GUESTS/freedos-1440k.img.xz" >"$work/freedos.img"
	host_row 'FreeDOS, A:\>' 'A:\>' --lockstep "$work/freedos.img" || exit 1
fi
if [ -n "$DFW_LONG" ]; then
	linux_cd i386
	host_row 'Linux i386, init' 'init: user space of Linux i686' "$work/linux.iso" || exit 1
fi
awk -F '\t' '
	{ gsub(/\\\\/, "\\") }
	BEGIN { print "to                 processor                executed   exits       cost    without visor  ratio" }
	{
		printf "%-18s %-22s %10d %7d %10d %16d  %5.2f\n", $1, $2, $3, $4, $5, $6, $7
		reasons = reasons sprintf("%-18s %-22s %s\n", $1, $2, $8)
	}
	END { printf "\nto                 processor              exits for\n%s", reasons }' "$work/rows"
