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
#   movl $n    of which only the low half is used, as of a port's number, becomes movw, three bytes shorter.
#
# Outside inline assembly it also refuses string instructions, since they would use ES, which
# belongs to inline assembly, and indirect jumps.

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

# Whether of register e<name>, written at line i, only the low half is read before it is written again.
function half_used(i, name, op, word) {
	for (i = i + 1; i <= count; i++) {
		op = line[i]
		if (op ~ /^(\t\.|#|\.L[A-Z]|$)/) # a directive, a label of the debugger's
			continue
		if (op !~ /^\t[a-z]/ || op ~ /^\t(j|call|loop|p(ush|op)a)/)
			return 0
		if (op ~ /^\tret/)
			return name == "dx"
		if (index(op, "%e" name) == 0)
			continue
		if (op !~ "^\t(movl|movzbl|movzwl|movsbl|movswl)\t.*, %e" name "$" || sub("%e" name, "", op) != 1)
			return 0
		return index(op, "%e" name) == 0 && index(op, "%" name) == 0
	}
	return 0
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

{
	line[++count] = $0
	if ($0 ~ /^[.A-Za-z_0-9]+:$/)
		place[substr($0, 1, length($0) - 1)] = count
}

END {
	if (status)
		exit status
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
		if (op == "call") {
			sub(/^\*%e/, "*%", rest)
			print "\tcallw\t" rest
		} else if (op == "ret") {
			if (rest != "")
				fail("arguments on the stack")
			print "\tretw"
		} else if (op == "leal") {
			lea(rest, flags_live(n))
		} else if (text ~ /^\tmovl\t\$-?[0-9]+, %e[abcd]x$/ && half_used(n, substr(text, length(text) - 1))) {
			sub(/movl/, "movw", text)
			sub(/%e/, "%", text)
			print text
		} else if (op == "leaw") {
			print text
		} else if (op ~ /^rep|^(movs|stos|lods|scas|cmps)[bwl]$/) {
			fail("string instruction")
		} else if (op == "jmp" && rest ~ /^\*/) {
			fail("indirect jump")
		} else {
			print text
		}
	}
}
