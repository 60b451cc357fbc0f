#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program of calls.t on Bochs, with four serial ports.
. tests/rombios/bochs.sh
more="com3: enabled=1, mode=file, dev=$work/com3
com4: enabled=1, mode=file, dev=$work/com4"
bochs calls "$BUILD/dfw.rom" "$BUILD/vgabios-std.bin"
