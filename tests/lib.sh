# SPDX-License-Identifier: MIT
# What the tests' shell scripts share: a work folder, numbered TAP lines, the log of what failed.
# Tests run in the project's root (tests/run.sh sees to it). A script sources this, calls `check`, `skip` and at the end `plan`.

: "${BUILD:=build}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0

# check NAME COMMAND...: passes if the command does; its output is shown if it does not
check() {
	name=$1
	shift
	n=$((n + 1))
	if "$@" >"$work/log" 2>&1; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' "$work/log"
	fi
}

# skip NAME WHY
skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

# sector NAME CODE-IN-OCTAL: a floppy whose boot sector holds the code
sector() {
	# shellcheck disable=SC2059
	printf "$2" >"$work/$1.img"
	truncate -s 510 "$work/$1.img"
	printf '\125\252' >>"$work/$1.img"
	truncate -s 1440K "$work/$1.img"
}

plan() {
	echo "1..$n"
}
