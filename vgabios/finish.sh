#!/bin/sh
# SPDX-License-Identifier: MIT
#
# finish.sh ROM: pads an option ROM to 32 KiB and sets byte 6 so that all bytes add up to 0 mod 256.
set -e
truncate -s 32768 "$1"
sum=$(od -An -v -tu1 "$1" | awk '{ for (i = 1; i <= NF; i++) s += $i } END { print (256 - s % 256) % 256 }')
printf "\\$(printf %o "$sum")" | dd of="$1" bs=1 seek=6 conv=notrunc status=none
