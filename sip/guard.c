#include "sip/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/bucket.h"
#include "core/log.h"

enum {
	KNOWN_RATE = 50000,
	SOURCE_RATE = 30,
	SOURCE_BURST = 120,
	STRANGERS_RATE = 5000,
	STRANGERS_BURST = 10000,
	SLOTS = 65536,
	CLASS_SLOTS = 4096,
	EXPECT_ROWS = 4096,
	EXPECT_WAYS = 4,
	EXPECT_MAX_MS = 3600000,
};

/* What the configuration says of an address, remembered until it changes. */
struct class_slot {
	uint8_t source[16];
	uint32_t generation; /* 0: empty */
	enum guard_class class; /* GUARD_PEER, GUARD_GATEWAY, GUARD_PBX or GUARD_STRANGER */
};

struct expected {
	uint8_t peer[16];
	int64_t until_ms; /* 0: empty */
};

struct guard {
	const struct cfg *cfg;
	const struct binding_store *bindings;
	struct cidr_list peers;
	uint8_t key[SIPHASH_KEY_LEN];
	uint32_t generation;
	struct bucket_set *known, *sources;
	struct bucket strangers;
	struct bucket_limit strangers_limit;
	struct guard_stats stats;
	struct class_slot class[CLASS_SLOTS];
	struct expected expected[EXPECT_ROWS][EXPECT_WAYS];
};

static const char *const class_words[GUARD_CLASS_COUNT] = {
	[GUARD_PEER] = "peer",
	[GUARD_GATEWAY] = "gateway",
	[GUARD_PBX] = "pbx",
	[GUARD_BOUND] = "bound",
	[GUARD_EXPECTED] = "expected",
	[GUARD_STRANGER] = "stranger",
};

static const char *const refusal_words[GUARD_REFUSAL_COUNT] = {
	[GUARD_OK] = "ok",
	[GUARD_SOURCE_RATE] = "source_rate",
	[GUARD_STRANGERS_RATE] = "strangers_rate",
	[GUARD_SCANNER] = "scanner",
	[GUARD_OPTIONS] = "options",
	[GUARD_UNKNOWN_SOURCE] = "unknown_source",
	[GUARD_NO_CALL] = "no_call",
};

static struct log_kind log_kinds[GUARD_REFUSAL_COUNT] = {
	[GUARD_SOURCE_RATE] = LOG_KIND("guard_source_rate", LOG_LEVEL_WARN),
	[GUARD_STRANGERS_RATE] = LOG_KIND("guard_strangers_rate", LOG_LEVEL_WARN),
	[GUARD_SCANNER] = LOG_KIND("guard_scanner", LOG_LEVEL_INFO),
	[GUARD_OPTIONS] = LOG_KIND("guard_options", LOG_LEVEL_INFO),
	[GUARD_UNKNOWN_SOURCE] = LOG_KIND("guard_unknown_source", LOG_LEVEL_INFO),
	[GUARD_NO_CALL] = LOG_KIND("guard_no_call", LOG_LEVEL_INFO),
};

/* What scanning tools call themselves, in small letters. */
static const struct str scanners[] = {STR("friendly-scanner"), STR("friendly-request"),
	STR("sipvicious"), STR("sipcli"), STR("sipsak"), STR("sip-scan"), STR("sipscan"),
	STR("sundayddr"), STR("iwar"), STR("vaxsip"), STR("pplsip"), STR("siparmyknife"),
	STR("smap"), STR("sivus"), STR("gulp"), STR("sipptk"), STR("svmap"), STR("svwar"),
	STR("svcrack")};

const char *guard_class_word(enum guard_class c)
{
	return class_words[c];
}

const char *guard_refusal_word(enum guard_refusal r)
{
	return refusal_words[r];
}

static uint32_t or_default(uint32_t n, uint32_t fallback)
{
	return n ? n : fallback;
}

static int buckets_new(struct guard *g, const struct guard_config *c)
{
	struct bucket_limit known = {
		or_default(c->known_rate, KNOWN_RATE), or_default(c->known_burst, KNOWN_RATE)};
	struct bucket_limit source = {
		or_default(c->source_rate, SOURCE_RATE), or_default(c->source_burst, SOURCE_BURST)};
	unsigned slots = c->slots ? c->slots : SLOTS;

	g->strangers_limit.rate = or_default(c->strangers_rate, STRANGERS_RATE);
	g->strangers_limit.burst = or_default(c->strangers_burst, STRANGERS_BURST);
	if (bucket_set_new(&g->known, slots, &known, g->key) ||
		bucket_set_new(&g->sources, slots, &source, g->key))
		return ENOMEM;
	return 0;
}

int guard_new(struct guard **gp, const struct guard_config *config, const struct cfg *cfg,
	const struct binding_store *bindings)
{
	struct guard *g = calloc(1, sizeof(*g));
	int err;

	if (!g)
		return ENOMEM;
	g->cfg = cfg;
	g->bindings = bindings;
	g->peers = config->peers;
	g->generation = 1;
	err = getrandom(g->key, sizeof(g->key), 0) == sizeof(g->key) ? 0 : EIO;
	if (!err)
		err = buckets_new(g, config);
	if (err)
		guard_free(g);
	else
		*gp = g;
	return err;
}

void guard_free(struct guard *g)
{
	if (!g)
		return;
	bucket_set_free(g->known);
	bucket_set_free(g->sources);
	free(g);
}

void guard_config_changed(struct guard *g, const struct cfg *cfg)
{
	g->cfg = cfg;
	if (++g->generation == 0) {
		memset(g->class, 0, sizeof(g->class));
		g->generation = 1;
	}
}

bool guard_is_peer(const struct guard *g, const union net_addr *addr)
{
	uint8_t octets[16];

	net_addr_octets(addr, octets);
	return cidr_list_match(&g->peers, octets);
}

static struct expected *expected_row(struct guard *g, const uint8_t peer[16])
{
	return g->expected[siphash(g->key, peer, 16) % EXPECT_ROWS];
}

void guard_expect(struct guard *g, const union net_addr *peer, int64_t now_ms, int64_t ms)
{
	struct expected *row, *place;
	uint8_t octets[16];
	int64_t until = now_ms + (ms < EXPECT_MAX_MS ? ms : EXPECT_MAX_MS);

	net_addr_octets(peer, octets);
	row = place = expected_row(g, octets);
	for (int i = 0; i < EXPECT_WAYS; i++) {
		if (!memcmp(row[i].peer, octets, sizeof(octets))) {
			place = &row[i];
			break;
		}
		if (row[i].until_ms < place->until_ms)
			place = &row[i];
	}
	if (memcmp(place->peer, octets, sizeof(octets)) || place->until_ms < until)
		place->until_ms = until;
	memcpy(place->peer, octets, sizeof(octets));
}

static bool is_expected(struct guard *g, const uint8_t peer[16], int64_t now_ms)
{
	const struct expected *row = expected_row(g, peer);

	for (int i = 0; i < EXPECT_WAYS; i++) {
		if (now_ms < row[i].until_ms && !memcmp(row[i].peer, peer, 16))
			return true;
	}
	return false;
}

static enum guard_class class_by_config(struct guard *g, const uint8_t source[16])
{
	struct class_slot *slot = &g->class[siphash(g->key, source, 16) % CLASS_SLOTS];

	if (slot->generation == g->generation && !memcmp(slot->source, source, 16))
		return slot->class;
	memcpy(slot->source, source, 16);
	slot->generation = g->generation;
	slot->class = cidr_list_match(&g->peers, source)      ? GUARD_PEER
		      : cfg_gateway_by_ip(g->cfg, source)     ? GUARD_GATEWAY
		      : cfg_sip_account_by_ip(g->cfg, source) ? GUARD_PBX
							      : GUARD_STRANGER;
	return slot->class;
}

static enum guard_class class_of(struct guard *g, const uint8_t source[16], int64_t now_ms)
{
	enum guard_class class = class_by_config(g, source);

	if (class != GUARD_STRANGER)
		return class;
	if (binding_source_known(g->bindings, source))
		return GUARD_BOUND;
	return is_expected(g, source, now_ms) ? GUARD_EXPECTED : GUARD_STRANGER;
}

/* Whoever has an IPv6 address has a /64 of them. */
static size_t source_key_len(const uint8_t source[16])
{
	return ip_is_v4(source) ? 16 : 8;
}

static enum guard_refusal refused(
	struct guard *g, enum guard_refusal why, const uint8_t source[16], struct str what)
{
	char ip[CIDR_TEXT_SIZE];

	g->stats.refused[why]++;
	ip_format(source, ip);
	log_limited(&log_kinds[why], "from %s%s%.*s", ip, what.len ? ": " : "", (int)what.len,
		what.len ? what.p : "");
	return why;
}

enum guard_refusal guard_admit(
	struct guard *g, const struct flow *from, int64_t now_ms, enum guard_class *class)
{
	static const struct str nothing = STR("");
	uint8_t source[16];

	net_addr_octets(&from->peer, source);
	*class = class_of(g, source, now_ms);
	g->stats.messages[*class]++;
	switch (*class) {
	case GUARD_PEER:
	case GUARD_GATEWAY:
		return GUARD_OK;
	case GUARD_STRANGER:
		/* The source's budget first, so that one cannot use up what all have together. */
		if (!bucket_set_take(g->sources, source, source_key_len(source), 1, now_ms))
			return refused(g, GUARD_SOURCE_RATE, source, nothing);
		if (!bucket_take(&g->strangers, &g->strangers_limit, 1, now_ms))
			return refused(g, GUARD_STRANGERS_RATE, source, nothing);
		return GUARD_OK;
	default:
		if (!bucket_set_take(g->known, source, sizeof(source), 1, now_ms))
			return refused(g, GUARD_SOURCE_RATE, source, nothing);
		return GUARD_OK;
	}
}

static bool contains(struct str text, struct str word)
{
	for (size_t i = 0; i + word.len <= text.len; i++) {
		if (str_caseeq((struct str){text.p + i, word.len}, word))
			return true;
	}
	return false;
}

static bool is_scanner(const struct sip_msg *m)
{
	struct str agent = sip_msg_get(m, SIP_HDR_USER_AGENT);

	for (size_t i = 0; i < sizeof(scanners) / sizeof(*scanners); i++) {
		if (contains(agent, scanners[i]))
			return true;
	}
	return false;
}

enum guard_refusal guard_request(
	struct guard *g, const struct sip_msg *m, const struct flow *from, bool in_call)
{
	enum guard_refusal why = GUARD_OK;
	uint8_t source[16];

	if (is_scanner(m))
		why = GUARD_SCANNER;
	else if (in_call || m->method == SIP_REGISTER || m->method == SIP_ACK)
		return GUARD_OK;
	else if (m->method == SIP_INVITE && str_empty(m->to.tag))
		return GUARD_OK;
	else if (m->method == SIP_CANCEL || !str_empty(m->to.tag))
		why = GUARD_NO_CALL;
	else
		why = m->method == SIP_OPTIONS ? GUARD_OPTIONS : GUARD_UNKNOWN_SOURCE;
	net_addr_octets(&from->peer, source);
	return refused(g, why, source, m->method_name);
}

size_t guard_reply_max(enum guard_class class, const struct sip_msg *m, const struct flow *from)
{
	return class == GUARD_STRANGER && !flow_is_stream(from) ? m->len : 0;
}

const struct guard_stats *guard_stats(const struct guard *g)
{
	return &g->stats;
}
