#!/bin/sh
# SPDX-License-Identifier: MIT
# Every sub-function of VBE and every mode, on QEMU's cards.
. tests/vgabios/cards.sh
on_card std vbe
on_card cirrus vbe
