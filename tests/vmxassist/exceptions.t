#!/bin/sh
# SPDX-License-Identifier: MIT
# Each exception of real mode at its vector, with its return address and flags.
. tests/vmxassist/lib.sh

# QEMU takes INT1 for #UD, and LOCK MOV for MOV: SDM vol. 2, INT n/INTO/INT3/INT1 and LOCK.
everywhere exceptions '^(icebp|lock mov):'
plan
