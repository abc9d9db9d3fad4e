/* A configuration written as feed records, for tests. */
#ifndef TESTS_CORE_FEED_H
#define TESTS_CORE_FEED_H

#include <check.h>
#include <errno.h>
#include <string.h>

#include "core/cfg_record.h"

/* Ids: one letter of the kind, then a number, so that a record can be read. */
#define ID(kind, n) kind "0000000-0000-7000-8000-00000000000" n
#define ACC1 ID("a", "1")
#define ACC2 ID("a", "2")
#define TRK1 ID("b", "1")
#define TRK2 ID("b", "2")
#define SIP1 ID("c", "1")
#define SIP2 ID("c", "2")
#define DP1 ID("e", "1")
#define DP2 ID("e", "2")
#define GW1 ID("d", "1")
#define GW2 ID("d", "2")
#define GW3 ID("d", "3")
#define GW4 ID("d", "4")

#define NUL "\\N"
#define T "\t"
#define HA1 "0123456789abcdef0123456789abcdef"

/* The common records; what a test is about stands in its arguments. */
#define ACCOUNT_RECORD(id, enabled, number, backups)                                               \
	"A" T id T enabled T "US" T "America/New_York" T "f" T number T backups T "caller" T NUL   \
	"\n"
#define TRUNK_RECORD(id, account, enabled, limit, triggers)                                        \
	"T" T id T account T enabled T limit T "15" T "180" T "14400" T NUL T "request_uri" T      \
	"only_primary" T "f" T NUL T triggers "\n"
/* High Availability: an account with the add-on, a trunk with a mode, a secondary account. */
#define HA_ACCOUNT_RECORD(id, number, backups)                                                     \
	"A" T id T "t" T "US" T "America/New_York" T "t" T number T backups T "caller" T NUL "\n"
#define HA_TRUNK_RECORD(id, account, mode, triggers)                                               \
	"T" T id T account T "t" T "30" T "15" T "180" T "14400" T NUL T "request_uri" T mode T    \
	"f" T NUL T triggers "\n"
#define SECONDARY_RECORD(id, trunk, username)                                                      \
	"S" T id T trunk T "secondary" T "branch" T "registration" T username T HA1 T "" T         \
	"" T NUL "\n"
#define SECONDARY_IP_RECORD(id, trunk, address)                                                    \
	"S" T id T trunk T "secondary" T "branch" T "ip" T NUL T "" T "" T "" T address "\n"
#define REGISTERING_RECORD(id, trunk, username)                                                    \
	"S" T id T trunk T "primary" T "head office" T "registration" T username T HA1 T "" T      \
	"" T NUL "\n"
#define IP_RECORD(id, trunk, blocks, address)                                                      \
	"S" T id T trunk T "primary" T "head office" T "ip" T NUL T "" T "" T blocks T address "\n"
#define DID_RECORD(number, account, trunk, enabled, triggers, failover_number, backups)            \
	"D" T number T account T trunk T NUL T enabled T                                           \
	"ring" T NUL T triggers T failover_number T backups T NUL T NUL "\n"
#define DIAL_PLAN_RECORD(id, account, internal, steps)                                             \
	"P" T id T account T "plan" T internal T steps "\n"
/* A DID that leads to a dial plan, or has forwardings. */
#define FLOW_DID_RECORD(number, account, trunk, dial_plan, forwardings)                            \
	"D" T number T account T trunk T dial_plan T "t" T "ring" T NUL T NUL T NUL T              \
	"" T NUL T NUL T forwardings "\n"
#define GATEWAY_RECORD(id, enabled, address, failover_address, prefixes, priority, public_trunk)   \
	"G" T id T "carrier" T enabled T address T failover_address T                              \
	"10" T prefixes T priority T public_trunk T "198.51.100.0/24"                              \
	"\n"

#define DEFAULTS                                                                                   \
	"not_registered,no_response,capacity,server_error,auth_required,timeout,not_found,"        \
	"unreachable"

/* Applies every line; the first that is refused stops, its reason in `reject`. */
static inline int feed_try(struct cfg *cfg, const char *records, struct cfg_reject *reject)
{
	reject->reason[0] = '\0';
	while (*records) {
		const char *end = strchrnul(records, '\n');
		int err = cfg_record_apply(cfg, records, (size_t)(end - records), reject);

		if (err)
			return err;
		records = *end ? end + 1 : end;
	}
	return 0;
}

static inline void feed(struct cfg *cfg, const char *records)
{
	struct cfg_reject reject;
	int err = feed_try(cfg, records, &reject);

	ck_assert_msg(!err, "%s: %s", strerror(err), reject.reason);
}

static inline void feed_refused(struct cfg *cfg, const char *record, int err, const char *reason)
{
	struct cfg_reject reject;

	ck_assert_int_eq(feed_try(cfg, record, &reject), err);
	ck_assert_str_eq(reject.reason, reason);
}

static inline struct uuid id_of(const char *text)
{
	struct uuid u;

	ck_assert_int_eq(uuid_parse(text, strlen(text), &u), 0);
	return u;
}

#endif
