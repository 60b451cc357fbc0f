#!/bin/sh
# SPDX-License-Identifier: MIT
# dfw run --on kvm: the command line, which QEMU takes, and what it says where there is no nested VMX. KVM
# itself is not used.
. tests/lib.sh
cd_image=/usr/lib/grub-rescue/grub-rescue-cdrom.iso

dry() {
	"$BUILD/dfw" run --on kvm --dry-run "$@" "$cd_image"
}

# has WORDS words-of-dfw-run...: they are part of the command line
has() {
	words=$1
	shift
	dry "$@" >"$work/line" && cat "$work/line" && grep -qF -- "$words" "$work/line"
}
check "unrestricted guest is hidden" has "-accel kvm -machine pc -m 256M -smp 2" --cpus 2
check "on the host's processor" has "-cpu host,+vmx,-vmx-unrestricted-guest "
check "on one of the user's" has "-cpu Penryn,+vmx,-vmx-unrestricted-guest " --cpu Penryn
check "native real mode hides nothing" has "-cpu host,+vmx " --real-mode native
check "the CD" has "-drive if=ide,index=2,media=cdrom,format=raw,file=cdrom.iso"

# QEMU knows these words: the same without KVM, and a processor that it can do without
taken() {
	dry --cpu Penryn >"$work/line" && cp "$BUILD/dfw-visor.rom" "$work/dfw.rom" && cp "$cd_image" "$work/cdrom.iso" || return
	(cd "$work" && echo quit | eval "timeout 30 $(sed 's/-accel kvm/-accel tcg/' line) -monitor stdio") >"$work/said" 2>&1
	status=$?
	grep -v "TCG doesn't support requested feature" "$work/said"
	[ $status = 0 ] && ! grep -q 'not found\|invalid' "$work/said"
}
check "QEMU takes the command line" taken

nested=/sys/module/kvm_intel/parameters/nested
refused() {
	timeout 20 "$BUILD/dfw" run --on kvm "$cd_image" >"$work/said" 2>&1
	status=$?
	cat "$work/said"
	[ $status = 1 ] && grep -q -- '--on kvm needs' "$work/said"
}
if [ -e /dev/kvm ] && [ -e $nested ]; then
	skip "no nested VMX: refused" "there is"
else
	check "no nested VMX: refused" refused
fi
bochs() {
	"$BUILD/dfw" run --dry-run "$cd_image" 2>&1 | grep -- '--dry-run is for'
}
check "no dry run on Bochs" bochs
plan
