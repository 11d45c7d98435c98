#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_MAX (14 + 5) /* the headers of a frame and of a packet */
#define KEEPALIVE_S 1800  /* longer than any run: no pings */

/* A client has to mask what it sends; the server unmasks whatever the key is. */
static const unsigned char mask[4] = {0x5a, 0xc3, 0x1e, 0x97};

void bytes_reserve(struct bytes *bytes, size_t more)
{
	if (bytes->len + more <= bytes->cap) {
		return;
	}
	size_t cap = bytes->cap == 0 ? 512 : bytes->cap;
	while (cap < bytes->len + more) {
		cap *= 2;
	}
	bytes->at = realloc(bytes->at, cap);
	if (bytes->at == NULL) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	bytes->cap = cap;
}

void bytes_add(struct bytes *bytes, const void *what, size_t len)
{
	bytes_reserve(bytes, len);
	memcpy(bytes->at + bytes->len, what, len);
	bytes->len += len;
}

static void add_byte(struct bytes *out, unsigned byte)
{
	bytes_add(out, &(unsigned char){(unsigned char)byte}, 1);
}

static void add_u16(struct bytes *out, unsigned number)
{
	add_byte(out, number >> 8 & 0xff);
	add_byte(out, number & 0xff);
}

static void add_string(struct bytes *out, const char *text)
{
	size_t len = strlen(text);
	add_u16(out, (unsigned)len);
	bytes_add(out, text, len);
}

/* A packet's body is written behind room for its headers, and moved up to them at the end. */
static size_t begin(struct bytes *out)
{
	size_t start = out->len;
	bytes_reserve(out, HEAD_MAX);
	out->len += HEAD_MAX;
	return start;
}

static size_t put_length(unsigned char *at, size_t len)
{
	size_t n = 0;
	do {
		at[n] = (unsigned char)(len & 0x7f);
		len >>= 7;
		at[n++] |= len > 0 ? 0x80 : 0;
	} while (len > 0);
	return n;
}

static size_t put_frame_header(unsigned char *at, unsigned first_byte, size_t len)
{
	size_t n = 0;
	at[n++] = (unsigned char)first_byte;
	if (len < 126) {
		at[n++] = (unsigned char)(0x80 | len);
	} else {
		at[n++] = 0x80 | 126; /* what we send stays below 64 KB */
		at[n++] = (unsigned char)(len >> 8);
		at[n++] = (unsigned char)(len & 0xff);
	}
	memcpy(at + n, mask, sizeof(mask));
	return n + sizeof(mask);
}

#define FRAME_TEXT 0x81 /* the last part of a message */
#define FRAME_BINARY 0x82

static void end(struct bytes *out, struct dialect dialect, size_t start, unsigned first_byte)
{
	size_t body = out->len - start - HEAD_MAX;
	unsigned char head[5] = {(unsigned char)first_byte};
	size_t head_len = dialect.socketio ? 0 : 1 + put_length(head + 1, body);
	unsigned char *at = out->at + start;
	unsigned kind = dialect.socketio ? FRAME_TEXT : FRAME_BINARY;
	size_t frame_len = dialect.ws ? put_frame_header(at, kind, head_len + body) : 0;
	memcpy(at + frame_len, head, head_len);
	memmove(at + frame_len + head_len, at + HEAD_MAX, body);
	out->len = start + frame_len + head_len + body;
	if (dialect.ws) {
		unsigned char *masked = at + frame_len;
		for (size_t i = 0; i < head_len + body; i++) {
			masked[i] ^= mask[i & 3];
		}
	}
}

static void add_text(struct bytes *out, const char *text)
{
	bytes_add(out, text, strlen(text));
}

void wire_upgrade(struct bytes *out, struct dialect dialect, const char *host)
{
	add_text(out, dialect.socketio ? "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
				       : "GET /mqtt HTTP/1.1\r\nSec-WebSocket-Protocol: mqtt\r\n");
	add_text(out, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
		      "Sec-WebSocket-Key: bG9hZCBnZW5lcmF0b3IhIQ==\r\nSec-WebSocket-Version: 13\r\n"
		      "Host: ");
	add_text(out, host);
	add_text(out, "\r\n\r\n");
}

/* Socket.IO's packets: 40 is connect, 42 an event. */

static void socketio_connect(
	struct bytes *out, struct dialect dialect, const char *username, const char *password)
{
	size_t start = begin(out);
	add_text(out, "40{\"username\":\"");
	add_text(out, username);
	add_text(out, "\",\"password\":\"");
	add_text(out, password);
	add_text(out, "\"}");
	end(out, dialect, start, 0);
}

static void socketio_join(struct bytes *out, struct dialect dialect, const char *topic)
{
	size_t start = begin(out);
	add_text(out, "42[\"join\",\"");
	add_text(out, topic);
	add_text(out, "\"]");
	end(out, dialect, start, 0);
}

static void socketio_event(
	struct bytes *out, struct dialect dialect, const void *payload, size_t len)
{
	size_t start = begin(out);
	add_text(out, "42[\"chat\",");
	bytes_add(out, payload, len);
	add_text(out, "]");
	end(out, dialect, start, 0);
}

void wire_connect(struct bytes *out, struct dialect dialect, const char *client_id,
	const char *username, const char *password)
{
	if (dialect.socketio) {
		socketio_connect(out, dialect, username, password);
		return;
	}
	size_t start = begin(out);
	add_string(out, "MQTT");
	add_byte(out, dialect.mqtt5 ? 5 : 4);
	add_byte(out, username == NULL ? 0x02 : 0xc2);
	add_u16(out, KEEPALIVE_S);
	if (dialect.mqtt5) {
		add_byte(out, 0);
	}
	add_string(out, client_id);
	if (username != NULL) {
		add_string(out, username);
		add_string(out, password);
	}
	end(out, dialect, start, 0x10);
}

void wire_subscribe(
	struct bytes *out, struct dialect dialect, const char *const *topics, size_t count)
{
	if (dialect.socketio) {
		socketio_join(out, dialect, topics[count - 1]);
		return;
	}
	size_t start = begin(out);
	add_u16(out, 1);
	if (dialect.mqtt5) {
		add_byte(out, 0);
	}
	for (size_t i = 0; i < count; i++) {
		add_string(out, topics[i]);
		add_byte(out, 1);
	}
	end(out, dialect, start, 0x82);
}

void wire_publish(struct bytes *out, struct dialect dialect, const char *topic, const void *payload,
	size_t len, int qos, uint16_t packet_id)
{
	if (dialect.socketio) {
		socketio_event(out, dialect, payload, len);
		return;
	}
	size_t start = begin(out);
	add_string(out, topic);
	if (qos > 0) {
		add_u16(out, packet_id);
	}
	if (dialect.mqtt5) {
		add_byte(out, 0);
	}
	bytes_add(out, payload, len);
	end(out, dialect, start, 0x30u | (unsigned)qos << 1);
}

void wire_puback(struct bytes *out, struct dialect dialect, uint16_t packet_id)
{
	size_t start = begin(out);
	add_u16(out, packet_id);
	end(out, dialect, start, 0x40);
}

void wire_disconnect(struct bytes *out, struct dialect dialect)
{
	if (dialect.socketio) {
		size_t start = begin(out);
		add_text(out, "41");
		end(out, dialect, start, 0);
		return;
	}
	end(out, dialect, begin(out), 0xe0);
}

/* A number of up to four bytes.  Returns the bytes it took, 0 when it is not complete. */
static size_t read_length(const unsigned char *in, size_t len, size_t *number)
{
	*number = 0;
	for (size_t i = 0; i < len && i < 4; i++) {
		*number |= (size_t)(in[i] & 0x7f) << (7 * i);
		if ((in[i] & 0x80) == 0) {
			return i + 1;
		}
	}
	return 0;
}

static uint16_t u16_at(const unsigned char *in)
{
	return (uint16_t)(in[0] << 8 | in[1]);
}

static bool skip_properties(const unsigned char *in, size_t len, struct dialect dialect, size_t *at)
{
	if (!dialect.mqtt5) {
		return true;
	}
	size_t properties;
	size_t took = read_length(in + *at, len - *at, &properties);
	*at += took + properties;
	return took > 0 && *at <= len;
}

static bool read_publish(const unsigned char *in, size_t len, unsigned flags,
	struct dialect dialect, struct packet *packet)
{
	if (len < 2) {
		return false;
	}
	packet->topic_len = u16_at(in);
	packet->topic = (const char *)in + 2;
	size_t at = 2 + packet->topic_len;
	bool has_id = (flags & 0x06) != 0;
	if (at + (has_id ? 2 : 0) > len) {
		return false;
	}
	if (has_id) {
		packet->packet_id = u16_at(in + at);
		at += 2;
	}
	if (!skip_properties(in, len, dialect, &at)) {
		return false;
	}
	packet->payload = (const char *)in + at;
	packet->payload_len = len - at;
	return true;
}

static bool read_suback(
	const unsigned char *in, size_t len, struct dialect dialect, struct packet *packet)
{
	size_t at = 2;
	if (len < 2 || !skip_properties(in, len, dialect, &at)) {
		return false;
	}
	for (; at < len; at++) {
		packet->code = in[at] > packet->code ? in[at] : packet->code;
	}
	return true;
}

static bool read_body(const unsigned char *in, size_t len, unsigned flags, struct dialect dialect,
	struct packet *packet)
{
	switch (packet->type) {
	case PACKET_CONNACK:
		packet->code = len < 2 ? 0xff : in[1];
		return len >= 2;
	case PACKET_PUBLISH:
		return read_publish(in, len, flags, dialect, packet);
	case PACKET_PUBACK:
		packet->code = len > 2 ? in[2] : 0;
		return len >= 2;
	case PACKET_SUBACK:
		return read_suback(in, len, dialect, packet);
	default:
		return true; /* nothing that we look at */
	}
}

/* Where the JSON value that begins here ends; 0 when it is not complete. */
static size_t json_length(const unsigned char *in, size_t len)
{
	int depth = 0;
	bool text = false;
	for (size_t i = 0; i < len; i++) {
		if (text && in[i] == '\\') {
			i++;
		} else if (in[i] == '"') {
			text = !text;
		} else if (!text && (in[i] == '{' || in[i] == '[')) {
			depth++;
		} else if (!text && (in[i] == '}' || in[i] == ']') && --depth == 0) {
			return i + 1;
		}
	}
	return 0;
}

/* Digits that say what it is, and JSON.  What else there is has no JSON and is not sent here. */
static size_t socketio_read(const unsigned char *in, size_t len, struct packet *packet)
{
	size_t digits = 0;
	while (digits < len && in[digits] >= '0' && in[digits] <= '9') {
		digits++;
	}
	if (digits == len) {
		return 0;
	}
	size_t json = json_length(in + digits, len - digits);
	if (digits == 0 || (in[digits] != '{' && in[digits] != '[')) {
		return SIZE_MAX;
	}
	*packet = (struct packet){0};
	if (digits == 2 && memcmp(in, "42", 2) == 0) {
		const unsigned char *at = memchr(in, '{', len);
		packet->type = PACKET_PUBLISH;
		packet->payload = (const char *)at;
		packet->payload_len = at == NULL ? 0 : digits + json - (size_t)(at - in);
	} else if (digits == 2) {
		packet->type = PACKET_CONNACK;
		packet->code = in[1] != '0';
	}
	return json == 0 ? 0 : digits + json;
}

size_t wire_read(const unsigned char *in, size_t len, struct dialect dialect, struct packet *packet)
{
	if (dialect.socketio) {
		return socketio_read(in, len, packet);
	}
	if (len < 2) {
		return 0;
	}
	size_t body;
	size_t took = read_length(in + 1, len - 1, &body);
	if (took == 0) {
		return len >= 5 ? SIZE_MAX : 0;
	}
	if (len < 1 + took + body) {
		return 0;
	}
	*packet = (struct packet){.type = (enum packet_type)(in[0] >> 4)};
	if (!read_body(in + 1 + took, body, in[0] & 0x0f, dialect, packet)) {
		return SIZE_MAX;
	}
	return 1 + took + body;
}

/* How long the header is that begins like this; 0 when that cannot be said yet. */
static size_t header_length(const unsigned char *header, size_t len)
{
	if (len < 2) {
		return 0;
	}
	switch (header[1] & 0x7f) {
	case 126:
		return 4;
	case 127:
		return 10;
	default:
		return 2;
	}
}

static void open_frame(struct frames *frames, size_t header_len)
{
	frames->opcode = frames->header[0] & 0x0f;
	frames->left = frames->header[1] & 0x7f;
	if (header_len > 2) {
		frames->left = 0;
		for (size_t i = 2; i < header_len; i++) {
			frames->left = frames->left << 8 | frames->header[i];
		}
	}
	frames->header_len = 0;
}

enum {
	OPCODE_CLOSE = 8,
	OPCODE_PING = 9
};

size_t frames_strip(struct frames *frames, unsigned char *in, size_t len)
{
	size_t kept = 0;
	size_t at = 0;
	while (at < len) {
		if (frames->left == 0) {
			frames->header[frames->header_len++] = in[at++];
			size_t whole = header_length(frames->header, frames->header_len);
			if (whole > 0 && frames->header_len == whole) {
				open_frame(frames, whole);
			}
			if (frames->opcode == OPCODE_CLOSE || frames->header_len == 14) {
				return SIZE_MAX;
			}
			continue;
		}
		size_t part = len - at < frames->left ? len - at : (size_t)frames->left;
		if (frames->opcode < OPCODE_CLOSE) {
			memmove(in + kept, in + at, part);
			kept += part;
		}
		at += part;
		frames->left -= part;
	}
	return kept;
}
