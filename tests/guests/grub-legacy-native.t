#!/bin/sh
# SPDX-License-Identifier: MIT
# GRUB 0.97 under visor, real mode by the processor: the control group.
where="--cpu corei5_arrandale_m520 --real-mode native"
. tests/guests/grub-legacy.sh
grub_legacy
