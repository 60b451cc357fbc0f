#!/bin/sh
# SPDX-License-Identifier: MIT
# The paging torture guest (torture.c) shows the same on the bare machine and under visor: with the virtual
# TLB, with EPT, and with EPT left alone. --long: 10 million accesses, half with the virtual TLB and half with EPT.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
. tests/visor/torture.sh

# compare PROGRAM MODE MODEL BLOCKS VISOR-WORDS...
compare() {
	program=$1 mode=$2 model=$3 blocks=$4
	shift 4
	words="mode=$mode seed=${seed:-1} blocks=$blocks"
	check "mode $mode, $model without visor, $((blocks * 1024)) accesses" \
		torture_native "$program" "$model" "$words" $((blocks * 2 + 60))
	for more in "$@"; do
		check "mode $mode, $model${more:+, $more}: the same" \
			same_as_native "$program" "$model" "$words $more" $((blocks * 4 + 60))
	done
}

if [ -n "${DFW_LONG-}" ]; then
	seed=7
	for model in core2_penryn_t9600 corei5_lynnfield_750; do
		compare torture32 2 $model 1650 ''
		compare torture32 3 $model 1650 ''
		compare torture64 4 $model 1650 ''
	done
else
	compare torture32 2 core2_penryn_t9600 12 ''
	compare torture32 3 core2_penryn_t9600 12 '' vtlb=48
	compare torture64 4 core2_penryn_t9600 6 ''
	compare torture32 3 core_duo_t2400_yonah 8 ''
	compare torture32 3 corei5_lynnfield_750 8 '' ept=off
	compare torture64 4 corei5_lynnfield_750 6 ''
fi
plan
