# SPDX-License-Identifier: MIT
# Runs a guest program and keeps what it wrote to port E9 between its markers.

. tests/lib.sh

# run_guest NAME WHERE dfw-options...: leaves $work/NAME.WHERE.out
run_guest() {
	name=$1 where=$2
	shift 2
	"$BUILD/dfw" run "$BUILD/tests/vmxassist/$name.img" --debug "$work/e9" --expect "guest done" \
		--timeout 120 "$@" >"$work/run" 2>&1
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

