#include "sip/offer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/siphash.h"

enum state { NOTHING, ASKED, GAVE_UP, KNOWS_SHA256 };

struct slot {
	uint64_t client;
	uint64_t request; /* the one that was asked: its retransmission is no second try */
	int64_t at_ms;
	enum state state;
};

struct offer {
	uint8_t key[SIPHASH_KEY_LEN];
	struct slot slot[OFFER_SLOTS];
};

/* libre before 3.0 fails when a response has more than one challenge. */
static const struct str one_challenge[] = {
	STR("baresip v0."), STR("baresip v1."), STR("baresip v2.")};

int offer_new(struct offer **op)
{
	struct offer *o = calloc(1, sizeof(*o));

	if (!o)
		return ENOMEM;
	if (getrandom(o->key, sizeof(o->key), 0) != sizeof(o->key)) {
		free(o);
		return EIO;
	}
	*op = o;
	return 0;
}

void offer_free(struct offer *o)
{
	free(o);
}

static bool says_single(const struct sip_msg *m)
{
	struct str agent = sip_msg_get(m, SIP_HDR_USER_AGENT);

	for (size_t i = 0; i < sizeof(one_challenge) / sizeof(*one_challenge); i++) {
		size_t len = one_challenge[i].len;

		if (agent.len >= len && str_eq((struct str){agent.p, len}, one_challenge[i]))
			return true;
	}
	return false;
}

static uint64_t client_of(const struct offer *o, const struct sip_msg *m, const uint8_t source[16])
{
	return siphash(o->key, source, 16) ^ siphash(o->key, m->to.uri.user.p, m->to.uri.user.len);
}

/* The slot of the client, emptied when it was another one's or is too old. */
static struct slot *slot_of(
	struct offer *o, const struct sip_msg *m, const uint8_t source[16], int64_t now_ms)
{
	uint64_t client = client_of(o, m, source);
	struct slot *slot = &o->slot[client % OFFER_SLOTS];

	if (slot->client != client || now_ms - slot->at_ms > OFFER_MEMORY_MS)
		*slot = (struct slot){.client = client};
	return slot;
}

enum offer_kind offer_of(
	struct offer *o, const struct sip_msg *m, const uint8_t source[16], int64_t now_ms)
{
	struct slot *slot = slot_of(o, m, source, now_ms);
	uint64_t request = siphash(o->key, m->call_id.p, m->call_id.len) ^ m->cseq;

	if (slot->state == KNOWS_SHA256)
		return OFFER_SHA256_FIRST;
	if (slot->state == ASKED && slot->request != request)
		slot->state = GAVE_UP;
	if (slot->state == NOTHING)
		slot->state = ASKED;
	slot->request = request;
	slot->at_ms = now_ms;
	return slot->state == GAVE_UP || says_single(m) ? OFFER_MD5_ONLY : OFFER_MD5_FIRST;
}

void offer_taken(struct offer *o, const struct sip_msg *m, const uint8_t source[16],
	enum digest_algorithm algorithm, bool right, int64_t now_ms)
{
	struct slot *slot = slot_of(o, m, source, now_ms);

	if (algorithm == DIGEST_SHA256 && right)
		slot->state = KNOWS_SHA256;
	else if (slot->state == ASKED)
		slot->state = NOTHING;
	slot->at_ms = now_ms;
}
