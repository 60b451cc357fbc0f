#!/bin/sh
# SPDX-License-Identifier: MIT
# The MP table against the machine: a guest program tells both.
. tests/lib.sh

# fields of the table, out of the guest's lines
told() {
	sed -n "s/^$1: .*$2=\\([0-9a-f]*\\).*/\\1/p" "$work/e9"
}

sums() {
	grep -q '^pointer: sum=00 revision=04 imcr=00$' "$work/e9" &&
		grep -q '^table: sum=00 revision=04 signature=504d4350 apic=fee00000$' "$work/e9"
}

# processors N: N of them with different identifiers, all enabled, the first one alone marked so, and as CPUID
# and the local APIC say
processors() {
	[ "$(told cpu apic | sort -u | wc -l)" = "$1" ] || return
	[ "$(told cpu flags | tr '\n' ' ')" = "03 $(yes 01 | head -n $(($1 - 1)) | tr '\n' ' ')" ] || return
	[ "$(told cpu apic | head -n 1)" = "$(sed -n 's/^machine: apic=\(..\) .*/\1/p' "$work/e9")" ] || return
	for field in signature features; do
		[ "$(told cpu $field | sort -u)" = "$(told machine $field)" ] || return
	done
	[ "$(told cpu version | sort -u)" = "$(sed -n 's/^machine: apic=.. version=\(..\) .*/\1/p' "$work/e9")" ]
}

# an identifier that no local APIC has, and the register's
io_apic() {
	grep -q "^io-apic: id=$(told machine io-apic) version=$(told machine version) flags=01 at=fec00000\$" "$work/e9" &&
		! told cpu apic | grep -qx "$(told machine io-apic)"
}

# every PCI pin is there with its line; no line is a PCI and an ISA interrupt, no ISA interrupt twice; 2 is none
interrupts() {
	isa=$(sed -n 's/^bus: id=\(..\) ISA.*/\1/p' "$work/e9")
	sed -n 's/^pci: irq=\(..\) line=\(..\)/bus=00 irq=\1 pin=\2/p' "$work/e9" | sort -u >"$work/pci"
	sed -n 's/^interrupt: .*flags=000d \(bus=.. irq=..\) apic=.. \(pin=..\)/\1 \2/p' "$work/e9" | sort -u >"$work/listed"
	cmp "$work/pci" "$work/listed" || return
	sed -n "s/^interrupt: kind=00 flags=0000 bus=$isa irq=\\(..\\) apic=.. pin=\\(..\\)/\\1 \\2/p" "$work/e9" >"$work/isa"
	grep -qx '00 02' "$work/isa" && ! grep -q '^02' "$work/isa" || return
	[ "$(sed '/^00/d' "$work/isa" | awk '$1 != $2')" = "" ] || return
	pins=$(cat "$work/listed" "$work/isa" | sed 's/.*[ =]//' | sort -u | wc -l)
	[ "$pins" = "$({ sed 's/.*=//' "$work/listed" | sort -u; sed 's/.* //' "$work/isa"; } | wc -l)" ]
}

locals() {
	grep -q '^local: kind=03 .* apic=ff pin=00$' "$work/e9" && grep -q '^local: kind=01 .* apic=ff pin=01$' "$work/e9"
}

# on NAME N dfw-options...
on() {
	host=$1 cpus=$2
	shift 2
	"$BUILD/dfw" run "$BUILD/tests/vmxloader/mptable.img" --cpus "$cpus" --debug "$work/e9" --expect "guest done" \
		--timeout 120 "$@" >"$work/run" 2>&1
	check "$host: pointer and table" sums
	check "$host: $cpus processors" processors "$cpus"
	check "$host: I/O APIC" io_apic
	check "$host: interrupts" interrupts
	check "$host: local interrupts" locals
	check "$host: the timer comes by pin 2" grep -q '^timer: comes' "$work/e9"
}

on "QEMU" 1 --on qemu
on "QEMU" 3 --on qemu
on "Bochs, visor" 1
on "Bochs, visor" 2
on "Bochs, visor, native" 4 --cpu corei5_arrandale_m520 --real-mode native
plan
