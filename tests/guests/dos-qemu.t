#!/bin/sh
# SPDX-License-Identifier: MIT
# FreeDOS's programs on QEMU, real mode by the processor: the control group, with --long.
where="--on qemu"
. tests/guests/dos.sh
dos_control
