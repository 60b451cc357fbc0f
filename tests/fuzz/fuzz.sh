# SPDX-License-Identifier: MIT
# What the tests of libFuzzer's targets share.
. tests/lib.sh
exec 3>&1

# target NAME: makes it, as $fuzzer
target() {
	check "the fuzzer is built" make -s fuzzers
	fuzzer=$BUILD/tests/fuzz/$1
}

# fuzz WORDS OPTIONS...: new inputs are kept outside the tree; an input that fails is shown in hexadecimal. Lines with
# WORDS are said of one that is clean.
fuzz() {
	words=$1
	shift
	mkdir -p "$work/corpus" "$work/found"
	"$fuzzer" -len_control=0 -artifact_prefix="$work/found/" "$@" >"$work/fuzz" 2>&1 && {
		grep "$words" "$work/fuzz" | sed 's/^/# /' >&3
		return
	}
	tail -80 "$work/fuzz"
	od -An -tx1 -v "$work"/found/* | head -60
	false
}

# some NAME RUNS WORDS OPTIONS...: `fuzz` for RUNS inputs, with --long for an hour
some() {
	name=$1 runs=$2
	shift 2
	if [ -n "${DFW_LONG:-}" ]; then
		check "an hour" fuzz "$@" -max_total_time=3600
	else
		check "$name" fuzz "$@" -seed=1 -runs="$runs"
	fi
}
