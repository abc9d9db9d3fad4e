#include "sip/resolve.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "core/cidr.h"
#include "core/host.h"
#include "core/mem.h"
#include "sip/resolve_impl.h"

enum {
	ANSWER_MS = 2000,
	NEGATIVE_MS = 30 * 1000,
	STALE_MS = 24 * 3600 * 1000,
	QUERIES_MAX = 10000,
	TABLE_SIZE = 256, /* to begin with */
	TARGETS_ASKED = 8, /* SRV targets whose addresses are looked up */
};

/* An address to be: the two questions that find it. */
struct target {
	struct question *a, *aaaa; /* NULL: nothing to use */
	uint16_t port;
};

/* What is known of one name, gathered from the cache. Nothing here waits: what is missing is asked
 * for, and all is gathered anew when an answer is there. */
struct gather {
	struct resolve *r;
	int64_t now_ms;
	uint8_t transport;
	bool ask;
	bool last; /* the time is over: do without what is missing */
	struct question *missing; /* the first that has no answer yet */
	int failure; /* of a question that failed, or ENOMEM */
	bool stale, refused;
	unsigned targets;
	struct target target[TARGETS_ASKED];
	struct srv_choice choice[TARGETS_ASKED]; /* in the order of the SRV answer */
	struct resolve_list *list;
};

static uint32_t random_u32(void *arg)
{
	uint32_t n = 0;

	(void)arg;
	/* Without it the first of the weighted ones is taken. */
	return getrandom(&n, sizeof(n), 0) == (ssize_t)sizeof(n) ? n : 0;
}

/* The question when its answer is known, else NULL. */
static struct question *look_up(struct gather *g, const char *name, uint16_t type)
{
	struct question *q = question_of(g->r, name, type);

	if (!q) {
		g->failure = ENOMEM;
		return NULL;
	}
	if (g->ask && g->now_ms >= q->fresh_until && (!q->failure || g->now_ms >= q->retry_at))
		dns_ask(q);
	if (question_is_known(q, g->now_ms) || (g->last && question_is_stale(q, g->now_ms))) {
		g->stale = g->stale || g->now_ms >= q->fresh_until;
		return q;
	}
	if (question_has_failed(q, g->now_ms))
		g->failure = q->failure;
	else if (!g->missing)
		g->missing = q;
	return NULL;
}

static void want(struct gather *g, const char *name, uint16_t port)
{
	const struct resolve_config *cfg = &g->r->cfg;

	g->target[g->targets++] = (struct target){
		.a = cfg->no_ipv4 ? NULL : look_up(g, name, DNS_A),
		.aaaa = cfg->no_ipv6 ? NULL : look_up(g, name, DNS_AAAA),
		.port = port,
	};
}

static struct question *look_up_srv(struct gather *g, const char *host)
{
	static const char *const prefix[] = {"_sip._udp.", "_sip._tcp.", "_sips._tcp."};
	char name[DNS_NAME_MAX + 16];

	snprintf(name, sizeof(name), "%s%s", prefix[g->transport], host);
	/* Longer than a name can be: it has no such record. */
	return strlen(name) < DNS_NAME_MAX ? look_up(g, name, DNS_SRV) : NULL;
}

/* RFC 3263 4.2 without a port. */
static void want_srv(struct gather *g, const char *host)
{
	struct question *q = look_up_srv(g, host);
	const struct srv *srv = q ? q->data : NULL;

	if (!q || q->answer == ANSWER_ABSENT) {
		/* Also while SRV is not known yet: most names have none, and this saves them the
		 * time of a second round. */
		want(g, host, flow_default_port(g->transport));
		return;
	}
	for (unsigned i = 0; i < q->count && g->targets < TARGETS_ASKED; i++) {
		if (!srv[i].target[0] || !srv[i].port) /* ".": not offered (RFC 2782) */
			continue;
		g->choice[g->targets] = (struct srv_choice){.priority = srv[i].priority,
			.weight = srv[i].weight,
			.index = (uint8_t)g->targets};
		want(g, srv[i].target, srv[i].port);
	}
}

static void add_target(struct gather *g, const union net_addr *addr)
{
	struct resolve_list *list = g->list;
	uint8_t octets[16];

	net_addr_octets(addr, octets);
	if (!cidr_permitted(octets, g->r->cfg.private_targets)) {
		g->refused = true;
		return;
	}
	for (unsigned i = 0; i < list->count; i++)
		if (net_addr_eq(&list->item[i].addr, addr))
			return;
	if (list->count < RESOLVE_TARGETS_MAX)
		list->item[list->count++] =
			(struct resolve_target){.addr = *addr, .transport = g->transport};
}

static void address_of(union net_addr *a, uint16_t type, const uint8_t *octets, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	if (type == DNS_A) {
		a->in.sin_family = AF_INET;
		memcpy(&a->in.sin_addr, octets, 4);
	} else {
		a->in6.sin6_family = AF_INET6;
		memcpy(&a->in6.sin6_addr, octets, 16);
	}
	net_addr_set_port(a, port);
}

/* Each time another one of its addresses comes first. */
static void add_answer(struct gather *g, struct question *q, uint16_t port)
{
	const uint8_t(*octets)[16] = q ? q->data : NULL;
	union net_addr addr;

	if (!octets)
		return;
	for (unsigned i = 0; i < q->count; i++) {
		address_of(&addr, q->type, octets[(i + q->turn) % q->count], port);
		add_target(g, &addr);
	}
	q->turn = (uint8_t)((q->turn + 1) % q->count);
}

static int listed(struct gather *g)
{
	const struct resolve_config *cfg = &g->r->cfg;

	srv_order(g->choice, g->targets, cfg->random_h, cfg->random_arg);
	for (unsigned i = 0; i < g->targets; i++) {
		const struct target *t = &g->target[g->choice[i].index];

		add_answer(g, t->a, t->port);
		add_answer(g, t->aaaa, t->port);
	}
	if (g->list->count)
		return 0;
	if (g->refused)
		return EACCES;
	if (g->failure)
		return g->failure;
	return g->missing ? ETIMEDOUT : ENOENT;
}

/* EAGAIN: g->missing says what is waited for. */
static int gather_name(struct gather *g, const char *host, uint16_t port)
{
	g->list->count = 0;
	g->now_ms = loop_now(g->r->loop);
	g->r->stamp++;
	if (port)
		want(g, host, port);
	else
		want_srv(g, host);
	if (g->missing && !g->last)
		return EAGAIN;
	return listed(g);
}

static int gather_literal(struct gather *g, struct str host, uint16_t port)
{
	const struct resolve_config *cfg = &g->r->cfg;
	union net_addr addr;

	g->list->count = 0;
	if (net_addr_parse(&addr, host, port ? port : flow_default_port(g->transport)))
		return EINVAL;
	if (addr.sa.sa_family == AF_INET6 ? cfg->no_ipv6 : cfg->no_ipv4)
		return ENOENT;
	add_target(g, &addr);
	return g->refused ? EACCES : 0;
}

static void count(struct resolve *r, const struct gather *g, int err)
{
	if (!err)
		(*(g->stale ? &r->stats.stale : &r->stats.answers))++;
	else if (err == EACCES)
		r->stats.refused++;
	else
		r->stats.failures++;
}

static bool is_literal(struct str host)
{
	enum host_kind kind = host_kind(host.p, host.len);

	return kind == HOST_IPV4 || kind == HOST_IPV6;
}

/* Lower case, without the last dot: EINVAL when it is no host name. */
static int name_of(struct str host, char name[DNS_NAME_MAX])
{
	size_t len = host.len;

	if (host_kind(host.p, len) != HOST_NAME)
		return EINVAL;
	if (host.p[len - 1] == '.')
		len--;
	for (size_t i = 0; i < len; i++)
		name[i] = (char)tolower((unsigned char)host.p[i]);
	name[len] = '\0';
	return 0;
}

int resolve_try(struct resolve *r, struct str host, uint16_t port, enum transport transport,
	struct resolve_list *list)
{
	struct gather g = {.r = r, .list = list, .transport = (uint8_t)transport};
	char name[DNS_NAME_MAX];
	int err;

	list->count = 0;
	if (transport >= TRANSPORT_COUNT)
		return EINVAL;
	if (is_literal(host))
		err = gather_literal(&g, host, port);
	else if (name_of(host, name))
		err = EINVAL;
	else
		err = gather_name(&g, name, port);
	if (err != EAGAIN)
		count(r, &g, err);
	return err;
}

static void query_wait_end(struct resolve_query *q)
{
	if (!q->prev)
		return;
	*q->prev = q->next;
	if (q->next)
		q->next->prev = q->prev;
	q->prev = NULL;
}

static void query_wait(struct resolve_query *q, struct resolve_query **list)
{
	q->next = *list;
	q->prev = list;
	if (q->next)
		q->next->prev = &q->next;
	*list = q;
}

void query_free(struct resolve_query *q)
{
	query_wait_end(q);
	wheel_cancel(loop_wheel(q->r->loop), &q->timer);
	q->r->open--;
	mem_free(q);
}

/* Told, or waiting for the next thing that is missing. */
static void query_step(struct resolve_query *q, bool last)
{
	struct resolve_list list;
	struct gather g = {
		.r = q->r, .list = &list, .transport = q->transport, .ask = !last, .last = last};
	resolve_h *h = q->h;
	void *arg = q->arg;
	int err = is_literal(str_of(q->host)) ? gather_literal(&g, str_of(q->host), q->port)
					      : gather_name(&g, q->host, q->port);

	query_wait_end(q);
	if (err == EAGAIN) {
		query_wait(q, &g.missing->waiting);
		return;
	}
	count(q->r, &g, err);
	query_free(q);
	h(err, &list, arg);
}

static void query_on_timer(void *arg, int64_t now_ms)
{
	(void)now_ms;
	query_step(arg, true);
}

void resolve_settled(struct question *question)
{
	struct resolve_query *waiting = question->waiting;

	/* Moved first: what is told may ask again, and push this question out of the cache. */
	question->waiting = NULL;
	if (waiting)
		waiting->prev = &waiting;
	while (waiting)
		query_step(waiting, false);
}

static void query_on_known(void *arg, int64_t now_ms)
{
	struct resolve_query *q = arg;

	wheel_timer_init(&q->timer, query_on_timer, q);
	wheel_set(loop_wheel(q->r->loop), &q->timer, now_ms + q->r->cfg.answer_ms);
	query_step(q, false);
}

int resolve_start(struct resolve *r, struct resolve_query **qp, struct str host, uint16_t port,
	enum transport transport, resolve_h *h, void *arg)
{
	char name[DNS_NAME_MAX];
	struct resolve_query *q;

	if (transport >= TRANSPORT_COUNT || r->open >= QUERIES_MAX)
		return transport >= TRANSPORT_COUNT ? EINVAL : ENOBUFS;
	if (is_literal(host) ? str_copy(name, sizeof(name), host) : name_of(host, name))
		return EINVAL;
	q = mem_zalloc(1, sizeof(*q) + strlen(name) + 1);
	if (!q)
		return ENOMEM;
	q->r = r;
	q->h = h;
	q->arg = arg;
	q->port = port;
	q->transport = (uint8_t)transport;
	memcpy(q->host, name, strlen(name) + 1);
	r->open++;
	query_wait(q, &r->starting);
	/* Begins in the next turn, so that an answer from the cache, too, comes from the loop. */
	wheel_timer_init(&q->timer, query_on_known, q);
	wheel_set(loop_wheel(r->loop), &q->timer, loop_now(r->loop));
	*qp = q;
	return 0;
}

void resolve_cancel(struct resolve_query *q)
{
	query_free(q);
}

static void set_config(struct resolve_config *to, const struct resolve_config *cfg)
{
	*to = *cfg;
	if (!to->random_h)
		to->random_h = random_u32;
	if (!to->answer_ms)
		to->answer_ms = ANSWER_MS;
	if (!to->negative_ms)
		to->negative_ms = NEGATIVE_MS;
	if (!to->stale_ms)
		to->stale_ms = STALE_MS;
}

int resolve_new(struct resolve **rp, struct loop *loop, const struct resolve_config *cfg)
{
	uint8_t key[SIPHASH_KEY_LEN];
	struct resolve *r = mem_zalloc(1, sizeof(*r));
	int err;

	if (!r)
		return ENOMEM;
	r->loop = loop;
	set_config(&r->cfg, cfg);
	err = getrandom(key, sizeof(key), 0) == (ssize_t)sizeof(key) ? 0 : EIO;
	if (!err)
		err = hash_init(&r->questions, key, TABLE_SIZE);
	if (!err)
		err = dns_open(r);
	if (err)
		resolve_free(r);
	else
		*rp = r;
	return err;
}

void resolve_free(struct resolve *r)
{
	if (!r)
		return;
	dns_close(r);
	while (r->starting)
		query_free(r->starting);
	questions_free(r);
	hash_fini(&r->questions);
	mem_free(r);
}

const struct resolve_stats *resolve_stats(const struct resolve *r)
{
	return &r->stats;
}
