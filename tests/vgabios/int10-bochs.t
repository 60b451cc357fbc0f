#!/bin/sh
# SPDX-License-Identifier: MIT
# Every sub-function of INT 10h but VBE's, on Bochs' cards.
. tests/vgabios/cards.sh
on_card bochs-vbe int10
on_card bochs-cirrus int10
