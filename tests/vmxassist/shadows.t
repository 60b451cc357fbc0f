#!/bin/sh
# SPDX-License-Identifier: MIT
# Where a pending interrupt gets in. QEMU now and then takes one between MOV SS and the next instruction, natively, too.
. tests/vmxassist/lib.sh

everywhere shadows 'under ticks'
plan
