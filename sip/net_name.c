/* Host names that TLS peers were provisioned by, each with a number that fits into a flow. They stay
 * for as long as the process does: flows that name them may be anywhere. */
#include <errno.h>

#include "core/mem.h"
#include "sip/net_impl.h"

enum { NAMES_MAX = UINT16_MAX, NAMES_STEP = 64, TABLE_SIZE = 64 };

struct name {
	struct hash_link link;
	uint16_t number;
	char text[];
};

struct net_names {
	struct hash table;
	struct name **by_number; /* from 1 on */
	uint32_t count, size;
};

static int names_new(struct net *net)
{
	struct net_names *names = mem_zalloc(1, sizeof(*names));

	if (!names)
		return ENOMEM;
	if (hash_init(&names->table, net->by_id.key, TABLE_SIZE)) {
		mem_free(names);
		return ENOMEM;
	}
	net->names = names;
	return 0;
}

static int free_one(struct hash_link *link, void *arg)
{
	(void)arg;
	mem_free(HASH_OBJECT(link, struct name, link));
	return 0;
}

void net_names_free(struct net_names *names)
{
	if (!names)
		return;
	hash_each(&names->table, free_one, NULL);
	hash_fini(&names->table);
	mem_free(names->by_number);
	mem_free(names);
}

static int make_room(struct net_names *names)
{
	struct name **more;

	if (names->count + 1 < names->size)
		return 0;
	if (names->count + 1 >= NAMES_MAX)
		return ENOSPC;
	more = mem_realloc(names->by_number, (names->size + NAMES_STEP) * sizeof(struct name *));
	if (!more)
		return ENOMEM;
	names->by_number = more;
	names->size += NAMES_STEP;
	return 0;
}

static uint16_t name_add(struct net_names *names, struct str host, uint64_t hash)
{
	struct name *n;

	if (make_room(names))
		return 0;
	n = mem_alloc(sizeof(*n) + host.len + 1);
	if (!n)
		return 0;
	memcpy(n->text, host.p, host.len);
	n->text[host.len] = '\0';
	n->number = (uint16_t)++names->count;
	names->by_number[n->number] = n;
	hash_insert(&names->table, &n->link, hash);
	return n->number;
}

static uint16_t name_number(struct net *net, struct str host)
{
	uint64_t hash;
	struct hash_link *link;

	if (!net->names && names_new(net))
		return 0;
	hash = hash_key(&net->names->table, host.p, host.len);
	for (link = hash_first(&net->names->table, hash); link; link = hash_next(link)) {
		struct name *n = HASH_OBJECT(link, struct name, link);

		if (str_eq(str_of(n->text), host))
			return n->number;
	}
	return name_add(net->names, host, hash);
}

/* Without memory for it the address is looked for, which such a certificate seldom has: the connection
 * fails rather than being trusted. */
void net_set_name(struct net *net, struct flow *to, struct str host)
{
	to->name = to->transport == TRANSPORT_TLS && !str_empty(host) ? name_number(net, host) : 0;
}

const char *net_name(const struct net *net, const struct flow *flow)
{
	return flow->name && net->names && flow->name <= net->names->count
		       ? net->names->by_number[flow->name]->text
		       : "";
}
