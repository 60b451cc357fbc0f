#!/bin/sh
# SPDX-License-Identifier: MIT
# The interrupt table moved and cut; flags.
. tests/vmxassist/lib.sh

everywhere ivt
plan
