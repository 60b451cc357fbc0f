#!/bin/sh
# SPDX-License-Identifier: MIT
# The test cards of pictures.c on QEMU's cards: sums of the pictures, which were looked at when they were taken
# (tests/vgabios/peers.sh pictures CARD FOLDER makes files of them), and what services read back.
. tests/lib.sh
. tests/vgabios/pictures.sh
for card in std cirrus; do
	mkdir "$work/$card"
	pictures $card "$BUILD/vgabios-$card.bin" "$work/$card"
	sums "$work/$card" >"$work/sums"
	check "pictures, $card" diff -u tests/vgabios/pictures-$card.expected "$work/sums"
	rm -r "${work:?}/$card"
done
plan
