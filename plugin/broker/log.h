/* Lines in Mosquitto's own log, each beginning with "chat: ".  Broker's thread only. */
#ifndef CHAT_LOG_H
#define CHAT_LOG_H

/* `level` is one of Mosquitto's MOSQ_LOG_*.  What comes from clients or the database may be in the
 * text: bytes that a terminal would act on are shown as '?'. */
void log_line(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
