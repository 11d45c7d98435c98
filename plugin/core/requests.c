#include "requests.h"

#include <stdlib.h>
#include <utlist.h>

struct slice request_room(const struct request *request)
{
	return slice_of(request->bytes, request->room_len);
}

struct slice request_user_id(const struct request *request)
{
	return slice_of(request->bytes + request->room_len, request->user_id_len);
}

struct slice request_ref(const struct request *request)
{
	return slice_of(
		request->bytes + request->room_len + request->user_id_len, request->ref_len);
}

struct request *requests_add(struct requests *requests, const struct load *load, struct slice ref,
	const void *handle, client_serial serial, bool owed, int64_t now)
{
	size_t bytes = load->room.len + load->user_id.len + ref.len;
	struct request *request = calloc(1, sizeof(*request) + bytes);
	if (request == NULL) {
		return NULL;
	}
	struct slice parts[] = {load->room, load->user_id, ref};
	size_t at = 0;
	for (size_t i = 0; i < 3; i++) {
		if (parts[i].len > 0) {
			memcpy(request->bytes + at, parts[i].bytes, parts[i].len);
		}
		at += parts[i].len;
	}
	request->room_len = (uint32_t)load->room.len;
	request->user_id_len = (uint32_t)load->user_id.len;
	request->ref_len = (uint32_t)ref.len;
	request->ticket = ++requests->last_ticket;
	request->handle = handle;
	request->serial = serial;
	request->what = load->what;
	request->before = load->before;
	request->after = load->after;
	request->limit = load->limit;
	request->owed = owed;
	request->deadline = now + REQUEST_DEADLINE_MS;
	request->timely = true;
	requests->count++;
	DL_APPEND(requests->waiting, request);
	DL_APPEND2(requests->timely, request, timely_prev, timely_next);
	return request;
}

struct request *requests_next(struct requests *requests)
{
	return requests->in_flight < REQUESTS_IN_FLIGHT_MAX ? requests->waiting : NULL;
}

struct load request_load(const struct request *request)
{
	return (struct load){
		.what = request->what,
		.ticket = request->ticket,
		.room = request_room(request),
		.user_id = request_user_id(request),
		.before = request->before,
		.after = request->after,
		.limit = request->limit,
	};
}

/* Tickets are numbers that we count up: they spread over the buckets by themselves. */
void requests_flies(struct requests *requests, struct request *request)
{
	table_add(&requests->flying, &request->by_ticket, request->ticket);
	DL_DELETE(requests->waiting, request);
	request->flying = true;
	requests->in_flight++;
}

struct request *requests_find(struct requests *requests, uint64_t ticket)
{
	struct table_link *link = table_find(&requests->flying, ticket, NULL, NULL);
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct request, by_ticket);
}

static void land(struct requests *requests, struct request *request)
{
	table_remove(&requests->flying, &request->by_ticket);
	request->flying = false;
	requests->in_flight--;
}

void requests_unfly(struct requests *requests, struct request *request)
{
	land(requests, request);
	DL_PREPEND(requests->waiting, request);
}

void requests_again(struct requests *requests, struct request *request)
{
	land(requests, request);
	DL_APPEND(requests->waiting, request);
}

void requests_told(struct requests *requests, struct request *request)
{
	if (request->timely) {
		DL_DELETE2(requests->timely, request, timely_prev, timely_next);
		request->timely = false;
	}
}

struct request *requests_late(struct requests *requests, int64_t now)
{
	struct request *request = requests->timely;
	return request != NULL && request->deadline <= now ? request : NULL;
}

void requests_remove(struct requests *requests, struct request *request)
{
	requests_told(requests, request);
	if (request->flying) {
		land(requests, request);
	} else {
		DL_DELETE(requests->waiting, request);
	}
	requests->count--;
	free(request);
}

void requests_cancel(struct requests *requests, struct request *request)
{
	if (request->flying) {
		requests_told(requests, request);
		request->cancelled = true;
	} else {
		requests_remove(requests, request);
	}
}

size_t requests_count(const struct requests *requests)
{
	return requests->count;
}

void requests_finish(struct requests *requests)
{
	while (requests->waiting != NULL) {
		requests_remove(requests, requests->waiting);
	}
	size_t at = 0;
	struct table_link *link;
	while ((link = table_any(&requests->flying, &at)) != NULL) {
		requests_remove(requests, TABLE_ELEMENT(link, struct request, by_ticket));
	}
	table_finish(&requests->flying);
}
