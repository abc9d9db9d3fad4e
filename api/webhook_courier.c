#include "api/webhook_courier.h"

#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/webhook_secret.h"
#include "api/webhook_url.h"
#include "core/clock.h"

struct letter {
	struct letter *next, **link;
	struct webhook_courier *courier;
	CURL *easy;
	struct curl_slist *headers;
	char *body;
	char delivery[UUID_TEXT_SIZE];
	int64_t attempt, started_ms;
	struct webhook_url url;
	size_t received;
	bool refused; /* an address that may not be sent to */
	bool cut; /* the answer was longer than is read */
};

struct webhook_courier {
	CURLM *multi;
	const struct cidr_list *allow;
	struct letter *letters;
	unsigned in_flight;
};

int webhook_courier_new(struct webhook_courier **courier, const struct cidr_list *allow)
{
	struct webhook_courier *c = calloc(1, sizeof(*c));

	if (!c || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		free(c);
		return ENOMEM;
	}
	c->allow = allow;
	c->multi = curl_multi_init();
	if (!c->multi) {
		free(c);
		return ENOMEM;
	}
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)WEBHOOK_IN_FLIGHT);
	*courier = c;
	return 0;
}

static void letter_free(struct letter *l)
{
	if (l->easy) {
		curl_multi_remove_handle(l->courier->multi, l->easy);
		curl_easy_cleanup(l->easy);
	}
	if (l->link) {
		*l->link = l->next;
		if (l->next)
			l->next->link = l->link;
		l->courier->in_flight--;
	}
	curl_slist_free_all(l->headers);
	free(l->body);
	free(l);
}

void webhook_courier_free(struct webhook_courier *courier)
{
	if (!courier)
		return;
	while (courier->letters)
		letter_free(courier->letters);
	curl_multi_cleanup(courier->multi);
	free(courier);
	curl_global_cleanup();
}

unsigned webhook_courier_in_flight(const struct webhook_courier *courier)
{
	return courier->in_flight;
}

/* ---- what libcurl asks --------------------------------------------------------------------- */

static bool address_of(const struct sockaddr *a, uint8_t addr[16])
{
	if (a->sa_family == AF_INET)
		ip_from_v4(
			(const uint8_t *)&((const struct sockaddr_in *)(const void *)a)->sin_addr,
			addr);
	else if (a->sa_family == AF_INET6)
		memcpy(addr, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, 16);
	else
		return false;
	return true;
}

/* A socket for exactly this address, which is connected to next. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct letter *l = arg;
	uint8_t addr[16];

	if (purpose != CURLSOCKTYPE_IPCXN || !address_of(&a->addr, addr) ||
		!webhook_address_permitted(&l->url, addr, l->courier->allow)) {
		l->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* The answer's octets are counted and forgotten. */
static size_t on_octets(char *data, size_t size, size_t count, void *arg)
{
	struct letter *l = arg;

	(void)data;
	l->received += size * count;
	l->cut = l->received > WEBHOOK_ANSWER_MAX;
	return l->cut ? 0 : size * count;
}

/* ---- sending ------------------------------------------------------------------------------- */

static bool header_add(struct letter *l, const char *name, const char *value)
{
	struct curl_slist *more;
	char *line = NULL;

	if (asprintf(&line, "%s: %s", name, value) < 0)
		return false;
	more = curl_slist_append(l->headers, line);
	free(line);
	if (more)
		l->headers = more;
	return more != NULL;
}

static int headers_make(struct letter *l, const struct webhook_letter *letter)
{
	char timestamp[24], first[WEBHOOK_SIGNATURE_SIZE], second[WEBHOOK_SIGNATURE_SIZE] = "";
	char signatures[2 * WEBHOOK_SIGNATURE_SIZE];
	size_t len = strlen(letter->body);
	int err = webhook_sign(letter->secret, letter->id, letter->now_s, letter->body, len, first);

	if (!err && letter->previous)
		err = webhook_sign(
			letter->previous, letter->id, letter->now_s, letter->body, len, second);
	if (err)
		return err;
	snprintf(timestamp, sizeof(timestamp), "%lld", (long long)letter->now_s);
	snprintf(signatures, sizeof(signatures), "%s%s%s", first, second[0] != '\0' ? " " : "",
		second);
	return header_add(l, "Content-Type", "application/cloudevents+json; charset=utf-8") &&
			       header_add(l, "webhook-id", letter->id) &&
			       header_add(l, "webhook-timestamp", timestamp) &&
			       header_add(l, "webhook-signature", signatures) &&
			       header_add(l, "Expect", "")
		       ? 0
		       : ENOMEM;
}

#define SET(option, value)                                                                         \
	do {                                                                                       \
		if (curl_easy_setopt(l->easy, option, value) != CURLE_OK)                          \
			return ENOMEM;                                                             \
	} while (0)

static int limits_set(struct letter *l)
{
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)WEBHOOK_CONNECT_MS);
	SET(CURLOPT_TIMEOUT_MS, (long)WEBHOOK_TOTAL_MS);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROTOCOLS_STR, l->url.tls ? "https" : "http");
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_NOSIGNAL, 1L);
	/* an answer of the DNS is for this attempt alone */
	SET(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	SET(CURLOPT_MAXLIFETIME_CONN, 60L);
	/* a resolver that hangs is left to itself; waiting for it would hold up all others */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, l);
	SET(CURLOPT_WRITEFUNCTION, on_octets);
	SET(CURLOPT_WRITEDATA, l);
	SET(CURLOPT_HEADERFUNCTION, on_octets);
	SET(CURLOPT_HEADERDATA, l);
	return 0;
}

static int request_set(struct letter *l, const char *url)
{
	SET(CURLOPT_URL, url);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_POSTFIELDS, l->body);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(l->body));
	SET(CURLOPT_HTTPHEADER, l->headers);
	SET(CURLOPT_USERAGENT, "trunkguard-webhooks/" TRUNKGUARD_VERSION);
	SET(CURLOPT_PRIVATE, l);
	return 0;
}

static int letter_write(struct letter *l, const struct webhook_letter *letter)
{
	int err;

	snprintf(l->delivery, sizeof(l->delivery), "%s", letter->delivery);
	l->attempt = letter->attempt;
	l->started_ms = clock_ms();
	l->body = strdup(letter->body);
	l->easy = curl_easy_init();
	if (!l->body || !l->easy)
		return ENOMEM;
	err = headers_make(l, letter);
	if (!err)
		err = limits_set(l);
	return err ? err : request_set(l, letter->url);
}

int webhook_courier_send(
	struct webhook_courier *courier, const struct webhook_letter *letter, const char **why)
{
	struct letter *l = calloc(1, sizeof(*l));
	int err;

	*why = "no memory";
	if (!l)
		return ENOMEM;
	l->courier = courier;
	/* what is allowed may have changed since the webhook was made */
	err = webhook_url_parse(letter->url, courier->allow, &l->url);
	if (err)
		*why = "the address may not be sent to";
	else
		err = letter_write(l, letter);
	if (!err && curl_multi_add_handle(courier->multi, l->easy) != CURLM_OK)
		err = ENOMEM;
	if (err) {
		letter_free(l);
		return err;
	}
	l->next = courier->letters;
	l->link = &courier->letters;
	if (l->next)
		l->next->link = &l->next;
	courier->letters = l;
	courier->in_flight++;
	return 0;
}

/* ---- receipts ------------------------------------------------------------------------------ */

static const char *error_of(const struct letter *l, CURLcode code, long status)
{
	if (l->refused && code != CURLE_OK)
		return "the address may not be sent to";
	if (code != CURLE_OK && !(l->cut && status > 0))
		return curl_easy_strerror(code);
	if (status >= 300 && status < 400)
		return "redirects are not followed";
	return status >= 200 && status < 300 ? NULL : "the answer is not a success";
}

static void deliver(struct letter *l, CURLcode code, webhook_receipt_h *h, void *arg)
{
	struct webhook_receipt r = {.delivery = l->delivery,
		.attempt = l->attempt,
		.duration_ms = clock_ms() - l->started_ms};
	curl_off_t retry_after = 0;

	if (curl_easy_getinfo(l->easy, CURLINFO_RESPONSE_CODE, &r.status) != CURLE_OK)
		r.status = 0;
	r.error = error_of(l, code, r.status);
	/* a status whose answer broke off is none */
	if (code != CURLE_OK && !l->cut)
		r.status = 0;
	if ((r.status == 429 || r.status == 503) &&
		curl_easy_getinfo(l->easy, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK)
		r.retry_after_s = retry_after;
	h(&r, arg);
	letter_free(l);
}

void webhook_courier_collect(struct webhook_courier *courier, webhook_receipt_h *h, void *arg)
{
	CURLMsg *message;
	int running, left;

	if (curl_multi_perform(courier->multi, &running) != CURLM_OK)
		return;
	while ((message = curl_multi_info_read(courier->multi, &left))) {
		CURLcode code = message->data.result;
		void *l = NULL;

		if (message->msg == CURLMSG_DONE &&
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &l) == CURLE_OK)
			deliver(l, code, h, arg);
	}
}

void webhook_courier_recall(struct webhook_courier *courier, webhook_receipt_h *h, void *arg)
{
	while (courier->letters) {
		struct letter *l = courier->letters;
		struct webhook_receipt r = {.delivery = l->delivery, .attempt = l->attempt};

		h(&r, arg);
		letter_free(l);
	}
}

void webhook_courier_wait(struct webhook_courier *courier, int timeout_ms)
{
	curl_multi_poll(courier->multi, NULL, 0, timeout_ms, NULL);
}

void webhook_courier_wake(struct webhook_courier *courier)
{
	curl_multi_wakeup(courier->multi);
}
