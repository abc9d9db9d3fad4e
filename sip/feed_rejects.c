#include "sip/feed_rejects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/json_out.h"
#include "core/mem.h"

int feed_rejects_init(struct feed_rejects *rejects)
{
	uint8_t key[SIPHASH_KEY_LEN];

	rejects->newest = NULL;
	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return EIO;
	return hash_init(&rejects->by_name, key, 0);
}

void feed_rejects_fini(struct feed_rejects *rejects)
{
	feed_rejects_clear(rejects);
	hash_fini(&rejects->by_name);
}

static void drop(struct feed_rejects *rejects, struct feed_reject *r)
{
	hash_remove(&rejects->by_name, &r->link);
	if (r->newer)
		r->newer->older = r->older;
	else
		rejects->newest = r->older;
	if (r->older)
		r->older->newer = r->newer;
	mem_free(r->last_good);
	mem_free(r);
}

void feed_rejects_clear(struct feed_rejects *rejects)
{
	while (rejects->newest)
		drop(rejects, rejects->newest);
}

/* A deletion and a change of an object have one name. */
static void name_of(const char *line, size_t len, char name[FEED_REJECT_NAME_SIZE])
{
	if (len && line[0] == '-') {
		line++;
		len--;
	}
	cfg_record_name(line, len, name, FEED_REJECT_NAME_SIZE);
}

static struct feed_reject *find(const struct feed_rejects *rejects, const char *name)
{
	struct hash_link *l =
		hash_first(&rejects->by_name, hash_key(&rejects->by_name, name, strlen(name)));

	for (; l; l = hash_next(l)) {
		struct feed_reject *r = HASH_OBJECT(l, struct feed_reject, link);

		if (!strcmp(r->name, name))
			return r;
	}
	return NULL;
}

struct feed_reject *feed_rejects_find(
	const struct feed_rejects *rejects, const char *line, size_t len)
{
	char name[FEED_REJECT_NAME_SIZE];

	if (!feed_rejects_count(rejects))
		return NULL;
	name_of(line, len, name);
	return find(rejects, name);
}

struct feed_reject *feed_rejects_note(struct feed_rejects *rejects, const char *line, size_t len,
	bool malformed, const char *reason)
{
	char name[FEED_REJECT_NAME_SIZE];
	struct feed_reject *r;

	name_of(line, len, name);
	r = find(rejects, name);
	if (!r) {
		r = mem_zalloc(1, sizeof(*r));
		if (!r)
			return NULL;
		memcpy(r->name, name, sizeof(name));
		hash_insert(&rejects->by_name, &r->link,
			hash_key(&rejects->by_name, name, strlen(name)));
		r->older = rejects->newest;
		if (r->older)
			r->older->newer = r;
		rejects->newest = r;
	}
	r->malformed = malformed;
	snprintf(r->reason, sizeof(r->reason), "%s", reason);
	return r;
}

bool feed_rejects_settle(struct feed_rejects *rejects, const char *line, size_t len)
{
	struct feed_reject *r = feed_rejects_find(rejects, line, len);

	if (!r)
		return false;
	drop(rejects, r);
	return true;
}

char *feed_rejects_json(const struct feed_rejects *rejects)
{
	const struct feed_reject *r = rejects->newest;
	struct json_out j;
	const char *text;
	char *copy = NULL;
	size_t len;

	json_out_init(&j);
	json_out_array(&j, NULL);
	for (int i = 0; r && i < FEED_REJECTS_SHOWN; i++, r = r->older) {
		json_out_object(&j, NULL);
		json_out_str(&j, "object", r->name);
		json_out_str(&j, "reason", r->reason);
		json_out_end(&j);
	}
	json_out_end(&j);
	if (!json_out_text(&j, &text, &len))
		copy = strdup(text);
	json_out_fini(&j);
	return copy;
}
