#!/bin/sh
# SPDX-License-Identifier: MIT
# GRUB 0.97 on QEMU, real mode by the processor.
where="--on qemu"
. tests/guests/grub-legacy.sh
grub_legacy
