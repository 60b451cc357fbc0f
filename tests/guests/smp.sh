# SPDX-License-Identifier: MIT
# Debian's Linux kernels, i386 and amd64, start their other processors.
. tests/guests/loaders.sh
limit=2400

# smp_linux ARCHITECTURE MACHINE PROCESSORS
smp_linux() {
	linux_cd "$1"
	boots "Linux $1, $3 processors" "$work/linux.iso" --cpus "$3" --expect "Brought up 1 node, $3 CPUs" \
		--expect "init: user space of Linux $2, processors: $3."
	rm -rf "$work/linux" "$work/linux.iso"
}

all_guests() {
	for cpus in 2 4; do
		smp_linux i386 i686 $cpus
		case $where in
		*yonah*) skip "Linux amd64, $cpus processors" "no 64-bit mode" ;;
		*) smp_linux amd64 x86_64 $cpus ;;
		esac
	done
}
