#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "core/host.h"
#include "sip/resolve_impl.h"

static unsigned u16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* A domain name of labels; what is no host name (or "_" in it) is no target for SIP either. */
static int name_parse(char name[DNS_NAME_MAX], const uint8_t *p, size_t len)
{
	size_t at = 0;

	for (; len && *p; len -= *p + 1u, p += *p + 1u) {
		if (*p > 63 || *p + 1u > len || at + *p + 1 >= DNS_NAME_MAX)
			return EINVAL;
		if (at)
			name[at++] = '.';
		for (unsigned i = 1; i <= *p; i++)
			name[at++] = (char)tolower(p[i]);
	}
	name[at] = '\0';
	return len == 1 && (at == 0 || host_kind(name, at) == HOST_NAME) ? 0 : EINVAL;
}

int srv_parse(struct srv *srv, const uint8_t *rdata, size_t len)
{
	if (len < 7)
		return EINVAL;
	srv->priority = (uint16_t)u16(rdata);
	srv->weight = (uint16_t)u16(rdata + 2);
	srv->port = (uint16_t)u16(rdata + 4);
	return name_parse(srv->target, rdata + 6, len - 6);
}

static void swap(struct srv_choice *a, struct srv_choice *b)
{
	struct srv_choice t = *a;

	*a = *b;
	*b = t;
}

/* The first of a group: each with the chance of its weight; beside others one of weight 0 has a very
 * small chance, among its like an equal one. */
static unsigned draw(
	const struct srv_choice *srv, unsigned count, resolve_random_h *random_h, void *arg)
{
	uint64_t sum = 0, at;
	unsigned i;

	for (i = 0; i < count; i++)
		sum += srv[i].weight;
	if (!sum)
		return random_h(arg) % count;
	at = random_h(arg) % (sum + 1);
	/* 0 is drawn by the first of weight 0, if there is one. */
	for (i = 0; at == 0 && i < count; i++)
		if (srv[i].weight == 0)
			return i;
	for (i = 0, sum = 0; i + 1 < count; i++) {
		sum += srv[i].weight;
		if (sum >= at && srv[i].weight)
			break;
	}
	return i;
}

void srv_order(struct srv_choice *srv, unsigned count, resolve_random_h *random_h, void *arg)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned group = 1;

		while (i + group < count && srv[i + group].priority == srv[i].priority)
			group++;
		if (group > 1)
			swap(&srv[i], &srv[i + draw(srv + i, group, random_h, arg)]);
	}
}
