#!/bin/sh
# SPDX-License-Identifier: MIT
# Where a pending interrupt gets in.
. tests/vmxassist/lib.sh

everywhere shadows
plan
