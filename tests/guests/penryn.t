#!/bin/sh
# SPDX-License-Identifier: MIT
# Whole guests under visor on a processor without EPT: its virtual TLB, real mode by vmxassist.
where="--cpu core2_penryn_t9600"
. tests/guests/guests.sh
if [ -n "${DFW_LONG-}" ]; then
	guests
else
	few_guests
fi
