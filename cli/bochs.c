/* SPDX-License-Identifier: MIT
 *
 * Bochs 2.7: its `x` display on a private X server, which carries every picture size and colour
 * depth (its VNC display does not); keys as X events; memory and registers by its debugger, on
 * its standard input and output.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/keysym.h>
#include "cli/cli.h"

#define DEFAULT_CPU "corei5_lynnfield_750"
#define IPS         20000000
#define CONFIG      "bochsrc"
#define LOG         "bochs.log"
#define FLOPPY_COPY "floppy.copy"
#define HEADER_BAR  32 /* pixels above the guest's picture, and below it */
#define STATUS_BAR  18

/* `bochs --help cpu`; abilities measured or from Bochs' own CPUID and MSR tables. */
static const struct cpu_model {
	const char *name;
	bool vmx, unrestricted;
} models[] = {
	{"bx_generic", false, false},
	{"pentium", false, false},
	{"pentium_mmx", false, false},
	{"amd_k6_2_chomper", false, false},
	{"p2_klamath", false, false},
	{"p3_katmai", false, false},
	{"p4_willamette", false, false},
	{"core_duo_t2400_yonah", true, false},
	{"atom_n270", false, false},
	{"p4_prescott_celeron_336", false, false},
	{"athlon64_clawhammer", false, false},
	{"athlon64_venice", false, false},
	{"turion64_tyler", false, false},
	{"phenom_8650_toliman", false, false},
	{"core2_penryn_t9600", true, false},
	{"corei5_lynnfield_750", true, false},
	{"corei5_arrandale_m520", true, true},
	{"corei7_sandy_bridge_2600k", true, true},
	{"zambezi", false, false},
	{"trinity_apu", false, false},
	{"ryzen", false, false},
	{"corei7_ivy_bridge_3770k", true, true},
	{"corei7_haswell_4770", true, true},
	{"broadwell_ult", true, true},
	{"corei7_skylake_x", true, true},
	{"corei3_cnl", true, true},
	{"corei7_icelake_u", true, true},
	{"tigerlake", true, true},
};

static struct {
	pid_t xserver;
	char display[128]; /* value of DISPLAY for the private X server */
	Display *x;
	Window window;
	bool shift, ctrl, alt;
	int in, out; /* the debugger */
	bool running;   /* the guest runs; false: the debugger waits for commands */
	bool skip_echo; /* the debugger repeats the command, a line, before the guest's first byte */
	unsigned steps; /* with --lockstep */
	enum cpu_mode mode; /* with --stats: since when the processor is in which mode */
	int64_t mode_since;
} b = {.xserver = -1, .in = -1, .out = -1};

int bochs_check_cpu(const struct options *o)
{
	const char *name = o->cpu ? o->cpu : DEFAULT_CPU;
	const struct cpu_model *m = NULL;

	for (unsigned i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (strcmp(models[i].name, name) == 0)
			m = &models[i];
	if (!m)
		return usage_error("Bochs knows no processor model \"%s\"; `bochs --help cpu` "
				   "lists them", name);
	if (o->rom)
		return 0; /* firmware of the user's own need not use VMX */
	if (!m->vmx)
		return usage_error("the processor %s has no VMX, which visor needs; use --cpu "
				   DEFAULT_CPU ", or --on qemu, which needs none", name);
	if (o->real_mode == REAL_MODE_NATIVE && !m->unrestricted)
		return usage_error("the processor %s has no unrestricted guest, so no real mode "
				   "of its own; use --cpu corei5_arrandale_m520 or later, or "
				   "--real-mode assist", name);
	return 0;
}

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

static FILE *create(struct guest *g, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", g->dir, name);
	return fopen(path, "wbe");
}

/* Floppies have no volatile mode in Bochs: the copy on write is a copy. */
static bool copy_floppy(struct guest *g)
{
	FILE *to = create(g, FLOPPY_COPY), *from = fopen(g->options->drives[0].path, "rbe");
	char bytes[65536];
	size_t n;

	while (from && to && (n = fread(bytes, 1, sizeof(bytes), from)) > 0)
		fwrite(bytes, 1, n, to);
	bool ok = from && to && !ferror(from) && !ferror(to);
	if (from)
		fclose(from);
	return to && fclose(to) == 0 && ok;
}

static bool write_config(struct guest *g)
{
	const struct options *o = g->options;
	FILE *f = create(g, CONFIG);

	if (!f)
		return false;
	fprintf(f,
		"plugin_ctrl: unmapped=1\n"
		"config_interface: textconfig\n"
		"display_library: x, options=\"hideIPS\"\n"
		"cpu: model=%s, count=%u, ips=%u, reset_on_triple_fault=0, ignore_bad_msrs=1\n"
		"memory: guest=%u, host=%u\n"
		"romimage: file=" GUEST_ROM "\n"
		"vgaromimage: file=%s\n"
		"pci: enabled=1, chipset=i440fx, slot1=%s\n"
		"vga: extension=%s%s\n"
		"port_e9_hack: enabled=1\n"
		"com1: enabled=1, mode=file, dev=" GUEST_SERIAL "\n"
		"clock: sync=%s, time0=utc\n"
		"sound: driver=dummy\n"
		"speaker: enabled=1, mode=gui\n"
		"log: " LOG "\n"
		"panic: action=fatal\n"
		"error: action=report\n"
		"info: action=ignore, cpu0=report\n" /* see break_in */
		"debug: action=ignore\n",
		o->cpu ? o->cpu : DEFAULT_CPU, o->cpus, IPS, o->memory, o->memory,
		o->vgarom ? GUEST_VGAROM
			  : beside_program(o->cirrus ? "vgabios-cirrus.bin" : "vgabios-std.bin"),
		o->cirrus ? "cirrus" : "pcivga", o->cirrus ? "cirrus" : "vbe",
		/* by the guest's clock: by the host's it stops for good in one run of twenty */
		o->lockstep ? ", update_freq=60, realtime=0"
		: o->display == DISPLAY_WINDOW ? "" : ", update_freq=10, realtime=0",
		o->display == DISPLAY_WINDOW ? "slowdown" : "none");
	if (o->drives[DRIVE_FLOPPY].path)
		fprintf(f, "floppya: %s=%s, status=inserted\n",
			image_floppy_type(o->drives[DRIVE_FLOPPY].size),
			o->write ? guest_drive_files[DRIVE_FLOPPY] : FLOPPY_COPY);
	if (o->drives[DRIVE_DISK].path)
		fprintf(f, "ata0-master: type=disk, mode=%s, path=%s, cylinders=0%s\n",
			o->write ? "flat" : "volatile", guest_drive_files[DRIVE_DISK],
			o->write ? "" : ", journal=disk.changes");
	if (o->drives[DRIVE_CDROM].path)
		fprintf(f, "ata1-master: type=cdrom, path=%s, status=inserted\n",
			guest_drive_files[DRIVE_CDROM]);
	if (o->rom) /* another BIOS takes the order from CMOS */
		fprintf(f, "boot: %s\n", o->boot);
	return fclose(f) == 0;
}

/* An own X server, for nobody else: its display number comes from itself. */
static int start_xserver(struct guest *g)
{
	int ready[2];
	char fd[16], number[16] = "";
	const char *argv[] = {"Xvfb", "-displayfd", fd, "-screen", "0", "2600x1700x24",
			      "-nolisten", "tcp", "-noreset", NULL};

	if (pipe(ready) < 0)
		return failure("pipe: %s", strerror(errno));
	snprintf(fd, sizeof(fd), "%d", ready[1]);
	fcntl(ready[0], F_SETFD, FD_CLOEXEC);
	b.xserver = guest_spawn(g, argv, -1, -1, -1);
	close(ready[1]);
	/* The line comes in two writes, and an X server that finds its reader gone ends. */
	size_t have = 0;
	ssize_t n;
	while (have < sizeof(number) - 1 && !strchr(number, '\n') &&
	       (n = read(ready[0], number + have, sizeof(number) - 1 - have)) > 0)
		have += n;
	close(ready[0]);
	if (!strchr(number, '\n'))
		return failure("Xvfb does not start; install the Debian package xvfb");
	snprintf(b.display, sizeof(b.display), ":%d", atoi(number));
	setenv("DISPLAY", b.display, 1);
	return 0;
}

/* The debugger's output up to its prompt, while the guest stands; NULL when it does not come. */
static char *read_prompt(unsigned ms)
{
	static char *text;
	static size_t room;
	size_t have = 0;

	while (true) {
		struct pollfd p = {b.out, POLLIN, 0};
		if (have + 65536 > room) {
			text = realloc(text, room = have + 131072);
			if (!text)
				abort();
		}
		if (poll(&p, 1, ms) <= 0)
			return NULL;
		ssize_t n = read(b.out, text + have, room - have - 1);
		if (n <= 0)
			return NULL;
		have += n;
		text[have] = 0;
		const char *prompt = have > 2 && strcmp(text + have - 2, "> ") == 0 ? text : NULL;
		while (prompt && strstr(prompt, "<bochs:"))
			prompt = strstr(prompt, "<bochs:") + 7;
		if (prompt && prompt != text && prompt + strspn(prompt, "0123456789") ==
						       text + have - 2)
			return text;
	}
}

static bool send_command(const char *command)
{
	return dprintf(b.in, "%s\n", command) > 0;
}

const char *const cpu_mode_names[CPU_MODES] = {
	"real mode", "v8086 mode", "protected mode", "compatibility mode", "long mode"};

static void mode_until(struct guest *g, int64_t tick)
{
	g->mode_ticks[b.mode] += tick - b.mode_since;
	b.mode_since = tick;
}

/* After `show mode` the debugger tells each change, the tick first:
 * "00002480073: switched from 'v8086 mode' to 'long mode'". */
#define TICK_DIGITS 11
static const char *const notices[] = {": switched from '", ": address space switched. CR3: "};

/* The length of such a line at the start of text; 0: there is none; -1: it may become one. */
static int notice_length(const char *text, size_t size)
{
	size_t digits = 0;

	while (digits < size && isdigit((unsigned char)text[digits]))
		digits++;
	if (digits == size && digits <= TICK_DIGITS)
		return -1;
	if (digits != TICK_DIGITS)
		return 0;
	for (unsigned i = 0; i < sizeof(notices) / sizeof(notices[0]); i++) {
		size_t length = strlen(notices[i]), have = size - digits;
		const char *end = memchr(text, '\n', size);
		if (memcmp(text + digits, notices[i], have < length ? have : length) == 0)
			return end ? end + 1 - text : -1;
	}
	return 0;
}

static void take_notice(struct guest *g, const char *line)
{
	const char *const to = "' to '", *name = strstr(line, to);

	if (strncmp(line + TICK_DIGITS, notices[0], strlen(notices[0])) != 0 || !name)
		return;
	mode_until(g, strtoll(line, NULL, 10));
	name += strlen(to);
	for (unsigned i = 0; i < CPU_MODES; i++)
		if (strncmp(name, cpu_mode_names[i], strlen(cpu_mode_names[i])) == 0)
			b.mode = i;
}

/* What Bochs writes while the guest runs: what the guest wrote to port E9, and the debugger's
 * notices in the midst of it. last: no more comes. */
static void take_output(struct guest *g, const char *bytes, size_t count, bool last)
{
	static char *text;
	static size_t have, room;
	size_t guests = 0, at = 0; /* the guest's bytes are from guests to at */

	if (have + count + 1 > room && !(text = realloc(text, room = have + count + 65536)))
		abort();
	memcpy(text + have, bytes, count);
	have += count;
	text[have] = 0;
	while (at < have) {
		int length = notice_length(text + at, have - at);
		if (length < 0 && !last)
			break;
		if (length <= 0) {
			at++;
			continue;
		}
		guest_debug(g, text + guests, at - guests);
		take_notice(g, text + at);
		guests = at += length;
	}
	guest_debug(g, text + guests, at - guests);
	have -= at;
	memmove(text, text + at, have);
}

/* The guest stands: `said` is what came since it went on, to the prompt. */
static void take_stop(struct guest *g, const char *said)
{
	const char *const next = "Next at t=";
	const char *stop = NULL;

	for (const char *at = said; (at = strstr(at, next)); at++)
		stop = at;
	take_output(g, said, stop ? (size_t)(stop - said) : strlen(said), true);
	if (stop)
		mode_until(g, strtoll(stop + strlen(next), NULL, 10));
}

/* The debugger repeats a command, a line, before it obeys. */
static const char *after_echo(const char *said)
{
	const char *line = strchr(said, '\n');

	return line ? line + 1 : said;
}

/* Breaks into the debugger; false where Bochs does not answer. Bochs' handler of SIGINT logs an
 * information under the log's lock, and would wait for ever if it interrupted a writer of the log:
 * write_config lets nobody but the processor, which tells its state in a panic, log those. */
static bool break_in(struct guest *g)
{
	if (g->pid <= 0)
		return false;
	if (b.running) {
		kill(g->pid, SIGINT);
		const char *said = read_prompt(20000);
		b.running = !said;
		if (said)
			take_stop(g, said);
	}
	return !b.running;
}

static char *ask(struct guest *g, const char *command)
{
	return break_in(g) && send_command(command) ? read_prompt(10000) : NULL;
}

static int no_x_error(Display *x, XErrorEvent *event)
{
	return 0; /* the window changed its size, or went away, while we looked */
}

static int x_gone(Display *x)
{
	_exit(STATUS_FAILED);
}

/* Bochs' window: the one with its name. */
static Window find_window(Display *x)
{
	Window root, parent, *children = NULL, found = 0;
	unsigned count = 0;

	XQueryTree(x, DefaultRootWindow(x), &root, &parent, &children, &count);
	for (unsigned i = 0; i < count; i++) {
		char *name = NULL;
		if (XFetchName(x, children[i], &name) && name && strncmp(name, "Bochs", 5) == 0)
			found = children[i];
		XFree(name);
	}
	XFree(children);
	return found;
}

/* Why Bochs ended: its last panic. */
static void read_panic(struct guest *g)
{
	size_t n;
	char *log = guest_read_file(g, LOG, &n), *line = log;

	snprintf(g->reason, sizeof(g->reason), "Bochs ended");
	for (; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t digits = strspn(line, "0123456789");
		if (digits < 11 || line[digits] != 'p')
			continue;
		int len = strcspn(line + digits + 1, "\n");
		snprintf(g->reason, sizeof(g->reason), "Bochs says: %.*s", len, line + digits + 1);
	}
	g->end = strstr(g->reason, "soft power off") || strstr(g->reason, "shutdown requested")
			 ? GUEST_OFF
			 : GUEST_DIED;
	free(log);
}

/* A panic is the log's last line; Bochs then waits for its window to be closed. */
static bool panicked(struct guest *g)
{
	char path[sizeof(g->dir) + sizeof(LOG) + 1], tail[512];

	snprintf(path, sizeof(path), "%s/" LOG, g->dir);
	FILE *log = fopen(path, "r");
	if (!log)
		return false;
	if (fseek(log, -(long)sizeof(tail), SEEK_END) != 0)
		rewind(log);
	size_t n = fread(tail, 1, sizeof(tail), log);
	fclose(log);
	return memmem(tail, n, ">>PANIC<<", 9);
}

static bool ended(struct guest *g)
{
	if (g->pid > 0 && panicked(g))
		kill(g->pid, SIGKILL);
	if (g->pid > 0 && waitpid(g->pid, NULL, WNOHANG) == g->pid) {
		g->pid = -1;
		read_panic(g);
	}
	return g->pid < 0;
}

static int bochs_start(struct guest *g)
{
	const struct options *o = g->options;
	const char *argv[] = {"bochs-bin", "-q", "-f", CONFIG, NULL};
	int in[2], out[2];

	int status = guest_place_visor(g);
	if (status)
		return status;
	if (!write_config(g) || (o->drives[DRIVE_FLOPPY].path && !o->write && !copy_floppy(g)))
		return failure("%s: %s", g->dir, strerror(errno));
	if (o->display != DISPLAY_WINDOW && (status = start_xserver(g)) != 0)
		return status;
	XSetErrorHandler(no_x_error);
	XSetIOErrorHandler(x_gone);
	b.x = XOpenDisplay(NULL);
	if (!b.x)
		return failure("the X server at DISPLAY=%s cannot be reached; use --display none",
			       getenv("DISPLAY") ? getenv("DISPLAY") : "");
	fcntl(ConnectionNumber(b.x), F_SETFD, FD_CLOEXEC);

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return failure("pipe: %s", strerror(errno));
	g->pid = guest_spawn(g, argv, in[0], out[1], -1);
	close(in[0]);
	close(out[1]);
	b.in = in[1];
	b.out = out[0];
	if (!read_prompt(20000)) {
		pause_ms(200);
		if (ended(g))
			return failure("Bochs did not start: %s; it needs the Debian packages "
				       "bochs and bochs-x", g->reason);
		return failure("Bochs started but its debugger does not answer");
	}
	if (o->display == DISPLAY_VNC)
		fprintf(stderr, "dfw: for VNC run: x11vnc -display %s\n", b.display);
	if (o->stats && !ask(g, "show mode"))
		return failure("Bochs' debugger does not answer");
	if (o->lockstep)
		return 0;
	b.running = b.skip_echo = true;
	send_command("c");
	return 0;
}

static void take_picture(struct guest *g)
{
	XWindowAttributes a;

	if (!b.window)
		b.window = find_window(b.x);
	if (!b.window || !XGetWindowAttributes(b.x, b.window, &a) || a.map_state != IsViewable ||
	    a.height <= HEADER_BAR + STATUS_BAR)
		return;
	unsigned width = a.width, height = a.height - HEADER_BAR - STATUS_BAR;
	XImage *image = XGetImage(b.x, b.window, 0, HEADER_BAR, width, height, AllPlanes, ZPixmap);
	if (!image)
		return;
	if (g->picture.width != width || g->picture.height != height) {
		if (!picture_resize(&g->picture, width, height))
			abort();
		g->picture_changed = true;
	}
	for (unsigned y = 0; y < height && image->bits_per_pixel == 32; y++) {
		const uint32_t *from = (const void *)(image->data + y * image->bytes_per_line);
		uint32_t *to = g->picture.pixels + (size_t)y * width;
		for (unsigned x = 0; x < width; x++) {
			if (to[x] == (from[x] & 0xffffff))
				continue;
			to[x] = from[x] & 0xffffff;
			g->picture_changed = true;
		}
	}
	XDestroyImage(image);
}

/* `xp /NNgx ADDRESS` answers with lines "0xADDRESS <...>:\t0xNN\t0xNN..." of 8 bytes each: fewer
 * and longer words, as it writes each by itself. */
static bool bochs_read_memory(struct guest *g, uint64_t physical, void *to, size_t size)
{
	char command[64];
	uint8_t *bytes = to;
	size_t got = 0;

	snprintf(command, sizeof(command), "xp /%zugx 0x%llx", (size + 7) / 8,
		 (unsigned long long)physical);
	for (const char *at = ask(g, command); at && *at && got < size; at++) {
		if (at[0] != '\t' || at[1] != '0' || at[2] != 'x')
			continue;
		uint64_t word = strtoull(at + 1, NULL, 16);
		size_t n = size - got < 8 ? size - got : 8;
		memcpy(bytes + got, &word, n);
		got += n;
	}
	return got == size;
}

/* What Bochs says for about ms milliseconds; sooner than its pipe fills. */
static void read_output(struct guest *g, int ms)
{
	char bytes[65536];
	struct pollfd p = {b.out, POLLIN, 0};
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	int64_t until = t.tv_sec * 1000LL + t.tv_nsec / 1000000 + ms, now;
	while (clock_gettime(CLOCK_MONOTONIC, &t),
	       (now = t.tv_sec * 1000LL + t.tv_nsec / 1000000) < until) {
		if (poll(&p, 1, until - now) <= 0)
			continue;
		ssize_t n = read(b.out, bytes, sizeof(bytes));
		if (n <= 0) {
			pause_ms(until - now);
			return;
		}
		ssize_t from = 0;
		while (from < n && b.skip_echo)
			b.skip_echo = bytes[from++] != '\n';
		take_output(g, bytes + from, n - from, false);
	}
}

/* A stretch of guest time, then what the screen shows: the text page at once, and the picture as
 * often as Bochs draws it, which shows a page that starts elsewhere, or graphics. */
static void step_on(struct guest *g)
{
	enum { COLUMNS = 80, ROWS = 25, STEPS_PER_PICTURE = 10 };
	static char page[ROWS * COLUMNS * 2], *text;
	static const char *picture = "";
	char *said = ask(g, "s 25000");

	b.running = !said; /* it halted for ever: it has to be broken into */
	if (said)
		take_stop(g, after_echo(said));
	if (b.steps++ % STEPS_PER_PICTURE == 0)
		take_picture(g);
	if (g->picture_changed)
		picture = screen_text(&g->picture);
	if (!bochs_read_memory(g, 0xb8000, page, sizeof(page)))
		return;
	text = realloc(text, ROWS * (COLUMNS + 1) + strlen(picture) + 1);
	if (!text)
		abort();
	char *to = text;
	for (unsigned i = 0; i < ROWS * COLUMNS; i++) {
		*to++ = page[2 * i] >= ' ' && page[2 * i] < 0x7f ? page[2 * i] : ' ';
		if (i % COLUMNS == COLUMNS - 1)
			*to++ = '\n';
	}
	strcpy(to, picture);
	g->text = text;
	g->picture_changed = true;
}

static void bochs_poll(struct guest *g)
{
	if (g->options->lockstep) {
		step_on(g);
		ended(g);
		return;
	}
	read_output(g, 50);
	take_picture(g);
	if (g->end == GUEST_RUNS)
		ended(g);
}

static void bochs_key(struct guest *g, uint32_t keysym, bool down)
{
	if (!b.window)
		b.window = find_window(b.x);
	XKeyEvent event = {
		.type = down ? KeyPress : KeyRelease,
		.display = b.x,
		.window = b.window,
		.root = DefaultRootWindow(b.x),
		.same_screen = True,
		.keycode = XKeysymToKeycode(b.x, keysym),
		.state = (b.shift ? ShiftMask : 0) | (b.ctrl ? ControlMask : 0) |
			 (b.alt ? Mod1Mask : 0),
	};

	if (!event.window || !event.keycode)
		return;
	if (keysym == XK_Shift_L)
		b.shift = down;
	else if (keysym == XK_Control_L)
		b.ctrl = down;
	else if (keysym == XK_Alt_L)
		b.alt = down;
	XSendEvent(b.x, b.window, False, down ? KeyPressMask : KeyReleaseMask, (XEvent *)&event);
	XSync(b.x, False);
}

static void bochs_print_state(struct guest *g, FILE *to)
{
	static const char *const commands[] = {"r", "sreg", "creg"};
	size_t n;

	for (unsigned i = 0; i < 3; i++) {
		char *text = ask(g, commands[i]), *line = text, *end;
		if (!text) {
			/* it ended: its log has the state */
			char *log = guest_read_file(g, LOG, &n);
			char *panic = log ? strstr(log, ">>PANIC<<") : NULL;
			for (line = panic; line && *line; line = end + (*end == '\n')) {
				end = line + strcspn(line, "\n");
				if (memmem(line, end - line, "i[CPU0", 6))
					fprintf(to, "%.*s\n", (int)(end - line), line);
			}
			free(log);
			return;
		}
		for (; *line; line = end + (*end == '\n')) {
			end = line + strcspn(line, "\n");
			if (*line != '<' && *line != '\t' && (size_t)(end - line) != strlen(commands[i]))
				fprintf(to, "%.*s\n", (int)(end - line), line);
		}
	}
}

static int64_t bochs_ticks(struct guest *g)
{
	const char *text = ask(g, "ptime");

	text = text ? strstr(text, "ptime: ") : NULL;
	return text ? strtoll(text + 7, NULL, 10) : -1;
}

static int64_t bochs_instructions(struct guest *g)
{
	const char *text = ask(g, "show \"icount\"");

	text = text ? strstr(text, "icount = ") : NULL;
	return text ? strtoll(text + 9, NULL, 10) : -1;
}

/* By SIGTERM Xvfb removes its lock file. One that comes just before it waits for clients is not seen until something
 * else wakes it, so it is sent again. */
static void stop_xserver(void)
{
	for (unsigned tries = 0; tries < 40; tries++) {
		kill(b.xserver, SIGTERM);
		for (unsigned ms = 0; ms < 50; ms++) {
			if (waitpid(b.xserver, NULL, WNOHANG) == b.xserver)
				return;
			pause_ms(1);
		}
	}
	kill(b.xserver, SIGKILL);
	waitpid(b.xserver, NULL, 0);
}

static void bochs_stop(struct guest *g)
{
	if (b.x)
		XCloseDisplay(b.x);
	if (g->pid > 0) {
		kill(g->pid, SIGKILL);
		waitpid(g->pid, NULL, 0);
	}
	if (b.xserver > 0)
		stop_xserver();
	if (b.in >= 0)
		close(b.in);
	if (b.out >= 0)
		close(b.out);
}

const struct emulator bochs_emulator = {
	.name = "bochs",
	.start = bochs_start,
	.poll = bochs_poll,
	.key = bochs_key,
	.read_memory = bochs_read_memory,
	.print_state = bochs_print_state,
	.ticks = bochs_ticks,
	.instructions = bochs_instructions,
	.stop = bochs_stop,
};
