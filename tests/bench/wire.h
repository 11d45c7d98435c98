/* MQTT packets, bare or in WebSocket frames, or Socket.IO's: written into a buffer, and found in
 * what comes in.  Only what the load generator speaks. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packet_type {
	PACKET_CONNACK = 2,
	PACKET_PUBLISH = 3,
	PACKET_PUBACK = 4,
	PACKET_SUBACK = 9,
};

/* How a connection speaks. */
struct dialect {
	bool ws;
	bool mqtt5;
	bool socketio; /* over WebSockets; the name of every event is "chat", and its argument JSON
	                */
};

/* Grows as needed; running out of memory ends the program. */
struct bytes {
	unsigned char *at;
	size_t len;
	size_t cap;
};

void bytes_reserve(struct bytes *bytes, size_t more);
void bytes_add(struct bytes *bytes, const void *what, size_t len);

/* Each appends one packet.  Without a username: none is sent.  For Socket.IO a topic is the last
 * part of what is sent, and there are no acknowledgements. */
void wire_upgrade(struct bytes *out, struct dialect dialect, const char *host);
void wire_connect(struct bytes *out, struct dialect dialect, const char *client_id,
	const char *username, const char *password);
void wire_subscribe(
	struct bytes *out, struct dialect dialect, const char *const *topics, size_t count);
void wire_publish(struct bytes *out, struct dialect dialect, const char *topic, const void *payload,
	size_t len, int qos, uint16_t packet_id);
void wire_puback(struct bytes *out, struct dialect dialect, uint16_t packet_id);
void wire_disconnect(struct bytes *out, struct dialect dialect);

/* A packet that came in; pointers into the input. */
struct packet {
	enum packet_type type;
	uint16_t packet_id; /* 0: none */
	uint8_t code;       /* CONNACK's; the worst of SUBACK's; PUBACK's */
	const char *topic;
	size_t topic_len;
	const char *payload;
	size_t payload_len;
};

/* Reads one packet. Returns the bytes it took, 0 when it is not complete, SIZE_MAX when it is none.
 */
size_t wire_read(
	const unsigned char *in, size_t len, struct dialect dialect, struct packet *packet);

/* Where we are in a stream of frames. */
struct frames {
	uint64_t left; /* of the payload of the frame that we are in */
	uint8_t opcode;
	uint8_t header_len;
	unsigned char header[14]; /* what has come of a header that is not complete */
};

/* Takes frame headers out of `in` and moves payloads together, in place; returns how many bytes of
 * payload there are, SIZE_MAX when the server closes or speaks nonsense.  Pings are dropped: the
 * brokers measured here send none. */
size_t frames_strip(struct frames *frames, unsigned char *in, size_t len);

#endif
