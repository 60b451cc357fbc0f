#!/bin/sh
# SPDX-License-Identifier: MIT
# Faults while a fault is delivered.
. tests/vmxassist/lib.sh

# QEMU 7.2 leaves EXT out of the error code where an earlier exception led to the fault (SDM vol. 3, 6.13), and checks
# no limits.
everywhere chains '^gp:|^(np|gp) for ud'
plan
