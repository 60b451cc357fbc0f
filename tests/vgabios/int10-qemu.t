#!/bin/sh
# SPDX-License-Identifier: MIT
# Every sub-function of INT 10h but VBE's, on QEMU's cards.
. tests/vgabios/cards.sh
on_card std int10
on_card cirrus int10
