#!/bin/sh
# SPDX-License-Identifier: MIT
# memdisk, vesamenu and Linux under visor on a processor without EPT.
where="--cpu core2_penryn_t9600"
. tests/guests/loaders.sh
if [ -n "$DFW_LONG" ]; then
	loaders
else
	skip "memdisk, vesamenu and Linux without EPT" "with --long"
	plan
fi
