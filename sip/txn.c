#include "sip/txn.h"

#include <errno.h>
#include <sys/random.h>

#include "core/mem.h"
#include "sip/txn_impl.h"

enum {
	T1_MS = 500,
	T2_MS = 4000,
	T4_MS = 5000,
	TIMER_C_MS = 185 * 1000,
	TRANSACTIONS_MAX = 1000000,
	TABLE_SIZE = 4096, /* to begin with */
	TIGHT_TAG_LEN = 8, /* 32 bits, RFC 3261 19.3 */
};

void txn_key_init(struct txn_key *k, const struct hash *table)
{
	k->table = table;
	k->n = 0;
}

/* Each part with its length, so that no two lists of parts give the same octets. What does not fit
 * is replaced by its hash. */
void txn_key_add(struct txn_key *k, struct str part)
{
	uint64_t folded;
	uint16_t len;

	if (part.len > sizeof(k->b) / 4) {
		folded = hash_key(k->table, part.p, part.len);
		part = (struct str){(const char *)&folded, sizeof(folded)};
	}
	len = (uint16_t)part.len;
	if (k->n + sizeof(len) + len > sizeof(k->b)) {
		folded = hash_key(k->table, k->b, k->n);
		memcpy(k->b, &folded, sizeof(folded));
		k->n = sizeof(folded);
	}
	memcpy(k->b + k->n, &len, sizeof(len));
	if (len)
		memcpy(k->b + k->n + sizeof(len), part.p, len);
	k->n += sizeof(len) + len;
}

uint64_t txn_key_hash(const struct txn_key *k)
{
	return hash_key(k->table, k->b, k->n);
}

static int64_t or_default(int64_t value, int64_t fallback)
{
	return value ? value : fallback;
}

static void set_config(struct txn_config *to, const struct txn_config *cfg)
{
	if (cfg)
		*to = *cfg;
	to->t1_ms = or_default(to->t1_ms, T1_MS);
	to->t2_ms = or_default(to->t2_ms, T2_MS);
	to->t4_ms = or_default(to->t4_ms, T4_MS);
	to->timer_c_ms = or_default(to->timer_c_ms, TIMER_C_MS);
	if (!to->transactions_max)
		to->transactions_max = TRANSACTIONS_MAX;
}

int txn_layer_new(struct txn_layer **layerp, struct net *net, struct wheel *wheel,
	const struct txn_config *cfg, const struct txn_handlers *handlers, void *arg)
{
	uint8_t key[SIPHASH_KEY_LEN];
	struct txn_layer *layer;
	int err;

	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return EIO;
	layer = mem_zalloc(1, sizeof(*layer));
	if (!layer)
		return ENOMEM;
	layer->net = net;
	layer->wheel = wheel;
	layer->h = *handlers;
	layer->arg = arg;
	set_config(&layer->cfg, cfg);
	err = hash_init(&layer->servers, key, TABLE_SIZE);
	if (err)
		goto out;
	err = hash_init(&layer->clients, key, TABLE_SIZE);
	if (err)
		hash_fini(&layer->servers);
out:
	if (err)
		mem_free(layer);
	else
		*layerp = layer;
	return err;
}

void txn_layer_free(struct txn_layer *layer)
{
	if (!layer)
		return;
	hash_each(&layer->clients, txn_client_terminate, NULL);
	hash_each(&layer->servers, txn_server_free, NULL);
	hash_fini(&layer->servers);
	hash_fini(&layer->clients);
	mem_free(layer);
}

const struct txn_stats *txn_stats(const struct txn_layer *layer)
{
	return &layer->stats;
}

void txn_input(
	struct txn_layer *layer, const struct sip_msg *m, const struct flow *from, int64_t now_ms)
{
	if (m->request)
		txn_server_input(layer, m, from, now_ms);
	else
		txn_client_input(layer, m, from, now_ms);
}

/* RFC 3261 8.2.7, 16.11: the tag is made of what stays the same in a retransmission and its ACK. */
static struct str stateless_tag(
	const struct txn_layer *layer, const struct sip_msg *m, char tag[16])
{
	static const char digits[] = "0123456789abcdef";
	struct txn_key k;
	uint64_t hash;

	txn_key_init(&k, &layer->servers);
	txn_key_add(&k, str_lit("tag"));
	if (m->via_ok)
		txn_key_add(&k, m->via.all);
	if (m->from_ok)
		txn_key_add(&k, m->from.all);
	hash = txn_key_hash(&k);
	for (int i = 0; i < 16; i++, hash >>= 4)
		tag[i] = digits[hash & 15];
	return (struct str){tag, 16};
}

int txn_reply_stateless(struct txn_layer *layer, const struct sip_msg *m, const struct flow *from,
	const struct sip_reply *reply, size_t len_max)
{
	char ip[FLOW_IP_TEXT_MAX], tag[16];
	struct sip_reply r = *reply;
	struct flow to;
	size_t len;
	int err;

	if (str_empty(r.to_tag) && r.code > 100) /* RFC 3261 8.2.6.1: none in a 100 */
		r.to_tag = stateless_tag(layer, m, tag);
	r.source_ip = net_addr_ip(&from->peer, ip);
	r.source_port = net_addr_port(&from->peer);
	err = sip_reply_write(m, &r, layer->scratch, sizeof(layer->scratch), &len);
	if (!err && len_max && len > len_max) {
		r.tight = true;
		r.to_tag.len = r.to_tag.len > TIGHT_TAG_LEN ? TIGHT_TAG_LEN : r.to_tag.len;
		err = sip_reply_write(m, &r, layer->scratch, sizeof(layer->scratch), &len);
		if (!err && len > len_max)
			err = EMSGSIZE;
	}
	if (err)
		return err;
	/* m may be what the scanner refused: without a good Via the source must do. */
	flow_reply_to(&to, from, m->via_ok ? m->via.port : 0, m->via.has_rport || !m->via_ok);
	return net_send(layer->net, &to, layer->scratch, len);
}
