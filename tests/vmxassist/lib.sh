# SPDX-License-Identifier: MIT
# Runs a guest program and keeps what it wrote to port E9 between its markers.
# usage: . lib.sh; run_guest NAME WHERE dfw-options...   -> $work/NAME.WHERE.out

: "${BUILD:=build}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0

run_guest() {
	name=$1 where=$2
	shift 2
	"$BUILD/dfw" run "$BUILD/tests/vmxassist/$name.img" --debug "$work/e9" --expect "guest done" \
		--timeout 120 "$@" >"$work/log" 2>&1
	status=$?
	sed -n '/^<guest>/,/^<\/guest>/p' "$work/e9" >"$work/$name.$where.out" 2>/dev/null
	return $status
}

# same NAME WHERE EXPECTED: one TAP line; the difference as diagnostics
same() {
	n=$((n + 1))
	if diff -u "$3" "$work/$1.$2.out" >"$work/diff" 2>&1; then
		echo "ok $n - $1 on $2"
	else
		echo "not ok $n - $1 on $2"
		sed 's/^/# /' "$work/diff" "$work/log"
	fi
}

# Is the assist there? Its payload is empty until the interpreter is complete; a skipped line says so.
visor_built() {
	[ -s "$BUILD/vmxassist.bin" ] && return 0
	n=$((n + 1))
	echo "ok $n - under visor # SKIP vmxassist is not complete yet"
	return 1
}
