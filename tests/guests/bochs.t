#!/bin/sh
# SPDX-License-Identifier: MIT
# Whole guests under visor on a processor without unrestricted guest, real mode by vmxassist.
where="--cpu corei5_lynnfield_750"
. tests/guests/guests.sh
checks_stats=assist_stats
guests
