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
# prefetchable memory that fits above 4 GiB alone, behind one bridge, and devices behind two
bridges="-m 6G -device pci-bridge,id=b1,chassis_nr=1 -device pci-bridge,id=b2,chassis_nr=2,bus=b1
	-object memory-backend-ram,id=m,size=8G -device ivshmem-plain,memdev=m,bus=b1
	-device virtio-rng-pci,bus=b2 -device virtio-serial-pci,bus=b2"
ports="-m 5G -device pcie-root-port,id=p1,chassis=1 -device pcie-root-port,id=p2,chassis=2
	-device virtio-rng-pci,bus=p1 -device virtio-serial-pci,bus=p2"
ide= kernel=
# shellcheck disable=SC2086
judged "pc, bridges, 6 GiB" 2 -machine pc $bridges
ide=piix3
# shellcheck disable=SC2086
judged "q35, own tables, root ports" 3 -machine q35 -fw_cfg "$own" $ports

judge_cd amd64 "$work/judge.gz" judge=reboot
ide=
on_qemu "$work/linux.log" -machine pc -fw_cfg "$own"
status=$?
restarts() {
	grep -qa 'reboot: Restarting system' "$work/linux.log" && [ "$status" = 0 ]
}
check "pc, own tables: reboots by ACPI's reset register" restarts

i386_cd() {
	{
		newc init $((0100755)) "$BUILD/tests/guests/init-i386"
		newc 'TRAILER!!!' 0
	} >"$work/i386.cpio"
	judge_cd i386 "$work/i386.cpio"
}
i386_cd
boots "pc, Linux i386" "$work/judge.iso" --on qemu --cpus 2 --serial "$work/linux.log" --expect 'init: user space'
check "pc, Linux i386: no complaints" complaints "$work/linux.log"

if [ -n "$DFW_LONG" ]; then
	judge_cd amd64 "$work/judge.gz" judge=off
	judged "pc, own tables" 1 -machine pc -fw_cfg "$own"
	ide=piix3
	judged "q35" 2 -machine q35
	ide= kernel=$BUILD/vmxloader
	judged "pc, multiboot" 2 -machine pc
	# without the multiboot header QEMU goes by the PVH note
	kernel=$work/pvh
	cp "$BUILD/vmxloader" "$kernel"
	printf '\0\0\0\0' | dd of="$kernel" bs=1 conv=notrunc 2>/dev/null \
		seek=$(($(readelf -lW "$kernel" | awk '/LOAD/ { print $2; exit }')))
	judged "pc, PVH" 2 -machine pc
	kernel=
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
