#include "metrics_out.h"

#include <string.h>

#include <mosquitto.h>
#include <mosquitto_broker.h>

#include "log.h"

#define PERIOD_MS 10000

bool metrics_out_open(struct metrics_out *out, const char *path)
{
	*out = (struct metrics_out){0};
	if (path[0] != '\0') {
		out->file = metrics_file_open(path);
	}
	return path[0] == '\0' || out->file != NULL;
}

bool metrics_out_due(struct metrics_out *out, int64_t now)
{
	if (now < out->due_at) {
		return false;
	}
	out->due_at = now + PERIOD_MS;
	return true;
}

static void publish(void *arg, const char *topic, const char *value)
{
	(void)arg;
	size_t len = strlen(value);
	/* mosquitto_broker_publish_copy miscounts the broker's memory in 2.0. */
	char *copy = mosquitto_malloc(len);
	if (copy == NULL) {
		return;
	}
	memcpy(copy, value, len);
	if (mosquitto_broker_publish(NULL, topic, (int)len, copy, 0, true, NULL) !=
		MOSQ_ERR_SUCCESS) {
		mosquitto_free(copy);
	}
}

/* Once for each reason, until it works again. */
static void say(struct metrics_out *out, int error)
{
	if (error != 0 && error != out->said) {
		log_line(MOSQ_LOG_WARNING,
			"plugin_opt_metrics_file cannot be written (%s): its folder has to be there, "
			"and the broker's user must be able to write in it",
			strerror(error));
	}
	out->said = error;
}

void metrics_out_put(struct metrics_out *out, const struct metrics *metrics)
{
	metrics_topics(metrics, publish, NULL);
	if (out->file == NULL) {
		return;
	}
	buffer_clear(&out->text);
	metrics_write(metrics, &out->text);
	if (!out->text.failed) {
		say(out, metrics_file_put(out->file, buffer_slice(&out->text)));
	}
}

void metrics_out_close(struct metrics_out *out)
{
	metrics_file_close(out->file);
	buffer_free(&out->text);
}
