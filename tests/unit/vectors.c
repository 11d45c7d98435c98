#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		fail_msg("%s cannot be opened", path);
	}
	size_t size = 1 << 20;
	char *text = malloc(size);
	assert_non_null(text);
	size_t len = fread(text, 1, size - 1, file);
	assert_true(feof(file));
	fclose(file);
	text[len] = '\0';
	return text;
}

cJSON *vectors_load(const char *file)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", VECTORS_DIR, file);
	char *text = read_file(path);
	cJSON *vectors = cJSON_ParseWithOpts(text, NULL, true);
	free(text);
	if (vectors == NULL) {
		fail_msg("%s is no JSON", path);
	}
	return vectors;
}

bool vectors_has(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name) != NULL;
}

const cJSON *vectors_member(const cJSON *object, const char *name)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
	if (member == NULL) {
		char *text = cJSON_PrintUnformatted(object);
		print_error("no '%s' in %s\n", name, text);
		free(text);
		fail();
	}
	return member;
}

const char *vectors_string(const cJSON *object, const char *name, const char *otherwise)
{
	if (!vectors_has(object, name)) {
		return otherwise;
	}
	const cJSON *member = vectors_member(object, name);
	assert_true(cJSON_IsString(member));
	return member->valuestring;
}

int64_t vectors_integer(const cJSON *object, const char *name, int64_t otherwise)
{
	if (!vectors_has(object, name)) {
		return otherwise;
	}
	const cJSON *member = vectors_member(object, name);
	assert_true(cJSON_IsNumber(member));
	return (int64_t)member->valuedouble;
}

bool vectors_bool(const cJSON *object, const char *name, bool otherwise)
{
	if (!vectors_has(object, name)) {
		return otherwise;
	}
	const cJSON *member = vectors_member(object, name);
	assert_true(cJSON_IsBool(member));
	return cJSON_IsTrue(member);
}

/* ---- bytes */

struct bytes {
	char *bytes;
	size_t len;
	size_t size;
};

static void append(struct bytes *to, const char *bytes, size_t len)
{
	if (to->size - to->len < len + 1) {
		to->size = 2 * to->size + len + 1;
		to->bytes = realloc(to->bytes, to->size);
		assert_non_null(to->bytes);
	}
	memcpy(to->bytes + to->len, bytes, len);
	to->len += len;
	to->bytes[to->len] = '\0';
}

static void append_hex(struct bytes *to, const char *hex)
{
	unsigned byte;
	int used;
	while (sscanf(hex, " %2x%n", &byte, &used) == 1) {
		char c = (char)byte;
		append(to, &c, 1);
		hex += used;
	}
	assert_string_equal(hex, "");
}

static void append_piece(struct bytes *to, const cJSON *piece)
{
	if (cJSON_IsString(piece)) {
		append(to, piece->valuestring, strlen(piece->valuestring));
	} else if (vectors_has(piece, "hex")) {
		append_hex(to, vectors_string(piece, "hex", ""));
	} else {
		const char *text = vectors_string(piece, "repeat", NULL);
		assert_non_null(text);
		for (int64_t times = vectors_integer(piece, "times", 1); times > 0; times--) {
			append(to, text, strlen(text));
		}
	}
}

struct slice vectors_bytes(const cJSON *object, const char *name)
{
	struct bytes bytes = {NULL, 0, 0};
	append(&bytes, "", 0);
	if (vectors_has(object, name)) {
		const cJSON *member = vectors_member(object, name);
		if (cJSON_IsArray(member)) {
			const cJSON *piece;
			cJSON_ArrayForEach(piece, member)
			{
				append_piece(&bytes, piece);
			}
		} else {
			append_piece(&bytes, member);
		}
	}
	return slice_of(bytes.bytes, bytes.len);
}

void vectors_free(struct slice bytes)
{
	free((char *)(uintptr_t)bytes.bytes);
}
