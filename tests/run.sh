#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the tests: every tests/PART/*.t and $BUILD/tests/PART/*.t prints TAP. As many run at a time as
# there are processors. Ends with the counts.
# usage: tests/run.sh [PART] [--long]
set -u
cd "$(dirname "$0")/.." || exit 2
: "${BUILD:=build}"
part='*'
DFW_LONG=
for word in "$@"; do
	case $word in
	--long) DFW_LONG=1 ;;
	-*)
		echo "usage: ./dfw check [PART] [--long]" >&2
		exit 2
		;;
	*) part=$word ;;
	esac
done
if [ "$part" != '*' ] && [ ! -d "tests/$part" ]; then
	echo "dfw check: no part '$part'; there are: $(cd tests && echo */ | tr -d /)" >&2
	exit 2
fi
export BUILD DFW_LONG

make -s -j"$(nproc)" all tests || {
	echo "dfw check: the build failed" >&2
	echo "0 passed, 1 failed"
	exit 1
}

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for t in tests/$part/*.t "$BUILD"/tests/$part/*.t; do
	[ ! -f "$t" ] || echo "$t"
done | xargs -P "$(nproc)" -n 1 tests/one.sh "$results"

sum() {
	cat "$results"/*."$1" 2>/dev/null | awk '{ n += $1 } END { print n + 0 }'
}
passed=$(sum passed) failed=$(sum failed) skipped=$(sum skipped)
[ "$skipped" -eq 0 ] && echo "$passed passed, $failed failed" ||
	echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
