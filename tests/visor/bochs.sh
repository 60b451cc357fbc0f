# SPDX-License-Identifier: MIT
# For the tests of visor: runs a ROM under Bochs until a line on port E9 matches.

# run_bochs ROM MODEL MIB SECONDS UNTIL: port E9's text goes to $work/e9.txt, and behind it,
# from the debugger, four counters that $stats is the address of. False if UNTIL (a basic regular expression) was
# not seen in time.
run_bochs() {
	cat >"$work/bochsrc" <<-END
	plugin_ctrl: unmapped=1
	config_interface: textconfig
	display_library: rfb, options="timeout=0"
	cpu: model=$2, count=${cpus:-1}, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=0
	memory: guest=$3, host=$3
	romimage: file=$1
	${cdrom:+ata0-master: type=cdrom, path=$cdrom, status=inserted}
	boot: cdrom
	${pci:+pci: $pci}
	vgaromimage: file=${BUILD:-build}/vgabios-std.bin
	port_e9_hack: enabled=1
	com1: enabled=1, mode=file, dev=$work/com1.txt
	clock: sync=none
	sound: driver=dummy
	speaker: enabled=1, mode=gui
	log: $work/bochs.log
	panic: action=fatal
	error: action=report
	info: action=report
	END
	{
		echo c
		[ -z "${stats:-}" ] || echo "xp /4gx $stats"
		echo quit
	} >"$work/go"
	: >"$work/e9.txt"
	timeout "$4" bochs-bin -q -f "$work/bochsrc" -rc "$work/go" </dev/null >"$work/e9.txt" 2>/dev/null &
	bochs=$!
	while kill -0 $bochs 2>/dev/null && ! grep -aq "$5" "$work/e9.txt"; do
		sleep 0.1
	done
	# a program that has ended its test breaks into the debugger, which goes on to quit
	[ "$5" = '^end' ] && wait $bochs || kill $bochs 2>/dev/null
	wait $bochs 2>/dev/null
	grep -aq "$5" "$work/e9.txt"
}

n=0
result() { # ok|not\ ok NAME
	n=$((n + 1))
	echo "$1 $n - $2"
}

rom() { # ELF COMMAND-LINE
	"$BUILD/visor-mkrom" "$work/rom" "$BUILD/visor-boot.bin" "$BUILD/visor.image" "$1" "$2"
}

# Private memory: 16 MiB below the top of 64. The counters behind the 70 of exits: invokes, restores,
# resets, dropped writes.
stats=0x$(nm "$BUILD/visor.elf" | awk '$3 == "stats" { print substr($1, 9) }')
stats=$((stats - 0x80000000 + 0x3000000 + 16 + 70 * 8))

# The guest program's own lines, "ok WHAT", and that it came to its end.
guest() { # MODEL WORDS
	rom "$BUILD/tests/visor/guest" "$2"
	run_guest "$@"
}

run_guest() { # MODEL WORDS: with $work/rom
	run_bochs "$work/rom" "$1" 64 60 '^end'
	ended=$?
	sed -n 's/\r//; /^\(not \)\{0,1\}ok /p' "$work/e9.txt" >"$work/lines"
	while read -r line; do
		case $line in
		not*) result "not ok" "$1 $2: ${line#not ok }" ;;
		*) result ok "$1 $2: ${line#ok }" ;;
		esac
	done <"$work/lines"
	if [ $ended -eq 0 ]; then
		result ok "$1 $2: came to its end"
	else
		result "not ok" "$1 $2: came to its end"
		sed 's/^/# /' "$work/e9.txt" | head -40
	fi
}

# What visor says, and does not go on.
says() { # NAME TEXT
	if run_bochs "$work/rom" "${model:-corei5_lynnfield_750}" "${mib:-64}" 30 "$2"; then
		result ok "$1: says \"$2\""
	else
		result "not ok" "$1: says \"$2\""
		sed 's/^/# /' "$work/e9.txt" | head -20
	fi
}
