# SPDX-License-Identifier: MIT
# Runs a guest program and keeps what it wrote to port E9 between its markers.

. tests/lib.sh

# run_guest NAME WHERE dfw-options...: leaves $work/NAME.WHERE.out; in $timeout seconds, or 120
run_guest() {
	name=$1 where=$2
	shift 2
	"$BUILD/dfw" run "$BUILD/tests/vmxassist/$name.img" --debug "$work/e9" --expect "guest done" \
		--timeout "${timeout:-120}" "$@" >"$work/run" 2>&1
	sed -n '/^<guest>/,/^<\/guest>/{/^([0-9])\./!p}' "$work/e9" >"$work/$name.$where.out" 2>/dev/null
}

# matches NAME WHERE EXPECTED: shows the difference, and how the run went, where there is one
matches() {
	diff -u "$3" "$work/$1.$2.out" && return
	cat "$work/run"
	return 1
}

# same NAME WHERE EXPECTED: one TAP line
same() {
	check "$1 on $2" matches "$@"
}


# column NAME WHERE dfw-options...: one of the below
column() {
	run_guest "$@"
	case $2 in
	qemu-*)
		grep -Ev "$wrong" "$work/$1.$2.out" >"$work/kept"
		mv "$work/kept" "$work/$1.$2.out"
		same "$1" "$2" "$work/qemu.expected"
		;;
	*) same "$1" "$2" "$expected" ;;
	esac
}

# everywhere NAME [WRONG]: NAME in every column, by NAME.expected: natively on QEMU and on Bochs, under vmxassist
# without a host and with one, there also without CR4.VME and at IOPL 0. Lines that match WRONG (an extended
# expression) are left out on QEMU.
everywhere() {
	expected=tests/vmxassist/$1.expected wrong=${2:-^$}
	grep -Ev "$wrong" "$expected" >"$work/qemu.expected"
	column "$1" qemu-native --on qemu --real-mode native
	column "$1" qemu-assist --on qemu --real-mode assist
	column "$1" bochs-native --cpu corei5_arrandale_m520 --real-mode native
	column "$1" bochs-assist --cpu corei5_lynnfield_750
	for word in vme=off iopl=0; do
		column "$1" bochs-$word --cpu corei5_lynnfield_750 --firmware $word
	done
}
