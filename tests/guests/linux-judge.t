#!/bin/sh
# SPDX-License-Identifier: MIT
# Linux as a judge of the tables, on QEMU: the host's through fw_cfg, and our own.
. tests/guests/judge.sh

# what Debian's i386 kernel does not complain of is enough: no tools for it
i386_initrd() {
	{
		newc init $((0100755)) "$BUILD/tests/guests/init-i386"
		newc 'TRAILER!!!' 0
	} >"$work/i386.cpio"
}

runs() {
	tr -d '\r' <"$1" | grep -q "^judge: processors $2\$"
}

powered_off() {
	grep -qa 'reboot: Power down' "$1" && [ "$status" = 0 ]
}

# a BAR without an address is shown as such, a bridge's window that is closed is not
bars() {
	part "$1" lspci >"$work/lspci"
	grep -q '^00:00.0' "$work/lspci" && ! grep -iE 'unassigned|<ignored>|virtual\]' "$work/lspci"
}

# each table by itself: the checksums and lengths are good and iasl takes it apart without a word
disassembles() {
	rm -rf "$work/tables"
	mkdir "$work/tables"
	part "$1" acpidump >"$work/tables/dump"
	(cd "$work/tables" && acpixtract -a dump) >/dev/null && ls "$work/tables"/*.dat >/dev/null || return
	for table in "$work/tables"/*.dat; do
		iasl -d "$table" >"$table.said" 2>&1 || { cat "$table.said" && return 1; }
		! grep -iE 'error|warning|invalid|incorrect' "$table.said" || return
	done
}

# judged NAME PROCESSORS WORDS...
judged() {
	what=$1 cpus=$2
	shift 2
	on_qemu "$work/linux.log" -smp "$cpus" "$@"
	status=$?
	check "$what: Linux runs, $cpus processors" runs "$work/linux.log" "$cpus"
	check "$what: no complaints" complaints "$work/linux.log"
	check "$what: powers off by ACPI" powered_off "$work/linux.log"
	check "$what: every BAR has its address" bars "$work/linux.log"
	check "$what: tables disassemble" disassembles "$work/linux.log"
}

judge_initrd
judge_cd amd64 "$work/judge.gz" judge=off
own=name=opt/dfw/cmdline,string=tables=own
ide=
judged "pc" 2 -machine pc
judged "pc, own tables" 2 -machine pc -fw_cfg "$own"
ide=piix3
judged "q35" 2 -machine q35
judged "q35, own tables" 2 -machine q35 -fw_cfg "$own"

plan
