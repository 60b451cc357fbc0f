#!/bin/sh
# SPDX-License-Identifier: MIT
# memdisk, vesamenu and Linux under visor, real mode by the processor: the control group, with --long.
where="--cpu corei5_arrandale_m520 --real-mode native"
. tests/guests/loaders.sh
loaders_control
