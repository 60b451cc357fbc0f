#!/bin/sh
# SPDX-License-Identifier: MIT
# memdisk, vesamenu and Linux under visor, real mode by vmxassist.
where="--cpu corei5_lynnfield_750"
. tests/guests/loaders.sh
checks_stats=assist_stats
loaders
