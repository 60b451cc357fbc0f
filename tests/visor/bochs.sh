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
	cpu: model=$2, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=0
	memory: guest=$3, host=$3
	romimage: file=$1
	${cdrom:+ata0-master: type=cdrom, path=$cdrom, status=inserted}
	boot: cdrom
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
