/* Feed records: the one text form of configuration, written by SQL (db/), read here,
 * kept as it is in the worker's snapshot on disk, and typed by hand in tests.
 *
 * A record is one line in PostgreSQL's COPY text format: fields parted by TAB, \N for null,
 * \\ \t \n \r \b \f \v escaped. The first field is the kind:
 *
 *   A id enabled default_country timezone ha_addon failover_number backup_pbxs
 *     calling_party_display calling_party_number [destination_rules]
 *   T id account_id enabled max_concurrent_calls first_response_seconds ring_seconds
 *     max_call_seconds caller_id did_delivery ha_mode failover_enabled failover_dial_plan_id
 *     triggers draining
 *   P id account_id name internal_number steps
 *   S id trunk_id role label auth_mode username ha1_md5 ha1_sha256 ip_addresses address
 *   D number account_id trunk_id dial_plan_id enabled incoming_action ring_seconds triggers
 *     failover_number backup_pbxs calling_party_display calling_party_number forwardings
 *   G id name enabled address failover_address failover_seconds prefixes priority
 *     public_trunk inbound_ip_addresses username password registrar failover_registrar
 *     expires_seconds register_failover_seconds
 *
 *   -A id   -T id   -P id   -S id   -D number   -G id      deletes
 *
 * ids are bare UUIDs; booleans t/f; numbers are digits without '+'; an address is
 * host|port|transport (port empty: by DNS), an address list joins them with ','; triggers,
 * ip_addresses and prefixes are comma lists ('' is empty, \N in triggers of D: the trunk's). steps and
 * forwardings: core/dial_text.h; forwardings may be missing, as it is in records of older programs.
 * destination_rules is the text of core/destination.h, \N: the default rules, and so is a record that
 * ends before it.
 *
 * Order within a batch: A, T, P, S, G, D, then deletes -D, -G, -S, -P, -T, -A, so that what a record
 * points to is there; a T names its dial plan by id only. A record that is wrong (unknown word,
 * missing parent, out of range) is refused with EINVAL and a reason; the object keeps its last good
 * state and the batch goes on. */
#ifndef TRUNKGUARD_CORE_CFG_RECORD_H
#define TRUNKGUARD_CORE_CFG_RECORD_H

#include "core/cfg.h"

/* Parsing and applying are apart: the feed thread parses (allocates, checks syntax), the
 * thread that owns the configuration applies (pointer work only, no failure but ENOENT for a
 * missing parent). */
struct cfg_change; /* one parsed record */

struct cfg_reject {
	char reason[96];
};

int cfg_change_parse(
	const char *line, size_t len, struct cfg_change **change, struct cfg_reject *reject);
/* Takes the change; frees it, whatever comes out. */
int cfg_change_apply(struct cfg *cfg, struct cfg_change *change, struct cfg_reject *reject);
void cfg_change_free(struct cfg_change *change);

/* Both in one go, for full loads into a configuration nobody else sees yet, and for tests. */
int cfg_record_apply(struct cfg *cfg, const char *line, size_t len, struct cfg_reject *reject);

/* A hash of the record's object, for alarms that name it: "D +14155550100". */
void cfg_record_name(const char *line, size_t len, char *out, size_t size);

#endif
