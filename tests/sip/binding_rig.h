/* A binding store in virtual time with a configuration of two accounts, and a log of its events:
 * "added sip:a@1.2.3.4; expired sip:..." */
#ifndef TESTS_SIP_BINDING_RIG_H
#define TESTS_SIP_BINDING_RIG_H

#include <stdio.h>
#include <stdlib.h>

#include "sip/binding.h"
#include "tests/core/feed.h"

#define PASSWORD_HA1 "11112222333344445555666677778888"
/* The two accounts that register: "pbx1" and "pbx2". */
#define REGISTERING(id, trunk, username, md5, sha256)                                              \
	"S" T id T trunk T "primary" T "office" T "registration" T username T md5 T sha256 T       \
	"" T NUL "\n"
#define CONFIG                                                                                     \
	ACCOUNT_RECORD(ACC1, "t", NUL, "")                                                         \
	TRUNK_RECORD(TRK1, ACC1, "t", "10", DEFAULTS)                                              \
	TRUNK_RECORD(TRK2, ACC1, "t", "10", DEFAULTS)                                              \
	REGISTERING(SIP1, TRK1, "pbx1", PASSWORD_HA1, "")                                          \
	REGISTERING(SIP2, TRK2, "pbx2", PASSWORD_HA1, "")

static struct wheel wheel;
static struct cfg *cfg;
static struct binding_store *store;
static int64_t now, wall;
static char told[4096];

static inline void told_h(enum binding_event ev, const struct binding *b, void *arg)
{
	size_t len = strlen(told);

	ck_assert_ptr_eq(arg, told);
	snprintf(told + len, sizeof(told) - len, "%s%s %s", len ? "; " : "", binding_event_word(ev),
		b->contact);
}

/* The events since the last call. */
static inline const char *events(void)
{
	static char text[sizeof(told)];

	strcpy(text, told);
	told[0] = '\0';
	return text;
}

static inline void store_setup(void)
{
	now = 1000000;
	wall = 1790000000000;
	told[0] = '\0';
	wheel_init(&wheel, now);
	cfg = cfg_new();
	ck_assert_ptr_nonnull(cfg);
	feed(cfg, CONFIG);
	ck_assert_int_eq(binding_store_new(&store, &wheel, told_h, told), 0);
}

static inline void store_teardown(void)
{
	binding_store_free(store);
	cfg_free(cfg);
}

static inline void pass(int64_t ms)
{
	now += ms;
	wall += ms;
	wheel_run(&wheel, now);
}

static inline int contacts_h(const struct binding *b, void *arg)
{
	char *text = arg;

	if (*text)
		strcat(text, " ");
	strcat(text, b->contact);
	return 0;
}

/* Contacts of a SIP account in the order of trying. */
static inline const char *contacts(const char *sip_account)
{
	static char text[4096];
	struct uuid id = id_of(sip_account);

	text[0] = '\0';
	ck_assert_int_eq(binding_each(store, &id, contacts_h, text), 0);
	return text;
}

static inline union net_addr address(const char *ip, uint16_t port)
{
	union net_addr a;

	ck_assert_int_eq(net_addr_parse(&a, str_of(ip), port), 0);
	return a;
}

static inline bool known(const char *ip)
{
	union net_addr a = address(ip, 1);
	uint8_t octets[16];

	net_addr_octets(&a, octets);
	return binding_source_known(store, octets);
}

#endif
