# SPDX-License-Identifier: MIT
# The paging torture guest: on the bare machine and under visor.
. tests/visor/bochs.sh
unset stats

# torture_native PROGRAM MODEL WORDS SECONDS: its lines to $work/native
torture_native() {
	mkdir -p "$work/cd"
	cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 \
		/usr/lib/syslinux/modules/bios/libcom32.c32 /usr/lib/syslinux/modules/bios/mboot.c32 \
		"$BUILD/tests/visor/$1" "$work/cd"
	printf 'DEFAULT mboot.c32 %s %s\n' "$1" "$3" >"$work/cd/isolinux.cfg"
	xorriso -as mkisofs -quiet -o "$work/cd.iso" -b isolinux.bin -c boot.cat -no-emul-boot \
		-boot-load-size 4 -boot-info-table "$work/cd" 2>/dev/null
	cdrom=$work/cd.iso run_bochs /usr/share/bochs/BIOS-bochs-latest "$2" 64 "$4" '^end' || return
	torture_lines >"$work/native"
}

# torture_visor PROGRAM MODEL WORDS SECONDS: to $work/visor
torture_visor() {
	"$BUILD/visor-mkrom" "$work/rom" "$BUILD/visor-boot.bin" "$BUILD/visor.image" "$BUILD/tests/visor/$1" "$3" || return
	run_bochs "$work/rom" "$2" 64 "$4" '^end' || return
	torture_lines >"$work/visor"
}

torture_lines() {
	sed -n 's/\r//; /^[0-9]\{1,\} [0-9a-f]*$/p; /^u\{0,1\}[rwx] /p' "$work/e9.txt"
}

# same_as_native PROGRAM MODEL WORDS SECONDS
same_as_native() {
	torture_visor "$@" || { echo "it did not come to its end" && tail -5 "$work/e9.txt" && return 1; }
	[ -s "$work/native" ] && diff "$work/native" "$work/visor"
}
