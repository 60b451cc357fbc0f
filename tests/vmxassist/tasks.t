#!/bin/sh
# SPDX-License-Identifier: MIT
# Task switches, which exit from every VMX guest: the assist makes them, with native real mode, too. A guest's own
# virtual-8086 monitor. IDTR, moved and cut.
. tests/vmxassist/lib.sh

# Not on QEMU 7.2: a task switch saves stale arithmetic flags, takes no trap for T (SDM vol. 3, 8.2.1) and fills the upper
# halves of registers from a 16-bit TSS with zeroes.
expected=tests/vmxassist/tasks.expected
DFW_ROM=$BUILD/dfw.rom
export DFW_ROM
run_guest tasks bochs-without-visor
same tasks bochs-without-visor "$expected"
unset DFW_ROM
run_guest tasks bochs-native --cpu corei5_arrandale_m520 --real-mode native
same tasks bochs-native "$expected"
run_guest tasks bochs-assist --cpu corei5_lynnfield_750
same tasks bochs-assist "$expected"

expected=tests/vmxassist/v86mon.expected
# QEMU without KVM has no CR4.VME: the first half
sed '/^cr4=00000001/,/^int60/d' "$expected" >"$work/no-vme"
run_guest v86mon qemu-native --on qemu --real-mode native
same v86mon qemu-native "$work/no-vme"
run_guest v86mon bochs-native --cpu corei5_arrandale_m520 --real-mode native
same v86mon bochs-native "$expected"
run_guest v86mon bochs-assist --cpu corei5_lynnfield_750
same v86mon bochs-assist "$expected"

# QEMU clears CMOS 0Fh at every reset
expected=tests/vmxassist/idtr.expected
run_guest idtr bochs-native --cpu corei5_arrandale_m520 --real-mode native
same idtr bochs-native "$expected"
run_guest idtr bochs-assist --cpu corei5_lynnfield_750
same idtr bochs-assist "$expected"
plan
