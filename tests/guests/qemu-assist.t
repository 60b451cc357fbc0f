#!/bin/sh
# SPDX-License-Identifier: MIT
# Whole guests on QEMU, real mode by vmxassist, without a host that speaks the assist ABI.
where="--on qemu --real-mode assist"
. tests/guests/guests.sh
guests
