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
	const void *handle, client_serial serial, bool for_subscribe, int64_t now)
{
	size_t bytes = load->room.len + load->user_id.len + ref.len + load->cursor.len;
	struct request *request = calloc(1, sizeof(*request) + bytes);
	if (request == NULL) {
		return NULL;
	}
	struct slice parts[] = {load->room, load->user_id, ref, load->cursor};
	size_t at = 0;
	for (size_t i = 0; i < 4; i++) {
		if (parts[i].len > 0) {
			memcpy(request->bytes + at, parts[i].bytes, parts[i].len);
		}
		at += parts[i].len;
	}
	request->room_len = (uint32_t)load->room.len;
	request->user_id_len = (uint32_t)load->user_id.len;
	request->ref_len = (uint32_t)ref.len;
	request->cursor_len = (uint32_t)load->cursor.len;
	request->on = load->on;
	request->ticket = ++requests->last_ticket;
	request->handle = handle;
	request->serial = serial;
	request->what = load->what;
	request->before = load->before;
	request->after = load->after;
	request->since = load->since;
	request->limit = load->limit;
	request->for_subscribe = for_subscribe;
	request->deadline = now + REQUEST_DEADLINE_MS;
	request->has_deadline = true;
	requests->count++;
	DL_APPEND(requests->waiting, request);
	DL_APPEND2(requests->by_deadline, request, deadline_prev, deadline_next);
	return request;
}

struct request *requests_next(struct requests *requests)
{
	return requests->sent.count < REQUESTS_IN_FLIGHT_MAX ? requests->waiting : NULL;
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
		.since = request->since,
		.limit = request->limit,
		.on = request->on,
		.cursor = slice_of(request->bytes + request->room_len + request->user_id_len +
					   request->ref_len,
			request->cursor_len),
	};
}

/* Tickets are numbers that we count up: they spread over the buckets by themselves. */
void requests_sent(struct requests *requests, struct request *request)
{
	table_add(&requests->sent, &request->by_ticket, request->ticket);
	DL_DELETE(requests->waiting, request);
	request->sent = true;
}

struct request *requests_find(struct requests *requests, uint64_t ticket)
{
	struct table_link *link = table_find(&requests->sent, ticket, NULL, NULL);
	if (link == NULL && requests->aside.count > 0) {
		link = table_find(&requests->aside, ticket, NULL, NULL);
	}
	return link == NULL ? NULL : TABLE_ELEMENT(link, struct request, by_ticket);
}

void requests_set_aside(struct requests *requests, struct request *request)
{
	table_remove(&requests->sent, &request->by_ticket);
	table_add(&requests->aside, &request->by_ticket, request->ticket);
	request->aside = true;
}

static void take_back(struct requests *requests, struct request *request)
{
	table_remove(request->aside ? &requests->aside : &requests->sent, &request->by_ticket);
	request->sent = request->aside = false;
}

void requests_wait_again(struct requests *requests, struct request *request)
{
	take_back(requests, request);
	DL_APPEND(requests->waiting, request);
}

void requests_end_deadline(struct requests *requests, struct request *request)
{
	if (request->has_deadline) {
		DL_DELETE2(requests->by_deadline, request, deadline_prev, deadline_next);
		request->has_deadline = false;
	}
}

struct request *requests_overdue(struct requests *requests, int64_t now)
{
	struct request *request = requests->by_deadline;
	return request != NULL && request->deadline <= now ? request : NULL;
}

void requests_remove(struct requests *requests, struct request *request)
{
	requests_end_deadline(requests, request);
	if (request->sent) {
		take_back(requests, request);
	} else {
		DL_DELETE(requests->waiting, request);
	}
	requests->count--;
	free(request);
}

void requests_cancel(struct requests *requests, struct request *request)
{
	if (request->sent) {
		requests_end_deadline(requests, request);
		request->cancelled = true;
	} else {
		requests_remove(requests, request);
	}
}

size_t requests_count(const struct requests *requests)
{
	return requests->count;
}

static void remove_all(struct requests *requests, struct table *table)
{
	size_t at = 0;
	struct table_link *link;
	while ((link = table_any(table, &at)) != NULL) {
		requests_remove(requests, TABLE_ELEMENT(link, struct request, by_ticket));
	}
	table_finish(table);
}

void requests_finish(struct requests *requests)
{
	while (requests->waiting != NULL) {
		requests_remove(requests, requests->waiting);
	}
	remove_all(requests, &requests->sent);
	remove_all(requests, &requests->aside);
}
