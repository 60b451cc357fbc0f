#!/bin/sh
# SPDX-License-Identifier: MIT
# Whole guests on QEMU, real mode by the processor.
where="--on qemu"
. tests/guests/guests.sh
guests
