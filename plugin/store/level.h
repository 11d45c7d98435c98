/* How serious a log line is that a thread of the store hands over. */
#ifndef CHAT_LEVEL_H
#define CHAT_LEVEL_H

enum store_level {
	STORE_NOTICE,
	STORE_WARNING,
	STORE_ERROR,
};

#endif
