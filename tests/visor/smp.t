#!/bin/sh
# SPDX-License-Identifier: MIT
# TLB shoot-downs between two processors, with EPT, with the virtual TLBs that each has for itself, and under the
# 32-bit build: TAP.
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=build}"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. tests/visor/bochs.sh
unset stats
cpus=2
for model in core2_penryn_t9600 core_duo_t2400_yonah corei5_lynnfield_750; do
	guest $model test=shootdown
done
guest corei5_lynnfield_750 "test=shootdown ept=off"
guest core2_penryn_t9600 "test=shootdown vtlb=48"
echo "1..$n"
