# SPDX-License-Identifier: MIT
#
# Turns the assembly that gcc -m16 writes into plain 386 real-mode code. gcc assumes 32-bit call,
# return and LEA forms, which x86emu and NTVDM's interpreter do not know:
#
#   call/ret   become 16-bit. The return slot shrinks from four bytes to two, which only a function
#              with arguments on the stack could notice. There is none: with -mrtd such a function
#              would end in `ret $N`, which is refused here.
#   leal       becomes moves, shifts and additions. LEA leaves the flags alone and they do not, so
#              where a later instruction may read the flags they are saved around the sequence.
#
# It also narrows: gcc -m16 counts an instruction's bytes as if the code were 32-bit, where a 16-bit
# operand costs a prefix. Here a 32-bit one does, and an immediate has two bytes more. What only
# later instructions for 16 or 8 bits look at becomes 16-bit. So do addresses by one register that 16-bit
# addressing has, since none can lie above 64 KiB.
#
# Outside inline assembly it also refuses string instructions, since they would use ES, which
# belongs to inline assembly, indirect jumps, and objects without a segment: gcc 12 forgets that of
# members of an array's elements here and there.

function fail(why) {
	printf "m16.awk: line %d: %s: %s\n", n, why, line[n] > "/dev/stderr"
	status = 1
	exit 1
}

# Whether the flags at line i may be read before they are written again. Follows jumps.
function flags_live(i, op, steps) {
	for (i = i + 1; i <= count && steps++ < 99; i++) {
		op = line[i]
		if (op !~ /^\t[a-z]/) # a label, a directive
			continue
		sub(/^\t/, "", op)
		if (op ~ /^jmp\t/) {
			sub(/^jmp\t/, "", op)
			if (!(op in place))
				return 1
			i = place[op]
			continue
		}
		sub(/[ \t].*/, "", op)
		if (op ~ /^(add|sub|cmp|test|and|or|xor|neg|imul|mul)[bwl]?$/)
			return 0
		if (op ~ /^(call|ret)/)
			return 0
		if (op ~ /^(j|set|adc|sbb|rc[lr]|pushf|cmov|lahf)/)
			return 1
	}
	return 1
}

function log2(s) {
	return s == 8 ? 3 : s == 4 ? 2 : s == 2 ? 1 : 0
}

function emit(text) {
	if (moved == 0 && text !~ /^movl/ && live) {
		print "\tpushfw"
		moved = 1
	}
	print "\t" text
}

function lea(operands, live_flags,   m, disp, base, idx, scale, dst, k) {
	live = live_flags
	moved = 0
	if (!match(operands, /\([^)]*\)/))
		fail("LEA without registers")
	disp = substr(operands, 1, RSTART - 1)
	m = substr(operands, RSTART + 1, RLENGTH - 2)
	dst = substr(operands, RSTART + RLENGTH)
	sub(/^, */, "", dst)
	k = split(m, part, /, */)
	base = part[1]
	idx = k > 1 ? part[2] : ""
	scale = k > 2 ? part[3] + 0 : 1
	if (live && base == "%esp" && idx != "")
		fail("LEA from ESP while the flags are in use")
	if (dst == "%esp" && (live || base != "%esp" || idx != ""))
		fail("LEA to ESP")
	if (base != "" && idx == "" || base == "" && scale == 1) {
		if (base == "")
			base = idx
		if (base != dst)
			emit("movl " base ", " dst)
	} else if (base == "") {
		if (idx != dst)
			emit("movl " idx ", " dst)
		emit("sall $" log2(scale) ", " dst)
	} else if (dst == idx && dst == base) {
		emit("imull $" (scale + 1) ", " dst ", " dst)
	} else if (dst == base) {
		for (k = 0; k < scale; k++)
			emit("addl " idx ", " dst)
	} else {
		if (dst != idx)
			emit("movl " idx ", " dst)
		if (scale > 1)
			emit("sall $" log2(scale) ", " dst)
		emit("addl " base ", " dst)
	}
	if (disp != "")
		emit("addl $" disp ", " dst)
	if (moved)
		print "\tpopfw"
}

# The six registers as bits in a string; the low half's name of one.
function half(reg) {
	return "%" substr(reg, 3)
}

# Cuts line i into op, source and destination.
function parse(i,   text, depth, k, c) {
	text = line[i]
	op = source = dest = ""
	if (text !~ /^\t[a-z]/)
		return
	sub(/^\t/, "", text)
	op = text
	sub(/[ \t].*/, "", op)
	if (!sub(/^[^ \t]*[ \t]+/, "", text))
		return
	for (k = length(text); k > 0; k--) {
		c = substr(text, k, 1)
		depth += c == ")" ? 1 : c == "(" ? -1 : 0
		if (c == "," && depth == 0)
			break
	}
	source = k ? substr(text, 1, k - 1) : ""
	dest = substr(text, k + 1)
	gsub(/^[ \t]+|[ \t]+$/, "", dest)
}

function is_register(s) {
	return s ~ /^%e([abcd]x|[sd]i)$/
}

# Narrowing keeps the low half, and needs the low halves only.
function narrows() {
	return is_register(dest) && (op ~ /^(movl|movz[bw]l|leal)$/ || op ~ /^(addl|subl|andl|orl|xorl|imull|sall|incl|decl|negl|notl)$/)
}

# Whether line i asks for the upper half of reg, where `wanted` tells what its results are asked for.
# One of: 1 it does, 0 it does not and what comes later does not matter, 2 as behind it.
function asks(i, reg,   text) {
	parse(i)
	if (op == "")
		return 2
	text = line[i]
	if (in_app[i])
		return text ~ reg || (reg == "%eax" && text ~ /(stos|lods|scas)l/) ? 1 : 2
	if (op ~ /^(call|j)/ && (op == "call" ? want[i, "%eax"] : wide[within[i]]) && dest in place && !wide[dest])
		changed = wide[dest] = 1
	if (op ~ /^(call|j)/ && dest !~ /^\.L/) # of a function here gcc knows what it leaves alone
		return (dest in place ? asked[place[dest], reg] : reg ~ /%e[acd]x/) ? 1 : 2
	if (op == "ret")
		return reg == "%eax" && wide[within[i]]
	if (op ~ /^(div|idiv|mul)l$/ || (op == "imull" && source == ""))
		return reg ~ /%e[ad]x/ || text ~ reg ? 1 : 2
	if (op == "cltd")
		return reg == "%eax" ? 1 : reg == "%edx" ? 0 : 2
	if (op == "cwtl" || op == "cwtd" || op == "cltq")
		return reg ~ /%e[ad]x/ ? 1 : 2
	if (text !~ reg)
		return 2
	if (narrows()) {
		if (dest != reg) # a source: asked for as much as the result is, but as an address in memory
			return (source ~ /\(/ && op != "leal") || want[i, dest] ? 1 : 2
		if (op ~ /^mov/ || op == "leal")
			return source !~ reg ? 0 : (source ~ /\(/ && op != "leal") ? 1 : want[i, dest]
		if (op == "xorl" && source == dest)
			return 0
		if (op == "andl" && source ~ /^\$[0-9]+$/ && substr(source, 2) + 0 < 65536)
			return 0
		return (source ~ /\(/ && source ~ reg) ? 1 : 2
	}
	if (op ~ /^(movs[bw]l|popl)$/ && dest == reg)
		return source ~ reg ? 1 : 0
	return 1
}

function narrow(i,   s, d) {
	parse(i)
	d = half(dest)
	s = source
	if (op ~ /^movz/ || op ~ /^(mov|lea)/) {
		if (op == "movzbl")
			line[i] = "\tmovzbw\t" s ", " d
		else if (op == "movzwl" && s == d)
			line[i] = ""
		else if (op == "movzwl")
			line[i] = "\tmovw\t" s ", " d
		else if (op == "leal")
			line[i] = "\tleaw\t" s ", " d
		else if (s ~ /^%e/)
			line[i] = "\tmovw\t" half(s) ", " d
		else if (s !~ /^\$-?[0-9]+$/ || (substr(s, 2) >= -32768 && substr(s, 2) < 65536))
			line[i] = "\tmovw\t" s ", " d
		return
	}
	if (flags_live(i) || s ~ /^\$-?[0-9]+$/ && (substr(s, 2) < -32768 || substr(s, 2) >= 65536) ||
	    op == "imull" && s ~ /,/)
		return
	sub(/l$/, "w", op)
	if (s ~ /^%e/)
		s = half(s)
	line[i] = "\t" op "\t" (s == "" ? "" : s ", ") d
}

# want[i, reg]: whether the upper half is asked for behind line i. wide[function]: whether all of EAX is,
# behind a call of it; of what other files call, always, but of
# services, which return nothing.
function find_wanted(   i, k, n, reg, new, app, name) {
	n = split("%eax %ebx %ecx %edx %esi %edi", register_name, " ")
	for (i = 1; i <= count; i++) {
		if (line[i] ~ /^#APP/)
			app = 1
		if (line[i] ~ /^#NO_APP/)
			app = 0
		in_app[i] = app
		if (line[i] ~ /^[A-Za-z_][A-Za-z0-9_.]*:$/)
			name = substr(line[i], 1, length(line[i]) - 1)
		within[i] = name
		if (line[i] ~ /^\t\.globl\t/ && line[i] !~ /handle_/)
			wide[substr(line[i], 9)] = 1
	}
	for (i = 1; i <= count; i++) {
		parse(i)
		goes[i] = op ~ /^j/ && !in_app[i] && dest in place ? place[dest] : 0
		ends[i] = op ~ /^(ret|jmp)/ && !in_app[i]
	}
	do {
		changed = 0
		for (i = count; i >= 1; i--)
			for (k = 1; k <= n; k++) {
				reg = register_name[k]
				new = (!ends[i] && asked[i + 1, reg]) || (goes[i] && asked[goes[i], reg])
				want[i, reg] = new
				new = asks(i, reg)
				if (new == 2)
					new = want[i, reg]
				if (new && !asked[i, reg]) {
					asked[i, reg] = 1
					changed = 1
				}
			}
	} while (changed)
}

{
	line[++count] = $0
	if ($0 ~ /^[.A-Za-z_0-9]+:$/)
		place[substr($0, 1, length($0) - 1)] = count
}

END {
	if (status)
		exit status
	find_wanted()
	for (n = 1; n <= count; n++) {
		parse(n)
		if (!in_app[n] && narrows() && !want[n, dest])
			narrow(n)
	}
	app = 0
	for (n = 1; n <= count; n++) {
		text = line[n]
		if (text ~ /^#APP/)
			app = 1
		if (text ~ /^#NO_APP/)
			app = 0
		if (app || text !~ /^\t[a-z]/) {
			print text
			continue
		}
		op = text
		sub(/^\t/, "", op)
		rest = op
		sub(/[ \t].*/, "", op)
		if (!sub(/^[^ \t]*[ \t]+/, "", rest))
			rest = ""
		if (op !~ /^(call|j|lea)/ && rest ~ /(^|[ ,*])[A-Za-z_.][A-Za-z0-9_.+-]*(\(|,|$)/)
			fail("an object read through DS: gcc has lost its segment")
		if (op == "call") {
			sub(/^\*%e/, "*%", rest)
			print "\tcallw\t" rest
		} else if (op == "ret") {
			if (rest != "")
				fail("arguments on the stack")
			print "\tretw"
		} else if (op == "leal") {
			lea(rest, flags_live(n))
		} else if (op == "leaw") {
			print text
		} else if (op ~ /^rep|^(movs|stos|lods|scas|cmps)[bwl]$/) {
			fail("string instruction")
		} else if (op == "jmp" && rest ~ /^\*/) {
			fail("indirect jump")
		} else {
			gsub(/\(%ebx\)/, "(%bx)", text)
			gsub(/\(%esi\)/, "(%si)", text)
			gsub(/\(%edi\)/, "(%di)", text)
			gsub(/\(%ebp\)/, "(%bp)", text)
			print text
		}
	}
}
