#!/bin/sh
# SPDX-License-Identifier: MIT
# All VGA registers, the BIOS data area and the font vectors after each mode set are those of state.expected: the
# IBM VGA's parameter table, on all cards.
. tests/vgabios/cards.sh
. tests/vgabios/state.sh
for card in std cirrus; do
	state $card "$BUILD/vgabios-$card.bin" >"$work/state"
	check "state after each mode set, QEMU $card" diff -u tests/vgabios/state.expected "$work/state"
done
for card in bochs-vbe bochs-cirrus; do
	on_card $card state
	states <"$work/e9" >"$work/state"
	check "state after each mode set, $card" diff -u tests/vgabios/state.expected "$work/state"
done
plan
