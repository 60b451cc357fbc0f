#!/bin/sh
# SPDX-License-Identifier: MIT
# FreeDOS's programs under visor, real mode by vmxassist.
where="--cpu corei5_lynnfield_750"
. tests/guests/dos.sh
checks_stats=assist_stats
dos
