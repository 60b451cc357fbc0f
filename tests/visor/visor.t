#!/bin/sh
# SPDX-License-Identifier: MIT
# visor under Bochs, with a guest program in vmxloader's place: TAP.
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=build}"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. tests/visor/bochs.sh

# INVOKEs, RESTOREs, resets and dropped writes of the last run
counters() {
	sed -n 's/^0x[0-9a-f]* <bogus.*>://p' "$work/e9.txt" | tr -s '\t ' '\n\n' |
		sed -n 's/^0x0*\([0-9a-f]\)/\1/p' | tr '\n' ' '
}

for test in start private vmx paging assist interrupts a20; do
	guest corei5_lynnfield_750 "test=$test"
	if [ $test = assist ]; then
		[ "$(counters)" = "5 5 0 6 " ] && result ok "INVOKEs, RESTOREs and dropped writes are counted" ||
			result "not ok" "INVOKEs, RESTOREs and dropped writes are counted: $(counters)"
	fi
done
for reset in port92 kbc kbc-output triple; do
	guest corei5_lynnfield_750 "test=reset reset=$reset"
done
guest corei5_lynnfield_750 "test=restart reset=cf9"
guest corei5_lynnfield_750 "test=restart reset=port92"
guest corei5_lynnfield_750 "test=spoil spoil=cs"
grep -q 'CS is no accessed code segment' "$work/e9.txt" && result ok "a failed entry names the rule" ||
	result "not ok" "a failed entry names the rule"
guest corei5_lynnfield_750 "test=no-assist"
for test in start private vmx paging a20; do
	guest corei5_arrandale_m520 "test=$test"
done
guest corei5_arrandale_m520 "test=assist real-mode=assist"
guest corei7_haswell_4770 "test=assist real-mode=assist"

# visor as a multiboot kernel, by the system BIOS, isolinux and mboot.c32
mkdir "$work/cd"
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 \
	/usr/lib/syslinux/modules/bios/libcom32.c32 /usr/lib/syslinux/modules/bios/mboot.c32 \
	"$BUILD/visor" "$BUILD/tests/visor/guest" "$work/cd"
printf 'DEFAULT mboot.c32 visor test=start debug=e9 --- guest\n' >"$work/cd/isolinux.cfg"
xorriso -as mkisofs -quiet -o "$work/cd.iso" -b isolinux.bin -c boot.cat -no-emul-boot \
	-boot-load-size 4 -boot-info-table "$work/cd" 2>/dev/null
cp /usr/share/bochs/BIOS-bochs-latest "$work/rom"
cdrom=$work/cd.iso run_guest corei5_lynnfield_750 "multiboot"
printf 'DEFAULT mboot.c32 visor test=start\n' >"$work/cd/isolinux.cfg"
xorriso -as mkisofs -quiet -o "$work/cd.iso" -b isolinux.bin -c boot.cat -no-emul-boot \
	-boot-load-size 4 -boot-info-table "$work/cd" 2>/dev/null
cdrom=$work/cd.iso says "multiboot without a module" "no multiboot module"
# and by GRUB 2
cat >"$work/grub.cfg" <<'END'
search --file --set=root /visor
multiboot /visor test=start debug=e9
module /guest
boot
END
grub-mkimage -O i386-pc-eltorito -p / -c "$work/grub.cfg" -o "$work/cd/grub.img" biosdisk iso9660 search multiboot boot
xorriso -as mkisofs -quiet -o "$work/cd.iso" -b grub.img -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table \
	"$work/cd" 2>/dev/null
cdrom=$work/cd.iso run_guest corei5_lynnfield_750 "multiboot by GRUB"

guest corei7_haswell_4770 "test=interrupts real-mode=assist"
guest corei7_haswell_4770 "test=xsetbv"

rom "$BUILD/tests/visor/guest" "test=die"
says "a guest that triple-faults again and again" "16 triple faults in a row"
rom "$BUILD/tests/visor/guest" "test=start real-mode=native"
says "native real mode without unrestricted guest" "this processor has no unrestricted guest"
rom "$BUILD/tests/visor/guest" "test=start"
model=p4_prescott_celeron_336 says "no VMX" "this processor has no VMX"
# locked_rom VALUE: the reset vector goes by way of code that writes it, in octal, to IA32_FEATURE_CONTROL (3Ah):
# mov ecx, 3Ah; mov eax, VALUE; xor edx, edx; wrmsr; jmp to where the vector went
locked_rom() {
	cp "$work/unlocked" "$work/rom"
	patch $((0x800)) '\146\271\072\000\000\000\146\270\'"$1"'\000\000\000\146\061\322\017\060\351\354\367'
	patch $((0x10)) '\351\015\370'
}
patch() { # BYTES-BEFORE-THE-END OCTAL
	# shellcheck disable=SC2059
	printf "$2" | dd of="$work/rom" bs=1 seek=$(($(stat -c %s "$work/rom") - $1)) conv=notrunc 2>/dev/null
}
cp "$work/rom" "$work/unlocked"
locked_rom 001
says "locked without VMX" "VMX is locked off in IA32_FEATURE_CONTROL (1)"
model=core_duo_t2400_yonah says "locked without VMX, 32-bit" "VMX is locked off in IA32_FEATURE_CONTROL (1)"
locked_rom 003
says "locked with VMX inside SMX alone" "VMX is locked off in IA32_FEATURE_CONTROL (3)"
locked_rom 005
run_guest corei5_lynnfield_750 "test=start, locked with VMX"
cp "$work/unlocked" "$work/rom"
mib=16 says "16 MiB" "too little memory"

tail -c +65537 "$work/unlocked" >"$work/rom"
says "a ROM without its first 64 KiB" "the ROM image is cut short or damaged"

head -c 40 "$BUILD/tests/visor/guest" >"$work/elf"
rom "$work/elf" ""
says "an ELF cut in its header" "not a little-endian 32-bit ELF"
head -c 5000 "$BUILD/tests/visor/guest" >"$work/elf"
rom "$work/elf" ""
says "an ELF cut short" "a segment reaches outside the file"
: >"$work/elf"
rom "$work/elf" ""
says "no ELF" "cut short or damaged"
# p_paddr of the first program header, at 34h + 0Ch
cp "$BUILD/tests/visor/guest" "$work/elf"
printf '\0\0\0\3' | dd of="$work/elf" bs=1 seek=64 conv=notrunc 2>/dev/null
rom "$work/elf" ""
says "an ELF that wants visor's memory" "a segment lies outside the guest's memory"
head -c 5000 /dev/urandom >"$work/elf"
rom "$work/elf" ""
says "an ELF of noise" "not a little-endian 32-bit ELF"

echo "1..$n"
