#!/bin/sh
# SPDX-License-Identifier: MIT
# GRUB 0.97 on QEMU, real mode by vmxassist.
where="--on qemu --real-mode assist"
. tests/guests/grub-legacy.sh
grub_legacy
