/* SPDX-License-Identifier: MIT
 *
 * The one program of a small Linux guest: says what it runs on, then waits for ever. No library:
 * one source for the i386 and the amd64 kernel.
 */
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

static long linux_call(long number, long a, long b, long c)
{
	long result;

#ifdef __x86_64__
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
#else
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
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
	while (1)
		linux_call(SYS_pause, 0, 0, 0);
}
