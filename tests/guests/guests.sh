# SPDX-License-Identifier: MIT
# Whole guests, judged by what is on their screens and COM1. A test sets `where` to the dfw options
# that choose the processor, sources this, and calls `guests`. Guests from Debian packages always
# run; the images in $DFW_GUESTS (or ../shared/guests) where they are there.
. tests/lib.sh
: "${DFW_GUESTS:=../shared/guests}"
: "${limit:=240}" # seconds for one guest

run() {
	# shellcheck disable=SC2086
	"$BUILD/dfw" run $where --timeout "$limit" --stats "$work/stats.json" --debug "$work/e9" "$@" || return
	$checks_stats || return
}

# What a test looks at in $work/stats.json.
checks_stats=:

# For a run under visor with vmxassist: real mode ran in VM86 and the interpreter, of it less than 1 % in
# the interpreter, which knew every opcode; nothing exits but what must; CLI, STI, PUSHF, POPF, INT n and
# IRET do not even trap, and IN and OUT on the ports of vmxassist/x87_error.c alone: less than 1 in 1,000.
assist_stats() {
	jq '
		(.visor.exits_by_reason | keys - ["CPUID", "control-register access", "I/O instruction", "RDMSR",
			"WRMSR", "XSETBV", "INVD", "task switch", "triple fault", "EPT violation"]) as $exits |
		([.visor.io_exits_by_port[]] | add) as $ports |
		(.vmxassist.trapped | keys - (keys - ["FA", "FB", "9C", "9D", "CD", "CF"])) as $traps |
		([.vmxassist.trapped["E4", "E5", "E6", "E7", "EC", "ED", "EE", "EF"] // 0] | add) as $in_out |
		.ticks_by_mode["v8086 mode"] as $vm86 |
		(.vmxassist.interpreted_total - .vmxassist.interpreted_protected) as $interpreted |
		(100 * $interpreted / ($interpreted + .vmxassist.trapped_total + $vm86)) as $share |
		if .vmxassist.invokes < 1 then "no INVOKE"
		elif .vmxassist.holes > 0 then "unknown opcodes"
		elif $exits != [] then "exits for \($exits)"
		elif (.visor.exits_by_reason["I/O instruction"] // 0) != $ports then "exits on other ports"
		elif $traps != [] then "traps on \($traps)"
		elif 1000 * $in_out > $vm86 then "\($in_out) traps on IN and OUT"
		elif $vm86 < 100000 or $share >= 1 then "\($share) % of real mode interpreted, \($vm86) in VM86"
		else empty end | halt_error(1)' "$work/stats.json" && return
	jq -c . "$work/stats.json"
	return 1
}

# boots NAME IMAGE dfw-options...
boots() {
	name=$1
	shift
	check "$name" run "$@"
}

# has_image NAME FILE: unpacks it to $work, or says that it was skipped
has_image() {
	if [ -f "$DFW_GUESTS/$2.xz" ]; then
		xz -dkc "$DFW_GUESTS/$2.xz" >"$work/$2"
	else
		skip "$1" "no $2"
		return 1
	fi
}

# isolinux_cd NAME: $work/NAME.iso of the folder $work/NAME, with isolinux and the lines of stdin as
# its configuration
isolinux_cd() {
	mkdir -p "$work/$1/isolinux"
	cp /usr/lib/ISOLINUX/isolinux.bin "$work/$1/isolinux"
	for module in ldlinux libcom32 libutil meminfo; do
		cp "/usr/lib/syslinux/modules/bios/$module.c32" "$work/$1/isolinux"
	done
	cat >"$work/$1/isolinux/isolinux.cfg"
	xorriso -as mkisofs -quiet -o "$work/$1.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat \
		-no-emul-boot -boot-load-size 4 -boot-info-table "$work/$1" 2>/dev/null
}

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

debian_installer() {
	mkdir -p "$work/installer"
	cp /usr/lib/debian-installer/images/12/i386/text/debian-installer/i386/linux \
		/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386/initrd.gz "$work/installer"
	isolinux_cd installer <<-'END'
		SERIAL 0 115200
		DEFAULT install
		LABEL install
		KERNEL /linux
		APPEND initrd=/initrd.gz vga=normal fb=false console=ttyS0
	END
	boots "debian-installer i386" "$work/installer.iso" --memory 512 --timeout 600 --expect 'Select a language'
	rm -rf "$work/installer" "$work/installer.iso"
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

# a processor's short check; the rest with --long
few_guests() {
	boots "GRUB 2 from CD lists its devices" /usr/lib/grub-rescue/grub-rescue-cdrom.iso \
		--expect 'GNU GRUB' --type c --expect 'grub>' --type 'ls\n' --expect '(cd'
	has_image "FreeDOS 1.44 MB" freedos-1440k.img &&
		boots "FreeDOS 1.44 MB" "$work/freedos-1440k.img" --expect 'A:\>' --type 'dir\n' --expect 'bytes free'
	skip "all the guests" "with --long"
	plan
}

guests() {
	boots "GRUB 2 from CD lists its devices" /usr/lib/grub-rescue/grub-rescue-cdrom.iso \
		--expect 'GNU GRUB' --type c --expect 'grub>' --type 'ls\n' --expect '(cd'
	cp /usr/lib/grub-rescue/grub-rescue-floppy.img "$work/grub.img"
	truncate -s 1440K "$work/grub.img"
	boots "GRUB 2 from floppy lists its devices" --floppy "$work/grub.img" \
		--expect 'GNU GRUB' --type c --expect 'grub>' --type 'ls\n' --expect '(fd0'
	# in more memory it first copies 32 MiB to 32 MiB further 50 times, which takes Bochs minutes: both
	# have the same entries in its TLB
	boots "memtest86+ tests without errors" /usr/lib/memtest86+/memtest86+ia32.iso --memory 64 --expect 'to start testing' \
		--type '\n' --expect 'Status: Testing' --expect 'Errors: 0'
	check "isolinux and meminfo.c32" meminfo
	has_image "FreeDOS 1.44 MB" freedos-1440k.img &&
		boots "FreeDOS 1.44 MB" "$work/freedos-1440k.img" --expect 'A:\>' --type 'dir\n' --expect 'bytes free'
	has_image "FreeDOS 360 KB" freedos-360k.img &&
		boots "FreeDOS 360 KB" "$work/freedos-360k.img" --expect 'A:\>' --type 'dir\n' --expect 'bytes free'
	if has_image "FreeDOS 1.0 with HIMEM" freedos-1.0-tools.img; then
		freedos_with himem ''
		boots "FreeDOS 1.0 with HIMEM" "$work/himem.img" \
			--expect HIMEM --expect 'A:\>' --type 'mem\n' --expect 'resident in the high memory area'
		freedos_with emm386 'DEVICE=A:\\FREEDOS\\BIN\\EMM386.EXE NOEMS X=TEST I=TEST\r\n'
		if [ -n "${no_task_switches-}" ]; then
			skip "FreeDOS 1.0 with EMM386" "$no_task_switches"
		else
			boots "FreeDOS 1.0 with EMM386" "$work/emm386.img" \
				--expect EMM386 --expect 'A:\>' --type 'mem\n' --expect 'resident in the high memory area'
		fi
	fi
	has_image "MikeOS" mikeos.img && boots "MikeOS" "$work/mikeos.img" --expect MikeOS
	has_image "OpenBSD 2.8 installer" openbsd-2.8-floppy.img &&
		boots "OpenBSD 2.8 installer" "$work/openbsd-2.8-floppy.img" --expect 'boot>' --expect '(I)nstall'
	debian_installer
	plan
}
