/* SPDX-License-Identifier: MIT
 *
 * QEMU: pictures and keys by VNC, events and memory by QMP, both on sockets in the private
 * directory.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <poll.h>
#include <cJSON.h>
#include <rfb/rfbclient.h>
#include "cli/cli.h"

#define VNC_SOCKET "vnc"
#define QMP_SOCKET "qmp"
#define ERRORS     "qemu.err"
#define DEBUG_FILE "debug.txt"
#define DUMP_FILE  "memory.bin"

static struct {
	rfbClient *vnc;
	int qmp;
	char line[65536]; /* QMP, one JSON object a line */
	size_t have;
	size_t debug_read;
	struct guest *guest;
} q;

static bool take_picture(rfbClient *client)
{
	struct guest *g = q.guest;

	if (!picture_resize(&g->picture, client->width, client->height))
		return false;
	return true;
}

static rfbBool resized(rfbClient *client)
{
	free(client->frameBuffer);
	client->frameBuffer = calloc((size_t)client->width * client->height + 1, 4);
	return client->frameBuffer && take_picture(client);
}

static void updated(rfbClient *client, int x, int y, int w, int h)
{
	q.guest->picture_changed = true;
}

static void quiet(const char *format, ...)
{
}

static bool connect_vnc(struct guest *g)
{
	char path[512], *argv[] = {(char *)"dfw", path, NULL};
	int argc = 2;

	rfbClientLog = rfbClientErr = quiet;
	snprintf(path, sizeof(path), "%s/%s", g->dir, VNC_SOCKET);
	q.vnc = rfbGetClient(8, 3, 4);
	q.vnc->MallocFrameBuffer = resized;
	q.vnc->GotFrameBufferUpdate = updated;
	q.vnc->canHandleNewFBSize = TRUE;
	q.vnc->serverHost = strdup(path);
	q.vnc->serverPort = 0;
	q.vnc->appData.encodingsString = "raw";
	q.vnc->format.redShift = 16;
	q.vnc->format.greenShift = 8;
	q.vnc->format.blueShift = 0;
	argc = 1;
	if (!rfbInitClient(q.vnc, &argc, argv)) {
		q.vnc = NULL;
		return false;
	}
	return true;
}

static void event(struct guest *g, const cJSON *message)
{
	const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(message, "event"));
	const cJSON *data = cJSON_GetObjectItem(message, "data");
	const char *reason = cJSON_GetStringValue(cJSON_GetObjectItem(data, "reason"));

	if (!name)
		return;
	if (strcmp(name, "RESET") == 0 && cJSON_IsTrue(cJSON_GetObjectItem(data, "guest")))
		g->resets++;
	if (strcmp(name, "SHUTDOWN") != 0 || g->end != GUEST_RUNS)
		return;
	bool off = reason && strcmp(reason, "guest-shutdown") == 0;
	bool closed = reason && strcmp(reason, "host-ui") == 0;
	g->end = off || closed ? GUEST_OFF : GUEST_DIED;
	snprintf(g->reason, sizeof(g->reason), "%s",
		 off      ? "power-off"
		 : closed ? "window closed"
		 : reason ? reason
			  : "QEMU shut down");
}

/* The next QMP message within ms, or NULL. Events are taken on the way. */
static cJSON *receive(struct guest *g, int ms)
{
	while (true) {
		char *end = memchr(q.line, '\n', q.have);
		if (end) {
			cJSON *message = cJSON_ParseWithLength(q.line, end - q.line);
			q.have -= end + 1 - q.line;
			memmove(q.line, end + 1, q.have);
			if (!message || !cJSON_HasObjectItem(message, "event"))
				return message;
			event(g, message);
			cJSON_Delete(message);
			continue;
		}
		struct pollfd p = {q.qmp, POLLIN, 0};
		if (q.have == sizeof(q.line))
			q.have = 0; /* longer than anything we ask for */
		if (poll(&p, 1, ms) <= 0)
			return NULL;
		ssize_t n = read(q.qmp, q.line + q.have, sizeof(q.line) - q.have);
		if (n <= 0)
			return NULL;
		q.have += n;
	}
}

/* Runs a QMP command; its "return" member (owned by *message), or NULL. */
static const cJSON *command(struct guest *g, const char *json, cJSON **message)
{
	*message = NULL;
	if (q.qmp < 0 || write(q.qmp, json, strlen(json)) < 0)
		return NULL;
	*message = receive(g, 10000);
	return cJSON_GetObjectItem(*message, "return");
}

static bool run_command(struct guest *g, const char *json)
{
	cJSON *message;
	bool ok = command(g, json, &message);

	cJSON_Delete(message);
	return ok;
}

static bool connect_qmp(struct guest *g)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", g->dir, QMP_SOCKET) >=
	    (int)sizeof(address.sun_path))
		return false;
	q.qmp = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(q.qmp, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(q.qmp);
		q.qmp = -1;
		return false;
	}
	cJSON_Delete(receive(g, 10000)); /* greeting */
	return run_command(g, "{\"execute\":\"qmp_capabilities\"}\n");
}

/* What QEMU itself complained about. */
static void last_words(struct guest *g, char *to, size_t size)
{
	size_t n;
	char *text = guest_read_file(g, ERRORS, &n), *line = text;

	to[0] = 0;
	for (char *next; line && *line; line = next) {
		next = line + strcspn(line, "\n");
		next += *next == '\n';
		if (!strstr(line, "warning:"))
			snprintf(to, size, "%.*s", (int)strcspn(line, "\n"), line);
	}
	free(text);
}

/* Whether the host has VMX to give to guests; 0, or STATUS_FAILED. Nothing is opened but a file of /sys. */
static int check_nested(void)
{
	static const char *const device = "/dev/kvm", *const nested = "/sys/module/kvm_intel/parameters/nested";

	if (access(device, R_OK | W_OK) != 0)
		return failure("%s: %s; --on kvm needs %s", device, strerror(errno),
			       errno == EACCES ? "you in its group (usermod -aG kvm USER)"
					       : "KVM on an Intel processor; --on bochs needs none");
	FILE *f = fopen(nested, "re");
	if (!f)
		return failure("%s: %s; --on kvm needs an Intel processor whose KVM is loaded (modprobe kvm_intel nested=1); "
			       "--on bochs needs none", nested, strerror(errno));
	int yes = fgetc(f);
	fclose(f);
	return yes == 'Y' || yes == '1' ? 0 : failure("%s says no: --on kvm needs VMX for guests (modprobe -r kvm_intel; "
						      "modprobe kvm_intel nested=1)", nested);
}

/* One line for a shell */
static void print_command(const char *const argv[])
{
	for (unsigned i = 0; argv[i]; i++)
		printf(strpbrk(argv[i], " ()") ? "%s'%s'" : "%s%s", i ? " " : "", argv[i]);
	putchar('\n');
}

/* On kvm visor is the BIOS and QEMU's guest runs visor's guest, by nested VMX. */
static int qemu_start(struct guest *g)
{
	const struct options *o = g->options;
	char memory[32], cpus[16], cpu[128], drive[DRIVES][128];
	const char *argv[64];
	unsigned n = 0;
	bool kvm = o->on == &kvm_emulator, native = o->real_mode == REAL_MODE_NATIVE;
	int status = kvm && !o->dry_run ? check_nested() : 0;

	q.guest = g;
	q.qmp = -1;
	if (status == 0)
		status = kvm ? guest_place_visor(g)
			     : guest_place_rom(g, "dfw.rom", o->real_mode == REAL_MODE_ASSIST ? "assist=on" : "assist=off");
	if (status)
		return status;

	snprintf(memory, sizeof(memory), "%uM", o->memory);
	snprintf(cpus, sizeof(cpus), "%u", o->cpus);
	argv[n++] = "qemu-system-x86_64";
	argv[n++] = "-nodefaults";
	argv[n++] = "-no-user-config";
	argv[n++] = "-S";
	argv[n++] = "-accel", argv[n++] = kvm ? "kvm" : "tcg";
	argv[n++] = "-machine", argv[n++] = "pc";
	argv[n++] = "-m", argv[n++] = memory;
	argv[n++] = "-smp", argv[n++] = cpus;
	argv[n++] = "-bios", argv[n++] = GUEST_ROM;
	if (o->vgarom) {
		argv[n++] = "-device";
		argv[n++] = o->cirrus ? "cirrus-vga,romfile=" GUEST_VGAROM
				      : "VGA,romfile=" GUEST_VGAROM;
	} else {
		argv[n++] = "-vga", argv[n++] = o->cirrus ? "cirrus" : "std";
	}
	argv[n++] = "-serial", argv[n++] = "file:" GUEST_SERIAL;
	argv[n++] = "-debugcon", argv[n++] = "file:" DEBUG_FILE;
	argv[n++] = "-vnc", argv[n++] = "unix:" VNC_SOCKET;
	argv[n++] = "-qmp", argv[n++] = "unix:" QMP_SOCKET ",server=on,wait=off";
	argv[n++] = "-action", argv[n++] = "shutdown=pause,reboot=reset";
	argv[n++] = "-display", argv[n++] = o->display == DISPLAY_WINDOW ? "gtk" : "none";
	snprintf(cpu, sizeof(cpu), "%s%s%s", o->cpu ? o->cpu : "host", kvm ? ",+vmx" : "",
		 kvm && !native ? ",-vmx-unrestricted-guest" : "");
	if (o->cpu || kvm)
		argv[n++] = "-cpu", argv[n++] = cpu;
	for (unsigned i = 0; i < DRIVES; i++) {
		static const char *const attach[DRIVES] = {
			"if=floppy", "if=ide,index=0", "if=ide,index=2,media=cdrom"};
		if (!o->drives[i].path)
			continue;
		snprintf(drive[i], sizeof(drive[i]), "%s,format=raw,file=%s%s", attach[i],
			 guest_drive_files[i],
			 i == DRIVE_CDROM || o->write ? "" : ",snapshot=on");
		argv[n++] = "-drive", argv[n++] = drive[i];
	}
	argv[n] = NULL;
	if (o->dry_run) {
		print_command(argv);
		return 0;
	}

	char path[512];
	snprintf(path, sizeof(path), "%s/%s", g->dir, ERRORS);
	int err = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	g->pid = guest_spawn(g, argv, -1, -1, err);
	close(err);
	for (unsigned tries = 0; tries < 300; tries++) {
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
		if (waitpid(g->pid, &status, WNOHANG) == g->pid) {
			char why[400];
			g->pid = -1;
			last_words(g, why, sizeof(why));
			if (WIFEXITED(status) && WEXITSTATUS(status) == 127 && !*why)
				return failure("QEMU is not installed; install the Debian package "
					       "qemu-system-x86");
			if (o->cpu && strstr(why, "CPU model"))
				return usage_error("QEMU knows no processor model \"%s\"; "
						   "`qemu-system-x86_64 -cpu help` lists them",
						   o->cpu);
			return failure("QEMU did not start: %s", why);
		}
		if (q.qmp < 0 && !connect_qmp(g))
			continue;
		if (!connect_vnc(g))
			continue;
		if (o->display == DISPLAY_VNC)
			fprintf(stderr, "dfw: the screen is on VNC at unix socket %s/%s\n", g->dir,
				VNC_SOCKET);
		return run_command(g, "{\"execute\":\"cont\"}\n") ? 0
								  : failure("QEMU does not go on");
	}
	return failure("QEMU started but does not answer");
}

static void read_debug(struct guest *g)
{
	size_t n;
	char *bytes = guest_read_file(g, DEBUG_FILE, &n);

	if (n > q.debug_read) {
		guest_debug(g, bytes + q.debug_read, n - q.debug_read);
		q.debug_read = n;
	}
	free(bytes);
}

static void qemu_poll(struct guest *g)
{
	int status;

	/* one wait, then all that is there */
	for (unsigned i = 0, wait = 50000; i < 50 && q.vnc; i++, wait = 0) {
		int n = q.vnc->buffered ? 1 : WaitForMessage(q.vnc, wait);
		if (n == 0)
			break;
		if (n < 0 || !HandleRFBServerMessage(q.vnc)) {
			rfbClientCleanup(q.vnc);
			q.vnc = NULL;
		}
	}
	/* a screen that grew can end the connection: libvncclient refuses what came before the new size */
	if (!q.vnc && g->pid > 0 && !connect_vnc(g))
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	if (q.vnc && g->picture_changed && g->picture.pixels) {
		const uint32_t *from = (const uint32_t *)q.vnc->frameBuffer;
		for (size_t i = 0; i < (size_t)g->picture.width * g->picture.height; i++)
			g->picture.pixels[i] = from[i] & 0xffffff;
	}
	read_debug(g);
	cJSON_Delete(receive(g, 0));
	if (g->end == GUEST_RUNS && waitpid(g->pid, &status, WNOHANG) == g->pid) {
		g->end = GUEST_DIED;
		g->pid = -1;
		last_words(g, g->reason, sizeof(g->reason));
		if (!*g->reason)
			snprintf(g->reason, sizeof(g->reason), "QEMU ended");
	}
}

static void qemu_key(struct guest *g, uint32_t keysym, bool down)
{
	if (q.vnc)
		SendKeyEvent(q.vnc, keysym, down);
}

static bool qemu_read_memory(struct guest *g, uint64_t physical, void *to, size_t size)
{
	char json[256];
	size_t n;

	snprintf(json, sizeof(json),
		 "{\"execute\":\"pmemsave\",\"arguments\":{\"val\":%llu,\"size\":%zu,"
		 "\"filename\":\"" DUMP_FILE "\"}}\n",
		 (unsigned long long)physical, size);
	bool ok = run_command(g, json);
	char *bytes = guest_read_file(g, DUMP_FILE, &n);
	if (ok && n == size)
		memcpy(to, bytes, size);
	ok = ok && n == size;
	free(bytes);
	return ok;
}

static void qemu_print_state(struct guest *g, FILE *to)
{
	cJSON *message;
	const cJSON *result = command(g, "{\"execute\":\"human-monitor-command\",\"arguments\":{"
					 "\"command-line\":\"info registers\"}}\n", &message);
	const char *text = cJSON_GetStringValue(result);

	/* the x87 and SSE registers say nothing here */
	if (text)
		fprintf(to, "%.*s", (int)(strstr(text, "FCW=") ? strstr(text, "FCW=") - text
							       : (long)strlen(text)), text);
	else
		fputs("not known: QEMU has ended\n", to);
	cJSON_Delete(message);
}

static int64_t qemu_unknown(struct guest *g)
{
	return -1;
}

static void qemu_stop(struct guest *g)
{
	if (g->pid > 0) {
		kill(g->pid, SIGKILL);
		waitpid(g->pid, NULL, 0);
	}
	if (q.vnc)
		rfbClientCleanup(q.vnc);
	if (q.qmp >= 0)
		close(q.qmp);
}

#define QEMU                                                                                       \
	.start = qemu_start, .poll = qemu_poll, .key = qemu_key, .read_memory = qemu_read_memory,  \
	.print_state = qemu_print_state, .ticks = qemu_unknown, .instructions = qemu_unknown,      \
	.stop = qemu_stop
const struct emulator qemu_emulator = {.name = "qemu", QEMU}, kvm_emulator = {.name = "kvm", QEMU};
