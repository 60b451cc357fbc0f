#!/bin/sh
# SPDX-License-Identifier: MIT
# GRUB 0.97 under visor, real mode by vmxassist.
where="--cpu corei5_lynnfield_750"
. tests/guests/grub-legacy.sh
grub_legacy
