/* SPDX-License-Identifier: MIT
 *
 * Disk images: which drive a file belongs into, and whether anything can boot from it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli/cli.h"

const char *const drive_names[DRIVES] = {"floppy", "disk", "cdrom"};

#define CD_SECTOR 2048
#define PVD       (16 * CD_SECTOR) /* ECMA-119, 6.7.1: volume descriptors begin at sector 16 */
#define BOOT      (17 * CD_SECTOR) /* El Torito 1.0, 2.0: the boot record is at sector 17 */

static const struct {
	unsigned kib;
	const char *bochs;
} floppies[] = {
	{160, "160k"}, {180, "180k"}, {320, "320k"}, {360, "360k"},
	{720, "720k"}, {1200, "1_2"}, {1440, "1_44"}, {2880, "2_88"},
};

const char *image_floppy_type(uint64_t size)
{
	for (unsigned i = 0; i < sizeof(floppies) / sizeof(floppies[0]); i++)
		if (size == floppies[i].kib * 1024)
			return floppies[i].bochs;
	return NULL;
}

static uint32_t le(const uint8_t *p, unsigned bytes)
{
	uint32_t v = 0;
	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

static bool read_at(int fd, uint64_t offset, void *to, size_t size)
{
	return pread(fd, to, size, offset) == (ssize_t)size;
}

/* Why nothing boots from this CD, or NULL. El Torito 1.0, 2.0 and 2.1. */
static const char *cd_unbootable(int fd)
{
	uint8_t record[CD_SECTOR], entry[64];
	uint16_t sum = 0;

	if (!read_at(fd, BOOT, record, sizeof(record)) || record[0] != 0 ||
	    memcmp(record + 1, "CD001\1EL TORITO SPECIFICATION", 29) != 0)
		return "has no El Torito boot record, so nothing boots from it";
	if (!read_at(fd, (uint64_t)le(record + 0x47, 4) * CD_SECTOR, entry, sizeof(entry)))
		return "has a broken El Torito boot catalogue: it lies past the end of the image";
	for (unsigned i = 0; i < 32; i += 2)
		sum += le(entry + i, 2);
	if (entry[0] != 1 || entry[30] != 0x55 || entry[31] != 0xaa || sum != 0)
		return "has a broken El Torito boot catalogue: its validation entry is wrong";
	if (entry[32] != 0x88)
		return "has an El Torito boot catalogue whose default entry is not bootable";
	return NULL;
}

/* Why nothing boots from a sector 0, or NULL. */
static const char *sector_unbootable(int fd, enum image_kind kind)
{
	uint8_t sector[512];

	if (!read_at(fd, 0, sector, sizeof(sector)))
		return "cannot be read";
	/* a floppy of the first PCs need not end its boot sector with 55AA, but it holds code */
	if (kind == IMAGE_FLOPPY && (sector[510] != 0x55 || sector[511] != 0xaa))
		for (unsigned i = 1; i < 512; i++)
			if (sector[i] != sector[0])
				return NULL;
	if (sector[510] != 0x55 || sector[511] != 0xaa)
		return "has no boot sector (no 55AA at byte 510)";
	return NULL;
}

int image_probe(const char *path, enum image_kind wanted, struct image *image)
{
	struct stat st;
	uint8_t pvd[CD_SECTOR];
	const char *why;

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return usage_error("%s: %s; give the path of a disk, floppy or CD image", path,
				   strerror(errno));
	fstat(fd, &st);
	image->path = path;
	image->size = st.st_size;
	image->kind = wanted;

	bool iso = read_at(fd, PVD, pvd, sizeof(pvd)) && memcmp(pvd, "\1CD001", 6) == 0;
	if (wanted == IMAGE_NONE)
		image->kind = iso                              ? IMAGE_CDROM
			      : image_floppy_type(image->size) ? IMAGE_FLOPPY
							       : IMAGE_DISK;
	int status = 0;
	if (S_ISDIR(st.st_mode))
		status = usage_error("%s is a directory; give an image file", path);
	else if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		status = usage_error("%s is no plain file; give an image file", path);
	else if (S_ISREG(st.st_mode) && image->size == 0)
		status = usage_error("%s is empty; give an image with something in it", path);
	else if (image->kind == IMAGE_CDROM && wanted != IMAGE_NONE && !iso)
		status = usage_error("%s is no CD image (no ISO 9660 volume); "
				     "use --floppy or --disk for it", path);
	else if (image->kind == IMAGE_FLOPPY && !image_floppy_type(image->size))
		status = usage_error("%s has %llu bytes, which is no floppy size (160, 180, 320, "
				     "360, 720, 1200, 1440 or 2880 KiB); use --disk for it",
				     path, (unsigned long long)image->size);
	else if (image->size % 512 != 0 && S_ISREG(st.st_mode))
		status = usage_error("%s has %llu bytes, not a multiple of 512: it is cut short "
				     "or no disk image; fetch it again, unpacked", path,
				     (unsigned long long)image->size);
	else if (iso && image->kind == IMAGE_CDROM && S_ISREG(st.st_mode) &&
		 image->size < (uint64_t)le(pvd + 80, 4) * le(pvd + 128, 2))
		status = usage_error("%s is cut short: %llu bytes of the %llu that its volume "
				     "descriptor tells; fetch it again", path,
				     (unsigned long long)image->size,
				     (unsigned long long)le(pvd + 80, 4) * le(pvd + 128, 2));
	else if (wanted == IMAGE_NONE &&
		 (why = image->kind == IMAGE_CDROM ? cd_unbootable(fd)
						   : sector_unbootable(fd, image->kind)))
		status = usage_error("%s %s; give a bootable image, or use --%s to attach it "
				     "all the same", path, why,
				     drive_names[image->kind - IMAGE_FLOPPY]);
	close(fd);
	return status;
}
