#!/bin/sh
# SPDX-License-Identifier: MIT
# What single acts cost under vmxassist (bench/micro.S; docs/bench.md has the figures): no VM exit but the two
# of a way to protected mode and back, 64 KiB at most twice what they cost natively, a trapped
# instruction 300, a #GP 350, an interpreted one 300.
. tests/lib.sh

micro() {
	"$BUILD/dfw" run "$BUILD/bench/micro-$1.img" --cpu corei5_lynnfield_750 --debug "$work/e9" \
		--expect 'guest done' --timeout 120 --stats "$work/$1.json" >"$work/said" 2>&1 || cat "$work/said"
	sed -n 's/\r//; s/^row //p' "$work/e9" >"$work/$1"
}

exits() {
	jq -n --slurpfile a "$work/32.json" --slurpfile b "$work/64.json" \
		'$b[0].visor.exits - $a[0].visor.exits' | grep -x 64
}

# rows PATTERN MOST: each row whose name matches costs at most MOST instructions an act, and there are some
rows() {
	awk -v pattern="$1" -v most="$2" '
		function hex(s, i, v) {
			for (i = 1; i <= length(s); i++)
				v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
			return v
		}
		$0 ~ pattern { seen++; each = hex($2) / hex($1); print substr($0, 15), each; bad += each > most }
		END { exit !seen || bad }' "$work/32"
}

micro 32
micro 64
check "VM exits of 32 more rounds" exits
check "REP forms of doublewords" rows '^[^ ]* [^ ]* REP.*D.*64 KiB' 32768
check "REP forms of bytes" rows '^[^ ]* [^ ]* REP.*B, 64 KiB' 131072
check "trapped, registers alone" rows 'MOV EAX,CR0' 240
check "trapped" rows '(CR0|LGDT|LIDT|beyond)' 300
check "trapped, and a fault of the guest's" rows '#GP' 350
check "trapped, with a delivery" rows 'INT n' 610
check "interpreted" rows 'MOV.*stale' 260
check "interpreted, with the stack" rows 'PUSH.*stale' 305
check "hardware interrupt" rows 'NOP, hardware interrupt' 165
plan
