#include "core/failover_cap.h"

#include <errno.h>
#include <string.h>

#include "core/hash.h"
#include "core/mem.h"
#include "core/slots.h"

struct cap_account {
	struct hash_link link;
	struct uuid id;
	int64_t alarm_ms; /* of the last one; INT64_MIN: none yet */
	uint32_t refused; /* since then */
	/* When the legs of the last minute went out, a ring: the oldest at `first`. */
	int64_t *at_ms;
	uint32_t size, first, count;
};

struct failover_caps {
	struct slots *up;
	struct hash accounts;
};

struct failover_caps *failover_caps_new(const uint8_t key[16])
{
	struct failover_caps *caps = mem_zalloc(1, sizeof(*caps));

	if (!caps)
		return NULL;
	caps->up = slots_new(key);
	if (!caps->up || hash_init(&caps->accounts, key, 64) != 0) {
		slots_free(caps->up);
		mem_free(caps);
		return NULL;
	}
	return caps;
}

static void account_drop(struct failover_caps *caps, struct cap_account *a)
{
	hash_remove(&caps->accounts, &a->link);
	mem_free(a->at_ms);
	mem_free(a);
}

static int drop_link(struct hash_link *link, void *arg)
{
	account_drop(arg, HASH_OBJECT(link, struct cap_account, link));
	return 0;
}

void failover_caps_free(struct failover_caps *caps)
{
	if (!caps)
		return;
	hash_each(&caps->accounts, drop_link, caps);
	hash_fini(&caps->accounts);
	slots_free(caps->up);
	mem_free(caps);
}

static struct cap_account *account_get(struct failover_caps *caps, const struct uuid *id)
{
	uint64_t hash = hash_key(&caps->accounts, id->b, sizeof(id->b));
	struct cap_account *a;

	for (struct hash_link *l = hash_first(&caps->accounts, hash); l; l = hash_next(l)) {
		a = HASH_OBJECT(l, struct cap_account, link);
		if (uuid_equal(&a->id, id))
			return a;
	}
	a = mem_zalloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->id = *id;
	a->alarm_ms = INT64_MIN;
	hash_insert(&caps->accounts, &a->link, hash);
	return a;
}

static void window_move(struct cap_account *a, int64_t now_ms)
{
	while (a->count && now_ms - a->at_ms[a->first] >= FAILOVER_CAP_MINUTE_MS) {
		a->first = (a->first + 1) % a->size;
		a->count--;
	}
}

/* Room for as many as the rules allow; those that are known stay, for the rules may have changed. */
static int window_fit(struct cap_account *a, uint32_t limit)
{
	uint32_t size = limit > a->count ? limit : a->count;
	int64_t *at;

	if (a->size >= size)
		return 0;
	at = mem_alloc(size * sizeof(*at));
	if (!at)
		return ENOMEM;
	for (uint32_t i = 0; i < a->count; i++)
		at[i] = a->at_ms[(a->first + i) % a->size];
	mem_free(a->at_ms);
	a->at_ms = at;
	a->size = size;
	a->first = 0;
	return 0;
}

/* The account's window with room for one more leg; EAGAIN: there is none. */
static int window_open(struct failover_caps *caps, const struct uuid *account, uint32_t limit,
	int64_t now_ms, struct cap_account **out)
{
	struct cap_account *a;

	*out = NULL;
	if (!limit)
		return 0;
	a = account_get(caps, account);
	if (!a)
		return ENOMEM;
	window_move(a, now_ms);
	if (a->count >= limit)
		return EAGAIN;
	*out = a;
	return window_fit(a, limit);
}

int failover_cap_take(struct failover_caps *caps, const struct uuid *account,
	const struct uuid *leg, const struct destination_rules *rules, int64_t now_ms)
{
	uint32_t limit = rules->has_max ? rules->max_failover_calls : UINT32_MAX;
	uint32_t before = slots_count(caps->up, account);
	struct cap_account *a;
	int err;

	/* One that is up is told by that taking it again changes nothing, at any limit. */
	err = slots_take(caps->up, account, leg, limit);
	if (err || slots_count(caps->up, account) == before)
		return err;
	err = window_open(caps, account, rules->max_failover_calls_per_minute, now_ms, &a);
	if (err) {
		slots_release(caps->up, account, leg);
		return err;
	}
	if (a)
		a->at_ms[(a->first + a->count++) % a->size] = now_ms;
	return 0;
}

void failover_cap_restore(
	struct failover_caps *caps, const struct uuid *account, const struct uuid *leg)
{
	/* Without memory there is one too few to be counted, which nothing can change. */
	(void)slots_take(caps->up, account, leg, UINT32_MAX);
}

void failover_cap_release(
	struct failover_caps *caps, const struct uuid *account, const struct uuid *leg)
{
	slots_release(caps->up, account, leg);
}

uint32_t failover_cap_count(const struct failover_caps *caps, const struct uuid *account)
{
	return slots_count(caps->up, account);
}

bool failover_cap_alarm(
	struct failover_caps *caps, const struct uuid *account, int64_t now_ms, uint32_t *refused)
{
	struct cap_account *a = account_get(caps, account);

	*refused = 1;
	if (!a)
		return true; /* better one too many */
	a->refused++;
	if (a->alarm_ms != INT64_MIN && now_ms - a->alarm_ms < FAILOVER_CAP_ALARM_MS)
		return false;
	*refused = a->refused;
	a->refused = 0;
	a->alarm_ms = now_ms;
	return true;
}

struct expiry {
	struct failover_caps *caps;
	int64_t now_ms;
};

static int expire_link(struct hash_link *link, void *arg)
{
	struct cap_account *a = HASH_OBJECT(link, struct cap_account, link);
	const struct expiry *e = arg;

	window_move(a, e->now_ms);
	if (a->count == 0 &&
		(a->alarm_ms == INT64_MIN || e->now_ms - a->alarm_ms >= FAILOVER_CAP_ALARM_MS))
		account_drop(e->caps, a);
	return 0;
}

void failover_caps_expire(struct failover_caps *caps, int64_t now_ms)
{
	struct expiry e = {caps, now_ms};

	hash_each(&caps->accounts, expire_link, &e);
}
