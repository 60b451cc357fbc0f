#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the tests: every tests/PART/*.t and $BUILD/tests/PART/*.t prints TAP. Ends with the counts.
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

passed=0 failed=0 skipped=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

for t in tests/$part/*.t "$BUILD"/tests/$part/*.t; do
	[ -f "$t" ] || continue
	CMOCKA_MESSAGE_OUTPUT=TAP timeout 900 "$t" >"$out" 2>&1 </dev/null
	status=$?
	skip=$(grep -c '^ok .*# SKIP' "$out")
	good=$(($(grep -c '^ok ' "$out") - skip))
	bad=$(grep -c '^not ok ' "$out")
	# a test that died, or said nothing, has failed
	if [ $((good + bad + skip)) -eq 0 ] || { [ $status -ne 0 ] && [ "$bad" -eq 0 ]; }; then
		bad=$((bad + 1))
		echo "# $t ended with status $status" >>"$out"
	fi
	passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + skip))
	echo "$t: $good passed, $bad failed$([ "$skip" -eq 0 ] || echo ", $skip skipped")"
	[ "$bad" -eq 0 ] || sed -n '/^not ok/,/^ok/{/^ok/!p;d}; /^# /p' "$out" | head -200
done

[ "$skipped" -eq 0 ] && echo "$passed passed, $failed failed" ||
	echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
