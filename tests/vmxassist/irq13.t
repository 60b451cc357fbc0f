#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest program irq13.S sees the same natively and under vmxassist. Natively: on Bochs alone, since VMX has
# CR0.NE=1 always; QEMU does not survive its own IRQ 13 here.
. tests/vmxassist/lib.sh
expected=tests/vmxassist/irq13.expected

DFW_ROM=$BUILD/dfw.rom run_guest irq13 bochs-native --cpu corei5_lynnfield_750 --real-mode native
same irq13 bochs-native "$expected"
run_guest irq13 bochs-assist --cpu corei5_lynnfield_750
same irq13 bochs-assist "$expected"
run_guest irq13 bochs-iopl=0 --cpu corei5_lynnfield_750 --firmware iopl=0
same irq13 bochs-iopl=0 "$expected"
plan
