#include "log.h"

#include <stdarg.h>
#include <stdio.h>

#include <mosquitto.h>
#include <mosquitto_broker.h>

/* C0, DEL, and the C1 controls as UTF-8 spells them (0xC2 0x80 to 0x9F). */
static void disarm(char *line)
{
	for (unsigned char *c = (unsigned char *)line; *c != '\0'; c++) {
		if (*c < 0x20 || *c == 0x7f) {
			*c = '?';
		} else if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) {
			c[0] = '?';
			c[1] = '?';
		}
	}
}

void log_line(int level, const char *format, ...)
{
	char line[768];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	disarm(line);
	mosquitto_log_printf(level, "chat: %s", line);
}
