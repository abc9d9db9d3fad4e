#include "sip/binding_record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sip/binding_store.h"
#include "sip/net.h"
#include "sip/uri.h"

/* The value is text, one field a line, in this order; the first says the version. */
enum field {
	VERSION,
	BOOT,
	EXPIRES_MONOTONIC,
	EXPIRES_WALL,
	GRANTED,
	REGISTERED,
	REFRESHED,
	CSEQ,
	Q,
	TRANSPORT,
	PEER_IP,
	PEER_PORT,
	RETURN_PORT,
	SOURCE_IP,
	SOURCE_PORT,
	SECRET,
	CALL_ID,
	PATH,
	USER_AGENT,
	FIELD_COUNT
};

uint64_t binding_boot_id(void)
{
	static const uint8_t key[SIPHASH_KEY_LEN] = "boot id";
	char text[64];
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	return n > 0 ? siphash(key, text, (size_t)n) | 1 : 0;
}

size_t binding_record_key(const struct binding *b, uint8_t key[BINDING_KEY_MAX])
{
	size_t len = strlen(b->contact);

	memcpy(key, b->sip_account_id.b, 16);
	memcpy(key + 16, b->contact, len);
	return 16 + len;
}

size_t binding_record_value(const struct binding *b, const struct binding_clock *clock,
	uint8_t value[BINDING_VALUE_MAX])
{
	char peer[FLOW_IP_TEXT_MAX], source[FLOW_IP_TEXT_MAX];
	int64_t left = b->expires_ms - clock->now_ms;
	int n;

	(void)net_addr_ip(&b->flow.peer, peer);
	(void)net_addr_ip(&b->source, source);
	n = snprintf((char *)value, BINDING_VALUE_MAX,
		"1\n%" PRIx64 "\n%" PRId64 "\n%" PRId64 "\n%" PRIu32 "\n%" PRId64 "\n%" PRId64
		"\n%" PRIu32 "\n%u\n%u\n%s\n%u\n%u\n%s\n%u\n%" PRIx64 "\n%s\n%s\n%s\n",
		clock->boot, b->expires_ms, clock->wall_ms + left, b->expires_seconds,
		b->registered_wall_ms, b->refreshed_wall_ms, b->cseq, b->q, b->flow.transport, peer,
		net_addr_port(&b->flow.peer), b->flow.return_port, source,
		net_addr_port(&b->source), b->owner->secret, b->call_id, b->path, b->user_agent);
	/* All parts are bounded; what is longer all the same would not be a record. */
	return n > 0 && n < BINDING_VALUE_MAX ? (size_t)n : 0;
}

static int fields_split(struct str value, struct str field[FIELD_COUNT])
{
	for (int i = 0; i < FIELD_COUNT; i++) {
		const char *end = memchr(value.p, '\n', value.len);

		if (!end)
			return EBADMSG;
		field[i] = str_span(value.p, end);
		value = str_span(end + 1, str_end(value));
	}
	return value.len || !str_eq(field[VERSION], str_lit("1")) ? EBADMSG : 0;
}

static int number(struct str s, int base, uint64_t max, uint64_t *n)
{
	char text[24], *end;

	if (s.len == 0 || str_copy(text, sizeof(text), s))
		return EBADMSG;
	errno = 0;
	*n = strtoull(text, &end, base);
	return errno || *end || text[0] == '-' || *n > max ? EBADMSG : 0;
}

static int numbers(const struct str field[FIELD_COUNT], uint64_t n[FIELD_COUNT])
{
	static const struct {
		enum field field;
		int base;
		uint64_t max;
	} rule[] = {
		{BOOT, 16, UINT64_MAX},
		{EXPIRES_MONOTONIC, 10, INT64_MAX},
		{EXPIRES_WALL, 10, INT64_MAX},
		{GRANTED, 10, 31536000},
		{REGISTERED, 10, INT64_MAX},
		{REFRESHED, 10, INT64_MAX},
		{CSEQ, 10, INT32_MAX},
		{Q, 10, 1000},
		{TRANSPORT, 10, TRANSPORT_COUNT - 1},
		{PEER_PORT, 10, UINT16_MAX},
		{RETURN_PORT, 10, UINT16_MAX},
		{SOURCE_PORT, 10, UINT16_MAX},
		{SECRET, 16, UINT64_MAX},
	};

	for (size_t i = 0; i < sizeof(rule) / sizeof(*rule); i++) {
		if (number(field[rule[i].field], rule[i].base, rule[i].max, &n[rule[i].field]))
			return EBADMSG;
	}
	return 0;
}

/* What is left of the lifetime: 0 or less: nothing. */
static int64_t left_ms(const uint64_t n[FIELD_COUNT], const struct binding_clock *clock)
{
	int64_t granted = (int64_t)n[GRANTED] * 1000, left;

	if (clock->boot && n[BOOT] == clock->boot)
		left = (int64_t)n[EXPIRES_MONOTONIC] - clock->now_ms;
	else
		left = (int64_t)n[EXPIRES_WALL] - clock->wall_ms;
	return left < granted ? left : granted;
}

/* A stream's connection died with the worker: without a port to connect to there is no way back. */
static int flow_restore(const struct str field[FIELD_COUNT], const uint64_t n[FIELD_COUNT],
	struct net *net, struct flow *flow)
{
	enum transport transport = (enum transport)n[TRANSPORT];
	union net_addr peer;

	if (net_addr_parse(&peer, field[PEER_IP], (uint16_t)n[PEER_PORT]))
		return EBADMSG;
	if (transport != TRANSPORT_UDP && !n[RETURN_PORT])
		return ESTALE;
	if (net_flow_to(net, transport, &peer, flow))
		return ESTALE;
	flow->return_port = (uint16_t)n[RETURN_PORT];
	return 0;
}

static int record_attach(struct binding_store *s, const struct uuid *id, struct binding *b)
{
	struct binding_places places;
	int err = binding_places_find(s, &places, id, &b->source);

	if (err)
		return err;
	if (places.owner->count >= BINDINGS_MAX) {
		binding_places_release(s, &places);
		return EBADMSG;
	}
	binding_attach(&places, b);
	return 0;
}

static int binding_make(struct binding **bp, const struct str field[FIELD_COUNT],
	const uint64_t n[FIELD_COUNT], const struct binding_contact *c)
{
	struct binding *b;
	union net_addr source;

	if (net_addr_parse(&source, field[SOURCE_IP], (uint16_t)n[SOURCE_PORT]))
		return EBADMSG;
	b = binding_alloc(c, field[PATH], field[CALL_ID], field[USER_AGENT]);
	if (!b)
		return ENOMEM;
	b->source = source;
	b->cseq = (uint32_t)n[CSEQ];
	b->registered_wall_ms = (int64_t)n[REGISTERED];
	b->refreshed_wall_ms = (int64_t)n[REFRESHED];
	*bp = b;
	return 0;
}

static bool key_valid(size_t len, struct str contact)
{
	struct sip_uri uri;

	return len > 16 && len <= BINDING_KEY_MAX && !sip_uri_parse(&uri, contact) &&
	       (uri.scheme == SIP_SCHEME_SIP || uri.scheme == SIP_SCHEME_SIPS);
}

int binding_restore(struct binding_store *s, const void *key, size_t key_len, const void *value,
	size_t value_len, const struct binding_clock *clock, struct net *net)
{
	struct binding_contact c = {.uri = {(const char *)key + 16, key_len - 16}};
	struct str field[FIELD_COUNT];
	uint64_t n[FIELD_COUNT];
	struct binding *b;
	struct uuid id;
	int64_t left;
	int err;

	if (!key_valid(key_len, c.uri) || fields_split((struct str){value, value_len}, field) ||
		numbers(field, n))
		return EBADMSG;
	left = left_ms(n, clock);
	if (left <= 0)
		return ESTALE;
	c.q = (uint16_t)n[Q];
	c.expires_seconds = (uint32_t)n[GRANTED];
	err = flow_restore(field, n, net, &c.flow);
	if (!err)
		err = binding_make(&b, field, n, &c);
	if (err)
		return err;
	b->expires_ms = clock->now_ms + left;
	memcpy(id.b, key, sizeof(id.b));
	err = record_attach(s, &id, b);
	if (err)
		free(b);
	else
		b->owner->secret = n[SECRET];
	return err;
}
