#!/bin/sh
# SPDX-License-Identifier: MIT
# The test cards of pictures.c on QEMU's cards: sums of the pictures, which were looked at when they were taken
# (tests/vgabios/peers.sh pictures CARD FOLDER makes files of them), and what services read back. Cirrus with --long.
. tests/lib.sh
. tests/vgabios/pictures.sh
for card in std cirrus; do
	if [ $card = cirrus ] && [ -z "${DFW_LONG-}" ]; then
		skip "pictures, cirrus" "with --long"
		continue
	fi
	mkdir "$work/$card"
	pictures $card "$BUILD/vgabios-$card.bin" "$work/$card"
	sums "$work/$card" >"$work/sums"
	check "pictures, $card" diff -u tests/vgabios/pictures-$card.expected "$work/sums"
	rm -r "${work:?}/$card"
done
plan
