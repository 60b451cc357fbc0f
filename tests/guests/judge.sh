# SPDX-License-Identifier: MIT
# Debian's Linux as a judge of the firmware's tables: what its kernel, lspci, dmidecode, acpidump and iasl say.
. tests/guests/loaders.sh
: "${limit:=240}"

# judge_libraries PROGRAMS...: the build machine's
judge_libraries() {
	ldd "$@" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | sort -u
}

# judge_initrd: $work/judge.gz, for amd64
judge_initrd() {
	top=$work/judge
	mkdir -p "$top/bin" "$top/lib" "$top/lib64" "$top/usr/share/misc"
	tools="/usr/bin/lspci /usr/sbin/dmidecode /usr/sbin/acpidump"
	for tool in $tools; do
		cp "$(command -v "$(basename "$tool")" || echo "$tool")" "$top/bin"
	done
	# shellcheck disable=SC2046
	cp $(judge_libraries "$top"/bin/*) "$top/lib"
	cp /lib64/ld-linux-x86-64.so.2 "$top/lib64"
	cp "$(command -v busybox)" "$top/bin"
	cp tests/guests/judge-init "$top/init" && chmod +x "$top/init"
	(cd "$top" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"$work/judge.gz"
}

# judge_cd ARCHITECTURE INITRD WORDS: $work/judge.iso; its console is $console, else COM1
judge_cd() {
	rm -rf "$work/cd"
	mkdir -p "$work/cd"
	cp "$2" "$work/cd/initrd"
	cp "/usr/lib/debian-installer/images/12/$1/text/debian-installer/$1/linux" "$work/cd"
	isolinux_cd cd <<-END
		DEFAULT /linux initrd=/initrd console=${console-ttyS0} cryptomgr.notests ignore_loglevel $3
	END
	mv "$work/cd.iso" "$work/judge.iso"
}

# on_qemu LOG WORDS...: QEMU with $work/judge.iso, on the board's IDE or, with ide=piix3, on one that is added;
# ends when the guest is off or resets. The ROM, or what `kernel` names as -kernel.
on_qemu() {
	log=$1
	shift
	bus=
	if [ -n "${kernel-}" ]; then
		set -- -kernel "$kernel" "$@"
	else
		set -- -bios "$BUILD/dfw.rom" "$@"
	fi
	[ -z "${ide-}" ] || { set -- -device "$ide-ide,id=added" "$@" && bus=,bus=added.0; }
	timeout "$limit" qemu-system-x86_64 -accel tcg -nodefaults -display none -vga std -m 256 \
		-serial "file:$log" -debugcon "file:$log.e9" -drive "if=none,id=cd,media=cdrom,format=raw,file=$work/judge.iso" \
		-no-reboot "$@" -device "ide-cd,drive=cd$bus" >"$work/qemu.out" 2>&1
}

# complaints LOG: none of the kernel's lines blames the firmware. Not asked for: "mtrr: ... inconsistent", which QEMU
# brings about by resetting the MTRRs of further processors at INIT, under any BIOS. Lines that only tell the MP table's
# names are none.
complaints() {
	! grep -av 'MPTABLE: \(OEM ID\|Product ID\|APIC at\)' "$1" | grep -aiE 'bios bug|firmware bug|firmware warn|acpi error|acpi warning|acpi bios|acpi exception|mp table|mptable|AE_[A-Z]|nobody cared|no compatible bridge|failed to assign|can.t assign|not reserved in|conflicts with|\[mem size|\[io size|unassigned|disabling irq|no irq handler|unknown interrupt'
}

# part LOG TOOL: what one tool said
part() {
	tr -d '\r' <"$1" | sed -n "/^judge: begin $2/,/^judge: end/{/^judge:/!p}"
}

# runs LOG PROCESSORS
runs() {
	tr -d '\r' <"$1" | grep -q "^judge: processors $2\$"
}

powered_off() {
	grep -qa 'reboot: Power down' "$1"
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

# dmidecode finds every structure that a PC has, complete, and complains of none
structures() {
	part "$1" dmidecode >"$work/dmi"
	! grep -iE 'invalid|broken|truncated|wrong|bad |out of spec|sorry' "$work/dmi" || return
	for type in 0 1 3 4 16 17 19 32 127; do
		grep -q "DMI type $type," "$work/dmi" || { echo "no type $type" && return 1; }
	done
	grep -qE '^SMBIOS (2.8|3.0.0) present' "$work/dmi"
}
