# SPDX-License-Identifier: MIT
# isolinux's own guests: memdisk in each of its ways to copy memory, vesamenu, and Linux of both kinds up
# to its user space. `where` holds the dfw options that choose the processor.
: "${DFW_LONG:=}"
. tests/guests/guests.sh

# memdisk: INT 13h from a disk in memory. It copies by switching modes itself where it may (raw, bigraw),
# by INT 15h/87h (int, safeint), or as it finds best. All of them with --long.
memdisk() {
	mkdir -p "$work/memdisk"
	cp /usr/lib/syslinux/memdisk "$work/memdisk"
	if [ -f "$DFW_GUESTS/freedos-1440k.img.xz" ]; then
		xz -dkc "$DFW_GUESTS/freedos-1440k.img.xz" >"$work/memdisk/floppy.img"
		shows='A:\>'
	else
		cp /usr/lib/grub-rescue/grub-rescue-floppy.img "$work/memdisk/floppy.img"
		truncate -s 1440K "$work/memdisk/floppy.img"
		shows='GNU GRUB'
	fi
	{
		echo 'PROMPT 1'
		for way in default raw bigraw int safeint; do
			printf 'LABEL %s\nKERNEL /memdisk\nINITRD /floppy.img\nAPPEND %s\n' "$way" "${way#default}"
		done
	} | isolinux_cd memdisk
	ways='default raw'
	[ -z "$DFW_LONG" ] || ways="$ways bigraw int safeint"
	for way in $ways; do
		boots "memdisk, $way" "$work/memdisk.iso" --expect 'boot:' --type "$way\\n" --expect "$shows"
	done
	rm -rf "$work/memdisk" "$work/memdisk.iso"
}

# vesamenu: its menu in a VBE mode, in colours that can be read off the picture
vesamenu() {
	mkdir -p "$work/vesa/isolinux"
	cp /usr/lib/syslinux/modules/bios/vesamenu.c32 "$work/vesa/isolinux"
	isolinux_cd vesa <<-'END'
		UI vesamenu.c32
		MENU TITLE dfw boots
		MENU RESOLUTION 640 480
		MENU BACKGROUND #ff000000
		MENU COLOR border 0 #ff808080 #ff000000 none
		MENU COLOR title 0 #ffffffff #ff000000 none
		MENU COLOR sel 0 #ff000000 #ffc0c0c0 none
		MENU COLOR unsel 0 #ffc0c0c0 #ff000000 none
		MENU COLOR tabmsg 0 #ffc0c0c0 #ff000000 none
		LABEL first
		MENU LABEL The first entry
		LOCALBOOT -1
		LABEL second
		MENU LABEL What memory there is
		KERNEL meminfo.c32
	END
	boots "vesamenu" "$work/vesa.iso" --expect 'dfw boots' --expect 'The first entry' --expect 'What memory there is' \
		--expect 'Press [Tab]' --type '<down>\n' --expect 'INT 15 88'
}

# newc NAME MODE [FILE]: one member of a cpio archive in the "new" format (cpio(5))
newc() {
	size=0
	[ -z "${3-}" ] || size=$(stat -c %s "$3")
	printf '070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\0' \
		1 "$2" 0 0 1 0 "$size" 0 0 0 0 $((${#1} + 1)) 0 "$1"
	head -c $(((4 - (110 + ${#1} + 1) % 4) % 4)) /dev/zero
	[ -z "${3-}" ] || cat "$3"
	head -c $(((4 - size % 4) % 4)) /dev/zero
}

# linux_cd ARCHITECTURE: $work/linux.iso with the kernel of Debian's installer and one program as user space.
# Its tests of its own cryptography take Bochs minutes, and are left out.
linux_cd() {
	mkdir -p "$work/linux"
	{
		newc init $((0100755)) "$BUILD/tests/guests/init-$1"
		newc 'TRAILER!!!' 0
	} >"$work/linux/initrd"
	cp "/usr/lib/debian-installer/images/12/$1/text/debian-installer/$1/linux" "$work/linux"
	isolinux_cd linux <<-'END'
		DEFAULT /linux initrd=/initrd console=ttyS0 cryptomgr.notests
	END
}

# small_linux NAME ARCHITECTURE MACHINE
small_linux() {
	linux_cd "$2"
	boots "$1" "$work/linux.iso" --expect "init: user space of Linux $3, processors: 1."
	rm -rf "$work/linux" "$work/linux.iso"
}

all_guests() {
	memdisk
	vesamenu
	small_linux "Linux i386 to user space" i386 i686
	case $where$DFW_LONG in
	*yonah*) skip "Linux amd64 to user space" "no 64-bit mode" ;;
	*qemu* | *1) small_linux "Linux amd64 to user space" amd64 x86_64 ;;
	*) skip "Linux amd64 to user space" "with --long" ;;
	esac
}
