#!/bin/sh
# SPDX-License-Identifier: MIT
# Whole guests under visor on the first VMX processor: visor's 32-bit build, real mode by vmxassist.
where="--cpu core_duo_t2400_yonah"
. tests/guests/guests.sh
if [ -n "${DFW_LONG-}" ]; then
	guests
else
	few_guests
fi
