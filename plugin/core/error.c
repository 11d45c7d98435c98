#include "error.h"

const char *chat_error_code(enum chat_error error)
{
	switch (error) {
	case CHAT_OK:
		return "ok";
	case CHAT_EBADJSON:
		return "bad_json";
	case CHAT_EBADEVENT:
		return "bad_event";
	case CHAT_EBADFIELD:
		return "bad_field";
	case CHAT_ETOOLARGE:
		return "too_large";
	case CHAT_EREJECTED:
		return "rejected";
	case CHAT_ERATELIMITED:
		return "rate_limited";
	case CHAT_EFORBIDDEN:
		return "forbidden";
	case CHAT_EUNAVAILABLE:
	case CHAT_ENOMEM:
	case CHAT_EBUSY:
	case CHAT_EINVALID:
		break;
	}
	return "unavailable";
}
