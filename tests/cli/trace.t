#!/bin/sh
# SPDX-License-Identifier: MIT
# What --trace writes of a short guest, GRUB's menu from CD: a timeline that agrees with --stats.
. tests/lib.sh
cd_image=/usr/lib/grub-rescue/grub-rescue-cdrom.iso

run() {
	"$BUILD/dfw" run "$cd_image" --timeout 120 --expect 'GNU GRUB' "$@"
}

# holds FILTER...: jq's filter says true, $s being the counters
holds() {
	jq -e --slurpfile stats "$work/stats" "(\$stats[0].vmxassist) as \$s | .traceEvents as \$e | $1" "$work/trace" && return
	jq -c '[.otherData, .traceEvents[:5], .traceEvents[-5:]]' "$work/trace"
	return 1
}

timeline() {
	check "$1: begun spans end, each in its turn" holds '[$e[] | select(.ph == "B" or .ph == "E")] |
		reduce .[] as $x ([]; if $x.ph == "B" then . + [$x.name] elif .[-1] == $x.name then .[:-1] else . + ["bad"] end) == []'
	check "$1: time does not run backwards" holds '[$e[] | select(.ph != "M" and .ph != "X").ts] | . == sort'
	check "$1: nothing was lost" holds '.otherData.lost == 0'
	check "$1: a span of real mode for each INVOKE" holds '[$e[] | select(.ph == "B" and .name == "real mode")] | length == $s.invokes'
	check "$1: a span of protected mode for each RESTORE" holds \
		'[$e[] | select(.ph == "B" and .name == "protected mode")] | length == $s.restores'
	check "$1: every instruction that was executed one by one" holds \
		'([$e[] | select(.cat == "trapped")] | length) == $s.trapped_total and
		([$e[] | select(.cat == "interpreted")] | length) == $s.interpreted_total'
	check "$1: by opcode" holds \
		'([$e[] | select(.cat == "trapped").args.opcode] | group_by(.) | map({(.[0]): length}) | add) == $s.trapped'
	check "$1: MOV CR0 has its name, and a place" holds \
		'[$e[] | select(.name == "MOV Cd,Rd" and .dur > 0 and (.args.at | test("^[0-9a-f]{4}:[0-9a-f]{4,8}$")))] | length > 0'
	check "$1: hardware interrupts" holds '[$e[] | select(.name == "interrupt")] | length == $s.interrupts'
	check "$1: each entry to VM86" holds \
		'[$e[] | select(.ph == "B" and (.name | startswith("VM86")))] | length == $s.vm86_entries'
}

check "Bochs, real mode by vmxassist" run --stats "$work/stats" --trace "$work/trace"
timeline Bochs
check "QEMU, real mode by vmxassist" run --on qemu --real-mode assist --stats "$work/stats" --trace "$work/trace"
timeline QEMU

refused() {
	run "$@" --trace "$work/none" >"$work/said" 2>&1
	[ $? -eq 2 ] && grep -q 'needs --real-mode assist' "$work/said" && [ ! -e "$work/none" ]
}
check "native real mode has no trace: told" refused --on qemu
unwritable() {
	run --trace "$work/none/trace" 2>&1 | grep 'none/trace: No such file'
}
check "a file that cannot be written is told" unwritable
plan
