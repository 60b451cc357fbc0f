#!/bin/sh
# SPDX-License-Identifier: MIT
# Whole guests under visor on a processor without unrestricted guest, real mode by vmxassist.
where="--cpu corei5_lynnfield_750"
. tests/guests/guests.sh

# Real mode ran in VM86 and the interpreter, of it less than 1 % in the interpreter, which knew every
# opcode; nothing exits but what must; CLI, STI, PUSHF, POPF, INT n, IRET, IN and OUT do not even trap.
checks_stats() {
	jq '
		(.visor.exits_by_reason | keys - ["CPUID", "control-register access", "I/O instruction", "RDMSR",
			"WRMSR", "XSETBV", "INVD", "task switch", "triple fault"]) as $exits |
		([.visor.io_exits_by_port[]] | add) as $ports |
		(.vmxassist.trapped | keys - (keys - ["FA", "FB", "9C", "9D", "CD", "CF",
			"E4", "E5", "E6", "E7", "EC", "ED", "EE", "EF"])) as $traps |
		.ticks_by_mode["v8086 mode"] as $vm86 |
		(.vmxassist.interpreted_total - .vmxassist.interpreted_protected) as $interpreted |
		(100 * $interpreted / ($interpreted + .vmxassist.trapped_total + $vm86)) as $share |
		if .vmxassist.invokes < 1 then "no INVOKE"
		elif .vmxassist.holes > 0 then "unknown opcodes"
		elif $exits != [] then "exits for \($exits)"
		elif (.visor.exits_by_reason["I/O instruction"] // 0) != $ports then "exits on other ports"
		elif $traps != [] then "traps on \($traps)"
		elif $vm86 < 100000 or $share >= 1 then "\($share) % of real mode interpreted, \($vm86) in VM86"
		else empty end | halt_error(1)' "$work/stats.json" && return
	jq -c . "$work/stats.json"
	return 1
}
guests
