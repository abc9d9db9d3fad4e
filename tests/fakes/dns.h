/* A name server on a thread and a loopback port of its own, with the records and the moods that a
 * test gives it. Included once by the test. */
#ifndef TESTS_FAKES_DNS_H
#define TESTS_FAKES_DNS_H

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FAKE_DNS_A = 1, FAKE_DNS_CNAME = 5, FAKE_DNS_AAAA = 28, FAKE_DNS_SRV = 33 };
enum fake_dns_mood { FAKE_DNS_ANSWERS, FAKE_DNS_SERVFAIL, FAKE_DNS_SILENT };

struct fake_record {
	char name[128];
	uint16_t type;
	uint32_t ttl;
	uint8_t data[300];
	uint16_t len;
};

struct fake_dns {
	int fd;
	int stop[2];
	char address[32]; /* for resolve_config.dns */
	pthread_t thread;
	pthread_mutex_t lock;
	enum fake_dns_mood mood;
	struct fake_record record[600];
	unsigned count;
	unsigned asked; /* datagrams */
};

static struct fake_dns fake_dns;

static inline size_t fake_dns_wire(uint8_t *out, const char *name)
{
	size_t at = 0;

	while (*name && strcmp(name, ".") != 0) {
		size_t len = strcspn(name, ".");

		out[at++] = (uint8_t)len;
		memcpy(out + at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	out[at++] = 0;
	return at;
}

static inline size_t fake_dns_text(char *out, const uint8_t *p, const uint8_t *end)
{
	size_t at = 0;

	while (p < end && *p) {
		memcpy(out + at, p + 1, *p);
		at += *p;
		out[at++] = '.';
		p += *p + 1;
	}
	out[at ? at - 1 : 0] = '\0';
	return at + 1;
}

static inline void fake_dns_put16(uint8_t *p, unsigned n)
{
	p[0] = (uint8_t)(n >> 8);
	p[1] = (uint8_t)n;
}

static inline size_t fake_dns_append(uint8_t *out, const struct fake_record *r)
{
	size_t at = fake_dns_wire(out, r->name);

	fake_dns_put16(out + at, r->type);
	fake_dns_put16(out + at + 2, 1);
	fake_dns_put16(out + at + 4, r->ttl >> 16);
	fake_dns_put16(out + at + 6, r->ttl);
	fake_dns_put16(out + at + 8, r->len);
	memcpy(out + at + 10, r->data, r->len);
	return at + 10 + r->len;
}

/* Turns the question into its answer; 0: no answer. */
static inline size_t fake_dns_answer(struct fake_dns *d, uint8_t *msg)
{
	char name[256];
	size_t at = 12 + fake_dns_text(name, msg + 12, msg + 512);
	unsigned type = (unsigned)msg[at] << 8 | msg[at + 1], found = 0;
	bool exists = false;

	at += 4;
	for (unsigned i = 0; i < d->count && d->mood == FAKE_DNS_ANSWERS; i++) {
		struct fake_record *r = &d->record[i];

		if (strcasecmp(r->name, name) != 0)
			continue;
		exists = true;
		if (r->type != type && r->type != FAKE_DNS_CNAME)
			continue;
		at += fake_dns_append(msg + at, r);
		found++;
	}
	fake_dns_put16(msg + 2, 0x8180 | (d->mood == FAKE_DNS_SERVFAIL ? 2u : exists ? 0u : 3u));
	fake_dns_put16(msg + 6, found);
	fake_dns_put16(msg + 8, 0);
	fake_dns_put16(msg + 10, 0);
	return d->mood == FAKE_DNS_SILENT ? 0 : at;
}

static inline void *fake_dns_run(void *arg)
{
	static uint8_t msg[65000];
	struct fake_dns *d = arg;
	struct pollfd p[2] = {
		{.fd = d->fd, .events = POLLIN}, {.fd = d->stop[0], .events = POLLIN}};

	while (poll(p, 2, -1) > 0 && !p[1].revents) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		size_t n = 0;

		memset(msg, 0, 1024);
		if (recvfrom(d->fd, msg, 512, 0, (struct sockaddr *)&from, &len) < 17)
			continue;
		pthread_mutex_lock(&d->lock);
		d->asked++;
		n = fake_dns_answer(d, msg);
		pthread_mutex_unlock(&d->lock);
		if (n)
			(void)sendto(d->fd, msg, n, 0, (struct sockaddr *)&from, len);
	}
	return NULL;
}

static inline void fake_dns_open(void)
{
	struct fake_dns *d = &fake_dns;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	memset(d, 0, sizeof(*d));
	pthread_mutex_init(&d->lock, NULL);
	d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(d->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(getsockname(d->fd, (struct sockaddr *)&a, &len), 0);
	ck_assert_int_eq(pipe(d->stop), 0);
	snprintf(d->address, sizeof(d->address), "127.0.0.1@%u", ntohs(a.sin_port));
	ck_assert_int_eq(pthread_create(&d->thread, NULL, fake_dns_run, d), 0);
}

static inline void fake_dns_close(void)
{
	ck_assert_int_eq(write(fake_dns.stop[1], "x", 1), 1);
	pthread_join(fake_dns.thread, NULL);
	close(fake_dns.fd);
	close(fake_dns.stop[0]);
	close(fake_dns.stop[1]);
	pthread_mutex_destroy(&fake_dns.lock);
}

static inline void fake_dns_mood(enum fake_dns_mood mood)
{
	pthread_mutex_lock(&fake_dns.lock);
	fake_dns.mood = mood;
	pthread_mutex_unlock(&fake_dns.lock);
}

static inline unsigned fake_dns_asked(void)
{
	unsigned n;

	pthread_mutex_lock(&fake_dns.lock);
	n = fake_dns.asked;
	pthread_mutex_unlock(&fake_dns.lock);
	return n;
}

static inline void fake_dns_add(
	const char *name, unsigned type, uint32_t ttl, const void *data, size_t len)
{
	struct fake_record *r;

	pthread_mutex_lock(&fake_dns.lock);
	ck_assert_uint_lt(fake_dns.count, sizeof(fake_dns.record) / sizeof(fake_dns.record[0]));
	r = &fake_dns.record[fake_dns.count++];
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->type = (uint16_t)type;
	r->ttl = ttl;
	r->len = (uint16_t)len;
	memcpy(r->data, data, len);
	pthread_mutex_unlock(&fake_dns.lock);
}

static inline void fake_dns_clear(void)
{
	pthread_mutex_lock(&fake_dns.lock);
	fake_dns.count = 0;
	pthread_mutex_unlock(&fake_dns.lock);
}

static inline void fake_dns_address(const char *name, uint32_t ttl, const char *ip)
{
	uint8_t octets[16];
	bool v6 = strchr(ip, ':') != NULL;

	ck_assert_int_eq(inet_pton(v6 ? AF_INET6 : AF_INET, ip, octets), 1);
	fake_dns_add(name, v6 ? FAKE_DNS_AAAA : FAKE_DNS_A, ttl, octets, v6 ? 16 : 4);
}

static inline void fake_dns_alias(const char *name, uint32_t ttl, const char *to)
{
	uint8_t wire[256];

	fake_dns_add(name, FAKE_DNS_CNAME, ttl, wire, fake_dns_wire(wire, to));
}

static inline void fake_dns_srv(const char *name, uint32_t ttl, unsigned priority, unsigned weight,
	unsigned port, const char *target)
{
	uint8_t wire[256];

	fake_dns_put16(wire, priority);
	fake_dns_put16(wire + 2, weight);
	fake_dns_put16(wire + 4, port);
	fake_dns_add(name, FAKE_DNS_SRV, ttl, wire, 6 + fake_dns_wire(wire + 6, target));
}

#endif
