/* Where the numbers go every ten seconds: topics under $SYS/broker/chat/, retained, and the file if
 * there is one.  Broker's thread. */
#ifndef CHAT_METRICS_OUT_H
#define CHAT_METRICS_OUT_H

#include "metrics.h"
#include "metrics_file.h"

struct metrics_out {
	struct metrics_file *file; /* NULL: none */
	struct buffer text;
	int64_t due_at; /* steady ms */
	int said;       /* the errno that the log has heard of; 0: none */
};

/* `path`: "" for no file.  False: out of memory or threads. */
MUST_CHECK bool metrics_out_open(struct metrics_out *out, const char *path);
/* Once in ten seconds it is true, and then they are to be brought. */
bool metrics_out_due(struct metrics_out *out, int64_t now);
void metrics_out_put(struct metrics_out *out, const struct metrics *metrics);
void metrics_out_close(struct metrics_out *out);

#endif
