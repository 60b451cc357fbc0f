# SPDX-License-Identifier: MIT
# Debian's Linux as a judge of the firmware's tables: what its kernel, lspci, dmidecode, acpidump and iasl say.
. tests/guests/loaders.sh
: "${limit:=240}"

# libraries PROGRAMS...: the build machine's
libraries() {
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
	cp $(libraries "$top"/bin/*) "$top/lib"
	cp /lib64/ld-linux-x86-64.so.2 "$top/lib64"
	cp "$(command -v busybox)" "$top/bin"
	cp tests/guests/judge-init "$top/init" && chmod +x "$top/init"
	(cd "$top" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"$work/judge.gz"
}

# judge_cd ARCHITECTURE INITRD WORDS: $work/judge.iso
judge_cd() {
	rm -rf "$work/cd"
	mkdir -p "$work/cd"
	cp "$2" "$work/cd/initrd"
	cp "/usr/lib/debian-installer/images/12/$1/text/debian-installer/$1/linux" "$work/cd"
	isolinux_cd cd <<-END
		DEFAULT /linux initrd=/initrd console=ttyS0 cryptomgr.notests ignore_loglevel $3
	END
	mv "$work/cd.iso" "$work/judge.iso"
}

# on_qemu LOG WORDS...: QEMU with the ROM and $work/judge.iso, on the board's IDE or, with ide=piix3, on one that
# is added; ends when the guest is off or resets
on_qemu() {
	log=$1
	shift
	bus=
	[ -z "${ide-}" ] || { set -- -device "$ide-ide,id=added" "$@" && bus=,bus=added.0; }
	timeout "$limit" qemu-system-x86_64 -accel tcg -nodefaults -display none -vga std -m 256 -bios "$BUILD/dfw.rom" \
		-serial "file:$log" -debugcon "file:$log.e9" -drive "if=none,id=cd,media=cdrom,format=raw,file=$work/judge.iso" \
		-no-reboot "$@" -device "ide-cd,drive=cd$bus" >"$work/qemu.out" 2>&1
}

# complaints LOG: none of the kernel's lines blames the firmware
complaints() {
	! grep -aiE 'bios bug|firmware bug|firmware warn|acpi error|acpi warning|acpi bios|acpi exception|mp table|mptable|AE_[A-Z]|nobody cared|no compatible bridge|failed to assign|can.t assign|not reserved in|conflicts with|\[mem size|\[io size|unassigned|disabling irq|no irq handler|unknown interrupt' "$1"
}

# part LOG TOOL: what one tool said
part() {
	tr -d '\r' <"$1" | sed -n "/^judge: begin $2/,/^judge: end/{/^judge:/!p}"
}
