#include "journal_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512
#define NAME_MAX_SIZE 64
#define READ_SIZE ((size_t)4096) /* what a bad spot of the disk costs */

void journal_say(const struct journal *journal, enum journal_level level, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	int used = snprintf(line, sizeof(line), "journal: ");
	va_list args;
	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - (size_t)used, format, args);
	va_end(args);
	journal->log(journal->log_arg, level, line);
}

/* Files. */

int journal_file(const struct journal *journal, uint64_t number, int flags)
{
	char name[NAME_MAX_SIZE];
	snprintf(name, sizeof(name), SEGMENT_FORMAT, number);
	/* A pipe under that name is not to hold up anybody. */
	return openat(journal->folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
}

bool journal_file_number(const char *name, const char *kind, uint64_t *number)
{
	const size_t digits = 16;
	size_t len = strlen(kind);
	if (strncmp(name, kind, len) != 0 || name[len] != '-' || strlen(name + len + 1) != digits ||
		strspn(name + len + 1, "0123456789abcdef") != digits) {
		return false;
	}
	uint64_t value = strtoull(name + len + 1, NULL, 16);
	if (value == 0 || value >= NUMBER_MAX) {
		return false;
	}
	*number = value;
	return true;
}

/* What the disk does not give is zeros, which are no record.  Returns how far the file goes. */
static size_t read_all(int fd, unsigned char *bytes, size_t size, uint64_t from)
{
	size_t len = 0;
	while (len < size) {
		size_t part = size - len < READ_SIZE ? size - len : READ_SIZE;
		ssize_t got = pread(fd, bytes + len, part, (off_t)(from + len));
		if (got == 0) {
			break;
		}
		if (got < 0 && errno != EINTR) {
			memset(bytes + len, 0, part);
			got = (ssize_t)part;
		}
		len += got > 0 ? (size_t)got : 0;
	}
	return len;
}

/* How much of the file there is from `from` to `to`.  False: errno says why not. */
static bool measure(int fd, uint64_t from, uint64_t to, size_t *len)
{
	struct stat stat;
	if (fd < 0 || fstat(fd, &stat) != 0) {
		return false;
	}
	if (!S_ISREG(stat.st_mode)) {
		errno = EINVAL;
		return false;
	}
	uint64_t end = (uint64_t)stat.st_size < to ? (uint64_t)stat.st_size : to;
	*len = end > from ? (size_t)(end - from) : 0;
	return true;
}

unsigned char *journal_load(
	const struct journal *journal, uint64_t number, uint64_t from, uint64_t to, size_t *len)
{
	int fd = journal_file(journal, number, O_RDONLY);
	unsigned char *bytes = measure(fd, from, to, len) ? malloc(*len + 1) : NULL;
	int error = errno;
	if (bytes != NULL) {
		*len = read_all(fd, bytes, *len, from);
	}
	if (fd >= 0) {
		close(fd);
	}
	errno = error;
	return bytes;
}

/* Segments. */

struct segment *segment_new(void)
{
	struct segment *segment = calloc(1, sizeof(*segment));
	if (segment != NULL) {
		segment->fd = -1;
	}
	return segment;
}

void segment_free(struct segment *segment)
{
	if (segment->fd >= 0) {
		close(segment->fd);
	}
	free(segment);
}

uint64_t segment_next(const struct segment *segment)
{
	uint64_t next = segment->header.number + 1;
	return segment->header.next > next ? segment->header.next : next;
}

void journal_remove(const struct journal *journal, const struct segment *segment)
{
	char name[NAME_MAX_SIZE];
	char kept[NAME_MAX_SIZE];
	snprintf(name, sizeof(name), SEGMENT_FORMAT, segment->header.number);
	snprintf(kept, sizeof(kept), DAMAGED_FORMAT, segment->header.number);
	if (atomic_load(&segment->damaged)) {
		(void)renameat(journal->folder, name, journal->folder, kept);
	} else {
		(void)unlinkat(journal->folder, name, 0);
	}
}

void journal_free(struct journal *journal)
{
	struct segment *s;
	while ((s = journal->oldest) != NULL) {
		journal->oldest = s->next;
		segment_free(s);
	}
	if (journal->lock_file >= 0) {
		close(journal->lock_file);
	}
	if (journal->folder >= 0) {
		close(journal->folder);
	}
	pthread_cond_destroy(&journal->wake);
	pthread_mutex_destroy(&journal->lock);
	free(journal->piece);
	free(journal->record);
	free(journal->name);
	free(journal);
}
