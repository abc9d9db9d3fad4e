#include "api/rate.h"

#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/app.h"
#include "api/http.h"
#include "api/problem.h"
#include "core/clock.h"

enum { KEYS = 16384, MS_PER_S = 1000 };

struct rate {
	pthread_mutex_t lock;
	struct bucket_limit limit[RATE_POLICY_COUNT];
	struct bucket_set *set[RATE_POLICY_COUNT]; /* NULL: no limit */
	atomic_ullong limited[RATE_POLICY_COUNT];
};

const char *rate_policy_word(enum rate_policy p)
{
	static const char *const words[RATE_POLICY_COUNT] = {"account", "operator", "refused"};

	return words[p];
}

int rate_new(struct rate **rate, const struct bucket_limit limit[RATE_POLICY_COUNT])
{
	struct rate *r = calloc(1, sizeof(*r));
	uint8_t key[SIPHASH_KEY_LEN];
	int err = r ? 0 : ENOMEM;

	if (!err && RAND_bytes(key, sizeof(key)) != 1)
		err = EIO;
	for (int p = 0; p < RATE_POLICY_COUNT && !err; p++) {
		r->limit[p] = limit[p];
		if (limit[p].rate)
			err = bucket_set_new(&r->set[p], KEYS, &limit[p], key);
	}
	if (err) {
		rate_free(r);
		return err;
	}
	pthread_mutex_init(&r->lock, NULL);
	*rate = r;
	return 0;
}

void rate_free(struct rate *r)
{
	if (!r)
		return;
	for (int p = 0; p < RATE_POLICY_COUNT; p++)
		bucket_set_free(r->set[p]);
	free(r);
}

/* amount 0 only looks. */
static bool take(struct rate *r, enum rate_policy p, const void *key, size_t len, uint32_t amount,
	struct bucket_state *state)
{
	int64_t now_ms = clock_ms();
	bool given = true;

	pthread_mutex_lock(&r->lock);
	if (amount)
		given = bucket_set_take(r->set[p], key, len, amount, now_ms);
	bucket_set_look(r->set[p], key, len, now_ms, state);
	pthread_mutex_unlock(&r->lock);
	return given;
}

static int64_t seconds_up(int64_t ms)
{
	return (ms + MS_PER_S - 1) / MS_PER_S;
}

static bool refuse(struct http_request *req, enum rate_policy p, const struct bucket_state *state)
{
	int64_t seconds = seconds_up(state->next_ms);

	req->app->rate->limited[p]++;
	problem_answer(req, 429, PROBLEM_RATE_LIMITED,
		p == RATE_REFUSED ? "Too many requests without a valid key from this address."
				  : "The key has used up its requests; see RateLimit.");
	http_response_header(
		&req->res, "Retry-After", "%" PRId64, seconds > 0 ? seconds : (int64_t)1);
	return false;
}

bool rate_take(struct http_request *req)
{
	struct rate *r = req->app->rate;
	enum rate_policy p = req->principal.is_operator ? RATE_OPERATOR : RATE_ACCOUNT;
	const struct bucket_limit *l = &r->limit[p];
	struct bucket_state state;
	bool given;

	if (!r->set[p])
		return true;
	given = take(r, p, req->principal.key_id.b, sizeof(req->principal.key_id.b), 1, &state);
	if (!given)
		refuse(req, p, &state);
	http_response_header(&req->res, "RateLimit-Policy", "\"%s\";q=%" PRIu32 ";w=%" PRIu32,
		rate_policy_word(p), l->burst, (l->burst + l->rate - 1) / l->rate);
	http_response_header(&req->res, "RateLimit", "\"%s\";r=%" PRIu32 ";t=%" PRId64,
		rate_policy_word(p), state.left, seconds_up(state.full_ms));
	return given;
}

/* The address that counts as one source. */
static size_t source_of(const struct http_request *req, uint8_t source[8])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(req->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *addr = info ? info->client_addr : NULL;

	if (addr && addr->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)addr;

		memcpy(source, &in->sin_addr, sizeof(in->sin_addr));
		return sizeof(in->sin_addr);
	}
	if (addr && addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)addr;

		memcpy(source, &in6->sin6_addr, 8);
		return 8;
	}
	return 0;
}

static bool of_source(struct http_request *req, uint32_t amount)
{
	struct rate *r = req->app->rate;
	struct bucket_state state;
	uint8_t source[8];
	size_t len = source_of(req, source);

	if (!r->set[RATE_REFUSED])
		return true;
	if (take(r, RATE_REFUSED, source, len, amount, &state) && (amount || state.left))
		return true;
	return refuse(req, RATE_REFUSED, &state);
}

bool rate_take_refused(struct http_request *req)
{
	return of_source(req, 1);
}

bool rate_may_try(struct http_request *req)
{
	return of_source(req, 0);
}

uint64_t rate_limited(const struct rate *r, enum rate_policy p)
{
	return r->limited[p];
}
