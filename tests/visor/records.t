#!/bin/sh
# SPDX-License-Identifier: MIT
# The assist's header and records are the guest's memory. Whatever is in them, visor says what is wrong
# and restarts the machine, where VM entry or the contract (docs/assist-abi.md) forbids it.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
. tests/visor/bochs.sh
unset stats

# refused SPOIL TEXT: the guest's program spoils this; it is told so, and the machine starts again
refused() {
	"$BUILD/visor-mkrom" "$work/rom" "$BUILD/visor-boot.bin" "$BUILD/visor.image" "$BUILD/tests/visor/guest" \
		"test=spoil spoil=$1"
	run_bochs "$work/rom" corei5_lynnfield_750 64 60 '^end' &&
		grep -q "$2" "$work/e9.txt" && grep -q '^ok the machine has restarted' "$work/e9.txt" && return
	head -40 "$work/e9.txt"
	return 1
}

while read -r spoil text; do
	check "$spoil: $text" refused "$spoil" "$text"
done <<'EOT'
cs CS is no accessed code segment
ss SS.RPL is not CS.RPL
tr TR is no busy TSS
limit G=1 with a limit whose low 12 bits are not all 1
rip RIP
base FS or GS base is not canonical
gdtr GDTR or IDTR base is not canonical
rflags RFLAGS
cr0 RESTORE of a guest whose CR0.PE is 0
dr7 DR7 has high bits set
activity activity
interruptibility interruptibility
event event
magic there is no assist at D0000
version the assist speaks another version of the ABI
record-size the assist speaks another version of the ABI
cpus the assist has no record for this processor
many records lie neither in
unaligned records are not aligned
below records lie neither in
over-the-end records lie neither in
private records lie neither in
reserve records lie outside the guest's memory
noise machine restarts
EOT
plan
