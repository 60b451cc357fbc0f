#!/bin/sh
# SPDX-License-Identifier: MIT
# memdisk, vesamenu and Linux under visor on the first VMX processor.
where="--cpu core_duo_t2400_yonah"
. tests/guests/loaders.sh
if [ -n "$DFW_LONG" ]; then
	loaders
else
	skip "memdisk, vesamenu and Linux on it" "with --long"
	plan
fi
