#!/bin/sh
# SPDX-License-Identifier: MIT
# Whole guests on visor on a processor with unrestricted guest, the control group.
where="--cpu corei5_arrandale_m520 --real-mode native"
. tests/guests/guests.sh
guests
