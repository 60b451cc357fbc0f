#!/bin/sh
# SPDX-License-Identifier: MIT
# NMI, and interrupts of the local APIC.
. tests/vmxassist/lib.sh

everywhere apic
plan
