# SPDX-License-Identifier: MIT
# pictures CARD ROM FOLDER: QEMU's pictures of what pictures.c draws on std or cirrus under a video BIOS, as
# FOLDER/NAME.ppm, and what services gave back as FOLDER/values. Where the cursor blinks, both phases.
pictures() {
	device=VGA
	[ "$1" = std ] || device=cirrus-vga
	rm -f "$work/e9"
	mkfifo "$work/monitor"
	timeout 300 qemu-system-i386 -accel tcg -m 32 -display none -vga none -device "$device,romfile=$2" \
		-nodefaults -net none -no-reboot -monitor stdio -debugcon "file:$work/e9" -boot a \
		-device isa-debug-exit,iobase=0x501 \
		-drive "file=$BUILD/tests/vgabios/pictures.img,format=raw,if=floppy,snapshot=on" \
		<"$work/monitor" >"$work/said" 2>&1 &
	exec 3>"$work/monitor"
	seen=0
	while kill -0 $! 2>/dev/null; do
		shots=$(grep -ac '^shot' "$work/e9" 2>/dev/null)
		if [ "${shots:-0}" -le "$seen" ]; then
			sleep 0.01
			continue
		fi
		seen=$shots
		name=$(sed -n 's/^shot //p' "$work/e9" | tail -n 1)
		echo "screendump $3/$name.ppm" >&3
		case $name in
		cursor-*) # its other phase: QEMU changes it every 229 ms
			sleep 0.4
			echo "screendump $3/$name-2.ppm" >&3
			;;
		esac
		echo "sendkey a 1" >&3
	done 2>/dev/null
	exec 3>&-
	rm -f "$work/monitor"
	tr -d '\r' <"$work/e9" | grep -a '^shot\|^value\|^none\|^end' >"$3/values"
	for cursor in "$3"/cursor-*-2.ppm; do # the phase with less of a cursor first
		other=${cursor%-2.ppm}.ppm
		if [ "$(cksum <"$cursor")" \< "$(cksum <"$other")" ]; then
			mv "$cursor" "$work/swap" && mv "$other" "$cursor" && mv "$work/swap" "$other"
		fi
	done
}

# sums FOLDER: one line for each picture, then the values
sums() {
	(cd "$1" && cksum -- *.ppm | awk '{ print $1, $3 }' && grep -v '^shot' values)
}
