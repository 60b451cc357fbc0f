#!/bin/sh
# SPDX-License-Identifier: MIT
# FreeDOS's programs on QEMU, real mode by vmxassist.
where="--on qemu --real-mode assist"
smsw_shows_pe=yes
. tests/guests/dos.sh
dos
