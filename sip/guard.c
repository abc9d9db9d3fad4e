#include "sip/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/bucket.h"
#include "core/cidr.h"
#include "core/log.h"

enum {
	KNOWN_RATE = 20000,
	SOURCE_RATE = 30,
	SOURCE_BURST = 120,
	STRANGERS_RATE = 5000,
	STRANGERS_BURST = 10000,
	SOURCE_SLOTS = 65536,
	EXPECTED_SLOTS = 1024, /* a power of two */
	EXPECTED_WAYS = 4,
	EXPECTED_MAX_MS = 3600 * 1000,
	/* A challenge may be this much longer than its REGISTER, so many octets a second over all. */
	SPARE_OCTETS = 128,
	SPARE_RATE = 4096,
	SPARE_BURST = 16384,
};

struct expected {
	uint8_t source[16];
	int64_t until_ms;
};

struct guard {
	const struct cfg *cfg;
	const struct binding_store *bindings;
	struct cidr_list peers;
	struct bucket_limit strangers_limit, spare_limit;
	struct bucket strangers, spare;
	struct bucket_set *known, *sources;
	struct expected expected[EXPECTED_SLOTS];
	uint8_t key[SIPHASH_KEY_LEN];
	struct guard_stats stats;
};

static const char *const class_words[GUARD_CLASS_COUNT] = {
	"peer", "gateway", "pbx", "bound", "expected", "stranger"};

static const char *const refusal_words[GUARD_REFUSAL_COUNT] = {
	"ok", "source_rate", "strangers_rate", "scanner", "options", "unknown_source"};

/* What tools that look for PBXs to rob call themselves. */
static const char *const scanners[] = {"friendly-scanner", "sipvicious", "sipcli", "sundayddr",
	"sip-scan", "smap", "iwar", "sivus", "gulp", "pplsip", "friendly-request", "sipptk"};

const char *guard_class_word(enum guard_class c)
{
	return (unsigned)c < GUARD_CLASS_COUNT ? class_words[c] : "";
}

const char *guard_refusal_word(enum guard_refusal r)
{
	return (unsigned)r < GUARD_REFUSAL_COUNT ? refusal_words[r] : "";
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
	return value ? value : fallback;
}

static int open_buckets(struct guard *g, const struct guard_config *c)
{
	struct bucket_limit known = {
		or_default(c->known_rate, KNOWN_RATE), or_default(c->known_burst, KNOWN_RATE)};
	struct bucket_limit source = {
		or_default(c->source_rate, SOURCE_RATE), or_default(c->source_burst, SOURCE_BURST)};
	size_t slots = or_default(c->slots, SOURCE_SLOTS);
	int err;

	g->strangers_limit = (struct bucket_limit){or_default(c->strangers_rate, STRANGERS_RATE),
		or_default(c->strangers_burst, STRANGERS_BURST)};
	g->spare_limit = (struct bucket_limit){SPARE_RATE, SPARE_BURST};
	err = bucket_set_new(&g->known, slots, &known, g->key);
	return err ? err : bucket_set_new(&g->sources, slots, &source, g->key);
}

int guard_new(struct guard **gp, const struct guard_config *config, const struct cfg *cfg,
	const struct binding_store *bindings)
{
	struct guard *g = calloc(1, sizeof(*g));
	int err = EIO;

	if (!g)
		return ENOMEM;
	g->cfg = cfg;
	g->bindings = bindings;
	g->peers = config->peers;
	if (getrandom(g->key, sizeof(g->key), 0) == (ssize_t)sizeof(g->key))
		err = open_buckets(g, config);
	if (err) {
		guard_free(g);
		return err;
	}
	*gp = g;
	return 0;
}

void guard_free(struct guard *g)
{
	if (g->known)
		bucket_set_free(g->known);
	if (g->sources)
		bucket_set_free(g->sources);
	free(g);
}

void guard_config_changed(struct guard *g, const struct cfg *cfg)
{
	g->cfg = cfg;
}

static struct expected *expected_ways(struct guard *g, const uint8_t source[16])
{
	size_t at = siphash(g->key, source, 16) & (EXPECTED_SLOTS - EXPECTED_WAYS);

	return &g->expected[at];
}

void guard_expect(struct guard *g, const union net_addr *peer, int64_t now_ms, int64_t ms)
{
	uint8_t source[16];
	struct expected *way, *oldest;

	net_addr_octets(peer, source);
	way = oldest = expected_ways(g, source);
	for (int i = 0; i < EXPECTED_WAYS; i++) {
		if (memcmp(way[i].source, source, sizeof(source)) == 0) {
			oldest = &way[i];
			break;
		}
		if (way[i].until_ms < oldest->until_ms)
			oldest = &way[i];
	}
	if (ms > EXPECTED_MAX_MS)
		ms = EXPECTED_MAX_MS;
	if (memcmp(oldest->source, source, sizeof(source)) != 0 || oldest->until_ms < now_ms + ms)
		oldest->until_ms = now_ms + ms;
	memcpy(oldest->source, source, sizeof(source));
}

static bool is_expected(struct guard *g, const uint8_t source[16], int64_t now_ms)
{
	const struct expected *way = expected_ways(g, source);

	for (int i = 0; i < EXPECTED_WAYS; i++) {
		if (way[i].until_ms > now_ms && memcmp(way[i].source, source, 16) == 0)
			return true;
	}
	return false;
}

static enum guard_class classify(struct guard *g, const uint8_t source[16], int64_t now_ms)
{
	if (g->peers.count && cidr_list_match(&g->peers, source))
		return GUARD_PEER;
	if (cfg_gateway_by_ip(g->cfg, source))
		return GUARD_GATEWAY;
	if (cfg_sip_account_by_ip(g->cfg, source))
		return GUARD_PBX;
	if (binding_source_known(g->bindings, source))
		return GUARD_BOUND;
	return is_expected(g, source, now_ms) ? GUARD_EXPECTED : GUARD_STRANGER;
}

/* One line a second at most for each kind of refusal. */
static enum guard_refusal refuse(struct guard *g, enum guard_refusal why, const struct flow *from)
{
	static struct log_kind kind[GUARD_REFUSAL_COUNT] = {
		[GUARD_SOURCE_RATE] = LOG_KIND("source_rate", LOG_LEVEL_WARN),
		[GUARD_STRANGERS_RATE] = LOG_KIND("strangers_rate", LOG_LEVEL_WARN),
		[GUARD_SCANNER] = LOG_KIND("scanner", LOG_LEVEL_INFO),
		[GUARD_OPTIONS] = LOG_KIND("stranger_options", LOG_LEVEL_DEBUG),
		[GUARD_UNKNOWN_SOURCE] = LOG_KIND("unknown_source", LOG_LEVEL_INFO),
	};
	char ip[FLOW_IP_TEXT_MAX];
	struct str source = net_addr_ip(&from->peer, ip);

	g->stats.refused[why]++;
	log_limited(&kind[why], "from %.*s", (int)source.len, source.p);
	return why;
}

/* An IPv6 customer has a whole /64. */
static size_t source_len(const uint8_t source[16])
{
	return ip_is_v4(source) ? 16 : 8;
}

enum guard_refusal guard_admit(
	struct guard *g, const struct flow *from, int64_t now_ms, enum guard_class *class)
{
	uint8_t source[16];

	net_addr_octets(&from->peer, source);
	*class = classify(g, source, now_ms);
	g->stats.messages[*class]++;
	if (*class == GUARD_PEER || *class == GUARD_GATEWAY)
		return GUARD_OK;
	if (*class != GUARD_STRANGER)
		return bucket_set_take(g->known, source, source_len(source), 1, now_ms)
			       ? GUARD_OK
			       : refuse(g, GUARD_SOURCE_RATE, from);
	if (!bucket_set_take(g->sources, source, source_len(source), 1, now_ms))
		return refuse(g, GUARD_SOURCE_RATE, from);
	if (!bucket_take(&g->strangers, &g->strangers_limit, 1, now_ms))
		return refuse(g, GUARD_STRANGERS_RATE, from);
	return GUARD_OK;
}

static bool contains_caseless(struct str text, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= text.len; i++) {
		if (str_caseeq((struct str){text.p + i, n}, (struct str){word, n}))
			return true;
	}
	return false;
}

static bool is_scanner(const struct sip_msg *m)
{
	struct str agent = sip_msg_get(m, SIP_HDR_USER_AGENT);

	for (size_t i = 0; i < sizeof(scanners) / sizeof(scanners[0]); i++) {
		if (contains_caseless(agent, scanners[i]))
			return true;
	}
	return false;
}

enum guard_refusal guard_request(struct guard *g, const struct sip_msg *m, const struct flow *from)
{
	if (is_scanner(m))
		return refuse(g, GUARD_SCANNER, from);
	if (m->method == SIP_REGISTER || m->method == SIP_ACK || m->method == SIP_CANCEL ||
		!str_empty(m->to.tag))
		return GUARD_OK;
	return refuse(g, m->method == SIP_OPTIONS ? GUARD_OPTIONS : GUARD_UNKNOWN_SOURCE, from);
}

size_t guard_reply_max(struct guard *g, enum guard_class class, const struct sip_msg *m,
	const struct flow *from, int64_t now_ms)
{
	/* A stream's source has shown that it gets what we send. */
	if (class != GUARD_STRANGER || flow_is_stream(from))
		return 0;
	if (m->request && m->method == SIP_REGISTER && m->via_ok &&
		bucket_take(&g->spare, &g->spare_limit, SPARE_OCTETS, now_ms))
		return m->len + SPARE_OCTETS;
	return m->len;
}

const struct guard_stats *guard_stats(const struct guard *g)
{
	return &g->stats;
}
