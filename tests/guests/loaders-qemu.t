#!/bin/sh
# SPDX-License-Identifier: MIT
# memdisk, vesamenu and Linux on QEMU, real mode by the processor: the control group, with --long.
where="--on qemu"
. tests/guests/loaders.sh
loaders_control
