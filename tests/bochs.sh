# SPDX-License-Identifier: MIT
# bochs_bios BIOS VGABIOS: Bochs without visor on these ROMs, with the lines of standard input as the rest of its
# configuration, on the display library $display if that is set, until the guest ends it or ${limit:-60} seconds are over;
# what came out of port E9. Its files go to $work.
bochs_bios() {
	{
		cat <<-EOT
			plugin_ctrl: unmapped=1
			config_interface: textconfig
			display_library: ${display:-rfb, options="timeout=0"}
			cpu: model=corei5_lynnfield_750, count=1, ips=20000000, reset_on_triple_fault=0
			memory: guest=64, host=64
			romimage: file=$1, options=fastboot
			vgaromimage: file=$2
			port_e9_hack: enabled=1
			clock: sync=none
			sound: driver=dummy
			speaker: enabled=1, mode=gui
			log: $work/log
			panic: action=fatal
			info: action=ignore
		EOT
		cat
	} >"$work/rc"
	printf 'c\nquit\n' >"$work/go"
	timeout "${limit:-60}" bochs-bin -q -f "$work/rc" -rc "$work/go" </dev/null 2>/dev/null
}
