#!/bin/sh
# SPDX-License-Identifier: MIT
# Every sub-function of VBE and every mode, on Bochs' cards. Its VNC display stops in modes of direct
# colour, so that its window goes to an X server without a screen.
. tests/vgabios/cards.sh
if ! command -v Xvfb >/dev/null; then
	echo "1..0 # SKIP there is no Xvfb"
	exit 0
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
