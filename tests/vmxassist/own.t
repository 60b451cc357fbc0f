#!/bin/sh
# SPDX-License-Identifier: MIT
# A guest that writes to D0000-DFFFF and to vmxassist's reserve: the writes are dropped and counted, by vmxassist where they
# come from real mode and by visor where it is away, and the guest runs on.
. tests/vmxassist/lib.sh

run_guest own bochs-assist --cpu corei5_lynnfield_750 --stats "$work/stats.json"
same own bochs-assist tests/vmxassist/own.expected
check "vmxassist counted its part" jq -e '.vmxassist.page_writes_dropped >= 12000' "$work/stats.json"
check "visor counted its part" jq -e '.visor.assist_writes_dropped >= 12000' "$work/stats.json"
plan
