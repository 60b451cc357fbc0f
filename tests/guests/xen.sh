# SPDX-License-Identifier: MIT
# Debian's Xen, with a domain 0 of its own, under QEMU's SVM. All of it is packages unpacked in the build
# directory, none is installed. A test sources this, makes the files of $work/guest, and calls xen_run.
: "${DFW_LONG:=}"
. tests/guests/loaders.sh

xen=$BUILD/xen

# What is unpacked: the device model with what it depends on (the build machine may have none of it), xl, Xen,
# a kernel for domain 0.
xen_packages() {
	apt-cache depends --recurse -i --important qemu-system-xen | grep '^[a-z]'
	apt-cache depends -i --important xen-utils-4.17 | sed -n 's/ *Depends: \(lib.*\)/\1/p'
	apt-cache depends linux-image-amd64 | sed -n 's/ *Depends: \(linux-image.*\)/\1/p'
	echo xen-hypervisor-4.17-amd64 xen-utils-4.17 xen-utils-common busybox-static libxenhypfs1
}

# unpack PACKAGES...: to $xen/root
unpack() {
	mkdir -p "$xen/debs" "$xen/root"
	(cd "$xen/debs" && apt-get -q -o APT::Sandbox::User=root download "$@") || return
	for deb in "$xen"/debs/*.deb; do
		dpkg-deb -x "$deb" "$xen/root" || return
	done
	rm -rf "$xen/debs"
}

# libraries PROGRAMS...: their paths; the build machine's, which is of the same Debian, where none is unpacked
libraries() {
	lib=$(readlink -f "$xen/root")
	for program in "$@"; do
		LD_LIBRARY_PATH="$lib/usr/lib/x86_64-linux-gnu:$lib/lib/x86_64-linux-gnu" ldd "$program"
	done | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | sort -u
}

# Domain 0's part of the initrd, its kernel and Xen, once: $xen/dom0.gz, vmlinuz, xen.
xen_make() {
	[ ! -e "$xen/dom0.gz" ] || [ tests/guests/xen-init -nt "$xen/dom0.gz" ] || return 0
	# shellcheck disable=SC2046
	[ -e "$xen/root/unpacked" ] || { unpack $(xen_packages | tr ' ' '\n' | sort -u) && : >"$xen/root/unpacked"; } || return
	cp "$xen"/root/boot/vmlinuz-* "$xen/vmlinuz"
	zcat "$xen"/root/boot/xen-*.gz >"$xen/xen"

	top=$xen/dom0
	bin=$xen/root/usr/lib/xen-4.17/bin
	programs="$bin/xl $bin/xenstored $bin/xenconsoled $bin/xen-init-dom0 $bin/libxl-save-helper
		$xen/root/usr/libexec/xen-qemu-system-i386"
	rm -rf "$top"
	mkdir -p "$top/bin" "$top/lib64" "$top/lib" "$top/modules" "$top/etc/xen" "$top/run" "$top/var" "$top/guest" \
		"$top/usr/share/qemu" "$top/usr/share/seabios" "$top/usr/lib/xen-4.17/bin" "$top/usr/libexec"
	ln -s ../run "$top/var/run"
	# shellcheck disable=SC2046,SC2086
	cp $programs "$top/usr/lib/xen-4.17/bin" && cp $(libraries $programs) "$top/lib" || return
	mv "$top/usr/lib/xen-4.17/bin/xen-qemu-system-i386" "$top/usr/libexec"
	cp "$xen"/root/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "$top/lib64"
	cp "$xen/root/bin/busybox" "$top/bin"
	cp -r "$xen/root/usr/share/qemu/keymaps" "$top/usr/share/qemu"
	cp "$xen"/root/usr/share/seabios/bios-256k.bin "$xen"/root/usr/share/seabios/vgabios-*.bin "$top/usr/share/seabios"
	cp "$xen"/root/lib/modules/*/kernel/drivers/xen/xen-privcmd.ko "$xen"/root/lib/modules/*/kernel/drivers/xen/xen-evtchn.ko \
		"$xen"/root/lib/modules/*/kernel/drivers/xen/xenfs/xenfs.ko "$xen"/root/lib/modules/*/kernel/drivers/xen/xen-gnt*.ko \
		"$top/modules"
	cp tests/guests/xen-init "$top/init" && chmod +x "$top/init"
	archive "$top" >"$xen/dom0.gz.part" && mv "$xen/dom0.gz.part" "$xen/dom0.gz"
}

# archive FOLDER: as an initrd
archive() {
	busybox=$(readlink -f "$xen/root/bin/busybox")
	(cd "$1" && find . | "$busybox" cpio -o -H newc 2>/dev/null) | gzip -1
}

# xen_guest NAME LINES-OF-CONFIGURATION: an HVM guest with dfw as firmware; stdin: more of it
xen_guest() {
	mkdir -p "$work/guest"
	cp "$BUILD/vmxloader" "$work/guest"
	{
		echo "name = \"$1\""
		cat <<-'END'
			type = "hvm"
			firmware_override = "/guest/vmxloader"
			vga = "stdvga"
			nographic = 1
			usb = 0
		END
		cat
	} >"$work/guest/$1.cfg"
}

# xen_run UNTIL: starts Xen with $work/guest as domain 0's /guest until it says UNTIL or has done; what it said
# is $work/xen.log
xen_run() {
	mkdir -p "$work/initrd"
	mv "$work/guest" "$work/initrd/guest"
	{ cat "$xen/dom0.gz" && archive "$work/initrd"; } >"$work/xen.initrd"
	: >"$work/xen.log"
	timeout "${xen_limit:-300}" qemu-system-x86_64 -machine pc -accel tcg -cpu EPYC,+svm,+npt,-smap,monitor=off,rdtscp=off -smp 1 -m 2048 \
		-nodefaults -display none -no-reboot -serial "file:$work/xen.log" -kernel "$xen/xen" \
		-append "com1=115200,8n1 console=com1 guest_loglvl=all dom0_mem=1024M,max:1024M dom0_max_vcpus=1 spec-ctrl=no cpuidle=0 ${xen_words-}" \
		-initrd "$xen/vmlinuz console=hvc0 loglevel=4 panic=1 mitigations=off tsc=reliable,$work/xen.initrd" 2>"$work/qemu.err" &
	pid=$!
	while kill -0 "$pid" 2>/dev/null && ! grep -qaF -e "$1" -e 'xen: done' "$work/xen.log"; do
		sleep 1
	done
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	grep -qaF "$1" "$work/xen.log" || { tail -60 "$work/xen.log" && return 1; }
}

not_made() {
	cat "$work/make.log"
	return 1
}

# xen_check NAME UNTIL: a test of xen_run; skipped where the packages cannot be had
xen_check() {
	if (flock 9 && xen_make) >"$work/make.log" 2>&1 9>"$BUILD/xen.lock"; then
		check "$1" xen_run "$2"
	elif grep -q -e 'Failed to fetch' -e 'Could not resolve' -e 'Unable to locate' "$work/make.log"; then
		skip "$1" "Debian's packages of Xen cannot be downloaded"
	else
		check "$1" not_made
	fi
	rm -rf "$work/guest" "$work/initrd" "$work/xen.initrd"
}
