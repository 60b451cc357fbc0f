#!/bin/sh
# SPDX-License-Identifier: MIT
# Real mode by vmxassist against native real mode, the same guest in the same Bochs: instructions of
# single acts, and from power-on to a guest's first screen. Waits are left out there; each VM exit
# counts 1,500 instructions more. Then, without the word "assist", the BIOS' services beside those of other BIOSes.
# docs/bench.md says how to read it.
# usage: bench/run.sh [assist]
set -u
cd "$(dirname "$0")/.." || exit 2
: "${BUILD:=build}" "${DFW_GUESTS:=../shared/guests}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# micro ROUNDS NAME words-of-dfw-run...: $work/NAME has the rows that bench/micro.S prints
micro() {
	rounds=$1 name=$2
	shift 2
	"$BUILD/dfw" run "$BUILD/bench/micro-$rounds.img" "$@" --debug "$work/e9" --expect 'guest done' --timeout 120 \
		--stats "$work/$name.json" >"$work/said" 2>&1 || { cat "$work/said" >&2; exit 1; }
	sed -n 's/\r//; s/^row //p' "$work/e9" >"$work/$name"
}

# measure NAME words-of-dfw-run...: $work/NAME.json
measure() {
	name=$1
	shift
	"$BUILD/dfw" run "$@" --lockstep --timeout 300 --stats "$work/$name.json" >"$work/said" 2>&1 && return
	cat "$work/said" >&2
	exit 1
}

# row GUEST IMAGE TEXT
row() {
	measure assist --cpu corei5_lynnfield_750 "$2" --expect "$3"
	# under vmxassist visor names the processors, natively vmxloader would wait for others
	measure native --cpu corei5_arrandale_m520 --real-mode native --firmware processors=0 "$2" --expect "$3"
	jq -rn --arg guest "$1" --slurpfile a "$work/assist.json" --slurpfile n "$work/native.json" '
		def cost: .instructions + 1500 * .visor.exits;
		# halts: in protected mode under vmxassist, in real mode natively
		def halted: .ticks - .instructions;
		def mode(m): .ticks_by_mode[m] // 0;
		def guest_and_firmware: mode("protected mode") + mode("real mode") - halted;
		def opcodes: to_entries | sort_by(-.value) | .[:8][];
		$a[0] as $a | $n[0] as $n | $a.vmxassist as $v |
		($v.interpreted_total - $v.interpreted_protected) as $interpreted |
		(["cost", $guest, ($a, $n | .instructions, .visor.exits, cost), ($a | cost) / ($n | cost)],
		["who", $guest, ($a | mode("v8086 mode"), guest_and_firmware, mode("long mode")),
			($n | guest_and_firmware, mode("long mode"))],
		["how", $guest, ($a | mode("v8086 mode")), $v.stretches, $v.trapped_total, $interpreted,
			100 * $interpreted / ($interpreted + $v.trapped_total + ($a | mode("v8086 mode"))),
			$v.interpreted_protected, $v.interrupts, $v.invokes],
		($v.trapped | opcodes | ["opcode", $guest, "trapped", .key, $v.opcode_names[.key], .value]),
		($v.interpreted | opcodes | ["opcode", $guest, "interpreted", .key, $v.opcode_names[.key], .value])) |
		@tsv' >>"$work/rows" || exit 1
}

# image FILE: where it is unpacked, or nothing
image() {
	[ -f "$DFW_GUESTS/$1.xz" ] && xz -dkc "$DFW_GUESTS/$1.xz" >"$work/$1" && echo "$work/$1"
}

micro 32 assist --cpu corei5_lynnfield_750
micro 32 native --cpu corei5_arrandale_m520 --real-mode native
micro 64 twice --cpu corei5_lynnfield_750
awk '
	function hex(s, i, v) {
		for (i = 1; i <= length(s); i++)
			v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
		return v
	}
	{ each[FILENAME, FNR] = hex($2) / hex($1); name[FNR] = substr($0, 15) }
	END {
		printf "%-38s %10s %10s %10s %7s\n", "instructions for", "vmxassist", "native", "more", "ratio"
		for (i = 2; i <= FNR; i++) { # less the reading of the TSC, unless over many
			a = each[ARGV[1], i]
			n = each[ARGV[2], i]
			printf "%-38s %10.0f %10.0f %10.0f %7.2f\n", name[i], a, n, a - n, a / n
		}
	}' "$work/assist" "$work/native"
jq -rn --slurpfile a "$work/assist.json" --slurpfile b "$work/twice.json" \
	'"VM exits of 32 more rounds of each: \($b[0].visor.exits - $a[0].visor.exits)\n"'

row 'GRUB 2 CD, menu' /usr/lib/grub-rescue/grub-rescue-cdrom.iso 'GNU GRUB'
floppy=$(image freedos-1440k.img) && row 'FreeDOS, A:\>' "$floppy" 'A:\>'
floppy=$(image openbsd-2.8-floppy.img) && row 'OpenBSD 2.8, boot>' "$floppy" 'boot>'

awk -F '\t' '
	{ gsub(/\\\\/, "\\") }
	$1 == "cost" {
		cost = cost sprintf("%-18s %10d %6d %10d   %10d %6d %10d  %5.2f\n", $2, $3, $4, $5, $6, $7, $8, $9)
	}
	$1 == "who" { who = who sprintf("%-18s %10d %10d %10d   %10d %10d\n", $2, $3, $4, $5, $6, $7) }
	$1 == "how" {
		how = how sprintf("%-18s %10d %9d %8d %12d %5.2f %% %9d %11d %8d\n", $2, $3, $4, $5, $6, $7, $8, $9, $10)
	}
	$1 == "opcode" { opcodes = opcodes sprintf("%-18s %-12s %-5s  %-12s %8d\n", $2, $3, $4, $5, $6) }
	END {
		print "                        real mode by vmxassist           native real mode"
		print "to                   executed  exits       cost     executed  exits       cost  ratio"
		print cost
		print "                        real mode by vmxassist            native real mode"
		print "executed in              VM86       rest      visor         rest      visor"
		print who
		print "real-mode code        in VM86 stretches  trapped  interpreted   share  with PE=1  interrupts  INVOKEs"
		print how
		print "to                 opcodes executed one by one     times"
		printf "%s", opcodes
	}' "$work/rows"

[ "${1-}" != assist ] || exit 0
echo
bench/services.sh
echo
bench/video.sh
echo
bench/host.sh
echo
bench/int13.sh
