#include "metrics_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CLOSE_S 2

struct metrics_file {
	char *path;
	char *beside; /* where it is written before it takes the other's place */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t news;
	/* Under the lock. */
	char *text; /* to be written; NULL: none */
	size_t len;
	bool stop;
	int error; /* errno of the last attempt, or 0 */
};

static bool write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t written = write(fd, text, len);
		if (written < 0) {
			return false;
		}
		text += written;
		len -= (size_t)written;
	}
	return true;
}

/* 0, or errno. */
static int replace(const struct metrics_file *file, const char *text, size_t len)
{
	int fd = open(file->beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		return errno;
	}
	/* Whoever collects it is somebody else, whatever the broker's umask. */
	bool good = fchmod(fd, 0644) == 0 && write_all(fd, text, len);
	int error = good ? 0 : errno;
	if (close(fd) != 0 && good) {
		error = errno;
	}
	if (error == 0 && rename(file->beside, file->path) != 0) {
		error = errno;
	}
	if (error != 0) {
		unlink(file->beside);
	}
	return error;
}

static void *run(void *arg)
{
	struct metrics_file *file = arg;
	pthread_mutex_lock(&file->lock);
	for (;;) {
		while (file->text == NULL && !file->stop) {
			pthread_cond_wait(&file->news, &file->lock);
		}
		if (file->stop) {
			break;
		}
		char *text = file->text;
		size_t len = file->len;
		file->text = NULL;
		pthread_mutex_unlock(&file->lock);
		int error = replace(file, text, len);
		free(text);
		pthread_mutex_lock(&file->lock);
		file->error = error;
	}
	pthread_mutex_unlock(&file->lock);
	unlink(file->path);
	return NULL;
}

static bool start(struct metrics_file *file)
{
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = pthread_create(&file->thread, NULL, run, file) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

static void free_file(struct metrics_file *file)
{
	pthread_mutex_destroy(&file->lock);
	pthread_cond_destroy(&file->news);
	free(file->path);
	free(file->beside);
	free(file->text);
	free(file);
}

struct metrics_file *metrics_file_open(const char *path)
{
	struct metrics_file *file = calloc(1, sizeof(*file));
	if (file == NULL) {
		return NULL;
	}
	pthread_mutex_init(&file->lock, NULL);
	pthread_cond_init(&file->news, NULL);
	file->path = strdup(path);
	if (asprintf(&file->beside, "%s.new", path) < 0) {
		file->beside = NULL;
	}
	if (file->path == NULL || file->beside == NULL || !start(file)) {
		free_file(file);
		return NULL;
	}
	return file;
}

int metrics_file_put(struct metrics_file *file, struct slice text)
{
	char *copy = malloc(text.len);
	pthread_mutex_lock(&file->lock);
	int error = copy == NULL ? ENOMEM : file->error;
	if (copy != NULL) {
		memcpy(copy, text.bytes, text.len);
		free(file->text);
		file->text = copy;
		file->len = text.len;
		pthread_cond_signal(&file->news);
	}
	pthread_mutex_unlock(&file->lock);
	return error;
}

void metrics_file_close(struct metrics_file *file)
{
	if (file == NULL) {
		return;
	}
	pthread_mutex_lock(&file->lock);
	file->stop = true;
	pthread_cond_signal(&file->news);
	pthread_mutex_unlock(&file->lock);
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CLOSE_S;
	if (pthread_timedjoin_np(file->thread, NULL, &until) == 0) {
		free_file(file);
	}
}
