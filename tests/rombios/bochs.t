#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program of services.t on Bochs.
. tests/rombios/bochs.sh
more=
bochs services "$BUILD/dfw.rom" "$BUILD/vgabios-std.bin"
