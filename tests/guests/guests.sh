# SPDX-License-Identifier: MIT
# What tests of whole guests share, which are judged by what is on their screens and COM1. `where` holds the dfw
# options that choose the processor. Guests from Debian packages always run; the images in $DFW_GUESTS (or
# ../shared/guests) where they are there.
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

# Of real mode less than 1 % is interpreted; or, in a guest whose visits there are too short for that, no more than a mode
# switch (the far jump, an INT while segments are stale) and an interrupt among stale segments take. For jq.
few_interpreted='
		.ticks_by_mode["v8086 mode"] as $vm86 |
		(.vmxassist.interpreted_total - .vmxassist.interpreted_protected) as $interpreted |
		(100 * $interpreted / ($interpreted + .vmxassist.trapped_total + $vm86)) as $share |
		($share < 1 or $interpreted < 2 * (.vmxassist.invokes + .vmxassist.interrupts) + 100) as $few |'

# For a run under visor with vmxassist: real mode ran in VM86 and the interpreter, of it less than 1 % in
# the interpreter, which knew every opcode; nothing exits but what must; CLI, STI, PUSHF, POPF, INT n and
# IRET do not even trap, and IN and OUT on the ports of vmxassist/x87_error.c alone: less than 1 in 1,000.
assist_stats() {
	jq "$few_interpreted"'
		(.visor.exits_by_reason | keys - ["CPUID", "control-register access", "I/O instruction", "RDMSR",
			"WRMSR", "XSETBV", "INVD", "task switch", "triple fault", "EPT violation"]) as $exits |
		([.visor.io_exits_by_port[]] | add) as $ports |
		(.vmxassist.trapped | keys - (keys - ["FA", "FB", "9C", "9D", "CD", "CF"])) as $traps |
		([.vmxassist.trapped["E4", "E5", "E6", "E7", "EC", "ED", "EE", "EF"] // 0] | add) as $in_out |
		if .vmxassist.invokes < 1 then "no INVOKE"
		elif .vmxassist.holes > 0 then "unknown opcodes"
		elif $exits != [] then "exits for \($exits)"
		elif (.visor.exits_by_reason["I/O instruction"] // 0) != $ports then "exits on other ports"
		elif $traps != [] then "traps on \($traps)"
		elif 1000 * $in_out > $vm86 then "\($in_out) traps on IN and OUT"
		elif $vm86 < 100000 or ($few | not) then "\($share) % of real mode interpreted, \($vm86) in VM86"
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
