#!/bin/sh
# SPDX-License-Identifier: MIT
# Under Xen, in hvmloader's place: GRUB on a disk, by its screen and the keyboard; Linux, which judges the tables,
# powers off and reboots.
. tests/guests/xen.sh
. tests/guests/judge.sh

# xen_judge NAME: what the kernel and its tools said in the guest of that name, to $work/linux.log
xen_judge() {
	tr -d '\r' <"$work/xen.log" | sed -n "/^xen: log of $1\$/,/^xen: end of log/p" >"$work/linux.log"
	[ -s "$work/linux.log" ]
}

# said N TEXT: in the log, at least so often
said() {
	[ "$(grep -acF "$2" "$work/linux.log")" -ge "$1" ]
}

mkdir -p "$work/guest"
cp /usr/lib/grub-rescue/grub-rescue-cdrom.iso "$work/guest/disk.img"
xen_guest disk <<-'END'
	memory = 128
	disk = [ "format=raw, backendtype=qdisk, vdev=hda, access=rw, target=/guest/disk.img" ]
END
console=hvc0
judge_initrd
ends=off
[ -z "$DFW_LONG" ] || ends='off reboot'
for end in $ends; do
	judge_cd amd64 "$work/judge.gz" "judge=$end"
	mv "$work/judge.iso" "$work/guest/$end.iso"
	xen_guest "$end" <<-END
		memory = 256
		vcpus = 2
		disk = [ "format=raw, backendtype=qdisk, vdev=hdc, access=ro, devtype=cdrom, target=/guest/$end.iso" ]
		on_poweroff = "destroy"
		on_reboot = "restart"
	END
done
cat >"$work/guest/run" <<-'END'
	log() {
		echo "xen: log of $1"
		cat /var/log/xen/console/guest-$1.log
		echo "xen: end of log"
	}
	xl create /guest/disk.cfg
	shows disk 'GNU GRUB' 120 && keys disk c && shows disk 'grub>' 60
	xl destroy disk
	xl create /guest/off.cfg
	gone off 180
	log off
	if [ -e /guest/reboot.cfg ]; then
	xl create /guest/reboot.cfg
	for _ in $(seq 300); do
		[ "$(grep -c 'judge: reboots' /var/log/xen/console/guest-reboot.log)" -lt 2 ] || break
		sleep 1
	done
	log reboot
	xl destroy reboot
	fi
END
xen_check "Xen and its domain 0 run" 'xen: done'
if [ -s "$work/xen.log" ]; then
	check "GRUB's menu from a disk, by the screen, and its prompt by a key" grep -q 'shows: grub>' "$work/xen.log"
	xen_judge off
	check "Linux runs, 2 processors" runs "$work/linux.log" 2
	check "no complaints" complaints "$work/linux.log"
	check "every BAR has its address" bars "$work/linux.log"
	check "tables disassemble" disassembles "$work/linux.log"
	check "SMBIOS" structures "$work/linux.log"
	check "powers off: the domain is gone" grep -q 'gone: off' "$work/xen.log"
	if [ -z "$DFW_LONG" ]; then
		skip "reboots" "with --long"
	else
		xen_judge reboot
		check "reboots, and once more" said 2 'judge: reboots'
	fi
fi
plan
