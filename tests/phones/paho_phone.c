/* A phone's client, made with Eclipse Paho's C library, which Android's and others' are built on.
 * Does what the lines of its standard input say, and prints a line for whatever happens:
 *
 *     paho_phone <uri> <3 | 4 | 5> <client id> <username> <password> [<CA's certificate>]
 *
 *     subscribe <topic>                  connected
 *     unsubscribe <topic>                refused <code>
 *     publish <topic> <payload>          done <code>, for each line that it was told
 *                                        message <topic> <payload>
 *                                        lost <code>
 *
 * It ends with its standard input. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <MQTTClient.h>

#define KEEPALIVE_S 20
#define TIMEOUT_S 60
#define LINE_MAX_BYTES 65536

struct phone {
	MQTTClient client;
	int version;
};

struct account {
	const char *username;
	const char *password;
	const char *authority;
};

static int received(void *phone, char *topic, int topic_len, MQTTClient_message *message)
{
	(void)phone;
	(void)topic_len;
	printf("message %s %.*s\n", topic, message->payloadlen, (const char *)message->payload);
	MQTTClient_freeMessage(&message);
	MQTTClient_free(topic);
	return 1;
}

static void lost(void *phone, char *cause)
{
	(void)phone;
	(void)cause;
	printf("lost 0\n");
}

/* MQTT 5: the broker has said why. */
static void told_to_go(void *phone, MQTTProperties *properties, enum MQTTReasonCodes why)
{
	(void)phone;
	(void)properties;
	printf("lost %d\n", (int)why);
}

/* What a function of MQTT 5 answered: the reason code, or an error below zero. */
static int code_of(MQTTResponse response)
{
	int code = (int)response.reasonCode;
	MQTTResponse_free(response);
	return code;
}

static bool connected(struct phone *phone, const char *uri, const struct account *account)
{
	bool websockets = uri[0] == 'w';
	MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
	MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
	MQTTClient_connectOptions options_ws = MQTTClient_connectOptions_initializer_ws;
	MQTTClient_connectOptions options_5 = MQTTClient_connectOptions_initializer5;
	MQTTClient_connectOptions options_5_ws = MQTTClient_connectOptions_initializer5_ws;
	if (phone->version == MQTTVERSION_5) {
		options = websockets ? options_5_ws : options_5;
	} else if (websockets) {
		options = options_ws;
	}
	tls.trustStore = account->authority;
	tls.verify = 1;
	options.MQTTVersion = phone->version;
	options.username = account->username;
	options.password = account->password;
	options.keepAliveInterval = KEEPALIVE_S;
	options.connectTimeout = TIMEOUT_S;
	options.ssl = account->authority != NULL ? &tls : NULL;
	int code = phone->version == MQTTVERSION_5
	                   ? code_of(MQTTClient_connect5(phone->client, &options, NULL, NULL))
	                   : MQTTClient_connect(phone->client, &options);
	if (code == MQTTCLIENT_SUCCESS) {
		printf("connected\n");
	} else {
		printf("refused %d\n", code);
	}
	return code == MQTTCLIENT_SUCCESS;
}

static int subscribe(struct phone *phone, const char *topic)
{
	if (phone->version == MQTTVERSION_5) {
		return code_of(MQTTClient_subscribe5(phone->client, topic, 1, NULL, NULL));
	}
	return MQTTClient_subscribe(phone->client, topic, 1);
}

static int unsubscribe(struct phone *phone, const char *topic)
{
	if (phone->version == MQTTVERSION_5) {
		return code_of(MQTTClient_unsubscribe5(phone->client, topic, NULL));
	}
	return MQTTClient_unsubscribe(phone->client, topic);
}

static int publish(struct phone *phone, const char *topic, const char *payload)
{
	MQTTClient_message message = MQTTClient_message_initializer;
	MQTTClient_deliveryToken token;
	message.payload = (void *)payload;
	message.payloadlen = (int)strlen(payload);
	message.qos = 1;
	int code = phone->version == MQTTVERSION_5
	                   ? code_of(MQTTClient_publishMessage5(
				     phone->client, topic, &message, &token))
	                   : MQTTClient_publishMessage(phone->client, topic, &message, &token);
	return code < 0 ? code
	                : MQTTClient_waitForCompletion(phone->client, token, TIMEOUT_S * 1000);
}

static void obey(struct phone *phone, char *line)
{
	char *rest = NULL;
	const char *verb = strtok_r(line, " \n", &rest);
	const char *topic = strtok_r(NULL, " \n", &rest);
	if (verb == NULL || topic == NULL) {
		return;
	}
	int code = -1;
	if (strcmp(verb, "subscribe") == 0) {
		code = subscribe(phone, topic);
	} else if (strcmp(verb, "unsubscribe") == 0) {
		code = unsubscribe(phone, topic);
	} else if (strcmp(verb, "publish") == 0) {
		code = publish(phone, topic, strtok_r(NULL, "\n", &rest));
	}
	printf("done %d\n", code);
}

int main(int argc, char **argv)
{
	if (argc < 6) {
		fprintf(stderr,
			"usage: paho_phone <uri> <version> <client id> <username> <password> [<certificate>]\n");
		return EXIT_FAILURE;
	}
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	struct phone phone = {.version = atoi(argv[2])};
	struct account account = {argv[4], argv[5], argc > 6 ? argv[6] : NULL};
	MQTTClient_createOptions create = MQTTClient_createOptions_initializer;
	create.MQTTVersion = phone.version;
	if (MQTTClient_createWithOptions(&phone.client, argv[1], argv[3],
		    MQTTCLIENT_PERSISTENCE_NONE, NULL, &create) != MQTTCLIENT_SUCCESS ||
		MQTTClient_setCallbacks(phone.client, &phone, lost, received, NULL) !=
			MQTTCLIENT_SUCCESS ||
		MQTTClient_setDisconnected(phone.client, &phone, told_to_go) !=
			MQTTCLIENT_SUCCESS) {
		fprintf(stderr, "paho_phone: no client for %s\n", argv[1]);
		return EXIT_FAILURE;
	}
	if (connected(&phone, argv[1], &account)) {
		static char line[LINE_MAX_BYTES];
		while (fgets(line, sizeof(line), stdin) != NULL) {
			obey(&phone, line);
		}
		MQTTClient_disconnect(phone.client, TIMEOUT_S * 1000);
	}
	MQTTClient_destroy(&phone.client);
	return EXIT_SUCCESS;
}
