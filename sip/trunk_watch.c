#include "sip/trunk_watch.h"

#include <errno.h>
#include <stdlib.h>

#include "core/cfg.h"
#include "core/hash.h"
#include "core/health.h"
#include "core/log.h"
#include "core/trunk_health.h"
#include "sip/binding.h"
#include "sip/loop.h"
#include "sip/observed.h"
#include "sip/prober.h"
#include "sip/recorder.h"
#include "sip/worker.h"
#include "sip/worker_event.h"

enum {
	SCAN_MS = 2000, /* between looks at all trunks, when there is a reason */
	SCAN_IDLE_MS = 60000, /* when there is none */
	/* So long a PBX that was registered before a restart may take to register again. */
	GRACE_MS = 60000,
	JOURNAL_VERSION = 1,
};

struct watched {
	struct hash_link link;
	struct watched *next; /* of those that the next tick looks at */
	bool listed;
	struct uuid id;
	struct trunk_health health;
	struct health calls[ROLE_COUNT];
	int64_t grace_ms; /* loop time; until then a missing binding says nothing */
};

struct trunk_watch {
	struct worker *w;
	struct hash trunks;
	struct watched *listed;
	int64_t scanned_ms;
	bool scan;
};

struct image {
	uint8_t version, state;
};

int trunk_watch_new(struct trunk_watch **watch, struct worker *w)
{
	struct trunk_watch *t = calloc(1, sizeof(*t));

	if (!t)
		return ENOMEM;
	t->w = w;
	if (hash_init(&t->trunks, w->hash_key, 64)) {
		free(t);
		return ENOMEM;
	}
	*watch = t;
	return 0;
}

static int free_link(struct hash_link *link, void *arg)
{
	(void)arg;
	free(HASH_OBJECT(link, struct watched, link));
	return 0;
}

void trunk_watch_free(struct trunk_watch *t)
{
	if (!t)
		return;
	hash_each(&t->trunks, free_link, NULL);
	hash_fini(&t->trunks);
	free(t);
}

static struct watched *watched_find(const struct trunk_watch *t, const struct uuid *id)
{
	struct hash_link *l = hash_first(&t->trunks, hash_key(&t->trunks, id->b, sizeof(id->b)));

	for (; l; l = hash_next(l)) {
		struct watched *x = HASH_OBJECT(l, struct watched, link);
		if (uuid_equal(&x->id, id))
			return x;
	}
	return NULL;
}

static struct watched *watched_get(struct trunk_watch *t, const struct uuid *id)
{
	struct watched *x = watched_find(t, id);

	if (x)
		return x;
	x = calloc(1, sizeof(*x));
	if (!x)
		return NULL;
	x->id = *id;
	hash_insert(&t->trunks, &x->link, hash_key(&t->trunks, id->b, sizeof(id->b)));
	return x;
}

static void list(struct trunk_watch *t, struct watched *x)
{
	if (x->listed)
		return;
	x->listed = true;
	x->next = t->listed;
	t->listed = x;
}

int trunk_watch_restore(
	struct trunk_watch *t, const void *key, size_t key_len, const void *value, size_t value_len)
{
	struct image image;
	struct watched *x;
	struct uuid id;

	if (key_len != sizeof(id.b) || value_len != sizeof(image))
		return EBADMSG;
	memcpy(id.b, key, sizeof(id.b));
	memcpy(&image, value, sizeof(image));
	if (image.version != JOURNAL_VERSION || image.state >= TRUNK_STATE_COUNT)
		return EBADMSG;
	x = watched_get(t, &id);
	if (!x)
		return ENOMEM;
	x->health.state = image.state;
	x->grace_ms = loop_now(t->w->loop) + GRACE_MS;
	return 0;
}

static void keep(struct trunk_watch *t, const struct watched *x)
{
	struct image image = {JOURNAL_VERSION, x->health.state};

	if (t->w->recorder)
		(void)recorder_put(t->w->recorder, JOURNAL_TRUNK, x->id.b, sizeof(x->id.b), &image,
			sizeof(image));
}

/* ---- evidence -------------------------------------------------------------------------------- */

static enum trunk_sight account_sight(const struct trunk_watch *t, const struct watched *x,
	const struct cfg_sip_account *acc, const char **reason)
{
	bool registered;

	if (acc->auth_mode == AUTH_REGISTRATION) {
		registered = binding_count(t->w->bindings, &acc->id) > 0;
		*reason = trigger_word(registered ? TRIGGER_NO_RESPONSE : TRIGGER_NOT_REGISTERED);
		if (!registered && loop_now(t->w->loop) < x->grace_ms)
			return SIGHT_UNKNOWN;
		return registered && x->calls[acc->role].state != HEALTH_DOWN ? SIGHT_GOOD
									      : SIGHT_BAD;
	}
	*reason = trigger_word(TRIGGER_UNREACHABLE);
	if (!acc->address.host)
		return SIGHT_UNKNOWN;
	switch (prober_state(
		t->w->prober, acc->address.host, acc->address.port, acc->address.transport)) {
	case PROBE_UP:
		return SIGHT_GOOD;
	case PROBE_DOWN:
		return SIGHT_BAD;
	case PROBE_UNKNOWN:
		break;
	}
	return SIGHT_UNKNOWN;
}

/* A trunk is as good as the best of the accounts that its mode uses; reason: why the first is bad. */
static enum trunk_sight trunk_sight(const struct trunk_watch *t, const struct watched *x,
	const struct cfg_trunk *trunk, const char **reason)
{
	bool both = trunk->account->ha_addon && trunk->ha_mode != HA_ONLY_PRIMARY;
	enum trunk_sight best = SIGHT_BAD;
	unsigned seen = 0;

	*reason = trigger_word(TRIGGER_NOT_REGISTERED);
	for (int role = 0; role < ROLE_COUNT; role++) {
		const struct cfg_sip_account *acc = trunk->sip_account[role];
		const char *why;
		enum trunk_sight sight;

		if (!acc || (role != ROLE_PRIMARY && !both))
			continue;
		sight = account_sight(t, x, acc, &why);
		if (!seen++)
			*reason = why;
		if (sight == SIGHT_GOOD)
			return SIGHT_GOOD;
		if (sight == SIGHT_UNKNOWN)
			best = SIGHT_UNKNOWN;
	}
	return seen ? best : SIGHT_UNKNOWN;
}

static void look(struct trunk_watch *t, struct watched *x, const struct cfg_trunk *trunk)
{
	uint8_t before = x->health.state;
	const char *reason;
	enum trunk_change change;

	if (!trunk->enabled || !trunk->account->enabled)
		return;
	change = trunk_health_see(
		&x->health, trunk_sight(t, x, trunk, &reason), loop_now(t->w->loop));
	if (change != TRUNK_SAME)
		worker_event_trunk(t->w, trunk, change == TRUNK_CAME_UP ? NULL : reason);
	if (x->health.state != before)
		keep(t, x);
	/* Last: who reads this line finds the rest on its way to the disk. */
	if (change != TRUNK_SAME) {
		char id[UUID_ID_SIZE];

		uuid_format_id("trk", &trunk->id, id);
		log_info("trunk", "%s is %s", id, change == TRUNK_CAME_UP ? "up" : "down");
	}
}

static struct watched *of_account(
	struct trunk_watch *t, const struct uuid *sip_account_id, enum sip_account_role *role)
{
	const struct cfg_sip_account *acc = cfg_sip_account(t->w->cfg, sip_account_id);

	if (!acc)
		return NULL;
	*role = acc->role;
	return watched_get(t, &acc->trunk->id);
}

void trunk_watch_binding(struct trunk_watch *t, const struct uuid *sip_account_id, bool there)
{
	enum sip_account_role role;
	struct watched *x = of_account(t, sip_account_id, &role);

	if (!x)
		return;
	/* Who registers is alive, whatever calls saw before. */
	if (there)
		x->calls[role] = (struct health){0};
	list(t, x);
}

void trunk_watch_call(struct trunk_watch *t, const struct uuid *sip_account_id, bool good)
{
	enum sip_account_role role;
	struct watched *x = of_account(t, sip_account_id, &role);

	if (!x)
		return;
	if (good ? health_ok(&x->calls[role], loop_now(t->w->loop))
		 : health_failed(&x->calls[role], loop_now(t->w->loop)))
		list(t, x);
}

/* ---- time ------------------------------------------------------------------------------------ */

void trunk_watch_all(struct trunk_watch *t)
{
	t->scan = true;
}

static int scan_trunk(const struct cfg_trunk *trunk, void *arg)
{
	struct trunk_watch *t = arg;
	struct watched *x = watched_get(t, &trunk->id);

	if (x)
		list(t, x);
	return 0;
}

static void look_at_listed(struct trunk_watch *t)
{
	struct watched *x = t->listed, *next;

	t->listed = NULL;
	for (; x; x = next) {
		const struct cfg_trunk *trunk = cfg_trunk(t->w->cfg, &x->id);

		next = x->next;
		x->listed = false;
		if (trunk) {
			look(t, x, trunk);
			if (x->health.waits)
				list(t, x);
		}
	}
}

/* What is watched of a trunk that is gone. Without a configuration all would seem to be. */
static int drop_gone(struct hash_link *link, void *arg)
{
	struct watched *x = HASH_OBJECT(link, struct watched, link);
	struct trunk_watch *t = arg;

	if (x->listed || cfg_trunk(t->w->cfg, &x->id))
		return 0;
	if (t->w->recorder)
		(void)recorder_delete(t->w->recorder, JOURNAL_TRUNK, x->id.b, sizeof(x->id.b));
	hash_remove(&t->trunks, link);
	free(x);
	return 0;
}

void trunk_watch_tick(struct trunk_watch *t, int64_t now_ms)
{
	if (t->w->cfg == t->w->no_cfg)
		return;
	if (now_ms - t->scanned_ms >= (t->scan ? SCAN_MS : SCAN_IDLE_MS)) {
		t->scan = false;
		t->scanned_ms = now_ms;
		cfg_each_trunk(t->w->cfg, scan_trunk, t);
		look_at_listed(t);
		hash_each(&t->trunks, drop_gone, t);
		return;
	}
	look_at_listed(t);
}
