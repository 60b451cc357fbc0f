# SPDX-License-Identifier: MIT
# FreeDOS 1.0's programs on the tools floppy in $DFW_GUESTS: a DPMI program, a debugger, drivers.
# `where` holds the dfw options that choose the processor.
. tests/guests/guests.sh

himem='DEVICE=A:\\FREEDOS\\BIN\\HIMEM.EXE\r\n'
emm386='DEVICE=A:\\FREEDOS\\BIN\\EMM386.EXE NOEMS X=TEST I=TEST\r\n'

# dos_floppy NAME CONFIG.SYS AUTOEXEC.BAT: $work/NAME.img, with room for more
dos_floppy() {
	cp "$work/freedos-1.0-tools.img" "$work/$1.img"
	# shellcheck disable=SC2059
	printf "DOS=HIGH\r\nLASTDRIVE=H\r\nFILES=40\r\nBUFFERS=20\r\n$2"'SHELL=A:\\command.com A:\\command.com /E:1024 /P\r\n' \
		>"$work/config.sys"
	# shellcheck disable=SC2059
	printf '@echo off\r\nset PATH=A:\\FREEDOS\\BIN\r\n'"$3" >"$work/autoexec.bat"
	mdel -i "$work/$1.img" ::FREEDOS/BIN/HELP.EXE ::FREEDOS/BIN/EDIT.HLP
	mcopy -o -i "$work/$1.img" "$work/config.sys" ::CONFIG.SYS
	mcopy -o -i "$work/$1.img" "$work/autoexec.bat" ::AUTOEXEC.BAT
}

# A 32-bit DPMI program (DJGPP's, on CWSDPMI), single steps, the mouse driver: dos_programs NAME
dos_programs() {
	printf 'a 100\r\nmov ax,1234\r\ninc ax\r\nint 20\r\n\r\nt\r\nt\r\nq\r\n' >"$work/debug.txt"
	mcopy -o -i "$work/$1.img" "$work/debug.txt" ::DEBUG.TXT
	guest=$1
	set -- --floppy "$work/$1.img" --expect 'Total under 1 MB' --expect 'AX=1235'
	# without a host SMSW shows a program in VM86 the PE bit of the assist's CR0: EMM386 does not take
	# over then, and CWSDPMI gives up (docs/assist-abi.md, leaks)
	if [ -n "${smsw_shows_pe-}" ]; then
		set -- "$@" --expect 'Protected mode not accessible'
	else
		set -- "$@" --expect 'FAT32, LFN' --expect '/2847 clusters'
	fi
	boots "FreeDOS 1.0 with $guest: MEM, DEBUG, DOSFSCK on CWSDPMI, CTMOUSE" "$@" --expect 'Installed at PS/2 port' \
		--expect 'A:\>'
	rm "$work/$guest.img"
}

all_guests() {
	has_image "FreeDOS 1.0's programs" freedos-1.0-tools.img || return
	programs='mem /c\r\ndebug <debug.txt\r\ndosfsck -v a:\r\nctmouse\r\n'
	dos_floppy HIMEM "$himem" "$programs"
	dos_programs HIMEM
	dos_floppy EMM386 "$himem$emm386" "$programs"
	dos_programs EMM386
	dos_floppy cd "$himem"'DEVICE=A:\\FREEDOS\\BIN\\XCDROM.SYS /D:FDCD0001\r\n' \
		'shsucdx /D:FDCD0001\r\ndir c:\r\n'
	boots "FreeDOS 1.0 reads a CD" --floppy "$work/cd.img" --cdrom /usr/lib/grub-rescue/grub-rescue-cdrom.iso \
		--boot floppy --expect 'Volume in drive C is ISOIMAGE' --expect '1 dir(s)'
}
