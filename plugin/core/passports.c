#include "passports.h"

#include <stdlib.h>

#include "hash.h"

struct entry {
	UT_hash_handle hh; /* uthash keeps them in the order in which they were added */
	uint64_t passport;
};

struct passports {
	struct siphash_key key;
	struct entry *entries;
};

struct passports *passports_create(const struct siphash_key *key)
{
	struct passports *passports = calloc(1, sizeof(*passports));
	if (passports != NULL) {
		passports->key = *key;
	}
	return passports;
}

static void forget(struct passports *passports, struct entry *entry)
{
	HASH_DEL(passports->entries, entry);
	free(entry);
}

void passports_destroy(struct passports *passports)
{
	if (passports == NULL) {
		return;
	}
	while (passports->entries != NULL) {
		forget(passports, passports->entries);
	}
	free(passports);
}

uint64_t passport_make(const struct passports *passports, struct slice client_id, struct slice id,
	struct slice password)
{
	uint64_t who = siphash_pair(&passports->key, client_id, id);
	struct slice bytes = slice_of((const char *)&who, sizeof(who));
	uint64_t passport = siphash_pair(&passports->key, bytes, password);
	return passport == 0 ? 1 : passport;
}

static struct entry *find(const struct passports *passports, uint64_t passport)
{
	struct entry *entry;
	HASH_FIND(hh, passports->entries, &passport, sizeof(passport), entry);
	return entry;
}

void passports_add(struct passports *passports, uint64_t passport)
{
	struct entry *entry = find(passports, passport);
	if (entry != NULL) {
		forget(passports, entry); /* and then it is the youngest */
	} else if (HASH_COUNT(passports->entries) >= PASSPORTS_MAX) {
		forget(passports, passports->entries);
	}
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL) {
		return;
	}
	entry->passport = passport;
	HASH_ADD(hh, passports->entries, passport, sizeof(entry->passport), entry);
	if (entry->hh.tbl == NULL) {
		free(entry);
	}
}

bool passports_has(const struct passports *passports, uint64_t passport)
{
	return find(passports, passport) != NULL;
}
