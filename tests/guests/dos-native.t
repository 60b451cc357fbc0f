#!/bin/sh
# SPDX-License-Identifier: MIT
# FreeDOS's programs under visor, real mode by the processor: the control group, with --long.
where="--cpu corei5_arrandale_m520 --real-mode native"
. tests/guests/dos.sh
dos_control
