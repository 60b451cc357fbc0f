/* SPDX-License-Identifier: MIT
 *
 * One run: private directory, emulator, then wait, read, type until all is seen or it ends.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <X11/keysym.h>
#include <dfw/layout.h>
#include "cli/cli.h"

#define VISOR_STATS_LINE "dfw-visor: stats at 0x"
#define VISOR_RESET_LINE "dfw-visor: the guest resets the machine"

const char *const guest_drive_files[DRIVES] = {"floppy.img", "disk.img", "cdrom.iso"};

static volatile sig_atomic_t interrupted;

/* What COM1 and port E9 have said. */
struct stream {
	char *bytes;
	size_t count, room;
	FILE *copy; /* the user's file, or NULL */
};

static struct stream serial, debug;

static void stream_add(struct stream *s, const char *bytes, size_t count)
{
	if (s->copy && count) {
		fwrite(bytes, 1, count, s->copy);
		fflush(s->copy);
	}
	if (s->count + count + 1 > s->room) {
		s->room = (s->count + count + 1) * 2;
		s->bytes = realloc(s->bytes, s->room);
		if (!s->bytes)
			abort();
	}
	memcpy(s->bytes + s->count, bytes, count);
	s->count += count;
	s->bytes[s->count] = 0;
}

void guest_debug(struct guest *g, const char *bytes, size_t count)
{
	stream_add(&debug, bytes, count);
	if (!g->visor_stats) {
		const char *line = memmem(debug.bytes, debug.count, VISOR_STATS_LINE,
					  strlen(VISOR_STATS_LINE));
		if (line && strchr(line, '\n'))
			g->visor_stats = strtoull(line + strlen(VISOR_STATS_LINE), NULL, 16);
	}
}

/* visor tells each reset of the machine, and what stopped it or vmxassist. */
static void print_firmware_words(struct guest *g)
{
	static const char *const prefixes[] = {"dfw-visor: ", "vmxassist: "};
	static const char *const usual[] = {VISOR_STATS_LINE, "dfw-visor: private memory"};
	enum { WORDS = 4 };
	const char *said[WORDS] = {0};
	unsigned count = 0;

	for (const char *line = debug.bytes; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, prefixes[0], 11) != 0 && strncmp(line, prefixes[1], 11) != 0)
			continue;
		if (strncmp(line, usual[0], strlen(usual[0])) == 0 ||
		    strncmp(line, usual[1], strlen(usual[1])) == 0)
			continue;
		if (strncmp(line, VISOR_RESET_LINE, strlen(VISOR_RESET_LINE)) == 0)
			g->resets++;
		said[count++ % WORDS] = line;
	}
	if (g->resets)
		fprintf(stderr, "dfw: the guest was reset %u times\n", g->resets);
	if (count)
		fprintf(stderr, "---- last words of the firmware\n");
	for (unsigned i = count > WORDS ? count - WORDS : 0; i < count; i++)
		fprintf(stderr, "%.*s\n", (int)strcspn(said[i % WORDS], "\n"), said[i % WORDS]);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static char *in_dir(struct guest *g, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", g->dir, name);
	return path;
}

char *guest_read_file(struct guest *g, const char *name, size_t *size)
{
	FILE *f = fopen(in_dir(g, name), "rb");
	char *bytes = NULL;

	*size = 0;
	if (!f)
		return NULL;
	for (size_t room = 0, got = 1; got; *size += got) {
		if (*size + 1 >= room) {
			room = room ? room * 2 : 65536;
			bytes = realloc(bytes, room);
			if (!bytes)
				abort();
		}
		got = fread(bytes + *size, 1, room - *size - 1, f);
	}
	bytes[*size] = 0;
	fclose(f);
	return bytes;
}

const char *beside_program(const char *name)
{
	static char paths[2][4200];
	static unsigned turn;
	char *path = paths[turn++ % 2];
	ssize_t n = readlink("/proc/self/exe", path, 4000);

	path[n < 0 ? 0 : n] = 0;
	char *slash = strrchr(path, '/');
	snprintf(slash ? slash + 1 : path, 200, "%s", name);
	return path;
}

pid_t guest_spawn(struct guest *g, const char *const argv[], int in, int out, int err)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	setpgid(0, 0); /* Ctrl-C is ours alone */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	int null = open("/dev/null", O_RDWR);
	dup2(in >= 0 ? in : null, 0);
	dup2(out >= 0 ? out : null, 1);
	dup2(err >= 0 ? err : null, 2);
	if (chdir(g->dir) == 0)
		execvp(argv[0], (char *const *)argv);
	_exit(127);
}

int guest_place_rom(struct guest *g, const char *standard, const char *real_mode)
{
	const struct options *o = g->options;
	char words[DFW_ROM_CMDLINE_SIZE];
	const char *path = o->rom ? o->rom : beside_program(standard);
	static uint8_t rom[4 * 1024 * 1024];
	const size_t magic = strlen(DFW_ROM_CMDLINE_MAGIC);

	FILE *f = fopen(path, "rb");
	size_t size = f ? fread(rom, 1, sizeof(rom), f) : 0;
	if (f)
		fclose(f);
	if (size == 0)
		return failure("the firmware %s cannot be read; run `make` first", path);
	int length = snprintf(words, sizeof(words), "%s boot=%s%s%s %s", real_mode, o->boot,
			      o->debug ? " debug=e9" : "", o->trace ? " trace" : "",
			      o->firmware ? o->firmware : "");
	int excess = length + (int)magic + 1 - DFW_ROM_CMDLINE_SIZE;
	if (excess > 0)
		return usage_error("--firmware %s: %d bytes more than the command line has room for",
				   o->firmware, excess);
	for (uint8_t *at = rom; (at = memmem(at, rom + size - at, DFW_ROM_CMDLINE_MAGIC, magic));
	     at += magic)
		if (at + DFW_ROM_CMDLINE_SIZE <= rom + size)
			strcpy((char *)at + magic, words);
	f = fopen(in_dir(g, GUEST_ROM), "wb");
	bool ok = f && fwrite(rom, 1, size, f) == size;
	if (f && fclose(f) != 0)
		ok = false;
	return ok ? 0 : failure("%s: %s", in_dir(g, GUEST_ROM), strerror(errno));
}

int guest_place_visor(struct guest *g)
{
	return guest_place_rom(g, "dfw-visor.rom",
			       g->options->real_mode == REAL_MODE_NATIVE ? "real-mode=native" : "real-mode=assist");
}

/* Images under fixed names, so that no emulator has to be told a path with a comma in it. */
static int place_drives(struct guest *g)
{
	for (unsigned i = 0; i < DRIVES; i++) {
		const char *path = g->options->drives[i].path;
		if (!path)
			continue;
		char *real = realpath(path, NULL);
		int fd = open(path, (g->options->write && i != DRIVE_CDROM ? O_RDWR : O_RDONLY) |
				    O_CLOEXEC);
		if (!real || fd < 0) {
			free(real);
			return usage_error("%s: %s; --write needs an image that can be written",
					   path, strerror(errno));
		}
		close(fd);
		int result = symlink(real, in_dir(g, guest_drive_files[i]));
		free(real);
		if (result < 0)
			return failure("%s: %s", g->dir, strerror(errno));
	}
	return 0;
}

static int place_vgarom(struct guest *g)
{
	const char *path = g->options->vgarom;
	char *real = path ? realpath(path, NULL) : NULL;
	int result = real ? symlink(real, in_dir(g, GUEST_VGAROM)) : 0;

	free(real);
	return path && (!real || result < 0) ? usage_error("DFW_VGAROM=%s: %s", path, strerror(errno)) : 0;
}

static void remove_dir(struct guest *g)
{
	DIR *dir = opendir(g->dir);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(g->dir);
}

static void on_signal(int signal)
{
	interrupted = signal;
}

static bool open_copy(struct stream *s, const char *name)
{
	if (name)
		s->copy = strcmp(name, "-") == 0 ? stdout : fopen(name, "wb");
	return !name || s->copy;
}

static void read_serial(struct guest *g)
{
	char bytes[65536];
	int fd = open(in_dir(g, GUEST_SERIAL), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	while ((n = pread(fd, bytes, sizeof(bytes), serial.count)) > 0)
		stream_add(&serial, bytes, n);
	close(fd);
}

/* COM1 from an offset, without terminal control sequences (ECMA-48, 5.4). */
static char *plain_serial(size_t from)
{
	char *text = malloc(serial.count - from + 1), *to = text;

	if (!text)
		abort();
	for (size_t i = from; i < serial.count; i++) {
		char c = serial.bytes[i];
		if (c == 27 && i + 1 < serial.count && serial.bytes[i + 1] == '[') {
			for (i += 2; i < serial.count; i++)
				if (serial.bytes[i] >= 0x40 && serial.bytes[i] <= 0x7e)
					break;
		} else if (c && c != '\r') {
			*to++ = c;
		}
	}
	*to = 0;
	return text;
}

static void say(bool keep, const char *format, ...)
{
	static bool open_line;
	va_list args;

	if (!keep && !isatty(2))
		return;
	va_start(args, format);
	if (isatty(2))
		fputs("\r\33[K", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	open_line = !keep;
	if (!open_line)
		fputc('\n', stderr);
	fflush(stderr);
}

static void press(struct guest *g, const struct key *key)
{
	const struct emulator *on = g->options->on;
	const struct {
		bool wanted;
		uint32_t keysym;
	} modifiers[] = {
		{key->shift, XK_Shift_L}, {key->ctrl, XK_Control_L}, {key->alt, XK_Alt_L}};

	for (unsigned i = 0; i < 3; i++)
		if (modifiers[i].wanted)
			on->key(g, modifiers[i].keysym, true);
	on->key(g, key->keysym, true);
	on->poll(g);
	on->key(g, key->keysym, false);
	for (unsigned i = 3; i-- > 0;)
		if (modifiers[i].wanted)
			on->key(g, modifiers[i].keysym, false);
	on->poll(g);
}

/* --lockstep knows no time but the guest's: polls of 25,000 instructions, 0.1 s of it. */
#define LOCKSTEP_KEY_POLLS 80

/* Types one step; slower than any keyboard buffer fills. */
static void type(struct guest *g, const char *keys)
{
	struct key key;

	while (g->end == GUEST_RUNS && !interrupted && key_next(&keys, &key)) {
		double until = now() + 0.1;
		unsigned polls = 0;
		press(g, &key);
		while (g->options->lockstep ? polls++ < LOCKSTEP_KEY_POLLS : now() < until)
			g->options->on->poll(g);
	}
}

/* Follows the guest until its last step or its end; the step it stands at. */
static unsigned follow(struct guest *g, double started)
{
	const struct options *o = g->options;
	const char *screen = "";
	size_t serial_from = 0;
	unsigned step = 0;
	double told = started, deadline = o->timeout ? started + o->timeout : 1e300;
	bool endless = o->step_count == 0;

	while (g->end == GUEST_RUNS && !interrupted && (endless || step < o->step_count)) {
		const struct step *s = &o->steps[step];
		double t = now();

		if (t > deadline)
			break;
		o->on->poll(g);
		read_serial(g);
		if (g->picture_changed)
			screen = g->text ? g->text : screen_text(&g->picture);
		g->picture_changed = false;

		if (endless) {
			say(false, "[%3.0f s] running%s", t - started,
			    o->timeout ? "" : "; Ctrl-C ends it");
			continue;
		}
		if (s->kind == STEP_TYPE) {
			say(false, "[%3.0f s] typing \"%s\"", t - started, s->text);
			type(g, s->text);
			step++;
			continue;
		}
		char *from_serial = plain_serial(serial_from);
		bool on_screen = strstr(screen, s->text);
		if (on_screen || strstr(from_serial, s->text)) {
			if (!on_screen)
				serial_from = serial.count;
			say(true, "[%5.1f s] seen \"%s\"%s", now() - started, s->text,
			    on_screen ? "" : " on COM1");
			step++;
			told = now();
		} else if (isatty(2)) {
			say(false, "[%3.0f s] waiting for \"%s\"", t - started, s->text);
		} else if (t - told >= 20) {
			say(true, "[%5.1f s] waiting for \"%s\"", t - started, s->text);
			told = t;
		}
		free(from_serial);
	}
	/* what the last keys do belongs to the picture */
	for (double until = now() + 0.5; step && step == o->step_count &&
	     o->steps[step - 1].kind == STEP_TYPE && g->end == GUEST_RUNS && now() < until;)
		o->on->poll(g);
	return step;
}

static void print_last_screen(struct guest *g)
{
	const char *text = screen_text(&g->picture);

	if (*text)
		fprintf(stderr, "---- last screen (%ux%u)\n%s----\n", g->picture.width,
			g->picture.height, text);
	else
		fprintf(stderr, "---- last screen: no text on it (%ux%u)\n", g->picture.width,
			g->picture.height);
	if (serial.count) {
		size_t from = serial.count > 1000 ? serial.count - 1000 : 0;
		char *tail = plain_serial(from);
		fprintf(stderr, "---- last of COM1\n%s\n----\n", tail);
		free(tail);
	}
}

static int finish(struct guest *g, unsigned step, double started)
{
	const struct options *o = g->options;
	bool all_seen = step == o->step_count && o->step_count > 0;
	int status = STATUS_FAILED;

	say(false, "%s", "");
	if (all_seen || g->end == GUEST_OFF || (interrupted && o->step_count == 0))
		status = STATUS_SEEN;
	if (o->screenshot && !picture_write_png(&g->picture, o->screenshot)) {
		failure("%s: the screenshot cannot be written", o->screenshot);
		status = STATUS_FAILED;
	}
	if (g->end == GUEST_OFF)
		fprintf(stderr, "dfw: the guest switched itself off (%s)\n", g->reason);
	if (g->end == GUEST_OFF && step < o->step_count)
		fprintf(stderr, "dfw: it did so before \"%s\" was seen\n", o->steps[step].text);
	if (o->demonstration && status == STATUS_SEEN && o->display != DISPLAY_WINDOW)
		fputs(screen_text(&g->picture), stdout);
	if (status == STATUS_FAILED) {
		if (g->end == GUEST_DIED)
			failure("the guest died: %s", g->reason);
		else if (interrupted)
			failure("interrupted");
		else if (step < o->step_count)
			failure("time-out after %.0f s: \"%s\" was not seen", now() - started,
				o->steps[step].text);
		else if (!all_seen)
			failure("time-out after %.0f s", now() - started);
		print_firmware_words(g);
		print_last_screen(g);
		fprintf(stderr, "---- processor\n");
		o->on->print_state(g, stderr);
	}
	if (o->stats && stats_write(g) != 0 && status == STATUS_SEEN)
		status = STATUS_FAILED;
	if (o->trace && trace_write(g) != 0 && status == STATUS_SEEN)
		status = STATUS_FAILED;
	return status;
}

int guest_run(const struct options *o)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	struct guest guest = {.options = o, .pid = -1}, *g = &guest;
	const char *tmp = getenv("TMPDIR");
	int status;

	snprintf(g->dir, sizeof(g->dir), "%s/dfw-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(g->dir))
		return failure("%s: %s; set TMPDIR to a directory that can be written", g->dir,
			       strerror(errno));
	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], signals[i] == SIGPIPE ? SIG_IGN : on_signal);

	screen_load_fonts(o->vgarom ? o->vgarom
				    : beside_program(o->cirrus ? "vgabios-cirrus.bin"
							       : "vgabios-std.bin"));
	if (!open_copy(&serial, o->serial))
		status = usage_error("--serial %s: %s", o->serial, strerror(errno));
	else if (!open_copy(&debug, o->debug))
		status = usage_error("--debug %s: %s", o->debug, strerror(errno));
	else if ((status = place_drives(g)) == 0 && (status = place_vgarom(g)) == 0) {
		double started = now();
		say(false, "starting %s", o->on->name);
		if ((status = o->on->start(g)) == 0 && !o->dry_run) {
			unsigned step = follow(g, started);
			status = finish(g, step, started);
		}
		o->on->stop(g);
	}
	remove_dir(g);
	return status;
}
