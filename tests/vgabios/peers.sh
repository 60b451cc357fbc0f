#!/bin/sh
# SPDX-License-Identifier: MIT
# Other video BIOSes beside ours: registers and BIOS data area after each mode set, and the pictures of pictures.c.
# What differs is in docs/vgabios.md.
# usage: tests/vgabios/peers.sh state|pictures std|cirrus [FOLDER that keeps the pictures]
: "${BUILD:=build}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tests/vgabios/state.sh
. tests/vgabios/pictures.sh
card=${2-}
case $card in
std) name=stdvga ;;
cirrus) name=cirrus ;;
*) set -- usage ;;
esac
ours=$BUILD/vgabios-$card.bin
seavgabios=/usr/share/seabios/vgabios-$name.bin
lgpl=/usr/share/vgabios/vgabios-$name.bin
case $1 in
state)
	state "$card" "$ours" >"$work/ours"
	for peer in "$seavgabios" "$lgpl"; do
		state "$card" "$peer" >"$work/theirs"
		echo "--- $peer"
		diff "$work/ours" "$work/theirs"
	done
	;;
pictures)
	folder=${3-$work}
	mkdir -p "$folder/ours" "$folder/seavgabios" "$folder/lgpl"
	pictures "$card" "$ours" "$folder/ours"
	pictures "$card" "$seavgabios" "$folder/seavgabios"
	pictures "$card" "$lgpl" "$folder/lgpl"
	for peer in seavgabios lgpl; do
		for picture in "$folder"/ours/*.ppm; do
			cmp -s "$picture" "$folder/$peer/${picture##*/}" || echo "$peer: ${picture##*/}"
		done
		diff "$folder/ours/values" "$folder/$peer/values"
	done
	;;
*)
	echo "usage: tests/vgabios/peers.sh state|pictures std|cirrus [FOLDER]" >&2
	exit 2
	;;
esac
