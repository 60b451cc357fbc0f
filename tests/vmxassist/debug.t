#!/bin/sh
# SPDX-License-Identifier: MIT
# Single step, breakpoints, DR6 and DR7.
. tests/vmxassist/lib.sh

# QEMU has STI hold off the trap of a single step and MOV SS no breakpoint (SDM vol. 3, 6.8.3), lets bit 12 of
# DR6 and bits 14 and 15 of DR7 be written, which read as 0, and knows no GD (17.2.4), traps at each iteration
# of a REP form that RF had resumed (17.3.1.1), and at no data of REP MOVS.
everywhere debug '^(cli, sti|dr6 of 0|behind mov ss|resumed at rep lodsb|rep movsb on it|mov ss with data|gd)'
plan
