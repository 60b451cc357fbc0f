/* SPDX-License-Identifier: MIT
 *
 * QEMU's table loader. Every name, offset and size is checked before it is used.
 */
#include "vmxloader/table_loader.h"
#include "lib/checksum.h"
#include "lib/string.h"

enum { NAME_SIZE = 56, FILES_MOST = 16 };
enum { ALLOCATE = 1, ADD_POINTER, ADD_CHECKSUM, WRITE_POINTER };
enum { ZONE_HIGH = 1, ZONE_ANCHOR };

/* 128 bytes each; little-endian */
struct command {
	uint32_t command;
	union {
		struct {
			char file[NAME_SIZE];
			uint32_t align;
			uint8_t zone;
		} __attribute__((packed)) allocate;
		struct {
			char file[NAME_SIZE], source[NAME_SIZE];
			uint32_t offset;
			uint8_t size;
		} __attribute__((packed)) pointer;
		struct {
			char file[NAME_SIZE];
			uint32_t offset, start, length;
		} __attribute__((packed)) checksum;
		struct {
			char file[NAME_SIZE], source[NAME_SIZE];
			uint32_t offset, source_offset;
			uint8_t size;
		} __attribute__((packed)) write;
		uint8_t all[124];
	};
} __attribute__((packed));

_Static_assert(sizeof(struct command) == 128, "QEMU's table loader");

struct file {
	char name[NAME_SIZE];
	uint32_t address, size;
};

static struct file files[FILES_MOST];
static unsigned file_count;

static bool bad_name(const char *name)
{
	return !*name || !memchr(name, 0, NAME_SIZE);
}

static const struct file *find(const char *name)
{
	for (unsigned i = 0; !bad_name(name) && i < file_count; i++)
		if (!strcmp(files[i].name, name))
			return &files[i];
	return NULL;
}

static bool inside(const struct file *f, uint32_t offset, uint32_t size)
{
	return offset <= f->size && size <= f->size - offset;
}

static bool pointer_size(uint8_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static const char *allocate(const struct table_host *host, const struct command *c)
{
	uint32_t size, align = c->allocate.align;
	struct file *f = &files[file_count];

	if (bad_name(c->allocate.file))
		return "a file name is empty or without end";
	if (find(c->allocate.file))
		return "a file is placed twice";
	if (file_count == FILES_MOST)
		return "too many files";
	if (!align || align & (align - 1))
		return "an alignment is no power of two";
	if (c->allocate.zone != ZONE_HIGH && c->allocate.zone != ZONE_ANCHOR)
		return "a zone is not known";
	if (!host->size(c->allocate.file, &size) || !size)
		return "a file is not there";
	*f = (struct file){.address = host->allocate(size, align, c->allocate.zone == ZONE_ANCHOR), .size = size};
	if (!f->address)
		return "no memory for a file";
	memcpy(f->name, c->allocate.file, NAME_SIZE);
	host->read(f->name, (void *)(uintptr_t)f->address, size);
	file_count++;
	return NULL;
}

static const char *add_pointer(const struct command *c)
{
	const struct file *f = find(c->pointer.file), *source = find(c->pointer.source);
	uint64_t value = 0;
	uint8_t *at;

	if (!f || !source)
		return "a pointer is of or to a file that is not placed";
	if (!pointer_size(c->pointer.size) || !inside(f, c->pointer.offset, c->pointer.size))
		return "a pointer is outside of its file";
	at = (uint8_t *)(uintptr_t)f->address + c->pointer.offset;
	memcpy(&value, at, c->pointer.size);
	if (value >= source->size)
		return "a pointer points past its target";
	value += source->address;
	if (c->pointer.size < 4 && value >> c->pointer.size * 8)
		return "a pointer is too short";
	memcpy(at, &value, c->pointer.size);
	return NULL;
}

static const char *add_checksum(const struct command *c)
{
	const struct file *f = find(c->checksum.file);
	uint8_t *bytes;

	if (!f)
		return "a checksum is of a file that is not placed";
	if (!inside(f, c->checksum.offset, 1) || !inside(f, c->checksum.start, c->checksum.length))
		return "a checksum is outside of its file";
	bytes = (uint8_t *)(uintptr_t)f->address;
	bytes[c->checksum.offset] -= byte_sum(bytes + c->checksum.start, c->checksum.length);
	return NULL;
}

/* For QEMU itself, which is told where a file lies: checked with the rest, written at the end. */
static const char *write_pointer(const struct table_host *host, const struct command *c, bool now)
{
	const struct file *source = find(c->write.source);
	uint32_t size;
	uint64_t value;

	if (bad_name(c->write.file) || !host->size(c->write.file, &size))
		return "a file to write is not there";
	if (!source)
		return "a pointer is to a file that is not placed";
	if (!pointer_size(c->write.size) || c->write.offset > size || c->write.size > size - c->write.offset)
		return "a pointer is outside of its file";
	if (c->write.source_offset >= source->size)
		return "a pointer points past its target";
	value = source->address + c->write.source_offset;
	if (c->write.size < 4 && value >> c->write.size * 8)
		return "a pointer is too short";
	if (now && !host->write(c->write.file, c->write.offset, &value, c->write.size))
		return "a file cannot be written";
	return NULL;
}

const char *table_loader_run(const struct table_host *host, const void *script, uint32_t size)
{
	const struct command *commands = script;
	const char *why = NULL;

	file_count = 0;
	if (size % sizeof(*commands))
		return "cut in the middle of a command";
	size /= sizeof(*commands);
	for (uint32_t i = 0; i < size && !why; i++)
		switch (commands[i].command) {
		case ALLOCATE:
			why = allocate(host, &commands[i]);
			break;
		case ADD_POINTER:
			why = add_pointer(&commands[i]);
			break;
		case ADD_CHECKSUM:
			why = add_checksum(&commands[i]);
			break;
		case WRITE_POINTER:
			why = write_pointer(host, &commands[i], false);
			break;
		case 0: /* nothing */
			break;
		default:
			why = "a command is not known";
		}
	for (uint32_t i = 0; i < size && !why; i++)
		if (commands[i].command == WRITE_POINTER)
			why = write_pointer(host, &commands[i], true);
	return why;
}
