#!/bin/sh
# SPDX-License-Identifier: MIT
# Linux as a judge of the tables, on QEMU: the host's through fw_cfg, and our own.
. tests/guests/judge.sh

# judged NAME PROCESSORS WORDS...
judged() {
	what=$1 cpus=$2
	shift 2
	on_qemu "$work/linux.log" -smp "$cpus" "$@"
	status=$?
	check "$what: Linux runs, $cpus processors" runs "$work/linux.log" "$cpus"
	check "$what: no complaints" complaints "$work/linux.log"
	check "$what: QEMU ends" [ "$status" = 0 ]
	check "$what: powers off by ACPI" powered_off "$work/linux.log"
	check "$what: every BAR has its address" bars "$work/linux.log"
	check "$what: tables disassemble" disassembles "$work/linux.log"
	check "$what: SMBIOS" structures "$work/linux.log"
}

judge_initrd
judge_cd amd64 "$work/judge.gz" judge=off
own=name=opt/dfw/cmdline,string=tables=own
ide=
judged "pc" 2 -machine pc
ide=piix3
judged "q35, own tables" 2 -machine q35 -fw_cfg "$own"
if [ -n "$DFW_LONG" ]; then
	judged "q35" 2 -machine q35
	ide=
	judged "pc, own tables" 2 -machine pc -fw_cfg "$own"
fi
plan
