/* The file that Prometheus' node_exporter reads: a thread of its own writes it, because a disk may
 * take its time.  A new text replaces the old one at once, and nobody ever reads half of one. */
#ifndef CHAT_METRICS_FILE_H
#define CHAT_METRICS_FILE_H

#include "slice.h"

struct metrics_file;

/* NULL: out of memory or threads. */
MUST_CHECK struct metrics_file *metrics_file_open(const char *path);

/* Copies the text; one that has not been written yet is forgotten.  Returns 0, or the errno of the
 * last attempt to write. */
int metrics_file_put(struct metrics_file *file, struct slice text);

/* Removes the file, so that nobody takes it for news.  Waits two seconds at most.  NULL is fine. */
void metrics_file_close(struct metrics_file *file);

#endif
