#!/bin/sh
# SPDX-License-Identifier: MIT
# What --stats says of a short guest, GRUB's menu from CD, and that its counts repeat.
. tests/lib.sh
cd_image=/usr/lib/grub-rescue/grub-rescue-cdrom.iso

run() {
	"$BUILD/dfw" run "$cd_image" --timeout 120 "$@"
}

# holds FILE FILTER: the filter, over FILE, says true
holds() {
	jq -e "$2" "$work/$1" && return
	jq -c . "$work/$1"
	return 1
}

check "Bochs, real mode by vmxassist" run --expect 'GNU GRUB' --stats "$work/assist"
check "each tick belongs to a mode" holds assist '([.ticks_by_mode[]] | add) == .ticks and .ticks_by_mode["v8086 mode"] > 1e6'
check "real mode was entered and left" holds assist \
	'.vmxassist.invokes >= 2 and .visor.invokes == .vmxassist.invokes and .visor.restores >= 1'
check "no unknown opcode" holds assist '.vmxassist.holes == 0'
check "exits are those of a guest's start alone" holds assist \
	'.visor.exits_by_reason | keys - ["CPUID", "EPT violation", "I/O instruction", "RDMSR", "WRMSR", "control-register access"] == []'
check "exits for I/O are on the A20, reset and chipset ports alone" holds assist \
	'.visor.exits_by_reason["I/O instruction"] == ([.visor.io_exits_by_port[]] | add)'
check "each exit has a reason" holds assist '.visor.exits == ([.visor.exits_by_reason[]] | add)'
check "CLI, STI, PUSHF, POPF, INT n, IRET, INS and OUTS do not trap" holds assist \
	'.vmxassist.trapped | keys | map(IN("FA", "FB", "9C", "9D", "CD", "CF", "6C", "6D", "6E", "6F")) | any | not'
check "IN and OUT trap on the ports of x87 errors alone, A1h and F0h: POST sets them" holds assist \
	'[.vmxassist.trapped["E4", "E5", "E6", "E7", "EC", "ED", "EE", "EF"] // 0] | add < 20'
check "totals are the sums of their opcodes" holds assist \
	'.vmxassist | .trapped_total == ([.trapped[]] | add) and .interpreted_total == ([.interpreted[]] | add)'
check "each opcode has its name" holds assist '.vmxassist |
	.opcode_names["0F 22"] == "MOV Cd,Rd" and .opcode_names["0F 01"] == "Grp7" and
	(.trapped + .interpreted | keys) == (.opcode_names | keys)'
check "hardware interrupts were passed on" holds assist '.vmxassist.interrupts > 0'

check "in lockstep" run --lockstep --expect 'GNU GRUB' --stats "$work/lockstep"
check "less than 1 % of the real-mode instructions are executed one by one" holds lockstep \
	'.vmxassist.trapped_total + .vmxassist.interpreted_total < .ticks_by_mode["v8086 mode"] / 100'
check "each tick belongs to a mode" holds lockstep '([.ticks_by_mode[]] | add) == .ticks and .instructions <= .ticks'
for i in 1 2; do
	check "to GRUB's first word, $i" run --lockstep --expect 'Welcome to GRUB' --stats "$work/word$i"
done
check "counts repeat" cmp "$work/word1" "$work/word2"

# waits for a key and writes it three times beyond the first page, where it lets the screen start: int 16h;
# mov es, B8FAh; rep stosw; 3D4h: 0Ch = 07h, 0Dh = D0h
sector key '\374\061\300\315\026\271\372\270\216\301\061\377\264\007\271\003\000\363\253\272\324\003\270\014\007\357\270\015\320\357\353\376'
check "in lockstep a key arrives, and a page that starts elsewhere is seen" "$BUILD/dfw" run "$work/key.img" \
	--lockstep --expect 'Booting from floppy' --type k --expect kkk

check "Bochs, native real mode" run --cpu corei5_arrandale_m520 --real-mode native --expect 'GNU GRUB' \
	--stats "$work/native"
check "visor counts, vmxassist is not asked" holds native \
	'.vmxassist.invokes == 0 and .visor.exits > 0 and .visor.invokes == 0 and
	.visor.exits_by_reason["control-register access"] == 1'

check "QEMU, real mode by vmxassist" run --on qemu --real-mode assist --expect 'GNU GRUB' --stats "$work/qemu"
check "vmxassist counts, no visor is there" holds qemu \
	'.visor == null and .ticks == null and .vmxassist.invokes == 1 and .vmxassist.vm86_entries > 0 and
	.vmxassist.holes == 0'
check "QEMU, its own real mode" run --on qemu --expect 'GNU GRUB' --stats "$work/plain"
check "nothing counts" holds plain '.visor == null and .vmxassist == null'

# table TEXT...: the short table has each of them
table() {
	run --expect 'GNU GRUB' --stats - >"$work/table" || return
	for text in "$@"; do
		grep -q "$text" "$work/table" || { cat "$work/table"; return 1; }
	done
}
check "the short table names exits and opcodes" table 'control-register access  *[1-9]' 'CF8h and CFCh  *[1-9]' \
	'invokes  *[1-9]' 'holes  *0$' '0F 22  MOV Cd,Rd  *[1-9]' 'instructions  *[1-9]'

unwritable() {
	run --on qemu --expect 'GNU GRUB' --stats "$work/none/stats" 2>&1 | grep 'none/stats: cannot be written'
}
check "a file that cannot be written is told" unwritable

# bench: GRUB's row, its ratio near 1, and the tables
bench() {
	DFW_GUESTS=$work bench/run.sh assist >"$work/bench" && cat "$work/bench" &&
		awk '/^GRUB/ { exit !($NF > 0.9 && $NF < 1.2) }' "$work/bench"
}
check "bench: GRUB's menu costs little more than with native real mode" bench
plan
