/* Whether every listener has the plugin.  The broker tells nobody, and where the plugin is not, it
 * asks nobody what it may deliver: so this reads the configuration that the broker has read. */
#ifndef CHAT_LISTENERS_H
#define CHAT_LISTENERS_H

#include "slice.h"

enum listeners {
	LISTENERS_ALL,
	LISTENERS_SOME,
	LISTENERS_UNKNOWN,
};

/* `arguments` is a file with the broker's, as /proc/self/cmdline is; `plugin` the plugin's own
 * file.  For all but LISTENERS_ALL, `reason` is a sentence that says what to do.  Reads local
 * files. */
#define LISTENERS_REASON_MAX 512
MUST_CHECK enum listeners listeners_check(
	const char *arguments, const char *plugin, char reason[LISTENERS_REASON_MAX]);

#endif
