#!/bin/sh
# SPDX-License-Identifier: MIT
# INT 13h on an IDE disk: instructions for a call, from QEMU's log of every instruction, ours beside
# SeaBIOS where that is installed (Bochs' BIOS does not start in QEMU). Waits are left out: of ours the loops that poll, by
# their addresses; of SeaBIOS every loop of 2 to 12 instructions that comes around again, which favours it. The least of
# five calls: a wait also brings in what is no loop.
set -u
: "${BUILD:=build}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
truncate -s 16M "$work/disk.img"
cp "$BUILD/bench/int13.bin" "$work/floppy.img"
truncate -s 1440K "$work/floppy.img"

address() {
	nm "$1" | awk -v name="$2" '$3 == name { print $1 }'
}
before=$(address "$BUILD/bench/int13.elf" before)
after=$(address "$BUILD/bench/int13.elf" after)
# the functions that wait, as START-END of physical addresses
waits=$(nm -n "$BUILD/rombios.elf" | awk '
	$2 !~ /[tT]/ { next } # data has offsets of another segment
	{ sub(/\..*/, "", $3) } # .isra.0 and such
	from { print from "-" $1; from = "" }
	$3 == "wait_clear" || $3 == "wait_done" || $3 == "ata_dma_busy" || $3 == "wait_microseconds" || $3 == "pit_count" { from = $1 }' | tr '\n' ' ')

# seen CHARACTER: waits for it on port E9, 20 seconds at most
seen() {
	tries=0
	while ! grep -q "$1" "$work/e9" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -le 200 ] || return
		sleep 0.1
	done
}

# calls NAME BIOS OURS: $work/NAME has the instructions of each call
calls() {
	{
		seen w || exit
		echo 'singlestep on'
		echo "logfile $work/log"
		echo 'log exec,nochain'
		echo 'sendkey a'
		seen q
		echo quit
	} | timeout 60 qemu-system-i386 -accel tcg -bios "$2" -m 32 -display none -monitor stdio -net none -serial null \
		-debugcon "file:$work/e9" -drive file="$work/floppy.img",format=raw,if=floppy,snapshot=on \
		-drive file="$work/disk.img",format=raw,if=ide,snapshot=on -boot a -no-reboot >/dev/null 2>&1
	! grep -q '!' "$work/e9" || echo "a call failed: $1" >&2
	[ -s "$work/log" ] || { echo "no log of $1" >&2; : >"$work/$1"; return; }
	sed -n 's/^Trace .*\[[0-9a-f]*\/0*\([0-9a-f]\{1,\}\)\/.*/\1/p' "$work/log" | awk -v before="${before#0000}" -v after="${after#0000}" \
		-v ours="$3" -v waits="$waits" '
		function hex(s, i, v) {
			for (i = 1; i <= length(s); i++)
				v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
			return v
		}
		function is_wait(pc, i, v) {
			if (pc in known)
				return known[pc]
			v = hex(pc) - 983040
			for (i = 1; i <= n; i++)
				if (v >= low[i] && v < high[i])
					return known[pc] = 1
			return known[pc] = 0
		}
		BEGIN {
			n = split(waits, w, " ")
			for (i = 1; i <= n; i++) {
				split(w[i], range, "-")
				low[i] = hex(range[1])
				high[i] = hex(range[2])
			}
		}
		$1 == before { on = 1; count = dropped = 0 }
		$1 == after {
			if (on && (!least || count - dropped < least))
				least = count - dropped
			if (on && ++rounds % 5 == 0) {
				print least
				least = 0
			}
			on = 0
		}
		on {
			count++
			if (ours) {
				dropped += is_wait($1)
			} else {
				# as so many instructions ago, and so for a whole round of it
				at[count] = $1
				for (p = 2; p <= 12; p++) {
					same[p] = count > p && at[count - p] == $1 ? same[p] + 1 : 0
				}
				drop = 0
				for (p = 2; p <= 12; p++)
					if (same[p] >= p && at[count - 1] != $1)
						drop = 1
				dropped += drop
			}
		}' >"$work/$1"
	rm -f "$work/e9" "$work/log"
}

calls dfw "$BUILD/dfw.rom" 1
others=
for bios in seabios:/usr/share/seabios/bios-256k.bin; do
	[ -f "${bios#*:}" ] && calls "${bios%%:*}" "${bios#*:}" '' && others="$others ${bios%%:*}"
done
set -- "42h x 1" "42h x 8" "42h x 127" "42h x 127, odd address" "43h x 127" "02h x 63" \
	"42h x 1, no bus master" "42h x 127, no bus master" "43h x 127, no bus master"
sectors="1 8 127 127 127 63 1 127 127"
printf '%-32s %10s' "instructions, and by the sector" dfw
printf ' %16s' $others
echo
i=0
for name; do
	i=$((i + 1))
	[ -n "$name" ] || continue
	s=$(echo $sectors | cut -d' ' -f$i)
	printf '%-28s' "$name"
	for who in dfw $others; do
		c=$(sed -n "${i}p" "$work/$who")
		printf ' %9s %6s' "${c:--}" "${c:+$((c / s))}"
	done
	echo
done
