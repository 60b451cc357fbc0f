# SPDX-License-Identifier: MIT
#
# objdump -d -m i8086 --no-show-raw-insn ELF | awk -v limit=N -f stack.awk: refuses an image that may use
# more than N bytes of its caller's stack, the interrupt's frame included. Follows each function's
# pushes along its branches and adds the deepest of its calls; recursion is refused.
function fail(why) {
	print "stack.awk: " why > "/dev/stderr"
	failed = 1
	exit 1
}

function hex(s,   v) {
	for (v = 0; s ~ /^[0-9a-f]/; s = substr(s, 2))
		v = v * 16 + index("0123456789abcdef", substr(s, 1, 1)) - 1
	return v
}

function use(f,   i, deep, d) {
	if (f in total)
		return total[f]
	if (busy[f]++)
		fail(f " calls itself")
	deep = most[f]
	for (i = 1; i <= calls[f]; i++) {
		d = depth[f, i] + use(callee[f, i])
		if (d > deep) {
			deep = d
			way[f] = callee[f, i]
		}
	}
	busy[f] = 0
	return total[f] = deep
}

/^[0-9a-f]+ </ {
	f = $2
	gsub(/[<>:]/, "", f)
	now = f == "int10_entry" ? 6 : f == "vbe_window" ? 4 : 0
	lost = 0
	next
}
/^ *[0-9a-f]+:\t/ {
	split($0, column, "\t")
	address = column[1]
	gsub(/[ :]/, "", address)
	text = column[2]
	sub(/^(addr32 |data32 |rep |cs |es |ss |fs |gs |ds )+/, "", text)
	split(text, word, /[ ,]+/)
	op = word[1]
	if (lost && address in there) { # behind a jump or return: as deep as where it is jumped from
		now = there[address]
		lost = 0
	}
	if (op == "pushal" || op == "popal")
		by = 32
	else if (op ~ /^(push|pop)f?l/ || word[2] ~ /^%e([abcd]x|[sd]i|[sb]p)$/)
		by = 4
	else
		by = 2
	if (op ~ /^push/)
		now += by
	else if (op ~ /^pop/)
		now -= by
	else if (text ~ /^[a-z]+ +\$0x[0-9a-f]+,%e?sp$/) {
		by = hex(substr(word[2], 4))
		now += op ~ /^sub/ ? by : op ~ /^add/ ? -by : 0
	}
	if (now > most[f])
		most[f] = now
	if (text ~ /^call +\*/) # by the table of services
		services = now + 2
	if (op ~ /^(call|j)/ && match(text, /<[^>]+>/)) {
		to = substr(text, RSTART + 1, RLENGTH - 2)
		if (to ~ /\+/ || to == f) {
			there[word[2]] = now
		} else {
			calls[f]++
			callee[f, calls[f]] = to
			depth[f, calls[f]] = now + (op ~ /^call/ ? 2 : 0)
		}
	}
	if (op ~ /^(jmp|i?l?ret)/)
		lost = 1
}
END {
	if (failed)
		exit 1
	for (f in most)
		if (f ~ /^handle_10/) {
			callee["int10_entry", ++calls["int10_entry"]] = f
			depth["int10_entry", calls["int10_entry"]] = services
		}
	entries = split("int10_entry vbe_window rom_init", entry, " ")
	for (i = 1; i <= entries; i++) {
		f = entry[i]
		if (!(f in most))
			fail("no " f)
		if (use(f) <= limit)
			continue
		printf "stack.awk: %s:", total[f] > "/dev/stderr"
		for (to = f; to; to = way[to])
			printf " %s", to > "/dev/stderr"
		print "" > "/dev/stderr"
		status = 1
	}
	exit status
}
