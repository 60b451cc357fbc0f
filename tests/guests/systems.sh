# SPDX-License-Identifier: MIT
# Operating systems and boot loaders, each from a medium of its own.
. tests/guests/guests.sh

# within_hosts FILE: its RAM and ACPI's tables (types 1, 3, 4) lie in what visor gave, and lack of it the EBDA
# and vmxassist's reserve, nothing else
within_hosts() {
	sed -n 's/^dfw-visor: memory \([0-9a-f]*\)-\([0-9a-f]*\) type 1$/\1 \2/p' "$work/e9" >"$work/host"
	missing=0
	while read -r from to; do
		missing=$((missing + 0x$to - 0x$from))
	done <"$work/host"
	while read -r from to type; do
		case $type in 1 | 3 | 4) ;; *) continue ;; esac
		missing=$((missing - (0x$to - 0x$from)))
		found=
		while read -r low high; do
			[ $((0x$from >= 0x$low && 0x$to <= 0x$high)) = 0 ] || found=yes
		done <"$work/host"
		[ "$found" ] || { echo "$from-$to is no memory of visor's" && return 1; }
	done <"$1"
	[ "$missing" = $((0x400 + 0x100000)) ] || { echo "$missing bytes are missing" && return 1; }
}

# meminfo: the E820 map that the guest sees is the one that vmxloader says it gave, and that visor gave
meminfo() {
	isolinux_cd meminfo <<-'END'
		SERIAL 0 115200
		DEFAULT meminfo.c32
	END
	run "$work/meminfo.iso" --serial "$work/com1" --expect 'INT 15 88' --expect 'boot:' || return
	sed -n 's/^vmxloader: 0*\([0-9a-f]\{1,\}\)-0*\([0-9a-f]\{1,\}\) type \([0-9]*\).*/\1 \2 \3/p' "$work/e9" >"$work/given"
	tr -d '\r' <"$work/com1" | sed -n \
		's/^ *[0-9]* 0*\([0-9a-f]\{1,\}\)x [0-9a-f]*x 0*\([0-9a-f]\{1,\}\)x \([0-9]*\) \[1\].*/\1 \2 \3/p' >"$work/seen"
	[ -s "$work/seen" ] && diff -u "$work/given" "$work/seen" || return
	! grep -q '^dfw-visor: memory' "$work/e9" || within_hosts "$work/seen"
}

# debian_installer ARCHITECTURE MIB
debian_installer() {
	mkdir -p "$work/installer"
	installer=/usr/lib/debian-installer/images/12/$1/text/debian-installer/$1
	cp "$installer/linux" "$installer/initrd.gz" "$work/installer"
	isolinux_cd installer <<-'END'
		SERIAL 0 115200
		DEFAULT install
		LABEL install
		KERNEL /linux
		APPEND initrd=/initrd.gz vga=normal fb=false console=ttyS0
	END
	boots "debian-installer $1" "$work/installer.iso" --memory "$2" --timeout 1800 --expect 'Select a language'
	rm -rf "$work/installer" "$work/installer.iso"
}

# Minutes each on Bochs: amd64 there with --long only
debian_installers() {
	debian_installer i386 512
	case $where$DFW_LONG in
	*yonah*) skip "debian-installer amd64" "no 64-bit mode" ;;
	*1) debian_installer amd64 768 ;;
	*) skip "debian-installer amd64" "with --long" ;;
	esac
}

# freedos_with NAME LINES-OF-CONFIG.SYS: $work/NAME.img
freedos_with() {
	cp "$work/freedos-1.0-tools.img" "$work/$1.img"
	{
		printf 'DOS=HIGH\r\nLASTDRIVE=H\r\nFILES=40\r\nDEVICE=A:\\FREEDOS\\BIN\\HIMEM.EXE\r\n'
		printf "$2"
		printf 'SHELL=A:\\command.com A:\\command.com /E:1024 /P\r\n'
	} >"$work/config.sys"
	mcopy -o -i "$work/$1.img" "$work/config.sys" ::CONFIG.SYS
}

few_guests() {
	boots "GRUB 2 from CD lists its devices" /usr/lib/grub-rescue/grub-rescue-cdrom.iso \
		--expect 'GNU GRUB' --type c --expect 'grub>' --type 'ls\n' --expect '(cd'
	has_image "FreeDOS 1.44 MB" freedos-1440k.img &&
		boots "FreeDOS 1.44 MB" "$work/freedos-1440k.img" --expect 'A:\>' --type 'dir\n' --expect 'bytes free'
}

all_guests() {
	few_guests
	cp /usr/lib/grub-rescue/grub-rescue-floppy.img "$work/grub.img"
	truncate -s 1440K "$work/grub.img"
	boots "GRUB 2 from floppy lists its devices" --floppy "$work/grub.img" \
		--expect 'GNU GRUB' --type c --expect 'grub>' --type 'ls\n' --expect '(fd0'
	# in more memory it first copies 32 MiB to 32 MiB further 50 times, which takes Bochs minutes: both
	# have the same entries in its TLB
	boots "memtest86+ tests without errors" /usr/lib/memtest86+/memtest86+ia32.iso --memory 64 --expect 'to start testing' \
		--type '\n' --expect 'Status: Testing' --expect 'Errors: 0'
	check "isolinux and meminfo.c32" meminfo
	has_image "FreeDOS 360 KB" freedos-360k.img &&
		boots "FreeDOS 360 KB" "$work/freedos-360k.img" --expect 'A:\>' --type 'dir\n' --expect 'bytes free'
	if has_image "FreeDOS 1.0 with HIMEM" freedos-1.0-tools.img; then
		freedos_with himem ''
		boots "FreeDOS 1.0 with HIMEM" "$work/himem.img" \
			--expect HIMEM --expect 'A:\>' --type 'mem\n' --expect 'resident in the high memory area'
		freedos_with emm386 'DEVICE=A:\\FREEDOS\\BIN\\EMM386.EXE NOEMS X=TEST I=TEST\r\n'
		boots "FreeDOS 1.0 with EMM386" "$work/emm386.img" \
			--expect EMM386 --expect 'A:\>' --type 'mem\n' --expect 'resident in the high memory area'
	fi
	has_image "MikeOS" mikeos.img && boots "MikeOS" "$work/mikeos.img" --expect MikeOS
	has_image "OpenBSD 2.8 installer" openbsd-2.8-floppy.img &&
		boots "OpenBSD 2.8 installer" "$work/openbsd-2.8-floppy.img" --expect 'boot>' --expect '(I)nstall'
	debian_installers
}
