/* The plugin itself, with a clock and random numbers that an input decides alone. */
#include <sys/random.h>
#include <sys/types.h>
#include <time.h>

#define clock_gettime fake_clock_gettime
#define getrandom fake_getrandom

int fake_clock_gettime(clockid_t clock, struct timespec *now);
ssize_t fake_getrandom(void *into, size_t len, unsigned flags);

#include "../../plugin/broker/plugin.c"

size_t fake_plugin_books(void);
size_t fake_plugin_books(void)
{
	struct chat_counts counts = chat_count(loaded->chat);
	return counts.clients + counts.users + counts.rooms + counts.marks + counts.requests +
	       counts.permits + counts.pending + counts.entries;
}
