/* What the broker's own configuration means for chats.  Mosquitto tells a plugin neither which
 * listeners it is loaded for, nor which other plugins are asked before it, nor whether anybody is
 * asked after it: so this reads the configuration that the broker has read. */
#ifndef CHAT_CONF_CHECK_H
#define CHAT_CONF_CHECK_H

#include "slice.h"

#define CONF_SENTENCE_MAX 768

/* Sentences for the operator, which say what to do; "" where there is nothing to say. */
struct conf_findings {
	char closed[CONF_SENTENCE_MAX];  /* why chats would be open to clients without a token */
	char warning[CONF_SENTENCE_MAX]; /* what may not be meant so, or could not be found out */
};

/* `arguments` is a file with the broker's, as /proc/self/cmdline is; `plugin` the plugin's own
 * file; `earlier` that of another plugin which was loaded before it, or NULL.  Reads local files.
 */
void conf_check(const char *arguments, const char *plugin, const char *earlier,
	struct conf_findings *findings);

#endif
