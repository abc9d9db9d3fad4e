#include "api/request_origin.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "api/http.h"
#include "core/clock.h"
#include "core/uuid.h"

static bool id_good(const char *id)
{
	size_t len = id ? strlen(id) : 0;

	return len >= 1 && len <= EVENT_REQUEST_ID_MAX &&
	       strspn(id,
		       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/+=@-") ==
		       len;
}

static void id_take(struct http_request *req)
{
	const char *sent = http_field(req, "X-Request-Id");
	char text[UUID_ID_SIZE];
	uint8_t random[10];
	struct uuid id;

	if (id_good(sent)) {
		snprintf(req->id, sizeof(req->id), "%s", sent);
		return;
	}
	if (RAND_bytes(random, sizeof(random)) != 1)
		memset(random, 0, sizeof(random));
	uuid_v7(&id, clock_wall_ms(), random);
	uuid_format_id("req", &id, text);
	snprintf(req->id, sizeof(req->id), "%s", text);
}

/* *local: it is this machine. */
static void peer_take(struct http_request *req, bool *local)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(req->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *a = info ? info->client_addr : NULL;
	const struct in6_addr *six;

	*local = false;
	if (!a)
		return;
	if (a->sa_family == AF_INET) {
		const struct in_addr *four =
			&((const struct sockaddr_in *)(const void *)a)->sin_addr;

		inet_ntop(AF_INET, four, req->source_ip, sizeof(req->source_ip));
		*local = ntohl(four->s_addr) >> 24 == 127;
	} else if (a->sa_family == AF_INET6) {
		six = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
		if (IN6_IS_ADDR_V4MAPPED(six))
			inet_ntop(
				AF_INET, six->s6_addr + 12, req->source_ip, sizeof(req->source_ip));
		else
			inet_ntop(AF_INET6, six, req->source_ip, sizeof(req->source_ip));
		*local = IN6_IS_ADDR_LOOPBACK(six) ||
			 (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
	}
}

/* The last hop of X-Forwarded-For is what the proxy saw itself; those before it anybody can write. */
static void forwarded_take(struct http_request *req)
{
	char field[512], out[EVENT_SOURCE_MAX + 1];
	uint8_t bytes[16];
	const char *last;

	http_field_list(req, "X-Forwarded-For", field, sizeof(field));
	last = strrchr(field, ',');
	last = last ? last + 1 : field;
	last += strspn(last, " \t");
	if (strlen(last) >= sizeof(out))
		return;
	snprintf(out, sizeof(out), "%s", last);
	out[strcspn(out, " \t")] = '\0';
	if (inet_pton(AF_INET, out, bytes) == 1 || inet_pton(AF_INET6, out, bytes) == 1)
		snprintf(req->source_ip, sizeof(req->source_ip), "%s", out);
}

void request_origin_take(struct http_request *req)
{
	bool local;

	id_take(req);
	peer_take(req, &local);
	if (local)
		forwarded_take(req);
}

void request_origin_sign(const struct http_request *req, struct db *db)
{
	struct event_actor actor = {0};

	if (!uuid_is_zero(&req->principal.key_id)) {
		actor.kind = req->principal.is_operator ? "operator" : "account";
		uuid_format(&req->principal.key_id, actor.key_id);
	}
	snprintf(actor.source_ip, sizeof(actor.source_ip), "%s", req->source_ip);
	snprintf(actor.request_id, sizeof(actor.request_id), "%s", req->id);
	event_actor_set(db, &actor);
}
