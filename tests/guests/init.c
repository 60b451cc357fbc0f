/* SPDX-License-Identifier: MIT
 *
 * The one program of a small Linux guest: says what it runs on, loads the module /apm.ko and shows /proc/apm if there
 * is one, then does what the first letter of /end says: o switches off, r restarts; without it waits for ever. No
 * library: one source for the i386 and the amd64 kernel.
 */
#include <linux/reboot.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

/* The fourth and fifth arguments, where there are any, are 0. */
static long linux_call(long number, long a, long b, long c)
{
	long result;

#ifdef __x86_64__
	register long d __asm__("r10") = 0, e __asm__("r8") = 0;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(d), "r"(e) : "rcx", "r11", "memory");
#else
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(0), "D"(0) : "memory");
#endif
	return result;
}

static void say(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	linux_call(SYS_write, 1, (long)text, length);
}

static char *decimal(unsigned long n, char *end)
{
	*end = 0;
	do
		*--end = '0' + n % 10;
	while (n /= 10);
	return end;
}

/* what begins a file */
static long look(const char *name, char *buffer, long size)
{
	long fd = linux_call(SYS_open, (long)name, 0, 0), n;

	if (fd < 0)
		return fd;
	n = linux_call(SYS_read, fd, (long)buffer, size - 1);
	linux_call(SYS_close, fd, 0, 0);
	buffer[n < 0 ? 0 : n] = 0;
	return n;
}

static void apm(void)
{
	char text[128];
	long fd = linux_call(SYS_open, (long)"/apm.ko", 0, 0);

	if (fd < 0)
		return;
	linux_call(SYS_mkdir, (long)"/proc", 0755, 0);
	linux_call(SYS_mount, (long)"proc", (long)"/proc", (long)"proc");
	if (linux_call(SYS_finit_module, fd, (long)"power_off=1", 0))
		say("init: no APM.\n");
	if (look("/proc/apm", text, sizeof(text)) > 0) {
		say("init: apm ");
		say(text);
	}
}

static void end(void)
{
	char how[2];

	if (look("/end", how, sizeof(how)) == 1)
		linux_call(SYS_reboot, (long)LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			   how[0] == 'o' ? (long)LINUX_REBOOT_CMD_POWER_OFF : (long)LINUX_REBOOT_CMD_RESTART);
}

void _start(void);

void _start(void)
{
	unsigned long mask[128] = {0}; /* of the processors that may run this: all */
	unsigned long bytes = linux_call(SYS_sched_getaffinity, 0, sizeof(mask), (long)mask), processors = 0;
	struct utsname u;
	char digits[24];

	for (unsigned i = 0; i < bytes / sizeof(mask[0]); i++)
		for (; mask[i]; mask[i] &= mask[i] - 1)
			processors++;
	linux_call(SYS_uname, (long)&u, 0, 0);
	say("\ninit: user space of ");
	say(u.sysname);
	say(" ");
	say(u.machine);
	say(", processors: ");
	say(decimal(processors, digits + sizeof(digits) - 1));
	say(".\n");
	apm();
	end();
	while (1)
		linux_call(SYS_pause, 0, 0, 0);
}
