#!/bin/sh
# SPDX-License-Identifier: MIT
# Every sub-function of VBE and every mode, on Bochs' cards, which takes four minutes. Its VNC display stops in modes of direct
# colour, so that its window goes to an X server without a screen.
. tests/vgabios/cards.sh
if [ -z "${DFW_LONG-}" ]; then
	skip "VBE on Bochs' cards" "with --long"
	plan
	exit
fi
mkfifo "$work/number"
Xvfb -displayfd 3 -nolisten tcp 3>"$work/number" >/dev/null 2>&1 &
xvfb=$!
trap 'kill $xvfb; rm -rf "$work"' EXIT
read -r number <"$work/number"
export DISPLAY=":$number"
display=x
on_card bochs-vbe vbe
on_card bochs-cirrus vbe
