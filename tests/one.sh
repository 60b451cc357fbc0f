#!/bin/sh
# SPDX-License-Identifier: MIT
# One test file for run.sh: runs it, says how it went in one piece, leaves the counts in RESULTS.
# usage: tests/one.sh RESULTS TEST
set -u
results=$1 t=$2
name=$results/$(echo "$t" | tr / _)
out=$name.out

# seconds; --long has tests of an hour
limit=900
[ -z "${DFW_LONG-}" ] || limit=14400
start=$(date +%s)
CMOCKA_MESSAGE_OUTPUT=TAP timeout "$limit" "$t" >"$out" 2>&1 </dev/null
status=$?
seconds=$(($(date +%s) - start))
skip=$(grep -c '^ok .*# SKIP' "$out")
good=$(($(grep -c '^ok ' "$out") - skip))
bad=$(grep -c '^not ok ' "$out")
# a test that died, or said nothing, has failed
if [ $((good + bad + skip)) -eq 0 ] || { [ $status -ne 0 ] && [ "$bad" -eq 0 ]; }; then
	bad=$((bad + 1))
	echo "# $t ended with status $status" >>"$out"
fi
echo "$good" >"$name.passed"
echo "$bad" >"$name.failed"
echo "$skip" >"$name.skipped"
{
	echo "$t: $good passed, $bad failed$([ "$skip" -eq 0 ] || echo ", $skip skipped"), $seconds s"
	[ "$bad" -eq 0 ] || sed -n '/^not ok/,/^ok/{/^ok/!p;d}; /^# /p' "$out" | head -200
} >"$name.said"
cat "$name.said"
