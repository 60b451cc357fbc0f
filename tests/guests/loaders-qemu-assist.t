#!/bin/sh
# SPDX-License-Identifier: MIT
# memdisk, vesamenu and Linux on QEMU, real mode by vmxassist.
where="--on qemu --real-mode assist"
. tests/guests/loaders.sh
loaders
