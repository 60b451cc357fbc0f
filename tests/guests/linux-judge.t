#!/bin/sh
# SPDX-License-Identifier: MIT
# Linux as a judge of the tables, on QEMU: the host's through fw_cfg, and our own.
. tests/guests/judge.sh

# tables NAME PROCESSORS: what is in $work/linux.log
tables() {
	check "$1: Linux runs, $2 processors" runs "$work/linux.log" "$2"
	check "$1: no complaints" complaints "$work/linux.log"
	check "$1: powers off by ACPI" powered_off "$work/linux.log"
	check "$1: every BAR has its address" bars "$work/linux.log"
	check "$1: tables disassemble" disassembles "$work/linux.log"
	check "$1: SMBIOS" structures "$work/linux.log"
}

# judged NAME PROCESSORS WORDS...
judged() {
	what=$1 cpus=$2
	shift 2
	on_qemu "$work/linux.log" -smp "$cpus" "$@"
	status=$?
	check "$what: QEMU ends" [ "$status" = 0 ]
	tables "$what" "$cpus"
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
	limit=1800
	boots "visor, native" "$work/judge.iso" --memory 256 --cpu corei5_arrandale_m520 --real-mode native \
		--serial "$work/linux.log" --expect 'reboot: Power down'
	tables "visor, native" 1
	boots "visor, vmxassist" "$work/judge.iso" --memory 256 --serial "$work/linux.log" --expect 'reboot: Power down'
	tables "visor, vmxassist" 1
else
	skip "visor" "with --long"
fi
plan
