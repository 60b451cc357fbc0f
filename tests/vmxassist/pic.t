#!/bin/sh
# SPDX-License-Identifier: MIT
# Hardware interrupts at every kind of base, and exceptions beside them.
. tests/vmxassist/lib.sh

everywhere pic
plan
