#!/bin/sh
# SPDX-License-Identifier: MIT
# Instructions from power-on to a guest's first screen: real mode by vmxassist against native real
# mode, the same Bochs, the same guest, in one run. Halts are left out; each VM exit but HLT (there
# only to tell halts) counts 1,500 instructions more. docs/bench.md says how to read it.
set -u
cd "$(dirname "$0")/.." || exit 2
: "${BUILD:=build}" "${DFW_GUESTS:=../shared/guests}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
per_exit=1500

# measure NAME words-of-dfw-run...: $work/NAME.json
measure() {
	name=$1
	shift
	"$BUILD/dfw" run "$@" --lockstep --timeout 300 --stats "$work/$name.json" >"$work/said" 2>&1 && return
	cat "$work/said" >&2
	exit 1
}

# row GUEST TEXT IMAGE
row() {
	measure assist --cpu corei5_lynnfield_750 "$3" --expect "$2"
	measure native --cpu corei5_arrandale_m520 --real-mode native "$3" --expect "$2"
	jq -rn --arg guest "$1" --argjson per_exit $per_exit --slurpfile a "$work/assist.json" --slurpfile n "$work/native.json" '
		def exits: .visor.exits - (.visor.exits_by_reason.HLT // 0);
		def executed: .ticks - .visor.halt_ticks - (.vmxassist.halt_ticks // 0);
		def cost: executed + $per_exit * exits;
		$a[0] as $a | $n[0] as $n | $a.vmxassist as $v |
		[$guest, ($a | executed), ($a | exits), ($a | cost), ($n | executed), ($n | exits), ($n | cost),
			(($a | cost) / ($n | cost) * 100 | round / 100),
			$v.interpreted_total, $v.trapped_total, $v.vm86_ticks,
			($v.interpreted_total / ($v.interpreted_total + $v.vm86_ticks) * 10000 | round / 100)] | @tsv' >>"$work/rows"
}

: >"$work/rows"
row "GRUB 2 CD, menu" 'GNU GRUB' /usr/lib/grub-rescue/grub-rescue-cdrom.iso
if [ -f "$DFW_GUESTS/freedos-1440k.img.xz" ]; then
	xz -dkc "$DFW_GUESTS/freedos-1440k.img.xz" >"$work/freedos.img"
	row 'FreeDOS prompt' 'A:\>' "$work/freedos.img"
fi
if [ -f "$DFW_GUESTS/openbsd-2.8-floppy.img.xz" ]; then
	xz -dkc "$DFW_GUESTS/openbsd-2.8-floppy.img.xz" >"$work/openbsd.img"
	row "OpenBSD 2.8, boot>" 'boot>' "$work/openbsd.img"
fi

awk -F '\t' '
	BEGIN {
		print "                      real mode by vmxassist               native real mode"
		print "to                   executed  exits       cost      executed  exits       cost   ratio"
	}
	{
		printf "%-18s %10d %6d %10d    %10d %6d %10d  %6.2f\n", $1, $2, $3, $4, $5, $6, $7, $8
		share[NR] = sprintf("%-18s %12d %8d %12d  %8.2f %%", $1, $11, $10, $9, $12)
	}
	END {
		print ""
		print "real-mode code         in VM86  trapped  interpreted  interpreted"
		for (i = 1; i <= NR; i++)
			print share[i]
	}' "$work/rows"
